"""Step 0, reading: a file of entries becomes a list of `Entry`.

Takes a `.json` list or a `.jsonl` file (one object a line) and gives entries that
are known to be whole: every field is text, and none is missing. What it leaves
out: any judgement of the text itself, which is the work of `companion.auditing`.
Chapter 01.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path


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


class EntryError(ValueError):
    """A file of entries that cannot be read; the message names file, entry and field."""


def load_entries(path: str | Path | None = None) -> list[Entry]:
    """Read entries from `path`, or the embedded set when there is no path.

    A missing `input` or `task` is "", and fields that this book has no use for are
    passed over. Entries and lines are counted from 1 in messages.

    Raises `FileNotFoundError` where there is no such file, and `EntryError` where the
    file holds anything but entries.

    >>> load_entries()[0].output
    "The correct spelling is 'Occasion'."
    """
    if path is None:
        embedded = files("companion") / "data" / "entries.json"
        return _entries_of_list(embedded.read_text(encoding="utf-8"), "the embedded set")
    path = Path(path)
    if path.is_dir():
        raise EntryError(f"{path}: this is a folder; give a .json or .jsonl file in it")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EntryError(
            f"{path}: the file is not UTF-8 text: "
            f"byte {error.start} is {error.object[error.start]:#04x}"
        ) from None
    if path.suffix == ".jsonl":
        return _entries_of_lines(text, str(path))
    if path.suffix == ".json":
        return _entries_of_list(text, str(path))
    raise EntryError(f"{path}: a file of entries ends in .json or .jsonl, not in {path.suffix!r}")


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


def _entries_of_list(text: str, name: str) -> list[Entry]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise EntryError(f"{name}: the file is not JSON: {error}") from None
    except RecursionError:
        raise EntryError(f"{name}: the file is nested too deeply to be a list of entries") from None
    if not isinstance(found, list):
        raise EntryError(
            f"{name}: expected a list of entries, [{{...}}, {{...}}], and found {_kind(found)}"
        )
    if not found:
        raise EntryError(f"{name}: the list holds no entry")
    return [_entry(value, f"{name}, entry {number}") for number, value in enumerate(found, 1)]


def _entries_of_lines(text: str, name: str) -> list[Entry]:
    entries = [_entry_of_line(line, where) for line, where in _lines(text, name)]
    if not entries:
        raise EntryError(f"{name}: the file holds no entry")
    return entries


def _lines(text: str, name: str) -> Iterator[tuple[str, str]]:
    # Only "\n" ends a line: JSON allows U+2028 inside a string, where splitlines() would cut.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield line, f"{name}, line {number}"


def _entry_of_line(line: str, where: str) -> Entry:
    try:
        return _entry(json.loads(line), where)
    except EntryError:
        raise
    except (ValueError, RecursionError) as error:
        raise EntryError(f"{where}: the line is not JSON: {error}") from None


def _entry(value: object, where: str) -> Entry:
    if not isinstance(value, dict):
        raise EntryError(
            f"{where}: expected an object with 'instruction', 'input' and 'output', "
            f"and found {_kind(value)}"
        )
    fields = {}
    for field in ("instruction", "input", "output", "task"):
        if field not in value and field in ("instruction", "output"):
            raise EntryError(f"{where}: {field!r} is missing")
        fields[field] = value.get(field, "")
        if not isinstance(fields[field], str):
            raise EntryError(f"{where}: {field!r} should be a string and is {_kind(fields[field])}")
    return Entry(**fields)


def _kind(value: object) -> str:
    """Say in JSON's words what was found, cut short where it is long."""
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    name = "null" if value is None else names.get(type(value), "a number")
    try:
        shown = json.dumps(value, ensure_ascii=False)
    except RecursionError:  # what could just be read can be too deep to be written
        return name
    # A lone surrogate cannot be printed, and a message is there to be printed.
    shown = shown.encode("utf-8", "backslashreplace").decode("utf-8")
    shown = shown if len(shown) <= 40 else shown[:37] + "..."
    return name if value is None else f"{name} ({shown})"
