"""An entry in the terminal: what is printed is what the companion computes, in 80 columns."""

import re
import unicodedata
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.collating import Collator, ResponseCutWarning
from companion.entries import Entry, load_entries
from companion.formatting import ROLES, STYLES
from companion.masking import MASKS
from companion.showing.terminal import COLORS, walk
from companion.tokenizing import gpt2_decode, tokenize_entry

FIRST = load_entries()[0]
LONG = load_entries()[409]
HOSTILE = Entry(
    "\x1b[31mred\x1b]0;title\x07",
    "<|endoftext|> \x00 \u202eabc \ufeff \ud83d \x9b31m",
    "caf\u00e9 e\u0301 \U0001f642 \u65e5\u672c\u8a9e\r\n\t\u00a0\u2028end",
)


def sections(shown):
    return shown.split("\n\n")


def without_color(shown):
    return re.sub(r"\x1b\[[\d;]*m", "", shown)


def table(shown):
    """Read the table: (column, input, target, its role, after step 5, after step 6)."""
    rows = []
    for line in sections(shown)[4].splitlines()[1:]:
        if " more columns like these" not in line:
            column, given_id, _, target, _, role, fifth, sixth = line.split()
            rows.append((int(column), int(given_id), int(target), role, int(fifth), int(sixth)))
    return rows


def columns(line):
    """Count the columns of a line: none for what is set on another sign, two for a wide one."""
    width = 0
    for sign in line:
        if unicodedata.category(sign) not in ("Mn", "Me"):
            width += 2 if unicodedata.east_asian_width(sign) in ("W", "F") else 1
    return width


def test_a_small_entry_is_printed_whole():
    shown = walk(Entry("Hi", "", "Yes"), style="plain", mask="prompt", longest=5)
    assert [line.rstrip() for line in shown.splitlines()] == [
        "Step 1, format: prompt style plain makes a text of 6 characters",
        "  instruction  Hi",
        "  header       ⏎",
        "  response     Yes",
        "",
        "Step 2, tokenize: 3 token ids, of which 2 are the prompt's",
        "  instruction  Hi",
        "               17250",
        "  header       ⏎",
        "               198",
        "  response     Yes",
        "               5297",
        "",
        "Step 3, pad: a row of the block, 6 columns wide",
        "         0 to 2  the text, 3 tokens",
        "              3  end token 50256",
        "         4 to 5  2 pads, id 50256",
        "",
        "Step 4, shift: each target is the token that follows its input",
        "Step 5, ignore: 2 targets ignored, the pads; the end token stays",
        "Step 6, mask: 1 more ignored, by mask prompt",
        "  2 of 5 targets supervised",
        "",
        "  column  input               4 shift: target, its role        5 ignore  6 mask",
        "       0  17250 Hi              198 ⏎            header             198    -100",
        "       1    198 ⏎              5297 Yes          response          5297    5297",
        "       2   5297 Yes           50256 end          end              50256   50256",
        "       3  50256 end           50256 pad          pad               -100    -100",
        "       4  50256 pad           50256 pad          pad               -100    -100",
    ]


def test_alone_an_entry_has_no_pads():
    shown = walk(FIRST)
    assert " pads" not in sections(shown)[2]
    assert "no pads, so no target is ignored" in shown
    assert "no mask, so the targets stay as they are\n  57 of 57 targets supervised" in shown


def test_a_cut_entry_says_how_much_of_it_is_gone():
    shown = walk(FIRST, max_length=53, longest=200)
    # 57 tokens; a block of 54 columns holds the first of them.
    assert "0 to 53  the text, 54 tokens" in shown
    assert "cut off  3 tokens and the end token, which do not fit" in shown
    assert "end token 50256" not in shown


def test_an_entry_that_loses_its_response_says_so():
    shown = walk(FIRST, mask="prompt", max_length=20)
    assert "Step 5, ignore: of the response nothing is left, so all targets are ignored" in shown
    assert "0 of 20 targets supervised" in shown
    assert {row[4:] for row in table(shown)} == {(-100, -100)}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("max_length", [None, 60, 45])
def test_the_table_holds_what_the_collator_gives(style, mask, max_length):
    beside = [7] * 70
    for entry in load_entries()[:5]:
        item = tokenize_entry(entry, style)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResponseCutWarning)
            plain = Collator(max_length=max_length)([item, beside])
            masked = Collator(mask=mask, max_length=max_length)([item, beside])
        inputs, fifth = plain.inputs[0].tolist(), plain.targets[0].tolist()
        sixth = masked.targets[0].tolist()
        shown = walk(entry, style=style, mask=mask, max_length=max_length, longest=70, full=True)
        rows = table(shown)
        assert [row[0] for row in rows] == list(range(len(inputs)))
        assert [row[1] for row in rows] == inputs
        assert [row[2] for row in rows][:-1] == inputs[1:]
        assert [row[4] for row in rows] == fifth
        assert [row[5] for row in rows] == sixth
        kept = sum(target != -100 for target in sixth)
        assert f"{kept} of {len(sixth)} targets supervised" in shown


@pytest.mark.parametrize("style", STYLES)
def test_the_printed_text_is_the_entrys_text(style):
    shown = sections(walk(FIRST, style=style))[0].splitlines()[1:]
    text = "".join(line[15:] + ("" if line.endswith("⏎") else " ") for line in shown)
    written = STYLES[style].text(FIRST).replace("\n", "⏎")
    assert re.sub(r"\s+", "", text) == re.sub(r"\s+", "", written)


def test_the_printed_ids_are_the_entrys_tokens():
    shown = sections(walk(FIRST, full=True))[1].splitlines()[1:]
    ids = [int(id) for line in shown[1::2] for id in line.split()]
    assert ids == tokenize_entry(FIRST).ids.tolist()
    texts = [text for line in shown[::2] for text in line[15:].split()]
    assert "".join(texts).replace("␣", " ").replace("⏎", "\n") == gpt2_decode(ids)


def test_each_token_stands_over_its_id():
    shown = sections(walk(FIRST))[1].splitlines()[1:]
    for texts, ids in zip(shown[::2], shown[1::2], strict=True):
        starts = [[m.start() for m in re.finditer(r"\S+", line[15:])] for line in (texts, ids)]
        assert starts[0] == starts[1]


WIDE = Entry("\u65e5\u672c\u8a9e" * 60, "\uff21 \uff22\u3002" * 30, "\u4f60\u597d " * 40)


@pytest.mark.parametrize("entry", [FIRST, LONG, HOSTILE, WIDE])
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("full", [False, True])
def test_no_line_is_wider_than_80_columns(entry, style, full):
    shown = walk(entry, style=style, mask="prompt", longest=700, full=full)
    assert max(map(columns, shown.splitlines())) <= 80


@settings(max_examples=60)
@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_any_text_at_all_stays_within_80_columns_and_sends_no_sign_to_the_terminal(a, b, c):
    shown = walk(Entry(a, b, c), longest=40)
    assert max(map(columns, shown.splitlines())) <= 80
    assert {sign for sign in shown if unicodedata.category(sign)[0] == "C"} == {"\n"}
    shown.encode("utf-8")


def test_a_control_sequence_in_an_entry_is_shown_and_not_obeyed():
    assert "⟨U+001B⟩[31mred" in walk(HOSTILE)
    assert "\x1b" not in walk(HOSTILE)


def test_color_repeats_what_the_words_say():
    shown = walk(HOSTILE, style="chatml", mask="prompt", longest=200, color=True)
    assert without_color(shown) == walk(HOSTILE, style="chatml", mask="prompt", longest=200)
    for role in (*ROLES, "end", "pad"):
        assert f"\x1b[{COLORS[role]}m" in shown


def test_an_ignored_target_is_dim_and_a_supervised_one_has_its_roles_color():
    shown = walk(Entry("Hi", "", "Yes"), style="plain", mask="prompt", longest=5, color=True)
    first, second, *_, last = sections(shown)[4].splitlines()[1:]
    dim, header, response = (f"\x1b[{COLORS[role]}m" for role in ("pad", "header", "response"))
    assert f"{header}     198\x1b[0m  {dim}  -100\x1b[0m" in first
    assert f"{response}    5297\x1b[0m  {response}  5297\x1b[0m" in second
    assert f"{dim}    -100\x1b[0m  {dim}  -100\x1b[0m" in last


def test_every_role_has_a_color_of_its_own():
    assert COLORS.keys() == {*ROLES, "end", "pad"}
    assert len(set(COLORS.values())) == len(COLORS)


def test_every_color_is_switched_off_again_before_its_line_ends():
    for line in walk(FIRST, mask="prompt", longest=90, color=True).splitlines():
        signs = re.findall(r"\x1b\[([\d;]*)m", line)
        assert signs[1::2] == ["0"] * (len(signs) // 2)
        assert "0" not in signs[::2]


def test_a_long_entry_is_shown_by_its_ends_unless_all_is_asked_for():
    entry = Entry("Count.", "", " ".join(map(str, range(2000))))
    shown = walk(entry, mask="prompt", longest=6_000)
    assert len(shown.splitlines()) < 120
    text, tokens, _, _, columns = sections(shown)
    assert re.search(
        r"  response     0 1 2 3 .*\.\.\. \d+ more lines \.\.\..* 1998 1999$", text, re.DOTALL
    )
    assert re.search(r"\.\.\. [\d,]+ more .*␣1999\n", tokens)
    # What is left out, and what is shown, make up the whole.
    more = [int(m.replace(",", "")) for m in re.findall(r"([\d,]+) more columns", columns)]
    assert len(more) == 3  # of the template, of the response, and of the pads
    assert len(table(shown)) + sum(more) == 6_000
    assert len(table(walk(entry, longest=6_000, full=True))) == 6_000


def test_one_column_is_never_left_out_alone():
    for length in range(1, 30):
        shown = walk(Entry("a", "", "b " * length), longest=60)
        assert not re.search(r"\.\.\. 1 more", shown)


def test_the_arguments_are_those_of_the_collator_and_so_are_the_refusals():
    with pytest.raises(ValueError, match="mask is one of none, prompt"):
        walk(FIRST, mask="all")
    with pytest.raises(ValueError, match="there is no prompt style 'vicuna'"):
        walk(FIRST, style="vicuna")
    with pytest.raises(ValueError, match="max_length is at least 1; found 0"):
        walk(FIRST, max_length=0)


def test_the_entry_is_not_changed_and_nothing_is_printed(capsys):
    walk(FIRST, mask="prompt", max_length=20)
    assert capsys.readouterr() == ("", "")
