"""Outcomes: what training runs came to, and whether their loss said so.

Takes the results that `experiments.training` stores, and gives for each way to train what was
left out, its figures with their intervals, and a verdict: whether the answers suffered, and
whether somebody who knows what right runs print would have noticed. What it leaves out: the
runs, which that script makes, and their drawing (`plotting`, `companion.explorer.training_lab`).
Chapter 14.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

LEFT_OUT = {
    "right": "Nothing is left out: padded, shifted, the padding ignored, the prompt masked.",
    "no end token": "No end token is appended: a text's last target is its last character.",
    "end token ignored": "Pads are found by their id, which is the end token's as well: "
    "it is ignored with them.",
    "no shift": "The target of each token is that token itself.",
    "shifted twice": "Shifted in the batch and once more in the model: "
    "the target is the token after the next.",
    "padding not ignored": "The pads after a response are targets, like the end token before them.",
    "prompt not masked": "The prompt is graded, too.",
    "mask without the header": "Of the prompt, the response header is graded, too.",
    "mask one too long": "The mask reaches one token too far: a response's first token is ignored.",
    "mask one too short": "The mask ends one token too soon: the prompt's last token is graded.",
    "responses cut": "Texts are cut to a width that not all of them fit into: "
    "what is too long loses its end token first, and part of its response.",
    "targets rolled by one row": "Every row has the targets of another row of its batch.",
    "left padding, right": "Another layout, and right: padded on the left, "
    "with positions and an attention mask that know of it.",
    "left padding, no mask, no positions": "Padded on the left, and the model is not told: "
    "it reads the pads and counts them as places.",
    "packed, right": "Another layout, and right: several texts in a row, "
    "each with its own positions and reading itself alone.",
    "packed, targets across borders": "Packed by joining first and shifting after: where a text's "
    "end token should be the target, the next text's first token is.",
    "packed, not isolated": "Packed, and a text may read those before it in its row; "
    "the positions go on, too.",
    "accumulated, right": "Another layout, and right: an update is several small batches, each of "
    "responses of like length, and its loss the mean over all their targets.",
    "accumulated, mean of means": "An update is several small batches, and each one's mean counts "
    "alike, however few targets it has.",
    "embedded set": "The batches are right, and the entries are the book's own.",
}
"""For each way to train, what is done; for the right ones, that they are right."""

ASKED = {
    "asked in another style": "Asked in another prompt style than it was trained in.",
    "asked without the header": "Asked without the response header.",
}
"""For each way to ask a trained model wrongly, what is done."""


class Figure(NamedTuple):
    """A mean over runs, and its 95 % interval."""

    mean: float
    low: float
    high: float


class Outcome(NamedTuple):
    """What one way to train, or to ask, came to.

    `twin`: the right run that it is compared with, or None. `seeds`: how many runs. `exact`,
    `stops`: shares of the questions. `harm`: the exact share minus the twin's, paired by seed
    and question. `printed`: the training loss of each run as a trainer prints it, at its end.
    `verdict`: a word of `VERDICTS`, "right" or "alone" (there is nothing to compare with).
    """

    name: str
    said: str
    twin: str | None
    seeds: int
    exact: Figure
    stops: Figure
    length: Figure
    held_out: Figure | None
    harm: Figure | None
    printed: list[float]
    verdict: str


VERDICTS = {
    "rewarded": "The answers suffer, and the printed loss is lower than that of any right run.",
    "hidden": "The answers suffer, and the printed loss is like that of right runs.",
    "shown": "The answers suffer, and the printed loss is higher than that of any right run.",
    "alarm": "No harm was seen, though the printed loss is not like that of right runs.",
    "harmless": "No harm was seen, and the printed loss is like that of right runs.",
    "asked": "The answers suffer, and no loss of the training can tell: it was asked otherwise.",
}
"""What can be said of a fault, by whether it does harm and what the loss shows of it."""


def read_outcomes(results: Mapping[str, Any]) -> dict[str, Outcome]:
    """Give the outcome of each line of the results' table, by its name.

    Harm is a paired interval of exact answers that lies wholly below zero. An interval over one
    run or two knows next to nothing of seeds: there the exact answers must also lie below those
    of every right run. The printed loss is like that of right runs if in at least one run it lies
    between the lowest and the highest of all right runs, whatever their layout: then who sees
    that run alone cannot tell.
    """
    lines = {line["variant"]: line for line in results["table"]}
    runs = {
        name: [run for run in results["runs"] if run["variant"] == trained(name)] for name in lines
    }
    right = [run["printed loss"] for name in lines if is_right(name) for run in runs[name]]
    return {name: _outcome(name, line, runs, right) for name, line in lines.items()}


def _outcome(
    name: str, line: Mapping[str, Any], runs: Mapping[str, list[Any]], right: list[float]
) -> Outcome:
    harm = line["exact"].get("minus the right twin")
    held_out = line.get("held-out loss")
    found = Outcome(
        name=name,
        said=said_of(name),
        twin=line["twin"],
        seeds=len(line["seeds"]),
        exact=_figure(line["exact"]["mean"]),
        stops=_figure(line["stops"]["mean"]),
        length=_figure(line["mean length"]["mean"]),
        held_out=_figure(held_out["mean"]) if held_out else None,
        harm=_figure(harm) if harm else None,
        printed=[run["printed loss"] for run in runs[name]],
        verdict="alone",
    )
    return found._replace(verdict=_verdict(found, runs.get(line["twin"] or "", []), right))


def _verdict(found: Outcome, twins: list[Any], right: list[float]) -> str:
    if found.name == "right":
        return "right"
    if found.harm is None or not twins:
        return "alone"
    is_worst = found.exact.high < min(run["exact"] for run in twins)
    is_alike = any(min(right) <= loss <= max(right) for loss in found.printed)
    if found.harm.high < 0 and (found.seeds > 2 or is_worst):
        if trained(found.name) != found.name:
            return "asked"
        is_lower = max(found.printed) < min(right)
        return "hidden" if is_alike else "rewarded" if is_lower else "shown"
    return "harmless" if is_alike else "alarm"


def _figure(found: Mapping[str, Any]) -> Figure:
    return Figure(found["is"], *found["interval"])


def is_right(name: str) -> bool:
    """Tell whether a way to train is right, in whatever layout.

    >>> [name for name in LEFT_OUT if is_right(name)]
    ['right', 'left padding, right', 'packed, right', 'accumulated, right']
    """
    return name.rsplit(", ", 1)[-1] == "right"


def trained(name: str) -> str:
    """Give the way to train of a way to ask: what stands before its last comma."""
    return name.rsplit(", ", 1)[0] if name.rsplit(", ", 1)[-1] in ASKED else name


def said_of(name: str) -> str:
    """Give what is done in a line of the table, in one or two sentences.

    >>> said_of("right, asked without the header")
    'Trained rightly. Asked without the response header.'
    """
    if trained(name) == name:
        return LEFT_OUT.get(name, name)
    begun = "Trained rightly." if trained(name) == "right" else LEFT_OUT[trained(name)]
    return f"{begun} {ASKED[name.rsplit(', ', 1)[1]]}"


def in_percent(figure: Figure) -> str:
    """Give a share with its interval.

    >>> in_percent(Figure(0.934, 0.912, 0.95))
    '93.4% [91.2, 95.0]'
    """
    return f"{100 * figure.mean:.1f}% [{100 * figure.low:.1f}, {100 * figure.high:.1f}]"
