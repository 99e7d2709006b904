"""Answers to the exercises of chapter 00 that learners really give, each wrong in its own way.

By exercise: the source of the answer, and a part of the sentence that it must be refused with.
"""

WRONG_ANSWERS: dict[str, list[tuple[str, str]]] = {
    "grid_shape": [
        ("def grid_shape(grid):\n    return len(grid[0]), len(grid)", "Rows come first"),
        ("def grid_shape(grid):\n    return len(grid)", "two whole numbers"),
        ("def grid_shape(grid):\n    return len(grid), len(grid)", "count all the numbers"),
    ],
    "must_say": [
        ("def must_say(ids, end_id):\n    return ids[1:]", "one answer for each token"),
        (
            "def must_say(ids, end_id):\n    return ids",
            "After the last token, the end token must be said",
        ),
        (
            "def must_say(ids, end_id):\n    return ids[:-1] + [end_id]",
            "the token that follows must be said",
        ),
    ],
    "mean_surprise": [
        (
            "def mean_surprise(probabilities):\n"
            "    return sum(math.log(p) for p in probabilities) / len(probabilities)",
            "never negative",
        ),
        (
            "def mean_surprise(probabilities):\n"
            "    return -math.log(sum(probabilities) / len(probabilities))",
            "the mean of the surprises",
        ),
        (
            "def mean_surprise(probabilities):\n"
            "    return sum(1 - p for p in probabilities) / len(probabilities)",
            "minus the logarithm",
        ),
    ],
}
