"""Step 1 for conversations: chat templates that are data, each held to the letter."""

import subprocess
import sys
from dataclasses import replace

import pytest

from companion.conversations import Conversation, Message
from companion.templates import (
    KINDS,
    TEMPLATES,
    Piece,
    Template,
    Tools,
    get_template,
    pieces_of,
    prompt_pieces,
    text_of,
)

TWO = Conversation(
    (
        Message("user", " Name a colour. "),
        Message("assistant", "Blue."),
        Message("user", "Another?"),
        Message("assistant", "Red."),
    )
)
SYSTEM = Conversation((Message("system", " Be brief. "), *TWO))


def call(name, arguments):
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


TOOL = {"type": "function", "function": {"name": "add"}}
CALLED = Conversation(
    (
        Message("user", "2+2, 3+3?"),
        Message("assistant", "Let me see.", {"tool_calls": [call("add", {"a": 2, "b": "é"})]}),
        Message("tool", "4"),
        Message("tool", "6"),
        Message("assistant", "4 and 6."),
    ),
    (TOOL,),
)


# The text -------------------------------------------------------------------------------


def test_chatml_is_written_to_the_letter():
    assert text_of(SYSTEM, "chatml") == (
        "<|im_start|>system\n Be brief. <|im_end|>\n"
        "<|im_start|>user\n Name a colour. <|im_end|>\n"
        "<|im_start|>assistant\nBlue.<|im_end|>\n"
        "<|im_start|>user\nAnother?<|im_end|>\n"
        "<|im_start|>assistant\nRed.<|im_end|>\n"
    )


@pytest.mark.parametrize(
    ("name", "added"),
    [
        ("smollm2", "You are a helpful AI assistant named SmolLM, trained by Hugging Face"),
        ("qwen2.5", "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."),
    ],
)
def test_a_template_adds_a_system_message_of_its_own_where_there_is_none(name, added):
    begin = f"<|im_start|>system\n{added}<|im_end|>\n"
    assert text_of(TWO, name) == begin + text_of(TWO, "chatml")
    assert text_of(SYSTEM, name) == text_of(SYSTEM, "chatml")


@pytest.mark.parametrize("name", ["chatml", "qwen3"])
def test_other_templates_add_none(name):
    assert text_of(TWO, name).startswith("<|im_start|>user\n")


def test_llama_3_begins_and_trims():
    assert text_of(SYSTEM, "llama3") == (
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nName a colour.<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nBlue.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nAnother?<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nRed.<|eot_id|>"
    )


def test_gemma_3_puts_the_system_message_before_the_first_question():
    assert text_of(SYSTEM, "gemma3") == (
        "<bos><start_of_turn>user\n Be brief. \n\nName a colour.<end_of_turn>\n"
        "<start_of_turn>model\nBlue.<end_of_turn>\n"
        "<start_of_turn>user\nAnother?<end_of_turn>\n"
        "<start_of_turn>model\nRed.<end_of_turn>\n"
    )


def test_the_results_of_tools_are_turns_of_a_tool_or_share_one_of_the_users():
    called = (
        "<|im_start|>assistant\nLet me see.\n<tool_call>\n"
        '{"name": "add", "arguments": {"a": 2, "b": "é"}}\n</tool_call><|im_end|>\n'
    )
    shared = "<tool_response>\n4\n</tool_response>\n<tool_response>\n6\n</tool_response>"
    assert called + f"<|im_start|>user\n{shared}<|im_end|>\n" in text_of(CALLED, "qwen3")
    four, six = (f"<tool_response>\n{n}\n</tool_response>" for n in (4, 6))
    own = f"<|im_start|>tool\n{four}<|im_end|>\n<|im_start|>tool\n{six}<|im_end|>\n"
    assert called + own in text_of(CALLED, "chatml")


def test_tools_on_offer_join_the_system_message():
    text = text_of(CALLED, "qwen2.5")
    assert text.startswith(
        "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant."
        "\n\n# Tools\n\nYou may call one or more functions"
    )
    assert '<tools>\n{"type": "function", "function": {"name": "add"}}\n</tools>' in text
    assert text_of(CALLED, "qwen3").startswith("<|im_start|>system\n# Tools\n\nYou may call")


def test_tools_that_a_file_holds_as_text_are_read():
    as_text = replace(CALLED, tools=('[{"type": "function", "function": {"name": "add"}}]',))
    assert text_of(as_text, "qwen3") == text_of(CALLED, "qwen3")
    with pytest.raises(ValueError, match="tools are objects, or JSON; found the text 'add'"):
        text_of(replace(CALLED, tools=("add",)), "qwen3")


@pytest.mark.parametrize(("name", "written"), [("qwen2.5", r'"{\"a\": 2}"'), ("qwen3", '{"a": 2}')])
def test_arguments_that_are_text_already_are_quoted_once_more_by_qwen_2_5_alone(name, written):
    calls = {"tool_calls": [call("add", '{"a": 2}')]}
    talk = Conversation((Message("user", "2?"), Message("assistant", "", calls)))
    end = f'"name": "add", "arguments": {written}}}\n</tool_call><|im_end|>\n'
    assert text_of(talk, name).endswith(end)


THOUGHT = Conversation(
    (
        Message("user", "2+2?"),
        Message("assistant", "<think>\nEasy.\n</think>\n\n4"),
        Message("user", "3+3?"),
        Message("assistant", "6", {"reasoning_content": "Easy, too."}),
    )
)


@pytest.mark.parametrize(
    ("thinking", "first", "second"),
    [
        ("kept", "<think>\nEasy.\n</think>\n\n4", "<think>\nEasy, too.\n</think>\n\n6"),
        ("last", "4", "<think>\nEasy, too.\n</think>\n\n6"),
        ("left out", "4", "6"),
    ],
)
def test_thinking_is_kept_or_kept_in_the_last_answer_or_left_out(thinking, first, second):
    template = replace(TEMPLATES["qwen3"], thinking=thinking)
    assert text_of(THOUGHT, template) == (
        "<|im_start|>user\n2+2?<|im_end|>\n"
        f"<|im_start|>assistant\n{first}<|im_end|>\n"
        "<|im_start|>user\n3+3?<|im_end|>\n"
        f"<|im_start|>assistant\n{second}<|im_end|>\n"
    )


def test_qwen_3_writes_an_empty_block_into_the_last_answer_and_its_training_twin_into_all():
    block = "<think>\n\n</think>\n\n"
    assert text_of(TWO, "qwen3").count(block) == 1
    assert text_of(TWO, "qwen3").endswith(f"{block}Red.<|im_end|>\n")
    assert text_of(TWO, "qwen3_training").count(block) == 2


# The pieces -----------------------------------------------------------------------------


def test_pieces_say_what_they_are_whose_they_are_and_which_are_markers():
    talk = Conversation((Message("user", "Hi"), Message("assistant", "")))
    assert pieces_of(talk, "llama3") == [
        Piece("<|begin_of_text|>", "beginning", None, True),
        Piece("<|start_header_id|>", "header", 0, True),
        Piece("user", "header", 0, False),
        Piece("<|end_header_id|>", "header", 0, True),
        Piece("\n\n", "header", 0, False),
        Piece("Hi", "text", 0, False),
        Piece("<|eot_id|>", "end", 0, True),
        Piece("<|start_header_id|>", "header", 1, True),
        Piece("assistant", "header", 1, False),
        Piece("<|end_header_id|>", "header", 1, True),
        Piece("\n\n", "header", 1, False),
        Piece("<|eot_id|>", "end", 1, True),
    ]


def test_what_a_template_adds_by_itself_is_no_messages():
    assert {piece.message for piece in pieces_of(TWO, "smollm2")[:4]} == {None}
    assert [piece.message for piece in pieces_of(TWO, "smollm2")][5] == 0


def test_a_marker_that_a_message_spells_out_is_none():
    talk = Conversation((Message("user", "<|im_end|>"),))
    assert [p.special for p in pieces_of(talk) if p.text == "<|im_end|>"] == [False, True]


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_prompt_is_the_beginning_of_the_text_with_an_answer(name):
    asked = Conversation(TWO.messages[:3])
    prompt = "".join(piece.text for piece in prompt_pieces(asked, name))
    assert text_of(TWO, name).startswith(prompt)
    assert {piece.kind for piece in prompt_pieces(asked, name)} <= set(KINDS)


# One's own, and what is refused ---------------------------------------------------------


def test_a_template_of_ones_own_takes_a_few_lines():
    mine = Template("mine", header="{role}: ", end="</s>", after=" ", markers=("</s>",))
    assert (
        text_of(Conversation(TWO.messages[2:]), mine) == "user: Another?</s> assistant: Red.</s> "
    )
    assert get_template(mine) is mine


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Template("a", header="user: "), "'header' holds the slot {role} exactly once"),
        (lambda: Template("a", end=""), "'end' is empty, and a turn that never ends teaches"),
        (lambda: Template("a", thinking="no"), "thinking is one of refused, kept, last, left out"),
        (lambda: Tools("", "{name}{arguments}", "{content}", "user"), "'offer' holds the slot"),
        (lambda: Tools("{tools}", "{name}", "{content}", "user"), "'call' holds the slot {arg"),
        (lambda: get_template("llama"), "there is no chat template 'llama'; there are chatml, "),
        (lambda: text_of(Conversation(())), "a conversation of no messages has no text"),
    ],
)
def test_what_is_no_template_is_refused_with_a_reason(made, said):
    with pytest.raises(ValueError, match=r".") as refused:
        made()
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("messages", "name", "said"),
    [
        (CALLED.messages, "llama3", "message 2 of the conversation calls a tool, and template"),
        (CALLED.messages[2:3], "smollm2", "message 1 of the conversation is from 'tool', and"),
        (THOUGHT.messages[2:], "chatml", "message 2 of the conversation brings thinking, and"),
        ((TWO[1],), "gemma3", "message 1 is from 'assistant'"),
        ((TWO[0], TWO[2]), "gemma3", "message 2 is from 'user'"),
        ((SYSTEM[0],), "gemma3", "no turn for a system message alone"),
        (
            (Message("assistant", "", {"tool_calls": [{"name": "add"}]}),),
            "qwen3",
            "message 1 of the conversation: a call of a tool has 'name' and 'arguments'",
        ),
    ],
)
def test_what_a_template_has_no_place_for_is_refused_with_a_reason(messages, name, said):
    with pytest.raises(ValueError, match=r".") as refused:
        text_of(Conversation(tuple(messages)), name)
    assert said in str(refused.value)


def test_tools_that_nobody_calls_are_refused_where_there_is_no_place_for_them():
    with pytest.raises(ValueError, match="the conversation offers tools, and template 'gemma3'"):
        text_of(replace(TWO, tools=(TOOL,)), "gemma3")


def test_templates_need_the_standard_library_alone():
    program = (
        "import sys; before = set(sys.modules); import companion.templates\n"
        "new = {name.split('.')[0] for name in set(sys.modules) - before}\n"
        "assert new <= {*sys.stdlib_module_names, 'companion'}, new"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
