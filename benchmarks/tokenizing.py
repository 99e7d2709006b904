"""Time the tokenizing: making an `InstructionDataset`, beside a bare loop over the encoder.

    python -m benchmarks.tokenizing [--seconds S] [--folder F]

The bare loop encodes finished texts and keeps nothing. Ours formats each entry, encodes
its prompt apart from its response, tells where the header begins, and keeps everything
in one array.
"""

import argparse
from pathlib import Path
from typing import Any

from benchmarks.measuring import RESULTS, circumstances, take_turns, write
from companion.collating import InstructionDataset
from companion.entries import Entry, load_entries
from companion.formatting import STYLES
from companion.tokenizing import load_tokenizer


def main(seconds: float, folder: Path) -> dict[str, Any]:
    """Time both on the embedded entries; print and write the ratio."""
    encode = load_tokenizer().encode_ordinary
    entries = load_entries()
    texts = [STYLES["alpaca"].text(entry) for entry in entries]

    def bare(texts: list[str]) -> list[list[int]]:
        return [encode(text) for text in texts]

    def ours(entries: list[Entry]) -> InstructionDataset:
        return InstructionDataset(entries, style="alpaca")

    flat = [id for ids in bare(texts) for id in ids]
    if ours(entries).ids.tolist() != flat:
        raise AssertionError("ours gives other ids than the bare loop; nothing was timed")
    medians = take_turns(
        {"bare loop": bare, "ours": ours}, {"bare loop": [texts], "ours": [entries]}, seconds
    )
    results = {
        **circumstances(("numpy", "tiktoken")),
        "entries": len(entries),
        "tokens": len(flat),
        "microseconds an entry": {n: round(t * 1e6 / len(entries), 2) for n, t in medians.items()},
        "ratio": round(medians["ours"] / medians["bare loop"], 2),
    }
    print(f"{len(entries)} entries: {results['ratio']} times the time of a bare loop")
    write("tokenizing", results, folder)
    return results


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--seconds", type=float, default=10)
    options.add_argument("--folder", type=Path, default=RESULTS, help="where the JSON goes")
    given = options.parse_args()
    main(given.seconds, given.folder)
