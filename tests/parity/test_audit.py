"""The audit on the batches of the field: silent on what is correct, and exact on each fault.

What `tests/test_auditing.py` shows on layouts that are laid by hand is shown here on what
TRL and transformers really make, and on the shapes of torchtune and litgpt.
"""

import dataclasses
import random
from collections import Counter

import pytest
from transformers import DataCollatorForLanguageModeling, DataCollatorForSeq2Seq
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling as TRLCollator

from companion.auditing import Expectation, audit
from companion.ignoring import IGNORE_INDEX
from companion.masking import MASKS
from companion.tokenizing import END_ID
from parity.sources import (
    OWN_PAD,
    SOURCES,
    Settings,
    drawn,
    embedded,
    features,
    packs,
    padder,
    rows_of,
    seq2seq,
)

BATCHES = 150
"""How many of each source are audited."""


def by_spans_of(made):
    """Declare what of each text should be supervised, and not the style that tells it."""
    return dataclasses.replace(made.expect, style=None, spans=made.spans)


# ------------------------------------------------------------------------- no false alarm


@pytest.mark.parametrize("source", SOURCES)
def test_a_correct_batch_of_any_source_gives_no_error(source):
    dice = random.Random(source)
    undecided = Counter()
    for _ in range(BATCHES):
        made = drawn(source, dice)
        by_spans = audit(made.batch, expect=by_spans_of(made))
        undeclared = audit(made.batch, expect=dataclasses.replace(made.expect, mask=None))
        for report in (audit(made.batch, expect=made.expect), by_spans, undeclared):
            assert report.errors == ()
        undecided.update({f.code for f in by_spans.findings if f.severity == "undetermined"})
    # Where the texts were cut to an answer of a word, too few targets tell their shift.
    assert set(undecided) <= {"shift-undetermined"}
    assert undecided.total() <= BATCHES // 10


# ------------------------------------------------------------------ each fault, by its code


def changed_targets(made, value_of):
    """Give the batch with the targets of some positions changed.

    `value_of(text, position)` is the new target of the token at that position, or None. The
    last position of a text is its end token; the first is no target.
    """
    targets = made.targets.clone()
    for text in made.texts:
        for position in range(1, len(text.ids)):
            value = value_of(text, position)
            if value is not None:
                targets[text.row, made.column(text, position)] = value
    return made.changed(made.inputs, targets)


def end_ignored(made):
    return changed_targets(made, lambda text, at: IGNORE_INDEX if at == len(text.ids) - 1 else None)


def mask_one_early(made):
    return changed_targets(
        made, lambda text, at: text.ids[at] if at == text.entry.prompt_length - 1 else None
    )


def mask_one_late(made):
    return changed_targets(
        made, lambda text, at: IGNORE_INDEX if at == text.entry.prompt_length else None
    )


def prompt_supervised(made):
    return changed_targets(
        made, lambda text, at: text.ids[at] if at < text.entry.prompt_length else None
    )


def response_ignored_but_for_its_end(made):
    return changed_targets(
        made,
        lambda text, at: (
            IGNORE_INDEX if text.entry.prompt_length <= at < len(text.ids) - 1 else None
        ),
    )


def one_text_not_supervised(made):
    return changed_targets(made, lambda text, at: IGNORE_INDEX if text is made.texts[1] else None)


def one_target_of_another_text(made):
    return changed_targets(
        made,
        lambda text, at: (
            text.ids[at] + 1 if text is made.texts[1] and at == len(text.ids) - 2 else None
        ),
    )


def pads_supervised(made):
    """Supervise every pad, as with pads for labels that are the pads of the inputs."""
    targets = made.targets.clone()
    for text in made.texts:
        beyond = made.column(text, len(text.ids))
        if all(other.start <= text.start for other in made.texts if other.row == text.row):
            targets[text.row, beyond:] = made.expect.pad_id
        if text.start and all(other is text for other in made.texts if other.row == text.row):
            targets[text.row, : text.start] = made.expect.pad_id
    return made.changed(made.inputs, targets)


def nothing_supervised(made):
    return made.changed(made.inputs, made.targets.clone().fill_(IGNORE_INDEX))


def not_shifted(made):
    kept = made.targets != IGNORE_INDEX
    return made.changed(made.inputs, made.inputs.where(kept, IGNORE_INDEX))


def shifted_once_more(made):
    targets = made.targets.roll(-1, dims=1)
    targets[:, -1] = IGNORE_INDEX
    return made.changed(made.inputs, targets)


def ignore_index_in_inputs(made):
    inputs = made.inputs.clone()
    for text in made.texts:
        inputs[text.row, text.start + 2] = IGNORE_INDEX
    return made.changed(inputs, made.targets)


def an_id_beyond_the_vocabulary(made):
    wrong = made.texts[0].ids[5]
    inputs, targets = (
        array.masked_fill(array == wrong, OWN_PAD + 1) for array in (made.inputs, made.targets)
    )
    return made.changed(inputs, targets)


def no_attention_mask(made):
    return {name: value for name, value in made.batch.items() if name != "attention_mask"}


ALL = tuple(SOURCES)
MASKED = ("prompt", "prompt_without_header")
FREE = ("TRL, padding-free", "TRL, packed", "transformers, flattened")  # of all padding
PADDED = tuple(source for source in SOURCES if source not in FREE)
PAIRED = ("ours", "ours, end kept", "torchtune's shape")  # where targets[i] follows inputs[i]
# what is done, to whose batches, under which masks, and the code that it has then
FAULTS = [
    (end_ignored, ALL, MASKS, "end-ignored"),
    (mask_one_early, ALL, ("prompt",), "prompt-supervised"),
    (mask_one_late, ALL, MASKED, "response-ignored"),
    (mask_one_late, ALL, ("none",), "text-ignored"),
    (prompt_supervised, ALL, MASKED, "prompt-supervised"),
    (response_ignored_but_for_its_end, ALL, ("prompt",), "response-ignored"),
    (one_text_not_supervised, ALL, MASKS, "row-not-supervised"),
    (one_target_of_another_text, ALL, MASKS, "targets-differ"),
    (pads_supervised, PADDED, MASKS, "padding-supervised"),
    (nothing_supervised, ALL, MASKS, "nothing-supervised"),
    (not_shifted, PAIRED, MASKS, "not-shifted"),
    (shifted_once_more, ALL, MASKS, "shifted-twice"),
    (ignore_index_in_inputs, ALL, MASKS, "ignore-index-in-inputs"),
    (an_id_beyond_the_vocabulary, ALL, MASKS, "id-out-of-range"),
    (no_attention_mask, ("transformers, left",), MASKS, "left-padding"),
]
CELLS = [
    pytest.param(fault, source, mask, code, id=f"{fault.__name__}-{source}-{mask}")
    for fault, chosen, masks, code in FAULTS
    for source in chosen
    for mask in masks
]


@pytest.mark.parametrize(("fault", "source", "mask", "code"), CELLS)
def test_each_fault_has_its_code_in_the_batches_of_every_source(fault, source, mask, code):
    dice = random.Random(f"{fault.__name__} {source} {mask}")
    for pad_id in (END_ID, OWN_PAD):
        for style in ("alpaca", "phi3"):
            entries = dice.sample(embedded(style), 4)
            made = SOURCES[source](entries, Settings(mask, style, pad_id=pad_id))
            expect = by_spans_of(made)
            assert audit(made.batch, expect=expect).errors == ()
            planted = fault(made)
            assert {finding.code for finding in audit(planted, expect=expect).errors} == {code}
            # By the style alone a mask can be undecidable, and is then not called wrong.
            by_style = audit(planted, expect=made.expect)
            found = {finding.code for finding in by_style.errors}
            assert found == {code} or (not found and "mask-undetermined" in by_style.codes)


def test_every_source_has_its_faults():
    assert {cell.values[1] for cell in CELLS} == set(SOURCES)


# ---------------------------------------------- faults that the libraries make by themselves


def made_by(collate, entries, mask="none", **row):
    """Give the batch that a collator makes of entries, without their labels."""
    return collate([{"input_ids": ids} | row for ids, _ in rows_of(entries, mask)])


@pytest.mark.parametrize(("pad_id", "codes"), [(END_ID, {"end-ignored"}), (OWN_PAD, set())])
def test_the_collator_that_finds_padding_by_value_ignores_every_end_token(pad_id, codes):
    collate = DataCollatorForLanguageModeling(padder(pad_id), mlm=False)
    entries = embedded()[:8]
    report = audit(made_by(collate, entries), expect=Expectation(pad_id=pad_id, mask="none"))
    assert {finding.code for finding in report.errors} == codes
    # Its attention mask is made by position, so the end token stands where it should.
    assert [f.rows for f in report.errors] == ([tuple(range(8))] if codes else [])


def test_a_collator_told_to_pad_labels_with_the_pad_id_supervises_them():
    made = seq2seq(embedded()[:8], Settings("prompt"))
    collate = DataCollatorForSeq2Seq(padder(), label_pad_token_id=END_ID)
    batch = collate(features(rows_of(embedded()[:8], "prompt")))
    assert {f.code for f in audit(batch, expect=made.expect).errors} == {"padding-supervised"}


def test_labels_that_were_shifted_before_a_collator_for_models_that_shift():
    rows = [(ids, [*labels[1:], IGNORE_INDEX]) for ids, labels in rows_of(embedded()[:8])]
    batch = TRLCollator(pad_token_id=END_ID)(features(rows))
    report = audit(batch, expect=Expectation(mask="none"))
    assert {f.code for f in report.errors} == {"shifted-twice"}


def test_packs_in_rows_supervise_the_first_token_of_the_next_text():
    packed = packs(rows_of(embedded()[:8]), 512)
    assert any(len(pack["seq_lengths"]) > 1 for pack in packed)
    in_rows = TRLCollator(pad_token_id=END_ID, return_position_ids=True)(packed)
    flat = TRLCollator(pad_token_id=END_ID, padding_free=True)(packed)
    assert [f.code for f in audit(in_rows, expect=Expectation(mask="none")).errors] == [
        "border-crossed"
    ]
    assert audit(flat, expect=Expectation(mask="none")).errors == ()
    masked = TRLCollator(pad_token_id=END_ID, return_position_ids=True)(
        packs(rows_of(embedded()[:8], "prompt"), 512)
    )
    assert audit(masked, expect=Expectation(mask="prompt", style="alpaca")).errors == ()


def test_wrapped_packs_have_no_borders_that_an_audit_could_see():
    packed = packs(rows_of(embedded()[:8]), 128, "wrapped")
    batch = TRLCollator(pad_token_id=END_ID)(packed)
    expect = Expectation(mask="none", max_length=128)
    report = audit(batch, expect=expect)
    assert report.errors == ()
    assert set(report.codes) == {"response-cut", "special-in-text"}
    # Whoever expects one text a row is told of each that was cut.
    uncut = audit(batch, expect=dataclasses.replace(expect, max_length=None))
    assert {f.code for f in uncut.errors} == {"no-end-token"}


def test_older_torchtune_is_to_be_declared_because_its_batch_looks_like_the_newer():
    made = SOURCES["torchtune's older shape"](embedded()[:8], Settings())
    assert audit(made.batch, expect=made.expect).errors == ()
    undeclared = dataclasses.replace(made.expect, shifted=None)
    assert {f.code for f in audit(made.batch, expect=undeclared).errors} == {"not-shifted"}


def test_a_mask_that_ends_with_the_header_differs_from_one_that_begins_with_it():
    """The field masks the header with the prompt; a mask of the prompt proper leaves it."""
    for mask, other, code in [
        ("prompt", "prompt_without_header", "response-ignored"),
        ("prompt_without_header", "prompt", "prompt-supervised"),
    ]:
        made = SOURCES["TRL"](embedded()[:8], Settings(mask))
        report = audit(made.batch, expect=dataclasses.replace(made.expect, mask=other))
        assert {f.code for f in report.errors} == {code}
