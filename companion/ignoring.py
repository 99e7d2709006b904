"""Step 5, ignore: targets that no one should learn from become the ignore index.

Takes targets and the spans of token positions that stay supervised, row by row; the
plain case is one span, the text with the end token that was appended to it, so that all
the padding is ignored. It goes by position: the end token, the pads and an end token
within a text may all be the same id, and only their places tell them apart. What it
leaves out: which spans to choose (`companion.masking`), and the loss that skips
the ignore index, which is PyTorch's. Chapter 05.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

IGNORE_INDEX = -100
"""The target that `torch.nn.functional.cross_entropy` skips, by default."""

Spans = Sequence[tuple[int, int]]
"""(start, stop) positions in a text with its end token, in order; stop is the first outside."""


def keep_spans(
    targets: NDArray[np.int64], spans: Sequence[Spans], ignore_index: int = IGNORE_INDEX
) -> NDArray[np.int64]:
    """Give the targets with `ignore_index` wherever the token to predict is in no span.

    `targets`: shape (batch, width), where column j holds the token at position j + 1; so
    the token at position 0 is never a target. `spans`: for each row, the positions of the
    tokens to predict; a span may reach beyond the row, which was cut then. Raises
    `ValueError` for targets that are no rows of integers, where rows and spans differ in
    number, and for a span that is not 0 <= start <= stop.

    >>> keep_spans(np.array([[1, 2, 3, 50256]]), [[(2, 5)]])
    array([[ -100,     2,     3, 50256]])
    """
    targets = np.asarray(targets)
    if targets.ndim != 2 or targets.dtype.kind not in "iu":
        raise ValueError(
            f"targets are rows of integers; found {targets.dtype} of shape {targets.shape}"
        )
    if len(spans) != len(targets):
        raise ValueError(
            f"{len(targets)} rows of targets need as many of spans; found {len(spans)}"
        )
    kept = np.full(targets.shape, ignore_index, dtype=np.int64)
    for row, row_spans in enumerate(spans):
        for start, stop in row_spans:
            if not 0 <= start <= stop:
                raise ValueError(
                    f"a span is (start, stop) with 0 <= start <= stop; found {(start, stop)} "
                    f"in row {row}"
                )
            # The token at position 0 is no target, so a span may not begin before column 0.
            first, last = (start - 1 if start else 0), (stop - 1 if stop else 0)
            kept[row, first:last] = targets[row, first:last]
    return kept


def ignore_padding(
    targets: NDArray[np.int64], lengths: Iterable[int], ignore_index: int = IGNORE_INDEX
) -> NDArray[np.int64]:
    """Give the targets with `ignore_index` wherever the target is a pad.

    `lengths`: how many ids each row's text has, without its end token; the end token that
    was appended there is the last target to stay.

    >>> ignore_padding(np.array([[6, 50256, 50256], [8, 9, 50256]]), lengths=[2, 3])
    array([[    6, 50256,  -100],
           [    8,     9, 50256]])
    """
    return keep_spans(targets, [((0, length + 1),) for length in lengths], ignore_index)
