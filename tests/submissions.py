"""Notebooks that students might hand in: right, wrong, and written to score without an answer."""

import json
from pathlib import Path

from book.chapters import BOOK
from scripts.classroom.tasks import solutions, tasks

CHAPTER = BOOK / "00_start_here.ipynb"
NAMES = ("grid_shape", "must_say", "mean_surprise")

OVERWRITES_CHECK = """
import companion.checking, companion.answering.marking as marking
from companion.checking import Verdict
check = lambda function: Verdict(True, "right")
companion.checking.check = check
companion.checking.exercises.EXERCISES = {}
marking.answers_of = marking.judge = lambda *given: {"mark": "right", "sentence": "right"}
class Anything:
    def __eq__(self, other): return True
    def __hash__(self): return 0
    def __iter__(self): return iter(())
def grid_shape(grid): return Anything()
def must_say(ids, end_id): return Anything()
def mean_surprise(probabilities): return Anything()
"""
LOOPS = """
def grid_shape(grid):
    while True:
        try:
            while True: pass
        except BaseException:
            pass
def must_say(ids, end_id):
    return ids[1:] + [end_id]
def mean_surprise(probabilities):
    while True: pass
"""
LOOPS_LAST = {
    "mean_surprise": """def mean_surprise(probabilities):
    while True:
        try:
            while True: pass
        except BaseException:
            pass"""
}
READS_A_FILE = """
def asked(address):
    import js
    request = js.XMLHttpRequest.new()
    request.open("GET", address, False)
    request.send()
    return request.responseText
def grid_shape(grid):
    return open("/etc/passwd").read()
def must_say(ids, end_id):
    return asked("file:///etc/passwd")
def mean_surprise(probabilities):
    return asked("https://example.org/")
"""
FORGES = """
import json, js
told = json.dumps({"grid_shape": {"mark": "right", "sentence": "right"}})
js.postMessage(js.JSON.parse(json.dumps({"told": told})))
def grid_shape(grid): return 0, 0
"""


def notebook(answers: str | dict[str, str] | None, name: str = "Ada") -> dict:
    """Give a task notebook that was handed in, with answers in the cells of their exercises.

    One text in the place of answers stands in the first cell, and the stubs are taken away; what
    nbgrader knows of the cells stays.
    """
    made = tasks(json.loads(CHAPTER.read_text(encoding="utf-8")))
    made["cells"][0]["source"] = made["cells"][0]["source"].replace(
        "Your name: ", f"Your name: {name}"
    )
    for cell in made["cells"]:
        exercise = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if isinstance(answers, dict) and exercise in answers:
            cell["source"] = answers[exercise]
        elif isinstance(answers, str) and exercise in NAMES:
            cell["source"] = "# in the first cell"
    if isinstance(answers, str):
        made["cells"][1]["source"] += f"\n{answers}"
    return made


def right() -> dict[str, str]:
    """Give the solutions of the chapter."""
    return solutions(json.loads(CHAPTER.read_text(encoding="utf-8")))


WRONG = {"grid_shape": "def grid_shape(grid):\n    return len(grid[0]), len(grid)"}


def write(folder: Path, name: str, handed_in: dict) -> Path:
    """Write a notebook into a folder."""
    path = folder / f"{name}.ipynb"
    path.write_text(json.dumps(handed_in), encoding="utf-8")
    return path
