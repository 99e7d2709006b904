"""Ranks: the same batches on several processes, and the loss that one process would have.

Processes that train together are numbered from 0, and a process's number is its *rank*. Each
takes its own batches, and PyTorch's `DistributedDataParallel` averages their gradients. Here
is what the ranks must tell each other so that this average is the gradient that one process
would have: how many targets are supervised in a step, on all of them. What it leaves out:
which rank gets which entries (`companion.bucketing`). Chapter 12.

As a program it trains a tiny model, in as many processes as PyTorch's launcher starts, and
rank 0 prints as JSON what came out:

    python -m torch.distributed.run --standalone --nproc-per-node 2 -m companion.ranks train
"""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel

from companion.bucketing import LengthBucketSampler
from companion.collating import Batch, Collator
from companion.ignoring import IGNORE_INDEX
from companion.loading import make_loader
from companion.tokenizing import TokenizedEntry

Steps = Iterable[Sequence[Batch]]
"""For each step of the optimizer, this rank's batches of it: one, or several to accumulate."""


def sum_over_ranks(number: float) -> float:
    """Give the sum of a number over all ranks, the same on each; alone, the number itself.

    All ranks must call it, and each waits here for the others. It is summed in 64 bits, in
    which counts of tokens stay exact.

    >>> sum_over_ranks(3)
    3.0
    """
    if not _together():
        return float(number)
    card = dist.get_backend() == "nccl"  # which can only send what is on a graphics card
    shared = torch.tensor(number, dtype=torch.float64, device="cuda" if card else "cpu")
    dist.all_reduce(shared)
    return float(shared)


def supervised_in_step(targets: Iterable[Tensor], ignore_index: int = IGNORE_INDEX) -> int:
    """Give how many targets one step of the optimizer has: of all its batches, on all ranks.

    `targets`: this rank's, one tensor for each batch that is accumulated. All ranks must call
    it, one that has nothing supervised too.

    >>> supervised_in_step([torch.tensor([[1, 2, -100]]), torch.tensor([[3]])])
    3
    """
    mine = sum(int((each != ignore_index).sum()) for each in targets)
    return int(sum_over_ranks(mine))


def token_weighted_loss(loss_sum: Tensor, supervised: int) -> Tensor:
    """Give the loss to call `backward` on, so that each supervised target weighs the same.

    `loss_sum`: of one batch, `cross_entropy(..., reduction="sum")`. `supervised`: what
    `supervised_in_step` gave. `DistributedDataParallel` divides the gradients by the number
    of ranks; so the loss is multiplied by it, and divided by all the targets of the step.

    Raises `ValueError` where no target of the step is supervised. All ranks have the same
    count, so all of them raise, and none waits for another.

    >>> token_weighted_loss(torch.tensor(6.0), supervised=4)
    tensor(1.5000)
    """
    if loss_sum.dim() != 0:
        raise ValueError(
            f"loss_sum is one number, the sum over a batch; found shape {tuple(loss_sum.shape)}: "
            'use reduction="sum"'
        )
    if supervised < 1:
        raise ValueError(
            f"a step needs a supervised target on one rank at least; found {supervised}: "
            "leave the step out on all ranks, or look at the mask and at max_length"
        )
    return loss_sum * (dist.get_world_size() if _together() else 1) / supervised


def check_ranks_agree(**settings: Any) -> None:
    """Raise `ValueError`, on every rank, where a setting is not the same on all of them.

    Ask it before an epoch, with the number of steps, the seed, the epoch. A rank with fewer
    steps would let the others wait for ever; one with another seed would take entries that
    another has too, and nothing would say so. Settings are what pickle can send.

    >>> check_ranks_agree(steps=12, seed=0)
    """
    if not _together():
        return
    found: list[dict[str, Any]] = [{}] * dist.get_world_size()
    dist.all_gather_object(found, settings)
    for name in sorted(set().union(*found)):
        values = [each.get(name, "nothing") for each in found]
        if any(value != values[0] for value in values):
            said = ", ".join(f"rank {rank} has {value}" for rank, value in enumerate(values))
            raise ValueError(f"{name} must be the same on all ranks, and {said}")


def lockstep_efficiency(lengths: ArrayLike, batches_by_rank: Sequence[list[list[int]]]) -> float:
    """Give the share of their time that ranks compute, where the widest sets the pace.

    At each step all ranks wait for the one with the widest block, so this is the mean width
    by the mean of the widest over the ranks, from 0 to 1. `lengths`: of all entries, in
    tokens, text only. `batches_by_rank`: for each rank, its batches of entry numbers.

    Raises `ValueError` where the ranks' steps are not equally many.

    >>> lockstep_efficiency([9, 4, 4, 9], [[[0], [1]], [[2], [3]]])
    0.75
    """
    steps = [len(batches) for batches in batches_by_rank]
    if not steps or len(set(steps)) > 1 or 0 in steps:
        raise ValueError(f"ranks have equally many steps, one or more; found {steps}")
    every = np.asarray(lengths)
    widths = np.array(
        [[every[batch].max() + 1 for batch in batches] for batches in batches_by_rank]
    )
    return float(widths.mean() / widths.max(axis=0).mean())


def train(model: nn.Module, steps: Steps, learning_rate: float = 1.0) -> list[float]:
    """Train a model, change it in place, and give the loss of each step, over all ranks.

    The model is one that takes inputs and gives logits; wrapped in `DistributedDataParallel`
    it is trained on all ranks at once, and the losses and the model are what one process
    would have, to rounding, with the batches of all ranks.
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    losses = []
    for batches in steps:
        supervised = supervised_in_step(batch.targets for batch in batches)
        seen = 0.0
        for number, batch in enumerate(batches, 1):
            # Gradients are added up on each rank, and averaged once, with the last batch.
            waits = isinstance(model, DistributedDataParallel) and number < len(batches)
            with model.no_sync() if waits else nullcontext():  # type: ignore[operator]
                logits = model(batch.inputs).flatten(0, 1)
                loss_sum = cross_entropy(logits, batch.targets.flatten(), reduction="sum")
                token_weighted_loss(loss_sum, supervised).backward()  # type: ignore[no-untyped-call]
            seen += float(loss_sum.detach())
        optimizer.step()
        optimizer.zero_grad()
        losses.append(sum_over_ranks(seen) / supervised)
    return losses


def _together() -> bool:
    return dist.is_available() and dist.is_initialized()


# The program that the launcher starts on each rank -----------------------------------------

TASKS = ("train", "killed", "late")
"""What the program can do: train; the same, and rank 1 is killed; rank 1 does not come back."""

PROMPTS, RESPONSES = (1, 4, 2, 1, 6, 1, 3, 9, 1, 2, 5), (8, 2, 8, 3, 2, 9, 4, 1, 7, 5, 6)
"""How many tokens the prompts and the responses of the program's eleven entries have."""


def toy_entries() -> list[TokenizedEntry]:
    """Give the eleven entries that the program trains on; their ids are 0 to 9.

    >>> [len(entry.ids) for entry in toy_entries()]
    [9, 6, 10, 4, 8, 10, 7, 10, 8, 7, 11]
    """
    dice = np.random.default_rng(14)
    return [
        TokenizedEntry(dice.integers(0, 10, prompt + response), prompt_length=prompt)
        for prompt, response in zip(PROMPTS, RESPONSES, strict=True)
    ]


def toy_model() -> nn.Embedding:
    """Give a bigram table: for each of twelve ids, a score for each that may follow it.

    It is the same on every rank and every time; the global seed stays as it was.
    """
    dice = torch.Generator().manual_seed(14)
    return nn.Embedding(12, 12, _weight=torch.randn(12, 12, generator=dice))


def run(task: str, batch_size: int, accumulate: int, device: str, timeout: float) -> dict[str, Any]:
    """Do a task as one of the ranks, and give what is to be printed."""
    rank, ranks = dist.get_rank(), dist.get_world_size()
    entries = toy_entries()
    lengths = [len(entry.ids) for entry in entries]
    sampler = LengthBucketSampler(lengths, batch_size, num_replicas=ranks, rank=rank)
    check_ranks_agree(steps=len(sampler), **sampler.state_dict())
    collate = Collator(end_id=10, pad_id=11, mask="prompt")
    loader = make_loader(entries, collate, batch_sampler=sampler, device=device)
    batches = [Batch(*(tensor.to(device) for tensor in batch)) for batch in loader]
    if rank == 1 and task != "train":
        del batches[-1]  # it does not come to the last step
    steps = [batches[at : at + accumulate] for at in range(0, len(batches), accumulate)]
    model = toy_model().to(device)
    losses = train(DistributedDataParallel(model), steps)
    if rank == 1 and task == "killed":
        os.kill(os.getpid(), signal.SIGKILL)  # as a system does that has run out of memory
    if rank == 1 and task == "late":
        time.sleep(timeout + 60)
    taken: list[list[list[int]]] = [[]] * ranks
    dist.all_gather_object(taken, list(sampler))
    return {"entries": taken, "losses": losses, "table": model.weight.tolist()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, join the other ranks, and let rank 0 print JSON."""
    parser = argparse.ArgumentParser(prog="python -m companion.ranks", description=__doc__)
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--batch-size", type=int, default=2, help="entries in a rank's batch")
    parser.add_argument("--accumulate", type=int, default=1, help="batches in a step, per rank")
    parser.add_argument("--backend", choices=("gloo", "nccl"), default="gloo")
    parser.add_argument("--timeout", type=float, default=60, help="seconds to wait for a rank")
    given = parser.parse_args(arguments)
    if given.accumulate < 1 or given.batch_size < 1 or given.timeout <= 0:
        parser.error("--batch-size and --accumulate are at least 1, and --timeout is more than 0")
    if "RANK" not in os.environ:
        parser.error("no rank is given: start it with python -m torch.distributed.run")
    device = "cpu"
    if given.backend == "nccl":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    # The default is to wait half an hour for a rank that does not come.
    dist.init_process_group(given.backend, timeout=timedelta(seconds=given.timeout))
    try:
        printed = run(given.task, given.batch_size, given.accumulate, device, given.timeout)
    except RuntimeError as error:
        if "timed out" not in str(error).lower():
            # Another rank may be gone. The launcher names the first that it sees has failed,
            # and ends the rest; to fail at once would look as if this one had been the first.
            time.sleep(5)
            raise
        print(json.dumps({"rank": dist.get_rank(), "waited": given.timeout}))
        return 1
    finally:
        dist.destroy_process_group()
    if int(os.environ["RANK"]) == 0:
        print(json.dumps(printed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
