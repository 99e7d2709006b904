"""Resampling: what a difference between two conditions is worth, when chance is counted in.

Both conditions were measured on the same entries, with the same seeds, so they are compared
entry by entry and seed by seed. What other entries and other seeds might have given is told by
drawing both anew, with replacement, many times. What it leaves out: the runs themselves
(`experiments.styles`), and why a difference is there. Chapter 15.
"""

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDS = 10_000
Floats = NDArray[np.float64]


def draws(dice: np.random.Generator, size: int, rounds: int = ROUNDS) -> Floats:
    """Give how often each of `size` things is drawn, in each round; shape (rounds, size).

    >>> draws(np.random.default_rng(0), 4, rounds=2).sum(1)
    array([4., 4.])
    """
    return dice.multinomial(size, np.full(size, 1 / size), rounds).astype(np.float64)


def resampled(
    values: Floats, weights: Floats, seeds: Floats, entries: Floats | Sequence[Floats]
) -> Floats:
    """Give the weighted mean of each round: sum of values / sum of weights, of what was drawn.

    `values`, `weights`: shape (seeds, entries): a sum over an entry's tokens, and how many they
    are. `seeds`: draws of shape (rounds, seeds). `entries`: draws of shape (rounds, entries),
    where all seeds saw the same entries; or one for each seed, where each had its own.

    >>> resampled(np.array([[1.0, 2.0]]), np.ones((1, 2)), np.ones((1, 1)), np.array([[0.0, 2.0]]))
    array([2.])
    """
    each = [entries] * len(values) if isinstance(entries, np.ndarray) else entries
    top = np.stack([drawn @ row for drawn, row in zip(each, values, strict=True)], 1)
    bottom = np.stack([drawn @ row for drawn, row in zip(each, weights, strict=True)], 1)
    mean: Floats = (seeds * top).sum(1) / (seeds * bottom).sum(1)
    return mean


def interval(rounds: Floats) -> list[float]:
    """Give the middle 95 % of the rounds, as two numbers.

    >>> interval(np.arange(1001.0))
    [25.0, 975.0]
    """
    return [round(float(bound), 4) for bound in np.quantile(rounds, (0.025, 0.975))]


def chance(rounds: Floats) -> float:
    """Give the two-sided p-value of "no difference": how often the rounds cross zero.

    It is never 0: with n rounds, no less than 2 / (n + 1).

    >>> chance(np.array([1.0, 2.0, 3.0, -1.0, 2.0, 2.0, 1.0]))
    0.5
    """
    beyond = min((rounds <= 0).sum(), (rounds >= 0).sum())
    return float(min(1.0, 2 * (1 + beyond) / (len(rounds) + 1)))


def holm(chances: Mapping[Any, float]) -> dict[Any, float]:
    """Give the p-values after Holm's correction for as many comparisons as there are.

    The smallest is multiplied by their number, the next by one less, and none becomes smaller
    than one before it.

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'c': 0.06, 'b': 0.06}
    """
    corrected: dict[Any, float] = {}
    highest = 0.0
    for done, name in enumerate(sorted(chances, key=lambda n: chances[n])):
        highest = max(highest, min(1.0, (len(chances) - done) * chances[name]))
        corrected[name] = highest
    return corrected


def smallest_effect(rounds: Floats, comparisons: int = 1, power: float = 0.8) -> float:
    """Give the difference that would have been found four times in five, at a level of 5 %.

    It is a number of standard errors, which are the spread of the rounds; with many
    comparisons, of the first that Holm's correction looks at.

    >>> round(smallest_effect(np.random.default_rng(0).normal(0, 1, 100_000)), 1)
    2.8
    """
    normal = NormalDist()
    errors = normal.inv_cdf(1 - 0.025 / comparisons) + normal.inv_cdf(power)
    return float(errors * rounds.std())
