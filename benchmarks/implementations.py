"""The collates that are timed: ours, three loops to compare with, and published ones.

Each takes items made beforehand, in the form that it likes best, and gives (inputs,
targets). Ours and the loops append the end token themselves; the peers find it in their
items, and their shift is a view, for they leave it to the model.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import DataCollatorForSeq2Seq, PreTrainedTokenizerFast
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from companion.collating import Collator
from companion.ignoring import IGNORE_INDEX
from companion.tokenizing import END_ID, TokenizedEntry

Tensors = tuple[torch.Tensor, torch.Tensor]
OPTIONAL = ("torchtune", "litgpt")
"""Peers that are measured where they can be imported, and named as absent elsewhere."""


@dataclass(frozen=True)
class Implementation:
    """A collate: `prepare` makes its items from entries, untimed, and `collate` is timed."""

    prepare: Callable[[list[TokenizedEntry]], Any]
    collate: Callable[[Any], Tensors]


def implementations(masked: bool) -> dict[str, Implementation]:
    """Give every implementation that can be had here, by name."""
    ours = Collator(mask="prompt" if masked else "none")

    def alone(entries: list[TokenizedEntry]) -> list[TokenizedEntry]:
        return entries

    def listed(entries: list[TokenizedEntry]) -> list[tuple[list[int], int]]:
        return [(e.ids.tolist(), e.prompt_length if masked else 0) for e in entries]

    return {
        "ours": Implementation(alone, ours),
        "limit": Implementation(ours, copied),
        "fused loop": Implementation(alone, fused_masked if masked else fused),
        "teaching": Implementation(listed, teaching),
        **peers(masked),
        **optional_peers(masked),
    }


def copied(made: Tensors) -> Tensors:
    """Only allocate the two results and copy them: nothing can be faster."""
    return made[0].clone(), made[1].clone()


def fused(entries: list[TokenizedEntry]) -> Tensors:
    """Do all the steps in one loop: the yardstick for composing them."""
    width = max(len(entry.ids) for entry in entries)
    inputs = np.full((len(entries), width), END_ID, dtype=np.int64)
    targets = np.full((len(entries), width), IGNORE_INDEX, dtype=np.int64)
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
    targets = np.full((len(entries), width), IGNORE_INDEX, dtype=np.int64)
    for row, entry in enumerate(entries):
        length, first = len(entry.ids), entry.prompt_length or 1
        inputs[row, :length] = entry.ids
        targets[row, first - 1 : length - 1] = entry.ids[first:]
        targets[row, length - 1] = END_ID
    return torch.from_numpy(inputs), torch.from_numpy(targets)


def teaching(items: list[tuple[list[int], int]]) -> Tensors:
    """Do it as it is first explained: lists of integers, and a tensor made of each."""
    width = max(len(ids) for ids, _ in items) + 1
    inputs, targets = [], []
    for ids, prompt_length in items:
        padded = ids + [END_ID] * (width - len(ids))
        following = padded[1:]
        for column in range(width - 1):
            if column < prompt_length - 1 or column >= len(ids):
                following[column] = IGNORE_INDEX
        inputs.append(torch.tensor(padded[:-1]))
        targets.append(torch.tensor(following))
    return torch.stack(inputs), torch.stack(targets)


def peers(masked: bool) -> dict[str, Implementation]:
    """Give the published collates that are installed with the book."""
    end = "<|endoftext|>"
    words = Tokenizer(WordLevel({end: END_ID}, unk_token=end))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, eos_token=end, pad_token=end, padding_side="right"
    )
    trl = DataCollatorForLanguageModeling(pad_token_id=END_ID)
    transformers = DataCollatorForSeq2Seq(tokenizer)

    def with_attention(entries: list[TokenizedEntry]) -> list[dict[str, list[int]]]:
        made = _features(entries, masked)
        return [{**row, "attention_mask": [1] * len(row["input_ids"])} for row in made]

    return {
        "TRL": Implementation(
            lambda entries: _features(entries, masked),
            lambda items: _shifted(trl(items)),
        ),
        "transformers": Implementation(with_attention, lambda items: _shifted(transformers(items))),
    }


def optional_peers(masked: bool) -> dict[str, Implementation]:
    """Give those of the published collates of `OPTIONAL` that are installed."""
    found: dict[str, Implementation] = {}
    try:
        from torchtune.data import padded_collate_sft
    except ImportError:
        pass
    else:
        found["torchtune"] = Implementation(
            lambda entries: _torchtune_items(entries, masked),
            lambda items: _torchtune(padded_collate_sft, items),
        )
    try:
        from litgpt.data.base import get_sft_collate_fn
    except ImportError:
        pass
    else:
        litgpt = get_sft_collate_fn(pad_id=END_ID)
        found["litgpt"] = Implementation(
            lambda entries: _litgpt_items(entries, masked),
            lambda items: _shifted(litgpt(items)),
        )
    return found


def _features(entries: list[TokenizedEntry], masked: bool) -> list[dict[str, list[int]]]:
    """Give what the peers take for entries: lists, with the end token and the mask in them."""
    features = []
    for entry in entries:
        ids = [*entry.ids.tolist(), END_ID]
        hidden = entry.prompt_length if masked else 0
        features.append({"input_ids": ids, "labels": [IGNORE_INDEX] * hidden + ids[hidden:]})
    return features


def _shifted(batch: Any) -> Tensors:
    return batch["input_ids"][:, :-1], batch["labels"][:, 1:]


def _torchtune_items(entries: list[TokenizedEntry], masked: bool) -> list[dict[str, list[int]]]:
    """Give torchtune's items, whose labels its datasets have already shifted."""
    return [
        {"tokens": row["input_ids"], "labels": [*row["labels"][1:], IGNORE_INDEX]}
        for row in _features(entries, masked)
    ]


def _torchtune(collate: Callable[..., Any], items: list[dict[str, list[int]]]) -> Tensors:
    batch = collate(items, padding_idx=END_ID, ignore_idx=IGNORE_INDEX)
    return batch["tokens"][:, :-1], batch["labels"][:, :-1]


def _litgpt_items(entries: list[TokenizedEntry], masked: bool) -> list[dict[str, Any]]:
    """Give litgpt's items: tensors already, with the counts that it carries along."""
    return [
        {
            **{name: torch.tensor(ids) for name, ids in row.items()},
            "token_counts": {"raw": len(entry.ids), "raw_plus_prompt_template": len(entry.ids)},
        }
        for entry, row in zip(entries, _features(entries, masked), strict=True)
    ]
