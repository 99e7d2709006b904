"""A report as HTML: each finding with its severity, its rows and its cure.

Takes findings and a headline, and gives HTML that needs no style sheet: in Jupyter the looks
come with it, on the site a sheet repeats them, for dark pages too, and where both are refused
words and signs remain. What it leaves out: the report as text, which `companion.findings` has.
"""

import html
from collections.abc import Sequence
from typing import Protocol

from companion.wording import RULES

LOOKS = {
    "error": ("\N{BALLOT X}", "#a3251c"),
    "note": ("i", "#00578a"),
    "undetermined": ("?", "#6b4e00"),
    "nothing found": ("\N{CHECK MARK}", "#00664b"),
}
"""The sign of each severity and its colour, on which white text is legible."""


class Told(Protocol):
    """What is shown of a finding."""

    @property
    def code(self) -> str: ...
    @property
    def severity(self) -> str: ...
    @property
    def sentence(self) -> str: ...
    @property
    def cure(self) -> str: ...
    @property
    def link(self) -> str: ...
    @property
    def text(self) -> str: ...


def report_html(headline: str, findings: Sequence[Told]) -> str:
    """Give a report as HTML; the same findings always give the same.

    >>> report_html("nothing found", [])[-27:]
    'Audit: nothing found.</div>'
    """
    if not findings:
        sign = _sign("nothing found", "")
        return f"<div class='audit-report'>{sign} Audit: {html.escape(headline)}.</div>"
    told = "".join(map(_finding, findings))
    return (
        f"<div class='audit-report'>Audit: {html.escape(headline)}."
        f"<ul style='list-style:none;margin:0;padding:0'>{told}</ul></div>"
    )


def _finding(finding: Told) -> str:
    _, colour = LOOKS[finding.severity]
    where, of, rest = finding.sentence.partition(": ")
    rule = RULES.get(finding.code)
    if rule is None or not rule.sentence.startswith("{where}: "):
        where, of, rest = "", "", finding.sentence  # it is about no rows in particular
    placed = f"<strong>{html.escape(where)}</strong>{of}" if where else ""
    found = f"<br>Found: <code>{html.escape(finding.text)}</code>" if finding.text else ""
    return (
        f"<li class='ar-{finding.severity}' style='margin:.5em 0;padding:.3em .8em;"
        f"border-left:4px solid {colour}'>{_sign(finding.severity, finding.severity)} "
        f"<a href='{finding.link}'>{finding.code}</a><br>{placed}{html.escape(rest)}{found}"
        f"<br><strong>Cure</strong>: {html.escape(finding.cure)}</li>"
    )


def _sign(severity: str, word: str) -> str:
    sign, colour = LOOKS[severity]
    return (
        f"<strong class='ar-sign' style='padding:.1em .5em;background:{colour};color:#fff'>"
        f"<span aria-hidden='true'>{sign}</span>{f' {word}' if word else ''}</strong>"
    )
