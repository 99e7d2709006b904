"""GPT-2's vocabulary for the browser: 50,000 merges and tiktoken's classes of characters.

Takes the packaged vocabulary file and gives a classic script that a page can load by double
click, where browsers refuse modules and `fetch`. The Sphinx extension writes it while the
site is built; it is never stored. `tokenizing.js` reads it. What it leaves out: the tokenizer
of Jupyter, which is the kernel's own.
"""

import base64
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from typing import TypedDict

import tiktoken

from companion.tokenizing import END_ID, gpt2_decode, gpt2_token_bytes

GLOBAL_NAME = "gpt2Vocabulary"
"""The script sets this property of `globalThis`."""

_CLASSES = {"L": r"\p{L}", "N": r"\p{N}", "S": r"\s"}
"""The classes in GPT-2's pattern: letters, numbers and space; `O` is any other character."""

_CODE_POINTS = 0x110000


class Vocabulary(TypedDict):
    """What `makeTokenizer` in `tokenizing.js` takes.

    `bytes`: the byte that each of the ids 0 to 255 stands for. `left`, `right`: the two ids
    that each id from 256 on is merged from; the low bytes of all, then the high bytes of
    all, which packs better. All three in base64. `kinds`: the kind of every code point, as
    runs from 0 on; `O9 S5` is nine others, then five spaces, and lengths are in base 36.
    `end`: the text of the end token, whose id comes last.
    """

    bytes: str
    left: str
    right: str
    kinds: str
    end: str


@lru_cache(maxsize=1)
def vocabulary_script() -> str:
    """Give the classic script that sets `globalThis.gpt2Vocabulary`; ASCII, 270 KB.

    >>> vocabulary_script().splitlines()[-1][:60]
    'globalThis.gpt2Vocabulary = {"bytes": "ISIjJCUmJygpKissLS4vM'
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
        "bytes": _base64(b"".join(tokens[:256])),
        "left": _pack(left),
        "right": _pack(right),
        "kinds": _kinds(),
        "end": gpt2_decode([END_ID]),
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
