"""Time the collate: from tokenized items to inputs and targets, beside the peers.

    python -m benchmarks.collating [--seconds S] [--folder F]

Every implementation is given its natural items, made beforehand, and has to give the very
tensors that ours gives, or nothing is timed. Ours and the two loops append the end token
themselves; the peers find it in their items, and their shift is a view.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import DataCollatorForSeq2Seq, PreTrainedTokenizerFast
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from benchmarks.measuring import RESULTS, SEED, circumstances, take_turns, write
from companion.collating import Collator, InstructionDataset
from companion.entries import load_entries
from companion.tokenizing import END_ID, TokenizedEntry

SIZES = (8, 64, 512)
IGNORED = -100
Tensors = tuple[torch.Tensor, torch.Tensor]


def fused(entries: list[TokenizedEntry]) -> Tensors:
    """Do all the steps in one loop: the yardstick for composing them."""
    width = max(len(entry.ids) for entry in entries)
    inputs = np.full((len(entries), width), END_ID, dtype=np.int64)
    targets = np.full((len(entries), width), IGNORED, dtype=np.int64)
    for row, entry in enumerate(entries):
        length = len(entry.ids)
        inputs[row, :length] = entry.ids
        targets[row, : length - 1] = entry.ids[1:]
        targets[row, length - 1] = END_ID
    return torch.from_numpy(inputs), torch.from_numpy(targets)


def fused_masked(entries: list[TokenizedEntry]) -> Tensors:
    """Do the same, with the prompt masked."""
    width = max(len(entry.ids) for entry in entries)
    inputs = np.full((len(entries), width), END_ID, dtype=np.int64)
    targets = np.full((len(entries), width), IGNORED, dtype=np.int64)
    for row, entry in enumerate(entries):
        length, prompt = len(entry.ids), entry.prompt_length
        inputs[row, :length] = entry.ids
        targets[row, prompt - 1 : length - 1] = entry.ids[prompt:]
        targets[row, length - 1] = END_ID
    return torch.from_numpy(inputs), torch.from_numpy(targets)


def teaching(rows: list[list[int]]) -> Tensors:
    """Do it as it is first explained: lists, one tensor a row, and a stack of them."""
    width = max(len(row) for row in rows)
    inputs, targets = [], []
    for row in rows:
        missing = width - len(row)
        inputs.append(torch.tensor(row + [END_ID] * missing))
        targets.append(torch.tensor(row[1:] + [END_ID] + [IGNORED] * missing))
    return torch.stack(inputs), torch.stack(targets)


def copied(made: Tensors) -> Tensors:
    """Only allocate the two results and copy them: nothing can be faster."""
    return made[0].clone(), made[1].clone()


def peer_collators() -> dict[str, Callable[[list[dict[str, Any]]], Tensors]]:
    """Give the published collators, each followed by the shift that its model would do."""
    end = "<|endoftext|>"
    words = Tokenizer(WordLevel({end: END_ID}, unk_token=end))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token=end, pad_token=end)
    collators = {
        "trl": DataCollatorForLanguageModeling(pad_token_id=END_ID),
        "transformers": DataCollatorForSeq2Seq(tokenizer),
    }

    def shifted(collator: Callable[[Any], Any]) -> Callable[[list[dict[str, Any]]], Tensors]:
        def collate(features: list[dict[str, Any]]) -> Tensors:
            batch = collator(features)
            return batch["input_ids"][:, :-1], batch["labels"][:, 1:]

        return collate

    return {name: shifted(collator) for name, collator in collators.items()}


def features(entry: TokenizedEntry, masked: bool) -> dict[str, list[int]]:
    """Give what the peers take for an entry: lists, with the end token and the mask in them."""
    ids = [*entry.ids.tolist(), END_ID]
    hidden = entry.prompt_length if masked else 0
    return {
        "input_ids": ids,
        "attention_mask": [1] * len(ids),
        "labels": [IGNORED] * hidden + ids[hidden:],
    }


def embedded() -> list[TokenizedEntry]:
    """Give the embedded entries, in Alpaca's style."""
    dataset = InstructionDataset(load_entries(), style="alpaca")
    return [dataset[index] for index in range(len(dataset))]


def long_tailed(count: int = 4096) -> list[TokenizedEntry]:
    """Give entries with lengths as a large published set has them; the ids mean nothing.

    A log-normal, cut to 30 and 1,293: a mean of about 108 tokens, the longest in a hundred
    at about 380.
    """
    dice = np.random.default_rng(SEED)
    lengths = np.clip(np.exp(dice.normal(4.47, 0.64, count)), 30, 1293).astype(int)
    return [
        TokenizedEntry(dice.integers(0, END_ID, length), int(min(length - 2, 40)))
        for length in lengths
    ]


def compare(
    entries: list[TokenizedEntry], size: int, masked: bool, seconds: float
) -> dict[str, float]:
    """Time every implementation on the same batches, after proving that they agree."""
    dice = np.random.default_rng(SEED)
    batches = [
        [entries[index] for index in dice.integers(0, len(entries), size)]
        for _ in range(max(4, 256 // size))
    ]
    ours = Collator(mask="prompt" if masked else "none")
    as_features = [[features(entry, masked) for entry in batch] for batch in batches]
    inputs: dict[str, list[Any]] = {
        "limit": [ours(batch) for batch in batches],
        "ours": batches,
        "fused loop": batches,
        "trl": as_features,
        "transformers": as_features,
    }
    calls: dict[str, Callable[[Any], Tensors]] = {
        "limit": copied,
        "ours": ours,
        "fused loop": fused_masked if masked else fused,
        **peer_collators(),
    }
    if not masked:
        calls["teaching"] = teaching
        inputs["teaching"] = [[entry.ids.tolist() for entry in batch] for batch in batches]
    for number, expected in enumerate(inputs["limit"]):
        for name, call in calls.items():
            made = call(inputs[name][number])
            if not all(map(torch.equal, made, expected)):
                raise AssertionError(f"{name} gives another batch than ours; nothing was timed")
    return take_turns(calls, inputs, seconds)


def main(seconds: float, folder: Path) -> dict[str, Any]:
    """Time all sets, sizes and masks; print a table, and write results as JSON."""
    torch.set_num_threads(1)
    packages = ("numpy", "torch", "transformers", "trl")
    results: dict[str, Any] = {**circumstances(packages), "microseconds": {}, "ratios": {}}
    for set_name, entries in (("embedded", embedded()), ("long-tailed", long_tailed())):
        for masked in (False, True):
            for size in SIZES:
                cell = f"{set_name}, {'masked' if masked else 'unmasked'}, batch {size}"
                medians = compare(entries, size, masked, seconds)
                results["microseconds"][cell] = {n: round(t * 1e6, 1) for n, t in medians.items()}
                ratios = {name: time / medians["ours"] for name, time in medians.items()}
                results["ratios"][cell] = {name: round(r, 2) for name, r in ratios.items()}
    print(table(results))
    write("collating", results, folder)
    return results


def table(results: dict[str, Any]) -> str:
    """Write the ratios as a table: how many times the time of ours each takes."""
    names = ("ours", "limit", "fused loop", "teaching", "trl", "transformers")
    head = f"{'times the time of ours':36}{'ours, us':>10}" + "".join(f"{n:>14}" for n in names[1:])
    lines = [head]
    for cell, ratios in results["ratios"].items():
        line = f"{cell:36}{results['microseconds'][cell]['ours']:10,.0f}"
        for name in names[1:]:
            line += f"{ratios[name]:14.2f}" if name in ratios else f"{'-':>14}"
        lines.append(line)
    return "\n".join(lines)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--seconds", type=float, default=8, help="for each cell of the table")
    options.add_argument("--folder", type=Path, default=RESULTS, help="where the JSON goes")
    given = options.parse_args()
    main(given.seconds, given.folder)
