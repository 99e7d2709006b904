"""Trying an answer: what a reader is told, whatever the answer does."""

import random

import pytest

from companion.answering import trying
from companion.answering.engine import RUNNABLE
from companion.answering.trying import MOST_OUTPUT, try_answer
from companion.exercises import EXERCISES

RIGHT = "def grid_shape(grid):\n    return len(grid), len(grid[0])"


def test_a_right_answer_is_right_and_prints_what_it_prints():
    told = try_answer("print('here')\n" + RIGHT, "grid_shape")
    assert told == {
        "right": True,
        "sentence": "grid_shape: right, on all 54 cases.",
        "printed": "here\n",
        "spoiled": False,
    }


def test_imports_are_made_name_by_name():
    imports = "import math\nimport nowhere\nfrom random import Random, nothing\nx = 1 / 0"
    source = "def grid_shape(grid):\n    return math.floor(len(grid)), Random(1) and len(grid[0])"
    assert try_answer(source, "grid_shape", imports)["right"]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("x = 1", "There is no function grid_shape in your answer."),
        ("grid_shape = 1", "There is no function grid_shape in your answer."),
        ("def f():\n    1 / 0\nf()", "line 3, in <module>: f()\nline 2, in f: 1 / 0\n"
         "ZeroDivisionError: division by zero"),
        ("def f():\n    f()\nf()", "line 3, in <module>: f()\nline 2, in f: f()\n"
         "line 2, in f: f()\n...\nRecursionError: maximum recursion depth exceeded"),
        ("raise SystemExit(3)", "line 1, in <module>: raise SystemExit(3)\nSystemExit: 3"),
        ("grid_shape = (", 'File "<your answer>", line 1\n'),
        ("import json\njson.loads('x')", "line 2, in <module>: json.loads('x')\n"
         "json.decoder.JSONDecodeError: "),
    ],
)  # fmt: skip
def test_what_prevents_a_check_is_told_by_the_readers_own_lines(source, sentence):
    told = try_answer(source, "grid_shape")
    assert told["right"] is False
    assert told["sentence"].startswith(sentence)


def test_an_answer_that_never_ends_is_stopped_with_its_line():
    told = try_answer(
        "def grid_shape(grid):\n    while True:\n        pass", "grid_shape", seconds=0.2
    )
    assert told["sentence"] in {
        f"grid_shape: stopped after 0.2 seconds, at line {line}. Does a loop never end?"
        for line in (2, 3)
    }


def test_no_more_is_kept_of_what_is_printed_than_can_be_shown():
    told = try_answer("for _ in range(30): print('x' * 1000)\n" + RIGHT, "grid_shape")
    assert len(told["printed"]) == MOST_OUTPUT
    assert told["right"]


@pytest.mark.parametrize(
    "source",
    [
        "import random\nrandom.Random.choice = None",
        "import random\nrandom.seed = None",
        "import companion.checking\ncompanion.checking._holds = None",
        "from companion.exercises import making\nmaking.Exercise.cases = None",
        "import companion.exercises.start_here as here\nhere.grid_shape = None",
    ],
)
def test_an_answer_that_changes_what_others_rely_on_is_found_out(source, monkeypatch):
    try_answer(RIGHT, "grid_shape")  # so that the exercise's module is there
    before = {(owner, name): getattr(owner, name) for owner, name in _changed(source)}
    try:
        assert try_answer(f"{source}\n{RIGHT}", "grid_shape")["spoiled"]
    finally:
        for (owner, name), value in before.items():
            setattr(owner, name, value)
    assert not try_answer(RIGHT, "grid_shape")["spoiled"]


def _changed(source):
    """Give the owner and the name of what a source's last line assigns to."""
    space: dict[str, object] = {}
    *imported, last = source.split("\n")
    exec("\n".join(imported), space)
    owner, name = last.split(" = ")[0].rsplit(".", 1)
    return [(eval(owner, space), name)]


def test_the_exercises_of_a_page_are_all_that_need_no_tensor():
    assert {*EXERCISES} - {*RUNNABLE} == {"move_batch"}


def test_chance_is_as_it_was_after_an_answer():
    random.seed(1)
    expected = random.random()
    random.seed(1)
    try_answer(RIGHT, "grid_shape")
    assert random.random() == expected
    assert trying.FILE == "<your answer>"
