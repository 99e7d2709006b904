"""The line to hand in, and the names in it: alike in Python and JavaScript, on any road."""

import json
import unicodedata
from dataclasses import asdict
from random import Random

import pytest

from companion import checking
from companion.exercises import CHAPTERS
from companion.handing import (
    TURNS,
    Quizzed,
    Work,
    _sum_of,
    find_lines,
    hand_in,
    read_line,
    write_line,
)
from companion.naming import MOST_SIGNS, clean, clean_name, fold_name, number_of
from files import ask_scripts
from texts import HARD

ADA = Work("Ada", "padding", (1, 2, 4), 5, ("shift",), Quizzed(4, 3, 4))
LINE = (
    "Inside the Batch 1 | Ada | padding | exercises 1 2 4 of 5 | turns shift | "
    "quiz 4 of 4, 3 at once | 08cmx8n"
)

# As they are typed, as they are written, and the sum of a line with them. None of it may change.
NAMES = (
    ("Ada Lovelace", "Ada Lovelace", "39fpckf"),
    ("  Zoe\u0308  \t van\xa0 den Berg\n", "Zo\xeb van den Berg", "0v8xw6t"),
    ("\u202eAda\u200b\ufeff", "Ada", "3s9cmd8"),
    ("Ada | Bob", "Ada Bob", "3xm0885"),
    ("\u674e\u5c0f\u9f99", "\u674e\u5c0f\u9f99", "3r87bg4"),
    ("\u1112\u1161\u11ab", "\ud55c", "1127ccs"),
    ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e", "19ej129"),
    ("\u05e9\u05dc \u05db\u05d4", "\u05e9\u05dc \u05db\u05d4", "3zybx8h"),
    ("\u0915\u094d\u200d\u0937\u092e\u093e", "\u0915\u094d\u200d\u0937\u092e\u093e", "0anhghc"),
    ("\u1e9e I\u0307\u0131 \u03a3\u03c2", "\u1e9e \u0130\u0131 \u03a3\u03c2", "0azrxt1"),
    ("O'Neil > \U0001f469\u200d\U0001f4bb", "O'Neil > \U0001f469\u200d\U0001f4bb", "0kqp5fe"),
    ("\ud83d \udc00", "\ufffd \ufffd", "31vppbq"),
)  # fmt: skip


def random_names(count):
    """Give names of letters, marks and whatever else there is in Unicode, the same each time."""
    dice = Random(18)
    known = [chr(code) for code in range(0x30000) if unicodedata.category(chr(code)) != "Cn"]
    hard = [sign for sign in HARD if all(unicodedata.category(one) != "Cn" for one in sign)]
    parts = [*hard, "\u0301", "\u0308", "I", "\xdf", "|", ">"]
    return [
        "".join(dice.choice([dice.choice(parts), dice.choice(known)]) for _ in range(size))
        for size in (dice.randint(0, 12) for _ in range(count))
    ]


RANDOM_NAMES = random_names(3000)


def random_work(dice, name):
    exercises = dice.randint(0, 8)
    questions = dice.randint(0, 6)
    right = dice.randint(0, questions)
    return Work(
        clean(name) or "Ada",
        dice.choice(list(CHAPTERS)),
        tuple(at for at in range(1, exercises + 1) if dice.random() < 0.5),
        exercises,
        dice.choice([None, tuple(turn for turn in TURNS if dice.random() < 0.5)]),
        dice.choice([None, Quizzed(right, dice.randint(0, right), questions)]),
    )


WORKS = [random_work(Random(at), name) for at, name in enumerate(RANDOM_NAMES[:300])]

BROKEN = {
    "hello": 'a line to hand in begins with "Inside the Batch 1 |"; found "hello": copy it from '
    "its beginning",
    "": 'a line to hand in begins with "Inside the Batch 1 |"; found "": copy it from its '
    "beginning",
    LINE[7:]: 'a line to hand in begins with "Inside the Batch 1 |"; found "the Batch 1": copy it '
    "from its beginning",
    LINE.replace("Batch 1", "Batch 2"): "the line is of version 2, and this is a book that reads "
    "version 1: take the book that wrote it",
    LINE[:50]: 'the line is cut off after "exercises 1 2"; it ends with a sum of 7 signs: copy '
    "all of it",
    LINE[:-2]: 'the line is cut off after "quiz 4 of 4, 3 at once"; it ends with a sum of 7 signs: '
    "copy all of it",
    LINE[
        :20
    ]: 'the line is cut off after "Inside the Batch 1"; it ends with a sum of 7 signs: copy '
    "all of it",
    f"{LINE} Best, Ada": "the line has 7 parts and ends with a sum of 7 signs; found "
    '"08cmx8n Best, Ada" at its end: give one line at a time, and nothing after it',
    f"{LINE} | {LINE}": "the line has 7 parts and ends with a sum of 7 signs; found "
    '"08cmx8n" at its end: give one line at a time, and nothing after it',
    LINE.replace("1 2 4", "1 2 3 4"): "the line and its sum do not fit: a sign of it was changed "
    "on the way; copy it again, and type nothing by hand",
}


def signed(text):
    """Give a line with a sum that fits, whatever it says."""
    parts = text.split(" | ")
    return " | ".join([*parts, _sum_of(parts)])


NOT_KNOWN = "the line was written by another edition of the book, which says more than this one "
BODY = LINE.rsplit(" | ", 1)[0]
for old, new in (
    ("1 2 4", "2 1"),
    ("1 2 4", "1 6"),
    ("1 2 4", "0"),
    ("turns shift", "turns pad"),
    ("turns shift", "turns mask shift"),
    ("4 of 4, 3", "4 of 3, 3"),
    ("4 of 4, 3", "3 of 4, 4"),
    ("padding", "Padding"),
    ("exercises", "Exercises"),
):
    BROKEN[signed(BODY.replace(old, new))] = NOT_KNOWN + "reads: take the edition that wrote it"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Give what the scripts say, under node, of all that is asked of both languages."""
    cases = {
        "names": [*(name for name, *_ in NAMES), *RANDOM_NAMES],
        "works": [as_plain(work) for work in WORKS],
        "lines": [*map(write_line, WORKS), *BROKEN],
        "folds": [None],
    }
    said = ask_scripts(tmp_path_factory.mktemp("sources"), cases)
    return {act: list(zip(cases[act], told, strict=True)) for act, told in said.items()}


def as_plain(work):
    """Give a work as JSON has it."""
    return json.loads(json.dumps(asdict(work)))


def tried(act, *given):
    try:
        return act(*given)
    except ValueError as error:
        return f"error: {error}"


# Names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "written", "sum_of"), NAMES)
def test_a_name_is_written_in_one_way_and_its_line_never_changes(typed, written, sum_of):
    assert clean_name(typed) == written
    assert write_line(Work(typed, "padding", (1,), 5)).split(" | ")[-1] == sum_of


def test_a_name_without_a_sign_that_is_seen_or_with_too_many_is_refused():
    for name in ("", "  \t", "\u200b\u202e", "|"):
        with pytest.raises(ValueError, match="a name has a letter at least; found none"):
            clean_name(name)
    assert clean_name("\U0001f600" * MOST_SIGNS)
    with pytest.raises(ValueError, match="at most 60 signs; found 61: write a shorter one"):
        clean_name("x" * 61)


def test_names_that_differ_in_capitals_alone_are_one_name_in_every_script():
    for one, other in (
        ("ADA", "ada"),
        ("STRASSE", "Stra\xdfe"),
        ("\u1e9e", "ss"),
        ("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c2"),
        ("\u0416\u0410\u041d", "\u0436\u0430\u043d"),
        ("I\u015eIK", "\u0131\u015f\u0131k"),
        ("\u13a0", "\uab70"),
        ("\u10d0", "\u1c90"),
    ):
        assert fold_name(one) == fold_name(other)
    assert fold_name("Ada") != fold_name("\u0410da")  # a Cyrillic letter is another letter


def test_a_page_cleans_folds_and_counts_names_as_python_does(page):
    for name, said in page["names"]:
        assert said == [tried(clean_name, name), tried(fold_name, name), number_of(clean(name))]


def test_a_page_folds_every_letter_that_python_knows_alike(page):
    ((_, folds),) = page["folds"]
    for code in range(0x30000):  # beyond it nothing has capitals, or can be composed
        sign = chr(code)
        if unicodedata.category(sign) not in ("Cn", "Cs"):
            assert folds.get(str(code), sign) == tried(fold_name, sign), hex(code)


# Lines ------------------------------------------------------------------------------------


def test_the_line_says_in_words_what_was_done():
    assert write_line(ADA) == LINE
    assert write_line(Work("Ada", "loading", (), 3)).startswith(
        "Inside the Batch 1 | Ada | loading | exercises none of 3 | turns not counted | "
        "quiz not counted | "
    )


def test_a_line_read_is_the_work_written_and_a_page_writes_and_reads_the_same(page):
    for work, (_, line) in zip(WORKS, page["works"], strict=True):
        assert line == write_line(work)
        assert read_line(line) == work
    for work, (_, said) in zip(WORKS, page["lines"][: len(WORKS)], strict=True):
        assert said == as_plain(work)


@pytest.mark.parametrize(("line", "sentence"), BROKEN.items())
def test_a_line_that_cannot_be_read_is_told_why_in_one_sentence(line, sentence, page):
    assert tried(read_line, line) == f"error: {sentence}"
    assert dict(page["lines"][len(WORKS) :])[line] == f"error: {sentence}"


def test_a_line_survives_the_roads_that_it_takes():
    name = "Zo\xeb \u05d0"
    line = write_line(Work(name, "padding", (1,), 5))
    roads = (
        line.replace(" ", "\n"),  # broken at every space
        "> " + line.replace(" | ", "\r\n> | ") + "\r\n",  # and quoted
        line.replace(" ", "\xa0"),  # pasted from a page
        line.replace("|", " | "),
        unicodedata.normalize("NFD", line),
        line[:-7] + line[-7:].upper(),
        line[:-7] + line[-7:].replace("0", "O").replace("1", "l"),
    )
    for road in roads:
        assert read_line(road.removeprefix("> ")).name == name


def test_every_sign_that_is_changed_or_lost_is_noticed():
    assert read_line(LINE) == ADA
    for at, sign in enumerate(LINE):
        for other in {"", "x", "7", "\u0430"} - {sign}:
            if sign not in " |":  # of spaces there may be more or fewer
                assert "error" in tried(read_line, LINE[:at] + other + LINE[at + 1 :]), at


def test_lines_are_found_in_a_mail_and_one_that_is_cut_off_too():
    mail = f"Dear teacher,\n> {LINE}\nand\n{LINE[:80]}\n{LINE.replace(' | ', chr(10) + '| ')} Bye"
    first, second, third = find_lines(mail)
    assert (read_line(first), read_line(third)) == (ADA, ADA)
    assert tried(read_line, second).startswith('error: the line is cut off after "quiz 4"')
    assert find_lines("nothing of the kind") == []


# In a notebook -----------------------------------------------------------------------------


@pytest.fixture
def session(monkeypatch):
    """Give an empty record of what `check` saw."""
    monkeypatch.setattr(checking, "_passed", {})


def right_answer(grid):
    return len(grid), len(grid[0])


def test_what_check_saw_solved_is_handed_in_chapter_by_chapter(session):
    with pytest.raises(ValueError, match="there is nothing to hand in: check has seen no exercise"):
        hand_in("Ada")
    right_answer.__name__ = "grid_shape"
    assert checking.check(right_answer)
    right_answer.__name__ = "block_shape"
    assert not checking.check(right_answer)
    assert checking.passed() == ("grid_shape",)
    (line,) = hand_in(" Ada ")
    assert read_line(line) == Work("Ada", "start_here", (1,), len(CHAPTERS["start_here"]))
    assert repr(hand_in("Ada")) == line
    with pytest.raises(
        ValueError, match="there is no chapter 'pads'; there are before, start_here, "
    ):
        hand_in("Ada", "pads")
    with pytest.raises(ValueError, match="there is nothing to hand in"):
        hand_in("Ada", "padding")
