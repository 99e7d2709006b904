"""What the search page searches: the text of every page, section by section, as one script.

Takes the built pages and gives a classic script, since a page that was opened by double click
may load nothing else. What it leaves out: the search itself, which is `search.js`.
"""

import json
import re
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path

UNREAD = ("script", "style", "svg", "button", "select", "option")
"""Elements whose text no one looks for,"""

UNREAD_CLASSES = ("headerlink", "collapsed", "expanded")
"""and classes of such elements: the signs of the theme's own."""

EMPTY = ("br", "img", "input", "hr", "path", "rect", "line", "circle", "use", "meta", "link")
"""Elements that have no end."""

BLOCKS = ("p", "li", "pre", "td", "th", "tr", "div", "summary", "h1", "h2", "h3", "h4", "br", "dt")
"""Elements at which a word ends."""

LED_TO = re.compile(r".*/companion_\w+")
"""Pages of docstrings, to which the companion's index leads, and whose text is left out."""

Section = tuple[str, str, str]
"""Its anchor, its heading, its text."""


class PageText(HTMLParser):
    """Reads a built page; `sections`: those of its article, the first with its title."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[list[str]] = []  # anchor, heading, text; of each section
        self._open: list[int] = []  # which of them are open
        self._unread: list[str] = []  # elements that are open within one that is not read
        self._heading = False

    @property
    def sections(self) -> list[Section]:
        """Anchor, heading and text of each section, its subsections left out."""
        every = [[" ".join(part.split()) for part in own] for own in self._parts]
        return [(anchor, heading, text) for anchor, heading, text in every]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a section, a heading, or what is not read."""
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        if self._unread or tag in UNREAD or any(name in UNREAD_CLASSES for name in classes):
            self._unread += [tag] if tag not in EMPTY else []
        elif tag == "section" and given.get("id"):
            self._open.append(len(self._parts))
            self._parts.append([given["id"] or "", "", ""])
        elif re.fullmatch("h[1-6]", tag):
            self._heading = True
        if tag in BLOCKS:
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        """End what was begun."""
        if self._unread:
            if tag in self._unread:  # with it ends what its author did not end
                del self._unread[len(self._unread) - 1 - self._unread[::-1].index(tag) :]
        elif tag == "section" and self._open:
            self._open.pop()
        elif re.fullmatch("h[1-6]", tag):
            self._heading = False
        if tag in BLOCKS:
            self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        """Add text to the section that it stands in."""
        if self._open and not self._unread:
            self._parts[self._open[-1]][1 if self._heading else 2] += data


def read_page(page: str) -> list[Section]:
    """Give the sections of a built page.

    >>> read_page('<section id="a"><h1>A<a class="headerlink">#</a></h1><p>-100 &lt;</p></section>')
    [('a', 'A', '-100 <')]
    """
    reader = PageText()
    reader.feed(page)
    return reader.sections


def search_script(site: Path, pages: Iterable[str]) -> str:
    """Give the script: `[page, sections]` for each of the `pages` of the built `site`."""
    told = []
    for name in pages:
        if LED_TO.fullmatch(name):
            continue
        sections = read_page((site / f"{name}.html").read_text(encoding="utf-8"))
        if sections:
            told.append([f"{name}.html", sections])
    packed = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return f"globalThis.searchTexts = {packed};\n"
