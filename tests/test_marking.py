"""Answers are judged by their values alone, and by the very sentences of `check`."""

import json
from typing import Any

import pytest

import submissions
from book.chapters import PATHS, exercises, imports, solutions
from book.wrong_answers import WRONG_ANSWERS
from companion.answering.marking import answers_of, call, cases_of, judge, pack, unpack
from companion.answering.trying import try_answer
from companion.exercises import EXERCISES, WITH_TENSORS
from scripts.classroom.tasks import light_imports


def marked(cells: list[str], *names: str, seconds: float = 0.3) -> dict[str, tuple[str, str]]:
    """Give mark and sentence of each exercise, with all that crosses written as JSON."""
    cases = json.loads(call("cases", json.dumps([names])))
    told = json.loads(json.dumps(answers_of(cells, cases, seconds)))
    found = {name: judge(name, told.get(name)) for name in names}
    return {name: (each["mark"], each["sentence"]) for name, each in found.items()}


def code(notebook: dict[str, Any]) -> list[str]:
    return [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]


# Of these chapters, the cases and answers are of all kinds: bytes, tuples, floats, lists of lists.
VARIED = [path for path in PATHS if path.stem[:2] in ("02", "06", "12")]


@pytest.mark.parametrize("path", VARIED, ids=lambda path: path.stem)
def test_an_answer_in_a_notebook_gets_the_mark_and_the_sentence_of_check(path):
    differing = []
    for name, stub in exercises(path).items():
        if name in WITH_TENSORS:
            continue
        for source in (stub, solutions(path)[name], WRONG_ANSWERS[name][0][0]):
            theirs = try_answer(source.split("\ncheck(")[0], name, light_imports(imports(path)), 60)
            cells = [light_imports(imports(path)), source.split("\ncheck(")[0]]
            mark, sentence = marked(cells, name, seconds=60)[name]
            same = sentence == theirs["sentence"] and (mark == "right") == theirs["right"]
            if not same:
                differing.append((name, mark, sentence, theirs["sentence"]))
    # What is told before a function is called, of its parameters, is told here by the call.
    assert [each for each in differing if "by the names of its parameters" not in each[3]] == []
    assert {mark for _, mark, _, _ in differing} <= {"wrong"}


def test_values_cross_as_they_are_and_nothing_else_crosses():
    value = [None, ..., True, 10**30, -0.0, float("inf"), "\ud800é", b"\x00", (1,), {2}, {3: [4]}]
    assert repr(unpack(json.loads(json.dumps(pack(value))))) == repr(value)
    with pytest.raises(ValueError, match="type Mine, which is no plain value"):
        pack([Mine(3)])
    for strange in ({"list": 3}, {"object": []}, {"float": "x"}, [1], {"a": 1, "b": 2}, 1.5):
        with pytest.raises(ValueError):  # noqa: PT011 (each says so in its own words)
            unpack(strange)


class Mine(int):
    """A number that says of itself what it likes."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


def test_a_right_notebook_scores_all_and_a_wrong_one_is_told_the_property():
    handed_in = code(submissions.notebook(submissions.right()))
    assert {mark for mark, _ in marked(handed_in, *submissions.NAMES).values()} == {"right"}
    found = marked(code(submissions.notebook(submissions.WRONG)), *submissions.NAMES)
    assert [mark for mark, _ in found.values()] == ["wrong", "not attempted", "not attempted"]
    assert "It fails for grid=" in found["grid_shape"][1]


def test_what_overwrites_check_scores_nothing(monkeypatch):
    import companion.answering.marking as marking
    import companion.checking

    handed_in = code(submissions.notebook(submissions.OVERWRITES_CHECK))
    with monkeypatch.context() as patch:  # what the notebook overwrites is put back after it
        patch.setattr(companion.checking, "check", companion.checking.check)
        patch.setattr(companion.checking.exercises, "EXERCISES", EXERCISES)
        patch.setattr(marking, "answers_of", answers_of)
        patch.setattr(marking, "judge", judge)
        told = answers_of(handed_in, cases_of(submissions.NAMES), 0.3)
    found = [judge(name, told[name]) for name in submissions.NAMES]
    assert [each["mark"] for each in found] == ["not marked"] * 3
    assert "type Anything, which is no plain value" in found[0]["sentence"]


def test_a_loop_is_stopped_and_the_other_exercises_are_marked():
    loop = "def mean_surprise(probabilities):\n    while True: pass"
    handed_in = code(submissions.notebook(submissions.right() | {"mean_surprise": loop}))
    found = marked(handed_in, *submissions.NAMES)
    assert [mark for mark, _ in found.values()] == ["right", "right", "not marked"]
    assert "Stopped after 0.3 seconds, at line 2" in found["mean_surprise"][1]


@pytest.mark.parametrize(
    "told",
    [
        None, [], 3, "right", {}, {"mark": "right"}, {"answers": None}, {"answers": [{}]},
        {"answers": [{"gave": True, "given": None}]}, {"answers": [{"raised": "\x00", "said": ""}]},
        {"reason": {"mark": "right"}}, {"answers": ["x" * 3_000_000]},
    ],
)  # fmt: skip
def test_whatever_a_program_writes_in_the_place_of_its_answers_is_not_marked(told):
    assert judge("grid_shape", told)["mark"] == "not marked"


def test_an_exercise_with_tensors_is_not_marked_and_says_why():
    (name,) = WITH_TENSORS
    assert name not in cases_of([name])
    assert judge(name, None)["sentence"].startswith("It needs PyTorch")


def test_a_function_that_changes_its_arguments_is_refused_as_by_check():
    source = "def must_say(ids, end_id):\n    ids.append(end_id)\n    return ids[1:]"
    mark, sentence = marked([source], "must_say")["must_say"]
    assert mark == "wrong"
    assert "changes what it is given" in sentence
