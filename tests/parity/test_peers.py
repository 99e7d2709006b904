"""The companion's batches equal those of published libraries, token for token.

The libraries give `labels` that their models shift; so theirs are one column wider, and
column j of our targets is column j + 1 of their labels.
"""

import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import (
    DataCollatorForLanguageModeling,
    DataCollatorForSeq2Seq,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
)
from trl.trainer import sft_trainer

from companion.collating import Collator, InstructionDataset
from companion.entries import load_entries
from companion.ignoring import IGNORE_INDEX
from companion.tokenizing import END_ID

# Our mask for each, and whether a peer's labels hide the prompt.
MASKS = {"none": False, "prompt": True}


@pytest.fixture(scope="module", params=["alpaca", "chatml"])
def batches(request):
    """Give the embedded set, tokenized, in batches of 8."""
    items = list(InstructionDataset(load_entries(), request.param))
    return [items[at : at + 8] for at in range(0, len(items), 8)]


@pytest.fixture(scope="module")
def tokenizer():
    """Make a tokenizer that knows how to pad, which is all that a collator asks of it."""
    end = "<|endoftext|>"
    made = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel({end: END_ID}, unk_token=end)),
        eos_token=end,
        pad_token=end,
        padding_side="right",
    )
    assert made.pad_token_id == made.eos_token_id == END_ID
    return made


def features(batch, masked, width=None):
    """Give what a peer's collator takes: ids with their end token, and labels beside them."""
    rows = []
    for entry in batch:
        ids = [*entry.ids.tolist(), END_ID]
        labels = list(ids)
        if masked:
            labels[: entry.prompt_length] = [IGNORE_INDEX] * entry.prompt_length
        rows.append({"input_ids": ids[:width], "labels": labels[:width]})
    return rows


def trl(tokenizer):
    """Give TRL's collator for supervised fine-tuning."""
    return sft_trainer.DataCollatorForLanguageModeling(pad_token_id=END_ID)


def transformers(tokenizer):
    """Give the collator of transformers that pads labels beside inputs."""
    collate = DataCollatorForSeq2Seq(tokenizer=tokenizer)
    return lambda rows: collate(
        [row | {"attention_mask": [1] * len(row["labels"])} for row in rows]
    )


peers = pytest.mark.parametrize("peer", [trl, transformers])
masks = pytest.mark.parametrize("mask", MASKS)


def assert_equal(ours, theirs):
    assert ours.inputs.tolist() == theirs["input_ids"][:, :-1].tolist()
    assert ours.targets.tolist() == theirs["labels"][:, 1:].tolist()


@peers
@masks
def test_every_batch_is_the_peers_batch(batches, tokenizer, peer, mask):
    collate = peer(tokenizer)
    for batch in batches:
        assert_equal(Collator(mask=mask)(batch), collate(features(batch, MASKS[mask])))


@peers
@masks
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_cutting_to_a_width_is_cutting_the_peers_rows_to_one_token_more(
    batches, tokenizer, peer, mask, share
):
    collate = peer(tokenizer)
    prompts = sorted(entry.prompt_length for batch in batches for entry in batch)
    width = prompts[int(share * len(prompts))] + 2
    # A row that lost its response is ours to ignore, and no peer ignores it.
    fitting = [[entry for entry in batch if entry.prompt_length <= width] for batch in batches]
    assert any(len(entry.ids) > width for batch in fitting for entry in batch)
    for batch in filter(None, fitting):
        ours = Collator(mask=mask, max_length=width)(batch)
        assert_equal(ours, collate(features(batch, MASKS[mask], width + 1)))


@peers
def test_what_is_not_padding_is_what_the_attention_mask_counts(batches, tokenizer, peer):
    collate = peer(tokenizer)
    for batch in batches:
        theirs = collate(features(batch, masked=False))
        targets = Collator()(batch).targets
        # The attention mask counts the first token too, which is no target.
        counted = theirs["attention_mask"].sum(dim=1)
        assert ((targets != IGNORE_INDEX).sum(dim=1) + 1).tolist() == counted.tolist()


@peers
@masks
def test_as_many_targets_are_supervised(batches, tokenizer, peer, mask):
    collate = peer(tokenizer)
    for batch in batches:
        theirs = collate(features(batch, MASKS[mask]))["labels"][:, 1:] != IGNORE_INDEX
        ours = Collator(mask=mask)(batch).targets != IGNORE_INDEX
        assert ours.sum() == theirs.sum()


@pytest.fixture(scope="module")
def model():
    """Make a very small GPT-2 with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = GPT2Config(n_embd=16, n_layer=2, n_head=2, n_positions=1024)
        return GPT2LMHeadModel(config).eval()


@peers
@masks
def test_the_loss_is_the_peers_loss(batches, tokenizer, model, peer, mask):
    batch = batches[0][:4]
    theirs = peer(tokenizer)(features(batch, MASKS[mask]))
    inputs, targets = Collator(mask=mask)(batch)
    with torch.no_grad():
        expected = model(**theirs).loss.item()
        logits = model(inputs).logits
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten()).item()
    assert loss == pytest.approx(expected, abs=1e-5)
    # A loss that would be equal whatever the targets are would prove nothing.
    unshifted = torch.nn.functional.cross_entropy(logits.flatten(0, 1), inputs.flatten()).item()
    assert abs(unshifted - expected) > 1e-3


def test_a_collator_that_finds_padding_by_value_keeps_no_end_token(batches, tokenizer):
    by_value = DataCollatorForLanguageModeling(tokenizer, mlm=False)
    kept = {"ours": 0, "by value": 0}
    for batch in batches:
        theirs = by_value([{"input_ids": row["input_ids"]} for row in features(batch, False)])
        ours = Collator()(batch)
        assert ours.inputs.tolist() == theirs["input_ids"][:, :-1].tolist()
        kept["ours"] += int((ours.targets == END_ID).sum())
        kept["by value"] += int((theirs["labels"] == END_ID).sum())
    assert kept == {"ours": sum(map(len, batches)), "by value": 0}
