"""The data set: entries, formatted and tokenized once (steps 1 and 2), as flat arrays.

Takes entries, or texts that are tokenized already, and holds all their ids as one array, so
that it is small, can be shared by worker processes, and can be a memory map of a file. An
item is a `TokenizedEntry`, for a `companion.collating.Collator` to make batches of. A plain
class: PyTorch's `DataLoader` asks for a length and for items, and for nothing else. Chapter 07.
"""

import glob
import json
import os
import shutil
import socket
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from companion.entries import Entry
from companion.formatting import PromptStyle, get_style
from companion.tokenizing import (
    Decode,
    Encode,
    TokenizedEntry,
    Turn,
    encode_entry,
    encodes_apart,
    gpt2_decode,
    gpt2_encode,
    one_turn,
)

Text = tuple[list[int], Iterable[Turn], bool]
"""What is kept of a text: its ids, its turns, and whether it is closed."""


class InstructionDataset:
    """Entries, formatted and tokenized once, as one flat array of ids and where each begins.

    Give it to a `DataLoader` with a `Collator`. One array is small (two bytes a token for
    GPT-2) and can be shared by worker processes, where a list of lists would be copied.
    `joint` tells whether prompt and response had to be encoded together; see
    `companion.tokenizing.tokenize_entry`. With `progress`, a bar on stderr.

    Raises `ValueError` naming the entry that cannot be tokenized.

    >>> from companion.entries import load_entries
    >>> dataset = InstructionDataset(load_entries()[:3], style="alpaca")
    >>> len(dataset), dataset[0].prompt_length, dataset[0].header_length
    (3, 49, 6)
    """

    ids: NDArray[np.unsignedinteger]
    offsets: NDArray[np.int64]  # (texts + 1,): where each text's ids begin
    turns: NDArray[np.int64]  # (turns, 4): a `Turn` a row, its header -1 where it is not known
    turn_offsets: NDArray[np.int64]  # (texts + 1,): where each text's turns begin
    closed: NDArray[np.bool_]  # (texts,)
    joint: bool
    folder: Path | None = None  # where the memory map of an opened set is

    def __init__(
        self,
        entries: Iterable[Entry],
        style: str | PromptStyle = "alpaca",
        encode: Encode = gpt2_encode,
        decode: Decode | None = gpt2_decode,
        progress: bool = False,
    ) -> None:
        self.joint = not encodes_apart(encode, decode)
        style = get_style(style)

        def encoded() -> Iterator[Text]:
            for entry in tqdm(entries, "tokenizing", disable=not progress):
                ids, prompt, header = encode_entry(entry, style, encode, decode)
                yield ids, (one_turn(prompt, header, len(ids) + 1),), False

        self._fill(encoded())

    @classmethod
    def of(cls, items: Iterable[TokenizedEntry], joint: bool = False) -> "InstructionDataset":
        """Give a set of texts that are tokenized already, of one answer or of several.

        >>> chat = TokenizedEntry([5, 6, 0, 7, 8, 0], [(1, 1, 3, 3), (4, 4, 6, 6)], closed=True)
        >>> InstructionDataset.of([chat])[0].turns[1]
        Turn(header=4, start=4, end=6, stop=6)
        """
        dataset = cls.__new__(cls)
        dataset.joint = joint
        dataset._fill((item.ids.tolist(), item.turns, item.closed) for item in items)
        return dataset

    def _fill(self, texts: Iterable[Text]) -> None:
        ids, offsets = array("q"), array("q", [0])
        turns, turn_offsets, closed = array("q"), array("q", [0]), array("b")
        for number, (own, answers, is_closed) in enumerate(texts, 1):
            ids.fromlist(own)
            if len(ids) == offsets[-1]:
                raise ValueError(f"entry {number}: an entry of no tokens has nothing to predict")
            offsets.append(len(ids))
            for header, *rest in answers:
                turns.extend((-1 if header is None else header, *rest))
            turn_offsets.append(len(turns) // 4)
            closed.append(is_closed)
        if not closed:
            raise ValueError("a dataset of no entries has nothing to learn from")
        flat = np.array(ids, dtype=np.int64)
        if flat.min() < 0:
            raise ValueError(f"ids are 0 or more; this tokenizer gave {flat.min()}")
        kind: type[np.unsignedinteger] = np.uint16 if flat.max() < 2**16 else np.uint32
        self.ids = flat.astype(kind)
        self.offsets = np.array(offsets, dtype=np.int64)
        self.turns = np.array(turns, dtype=np.int64).reshape(-1, 4)
        self.turn_offsets = np.array(turn_offsets, dtype=np.int64)
        self.closed = np.array(closed, dtype=np.bool_)

    def __len__(self) -> int:
        return len(self.closed)

    def __getitem__(self, index: int) -> TokenizedEntry:
        if not -len(self) <= index < len(self):
            raise IndexError(f"entry {index} of {len(self)}")
        index %= len(self)
        first, last = self.turn_offsets[index : index + 2].tolist()
        return TokenizedEntry(
            self.ids[self.offsets[index] : self.offsets[index + 1]],
            [
                (None if header < 0 else header, *rest)
                for header, *rest in self.turns[first:last].tolist()
            ],
            bool(self.closed[index]),
        )

    def __iter__(self) -> Iterator[TokenizedEntry]:
        return (self[index] for index in range(len(self)))

    def __reduce__(self) -> str | tuple[Any, ...]:
        # An opened set is pickled as the place it is opened from, so that a worker process
        # opens the memory map for itself; as arrays, each worker would get a copy of them.
        return super().__reduce__() if self.folder is None else (type(self).open, (self.folder,))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many slots of inputs each text takes: its ids, without its end token."""
        return np.diff(self.offsets) - self.closed

    @property
    def prompt_lengths(self) -> NDArray[np.int64]:
        """Where the first answer of each text begins; its length, where there is none."""
        first, last = self.turn_offsets[:-1], self.turn_offsets[1:]
        starts = np.append(self.turns[:, 1], 0)[first]  # the 0 stands for turns that are none
        return np.where(first < last, starts, self.lengths + 1)

    def save(self, folder: str | Path) -> None:
        """Write the set to a new folder, whole or not at all.

        Raises `FileExistsError` where the folder exists.
        """
        with _new_folder(Path(folder)) as unfinished:
            for name in _ARRAYS:
                np.save(unfinished / f"{name}.npy", getattr(self, name))
            (unfinished / "joint.json").write_text(json.dumps(self.joint))

    @classmethod
    def open(cls, folder: str | Path) -> "InstructionDataset":
        """Open a saved set as a memory map: no id is read before it is asked for.

        Raises `FileNotFoundError` or `ValueError` where the folder holds no whole set.
        """
        dataset = cls.__new__(cls)
        dataset.folder = folder = Path(folder).resolve()
        if (folder / "prompts.npy").exists() and not (folder / "turns.npy").exists():
            raise ValueError(
                f"{folder}: this set was saved before a text could have several answers; "
                "make it anew from its entries, and save it again"
            )
        for name in (*_ARRAYS, "joint"):
            file = folder / (f"{name}.npy" if name in _ARRAYS else "joint.json")
            if not file.is_file():
                raise FileNotFoundError(f"{file}: missing, so {folder} holds no saved dataset")
            try:
                if name == "joint":
                    dataset.joint = json.loads(file.read_text())
                else:
                    setattr(dataset, name, np.load(file, mmap_mode="r"))
            except (ValueError, EOFError, OSError) as error:
                raise _damaged(
                    folder, f"{file.name} is cut short, or not what was saved ({error})"
                ) from None
        dataset._check()
        return dataset

    def _check(self) -> None:
        """Refuse arrays that are not what `save` writes, before an item is made of them."""
        texts = len(self.closed) if self.closed.ndim == 1 else -1
        for name, kinds, shape in (
            ("ids", (np.uint16, np.uint32), None),
            ("offsets", (np.int64,), (texts + 1,)),
            ("turns", (np.int64,), None),
            ("turn_offsets", (np.int64,), (texts + 1,)),
            ("closed", (np.bool_,), (texts,)),
        ):
            found = getattr(self, name)
            dimensions = 2 if name == "turns" else 1
            if found.dtype not in kinds or found.ndim != dimensions:
                raise _damaged(self.folder, f"{name} is {found.dtype} of shape {found.shape}")
            if shape is not None and found.shape != shape:
                raise _damaged(self.folder, "its arrays are not of one set")
        if not isinstance(self.joint, bool):
            raise _damaged(self.folder, f"joint is true or false; found {self.joint!r}")
        if self.turns.shape[1] != 4:
            raise _damaged(self.folder, f"a turn is 4 positions; found {self.turns.shape[1]}")
        for name, of, least in (("offsets", self.ids, 1), ("turn_offsets", self.turns, 0)):
            found = getattr(self, name)
            if texts < 1 or found[-1] != len(of):
                raise _damaged(self.folder, "its arrays are not of one set")
            if found[0] != 0 or (np.diff(found) < least).any():
                raise _damaged(self.folder, f"{name} begin at 0 and grow, text by text")
        self._check_turns()

    def _check_turns(self) -> None:
        """Hold all turns at once to what a `TokenizedEntry` wants of its own."""
        header, start, end, stop = self.turns.T
        per_text = np.diff(self.turn_offsets)
        length = np.repeat(self.lengths + 1, per_text)
        before = np.concatenate([[0], stop[:-1]]) if len(stop) else stop
        before = np.where(np.isin(np.arange(len(stop)), self.turn_offsets[:-1]), 0, before)
        begin = np.where(header < 0, start, header)
        wrong = (before > begin) | (begin > start) | (start >= end) | (end > stop)
        wrong |= (stop > length) | (end < 2) | (header < -1)
        open_texts = np.flatnonzero(~self.closed)
        last = self.turn_offsets[1:][open_texts] - 1
        if wrong.any() or (per_text[open_texts] == 0).any() or (end[last] != length[last]).any():
            raise _damaged(self.folder, "a turn does not lie in its text")


_ARRAYS = ("ids", "offsets", "turns", "turn_offsets", "closed")


def _damaged(folder: Path | None, reason: str) -> ValueError:
    return ValueError(f"{folder}: the saved dataset is damaged: {reason}; save the set again")


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """Give a folder to write to, which takes its name when all is written, or vanishes.

    Where several processes save under one name, the first to end has it. What a killed one
    has left behind is removed by the next that saves under this name on this machine.
    """
    if folder.exists():
        raise FileExistsError(f"{folder}: a dataset is saved to a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    mine = f".{folder.name}.unfinished-{socket.gethostname()}-"
    for left in folder.parent.glob(f"{glob.escape(mine)}*"):
        if not _is_alive(left.name.removeprefix(mine).split("-")[0]):
            shutil.rmtree(left, ignore_errors=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f"{mine}{os.getpid()}-", dir=folder.parent))
    try:
        yield unfinished
        unfinished.chmod(0o755)  # what mkdtemp makes is closed to everyone else
        unfinished.rename(folder)
    except BaseException as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        if isinstance(error, OSError) and folder.exists():  # made by another process meanwhile
            raise FileExistsError(f"{folder}: a dataset is saved to a new folder") from None
        raise


def _is_alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
