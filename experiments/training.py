"""What each step left out does to a model: training runs, some hours of them.

    python -m experiments.training --runs FOLDER      # make the runs that are missing there
    python -m experiments.training --runs FOLDER --gather

Every run trains the model of `companion.training` from nothing, for the same number of
updates; runs of one seed begin with the same weights and see the same entries in the same
order. One step differs. A fault that lives in another layout (packed, padded left, several
small batches an update) is compared with a right run in that layout.

A finished run is one file in FOLDER, so what is killed goes on where it was. Runs carry the
hash of this script and of the modules it imports, and other hashes are refused. `--gather`
writes `companion/results/training.json` from what is there so far.
"""

import argparse
import ast
import datetime
import hashlib
import json
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.measuring import RESULTS, circumstances, write
from companion.collating import ResponseCutWarning
from companion.entries import Entry, load_entries
from companion.formatting import PromptStyle
from companion.ignoring import IGNORE_INDEX, Spans, keep_spans
from companion.loading import make_loader
from companion.masking import every_answer
from companion.packing import Packer, block_diagonal_mask, plan_packs
from companion.padding import pad_batch
from companion.shifting import shift_targets
from companion.tokenizing import TokenizedEntry
from companion.training import (
    COLLATOR,
    END_ID,
    PAD_ID,
    STYLE,
    Evaluation,
    Transformer,
    evaluate,
    make_entries,
    tokenized,
    train,
)

Feed = tuple[torch.Tensor, ...]
"""(inputs, targets), or (inputs, targets, positions, may_read)."""
Entries = list[TokenizedEntry]


@dataclass(frozen=True)
class Plan:
    """What is the same in every run."""

    pairs: int = 24_000
    held_out: int = 500
    batch: int = 64
    updates: int = 700
    peak: float = 3e-3
    width: int = 128
    layers: int = 3
    heads: int = 4
    cut: int = 25  # columns, where the responses are cut: 29 % of the texts are longer
    pack: int = 128  # slots of a pack
    micro: int = 8  # entries of a small batch, where an update has several
    last: int = 50  # updates over which the printed loss is averaged
    every: int = 20  # updates for each point of the curve


QUICK = Plan(pairs=64, held_out=12, batch=16, updates=6, width=16, layers=1, last=2, every=2)
DATA_SEEDS = {"pairs": 0, "held out": 1, "bootstrap": 2}

# The batches ------------------------------------------------------------------------------


def _feed(block: NDArray[np.int64], spans: Sequence[Spans]) -> Feed:
    """Shift a block, and supervise the spans."""
    inputs, targets = shift_targets(block)
    targets = keep_spans(targets, spans)
    return torch.from_numpy(np.ascontiguousarray(inputs)), torch.from_numpy(targets)


def _block(entries: Entries) -> NDArray[np.int64]:
    return pad_batch([entry.ids for entry in entries], END_ID, PAD_ID)


def _moved(entries: Entries, start: int = 0, stop: int = 0) -> list[Spans]:
    """Give the spans of the responses with their borders moved."""
    return [tuple((a + start, b + stop) for a, b in every_answer(entry)) for entry in entries]


def right(entries: Entries, plan: Plan) -> list[Feed]:
    """Leave nothing out."""
    return [COLLATOR(entries)]


def no_end(entries: Entries, plan: Plan) -> list[Feed]:
    """Append no end token: the last target is the response's last token."""
    return [_feed(_block(entries)[:, :-1], _moved(entries, stop=-1))]


def end_ignored(entries: Entries, plan: Plan) -> list[Feed]:
    """Find pads by their value, which is the end token's: it is ignored with them."""
    inputs, targets = COLLATOR(entries)
    return [(inputs, targets.masked_fill(targets == PAD_ID, IGNORE_INDEX))]


def no_shift(entries: Entries, plan: Plan) -> list[Feed]:
    """Make each token its own target."""
    block = _block(entries)
    # keep_spans takes column j for the token at j + 1; here it holds the token at j.
    targets = keep_spans(block, _moved(entries, 1, 1))
    return [(torch.from_numpy(block), torch.from_numpy(targets))]


def shifted_twice(entries: Entries, plan: Plan) -> list[Feed]:
    """Shift here, and once more in the model: the target is the token after the next."""
    inputs, targets = COLLATOR(entries)
    again = torch.full_like(targets, IGNORE_INDEX)
    again[:, :-1] = targets[:, 1:]
    return [(inputs, again)]


def padding_learned(entries: Entries, plan: Plan) -> list[Feed]:
    """Ignore no padding: after the response, every pad is a target."""
    block = _block(entries)
    return [_feed(block, [((entry.prompt_length, block.shape[1]),) for entry in entries])]


def prompt_learned(entries: Entries, plan: Plan) -> list[Feed]:
    """Leave the prompt unmasked."""
    return [replace(COLLATOR, mask="none")(entries)]


def header_learned(entries: Entries, plan: Plan) -> list[Feed]:
    """Mask the prompt but for its response header."""
    return [replace(COLLATOR, mask="prompt_without_header")(entries)]


def masked_one_more(entries: Entries, plan: Plan) -> list[Feed]:
    """Mask one token too many: the response's first token is no target."""
    return [_feed(_block(entries), _moved(entries, start=1))]


def masked_one_less(entries: Entries, plan: Plan) -> list[Feed]:
    """Mask one token too few: the prompt's last token is a target."""
    return [_feed(_block(entries), _moved(entries, start=-1))]


def cut(entries: Entries, plan: Plan) -> list[Feed]:
    """Cut the texts to a width, the end token with what does not fit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResponseCutWarning)
        return [replace(COLLATOR, max_length=plan.cut)(entries)]


def rolled(entries: Entries, plan: Plan) -> list[Feed]:
    """Give every row the targets of the row before."""
    inputs, targets = COLLATOR(entries)
    return [(inputs, targets.roll(1, dims=0))]


def left(entries: Entries, plan: Plan) -> list[Feed]:
    """Pad on the left, with positions and a mask that know of it."""
    ((inputs, targets),) = left_bare(entries, plan)
    columns = torch.arange(inputs.shape[1])
    gaps = torch.tensor([inputs.shape[1] - len(entry.ids) for entry in entries])
    text = columns >= gaps[:, None]  # (rows, columns)
    causal = columns[:, None] >= columns
    itself = columns[:, None] == columns  # a pad reads itself: who reads nothing gives NaN
    may_read = (causal & text[:, None, :]) | itself
    return [(inputs, targets, (columns - gaps[:, None]).clamp(min=0), may_read[:, None])]


def left_bare(entries: Entries, plan: Plan) -> list[Feed]:
    """Pad on the left, and let the model read the pads, and count them."""
    inputs, targets = COLLATOR(entries)
    for row, entry in enumerate(entries):
        gap = inputs.shape[1] - len(entry.ids)
        inputs[row] = inputs[row].roll(gap)
        inputs[row, :gap] = PAD_ID
        targets[row] = targets[row].roll(gap)
    return [(inputs, targets)]


def _packs(entries: Entries, plan: Plan) -> list[Entries]:
    """Say which entries share a row, each row in the batch's order, which is by chance."""
    planned = plan_packs([len(entry.ids) for entry in entries], plan.pack)
    return [[entries[i] for i in sorted(pack)] for pack in planned]


def packed(entries: Entries, plan: Plan) -> list[Feed]:
    """Pack, each entry with its own positions, and reading itself alone."""
    packer = Packer(replace(COLLATOR, max_length=plan.pack, pad_to_multiple_of=plan.pack))
    rows = [packer(pack) for pack in _packs(entries, plan)]
    inputs, targets, positions = (torch.cat(part) for part in zip(*rows, strict=True))
    return [(inputs, targets, positions, block_diagonal_mask(positions))]


def packed_across(entries: Entries, plan: Plan) -> list[Feed]:
    """Pack first and shift after: an entry's last target is the next one's first token."""
    ((inputs, _, positions, may_read),) = packed(entries, plan)
    packs = _packs(entries, plan)
    joined = [np.concatenate([entry.ids for entry in pack]) for pack in packs]
    spans = []
    for pack in packs:
        begins = np.cumsum([0, *(len(entry.ids) for entry in pack)]).tolist()
        spans.append(
            tuple(
                (begin + a, begin + b)
                for begin, entry in zip(begins, pack, strict=False)
                for a, b in every_answer(entry)
            )
        )
    _, targets = _feed(pad_batch(joined, END_ID, PAD_ID, plan.pack + 1), spans)
    return [(inputs, targets, positions, may_read)]


def packed_open(entries: Entries, plan: Plan) -> list[Feed]:
    """Pack without isolation: an entry reads those before it, and positions go on."""
    return [feed[:2] for feed in packed(entries, plan)]


def in_parts(entries: Entries, plan: Plan) -> list[Feed]:
    """Make several small batches an update, of responses of similar length."""
    order = sorted(
        range(len(entries)), key=lambda i: len(entries[i].ids) - entries[i].prompt_length
    )
    parts = [order[i : i + plan.micro] for i in range(0, len(order), plan.micro)]
    return [COLLATOR([entries[i] for i in part]) for part in parts]


def loss_of(model: nn.Module, feeds: list[Feed], mean_of_means: bool = False) -> torch.Tensor:
    """Give the mean loss of an update's supervised targets, or the mean of its parts' means."""
    sums, counts = [], []
    for inputs, targets, *more in feeds:
        logits = model(inputs, *more).flatten(0, 1)
        sums.append(
            nn.functional.cross_entropy(
                logits, targets.flatten(), ignore_index=IGNORE_INDEX, reduction="sum"
            )
        )
        counts.append((targets != IGNORE_INDEX).sum())
    if mean_of_means:
        return torch.stack([s / n for s, n in zip(sums, counts, strict=True)]).mean()
    return torch.stack(sums).sum() / torch.stack(counts).sum()


# What is run ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Variant:
    """One way to train: how a batch is made, and the right run that it is compared with."""

    collate: Callable[[Entries, Plan], list[Feed]]
    twin: str | None = "right"
    seeds: int = 3
    mean_of_means: bool = False
    ask_without_header: bool = False


VARIANTS = {
    "right": Variant(right, None, 10),
    "no end token": Variant(no_end),
    "end token ignored": Variant(end_ignored),
    "no shift": Variant(no_shift),
    "shifted twice": Variant(shifted_twice),
    "padding not ignored": Variant(padding_learned, seeds=5),
    "prompt not masked": Variant(prompt_learned, seeds=5, ask_without_header=True),
    "mask without the header": Variant(header_learned, seeds=5, ask_without_header=True),
    "mask one too long": Variant(masked_one_more),
    "mask one too short": Variant(masked_one_less, seeds=5),
    "responses cut": Variant(cut),
    "targets rolled by one row": Variant(rolled),
    "left padding, right": Variant(left, "right"),
    "left padding, no mask, no positions": Variant(left_bare, "left padding, right"),
    "packed, right": Variant(packed, "right", 5),
    "packed, targets across borders": Variant(packed_across, "packed, right"),
    "packed, not isolated": Variant(packed_open, "packed, right", 5),
    "accumulated, right": Variant(in_parts, "right", 5),
    "accumulated, mean of means": Variant(in_parts, "accumulated, right", 5, mean_of_means=True),
    "embedded set": Variant(right, None, 1),
}
QUICK_VARIANTS = ("right", "no end token", "packed, right", "packed, not isolated")

OTHER_STYLE = PromptStyle("other", "Q: {instruction}", input="\n{input}", header="\nA: ")
ASKED: dict[str, Callable[[Entry], str]] = {
    "asked in another style": OTHER_STYLE.prompt,
    "asked without the header": STYLE.body,
}
"""Faults of inference: a model that was trained rightly is asked otherwise."""


def jobs(names: Sequence[str] = tuple(VARIANTS)) -> list[tuple[str, int]]:
    """Give the (variant, seed) of every run, the most valuable first."""
    most = {name: VARIANTS[name].seeds for name in names}
    order = [("right", seed) for seed in range(min(3, most.get("right", 0)))]
    for seed in range(max(most.values())):
        order += [(name, seed) for name in names if seed < most[name] and name != "right"]
        if seed == 2:
            order += [("right", later) for later in range(3, most.get("right", 0))]
    return order


def fingerprint() -> str:
    """Give the hash of this script and of every module of the companion that it imports."""
    root = Path(__file__).resolve().parents[1]
    waiting, found = [Path(__file__).resolve()], {}
    while waiting:
        file = waiting.pop()
        if file in found or not file.is_file():
            continue
        found[file] = file.read_bytes()
        for node in ast.walk(ast.parse(found[file])):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("companion"):
                waiting.append(root.joinpath(*str(node.module).split(".")).with_suffix(".py"))
    digest = hashlib.sha256()
    for file in sorted(found):
        digest.update(file.relative_to(root).as_posix().encode() + b"\0" + found[file] + b"\0")
    return digest.hexdigest()[:16]


@lru_cache(maxsize=2)
def entries_of(plan: Plan, embedded: bool = False) -> tuple[list[Entry], list[Entry]]:
    """Give the entries to train on, and those held out."""
    if embedded:  # those of a length that the model can take in this time
        short = [e for e in load_entries() if len(STYLE.text(e).encode()) <= 96]
        random.Random(DATA_SEEDS["pairs"]).shuffle(short)
        return short[:-100], short[-100:]
    held = make_entries(plan.held_out, DATA_SEEDS["held out"])
    return make_entries(plan.pairs, DATA_SEEDS["pairs"], without=held), held


def shown(entries: Sequence[Entry], found: Evaluation, ask: Callable[[Entry], str]) -> list[Any]:
    """Give three answers, of the first entry of three kinds."""
    kinds = list(dict.fromkeys(entry.task for entry in entries))[:3]
    chosen = [next(i for i, e in enumerate(entries) if e.task == kind) for kind in sorted(kinds)]
    return [
        {
            "prompt": ask(entries[i]),
            "expected": entries[i].output,
            "answer": found.answers[i].text,
            "stopped": found.answers[i].stopped,
        }
        for i in chosen
    ]


def figures(
    entries: Sequence[Entry], found: Evaluation, ask: Callable[[Entry], str]
) -> dict[str, Any]:
    """Give an evaluation's figures, and those of each question, from which intervals come."""
    count = len(entries)
    lengths = [len(answer.text) for answer in found.answers]
    return {
        "exact": sum(found.exact) / count,
        "stops": sum(answer.stopped for answer in found.answers) / count,
        "mean length": sum(lengths) / count,
        "answers": shown(entries, found, ask),
        "each question": {
            "exact": "".join(str(int(exact)) for exact in found.exact),
            "stops": "".join(str(int(answer.stopped)) for answer in found.answers),
            "length": lengths,
            "loss": [round(loss, 5) for loss in found.losses],
            "tokens": found.tokens,
        },
    }


def run(name: str, seed: int, plan: Plan) -> dict[str, Any]:
    """Train one model and ask it; give all that is kept of the run."""
    variant, embedded = VARIANTS[name], name == "embedded set"
    training, held = entries_of(plan, embedded)
    wall, busy = time.perf_counter(), time.process_time()
    loader = make_loader(
        tokenized(training),
        lambda entries: variant.collate(entries, plan),
        batch_size=plan.batch,
        shuffle=True,
        seed=seed,
    )
    model = Transformer(plan.width, plan.layers, plan.heads, seed=seed)
    losses = train(
        model,
        loader,
        plan.updates,
        lambda model, feeds: loss_of(model, feeds, variant.mean_of_means),
        plan.peak,
    )
    trained = time.process_time() - busy
    limit = 96 if embedded else 24
    made = circumstances(("numpy", "torch"), DATA_SEEDS, 0.0)
    del made["machine"]["share of the time on a processor"]  # the seconds below tell it
    found = evaluate(model, held, limit=limit)
    ways = dict(ASKED) if name == "right" else {}
    if variant.ask_without_header:
        ways["asked without the header"] = ASKED["asked without the header"]
    return {
        "variant": name,
        "seed": seed,
        "hash": fingerprint(),
        "plan": asdict(plan),
        "first loss": losses[0],
        "printed loss": float(np.mean(losses[-plan.last :])),
        "held-out loss": found.loss,
        **figures(held, found, STYLE.prompt),
        "curve": [
            [start + plan.every, round(float(np.mean(losses[start : start + plan.every])), 4)]
            for start in range(0, plan.updates, plan.every)
        ],
        "asked": {way: figures(held, evaluate(model, held, ask), ask) for way, ask in ways.items()},
        "processor seconds": {
            "training": round(trained, 1),
            "all": round(time.process_time() - busy, 1),
        },
        "seconds": round(time.perf_counter() - wall, 1),
        **made,
    }


# Many runs --------------------------------------------------------------------------------


def file_of(folder: Path, name: str, seed: int) -> Path:
    """Give the file of a finished run."""
    return folder / f"{name.replace(',', '').replace(' ', '_')}.{seed}.json"


def read_runs(folder: Path, plan: Plan) -> dict[tuple[str, int], dict[str, Any]]:
    """Read the finished runs; raise `ValueError` for one of other code or another plan."""
    runs = {}
    for file in sorted(folder.glob("*.json")):
        found = json.loads(file.read_text(encoding="utf-8"))
        if found["hash"] != fingerprint() or found["plan"] != asdict(plan):
            raise ValueError(
                f"{file}: made by other code or another plan (hash {found['hash']}, here "
                f"{fingerprint()}); runs are not mixed: take a new folder, or the code of these"
            )
        runs[found["variant"], found["seed"]] = found
    return runs


def _one(job: tuple[str, int, Plan, Path]) -> tuple[str, int, float]:
    name, seed, plan, folder = job
    torch.set_num_threads(1)
    done = run(name, seed, plan)
    write(done, file_of(folder, name, seed))
    return name, seed, done["exact"]


def make_runs(
    folder: Path, plan: Plan, names: Sequence[str], workers: int, progress: bool = True
) -> None:
    """Make the runs that are missing in the folder, `workers` at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    there = read_runs(folder, plan)
    missing = [job for job in jobs(names) if job not in there]
    begin = time.perf_counter()
    for number, (name, seed, exact) in enumerate(
        _results([(name, seed, plan, folder) for name, seed in missing], workers), 1
    ):
        if progress:
            left_over = (time.perf_counter() - begin) / number * (len(missing) - number)
            now = datetime.datetime.now().strftime("%H:%M:%S")
            print(
                f"{now} {number} of {len(missing)}: {name}, seed {seed}: exact {exact:.3f}; "
                f"{left_over / 60:.0f} minutes left",
                file=sys.stderr,
                flush=True,
            )


def _results(
    given: list[tuple[str, int, Plan, Path]], workers: int
) -> Iterator[tuple[str, int, float]]:
    if workers == 1:
        yield from map(_one, given)
        return
    with get_context("spawn").Pool(workers, maxtasksperchild=10) as pool:
        yield from pool.imap_unordered(_one, given)


# Intervals --------------------------------------------------------------------------------


def bootstrap(
    values: NDArray[np.float64],
    weights: NDArray[np.float64] | None = None,
    draws: int = 2000,
    seed: int = DATA_SEEDS["bootstrap"],
) -> list[float]:
    """Give the 95 % interval of the mean over seeds and questions, both drawn anew.

    `values`: shape (seeds, questions); of one column, seeds alone are drawn. `weights`: what
    each question counts, shape (questions,), for a mean over tokens where `values` are sums.

    >>> bootstrap(np.array([[1.0, 1.0], [1.0, 1.0]]))
    [1.0, 1.0]
    """
    seeds, questions = values.shape
    dice = np.random.default_rng(seed)
    drawn_seeds = dice.multinomial(seeds, [1 / seeds] * seeds, draws)
    drawn = dice.multinomial(questions, [1 / questions] * questions, draws)
    counts = np.ones(questions) if weights is None else weights
    means = ((drawn_seeds @ values) * drawn).sum(axis=1) / (seeds * (drawn @ counts))
    return [round(float(v), 4) for v in np.quantile(means, [0.025, 0.975])]


def _rows(runs: Sequence[dict[str, Any]], figure: str) -> NDArray[np.float64]:
    return np.array([[float(v) for v in one["each question"][figure]] for one in runs])


def summary(runs: Sequence[dict[str, Any]], twins: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Give each figure's mean and interval, and its difference to the twins of the same seeds."""
    found: dict[str, Any] = {}
    tokens = np.array(runs[0]["each question"]["tokens"], dtype=float)
    for figure, key in (
        ("exact", "exact"),
        ("stops", "stops"),
        ("mean length", "length"),
        ("held-out loss", "loss"),
        ("printed loss", None),
    ):
        weights = tokens if key == "loss" else None
        for what, ones in (("mean", runs), ("minus the right twin", twins)):
            if what != "mean" and not twins:
                continue
            if key is None:
                if any(figure not in one for one in [*runs, *twins]):
                    continue  # a way to ask has no training of its own
                values = np.array([[one[figure]] for one in runs])
                values = values if what == "mean" else values - [[one[figure]] for one in ones]
            else:
                values = _rows(runs, key)
                values = values if what == "mean" else values - _rows(ones, key)
            divisor = values.shape[1] if weights is None else weights.sum()
            middle = float(values.sum() / (len(values) * divisor))
            found.setdefault(figure, {})[what] = {
                "is": round(middle, 4),
                "interval": bootstrap(values, weights),
            }
    return found


def gather(folder: Path, plan: Plan, names: Sequence[str]) -> dict[str, Any]:
    """Give all figures of the finished runs, with intervals and what is still missing."""
    runs = read_runs(folder, plan)
    if not runs:
        raise ValueError(f"{folder}: there are no finished runs to gather")
    table = []
    for name in names:
        mine = {seed: one for (variant, seed), one in runs.items() if variant == name}
        if not mine:
            continue
        twin = VARIANTS[name].twin
        table.append(_line(name, twin, mine, _of(runs, twin), VARIANTS[name].seeds))
        for way in sorted({way for one in mine.values() for way in one["asked"]}):
            asked = {seed: one["asked"][way] for seed, one in mine.items()}
            table.append(_line(f"{name}, {way}", name, asked, mine, VARIANTS[name].seeds))
    kept = [{k: v for k, v in one.items() if k not in _COMMON} for _, one in sorted(runs.items())]
    for one in kept:
        one.pop("each question")
        one["asked"] = {
            way: {k: v for k, v in found.items() if k != "each question"}
            for way, found in one["asked"].items()
        }
    first = next(iter(runs.values()))
    machines = [json.loads(m) for m in sorted({json.dumps(r["machine"]) for r in runs.values()})]
    return {
        "machine": machines[0] if len(machines) == 1 else machines,
        "versions": first["versions"],
        "date": max(one["date"] for one in runs.values()),
        "seeds": DATA_SEEDS,
        "hash": first["hash"],
        "plan": first["plan"],
        "finished": {"runs": len(runs), "of": len(jobs(names))},
        "table": table,
        "runs": kept,
    }


_COMMON = ("machine", "versions", "date", "seeds", "hash", "plan")


def _of(runs: dict[tuple[str, int], Any], name: str | None) -> dict[int, Any]:
    return {seed: one for (variant, seed), one in runs.items() if variant == name}


def _line(
    name: str, twin: str | None, mine: dict[int, Any], twins: dict[int, Any], planned: int
) -> dict[str, Any]:
    """Give a line of the table: over all its seeds, and paired over those the twin has, too."""
    both = sorted(mine.keys() & twins.keys())
    alone = summary([mine[seed] for seed in sorted(mine)], [])
    paired = summary([mine[s] for s in both], [twins[s] for s in both]) if both else {}
    for figure, found in paired.items():
        if "minus the right twin" in found:
            alone[figure]["minus the right twin"] = found["minus the right twin"]
    return {
        "variant": name,
        "twin": twin,
        "seeds": sorted(mine),
        "seeds planned": planned,
        "paired seeds": both,
        **alone,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the runs, or gather them."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.training", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--runs", type=Path, help="the folder of finished runs")
    parser.add_argument("--workers", type=int, default=2, help="runs at a time, a thread each")
    parser.add_argument("--only", nargs="*", choices=list(VARIANTS), help="these variants alone")
    parser.add_argument("--gather", action="store_true", help="write the results")
    parser.add_argument("--quick", action="store_true", help="a tiny model: it runs, no more")
    parser.add_argument("--out", type=Path, help="where the results go; needed by --quick")
    given = parser.parse_args(arguments)
    if given.quick:
        if given.out is None:
            parser.error("--quick needs --out: its figures do not belong into the package")
        with tempfile.TemporaryDirectory() as folder:
            make_runs(Path(folder), QUICK, QUICK_VARIANTS, 1, progress=False)
            write(gather(Path(folder), QUICK, QUICK_VARIANTS), given.out)
        return
    if given.runs is None:
        parser.error("--runs FOLDER says where finished runs are")
    if given.gather:
        results = gather(given.runs, Plan(), tuple(VARIANTS))
        write(results, given.out or RESULTS / "training.json")
        print(json.dumps(results["finished"]))
        return
    make_runs(given.runs, Plan(), given.only or tuple(VARIANTS), given.workers)


if __name__ == "__main__":
    main()
