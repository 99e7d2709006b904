"""Findings: each rule can be worded, and a report reads as text, as HTML, as JSON and raises."""

import html
import json
import re
import tomllib
from pathlib import Path
from string import Formatter

import pytest

from companion.findings import RULES, SITE, AuditError, Findings, Report
from companion.tokenizing import gpt2_decode

ROOT = Path(__file__).parent.parent
TALLY = {"shape": [3, 5], "tokens": 12, "padding_share": 0.2, "targets": 15, "supervised": 9}


def report_of(*codes, decode=gpt2_decode, **slots):
    found = Findings(3, decode)
    for code in codes:
        found.add(code, [1], [(1, 1)], [50256], **slots)
    return Report(found.worded(), TALLY)


def slots_of(rule):
    return {name for _, name, _, _ in Formatter().parse(rule.sentence) if name} - {"where"}


@pytest.mark.parametrize("code", RULES)
def test_every_rule_is_worded_and_its_chapter_is_named_by_number(code):
    rule = RULES[code]
    assert rule.severity in {"error", "note", "undetermined"}
    (finding,) = report_of(code, **dict.fromkeys(slots_of(rule), "SLOT")).findings
    assert "{" not in finding.sentence
    assert finding.sentence.count("SLOT") == len(slots_of(rule))
    assert finding.sentence.endswith(".")
    assert finding.cure.endswith(".")
    assert finding.link == f"{SITE}/book/{rule.chapter}.html"
    assert (ROOT / "book" / f"{rule.chapter}.ipynb").is_file()
    assert re.fullmatch("[a-z]+(-[a-z]+)+", code)


def test_the_links_lead_to_the_projects_own_site():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["urls"]["Documentation"] == SITE


def test_a_report_is_read_as_text():
    assert str(report_of("end-ignored")) == (
        "audit: 1 error; inputs of shape (3, 5), 20.0% padding; 9 of 15 targets supervised\n"
        "error end-ignored: Row 1: the end token's target is ignored, so the model is not "
        "taught to stop.\n"
        "  found: '<|endoftext|>'\n"
        "  cure: Find the padding by position, not by comparing with the pad id.\n"
        f"  see: {SITE}/book/05_ignoring.html"
    )
    assert repr(report_of("end-ignored")) == str(report_of("end-ignored"))


def test_the_headline_counts_each_severity():
    codes = ("response-cut", "no-end-token", "end-ignored", "positions-missing")
    assert report_of(*codes).headline.startswith("2 errors, 2 notes; inputs of shape (3, 5)")
    assert report_of("padding-undetermined").headline.startswith("1 undetermined; ")
    assert report_of().headline.startswith("nothing found; ")


def test_findings_are_named_in_the_order_of_the_rules_and_merged_by_code():
    found = Findings(4, None)
    found.add("response-cut", [3])
    found.add("end-ignored", [2], [(2, 7)], [5])
    found.add("end-ignored", [0], [(0, 4)], [6])
    end, cut = found.worded()
    assert (end.code, end.rows, end.cells, end.text) == (
        "end-ignored", (0, 2), ((0, 4), (2, 7)), "ids 5",
    )  # fmt: skip
    assert (cut.code, cut.rows, cut.cells, cut.text) == ("response-cut", (3,), (), "")


def test_a_report_is_stored_as_json():
    stored = json.loads(report_of("end-ignored").to_json())
    assert stored["tally"] == TALLY
    (finding,) = stored["findings"]
    assert finding["code"] == "end-ignored"
    assert finding["severity"] == "error"
    assert finding["rows"] == [1]
    assert finding["cells"] == [[1, 1]]


def test_a_report_shows_each_findings_severity_by_word_sign_and_color_its_rows_and_its_cure():
    report = report_of("end-ignored", "response-cut", "padding-undetermined")
    page = report._repr_html_()
    assert page.startswith(
        "<div class='audit-report'>Audit: 1 error, 1 note, 1 undetermined; inputs of shape (3, 5)"
    )
    shown = re.findall(
        r"<li class='ar-(\w+)'[^>]*solid (#\w+)'><strong[^>]*background:(#\w+);[^>]*>"
        r"<span aria-hidden='true'>(.)</span> (\w+)</strong>",
        page,
    )
    assert shown == [
        ("error", "#a3251c", "#a3251c", "\N{BALLOT X}", "error"),
        ("undetermined", "#6b4e00", "#6b4e00", "?", "undetermined"),
        ("note", "#00578a", "#00578a", "i", "note"),
    ]
    for finding in report.findings:
        assert f"<strong>Cure</strong>: {html.escape(finding.cure)}" in page
        assert f"<a href='{finding.link}'>{finding.code}</a><br><strong>Row 1</strong>: " in page
    assert report._repr_html_() == page
    assert "<style" not in page


def test_no_text_can_break_a_report():
    page = report_of("end-ignored", decode=lambda ids: "<b>&")._repr_html_()
    assert "the end token&#x27;s target is ignored" in page
    assert "Found: <code>&#x27;&lt;b&gt;&amp;&#x27;</code>" in page
    assert "<b>" not in page


def test_a_report_without_findings_is_shown_as_a_sentence_with_its_sign():
    page = report_of()._repr_html_()
    assert re.sub("<[^>]*>", "", page) == (
        "\N{CHECK MARK} Audit: nothing found; inputs of shape (3, 5), 20.0% padding; "
        "9 of 15 targets supervised."
    )


def test_errors_are_raised_and_notes_are_not():
    report_of().raise_errors()
    report_of("response-cut", "padding-undetermined").raise_errors()
    report = report_of("response-cut", "end-ignored")
    assert [finding.code for finding in report.errors] == ["end-ignored"]
    with pytest.raises(AuditError, match=re.escape(str(report))):
        report.raise_errors()


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([2], "Row 2"),
        ([0, 3], "Rows 0 and 3"),
        ([0, 1, 2, 3, 4, 5], "Rows 0, 1, 2, 3, 4 and 5"),
        ([0, 1, 2, 3, 4, 5, 6], "Rows 0, 1, 2, 3, 4 and 2 more"),
        (list(range(9)), "Every row"),
    ],
)
def test_rows_are_named_as_few_or_as_all(rows, named):
    found = Findings(9, None)
    found.add("end-ignored", rows)
    assert found.worded()[0].sentence.startswith(f"{named}: the end token's target is ignored")


def test_ids_without_a_text_are_shown_as_ids():
    def refuse(ids):
        raise KeyError(ids)

    for decode in (None, refuse):
        assert report_of("end-ignored", decode=decode).findings[0].text == "ids 50256"
