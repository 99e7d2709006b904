"""What seven libraries supervise: the same conversation of two turns, each rule by hand."""

import pickle

import pytest

from companion import LIBRARIES, Conversation, Message, tokenize_conversation
from companion.adapting import adapt_tokenizer
from companion.chatting import Targets, count_targets
from companion.libraries import (
    llama_factory_last,
    tinker_last,
    torchtune,
    unsloth,
    unsloth_before,
)
from companion.templates import TEMPLATES
from companion.tokenizing import TokenizedEntry
from test_chatting import CALLED, ENTRY, IDS, TURNS, TWO

RULES = {
    "TRL": ((13, 17), (28, 32)),
    "axolotl": ((13, 16), (28, 31)),
    "LLaMA-Factory": ((13, 17), (28, 32)),
    "torchtune": ((9, 17), (24, 31)),
    "tinker-cookbook": ((13, 16), (28, 31)),
    "Unsloth": ((13, 16), (28, 31)),
    "nanochat": ((13, 16), (28, 31)),
}


def test_the_seven_libraries_are_all_here():
    assert list(LIBRARIES) == list(RULES)
    assert {name for name, library in LIBRARIES.items() if library.how == "run"} == {"TRL"}
    for library in LIBRARIES.values():
        assert library.how in ("run", "read")
        assert library.source
        assert library.version


@pytest.mark.parametrize("name", RULES)
def test_each_rule_on_the_conversation_of_two_turns(name):
    assert tuple(map(tuple, ENTRY.turns)) == TURNS
    rule = LIBRARIES[name].rule("chatml", "smollm2")
    assert rule(ENTRY) == RULES[name]
    assert pickle.loads(pickle.dumps(rule))(ENTRY) == RULES[name]  # as a worker process has it


def test_the_same_conversation_has_six_to_fifteen_targets():
    counts = {name: count_targets([ENTRY], library.rule()) for name, library in LIBRARIES.items()}
    assert counts == {
        "TRL": Targets(0, 6, 2, 0),
        "axolotl": Targets(0, 6, 0, 0),
        "LLaMA-Factory": Targets(0, 6, 2, 0),
        "torchtune": Targets(8, 6, 1, 0),
        "tinker-cookbook": Targets(0, 6, 0, 0),
        "Unsloth": Targets(0, 6, 0, 0),
        "nanochat": Targets(0, 6, 0, 0),
    }


def test_trl_supervises_the_headers_line_break_for_qwen_2_5_alone():
    entry = tokenize_conversation(TWO, "qwen2.5")
    answers = [(turn.start, turn.stop) for turn in entry.turns]
    spans = LIBRARIES["TRL"].rule("qwen2.5")(entry)
    assert list(spans) == [(start - 1, stop) for start, stop in answers]
    assert [entry.ids[start] for start, _ in spans] == [198, 198]
    assert list(LIBRARIES["TRL"].rule("qwen3")(entry)) == answers


def test_two_libraries_can_train_on_the_last_answer_alone():
    assert llama_factory_last(ENTRY) == ((28, 32),)
    assert tinker_last(ENTRY) == ((28, 31),)


def test_torchtune_needs_to_know_where_a_header_begins():
    entry = TokenizedEntry(IDS, [(None, *turn[1:]) for turn in TURNS], closed=True)
    with pytest.raises(ValueError, match="torchtune supervises the header of an answer, and of"):
        torchtune(entry)


@pytest.mark.parametrize("template", ["chatml", "qwen2.5", "qwen3_training"])
def test_no_library_trains_on_the_result_of_a_tool(template):
    entry = tokenize_conversation(CALLED, template)
    for library in LIBRARIES.values():
        assert count_targets([entry], library.rule(template)).elsewhere == 0


@pytest.mark.parametrize(("template", "is_in"), [("chatml", True), ("qwen2.5", False)])
def test_unsloth_once_trained_on_a_tools_turn_where_that_is_no_users(template, is_in):
    entry = tokenize_conversation(CALLED, template)
    smollm2 = adapt_tokenizer("smollm2")
    spans = unsloth_before(TEMPLATES[template], smollm2)(entry)
    texts = [smollm2.decode(entry.ids[start:stop]) for start, stop in spans]
    result = "<|im_start|>tool\n<tool_response>\none\n</tool_response><|im_end|>"
    assert [result in text for text in texts] == ([True] if is_in else [False, False])


def spec_unsloth(ids, question, answer, end=None, others=()):
    """Mark token by token: on behind an answer's header, off where the span is over."""
    marked, on, at = [], False, 0
    while at < len(ids):
        if on and any(ids[at : at + len(marker)] == marker for marker in (question, *others)):
            on = False
        if not on and ids[at : at + len(answer)] == answer:
            marked += [False] * len(answer)
            at += len(answer)
            on = True
            continue
        marked.append(on)
        if on and ids[at] == end:
            on = False
        at += 1
    return marked


USER, ASSISTANT = [1, 4093, 198], [1, 520, 9531, 198]
IN_A_ROW = Conversation((*TWO, Message("assistant", "Or green."), Message("user", "Thanks.")))


@pytest.mark.parametrize("template", ["chatml", "qwen2.5"])
@pytest.mark.parametrize("talk", [TWO, IN_A_ROW, CALLED])
def test_unsloth_goes_by_ids_and_not_by_turns(template, talk):
    entry = tokenize_conversation(talk, template)
    ids, smollm2 = entry.ids.tolist(), adapt_tokenizer("smollm2")

    def marked(rule):
        return [any(a <= at < b for a, b in rule(entry)) for at in range(entry.length)]

    now, before = (make(TEMPLATES[template], smollm2) for make in (unsloth, unsloth_before))
    assert marked(now) == spec_unsloth(ids, USER, ASSISTANT, 2, [[1]])
    assert marked(before) == spec_unsloth(ids, USER, ASSISTANT)
    assert pickle.loads(pickle.dumps(before)) == before


def test_unsloth_goes_on_to_the_next_question_where_headers_are_no_special_tokens():
    rule = LIBRARIES["Unsloth"].rule("chatml", "gpt2")
    entry = tokenize_conversation(IN_A_ROW, "chatml", "gpt2")
    assert (rule.opener, rule.beginning, rule.end) == ((), None, 50256)
    first, second, third = rule(entry)
    assert first == (entry.turns[0].start, entry.turns[0].stop)
    assert second == (entry.turns[1].start, entry.turns[2].header)
    assert third == (entry.turns[2].start, entry.turns[2].stop)
