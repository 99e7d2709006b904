"""Time the tokenizing: making an `InstructionDataset`, beside a bare loop over the encoder.

    python -m benchmarks.tokenizing [--quick] [--out FILE]

The bare loop encodes finished texts and keeps lists. Ours formats each entry, encodes its
prompt apart from its response, and tells where the header begins; the dataset then keeps
everything in one array, where `tokenize_entry` makes an array of each.
"""

import random
import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks.measuring import circumstances, options, summarize, take_turns, watch, write
from companion.entries import Entry, load_entries
from companion.formatting import STYLES
from companion.storing import InstructionDataset
from companion.tokenizing import TokenizedEntry, load_tokenizer, tokenize_entry

AT_MOST = 1.2
"""How many times the time of the bare loop a dataset may take."""
FEWEST = 1000
"""What is done once for a set should not weigh: a smaller one is drawn from, with replacement."""
SECONDS = 20.0
SEEDS = {"entries": 0, "turns": 1}


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Time all three on the embedded entries; print and write the ratios."""
    given = options(arguments, "tokenizing", (__doc__ or "").split("\n")[0])
    share = watch()
    encode = load_tokenizer().encode_ordinary
    entries = load_entries()
    embedded = len(entries)
    if embedded < FEWEST:
        entries = random.Random(SEEDS["entries"]).choices(entries, k=FEWEST)
    texts = [STYLES["alpaca"].text(entry) for entry in entries]

    def bare(texts: list[str]) -> list[list[int]]:
        return [encode(text) for text in texts]

    def dataset(entries: list[Entry]) -> InstructionDataset:
        return InstructionDataset(entries, style="alpaca")

    def each(entries: list[Entry]) -> list[TokenizedEntry]:
        return [tokenize_entry(entry, "alpaca") for entry in entries]

    flat = [token for ids in bare(texts) for token in ids]
    for name, made in (
        ("InstructionDataset", dataset(entries).ids.tolist()),
        ("tokenize_entry", [token for one in each(entries) for token in one.ids.tolist()]),
    ):
        if made != flat:
            raise ValueError(f"{name} gives other ids than the bare loop; nothing was timed")
    (times,) = take_turns(
        {"bare loop": bare, "InstructionDataset": dataset, "tokenize_entry": each},
        {"bare loop": [texts], "InstructionDataset": [entries], "tokenize_entry": [entries]},
        SECONDS * (not given.quick),
        SEEDS["turns"],
    )
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    ratios = {n: round(t / medians["bare loop"], 2) for n, t in medians.items()}
    results = {
        **circumstances(("numpy", "tiktoken"), SEEDS, share()),
        "entries": {"embedded": embedded, "timed": len(entries), "tokens": len(flat)},
        "turns": len(times["bare loop"]),
        "microseconds an entry": {n: summarize(t, len(entries)) for n, t in times.items()},
        "times the bare loop": {n: r for n, r in ratios.items() if n != "bare loop"},
        "targets": {
            "InstructionDataset": {
                "takes at most": AT_MOST,
                "met": ratios["InstructionDataset"] <= AT_MOST,
            }
        },
    }
    print(table(results))
    write(results, given.out)
    return results


def table(results: dict[str, Any]) -> str:
    """Write the medians and ratios, with the target beside the one that has one."""
    lines = [f"{'':20}{'us an entry':>12}{'times the bare loop':>21}"]
    for name, times in results["microseconds an entry"].items():
        line = f"{name:20}{times['median']:12.2f}"
        if name in results["times the bare loop"]:
            line += f"{results['times the bare loop'][name]:21.2f}"
        if name in results["targets"]:
            most, met = results["targets"][name].values()
            line += f"   target <= {most}: {'met' if met else 'missed'}"
        lines.append(line)
    return "\n".join(lines)


if __name__ == "__main__":
    main()
