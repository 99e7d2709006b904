"""Answers to the exercises of chapter 11 that learners really give, each wrong in its own way.

By exercise: the source of the answer, and a part of the sentence that it must be refused with.
"""

WRONG_ANSWERS: dict[str, list[tuple[str, str]]] = {
    "packed_targets": [
        (
            "def packed_targets(rows, end_id):\n"
            "    joined = [token for row in rows for token in row]\n"
            "    return joined[1:] + [end_id]",
            "No target is the first token of the next entry",
        ),
        (
            "def packed_targets(rows, end_id):\n"
            "    joined = [token for row in rows for token in row + [end_id]]\n"
            "    return joined[1:]",
            "one target for each token",
        ),
        (
            "def packed_targets(rows, end_id):\n"
            "    return [token for row in rows for token in row[:-1] + [end_id]]",
            "Within an entry, each target is the token that follows",
        ),
        (
            "def packed_targets(rows, end_id):\n"
            "    return [token for row in rows for token in row[1:] + [-100]]",
            "each entry ends with its end token",
        ),
    ],
    "packed_positions": [
        (
            "def packed_positions(lengths):\n    return list(range(sum(lengths)))",
            "the position is 0 again",
        ),
        (
            "def packed_positions(lengths):\n"
            "    return [p for length in lengths for p in range(1, length + 1)]",
            "The first position is 0",
        ),
        (
            "def packed_positions(lengths):\n"
            "    return [p for length in lengths for p in range(length + 1)]",
            "one position for each slot",
        ),
        (
            "def packed_positions(lengths):\n    return [0] * sum(lengths)",
            "count up by one",
        ),
    ],
    "best_pack": [
        (
            "def best_pack(rooms, length):\n"
            "    for pack, room in enumerate(rooms):\n"
            "        if room >= length:\n"
            "            return pack\n"
            "    return len(rooms)",
            "No other pack that has room has less of it",
        ),
        (
            "def best_pack(rooms, length):\n"
            "    fitting = [p for p, room in enumerate(rooms) if room > length]\n"
            "    return min(fitting, key=lambda p: rooms[p], default=len(rooms))",
            "to fill one to the brim is allowed",
        ),
        (
            "def best_pack(rooms, length):\n"
            "    return min(range(len(rooms)), key=lambda p: rooms[p], default=len(rooms))",
            "The pack has room for the entry",
        ),
        (
            "def best_pack(rooms, length):\n"
            "    fitting = [p for p, room in enumerate(rooms) if room >= length]\n"
            "    return min(fitting, key=lambda p: rooms[p], default=-1)",
            "the number that a new one would have",
        ),
    ],
    "may_read": [
        (
            "def may_read(positions):\n"
            "    slots = range(len(positions))\n"
            "    return [[int(column <= row) for column in slots] for row in slots]",
            "No token reads another entry",
        ),
        (
            "def may_read(positions):\n"
            "    return [[int(b <= a) for b in positions] for a in positions]",
            "No token reads what comes after it",
        ),
        (
            "def may_read(positions):\n"
            "    slots = range(len(positions))\n"
            "    return [[int(column < row) for column in slots] for row in slots]",
            "A token reads itself",
        ),
        (
            "def may_read(positions):\n"
            "    slots = range(len(positions))\n"
            "    return [[int(column == row) for column in slots] for row in slots]",
            "all that comes before it in its own entry",
        ),
    ],
}
