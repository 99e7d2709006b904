"""A file of ids is judged as its batches are, with the numbers that its rows have in the file."""

import json
import random
from dataclasses import replace

import pytest

from companion.adapting import adapt_tokenizer
from companion.assembling import audit_rows
from companion.auditing import Expectation, audit
from companion.collating import Collator
from companion.entries import load_entries
from companion.forms import TokenRow
from companion.storing import InstructionDataset
from companion.tokenizing import END_ID

DATASET = list(InstructionDataset(load_entries()[:600]))


def stored(item, mask="prompt"):
    """Give a row as a trainer stores it: its end appended, its labels masked and not shifted."""
    ids = (*item.ids.tolist(), END_ID)
    masked = item.prompt_length if mask == "prompt" else 0
    return TokenRow(ids, (*(-100,) * masked, *ids[masked:]))


RIGHT = [stored(item) for item in DATASET]
PROMPT = Expectation(mask="prompt", style="alpaca")


def padded(rows, width=None):
    width = width or max(len(row.input_ids) for row in rows)
    made = []
    for row in rows:
        more = width - len(row.input_ids)
        made.append(TokenRow(row.input_ids + (END_ID,) * more, row.labels + (-100,) * more))
    return made


def with_mask(rows, right):
    made = []
    for row, one in zip(rows, right, strict=True):
        text, pads = len(one.input_ids), len(row.input_ids) - len(one.input_ids)
        made.append(replace(row, attention_mask=(1,) * text + (0,) * pads))
    return made


FORMS = {
    "as they are": RIGHT,
    "padded": padded(RIGHT[:200]),
    "padded, with attention": with_mask(padded(RIGHT[:200]), RIGHT[:200]),
    "with attention": [replace(row, attention_mask=(1,) * len(row.input_ids)) for row in RIGHT],
    "by completion mask": [
        TokenRow(r.input_ids, completion_mask=tuple(int(x != -100) for x in r.labels))
        for r in RIGHT
    ],
    "by weights": [
        TokenRow(r.input_ids, weights=tuple(float(x != -100) for x in r.labels)) for r in RIGHT
    ],
    "packed": [
        TokenRow(a.input_ids + b.input_ids, a.labels + b.labels,
                 seq_lengths=(len(a.input_ids), len(b.input_ids)))
        for a, b in zip(RIGHT[::2], RIGHT[1::2], strict=True)
    ],
    "packed, by index": [
        TokenRow(a.input_ids + b.input_ids, a.labels + b.labels,
                 seq_idx=(0,) * len(a.input_ids) + (1,) * len(b.input_ids))
        for a, b in zip(RIGHT[::2], RIGHT[1::2], strict=True)
    ],
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_right_rows_have_no_error_in_any_form(form):
    found = audit_rows(iter(FORMS[form]), expect=PROMPT)
    assert found.errors == ()
    assert set(found.codes) <= {"mostly-padding"}
    assert found.rows == len(FORMS[form])
    assert found.supervised == sum(x != -100 for r in FORMS[form] for x in r.labelled[1:])


def swap(rows, change, numbers):
    return [change(row) if number in numbers else row for number, row in enumerate(rows, 1)]


def end_hidden(row):
    return replace(row, labels=tuple(-100 if x == END_ID else x for x in row.labels))


def end_left_out(row):
    return TokenRow(row.input_ids[:-1], row.labels[:-1])


def nothing_learned(row):
    return replace(row, labels=(-100,) * len(row.labels))


def all_learned(row):
    return replace(row, labels=row.input_ids)


def shifted(row):
    return replace(row, labels=(*row.labels[1:], -100))


FAULTS = {
    "end-ignored": end_hidden,
    "no-end-token": end_left_out,
    "row-not-supervised": nothing_learned,
    "prompt-supervised": all_learned,
    "shifted-twice": shifted,
}
SOME = (3, 256, 257, 600)


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_is_named_with_the_numbers_of_its_rows_in_the_file(code):
    found = audit_rows(swap(RIGHT, FAULTS[code], SOME), expect=PROMPT)
    assert found.codes == (code,)
    assert found.findings[0].rows == SOME
    assert found.findings[0].sentence.startswith("Rows 3, 256, 257 and 600: ")
    assert found.counts == {code: 4}


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_of_every_row_is_called_so(code):
    if code == "row-not-supervised":
        code = "nothing-supervised"
        found = audit_rows(map(nothing_learned, RIGHT), expect=PROMPT)
        assert found.findings[0].sentence.startswith("No target of this file is supervised")
    else:
        found = audit_rows(map(FAULTS[code], RIGHT), expect=replace(PROMPT, end_id=END_ID))
        assert found.findings[0].sentence.startswith("Every row: ")
    assert code in found.codes


@pytest.mark.parametrize("code", ["end-ignored", "row-not-supervised", "prompt-supervised"])
def test_padded_rows_are_judged_as_the_batch_that_they_are(code):
    rows = padded(swap(RIGHT[:40], FAULTS[code], (5,)))
    found = audit_rows(rows, expect=PROMPT)
    batch = {"input_ids": [r.input_ids for r in rows], "labels": [r.labels for r in rows]}
    told = audit(batch, expect=PROMPT)
    assert [f.rows for f in found.findings if f.code == code] == [(5,)]
    assert set(found.codes) == set(told.codes)


def test_of_many_rows_a_thousand_numbers_are_kept_and_all_are_counted():
    rows = [*map(end_hidden, RIGHT), *map(end_hidden, RIGHT), RIGHT[0]]
    (one,) = audit_rows(rows, expect=PROMPT).findings
    assert len(one.rows) == 1000
    assert one.sentence.startswith("Rows 1, 2, 3, 4, 5 and 1,195 more: ")
    assert audit_rows(rows, expect=PROMPT).counts == {"end-ignored": 1200}


def test_the_end_is_the_tokenizers_or_gpt2s_where_it_stands_and_else_not_known():
    smollm2 = adapt_tokenizer("smollm2")
    ids = (*smollm2.encode("Name a colour. It is blue."), 2)
    rows = [TokenRow(ids, (-100, *ids[1:]))] * 3
    assert audit_rows(rows, tokenizer="smollm2").codes == ()
    assert audit_rows(rows, tokenizer="smollm2").end == "2, by tokenizer smollm2"
    unknown = audit_rows(rows)
    assert (unknown.codes, unknown.end) == (("end-unknown",), "not known")
    assert "this file" in unknown.findings[0].sentence
    assert unknown.findings[0].cure.startswith("Name the tokenizer: --tokenizer NAME")
    declared = audit_rows(rows, expect=Expectation(end_id=2))
    assert (declared.codes, declared.end) == ((), "2, as declared")
    # A row without an end is judged by those that have one.
    assert audit_rows([*RIGHT[:3], end_left_out(RIGHT[3])]).codes == ("no-end-token",)


def test_rows_of_any_order_and_length_are_judged_alike():
    rows = swap(RIGHT, end_hidden, SOME)
    order = random.Random(0).sample(range(600), 600)
    found = audit_rows([rows[at] for at in order], expect=PROMPT)
    assert [order[number - 1] + 1 for number in found.findings[0].rows] == [
        order[at] + 1 for at in range(600) if order[at] + 1 in SOME
    ]


def test_the_padding_of_a_file_is_counted_over_all_its_rows():
    wide = padded(RIGHT[:100], width=2000)
    found = audit_rows(wide)
    (one,) = [finding for finding in found.findings if finding.code == "mostly-padding"]
    ids = sum(len(row.input_ids) for row in RIGHT[:100])
    assert f"{1 - ids / (100 * 2000):.0%}" in one.sentence
    assert "mostly-padding" not in audit_rows(RIGHT).codes


def test_the_print_stays_within_80_columns_and_the_json_holds_it_all():
    found = audit_rows(swap(RIGHT, end_hidden, SOME), expect=PROMPT)
    lines = [line for line in str(found).splitlines() if "  see: " not in line]
    assert max(map(len, lines)) <= 80
    assert lines[0] == "audit: 600 rows of ids; 1 error"
    assert lines[1] == "  columns input_ids, labels"
    assert json.loads(found.to_json())["lengths"]["longest_entry"] == found.lengths.longest_entry


def test_rows_without_labels_or_masks_are_said_to_be_all_learned():
    said = str(audit_rows([TokenRow(row.input_ids) for row in RIGHT]))
    assert "neither labels nor a mask are stored, so every token is a target" in said


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match="a file of no rows has nothing to audit"):
        audit_rows([])


def test_what_our_own_collator_makes_is_right_when_it_is_stored():
    batch = Collator(mask="prompt")(DATASET[:50])
    rows = []
    for inputs, targets in zip(batch.inputs.tolist(), batch.targets.tolist(), strict=True):
        rows.append(TokenRow((*inputs, END_ID), (-100, *targets)))
    assert set(audit_rows(rows, expect=PROMPT).codes) <= {"mostly-padding"}


def test_what_was_added_to_make_rows_even_is_no_pad_of_theirs():
    rows = [TokenRow((5, 0, 6, 7, 8, 2)), TokenRow((5, 6, 7, 2), (-100, 6, 7, 2))]
    assert audit_rows(rows, expect=Expectation(end_id=2)).codes == ()


def test_a_batch_of_which_nothing_is_learned_is_a_file_with_such_rows():
    long = TokenRow(tuple(range(5, 2000)), (-100,) * 1995)
    found = audit_rows([*RIGHT[:10], long], expect=PROMPT)
    assert found.codes == ("row-not-supervised",)
    assert found.findings[0].sentence.startswith("Row 11: no target is supervised")
    assert found.counts == {"row-not-supervised": 1}
