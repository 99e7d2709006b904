"""Step 4, shift: one block becomes inputs and targets.

Takes the block and gives two views of it, each one column narrower: `targets[i]` is
the token that follows `inputs[i]`. No number is made here, none is moved. Some call
this a shift to the left (the targets, seen from the inputs), others a shift to the
right. What it leaves out: a library whose model shifts for itself wants the block
as it is, twice; to shift here as well would shift twice. Chapter 04.
"""

import numpy as np
from numpy.typing import NDArray


def shift_targets(block: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give (inputs, targets), both shape (batch, width - 1), as views of the block.

    Raises `ValueError` for what is no block of integers, and for a block of fewer than two
    columns, in which nothing follows anything.

    >>> inputs, targets = shift_targets(np.array([[5, 6, 50256]]))
    >>> inputs, targets
    (array([[5, 6]]), array([[    6, 50256]]))
    """
    block = np.asarray(block)
    if block.dtype.kind not in "iu":
        raise ValueError(f"a block holds ids, which are integers; found {block.dtype}")
    if block.ndim != 2 or block.shape[1] < 2:
        raise ValueError(
            f"a block has rows and at least two columns to shift; found shape {block.shape}"
        )
    return block[:, :-1], block[:, 1:]
