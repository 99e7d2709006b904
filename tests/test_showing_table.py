"""A batch as a table: what it shows is what the companion computes, and it is safe to show."""

import re
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.collating import Collator
from companion.conversations import Conversation, Message
from companion.entries import Entry, load_entries
from companion.formatting import STYLES
from companion.ignoring import IGNORE_INDEX
from companion.masking import MASKS
from companion.showing.glyphs import show_html, show_plain, token_text
from companion.showing.lines import make_rows
from companion.showing.palette import ROLES
from companion.showing.table import STEPS, BatchTable, stylesheet
from companion.tokenizing import tokenize_entry

ENTRIES = load_entries()[:3]
HOSTILE = Entry(
    "</script><script>alert(1)</script>",
    "<|endoftext|> \x00 \u202eabc\u05d0\u05d1 \ufeff \ud83d",
    "caf\u00e9 \U0001f642 \u65e5\u672c\u8a9e & \"quotes\" 'too'\r\n\t\u00a0end",
)


class Checked(HTMLParser):
    """Fails where a tag is closed that is not open; collects text, and cells by their row."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("br", "link", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def columns(html: str) -> list[int]:
    """Give the number of columns of each row of a table, spans counted."""
    rows = html.split("<tr>")[1:]
    return [
        sum(int(span or 1) for span in re.findall(r'<t[dh][^>]*?(?: colspan="(\d+)")?>', row))
        for row in rows
    ]


def test_the_toy_batch_at_each_step_in_plain_text(toy):
    assert repr(BatchTable(toy, "tokenize")).splitlines() == [
        "Step 2, tokenize: 3 rows of 5, 2 and 3 token ids.",
        "row 0: 0 1 2 3 4",
        "row 1: 5 6",
        "row 2: 7 8 9",
    ]
    assert repr(BatchTable(toy, "shift")).splitlines() == [
        "Step 4, shift: inputs and targets, each of shape (3, 5); "
        "each target is the token that follows the input above it; "
        "of 15 inputs, 3 are pads, a padding share of 20.0%.",
        "row 0 inputs: 0 1 2 3 4",
        "row 0 targets: 1 2 3 4 end",
        "row 1 inputs: 5 6 end pad pad",
        "row 1 targets: 6 end pad pad pad",
        "row 2 inputs: 7 8 9 end pad",
        "row 2 targets: 8 9 end pad pad",
    ]
    assert repr(BatchTable(toy, "ignore", show="ids")).splitlines() == [
        "Step 5, ignore: inputs and targets, each of shape (3, 5); "
        "of 15 targets, 10 are supervised and 5 ignored, all of them pads.",
        "row 0 inputs: 0 1 2 3 4",
        "row 0 targets: 1 2 3 4 50256",
        "row 1 inputs: 5 6 50256 50256 50256",
        "row 1 targets: 6 50256 -100 -100 -100",
        "row 2 inputs: 7 8 9 50256 50256",
        "row 2 targets: 8 9 50256 -100 -100",
    ]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("max_length", [None, 64])
def test_the_numbers_are_the_collators(style, mask, max_length):
    rows = make_rows(ENTRIES, "mask", style, mask, max_length)
    entries = [tokenize_entry(entry, style) for entry in ENTRIES]
    inputs, targets = Collator(mask=mask, max_length=max_length)(entries)
    for name, tensor in (("inputs", inputs), ("targets", targets)):
        shown = [[cell.value for cell in row.cells] for row in rows if row.name == name]
        assert shown == tensor.tolist()


@pytest.mark.parametrize("step", STEPS[2:])
def test_the_appended_end_token_and_the_pads_are_told_apart_by_place(step):
    rows = make_rows([[1, 50256, 2], [3]], step, "alpaca", "none", None)
    roles = [[cell.role for cell in row.cells] for row in rows if row.name != "targets"]
    width = 4 if step == "pad" else 3
    assert roles == [
        ["response", "response", "response", "end"][:width],
        ["response", "end", "pad", "pad"][:width],
    ]


def test_an_inputs_cell_is_the_targets_cell_one_place_before():
    rows = make_rows(ENTRIES, "shift", "alpaca", "none", None)
    for inputs, targets in zip(rows[::2], rows[1::2], strict=True):
        assert inputs.cells[1:] == targets.cells[:-1]


def test_the_caption_counts_what_the_tensors_hold():
    entries = [tokenize_entry(entry) for entry in ENTRIES]
    targets = Collator(mask="prompt")(entries).targets.numpy()
    kept = int((targets != IGNORE_INDEX).sum())
    caption = BatchTable(ENTRIES, "mask", mask="prompt").caption
    assert f"of {targets.size} targets, {kept} are supervised" in caption
    block = np.concatenate([targets[:, :1], targets], axis=1)
    caption = BatchTable(ENTRIES, "pad").caption
    assert f"shape {block.shape}; of its {block.size} slots" in caption


@pytest.mark.parametrize("step", STEPS[1:])
@pytest.mark.parametrize("fold", [True, False])
def test_every_row_spans_the_columns_that_its_tensor_has(step, fold):
    table = BatchTable(ENTRIES, step, fold=fold)
    counted = columns(table.html())
    heads, *rows = counted
    if step == "tokenize":
        assert max(rows) == heads
        assert len(set(rows)) == 3
    else:
        assert set(rows) == {heads}
    if not fold:
        assert [count - 1 for count in rows] == [len(row.cells) for row in table.rows]


@pytest.mark.parametrize("step", STEPS[2:])
def test_what_is_folded_is_counted(step):
    folded, whole = (BatchTable(ENTRIES, step, fold=fold).html() for fold in (True, False))
    counts = map(int, re.findall(r"×(\d+)", folded))
    shown = len(re.findall(r"<td(?! class=\"bt-(?:fold|run))", folded))
    assert shown + sum(counts) == whole.count("<td")


@pytest.mark.parametrize("step", STEPS[2:])
def test_response_and_end_token_follow_the_folded_prompt_and_then_the_pads_are_counted(step):
    rows = BatchTable(ENTRIES, step, mask="prompt").html().split("<tr>")[1:]
    row = next(row for row in rows if "row 1" in row)
    roles = re.findall(r'<td data-role="(\w+)"', row)
    assert roles[: roles.index("end") + 1][-4:] == ["response"] * 3 + ["end"]
    # In the other rows these columns are prompt, and pads are all that this row has there.
    assert re.search(r'"end".*?</td><td class="bt-fold"><span data-role="pad">pad ×\d', row)


@pytest.mark.parametrize("step", STEPS[2:])
def test_a_column_is_folded_only_where_every_row_is_prompt_or_pad(step):
    table = BatchTable([*ENTRIES, [1, 2]], step)
    for start, stop in table._columns:
        roles = {cell.role for row in table.rows for cell in row.cells[start:stop]}
        assert stop - start == 1 or roles <= {"template", "instruction", "input", "header", "pad"}
    # The bare ids are all response: no column of theirs is folded into another.
    assert table._columns[:3] == [(0, 1), (1, 2), (2, 3)]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("show", ["text", "ids"])
def test_a_table_has_a_caption_headers_and_a_name(step, show):
    page = Checked(BatchTable(ENTRIES, step, show=show).html())
    tags = [tag for tag, _ in page.tags]
    assert tags.count("table") == tags.count("caption") == 1
    scopes = [attributes.get("scope") for tag, attributes in page.tags if tag == "th"]
    assert set(scopes) == {"row", "col"}
    region = next(attributes for _, attributes in page.tags if attributes.get("role") == "region")
    assert region["tabindex"] == "0"
    assert region["aria-label"] == f"Step {STEPS.index(step) + 1}, {step}, table"


@pytest.mark.parametrize("step", STEPS)
def test_roles_are_said_in_words_and_in_the_legend(step):
    html = BatchTable(ENTRIES, step, mask="prompt").html()
    used = set(re.findall(r'<(?:td|span)[^>]* data-role="(\w+)"', html))
    legend = html.split("bt-legend")[1]
    assert used == set(re.findall(r'data-role="(\w+)"', legend))
    for role in used:
        assert f"></i>{ROLES[role].label}</li>" in legend
    if step == "mask":
        assert re.search(r"<s>.*?</s><br><small>-100</small>.*?, ignored</span>", html)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fold", [True, False])
def test_hostile_text_is_shown_and_does_nothing(step, fold):
    table = BatchTable([HOSTILE, ENTRIES[0]], step, style="plain", fold=fold)
    page = Checked(table.html())
    assert "script" not in [tag for tag, _ in page.tags]
    assert not re.search("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\ufeff]", table.html())
    table.html().encode("utf-8")
    repr(table).encode("utf-8")
    if step in STEPS[:2] or not fold:
        assert "⟨U+0000⟩" in page.text
    if step == "format":
        assert "⟨U+FEFF⟩" in page.text
        assert "⟨U+D83D⟩" in page.text
    elif step == "tokenize":
        assert re.search("⟨[0-9A-F]{2}( [0-9A-F]{2})*⟩", page.text)


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_any_text_gives_a_whole_table(instruction, input, output):
    entries = [Entry(instruction, input, output), ENTRIES[1]]
    for step in STEPS:
        Checked(BatchTable(entries, step, style="chatml").html())


@given(st.text())
def test_a_text_without_signs_can_be_read_back(text):
    signs = re.compile("[␣⏎⇥␍⟨⟩]")
    plain = signs.sub("", text)
    shown = Checked(show_html(plain)).text
    assert shown == show_plain(plain)
    codes = re.sub(r"⟨U\+([0-9A-F]+)⟩", lambda found: chr(int(found[1], 16)), shown)
    assert codes.translate(str.maketrans("␣⏎⇥␍", " \n\t\r")) == plain


def test_bytes_that_are_no_whole_character_are_shown_as_bytes():
    assert token_text(b"\xe2\x80") == "⟨E2 80⟩"
    assert token_text("é".encode()) == "é"


@pytest.mark.parametrize("step", STEPS)
def test_a_table_is_the_same_each_time(step):
    first, second = (BatchTable(ENTRIES, step)._repr_html_() for _ in range(2))
    assert first == second
    assert " 0x" not in first
    assert "http" not in first


@pytest.mark.parametrize("step", STEPS)
def test_a_table_can_be_read_without_a_style_sheet(step):
    page = BatchTable(ENTRIES, step, mask="prompt")._repr_html_()
    assert "<style" not in page
    assert '<table class="bt' in page
    assert ' border="1" cellpadding="4">' in page
    assert re.search(r'<ul class="bt-legend"[^>]* hidden>', page)  # a legend of looks not there
    told = re.sub(r"<ul.*?</ul>", "", page)
    words = unescape(re.sub(r"<[^>]*>", "", re.sub(r"<br>|</(?:td|th|tr)>", "\n", told)))
    # Every role is in the text itself, and no two texts run into one another.
    looks = re.findall(r'data-role="(\w+)"', told)
    assert all(re.search(rf"\b{role}\b", words) for role in looks)
    assert not re.search(r"×\d+[a-z]|[a-z?.]response header:|\S-100", words)


def test_the_style_sheet_has_every_role():
    for role in ROLES:
        assert f'[data-role="{role}"]' in stylesheet()
    assert "</" not in stylesheet()


@pytest.mark.parametrize(
    ("items", "options", "message"),
    [
        ([], {"step": "pad"}, "at least one row; found no items"),
        ([[1]], {"step": "paint"}, "step is one of format, .* mask; found 'paint'"),
        ([[1]], {"step": "mask", "mask": "all"}, "mask is one of none, .*; found 'all'"),
        ([[1]], {"step": "pad", "show": "bytes"}, "show is one of text, ids; found 'bytes'"),
        ([[1]], {"step": "format"}, "bare ids have no text to format"),
        (ENTRIES, {"step": "format", "style": "mine"}, "no prompt style 'mine'"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_a_reason(items, options, message):
    with pytest.raises(ValueError, match=message):
        repr(BatchTable(items, **options))


def test_of_a_conversation_each_step_is_a_table_and_a_refusal_has_its_sentence():
    talk = Conversation((Message("user", "Hi"), Message("assistant", "Ho.")))
    for step in STEPS:
        made = BatchTable([talk], step, style="llama3")
        assert Checked(made.html()).text
    assert repr(BatchTable([talk], "format", style="gemma3")).startswith(
        "Step 1, format: 1 text in the chat template gemma3, 79 characters.\nrow 0: <bos>"
    )
    tool = Conversation((Message("tool", "7"),))
    for step in STEPS:
        with pytest.raises(ValueError, match="'llama3' knows the roles system, user, assistant"):
            BatchTable([tool], step, style="llama3").html()
    with pytest.raises(ValueError, match="mask is one of everything, every answer, "):
        BatchTable([talk], "mask", mask="prompt")
