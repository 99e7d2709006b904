"""Every exercise: its stub waits, its solution passes, and wrong answers are told why."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

from book.chapters import BOOK, WITH_EXERCISES, every_chapter, exercises, imports, solutions
from book.wrong_answers import WRONG_ANSWERS
from companion import exercises as package
from companion.checking import Verdict, check
from companion.exercises import CHAPTERS, EXERCISES, WITH_TENSORS
from companion.exercises.making import END_ID
from companion.tokenizing import END_ID as END_ID_OF_TOKENIZER

IN_CHAPTERS = [(path, name) for path in WITH_EXERCISES for name in exercises(path)]
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


def test_the_list_of_exercises_is_that_of_the_chapters_modules():
    modules = {found.name for found in iter_modules(package.__path__)} - {"making"}
    assert modules == {*CHAPTERS, *WITH_TENSORS.values()}
    asked = {
        chapter: [n for n in names if n not in WITH_TENSORS] for chapter, names in CHAPTERS.items()
    }
    asked |= {module: [name] for name, module in WITH_TENSORS.items()}
    for home, names in asked.items():
        module = import_module(f"companion.exercises.{home}")
        assert [exercise.name for exercise in module.EXERCISES] == names
        assert [EXERCISES[name] for name in names] == list(module.EXERCISES)


def test_the_exercises_end_token_is_the_tokenizers():
    assert END_ID == END_ID_OF_TOKENIZER


# A process in which what is not the standard library is not to be had, as in a reader's page.
ALONE = """
import json, sys
from contextlib import suppress
from importlib.abc import MetaPathFinder


class Refused(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in {"companion", *sys.stdlib_module_names}:
            raise ImportError(f"{name} is no part of the standard library")


sys.meta_path.insert(0, Refused())
import companion.entries, companion.formatting
from companion.checking import check

said = {}
for name, (imports, *sources) in json.load(sys.stdin).items():
    said[name] = []
    for source in sources:
        space = {}
        for line in imports.splitlines():
            with suppress(ImportError):
                exec(line, space)
        exec(source.split("\\ncheck(")[0], space)
        try:
            said[name].append(repr(check(space[name])))
        except ImportError as error:
            said[name].append(str(error))
print(json.dumps(said))
"""


def test_exercises_and_their_solutions_need_the_standard_library_alone_but_for_tensors():
    sources = {
        name: (imports(path), exercises(path)[name], solutions(path)[name])
        for path, name in IN_CHAPTERS
    }
    done = subprocess.run(
        [sys.executable, "-c", ALONE], input=json.dumps(sources), capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(BOOK.parent)}, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    for name in WITH_TENSORS:
        assert said.pop(name) == ["torch is no part of the standard library"] * 2
    for name, (stub, solution) in said.items():
        assert stub == f"{name}: not attempted yet"
        assert solution.startswith(f"{name}: right, on all ")


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
