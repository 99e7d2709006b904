"""What one looks things up in, by hand: words that explain themselves, messages that are found."""

import re
from urllib.parse import quote_plus

import pytest
from playwright.sync_api import expect

WORDS = "book/05_ignoring.html"


@pytest.fixture
def word(fresh, served):
    """Give the first word of a page that the glossary explains, and what it says of it."""
    fresh.goto(f"{served}/{WORDS}")
    link = fresh.locator("a.explained.word").first
    link.scroll_into_view_if_needed()
    return link, fresh.locator(f"#{link.get_attribute('aria-describedby')}")


def test_a_word_explains_itself_to_a_pointer_that_may_move_on_to_the_text(word):
    link, said = word
    expect(said).to_be_hidden()
    link.hover()
    expect(said).to_be_visible()
    box, line = said.bounding_box(), link.bounding_box()
    assert (
        0 <= box["y"] - (line["y"] + line["height"]) < 12 or box["y"] + box["height"] <= line["y"]
    )
    said.hover()
    link.page.wait_for_timeout(300)
    expect(said).to_be_visible()
    link.page.mouse.move(5, 5)
    expect(said).to_be_hidden()


def test_a_word_explains_itself_to_the_keyboard_and_escape_closes(word):
    link, said = word
    link.page.keyboard.press("Tab")  # a keyboard is in use
    link.focus()
    expect(said).to_be_visible()
    link.page.keyboard.press("Escape")
    expect(said).to_be_hidden()
    expect(link).to_be_focused()
    described = link.evaluate(
        "link => document.getElementById(link.getAttribute('aria-describedby'))"
    )
    assert described is not None
    link.page.keyboard.press("Enter")
    link.page.wait_for_url("**/glossary.html#term-*")


def test_the_first_tap_explains_a_word_and_the_second_follows_it(browser, site):
    with browser.new_context(has_touch=True, viewport={"width": 360, "height": 780}) as context:
        page = context.new_page()
        page.goto((site / WORDS).as_uri())
        link = page.locator("a.explained.word").first
        said = page.locator(f"#{link.get_attribute('aria-describedby')}")
        link.tap()
        expect(said).to_be_visible()
        box = said.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        assert "glossary" not in page.url
        page.get_by_role("heading", level=1).tap()
        expect(said).to_be_hidden()
        link.tap()
        link.tap()
        page.wait_for_url(re.compile(r"glossary\.html#term-"))


MESSAGES = (
    "RuntimeError: stack expects each tensor to be equal size, but got [5] at entry 0",
    "ValueError: Expected input batch_size (103) to match target batch_size (95).",
    "RuntimeError: Cannot re-initialize CUDA in forked subprocess.",
)


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_that_is_pasted_into_the_search_leads_to_the_questions(fresh, served, message):
    fresh.goto(f"{served}/search.html?q={quote_plus(message)}")
    found = fresh.locator("#search-results").get_by_role("link", name=re.compile("Questions"))
    expect(found.first).to_be_visible()


def test_the_sheet_is_one_page_on_paper(fresh, served):
    fresh.goto(f"{served}/book/sheet.html")
    printed = fresh.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
