"""The exercises of chapter 11. The truths here are plain loops, and share no code with
`companion.packing`.
"""

import random
from typing import Any

from companion.exercises.making import END_ID, Case, Exercise, Property

TOY = [[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]]


def _rows_case(dice: random.Random) -> Case:
    # Few different ids, the end token's among them, so that one often occurs in a text.
    rows = [
        [dice.choice([0, 1, 2, END_ID]) for _ in range(dice.randint(1, 5))]
        for _ in range(dice.randint(1, 4))
    ]
    return {"rows": rows, "end_id": END_ID}


def _flat(answer: Any) -> list[int]:
    """Read a list, an array or a tensor of one dimension as a list of whole numbers."""
    return [int(slot) for slot in answer]


def _places(lengths: list[int]) -> list[tuple[int, int]]:
    """Give, for each slot of the pack, its place in its entry and that entry's length."""
    return [(place, length) for length in lengths for place in range(length)]


def _lengths(rows: list[list[int]]) -> list[int]:
    return [len(row) for row in rows]


packed_targets = Exercise(
    "packed_targets",
    (
        {"rows": [[0]], "end_id": END_ID},
        {"rows": [[0, 1], [2, 3]], "end_id": END_ID},
        {"rows": [[0, 1], [2]], "end_id": 9},
        {"rows": TOY, "end_id": END_ID},
    ),
    _rows_case,
    (
        Property(
            "There is one target for each token that the entries hold.",
            lambda answer, rows, end_id: len(_flat(answer)) == sum(_lengths(rows)),
        ),
        Property(
            "Within an entry, each target is the token that follows.",
            lambda answer, rows, end_id: all(
                place == length - 1 or target == token
                for (place, length), target, token in zip(
                    _places(_lengths(rows)),
                    _flat(answer),
                    [token for row in rows for token in [*row[1:], end_id]],
                    strict=True,
                )
            ),
        ),
        Property(
            "No target is the first token of the next entry: each entry ends with its end token.",
            lambda answer, rows, end_id: all(
                place < length - 1 or target == end_id
                for (place, length), target in zip(
                    _places(_lengths(rows)), _flat(answer), strict=True
                )
            ),
        ),
    ),
)


def _lengths_case(dice: random.Random) -> Case:
    return {"lengths": [dice.randint(1, 6) for _ in range(dice.randint(1, 5))]}


packed_positions = Exercise(
    "packed_positions",
    (
        {"lengths": [1]},
        {"lengths": [3]},
        {"lengths": [1, 1]},
        {"lengths": [5, 2, 3]},
    ),
    _lengths_case,
    (
        Property(
            "There is one position for each slot.",
            lambda answer, lengths: len(_flat(answer)) == sum(lengths),
        ),
        Property("The first position is 0.", lambda answer, lengths: _flat(answer)[0] == 0),
        Property(
            "Where an entry begins, the position is 0 again.",
            lambda answer, lengths: all(
                place > 0 or position == 0
                for (place, _), position in zip(_places(lengths), _flat(answer), strict=True)
            ),
        ),
        Property(
            "Within an entry, the positions count up by one.",
            lambda answer, lengths: all(
                place == position
                for (place, _), position in zip(_places(lengths), _flat(answer), strict=True)
            ),
        ),
    ),
)


def _rooms_case(dice: random.Random) -> Case:
    return {
        "rooms": [dice.randint(0, 9) for _ in range(dice.randint(0, 5))],
        "length": dice.randint(1, 9),
    }


best_pack = Exercise(
    "best_pack",
    (
        {"rooms": [], "length": 1},
        {"rooms": [4], "length": 4},
        {"rooms": [3], "length": 4},
        {"rooms": [9, 5], "length": 4},
        {"rooms": [9, 4, 5], "length": 4},
        {"rooms": [1, 6, 6], "length": 4},
    ),
    _rooms_case,
    (
        Property(
            "The answer is the number of a pack, or the number that a new one would have.",
            lambda answer, rooms, length: (
                answer == int(answer) and not isinstance(answer, bool) and 0 <= answer <= len(rooms)
            ),
        ),
        Property(
            "The pack has room for the entry.",
            lambda answer, rooms, length: answer == len(rooms) or rooms[answer] >= length,
        ),
        Property(
            "A new pack is begun only where no other has room; to fill one to the brim is allowed.",
            lambda answer, rooms, length: (
                answer < len(rooms) or all(room < length for room in rooms)
            ),
        ),
        Property(
            "No other pack that has room has less of it.",
            lambda answer, rooms, length: (
                answer == len(rooms)
                or all(room < length or room >= rooms[answer] for room in rooms)
            ),
        ),
    ),
)


def _positions_case(dice: random.Random) -> Case:
    positions = []
    for _ in range(dice.randint(1, 3)):
        positions += list(range(dice.randint(1, 3)))
    return {"positions": positions}


def _entries(positions: list[int]) -> list[int]:
    """Give, for each slot, the number of its entry."""
    numbers, number = [], -1
    for position in positions:
        number += position == 0
        numbers.append(number)
    return numbers


def _grid(answer: Any) -> list[list[int]]:
    rows = answer.tolist() if hasattr(answer, "tolist") else answer
    return [[int(slot) for slot in row] for row in rows]


def _pairs(positions: list[int]) -> list[tuple[int, int]]:
    return [(row, column) for row in range(len(positions)) for column in range(len(positions))]


may_read = Exercise(
    "may_read",
    (
        {"positions": [0]},
        {"positions": [0, 1]},
        {"positions": [0, 0]},
        {"positions": [0, 1, 0]},
        {"positions": [0, 0, 1]},
        {"positions": [0, 1, 2, 3, 4, 0, 1, 0, 1, 2]},
    ),
    _positions_case,
    (
        Property(
            "There is a row and a column for each slot.",
            lambda answer, positions: (
                [len(row) for row in _grid(answer)] == [len(positions)] * len(positions)
            ),
        ),
        Property(
            "There are only ones and zeros.",
            lambda answer, positions: {slot for row in _grid(answer) for slot in row} <= {0, 1},
        ),
        Property(
            "A token reads itself.",
            lambda answer, positions: all(
                _grid(answer)[slot][slot] == 1 for slot in range(len(positions))
            ),
        ),
        Property(
            "No token reads what comes after it.",
            lambda answer, positions: all(
                column <= row or not _grid(answer)[row][column] for row, column in _pairs(positions)
            ),
        ),
        Property(
            "No token reads another entry.",
            lambda answer, positions: all(
                _entries(positions)[row] == _entries(positions)[column]
                or not _grid(answer)[row][column]
                for row, column in _pairs(positions)
            ),
        ),
        Property(
            "A token reads all that comes before it in its own entry.",
            lambda answer, positions: all(
                column > row
                or _entries(positions)[row] != _entries(positions)[column]
                or _grid(answer)[row][column]
                for row, column in _pairs(positions)
            ),
        ),
    ),
)

EXERCISES = (packed_targets, packed_positions, best_pack, may_read)
