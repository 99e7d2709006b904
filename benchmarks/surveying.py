"""Time a survey and the making of a set at 52,000 entries, beside `datasets`, with the memory.

    python -m benchmarks.surveying [--quick] [--out FILE]

Each is done by a process of its own, which reads the same file of JSON lines: `datasets` reads
it, formats and tokenizes with `map`, and counts the lengths; ours does that and judges every
entry (`survey`), or stores them (`InstructionDataset.build`). The memory is the most that the
process ever had, its libraries among it. `datasets` keeps its tables on disk, in a folder that
is new each time, so that nothing is found there.
"""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.measuring import circumstances, options, summarize, watch, write
from companion.entries import load_entries

ENTRIES = 52_000
"""As many as the Alpaca set has, rounded."""
ROUNDS = 5
SEEDS = {"entries": 0, "turns": 1}

CALLS = ("survey", "survey, two processes", "build", "datasets", "datasets, two processes")


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Time each in its own process; print and write seconds and megabytes."""
    given = options(arguments, "surveying", (__doc__ or "").split("\n")[0])
    share = watch()
    count, rounds = (60, 1) if given.quick else (ENTRIES, ROUNDS)
    taken: dict[str, list[dict[str, Any]]] = {name: [] for name in CALLS}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "entries.jsonl"
        size = _write_entries(path, count)
        dice = random.Random(SEEDS["turns"])
        for _ in range(rounds):
            for name in dice.sample(CALLS, len(CALLS)):
                taken[name].append(_measured(name, path, Path(folder)))
    if len({one["tokens"] for of_one in taken.values() for one in of_one}) != 1:
        raise ValueError("not all count the same tokens; nothing was compared")
    # Quartiles need two values; a quick run has one.
    results = {
        **circumstances(("numpy", "tiktoken", "datasets"), SEEDS, share()),
        "entries": {"count": count, "bytes": size, "tokens": taken["survey"][0]["tokens"]},
        "rounds": rounds,
        "seconds": {n: _seconds([one["wall"] for one in t]) for n, t in taken.items()},
        "seconds of processors": {n: _seconds([one["cpu"] for one in t]) for n, t in taken.items()},
        "most memory in MB": {n: max(one["memory"] for one in t) for n, t in taken.items()},
    }
    print(table(results))
    write(results, given.out)
    return results


def table(results: dict[str, Any]) -> str:
    """Write the medians, a line for each."""
    lines = [f"{'':26}{'seconds':>10}{'of processors':>16}{'most memory, MB':>18}"]
    for name in results["seconds"]:
        seconds = results["seconds"][name]["median"]
        cpu = results["seconds of processors"][name]["median"]
        memory = results["most memory in MB"][name]
        lines.append(f"{name:26}{seconds:10.2f}{cpu:16.2f}{memory:18.0f}")
    return "\n".join(lines)


def _seconds(times: list[float]) -> dict[str, Any]:
    told = summarize(times * 2 if len(times) == 1 else times)
    # They were given as seconds, and come as microseconds.
    low, high = told["quartiles"]
    return {
        "median": round(told["median"] / 1e6, 2),
        "quartiles": [round(low / 1e6, 2), round(high / 1e6, 2)],
    }


def _write_entries(path: Path, count: int) -> int:
    """Write entries drawn with replacement, each with its number, so that no two are the same."""
    dice, entries = random.Random(SEEDS["entries"]), load_entries()
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            entry = dice.choice(entries)
            entry = replace(entry, instruction=f"{entry.instruction} ({number})")
            file.write(json.dumps(asdict(entry)) + "\n")
    return path.stat().st_size


def _measured(name: str, path: Path, folder: Path) -> dict[str, Any]:
    """Run one call in a process of its own, and give what it took."""
    own = tempfile.mkdtemp(dir=folder)
    command = [sys.executable, "-m", "benchmarks.surveying", "--one", name, str(path), own]
    quiet = {"HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "HF_HOME": own, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        command, env=os.environ | quiet, check=True, capture_output=True, text=True
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


# In a process of its own ----------------------------------------------------------------


def _one(name: str, path: str, folder: str) -> None:
    start = time.perf_counter()
    if name.startswith("datasets"):
        tokens = _by_datasets(path, folder, 2 if "two" in name else None)
    elif name == "build":
        tokens = _by_building(path, folder)
    else:
        tokens = _by_survey(path, 2 if "two" in name else 1)
    wall = time.perf_counter() - start
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(used.ru_utime + used.ru_stime for used in usage)
    # Of children, the largest alone is known; what several share is counted once.
    memory = sum(used.ru_maxrss for used in usage) / 1024
    print(json.dumps({"tokens": tokens, "wall": wall, "cpu": cpu, "memory": round(memory)}))


def _by_survey(path: str, processes: int) -> int:
    from companion.reading import iterate_file
    from companion.surveying import survey

    found = survey(iterate_file(path), max_length=512, processes=processes)  # type: ignore[call-overload]
    return int(found.tokens)


def _by_building(path: str, folder: str) -> int:
    from companion.reading import iterate_file
    from companion.storing import InstructionDataset

    dataset = InstructionDataset.build(f"{folder}/set", iterate_file(path))  # type: ignore[arg-type]
    return len(dataset.ids)


def _by_datasets(path: str, folder: str, processes: int | None) -> int:
    from datasets import load_dataset

    from companion.entries import Entry
    from companion.formatting import STYLES
    from companion.tokenizing import gpt2_encode

    def tokenize(row: dict[str, str]) -> dict[str, Any]:
        entry = Entry(row["instruction"], row["input"], row["output"])
        prompt, style = gpt2_encode(STYLES["alpaca"].prompt(entry)), STYLES["alpaca"]
        ids = [*prompt, *gpt2_encode(style.response(entry))]
        return {"input_ids": ids, "labels": [-100] * len(prompt) + ids[len(prompt) :]}

    read = load_dataset("json", data_files=path, split="train", cache_dir=folder)
    made = read.map(tokenize, remove_columns=read.column_names, num_proc=processes)
    return sum(len(batch) for chunk in made.iter(1000) for batch in chunk["input_ids"])


if __name__ == "__main__":
    if "--one" in sys.argv:
        _one(*sys.argv[2:])
    else:
        main()
