"""Audit a file of ids: rows that a trainer has tokenized, put into batches as it would.

Takes `TokenRow`s one after the other, and gives what `companion.auditing` says of them, with
their numbers in the file, from 1, in place of the numbers in a batch. Rows of one length are
a batch as they stand, pads and all; others stand beside rows of like length, and an
attention mask says where each ends. What it leaves out: the rules, which are the audit's.
Chapter 08.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.adapting import adapt_tokenizer
from companion.auditing import UNDECLARED, Expectation, audit
from companion.findings import RULES, SITE, Finding, Found, Report, name_places
from companion.forms import TokenRow
from companion.piecing import cut_pieces
from companion.surveying import Lengths, lengths_in_print, measure, wrap
from companion.tokenizing import END_ID

ROWS, IDS = 256, 1 << 18
"""The most rows that are looked at together, and about the most ids."""

MOST = 1000
"""So many rows of a finding are kept, and the others are counted."""

Numbered = tuple[int, TokenRow]


@dataclass(frozen=True)
class RowsReport(Found):
    """What a file of ids holds; `rows` of its findings are row numbers, from 1.

    `columns`: those that were read, as the first row has them. `end`: what is known of the
    id that ends a text. `targets`: all tokens but the first of each row; `supervised`: those
    that every label and mask leaves. Of many, a finding has the first thousand rows;
    `counts`: how many it is about, by its code.
    """

    rows: int
    columns: tuple[str, ...]
    end: str
    tokens: int
    targets: int
    supervised: int
    lengths: Lengths
    counts: dict[str, int]

    def __str__(self) -> str:
        lines = [*_numbers(self), *(f"\n{finding}" for finding in self.findings)]
        return "\n".join(part for line in lines for part in _wrapped(line))

    __repr__ = __str__


def audit_rows(
    rows: Iterable[TokenRow], *, tokenizer: Any = None, expect: Expectation | None = None
) -> RowsReport:
    """Give the audit of rows of ids, as `companion.reading.iterate_file` reads them.

    `tokenizer`, `expect`: as `audit` takes them; the labels are not shifted, as in all
    stored rows. Where neither declares the end, it is GPT-2's if that stands in the first
    rows. Raises `ValueError` for no rows, and for what `audit` would refuse.

    >>> rows = [TokenRow((5, 6, 7, 50256)), TokenRow((7, 8, 9), (-100, 8, 9))]
    >>> audit_rows(rows).codes, audit_rows(rows).findings[0].rows
    (('no-end-token',), (2,))
    """
    adapted = None if tokenizer is None else adapt_tokenizer(tokenizer)
    total = _Total()
    for piece in cut_pieces(enumerate(rows, 1), lambda row: len(row[1].input_ids), ROWS, IDS):
        if not total.rows:
            expect, total.end = _declared(expect or Expectation(), adapted, piece)
            total.columns = _columns(piece[0][1])
        total.count(piece)
        for batch in _batches(piece):
            made, own = _batch(batch, expect or Expectation())
            try:
                report = audit(made, expect=own, tokenizer=adapted)
            except (ValueError, TypeError) as error:
                raise ValueError(f"rows {batch[0][0]:,} and others: {error}") from None
            total.add(report, [number for number, _ in batch])
    if not total.rows:
        raise ValueError("a file of no rows has nothing to audit")
    return total.report()


def _columns(row: TokenRow) -> tuple[str, ...]:
    return tuple(name for name, value in vars(row).items() if value is not None)


def _declared(
    expect: Expectation, tokenizer: Any, piece: Sequence[Numbered]
) -> tuple[Expectation, str]:
    """Tell who declares the end: for all rows alike, though not each holds one."""
    if expect.end_id != UNDECLARED:
        return expect, f"{expect.end_id}, as declared"
    if tokenizer is not None:
        ends = ", ".join(map(str, sorted(tokenizer.ends)))
        return expect, f"{ends or 'none'}, by tokenizer {tokenizer.name}"
    if any(END_ID in row.input_ids for _, row in piece):
        return replace(expect, end_id=END_ID), f"{END_ID}, GPT-2's, which stands in these rows"
    return expect, "not known"


# Batches --------------------------------------------------------------------------------


def _batches(piece: Sequence[Numbered]) -> Iterator[list[Numbered]]:
    """Give rows that stand together: all, or those of like length, so that few pads are added."""
    if len({len(row.input_ids) for _, row in piece}) == 1:
        yield list(piece)
        return
    batch: list[Numbered] = []
    for numbered in sorted(piece, key=lambda one: len(one[1].input_ids)):
        if batch and len(numbered[1].input_ids) > 1.5 * len(batch[0][1].input_ids):
            yield batch
            batch = []
        batch.append(numbered)
    yield batch


def _batch(
    batch: Sequence[Numbered], expect: Expectation
) -> tuple[dict[str, NDArray[np.int64]], Expectation]:
    """Give rows as the mapping that a trainer's collator makes, and what is declared of it."""
    rows = [row for _, row in batch]
    lengths = [len(row.input_ids) for row in rows]
    width = max(lengths)
    is_ragged = min(lengths) < width
    made = {
        "input_ids": _block([row.input_ids for row in rows], width, 0),
        "labels": _block([row.labelled for row in rows], width, expect.ignore_index),
    }
    if is_ragged or any(row.attention_mask for row in rows):
        masks = [row.attention_mask or (1,) * len(row.input_ids) for row in rows]
        made["attention_mask"] = _block(masks, width, 0)
    positions = [_positions(row) for row in rows]
    if any(own is not None for own in positions):
        counted = [own or range(length) for own, length in zip(positions, lengths, strict=True)]
        made["position_ids"] = _block(counted, width, 0)
    if is_ragged and expect.pad_id == UNDECLARED:
        expect = replace(expect, pad_id=None)  # what was added here is no pad of theirs
    return made, expect


def _block(rows: Sequence[Sequence[int]], width: int, fill: int) -> NDArray[np.int64]:
    block = np.full((len(rows), width), fill, np.int64)
    for row, values in zip(block, rows, strict=True):
        row[: len(values)] = values
    return block


def _positions(row: TokenRow) -> Sequence[int] | None:
    """Give the positions that a row was stored with, or that its packed texts have."""
    if row.position_ids is not None:
        return row.position_ids
    if row.seq_lengths is not None:
        return [at for length in row.seq_lengths for at in range(length)][: len(row.input_ids)]
    if row.seq_idx is None:
        return None
    counted: list[int] = []
    for at, number in enumerate(row.seq_idx):
        is_same = at > 0 and number == row.seq_idx[at - 1]
        counted.append(counted[-1] + 1 if is_same else 0)
    return counted


# All of them ----------------------------------------------------------------------------

NAME_IT = "Name the tokenizer: --tokenizer NAME on the command line, tokenizer= in Python."
"""The cure of an end that is not known, in a file."""

OF_ALL = ("nothing-supervised", "shift-undetermined")
"""What an audit says of a batch as a whole, and is only true of a file if all batches say it."""


class _Total:
    """Sums up the reports of batches as one of the file."""

    def __init__(self) -> None:
        self.rows = self.batches = self.supervised = self.slots = self.filled = 0
        self.columns: tuple[str, ...] = ()
        self.end = ""
        self.lengths: list[NDArray[np.int64]] = []
        self.first: dict[str, Finding] = {}
        self.numbers: dict[str, list[int]] = {}
        self.counts: dict[str, int] = {}
        self.said: dict[str, int] = {}

    def count(self, piece: Sequence[Numbered]) -> None:
        self.rows += len(piece)
        self.lengths.append(np.array([len(row.input_ids) for _, row in piece], np.int64))
        for _, row in piece:
            labels = row.labelled[1:]
            self.supervised += len(labels) - labels.count(-100)

    def add(self, report: Report, numbers: Sequence[int]) -> None:
        self.batches += 1
        self.slots += int(np.prod(report.tally["shape"]))
        self.filled += report.tally["tokens"]
        for finding in report.findings:
            code = finding.code
            rows = [numbers[row] for row in finding.rows]
            self.said[code] = self.said.get(code, 0) + 1
            self.counts[code] = self.counts.get(code, 0) + len(rows)
            kept = self.numbers.setdefault(code, [])
            kept.extend(rows[: MOST - len(kept)])
            cells = tuple((numbers[row], column) for row, column in finding.cells[:MOST])
            self.first.setdefault(code, replace(finding, cells=cells))

    def report(self) -> RowsReport:
        self._settle()
        lengths = np.concatenate(self.lengths)
        counts = {code: self.counts[code] for code in RULES if code in self.first}
        return RowsReport(
            findings=tuple(self._word(code) for code in counts),
            rows=self.rows,
            columns=self.columns,
            end=self.end,
            tokens=int(lengths.sum()),
            targets=int(lengths.sum()) - len(lengths),
            supervised=self.supervised,
            lengths=measure(lengths),
            counts=counts,
        )

    def _settle(self) -> None:
        """Take back what is true of some batches and not of the file, or say it of their rows."""
        for code in OF_ALL:
            if code in self.first and self.said[code] < self.batches:
                finding = self.first.pop(code)
                if code == "nothing-supervised":
                    self._say_of_rows(finding)
        if "mostly-padding" in self.first and 2 * self.filled >= self.slots:
            del self.first["mostly-padding"]

    def _say_of_rows(self, finding: Finding) -> None:
        code = "row-not-supervised"
        rule = RULES[code]
        sentence, link = rule.sentence.format(where=""), f"{SITE}/book/{rule.chapter}.html"
        made = replace(finding, code=code, sentence=sentence, cure=rule.cure, link=link)
        self.first.setdefault(code, made)
        self.counts[code] = self.counts.get(code, 0) + self.counts[finding.code]
        self.numbers.setdefault(code, []).extend(self.numbers[finding.code])

    def _word(self, code: str) -> Finding:
        finding, numbers = self.first[code], sorted(set(self.numbers[code]))[:MOST]
        sentence = finding.sentence.replace("this batch", "this file")
        if code == "mostly-padding":
            share = f"{1 - self.filled / self.slots:.0%}"
            sentence = RULES[code].sentence.format(share=share).replace("this batch", "this file")
        elif RULES[code].sentence.startswith("{where}"):
            sentence = f"{self._where(numbers, self.counts[code])}: {sentence.split(': ', 1)[1]}"
        cure = NAME_IT if code == "end-unknown" else finding.cure
        return replace(finding, sentence=sentence, cure=cure, rows=tuple(numbers))

    def _where(self, numbers: list[int], count: int) -> str:
        if len(numbers) < count < self.rows:
            return f"Rows {', '.join(map(str, numbers[:5]))} and {count - 5:,} more"
        return name_places(numbers, len(numbers) if count == self.rows else self.rows)


# In print -------------------------------------------------------------------------------


def _numbers(found: RowsReport) -> Iterator[str]:
    rows = f"{found.rows:,} row{'s' if found.rows > 1 else ''} of ids"
    yield f"audit: {rows}; {found.headline}"
    yield f"  columns {', '.join(found.columns)}"
    yield f"  the end of a text is {found.end}"
    yield ""
    yield "Ids in a row"
    yield from lengths_in_print(found.lengths, "row")
    yield ""
    share = found.supervised / max(found.targets, 1)
    yield "What is learned from"
    if set(found.columns) <= {"input_ids", "attention_mask", "position_ids", "seq_lengths"}:
        yield "  neither labels nor a mask are stored, so every token is a target"
    yield f"  {found.supervised:,} of {found.targets:,} targets are supervised, {share:.1%}"


def _wrapped(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        yield from wrap(line) if line else [""]
