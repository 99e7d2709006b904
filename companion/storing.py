"""The data set: entries, formatted and tokenized once (steps 1 and 2), as flat arrays.

Takes entries, or texts that are tokenized already, and holds all their ids as one array, so
that it is small, can be shared by worker processes, and can be a memory map of a file. A set
that is larger than memory is built in its file, piece by piece. An item is a
`TokenizedEntry`, for a `companion.collating.Collator` to make batches of. A plain class:
PyTorch's `DataLoader` asks for a length and for items, and for nothing else. Chapter 07.
"""

import glob
import json
import os
import shutil
import socket
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray
from tqdm import tqdm

from companion.adapting import Tokenizer, adapt_tokenizer
from companion.entries import Entry
from companion.formatting import PromptStyle, get_style
from companion.forms import style_for
from companion.piecing import cut_pieces
from companion.tokenizing import (
    Decode,
    Encode,
    TokenizedEntry,
    Turn,
    encode_entry,
    encode_with,
    encodes_apart,
    gpt2_decode,
    gpt2_encode,
    one_turn,
)

Text = tuple[list[int], tuple[Turn, ...], bool]
"""What is kept of a text: its ids, its turns, and whether it is closed."""


class InstructionDataset:
    """Entries, formatted and tokenized once, as one flat array of ids and where each begins.

    Give it to a `DataLoader` with a `Collator`. One array is small (two bytes a token for
    GPT-2) and can be shared by worker processes, where a list of lists would be copied.
    `style`: by default Alpaca's, and none for entries that bring their whole prompt.
    `tokenizer`: whatever `adapt_tokenizer` takes; or `encode` and `decode`, two functions.
    `joint` tells whether prompt and response had to be encoded together; see
    `companion.tokenizing.tokenize_entry`. With `progress`, a bar on stderr.

    Raises `ValueError` naming the entry that cannot be tokenized, and for a tokenizer that is
    given twice.

    >>> from companion.entries import load_entries
    >>> dataset = InstructionDataset(load_entries()[:3], style="alpaca")
    >>> len(dataset), dataset[0].prompt_length, dataset[0].header_length
    (3, 49, 6)
    >>> InstructionDataset(load_entries()[:3], tokenizer="smollm2")[0].prompt_length
    48
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
        style: str | PromptStyle | None = None,
        encode: Encode = gpt2_encode,
        decode: Decode | None = gpt2_decode,
        progress: bool = False,
        *,
        tokenizer: Any = None,
    ) -> None:
        source = given_once(tokenizer, encode, decode)
        self.joint = not encodes_apart(source.encode, source.decode)
        if style is not None:
            get_style(style)  # an unknown name is refused before there is an entry
        bar = tqdm(entries, "tokenizing", disable=not progress)
        self._fill(encode_text(entry, style, source) for entry in bar)

    @classmethod
    def of(cls, items: Iterable[TokenizedEntry], joint: bool = False) -> "InstructionDataset":
        """Give a set of texts that are tokenized already, of one answer or of several.

        >>> chat = TokenizedEntry([5, 6, 0, 7, 8, 0], [(1, 1, 3, 3), (4, 4, 6, 6)], closed=True)
        >>> InstructionDataset.of([chat])[0].turns[1]
        Turn(header=4, start=4, end=6, stop=6)
        """
        dataset = cls.__new__(cls)
        dataset.joint = joint
        dataset._fill(map(_text, items))
        return dataset

    @classmethod
    def build(
        cls,
        folder: str | Path,
        entries: Iterable[Entry | TokenizedEntry],
        style: str | PromptStyle | None = None,
        *,
        tokenizer: Any = "gpt2",
        progress: bool = False,
    ) -> "InstructionDataset":
        """Make a set in a new folder, piece by piece, and open it: it may be larger than memory.

        The folder has its name when the set is whole; a build that fails or is killed leaves
        nothing under it. `entries` may also be texts that are tokenized already.
        `companion.reading.iterate_file` gives those of a large file one by one. The others
        as for a set in memory.

        Raises `FileExistsError` where the folder exists, and `ValueError` naming the entry
        that cannot be tokenized, or whose ids are more than the tokenizer's.

        >>> from companion.entries import load_entries
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     dataset = InstructionDataset.build(f"{folder}/set", iter(load_entries()[:3]))
        ...     len(dataset), type(dataset.ids).__name__
        (3, 'memmap')
        """
        adapted = adapt_tokenizer(tokenizer)
        joint = not encodes_apart(adapted.encode, adapted.decode)
        if style is not None:
            get_style(style)
        bar = tqdm(entries, "tokenizing", disable=not progress)
        with _new_folder(Path(folder)) as unfinished:
            texts = (encode_text(entry, style, adapted) for entry in bar)
            _write_pieces(unfinished, _pieces(texts), adapted)
            (unfinished / "joint.json").write_text(json.dumps(joint))
        return cls.open(folder)

    def _fill(self, texts: Iterable[Text]) -> None:
        pieces = list(_pieces(texts))
        if not pieces:
            raise ValueError(_EMPTY)
        ids, lengths, turns, counts, closed = map(np.concatenate, zip(*pieces, strict=True))
        self.ids, self.turns, self.closed = ids, turns, closed
        self.offsets = np.insert(np.cumsum(lengths), 0, 0)
        self.turn_offsets = np.insert(np.cumsum(counts), 0, 0)

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
_EMPTY = "a dataset of no entries has nothing to learn from"


# In pieces ------------------------------------------------------------------------------


class _Piece(NamedTuple):
    """Some texts as arrays: their ids, how many each has, and the same of their turns."""

    ids: NDArray[np.unsignedinteger]
    lengths: NDArray[np.int64]
    turns: NDArray[np.int64]
    counts: NDArray[np.int64]
    closed: NDArray[np.bool_]


class Functions(NamedTuple):
    """What tokenizes, where it is two functions and nothing more is known of it."""

    encode: Encode
    decode: Decode | None


def given_once(tokenizer: Any, encode: Encode, decode: Decode | None) -> Tokenizer | Functions:
    """Give what tokenizes: a tokenizer of any kind, or two functions, but not both."""
    if tokenizer is None:
        return Functions(encode, decode)
    if encode is not gpt2_encode or decode is not gpt2_decode:
        raise ValueError("a tokenizer is given once: `tokenizer`, or `encode` and `decode`")
    return adapt_tokenizer(tokenizer)


def encode_text(
    entry: Entry | TokenizedEntry, style: str | PromptStyle | None, source: Tokenizer | Functions
) -> Text:
    """Give what is kept of an entry; one that is tokenized already stays as it is."""
    if isinstance(entry, TokenizedEntry):
        return _text(entry)
    if isinstance(source, Tokenizer):
        return encode_with(entry, style_for(entry, style), source)
    ids, prompt, header = encode_entry(entry, style_for(entry, style), source.encode, source.decode)
    return ids, (one_turn(prompt, header, len(ids) + 1),), False


def _text(item: TokenizedEntry) -> Text:
    return item.ids.tolist(), item.turns, item.closed


def _pieces(texts: Iterable[Text]) -> Iterator[_Piece]:
    """Give arrays of so many texts that the lists of Python's numbers stay small."""
    before = 0
    for some in cut_pieces(texts, lambda text: len(text[0])):
        ids, turns = array("q"), array("q")
        for number, (own, answers, _) in enumerate(some, before + 1):
            if not own:
                raise ValueError(f"entry {number}: an entry of no tokens has nothing to predict")
            ids.fromlist(own)
            for header, *rest in answers:
                turns.extend((-1 if header is None else header, *rest))
        before += len(some)
        flat = np.array(ids, dtype=np.int64)
        if flat.min() < 0:
            raise ValueError(f"ids are 0 or more; this tokenizer gave {flat.min()}")
        yield _Piece(
            flat.astype(_kind(int(flat.max()))),
            np.array([len(own) for own, _, _ in some], np.int64),
            np.array(turns, dtype=np.int64).reshape(-1, 4),
            np.array([len(answers) for _, answers, _ in some], np.int64),
            np.array([closed for _, _, closed in some], np.bool_),
        )


def _kind(largest: int) -> type[np.unsignedinteger]:
    return np.uint16 if largest < 2**16 else np.uint32


def _write_pieces(folder: Path, pieces: Iterable[_Piece], tokenizer: Tokenizer) -> None:
    """Write what `save` writes, one piece after the other."""
    largest = 2**32 - 1 if tokenizer.size is None else tokenizer.size - 1
    kinds: dict[str, DTypeLike] = {"ids": _kind(largest), "closed": np.bool_}
    with ExitStack() as stack:
        ids, offsets, turns, turn_offsets, closed = (
            stack.enter_context(
                _Growing(
                    folder / f"{name}.npy",
                    kinds.get(name, np.int64),
                    (4,) if name == "turns" else (),
                )
            )
            for name in _ARRAYS
        )
        offsets.append(np.zeros(1))
        turn_offsets.append(np.zeros(1))
        for piece in pieces:
            if piece.ids.max() > largest:
                # Which entry it is, the lengths tell.
                at = np.searchsorted(np.cumsum(piece.lengths), piece.ids.argmax(), "right")
                raise ValueError(
                    f"entry {closed.rows + int(at) + 1}: id {piece.ids.max()} is beyond the "
                    f"{tokenizer.size} of tokenizer {tokenizer.name}; give the one that made it"
                )
            offsets.append(ids.rows + np.cumsum(piece.lengths))
            turn_offsets.append(turns.rows + np.cumsum(piece.counts))
            ids.append(piece.ids)
            turns.append(piece.turns)
            closed.append(piece.closed)
        if not closed.rows:
            raise ValueError(_EMPTY)


class _Growing:
    """An array in a file of numpy's own format, which grows at its end."""

    def __init__(self, path: Path, kind: DTypeLike, row: tuple[int, ...] = ()) -> None:
        self.rows, self._row, self._kind = 0, row, np.dtype(kind)
        self._file = path.open("wb")
        self._write_header()

    def append(self, rows: NDArray[Any]) -> None:
        self._file.write(rows.astype(self._kind).tobytes())
        self.rows += len(rows)

    def _write_header(self) -> None:
        # numpy leaves room in it for the largest number of rows, so it can be written anew.
        shape = {"descr": self._kind.str, "fortran_order": False, "shape": (self.rows, *self._row)}
        np.lib.format.write_array_header_1_0(self._file, shape)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.seek(0)
        self._write_header()
        self._file.close()


# The folder -----------------------------------------------------------------------------


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
