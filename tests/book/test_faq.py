"""The questions: each message is really printed, next to a cure, and can be found by its words."""

import re

import nbformat
import pytest

from book import test_notebooks as form
from book.chapters import BOOK, printed, read
from book.test_numerals import orphans, with_computed

FAQ = BOOK / "faq.ipynb"
WITHOUT = "Messages without a cell"
MESSAGES = (
    "Rows that do not fit together",
    "What tokenizers and files say",
    "What the loss says",
    "What the loader says",
)


def answers() -> dict[str, dict[str, list[nbformat.NotebookNode]]]:
    """Give the cells of each answer, by the heading of its part and its own."""
    found: dict[str, dict[str, list[nbformat.NotebookNode]]] = {}
    part = title = ""
    for cell in read(FAQ).cells:
        if cell.cell_type == "code":
            found.get(part, {}).get(title, []).append(cell)
            continue
        for level, heading in re.findall(r"^(##+) (.*)$", cell.source, re.MULTILINE):
            if level == "##":
                part, title = heading, ""
                found[part] = {}
            else:
                title = heading
                found[part][title] = [cell]
    return found


ANSWERS = [(title, cells) for part in MESSAGES for title, cells in answers()[part].items()]


@pytest.mark.parametrize(("title", "cells"), ANSWERS, ids=[title for title, _ in ANSWERS])
def test_a_message_is_printed_by_a_cell_of_its_answer_and_another_cell_cures_it(title, cells):
    _, *code = cells
    shown = " ".join(printed(cell) for cell in code)
    said = [message.split("…") for message in re.findall(r"`([^`]+)`", title)]
    # Of two names for one fault, the second may be that of another version.
    assert any(all(piece.strip() in shown for piece in pieces) for pieces in said) or (
        "nan" in title and "tensor(nan)" in shown
    )
    assert len(code) >= 2


def test_only_what_needs_other_machines_has_no_cell():
    without = [
        title
        for part, found in answers().items()
        for title, cells in found.items()
        if len(cells) == 1 and part in (*MESSAGES, WITHOUT)
    ]
    assert without == [*answers()[WITHOUT]]
    assert len(without) == 4


def test_the_list_at_the_top_leads_to_every_answer():
    (listed,) = [cell.source for cell in read(FAQ).cells if cell.source.startswith("**Rows")]
    titles = [title for part, found in answers().items() if part != "Choices" for title in found]
    links = re.findall(r"^- \[(.*)\]\(#([^)]*)\)$", listed, re.MULTILINE)
    assert [title for title, _ in links] == titles
    for title, anchor in links:
        assert anchor == re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize(
    "claim",
    [
        form.test_cells_were_run_from_top_to_bottom,
        form.test_cell_ids_are_stable,
        form.test_no_widget_state_is_stored,
        form.test_no_error_and_no_stderr_is_stored,
        form.test_no_output_differs_from_one_run_to_the_next,
        form.test_every_cell_is_run_and_none_may_fail,
        form.test_floats_are_printed_to_at_most_four_digits,
    ],
    ids=lambda claim: claim.__name__,
)
def test_what_is_asked_of_a_chapters_cells_holds_of_the_questions(claim):
    claim(FAQ)


def test_the_questions_state_no_number_of_their_own():
    found = {heading: orphans(text, computed) for heading, text, computed in with_computed(FAQ)}
    assert {heading: numbers for heading, numbers in found.items() if numbers} == {}
