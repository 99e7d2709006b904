"""What an audit has found: findings with their places, counted and bounded, and the report.

`companion.wording` has the sentences. `companion.auditing` finds. What it leaves out: any
judgement. Chapter 08.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from companion.reporting import report_html
from companion.tokenizing import Decode
from companion.wording import RULES, Rule

__all__ = ["RULES", "SITE", "AuditError", "Finding", "Findings", "Found", "Report", "Rule"]

CELLS = 4096
"""So many places of a finding are kept, and all are counted."""

SITE = "https://inside-the-batch.github.io/inside-the-batch"
"""Where the chapters stand that the findings point to."""


@dataclass(frozen=True)
class Finding:
    """One thing found. `cells`: its (row, column) places; `text`: tokens at the first of them.

    `count`: how many places there are; of more than 4,096, that many are in `cells`.
    """

    code: str
    severity: str
    sentence: str
    cure: str
    link: str
    rows: tuple[int, ...]
    cells: tuple[tuple[int, int], ...] = ()
    text: str = ""
    count: int = 0

    def __str__(self) -> str:
        lines = [f"{self.severity} {self.code}: {self.sentence}"]
        if self.count > len(self.cells):
            lines += [f"  places: {self.count:,}, of which {len(self.cells):,} are kept"]
        lines += [f"  found: {self.text}"] if self.text else []
        return "\n".join([*lines, f"  cure: {self.cure}", f"  see: {self.link}"])


class AuditError(ValueError):
    """A batch with errors, or of which the end is not known; the message is the report."""


@dataclass(frozen=True)
class Found:
    """What was found, of a batch or of a file: the findings, and what can be asked of them."""

    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that are proven to be wrong."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def codes(self) -> tuple[str, ...]:
        """The code of each finding, in order."""
        return tuple(finding.code for finding in self.findings)

    def raise_errors(self) -> None:
        """Raise `AuditError`, with this report as its message, if there is an error in it.

        An end that is not known is reason enough: a batch is not cleared of what hides there.
        """
        if self.errors or "end-unknown" in self.codes:
            raise AuditError(str(self))

    def to_json(self) -> str:
        """Give the whole report as JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2)

    @property
    def headline(self) -> str:
        """One sentence: how many findings of each severity."""
        return self.severities

    @property
    def severities(self) -> str:
        """How many findings of each severity, in words."""
        found = [finding.severity for finding in self.findings]
        counts = [
            f"{found.count(severity)} {severity}{plural}"
            for severity, s in (("error", "s"), ("note", "s"), ("undetermined", ""))
            if (plural := s if found.count(severity) > 1 else "") or severity in found
        ]
        return ", ".join(counts) or "nothing found"

    def _repr_html_(self) -> str:
        return report_html(self.headline, self.findings)


@dataclass(frozen=True)
class Report(Found):
    """What an audit found, and the tally of the batch: its shape, its tokens, its shares."""

    tally: dict[str, Any]

    @property
    def headline(self) -> str:
        """One sentence: how many findings of each severity, and the tally."""
        return (
            f"{super().headline}; inputs of shape "
            f"{tuple(self.tally['shape'])}, {self.tally['padding_share']:.1%} padding; "
            f"{self.tally['supervised']} of {self.tally['targets']} targets supervised"
        )

    def __str__(self) -> str:
        return "\n".join([f"audit: {self.headline}", *map(str, self.findings)])

    __repr__ = __str__


class Findings:
    """Collects what is found, and words it at the end, when all rows are known."""

    def __init__(self, rows: int, decode: Decode | None) -> None:
        self.rows = rows
        self.decode = decode
        self._kept: dict[str, _Kept] = {}

    def add(
        self,
        code: str,
        rows: Iterable[int],
        cells: NDArray[np.integer] | Sequence[tuple[int, int]] = (),
        ids: Iterable[int] = (),
        cure: str | None = None,
        count: int | None = None,
        **slots: Any,
    ) -> None:
        """Note a finding; `ids` are tokens to show, `slots` fill what its sentence leaves open.

        `cure`: said instead of the rule's own, where that one was followed already. `count`: of
        the places, where `cells` are the first of them.
        """
        kept = self._kept.setdefault(code, _Kept(slots, cure))
        kept.rows.update(np.unique(np.asarray(rows, dtype=np.int64)).tolist())
        kept.count += len(cells) if count is None else count
        kept.cells += [(int(row), int(column)) for row, column in cells[: CELLS - len(kept.cells)]]
        if kept.text is None:
            kept.text = self._show(np.asarray(ids, dtype=np.int64))

    @property
    def codes(self) -> tuple[str, ...]:
        """The code of each finding so far."""
        return tuple(self._kept)

    def take(self, other: "Findings", numbers: Sequence[int]) -> None:
        """Take what another has collected, of the rows that have these numbers here."""
        for code, theirs in other._kept.items():
            kept = self._kept.setdefault(code, _Kept(theirs.slots, theirs.cure, theirs.text))
            kept.rows.update(numbers[row] for row in theirs.rows)
            kept.count += theirs.count
            room = CELLS - len(kept.cells)
            kept.cells += [(numbers[row], column) for row, column in theirs.cells[:room]]

    def worded(self, one: str = "Row", many: str = "Rows") -> tuple[Finding, ...]:
        """Give the findings in the order of the rules; rows may have another name."""
        return tuple(
            self._word(code, rule, one, many) for code, rule in RULES.items() if code in self._kept
        )

    def _word(self, code: str, rule: Rule, one: str, many: str) -> Finding:
        kept = self._kept[code]
        rows = sorted(kept.rows)
        where = name_places(rows, self.rows, one, many)
        return Finding(
            code,
            rule.severity,
            rule.sentence.format(where=where, **kept.slots),
            kept.cure or rule.cure,
            f"{SITE}/book/{rule.chapter}.html",
            tuple(rows),
            tuple(sorted(set(kept.cells))),
            kept.text or "",
            kept.count if len(kept.cells) == CELLS else len(set(kept.cells)),
        )

    def _show(self, ids: NDArray[np.int64]) -> str:
        more = "" if len(ids) <= 12 else f" and {len(ids) - 12} more"
        known = ids[:12].tolist()
        if known and self.decode is not None:
            try:
                return repr(self.decode(known)) + more
            except Exception:  # an id that is no token of this tokenizer's has no text
                pass
        return f"ids {', '.join(map(str, known))}{more}" if known else ""


@dataclass
class _Kept:
    """What is kept of one finding until it is worded."""

    slots: dict[str, Any]
    cure: str | None
    text: str | None = None
    rows: set[int] = field(default_factory=set)
    cells: list[tuple[int, int]] = field(default_factory=list)
    count: int = 0


def name_places(numbers: Sequence[int], count: int, one: str = "Row", many: str = "Rows") -> str:
    """Name the rows of a batch, or the entries of a file, that a finding speaks of.

    >>> name_places([2], 3), name_places([0, 2], 3), name_places([0, 1, 2], 3)
    ('Row 2', 'Rows 0 and 2', 'Every row')
    """
    if len(numbers) == 1:
        return f"{one} {numbers[0]}"
    if len(numbers) == count:
        return f"Every {one.lower()}"
    if len(numbers) > 6:
        return f"{many} {', '.join(map(str, numbers[:5]))} and {len(numbers) - 5:,} more"
    return f"{many} {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
