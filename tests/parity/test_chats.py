"""TRL's own chats, in its own training templates: no false alarm in any layout, and faults named.

The tokenizer is SmolLM2's; a template that ends turns with a token of its own has it added.
"""

import random
from functools import lru_cache
from pathlib import Path

import pytest
import trl
from datasets import Dataset
from transformers import DataCollatorForSeq2Seq, PreTrainedTokenizerFast
from trl.data_utils import pack_dataset
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling as TRLCollator

from companion.adapting import adapt_tokenizer
from companion.auditing import Expectation, audit
from companion.ignoring import IGNORE_INDEX
from companion.smollm2 import load_smollm2

CHATML = {
    "qwen2_5_training": "<|im_end|>",
    "qwen3_training": "<|im_end|>",
    "qwen3_instruct_2507_training": "<|im_end|>",
}
TEMPLATES = CHATML | {  # by name, what ends an assistant's turn
    "llama3_training": "<|eot_id|>",
    "gemma3_training": "<end_of_turn>",
    "phi3_training": "<|end|>",
}
SAID = (
    "Blue.",
    "Why?",
    "Name three colors, please.",
    "Red,\n\nor - perhaps - green.",
    "12 + 30 is 42.",
    "Because of\nthis:\n- one\n- two",
    "So.",
    "\N{SNOWMAN} snows",
)


@lru_cache
def tokenizer_of(template, side="right"):
    """Give SmolLM2's tokenizer, with a template of TRL's and the end that it writes."""
    end = TEMPLATES[template]
    made = PreTrainedTokenizerFast(
        tokenizer_object=load_smollm2(), eos_token=end, pad_token=end, bos_token="<|im_start|>",
        padding_side=side,
    )  # fmt: skip
    made.add_special_tokens({"eos_token": end, "pad_token": end})
    tags = ["<|start_header_id|>", "<|end_header_id|>", "<start_of_turn>"]
    tags += ["<|user|>", "<|assistant|>"]
    made.add_special_tokens({"additional_special_tokens": tags})
    folder = Path(trl.__file__).parent / "chat_templates"
    made.chat_template = (folder / f"{template}.jinja").read_text("utf-8")
    return made


@lru_cache
def adapted(template):
    return adapt_tokenizer(tokenizer_of(template))


def rows_of(template, dice, assistant_only):
    """Give one to six chats of one to four turns, as TRL's trainer prepares them."""
    rows = []
    for _ in range(dice.randint(1, 6)):
        has_system = dice.random() < 0.3 and "gemma" not in template
        chat = [{"role": "system", "content": dice.choice(SAID)}] * has_system
        for _ in range(dice.randint(1, 4)):
            chat += [
                {"role": role, "content": " ".join(dice.choices(SAID, k=dice.randint(1, 4)))}
                for role in ("user", "assistant")
            ]
        made = tokenizer_of(template).apply_chat_template(
            chat, return_dict=True, return_assistant_tokens_mask=True
        )
        ids, kept = list(made["input_ids"]), made["assistant_masks"]
        labels = [
            id if keep or not assistant_only else IGNORE_INDEX
            for id, keep in zip(ids, kept, strict=True)
        ]
        rows.append({"input_ids": ids, "labels": labels})
    return rows


def layouts_of(template, rows):
    """Give, by name, what TRL and transformers collate of the rows."""
    pad = tokenizer_of(template).pad_token_id
    whole = [row | {"attention_mask": [1] * len(row["input_ids"])} for row in rows]
    yield "padded", TRLCollator(pad_token_id=pad)(rows)
    yield "multiple of 8", TRLCollator(pad_token_id=pad, pad_to_multiple_of=8)(rows)
    yield "positions", TRLCollator(pad_token_id=pad, return_position_ids=True)(rows)
    yield "padding-free", TRLCollator(pad_token_id=pad, padding_free=True)(rows)
    free = TRLCollator(pad_token_id=pad, padding_free=True, pad_to_multiple_of=64)
    yield "padding-free, multiple of 64", free(rows)
    right = dict(DataCollatorForSeq2Seq(tokenizer_of(template))(whole))
    yield "right", right
    yield "no mask", {name: right[name] for name in ("input_ids", "labels")}
    yield "left", dict(DataCollatorForSeq2Seq(tokenizer_of(template, "left"))(whole))
    longest = max(len(row["input_ids"]) for row in rows)
    packs = pack_dataset(Dataset.from_list(rows), longest + 20, "bfd", {"new_fingerprint": "p"})
    yield "packed", TRLCollator(pad_token_id=pad, padding_free=True)(packs.to_list())


def errors_of(template, number):
    """Audit the layouts of some chats under each declaration; give the codes of errors."""
    dice = random.Random(f"{template} {number}")
    assistant_only = number % 3 > 0
    rows = rows_of(template, dice, assistant_only)
    mask = "prompt" if assistant_only else "none"
    style = "chatml" if template in CHATML else None
    for layout, batch in layouts_of(template, rows):
        for expect in (Expectation(), Expectation(mask=mask, style=style)):
            report = audit(batch, expect=expect, tokenizer=adapted(template))
            yield layout, mask, [finding.code for finding in report.errors]


@pytest.mark.parametrize("template", TEMPLATES)
def test_chats_of_trls_training_templates_give_no_false_alarm(template):
    for number in range(6):
        for layout, mask, codes in errors_of(template, number):
            assert codes == [], (layout, mask, number)


@pytest.mark.parametrize("template", TEMPLATES)
def test_chats_whose_ends_are_ignored_by_their_value_are_named(template):
    rows = rows_of(template, random.Random(template), True)
    end = tokenizer_of(template).eos_token_id
    for row in rows:
        row["labels"] = [IGNORE_INDEX if id == end else id for id in row["labels"]]
    for layout, batch in layouts_of(template, rows):
        report = audit(batch, tokenizer=adapted(template))
        assert [finding.code for finding in report.errors] == ["end-ignored"], layout
