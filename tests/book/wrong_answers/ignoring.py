"""Answers to the exercises of chapter 05 that learners really give, each wrong in its own way.

By exercise: the source of the answer, and a part of the sentence that it must be refused with.
"""

WRONG_ANSWERS: dict[str, list[tuple[str, str]]] = {
    "mean_over_supervised": [
        (
            "def mean_over_supervised(surprises, targets):\n"
            "    kept = [s for s, t in zip(surprises, targets) if t != -100]\n"
            "    return sum(kept) / len(targets)",
            "An ignored target is not counted",
        ),
        (
            "def mean_over_supervised(surprises, targets):\n"
            "    kept = [s for s, t in zip(surprises, targets) if t != -100]\n"
            "    return sum(surprises) / len(kept)",
            "is not added",
        ),
        (
            "def mean_over_supervised(surprises, targets):\n"
            "    kept = [s for s, t in zip(surprises, targets) if t > 0] or [0.0]\n"
            "    return sum(kept) / len(kept)",
            "a target 0 is a token",
        ),
    ],
    "ignore_pads": [
        (
            "def ignore_pads(targets, lengths):\n"
            "    return [[-100 if t == 50256 else t for t in row] for row in targets]",
            "The end token after each text stays",
        ),
        (
            "def ignore_pads(targets, lengths):\n"
            "    return [row[:n + 1] + [-100] * (len(row) - n - 1)\n"
            "            for row, n in zip(targets, lengths)]",
            "own end token is -100",
        ),
        (
            "def ignore_pads(targets, lengths):\n"
            "    return [row[:n] for row, n in zip(targets, lengths)]",
            "as many rows and columns",
        ),
        (
            "def ignore_pads(targets, lengths):\n"
            "    kept = []\n"
            "    for row, n in zip(targets, lengths):\n"
            "        inner = [-100 if t == 50256 else t for t in row[:n - 1]]\n"
            "        kept.append(inner + [50256] + [-100] * (len(row) - n))\n"
            "    return kept",
            "The tokens of a text stay",
        ),
    ],
    "supervised_count": [
        (
            "def supervised_count(rows):\n    return sum(len(row) - 1 for row in rows)",
            "For one text it counts the end token",
        ),
        (
            "def supervised_count(rows):\n    return len(rows) * max(len(row) for row in rows)",
            "pads bring none",
        ),
    ],
    "never_stops": [
        (
            "def never_stops(targets, lengths):\n"
            "    return [i for i, row in enumerate(targets) if 50256 not in row]",
            "though its text may hold another",
        ),
        (
            "def never_stops(targets, lengths):\n"
            "    return [i for i, row in enumerate(targets) if row[-1] == -100]",
            "though its pads are ignored",
        ),
        (
            "def never_stops(targets, lengths):\n"
            "    return [n for row, n in zip(targets, lengths) if row[n - 1] == -100]",
            "list of row numbers",
        ),
    ],
}
