"""The minutes on a chapter's card are near what a count of the chapter gives.

The reckoning: prose is read at 180 words a minute, and a line of code in four seconds, with
what it prints; a prediction, a picture and a question of the quiz take half a minute each.
An exercise takes four minutes besides its text. A card may be five minutes off, or a fourth.
"""

import ast
import re

import pytest

from book.chapters import BOOK, cells, every_chapter, exercises, prose, quiz

WORDS_A_MINUTE = 180
MINUTES_A_LINE = 4 / 60
MINUTES_A_STOP = 1 / 2
MINUTES_AN_EXERCISE = 4
NOT_READ = r"```.*?```|<summary>Running.*?</details>|\]\([^)]*\)|<[^>]+>|:::\S*|:class: \w+"


def reading(text: str) -> float:
    """Give the minutes that a text takes, without code blocks, addresses and marks."""
    words = re.findall(r"\w[\w'’.-]*", re.sub(NOT_READ, " ", text, flags=re.DOTALL))
    return len(words) / WORDS_A_MINUTE


def reckoned(path) -> tuple[float, float]:
    """Give the minutes that a chapter takes to read and run, and those of its exercises."""
    text = prose(path)
    (before, to_do, after) = re.split(r"^## Exercises$|^## In practice$", text, flags=re.MULTILINE)
    code = [cell for cell in cells(path, "code") if "\ncheck(" not in cell.source]
    lines = sum(1 for cell in code for line in cell.source.splitlines() if line.strip())
    stops = text.count(":class: predict") + len(quiz(path).questions)
    pictures = [cell for cell in code if "text/html" in str(cell.outputs)]
    stops += sum(not re.search(r"StepLine\(|^Quiz\(", cell.source, re.M) for cell in pictures)
    asked = " ".join(
        f"{question.text} {choice.text} {choice.teaches}"
        for question in quiz(path).questions
        for choice in question.choices
    )
    read = reading(before + after + asked) + lines * MINUTES_A_LINE + stops * MINUTES_A_STOP
    return read, reading(to_do) + len(exercises(path)) * MINUTES_AN_EXERCISE


@every_chapter
def test_the_card_says_how_long_a_chapter_takes(path):
    card = re.search(r"\*\*Minutes\*\* (\d+) .*?(\d+) more", prose(path))
    assert card, "the card says: **Minutes** 20 to read and run, 15 more for the exercises"
    for said, found in zip(map(int, card.groups()), reckoned(path), strict=True):
        assert said == pytest.approx(found, abs=5, rel=0.25), f"{found:.0f} by the count"


def reckoned_module(source: str) -> float:
    """Give the minutes that a module takes to read: its docstrings as prose, the rest by line."""
    texts, prose_lines = [], set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                texts.append(text)
                prose_lines |= set(range(node.lineno, node.end_lineno + 1))
    lines = [
        line
        for number, line in enumerate(source.splitlines(), 1)
        if line.strip() and number not in prose_lines
    ]
    return reading("\n".join(texts)) + len(lines) * MINUTES_A_LINE


def test_the_readme_says_how_long_the_path_through_the_package_takes():
    readme = (BOOK.parent / "README.md").read_text(encoding="utf-8")
    (path,) = re.findall(r"## Read the package\n(.*?)\n## ", readme, re.DOTALL)
    (steps,) = re.findall(r"(\n1\. .*?)\n\n", path, re.DOTALL)
    modules = re.findall(r"\((companion/\w+\.py)\)", steps)
    assert len(modules) == 7
    found = sum(reckoned_module((BOOK.parent / name).read_text("utf-8")) for name in modules)
    (said,) = re.findall(r"about (\d+)\s+minutes", path)
    assert int(said) == pytest.approx(found, rel=0.25), f"{found:.0f} by the count"
    linked = re.findall(r"\]\(((?:companion|book)/[^)]+)\)", path)
    assert all((BOOK.parent / target).is_file() for target in linked)
