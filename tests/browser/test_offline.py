"""The folder, opened by double click: no server, no network, and nothing missing."""

import re

from playwright.sync_api import expect

from browser.conftest import CHAPTER, FRONT, far


def test_a_page_opens_from_the_folder_and_misses_nothing(opened, site, name):
    found = opened((site / name).as_uri())
    assert far(found.requests) == []
    assert found.complaints == []
    assert found.page.get_by_role("heading", level=1).count() == 1


def test_the_folders_first_page_leads_to_the_book(opened, site):
    page = opened((site / "index.html").as_uri()).page
    page.wait_for_url("**/book/index.html")
    expect(page.get_by_role("heading", name="Inside the Batch", level=1)).to_be_visible()


def test_an_old_address_leads_to_the_chapter(opened, site):
    page = opened((site / "book/14_ranks.html").as_uri()).page
    page.wait_for_url("**/book/12_ranks.html")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ranks")


def test_a_chapter_is_reached_and_left_by_its_links(opened, site):
    page = opened((site / FRONT).as_uri()).page
    page.get_by_role("main").get_by_role("link", name="pad", exact=True).click()
    page.wait_for_url("**/03_padding.html")
    page.get_by_role("link", name=re.compile("Inside the Batch")).first.click()
    page.wait_for_url("**/book/index.html")


def test_a_solution_unfolds_in_the_folder(opened, site):
    page = opened((site / CHAPTER).as_uri()).page
    solution = page.get_by_role("group").filter(has=page.get_by_text("Solution", exact=True)).first
    solution.get_by_text("Solution", exact=True).click()
    expect(solution.get_by_text("def ").first).to_be_visible()
