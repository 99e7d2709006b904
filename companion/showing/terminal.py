"""One entry through all six steps, as text for a terminal of 80 columns.

Takes an entry and what a training run would declare, and gives lines: the text by role,
the tokens, its row of the block, and then a line for each column, with the target as each
of the last three steps leaves it. Roles are named in words; color only repeats them. No
number is made here. What it leaves out: the page (`companion.showing.table`).
"""

import re
import unicodedata
import warnings
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TypeVar

from companion.collating import Collator, ResponseCutWarning
from companion.entries import Entry
from companion.formatting import PromptStyle, get_style
from companion.showing.frames import Source
from companion.showing.glyphs import show_plain
from companion.showing.lines import Cell, make_rows

Cells = Sequence[Cell]
Paint = Callable[[str, str], str]
Item = TypeVar("Item")

COLORS = {
    "template": "90",
    "instruction": "36",
    "input": "32",
    "header": "35",
    "response": "33",
    "suffix": "34",
    "end": "1;31",
    "pad": "2",
}
"""Each role's color, of the sixteen that the owner of a terminal chooses for it."""

WIDTH = 80
"""The columns that the lines stay within."""

INDENT = 15
"""Where text begins: after two spaces, and the word for its role."""

WIDEST = 12
"""The columns that a token's text may take in a table."""

LINES, TOKENS, COLUMNS = (16, 6), (40, 8), (4, 4)
"""What is shown of a long text, of a long run of tokens, and of columns that tell the same:
so many of its first, and so many of its last."""


def walk(
    entry: Entry,
    *,
    style: str | PromptStyle = "alpaca",
    mask: str = "none",
    max_length: int | None = None,
    longest: int = 0,
    color: bool = False,
    full: bool = False,
) -> str:
    r"""Give the six steps of an entry, to print.

    `style`, `mask`, `max_length`: as `tokenize_entry` and `Collator` take them. `longest`:
    how many tokens the longest entry of its batch has; alone, an entry needs no pads.
    `color`: with ANSI's signs for color. `full`: with every line of what is long.

    Raises `ValueError` for what `Collator` would refuse.

    >>> print(walk(Entry("Hi", "", "Yes"), style="plain").split("\n\n")[1])
    Step 2, tokenize: 3 token ids, of which 2 are the prompt's
      instruction  Hi
                   17250
      header       ⏎
                   198
      response     Yes
                   5297
    """
    style = get_style(style)
    Collator(mask=mask, max_length=max_length)  # it says best what is wrong with these
    # Beside the entry stand bare ids, as many as the batch's longest: they make the width,
    # and are all response, so that the batch is not refused where this row learns nothing.
    items: list[Source] = [entry, [0] * max(longest, 1)]

    def rows(step: str) -> list[Cells]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResponseCutWarning)  # step 5 says it
            made = make_rows(items, step, style, mask, max_length)
        return [row.cells for row in made if row.number == 0]

    (tokens,), (block,) = rows("tokenize"), rows("pad")
    inputs, shifted = rows("shift")
    ignored, masked = rows("ignore")[1], rows("mask")[1]
    paint = _paint if color else _plain
    parts = [
        _format(entry, style, paint, full),
        _tokenize(tokens, paint, full),
        _pad(tokens, block, paint),
        _shift_ignore_mask(ignored, masked, mask),
        _table(inputs, shifted, ignored, masked, paint, full),
    ]
    return "\n\n".join("\n".join(part) for part in parts)


# The steps ------------------------------------------------------------------------------


def _format(entry: Entry, style: PromptStyle, paint: Paint, full: bool) -> list[str]:
    pieces = style.pieces(entry)
    characters = sum(len(text) for _, text in pieces)
    lines = [f"Step 1, format: prompt style {style.name} makes a text of {characters:,} characters"]
    for role, text in pieces:
        broken = _break(show_plain(text, spaces=False), WIDTH - INDENT)
        shown = _ends(broken, LINES, full)
        for number, line in enumerate(shown):
            told = line if line is not None else f"... {len(broken) - sum(LINES):,} more lines ..."
            lines.append(_labelled(role if number == 0 else "", paint(role, told)))
    return lines


def _tokenize(tokens: Cells, paint: Paint, full: bool) -> list[str]:
    prompt = sum(cell.role not in ("response", "suffix") for cell in tokens)
    lines = [f"Step 2, tokenize: {len(tokens):,} token ids, of which {prompt:,} are the prompt's"]
    for role, group in groupby(tokens, key=lambda cell: cell.role):
        run = list(group)
        label, texts, ids = role, "", ""
        for cell in _ends(run, TOKENS, full):
            text = f"... {len(run) - sum(TOKENS):,} more" if cell is None else _shown(cell, 40)
            id = "..." if cell is None else str(cell.id)
            width = max(_columns(text), len(id)) + 1
            if _columns(texts) + width > WIDTH - INDENT:
                lines += _two(label, texts, ids, role, paint)
                label, texts, ids = "", "", ""
            texts, ids = texts + _filled(text, width), ids + id.ljust(width)
        lines += _two(label, texts, ids, role, paint)
    return lines


def _pad(tokens: Cells, block: Cells, paint: Paint) -> list[str]:
    pads = sum(cell.role == "pad" for cell in block)
    text = min(len(tokens), len(block))
    lines = [f"Step 3, pad: a row of the block, {len(block):,} columns wide"]
    lines.append(f"  {_range(0, text):>13}  the text, {_many(text, 'token')}")
    if text < len(tokens):
        gone = _many(len(tokens) - text, "token")
        lines.append(f"  {'cut off':>13}  {gone} and the end token, which do not fit")
    if text < len(block):
        told = paint("end", f"end token {block[text].id}")
        lines.append(f"  {_range(text, text + 1):>13}  {told}")
    if pads:
        told = paint("pad", f"{_many(pads, 'pad')}, id {block[-1].id}")
        lines.append(f"  {_range(text + 1, len(block)):>13}  {told}")
    return lines


def _shift_ignore_mask(ignored: Cells, masked: Cells, mask: str) -> list[str]:
    left = sum(not cell.ignored for cell in ignored)
    kept = sum(not cell.ignored for cell in masked)
    lost = "of the response nothing is left, so all targets are ignored"
    ignoring = f"{_many(len(ignored) - left, 'target')} ignored, the pads; the end token stays"
    if left == len(ignored):
        ignoring = "no pads, so no target is ignored"
    masking = f"{left - kept:,} more ignored, by mask {mask}"
    if mask == "none":
        masking = "no mask, so the targets stay as they are"
    return [
        "Step 4, shift: each target is the token that follows its input",
        f"Step 5, ignore: {ignoring if left else lost}",
        f"Step 6, mask: {masking}",
        f"  {kept:,} of {_many(len(masked), 'target')} supervised",
    ]


def _table(
    inputs: Cells, shifted: Cells, ignored: Cells, masked: Cells, paint: Paint, full: bool
) -> list[str]:
    """Give a line for each column, and the first and last of those that tell the same."""
    head = f"{'column':>8}  {'input':<18}  {'4 shift: target, its role':<31}  5 ignore  6 mask"
    lines = [head]
    each = enumerate(zip(inputs, shifted, ignored, masked, strict=True))
    for _, group in groupby(each, key=lambda one: _kind(*one[1][1:])):
        run = list(group)
        for one in _ends(run, COLUMNS, full):
            if one is None:
                told = f"... {len(run) - sum(COLUMNS):,} more columns like these"
                lines.append(f"{'':>8}  {told}")
                continue
            column, (given, target, fifth, sixth) = one
            values = [f"{cell.value:>{width}}" for cell, width in ((fifth, 8), (sixth, 6))]
            lines.append(
                f"{column:>8}  {paint(given.role, _cell(given))}  "
                f"{paint(target.role, f'{_cell(target)} {target.role:<12}')}  "
                + "  ".join(
                    paint("pad" if cell.ignored else target.role, value)
                    for cell, value in zip((fifth, sixth), values, strict=True)
                )
            )
    return lines


def _kind(target: Cell, fifth: Cell, sixth: Cell) -> tuple[str, bool, bool]:
    return target.role, fifth.ignored, sixth.ignored


# Words and columns ----------------------------------------------------------------------


def _plain(role: str, text: str) -> str:
    return text


def _paint(role: str, text: str) -> str:
    return f"\x1b[{COLORS[role]}m{text}\x1b[0m"


def _labelled(role: str, text: str) -> str:
    return f"  {role:<{INDENT - 2}}{text}"


def _two(label: str, texts: str, ids: str, role: str, paint: Paint) -> list[str]:
    """Give the tokens over their ids."""
    return [
        _labelled(label, paint(role, texts.rstrip())),
        _labelled("", paint(role, ids.rstrip())),
    ]


def _cell(cell: Cell) -> str:
    return f"{cell.id:>5} {_filled(_shown(cell, WIDEST), WIDEST)}"


def _shown(cell: Cell, width: int) -> str:
    """Give a token's text, cut short where it is wider than its column."""
    text = show_plain(cell.text)
    if _columns(text) <= width:
        return text
    while _columns(text) > width - 1:
        text = text[:-1]
    return text + "…"


def _columns(text: str) -> int:
    """Count the columns that a text takes in a terminal."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    none = sum(unicodedata.category(character) in ("Mn", "Me") for character in text)
    return len(text) + wide - none


def _filled(text: str, width: int) -> str:
    return text + " " * (width - _columns(text))


def _break(text: str, width: int) -> list[str]:
    """Break a text at its line breaks, which stay to be seen, and where it is too wide."""
    lines, line, room = [], "", width
    for word in re.findall(r"⏎|[^\s⏎]+ *| +", text):
        if _columns(word.rstrip()) > room and line:
            lines.append(line)
            line, room = "", width
        for character in word:
            if _columns(character) > room and character != " ":
                lines.append(line)
                line, room = "", width
            line += character
            room -= _columns(character)
        if word == "⏎":
            lines.append(line)
            line, room = "", width
    return [line.rstrip() for line in [*lines, line] if line]


def _ends(items: Sequence[Item], keep: tuple[int, int], full: bool) -> list[Item | None]:
    """Give the items, with None for those between the first and the last."""
    first, last = keep
    if full or len(items) <= first + last + 1:
        return list(items)
    return [*items[:first], None, *items[len(items) - last :]]


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _range(start: int, stop: int) -> str:
    return f"{start}" if stop - start == 1 else f"{start} to {stop - 1}"
