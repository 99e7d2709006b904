"""Print the built site as one PDF: every page in the order of the contents, with bookmarks.

    python scripts/pdf.py _build/html _build/inside-the-batch.pdf [PAGE...]

Each page is printed by Chromium on A4, as a reader would print it, with all that folds open;
then pypdf joins them. The bookmarks are the pages, and in each its headings. A link to another
page of the book leads to where that page begins in the PDF. Pages, such as book/glossary, may
be named; else they are all that the contents list. What is made is not for the repository.
"""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urldefrag

import yaml
from playwright.sync_api import sync_playwright
from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.generic import ArrayObject, NameObject, NullObject, TextStringObject

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # this file is run by its path

from companion.findings import SITE  # noqa: E402

QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def contents(toc: dict[str, Any]) -> list[str]:
    """Give the pages that a table of contents lists, in its order.

    >>> contents({"root": "a", "parts": [{"chapters": [{"file": "b"}, {"file": "c"}]}]})
    ['a', 'b', 'c']
    """

    def within(entry: dict[str, Any]) -> Iterator[str]:
        if "file" in entry:
            yield entry["file"]
        for key in ("parts", "chapters", "sections"):
            for inner in entry.get(key, []):
                yield from within(inner)

    return [toc["root"], *within(toc)]


def print_pages(site: Path, pages: list[str], folder: Path) -> None:
    """Print each page into a PDF of its own, 0.pdf and on, with its headings as bookmarks."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        page = browser.new_page(reduced_motion="reduce")
        for number, name in enumerate(pages):
            page.goto((site / f"{name}.html").as_uri(), wait_until="load")
            page.pdf(
                path=folder / f"{number}.pdf",
                prefer_css_page_size=True,
                print_background=True,
                outline=True,
                tagged=True,
            )
        browser.close()


def join(site: Path, pages: list[str], folder: Path) -> PdfWriter:
    """Join the printed pages, in order, and lead the links between them within the PDF."""
    writer, ranges = PdfWriter(), {}
    places: dict[str, ArrayObject] = {}  # by address; without a name, where a page begins
    for number, name in enumerate(pages):
        address = (site / f"{name}.html").as_uri()
        printed, first = PdfReader(folder / f"{number}.pdf"), len(writer.pages)
        writer.append(printed, import_outline=True)
        ranges[address] = writer.pages[first:]
        places[address] = place(ranges[address][0])
        for anchor, goal in printed.named_destinations.items():
            at = printed.get_destination_page_number(goal)
            if at is not None and at >= 0:
                address_of = f"{address}#{anchor.removeprefix('/')}"
                places[address_of] = place(ranges[address][at], goal.top)
    for address, sheets in ranges.items():
        for sheet in sheets:
            for link in sheet.annotations or ():
                lead_within(link.get_object(), address, places, site)
    writer.add_metadata({"/Title": "Inside the Batch", "/Author": "The Inside the Batch authors"})
    writer.page_mode = "/UseOutlines"
    return writer


def place(sheet: PageObject, top: Any = None) -> ArrayObject:
    """Give a place in a PDF: a sheet, and how high on it; without a height, its beginning."""
    height = NullObject() if top is None else top
    return ArrayObject(
        [sheet.indirect_reference, NameObject("/XYZ"), NullObject(), height, NullObject()]
    )


def lead_within(link: Any, page: str, places: dict[str, ArrayObject], site: Path) -> None:
    """Turn a link to a page of the site into one within the PDF, or to the public site."""
    named = link.get("/Dest")
    if isinstance(named, str):  # a place on the same page; other pages have its name, too
        address = f"{page}#{named.removeprefix('/')}"
    else:
        address = unquote(str(link.get("/A", {}).get("/URI", "")))
    within = places.get(address, places.get(urldefrag(address).url))
    if within is not None:
        link[NameObject("/Dest")] = within
        link.pop("/A", None)
    elif address.startswith(site.as_uri()):
        public = address.replace(site.as_uri(), SITE)
        link["/A"][NameObject("/URI")] = TextStringObject(public)


def main(site: str, target: str, *pages: str) -> None:
    """Print, join, and say how much came of it."""
    began = time.monotonic()
    chosen = list(pages) or contents(yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8")))
    with TemporaryDirectory() as folder:
        print_pages(Path(site).resolve(), chosen, Path(folder))
        writer = join(Path(site).resolve(), chosen, Path(folder))
        writer.write(target)
    size, seconds = Path(target).stat().st_size, time.monotonic() - began
    print(f"{target}: {len(writer.pages)} pages, {size / 1e6:.1f} MB, in {seconds:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
