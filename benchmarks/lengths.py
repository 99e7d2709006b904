"""Entries with lengths as real data has them, for benchmarks and experiments alike.

It stands apart from the benchmarks, so that a worker process need not import their peers.
"""

import numpy as np

from companion.tokenizing import END_ID, TokenizedEntry


def long_tailed(count: int = 4096, seed: int = 0) -> list[TokenizedEntry]:
    """Give entries with lengths as a large published set has them; the ids mean nothing.

    A log-normal (mean 4.47 and deviation 0.64 of the logarithm), held within 30 and 1,293:
    a mean of about 108 tokens, and one text in a hundred longer than about 380.
    """
    dice = np.random.default_rng(seed)
    lengths = np.clip(np.exp(dice.normal(4.47, 0.64, count)), 30, 1293).astype(int)
    lengths[0] = 1293  # the longest there may be is among them, in any sample
    return [
        TokenizedEntry(
            dice.integers(0, END_ID, length).astype(np.uint16),
            prompt_length=int(min(length // 2, 40)),
        )
        for length in lengths
    ]
