"""Proofread a file: what is wrong in a text, or worth a look, and what stands twice.

Takes entries or conversations one at a time, and gives notes, each with a code of `RULES`;
`Collected` counts them and words them at the end. However many there are, what is kept of
them is bounded, and however long the file is, an entry leaves 32 bytes behind, by which it
would be known again. What it leaves out: tokens and lengths, which are counted by
`companion.surveying`, and whether an answer is true. Chapter 08.
"""

import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from companion import noticing
from companion.conversations import Conversation, Message
from companion.entries import Entry
from companion.findings import SITE, Finding, Rule, name_places
from companion.formatting import PromptStyle
from companion.noticing import notice_conversation, notice_entry
from companion.tokenizing import Decode, Encode

RULES: dict[str, Rule] = {
    "nothing-supervised": Rule(
        "error",
        "{where}: of the response nothing is left at max length {limit}, so there is nothing "
        "to learn from.",
        "Raise the maximum length, or shorten the prompts.",
        "07_collating",
    ),
    "test-leak": Rule(
        "error",
        "{where}: the same {question} stand in the test file, so the test asks what was "
        "trained on.",
        "Take these entries out of one of the two files.",
        "08_auditing",
    ),
    "template-refuses": Rule(
        "error",
        "{where}: the chat template has no place for it, so it makes no text. What lengths, "
        "padding and targets say is about the others.",
        "Choose a template that has a place for it, or take the conversation out.",
        "13_chatting",
    ),
    "response-empty": Rule(
        "error",
        "{where}: the response is empty, so the model learns to answer nothing.",
        "Write the answer, or take the entry out.",
        "08_auditing",
    ),
    "response-blank": Rule(
        "error",
        "{where}: the response is white space alone.",
        "Write the answer, or take the entry out.",
        "08_auditing",
    ),
    "special-read": Rule(
        "error",
        "{where}: the text spells out {names}, which this tokenizer reads as one special token.",
        "Take it out of the text, or have the tokenizer read an entry's text as ordinary text.",
        "02_tokenizing",
    ),
    "response-lost": Rule(
        "note",
        "{where}: of the response nothing is left at max length {limit}, and nothing is "
        "supervised.",
        "Raise the maximum length, shorten the prompt, or drop such entries.",
        "07_collating",
    ),
    "response-cut": Rule(
        "note",
        "{where}: the text is cut at max length {limit} and has no end token to learn from.",
        "Raise the maximum length, or choose a truncation that keeps the end or drops the entry.",
        "07_collating",
    ),
    "instruction-empty": Rule(
        "note",
        "{where}: neither the instruction nor the input holds a character to answer to.",
        "Write the instruction, or take the entry out.",
        "08_auditing",
    ),
    "duplicate": Rule(
        "note",
        "{where}: an earlier {one} has the same {whole}.",
        "Keep one of them; what stands twice weighs twice.",
        "08_auditing",
    ),
    "responses-differ": Rule(
        "note",
        "{where}: the same {question} have different responses.",
        "Keep the best response, unless several are meant.",
        "08_auditing",
    ),
    "special-typed": Rule(
        "note",
        "{where}: the text spells out {names}, as ordinary tokens.",
        "Look at where this text comes from; some tokenizers would read a special token there.",
        "02_tokenizing",
    ),
    "header-in-text": Rule(
        "note",
        "{where}: the text holds the response header of this prompt style, {header}.",
        "Mask by the length of the prompt, as is done here; what looks for the header in the "
        "text may find this one.",
        "06_masking",
    ),
    "damaged-text": Rule(
        "note",
        "{where}: the text holds a character that is left when text was damaged: U+FFFD, NUL, "
        "or half of a surrogate pair.",
        "Read the file's source again with the encoding that it was written in.",
        "08_auditing",
    ),
} | noticing.RULES
"""Every finding that a file can have, by its code, in the order in which a survey names them."""

LOOKALIKE = (
    r"<[|｜][^\s<>|｜]{1,40}[|｜]>"  # <|endoftext|>, <|im_end|>, and those with wide bars
    r"|</?s>|<(?:bos|eos|pad|unk|mask)>|<(?:start|end)_of_turn>"
    r"|\[/?INST\]|<</?SYS>>|\[(?:CLS|SEP|PAD|UNK|MASK|BOS|EOS)\]"
)
"""What some tokenizer reads as one special token, typed out."""

DAMAGED = re.compile("[\x00\ufffd\ud800-\udfff]")

MOST = 1000
"""So many entries of a finding are kept, and so many names; the others are counted."""

WORDS = {
    "entry": {
        "one": "entry",
        "many": "entries",
        "question": "instruction and input",
        "whole": "instruction, input and output",
    },
    "conversation": {
        "one": "conversation",
        "many": "conversations",
        "question": "messages before the last answer",
        "whole": "messages",
    },
}
"""What a finding calls what it is about."""


class Note(NamedTuple):
    """One thing found in an entry: a code, the entry's number, and what can be shown of it."""

    code: str
    number: int
    example: str = ""
    name: str = ""


@dataclass(frozen=True)
class Spellings:
    """What a tokenizer's special tokens look like in a text, and which of them it reads there.

    `special`: the ids that it declares; where it declares none, what becomes one token is
    taken for one.
    """

    encode: Encode
    decode: Decode | None
    special: frozenset[int] = frozenset()
    _read: dict[str, bool] = field(default_factory=dict, repr=False, compare=False)

    def pattern(self) -> re.Pattern[str]:
        """Give what finds them all: those known from many tokenizers, and this one's own."""
        own = [self.decode([id]) for id in sorted(self.special)] if self.decode else []
        marked = [n for n in own if len(n) > 2 and not n[0].isalnum() and not n[-1].isalnum()]
        return re.compile("|".join([*map(re.escape, marked), LOOKALIKE]))

    def are_read(self, name: str) -> bool:
        """Tell whether the tokenizer reads the name in a text as a special token."""
        if name not in self._read:
            ids = self.encode(name)
            found = not self.special.isdisjoint(ids) if self.special else len(ids) == 1
            if len(self._read) >= MOST:
                return found
            self._read[name] = found
        return self._read[name]


# One at a time --------------------------------------------------------------------------


def proofread_entry(
    number: int, entry: Entry, style: PromptStyle, spellings: Spellings, pattern: re.Pattern[str]
) -> Iterator[Note]:
    """Give all that is to be said of the text of one entry."""
    if not entry.output.strip():
        yield Note("response-blank" if entry.output else "response-empty", number)
    if not (entry.instruction + entry.input).strip():
        yield Note("instruction-empty", number)
    text = "\n".join((entry.instruction, entry.input, entry.output))
    header = style.header.strip()
    if header and (at := text.find(header)) >= 0:
        yield Note("header-in-text", number, _excerpt("entry", number, text, at))
    yield from _characters("entry", number, text, spellings, pattern)
    for code in notice_entry(entry, style, spellings.encode):
        yield Note(code, number, _excerpt("entry", number, *_noticed(entry, code, text)))


def proofread_conversation(
    number: int, conversation: Conversation, spellings: Spellings, pattern: re.Pattern[str]
) -> Iterator[Note]:
    """Give all that is to be said of the texts of one conversation."""
    text = "\n".join(message.content for message in conversation)
    yield from _characters("conversation", number, text, spellings, pattern)
    roles = ", ".join(message.role for message in conversation.messages[:12])
    for code in notice_conversation(conversation):
        is_of_roles = "turn" in code or "tool" in code
        shown = _excerpt("conversation", number, text, _place(code, text))
        yield Note(code, number, f"conversation {number}, {roles}" if is_of_roles else shown)


def _characters(
    one: str, number: int, text: str, spellings: Spellings, pattern: re.Pattern[str]
) -> Iterator[Note]:
    if match := DAMAGED.search(text):
        yield Note("damaged-text", number, _excerpt(one, number, text, match.start()))
    seen: set[str] = set()
    for match in pattern.finditer(text):
        name = match.group()
        if name not in seen and len(seen) < MOST:
            seen.add(name)
            code = "special-read" if spellings.are_read(name) else "special-typed"
            yield Note(code, number, _excerpt(one, number, text, match.start()), name)


def _noticed(entry: Entry, code: str, text: str) -> tuple[str, int]:
    """Give the text that a note is about, and the place in it."""
    if code == "edge-moves-tokens":
        return _edge(entry)
    if code == "input-stands-for-nothing":
        return entry.input, 0
    if code in ("output-stands-for-nothing", "instruction-repeated"):
        return entry.output, 0
    return text, _place(code, text)


def _place(code: str, text: str) -> int:
    """Give the place in a text that a note is about, or its beginning."""
    match = noticing.PLACEHOLDER.search(text) if code == "placeholder" else None
    return match.start() if match else 0


def _edge(entry: Entry) -> tuple[str, int]:
    """Give a field that has white space at its edge, and the place of it."""
    fields = (entry.instruction, entry.input, entry.output)
    text = next((field for field in fields if field != field.strip()), "")
    return text, 0 if text != text.lstrip() else len(text.rstrip())


def _excerpt(one: str, number: int, text: str, at: int) -> str:
    """Show a little of the text from a place on, on one line, whatever it holds."""
    before = "..." if at > 12 else ""
    after = "..." if len(text) > at + 36 else ""
    return f"{one} {number}, {before}{text[max(at - 12, 0) : at + 36]!r}{after}"


# Among all ------------------------------------------------------------------------------


def digests(row: Entry | Conversation) -> tuple[bytes, bytes]:
    """Give 16 bytes by which what is asked is known again, and 16 for what is answered."""
    if isinstance(row, Entry):
        return _digest(row.instruction, row.input), _digest(row.output)
    messages = row.messages
    answers = [at for at, message in enumerate(messages) if message.role == "assistant"]
    last = answers[-1] if answers else len(messages)
    return _digest(*_said(messages[:last])), _digest(*_said(messages[last:]))


def _said(messages: Iterable[Message]) -> Iterator[str]:
    for message in messages:
        yield from (message.role, message.content, repr(message.more.get("tool_calls", "")))


def _digest(*texts: str) -> bytes:
    # The lengths tell where one text ends, so that no other two are the same.
    whole = "".join(f"{len(text)}:{text}" for text in texts)
    return blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def digest_test(rows: Iterable[Entry | Conversation]) -> dict[bytes, int]:
    """Give what a test asks, with the number of the one that asks it first."""
    asked: dict[bytes, int] = {}
    for number, row in enumerate(rows, 1):
        asked.setdefault(digests(row)[0], number)
    return asked


class Repeats:
    """Finds what stands twice in a file, whose rows are given piece by piece."""

    def __init__(self) -> None:
        self._kept: list[NDArray[np.uint64]] = []

    def add(self, piece: Iterable[tuple[bytes, bytes]]) -> None:
        """Remember the digests of some rows."""
        joined = b"".join(part for pair in piece for part in pair)
        self._kept.append(np.frombuffer(joined, np.uint64).reshape(-1, 4))

    def find(self, found: "Collected") -> None:
        """Note duplicates, and questions with several answers."""
        known = np.concatenate(self._kept)
        order = np.lexsort(known.T[::-1])  # by question, then by response, then as they came
        question, response = known[order, :2], known[order, 2:]
        is_new = np.ones((2, len(order)), np.bool_)
        is_new[0, 1:] = (question[1:] != question[:-1]).any(axis=1)
        is_new[1, 1:] = is_new[0, 1:] | (response[1:] != response[:-1]).any(axis=1)
        first = order[np.maximum.accumulate(np.where(is_new[1], np.arange(len(order)), 0))]
        group = np.cumsum(is_new[0]) - 1
        differ = np.bincount(group[is_new[1]])[group] > 1
        if not is_new[1].all():
            again = order[~is_new[1]]
            at = int(again.argmin())
            same = int(first[~is_new[1]][at])
            one = found.one
            shown = f"{one} {again[at] + 1} repeats {one} {same + 1}"
            found.add_all("duplicate", again + 1, shown)
        if differ.any():
            at = int(np.flatnonzero(differ)[order[differ].argmin()])
            each = np.sort(order[is_new[1] & (group == group[at])]) + 1
            shown = f"{found.many} {each[0]} and {each[1]} ask the same"
            found.add_all("responses-differ", order[differ] + 1, shown)


class Collected:
    """Collects notes by code, counts them, and words them at the end.

    `one`, `many`: "entry" and "entries". `counts`: how many of them each code names.
    """

    def __init__(self, one: str) -> None:
        self.one, self.many = one, WORDS[one]["many"]
        self.counts: dict[str, int] = {}
        self._numbers: dict[str, array[int]] = {}
        self._example: dict[str, str] = {}
        self._names: dict[str, dict[str, None]] = {}  # in the order of their first occurrence

    def add(self, note: Note) -> None:
        """Take one note; they come in the order of the file."""
        code, number, example, name = note
        names = self._names.setdefault(code, {})
        if len(names) < MOST:
            names.setdefault(name)
        self._example.setdefault(code, example)
        kept = self._numbers.setdefault(code, array("q", [0]))  # the last one stands first
        if kept[0] != number:
            self.counts[code] = self.counts.get(code, 0) + 1
            kept[0] = number
            if len(kept) <= MOST:
                kept.append(number)

    def add_all(self, code: str, numbers: NDArray[np.int64], example: str = "") -> None:
        """Take the numbers of all that a code names, at once and in any order."""
        if len(numbers):
            first = np.sort(numbers)[:MOST]
            self.counts[code] = len(numbers)
            self._numbers[code] = array("q", [0, *first.tolist()])
            self._example[code], self._names[code] = example, {"": None}

    def worded(self, total: int, **slots: Any) -> tuple[Finding, ...]:
        """Give the findings, in the order of `RULES`; `slots` fill what sentences leave open."""
        slots |= WORDS[self.one]
        return tuple(self._word(code, total, slots) for code in RULES if code in self.counts)

    def _word(self, code: str, total: int, slots: dict[str, Any]) -> Finding:
        rule, numbers = RULES[code], self._numbers[code][1:].tolist()
        where = self._where(numbers, self.counts[code], total)
        names = [repr(name) for name in self._names[code]]
        least = "at least " if len(names) == MOST else ""
        more = f" and {least}{len(names) - 4} more" if len(names) > 4 else ""
        sentence = rule.sentence.format(where=where, names=", ".join(names[:4]) + more, **slots)
        cure = rule.cure.replace("entries", self.many).replace("entry", self.one)
        link = f"{SITE}/book/{rule.chapter}.html"
        example = self._example[code]
        return Finding(code, rule.severity, sentence, cure, link, tuple(numbers), (), example)

    def _where(self, numbers: list[int], count: int, total: int) -> str:
        one, many = self.one.capitalize(), self.many.capitalize()
        if len(numbers) < count < total:
            return f"{many} {', '.join(map(str, numbers[:5]))} and {count - 5:,} more"
        return name_places(numbers, len(numbers) if count == total else total, one, many)
