"""The exercises of chapter 09. The truths here are plain loops, and share no code with
`companion.bucketing`.
"""

import random
from itertools import pairwise
from typing import Any

from companion.checking import Case, Exercise, Property


def _deal(dice: random.Random) -> Case:
    lengths = [dice.randint(1, 9) for _ in range(dice.randint(1, 8))]
    order = list(range(len(lengths)))
    dice.shuffle(order)
    size = dice.randint(1, 4)
    return {
        "lengths": lengths,
        "batches": [order[at : at + size] for at in range(0, len(order), size)],
    }


def _longest(lengths: list[int], batch: list[int]) -> int:
    return max(lengths[entry] for entry in batch)


def _pads(lengths: list[int], batches: list[list[int]]) -> int:
    # Inputs are as wide as the longest row, whose end token is in no slot of them.
    return sum(
        max(_longest(lengths, batch) - lengths[entry] - 1, 0)
        for batch in batches
        for entry in batch
    )


def _slots(lengths: list[int], batches: list[list[int]]) -> int:
    return sum(_longest(lengths, batch) * len(batch) for batch in batches)


_DEALT: tuple[Case, ...] = (
    {"lengths": [3], "batches": [[0]]},
    {"lengths": [3, 1], "batches": [[0], [1]]},
    {"lengths": [3, 1], "batches": [[1, 0]]},
    {"lengths": [5, 2, 3], "batches": [[0], [1, 2]]},
    {"lengths": [1, 9, 2, 8], "batches": [[0, 2], [3, 1]]},
)

widths_of = Exercise(
    "widths_of",
    _DEALT,
    _deal,
    (
        Property(
            "There is one width for each batch.",
            lambda answer, lengths, batches: len(list(answer)) == len(batches),
        ),
        Property(
            "The numbers in a batch are those of entries: it is their lengths that count.",
            lambda answer, lengths, batches: all(
                width >= _longest(lengths, batch)
                for width, batch in zip(answer, batches, strict=True)
            ),
        ),
        Property(
            "Each block has a column for the end token of its longest row.",
            lambda answer, lengths, batches: all(
                width > _longest(lengths, batch)
                for width, batch in zip(answer, batches, strict=True)
            ),
        ),
        Property(
            "No block is wider than its own longest row asks for.",
            lambda answer, lengths, batches: all(
                width == _longest(lengths, batch) + 1
                for width, batch in zip(answer, batches, strict=True)
            ),
        ),
    ),
)

share_of_epoch = Exercise(
    "share_of_epoch",
    _DEALT,
    _deal,
    (
        Property(
            "A share lies between 0 and 1.",
            lambda answer, lengths, batches: 0 <= answer <= 1,
        ),
        Property(
            "Where the rows of each batch differ by one token at most, no slot of the inputs is "
            "padding; an end token is none.",
            lambda answer, lengths, batches: _pads(lengths, batches) > 0 or abs(answer) < 1e-9,
        ),
        Property(
            "Add up all pads and all slots before you divide: a wide batch has more of both.",
            lambda answer, lengths, batches: (
                abs(answer - _pads(lengths, batches) / _slots(lengths, batches)) < 1e-9
            ),
        ),
    ),
)


def _size_case(dice: random.Random) -> Case:
    lengths = [dice.randint(1, 9) for _ in range(dice.randint(1, 9))]
    return {"lengths": lengths, "size": dice.randint(1, 4), "seed": dice.randint(0, 99)}


def _plan(answer: Any) -> list[list[int]]:
    return [[int(entry) for entry in batch] for batch in answer]


def _once(answer: Any, lengths: list[int], size: int, seed: int) -> bool:
    return sorted(entry for batch in _plan(answer) for entry in batch) == list(range(len(lengths)))


def _full(answer: Any, lengths: list[int], size: int, seed: int) -> bool:
    plan = _plan(answer)
    return all(1 <= len(batch) <= size for batch in plan) and len(plan) == -(-len(lengths) // size)


def _alike(answer: Any, lengths: list[int], size: int, seed: int) -> bool:
    spans = sorted(
        (min(lengths[entry] for entry in batch), _longest(lengths, batch))
        for batch in _plan(answer)
    )
    return all(one[1] <= next_[0] for one, next_ in pairwise(spans))


def _shuffled(answer: Any, lengths: list[int], size: int, seed: int) -> bool:
    # Twenty lengths in twenty batches come out sorted by chance less than once in 10^18.
    longest = [_longest(lengths, batch) for batch in _plan(answer)]
    return len(set(longest)) < 20 or (
        longest != sorted(longest) and longest != sorted(longest, reverse=True)
    )


bucket_batches = Exercise(
    "bucket_batches",
    (
        {"lengths": [4], "size": 2, "seed": 0},
        {"lengths": [5, 1, 5, 1], "size": 2, "seed": 0},
        {"lengths": [9, 2, 8, 3, 2, 9, 1], "size": 3, "seed": 1},
        {"lengths": [7 * n % 41 + 1 for n in range(40)], "size": 2, "seed": 2},
    ),
    _size_case,
    (
        Property("Every entry's number comes exactly once.", _once),
        Property("All batches but one are full, and none holds more than size entries.", _full),
        Property("No batch reaches into the lengths of another: like goes with like.", _alike),
        Property("The batches do not come in the order of their lengths.", _shuffled),
    ),
)

EXERCISES = (widths_of, share_of_epoch, bucket_batches)
