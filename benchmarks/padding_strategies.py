"""Measure what padding costs: once in the data set, in the collate function, or in buckets.

    python -m benchmarks.padding_strategies

The lengths are made up, with a long tail: a log-normal distribution whose mean, 99th
percentile and maximum are those in `SHAPE`. Four strategies make an epoch of the same
entries. *Static* pads every row to the longest of the whole set, once, and keeps the rows
so. *Dynamic* keeps the rows ragged, and the collate function pads each shuffled batch.
*Mega-batches* sorts the entries of some batches at a time, and leaves the batches sorted.
*Bucketed* is `companion.bucketing`, which shuffles them.

What is measured: the memory that the set holds, the padding share, the correlation of
neighbouring batches, and the time of an epoch, with and without a small model's forward
pass. Batches are timed in turns and the mean is multiplied by the number of steps, with its
standard error beside it: a whole epoch of the widest would take long, and tell no more.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from benchmarks.measuring import circumstances, options, take_turns, watch, write
from companion.bucketing import LengthBucketSampler, epoch_padding_share, neighbour_correlation
from companion.collating import Batch, Collator
from companion.ignoring import IGNORE_INDEX, ignore_padding
from companion.padding import pad_batch, padding_share
from companion.shifting import shift_targets

SHAPE = {"mean": 108, "99th percentile": 379, "longest": 1293}
ENTRIES, BATCH, MEGA = 52_000, 8, 50
VOCABULARY = 512  # of the small model: its last layer shall not be all that is timed
SEEDS = {"lengths": 1, "ids": 2, "order": 3, "model": 4, "turns": 5}

Plan = list[list[int]]
Make = Callable[[list[int]], Batch]


def make_lengths(entries: int, seed: int) -> NDArray[np.int64]:
    """Give lengths of a long tail, in tokens: log-normal, with the mean and tail of `SHAPE`.

    Of a log-normal with parameters m and s, the logarithm of the mean is m + s²/2 and that
    of the 99th percentile is m + 2.326 s; two equations, of which the smaller s is meant.
    """
    gap = np.log(SHAPE["99th percentile"] / SHAPE["mean"])
    s = 2.326 - np.sqrt(2.326**2 - 2 * gap)
    m = np.log(SHAPE["mean"]) - s**2 / 2
    drawn = np.random.default_rng(seed).lognormal(m, s, entries)
    return np.clip(np.rint(drawn), 1, SHAPE["longest"]).astype(np.int64)


def plans(lengths: NDArray[np.int64], seed: int) -> dict[str, Plan]:
    """Give which entries make up each batch, in order, by strategy."""
    order = np.random.default_rng(seed).permutation(len(lengths))
    shuffled = [order[at : at + BATCH].tolist() for at in range(0, len(order), BATCH)]
    mega: Plan = []
    for at in range(0, len(order), MEGA * BATCH):
        part = order[at : at + MEGA * BATCH]
        part = part[np.argsort(-lengths[part], kind="stable")]
        mega += [part[here : here + BATCH].tolist() for here in range(0, len(part), BATCH)]
    bucketed = list(LengthBucketSampler(lengths, BATCH, seed=seed))
    return {"static": shuffled, "dynamic": shuffled, "mega-batches": mega, "bucketed": bucketed}


class Layer(nn.Module):
    """Causal attention with four heads, and two linear layers; 64 numbers wide."""

    def __init__(self) -> None:
        super().__init__()
        self.mix, self.out = nn.Linear(64, 192), nn.Linear(64, 64)
        self.think = nn.Sequential(nn.Linear(64, 256), nn.GELU(), nn.Linear(256, 64))

    def forward(self, x: Tensor) -> Tensor:
        """Give what comes after this layer, shape (batch, width, 64), as before it."""
        heads = self.mix(x).unflatten(-1, (3, 4, 16)).permute(2, 0, 3, 1, 4)
        # Fused, so that no square of all positions by all positions is held in memory.
        read = scaled_dot_product_attention(heads[0], heads[1], heads[2], is_causal=True)
        x = x + self.out(read.transpose(1, 2).flatten(2))
        thought: Tensor = x + self.think(x)
        return thought


class SmallModel(nn.Module):
    """Two causal layers, 64 numbers wide: enough to feel each slot of a batch."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 64)
        self.layers = nn.Sequential(Layer(), Layer())
        self.head = nn.Linear(64, VOCABULARY)

    def forward(self, inputs: Tensor) -> Tensor:
        """Give the logits, shape (batch, width, vocabulary), of ids, shape (batch, width)."""
        logits: Tensor = self.head(self.layers(self.embedding(inputs)))
        return logits


def static_rows(rows: Sequence[NDArray[np.int32]], width: int) -> NDArray[np.int64]:
    """Pad every row of the set to one width, as a data set does that pads in its `__init__`."""
    block = np.empty((len(rows), width), dtype=np.int64)
    for at in range(0, len(rows), 1000):
        block[at : at + 1000] = pad_batch(rows[at : at + 1000], width=width)
    return block


def measure(entries: int, seconds: float) -> dict[str, Any]:
    """Measure all strategies on so many entries, so many seconds with the model."""
    lengths = make_lengths(entries, SEEDS["lengths"])
    flat = np.random.default_rng(SEEDS["ids"]).integers(
        0, VOCABULARY, lengths.sum(), dtype=np.int32
    )
    offsets = np.append(0, np.cumsum(lengths))
    rows = [flat[a:b] for a, b in pairwise(offsets)]

    start = time.perf_counter()
    block = static_rows(rows, int(lengths.max()) + 1)
    once = time.perf_counter() - start

    collate = Collator()

    def pad_now(numbers: list[int]) -> Batch:
        return collate([rows[number] for number in numbers])

    def padded_before(numbers: list[int]) -> Batch:
        inputs, targets = shift_targets(block[numbers])
        targets = ignore_padding(targets, lengths[numbers])
        return Batch(torch.from_numpy(np.ascontiguousarray(inputs)), torch.from_numpy(targets))

    _same_but_wider(padded_before([0, 1, 2]), pad_now([0, 1, 2]))
    planned = plans(lengths, SEEDS["order"])
    makes: dict[str, Make] = dict.fromkeys(planned, pad_now) | {"static": padded_before}
    torch.manual_seed(SEEDS["model"])
    model = SmallModel().eval()

    def modelled(make: Make) -> Callable[[list[int]], object]:
        def call(numbers: list[int]) -> object:
            with torch.no_grad():
                return model(make(numbers).inputs.clamp(max=VOCABULARY - 1))

        return call

    dice = np.random.default_rng(SEEDS["turns"])
    inputs = {
        name: [plan[at] for at in dice.permutation(len(plan))] for name, plan in planned.items()
    }
    batches = take_turns(makes, inputs, seconds / 5, SEEDS["turns"])[0]
    # The static batches are all of one shape, so that a few tell; the others are not, and
    # would get few turns beside them.
    calls = {name: modelled(make) for name, make in makes.items()}
    widest = {"static": calls.pop("static")}
    forward = take_turns(calls, inputs, seconds, SEEDS["turns"])[0]
    forward |= take_turns(widest, inputs, seconds * 0.4, SEEDS["turns"])[0]

    ragged = flat.nbytes + offsets.nbytes
    strategies = {}
    for name, plan in planned.items():
        share = epoch_padding_share(lengths, plan)
        if name == "static":
            share = padding_share(lengths, int(lengths.max()))
        strategies[name] = {
            "steps": len(plan),
            "padding share": round(share, 4),
            "megabytes held": round((block.nbytes if name == "static" else ragged) / 1e6, 1),
            "neighbours' correlation": round(neighbour_correlation(lengths, plan), 4),
            "seconds an epoch, batches alone": _epoch(batches[name], len(plan)),
            "seconds an epoch, with the model": _epoch(forward[name], len(plan)),
        }
    shown = {
        name: [round(float(lengths[numbers].mean()), 1) for numbers in planned[name][: 4 * MEGA]]
        for name in ("dynamic", "mega-batches", "bucketed")
    }
    return {
        "set": {
            "entries": entries,
            "batch": BATCH,
            "mega-batch": MEGA,
            "made": "log-normal, to the mean, 99th percentile and maximum aimed at",
            "aimed at": SHAPE,
            "mean": round(float(lengths.mean()), 1),
            "median": int(np.median(lengths)),
            "99th percentile": int(np.percentile(lengths, 99)),
            "longest": int(lengths.max()),
        },
        "seconds to pad the set once": round(once, 2),
        "strategies": strategies,
        "mean length of the first batches": shown,
    }


def _same_but_wider(wide: Batch, narrow: Batch) -> None:
    """Make sure that two strategies give the same entries the same targets."""
    width = narrow.inputs.shape[1]
    assert torch.equal(wide.inputs[:, :width], narrow.inputs)
    assert torch.equal(wide.targets[:, :width], narrow.targets)
    assert bool((wide.targets[:, width:] == IGNORE_INDEX).all())


def _epoch(times: Sequence[float], steps: int) -> dict[str, float]:
    """Give an epoch's seconds from those of some of its batches, and the standard error."""
    error = statistics.stdev(times) / len(times) ** 0.5
    return {
        "seconds": _rounded(statistics.fmean(times) * steps),
        "standard error": _rounded(error * steps),
        "batches timed": len(times),
    }


def _rounded(number: float) -> float:
    return float(f"{number:.3g}")


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Measure, write the JSON, and give it."""
    given = options(arguments, "padding_strategies", __doc__.split("\n")[0])
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    share = watch()
    try:
        measured = measure(*((1200, 0.5) if given.quick else (ENTRIES, 60.0)))
    finally:
        torch.set_num_threads(threads)
    results = {**circumstances(["numpy", "torch"], SEEDS, share()), **measured}
    write(results, given.out)
    return results


if __name__ == "__main__":
    for name, figures in main()["strategies"].items():
        print(name, figures, file=sys.stdout)
