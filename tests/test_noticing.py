"""Notes on real sets: each is made of what it is for, and its correct twin stays silent."""

import pytest

from companion.conversations import Conversation, Message
from companion.entries import Entry, load_entries
from companion.formatting import STYLES, PromptStyle
from companion.noticing import RULES, notice_conversation, notice_entry
from companion.tokenizing import gpt2_encode


@pytest.mark.parametrize(
    "text", ["<noinput>", "N/A", "n/a", "No input.", "None", "none.", "<No input>", "null"]
)
def test_an_input_that_stands_for_nothing_is_noted(text):
    assert notice_entry(Entry("Name a colour.", text, "Blue.")) == ("input-stands-for-nothing",)


@pytest.mark.parametrize("text", ["", "0", "None of them came.", "no", "Nina", "No input is lost."])
def test_an_input_that_says_something_is_silent(text):
    assert notice_entry(Entry("Name a colour.", text, "Blue.")) == ()


def test_an_output_stands_for_nothing_in_angle_brackets_alone():
    noted = notice_entry(Entry("Draw a tree.", "", "<nooutput>"))
    assert noted == ("output-stands-for-nothing",)
    assert notice_entry(Entry("What does print() give back?", "", "None")) == ()


@pytest.mark.parametrize("text", ["Dear {{name}},", "{{ user.name }}", "to {{ZIP-code}}"])
def test_a_placeholder_is_noted_in_each_field(text):
    assert notice_entry(Entry(text, "", "Yes.")) == ("placeholder",)
    assert notice_entry(Entry("Hi", text, "Yes.")) == ("placeholder",)
    assert notice_entry(Entry("Hi", "", text)) == ("placeholder",)
    talk = Conversation((Message("user", text), Message("assistant", "Yes.")))
    assert notice_conversation(talk) == ("placeholder",)


@pytest.mark.parametrize(
    "text", ["`{{name}}` is Jinja's.", "```\n{{name}}\n```", "{name}", '{{"a": 1}}', "x^{{2}}"]
)
def test_code_and_single_braces_are_no_placeholder(text):
    assert notice_entry(Entry("Hi", "", text)) == ()


def test_an_output_that_repeats_its_instruction_is_noted():
    asked = "Name the largest planet of all."
    assert notice_entry(Entry(asked, "", f"{asked} It is Jupiter.")) == ("instruction-repeated",)
    talk = Conversation((Message("user", asked), Message("assistant", asked.upper())))
    assert notice_conversation(talk) == ("instruction-repeated",)


def test_a_greeting_and_an_input_may_be_repeated():
    assert notice_entry(Entry("Hello!", "", "Hello! What can I do?")) == ()
    assert notice_entry(Entry("Say again what I say.", "It rains today.", "It rains today.")) == ()


@pytest.mark.parametrize(
    "entry",
    [
        Entry("Name a colour.\n", "", "Blue."),
        Entry("Name a colour.", "", "\n\nBlue."),
    ],
    ids=["line break after the instruction", "line breaks before the output"],
)
def test_white_space_that_moves_a_token_is_noted(entry):
    assert notice_entry(entry, STYLES["alpaca"], gpt2_encode) == ("edge-moves-tokens",)
    assert notice_entry(entry) == ()  # without a tokenizer nobody can know


@pytest.mark.parametrize("output", ["Blue.", " Blue.", "Blue. ", "Blue.\n"])
def test_white_space_that_moves_no_token_is_silent(output):
    assert notice_entry(Entry("Name a colour.", "", output), STYLES["alpaca"], gpt2_encode) == ()
    assert notice_entry(Entry("Name a colour. ", "", output), STYLES["alpaca"], gpt2_encode) == ()


def test_the_embedded_set_needs_no_note():
    for style in STYLES.values():
        assert {notice_entry(entry, style, gpt2_encode) for entry in load_entries()} == {()}


# Conversations

ROLES = {"s": "system", "d": "developer", "u": "user", "a": "assistant", "t": "tool"}


def talk(signs):
    return Conversation(tuple(Message(ROLES[sign], "Text.") for sign in signs))


@pytest.mark.parametrize("signs", ["ua", "sua", "dua", "uaua", "uata", "uattaua"])
def test_turns_in_order_are_silent(signs):
    assert notice_conversation(talk(signs)) == ()


@pytest.mark.parametrize("signs", ["uua", "uaa", "usa", "aua", "uta", "a", "uasua"])
def test_turns_out_of_order_are_noted(signs):
    assert notice_conversation(talk(signs)) == ("turn-out-of-order",)


@pytest.mark.parametrize("signs", ["u", "uau", "uat"])
def test_a_last_turn_that_is_not_the_assistants_is_noted(signs):
    assert notice_conversation(talk(signs)) == ("last-turn-not-assistant",)


@pytest.mark.parametrize("content", ["", " \n"])
def test_an_empty_turn_is_noted_unless_it_calls_a_tool(content):
    asked = Message("user", "What time is it?")
    empty = Conversation((asked, Message("assistant", content)))
    assert notice_conversation(empty) == ("turn-empty",)
    called = Message("assistant", content, {"tool_calls": [{"name": "clock"}]})
    answered = (Message("tool", content), Message("assistant", "Noon."))
    assert notice_conversation(Conversation((asked, called, *answered))) == ()


def test_the_result_of_a_tool_is_noted_where_it_is_to_be_learned():
    code = ("tool-result-supervised",)
    assert notice_conversation(talk("uata")) == ()
    assert notice_conversation(talk("uata"), supervised=("assistant", "tool")) == code
    for weight, noted in ((0, ()), (1, code)):
        messages = [*talk("uata")]
        messages[2] = Message("tool", "Noon.", {"weight": weight})
        roles = ("assistant", "tool") if weight == 0 else ("assistant",)
        assert notice_conversation(Conversation(tuple(messages)), supervised=roles) == noted


def test_every_sentence_can_be_worded():
    for rule in RULES.values():
        assert rule.sentence.format(where="Entry 3").startswith("Entry 3: ")
        assert rule.severity == "note"


def test_a_style_that_joins_tokens_by_itself_is_not_the_fields_fault():
    style = PromptStyle("spaced", instruction="Q: {instruction}", header=" A: ")
    assert notice_entry(Entry("Name a colour.", "", "Blue. "), style, gpt2_encode) == ()
