"""The exercises of chapter 07. The truths here are plain loops, and share no code with
`companion.collating`.
"""

import random

from companion.exercises.making import END_ID, Case, Exercise, Property

TOY = [[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]]
IGNORED = -100


def _ids(dice: random.Random) -> list[int]:
    # Few different ids, the end token's among them, so that one often occurs in a text.
    return [dice.choice([0, 1, 2, END_ID]) for _ in range(dice.randint(1, 6))]


def _batch_case(dice: random.Random) -> Case:
    return {"batch": [_ids(dice) for _ in range(dice.randint(1, 4))], "end_id": END_ID}


def _width(batch: list[list[int]]) -> int:
    return max(len(ids) for ids in batch)


collate_lists = Exercise(
    "collate_lists",
    (
        *({"batch": batch, "end_id": END_ID} for batch in ([[0]], [[0, 1], [2]], TOY)),
        {"batch": [[0, 1], [2]], "end_id": 9},
    ),
    _batch_case,
    (
        Property(
            "There are two results, inputs and targets, with a row for each text.",
            lambda answer, batch, end_id: (
                len(answer) == 2 and all(len(part) == len(batch) for part in answer)
            ),
        ),
        Property(
            "Every row of both is as wide as the longest text.",
            lambda answer, batch, end_id: all(
                len(row) == _width(batch) for part in answer for row in part
            ),
        ),
        Property(
            "The inputs begin with the text.",
            lambda answer, batch, end_id: all(
                list(row[: len(ids)]) == ids for row, ids in zip(answer[0], batch, strict=True)
            ),
        ),
        Property(
            "After the text there are end tokens in the inputs, never -100: a model reads inputs.",
            lambda answer, batch, end_id: all(
                set(row[len(ids) :]) <= {end_id} for row, ids in zip(answer[0], batch, strict=True)
            ),
        ),
        Property(
            "Each target is the token that follows its input within the text.",
            lambda answer, batch, end_id: all(
                list(row[: len(ids) - 1]) == ids[1:]
                for row, ids in zip(answer[1], batch, strict=True)
            ),
        ),
        Property(
            "After the last token of a text, the target is the end token.",
            lambda answer, batch, end_id: all(
                row[len(ids) - 1] == end_id for row, ids in zip(answer[1], batch, strict=True)
            ),
        ),
        Property(
            "All targets after that one are ignored.",
            lambda answer, batch, end_id: all(
                set(row[len(ids) :]) <= {IGNORED} for row, ids in zip(answer[1], batch, strict=True)
            ),
        ),
    ),
)

keep_end = Exercise(
    "keep_end",
    (
        {"ids": [5], "max_length": 1, "end_id": END_ID},
        {"ids": [5, 6], "max_length": 1, "end_id": END_ID},
        {"ids": [5, 6, 7], "max_length": 3, "end_id": 9},
        {"ids": [5, 6, 7], "max_length": 9, "end_id": 9},
    ),
    lambda dice: {"ids": _ids(dice), "max_length": dice.randint(1, 8), "end_id": END_ID},
    (
        Property(
            "It ends with the end token.",
            lambda answer, ids, max_length, end_id: answer[-1] == end_id,
        ),
        Property(
            "It has at most one id more than `max_length`.",
            lambda answer, ids, max_length, end_id: len(answer) <= max_length + 1,
        ),
        Property(
            "What comes before the end token is the beginning of the text.",
            lambda answer, ids, max_length, end_id: (
                list(answer[:-1]) == list(ids[: len(answer) - 1])
            ),
        ),
        Property(
            "No more of the text is cut than has to be.",
            lambda answer, ids, max_length, end_id: len(answer) > min(len(ids), max_length),
        ),
    ),
)

lost_responses = Exercise(
    "lost_responses",
    (
        {"prompt_lengths": [1], "max_length": 1},
        {"prompt_lengths": [2], "max_length": 1},
        {"prompt_lengths": [3, 4, 5, 6], "max_length": 4},
        {"prompt_lengths": [0, 0], "max_length": 1},
    ),
    lambda dice: {
        "prompt_lengths": [dice.randint(0, 9) for _ in range(dice.randint(1, 5))],
        "max_length": dice.randint(1, 9),
    },
    (
        Property(
            "The answer is a list of row numbers.",
            lambda answer, prompt_lengths, max_length: (
                set(answer) <= set(range(len(prompt_lengths)))
            ),
        ),
        Property(
            "A row whose prompt leaves room for one more id keeps the first of its response.",
            lambda answer, prompt_lengths, max_length: all(
                prompt_lengths[row] > max_length for row in answer
            ),
        ),
        Property(
            "A row whose prompt fills all that fits is among them.",
            lambda answer, prompt_lengths, max_length: all(
                row in answer for row, length in enumerate(prompt_lengths) if length > max_length
            ),
        ),
    ),
)


def _targets_case(dice: random.Random) -> Case:
    width = dice.randint(1, 5)
    return {
        "targets": [
            [dice.choice([0, 1, IGNORED]) for _ in range(width)] for _ in range(dice.randint(1, 4))
        ]
    }


def _count(targets: list[list[int]]) -> tuple[int, int]:
    kept = total = 0
    for row in targets:
        for target in row:
            total += 1
            kept += target != IGNORED
    return kept, total


supervised_share = Exercise(
    "supervised_share",
    (
        {"targets": [[1]]},
        {"targets": [[0]]},
        {"targets": [[IGNORED]]},
        {"targets": [[1, 2, IGNORED], [3, IGNORED, IGNORED]]},
    ),
    _targets_case,
    (
        Property("A share lies between 0 and 1.", lambda answer, targets: 0 <= answer <= 1),
        Property(
            "Where every target is ignored, the share is 0.",
            lambda answer, targets: _count(targets)[0] > 0 or answer == 0,
        ),
        Property(
            "Where no target is ignored, the share is 1, and a target 0 is a token like any other.",
            lambda answer, targets: _count(targets)[0] < _count(targets)[1] or answer == 1,
        ),
        Property(
            "It is the supervised targets divided by all the targets.",
            lambda answer, targets: abs(answer - _count(targets)[0] / _count(targets)[1]) < 1e-9,
        ),
    ),
)

EXERCISES = (collate_lists, keep_end, lost_responses, supervised_share)
