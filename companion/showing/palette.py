"""What a token is there for, in colour: the one place where the roles' looks are chosen.

Each role has a word, a colour for light and for dark pages, and an edge of its own, so
that roles are told apart without colour too. Hues are those of Okabe and Ito, which the
colour-blind can tell apart (https://jfly.uni-koeln.de/color/), laid thinly over the page
so that text on them stays legible. What it leaves out: where the looks are used, which is
`companion.showing.table`, `companion.showing.plotting` and the book's style sheet.
"""

from dataclasses import dataclass

INK = ("#1b1d22", "#eceae4")
"""The colour of text, on light and on dark pages."""

PAGE = ("#ffffff", "#15171c")
"""The colour of the page, light and dark."""

DARK = (
    'html[data-theme="dark"]',
    'html[theme="dark"]',
    'body[data-jp-theme-light="false"]',
    "body.vscode-dark",
)
"""How pages say that they are dark: the built site, Colab, JupyterLab, VS Code."""


@dataclass(frozen=True)
class Look:
    """What a role looks like.

    `label`: the word for it. `hue`: its colour at full strength, for pictures that stand on
    any page. `light`, `dark`: the background of text, on light and dark pages.
    `light_accent`, `dark_accent`: the edge. `edge_widths`, `edge_style`: the edge as CSS
    has it (`border-width`, `border-style`); no two roles have the same.
    """

    label: str
    hue: str
    light: str
    dark: str
    light_accent: str
    dark_accent: str
    edge_widths: str
    edge_style: str


def mix(colour: str, other: str, share: float) -> str:
    """Mix two colours, of which the first has `share`.

    >>> mix("#000000", "#ffffff", 0.2)
    '#cccccc'
    """
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(a * share + b * (1 - share)) for a, b in pairs).hex()


def _look(label: str, hue: str, strength: float, edge_widths: str, edge_style: str) -> Look:
    return Look(
        label,
        hue,
        light=mix(hue, PAGE[0], strength),
        dark=mix(hue, PAGE[1], strength),
        light_accent=mix(hue, "#000000", 0.6),
        dark_accent=mix(hue, "#ffffff", 0.8),
        edge_widths=edge_widths,
        edge_style=edge_style,
    )


ROLES: dict[str, Look] = {
    "template": _look("template", "#8a8a8a", 0.16, "0 0 2px", "dotted"),
    "instruction": _look("instruction", "#56b4e9", 0.3, "0 0 3px", "solid"),
    "input": _look("input", "#009e73", 0.26, "0 0 3px", "dashed"),
    "header": _look("response header", "#cc79a7", 0.28, "0 0 4px", "double"),
    "response": _look("response", "#e69f00", 0.32, "3px 0", "solid"),
    "suffix": _look("suffix", "#f0e442", 0.34, "3px 0", "dashed"),
    "end": _look("end token", "#d55e00", 0.38, "3px", "solid"),
    "pad": _look("pad", "#8a8a8a", 0.04, "1px", "dotted"),
    "ignored": _look("ignored", "#8a8a8a", 0.0, "1px", "dashed"),
}
"""The looks of the six roles of text, of the end token, of pads, and of ignored targets."""

STRENGTHS: dict[str, float] = {
    "template": 0.5,
    "instruction": 0.65,
    "input": 0.55,
    "header": 0.7,
    "response": 0.75,
    "suffix": 0.8,
    "end": 1,
    "pad": 0.06,
    "ignored": 0.16,
}
"""How strongly each hue covers the page on a map, where no text has to be read on it."""


def write_css() -> str:
    """Give the looks as CSS custom properties: `--role-end` and `--role-end-accent`, and so on.

    >>> write_css().splitlines()[0]
    ':root{--role-ink:#1b1d22;--role-page:#ffffff;'
    """
    light = [f":root{{--role-ink:{INK[0]};--role-page:{PAGE[0]};"]
    dark = [f"{','.join(DARK)}{{--role-ink:{INK[1]};--role-page:{PAGE[1]};"]
    for role, look in ROLES.items():
        light.append(f"--role-{role}:{look.light};--role-{role}-accent:{look.light_accent};")
        dark.append(f"--role-{role}:{look.dark};--role-{role}-accent:{look.dark_accent};")
    return "\n".join([*light, "}", *dark, "}"])
