"""What the benchmarks have in common: fair turns, medians, and a note of where it was."""

import datetime
import gc
import json
import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent.parent / "companion" / "results"
SEED = 0


def take_turns(
    calls: dict[str, Callable[[Any], object]], inputs: dict[str, Sequence[Any]], seconds: float
) -> dict[str, float]:
    """Give each call's median time in seconds, over its own inputs.

    The calls take turns in a new random order each round, so that a slow moment of the
    machine falls on all of them; the garbage collector is kept out of the way.
    """
    dice = random.Random(SEED)
    times: dict[str, list[float]] = {name: [] for name in calls}
    for name, call in calls.items():
        call(inputs[name][0])  # what is done once is not timed
    gc.collect()
    gc.disable()
    end = time.perf_counter() + seconds
    rounds = 0
    while time.perf_counter() < end or rounds < 5:
        order = dice.sample(list(calls), len(calls))
        for name in order:
            given = inputs[name][rounds % len(inputs[name])]
            start = time.perf_counter()
            calls[name](given)
            times[name].append(time.perf_counter() - start)
        rounds += 1
    gc.enable()
    return {name: statistics.median(taken) for name, taken in times.items()}


def circumstances(packages: Sequence[str]) -> dict[str, Any]:
    """Say on what machine, with which versions, on which day and with which seed."""
    return {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {_processor()}, one thread",
        "versions": {"python": platform.python_version(), **{p: version(p) for p in packages}},
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "seed": SEED,
    }


def write(name: str, results: dict[str, Any], folder: Path) -> None:
    """Write results as JSON, whole or not at all."""
    unfinished = folder / f"{name}.unfinished"
    unfinished.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(folder / f"{name}.json")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(": ")[1] for line in lines if line.startswith("model name")), "")
