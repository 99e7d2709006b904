"""Every number in the prose was computed: it is in an output of its page, or has a source.

A number counts as computed when a code cell of the chapter holds or prints it, and as
cited when its paragraph links to where it comes from. Left out are what is no claim: code
blocks, addresses, headings, the card's minutes, the choices of a quiz (most are wrong on
purpose), and the numbers of steps and chapters.
"""

import re

from book.chapters import BOOK, cells, every_chapter, printed

NUMBER = r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?!\w)"
NOT_CLAIMS = (
    r"```.*?```",
    r"<summary>.*?</summary>",
    r"^#+ .*$",
    r"^.*\*\*Minutes.*$",
    r"\b[Cc]hapters? \d+(?:(?:,| and| to) \d+)*",
    r"\b[Ss]teps? \d+(?:(?:,| and| to) \d+)*",
    r"\b[Ee]xercise \d+",
    r"\bGPT-2\b|\bPhi-3\b|\bUTF-8\b|\bPython 3\.\d+\b|\bint64\b|\bCC BY 4\.0\b",
)


def numbers(text: str) -> set[str]:
    """Give the numbers of a text, without the commas between thousands."""
    return {found.replace(",", "") for found in re.findall(NUMBER, text)}


def orphans(markdown: list[str], computed: set[str]) -> set[str]:
    """Give the numbers of paragraphs that are neither computed nor cited."""
    found = set()
    text = "\n\n".join(markdown)
    for pattern in NOT_CLAIMS:
        text = re.sub(pattern, " ", text, flags=re.DOTALL if "?```" in pattern else re.MULTILINE)
    for paragraph in re.split(r"\n\s*\n|\n(?=[-*|\d] )", text):
        if not re.search(r"\]\(https?://|\{cite", paragraph):
            found |= numbers(re.sub(r"\]\([^)]*\)|<[^>]+>", " ", paragraph))
    return {n for n in found if n not in computed and n.lstrip("-") not in computed}


@every_chapter
def test_every_number_in_the_prose_is_computed_or_cited(path):
    code = cells(path, "code")
    computed = set().union(*(numbers(cell.source) | numbers(printed(cell)) for cell in code))
    assert orphans([cell.source for cell in cells(path, "markdown")], computed) == set()


def test_the_pages_without_cells_state_no_number_of_their_own():
    for path in BOOK.glob("*.md"):
        assert orphans([path.read_text(encoding="utf-8")], set()) == set(), path.name


def test_an_orphan_is_found():
    assert orphans(["The block has 18 slots, 5 of them pads."], {"18"}) == {"5"}
    assert orphans(["Chapter 03 says [17](https://example.org) so."], set()) == set()
