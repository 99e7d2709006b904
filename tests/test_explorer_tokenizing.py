"""The browser's vocabulary and tokenizer: packed right, small, equal to tiktoken, typed."""

import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tiktoken

from companion.publishing.vocabulary import merges, vocabulary, vocabulary_script
from companion.tokenizing import END_ID, gpt2_encode, gpt2_token_bytes
from texts import random_texts

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


def points_hash(start: int) -> str:
    """Give a hash of the ids that a block of code points has in company."""
    characters = (chr(point) for point in range(start, start + BLOCK))
    ids = gpt2_encode("".join(f"{c}'s {c}\n" for c in characters))
    return hashlib.sha256(np.array(ids, dtype="<u2").tobytes()).hexdigest()


@pytest.fixture(scope="module")
def oracle(tmp_path_factory) -> Path:
    """Give a folder with the vocabulary's script, and with what tiktoken says."""
    folder = tmp_path_factory.mktemp("oracle")
    every = "\n".join(token.hex() for token in gpt2_token_bytes(range(END_ID + 1)))
    told = {
        "texts": [(text, gpt2_encode(text)) for text in random_texts(2000)],
        "points": [points_hash(start) for start in range(0, 0x110000, BLOCK)],
        "ids": END_ID + 1,
        "bytes": hashlib.sha256(every.encode("ascii")).hexdigest(),
    }
    (folder / "vocabulary.js").write_text(vocabulary_script(), encoding="ascii")
    (folder / "oracle.json").write_text(json.dumps(told), encoding="ascii")
    return folder


def run(*command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command beside the JavaScript tests, with the project's Node before any other."""
    path = os.pathsep.join([str(NODE.parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, **variables}
    return subprocess.run(
        command, cwd=JAVASCRIPT, env=environment, capture_output=True, text=True, check=False
    )


def test_the_tokenizer_equals_tiktoken_under_node(oracle):
    command = (NODE, "--test", "--test-reporter=tap", "tokenizing.test.mjs")
    finished = run(*command, ORACLE=str(oracle))
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert re.search(r"^# pass 1\d$", finished.stdout, re.MULTILINE), finished.stdout


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
