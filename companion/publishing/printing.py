"""One sheet to print: the six steps on the toy batch, and every number on it computed.

Gives the directive `six-steps`, a table in which each step has its function, what it makes of
the toy batch, and the shape of that. What it leaves out: the words around it, which are the
page's own, and how they are laid on one sheet, which `printing.css` says.
"""

import math
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from companion.collating import Collator
from companion.explorer.bundle import TOY_BATCH
from companion.ignoring import IGNORE_INDEX
from companion.padding import padding_share
from companion.tokenizing import END_ID, TokenizedEntry

PROMPTS = (2, 1, 1)
"""How many tokens of each toy row are its prompt, at the last step."""

_HERE = files("companion") / "publishing"
Grid = list[list[str]]


class Step(NamedTuple):
    """A step: its name, its function, what it makes of the toy batch, and the shape of that."""

    name: str
    function: str
    grids: dict[str, Grid]
    shape: str


def toy_steps() -> list[Step]:
    """Take the toy batch through the six steps; pads and end tokens are named by their place.

    >>> [step.shape for step in toy_steps()][2:4]
    ['block (3, 6), 5 of 18 slots are pads', 'inputs and targets (3, 5), 20.0 % of inputs are pads']
    >>> toy_steps()[5].grids["targets"][0]
    ['−', '2', '3', '4', 'end']
    """
    rows = [list(row) for row in TOY_BATCH]
    lengths = [len(row) for row in rows]
    width = max(lengths) + 1
    block = [[*map(str, row), "end"] + ["pad"] * (width - len(row) - 1) for row in rows]
    inputs, targets = [row[:-1] for row in block], [row[1:] for row in block]
    ignored, masked = (
        _with_ignored(targets, Collator(mask=mask)(_entries(rows)).targets.tolist())
        for mask in ("none", "prompt")
    )
    pads = sum(row.count("pad") for row in block)
    share = f"{padding_share(lengths, width - 1):.1%}".replace("%", " %")
    return [
        Step("Format", "style.text(entry)", {}, f"{len(rows)} texts"),
        Step(
            "Tokenize",
            "encode(text)",
            {"rows": [[str(token) for token in row] for row in rows]},
            "lists of " + ", ".join(map(str, lengths)),
        ),
        Step(
            "Pad",
            "pad_batch(rows, end_id, pad_id)",
            {"block": block},
            f"block {_shape(block)}, {pads} of {len(rows) * width} slots are pads",
        ),
        Step(
            "Shift",
            "shift_targets(block)",
            {"inputs": inputs, "targets": targets},
            f"inputs and targets {_shape(inputs)}, {share} of inputs are pads",
        ),
        Step("Ignore", "ignore_padding(targets, lengths)", {"targets": ignored}, _left(ignored)),
        Step("Mask", 'Collator(mask="prompt")', {"targets": masked}, _left(masked)),
    ]


def _entries(rows: Sequence[Sequence[int]]) -> list[TokenizedEntry]:
    pairs = zip(rows, PROMPTS, strict=True)
    return [TokenizedEntry(row, prompt_length=prompt) for row, prompt in pairs]


def _with_ignored(names: Grid, targets: list[list[int]]) -> Grid:
    """Put a dash where the collate function ignores a target; elsewhere the names are its ids."""
    found = []
    for row, ids in zip(names, targets, strict=True):
        pairs = list(zip(row, ids, strict=True))
        assert all(name == {END_ID: "end"}.get(t, str(t)) for name, t in pairs if t != IGNORE_INDEX)
        found.append(["−" if target == IGNORE_INDEX else name for name, target in pairs])
    return found


def _shape(grid: Grid) -> str:
    return f"({len(grid)}, {len(grid[0])})"


def _left(targets: Grid) -> str:
    slots = [name for row in targets for name in row]
    return f"{len(slots) - slots.count('−')} of {len(slots)} targets supervised"


def steps_in_html() -> str:
    """Write the steps as one table."""
    rows = []
    for number, step in enumerate(toy_steps(), 1):
        grids = "".join(_grid_in_html(name, grid) for name, grid in step.grids.items())
        rows.append(
            f'<tr><th scope="row">{number} {step.name}</th>'
            f"<td><code>{escape(step.function, quote=False)}</code></td>"
            f"<td>{grids or 'prompt, response'}</td><td>{step.shape}</td></tr>"
        )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("step", "by", "makes", "of shape"))
    return (
        '<table class="six-steps-sheet"><caption>The toy batch, step by step; '
        f"− is the ignore index, {IGNORE_INDEX}, which stands in the targets only</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _grid_in_html(name: str, grid: Grid) -> str:
    lines = "\n".join(" ".join(f"{cell:>3}" for cell in row).rstrip() for row in grid)
    return f'<span class="grid"><i>{name}</i><pre>{lines}</pre></span>'


class SixSteps(SphinxDirective):
    """Show the six steps on the toy batch: ```` ```{six-steps} ````."""

    def run(self) -> list[nodes.Node]:
        """Compute the table, and put it where the directive stands."""
        return [nodes.raw("", steps_in_html(), format="html")]


def first_loss(role: str, raw: str, text: str, *_: Any) -> tuple[list[nodes.Node], list[Any]]:
    """Give the loss with which a model that knows nothing of GPT-2's vocabulary begins.

    >>> first_loss("first-loss", "", "gpt2")[0][0].astext()
    '10.82'
    """
    return [nodes.Text(f"{math.log(END_ID + 1):.2f}")], []


def write_style(app: Sphinx) -> None:
    """Write the sheet's style beside the theme's."""
    if app.builder.format == "html":
        folder = Path(app.outdir) / "_static"
        folder.mkdir(parents=True, exist_ok=True)
        style = (_HERE / "printing.css").read_text("utf-8")
        (folder / "printing.css").write_text(style, encoding="utf-8")


def bring_style(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    """Load the style where there is the sheet, and nowhere else."""
    if 'class="six-steps-sheet"' in context.get("body", ""):
        app.add_css_file("printing.css")


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx what there is."""
    app.add_directive("six-steps", SixSteps)
    app.add_role("first-loss", first_loss)
    app.connect("builder-inited", write_style)
    app.connect("html-page-context", bring_style)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
