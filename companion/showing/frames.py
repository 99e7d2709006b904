"""The frames: all that the explorer draws, as one function of what its reader has chosen.

Takes a state (entries, bare ids or conversations, how they are written, mask, lengths, and a
fault if there is to be one) and gives what each step makes of it, as data that can be written
as JSON. Every number is made by the companion's own functions; `frames.js` does the same in a
browser, and `frames.schema.json` describes both ends. What it leaves out: how anything is
shown, which is `companion.showing.table`. The findings are those of an audit, but known and not
inferred: here every slot says what it is there for; tests hold `companion.auditing` to the same
codes.

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

from companion.adapting import Tokenizer, adapt_tokenizer
from companion.chatting import special_ids
from companion.collating import Collator, ResponseCutWarning
from companion.conversations import Conversation, Message
from companion.entries import Entry
from companion.findings import RULES
from companion.formatting import STYLES, PromptStyle, get_style
from companion.ignoring import IGNORE_INDEX, Spans, keep_spans
from companion.libraries import CHOICES, choose_supervision
from companion.masking import MASKS, Mask, supervised_spans
from companion.shifting import shift_targets
from companion.showing import talks
from companion.showing.palette import ROLES
from companion.templates import TEMPLATES, Template, get_template, header_pieces, pieces_of
from companion.tokenizing import (
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

Source = Entry | Conversation | Sequence[int] | NDArray[np.integer]
"""What a row is made of; bare ids are all response, as the collator takes them."""

Writing = PromptStyle | Template
"""How the text of a row is written: an entry in a prompt style, a conversation by a template."""

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

    `roles`: what each slot of the block is there for. A slot that is no "pad" holds its text's
    token of the same position, but for an end that was put there. `shift`: target j is the token
    of the block at position j + shift, which is 1 unless there is a fault. `why`: None for a
    supervised target, and for another the first reason that ignored it. At step "ignore" these
    are "pad", "lost" (the row lost its whole response to `max_length`), "unanswered" (it is a
    conversation of no answer) and two that are faults, "value" (its id is the pad's) and
    "uncounted" (the row's length leaves its end token out); at step "mask" they are "prompt" and
    of faults "late" (the mask ends a token late) and "left-out" (it leaves out each end).
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
class Kind:
    """What differs between batches of entries (and bare ids) and batches of conversations.

    `styles`, `masks`, `faults`: what there is to choose from; of the masks, the first masks
    nothing. `style`, `mask`: the defaults. `labels` of the roles. `tokenizer`: whose ids end
    and pad a row.
    """

    styles: Mapping[str, Any]
    style: str
    masks: tuple[str, ...]
    mask: str
    faults: Mapping[str, str]
    labels: Mapping[str, str]
    tokenizer: str

    @property
    def ids(self) -> Tokenizer:
        """The tokenizer."""
        return adapt_tokenizer(self.tokenizer)

    @property
    def end_id(self) -> int:
        """The id that ends a text, and that may be spelled out in one."""
        end = self.ids.end
        assert end is not None  # both tokenizers have one
        return end

    @property
    def pad_id(self) -> int:
        """The id of a pad, which is also that of an end."""
        return self.end_id if self.ids.pad is None else self.ids.pad

    def constants(self) -> dict[str, Any]:
        """Give what `frames.js` has to know of this kind."""
        defaults = {field.name: field.default for field in fields(State) if field.name != "items"}
        return {
            "styles": {name: asdict(style) for name, style in self.styles.items()},
            "roles": dict(self.labels),
            "masks": list(self.masks),
            "faults": dict(self.faults),
            "defaults": {**defaults, "style": self.style, "mask": self.mask},
            "end_id": self.end_id,
            "end_text": self.ids.decode([self.end_id]),
            "pad_id": self.pad_id,
            "begin_id": self.ids.beginning,
        }


ENTRIES = Kind(
    styles=STYLES,
    style="alpaca",
    masks=MASKS,
    mask="none",
    faults=FAULTS,
    labels={role: look.label for role, look in ROLES.items()},
    tokenizer="gpt2",
)
TALKS = Kind(
    styles=TEMPLATES,
    style="chatml",
    masks=CHOICES,
    mask="every answer",
    faults=talks.FAULTS,
    labels=talks.LABELS,
    tokenizer=talks.TOKENIZER,
)


def plain_item(item: Source) -> Any:
    """Give an item as a state has it.

    Raises `ValueError` for a conversation that brings what no box holds.

    >>> plain_item(Conversation((Message("user", "Hi"),)))
    {'messages': [{'role': 'user', 'content': 'Hi'}]}
    """
    if isinstance(item, Entry):
        return {name: getattr(item, name) for name in ("instruction", "input", "output")}
    if not isinstance(item, Conversation):
        return [int(id) for id in item]
    beside = {name for message in item for name in message.more}
    if item.tools or beside:
        found = ", ".join(sorted(beside)) or "tools"
        raise ValueError(
            f"a conversation is drawn by its roles and texts; this one brings {found}, too"
        )
    return {"messages": [{"role": one.role, "content": one.content} for one in item]}


def writing_of(items: Sequence[Source], style: str | Writing | None) -> Writing:
    """Give the prompt style, or for conversations the chat template, by its name.

    Raises `ValueError` for what is none.

    >>> writing_of([Conversation((Message("user", "Hi"),))], None).name
    'chatml'
    """
    kind = kind_of(items)
    style = kind.style if style is None else style
    if isinstance(style, PromptStyle) or (kind is ENTRIES and isinstance(style, str)):
        return get_style(style)
    return get_template(style)


def kind_of(items: Sequence[Source]) -> Kind:
    """Tell whether rows are conversations; a batch holds nothing else then.

    >>> kind_of([[1, 2]]) is ENTRIES
    True
    """
    return TALKS if isinstance(items[0], Conversation) else ENTRIES


@dataclass(frozen=True)
class State:
    """What the reader has chosen, checked; `read_state` makes one of plain data."""

    items: Sequence[Source]
    style: Writing = STYLES["alpaca"]
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
    fields of a `PromptStyle`. Or `entries` are conversations, objects of `messages`, each with
    `role` and `content`; then `style` is the name of a chat template, `mask` one of
    `companion.libraries.CHOICES`, and the tokenizer SmolLM2's. Raises `ValueError` for a state
    that is none; what cannot be made of one that is, is no error, but a `refusal` in the frames.

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
    return {
        **ENTRIES.constants(),
        "style_defaults": {
            field.name: field.default
            for field in fields(PromptStyle)
            if isinstance(field.default, str)
        },
        "truncations": list(TRUNCATIONS),
        "masked": {mask: list(roles) for mask, roles in MASKED.items()},
        "codes": list(RULES),
        "most_entries": MOST_ENTRIES,
        "most_characters": MOST_CHARACTERS,
        "most_style_characters": MOST_STYLE_CHARACTERS,
        "most_ids": MOST_IDS,
        "most_length": MOST_LENGTH,
        "most_multiple": MOST_MULTIPLE,
        "ignore_index": IGNORE_INDEX,
    }


def talk_constants() -> dict[str, Any]:
    """Give what `chats.js` has to know, where it is not the same as for entries.

    >>> talk_constants()["special"], talk_constants()["begin_id"]
    ({'<|im_end|>': 2, '<|im_start|>': 1}, 1)
    """
    markers = {marker for template in TEMPLATES.values() for marker in template.markers}
    special = special_ids(TALKS.ids)
    told = TALKS.constants()
    for style in told["styles"].values():
        if style["tools"]:  # a box holds a result; tools on offer and calls have none
            style["tools"] = {name: style["tools"][name] for name in ("result", "result_role")}
    return {
        **told,
        "special": {marker: special[marker] for marker in sorted(markers) if marker in special},
        "message_roles": list(talks.MESSAGE_ROLES),
        "most_messages": talks.MOST_MESSAGES,
        "left_out": dict(talks.LEFT_OUT),
        "added": dict(talks.ADDED),
    }


def carry_tokens(
    items: Sequence[Entry | Conversation], styles: Sequence[Writing], whole: bool = False
) -> dict[str, Any]:
    r"""Give the tokens that `frames.js` asks for; a page with them needs no vocabulary.

    `ids`: for each prompt and each response, its ids; `bytes`: for each of these ids, its
    bytes as hex. With `whole`, the texts that the fault "prompt_cut_differently" encodes too.

    >>> carry_tokens([Entry("Hi", "", "Yes")], [STYLES["plain"]])
    {'ids': {'Hi\n': [17250, 198], 'Yes': [5297]}, 'bytes': {'198': '0a', '5297': '596573', ...
    """
    tokenizer = kind_of(items).ids if items else ENTRIES.ids
    ids = {
        text: tokenizer.encode(text)
        for style in styles
        for item in items
        for text in _encoded_apart(item, style, whole)
    }
    known = sorted({id for row in ids.values() for id in row} | set(_unwritten(items)))
    assert tokenizer.token_bytes is not None  # both tokenizers are of bytes
    return {
        "ids": ids,
        "bytes": {
            str(id): token.hex()
            for id, token in zip(known, tokenizer.token_bytes(known), strict=True)
        },
    }


def _encoded_apart(item: Entry | Conversation, style: Writing, whole: bool) -> list[str]:
    """Give the texts of an item that are encoded, each by itself."""
    if isinstance(item, Entry) and isinstance(style, PromptStyle):
        item, style = _well_formed_entry(item), _well_formed_style(style)
        texts = [style.prompt(item), style.response(item)]
        return [*texts, style.text(item), style.header] if whole else texts
    assert isinstance(item, Conversation)
    assert isinstance(style, Template)
    headers = [
        piece.text for role in style.roles for piece in header_pieces(role, style)
    ]  # Unsloth looks for two of them
    try:
        pieces = pieces_of(_well_formed_talk(item), style)
    except ValueError:  # then it has no text
        pieces = []
    return [*headers, *[piece.text for piece in pieces]]


def _unwritten(items: Sequence[Entry | Conversation]) -> Sequence[int]:
    """Give the ids that are put by themselves, and come of no text."""
    if not items or kind_of(items) is ENTRIES:
        return []
    return list(talk_constants()["special"].values())


def read_state(state: object) -> State:
    """Check plain data, and give it as a `State`, its texts without lone surrogates.

    Raises `ValueError` in one sentence, which `readState` in `frames.js` says word for word.

    >>> read_state({"entries": [[0, 1]], "pad_to_multiple_of": 10**9})
    Traceback (most recent call last):
    ValueError: pad_to_multiple_of is at most 1,024; found 1000000000
    """
    if not isinstance(state, Mapping):
        raise ValueError(f"a state is an object; found {_shown(state)}")
    kind = TALKS if _is_talk(_first(state.get("entries"))) else ENTRIES
    defaults = kind.constants()["defaults"]
    for name in state:
        if name != "entries" and name not in defaults:
            raise ValueError(f"a state has no {_shown(name)}, but entries, {', '.join(defaults)}")
    rest = {name: state.get(name, default) for name, default in defaults.items()}
    style = rest.pop("style")
    _check_choices(rest, kind)
    _check_lengths(rest)
    entries = state.get("entries")
    if not isinstance(entries, list | tuple) or not 1 <= len(entries) <= MOST_ENTRIES:
        raise ValueError(f"entries are a list of 1 to {MOST_ENTRIES}")
    read = _read_talk if kind is TALKS else _read_entry
    items: tuple[Source, ...] = tuple(read(entry, number) for number, entry in enumerate(entries))
    texts = [text for item in items for text in _texts_of(item)]
    if (count := sum(map(_units, texts))) > MOST_CHARACTERS:
        raise ValueError(
            f"the entries have {count:,} characters in all; at most {MOST_CHARACTERS:,} are taken"
        )
    return State(items, _read_template(style) if kind is TALKS else _read_style(style), **rest)


def _first(entries: object) -> object:
    return entries[0] if isinstance(entries, list | tuple) and entries else None


def _is_talk(entry: object) -> bool:
    return isinstance(entry, dict) and "messages" in entry


def _check_choices(chosen: Mapping[str, Any], kind: Kind) -> None:
    choices = (
        ("mask", kind.masks), ("truncation", TRUNCATIONS), ("fault", (None, *kind.faults)),
    )  # fmt: skip
    for name, allowed in choices:
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


def _texts_of(item: Source) -> tuple[str, ...]:
    if isinstance(item, Entry):
        return item.instruction, item.input, item.output
    return tuple([message.content for message in item]) if isinstance(item, Conversation) else ()


def _read_talk(talk: object, number: int) -> Source:
    """Read a conversation: an object of messages, each of a role and a text."""
    if not isinstance(talk, dict) or list(talk) != ["messages"]:
        raise ValueError(
            f"entry {number} is no conversation, which is an object of messages; a batch holds "
            "conversations alone, or none"
        )
    messages = talk["messages"]
    if not isinstance(messages, list | tuple) or not 1 <= len(messages) <= talks.MOST_MESSAGES:
        raise ValueError(f"entry {number}: messages are a list of 1 to {talks.MOST_MESSAGES}")
    return Conversation(
        tuple(
            [_read_message(one, f"entry {number}, message {at}") for at, one in enumerate(messages)]
        )
    )


def _read_message(message: object, where: str) -> Message:
    if isinstance(message, dict) and message.keys() == {"role", "content"}:
        role, content = message["role"], message["content"]
        if isinstance(role, str) and role in talks.MESSAGE_ROLES and isinstance(content, str):
            return Message(role, _well_formed(content))
    raise ValueError(
        f"{where} is no object of role and content, the role one of "
        f"{', '.join(talks.MESSAGE_ROLES)}, the content a text"
    )


def _read_template(style: object) -> Template:
    if not isinstance(style, str) or style not in TEMPLATES:
        raise ValueError(
            f"there is no chat template {_shown(style)}; there are {', '.join(TEMPLATES)}"
        )
    return TEMPLATES[style]


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


def _well_formed_talk(talk: Conversation) -> Conversation:
    messages = [replace(one, content=_well_formed(one.content)) for one in talk]
    return replace(talk, messages=tuple(messages))


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
    kind = kind_of(state.items)
    rows, refusal = _rows(state, encode, decode, token_bytes)
    made = Frames(
        rows=rows, batch=None, tally=None, refusal=refusal, warnings=[], findings=[], spared=None
    )
    if refusal is not None:
        return made
    mask = _mask_of(state)
    try:
        entries = [_entry(row, number) for number, row in enumerate(rows)]
        supervised_spans(entries, mask)  # refused here where it cannot be told
        collate = Collator(
            pad_id=kind.pad_id,
            end_id=kind.end_id,
            ends=kind.ids.ends,
            mask=mask,
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
        _slot_roles(rows[i], text, state, block.shape[1])
        for i, text in zip(kept, texts, strict=True)
    ]
    gone = [_gone(rows[i], text) for i, text in zip(kept, texts, strict=True)]
    batch = _batch(state.fault, block, roles, spans, gone, kind.pad_id)
    tally = _tally(batch)
    findings = _findings([rows[number] for number in kept], batch, state, texts, spans)
    done: Frames = {**made, "batch": batch, "tally": tally, "findings": findings}
    if state.fault is not None:
        healthy = make_frames(replace(state, fault=None), encode, decode, token_bytes)
        done["spared"] = _spared(state, done, healthy)
    return done


def _mask_of(state: State) -> Mask | str:
    if isinstance(state.style, Template):
        return choose_supervision(state.mask, state.style, talks.TOKENIZER)
    return state.mask


def _holds_pads_id(state: State, batch: BatchFrames) -> bool:
    """Tell whether the text of a chat has a token that is the pad's; an entry's end always is."""
    kind = kind_of(state.items)
    return kind is ENTRIES or any(
        id == kind.pad_id and role != "pad"
        for ids, roles in zip(batch["block"], batch["roles"], strict=True)
        for id, role in zip(ids, roles, strict=True)
    )


def _rows(
    state: State, encode: Encode, decode: Decode | None, token_bytes: TokenBytes
) -> tuple[list[RowFrames], str | None]:
    """Give each row, and the sentence of the first that could not be written, if there is one."""
    rows, refusal = [], None
    for number, item in enumerate(state.items):
        try:
            rows.append(_row(item, state, encode, decode, token_bytes))
        except ValueError as error:
            rows.append(RowFrames(pieces=[], tokens=[], turns=[], closed=True, place=None))
            refusal = refusal or f"row {number} of the batch: {error}"
    return rows, refusal


def _spared(state: State, broken: Frames, healthy: Frames) -> str | None:
    """Say why a fault changes no number of a batch: None where it changes one.

    "nothing-left": no target is supervised anyway. "alike": each target is its input, shifted
    or not. "no-end": every text is cut before its end token. "unmasked", "no-prompt": there is
    no mask that could be late, or nothing before the responses. "no-text": the rows are bare
    ids. "apart": no token holds the end of a prompt and the beginning of a response. "hidden":
    one does, but it is cut off, or nothing that this mask asks about. Of chats, "no-role": no
    row has what would be supervised; "asked": the mask supervises it anyway; "other-end": the
    template's end is text in this vocabulary, and no pad's id.
    """
    now, right = broken["batch"], healthy["batch"]
    if now is None or right is None:
        return None
    if (now["inputs"], now["targets"]) != (right["inputs"], right["targets"]):
        return None
    if all(why is not None for row in right["why"] for why in row):
        return "nothing-left"
    if state.fault == "mask_off_by_one":
        return "unmasked" if state.mask in (MASKS[0], CHOICES[0]) else "no-prompt"
    if state.fault in talks.ADDED:
        role = talks.ADDED[state.fault]
        return "asked" if any(role in row[1:] for row in right["roles"]) else "no-role"
    if state.fault == "padding_by_value" and not _holds_pads_id(state, right):
        return "other-end"
    if state.fault != "prompt_cut_differently":
        return "alike" if state.fault == "no_shift" else "no-end"
    if not any(row["pieces"] for row in broken["rows"]):
        return "no-text"
    return "apart" if broken["rows"] == healthy["rows"] else "hidden"


def _row(
    item: Source, state: State, encode: Encode, decode: Decode | None, token_bytes: TokenBytes
) -> RowFrames:
    if isinstance(item, Conversation):
        return _talk_row(item, state)
    if not isinstance(item, Entry):
        bare = TokenizedEntry(np.asarray(item))
        tokens = [Token(id=id, bytes=None, role="response") for id in bare.ids.tolist()]
        return RowFrames(
            pieces=[], tokens=tokens, turns=list(bare.turns), closed=bare.closed, place=None
        )
    item = _well_formed_entry(item)
    assert isinstance(state.style, PromptStyle)
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


def _talk_row(talk: Conversation, state: State) -> RowFrames:
    assert isinstance(state.style, Template)
    pieces = talks.roled_pieces(_well_formed_talk(talk), state.style)
    entry, roles = talks.tokenized(pieces, talk, state.fault == "two_beginnings")
    ids = entry.ids.tolist()
    token_bytes = TALKS.ids.token_bytes
    assert token_bytes is not None  # it is a tokenizer of bytes
    parts = zip(ids, token_bytes(ids), roles, strict=True)
    return RowFrames(
        pieces=[[role, piece.text] for role, piece in pieces],
        tokens=[Token(id=id, bytes=token.hex(), role=role) for id, token, role in parts],
        turns=list(entry.turns),
        closed=True,
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


def _slot_roles(row: RowFrames, text: TokenizedEntry, state: State, width: int) -> list[str]:
    """Give the roles of a row of the block: what is left of its text, its end token, then pads."""
    roles = [token["role"] for token in row["tokens"]] + ["end"] * (not row["closed"])
    is_ended = state.truncation == "keep_end" and text.length - 1 == state.max_length
    if is_ended and text.length < len(roles):  # the end token stands in another's place
        roles = [*roles[: text.length - 1], "end"]
    return [*roles[: text.length], *["pad"] * width][:width]


def _gone(row: RowFrames, text: TokenizedEntry) -> str | None:
    """Say why a row has no answer left, if so: whatever the mask, it has nothing to teach."""
    if not row["turns"]:
        return "unanswered"
    return None if text.turns else "lost"


def _batch(
    fault: str | None,
    block: NDArray[np.int64],
    roles: list[list[str]],
    spans: list[Spans],
    gone: list[str | None],
    pad_id: int,
) -> BatchFrames:
    # What position of the block may be learned; the first one is asked for in no batch.
    healthy = keep_spans(block[:, 1:], spans)
    learned = np.insert(healthy != IGNORE_INDEX, 0, False, axis=1)
    hit = _hit(fault, block, roles, pad_id)
    here = np.array(
        [
            [role if left is None else "" for role in row]
            for row, left in zip(roles, gone, strict=True)
        ]
    )
    inputs, targets, shift = _break(fault, block, hit, healthy, spans, here)

    def why(row: int, column: int) -> str | None:
        position = column + shift
        if targets[row, column] != IGNORE_INDEX:
            return None
        if roles[row][position] == "pad":
            return "pad"
        if gone[row] and not learned[row, position]:
            return gone[row]
        if hit[row, position]:
            return "value" if fault == "padding_by_value" else "uncounted"
        if not learned[row, position]:
            return "prompt"
        return "left-out" if fault in talks.LEFT_OUT else "late"

    return BatchFrames(
        block=block.tolist(),
        roles=roles,
        inputs=inputs.tolist(),
        targets=targets.tolist(),
        shift=shift,
        why=[[why(row, j) for j in range(targets.shape[1])] for row in range(len(targets))],
    )


def _hit(
    fault: str | None, block: NDArray[np.int64], roles: list[list[str]], pad_id: int
) -> NDArray[np.bool_]:
    """Tell which positions of the block a program takes for pads that has this fault."""
    if fault == "padding_by_value":  # an end token has the same id
        return np.equal(block, pad_id)
    if fault == "end_ignored":  # the lengths are those of the texts without their end tokens
        return np.array([[role == "end" for role in row] for row in roles])
    return np.zeros(block.shape, dtype=bool)


def _break(
    fault: str | None,
    block: NDArray[np.int64],
    hit: NDArray[np.bool_],
    targets: NDArray[np.int64],
    spans: list[Spans],
    roles: NDArray[np.str_],
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Give inputs, targets and shift as a program makes them that has this fault.

    `hit`: positions that are ignored by the fault. `targets`: those of the companion, which
    are given back where there is no fault. `roles`: of the block, none in rows without an answer.
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
    if fault in talks.LEFT_OUT:
        return inputs, np.where(roles[:, 1:] == talks.LEFT_OUT[fault], IGNORE_INDEX, targets), 1
    if fault in talks.ADDED:
        return inputs, np.where(roles[:, 1:] == talks.ADDED[fault], shifted, targets), 1
    return inputs, np.where(hit[:, 1:], IGNORE_INDEX, targets), 1


def _findings(
    rows: list[RowFrames],
    batch: BatchFrames,
    state: State,
    texts: Sequence[TokenizedEntry],
    spans: Sequence[Spans],
) -> list[FindingFrames]:
    """Name what is wrong, from what each slot is there for; in the order of the rules."""
    kind = kind_of(state.items)
    end_id, begin_id = kind.end_id, kind.ids.beginning if kind is TALKS else None
    every = list(range(len(rows)))
    width = len(batch["inputs"][0])
    pads = sum(role == "pad" for row in batch["roles"] for role in row[:width])
    typed = kind.ids.decode([end_id])
    found: dict[str, list[int]] = {}
    slots: dict[str, dict[str, str]] = {}
    if 2 * pads > len(rows) * width:
        found["mostly-padding"] = every
        # As an audit has it, to the last bit: what is left when the tokens are taken away.
        share = 1 - (len(rows) * width - pads) / (len(rows) * width)
        slots["mostly-padding"] = {"share": f"{share:.0%}"}
    for number, row in enumerate(rows):
        own = [
            token
            for token, role in zip(row["tokens"], batch["roles"][number], strict=False)
            if token["bytes"] is not None and role not in ("end", "pad")
        ]
        if not row["closed"] and _border_moved(row, len(own)):
            found.setdefault("border-moved", []).append(number)
        written = [token["bytes"] or "" for token in own if token["id"] != end_id]
        if typed.encode() in bytes.fromhex("".join(written)):
            found.setdefault("special-typed", []).append(number)
            slots["special-typed"] = {"name": repr(typed)}
        slots_of = list(zip(batch["block"][number], batch["roles"][number], strict=True))
        if any(id == end_id and role in _SAID for id, role in slots_of[1:]):
            found.setdefault("special-in-text", []).append(number)
        if [id for id, _ in slots_of[:2]] == [begin_id] * 2:
            found.setdefault("begins-twice", []).append(number)
    if all(why is not None for row in batch["why"] for why in row):
        found["nothing-supervised"] = every
    else:
        wanted = _wanted(batch, state, spans)
        for number in every:
            for code in _row_codes(batch, number, state.mask, wanted[number], texts[number]):
                found.setdefault(code, []).append(number)
    for code in ("prompt-supervised", "response-ignored"):
        slots[code] = {"mask": state.mask}
    return [
        FindingFrames(code=code, rows=found[code], slots=slots.get(code, {}))
        for code in RULES
        if code in found
    ]


_SAID = ("instruction", "input", "response")
"""The roles of what somebody said; all else is fixed text, and may hold special ids."""


def _wanted(batch: BatchFrames, state: State, spans: Sequence[Spans]) -> list[list[bool]]:
    """Tell which positions from 1 on should be supervised: by role, or as a chat's mask says."""
    if isinstance(state.style, Template):
        targets = np.zeros((len(spans), len(batch["block"][0]) - 1), dtype=np.int64)
        kept: list[list[bool]] = (keep_spans(targets, spans) == 0).tolist()
        return kept
    masked = MASKED[state.mask]
    return [[role not in masked for role in row[1:]] for row in batch["roles"]]


def _border_moved(row: RowFrames, kept: int) -> bool:
    """Tell whether one of the first `kept` tokens is partly prompt, partly response."""
    of_prompt = sum(len(text.encode()) for role, text in row["pieces"] if role in PROMPT_ROLES)
    stops = np.cumsum([len(token["bytes"] or "") // 2 for token in row["tokens"][:kept]])
    return kept > 0 and of_prompt < stops[-1] and of_prompt not in (0, *stops)


def _row_codes(
    batch: BatchFrames, number: int, mask: str, wanted: list[bool], text: TokenizedEntry
) -> set[str]:
    """Give the codes of what is wrong with one row of a batch that has something to learn."""
    why, roles, shift = batch["why"][number], batch["roles"][number], batch["shift"]
    if all(reason is not None for reason in why):
        return {"response-lost" if "lost" in why else "row-not-supervised"}
    if shift != 1:
        return {"not-shifted" if shift == 0 else "shifted-twice"}
    is_cut = any(roles[turn.end - 1] != "end" for turn in text.turns[-1:])
    codes = {"response-cut"} if is_cut else set()
    last = text.turns[-1].start if text.turns else 0  # an end before it is one within the text
    for position, (role, reason, is_wanted) in enumerate(
        zip(roles[1:], why, wanted, strict=True), 1
    ):
        if role == "pad" or is_wanted == (reason is None):
            continue
        if not is_wanted:
            codes.add("prompt-supervised")
        elif role == "end" and position >= last:
            codes.add("end-ignored")
        else:
            codes.add("text-ignored" if mask in (MASKS[0], CHOICES[0]) else "response-ignored")
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
