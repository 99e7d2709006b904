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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.code)
def test_what_the_audit_names_is_marked_and_nothing_else(case):
    report = case.report()
    named = {cell for finding in report.findings for cell in finding.cells}
    page = PairTable(case.inputs, case.targets, report)._repr_html_()
    width = np.asarray(case.inputs).shape[1]
    marked = set()
    for number, (marks, inner) in enumerate(cells_of(page)):
        line, column = divmod(number, width)
        if "outline" in marks:
            assert line % 2 == 1, "only targets are marked"
            assert "found by the audit" in inner
            marked.add((line // 2, column))
    assert marked == named


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
