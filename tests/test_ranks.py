"""Ranks: processes that train together have the batches, the loss and the gradient of one."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy
from torch.utils.data import DistributedSampler

from companion import Collator, LengthBucketSampler
from companion.programs.two_ranks import main, toy_entries, toy_model
from companion.ranks import (
    check_ranks_agree,
    lockstep_efficiency,
    sum_over_ranks,
    supervised_in_step,
    token_weighted_loss,
    train,
)
from experiments.ranks import lockstep, plan, write_set

ROOT = Path(__file__).parents[1]
LIMIT = 100  # seconds after which a process that hangs is ended, and its test fails

# What two real processes do, each with its rank; what they say is compared below.
PROGRAM = """
import json, sys, datetime
import torch, torch.distributed as dist
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel
from companion.ranks import *

rank, meet, cases = int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
dist.init_process_group("gloo", f"file://{meet}", rank=rank, world_size=2,
                        timeout=datetime.timedelta(seconds=60))
said = {"sum": sum_over_ranks(2**40 + rank), "gradients": [], "counts": [], "refused": []}
for ranks in cases:
    table = torch.nn.Embedding(6, 6, _weight=torch.arange(36.0).reshape(6, 6).sin())
    model = DistributedDataParallel(table)
    batches = [(torch.tensor(i), torch.tensor(t)) for i, t in ranks[rank]]
    count = supervised_in_step(t for _, t in batches)
    said["counts"].append(count)
    try:
        for at, (inputs, targets) in enumerate(batches):
            model.require_backward_grad_sync = at == len(batches) - 1
            logits = model(inputs).flatten(0, 1)
            loss = cross_entropy(logits, targets.flatten(), reduction="sum")
            token_weighted_loss(loss, count).backward()
        said["gradients"].append(table.weight.grad.tolist())
    except ValueError as error:
        said["refused"].append(str(error))
check_ranks_agree(steps=7, seed=[1, 2])
for settings in ({"seed": 0, "steps": 4 + rank}, {"epoch": 0} if rank else {}):
    try:
        check_ranks_agree(**settings)
    except ValueError as error:
        said["refused"].append(str(error))
dist.destroy_process_group()
print(json.dumps(said))
"""

# For each rank its batches of one step, as (inputs, targets); -100 is not supervised.
CASES = {
    "another number of targets on each": [
        [[[[0, 1, 2]], [[1, -100, -100]]]],
        [[[[3, 4, 5]], [[4, 5, 0]]]],
    ],
    "several batches, and another number of them": [
        [[[[0, 1]], [[1, 2]]], [[[2]], [[3]]], [[[3, 3]], [[-100, 4]]]],
        [[[[5, 5, 5], [1, 2, 3]], [[5, 5, 1], [2, 3, -100]]]],
    ],
    "one rank with nothing supervised": [
        [[[[0, 1]], [[-100, -100]]]],
        [[[[2, 3]], [[3, 4]]]],
    ],
}
NOTHING = [[[[[0]], [[-100]]]], [[[[1]], [[-100]]]]]


def start(*command, cwd=None):
    """Start Python on this checkout, with one thread and as the first of its own group."""
    known = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, *command],
        env=known,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that what it starts can be ended with it
    )


def ended(processes):
    """Wait for all, and give (exit status, stdout, stderr) of each; end those that hang."""
    try:
        said = [process.communicate(timeout=LIMIT) for process in processes]
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return [(p.returncode, *texts) for p, texts in zip(processes, said, strict=True)]


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Run `PROGRAM` in two processes, and give what each said."""
    meet = tmp_path_factory.mktemp("ranks") / "meet"
    cases = json.dumps([*CASES.values(), NOTHING])
    done = ended([start("-c", PROGRAM, str(rank), str(meet), cases) for rank in (0, 1)])
    assert [(status, error) for status, _, error in done] == [(0, ""), (0, "")]
    return [json.loads(said) for _, said, _ in done]


@pytest.fixture(scope="module")
def launched():
    """Start the program of the chapter with PyTorch's launcher, all tasks at once."""
    launch = "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"
    tasks = {
        "train": ("train", "--accumulate", "2"),
        "killed": ("killed",),
        "late": ("late", "--timeout", "6"),
    }

    started = [
        start(*launch, "-m", "companion.programs.two_ranks", *task) for task in tasks.values()
    ]
    return dict(zip(tasks, ended(started), strict=True))


def of_one_process(ranks):
    """Give the gradient of the mean over all targets of all ranks, row by row."""
    table = torch.arange(36.0).reshape(6, 6).sin().requires_grad_()
    pairs = [
        (token, target)
        for batches in ranks
        for inputs, targets in batches
        for row, goals in zip(inputs, targets, strict=True)
        for token, target in zip(row, goals, strict=True)
        if target != -100
    ]
    tokens, goals = torch.tensor(pairs).T
    cross_entropy(table[tokens], goals).backward()
    return table.grad, len(pairs)


@pytest.mark.parametrize("case", CASES)
def test_the_averaged_gradient_of_two_processes_is_that_of_one(two, case):
    place = list(CASES).index(case)
    truth, count = of_one_process(CASES[case])
    for said in two:
        assert said["counts"][place] == count
        torch.testing.assert_close(torch.tensor(said["gradients"][place]), truth)


def test_the_mean_of_the_ranks_means_is_another_gradient():
    """What the weighting is for: without it these cases would not tell right from wrong."""
    ranks = CASES["another number of targets on each"]
    truth, _ = of_one_process(ranks)
    means = (of_one_process(ranks[:1])[0] + of_one_process(ranks[1:])[0]) / 2
    assert not torch.allclose(means, truth, atol=0.01)


def test_a_step_of_which_nothing_is_supervised_is_refused_on_every_rank(two):
    for said in two:
        assert said["counts"][-1] == 0
        assert len(said["gradients"]) == len(CASES)
        assert said["refused"][0].startswith("a step needs a supervised target on one rank")


def test_a_sum_over_ranks_is_exact_for_counts(two):
    assert [said["sum"] for said in two] == [2**41 + 1] * 2


def test_ranks_that_do_not_agree_are_all_told_who_has_what(two):
    for said in two:
        assert said["refused"][1:] == [
            "steps must be the same on all ranks, and rank 0 has 4, rank 1 has 5",
            "epoch must be the same on all ranks, and rank 0 has nothing, rank 1 has 0",
        ]


def in_one_process(printed, accumulate):
    """Train the program's model on the batches that its ranks took, joined step by step."""
    entries, collate = toy_entries(), Collator(end_id=10, pad_id=11, mask="prompt")
    joined = [
        collate([entries[number] for batch in batches for number in batch])
        for batches in zip(*printed["entries"], strict=True)
    ]
    model = toy_model()
    steps = [joined[at : at + accumulate] for at in range(0, len(joined), accumulate)]
    return train(model, steps), model.weight


def test_the_launched_ranks_end_with_the_model_of_one_process(launched):
    status, said, error = launched["train"]
    assert status == 0, error
    printed = json.loads(said)
    taken = [number for batches in printed["entries"] for batch in batches for number in batch]
    assert sorted(taken) == list(range(11))
    losses, table = in_one_process(printed, accumulate=2)
    assert len(losses) == 2  # of two batches for each rank, and of the one that is left
    assert printed["losses"] == pytest.approx(losses, rel=1e-6)
    torch.testing.assert_close(torch.tensor(printed["table"]), table.detach())
    assert not torch.allclose(table, toy_model().weight, atol=0.01)


def test_the_launcher_names_the_rank_that_was_killed_and_ends_the_other(launched):
    status, _, error = launched["killed"]
    assert status == 1
    cause = error.split("Root Cause")[1]
    assert re.search(r"rank +: 1 ", cause)
    assert "Signal 9 (SIGKILL)" in cause


def test_a_rank_that_does_not_come_is_waited_for_only_so_long(launched):
    status, said, error = launched["late"]
    assert status == 1
    assert json.loads(said) == {"rank": 0, "waited": 6.0}, error


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train"], "no rank is given: start it with python -m torch.distributed.run"),
        (["train", "--accumulate", "0"], "--batch-size and --accumulate are at least 1"),
        (["train", "--timeout", "-1"], "--timeout is more than 0"),
        (["sleep"], "invalid choice: 'sleep'"),
    ],
)
def test_the_program_says_what_it_lacks(arguments, sentence, capsys, monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(SystemExit):
        main(arguments)
    assert sentence in capsys.readouterr().err


# Without other processes -------------------------------------------------------------------


@given(st.lists(st.lists(st.integers(-1, 5), min_size=1, max_size=9), min_size=1, max_size=5))
def test_accumulated_batches_have_the_gradient_of_one_batch(rows):
    targets = [torch.tensor([[t if t >= 0 else -100 for t in row]]) for row in rows]
    count = supervised_in_step(targets)
    assert count == sum(target >= 0 for row in rows for target in row)
    table = torch.arange(36.0).reshape(6, 6).sin().requires_grad_()
    if count == 0:
        with pytest.raises(ValueError, match="a step needs a supervised target"):
            token_weighted_loss(torch.tensor(0.0), count)
        return
    for each in targets:
        scores = table[torch.arange(each.numel()) % 6]
        loss = cross_entropy(scores, each.flatten(), reduction="sum")
        token_weighted_loss(loss, count).backward()
    truth, _ = of_one_process(
        [[([[at % 6 for at in range(each.numel())]], each.tolist())] for each in targets]
    )
    torch.testing.assert_close(table.grad, truth)


def test_alone_a_rank_agrees_with_itself():
    check_ranks_agree(steps=3)
    assert sum_over_ranks(2.5) == 2.5


def test_a_loss_that_is_no_sum_is_refused():
    with pytest.raises(ValueError, match=r'shape \(3,\): use reduction="sum"'):
        token_weighted_loss(torch.zeros(3), 3)


@pytest.mark.parametrize("supervised", [0, -1])
def test_a_step_without_targets_is_refused(supervised):
    with pytest.raises(ValueError, match=f"found {supervised}: leave the step out on all ranks"):
        token_weighted_loss(torch.tensor(0.0), supervised)


def test_a_count_that_is_not_whole_is_refused():
    with pytest.raises(ValueError, match=r"supervised is a whole number, 1 or more; found 2.5"):
        token_weighted_loss(torch.tensor(1.0), 2.5)


def test_lengths_that_count_nothing_are_refused():
    with pytest.raises(ValueError, match="a length counts tokens, a whole number; found float64"):
        lockstep_efficiency([1.5, 2.0], [[[0], [1]]])


def test_the_widest_rank_sets_the_pace():
    assert lockstep_efficiency([9, 4, 4, 9], [[[0], [1]], [[2], [3]]]) == pytest.approx(0.75)
    assert lockstep_efficiency([9, 4, 4, 9], [[[0], [1]], [[3], [2]]]) == 1
    for batches in ([], [[]], [[[0]], []], [[[0]], [[1], [2]]]):
        with pytest.raises(ValueError, match="equally many steps, one or more; found"):
            lockstep_efficiency([1, 2, 3], batches)


@given(
    entries=st.integers(1, 60),
    ranks=st.integers(1, 8),
    batch_size=st.integers(2, 5),
    epoch=st.integers(0, 3),
    data=st.data(),
)
def test_after_a_resumption_every_entry_still_comes_exactly_once(
    entries, ranks, batch_size, epoch, data
):
    ranks = min(ranks, entries)
    lengths = [7 * number % 23 for number in range(entries)]

    def samplers():
        return [
            LengthBucketSampler(lengths, batch_size, num_replicas=ranks, rank=rank)
            for rank in range(ranks)
        ]

    first = samplers()
    for sampler in first:
        sampler.set_epoch(epoch)
    done = data.draw(st.integers(0, len(first[0])))
    before = [batch for sampler in first for batch in list(sampler)[:done]]
    state = json.loads(json.dumps(first[0].state_dict(given=done)))  # rank 0 writes for all
    again = samplers()
    for sampler in again:
        sampler.load_state_dict(state)
    after = [batch for sampler in again for batch in sampler]
    taken = [number for batch in before + after for number in batch]
    assert sorted(taken) == list(range(entries))


@pytest.mark.parametrize("entries", [11, 55, 935, 1100])
@pytest.mark.parametrize("ranks", [2, 4, 8])
def test_pytorchs_sampler_repeats_or_misses_what_does_not_divide(entries, ranks):
    """The rule that the chapter states; ours gives every entry once on the same ranks."""
    for drop, repeated, missing in ((False, -entries % ranks, 0), (True, 0, entries % ranks)):
        parts = [DistributedSampler(range(entries), ranks, r, drop_last=drop) for r in range(ranks)]
        counts = Counter(int(number) for part in parts for number in part)
        assert counts.total() - len(counts) == repeated
        assert entries - len(counts) == missing
    ours = [
        LengthBucketSampler(np.arange(entries), 2, num_replicas=ranks, rank=rank)
        for rank in range(ranks)
    ]
    assert Counter(n for part in ours for batch in part for n in batch) == Counter(range(entries))


@pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="memory is counted as Linux does"
)
def test_two_ranks_go_through_a_set_that_neither_may_hold(tmp_path):
    folder, room = tmp_path / "set", 30
    tokens = write_set(folder, 200_000)
    size = sum(file.stat().st_size for file in folder.glob("*.npy")) / 1e6
    assert size > 1.5 * room  # megabytes
    parts = ("walk", folder, 0, room), ("walk", folder, 1, room), ("hold", folder, room)
    done = ended([start("-m", "experiments.ranks", *map(str, p), cwd=ROOT) for p in parts])
    assert [(status, error) for status, _, error in done] == [(0, "")] * 3
    *ranks, held = (json.loads(said) for _, said, _ in done)
    assert held.keys() == {"refused"}
    assert sum(took["tokens"] for took in ranks) == tokens
    for took in ranks:
        own = took["megabytes of its own, at the end"] - took["megabytes of its own, at first"]
        files = took["megabytes of files, at the end"] - took["megabytes of files, at first"]
        assert own < size / 2 < 0.8 * size < files


def test_in_buckets_less_time_is_waited_and_each_rank_has_a_plan_of_its_own():
    found = lockstep(5_000)
    for ranks in ("2", "4", "8", "64"):
        assert found["random"][ranks] < found["bucketed"][ranks]
    planned = plan(tokens=10**6, ranks=64)
    assert planned["tokens"] == pytest.approx(10**6, rel=0.02)
    assert planned["steps"] == -(-planned["entries"] // (64 * 8))
