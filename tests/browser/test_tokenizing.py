"""`tokenizing.js` in a real browser, from a folder by double click, gives Python's ids."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

import companion
from companion.adapting import adapt_tokenizer
from companion.publishing.vocabulary import smollm2_script, vocabulary_script
from companion.smollm2 import load_smollm2
from companion.tokenizing import gpt2_encode
from texts import marked_texts, random_texts

SOURCE = (Path(companion.__file__).parent / "explorer" / "tokenizing.js").read_text("utf-8")

RANDOM_TEXTS = int(os.environ.get("RANDOM_TEXTS", "2000"))
"""How many texts are tried; for a look farther afield, RANDOM_TEXTS=20000."""

CHUNK = 500

PAGE = """<!doctype html>
<meta charset="utf-8">
<title>The tokenizer</title>
<script src="vocabulary.js"></script>
<script src="vocabulary_smollm2.js"></script>
<script src="tokenizing.js"></script>
"""

# Texts go there and back as JSON in ASCII, which alone holds halves of surrogate pairs.
ENCODE = """([name, asked, isMarked]) => {
  const utf8 = new TextEncoder();
  const tokenizer = tokenizers[name];
  return JSON.parse(asked).map((text) => {
    const ids = tokenizer.encode(text, isMarked);
    const bytes = ids.flatMap((id) => [...tokenizer.bytes(id)]);
    return [ids, bytes.join() === utf8.encode(text).join()];
  });
}"""

# Code points that the browser's own classes hold and the vocabulary's do not, or the reverse.
OTHER_CLASSES = r"""(name) => {
  const [L, N, S, O] = [/^\p{L}$/u, /^\p{N}$/u, /^\s$/u, /^[^\s\p{L}\p{N}]$/u];
  const classes = {L, N, S, O, D: N};
  const found = [];
  let point = 0;
  for (const run of globalThis[`${name}Vocabulary`].kinds.split(" ")) {
    const end = point + parseInt(run.slice(1), 36);
    for (; point < end; point += 1) {
      if (!classes[run[0]].test(String.fromCodePoint(point))) found.push(point);
    }
  }
  return found;
}"""

Encode = Callable[[str, list[str], bool], list[tuple[list[int], bool]]]


def smollm2_encode(text: str) -> list[int]:
    """Encode text with SmolLM2's tokenizer, as everywhere in the companion."""
    return adapt_tokenizer("smollm2").encode(text)


ENCODERS = {"gpt2": gpt2_encode, "smollm2": smollm2_encode}


def as_classic_script(module: str) -> str:
    """Give a script that browsers run from a folder too, where they refuse modules."""
    plain = module.replace("export function", "function")
    assert "export" not in plain
    return f'(() => {{\n"use strict";\n{plain}\nwindow.makeTokenizer = makeTokenizer;\n}})();\n'


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Give a page of a folder, with the tokenizer and its vocabulary as classic scripts."""
    folder = tmp_path_factory.mktemp("tokenizer")
    (folder / "vocabulary.js").write_text(vocabulary_script(), encoding="ascii")
    (folder / "vocabulary_smollm2.js").write_text(smollm2_script(), encoding="ascii")
    (folder / "tokenizing.js").write_text(as_classic_script(SOURCE), encoding="utf-8")
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    page = browser.new_page()
    page.goto((folder / "index.html").as_uri())
    page.evaluate(
        "window.tokenizers = {gpt2: makeTokenizer(gpt2Vocabulary),"
        " smollm2: makeTokenizer(smollm2Vocabulary)}, null"
    )
    yield page
    page.close()


@pytest.fixture(scope="module")
def encode(page: Page) -> Encode:
    """Give a function that has the browser encode texts, and read them back."""
    return lambda name, texts, is_marked: page.evaluate(
        ENCODE, [name, json.dumps(texts), is_marked]
    )


def chunks(texts: list[str]) -> Iterator[list[str]]:
    """Give the texts in parts that are not too long to be sent."""
    for start in range(0, len(texts), CHUNK):
        yield texts[start : start + CHUNK]


@pytest.mark.parametrize("which", ENCODERS)
def test_random_texts_have_pythons_ids_and_their_bytes_are_the_text(encode, which):
    for chunk in chunks(random_texts(RANDOM_TEXTS)):
        for text, (ids, same) in zip(chunk, encode(which, chunk, False), strict=True):
            assert ids == ENCODERS[which](text), ascii(text)
            # Some bytes have no token with SmolLM2, and all of them become id 0.
            assert same or (which == "smollm2" and 0 in ids), ascii(text)


def test_marked_texts_have_the_ids_of_tokenizers(encode):
    texts = [text for text in marked_texts(RANDOM_TEXTS) if text.isascii() or is_whole(text)]
    assert len(texts) > RANDOM_TEXTS / 2
    for chunk in chunks(texts):
        for text, (ids, _) in zip(chunk, encode("smollm2", chunk, True), strict=True):
            assert ids == load_smollm2().encode(text).ids, ascii(text)


def is_whole(text: str) -> bool:
    """Tell whether a text can be written as UTF-8, which tokenizers itself asks for."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


@pytest.mark.parametrize("which", ENCODERS)
def test_characters_that_the_browser_has_in_other_classes_have_pythons_ids(page, encode, which):
    """They differ by design, as in white space, and by the version of Unicode."""
    differing = page.evaluate(OTHER_CLASSES, which)
    assert {0xFEFF, 0x85} <= set(differing)
    texts = [f"{c}'s {c}{c}1{c}a  {c}" for c in map(chr, differing)]
    assert [ids for ids, _ in encode(which, texts, False)] == [ENCODERS[which](t) for t in texts]
