"""What seven libraries supervise of a conversation, each as a function from an entry to spans.

Each rule is written anew, from what the library's source does, and says in `LIBRARIES` which
file that is, at which commit, and whether the rule was *run* beside the library (by a test of
this project) or only *read*. The rules speak of positions in the ids that our templates give;
where a library's own ids differ, its rule says so. What it leaves out: settings that are not
a library's default, but for the two that train on the last answer alone. Chapter 13.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from companion.adapting import Tokenizer, adapt_tokenizer
from companion.chatting import (
    SUPERVISION,
    encode_header,
    every_answer_and_after,
    last_answer_and_after,
    special_ids,
)
from companion.ignoring import Spans
from companion.masking import Mask, every_answer
from companion.templates import Template, get_template
from companion.tokenizing import TokenizedEntry


def trl(entry: TokenizedEntry) -> Spans:
    """Supervise each answer with its end and what follows: TRL with `assistant_only_loss`.

    TRL puts a template of its own in the place of the model's, and the spans are those that
    its `{% generation %}` markers enclose. So it is in its templates for Qwen3, Llama 3 and
    Gemma 3; that for Qwen3 writes thinking into every answer, and the block is in the span.

    >>> trl(TokenizedEntry([1, 2, 3, 4, 5], [(0, 2, 4, 5)], closed=True))
    ((2, 5),)
    """
    return every_answer_and_after(entry)


def trl_qwen2_5(entry: TokenizedEntry) -> Spans:
    """Supervise what `trl` does, and the line break that ends the header: TRL for Qwen 2.5.

    The header is `<|im_start|>assistant` and a line break, of which the marker leaves only
    the first part outside.

    >>> trl_qwen2_5(TokenizedEntry([1, 2, 3, 4, 5], [(0, 2, 4, 5)], closed=True))
    ((1, 5),)
    """
    return tuple([(turn.start - 1, turn.stop) for turn in entry.turns])


def axolotl(entry: TokenizedEntry) -> Spans:
    """Supervise each answer and the token that ends it: axolotl, `train_on_eos: turn`.

    It finds an answer by putting a dummy in its place and looking where the two differ, and
    then supervises the first end token within three of there. That is the tokenizer's
    `eos_token`, and others only where `eot_tokens` names them: so not Gemma's
    `<end_of_turn>` of itself. What a template writes before the dummy, too, is no target:
    so not the empty thinking of Qwen 3, which this rule does not leave out.

    >>> axolotl(TokenizedEntry([1, 2, 3, 4, 5], [(0, 2, 4, 5)], closed=True))
    ((2, 4),)
    """
    return every_answer(entry)


def llama_factory(entry: TokenizedEntry) -> Spans:
    """Supervise each answer with its end and what follows: LLaMA-Factory.

    Its templates write an answer as `{{content}}<|im_end|>` and a line break, and all of that
    is a target; the header belongs to the question before.

    >>> llama_factory(TokenizedEntry([1, 2, 3, 4, 5], [(0, 2, 4, 5)], closed=True))
    ((2, 5),)
    """
    return every_answer_and_after(entry)


def llama_factory_last(entry: TokenizedEntry) -> Spans:
    """Supervise the last answer with its end and what follows: LLaMA-Factory, `mask_history`.

    >>> llama_factory_last(TokenizedEntry([1, 2, 3, 4], [(0, 1, 2, 2), (2, 3, 4, 4)], closed=True))
    ((3, 4),)
    """
    return last_answer_and_after(entry)


def torchtune(entry: TokenizedEntry) -> Spans:
    """Supervise each answer with its header, its end and what follows: torchtune.

    A message is masked or not as a whole. In ChatML its last answer has no line break at its
    end, nor has the text; for Llama 3 it adds `<|end_of_text|>`, which is no target.

    >>> torchtune(TokenizedEntry([1, 2, 3, 4, 5], [(0, 2, 4, 5)], closed=True))
    ((0, 4),)
    """
    spans = [(_header(turn.header), turn.stop) for turn in entry.turns]
    return (*spans[:-1], *[(_header(turn.header), turn.end) for turn in entry.turns[-1:]])


def _header(header: int | None) -> int:
    if header is None:
        raise ValueError(
            "torchtune supervises the header of an answer, and of this entry it is not known "
            "where that begins; take a template that is data"
        )
    return header


def tinker(entry: TokenizedEntry) -> Spans:
    """Supervise each answer and its end: tinker-cookbook, `ALL_ASSISTANT_MESSAGES`.

    The line break after an end belongs to the next message's header there, and the text does
    not end with one.

    >>> tinker(TokenizedEntry([1, 2, 3, 4, 5], [(0, 2, 4, 5)], closed=True))
    ((2, 4),)
    """
    return every_answer(entry)


def tinker_last(entry: TokenizedEntry) -> Spans:
    """Supervise the last answer and its end: tinker-cookbook, `LAST_ASSISTANT_MESSAGE`.

    >>> tinker_last(TokenizedEntry([1, 2, 3, 4], [(0, 1, 2, 2), (2, 3, 4, 4)], closed=True))
    ((3, 4),)
    """
    return every_answer(entry)[-1:]


def nanochat(entry: TokenizedEntry) -> Spans:
    """Supervise each answer and its end, calls of tools too, and not their results: nanochat.

    Its own text has no line breaks around a turn, and writes a call and its result inside of
    one answer; with a result in a turn of its own, the rule is this.

    >>> nanochat(TokenizedEntry([1, 2, 3, 4, 5], [(0, 2, 4, 5)], closed=True))
    ((2, 4),)
    """
    return every_answer(entry)


@dataclass(frozen=True)
class Unsloth:
    """Supervise from behind each answer's header to the end of its turn: Unsloth.

    `answer`, `question`: the ids of the two headers, which it looks for in the text by value.
    `end`, `beginning`: the tokenizer's ids, of which the end is supervised, too. `opener`: the
    special tokens that both headers begin with, and so every turn. Where none of these comes,
    a span goes on to the end of the text. It was once otherwise: see `UnslothBefore`.

    >>> rule = Unsloth(question=(7, 1), answer=(7, 2), end=0, opener=(7,))
    >>> rule(TokenizedEntry([7, 1, 5, 0, 7, 2, 6, 0, 7, 3, 5, 0, 7, 2, 6], [], closed=True))
    ((6, 8), (14, 15))
    """

    question: tuple[int, ...]
    answer: tuple[int, ...]
    end: int | None = None
    beginning: int | None = None
    opener: tuple[int, ...] = ()

    def __call__(self, entry: TokenizedEntry) -> Spans:
        before = [self.question, self.answer, self.opener, _one(self.beginning)]
        return _from_headers(entry, self.answer, before, _one(self.end))


@dataclass(frozen=True)
class UnslothBefore:
    """Supervise from behind each answer's header to the next question's: an older Unsloth.

    Whatever stands between an answer and the next question is a target, which may be the
    turn of a tool, with its header; and a turn that a weight leaves out is one all the same.

    >>> UnslothBefore((1,), (2,))(TokenizedEntry([1, 5, 2, 6, 7, 1, 5, 2, 8], [], closed=True))
    ((3, 5), (8, 9))
    """

    question: tuple[int, ...]
    answer: tuple[int, ...]

    def __call__(self, entry: TokenizedEntry) -> Spans:
        return _from_headers(entry, self.answer, [self.question])


Ids = tuple[int, ...]


def _from_headers(
    entry: TokenizedEntry, header: Ids, before: Sequence[Ids], behind: Ids = ()
) -> Spans:
    """Give the spans from behind each header to before, or behind, what comes next of these."""
    ids = tuple(entry.ids.tolist())
    spans, place = [], 0
    while (begin := _find(ids, header, place)) is not None:
        start = begin + len(header)
        stops = [_find(ids, wanted, start) for wanted in before if wanted]
        ends = [_find(ids, behind, start)] if behind else []
        stops += [end + len(behind) for end in ends if end is not None]
        place = min((stop for stop in stops if stop is not None), default=len(ids))
        spans.append((start, place))
    return tuple([span for span in spans if span[0] < span[1]])


def _one(id: int | None) -> Ids:
    return () if id is None else (id,)


def _find(ids: Sequence[int], wanted: Sequence[int], start: int) -> int | None:
    places = range(start, len(ids) - len(wanted) + 1)
    return next((i for i in places if ids[i : i + len(wanted)] == wanted), None)


def unsloth(template: Template, tokenizer: Tokenizer) -> Unsloth:
    """Make Unsloth's rule for the headers of a template and the ids of a tokenizer.

    >>> unsloth(get_template("chatml"), adapt_tokenizer("smollm2"))
    Unsloth(question=(1, 4093, 198), answer=(1, 520, 9531, 198), end=2, beginning=1, opener=(1,))
    """
    question, answer = _headers(template, tokenizer)
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(question, answer, strict=False))
    opener = tuple([id for id, _ in shared])
    special = set(special_ids(tokenizer).values())
    if not special.issuperset(opener):  # text that might stand in an answer, too
        opener = ()
    return Unsloth(question, answer, tokenizer.end, tokenizer.beginning, opener)


def unsloth_before(template: Template, tokenizer: Tokenizer) -> UnslothBefore:
    """Make the rule that Unsloth had until it was changed in the autumn of 2026.

    It is in `unsloth_zoo/dataset_utils.py` at 005a250; pull request 1270 there changed it, and
    the release 2026.10.9 has the change.

    >>> unsloth_before(get_template("chatml"), adapt_tokenizer("smollm2"))
    UnslothBefore(question=(1, 4093, 198), answer=(1, 520, 9531, 198))
    """
    return UnslothBefore(*_headers(template, tokenizer))


def _headers(template: Template, tokenizer: Tokenizer) -> tuple[Ids, Ids]:
    """Give the ids of a question's header and of an answer's."""
    question, answer = (
        tuple(encode_header(role, template, tokenizer)) for role in ("user", "assistant")
    )
    return question, answer


def _trl(template: Template, _: Tokenizer) -> Mask:
    return trl_qwen2_5 if template.name == "qwen2.5" else trl


def _always(rule: Mask) -> Callable[[Template, Tokenizer], Mask]:
    return lambda template, tokenizer: rule


@dataclass(frozen=True)
class Library:
    """A library, where its rule was found, and how that is known.

    `supervises`: what, in words. `how`: "run", where a test of this project holds the rule
    equal to what the library itself gives, or "read". `source`: the files; `version`: their
    commit, or the release. `make(template, tokenizer)` gives the rule.
    """

    name: str
    supervises: str
    how: str
    source: str
    version: str
    make: Callable[[Template, Tokenizer], Mask]

    def rule(self, template: str | Template = "chatml", tokenizer: Any = "smollm2") -> Mask:
        """Give the rule, a function from an entry to spans, for a template and a tokenizer.

        >>> LIBRARIES["axolotl"].rule()(TokenizedEntry([1, 2, 3], [(0, 1, 2, 3)], closed=True))
        ((1, 2),)
        """
        return self.make(get_template(template), adapt_tokenizer(tokenizer))


LIBRARIES: dict[str, Library] = {
    library.name: library
    for library in (
        Library(
            "TRL",
            "each answer, its end and what follows; for Qwen 2.5 the header's line break, too",
            "run",
            "trl/chat_templates/*_training.jinja",
            "1.16.0",
            _trl,
        ),
        Library(
            "axolotl",
            "each answer and its end",
            "read",
            "src/axolotl/prompt_strategies/chat_template.py",
            "0.19.0",
            _always(axolotl),
        ),
        Library(
            "LLaMA-Factory",
            "each answer, its end and what follows",
            "read",
            "src/llamafactory/data/template.py, data/processor/supervised.py",
            "00577a8, 0b3022b",
            _always(llama_factory),
        ),
        Library(
            "torchtune",
            "each answer, its header, its end and what follows, but not after the last",
            "read",
            "torchtune/models/qwen2_5/_tokenizer.py, models/llama3/_tokenizer.py",
            "0.6.1, 00f266f",
            _always(torchtune),
        ),
        Library(
            "tinker-cookbook",
            "each answer and its end",
            "read",
            "tinker_cookbook/renderers/qwen3.py",
            "0106c4d",
            _always(tinker),
        ),
        Library(
            "Unsloth",
            "all behind an answer's header, up to its end token or the next turn",
            "read",
            "unsloth_zoo/dataset_utils.py",
            "2026.10.9",
            unsloth,
        ),
        Library(
            "nanochat",
            "each answer, its calls of tools and its end",
            "read",
            "nanochat/tokenizer.py",
            "031ee84",
            _always(nanochat),
        ),
    )
}
"""The seven libraries by name: what each supervises by default, or as it is mostly used."""


@dataclass(frozen=True)
class Choice:
    """A mask that knows its name, which is what it is shown as.

    >>> Choice("every answer", every_answer)
    'every answer'
    """

    name: str
    mask: Mask

    def __call__(self, entry: TokenizedEntry) -> Spans:
        return self.mask(entry)

    def __repr__(self) -> str:
        return repr(self.name)


CHOICES = (*SUPERVISION, *LIBRARIES)
"""What of a conversation can be supervised: by our names, or as a library does it."""


def choose_supervision(
    name: str, template: str | Template = "chatml", tokenizer: Any = "smollm2"
) -> Choice:
    """Give the mask of a name of `CHOICES`; a library's is made for the template.

    Raises `ValueError` for a name that is none of these.

    >>> mask = choose_supervision("last answer")
    >>> mask(TokenizedEntry([1, 2, 3, 4], [(0, 1, 2, 2), (2, 3, 4, 4)], closed=True))
    ((3, 4),)
    >>> choose_supervision("TRL")
    'TRL'
    """
    if name in SUPERVISION:
        return Choice(name, SUPERVISION[name])
    if name not in LIBRARIES:
        raise ValueError(f"what is supervised is one of {', '.join(CHOICES)}; found {name!r}")
    return Choice(name, LIBRARIES[name].rule(template, tokenizer))
