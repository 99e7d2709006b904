"""Ten batches that people really trained on, each made the way its public report made it.

Gives three short entries, the same throughout, and ten ways to get their batch wrong, with
the thread that reported each. What it leaves out: how the faults are found, which is
`companion.auditing`, and the right way, which is the rest of the companion. Chapter 08.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from companion.auditing import Expectation, audit
from companion.entries import Entry
from companion.findings import Report
from companion.ignoring import IGNORE_INDEX, ignore_padding
from companion.padding import pad_batch
from companion.shifting import shift_targets
from companion.tokenizing import END_ID, TokenizedEntry, gpt2_encode, tokenize_entry

ENTRIES = (
    Entry("Name a color.", "", "Blue."),
    Entry("What is two plus three?", "", "Five."),
    Entry("Spell the word dog.", "", "D, O, G."),
)
"""The entries of every case."""

OWN_PAD = END_ID + 1
"""A pad id of its own, as a tokenizer has it to which a pad token was added."""


def tokenized() -> list[TokenizedEntry]:
    """Give the entries in the prompt style "plain", as ids without an end token.

    >>> [len(entry.ids) for entry in tokenized()]
    [7, 9, 12]
    """
    return [tokenize_entry(entry, "plain") for entry in ENTRIES]


@dataclass(frozen=True)
class Case:
    """A broken batch: what was meant, who reported it, and the code that names the fault.

    `make` gives what the report's code gave: a mapping with `input_ids` and `labels` where
    the model shifts, or `tokens` and `labels` where that is done; and what goes with them.
    `fault`: the name of the explorer's fault that makes the same batch, if it has one.
    """

    title: str
    code: str
    thread: str
    expect: Expectation
    make: Callable[[], dict[str, Any]]
    fault: str | None = None

    @property
    def inputs(self) -> Any:
        """What the model reads, of shape (rows, columns)."""
        batch = self.make()
        return batch["input_ids"] if "input_ids" in batch else batch["tokens"]

    @property
    def targets(self) -> Any:
        """What it is graded by, of the same shape."""
        return self.make()["labels"]

    def report(self) -> Report:
        """Audit the batch.

        >>> CASES[0].report().codes
        ('end-ignored',)
        """
        return audit(self.make(), expect=self.expect)


def _with_end() -> tuple[np.ndarray, list[int]]:
    """Give the block of the entries, an end token after each, and the lengths without it."""
    rows = [entry.ids for entry in tokenized()]
    return pad_batch(rows), [len(ids) for ids in rows]


def _graded(block: np.ndarray, starts: list[int], stops: list[int]) -> np.ndarray:
    """Give labels that are the block's own ids from start to stop of each row."""
    labels = np.full_like(block, IGNORE_INDEX)
    for row, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        labels[row, start:stop] = block[row, start:stop]
    return labels


def _pads_by_value() -> dict[str, Any]:
    block, _ = _with_end()
    return {"input_ids": block, "labels": np.where(block == END_ID, IGNORE_INDEX, block)}


def _no_end() -> dict[str, Any]:
    block, lengths = _with_end()
    block = block[:, :-1]  # the tokenizer gave texts as they are, and only padded them
    attended = np.arange(block.shape[1]) < np.array(lengths)[:, None]
    return {
        "input_ids": block,
        "labels": np.where(attended, block, IGNORE_INDEX),
        "attention_mask": attended,
    }


def _copied() -> dict[str, Any]:
    block, lengths = _with_end()
    inputs = block[:, :-1]
    stops = [length + 1 for length in lengths]
    return {"tokens": inputs, "labels": _graded(inputs, [0, 0, 0], stops)}


def _shifted_by_both() -> dict[str, Any]:
    block, lengths = _with_end()
    inputs, targets = shift_targets(block)
    return {"input_ids": inputs, "labels": ignore_padding(targets, lengths)}


def _prompt_measured_with_an_end() -> dict[str, Any]:
    block, lengths = _with_end()
    prompts = [[*entry.ids[: entry.prompt_length], END_ID] for entry in tokenized()]
    starts = [len(prompt) for prompt in prompts]
    return {"input_ids": block, "labels": _graded(block, starts, [n + 1 for n in lengths])}


def _whole_text() -> dict[str, Any]:
    block, lengths = _with_end()
    return {
        "input_ids": block,
        "labels": _graded(block, [0, 0, 0], [length + 1 for length in lengths]),
    }


def _marker_not_found() -> dict[str, Any]:
    marker = gpt2_encode("Answer: ")
    rows, starts = [], []
    for entry in ENTRIES:
        ids = gpt2_encode(f"{entry.instruction}\nAnswer: {entry.output}")
        places = [at for at in range(len(ids)) if ids[at : at + len(marker)] == marker]
        rows.append(ids)
        starts.append(places[0] + len(marker) if places else len(ids) + 1)
    block = pad_batch(rows)
    return {"input_ids": block, "labels": _graded(block, starts, [len(ids) + 1 for ids in rows])}


def _one_pad_too_many() -> dict[str, Any]:
    block = pad_batch([entry.ids for entry in tokenized()], pad_id=0)
    inputs, targets = shift_targets(block)
    return {
        "tokens": inputs,
        "labels": ignore_padding(targets, [len(e.ids) + 1 for e in tokenized()]),
    }


def _one_tensor_under_two_names() -> dict[str, Any]:
    inputs = pad_batch([entry.ids for entry in tokenized()], pad_id=OWN_PAD)
    labels = inputs  # and not a copy
    labels[labels == OWN_PAD] = IGNORE_INDEX
    return {"input_ids": inputs, "labels": labels}


def _joined_then_shifted() -> dict[str, Any]:
    texts = [[*entry.ids, END_ID] for entry in tokenized()]
    row = np.array([[id for text in texts for id in text]])
    positions = np.array([[place for text in texts for place in range(len(text))]])
    return {"tokens": row[:, :-1], "labels": row[:, 1:], "position_ids": positions[:, :-1]}


_PLAIN = Expectation(end_id=END_ID, mask="none", style="plain")
_MASKED = Expectation(end_id=END_ID, mask="prompt", style="plain")

CASES = (
    Case(
        "Padding found by its value",
        "end-ignored",
        "https://github.com/huggingface/transformers/issues/23530",
        _PLAIN,
        _pads_by_value,
        "padding_by_value",
    ),
    Case(
        "A tokenizer that adds no end",
        "no-end-token",
        "https://github.com/tatsu-lab/stanford_alpaca/issues/126",
        _PLAIN,
        _no_end,
    ),
    Case(
        "Labels that are the inputs",
        "not-shifted",
        "https://github.com/KempnerInstitute/KempnerForge/pull/155",
        _PLAIN,
        _copied,
        "no_shift",
    ),
    Case(
        "Shifted here, and shifted there",
        "shifted-twice",
        "https://github.com/delphi-suite/delphi/pull/134",
        _PLAIN,
        _shifted_by_both,
        "shifted_twice",
    ),
    Case(
        "A prompt measured with its end token",
        "response-ignored",
        "https://github.com/tloen/alpaca-lora/pull/306",
        _MASKED,
        _prompt_measured_with_an_end,
        "mask_off_by_one",
    ),
    Case(
        "A mask that was never switched on",
        "prompt-supervised",
        "https://github.com/huggingface/open-r1/issues/652",
        _MASKED,
        _whole_text,
    ),
    Case(
        "A marker that is not in the text",
        "nothing-supervised",
        "https://github.com/huggingface/trl/issues/1820",
        Expectation(end_id=END_ID, mask="prompt"),
        _marker_not_found,
    ),
    Case(
        "One pad too many",
        "padding-supervised",
        "https://github.com/ml-explore/mlx-lm/pull/1697",
        Expectation(end_id=END_ID, pad_id=0, mask="none", style="plain"),
        _one_pad_too_many,
    ),
    Case(
        "One tensor under two names",
        "ignore-index-in-inputs",
        "https://github.com/huggingface/transformers/issues/8619",
        Expectation(end_id=END_ID, pad_id=OWN_PAD, mask="none", style="plain"),
        _one_tensor_under_two_names,
    ),
    Case(
        "Joined first, shifted afterwards",
        "border-crossed",
        "https://github.com/pytorch/torchtitan/pull/4075",
        _PLAIN,
        _joined_then_shifted,
    ),
)
"""The ten cases, in the order in which chapter 08 opens them."""
