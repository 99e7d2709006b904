"""Notebooks and pages without their solutions, the solutions alone, and the tasks alone.

Takes a chapter's notebook, or its built page, and gives another; changes nothing that it is
given. An exercise is known by its `check(name)`, a solution by its folded block. What it leaves
out: where the files go (`build.py`).
"""

import ast
import copy
import re
import sys
from collections.abc import Iterator
from typing import Any

from companion.exercises import WITH_TENSORS

Notebook = dict[str, Any]

SOLUTION = re.compile(r"<details[^>]*>\s*<summary>Solution</summary>(.*?)</details>\s*", re.DOTALL)
WITH_TEACHER = "*The solution is with your teacher.*\n\n"
HIDDEN = """\
### BEGIN HIDDEN TESTS
# The function is called here, and what it gave is judged in another Python.
import json, subprocess, sys
from companion.answering.marking import told_of

judged = subprocess.run(
    [sys.executable, "-I", "-m", "companion.answering.marking", "NAME"],
    input=json.dumps(told_of("NAME", NAME)), capture_output=True, text=True, timeout=60,
)
assert judged.stdout.startswith("right"), judged.stdout
### END HIDDEN TESTS"""
"""What nbgrader adds to the test of an exercise when it grades."""

GRADER_SETTINGS = """\
# nbgrader's settings for the exercises of this book.
c = get_config()
c.CourseDirectory.course_id = "inside_the_batch"
c.ClearSolutions.code_stub = {"python": "..."}
# A cell that goes on for longer is stopped, and its exercise has no point.
c.Execute.timeout = 10
"""

LIGHT = ("checking", "entries", "formatting")
"""The companion's modules that tasks may import and that need the standard library alone."""


def joined(source: str | list[str]) -> str:
    """Give a cell's source as one text."""
    return source if isinstance(source, str) else "".join(source)


def without_solutions(notebook: Notebook) -> Notebook:
    """Give a notebook in which each folded solution is a line that says where it is."""
    copied = copy.deepcopy(notebook)
    for cell in copied["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = SOLUTION.sub(WITH_TEACHER, joined(cell["source"]))
    return copied


def page_without_solutions(page: str) -> str:
    """Give a built page without its folded solutions."""
    return SOLUTION.sub("<p><em>The solution is with your teacher.</em></p>\n", page)


def called(source: str) -> str | None:
    r"""Give the name of the exercise that a cell checks; None for any other cell.

    >>> called("def f(x):\n    ...\n\n\ncheck(f)")
    'f'
    """
    found = re.search(r"^check\((\w+)\)\s*$", source, re.MULTILINE)
    return found[1] if found else None


def solutions(notebook: Notebook) -> dict[str, str]:
    """Give the solutions of a chapter, each a piece of Python, by the exercise's name."""
    found = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] != "markdown":
            continue
        for folded in SOLUTION.findall(joined(cell["source"])):
            (block,) = re.findall(r"```python\n(.*?)```", folded, re.DOTALL)
            found[re.findall(r"^def (\w+)", block, re.MULTILINE)[0]] = block
    return found


def light_imports(source: str) -> str:
    r"""Give those imports of a chapter that tasks can have without installing anything else.

    >>> light_imports("import math\nimport torch\nfrom companion.checking import check")
    'import math\nfrom companion.checking import check'
    """
    kept = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        if all(
            name in {f"companion.{light}" for light in LIGHT}
            or name.split(".")[0] in sys.stdlib_module_names
            for name in names
        ):
            kept.append(ast.unparse(node))
    return "\n".join(kept)


def tasks(notebook: Notebook) -> Notebook:
    """Give a notebook with the exercises of a chapter alone: text, stub, hint, no solution.

    It is what nbgrader would release of `assignment`, and any notebook program runs it.
    """
    return _made(notebook, {})


def assignment(notebook: Notebook) -> Notebook:
    """Give the same with solutions and hidden tests, as nbgrader's source version."""
    return _made(notebook, solutions(notebook))


def _made(notebook: Notebook, answers: dict[str, str]) -> Notebook:
    cells = list(_task_cells(notebook, answers))
    for number, cell in enumerate(cells, 1):
        cell["id"] = f"task-{number:02d}"
        cell.setdefault("metadata", {})
        if cell["cell_type"] == "code":
            cell |= {"execution_count": None, "outputs": []}
    return {
        "cells": cells,
        "metadata": notebook["metadata"],
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _task_cells(notebook: Notebook, answers: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Give the cells of a task notebook: the title, the imports, and each exercise."""
    cells = without_solutions(notebook)["cells"]
    title = joined(cells[0]["source"]).splitlines()[0]
    (code, *_) = (cell for cell in cells if cell["cell_type"] == "code")
    yield {
        "cell_type": "markdown",
        "source": f"{title}: exercises\n\nYour name: \n\nRun the first cell. Then finish each "
        "function and run its cell and the one below it; `check` says which property does not "
        "hold yet. Save, and hand in this file.",
    }
    yield {"cell_type": "code", "source": light_imports(joined(code["source"]))}
    right = solutions(notebook)
    inside = False
    for cell in cells:
        source = joined(cell["source"])
        name = called(source)
        if cell["cell_type"] == "markdown":
            source, inside = _exercises_part(source, inside)
            if source:
                yield {"cell_type": "markdown", "source": source}
        elif inside and name:
            graded = name not in WITH_TENSORS
            yield _cell(answer(right[name], name in answers), name, "solution", graded)
            test = f"check({name})"
            if name in answers and graded:
                test += "\n" + HIDDEN.replace("NAME", name)
            yield _cell(test, f"check_{name}", "grade", graded)


def answer(solution: str, shown: bool) -> str:
    r"""Give the cell of an answer: the function with its body, between marks, or without it.

    >>> print(answer("def f(x):\n    return x + 1\n", shown=False))
    def f(x):
        ...
    >>> print(answer("def f(x):\n    return x + 1\n", shown=True))
    def f(x):
        ### BEGIN SOLUTION
        return x + 1
        ### END SOLUTION
    """
    lines = solution.rstrip().splitlines()
    begin = next(at for at, line in enumerate(lines) if line.startswith("def ")) + 1
    body = ["    ### BEGIN SOLUTION", *lines[begin:], "    ### END SOLUTION"]
    return "\n".join([*lines[:begin], *(body if shown else ["    ..."])])


def _cell(source: str, name: str, role: str, graded: bool) -> dict[str, Any]:
    """Give a code cell with what nbgrader has to know of it."""
    marks = {
        "grade": role == "grade",
        "grade_id": name,
        "locked": role == "grade",
        "schema_version": 3,
        "solution": role == "solution",
        "task": False,
    }
    if role == "grade":
        marks["points"] = 1
    metadata = {"nbgrader": marks} if graded else {}
    return {"cell_type": "code", "source": source, "metadata": metadata}


def _exercises_part(source: str, inside: bool) -> tuple[str, bool]:
    """Give what of a text belongs to the exercises, and whether its end does."""
    kept = []
    for part in re.split(r"^(?=## )", source, flags=re.MULTILINE):
        if part.startswith("## "):
            inside = part.startswith("## Exercises")
        if inside:
            # What stands before the first exercise speaks of the page.
            kept.append(re.sub(r"^## Exercises.*?(?=### )", "", part, flags=re.DOTALL))
    return "".join(kept).strip(), inside
