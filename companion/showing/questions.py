"""What a model is asked at each position of one text, drawn: a line a question.

Takes the tokens of a row as they are to be read, and what each is there for. In a line stand
the tokens that are given, and the one that the model must say. What it leaves out: batches, and
inputs and targets as two grids, which `companion.showing.table` shows. Chapters 00 and 04.
"""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from companion.showing.picture import PEN, Picture, stand_in

WIDTH = 50
"""How many characters there is room for in a line; at 360 pixels they can still be read."""

_LETTERS: dict[str, Any] = {"color": PEN, "fontsize": 11, "va": "center_baseline"}
_MONO = {**_LETTERS, "family": "monospace"}

_LINE = 0.31  # inches
_GAP = 0.4  # characters between two cells


def draw_questions(
    tokens: Sequence[str],
    roles: Sequence[str] | None = None,
    first: int = 0,
    given: int | None = None,
) -> Picture:
    """Draw the questions of one row, each in a line: what is given, and what must be said.

    `tokens`: the row's tokens in words, the end token among them. `roles`: what each is there
    for (`companion.showing.palette.ROLES`); by default the last is the end token, and the others
    the response. `first`: the position of the first question that is drawn. `given`: how many of
    the tokens that are given are shown in a line, the last ones; by default all are, and the
    row stands in columns, with what is still to come left empty.

    Raises `ValueError` where there is no question to draw, or no room in a line.

    >>> draw_questions(["7", "8", "end"])
    The questions of a row of 3 tokens. Position 0: given 7, the model must say 8.
    Position 1: given 7 8, the model must say end.
    """
    if not 0 <= first < len(tokens) - 1:
        raise ValueError(
            f"a question has a token that is given and one that follows it; found {len(tokens)} "
            f"tokens, and first={first}"
        )
    roles = roles or ["response"] * (len(tokens) - 1) + ["end"]
    asked = range(first, len(tokens) - 1)
    shown = {at: max(0, at + 1 - given) if given else 0 for at in asked}
    cells = [len(token) + 1 for token in tokens]
    if given:
        room = max(sum(cells[shown[at] : at + 1]) + given * _GAP for at in asked)
        total = room + max(cells[first + 1 :]) + 9
    else:
        total = len(tokens) * (max(cells) + _GAP) + 5
    if total > WIDTH:
        raise ValueError(
            f"a line has room for {WIDTH} characters, and these take {total:.0f}; show fewer of "
            "the tokens that are given (given=2)"
        )
    axes, figure = _paper(len(asked), ["given", "asked"] if given else ["given", "asked", "later"])
    for line, at in enumerate(asked):
        axes.text(2.5, line, str(at), ha="right", **_MONO)
        if given:
            _in_one_piece(axes, line, tokens, roles, (shown[at], at), 5 + room)
        else:
            _in_columns(axes, line, tokens, roles, at, max(cells))
    return Picture(figure, _in_words(tokens, shown))


def _in_columns(
    axes: Axes, line: int, tokens: Sequence[str], roles: Sequence[str], at: int, wide: int
) -> None:
    """Draw a question with each token in its column: given, to be said, or not there yet."""
    for column, (token, role) in enumerate(zip(tokens, roles, strict=True)):
        kind = "given" if column <= at else "asked" if column == at + 1 else "later"
        _cell(axes, 5 + column * (wide + _GAP), line, wide, token, role, kind)


def _in_one_piece(
    axes: Axes,
    line: int,
    tokens: Sequence[str],
    roles: Sequence[str],
    part: tuple[int, int],
    border: float,
) -> None:
    """Draw a question with what is given up to the border, and what must be said behind it."""
    begin, at = part
    edge = border
    for column in range(at, begin - 1, -1):
        wide = len(tokens[column]) + 1
        edge -= wide + _GAP
        _cell(axes, edge, line, wide, tokens[column], roles[column], "given")
    if begin:
        axes.text(edge - 0.5, line, "…", ha="right", **_MONO)
    says = tokens[at + 1]
    axes.text(border + 0.7, line, "→", ha="center", **_MONO)
    _cell(axes, border + 2, line, len(says) + 1, says, roles[at + 1], "asked")


def _cell(
    axes: Axes, left: float, line: float, wide: float, text: str, role: str, kind: str
) -> None:
    """Draw one token. Told apart without colour: a thin edge, a thick one, a dotted one, empty."""
    width, dash = {"given": (0.6, "-"), "asked": (2.2, "-"), "later": (0.6, ":")}[kind]
    axes.barh(
        line,
        wide,
        left=left,
        height=0.76,
        facecolor="none" if kind == "later" else stand_in(role),
        edgecolor=PEN,
        linewidth=width,
        linestyle=dash,
    )
    if kind != "later":
        weight = "bold" if kind == "asked" else "normal"
        axes.text(left + wide / 2, line, text, ha="center", fontweight=weight, **_MONO)


def _paper(lines: int, kinds: Sequence[str]) -> tuple[Axes, Figure]:
    """Make an empty figure whose unit is a character across and a line down, with its key."""
    height = _LINE * (lines + 1.4)  # inches; the page scales it to its own width
    figure = Figure(figsize=(4.8, height), facecolor="none")
    axes = figure.add_axes((0, 0, 1, 1), facecolor="none")
    axes.set(xlim=(0, WIDTH + 2), ylim=(lines - 0.4, -1.8))
    axes.axis("off")
    words = {"given": (5, "given"), "asked": (14.5, "the model must say"), "later": (37, "not yet")}
    for kind in kinds:
        left, word = words[kind]
        _cell(axes, left, -1.2, 2.5, "", "pad", kind)
        axes.text(left + 3.3, -1.2, word, **_LETTERS)
    return axes, figure


def _in_words(tokens: Sequence[str], shown: dict[int, int]) -> str:
    asked = " ".join(
        f"Position {at}: given {'… ' * bool(begin)}{' '.join(tokens[begin : at + 1])}, "
        f"the model must say {tokens[at + 1]}."
        for at, begin in shown.items()
    )
    return f"The questions of a row of {len(tokens)} tokens. {asked}"
