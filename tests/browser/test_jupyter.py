"""The explorer in a real JupyterLab: the kernel's companion computes what is drawn."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

from browser.conftest import unfold

ROOT = Path(__file__).parents[2]
CELLS = (
    "from companion import Entry, PromptStyle\n"
    "from companion.explorer.widget import BatchExplorer\n"
    'style = PromptStyle("q", "Q: {instruction}", header=" A: ")\n'
    'explorer = BatchExplorer([Entry("Hi", "", "Ho")], step="tokenize", style=style)\n'
    "explorer",
    'print("kernel has", explorer.entries[0]["output"], explorer.step)',
    'explorer.step = "pad"\nexplorer.max_length = 3',
    "import ipywidgets as widgets\n"
    'columns = widgets.BoundedIntText(description="Columns", min=1, value=5)\n'
    'widgets.jslink((columns, "value"), (explorer, "max_length"))\n'
    "widgets.HBox([explorer, columns])",
)
PADDING_CELLS = (
    "from companion.explorer.lab import PaddingLab\n"
    "padding = PaddingLab([7, 1, 3, 3, 5], batch_size=2)\n"
    "padding",
    'print("kernel has", padding.strategy, padding.steps, padding.padding_share)',
    'padding.strategy = "static"\npadding.max_length = 4\npadding.lengths = [9, 9, 1]',
)
TRAINING_CELLS = (
    "from companion.explorer.training_lab import TrainingLab\n"
    'training = TrainingLab("no shift")\n'
    "training",
    'print("kernel has", training.choice)',
    'training.choice = "right"',
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Start a JupyterLab in an empty folder, and give the address of its notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    for name, cells in (
        ("try", CELLS),
        ("padding", PADDING_CELLS),
        ("training", TRAINING_CELLS),
    ):
        notebook = new_notebook(cells=[new_code_cell(source) for source in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, folder / f"{name}.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = {"HOME": str(folder), "JUPYTER_CONFIG_DIR": str(folder / "config")}
    paths = {"PYTHONPATH": str(ROOT), "JUPYTER_RUNTIME_DIR": str(folder / "runtime")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--allow-root"]
    command += ["--IdentityProvider.token=", "--ServerApp.ip=127.0.0.1", f"--notebook-dir={folder}"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            command, env=os.environ | home | paths, stdout=log, stderr=log, cwd=folder
        )
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{address}/api", folder / "log")
            yield f"{address}/lab/tree"
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait_for(address, log):
    for _ in range(120):
        try:
            urllib.request.urlopen(address, timeout=2)
            return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"JupyterLab did not start: {log.read_text()[-2000:]}")


def _open(page, address, count):
    """Open a notebook, and give its cells, and a function that runs one of them."""
    page.goto(f"{address}?reset")  # without what another test had open
    cells = page.locator(".jp-CodeCell")
    expect(cells).to_have_count(count, timeout=60_000)
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=60_000)

    def run(number):
        cells.nth(number).locator(".cm-content").click()
        page.keyboard.press("Control+Enter")

    return cells, run


def test_what_is_typed_reaches_the_kernel_and_what_it_sets_is_drawn(lab, fresh):
    cells, run = _open(fresh, f"{lab}/try.ipynb", len(CELLS))
    run(0)
    explorer = cells.nth(0).locator(".be")
    expect(explorer.locator('[data-part="said"]')).to_have_text(
        "The text became 7 token ids.", timeout=60_000
    )
    expect(explorer.get_by_label("Prompt style")).to_have_value("own")
    expect(explorer.get_by_role("button", name="Copy link")).to_be_hidden()
    unfold(explorer)
    explorer.get_by_role("textbox", name="Output").fill("Ho ho")
    expect(explorer.locator('[data-part="said"]')).to_have_text("The text became 8 token ids.")
    explorer.get_by_role("tab", name="Ignore").click()
    place = explorer.get_by_role("slider", name="Place in the tensor")
    place.press("ArrowDown")  # from the only row of the inputs to that of the targets
    expect(place).to_have_attribute(
        "aria-valuetext", re.compile("^row 0 targets, column .*, graded")
    )
    run(1)
    expect(cells.nth(1).locator(".jp-OutputArea-output")).to_contain_text(
        "kernel has Ho ho ignore", timeout=15_000
    )
    run(2)
    expect(explorer.get_by_role("tab", name="Pad")).to_have_attribute(
        "aria-selected", "true", timeout=15_000
    )
    expect(explorer.locator('[data-part="said"]')).to_contain_text("a block of shape (1, 4)")
    run(3)  # the same explorer once more, beside another widget that is linked to it in the browser
    box = cells.nth(3).locator(".jp-OutputArea-output")
    said = box.locator('[data-part="said"]')
    expect(said).to_contain_text("a block of shape (1, 6)", timeout=30_000)  # as linked, at once
    box.get_by_label("Columns").fill("2")
    box.get_by_label("Columns").press("Enter")
    expect(said).to_contain_text("a block of shape (1, 3)", timeout=15_000)
    # Both views of the model follow, each with its own answer from the kernel.
    first = cells.nth(0).locator('[data-part="said"]')
    expect(first).to_contain_text("a block of shape (1, 3)", timeout=15_000)


def test_the_padding_lab_is_planned_by_the_kernel_and_both_can_choose(lab, fresh):
    cells, run = _open(fresh, f"{lab}/padding.ipynb", len(PADDING_CELLS))
    run(0)
    padding = fresh.get_by_role("group", name="Padding lab")
    expect(padding.get_by_role("status")).to_contain_text("3 steps, 16.0% padding", timeout=60_000)
    padding.get_by_label("Strategy").select_option("packed")
    expect(padding.get_by_role("status")).to_contain_text("2 steps, 9.5% padding", timeout=15_000)
    run(1)
    expect(cells.nth(1).locator(".jp-OutputArea-output")).to_contain_text(
        "kernel has packed 2 0.095", timeout=15_000
    )
    run(2)
    expect(padding.get_by_label("Strategy")).to_have_value("static", timeout=15_000)
    expect(padding.get_by_label("Maximum length")).to_have_value("4")
    expect(padding.get_by_role("status")).to_contain_text(
        "2 steps, 16.7% padding. The model computes on 12 slots", timeout=15_000
    )


def test_the_training_lab_follows_the_kernel_and_the_kernel_follows_it(lab, fresh):
    cells, run = _open(fresh, f"{lab}/training.ipynb", len(TRAINING_CELLS))
    run(0)
    training = fresh.get_by_role("group", name="Training lab")
    said = training.locator('[data-part="said"]')
    expect(said).to_contain_text("that token itself", timeout=60_000)
    expect(training.get_by_role("button", name="Copy link")).to_be_hidden()
    training.get_by_label("Leave out").select_option("shifted twice")
    run(1)
    expect(cells.nth(1).locator(".jp-OutputArea-output")).to_contain_text(
        "kernel has shifted twice", timeout=15_000
    )
    run(2)
    expect(training.get_by_label("Leave out")).to_have_value("right", timeout=15_000)
    expect(said).to_contain_text("Nothing is left out")
