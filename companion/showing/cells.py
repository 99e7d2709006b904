"""Tensors drawn cell by cell, with what a step does between them: for a few short texts.

Each function gives a `Picture` (`companion.showing.picture`), drawn from what the companion's
own steps make of the texts. An id is written into its cell; the end token that was appended is
*end*, what fills a row is *pad*, both by their place. What it leaves out: real batches, which
are wider than a picture, and are shown by `companion.showing.table`. Chapters 06 and 07.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from companion.ignoring import IGNORE_INDEX, ignore_padding, keep_spans
from companion.masking import supervised_spans
from companion.padding import pad_batch
from companion.shifting import shift_targets
from companion.showing.picture import PEN, Picture, stand_in
from companion.tokenizing import TokenizedEntry

_WIDE = 4.8
"""Inches; the page scales a picture to its own width."""

_MOST_MASKED, _MOST_COLLATED = 8, 5
"""Tokens of a text; of more, an id could not be read on a phone."""


@dataclass(frozen=True)
class _Cell:
    """What is written into a slot, and the role whose colour it has."""

    text: str
    role: str


_IGNORED = _Cell(str(IGNORE_INDEX), "ignored")


def draw_masks(entry: TokenizedEntry, masks: Sequence[str]) -> Picture:
    """Draw a text over its targets, and under them what each mask leaves of them.

    `masks`: names as `Collator(mask=...)` takes them. Each target stands in the column where it
    is asked for, which is one to the left of its place in the text; a line joins the two.
    Raises `ValueError` for a text of more than eight tokens, and for no mask.

    >>> draw_masks(TokenizedEntry([0, 1, 2, 3, 4], prompt_length=3, header_length=1), ["prompt"])
    A text over its targets. text: 0 1 2 3 4 end, which is 2 prompt, 1 header, 2 response, 1 end.
    targets: 1 2 3 4 end. mask "prompt": -100 -100 3 4 end.
    """
    if not masks:
        raise ValueError("there is no mask to draw: give at least one by its name")
    if len(entry.ids) > _MOST_MASKED:
        raise ValueError(f"{_MOST_MASKED} tokens can be drawn; found a text of {len(entry.ids)}")
    header = entry.header_length or 0
    body, answer = entry.prompt_length - header, len(entry.ids) - entry.prompt_length
    roles = ["prompt"] * body + ["header"] * header + ["response"] * answer + ["end"]
    written = [*map(str, entry.ids.tolist()), "end"]
    text = [
        _Cell(word, "instruction" if role == "prompt" else role)
        for word, role in zip(written, roles, strict=True)
    ]
    rows = {"targets": text[1:]}
    _, targets = shift_targets(pad_batch([entry.ids]))
    for mask in masks:
        (kept,) = keep_spans(targets, supervised_spans([entry], mask)).tolist()
        rows[f'mask "{mask}"'] = _graded(kept, text[1:])
    figure, axes = _sheet(len(text) + 1, down=2 + 1.6 * len(rows))
    _name_parts(axes, roles)
    _write_row(axes, text, 0, 0.7)
    for number, (name, cells) in enumerate(rows.items()):
        down = 2.5 + 1.6 * number
        _write_row(axes, cells, 0, down)
        if number:
            axes.text(0, down - 0.1, name, color=PEN, fontsize=12, va="bottom")
    for name, down in (("text", 1.2), ("targets", 3)):
        across = len(text) + 0.15 - (name == "targets")
        axes.text(across, down, name, color=PEN, fontsize=12, va="center")
    for column in range(len(entry.ids)):
        axes.plot((column + 1.5, column + 0.5), (1.7, 2.5), color=PEN, linewidth=0.8)
    parts = {role: roles.count(role) for role in dict.fromkeys(roles)}
    made = ", ".join(f"{many} {role}" for role, many in parts.items())
    told = " ".join(f"{name}: {_in_words(cells)}." for name, cells in rows.items())
    said = f"A text over its targets. text: {_in_words(text)}, which is {made}."
    return Picture(figure, f"{said} {told}")


def draw_collating(rows: Sequence[Sequence[int]]) -> Picture:
    """Draw how a batch is made: the rows as they come, the block, inputs and targets.

    Raises `ValueError` for a row of more than five tokens, or no rows.

    >>> draw_collating([[0, 1], [5]])
    From 2 rows to a batch. a list of 2: 0 1; 5. block (2, 3): 0 1 end; 5 end pad.
    inputs (2, 2): 0 1; 5 end. targets (2, 2): 1 end; end -100.
    """
    longest = max(map(len, rows), default=0)
    if not 0 < longest <= _MOST_COLLATED:
        raise ValueError(f"rows of 1 to {_MOST_COLLATED} tokens can be drawn; found {longest}")
    lengths = [len(row) for row in rows]
    items = [[_Cell(str(id), "response") for id in row] for row in rows]
    block = [
        [*cells, _Cell("end", "end"), *[_Cell("pad", "pad")] * (longest - len(cells))]
        for cells in items
    ]
    inputs = [cells[:-1] for cells in block]
    kept = ignore_padding(shift_targets(pad_batch(rows))[1], lengths).tolist()
    targets = [_graded(values, cells[1:]) for values, cells in zip(kept, block, strict=True)]
    shape = f"({len(rows)}, {longest})"
    grids = {
        f"a list of {len(rows)}": items,
        f"block ({len(rows)}, {longest + 1})": block,
        f"inputs {shape}": inputs,
        f"targets {shape}": targets,
    }
    right, below = longest + 1.4, len(rows) + 2.3
    figure, axes = _sheet(2 * longest + 2.4, down=2 * len(rows) + 3.4)
    places = ((0, 1), (right, 1), (0, 1 + below), (right, 1 + below))
    for (name, cells), (across, down) in zip(grids.items(), places, strict=True):
        axes.text(across, down - 0.15, name, color=PEN, fontsize=12, va="bottom")
        for number, row in enumerate(cells):
            _write_row(axes, row, across, down + number)
    middle, foot = 1 + len(rows) / 2, len(rows) + 1.1
    _arrow(axes, (longest + 0.15, middle), (right - 0.1, middle))
    axes.text(longest + 0.7, middle - 0.2, "pad", color=PEN, fontsize=12, ha="center")
    _arrow(axes, (right + 0.4, foot), (longest - 0.6, foot + 1.3))
    _arrow(axes, (right + 3.6, foot), (right + 3.6, foot + 1.3))
    axes.text(right - 0.1, foot + 0.9, "shift", color=PEN, fontsize=12)
    axes.text(right + 3.8, foot + 0.5, "shift,", color=PEN, fontsize=12)
    axes.text(right + 3.8, foot + 1.0, "ignore", color=PEN, fontsize=12)
    told = (f"{name}: {'; '.join(map(_in_words, cells))}." for name, cells in grids.items())
    return Picture(figure, f"From {len(rows)} rows to a batch. {' '.join(told)}")


def _graded(values: Sequence[int], cells: Sequence[_Cell]) -> list[_Cell]:
    """Give the cells of a row of targets, where some values are the ignore index."""
    pairs = zip(values, cells, strict=True)
    return [_IGNORED if value == IGNORE_INDEX else cell for value, cell in pairs]


def _sheet(columns: float, down: float) -> tuple[Figure, Axes]:
    """Make an empty figure whose unit is a cell, with room for so many columns."""
    unit = min(_WIDE / (columns + 0.1), 0.6)
    figure = Figure(figsize=(_WIDE, down * unit), facecolor="none")
    axes = figure.add_axes((0, 0, 1, 1), facecolor="none")
    axes.set(xlim=(-0.05, _WIDE / unit - 0.05), ylim=(down, 0))
    axes.set_axis_off()
    return figure, axes


def _write_row(axes: Axes, cells: Sequence[_Cell], across: float, down: float) -> None:
    for number, cell in enumerate(cells):
        # Told apart without colour: the end has a thick edge, what is ignored a dashed one.
        look: dict[str, Any] = {
            "edgecolor": PEN,
            "linewidth": 2.2 if cell.role == "end" else 0.7,
        }
        if cell.role in ("ignored", "pad"):
            look |= {"linestyle": (0, (3, 2)), "facecolor": "none"}
        else:
            look["facecolor"] = stand_in(cell.role)
        inset = 0.04
        corner = (across + number + inset, down + inset)
        axes.add_patch(Rectangle(corner, 1 - 2 * inset, 1 - 2 * inset, **look))
        size = 12 if len(cell.text) < 4 else 10
        middle = across + number + 0.5, down + 0.52
        axes.text(*middle, cell.text, color=PEN, fontsize=size, ha="center", va="center")


def _name_parts(axes: Axes, roles: Sequence[str]) -> None:
    """Write over the text what its parts are, each with a line as long as the part."""
    for role in dict.fromkeys(roles):
        if role == "end":
            continue
        start, many = roles.index(role), roles.count(role)
        axes.plot((start + 0.08, start + many - 0.08), (0.55, 0.55), color=PEN, linewidth=1.5)
        middle = start + many / 2
        axes.text(middle, 0.45, role, color=PEN, fontsize=12, ha="center", va="bottom")


def _arrow(axes: Axes, start: tuple[float, float], stop: tuple[float, float]) -> None:
    looks = {"arrowstyle": "-|>", "color": PEN, "linewidth": 1, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=stop, xytext=start, arrowprops=looks)


def _in_words(cells: Sequence[_Cell]) -> str:
    return " ".join(cell.text for cell in cells)
