"""The tensors of one step as rows of cells: each number, its text, and what it is there for.

Takes entries or bare ids and a step, and gives what the companion's own functions make of
them, cell by cell. No number is made here. What it leaves out: how a row is shown, which
is `companion.explorer.table`, and step 1, which is text and no grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from companion.collating import Collator
from companion.entries import Entry
from companion.explorer.glyphs import token_text
from companion.formatting import PromptStyle
from companion.padding import pad_batch
from companion.shifting import shift_targets
from companion.tokenizing import TokenizedEntry, gpt2_token_bytes, token_roles, tokenize_entry

Source = Entry | Sequence[int] | NDArray[np.integer]


@dataclass(frozen=True)
class Cell:
    """One slot: the token's `id`, its `text`, its `role`, and whether it is `ignored`.

    `value` is the number that the tensor holds: the id, or the ignore index.
    """

    id: int
    text: str
    role: str
    value: int

    @property
    def ignored(self) -> bool:
        """Tell whether this is a target that no one learns from."""
        return self.value < 0


@dataclass(frozen=True)
class Row:
    """One row of a tensor; `name` is "inputs" or "targets", or "" before step 4."""

    number: int
    name: str
    cells: tuple[Cell, ...]


def tokenize_items(
    items: Sequence[Source], style: str | PromptStyle
) -> list[tuple[TokenizedEntry, list[str], list[str]]]:
    """Give for each item its ids, and for each id its role and its text.

    Bare ids are response, as the collator takes them, and have no text but themselves.
    """
    made = []
    for item in items:
        if isinstance(item, Entry):
            entry = tokenize_entry(item, style)
            texts = [token_text(token) for token in gpt2_token_bytes(entry.ids.tolist())]
            made.append((entry, token_roles(item, style), texts))
        else:
            entry = TokenizedEntry(np.asarray(item))
            texts = [str(id) for id in entry.ids.tolist()]
            made.append((entry, ["response"] * len(texts), texts))
    return made


def make_rows(
    items: Sequence[Source],
    step: str,
    style: str | PromptStyle,
    mask: str,
    max_length: int | None,
) -> list[Row]:
    """Give the rows of steps 2 to 6; from step 4, inputs and targets of each entry in turn."""
    made = tokenize_items(items, style)
    entries = [entry for entry, _, _ in made]
    if step == "tokenize":
        return [
            Row(number, "", _cells(entry.ids, entry.ids, roles, texts))
            for number, (entry, roles, texts) in enumerate(made)
        ]
    width = max(len(entry.ids) for entry in entries) + 1
    if max_length is not None:
        width = min(width, max_length + 1)
    block = pad_batch([entry.ids for entry in entries], width=width)
    # After its text, a row has one end token and then pads, to the same width.
    beyond = ["end", *["pad"] * width]
    roles = [(roles + beyond)[:width] for _, roles, _ in made]
    texts = [(texts + beyond)[:width] for _, _, texts in made]
    if step == "pad":
        return [
            Row(number, "", _cells(ids, ids, roles[number], texts[number]))
            for number, ids in enumerate(block)
        ]
    inputs, shifted = shift_targets(block)
    targets = shifted
    if step != "shift":
        collate = Collator(mask=mask if step == "mask" else "none", max_length=max_length)
        targets = collate(entries).targets.numpy()
    rows = []
    for number in range(len(made)):
        ids, own_roles, own_texts = inputs[number], roles[number][:-1], texts[number][:-1]
        rows.append(Row(number, "inputs", _cells(ids, ids, own_roles, own_texts)))
        ids, own_roles, own_texts = shifted[number], roles[number][1:], texts[number][1:]
        rows.append(Row(number, "targets", _cells(ids, targets[number], own_roles, own_texts)))
    return rows


def _cells(
    ids: NDArray[np.integer], values: NDArray[np.integer], roles: list[str], texts: list[str]
) -> tuple[Cell, ...]:
    each = zip(ids.tolist(), texts, roles, values.tolist(), strict=True)
    return tuple(Cell(id, text, role, value) for id, text, role, value in each)
