"""What a set larger than memory costs each rank, and what it takes to plan a billion tokens.

    python -m experiments.ranks

First a saved set of some hundred megabytes is written, of made-up entries. Two ranks open it
as a memory map, at the same time, and each goes through its half of an epoch, though the
system allows each less memory of its own than the set has bytes. Memory is counted as Linux
does: what is a process's own (`RssAnon`), what is there of files (`RssFile`), and a share of
what several processes use (`Pss_File`). A third process tries to hold the set itself.

Then the epoch of a set of a billion tokens is planned, for one of 64 ranks, and timed; and
how well ranks keep in step is computed for a smaller set of the same shape. Some minutes,
Linux alone. Chapter 12 reads the answers from `companion/results/ranks.json`.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import DataLoader

from benchmarks.measuring import RESULTS, circumstances, write
from benchmarks.padding_strategies import make_lengths
from companion.bucketing import LengthBucketSampler, epoch_padding_share
from companion.collating import Collator
from companion.ignoring import IGNORE_INDEX
from companion.ranks import lockstep_efficiency
from companion.storing import InstructionDataset
from companion.tokenizing import END_ID

SEEDS = {"lengths": 1, "ids": 2, "prompts": 3, "order": 0}
BATCH = 8
MEGA = 1e6
FULL = {"map entries": 2_500_000, "room": 300, "plan tokens": 10**9, "lockstep entries": 300_000}
QUICK = {"map entries": 200_000, "room": 30, "plan tokens": 10**6, "lockstep entries": 5_000}


def write_set(folder: Path, entries: int) -> int:
    """Write a saved set piece by piece, as `InstructionDataset.save` lays it out; give its ids.

    Of each entry about six tokens in ten are prompt. Nothing but lengths is held in memory.
    """
    lengths = make_lengths(entries, SEEDS["lengths"]) + 1  # two tokens at least: both parts
    total = int(lengths.sum())
    folder.mkdir()
    np.save(folder / "offsets.npy", np.append(0, np.cumsum(lengths)))
    dice = np.random.default_rng(SEEDS["prompts"])
    prompts = np.clip((lengths * dice.uniform(0.4, 0.8, entries)).astype(np.int64), 1, lengths - 1)
    turns = [prompts - np.minimum(prompts, 6), prompts, lengths + 1, lengths + 1]
    np.save(folder / "turns.npy", np.stack(turns, axis=1))
    np.save(folder / "turn_offsets.npy", np.arange(entries + 1))
    np.save(folder / "closed.npy", np.zeros(entries, dtype=np.bool_))
    (folder / "joint.json").write_text("false")
    ids = np.lib.format.open_memmap(folder / "ids.npy", "w+", np.uint16, (total,))
    dice = np.random.default_rng(SEEDS["ids"])
    for at in range(0, total, 10_000_000):
        ids[at : at + 10_000_000] = dice.integers(0, END_ID, len(ids[at : at + 10_000_000]))
    ids.flush()
    return total


def memory() -> dict[str, float]:
    """Give what this process holds, in megabytes of a million bytes."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    lines += Path("/proc/self/smaps_rollup").read_text(encoding="utf-8").splitlines()[1:]
    found = dict(line.split(":", 1) for line in lines)
    names = ("RssAnon", "RssFile", "Pss_File", "VmData", "VmHWM")
    return {name: round(int(found[name].split()[0]) * 1024 / MEGA, 1) for name in names}


def allow(megabytes: int) -> None:
    """Let this process take so much memory more for itself; maps of files do not count."""
    have = int(memory()["VmData"] * MEGA)
    limit = have + int(megabytes * MEGA)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def walk(folder: str, rank: int, room: int) -> dict[str, Any]:
    """Go through one rank's half of an epoch, within a limit, and say what it took."""
    at_first = memory()
    allow(room)
    start = time.perf_counter()
    dataset = InstructionDataset.open(folder)
    sampler = LengthBucketSampler(dataset.lengths, BATCH, SEEDS["order"], num_replicas=2, rank=rank)
    loader = DataLoader(dataset, batch_sampler=sampler, collate_fn=Collator(mask="prompt"))
    tokens = supervised = steps = 0
    for inputs, targets in loader:
        steps += 1
        tokens += int((inputs != END_ID).sum())  # no text of this set holds it
        supervised += int((targets != IGNORE_INDEX).sum())
    ended = memory()
    return {
        "megabytes of its own, at first": at_first["RssAnon"],
        "megabytes of its own, at the end": ended["RssAnon"],
        "megabytes of files, at first": at_first["RssFile"],
        "megabytes of files, at the end": ended["RssFile"],
        "its share of them": ended["Pss_File"],
        "steps": steps,
        "tokens": tokens,
        "supervised": supervised,
        "seconds": round(time.perf_counter() - start, 1),
        "seconds on a processor": round(time.process_time(), 1),
    }


def hold(folder: str, room: int) -> dict[str, Any]:
    """Try to hold a whole set in memory of one's own, under the same limit."""
    allow(room)
    ids = InstructionDataset.open(folder).ids
    try:
        return {"held": np.array(ids).nbytes}
    except MemoryError as error:
        return {"refused": str(error).split(" for an array")[0]}


def plan(tokens: int, ranks: int) -> dict[str, Any]:
    """Plan an epoch of so many tokens, as rank 0 of so many, and say what that took."""
    entries = round(tokens / make_lengths(100_000, SEEDS["lengths"]).mean())
    lengths = make_lengths(entries, SEEDS["lengths"])
    before = memory()
    start, busy = time.perf_counter(), time.process_time()
    sampler = LengthBucketSampler(lengths, BATCH, SEEDS["order"], num_replicas=ranks)
    batches = list(sampler)
    seconds = time.perf_counter() - start
    busy = time.process_time() - busy
    after = memory()
    return {
        "entries": entries,
        "tokens": int(lengths.sum()),
        "longest": int(lengths.max()),
        "ranks": ranks,
        "entries in a rank's batch": BATCH,
        "steps": len(batches),
        "padding share of rank 0": round(epoch_padding_share(lengths, batches), 4),
        "seconds to plan": round(seconds, 1),
        "seconds on a processor": round(busy, 1),
        "megabytes while planning": round(after["VmHWM"] - before["RssAnon"] - before["RssFile"]),
        "megabytes kept": round(after["RssAnon"] - before["RssAnon"]),
    }


def lockstep(entries: int) -> dict[str, dict[str, float]]:
    """Give the lockstep efficiency of a random order and of buckets, by the number of ranks."""
    lengths = make_lengths(entries, SEEDS["lengths"])
    found: dict[str, dict[str, float]] = {"random": {}, "bucketed": {}}
    for ranks in (2, 4, 8, 64):
        order = np.random.default_rng(SEEDS["order"]).permutation(entries)
        steps = entries // (ranks * BATCH)
        dealt = order[: steps * ranks * BATCH].reshape(ranks, steps, BATCH).tolist()
        found["random"][str(ranks)] = round(lockstep_efficiency(lengths, dealt), 4)
        planned = [
            list(LengthBucketSampler(lengths, BATCH, SEEDS["order"], False, ranks, rank))
            for rank in range(ranks)
        ]
        found["bucketed"][str(ranks)] = round(lockstep_efficiency(lengths, planned), 4)
    return found


def in_processes(*commands: list[object]) -> list[dict[str, Any]]:
    """Run parts of this script, each in a process of its own and all at once."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "experiments.ranks", *map(str, command)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    said = [process.communicate()[0] for process in started]
    failed = [process.args for process in started if process.returncode]
    if failed:
        raise RuntimeError(f"a part did not come to its end: {failed}")
    return [json.loads(text) for text in said]


def measure(sizes: dict[str, int]) -> dict[str, Any]:
    """Measure all of it, on sets of these sizes."""
    room = sizes["room"]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "set"
        tokens = write_set(folder, sizes["map entries"])
        size = {file.stem: file.stat().st_size / MEGA for file in folder.glob("*.npy")}
        walks = in_processes(*(["walk", folder, rank, room] for rank in (0, 1)))
        (held,) = in_processes(["hold", folder, room])
    if sum(each["tokens"] for each in walks) != tokens:
        raise RuntimeError("the two ranks did not go through the whole epoch")
    (planned,) = in_processes(["plan", sizes["plan tokens"], 64])
    return {
        "map": {
            "entries": sizes["map entries"],
            "tokens": tokens,
            "megabytes": {name: round(size[name], 1) for name in sorted(size)},
            "megabytes allowed to each process": room,
            "ranks": walks,
            "to hold the ids": held,
        },
        "plan": planned,
        "lockstep": {"entries": sizes["lockstep entries"], **lockstep(sizes["lockstep entries"])},
    }


def main() -> None:
    """Do a part, or measure everything and write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m experiments.ranks", description=__doc__)
    parser.add_argument("part", nargs="*", help="used by the script itself")
    parser.add_argument("--quick", action="store_true", help="small sets: the figures mean little")
    parser.add_argument("--out", type=Path, help="where the JSON goes; needed by --quick")
    given = parser.parse_args()
    match given.part:
        case ["walk", folder, rank, room]:
            print(json.dumps(walk(folder, int(rank), int(room))))
        case ["hold", folder, room]:
            print(json.dumps(hold(folder, int(room))))
        case ["plan", tokens, ranks]:
            print(json.dumps(plan(int(tokens), int(ranks))))
        case []:
            if given.quick and given.out is None:
                parser.error("--quick needs --out: its figures do not belong into the package")
            measured = measure(QUICK if given.quick else FULL)
            about = circumstances(["numpy", "torch"], SEEDS, 0)
            # Other processes do the work; each says itself how long it was on a processor.
            del about["machine"]["share of the time on a processor"]
            write({**about, **measured}, given.out or RESULTS / "ranks.json")
        case _:
            parser.error(f"there is no part {given.part}")


if __name__ == "__main__":
    main()
