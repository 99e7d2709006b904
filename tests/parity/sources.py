"""Correct batches of every library of the field, each with the declaration that fits it.

A source takes tokenized entries, as the companion has them, and gives a `Made`: the batch
as that library makes it, the `Expectation` that declares it to the audit, and where each
text stands in it, so that a test can plant a fault there. TRL and transformers are the
real ones. Torchtune and litgpt are not installed with the tests: their few lines are said
again here, in plain torch, from what their sources and documentation say they do.
"""

import random
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.resources import files

import torch
from datasets import Dataset, disable_progress_bars
from tiktoken_ext.openai_public import r50k_pat_str
from tokenizers import Tokenizer, models
from torch.nn.utils.rnn import pad_sequence
from transformers import (
    DataCollatorForSeq2Seq,
    DataCollatorWithFlattening,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
)
from transformers.convert_slow_tokenizer import TikTokenConverter
from trl.data_utils import pack_dataset
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling as TRLCollator

from companion.auditing import Expectation
from companion.collating import Batch, Collator, ResponseCutWarning
from companion.entries import load_entries
from companion.ignoring import IGNORE_INDEX, Spans
from companion.masking import MASKS
from companion.storing import InstructionDataset
from companion.tokenizing import END_ID, TokenizedEntry

disable_progress_bars()

OWN_PAD = 50257
"""An id that was added for padding alone."""

Row = tuple[list[int], list[int]]
"""The ids of a text with its end token, and its labels: those ids, or the ignore index."""


# What the sources are made from ----------------------------------------------------------


@lru_cache
def embedded(style: str = "alpaca") -> list[TokenizedEntry]:
    """Give the embedded set, tokenized once."""
    return list(InstructionDataset(load_entries(), style))


@lru_cache
def local_tokenizer() -> PreTrainedTokenizerFast:
    """Make the tokenizer that transformers and TRL ask for, from the packaged vocabulary."""
    end = "<|endoftext|>"
    vocabulary = files("companion") / "data" / "r50k_base.tiktoken"
    gpt2 = TikTokenConverter(str(vocabulary), r50k_pat_str, extra_special_tokens=[end])
    return PreTrainedTokenizerFast(
        tokenizer_object=gpt2.converted(), eos_token=end, pad_token=end, padding_side="right"
    )


@lru_cache
def padder(pad_id: int = END_ID, side: str = "right") -> PreTrainedTokenizerFast:
    """Make a tokenizer that only knows how to pad, which is all that a collator asks of it."""
    names = {"<|endoftext|>": END_ID, "<|pad|>": OWN_PAD}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(names, unk_token="<|endoftext|>")),
        eos_token="<|endoftext|>",
        pad_token={number: name for name, number in names.items()}[pad_id],
        padding_side=side,
    )


def tiny_gpt2(seed: int = 0) -> GPT2LMHeadModel:
    """Make a very small GPT-2 with random weights, wide enough apart that a fault is seen."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = GPT2Config(n_embd=8, n_layer=2, n_head=2, n_positions=1024, initializer_range=0.2)
        config.bos_token_id = config.eos_token_id = END_ID
        return GPT2LMHeadModel(config).eval()


def first_supervised(entry: TokenizedEntry, mask: str) -> int:
    """Give the position of the first token that the model is graded on, and all after it."""
    if mask == "none":
        return 0
    if mask == "prompt":
        return entry.prompt_length
    assert mask == "prompt_without_header"
    return entry.prompt_length - entry.header_length


def rows_of(
    entries: Sequence[TokenizedEntry], mask: str = "none", length: int | None = None
) -> list[Row]:
    """Give each text with its end token, and its labels, cut to `length` ids."""
    rows = []
    for entry in entries:
        ids = [*entry.ids.tolist(), END_ID]
        first = first_supervised(entry, mask)
        labels = [IGNORE_INDEX] * first + ids[first:]
        rows.append((ids[:length], labels[:length]))
    return rows


def features(rows: Sequence[Row]) -> list[dict[str, list[int]]]:
    """Give the rows as the collators of TRL and transformers take them."""
    return [
        {"input_ids": ids, "labels": labels, "attention_mask": [1] * len(ids)}
        for ids, labels in rows
    ]


# What a source gives ---------------------------------------------------------------------


@dataclass(frozen=True)
class Text:
    """Where a text stands in a batch: its row, the column of its first id, and its ids."""

    row: int
    start: int
    ids: list[int]
    entry: TokenizedEntry


@dataclass(frozen=True)
class Made:
    """A correct batch, its declaration, and its texts in the order of the audit."""

    batch: Batch | dict
    expect: Expectation
    texts: list[Text]

    @property
    def names(self) -> tuple[str, str]:
        """Give the names of inputs and targets in a batch that is a dictionary."""
        return ("tokens" if "tokens" in self.batch else "input_ids", "labels")

    @property
    def inputs(self) -> torch.Tensor:
        """Give the inputs."""
        return self.batch[0] if isinstance(self.batch, Batch) else self.batch[self.names[0]]

    @property
    def targets(self) -> torch.Tensor:
        """Give the targets, or labels."""
        return self.batch[1] if isinstance(self.batch, Batch) else self.batch["labels"]

    @property
    def shifted(self) -> bool:
        """Tell whether targets[i] follows inputs[i]."""
        if self.expect.shifted is not None:
            return self.expect.shifted
        return isinstance(self.batch, Batch) or "tokens" in self.batch

    @property
    def spans(self) -> list[Spans]:
        """Give what of each text should be supervised, to declare instead of a style."""
        entries = [text.entry for text in self.texts]
        mask = self.expect.mask or "none"
        return [((first_supervised(entry, mask), len(entry.ids) + 1),) for entry in entries]

    def column(self, text: Text, position: int) -> int:
        """Give the column of the target that is the token at this position of the text."""
        return text.start + position - int(self.shifted)

    def changed(self, inputs: torch.Tensor, targets: torch.Tensor) -> Batch | dict:
        """Give the batch with other inputs and targets, and all else as it was."""
        if isinstance(self.batch, Batch):
            return Batch(inputs, targets)
        return {**self.batch, self.names[0]: inputs, "labels": targets}


def placed(rows: Sequence[Row], entries: Sequence[TokenizedEntry], left: int = 0) -> list[Text]:
    """Place one text a row; `left`: the width of a batch that is padded on the left."""
    return [
        Text(row, left - len(ids) if left else 0, ids, entry)
        for row, ((ids, _), entry) in enumerate(zip(rows, entries, strict=True))
    ]


def joined(rows: Sequence[Row], entries: Sequence[TokenizedEntry]) -> list[Text]:
    """Place all texts in one row, one after the other."""
    texts, start = [], 0
    for (ids, _), entry in zip(rows, entries, strict=True):
        texts.append(Text(0, start, ids, entry))
        start += len(ids)
    return texts


# The sources -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Settings:
    """How a batch is to be made; `length`: the most ids of a text with its end token."""

    mask: str = "none"
    style: str = "alpaca"
    length: int | None = None
    pad_id: int = END_ID

    def expect(self, **declared: object) -> Expectation:
        """Declare a batch that was made so."""
        return Expectation(
            **{
                "end_id": END_ID,  # which a batch may hold nowhere, where all is cut
                "pad_id": self.pad_id,
                "mask": self.mask,
                "style": self.style,
                "max_length": self.length,
                "vocabulary_size": OWN_PAD + 1,
            }
            | declared
        )


Source = Callable[[Sequence[TokenizedEntry], Settings], Made]


def ours(entries: Sequence[TokenizedEntry], settings: Settings, truncation: str = "cut") -> Made:
    """Give the companion's own pair; its width is one less, since its targets are one on."""
    width = None if settings.length is None else settings.length - 1
    collate = Collator(
        mask=settings.mask, max_length=width, truncation=truncation, pad_id=settings.pad_id
    )
    rows = rows_of(entries, settings.mask, settings.length)
    if truncation == "keep_end":
        rows = [([*ids[:-1], END_ID], labels) for ids, labels in rows]
    return Made(collate(entries), settings.expect(max_length=width), placed(rows, entries))


def trl(entries: Sequence[TokenizedEntry], settings: Settings, **options: object) -> Made:
    """Give what TRL's trainer collates: labels as wide as inputs, and the model shifts.

    Its trainer drops a text that was cut before its response.
    """
    rows = rows_of(entries, settings.mask, settings.length)
    kept = [
        row
        for row, (_, labels) in enumerate(rows)
        if any(label != IGNORE_INDEX for label in labels)
    ]
    rows, entries = [rows[row] for row in kept], [entries[row] for row in kept]
    collate = TRLCollator(pad_token_id=settings.pad_id, **options)
    texts = joined if options.get("padding_free") else placed
    return Made(collate(features(rows)), settings.expect(), texts(rows, entries))


def trl_packed(entries: Sequence[TokenizedEntry], settings: Settings, free: bool = True) -> Made:
    """Give what TRL's trainer collates of a packed set, best fit first.

    Packs are one row, or (`free` is False) rows with padding; of those TRL leaves it to the
    labels to ignore the first token of each text.
    """
    rows = rows_of(entries, settings.mask)
    if not free:
        rows = [(ids, [IGNORE_INDEX, *labels[1:]]) for ids, labels in rows]
    longest = max(len(ids) for ids, _ in rows)
    packed = packs(rows, settings.length or (1024 if free else longest + 8))
    known = {tuple(ids): entry for (ids, _), entry in zip(rows, entries, strict=True)}
    collate = TRLCollator(
        pad_token_id=settings.pad_id, padding_free=free, return_position_ids=not free
    )
    texts, row, start = [], 0, 0
    for number, pack in enumerate(packed):
        if not free:
            row, start = number, 0
        begin = 0
        for length in pack["seq_lengths"]:
            ids = pack["input_ids"][begin : begin + length]
            entry = known.get(tuple(ids)) or next(
                entry for whole, entry in known.items() if list(whole[:length]) == ids
            )
            texts.append(Text(row, start + begin, ids, entry))
            begin += length
        start += begin
    return Made(collate(packed), settings.expect(), texts)


def packs(rows: Sequence[Row], length: int, strategy: str = "bfd") -> list[dict[str, list]]:
    """Pack rows with TRL, into as few as it finds of at most `length` ids."""
    columns = {"input_ids": [ids for ids, _ in rows], "labels": [labels for _, labels in rows]}
    # A fingerprint that is given need not be computed, which takes longer than the packing.
    options = {"new_fingerprint": "packed"}
    return pack_dataset(Dataset.from_dict(columns), length, strategy, options).to_list()


def seq2seq(entries: Sequence[TokenizedEntry], settings: Settings, side: str = "right") -> Made:
    """Give what transformers' collator gives that pads labels beside inputs."""
    rows = rows_of(entries, settings.mask, settings.length)
    batch = dict(DataCollatorForSeq2Seq(padder(settings.pad_id, side))(features(rows)))
    left = batch["input_ids"].shape[1] if side == "left" else 0
    return Made(batch, settings.expect(), placed(rows, entries, left))


def flattened(entries: Sequence[TokenizedEntry], settings: Settings) -> Made:
    """Give what transformers' collator gives that lays all texts in one row."""
    rows = rows_of(entries, settings.mask, settings.length)
    batch = DataCollatorWithFlattening()([{"input_ids": i, "labels": k} for i, k in rows])
    return Made(dict(batch), settings.expect(), joined(rows, entries))


def torchtune(entries: Sequence[TokenizedEntry], settings: Settings, late: bool = False) -> Made:
    """Give a batch in the shape of torchtune's collate for fine-tuning.

    Inputs and labels of one width. A text that is too long gives its last place to the end
    token. Newer sources shift in the dataset, so that the last label is always ignored; in
    the releases up to 0.6 the labels come out as wide and unshifted, and the training recipe
    shifts them (`late`).
    """
    rows = rows_of(entries, settings.mask, settings.length)
    rows = [
        (ids, labels) if ids[-1] == END_ID else ([*ids[:-1], END_ID], [*labels[:-1], END_ID])
        for ids, labels in rows
    ]
    labels = [kept if late else [*kept[1:], IGNORE_INDEX] for _, kept in rows]
    batch = {
        "tokens": _pad([ids for ids, _ in rows], settings.pad_id),
        "labels": _pad(labels, IGNORE_INDEX),
    }
    expect = settings.expect(shifted=False) if late else settings.expect()
    return Made(batch, expect, placed(rows, entries))


def litgpt(entries: Sequence[TokenizedEntry], settings: Settings) -> Made:
    """Give a batch in the shape of litgpt's collate: padded first and then cut, unshifted."""
    rows = rows_of(entries, settings.mask)
    batch = {
        "input_ids": _pad([ids for ids, _ in rows], settings.pad_id)[:, : settings.length],
        "labels": _pad([labels for _, labels in rows], IGNORE_INDEX)[:, : settings.length],
    }
    cut = rows_of(entries, settings.mask, settings.length)
    return Made(batch, settings.expect(), placed(cut, entries))


def _pad(rows: Sequence[list[int]], value: int) -> torch.Tensor:
    return pad_sequence([torch.tensor(row) for row in rows], True, value)


SOURCES: dict[str, Source] = {
    "ours": ours,
    "ours, end kept": partial(ours, truncation="keep_end"),
    "TRL": trl,
    "TRL, multiple of 8": partial(trl, pad_to_multiple_of=8),
    "TRL, positions": partial(trl, return_position_ids=True),
    "TRL, padding-free": partial(trl, padding_free=True),
    "TRL, padding-free, multiple of 64": partial(trl, padding_free=True, pad_to_multiple_of=64),
    "TRL, packed": trl_packed,
    "TRL, packed in rows": partial(trl_packed, free=False),
    "transformers": seq2seq,
    "transformers, left": partial(seq2seq, side="left"),
    "transformers, flattened": flattened,
    "torchtune's shape": torchtune,
    "torchtune's older shape": partial(torchtune, late=True),
    "litgpt's shape": litgpt,
}


def drawn(source: str, dice: random.Random) -> Made:
    """Draw a correct batch: one to eight entries, whole or cut, in any style, mask and pad.

    It is cut no shorter than leaves a response in it: a batch without one is not correct.
    """
    style, mask = dice.choice(["alpaca", "phi3"]), dice.choice(MASKS)
    entries = dice.sample(embedded(style), dice.randint(1, 8))
    least = min(entry.prompt_length for entry in entries) + 2
    length = dice.choice([None, dice.randint(least, least + 80)])
    pad_id = dice.choice([END_ID, OWN_PAD])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResponseCutWarning)
        return SOURCES[source](entries, Settings(mask, style, length, pad_id))
