"""Work on what is larger than memory, piece by piece.

Takes an iterable and gives lists of its items, none of them too many or too large to be held
in memory; and gives what a function makes of each piece, on one processor or on several. What
it leaves out: what that function does. The standard library is all it needs.
"""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from itertools import chain, islice
from threading import Thread
from typing import Any, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

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


WORTH = 8
"""So many pieces are worth the start of processes."""


def map_pieces(
    work: Callable[[Item], Made], pieces: Iterable[Item], processes: int = 1
) -> Iterator[Made]:
    """Give what `work` makes of each piece, in order, on so many processes.

    They are forked, so that `work` may be any function, with all that it holds; only pieces and
    results travel. A few pieces for each process are read ahead, and never the whole. Where a
    system cannot fork, and for fewer than `WORTH` pieces, all is done here. What `work` raises
    is raised; `OSError`, where one of the processes was killed.

    >>> list(map_pieces(len, ["ab", "c"], processes=2))
    [2, 1]
    """
    read = iter(pieces)
    first = list(islice(read, WORTH))
    can_fork = "fork" in multiprocessing.get_all_start_methods()
    if processes < 2 or len(first) < WORTH or not can_fork:
        yield from map(work, chain(first, read))
        return
    fork = multiprocessing.get_context("fork")
    executor = ProcessPoolExecutor(processes, fork, _begin, (work,))
    waiting: deque[Future[Made]] = deque()
    try:
        for piece in chain(first, read):
            waiting.append(executor.submit(_work, piece))
            if len(waiting) > 2 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenExecutor:
        raise OSError(
            "one of the processes that shared the work was killed, perhaps for want of memory"
        ) from None
    finally:
        executor.shutdown(cancel_futures=True)


_given: list[Callable[[Any], Any]] = []


def _begin(work: Callable[[Any], Any]) -> None:
    """Keep what is to be done, and end when the process that started this one has ended.

    Ctrl-C is for that process alone. It may end by it at once, and without a word to us.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _given[:] = [work]
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _work(piece: Any) -> Any:
    return _given[0](piece)
