"""The browser's vocabularies and tokenizer: packed right, small, equal to Python's, typed."""

import base64
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiktoken

from companion.adapting import TokenBytes, adapt_tokenizer
from companion.publishing.vocabulary import (
    Vocabulary,
    merges,
    smollm2_script,
    smollm2_vocabulary,
    vocabulary,
    vocabulary_script,
)
from companion.smollm2 import load_smollm2
from companion.tokenizing import END_ID, Encode, gpt2_encode, gpt2_token_bytes
from texts import marked_texts, random_texts

JAVASCRIPT = Path(__file__).parent / "javascript"
LOCK = JAVASCRIPT / "package-lock.json"
NODE = Path(sys.executable).parent / "node"
BLOCK = 4096


# The vocabulary --------------------------------------------------------------------------


def test_the_vocabulary_is_one_small_classic_script():
    script = vocabulary_script()
    assert script.isascii()
    assert script.rstrip().splitlines()[-1].startswith("globalThis.gpt2Vocabulary = {")
    # It came to 179,010 bytes when this was written, 272,386 before compression.
    assert 150_000 < len(gzip.compress(script.encode("ascii"), 9)) < 200_000


def test_smollm2s_vocabulary_is_another_small_classic_script():
    script = smollm2_script()
    assert script.isascii()
    assert script.rstrip().splitlines()[-1].startswith("globalThis.smollm2Vocabulary = {")
    # It came to 173,790 bytes when this was written, 266,804 before compression.
    assert 150_000 < len(gzip.compress(script.encode("ascii"), 9)) < 206_000


@pytest.fixture(scope="module")
def smollm2() -> Vocabulary:
    """Give SmolLM2's vocabulary, packed."""
    return smollm2_vocabulary()


def test_smollm2s_ids_are_special_tokens_then_bytes_then_what_is_merged(smollm2):
    packed = smollm2
    backend = load_smollm2()
    assert packed["before"] == [backend.id_to_token(id) for id in range(17)]
    assert packed["after"] == []
    single, pairs = base64.b64decode(packed["bytes"]), base64.b64decode(packed["left"])
    assert len(single) == 235
    assert 17 + len(single) + len(pairs) // 2 == backend.get_vocab_size() == 49_152


@pytest.mark.parametrize(
    ("character", "kind"),
    [("7", "D"), ("\u00b2", "D"), ("\u0663", "D"), ("\u2163", "D"), ("\u4e00", "L")],
)
def test_a_digit_of_any_script_is_one_to_smollm2(smollm2, character, kind):
    runs = smollm2["kinds"].split(" ")
    every = "".join(run[0] * int(run[1:], 36) for run in runs)
    assert len(every) == 0x110000
    assert every[ord(character)] == kind
    assert set(every) == set("DLOS")  # every number is a digit to it


def test_every_token_is_merged_from_two_earlier_ones():
    tokens = gpt2_token_bytes(range(END_ID))
    pairs = merges(tokens)
    assert len(pairs) == 50_000
    assert [tokens[a] + tokens[b] for a, b in pairs] == tokens[256:]


def test_a_vocabulary_that_pairs_of_ids_cannot_stand_for_is_refused():
    single = [bytes([byte]) for byte in range(256)]
    with pytest.raises(ValueError, match=r"token 256, b'ing', .* come to 3: \[105, 110, 103\]"):
        merges([*single, b"ing"])
    # tiktoken finds "abcd" as a piece; its merges alone would come to "a", "bc", "d".
    with pytest.raises(ValueError, match=r"token 259, b'abcd', .* come to 3: \[97, 256, 100\]"):
        merges([*single, b"bc", b"ab", b"cd", b"abcd"])


def test_a_pair_is_of_the_lowest_ids_not_of_the_longest():
    single = [bytes([byte]) for byte in range(256)]
    assert merges([*single, b"bc", b"ab", b"abc"]) == [(98, 99), (97, 98), (97, 256)]


@pytest.fixture(scope="module")
def kinds() -> list[str]:
    """Give the kind of each code point, unpacked."""
    runs = vocabulary()["kinds"].split(" ")
    return [kind for run in runs for kind in run[0] * int(run[1:], 36)]


def test_each_character_is_of_the_class_that_tiktokens_pattern_finds(kinds):
    assert len(kinds) == 0x110000
    ranks = {bytes([byte]): byte for byte in range(256)}
    classes = {"O": r"[^\s\p{L}\p{N}]", "L": r"[\p{L}]", "N": r"[^\P{N}]", "S": r"[^\S]"}
    surrogates = range(0xD800, 0xE000)
    for kind, pattern in classes.items():
        finder = tiktoken.Encoding(kind, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        points = [p for p, found in enumerate(kinds) if found == kind and p not in surrogates]
        text = "".join(map(chr, points))
        others = "".join(
            chr(p) for p, found in enumerate(kinds) if found != kind and p not in surrogates
        )
        assert finder.decode(finder.encode_ordinary(text)) == text
        assert finder.encode_ordinary(others) == []
    assert set(kinds[0xD800:0xE000]) == {"O"}


@pytest.mark.parametrize(
    ("character", "kind"),
    [
        ("\ufeff", "O"),  # white space for JavaScript
        ("\u0085", "S"),  # none for JavaScript
        ("\u180e", "O"),
        ("\x1c", "O"),  # white space for Python
        ("\u200b", "O"),
        ("\u3000", "S"),
        ("\u00b2", "N"),
        ("\u4e00", "L"),
        ("\ufffd", "O"),
    ],
)
def test_characters_on_which_languages_differ(kinds, character, kind):
    assert kinds[ord(character)] == kind


# The tokenizer, under Node ---------------------------------------------------------------


def points_hash(start: int, encode: Encode) -> str:
    """Give a hash of the ids that a block of code points has in company."""
    characters = (chr(point) for point in range(start, start + BLOCK))
    ids = encode("".join(f"{c}'s {c}\n" for c in characters))
    return hashlib.sha256(np.array(ids, dtype="<u2").tobytes()).hexdigest()


@pytest.fixture(scope="module")
def oracle(tmp_path_factory) -> Path:
    """Give a folder with the vocabulary's script, and with what tiktoken says."""
    folder = tmp_path_factory.mktemp("oracle")
    (folder / "vocabulary.js").write_text(vocabulary_script(), encoding="ascii")
    every = range(0, 0x110000, BLOCK)
    told = what_is_told(gpt2_encode, gpt2_token_bytes, END_ID + 1, every)
    (folder / "oracle.json").write_text(json.dumps(told), encoding="ascii")
    (folder / "vocabulary_smollm2.js").write_text(smollm2_script(), encoding="ascii")
    smollm2, backend = adapt_tokenizer("smollm2"), load_smollm2()
    # It takes its time: what is assigned, then, and a block of each plane where nothing is.
    blocks = [*range(0, 0x34000, BLOCK), *range(0x40000, 0x110000, 0x10000)]
    told = what_is_told(smollm2.encode, smollm2.token_bytes, smollm2.size, blocks)
    told["marked"] = [
        (text, backend.encode(text).ids) for text in marked_texts(1000) if whole(text)
    ]
    (folder / "oracle_smollm2.json").write_text(json.dumps(told), encoding="ascii")
    return folder


def what_is_told(
    encode: Encode, token_bytes: TokenBytes, size: int, blocks: Iterable[int]
) -> dict[str, Any]:
    """Give what a tokenizer of Python says of many texts, of every character and of every id."""
    every = "\n".join(token.hex() for token in token_bytes(range(size)))
    return {
        "texts": [(text, encode(text)) for text in random_texts(2000)],
        "points": [(start, points_hash(start, encode)) for start in blocks],
        "ids": size,
        "bytes": hashlib.sha256(every.encode("ascii")).hexdigest(),
    }


def whole(text: str) -> bool:
    """Tell whether a text can be written as UTF-8, which tokenizers itself asks for."""
    return not re.search("[\ud800-\udfff]", text)


def run(*command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command beside the JavaScript tests, with the project's Node before any other."""
    path = os.pathsep.join([str(NODE.parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, **variables}
    return subprocess.run(
        command, cwd=JAVASCRIPT, env=environment, capture_output=True, text=True, check=False
    )


def test_the_tokenizer_equals_tiktoken_and_tokenizers_under_node(oracle):
    command = (NODE, "--test", "--test-reporter=tap", "tokenizing.test.mjs")
    finished = run(*command, ORACLE=str(oracle))
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert re.search(r"^# pass 2\d$", finished.stdout, re.MULTILINE), finished.stdout


# Its types -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def compiler() -> Path:
    """Give the TypeScript compiler of the lock file, fetched once."""
    installed = JAVASCRIPT / "node_modules" / "typescript"
    wanted = json.loads(LOCK.read_text("utf-8"))["packages"]["node_modules/typescript"]["version"]
    there = installed / "package.json"
    if not there.is_file() or json.loads(there.read_text("utf-8"))["version"] != wanted:
        fetched = run(NODE.parent / "npm", "ci", "--no-audit", "--no-fund", "--fetch-retries=1")
        if fetched.returncode != 0:
            sentence = (
                f"TypeScript {wanted} is missing, and `npm ci` in tests/javascript cannot get it"
            )
            if os.environ.get("CI"):
                pytest.fail(f"{sentence}:\n{fetched.stderr}")
            pytest.skip(sentence)
    return installed / "bin" / "tsc"


def test_the_explorers_scripts_have_the_types_they_say(compiler):
    finished = run(NODE, compiler, "--project", ".")
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_the_type_check_finds_a_wrong_type(compiler, tmp_path):
    source = "/** @param {string} text @returns {number} */\nexport const f = (text) => text;\n"
    (tmp_path / "wrong.js").write_text(source, encoding="utf-8")
    settings = {"extends": str(JAVASCRIPT / "tsconfig.json"), "include": [str(tmp_path / "*.js")]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    finished = run(NODE, compiler, "--project", tmp_path)
    assert "Type 'string' is not assignable to type 'number'" in finished.stdout


def test_the_lock_file_names_no_host():
    packages = json.loads(LOCK.read_text("utf-8"))["packages"]
    del packages[""]  # the project itself
    assert packages
    for name, locked in packages.items():
        assert "resolved" not in locked, name
        assert locked["integrity"].startswith("sha512-"), name
