"""The padding lab in Python: its plans are the companion's own batches, counted."""

import json
import re

import numpy as np
import pytest
import traitlets

from companion.bucketing import LengthBucketSampler, cut_buckets, epoch_padding_share
from companion.entries import load_entries
from companion.explorer.lab import MEGA, STRATEGIES, PaddingLab, compare, epoch, plan
from companion.packing import plan_packs
from companion.padding import pad_batch, padding_share
from companion.storing import InstructionDataset
from files import run_under_node

SETTINGS = [(1, None), (3, None), (8, None), (8, 64), (8, 2048), (13, 1), (64, 100), (5000, None)]


@pytest.fixture(scope="module")
def embedded():
    lengths = InstructionDataset(load_entries()).lengths
    return lengths[np.random.default_rng(0).permutation(len(lengths))]


def row_sizes(planned):
    return [size for _, rows in planned.batches for row in rows for size in row]


@pytest.mark.parametrize(("batch_size", "max_length"), SETTINGS)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_text_comes_once_and_no_batch_is_too_large(
    embedded, strategy, batch_size, max_length
):
    planned = plan(embedded, strategy, batch_size, max_length)
    limit = max_length or int(embedded.max())
    least = np.sort(np.minimum(embedded, limit))
    slots = np.sort(row_sizes(planned))
    assert len(slots) == len(least)
    assert set((slots - least).tolist()) <= ({0} if strategy == "packed" else {0, 1})
    for width, rows in planned.batches:
        assert 1 <= len(rows) <= batch_size
        assert max(map(sum, rows)) <= width <= limit
    # All batches are full but the last, except buckets, which differ by at most one.
    counts = [len(rows) for _, rows in planned.batches]
    assert len(set(counts[:-1])) <= (2 if strategy == "bucketed" else 1)
    assert planned.steps == len(counts)


@pytest.mark.parametrize(("batch_size", "max_length"), SETTINGS)
@pytest.mark.parametrize("strategy", ["static", "dynamic"])
def test_a_batch_is_the_inputs_that_the_collator_gives(embedded, strategy, batch_size, max_length):
    planned = plan(embedded, strategy, batch_size, max_length)
    static = min(max_length or int(embedded.max()), int(embedded.max())) + 1
    for number, (width, rows) in enumerate(planned.batches[:5]):
        texts = embedded[number * batch_size : (number + 1) * batch_size]
        limit = width + 1 if max_length is None else max_length + 1
        whole = static if strategy == "static" else min(int(texts.max()) + 1, limit)
        inputs = pad_batch([[7] * length for length in texts], 8, 9, whole)[:, :-1]
        assert inputs.shape == (len(rows), width)
        assert (inputs != 9).sum(axis=1).tolist() == [size for (size,) in rows]


@pytest.mark.parametrize(("batch_size", "max_length"), SETTINGS)
def test_the_shares_are_those_of_the_companions_own_functions(embedded, batch_size, max_length):
    plans = compare(embedded, batch_size, max_length)
    limit = max_length or int(embedded.max())
    texts = np.minimum(embedded, limit)
    everyone = list(range(len(texts)))
    chunks = [everyone[i : i + batch_size] for i in range(0, len(texts), batch_size)]
    assert plans["dynamic"].padding_share == pytest.approx(epoch_padding_share(texts, chunks))
    assert plans["static"].padding_share == pytest.approx(padding_share(texts, int(texts.max())))
    order = []
    for i in range(0, len(texts), MEGA * batch_size):
        order += sorted(everyone[i : i + MEGA * batch_size], key=lambda i: -texts[i])
    chunks = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    assert plans["sorted"].padding_share == pytest.approx(epoch_padding_share(texts, chunks))
    assert [[row[0] for row in rows] for _, rows in plans["sorted"].batches] == [
        [min(texts[i] + 1, max(texts[chunk])) for i in chunk] for chunk in chunks
    ]


@pytest.mark.parametrize("max_length", [None, 64])
@pytest.mark.parametrize("batch_size", [1, 2, 8, 32, 64])
def test_buckets_are_as_good_as_the_samplers(embedded, batch_size, max_length):
    limit = max_length or int(embedded.max())
    texts = np.minimum(embedded, limit)
    shares = [
        epoch_padding_share(texts, list(LengthBucketSampler(texts, batch_size, seed=seed)))
        for seed in range(20)
    ]
    ours = plan(embedded, "bucketed", batch_size, max_length).padding_share
    assert ours == pytest.approx(np.mean(shares), abs=0.005)


def test_more_than_one_pool_is_sorted_pool_by_pool(embedded):
    many = np.tile(embedded, 3)
    ours = plan(many, "bucketed", 4).batches
    sampler = list(LengthBucketSampler(many, 4))
    assert len(ours) == len(sampler)
    share = epoch_padding_share(many, sampler)
    assert plan(many, "bucketed", 4).padding_share == pytest.approx(share, abs=0.005)
    buckets = cut_buckets(many, np.arange(len(many)), np.full(837, 4), np.arange(837) * 8 // 837)
    assert sorted(rows for _, rows in ours) == sorted(
        [[min(many[i] + 1, max(many[bucket]))] for i in bucket] for bucket in buckets
    )


@pytest.mark.parametrize("max_length", [None, 1, 100, 2048])
def test_packs_are_those_of_plan_packs(embedded, max_length):
    limit = max_length or int(embedded.max())
    sizes = np.minimum(embedded, limit)
    packs = sorted(sizes[pack].tolist() for pack in plan_packs(sizes, limit))
    planned = plan(embedded, "packed", 8, max_length)
    assert sorted(row for _, rows in planned.batches for row in rows) == packs
    assert planned.steps == -(-len(packs) // 8)


def test_neighbours_are_alike_where_sorted_and_only_there(embedded):
    def wave(strategy):
        means = [np.mean(rows) for _, rows in plan(embedded, strategy, 8).batches]
        return np.corrcoef(means[:-1], means[1:])[0, 1]

    assert wave("sorted") > 0.5
    assert abs(wave("bucketed")) < 0.2
    assert abs(wave("dynamic")) < 0.2


def test_the_packs_of_long_texts_do_not_all_come_first(embedded):
    longest = [max(map(max, rows)) for _, rows in plan(embedded, "packed", 8).batches]
    assert longest != sorted(longest, reverse=True)
    assert max(longest) not in longest[:1]


def test_what_is_cut_is_counted():
    planned = plan([3, 4, 5, 9], "dynamic", 4, max_length=4)
    assert planned.batches == [(4, [[4], [4], [4], [4]])]
    # Of 5 ids and an end token 5 are left; of 9 and an end token as well.
    assert (planned.texts_cut, planned.ids_cut) == (2, 1 + 5)
    assert (plan([3, 4], "packed", 4).texts_cut, plan([3, 4], "packed", 4).ids_cut) == (0, 0)


def test_the_costs_add_up_what_a_model_computes():
    planned = plan([4, 1, 2, 6], "dynamic", 2)
    assert planned.batches == [(4, [[4], [2]]), (6, [[3], [6]])]
    assert planned.slots == 2 * 4 + 2 * 6
    assert planned.squares == 2 * 16 + 2 * 36
    assert planned.text_squares == 16 + 4 + 9 + 36
    drawn = epoch([4, 1, 2, 6], "static", 2, 3)
    assert (drawn["texts"], drawn["longest"]) == (4, 6)  # uncut
    row = epoch([4, 1, 2, 6], "static", 2, None)["rows"][0]
    assert row["cost"] == 24 / 20
    assert row["attention"] == (4 * 36) / 104


@pytest.mark.parametrize("number", [0, -3, 10**9, 2.0, "8", True])
@pytest.mark.parametrize("name", ["batch_size", "max_length"])
def test_numbers_that_are_none_are_refused(name, number):
    with pytest.raises(ValueError, match=f"{name} is a whole number from 1 to 1,000,000"):
        plan([3, 4], "dynamic", **{name: number})


def test_a_strategy_that_is_none_is_refused_with_the_choices():
    with pytest.raises(ValueError, match="static, dynamic, bucketed, sorted, packed; found 'best'"):
        plan([3], "best")
    with pytest.raises(ValueError, match="found 'best'"):
        epoch([3], "best", 8, None)


def test_no_lengths_are_refused():
    with pytest.raises(ValueError, match="one number for each entry"):
        plan([], "dynamic")


# The widget ------------------------------------------------------------------------------


def test_traits_follow_can_be_linked_and_results_cannot_be_set(embedded):
    lab, other = PaddingLab(embedded), PaddingLab([5, 6, 7])
    traitlets.link((lab, "batch_size"), (other, "batch_size"))
    seen = []
    lab.observe(lambda change: seen.append(change["new"]), "padding_share")
    lab.batch_size = 64
    assert other.batch_size == 64
    assert other.steps == 1
    lab.strategy = "packed"
    lab.max_length = 1024
    planned = plan(lab.shuffled, "packed", 64, 1024)
    assert len(seen) == 3
    assert seen[-1] == lab.padding_share == planned.padding_share
    assert lab.steps == planned.steps
    assert lab.relative_cost == planned.slots / plan(lab.shuffled, "dynamic", 64, 1024).slots
    assert lab.drawn == epoch(lab.shuffled, "packed", 64, 1024)
    lab.lengths = [3, 3]
    assert lab.steps == 1
    with pytest.raises(traitlets.TraitError, match="read-only"):
        lab.steps = 3


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"strategy": "best"}, "strategy"),
        ({"batch_size": 0}, "batch_size is a whole number from 1 to 1,000,000; found 0"),
        ({"max_length": 0}, "max_length is a whole number"),
        ({"max_length": "long"}, "max_length"),
        ({"lengths": []}, "one number for each entry"),
        ({"lengths": [3, -1]}, "found -1 at entry 1"),
    ],
)
def test_what_is_refused_leaves_the_lab_as_it_was(chosen, message):
    lab = PaddingLab([3, 4, 5])
    before = repr(lab)
    for name, value in chosen.items():
        with pytest.raises(traitlets.TraitError, match=message):
            setattr(lab, name, value)
    assert repr(lab) == before
    with pytest.raises((traitlets.TraitError, ValueError), match=message):
        PaddingLab(**{"lengths": [3, 4, 5], **chosen})


def test_without_a_script_it_is_a_table_of_five_strategies(embedded):
    lab = PaddingLab(embedded, "bucketed", 8)
    data, _ = lab._repr_mimebundle_()
    assert data["text/html"] == PaddingLab(embedded, "bucketed", 8).html()
    assert data["text/plain"] == repr(lab)
    assert any("widget-view" in kind for kind in data)
    rows = re.findall(r'<tr><th scope="row">(\w+)</th><td>([\d.]+)%</td>', data["text/html"])
    plans = compare(lab.shuffled, 8)
    assert rows == [(name, f"{100 * plans[name].padding_share:.1f}") for name in STRATEGIES]


def test_the_page_carries_the_shuffled_lengths_and_the_state(embedded):
    lab = PaddingLab(embedded, "sorted", 4, 99)
    data = json.loads(re.search(r'<script type="application/json">(.*?)</script>', lab.html())[1])
    assert data["lengths"] == lab.shuffled
    assert sorted(data["lengths"]) == sorted(embedded)
    assert data["lengths"] != embedded.tolist()
    assert data["state"] == {"strategy": "sorted", "batch_size": 4, "max_length": 99}


def test_the_lab_begins_with_the_embedded_set():
    assert len(PaddingLab().lengths) == len(load_entries())


def test_its_browser_half_under_node(tmp_path):
    said = run_under_node("lab", tmp_path)
    assert re.search(r"^# pass 9$", said, re.MULTILINE), said
