"""The book's mark: three rows of tokens, ended and padded to one block.

Takes nothing and gives SVG, in the roles' own colours, for light and dark pages alike.
`python -m companion.publishing.logo > book/_assets/logo.svg` writes it anew.
"""

from companion.showing.palette import ROLES

BLOCK = (
    ("instruction", "instruction", "instruction", "response", "response", "end"),
    ("instruction", "response", "end", "pad", "pad", "pad"),
    ("instruction", "instruction", "response", "end", "pad", "pad"),
)
"""What the mark shows; a pad is an empty cell with an edge."""


def draw_logo() -> str:
    """Give the mark as SVG, 32 by 32, so that each cell has whole pixels in a browser's tab.

    >>> draw_logo()[:60]
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    """
    cells = "\n".join(
        _cell(role, x=1 + 5 * column, y=1 + 10 * number)
        for number, row in enumerate(BLOCK)
        for column, role in enumerate(row)
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">\n{cells}\n</svg>'


def _cell(role: str, x: int, y: int) -> str:
    hue = ROLES[role].hue
    if role == "pad":
        at = f'x="{x + 0.5}" y="{y + 0.5}" width="3" height="8"'
        return f'<rect {at} fill="none" stroke="{hue}"/>'
    return f'<rect x="{x}" y="{y}" width="4" height="9" fill="{hue}"/>'


if __name__ == "__main__":
    print(draw_logo())
