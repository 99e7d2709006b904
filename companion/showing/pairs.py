"""Anybody's batch as a table: inputs over targets, token by token, with no question asked.

Takes two tensors of one shape, and an audit's report to mark what it found. Unlike
`companion.showing.table` it knows neither entries nor steps, so no cell can say what it is
there for: an end token and a pad that are one id look alike, as they do to a trainer.
"""

import html
from dataclasses import dataclass
from typing import Any

import numpy as np

from companion.findings import Report
from companion.ignoring import IGNORE_INDEX
from companion.showing.glyphs import show_html, show_plain, token_text
from companion.showing.table import UNSTYLED
from companion.tokenizing import END_ID, gpt2_token_bytes

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
        columns = np.asarray(self.inputs).shape[1]
        heads = "".join(f'<th scope="col">{column}</th>' for column in range(columns))
        bodies = ""
        for number, name, ids in self._rows():
            cells = "".join(self._cell(number, name, column, id) for column, id in enumerate(ids))
            head = f'<th scope="row"><span>row {number}</span> {name}</th>'
            opened, closed = ("<tbody>", "") if name == "inputs" else ("", "</tbody>")
            bodies += f"{opened}<tr>{head}{cells}</tr>{closed}"
        title, caption = html.escape(self.title), html.escape(self.caption)
        return (
            '<div class="batch-table">'
            f'<div class="bt-scroll" role="region" tabindex="0" aria-label="{title}, table">'
            f'<table class="bt bt-wide" {UNSTYLED}><caption><span>{caption}</span></caption>'
            f'<thead><tr><th scope="col">column</th>{heads}</tr></thead>{bodies}</table>'
            "</div></div>"
        )

    def _cell(self, row: int, name: str, column: int, id: int) -> str:
        text, marks, spoken = _text(id), "", ""
        if id == self.ignore_index:
            marks, spoken = ' data-role="ignored"', ", ignored"
        if name == "targets" and (row, column) in self._found:
            marks, spoken = marks + _FOUND, f"{spoken}, found by the audit"
        shown = f"{show_html(text)}<br><small>{id}</small>" if text else str(id)
        spoken = f'<span class="bt-spoken">{spoken}</span>' if spoken else ""
        return f"<td{marks}>{shown}{spoken}</td>"


def _text(id: int) -> str:
    """Give the text of one of GPT-2's ids, and nothing for a number that is none."""
    if id == END_ID:
        return "end"
    try:
        return token_text(gpt2_token_bytes([id])[0])
    except (KeyError, OverflowError):
        return ""
