"""The frames: all that the explorer draws, as one function of what its reader has chosen.

Takes a state (entries or bare ids, prompt style, mask, lengths, and a fault if there is to
be one) and gives what each step makes of it, as data that can be written as JSON. Every
number is made by the companion's own functions; `frames.js` does the same in a browser, and
`frames.schema.json` describes both ends. What it leaves out: how anything is shown, which is
`companion.showing.table`. The findings are those of an audit, but known and not inferred:
here every slot says what it is there for; tests hold `companion.auditing` to the same codes.

A lone surrogate, half of a character that its other half has left, is replaced in each
text by U+FFFD before anything else, as GPT-2's tokenizer does it with a whole text. So all
text in frames can be written as UTF-8, and no two halves from different fields ever meet.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from companion.collating import Collator, ResponseCutWarning
from companion.entries import Entry
from companion.findings import RULES
from companion.formatting import STYLES, PromptStyle, get_style
from companion.ignoring import IGNORE_INDEX, Spans, keep_spans
from companion.masking import MASKS, supervised_spans
from companion.padding import PAD_ID
from companion.shifting import shift_targets
from companion.showing.palette import ROLES
from companion.tokenizing import (
    END_ID,
    Decode,
    Encode,
    TokenizedEntry,
    Turn,
    encode_entry,
    gpt2_decode,
    gpt2_encode,
    gpt2_token_bytes,
    one_turn,
    token_roles,
)
from companion.truncating import fits

FAULTS = {
    "no_shift": "shift",
    "shifted_twice": "shift",
    "padding_by_value": "ignore",
    "end_ignored": "ignore",
    "mask_off_by_one": "mask",
    "prompt_cut_differently": "tokenize",
}
"""The ways in which a batch can be broken on purpose, and the step that each belongs to: it
changes nothing before that. See `_break` and `_cut_differently`."""

PROMPT_ROLES = ("template", "instruction", "input", "header")
"""What a prompt is made of."""

MASKED: dict[str, tuple[str, ...]] = {
    "none": (),
    "prompt": PROMPT_ROLES,
    "prompt_without_header": ("template", "instruction", "input"),
}
"""The roles whose targets each mask leaves out."""

TRUNCATIONS = ("cut", "keep_end", "drop", "error")
"""Those of `companion.truncating` that the page can draw, too: "cut_prompt" it cannot."""

MOST_ENTRIES = 8
"""More entries than this are no longer seen at one glance."""

MOST_CHARACTERS = 10_000
"""Of all entries of a state together, in UTF-16 units, as a browser counts them."""

MOST_STYLE_CHARACTERS = 2_000
"""Of all texts of a prompt style together; each entry's text holds them once more."""

MOST_IDS = 1_000
"""Of one row of bare ids."""

MOST_LENGTH = 1_000_000
"""The largest `max_length`."""

MOST_MULTIPLE = 1_024
"""The largest `pad_to_multiple_of`: every row of the batch may become as wide."""

Source = Entry | Sequence[int] | NDArray[np.integer]
"""What a row is made of; bare ids are all response, as the collator takes them."""

TokenBytes = Callable[[Sequence[int]], list[bytes]]


class Token(TypedDict):
    """A token of a text; `bytes` as hex, or None for a bare id, which stands for no text."""

    id: int
    bytes: str | None
    role: str


class RowFrames(TypedDict):
    """One entry at steps 1 and 2: its text as [role, text] pieces, and all its tokens.

    `turns`: its answers, as a `companion.tokenizing.Turn` each; `closed`: whether the tokens
    bring their own end. `place`: which row of the tensors it is, or None where it is in none.
    """

    pieces: list[list[str]]
    tokens: list[Token]
    turns: list[Turn]
    closed: bool
    place: int | None


class BatchFrames(TypedDict):
    """The tensors of steps 3 to 6; `block` has N + 1 columns.

    `roles`: what each slot of the block is there for. A slot that is neither "end" nor "pad"
    holds its text's token of the same position. `shift`: target j is the token of the block
    at position j + shift, which is 1 unless there is a fault. `why`: None for a supervised
    target, and for one that is not the first reason that ignored it. At step "ignore" these
    are "pad", "lost" (the row lost its whole response to `max_length`) and two that are faults,
    "value" (its id is the pad's) and "uncounted" (the row's length leaves its end token out);
    at step "mask" they are "prompt" and a fault's "late" (the mask ends a token late).
    """

    block: list[list[int]]
    roles: list[list[str]]
    inputs: list[list[int]]
    targets: list[list[int]]
    shift: int
    why: list[list[str | None]]


class Tally(TypedDict):
    """What the batch comes to. `tokens` and `pads` share the slots of the inputs."""

    shape: list[int]
    tokens: int
    pads: int
    padding_share: float
    targets: int
    supervised: int
    supervised_share: float


class FindingFrames(TypedDict):
    """What is wrong with the batch, or unusual: a code of `companion.findings`, and where.

    `rows`: of the tensors. `slots`: what the code's sentence leaves open, by name.
    """

    code: str
    rows: list[int]
    slots: dict[str, str]


class Frames(TypedDict):
    """Everything that is drawn.

    `refusal`: the sentence with which the companion refuses to make this batch, if it does.
    Then there are no tensors, but for a batch of which nothing is left to learn: it is shown,
    with all its targets ignored. `warnings`: sentences about rows that lost their response.
    `spared`: why the fault that was asked for changes no number of this batch, where it does
    not; see `_spared`.
    """

    rows: list[RowFrames]
    batch: BatchFrames | None
    tally: Tally | None
    refusal: str | None
    warnings: list[str]
    findings: list[FindingFrames]
    spared: str | None


@dataclass(frozen=True)
class State:
    """What the reader has chosen, checked; `read_state` makes one of plain data."""

    items: Sequence[Source]
    style: PromptStyle = STYLES["alpaca"]
    mask: str = "none"
    max_length: int | None = None
    truncation: str = "cut"
    pad_to_multiple_of: int | None = None
    fault: str | None = None


def frames(
    state: object,
    encode: Encode = gpt2_encode,
    decode: Decode | None = gpt2_decode,
    token_bytes: TokenBytes = gpt2_token_bytes,
) -> Frames:
    """Give everything that the explorer draws for a state; the same state, the same frames.

    `state`: `entries`, 1 to 8 objects of `instruction`, `input` and `output` or lists of ids,
    and what else `constants()["defaults"]` has. `style` is a name, or an object with the
    fields of a `PromptStyle`. Raises `ValueError` for a state that is none; what cannot be
    made of a state that is one is no error, but a `refusal` in the frames.

    >>> made = frames({"entries": [[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]]})
    >>> made["batch"]["targets"][1], made["batch"]["why"][1], made["tally"]["shape"]
    ([6, 50256, -100, -100, -100], [None, None, 'pad', 'pad', 'pad'], [3, 5])
    """
    return make_frames(read_state(state), encode, decode, token_bytes)


def constants() -> dict[str, Any]:
    """Give what `frames.js` has to know, so that nothing is written down twice.

    >>> constants()["defaults"]["mask"], list(constants()["styles"])
    ('none', ['alpaca', 'phi3', 'chatml', 'plain'])
    """
    defaults = {field.name: field.default for field in fields(State) if field.name != "items"}
    return {
        "styles": {name: asdict(style) for name, style in STYLES.items()},
        "style_defaults": {
            field.name: field.default
            for field in fields(PromptStyle)
            if isinstance(field.default, str)
        },
        "roles": {role: look.label for role, look in ROLES.items()},
        "masks": list(MASKS),
        "truncations": list(TRUNCATIONS),
        "masked": {mask: list(roles) for mask, roles in MASKED.items()},
        "faults": dict(FAULTS),
        "codes": list(RULES),
        "defaults": {**defaults, "style": State.style.name},
        "most_entries": MOST_ENTRIES,
        "most_characters": MOST_CHARACTERS,
        "most_style_characters": MOST_STYLE_CHARACTERS,
        "most_ids": MOST_IDS,
        "most_length": MOST_LENGTH,
        "most_multiple": MOST_MULTIPLE,
        "end_id": END_ID,
        "end_text": gpt2_decode([END_ID]),
        "pad_id": PAD_ID,
        "ignore_index": IGNORE_INDEX,
    }


def carry_tokens(
    entries: Sequence[Entry], styles: Sequence[PromptStyle], whole: bool = False
) -> dict[str, Any]:
    r"""Give the GPT-2 tokens that `frames.js` asks for; a page with them needs no vocabulary.

    `ids`: for each prompt and each response, its ids; `bytes`: for each of these ids, its
    bytes as hex. With `whole`, the texts that the fault "prompt_cut_differently" encodes too.

    >>> carry_tokens([Entry("Hi", "", "Yes")], [STYLES["plain"]])
    {'ids': {'Hi\n': [17250, 198], 'Yes': [5297]}, 'bytes': {'198': '0a', '5297': '596573', ...
    """
    ids: dict[str, list[int]] = {}
    for style in map(_well_formed_style, styles):
        for entry in map(_well_formed_entry, entries):
            texts = [style.prompt(entry), style.response(entry)]
            texts += [style.text(entry), style.header] if whole else []
            ids |= {text: gpt2_encode(text) for text in texts}
    known = sorted({id for row in ids.values() for id in row})
    return {
        "ids": ids,
        "bytes": {
            str(id): token.hex() for id, token in zip(known, gpt2_token_bytes(known), strict=True)
        },
    }


def read_state(state: object) -> State:
    """Check plain data, and give it as a `State`, its texts without lone surrogates.

    Raises `ValueError` in one sentence, which `readState` in `frames.js` says word for word.

    >>> read_state({"entries": [[0, 1]], "pad_to_multiple_of": 10**9})
    Traceback (most recent call last):
    ValueError: pad_to_multiple_of is at most 1,024; found 1000000000
    """
    if not isinstance(state, Mapping):
        raise ValueError(f"a state is an object; found {_shown(state)}")
    defaults = constants()["defaults"]
    for name in state:
        if name != "entries" and name not in defaults:
            raise ValueError(f"a state has no {_shown(name)}, but entries, {', '.join(defaults)}")
    rest = {name: state.get(name, default) for name, default in defaults.items()}
    style = rest.pop("style")
    _check_choices(rest)
    _check_lengths(rest)
    entries = state.get("entries")
    if not isinstance(entries, list | tuple) or not 1 <= len(entries) <= MOST_ENTRIES:
        raise ValueError(f"entries are a list of 1 to {MOST_ENTRIES}")
    items = tuple(_read_entry(entry, number) for number, entry in enumerate(entries))
    texts = [text for item in items if isinstance(item, Entry) for text in _texts_of(item)]
    if (count := sum(map(_units, texts))) > MOST_CHARACTERS:
        raise ValueError(
            f"the entries have {count:,} characters in all; at most {MOST_CHARACTERS:,} are taken"
        )
    return State(items, _read_style(style), **rest)


def _check_choices(chosen: Mapping[str, Any]) -> None:
    for name, allowed in (("mask", MASKS), ("truncation", TRUNCATIONS), ("fault", (None, *FAULTS))):
        value = chosen[name]
        if not (value is None or isinstance(value, str)) or value not in allowed:
            listed = ", ".join("null" if one is None else one for one in allowed)
            raise ValueError(f"{name} is one of {listed}; found {_shown(value)}")


def _check_lengths(chosen: Mapping[str, Any]) -> None:
    for name, most in (("max_length", MOST_LENGTH), ("pad_to_multiple_of", MOST_MULTIPLE)):
        value = chosen[name]
        if value is None:
            continue
        if type(value) is not int or abs(value) >= 2**53:
            raise ValueError(f"{name} is a whole number or null; found {_shown(value)}")
        if value > most:
            raise ValueError(f"{name} is at most {most:,}; found {value}")


def _shown(value: object) -> str:
    """Say in a sentence what was found; short, and the same in both languages."""
    if isinstance(value, str):
        text = _well_formed(value)
        return text if len(text) <= 40 else f"{text[:40]}…"
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, int | float):
        return str(value) if abs(value) < 2**53 else "a number that is not exact"
    return "a list" if isinstance(value, list | tuple) else "an object"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _texts_of(entry: Entry) -> tuple[str, str, str]:
    return entry.instruction, entry.input, entry.output


def _read_entry(entry: object, number: int) -> Source:
    if isinstance(entry, dict) and entry.keys() == {"instruction", "input", "output"}:
        if all(isinstance(text, str) for text in entry.values()):
            return _well_formed_entry(Entry(**entry))
    elif isinstance(entry, list | tuple) and entry:
        if len(entry) > MOST_IDS:
            raise ValueError(
                f"entry {number} has {len(entry):,} ids; at most {MOST_IDS:,} are taken"
            )
        if all(map(_is_id, entry)):
            return list(entry)
    raise ValueError(
        f"entry {number} is neither an object of instruction, input and output, each a text, "
        "nor a list of ids, each 0 or more"
    )


def _is_id(value: object) -> bool:
    # Larger whole numbers are not exact in JavaScript.
    return type(value) is int and 0 <= value < 2**53


def _read_style(style: object) -> PromptStyle:
    if isinstance(style, str):
        if style not in STYLES:
            raise ValueError(
                f"there is no prompt style {_shown(style)}; there are {', '.join(STYLES)}"
            )
        return get_style(style)
    if (
        not isinstance(style, dict)
        or not {"name", "instruction"} <= style.keys() <= set(_STYLE_FIELDS)
        or not all(isinstance(text, str) for text in style.values())
    ):
        raise ValueError(f"style is a name or an object of texts: {', '.join(_STYLE_FIELDS)}")
    if (count := sum(map(_units, style.values()))) > MOST_STYLE_CHARACTERS:
        raise ValueError(
            f"the prompt style has {count:,} characters in all; "
            f"at most {MOST_STYLE_CHARACTERS:,} are taken"
        )
    for name in ("instruction", "input"):
        if style.get(name, f"{{{name}}}").count(f"{{{name}}}") != 1:
            raise ValueError(f"prompt style: {name} holds the slot {{{name}}} exactly once")
    return _well_formed_style(PromptStyle(**style))


_STYLE_FIELDS = tuple(field.name for field in fields(PromptStyle))


def _well_formed(text: str) -> str:
    """Replace each lone surrogate by U+FFFD; two that are a pair become their character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _well_formed_entry(entry: Entry) -> Entry:
    return Entry(*map(_well_formed, (entry.instruction, entry.input, entry.output)))


def _well_formed_style(style: PromptStyle) -> PromptStyle:
    return PromptStyle(**{name: _well_formed(text) for name, text in asdict(style).items()})


def make_frames(
    state: State,
    encode: Encode = gpt2_encode,
    decode: Decode | None = gpt2_decode,
    token_bytes: TokenBytes = gpt2_token_bytes,
) -> Frames:
    """Give the frames of a state that is known to be one; see `frames`."""
    rows = [_row(item, state, encode, decode, token_bytes) for item in state.items]
    made = Frames(
        rows=rows, batch=None, tally=None, refusal=None, warnings=[], findings=[], spared=None
    )
    try:
        entries = [_entry(row, number) for number, row in enumerate(rows)]
        supervised_spans(entries, state.mask)  # refused here where it cannot be told
        collate = Collator(
            mask=state.mask,
            max_length=state.max_length,
            truncation=state.truncation,
            pad_to_multiple_of=state.pad_to_multiple_of,
        )
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ResponseCutWarning)
            texts = collate.texts(entries)
    except ValueError as error:
        return {**made, "refusal": str(error)}
    made["warnings"] = [str(warning.message) for warning in caught]
    kept = [
        number
        for number, entry in enumerate(entries)
        if state.truncation != "drop" or fits(entry, state.max_length)
    ]
    for place, number in enumerate(kept):
        rows[number]["place"] = place
    try:
        spans = collate.spans(texts)
    except ValueError as error:  # nothing is left to learn; that is worth a look
        made["refusal"] = str(error)
        spans = [()] * len(texts)
    block = collate.block(texts)
    roles = [
        _slot_roles(rows[i], text, text is not entries[i], state.truncation, block.shape[1])
        for i, text in zip(kept, texts, strict=True)
    ]
    batch = _batch(state.fault, block, roles, spans)
    tally = _tally(batch)
    findings = _findings([rows[number] for number in kept], batch, state.mask)
    done: Frames = {**made, "batch": batch, "tally": tally, "findings": findings}
    if state.fault is not None:
        healthy = make_frames(replace(state, fault=None), encode, decode, token_bytes)
        done["spared"] = _spared(state, done, healthy)
    return done


def _spared(state: State, broken: Frames, healthy: Frames) -> str | None:
    """Say why a fault changes no number of a batch: None where it changes one.

    "nothing-left": no target is supervised anyway. "alike": each target is its input, shifted
    or not. "no-end": every text is cut before its end token. "unmasked", "no-prompt": there is
    no mask that could be late, or nothing before the responses. "no-text": the rows are bare
    ids. "apart": no token holds the end of a prompt and the beginning of a response. "hidden":
    one does, but it is cut off, or nothing that this mask asks about.
    """
    now, right = broken["batch"], healthy["batch"]
    if now is None or right is None:
        return None
    if (now["inputs"], now["targets"]) != (right["inputs"], right["targets"]):
        return None
    if all(why is not None for row in right["why"] for why in row):
        return "nothing-left"
    if state.fault == "mask_off_by_one":
        return "unmasked" if state.mask == "none" else "no-prompt"
    if state.fault != "prompt_cut_differently":
        return "alike" if state.fault == "no_shift" else "no-end"
    if not any(row["pieces"] for row in broken["rows"]):
        return "no-text"
    return "apart" if broken["rows"] == healthy["rows"] else "hidden"


def _row(
    item: Source, state: State, encode: Encode, decode: Decode | None, token_bytes: TokenBytes
) -> RowFrames:
    if not isinstance(item, Entry):
        bare = TokenizedEntry(np.asarray(item))
        tokens = [Token(id=id, bytes=None, role="response") for id in bare.ids.tolist()]
        return RowFrames(
            pieces=[], tokens=tokens, turns=list(bare.turns), closed=bare.closed, place=None
        )
    item = _well_formed_entry(item)
    style = _well_formed_style(state.style)
    header_length: int | None
    if state.fault == "prompt_cut_differently":
        ids, prompt_length, header_length = _cut_differently(item, style, encode)
    else:
        ids, prompt_length, header_length = encode_entry(item, style, encode, decode)
    # A text of no tokens is shown, and refused as a row of the batch.
    roles = token_roles(item, style, ids, token_bytes) if ids else []
    parts = zip(ids, token_bytes(ids), roles, strict=True)
    return RowFrames(
        pieces=[[role, text] for role, text in style.pieces(item)],
        tokens=[Token(id=id, bytes=token.hex(), role=role) for id, token, role in parts],
        turns=[one_turn(prompt_length, header_length, len(ids) + 1)],
        closed=False,
        place=None,
    )


def _cut_differently(
    entry: Entry, style: PromptStyle, encode: Encode
) -> tuple[list[int], int, int]:
    """Encode the whole text at once, but count the prompt's ids on the prompt alone.

    Where a token lies across the seam, the ids of training are not those of inference, and
    the count is off. Most texts have no such token; then nothing is broken.
    """
    ids = list(encode(style.text(entry)))
    prompt_length = min(len(encode(style.prompt(entry))), len(ids))
    return ids, prompt_length, min(len(encode(style.header)), prompt_length)


def _entry(row: RowFrames, number: int) -> TokenizedEntry:
    ids = np.array([token["id"] for token in row["tokens"]], dtype=np.int64)
    try:
        return TokenizedEntry(ids, row["turns"], row["closed"])
    except ValueError as error:
        raise ValueError(f"row {number} of the batch: {error}") from None


def _slot_roles(
    row: RowFrames, text: TokenizedEntry, is_cut: bool, truncation: str, width: int
) -> list[str]:
    """Give the roles of a row of the block: what is left of its text, its end token, then pads."""
    roles = [token["role"] for token in row["tokens"]] + ["end"] * (not row["closed"])
    if is_cut and truncation == "keep_end":  # the end token stands in another's place
        roles = [*roles[: text.length - 1], "end"]
    return [*roles[: text.length], *["pad"] * width][:width]


def _batch(
    fault: str | None, block: NDArray[np.int64], roles: list[list[str]], spans: list[Spans]
) -> BatchFrames:
    # What position of the block may be learned; the first one is asked for in no batch.
    healthy = keep_spans(block[:, 1:], spans)
    learned = np.insert(healthy != IGNORE_INDEX, 0, False, axis=1)
    lost = ~learned.any(axis=1)
    hit = _hit(fault, block, roles)
    inputs, targets, shift = _break(fault, block, hit, healthy, spans)

    def why(row: int, column: int) -> str | None:
        position = column + shift
        if targets[row, column] != IGNORE_INDEX:
            return None
        if roles[row][position] == "pad":
            return "pad"
        if lost[row]:
            return "lost"
        if hit[row, position]:
            return "value" if fault == "padding_by_value" else "uncounted"
        return "late" if learned[row, position] else "prompt"

    return BatchFrames(
        block=block.tolist(),
        roles=roles,
        inputs=inputs.tolist(),
        targets=targets.tolist(),
        shift=shift,
        why=[[why(row, j) for j in range(targets.shape[1])] for row in range(len(targets))],
    )


def _hit(fault: str | None, block: NDArray[np.int64], roles: list[list[str]]) -> NDArray[np.bool_]:
    """Tell which positions of the block a program takes for pads that has this fault."""
    if fault == "padding_by_value":  # an end token has the same id
        return np.equal(block, PAD_ID)
    if fault == "end_ignored":  # the lengths are those of the texts without their end tokens
        return np.array([[role == "end" for role in row] for row in roles])
    return np.zeros(block.shape, dtype=bool)


def _break(
    fault: str | None,
    block: NDArray[np.int64],
    hit: NDArray[np.bool_],
    targets: NDArray[np.int64],
    spans: list[Spans],
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Give inputs, targets and shift as a program makes them that has this fault.

    `hit`: positions that are ignored by the fault. `targets`: those of the companion, which
    are given back where there is no fault.
    """
    inputs, shifted = shift_targets(block)
    if fault == "no_shift":  # each token is asked for where it is given
        in_place = [[(start + 1, stop + 1) for start, stop in own] for own in spans]
        return inputs, keep_spans(inputs, in_place), 0
    if fault == "shifted_twice":  # once here, and again by a model that shifts for itself
        return inputs[:, :-1], targets[:, 1:], 2
    if fault == "mask_off_by_one":  # a position of the text taken for one of the targets
        late = [[(start + 1, stop) for start, stop in own] for own in spans]
        return inputs, keep_spans(shifted, late), 1
    return inputs, np.where(hit[:, 1:], IGNORE_INDEX, targets), 1


def _findings(rows: list[RowFrames], batch: BatchFrames, mask: str) -> list[FindingFrames]:
    """Name what is wrong, from what each slot is there for; in the order of the rules."""
    every = list(range(len(rows)))
    width = len(batch["inputs"][0])
    pads = sum(role == "pad" for row in batch["roles"] for role in row[:width])
    typed = gpt2_decode([END_ID])
    found: dict[str, list[int]] = {}
    slots: dict[str, dict[str, str]] = {}
    if 2 * pads > len(rows) * width:
        found["mostly-padding"] = every
        # As an audit has it, to the last bit: what is left when the tokens are taken away.
        share = 1 - (len(rows) * width - pads) / (len(rows) * width)
        slots["mostly-padding"] = {"share": f"{share:.0%}"}
    for number, row in enumerate(rows):
        texts = [
            token["bytes"]
            for token, role in zip(row["tokens"], batch["roles"][number], strict=False)
            if token["bytes"] is not None and role not in ("end", "pad")
        ]
        if _border_moved(row, len(texts)):
            found.setdefault("border-moved", []).append(number)
        if typed.encode() in bytes.fromhex("".join(texts)):
            found.setdefault("special-typed", []).append(number)
            slots["special-typed"] = {"name": repr(typed)}
        own = zip(batch["block"][number], batch["roles"][number], strict=True)
        if any(id == END_ID and role not in ("end", "pad") for id, role in list(own)[1:]):
            found.setdefault("special-in-text", []).append(number)
    if all(why is not None for row in batch["why"] for why in row):
        found["nothing-supervised"] = every
    else:
        for number in every:
            for code in _row_codes(batch, number, mask):
                found.setdefault(code, []).append(number)
    for code in ("prompt-supervised", "response-ignored"):
        slots[code] = {"mask": mask}
    return [
        FindingFrames(code=code, rows=found[code], slots=slots.get(code, {}))
        for code in RULES
        if code in found
    ]


def _border_moved(row: RowFrames, kept: int) -> bool:
    """Tell whether one of the first `kept` tokens is partly prompt, partly response."""
    of_prompt = sum(len(text.encode()) for role, text in row["pieces"] if role in PROMPT_ROLES)
    stops = np.cumsum([len(token["bytes"] or "") // 2 for token in row["tokens"][:kept]])
    return kept > 0 and of_prompt < stops[-1] and of_prompt not in (0, *stops)


def _row_codes(batch: BatchFrames, number: int, mask: str) -> set[str]:
    """Give the codes of what is wrong with one row of a batch that has something to learn."""
    why, roles, shift = batch["why"][number], batch["roles"][number], batch["shift"]
    if all(reason is not None for reason in why):
        return {"response-lost" if "lost" in why else "row-not-supervised"}
    if shift != 1:
        return {"not-shifted" if shift == 0 else "shifted-twice"}
    masked = MASKED[mask]
    codes = set() if "end" in roles else {"response-cut"}
    for role, reason in zip(roles[1:], why, strict=True):
        if role == "end" and reason is not None:
            codes.add("end-ignored")
        elif role not in ("end", "pad") and reason is None and role in masked:
            codes.add("prompt-supervised")
        elif role not in ("end", "pad") and reason is not None and role not in masked:
            codes.add("text-ignored" if mask == "none" else "response-ignored")
    return codes


def _tally(batch: BatchFrames) -> Tally:
    width = len(batch["inputs"][0])
    slots = len(batch["inputs"]) * width
    pads = sum(role == "pad" for row in batch["roles"] for role in row[:width])
    targets = sum(map(len, batch["targets"]))
    supervised = sum(why is None for row in batch["why"] for why in row)
    return Tally(
        shape=[len(batch["inputs"]), width],
        tokens=slots - pads,
        pads=pads,
        padding_share=pads / slots if slots else 0.0,
        targets=targets,
        supervised=supervised,
        # A batch of one column that is shifted twice has no inputs and no targets at all.
        supervised_share=supervised / targets if targets else 0.0,
    )
