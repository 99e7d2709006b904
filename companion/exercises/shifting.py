"""The exercises of chapter 04. The truths here are plain loops, and share no code with
`companion.shifting`.
"""

import random
from typing import Any

from companion.exercises.making import END_ID, Case, Exercise, Property

Grid = list[list[int]]

BLOCK = [
    [0, 1, 2, 3, 4, END_ID],
    [5, 6, END_ID, END_ID, END_ID, END_ID],
    [7, 8, 9, END_ID, END_ID, END_ID],
]


def _text(dice: random.Random, most: int = 5) -> list[int]:
    # Few different ids, the end token's among them, so that one often occurs in a text.
    return [dice.choice([0, 1, 2, 3, END_ID]) for _ in range(dice.randint(1, most))]


def _block(dice: random.Random, fewest: int = 2) -> Grid:
    width = dice.randint(fewest, 6)
    rows = []
    for _ in range(dice.randint(1, 3)):
        row = [*_text(dice, width - 1), END_ID]
        rows.append(row + [END_ID] * (width - len(row)))
    return rows


def _grid(answer: Any) -> Grid:
    """Read a list of lists, an array or a tensor as a list of lists of whole numbers."""
    rows = answer.tolist() if hasattr(answer, "tolist") else answer
    return [[int(slot) for slot in row] for row in rows]


def _list(answer: Any) -> list[int]:
    """Read a list, a tuple, an array or a tensor as a list of whole numbers."""
    values = answer.tolist() if hasattr(answer, "tolist") else answer
    return [int(value) for value in values]


def _pairs(answer: Any) -> list[tuple[list[int], int]]:
    return [(_list(given), int(say)) for given, say in answer]


questions = Exercise(
    "questions",
    (
        {"row": [5, END_ID]},
        {"row": [5, 6, END_ID]},
        {"row": [7, 7, 7, END_ID]},
        {"row": BLOCK[0]},
    ),
    lambda dice: {"row": [*_text(dice), END_ID]},
    (
        Property(
            "The answer is a list of pairs: a list of tokens, and one token.",
            lambda answer, row: len(_pairs(answer)) == len(answer),
        ),
        Property(
            "Something is given in every question.",
            lambda answer, row: all(given for given, _ in _pairs(answer)),
        ),
        Property(
            "There is a question for every token that has one before it, the end token too.",
            lambda answer, row: len(answer) == len(row) - 1,
        ),
        Property(
            "What is given is the beginning of the row, one token longer each time.",
            lambda answer, row: all(
                given == row[: number + 1] for number, (given, _) in enumerate(_pairs(answer))
            ),
        ),
        Property(
            "The model must say the token that comes right after what is given.",
            lambda answer, row: all(say == row[len(given)] for given, say in _pairs(answer)),
        ),
    ),
)

_BLOCK_CASES: tuple[Case, ...] = (
    {"block": [[5, END_ID]]},
    {"block": [[5, 6, END_ID]]},
    {"block": [[5, 6, END_ID], [7, END_ID, END_ID]]},
    {"block": BLOCK},
)


def _block_case(dice: random.Random) -> Case:
    return {"block": _block(dice)}


def _follows(answer: Any, block: Grid) -> bool:
    """Tell whether each target is the token that the block has after the input's place."""
    for row, say in zip(block, _grid(answer[1]), strict=True):
        for place in range(len(row) - 1):
            if say[place] != row[place + 1]:
                return False
    return True


shift_block = Exercise(
    "shift_block",
    _BLOCK_CASES,
    _block_case,
    (
        Property(
            "The answer is two grids, each with as many rows as the block.",
            lambda answer, block: [len(_grid(part)) for part in answer] == [len(block)] * 2,
        ),
        Property(
            "Inputs and targets are equally wide.",
            lambda answer, block: all(
                len(given) == len(say)
                for given, say in zip(_grid(answer[0]), _grid(answer[1]), strict=True)
            ),
        ),
        Property(
            "Each is one column narrower than the block.",
            lambda answer, block: all(
                len(given) == len(row) - 1
                for given, row in zip(_grid(answer[0]), block, strict=True)
            ),
        ),
        Property(
            "The inputs, which come first, begin where the block begins.",
            lambda answer, block: all(
                given == [row[place] for place in range(len(given))]
                for given, row in zip(_grid(answer[0]), block, strict=True)
            ),
        ),
        Property("Each target is the token that follows the input in its place.", _follows),
    ),
)


def _fits(inputs: Grid, targets: Grid, places: int) -> bool:
    """Tell whether each target is the input so many places further on, where there is one."""
    for given, say in zip(inputs, targets, strict=True):
        for place in range(len(given) - places):
            if say[place] != given[place + places]:
                return False
    return True


def _moved(block: Grid, places: int) -> Case:
    width = len(block[0]) - max(places, 1)
    return {
        "inputs": [[row[place] for place in range(width)] for row in block],
        "targets": [[row[place + places] for place in range(width)] for row in block],
    }


def _handed(dice: random.Random) -> Case:
    while True:
        case = _moved(_block(dice, fewest=5), dice.choice([0, 1, 2]))
        # A batch that could be two of the three has no right answer, so take another.
        if sum(_fits(places=places, **case) for places in (0, 1, 2)) == 1:
            return case


_STUTTER = [[7, 7, 7, 8, 9, END_ID], [3, 3, END_ID, END_ID, END_ID, END_ID]]
_LATE = [[5, 5, 5, 5, 5, 5], [0, 1, 2, 3, 4, END_ID]]

times_shifted = Exercise(
    "times_shifted",
    tuple(_moved(block, places) for block in (BLOCK, _STUTTER, _LATE) for places in (0, 1, 2)),
    _handed,
    (
        Property(
            "The answer is 0, 1 or 2.",
            lambda answer, inputs, targets: answer == int(answer) and int(answer) in (0, 1, 2),
        ),
        Property(
            "Where every target is the input in its own place, the batch is not shifted.",
            lambda answer, inputs, targets: not _fits(inputs, targets, 0) or answer == 0,
        ),
        Property(
            "Where every target is the next input of its row, it is shifted once.",
            lambda answer, inputs, targets: not _fits(inputs, targets, 1) or answer == 1,
        ),
        Property(
            "Where every target is the input two places on, it is shifted twice.",
            lambda answer, inputs, targets: not _fits(inputs, targets, 2) or answer == 2,
        ),
    ),
)


def _rows_case(dice: random.Random) -> Case:
    return {"rows": [_text(dice) for _ in range(dice.randint(1, 4))]}


def _end_slots(rows: Grid) -> Grid:
    """Write out each row's targets with 1 for the end token after the text and 0 for the rest."""
    width = max(len(row) for row in rows)
    found = []
    for row in rows:
        slots = [0 for _ in row] + [1] + [0] * (width - len(row))
        found.append(slots[1:])
    return found


end_columns = Exercise(
    "end_columns",
    (
        {"rows": [[0]]},
        {"rows": [[0], [1]]},
        {"rows": [[END_ID, 1], [2]]},
        {"rows": [[5, END_ID, 6]]},
        {"rows": [[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]]},
    ),
    _rows_case,
    (
        Property(
            "There is one column for each row.",
            lambda answer, rows: len(_list(answer)) == len(rows),
        ),
        Property(
            "Every column is one that the targets have.",
            lambda answer, rows: all(
                0 <= column < len(slots)
                for column, slots in zip(_list(answer), _end_slots(rows), strict=True)
            ),
        ),
        Property(
            "The end token after the longest text is the last of all targets.",
            lambda answer, rows: all(
                slots[-1] == 0 or column == len(slots) - 1
                for column, slots in zip(_list(answer), _end_slots(rows), strict=True)
            ),
        ),
        Property(
            "In a shorter row, too, it is the end token after the text: "
            "neither a token of the text nor a pad.",
            lambda answer, rows: all(
                slots[column] for column, slots in zip(_list(answer), _end_slots(rows), strict=True)
            ),
        ),
    ),
)


def _pair_case(dice: random.Random) -> Case:
    return _moved(_block(dice), 1)


unshift = Exercise(
    "unshift",
    (
        {"inputs": [[5]], "targets": [[END_ID]]},
        {"inputs": [[5, 6]], "targets": [[6, END_ID]]},
        {"inputs": [[5, 6], [7, END_ID]], "targets": [[6, END_ID], [END_ID, END_ID]]},
        {"inputs": [[5, 6], [7, END_ID]], "targets": [[6, END_ID], [END_ID, 0]]},
        _moved(BLOCK, 1),
    ),
    _pair_case,
    (
        Property(
            "There are as many rows as were given.",
            lambda answer, inputs, targets: len(_grid(answer)) == len(inputs),
        ),
        Property(
            "The block is one column wider than the inputs.",
            lambda answer, inputs, targets: all(
                len(row) == len(given) + 1 for row, given in zip(_grid(answer), inputs, strict=True)
            ),
        ),
        Property(
            "Without its last column, the block is the inputs.",
            lambda answer, inputs, targets: all(
                row[place] == token
                for row, given in zip(_grid(answer), inputs, strict=True)
                for place, token in enumerate(given)
            ),
        ),
        Property(
            "Without its first column, the block is the targets.",
            lambda answer, inputs, targets: all(
                row[place + 1] == token
                for row, say in zip(_grid(answer), targets, strict=True)
                for place, token in enumerate(say)
            ),
        ),
    ),
)

EXERCISES = (questions, shift_block, times_shifted, end_columns, unshift)
