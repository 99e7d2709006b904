"""Slides by double click: the explorer is alive on them, and a click lands where it is made."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from browser.conftest import far, must_have
from browser.test_explorer import click_slot

DECK = "slides/05_ignoring.html"


@pytest.fixture
def deck(site: Path, fresh: Page) -> Iterator[Page]:
    """Give a deck that was opened from its folder, and see that it complained of nothing."""
    must_have((site / DECK).is_file(), "there are no slides; `make slides` cuts them")
    requests: list[str] = []
    complaints: list[str] = []
    fresh.on("request", lambda request: requests.append(request.url))
    fresh.on("requestfailed", lambda request: complaints.append(request.url))
    fresh.on("pageerror", lambda error: complaints.append(str(error)))
    fresh.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    fresh.goto((site / DECK).as_uri())
    expect(fresh.locator(".reveal.ready")).to_be_visible()
    yield fresh
    assert complaints == []
    assert far(requests) == []


def turn_to_explorer(page: Page) -> Locator:
    """Go to the first slide with an explorer, and give it."""
    page.evaluate("""() => {
      const slide = document.querySelector("batch-explorer").closest("section");
      const groups = [...slide.parentElement.parentElement.children];
      const place = [...slide.parentElement.children].indexOf(slide);
      location.hash = `#/${groups.indexOf(slide.parentElement)}/${place}`;
    }""")
    explorer = page.locator("section.present > section.present batch-explorer")
    expect(explorer.locator("[data-part=map]")).to_be_visible()
    return explorer


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080), (360, 780)])
def test_a_click_on_the_map_lands_on_the_slot_under_it(deck, width, height):
    deck.set_viewport_size({"width": width, "height": height})
    explorer = turn_to_explorer(deck)
    for row, column in ((1, 1), (2, 4), (0, 3)):
        click_slot(explorer, row, column)
        expect(explorer.get_by_role("slider")).to_have_attribute(
            "aria-valuetext", re.compile(f"row {row} targets, column {column}:")
        )


def test_keys_within_the_explorer_turn_no_slide_and_others_do(deck):
    explorer = turn_to_explorer(deck)
    here = deck.url
    explorer.get_by_role("tab", selected=True).focus()
    for key in ("ArrowRight", "ArrowLeft", "Home", "End", " ", "n", "o", "t"):
        deck.keyboard.press(key)
    assert deck.url == here
    expect(deck.locator("body.with-notes")).to_have_count(0)
    deck.evaluate("document.activeElement.blur()")
    deck.keyboard.press("ArrowRight")
    expect(deck).not_to_have_url(here)
    deck.keyboard.press("t")
    expect(deck.locator("body.with-notes")).to_have_count(1)


def test_the_speakers_window_opens_by_double_click_and_turns_the_slides(deck):
    with deck.context.expect_page() as opening:
        deck.keyboard.press("s")
    speaker = opening.value
    expect(speaker.locator(".speaker-controls-notes .value")).to_contain_text("import")
    speaker.keyboard.press("ArrowRight")
    expect(deck).to_have_url(f"{deck.url.split('#')[0]}#/1")


def test_on_paper_each_slide_is_a_page_and_its_notes_are_the_next(deck, site):
    slides = deck.locator(".slides > section > section").count()
    noted = deck.locator(".slides aside.notes").count()
    deck.goto("about:blank")
    deck.goto(f"{(site / DECK).as_uri()}?view=print&showNotes=separate-page")
    expect(deck.locator(".pdf-page")).to_have_count(slides)
    assert deck.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") >= slides + noted


def test_nothing_keeps_people_out_of_a_slide(deck):
    deck.keyboard.press("ArrowRight")
    deck.keyboard.press("ArrowRight")
    found = Axe().run(deck, options={"preload": False})
    assert found.violations_count == 0, found.generate_report()
