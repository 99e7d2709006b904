"""Answers to the exercises of chapter 08 that learners really give, each wrong in its own way.

By exercise: the source of the answer, and a part of the sentence that it must be refused with.
"""

_SHIFT = """
def shift_of(inputs, targets):
    for shift in {order}:
        pairs = zip(inputs[shift:], targets)
        if all({agree} for read, target in pairs):
            return shift
    return 0
"""
_MASK = """
def mask_error(targets, prompt_length):
    first = [target != -100 for target in targets].index(True)
    return {answer}
"""

WRONG_ANSWERS: dict[str, list[tuple[str, str]]] = {
    "shift_of": [
        (
            _SHIFT.format(order="(0, 1, 2)", agree="read == target"),
            "Ignored targets decide nothing",
        ),
        (
            _SHIFT.format(order="(2, 1, 0)", agree="target in (-100, read)"),
            "the smallest of them",
        ),
        (
            "def shift_of(inputs, targets):\n    return 1",
            "so many columns further on",
        ),
        (
            "def shift_of(inputs, targets):\n    return inputs == targets",
            "The answer is 0, 1 or 2",
        ),
    ],
    "mask_error": [
        (_MASK.format(answer="first - prompt_length"), "the response's first token"),
        (_MASK.format(answer="abs(first - prompt_length + 1)"), "it is less than 0"),
        (
            _MASK.format(answer="(first > prompt_length - 1) - 2 * (first < prompt_length - 1)"),
            "It counts the tokens",
        ),
    ],
    "border_columns": [
        (
            "def border_columns(lengths):\n"
            "    return [sum(lengths[: n + 1]) for n in range(len(lengths) - 1)]",
            "where the first entry has its last token",
        ),
        (
            "def border_columns(lengths):\n"
            "    return [sum(lengths[: n + 1]) - 1 for n in range(len(lengths))]",
            "where two entries meet",
        ),
        (
            "def border_columns(lengths):\n    return [length - 1 for length in lengths[:-1]]",
            "counted from the row",
        ),
    ],
}
