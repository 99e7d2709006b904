"""What a difference is worth: resampling is a plain loop, and many comparisons are corrected."""

import numpy as np
import pytest

from companion import resampling


@pytest.mark.parametrize("own", [False, True])
def test_resampling_is_a_plain_loop_over_what_was_drawn(own):
    dice = np.random.default_rng(5)
    values, weights = dice.normal(size=(3, 4)), dice.integers(1, 9, (3, 4)).astype(float)
    seeds = resampling.draws(dice, 3, 20)
    entries = [resampling.draws(dice, 4, 20) for _ in range(3 if own else 1)]
    found = resampling.resampled(values, weights, seeds, entries if own else entries[0])
    for turn in range(20):
        top = bottom = 0.0
        for seed in range(3):
            for entry in range(4):
                times = seeds[turn, seed] * entries[seed if own else 0][turn, entry]
                top += times * values[seed, entry]
                bottom += times * weights[seed, entry]
        assert found[turn] == pytest.approx(top / bottom)


def test_a_difference_that_is_the_same_everywhere_is_certain_and_one_that_is_noise_is_not():
    dice = np.random.default_rng(0)
    ones, (seeds, entries) = np.ones((3, 50)), (resampling.draws(dice, n) for n in (3, 50))
    steady = resampling.resampled(0.2 * ones, ones, seeds, entries)
    assert resampling.interval(steady) == [0.2, 0.2]
    assert resampling.chance(steady) == pytest.approx(2 / 10_001)
    noise = resampling.resampled(dice.normal(size=(3, 50)), ones, seeds, entries)
    low, high = resampling.interval(noise)
    assert low < 0 < high
    assert resampling.chance(noise) > 0.05


def test_holm_multiplies_by_what_is_left_and_never_goes_down():
    assert resampling.holm({"a": 0.01, "b": 0.02, "c": 0.02, "d": 0.9}) == {
        "a": 0.04,
        "b": 0.06,
        "c": 0.06,
        "d": 0.9,
    }
    assert resampling.holm({}) == {}
