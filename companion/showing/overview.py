"""The six steps of one batch in one picture: every slot to scale, from texts to graded targets.

Takes a batch and gives, for each step, a map (`companion.showing.map`) without names. Beneath
each lies what the step before it left, unseen, so that a page that may move can show what the
step does. From step 5 on the targets alone are drawn: the inputs stay as they are. What it
leaves out: the words around the pictures, and any movement, which is the style sheet's.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from companion.entries import Entry
from companion.formatting import PromptStyle, get_style
from companion.showing.lines import make_rows
from companion.showing.map import (
    GUTTER,
    HEADING,
    PATTERNED,
    Grid,
    Scale,
    draw_stroke,
    make_grids,
    make_strokes,
)
from companion.showing.table import STEPS, BatchTable

BETWEEN = 6
"""Pixels between inputs and targets."""

Layer = Sequence[tuple[Grid, Scale, int]]
"""Grids, how large their slots are, and how far down each is drawn, in pixels."""


@dataclass(frozen=True)
class StepPicture:
    """One step of the batch: its name, what it made in one sentence, and the picture as SVG."""

    step: str
    sentence: str
    svg: str


def draw_steps(
    entries: Sequence[Entry], style: str | PromptStyle = "alpaca", mask: str = "prompt"
) -> list[StepPicture]:
    """Give the six pictures of a batch, all to one scale, so that their columns are aligned.

    `entries`: of the batch. `style`: the prompt style. `mask`: what step 6 leaves out.

    Raises `ValueError` for what no batch can be made of.

    >>> from companion.entries import load_entries
    >>> for picture in draw_steps(load_entries()[:3])[:3]:
    ...     print(picture.sentence)
    Step 1, format: 3 texts in the prompt style alpaca, 248, 183 and 297 characters.
    Step 2, tokenize: 3 rows of 57, 41 and 70 token ids.
    Step 3, pad: a block of shape (3, 71); of its 213 slots, 42 are pads.
    """
    grids = {
        step: make_grids(make_rows(entries, step, style, mask, None), step) for step in STEPS[1:]
    }
    columns = grids["pad"][0].width
    slots = Scale(1, PATTERNED, 12, 1)
    pitch = slots.tall + slots.gap
    deep = len(entries) * pitch
    texts = _texts(entries, style)
    # A character is as wide as lets the longest text be as long as the widest tensor.
    letters = Scale(1, columns * slots.slot / max(text.width for text in texts), slots.tall, 0)
    inputs, targets = grids["shift"]
    layers: dict[str, Layer] = {
        "format": [(text, letters, row * pitch) for row, text in enumerate(texts)],
        "tokenize": [(grids["tokenize"][0], slots, 0)],
        "pad": [(grids["pad"][0], slots, 0)],
        "shift": [(inputs, slots, 0), (targets, slots, deep + BETWEEN)],
        "ignore": [(grids["ignore"][1], slots, 0)],
        "mask": [(grids["mask"][1], slots, 0)],
    }
    before: dict[str, Layer] = {
        "format": [],
        "tokenize": layers["format"],
        "pad": layers["tokenize"],
        "shift": layers["pad"],
        "ignore": [(targets, slots, 0)],
        "mask": layers["ignore"],
    }
    pictures = []
    for step in STEPS:
        table = BatchTable(entries, step, style=style, mask=mask)
        high = 2 * deep + BETWEEN if step == "shift" else deep
        told = html.escape(table.caption)
        svg = (
            f'<svg class="bm-picture" role="img" aria-label="{told}" '
            f'viewBox="{GUTTER - 1} {HEADING - 1} {columns * slots.slot + 1} {high + 1}" '
            f'fill="none" shape-rendering="crispEdges">'
            f'<g class="bo-was" opacity="0">{_drawn(before[step])}</g>{_drawn(layers[step])}</svg>'
        )
        pictures.append(StepPicture(step, table.caption, svg))
    return pictures


def _texts(entries: Sequence[Entry], style: str | PromptStyle) -> list[Grid]:
    """Give each text as a grid of one row, of which each character is a slot."""
    pieces = map(get_style(style).pieces, entries)
    looks = [tuple(role for role, text in own for _ in text) for own in pieces]
    return [Grid("", ((number, row),)) for number, row in enumerate(looks)]


def _drawn(layer: Layer) -> str:
    """Draw each grid of a layer as a group that carries the tensor's name."""
    drawn = ""
    for grid, scale, down in layer:
        paths = "".join(map(draw_stroke, make_strokes([grid], scale)))
        moved = f' transform="translate(0 {down})"' if down else ""
        drawn += f'<g class="bo-{grid.name or "rows"}"{moved}>{paths}</g>'
    return drawn
