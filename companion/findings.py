"""What an audit can find: every finding by its code, and the report that names them.

A code stays the same from one release to the next, so that a test may ask for it; the
sentences may be said better. `companion.auditing` finds, here it is worded. Chapter 08.
"""

import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from companion.tokenizing import Decode

SITE = "https://inside-the-batch.github.io/inside-the-batch"
"""Where the chapters stand that the findings point to."""


@dataclass(frozen=True)
class Rule:
    """What can be said of a finding before there is a batch; `{where}` will name its rows."""

    severity: str
    sentence: str
    cure: str
    chapter: str


RULES: dict[str, Rule] = {
    "ignore-index-in-inputs": Rule(
        "error",
        "{where}: the ignore index stands among the inputs, where a model looks up every id.",
        "Ignore targets only; the inputs keep their pads.",
        "05_ignoring",
    ),
    "id-out-of-range": Rule(
        "error",
        "{where}: an id is no token of a vocabulary of {size}.",
        "Use the tokenizer that belongs to the model, or make room for the tokens you added.",
        "02_tokenizing",
    ),
    "nothing-supervised": Rule(
        "error",
        "No target of this batch is supervised, so its mean loss is 0 divided by 0.",
        "Find what ignored them: a mask that is too wide, or texts cut before their response.",
        "05_ignoring",
    ),
    "row-not-supervised": Rule(
        "error",
        "{where}: no target is supervised, though nothing was cut; this is wasted computing.",
        "Look at how the response is found in the text, and at what masks it.",
        "06_masking",
    ),
    "not-shifted": Rule(
        "error",
        "{where}: each target is its own input token; the model learns to repeat, and its loss "
        "is the lowest of all.",
        "Shift once: targets[i] is the token that follows inputs[i].",
        "04_shifting",
    ),
    "shifted-twice": Rule(
        "error",
        "{where}: the loss is taken two tokens on, so the model learns to skip a token.",
        "Shift in one place only: in the collate, in the dataset, or in the model.",
        "04_shifting",
    ),
    "targets-differ": Rule(
        "error",
        "{where}: a supervised target is not the token that follows its input.",
        "Make inputs and targets from one block of ids.",
        "04_shifting",
    ),
    "border-crossed": Rule(
        "error",
        "{where}: where one packed entry ends, the target is the first token of the next.",
        "Shift inside each entry before joining, or ignore the target at each border.",
        "11_packing",
    ),
    "end-ignored": Rule(
        "error",
        "{where}: the end token's target is ignored, so the model is not taught to stop.",
        "Find the padding by position, not by comparing with the pad id.",
        "05_ignoring",
    ),
    "no-end-token": Rule(
        "error",
        "{where}: the text has no end token, so the model is not taught to stop.",
        "Append the end token to each text, once, before padding.",
        "03_padding",
    ),
    "padding-supervised": Rule(
        "error",
        "{where}: pads are supervised, so the model learns to go on after the end.",
        "Ignore every target after the end token.",
        "05_ignoring",
    ),
    "prompt-supervised": Rule(
        "error",
        "{where}: targets that mask '{mask}' should leave out are supervised.",
        "Compare where the mask begins with the number of tokens in the prompt.",
        "06_masking",
    ),
    "response-ignored": Rule(
        "error",
        "{where}: targets that mask '{mask}' should keep are ignored.",
        "Compare where the mask ends with the number of tokens in the prompt.",
        "06_masking",
    ),
    "text-ignored": Rule(
        "error",
        "{where}: targets within the text are ignored, though no mask was declared.",
        "Take the mask away, or declare it.",
        "06_masking",
    ),
    "begins-twice": Rule(
        "error",
        "{where}: the text begins with the beginning of sequence twice.",
        "Let either the template or the tokenizer add it (add_special_tokens=False).",
        "02_tokenizing",
    ),
    "left-padding": Rule(
        "error",
        "{where}: pads stand before the text, and neither an attention mask nor positions "
        "keep the model from reading them.",
        "Pad on the right for training, or pass attention_mask and position_ids.",
        "03_padding",
    ),
    "end-unknown": Rule(
        "undetermined",
        "Which id ends a text is not declared, and GPT-2's stands nowhere in this batch; whether "
        "the model is taught to stop cannot be judged.",
        "Declare it: audit(batch, tokenizer=tokenizer), or expect=Expectation(end_id=...).",
        "03_padding",
    ),
    "left-padding-undetermined": Rule(
        "undetermined",
        "{where}: the text begins with the pad id; it may be text, or padding on the left.",
        "Pass the attention mask.",
        "03_padding",
    ),
    "padding-undetermined": Rule(
        "undetermined",
        "{where}: after an end token more of them are supervised; they may be text, or pads.",
        "Pass the attention mask.",
        "05_ignoring",
    ),
    "shift-undetermined": Rule(
        "undetermined",
        "No row tells whether the targets are shifted: the supervised ones are too few, or "
        "all alike.",
        "Audit a batch of longer texts.",
        "04_shifting",
    ),
    "mask-undetermined": Rule(
        "undetermined",
        "{where}: mask '{mask}' cannot be judged, since where the prompt ends is not known.",
        "Declare the prompt style whose response header stands in the text, or the spans.",
        "06_masking",
    ),
    "positions-missing": Rule(
        "note",
        "{where}: pads stand before the text and are masked, but no position_ids count from "
        "the text's first token.",
        "Pass position_ids to a model with absolute positions, such as GPT-2.",
        "03_padding",
    ),
    "response-lost": Rule(
        "note",
        "{where}: of the response nothing is left at this max_length, and nothing is supervised.",
        "Raise max_length, shorten the prompt, or drop such entries.",
        "07_collating",
    ),
    "response-cut": Rule(
        "note",
        "{where}: the text is cut at max_length and has no end token to learn from.",
        "Raise max_length, or choose a truncation that keeps the end or drops the entry.",
        "07_collating",
    ),
    "border-moved": Rule(
        "note",
        "{where}: one token holds the end of the prompt and the beginning of the response; "
        "given the prompt alone, the model meets other tokens there.",
        "Encode prompt and response apart, in training as at inference.",
        "02_tokenizing",
    ),
    "special-in-text": Rule(
        "note",
        "{where}: the end or pad id also stands within the text; an entry held it, or several "
        "entries share a row without position_ids.",
        "Encode an entry's text as ordinary text; for packed rows pass position_ids.",
        "02_tokenizing",
    ),
    "special-typed": Rule(
        "note",
        "{where}: the text spells out {name}, as ordinary tokens.",
        "Look at where this text comes from; some tokenizers would read a real end token there.",
        "02_tokenizing",
    ),
    "mostly-padding": Rule(
        "note",
        "Of the slots of this batch, {share} are padding.",
        "Pad to the longest row of the batch, and batch texts of like length together.",
        "09_bucketing",
    ),
}
"""Every finding there is, by its code, in the order in which a report names them."""


@dataclass(frozen=True)
class Finding:
    """One thing found. `cells`: its (row, column) places; `text`: tokens at the first of them."""

    code: str
    severity: str
    sentence: str
    cure: str
    link: str
    rows: tuple[int, ...]
    cells: tuple[tuple[int, int], ...] = ()
    text: str = ""

    def __str__(self) -> str:
        lines = [f"{self.severity} {self.code}: {self.sentence}"]
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
        severities = [finding.severity for finding in self.findings]
        counts = [
            f"{severities.count(severity)} {severity}{plural}"
            for severity, s in (("error", "s"), ("note", "s"), ("undetermined", ""))
            if (plural := s if severities.count(severity) > 1 else "") or severity in severities
        ]
        return ", ".join(counts) or "nothing found"

    def _repr_html_(self) -> str:
        left = "style='text-align:left;vertical-align:top'"
        rows = "".join(
            f"<tr><th scope='row' {left}>{finding.severity}<br>"
            f"<a href='{finding.link}'>{finding.code}</a></th>"
            f"<td {left}>{html.escape(finding.sentence)}"
            + (f"<br><code>{html.escape(finding.text)}</code>" if finding.text else "")
            + f"<br><em>{html.escape(finding.cure)}</em></td></tr>"
            for finding in self.findings
        )
        said = f"<p>Audit: {html.escape(self.headline)}.</p>"
        return f"{said}<table><tbody>{rows}</tbody></table>" if rows else said


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
        self._rows: dict[str, set[int]] = {}
        self._cells: dict[str, list[tuple[int, int]]] = {}
        self._text: dict[str, str] = {}
        self._slots: dict[str, dict[str, Any]] = {}

    def add(
        self,
        code: str,
        rows: Iterable[int],
        cells: Iterable[tuple[int, int]] = (),
        ids: Iterable[int] = (),
        **slots: Any,
    ) -> None:
        """Note a finding; `ids` are tokens to show, `slots` fill what its sentence leaves open."""
        self._rows.setdefault(code, set()).update(int(row) for row in rows)
        self._cells.setdefault(code, []).extend(cells)
        self._slots.setdefault(code, slots)
        if code not in self._text:
            self._text[code] = self._show([int(id) for id in ids])

    def worded(self) -> tuple[Finding, ...]:
        return tuple(self._word(code, rule) for code, rule in RULES.items() if code in self._rows)

    def _word(self, code: str, rule: Rule) -> Finding:
        rows = sorted(self._rows[code])
        where = name_places(rows, self.rows)
        sentence = rule.sentence.format(where=where, **self._slots[code])
        link = f"{SITE}/book/{rule.chapter}.html"
        cells = tuple(sorted(set(self._cells[code])))
        text = self._text.get(code, "")
        return Finding(code, rule.severity, sentence, rule.cure, link, tuple(rows), cells, text)

    def _show(self, ids: list[int]) -> str:
        more = "" if len(ids) <= 12 else f" and {len(ids) - 12} more"
        known = ids[:12]
        if known and self.decode is not None:
            try:
                return repr(self.decode(known)) + more
            except Exception:  # an id that is no token of this tokenizer's has no text
                pass
        return f"ids {', '.join(map(str, known))}{more}" if known else ""


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
