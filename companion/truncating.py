"""Truncate: what becomes of a text that is longer than the batch may be wide.

Takes a `TokenizedEntry` and the maximum length, which counts columns of inputs; so a text of
one token more fits, since its last token stands in the targets alone. Gives an entry again,
whose turns are those of which something is left. What it leaves out: which rows share a
batch, and what to say of a row that lost its answer (`companion.collating`). Chapter 07.
"""

import numpy as np

from companion.tokenizing import TokenizedEntry, Turn

TRUNCATIONS = ("cut", "keep_end", "drop", "error")
"""What to do with a text that is longer than `max_length`; see `companion.collating.Collator`."""


def fits(entry: TokenizedEntry, max_length: int | None) -> bool:
    """Tell whether a text needs no truncation: as inputs it has one token fewer.

    >>> fits(TokenizedEntry([5, 6, 7]), 3), fits(TokenizedEntry([5, 6, 7]), 2)
    (True, False)
    """
    return max_length is None or entry.length - 1 <= max_length


def truncate(
    entry: TokenizedEntry, max_length: int | None, truncation: str, end_id: int
) -> TokenizedEntry:
    """Give the entry as it fits `max_length` columns of inputs; as it is, if it does.

    "cut" keeps the first tokens, one more than there are columns; "keep_end" the first ones,
    and puts the end token in the place of the last. A turn of whose answer nothing is left is
    none any more; with it goes the end token of "keep_end", which would teach to answer
    nothing. Raises `ValueError` for another truncation, if the text does not fit.

    >>> truncate(TokenizedEntry([5, 6, 7, 8], prompt_length=1), 2, "keep_end", end_id=0)
    TokenizedEntry(ids=array([5, 6, 0]), turns=(Turn(header=1, start=1, end=3, stop=3),), ...
    """
    if fits(entry, max_length) or max_length is None:
        return entry
    width = max_length + 1
    if truncation == "cut":
        kept, ids = width, entry.ids[:width]
    elif truncation == "keep_end":
        kept, ids = max_length, np.append(entry.ids[:max_length], end_id)
    else:
        raise ValueError(
            f"a text of {entry.length} tokens is longer than max_length {max_length}, and "
            f"truncation {truncation!r} cuts none"
        )
    turns = [_clip(turn, kept, width) for turn in entry.turns if turn.start < kept]
    return TokenizedEntry(ids, [turn for turn in turns if turn.end > 1], closed=True)


def _clip(turn: Turn, kept: int, width: int) -> Turn:
    """Give the turn in a text of `width` tokens, of which the first `kept` are its own."""
    if turn.end <= kept:
        return turn._replace(stop=min(turn.stop, kept))
    return turn._replace(end=width, stop=width)
