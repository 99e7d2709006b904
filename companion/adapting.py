"""Adapt a tokenizer: whichever one a model has, as one small object that all steps can use.

Takes a `tiktoken.Encoding`, a `tokenizers.Tokenizer`, a tokenizer of transformers, the path
of a `tokenizer.json` or of its folder, or a name, and gives a `Tokenizer`: how to encode and
decode, which ids end, pad and begin a text, how many ids there are, and the chat template.
No text is ever read as a special token: `<|im_end|>` in an entry is ordinary tokens, as it
is where a user types it. A template may write one, by `Tokenizer.mark`. What it leaves out:
the network (but for the vocabularies that tiktoken fetches by name), and transformers, which
is never imported here. Chapter 02.
"""

import json
import re
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import tiktoken
from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models

from companion.smollm2 import load_smollm2
from companion.tokenizing import (
    END_ID,
    Decode,
    Encode,
    gpt2_decode,
    gpt2_encode,
    gpt2_token_bytes,
    load_tokenizer,
)

TokenBytes = Callable[[Sequence[int]], list[bytes]]
Offsets = Callable[[str], list[tuple[int, int]]]

TAKEN = (
    "'gpt2', 'smollm2', a tiktoken.Encoding, a tokenizers.Tokenizer, a tokenizer of "
    "transformers, or the path of a tokenizer.json or its folder"
)


@dataclass(frozen=True)
class Tokenizer:
    """A tokenizer, as the companion's functions need it.

    `encode(text)` gives ids; it adds no special token, and reads none in the text.
    `decode(ids)` gives text, special tokens spelled out. `ends`: every id that ends a text
    or a turn; `end`: the one of them to append, which of a single one need not be said.
    `pad`, `beginning`: the ids that pad and begin a text, None where none is declared.
    `begins`: whether a text is to begin with that, where there is one. Llama's and Gemma's
    tokenizers put it before every text; SmolLM2's declares one, and puts it before none.
    `size`: the largest id + 1; a model may have more rows in its embedding, or fewer.
    `template`: the chat template, as Jinja text. `specials`: the id of each special token,
    by its text; see `mark`. `token_bytes(ids)` gives the bytes of each id, and
    `offsets(text)` the (start, stop) characters of each token; each is None where the
    tokenizer cannot tell. A lone surrogate is encoded as U+FFFD.

    Raises `ValueError` for an end that is none of the ends, and ids that `size` leaves out.

    By hand, for bytes:

    >>> def encode(text): return list(text.encode())
    >>> def decode(ids): return bytes(ids).decode(errors="replace")
    >>> Tokenizer(encode, decode, ends=frozenset({256}), size=257, name="bytes").end
    256
    """

    encode: Encode = field(repr=False)
    decode: Decode = field(repr=False)
    ends: frozenset[int] = frozenset()
    end: int | None = None
    pad: int | None = None
    beginning: int | None = None
    begins: bool = True
    size: int | None = None
    template: str | None = field(default=None, repr=False)
    name: str = "by hand"
    token_bytes: TokenBytes | None = field(default=None, repr=False)
    offsets: Offsets | None = field(default=None, repr=False)
    specials: Mapping[str, int] = field(default_factory=dict, repr=False, hash=False)
    secret: str = field(default="", repr=False, compare=False)

    def __post_init__(self) -> None:
        ends = frozenset(self.ends)
        end = next(iter(ends)) if self.end is None and len(ends) == 1 else self.end
        if end is not None and end not in ends:
            raise ValueError(f"end is one of ends, {sorted(ends)}; found {end}")
        named = {"pad": self.pad, "beginning": self.beginning}
        for name, id in [*(("an end", id) for id in ends), *named.items()]:
            if id is not None and (id < 0 or (self.size is not None and id >= self.size)):
                raise ValueError(f"{name} is an id of this tokenizer's {self.size}; found {id}")
        object.__setattr__(self, "ends", ends)
        object.__setattr__(self, "end", end)
        if self.specials and not self.secret:  # this encode knows none of them
            secret = secrets.token_hex(16)
            spelled = {_spell(id, secret): id for id in self.specials.values()}
            object.__setattr__(self, "secret", secret)
            object.__setattr__(self, "encode", _Reading(self.encode, spelled, secret))

    def mark(self, text: str) -> str:
        """Give a template's text in which `encode` reads the special tokens that it names.

        Each is spelled in a way that holds a secret of this tokenizer's. So the template can
        write a special token and an entry cannot, whatever text it holds; and all of a text
        is encoded at once, as the model's own tokenizer would.

        >>> smollm2 = adapt_tokenizer("smollm2")
        >>> smollm2.encode(smollm2.mark("<|im_start|>user"))
        [1, 4093]
        >>> smollm2.encode("<|im_start|>user")[:4]
        [44, 108, 306, 79]
        """
        if not self.specials:
            return text
        # Of two names that begin alike, the longer one is meant.
        names = sorted(map(re.escape, self.specials), key=len, reverse=True)
        return re.sub(
            "|".join(names), lambda found: _spell(self.specials[found[0]], self.secret), text
        )


def _spell(id: int, secret: str) -> str:
    return f"<{id} {secret}>"


def adapt_tokenizer(source: Any) -> Tokenizer:
    """Make a `Tokenizer` of whatever a tokenizer is; one that is one already stays itself.

    A folder also tells what stands beside its `tokenizer.json`: the special tokens and the
    template (`tokenizer_config.json`, `special_tokens_map.json`, `chat_template.jinja`) and
    the ids at which the model stops (`generation_config.json`). The end to append is the
    tokenizer's own `eos_token`, else the first at which the model stops. A bare
    `tokenizers.Tokenizer`, or a `tokenizer.json` alone, declares none of that but the
    beginning that it puts before a text; `dataclasses.replace(adapted, ends={2}, end=2)`
    declares the rest. Any name that tiktoken knows is
    taken, too, and tiktoken may fetch its vocabulary.

    SmolLM2's alphabet lacks 21 bytes. Text in UTF-8 has eight of them: six control
    characters (0x04, 0x06, 0x13, 0x14, 0x16, 0x1D), and the first byte of each character
    from U+40000 to U+BFFFF, where none is assigned. Such a byte becomes id 0, the unknown
    token, and is lost: decoding spells out `<|endoftext|>` there. It is the one special id
    that text can give.

    Raises `ValueError` for a path or name with no tokenizer behind it, and for one that
    cannot be kept from reading special tokens in a text; `TypeError` for anything else.

    >>> smollm2 = adapt_tokenizer("smollm2")
    >>> smollm2
    Tokenizer(ends=frozenset({2}), end=2, pad=2, beginning=1, begins=False, size=49152, ...
    >>> smollm2.encode(" in  5")
    [281, 256, 37]
    >>> smollm2.decode(smollm2.encode("<|im_end|>")), len(smollm2.encode("<|im_end|>"))
    ('<|im_end|>', 7)
    >>> adapt_tokenizer(50256)
    Traceback (most recent call last):
    TypeError: a tokenizer is 'gpt2', 'smollm2', ...; found an int
    """
    if isinstance(source, Tokenizer):
        return source
    if isinstance(source, (str, Path)):
        return _from_name(source)
    if isinstance(source, tiktoken.Encoding):
        return _from_tiktoken(source)
    if isinstance(source, Backend):
        return _from_backend(source, "tokenizers.Tokenizer", {})
    if all(hasattr(source, name) for name in ("encode", "decode", "eos_token_id")):
        return _from_transformers(source)
    kind = type(source).__name__
    article = "an" if kind[0] in "aeiou" else "a"
    raise TypeError(f"a tokenizer is {TAKEN}; found {article} {kind}")


# One road a source ----------------------------------------------------------------------


def _from_name(name: str | Path) -> Tokenizer:
    if name in ("gpt2", "r50k_base"):
        return _gpt2()
    if name == "smollm2":
        return _smollm2()
    path = Path(name)
    if path.is_dir() or path.suffix == ".json":
        return _from_folder(path, str(name))
    if name not in tiktoken.list_encoding_names():
        known = ", ".join(["smollm2", *tiktoken.list_encoding_names()])
        raise ValueError(f"{name}: neither a folder with a tokenizer.json nor one of {known}")
    try:
        return _from_tiktoken(tiktoken.get_encoding(str(name)))
    except Exception as error:  # many things can go wrong on the way to a vocabulary
        raise ValueError(
            f"{name}: tiktoken fetches this vocabulary from the network, and could not "
            f"({type(error).__name__})"
        ) from None


@lru_cache(maxsize=1)
def _gpt2() -> Tokenizer:
    ends = frozenset({END_ID})
    size = END_ID + 1
    return Tokenizer(
        gpt2_encode, gpt2_decode, ends, pad=END_ID, size=size, name="gpt2",
        token_bytes=gpt2_token_bytes, specials={"<|endoftext|>": END_ID},
    )  # fmt: skip


@lru_cache(maxsize=1)
def _smollm2() -> Tokenizer:
    packed = Path(__file__).parent / "data" / "smollm2.json"
    given = _read(packed)
    return _from_backend(
        load_smollm2(),
        "smollm2",
        {
            "eos_token": given["eos"],
            "pad_token": given["pad"],
            "bos_token": given["bos"],
            "chat_template": given["chat_template"],
        },
    )


def _from_tiktoken(encoding: tiktoken.Encoding) -> Tokenizer:
    if encoding is load_tokenizer():
        return _gpt2()
    # What it calls the end of a text is a special token by that name, if it has it.
    end = encoding._special_tokens.get("<|endoftext|>")
    return Tokenizer(
        encoding.encode_ordinary,
        encoding.decode,
        frozenset() if end is None else frozenset({end}),
        size=encoding.n_vocab,
        name=encoding.name,
        token_bytes=encoding.decode_tokens_bytes,
        specials=encoding._special_tokens,
    )


def _from_folder(path: Path, name: str) -> Tokenizer:
    file = path / "tokenizer.json" if path.is_dir() else path
    if not file.is_file():
        raise ValueError(
            f"there is no {file}; transformers writes it: "
            "AutoTokenizer.from_pretrained(...).save_pretrained(folder)"
        )
    try:
        backend = Backend.from_buffer(file.read_bytes())
    except Exception as error:  # the package has no exception of its own
        said = " ".join(str(error).split())
        raise ValueError(f"{file} is no tokenizer: {said}") from None
    beside = file.parent
    declared = {**_read(beside / "special_tokens_map.json")}
    declared |= {k: v for k, v in _read(beside / "tokenizer_config.json").items() if v is not None}
    declared["stops"] = _read(beside / "generation_config.json").get("eos_token_id")
    template = beside / "chat_template.jinja"
    if template.is_file():
        declared["chat_template"] = template.read_text(encoding="utf-8")
    return _from_backend(backend, name, declared)


def _from_transformers(source: Any) -> Tokenizer:
    name = str(getattr(source, "name_or_path", "") or type(source).__name__)
    declared = {
        "eos_token": source.eos_token_id,
        "pad_token": getattr(source, "pad_token_id", None),
        "bos_token": getattr(source, "bos_token_id", None),
        "additional_special_tokens": getattr(source, "all_special_tokens", ()),
        "chat_template": getattr(source, "chat_template", None),
    }
    backend = getattr(source, "backend_tokenizer", None)
    if isinstance(backend, Backend):
        return _from_backend(backend, name, declared)
    vocabulary = source.get_vocab()
    adapted = Tokenizer(
        _SlowEncode(source),
        _SlowDecode(source),
        size=max(vocabulary.values()) + 1,
        name=name,
    )
    special = {vocabulary[text]: text for text in declared["additional_special_tokens"]}
    unknown = getattr(source, "unk_token_id", None)
    _refuse_if_special_is_read(adapted, special, unknown)
    declared["begun"] = source.encode("a")
    adapted = replace(adapted, specials={text: id for id, text in special.items()})
    return _declare(adapted, declared, vocabulary)


def _from_backend(backend: Backend, name: str, declared: Mapping[str, Any]) -> Tokenizer:
    vocabulary = backend.get_vocab(with_added_tokens=True)
    special = _special_tokens(backend, declared)
    secret = secrets.token_hex(16)
    encode = _Encode(_without_special_tokens(backend, special, name, secret))
    is_bytewise = isinstance(backend.decoder, decoders.ByteLevel)
    adapted = Tokenizer(
        encode,
        _Decode(backend),
        size=max(vocabulary.values(), default=-1) + 1,
        name=name,
        token_bytes=_TokenBytes(backend) if is_bytewise else None,
        offsets=encode.offsets,
        specials={text: id for id, text in special.items()},
        secret=secret,
    )
    _refuse_if_special_is_read(adapted, special, _unknown(backend))
    begun = backend.encode("a", add_special_tokens=True).ids
    return _declare(adapted, {"begun": begun, **declared}, vocabulary)


# What is declared -----------------------------------------------------------------------


def _declare(
    adapted: Tokenizer, declared: Mapping[str, Any], vocabulary: Mapping[str, int]
) -> Tokenizer:
    """Add the ids that end, pad and begin a text, and the template.

    `begun` among what is declared: the ids of some text, as the tokenizer itself begins it.
    """

    def ids(key: str) -> list[int]:
        texts_or_ids = (_text(given) for given in _listed(declared.get(key)))
        found = [vocabulary.get(id) if isinstance(id, str) else id for id in texts_or_ids]
        return [int(id) for id in found if id is not None]

    own, stops = ids("eos_token"), ids("stops")
    beginning = next(iter(ids("bos_token")), None)
    first = next(iter(declared["begun"]), None)
    if beginning is None and first in adapted.specials.values():
        beginning = first  # nothing calls it so, and yet it stands before every text
    template = declared.get("chat_template")
    if isinstance(template, list):  # several with names, as older files have them
        template = {one["name"]: one["template"] for one in template}
    if isinstance(template, Mapping):
        template = template.get("default")
    return replace(
        adapted,
        ends=frozenset([*own, *stops]),
        end=next(iter([*own, *stops]), None),
        pad=next(iter(ids("pad_token")), None),
        beginning=beginning,
        begins=beginning is None or first == beginning,
        template=template,
    )


def _special_tokens(backend: Backend, declared: Mapping[str, Any]) -> dict[int, str]:
    """Give, by id, the text of all tokens that no text may be read as.

    A token that was added and is not special, such as `<think>`, is text and stays it.
    """
    added = backend.get_added_tokens_decoder()
    special = {id: token.content for id, token in added.items() if token.special}
    keys = ("eos_token", "pad_token", "bos_token", "unk_token", "additional_special_tokens")
    for given in (one for key in (*keys, "stops") for one in _listed(declared.get(key))):
        text = backend.id_to_token(given) if isinstance(given, int) else _text(given)
        id = None if text is None else backend.token_to_id(text)
        if text is not None and id is not None:
            special[id] = text
    return special


def _listed(given: Any) -> Collection[Any]:
    """Give one thing, several, or nothing, as several."""
    if given is None:
        return ()
    return given if isinstance(given, (list, tuple, set)) else (given,)


def _text(given: Any) -> Any:
    """Give the text of a special token, which some files wrap; an id stays an id."""
    return given.get("content") if isinstance(given, Mapping) else given


def _read(file: Path) -> dict[str, Any]:
    """Read a file of settings; one that is not there has none."""
    if not file.is_file():
        return {}
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file} is no JSON: {error}") from None
    if not isinstance(settings, dict):
        raise ValueError(f"{file}: should be an object; found {type(settings).__name__}")
    return settings


# Text is only text ----------------------------------------------------------------------


def _without_special_tokens(
    backend: Backend, special: Mapping[int, str], name: str, secret: str
) -> Backend:
    """Give a copy in which no text can be read as a special token.

    The library has a switch for that, but a copy sent to a worker process forgets it, and
    some models hold the special tokens among their pieces. So these are renamed, in the
    copy, to what no text holds, and keep their ids: what is so spelled is still read.
    """
    try:
        settings = json.loads(backend.to_str())
    except Exception as error:  # parts written in Python
        raise ValueError(f"{name}: this tokenizer cannot be written as JSON: {error}") from None
    hidden = {text: _spell(id, secret) for id, text in special.items()}
    # Nor does it add tokens, cut texts at a length, or pad them.
    settings |= {"post_processor": None, "truncation": None, "padding": None}
    added = {token["id"]: token for token in settings["added_tokens"]}
    for id, text in special.items():
        # One that the model alone has is added: transformers does so, too.
        plain = {"single_word": False, "lstrip": False, "rstrip": False}
        new = {"id": id, "content": hidden[text], "special": True, "normalized": False}
        added[id] = {**plain, **added.get(id, {}), **new}
    settings["added_tokens"] = [added[id] for id in sorted(added)]
    model = settings["model"]
    if isinstance(model["vocab"], dict):
        model["vocab"] = {hidden.get(text, text): id for text, id in model["vocab"].items()}
    else:  # of a unigram model: pieces with their scores
        model["vocab"] = [[hidden.get(text, text), score] for text, score in model["vocab"]]
    if model.get("unk_token") in hidden:
        model["unk_token"] = hidden[model["unk_token"]]
    if model.get("merges"):
        pairs = (m.split(" ") if isinstance(m, str) else m for m in model["merges"])
        model["merges"] = [pair for pair in pairs if not _makes(pair, hidden)]
    return Backend.from_str(json.dumps(settings))


def _makes(pair: Sequence[str], texts: Collection[str]) -> bool:
    """Tell whether a merge makes one of these texts, or is made of one."""
    return "".join(pair) in texts or pair[0] in texts or pair[1] in texts


def _refuse_if_special_is_read(
    adapted: Tokenizer, special: Mapping[int, str], unknown: int | None
) -> None:
    """Try the text of every special token; the unknown one may stand for any that has no other."""
    for id, text in special.items():
        if id != unknown and id in adapted.encode(text):
            raise ValueError(
                f"{adapted.name}: this tokenizer reads {text!r} in a text as its special token "
                f"{id}, and cannot be kept from it; give a Tokenizer with an encode that does not"
            )


def _unknown(backend: Backend) -> int | None:
    """Give the id of the token that stands for what has no other, if there is one."""
    model = backend.model
    if isinstance(model, models.Unigram):
        return cast(int | None, json.loads(backend.to_str())["model"]["unk_id"])
    text = getattr(model, "unk_token", None)
    return None if text is None else backend.token_to_id(text)


def _whole(text: str) -> str:
    """Give text in which a lone surrogate is U+FFFD, as GPT-2's tokenizer reads it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


# Functions of the library's objects; classes, so that a worker process can be sent them.


@dataclass(frozen=True, eq=False)
class _Encode:
    backend: Backend

    def __call__(self, text: str) -> list[int]:
        return list(self.backend.encode(_whole(text), add_special_tokens=False).ids)

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return list(self.backend.encode(_whole(text), add_special_tokens=False).offsets)


@dataclass(frozen=True, eq=False)
class _Reading:
    """Read what is spelled with the secret as special tokens, for an encode that reads none."""

    plain: Encode
    spelled: Mapping[str, int]
    secret: str

    def __call__(self, text: str) -> list[int]:
        if self.secret not in text:
            return list(self.plain(text))
        pieces = re.split(f"(<\\d+ {self.secret}>)", text)
        read = (
            [self.spelled[piece]] if piece in self.spelled else self.plain(piece)
            for piece in pieces
            if piece
        )
        return [int(id) for ids in read for id in ids]


@dataclass(frozen=True, eq=False)
class _Decode:
    backend: Backend

    def __call__(self, ids: Iterable[int]) -> str:
        return str(self.backend.decode(list(ids), skip_special_tokens=False))


@dataclass(frozen=True, eq=False)
class _TokenBytes:
    backend: Backend

    def __call__(self, ids: Iterable[int]) -> list[bytes]:
        added = self.backend.get_added_tokens_decoder()
        return [added[id].content.encode() if id in added else self._spelled(id) for id in ids]

    def _spelled(self, id: int) -> bytes:
        token = self.backend.id_to_token(id)
        if token is None:
            raise ValueError(f"an id of this tokenizer is below its size; found {id}")
        return bytes(_byte_of_sign()[sign] for sign in token)


@lru_cache(maxsize=1)
def _byte_of_sign() -> dict[str, int]:
    """Give the byte that each sign of a byte-level vocabulary stands for."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    signs = {chr(byte): byte for byte in plain}
    return signs | {chr(256 + place): byte for place, byte in enumerate(others)}


@dataclass(frozen=True, eq=False)
class _SlowEncode:
    source: Any

    def __call__(self, text: str) -> list[int]:
        settings = {"add_special_tokens": False, "split_special_tokens": True}
        return list(self.source.encode(_whole(text), **settings))


@dataclass(frozen=True, eq=False)
class _SlowDecode:
    source: Any

    def __call__(self, ids: Iterable[int]) -> str:
        settings = {"skip_special_tokens": False, "clean_up_tokenization_spaces": False}
        return str(self.source.decode(list(ids), **settings))
