"""Answers to the exercises of chapter 03 that learners really give, each wrong in its own way.


By exercise: the source of the answer, and a part of the sentence that it must be refused with.
"""

WRONG_ANSWERS: dict[str, list[tuple[str, str]]] = {
    "block_shape": [
        (
            "def block_shape(rows):\n    return len(rows), max(len(row) for row in rows)",
            "room for one end token",
        ),
        (
            "def block_shape(rows):\n    return max(len(row) for row in rows) + 1, len(rows)",
            "The first counts the rows",
        ),
        (
            "def block_shape(rows):\n    return len(rows), len(rows[0]) + 1",
            "every token of the longest row",
        ),
        (
            "def block_shape(rows):\n    return len(rows), max(len(row) for row in rows) + 2",
            "No column is there for nothing",
        ),
    ],
    "share_of_pads": [
        (
            "def share_of_pads(rows):\n"
            "    width = max(len(row) for row in rows)\n"
            "    return 1 - sum(len(row) for row in rows) / (len(rows) * width)",
            "an end token is not a pad",
        ),
        (
            "def share_of_pads(rows):\n"
            "    width = max(len(row) for row in rows)\n"
            "    pads = sum(max(width - len(row) - 1, 0) for row in rows)\n"
            "    return pads / (len(rows) * (width + 1))",
            "all the slots of the inputs",
        ),
        (
            "def share_of_pads(rows):\n"
            "    width = max(len(row) for row in rows)\n"
            "    return sum(width - len(row) for row in rows)",
            "between 0 and 1",
        ),
        ("def share_of_pads(rows):\n    return 0.0", "shorter by two tokens"),
    ],
    "attention_mask": [
        (
            "def attention_mask(rows):\n"
            "    width = max(len(row) for row in rows) + 1\n"
            "    block = [row + [50256] * (width - len(row)) for row in rows]\n"
            "    return [[int(slot != 50256) for slot in row] for row in block]",
            "whatever its id",
        ),
        (
            "def attention_mask(rows):\n"
            "    width = max(len(row) for row in rows) + 1\n"
            "    return [[1] * len(row) + [0] * (width - len(row)) for row in rows]",
            "The end token after a text is a one",
        ),
        (
            "def attention_mask(rows):\n"
            "    width = max(len(row) for row in rows)\n"
            "    return [[1] * len(row) + [0] * (width - len(row)) for row in rows]",
            "as many columns as the block",
        ),
        (
            "def attention_mask(rows):\n"
            "    return [[1] * (max(map(len, rows)) + 1) for row in rows]",
            "Every pad is a zero",
        ),
    ],
    "pad_left": [
        (
            "def pad_left(rows, pad_id):\n"
            "    width = max(len(row) for row in rows)\n"
            "    return [row + [pad_id] * (width - len(row)) for row in rows]",
            "Each row ends with its own text",
        ),
        (
            "def pad_left(rows, pad_id):\n"
            "    width = max(len(row) for row in rows) + 1\n"
            "    return [[pad_id] * (width - len(row)) + row for row in rows]",
            "a prompt gets no end token",
        ),
        (
            "def pad_left(rows, pad_id):\n"
            "    width = max(len(row) for row in rows)\n"
            "    return [[50256] * (width - len(row)) + row for row in rows]",
            "nothing but pads",
        ),
        (
            "def pad_left(rows, pad_id):\n    return [[pad_id] + row for row in rows]",
            "All rows are equally long",
        ),
    ],
    "rounded_width": [
        (
            "def rounded_width(width, multiple):\n    return width + multiple - width % multiple",
            "stays as it is",
        ),
        (
            "def rounded_width(width, multiple):\n    return width // multiple * multiple",
            "No column of the block is lost",
        ),
        ("def rounded_width(width, multiple):\n    return width", "whole number of multiples"),
        (
            "def rounded_width(width, multiple):\n    return width * multiple",
            "A width that is a multiple already stays as it is",
        ),
    ],
}
