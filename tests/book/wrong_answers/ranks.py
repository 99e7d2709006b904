"""Answers to the exercises of chapter 12 that learners really give, each wrong in its own way.


By exercise: the source of the answer, and a part of the sentence that it must be refused with.
"""

WRONG_ANSWERS: dict[str, list[tuple[str, str]]] = {
    "each_once": [
        (
            "def each_once(entries, ranks, batch_size):\n"
            "    mine = [list(range(rank, entries, ranks)) for rank in range(ranks)]\n"
            "    return [[m[i:i + batch_size] for i in range(0, len(m), batch_size)]\n"
            "            for m in mine]",
            "equally many batches",
        ),
        (
            "def each_once(entries, ranks, batch_size):\n"
            "    order = [i % entries for i in range(-(-entries // ranks) * ranks)]\n"
            "    mine = [order[rank::ranks] for rank in range(ranks)]\n"
            "    return [[m[i:i + batch_size] for i in range(0, len(m), batch_size)]\n"
            "            for m in mine]",
            "No entry comes twice",
        ),
        (
            "def each_once(entries, ranks, batch_size):\n"
            "    steps = -(-entries // (ranks * batch_size))\n"
            "    size = entries // (steps * ranks)\n"
            "    cut = [list(range(i * size, (i + 1) * size)) for i in range(steps * ranks)]\n"
            "    return [cut[rank::ranks] for rank in range(ranks)]",
            "No entry is left out",
        ),
        (
            "def each_once(entries, ranks, batch_size):\n"
            "    return [[list(range(rank, entries, ranks))] for rank in range(ranks)]",
            "more than batch_size",
        ),
        (
            "def each_once(entries, ranks, batch_size):\n"
            "    return [list(range(rank, entries, ranks)) for rank in range(entries)]",
            "one list of batches for each rank",
        ),
    ],
    "losses_for_backward": [
        (
            "def losses_for_backward(sums, counts):\n"
            "    return [s / c if c else 0.0 for s, c in zip(sums, counts)]",
            "weighs the same on every rank",
        ),
        (
            "def losses_for_backward(sums, counts):\n    return [s / sum(counts) for s in sums]",
            "will be averaged",
        ),
        (
            "def losses_for_backward(sums, counts):\n"
            "    return [s / c for s, c in zip(sums, counts)]",
            "raises ZeroDivisionError",
        ),
        (
            "def losses_for_backward(sums, counts):\n    return [sum(sums) / sum(counts)]",
            "one number for each rank",
        ),
    ],
    "share_waited": [
        (
            "def share_waited(widths):\n"
            "    totals = [sum(of_rank) for of_rank in widths]\n"
            "    return 1 - sum(totals) / len(totals) / max(totals)",
            "At each step anew",
        ),
        (
            "def share_waited(widths):\n"
            "    steps = list(zip(*widths))\n"
            "    return sum(1 - sum(w) / len(w) / max(w) for w in steps) / len(steps)",
            "before you divide",
        ),
        (
            "def share_waited(widths):\n"
            "    longest = max(max(of_rank) for of_rank in widths)\n"
            "    every = [w for of_rank in widths for w in of_rank]\n"
            "    return 1 - sum(every) / len(every) / longest",
            "nobody waits",
        ),
        (
            "def share_waited(widths):\n"
            "    return sum(max(step) - min(step) for step in zip(*widths))",
            "between 0 and 1",
        ),
    ],
}
