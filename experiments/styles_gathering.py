"""The figures of the experiment on prompt styles, from the runs that are there.

`python -m experiments.styles --runs FOLDER --gather` writes `companion/results/styles.json`:
which runs are there and which are missing, every run's means, its losses entry by entry, every
comparison of two conditions that differ in one thing, with its interval, what each condition
cost, and the predictions beside what came. A family of comparisons, which is corrected as one,
is what one tier adds to one measure. Where runs are missing, a comparison is of the seeds that
both of its sides have, and says which.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.measuring import circumstances
from companion.resampling import (
    ROUNDS,
    Floats,
    chance,
    draws,
    holm,
    interval,
    resampled,
    smallest_effect,
)
from companion.smollm2 import SMOLLM2_END_ID, load_smollm2
from experiments.pretrained import Words
from experiments.styles import EMBEDDED, EXACT, Cell, Protocol, cells, choose
from experiments.styles_beside import lay_beside

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


@cache
def drawn(*sizes: int) -> list[Floats]:
    """Give draws of that many things each: always the same, so that rounds can be added up."""
    dice = np.random.default_rng(SEED)
    return [draws(dice, size) for size in sizes]


class Difference(NamedTuple):
    """A mean of one condition, or of one less another: its rounds, and what each seed gave."""

    mean: float
    rounds: Floats
    seeds: list[int]
    by_seed: list[float]


class Table:
    """The runs by condition and seed, and what was measured in them."""

    def __init__(self, runs: Sequence[dict[str, Any]]) -> None:
        same = runs[0]["same"]
        self.styles: list[str] = same["protocol"]["styles"]
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
        # Entries of one's own may have no kind that a program can check.
        return np.array([float(answer[name]) for answer in wanted]) if wanted else None

    def shared(self, *conditions: Condition) -> list[int]:
        """Give the seeds that all of these conditions were run with."""
        return sorted(set.intersection(*(set(self.runs[condition]) for condition in conditions)))

    def common(self, condition: Condition) -> list[int]:
        """Give the seeds of all conditions that stand beside this one, or else its own.

        Means that stand side by side are of the same seeds, even where runs are missing.
        """

        def place(one: Condition) -> Condition:
            return one[0], one[3] == "prompt_without_header", *one[4:6]

        alike = [one for one in self.runs if place(one) == place(condition)]
        return self.shared(*alike) or self.shared(condition)

    def difference(
        self,
        one: Condition,
        two: Condition | None,
        measure: str,
        seeds: Sequence[int] | None = None,
    ) -> Difference | None:
        """Give a mean of `one`, or of `one` less `two`, over `seeds` or all that both have."""
        both = [one] if two is None else [one, two]
        seeds = self.shared(*both) if seeds is None else seeds
        if not seeds:
            return None
        if measure == "gap":
            return self._gap(both, seeds)
        found = [[self.values(c, seed, measure) for c in both] for seed in seeds]
        if any(values is None for row in found for values in row):
            return None
        array = np.array([row[0] if two is None else row[0] - row[1] for row in found])
        weights = self.tokens if measure == "loss" else np.ones(array.shape[1])
        weights = np.broadcast_to(weights, array.shape)
        rounds = resampled(array, weights, *drawn(*array.shape))
        by_seed = array.sum(1) / weights.sum(1)
        return Difference(float(by_seed.mean()), rounds, list(seeds), by_seed.tolist())

    def pooled(self, pairs: Sequence[tuple[Condition, Condition]], measure: str) -> Any:
        """Give the mean of several differences, over the seeds that all of them have.

        Each of them was resampled by the same draws, so their rounds can be added up.
        """
        seeds = self.shared(*(condition for pair in pairs for condition in pair))
        found = [self.difference(one, two, measure, seeds) for one, two in pairs]
        if any(one is None for one in found):
            return None
        means, rounds, _, by_seed = zip(*(one for one in found if one is not None), strict=True)
        each = np.mean(by_seed, axis=0).tolist()
        return Difference(float(np.mean(means)), np.mean(rounds, axis=0), seeds, each)

    def _gap(self, both: list[Condition], seeds: Sequence[int]) -> Difference | None:
        """How much more the loss fell on trained entries than on others, since before."""
        if any(c[0] != "after" or c[1] not in self.before for c in both):
            return None
        sizes = (len(self.trained_tokens[seed]) for seed in seeds)
        by_seeds, entries, *own = drawn(len(seeds), len(self.tokens), *sizes)

        def fallen(condition: Condition, on: str, seed: int) -> Floats:
            before = np.array(self.before[condition[1]]["scores"]["0"][on])
            return (before - self.losses(condition, seed, on)).sum(1)

        def of(name: str) -> Floats:
            rows = [
                [fallen(c, "held" if name == "held" else f"trained {seed}", seed) for c in both]
                for seed in seeds
            ]
            return np.array([row[0] if len(row) == 1 else row[0] - row[1] for row in rows])

        trained, held = of("trained"), of("held")
        trained_tokens = np.stack([self.trained_tokens[seed] for seed in seeds])
        tokens = np.broadcast_to(self.tokens, held.shape)
        rounds = resampled(trained, trained_tokens, by_seeds, own)
        rounds = rounds - resampled(held, tokens, by_seeds, entries)
        by_seed = trained.sum(1) / trained_tokens.sum(1) - held.sum(1) / tokens.sum(1)
        mean = trained.sum() / trained_tokens.sum() - held.sum() / tokens.sum()
        return Difference(float(mean), rounds, list(seeds), by_seed.tolist())

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


def masks_over_styles(
    tier: set[Condition], styles: Sequence[str]
) -> Iterator[list[tuple[Condition, Condition]]]:
    """Give, for each length of training, the pairs of prompt masked and nothing masked.

    Only where every style has both; then their mean says what the mask does in any of them.
    """
    after = [c for c in tier if c[0] == "after" and not c[5]]

    def of(style: str, mask: str, rate: float, updates: int) -> Condition:
        return ("after", style, style, mask, rate, "", updates)

    for rest in sorted({(c[4], c[6]) for c in after}):
        pairs = [(of(style, "prompt", *rest), of(style, "none", *rest)) for style in styles]
        if {c for pair in pairs for c in pair} <= tier:
            yield pairs


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
                found.append((named(one), named(two), factor, difference))
        for pairs in masks_over_styles(tier, table.styles):
            difference = table.pooled(pairs, measure)
            if difference is not None:
                both = ({**named(c), "style": "all", "asked": "all"} for c in pairs[0])
                found.append((*both, "mask", difference))
        corrected = holm({n: chance(one[3].rounds) for n, one in enumerate(found)})
        for n, (one, two, factor, difference) in enumerate(found):
            made.append(
                {
                    "measure": measure,
                    "differs in": factor,
                    "one": one,
                    "other": two,
                    "difference": round(difference.mean, 4),
                    "interval": interval(difference.rounds),
                    "seeds": difference.seeds,
                    "by seed": [round(value, 4) for value in difference.by_seed],
                    "chance": round(chance(difference.rounds), 5),
                    "chance, corrected": round(corrected[n], 5),
                    "smallest effect": round(smallest_effect(difference.rounds), 4),
                    "smallest effect, corrected": round(
                        smallest_effect(difference.rounds, len(found)), 4
                    ),
                }
            )
    return made


def describe(table: Table, condition: Condition) -> dict[str, Any]:
    """Give the means of a condition, over entries and seeds, with their intervals."""
    seeds = table.common(condition)
    made: dict[str, Any] = {**named(condition), "seeds": seeds}
    for measure in MEASURES:
        found = table.difference(condition, None, measure, seeds)
        if found is not None:
            made[measure] = {
                "mean": round(found.mean, 4),
                "interval": interval(found.rounds),
                "by seed": [round(value, 4) for value in found.by_seed],
            }
    return made


def cost(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give what training took in each condition: tokens, and a processor's seconds.

    `text`: tokens of texts, end tokens not counted. `slots`: those of the inputs, pads too.
    Seconds are a processor's, so that what else the machine did counts for little.
    """
    made: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for run in runs:
        cell = run["cell"]
        if cell["kind"] == "after":
            key = cell["style"], cell["mask"], cell["rate"], cell["fault"]
            made.setdefault(key, []).append(run)
    found = []
    for (style, mask, rate, fault), of_it in made.items():
        counts = {
            name: round(float(np.mean([run["training"][name] for run in of_it])))
            for name in ("text", "slots", "supervised")
        }
        seconds = [run["seconds"]["training"]["processor"] for run in of_it]
        condition = {"style": style, "mask": mask, "rate": rate, "fault": fault}
        found.append(
            {
                **{name: value for name, value in condition.items() if value != ""},
                "seeds": sorted(run["cell"]["seed"] for run in of_it),
                "updates": of_it[0]["training"]["updates"],
                **counts,
                "seconds": sorted(seconds),
            }
        )
    return found


def per_task(table: Table, condition: Condition) -> dict[str, Any]:
    """Give the loss by kind of task: entries, their tokens, and the mean of each seed."""
    runs = table.runs[condition]
    tasks = [entry["task"] for entry in next(iter(runs.values()))["same"]["held"]]
    made = {}
    for task in sorted(set(tasks)):
        at = np.array([one == task for one in tasks])
        tokens = table.tokens[at].sum()
        each = (table.losses(condition, seed).sum(1) for seed in table.common(condition))
        means = [losses[at].sum() / tokens for losses in each]
        made[task] = {
            "entries": int(at.sum()),
            "tokens": int(tokens),
            "loss": [round(float(mean), 3) for mean in means],
        }
    return made


def questions(same: dict[str, Any], protocol: Protocol) -> dict[str, dict[str, str]]:
    """Give the entries that were answered, by their places among the held-out ones.

    Empty where the set that is packaged now is not the one that the runs were asked.
    """
    words = Words.of(load_smollm2(), SMOLLM2_END_ID)
    entries = choose(protocol, words)
    held = [{"task": e.task, "answer": len(words.encode(e.output))} for e in entries.held]
    if held != same["held"]:
        return {}
    asked = ((n, entries.held[n]) for n in entries.answered)
    return {
        str(n): {"question": f"{e.instruction} {e.input}".strip(), "expected": e.output}
        for n, e in asked
    }


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
        missing = [cell.name for cell in wanted if cell not in there]
        tiers[tier] = {
            "runs": len(wanted),
            "finished": len(wanted) - len(missing),
            "whole": not missing,
            "missing": missing,
        }
        new = of_cells(table, wanted) - earlier
        comparisons[tier] = compare(table, new, earlier)
        earlier |= new
    now = circumstances(("numpy",), {"resampling": SEED}, 0.0)
    conditions = sorted(table.runs, key=repr)
    described = [describe(table, condition) for condition in conditions]
    # What was predicted is about one model and one set of entries ("tiny" stands in for it).
    ours = same["model"] in ("smollm2", "tiny") and same.get("data", EMBEDDED) == EMBEDDED
    predicted = json.loads(PREDICTED.read_text(encoding="utf-8")) if ours else {}
    spent = [each for run in runs for each in run["seconds"].values()]
    results = {
        "machine": runs[0]["machine"],
        "versions": runs[0]["versions"],
        "date": max(run["date"] for run in runs),
        "gathered": now["date"],
        "seeds": {"split": protocol.split, "resampling": SEED},
        "rounds": ROUNDS,
        "tiers": tiers,
        "hours": {
            name: round(sum(each[name] for each in spent) / 3600, 2)
            for name in ("wall", "processor")
        },
        "predicted": predicted,
        "beside": lay_beside(predicted, described, comparisons["A"]) if ours else [],
        "questions": questions(same, protocol) if ours else {},
        "same": {**same, "protocol": asdict(protocol)},
        "conditions": described,
        "tasks": [
            {**named(condition), "tasks": per_task(table, condition)}
            for condition in conditions
            if condition[0] != "crossed"
        ],
        "costs": cost(runs),
        "comparisons": comparisons,
        "runs": [of_run(run) for run in runs],
    }
    unfinished = out.with_name(f"{out.name}.unfinished")
    unfinished.write_text(compact(results) + "\n", encoding="utf-8")
    unfinished.replace(out)
