"""Spell out a batch's tokens: each id that stands in it is decoded once.

Gives the text of a row from its ids in time that grows with their number, and which ids are
white space, or a tag such as `<|im_start|>`. What it leaves out: bytes that are no whole
character in one token; they show as U+FFFD each. Chapter 08.
"""

import re
from collections.abc import Iterable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from companion.receiving import Ids
from companion.tokenizing import Decode

MOST = 1 << 19
"""More different ids than any vocabulary has are not decoded."""

LARGEST = 1 << 24
"""No vocabulary has an id as large as this."""

TAG = re.compile(r"\s*(?:<[^<>\s]+>|\[/?[A-Z_]+\])\s*")
"""What a token that opens or closes a turn looks like."""


class Spelling:
    r"""The text of each id of a batch, as it reads within a text; nothing where there is none.

    >>> from companion.tokenizing import gpt2_decode
    >>> Spelling(gpt2_decode, [50256, 198, 5376, -1]).text([5376, 198, 50256, -1, 999999])
    'Name\n<|endoftext|>'
    """

    def __init__(self, decode: Decode, ids: Iterable[int]) -> None:
        self._pieces = _Pieces()
        for id in ids:
            self._pieces[id] = _piece(decode, id) if id >= 0 else ""

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """Give the text of each id."""
        return list(map(self._pieces.__getitem__, ids))

    def text(self, ids: Iterable[int]) -> str:
        """Give the text of ids, one after another."""
        return "".join(self.pieces(ids))

    @cached_property
    def white(self) -> NDArray[np.int64]:
        """The ids that are white space alone."""
        return np.array([id for id, text in self._pieces.items() if text.isspace()], np.int64)

    @cached_property
    def tags(self) -> NDArray[np.int64]:
        """The ids that are a tag by themselves."""
        found = [id for id, text in self._pieces.items() if TAG.fullmatch(text)]
        return np.array(found, np.int64)


class _Pieces(dict[int, str]):
    def __missing__(self, id: int) -> str:
        return ""


def _piece(decode: Decode, id: int) -> str:
    """Decode an id as it reads behind another: some tokenizers drop a first space."""
    try:
        one, two = decode([id]), decode([id, id])
    except Exception:  # an id that is no token has no text
        return ""
    return two[len(one) :] if two.startswith(one) else one


def unique_ids(ids: Ids) -> list[int]:
    """Give the different ids that a vocabulary may have, sorted.

    >>> unique_ids(np.array([5, -1, 3, 5, 1 << 40]))
    [3, 5]
    """
    may_be = ids[(ids >= 0) & (ids < LARGEST)]
    there = np.zeros(int(may_be.max(initial=0)) + 1, dtype=np.bool_)
    there[may_be] = True
    return list(np.flatnonzero(there).tolist()) if len(may_be) else []


def spell(decode: Decode | None, ids: Ids) -> Spelling | None:
    """Decode the ids of a batch; None without a decoder, and for more than vocabularies have."""
    if decode is None:
        return None
    known = unique_ids(ids)
    return Spelling(decode, known) if len(known) <= MOST else None
