"""The measurement of padding strategies: its small mode runs, and its figures fit together."""

import json

import numpy as np
import pytest
import torch

from benchmarks import padding_strategies
from companion.results import load


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    file = tmp_path_factory.mktemp("results") / "quick.json"
    threads = torch.get_num_threads()
    results = padding_strategies.main(["--quick", "--out", str(file)])
    assert torch.get_num_threads() == threads
    assert json.loads(file.read_text(encoding="utf-8")) == results
    return results


def test_made_lengths_have_the_mean_and_the_tail_that_were_aimed_at():
    lengths = padding_strategies.make_lengths(52_000, seed=1)
    assert lengths.mean() == pytest.approx(padding_strategies.SHAPE["mean"], rel=0.02)
    assert np.percentile(lengths, 99) == pytest.approx(379, rel=0.03)
    assert 1000 < lengths.max() <= 1293
    assert lengths.min() >= 1


def test_every_strategy_makes_an_epoch_of_the_same_entries():
    lengths = padding_strategies.make_lengths(1000, seed=1)
    for plan in padding_strategies.plans(lengths, seed=3).values():
        assert sorted(entry for batch in plan for entry in batch) == list(range(1000))
        assert {len(batch) for batch in plan} == {8}


def test_a_row_padded_once_is_as_wide_as_the_set():
    rows = [np.array([1, 2], dtype=np.int32), np.array([3], dtype=np.int32)]
    assert padding_strategies.static_rows(rows, width=4).tolist() == [
        [1, 2, 50256, 50256],
        [3, 50256, 50256, 50256],
    ]


def test_every_strategy_is_measured(measured):
    assert list(measured["strategies"]) == ["static", "dynamic", "mega-batches", "bucketed"]
    for figures in measured["strategies"].values():
        assert figures["steps"] == 150
        for name in ("batches alone", "with the model"):
            epoch = figures[f"seconds an epoch, {name}"]
            assert epoch["seconds"] > 0
            assert epoch["standard error"] >= 0
            assert epoch["batches timed"] >= 3


@pytest.mark.parametrize("which", ["quick", "packaged"])
def test_what_does_not_depend_on_the_machine_comes_out_as_it_must(measured, which):
    results = measured if which == "quick" else load("padding_strategies")
    share, held, waves = (
        {name: figures[key] for name, figures in results["strategies"].items()}
        for key in ("padding share", "megabytes held", "neighbours' correlation")
    )
    assert share["static"] > share["dynamic"] > 0.3
    assert share["dynamic"] > 5 * share["bucketed"]
    assert held["static"] > 10 * held["dynamic"]
    assert held["dynamic"] == held["bucketed"]
    assert waves["mega-batches"] > 0.5
    assert abs(waves["bucketed"]) < 0.2


def test_the_packaged_figures_are_of_the_large_set():
    results = load("padding_strategies")
    assert results["set"]["entries"] == 52_000
    assert results["strategies"]["bucketed"]["padding share"] < 0.05
    assert abs(results["strategies"]["bucketed"]["neighbours' correlation"]) < 0.05
