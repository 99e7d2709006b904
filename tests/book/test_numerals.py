"""Every number in the prose was computed: an output beside it has it, or it has a source.

A number counts as computed when a code cell of its section (from one `##` to the next) holds or
prints it. The exercises and sections without cells (quiz, summary) speak of the whole page. What is
drawn does not count, nor the plain text that stands for it where nothing is drawn: a table's
ids and positions and a picture's coordinates would let most small numbers pass. A number counts as
cited when its paragraph links to where it comes from. Left out are what is no claim: code
blocks, addresses, headings, the card's minutes, the choices of a quiz (most are wrong on
purpose), and the numbers of questions, steps and chapters.
"""

import re
from pathlib import Path
from statistics import mean

from nbformat import NotebookNode

from book.chapters import BOOK, every_chapter, read
from companion import END_ID, IGNORE_INDEX

NUMBER = r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?!\w)"
NOT_CLAIMS = (
    r"```.*?```",
    r"<summary>.*?</summary>",
    r"^#+ .*$",
    r"^.*\*\*Minutes.*$",
    r"^(?:\*\*)?\d+\. ",
    r"\b[Cc]hapters? \d+(?:(?:,| and| to) \d+)*",
    r"\b[Ss]teps? \d+(?:(?:,| and| to) \d+)*",
    r"\b[Ee]xercise \d+",
    r"^\| \d+ to \d+ \|",  # the minutes of a plan
    r"\b(?:Llama|Qwen|Gemma) ?\d(?:\.\d)?(?!\w)",
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


def sections(path: Path) -> list[tuple[str, list[str], list[NotebookNode]]]:
    """Give a chapter's sections: the heading, the pieces of prose, the code cells."""
    found: list[tuple[str, list[str], list[NotebookNode]]] = [("", [], [])]
    for cell in read(path).cells:
        if cell.cell_type == "code":
            found[-1][2].append(cell)
            continue
        for part in re.split(r"^(?=## )", cell.source, flags=re.MULTILINE):
            if part.startswith("## "):
                found.append((part.splitlines()[0], [], []))
            found[-1][1].append(part)
    return found


def said(cell: NotebookNode) -> str:
    """Give what a code cell says in words: its source and what it prints, nothing drawn."""
    texts = [cell.source]
    for output in cell.outputs:
        data = output.get("data", {})
        drawn = any(kind.startswith(("text/html", "image/")) for kind in data)
        texts += [output.get("text", ""), "" if drawn else data.get("text/plain", "")]
    return "\n".join(texts)


def with_computed(path: Path) -> list[tuple[str, list[str], set[str]]]:
    """Give a chapter's sections: the heading, the prose, the numbers that may stand in it."""
    parts = sections(path)
    computed = [set().union(*(numbers(said(cell)) for cell in code)) for _, _, code in parts]
    everywhere = set().union(*computed)
    named = {str(IGNORE_INDEX), str(END_ID)}  # two names that are numbers
    return [
        (heading, text, (here if code and heading != "## Exercises" else everywhere) | named)
        for (heading, text, code), here in zip(parts, computed, strict=True)
    ]


@every_chapter
def test_every_number_in_the_prose_is_computed_or_cited(path):
    found = {heading: orphans(text, computed) for heading, text, computed in with_computed(path)}
    assert {heading: numbers for heading, numbers in found.items() if numbers} == {}


@every_chapter
def test_few_numbers_would_pass_by_chance(path):
    passing = {
        heading: sum(str(number) in computed for number in range(1, 101))
        for heading, _, computed in with_computed(path)
    }
    assert max(passing.values()) <= 35, passing
    assert mean(passing.values()) <= 20, passing


def test_a_number_that_is_drawn_is_not_computed():
    drawn = {"text/html": "<td>17</td>", "text/plain": "17"}
    for data, kept in (({"text/plain": "17"}, {"3", "17"}), (drawn, {"3"})):
        cell = NotebookNode(source="show(3)", outputs=[NotebookNode(data=data)])
        assert numbers(said(cell)) == kept


def test_the_pages_without_cells_state_no_number_of_their_own():
    """Nor any that is not in an example of its section; tests/book/test_teaching.py runs these."""
    for path in BOOK.glob("*.md"):
        for section in re.split(r"^(?=## )", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
            examples = re.findall(r"^```python\n(>>> .*?)```", section, re.DOTALL | re.MULTILINE)
            # What the cards say, which test_minutes.py reckons.
            section = re.sub(r"\[Start here \(\d+ minutes\)\]", "", section)
            assert orphans([section], numbers("\n".join(examples))) == set(), path.name


def test_an_orphan_is_found():
    assert orphans(["The block has 18 slots, 5 of them pads."], {"18"}) == {"5"}
    assert orphans(["Chapter 03 says [17](https://example.org) so."], set()) == set()
