"""The script on worker processes: what it measures is what it says, and it writes whole files."""

import gc
import json
import pickle
import time
from multiprocessing import active_children, get_context
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.lengths import long_tailed
from companion.collating import Collator
from companion.loading import make_loader
from companion.results import load
from experiments import workers
from files import run_quickly

ROWS = [[number] * (1 + number % 3) for number in range(20)]
LINUX = Path("/proc/self/smaps").exists()


def points(**waits):
    """Give a curve: for each setting, how long the loop waits at the costs 0, 1, 2, 4, ..."""
    return [
        {
            "setting": name,
            "milliseconds added to the collate": cost,
            "milliseconds waited for a batch": {"median": wait},
        }
        for name, times in waits.items()
        for cost, wait in zip((0.0, 1.0, 2.0, 4.0), times, strict=False)
    ]


# Where workers begin to pay --------------------------------------------------------------


@pytest.mark.parametrize(
    ("without", "theirs", "expected"),
    [
        ([1, 2, 3, 5], [2, 2.5, 2.5, 3], 1.5),
        ([1, 2, 3, 5], [2, 2, 2, 2], 1.0),
        ([1, 2, 3, 5], [3, 3, 4, 4], 3.0),
        ([1, 2, 3, 5], [0, 1, 2, 4], 0.0),
        ([1, 2, 3, 5], [2, 3, 4, 6], None),
        ([1, 2, 3, 5], [1, 2, 3, 5], None),
        ([1, 2, 3, 5], [2, 1, 2, 6], None),  # what pays in the middle alone does not pay on
        ([1, 2, 3, 5], [0, 3, 2, 4], 1.5),  # the last crossing counts, and not the first
    ],
)
def test_workers_pay_from_the_last_cost_at_which_the_curves_cross(without, theirs, expected):
    curve = points(**{"0 workers": without, "1 worker, fork": theirs})
    assert workers.crossover(curve, "1 worker, fork") == expected
    assert workers.crossover(curve[::-1], "1 worker, fork") == expected


@pytest.mark.parametrize(
    "curve",
    [
        points(**{"0 workers": [1, 2]}),
        points(**{"0 workers": [1, 2], "1 worker, fork": [1]}),
        points(**{"1 worker, fork": [1, 2]}),
        [],
    ],
)
def test_a_setting_that_was_not_measured_at_the_same_costs_is_refused(curve):
    with pytest.raises(ValueError, match="'1 worker, fork' is compared at the costs of '0 work"):
        workers.crossover(curve, "1 worker, fork")


def test_the_middle_is_the_median_between_the_quartiles():
    values = [5.0, 1.0, 2.0, 40.0, 3.5, 2.25]
    assert workers.middle(values) == {
        "median": np.median(values).item(),
        "quartiles": [round(np.quantile(values, part).item(), 3) for part in (0.25, 0.75)],
    }


# The collate, made slower ----------------------------------------------------------------


@pytest.mark.parametrize("milliseconds", [0.0, 3.0])
def test_to_spin_takes_that_much_of_the_threads_own_time(milliseconds):
    before = time.thread_time()
    workers.spin(milliseconds)
    assert milliseconds <= 1000 * (time.thread_time() - before) < milliseconds + 2


@pytest.mark.parametrize("setting", ["0 workers", "2 workers, fork"])
def test_a_cost_reaches_workers_that_run_already_and_changes_no_batch(setting):
    slow = workers.SlowCollator()
    loader = workers.loader_for(ROWS, slow, setting)
    workers.prove({"ours": workers.loader_for(ROWS, Collator(), "0 workers"), "slow": loader})
    slow.milliseconds.value = 80.0
    times = list(workers.epoch(loader))
    assert len(times) == 3
    assert sum(took for _, took in times) >= 2 * 80  # of three batches, one worker made two


def test_what_is_handed_over_is_the_same_batch_in_three_ways():
    inputs, targets = Collator()(ROWS)
    arrays = workers.as_arrays(ROWS)
    assert all(type(part) is np.ndarray for part in arrays)
    assert [part.tolist() for part in arrays] == [inputs.tolist(), targets.tolist()]
    assert workers.no_batch(ROWS) is None


# An epoch --------------------------------------------------------------------------------


def test_settings_that_give_the_same_batches_are_proved():
    same = ("0 workers", "1 worker, fork", "2 workers, fork")
    workers.prove({setting: workers.loader_for(ROWS, Collator(), setting) for setting in same})


@pytest.mark.parametrize(
    "other",
    [
        make_loader(ROWS, Collator(), batch_size=workers.BATCH),
        workers.loader_for(ROWS[:-1], Collator(), "0 workers"),
        workers.loader_for(ROWS, Collator(ignore_index=-1), "0 workers"),
    ],
)
def test_a_setting_that_gives_other_batches_is_refused(other):
    loaders = {"0 workers": workers.loader_for(ROWS, Collator(), "0 workers"), "broken": other}
    with pytest.raises(ValueError, match="'broken' gives other batches; nothing was timed"):
        workers.prove(loaders)
    with pytest.raises(ValueError, match="'broken' gives other batches"):
        workers.epochs(loaders, 2)
    with pytest.raises(ValueError, match="'broken' gives other batches"):
        workers.curve(loaders, workers.SlowCollator(), [0.0], 2)


def test_arrays_that_are_not_the_tensors_are_refused(monkeypatch):
    monkeypatch.setattr(workers, "as_arrays", Collator(ignore_index=-1))
    with pytest.raises(ValueError, match="'two arrays' gives other batches; nothing was timed"):
        workers.handing_over(ROWS, 2)


def test_the_time_of_a_batch_is_what_was_waited_and_the_step():
    def slowly():
        for number in range(3):
            time.sleep(0.02)
            yield number

    times = list(workers.epoch(slowly(), step=30.0))
    assert len(times) == 3
    for waited, took in times:
        assert waited >= 20
        assert took >= waited + 30


def test_every_call_has_its_turn_in_each_round_in_an_order_that_changes():
    seen = []
    calls = {name: lambda name=name: seen.append(name) or [(0.0, 1.0)] for name in "abcd"}
    found = workers.in_turns(calls, 6)
    rounds = [tuple(seen[at : at + 4]) for at in range(0, 24, 4)]
    assert all(sorted(order) == list("abcd") for order in rounds)
    assert len(set(rounds)) > 1
    assert found == {name: [[(0.0, 1.0)]] * 6 for name in "abcd"}


def test_no_worker_is_left_when_the_epochs_are_over():
    before = set(active_children())
    loaders = {"1 worker, fork": workers.loader_for(ROWS, Collator(), "1 worker, fork")}
    (made,) = workers.epochs(loaders, 2)
    assert made["setting"] == "1 worker, fork"
    assert made["milliseconds to the first batch ever"] > 0
    assert set(active_children()) - before != set()
    del loaders
    gc.collect()
    assert set(active_children()) - before == set()


# Memory ----------------------------------------------------------------------------------


def test_a_process_owns_what_it_wrote_and_not_what_it_read(tmp_path):
    if not LINUX:
        assert workers.memory(1) == []
        return
    file = tmp_path / "numbers"
    file.write_bytes(bytes(range(256)) * 2**17)  # 32 MiB
    before = workers.own_memory()
    read = np.memmap(file, mode="r")
    assert read.sum() > 0
    assert workers.own_memory() - before < 8
    written = np.ones(2**26, dtype=np.uint8)  # so large that no freed memory is used for it
    assert 60 < workers.own_memory() - before < 72
    assert written.all()


def test_a_forked_process_shares_what_neither_writes():
    if not LINUX:
        assert workers.memory(1) == []
        return
    held = np.ones(2**26, dtype=np.uint8)
    assert workers.own_memory() > 64
    context = get_context("fork")
    done = context.Event()
    child = context.Process(target=done.wait)
    child.start()
    owned = workers.own_memory(child.pid)
    done.set()
    child.join()
    assert owned < 32
    assert held.all()


def test_every_kind_holds_the_same_entries(tmp_path):
    folder = tmp_path / "set"
    workers.save_long_tailed(30, folder)
    expected = [entry.ids.tolist() for entry in long_tailed(30)]
    lists, flat, mapped = (workers.of_kind(kind, folder) for kind in workers.KINDS[1:])
    assert lists == expected
    assert [flat[at].ids.tolist() for at in range(30)] == expected
    assert [mapped[at].ids.tolist() for at in range(30)] == expected
    # What a spawned worker is sent: the array itself, or the place of the memory map.
    assert len(pickle.dumps(mapped)) < 500 < flat.ids.nbytes < len(pickle.dumps(flat))
    assert len(Collator()(workers.of_kind("nothing", folder)).inputs) == workers.BATCH


def test_an_unknown_kind_is_refused(tmp_path):
    workers.save_long_tailed(3, tmp_path / "set")
    with pytest.raises(ValueError, match=r"a kind is one of nothing, .*; found 'tensors'"):
        workers.of_kind("tensors", tmp_path / "set")


# The script ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    return run_quickly("experiments.workers", tmp_path_factory.mktemp("results"))


def test_a_quick_run_says_how_it_was_measured(quick):
    results, _ = quick
    assert {"cores", "processor", "system"} <= results["machine"].keys()
    assert len(results["machine"]["processes that wanted a core, before and after"]) == 2
    assert results["versions"]["torch"] == torch.__version__
    assert results["seeds"] == workers.SEEDS
    assert results["date"]


def test_a_quick_run_measures_every_cost_in_every_setting_and_prints_where_they_cross(quick):
    results, printed = quick
    settings = ["0 workers", "1 worker, fork"]
    assert [at["setting"] for at in results["epochs"]] == settings
    assert [at["handed over"] for at in results["handing over"]] == [
        "two tensors",
        "two arrays",
        "nothing",
    ]
    measured = {(at["setting"], at["milliseconds added to the collate"]) for at in results["curve"]}
    assert measured == {(name, cost) for name in settings for cost in (0.0, 8.0)}
    for at in results["curve"]:
        assert at["milliseconds a batch and its step"]["median"] >= workers.STEP
    assert json.loads(printed) == results["workers pay from"]
    _pay_where_the_curves_cross(results)


def test_a_worker_comes_to_own_the_lists_that_it_reads_and_not_the_array(quick):
    results, _ = quick
    if not LINUX:
        assert results["memory"] == []
        return
    grown = {
        at["data"]: at["MiB in a worker after two epochs"] - at["MiB in a worker after one batch"]
        for at in results["memory"]
    }
    assert grown["lists of integers"] > grown["one flat array"] + 5


def test_a_quick_run_does_not_overwrite_the_packaged_figures(capsys):
    with pytest.raises(SystemExit):
        workers.main(["--quick"])
    assert "--quick needs --out" in capsys.readouterr().err


def test_the_packaged_figures_are_of_every_setting_cost_and_kind():
    results = load("workers")
    assert [at["setting"] for at in results["epochs"]] == list(workers.SETTINGS)
    assert len(results["curve"]) == len(workers.SETTINGS) * len(workers.COSTS)
    assert {(at["data"], at["method"]) for at in results["memory"]} == {
        (kind, method) for kind in workers.KINDS for method in workers.METHODS
    }
    _pay_where_the_curves_cross(results)


def _pay_where_the_curves_cross(results):
    settings = {point["setting"] for point in results["curve"]} - {"0 workers"}
    assert settings
    assert results["workers pay from"] == {
        name: workers.crossover(results["curve"], name) for name in settings
    }
