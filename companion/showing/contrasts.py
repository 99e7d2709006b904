"""Contrasts: what two conditions of the experiment on prompt styles differ by, and how surely.

Takes the results that `experiments.styles` gathered, and gives the figures of each condition
and the differences between two of them, to be drawn and to be said. What it leaves out: the
runs and the resampling (`companion.resampling`), and their drawing (`plotting`). Chapter 15.
"""

import html
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from companion.showing.outcomes import Figure

LEVEL = 0.05
"""A difference is found if chance alone would give one like it less often than this."""


class Contrast(NamedTuple):
    """A difference between two conditions: the first's figure less the second's.

    `name`: what is compared. `figure`: the mean and its interval. `by_seed`: what each seed gave.
    `chance`: how often chance alone would give as much, corrected for all comparisons of its
    family. `smallest`: the difference that would have been found four times in five.
    """

    name: str
    figure: Figure
    by_seed: list[float]
    chance: float
    smallest: float

    @property
    def found(self) -> bool:
        """Whether it is told from chance, after the correction, with every seed on one side."""
        sides = {value > 0 for value in self.by_seed}
        return self.chance < LEVEL and len(sides) == 1

    def said(self) -> str:
        """Give it in two short lines: whether it was found or is open, and the interval.

        >>> print(Contrast("a less b", Figure(-0.2, -0.3, -0.1), [-0.2], 0.01, 0.1).said())
        a less b: found
            -0.200 [-0.300, -0.100]
        """
        mean, low, high = self.figure
        verdict = "found" if self.found else "open"
        return f"{self.name}: {verdict}\n    {mean:+.3f} [{low:+.3f}, {high:+.3f}]"


def figures(
    results: Mapping[str, Any], measure: str, updates: int, rate: float | None = None
) -> dict[str, dict[str, Figure]]:
    """Give each style's figure after that many updates, by the mask; those that are there.

    `updates`: 0 for the model as it came. `rate`: of several, the one that is wanted; the
    first one of the protocol if not given.
    """
    rate = results["same"]["protocol"]["rates"][0] if rate is None else rate
    styles = results["same"]["protocol"]["styles"]
    found: dict[str, dict[str, Figure]] = {}
    for mask in ("none", "prompt"):
        for style in styles:
            for one in results["conditions"]:
                of_it = one["style"], one["asked"], one["mask"], one["updates"]
                if of_it != (style, style, mask, updates) or measure not in one:
                    continue
                if one["kind"] == "before" or (one["rate"] == rate and "fault" not in one):
                    figure = one[measure]
                    found.setdefault(mask, {})[style] = Figure(figure["mean"], *figure["interval"])
    return found


def contrasts(
    results: Mapping[str, Any], measure: str, differs: str, updates: int
) -> dict[str, list[Contrast]]:
    """Give what tier A compared, by mask where styles differ, else in one list by what differs.

    `differs`: "style", "mask" or "updates". `updates`: of the first of the two.
    """
    found: dict[str, list[Contrast]] = {}
    for one in results["comparisons"]["A"]:
        first, other = one["one"], one["other"]
        if (one["measure"], one["differs in"], first["updates"]) != (measure, differs, updates):
            continue
        group = f"mask {first['mask']}" if differs == "style" and updates else differs
        name = {
            "style": f"{first['style']} less {other['style']}",
            "mask": "all styles" if first["style"] == "all" else first["style"],
        }.get(differs, f"{first['style']}, mask {first['mask']}")
        found.setdefault(group, []).append(
            Contrast(
                name,
                Figure(one["difference"], *one["interval"]),
                one["by seed"],
                one["chance, corrected"],
                one["smallest effect"],
            )
        )
    return found


class Beside:
    """Predictions beside what came, as a table.

    `lines`: of each, "about" what it is, what was "predicted", what "came", and the "verdict".

    >>> line = {"about": "loss", "predicted": "1.90", "came": "2.77", "verdict": "missed"}
    >>> Beside([line])
    loss: 1.90 predicted, 2.77 came (missed)
    """

    def __init__(self, lines: Sequence[Mapping[str, str]]) -> None:
        self.lines = lines

    def __repr__(self) -> str:
        return "\n".join(
            f"{line['about']}: {line['predicted']} predicted, {line['came'] or 'nothing'} came "
            f"({line['verdict']})"
            for line in self.lines
        )

    def _repr_html_(self) -> str:
        columns = ("about", "predicted", "came")
        head = "".join(f'<th scope="col">{name}</th>' for name in columns)
        rows = "".join(f"<tr>{self._row(line)}</tr>" for line in self.lines)
        return f'<table class="table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'

    @staticmethod
    def _row(line: Mapping[str, str]) -> str:
        """Give the cells of a row; on a narrow screen each says which column it is from."""
        cells = {"about": f"{line['about']}: {line['verdict']}"}
        cells |= {name: line[name] or "nothing yet" for name in ("predicted", "came")}
        return "".join(
            f'<td data-column="{name}">{html.escape(text)}</td>' for name, text in cells.items()
        )
