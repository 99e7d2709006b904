"""All six steps as one: what a `DataLoader` calls to turn items into a batch.

`InstructionDataset` formats and tokenizes once (steps 1 and 2); `Collator` pads, shifts,
ignores and masks (steps 3 to 6), by calling the four modules of those names and nothing
else. It is the code that the chapters read and the code that is measured. What it
leaves out: which entries share a batch (`companion.bucketing`). Chapter 07.
"""

import json
import shutil
import tempfile
import warnings
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset
from tqdm import tqdm

from companion.entries import Entry
from companion.formatting import PromptStyle, get_style
from companion.ignoring import IGNORE_INDEX, Spans, keep_spans
from companion.masking import MASKS, supervised_spans
from companion.padding import PAD_ID, pad_batch
from companion.shifting import shift_targets
from companion.tokenizing import (
    END_ID,
    Decode,
    Encode,
    TokenizedEntry,
    encode_entry,
    encodes_apart,
    gpt2_decode,
    gpt2_encode,
)

TRUNCATIONS = ("cut", "keep_end", "drop", "error")
"""What to do with a text that is longer than `max_length`; see `Collator`."""

Item = TokenizedEntry | Sequence[int] | NDArray[np.integer]


class Batch(NamedTuple):
    """What a model is trained on: two int64 tensors, each of shape (batch, width)."""

    inputs: torch.Tensor
    targets: torch.Tensor


class ResponseCutWarning(UserWarning):
    """A row of the batch lost its whole response to `max_length`; nothing is learned from it."""


@dataclass(frozen=True)
class Collator:
    """Turn tokenized entries into a `Batch`: a `collate_fn` for PyTorch's `DataLoader`.

    `pad_id`, `end_id`: the ids of the pad and of the end token, of which exactly one is
    appended to each text; they may be the same. `ignore_index`: stands for a target that
    is not supervised. `mask`: "none", "prompt" or "prompt_without_header".
    `max_length`: the most columns that inputs and targets may have. A text longer than
    that is treated as `truncation` says:

    - "cut": what does not fit is cut off, the end token with it;
    - "keep_end": one more token is cut, and the end token put in its place;
    - "drop": the row is left out of the batch;
    - "error": a `ValueError` names it.

    A row of whose response nothing is left has all its targets ignored, and a
    `ResponseCutWarning` names it. `pad_to_multiple_of` rounds the width up. `device`:
    where the tensors are moved to; leave it out and move them in the training loop,
    unless there are no worker processes.

    A call takes `TokenizedEntry` items, or bare sequences of ids, which are all response.
    It raises `ValueError` for an empty batch and for one with nothing supervised in it.

    >>> inputs, targets = Collator()([[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]])
    >>> targets
    tensor([[    1,     2,     3,     4, 50256],
            [    6, 50256,  -100,  -100,  -100],
            [    8,     9, 50256,  -100,  -100]])
    """

    pad_id: int = PAD_ID
    end_id: int = END_ID
    ignore_index: int = IGNORE_INDEX
    mask: str = "none"
    max_length: int | None = None
    truncation: str = "cut"
    pad_to_multiple_of: int | None = None
    device: str | torch.device | None = None

    def __post_init__(self) -> None:
        if self.mask not in MASKS:
            raise ValueError(f"mask is one of {', '.join(MASKS)}; found {self.mask!r}")
        if self.truncation not in TRUNCATIONS:
            raise ValueError(
                f"truncation is one of {', '.join(TRUNCATIONS)}; found {self.truncation!r}"
            )
        if self.pad_id < 0 or self.end_id < 0:
            raise ValueError(
                "pad_id and end_id are token ids, 0 or more; "
                f"found pad_id {self.pad_id} and end_id {self.end_id}"
            )
        if self.ignore_index >= 0:
            raise ValueError(
                f"ignore_index is negative, so that it is no token's id; found {self.ignore_index}"
            )
        for name in ("max_length", "pad_to_multiple_of"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is at least 1; found {value}")
        if (
            self.max_length
            and self.pad_to_multiple_of
            and self.max_length % self.pad_to_multiple_of
        ):
            raise ValueError(
                f"a width cannot be a multiple of {self.pad_to_multiple_of} and stay within "
                f"max_length {self.max_length}; let max_length be a multiple of it"
            )

    def __call__(self, batch: Sequence[Item]) -> Batch:
        rows, spans = self.texts(batch)
        block = pad_batch(rows, self.end_id, self.pad_id, self._width(rows) + 1)
        inputs, targets = shift_targets(block)
        targets = keep_spans(targets, spans, self.ignore_index)
        # The inputs are a view into the block, which is one column wider. A model may want
        # to `view` them as one long row, so here they become an array of their own.
        made = Batch(torch.from_numpy(np.ascontiguousarray(inputs)), torch.from_numpy(targets))
        return made if self.device is None else Batch(*(t.to(self.device) for t in made))

    def texts(self, batch: Sequence[Item]) -> tuple[list[NDArray[np.integer]], list[Spans]]:
        """Give the ids of each text that is admitted, cut to what fits, and its spans.

        What is common to a padded batch and to a pack; the spans are what is supervised.
        """
        entries = self._admit(
            [
                item if isinstance(item, TokenizedEntry) else _wrap(item, row)
                for row, item in enumerate(batch)
            ]
        )
        rows = [entry.ids for entry in entries]
        spans = supervised_spans(entries, self.mask)
        if self.max_length is not None:
            rows, spans = self._shorten(entries, spans, self.max_length)
        if not any(spans):
            raise ValueError(
                f"nothing is supervised in this batch: none of its {len(rows)} rows, "
                f"of {', '.join(str(len(entry.ids)) for entry in entries)} tokens, has a target "
                f"left (mask {self.mask!r}, max_length {self.max_length})"
            )
        return rows, spans

    def _admit(self, entries: list[TokenizedEntry]) -> list[TokenizedEntry]:
        """Leave out, or refuse, the entries that "drop" and "error" do not want."""
        if not entries:
            raise ValueError("a batch of no items cannot be collated")
        limit = self.max_length
        if limit is None or self.truncation in ("cut", "keep_end"):
            return entries
        fitting = [entry for entry in entries if len(entry.ids) <= limit]
        if len(fitting) == len(entries) or (fitting and self.truncation == "drop"):
            return fitting
        long = [
            f"row {i} ({len(e.ids)} tokens)" for i, e in enumerate(entries) if len(e.ids) > limit
        ]
        raise ValueError(
            f"longer than max_length {limit}: {', '.join(long)}"
            + ("; that is every row of this batch" if self.truncation == "drop" else "")
        )

    def _shorten(
        self, entries: list[TokenizedEntry], spans: list[Spans], limit: int
    ) -> tuple[list[NDArray[np.integer]], list[Spans]]:
        """Cut the rows to what fits, and leave no span to a row that lost its response."""
        # A block for `limit` columns of inputs is one wider: it holds that many tokens and
        # one more, which is the end token or, under "cut", a token of a longer text.
        fits = limit + 1 if self.truncation == "cut" else limit
        lost = {
            row
            for row, entry in enumerate(entries)
            if len(entry.ids) > limit and entry.prompt_length >= fits
        }
        if 0 < len(lost) < len(entries):
            warnings.warn(
                f"max_length {limit} leaves nothing of the response in rows {sorted(lost)} of this "
                f"batch of {len(entries)}; all their targets are ignored",
                ResponseCutWarning,
                stacklevel=4,
            )
        # In a chat, a turn of whose response nothing is left loses its span; with it goes the
        # header, and the end token of "keep_end", which would teach to answer nothing.
        return [entry.ids[:fits] for entry in entries], [
            kept
            if len(entry.ids) <= limit
            else tuple(s for s, turn in zip(kept, entry.spans, strict=False) if turn[0] < fits)
            for entry, kept in zip(entries, spans, strict=True)
        ]

    def _width(self, rows: list[NDArray[np.integer]]) -> int:
        """Give the width of inputs and targets: the longest row, rounded up and held down."""
        width = max(map(len, rows))
        if self.pad_to_multiple_of is not None:
            width = -(-width // self.pad_to_multiple_of) * self.pad_to_multiple_of
        return width if self.max_length is None else min(width, self.max_length)


def _wrap(ids: Sequence[int] | NDArray[np.integer], row: int) -> TokenizedEntry:
    try:
        return TokenizedEntry(np.asarray(ids))
    except ValueError as error:
        raise ValueError(f"row {row} of the batch: {error}") from None


class InstructionDataset(Dataset[TokenizedEntry]):
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
    offsets: NDArray[np.int64]
    prompts: NDArray[np.int64]
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
        ids, offsets, prompts = array("q"), array("q", [0]), array("q")
        for number, entry in enumerate(tqdm(entries, "tokenizing", disable=not progress), 1):
            entry_ids, prompt_length, header_length = encode_entry(entry, style, encode, decode)
            if not entry_ids:
                raise ValueError(f"entry {number}: an entry of no tokens has nothing to predict")
            ids.fromlist(entry_ids)
            offsets.append(len(ids))
            prompts.extend((prompt_length, -1 if header_length is None else header_length))
        if not prompts:
            raise ValueError("a dataset of no entries has nothing to learn from")
        flat = np.array(ids, dtype=np.int64)
        if flat.min() < 0:
            raise ValueError(f"ids are 0 or more; this tokenizer gave {flat.min()}")
        kind: type[np.unsignedinteger] = np.uint16 if flat.max() < 2**16 else np.uint32
        self.ids = flat.astype(kind)
        self.offsets = np.array(offsets, dtype=np.int64)
        # Columns: prompt length, and header length or -1 where it could not be told.
        self.prompts = np.array(prompts, dtype=np.int64).reshape(-1, 2)

    def __len__(self) -> int:
        return len(self.prompts)

    def __getitem__(self, index: int) -> TokenizedEntry:
        if not -len(self) <= index < len(self):
            raise IndexError(f"entry {index} of {len(self)}")
        index %= len(self)
        prompt_length, header_length = self.prompts[index].tolist()
        return TokenizedEntry(
            self.ids[self.offsets[index] : self.offsets[index + 1]],
            prompt_length,
            None if header_length < 0 else header_length,
        )

    def __reduce__(self) -> str | tuple[Any, ...]:
        # An opened set is pickled as the place it is opened from, so that a worker process
        # opens the memory map for itself; as arrays, each worker would get a copy of them.
        return super().__reduce__() if self.folder is None else (type(self).open, (self.folder,))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many ids each entry has, without its end token."""
        return np.diff(self.offsets)

    def save(self, folder: str | Path) -> None:
        """Write the set to a new folder, whole or not at all.

        Raises `FileExistsError` where the folder exists.
        """
        folder = Path(folder)
        if folder.exists():
            raise FileExistsError(f"{folder}: a dataset is saved to a new folder")
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=folder.name, dir=folder.parent))
        try:
            for name in _ARRAYS:
                np.save(unfinished / f"{name}.npy", getattr(self, name))
            (unfinished / "joint.json").write_text(json.dumps(self.joint))
            unfinished.chmod(0o755)  # what mkdtemp makes is closed to everyone else
            unfinished.rename(folder)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise

    @classmethod
    def open(cls, folder: str | Path) -> "InstructionDataset":
        """Open a saved set as a memory map: nothing is read before it is asked for.

        Raises `FileNotFoundError` or `ValueError` where the folder holds no whole set.
        """
        dataset = cls.__new__(cls)
        dataset.folder = folder = Path(folder).resolve()
        for name in (*_ARRAYS, "joint"):
            file = folder / (f"{name}.npy" if name in _ARRAYS else "joint.json")
            if not file.is_file():
                raise FileNotFoundError(f"{file}: missing, so {folder} holds no saved dataset")
            try:
                if name == "joint":
                    dataset.joint = json.loads(file.read_text())
                else:
                    setattr(dataset, name, np.load(file, mmap_mode="r"))
            except (ValueError, EOFError) as error:
                raise ValueError(
                    f"{folder}: the saved dataset is damaged: {file.name} is cut short, or not "
                    f"what was saved ({error}); save the set again"
                ) from None
        sizes = len(dataset.offsets), dataset.offsets[-1]
        if (len(dataset.prompts) + 1, len(dataset.ids)) != sizes:
            raise ValueError(
                f"{folder}: the saved dataset is damaged: its arrays are not of one set"
            )
        return dataset


_ARRAYS = ("ids", "offsets", "prompts")
