"""Chat: a conversation becomes token ids, and we remember where its answers are.

Takes a `Conversation`, a template and a tokenizer, and gives a `TokenizedEntry` that has a
`Turn` for each answer; so pad, shift, ignore, mask, collate, pack and audit have nothing new
to learn. Then which of an answer's positions are supervised: functions from an entry to spans,
by name. Markers become the tokenizer's special ids where it has them; no message's text is
ever read as one. What it leaves out: the templates (`companion.templates`), Jinja
(`companion.rendering`), and what each library supervises (`companion.libraries`). Chapter 13.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from itertools import groupby, pairwise, takewhile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from companion.adapting import Tokenizer, adapt_tokenizer
from companion.conversations import Conversation, Message
from companion.ignoring import Spans
from companion.masking import Mask, every_answer, every_answer_with_header, get_mask, whole_text
from companion.templates import (
    TEMPLATES,
    Piece,
    Template,
    get_template,
    header_pieces,
    pieces_of,
    prompt_pieces,
)
from companion.tokenizing import TokenizedEntry, Turn, encodes_apart

Answers = Callable[[Message], bool]


def is_answer(message: Message) -> bool:
    """Tell whether a message is one to learn: the assistant's, unless its weight is 0.

    >>> is_answer(Message("assistant", "Blue.")), is_answer(Message("tool", "Blue."))
    (True, False)
    """
    return message.role == "assistant" and message.weight != 0


def has_weight(message: Message) -> bool:
    """Tell whether a message is one to learn: whoever's, if its weight is 1.

    >>> has_weight(Message("user", "Hi", {"weight": 1})), has_weight(Message("assistant", "Yes?"))
    (True, False)
    """
    return message.weight == 1


def tokenize_conversation(
    conversation: Conversation,
    template: str | Path | Template | None = None,
    tokenizer: Any = "smollm2",
    answers: Answers = is_answer,
) -> TokenizedEntry:
    """Give a conversation's ids, closed, with a turn for each of its answers.

    `template`: a name of `TEMPLATES`, a `Template` of your own, a Jinja template as text or as
    the path of its file, or None for the tokenizer's own. `tokenizer`: whatever
    `adapt_tokenizer` takes. `answers`: which messages are turns; by default all of the
    assistant, but those of weight 0.

    What stands before an answer is, token for token, what `encode_prompt` gives: a header, a
    text and an end are each encoded apart. Libraries that encode a whole text at once get
    other ids where a message begins or ends with white space. For the few tokenizers that
    cannot encode apart, see `companion.tokenizing.encodes_apart`.

    Raises `ValueError` where the template has no place for the conversation, and where a
    tokenizer has no template of its own.

    >>> talk = Conversation((Message("user", "Hi"), Message("assistant", "Yes?")))
    >>> entry = tokenize_conversation(talk, "chatml")
    >>> entry.ids
    array([   1, 4093,  198, 26843,    2,  198,    1,  520, 9531,  198,  ...
    >>> entry.turns
    (Turn(header=6, start=10, end=13, stop=14),)
    """
    with _encoder(template, tokenizer, answers) as encode:
        return encode(conversation)


def tokenize_conversations(
    conversations: Iterable[Conversation],
    template: str | Path | Template | None = None,
    tokenizer: Any = "smollm2",
    answers: Answers = is_answer,
) -> list[TokenizedEntry]:
    """Give what `tokenize_conversation` gives, for many; a Jinja template is started once.

    Raises `ValueError` naming the first conversation that the template has no place for.

    >>> talk = Conversation((Message("user", "Hi"), Message("assistant", "Yes?")))
    >>> [entry.length for entry in tokenize_conversations([talk, talk], "chatml")]
    [14, 14]
    """
    made = []
    with _encoder(template, tokenizer, answers) as encode:
        for number, conversation in enumerate(conversations, 1):
            try:
                made.append(encode(conversation))
            except ValueError as error:
                raise ValueError(f"conversation {number}: {error}") from None
    return made


@contextmanager
def _encoder(
    template: str | Path | Template | None, tokenizer: Any, answers: Answers
) -> Iterator[Callable[[Conversation], TokenizedEntry]]:
    """Give what makes an entry of a conversation; a Jinja template has its process so long."""
    adapted = adapt_tokenizer(tokenizer)
    chosen = choose_template(template, adapted)
    if isinstance(chosen, Template):
        yield lambda talk: encode_pieces(pieces_of(talk, chosen), _numbers(talk, answers), adapted)
        return
    from companion.rendering import Renderer, rendered_pieces  # which starts a process

    def encode(talk: Conversation) -> TokenizedEntry:
        pieces = rendered_pieces(talk, _numbers(talk, answers), render)
        numbers = {piece.message for piece in pieces if piece.message is not None}
        return encode_pieces(pieces, numbers, adapted)

    with Renderer(chosen, special_ids(adapted), adapted) as render:
        yield encode


def _numbers(conversation: Conversation, answers: Answers) -> set[int]:
    return {number for number, message in enumerate(conversation) if answers(message)}


def choose_template(template: str | Path | Template | None, tokenizer: Tokenizer) -> Template | str:
    """Give a template as data where there is one, else the text of a Jinja template.

    A tokenizer's own template is taken as data, too, where it is one that is known to the
    letter. Raises `ValueError` for an unknown name, and for a tokenizer that has none.

    >>> choose_template(None, adapt_tokenizer("smollm2")).name
    'smollm2'
    """
    if isinstance(template, Template):
        return template
    if template is None:
        if tokenizer.template is None:
            raise ValueError(
                f"the tokenizer {tokenizer.name} has no chat template of its own; name one: "
                f"{', '.join(TEMPLATES)}"
            )
        template = tokenizer.template
    if isinstance(template, Path):
        if not template.is_file():
            raise ValueError(f"there is no {template}")
        template = template.read_text(encoding="utf-8")
    elif "{%" not in template and "{{" not in template:
        return get_template(template)
    known = PUBLISHED.get(sha256(template.encode()).hexdigest())
    return template if known is None else TEMPLATES[known]


PUBLISHED = {
    "872be49dbb638044ad01b60388f48d469ff2980e5f0dccdc22ec907db54d0788": "smollm2",
    "cd8e9439f0570856fd70470bf8889ebd8b5d1107207f67a5efb46e342330527f": "qwen2.5",
    "a55ee1b1660128b7098723e0abcd92caa0788061051c62d51cbe87d9cf1974d8": "qwen3",
    "ba03a121d097859c7b5b9cd03af99aafe95275210d2876f642ad9929a150f122": "llama3",
    "7de1c58e208eda46e9c7f86397df37ec49883aeece39fb961e0a6b24088dd3c4": "gemma3",
}
"""The published Jinja templates that are here as data, by the SHA-256 of their text."""


# From pieces to ids ---------------------------------------------------------------------


def encode_pieces(
    pieces: Sequence[Piece], answers: Collection[int], tokenizer: Tokenizer
) -> TokenizedEntry:
    r"""Give the ids of pieces, with a turn for each message that is one of `answers`.

    Each piece is encoded by itself, so that a header and an end are the same ids wherever they
    stand, and the borders of an answer are borders of tokens.

    >>> talk = Conversation((Message("user", "Hi"), Message("assistant", "Yes?")))
    >>> entry = encode_pieces(pieces_of(talk, "chatml"), {1}, adapt_tokenizer("gpt2"))
    >>> adapt_tokenizer("gpt2").decode(entry.ids[entry.turns[0].start :])
    'Yes?<|im_end|>\n'
    """
    ids, places = _encode(pieces, answers, tokenizer)
    turns = [_turn(own) for own in places.values()]
    return TokenizedEntry(np.array(ids, dtype=np.int64), turns, closed=True)


def encode_prompt(
    conversation: Conversation,
    template: str | Path | Template | None = None,
    tokenizer: Any = "smollm2",
) -> list[int]:
    """Give the ids that a model is given to be asked: the conversation so far, and a header.

    They are the ids that stand before the next answer in training, where the template lets
    what was said stay as it is; Qwen3's does not, see `companion.templates.THINKING`.

    >>> encode_prompt(Conversation((Message("user", "Hi"),)), "chatml")
    [1, 4093, 198, 26843, 2, 198, 1, 520, 9531, 198]
    """
    adapted = adapt_tokenizer(tokenizer)
    chosen = choose_template(template, adapted)
    if isinstance(chosen, Template):
        pieces = prompt_pieces(conversation, chosen)
        return _encode(pieces, {len(conversation)}, adapted)[0]
    from companion.rendering import Renderer, rendered_prompt

    with Renderer(chosen, special_ids(adapted), adapted) as render:
        return _encode(rendered_prompt(conversation, render), (), adapted)[0]


def encode_header(role: str, template: Template, tokenizer: Tokenizer) -> list[int]:
    """Give the ids of the header before a turn of this role.

    >>> encode_header("user", TEMPLATES["chatml"], adapt_tokenizer("smollm2"))
    [1, 4093, 198]
    """
    return _encode(header_pieces(role, template), (), tokenizer)[0]


Places = dict[int, dict[str, tuple[int, int]]]
"""Of each answer, by number: where each kind of its pieces lies."""


def _encode(
    pieces: Sequence[Piece], answers: Collection[int], tokenizer: Tokenizer
) -> tuple[list[int], Places]:
    """Give the ids of pieces, and where in them each answer lies."""
    ids: list[int] = []
    places: Places = {}
    for piece, piece_ids in zip(pieces, encode_each(pieces, tokenizer), strict=True):
        begin = len(ids)
        ids += piece_ids
        if piece.message is not None and piece.message in answers:
            own = places.setdefault(piece.message, {})
            own[piece.kind] = (own.get(piece.kind, (begin, 0))[0], len(ids))
    return ids, places


def encode_each(pieces: Sequence[Piece], tokenizer: Tokenizer) -> Iterator[list[int]]:
    """Give the ids of each piece: a marker's, or those of its text encoded by itself.

    Where encoding apart would change the text, what stands between two markers is encoded at
    once, and its ids are cut where the pieces meet.

    >>> list(encode_each(header_pieces("user", TEMPLATES["chatml"]), adapt_tokenizer("smollm2")))
    [[1], [4093, 198]]
    """
    special = special_ids(tokenizer)
    is_apart = encodes_apart(tokenizer.encode, tokenizer.decode)
    for is_special, run in groupby(pieces, lambda piece: piece.special):
        if is_special:
            yield from (_marker(piece, special, tokenizer) for piece in run)
        elif is_apart:
            yield from (list(tokenizer.encode(piece.text)) for piece in run)
        else:
            yield from _cut([piece.text for piece in run], tokenizer)


def _marker(piece: Piece, special: Mapping[str, int], tokenizer: Tokenizer) -> list[int]:
    if piece.kind == "beginning":
        begins = special.get(piece.text) if tokenizer.beginning is None else tokenizer.beginning
        return [] if begins is None else [begins]
    if piece.text in special:
        return [special[piece.text]]
    return list(tokenizer.encode(piece.text))


def _cut(texts: Sequence[str], tokenizer: Tokenizer) -> list[list[int]]:
    """Encode texts as one, and cut where it and the texts up to there begin to differ."""
    whole = list(tokenizer.encode("".join(texts)))
    cuts = [0]
    for count in range(1, len(texts)):
        pairs = zip(tokenizer.encode("".join(texts[:count])), whole, strict=False)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        cuts.append(max(same, cuts[-1]))
    return [whole[start:stop] for start, stop in pairwise([*cuts, len(whole)])]


def _turn(places: Mapping[str, tuple[int, int]]) -> Turn:
    """Give an answer's turn from where its kinds of pieces lie."""
    _, stop = max(places.values())
    _, end = places["end"] if "end" in places else places["text"]
    if "header" not in places:
        return Turn(None, min(places.values())[0], end, stop)
    header, start = places["header"]
    return Turn(header, start, end, stop)


@lru_cache(maxsize=16)
def special_ids(tokenizer: Tokenizer) -> Mapping[str, int]:
    """Give the special tokens of a tokenizer, text and id: those that no text is read as.

    Looked for among all its ids, once: what is written in <> or [], and decodes to a text
    that encodes to something else.

    >>> special_ids(adapt_tokenizer("smollm2"))["<|im_end|>"]
    2
    >>> special_ids(adapt_tokenizer("gpt2"))
    {'<|endoftext|>': 50256}
    """
    found = {}
    for id in range(tokenizer.size or 0):
        try:
            text = tokenizer.decode([id])
        except (LookupError, ValueError):  # some ids have no token
            continue
        if text[:1] in ("<", "[") and text[-1:] in (">", "]") and id not in tokenizer.encode(text):
            found[text] = id
    return found


# What is supervised ---------------------------------------------------------------------


def last_answer(entry: TokenizedEntry) -> Spans:
    """Supervise the last answer with its end.

    >>> last_answer(TokenizedEntry([5, 6, 7, 8], [(0, 1, 2, 2), (2, 3, 4, 4)], closed=True))
    ((3, 4),)
    """
    return every_answer(entry)[-1:]


def every_answer_and_after(entry: TokenizedEntry) -> Spans:
    """Supervise each answer with its end and what follows it, a line break for example.

    >>> every_answer_and_after(TokenizedEntry([5, 6, 7], [(0, 1, 2, 3)], closed=True))
    ((1, 3),)
    """
    return tuple([(turn.start, turn.stop) for turn in entry.turns])


def last_answer_and_after(entry: TokenizedEntry) -> Spans:
    """Supervise the last answer with its end and what follows it.

    >>> last_answer_and_after(TokenizedEntry([5, 6, 7], [(0, 1, 2, 3)], closed=True))
    ((1, 3),)
    """
    return every_answer_and_after(entry)[-1:]


SUPERVISION: dict[str, Mask] = {
    "everything": whole_text,
    "every answer": every_answer,
    "last answer": last_answer,
    "every answer and what follows": every_answer_and_after,
    "last answer and what follows": last_answer_and_after,
    "every answer and its header": every_answer_with_header,
}
"""What of a conversation is supervised, by name; each takes an entry and gives spans."""


class Targets(NamedTuple):
    """How many targets a mask leaves, and where: `elsewhere` is in no answer's turn."""

    header: int
    answer: int
    after: int
    elsewhere: int

    @property
    def total(self) -> int:
        """How many there are in all."""
        return sum(self)


def supervised_positions(entry: TokenizedEntry, mask: str | Mask) -> list[int]:
    """Give the positions of the tokens that are targets; the first of a text never is.

    >>> supervised_positions(TokenizedEntry([5, 6, 7], [(0, 1, 2, 3)], closed=True), "prompt")
    [1]
    """
    spans = get_mask(mask)(entry)
    return sorted({place for start, stop in spans for place in range(max(start, 1), stop)})


def count_targets(entries: Iterable[TokenizedEntry], mask: str | Mask) -> Targets:
    """Count the targets that a mask leaves in entries, by where in a turn they lie.

    >>> entry = TokenizedEntry([5, 6, 7, 8], [(1, 2, 3, 4)], closed=True)
    >>> count_targets([entry], whole_text)
    Targets(header=1, answer=1, after=1, elsewhere=0)
    """
    counts = dict.fromkeys(Targets._fields, 0)
    for entry in entries:
        where = ["elsewhere"] * entry.length
        for header, start, end, stop in entry.turns:
            first = start if header is None else header
            named = (("header", first, start), ("answer", start, end), ("after", end, stop))
            for name, begin, finish in named:
                where[begin:finish] = [name] * (finish - begin)
        for place in supervised_positions(entry, mask):
            counts[where[place]] += 1
    return Targets(**counts)
