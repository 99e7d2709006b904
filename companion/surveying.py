"""Survey a file before anyone trains on it: what it holds, and what is wrong.

Takes entries or conversations, one after the other, and what a training run will use: the
prompt style, the tokenizer, the lengths. Gives a `Survey` or a `ChatSurvey`: how long the
texts are, what the maximum length cuts, how much of the batches would be padding, what the
template costs, and findings in the words of `companion.proofreading`. It goes piece by
piece, so that the file may be larger than memory. What it leaves out: the batches
themselves (`companion.auditing`), and whether an answer is true. Chapter 08.
"""

import html
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from companion.adapting import Tokenizer
from companion.collating import Collator
from companion.conversations import Conversation
from companion.entries import Entry
from companion.findings import Found
from companion.formatting import PromptStyle, get_style
from companion.forms import style_for
from companion.ignoring import Spans
from companion.masking import get_mask
from companion.padding import count_pads, padding_share
from companion.piecing import cut_pieces, map_pieces
from companion.proofreading import (
    RULES,
    Collected,
    Note,
    Repeats,
    Spellings,
    digest_test,
    digests,
    proofread_conversation,
    proofread_entry,
)
from companion.storing import Functions, encode_text, given_once
from companion.tokenizing import (
    END_ID,
    Decode,
    Encode,
    TokenizedEntry,
    encodes_apart,
    gpt2_decode,
    gpt2_encode,
)
from companion.truncating import truncate

__all__ = ["RULES", "ChatSurvey", "Lengths", "Padding", "Survey", "Template", "Turns", "survey"]

Tokenize = Callable[[list[Conversation]], list[TokenizedEntry]]

WIDTH = 80
"""The columns of a terminal that the printed survey stays within."""


@dataclass(frozen=True)
class Lengths:
    """How many tokens the entries have, their end tokens not counted.

    `median`, `p95`: the least length that half, or 95 of 100, of the entries do not exceed.
    `longest_entry`: its number. `histogram`: (from, to, how many entries), each class
    twice as wide as the one before.
    """

    shortest: int
    median: int
    p95: int
    longest: int
    longest_entry: int
    histogram: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Template:
    """What the prompt style's own text costs: tokens of each entry, and what an input adds.

    `share`: of all tokens of the set. Each piece of fixed text is encoded by itself, so
    where a token spans the border to an entry's text, the count is one off.
    """

    tokens: int
    with_input: int
    share: float


@dataclass(frozen=True)
class Padding:
    """The share of the slots of inputs that are pads, over all batches, by strategy.

    `static`: every batch as wide as `static_width`, which is the maximum length or, where
    there is none, the longest entry; else each as wide as its own longest row: the entries
    in file order, `shuffled`, or `sorted` by length.
    """

    static: float
    static_width: int
    file_order: float
    shuffled: float
    sorted: float


@dataclass(frozen=True)
class Measured:
    """What is known of texts that are tokenized, and of the batches that they would make.

    `cut`, `lost`: how many lose their end token, and their whole response, at `max_length`.
    `tokens`: of all of them, uncut, without end tokens. `targets`, `supervised`: of all, cut
    and masked as declared; pads are no targets here.
    """

    max_length: int | None
    mask: str
    batch_size: int
    seed: int
    tokens: int
    targets: int
    supervised: int
    cut: int
    lost: int
    lengths: Lengths
    padding: Padding


@dataclass(frozen=True, repr=False)
class FileSurvey(Found):
    """What was found in a file, and its numbers, which stand before the findings in print.

    Of many rows, a finding has the first thousand; `counts`: how many it is about, by its code.
    """

    counts: dict[str, int]

    def _numbers(self) -> Iterator[str]:
        raise NotImplementedError

    def __str__(self) -> str:
        return "\n".join([*self._numbers(), *_findings(self)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        numbers = html.escape("\n".join(self._numbers()))
        return f"<pre>{numbers}</pre>{super()._repr_html_()}"


@dataclass(frozen=True, repr=False)
class Survey(FileSurvey, Measured):
    """What a file of entries holds; `rows` of its findings are entry numbers, from 1."""

    entries: int
    style: str
    tokenizer: str
    template: Template

    def _numbers(self) -> Iterator[str]:
        return _entry_numbers(self)


@dataclass(frozen=True)
class Turns:
    """Who speaks how often: by role, how many turns, and how many tokens their texts have.

    `lengths`: of the conversations, in turns.
    """

    roles: dict[str, tuple[int, int]]
    lengths: Lengths


@dataclass(frozen=True, repr=False)
class ChatSurvey(FileSurvey):
    """What a file of conversations holds; `rows` of its findings are their numbers, from 1.

    `texts`: how many tokens the texts of a conversation have, each message encoded by
    itself, and no template around it. `measured`: what is known once a template has made one
    text of each; None where none was given.
    """

    conversations: int
    tokenizer: str
    turns: Turns
    texts: Lengths
    measured: Measured | None

    def _numbers(self) -> Iterator[str]:
        return _chat_numbers(self)


@overload
def survey(
    rows: Iterable[Entry],
    *,
    style: str | PromptStyle | None = None,
    encode: Encode = gpt2_encode,
    decode: Decode | None = gpt2_decode,
    tokenizer: Any = "gpt2",
    max_length: int | None = None,
    mask: str = "none",
    batch_size: int = 8,
    seed: int = 0,
    test: Iterable[Entry] | None = None,
    processes: int = 1,
    progress: bool = False,
) -> Survey: ...


@overload
def survey(
    rows: Iterable[Conversation],
    *,
    tokenize: Tokenize | None = None,
    encode: Encode = gpt2_encode,
    decode: Decode | None = gpt2_decode,
    tokenizer: Any = "gpt2",
    max_length: int | None = None,
    mask: str = "none",
    batch_size: int = 8,
    seed: int = 0,
    test: Iterable[Conversation] | None = None,
    processes: int = 1,
    progress: bool = False,
) -> ChatSurvey: ...


def survey(
    rows: Iterable[Any],
    *,
    style: str | PromptStyle | None = None,
    tokenize: Tokenize | None = None,
    encode: Encode = gpt2_encode,
    decode: Decode | None = gpt2_decode,
    tokenizer: Any = "gpt2",
    max_length: int | None = None,
    mask: str = "none",
    batch_size: int = 8,
    seed: int = 0,
    test: Iterable[Any] | None = None,
    processes: int = 1,
    progress: bool = False,
) -> Survey | ChatSurvey:
    """Give the survey of entries, or of conversations, as they would be trained on.

    `rows`: a list, or an iterator such as `companion.reading.iterate_file` gives, which is
    read once. `style`: of entries; by default Alpaca's, and none for those that bring their
    whole prompt. `tokenize`: tokenizes a list of conversations by their template; without it,
    what depends on the template is left out; one that it refuses with a `ValueError` is found,
    and the others are measured. `tokenizer`: whatever `adapt_tokenizer` takes;
    beside an `encode` and `decode` of your own, the name to show. `max_length`, `mask`: as
    the `Collator` takes them, its truncation being "cut". `batch_size`, `seed`: of the
    batches whose padding is counted. `test`: rows that should share no question with these.
    `processes`: how many share the work on a large file, where the system can fork.
    `progress`: a bar on stderr.

    Raises `ValueError` for no rows, and for what the `Collator` would refuse.

    >>> from companion.entries import load_entries
    >>> found = survey(load_entries(), max_length=256)
    >>> found.entries, found.lengths.longest, found.codes
    (1116, 596, ('response-lost', 'response-cut'))
    """
    choose = get_mask(mask)
    if style is not None:
        get_style(style)
    if batch_size < 1:
        raise ValueError(f"batch_size is at least 1; found {batch_size}")
    if processes < 1:
        raise ValueError(f"processes is at least 1; found {processes}")
    batches = _Batches(max_length, mask, batch_size, seed)
    Collator(mask=mask, max_length=max_length)  # what it refuses is refused here, before the work
    name, source = _source(tokenizer, encode, decode)
    encodes_apart(source.encode, source.decode)  # refuses one that adds special tokens
    read = iter(tqdm(rows, "surveying", disable=not progress))
    first = next(read, None)
    if first is None:
        raise ValueError("a dataset of no entries has nothing to learn from")
    is_chat = isinstance(first, Conversation)
    look = partial(
        _look,
        tokenize=tokenize if is_chat else partial(_tokenize, style=style, source=source),
        truncate_to=max_length,
        choose=choose,
        proofread=_proofreader(source, style),
        count=source.encode,
        tested=digest_test(test or ()),
    )
    total = _Total("conversation" if is_chat else "entry")
    for seen in map_pieces(look, _numbered(chain([first], read)), processes):
        total.add(seen)
    total.repeats.find(total.found)
    if is_chat:
        return _chat_survey(total, batches, name)
    return _entry_survey(
        total, batches, name, style_for(first, style), partial(_encode_fixed, source)
    )


def _source(
    tokenizer: Any, encode: Encode, decode: Decode | None
) -> tuple[str, Tokenizer | Functions]:
    """Give what tokenizes, and its name; beside two functions, a text is no more than that."""
    if isinstance(tokenizer, str) and (encode is not gpt2_encode or decode is not gpt2_decode):
        return tokenizer, Functions(encode, decode)
    source = given_once(tokenizer, encode, decode)
    return getattr(source, "name", "by hand"), source


# Piece by piece -------------------------------------------------------------------------


@dataclass(frozen=True)
class _Batches:
    """How batches are to be made."""

    max_length: int | None
    mask: str
    batch_size: int
    seed: int


@dataclass
class _Seen:
    """What was seen of one piece; `numbers`, `lengths` and `lost` of each text, `with_input` of
    entries.

    Of conversations: `roles`, how many turns and tokens each has, `turns` and `texts` of each.
    """

    notes: list[Note] = field(default_factory=list)
    digests: list[tuple[bytes, bytes]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    lost: list[bool] = field(default_factory=list)
    supervised: int = 0
    with_input: int = 0
    role_turns: Counter[str] = field(default_factory=Counter)
    role_tokens: Counter[str] = field(default_factory=Counter)
    turns: list[int] = field(default_factory=list)
    texts: list[int] = field(default_factory=list)


def _numbered(rows: Iterable[Any]) -> Iterator[tuple[int, list[Any]]]:
    """Cut rows into pieces, each with the number of its first; one is large by its text."""
    number = 1
    for piece in cut_pieces(rows, _characters):
        yield number, piece
        number += len(piece)


def _characters(row: Entry | Conversation) -> int:
    if isinstance(row, Entry):
        return len(row.instruction) + len(row.input) + len(row.output)
    return sum(len(message.content) for message in row)


def _tokenize(
    entries: list[Entry], style: str | PromptStyle | None, source: Tokenizer | Functions
) -> list[TokenizedEntry]:
    texts = (encode_text(entry, style, source) for entry in entries)
    return [TokenizedEntry(ids, turns, closed) for ids, turns, closed in texts]


def _proofreader(
    source: Tokenizer | Functions, style: str | PromptStyle | None
) -> Callable[[int, Any], Iterator[Note]]:
    declared = set[int | None]()
    if isinstance(source, Tokenizer):
        declared = {*source.ends, source.pad, source.beginning}
    special = frozenset(id for id in declared if id is not None)
    spellings = Spellings(source.encode, source.decode, special)
    pattern = spellings.pattern()

    def proofread(number: int, row: Entry | Conversation) -> Iterator[Note]:
        if isinstance(row, Conversation):
            return proofread_conversation(number, row, spellings, pattern)
        return proofread_entry(number, row, style_for(row, style), spellings, pattern)

    return proofread


def _look(
    piece: tuple[int, list[Any]],
    tokenize: Callable[[list[Any]], list[TokenizedEntry]] | None,
    truncate_to: int | None,
    choose: Callable[[TokenizedEntry], Spans],
    proofread: Callable[[int, Any], Iterator[Note]],
    count: Encode,
    tested: dict[bytes, int],
) -> _Seen:
    """Look through the rows of a piece."""
    first, rows = piece
    seen, one = _Seen(), "conversation" if isinstance(rows[0], Conversation) else "entry"
    for number, text in [] if tokenize is None else _placed(tokenize, rows, first, seen):
        seen.numbers.append(number)
        kept = truncate(text, truncate_to, "cut", END_ID)
        seen.lengths.append(text.length - 1)
        seen.lost.append(bool(text.turns) and not kept.turns)
        # The token at position 0 is no target.
        seen.supervised += sum(stop - max(start, 1) for start, stop in choose(kept))
    for number, row in enumerate(rows, first):
        if isinstance(row, Conversation):
            _count_turns(row, seen, count)
        else:
            seen.with_input += bool(row.input)
        seen.notes.extend(proofread(number, row))
        asked, answered = digests(row)
        seen.digests.append((asked, answered))
        if asked in tested:
            shown = f"{one} {number} asks what {one} {tested[asked]} of the test asks"
            seen.notes.append(Note("test-leak", number, shown))
    return seen


def _placed(
    tokenize: Callable[[list[Any]], list[TokenizedEntry]], rows: list[Any], first: int, seen: _Seen
) -> Iterator[tuple[int, TokenizedEntry]]:
    """Give the text of each row with its number; note conversations that a template refuses."""
    try:
        yield from enumerate(tokenize(rows), first)
    except ValueError:
        for number, row in enumerate(rows, first):
            try:
                yield number, tokenize([row])[0]
            except ValueError as error:
                if not isinstance(row, Conversation):
                    raise ValueError(f"entry {number}: {error}") from None
                said = str(error).removeprefix("conversation 1: ")
                seen.notes.append(
                    Note("template-refuses", number, f"conversation {number}, {said}")
                )


def _count_turns(conversation: Conversation, seen: _Seen, count: Encode) -> None:
    tokens = [len(count(message.content)) for message in conversation]
    for message, many in zip(conversation, tokens, strict=True):
        seen.role_turns[message.role] += 1
        seen.role_tokens[message.role] += many
    seen.turns.append(len(tokens))
    seen.texts.append(sum(tokens))


_KINDS = {"numbers": np.int32, "lengths": np.int32, "lost": bool, "turns": int, "texts": int}


class _Total:
    """What was seen of all pieces; of each row little more than its lengths is kept."""

    def __init__(self, one: str) -> None:
        self.found, self.repeats = Collected(one), Repeats()
        self.rows = self.supervised = self.with_input = 0
        self.role_turns, self.role_tokens = Counter[str](), Counter[str]()
        self._arrays: dict[str, list[NDArray[Any]]] = {}

    def add(self, seen: _Seen) -> None:
        for note in seen.notes:
            self.found.add(note)
        self.repeats.add(seen.digests)
        self.rows += len(seen.digests)
        self.supervised += seen.supervised
        self.with_input += seen.with_input
        self.role_turns.update(seen.role_turns)
        self.role_tokens.update(seen.role_tokens)
        for name, kind in _KINDS.items():
            self._arrays.setdefault(name, []).append(np.array(getattr(seen, name), kind))

    def array(self, name: str) -> NDArray[Any]:
        """Give the lengths, or another count, of all rows."""
        whole = np.concatenate(self._arrays[name])
        return whole if whole.dtype == np.bool_ else whole.astype(np.int64)


def _entry_survey(
    total: _Total, batches: _Batches, name: str, style: PromptStyle, encode: Encode
) -> Survey:
    measured = _measure_batches(total, batches)
    header = repr(style.header.strip())
    return Survey(
        **vars(measured),
        findings=total.found.worded(total.rows, limit=batches.max_length, header=header),
        counts=total.found.counts,
        entries=total.rows,
        style=style.name,
        tokenizer=name,
        template=_cost(style, encode, total.rows, total.with_input, measured.tokens),
    )


def _chat_survey(total: _Total, batches: _Batches, name: str) -> ChatSurvey:
    is_tokenized = len(total.array("lengths")) > 0
    measured = _measure_batches(total, batches) if is_tokenized else None
    roles = {role: (many, total.role_tokens[role]) for role, many in total.role_turns.items()}
    return ChatSurvey(
        findings=total.found.worded(total.rows, limit=batches.max_length, header=""),
        counts=total.found.counts,
        conversations=total.rows,
        tokenizer=name,
        turns=Turns(roles, measure(total.array("turns"))),
        texts=measure(total.array("texts")),
        measured=measured,
    )


# Lengths --------------------------------------------------------------------------------


def _measure_batches(total: _Total, batches: _Batches) -> Measured:
    numbers, limit = total.array("numbers"), batches.max_length
    lengths, lost = total.array("lengths"), total.array("lost")
    longest = int(lengths.max())  # a limit beyond it may be too large for an array
    limited = np.minimum(lengths, longest if limit is None else min(limit, longest))
    cut = lengths > limited
    code = "nothing-supervised" if lost.all() else "response-lost"
    total.found.add_all(code, numbers[lost])
    total.found.add_all("response-cut", numbers[cut & ~lost])
    return Measured(
        max_length=limit,
        mask=batches.mask,
        batch_size=batches.batch_size,
        seed=batches.seed,
        tokens=int(lengths.sum()),
        targets=int(limited.sum()),
        supervised=total.supervised,
        cut=int(cut.sum()),
        lost=int(lost.sum()),
        lengths=measure(lengths, numbers),
        padding=_pad(lengths, limited, limit, batches.batch_size, batches.seed),
    )


def measure(lengths: NDArray[np.int64], numbers: NDArray[np.int64] | None = None) -> Lengths:
    """Give what is told of lengths, shape (rows,), in the order of the file.

    `numbers`: of the rows in the file, where they are not 1, 2, 3 ...
    """
    ordered, longest = np.sort(lengths), int(lengths.argmax())
    classes: list[tuple[int, int, int]] = []
    first = last = 1
    while first <= ordered[-1]:
        many = int(((ordered >= first) & (ordered <= last)).sum())
        if many or classes:  # it begins with the class of the shortest
            classes.append((first, last, many))
        first, last = last + 1, 2 * last
    return Lengths(
        shortest=int(ordered[0]),
        median=_at_most(ordered, 50),
        p95=_at_most(ordered, 95),
        longest=int(ordered[-1]),
        longest_entry=longest + 1 if numbers is None else int(numbers[longest]),
        histogram=tuple(classes),
    )


def _at_most(ordered: NDArray[np.int64], percent: int) -> int:
    """Give the least length that so many percent of the entries do not exceed."""
    return int(ordered[-(-percent * len(ordered) // 100) - 1])


def _pad(
    lengths: NDArray[np.int64],
    limited: NDArray[np.int64],
    max_length: int | None,
    batch_size: int,
    seed: int,
) -> Padding:
    static_width = int(lengths.max()) if max_length is None else max_length
    order = np.random.default_rng(seed).permutation(len(lengths))

    def dynamic(own: NDArray[np.int64]) -> float:
        batches = [own[start : start + batch_size] for start in range(0, len(own), batch_size)]
        pads = sum(count_pads(batch, int(batch.max())) for batch in batches)
        return pads / sum(len(batch) * int(batch.max()) for batch in batches)

    return Padding(
        static=padding_share(limited, static_width),
        static_width=static_width,
        file_order=dynamic(limited),
        shuffled=dynamic(limited[order]),
        sorted=dynamic(np.sort(limited)),
    )


def _encode_fixed(source: Tokenizer | Functions, text: str) -> list[int]:
    """Encode text of a template, in which a special token is one."""
    return source.encode(source.mark(text) if isinstance(source, Tokenizer) else text)


def _cost(
    style: PromptStyle, encode: Encode, entries: int, with_input: int, tokens: int
) -> Template:
    def fixed(entry: Entry) -> int:
        kept = [text for role, text in style.pieces(entry) if role not in _FIELDS]
        return sum(len(encode(text)) for text in kept)

    plain = fixed(Entry("", "", ""))
    more = fixed(Entry("", "an input", "")) - plain
    return Template(plain, more, (plain * entries + more * with_input) / tokens)


_FIELDS = ("instruction", "input", "response")


# In print -------------------------------------------------------------------------------


def _entry_numbers(found: Survey) -> Iterator[str]:
    """Give what was counted, as lines for a terminal."""
    limit = "none" if found.max_length is None else f"{found.max_length:,}"
    yield f"survey: {_many(found.entries, 'entry', 'entries')}; {found.headline}"
    yield f"  prompt style {found.style}, tokenizer {found.tokenizer}, mask {found.mask},"
    yield f"  max length {limit}, batches of {found.batch_size:,}"
    yield ""
    yield "Tokens in an entry, its template included and its end token left out"
    yield from lengths_in_print(found.lengths, "entry")
    yield from _cut_and_padding(found, found.entries, "entry", "entries")
    template = found.template
    yield ""
    yield "The template's own text"
    more = f" ({template.with_input} more with an input)" if template.with_input else ""
    yield f"  {template.tokens} tokens in each entry{more}, {template.share:.1%} of all tokens"
    yield from _supervised(found)


def _chat_numbers(found: ChatSurvey) -> Iterator[str]:
    total, measured = found.conversations, found.measured
    yield f"survey: {_many(total, 'conversation', 'conversations')}; {found.headline}"
    yield f"  tokenizer {found.tokenizer}" + ("" if measured else ", no chat template")
    if measured:
        limit = "none" if measured.max_length is None else f"{measured.max_length:,}"
        yield f"  mask {measured.mask}, max length {limit}, batches of {measured.batch_size:,}"
    yield ""
    yield "Turns in a conversation"
    yield from lengths_in_print(found.turns.lengths, "conversation", "fewest", "most")
    yield ""
    yield "Who speaks, and how many tokens the texts of all turns have"
    tokens = max(sum(many for _, many in found.turns.roles.values()), 1)
    roles = sorted(found.turns.roles.items(), key=lambda role: -role[1][0])
    for role, (turns, own) in roles[:12]:
        shown = repr(role) if not role.isidentifier() else role
        said = f"{turns:>9,} turn{' ' if turns == 1 else 's'}"
        yield f"  {shown[:24]:<24}  {said}  {own:>12,} tokens, {own / tokens:6.1%}"
    if len(roles) > 12:
        yield f"  and {len(roles) - 12:,} more roles"
    yield ""
    yield "Tokens in the texts of a conversation, without any template"
    yield from lengths_in_print(found.texts, "conversation")
    if measured is None:
        yield ""
        yield from wrap(
            "Not said, since no chat template has made one text of the turns: how long the texts "
            "are with it, what a maximum length cuts, padding, and what is supervised."
        )
        return
    yield ""
    yield "Tokens in a conversation, its template included and its end token left out"
    yield from lengths_in_print(measured.lengths, "conversation")
    yield from _cut_and_padding(measured, total, "conversation", "conversations")
    yield from _supervised(measured)


def lengths_in_print(
    lengths: Lengths, one: str, least: str = "shortest", most: str = "longest"
) -> Iterator[str]:
    yield (
        f"  {least} {lengths.shortest:,}, half have at most {lengths.median:,}, "
        f"95 of 100 at most {lengths.p95:,},"
    )
    yield f"  {most} {lengths.longest:,} ({one} {lengths.longest_entry})"
    highest = max((many for _, _, many in lengths.histogram), default=1)
    for first, last, many in lengths.histogram:
        bar = "#" * -(-many * 44 // highest)
        yield f"  {first:>7,} to {last:>7,}  {many:>9,}  {bar}".rstrip()


def _cut_and_padding(found: Measured, total: int, one: str, many: str) -> Iterator[str]:
    if found.max_length is not None:
        of_all = f"{found.cut:,} of {_many(total, one, many)} ({found.cut / total:.1%})"
        yield ""
        yield f"Cut at max length {found.max_length:,}"
        yield f"  {of_all} lose the end token"
        yield f"  {found.lost:,} of these lose the whole response"
    padding = found.padding
    yield ""
    yield f"Padding, as a share of all slots, in batches of {found.batch_size:,}"
    yield f"  {padding.static:6.1%}  every batch {padding.static_width:,} columns wide (static)"
    yield f"  {padding.file_order:6.1%}  each as wide as its longest row, in the file's order"
    yield f"  {padding.shuffled:6.1%}  the same, shuffled (seed {found.seed})"
    yield f"  {padding.sorted:6.1%}  the same, sorted by length"


def _supervised(found: Measured) -> Iterator[str]:
    yield ""
    yield f"What is learned from, with mask {found.mask}"
    share = found.supervised / found.targets
    yield f"  {found.supervised:,} of {found.targets:,} targets are supervised, {share:.1%}"


def _findings(found: Found) -> Iterator[str]:
    """Give what was found, with an empty line before each finding."""
    for finding in found.findings:
        yield ""
        for line in str(finding).split("\n"):
            yield from wrap(line)


def _many(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def wrap(line: str) -> list[str]:
    """Break a line of a finding to the width of the print; an address stays whole."""
    if line.startswith("  see:"):
        return [line]
    indent = "    " if line.startswith("  ") else "  "
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False)
