"""The exercises of chapter 05. The truths here are plain loops, and share no code with
`companion.ignoring`.
"""

import random
from typing import Any

from companion.exercises.making import END_ID, Case, Exercise, Property

IGNORED = -100
TOY = [[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]]


def _texts(dice: random.Random) -> list[list[int]]:
    # Few different ids, the end token's among them, so that one often occurs in a text.
    count = dice.randint(1, 4)
    return [
        [dice.choice([1, 2, 3, END_ID]) for _ in range(dice.randint(1, 5))] for _ in range(count)
    ]


def _shifted(texts: list[list[int]]) -> list[list[int]]:
    """Give the targets of these texts before anything is ignored, pads and all."""
    width = max(len(text) for text in texts)
    targets = []
    for text in texts:
        row = []
        for column in range(width):
            position = column + 1
            row.append(text[position] if position < len(text) else END_ID)
        targets.append(row)
    return targets


def _targets_case(texts: list[list[int]]) -> Case:
    return {"targets": _shifted(texts), "lengths": [len(text) for text in texts]}


def _rows(answer: Any) -> list[list[int]]:
    rows = answer.tolist() if hasattr(answer, "tolist") else answer
    return [[int(target) for target in row] for row in rows]


def _surprises_case(dice: random.Random) -> Case:
    count = dice.randint(1, 6)
    targets = [dice.choice([0, 1, IGNORED]) for _ in range(count)]
    targets[dice.randrange(count)] = 0
    return {"surprises": [float(dice.randint(0, 8)) for _ in range(count)], "targets": targets}


def _mean(surprises: list[float], targets: list[int]) -> float:
    total, count = 0.0, 0
    for surprise, target in zip(surprises, targets, strict=True):
        if target != IGNORED:
            total += surprise
            count += 1
    return total / count


mean_over_supervised = Exercise(
    "mean_over_supervised",
    (
        {"surprises": [2.0], "targets": [0]},
        {"surprises": [2.0, 4.0], "targets": [1, IGNORED]},
        {"surprises": [2.0, 4.0, 0.0], "targets": [1, 0, IGNORED]},
    ),
    _surprises_case,
    (
        Property(
            "Where every target is supervised, it is the mean, and a target 0 is a token.",
            lambda answer, surprises, targets: (
                IGNORED in targets or abs(answer - _mean(surprises, targets)) < 1e-9
            ),
        ),
        Property(
            "An ignored target is not counted.",
            lambda answer, surprises, targets: abs(answer) >= _mean(surprises, targets) - 1e-9,
        ),
        Property(
            "The surprise at an ignored target is not added.",
            lambda answer, surprises, targets: abs(answer - _mean(surprises, targets)) < 1e-9,
        ),
    ),
)

ignore_pads = Exercise(
    "ignore_pads",
    tuple(_targets_case(texts) for texts in ([[1]], [[1, 2], [3]], [[1, END_ID, 2, 3], [4]], TOY)),
    lambda dice: _targets_case(_texts(dice)),
    (
        Property(
            "There are as many rows and columns as before.",
            lambda answer, targets, lengths: (
                [len(row) for row in _rows(answer)] == [len(row) for row in targets]
            ),
        ),
        Property(
            "The end token after each text stays a target.",
            lambda answer, targets, lengths: all(
                row[length - 1] == END_ID
                for row, length in zip(_rows(answer), lengths, strict=True)
            ),
        ),
        Property(
            "The tokens of a text stay, whatever their id.",
            lambda answer, targets, lengths: all(
                row[:length] == before[:length]
                for row, before, length in zip(_rows(answer), targets, lengths, strict=True)
            ),
        ),
        Property(
            "Every target after a text's own end token is -100.",
            lambda answer, targets, lengths: all(
                set(row[length:]) <= {IGNORED}
                for row, length in zip(_rows(answer), lengths, strict=True)
            ),
        ),
    ),
)

supervised_count = Exercise(
    "supervised_count",
    ({"rows": [[0]]}, {"rows": [[0, 1], [2]]}, {"rows": [[1, END_ID, 2]]}, {"rows": TOY}),
    lambda dice: {"rows": _texts(dice)},
    (
        Property(
            "For one text it counts the end token, and not the first token.",
            lambda answer, rows: len(rows) > 1 or answer == len(rows[0]),
        ),
        Property(
            "Each text brings its own, and pads bring none.",
            lambda answer, rows: answer == sum(len(row) for row in rows),
        ),
    ),
)


def _stops_case(dice: random.Random) -> Case:
    case = _targets_case(_texts(dice))
    for row, length in zip(case["targets"], case["lengths"], strict=True):
        row[length:] = [IGNORED] * (len(row) - length)
        if dice.random() < 0.5:
            row[length - 1] = IGNORED
        if dice.random() < 0.3:  # a masked prompt, which is no fault
            row[0] = IGNORED
    return case


def _silent(targets: list[list[int]], lengths: list[int]) -> list[int]:
    found = []
    for number in range(len(lengths)):
        if targets[number][lengths[number] - 1] == IGNORED:
            found.append(number)
    return found


never_stops = Exercise(
    "never_stops",
    (
        {"targets": [[END_ID]], "lengths": [1]},
        {"targets": [[IGNORED]], "lengths": [1]},
        {"targets": [[END_ID, IGNORED, 7], [8, 9, END_ID]], "lengths": [3, 3]},
        {"targets": [[2, END_ID], [END_ID, IGNORED]], "lengths": [2, 1]},
        {"targets": [[END_ID, 2, IGNORED]], "lengths": [3]},
    ),
    _stops_case,
    (
        Property(
            "The answer is a list of row numbers.",
            lambda answer, targets, lengths: set(answer) <= set(range(len(lengths))),
        ),
        Property(
            "A row whose end token is a target is not among them, though its pads are ignored.",
            lambda answer, targets, lengths: (
                set(answer) <= set(_silent(targets, lengths))
                or any(
                    t[n - 1] not in (END_ID, IGNORED) for t, n in zip(targets, lengths, strict=True)
                )
            ),
        ),
        Property(
            "A row whose own end token is ignored is among them, though its text may hold another.",
            lambda answer, targets, lengths: sorted(answer) == _silent(targets, lengths),
        ),
    ),
)

EXERCISES = (mean_over_supervised, ignore_pads, supervised_count, never_stops)
