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

Notebook = dict[str, Any]

SOLUTION = re.compile(r"<details[^>]*>\s*<summary>Solution</summary>(.*?)</details>\s*", re.DOTALL)
WITH_TEACHER = "*The solution is with your teacher.*\n\n"
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
    """Give a notebook with the exercises of a chapter alone: text, stub, hint, no solution."""
    cells = list(_task_cells(without_solutions(notebook)["cells"]))
    for number, cell in enumerate(cells, 1):
        cell["id"] = f"task-{number:02d}"
        cell["metadata"] = {}
        if cell["cell_type"] == "code":
            cell |= {"execution_count": None, "outputs": []}
    return {
        "cells": cells,
        "metadata": notebook["metadata"],
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _task_cells(cells: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give the cells of a task notebook: the title, the imports, and each exercise."""
    title = joined(cells[0]["source"]).splitlines()[0]
    (code, *_) = (cell for cell in cells if cell["cell_type"] == "code")
    yield {
        "cell_type": "markdown",
        "source": f"{title}: exercises\n\nYour name: \n\nRun the first cell. Then finish each "
        "function and run its cell; `check` says which property does not hold yet. Save, and "
        "hand in this file.",
    }
    yield {"cell_type": "code", "source": light_imports(joined(code["source"]))}
    inside = False
    for cell in cells:
        source = joined(cell["source"])
        if cell["cell_type"] == "markdown":
            source, inside = _exercises_part(source, inside)
            if source:
                yield {"cell_type": "markdown", "source": source}
        elif inside and called(source):
            yield {"cell_type": "code", "source": source}


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
