"""Bucketing: which entries share a batch, on which rank, in which order."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from companion import InstructionDataset, load_entries
from companion.bucketing import (
    LengthBucketSampler,
    cut_buckets,
    epoch_padding_share,
    neighbour_correlation,
    pool_of_steps,
)

ENV = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}

LENGTHS = [9, 2, 8, 3, 2, 9, 30, 1, 4, 4, 12, 7, 5]

some_lengths = st.lists(st.integers(0, 300), min_size=1, max_size=120)


@pytest.fixture(scope="module")
def long_tailed():
    """52,000 lengths: half under 90, one in a hundred over 380, a few over 1,000."""
    dice = np.random.default_rng(7)
    return np.minimum(np.exp(dice.normal(4.49, 0.62, 52_000)), 1300).astype(int) + 1


@pytest.fixture(scope="module")
def embedded_lengths():
    """Give the lengths of the embedded set, in tokens, in the Alpaca style."""
    return InstructionDataset(load_entries()).lengths


def every_rank(lengths, ranks, epoch=0, **settings):
    samplers = [
        LengthBucketSampler(lengths, num_replicas=ranks, rank=r, **settings) for r in range(ranks)
    ]
    for sampler in samplers:
        sampler.set_epoch(epoch)
    return [list(sampler) for sampler in samplers]


def flat(batches):
    return [entry for batch in batches for entry in batch]


def test_entries_of_like_length_share_a_batch():
    batches = list(LengthBucketSampler([9, 2, 8, 3, 2, 9], batch_size=2))
    assert sorted(sorted(batch) for batch in batches) == [[0, 5], [1, 4], [2, 3]]


@given(
    lengths=some_lengths,
    batch_size=st.integers(2, 9),
    ranks=st.integers(1, 5),
    seed=st.integers(0, 99),
    epoch=st.integers(0, 5),
    pool=st.integers(1, 60),
)
def test_every_entry_comes_exactly_once_with_equal_steps_for_each_rank(
    lengths, batch_size, ranks, seed, epoch, pool
):
    ranks = min(ranks, len(lengths))
    given_to = every_rank(lengths, ranks, epoch, batch_size=batch_size, seed=seed, pool=pool)
    assert sorted(flat(flat(given_to))) == list(range(len(lengths)))
    steps = -(-len(lengths) // (ranks * batch_size))
    assert [len(batches) for batches in given_to] == [steps] * ranks
    sizes = {len(batch) for batch in flat(given_to)}
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1


@given(lengths=some_lengths, batch_size=st.integers(1, 9), ranks=st.integers(1, 5))
def test_with_drop_last_all_batches_are_full_and_no_entry_comes_twice(lengths, batch_size, ranks):
    lengths = lengths * (ranks * batch_size)  # enough for a step at least
    lengths = lengths[: len(lengths) - 1] if len(lengths) > ranks * batch_size else lengths
    given_to = every_rank(lengths, ranks, batch_size=batch_size, drop_last=True)
    entries = flat(flat(given_to))
    assert {len(batch) for batch in flat(given_to)} == {batch_size}
    assert len(set(entries)) == len(entries)
    assert len(lengths) - len(entries) < ranks * batch_size


def test_with_drop_last_other_entries_are_left_out_each_epoch():
    sampler = LengthBucketSampler(LENGTHS, batch_size=4, drop_last=True)
    left_out = []
    for epoch in range(12):
        sampler.set_epoch(epoch)
        left_out.append(tuple(set(range(13)) - set(flat(sampler))))
    assert {len(entries) for entries in left_out} == {1}
    assert len(set(left_out)) > 3


def test_a_small_last_batch_is_shared_out_over_all():
    assert sorted(map(len, LengthBucketSampler(range(9), batch_size=8))) == [4, 5]


@given(lengths=some_lengths, seed=st.integers(0, 99), epoch=st.integers(0, 9))
def test_the_same_seed_and_epoch_give_the_same_order(lengths, seed, epoch):
    one, other = (LengthBucketSampler(lengths, batch_size=3, seed=seed) for _ in range(2))
    list(other)  # what was given before does not matter
    one.set_epoch(epoch)
    other.set_epoch(epoch)
    assert list(one) == list(other)
    assert list(one) == list(one)


def test_another_epoch_and_another_seed_are_another_order():
    orders = []
    for seed in range(3):
        sampler = LengthBucketSampler(range(200), batch_size=4, seed=seed)
        for epoch in range(3):
            sampler.set_epoch(epoch)
            orders.append(tuple(flat(sampler)))
    assert len(set(orders)) == 9


def test_an_entry_keeps_other_company_in_another_epoch(long_tailed):
    sampler = LengthBucketSampler(long_tailed[:4000], batch_size=8)
    company = []
    for epoch in range(2):
        sampler.set_epoch(epoch)
        company.append(
            {frozenset((a, b)) for batch in sampler for a in batch for b in batch if a < b}
        )
    assert len(company[0] & company[1]) < 0.1 * len(company[0])


@given(
    lengths=some_lengths,
    epoch=st.integers(0, 3),
    ranks=st.integers(1, 3),
    data=st.data(),
)
def test_a_resumed_sampler_gives_what_was_left(lengths, epoch, ranks, data):
    ranks = min(ranks, len(lengths))
    settings = {"batch_size": 4, "seed": 5, "num_replicas": ranks, "rank": ranks - 1}
    whole = LengthBucketSampler(lengths, **settings)
    whole.set_epoch(epoch)
    stop = data.draw(st.integers(0, len(whole)))
    batches = iter(whole)
    first = [next(batches) for _ in range(stop)]
    state = json.loads(json.dumps(whole.state_dict()))
    assert (state["epoch"], state["given"]) == (epoch, stop)
    resumed = LengthBucketSampler(lengths, **settings)
    resumed.load_state_dict(state)
    resumed.set_epoch(epoch)  # as every training loop does, and it must not undo the resumption
    rest = list(resumed)
    assert rest == list(batches)
    whole.set_epoch(epoch)
    assert first + rest == list(whole)


def test_a_resumed_sampler_gives_whole_epochs_after_that():
    sampler = LengthBucketSampler(LENGTHS, batch_size=2)
    sampler.load_state_dict(sampler.state_dict(given=5))
    assert len(list(sampler)) == 2
    assert len(list(sampler)) == 7
    sampler.set_epoch(1)
    assert sampler.state_dict()["given"] == 0
    assert len(list(sampler)) == 7


def test_another_epoch_forgets_where_the_last_one_was_to_go_on():
    sampler = LengthBucketSampler(LENGTHS, batch_size=2)
    sampler.load_state_dict(sampler.state_dict(given=5))
    sampler.set_epoch(1)
    assert len(list(sampler)) == 7


def test_a_pass_that_was_left_begins_anew():
    sampler = LengthBucketSampler(LENGTHS, batch_size=2)
    first = next(iter(sampler))
    assert next(iter(sampler)) == first


def test_at_batch_8_under_5_percent_of_a_long_tailed_set_is_padding(long_tailed):
    batches = list(LengthBucketSampler(long_tailed, batch_size=8))
    assert epoch_padding_share(long_tailed, batches) < 0.05
    shuffled = np.random.default_rng(0).permutation(52_000).reshape(-1, 8).tolist()
    assert epoch_padding_share(long_tailed, shuffled) > 0.4


def test_a_batch_of_a_long_tailed_set_tells_nothing_about_the_next(long_tailed):
    batches = list(LengthBucketSampler(long_tailed, batch_size=8))
    assert abs(neighbour_correlation(long_tailed, batches)) < 0.05


def test_the_embedded_set_has_few_pads_and_no_waves(embedded_lengths):
    samplers = [LengthBucketSampler(embedded_lengths, batch_size=8, seed=s) for s in range(200)]
    epochs = [list(sampler) for sampler in samplers]
    waves = [neighbour_correlation(embedded_lengths, batches) for batches in epochs]
    pads = [epoch_padding_share(embedded_lengths, batches) for batches in epochs]
    assert abs(np.mean(waves)) < 0.05
    assert np.mean(pads) < 0.05


def test_ranks_get_batches_of_like_length_at_each_step(long_tailed):
    given_to = every_rank(long_tailed, 4, batch_size=8)
    widths = np.array([[long_tailed[batch].max() for batch in batches] for batches in given_to])
    assert widths.mean() / widths.max(axis=0).mean() > 0.94  # dealt out at random: 0.7
    alone = (widths == widths.max(axis=0)).sum(axis=0) == 1  # no other is as long
    longest = np.bincount(widths[:, alone].argmax(axis=0), minlength=4)
    assert longest.min() > 0.2 * longest.sum()


def test_a_data_loader_takes_it():
    loader = DataLoader(
        LENGTHS, batch_sampler=LengthBucketSampler(LENGTHS, batch_size=4), collate_fn=list
    )
    assert sorted(flat(loader)) == sorted(LENGTHS)
    assert len(loader) == len(list(loader)) == 4


def test_the_lengths_given_are_left_as_they_are():
    lengths = np.array(LENGTHS)
    list(LengthBucketSampler(lengths, batch_size=2))
    assert lengths.tolist() == LENGTHS


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"batch_size": 0}, "batch_size is a whole number, 1 or more; found 0"),
        ({"batch_size": -8}, "batch_size is a whole number, 1 or more; found -8"),
        ({"batch_size": 2.0}, "batch_size is a whole number, 1 or more; found 2.0"),
        ({"batch_size": True}, "batch_size is a whole number, 1 or more; found True"),
        ({"batch_size": "8"}, "batch_size is a whole number, 1 or more; found '8'"),
        ({"pool": 1e2}, "pool is a whole number, 1 or more; found 100.0"),
        ({"seed": None}, "seed is a whole number, 0 or more; found None"),
        ({"drop_last": 1}, "drop_last is True or False; found 1"),
        ({"seed": -1}, "seed is a whole number, 0 or more; found -1"),
        ({"pool": 0}, "pool is a whole number, 1 or more; found 0"),
        ({"num_replicas": 0}, "num_replicas is a whole number, 1 or more; found 0"),
        ({"rank": -1}, "rank is a whole number, 0 or more; found -1"),
        ({"num_replicas": 2, "rank": 2}, "num_replicas - 1, which is 1; found 2"),
        ({"num_replicas": 14}, "found 13 entries for 14 ranks: use fewer ranks"),
        ({"batch_size": 20, "drop_last": True}, "13 entries do not fill one step of 20"),
        ({"batch_size": 1, "num_replicas": 2}, "give no equal steps to 2 ranks: set drop_last"),
        ({"lengths": []}, "one number for each entry; found shape (0,)"),
        ({"lengths": [[1, 2]]}, "one number for each entry; found shape (1, 2)"),
        ({"lengths": [1, 2, -3]}, "a length is 0 or more; found -3 at entry 2"),
        ({"lengths": [1.5]}, "a length counts tokens, a whole number; found float64"),
    ],
)
def test_numbers_that_do_not_fit_are_named_with_the_rule(settings, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        LengthBucketSampler(**{"lengths": LENGTHS, "batch_size": 2, **settings})


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"batch_size": 3}, "with batch_size 2, and this one has 3"),
        ({"seed": 1}, "with seed 0, and this one has 1"),
        ({"num_replicas": 2}, "with num_replicas 1, and this one has 2"),
        ({"pool": 7}, "with pool 100, and this one has 7"),
        ({"drop_last": True}, "with drop_last 0, and this one has 1"),
        ({"lengths": LENGTHS[1:]}, "with entries 13, and this one has 12"),
        ({"lengths": [*LENGTHS[1:], 100]}, "with tokens 96, and this one has 187"),
        ({"lengths": LENGTHS[::-1]}, "had other lengths, or the same in another order"),
        ({"lengths": [8, 3, *LENGTHS[2:]]}, "had other lengths, or the same in another order"),
    ],
)
def test_a_state_of_another_sampler_is_refused(other, sentence):
    state = LengthBucketSampler(LENGTHS, batch_size=2).state_dict()
    sampler = LengthBucketSampler(**{"lengths": LENGTHS, "batch_size": 2, **other})
    with pytest.raises(ValueError, match=re.escape(sentence)):
        sampler.load_state_dict(state)


def test_a_state_from_before_the_digest_is_refused_with_what_to_do():
    state = LengthBucketSampler(LENGTHS, batch_size=2).state_dict()
    del state["lengths"]
    with pytest.raises(ValueError, match=r"no digest of the lengths.*: begin the epoch anew"):
        LengthBucketSampler(LENGTHS, batch_size=2).load_state_dict(state)


def test_numbers_may_be_numpys_and_a_state_is_still_json():
    one = LengthBucketSampler(LENGTHS, batch_size=np.int64(2), seed=np.uint8(3))
    one.set_epoch(np.int32(1))
    other = LengthBucketSampler(np.array(LENGTHS, dtype=np.uint16), batch_size=2, seed=3)
    other.load_state_dict(json.loads(json.dumps(one.state_dict(given=np.int64(2)))))
    assert list(other) == list(one)[2:]


def test_the_module_needs_no_torch():
    program = "import sys; sys.modules['torch'] = None; import companion.bucketing"
    subprocess.run([sys.executable, "-c", program], check=True, env=ENV, timeout=60)


def test_a_state_that_cannot_be_is_refused():
    sampler = LengthBucketSampler(LENGTHS, batch_size=2)
    for wrong in (2.0, True, -1, "2"):
        with pytest.raises(ValueError, match="given is a whole number, 0 or more; found"):
            sampler.state_dict(given=wrong)
        with pytest.raises(ValueError, match="given is a whole number, 0 or more; found"):
            sampler.load_state_dict({**sampler.state_dict(), "given": wrong})
    with pytest.raises(ValueError, match="the state lacks given, entries"):
        sampler.load_state_dict({"epoch": 0})
    with pytest.raises(ValueError, match="the epoch has 7 batches; found given 8"):
        sampler.state_dict(given=8)
    with pytest.raises(ValueError, match="the epoch has 7 batches; found given 8"):
        sampler.load_state_dict({**sampler.state_dict(), "given": 8})
    with pytest.raises(ValueError, match="epoch is a whole number, 0 or more; found -1"):
        sampler.set_epoch(-1)


def test_the_padding_share_of_an_epoch_counts_end_tokens_as_text():
    # Inputs 5 and 3 wide: 5 + 6 slots hold 5 + 2 + 3 ids, and the end token of the second.
    assert epoch_padding_share([5, 2, 3], [[0], [1, 2]]) == 0
    assert epoch_padding_share([5, 2, 3], [[0, 1, 2]]) == pytest.approx(3 / 15)
    assert epoch_padding_share([5, 1, 3], [[0], [1, 2]]) == pytest.approx(1 / 11)
    with pytest.raises(ValueError, match="an epoch has batches"):
        epoch_padding_share([5], [[]])


def test_the_correlation_is_of_neighbours():
    assert neighbour_correlation([1, 2, 3, 4], [[0], [1], [2], [3]]) == pytest.approx(1)
    assert neighbour_correlation([1, 9, 1, 9], [[0], [1], [2], [3]]) == pytest.approx(-1)
    with pytest.raises(ValueError, match="three batches or more"):
        neighbour_correlation([1, 2], [[0], [1]])


@pytest.mark.parametrize(("steps", "pools"), [(1, 1), (49, 1), (149, 1), (151, 2), (6500, 65)])
def test_pools_are_about_as_large_as_asked_for_and_as_each_other(steps, pools):
    counts = np.bincount(pool_of_steps(steps))
    assert len(counts) == pools
    assert counts.max() - counts.min() <= 1
    assert (np.diff(pool_of_steps(steps)) >= 0).all()


def test_buckets_are_cut_pool_by_pool_and_ties_keep_their_order():
    lengths = np.array([5, 9, 1, 5, 5, 2])
    buckets = cut_buckets(
        lengths, np.array([3, 1, 0, 5, 4, 2]), np.array([2, 1, 2, 1]), np.array([0, 0, 1, 1])
    )
    assert [bucket.tolist() for bucket in buckets] == [[3, 0], [1], [2, 5], [4]]
