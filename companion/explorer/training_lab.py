"""The training lab: leave a step out, and see what became of the model.

Takes the results of `experiments.training` and gives, for each way to train or to ask, what is
shown beside the right run of its layout: the curve of the printed loss, the shares of exact
answers and of answers that stop, with their intervals, and three answers. `training_lab.js`
draws it, on a page from the JSON that the page carries, and in Jupyter from the traits; both
take a choice by the same rule. What it leaves out: the verdicts, which are
`companion.showing.outcomes`'s.
"""

import html
import json
from collections.abc import Collection, Mapping
from importlib.resources import files
from typing import Any

import anywidget
import numpy as np
import traitlets

from companion.explorer.bundle import lab_module
from companion.results import load
from companion.showing.outcomes import (
    VERDICTS,
    Figure,
    Outcome,
    in_percent,
    read_outcomes,
    trained,
)
from companion.showing.palette import write_css

HEADS = ("left out", "exact answers", "stops", "printed loss", "the loss")
"""The columns of the table to read."""

_IN_A_WORD = {
    "rewarded": "rewards it",
    "hidden": "hides it",
    "shown": "shows it",
    "asked": "knows nothing of it",
}
"""What the printed loss does with a harm."""


def read_choice(given: Any, ways: Collection[str]) -> str:
    """Take a choice from outside: the name of a way to train, or a `ValueError` that says so.

    >>> read_choice("no shift", ["right", "no shift"])
    'no shift'
    """
    if not isinstance(given, str) or given not in ways:
        raise ValueError(f"a choice is one of {', '.join(ways)}; found {str(given)[:40]!r}")
    return given


def ways_of(results: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Give what the lab shows of each way, by its name, as JSON has it.

    Each has `said`, `told` (the verdict), `twin`, `seeds`, `curve` (updates and the mean loss
    over its runs), `figures` (by name: mean, low, high), `harm`, and `answers` of its first
    run: prompt, expected, answer, whether it stopped.
    """
    return {name: _way(found, results) for name, found in read_outcomes(results).items()}


def _way(found: Outcome, results: Mapping[str, Any]) -> dict[str, Any]:
    runs = [run for run in results["runs"] if run["variant"] == trained(found.name)]
    first = min(runs, key=lambda run: run["seed"])
    asked = first["asked"].get(found.name.removeprefix(f"{first['variant']}, "), first)
    curves = np.array([[loss for _, loss in run["curve"]] for run in runs])
    figures = {
        "exact answers": found.exact,
        "stops": found.stops,
        "mean length": found.length,
        "printed loss": _over(found.printed),
        "held-out loss": found.held_out,
    }
    return {
        "said": found.said,
        "told": VERDICTS.get(found.verdict, ""),
        "twin": found.twin,
        "seeds": found.seeds,
        "curve": [
            [update, _short(loss)]
            for (update, _), loss in zip(runs[0]["curve"], curves.mean(axis=0), strict=True)
        ],
        "figures": {name: _parts(figure) for name, figure in figures.items() if figure},
        "harm": _parts(found.harm) if found.harm else None,
        "answers": [
            [one["prompt"], one["expected"], one["answer"], one["stopped"]]
            for one in asked["answers"]
        ],
    }


def _over(printed: list[float]) -> Figure:
    """Give the mean of the runs, and the lowest and the highest."""
    return Figure(sum(printed) / len(printed), min(printed), max(printed))


def _parts(figure: Figure) -> list[float]:
    return [_short(part) for part in figure]


def _short(number: float) -> float:
    return float(f"{number:.3g}")


class TrainingLab(anywidget.AnyWidget):
    """Choose what is left out of training, and see what became of the model.

    `choice`: the name of a way to train or to ask, as the results have it; a trait. `results`:
    those of the book unless given. Raises `ValueError` or `TraitError` for a choice that is
    none.

    >>> lab = TrainingLab("no shift")
    >>> lab.choice = "right"
    """

    _esm = lab_module("training_lab")
    _css = write_css() + "".join(
        (files("companion") / "explorer" / name).read_text("utf-8")
        for name in ("lab.css", "training_lab.css")
    )

    choice = traitlets.Unicode().tag(sync=True)
    ways = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(
        self, choice: str = "right", results: Mapping[str, Any] | None = None, **options: Any
    ) -> None:
        results = load("training") if results is None else results
        self.outcomes = read_outcomes(results)
        ways = ways_of(results)
        super().__init__(**options)
        self.set_trait("ways", ways)
        self.choice = read_choice(choice, ways)

    @traitlets.validate("choice")
    def _check(self, proposed: Any) -> str:
        if not self.ways:  # before there is anything to choose from
            return str(proposed["value"])
        try:
            return read_choice(proposed["value"], self.ways)
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                name,
                in_percent(found.exact),
                f"{found.stops.mean:.1%}",
                f"{sum(found.printed) / len(found.printed):.2g}",
                _IN_A_WORD.get(found.verdict, ""),
            )
            for name, found in self.outcomes.items()
        ]

    def __repr__(self) -> str:
        rows = (
            f"{exact}, stops {stops}, loss {loss}: {name}"
            for name, exact, stops, loss, _ in self._rows()
        )
        return "\n".join(["Exact answers in percent, with their interval; printed loss.", *rows])

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return {**data, "text/plain": repr(self), "text/html": self.html()}, metadata

    def html(self) -> str:
        """Give the element with its state, and the table to read where no script runs."""
        data = {"choice": self.choice, "ways": self.ways}
        packed = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
        heads = "".join(f'<th scope="col">{name}</th>' for name in HEADS)
        rows = "".join(
            f'<tr><th scope="row">{html.escape(name)}</th>'
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
            + "</tr>"
            for name, *cells in self._rows()
        )
        return (
            f'<training-lab><script type="application/json">{packed}</script>'
            f"<div class='pl tl'><table class='pl-table tl-all'><caption>What was left out, and "
            "what became of the model. In brackets: an interval of 95 in 100. Where the answers "
            "suffer, the last column says what the printed loss does with it.</caption>"
            f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></training-lab>"
        )
