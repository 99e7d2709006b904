"""Who may read whom in one row of a batch: a square for each attention mask.

Gives a `Picture` (`companion.showing.picture`), drawn from masks and positions as
`companion.packing` makes them. What it leaves out: how much is read, which is a model's to
decide. Chapter 11.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from companion.showing.picture import PEN, Picture, stand_in

_LOOKS: dict[int, dict[str, Any]] = {
    1: {"label": "its own entry", "facecolor": stand_in("response")},
    2: {"label": "another entry", "facecolor": stand_in("end"), "hatch": "///"},
}


def draw_reading(masks: Mapping[str, Any], positions: Sequence[int]) -> Picture:
    """Draw which slots each slot of a row may read, its own entry's and those of another.

    `masks`: by a name, booleans of shape (columns, columns), True where the slot of the row may
    read the slot of the column. `positions`: the row's position ids; a 0 begins an entry.
    Raises `ValueError` where a mask is no such square, or there is none.

    >>> import numpy as np
    >>> causal = np.tri(3, dtype=bool)
    >>> draw_reading({"causal": causal, "apart": causal & ~np.eye(3, k=-2, dtype=bool)}, [0, 1, 0])
    Who reads whom in a row of 3 slots, with entries of 2, 1. causal: 6 pairs, 2 of them across
    a border. apart: 5 pairs, 1 of them across a border.
    """
    entries = np.cumsum(np.asarray(positions) == 0)
    wide = len(entries)
    if not masks:
        raise ValueError("there is no mask to draw: give at least one by its name")
    across = entries[:, None] != entries
    kinds = {}
    for name, mask in masks.items():
        grid = np.asarray(mask).astype(bool)
        if grid.shape != (wide, wide):
            raise ValueError(f"a mask of {wide} positions is ({wide}, {wide}); found {grid.shape}")
        kinds[name] = np.where(grid, 1 + across, 0)
    side = 4.8 / len(masks) - 0.35  # inches; the page scales a picture to its own width
    high = side + 1.1
    figure = Figure(figsize=(4.8, high), facecolor="none")
    for number, (name, kind) in enumerate(kinds.items()):
        left = (0.33 + number * (side + 0.35)) / 4.8
        axes = figure.add_axes((left, 0.48 / high, side / 4.8, side / high), facecolor="none")
        axes.set_title(name, loc="left", color=PEN, fontsize=12, pad=4)
        _fill(axes, kind)
        _frame(axes, np.flatnonzero(np.diff(entries)) + 1, wide)
    handles = [Rectangle((0, 0), 1, 1, edgecolor=PEN, **look) for look in _LOOKS.values()]
    figure.legend(handles=handles, ncols=2, loc="upper left", frameon=False, fontsize=12,
                  labelcolor=PEN, borderpad=0.1, handlelength=1.4)  # fmt: skip
    sizes = ", ".join(str(size) for size in np.bincount(entries)[1:])
    told = (
        f"{name}: {int((kind > 0).sum())} pairs, {int((kind == 2).sum()) or 'none'} of them across "
        "a border."
        for name, kind in kinds.items()
    )
    title = f"Who reads whom in a row of {wide} slots, with entries of {sizes}."
    return Picture(figure, f"{title} {' '.join(told)}")


def _fill(axes: Axes, kind: NDArray[np.int_]) -> None:
    """Draw the slots of each row as runs of one kind."""
    for row, slots in enumerate(kind.tolist()):
        start = 0
        for what, run in groupby(slots):
            many = len(list(run))
            if what:
                looks = {key: value for key, value in _LOOKS[what].items() if key != "label"}
                axes.add_patch(Rectangle((start, row), many, 1, edgecolor=PEN, lw=0.4, **looks))
            start += many


def _frame(axes: Axes, borders: NDArray[np.int_], wide: int) -> None:
    axes.set(xlim=(0, wide), ylim=(wide, 0), xticks=borders, yticks=borders)
    axes.set_xlabel("is read", color=PEN, fontsize=12, labelpad=1)
    axes.set_ylabel("reads", color=PEN, fontsize=12, labelpad=1)
    axes.grid(color=PEN, linewidth=1.5)
    axes.tick_params(colors=PEN, labelsize=11, length=0, pad=2)
    for side in axes.spines.values():
        side.set(color=PEN, linewidth=1)
