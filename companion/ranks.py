"""Ranks: the same batches on several processes, and the loss that one process would have.

Processes that train together are numbered from 0, and a process's number is its *rank*. Each
takes its own batches, and PyTorch's `DistributedDataParallel` averages their gradients. Here
is what the ranks must tell each other so that this average is the gradient that one process
would have: how many targets are supervised in a step, on all of them. What it leaves out:
which rank gets which entries (`companion.bucketing`), and the program that a launcher
starts on each rank (chapter 12 starts `companion.programs.two_ranks`).
"""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel

from companion.bucketing import checked_lengths, whole
from companion.collating import Batch
from companion.ignoring import IGNORE_INDEX

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
    supervised = whole("supervised", supervised, 1)
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
    every: NDArray[np.int64] = checked_lengths(lengths)
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
