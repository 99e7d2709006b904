"""One text, cut into tokens in several ways, drawn below each other, letter under letter.

Takes tokens as they are to be read, with their ids, and the place where the prompt ends. What it
leaves out: how a text is cut, which is `companion.tokenizing`. Chapter 02.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from companion.showing.picture import PEN, Picture, stand_in

Cut = Sequence[tuple[str, int]]
"""The tokens of a text in their order, each in letters and as its id."""

_LETTERS: dict[str, Any] = {"color": PEN, "va": "center_baseline"}


def draw_cuts(cuts: Mapping[str, Cut], border: int) -> Picture:
    """Draw the ways in which one text is cut into tokens, and which token lies across a border.

    `cuts`: by the name of a way, its tokens. `border`: how many letters of the text are the
    prompt's. Raises `ValueError` where these are not ways to cut one text.

    >>> draw_cuts({"apart": [("A:", 1), (" ", 2), ("B", 3)], "jointly": [("A:", 1), (" B", 4)]}, 3)
    A text of 4 letters, of which 3 are the prompt's. apart: "A:" 1, " " 2, "B" 3.
    jointly: "A:" 1, " B" 4 across the border.
    """
    texts = {"".join(text for text, _ in cut) for cut in cuts.values()}
    if len(texts) != 1:
        raise ValueError(f"the ways cut one and the same text; found {sorted(texts)}")
    letters = len(texts.pop())
    height = 0.4 + 0.75 * len(cuts)  # inches; the page scales it to its own width
    figure = Figure(figsize=(4.8, height), facecolor="none")
    axes = figure.add_axes((0.16, 0, 0.83, 1), facecolor="none")
    axes.set(xlim=(0, letters), ylim=(len(cuts) - 0.45, -1))
    axes.axis("off")
    for line, (name, cut) in enumerate(cuts.items()):
        axes.text(-0.02 * letters, line, name, ha="right", fontsize=11, **_LETTERS)
        start = 0
        for text, id in cut:
            _token(axes, line, start, text, id, border)
            start += len(text)
    for text, side, place in (("prompt ", "right", border), (" response", "left", border)):
        axes.text(place, -0.75, text, ha=side, fontsize=11, **_LETTERS)
    axes.plot((border, border), (-0.95, len(cuts) - 0.5), color=PEN, linewidth=1.6, linestyle="--")
    described = " ".join(f"{name}: {_in_words(cut, border)}." for name, cut in cuts.items())
    return Picture(
        figure, f"A text of {letters} letters, of which {border} are the prompt's. {described}"
    )


def _token(axes: Axes, line: int, start: int, text: str, id: int, border: int) -> None:
    """Draw a token: the part that is the prompt's, the part that is the response's, its edge."""
    end = start + len(text)
    middle = min(max(border, start), end)
    for role, left, right in (("template", start, middle), ("response", middle, end)):
        axes.barh(line, right - left, left=left, height=0.5, color=stand_in(role))
    # What lies across the border is told without colour, by a thick edge.
    across = start < border < end
    edge: dict[str, Any] = {"facecolor": "none", "edgecolor": PEN}
    axes.barh(line, end - start, left=start, height=0.5, linewidth=2.4 if across else 0.8, **edge)
    for place, letter in enumerate(text, start):
        axes.text(place + 0.5, line, letter, ha="center", fontsize=12, **_LETTERS)
    axes.text((start + end) / 2, line + 0.4, str(id), ha="center", fontsize=10, **_LETTERS)


def _in_words(cut: Cut, border: int) -> str:
    said, start = [], 0
    for text, id in cut:
        across = " across the border" if start < border < start + len(text) else ""
        said.append(f'"{text}" {id}{across}')
        start += len(text)
    return ", ".join(said)
