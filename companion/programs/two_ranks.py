r"""Train a tiny model on several ranks, in as many processes as PyTorch's launcher starts.

    python -m torch.distributed.run --standalone --nproc-per-node 2 \
        -m companion.programs.two_ranks train

Rank 0 prints as JSON what came out. Chapter 12 starts it, and compares with one process.
"""

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from companion.bucketing import LengthBucketSampler
from companion.collating import Batch, Collator
from companion.loading import make_loader
from companion.ranks import check_ranks_agree, train
from companion.tokenizing import TokenizedEntry

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
    parser = argparse.ArgumentParser(
        prog="python -m companion.programs.two_ranks", description=__doc__
    )
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
