"""Anybody's batch as its labels: one line a row, what is learned as text, the rest counted.

Takes a batch in any form that `audit` takes, and the tokenizer that decodes it. What is
supervised stands between ‹ and ›, in a page also bold and underlined, in a terminal too; a run
that is ignored is a count. No verdict is made here (`companion.auditing`). Chapter 08.
"""

import html
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from companion.adapting import adapt_tokenizer
from companion.expecting import Expectation
from companion.receiving import receive
from companion.showing.glyphs import show_html, show_plain
from companion.tokenizing import END_ID, gpt2_decode

EMPHASIS = "\x1b[1;4m{}\x1b[0m"
"""Bold and underlined, in a terminal."""

Run = tuple[bool, list[int]]


@dataclass(frozen=True, repr=False)
class LabelView:
    """The labels of a batch, row by row: `[-100 ×23]`, and ‹the text that is learned›.

    `batch`, `targets`: as `audit` takes them. `tokenizer`: as `adapt_tokenizer` takes it;
    without one, ids are GPT-2's where its end token stands among them, and else are shown as
    numbers. `rows`: how many of the first rows are shown. `shifted`, `ignore_index`: as in an
    `Expectation`. A model that shifts never looks at the first label, so that is ignored.

    Raises what `audit` raises for what is no batch.

    >>> LabelView([[5376, 257, 3124, 13]], [[-100, -100, 13, 50256]])
    Labels of shape (1, 4), 2 of 4 supervised.
    row 0: [-100 ×2] ‹.<|endoftext|>›
    """

    batch: Any
    targets: Any = None
    tokenizer: Any = None
    rows: int = 32
    shifted: bool | None = None
    ignore_index: int = -100

    def __post_init__(self) -> None:
        self._read()

    def _read(self) -> tuple[str, list[list[Run]], Any]:
        """Give the caption, the runs of each row that is shown, and what decodes them."""
        expect = Expectation(shifted=self.shifted, ignore_index=self.ignore_index)
        received, _ = receive(self.batch, self.targets, None, None, expect)
        learned = received.supervised
        caption = (
            f"Labels of shape {learned.shape}, {int(learned.sum())} of {learned.size} supervised."
        )
        runs = [
            [
                (kept, [id for id, _ in group])
                for kept, group in groupby(
                    zip(ids.tolist(), row.tolist(), strict=True), key=lambda pair: pair[1]
                )
            ]
            for ids, row in zip(received.targets[: self.rows], learned[: self.rows], strict=True)
        ]
        decode = None
        if self.tokenizer is not None:
            decode = adapt_tokenizer(self.tokenizer).decode
        elif (received.inputs == END_ID).any() or (received.targets == END_ID).any():
            decode = gpt2_decode
        return caption, runs, decode

    def _lines(self, emphasis: str) -> str:
        caption, rows, decode = self._read()
        lines = [caption]
        for number, runs in enumerate(rows):
            parts = [
                emphasis.format(f"‹{show_plain(_text(ids, decode), spaces=False)}›")
                if kept
                else f"[{self.ignore_index} ×{len(ids)}]"
                for kept, ids in runs
            ]
            lines.append(f"row {number}: {' '.join(parts)}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return self._lines("{}")

    def in_color(self) -> str:
        """Give the same for a terminal, with what is learned bold and underlined."""
        return self._lines(EMPHASIS)

    def _repr_html_(self) -> str:
        caption, rows, decode = self._read()
        body = ""
        for number, runs in enumerate(rows):
            parts = [
                f"<b><u>‹{show_html(_text(ids, decode), spaces=False)}›</u></b>"
                if kept
                else f"<small>[{self.ignore_index} ×{len(ids)}]</small>"
                for kept, ids in runs
            ]
            body += f"<li>row {number}: {' '.join(parts)}</li>"
        return f"<p>{html.escape(caption)}</p><ul>{body}</ul>"


def _text(ids: list[int], decode: Any) -> str:
    """Give ids as text, or as numbers where nothing decodes them."""
    if decode is not None:
        try:
            return str(decode(ids))
        except Exception:  # an id that is no token of this tokenizer's has no text
            pass
    return " ".join(map(str, ids))
