"""Measure how long an audit takes, how that grows with the tokens, and what it holds in memory.

    python -m benchmarks.auditing [--quick] [--out FILE]

One row of joined chats, 16 rows of them, and 4,096 rows of 2,048 ids of several kinds: chats
with a header every few tokens, texts of three tokens each, ids that are all out of range, ids
at random, and one id throughout. Each large one runs in a process of its own, so that its peak
of memory is its own; the batch itself is part of it.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measuring import circumstances, options, watch, write
from companion.auditing import Expectation, audit
from companion.tokenizing import END_ID, gpt2_encode

SEEDS = {"ids": 1}
AT_MOST = {"16 rows of 8,192": 2.0, "4,096 rows of 2,048": 10.0, "gigabytes": 1.0}
"""Seconds, and memory at its peak."""

CHATS = Expectation(mask="prompt", style="chatml", max_length=1 << 20)
WHOLE = Expectation(mask="none", end_id=END_ID)
Batch = dict[str, NDArray[np.int64]]


def chats(rows: int, width: int) -> Batch:
    """Give rows of joined chats in ChatML, a response header every few tokens, all supervised."""
    dice = np.random.default_rng(SEEDS["ids"])
    turns = [
        f"<|im_start|>user\nName {number} things.<|im_end|>\n"
        f"<|im_start|>assistant\nOne, two, {number}.<|im_end|>\n"
        for number in dice.integers(0, 10**6, 200)
    ]
    pool = np.array([id for turn in turns for id in gpt2_encode(turn)])
    ids = pool[(np.arange(width) + dice.integers(0, len(pool), (rows, 1))) % len(pool)]
    ids[:, -1] = END_ID
    return {"input_ids": ids, "labels": ids.copy()}


def _of(ids: NDArray[np.int64]) -> Batch:
    return {"input_ids": ids, "labels": ids.copy()}


def large(rows: int, width: int) -> dict[str, Callable[[], tuple[Batch, Expectation]]]:
    """Give, by name, what makes a large batch, and what is declared of it."""
    dice, shape = np.random.default_rng(SEEDS["ids"]), (rows, width)
    thirds = np.tile(np.arange(width) % 3, (rows, 1))
    return {
        "many headers": lambda: (chats(rows, width), CHATS),
        "texts of three tokens": lambda: (
            _of(dice.integers(0, END_ID, shape)) | {"position_ids": thirds},
            WHOLE,
        ),
        "every id out of range": lambda: (
            _of(dice.integers(60_000, 1 << 40, shape)),
            Expectation(vocabulary_size=END_ID + 1),
        ),
        "ids at random": lambda: (_of(dice.integers(0, END_ID + 1, shape)), CHATS),
        "one id throughout": lambda: (_of(np.zeros(shape, np.int64)), Expectation(end_id=0)),
    }


def timed(batch: Batch, expect: Expectation, turns: int = 1) -> tuple[float, int]:
    """Give the seconds of the fastest of some audits, and the characters of the report."""
    taken = []
    for _ in range(turns):
        start = time.perf_counter()
        report = audit(batch, expect=expect)
        taken.append(time.perf_counter() - start)
    return min(taken), len(report.to_json())


def grown(widths: Sequence[int], turns: int) -> list[dict[str, Any]]:
    """Give the seconds for one row and for 16 of each width."""
    timed(chats(1, 256), CHATS)  # what is done once is not timed
    return [
        {
            "rows": rows,
            "width": width,
            "seconds": round(timed(chats(rows, width), CHATS, turns)[0], 4),
        }
        for rows in (1, 16)
        for width in widths
    ]


def alone(name: str, rows: int, width: int) -> dict[str, Any]:
    """Audit one large batch, and give seconds, memory at its peak and the report's size."""
    batch, expect = large(rows, width)[name]()
    seconds, characters = timed(batch, expect)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # kilobytes, on Linux
    return {"seconds": round(seconds, 2), "gigabytes": round(peak, 2), "characters": characters}


def measure(rows: int, width: int, widths: Sequence[int], turns: int) -> dict[str, Any]:
    """Give how the time grows, and each large batch, audited by a process of its own."""
    kinds = {}
    for name in large(1, 1):
        command = [
            sys.executable,
            "-m",
            "benchmarks.auditing",
            "alone",
            name,
            str(rows),
            str(width),
        ]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        kinds[name] = json.loads(done.stdout)
    return {
        "growth": grown(widths, turns),
        "shape": [rows, width],
        "large": kinds,
        "at most": AT_MOST,
    }


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Measure, write the JSON, and give it."""
    given = options(arguments, "auditing", __doc__.split("\n")[0])
    share = watch()
    quick = (64, 128, (64, 128), 1)
    measured = measure(*(quick if given.quick else (4096, 2048, (1024, 2048, 4096, 8192), 3)))
    results = {**circumstances(["numpy", "tiktoken"], SEEDS, share()), **measured}
    write(results, given.out)
    return results


if __name__ == "__main__":
    if sys.argv[1:2] == ["alone"]:
        print(json.dumps(alone(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
    else:
        print(json.dumps(main(), indent=1))
