"""Anybody's batch as a table: inputs over targets, token by token, with no question asked.

Takes two tensors of one shape, and an audit's report to mark what it found. Unlike
`companion.showing.table` it knows neither entries nor steps, so no cell can say what it is
there for: its look says whether it is learned or ignored, or is the end token's id. An end
token and a pad that are one id look alike, as they do to a trainer.
"""

import html
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from companion.findings import Report
from companion.ignoring import IGNORE_INDEX
from companion.showing.glyphs import show_html, show_plain, token_text
from companion.showing.table import UNSTYLED
from companion.tokenizing import END_ID, gpt2_token_bytes

BESIDE = 14
"""So many columns stand side by side in a page."""

MOST_LINES = 8
"""Where rows would run on in more lines of inputs and targets than this, they do not."""

LOOKS = {"response": "a target that is learned", "end": "the end token's id", "ignored": "ignored"}
"""What the roles' looks say here, where no more is known of a number than itself."""

_FOUND = ' style="outline:3px solid;outline-offset:-3px"'


@dataclass(frozen=True, repr=False)
class PairTable:
    """Inputs and targets of any batch, row by row; ids are GPT-2's, others show as numbers.

    `inputs`, `targets`: tensors, arrays or lists of integers, of shape (rows, columns).
    `report`: what `audit` said of them; the cells that it names are outlined. `title`: what
    the table is called.

    Raises `ValueError` where the two are no grids of one shape.

    >>> PairTable([[5376, 257, 3124]], [[257, 3124, -100]])
    A batch: inputs over targets, each of shape (1, 3).
    row 0 inputs: Name ␣a ␣color
    row 0 targets: ␣a ␣color -100
    """

    inputs: Any
    targets: Any
    report: Report | None = None
    title: str = "A batch"
    ignore_index: int = IGNORE_INDEX

    def __post_init__(self) -> None:
        inputs, targets = np.asarray(self.inputs), np.asarray(self.targets)
        if inputs.ndim != 2 or inputs.shape != targets.shape:
            raise ValueError(
                "a pair of tensors is shown where both have one shape (rows, columns); found "
                f"{inputs.shape} and {targets.shape}"
            )

    @property
    def caption(self) -> str:
        """One sentence: what is shown, and its shape."""
        shape = tuple(int(length) for length in np.asarray(self.inputs).shape)
        marked = f"; {len(self._found)} targets are marked" if self._found else ""
        return f"{self.title}: inputs over targets, each of shape {shape}{marked}."

    @property
    def _found(self) -> set[tuple[int, int]]:
        findings = self.report.findings if self.report else ()
        return {cell for finding in findings for cell in finding.cells}

    def _rows(self) -> list[tuple[int, str, list[int]]]:
        pairs = zip(
            np.asarray(self.inputs).tolist(), np.asarray(self.targets).tolist(), strict=True
        )
        return [
            (number, name, ids)
            for number, pair in enumerate(pairs)
            for name, ids in zip(("inputs", "targets"), pair, strict=True)
        ]

    def __repr__(self) -> str:
        lines = [self.caption]
        for number, name, ids in self._rows():
            shown = (show_plain(text) if (text := _text(id)) else str(id) for id in ids)
            lines.append(f"row {number} {name}: {' '.join(shown)}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        title = html.escape(self.title)
        tables = "".join(
            f'<table class="bt bt-wide" {UNSTYLED}{self._named(band)}'
            f'<thead><tr><th scope="col">column</th>{_heads(band)}</tr></thead>'
            f"{self._bodies(band)}</table>"
            for band in self._bands()
        )
        return (
            '<div class="batch-table">'
            f'<div class="bt-scroll" role="region" tabindex="0" aria-label="{title}, table">'
            f"{tables}</div>{self._legend()}</div>"
        )

    def _bands(self) -> list[range]:
        """Give the columns that stand side by side: a few long rows run on below themselves."""
        rows, columns = np.asarray(self.inputs).shape
        count = ceil(columns / BESIDE) or 1
        if rows * count > MOST_LINES:
            return [range(columns)]
        each = ceil(columns / count)
        return [range(start, min(start + each, columns)) for start in range(0, columns, each or 1)]

    def _named(self, band: range) -> str:
        if band.start == 0:
            return f"><caption><span>{html.escape(self.caption)}</span></caption>"
        title = html.escape(self.title)
        return f' aria-label="{title}, columns {band.start} to {band.stop - 1}">'

    def _bodies(self, band: range) -> str:
        bodies = ""
        for number, name, ids in self._rows():
            cells = "".join(self._cell(number, name, column, ids[column]) for column in band)
            head = f'<th scope="row"><span>row {number}</span> {name}</th>'
            opened, closed = ("<tbody>", "") if name == "inputs" else ("", "</tbody>")
            bodies += f"{opened}<tr>{head}{cells}</tr>{closed}"
        return bodies

    def _role(self, name: str, id: int) -> str:
        """Say what a number's look is, as far as its place and the number itself tell."""
        if name == "targets" and id == self.ignore_index:
            return "ignored"
        if id == END_ID:
            return "end"
        return "response" if name == "targets" else ""

    def _cell(self, row: int, name: str, column: int, id: int) -> str:
        role = self._role(name, id)
        marks = f' data-role="{role}"' if role else ""
        spoken = ", ignored" if role == "ignored" else ""
        if name == "targets" and (row, column) in self._found:
            marks, spoken = marks + _FOUND, f"{spoken}, found by the audit"
        text = _text(id)
        shown = f"{show_html(text)}<br><small>{id}</small>" if text else str(id)
        spoken = f'<span class="bt-spoken">{spoken}</span>' if spoken else ""
        return f"<td{marks}>{shown}{spoken}</td>"

    def _legend(self) -> str:
        present = {self._role(name, id) for _, name, ids in self._rows() for id in ids}
        items = "".join(
            f'<li><i data-role="{role}"></i>{meaning}</li>'
            for role, meaning in LOOKS.items()
            if role in present
        )
        # Hidden where no style sheet shows it, and with it the looks.
        return f'<ul class="bt-legend" aria-label="What the looks mean" hidden>{items}</ul>'


def _heads(band: range) -> str:
    return "".join(f'<th scope="col">{column}</th>' for column in band)


def _text(id: int) -> str:
    """Give the text of one of GPT-2's ids, and nothing for a number that is none."""
    if id == END_ID:
        return "end"
    try:
        return token_text(gpt2_token_bytes([id])[0])
    except (KeyError, OverflowError):
        return ""
