"""The benchmarks run, agree on every batch before they time it, and write whole files."""

import json
import subprocess
import sys
from itertools import product

import numpy as np
import pytest
import torch

from benchmarks import auditing, collating, implementations, measuring, surveying, tokenizing
from companion.tokenizing import END_ID, TokenizedEntry
from files import run_quickly

NAMES = {"ours", "limit", "fused loop", "teaching", "TRL", "transformers"}
TOY = [
    TokenizedEntry(np.array([0, 1, 2, 3, 4]), prompt_length=3),
    TokenizedEntry(np.array([5, 6])),
    TokenizedEntry(np.array([7, END_ID, 9]), prompt_length=1),
]


@pytest.fixture(scope="module")
def timed(tmp_path_factory):
    file = tmp_path_factory.mktemp("results") / "quick.json"
    threads = torch.get_num_threads()
    results = collating.main(["--quick", "--out", str(file)])
    assert torch.get_num_threads() == threads
    return results, file


def test_every_cell_of_the_table_is_timed(timed):
    results, _ = timed
    cells = [(at["set"], at["mask"], at["batch"], at["place"]) for at in results["cells"]]
    assert cells == list(
        product(
            ("short", "long-tailed"),
            ("none", "prompt"),
            (8, 64, 512),
            ("after another", "in a row"),
        )
    )
    for at in results["cells"]:
        assert at["microseconds"].keys() == _names()
        for figures in at["microseconds"].values():
            low, high = figures["quartiles"]
            assert 0 < low <= figures["median"] <= high
        assert at["times the time of ours"].keys() == _names() - {"ours"}
        assert at["ours takes times"].keys() == {"limit", "fused loop"}
        assert {"fused loop", "TRL", "transformers"} <= at["targets"].keys()


def test_ratios_and_verdicts_are_those_of_the_medians():
    names = {"ours": 2.0, "limit": 1.0, "fused loop": 1.0, "TRL": 62.0, "transformers": 58.0}
    made = collating.cell({name: [time, time, 9 * time] for name, time in names.items()}, 64)
    assert made["ours takes times"] == {"limit": 2.0, "fused loop": 2.0}
    assert made["times the time of ours"] == {
        "limit": 0.5,
        "fused loop": 0.5,
        "TRL": 31.0,
        "transformers": 29.0,
    }
    assert made["targets"] == {
        "fused loop": {"ours takes at most": 1.6, "met": False},
        "TRL": {"takes at least": 30, "met": True},
        "transformers": {"takes at least": 30, "met": False},
    }


def test_what_is_written_is_what_was_measured(timed):
    results, file = timed
    assert json.loads(file.read_text()) == results
    assert list(file.parent.iterdir()) == [file]


def test_peers_that_are_not_installed_are_named(timed):
    results, _ = timed
    assert set(results["absent"]) == set(implementations.OPTIONAL) - _names()
    assert all(name in collating.table(results) for name in results["absent"])


def test_the_table_shows_targets_and_whether_they_are_met(timed):
    results, _ = timed
    rows = collating.table(results).splitlines()
    verdicts = [at["targets"][name]["met"] for at in results["cells"] for name in at["targets"]]
    signs = [word for row in rows if "masked, batch" in row for word in row.split()]
    assert (signs.count("+"), signs.count("!")) == (verdicts.count(True), verdicts.count(False))


@pytest.mark.parametrize("masked", [False, True])
def test_every_implementation_gives_the_batch_that_is_written_here(masked):
    inputs = torch.tensor([[0, 1, 2, 3, 4], [5, 6, *[END_ID] * 3], [7, END_ID, 9, *[END_ID] * 2]])
    plain = [[1, 2, 3, 4, END_ID], [6, END_ID, *[-100] * 3], [END_ID, 9, END_ID, *[-100] * 2]]
    first = [-100, -100, 3, 4, END_ID] if masked else plain[0]
    targets = torch.tensor([first, *plain[1:]])
    for name, made in implementations.implementations(masked).items():
        found = made.collate(made.prepare(TOY))
        assert all(map(torch.equal, found, (inputs, targets))), name


@pytest.mark.parametrize("broken", sorted(NAMES - {"ours"}))
def test_a_batch_that_differs_is_not_timed(broken):
    contestants = implementations.implementations(masked=True)
    good = contestants[broken]

    def wrong(items):
        inputs, targets = good.collate(items)
        return inputs, targets.roll(1)

    contestants[broken] = implementations.Implementation(good.prepare, wrong)
    with pytest.raises(ValueError, match=f"{broken} gives another batch than ours; nothing was"):
        collating.compare([TOY], contestants, 0.0)


def test_the_long_tail_is_as_it_is_described():
    lengths = sorted(len(entry.ids) for entry in collating.long_tailed())
    assert 105 <= sum(lengths) / len(lengths) <= 111
    assert 350 <= lengths[len(lengths) * 99 // 100] <= 410
    assert lengths[-1] == 1293


def test_tokenizing_is_timed_and_written_where_it_is_told(tmp_path):
    file = tmp_path / "quick.json"
    command = [sys.executable, "-m", "benchmarks.tokenizing", "--quick", "--out", str(file)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True)
    results = json.loads(file.read_text())
    assert printed.stderr == ""
    assert printed.stdout == tokenizing.table(results) + "\n"
    assert results["times the bare loop"].keys() == {"InstructionDataset", "tokenize_entry"}
    assert results["entries"]["timed"] >= tokenizing.FEWEST


def test_a_quick_run_does_not_overwrite_the_packaged_figures(capsys):
    with pytest.raises(SystemExit):
        collating.main(["--quick"])
    assert "--quick needs --out" in capsys.readouterr().err


def test_calls_take_turns_over_their_own_inputs():
    seen = {"a": [], "b": []}
    calls = {name: seen[name].append for name in seen}
    first, second = measuring.take_turns(calls, {"a": [1, 2], "b": [3]}, 0.0, seed=0, in_a_row=2)
    assert first.keys() == second.keys() == seen.keys()
    assert {len(taken) for times in (first, second) for taken in times.values()} == {3}
    assert seen["a"] == [1, 2, 1, 2, 1, 2, 1, 2]  # the first two are not timed
    assert seen["b"] == [3] * 7


def _names():
    return implementations.implementations(masked=False).keys() | NAMES


def test_a_survey_is_timed_beside_what_others_take_for_the_same_tokens(tmp_path):
    pytest.importorskip("datasets")
    results, printed = run_quickly("benchmarks.surveying", tmp_path)
    names = set(surveying.CALLS)
    assert results["seconds"].keys() == results["most memory in MB"].keys() == names
    assert all(one["median"] > 0 for one in results["seconds of processors"].values())
    assert results["entries"]["count"] == 60
    assert {line.split("  ")[0] for line in printed.splitlines()[1:]} == names


def test_every_large_batch_is_audited_by_a_process_of_its_own(tmp_path):
    file = tmp_path / "auditing.json"
    results = auditing.main(["--quick", "--out", str(file)])
    assert json.loads(file.read_text()) == results
    assert set(results["large"]) == set(auditing.large(1, 1))
    assert all(at["seconds"] >= 0 and at["gigabytes"] > 0 for at in results["large"].values())
    assert all(at["characters"] < 10**6 for at in results["large"].values())
    assert [(at["rows"], at["width"]) for at in results["growth"]] == [
        (1, 64), (1, 128), (16, 64), (16, 128),
    ]  # fmt: skip
