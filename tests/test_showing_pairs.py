"""The table of anybody's batch: every number shown, in its place, and the findings marked."""

import re

import numpy as np
import pytest

from companion.auditing import audit
from companion.casebook import CASES
from companion.showing.pairs import PairTable


def cells_of(page):
    return re.findall(r"<td([^>]*)>(.*?)</td>", page)


def test_every_number_is_shown_inputs_over_targets():
    inputs, targets = [[5376, 257], [3124, 13]], [[257, -100], [13, 50256]]
    table = PairTable(inputs, targets)
    shown = [
        re.search(r"<small>(\d+)|^(-?\d+)", inner) for _, inner in cells_of(table._repr_html_())
    ]
    numbers = [int(found[1] or found[2]) for found in shown]
    assert numbers == [5376, 257, 257, -100, 3124, 13, 13, 50256]
    assert repr(table) == (
        "A batch: inputs over targets, each of shape (2, 2).\n"
        "row 0 inputs: Name ␣a\n"
        "row 0 targets: ␣a -100\n"
        "row 1 inputs: ␣color .\n"
        "row 1 targets: . end"
    )


def placed(page):
    """Give each cell by its row, its tensor and its column, from however many tables."""
    found = {}
    for table in re.findall(r"<table.*?</table>", page):
        columns = [int(head) for head in re.findall(r'<th scope="col">(\d+)</th>', table)]
        for row, name, cells in re.findall(r"<span>row (\d+)</span> (\w+)</th>(.*?)</tr>", table):
            for column, cell in zip(columns, cells_of(cells), strict=True):
                found[int(row), name, column] = cell
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.code)
def test_what_the_audit_names_is_marked_and_nothing_else(case):
    report = case.report()
    named = {cell for finding in report.findings for cell in finding.cells}
    cells = placed(PairTable(case.inputs, case.targets, report)._repr_html_())
    assert len(cells) == 2 * np.asarray(case.inputs).size
    marked = {place: inner for place, (marks, inner) in cells.items() if "outline" in marks}
    assert {(row, column) for row, _, column in marked} == named
    assert {name for _, name, _ in marked} <= {"targets"}
    assert all("found by the audit" in inner for inner in marked.values())


def test_a_look_says_what_is_learned_what_is_ignored_and_which_is_the_end_tokens_id():
    page = PairTable([[5376, 50256, 50256]], [[-100, 257, 50256]])._repr_html_()
    roles = {
        place: (re.findall(r'data-role="(\w+)"', marks) or [""])[0]
        for place, (marks, _) in placed(page).items()
    }
    assert roles == {
        (0, "inputs", 0): "",
        (0, "inputs", 1): "end",
        (0, "inputs", 2): "end",
        (0, "targets", 0): "ignored",
        (0, "targets", 1): "response",
        (0, "targets", 2): "end",
    }
    assert re.findall(r'<i data-role="(\w+)"', page) == ["response", "end", "ignored"]
    assert "learned" not in PairTable([[5]], [[-100]])._repr_html_()


@pytest.mark.parametrize(
    ("rows", "columns", "widths"),
    [(1, 14, [14]), (1, 30, [10, 10, 10]), (3, 15, [8, 7]), (5, 15, [15]), (1, 0, [])],
)
def test_a_few_long_rows_run_on_below_themselves(rows, columns, widths):
    numbers = 60_000 + np.arange(rows * columns).reshape(rows, columns)  # none is a token
    page = PairTable(numbers, numbers + 1)._repr_html_()
    shown = {place: int(inner) for place, (_, inner) in placed(page).items()}
    for row, column in np.ndindex(numbers.shape):
        assert shown.pop((row, "inputs", column)) == numbers[row, column]
        assert shown.pop((row, "targets", column)) == numbers[row, column] + 1
    assert shown == {}
    tables = re.findall(r"<table.*?</table>", page)
    assert [len(re.findall(r'<th scope="col">\d', own)) for own in tables] == widths
    names = [re.findall(r"<caption|aria-label", own) for own in tables]
    assert names == [["<caption"], *[["aria-label"]] * (len(widths) - 1)][: len(widths)]


def test_an_ignored_target_is_told_apart_without_color():
    ((_, given), (marks, inner)) = cells_of(PairTable([[5]], [[-100]])._repr_html_())
    assert 'data-role="ignored"' in marks
    assert inner == '-100<span class="bt-spoken">, ignored</span>'
    assert "ignored" not in given


def test_numbers_that_are_no_tokens_and_texts_that_are_markup_are_shown_as_they_are():
    table = PairTable([[27, 50257]], [[-1, 2**40]], title="<b>")
    assert repr(table).endswith(f"row 0 inputs: < 50257\nrow 0 targets: -1 {2**40}")
    page = table._repr_html_()
    assert "<style" not in page
    assert ' border="1" cellpadding="4">' in page
    assert "&lt;" in page
    assert "<b>" not in page


def test_tensors_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match=re.escape("found (1, 2) and (1, 3)")):
        PairTable([[1, 2]], [[1, 2, 3]])
    with pytest.raises(ValueError, match=re.escape("found (2,) and (2,)")):
        PairTable([1, 2], [1, 2])


def test_the_title_is_the_tables_name():
    report = audit([[5, 6, 7]], [[6, 7, 50256]])
    page = PairTable([[5, 6, 7]], [[6, 7, 50256]], report, "Case 1")._repr_html_()
    assert 'aria-label="Case 1, table"' in page
    assert "Case 1: inputs over targets, each of shape (1, 3)." in page
