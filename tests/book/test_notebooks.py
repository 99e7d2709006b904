"""What the site shows is what was checked: the stored form of every chapter, and its frame."""

import re
from pathlib import Path

import pytest

from book.chapters import (
    BOOK,
    NOTEBOOKS,
    PATHS,
    cells,
    every_chapter,
    printed,
    prose,
    quiz,
    read,
)
from companion.quizzing import quizzes


@every_chapter
def test_cells_were_run_from_top_to_bottom(path):
    counts = [cell.execution_count for cell in cells(path, "code")]
    assert counts == list(range(1, len(counts) + 1))


@every_chapter
def test_cell_ids_are_stable(path):
    found = [cell.id for cell in read(path).cells]
    assert found == [f"cell-{number:02d}" for number in range(1, len(found) + 1)]


@every_chapter
def test_no_widget_state_is_stored(path):
    notebook = read(path)
    assert "widgets" not in notebook.metadata
    assert "widget-view" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_style_sheet_is_stored(path):
    assert "<style" not in "".join(printed(cell) for cell in cells(path, "code"))


@every_chapter
def test_no_error_and_no_stderr_is_stored(path):
    for cell in cells(path, "code"):
        for output in cell.outputs:
            assert output.output_type != "error", cell.id
            assert output.get("name") != "stderr", cell.id


@every_chapter
def test_no_output_differs_from_one_run_to_the_next(path):
    for cell in cells(path, "code"):
        assert not re.search(r" at 0x[0-9a-f]{6,}", printed(cell)), cell.id


@every_chapter
def test_every_cell_is_run_and_none_may_fail(path):
    for cell in cells(path, "code"):
        assert not {"raises-exception", "skip-execution"} & set(cell.metadata.get("tags", []))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_code_cells_are_short(path):
    lines = sorted(len(cell.source.splitlines()) for cell in cells(path, "code"))
    assert lines[-1] <= 15
    assert lines[len(lines) // 2] <= 6


@every_chapter
def test_floats_are_printed_to_at_most_four_digits(path):
    for cell in cells(path, "code"):
        # Pictures and tables are compared byte for byte; this is about what is printed.
        for output in cell.outputs:
            shown = output.get("text", "") or output.get("data", {}).get("text/plain", "")
            long = [
                number
                for number in re.findall(r"\d+\.\d+", shown)
                if len(number.replace(".", "").lstrip("0")) > 4
            ]
            assert not long, (cell.id, long)


@every_chapter
def test_a_chapter_needs_no_file_beside_it(path):
    source = "\n".join(cell.source for cell in cells(path, "code"))
    assert not re.search(r"""["'](?:\.\.?/|data/|book/|companion/)""", source)
    local = re.findall(r"\]\((?!https?://|#)([^)]+)\)", prose(path))
    assert all((BOOK / Path(target.split("#")[0]).name).is_file() for target in local), local


FRAME = [
    (r":class: card", 1),
    (r"You'll be able to", 1),
    (r":class: predict", 3),
    (r":class: wrong", 1),
    (r":class: right", 1),
    (r"^## In practice", 1),
    (r"^## Exercises", 1),
    (r"^## Quiz", 1),
    (r"^## Summary", 1),
    (r"^\*\*Next", 1),
]
"""What each chapter has, and at least how often."""


@every_chapter
@pytest.mark.parametrize(("part", "at_least"), FRAME)
def test_a_chapter_has_its_frame(path, part, at_least):
    assert len(re.findall(part, prose(path), re.MULTILINE)) >= at_least


@every_chapter
def test_every_choice_of_the_quiz_teaches_something(path):
    questions = quiz(path).questions
    assert len(questions) >= 2
    for question in questions:
        assert len(question.choices) >= 3
        for choice in question.choices:
            assert len(choice.teaches.split()) >= 7, choice.text


@every_chapter
def test_a_chapter_has_the_quiz_of_its_name_and_no_other(path):
    assert quiz(path).chapter == path.stem
    assert 'class="quiz"' not in prose(path)


def test_every_quiz_stands_in_a_chapter():
    assert quizzes() == [path.stem for path in PATHS]


@every_chapter
def test_the_function_built_by_hand_is_asserted_equal_to_the_companions(path):
    source = "\n".join(cell.source for cell in cells(path, "code"))
    assert re.search(r"^assert .*_by_hand", source, re.MULTILINE)


def test_every_chapter_is_in_the_table_of_contents():
    contents = (BOOK.parent / "_toc.yml").read_text(encoding="utf-8")
    for path in BOOK.glob("*.ipynb"):
        assert f"book/{path.stem}" in contents
