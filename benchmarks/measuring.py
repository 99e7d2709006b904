"""What the benchmarks have in common: fair turns, medians, and a note of where it was."""

import argparse
import datetime
import gc
import json
import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent.parent / "companion" / "results"


def take_turns(
    calls: Mapping[str, Callable[[Any], object]],
    inputs: Mapping[str, Sequence[Any]],
    seconds: float,
    seed: int,
    in_a_row: int = 1,
) -> list[dict[str, list[float]]]:
    """Give what each call took, in seconds, for the first call of its turns, the second, ...

    The calls take turns in a new random order each round, so that a slow moment of the
    machine falls on all of them. In its turn a call is made `in_a_row` times, on one input
    after the other: the first finds the processor's caches full of another's work, the
    next finds its own. The garbage collector runs before the rounds and not in them: a
    collection would be charged to whichever call is then at its turn.
    """
    dice = random.Random(seed)
    times: list[dict[str, list[float]]] = [{name: [] for name in calls} for _ in range(in_a_row)]
    for name, call in calls.items():
        for given in inputs[name][:3]:
            call(given)  # what is done once, or only at first, is not timed
    gc.collect()
    collecting = gc.isenabled()
    gc.disable()
    try:
        end = time.perf_counter() + seconds
        rounds = 0
        while time.perf_counter() < end or rounds < 3:
            for name in dice.sample(list(calls), len(calls)):
                for place in range(in_a_row):
                    given = inputs[name][(rounds * in_a_row + place) % len(inputs[name])]
                    start = time.perf_counter()
                    calls[name](given)
                    times[place][name].append(time.perf_counter() - start)
            rounds += 1
    finally:
        if collecting:
            gc.enable()
    return times


def summarize(times: Sequence[float], each: int = 1) -> dict[str, Any]:
    """Give the median and the quartiles in microseconds, for each of the things in a turn.

    >>> summarize([1e-6, 2e-6, 3e-6, 4e-6, 9e-6])
    {'median': 3.0, 'quartiles': [2.0, 4.0]}
    """
    parts = statistics.quantiles((1e6 * t / each for t in times), n=4, method="inclusive")
    low, middle, high = (round(part, 2) for part in parts)
    return {"median": middle, "quartiles": [low, high]}


def watch() -> Callable[[], float]:
    """Start to watch, and give what tells the share of the time since on a processor.

    Well under 1, the machine was shared. What takes long is interrupted most, so the
    figures then flatter what is quick.
    """
    wall, busy = time.perf_counter(), time.process_time()
    return lambda: min(1.0, (time.process_time() - busy) / (time.perf_counter() - wall))


def circumstances(packages: Sequence[str], seeds: dict[str, int], share: float) -> dict[str, Any]:
    """Say on what machine, with which versions, on which day and with which seeds."""
    return {
        "machine": {
            "cores": os.cpu_count(),
            "processor": _processor(),
            "system": f"{platform.system()}, {platform.machine()}",
            "threads used": 1,
            "share of the time on a processor": round(share, 2),
        },
        "versions": {"python": platform.python_version(), **{p: version(p) for p in packages}},
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "seeds": seeds,
    }


def options(
    arguments: Sequence[str] | None, name: str, about: str, folder: str = "benchmarks"
) -> argparse.Namespace:
    """Read a benchmark's command line: `quick`, and `out`, the file that it writes."""
    parser = argparse.ArgumentParser(prog=f"python -m {folder}.{name}", description=about)
    parser.add_argument(
        "--quick", action="store_true", help="a few turns of each: it runs, the figures mean little"
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="where the JSON goes, if not into the package; needed by --quick",
    )
    given = parser.parse_args(arguments)
    if given.out is None:
        if given.quick:
            parser.error("--quick needs --out: its figures do not belong into the package")
        given.out = RESULTS / f"{name}.json"
    return given


def write(results: dict[str, Any], file: Path) -> None:
    """Write results as JSON, whole or not at all."""
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(file)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())
