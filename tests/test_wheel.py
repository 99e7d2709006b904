"""The companion away from its repository: a wheel, and a chapter alone in a folder."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from book.chapters import PATHS, read
from scripts.alone import unpack_wheel

ROOT = Path(__file__).parent.parent
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """Build the wheel and unpack it into a folder, with no network and no isolation."""
    return unpack_wheel(tmp_path_factory.mktemp("wheel"))


def test_the_wheel_carries_the_vocabulary_the_entries_and_their_licences(installed):
    data = installed / "companion" / "data"
    for name in ("r50k_base.tiktoken", "entries.json", "LICENSES.md"):
        assert (data / name).read_bytes() == (ROOT / "companion" / "data" / name).read_bytes()


def test_a_chapter_runs_alone_with_the_wheel(installed, tmp_path, monkeypatch):
    """The notebook is all there is in its folder, and the companion is the wheel's.

    `make test` runs every chapter so; here it is seen that what runs is the wheel's.
    """
    monkeypatch.setenv("PYTHONPATH", str(installed))
    notebook = read(PATHS[1])
    stored = [cell.get("outputs") for cell in notebook.cells]
    where = "import companion, os; print(os.path.dirname(companion.__file__))"
    notebook.cells.append(nbformat.v4.new_code_cell(where))
    place = {"metadata": {"path": str(tmp_path)}}
    client = NotebookClient(notebook, timeout=300, resources=place, coalesce_streams=True)
    client.execute()
    assert notebook.cells[-1].outputs[0].text.strip() == str(installed / "companion")
    assert os.listdir(tmp_path) == []
    for output in (out for cell in notebook.cells for out in cell.get("outputs", [])):
        output.get("data", {}).pop(WIDGET_MIME, None)  # a widget's number differs in each run
    assert [cell.get("outputs") for cell in notebook.cells[:-1]] == stored
