"""Pieces are bounded, and what processes make of them comes back in order."""

import os
import signal
import subprocess
import sys
import time

import pytest

from companion.piecing import WORTH, cut_pieces, map_pieces


def test_a_piece_is_full_at_so_many_items_or_at_its_measure():
    items = ["a", "bb", "cccc", "d", "e", "f"]
    assert list(cut_pieces(items, len, many=2, large=4)) == [
        ["a", "bb"],
        ["cccc"],
        ["d", "e"],
        ["f"],
    ]


def test_several_processes_do_the_work_and_its_order_stays():
    made = list(map_pieces(lambda piece: (piece, os.getpid()), range(50), processes=2))
    assert [piece for piece, _ in made] == list(range(50))
    workers = {worker for _, worker in made}
    assert os.getpid() not in workers
    assert len(workers) in (1, 2)


@pytest.mark.parametrize(("processes", "pieces"), [(1, 50), (2, WORTH - 1)])
def test_little_work_is_done_here(processes, pieces):
    assert {*map_pieces(lambda _: os.getpid(), range(pieces), processes)} == {os.getpid()}


def test_no_more_is_read_ahead_than_a_few_pieces_for_each_process():
    read = []

    def pieces():
        for number in range(100):
            read.append(number)
            yield number

    made = map_pieces(lambda piece: piece, pieces(), processes=2)
    for number in range(60):
        assert next(made) == number
        assert len(read) <= number + 1 + max(2 * 2, WORTH)
    made.close()


def test_what_the_work_raises_is_raised():
    with pytest.raises(ZeroDivisionError):
        list(map_pieces(lambda piece: 1 // (piece - 20), range(50), processes=2))


def test_a_killed_process_is_told_and_nothing_waits_for_it():
    with pytest.raises(OSError, match="one of the processes that shared the work was killed"):
        list(map_pieces(lambda _: os.kill(os.getpid(), signal.SIGKILL), range(50), processes=2))


WORKING = """
import os, sys, time
from companion.piecing import map_pieces
def work(piece):
    os.write(1, b"%d\\n" % os.getpid())
    time.sleep(0.05)
list(map_pieces(work, range(10**6), processes=2))
"""


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_when_the_program_ends_its_processes_end_too(sent):
    command = [sys.executable, "-c", f"import signal\nsignal.signal(2, signal.SIG_DFL){WORKING}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        workers = {int(process.stdout.readline()) for _ in range(20)}
        process.send_signal(sent)
        process.wait(timeout=60)
    until = time.monotonic() + 30
    while any(map(is_alive, workers)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(is_alive, workers))


def is_alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
