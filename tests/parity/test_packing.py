"""Packs equal those of published libraries, where these mean the same.

There an entry takes one slot more, since it is joined unshifted and with its end token; the
model shifts, and the label at each border is ignored. So their row without each entry's end
token is our inputs, and their labels without each entry's first are our targets.
"""

import numpy as np
import pytest
import torch
from datasets import Dataset
from hypothesis import given
from hypothesis import strategies as st
from transformers import DataCollatorWithFlattening, GPT2Config, GPT2LMHeadModel
from trl.data_utils import pack_dataset
from trl.trainer import sft_trainer

from companion.collating import Collator
from companion.entries import load_entries
from companion.ignoring import IGNORE_INDEX
from companion.packing import Packer, block_diagonal_mask, cumulative_lengths, plan_packs
from companion.storing import InstructionDataset
from companion.tokenizing import END_ID

LENGTH = 1024


@pytest.fixture(scope="module", params=["alpaca", "chatml"])
def dataset(request):
    return InstructionDataset(load_entries(), request.param)


@pytest.fixture(scope="module")
def packs(dataset):
    """Give the entries of each pack of the embedded set."""
    return [[dataset[entry] for entry in pack] for pack in plan_packs(dataset.lengths, LENGTH)]


def features(entries, masked):
    """Give what a peer's collator takes: ids with their end token, and labels beside them."""
    rows = []
    for entry in entries:
        ids = [*entry.ids.tolist(), END_ID]
        hidden = entry.prompt_length if masked else 0
        rows.append({"input_ids": ids, "labels": [IGNORE_INDEX] * hidden + ids[hidden:]})
    return rows


def trl(rows):
    """Join rows as TRL does for training without padding."""
    collate = sft_trainer.DataCollatorForLanguageModeling(pad_token_id=END_ID, padding_free=True)
    return collate(rows)


def trl_packed(rows):
    """Let TRL plan one pack of these rows, and join it."""
    total = sum(len(row["input_ids"]) for row in rows)
    packed = pack_dataset(Dataset.from_list(rows), total, "bfd")
    assert len(packed) == 1
    return trl(list(packed))


def transformers(rows):
    """Join rows as transformers does."""
    return DataCollatorWithFlattening(return_flash_attn_kwargs=True)(rows)


masks = pytest.mark.parametrize(("mask", "masked"), [("none", False), ("prompt", True)])


def assert_equal(pack, theirs):
    positions = theirs["position_ids"][0]
    begins = positions == 0
    ends = torch.cat([begins[1:], torch.tensor([True])])
    assert pack.inputs[0].tolist() == theirs["input_ids"][0][~ends].tolist()
    assert pack.targets[0].tolist() == theirs["labels"][0][~begins].tolist()
    assert pack.position_ids[0].tolist() == positions[~ends].tolist()
    assert (theirs["labels"][0][begins] == IGNORE_INDEX).all()
    # Of their borders, each is one slot further for every entry before it.
    borders = theirs["cu_seq_lens_q"]
    assert borders.dtype == torch.int32
    ours = cumulative_lengths(pack.position_ids)
    assert (ours + torch.arange(len(ours))).tolist() == borders.tolist()
    assert cumulative_lengths(theirs["position_ids"]).tolist() == borders.tolist()


@pytest.mark.parametrize("peer", [trl, transformers])
@masks
def test_every_pack_is_the_peers_pack(packs, peer, mask, masked):
    packer = Packer(Collator(mask=mask, max_length=LENGTH))
    for entries in packs:
        assert_equal(packer(entries), peer(features(entries, masked)))


@masks
def test_a_pack_that_trl_planned_is_joined_alike(packs, mask, masked):
    packer = Packer(Collator(mask=mask))
    for entries in packs[::8]:
        # TRL puts the longest first, and so does a plan.
        assert_equal(packer(entries), trl_packed(features(entries, masked)))


@given(st.integers(1, 24), st.data())
def test_a_plan_fills_its_packs_as_trls_best_fit_does(pack_length, data):
    lengths = data.draw(st.lists(st.integers(1, pack_length), min_size=1, max_size=30))
    assert loads(lengths, pack_length) == trl_loads(lengths, pack_length)


@pytest.mark.parametrize("pack_length", [600, 1024, 2048])
def test_the_embedded_set_fills_as_many_packs_as_trls(dataset, pack_length):
    assert loads(dataset.lengths, pack_length) == trl_loads(dataset.lengths, pack_length)


def loads(lengths, pack_length):
    """Count the slots that are taken in each of our packs."""
    lengths = np.asarray(lengths)
    return sorted(int(lengths[pack].sum()) for pack in plan_packs(lengths, pack_length))


def trl_loads(lengths, pack_length):
    """Count the slots that are taken in each of TRL's packs."""
    rows = Dataset.from_list([{"input_ids": [0] * int(length)} for length in lengths])
    # Under one batch of `map`, which is where TRL's plan ends.
    packed = pack_dataset(rows, pack_length, "bfd", map_kwargs={"batch_size": len(rows)})
    return sorted(map(len, packed["input_ids"]))


@pytest.fixture(scope="module")
def model():
    """Make a very small GPT-2 with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = GPT2Config(n_embd=16, n_layer=2, n_head=2, n_positions=LENGTH)
        return GPT2LMHeadModel(config).eval()


def loss_of(logits, targets):
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten()).item()


@masks
def test_in_a_real_model_the_loss_is_the_padded_loss_whoever_makes_the_mask(
    packs, model, mask, masked
):
    entries = packs[20][:4]
    inputs, targets = Collator(mask=mask)(entries)
    pack = Packer(Collator(mask=mask))(entries)
    block = block_diagonal_mask(pack.position_ids)
    apart = {"input_ids": pack.inputs, "position_ids": pack.position_ids}
    with torch.no_grad():
        padded = loss_of(model(inputs).logits, targets)
        # A mask of ours; or their own, which they make from positions if nothing is cached.
        given = loss_of(model(**apart, attention_mask=block).logits, pack.targets)
        found = loss_of(model(**apart, use_cache=False).logits, pack.targets)
        theirs = model(**trl(features(entries, masked)), use_cache=False).loss.item()
        mixed = loss_of(model(input_ids=pack.inputs).logits, pack.targets)
    assert [given, found, theirs] == pytest.approx([padded] * 3, abs=2e-6)
    assert abs(mixed - padded) > 1e-4


def test_positions_alone_do_not_isolate_where_a_cache_is_kept(packs, model):
    entries = packs[20][:4]
    inputs, targets = Collator()(entries)
    pack = Packer()(entries)
    with torch.no_grad():
        padded = loss_of(model(inputs).logits, targets)
        apart = model(input_ids=pack.inputs, position_ids=pack.position_ids, use_cache=True)
    assert abs(loss_of(apart.logits, pack.targets) - padded) > 1e-4
