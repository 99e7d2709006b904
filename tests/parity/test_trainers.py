"""What the trainers of TRL and transformers really feed a model, audited batch by batch.

Here the libraries do all of it by themselves, from the text of the embedded set on:
tokenizing, masking, cutting, shuffling, collating. The model is tiny and random.
"""

from functools import lru_cache

import pytest
import torch
from datasets import Dataset
from transformers import (
    DataCollatorForLanguageModeling,
    DataCollatorForSeq2Seq,
    Trainer,
    TrainingArguments,
)
from trl import SFTConfig, SFTTrainer

from companion.auditing import Expectation, audit
from companion.collating import Collator
from companion.entries import load_entries
from companion.formatting import get_style
from companion.tokenizing import END_ID
from parity.sources import embedded, features, local_tokenizer, rows_of, tiny_gpt2

pytestmark = [
    # TRL sets this option of transformers, which transformers has since renamed.
    pytest.mark.filterwarnings("ignore:`gradient_checkpointing` is deprecated:FutureWarning"),
    # TRL is to give it up, and until then its batches are audited too.
    pytest.mark.filterwarnings("ignore:The `'keep_end'` truncation mode:FutureWarning"),
]

ARGUMENTS = {
    "per_device_train_batch_size": 8,
    "use_cpu": True,
    "bf16": False,
    "report_to": "none",
    "disable_tqdm": True,
}


def sft_trainer(folder, style, every=1, **settings):
    """Give TRL's trainer on the prompts and responses of the embedded set, as text."""
    template = get_style(style)
    rows = [
        {"prompt": template.prompt(entry), "completion": template.response(entry)}
        for entry in load_entries()[::every]
    ]
    return SFTTrainer(
        model=tiny_gpt2(),
        args=SFTConfig(output_dir=str(folder), **ARGUMENTS | {"max_length": None} | settings),
        train_dataset=Dataset.from_list(rows),
        processing_class=local_tokenizer(),
    )


def trainer(folder, style, collate):
    """Give transformers' trainer on tokenized rows, with a collator of the reader's choice."""
    return Trainer(
        model=tiny_gpt2(),
        args=TrainingArguments(output_dir=str(folder), **ARGUMENTS),
        train_dataset=Dataset.from_list(features(rows_of(embedded(style), "prompt"))),
        data_collator=collate,
    )


@lru_cache
def by_ids(style):
    return {tuple(entry.ids.tolist()): entry for entry in embedded(style)}


def same_entries(batch, style):
    """Give the entries that a padded batch holds, in its order."""
    known = by_ids(style)
    lengths = batch["attention_mask"].sum(dim=1) - 1  # without the end token
    rows = zip(batch["input_ids"].tolist(), lengths.tolist(), strict=True)
    return [known[tuple(ids[:length])] for ids, length in rows]


@pytest.mark.parametrize("style", ["alpaca", "phi3"])
@pytest.mark.parametrize(
    ("settings", "mask"), [({}, "prompt"), ({"completion_only_loss": False}, "none")]
)
def test_every_batch_that_trl_trains_on_is_ours(tmp_path, style, settings, mask):
    made = sft_trainer(tmp_path, style, **settings)
    expect = Expectation(mask=mask, style=style, vocabulary_size=END_ID + 1)
    seen = 0
    for number, batch in enumerate(made.get_train_dataloader()):
        entries = same_entries(batch, style)
        inputs, targets = Collator(mask=mask)(entries)
        assert torch.equal(inputs, batch["input_ids"][:, :-1])
        assert torch.equal(targets, batch["labels"][:, 1:])
        assert audit(batch, expect=expect).errors == ()
        if number == 0 and mask == "prompt":
            with torch.no_grad():
                theirs = made.compute_loss(made.model.eval(), batch).item()
                logits = made.model(inputs).logits.flatten(0, 1)
            ours = torch.nn.functional.cross_entropy(logits, targets.flatten()).item()
            assert theirs == pytest.approx(ours, abs=1e-5)
        seen += len(entries)
    assert seen == len(embedded(style))


@pytest.mark.parametrize(
    ("settings", "notes"),
    [
        ({"max_length": 64}, {"response-cut"}),
        ({"max_length": 64, "truncation_mode": "keep_end"}, {"mask-undetermined"}),
        ({"padding_free": True}, set()),
        ({"packing": True, "max_length": 1024}, set()),
        ({"packing": True, "max_length": 64}, {"response-cut", "response-lost"}),
    ],
    ids=str,
)
def test_every_batch_that_trl_trains_on_gives_no_error(tmp_path, settings, notes):
    made = sft_trainer(tmp_path, "alpaca", every=3, **settings)
    expect = Expectation(mask="prompt", style="alpaca", max_length=settings.get("max_length"))
    found = set()
    for batch in made.get_train_dataloader():
        report = audit(batch, expect=expect)
        assert report.errors == ()
        found.update(report.codes)
    assert found - {"mostly-padding", "shift-undetermined"} == notes


def test_a_trainer_of_trl_is_audited_in_one_line_and_trains_on_the_same_batches(tmp_path):
    made = sft_trainer(tmp_path, "alpaca", every=9)
    report = audit(made, expect=Expectation(mask="prompt", style="alpaca"))
    assert report.errors == ()
    assert report.numbered == "entry"
    assert report.tally["rows"] == len(made.train_dataset)
    again = sft_trainer(tmp_path, "alpaca", every=9)
    for ours, theirs in zip(made.get_train_dataloader(), again.get_train_dataloader(), strict=True):
        assert torch.equal(ours["input_ids"], theirs["input_ids"])


@pytest.mark.parametrize("style", ["alpaca", "phi3"])
def test_every_batch_that_transformers_trains_on_is_ours(tmp_path, style):
    made = trainer(tmp_path, style, DataCollatorForSeq2Seq(local_tokenizer()))
    seen = 0
    for batch in made.get_train_dataloader():
        entries = same_entries(batch, style)
        inputs, targets = Collator(mask="prompt")(entries)
        assert torch.equal(inputs, batch["input_ids"][:, :-1])
        assert torch.equal(targets, batch["labels"][:, 1:])
        assert audit(batch, expect=Expectation(mask="prompt", style=style)).errors == ()
        seen += len(entries)
    assert seen == len(embedded(style))


def test_a_trainer_whose_collator_makes_its_own_labels_is_named_in_every_batch(tmp_path):
    """The usual advice for GPT-2, pad = end, with the collator that finds pads by value."""
    collate = DataCollatorForLanguageModeling(local_tokenizer(), mlm=False)
    made = trainer(tmp_path, "alpaca", collate)
    made.train_dataset = made.train_dataset.remove_columns("labels")
    for batch in made.get_train_dataloader():
        report = audit(batch, expect=Expectation(mask="prompt", style="alpaca"))
        assert {f.code for f in report.errors} == {"end-ignored", "prompt-supervised"}
        assert all(len(finding.rows) == len(batch["input_ids"]) for finding in report.errors)
