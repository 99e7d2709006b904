"""What seven libraries supervise: the same conversation of two turns, each rule by hand."""

import pickle

import pytest

from companion import LIBRARIES, Conversation, Message, tokenize_conversation
from companion.adapting import adapt_tokenizer
from companion.chatting import Targets, count_targets
from companion.libraries import llama_factory_last, tinker_last, torchtune
from companion.tokenizing import TokenizedEntry
from test_chatting import CALLED, ENTRY, IDS, TURNS, TWO

RULES = {
    "TRL": ((13, 17), (28, 32)),
    "axolotl": ((13, 16), (28, 31)),
    "LLaMA-Factory": ((13, 17), (28, 32)),
    "torchtune": ((9, 17), (24, 31)),
    "tinker-cookbook": ((13, 16), (28, 31)),
    "Unsloth": ((13, 17), (28, 32)),
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
        "Unsloth": Targets(0, 6, 2, 0),
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


@pytest.mark.parametrize(
    ("template", "elsewhere"), [("chatml", "tool\n"), ("qwen2.5", ""), ("qwen3_training", "")]
)
def test_unsloth_trains_on_a_tools_turn_where_that_is_no_users(template, elsewhere):
    entry = tokenize_conversation(CALLED, template)
    rule = LIBRARIES["Unsloth"].rule(template)
    decode = adapt_tokenizer("smollm2").decode
    texts = [decode(entry.ids[start:stop]) for start, stop in rule(entry)]
    if elsewhere:
        (text,) = texts
        assert "<|im_start|>tool\n<tool_response>\none\n</tool_response><|im_end|>" in text
        assert count_targets([entry], rule).elsewhere > 0
    else:
        assert len(texts) == 2
        assert not any("one" in text for text in texts)
    others = [library.rule(template) for name, library in LIBRARIES.items() if name != "Unsloth"]
    assert all(count_targets([entry], rule).elsewhere == 0 for rule in others)


def spec_unsloth(ids, question, answer):
    """Mark token by token: on behind an answer's header, off where a question's begins."""
    marked, on, at = [], False, 0
    while at < len(ids):
        if not on and ids[at : at + len(answer)] == answer:
            marked += [False] * len(answer)
            at += len(answer)
            on = True
            continue
        if on and ids[at : at + len(question)] == question:
            on = False
        marked.append(on)
        at += 1
    return marked


def test_unsloth_goes_by_ids_and_not_by_turns():
    talk = Conversation((*TWO, Message("assistant", "Or green."), Message("user", "Thanks.")))
    entry = tokenize_conversation(talk, "chatml")
    rule = LIBRARIES["Unsloth"].rule()
    marked = spec_unsloth(entry.ids.tolist(), list(rule.question), list(rule.answer))
    spans = rule(entry)
    assert [any(a <= at < b for a, b in spans) for at in range(entry.length)] == marked
    # Two answers in a row are one span, with the second header in it; the last question is out.
    assert len(spans) == 2
    assert sum(marked) == count_targets([entry], rule).total
