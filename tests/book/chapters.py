"""The chapters, read as data: what the tests of the book have in common."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from companion.quizzing import Quiz

BOOK = Path(__file__).parents[2] / "book"
NOTEBOOKS = sorted(BOOK.glob("*.ipynb"))
PATHS = sorted(BOOK.glob("[0-9]*.ipynb"))
every_chapter = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def read(path: Path) -> NotebookNode:
    """Read a chapter."""
    return nbformat.read(path, as_version=4)


def cells(path: Path, kind: str) -> list[NotebookNode]:
    """Give a chapter's cells of one kind, "code" or "markdown"."""
    return [cell for cell in read(path).cells if cell.cell_type == kind]


def prose(path: Path) -> str:
    """Give all that a chapter says, without its code cells."""
    return "\n\n".join(cell.source for cell in cells(path, "markdown"))


def printed(cell: NotebookNode) -> str:
    """Give what a code cell shows, as text."""
    shown = []
    for output in cell.outputs:
        shown.append(output.get("text", ""))
        shown += [str(value) for value in output.get("data", {}).values()]
    return "\n".join(shown)


def exercises(path: Path) -> dict[str, str]:
    """Give the stub of each exercise, as its cell's source, by the function's name."""
    found = {}
    for cell in cells(path, "code"):
        called = re.search(r"^check\((\w+)\)$", cell.source, re.MULTILINE)
        if called:
            found[called[1]] = cell.source
    return found


def solutions(path: Path) -> dict[str, str]:
    """Give the one fenced block of each folded solution, by the function's name."""
    folded = re.findall(
        r"<details[^>]*>\s*<summary>Solution</summary>(.*?)</details>", prose(path), re.DOTALL
    )
    found = {}
    for text in folded:
        (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
        found[re.search(r"^def (\w+)", block, re.MULTILINE)[1]] = block
    return found


def quiz(path: Path) -> Quiz:
    """Give the quiz that a chapter shows."""
    (name,) = re.findall(r'^Quiz\("(\w+)"\)$', "\n".join(sources(path)), re.MULTILINE)
    return Quiz(name)


def sources(path: Path) -> list[str]:
    """Give the sources of a chapter's code cells."""
    return [cell.source for cell in cells(path, "code")]


def imports(path: Path) -> str:
    """Give the source of a chapter's first code cell, which holds its imports."""
    return cells(path, "code")[0].source
