"""One entry through all six steps, as text for a terminal of 80 columns.

Takes an entry and what a training run would declare, and gives lines: the text by role,
the tokens, its row of the block, and then a line for each column, with the target as each
of the last three steps leaves it. A conversation is shown turn by turn, and a row of ids
column by column. Roles are named in words; color only repeats them. No number is made
here. What it leaves out: the page (`companion.showing.table`).
"""

import json
import re
import unicodedata
import warnings
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, groupby
from typing import Any, TypeVar

from companion.adapting import Tokenizer, adapt_tokenizer
from companion.collating import Collator, ResponseCutWarning
from companion.conversations import Conversation
from companion.entries import Entry
from companion.formatting import PromptStyle
from companion.forms import IGNORED, TokenRow, style_for
from companion.ignoring import keep_spans
from companion.masking import supervised_spans
from companion.shifting import shift_targets
from companion.showing.glyphs import show_plain, token_text
from companion.showing.lines import Cell
from companion.storing import encode_text
from companion.tokenizing import TokenizedEntry, token_roles

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
    style: str | PromptStyle | None = None,
    tokenizer: Any = "gpt2",
    mask: str = "none",
    max_length: int | None = None,
    longest: int = 0,
    color: bool = False,
    full: bool = False,
) -> str:
    r"""Give the six steps of an entry, to print.

    `style`: by default Alpaca's, and none for an entry that brings its whole prompt.
    `tokenizer`: whatever `adapt_tokenizer` takes. `mask`, `max_length`: as `Collator` takes
    them. `longest`: how many tokens the longest entry of its batch has; alone, an entry
    needs no pads. `color`: with ANSI's signs for color. `full`: with every line of what is
    long.

    Raises `ValueError` for what `Collator` would refuse, and for a tokenizer without an end.

    >>> print(walk(Entry("Hi", "", "Yes"), style="plain").split("\n\n")[1])
    Step 2, tokenize: 3 token ids, of which 2 are the prompt's
      instruction  Hi
                   17250
      header       ⏎
                   198
      response     Yes
                   5297
    """
    entry = replace(entry, **{name: _whole(getattr(entry, name)) for name in _FIELDS})
    style, adapted = style_for(entry, style), adapt_tokenizer(tokenizer)
    if adapted.end is None:
        raise ValueError(
            f"tokenizer {adapted.name} declares no end token, and a row of the block has one; give "
            "the folder with its tokenizer_config.json"
        )
    pad = adapted.end if adapted.pad is None else adapted.pad
    collate = Collator(mask=mask, max_length=max_length, end_id=adapted.end, pad_id=pad)
    ids, turns, closed = encode_text(entry, style, adapted)
    text = TokenizedEntry(ids, turns, closed)
    tokens = _tokens(entry, style, text, adapted)
    # Beside the entry stand bare ids, as many as the batch's longest: they make the width,
    # and are all response, so that the batch is not refused where this row learns nothing.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResponseCutWarning)  # step 5 says it
        texts = collate.texts([text, TokenizedEntry([0] * max(longest, 1))])
    block = collate.block(texts)
    slots = _slots(tokens, block[0].tolist(), texts[0].length)
    inputs, targets = shift_targets(block)
    ignored, masked = (
        _with_values(slots[1:], keep_spans(targets, supervised_spans(texts, name))[0].tolist())
        for name in ("none", mask)
    )
    paint = _paint if color else _plain
    parts = [
        _format(entry, style, paint, full),
        _tokenize(tokens, paint, full),
        _pad(tokens, slots, paint),
        _shift_ignore_mask(ignored, masked, mask),
        _table(slots[: inputs.shape[1]], slots[1:], ignored, masked, paint, full),
    ]
    return "\n\n".join("\n".join(part) for part in parts)


def walk_conversation(
    conversation: Conversation,
    *,
    tokenizer: Any = "gpt2",
    color: bool = False,
    full: bool = False,
) -> str:
    """Give the turns of a conversation, to print, and how many tokens each text has.

    No template is applied, so no token of one is counted.

    >>> from companion.conversations import Message
    >>> print(walk_conversation(Conversation((Message("user", "Hi"),))))
    1 turn, 1 token of text by tokenizer gpt2, without a template
    <BLANKLINE>
      1 user, 1 token
                   Hi
    """
    adapted, paint = adapt_tokenizer(tokenizer), _paint if color else _plain
    counts = [len(adapted.encode(message.content)) for message in conversation]
    by = f"of text by tokenizer {adapted.name}, without a template"
    lines = [f"{_many(len(counts), 'turn')}, {_many(sum(counts), 'token')} {by}"]
    for number, (message, many) in enumerate(zip(conversation, counts, strict=True), 1):
        more = {key: value for key, value in message.more.items() if key != "weight"}
        weight = "" if message.weight is None else f", weight {message.weight}"
        role = show_plain(message.role, spaces=False)
        lines += ["", f"  {number} {role}, {_many(many, 'token')}{weight}"]
        said = "response" if message.role == "assistant" else "instruction"
        lines += _text(message.content, said, paint, full) if message.content else []
        for key, value in more.items():
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            lines += _text(f"{key}: {shown}", "template", paint, full)
    return "\n".join(lines)


def walk_row(
    row: TokenRow, *, tokenizer: Any = None, color: bool = False, full: bool = False
) -> str:
    """Give a row of ids, to print: of each column the id, its text, and what is learned.

    `tokenizer`: whatever `adapt_tokenizer` takes; None where whose ids these are is not known.

    >>> print(walk_row(TokenRow((15496, 995), (-100, 995)), tokenizer="gpt2"))
    2 ids, 1 of them supervised
    <BLANKLINE>
      column      id  text          label
           0   15496  Hello          -100
           1     995  ␣world          995
    """
    paint, labels = _paint if color else _plain, row.labelled
    adapted = None if tokenizer is None else adapt_tokenizer(tokenizer)
    learned = sum(label != IGNORED for label in labels[1:])
    lines = [f"{_many(len(labels), 'id')}, {learned:,} of them supervised", ""]
    lines.append(f"{'column':>8}  {'id':>6}  {'text':<{WIDEST}}  {'label':>5}")
    each = enumerate(zip(row.input_ids, labels, strict=True))
    for is_ignored, group in groupby(each, key=lambda one: one[1][1] == IGNORED):
        run = list(group)
        for one in _ends(run, COLUMNS, full):
            if one is None:
                told = f"... {len(run) - sum(COLUMNS):,} more columns like these"
                lines.append(f"{'':>8}  {told}")
                continue
            column, (id, label) = one
            shown = _filled(
                _short("" if adapted is None else _text_of(id, adapted), WIDEST), WIDEST
            )
            told = f"{id:>6}  {shown}  {label:>5}"
            lines.append(f"{column:>8}  {paint('pad' if is_ignored else 'response', told)}")
    return "\n".join(lines)


# The cells ------------------------------------------------------------------------------

_FIELDS = ("instruction", "input", "output")


def _whole(text: str) -> str:
    """Replace half a character by U+FFFD, as the tokenizers do it."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _tokens(
    entry: Entry, style: PromptStyle, text: TokenizedEntry, tokenizer: Tokenizer
) -> list[Cell]:
    ids = text.ids.tolist()
    roles = _roles(entry, style, text, tokenizer)
    texts = (_text_of(id, tokenizer) for id in ids)
    return [Cell(id, shown, role, id) for id, shown, role in zip(ids, texts, roles, strict=True)]


def _text_of(id: int, tokenizer: Tokenizer) -> str:
    """Give the text of an id, or its bytes; the number where it is no token of the tokenizer."""
    try:
        if tokenizer.token_bytes is not None:
            return token_text(tokenizer.token_bytes([id])[0])
        return tokenizer.decode([id])
    except Exception:  # each library has an exception of its own for it
        return str(id)


def _roles(
    entry: Entry, style: PromptStyle, text: TokenizedEntry, tokenizer: Tokenizer
) -> Iterable[str]:
    """Tell what each token is there for, as nearly as the tokenizer can."""
    if tokenizer.token_bytes is not None:
        return token_roles(entry, style, text.ids.tolist(), tokenizer.token_bytes)
    pieces = style.pieces(entry)
    if tokenizer.offsets is None:  # where the response begins is known, and no more
        prompt = text.prompt_length
        return ["instruction"] * prompt + ["response"] * (len(text.ids) - prompt)
    parts = [style.prompt(entry), style.response(entry)]
    offsets = [start for start, _ in tokenizer.offsets("".join(parts))]
    if len(offsets) != len(text.ids):  # they were encoded apart
        apart = zip((0, len(parts[0])), parts, strict=True)
        offsets = [at + start for at, part in apart for start, _ in tokenizer.offsets(part)]
    ends = list(accumulate(len(piece) for _, piece in pieces))
    return [pieces[min(bisect_right(ends, at), len(ends) - 1)][0] for at in offsets]


def _slots(tokens: Cells, ids: list[int], length: int) -> list[Cell]:
    """Give the cells of a row of the block: what is left of the text, its end token, pads."""
    own = list(tokens[: min(length, len(ids))])
    beyond = ["end"] * (length > len(own)) + ["pad"] * len(ids)
    return [
        *own,
        *(Cell(id, role, role, id) for id, role in zip(ids[len(own) :], beyond, strict=False)),
    ]


def _with_values(cells: Cells, values: Sequence[int]) -> list[Cell]:
    return [replace(cell, value=value) for cell, value in zip(cells, values, strict=True)]


# The steps ------------------------------------------------------------------------------


def _format(entry: Entry, style: PromptStyle, paint: Paint, full: bool) -> list[str]:
    pieces = style.pieces(entry)
    characters = sum(len(text) for _, text in pieces)
    lines = [f"Step 1, format: prompt style {style.name} makes a text of {characters:,} characters"]
    for role, text in pieces:
        lines += _text(text, role, paint, full, label=role)
    return lines


def _text(text: str, role: str, paint: Paint, full: bool, label: str = "") -> Iterator[str]:
    """Give the lines of a text, the first with a label, and those between left out."""
    broken = _break(show_plain(text, spaces=False), WIDTH - INDENT)
    for number, line in enumerate(_ends(broken, LINES, full)):
        told = line if line is not None else f"... {len(broken) - sum(LINES):,} more lines ..."
        yield _labelled(label if number == 0 else "", paint(role, told))


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
    return _short(cell.text, width)


def _short(text: str, width: int) -> str:
    """Give a token's text, cut short where it is wider than its column."""
    text = show_plain(text)
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
