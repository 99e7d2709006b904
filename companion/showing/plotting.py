"""Pictures of real batches, drawn with matplotlib.

Each function gives a `Picture` (`companion.showing.picture`). What it leaves out: the tokens
themselves, which `companion.showing.table` shows and `companion.showing.cells` draws, and bars,
which are in `companion.showing.bars`. Chapters 01 to 11, 14 and 15.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import combinations, cycle
from string import ascii_lowercase
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from companion.showing.picture import PEN, Picture, stand_in
from companion.showing.table import STEPS
from companion.tokenizing import TokenizedEntry

_Letters = tuple[list[str], tuple[float, float]]
"""Some letters of a picture, and where their middle is."""


class StepLine:
    """The six steps in a row, with those that a chapter is about marked.

    It is a list, so that it can wrap on a narrow screen. Raises `ValueError` for a step
    that is none of the six.

    >>> StepLine("pad")
    The six steps: 1 format, 2 tokenize, 3 pad (here), 4 shift, 5 ignore, 6 mask.
    """

    def __init__(self, *here: str) -> None:
        for step in here:
            if step not in STEPS:
                raise ValueError(f"a step is one of {', '.join(STEPS)}; found {step!r}")
        self.here = here

    def __repr__(self) -> str:
        names = (
            f"{number} {step}{' (here)' if step in self.here else ''}"
            for number, step in enumerate(STEPS, 1)
        )
        return f"The six steps: {', '.join(names)}."

    def _repr_html_(self) -> str:
        items = "".join(self._item(number, step) for number, step in enumerate(STEPS, 1))
        style = "display:flex;flex-wrap:wrap;gap:.5em;padding:0;margin:1em 0;list-style:none"
        return f'<ol class="steps" style="{style}">{items}</ol>'

    def _item(self, number: int, step: str) -> str:
        here = step in self.here
        style = "border:1px solid;border-radius:.5em;padding:.2em .7em;margin:0"
        if here:
            style += ";border-width:3px;font-weight:bold"
        return (
            f'<li style="{style}"{" aria-current=step" if here else ""}>'
            f"{number}\N{NO-BREAK SPACE}{step}</li>"
        )


def draw_lengths(entries: Sequence[TokenizedEntry]) -> Picture:
    """Draw the block of these entries to scale: prompt, response, end token, pads.

    >>> draw_lengths([TokenizedEntry([0, 1, 2], prompt_length=1), TokenizedEntry([3])])
    A block of 2 rows and 4 columns. Row 0: 1 prompt, 2 response, 1 end, 0 pads.
    Row 1: 0 prompt, 1 response, 1 end, 2 pads.
    """
    width = max(len(entry.ids) for entry in entries) + 1
    parts = [
        (entry.prompt_length, len(entry.ids) - entry.prompt_length, 1, width - len(entry.ids) - 1)
        for entry in entries
    ]
    figure, axes = _rows_to_scale(len(entries))
    ends = np.zeros(len(entries))
    # Told apart without colour: plain, hatched, solid ink, empty.
    looks = (
        ("prompt", stand_in("template"), ""),
        ("response", stand_in("response"), "///"),
        ("end token", PEN, ""),
        ("pads", "none", ""),
    )
    for (label, colour, hatch), lengths in zip(looks, np.transpose(parts), strict=True):
        axes.barh(
            range(len(entries)),
            lengths,
            left=ends,
            height=0.8,
            label=label,
            facecolor=colour,
            edgecolor=PEN,
            linewidth=0.6,
            hatch=hatch,
        )
        ends = ends + lengths
    _dress(axes, width, len(entries))
    described = " ".join(
        f"Row {row}: {prompt} prompt, {response} response, {end} end, {pads} pads."
        for row, (prompt, response, end, pads) in enumerate(parts)
    )
    return Picture(figure, f"A block of {len(entries)} rows and {width} columns. {described}")


def draw_packs(lengths: Sequence[int], packs: Sequence[Sequence[int]], pack_length: int) -> Picture:
    """Draw packs to scale: the entries of each, one after another, and what is left empty.

    `lengths`: of all entries. `packs`: as `companion.packing.plan_packs` gives them.

    >>> draw_packs([5, 2, 3], [[0], [2, 1]], pack_length=6)
    2 packs of 6 slots. Pack 0: an entry of 5, 1 empty. Pack 1: entries of 3 and 2, 1 empty.
    """
    figure, axes = _rows_to_scale(len(packs))
    taken = [[min(int(lengths[entry]), pack_length) for entry in pack] for pack in packs]
    # Neighbours are told apart without colour: plain and hatched in turn; no fill is empty.
    looks = {
        "an entry": (stand_in("template"), ""),
        "the next": (stand_in("response"), "///"),
        "empty": ("none", ""),
    }
    named = set[str]()
    for row, sizes in enumerate(taken):
        start = 0
        parts = [*zip(sizes, cycle(("an entry", "the next")), strict=False)]
        for size, part in [*parts, (pack_length - sum(sizes), "empty")]:
            colour, hatch = looks[part]
            axes.barh(
                row,
                size,
                left=start,
                height=0.8,
                label="_" if part in named else part,  # a leading "_" keeps it off the legend
                facecolor=colour,
                edgecolor=PEN,
                linewidth=0.6,
                hatch=hatch,
            )
            named.add(part)
            start += size
    _dress(axes, pack_length, len(packs))
    axes.set_ylabel("pack")
    described = " ".join(_pack_in_words(row, sizes, pack_length) for row, sizes in enumerate(taken))
    return Picture(figure, f"{len(packs)} packs of {pack_length} slots. {described}")


def _pack_in_words(row: int, sizes: Sequence[int], pack_length: int) -> str:
    empty = f"{pack_length - sum(sizes)} empty"
    if len(sizes) == 1:
        return f"Pack {row}: an entry of {sizes[0]}, {empty}."
    return f"Pack {row}: entries of {', '.join(map(str, sizes[:-1]))} and {sizes[-1]}, {empty}."


def _rows_to_scale(rows: int) -> tuple[Figure, Axes]:
    """Make an empty figure, as high as its rows need."""
    height = 0.9 + 0.2 * rows  # inches; the page scales it to its own width
    figure = Figure(figsize=(4.8, height), facecolor="none")
    return figure, figure.add_axes((0.09, 0.5 / height, 0.88, 1 - 0.8 / height), facecolor="none")


def draw_waves(means: Mapping[str, Sequence[float]], what: str = "Mean length") -> Picture:
    """Draw the mean length of one batch after the other, each order in a frame of its own.

    `means`: by the order's name, the mean length of each batch, in tokens; or `what` else
    is said of each batch. Raises `ValueError` where there is nothing to draw.

    >>> draw_waves({"sorted": [9, 5, 1], "shuffled": [5, 1, 9]})
    Mean length by batch. sorted: 3 batches, from 1 to 9 tokens.
    shuffled: 3 batches, from 1 to 9 tokens.
    """
    if not means or not all(map(len, means.values())):
        raise ValueError("there is nothing to draw: give at least one order, of a batch or more")
    height = 0.5 + 1.25 * len(means)  # inches; the page scales it to its own width
    figure = Figure(figsize=(4.8, height), facecolor="none")
    top = max(map(max, means.values()))
    for place, (name, values) in enumerate(means.items()):
        low = 1 - (1.25 * place + 1.15) / height
        axes = figure.add_axes((0.15, low, 0.82, 0.88 / height), facecolor="none")
        axes.plot(range(len(values)), values, color=PEN, linewidth=0.9)
        axes.set(ylim=(0, 1.05 * top), ylabel="tokens")
        axes.set_title(name, loc="left", color=PEN, fontsize=12, pad=3)
        axes.tick_params(colors=PEN, labelsize=11, labelbottom=place == len(means) - 1)
        axes.yaxis.label.set(color=PEN, fontsize=12)
        for side in axes.spines.values():
            side.set_visible(False)
    axes.set_xlabel("batch", color=PEN, fontsize=12)
    described = " ".join(
        f"{name}: {len(values)} batches, from {min(values):.0f} to {max(values):.0f} tokens."
        for name, values in means.items()
    )
    return Picture(figure, f"{what} by batch. {described}")


def draw_waits(waits: Mapping[str, Sequence[tuple[float, float]]]) -> Picture:
    """Draw how long a training loop waits for a batch, by what the collate costs.

    `waits`: by the name of a setting, its points: milliseconds added to the collate, and
    milliseconds waited. Raises `ValueError` where there is nothing to draw.

    >>> draw_waits({"0 workers": [(0, 0.1), (4, 4.1)], "1 worker": [(0, 1), (4, 1.5)]})
    Milliseconds waited for a batch, by milliseconds added to the collate.
    0 workers: 0.1 at 0, 4.1 at 4. 1 worker: 1.0 at 0, 1.5 at 4.
    """
    if not waits or not all(map(len, waits.values())):
        raise ValueError("there is nothing to draw: give at least one setting, of a point or more")
    figure, axes = draw_lines_in_frame(waits)
    axes.set_ylim(bottom=0)
    axes.locator_params(integer=True)
    axes.set_xlabel("milliseconds added to the collate", color=PEN, fontsize=12)
    axes.set_ylabel("milliseconds waited", color=PEN, fontsize=12)
    described = " ".join(
        f"{name}: {', '.join(f'{waited:.1f} at {added:g}' for added, waited in points)}."
        for name, points in waits.items()
    )
    title = "Milliseconds waited for a batch, by milliseconds added to the collate."
    return Picture(figure, f"{title} {described}")


def draw_curves(curves: Mapping[str, Sequence[tuple[float, float]]]) -> Picture:
    """Draw how the loss of training runs went; the losses stand on a logarithmic scale.

    `curves`: by the name of a run, its points: updates, and the mean loss up to there. Raises
    `ValueError` where there is nothing to draw.

    >>> draw_curves({"right": [(20, 5.1), (40, 0.04)], "no shift": [(20, 4.2), (40, 0.001)]})
    The printed loss by updates, on a logarithmic scale.
    right: 5.1 at 20, 0.04 at 40. no shift: 4.2 at 20, 0.001 at 40.
    """
    if not curves or not all(map(len, curves.values())):
        raise ValueError("there is nothing to draw: give at least one run, of a point or more")
    figure, axes = draw_lines_in_frame(curves, markevery=0.12)
    axes.set_yscale("log")
    axes.set_xlabel("updates", color=PEN, fontsize=12)
    axes.set_ylabel("printed loss", color=PEN, fontsize=12)
    described = " ".join(
        f"{name}: {', '.join(f'{loss:.2g} at {update:g}' for update, loss in _ends(points))}."
        for name, points in curves.items()
    )
    return Picture(figure, f"The printed loss by updates, on a logarithmic scale. {described}")


def _ends(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Give the first point, the middle one and the last, each once."""
    return [points[at] for at in sorted({0, len(points) // 2, len(points) - 1})]


def draw_lines_in_frame(
    lines: Mapping[str, Sequence[tuple[float, float]]], markevery: float | None = None
) -> tuple[Figure, Axes]:
    """Draw lines in one frame, with a legend of two columns above it."""
    rows = -(-len(lines) // 2)  # of the legend
    height = 3.15 + 0.25 * rows  # inches; the page scales it to its own width
    figure = Figure(figsize=(4.8, height), facecolor="none")
    axes = figure.add_axes((0.14, 0.6 / height, 0.83, 2.4 / height), facecolor="none")
    # Told apart without colour: by line and by mark.
    kinds = ("-", "--", ":", "-.", (0, (5, 1, 1, 1)), (0, (1, 3)))
    looks = cycle(zip(kinds, "os^Dvx", strict=True))
    for (name, points), (kind, mark) in zip(lines.items(), looks, strict=False):
        axes.plot(
            *zip(*points, strict=True),
            label=name,
            color=PEN,
            linestyle=kind,
            linewidth=1.2,
            marker=mark,
            markersize=4,
            markevery=markevery,
        )
    axes.tick_params(colors=PEN, labelsize=11)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.legend(
        ncols=2,
        loc="lower left",
        bbox_to_anchor=(-0.15, 1),
        frameon=False,
        fontsize=11,
        labelcolor=PEN,
        borderaxespad=0.2,
        columnspacing=1,
        handlelength=2.4,
    )
    return figure, axes


def draw_runs(runs: Mapping[str, Sequence[tuple[float, float]]]) -> Picture:
    """Draw runs by what they print and by what they can: a dot a run, a letter for each name.

    `runs`: by a name, its runs, each the printed loss, which is above zero, and the share of
    exact answers. Names are listed below, by their letters. Raises `ValueError` where there is
    nothing to draw, or more names than letters.

    >>> draw_runs({"right": [(0.04, 0.94), (0.05, 0.92)], "no shift": [(0.001, 0.0)]})
    Exact answers by printed loss, on a logarithmic scale.
    a, right: 2 runs, loss 0.045, 93% exact. b, no shift: 1 run, loss 0.001, 0% exact.
    """
    if not runs or not all(map(len, runs.values())) or len(runs) > len(ascii_lowercase):
        raise ValueError("give one name or more, each with a run or more, and not over 26 names")
    letters = dict(zip(runs, ascii_lowercase, strict=False))
    names = [
        fill(f"{letter}  {name}", 30, subsequent_indent="     ") for name, letter in letters.items()
    ]
    columns = names[: (len(names) + 1) // 2], names[(len(names) + 1) // 2 :]
    rows = max("\n".join(column).count("\n") + 1 for column in columns)
    below = 0.8 + 0.185 * rows  # inches, for the names; the page scales it all to its own width
    height = below + 3.5
    figure = Figure(figsize=(4.8, height), facecolor="none")
    axes = figure.add_axes((0.17, below / height, 0.8, 3.35 / height), facecolor="none")
    axes.set_xscale("log")
    axes.set(ylim=(-0.04, 1.04), xlabel="printed loss", ylabel="exact answers")
    for found in runs.values():
        axes.plot(*zip(*found, strict=True), ".", color=PEN, markersize=4)
    left, right = axes.get_xlim()
    means = {name: tuple(np.mean(found, axis=0).tolist()) for name, found in runs.items()}
    places = {
        letters[name]: (float(np.log(loss / left) / np.log(right / left)), exact)
        for name, (loss, exact) in means.items()
    }
    looks: dict[str, Any] = {"color": PEN, "fontsize": 12, "fontweight": "bold"}
    looks |= {"ha": "center", "va": "center", "transform": axes.transAxes}
    for here, (across, up) in _together(places):
        down = -1 if up > 0.5 else 1  # beside its dots, and within the frame
        lines = [here[at : at + 5] for at in range(0, len(here), 5)]
        for number, line in enumerate(lines, 1):
            place = up + down * (0.01 + 0.055 * number)
            axes.text(across, place, " ".join(line), **looks)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.tick_params(colors=PEN, labelsize=11)
    axes.xaxis.label.set(color=PEN, fontsize=12)
    axes.yaxis.label.set(color=PEN, fontsize=12)
    for side in axes.spines.values():
        side.set_visible(False)
    for column, start in zip(columns, (0.01, 0.49), strict=True):
        text = "\n".join(column)
        top = (below - 0.68) / height
        figure.text(start, top, text, color=PEN, fontsize=10, va="top", linespacing=1.3)
    described = " ".join(
        f"{letters[name]}, {name}: {len(found)} run{'s' * (len(found) != 1)}, "
        f"loss {means[name][0]:.2g}, {means[name][1]:.0%} exact."
        for name, found in runs.items()
    )
    return Picture(figure, f"Exact answers by printed loss, on a logarithmic scale. {described}")


def _together(places: Mapping[str, tuple[float, float]]) -> list[tuple[str, tuple[float, float]]]:
    """Put letters that would lie on each other together, at the mean of their places.

    >>> _together({"a": (0.2, 0.5), "b": (0.9, 0.0), "c": (0.24, 0.5)})
    [('b', (0.9, 0.0)), ('ac', (0.22, 0.5))]
    """
    groups = [([letter], place) for letter, place in sorted(places.items())]
    while pair := next((pair for pair in combinations(groups, 2) if _overlap(*pair)), None):
        letters = sorted(pair[0][0] + pair[1][0])
        x, y = np.mean([places[letter] for letter in letters], axis=0).round(4).tolist()
        groups = [group for group in groups if group not in pair] + [(letters, (x, y))]
    return [("".join(letters), place) for letters, place in groups]


def _overlap(one: _Letters, other: _Letters) -> bool:
    """Tell whether two groups of letters, of five in a line, would lie on each other."""
    wide = 0.025 * (min(len(one[0]), 5) + min(len(other[0]), 5))
    return abs(one[1][0] - other[1][0]) < wide and abs(one[1][1] - other[1][1]) < 0.06


def draw_intervals(
    groups: Mapping[str, Mapping[str, Sequence[float]]],
    what: str,
    filled: Collection[tuple[str, str]] | None = None,
    zero: bool = False,
) -> Picture:
    """Draw means with their intervals, a line each, below the name of their group.

    `groups`: by a group's name, the mean, the lower and the upper bound of each of its lines.
    `what`: what is measured. `filled`: the (group, line) whose dots are solid, all if not given.
    `zero`: whether to draw where there is no difference. Raises `ValueError` where there is
    nothing to draw.

    >>> draw_intervals({"before": {"chatml": (2.8, 2.5, 3.1)}}, "loss")
    loss, with intervals. before: chatml 2.8 [2.5, 3.1].
    """
    if not groups or not all(map(len, groups.values())):
        raise ValueError("there is nothing to draw: give a group or more, each with a line or more")
    rows = sum(len(lines) + 1 for lines in groups.values())
    height = 0.65 + 0.24 * rows  # inches; the page scales it to its own width
    figure = Figure(figsize=(4.8, height), facecolor="none")
    axes = figure.add_axes((0.36, 0.55 / height, 0.61, 0.24 * rows / height), facecolor="none")
    axes.set_ylim(rows - 0.5, -0.5)
    if zero:
        axes.axvline(0, color=PEN, linewidth=0.8, linestyle=":")
    place = 0
    looks: dict[str, Any] = {"color": PEN, "va": "center", "transform": axes.get_yaxis_transform()}
    for group, lines in groups.items():
        axes.text(-0.57, place, group, fontsize=11, fontweight="bold", **looks)
        for name, (mean, low, high) in lines.items():
            place += 1
            solid = filled is None or (group, name) in filled
            axes.plot((low, high), (place, place), color=PEN, linewidth=1.4)
            dot: dict[str, Any] = {
                "markersize": 6,
                "color": PEN,
                "markerfacecolor": PEN if solid else "none",
            }
            axes.plot(mean, place, "o", **dot)
            axes.text(-0.52, place, name, fontsize=11, **looks)
        place += 1
    axes.set_yticks([])
    axes.set_xlabel(what, color=PEN, fontsize=12)
    axes.tick_params(colors=PEN, labelsize=11)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(PEN)
    described = " ".join(
        f"{group}: "
        + ", ".join(
            f"{name} {m:.3g} [{low:.3g}, {high:.3g}]" for name, (m, low, high) in of.items()
        )
        + "."
        for group, of in groups.items()
    )
    return Picture(figure, f"{what}, with intervals. {described}")


def draw_protocol(
    prompts: Mapping[str, int], response: int, counts: Mapping[str, int], masks: Sequence[str]
) -> Picture:
    """Draw how styles are compared: trained on the same, and scored on the same tokens.

    `prompts`: by style, the tokens of one entry's prompt. `response`: those of its response, end
    token included. `counts`: how many entries are "trained" and "held", how many "updates" and
    "seeds". `masks`: the names of the masks. Raises `ValueError` where there is no style.

    >>> counts = {"trained": 240, "held": 100, "updates": 60, "seeds": 3}
    >>> draw_protocol({"alpaca": 30, "plain": 9}, 5, counts, ["none", "prompt"])
    From 240 entries, 60 updates: 2 styles times 2 masks times 3 seeds. Then 100 other entries,
    of each the response alone is scored. One of them: alpaca, a prompt of 30 tokens; plain, a
    prompt of 9 tokens; and in each the same 5 tokens of response.
    """
    if not prompts:
        raise ValueError("there is nothing to draw: give at least one style")
    rows = len(prompts)
    grid, asked = 0.3 * rows, 0.24 * rows
    height = 2.2 + grid + asked
    figure = Figure(figsize=(4.8, height), facecolor="none")
    axes = figure.add_axes((0, 0, 1, 1), facecolor="none")
    axes.set(xlim=(0, 4.8), ylim=(height, 0))  # in inches, downwards
    axes.axis("off")
    text: dict[str, Any] = {"color": PEN, "fontsize": 11, "va": "center"}
    bar: dict[str, Any] = {"edgecolor": PEN, "linewidth": 0.7}

    axes.text(0.1, 0.18, f"1  The same {counts['trained']} entries, in the same order", **text)
    axes.text(
        0.1, 0.5, f"2  {counts['updates']} updates each; a dot is a run, of its own seed", **text
    )
    for column, mask in enumerate(masks):
        axes.text(2.1 + 1.3 * column, 0.78, f"mask {mask}", **{**text, "ha": "center"})
    for row, style in enumerate(prompts):
        top = 0.92 + 0.3 * row
        axes.text(0.35, top + 0.12, style, **text)
        for column, _ in enumerate(masks):
            axes.add_patch(Rectangle((1.5 + 1.3 * column, top), 1.2, 0.24, fill=False, **bar))
            for seed in range(counts["seeds"]):
                across = 2.1 + 1.3 * column + 0.22 * (seed - (counts["seeds"] - 1) / 2)
                axes.plot(across, top + 0.12, "o", color=PEN, markersize=5)
    below = 0.92 + grid + 0.2
    axes.text(0.1, below, f"3  {counts['held']} others, each in the style of its model", **text)
    border, scale = 3.3, 2.2 / max(prompts.values())
    for row, (style, prompt) in enumerate(prompts.items()):
        top = below + 0.18 + 0.24 * row
        left = border - prompt * scale
        axes.add_patch(
            Rectangle((left, top), prompt * scale, 0.2, facecolor=stand_in("template"), **bar)
        )
        axes.add_patch(
            Rectangle(
                (border, top), max(response * scale, 0.2), 0.2,
                facecolor=stand_in("response"), hatch="////", **bar,
            )
        )  # fmt: skip
        axes.text(0.35, top + 0.1, style, **text)
    under = below + 0.18 + asked + 0.12
    axes.text(border - 0.12, under, "prompt: not scored", **{**text, "ha": "right"})
    axes.text(border + 0.02, under, "response: scored", **text)
    axes.text(0.1, under + 0.36, "4  Differences, entry by entry and seed by seed", **text)
    of_each = "; ".join(f"{style}, a prompt of {n} tokens" for style, n in prompts.items())
    return Picture(
        figure,
        f"From {counts['trained']} entries, {counts['updates']} updates: {rows} styles times "
        f"{len(masks)} masks times {counts['seeds']} seeds. Then {counts['held']} other entries, "
        f"of each the response alone is scored. One of them: {of_each}; and in each the same "
        f"{response} tokens of response.",
    )


def _dress(axes: Axes, width: int, rows: int) -> None:
    """Give the axes of a block their ticks, labels and legend, all in the page's ink."""
    axes.set(xlim=(0, width), ylim=(rows - 0.5, -0.5), xlabel="position", ylabel="row")
    axes.set_yticks(range(rows))
    axes.tick_params(colors=PEN, labelsize=9)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set(color=PEN, fontsize=10)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.legend(
        ncols=4,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        frameon=False,
        fontsize=10,
        labelcolor=PEN,
        borderaxespad=0.2,
        columnspacing=1.2,
        handlelength=1.6,
    )
