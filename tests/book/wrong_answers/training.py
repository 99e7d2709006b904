"""Answers to the exercises of chapter 14 that learners really give, each wrong in its own way.

By exercise: the source of the answer, and a part of the sentence that it must be refused with.
"""

WRONG_ANSWERS: dict[str, list[tuple[str, str]]] = {
    "first_loss": [
        (
            "def first_loss(vocabulary):\n    return 1 / vocabulary",
            "Where there is one token alone",
        ),
        (
            "def first_loss(vocabulary):\n    import math\n    return -math.log(vocabulary)",
            "A loss is never below 0",
        ),
        (
            "def first_loss(vocabulary):\n    import math\n    return math.log2(vocabulary)",
            "the natural logarithm",
        ),
    ],
    "exact_share": [
        (
            "def exact_share(answers, stopped, expected):\n"
            "    right = sum(a == e for a, e in zip(answers, expected))\n"
            "    return right / len(answers)",
            "An answer that did not stop does not count",
        ),
        (
            "def exact_share(answers, stopped, expected):\n"
            "    rows = zip(answers, stopped, expected)\n"
            "    return sum(s and a.startswith(e) for a, s, e in rows) / len(answers)",
            "not even one that begins alike",
        ),
        (
            "def exact_share(answers, stopped, expected):\n"
            "    rows = zip(answers, stopped, expected)\n"
            "    return sum(s and a == e for a, s, e in rows)",
            "A share lies between 0 and 1",
        ),
        (
            "def exact_share(answers, stopped, expected):\n"
            "    return float(all(stopped) and answers == expected)",
            "every exact answer counts",
        ),
    ],
    "paired_differences": [
        (
            "def paired_differences(fault, right):\n"
            "    return [right[s] - fault[s] for s in sorted(fault) if s in right]",
            "A difference is the fault's figure minus the right run's",
        ),
        (
            "def paired_differences(fault, right):\n"
            "    return [sum(fault.values()) / len(fault) - sum(right.values()) / len(right)]",
            "one difference for each seed that both have",
        ),
        (
            "def paired_differences(fault, right):\n"
            "    both = [s for s in fault if s in right]\n"
            "    ours = sorted(fault[s] for s in both)\n"
            "    theirs = sorted(right[s] for s in both)\n"
            "    return [a - b for a, b in zip(ours, theirs)]",
            "compared with the right run of its own seed",
        ),
    ],
    "middle_95": [
        (
            "def middle_95(means):\n    return min(means), max(means)",
            "the lowest is left out",
        ),
        (
            "def middle_95(means):\n"
            "    out = len(means) // 40\n"
            "    return means[out], means[-1 - out]",
            "the lower one first",
        ),
        (
            "def middle_95(means):\n"
            "    means = sorted(means)\n"
            "    return means[len(means) // 40], means[-1]",
            "As many are left out above as below",
        ),
    ],
    "doctor": [
        (
            "import math\n\n\n"
            "def doctor(losses, vocabulary):\n"
            "    if math.isnan(losses[-1]):\n"
            "        return 'not a number'\n"
            "    if abs(losses[0] - math.log(vocabulary)) > 1:\n"
            "        return 'wrong at the start'\n"
            "    if losses[-1] > losses[0] / 2:\n"
            "        return 'flat'\n"
            "    return 'too good' if losses[-1] < 0.001 else 'nothing'",
            "One loss that is not a number decides",
        ),
        (
            "import math\n\n\n"
            "def doctor(losses, vocabulary):\n"
            "    if any(math.isnan(loss) for loss in losses):\n"
            "        return 'not a number'\n"
            "    if losses[0] > math.log(vocabulary) + 1:\n"
            "        return 'wrong at the start'\n"
            "    if losses[-1] > losses[0] / 2:\n"
            "        return 'flat'\n"
            "    return 'too good' if losses[-1] < 0.001 else 'nothing'",
            "on either side",
        ),
        (
            "import math\n\n\n"
            "def doctor(losses, vocabulary):\n"
            "    if any(math.isnan(loss) for loss in losses):\n"
            "        return 'not a number'\n"
            "    if abs(losses[0] - math.log(vocabulary)) > 1:\n"
            "        return 'wrong at the start'\n"
            "    if losses[-1] >= losses[0]:\n"
            "        return 'flat'\n"
            "    return 'too good' if losses[-1] < 0.001 else 'nothing'",
            "ends above half of where it began",
        ),
    ],
}
