"""The benchmarks run, agree on every batch before they time it, and write whole files."""

import json

import pytest

from benchmarks import collating, measuring, tokenizing

# A round of each is enough to see that they run; the figures are for `make bench`.
NO_TIME = 0.0


@pytest.fixture(scope="module")
def timed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    return collating.main(NO_TIME, folder), folder


def test_every_cell_of_the_table_is_timed(timed):
    results, _ = timed
    assert len(results["microseconds"]) == 2 * 2 * len(collating.SIZES)
    for cell, medians in results["microseconds"].items():
        teaching = set() if ", masked" in cell else {"teaching"}
        expected = {"limit", "ours", "fused loop", "trl", "transformers"} | teaching
        assert medians.keys() == expected
        assert all(median > 0 for median in medians.values())
        assert results["ratios"][cell]["ours"] == 1


def test_what_is_written_is_what_was_measured(timed):
    results, folder = timed
    assert json.loads((folder / "collating.json").read_text()) == results
    assert [file.name for file in folder.iterdir()] == ["collating.json"]


def test_a_batch_that_differs_is_not_timed(monkeypatch):
    good = collating.fused

    def wrong(entries):
        inputs, targets = good(entries)
        return inputs, targets.roll(1)

    monkeypatch.setattr(collating, "fused", wrong)
    with pytest.raises(AssertionError, match="fused loop gives another batch than ours"):
        collating.compare(collating.embedded(), 8, False, NO_TIME)


def test_the_long_tail_is_as_it_is_described():
    lengths = sorted(len(entry.ids) for entry in collating.long_tailed())
    assert 100 <= sum(lengths) / len(lengths) <= 116
    assert 340 <= lengths[len(lengths) * 99 // 100] <= 420
    assert lengths[-1] <= 1293


def test_tokenizing_is_timed(tmp_path):
    results = tokenizing.main(NO_TIME, tmp_path)
    assert results["ratio"] > 0
    assert results["entries"] > 0


def test_calls_take_turns_over_their_own_inputs():
    seen = {"a": [], "b": []}
    calls = {name: seen[name].append for name in seen}
    medians = measuring.take_turns(calls, {"a": [1, 2], "b": [3]}, NO_TIME)
    assert medians.keys() == seen.keys()
    assert seen["a"] == [1, 1, 2, 1, 2, 1]  # the first call is not timed
    assert seen["b"] == [3] * 6
