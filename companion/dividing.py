"""Divide a batch into its texts: where each begins, where its padding does, where it ends.

Takes what was received and the ids that end and pad; gives `Texts`, all texts of the batch one
after another in flat arrays, so that a rule is a few operations on arrays, whatever the number
of texts. By position and length where the batch tells them, by the pad id where it does not.
What it leaves out: the rules (`companion.judging`). Chapter 08.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.expecting import Expectation, is_undeclared
from companion.receiving import Flags, Ids, Received

UNKNOWN = -1
"""Stands for a token that the batch does not show: the one after the last of its inputs."""

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Declared:
    """The ids that are known, by declaration or from the batch.

    `ends`: of which each ends a text; None where they are not known. `pad`: None where there
    is none, or where it is not known either. `size`: how many ids there are, or None.
    """

    expect: Expectation
    ends: frozenset[int] | None
    pad: int | None
    size: int | None

    @property
    def end_list(self) -> list[int]:
        """The ends, none where they are not known."""
        return sorted(self.ends or ())


@dataclass(frozen=True)
class Texts:
    """All texts of a batch. A text's *slots* are its ids, and what follows the last of them.

    For each text: `row`; `start`, its first column; `left`, how many pads stand before it;
    `first`, where its slots begin (one more says where the last ends); `width`, how many
    columns it has, and `stop`, how many of its slots come before its padding; `end`, at which
    of its slots its end token stands, or -1. For each slot: its id in `block`, `UNKNOWN` where
    the batch does not show it, and whether it is a supervised target in `graded`.
    """

    received: Received
    declared: Declared
    row: Places
    start: Places
    left: Places
    first: Places
    width: Places
    block: Ids
    graded: Flags
    attended: Flags | None
    stop: Places
    end: Places

    def __len__(self) -> int:
        return len(self.row)

    def changed(self, block: Ids, graded: Flags) -> "Texts":
        """Give the same texts with other ids, and other targets supervised."""
        return replace(self, block=block, graded=graded)

    @cached_property
    def of(self) -> NDArray[np.int32]:
        """The number of each slot's text."""
        return np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.first))

    @cached_property
    def at(self) -> NDArray[np.int32]:
        """The place of each slot in its text, from 0."""
        place: NDArray[np.int32] = np.arange(len(self.block), dtype=np.int32)
        return place - self.first[:-1].astype(np.int32)[self.of]

    @cached_property
    def inside(self) -> Flags:
        """Which slots come before the padding."""
        return self.at < self.stop.astype(np.int32)[self.of]

    @cached_property
    def is_end(self) -> Flags:
        """Which slots hold an id that ends a text; the first of a text begins it."""
        return np.isin(self.block, self.declared.end_list) & (self.at > 0) & self.inside

    @cached_property
    def known(self) -> Places:
        """How many slots of each text the batch shows."""
        hidden = self.block[self.first[1:] - 1] == UNKNOWN
        return np.asarray(np.diff(self.first) - hidden)

    def cells(self, slots: Places) -> Places:
        """Give the (row, column) of the targets that are the tokens in these slots."""
        text = self.of[slots]
        back = 1 if self.received.shifted else 0
        columns = self.start[text] + slots - self.first[text] - back
        return np.stack([self.row[text], columns], axis=1)

    def any(self, slots: Flags) -> Flags:
        """Tell which texts have one of these slots."""
        return np.logical_or.reduceat(slots, self.first[:-1])

    def count(self, slots: Flags) -> Places:
        """Count these slots in each text."""
        return np.add.reduceat(slots, self.first[:-1], dtype=np.int64)

    def id_at(self, place: Places) -> Ids:
        """Give the id of each text at a place; the places must be within the texts."""
        return np.asarray(self.block[self.first[:-1] + place])

    def graded_at(self, place: Places) -> Flags:
        """Tell of each text whether the token at a place is a supervised target."""
        inside = (place >= 0) & (place < np.diff(self.first))
        return self.graded[self.first[:-1] + np.where(inside, place, 0)] & inside


def divide(
    received: Received,
    declared: Declared,
    left: Places,
    attended: Flags | None,
) -> Texts:
    """Take the texts out of their rows; `with_ends` says where each of them ends.

    `left`: how many pads stand before each row's text. `attended`: what is text, where a
    mask tells it.
    """
    row, start, width = _extents(received, declared, left, attended)
    height, columns = received.inputs.shape
    delta = np.zeros((height, columns + 1), dtype=np.int8)
    delta[row, start] += 1
    delta[row, start + width] -= 1  # where one ends and one begins, nothing changes
    taken = np.cumsum(delta[:, :-1], axis=1, dtype=np.int8) > 0
    shifted = received.shifted
    first = np.concatenate([[0], np.cumsum(width + shifted)])
    inputs, supervised = received.inputs[taken], received.supervised[taken]
    read = None if attended is None else attended[taken]
    if shifted:
        places = np.arange(len(inputs)) + np.repeat(np.arange(len(row)), width)
        block = np.empty(first[-1], dtype=inputs.dtype)
        graded = np.zeros(first[-1], dtype=np.bool_)
        block[places], graded[places + 1] = inputs, supervised
        last = start + width - 1
        known = received.supervised[row, last]
        block[first[1:] - 1] = np.where(known, received.targets[row, last], UNKNOWN)
        if read is not None:
            spread = np.zeros(first[-1], dtype=np.bool_)
            spread[places] = read
            read = spread
    else:
        block, graded = inputs, supervised.copy()
        graded[first[:-1]] = False
    begun = np.where(start > left[row], 0, start)
    return Texts(received, declared, row, start, begun, first, width, block, graded, read,
                 width, width)  # fmt: skip


def with_ends(texts: Texts, trails: Ids | None) -> Texts:
    """Give the texts with where their padding begins, and where they end.

    `trails`: the ids that may stand behind an end token, as a line break does; None where
    that is not known.
    """
    stop, end = _borders(texts, trails)
    return replace(texts, stop=stop, end=end)


def _extents(
    received: Received, declared: Declared, left: Places, attended: Flags | None
) -> tuple[Places, Places, Places]:
    """Give row, first column and width of each text: a row is one, unless it has borders."""
    width = received.inputs.shape[1]
    column = np.arange(width)
    starts = column == left[:, None]
    for borders in received.borders.values():
        starts |= borders & (column > left[:, None])
    # Borders may be told of, one or many, in the padding that follows a pack.
    tail = tails(received, declared, attended)
    beyond = starts & (column >= tail[:, None]) & (column > left[:, None])
    starts &= ~beyond
    padded = beyond.any(axis=1)
    cut = np.where(padded, beyond.argmax(axis=1), width)
    later = column >= cut[:, None]
    cut = np.where((received.supervised & later).any(axis=1), width, cut)
    row, start = np.nonzero(starts)
    following = np.append(start[1:], 0)
    same = np.append(row[1:] == row[:-1], False)
    stop = np.where(same, following, cut[row])
    return row.astype(np.int64), start.astype(np.int64), (stop - start).astype(np.int64)


def tails(received: Received, declared: Declared, attended: Flags | None) -> Places:
    """Give the column from which on nothing but padding stands, by row."""
    width = received.inputs.shape[1]
    if attended is not None:
        text = attended
    else:
        pad = received.inputs[:, -1:] if is_pad_unknown(received, declared) else declared.pad
        text = received.inputs != pad if pad is not None else np.ones_like(received.supervised)
    return np.where(text.any(axis=1), width - text[:, ::-1].argmax(axis=1), 0)


def is_pad_unknown(received: Received, declared: Declared) -> bool:
    """Tell whether nothing tells padding from text, neither an id nor a mask."""
    undeclared = is_undeclared(declared.expect.pad_id) and declared.pad is None
    return undeclared and declared.ends is None and received.attended is None


def _borders(texts: Texts, trails: Ids | None) -> tuple[Places, Places]:
    """Give where the padding begins, and where the end token stands (-1 if nowhere).

    Where several different ones stand in a row, as an end of turn and one of text, it is the
    first of them. What a template puts behind an end token, a line break for example, stands
    between it and the padding.
    """
    ends, pad = texts.declared.end_list, texts.declared.pad
    known = texts.known
    is_end = np.isin(texts.block, ends)
    first = texts.first[:-1]

    def end_at(place: Places) -> Flags:
        inside = (place >= 0) & (place < known)
        return is_end[first + np.where(inside, place, 0)] & inside

    if texts.attended is not None:
        stop = _last(texts, texts.attended) + 1
        following = texts.id_at(np.minimum(stop, known - 1))
        # The end token may lie one beyond: past the inputs, or hidden by a mask that was
        # made by comparing with the pad id.
        hidden = (stop < known) & texts.graded_at(stop) & end_at(stop)
        # In a row that is cut, the last target is text, though it is none of the inputs.
        cut = (stop == texts.width) & (stop < known)
        if pad is not None:
            cut &= following != pad
        stop = stop + ((hidden | cut) & ~end_at(stop - 1))
    else:
        # Its first id is text, whatever it is: no text is empty.
        is_text = texts.block != pad if pad is not None else np.ones_like(texts.graded)
        is_text &= texts.at < known[texts.of]
        is_text[first] = True
        stop = _last(texts, is_text) + 1
        if pad in ends and pad is not None:
            # The first of several equal ids is the end token, if the text has none by now.
            last = np.zeros_like(texts.graded)
            last[first + stop - 1] = True
            beyond = texts.any(texts.graded & (texts.at >= stop[texts.of]))
            ended = end_at(stop - 1) & (texts.id_at(stop - 1) != pad)
            ended |= _behind(texts, stop, trails, end_at) < stop - 1
            stop = stop + ((stop < known) & ~(ended & ~beyond))
    behind = _behind(texts, stop, trails, end_at)
    end = np.where((stop > 0) & (stop <= known) & end_at(behind), behind, -1)
    while True:
        before = (end > 1) & end_at(end - 1)
        before &= texts.id_at(np.maximum(end - 1, 0)) != texts.id_at(np.maximum(end, 0))
        if not before.any():
            return stop, end
        end = end - before


def _last(texts: Texts, slots: Flags) -> Places:
    """Give the last of these slots in each text, counted from 0, or -1."""
    place = np.where(slots, texts.at, np.int32(-1))
    return np.maximum.reduceat(place, texts.first[:-1]).astype(np.int64)


TRAIL = 2
"""So many tokens of white space may stand behind an end token; of tokens unknown, one."""


def _behind(texts: Texts, stop: Places, trails: Ids | None, end_at: Any) -> Places:
    """Give the place of the last end token but for what trails it; else that of the last id."""
    place = stop - 1
    for _ in range(1 if trails is None else TRAIL):
        ids = texts.id_at(np.clip(place, 0, texts.known - 1))
        if trails is None:
            # A template puts the same behind each: where it differs, it is text.
            trailing = (place > 1) & ~end_at(place) & end_at(place - 1)
            trailing &= bool((ids[trailing] == ids[trailing][:1]).all())
        else:
            trailing = (place > 1) & ~end_at(place) & np.isin(ids, trails)
        place = place - trailing
    return np.where(end_at(place), place, stop - 1)
