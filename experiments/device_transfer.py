"""Where should a batch be moved to the device? Some minutes, on a CUDA device.

    python -m experiments.device_transfer

The same batches and the same training steps, in every way that a batch can take: moved in the
collate function, without workers and by spawned workers; moved by the training loop; pinned and
moved without waiting. Times are taken over blocks of many steps, between two moments at which
the device has nothing left to do: to look at the clock after every step would hide exactly the
overlap that is asked about. The ways take turns in random order. Without a CUDA device the
script runs on the CPU, where moving is no work; what can be said then is that all ways give the
same batches and losses, and what the workers cost. The results go to
`companion/results/device_transfer.json`.
"""

import hashlib
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import torch
from torch.utils.data import DataLoader

from benchmarks.collating import long_tailed
from benchmarks.measuring import circumstances, options, write
from companion.collating import Batch, Collator, Item
from companion.loading import make_loader
from companion.tokenizing import END_ID
from experiments.workers import middle, spin

SEEDS = {"lengths": 0, "order": 0, "turns": 3, "weights": 0}
VOCABULARY = END_ID + 1


@dataclass(frozen=True)
class Way:
    """How a batch comes to the device.

    `in_collate`: the collate function moves it. `pin`: it is put into pinned memory, from
    which the device can fetch it by itself. `wait`: the program waits for the copy.
    """

    in_collate: bool = False
    workers: int = 0
    method: str | None = None
    pin: bool = False
    wait: bool = True


WAYS = {
    "in collate, 0 workers": Way(in_collate=True),
    "in collate, 2 spawned workers": Way(in_collate=True, workers=2, method="spawn"),
    "in the loop, 0 workers": Way(),
    "in the loop, no waiting, 0 workers": Way(wait=False),
    "in the loop, pinned, no waiting, 0 workers": Way(pin=True, wait=False),
    "in the loop, pinned, no waiting, 2 workers": Way(
        workers=2, method="forkserver", pin=True, wait=False
    ),
}


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
        return Collator(max_length=512, truncation="keep_end", device=self.device)(batch)


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
        scores = self.model(inputs)
        loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), targets.flatten())
        loss.backward()
        self.optimizer.step()
        return loss.detach()


def finish(device: torch.device) -> None:
    """Wait until the device has done all that it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


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
    for inputs, targets in batches:
        if way.in_collate:
            yield Batch(inputs, targets)
        else:
            move = partial(torch.Tensor.to, device=device, non_blocking=not way.wait)
            yield Batch(move(inputs), move(targets))


def block(
    batches: Iterator[Batch], trainer: Trainer, steps: int
) -> tuple[float, float, float | None]:
    """Give, of so many steps, the milliseconds a step takes, and those waited for its batch.

    The third is how long the device itself was at it, from its own clock: None without one.
    What it lacks to the first is how long it had nothing to do.
    """
    device, waited, busy = trainer.device, 0.0, 0.0
    events = []
    finish(device)
    begin = time.perf_counter()
    for _ in range(steps):
        asked = time.perf_counter()
        inputs, targets = next(batches)
        waited += time.perf_counter() - asked
        if device.type == "cuda":
            events.append([torch.cuda.Event(enable_timing=True) for _ in "be"])
            events[-1][0].record()
        trainer.step(inputs, targets)
        if device.type == "cuda":
            events[-1][1].record()
    finish(device)
    took = time.perf_counter() - begin
    for started, ended in events:
        busy += started.elapsed_time(ended)
    return 1000 * took / steps, 1000 * waited / steps, busy / steps if events else None


def proof(way: Way, make: Callable[[], tuple[Iterator[Batch], Trainer]], steps: int) -> list[str]:
    """Give a fingerprint of the first batches and their losses: the same for every way."""
    batches, trainer = make()
    found = []
    for inputs, targets in islice(batches, steps):
        loss = trainer.step(inputs, targets)
        pair = torch.stack((inputs, targets)).cpu().numpy().tobytes()
        found.append(f"{hashlib.sha256(pair).hexdigest()[:12]} {loss.item():.4f}")
    return found


def compare(
    items: Sequence[Item],
    batch: int,
    cost: float,
    size: tuple[int, int],
    steps: int,
    rounds: int,
    device: torch.device,
) -> dict[str, Any]:
    """Time every way with one batch size, cost of the collate and size of the model.

    Raises `ValueError` where a way gives other batches or losses than the first; a way that
    cannot work at all is reported with its error.
    """

    def start(way: Way) -> Iterator[Batch]:
        loader = loader_of(way, items, batch, cost, device)
        return arrive(endless(loader), way, device)

    expected: list[str] | None = None
    running, failed = {}, {}
    for name, way in WAYS.items():
        try:
            running[name] = start(way)
            found = proof(way, lambda at=name: (running[at], Trainer(device, *size)), min(steps, 5))
        except (RuntimeError, ValueError) as error:
            running.pop(name, None)
            failed[name] = str(error).splitlines()[0]
            continue
        expected = expected or found
        if found != expected:
            raise ValueError(f"{name} gives other batches or losses; nothing was timed")
    trainer = Trainer(device, *size)
    times: dict[str, list[tuple[float, float, float | None]]] = {name: [] for name in running}
    for batches in running.values():
        block(batches, trainer, steps)  # what is done once, or only at first, is not timed
    dice = random.Random(SEEDS["turns"])
    for _ in range(rounds):
        for name in dice.sample(list(running), len(running)):
            times[name].append(block(running[name], trainer, steps))
    return {
        "batch": batch,
        "milliseconds added to the collate": cost,
        "model": {"width": size[0], "layers": size[1]},
        "steps in a block": steps,
        "failed": failed,
        "ways": {
            name: {
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


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Compare the ways in all sizes, print a table, and write the results as JSON."""
    given = options(arguments, "device_transfer", (__doc__ or "").split("\n")[0], "experiments")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    items = long_tailed(64 if given.quick else 4096)
    if given.quick:
        sizes, costs, models, steps, rounds = (4,), (0.0,), ((16, 1),), 2, 2
    else:
        sizes, costs, steps, rounds = (8, 64), (0.0, 5.0), 100, 7
        models = ((128, 2), (768, 12))
    cells = [
        compare(items, batch, cost, model, steps, rounds, device)
        for model in models
        for batch in sizes
        for cost in costs
    ]
    made = circumstances(("numpy", "torch"), SEEDS, 0.0)
    del made["machine"]["share of the time on a processor"]  # it waits for the device
    made["machine"]["device"] = (
        torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    )
    results = {**made, "entries": len(items), "cells": cells}
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
