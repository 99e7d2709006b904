"""The tensors of one step as rows of cells: each number, its text, and what it is there for.

Takes entries or bare ids and a step, and gives the frames of `companion.showing.frames` cell
by cell. No number is made here. What it leaves out: how a row is shown, which is
`companion.showing.table`, and step 1, which is text and no grid.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

from companion.collating import ResponseCutWarning
from companion.showing.frames import (
    Source,
    State,
    Token,
    Writing,
    kind_of,
    make_frames,
    writing_of,
)
from companion.showing.glyphs import token_text


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


def make_rows(
    items: Sequence[Source],
    step: str,
    style: str | Writing | None,
    mask: str,
    max_length: int | None,
) -> list[Row]:
    """Give the rows of steps 2 to 6; from step 4, inputs and targets of each entry in turn.

    Raises `ValueError` where the companion refuses to make what the step shows.
    """
    unmasked = kind_of(items).masks[0]
    state = State(items, writing_of(items, style), mask if step == "mask" else unmasked, max_length)
    frames = make_frames(state)
    if step == "tokenize" and all(row["tokens"] for row in frames["rows"]):
        return [
            Row(number, "", tuple(map(_token_cell, row["tokens"])))
            for number, row in enumerate(frames["rows"])
        ]
    batch = frames["batch"]
    # A block of which nothing is left to learn can be seen; a batch of it is refused.
    if batch is None or (frames["refusal"] and step in ("ignore", "mask")):
        raise ValueError(frames["refusal"])
    if step in ("ignore", "mask"):
        for sentence in frames["warnings"]:
            warnings.warn(sentence, ResponseCutWarning, stacklevel=2)
    made = []
    for number, row in enumerate(frames["rows"]):
        slots = _slots(row["tokens"], batch["block"][number], batch["roles"][number])
        if step == "pad":
            made.append(Row(number, "", slots))
            continue
        targets = slots[1:]
        if step != "shift":
            values = batch["targets"][number]
            targets = tuple(map(_with_value, targets, values))
        made += [Row(number, "inputs", slots[:-1]), Row(number, "targets", targets)]
    return made


def _token_cell(token: Token) -> Cell:
    id, shown = token["id"], token["bytes"]
    text = str(id) if shown is None else token_text(bytes.fromhex(shown))
    return Cell(id, text, token["role"], id)


def _slots(tokens: list[Token], ids: list[int], roles: list[str]) -> tuple[Cell, ...]:
    """Give the cells of a row of the block; what is no token of its text is named by its role."""
    cells = []
    for position, (id, role) in enumerate(zip(ids, roles, strict=True)):
        own = tokens[position] if position < len(tokens) else None
        is_own = role != "pad" and own is not None and (own["role"], own["id"]) == (role, id)
        cells.append(_token_cell(own) if is_own and own else Cell(id, role, role, id))
    return tuple(cells)


def _with_value(cell: Cell, value: int) -> Cell:
    return replace(cell, value=value)
