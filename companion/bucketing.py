"""Bucketing: entries of like length share a batch, and the batches come in random order.

Takes the lengths of all entries and says which entries make up each batch of an epoch. A
batch of like lengths has few pads, whatever their lengths are. The batches themselves are
shuffled: in sorted order the model would meet all long answers in a row, and its loss
would rise and fall with them. What it leaves out: the padding itself (`companion.padding`).
Chapter 09.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion.padding import count_pads

POOL = 100
"""How many steps are sorted together: more, and fewer pads; fewer, and freer company."""


class LengthBucketSampler:
    """The batches of an epoch, as lists of entry numbers, for `DataLoader(batch_sampler=...)`.

    Each epoch the entries are shuffled and dealt into pools of about `pool` steps. Each pool
    is sorted by length and cut into batches, and then all steps of the epoch are shuffled. So
    an entry keeps other company in each epoch, and no batch tells how long the next one is.

    `lengths`: one for each entry, in tokens, text only. `batch_size`: the most that a batch
    may hold. Every entry comes exactly once, and batches differ in size by at most one, so
    that 9 entries in batches of 8 are 5 and 4. `drop_last` makes all batches full, and leaves
    out what is over, other entries each epoch.

    `num_replicas` processes train together and this one is `rank`: each gets equally many
    batches, and at one step all get batches of like length, since the longest holds up the
    rest. All must be given the same lengths and the same seed. Call `set_epoch` before each
    epoch, as for PyTorch's `DistributedSampler`: the order depends on seed and epoch alone.

    Raises `ValueError` where the numbers do not fit together.

    >>> batches = list(LengthBucketSampler([9, 2, 8, 3, 2, 9], batch_size=2))
    >>> sorted(sorted(batch) for batch in batches)
    [[0, 5], [1, 4], [2, 3]]
    """

    def __init__(
        self,
        lengths: ArrayLike,
        batch_size: int,
        seed: int = 0,
        drop_last: bool = False,
        num_replicas: int = 1,
        rank: int = 0,
        pool: int = POOL,
    ) -> None:
        self.lengths = checked_lengths(lengths)
        self.batch_size = whole("batch_size", batch_size, 1)
        self.seed = whole("seed", seed, 0)
        self.num_replicas = whole("num_replicas", num_replicas, 1)
        self.pool = whole("pool", pool, 1)
        self.rank = whole("rank", rank, 0)
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last is True or False; found {drop_last!r}")
        if rank >= num_replicas:
            raise ValueError(
                f"rank counts from 0 to num_replicas - 1, which is {num_replicas - 1}; found {rank}"
            )
        self.drop_last = drop_last
        self.epoch = 0
        self._steps = self._count_steps()
        self._given = 0  # batches of this epoch that have left
        self._resume_at = 0  # where the next pass begins

    def _count_steps(self) -> int:
        entries, full = len(self.lengths), self.num_replicas * self.batch_size
        if entries < self.num_replicas:
            raise ValueError(
                f"each rank needs an entry at each step; found {entries} entries for "
                f"{self.num_replicas} ranks: use fewer ranks"
            )
        steps = entries // full if self.drop_last else -(-entries // full)
        if steps == 0:
            raise ValueError(
                f"{entries} entries do not fill one step of {full}, and drop_last leaves them "
                "all out: set it to False, or make batch_size smaller"
            )
        if not self.drop_last and entries < steps * self.num_replicas:  # only for batches of one
            raise ValueError(
                f"{entries} entries in batches of {self.batch_size} give no equal steps to "
                f"{self.num_replicas} ranks: set drop_last, or make batch_size larger"
            )
        return steps

    def __len__(self) -> int:
        """Give the number of batches in a whole epoch, the same for each rank."""
        return self._steps

    def __iter__(self) -> Iterator[list[int]]:
        """Give this rank's batches of this epoch, or what is left of them after a resumption."""
        batches = self._batches()
        start, self._resume_at = self._resume_at, 0
        for step in range(start, self._steps):
            self._given = step + 1
            yield batches[step]

    def _batches(self) -> list[list[int]]:
        """Give this rank's batches of this epoch, in order."""
        dice = np.random.default_rng((self.seed, self.epoch))
        count = self._steps * self.num_replicas
        entries = count * self.batch_size if self.drop_last else len(self.lengths)
        # Sizes that differ by at most one, and not always the same batches that are smaller.
        sizes = dice.permutation(np.arange(entries, entries + count) // count)
        pools = pool_of_steps(self._steps, self.pool).repeat(self.num_replicas)
        order = dice.permutation(len(self.lengths))[:entries]
        buckets = cut_buckets(self.lengths, order, sizes, pools)
        # Neighbours in the sorted pool are one step; who of the ranks gets the longest, varies.
        steps = dice.permuted(np.arange(count).reshape(self._steps, self.num_replicas), axis=1)
        mine = dice.permutation(steps)[:, self.rank]
        return [buckets[batch].tolist() for batch in mine]

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next. In the epoch that is there, nothing changes.

        >>> sampler = LengthBucketSampler(range(100), batch_size=4)
        >>> first = list(sampler)
        >>> sampler.set_epoch(1)
        >>> list(sampler) == first
        False
        """
        epoch = whole("epoch", epoch, 0)
        if epoch != self.epoch:
            self.epoch, self._given, self._resume_at = epoch, 0, 0

    def state_dict(self, given: int | None = None) -> dict[str, Any]:
        """Give what `load_state_dict` needs to go on, as numbers and text that JSON can hold.

        `given`: how many batches of this epoch have been trained on. By default as many as
        were handed out. Worker processes fetch ahead, so with them the loop must count.
        """
        given = self._check_given(self._given if given is None else given)
        return {"epoch": self.epoch, "given": given, **self._settings()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on after the batches of a state: the next pass gives what was left of the epoch.

        Raises `ValueError` where the state is of a sampler with other settings or lengths,
        whose batches are others.
        """
        settings = self._settings()
        missing = [key for key in ("epoch", "given", *settings) if key not in state]
        if missing == ["lengths"]:
            raise ValueError(
                "the state has no digest of the lengths, as states of earlier versions have none, "
                "so nothing tells whether the entries are in the same order: begin the epoch anew"
            )
        if missing:
            raise ValueError(f"the state lacks {', '.join(missing)}: is it a sampler's state_dict?")
        for name, mine in settings.items():
            if name == "lengths" and state[name] != mine:
                raise ValueError(
                    "the state is of a sampler whose entries had other lengths, or the same in "
                    "another order: the batches would be others; give the lengths as they were"
                )
            if state[name] != mine:
                raise ValueError(
                    f"the state is of a sampler with {name} {state[name]}, and this one has "
                    f"{mine}: the batches would be others; make the sampler as it was"
                )
        epoch, given = whole("epoch", state["epoch"], 0), self._check_given(state["given"])
        self.epoch = epoch
        self._given = self._resume_at = given

    def _check_given(self, given: int) -> int:
        given = whole("given", given, 0)
        if given > self._steps:
            raise ValueError(f"the epoch has {self._steps} batches; found given {given}")
        return given

    def _settings(self) -> dict[str, int | str]:
        """Give all that decides which batches there are, but the epoch and the rank."""
        return {
            "entries": len(self.lengths),
            "tokens": int(self.lengths.sum()),
            "lengths": digest(self.lengths),
            "batch_size": self.batch_size,
            "seed": self.seed,
            "drop_last": int(self.drop_last),
            "num_replicas": self.num_replicas,
            "pool": self.pool,
        }


def pool_of_steps(steps: int, pool: int = POOL) -> NDArray[np.int64]:
    """Give for each of `steps` the number of its pool, where a pool has about `pool` steps.

    Every pool gets about as many steps: a small last one would have many pads.

    >>> pool_of_steps(5, pool=2)
    array([0, 0, 0, 1, 1])
    """
    return np.arange(steps) * max(1, round(steps / pool)) // steps


def cut_buckets(
    lengths: NDArray[np.int64],
    order: NDArray[np.int64],
    sizes: NDArray[np.int64],
    pools: NDArray[np.int64],
) -> list[NDArray[np.int64]]:
    """Deal entries into pools, sort each pool by length, and cut it into batches.

    `order`: the numbers of the entries, shuffled. `sizes` and `pools`: for each batch, how
    many entries it holds, and the number of its pool; pools follow one another. Nothing here
    is random: of one pool, the batches come with the shortest first.

    >>> everyone = np.arange(4)
    >>> cut_buckets(np.array([9, 2, 8, 3]), everyone, np.array([2, 2]), np.array([0, 0]))
    [array([1, 3]), array([2, 0])]
    """
    # Equal lengths stay in the order given, since the sort is stable.
    order = order[np.lexsort((lengths[order], np.repeat(pools, sizes)))]
    return np.split(order, np.cumsum(sizes)[:-1])


def epoch_padding_share(lengths: ArrayLike, batches: list[list[int]]) -> float:
    """Give the padding share of a whole epoch: pad slots by all slots of its inputs.

    `lengths`: one for each entry, in tokens, text only. What counts as a pad is said in
    `companion.padding.padding_share`.

    >>> epoch_padding_share([5, 2, 3], [[0, 1, 2]])
    0.2
    """
    every: NDArray[np.int64] = checked_lengths(lengths)
    if not batches or not all(batches):
        raise ValueError("an epoch has batches, and a batch has entries; found none")
    pads = sum(count_pads(every[batch], int(every[batch].max())) for batch in batches)
    return pads / sum(int(every[batch].max()) * len(batch) for batch in batches)


def neighbour_correlation(lengths: ArrayLike, batches: list[list[int]]) -> float:
    """Give the correlation of a batch's mean length with the next batch's, from -1 to 1.

    Near 0, a batch tells nothing about the next one. Raises `ValueError` for fewer than
    three batches, and for batches that are all of one mean length.

    >>> round(neighbour_correlation([1, 2, 3, 4, 5], [[0], [1], [2], [3], [4]]), 6)
    1.0
    """
    every: NDArray[np.int64] = checked_lengths(lengths)
    means = np.array([every[batch].mean() for batch in batches])
    if len(means) < 3 or means[:-1].std() == 0 or means[1:].std() == 0:
        raise ValueError("a correlation needs three batches or more, of different mean lengths")
    return float(np.corrcoef(means[:-1], means[1:])[0, 1])


def checked_lengths(lengths: ArrayLike) -> NDArray[np.int64]:
    """Give the lengths as a flat array of whole numbers, none negative."""
    array = np.asarray(lengths)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"lengths are one number for each entry; found shape {array.shape}")
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"a length counts tokens, a whole number; found {array.dtype}")
    if array.min() < 0:
        entry = int(array.argmin())
        raise ValueError(f"a length is 0 or more; found {array[entry]} at entry {entry}")
    return array.astype(np.int64)


def digest(lengths: NDArray[np.int64]) -> str:
    """Give sixteen letters that tell these lengths, in this order, from all others.

    >>> digest(np.array([5, 2, 3])), digest(np.array([2, 5, 3]))
    ('8775a2d6c2e2cf59', '1b3cc549b7bf3c75')
    """
    # In one order of bytes, so that a state can be read on another machine.
    return hashlib.sha256(np.ascontiguousarray(lengths, dtype="<i8").data).hexdigest()[:16]


def whole(name: str, number: Any, least: int) -> int:
    """Give a whole number as Python's own; raise `ValueError`, with its name, for any other.

    >>> whole("batch_size", np.int32(8), least=1)
    8
    """
    if isinstance(number, (int, np.integer)) and not isinstance(number, bool) and number >= least:
        return int(number)
    raise ValueError(f"{name} is a whole number, {least} or more; found {number!r}")
