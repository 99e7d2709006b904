"""A batch of one's own: alike in both languages, with answers that are the companion's own."""

import json
from collections import Counter
from dataclasses import asdict

import numpy as np
import pytest

from companion.collating import Collator
from companion.handing import Work, read_line
from companion.ignoring import IGNORE_INDEX
from companion.owning import (
    CHAPTER,
    END_ID,
    IGNORED,
    TASKS,
    OwnBatch,
    answers_for,
    numbers_in,
    table_html,
)
from companion.packing import plan_packs
from companion.padding import pad_batch
from companion.tokenizing import TokenizedEntry
from files import ask_scripts
from test_handing import NAMES, RANDOM_NAMES

ODD = [*(typed for typed, *_ in NAMES), *RANDOM_NAMES[:600]]
PEOPLE = [f"{first} {last}" for first in ("Ada", "Bo", "Chidi", "Dana", "Eun", "Fatima", "Gyu")
          for last in ("Li", "Okafor", "Silva", "Novak", "Haddad", "Berg", "Sato")]  # fmt: skip
MANY = [*PEOPLE, *(f"{name} {number}" for name in PEOPLE for number in range(60))]
"""Names as a class has them, many of which differ in one sign alone."""


@pytest.fixture(scope="module")
def batches():
    return [OwnBatch(name) for name in MANY]


@pytest.fixture(scope="module")
def tensors(batches):
    """Give what the companion itself makes of every other batch, unmasked and masked."""
    made = []
    for own in batches[::2]:
        entries = [TokenizedEntry([*row.ids], prompt_length=row.prompt) for row in own.rows]
        plain, masked = (Collator(mask=mask)(entries) for mask in ("none", "prompt"))
        made.append((own, plain.inputs.numpy(), plain.targets.numpy(), masked.targets.numpy()))
    return made


def answers(own):
    return [task.answer for task in own.tasks]


def test_every_answer_is_what_the_companion_computes(tensors):
    assert IGNORED == IGNORE_INDEX
    for own, inputs, targets, masked in tensors:
        shape, pads, shifted, ignored, graded, count, fault, _ = own.tasks
        block = pad_batch([row.ids for row in own.rows])
        assert shape.answer == block.shape
        held = sum(min(row.length + 1, inputs.shape[1]) for row in own.rows)
        assert pads.answer == (inputs.size - held, inputs.size)
        row, *places = (
            int(word.rstrip("?")) for word in shifted.question.split() if word.rstrip("?").isdigit()
        )
        assert shifted.answer == tuple(targets[row, places])
        row = int(ignored.question.split("row ")[1].split()[0])
        assert END_ID in own.rows[row].ids
        assert ignored.answer == tuple(np.flatnonzero(targets[row] == IGNORED))
        row = int(graded.question.split("row ")[1].split()[0])
        assert graded.answer == tuple(np.flatnonzero(masked[row] != IGNORED))
        assert count.answer == (int((masked != IGNORED).sum()),)
        assert [fault.answer] == list(
            zip(*np.nonzero(np.array(fault.table) != masked), strict=True)
        )


def test_a_pack_saves_what_the_companions_plan_saves_and_no_plan_saves_more(batches):
    for own in batches:
        task = own.tasks[-1]
        lengths = [int(n) for n in task.question.split(" of ")[1].split(" tokens")[0].split(", ")]
        packs = len(plan_packs(lengths, max(lengths)))
        assert 1 < packs <= 4
        assert sum(lengths) > (packs - 2) * max(lengths)
        assert task.answer == (packs, (len(lengths) - packs) * max(lengths))


def test_no_task_is_trivial(tensors):
    for own, inputs, _, _ in tensors:
        shape, pads, shifted, ignored, graded, count, *_ = answers(own)
        assert len(own.rows) >= 3
        assert len({row.length for row in own.rows}) > 1
        assert shape[1] > max(row.length for row in own.rows)
        assert 0 < pads[0] < pads[1]
        assert shifted[0] != END_ID
        assert 2 <= len(ignored) < inputs.shape[1]
        assert 2 <= len(graded) < inputs.shape[1]
        assert len(own.rows) < count[0] < inputs.size
        # Who goes by the id of the end token has other answers.
        row = own.rows[int(own.tasks[3].question.split("row ")[1].split()[0])]
        assert row.prompt <= row.ids.index(END_ID) < row.length - 1


def test_two_names_rarely_share_an_answer(batches):
    assert len({tuple(answers(own)) for own in batches}) == len(batches)
    assert len({own.rows for own in batches}) == len(batches)
    pairs = len(batches) * (len(batches) - 1) / 2
    alike = [
        sum(n * (n - 1) / 2 for n in Counter(answers(own)[task] for own in batches).values())
        / pairs
        for task in range(TASKS)
    ]
    assert max(alike) < 0.1
    assert sum(alike) < 0.4  # of eight answers, two names share fewer than one in two


def test_capitals_and_spaces_make_no_other_batch_and_a_letter_does():
    assert OwnBatch(" ADA  Li").rows == OwnBatch("ada li").rows
    assert answers_for("ADA LI") == answers_for("Ada Li").replace("Ada Li", "ADA LI")
    assert OwnBatch("Ada Lie").rows != OwnBatch("ada li").rows
    with pytest.raises(ValueError, match="a name has a letter at least"):
        OwnBatch(" ")


STABLE = """\
The batch of Ada Lovelace
row 0: 83 87 37 | 50256 28 59
row 1: 94 88 35 69 87 97 12 | 47 75 14 88 12
row 2: 72 92 51 23 | 43 24
1. How many rows, and how many columns, has the block after Pad?
2. How many slots of the inputs are pads, and how many slots do the inputs have?
3. Nothing is masked. Which ids are the targets of row 1 at position 7 and at position 11?
4. Nothing is masked. At which positions are the targets of row 0 ignored?
5. The prompts are masked. At which positions are the targets of row 2 graded?
6. The prompts are masked. How many targets of the whole batch are graded?
7. The prompts are masked, and one of these targets is wrong. In which row, at which position?
   row 0: -100 -100 50256 28 28 50256 -100 -100 -100 -100 -100 -100
   row 1: -100 -100 -100 -100 -100 -100 47 75 14 88 12 50256
   row 2: -100 -100 -100 43 24 50256 -100 -100 -100 -100 -100 -100
8. 7 texts of 4, 3, 5, 2, 4, 9, 2 tokens are packed, the longest first, each where the least \
room is left over. A pack has as many slots as the longest text has tokens. How many packs are \
there, and how many slots fewer than the inputs of a block of them have?"""
STABLE_ANSWERS = (
    "Ada Lovelace: 1: 3 13; 2: 10 36; 3: 75 50256; 4: 6 7 8 9 10 11; "
    "5: 3 4 5; 6: 13; 7: 0 4; 8: 4 27"
)


def test_the_batch_of_a_name_never_changes():
    assert repr(OwnBatch("Ada Lovelace")) == STABLE
    assert answers_for("Ada Lovelace") == STABLE_ANSWERS


# In a page -----------------------------------------------------------------------------------


NUMBERS = {
    "4 rows, 9 columns": [4, 9],
    "3-5": [3, 5],
    "": [],
    "x": [],
    "-1": [1],
    "4 \u00d7 9": [4, 9],
}
FREE = {
    "3-5": [3, 4, 5],
    "2, 4 \u2013 6": [2, 4, 5, 6],
    "5-3": [],
    "1 - 2-4": [1, 2, 4],
    "7 7": [7, 7],
}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Give what a page makes of names and of answers."""
    names = [*MANY[::3], *(name for name in ODD if tried(name))]
    cases = {
        "batches": names,
        "numbers": [{"text": text, "free": False} for text in NUMBERS]
        + [{"text": text, "free": True} for text in FREE],
        "checks": [{"name": "Ada", "typed": typed(OwnBatch("Ada"), kind)} for kind in range(3)],
    }
    return names, ask_scripts(tmp_path_factory.mktemp("sources"), cases)


def tried(name):
    try:
        return OwnBatch(name)
    except ValueError:
        return None


def typed(own, kind):
    """Give an answer to each task: the right one, another, or none."""
    right = [" and ".join(map(str, task.answer)) for task in own.tasks]
    return [right, [f"{one} 7777" for one in right], [""] * TASKS][kind]


def test_a_page_draws_the_very_batch_tasks_and_tables(page):
    names, said = page
    for name, theirs in zip(names, said["batches"], strict=True):
        own = OwnBatch(name)
        shown = own._repr_html_()
        assert theirs["rows"] == [json.loads(json.dumps(asdict(row))) for row in own.rows]
        assert theirs["tasks"] == [json.loads(json.dumps(asdict(task))) for task in own.tasks]
        assert theirs["html"].startswith(table_html(own.rows))
        assert all(part in shown for part in theirs["html"].split('<div class="batch-table">'))


def test_a_page_reads_and_checks_answers_as_a_notebook_does(page):
    _, said = page
    assert said["numbers"] == [*NUMBERS.values(), *FREE.values()]
    assert [numbers_in(text) for text in NUMBERS] == [*NUMBERS.values()]
    assert [numbers_in(text, any_order=True) for text in FREE] == [*FREE.values()]
    own = OwnBatch("Ada")
    for kind, told in enumerate(said["checks"]):
        verdicts = [own.check(at, text) for at, text in enumerate(typed(own, kind), 1)]
        assert told == [[verdict.right, verdict.sentence] for verdict in verdicts]


def test_what_is_solved_is_handed_in_and_what_is_wrong_is_told_by_a_hint():
    own = OwnBatch("  Ada ")
    graded = own.tasks[4].answer
    assert own.check(5, graded[::-1])
    assert own.check(5, *graded)
    assert repr(own.check(5, graded[0])) == (
        "Task 5, mask: not yet. The last token of the prompt is asked for the first of the "
        "response, and the last of the response for the end token."
    )
    assert repr(own.check(1)) == "Task 1, pad: not attempted yet"
    with pytest.raises(ValueError, match="the tasks are numbered 1 to 8; found 9"):
        own.check(9, 1)
    (line,) = own.hand_in()
    assert read_line(line) == Work("Ada", CHAPTER, (5,), TASKS)
