"""What students are given has no solutions, and each task can be solved with what is beside it."""

import json
from typing import Any

import pytest

from book.chapters import PATHS, exercises
from book.chapters import solutions as right_answers
from companion.checking import check
from companion.exercises import WITH_TENSORS
from scripts.classroom.build import as_teachers
from scripts.classroom.tasks import (
    assignment,
    page_without_solutions,
    solutions,
    tasks,
    without_solutions,
)

every_path = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def read(path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def code(notebook: dict[str, Any]) -> list[str]:
    return ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]


@every_path
def test_tasks_are_the_exercises_of_the_chapter_each_with_its_hint_and_no_solution(path):
    made = tasks(read(path))
    _, *cells = code(made)
    names = list(exercises(path))
    assert cells[1::2] == [f"check({name})" for name in names]
    for name, stub in zip(names, cells[::2], strict=True):
        assert stub.endswith("\n    ...")
        assert f"def {name}(" in stub
    text = json.dumps(made)
    assert text.count("<summary>Hint</summary>") == len(names)
    assert "HIDDEN TESTS" not in text
    assert "<summary>Solution</summary>" not in text
    assert "<summary>Solution</summary>" not in json.dumps(without_solutions(read(path)))
    assert [cell["outputs"] for cell in made["cells"] if cell["cell_type"] == "code"] == [
        [] for _ in range(2 * len(names) + 1)
    ]


@every_path
def test_a_task_is_solved_by_the_solution_with_the_imports_of_its_notebook_alone(path):
    notebook = read(path)
    assert solutions(notebook) == right_answers(path)
    imports, *cells = code(assignment(notebook))
    assert "torch" not in imports
    for name, answer in solutions(notebook).items():
        if name not in WITH_TENSORS:
            space: dict[str, Any] = {"__name__": "__main__"}
            (source,) = (cell for cell in cells if f"def {name}(" in cell)
            assert answer.splitlines()[-1] in source
            exec(imports, space)
            exec(source, space)
            assert check(space[name]), name


def test_a_page_loses_its_solutions_and_keeps_its_hints():
    page = (
        "<details><summary>Hint</summary><p>Count.</p></details>\n"
        "<details>\n<summary>Solution</summary>\n<pre>return 1</pre></details>\n<p>Next.</p>"
    )
    assert page_without_solutions(page) == (
        "<details><summary>Hint</summary><p>Count.</p></details>\n"
        "<p><em>The solution is with your teacher.</em></p>\n<p>Next.</p>"
    )


def test_a_page_of_the_teachers_folder_leads_into_the_students():
    page = '<html data-content_root="../"><a href="teaching_notes.html">a</a><a href="#b">b</a>'
    assert as_teachers(page) == (
        '<html data-content_root="../students/"><a href="teaching_notes.html">a</a>'
        '<a href="#b">b</a>'
    )
