"""Step 3, pad: rows of unequal length become one block.

Takes rows of token ids and gives one array, shape (batch, width): each row's ids, one
end token after them, and pads up to the longest row's width. Everything goes by length
and position; no id is ever compared with the pad id, so the pad id may be the end
token's, and may occur in a text. What it leaves out: which of these slots the model
learns from (`companion.ignoring`). Chapter 03.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion.tokenizing import END_ID

PAD_ID = END_ID
"""GPT-2 has no pad token of its own, so its end token fills the empty slots."""

Rows = Sequence[Sequence[int] | NDArray[np.integer]]


def pad_batch(
    rows: Rows,
    end_id: int = END_ID,
    pad_id: int = PAD_ID,
    width: int | None = None,
    closed: Sequence[bool] | None = None,
) -> NDArray[np.int64]:
    """Give the block: every row followed by one end token, then by pads.

    `rows`: token ids without an end token, a list or an integer array each. `width`: the
    number of columns; by default what the longest row and its end token need. A row that
    does not fit is cut, its end token first. `closed`: for each row, whether it brings its
    own end, so that pads follow at once; by default none does.

    Returns int64, shape (batch, width). Raises `ValueError` for no rows, for a width under
    1, and for ids that are not whole numbers, 0 or more.

    >>> pad_batch([[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]], end_id=50256, pad_id=50256)
    array([[    0,     1,     2,     3,     4, 50256],
           [    5,     6, 50256, 50256, 50256, 50256],
           [    7,     8,     9, 50256, 50256, 50256]])
    """
    if len(rows) == 0:
        raise ValueError("a batch of no rows has no longest row to pad to")
    if closed is None:
        closed = [False] * len(rows)
    if len(closed) != len(rows):
        raise ValueError(f"`closed` says it of each of {len(rows)} rows; found {len(closed)}")
    if width is None:
        width = max(len(ids) + (not own) for ids, own in zip(rows, closed, strict=True))
    if width < 1:
        raise ValueError(f"a block is at least 1 column wide; found width {width}")
    arrays = _checked_rows(rows, end_id, pad_id)
    block = np.full((len(rows), width), pad_id, dtype=np.int64)
    for row, (ids, own) in enumerate(zip(arrays, closed, strict=True)):
        length = len(ids)
        if length < width:
            block[row, :length] = ids
            if not own:
                block[row, length] = end_id
        else:  # no room for the end token
            block[row] = ids[:width]
    return block


def _checked_rows(rows: Rows, end_id: int, pad_id: int) -> list[NDArray[np.integer]]:
    """Give rows as arrays of integers, 0 or more; all are looked at at once, which is quick."""
    arrays = [ids if isinstance(ids, np.ndarray) else np.asarray(ids) for ids in rows]
    kinds = {dtype.kind for dtype in {ids.dtype for ids in arrays}}
    if not kinds <= {"u", "i"} or {ids.ndim for ids in arrays} != {1}:
        for row, ids in enumerate(arrays):
            if ids.ndim != 1 or (ids.size and ids.dtype.kind not in "iu"):
                raise ValueError(f"row {row}: ids are one row of integers; found {rows[row]!r}")
    if "i" in kinds:
        for row, ids in enumerate(arrays):
            if ids.size and ids.min() < 0:
                raise ValueError(f"row {row}: ids are 0 or more; found {ids.min()}")
    if min(end_id, pad_id) < 0:
        raise ValueError(f"ids are 0 or more; found end_id {end_id} and pad_id {pad_id}")
    return arrays


def padding_share(lengths: ArrayLike, width: int) -> float:
    """Give the share of the slots of inputs that are pads: no text, nor its one end token.

    `lengths`: how many ids each row has, without its end token. `width`: the columns of
    inputs, in which the end token of the longest row does not stand. Raises `ValueError` for
    no rows, for lengths that are not whole numbers, 0 or more, and for a width under 1.

    >>> padding_share([5, 2, 3], width=5)
    0.2
    """
    return count_pads(lengths, width) / (np.size(lengths) * width)


def count_pads(lengths: ArrayLike, width: int) -> int:
    """Count the slots of inputs that are pads; arguments and errors as for `padding_share`.

    >>> count_pads([5, 2, 3], width=5)
    3
    """
    given = np.asarray(lengths)
    if given.ndim != 1 or given.size == 0 or width < 1:
        raise ValueError(f"inputs have rows and columns; found {given.size} by {width}")
    if given.dtype.kind not in "iu" or given.min() < 0:
        raise ValueError(f"a length counts tokens, 0 or more; found {lengths!r}")
    full = min(width, int(given.max()) + 1)  # a width beyond may be too large for an array
    return given.size * width - int(np.minimum(given.astype(np.int64) + 1, full).sum())
