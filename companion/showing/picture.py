"""A picture: a matplotlib figure, and a sentence that says what can be seen in it.

A notebook shows it as SVG within the page, so that it takes the page's own ink in light and
dark, and a screen reader reads the sentence. The same figure gives the same bytes on every
machine. What it leaves out: what is drawn, which is `companion.showing.plotting`,
`companion.showing.grids` and `companion.showing.bars`.
"""

import hashlib
import html
import io
import re
from collections import Counter
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from companion.showing.palette import INK, PAGE, ROLES

PEN = "#010203"
"""What pictures are drawn with: it stands for the page's own ink until they are written."""

_RULE = '<style type="text/css">*{stroke-linejoin: round; stroke-linecap: butt}</style>'
_HANDED_DOWN = 'stroke-linejoin="round" stroke-linecap="butt"'


_shown: Counter[str] = Counter()
"""How often each picture was shown, by what its ids begin with."""


class Picture:
    """A figure, and what can be seen in it in words.

    `figure`: the matplotlib figure, to save or to change. `description`: one or two
    sentences, for those who cannot see it; it is the picture's `repr`.
    """

    def __init__(self, figure: Figure, description: str) -> None:
        self.figure = figure
        self.description = description

    def __repr__(self) -> str:
        return self.description

    def _repr_html_(self) -> str:
        return (
            f'<figure class="picture" role="img" aria-label="{html.escape(self.description)}">'
            f"{_shown_anew(self.svg())}</figure>"
        )

    def svg(self) -> str:
        """Give the figure as SVG for a page, in the page's own ink and its roles' colours.

        Its ids begin with a prefix of its own, so that two pictures on a page have none in
        common; and it holds no style sheet and no style attribute, which would reach beyond
        it, or which a strict page ignores.
        """
        written = _without_styles(_with_own_ids(self._drawn())).replace(PEN, "currentColor")
        for role, look in ROLES.items():
            written = written.replace(stand_in(role), f"var(--role-{role}, {look.light})")
        # matplotlib's rule for every element would hold for the whole page; the root hands it down.
        written = written.replace(_RULE, "").replace("<svg", f"<svg {_HANDED_DOWN}", 1)
        return written[written.index("<svg") :].strip()

    def save(self, path: str | Path) -> None:
        """Write the figure to a file of its own, as SVG in the colours of a light page."""
        written = self._drawn().replace(PEN, INK[0])
        for role, look in ROLES.items():
            written = written.replace(stand_in(role), look.light)
        sheet = f'<rect width="100%" height="100%" fill="{PAGE[0]}"/><defs>'
        Path(path).write_text(written.replace("<defs>", sheet, 1), encoding="utf-8")

    def _drawn(self) -> str:
        # The salt makes the ids within the SVG the same each time; a date would not be.
        written = io.StringIO()
        with rc_context({"svg.hashsalt": "inside-the-batch", "svg.fonttype": "path"}):
            self.figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
        return written.getvalue()


def _with_own_ids(svg: str) -> str:
    """Begin all ids, and all that refers to them, with what only this drawing has."""
    own = f"i{hashlib.sha256(svg.encode()).hexdigest()[:8]}-"
    return re.sub(r'(\sid="|url\(#|href="#)', rf"\g<1>{own}", svg)


def _shown_anew(svg: str) -> str:
    """Give the ids of a picture that is shown once more another beginning: a page may hold both."""
    own = re.findall(r'\sid="(i[0-9a-f]{8}-)', svg)[0]
    _shown[own] += 1
    return svg if _shown[own] == 1 else svg.replace(own, f"{own}{_shown[own]}-")


def _without_styles(svg: str) -> str:
    """Write each style as attributes: `style="fill: none"` becomes `fill="none"`."""
    svg = re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = svg.replace("<svg ", '<svg stroke-linejoin="round" stroke-linecap="butt" ', 1)
    return re.sub(r'style="([^"]*)"', lambda found: _attributes(found[1]), svg)


def _attributes(style: str) -> str:
    pairs = (part.split(":", 1) for part in style.split(";") if part.strip())
    return " ".join(f'{name.strip()}="{value.strip()}"' for name, value in pairs)


def stand_in(role: str) -> str:
    """Give the colour that stands for a role's until the picture is written.

    >>> stand_in("template"), stand_in("end")
    ('#010210', '#010216')
    """
    return f"#0102{10 + list(ROLES).index(role):02d}"
