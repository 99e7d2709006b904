"""Steps 3 to 6 as one: what a `DataLoader` calls to turn items into a batch.

`Collator` takes `TokenizedEntry` items (or bare ids, which are all answer), truncates them,
and pads, shifts, ignores and masks by calling the modules of those names and nothing else.
It is the code that the chapters read and the code that is measured. What it leaves out:
steps 1 and 2 (`companion.storing`), and which entries share a batch
(`companion.bucketing`). Chapter 07.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from dataclasses import InitVar, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from companion.ignoring import IGNORE_INDEX, Spans, keep_spans
from companion.masking import Mask, get_mask, supervised_spans
from companion.padding import PAD_ID, pad_batch
from companion.shifting import shift_targets
from companion.tokenizing import END_ID, TokenizedEntry
from companion.truncating import TRUNCATIONS, fits, truncate

if TYPE_CHECKING:  # tensors are made in `Collator.__call__`, and torch is imported there
    import torch

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

    `pad_id`, `end_id`: the ids of the pad and of the end token; they may be the same. Exactly
    one end token is appended to each text that is not `closed`, none to one that is.
    `begin_id`: the id that begins each text, which no truncation takes away; it is not put
    there, since the prompt of inference has it, too (`tokenize_entry`). `ends`: all ids that
    end an answer, where there are more than the one to append. `tokenizer`: gives those of
    these that are not given otherwise, as `adapt_tokenizer` reads them; its end pads, where
    it declares no pad.
    `ignore_index`: stands for a target that is not supervised. `mask`: "none", "prompt",
    "prompt_without_header", or a function of your own from an entry to supervised spans.
    `max_length`: the most columns that inputs and targets may have. A text longer than
    that is treated as `truncation` says:

    - "cut": what does not fit is cut off, the end token with it;
    - "keep_end": one more token is cut, and the end token put in its place, or the answer's
      own end, where that is one of `ends`;
    - "cut_prompt": what is too much is cut off the prompt's beginning, so that the response
      stays; what is still too much, as by "keep_end";
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
    >>> Collator(tokenizer="smollm2").end_id
    2
    """

    pad_id: int = PAD_ID
    end_id: int = END_ID
    ignore_index: int = IGNORE_INDEX
    mask: str | Mask = "none"
    max_length: int | None = None
    truncation: str = "cut"
    pad_to_multiple_of: int | None = None
    device: str | torch.device | None = None
    begin_id: int | None = None
    ends: Collection[int] = ()
    tokenizer: InitVar[Any] = None

    def __post_init__(self, tokenizer: Any) -> None:
        if tokenizer is not None:
            self._take_ids(tokenizer)
        get_mask(self.mask)  # refuses a name that none has
        if self.truncation not in TRUNCATIONS:
            raise ValueError(
                f"truncation is one of {', '.join(TRUNCATIONS)}; found {self.truncation!r}"
            )
        for name, least in (
            ("pad_id", 0),
            ("end_id", 0),
            ("begin_id", 0),
            ("ignore_index", None),
            ("max_length", 1),
            ("pad_to_multiple_of", 1),
        ):
            _check_whole(name, getattr(self, name), least)
        if not isinstance(self.ends, Collection) or isinstance(self.ends, str):
            raise ValueError(f"ends are ids, as in {{2, 3}}; found {self.ends!r}")
        for id in self.ends:
            _check_whole("each of ends", id, 0)
        object.__setattr__(self, "ends", frozenset(self.ends))
        if self.ignore_index >= 0:
            raise ValueError(
                f"ignore_index is negative, so that it is no token's id; found {self.ignore_index}"
            )
        if (
            self.max_length
            and self.pad_to_multiple_of
            and self.max_length % self.pad_to_multiple_of
        ):
            raise ValueError(
                f"a width cannot be a multiple of {self.pad_to_multiple_of} and stay within "
                f"max_length {self.max_length}; let max_length be a multiple of it"
            )

    def _take_ids(self, source: Any) -> None:
        """Take the ids that were left as GPT-2's from another tokenizer."""
        from companion.adapting import adapt_tokenizer

        tokenizer = adapt_tokenizer(source)
        # An id that is GPT-2's is one that was not given.
        end = tokenizer.end if self.end_id == END_ID else self.end_id
        if end is None:
            raise ValueError(
                f"{tokenizer.name}: this tokenizer declares no end of its own to append; give "
                "end_id, or dataclasses.replace(adapted, ends={...}, end=...)"
            )
        pad = end if tokenizer.pad is None else tokenizer.pad
        object.__setattr__(self, "end_id", end)
        object.__setattr__(self, "pad_id", pad if self.pad_id == PAD_ID else self.pad_id)
        object.__setattr__(self, "ends", self.ends or tokenizer.ends)
        if self.begin_id is None and tokenizer.begins:
            object.__setattr__(self, "begin_id", tokenizer.beginning)

    def __call__(self, batch: Sequence[Item]) -> Batch:
        import torch

        texts = self.texts(batch)
        spans = self.spans(texts)
        inputs, targets = shift_targets(self.block(texts))
        targets = keep_spans(targets, spans, self.ignore_index)
        # The inputs are a view into the block, which is one column wider. A model may want
        # to `view` them as one long row, so here they become an array of their own.
        made = Batch(torch.from_numpy(np.ascontiguousarray(inputs)), torch.from_numpy(targets))
        return made if self.device is None else Batch(*to_device(made, self.device))

    def texts(self, batch: Sequence[Item]) -> list[TokenizedEntry]:
        """Give the texts that are admitted, cut to what fits; step 2's result, row by row.

        A row of whose answers none is left has no turns. Raises `ValueError` for an empty
        batch and for texts that "error" or "drop" leave no batch of.
        """
        if len(batch) == 0:
            raise ValueError("a batch of no items cannot be collated")
        entries = [
            item if isinstance(item, TokenizedEntry) else _wrap(item, row)
            for row, item in enumerate(batch)
        ]
        limit = self.max_length
        if limit is None:
            return entries
        if self.truncation in ("drop", "error"):
            return self._admit(entries)
        texts = [self._truncated(entry) for entry in entries]
        lost = [row for row, text in enumerate(texts) if entries[row].turns and not text.turns]
        if 0 < len(lost) < len(texts):
            warnings.warn(
                f"max_length {limit} leaves nothing of the response in rows {lost} of this "
                f"batch of {len(texts)}; all their targets are ignored",
                ResponseCutWarning,
                stacklevel=3,
            )
        return texts

    def _truncated(self, entry: TokenizedEntry) -> TokenizedEntry:
        limit, truncation = self.max_length, self.truncation
        return truncate(entry, limit, truncation, self.end_id, self.begin_id, self.ends)

    def _admit(self, entries: list[TokenizedEntry]) -> list[TokenizedEntry]:
        """Leave out, or refuse, the entries that "drop" and "error" do not want."""
        fitting = [entry for entry in entries if fits(entry, self.max_length)]
        if len(fitting) == len(entries) or (fitting and self.truncation == "drop"):
            return fitting
        long = [
            f"row {row} ({len(entry.ids)} tokens)"
            for row, entry in enumerate(entries)
            if not fits(entry, self.max_length)
        ]
        raise ValueError(
            f"longer than max_length {self.max_length}: {', '.join(long)}"
            + ("; that is every row of this batch" if self.truncation == "drop" else "")
        )

    def spans(self, texts: Sequence[TokenizedEntry]) -> list[Spans]:
        """Give what of each text is supervised; the positions count its end token.

        Raises `ValueError` where that is nothing at all: the loss of such a batch is nan.
        """
        spans = supervised_spans(texts, self.mask)
        if not any(spans):
            raise ValueError(
                f"nothing is supervised in this batch: none of its {len(texts)} rows has a target "
                f"left (mask {self.mask!r}, max_length {self.max_length})"
            )
        return spans

    def block(self, texts: Sequence[TokenizedEntry]) -> NDArray[np.int64]:
        """Give the block of step 3, shape (batch, N + 1): texts, their end tokens, and pads."""
        width = max([text.length for text in texts]) - 1
        if self.pad_to_multiple_of is not None:
            width = -(-width // self.pad_to_multiple_of) * self.pad_to_multiple_of
        rows, closed = [text.ids for text in texts], [text.closed for text in texts]
        return pad_batch(rows, self.end_id, self.pad_id, width + 1, closed)


def to_device(
    tensors: Sequence[torch.Tensor], device: str | torch.device
) -> tuple[torch.Tensor, ...]:
    """Give the tensors on a device, or say in a sentence why they cannot go there.

    >>> import torch
    >>> to_device([torch.tensor([1])], "cpu")
    (tensor([1]),)
    """
    try:
        return tuple(tensor.to(device) for tensor in tensors)
    except (AssertionError, RuntimeError) as error:
        raise ValueError(
            f"no tensor can be moved to device {str(device)!r} here "
            f"({str(error).splitlines()[0]}); leave `device` out, or name one that there is"
        ) from None


def _check_whole(name: str, value: object, least: int | None) -> None:
    """Refuse what is no whole number, or under the least; None stands for no limit."""
    if value is None and (least == 1 or name == "begin_id"):
        return
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ValueError(f"{name} is a whole number; found {value!r}")
    if least is not None and value < least:
        kind = "a token id, 0 or more" if least == 0 else f"at least {least}"
        raise ValueError(f"{name} is {kind}; found {value}")


def _wrap(ids: Sequence[int] | NDArray[np.integer], row: int) -> TokenizedEntry:
    try:
        return TokenizedEntry(ids)
    except ValueError as error:
        raise ValueError(f"row {row} of the batch: {error}") from None
