"""The sources: every paper that a page links is in the list, with its number at arXiv."""

import re

from book.chapters import BOOK

BIB = (BOOK / "references.bib").read_text(encoding="utf-8")


def test_every_paper_that_a_page_links_is_in_the_list():
    pages = [*BOOK.glob("*.ipynb"), *BOOK.glob("*.md")]
    linked = {
        number
        for page in pages
        for number in re.findall(r"arxiv\.org/\w+/(\d+\.\d+)", page.read_text(encoding="utf-8"))
    }
    assert len(linked) >= 7
    assert linked <= set(re.findall(r"eprint = \{([\d.]+)\}", BIB))


def test_every_paper_in_the_list_is_cited_and_every_citation_is_in_the_list():
    pages = "\n".join(
        page.read_text("utf-8") for page in (*BOOK.glob("*.ipynb"), *BOOK.glob("*.md"))
    )
    cited = {key for keys in re.findall(r"\{cite:\w\}`([^`]+)`", pages) for key in keys.split(",")}
    assert cited == set(re.findall(r"^@\w+\{(\w+),", BIB, re.MULTILINE))
