"""Where should a batch be moved to the device? Some minutes, on a CUDA device.

    python -m experiments.device_transfer

The same batches and the same training steps, in every way that a batch can take: moved in the
collate function, without workers and by workers; moved by the training loop; pinned and moved
without waiting; moved by a thread while the step before is computed. Times are taken over
blocks of many steps, between two moments at which the device has nothing left to do: to look
at the clock after every step would hide exactly the overlap that is asked about. The ways take
turns in random order. The results go to `companion/results/device_transfer.json`.

Without a CUDA device moving is no work. The script then runs small sizes on the CPU and writes
where it is told, not into the package:

    python -m experiments.device_transfer --out here.json

What can be said there is that all ways give the same batches and losses, and what the workers
cost.
"""

import hashlib
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from itertools import chain, islice
from math import isclose
from typing import Any

import torch
from torch.utils.data import DataLoader

from benchmarks.lengths import long_tailed
from benchmarks.measuring import RESULTS, circumstances, options, write
from companion.collating import Batch, Collator, Item
from companion.loading import make_loader
from experiments.workers import middle, spin

SEEDS = {"lengths": 0, "order": 0, "turns": 3, "weights": 0}
VOCABULARY = 1024  # few, so that a small model spends its time in its layers
PROVED = 5  # steps of which batches and losses are compared, before anything is timed
LEAD = 8  # steps before a block: they use up what workers made while others were timed


@dataclass(frozen=True)
class Way:
    """How a batch comes to the device.

    `in_collate`: the collate function moves it. `pin`: it is put into pinned memory, from
    which the device can fetch it by itself. `wait`: the program waits for the copy. `ahead`:
    a thread of the same process fetches and moves the next batch meanwhile.
    """

    in_collate: bool = False
    workers: int = 0
    method: str | None = None
    pin: bool = False
    wait: bool = True
    ahead: bool = False


WAYS = {
    "in collate, 0 workers": Way(in_collate=True),
    "in collate, 2 spawned workers": Way(in_collate=True, workers=2, method="spawn"),
    "in collate, 2 forked workers": Way(in_collate=True, workers=2, method="fork"),
    "in the loop, 0 workers": Way(),
    "in the loop, no waiting, 0 workers": Way(wait=False),
    "in the loop, pinned, no waiting, 0 workers": Way(pin=True, wait=False),
    "in the loop, pinned, no waiting, 2 workers": Way(
        workers=2, method="forkserver", pin=True, wait=False
    ),
    "in a thread, pinned, no waiting, 0 workers": Way(pin=True, wait=False, ahead=True),
}


@dataclass(frozen=True)
class Size:
    """What one table is about: `cost` is the milliseconds that are added to the collate.

    `reads_loss`: the loop asks for the value of every loss, as to print it, and so waits for
    the device at every step.
    """

    width: int
    layers: int
    batch: int
    cost: float
    reads_loss: bool = False


ON_CUDA: tuple[Size, ...] = (
    Size(128, 2, batch=8, cost=0.0),
    Size(128, 2, batch=8, cost=5.0),
    Size(128, 2, batch=8, cost=0.0, reads_loss=True),
    Size(128, 2, batch=64, cost=0.0),
    Size(128, 2, batch=64, cost=5.0),
    Size(768, 12, batch=8, cost=0.0),
    Size(768, 12, batch=8, cost=5.0),
)
ON_CPU: tuple[Size, ...] = (Size(32, 1, batch=8, cost=0.0), Size(32, 1, batch=8, cost=5.0))
QUICK: tuple[Size, ...] = (Size(16, 1, batch=4, cost=0.0),)


@dataclass(frozen=True)
class MovingCollator:
    """A collate function of a given cost, that moves its batch to a device.

    It is a class of its own, and not a `Collator` with a device, so that the cost is part of it.
    """

    milliseconds: float
    device: str

    def __call__(self, batch: Sequence[Item]) -> Batch:
        """Give the batch on the device."""
        spin(self.milliseconds)
        end = VOCABULARY - 1
        collate = Collator(
            pad_id=end, end_id=end, max_length=512, truncation="keep_end", device=self.device
        )
        return collate(batch)


class Reader(torch.nn.Module):
    """A small causal model: what it learns is of no interest, only that it computes."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.embed = torch.nn.Embedding(VOCABULARY, width)
        layer = torch.nn.TransformerEncoderLayer(
            width, nhead=4, dim_feedforward=4 * width, dropout=0.0, batch_first=True
        )
        self.layers = torch.nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Give the scores of the next token, shape (batch, width, vocabulary)."""
        later = torch.nn.Transformer.generate_square_subsequent_mask(
            inputs.shape[1], device=inputs.device
        )
        hidden = self.layers(self.embed(inputs), mask=later, is_causal=True)
        return hidden @ self.embed.weight.T


class Trainer:
    """A model on a device, and one training step."""

    def __init__(self, device: torch.device, width: int, layers: int) -> None:
        torch.manual_seed(SEEDS["weights"])
        self.device = device
        self.model = Reader(width, layers).to(device)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.01)

    def step(self, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Learn from one batch, and give the loss, without asking the device for its value."""
        self.optimizer.zero_grad()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            scores = self.model(inputs)
        loss = torch.nn.functional.cross_entropy(scores.float().flatten(0, 1), targets.flatten())
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def finish(device: torch.device) -> None:
    """Wait until the device has done all that it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


# The ways ----------------------------------------------------------------------------------


def loader_of(
    way: Way, items: Sequence[Item], batch: int, cost: float, device: torch.device
) -> DataLoader[Any]:
    """Give the loader of a way. Pinning is left out where there is nothing to pin for."""
    return make_loader(
        items,
        MovingCollator(cost, str(device) if way.in_collate else "cpu"),
        batch_size=batch,
        shuffle=True,
        device=device,
        num_workers=way.workers,
        multiprocessing_context=way.method,
        pin_memory=way.pin and device.type == "cuda",
        persistent_workers=way.workers > 0,
        seed=SEEDS["order"],
    )


def endless(loader: DataLoader[Any]) -> Iterator[Batch]:
    """Give the batches of one epoch after the other."""
    while True:
        yield from loader


def arrive(batches: Iterator[Batch], way: Way, device: torch.device) -> Iterator[Batch]:
    """Give the batches on the device."""
    if way.ahead:
        yield from ahead(batches, device)
    for batch in batches:
        yield batch if way.in_collate else move(batch, device, way.wait)


def move(batch: Batch, device: torch.device, wait: bool) -> Batch:
    """Give the batch on the device; without waiting, it may still be on its way."""
    return Batch(*(part.to(device, non_blocking=not wait) for part in batch))


def ahead(batches: Iterator[Batch], device: torch.device) -> Iterator[Batch]:
    """Give the batches on the device, each moved by a thread while the one before is used.

    On a CUDA device the thread copies in a stream of its own, beside that of the training
    step, which waits for the copy on the device and not in the program.
    """
    stream = torch.cuda.Stream(device) if device.type == "cuda" else None

    def fetch() -> tuple[Batch, torch.cuda.Event | None]:
        with torch.cuda.stream(stream) if stream else nullcontext():
            moved = move(next(batches), device, wait=False)
            return moved, stream.record_event() if stream else None

    with ThreadPoolExecutor(max_workers=1) as thread:
        coming = thread.submit(fetch)
        while True:
            try:
                moved, arrived = coming.result()
            except StopIteration:
                return
            coming = thread.submit(fetch)
            if arrived is not None:
                here = torch.cuda.current_stream(device)
                here.wait_event(arrived)
                for part in moved:
                    part.record_stream(here)  # else its memory could be used again too early
            yield moved


IN_A_FORKED_WORKER = """
import sys
from functools import partial
import torch
from torch.utils.data import DataLoader

device = sys.argv[1]
try:
    torch.ones(1, device=device)  # as a model there does, before the workers start
    collate = partial(torch.tensor, device=device)
    loader = DataLoader(
        range(4), collate_fn=collate, num_workers=1, multiprocessing_context="fork"
    )
    list(loader)
except RuntimeError as error:
    print(str(error).strip().splitlines()[-1])
"""


def error_in_a_forked_worker(device: torch.device | str) -> str | None:
    """Give what PyTorch says when a forked worker moves a batch; None if that works.

    `make_loader` refuses it on a CUDA device; here PyTorch's own loader is asked, in a process
    of its own, so that nothing else breaks.
    """
    done = subprocess.run(
        [sys.executable, "-c", IN_A_FORKED_WORKER, str(device)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
    )
    return done.stdout.strip() or None


# Measuring ---------------------------------------------------------------------------------


def block(
    batches: Iterator[Batch], trainer: Trainer, steps: int, reads_loss: bool = False
) -> tuple[float, float, float | None]:
    """Give, of so many steps, the milliseconds a step takes, and those waited for its batch.

    To wait for a batch is all that happens in the loop until the step can begin: to collate
    it or get it from a worker, and to move it. The third is how long the device itself was at
    the step, from its own clock: None without one. What it lacks to the first is how long it
    had nothing to do.
    """
    for inputs, targets in islice(batches, LEAD):
        trainer.step(inputs, targets)
    device, waited, events = trainer.device, 0.0, []
    finish(device)
    begin = time.perf_counter()
    for _ in range(steps):
        asked = time.perf_counter()
        inputs, targets = next(batches)
        waited += time.perf_counter() - asked
        if device.type == "cuda":
            events.append([torch.cuda.Event(enable_timing=True) for _ in "be"])
            events[-1][0].record()
        loss = trainer.step(inputs, targets)
        if device.type == "cuda":
            events[-1][1].record()
        if reads_loss:
            loss.item()
    finish(device)
    took = time.perf_counter() - begin
    busy = sum(started.elapsed_time(ended) for started, ended in events)
    return 1000 * took / steps, 1000 * waited / steps, busy / steps if events else None


def proof(batches: Iterator[Batch], trainer: Trainer, steps: int) -> list[tuple[str, float]]:
    """Give a fingerprint and the loss of the first batches: the same for every way."""
    found = []
    for inputs, targets in islice(batches, steps):
        if {inputs.device.type, targets.device.type} != {trainer.device.type}:
            raise ValueError(f"the batch is on {inputs.device}, and the model on {trainer.device}")
        loss = trainer.step(inputs, targets).item()
        pair = torch.stack((inputs, targets)).cpu().numpy()
        found.append((f"{pair.shape} {hashlib.sha256(pair.tobytes()).hexdigest()}", loss))
    return found


def same(one: Sequence[tuple[str, float]], other: Sequence[tuple[str, float]]) -> bool:
    """Tell whether the batches are the same, and their losses to rounding.

    A device may add up the same numbers in another order when it does so again.
    """
    return len(one) == len(other) and all(
        mine == theirs and isclose(loss, its, rel_tol=1e-3)
        for (mine, loss), (theirs, its) in zip(one, other, strict=True)
    )


def said(error: Exception) -> str:
    """Give the line of an error that says what is wrong: a worker's own comes last."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1 if lines[0].startswith("Caught ") else 0]


def compare(
    items: Sequence[Item], size: Size, steps: int, rounds: int, device: torch.device
) -> dict[str, Any]:
    """Time every way with one batch size, cost of the collate and size of the model.

    Raises `ValueError` where a way gives other batches or losses than the first; a way that
    cannot work at all is reported with its error.
    """
    expected: list[tuple[str, float]] | None = None
    running: dict[str, Iterator[Batch]] = {}
    first, failed = {}, {}
    for name, way in WAYS.items():
        try:
            begin = time.perf_counter()
            loader = loader_of(way, items, size.batch, size.cost, device)
            batches = arrive(endless(loader), way, device)
            batch = next(batches)
            finish(device)
            first[name] = 1000 * (time.perf_counter() - begin)
            trainer = Trainer(device, size.width, size.layers)
            found = proof(chain([batch], batches), trainer, PROVED)
        except (RuntimeError, ValueError) as error:
            failed[name] = said(error)
            continue
        expected = expected or found
        if not same(found, expected):
            raise ValueError(f"{name!r} gives other batches or losses; nothing was timed")
        running[name] = batches
    trainer = Trainer(device, size.width, size.layers)
    times: dict[str, list[tuple[float, float, float | None]]] = {name: [] for name in running}
    for batches in running.values():
        block(batches, trainer, LEAD)  # what is done once, or only at first, is not timed
    dice = random.Random(SEEDS["turns"])
    for _ in range(rounds):
        for name in dice.sample(list(running), len(running)):
            times[name].append(block(running[name], trainer, steps, size.reads_loss))
    return {
        "batch": size.batch,
        "milliseconds added to the collate": size.cost,
        "model": {"width": size.width, "layers": size.layers},
        "the loop reads each loss": size.reads_loss,
        "steps in a block": steps,
        "losses of the first steps": [round(loss, 4) for _, loss in expected or []],
        "failed": failed,
        "ways": {
            name: {
                "milliseconds to the first batch ever": round(first[name], 1),
                "milliseconds a step": middle([took for took, _, _ in blocks]),
                "milliseconds waited for a batch": middle([wait for _, wait, _ in blocks]),
                "milliseconds the device worked": (
                    middle([busy for _, _, busy in blocks if busy is not None])
                    if device.type == "cuda"
                    else None
                ),
            }
            for name, blocks in times.items()
        },
    }


def entries(count: int, longest: int | None = None) -> list[Item]:
    """Give entries of long-tailed lengths, with the ids of a small vocabulary."""
    made = long_tailed(count, SEEDS["lengths"])
    return [entry.ids[:longest] % VOCABULARY for entry in made]


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Compare the ways in all sizes, print a table, and write the results as JSON."""
    given = options(arguments, "device_transfer", (__doc__ or "").split("\n")[0], "experiments")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu" and given.out.parent.resolve() == RESULTS.resolve():
        sys.exit(
            "PyTorch finds no CUDA device here, and figures of the CPU do not belong into the "
            "package, as moving is no work there; name another file with --out"
        )
    items = entries(64, longest=40) if given.quick else entries(4096)
    sizes, steps, rounds = (ON_CUDA, 100, 7) if device.type == "cuda" else (ON_CPU, 20, 5)
    if given.quick:
        sizes, steps, rounds = QUICK, 2, 2
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        cells = [compare(items, size, steps, rounds, device) for size in sizes]
    finally:
        torch.set_num_threads(threads)
    made = circumstances(("numpy", "torch"), SEEDS, 0.0)
    del made["machine"]["share of the time on a processor"]  # it waits for the device
    made["machine"]["device"] = (
        torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    )
    results = {
        **made,
        "entries": len(items),
        "ways": {name: asdict(way) for name, way in WAYS.items()},
        "a forked worker that moves a batch says": error_in_a_forked_worker(device),
        "cells": cells,
    }
    print(table(results))
    write(results, given.out)
    return results


def table(results: dict[str, Any]) -> str:
    """Write the medians as a table."""
    lines = [f"milliseconds a step, waited for its batch; device: {results['machine']['device']}"]
    for cell in results["cells"]:
        lines.append(
            f"batch {cell['batch']}, collate + {cell['milliseconds added to the collate']} ms, "
            f"model {cell['model']['width']} wide"
            + (", each loss read" if cell["the loop reads each loss"] else "")
        )
        for name, way in cell["ways"].items():
            took, wait = (
                way[f"milliseconds {of}"]["median"] for of in ("a step", "waited for a batch")
            )
            lines.append(f"  {name:45}{took:10.2f}{wait:10.2f}")
        lines += [f"  {name:45}{error}" for name, error in cell["failed"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
