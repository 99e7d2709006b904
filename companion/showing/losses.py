"""How a loss fell, drawn: a line for each run, from the first step on.

What it leaves out: runs that are known by a few points and differ by powers of ten, which
`companion.showing.plotting.draw_curves` draws on a logarithmic scale. Chapter 04.
"""

from collections.abc import Mapping, Sequence

from companion.showing.picture import PEN, Picture
from companion.showing.plotting import draw_lines_in_frame


def draw_losses(losses: Mapping[str, Sequence[float]], start: float | None = None) -> Picture:
    """Draw the loss of each run, step by step, on one scale that begins at zero.

    `losses`: by the name of a run, its loss at each step. `start`: a loss that is marked by a
    thin line, the one of a model that knows nothing. Raises `ValueError` where there is nothing
    to draw.

    >>> draw_losses({"right": [2.4, 0.9, 0.4], "no shift": [2.4, 0.5, 0.0]}, start=2.4)
    The loss by steps. right: 2.40 at step 0, 0.90 at step 1, 0.40 at step 2.
    no shift: 2.40 at step 0, 0.50 at step 1, 0.00 at step 2. A thin line marks 2.40.
    """
    if not losses or not all(map(len, losses.values())):
        raise ValueError("there is nothing to draw: give at least one run, of a step or more")
    points = {name: [*enumerate(run)] for name, run in losses.items()}
    figure, axes = draw_lines_in_frame(points, markevery=0.2)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("step", color=PEN, fontsize=12)
    axes.set_ylabel("loss", color=PEN, fontsize=12)
    if start is not None:
        axes.axhline(start, color=PEN, linewidth=0.6)
    described = " ".join(
        f"{name}: {', '.join(f'{run[at]:.2f} at step {at}' for at in _told(len(run)))}."
        for name, run in losses.items()
    )
    marked = "" if start is None else f" A thin line marks {start:.2f}."
    return Picture(figure, f"The loss by steps. {described}{marked}")


def _told(steps: int) -> list[int]:
    """Give the first step, one in the middle and the last, each once."""
    return sorted({0, steps // 2, steps - 1})
