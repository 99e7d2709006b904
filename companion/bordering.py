"""Where one text of a row ends and the next begins, as packed batches say it.

Reads `cu_seq_lens`, `seq_idx`, lists of lengths and their other names into one form. What it
leaves out: masks and positions (`companion.receiving`), and whether they agree, which
`companion.dividing` asks. Chapter 11.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.converting import to_array
from companion.findings import Findings

Flags = NDArray[np.bool_]

CUMULATIVE = (
    "cu_seq_lens_q", "cu_seq_lens_k", "cu_seq_lens", "cu_seqlens", "cu_seqlens_q", "cu_seqlens_k",
)  # fmt: skip
NUMBERS = ("seq_idx", "segment_ids", "sequence_ids", "document_ids", "sequence_id")
LENGTHS = ("seq_lens", "seq_lengths", "sequence_lengths")
LONGEST = {"max_length_q": "cu_seq_lens_q", "max_length_k": "cu_seq_lens_k"}


def read_borders(
    more: Mapping[str, Any], shape: tuple[int, ...], found: Findings
) -> dict[str, Flags]:
    """Give, by name, True in each column where a text begins after another of its row.

    >>> more = {"cu_seq_lens_q": [0, 3, 5], "seq_idx": [[0, 0, 0, 1, 1]]}
    >>> for name, starts in read_borders(more, (1, 5), Findings(1, None)).items():
    ...     print(name, np.flatnonzero(starts))
    cu_seq_lens_q [3]
    seq_idx [3]
    """
    borders: dict[str, Flags] = {}
    for name in (*CUMULATIVE, *NUMBERS, *LENGTHS):
        if more.get(name) is None:
            continue
        starts = None
        try:
            if name in CUMULATIVE:
                starts = _of_cumulative(to_array(more[name], name), shape)
            elif name in NUMBERS:
                starts = _of_numbers(to_array(more[name], name), shape)
            elif _is_nested(more[name]):
                starts = _of_lengths([to_array(row, name) for row in more[name]], shape)
            else:
                continue  # how long each row's one text is
        except ValueError:  # rows of several widths
            pass
        if starts is None:
            found.add(
                "attention-unread", range(shape[0]), name=name, found="or does not fit the rows"
            )
        else:
            borders[name] = starts
    for name, of in LONGEST.items():
        if of in borders and more.get(name) is not None:
            told, lengths = int(to_array(more[name], name).max()), np.diff(to_array(more[of], of))
            if told < lengths.max():
                found.add("borders-contradict", range(shape[0]), names=f"{name} and {of}")
    return borders


def _is_nested(lengths: Any) -> bool:
    return len(lengths) > 0 and all(hasattr(row, "__len__") for row in lengths)


def _of_cumulative(array: NDArray[Any], shape: tuple[int, ...]) -> Flags | None:
    """Read sums of lengths: of all rows as one, or of each row, filled up with -1."""
    starts = np.zeros(shape, dtype=np.bool_)
    if array.dtype.kind not in "iu" or array.ndim not in (1, 2):
        return None
    if array.ndim == 1:
        whole = starts.reshape(1, -1)
        return starts if _mark(whole[0], array) else None
    if len(array) != len(starts):
        return None
    marked = [_mark(row, sums[sums >= 0]) for row, sums in zip(starts, array, strict=True)]
    return starts if all(marked) else None


def _mark(row: Flags, sums: NDArray[Any]) -> bool:
    """Mark the first column after each sum; False for sums that are none."""
    if len(sums) < 2 or sums[0] != 0 or (np.diff(sums.astype(np.int64)) < 0).any():
        return False
    if sums[-1] > len(row):
        return False
    row[sums[sums < len(row)]] = True
    row[0] = False
    return True


def _of_numbers(array: NDArray[Any], shape: tuple[int, ...]) -> Flags | None:
    """Read the number of each token's text, which changes where another begins."""
    if array.ndim == 1:
        array = array[None]
    if array.dtype.kind not in "iu" or array.ndim != 2 or array.shape[1] != shape[1]:
        return None
    if len(array) not in (1, shape[0]):
        return None
    array = np.broadcast_to(array, shape)
    return np.pad(np.diff(array.astype(np.int64)) != 0, ((0, 0), (1, 0)))


def _of_lengths(lengths: list[NDArray[Any]], shape: tuple[int, ...]) -> Flags | None:
    """Read lists of lengths, one a row."""
    starts = np.zeros(shape, dtype=np.bool_)
    if len(lengths) != len(starts) or any(row.dtype.kind not in "iu" for row in lengths):
        return None
    marked = [_mark(row, np.cumsum([0, *own])) for row, own in zip(starts, lengths, strict=True)]
    return starts if all(marked) else None
