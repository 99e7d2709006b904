"""Survey a file of entries before anyone trains on it: what it holds, and what is wrong.

Takes entries, the prompt style, the tokenizer and the lengths that a training run will
use, and gives a `Survey`: how long the texts are, what the maximum length cuts, how much
of the batches would be padding, what the template costs, and findings in the words of
`companion.findings`. What it leaves out: the batches themselves (`companion.auditing`),
and whether an answer is true. Chapter 08.
"""

import html
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from companion.collating import Collator
from companion.entries import Entry
from companion.findings import SITE, Finding, Found, Rule, name_places
from companion.formatting import PromptStyle, get_style
from companion.masking import get_mask
from companion.padding import count_pads, padding_share
from companion.storing import InstructionDataset
from companion.tokenizing import END_ID, Decode, Encode, gpt2_decode, gpt2_encode
from companion.truncating import fits, truncate

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
        "{where}: the same instruction and input stand in the test file, so the test asks "
        "what was trained on.",
        "Take these entries out of one of the two files.",
        "08_auditing",
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
        "{where}: an earlier entry has the same instruction, input and output.",
        "Keep one of them; what stands twice weighs twice.",
        "08_auditing",
    ),
    "responses-differ": Rule(
        "note",
        "{where}: the same instruction and input have different responses.",
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
}
"""Every finding that a file can have, by its code, in the order in which a survey names them."""

LOOKALIKE = re.compile(
    r"<[|｜][^\s<>|｜]{1,40}[|｜]>"  # <|endoftext|>, <|im_end|>, and those with wide bars
    r"|</?s>|<(?:bos|eos|pad|unk|mask)>|<(?:start|end)_of_turn>"
    r"|\[/?INST\]|<</?SYS>>|\[(?:CLS|SEP|PAD|UNK|MASK|BOS|EOS)\]"
)
"""What some tokenizer reads as one special token, typed out."""

DAMAGED = re.compile("[\x00\ufffd\ud800-\udfff]")

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
class Survey(Found):
    """What a file of entries holds; `rows` of its findings are entry numbers, from 1.

    `cut`, `lost`: how many entries lose their end token, and their whole response, at
    `max_length`. `tokens`: of all entries, uncut, without end tokens. `targets`,
    `supervised`: of all entries, cut and masked as declared; pads are no targets here.
    """

    entries: int
    style: str
    tokenizer: str
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
    template: Template

    def __str__(self) -> str:
        return "\n".join([*_numbers(self), *_findings(self)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        numbers = html.escape("\n".join(_numbers(self)))
        return f"<pre>{numbers}</pre>{super()._repr_html_()}"


def survey(
    entries: Sequence[Entry],
    *,
    style: str | PromptStyle = "alpaca",
    encode: Encode = gpt2_encode,
    decode: Decode | None = gpt2_decode,
    tokenizer: str = "gpt2",
    max_length: int | None = None,
    mask: str = "none",
    batch_size: int = 8,
    seed: int = 0,
    test: Sequence[Entry] | None = None,
    progress: bool = False,
) -> Survey:
    """Give the survey of entries, as they would be trained on.

    `style`, `encode`, `decode`: as `tokenize_entry` takes them; `tokenizer` is the name to
    show. `max_length`, `mask`: as the `Collator` takes them, its truncation being "cut".
    `batch_size`, `seed`: of the batches whose padding is counted. `test`: entries that
    should share no question with these. `progress`: bars on stderr.

    Raises `ValueError` for no entries, and for what the `Collator` would refuse.

    >>> from companion.entries import load_entries
    >>> found = survey(load_entries(), max_length=256)
    >>> found.entries, found.lengths.longest, found.codes
    (1116, 596, ('response-lost', 'response-cut'))
    """
    style = get_style(style)
    Collator(mask=mask, max_length=max_length)  # what it refuses is refused here, before the work
    if batch_size < 1:
        raise ValueError(f"batch_size is at least 1; found {batch_size}")
    entries = list(entries)
    dataset = InstructionDataset(entries, style, encode, decode, progress)
    lengths = dataset.lengths
    cut, lost, supervised = _truncated(dataset, max_length, mask)
    longest = int(lengths.max())  # a limit beyond it may be too large for an array
    limited = np.minimum(lengths, longest if max_length is None else min(max_length, longest))
    findings = _Findings(len(entries))
    _check_lengths(findings, cut, lost)
    _check_texts(findings, entries, style, encode, progress)
    _check_repeats(findings, entries, test or ())
    return Survey(
        findings=findings.worded(limit=max_length, header=repr(style.header.strip())),
        entries=len(entries),
        style=style.name,
        tokenizer=tokenizer,
        max_length=max_length,
        mask=mask,
        batch_size=batch_size,
        seed=seed,
        tokens=int(lengths.sum()),
        targets=int(limited.sum()),
        supervised=supervised,
        cut=int(cut.sum()),
        lost=int(lost.sum()),
        lengths=_measure(lengths),
        padding=_pad(lengths, limited, max_length, batch_size, seed),
        template=_cost(entries, style, encode, int(lengths.sum())),
    )


# Lengths --------------------------------------------------------------------------------


def _truncated(
    dataset: InstructionDataset, max_length: int | None, mask: str
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], int]:
    """Tell which entries lose their end token, which all their answers; count what is left.

    The third is how many targets are supervised, of all entries together.
    """
    cut, lost = np.zeros(len(dataset), np.bool_), np.zeros(len(dataset), np.bool_)
    choose, supervised = get_mask(mask), 0
    for number, entry in enumerate(dataset):
        text = truncate(entry, max_length, "cut", END_ID)
        cut[number] = not fits(entry, max_length)
        lost[number] = bool(entry.turns) and not text.turns
        # The token at position 0 is no target.
        supervised += sum(stop - max(start, 1) for start, stop in choose(text))
    return cut, lost, supervised


def _measure(lengths: NDArray[np.int64]) -> Lengths:
    ordered = np.sort(lengths)
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
        longest_entry=int(lengths.argmax()) + 1,
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


def _cost(entries: Sequence[Entry], style: PromptStyle, encode: Encode, tokens: int) -> Template:
    def fixed(entry: Entry) -> int:
        kept = [text for role, text in style.pieces(entry) if role not in _FIELDS]
        return sum(len(encode(text)) for text in kept)

    plain = fixed(Entry("", "", ""))
    more = fixed(Entry("", "an input", "")) - plain
    total = plain * len(entries) + more * sum(bool(entry.input) for entry in entries)
    return Template(plain, more, total / tokens)


_FIELDS = ("instruction", "input", "response")


# The rules ------------------------------------------------------------------------------


class _Findings:
    """Collects entry numbers by code, with an example of each; words them at the end."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._numbers: dict[str, set[int]] = {}
        self._example: dict[str, str] = {}
        self._names: dict[str, dict[str, None]] = {}  # in the order of their first occurrence

    def add(self, code: str, number: int, example: str = "", name: str = "") -> None:
        """Note a finding; `name` is what the text spells out."""
        self._numbers.setdefault(code, set()).add(number)
        self._example.setdefault(code, example)
        self._names.setdefault(code, {}).setdefault(name)

    def worded(self, **slots: Any) -> tuple[Finding, ...]:
        return tuple(self._word(code, slots) for code in RULES if code in self._numbers)

    def _word(self, code: str, slots: dict[str, Any]) -> Finding:
        rule, numbers = RULES[code], sorted(self._numbers[code])
        where = name_places(numbers, self.count, "Entry", "Entries")
        names = [repr(name) for name in self._names[code]]
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        sentence = rule.sentence.format(where=where, names=", ".join(names[:4]) + more, **slots)
        link = f"{SITE}/book/{rule.chapter}.html"
        example = self._example[code]
        return Finding(code, rule.severity, sentence, rule.cure, link, tuple(numbers), (), example)


def _check_lengths(found: _Findings, cut: NDArray[np.bool_], lost: NDArray[np.bool_]) -> None:
    code = "nothing-supervised" if lost.all() else "response-lost"
    for number in (1 + np.flatnonzero(lost)).tolist():
        found.add(code, number)
    for number in (1 + np.flatnonzero(cut & ~lost)).tolist():
        found.add("response-cut", number)


def _check_texts(
    found: _Findings, entries: Sequence[Entry], style: PromptStyle, encode: Encode, progress: bool
) -> None:
    """Look into the text of each entry."""
    header = style.header.strip()
    special: dict[str, bool] = {}  # whether this tokenizer reads it as one special token
    for number, entry in enumerate(tqdm(entries, "reading", disable=not progress), 1):
        if not entry.output.strip():
            found.add("response-blank" if entry.output else "response-empty", number)
        if not (entry.instruction + entry.input).strip():
            found.add("instruction-empty", number)
        text = "\n".join((entry.instruction, entry.input, entry.output))
        if header and (at := text.find(header)) >= 0:
            found.add("header-in-text", number, _excerpt(number, text, at))
        if match := DAMAGED.search(text):
            found.add("damaged-text", number, _excerpt(number, text, match.start()))
        for match in LOOKALIKE.finditer(text):
            name = match.group()
            if name not in special:
                special[name] = len(encode(name)) == 1
            code = "special-read" if special[name] else "special-typed"
            found.add(code, number, _excerpt(number, text, match.start()), name)


def _excerpt(number: int, text: str, at: int) -> str:
    """Show a little of the text from a place on, on one line, whatever it holds."""
    before = "..." if at > 12 else ""
    after = "..." if len(text) > at + 36 else ""
    return f"entry {number}, {before}{text[max(at - 12, 0) : at + 36]!r}{after}"


def _check_repeats(found: _Findings, entries: Sequence[Entry], test: Sequence[Entry]) -> None:
    """Look for what stands twice: in these entries, and in these and the test."""
    tested: dict[tuple[str, str], int] = {}
    for number, entry in enumerate(test, 1):
        tested.setdefault((entry.instruction, entry.input), number)
    seen: dict[tuple[str, str], dict[str, list[int]]] = {}  # numbers by question and response
    for number, entry in enumerate(entries, 1):
        question = (entry.instruction, entry.input)
        same = seen.setdefault(question, {}).setdefault(entry.output, [])
        if same:
            found.add("duplicate", number, f"entry {number} repeats entry {same[0]}")
        same.append(number)
        if question in tested:
            example = f"entry {number} asks what entry {tested[question]} of the test asks"
            found.add("test-leak", number, example)
    for responses in seen.values():
        if len(responses) > 1:
            one, other = [numbers[0] for numbers in responses.values()][:2]
            for number in [number for numbers in responses.values() for number in numbers]:
                example = f"entries {one} and {other} ask the same"
                found.add("responses-differ", number, example)


# In print -------------------------------------------------------------------------------


def _numbers(found: Survey) -> Iterator[str]:
    """Give what was counted, as lines for a terminal."""
    total = found.entries
    limit = "none" if found.max_length is None else f"{found.max_length:,}"
    yield f"survey: {_many(total)}; {found.headline}"
    yield f"  prompt style {found.style}, tokenizer {found.tokenizer}, mask {found.mask},"
    yield f"  max length {limit}, batches of {found.batch_size:,}"
    lengths = found.lengths
    yield ""
    yield "Tokens in an entry, its template included and its end token left out"
    yield (
        f"  shortest {lengths.shortest:,}, half have at most {lengths.median:,}, "
        f"95 of 100 at most {lengths.p95:,},"
    )
    yield f"  longest {lengths.longest:,} (entry {lengths.longest_entry})"
    most = max(many for _, _, many in lengths.histogram)
    for first, last, many in lengths.histogram:
        bar = "#" * -(-many * 44 // most)
        yield f"  {first:>7,} to {last:>7,}  {many:>9,}  {bar}".rstrip()
    if found.max_length is not None:
        yield ""
        yield f"Cut at max length {limit}"
        yield f"  {found.cut:,} of {_many(total)} ({found.cut / total:.1%}) lose the end token"
        yield f"  {found.lost:,} of these lose the whole response"
    padding = found.padding
    yield ""
    yield f"Padding, as a share of all slots, in batches of {found.batch_size:,}"
    yield f"  {padding.static:6.1%}  every batch {padding.static_width:,} columns wide (static)"
    yield f"  {padding.file_order:6.1%}  each as wide as its longest row, in the file's order"
    yield f"  {padding.shuffled:6.1%}  the same, shuffled (seed {found.seed})"
    yield f"  {padding.sorted:6.1%}  the same, sorted by length"
    template = found.template
    yield ""
    yield "The template's own text"
    more = f" ({template.with_input} more with an input)" if template.with_input else ""
    yield f"  {template.tokens} tokens in each entry{more}, {template.share:.1%} of all tokens"
    yield ""
    yield f"What is learned from, with mask {found.mask}"
    share = found.supervised / found.targets
    yield f"  {found.supervised:,} of {found.targets:,} targets are supervised, {share:.1%}"


def _findings(found: Survey) -> Iterator[str]:
    """Give what was found, with an empty line before each finding."""
    for finding in found.findings:
        yield ""
        for line in str(finding).split("\n"):
            yield from _wrap(line)


def _many(number: int) -> str:
    return f"{number:,} {'entry' if number == 1 else 'entries'}"


def _wrap(line: str) -> list[str]:
    """Break a line of a finding to the width of the print; an address stays whole."""
    if line.startswith("  see:"):
        return [line]
    indent = "    " if line.startswith("  ") else "  "
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False)
