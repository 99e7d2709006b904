"""The companion's batches equal those of published libraries, token for token.

The libraries give `labels` that their models shift; so theirs are one column wider, and
column j of our targets is column j + 1 of their labels. The newer torchtune gives labels
that are shifted already, with a last column that is always ignored. `sources.py` says which
of the libraries are the real ones here.
"""

from functools import lru_cache

import pytest
import torch
from datasets import Dataset
from transformers import (
    DataCollatorForLanguageModeling,
    DataCollatorForSeq2Seq,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
)
from trl import SFTConfig, SFTTrainer
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling as TRLCollator

from companion.collating import Batch, Collator, ResponseCutWarning
from companion.entries import Entry, load_entries
from companion.formatting import get_style
from companion.ignoring import IGNORE_INDEX
from companion.masking import MASKS
from companion.tokenizing import END_ID, gpt2_encode, tokenize_entry
from made import backends, made, smollm2_backend
from parity.sources import (
    OWN_PAD,
    SOURCES,
    Settings,
    embedded,
    features,
    local_tokenizer,
    packs,
    padder,
    rows_of,
    tiny_gpt2,
)

PEERS = ("TRL", "transformers", "torchtune's shape", "torchtune's older shape", "litgpt's shape")
# Who cuts a text off at its end, and who puts the end token in its last place.
CUT = ("TRL", "transformers", "litgpt's shape")
KEEP_END = ("torchtune's shape", "torchtune's older shape")

peers = pytest.mark.parametrize("peer", PEERS)
masks = pytest.mark.parametrize("mask", MASKS)
styles = pytest.mark.parametrize("style", ["alpaca", "phi3"])


def batches(style):
    """Give the embedded set in batches of 8, the last one smaller."""
    items = embedded(style)
    return [items[at : at + 8] for at in range(0, len(items), 8)]


def as_pair(made):
    """Give a peer's batch as ours: its inputs but for the last column, and what follows each."""
    ours = made.targets[:, :-1] if made.shifted else made.targets[:, 1:]
    return Batch(made.inputs[:, :-1], ours)


def assert_equal(ours, theirs):
    assert torch.equal(ours.inputs, theirs.inputs)
    assert torch.equal(ours.targets, theirs.targets)


def counted(style):
    return len(batches(style)), sum(map(len, batches(style)))


# ---------------------------------------------------------------------------- whole texts


@styles
@masks
@peers
def test_every_batch_of_the_embedded_set_is_the_peers_batch(style, mask, peer):
    assert counted(style) == (140, 1116)
    collate = Collator(mask=mask)
    for batch in batches(style):
        assert_equal(collate(batch), as_pair(SOURCES[peer](batch, Settings(mask, style))))


@peers
def test_every_batch_is_the_peers_batch_with_a_pad_of_its_own(peer):
    collate = Collator(mask="prompt", pad_id=OWN_PAD)
    for batch in batches("alpaca"):
        made = SOURCES[peer](batch, Settings("prompt", pad_id=OWN_PAD))
        assert_equal(collate(batch), as_pair(made))


@styles
@pytest.mark.parametrize("peer", ["TRL", "transformers"])
def test_the_attention_mask_counts_each_text_and_its_end_token(style, peer):
    for batch in batches(style):
        made = SOURCES[peer](batch, Settings(style=style))
        ours = Collator()(batch)
        # Column j of their mask, but for the first, says that the token of target j is text.
        assert torch.equal(made.batch["attention_mask"][:, 1:].bool(), ours.targets != IGNORE_INDEX)
        assert made.batch["attention_mask"][:, 0].all()


def test_the_attention_masks_of_the_peers_are_equal():
    for batch in batches("alpaca"):
        theirs = [SOURCES[p](batch, Settings()).batch for p in ("TRL", "transformers")]
        assert torch.equal(theirs[0]["attention_mask"], theirs[1]["attention_mask"])


@styles
@masks
def test_as_many_targets_are_supervised_without_padding_as_with_it(style, mask):
    """A pack and a flattened batch ignore the first label of each text, as no target is it."""
    free = ("TRL, padding-free", "TRL, packed", "transformers, flattened")
    for batch in batches(style)[::7]:
        kept = Collator(mask=mask)(batch).targets
        kept = kept[kept != IGNORE_INDEX]
        for source in free:
            targets = SOURCES[source](batch, Settings(mask, style)).targets
            theirs = targets[targets != IGNORE_INDEX]
            assert torch.equal(theirs.sort().values, kept.sort().values)
            if source != "TRL, packed":  # which keeps no order
                assert torch.equal(theirs, kept)


# ------------------------------------------------------------------------------- cut texts


def cut_lengths(style):
    """Give widths of which some cut few texts, and some cut most and leave few responses."""
    prompts = sorted(entry.prompt_length for entry in embedded(style))
    return [prompts[int(share * len(prompts))] + 2 for share in (0.02, 0.3, 0.7, 0.98)]


def with_response(batch, length):
    """Leave out the texts of whose response nothing is left: ours ignores them whole."""
    return [e for e in batch if e.prompt_length < length or len(e.ids) < length]


@styles
@masks
@peers
def test_every_cut_batch_is_the_peers_batch_of_one_more_id(style, mask, peer):
    for length in cut_lengths(style):
        # The end token in the last place leaves room for one token less of the response.
        room = length - 1 if peer in KEEP_END else length
        collate = Collator(
            mask=mask, max_length=length - 1, truncation="cut" if peer in CUT else "keep_end"
        )
        cut = 0
        for batch in batches(style):
            fitting = with_response(batch, room)
            if fitting:
                cut += sum(len(entry.ids) >= length for entry in fitting)
                made = SOURCES[peer](fitting, Settings(mask, style, length))
                assert_equal(collate(fitting), as_pair(made))
        assert cut > 10


@peers
def test_a_text_that_lost_its_response_is_told_of_by_ours_alone(peer):
    """Ours ignores it whole and warns; TRL leaves it out, and the others say nothing.

    The newer and the older torchtune then supervise the end token, right after the prompt.
    """
    short, long = embedded()[0], max(embedded(), key=lambda entry: entry.prompt_length)
    length = short.prompt_length + 5
    assert long.prompt_length > length
    truncation = "cut" if peer in CUT else "keep_end"
    with pytest.warns(ResponseCutWarning, match=r"nothing of the response in rows \[1\]"):
        ours = Collator(mask="prompt", max_length=length - 1, truncation=truncation)([short, long])
    assert (ours.targets[1] == IGNORE_INDEX).all()
    theirs = as_pair(SOURCES[peer]([short, long], Settings("prompt", length=length)))
    assert torch.equal(theirs.targets[0], ours.targets[0])
    if peer == "TRL":
        assert len(theirs.targets) == 1
    else:
        kept = theirs.targets[1][theirs.targets[1] != IGNORE_INDEX].tolist()
        assert kept == ([END_ID] if peer in KEEP_END else [])


@pytest.mark.parametrize("multiple", [8, 64])
def test_a_multiple_is_counted_in_ids_by_the_peers_and_in_columns_by_ours(multiple):
    for batch in batches("alpaca")[:20]:
        ours = Collator(pad_to_multiple_of=multiple)(batch)
        rows = features(rows_of(batch))
        trl = TRLCollator(pad_token_id=END_ID, pad_to_multiple_of=multiple)(rows)
        seq2seq = DataCollatorForSeq2Seq(padder(), pad_to_multiple_of=multiple)(rows)
        longest = max(len(entry.ids) for entry in batch)
        assert ours.inputs.shape[1] == -(-longest // multiple) * multiple
        assert trl["input_ids"].shape[1] == -(-(longest + 1) // multiple) * multiple
        assert torch.equal(trl["input_ids"], seq2seq["input_ids"])
        assert torch.equal(trl["labels"], seq2seq["labels"])
        # What both hold is equal, and what one of them holds beyond it is padding.
        width = min(ours.inputs.shape[1], trl["input_ids"].shape[1] - 1)
        assert torch.equal(ours.inputs[:, :width], trl["input_ids"][:, :width])
        assert torch.equal(ours.targets[:, :width], trl["labels"][:, 1 : width + 1])
        assert (ours.inputs[:, width:] == END_ID).all()
        assert (ours.targets[:, width:] == IGNORE_INDEX).all()


# --------------------------------------------------------- another tokenizer, with markers


@lru_cache
def smollm2():
    """Make SmolLM2's tokenizer as transformers has it."""
    return PreTrainedTokenizerFast(
        tokenizer_object=smollm2_backend(),
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",
    )


@pytest.mark.filterwarnings("ignore:`gradient_checkpointing` is deprecated:FutureWarning")
@pytest.mark.parametrize("style", ["chatml", "alpaca"])
def test_every_text_of_the_embedded_set_is_what_trl_makes_of_it_with_smollm2(tmp_path, style):
    """From the text on: TRL's trainer encodes, appends an end where none is, masks, collates."""
    template = get_style(style)
    rows = [
        {"prompt": template.prompt(entry), "completion": template.response(entry)}
        for entry in load_entries()
    ]
    config = GPT2Config(vocab_size=49152, n_embd=8, n_layer=1, n_head=2, n_positions=2048)
    arguments = {"use_cpu": True, "bf16": False, "report_to": "none", "disable_tqdm": True}
    trainer = SFTTrainer(
        model=GPT2LMHeadModel(config),
        args=SFTConfig(output_dir=str(tmp_path), max_length=None, **arguments),
        train_dataset=Dataset.from_list(rows),
        processing_class=smollm2(),
    )
    theirs = [trainer.train_dataset[number] for number in range(len(rows))]
    texts = [tokenize_entry(entry, style, tokenizer="smollm2") for entry in load_entries()]
    assert {text.closed for text in texts} == {style == "chatml"}
    collate = Collator(tokenizer=smollm2(), mask="prompt")
    for at in range(0, len(rows), 8):
        batch = trainer.data_collator(theirs[at : at + 8])
        ours = collate(texts[at : at + 8])
        assert_equal(ours, Batch(batch["input_ids"][:, :-1], batch["labels"][:, 1:]))


CHATS = {
    "smollm2": (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n"
        "{% if m.role == 'user' %}{{ m.content }}<|im_end|>\n"
        "{% else %}{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}{% endif %}"
        "{% endfor %}"
    ),
    "llama": (
        "{{ bos_token }}{% for m in messages %}"
        "<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n"
        "{% if m.role == 'user' %}{{ m.content }}<|eot_id|>"
        "{% else %}{% generation %}{{ m.content }}<|eot_id|>{% endgeneration %}{% endif %}"
        "{% endfor %}"
    ),
    "gemma": (
        "{{ bos_token }}{% for m in messages %}"
        "{% if m.role == 'user' %}<start_of_turn>user\n{{ m.content }}<end_of_turn>\n"
        "{% else %}<start_of_turn>model\n"
        "{% generation %}{{ m.content }}<end_of_turn>{% endgeneration %}{{ '\n' }}{% endif %}"
        "{% endfor %}"
    ),
    "sentencepiece": (
        "{{ bos_token }}{% for m in messages %}"
        "{% if m.role == 'user' %}[INST] {{ m.content }} [/INST] "
        "{% else %}{% generation %}{{ m.content }}</s>{% endgeneration %}{% endif %}{% endfor %}"
    ),
}
BEGINNINGS = {"llama": "<|begin_of_text|>", "gemma": "<bos>", "sentencepiece": "<s>"}


@pytest.mark.parametrize("name", CHATS)
def test_every_text_is_what_the_chat_template_of_transformers_gives(name):
    """With its mask of what the assistant said, which counts in characters."""
    tokenizer, style = made()[name]
    style = get_style("chatml") if name == "smollm2" else style
    peer = PreTrainedTokenizerFast(
        tokenizer_object=smollm2_backend() if name == "smollm2" else backends()[name],
        bos_token=BEGINNINGS.get(name),
        chat_template=CHATS[name],
    )
    plain = [entry for entry in load_entries() if not entry.input]
    assert len(plain) > 400
    for entry in plain:
        chat = [
            {"role": "user", "content": entry.instruction},
            {"role": "assistant", "content": entry.output},
        ]
        theirs = peer.apply_chat_template(
            chat, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
        )
        text = tokenize_entry(entry, style, tokenizer=tokenizer)
        assert text.ids.tolist() == theirs["input_ids"]
        (turn,) = text.turns
        said = [place for place, one in enumerate(theirs["assistant_masks"]) if one]
        assert said == list(range(turn.start, turn.end))


# -------------------------------------------------------------------------------- the loss


# Torchtune's recipes take the loss of our very pair, so there is nothing else to compare.
SHIFTING_IN_THE_MODEL = (
    "TRL",
    "TRL, positions",
    "TRL, padding-free",
    "TRL, packed",
    "transformers",
    "transformers, flattened",
    "litgpt's shape",
)


@lru_cache
def model():
    return tiny_gpt2()


def our_loss(batch):
    with torch.inference_mode():
        logits = model()(batch.inputs).logits
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch.targets.flatten()).item()


def peers_loss(batch, **changed):
    names = ("input_ids", "labels", "attention_mask", "position_ids")
    given = {name: batch[name] for name in names if name in batch} | changed
    with torch.inference_mode():
        # With a cache, a model does not look for where packed texts begin.
        return model()(**given, use_cache=False).loss.item()


@masks
@pytest.mark.parametrize(("style", "share"), [("alpaca", 0.02), ("phi3", 0.6)])
def test_the_loss_is_the_peers_loss(style, mask, share):
    by_length = sorted(embedded(style), key=lambda entry: len(entry.ids))
    batch = by_length[int(share * len(by_length)) :][:32:8]
    pair = Collator(mask=mask)(batch)
    ours = our_loss(pair)
    for peer in SHIFTING_IN_THE_MODEL:
        made = SOURCES[peer](batch, Settings(mask, style))
        theirs = peers_loss(made.batch)
        assert theirs == pytest.approx(ours, abs=1e-5), peer
    # A loss that would be equal whatever the targets are would prove nothing.
    unshifted = our_loss(Batch(pair.inputs, pair.inputs.where(pair.targets != -100, -100)))
    assert abs(unshifted - ours) > 1e-4


def test_a_model_of_transformers_also_takes_our_targets_as_they_are():
    inputs, targets = Collator(mask="prompt")(embedded()[:4])
    given = {"input_ids": inputs, "labels": targets, "shift_labels": targets}
    assert peers_loss(given, shift_labels=targets) == pytest.approx(
        our_loss(Batch(inputs, targets)), abs=1e-5
    )
    twice = peers_loss(given)  # labels alone, which it shifts once more
    assert abs(twice - our_loss(Batch(inputs, targets))) > 1e-4


def test_left_padding_gives_the_same_loss_only_with_a_mask_and_positions():
    batch = embedded()[:4]
    ours = our_loss(Collator(mask="prompt")(batch))
    left = SOURCES["transformers, left"](batch, Settings("prompt")).batch
    positions = (left["attention_mask"].cumsum(dim=1) - 1).clamp(min=0)
    assert peers_loss(left, position_ids=positions) == pytest.approx(ours, abs=1e-5)
    assert abs(peers_loss(left) - ours) > 1e-4  # as the audit notes
    assert abs(peers_loss(left, attention_mask=None) - ours) > 1e-4


# ------------------------------------------------- where a peer differs, and how exactly


@styles
def test_a_collator_that_finds_padding_by_value_keeps_no_end_token(style):
    by_value = DataCollatorForLanguageModeling(padder(), mlm=False)
    kept = {"ours": 0, "by value": 0}
    for batch in batches(style):
        theirs = by_value([{"input_ids": ids} for ids, _ in rows_of(batch)])
        ours = Collator()(batch)
        assert torch.equal(ours.inputs, theirs["input_ids"][:, :-1])
        # Nothing but the end tokens differs.
        differ = ours.targets != theirs["labels"][:, 1:]
        assert (ours.targets[differ] == END_ID).all()
        assert (theirs["labels"][:, 1:][differ] == IGNORE_INDEX).all()
        kept["ours"] += int((ours.targets == END_ID).sum())
        kept["by value"] += int((theirs["labels"] == END_ID).sum())
    assert kept == {"ours": 1116, "by value": 0}


def test_with_a_pad_of_its_own_a_collator_that_finds_padding_by_value_is_right():
    by_value = DataCollatorForLanguageModeling(padder(OWN_PAD), mlm=False)
    for batch in batches("alpaca"):
        theirs = by_value([{"input_ids": ids} for ids, _ in rows_of(batch)])
        pair = Batch(theirs["input_ids"][:, :-1], theirs["labels"][:, 1:])
        assert_equal(Collator(pad_id=OWN_PAD)(batch), pair)


def test_a_mask_made_by_comparing_with_the_pad_id_hides_the_end_token():
    """What Stanford's training code did, which added a pad token of its own."""
    made = SOURCES["TRL"](embedded()[:8], Settings())
    by_value = made.inputs != END_ID
    hidden = made.batch["attention_mask"].bool() & ~by_value
    assert hidden.sum(dim=1).tolist() == [1] * 8
    apart = SOURCES["TRL"](embedded()[:8], Settings(pad_id=OWN_PAD))
    assert torch.equal(apart.inputs != OWN_PAD, apart.batch["attention_mask"].bool())


def test_trl_can_cut_the_beginning_of_a_text_and_ours_only_its_end():
    """TRL calls that "keep_end"; ours means by it the end token, which both keep."""
    entry = max(embedded()[:200], key=lambda entry: len(entry.ids))
    ((ids, labels),) = rows_of([entry], "prompt")
    length = len(ids) - 20
    batch = TRLCollator(pad_token_id=END_ID)(features([(ids[-length:], labels[-length:])]))
    ours = Collator(mask="prompt", max_length=length - 1, truncation="keep_end")([entry])
    assert batch["labels"][0, -1] == ours.targets[0, -1] == END_ID
    assert batch["input_ids"][0].tolist() == ids[20:]
    assert ours.inputs[0].tolist() == ids[: length - 1]


def test_transformers_pads_labels_of_another_length_to_a_width_of_their_own():
    collate = DataCollatorForSeq2Seq(padder())
    batch = collate([{"input_ids": [1, 2, 3], "labels": [2, 3]}, {"input_ids": [4], "labels": [5]}])
    assert (batch["input_ids"].shape, batch["labels"].shape) == ((2, 3), (2, 2))


def test_packs_ignore_the_first_label_of_every_text():
    rows = features([([1, 2, 3], [1, 2, 3]), ([4, 5], [4, 5])])
    free = TRLCollator(pad_token_id=0, padding_free=True)(rows)
    assert free["labels"].tolist() == [[-100, 2, 3, -100, 5]]
    assert free["position_ids"].tolist() == [[0, 1, 2, 0, 1]]
    rows = packs([(row["input_ids"], row["labels"]) for row in rows], 8)
    in_rows = TRLCollator(pad_token_id=0, return_position_ids=True)(rows)
    assert in_rows["labels"].tolist() == [[1, 2, 3, 4, 5]]


def test_packed_texts_see_each_other_where_the_model_keeps_a_cache():
    batch = embedded()[:4]
    packed = SOURCES["TRL, padding-free"](batch, Settings()).batch
    ours = our_loss(Collator()(batch))
    assert peers_loss(packed) == pytest.approx(ours, abs=1e-5)
    given = {name: packed[name] for name in ("input_ids", "labels", "position_ids")}
    with torch.inference_mode():
        cached = model()(**given, use_cache=True).loss.item()
    assert abs(cached - ours) > 1e-4


# ------------------------------------------------------------------- one tokenizer for all


@styles
def test_the_local_tokenizer_gives_our_ids_of_every_prompt_and_text(style):
    template, tokenizer = get_style(style), local_tokenizer()
    assert (tokenizer.eos_token_id, tokenizer.pad_token_id, len(tokenizer)) == (END_ID,) * 2 + (
        END_ID + 1,
    )
    prompts = [template.prompt(entry) for entry in load_entries()]
    texts = [template.prompt(entry) + template.response(entry) for entry in load_entries()]
    for ids, entry in zip(tokenizer(texts)["input_ids"], embedded(style), strict=True):
        assert ids == entry.ids.tolist()
    for ids, entry in zip(tokenizer(prompts)["input_ids"], embedded(style), strict=True):
        assert ids == entry.ids[: entry.prompt_length].tolist()


def test_the_local_tokenizer_reads_an_end_token_that_a_user_typed_and_ours_does_not():
    typed = "What is <|endoftext|>?"
    assert END_ID in local_tokenizer()(typed)["input_ids"]
    assert END_ID not in gpt2_encode(typed)
    # The trainers of TRL append the end token as text, and so rely on it being read.
    assert local_tokenizer()("Yes.<|endoftext|>")["input_ids"] == [*gpt2_encode("Yes."), END_ID]


def test_encoding_the_whole_text_can_move_the_border_that_ours_keeps():
    """Of the embedded set no text does: none begins or ends in the way that it takes."""
    entry = Entry("Name a color.", "", "\n\nBlue.")
    style = get_style("alpaca")
    made = tokenize_entry(entry, "alpaca")
    joint = local_tokenizer()(style.prompt(entry) + style.response(entry))["input_ids"]
    assert joint != made.ids.tolist()
    assert joint[: made.prompt_length] != made.ids[: made.prompt_length].tolist()
