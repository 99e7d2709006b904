"""What teachers are told: plans that add up, objectives that are asked for, answers that run."""

import doctest
import re
from itertools import pairwise

import pytest

from book.chapters import BOOK, PATHS, prose, read
from companion.exercises import CHAPTERS
from companion.publishing.objectives import (
    ASKED,
    chapter_files,
    objectives_table,
    prose_of,
    read_card,
)

TEACHING = (BOOK / "teaching.md").read_text(encoding="utf-8")
NOTES = (BOOK / "teaching_notes.md").read_text(encoding="utf-8")
FILES = chapter_files(BOOK)
every_chapter_with_exercises = pytest.mark.parametrize("chapter", FILES)


def asks(chapter: str, task: str) -> bool:
    """Tell whether a chapter has the exercise, the prediction or the question of its quiz."""
    kind, _, words = task.partition(": ")
    if kind == "quiz":
        return words in FILES[chapter].read_text(encoding="utf-8")
    if kind == "predict":
        sections = re.split(r"^#+ ", prose(FILES[chapter]), flags=re.MULTILINE)
        return any(
            part.splitlines()[0] == words and ":class: predict" in part for part in sections[1:]
        )
    return task in CHAPTERS[chapter]


def plans() -> list[list[tuple[int, int]]]:
    """Give the minutes of each plan, row by row: from and to."""
    tables = re.findall(r"(?:^\| \d+ to \d+ \|.*\n)+", TEACHING, re.MULTILINE)
    return [
        [(int(a), int(b)) for a, b in re.findall(r"^\| (\d+) to (\d+) \|", table, re.MULTILINE)]
        for table in tables
    ]


@every_chapter_with_exercises
def test_each_objective_of_a_card_is_asked_for_and_each_exercise_has_an_objective(chapter):
    objectives = read_card(prose_of(FILES[chapter])).objectives
    assert len(ASKED[chapter]) == len(objectives)
    for objective, tasks in zip(objectives, ASKED[chapter], strict=True):
        assert tasks, objective
        assert [task for task in tasks if not asks(chapter, task)] == [], objective
    exercises = [task for tasks in ASKED[chapter] for task in tasks if ": " not in task]
    assert sorted(exercises) == sorted(CHAPTERS[chapter])


def test_an_objective_that_nothing_asks_for_is_told_with_the_chapters_name(tmp_path):
    for path in FILES.values():
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(text.replace("into one block,", "into one block;", 1))
    with pytest.raises(ValueError, match=r"_\w+\.ipynb has 2 objectives"):
        objectives_table(tmp_path)


def test_the_minutes_of_each_plan_follow_on_one_another_and_add_up():
    lesson, half_day = plans()
    for plan in (lesson, half_day):
        assert plan[0][0] == 0
        assert all(before[1] == after[0] for before, after in pairwise(plan))
        assert all(begin < end for begin, end in plan)
    assert lesson[-1][1] == 45
    assert half_day[-1][1] == 240


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_each_chapter_has_notes_with_a_thread_and_a_cure_of_its_own(path):
    (title,) = re.findall(r"^# (?:\d+\. )?(\w+(?: here)?)", prose(path), re.MULTILINE)
    sections = {part.splitlines()[0]: part for part in re.split(r"^## ", NOTES, flags=re.M)[1:]}
    notes = sections[title]
    for part in ("What they get wrong", "To begin a discussion", "Exam"):
        assert f"**{part}.**" in notes
    # A thread, or a published report, that the chapter itself shows: nobody makes one up.
    threads = re.findall(r"https://github\.com/[\w./-]+/(?:issues/\d+|pull/\d+|blob/[^)]+)", notes)
    assert threads
    assert [thread for thread in threads if thread not in str(read(path))] == []
    assert f"]({path.name}#" in notes
    assert notes.count("?") >= 3
    assert re.search(r"\b[Oo]ne point|\bpoints\b", notes)


def test_the_answers_to_the_exam_are_what_the_companion_gives():
    text = re.sub(r"^```.*$", "", NOTES, flags=re.MULTILINE)
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner()
    examples = parser.get_doctest(text, {}, "teaching_notes.md", None, 0)
    assert len(examples.examples) > 30
    assert runner.run(examples).failed == 0


def test_the_first_lesson_can_be_given_from_the_page_alone():
    (lesson,) = re.findall(r"^## A lesson of 45 minutes.*?(?=^## )", TEACHING, re.DOTALL | re.M)
    for word in ("Before the lesson", "prediction", "Without Python", "Homework", "If it goes"):
        assert word in lesson
    words = ("token", "language model", "inputs", "targets", "end token", "batch")
    assert [word for word in words if f"**{word}**" not in TEACHING] == []
