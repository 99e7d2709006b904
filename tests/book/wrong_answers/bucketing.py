"""Answers to the exercises of chapter 09 that learners really give, each wrong in its own way.


By exercise: the source of the answer, and a part of the sentence that it must be refused with.
"""

WRONG_ANSWERS: dict[str, list[tuple[str, str]]] = {
    "widths_of": [
        (
            "def widths_of(lengths, batches):\n    return max(lengths) + 1",
            "one width for each batch",
        ),
        (
            "def widths_of(lengths, batches):\n    return [max(batch) + 1 for batch in batches]",
            "it is their lengths that count",
        ),
        (
            "def widths_of(lengths, batches):\n"
            "    return [max(lengths[i] for i in batch) for batch in batches]",
            "a column for the end token",
        ),
        (
            "def widths_of(lengths, batches):\n    return [max(lengths) + 1] * len(batches)",
            "wider than its own longest row",
        ),
    ],
    "share_of_epoch": [
        (
            "def share_of_epoch(lengths, batches):\n"
            "    longest = [max(lengths[i] for i in batch) for batch in batches]\n"
            "    shares = [sum(max(top - lengths[i] - 1, 0) for i in batch) / (len(batch) * top)\n"
            "              for batch, top in zip(batches, longest)]\n"
            "    return sum(shares) / len(shares)",
            "before you divide",
        ),
        (
            "def share_of_epoch(lengths, batches):\n"
            "    slots = sum(len(b) * max(lengths[i] for i in b) for b in batches)\n"
            "    return 1 - sum(lengths) / slots",
            "an end token is none",
        ),
        (
            "def share_of_epoch(lengths, batches):\n"
            "    return sum(max(lengths[i] for i in b) * len(b) for b in batches) - sum(lengths)",
            "between 0 and 1",
        ),
    ],
    "bucket_batches": [
        (
            "def bucket_batches(lengths, size, seed):\n"
            "    order = sorted(range(len(lengths)), key=lengths.__getitem__)\n"
            "    return [order[i:i + size] for i in range(0, len(order), size)]",
            "do not come in the order",
        ),
        (
            "import random\n\n\n"
            "def bucket_batches(lengths, size, seed):\n"
            "    order = list(range(len(lengths)))\n"
            "    random.Random(seed).shuffle(order)\n"
            "    return [order[i:i + size] for i in range(0, len(order), size)]",
            "like goes with like",
        ),
        (
            "def bucket_batches(lengths, size, seed):\n"
            "    order = sorted(lengths)\n"
            "    return [order[i:i + size] for i in range(0, len(order), size)]",
            "comes exactly once",
        ),
        (
            "def bucket_batches(lengths, size, seed):\n"
            "    return [sorted(range(len(lengths)), key=lengths.__getitem__)]",
            "none holds more than size",
        ),
    ],
}
