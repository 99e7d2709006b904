"""The exercises of the test before chapter 00: as much Python as the book takes for granted."""

import random

from companion.exercises.making import Case, Exercise, Property


def _rows(dice: random.Random) -> list[list[int]]:
    return [
        [dice.randint(0, 9) for _ in range(dice.randint(0, 5))] for _ in range(dice.randint(1, 4))
    ]


longest_row = Exercise(
    "longest_row",
    ({"rows": [[]]}, {"rows": [[7]]}, {"rows": [[7], [8, 9]]}, {"rows": [[7, 8], [9]]}),
    lambda dice: {"rows": _rows(dice)},
    (
        Property("The answer is a whole number.", lambda answer, rows: answer == int(answer)),
        Property(
            "No row is longer than that.",
            lambda answer, rows: not [row for row in rows if len(row) > answer],
        ),
        Property(
            "There is a row of just that length.",
            lambda answer, rows: bool([row for row in rows if len(row) == answer]),
        ),
    ),
)

two_slices = Exercise(
    "two_slices",
    ({"row": [7, 8]}, {"row": [7, 7, 8]}),
    lambda dice: {"row": [dice.randint(0, 9) for _ in range(dice.randint(2, 6))]},
    (
        Property(
            "The answer is two lists, each shorter by one than the row.",
            lambda answer, row: [len(part) for part in answer] == [len(row) - 1] * 2,
        ),
        Property(
            "The first list begins as the row does, and the second ends as it does.",
            lambda answer, row: answer[0][0] == row[0] and answer[1][-1] == row[-1],
        ),
        Property(
            "Put one number before the second list, or one behind the first, and it is the row.",
            lambda answer, row: (
                [*answer[0], row[-1]] == list(row) and [row[0], *answer[1]] == list(row)
            ),
        ),
    ),
)


def _filling(dice: random.Random) -> Case:
    row = [dice.randint(0, 9) for _ in range(dice.randint(0, 4))]
    return {"row": row, "width": len(row) + dice.randint(0, 3), "value": dice.randint(0, 9)}


filled = Exercise(
    "filled",
    (
        {"row": [], "width": 1, "value": 0},
        {"row": [7], "width": 1, "value": 0},
        {"row": [7], "width": 3, "value": 5},
    ),
    _filling,
    (
        Property(
            "The answer has the width that was asked for.",
            lambda answer, row, width, value: len(answer) == width,
        ),
        Property(
            "It begins with the row.",
            lambda answer, row, width, value: list(answer[: len(row)]) == list(row),
        ),
        Property(
            "All that follows is the value.",
            lambda answer, row, width, value: all(n == value for n in answer[len(row) :]),
        ),
    ),
)

_NAMES = ("instruction", "input", "output")

longest_field = Exercise(
    "longest_field",
    (
        {"entry": {"instruction": "Go"}},
        {"entry": {"instruction": "Go", "output": "I go"}},
        {"entry": {"output": "I", "instruction": "Go"}},
    ),
    lambda dice: {
        "entry": {
            name: "a" * length
            for name, length in zip(_NAMES, dice.sample(range(9), 3), strict=True)
        }
    },
    (
        Property("The answer is the name of a field.", lambda answer, entry: answer in entry),
        Property(
            "No other field has a longer text.",
            lambda answer, entry: len(entry[answer]) == max(map(len, entry.values())),
        ),
    ),
)

EXERCISES = (longest_row, two_slices, filled, longest_field)
