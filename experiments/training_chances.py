"""How often chance alone would give what each fault did, corrected for so many comparisons.

    python -m experiments.training_chances [--runs FOLDER] [--out FILE]

Takes the finished runs of `experiments.training`, and compares each fault with its right twin:
the same seeds, the same questions, exact answers alone. Seeds and questions are drawn anew, and
the chances of all comparisons are corrected together (Holm). It trains nothing, and takes
seconds. Writes `companion/results/training_chances.json`; chapter 14 reads it.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import RESULTS, write
from companion.resampling import Floats, chance, draws, holm, interval, resampled

RUNS = Path(__file__).parent / "runs" / "training"
SEED = 3
"""Of the drawing."""

Exact = dict[str, dict[int, Floats]]
"""Exact answers, 1 or 0 a question, by the variant and the seed."""


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Compare, print a line for each fault, and write them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--runs", type=Path, default=RUNS, help="the folder of finished runs")
    parser.add_argument("--out", type=Path, default=RESULTS / "training_chances.json")
    given = parser.parse_args(arguments)
    exact, told = read_exact(given.runs)
    results = {**told, "seeds": {"resampling": SEED}, "comparisons": compare(exact, twins())}
    for one in results["comparisons"]:
        print(f"{one['chance, corrected']:7.4f}  {100 * one['difference']:6.1f}  {one['variant']}")
    write(results, given.out)
    return results


def read_exact(folder: Path) -> tuple[Exact, dict[str, Any]]:
    """Read which questions each run answered exactly, and what all runs have in common.

    Raises `ValueError` for a folder without runs, and for runs of other code.
    """
    runs = [json.loads(file.read_text("utf-8")) for file in sorted(folder.glob("*.json"))]
    hashes = sorted({run["hash"] for run in runs})
    if len(hashes) != 1:
        raise ValueError(f"{folder}: runs of one and the same code are needed; found {hashes}")
    found: Exact = {}
    for run in runs:
        ways = {run["variant"]: run}
        ways |= {f"{run['variant']}, {way}": asked for way, asked in run["asked"].items()}
        for name, asked in ways.items():
            marks = np.array(list(asked["each question"]["exact"]), dtype=np.float64)
            found.setdefault(name, {})[run["seed"]] = marks
    measured = {name: runs[0][name] for name in ("machine", "versions", "hash")}
    return found, {**measured, "date": max(run["date"] for run in runs)}


def twins() -> dict[str, str]:
    """Give, of each variant that has one, the right run that it is compared with."""
    table = json.loads((RESULTS / "training.json").read_text("utf-8"))["table"]
    return {line["variant"]: line["twin"] for line in table if line["twin"]}


def compare(exact: Exact, pairs: dict[str, str]) -> list[dict[str, Any]]:
    """Compare each variant with its twin, over the seeds that both have; the surest comes first.

    >>> exact = {"right": {0: np.ones(40)}, "wrong": {0: np.zeros(40)}}
    >>> (one,) = compare(exact, {"wrong": "right"})
    >>> one["difference"], one["chance"] < 0.001
    (-1.0, True)
    """
    found = {}
    for name, twin in pairs.items():
        both = sorted(exact[name].keys() & exact[twin].keys())
        values = np.stack([exact[name][seed] - exact[twin][seed] for seed in both])
        dice = np.random.default_rng(SEED)
        seeds, questions = draws(dice, len(both)), draws(dice, values.shape[1])
        rounds = resampled(values, np.ones_like(values), seeds, questions)
        found[name] = {
            "variant": name,
            "twin": twin,
            "seeds": both,
            "difference": round(float(values.mean()), 4),
            "interval": interval(rounds),
            "by seed": [round(float(mean), 4) for mean in values.mean(1)],
            "chance": chance(rounds),
        }
    corrected = holm({name: one["chance"] for name, one in found.items()})
    return [{**found[name], "chance, corrected": corrected[name]} for name in corrected]


if __name__ == "__main__":
    main()
