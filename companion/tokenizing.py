"""Step 2, tokenize: a text becomes token ids, and we remember where its prompt ends.

Takes an `Entry` and gives a `TokenizedEntry`: the ids, and where in them the answer and its
response header begin; a text of several answers has a `Turn` for each. Works with any
tokenizer, as a pair of functions `encode(text) -> list of ids` and `decode(ids) -> text`;
GPT-2's is packaged and is the default. With a tokenizer that `companion.adapting` adapts,
the special tokens that a prompt style writes become their ids, and a beginning of text goes
before them. What it leaves out: the end token of a text that brings none, which the collator
appends, so that no text can be without it. Chapter 02.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources import files
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import tiktoken
from numpy.typing import ArrayLike, NDArray
from tiktoken_ext.openai_public import r50k_pat_str

from companion.entries import Entry
from companion.formatting import PromptStyle, get_style

if TYPE_CHECKING:  # adapting stands on this module
    from companion.adapting import Tokenizer

END_ID = 50256
"""GPT-2's end token, `<|endoftext|>`."""

VOCABULARY_SHA256 = "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930"

Encode = Callable[[str], list[int]]
Decode = Callable[[list[int]], str]


@lru_cache(maxsize=1)
def load_tokenizer() -> tiktoken.Encoding:
    """Give GPT-2's tokenizer, built from the packaged vocabulary, with no network.

    It is a `tiktoken.Encoding` of 50,257 ids. Raises `ValueError` if the packaged file
    is not, to the byte, the one that tiktoken publishes.

    >>> load_tokenizer().encode_ordinary("Hello, world")
    [15496, 11, 995]
    """
    packed = (files("companion") / "data" / "r50k_base.tiktoken").read_bytes()
    if hashlib.sha256(packed).hexdigest() != VOCABULARY_SHA256:
        raise ValueError("companion/data/r50k_base.tiktoken is not the published vocabulary file")
    lines = (line.split() for line in packed.splitlines())
    return tiktoken.Encoding(
        name="gpt2",
        pat_str=r50k_pat_str,
        mergeable_ranks={base64.b64decode(token): int(rank) for token, rank in lines},
        special_tokens={"<|endoftext|>": END_ID},
        explicit_n_vocab=END_ID + 1,
    )


def gpt2_encode(text: str) -> list[int]:
    """Encode text with GPT-2's tokenizer; nothing in it is read as a special token.

    >>> gpt2_encode("<|endoftext|>")
    [27, 91, 437, 1659, 5239, 91, 29]
    """
    return load_tokenizer().encode_ordinary(text)


def gpt2_decode(ids: Sequence[int]) -> str:
    """Decode GPT-2 ids; bytes that are not whole UTF-8 become U+FFFD.

    >>> gpt2_decode([15496, 11, 995])
    'Hello, world'
    """
    return load_tokenizer().decode(list(ids))


class Turn(NamedTuple):
    """One answer within a text, as positions of its tokens; a position counts from 0.

    `header`: where its response header begins, or None where that is not known. `start`:
    where the answer begins. `end`: the first position after its end token. `stop`: the
    first position after what the template puts behind that, a line break for example.
    """

    header: int | None
    start: int
    end: int
    stop: int


@dataclass(frozen=True, eq=False, init=False)
class TokenizedEntry:
    """A text as ids, and which of them are answers that the model is to give.

    `ids`: integers, one dimension; a list is taken too. `turns`: the answers, in order. By
    default there is one, which begins after the prompt and ends the text: `prompt_length` says
    how many ids are prompt, 0 for a bare text, and `header_length` how many of the prompt's
    last ids are its response header, or None where that could not be told. `closed`: whether
    the ids bring their own end. If not, the collator appends one end token, at position
    `len(ids)`, and the last turn ends with it.

    What is guaranteed of one that exists: ids are integers, 0 or more; `length` is 2 or more;
    turns lie within the text, in order, none within another; each holds a token that can be
    predicted, which the first of a text cannot. Raises `ValueError` for anything else.

    >>> TokenizedEntry([5, 6, 7], prompt_length=2).turns
    (Turn(header=2, start=2, end=4, stop=4),)
    """

    ids: NDArray[np.integer]
    turns: tuple[Turn, ...]
    closed: bool
    length: int = field(repr=False)
    """How many tokens the text has with its end token, be that its own or appended."""

    def __init__(
        self,
        ids: ArrayLike,
        turns: Iterable[tuple[int | None, int, int, int]] | None = None,
        closed: bool = False,
        *,
        prompt_length: int = 0,
        header_length: int | None = 0,
    ) -> None:
        array = _checked_ids(ids)
        length = array.size + (not closed)
        if length < 2:
            raise ValueError(f"a text of {length} token has nothing to predict; found {ids!r}")
        if turns is None:
            if not 0 <= prompt_length <= array.size:
                raise ValueError(
                    f"a prompt lies within its text: prompt_length {prompt_length} does not fit "
                    f"{array.size} ids"
                )
            if header_length is not None and not 0 <= header_length <= prompt_length:
                raise ValueError(
                    f"a header is part of its prompt: header_length {header_length} "
                    f"does not fit prompt_length {prompt_length}"
                )
            turns = [one_turn(prompt_length, header_length, length)]
        if isinstance(turns, int):
            raise ValueError(
                f"turns are (header, start, end, stop) of each answer; found {turns}, and the "
                f"length of a prompt is given by its name, prompt_length={turns}"
            )
        made = tuple([Turn(*turn) for turn in turns])
        _check_turns(made, length, closed)
        object.__setattr__(self, "ids", array)
        object.__setattr__(self, "turns", made)
        object.__setattr__(self, "closed", closed)
        object.__setattr__(self, "length", length)

    @property
    def prompt_length(self) -> int:
        """Where the first answer begins; the whole text, where there is no answer in it."""
        return self.turns[0].start if self.turns else self.length

    @property
    def header_length(self) -> int | None:
        """How many ids before the first answer are its header, or None if not known."""
        first = self.turns[0] if self.turns else Turn(None, 0, 0, 0)
        return None if first.header is None else first.start - first.header


def one_turn(prompt_length: int, header_length: int | None, length: int) -> Turn:
    """Give the turn of a text that is one prompt and one answer, which ends the text.

    >>> one_turn(3, 1, 6)
    Turn(header=2, start=3, end=6, stop=6)
    """
    header = None if header_length is None else prompt_length - header_length
    return Turn(header, prompt_length, length, length)


def _checked_ids(ids: ArrayLike) -> NDArray[np.integer]:
    """Give ids as an array of one dimension, or say what is wrong with them."""
    array = np.asarray(ids)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(f"ids are one row of integers; found {ids!r}")
    if array.size == 0:
        raise ValueError("an entry of no tokens has nothing to predict")
    if array.dtype.kind == "i" and array.min() < 0:
        raise ValueError(f"ids are 0 or more; found {array.min()} at position {array.argmin()}")
    return array


def _check_turns(turns: tuple[Turn, ...], length: int, closed: bool) -> None:
    """Refuse turns that do not lie in a text of this length, in order."""
    last = 0
    for turn in turns:
        header, start, end, stop = turn
        if not last <= (start if header is None else header) <= start < end <= stop <= length:
            raise ValueError(
                f"turns lie within the {length} tokens of their text, in order, and have "
                f"header <= start < end <= stop; found {turn} after position {last}"
            )
        if end < 2:
            raise ValueError(
                "an answer holds a token that can be predicted, which the first of a text "
                f"cannot; found {turn}"
            )
        last = stop
    if not closed and (not turns or turns[-1].end != length):
        raise ValueError(
            f"the last answer of a text that is not closed ends with the end token that is "
            f"appended, at {length}; found turns {tuple(map(tuple, turns))}"
        )


def tokenize_entry(
    entry: Entry,
    style: str | PromptStyle = "alpaca",
    encode: Encode = gpt2_encode,
    decode: Decode | None = gpt2_decode,
    *,
    tokenizer: Any = None,
) -> TokenizedEntry:
    """Format an entry and encode it so that its prompt is the very prompt of inference.

    The prompt is encoded by itself, as it is when the model is asked, and the response
    after it. That is right only for a tokenizer with `encodes_apart`; for any other, or
    with no `decode` to tell by, the whole text is encoded at once and the prompt ends
    where it and the prompt alone begin to differ.

    `tokenizer`: whatever `companion.adapting.adapt_tokenizer` takes, in place of `encode` and
    `decode`. Then a special token that the style writes is one id, and one that stands in
    the entry is ordinary text. The text begins with the tokenizer's beginning, where it wants
    one, which is a part of the prompt. Where the style's suffix holds an end, the text is
    `closed` by it, and nothing is appended.

    >>> tokenize_entry(Entry("Name a colour.", "", "Blue."), "phi3")
    TokenizedEntry(ids=array([  27,   91, 7220,   91,   29,  198, ...
    >>> chat = tokenize_entry(Entry("Hi.", "", "Yes."), "chatml", tokenizer="smollm2")
    >>> chat
    TokenizedEntry(ids=array([    1,  4093,   198, 26843,    30,     2,   198,     1,   520,
            9531,   198, 10539,    30,     2]), turns=(Turn(header=7, start=11, end=14, ...
    >>> chat.closed
    True
    """
    if tokenizer is not None:
        from companion.adapting import adapt_tokenizer

        own, turns, closed = encode_with(entry, get_style(style), adapt_tokenizer(tokenizer))
        return TokenizedEntry(np.array(own, dtype=np.int64), turns, closed)
    ids, prompt_length, header_length = encode_entry(entry, get_style(style), encode, decode)
    return TokenizedEntry(
        np.array(ids, dtype=np.int64), prompt_length=prompt_length, header_length=header_length
    )


def encode_with(
    entry: Entry, style: PromptStyle, tokenizer: Tokenizer
) -> tuple[list[int], tuple[Turn, ...], bool]:
    """Give what `tokenize_entry` gives with a tokenizer, as a plain (ids, turns, closed).

    >>> from companion.adapting import adapt_tokenizer
    >>> encode_with(Entry("Hi", "", "Yes"), get_style("plain"), adapt_tokenizer("gpt2"))
    ([17250, 198, 5297], (Turn(header=1, start=2, end=4, stop=4),), False)
    """
    marked, closing = _marked(style, tokenizer)
    encode, decode = tokenizer.encode, tokenizer.decode
    ids, prompt_length, header_length = encode_entry(entry, marked, encode, decode, style)
    if header_length is None and tokenizer.offsets is not None:
        starts = [start for start, _ in tokenizer.offsets(marked.prompt(entry))][:prompt_length]
        header_length = sum(start >= len(marked.body(entry)) for start in starts)
    if tokenizer.begins and tokenizer.beginning is not None and ids[:1] != [tokenizer.beginning]:
        ids, prompt_length = [tokenizer.beginning, *ids], prompt_length + 1
    if not closing:
        return ids, (one_turn(prompt_length, header_length, len(ids) + 1),), False
    # The suffix comes last, so the last ends are its own, even where an entry could hold one.
    end = [place for place, id in enumerate(ids, 1) if id in tokenizer.ends][-closing]
    turn = one_turn(prompt_length, header_length, end)._replace(stop=len(ids))
    return ids, (turn,), True


@lru_cache(maxsize=64)
def _marked(style: PromptStyle, tokenizer: Tokenizer) -> tuple[PromptStyle, int]:
    """Give the style with its special tokens marked, and how many ends close its texts.

    An end closes a text where nothing but white space and more ends follow it.
    """
    parts = ("instruction", "input", "closing", "header", "suffix")
    marked = replace(style, **{part: tokenizer.mark(getattr(style, part)) for part in parts})
    ends = [re.escape(text) for text, id in tokenizer.specials.items() if id in tokenizer.ends]
    end = "|".join(sorted(ends, key=len, reverse=True))
    closing = re.search(rf"(?:(?:{end})\s*)+\Z", style.suffix) if end else None
    return marked, len(re.findall(end, closing[0])) if closing else 0


def encode_entry(
    entry: Entry,
    style: PromptStyle,
    encode: Encode,
    decode: Decode | None,
    decoded: PromptStyle | None = None,
) -> tuple[list[int], int, int | None]:
    """Give what `tokenize_entry` gives, as a plain (ids, prompt_length, header_length).

    `decoded`: the style as `decode` writes it, where its special tokens are marked.
    """
    prompt, response = style.prompt(entry), style.response(entry)
    prompt_ids = list(encode(prompt))  # of arrays, + would be the sum
    if encodes_apart(encode, decode):
        ids = [*prompt_ids, *encode(response)]
    else:
        ids = list(encode(prompt + response))
        prompt_ids = prompt_ids[: _common_prefix(prompt_ids, ids)]
    header_length = _header_length(prompt_ids, style, entry, encode, decode, decoded or style)
    return ids, len(prompt_ids), header_length


@lru_cache(maxsize=64)
def encodes_apart(encode: Encode, decode: Decode | None) -> bool:
    """Tell whether this tokenizer may encode a prompt and its response apart.

    It may where, on each of a fixed set of probes, decoding the joined ids gives the
    joined text. GPT-2's passes. One that puts a space before every text does not, and
    with no `decode` to tell by, the answer is no.

    Raises `ValueError` for an `encode` that adds special tokens of its own.

    >>> encodes_apart(gpt2_encode, gpt2_decode), encodes_apart(gpt2_encode, None)
    (True, False)
    """
    if len(encode("")) != 0:
        raise ValueError(
            f"encode('') gives {encode('')!r}: this encode adds special tokens of its own, and "
            "the end token is the collator's to add; turn that off (add_special_tokens=False)"
        )
    if decode is None:
        return False
    return all(decode(list(encode(p)) + list(encode(r))) == p + r for p, r in _PROBES)


_PROBES = (
    ("### Response:\n", "The answer is 4."),
    ("Question: ", "Paris"),
    ("<|assistant|>\n", " two spaces  and a tab\t"),
    ("a\n", "\n\nb"),
    ("caf", "\u00e9 \u2615 \u65e5\u672c\u8a9e \U0001f642"),
)


def _common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """Count the ids that both begin with."""
    pairs = zip(left, right, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))


@lru_cache(maxsize=64)
def _header_ids(encode: Encode, header: str) -> list[int]:
    return list(encode(header))


def _header_length(
    prompt_ids: list[int],
    style: PromptStyle,
    entry: Entry,
    encode: Encode,
    decode: Decode | None,
    decoded: PromptStyle,
) -> int | None:
    """Count the prompt's last tokens whose first byte belongs to the response header.

    A token that begins in the prompt's body and ends in its header belongs to the body.
    """
    if decode is None:
        return None
    header_ids = _header_ids(encode, style.header)
    if (
        header_ids
        and encodes_apart(encode, decode)
        and prompt_ids[-len(header_ids) :] == header_ids
    ):
        return len(header_ids)
    body = decoded.body(entry)
    if not decode(prompt_ids).startswith(body):
        return 0 if body.startswith(decode(prompt_ids)) else None
    body_length = len(prompt_ids)
    while body_length and decode(prompt_ids[: body_length - 1]).startswith(body):
        body_length -= 1
    # Where the body ends in U+FFFD, a part of that character's bytes already looks like it.
    while body_length < len(prompt_ids) and decode(prompt_ids[: body_length + 1]) == body:
        body_length += 1
    return len(prompt_ids) - body_length


def gpt2_token_bytes(ids: Sequence[int]) -> list[bytes]:
    """Give the bytes of each GPT-2 id; joined, they are the text in UTF-8.

    >>> gpt2_token_bytes([15496, 11])
    [b'Hello', b',']
    """
    return load_tokenizer().decode_tokens_bytes(list(ids))


def token_roles(
    entry: Entry,
    style: str | PromptStyle = "alpaca",
    ids: Sequence[int] | None = None,
    token_bytes: Callable[[Sequence[int]], list[bytes]] = gpt2_token_bytes,
) -> list[str]:
    """Give the role, one of `companion.formatting.ROLES`, of each of the ids of an entry.

    `ids`: what `tokenize_entry` gives for it; by default with GPT-2's tokenizer. A token
    belongs to the piece of text in which its first byte lies; a beginning that a tokenizer
    puts before the text belongs to the template.

    >>> token_roles(Entry("Hi", "", "Yes"), "plain")
    ['instruction', 'header', 'response']
    """
    style = get_style(style)
    if ids is None:
        ids = tokenize_entry(entry, style).ids.tolist()
    # A lone surrogate is encoded as U+FFFD, which takes three bytes, as it does here.
    pieces = [(role, text.encode("utf-8", "surrogatepass")) for role, text in style.pieces(entry)]
    owners = [role for role, piece in pieces for _ in piece]
    *starts, length = [0, *accumulate(len(token) for token in token_bytes(ids))]
    owners = ["template"] * (length - len(owners)) + owners
    return [owners[start] for start in starts]
