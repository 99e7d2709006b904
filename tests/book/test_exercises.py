"""Every exercise: its stub waits, its solution passes, and wrong answers are told why."""

from pathlib import Path
from typing import Any

import pytest

from book.chapters import PATHS, every_chapter, exercises, imports, solutions
from book.wrong_answers import WRONG_ANSWERS
from companion.checking import Verdict, check
from companion.exercises import EXERCISES

IN_CHAPTERS = [(path, name) for path in PATHS for name in exercises(path)]
every_exercise = pytest.mark.parametrize(
    ("path", "name"), IN_CHAPTERS, ids=lambda part: getattr(part, "stem", part)
)


def verdict_on(source: str, path: Path) -> Verdict:
    """Run an answer after its chapter's imports, and check the function that it defines."""
    space: dict[str, Any] = {}
    exec(imports(path), space)
    before = set(space)
    exec(source, space)
    (function,) = (space[name] for name in set(space) - before if name in EXERCISES)
    return check(function)


@every_chapter
def test_a_chapter_has_exercises_each_with_a_solution(path):
    assert len(exercises(path)) >= 3
    assert exercises(path).keys() == solutions(path).keys()


def test_every_exercise_stands_in_a_chapter():
    assert sorted(name for _, name in IN_CHAPTERS) == sorted(EXERCISES)


@every_exercise
def test_a_stub_runs_and_is_not_attempted_yet(path, name):
    verdict = verdict_on(exercises(path)[name], path)
    assert not verdict
    assert repr(verdict) == f"{name}: not attempted yet"


@every_exercise
def test_the_solution_is_right(path, name):
    assert verdict_on(solutions(path)[name], path), verdict_on(solutions(path)[name], path)


@every_exercise
def test_wrong_answers_are_refused_each_for_its_own_reason(path, name):
    sentences = []
    for source, reason in WRONG_ANSWERS[name]:
        verdict = verdict_on(source, path)
        assert not verdict
        assert reason in verdict.sentence
        sentences.append(verdict.sentence.split("\n")[0])
    assert len(set(sentences)) >= 2


def test_an_answer_that_raises_is_told_on_which_case():
    def rounded_width(width, multiple):
        return width / 0

    assert "For width=1, multiple=8 your function raises ZeroDivisionError" in repr(
        check(rounded_width)
    )


def test_an_answer_that_changes_its_arguments_is_refused():
    def pad_left(rows, pad_id):
        width = max(len(row) for row in rows)
        for row in rows:
            row[:0] = [pad_id] * (width - len(row))
        return rows

    assert "changes what it is given" in repr(check(pad_left))


def test_an_answer_of_the_wrong_kind_fails_the_first_property():
    def block_shape(rows):
        return "a string"

    assert "The answer is two whole numbers." in repr(check(block_shape))


def test_a_function_that_no_exercise_asks_for_is_named():
    with pytest.raises(ValueError, match="no exercise 'mine'; there are "):
        check(mine)


def mine():
    return 1
