"""The exercises of chapter 03. The truths here are plain loops, and share no code with
`companion.padding`.
"""

import random
from typing import Any

from companion.exercises.making import END_ID, Case, Exercise, Property

TOY = [[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]]


def _rows(dice: random.Random) -> list[list[int]]:
    count = dice.randint(1, 4)
    # Few different ids, the end token's among them, so that one often occurs in a text.
    return [
        [dice.choice([0, 1, 2, 3, END_ID]) for _ in range(dice.randint(1, 6))] for _ in range(count)
    ]


def _case(dice: random.Random) -> Case:
    return {"rows": _rows(dice)}


def _longest(rows: list[list[int]]) -> int:
    return max(len(row) for row in rows)


def _grid(answer: Any) -> list[list[int]]:
    """Read a list of lists, an array or a tensor as a list of lists of whole numbers."""
    rows = answer.tolist() if hasattr(answer, "tolist") else answer
    return [[int(slot) for slot in row] for row in rows]


def _pads_of_inputs(rows: list[list[int]]) -> int:
    # Inputs are as wide as the longest row, whose end token is in no slot of them.
    return sum(max(_longest(rows) - len(row) - 1, 0) for row in rows)


_ROW_CASES: tuple[Case, ...] = (
    {"rows": [[0]]},
    {"rows": [[0], [1]]},
    {"rows": [[0, 1], [2]]},
    {"rows": [[END_ID, 1], [2]]},
    {"rows": [[0], [1, END_ID, END_ID]]},
    {"rows": TOY},
)

block_shape = Exercise(
    "block_shape",
    _ROW_CASES,
    _case,
    (
        Property(
            "The answer is two whole numbers.",
            lambda answer, rows: len(answer) == 2 and all(n == int(n) for n in answer),
        ),
        Property("The first counts the rows.", lambda answer, rows: answer[0] == len(rows)),
        Property(
            "There is a column for every token of the longest row.",
            lambda answer, rows: answer[1] >= _longest(rows),
        ),
        Property(
            "There is room for one end token after the longest row.",
            lambda answer, rows: answer[1] > _longest(rows),
        ),
        Property(
            "No column is there for nothing.",
            lambda answer, rows: answer[1] <= _longest(rows) + 1,
        ),
    ),
)

share_of_pads = Exercise(
    "share_of_pads",
    _ROW_CASES,
    _case,
    (
        Property("A share lies between 0 and 1.", lambda answer, rows: 0 <= answer <= 1),
        Property(
            "Rows of equal length, or one token shorter, have no pads among the inputs; "
            "an end token is not a pad.",
            lambda answer, rows: _pads_of_inputs(rows) > 0 or answer == 0,
        ),
        Property(
            "A row that is shorter by two tokens or more has pads.",
            lambda answer, rows: _pads_of_inputs(rows) == 0 or answer > 0,
        ),
        Property(
            "The share is the pads divided by all the slots of the inputs, end tokens included.",
            lambda answer, rows: (
                abs(answer - _pads_of_inputs(rows) / len(rows) / _longest(rows)) < 1e-9
            ),
        ),
    ),
)

attention_mask = Exercise(
    "attention_mask",
    _ROW_CASES,
    _case,
    (
        Property(
            "There are as many rows as were given.",
            lambda answer, rows: len(_grid(answer)) == len(rows),
        ),
        Property(
            "Every row has as many columns as the block.",
            lambda answer, rows: all(len(row) == _longest(rows) + 1 for row in _grid(answer)),
        ),
        Property(
            "There are only ones and zeros.",
            lambda answer, rows: {slot for row in _grid(answer) for slot in row} <= {0, 1},
        ),
        Property(
            "Every token of a text is a one, whatever its id.",
            lambda answer, rows: all(
                all(row[: len(text)]) for row, text in zip(_grid(answer), rows, strict=True)
            ),
        ),
        Property(
            "The end token after a text is a one: the model is to read it, and to learn it.",
            lambda answer, rows: all(
                row[len(text)] for row, text in zip(_grid(answer), rows, strict=True)
            ),
        ),
        Property(
            "Every pad is a zero.",
            lambda answer, rows: (
                not any(
                    any(row[len(text) + 1 :]) for row, text in zip(_grid(answer), rows, strict=True)
                )
            ),
        ),
    ),
)


def _left_case(dice: random.Random) -> Case:
    return {"rows": _rows(dice), "pad_id": dice.choice([0, END_ID])}


pad_left = Exercise(
    "pad_left",
    (*({**case, "pad_id": END_ID} for case in _ROW_CASES), {"rows": [[0, 5], [6]], "pad_id": 0}),
    _left_case,
    (
        Property(
            "There are as many rows as were given.",
            lambda answer, rows, pad_id: len(_grid(answer)) == len(rows),
        ),
        Property(
            "All rows are equally long.",
            lambda answer, rows, pad_id: len({len(row) for row in _grid(answer)}) == 1,
        ),
        Property(
            "The block is as wide as the longest row: a prompt gets no end token.",
            lambda answer, rows, pad_id: len(_grid(answer)[0]) == _longest(rows),
        ),
        Property(
            "Each row ends with its own text.",
            lambda answer, rows, pad_id: all(
                row[len(row) - len(text) :] == text
                for row, text in zip(_grid(answer), rows, strict=True)
            ),
        ),
        Property(
            "Before the text there is nothing but pads.",
            lambda answer, rows, pad_id: all(
                set(row[: len(row) - len(text)]) <= {pad_id}
                for row, text in zip(_grid(answer), rows, strict=True)
            ),
        ),
    ),
)


def _width_case(dice: random.Random) -> Case:
    return {"width": dice.randint(1, 200), "multiple": dice.choice([1, 2, 8, 64])}


rounded_width = Exercise(
    "rounded_width",
    (
        {"width": 1, "multiple": 8},
        {"width": 8, "multiple": 8},
        {"width": 9, "multiple": 8},
        {"width": 5, "multiple": 1},
    ),
    _width_case,
    (
        Property(
            "The answer is a whole number of multiples.",
            lambda answer, width, multiple: answer == int(answer) and answer % multiple == 0,
        ),
        Property(
            "No column of the block is lost.",
            lambda answer, width, multiple: answer >= width,
        ),
        Property(
            "A width that is a multiple already stays as it is.",
            lambda answer, width, multiple: width % multiple != 0 or answer == width,
        ),
        Property(
            "It is the smallest multiple that will do.",
            lambda answer, width, multiple: answer - multiple < width,
        ),
    ),
)

EXERCISES = (block_shape, share_of_pads, attention_mask, pad_left, rounded_width)
