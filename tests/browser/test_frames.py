"""`frames.js` in a real browser gives what `frames.py` gives, and the stored fixtures."""

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Browser

import companion
from companion.showing.frames import carry_tokens, constants, frames, read_state, talk_constants
from states import NO_STATES, random_state, random_talk_state

SOURCES = Path(companion.__file__).parent / "explorer"
SOURCE, TALKS = ((SOURCES / f"{name}.js").read_text("utf-8") for name in ("frames", "talks"))
FIXTURES = sorted((Path(__file__).parents[1] / "fixtures" / "frames").glob("*.json"))

RANDOM_STATES = int(os.environ.get("RANDOM_STATES", "200"))
"""How many random states of each kind are tried; to look farther afield, RANDOM_STATES=5000."""

CHUNK = 100

# Everything goes there and back as JSON in ASCII, which alone holds lone surrogates.
LOAD = """async ([source, talks, constants, ofTalks]) => {
  const fileOf = (text) => URL.createObjectURL(new Blob([text], {type: "text/javascript"}));
  const file = fileOf(source);
  globalThis.made = await import(file);
  globalThis.constants = JSON.parse(constants);
  const kind = await import(fileOf(talks.replace("./frames.js", file)));
  made.known.talks = {...kind, constants: JSON.parse(ofTalks)};
}"""
MAKE = """asked => JSON.stringify(JSON.parse(asked).map(({state, carried}) => {
  const before = JSON.stringify(state);
  const tokenizer = made.carriedTokenizer(carried);
  const frames = made.makeFrames(state, tokenizer, constants);
  if (JSON.stringify(state) !== before) throw new Error(`the state was changed: ${before}`);
  return frames;
}))"""
REFUSE = """asked => JSON.parse(asked).map(state => {
  try {
    made.makeFrames(state, {encode: () => [1], bytes: () => new Uint8Array(1)}, constants);
    return null;
  } catch (error) {
    return error.message;
  }
})"""

Make = Callable[[list[dict[str, Any]]], list[Any]]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Any]:
    """Give a page that holds nothing but the module."""
    page = browser.new_page()
    page.evaluate(LOAD, [SOURCE, TALKS, json.dumps(constants()), json.dumps(talk_constants())])
    yield page
    page.close()


@pytest.fixture(scope="module")
def make(page: Any) -> Make:
    """Give a function that has the browser make the frames for (state, carried) pairs."""
    return lambda asked: json.loads(page.evaluate(MAKE, json.dumps(asked)))


def carried(state: dict[str, Any]) -> dict[str, Any]:
    """Give the tokens that the browser is to be told for this state."""
    read = read_state(state)
    written = [item for item in read.items if not isinstance(item, list)]
    return carry_tokens(written, [read.style], whole=read.fault is not None)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_the_browser_gives_the_stored_frames(make, path):
    fixture = json.loads(path.read_text("ascii"))
    asked = {"state": fixture["state"], "carried": fixture["carried"]}
    assert make([asked]) == [fixture["frames"]]


@pytest.mark.parametrize("random_make", [random_state, random_talk_state])
@pytest.mark.parametrize("chunk", range(0, RANDOM_STATES, CHUNK))
def test_the_browser_gives_what_python_gives(make, chunk, random_make):
    states = [random_make(Random(f"frames {chunk + i}")) for i in range(CHUNK)]
    made = make([{"state": state, "carried": carried(state)} for state in states])
    for state, found in zip(states, made, strict=True):
        expected = json.loads(json.dumps(frames(state)))
        assert found == expected, f"for the state {json.dumps(state)}"


def test_what_is_no_state_is_an_error(page):
    complaints = page.evaluate(REFUSE, json.dumps([state for state, _ in NO_STATES]))
    for (state, pattern), complaint in zip(NO_STATES, complaints, strict=True):
        assert re.search(pattern, complaint or "taken for a state"), state


def test_a_text_that_the_page_does_not_carry_is_an_error(page):
    with pytest.raises(Exception, match='this page carries no tokens for "Hi'):
        page.evaluate(
            MAKE,
            json.dumps(
                [
                    {
                        "state": {
                            "entries": [{"instruction": "Hi", "input": "", "output": ""}],
                            "style": "plain",
                        },
                        "carried": {"ids": {}, "bytes": {}},
                    }
                ]
            ),
        )
