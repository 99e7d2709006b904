"""Receive a batch in whatever form a trainer makes it: one shape of arrays for all of them.

Takes pairs and mappings, tensors, arrays and lists; masks of attention and of supervision,
positions and borders in each of the forms that trainers use. Gives a `Received`, and notes
what it could not read. What it leaves out: any judgement of what the batch teaches, which is
the work of `companion.auditing`, and where texts begin and end (`companion.dividing`).
Chapter 08.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.bordering import read_borders
from companion.converting import to_array, to_ids
from companion.expecting import Expectation
from companion.findings import Findings

Ids = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]

INPUTS = ("input_ids", "tokens", "inputs")
TARGETS = ("shift_labels", "labels", "targets")
"""The names that a mapping has them under; where labels are shifted already, those count."""

SHIFTED = ("tokens", "inputs", "shift_labels", "targets")
"""With these names, `targets[i]` follows `inputs[i]`; else the model shifts."""

LOSS_MASKS = (
    "loss_mask", "completion_mask", "assistant_masks", "assistant_mask", "response_mask",
    "loss_weights", "label_mask",
)  # fmt: skip
"""Masks of supervision, 0 for what is not learned, beside labels or instead of them."""

OF_PREDICTIONS = ("loss_mask", "response_mask", "loss_weights")
"""Those of them that some trainers make for the token in its place, some for the next."""


@dataclass(frozen=True)
class Received:
    """A batch that is known to be one: arrays of one shape, (rows, columns).

    `targets`: as given, or, where a mask of supervision stands for them, the ids themselves.
    `supervised`: which of them count. `attended`: True for what is read, or None; `visible`:
    what a mask of (rows, columns, columns) lets each position see. `positions`: or None.
    `starts`: True where a text begins within a row, by what the batch says of itself, or
    None. `shifted`: whether `targets[i]` follows `inputs[i]`. `mask_name`: of a mask of
    supervision that may speak of either, and stands without labels. `several_kinds`: whether
    positions have three or four kinds, as where images stand in a text.
    """

    inputs: Ids
    targets: Ids
    supervised: Flags
    attended: Flags | None
    visible: Flags | None
    positions: Ids | None
    borders: dict[str, Flags]
    shifted: bool
    mask_name: str | None = None
    several_kinds: bool = False

    @property
    def rows(self) -> range:
        """The numbers of the rows."""
        return range(len(self.inputs))


def receive(
    batch: Any, targets: Any, attention_mask: Any, position_ids: Any, expect: Expectation
) -> tuple[Received, Findings]:
    """Read a batch; `companion.auditing.audit` says what may come.

    Raises `ValueError` or `TypeError`, in one sentence, for what is no batch at all.
    """
    more: Mapping[str, Any] = {}
    shifted = True
    if isinstance(batch, Mapping):
        more = batch
        inputs, named = _named(batch, INPUTS)
        targets, labelled = _named(batch, TARGETS)
        mask_name = next((name for name in LOSS_MASKS if batch.get(name) is not None), None)
        if named is None or (labelled is None and mask_name is None):
            raise ValueError(
                "a mapping is audited by its 'input_ids' (or 'tokens') and its 'labels'; "
                f"found {', '.join(map(repr, batch)) or 'nothing'}"
            )
        shifted = labelled is not None and bool({named, labelled} & set(SHIFTED))
        attention_mask = batch.get("attention_mask", attention_mask)
        given = _named(batch, ("position_ids", "input_pos"))[0]
        position_ids = position_ids if given is None else given
        names = (named, labelled or "labels")
    else:
        inputs, targets = _pair(batch, targets)
        names, mask_name = ("inputs", "targets"), None
    shifted = shifted if expect.shifted is None else expect.shifted
    for value, name in zip((inputs, targets), names, strict=True):
        if value is None and (name == names[0] or mask_name is None):
            raise ValueError(f"{name}: is None, and there is nothing to audit without them")
    read = to_ids(inputs, names[0])
    found = Findings(len(read), None)
    graded = to_ids(targets, names[1]) if targets is not None else None
    _same_shape(graded, read, names[1])
    _check_types(inputs, targets, names, found)
    targets, supervised = _learned(more, read, graded, shifted, expect.ignore_index)
    attended, visible, numbers = _attention(attention_mask, read.shape, found)
    positions = _positions(position_ids, read.shape, found)
    borders = read_borders(more, read.shape, found)
    if visible is not None and (visible.any(axis=1) | visible.any(axis=2)).any():
        before = visible.diagonal(-1, axis1=1, axis2=2)  # whether each sees the one before it
        borders["attention_mask"] = np.pad(~before, ((0, 0), (1, 0)))
    if numbers is not None:
        borders["attention_mask"] = np.pad(np.diff(numbers) != 0, ((0, 0), (1, 0)))
    is_open = graded is None and mask_name in OF_PREDICTIONS and expect.shifted is None
    alone = mask_name if is_open else None
    if not (shifted or is_open):
        supervised[:, 0] = False  # a model that shifts never looks at the first column
    made = Received(
        read, targets, supervised, attended, visible, positions, borders, shifted, alone,
        np.ndim(position_ids) == 3,
    )  # fmt: skip
    return made, found


def _named(batch: Mapping[str, Any], names: Sequence[str]) -> tuple[Any, str | None]:
    """Give the first of these that is there, and its name; one that is None counts last."""
    there = [name for name in names if name in batch]
    name = next((name for name in there if batch[name] is not None), next(iter(there), None))
    return (None, None) if name is None else (batch[name], name)


def _pair(batch: Any, targets: Any) -> tuple[Any, Any]:
    if targets is not None:
        return batch, targets
    if isinstance(batch, Sequence) and not isinstance(batch, str) and len(batch) == 2:
        return batch[0], batch[1]
    raise TypeError(
        "a batch is (inputs, targets), or a mapping with 'input_ids' and 'labels'; "
        f"found {type(batch).__name__}"
    )


# What came -----------------------------------------------------------------------------


def _same_shape(array: NDArray[Any] | None, inputs: Ids, name: str) -> None:
    if array is not None and array.shape != inputs.shape:
        raise ValueError(
            f"{name}: should have the shape of inputs, {inputs.shape}; is {array.shape}"
        )


def _check_types(inputs: Any, targets: Any, names: tuple[str, str], found: Findings) -> None:
    """Name a tensor that torch will refuse; arrays and lists become whatever one makes of them."""
    torch = sys.modules.get("torch")
    if torch is None:
        return
    for value, name, user, fit in (
        (targets, names[1], "the loss", {torch.int64, torch.uint8}),
        (inputs, names[0], "an embedding", {torch.int64, torch.int32}),
    ):
        if isinstance(value, torch.Tensor) and value.dtype not in fit:
            wanted = "int64" if user == "the loss" else "int64 or int32"
            shown = str(value.dtype).removeprefix("torch.")
            found.add("ids-of-wrong-type", range(len(value)), name=name, found=shown,
                      user=user, wanted=wanted)  # fmt: skip


# Masks and positions --------------------------------------------------------------------


def _learned(
    more: Mapping[str, Any],
    inputs: Ids,
    targets: Ids | None,
    shifted: bool,
    ignore_index: int,
) -> tuple[Ids, Flags]:
    """Give targets, and which are supervised: by ignore index, and by every mask beside it."""
    if targets is None:
        targets = inputs
        if shifted:  # what follows the last input is not shown
            targets = np.concatenate([inputs[:, 1:], np.full_like(inputs[:, :1], ignore_index)], 1)
    supervised: Flags = targets != ignore_index
    for mask_name in LOSS_MASKS:
        if more.get(mask_name) is None:
            continue
        mask = to_array(more[mask_name], mask_name)
        if mask.ndim != 2 or mask.dtype.kind not in "iubf":
            raise ValueError(
                f"{mask_name}: should be numbers of the shape (rows, columns); found "
                f"{mask.dtype} of shape {mask.shape}"
            )
        _same_shape(mask, inputs, mask_name)
        supervised &= mask != 0
    return targets, supervised


def _positions(value: Any, shape: tuple[int, ...], found: Findings) -> Ids | None:
    """Read positions: one a slot; for all rows alike; or three or four kinds, text first."""
    if value is None:
        return None
    array = to_array(value, "position_ids")
    if array.ndim == 3 and array.shape[1:] == shape:
        array = array[0]
    elif array.ndim == 1 or (array.ndim == 2 and len(array) == 1):
        array = np.broadcast_to(array, (shape[0], array.shape[-1]))
    whole = array.dtype.kind in "iub" or (array.dtype.kind == "f" and (array % 1 == 0).all())
    if array.ndim != 2 or not whole:
        _unread(found, "position_ids", array)
        return None
    if array.shape != shape:
        raise ValueError(
            f"position_ids: should have the shape of inputs, {shape}; is {array.shape}"
        )
    return array.astype(np.int64, copy=False)


def _attention(
    value: Any, shape: tuple[int, ...], found: Findings
) -> tuple[Flags | None, Flags | None, Ids | None]:
    """Read a mask of attention: what is read, what each position sees, and numbers of texts."""
    if value is None:
        return None, None, None
    try:
        array = to_array(value, "attention_mask")
    except ValueError as error:
        if "nested" in str(error) or "sparse" in str(error) or "meta" in str(error):
            raise
        array = np.asarray(None)
    if array.dtype.kind not in "iubf" or array.ndim not in (2, 3, 4):
        _unread(found, "attention_mask", array, value)
        return None, None, None
    if array.ndim == 2:
        return _flat_attention(array, shape, found)
    grid = _grid(array, shape)
    if grid is None:
        _unread(found, "attention_mask", array)
        return None, None, None
    allowed = _allowed(grid)
    if allowed is None:
        _unread(found, "attention_mask", array)
        return None, None, None
    if allowed.shape[1] == 1:  # of keys alone
        return allowed[:, 0], None, None
    if not allowed.diagonal(axis1=1, axis2=2).any() and allowed.shape[1] > 1:
        allowed = ~allowed  # True for what is hidden, as Megatron has it
    return _read_at_all(allowed), allowed, None


def _flat_attention(
    array: NDArray[Any], shape: tuple[int, ...], found: Findings
) -> tuple[Flags | None, Flags | None, Ids | None]:
    if array.shape != shape:
        raise ValueError(
            f"attention_mask: should have the shape of inputs, {shape}; is {array.shape}"
        )
    if array.dtype.kind == "f" and not array.any():
        # All 0.0 hides everything as factors, and nothing as addends.
        _unread(found, "attention_mask", array)
        return None, None, None
    attended = _allowed(array)
    if attended is None:
        _unread(found, "attention_mask", array)
        return None, None, None
    numbered = array.dtype.kind in "iuf" and array.min() >= 0 and array.max() > 1
    return attended, None, array.astype(np.int64) if numbered else None


def _grid(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any] | None:
    """Give (rows, queries, columns) of what may have an axis of heads, or one for all rows."""
    if array.ndim == 4:
        same = array.shape[1] == 1 or (array == array[:, :1]).all()
        if not same:
            return None
        array = array[:, 0]
    rows, width = shape
    if array.shape[0] not in (1, rows) or array.shape[2] != width:
        return None
    if array.shape[1] not in (1, width):
        return None
    return np.broadcast_to(array, (rows, *array.shape[1:]))


def _allowed(array: NDArray[Any]) -> Flags | None:
    """Tell what is read, be it marked by 1 and 0, by True and False, or by 0 and -inf."""
    if array.dtype.kind == "b":
        return array
    if array.dtype.kind == "f":
        if np.isnan(array).any():
            return None
        if array.min() < 0 or (array.ndim > 2 and not array.any()):  # what is added to scores
            return None if array.max() > 0 else np.asarray(array > -1)
    if array.min() < 0:
        return None
    return np.asarray(array != 0)


def _read_at_all(allowed: Flags) -> Flags:
    """Tell which columns are text: those that see themselves.

    A pad that sees nothing at all would divide by nothing, so some masks let it see
    everything, what comes after it, too.
    """
    attended = np.array(allowed.diagonal(axis1=1, axis2=2))
    sees_all: Flags = np.all(allowed, axis=2)
    spared: Flags = sees_all & ~np.all(sees_all, axis=1)[:, None]
    spared[:, -1] = False  # the last one may see everything
    return np.asarray(attended & ~spared)


def _unread(found: Findings, name: str, array: NDArray[Any], value: Any = None) -> None:
    shown = f"{array.dtype} of shape {array.shape}"
    if array.dtype.kind == "O":
        shown = f"{type(value).__name__}" if value is not None else "no array of numbers"
    found.add("attention-unread", range(found.rows), name=name, found=shown)
