"""Work on what is larger than memory, piece by piece.

Takes an iterable and gives lists of its items, none of them too many or too large to be held
in memory. What it leaves out: what is done with a piece. The standard library is all it needs.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

MANY = 1000
"""The most items in a piece: enough that handing it over costs nothing."""

LARGE = 1 << 20
"""About the most that a piece may hold, in the measure of its items; one item may hold more."""


def cut_pieces(
    items: Iterable[Item],
    measure: Callable[[Item], int] = lambda item: 0,
    many: int = MANY,
    large: int = LARGE,
) -> Iterator[list[Item]]:
    """Give lists of the items: a piece is full at `many` items, or when they measure `large`.

    >>> list(cut_pieces("abcde", many=2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    piece: list[Item] = []
    size = 0
    for item in items:
        piece.append(item)
        size += measure(item)
        if len(piece) == many or size >= large:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece
