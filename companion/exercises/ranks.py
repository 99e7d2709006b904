"""The exercises of chapter 12. The truths here are plain loops, and share no code with
`companion.ranks` or `companion.bucketing`.
"""

import random
from typing import Any

from companion.exercises.making import Case, Exercise, Property


def _share_case(dice: random.Random) -> Case:
    ranks = dice.randint(1, 4)
    return {
        "entries": dice.randint(ranks, 20),
        "ranks": ranks,
        "batch_size": dice.randint(2, 4),
    }


def _entries_in(answer: Any) -> list[int]:
    return [int(entry) for batches in answer for batch in batches for entry in batch]


each_once = Exercise(
    "each_once",
    (
        {"entries": 1, "ranks": 1, "batch_size": 2},
        {"entries": 3, "ranks": 2, "batch_size": 2},
        {"entries": 4, "ranks": 2, "batch_size": 2},
        {"entries": 5, "ranks": 2, "batch_size": 2},
        {"entries": 9, "ranks": 2, "batch_size": 4},
        {"entries": 11, "ranks": 4, "batch_size": 2},
    ),
    _share_case,
    (
        Property(
            "There is one list of batches for each rank.",
            lambda answer, entries, ranks, batch_size: len(answer) == ranks,
        ),
        Property(
            "No batch holds more than batch_size entries, and none is empty.",
            lambda answer, entries, ranks, batch_size: all(
                1 <= len(batch) <= batch_size for batches in answer for batch in batches
            ),
        ),
        Property(
            "All ranks have equally many batches, or one would wait for another for ever.",
            lambda answer, entries, ranks, batch_size: len(set(map(len, answer))) == 1,
        ),
        Property(
            "No entry comes twice.",
            lambda answer, entries, ranks, batch_size: (
                len(set(_entries_in(answer))) == len(_entries_in(answer))
            ),
        ),
        Property(
            "No entry is left out.",
            lambda answer, entries, ranks, batch_size: (
                sorted(_entries_in(answer)) == list(range(entries))
            ),
        ),
    ),
)


def _loss_case(dice: random.Random) -> Case:
    counts = [dice.randint(0, 9) for _ in range(dice.randint(1, 4))]
    counts[dice.randrange(len(counts))] += 1  # one target there must be, on some rank
    return {"sums": [float(count * dice.randint(1, 5)) for count in counts], "counts": counts}


def _close(one: float, other: float) -> bool:
    return abs(one - other) < 1e-9


losses_for_backward = Exercise(
    "losses_for_backward",
    (
        {"sums": [6.0], "counts": [3]},
        {"sums": [2.0, 72.0], "counts": [2, 18]},
        {"sums": [0.0, 8.0], "counts": [0, 4]},
        {"sums": [3.0, 3.0], "counts": [1, 1]},
    ),
    _loss_case,
    (
        Property(
            "There is one number for each rank.",
            lambda answer, sums, counts: len(list(answer)) == len(sums),
        ),
        Property(
            "A target weighs the same on every rank: each sum is multiplied by the same number.",
            lambda answer, sums, counts: all(
                _close(one * other_sum, other * one_sum)
                for one, one_sum in zip(answer, sums, strict=True)
                for other, other_sum in zip(answer, sums, strict=True)
            ),
        ),
        Property(
            "The ranks' numbers will be averaged, and that average is the mean over all targets.",
            lambda answer, sums, counts: _close(sum(answer) / len(counts), sum(sums) / sum(counts)),
        ),
    ),
)


def _widths_case(dice: random.Random) -> Case:
    steps = dice.randint(1, 4)
    return {
        "widths": [[dice.randint(1, 9) for _ in range(steps)] for _ in range(dice.randint(1, 3))]
    }


def _waited(widths: list[list[int]]) -> float:
    there = worked = 0
    for step in range(len(widths[0])):
        longest = max(of_rank[step] for of_rank in widths)
        for of_rank in widths:
            there += longest
            worked += of_rank[step]
    return (there - worked) / there


share_waited = Exercise(
    "share_waited",
    (
        {"widths": [[4]]},
        {"widths": [[4, 9]]},
        {"widths": [[3], [6]]},
        {"widths": [[10, 5], [5, 10]]},
        {"widths": [[9, 1], [9, 2]]},
    ),
    _widths_case,
    (
        Property(
            "A share lies between 0 and 1.",
            lambda answer, widths: 0 <= answer <= 1,
        ),
        Property(
            "Where all ranks have the same width at each step, nobody waits.",
            lambda answer, widths: (
                any(of_rank != widths[0] for of_rank in widths) or abs(answer) < 1e-9
            ),
        ),
        Property(
            "At each step anew, all stay as long as the widest of that step.",
            lambda answer, widths: answer > 0 or _waited(widths) == 0,
        ),
        Property(
            "Add up the waiting and the whole time before you divide: a wide step takes longer.",
            lambda answer, widths: _close(answer, _waited(widths)),
        ),
    ),
)

EXERCISES = (each_once, losses_for_backward, share_waited)
