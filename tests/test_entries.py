"""Step 0, reading: entries come whole, and what is wrong with a file is said in one sentence."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.entries import Entry, EntryError, load_entries, split_entries
from files import write

GOOD = {"instruction": "Name a colour.", "input": "", "output": "Blue."}
ENTRY = Entry("Name a colour.", "", "Blue.")


def sentence_about(path, error=EntryError):
    """Give the message that loading this file raises, which is one line and begins with it."""
    with pytest.raises(error) as caught:
        load_entries(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


# What is read


def test_the_embedded_set_is_the_default():
    entries = load_entries()
    assert entries[0].output == "The correct spelling is 'Occasion'."
    assert all(isinstance(entry, Entry) for entry in entries)


def test_the_same_entries_can_be_read_from_a_list_and_from_lines(tmp_path):
    other = {"instruction": "Add.", "input": "1 2", "output": "3"}
    in_list = write(tmp_path, "mine.json", [GOOD, other])
    in_lines = write(tmp_path, "mine.jsonl", json.dumps(GOOD) + "\n" + json.dumps(other) + "\n")
    assert load_entries(in_list) == load_entries(in_lines) == [ENTRY, Entry("Add.", "1 2", "3")]


def test_a_path_may_be_a_string(tmp_path):
    assert load_entries(str(write(tmp_path, "mine.json", [GOOD]))) == [ENTRY]


def test_a_missing_input_or_task_is_empty(tmp_path):
    path = write(tmp_path, "mine.json", [{"instruction": "Name a colour.", "output": "Blue."}])
    assert load_entries(path) == [Entry("Name a colour.", "", "Blue.", task="")]


def test_a_task_is_kept_and_an_unknown_field_is_passed_over(tmp_path):
    path = write(tmp_path, "mine.json", [GOOD | {"task": "naming", "rating": 5}])
    assert load_entries(path) == [Entry("Name a colour.", "", "Blue.", task="naming")]


def test_empty_fields_are_entries_too(tmp_path):
    path = write(tmp_path, "mine.json", [{"instruction": "", "input": "", "output": ""}])
    assert load_entries(path) == [Entry("", "", "")]


def test_duplicates_stay(tmp_path):
    assert load_entries(write(tmp_path, "mine.json", [GOOD, GOOD])) == [ENTRY, ENTRY]


@pytest.mark.parametrize("name", ["mine.json", "mine.jsonl"])
def test_a_byte_order_mark_is_passed_over(tmp_path, name):
    text = json.dumps([GOOD]) if name == "mine.json" else json.dumps(GOOD)
    assert load_entries(write(tmp_path, name, b"\xef\xbb\xbf" + text.encode())) == [ENTRY]


def test_windows_line_ends_and_blank_lines_are_passed_over(tmp_path):
    line = json.dumps(GOOD)
    path = write(tmp_path, "mine.jsonl", f"{line}\r\n\r\n   \r\n{line}".encode())
    assert load_entries(path) == [ENTRY, ENTRY]


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85", "\x1c"])
def test_only_a_newline_ends_a_line(tmp_path, character):
    entry = GOOD | {"instruction": f"one{character}two"}
    line = json.dumps(entry, ensure_ascii=character == "\x1c")
    path = write(tmp_path, "mine.jsonl", f"{line}\n{line}\n")
    assert [entry.instruction for entry in load_entries(path)] == [f"one{character}two"] * 2


@pytest.mark.parametrize(
    "text",
    ["🙂👩‍👩‍👧 cafe\u0301", "مرحبا بالعالم", "\ufeffmark", "a\x00b", "\ud800", "tab\tand\r\nline"],
    ids=["emoji", "right to left", "byte order mark", "NUL", "lone surrogate", "white space"],
)
@pytest.mark.parametrize("name", ["mine.json", "mine.jsonl"])
def test_a_text_is_read_as_it_was_written(tmp_path, name, text):
    entry = {"instruction": text, "input": text, "output": text}
    path = write(tmp_path, name, [entry] if name == "mine.json" else json.dumps(entry))
    assert load_entries(path) == [Entry(text, text, text)]


# What is refused


def test_a_missing_file_is_named(tmp_path):
    assert sentence_about(tmp_path / "no.json", FileNotFoundError) == ": there is no such file"


def test_a_folder_is_refused(tmp_path):
    assert sentence_about(tmp_path) == ": this is a folder; give a .json or .jsonl file in it"


@pytest.mark.parametrize("name", ["mine.txt", "mine.csv", "mine"])
def test_what_a_file_is_does_not_depend_on_its_suffix(tmp_path, name):
    assert load_entries(write(tmp_path, name, [GOOD])) == [ENTRY]


@pytest.mark.parametrize("text", ["instruction,output", "{", '[{"instruction": "a"', "[1,]"])
def test_what_is_not_json_is_refused(tmp_path, text):
    message = sentence_about(write(tmp_path, "mine.json", text))
    assert re.match(r": the file is not JSON: .* line 1 column \d+", message)


def test_an_object_instead_of_a_list_is_refused(tmp_path):
    message = sentence_about(write(tmp_path, "mine.json", {"train": []}))
    assert message == (
        ': expected a list of entries, [{...}, {...}], and found an object ({"train": []})'
    )


def test_an_empty_list_is_refused(tmp_path):
    assert sentence_about(write(tmp_path, "mine.json", [])) == ": the list holds no entry"


@pytest.mark.parametrize("name", ["mine.json", "mine.jsonl"])
@pytest.mark.parametrize("text", ["", "\n", "  \n\t\n"])
def test_an_empty_file_is_refused(tmp_path, text, name):
    assert sentence_about(write(tmp_path, name, text)) == ": the file holds no entry"


@pytest.mark.parametrize("name", ["mine.json", "mine.jsonl"])
def test_what_is_not_utf8_is_refused_with_the_first_wrong_byte(tmp_path, name):
    path = write(tmp_path, name, b'[{"instruction": "caf\xe9"}]')
    assert sentence_about(path) == (
        ": the file is not UTF-8 text: byte 21 is 0xe9; as Latin-1 or Windows-1252 the text reads "
        "'é\"}]' there; if it is that, path.write_bytes(path.read_bytes().decode('cp1252')"
        ".encode()) makes it UTF-8"
    )


def test_utf16_is_refused(tmp_path):
    path = write(tmp_path, "mine.json", json.dumps([GOOD]).encode("utf-16"))
    assert sentence_about(path) == (
        ": the file is not UTF-8 text: byte 0 is 0xff, and so begins UTF-16; if it is that, "
        "path.write_bytes(path.read_bytes().decode('utf-16').encode()) makes it UTF-8"
    )


@pytest.mark.parametrize("content", [b"\x00\x00\x00", b'[{"instruction": "a\x00b", "output": ""}]'])
def test_a_raw_nul_byte_is_refused(tmp_path, content):
    message = sentence_about(write(tmp_path, "mine.json", content))
    assert message.startswith(": the file is not JSON: ")


def test_an_entry_that_is_a_string_is_refused(tmp_path):
    message = sentence_about(write(tmp_path, "mine.json", [GOOD, "Name a colour."]))
    assert message == (
        ", entry 2: expected an object with 'instruction', 'input' and 'output', "
        'and found a string ("Name a colour.")'
    )


@pytest.mark.parametrize("field", ["instruction", "output"])
def test_a_missing_field_is_named(tmp_path, field):
    entry = {name: text for name, text in GOOD.items() if name != field}
    message = sentence_about(write(tmp_path, "mine.json", [GOOD, GOOD, entry]))
    assert message == f", entry 3: '{field}' is missing"


@pytest.mark.parametrize("field", ["instruction", "input", "output", "task"])
@pytest.mark.parametrize(
    ("value", "found"),
    [
        (3, "a number (3)"),
        (0.5, "a number (0.5)"),
        (None, "null"),
        (True, "a boolean (true)"),
        (["a"], 'a list (["a"])'),
        ({"text": "a"}, 'an object ({"text": "a"})'),
    ],
)
def test_a_field_that_is_no_text_is_named_with_what_was_found(tmp_path, field, value, found):
    message = sentence_about(write(tmp_path, "mine.json", [GOOD, GOOD | {field: value}]))
    assert message == f", entry 2: '{field}' should be a string and is {found}"


def test_a_long_value_is_cut_short_in_the_message(tmp_path):
    message = sentence_about(write(tmp_path, "mine.json", [GOOD | {"output": ["x" * 1000]}]))
    assert message == f", entry 1: 'output' should be a string and is a list ([\"{'x' * 35}...)"


def test_a_message_can_always_be_printed(tmp_path):
    message = sentence_about(write(tmp_path, "mine.json", [GOOD | {"output": ["\ud800"]}]))
    assert (
        message.encode("utf-8")
        == rb""", entry 1: 'output' should be a string and is a list (["\ud800"])"""
    )


def test_a_bad_line_is_named_by_its_number(tmp_path):
    lines = [json.dumps(GOOD)] * 16 + ['{"instruction": "a", '] + [json.dumps(GOOD)]
    message = sentence_about(write(tmp_path, "mine.jsonl", "\n".join(lines)))
    assert message.startswith(", line 17: the line is not JSON: ")


def test_blank_lines_are_counted_in_a_lines_number(tmp_path):
    message = sentence_about(write(tmp_path, "mine.jsonl", '\n\n{"instruction": "a"}\n'))
    assert message == ", line 3: 'output' is missing"


def test_a_list_in_a_file_of_lines_is_read(tmp_path):
    assert load_entries(write(tmp_path, "mine.jsonl", json.dumps([GOOD]))) == [ENTRY]


@pytest.mark.parametrize("name", ["mine.json", "mine.jsonl"])
@pytest.mark.parametrize("depth", [200, *range(900, 1001, 4), 100_000])
def test_deep_nesting_is_refused_at_any_depth(tmp_path, name, depth):
    entry = '{"instruction": ' + "[" * depth + "]" * depth + ', "output": ""}'
    text = f"[{entry}]" if name == "mine.json" else entry
    assert sentence_about(write(tmp_path, name, text))


def test_a_number_of_many_digits_is_refused(tmp_path):
    text = '[{"instruction": ' + "9" * 5000 + ', "output": ""}]'
    assert "not JSON" in sentence_about(write(tmp_path, "mine.json", text))


# How a set is split


def numbered(count):
    return [Entry(f"Count to {number}.", "", "1") for number in range(count)]


def test_every_entry_is_in_one_part_exactly():
    entries = load_entries()
    parts = split_entries(entries, seed=0)
    together = [repr(entry) for part in parts for entry in part]
    assert sorted(together) == sorted(map(repr, entries))


def test_the_shares_are_kept():
    assert [len(part) for part in split_entries(numbered(100), seed=0)] == [85, 10, 5]
    parts = split_entries(numbered(100), seed=0, shares=(0.5, 0.25, 0.25))
    assert [len(part) for part in parts] == [50, 25, 25]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_part_may_have_it_all(place):
    shares = tuple(float(part == place) for part in range(3))
    lengths = [len(part) for part in split_entries(numbered(7), seed=0, shares=shares)]
    assert lengths == [7 * (part == place) for part in range(3)]


def test_the_same_seed_gives_the_same_split():
    assert split_entries(numbered(50), seed=3) == split_entries(numbered(50), seed=3)


def test_another_seed_gives_another_split():
    assert split_entries(numbered(50), seed=3) != split_entries(numbered(50), seed=4)


def test_the_split_of_seed_0_is_the_same_on_every_machine():
    _, test, validation = split_entries(numbered(20), seed=0, shares=(0.8, 0.1, 0.1))
    assert [entry.instruction for entry in test + validation] == [
        "Count to 8.",
        "Count to 1.",
        "Count to 13.",
        "Count to 12.",
    ]


def test_the_entries_given_are_not_changed():
    entries = numbered(20)
    split_entries(entries, seed=0)
    assert entries == numbered(20)


def test_entries_with_the_same_question_stay_together_whatever_their_answers():
    entries = [Entry("Say a number.", "", str(answer)) for answer in range(50)] + numbered(50)
    parts = split_entries(entries, seed=1, shares=(0.4, 0.3, 0.3))
    assert sum(any(entry.instruction == "Say a number." for entry in part) for part in parts) == 1


questions = st.tuples(st.sampled_from("abcdef"), st.sampled_from(["", "x", "y"]))
entry_lists = st.lists(st.tuples(questions, st.sampled_from("123")), max_size=40)


@given(entry_lists, st.integers(), st.sampled_from([(0.85, 0.1, 0.05), (0.3, 0.3, 0.4)]))
def test_no_question_is_on_two_sides(asked, seed, shares):
    entries = [Entry(*question, answer) for question, answer in asked]
    parts = split_entries(entries, seed, shares)
    sides = [{(entry.instruction, entry.input) for entry in part} for part in parts]
    assert sum(map(len, sides)) == len(set().union(*sides))
    assert sum(map(len, parts)) == len(entries)


@pytest.mark.parametrize(
    "shares",
    [
        (0.5, 0.6, -0.1),
        (0.5, 0.1, 0.1),
        (1.0, 1.0, 1.0),
        (0.5, 0.5),
        (0.25,) * 4,
        (0.5, float("nan"), 0.5),
    ],
)
def test_bad_shares_are_refused(shares):
    with pytest.raises(ValueError, match="three shares are not negative and add up to 1; found"):
        split_entries(numbered(10), seed=0, shares=shares)
