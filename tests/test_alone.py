"""The chapters run alone: what changes, leaves a file or is not the wheel's is told."""

import json

import nbformat
import pytest

from scripts.alone import run_alone
from scripts.cells import show


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """Give a wheel's folder whose companion is one line long, so that it starts at once."""
    monkeypatch.setenv("PYTHONPATH", "")
    (tmp_path / "wheel" / "companion").mkdir(parents=True)
    (tmp_path / "wheel" / "companion" / "__init__.py").write_text("ONE = 1\n")
    return tmp_path / "wheel"


def stored(folder, source, printed):
    """Write a chapter of one cell, as it is stored after it printed this."""
    output = nbformat.v4.new_output("stream", name="stdout", text=printed)
    cell = nbformat.v4.new_code_cell(
        source, id="cell-01", execution_count=1, outputs=[output] if printed else []
    )
    notebook = nbformat.v4.new_notebook(cells=[cell])
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
    }
    nbformat.write(notebook, folder / "chapter.ipynb")
    return folder / "chapter.ipynb"


def test_a_chapter_that_prints_what_is_stored_is_what_it_was(tmp_path, wheel):
    path = stored(tmp_path, "import companion\nprint(companion.ONE)", "1\n")
    assert run_alone(path, tmp_path / "alone", wheel) == []
    assert [file.name for file in (tmp_path / "alone").iterdir()] == ["chapter.ipynb"]


def test_an_output_that_differs_is_shown_and_so_is_a_file_that_is_left(tmp_path, wheel):
    source = 'open("left.txt", "w").close()\nprint(2 + 2)'
    first, second, *lines = run_alone(stored(tmp_path, source, "5\n"), tmp_path / "alone", wheel)
    assert first == "chapter.ipynb left a file: left.txt"
    assert second == "chapter.ipynb is not what it was; `make notebooks` stores it anew:"
    assert "-> 5" in lines
    assert "+> 4" in lines


def test_another_companion_than_the_wheels_is_told(tmp_path, wheel):
    path = stored(tmp_path, "", "")
    (told,) = run_alone(path, tmp_path / "alone", wheel.parent / "none")
    assert told.startswith("chapter.ipynb was run with /")
    assert told.endswith("companion/__init__.py, and not with the wheel's")


@pytest.mark.parametrize("source", ["import sys\nprint('oh', file=sys.stderr)", "1 / 0"])
def test_a_chapter_that_fails_or_writes_to_stderr_does_not_run(source, tmp_path, wheel):
    (told,) = run_alone(stored(tmp_path, source, ""), tmp_path / "alone", wheel)
    assert told.startswith("chapter.ipynb does not run: ")
    assert "writes to stderr: oh" in told or "ZeroDivisionError" in told


def test_cells_are_shown_with_what_they_print_and_drawings_by_their_words(tmp_path):
    path = stored(tmp_path, "print(2)\nprint(3)", "2\n3\n")
    notebook = json.loads(path.read_text())
    assert show(notebook) == "## 1 code\n\nprint(2)\nprint(3)\n\n> 2\n> 3\n"
    drawn = {"data": {"text/plain": ["a ", "table"], "text/html": "<b>7</b> <i>pads</i>"}}
    notebook["cells"][0]["outputs"] = [drawn]
    assert show(notebook).endswith("> a table\n> [text/html, 20 characters] 7 pads\n")
