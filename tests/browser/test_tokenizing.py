"""`tokenizing.js` in a real browser, from a folder by double click, gives tiktoken's ids."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

import companion
from companion.publishing.vocabulary import vocabulary_script
from companion.tokenizing import gpt2_encode
from texts import random_texts

SOURCE = (Path(companion.__file__).parent / "explorer" / "tokenizing.js").read_text("utf-8")

RANDOM_TEXTS = int(os.environ.get("RANDOM_TEXTS", "2000"))
"""How many texts are tried; for a look farther afield, RANDOM_TEXTS=20000."""

CHUNK = 500

PAGE = """<!doctype html>
<meta charset="utf-8">
<title>The tokenizer</title>
<script src="vocabulary.js"></script>
<script src="tokenizing.js"></script>
"""

# Texts go there and back as JSON in ASCII, which alone holds halves of surrogate pairs.
ENCODE = """asked => {
  const utf8 = new TextEncoder();
  return JSON.parse(asked).map((text) => {
    const ids = tokenizer.encode(text);
    const bytes = ids.flatMap((id) => [...tokenizer.bytes(id)]);
    return [ids, bytes.join() === utf8.encode(text).join()];
  });
}"""

# Code points that the browser's own classes hold and the vocabulary's do not, or the reverse.
OTHER_CLASSES = r"""() => {
  const classes = {L: /^\p{L}$/u, N: /^\p{N}$/u, S: /^\s$/u, O: /^[^\s\p{L}\p{N}]$/u};
  const found = [];
  let point = 0;
  for (const run of gpt2Vocabulary.kinds.split(" ")) {
    const end = point + parseInt(run.slice(1), 36);
    for (; point < end; point += 1) {
      if (!classes[run[0]].test(String.fromCodePoint(point))) found.push(point);
    }
  }
  return found;
}"""

Encode = Callable[[list[str]], list[tuple[list[int], bool]]]


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
    (folder / "tokenizing.js").write_text(as_classic_script(SOURCE), encoding="utf-8")
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    page = browser.new_page()
    page.goto((folder / "index.html").as_uri())
    page.evaluate("window.tokenizer = makeTokenizer(gpt2Vocabulary), null")
    yield page
    page.close()


@pytest.fixture(scope="module")
def encode(page: Page) -> Encode:
    """Give a function that has the browser encode texts, and read them back."""
    return lambda texts: page.evaluate(ENCODE, json.dumps(texts))


def test_random_texts_have_tiktokens_ids_and_their_bytes_are_the_text(encode):
    texts = random_texts(RANDOM_TEXTS)
    for start in range(0, len(texts), CHUNK):
        chunk = texts[start : start + CHUNK]
        for text, (ids, same) in zip(chunk, encode(chunk), strict=True):
            assert ids == gpt2_encode(text), ascii(text)
            assert same, ascii(text)


def test_characters_that_the_browser_has_in_other_classes_have_tiktokens_ids(page, encode):
    """They differ by design, as in white space, and by the version of Unicode."""
    differing = page.evaluate(OTHER_CLASSES)
    assert {0xFEFF, 0x85} <= set(differing)
    texts = [f"{c}'s {c}{c}1{c}a  {c}" for c in map(chr, differing)]
    assert [ids for ids, _ in encode(texts)] == [gpt2_encode(text) for text in texts]
