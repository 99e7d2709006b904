"""Step 2 for conversations, and what of them is supervised."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models, pre_tokenizers

from companion import Conversation, Message, tokenize_conversation, tokenize_conversations
from companion.adapting import Tokenizer, adapt_tokenizer
from companion.auditing import Expectation, audit
from companion.bucketing import LengthBucketSampler
from companion.chatting import (
    SUPERVISION,
    Targets,
    choose_template,
    count_targets,
    encode_prompt,
    has_weight,
    is_answer,
    last_answer,
    special_ids,
    supervised_positions,
)
from companion.collating import Collator
from companion.masking import every_answer, supervised_spans
from companion.packing import Packer, cumulative_lengths, plan_packs
from companion.smollm2 import load_smollm2
from companion.storing import InstructionDataset
from companion.templates import TEMPLATES, Template, text_of
from companion.tokenizing import Turn
from companion.truncating import truncate

SMOLLM2 = adapt_tokenizer("smollm2")
TWO = Conversation(
    (
        Message("user", "Name a color."),
        Message("assistant", "Blue."),
        Message("user", "Another?"),
        Message("assistant", "Red."),
    )
)
START, END, LINE = 1, 2, 198
USER, ASSISTANT = [START, 4093, LINE], [START, 520, 9531, LINE]
IDS = [
    *USER, 5820, 253, 2380, 30, END, LINE,
    *ASSISTANT, 23390, 30, END, LINE,
    *USER, 4809, 47, END, LINE,
    *ASSISTANT, 12869, 30, END, LINE,
]  # fmt: skip
"""The conversation above in ChatML: "Blue." is 23390 and 30, "Red." is 12869 and 30."""

TURNS = ((9, 13, 16, 17), (24, 28, 31, 32))
ENTRY = tokenize_conversation(TWO, "chatml")
COLLATE = Collator(pad_id=END, end_id=END, mask=every_answer)

texts = st.text(max_size=12) | st.sampled_from(
    ["<|im_end|>", " a\n", "\n\nb", "<|eot_id|>", "", "1 2", "<|begin_of_text|>é"]
)


@st.composite
def conversations(draw):
    """Give a conversation that every template takes: question, answer, and so on."""
    rounds = draw(st.integers(1, 3))
    system = draw(st.lists(texts, max_size=1))
    roles = ["system"] * len(system) + ["user", "assistant"] * rounds
    return Conversation(tuple(Message(role, draw(texts)) for role in roles))


def turns(entry):
    return tuple(map(tuple, entry.turns))


# Ids and turns --------------------------------------------------------------------------


def test_a_conversation_becomes_the_ids_that_one_writes_by_hand():
    assert ENTRY.ids.tolist() == IDS
    assert ENTRY.closed
    assert ENTRY.length == len(IDS)


def test_each_answer_is_a_turn_with_its_header_its_end_and_what_follows():
    assert turns(ENTRY) == TURNS


def test_the_tokenizers_own_template_is_the_default_and_adds_its_system_message():
    entry = tokenize_conversation(TWO)
    begin = SMOLLM2.encode("You are a helpful AI assistant named SmolLM, trained by Hugging Face")
    assert entry.ids.tolist() == [START, 9690, LINE, *begin, END, LINE, *IDS]


def test_markers_that_a_tokenizer_has_no_ids_for_are_the_same_text_each_time():
    gpt2 = adapt_tokenizer("gpt2")
    entry = tokenize_conversation(TWO, "chatml", "gpt2")
    end = gpt2.encode("<|im_end|>")
    assert len(end) == 7
    for (_, start, end_at, stop), text in zip(entry.turns, ("Blue.", "Red."), strict=True):
        assert entry.ids[start:end_at].tolist() == gpt2.encode(text) + end
        assert entry.ids[end_at:stop].tolist() == [LINE]


@pytest.mark.parametrize(("tokenizer", "begins"), [("smollm2", [START]), ("gpt2", [])])
def test_a_beginning_is_the_tokenizers_own_once_or_none(tokenizer, begins):
    adapted = adapt_tokenizer(tokenizer)
    header = adapted.encode("<|start_header_id|>")
    ids = tokenize_conversation(TWO, "llama3", tokenizer).ids.tolist()
    assert ids[: len(begins) + len(header)] == begins + header
    assert ids.count(START) == len(begins)


def test_a_beginning_that_is_a_special_token_is_found_by_its_text():
    gemma = Template("g", beginning="<|endoftext|>")
    assert tokenize_conversation(TWO, gemma, "gpt2").ids[0] == 50256


@pytest.mark.parametrize("name", TEMPLATES)
@given(conversation=conversations())
@settings(max_examples=40)
def test_no_text_of_a_message_becomes_a_special_token(name, conversation):
    entry = tokenize_conversation(conversation, name)
    empty = Conversation(tuple(Message(m.role, "") for m in conversation))
    special = [0, 1, 2]
    if any(SMOLLM2.encode(message.content).count(0) for message in conversation):
        special.remove(0)  # the unknown token, which stands for bytes that have none
    found = [id for id in entry.ids.tolist() if id in special]
    assert found == [id for id in tokenize_conversation(empty, name).ids.tolist() if id in special]


@pytest.mark.parametrize("name", ["chatml", "qwen3", "smollm2"])
@given(conversation=conversations())
@settings(max_examples=40)
def test_the_ids_decode_to_the_text(name, conversation):
    for tokenizer in ("gpt2", "smollm2"):
        adapted = adapt_tokenizer(tokenizer)
        text = text_of(conversation, name)
        if adapted.decode(adapted.encode(text)) != text:
            continue  # SmolLM2 has no token for some bytes
        assert adapted.decode(tokenize_conversation(conversation, name, tokenizer).ids) == text


@pytest.mark.parametrize("name", sorted(TEMPLATES.keys() - {"qwen3"}))
@given(conversation=conversations())
@settings(max_examples=40)
def test_what_stands_before_an_answer_is_the_prompt_that_the_model_is_asked_with(
    name, conversation
):
    for tokenizer in ("gpt2", "smollm2"):
        entry = tokenize_conversation(conversation, name, tokenizer)
        places = [i for i, message in enumerate(conversation) if message.role == "assistant"]
        for place, turn in zip(places, entry.turns, strict=True):
            asked = Conversation(conversation.messages[:place])
            assert encode_prompt(asked, name, tokenizer) == entry.ids[: turn.start].tolist()


def test_in_qwen_3_an_earlier_answer_has_another_text_when_it_was_asked_for():
    asked = encode_prompt(Conversation(TWO.messages[:3]), "qwen3")
    entry = tokenize_conversation(TWO, "qwen3")
    assert entry.ids[: len(asked)].tolist() == asked
    first = tokenize_conversation(Conversation(TWO.messages[:2]), "qwen3")
    assert first.length > entry.turns[0].stop
    assert SMOLLM2.decode(first.ids[first.turns[0].start :]).startswith("<think>")


def test_a_tokenizer_that_cannot_encode_apart_encodes_at_once_and_its_turns_fit():
    pieces = {"\u2581": 0, "a": 1, "b": 2, "</s>": 3, ":": 4, "?": 5}
    made = Backend(models.BPE(vocab=pieces, merges=[], unk_token="?"))
    made.pre_tokenizer, made.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    made.add_special_tokens(["</s>"])
    template = Template("t", header="{role}:", end="</s>", after="", markers=("</s>",),
                        roles={"user": "a", "assistant": "b"})  # fmt: skip
    talk = Conversation((Message("user", "a"), Message("assistant", "ab")))
    entry = tokenize_conversation(talk, template, made)
    # Apart, "ab" would have a space of its own before it.
    assert entry.ids.tolist() == [0, 1, 4, 1, 3, 0, 2, 4, 1, 2, 3]
    assert turns(entry) == ((5, 8, 11, 11),)


# Which messages are answers -------------------------------------------------------------


CALLS = [{"type": "function", "function": {"name": "add", "arguments": {"a": 1}}}]
CALLED = Conversation(
    (
        Message("user", "1?"),
        Message("assistant", "", {"tool_calls": CALLS}),
        Message("tool", "one"),
        Message("assistant", "1."),
    )
)


@pytest.mark.parametrize("name", ["chatml", "qwen2.5", "qwen3_training"])
def test_a_call_of_a_tool_is_an_answer_and_its_result_is_none(name):
    entry = tokenize_conversation(CALLED, name)
    said = [SMOLLM2.decode(entry.ids[turn.start : turn.end]) for turn in entry.turns]
    assert [("add" in text, "one" in text) for text in said] == [(True, False), (False, False)]
    assert "one" in SMOLLM2.decode(entry.ids[entry.turns[0].stop : entry.turns[1].start])


def test_an_answer_of_weight_0_is_no_turn():
    first, blue, *rest = TWO
    talk = Conversation((first, Message("assistant", blue.content, {"weight": 0}), *rest))
    entry = tokenize_conversation(talk, "chatml")
    assert entry.ids.tolist() == IDS
    assert turns(entry) == TURNS[1:]
    assert tokenize_conversation(talk, "chatml", answers=has_weight).turns == ()


def test_what_has_weight_1_is_a_turn_whoever_said_it():
    talk = Conversation((Message("user", "Name a color.", {"weight": 1}), *TWO.messages[1:]))
    assert turns(tokenize_conversation(talk, "chatml", answers=has_weight)) == ((0, 3, 8, 9),)
    assert [is_answer(message) for message in talk] == [False, True, False, True]


# Which of their positions are supervised ------------------------------------------------


@pytest.mark.parametrize(
    ("name", "spans"),
    [
        ("everything", ((0, 32),)),
        ("every answer", ((13, 16), (28, 31))),
        ("last answer", ((28, 31),)),
        ("every answer and what follows", ((13, 17), (28, 32))),
        ("last answer and what follows", ((28, 32),)),
        ("every answer and its header", ((9, 16), (24, 31))),
    ],
)
def test_supervision_by_name(name, spans):
    mask = SUPERVISION[name]
    assert supervised_spans([ENTRY], mask) == [spans]
    assert pickle.loads(pickle.dumps(mask)) is mask  # a worker process can be sent it


def test_all_names_of_supervision_are_tried():
    assert len(SUPERVISION) == 6


def test_targets_are_counted_by_where_they_lie():
    # 32 tokens, the first of which is no target: two headers of 4, two answers of 3 with their
    # ends, a line break behind each, and 15 of the user's.
    assert count_targets([ENTRY], "none") == Targets(8, 6, 2, 15)
    assert count_targets([ENTRY, ENTRY], SUPERVISION["last answer and what follows"]) == Targets(
        0, 6, 2, 0
    )
    assert count_targets([ENTRY], "none").total == 31


def test_supervised_positions_are_those_of_the_spans_but_for_the_first_of_a_text():
    assert supervised_positions(ENTRY, last_answer) == [28, 29, 30]
    assert supervised_positions(ENTRY, "none") == list(range(1, 32))


def test_a_header_that_is_not_known_counts_as_elsewhere():
    entry = type(ENTRY)(ENTRY.ids, [(None, 13, 16, 17)], closed=True)
    assert count_targets([entry], "none") == Targets(0, 3, 1, 27)


# The steps that follow need nothing new -------------------------------------------------


def test_conversations_are_collated_as_texts_are():
    short = tokenize_conversation(Conversation(TWO.messages[2:]), "chatml")
    inputs, targets = COLLATE([ENTRY, short])
    no = -100
    assert inputs.tolist() == [IDS[:-1], [*IDS[17:], *[END] * 16]]
    first = [*[no] * 12, 23390, 30, END, *[no] * 12, 12869, 30, END, no]
    second = [*[no] * 10, 12869, 30, END, *[no] * 18]
    assert targets.tolist() == [first, second]


def test_conversations_are_packed_each_for_itself():
    short = tokenize_conversation(Conversation(TWO.messages[2:]), "chatml")
    lengths = [entry.length - 1 for entry in (ENTRY, short)]
    assert plan_packs(lengths, 48) == [[0, 1]]
    pack = Packer(COLLATE)([ENTRY, short])
    assert pack.inputs.tolist() == [[*IDS[:-1], *IDS[17:-1]]]
    assert pack.targets[0, 12:15].tolist() == [23390, 30, END]
    assert (pack.targets != -100).sum() == 9
    assert cumulative_lengths(pack.position_ids).tolist() == [0, 31, 45]


def test_conversations_are_stored_and_bucketed():
    talks = [Conversation(TWO.messages[2 * i :]) for i in (0, 1)] * 3
    dataset = InstructionDataset.of(tokenize_conversations(talks, "chatml"))
    lengths = [dataset[i].length for i in range(len(dataset))]
    batches = list(LengthBucketSampler(lengths, batch_size=3))
    assert sorted(sorted(batch) for batch in batches) == [[0, 2, 4], [1, 3, 5]]
    for batch in batches:
        assert [turns(dataset[i]) for i in batch] == [
            TURNS if i % 2 == 0 else ((7, 11, 14, 15),) for i in batch
        ]


@pytest.mark.parametrize("name", ["chatml", "smollm2", "qwen2.5"])
@pytest.mark.parametrize("after", ["\n", ""])
@pytest.mark.parametrize("declared", [True, False])
def test_the_audit_is_silent_on_right_conversations(name, after, declared):
    template = replace(TEMPLATES[name], after=after)
    entries = tokenize_conversations([TWO, Conversation(TWO.messages[2:])], template)
    spans = [every_answer(entry) for entry in entries]
    expect = Expectation(mask="prompt", spans=spans) if declared else None
    assert audit(*COLLATE(entries), tokenizer="smollm2", expect=expect).codes == ()


def test_the_audit_hears_of_ends_that_are_ignored():
    def without_end(entry):
        return [(turn.start, turn.end - 1) for turn in entry.turns]

    batch = Collator(pad_id=END, end_id=END, mask=without_end)([ENTRY])
    assert "end-ignored" in audit(*batch, tokenizer="smollm2").codes


@pytest.mark.parametrize(
    ("columns", "truncation", "kept", "spans"),
    [
        # The whole text fits 31 columns; 30 lose the line break behind the last end.
        (31, "cut", TURNS, ((13, 16), (28, 31))),
        (30, "cut", (TURNS[0], (24, 28, 31, 31)), ((13, 16), (28, 31))),
        (29, "cut", (TURNS[0], (24, 28, 30, 30)), ((13, 16), (28, 30))),
        # In the last header, nothing of the last answer is left.
        (27, "cut", TURNS[:1], ((13, 16),)),
        (26, "cut", TURNS[:1], ((13, 16),)),
        (16, "cut", TURNS[:1], ((13, 16),)),
        (15, "cut", ((9, 13, 16, 16),), ((13, 16),)),
        (13, "cut", ((9, 13, 14, 14),), ((13, 14),)),
        (12, "cut", (), ()),
        # An end is put in the last place: of an answer that was cut, it is the answer's.
        (29, "keep_end", (TURNS[0], (24, 28, 30, 30)), ((13, 16), (28, 30))),
        # Of a question that was cut, it is nobody's.
        (20, "keep_end", TURNS[:1], ((13, 16),)),
        (12, "keep_end", (), ()),
    ],
)
def test_a_conversation_that_is_cut_loses_its_last_turns_and_keeps_the_others(
    columns, truncation, kept, spans
):
    cut = truncate(ENTRY, columns, truncation, END)
    ended = truncation == "keep_end"
    assert cut.ids.tolist() == [*IDS[: columns + 1 - ended], *[END] * ended]
    assert turns(cut) == kept
    assert every_answer(cut) == spans


# Templates and tokenizers ---------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """Give the folder of a tokenizer with a chat template beside it, as models have them."""
    load_smollm2().save(str(tmp_path / "tokenizer.json"))
    special = {"eos_token": "<|im_end|>", "bos_token": "<|im_start|>", "pad_token": "<|im_end|>"}
    config = {**special, "chat_template": SMOLLM2.template}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    return tmp_path


def test_the_template_in_a_tokenizers_folder_is_its_own(folder):
    entry = tokenize_conversation(TWO, tokenizer=folder)
    assert entry.ids.tolist() == tokenize_conversation(TWO).ids.tolist()
    assert turns(entry) == turns(tokenize_conversation(TWO))


def test_a_published_template_is_taken_as_data_and_any_other_as_jinja():
    assert choose_template(None, SMOLLM2) is TEMPLATES["smollm2"]
    assert choose_template(SMOLLM2.template + " ", SMOLLM2) == SMOLLM2.template + " "
    assert choose_template("llama3", SMOLLM2) is TEMPLATES["llama3"]


def test_the_path_of_a_template_is_read(tmp_path):
    file = tmp_path / "chat_template.jinja"
    with pytest.raises(ValueError, match=f"there is no {file}"):
        tokenize_conversation(TWO, file)
    file.write_text(SMOLLM2.template)
    assert choose_template(file, SMOLLM2) is TEMPLATES["smollm2"]


@pytest.mark.parametrize(
    ("template", "tokenizer", "said"),
    [
        (None, "gpt2", "the tokenizer gpt2 has no chat template of its own; name one: chatml, "),
        ("llama", "gpt2", "there is no chat template 'llama'; there are chatml, smollm2, "),
    ],
)
def test_no_template_is_refused_with_those_that_there_are(template, tokenizer, said):
    with pytest.raises(ValueError, match=r".") as refused:
        tokenize_conversation(TWO, template, tokenizer)
    assert str(refused.value).startswith(said)


def test_of_many_conversations_the_one_that_has_no_place_is_named():
    with pytest.raises(ValueError, match=r"^conversation 2: message 2 of the conversation calls"):
        tokenize_conversations([TWO, CALLED], "llama3")


def test_special_tokens_are_found_among_all_ids():
    found = special_ids(SMOLLM2)
    assert len(found) == 17
    assert (found["<|endoftext|>"], found["<|im_start|>"], found["<empty_output>"]) == (0, 1, 16)


def test_a_tokenizer_by_hand_may_have_ids_without_a_token():
    def decode(ids):
        return bytes(list(ids)).decode(errors="replace")

    made = Tokenizer(lambda text: list(text.encode()), decode, frozenset({256}), size=257)
    entry = tokenize_conversation(TWO, "chatml", made)
    assert decode(entry.ids) == text_of(TWO, "chatml")
    assert [decode(entry.ids[t.start : t.end]) for t in entry.turns] == [
        "Blue.<|im_end|>",
        "Red.<|im_end|>",
    ]


def test_nothing_is_changed_that_is_given():
    before = repr(CALLED)
    tokenize_conversation(CALLED, "qwen3")
    assert repr(CALLED) == before
    assert isinstance(ENTRY.turns[0], Turn)
    assert ENTRY.ids.dtype == np.int64
    assert COLLATE([ENTRY]).inputs.dtype == torch.int64
