"""The book as one PDF, as `make pdf` has just made it; `make test` makes none and skips this."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

if "PDF" not in os.environ:
    pytest.skip("`make pdf` prints the book, and runs this", allow_module_level=True)

from pypdf import PdfReader

from scripts.pdf import ROOT, contents

PAGES = contents(yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8")))


@pytest.fixture(scope="module")
def book() -> PdfReader:
    """Give the PDF that was made."""
    return PdfReader(ROOT / os.environ["PDF"])


def bookmarks(
    book: PdfReader, outline: Any = None, depth: int = 0
) -> Iterator[tuple[int, str, int]]:
    """Give each bookmark: how deep it is, its words, and the sheet it leads to."""
    for mark in book.outline if outline is None else outline:
        if isinstance(mark, list):
            yield from bookmarks(book, mark, depth + 1)
        else:
            yield depth, str(mark.title), book.get_destination_page_number(mark)


def test_every_page_of_the_book_is_a_bookmark_in_the_order_of_the_contents(book):
    marks = list(bookmarks(book))
    pages = [(title, sheet) for depth, title, sheet in marks if depth == 0]
    assert len(pages) == len(PAGES)
    assert pages[0][0] == "Inside the Batch"
    numbered = [title.split(".")[0] for title, _ in pages if title[0].isdigit()]
    assert numbered == [str(number) for number in range(len(numbered))]
    assert len(numbered) >= 15
    sheets = [sheet for _, _, sheet in marks]
    assert sheets == sorted(sheets)
    assert sum(depth == 1 for depth, _, _ in marks) > 100


def test_every_sheet_is_a4_and_most_hold_text_that_can_be_searched(book):
    assert {
        (round(float(s.mediabox.width)), round(float(s.mediabox.height))) for s in book.pages
    } == {(595, 842)}
    assert sum(bool(sheet.extract_text().strip()) for sheet in book.pages) > 0.9 * len(book.pages)


def test_what_is_folded_on_the_screen_is_open_on_paper(book):
    text = " ".join(" ".join(sheet.extract_text().split()) for sheet in book.pages)
    assert "Running this page yourself" in text
    assert 'pip install "inside-the-batch' in text
    assert "def pad_" in text


def test_links_between_pages_stay_within_the_book(book):
    links = [link.get_object() for sheet in book.pages for link in sheet.annotations or ()]
    addresses = [str(link["/A"]["/URI"]) for link in links if "/URI" in link.get("/A", {})]
    assert not [address for address in addresses if address.startswith("file:")]
    assert sum("/Dest" in link for link in links) > 500
