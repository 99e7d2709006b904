"""Work on what is larger than memory: piece by piece, on several threads, in order.

Takes an iterable and a function of a piece of it, and gives what the function gives of each
piece. No more pieces are in memory than are worked on. Threads are enough: the tokenizers
do their work outside of Python, where one thread does not wait for the other. What it
leaves out: what is done with a piece. The standard library is all it needs.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

MANY = 1000
"""The most items in a piece: enough that handing it over costs nothing."""

LARGE = 1 << 20
"""About the most that a piece may hold, in the measure of its items; one item may hold more."""


def cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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


def map_pieces(
    function: Callable[[Item], Made], pieces: Iterable[Item], threads: int = 1
) -> Iterator[Made]:
    """Give what the function makes of each piece, in their order.

    With one thread all is done by the caller's own. A piece is taken only when there is
    somebody to work on it, or will be next.

    >>> list(map_pieces(sum, [[1, 2], [3], [4, 5]], threads=2))
    [3, 3, 9]
    """
    if threads <= 1:
        yield from map(function, pieces)
        return
    with ThreadPoolExecutor(threads) as pool:
        under_way: deque[Future[Made]] = deque()
        for piece in pieces:
            under_way.append(pool.submit(function, piece))
            if len(under_way) > threads:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
