"""Step 1, format."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.entries import Entry, load_entries
from companion.formatting import ROLES, STYLES, PromptStyle, get_style

WITH_INPUT = Entry("Spell it.", "Ocassion", "Occasion")
WITHOUT = Entry("Name a colour.", "", "Blue.")
every_style = pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)


def test_there_are_four_styles():
    assert list(STYLES) == ["alpaca", "phi3", "chatml", "plain"]


def test_alpaca_to_the_letter():
    assert STYLES["alpaca"].text(WITH_INPUT) == (
        "Below is an instruction that describes a task. Write a response that "
        "appropriately completes the request.\n"
        "\n"
        "### Instruction:\n"
        "Spell it.\n"
        "\n"
        "### Input:\n"
        "Ocassion\n"
        "\n"
        "### Response:\n"
        "Occasion"
    )


def test_alpaca_without_an_input_has_no_input_part():
    assert STYLES["alpaca"].text(WITHOUT) == (
        "Below is an instruction that describes a task. Write a response that "
        "appropriately completes the request.\n"
        "\n"
        "### Instruction:\n"
        "Name a colour.\n"
        "\n"
        "### Response:\n"
        "Blue."
    )


def test_phi3_to_the_letter():
    text = "<|user|>\nSpell it.\nOcassion\n<|assistant|>\nOccasion"
    assert STYLES["phi3"].text(WITH_INPUT) == text
    assert STYLES["phi3"].text(WITHOUT) == "<|user|>\nName a colour.\n<|assistant|>\nBlue."


def test_chatml_to_the_letter():
    assert STYLES["chatml"].text(WITH_INPUT) == (
        "<|im_start|>user\nSpell it.\nOcassion<|im_end|>\n<|im_start|>assistant\nOccasion<|im_end|>"
    )


def test_plain_to_the_letter():
    assert STYLES["plain"].text(WITH_INPUT) == "Spell it.\nOcassion\nOccasion"
    assert STYLES["plain"].text(WITHOUT) == "Name a colour.\nBlue."


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("alpaca", "\n\n### Response:\n"),
        ("phi3", "\n<|assistant|>\n"),
        ("chatml", "<|im_start|>assistant\n"),
        ("plain", "\n"),
    ],
)
def test_a_prompt_ends_in_its_response_header(name, header):
    style = STYLES[name]
    assert style.header == header
    assert style.prompt(WITH_INPUT) == style.body(WITH_INPUT) + header


@every_style
def test_the_text_is_prompt_output_and_suffix_for_every_embedded_entry(style):
    for entry in load_entries():
        assert style.text(entry) == style.prompt(entry) + entry.output + style.suffix


@every_style
def test_the_prompt_is_the_same_whatever_the_answer(style):
    for entry in load_entries():
        asked = dataclasses.replace(entry, output="")
        assert style.prompt(entry) == style.prompt(asked)


@every_style
def test_the_pieces_joined_are_the_text_for_every_embedded_entry(style):
    for entry in load_entries():
        assert "".join(text for _, text in style.pieces(entry)) == style.text(entry)


def test_the_pieces_say_what_they_are_there_for():
    assert STYLES["chatml"].pieces(WITH_INPUT) == [
        ("template", "<|im_start|>user\n"),
        ("instruction", "Spell it."),
        ("template", "\n"),
        ("input", "Ocassion"),
        ("template", "<|im_end|>\n"),
        ("header", "<|im_start|>assistant\n"),
        ("response", "Occasion"),
        ("suffix", "<|im_end|>"),
    ]


def test_an_empty_piece_is_left_out():
    assert STYLES["plain"].pieces(Entry("", "", "")) == [("header", "\n")]


def test_the_suffix_is_part_of_the_response():
    assert STYLES["chatml"].response(WITHOUT) == "Blue.<|im_end|>"
    assert STYLES["alpaca"].response(WITHOUT) == "Blue."


@every_style
def test_a_slot_in_an_entry_is_text_like_any_other(style):
    entry = Entry("Write {instruction}.", "{input} {output} {", "{instruction}")
    for field in (entry.instruction, entry.input, entry.output):
        assert field in style.text(entry)
    assert style.text(entry).count("{instruction}") == 2


def test_a_readers_own_style_takes_three_lines():
    style = PromptStyle("mine", instruction="Q: {instruction}", input=" ({input})", header="\nA: ")
    assert style.text(WITH_INPUT) == "Q: Spell it. (Ocassion)\nA: Occasion"


def test_a_style_has_a_default_for_all_but_its_name_and_instruction():
    assert PromptStyle("mine", "{instruction}") == PromptStyle(
        "mine", "{instruction}", "\n{input}", closing="", header="\n", suffix=""
    )


def test_a_style_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        STYLES["plain"].header = "Answer:"


@pytest.mark.parametrize("instruction", ["", "instruction", "{instruction} {instruction}"])
def test_a_style_without_one_instruction_slot_is_refused(instruction):
    with pytest.raises(
        ValueError, match=r"'mine': 'instruction' holds the slot \{instruction\} exactly once"
    ):
        PromptStyle("mine", instruction)


@pytest.mark.parametrize("part", ["", "Input:", "{input}{input}"])
def test_a_style_without_one_input_slot_is_refused(part):
    with pytest.raises(ValueError, match=r"'input' holds the slot \{input\} exactly once; found"):
        PromptStyle("mine", "{instruction}", part)


def test_a_style_is_found_by_its_name_or_is_itself():
    assert get_style("phi3") is STYLES["phi3"]
    mine = PromptStyle("mine", "{instruction}")
    assert get_style(mine) is mine


def test_an_unknown_name_is_refused_with_the_names_that_there_are():
    with pytest.raises(
        ValueError, match="no prompt style 'llama'; there are alpaca, phi3, chatml, plain"
    ):
        get_style("llama")


fields = st.text(st.characters(codec=None), max_size=12)


@given(st.builds(Entry, fields, fields, fields), st.sampled_from(list(STYLES.values())))
def test_pieces_prompt_and_response_agree_on_any_entry(entry, style):
    pieces = style.pieces(entry)
    assert "".join(text for _, text in pieces) == style.prompt(entry) + style.response(entry)
    assert style.text(entry) == style.prompt(entry) + entry.output + style.suffix
    assert all(role in ROLES and text for role, text in pieces)
    given = [text for role, text in pieces if role not in ("response", "suffix")]
    assert "".join(given) == style.prompt(entry)
