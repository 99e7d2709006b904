"""Answers to the test before chapter 00 that learners really give, each wrong in its own way.

By exercise: the source of the answer, and a part of the sentence that it must be refused with.
"""

WRONG_ANSWERS: dict[str, list[tuple[str, str]]] = {
    "longest_row": [
        ("def longest_row(rows):\n    return len(rows[0])", "No row is longer"),
        ("def longest_row(rows):\n    return max(rows)", "a whole number"),
        (
            "def longest_row(rows):\n    return sum(len(row) for row in rows)",
            "a row of just that length",
        ),
    ],
    "two_slices": [
        ("def two_slices(row):\n    return row[0], row[1:]", "two lists"),
        ("def two_slices(row):\n    return row[1:], row[:-1]", "begins as the row does"),
        (
            "def two_slices(row):\n    return sorted(row)[:-1], sorted(row)[1:]",
            "begins as the row does",
        ),
    ],
    "filled": [
        ("def filled(row, width, value):\n    return row + [value]", "the width"),
        (
            "def filled(row, width, value):\n    return [value] * (width - len(row)) + row",
            "begins with the row",
        ),
        (
            "def filled(row, width, value):\n    return row + [0] * (width - len(row))",
            "All that follows",
        ),
    ],
    "longest_field": [
        (
            "def longest_field(entry):\n    return max(entry.values(), key=len)",
            "the name of a field",
        ),
        ("def longest_field(entry):\n    return max(entry, key=len)", "a longer text"),
    ],
}
