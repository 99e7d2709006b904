"""Training runs: the task's answers are right, and each fault is what its name says and no more."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from companion.entries import Entry
from companion.training import END_ID, Transformer, decode, generate, make_entries, tokenized
from experiments import training
from experiments.training import QUICK, VARIANTS, bootstrap, gather, make_runs
from files import run_quickly

TEXTS = [Entry("R", "ab", "ba"), Entry("U", "abcd", "ABCD"), Entry("L", "x", "x")]
SMALL = replace(QUICK, cut=9, pack=30, micro=1)


def seen(ids):
    """Give ids as characters: `.` is ignored, `$` the end token or a pad, `/` a line break."""
    signs = {-100: ".", END_ID: "$"}
    return "".join(signs.get(i) or decode([i]).replace("\n", "/") for i in ids)


def feeds(name):
    return VARIANTS[name].collate(tokenized(TEXTS), SMALL)


def answer(entry):
    """Answer an entry by the words of its instruction."""
    text, turned = entry.input, ""
    for character in text:
        turned = character + turned
    if entry.instruction == "Reverse":
        return turned
    if entry.instruction == "Upper case":
        return "".join(chr(ord(c) - 32) for c in text)
    if entry.instruction == "Last letter":
        return turned[0]
    if entry.instruction == "Say twice":
        return f"{text}{text}"
    assert entry.instruction == "Sort"
    return "".join(digit * text.count(digit) for digit in "0123456789")


def test_every_answer_is_right_and_nothing_held_out_is_trained_on():
    held = make_entries(200, seed=1)
    entries = make_entries(2000, seed=0, without=held)
    assert [e.output for e in held + entries] == [answer(e) for e in held + entries]
    assert len(set(held + entries)) == 2200
    assert make_entries(2000, seed=0, without=held) == entries
    assert {len(e.output) for e in entries} >= {1, 3, 6, 7, 14}
    assert all(len(set(e.input)) == len(e.input) in range(3, 8) for e in entries)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("right", [".......ba$....", ".........ABCD$", "......x$......"]),
        ("no end token", [".......ba....", ".........ABCD", "......x......"]),
        ("end token ignored", [".......ba.....", ".........ABCD.", "......x......."]),
        ("no shift", ["........ba$....", "..........ABCD$", ".......x$......"]),
        ("shifted twice", ["......ba$.....", "........ABCD$.", ".....x$......."]),
        ("padding not ignored", [".......ba$$$$$", ".........ABCD$", "......x$$$$$$$"]),
        ("prompt not masked", [": ab/> ba$....", ": abcd/> ABCD$", ": x/> x$......"]),
        ("mask without the header", ["..../> ba$....", "....../> ABCD$", ".../> x$......"]),
        ("mask one too long", ["........a$....", "..........BCD$", ".......$......"]),
        ("mask one too short", ["...... ba$....", "........ ABCD$", "..... x$......"]),
        ("responses cut", [".......ba", ".........", "......x$."]),
        ("targets rolled by one row", ["......x$......", ".......ba$....", ".........ABCD$"]),
        ("left padding, right", ["...........ba$", ".........ABCD$", "............x$"]),
        (
            "left padding, no mask, no positions",
            ["...........ba$", ".........ABCD$", "............x$"],
        ),
        ("packed, right", [".......ba$.........ABCD$......", "......x$" + 22 * "."]),
        (
            "packed, targets across borders",
            [".......baU.........ABCD$......", "......x$" + 22 * "."],
        ),
        ("packed, not isolated", [".......ba$.........ABCD$......", "......x$" + 22 * "."]),
    ],
)
def test_the_targets_of_each_fault_are_what_its_name_says(name, expected):
    ((_, targets, *_),) = feeds(name)
    assert [seen(row) for row in targets.tolist()] == expected


@pytest.mark.parametrize(
    "name",
    [
        "end token ignored",
        "shifted twice",
        "padding not ignored",
        "prompt not masked",
        "mask one too long",
        "mask one too short",
        "targets rolled by one row",
    ],
)
def test_a_fault_of_the_targets_leaves_the_inputs_alone(name):
    assert torch.equal(feeds(name)[0][0], feeds("right")[0][0])


def gradient(name):
    model = Transformer(16, 1, 4)
    training.loss_of(model, feeds(name), VARIANTS[name].mean_of_means).backward()
    return torch.cat([weights.grad.flatten() for weights in model.parameters()])


@pytest.mark.parametrize("name", ["left padding, right", "packed, right", "accumulated, right"])
def test_a_right_twin_learns_what_the_right_run_learns(name):
    torch.testing.assert_close(gradient(name), gradient("right"), atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize(
    "name",
    ["left padding, no mask, no positions", "packed, not isolated", "accumulated, mean of means"],
)
def test_a_fault_of_the_layout_learns_something_else_than_its_twin(name):
    twin = gradient(VARIANTS[name].twin)
    assert (gradient(name) - twin).norm() > 0.01 * twin.norm()


def test_prompts_of_unequal_length_are_answered_as_if_alone():
    model, prompts = Transformer(16, 1, 4), ["R: ab\n> ", "U: abcdefgh\n> "]
    assert generate(model, prompts) == [generate(model, [p])[0] for p in prompts]


def figures(folder):
    """Give the runs without their times."""
    found = {}
    for file in sorted(folder.glob("*.json")):
        one = json.loads(file.read_text())
        found[file.name] = {k: v for k, v in one.items() if "seconds" not in k}
    return found


def test_runs_that_were_killed_go_on_with_the_same_figures(tmp_path, monkeypatch):
    names = ["right", "no end token"]
    make_runs(tmp_path / "whole", QUICK, names, 1, progress=False)
    whole, real, made = figures(tmp_path / "whole"), training.write, []

    def killed(results, file):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(file.name)
        real(results, file)

    monkeypatch.setattr(training, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        make_runs(tmp_path / "killed", QUICK, names, 1, progress=False)
    monkeypatch.setattr(training, "write", real)
    before = {f.name: f.stat().st_mtime_ns for f in (tmp_path / "killed").iterdir()}
    assert sorted(before) == sorted(made)
    make_runs(tmp_path / "killed", QUICK, names, 1, progress=False)
    assert figures(tmp_path / "killed") == whole
    assert {n: (tmp_path / "killed" / n).stat().st_mtime_ns for n in made} == before


@pytest.mark.parametrize("other", [{"hash": "0"}, {"plan": {}}])
def test_runs_of_other_code_or_another_plan_are_not_mixed(tmp_path, monkeypatch, other):
    monkeypatch.setitem(VARIANTS, "right", replace(VARIANTS["right"], seeds=2))
    make_runs(tmp_path, QUICK, ["right"], 1, progress=False)
    assert gather(tmp_path, QUICK, ["right"])["finished"] == {"runs": 2, "of": 2}
    file = training.file_of(tmp_path, "right", 1)
    file.write_text(json.dumps(json.loads(file.read_text()) | other))
    with pytest.raises(ValueError, match="runs are not mixed"):
        gather(tmp_path, QUICK, ["right"])


@pytest.mark.parametrize("weights", [None, np.array([1.0, 4.0, 2.0, 9.0])])
def test_the_interval_is_that_of_a_plain_loop(weights):
    values = np.random.default_rng(5).random((3, 4))
    dice, means = np.random.default_rng(7), []
    for _ in range(4000):
        seeds, questions = dice.integers(3, size=3), dice.integers(4, size=4)
        top = sum(values[s, q] for s in seeds for q in questions)
        means.append(top / (3 * sum(1.0 if weights is None else weights[q] for q in questions)))
    expected = np.quantile(means, [0.025, 0.975])
    assert bootstrap(values, weights, draws=4000) == pytest.approx(expected, rel=0.05)


def test_in_haste_the_script_writes_every_figure_with_its_interval(tmp_path):
    results, _ = run_quickly("experiments.training", tmp_path)
    (line,) = [line for line in results["table"] if line["variant"] == "packed, not isolated"]
    assert line["twin"] == "packed, right"
    for figure in ("exact", "stops", "mean length", "held-out loss", "printed loss"):
        low, high = line[figure]["minus the right twin"]["interval"]
        assert low <= line[figure]["minus the right twin"]["is"] <= high
    assert all(len(one["answers"]) == 3 for one in results["runs"])
