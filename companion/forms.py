"""The forms that instruction data comes in, each with one reader; behind it nobody knows them.

Takes one value of a file and gives an `Entry`, a `Conversation` or a `TokenRow`, or says
all that is wrong with it. Which form it is, is told from its keys. Chapter 01.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from companion.conversations import Conversation, Message
from companion.entries import Entry, GivenEntry
from companion.formatting import STYLES, PromptStyle, get_style
from companion.parsing import kind

GIVEN = PromptStyle("given", instruction="{instruction}", input="{input}", header="")
"""The prompt style of data that bring their prompt's whole text: it adds no character.

`plain` would put a line break before the response, and `alpaca` a second template.
"""


def style_for(entry: Entry, style: str | PromptStyle | None) -> PromptStyle:
    """Give the style that was asked for; where none was, `GIVEN` or Alpaca's, by the entry.

    >>> style_for(Entry("Name a colour.", "", "Blue."), None).name
    'alpaca'
    >>> style_for(GivenEntry("Q: Name a colour. A:", "", " Blue."), None).name
    'given'
    """
    if style is not None:
        return get_style(style)
    return GIVEN if isinstance(entry, GivenEntry) else STYLES["alpaca"]


IGNORED = -100
"""What a label is where nothing is learned; written here, since this module needs no numpy."""


@dataclass(frozen=True)
class TokenRow:
    """A text that a trainer has tokenized, with what it stored beside the ids.

    All are as long as `input_ids` or None, but for `seq_lengths`, the lengths of the texts
    packed into the row. `labels` are not shifted: they have -100 where nothing is learned.
    The masks are 1 where something is.

    >>> TokenRow((5, 6, 7), completion_mask=(0, 1, 1)).labelled
    (-100, 6, 7)
    """

    input_ids: tuple[int, ...]
    labels: tuple[int, ...] | None = None
    loss_mask: tuple[int, ...] | None = None
    completion_mask: tuple[int, ...] | None = None
    assistant_masks: tuple[int, ...] | None = None
    weights: tuple[float, ...] | None = None
    attention_mask: tuple[int, ...] | None = None
    position_ids: tuple[int, ...] | None = None
    seq_idx: tuple[int, ...] | None = None
    seq_lengths: tuple[int, ...] | None = None

    @property
    def labelled(self) -> tuple[int, ...]:
        """The labels that are learned from: those given, or the ids, where every mask allows."""
        labels = self.input_ids if self.labels is None else self.labels
        for mask in (self.loss_mask, self.completion_mask, self.assistant_masks, self.weights):
            if mask is not None:
                labels = tuple(
                    label if kept else IGNORED for label, kept in zip(labels, mask, strict=True)
                )
        return labels


Row = Entry | Conversation | TokenRow
Value = dict[str, Any]


@dataclass(frozen=True)
class Form:
    """A form of data: the keys it must have and may have, and what becomes of a value.

    `read` gives the row, and adds to the list what is wrong with the value. `gives`: what
    the rows are, "entries", "conversations" or "token rows". `style`: the only prompt style
    that is right for such data, or None where it is open.
    """

    name: str
    needs: tuple[str, ...]
    may: tuple[str, ...]
    gives: str
    read: Callable[[Value, list[str]], Row]
    style: PromptStyle | None = None
    lists: bool = False

    def fits(self, value: Value) -> bool:
        """Tell whether a value has the keys of this form; where it `lists`, they hold lists."""
        if not value.keys() >= set(self.needs):
            return False
        return not self.lists or all(isinstance(value[key], list) for key in self.needs)


def form_of(value: object) -> Form | None:
    """Give the first form whose keys a value has.

    >>> form_of({"prompt": "Name a colour.", "completion": " Blue."}).name
    'prompt/completion'
    """
    if not isinstance(value, dict):
        return None
    return next((form for form in FORMS if form.fits(value)), None)


def common_form(values: Sequence[object]) -> Form | None:
    """Give the form that most of these values have; None where they have none that is known.

    Where no value is whole, an instruction alone is taken for an entry without an output.
    """
    if found := Counter(form.name for form in map(form_of, values) if form):
        name = found.most_common(1)[0][0]
        return next(form for form in FORMS if form.name == name)
    objects = [value for value in values if isinstance(value, dict)]
    if all(not value or _is_part_of_entry(value) for value in objects) and not any(
        isinstance(value, list) for value in values
    ):
        return ALPACA
    return None


def _is_part_of_entry(value: Value) -> bool:
    return "instruction" in value and value.keys() <= {*ALPACA.needs, *ALPACA.may}


def unknown(values: Sequence[object]) -> str:
    """Name the keys of what is none of the forms, and the line that would make it one."""
    keys = list(dict.fromkeys(chain.from_iterable(v for v in values if isinstance(v, dict))))
    if not keys:
        return (
            "expected objects and found lists; if each is a list of messages, this makes it "
            'a form: [{"messages": row} for row in rows]'
        )
    names = ", ".join(repr(key) for key in keys[:12])
    more = f" and {len(keys) - 12} more" if len(keys) > 12 else ""
    return (
        f"the keys {names}{more} are none of the forms {', '.join(f.name for f in FORMS)}; "
        f"with the objects in `rows`, this makes them one: {_line(keys)}"
    )


QUESTIONS = ("instruction", "question", "query", "prompt", "problem", "user", "human", "input")
CONTEXTS = ("input", "context", "passage", "document", "article")
ANSWERS = ("output", "response", "answer", "completion", "chosen", "target", "solution", "label")
"""What other data call their instruction, their input and their output, the likeliest first."""


def _line(keys: list[str]) -> str:
    """Give the line of Python that makes `rows` with these keys a form that is read."""
    lowered = {key.lower(): key for key in reversed(keys)}
    if {"role", "content"} <= lowered.keys():
        return '[{"messages": rows}]'
    asked = next((lowered[name] for name in QUESTIONS if name in lowered), None)
    answered = next((lowered[name] for name in ANSWERS if name in lowered), None)
    if asked is None and answered is None and len(keys) > 1:
        asked, answered = keys[:2]
    elif asked is None:
        if answered is None:  # one key: a text that does not say where its answer begins
            return f'[{{"prompt": "", "completion": row[{keys[0]!r}]}} for row in rows]'
        asked = next((key for key in keys if key != answered), answered)
    elif answered is None:
        answered = next((key for key in keys if key != asked), asked)
    others = [lowered[name] for name in CONTEXTS if name in lowered]
    between = next((key for key in others if key not in (asked, answered)), None)
    given = "" if between is None else f'"input": row[{between!r}], '
    return (
        f'[{{"instruction": row[{asked!r}], {given}"output": row[{answered!r}]}} for row in rows]'
    )


# Entries --------------------------------------------------------------------------------


def _text(value: Value, field: str, faults: list[str], needed: bool = False) -> str:
    if field not in value:
        if needed:
            faults.append(f"{field!r} is missing")
        return ""
    found = value[field]
    if not isinstance(found, str):
        faults.append(f"{field!r} should be a string and is {kind(found)}")
        return ""
    return found


def _alpaca(value: Value, faults: list[str]) -> Entry:
    return Entry(
        _text(value, "instruction", faults, needed=True),
        _text(value, "input", faults),
        _text(value, "output", faults, needed=True),
        _text(value, "task", faults),
    )


def _dolly(value: Value, faults: list[str]) -> Entry:
    return Entry(
        _text(value, "instruction", faults, needed=True),
        _text(value, "context" if "context" in value else "input", faults),
        _text(value, "response", faults, needed=True),
        _text(value, "category", faults),
    )


def _prompt_completion(value: Value, faults: list[str]) -> GivenEntry:
    return GivenEntry(
        _text(value, "prompt", faults, needed=True),
        "",
        _text(value, "completion", faults, needed=True),
    )


# Conversations --------------------------------------------------------------------------

SPEAKERS = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bard": "assistant",
    "bing": "assistant",
    "model": "assistant",
    "assistant": "assistant",
    "function_call": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "tool",
    "function_response": "tool",
    "observation": "tool",
}
"""What ShareGPT's files call a role in `from`."""


def _chat(value: Value, faults: list[str]) -> Conversation:
    key = "messages" if "messages" in value else "conversations"
    found = value.get(key)
    if not isinstance(found, list) or not found:
        what = "holds no message" if found == [] else f"should be a list and is {kind(found)}"
        faults.append(f"{key!r} {what}" if key in value else f"{key!r} is missing")
        return Conversation(())
    messages = _messages(found, key, faults)
    if system := _text(value, "system", faults):
        messages = [Message("system", system), *messages]
    return Conversation(tuple(messages), _tools(value, faults))


def _prompt_completion_chat(value: Value, faults: list[str]) -> Conversation:
    """Read messages in two lists, of which those of the completion alone are learned from."""
    messages: list[Message] = []
    for weight, key in enumerate(("prompt", "completion")):
        found = value[key]
        if isinstance(found, list):
            messages += _messages(found, key, faults, weight)
        else:
            faults.append(f"{key!r} should be a list and is {kind(found)}")
    return Conversation(tuple(messages), _tools(value, faults))


def _tools(value: Value, faults: list[str]) -> tuple[Any, ...]:
    tools = value.get("tools")
    if isinstance(tools, list):
        return tuple(tools)
    if isinstance(tools, str):  # JSON, which a template is to read as it was given
        return (tools,) if tools else ()
    if tools is not None:
        faults.append(f"'tools' should be a list and is {kind(tools)}")
    return ()


def _messages(
    found: list[Any], key: str, faults: list[str], weight: int | None = None
) -> list[Message]:
    messages = []
    for number, value in enumerate(found, 1):
        own: list[str] = []
        messages.append(_message(value, own, weight))
        faults += [f"message {number} of {key!r}: {fault}" for fault in own]
    return messages


def _message(value: Any, faults: list[str], weight: int | None) -> Message:
    if not isinstance(value, dict):
        faults.append(f"expected an object with 'role' and 'content', and found {kind(value)}")
        return Message("", "")
    # What is null says as much as what is not there; tables have every field in every message.
    more = {key: found for key, found in value.items() if found is not None}
    if "from" in more and "role" not in more:
        role = _speaker(_text(more, "from", faults), faults)
        content = _text(more, "value", faults, needed=True)
        taken = ("from", "value")
    else:
        role = _text(more, "role", faults, needed=True)
        content = _content(value, faults)
        taken = ("role", "content")
    more = {key: found for key, found in more.items() if key not in taken}
    if weight is not None:
        more.setdefault("weight", weight)
    if more.get("weight", 0) not in (0, 1):
        faults.append(f"'weight' is 0 or 1, and is {kind(more['weight'])}")
    return Message(role, content, more)


def _speaker(name: str, faults: list[str]) -> str:
    if name not in SPEAKERS:
        faults.append(f"'from' is one of {', '.join(SPEAKERS)}, and is {kind(name)}")
    return SPEAKERS.get(name, "")


def _content(value: Value, faults: list[str]) -> str:
    content = value.get("content")
    if content is None and value.get("tool_calls"):  # a call of tools needs no words
        return ""
    if not isinstance(content, list):
        return _text(value, "content", faults, needed=True)
    texts = []
    for part in content:
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            texts.append(part["text"])
        else:
            faults.append(f"'content' may be a list of parts with 'text', and one is {kind(part)}")
    return "".join(texts)


# Token rows -----------------------------------------------------------------------------

COLUMNS = tuple(TokenRow.__dataclass_fields__)
FREE = ("seq_lengths",)
"""Columns of rows of ids that have a length of their own."""


def _token_row(value: Value, faults: list[str]) -> TokenRow:
    found: dict[str, tuple[Any, ...]] = {}
    for name in COLUMNS:
        if value.get(name) is not None:
            found[name] = _numbers(name, value[name], faults)
    ids = found.setdefault("input_ids", ())
    if not ids and not faults:
        faults.append("'input_ids' holds no id")
    for name, numbers in found.items():
        if numbers and name not in FREE and len(numbers) != len(ids) and ids:
            many = f"{len(numbers):,} numbers, and 'input_ids' {len(ids):,}"
            faults.append(f"{name!r} holds {many}")
    return TokenRow(**found)


def _numbers(name: str, value: Any, faults: list[str]) -> tuple[Any, ...]:
    if not isinstance(value, list):
        faults.append(f"{name!r} should be a list of numbers and is {kind(value)}")
        return ()
    allowed = {int, bool, float} if name == "weights" else {int, bool}
    if not set(map(type, value)) <= allowed or not _fit(value):
        faults.append(f"{name!r} should hold {_wrong(value, allowed)}")
        return ()
    # True is 1 and False is 0; some trainers store masks so.
    return tuple(value) if name == "weights" else tuple(map(int, value))


def _fit(numbers: list[Any]) -> bool:
    """Tell whether an array of 64 bits can hold the numbers; NaN and infinity have no meaning."""
    if not numbers:
        return True
    # `min` and `max` may pass NaN over, but a sum does not.
    limits = min(numbers) >= -(2**63) and max(numbers) < 2**63
    return limits and not math.isnan(sum(numbers))


def _wrong(value: list[Any], allowed: set[type]) -> str:
    """Say what the numbers should be, and name the first thing that is not."""
    if isinstance(value[0], list):
        return f"the numbers of one row, and holds lists, the first {kind(value[0])}"
    for one in value:
        if type(one) not in allowed:
            return f"{'' if float in allowed else 'whole '}numbers, and holds {kind(one)}"
        if not _fit([one]):
            break
    return f"finite numbers of 64 bits, and holds {kind(one)}"


ALPACA = Form("Alpaca", ("instruction", "output"), ("input", "task"), "entries", _alpaca)

FORMS: tuple[Form, ...] = (
    Form("token rows", ("input_ids",), COLUMNS[1:], "token rows", _token_row),
    Form("messages", ("messages",), ("tools", "system"), "conversations", _chat),
    Form("ShareGPT", ("conversations",), ("tools", "system"), "conversations", _chat),
    ALPACA,
    Form("Dolly", ("instruction", "response"), ("context", "input", "category"), "entries", _dolly),
    Form(
        "prompt/completion of messages",
        ("prompt", "completion"),
        ("tools",),
        "conversations",
        _prompt_completion_chat,
        lists=True,
    ),
    Form(
        "prompt/completion",
        ("prompt", "completion"),
        (),
        "entries",
        _prompt_completion,
        style=GIVEN,
    ),
)
"""Every form that is read; where a value has the keys of several, it is the first of them."""
