"""Exercises in the page: Python by double click says what CPython says, and outlives anything."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from book.chapters import WITH_EXERCISES, exercises, imports, solutions
from book.wrong_answers import WRONG_ANSWERS
from browser.conftest import CHAPTER, far, must_have
from companion.answering.engine import RUNNABLE
from companion.answering.trying import try_answer

SCRIPT = "_static/python.js"
# The editors' script hides its engine; the same parts are put on the page by a test's own name.
ASK = """async (answers) => {
  const python = globalThis.testedPython;
  const told = [];
  for (const answer of answers) told.push(await python.tryAnswer(answer));
  return told;
}"""


@pytest.fixture(scope="module")
def engine(site) -> None:
    """Fail where the site was built without its Python."""
    must_have((site / SCRIPT).is_file(), "the site was built without its Python; run `make book`")


def answers() -> list[dict[str, Any]]:
    """Give every stub, solution and wrong answer of every exercise that runs in a page."""
    found = []
    for path in WITH_EXERCISES:
        stubs, right = exercises(path), solutions(path)
        for name in stubs:
            if name in RUNNABLE:
                sources = [stubs[name].split("\ncheck(")[0], right[name]]
                sources += [source for source, _ in WRONG_ANSWERS[name]]
                found += [{"source": s, "name": name, "imports": imports(path)} for s in sources]
    return found


@pytest.fixture(scope="module")
def chapter(engine, browser, site) -> Iterator[Page]:
    """Give a chapter, opened from the folder, and an engine under a name that tests know.

    One page for all, so that Python starts anew only where an answer has spoiled it.
    """
    page = browser.new_context().new_page()
    page.route("**/answers.js*", lambda route: route.fulfill(body=exposed(site)))
    page.goto((site / CHAPTER).as_uri())
    yield page
    page.context.close()


def exposed(site: Path) -> str:
    """Give the editors' script with the engine that it makes laid open."""
    script = (site / "_static" / "answers.js").read_text("utf-8")
    made = "const python = makePython(address);"
    assert script.count(made) == 1
    return script.replace(made, f"{made} globalThis.testedPython = python;")


def ask(page: Page, *given: dict[str, Any]) -> list[dict[str, Any]]:
    """Ask the page's engine, one answer after the other."""
    return page.evaluate(ASK, list(given))


def test_every_answer_gets_the_very_sentence_of_cpython(chapter):
    given = answers()
    assert len(given) > 250
    differing = []
    for answer, theirs in zip(given, ask(chapter, *given), strict=True):
        ours = try_answer(**answer, seconds=60)
        # The page's Python is newer, and one of its own messages has lost a word.
        lost = "float division by zero", "division by zero"
        if (theirs["right"], theirs["sentence"]) != (
            ours["right"], ours["sentence"].replace(*lost)
        ):  # fmt: skip
            differing.append((answer["name"], theirs["sentence"], ours["sentence"]))
    assert differing == []


GOOD = {
    "source": "def rounded_width(width, multiple):\n    return -(-width // multiple) * multiple",
    "name": "rounded_width",
    "imports": "",
}
RIGHT = re.compile(r"rounded_width: right, on all \d+ cases\.")
HOSTILE = {
    "a loop without end": (
        "def rounded_width(width, multiple):\n    while True:\n        width += 0",
        r"stopped after 5 seconds, at line [23]\. Does a loop never end\?",
    ),
    "a loop that catches its end": (
        "def rounded_width(width, multiple):\n    while True:\n        try:\n"
        "            width += 0\n        except BaseException:\n            pass",
        r"stopped after [59] seconds",
    ),
    "a recursion without end": (
        "def rounded_width(width, multiple):\n    return rounded_width(width, multiple)",
        "raises RecursionError|Python itself broke off",
    ),
    "a list nested too deep": (
        "def rounded_width(width, multiple):\n    found = []\n    for _ in range(100_000):\n"
        "        found = [found]\n    return found",
        "Python itself broke off|There|not yet",
    ),
    "a module patched": (
        "import random\nrandom.Random.randint = lambda self, a, b: 1\nimport builtins\n"
        "builtins.repr = lambda value: 'x'\ndef rounded_width(width, multiple):\n    return 1",
        "not yet",
    ),
    "the checker patched": (
        "import companion.checking\ncompanion.checking._holds = lambda *given: True\n"
        "def rounded_width(width, multiple):\n    return 1",
        "right|not yet",
    ),
    "a question to nobody": (
        "def rounded_width(width, multiple):\n    return input()",
        "raises EOFError",
    ),
    "an end of the program": ("import sys\nsys.exit()", "SystemExit"),
    "no function": ("x = 1", "There is no function rounded_width in your answer"),
    "no Python": ("def rounded_width(width:", "SyntaxError"),
    "a file of the reader's": (
        "def rounded_width(width, multiple):\n    return open('/etc/hosts').read()",
        "raises FileNotFoundError",
    ),
    "another host": (
        "import js\ndef rounded_width(width, multiple):\n    js.fetch('/x')\n"
        "    return js.XMLHttpRequest.new()",
        "not yet|Error",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_an_answer_does_is_told_and_spoils_no_later_one(chapter, kind):
    source, expected = HOSTILE[kind]
    requests: list[str] = []
    chapter.on("request", lambda request: requests.append(request.url))
    told, good = ask(chapter, {"source": source, "name": "rounded_width", "imports": ""}, GOOD)
    assert re.search(expected, told["sentence"])
    assert RIGHT.fullmatch(good["sentence"])
    assert good["right"] is True
    assert far(requests) == []


def test_what_is_printed_is_cut(chapter):
    source = "print('x' * 10_000_000)\n" + GOOD["source"]
    (told,) = ask(chapter, {**GOOD, "source": source})
    assert told["printed"] == "x" * 20_000
    assert told["right"]


def test_two_exercises_at_once_each_get_their_own_sentence(chapter):
    bad = {**GOOD, "source": "def rounded_width(width, multiple):\n    return width"}
    told = chapter.evaluate(
        "answers => Promise.all(answers.map(testedPython.tryAnswer))", [bad, GOOD, bad]
    )
    assert [one["right"] for one in told] == [False, True, False]


def test_a_reader_writes_checks_and_finds_the_draft_again(chapter):
    chapter.reload()
    box = chapter.get_by_label("Your answer: rounded_width")
    status = chapter.locator(".ans", has=box).get_by_role("status")
    assert not any("python.js" in url for url in loaded(chapter))  # nothing before it is asked for
    box.press("Control+Enter")
    expect(status).to_contain_text("rounded_width: not attempted yet", timeout=60_000)
    assert any("python.js" in url for url in loaded(chapter))
    box.fill("")
    box.press_sequentially("def rounded_width(width, multiple):\nif multiple:\nreturn width")
    assert box.input_value() == (
        "def rounded_width(width, multiple):\n    if multiple:\n        return width"
    )
    chapter.locator(".ans", has=box).get_by_role("button", name="Check").click()
    expect(status).to_contain_text("The answer is a whole number of multiples.", timeout=20_000)
    chapter.reload()
    assert "return width" in box.input_value()
    box.fill(GOOD["source"])
    box.press("Control+Enter")
    expect(status).to_contain_text("right, on all", timeout=60_000)
    chapter.locator(".ans", has=box).get_by_role("button", name="Begin anew").click()
    assert box.input_value() == "def rounded_width(width, multiple):\n    ...\n"


def test_tab_indents_and_escape_lets_it_go(chapter):
    box = chapter.get_by_label("Your answer: rounded_width")
    box.fill("one\ntwo")
    box.press("Control+a")
    box.press("Tab")
    assert box.input_value() == "    one\n    two"
    box.press("Shift+Tab")
    assert box.input_value() == "one\ntwo"
    box.press("Escape")
    box.press("Tab")
    expect(chapter.locator(".ans", has=box).get_by_role("button", name="Check")).to_be_focused()


def test_what_a_page_cannot_have_is_said_with_the_way_to_it(chapter):
    box = chapter.get_by_label("Your answer: rounded_width")
    box.fill("import numpy as np\n" + GOOD["source"])
    box.press("Control+Enter")
    status = chapter.locator(".ans", has=box).get_by_role("status")
    expect(status).to_contain_text("write it with lists, or take the notebook", timeout=60_000)


def loaded(page: Page) -> list[str]:
    """Give the addresses of the scripts of a page."""
    return page.evaluate("[...document.scripts].map(script => script.src)")


def test_a_chapter_about_tensors_has_editors_for_all_but_that_exercise(engine, browser, site):
    page = browser.new_context().new_page()
    page.goto((site / "book/10_loading.html").as_uri())
    assert page.locator(".ans label code").all_text_contents() == ["worker_batches", "step_time"]
    page.context.close()
