"""What holds for every page of the site, over http, in light and dark, wide and narrow."""

import gzip
import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from axe_playwright_python.sync_playwright import Axe

from browser.conftest import CHAPTER, SITE, WIDTHS, far, resize

HERE = Path(__file__).parent

EXCLUDED: tuple[tuple[str, str], ...] = ()
"""What axe-core is told to pass over: a selector, and the thread where the defect is known."""

PAGE_BUDGET = 500_000
OWN_BUDGET = 40_000
SEARCHED, SEARCHED_BUDGET = "_static/search_texts.js", 230_000
"""The text of the whole book, which the search page alone loads."""
OWN = ("batch-table.css", "book.css", "explorer.css", "explorer.js", "page.js")


def test_a_page_asks_no_other_host_and_does_not_complain(visit, name):
    opened = visit(name)
    assert far(opened.requests) == []
    assert opened.complaints == []


def test_axe_finds_nothing_on_a_page(visit, name):
    opened, axe = visit(name), Axe()
    found = {}
    for mode in opened.modes(settle=True):
        # Both widths and both themes are seen, once each: what axe looks at, but for contrast,
        # is the page's structure. Contrast takes most of the time and is looked at in the dark;
        # `contrast.js` below is stricter and runs in every mode.
        if mode not in (("light", 360), ("dark", 1280)):
            continue
        with_contrast = mode == ("dark", 1280)
        options = {
            "preload": False,  # style sheets are not fetched a second time
            "resultTypes": ["violations"],
            "rules": {"color-contrast": {"enabled": with_contrast}},
        }
        context = {"exclude": [[selector] for selector, _ in EXCLUDED]} if EXCLUDED else None
        answer = axe.run(opened.page, context=context, options=options).response
        for violation in answer["violations"]:
            targets = [node["target"] for node in violation["nodes"][:3]]
            found[(violation["id"], *mode)] = (len(violation["nodes"]), targets)
    assert found == {}


def test_text_is_legible(visit, name):
    opened = visit(name)
    measure = (HERE / "contrast.js").read_text(encoding="utf-8")
    for mode in opened.modes():
        measured = opened.page.evaluate(measure)
        assert measured["seen"] > 0
        assert measured["found"] == [], mode


def test_a_page_never_scrolls_sideways(visit, name):
    opened = visit(name)
    for mode in opened.modes():
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= mode[1], mode


def test_what_a_cell_prints_is_read_without_scrolling_sideways(visit, name):
    opened = visit(name)
    wide = """() => {
      const folded = [...document.querySelectorAll("details:not([open])")];
      folded.forEach((own) => (own.open = true));
      const every = [...document.querySelectorAll(".cell_output .highlight pre")];
      const found = every.filter((pre) => pre.scrollWidth > pre.clientWidth + 1);
      const shown = found.map((pre) => pre.textContent.slice(0, 80));
      folded.forEach((own) => (own.open = false));
      return shown;
    }"""
    for width in WIDTHS:
        resize(opened.page, width)
        assert opened.page.evaluate(wide) == [], width
    resize(opened.page, WIDTHS[0])


def test_headings_go_down_one_level_at_a_time(visit, name):
    levels = visit(name).page.evaluate(
        "[...document.querySelectorAll('main :is(h1, h2, h3, h4, h5, h6)')]"
        ".filter(heading => heading.checkVisibility()).map(heading => +heading.tagName[1])"
    )
    assert levels[:1] == [1]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_pictures_have_words(visit, name):
    page = visit(name).page
    assert page.locator("img:not([alt])").count() == 0
    for picture in page.locator("main figure svg").all():
        assert picture.locator("xpath=ancestor::figure").get_attribute("aria-label")


def test_the_first_thing_that_the_keyboard_reaches_skips_to_the_text(visit, name):
    page = visit(name).page
    page.evaluate("document.activeElement?.blur(); scrollTo(0, 0)")
    page.keyboard.press("Tab")
    focused = page.evaluate(
        "[document.activeElement.textContent.trim(), document.activeElement.hash]"
    )
    if "search" not in name:  # that page begins in its search field
        assert focused == ["Skip to main content", "#main-content"]
    assert page.locator("main#main-content").count() == 1


def test_a_page_is_light(visit, name):
    paths = {unquote(urlsplit(address).path).lstrip("/") for address in visit(name).requests}
    weights = {path: compressed(SITE / path) for path in paths if (SITE / path).is_file()}
    assert f"_static/{OWN[0]}" in weights
    assert weights.pop(SEARCHED, 0) < SEARCHED_BUDGET
    assert sum(weights.values()) < PAGE_BUDGET, sorted(weights.items(), key=lambda item: -item[1])
    own = [weight for path, weight in weights.items() if Path(path).name in OWN]
    assert len(own) == len(OWN)
    assert sum(own) < OWN_BUDGET


def compressed(path: Path) -> int:
    """Give the bytes that a server sends for a file; fonts and pictures are compressed already."""
    held = path.read_bytes()
    packed = path.suffix in (".woff2", ".png")
    return len(held) if packed else len(gzip.compress(held, mtime=0))


def test_a_page_names_no_far_script_and_shows_no_widget(site, name):
    html = (site / name).read_text(encoding="utf-8")
    beside_links = re.sub(r'<a [^>]*href="[^"]*"', "", html)
    far_names = r"\b(?:cdn|unpkg|jsdelivr|cloudflare|googleapis)\b"
    assert not re.search(far_names, beside_links)
    assert not re.search(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(?:https?:)?//', html)
    assert not re.search(r"\b(?:IntSlider|VBox|HBox|Dropdown|Output|FigureWidget)\(", html)
    assert "application/vnd.jupyter" not in html


def test_every_table_of_a_batch_can_be_read(visit, name):
    page = visit(name).page
    tables = page.locator(".batch-table:not(.batch-steps)")  # those are pictures
    for table in tables.all():
        named = table.locator("caption, table[aria-label]").count()
        assert named == table.locator("table").count() > 0
        assert table.locator("td").count() > 0
    if name == CHAPTER:
        assert tables.count() >= 2
