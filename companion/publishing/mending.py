"""What is wrong in the pages that the theme writes, and how each defect is mended.

Takes the HTML of a finished page and gives it without requests to other hosts, and with
what a screen reader or a keyboard needs. Each repair stands beside the public thread in which
the defect is known, where there is one, so that it can go when the theme no longer has it.
"""

import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import Any

from companion.findings import SITE

REPAIRS: tuple[tuple[str, str], ...] = (
    # The theme's icons as a script, 543 KB of the page's weight; the icons of the style sheet
    # draw the same. https://github.com/pydata/pydata-sphinx-theme/issues/2379
    (r'<script[^>]*src="[^"]*scripts/fontawesome\.js[^"]*"[^>]*></script>', ""),
    # What sphinx-thebe leaves in every page, though nothing here starts a kernel.
    # https://github.com/jupyter-book/jupyter-book/issues/1603
    (r'<script type="text/x-thebe-config">.*?</script>', ""),
    (r"<script>kernelName = '[^']*'</script>", ""),
    # Sphinx's search, which shows no text where a page may fetch none, and drops all that is no
    # word, such as -100; ours does both. https://github.com/sphinx-doc/sphinx/issues/10407
    (r'<script src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*"[^>]*></script>', ""),
    # A folded cell is named by a label that contradicts what can be seen, and is dressed as
    # an admonition. No thread is known.
    (
        r'<details class="admonition (hide [^"]*)">\s*<summary aria-label="[^"]*">\s*'
        r'<p class="collapsed admonition-title">(.*?)</p>\s*'
        r'<p class="expanded admonition-title">(.*?)</p>\s*</summary>',
        r'<details class="\1"><summary><span class="collapsed">\2</span>'
        r'<span class="expanded">\3</span></summary>',
    ),
    # The arrow that folds the pages below another in the contents has no name.
    # https://github.com/pydata/pydata-sphinx-theme/pull/1582
    (
        r'<summary>(<span class="toctree-toggle")',
        r'<summary aria-label="The pages below">\1',
    ),
    # The sidebar is no landmark, so the book's name in it belongs to no part of the page.
    # https://github.com/pydata/pydata-sphinx-theme/pull/1454
    (
        r'<div id="pst-primary-sidebar"',
        '<div id="pst-primary-sidebar" role="complementary" aria-label="The book"',
    ),
    # A list of sources has a role that is no longer one, in a list that then has no items.
    # No thread is known.
    (r'(<div class="citation"[^>]*) role="doc-biblioentry"', r"\1"),
    # The list around them, which says of itself what it then does not hold. No thread is known.
    (r'<div role="list" class="citation-list">', '<div class="citation-list">'),
)
"""Patterns, and what stands in their place."""


FITS = 40
"""So many characters of what a cell printed stand side by side on a phone."""

FITTED = (46, 50, 54)
"""So many, where the type is smaller and smaller; what is wider is wrapped."""


def without_far_scripts(scripts: Iterable[Any]) -> list[Any]:
    """Leave out the scripts that name another host, and those that need them."""
    return [
        script
        for script in scripts
        if "thebe" not in str(getattr(script, "filename", script)).lower()
        and "THEBE_JS_URL" not in str(getattr(script, "attributes", {}).get("body", ""))
    ]


def mend_page(page: str) -> str:
    """Apply every repair to a page.

    >>> mend_page("<p>1</p><script>kernelName = 'python3'</script>")
    '<p>1</p>'
    """
    for pattern, instead in REPAIRS:
        page = re.sub(pattern, instead, page, flags=re.DOTALL)
    # A finding that a chapter shows links to the public site; here the chapters stand
    # beside each other, and the folder may be read where there is no network.
    page = page.replace(f"<a href='{SITE}/book/", "<a href='")
    return _named_columns(_distinct_regions(_by_lines(page)))


def _by_lines(page: str) -> str:
    """Make a line of its own of each line that a cell printed, so that where it wraps it hangs.

    Where a line stands in columns with its neighbours, the whole is as small as lets it stand
    so on a phone, and says how wide it is.
    """

    def lines(found: re.Match[str]) -> str:
        head, text = found.groups()
        printed = text.removesuffix("\n").split("\n")
        if any(line.count("<span") != line.count("</span>") for line in printed):
            return found[0]  # a colour that goes over several lines
        shown = "\n</span>".join(f'<span class="line">{line}' for line in printed)
        width = _columns_width([html.unescape(re.sub("<[^>]*>", "", line)) for line in printed])
        fitted = next((f' class="fit-{most}"' for most in FITTED if width <= most), "")
        marked = head if width <= FITS else head.replace("<pre", f"<pre{fitted}")
        return f"{marked}{shown}\n</span></pre>"

    outputs = r'(<div class="output (?:text_plain|stream)[^>]*>\s*<div class="highlight"><pre>)'
    return re.sub(f"{outputs}(.*?)</pre>", lines, page, flags=re.DOTALL)


def _columns_width(lines: Sequence[str]) -> int:
    """Give the width of those lines that stand in columns with the line before or after.

    >>> _columns_width(["static   538 MB", "dynamic   23 MB", "a sentence about the two of them"])
    15
    """
    ruled = [bool(re.search(r"\S {2,}\S|^ *[\[(].*[\])],?$", line)) for line in lines]
    beside = [
        len(re.sub(r"\)?, dtype=.*", "", line))
        for line, *near in zip(lines, ruled, [False, *ruled], [*ruled[1:], False], strict=False)
        if near[0] and any(near[1:])
    ]
    return max(beside, default=0)


def _named_columns(page: str) -> str:
    """Give each cell of a table of text its column's name, which is shown on a phone."""

    def name(table: re.Match[str]) -> str:
        heads = re.findall(r"<th\b[^>]*>(.*?)</th>", table[0], flags=re.DOTALL)
        names = [re.sub(r"<[^>]+>", "", head).strip().replace('"', "&quot;") for head in heads]
        if not names:
            return table[0]
        columns = cycle(names)
        return re.sub("<td", lambda _: f'<td data-column="{next(columns)}"', table[0])

    return re.sub(r'<table class="table">.*?</table>', name, page, flags=re.DOTALL)


def _distinct_regions(page: str) -> str:
    """Add a number to the name of a region that has another's name."""
    seen: Counter[str] = Counter()

    def name(found: re.Match[str]) -> str:
        seen[found[2]] += 1
        number = f" {seen[found[2]]}" if seen[found[2]] > 1 else ""
        return f'{found[1]}{found[2]}{number}"'

    return re.sub(r'(<div class="bt-scroll"[^>]* aria-label=")([^"]*)"', name, page)
