"""Bars: what a model holds probable, and how long something takes.

Each function gives a `Picture` (`companion.showing.picture`). What it leaves out: where the
numbers come from, which is the business of the cell that draws them. Chapters 05 and 07.
"""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from companion.showing.picture import PEN, Picture, stand_in

_WIDE = 4.8
"""Inches; the page scales a picture to its own width."""


def draw_probabilities(
    shares: Mapping[str, Sequence[float]], tokens: Sequence[str], marked: str
) -> Picture:
    """Draw the probability of each token, one frame for each model, with one token marked.

    `shares`: by a model's name, one probability for each of the `tokens`, which name the bars.
    The bar of the `marked` token is coloured and hatched, and its number stands over it.
    Raises `ValueError` where a model has another number of probabilities than there are
    tokens, or the marked one is none of them.

    >>> draw_probabilities({"taught": [0.1, 0.9], "not": [0.5, 0.5]}, ["0", "end"], "end")
    The probability of each of 2 tokens, "end" marked. taught: end 0.9000, most probable end.
    not: end 0.5000, all equal.
    """
    if marked not in tokens or not shares:
        raise ValueError(
            f"one model or more, and a mark on one of {list(tokens)}; found {marked!r}"
        )
    for name, row in shares.items():
        if len(row) != len(tokens):
            raise ValueError(f"{name} has {len(row)} probabilities for {len(tokens)} tokens")
    place = tokens.index(marked)
    high = 0.4 + 1.4 * len(shares)  # inches
    figure = Figure(figsize=(_WIDE, high), facecolor="none")
    told = []
    for number, (name, row) in enumerate(shares.items()):
        low = 1 - (1.4 * number + 1.25) / high
        axes = figure.add_axes((0.1, low, 0.88, 0.85 / high), facecolor="none")
        bars = axes.bar(range(len(tokens)), row, facecolor="none", edgecolor=PEN, linewidth=0.8)
        bars[place].set(facecolor=stand_in("end"), hatch="///")
        value = f"{row[place]:.4f}"
        across = min(place, len(tokens) - 1.5)
        over = max(row[max(place - 1, 0) : place + 2]) + 0.06  # its neighbours' bars, too
        axes.text(across, over, value, color=PEN, fontsize=12, ha="center")
        axes.set(ylim=(0, 1.25), yticks=(0, 1), xticks=range(len(tokens)))
        axes.set_xticklabels(tokens)
        axes.set_title(name, loc="left", color=PEN, fontsize=12, pad=2)
        _plain(axes)
        equal = max(row) - min(row) < 1e-6
        most = tokens[max(range(len(row)), key=row.__getitem__)]
        told.append(
            f"{name}: {marked} {value}, {'all equal' if equal else f'most probable {most}'}."
        )
    axes.set_xlabel("next token", color=PEN, fontsize=12)
    title = f'The probability of each of {len(tokens)} tokens, "{marked}" marked.'
    return Picture(figure, f"{title} {' '.join(told)}")


def draw_times(times: Mapping[str, float], marked: str, what: str = "microseconds") -> Picture:
    """Draw one bar for each time, its number at its end, with one bar marked.

    `times`: by a name, how long it takes. `what`: the unit. Raises `ValueError` where there is
    nothing to draw, or nothing of the marked name.

    >>> draw_times({"a copy": 16, "ours": 61.4, "a library": 448}, marked="ours")
    Times in microseconds, "ours" marked. a copy: 16. ours: 61. a library: 448.
    """
    if marked not in times:
        raise ValueError(f"the marked bar is one of {list(times)}; found {marked!r}")
    high = 0.65 + 0.3 * len(times)  # inches
    figure = Figure(figsize=(_WIDE, high), facecolor="none")
    axes = figure.add_axes((0.26, 0.55 / high, 0.6, 1 - 0.6 / high), facecolor="none")
    bars = axes.barh(
        range(len(times)),
        [*times.values()],
        facecolor="none",
        edgecolor=PEN,
        linewidth=0.8,
    )
    bars[[*times].index(marked)].set(facecolor=stand_in("response"), hatch="///")
    for row, time in enumerate(times.values()):
        axes.text(time, row, f" {time:.0f}", color=PEN, fontsize=12, va="center")
    axes.set(ylim=(len(times) - 0.5, -0.5), yticks=range(len(times)))
    axes.set_yticklabels(times)
    axes.set_xlabel(what, color=PEN, fontsize=12)
    axes.locator_params(axis="x", nbins=4)
    _plain(axes)
    told = " ".join(f"{name}: {time:.0f}." for name, time in times.items())
    return Picture(figure, f'Times in {what}, "{marked}" marked. {told}')


def _plain(axes: Axes) -> None:
    axes.tick_params(colors=PEN, labelsize=12, length=2)
    for side in axes.spines.values():
        side.set_visible(False)
