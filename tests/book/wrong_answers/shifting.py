"""Answers to the exercises of chapter 04 that learners really give, each wrong in its own way.

By exercise: the source of the answer, and a part of the sentence that it must be refused with.
"""

WRONG_ANSWERS: dict[str, list[tuple[str, str]]] = {
    "questions": [
        (
            "def questions(row):\n    return [(row[:i], row[i]) for i in range(len(row))]",
            "Something is given in every question",
        ),
        (
            "def questions(row):\n"
            "    return [(row[: i + 1], row[i + 1]) for i in range(len(row) - 2)]",
            "a question for every token",
        ),
        (
            "def questions(row):\n    return [(row[: i + 1], row[i]) for i in range(len(row) - 1)]",
            "right after what is given",
        ),
        (
            "def questions(row):\n    return [([row[i]], row[i + 1]) for i in range(len(row) - 1)]",
            "the beginning of the row",
        ),
        (
            "def questions(row):\n    return list(zip(row[:-1], row[1:]))",
            "a list of pairs",
        ),
    ],
    "shift_block": [
        (
            "def shift_block(block):\n"
            "    return [row[1:] for row in block], [row[:-1] for row in block]",
            "begin where the block begins",
        ),
        (
            "def shift_block(block):\n    return block[:-1], block[1:]",
            "as many rows as the block",
        ),
        (
            "def shift_block(block):\n    return block, [row[1:] for row in block]",
            "equally wide",
        ),
        (
            "def shift_block(block):\n    return block, [[*row[1:], 50256] for row in block]",
            "one column narrower",
        ),
        (
            "def shift_block(block):\n    inputs = [row[:-1] for row in block]\n"
            "    return inputs, inputs",
            "follows the input in its place",
        ),
    ],
    "times_shifted": [
        (
            "def times_shifted(inputs, targets):\n    return inputs != targets",
            "it is shifted twice",
        ),
        (
            "def times_shifted(inputs, targets):\n    return targets[0][0] - inputs[0][0]",
            "The answer is 0, 1 or 2",
        ),
        (
            "def times_shifted(inputs, targets):\n"
            "    for places in (0, 1, 2):\n"
            "        if inputs[0][places:] == targets[0][: len(targets[0]) - places]:\n"
            "            return places\n"
            "    return 0",
            "it is shifted once",
        ),
        (
            "def times_shifted(inputs, targets):\n"
            "    for places in (1, 2):\n"
            "        if targets[0][0] == inputs[0][places]:\n"
            "            return places\n"
            "    return 0",
            "the batch is not shifted",
        ),
    ],
    "end_columns": [
        (
            "def end_columns(rows):\n    return [len(row) for row in rows]",
            "one that the targets have",
        ),
        (
            "def end_columns(rows):\n    return [len(row) - 2 for row in rows]",
            "one that the targets have",
        ),
        (
            "def end_columns(rows):\n"
            "    width = max(len(row) for row in rows) + 1\n"
            "    block = [row + [50256] * (width - len(row)) for row in rows]\n"
            "    return [row[1:].index(50256) for row in block]",
            "the last of all targets",
        ),
        (
            "def end_columns(rows):\n    return [max(len(row) for row in rows) - 1] * len(rows)",
            "neither a token of the text nor a pad",
        ),
    ],
    "unshift": [
        (
            "def unshift(inputs, targets):\n    return inputs",
            "one column wider",
        ),
        (
            "def unshift(inputs, targets):\n    return [row + [50256] for row in inputs]",
            "Without its first column",
        ),
        (
            "def unshift(inputs, targets):\n"
            "    return [[say[0]] + given for given, say in zip(inputs, targets)]",
            "Without its last column",
        ),
        (
            "def unshift(inputs, targets):\n    return inputs + targets",
            "as many rows as were given",
        ),
    ],
}
