"""Load: a `DataLoader` whose settings fit together, and what cannot work said at once.

Takes a data set and a collate function and gives PyTorch's `DataLoader`. Its batches are in
ordinary memory; the training loop moves them to the device. There are no worker processes
unless asked for: this book's collate is quick, and to hand tensors over from another process
takes time of its own. What it leaves out: moving the batch, which is one line of the
training loop.
"""

import pickle
import sys
from collections.abc import Callable, Iterable
from functools import partial
from multiprocessing import get_all_start_methods, get_start_method
from pathlib import Path
from types import FunctionType
from typing import Any, Protocol

import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, RandomSampler

from companion.bucketing import whole


class Rows(Protocol):
    """What a data set has to have: a length, and items by number. A list is one."""

    def __len__(self) -> int: ...
    def __getitem__(self, number: int, /) -> Any: ...


def make_loader(
    dataset: Dataset[Any] | Rows,
    collate_fn: Callable[[list[Any]], Any],
    *,
    batch_size: int | None = None,
    shuffle: bool = False,
    sampler: Iterable[int] | None = None,
    batch_sampler: Iterable[list[int]] | None = None,
    device: str | torch.device = "cpu",
    num_workers: int = 0,
    multiprocessing_context: str | None = None,
    pin_memory: bool | None = None,
    prefetch_factor: int | None = None,
    persistent_workers: bool = False,
    seed: int = 0,
) -> DataLoader[Any]:
    """Give a `DataLoader`, or the reason why it could not work.

    `batch_size`: entries in a batch; the last batch may have fewer. `shuffle`: a new order
    each epoch, drawn from `seed` alone, so the same for any number of workers. `sampler` and
    `batch_sampler` give the order themselves, as numbers of entries and as lists of them.
    `device`: where the *training loop* moves the batches to. On a CUDA device they are
    pinned unless `pin_memory` says otherwise, so that `.to(device, non_blocking=True)` need
    not wait; elsewhere there is nothing to pin for. `num_workers` and what follows it are
    PyTorch's: https://docs.pytorch.org/docs/stable/data.html

    Raises `ValueError` for settings that cannot work together. Where a collate function
    puts its tensors is known from its attribute `device`, as `Collator` has one; what a
    function does inside cannot be seen.

    >>> from companion.collating import Collator
    >>> loader = make_loader([[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]], Collator(), batch_size=2)
    >>> [tuple(inputs.shape) for inputs, targets in loader]
    [(2, 5), (1, 3)]
    """
    target = _device("device", device)
    whole("seed", seed, 0)
    _check_order(dataset, batch_size, shuffle, sampler, batch_sampler)
    _check_workers(num_workers, multiprocessing_context, prefetch_factor, persistent_workers)
    method = multiprocessing_context or get_start_method(allow_none=True)
    method = method or get_all_start_methods()[0]  # the system's default, which comes first
    made_on = _device_of(collate_fn)
    if num_workers:
        _check_hand_over(made_on, method)
        if method != "fork":
            _check_picklable("collate function", collate_fn, method)
            _check_picklable("data set", dataset, method)
    if pin_memory is None:
        pin_memory = target.type == "cuda" and made_on.type == "cpu"
    _check_device(target, made_on, pin_memory)
    _check_there("device", target)
    _check_there("the device of the collate function", made_on)
    # The order has a generator of its own: PyTorch draws the workers' seeds from the loader's.
    if shuffle:
        sampler = RandomSampler(
            dataset,  # type: ignore[arg-type]  # a sequence has a length too
            generator=torch.Generator().manual_seed(seed),
        )
    return DataLoader(
        dataset,  # type: ignore[arg-type]  # a sequence is a data set
        batch_size=1 if batch_size is None else batch_size,  # 1: "not given", to PyTorch
        sampler=sampler,
        batch_sampler=batch_sampler,
        num_workers=num_workers,
        collate_fn=collate_fn,
        pin_memory=pin_memory,
        multiprocessing_context=method if num_workers else None,
        generator=torch.Generator().manual_seed(seed),
        prefetch_factor=prefetch_factor,
        persistent_workers=persistent_workers,
    )


def _check_order(
    dataset: object,
    batch_size: int | None,
    shuffle: bool,
    sampler: object,
    batch_sampler: object,
) -> None:
    """Refuse two orders at once, and batches of no size or of two."""
    if isinstance(dataset, IterableDataset):
        raise ValueError(
            "an iterable data set gives every entry once in each worker, and in its own order; "
            "give a data set that has a length and items by number"
        )
    if batch_sampler is not None:
        if batch_size is not None or shuffle or sampler is not None:
            raise ValueError(
                "a batch_sampler says which entries make which batch; "
                "leave out batch_size, shuffle and sampler"
            )
        return
    if batch_size is None:
        raise ValueError("how many entries make a batch? give batch_size, or a batch_sampler")
    whole("batch_size", batch_size, 1)
    if shuffle and sampler is not None:
        raise ValueError("a sampler says in which order the entries come; leave out shuffle")


def _check_workers(workers: int, method: str | None, prefetch: int | None, keep: bool) -> None:
    """Refuse numbers that are none, and settings of workers where there are no workers."""
    whole("num_workers", workers, 0)
    if prefetch is not None:
        whole("prefetch_factor", prefetch, 1)
    if method is not None and method not in get_all_start_methods():
        there = ", ".join(get_all_start_methods())
        raise ValueError(f"multiprocessing_context is one of {there} here; found {method!r}")
    asked = {
        "prefetch_factor": prefetch is not None,
        "persistent_workers": keep,
        "multiprocessing_context": method is not None,
    }
    for name, given in asked.items():
        if given and not workers:
            raise ValueError(
                f"{name} speaks of worker processes, and num_workers is 0: "
                f"leave out {name}, or give num_workers"
            )


def _check_device(target: torch.device, made_on: torch.device, pin: bool) -> None:
    """Refuse to pin what is not in ordinary memory, or for a device that gains nothing."""
    if pin and made_on.type != "cpu":
        raise ValueError(
            f"pinning is for tensors in ordinary memory, and this collate function puts them on "
            f"{made_on}: leave out its device and move the batches in the training loop"
        )
    if pin and target.type != "cuda":
        raise ValueError(
            f"pinned memory speeds the way to a CUDA device, and device is {target}: "
            "leave out pin_memory, or say which device the batches go to"
        )


def _check_there(what: str, device: torch.device) -> None:
    """Refuse a device that this machine does not have; it would be missed at the first batch."""
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise ValueError(
                f"{what} is {device}, and PyTorch finds no CUDA device here; use 'cpu'"
            )
        count = torch.cuda.device_count()
        if device.index is not None and device.index >= count:
            raise ValueError(
                f"{what} is {device}, and PyTorch finds {count} here; the last is cuda:{count - 1}"
            )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError(f"{what} is {device}, and PyTorch finds no MPS device here; use 'cpu'")


def _device(what: str, device: str | torch.device) -> torch.device:
    """Read the name of a device."""
    try:
        return torch.device(device)
    except (RuntimeError, TypeError):
        raise ValueError(f"{what} is such as 'cpu', 'cuda' or 'cuda:1'; found {device!r}") from None


def _check_hand_over(made_on: torch.device, method: str) -> None:
    """Refuse tensors that a worker process cannot make, or not hand over."""
    if made_on.type == "cpu":
        return
    cure = "leave out its device and move the batches in the training loop, or use 0 workers"
    if made_on.type != "cuda":
        raise ValueError(
            f"this collate function puts tensors on {made_on}, from where a worker process "
            f"cannot hand them over: {cure}"
        )
    if method == "fork":
        raise ValueError(
            f"this collate function puts tensors on {made_on}, and CUDA cannot be used in forked "
            f"workers: {cure} (or multiprocessing_context='spawn', which costs a CUDA context "
            "for each worker)"
        )


def _device_of(collate_fn: object) -> torch.device:
    """Tell where a collate function says that it puts its tensors; the CPU if it says nothing."""
    what = "the device of the collate function"
    while isinstance(collate_fn, partial):
        if "device" in collate_fn.keywords:
            return _device(what, collate_fn.keywords["device"] or "cpu")
        collate_fn = collate_fn.func
    return _device(what, getattr(collate_fn, "device", None) or "cpu")


def _check_picklable(what: str, thing: object, method: str) -> None:
    """Refuse what a worker that starts afresh, and is sent it as bytes, could not read."""
    try:
        _Trial(_Nowhere()).dump(thing)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(
            f"workers started by {method} are sent the {what} as bytes, and this one cannot be: "
            f"{error}; define it with `def` or `class` in a file and import it, or use 0 workers"
        ) from None
    except RuntimeError:
        pass  # locks and queues refuse all but the real thing, and work there


class _Nowhere:
    """A file that keeps nothing: the trial of a large data set takes no memory."""

    def write(self, data: Any) -> int:
        return len(data)


class _Trial(pickle.Pickler):
    """A pickler that also refuses what only this notebook or terminal has."""

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, (type, FunctionType)):
            if "<lambda>" in thing.__qualname__:
                raise pickle.PicklingError("a lambda has no name to find it by")
            if thing.__module__ == "__main__" and not _main_can_be_imported():
                raise pickle.PicklingError(
                    f"{thing.__qualname__!r} was defined in a notebook or a terminal, "
                    "which a worker does not have"
                )
        return NotImplemented


def _main_can_be_imported() -> bool:
    """Tell whether the program is a file, which a new process imports again, or a session."""
    main = sys.modules["__main__"]
    return main.__spec__ is not None or Path(getattr(main, "__file__", None) or "").is_file()
