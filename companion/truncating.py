"""Truncate: what becomes of a text that is longer than the batch may be wide.

Takes a `TokenizedEntry` and the maximum length, which counts columns of inputs; so a text of
one token more fits, since its last token stands in the targets alone. Gives an entry again,
whose turns are those of which something is left. No truncation takes a text's beginning, and
none puts a second end behind an answer that has its own. What it leaves out: which rows share a
batch, and what to say of a row that lost its answer (`companion.collating`). Chapter 07.
"""

from collections.abc import Collection

import numpy as np

from companion.tokenizing import TokenizedEntry, Turn

TRUNCATIONS = ("cut", "keep_end", "cut_prompt", "drop", "error")
"""What to do with a text that is longer than `max_length`; see `companion.collating.Collator`."""


def fits(entry: TokenizedEntry, max_length: int | None) -> bool:
    """Tell whether a text needs no truncation: as inputs it has one token fewer.

    >>> fits(TokenizedEntry([5, 6, 7]), 3), fits(TokenizedEntry([5, 6, 7]), 2)
    (True, False)
    """
    return max_length is None or entry.length - 1 <= max_length


def truncate(
    entry: TokenizedEntry,
    max_length: int | None,
    truncation: str,
    end_id: int,
    begin_id: int | None = None,
    ends: Collection[int] = (),
) -> TokenizedEntry:
    """Give the entry as it fits `max_length` columns of inputs; as it is, if it does.

    "cut" keeps the first tokens, one more than there are columns; "keep_end" the first ones,
    and puts an end in the place of the last: the own one of the answer that is cut, where that
    is one of `ends`, else `end_id`. "cut_prompt" leaves out the first tokens of the prompt, but
    for a beginning (`begin_id`), the response header, and one token to predict the answer
    from; where that is not enough, it goes on as "keep_end". A turn of whose answer nothing
    is left is none any more; with it goes its end, which would teach to answer nothing.
    Raises `ValueError` for another truncation, if the text does not fit.

    >>> text = TokenizedEntry([5, 6, 7, 8], prompt_length=2)
    >>> truncate(text, 3, "keep_end", end_id=0)
    TokenizedEntry(ids=array([5, 6, 7, 0]), turns=(Turn(header=2, start=2, end=4, stop=4),), ...
    >>> truncate(text, 3, "cut_prompt", end_id=0)
    TokenizedEntry(ids=array([6, 7, 8]), turns=(Turn(header=1, start=1, end=4, stop=4),), ...
    """
    if truncation == "cut_prompt" and not fits(entry, max_length) and max_length is not None:
        entry = _cut_prompt(entry, entry.length - 1 - max_length, begin_id)
    if fits(entry, max_length) or max_length is None:
        return entry
    width = max_length + 1
    if truncation == "cut":
        kept, ids = width, entry.ids[:width]
    elif truncation in ("keep_end", "cut_prompt"):
        kept, ids = max_length, entry.ids[:max_length]
        if not any(turn.end <= kept <= turn.stop for turn in entry.turns):  # it has its end
            ids = np.append(ids, _end_of(entry, kept, end_id, ends))
    else:
        raise ValueError(
            f"a text of {entry.length} tokens is longer than max_length {max_length}, and "
            f"truncation {truncation!r} cuts none"
        )
    turns = [_clip(turn, kept, len(ids)) for turn in entry.turns if turn.start < kept]
    return TokenizedEntry(ids, [turn for turn in turns if turn.end > 1], closed=True)


def _cut_prompt(entry: TokenizedEntry, surplus: int, begin_id: int | None) -> TokenizedEntry:
    """Leave out as many tokens of the prompt as there are too many, or as it has."""
    if not entry.turns:
        return entry
    first = entry.turns[0]
    begin = int(entry.ids[0] == begin_id)
    header = first.start if first.header is None else first.header
    count = max(min(surplus, header - begin, first.start - 1), 0)
    ids = np.concatenate([entry.ids[:begin], entry.ids[begin + count :]])
    turns = [
        Turn(None if header is None else header - count, start - count, end - count, stop - count)
        for header, start, end, stop in entry.turns
    ]
    return TokenizedEntry(ids, turns, entry.closed)


def _end_of(entry: TokenizedEntry, kept: int, end_id: int, ends: Collection[int]) -> int:
    """Give the end to put where a text is cut: within an answer, or before the next one."""
    places = [turn.end - 1 for turn in entry.turns if turn.end > kept]
    own = entry.ids[places[0] : places[0] + 1].tolist() if places else []
    return next((id for id in own if id in ends), end_id)


def _clip(turn: Turn, kept: int, width: int) -> Turn:
    """Give the turn in a text of `width` tokens, of which the first `kept` are its own."""
    if turn.end <= kept:
        return turn._replace(stop=min(turn.stop, kept))
    return turn._replace(end=width, stop=width)
