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
    rows: Rows, end_id: int = END_ID, pad_id: int = PAD_ID, width: int | None = None
) -> NDArray[np.int64]:
    """Give the block: every row followed by one end token, then by pads.

    `rows`: token ids without an end token, a list or an integer array each.
    `width`: the number of columns; by default what the longest row and its end token
    need. A row that does not fit is cut, its end token first.

    Returns int64, shape (batch, width). Raises `ValueError` for no rows and for a width
    under 1.

    >>> pad_batch([[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]], end_id=50256, pad_id=50256)
    array([[    0,     1,     2,     3,     4, 50256],
           [    5,     6, 50256, 50256, 50256, 50256],
           [    7,     8,     9, 50256, 50256, 50256]])
    """
    if len(rows) == 0:
        raise ValueError("a batch of no rows has no longest row to pad to")
    if width is None:
        width = max(map(len, rows)) + 1
    if width < 1:
        raise ValueError(f"a block is at least 1 column wide; found width {width}")
    block = np.full((len(rows), width), pad_id, dtype=np.int64)
    for row, ids in enumerate(rows):
        length = len(ids)
        if length < width:
            block[row, :length] = ids
            block[row, length] = end_id
        else:  # no room for the end token
            block[row] = ids[:width]
    return block


def padding_share(lengths: ArrayLike, width: int) -> float:
    """Give the share of slots that are pads: neither text nor the end token after it.

    `lengths`: how many ids each row has, without its end token. `width`: the columns of
    the block. Raises `ValueError` for no rows and for a width under 1.

    >>> padding_share([5, 2, 3], width=6)
    0.2777777777777778
    """
    filled = np.minimum(np.asarray(lengths, dtype=np.int64) + 1, width)
    if filled.size == 0 or width < 1:
        raise ValueError(f"a block has rows and columns; found {filled.size} by {width}")
    return float(1 - filled.sum() / (filled.size * width))
