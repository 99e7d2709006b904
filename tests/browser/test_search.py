"""The search page, by double click and over http: what is found, and where it stands."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from browser.conftest import THEMES, dress, resize


@pytest.fixture(params=["http", "file"])
def searched(request, opened, site, served):
    """Give a function that opens the search page with a query, in either way."""
    root = served if request.param == "http" else site.as_uri()
    return lambda query: opened(f"{root}/search.html?q={query}")


def found(page):
    return page.locator("#search-results").get_by_role("listitem")


def test_a_word_is_shown_where_it_stands_and_its_link_leads_there(searched):
    opened = searched("contaminates")
    expect(found(opened.page)).not_to_have_count(0)
    for place in found(opened.page).all():
        assert re.match("contaminat", place.locator("mark").first.inner_text(), re.IGNORECASE)
    link = found(opened.page).first.get_by_role("link")
    page, anchor = link.get_attribute("href").split("#")
    assert opened.complaints == []
    link.click()
    opened.page.wait_for_url(f"**/{page}#{anchor}")
    expect(opened.page.locator(f"[id='{anchor}']")).to_be_in_viewport()


def test_a_number_with_its_sign_is_found_and_no_other(searched):
    opened = searched("-100")
    marks = opened.page.locator("#search-results mark").all_inner_texts()
    assert len(marks) > 10
    assert set(marks) <= {"-100", "\N{MINUS SIGN}100"}
    assert opened.complaints == []


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("pad", "3. Pad: rows of unequal length become one block"),
        ("%22expected sequence of length%22", "Questions, by what you saw"),
        ("%3C%7Cendoftext%7C%3E", None),
        ("supervises responses", None),  # by their stems
        ("shuffle [worker]", 0),
        ("%3Cimg src=x onerror=alert(1)%3E", 0),
    ],
)
def test_what_people_look_for_is_found(opened, site, query, title):
    page = opened(f"{site.as_uri()}/search.html?q={query}").page
    status = page.locator("#search-results").get_by_role("status")
    if title == 0:
        expect(status).to_contain_text("Nothing found for")
        assert page.locator("#search-results img").count() == 0
    else:
        expect(status).to_contain_text(re.compile(r"^\d+ places? in \d+ pages?"))
        if title:
            expect(found(page).first.get_by_role("link")).to_have_text(re.compile(f"^{title}"))


def test_the_magnifier_stays_off_the_text_and_all_of_it_is_legible(searched):
    page = searched("padding").page
    field = page.get_by_role("main").get_by_role("searchbox")
    expect(field).to_have_value("padding")
    sign = page.get_by_role("main").locator("form .fa-magnifying-glass").bounding_box()
    inside = field.evaluate("box => parseFloat(getComputedStyle(box).paddingLeft)")
    assert sign["x"] + sign["width"] <= field.bounding_box()["x"] + inside
    for width, theme in zip((360, 1280), THEMES, strict=True):
        resize(page, width)
        dress(page, theme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        answer = Axe().run(page, options={"resultTypes": ["violations"]}).response
        assert [own["id"] for own in answer["violations"]] == []
