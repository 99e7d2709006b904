"""The exercises of chapter 08. The truths here are plain loops, and share no code with
`companion.auditing`.
"""

import random

from companion.exercises.making import Case, Exercise, Property

IGNORED = -100


def _ids(dice: random.Random, length: int) -> list[int]:
    return [dice.randint(1, 9) for _ in range(length)]


def _shift_case(dice: random.Random) -> Case:
    text = dice.sample(range(1, 20), dice.randint(4, 7))
    shift = dice.choice([0, 1, 2])
    inputs = text[: len(text) - 2]
    targets = text[shift : shift + len(inputs)]
    prompt = dice.randint(0, len(inputs) - 2)
    return {"inputs": inputs, "targets": [IGNORED] * prompt + targets[prompt:]}


def _agrees(inputs: list[int], targets: list[int], shift: int) -> bool:
    for column, target in enumerate(targets):
        place = column + shift
        if target != IGNORED and place < len(inputs) and inputs[place] != target:
            return False
    return True


shift_of = Exercise(
    "shift_of",
    (
        {"inputs": [5, 6, 7], "targets": [6, 7, 8]},
        {"inputs": [5, 6, 7], "targets": [5, 6, 7]},
        {"inputs": [5, 6, 7, 8], "targets": [7, 8, 9, 4]},
        {"inputs": [5, 6, 7, 8], "targets": [IGNORED, 7, 8, 9]},
        {"inputs": [5, 6, 7, 8], "targets": [IGNORED, IGNORED, IGNORED, 8]},
    ),
    _shift_case,
    (
        Property(
            "The answer is 0, 1 or 2.",
            lambda answer, inputs, targets: answer in (0, 1, 2) and answer is not True,
        ),
        Property(
            "Each target is the input that stands so many columns further on.",
            lambda answer, inputs, targets: IGNORED in targets or _agrees(inputs, targets, answer),
        ),
        Property(
            "Ignored targets decide nothing: they agree with every shift.",
            lambda answer, inputs, targets: _agrees(inputs, targets, answer),
        ),
        Property(
            "Where several shifts agree, it is the smallest of them.",
            lambda answer, inputs, targets: (
                not any(_agrees(inputs, targets, less) for less in range(answer))
            ),
        ),
    ),
)


def _mask_case(dice: random.Random) -> Case:
    prompt, response = dice.randint(2, 5), dice.randint(2, 4)
    ids = _ids(dice, prompt + response)
    first = prompt - 1 + dice.choice([-1, 0, 0, 1])
    targets = [id if column >= first else IGNORED for column, id in enumerate(ids[1:])]
    return {"targets": targets, "prompt_length": prompt}


def _first(targets: list[int]) -> int:
    for column, target in enumerate(targets):
        if target != IGNORED:
            return column
    raise ValueError("every case has a supervised target")


mask_error = Exercise(
    "mask_error",
    (
        {"targets": [IGNORED, 5, 6], "prompt_length": 2},
        {"targets": [5, 6, 7], "prompt_length": 2},
        {"targets": [IGNORED, IGNORED, 5], "prompt_length": 2},
        {"targets": [IGNORED, IGNORED, 5, IGNORED], "prompt_length": 3},
    ),
    _mask_case,
    (
        Property(
            "Where the first supervised target is the response's first token, it is 0.",
            lambda answer, targets, prompt_length: (
                _first(targets) != prompt_length - 1 or answer == 0
            ),
        ),
        Property(
            "Where a token of the prompt is supervised, it is less than 0.",
            lambda answer, targets, prompt_length: (
                _first(targets) >= prompt_length - 1 or answer < 0
            ),
        ),
        Property(
            "It counts the tokens between where the mask ends and where it should.",
            lambda answer, targets, prompt_length: answer == _first(targets) - (prompt_length - 1),
        ),
    ),
)


def _borders(lengths: list[int]) -> list[int]:
    columns, column = [], 0
    for length in lengths[:-1]:
        column += length
        columns.append(column - 1)
    return columns


border_columns = Exercise(
    "border_columns",
    ({"lengths": [3]}, {"lengths": [1, 1]}, {"lengths": [3, 2]}, {"lengths": [3, 2, 4]}),
    lambda dice: {"lengths": [dice.randint(1, 6) for _ in range(dice.randint(1, 5))]},
    (
        Property(
            "There is one column for each place where two entries meet.",
            lambda answer, lengths: len(list(answer)) == len(lengths) - 1,
        ),
        Property(
            "The first column is where the first entry has its last token.",
            lambda answer, lengths: list(answer)[:1] == _borders(lengths)[:1],
        ),
        Property(
            "Every other column is where an entry has its last token, counted from the row's "
            "beginning.",
            lambda answer, lengths: list(answer) == _borders(lengths),
        ),
    ),
)

EXERCISES = (shift_of, mask_error, border_columns)
