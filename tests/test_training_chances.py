"""Each fault is compared with its own twin, on the seeds and questions that both have."""

import json

import numpy as np
import pytest

from companion.results import load
from experiments.training_chances import compare, main, read_exact


def test_the_stored_chances_are_those_of_the_stored_runs(tmp_path):
    main(["--out", str(tmp_path / "chances.json")])
    assert json.loads((tmp_path / "chances.json").read_text("utf-8")) == load("training_chances")


def test_the_differences_are_those_of_the_table():
    told = {one["variant"]: one["difference"] for one in load("training_chances")["comparisons"]}
    for line in load("training")["table"]:
        if line["twin"]:
            assert told[line["variant"]] == line["exact"]["minus the right twin"]["is"]


def test_what_every_seed_and_question_shows_is_sure_and_a_toss_of_coins_is_not():
    dice = np.random.default_rng(0)
    coins = {seed: (dice.random(100) < 0.5).astype(float) for seed in range(3)}
    others = {seed: (dice.random(100) < 0.5).astype(float) for seed in range(3)}
    harmed = {seed: marks * (np.arange(100) % 2) for seed, marks in coins.items()}
    exact = {"right": coins, "other coins": others, "harmed": harmed}
    first, second = compare(exact, {"other coins": "right", "harmed": "right"})
    assert (first["variant"], first["chance, corrected"] < 0.01) == ("harmed", True)
    assert first["chance, corrected"] == 2 * first["chance"]
    assert (second["variant"], second["chance, corrected"] > 0.05) == ("other coins", True)


def test_only_seeds_that_both_have_are_compared():
    exact = {"right": {0: np.ones(9), 1: np.zeros(9)}, "wrong": {1: np.ones(9), 2: np.ones(9)}}
    (one,) = compare(exact, {"wrong": "right"})
    assert (one["seeds"], one["difference"], one["by seed"]) == ([1], 1.0, [1.0])


def test_runs_of_other_code_are_not_mixed(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.json").write_text(json.dumps({"hash": name}), "utf-8")
    with pytest.raises(ValueError, match=r"one and the same code are needed; found \['a', 'b'\]"):
        read_exact(tmp_path)
