"""The map: the whole tensor to scale, one small cell a slot, in the looks of the table's cells.

Takes the rows of a step and gives grids of looks, and a picture of them as SVG: the same each
time, and without a single id, so that any number of pictures can stand on a page. A run of
slots that look alike is one thick line, cut into slots by its dashes. `map.js` does the same
in a browser; a test holds grids, words and lines equal. What it leaves out: moving in it, and
faults, which only the explorer has.
"""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil, floor

from companion.showing.lines import Row
from companion.showing.palette import INK, ROLES, STRENGTHS

ORDER = (
    "end",
    "suffix",
    "response",
    "header",
    "input",
    "instruction",
    "template",
    "ignored",
    "pad",
)
"""The looks; of neighbours that are merged, the first of these shows."""

GUTTER = 40
"""Pixels at the left, for the names of the rows."""

HEADING = 17
"""Pixels over each grid, for its label."""

LEAST = 3
"""Pixels; a slot that would be narrower is merged with its neighbours."""

GAPPED = 4
"""Pixels; narrower slots touch."""

PATTERNED = 6
"""Pixels; a slot that is narrower has its colour alone."""

MOST = 22
"""Pixels; no slot is wider."""

STORED_WIDTH = 640
"""Pixels that a stored picture may take."""

INKED = f'fill="{INK[0]}"'
"""What makes words of the picture readable where no style sheet does."""

Stroke = tuple[str, str, str, float, str]
"""A line to draw: its kind, its look, where it runs, its width, its dashes."""


@dataclass(frozen=True)
class Grid:
    """One tensor as looks; `name` is "block", "inputs" or "targets", or "" at step 2.

    `rows`: for each row its number, and for each of its columns a role or "ignored".
    """

    name: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]

    @property
    def width(self) -> int:
        """The columns of the longest row."""
        return max(len(looks) for _, looks in self.rows)

    @property
    def label(self) -> str:
        """The tensor's shape, and what of it is padding, or is graded.

        >>> Grid("block", ((0, ("response", "end")), (1, ("end", "pad")))).label
        'block (2, 2): 1 of 4 padding'
        """
        looks = [look for _, row in self.rows for look in row]
        if not self.name:
            lengths = [len(row) for _, row in self.rows]
            rows = "row" if len(lengths) == 1 else "rows"
            return f"{len(lengths)} {rows} of {_listed(lengths)} ids"
        if self.name == "targets":
            found = f"{len(looks) - looks.count('ignored')} of {len(looks)} graded"
        else:
            found = f"{looks.count('pad')} of {len(looks)} padding"
        return f"{self.name} ({len(self.rows)}, {self.width}): {found}"

    def words(self) -> list[str]:
        """Say what each row holds, from left to right.

        >>> Grid("block", ((0, ("response", "end", "pad", "pad")),)).words()
        ['row 0: 1 response, 1 end token, 2 pad']
        """
        return [
            f"row {number}: "
            + ", ".join(f"{count} {ROLES[look].label}" for look, _, count in _runs(looks))
            for number, looks in self.rows
        ]


@dataclass(frozen=True)
class Scale:
    """How large a slot is drawn: `per` columns in one, `slot` pixels wide with its `gap`."""

    per: int
    slot: float
    tall: int
    gap: int


def make_grids(rows: Sequence[Row], step: str) -> list[Grid]:
    """Give the grids of a step: one, or from step 4 on inputs and targets, column over column.

    `rows`: as `make_rows` gives them. `step`: "tokenize", "pad", "shift", "ignore" or "mask".
    """
    names = ("",) if step in ("tokenize", "pad") else ("inputs", "targets")
    return [
        Grid(
            "block" if step == "pad" else name,
            tuple(
                (row.number, tuple("ignored" if c.ignored else c.role for c in row.cells))
                for row in rows
                if row.name == name
            ),
        )
        for name in names
    ]


def make_scale(columns: int, width: int) -> Scale:
    """Fit a number of columns into a width in pixels.

    >>> make_scale(70, 640), make_scale(1024, 640)
    (Scale(per=1, slot=8, tall=12, gap=1), Scale(per=6, slot=3.49, tall=12, gap=0))
    """
    room = max(width - GUTTER - 2, LEAST)
    per = ceil(columns / (room // LEAST))
    fits = room / ceil(columns / per)
    # Slots with gaps between them are whole pixels wide, so that the gaps are equal.
    slot = floor(100 * fits) / 100 if fits < GAPPED else min(MOST, floor(fits))
    return Scale(per, slot, max(12, floor(slot / 2) * 2), 0 if slot < GAPPED else 1)


def merge(looks: Sequence[str], per: int) -> list[str]:
    """Merge neighbours: of each `per` looks, the one that comes first in `ORDER`.

    >>> merge(["response", "end", "pad", "pad", "ignored"], 2)
    ['end', 'pad', 'ignored']
    """
    return [min(looks[start : start + per], key=ORDER.index) for start in range(0, len(looks), per)]


def make_strokes(grids: Sequence[Grid], scale: Scale) -> list[Stroke]:
    """Give the lines to draw: for each look a fill, and where there is room for it a pattern."""
    places: dict[str, list[tuple[float, int, int]]] = {}
    for top, grid in zip(_tops(grids, scale), grids, strict=True):
        for number, (_, looks) in enumerate(grid.rows):
            y = top + number * (scale.tall + scale.gap)
            for look, start, count in _runs(merge(looks, scale.per)):
                places.setdefault(look, []).append((GUTTER + start * scale.slot, y, count))
    return [
        stroke for look in ORDER if look in places for stroke in _look(look, places[look], scale)
    ]


def draw_map(rows: Sequence[Row], step: str, width: int = STORED_WIDTH) -> str:
    """Give the picture of a step as SVG, at most `width` pixels wide.

    Its colours are those of a light page; `stylesheet()` has them follow the page.
    """
    grids = make_grids(rows, step)
    columns = max(grid.width for grid in grids)
    if columns == 0:
        return ""  # of no columns there is nothing to see
    scale = make_scale(columns, width)
    tops, pitch = _tops(grids, scale), scale.tall + scale.gap
    drawn = "".join(draw_stroke(stroke) for stroke in make_strokes(grids, scale))
    for top, grid in zip(tops, grids, strict=True):
        drawn += (
            f'<text class="bm-label" x="0" y="{top - 5}" {INKED}>{html.escape(grid.label)}</text>'
        )
        for number, (row, _) in enumerate(grid.rows):
            y = top + number * pitch + scale.tall // 2 + 4
            drawn += f'<text x="0" y="{y}" {INKED}>row {row}</text>'
        if grid.name:
            drawn += _frame(grid, top, scale)
    high = tops[-1] + len(grids[-1].rows) * pitch + 2
    across = GUTTER + ceil(columns / scale.per) * scale.slot + 2
    wide = ceil(max(across, *(7 * len(grid.label) for grid in grids)))
    told = html.escape(". ".join(f"{grid.label}; {'; '.join(grid.words())}" for grid in grids))
    return (
        f'<svg class="bm-picture" role="img" aria-label="{told}" viewBox="0 0 {wide} {high}" '
        f'width="{wide}" height="{high}" fill="none" font-family="sans-serif" font-size="11" '
        f'shape-rendering="crispEdges">{drawn}</svg>'
    )


def _frame(grid: Grid, top: int, scale: Scale) -> str:
    across = _at(ceil(grid.width / scale.per) * scale.slot - scale.gap + 3)
    down = len(grid.rows) * (scale.tall + scale.gap) - scale.gap
    return (
        f'<rect class="bm-frame" x="{GUTTER - 1.5}" y="{top - 1.5}" width="{across}" '
        f'height="{down + 3}" stroke="{INK[0]}"/>'
    )


def draw_stroke(stroke: Stroke) -> str:
    """Give a line as SVG, in the colours of a light page, which a style sheet replaces."""
    kind, look, where, width, dash = stroke
    colour = ROLES[look].hue if kind in ("fill", "inner") else ROLES[look].light_accent
    faint = f' stroke-opacity="{STRENGTHS[look]}"' if kind == "fill" else ""
    if kind == "inner":
        colour = ROLES[look].hue if look == "end" else "#ffffff"
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path class="bm-{kind}" data-role="{look}" d="{where}" '
        f'stroke-width="{_at(width)}"{dashes} stroke="{colour}"{faint}/>'
    )


def _tops(grids: Sequence[Grid], scale: Scale) -> list[int]:
    """Say where the rows of each grid begin, from the top of the picture."""
    tops, top = [], 0
    for grid in grids:
        tops.append(top + HEADING)
        top = tops[-1] + len(grid.rows) * (scale.tall + scale.gap) + 5
    return tops


def _look(look: str, runs: Sequence[tuple[float, int, int]], scale: Scale) -> list[Stroke]:
    slot, tall, gap = scale.slot, scale.tall, scale.gap

    def line(kind: str, down: float, width: float, cut: int = 0, dash: str = "") -> Stroke:
        where = "".join(
            f"M{_at(x + cut)} {_at(y + down)}h{_at(count * slot - gap - 2 * cut)}"
            for x, y, count in runs
        )
        cuts = f"{_at(slot - gap - 2 * cut)} {gap + 2 * cut}" if gap else ""
        return kind, look, where, width, dash or cuts

    fill = line("fill", tall / 2, tall)
    if slot < PATTERNED:
        return [fill]
    if look in ("pad", "end"):
        return [line("edge", tall / 2, tall), line("inner", tall / 2, tall - 2, 1)]
    if look == "ignored":
        each = f"l{_at(slot - gap)}-{tall}m{gap} {tall}"
        where = "".join(f"M{_at(x)} {y + tall}{each * count}" for x, y, count in runs)
        return [fill, ("hatch", look, where, 1, "")]
    bottom = tall - 1
    dash = "2 2" if look in ("input", "suffix") else ""
    if look == "template":
        return [fill, line("edge", tall - 0.5, 1, 0, "1 2")]
    if look == "header":
        return [fill, line("edge", bottom - 2.5, 1), line("edge", bottom + 0.5, 1)]
    if look in ("response", "suffix"):
        return [fill, line("edge", 1, 2, 0, dash), line("edge", bottom, 2, 0, dash)]
    return [fill, line("edge", bottom, 2, 0, dash)]


def _at(pixels: float) -> str:
    """Write pixels to hundredths, as JavaScript does: 3 and not 3.0."""
    hundredths = floor(100 * pixels + 0.5)
    return str(hundredths / 100 if hundredths % 100 else hundredths // 100)


def _runs(looks: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Give the runs of equal looks: which, where it starts, how many."""
    start = 0
    for look, group in groupby(looks):
        count = len(list(group))
        yield look, start, count
        start += count


def _listed(lengths: Sequence[int]) -> str:
    if len(lengths) > 8:
        return f"{min(lengths)} to {max(lengths)}"
    shown = [str(length) for length in lengths]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
