"""Who reads whom: grids of yes and no, with the borders of the entries in a pack.

A row is a slot that is computed, a column a slot that it may read, or that was changed. What
crosses a border is drawn otherwise than what stays within one. What it leaves out: to make
the grids; an attention mask is one, and what a change reaches is another. Chapter 11.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from companion.showing.plotting import INK_STAND_IN, Picture, stand_in


def draw_grids(
    grids: Mapping[str, ArrayLike],
    lengths: Sequence[int],
    rows: str = "slot that reads",
    columns: str = "slot that is read",
) -> Picture:
    """Draw grids side by side: where each is true, within an entry or across a border.

    `grids`: by a name for each, shape (slots, slots), true where the row's slot reads the
    column's. `lengths`: of the entries that share the pack, in order; they fill it. `rows`,
    `columns`: what the sides are called. Raises `ValueError` for grids of another shape.

    >>> draw_grids({"causal": [[1, 0, 0], [1, 1, 0], [1, 1, 1]]}, [2, 1])
    Grids of 3 by 3 slots, entries of 2 and 1. causal: 6 true, 2 of them across a border.
    """
    size = sum(lengths)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    across = owner[:, None] != owner[None, :]
    figure = Figure(figsize=(4.8, 5.0 / len(grids) + 0.5), facecolor="none")
    described = []
    for place, (name, grid) in enumerate(grids.items()):
        told = np.asarray(grid, dtype=bool)
        if told.shape != (size, size):
            raise ValueError(
                f"entries of {_listed(lengths)} fill {size} slots, so a grid has shape "
                f"({size}, {size}); {name!r} has {told.shape}"
            )
        axes = figure.add_subplot(1, len(grids), place + 1, facecolor="none")
        for kind, role, hatch in (
            (told & ~across, "response", ""),
            (told & across, "header", "xxxx"),
        ):
            for row, column in np.argwhere(kind).tolist():
                axes.add_patch(
                    Rectangle(
                        (column, row), 1, 1, facecolor=stand_in(role), edgecolor=INK_STAND_IN,
                        linewidth=0.4, hatch=hatch,
                    )
                )  # fmt: skip
        for border in np.cumsum(lengths)[:-1].tolist():
            axes.axhline(border, color=INK_STAND_IN, linewidth=1)
            axes.axvline(border, color=INK_STAND_IN, linewidth=1)
        axes.set(xlim=(0, size), ylim=(size, 0), aspect="equal")
        ticks = np.arange(size) + 0.5
        step = max(1, size // 10)
        numbers = [str(slot) for slot in range(0, size, step)]
        axes.set_xticks(ticks[::step], numbers)
        axes.set_yticks(ticks[::step], numbers if place == 0 else [""] * len(numbers))
        axes.tick_params(colors=INK_STAND_IN, labelsize=9, length=0)
        for side in axes.spines.values():
            side.set_color(INK_STAND_IN)
        axes.set_title(name, color=INK_STAND_IN, fontsize=11)
        axes.set_xlabel(columns, color=INK_STAND_IN, fontsize=10)
        if place == 0:
            axes.set_ylabel(rows, color=INK_STAND_IN, fontsize=10)
        many, foreign = int(told.sum()), int((told & across).sum())
        described.append(f"{name}: {many} true, {foreign or 'none'} of them across a border.")
    figure.subplots_adjust(left=0.11, right=0.99, bottom=0.14, top=0.9, wspace=0.08)
    title = f"Grids of {size} by {size} slots, entries of {_listed(lengths)}."
    return Picture(figure, f"{title} {' '.join(described)}")


def _listed(lengths: Sequence[int]) -> str:
    *most, last = map(str, lengths)
    return f"{', '.join(most)} and {last}" if most else last
