"""Step 0, reading: a file of entries becomes a list of `Entry`.

Takes a file in any form that holds entries (`companion.reading` knows them) and gives
entries that are known to be whole: every field is text, and none is missing. What it
leaves out: any judgement of the text itself, which is the work of `companion.auditing`.
Chapter 01.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from companion.reading import Loaded


@dataclass(frozen=True)
class Entry:
    """One example to learn from: what is asked, what it is asked about, what to answer.

    >>> Entry("Name a colour.", "", "Blue.").output
    'Blue.'
    """

    instruction: str
    input: str
    output: str
    task: str = ""


@dataclass(frozen=True)
class GivenEntry(Entry):
    """An entry that brings the whole text of its prompt: it stands in `instruction`.

    Where no prompt style is asked for, such an entry is put into none; see
    `companion.forms.style_for`.
    """


class EntryError(ValueError):
    """A file that cannot be read; the message names the file, the entry or line, the field."""


def load_entries(path: str | Path | None = None) -> list[Entry]:
    """Read entries from `path`, or the embedded set when there is no path; `-` is standard input.

    A missing `input` or `task` is "", and fields that this book has no use for are
    passed over. Entries and lines are counted from 1 in messages.

    Data that bring the whole text of their prompt (`prompt`, `completion`) become
    `GivenEntry`, to which no prompt style adds a character unless it is asked for. Raises
    `FileNotFoundError` where there is no such file, and `EntryError` where the file holds
    anything but entries.

    >>> load_entries()[0].output
    "The correct spelling is 'Occasion'."
    """
    if path is None:
        embedded = files("companion") / "data" / "entries.json"
        return [Entry(**value) for value in json.loads(embedded.read_text(encoding="utf-8"))]
    from companion.reading import load_file  # it makes entries itself, and only files need it

    return entries_of(load_file(path))


def entries_of(loaded: "Loaded") -> list[Entry]:
    """Give the entries of a file that was read; `EntryError` where it holds something else."""
    entries = [row for row in loaded.rows if isinstance(row, Entry)]
    if not entries:
        raise EntryError(
            f"{loaded.name}: the file holds {loaded.form.gives}, in the form {loaded.form.name}; "
            "companion.reading.load_file reads them"
        )
    return entries


def split_entries(
    entries: Sequence[Entry], seed: int, shares: tuple[float, float, float] = (0.85, 0.10, 0.05)
) -> tuple[list[Entry], list[Entry], list[Entry]]:
    """Split into training, test and validation entries that share no question.

    Entries with the same (instruction, input) stay together, so that no question that
    is trained on is asked again in the test; the shares are therefore kept to within
    one such group. The same seed gives the same split on every machine.

    >>> entries = load_entries()
    >>> train, test, validation = split_entries(entries, seed=0)
    >>> len(train) + len(test) + len(validation) == len(entries)
    True
    """
    if len(shares) != 3 or min(shares) < 0 or not abs(sum(shares) - 1) <= 1e-9:
        raise ValueError(f"the three shares are not negative and add up to 1; found {shares}")
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.instruction, entry.input), []).append(entry)
    shuffled = list(groups.values())
    random.Random(seed).shuffle(shuffled)
    train_end = round(shares[0] * len(entries))
    test_end = round((shares[0] + shares[1]) * len(entries))
    parts: tuple[list[Entry], list[Entry], list[Entry]] = ([], [], [])
    placed = 0
    for group in shuffled:
        parts[0 if placed < train_end else 1 if placed < test_end else 2].extend(group)
        placed += len(group)
    return parts
