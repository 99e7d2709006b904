"""A batch at one of the six steps, as a table that can be read anywhere.

Takes entries, or bare ids, and a step, and shows the step's tensors: to scale, as a map, and
token by token; in a notebook, on the built site, on paper, by eye and by screen reader. What
it leaves out: anything that moves.
"""

import html
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from itertools import groupby

from companion.conversations import Conversation
from companion.entries import Entry
from companion.formatting import PromptStyle
from companion.showing.frames import TALKS, Source, State, Writing, kind_of, make_frames, writing_of
from companion.showing.glyphs import show_html, show_plain
from companion.showing.lines import Cell, Row, make_rows
from companion.showing.map import draw_map
from companion.showing.palette import ROLES, STRENGTHS, write_css
from companion.templates import Template

STEPS = ("format", "tokenize", "pad", "shift", "ignore", "mask")
"""The six steps, in order."""

PROMPT = ("template", "instruction", "input", "header")
"""The roles that a prompt is made of."""

FOLDED_FROM = 4
"""Fewer columns, or pads, than this are shown one by one."""

PRINTED_WIDTH = 12
"""More columns than this do not fit a sheet of paper side by side."""

PADS_SHOWN = 2
"""How many pads are shown one by one before the rest is counted."""

UNSTYLED = 'border="1" cellpadding="4"'
"""What makes a grid of a table where no style sheet does; any style sheet overrides it."""

_BREAK = re.escape(show_html("\n"))


@dataclass(frozen=True, repr=False)
class BatchTable:
    """The tensors of one step, as a table; at step "format", the texts.

    `items`: entries, or bare rows of ids, which have no text and so no step "format"; or
    conversations. `step`: one of `STEPS`. `style`: the prompt style, or the chat template.
    `mask`: what step "mask" leaves out of the targets, or what of a conversation it keeps.
    `max_length`: the most columns of inputs and targets; what is longer is cut. `show`: "text"
    for each token's text over its id, "ids" for numbers alone. With `fold`, columns that hold
    nothing but prompt or pads are one column, and long runs of pads are counted.

    Raises `ValueError` for a step, mask or `show` that is none, for no items, and for what
    the companion's own functions refuse.

    >>> BatchTable([[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]], "pad")
    Step 3, pad: a block of shape (3, 6); of its 18 slots, 5 are pads.
    row 0: 0 1 2 3 4 end
    row 1: 5 6 end pad pad pad
    row 2: 7 8 9 end pad pad
    """

    items: Sequence[Source]
    step: str
    _: KW_ONLY
    style: str | PromptStyle | Template | None = None
    mask: str | None = None
    max_length: int | None = None
    show: str = "text"
    fold: bool = True

    def __post_init__(self) -> None:
        if len(self.items) == 0:
            raise ValueError("a table needs at least one row; found no items")
        masks = (None, *kind_of(self.items).masks)
        for name, allowed in (("step", STEPS), ("mask", masks), ("show", ("text", "ids"))):
            if getattr(self, name) not in allowed:
                listed = ", ".join(filter(None, allowed))
                raise ValueError(f"{name} is one of {listed}; found {getattr(self, name)!r}")
        texts = (Entry, Conversation)
        if self.step == "format" and not all(isinstance(item, texts) for item in self.items):
            raise ValueError("bare ids have no text to format; begin with step 'tokenize'")

    @cached_property
    def rows(self) -> list[Row]:
        """The rows of the step's tensors; there are none at step "format"."""
        if self.step == "format":
            return []
        return make_rows(self.items, self.step, self._style, self._mask, self.max_length)

    @cached_property
    def texts(self) -> list[list[tuple[str, str]]]:
        """For step "format", each entry's text as (role, text) pieces."""
        if isinstance(self._style, PromptStyle):
            return [self._style.pieces(item) for item in self.items if isinstance(item, Entry)]
        frames = make_frames(State(self.items, self._style, self._mask))
        if frames["refusal"] and not all(row["pieces"] for row in frames["rows"]):
            raise ValueError(frames["refusal"])
        return [[(role, text) for role, text in row["pieces"]] for row in frames["rows"]]

    @property
    def _style(self) -> Writing:
        return writing_of(self.items, self.style)

    @property
    def _mask(self) -> str:
        return kind_of(self.items).mask if self.mask is None else self.mask

    @property
    def title(self) -> str:
        """The step's number and name."""
        return f"Step {STEPS.index(self.step) + 1}, {self.step}"

    @property
    def caption(self) -> str:
        """One sentence: the step, the shape, and what it comes to."""
        return f"{self.title}: {self._finding()}."

    def _finding(self) -> str:
        if self.step == "format":
            lengths = [sum(len(text) for _, text in pieces) for pieces in self.texts]
            written = "prompt style" if kind_of(self.items) is not TALKS else "chat template"
            return (
                f"{_count(lengths, 'text')} in the {written} {self._style.name}, "
                f"{_list(lengths)} characters"
            )
        lengths = [len(row.cells) for row in self.rows]
        if self.step == "tokenize":
            return f"{_count(lengths, 'row')} of {_list(lengths)} token ids"
        shape = f"({len(self.items)}, {lengths[0]})"
        if self.step == "pad":
            pads = _tally(self.rows, lambda cell: cell.role == "pad")
            return f"a block of shape {shape}; of its {sum(lengths):,} slots, {pads:,} are pads"
        if self.step == "shift":
            return (
                f"inputs and targets, each of shape {shape}; each target is the token that "
                f"follows the input above it; {self._padding()}"
            )
        return f"inputs and targets, each of shape {shape}; {self._supervision()}"

    def _padding(self) -> str:
        inputs = [row for row in self.rows if row.name == "inputs"]
        pads = _tally(inputs, lambda cell: cell.role == "pad")
        slots = sum(len(row.cells) for row in inputs)
        return f"of {slots:,} inputs, {pads:,} are pads, a padding share of {pads / slots:.1%}"

    def _supervision(self) -> str:
        targets = [row for row in self.rows if row.name == "targets"]
        total = sum(len(row.cells) for row in targets)
        ignored = _tally(targets, lambda cell: cell.ignored)
        pads = _tally(targets, lambda cell: cell.ignored and cell.role == "pad")
        found = f"of {total:,} targets, {total - ignored:,} are supervised and {ignored:,} ignored"
        if self.step == "ignore":
            return f"{found}, all of them pads" if ignored == pads else found
        if kind_of(self.items) is TALKS:
            return f"supervised is {self._mask}: {found}, {pads:,} of them pads"
        names = {"none": "nothing", "prompt": "the prompt"}
        masked = names.get(self._mask, "the prompt but for its header")
        return f"with {masked} masked, {found}, {pads:,} of them pads"

    def __repr__(self) -> str:
        lines = [self.caption]
        for number, pieces in enumerate(self.texts if self.step == "format" else []):
            text = "".join(show_plain(text, spaces=False) for _, text in pieces)
            lines.append(f"row {number}: {text}")
        for row in self.rows:
            shown = []
            for run in self._runs(row):
                values = [self._plain(cell) for cell in run.cells]
                shown += [run.plain()] if run.folded else values
            lines.append(f"{_name(row)}: {' '.join(shown)}")
        return "\n".join(lines)

    def _plain(self, cell: Cell) -> str:
        if cell.ignored or (self.show == "ids"):
            return str(cell.value)
        return show_plain(cell.text)

    def _repr_html_(self) -> str:
        return self.html()

    def html(self) -> str:
        """Give the table as HTML.

        It carries no style sheet: a page that has `stylesheet()` once shows the looks of all
        its tables, and a page without shows borders, and each cell's role in words.
        """
        body = self._text_body() if self.step == "format" else self._grid_body()
        wide = self.step != "format" and len(self._columns) > PRINTED_WIDTH
        caption = f"<caption><span>{html.escape(self.caption)}</span></caption>"
        picture = "" if self.step == "format" else draw_map(self.rows, self.step)
        return (
            f'<div class="batch-table" data-step="{self.step}">{picture}'
            f'<div class="bt-scroll" role="region" tabindex="0" aria-label="{self.title}, table">'
            f'<table class="{"bt bt-wide" if wide else "bt"}" {UNSTYLED}>{caption}{body}</table>'
            f"</div>{self._legend()}</div>"
        )

    def _text_body(self) -> str:
        rows, known = [], set[str]()
        for number, pieces in enumerate(self.texts):
            shown = ""
            for role, text in pieces:
                label = self._labels[role]
                # Fixed text that a row above has shown already says nothing new.
                if self.fold and role == "template" and len(text) > 40 and text in known:
                    told = f"{label}, the same {len(text)} characters"
                    shown += f'<span data-role="{role}">{told}</span><br>'
                    continue
                known.add(text)
                spoken = f'<span class="bt-spoken"> {label}: </span>'
                # The page breaks its line where the text does, once for several breaks.
                inner = re.sub(f"(?:{_BREAK})+", r"\g<0><br>", show_html(text, spaces=False))
                shown += f'<span data-role="{role}">{spoken}{inner}</span>'
            rows.append(
                f'<tr><th scope="row">row {number}</th><td class="bt-text">{shown}</td></tr>'
            )
        head = '<thead><tr><th scope="col">row</th><th scope="col">text</th></tr></thead>'
        return f'{head}<tbody translate="no">{"".join(rows)}</tbody>'

    def _grid_body(self) -> str:
        heads = "".join(
            f'<th scope="col">{start}</th>'
            if stop - start == 1
            else f'<th scope="col">{start}–{stop - 1}</th>'
            for start, stop in self._columns
        )
        bodies = ""
        for _, rows in groupby(self.rows, key=lambda row: row.number):
            lines = "".join(f"<tr>{self._head(row)}{self._cells(row)}</tr>" for row in rows)
            bodies += f"<tbody>{lines}</tbody>"
        return f'<thead><tr><th scope="col">position</th>{heads}</tr></thead>{bodies}'

    @staticmethod
    def _head(row: Row) -> str:
        if not row.name:
            return f'<th scope="row">row {row.number}</th>'
        return f'<th scope="row"><span>row {row.number}</span> {row.name}</th>'

    def _cells(self, row: Row) -> str:
        return "".join(
            run.html() if run.folded else "".join(self._cell(cell) for cell in run.cells)
            for run in self._runs(row)
        )

    def _cell(self, cell: Cell) -> str:
        label = self._labels[cell.role]
        spoken = "" if cell.text == label else f", {label}"
        shown, small = show_html(cell.text), str(cell.id)
        if self.show == "ids" or cell.text == small:
            shown, small = small, ""
        if cell.ignored and small:
            shown, small = f"<s>{shown}</s>", str(cell.value)
        elif cell.ignored:
            shown, small = str(cell.value), f"<s>{shown}</s>"
        if cell.ignored:
            spoken += ", ignored"
        return (
            f'<td data-role="{"ignored" if cell.ignored else cell.role}">{shown}'
            + (f"<br><small>{small}</small>" if small else "")
            + (f'<span class="bt-spoken">{spoken}</span>' if spoken else "")
            + "</td>"
        )

    @property
    def _labels(self) -> Mapping[str, str]:
        return kind_of(self.items).labels

    @cached_property
    def _columns(self) -> list[tuple[int, int]]:
        """The columns as (start, stop) positions; a folded one spans several."""
        width = max(len(row.cells) for row in self.rows)
        # At step 2 the prompt itself is looked at; from step 3 it is what surrounds it.
        roles = PROMPT[:1] if self.step == "tokenize" else (*PROMPT, "pad")
        plain = [
            all(row.cells[i].role in roles for row in self.rows if i < len(row.cells))
            for i in range(width)
        ]
        columns: list[tuple[int, int]] = []
        for foldable, group in groupby(range(width), key=plain.__getitem__):
            run = list(group)
            if self.fold and foldable and len(run) >= FOLDED_FROM:
                columns.append((run[0], run[-1] + 1))
            else:
                columns += [(i, i + 1) for i in run]
        return columns

    def _runs(self, row: Row) -> Iterator["_Run"]:
        """Give the row's cells, column by column, with what is folded as one run."""
        pads = [i for i, cell in enumerate(row.cells) if cell.role == "pad"]
        cut = len(row.cells)
        if self.fold and len(pads) >= FOLDED_FROM:
            cut = pads[PADS_SHOWN]
        rest = [start for start, _ in self._columns if cut <= start < len(row.cells)]
        for start, stop in self._columns:
            if start < len(row.cells) and start not in rest:
                yield _Run(row.cells[start:stop], folded=stop - start > 1)
        if rest:
            yield _Run(row.cells[rest[0] :], folded=True, columns=len(rest))

    def _legend(self) -> str:
        if self.step == "format":
            present = {role for pieces in self.texts for role, _ in pieces}
        else:
            cells = [cell for row in self.rows for cell in row.cells]
            present = {cell.role for cell in cells if not cell.ignored}
            present |= {"ignored"} if any(cell.ignored for cell in cells) else set()
        return legend(present, self._labels)


def legend(roles: Collection[str], labels: Mapping[str, str] | None = None) -> str:
    """Say what the looks of some roles mean, as HTML; `labels`: their words, if not the usual."""
    items = "".join(
        f'<li><i data-role="{role}"></i>{labels[role] if labels else look.label}</li>'
        for role, look in ROLES.items()
        if role in roles
    )
    # Hidden where no style sheet shows it, and with it the looks.
    return f'<ul class="bt-legend" aria-label="What the looks mean" hidden>{items}</ul>'


@dataclass(frozen=True)
class _Run:
    """Neighbouring cells of a row; `folded` ones are shown as one, over `columns`."""

    cells: tuple[Cell, ...]
    folded: bool
    columns: int = 1

    def _parts(self) -> list[tuple[str, int, int]]:
        """Give (role, value or 0, how many) for each run of the same kind."""
        kinds = groupby(self.cells, key=lambda c: (c.role, c.value if c.ignored else 0))
        return [(role, value, len(list(group))) for (role, value), group in kinds]

    def plain(self) -> str:
        parts = [
            f"{role} ×{many}" + (f" = {value}" if value else "")
            for role, value, many in self._parts()
        ]
        return f"[{', '.join(parts)}]"

    def html(self) -> str:
        parts = []
        for role, value, many in self._parts():
            text = f"{role} ×{many}"
            if value:
                number = f'<span class="bt-value"> {value}</span>'
                text = f'<s>{text}</s>{number}<span class="bt-spoken">, ignored</span>'
            parts.append(f'<span data-role="{"ignored" if value else role}">{text}</span>')
        shown = " ".join(parts)
        if self.columns == 1:
            return f'<td class="bt-fold">{shown}</td>'
        # One cell over the columns of all that it counts, so that the block stays a block.
        role = "ignored" if self.cells[0].ignored else self.cells[0].role
        shown = shown.replace(f' data-role="{role}"', "")
        return f'<td class="bt-run" data-role="{role}" colspan="{self.columns}">{shown}</td>'


def _tally(rows: Sequence[Row], counts: Callable[[Cell], bool]) -> int:
    return sum(counts(cell) for row in rows for cell in row.cells)


def _count(things: Sequence[object], word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def _list(numbers: Sequence[int]) -> str:
    """Give a few numbers as a list, and many as a range."""
    shown = [f"{number:,}" for number in numbers]
    if len(shown) > 8:
        return f"{min(numbers):,} to {max(numbers):,}"
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def _name(row: Row) -> str:
    return f"row {row.number} {row.name}".rstrip()


@lru_cache(maxsize=1)
def stylesheet() -> str:
    """Give the one style sheet that all tables of a page need, with the roles' colours."""
    rules = (files("companion") / "showing" / "table.css").read_text(encoding="utf-8")
    for role, look in ROLES.items():
        rules += (
            f'.batch-table table.bt td[data-role="{role}"],.batch-table [data-role="{role}"]{{'
            f"background-color:var(--role-{role});border-color:var(--role-{role}-accent);"
            f"border-width:{look.edge_widths};border-style:{look.edge_style}}}"
            f'.bm-picture [data-role="{role}"]{{stroke:var(--role-{role}-accent)}}'
            f'.bm-picture .bm-fill[data-role="{role}"]{{'
            f"stroke:{look.hue};stroke-opacity:{STRENGTHS[role]}}}"
        )
    return write_css() + " ".join(rules.split())
