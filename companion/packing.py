"""Pack: several entries share one row, one after another, and no slot is padding.

`plan_packs` says which entries go together, by best fit. `Packer` joins the entries of one
pack: each is shifted, ignored and masked by itself, with the functions of steps 3 to 6, and
only then are they joined, so that no target crosses a border. A pack's positions begin anew
with each entry; from them follow the two things that keep a model from reading one entry
while it answers another, a mask or the borders as cumulative lengths. What it leaves out:
the order of the packs, which a training run shuffles. Chapter 11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion.collating import Collator, Item, to_device
from companion.ignoring import keep_spans
from companion.padding import pad_batch
from companion.shifting import shift_targets
from companion.truncating import TRUNCATIONS

if TYPE_CHECKING:  # tensors are made in the functions below, and torch is imported there
    import torch


def plan_packs(lengths: ArrayLike, pack_length: int, truncation: str = "error") -> list[list[int]]:
    """Say which entries share a pack: for each pack, the numbers of its entries.

    `lengths`: how many slots of inputs each entry takes, which is its tokens without its
    end, as `InstructionDataset.lengths` has them.
    `pack_length`: the slots of a pack. `truncation`: what becomes of an entry longer than
    that, in the words of `Collator`. "error" refuses it, "drop" leaves it out; all others
    give it a whole pack, and a `Packer` with that truncation cuts it.

    Best fit, the longest first: each entry goes where the least room is left over. It takes
    n log n steps for n entries, and the same lengths give the same packs. The result can be
    the `batch_sampler` of a `DataLoader`.

    Raises `ValueError` for no entries, for lengths or a pack length under 1, and for
    entries that are too long.

    >>> plan_packs([5, 2, 3, 7, 4], pack_length=8)
    [[3], [0, 2], [4, 1]]
    """
    sizes = _sizes(lengths, pack_length, truncation)
    packs: list[list[int]] = []
    # Two heaps of (room, pack). Lengths only fall from here on, so a pack with room for this
    # entry has room for all that follow: whatever is in `fitting` stays there until it is
    # filled further, and its top is the best fit. `waiting` has the roomiest pack on top.
    fitting: list[tuple[int, int]] = []
    waiting: list[tuple[int, int]] = []
    for entry in np.argsort(-sizes, kind="stable").tolist():
        size = int(sizes[entry])
        if size > pack_length:  # "drop"
            continue
        while waiting and -waiting[0][0] >= size:
            room, pack = heappop(waiting)
            heappush(fitting, (-room, pack))
        if fitting:
            room, pack = heappop(fitting)
        else:
            room, pack = pack_length, len(packs)
            packs.append([])
        packs[pack].append(entry)
        heappush(waiting, (-(room - size), pack))
    return packs


def _sizes(lengths: ArrayLike, pack_length: int, truncation: str) -> NDArray[np.int64]:
    """Give the slots that each entry takes, or say why there can be no plan."""
    given = np.asarray(lengths)
    if truncation not in TRUNCATIONS:
        raise ValueError(f"truncation is one of {', '.join(TRUNCATIONS)}; found {truncation!r}")
    if pack_length < 1:
        raise ValueError(f"pack_length is at least 1; found {pack_length}")
    if given.size == 0:
        raise ValueError("a plan needs entries; found no lengths")
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise ValueError(f"lengths are one row of integers; found {lengths!r}")
    if given.min() < 1:
        raise ValueError(
            f"an entry has at least 1 token; entry {given.argmin()} has length {given.min()}"
        )
    sizes: NDArray[np.int64] = given.astype(np.int64)
    if truncation not in ("drop", "error"):
        return sizes.clip(max=pack_length)
    long = np.flatnonzero(sizes > pack_length)
    if len(long) and (truncation == "error" or len(long) == len(sizes)):
        named = [f"entry {entry} ({sizes[entry]} tokens)" for entry in long[:5]]
        more = f" and {len(long) - 5} more" if len(long) > 5 else ""
        raise ValueError(
            f"longer than pack_length {pack_length}: {', '.join(named)}{more}; take longer packs, "
            f"or a truncation other than {truncation!r}"
        )
    return sizes


class Pack(NamedTuple):
    """One row of several entries: three int64 tensors, each of shape (1, width).

    `position_ids` count the tokens of each entry from 0, so that a 0 is where one begins.
    """

    inputs: torch.Tensor
    targets: torch.Tensor
    position_ids: torch.Tensor


@dataclass(frozen=True)
class Packer:
    """Turn the entries of one pack into a `Pack`: a `collate_fn` for PyTorch's `DataLoader`.

    `collator`: whose settings hold, its mask and its ids as for a padded batch. Its
    `max_length` is the length of a pack, and an entry longer than that is treated as its
    `truncation` says. There are no pads, unless `pad_to_multiple_of` asks for a width: then
    pads fill the end of the row, as one more entry whose targets are all ignored.

    Raises `ValueError` for entries that together are longer than `max_length`, and where
    `Collator` does; so for an entry whose prompt alone fills a pack, when its response is
    cut away and there is no other entry to learn from.

    >>> pack = Packer()([[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]])
    >>> pack.inputs
    tensor([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]])
    >>> pack.targets
    tensor([[    1,     2,     3,     4, 50256,     6, 50256,     8,     9, 50256]])
    >>> pack.position_ids
    tensor([[0, 1, 2, 3, 4, 0, 1, 0, 1, 2]])
    """

    collator: Collator = field(default_factory=Collator)

    def __call__(self, batch: Sequence[Item]) -> Pack:
        import torch

        settings = self.collator
        texts = settings.texts(batch)
        limit = settings.max_length
        width = sum(text.length - 1 for text in texts)
        if limit is not None and width > limit:
            raise ValueError(
                f"{len(texts)} entries of {width} tokens do not fit a pack of max_length {limit}; "
                "let plan_packs say which do"
            )
        parts = []
        for text, supervised in zip(texts, settings.spans(texts), strict=True):
            # A batch of one text: its block has no pads, and its targets are its own.
            ends = [text.closed]
            block = pad_batch([text.ids], settings.end_id, settings.pad_id, text.length, ends)
            inputs, targets = shift_targets(block)
            parts.append((inputs, keep_spans(targets, [supervised], settings.ignore_index)))
        missing = -width % (settings.pad_to_multiple_of or 1)
        if missing:
            pads = np.full((1, missing), settings.pad_id)
            parts.append((pads, np.full_like(pads, settings.ignore_index)))
        inputs, targets = (np.concatenate(part, axis=1) for part in zip(*parts, strict=True))
        positions = np.concatenate([np.arange(part.shape[1]) for part, _ in parts])[None]
        pack = Pack(*map(torch.from_numpy, (inputs, targets, positions)))
        return pack if settings.device is None else Pack(*to_device(pack, settings.device))


def cumulative_lengths(position_ids: torch.Tensor) -> torch.Tensor:
    """Give where each entry begins, and at last where all end: the borders of a pack.

    `position_ids`: shape (rows, columns); several rows count as one after another.
    Returns int32, shape (entries + 1,), which is what kernels for attention of variable
    length take as `cu_seqlens`. Raises `ValueError` for what are no positions of a pack.

    >>> import torch
    >>> cumulative_lengths(torch.tensor([[0, 1, 2, 3, 4, 0, 1, 0, 1, 2]]))
    tensor([ 0,  5,  7, 10], dtype=torch.int32)
    """
    import torch

    _check_positions(position_ids)
    starts = torch.nonzero(position_ids.flatten() == 0).flatten()
    return torch.cat([starts, starts.new_tensor([position_ids.numel()])]).to(torch.int32)


def block_diagonal_mask(position_ids: torch.Tensor) -> torch.Tensor:
    """Give what may be read where: a token reads its own entry up to itself, and no other.

    `position_ids`: shape (rows, columns). Returns bool, shape (rows, 1, columns, columns),
    True where the token of the third dimension may read that of the fourth, as the
    `attn_mask` of `torch.nn.functional.scaled_dot_product_attention` has it; the 1 stands
    for the heads. Raises `ValueError` for what are no positions of a pack.

    >>> import torch
    >>> block_diagonal_mask(torch.tensor([[0, 1, 0]]))[0, 0].int()
    tensor([[1, 0, 0],
            [1, 1, 0],
            [0, 0, 1]], dtype=torch.int32)
    """
    _check_positions(position_ids)
    entry = (position_ids == 0).cumsum(dim=1)  # (rows, columns): the number of its entry
    return (entry[:, :, None] == entry[:, None, :]).tril()[:, None]


def _check_positions(position_ids: torch.Tensor) -> None:
    if position_ids.ndim != 2 or position_ids.numel() == 0 or position_ids.is_floating_point():
        raise ValueError(
            "position_ids are integers in rows and columns; "
            f"found {position_ids.dtype} of shape {tuple(position_ids.shape)}"
        )
    import torch

    follows = torch.nn.functional.pad(position_ids[:, :-1] + 1, (1, 0))  # a row begins at 0
    wrong = torch.nonzero((position_ids != 0) & (position_ids != follows))
    if len(wrong):
        row, column = wrong[0].tolist()
        raise ValueError(
            "position_ids begin at 0 and count up by one, or begin anew at 0; "
            f"found {position_ids[row].tolist()[max(column - 1, 0) : column + 1]} "
            f"at row {row}, column {max(column - 1, 0)}"
        )
