"""Answers to the exercises of chapter 15 that learners really give, each wrong in its own way.

By exercise: the source of the answer, and a part of the sentence that it must be refused with.
"""

WRONG_ANSWERS: dict[str, list[tuple[str, str]]] = {
    "read_interval": [
        (
            "def read_interval(low, high, matters):\n"
            "    middle = (low + high) / 2\n"
            "    return 'lower' if middle < 0 else 'higher'",
            "Where the whole interval lies below zero",
        ),
        (
            "def read_interval(low, high, matters):\n"
            "    if high < 0:\n"
            "        return 'lower'\n"
            "    return 'higher' if low > 0 else 'too close'",
            "only if no difference that matters, on either side, is in it",
        ),
        (
            "def read_interval(low, high, matters):\n"
            "    if high < 0:\n"
            "        return 'lower'\n"
            "    if low > 0:\n"
            "        return 'higher'\n"
            "    return 'too close' if high < matters else 'cannot tell'",
            "only if no difference that matters, on either side, is in it",
        ),
        (
            "def read_interval(low, high, matters):\n"
            "    return 'no difference' if low < 0 < high else 'different'",
            "The answer is one of the four",
        ),
    ],
    "paired_rounds": [
        (
            "def paired_rounds(one, other, drawn):\n"
            "    mean = sum(a - b for a, b in zip(one, other)) / len(one)\n"
            "    return [mean for _ in drawn]",
            "An entry that is drawn twice counts twice",
        ),
        (
            "def paired_rounds(one, other, drawn):\n"
            "    return [sum(other[n] - one[n] for n in d) / len(d) for d in drawn]",
            "first less second",
        ),
        (
            "def paired_rounds(one, other, drawn):\n"
            "    rest = sum(other) / len(other)\n"
            "    return [sum(one[n] for n in d) / len(d) - rest for d in drawn]",
            "An entry that is drawn twice counts twice, on both sides",
        ),
        (
            "def paired_rounds(one, other, drawn):\n"
            "    return [one[n] - other[n] for d in drawn for n in d]",
            "one mean for each round",
        ),
    ],
    "still_found": [
        (
            "def still_found(chances):\n    return [chance < 0.05 for chance in chances]",
            "The smallest chance is multiplied by the number of all",
        ),
        (
            "def still_found(chances):\n"
            "    return [chance * len(chances) < 0.05 for chance in chances]",
            "multiplied by one less",
        ),
        (
            "def still_found(chances):\n"
            "    order = sorted(range(len(chances)), key=lambda n: chances[n])\n"
            "    left = {n: len(chances) - at for at, n in enumerate(order)}\n"
            "    return [chances[n] * left[n] < 0.05 for n in range(len(chances))]",
            "At the first that is not found it ends",
        ),
        (
            "def still_found(chances):\n    return min(chances) * len(chances) < 0.05",
            "a True or a False for each chance",
        ),
    ],
    "entries_needed": [
        (
            "def entries_needed(spread, difference):\n    return (2.8 * spread / difference) ** 2",
            "A number of entries is whole",
        ),
        (
            "import math\n\n\n"
            "def entries_needed(spread, difference):\n"
            "    return math.ceil(2.8 * spread / difference)",
            "For half the difference it takes four times as many",
        ),
        (
            "import math\n\n\n"
            "def entries_needed(spread, difference):\n"
            "    return max(1, math.floor((2.8 * spread / difference) ** 2))",
            "with one entry less, it is not",
        ),
    ],
    "flaw": [
        (
            "def flaw(report):\n"
            "    if report['seeds'] < 2:\n"
            "        return 'one seed'\n"
            "    if report['tokens'][0] != report['tokens'][1]:\n"
            "        return 'other tokens'\n"
            "    if report['entries'][0] != report['entries'][1]:\n"
            "        return 'other entries'\n"
            "    return 'picked' if report['chance'] * report['compared'] >= 0.05 else 'nothing'",
            "Means over other tokens come first",
        ),
        (
            "def flaw(report):\n"
            "    if report['tokens'][0] != report['tokens'][1]:\n"
            "        return 'other tokens'\n"
            "    if report['entries'][0] != report['entries'][1]:\n"
            "        return 'other entries'\n"
            "    if report['seeds'] < 2:\n"
            "        return 'one seed'\n"
            "    return 'picked' if report['compared'] > 1 else 'nothing'",
            "The best of many comparisons is picked if",
        ),
        (
            "def flaw(report):\n"
            "    if report['tokens'][0] != report['tokens'][1]:\n"
            "        return 'other tokens'\n"
            "    return 'one seed' if report['seeds'] < 2 else 'nothing'",
            "asked the same entries",
        ),
    ],
}
