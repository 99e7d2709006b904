"""What worker processes cost, and from which collate on they pay. Some minutes.

    python -m experiments.workers

Three questions. How much memory does a worker take for itself, with the data set as lists of
Python integers and as one flat array? How long does an epoch take with 0, 1 and 2 workers?
And with a collate made slower on purpose, beside a training step: at which cost do workers
begin to save time? Chapter 10 reads the answers from `companion/results/workers.json`.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from benchmarks.lengths import long_tailed
from benchmarks.measuring import circumstances, options, write
from companion.collating import Batch, Collator, Item
from companion.entries import load_entries
from companion.loading import make_loader
from companion.storing import InstructionDataset

SEEDS = {"lengths": 0, "order": 0, "turns": 2}
BATCH = 8
STEP = 10.0  # milliseconds of waiting, as for a graphics card that takes a training step
COSTS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # milliseconds that are added to our collate
SETTINGS = {
    "0 workers": (0, None),
    "1 worker, fork": (1, "fork"),
    "2 workers, fork": (2, "fork"),
    "1 worker, forkserver": (1, "forkserver"),
    "1 worker, spawn": (1, "spawn"),
    "2 workers, spawn": (2, "spawn"),
}
METHODS = ("fork", "spawn")
KINDS = ("nothing", "lists of integers", "one flat array", "one memory map")


def spin(milliseconds: float) -> None:
    """Compute for that long, counted in this thread's own time on a processor."""
    end = time.thread_time() + milliseconds / 1000
    while time.thread_time() < end:
        pass


class SlowCollator:
    """Our collate, and some milliseconds of computing more, which can be changed meanwhile.

    The number stands in memory that worker processes share, so that the same workers, which
    take seconds to start, serve every cost.
    """

    def __init__(self) -> None:
        self.milliseconds = get_context("spawn").Value("d", 0.0)

    def __call__(self, batch: Sequence[Item]) -> Batch:
        """Give the same batch, later."""
        spin(self.milliseconds.value)
        return Collator()(batch)


def as_arrays(batch: Sequence[Item]) -> tuple[np.ndarray, np.ndarray]:
    """Give the batch as numpy arrays, which come from a worker as bytes in a pipe."""
    inputs, targets = Collator()(batch)
    return inputs.numpy(), targets.numpy()


def no_batch(batch: Sequence[Item]) -> None:
    """Make the batch, and give nothing, so that nothing is handed over."""
    Collator()(batch)


# An epoch ----------------------------------------------------------------------------------


def epoch(loader: DataLoader[Any], step: float = 0.0) -> Iterator[tuple[float, float]]:
    """Give, for each batch, how long the loop waited for it and how long it took in all."""
    begin = time.perf_counter()
    for _ in loader:
        here = time.perf_counter()
        time.sleep(step / 1000)
        end = time.perf_counter()
        yield 1000 * (here - begin), 1000 * (end - begin)
        begin = end


def loader_for(
    dataset: Any, collate_fn: Callable[[list[Any]], Any], setting: str
) -> DataLoader[Any]:
    """Give the loader of a setting, whose workers stay from one epoch to the next."""
    workers, method = SETTINGS[setting]
    return make_loader(
        dataset,
        collate_fn,
        batch_size=BATCH,
        shuffle=True,
        num_workers=workers,
        multiprocessing_context=method,
        persistent_workers=workers > 0,
        seed=SEEDS["order"],
    )


def started(loaders: dict[str, DataLoader[Any]]) -> dict[str, float]:
    """Start the workers of each, and give the milliseconds until the first batch was there."""
    waits = {}
    for name, loader in loaders.items():
        (waits[name], _), *_ = epoch(loader)  # to its end, so that the next one starts anew
    return waits


def prove(loaders: dict[str, DataLoader[Any]]) -> None:
    """Raise `ValueError` where a loader gives other batches in an epoch than the first one."""
    expected: list[list[Any]] | None = None
    for name, loader in loaders.items():
        found = [[np.asarray(part).tolist() for part in batch] for batch in loader]
        expected = expected or found
        if found != expected:
            raise ValueError(f"{name!r} gives other batches; nothing was timed")


def in_turns(
    calls: dict[Any, Callable[[], Iterator[tuple[float, float]]]], rounds: int
) -> dict[Any, list[list[tuple[float, float]]]]:
    """Give the epochs of each, which take turns in a new random order each round."""
    dice = random.Random(SEEDS["turns"])
    found: dict[Any, list[list[tuple[float, float]]]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name in dice.sample(list(calls), len(calls)):
            found[name].append(list(calls[name]()))
    return found


def middle(values: Sequence[float]) -> dict[str, Any]:
    """Give the median and the quartiles.

    >>> middle([1.0, 2.0, 3.0, 4.0, 9.0])
    {'median': 3.0, 'quartiles': [2.0, 4.0]}
    """
    low, half, high = (round(v, 3) for v in statistics.quantiles(values, n=4, method="inclusive"))
    return {"median": half, "quartiles": [low, high]}


def epochs(loaders: dict[str, DataLoader[Any]], rounds: int) -> list[dict[str, Any]]:
    """Time whole epochs of our collate with nothing beside it, in every setting."""
    first = started(loaders)
    prove(loaders)
    found = in_turns({name: partial(epoch, loader) for name, loader in loaders.items()}, rounds)
    return [
        {
            "setting": name,
            "milliseconds to the first batch ever": round(first[name], 1),
            "milliseconds an epoch": middle([sum(took for _, took in one) for one in turns]),
        }
        for name, turns in found.items()
    ]


def handing_over(dataset: Any, rounds: int) -> list[dict[str, Any]]:
    """Time one forked worker by what it hands over: two tensors, two arrays, nothing."""
    ways: dict[str, Callable[[list[Any]], Any]] = {
        "two tensors": Collator(),
        "two arrays": as_arrays,
        "nothing": no_batch,
    }
    loaders = {name: loader_for(dataset, way, "1 worker, fork") for name, way in ways.items()}
    started(loaders)
    prove({name: loader for name, loader in loaders.items() if name != "nothing"})
    found = in_turns({name: partial(epoch, loader) for name, loader in loaders.items()}, rounds)
    return [
        {
            "handed over": name,
            "milliseconds a batch": middle([took for one in turns for _, took in one]),
        }
        for name, turns in found.items()
    ]


def curve(
    loaders: dict[str, DataLoader[Any]], slow: SlowCollator, costs: Sequence[float], rounds: int
) -> list[dict[str, Any]]:
    """Time a batch and a training step together, for each cost of the collate and setting."""

    def with_cost(name: str, cost: float) -> Iterator[tuple[float, float]]:
        slow.milliseconds.value = cost
        yield from epoch(loaders[name], STEP)

    started(loaders)
    prove(loaders)
    found = in_turns(
        {(name, cost): partial(with_cost, name, cost) for cost in costs for name in loaders},
        rounds,
    )
    points = []
    for (name, cost), turns in found.items():
        batches = [times for one in turns for times in one[1:]]  # the first fills the queue
        points.append(
            {
                "setting": name,
                "milliseconds added to the collate": cost,
                "milliseconds waited for a batch": middle([wait for wait, _ in batches]),
                "milliseconds a batch and its step": middle([took for _, took in batches]),
            }
        )
    return points


def crossover(points: Sequence[dict[str, Any]], setting: str) -> float | None:
    """Give the added cost from which on the loop waits less than it does without workers.

    The medians are joined by straight lines. None where it waits no less at the highest cost,
    0 where it waits less at every cost.

    Raises `ValueError` for a setting that was not measured at the same costs.

    >>> def point(setting, cost, time):
    ...     return {"setting": setting, "milliseconds added to the collate": cost,
    ...             "milliseconds waited for a batch": {"median": time}}
    >>> crossover([point("0 workers", 0, 1), point("0 workers", 4, 5),
    ...            point("1 worker, fork", 0, 3), point("1 worker, fork", 4, 3)],
    ...           "1 worker, fork")
    2.0
    """

    def waits(name: str) -> dict[float, float]:
        return {
            point["milliseconds added to the collate"]: point["milliseconds waited for a batch"][
                "median"
            ]
            for point in points
            if point["setting"] == name
        }

    without, theirs = waits("0 workers"), waits(setting)
    if not without or without.keys() != theirs.keys():
        raise ValueError(
            f"{setting!r} is compared at the costs of '0 workers', {sorted(without)}; "
            f"found {sorted(theirs)}"
        )
    costs = sorted(without)
    lost = [theirs[cost] - without[cost] for cost in costs]  # how much longer the loop waits
    if lost[-1] >= 0:
        return None
    last = max((at for at, more in enumerate(lost) if more >= 0), default=None)
    if last is None:
        return 0.0
    share = lost[last] / (lost[last] - lost[last + 1])
    return round(costs[last] + share * (costs[last + 1] - costs[last]), 1)


# Memory ------------------------------------------------------------------------------------


def own_memory(process: int | str = "self") -> float:
    """Give the MiB of memory that a process has written and shares with no other (Linux).

    What it only read from a file, as a library or a memory map, does not count: the system
    can drop that at any time, and gives the same pages to every process that reads them.
    """
    own, mapping = 0, {"Private_Dirty": 0, "Anonymous": 0}
    for line in Path(f"/proc/{process}/smaps").read_text(encoding="utf-8").splitlines():
        name, _, size = line.partition(":")
        if name in mapping:
            mapping[name] = int(size.split()[0])
        elif name == "VmFlags":  # the last line of a mapping
            # Pages of a file that was just written are dirty too, though not by this process.
            own += min(mapping.values())
    return own / 1024


def flat(ids: NDArray[np.uint16], offsets: NDArray[np.int64]) -> InstructionDataset:
    """Give ids, and where each entry begins, as a data set: all of it is response."""
    dataset = InstructionDataset.__new__(InstructionDataset)
    dataset.ids, dataset.offsets = ids, offsets
    count = len(offsets) - 1
    ends = np.diff(offsets) + 1
    dataset.turns = np.stack([np.zeros_like(ends), np.zeros_like(ends), ends, ends], axis=1)
    dataset.turn_offsets = np.arange(count + 1)
    dataset.closed = np.zeros(count, dtype=np.bool_)
    dataset.joint = False
    return dataset


def save_long_tailed(count: int, folder: Path) -> None:
    """Write entries of long-tailed lengths as one flat array, which every kind is made from."""
    rows = [entry.ids for entry in long_tailed(count, SEEDS["lengths"])]
    flat(np.concatenate(rows), np.cumsum([0, *map(len, rows)])).save(folder)


def of_kind(kind: str, folder: str | Path) -> Any:
    """Give the saved entries as a data set of that kind; of "nothing", one batch."""
    saved = InstructionDataset.open(folder)
    if kind == "nothing":
        return [[number, number] for number in range(BATCH)]
    if kind == "lists of integers":
        return [saved[number].ids.tolist() for number in range(len(saved))]
    if kind == "one flat array":
        return flat(np.array(saved.ids), np.array(saved.offsets))
    if kind == "one memory map":
        return saved
    raise ValueError(f"a kind is one of {', '.join(KINDS)}; found {kind!r}")


def memory_of(kind: str, method: str, folder: str) -> dict[str, Any]:
    """Measure one worker's own memory, in a process that holds nothing else.

    "nothing" is what a worker takes without any data.
    """
    before = own_memory()
    dataset = of_kind(kind, folder)
    held = own_memory() - before
    loader = make_loader(
        dataset,
        Collator(),
        batch_size=BATCH,
        shuffle=True,
        num_workers=1,
        multiprocessing_context=method,
        persistent_workers=True,
        seed=SEEDS["order"],
    )
    batches = iter(loader)
    next(batches)
    (worker,) = active_children()
    assert worker.pid is not None
    after_first = own_memory(worker.pid)
    for _ in batches:
        pass
    for _ in loader:
        pass
    return {
        "data": kind,
        "method": method,
        "MiB in the main process": round(held, 1),
        "MiB in a worker after one batch": round(after_first, 1),
        "MiB in a worker after two epochs": round(own_memory(worker.pid), 1),
    }


def memory(
    count: int, kinds: Sequence[str] = KINDS, methods: Sequence[str] = METHODS
) -> list[dict[str, Any]]:
    """Measure each kind with each method, in a process of its own; Linux only."""
    if not Path("/proc/self/smaps").exists():
        return []
    program = (
        "import json, sys; from experiments.workers import memory_of; "
        "print(json.dumps(memory_of(*sys.argv[1:])))"
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "set"
        save_long_tailed(count, folder)
        return [
            json.loads(
                subprocess.run(
                    [sys.executable, "-c", program, kind, method, str(folder)],
                    check=True,
                    stdout=subprocess.PIPE,
                    text=True,
                ).stdout
            )
            for method in methods
            for kind in kinds
        ]


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Measure all of it and write the results as JSON."""
    given = options(arguments, "workers", (__doc__ or "").split("\n")[0], "experiments")
    settings: list[str] = list(SETTINGS)
    kinds, methods, costs = list(KINDS), list(METHODS), list(COSTS)
    size, count, rounds = 320, 50_000, 7
    if given.quick:
        settings, kinds, methods, costs = settings[:2], kinds[1:3], methods[:1], costs[::5]
        size, count, rounds = 16, 4000, 2
    dataset = InstructionDataset(load_entries())
    few = [dataset[i] for i in range(size)]
    whole: Any = few if given.quick else dataset
    slow = SlowCollator()
    threads, load = torch.get_num_threads(), os.getloadavg()[0]
    torch.set_num_threads(1)
    try:
        measured = {
            "memory": memory(count, kinds, methods),
            "epochs": epochs({s: loader_for(whole, Collator(), s) for s in settings}, rounds),
            "handing over": handing_over(few, 2 * rounds),
            "curve": curve({s: loader_for(few, slow, s) for s in settings}, slow, costs, rounds),
        }
    finally:
        torch.set_num_threads(threads)
    made = circumstances(("numpy", "torch"), SEEDS, 0.0)
    del made["machine"]["share of the time on a processor"]  # it waits for workers, on purpose
    made["machine"]["processes that wanted a core, before and after"] = [
        round(load, 1),
        round(os.getloadavg()[0], 1),
    ]
    results = {
        **made,
        "sets": {
            "memory": {"entries": count},
            "epochs": {"entries": len(whole), "batch": BATCH},
            "curve": {"entries": len(few), "batch": BATCH, "milliseconds of a step": STEP},
        },
        **measured,
    }
    results["workers pay from"] = {
        name: crossover(results["curve"], name) for name in settings if name != "0 workers"
    }
    print(json.dumps(results["workers pay from"], indent=1))
    write(results, given.out)
    return results


if __name__ == "__main__":
    main()
