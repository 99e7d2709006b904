"""Convert what a trainer hands in to arrays: tensors of any kind, arrays, lists.

Each refusal is one sentence. What it leaves out: what the numbers mean
(`companion.receiving`). Chapter 08.
"""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray


def to_array(value: Any, name: str) -> NDArray[Any]:
    """Give a tensor, array or list as an array, of whatever numbers it holds."""
    torch = sys.modules.get("torch")  # who hands in a tensor has imported it
    if torch is not None and isinstance(value, torch.Tensor):
        if value.is_nested:
            raise ValueError(
                f"{name}: a nested tensor; pad it first, with torch.nested.to_padded_tensor"
            )
        if value.layout is not torch.strided:
            raise ValueError(f"{name}: a sparse tensor; hand in {name}.to_dense()")
        if value.device.type == "meta":
            raise ValueError(f"{name}: on the device 'meta', where a tensor holds no values")
        value = value.detach().cpu()
        if value.dtype.is_floating_point:
            value = value.float()  # numpy knows no bfloat16
        value = value.numpy()
    if isinstance(value, (list, tuple)) and torch is not None:
        value = [to_array(v, name) if isinstance(v, torch.Tensor) else v for v in value]
    try:
        return np.asarray(value)
    except (ValueError, OverflowError, TypeError, RuntimeError) as error:
        said = " ".join(str(error).split())
        raise ValueError(f"{name}: should be rows of one width, of int64; {said}") from None


def to_ids(value: Any, name: str) -> NDArray[np.integer[Any]]:
    """Give ids as an array of shape (rows, columns); raise for what holds none."""
    array = to_array(value, name)
    if array.ndim != 2:
        raise ValueError(f"{name}: should have the shape (rows, columns); found {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name}: hold nothing to audit; found shape {array.shape}")
    if array.dtype.kind not in "iub":
        shown = getattr(value, "dtype", array.dtype)
        raise TypeError(f"{name}: should be integers, one a slot; found {shown}")
    return _narrow(array, name)


def _narrow(array: NDArray[Any], name: str) -> NDArray[np.integer[Any]]:
    """Give integers in as few bytes as hold them, signed; a batch may be large."""
    if array.dtype.itemsize < 4:
        return array.astype(np.int32)
    if array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{name}: should be rows of one width, of int64; found {array.max()}")
    small = np.iinfo(np.int32)
    fits = array.min() >= small.min and array.max() <= small.max
    return array.astype(np.int32 if fits else np.int64, copy=False)
