"""Time the collate: from tokenized items to inputs and targets, beside the peers.

    python -m benchmarks.collating [--quick] [--out FILE]

Every implementation has to give the very tensors that ours gives, or nothing is timed.
Each takes two batches in its turn. The first comes after another's work, as in a training
loop; it finds nothing of its own in the processor's caches, and what is quick pays more for
that than what is slow. The second comes in a row, as in a worker process, and shows what
the code itself costs. Both are given; neither is the better one.
"""

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from benchmarks.implementations import OPTIONAL, Implementation, implementations
from benchmarks.lengths import long_tailed
from benchmarks.measuring import circumstances, options, summarize, take_turns, watch, write
from companion.entries import load_entries
from companion.storing import InstructionDataset
from companion.tokenizing import TokenizedEntry

SECONDS = {8: 4.0, 64: 7.0, 512: 17.0}
"""For each of four comparisons: how long, by batch size."""
SIZES = tuple(SECONDS)
MASKS = ("none", "prompt")
PLACES = ("after another", "in a row")
SEEDS = {"lengths": 0, "batches": 1, "turns": 2}
AT_MOST = {"fused loop": 1.6}
"""How many times the other's time ours may take, at every size."""
AT_LEAST = {
    "TRL": (15, 30, 35),
    "transformers": (15, 30, 35),
    "torchtune": (9, 18, 18),
    "litgpt": (3, 3.5, 3),
}
"""How many times the time of ours the other takes, at each of the sizes."""


def short() -> list[TokenizedEntry]:
    """Give the embedded entries, in Alpaca's style."""
    dataset = InstructionDataset(load_entries(), style="alpaca")
    return [dataset[index] for index in range(len(dataset))]


def draw(entries: list[TokenizedEntry], size: int, quick: bool) -> list[list[TokenizedEntry]]:
    """Draw batches of that size from the entries, with replacement."""
    dice = np.random.default_rng(SEEDS["batches"])
    count = 1 if quick else max(8, 512 // size)
    return [[entries[i] for i in dice.integers(0, len(entries), size)] for _ in range(count)]


def compare(
    batches: list[list[TokenizedEntry]], contestants: dict[str, Implementation], seconds: float
) -> list[dict[str, list[float]]]:
    """Time every implementation on the same batches, after proving that they agree."""
    inputs = {name: [c.prepare(batch) for batch in batches] for name, c in contestants.items()}
    calls = {name: contestant.collate for name, contestant in contestants.items()}
    for number in range(len(batches)):
        expected = calls["ours"](inputs["ours"][number])
        for name, call in calls.items():
            made = call(inputs[name][number])
            if not all(map(torch.equal, made, expected)):
                raise ValueError(f"{name} gives another batch than ours; nothing was timed")
    return take_turns(calls, inputs, seconds, SEEDS["turns"], len(PLACES))


def cell(times: dict[str, list[float]], size: int) -> dict[str, Any]:
    """Give the figures of one cell: microseconds, ratios of medians, and the targets."""
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    over_ours = {n: round(t / medians["ours"], 2) for n, t in medians.items() if n != "ours"}
    ours_over = {n: round(medians["ours"] / medians[n], 2) for n in ("limit", "fused loop")}
    targets: dict[str, Any] = {}
    for name, most in AT_MOST.items():
        targets[name] = {"ours takes at most": most, "met": ours_over[name] <= most}
    for name in [name for name in AT_LEAST if name in medians]:
        least = AT_LEAST[name][SIZES.index(size)]
        targets[name] = {"takes at least": least, "met": over_ours[name] >= least}
    return {
        "turns": len(times["ours"]),
        "microseconds": {name: summarize(taken) for name, taken in times.items()},
        "times the time of ours": over_ours,
        "ours takes times": ours_over,
        "targets": targets,
    }


def describe(entries: list[TokenizedEntry]) -> dict[str, Any]:
    """Give the lengths of a set in a few figures, in tokens without an end token."""
    lengths = [len(entry.ids) for entry in entries]
    p99 = float(np.percentile(lengths, 99))
    figures = {"mean": float(np.mean(lengths)), "99th percentile": p99, "longest": max(lengths)}
    return {"entries": len(lengths), **{name: round(f, 1) for name, f in figures.items()}}


def table(results: dict[str, Any]) -> str:
    """Write the ratios beside their targets: + for one that is met, ! for one that is not."""
    names = ["limit", "fused loop", "teaching", *AT_LEAST]
    lines = [
        "limit, fused loop: how many times their time ours takes; the others: how many",
        "times the time of ours they take. Beside each its target, + met or ! missed.",
        "",
        f"{'':53}{'ours, us':>9}" + "".join(f"{name:>17}" for name in names),
    ]
    for at in results["cells"]:
        line = f"{at['set']}, {at['mask']} masked, batch {at['batch']}, {at['place']}"
        line = f"{line:53}{at['microseconds']['ours']['median']:9,.0f}"
        for name in names:
            line += f"{_shown(at, name):>17}"
        lines.append(line)
    share = results["machine"]["share of the time on a processor"]
    lines += [
        "",
        f"{share:.0%} of the time on a processor; under 95 %, run again when it is quieter",
    ]
    if results["absent"]:
        lines += [f"absent, since not installed here: {', '.join(results['absent'])}"]
    return "\n".join(lines)


def _shown(at: dict[str, Any], name: str) -> str:
    ratios = {**at["times the time of ours"], **at["ours takes times"]}
    if name not in ratios:
        return "absent"
    if name not in at["targets"]:
        return f"{ratios[name]:.2f} {'':9}"
    limit, met = at["targets"][name].values()
    sign = "<=" if name in AT_MOST else ">="
    return f"{ratios[name]:.2f} {sign} {limit:>4} {'+' if met else '!'}"


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Time all sets, masks and sizes; print a table, and write the results as JSON."""
    given = options(arguments, "collating", (__doc__ or "").split("\n")[0])
    share = watch()
    sets = {"short": short(), "long-tailed": long_tailed(seed=SEEDS["lengths"])}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        cells = [
            {"set": name, "mask": mask, "batch": size, "place": place, **cell(times, size)}
            for name, entries in sets.items()
            for mask in MASKS
            for size in SIZES
            for place, times in zip(
                PLACES,
                compare(
                    draw(entries, size, given.quick),
                    implementations(masked=mask == "prompt"),
                    0.0 if given.quick else SECONDS[size],
                ),
                strict=True,
            )
        ]
    finally:
        torch.set_num_threads(threads)
    here = [name for name in OPTIONAL if name in cells[0]["microseconds"]]
    results = {
        **circumstances(("numpy", "torch", "transformers", "trl", *here), SEEDS, share()),
        "absent": [name for name in OPTIONAL if name not in here],
        "sets": {name: describe(entries) for name, entries in sets.items()},
        "cells": cells,
    }
    print(table(results))
    write(results, given.out)
    return results


if __name__ == "__main__":
    main()
