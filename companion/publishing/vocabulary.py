"""Vocabularies for the browser: GPT-2's and SmolLM2's merges and classes of characters.

Takes the packaged vocabulary files and gives a classic script for each, which a page can load
by double click, where browsers refuse modules and `fetch`. The Sphinx extension writes them
while the site is built; they are never stored. `tokenizing.js` reads them. What it leaves out:
the tokenizer of Jupyter, which is the kernel's own.
"""

import base64
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from typing import TypedDict

import tiktoken
from tokenizers import Regex, pre_tokenizers

from companion.adapting import adapt_tokenizer
from companion.smollm2 import load_smollm2
from companion.tokenizing import END_ID, gpt2_decode, gpt2_token_bytes

GLOBAL_NAME = "gpt2Vocabulary"
SMOLLM2_GLOBAL_NAME = "smollm2Vocabulary"
"""The scripts set these properties of `globalThis`."""

_CLASSES = {"L": r"\p{L}", "N": r"\p{N}", "S": r"\s"}
"""The classes in GPT-2's pattern: letters, numbers and space; `O` is any other character."""

_CODE_POINTS = 0x110000

_ASSIGNED = [*range(0xD800), *range(0xE000, 0x40000), *range(0xE0000, 0xE1000)]
"""Outside of these no version of Unicode has letters, numbers or space."""


class Vocabulary(TypedDict):
    """What `makeTokenizer` in `tokenizing.js` takes.

    Ids are places: `before` has the texts of special tokens, then come tokens of one byte each,
    then those that are merged of two, then the special tokens `after`. `bytes`: the byte of each
    token that is one. `left`, `right`: the two ids that each merged one is made of; the low
    bytes of all, then the high bytes of all, which packs better. All three in base64. `unknown`:
    the id of a byte that has no token, or None where each has. `kinds`: the kind of every code
    point, as runs from 0 on; `O9 S5` is nine others, then five spaces, and lengths are in base
    36. A digit, `D`, is a piece by itself, wherever it stands.
    """

    before: list[str]
    bytes: str
    left: str
    right: str
    after: list[str]
    unknown: int | None
    kinds: str


@lru_cache(maxsize=1)
def vocabulary_script() -> str:
    """Give the classic script that sets `globalThis.gpt2Vocabulary`; ASCII, 270 KB.

    >>> vocabulary_script().splitlines()[-1][:60]
    'globalThis.gpt2Vocabulary = {"before": [], "bytes": "ISIjJCU'
    """
    return (
        "// GPT-2's vocabulary, packed by companion/publishing/vocabulary.py from the file that\n"
        "// tiktoken publishes. License: GPT-2's modified MIT, in companion/data/LICENSES.md.\n"
        f"globalThis.{GLOBAL_NAME} = {json.dumps(vocabulary())};\n"
    )


def vocabulary() -> Vocabulary:
    """Pack GPT-2's vocabulary for `tokenizing.js`.

    >>> vocabulary()["kinds"][:23]
    'O9 S5 Oi S1 Of Na O7 Lq'
    """
    tokens = gpt2_token_bytes(range(END_ID))
    left, right = zip(*merges(tokens), strict=True)
    return {
        "before": [],
        "bytes": _base64(b"".join(tokens[:256])),
        "left": _pack(left),
        "right": _pack(right),
        "after": [gpt2_decode([END_ID])],
        "unknown": None,
        "kinds": _kinds(),
    }


@lru_cache(maxsize=1)
def smollm2_script() -> str:
    """Give the classic script that sets `globalThis.smollm2Vocabulary`; ASCII, 270 KB.

    >>> smollm2_script().splitlines()[-1][:60]
    'globalThis.smollm2Vocabulary = {"before": ["<|endoftext|>", '
    """
    return (
        "// SmolLM2's vocabulary, packed by companion/publishing/vocabulary.py from the model's\n"
        "// own tokenizer. License: Apache 2.0, in companion/data/LICENSES.md.\n"
        f"globalThis.{SMOLLM2_GLOBAL_NAME} = {json.dumps(smollm2_vocabulary())};\n"
    )


def smollm2_vocabulary() -> Vocabulary:
    """Pack SmolLM2's vocabulary for `tokenizing.js`.

    >>> smollm2_vocabulary()["unknown"], smollm2_vocabulary()["before"][:3]
    (0, ['<|endoftext|>', '<|im_start|>', '<|im_end|>'])
    """
    backend = load_smollm2()
    model = json.loads(backend.to_str())["model"]
    special = {id: token.content for id, token in backend.get_added_tokens_decoder().items()}
    before = [special[id] for id in range(len(special))]
    pairs = [(model["vocab"][left], model["vocab"][right]) for left, right in model["merges"]]
    first = backend.get_vocab_size() - len(pairs)
    token_bytes = adapt_tokenizer(backend).token_bytes
    assert token_bytes is not None  # it is a byte-level tokenizer
    return {
        "before": before,
        "bytes": _base64(b"".join(token_bytes(range(len(before), first)))),
        "left": _pack(left for left, _ in pairs),
        "right": _pack(right for _, right in pairs),
        "after": [],
        "unknown": model["vocab"][model["unk_token"]],
        "kinds": _smollm2_kinds(),
    }


def merges(tokens: Sequence[bytes]) -> list[tuple[int, int]]:
    """Give the pair of ids that each token from 256 on is merged from.

    A token's pair is what its bytes come to by the merges of lower ids. Where every token has
    one, merging pairs of ids gives the same as tiktoken, which looks for joined bytes, and for
    whole pieces first. For where two neighbours' bytes make a token, no merge has crossed its
    borders: the merges within were those of the token alone, and the neighbours are its pair.

    Raises `ValueError` for a token that its merges do not lead to.

    >>> merges([bytes([i]) for i in range(256)] + [b"in", b"ing"])
    [(105, 110), (256, 103)]
    """
    ids = {token: id for id, token in enumerate(tokens)}
    pairs = []
    for id, token in enumerate(tokens[256:], start=256):
        parts = _parts(token, ids, below=id)
        if len(parts) != 2:
            raise ValueError(
                f"token {id}, {token!r}, must be merged from two earlier ones; by the merges of "
                f"lower ids, its bytes come to {len(parts)}: {parts}"
            )
        pairs.append((parts[0], parts[1]))
    return pairs


def _parts(token: bytes, ids: dict[bytes, int], below: int) -> list[int]:
    """Give the ids that a token's bytes come to by the merges of ids `below`."""
    parts = [token[i : i + 1] for i in range(len(token))]
    while True:
        joined = (ids.get(a + b, below) for a, b in pairwise(parts))
        best, at = min(((id, i) for i, id in enumerate(joined)), default=(below, 0))
        if best >= below:
            return [ids[part] for part in parts]
        parts[at : at + 2] = [parts[at] + parts[at + 1]]


def _kinds() -> str:
    """Give the kind of each code point as the installed tiktoken sees it.

    It is asked, not read from a table: the tables of Python, of browsers and of tiktoken are
    of different versions of Unicode. Surrogates are `O`, as U+FFFD is, which they become.
    """
    kinds = ["O"] * _CODE_POINTS
    every = "".join(chr(point) for point in range(_CODE_POINTS) if not 0xD800 <= point < 0xE000)
    ranks = {bytes([byte]): byte for byte in range(256)}
    for kind, pattern in _CLASSES.items():
        finder = tiktoken.Encoding(kind, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        for character in finder.decode(finder.encode_ordinary(every)):
            kinds[ord(character)] = kind
    return _as_runs(kinds)


def _smollm2_kinds() -> str:
    """Give the kind of each code point as the installed tokenizers sees it.

    It splits digits off first, by the tables of one library, and cuts the rest by another's; so
    what is a digit to the first is `D`, whatever it is to the second.
    """
    text = "".join(map(chr, _ASSIGNED))
    kinds = ["O"] * _CODE_POINTS
    every = pre_tokenizers.Split(
        Regex("|".join(f"{own}+" for own in _CLASSES.values())), "isolated"
    )
    finders = {
        kind: pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
        for kind, pattern in _CLASSES.items()
    }
    for run, (start, stop) in every.pre_tokenize_str(text):  # of one kind each
        kind = next((kind for kind, own in finders.items() if own.pre_tokenize_str(run[0])), "O")
        for point in _ASSIGNED[start:stop]:
            kinds[point] = kind
    digits = pre_tokenizers.Digits(individual_digits=False)
    for run, (start, stop) in digits.pre_tokenize_str(text):
        if len(digits.pre_tokenize_str(f"{run[0]}a")) == 2:
            for point in _ASSIGNED[start:stop]:
                kinds[point] = "D"
    return _as_runs(kinds)


def _as_runs(kinds: Iterable[str]) -> str:
    runs = ((kind, sum(1 for _ in run)) for kind, run in groupby(kinds))
    return " ".join(kind + _base36(length) for kind, length in runs)


def _pack(ids: Iterable[int]) -> str:
    ids = list(ids)
    return _base64(bytes(id & 255 for id in ids) + bytes(id >> 8 for id in ids))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits
