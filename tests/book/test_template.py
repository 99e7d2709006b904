"""The template of a chapter has what every chapter must have, and runs as it stands."""

import re
from pathlib import Path

import nbformat
import pytest

from book import test_exercises as tasks
from book import test_notebooks as form
from book.chapters import PATHS, cells, exercises, prose, read, solutions
from companion.checking import check

TEMPLATE = Path(__file__).parents[2] / "scripts" / "chapter_template.ipynb"


@pytest.mark.parametrize(("part", "at_least"), form.FRAME)
def test_the_template_has_the_frame_of_a_chapter(part, at_least):
    form.test_a_chapter_has_its_frame(TEMPLATE, part, at_least)


@pytest.mark.parametrize(
    "claim",
    [
        form.test_cell_ids_are_stable,
        form.test_code_cells_are_short,
        form.test_every_choice_of_the_quiz_teaches_something,
        form.test_the_function_built_by_hand_is_asserted_equal_to_the_companions,
        tasks.test_a_chapter_has_exercises_each_with_a_solution,
    ],
    ids=lambda claim: claim.__name__,
)
def test_what_is_asked_of_every_chapter_holds_of_the_template(claim):
    claim(TEMPLATE)


def test_the_card_has_minutes_that_can_be_counted():
    assert re.search(r"\*\*Minutes\*\* (\d+) .*?(\d+) more", prose(TEMPLATE))


def test_the_template_says_how_to_run_a_page_as_the_chapters_do():
    assert cells(TEMPLATE, "markdown")[1].source == cells(PATHS[1], "markdown")[1].source


def test_every_cell_runs_and_every_solution_is_right():
    nbformat.validate(read(TEMPLATE))
    space = {}
    for cell in cells(TEMPLATE, "code"):
        exec(cell.source, space)
    for name in exercises(TEMPLATE):
        assert repr(check(space[name])) == f"{name}: not attempted yet"
        exec(solutions(TEMPLATE)[name], space)
        assert check(space[name])
