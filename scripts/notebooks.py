"""Run the book's notebooks top to bottom and store them in one normal form.

    python scripts/notebooks.py book/*.ipynb

The stored outputs are what the site shows and what the tests compare, so a second run
must change no byte: cell ids are kept, counts run from 1, and everything that differs
from one run or machine to the next (timings, versions, widget state, stderr) is left
out or refused. A notebook that fails is left as it was.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"


def run(notebook: NotebookNode, folder: Path | None = None) -> NotebookNode:
    """Give the notebook with fresh outputs, in normal form; run in the folder, if one is given.

    Raises `ValueError` for a cell that writes to stderr: a page shows no warnings, and an
    error that belongs to the lesson is caught by its cell and its message printed.
    """
    # Printed text arrives in pieces that depend on the moment; stored, it is one piece.
    place = {"metadata": {"path": str(folder)}} if folder else {}
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources=place, coalesce_streams=True
    ).execute()
    notebook.metadata = NotebookNode(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number:02d}"
        tags = cell.metadata.get("tags")
        cell.metadata = NotebookNode({"tags": tags} if tags else {})
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise ValueError(f"{cell.id} writes to stderr: {output.text}")
            output.get("data", {}).pop(WIDGET_MIME, None)
            output.pop("metadata", None) if output.output_type == "stream" else None
    code = (cell for cell in notebook.cells if cell.cell_type == "code")
    for count, cell in enumerate(code, 1):
        cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
    return notebook


def store(path: Path) -> None:
    """Run a notebook and write it back."""
    notebook = run(nbformat.read(path, as_version=4))
    nbformat.validate(notebook)
    nbformat.write(notebook, path)
    print(f"ran {path}", flush=True)


def main(paths: list[Path]) -> None:
    """Run the notebooks, two at a time."""
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(store, paths))


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
