"""The padding lab: an epoch's batches, by five strategies, drawn to scale.

Takes the lengths of a set and gives the batches of one epoch: how wide each is and which
texts stand in its rows. From that follow the padding share, the steps and what they cost.
`plan` is the arithmetic, which `lab.js` has once more for a page without Python; a test
holds the two equal. `PaddingLab` is the widget. What it leaves out: tokens and models;
the seconds that a model needs are measured in `benchmarks/padding_strategies.py`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import chain
from typing import Any, NamedTuple

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from companion.bucketing import checked_lengths, cut_buckets, pool_of_steps
from companion.entries import load_entries
from companion.explorer.bundle import lab_module
from companion.packing import plan_packs
from companion.showing.palette import write_css
from companion.storing import InstructionDataset

STRATEGIES = ("static", "dynamic", "bucketed", "sorted", "packed")

HEADS = ("strategy", "padding", "steps", "slots", "attention")
"""The columns of the table that compares them."""

MEGA = 50
"""How many batches the strategy "sorted" sorts together: the most that transformers takes."""

MOST = 1_000_000
"""The largest batch size and the largest maximum length that the lab takes."""

ORDER_SEED = 0
"""Of the order in which the epoch meets its texts: the same for every strategy."""


class Block(NamedTuple):
    """One batch: how wide its inputs are, and in each row the slots that each text takes."""

    width: int
    rows: list[list[int]]


@dataclass(frozen=True)
class Plan:
    """The batches of one epoch, in order, and what follows from their shapes.

    `texts_cut`: how many texts are longer than the maximum length, and so lose their end
    token. `ids_cut`: how many ids are lost in all, those end tokens among them.
    """

    strategy: str
    batches: list[Block]
    texts_cut: int
    ids_cut: int

    @property
    def steps(self) -> int:
        """How many batches the epoch has."""
        return len(self.batches)

    @property
    def slots(self) -> int:
        """All slots of all inputs: most of what a model computes grows with them."""
        return sum(width * len(rows) for width, rows in self.batches)

    @property
    def padding_share(self) -> float:
        """The share of the slots that are pads."""
        return 1 - sum(self._texts()) / self.slots

    @property
    def squares(self) -> int:
        """The squares of all rows' widths, added up: attention grows with them."""
        return sum(width * width * len(rows) for width, rows in self.batches)

    @property
    def text_squares(self) -> int:
        """The same for each text by itself: what attention costs that is told the borders."""
        return sum(size * size for size in self._texts())

    def _texts(self) -> list[int]:
        return list(chain.from_iterable(row for _, rows in self.batches for row in rows))

    def as_json(self) -> dict[str, Any]:
        """Give all of it as `lab.js` has it."""
        names = "strategy", "steps", "slots", "padding_share", "squares", "text_squares"
        figures = {name: getattr(self, name) for name in (*names, "texts_cut", "ids_cut")}
        return {**figures, "batches": [[width, rows] for width, rows in self.batches]}


def plan(
    lengths: ArrayLike, strategy: str, batch_size: int = 8, max_length: int | None = None
) -> Plan:
    """Plan the batches of one epoch. Nothing here is random: the same lengths, the same plan.

    `lengths`: one for each text, in tokens, in the order in which a shuffled epoch meets
    them. `strategy`: one of `STRATEGIES`.

    - "static": batches as they come, each as wide as the longest text of the whole set.
    - "dynamic": the same batches, each as wide as its own longest text.
    - "bucketed": like lengths together, batches shuffled, by the rule of `LengthBucketSampler`.
    - "sorted": `MEGA` batches at a time are sorted, the longest first, and stay sorted.
    - "packed": each row holds several texts, planned by `plan_packs`, the packs shuffled.

    `batch_size`: rows of a batch; one that is larger than the set gives a single batch.
    `max_length`: columns of `inputs`, as for the `Collator` with truncation "cut", or None.
    Of the inputs a text takes a slot for each token, and one for its end token where that
    does not stand in the targets alone, as it does in the longest row and everywhere in a
    pack. A pack is as long as `max_length` allows, or as the longest text.

    Raises `ValueError` for numbers and names that are none of these.

    >>> for width, rows in plan([7, 1, 3, 3, 5], "dynamic", batch_size=2).batches:
    ...     print(width, rows)
    7 [[7], [2]]
    3 [[3], [3]]
    5 [[5]]
    >>> plan([7, 1, 3, 3, 5], "packed", batch_size=2).batches
    [Block(width=7, rows=[[5], [3, 3, 1]]), Block(width=7, rows=[[7]])]
    """
    texts = checked_lengths(lengths)
    if strategy not in STRATEGIES:
        raise ValueError(f"a strategy is one of {', '.join(STRATEGIES)}; found {strategy!r}")
    _check_number("batch_size", batch_size)
    if max_length is not None:
        _check_number("max_length", max_length)
    limit = int(texts.max()) if max_length is None else max_length
    sizes = np.minimum(texts, limit)
    everyone = np.arange(len(sizes))
    if strategy == "packed":
        packs = _shuffled(plan_packs(sizes, limit))
        filled = [sizes[pack].tolist() for pack in packs]
    else:
        filled = [[size] for size in sizes.tolist()]
    batches = _cut(np.arange(len(filled)), batch_size)
    if strategy == "bucketed":
        steps = -(-len(sizes) // batch_size)
        ends = np.arange(steps + 1) * len(sizes) // steps
        batches = _shuffled(cut_buckets(sizes, everyone, np.diff(ends), pool_of_steps(steps)))
    elif strategy == "sorted":
        mega = _cut(everyone, MEGA * batch_size)
        parts = [part[np.argsort(-sizes[part], kind="stable")] for part in mega]
        batches = _cut(np.concatenate(parts), batch_size)
    blocks = []
    for batch in batches:
        rows = [filled[row] for row in batch]
        width = int(sizes.max()) if strategy == "static" else max(map(sum, rows))
        if strategy != "packed":  # the end token, where there is room for it
            rows = [[min(size + 1, width)] for (size,) in rows]
        blocks.append(Block(width, rows))
    lost = texts[texts > limit] - limit
    return Plan(strategy, blocks, len(lost), int(lost.sum()))


def compare(
    lengths: ArrayLike, batch_size: int = 8, max_length: int | None = None
) -> dict[str, Plan]:
    """Plan the same epoch by every strategy; arguments as for `plan`.

    >>> for name, planned in compare([7, 1, 3, 3, 5], batch_size=2).items():
    ...     print(f"{name:8} {planned.steps} steps, {planned.padding_share:.0%} padding")
    static   3 steps, 34% padding
    dynamic  3 steps, 20% padding
    bucketed 3 steps, 5% padding
    sorted   3 steps, 5% padding
    packed   2 steps, 10% padding
    """
    return {name: plan(lengths, name, batch_size, max_length) for name in STRATEGIES}


def epoch(
    lengths: ArrayLike, strategy: str, batch_size: int, max_length: int | None
) -> dict[str, Any]:
    """Give what the lab draws: the chosen plan, and every strategy's figures, as JSON has it.

    `cost` and `attention` are the slots and the squares against those of dynamic padding;
    `longest` is the slots of the longest text, uncut, which give the drawing its scale.
    """
    plans = compare(lengths, batch_size, max_length)
    usual = plans["dynamic"]
    rows = [
        {
            "strategy": name,
            "padding_share": planned.padding_share,
            "steps": planned.steps,
            "cost": planned.slots / usual.slots,
            "attention": planned.squares / usual.squares,
        }
        for name, planned in plans.items()
    ]
    chosen = plans[strategy] if strategy in plans else plan(lengths, strategy)
    longest = int(np.max(lengths))
    return {"plan": chosen.as_json(), "rows": rows, "texts": np.size(lengths), "longest": longest}


def _cut(order: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    return [order[at : at + size] for at in range(0, len(order), size)]


def _check_number(name: str, number: int) -> None:
    if type(number) is not int or not 1 <= number <= MOST:
        raise ValueError(f"{name} is a whole number from 1 to {MOST:,}; found {number!r}")


def _shuffled(items: Sequence[Any]) -> list[Any]:
    """Shuffle as `lab.js` can too: by a generator of 32 bits, always from the same seed.

    The constants are those of Numerical Recipes, second edition, chapter 7.1.
    """
    shuffled, state = list(items), 1
    for last in range(len(shuffled) - 1, 0, -1):
        state = (1664525 * state + 1013904223) % 2**32
        chosen = state * (last + 1) // 2**32
        shuffled[last], shuffled[chosen] = shuffled[chosen], shuffled[last]
    return shuffled


class PaddingLab(anywidget.AnyWidget):
    """Choose a strategy, a batch size and a maximum length, and see an epoch's batches.

    `lengths`: one for each text, in tokens, in the order of the set; by default those of the
    embedded set. They are shuffled once, always in the same way. `strategy`, `batch_size`,
    `max_length`: as for `plan`. All of these are traits. What follows from them are traits
    that cannot be set: `padding_share`, `steps`, `texts_cut`, and `relative_cost`, which is
    the epoch's slots against those of dynamic padding with the same settings.

    Raises `ValueError` or `TraitError` for what `plan` does not take.

    >>> PaddingLab([7, 1, 3, 3, 5], "packed", batch_size=2)
    An epoch of 5 texts in batches of 2, no maximum length.
    Slots and attention: times those of dynamic padding.
    static   34.3% padding, 3 steps, slots 1.40, attention 1.64
    dynamic  16.0% padding, 3 steps, slots 1.00, attention 1.00
    bucketed 4.8% padding, 3 steps, slots 0.84, attention 0.79
    sorted   4.8% padding, 3 steps, slots 0.84, attention 0.79
    packed   9.5% padding, 2 steps, slots 0.84, attention 0.99
    """

    _esm = lab_module()
    _css = write_css() + (files("companion") / "explorer" / "lab.css").read_text("utf-8")

    strategy = traitlets.Enum(STRATEGIES, "dynamic").tag(sync=True)
    batch_size = traitlets.Int(8).tag(sync=True)
    max_length = traitlets.Int(None, allow_none=True).tag(sync=True)
    lengths: traitlets.List[int] = traitlets.List()
    padding_share = traitlets.Float(read_only=True).tag(sync=True)
    steps = traitlets.Int(read_only=True).tag(sync=True)
    relative_cost = traitlets.Float(read_only=True).tag(sync=True)
    texts_cut = traitlets.Int(read_only=True).tag(sync=True)
    drawn = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(
        self,
        lengths: ArrayLike | None = None,
        strategy: str = "dynamic",
        batch_size: int = 8,
        max_length: int | None = None,
        **options: Any,
    ) -> None:
        if lengths is None:
            lengths = InstructionDataset(load_entries()).lengths
        super().__init__(
            lengths=checked_lengths(lengths).tolist(),
            strategy=strategy,
            batch_size=batch_size,
            max_length=max_length,
            **options,
        )
        self._plan_anew()
        self.observe(self._plan_anew, ["lengths", "strategy", "batch_size", "max_length"])

    @property
    def shuffled(self) -> list[int]:
        """The lengths in the order in which the epoch meets the texts."""
        order = np.random.default_rng(ORDER_SEED).permutation(len(self.lengths))
        return [self.lengths[entry] for entry in order]

    @traitlets.validate("batch_size", "max_length")
    def _check(self, proposed: Any) -> int | None:
        number: int | None = proposed["value"]
        if number is not None:
            try:
                _check_number(proposed["trait"].name, number)
            except ValueError as error:
                raise traitlets.TraitError(str(error)) from None
        return number

    @traitlets.validate("lengths")
    def _check_lengths(self, proposed: Any) -> list[int]:
        try:
            checked: list[int] = checked_lengths(proposed["value"]).tolist()
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None
        return checked

    def _plan_anew(self, _: Any = None) -> None:
        drawn = epoch(self.shuffled, self.strategy, self.batch_size, self.max_length)
        row = drawn["rows"][STRATEGIES.index(self.strategy)]
        self.set_trait("padding_share", row["padding_share"])
        self.set_trait("steps", row["steps"])
        self.set_trait("relative_cost", row["cost"])
        self.set_trait("texts_cut", drawn["plan"]["texts_cut"])
        self.set_trait("drawn", drawn)

    def _caption(self) -> str:
        limit = "no maximum length"
        if self.max_length is not None:
            limit = f"maximum length {self.max_length:,}"
        return (
            f"An epoch of {len(self.lengths):,} texts in batches of {self.batch_size:,}, {limit}. "
            "Slots and attention: times those of dynamic padding."
        )

    def __repr__(self) -> str:
        rows = (
            f"{row['strategy']:8} {row['padding_share']:.1%} padding, {row['steps']:,} steps, "
            f"slots {row['cost']:.2f}, attention {row['attention']:.2f}"
            for row in self.drawn["rows"]
        )
        return "\n".join([self._caption().replace(". ", ".\n"), *rows])

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return {**data, "text/plain": repr(self), "text/html": self.html()}, metadata

    def html(self) -> str:
        """Give the element with its state, and the table to read where no script runs."""
        state = {name: getattr(self, name) for name in ("strategy", "batch_size", "max_length")}
        packed = json.dumps({"state": state, "lengths": self.shuffled}, separators=(",", ":"))
        heads = "".join(f'<th scope="col">{name}</th>' for name in HEADS)
        rows = "".join(
            f'<tr><th scope="row">{row["strategy"]}</th>'
            f"<td>{row['padding_share']:.1%}</td><td>{row['steps']:,}</td>"
            f"<td>{row['cost']:.2f}</td><td>{row['attention']:.2f}</td></tr>"
            for row in self.drawn["rows"]
        )
        return (
            f'<padding-lab><script type="application/json">{packed}</script><div class="pl">'
            f"<table class='pl-table'><caption>{self._caption()}</caption>"
            f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></padding-lab>"
        )
