"""The figures of the experiment on prompt styles, from the runs that are there.

`python -m experiments.styles --runs FOLDER --gather` writes `companion/results/styles.json`:
which tiers are whole, every run's means, its losses entry by entry, and every comparison of
two conditions that differ in one thing, with its interval. A family of comparisons, which is
corrected as one, is what one tier adds to one measure.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import circumstances
from experiments.comparing import (
    ROUNDS,
    Floats,
    chance,
    draws,
    holm,
    interval,
    resampled,
    smallest_effect,
)
from experiments.styles import EXACT, Cell, Protocol, cells

SEED = 0
FACTORS = ("kind", "style", "asked", "mask", "rate", "fault", "updates")
MEASURES = ("loss", "end token's loss", "gap", "exact", "stops")
Condition = tuple[Any, ...]  # a value for each factor
PREDICTED = Path(__file__).with_name("predictions.json")


def read_runs(folder: Path) -> list[dict[str, Any]]:
    """Read the runs of a folder.

    Raises `ValueError` for none, and for runs that were not made by the same code, with the
    same weights and protocol.
    """
    files = sorted(folder.glob("*.json"))
    runs = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    if not runs:
        raise ValueError(f"{folder} holds no finished run")
    for file, run in zip(files, runs, strict=True):
        differs = [key for key in runs[0]["same"] if run["same"].get(key) != runs[0]["same"][key]]
        if differs:
            raise ValueError(
                f"{file} and {files[0]} differ in {differs[0]!r}: runs are not mixed; gather "
                "those of one code, model and protocol"
            )
    return runs


class Table:
    """The runs by condition and seed, and what was measured in them."""

    def __init__(self, runs: Sequence[dict[str, Any]]) -> None:
        same = runs[0]["same"]
        # The end token is one more token of a response.
        self.tokens = np.array([entry["answer"] + 1.0 for entry in same["held"]])
        self.trained_tokens = {
            int(seed): np.array(lengths) + 1.0 for seed, lengths in same["trained"].items()
        }
        self.before = {run["cell"]["style"]: run for run in runs if run["cell"]["kind"] == "before"}
        self.runs: dict[Condition, dict[int, dict[str, Any]]] = {}
        for run in runs:
            for condition in self._conditions(run):
                self.runs.setdefault(condition, {})[run["cell"]["seed"]] = run
        self.dice = partial(np.random.default_rng, SEED)

    @staticmethod
    def _conditions(run: dict[str, Any]) -> Iterator[Condition]:
        cell = run["cell"]
        end = int(run["same"]["protocol"]["updates"])
        rest = cell["mask"], cell["rate"], cell["fault"]
        if cell["kind"] == "crossed":
            for asked in run["crossed"]:
                yield ("crossed", cell["style"], asked, *rest, end)
        else:
            for updates in run["scores"]:
                yield (cell["kind"], cell["style"], cell["style"], *rest, int(updates))

    def losses(self, condition: Condition, seed: int, on: str = "held") -> Floats:
        """Give the losses of that run; shape (entries, 2), answers and end tokens."""
        run = self.runs[condition][seed]
        asked, updates = condition[2], condition[-1]
        if condition[0] == "crossed":
            return np.array(run["crossed"][asked])
        return np.array(run["scores"][str(updates)][on])

    def values(self, condition: Condition, seed: int, measure: str) -> Floats | None:
        """Give what is summed, for each entry; None where that was not measured."""
        if measure == "loss":
            return self.losses(condition, seed).sum(1)
        if measure == "end token's loss":
            return self.losses(condition, seed)[:, 1]
        run = self.runs[condition][seed]
        if condition[0] == "crossed" or str(condition[-1]) != list(run["scores"])[-1]:
            return None
        tasks = run["same"]["held"]
        wanted = [
            answer
            for answer in run["answers"]
            if measure == "stops" or tasks[answer["entry"]]["task"] in EXACT
        ]
        name = {"stops": "stopped", "exact": "exact"}[measure]
        return np.array([float(answer[name]) for answer in wanted])

    def difference(
        self, one: Condition, two: Condition | None, measure: str
    ) -> tuple[float, Floats, list[int]] | None:
        """Give a mean (of `one`, or of `one` less `two`), its rounds, and the seeds it is of."""
        both = [one] if two is None else [one, two]
        shared = sorted(set.intersection(*(set(self.runs[condition]) for condition in both)))
        if not shared:
            return None
        if measure == "gap":
            return self._gap(both, shared)
        found = [[self.values(c, seed, measure) for c in both] for seed in shared]
        if any(values is None for row in found for values in row):
            return None
        array = np.array([row[0] if two is None else row[0] - row[1] for row in found])
        weights = self.tokens if measure == "loss" else np.ones(array.shape[1])
        weights = np.broadcast_to(weights, array.shape)
        dice = self.dice()
        seeds, entries = draws(dice, len(shared)), draws(dice, array.shape[1])
        rounds = resampled(array, weights, seeds, entries)
        return float(array.sum() / weights.sum()), rounds, shared

    def _gap(
        self, both: list[Condition], shared: list[int]
    ) -> tuple[float, Floats, list[int]] | None:
        """How much more the loss fell on trained entries than on others, since before."""
        if any(c[0] != "after" or c[1] not in self.before for c in both):
            return None
        dice = self.dice()
        seeds, entries = draws(dice, len(shared)), draws(dice, len(self.tokens))
        own = [draws(dice, len(self.trained_tokens[seed])) for seed in shared]

        def fallen(condition: Condition, on: str, seed: int) -> Floats:
            before = np.array(self.before[condition[1]]["scores"]["0"][on])
            return (before - self.losses(condition, seed, on)).sum(1)

        def of(name: str) -> Floats:
            rows = [
                [fallen(c, "held" if name == "held" else f"trained {seed}", seed) for c in both]
                for seed in shared
            ]
            return np.array([row[0] if len(row) == 1 else row[0] - row[1] for row in rows])

        trained, held = of("trained"), of("held")
        trained_tokens = np.stack([self.trained_tokens[seed] for seed in shared])
        tokens = np.broadcast_to(self.tokens, held.shape)
        rounds = resampled(trained, trained_tokens, seeds, own)
        rounds = rounds - resampled(held, tokens, seeds, entries)
        mean = trained.sum() / trained_tokens.sum() - held.sum() / tokens.sum()
        return float(mean), rounds, shared

    def pairs(self, tier: set[Condition], earlier: set[Condition]) -> Iterator[Any]:
        """Give the pairs that differ in one thing, of which at least one is new in this tier.

        Where a model is asked in another style than it was trained in, it is compared with
        being asked in its own.
        """
        for one, two in combinations(sorted(tier | earlier, key=repr), 2):
            differs = [f for f, a, b in zip(FACTORS, one, two, strict=True) if a != b]
            if {one, two} <= earlier:
                continue
            if one[0] == two[0] == "before" and set(differs) <= {"style", "asked"}:
                yield one, two, "style"
            elif one[0] == two[0] == "crossed":
                if differs == ["asked"] and (one[1] in (one[2], two[2])):
                    yield one, two, "asked"
            elif one[0] == two[0] and set(differs) == {"style", "asked"}:
                yield one, two, "style"
            elif one[0] == two[0] and len(differs) == 1:
                yield one, two, differs[0]


def named(condition: Condition) -> dict[str, Any]:
    """Give a condition as a dictionary, without what is empty."""
    return {name: value for name, value in zip(FACTORS, condition, strict=True) if value != ""}


def of_cells(table: Table, wanted: Sequence[Cell]) -> set[Condition]:
    """Give the conditions that those cells are the runs of, as far as they are there."""
    found = set()
    for condition, runs in table.runs.items():
        for run in runs.values():
            if Cell(**run["cell"]) in wanted:
                found.add(condition)
    return found


def compare(table: Table, tier: set[Condition], earlier: set[Condition]) -> list[dict[str, Any]]:
    """Give every comparison that a tier adds, each measure corrected as a family."""
    made = []
    for measure in MEASURES:
        found = []
        for one, two, factor in table.pairs(tier, earlier):
            if factor == "mask" and one[3] == "none":  # what masking changes: with less without
                one, two = two, one
            difference = table.difference(one, two, measure)
            if difference is not None:
                found.append((one, two, factor, *difference))
        corrected = holm({n: chance(rounds) for n, (*_, rounds, _) in enumerate(found)})
        for n, (one, two, factor, mean, rounds, seeds) in enumerate(found):
            made.append(
                {
                    "measure": measure,
                    "differs in": factor,
                    "one": named(one),
                    "other": named(two),
                    "difference": round(mean, 4),
                    "interval": interval(rounds),
                    "seeds": seeds,
                    "chance": round(chance(rounds), 5),
                    "chance, corrected": round(corrected[n], 5),
                    "smallest effect": round(smallest_effect(rounds), 4),
                    "smallest effect, corrected": round(smallest_effect(rounds, len(found)), 4),
                }
            )
    return made


def describe(table: Table, condition: Condition) -> dict[str, Any]:
    """Give the means of a condition, over entries and seeds, with their intervals."""
    made: dict[str, Any] = {**named(condition), "seeds": sorted(table.runs[condition])}
    for measure in MEASURES:
        found = table.difference(condition, None, measure)
        if found is not None:
            made[measure] = {"mean": round(found[0], 4), "interval": interval(found[1])}
    return made


def per_task(table: Table, condition: Condition) -> dict[str, Any]:
    """Give the loss by kind of task: entries, their tokens, and the mean of each seed."""
    runs = table.runs[condition]
    tasks = [entry["task"] for entry in next(iter(runs.values()))["same"]["held"]]
    made = {}
    for task in sorted(set(tasks)):
        at = np.array([one == task for one in tasks])
        tokens = table.tokens[at].sum()
        means = [table.losses(condition, seed).sum(1)[at].sum() / tokens for seed in sorted(runs)]
        made[task] = {
            "entries": int(at.sum()),
            "tokens": int(tokens),
            "loss": [round(float(mean), 3) for mean in means],
        }
    return made


def compact(results: dict[str, Any]) -> str:
    """Give JSON in which a list of numbers is one line."""
    text = json.dumps(results, indent=1)
    return re.sub(r"\[[\s\d.,eE+-]*\]", lambda found: re.sub(r"\s+", " ", found[0]), text)


def of_run(run: dict[str, Any]) -> dict[str, Any]:
    """Give what is kept of a run: all but what it has in common with the others."""
    kept = {key: value for key, value in run.items() if key not in ("same", "versions", "seeds")}
    for name in ("scores", "crossed"):
        if name in kept:
            # Columns instead of rows, in three digits: answers, then end tokens.
            kept[name] = json.loads(
                json.dumps(kept[name]), object_hook=lambda found: _columns(found)
            )
    return kept


def _columns(found: dict[str, Any]) -> dict[str, Any]:
    return {
        key: np.round(np.array(value).T, 3).tolist() if isinstance(value, list) else value
        for key, value in found.items()
    }


def gather(folder: Path, out: Path) -> None:
    """Write the figures of all runs in a folder, whole or not at all."""
    runs = read_runs(folder)
    same = runs[0]["same"]
    protocol = Protocol(
        **{k: tuple(v) if isinstance(v, list) else v for k, v in same["protocol"].items()}
    )
    table = Table(runs)
    there = {Cell(**run["cell"]) for run in runs}
    tiers: dict[str, Any] = {}
    comparisons: dict[str, Any] = {}
    earlier: set[Condition] = set()
    for tier in "ABC":
        wanted = cells(tier, protocol)
        finished = sum(cell in there for cell in wanted)
        tiers[tier] = {
            "runs": len(wanted),
            "finished": finished,
            "whole": finished == len(wanted),
        }
        new = of_cells(table, wanted) - earlier
        comparisons[tier] = compare(table, new, earlier)
        earlier |= new
    now = circumstances(("numpy",), {"resampling": SEED}, 0.0)
    conditions = sorted(table.runs, key=repr)
    results = {
        "machine": runs[0]["machine"],
        "versions": runs[0]["versions"],
        "date": max(run["date"] for run in runs),
        "gathered": now["date"],
        "seeds": {"split": protocol.split, "resampling": SEED},
        "rounds": ROUNDS,
        "tiers": tiers,
        "predicted": json.loads(PREDICTED.read_text(encoding="utf-8")),
        "same": {**same, "protocol": asdict(protocol)},
        "conditions": [describe(table, condition) for condition in conditions],
        "tasks": [
            {**named(condition), "tasks": per_task(table, condition)}
            for condition in conditions
            if condition[0] != "crossed"
        ],
        "comparisons": comparisons,
        "runs": [of_run(run) for run in runs],
    }
    unfinished = out.with_name(f"{out.name}.unfinished")
    unfinished.write_text(compact(results) + "\n", encoding="utf-8")
    unfinished.replace(out)
