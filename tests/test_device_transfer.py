"""The script on moving batches: all ways give the same batches, and one that differs is refused.

What needs a CUDA device is not timed here; how its loaders are set up, and refused, is.
"""

import threading
import time
from dataclasses import replace
from multiprocessing import active_children

import pytest
import torch

from benchmarks import measuring
from benchmarks.lengths import long_tailed
from companion.collating import Batch
from companion.results import load, names
from experiments import device_transfer as transfer
from files import run_quickly

CPU = torch.device("cpu")
NEAR = {name: way for name, way in transfer.WAYS.items() if not way.workers}
(SIZE,) = transfer.QUICK


@pytest.fixture(scope="module")
def items():
    return transfer.entries(16, longest=40)


@pytest.fixture
def cuda(monkeypatch):
    """Let PyTorch say that there is a CUDA device; no tensor is moved to it."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


def pairs(count, width=3):
    return [Batch(torch.full((2, width), at), torch.full((2, width), at)) for at in range(count)]


# The ways --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    return run_quickly("experiments.device_transfer", tmp_path_factory.mktemp("results"))


def test_every_way_gives_the_same_batches_and_losses(quick):
    results, _ = quick
    (cell,) = results["cells"]
    if results["machine"]["device"] == "CPU":
        assert cell["failed"] == {}
        assert results["a forked worker that moves a batch says"] is None
    assert cell["ways"].keys() | cell["failed"].keys() == transfer.WAYS.keys()
    assert len(set(cell["losses of the first steps"])) == transfer.PROVED
    for way in cell["ways"].values():
        assert way["milliseconds a step"]["median"] > 0
        assert way["milliseconds to the first batch ever"] > 0


def test_a_quick_run_says_how_it_was_measured(quick):
    results, printed = quick
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    assert results["machine"]["device"] == device
    assert {"cores", "processor", "system"} <= results["machine"].keys()
    assert results["versions"]["torch"] == torch.__version__
    assert results["seeds"] == transfer.SEEDS
    assert results["date"]
    assert results["ways"].keys() == transfer.WAYS.keys()
    assert printed == transfer.table(results) + "\n"
    assert f"device: {device}" in printed


@pytest.mark.parametrize(
    "change",
    [
        lambda batch: Batch(batch.inputs, batch.targets.roll(1)),
        lambda batch: Batch(batch.inputs[:, :-1], batch.targets[:, :-1]),
        lambda batch: Batch(batch.inputs.flip(0), batch.targets.flip(0)),
    ],
)
def test_a_way_that_gives_other_batches_is_refused(items, monkeypatch, change):
    move = transfer.move
    monkeypatch.setattr(transfer, "WAYS", {name: NEAR[name] for name in list(NEAR)[:3]})
    monkeypatch.setattr(
        transfer,
        "move",
        lambda batch, device, wait: move(batch if wait else change(batch), device, wait),
    )
    with pytest.raises(
        ValueError,
        match="'in the loop, no waiting, 0 workers' gives other batches or losses; nothing was",
    ):
        transfer.compare(items, SIZE, 2, 2, CPU)


def test_a_way_that_gives_other_losses_is_refused(items, monkeypatch):
    seeds = iter([0, 1, 2, 3])

    class Another(transfer.Trainer):
        def __init__(self, *given):
            monkeypatch.setitem(transfer.SEEDS, "weights", next(seeds))
            super().__init__(*given)

    monkeypatch.setattr(transfer, "WAYS", NEAR)
    monkeypatch.setattr(transfer, "Trainer", Another)
    with pytest.raises(ValueError, match="'in the loop, 0 workers' gives other batches or losses"):
        transfer.compare(items, SIZE, 2, 2, CPU)


def test_losses_may_differ_by_rounding_and_batches_not_at_all():
    found = [("a", 2.0), ("b", 1.5)]
    assert transfer.same(found, [("a", 2.0), ("b", 1.5000001)])
    assert not transfer.same(found, [("a", 2.0), ("b", 1.51)])
    assert not transfer.same(found, [("a", 2.0), ("c", 1.5)])
    assert not transfer.same(found, found[:1])
    assert not transfer.same(found, found[::-1])


def test_a_way_that_cannot_work_is_reported_and_the_others_are_timed(items, monkeypatch):
    loader_of = transfer.loader_of
    message = "Caught RuntimeError in DataLoader worker process 0.\nTraceback\nRuntimeError: why\n"

    def loader(way, *given):
        if way.in_collate:
            raise RuntimeError(message)
        if way.ahead:
            raise ValueError("refused\nand more of it")
        return loader_of(way, *given)

    monkeypatch.setattr(transfer, "WAYS", NEAR)
    monkeypatch.setattr(transfer, "loader_of", loader)
    cell = transfer.compare(items, SIZE, 2, 2, CPU)
    assert cell["failed"] == {
        "in collate, 0 workers": "RuntimeError: why",
        "in a thread, pinned, no waiting, 0 workers": "refused",
    }
    assert cell["ways"].keys() == NEAR.keys() - cell["failed"].keys()
    lines = transfer.table({"machine": {"device": "CPU"}, "cells": [cell]}).splitlines()
    assert [" ".join(line.split()) for line in lines[-2:]] == [
        "in collate, 0 workers RuntimeError: why",
        "in a thread, pinned, no waiting, 0 workers refused",
    ]


def test_a_batch_that_is_not_on_the_device_is_refused():
    trainer = transfer.Trainer(CPU, SIZE.width, SIZE.layers)
    away = (Batch(*(part.to("meta") for part in pair)) for pair in pairs(2))
    with pytest.raises(ValueError, match="the batch is on meta, and the model on cpu"):
        transfer.proof(away, trainer, 2)


# On a CUDA device ------------------------------------------------------------------------


def test_a_forked_worker_that_moves_to_cuda_is_refused_before_anything_starts(cuda, items):
    way, before = transfer.WAYS["in collate, 2 forked workers"], active_children()
    with pytest.raises(ValueError, match="CUDA cannot be used in forked workers"):
        transfer.loader_of(way, items, 4, 0.0, torch.device("cuda"))
    assert active_children() == before


def test_every_other_way_can_be_set_up_for_cuda_and_pins_as_it_says(cuda, items):
    for name, way in transfer.WAYS.items():
        if way.method == "fork":
            continue
        loader = transfer.loader_of(way, items, 4, 0.0, torch.device("cuda"))
        assert loader.pin_memory is ("pinned" in name) is way.pin
        assert loader.num_workers == way.workers
        assert loader.collate_fn.device == ("cuda" if way.in_collate else "cpu")


def test_what_pytorch_says_in_a_forked_worker_is_its_last_line():
    said = transfer.error_in_a_forked_worker("abacus")
    assert said is not None
    assert "abacus" in said
    assert "\n" not in said


def test_no_figures_of_the_cpu_come_into_the_package(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(measuring, "RESULTS", tmp_path)
    monkeypatch.setattr(transfer, "RESULTS", tmp_path)
    monkeypatch.setattr(transfer, "ON_CPU", ())
    for arguments in ([], ["--out", str(tmp_path / "other.json")]):
        with pytest.raises(SystemExit, match=r"finds no CUDA device here.*another file with --out"):
            transfer.main(arguments)
    assert list(tmp_path.iterdir()) == []


def test_packaged_figures_are_those_of_a_cuda_device():
    assert "device_transfer" not in names() or load("device_transfer")["machine"]["device"] != "CPU"


# A thread ahead --------------------------------------------------------------------------


def test_a_thread_fetches_the_next_batch_while_one_is_used_and_only_that_one():
    asked, third = [], threading.Event()

    def source():
        for at, pair in enumerate(pairs(4)):
            asked.append(at)
            if at == 1:
                third.set()
            yield pair

    batches = transfer.ahead(source(), CPU)
    assert asked == []
    assert next(batches).inputs[0, 0] == 0
    assert third.wait(timeout=20)
    time.sleep(0.05)
    assert asked == [0, 1]
    assert [batch.inputs[0, 0].item() for batch in batches] == [1, 2, 3]


def test_the_thread_ends_with_the_batches_and_its_error_is_the_loops():
    def broken():
        yield from pairs(2)
        raise OSError("the disk is gone")

    before = set(threading.enumerate())
    batches = transfer.ahead(broken(), CPU)
    next(batches)
    next(batches)
    with pytest.raises(OSError, match="the disk is gone"):
        next(batches)
    stopped = transfer.ahead(iter(pairs(9)), CPU)
    next(stopped)
    assert set(threading.enumerate()) - before != set()
    stopped.close()
    assert set(threading.enumerate()) - before == set()


# A block ---------------------------------------------------------------------------------


class Counting:
    """A trainer that only counts, and whose losses know whether they were read."""

    device = CPU

    def __init__(self):
        self.steps = self.read = 0

    def step(self, inputs, targets):
        self.steps += 1
        return self

    def item(self):
        self.read += 1


@pytest.mark.parametrize("reads_loss", [False, True])
def test_a_block_times_what_was_waited_in_its_own_steps_alone(reads_loss, monkeypatch):
    monkeypatch.setattr(transfer, "LEAD", 3)

    def source():
        for at, pair in enumerate(pairs(transfer.LEAD + 5)):
            time.sleep(0.1 if at < transfer.LEAD else 0.01)
            yield pair

    trainer, batches = Counting(), source()
    took, waited, busy = transfer.block(batches, trainer, 4, reads_loss)
    assert trainer.steps == transfer.LEAD + 4
    assert trainer.read == (4 if reads_loss else 0)
    assert 10 <= waited <= took < 100
    assert busy is None
    assert len(list(batches)) == 1


# The model -------------------------------------------------------------------------------


def test_the_model_reads_no_later_token():
    torch.manual_seed(0)
    model = transfer.Reader(16, 2)
    one = torch.randint(transfer.VOCABULARY, (2, 9))
    other = one.clone()
    other[:, 5:] = 7
    scores, changed = model(one), model(other)
    assert scores.shape == (2, 9, transfer.VOCABULARY)
    assert torch.allclose(scores[:, :5], changed[:, :5], atol=1e-6)
    assert not torch.allclose(scores[:, 5:], changed[:, 5:], atol=1e-3)


def test_entries_are_those_of_the_benchmarks_with_fewer_ids():
    items = transfer.entries(16)
    assert [len(ids) for ids in items] == [len(entry.ids) for entry in long_tailed(16)]
    assert max(len(ids) for ids in items) == 1293
    assert max(ids.max() for ids in items) < transfer.VOCABULARY


def test_a_collate_that_costs_more_gives_the_same_batch():
    items = transfer.entries(4)
    quickly, slowly = (transfer.MovingCollator(cost, "cpu")(items) for cost in (0.0, 20.0))
    assert all(map(torch.equal, quickly, slowly))
    assert quickly.inputs.shape == (4, 512)
    before = time.thread_time()
    transfer.MovingCollator(20.0, "cpu")(items)
    assert time.thread_time() - before >= 0.02


def test_sizes_on_cuda_differ_in_one_thing_from_the_first():
    """Each comparison that the tables allow is of one thing: cost, batch, model or reading."""
    first = transfer.ON_CUDA[0]
    for size in transfer.ON_CUDA[1:]:
        assert size != first
        assert replace(size, cost=first.cost, reads_loss=first.reads_loss) in transfer.ON_CUDA
