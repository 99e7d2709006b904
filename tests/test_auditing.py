"""The audit: silent on correct batches of every layout, and each planted fault by its code."""

import dataclasses
import random
import re
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from companion.adapting import Tokenizer
from companion.auditing import Expectation, audit
from companion.collating import Collator
from companion.entries import Entry, load_entries
from companion.findings import RULES, AuditError
from companion.masking import MASKS, supervised_spans
from companion.storing import InstructionDataset
from companion.tokenizing import gpt2_encode, tokenize_entry
from twins import TWINS

END = 50256
OWN_PAD = 50257  # an id that was added for padding alone
SIZE = 50258


@lru_cache
def tokenized(style="alpaca"):
    return InstructionDataset(load_entries(), style)


# ---------------------------------------------------------------- the layouts of the field


@dataclasses.dataclass
class Laid:
    """A batch in one of the layouts, and where each of its texts stands in it."""

    inputs: np.ndarray
    targets: np.ndarray
    shifted: bool
    # for each text: its row, the column of its first id, and its ids with the end token
    places: list[tuple[int, int, list[int]]]
    entries: list
    pad_id: int
    attended: np.ndarray | None = None
    positions: np.ndarray | None = None

    def column(self, text, position):
        """Give the column of the target that is the token at this position of the text."""
        return self.places[text][1] + position - (1 if self.shifted else 0)

    def width(self):
        return self.targets.shape[1]


def lay(layout, entries, mask, pad_id):
    """Lay entries out as a library does, by plain loops that share nothing with the audit."""
    texts = [[*entry.ids.tolist(), END] for entry in entries]
    labels = []
    for text, spans in zip(texts, supervised_spans(entries, mask), strict=True):
        kept = [any(a <= p < b for a, b in spans) for p in range(len(text))]
        labels.append([id if keep else -100 for id, keep in zip(text, kept, strict=True)])
    if layout == "packed":
        row = [id for text in texts for id in text]
        graded = [id for label in labels for id in [-100, *label[1:]]]
        positions = [p for text in texts for p in range(len(text))]
        starts = np.cumsum([0] + [len(text) for text in texts])[:-1].tolist()
        places = [(0, start, text) for start, text in zip(starts, texts, strict=True)]
        return Laid(
            np.array([row]), np.array([graded]), False, places, entries, pad_id,
            positions=np.array([positions]),
        )  # fmt: skip
    width = max(map(len, texts))
    left = [width - len(text) if layout == "left padded" else 0 for text in texts]
    right = [width - len(text) - before for text, before in zip(texts, left, strict=True)]
    block = [
        [pad_id] * a + text + [pad_id] * b for a, text, b in zip(left, texts, right, strict=True)
    ]
    graded = [
        [-100] * a + label + [-100] * b for a, label, b in zip(left, labels, right, strict=True)
    ]
    places = [(row, left[row], text) for row, text in enumerate(texts)]
    block, graded = np.array(block), np.array(graded)
    if layout == "pair":  # ours
        return Laid(block[:, :-1], graded[:, 1:], True, places, entries, pad_id)
    if layout == "shifted in the dataset":  # torchtune's shape
        last = np.full((len(texts), 1), -100)
        return Laid(block, np.hstack([graded[:, 1:], last]), True, places, entries, pad_id)
    if layout == "labels":  # litgpt's shape
        return Laid(block, graded, False, places, entries, pad_id)
    attended = np.array(
        [[0] * a + [1] * len(t) + [0] * b for a, t, b in zip(left, texts, right, strict=True)]
    )
    laid = Laid(block, graded, False, places, entries, pad_id, attended)
    if layout == "left padded":
        laid.positions = np.maximum(attended.cumsum(axis=1) - 1, 0)
    return laid


LAYOUTS = ("pair", "shifted in the dataset", "labels", "labels and mask", "left padded", "packed")


def report_on(laid, **declared):
    expect = Expectation(
        **{"pad_id": laid.pad_id, "shifted": laid.shifted, "vocabulary_size": SIZE} | declared
    )
    return audit(
        laid.inputs, laid.targets, attention_mask=laid.attended, position_ids=laid.positions,
        expect=expect,
    )  # fmt: skip


def draw(dice, count=4, style="alpaca"):
    data = tokenized(style)
    return [data[dice.randrange(len(data))] for _ in range(count)]


# ------------------------------------------------------------------------- no false alarm


@pytest.mark.parametrize("pad_id", [END, OWN_PAD])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_correct_batch_of_any_layout_gives_no_error(layout, mask, pad_id):
    dice = random.Random(f"{layout} {mask} {pad_id}")
    for number in range(60):
        style = ("alpaca", "phi3")[number % 2]
        laid = lay(layout, draw(dice, dice.randint(1, 8), style), mask, pad_id)
        by_style = report_on(laid, mask=mask, style=style)
        by_spans = report_on(laid, mask=mask, spans=supervised_spans(laid.entries, mask))
        undeclared = report_on(laid)
        assert [report.errors for report in (by_style, by_spans, undeclared)] == [(), (), ()]
        undetermined = {f.code for f in by_spans.findings if f.severity == "undetermined"}
        # One text with an answer of a word or two has too few targets to tell their shift.
        few = np.count_nonzero(laid.targets != -100) <= 3
        assert undetermined <= ({"shift-undetermined"} if few else set())


@pytest.mark.parametrize("truncation", ["cut", "keep_end", "drop"])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("multiple", [None, 8])
@pytest.mark.parametrize("pad_id", [END, OWN_PAD])
@pytest.mark.filterwarnings("ignore::companion.collating.ResponseCutWarning")
def test_a_batch_of_the_collator_gives_no_error_at_any_truncation(
    truncation, mask, multiple, pad_id
):
    dice = random.Random(f"{truncation} {mask} {multiple} {pad_id}")
    judged = 0
    for limit in range(24, 129, 8):
        collate = Collator(
            mask=mask, max_length=limit, truncation=truncation, pad_to_multiple_of=multiple,
            pad_id=pad_id,
        )  # fmt: skip
        try:
            batch = collate(draw(dice, 6))
        except ValueError:
            continue  # nothing is left of it: an error of the collator's own
        judged += 1
        expect = Expectation(
            mask=mask, style="alpaca", pad_id=pad_id, max_length=limit, vocabulary_size=SIZE
        )
        assert audit(batch, expect=expect).errors == ()
    assert judged >= 6


ids = st.lists(st.integers(0, 5), min_size=1, max_size=6)


@given(rows=st.lists(ids, min_size=1, max_size=5), end_id=st.integers(0, 5), pad=st.integers(0, 5))
def test_a_batch_whose_texts_hold_end_and_pad_ids_gives_no_error_when_that_is_declared(
    rows, end_id, pad
):
    batch = Collator(end_id=end_id, pad_id=pad)(rows)
    expect = Expectation(end_id=end_id, pad_id=pad, special_in_text=True, mask="none")
    assert audit(batch, expect=expect).errors == ()


# ------------------------------------------------------------------ each fault, by its code

Fault = Callable[[Laid], None]


def each(laid):
    return enumerate(laid.places)


def end_token_ignored(laid):
    for text, (row, _, ids) in each(laid):
        laid.targets[row, laid.column(text, len(ids) - 1)] = -100


def end_token_of_one_text_ignored(laid):
    row, _, ids = laid.places[1]
    laid.targets[row, laid.column(1, len(ids) - 1)] = -100


def pads_supervised(laid):
    for text, (row, _, ids) in each(laid):
        laid.targets[row, laid.column(text, len(ids)) :] = laid.pad_id


def first_pad_supervised(laid):
    for text, (row, _, ids) in each(laid):
        column = laid.column(text, len(ids))
        laid.targets[row, column : column + 1] = laid.pad_id


def pads_before_the_text_supervised(laid):
    for row, start, _ in laid.places:
        laid.targets[row, :start] = laid.pad_id


def pads_after_a_pack_supervised(laid):
    """Pad the pack as a multiple of a width asks for, where positions say 0 at every pad."""
    pads = np.full((1, 3), laid.pad_id)
    laid.inputs = np.hstack([laid.inputs, pads])
    laid.targets = np.hstack([laid.targets, pads])
    laid.positions = np.hstack([laid.positions, np.zeros_like(pads)])


def prompt_supervised(laid):
    for text, (row, _, ids) in each(laid):
        for position in range(1, laid.entries[text].prompt_length):
            laid.targets[row, laid.column(text, position)] = ids[position]


def mask_one_early(laid):
    for text, (row, _, ids) in each(laid):
        position = laid.entries[text].prompt_length - 1
        laid.targets[row, laid.column(text, position)] = ids[position]


def mask_one_late(laid):
    for text, (row, _, _) in each(laid):
        laid.targets[row, laid.column(text, laid.entries[text].prompt_length)] = -100


def response_ignored_but_for_its_end(laid):
    for text, (row, _, ids) in each(laid):
        for position in range(laid.entries[text].prompt_length, len(ids) - 1):
            laid.targets[row, laid.column(text, position)] = -100


def one_text_not_supervised(laid):
    row, _, ids = laid.places[1]
    for position in range(1, len(ids)):
        laid.targets[row, laid.column(1, position)] = -100


def nothing_supervised(laid):
    laid.targets[:] = -100


def not_shifted(laid):
    laid.targets = np.where(laid.targets == -100, -100, laid.inputs)


def shifted_once_more(laid):
    laid.targets = np.hstack([laid.targets[:, 1:], np.full((len(laid.targets), 1), -100)])


def one_target_of_another_text(laid):
    row, _, ids = laid.places[1]
    laid.targets[row, laid.column(1, len(ids) - 2)] = ids[-2] + 1


def pads_of_the_inputs_ignored(laid):
    for row, start, ids in laid.places:
        laid.inputs[row, start + len(ids) :] = -100


def an_id_beyond_the_vocabulary(laid):
    for array in (laid.inputs, laid.targets):
        array[array == laid.places[0][2][5]] = SIZE


def targets_of_minus_one(laid):
    laid.targets[laid.targets == -100] = -1


def no_mask_and_no_positions(laid):
    laid.attended = laid.positions = None


def border_crossed(laid):
    for row, start, ids in laid.places[1:]:
        laid.targets[row, start] = ids[0]


RIGHT = ("pair", "shifted in the dataset", "labels", "labels and mask")
NOT_PACKED = (*RIGHT, "left padded")
MASKED = ("prompt", "prompt_without_header")
# what is done, where it can be done, under which masks, and the code that it has then
FAULTS = [
    (end_token_ignored, LAYOUTS, MASKS, "end-ignored"),
    (end_token_of_one_text_ignored, LAYOUTS, MASKS, "end-ignored"),
    (pads_supervised, RIGHT, MASKS, "padding-supervised"),
    (first_pad_supervised, RIGHT, MASKS, "padding-supervised"),
    (pads_before_the_text_supervised, ("left padded",), MASKS, "padding-supervised"),
    (pads_after_a_pack_supervised, ("packed",), MASKS, "padding-supervised"),
    (prompt_supervised, LAYOUTS, MASKED, "prompt-supervised"),
    (mask_one_early, LAYOUTS, ("prompt",), "prompt-supervised"),
    (mask_one_late, LAYOUTS, MASKED, "response-ignored"),
    (mask_one_late, LAYOUTS, ("none",), "text-ignored"),
    (response_ignored_but_for_its_end, LAYOUTS, ("prompt",), "response-ignored"),
    (one_text_not_supervised, LAYOUTS, MASKS, "row-not-supervised"),
    (nothing_supervised, LAYOUTS, MASKS, "nothing-supervised"),
    (not_shifted, ("pair", "shifted in the dataset"), MASKS, "not-shifted"),
    (shifted_once_more, NOT_PACKED, MASKS, "shifted-twice"),
    (one_target_of_another_text, LAYOUTS, MASKS, "targets-differ"),
    (pads_of_the_inputs_ignored, RIGHT, MASKS, "ignore-index-in-inputs"),
    (an_id_beyond_the_vocabulary, LAYOUTS, MASKS, "id-out-of-range"),
    (targets_of_minus_one, LAYOUTS, MASKS, "id-out-of-range"),
    (no_mask_and_no_positions, ("left padded",), MASKS, "left-padding"),
    (border_crossed, ("packed",), MASKS, "border-crossed"),
]
CELLS = [
    pytest.param(fault, layout, mask, code, id=f"{fault.__name__}-{layout}-{mask}")
    for fault, layouts, masks, code in FAULTS
    for layout in layouts
    for mask in masks
]


@pytest.mark.parametrize("pad_id", [END, OWN_PAD])
@pytest.mark.parametrize(("fault", "layout", "mask", "code"), CELLS)
def test_each_fault_has_its_code_in_every_layout(fault, layout, mask, code, pad_id):
    dice = random.Random(f"{fault.__name__} {layout} {mask} {pad_id}")
    for _ in range(5):
        laid = lay(layout, draw(dice), mask, pad_id)
        fault(laid)
        report = report_on(laid, mask=mask, spans=supervised_spans(laid.entries, mask))
        assert {finding.code for finding in report.errors} == {code}


# ------------------------------------------------------------- the ends of another tokenizer

TURN, TEXT = 151645, 151643  # Qwen's ends, of a turn and of a text; it pads with the second


def translate(laid):
    """Give the batch the end and pad of a model with two ends."""
    laid.pad_id = TEXT
    for array in (laid.inputs, laid.targets):
        array[array == END] = TURN
        array[array == OWN_PAD] = TEXT
    laid.places = [
        (row, column, [TURN if id == END else id for id in text])
        for row, column, text in laid.places
    ]
    return laid


def foreign(laid, **declared):
    return report_on(laid, **{"end_id": [TURN, TEXT], "vocabulary_size": 151_665} | declared)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_correct_batch_of_a_model_with_two_ends_gives_no_error(layout, mask):
    dice = random.Random(f"{layout} {mask}")
    for _ in range(20):
        laid = translate(lay(layout, draw(dice, dice.randint(2, 8)), mask, OWN_PAD))
        spans = supervised_spans(laid.entries, mask)
        assert foreign(laid, mask=mask, spans=spans).errors == ()
        unknown = foreign(laid, mask=mask, spans=spans, end_id="undeclared", pad_id="undeclared")
        if layout == "left padded" or laid.attended is not None or layout == "packed":
            assert unknown.errors == ()
        assert "end-unknown" in unknown.codes
        with pytest.raises(AuditError, match="Declare it: audit"):
            unknown.raise_errors()


@pytest.mark.parametrize(("fault", "layout", "mask", "code"), CELLS)
def test_each_fault_of_a_model_with_two_ends_has_its_code(fault, layout, mask, code):
    dice = random.Random(f"{fault.__name__} {layout} {mask}")
    for _ in range(2):
        laid = translate(lay(layout, draw(dice), mask, OWN_PAD))
        fault(laid)
        for array in (laid.inputs, laid.targets):
            array[array == SIZE] = 151_665
        report = foreign(laid, mask=mask, spans=supervised_spans(laid.entries, mask))
        # An end of text after that of a turn, or a pad: with no mask that tells them apart,
        # the batch is the same.
        is_open = fault is first_pad_supervised and laid.attended is None
        assert {finding.code for finding in report.errors} == (set() if is_open else {code})


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_tokenizer_declares_ends_pad_and_size_and_decodes(layout):
    qwens = Tokenizer(
        encode=gpt2_encode, decode=lambda ids: f"<{len(ids)} ids>", ends={TURN, TEXT}, end=TURN,
        pad=TEXT, size=151_665,
    )  # fmt: skip
    laid = translate(lay(layout, draw(random.Random(layout)), "none", OWN_PAD))
    settings = {"attention_mask": laid.attended, "position_ids": laid.positions}
    expect = Expectation(shifted=laid.shifted, mask="none")
    batch = (laid.inputs, laid.targets)
    assert audit(*batch, **settings, expect=expect, tokenizer=qwens).errors == ()
    wide = dataclasses.replace(qwens, size=151_646, ends={TURN}, pad=None)
    padless = dataclasses.replace(expect, pad_id=TEXT)
    assert audit(*batch, **settings, expect=padless, tokenizer=wide).errors == ()
    small = dataclasses.replace(qwens, size=None)
    declared = dataclasses.replace(expect, vocabulary_size=TEXT)
    report = audit(*batch, **settings, expect=declared, tokenizer=small)
    assert report.codes[0] == "id-out-of-range"
    assert " ids>'" in report.findings[0].text


def test_of_a_tokenizer_without_a_pad_the_end_pads():
    bytewise = Tokenizer(encode=list, decode=str, ends={2}, size=10)
    inputs, targets = [[5, 6, 2], [5, 2, 2]], [[6, 2, -100], [2, -100, -100]]
    assert audit(inputs, targets, tokenizer=bytewise).codes == ()
    endless = dataclasses.replace(bytewise, ends=(), end=None)
    assert audit(inputs, targets, tokenizer=endless).codes == ("end-unknown",)
    # And what is declared beside it stands.
    assert audit(inputs, targets, tokenizer=endless, expect=Expectation(end_id=2)).codes == ()
    assert audit([[5, 12]], [[12, 2]], tokenizer="gpt2").errors[0].code == "no-end-token"


def test_no_end_or_pad_is_taken_for_gpt2s_beside_another_tokenizer():
    other = Tokenizer(encode=list, decode=str, ends={2}, size=60_000)
    inputs, targets = [[5, 6, END], [5, 2, 2]], [[6, END, 2], [2, -100, -100]]
    assert audit(inputs, targets, tokenizer=other).codes == ()
    endless = dataclasses.replace(other, ends=(), end=None)
    assert audit(inputs, targets, tokenizer=endless).codes == ("end-unknown",)


def test_of_several_ends_the_one_that_is_appended_pads():
    llamas = Tokenizer(encode=list, decode=str, ends={7, 8}, end=8, size=10)
    supervised = audit([[5, 6, 8], [5, 8, 8]], [[6, 8, 8], [8, 8, 8]], tokenizer=llamas)
    assert supervised.codes == ("padding-supervised",)


def test_pads_after_an_end_that_is_no_pad_are_all_padding():
    labels = [[5, 6, 6, 7], [5, 7, -100, -100]]
    batch = {"input_ids": [[5, 6, 6, 7], [5, 7, 8, 8]], "labels": labels}
    report = audit(batch, expect=Expectation(end_id=[7, 8], pad_id=8))
    assert (report.codes, report.tally["tokens"]) == ((), 6)


def test_the_ids_of_a_tokenizer_may_be_more_where_more_are_declared():
    inputs, targets = [[5, 6, 50258], [5, END, 50257]], [[6, 50258, END], [END, -100, -100]]
    assert audit(inputs, targets, tokenizer="gpt2").codes[0] == "id-out-of-range"
    expect = Expectation(pad_id=50257)
    assert audit(inputs, targets, tokenizer="gpt2", expect=expect).errors[0].rows == (0,)


def test_text_of_nobody_knows_which_tokenizer_is_shown_as_ids():
    report = audit([[5, 6, 7]], [[6, 7, 99]], expect=Expectation(vocabulary_size=50))
    assert report.codes == ("id-out-of-range", "end-unknown")
    assert report.findings[0].text == "ids 99"


# --------------------------------------------------- notes, and what cannot be determined

LONG = [10, 11, 12, 13]


def pair(*rows, pad_id=OWN_PAD, **settings):
    return Collator(pad_id=pad_id, **settings)([list(row) for row in rows])


def unpaired(batch):
    return batch.inputs.tolist(), batch.targets.tolist()


def ends_left_out(batch):
    """Give the batch without its last column, in which the longest row learns to stop."""
    inputs, targets = batch
    return inputs[:, :-1], targets[:, :-1]


def entry_named(instruction, output):
    return tokenize_entry(Entry(instruction, "", output))


PROMPT = {"mask": "prompt", "style": "alpaca"}
# what is audited, what is declared of it, and the codes that it has, in order
CASES = {
    "text cut at a declared width": (
        lambda: pair(LONG, [5, 6], max_length=3),
        {"max_length": 3, "pad_id": OWN_PAD},
        ["response-cut"],
    ),
    "text cut where nothing was declared to be": (
        lambda: pair(LONG, [5, 6], max_length=3),
        {"pad_id": OWN_PAD},
        ["no-end-token"],
    ),
    "the end token never appended": (
        lambda: ends_left_out(pair(LONG, [5, 6, 7, 8])),
        {"pad_id": OWN_PAD, "end_id": END},
        ["no-end-token"],
    ),
    "no end token declared": (
        lambda: ends_left_out(pair(LONG, [5, 6, 7, 8])),
        {"pad_id": OWN_PAD, "end_id": None},
        [],
    ),
    "an end token within the text": (
        lambda: pair([10, END, 11], [5, 6, 7]),
        {"pad_id": OWN_PAD},
        ["special-in-text"],
    ),
    "an end token within the text, as declared": (
        lambda: pair([10, END, 11], [5, 6, 7]),
        {"pad_id": OWN_PAD, "special_in_text": True},
        [],
    ),
    "a text that ends in an end token of its own": (
        lambda: pair([10, END], [5, 6, 7, 8], pad_id=END),
        {},
        ["padding-supervised"],
    ),
    "a text that ends in an end token of its own, where that may be": (
        lambda: pair([10, END], [5, 6, 7, 8], pad_id=END),
        {"special_in_text": True},
        ["padding-undetermined"],
    ),
    "a text that may begin with the pad id": (
        lambda: pair([0, 10, 11], [5, 6, 7], pad_id=0),
        {"pad_id": 0, "special_in_text": True},
        ["left-padding-undetermined"],
    ),
    "the beginning of sequence, once": (
        lambda: pair([1, 10, 11], [1, 6, 7]),
        {"pad_id": OWN_PAD, "begin_id": 1},
        [],
    ),
    "the beginning of sequence, twice": (
        lambda: pair([1, 1, 10, 11], [1, 6, 7]),
        {"pad_id": OWN_PAD, "begin_id": 1},
        ["begins-twice"],
    ),
    "the beginning of sequence, twice, where it is the end token too": (
        lambda: pair([END, END, 10, 11], [END, 6, 7]),
        {"pad_id": OWN_PAD, "begin_id": END},
        ["begins-twice"],
    ),
    "more padding than text": (
        lambda: pair(list(range(1, 20)), [5], [6], [7]),
        {"pad_id": OWN_PAD},
        ["mostly-padding"],
    ),
    "padding on the left that only a mask tells of": (
        lambda: {
            "input_ids": [[9, 9, 5, END], [5, 6, 7, END]],
            "labels": [[-100, -100, 5, END], [5, 6, 7, END]],
            "attention_mask": [[0, 0, 1, 1], [1, 1, 1, 1]],
        },
        {"pad_id": 9},
        ["positions-missing"],
    ),
    "one supervised target, before which there is nothing to compare": (
        lambda: ([[5]], [[END]]),
        {},
        ["shift-undetermined"],
    ),
    "targets that are all alike": (
        lambda: ([[5, 5, 5]], [[5, 5, 5]]),
        {"end_id": None, "pad_id": None},
        ["shift-undetermined"],
    ),
    "a mask, and nothing to tell where the prompt ends": (
        lambda: Collator(mask="prompt")([entry_named("Name a color.", "Blue.")]),
        {"mask": "prompt"},
        ["mask-undetermined"],
    ),
    "a mask, and a style that is not the batch's": (
        lambda: Collator(mask="prompt")([entry_named("Name a color.", "Blue.")]),
        {"mask": "prompt", "style": "chatml"},
        ["mask-undetermined"],
    ),
    "a header that the instruction holds as well": (
        lambda: Collator(mask="prompt")(
            [entry_named("What does\n\n### Response:\nmean?", "It begins the answer.")]
        ),
        PROMPT,
        [],
    ),
    "a header that the instruction holds as well, and a mask that fits neither": (
        lambda: Collator(mask="prompt_without_header")(
            [entry_named("What does\n\n### Response:\nmean?", "It begins the answer.")]
        ),
        PROMPT,
        ["mask-undetermined"],
    ),
    "an answer that begins with line breaks, which are one token with the header's": (
        lambda: jointly("Name a color.", "\n\nBlue."),
        PROMPT,
        ["border-moved"],
    ),
    "a special token typed by a user": (
        lambda: Collator(mask="prompt")([entry_named("What is <|endoftext|> for?", "It ends.")]),
        PROMPT,
        ["special-typed"],
    ),
    "a response of which nothing is left": (
        lambda: Collator(mask="prompt", max_length=40)(
            [entry_named("Name a color.", "Blue."), entry_named("Why? " * 20, "Because.")]
        ),
        PROMPT | {"max_length": 40},
        ["response-lost"],
    ),
    "a batch with nothing supervised": (
        lambda: ([[5, 6]], [[-100, -100]]),
        {"end_id": END},
        ["nothing-supervised"],
    ),
    "labels that a collator for language modeling made": (
        lambda: {
            "input_ids": [[5, 6, END, END], [7, 8, 9, END]],
            "labels": [[5, 6, -100, -100], [7, 8, 9, -100]],
        },
        {},
        ["end-ignored"],
    ),
    "an end that nobody declared": (
        lambda: ([[5, 6, 7], [8, 9, 2]], [[6, 7, 2], [9, 2, -100]]),
        {},
        ["end-unknown"],
    ),
    "an end that nobody declared, and nothing to tell padding by": (
        lambda: {
            "input_ids": [[0, 0, 5, 6], [7, 8, 9, 2]],
            "labels": [[-100, -100, 5, 6], [7, 8, 9, 2]],
        },
        {"mask": "none"},
        ["end-unknown"],
    ),
    "two ends in a row, of which the first is learned": (  # an end of turn and one of text
        lambda: {
            "input_ids": [[5, 6, 7, 8], [5, 7, 8, 8]],
            "labels": [[5, 6, 7, -100], [5, 7, -100, -100]],
        },
        {"end_id": [7, 8], "pad_id": 8, "mask": "none"},
        [],
    ),
    "one of two ends": (
        lambda: ([[5, 6, 7, 9], [5, 6, 6, 6]], [[6, 7, -100, -100], [6, 6, 6, 8]]),
        {"end_id": {7, 8}, "pad_id": 9, "mask": "none"},
        [],
    ),
    "a pad that nobody declared": (
        lambda: ([[5, 6, 2, 9, 9], [5, 6, 6, 6, 6]], [[6, 2, -100, -100, -100], [6, 6, 6, 6, 2]]),
        {"end_id": 2, "mask": "none"},
        [],
    ),
    "a pad that nobody declared, which is one of two ends": (
        lambda: {
            "input_ids": [[5, 6, 8, 8], [5, 6, 6, 7]],
            "labels": [[5, 6, 8, -100], [5, 6, 6, 7]],
        },
        {"end_id": {7, 8}, "mask": "none"},
        [],
    ),
    "two ends in a row, of which the first is learned, and a pad": (
        lambda: {
            "input_ids": [[5, 6, 7, 8], [5, 7, 8, 9]],
            "labels": [[5, 6, 7, -100], [5, 7, -100, -100]],
        },
        {"end_id": [7, 8], "pad_id": 9, "mask": "none"},
        [],
    ),
    "a pack that is padded, of which nobody declared end and pad": (
        lambda: {
            "input_ids": [[5, 6, 2, 5, 2, 0, 0]],
            "labels": [[5, 6, 2, -100, 2, -100, -100]],
            "position_ids": [[0, 1, 2, 0, 1, 0, 1]],
        },
        {"mask": "none"},
        ["end-unknown"],
    ),
    "one of two ends, ignored": (
        lambda: ([[5, 6, 7, 9], [5, 6, 6, 6]], [[6, -100, -100, -100], [6, 6, 6, 8]]),
        {"end_id": {7, 8}, "pad_id": 9},
        ["end-ignored"],
    ),
    "an attention mask that was made by comparing with the pad id": (
        lambda: {
            "input_ids": [[5, 6, END, END], [7, 8, 9, END]],
            "labels": [[5, 6, END, -100], [7, 8, 9, END]],
            "attention_mask": [[1, 1, 0, 0], [1, 1, 1, 0]],
        },
        {},
        [],
    ),
}


def jointly(instruction, output):
    """Encode prompt and response as one text, and mask what prompt and text have in common."""
    entry = tokenize_entry(Entry(instruction, "", output), "alpaca", gpt2_encode, None)
    return Collator(mask="prompt")([entry])


@pytest.mark.filterwarnings("ignore::companion.collating.ResponseCutWarning")
@pytest.mark.parametrize("name", CASES)
def test_what_is_unusual_is_noted_and_what_is_undecided_says_so(name):
    batch, declared, codes = CASES[name]
    assert list(audit(batch(), expect=Expectation(**declared)).codes) == codes


def test_every_rule_is_seen_to_fire():
    planted = {code for _, _, _, code in FAULTS} | {
        code for _, _, codes, *_ in [*CASES.values(), *TWINS.values()] for code in codes
    }
    planted |= {"ids-of-wrong-type", "header-supervised"}  # test_judging, test_comparing
    assert planted == set(RULES)


# ------------------------------------------------------------------------- what it says


def test_a_finding_names_rows_cells_tokens_cure_and_chapter():
    laid = lay("pair", draw(random.Random(0)), "prompt", OWN_PAD)
    mask_one_early(laid)
    (finding,) = report_on(laid, mask="prompt", style="alpaca").errors
    lengths = [entry.prompt_length for entry in laid.entries]
    assert finding.severity == "error"
    assert finding.sentence == (
        "Every row: targets that mask 'prompt' should leave out are supervised."
    )
    assert finding.rows == (0, 1, 2, 3)
    assert finding.cells == tuple((row, length - 2) for row, length in enumerate(lengths))
    assert finding.text == r"'\n'"
    assert finding.cure == RULES["prompt-supervised"].cure
    assert finding.link.endswith("/book/06_masking.html")


def test_a_cell_is_where_the_finding_stands_in_the_targets_as_they_were_given():
    for layout in LAYOUTS:
        laid = lay(layout, draw(random.Random(0)), "prompt", OWN_PAD)
        end_token_of_one_text_ignored(laid)
        (finding,) = report_on(laid, mask="prompt", style="alpaca").errors
        row, _, ids = laid.places[1]
        assert finding.cells == ((row, laid.column(1, len(ids) - 1)),)


def test_the_first_label_is_not_counted_where_the_model_shifts():
    labels = {"input_ids": [[10, 11, 12, END]], "labels": [[10, 11, 12, END]]}
    report = audit(labels, expect=Expectation(pad_id=OWN_PAD))
    assert report.tally["supervised"] == 3
    assert report.codes == ()


def test_without_a_decoder_ids_are_shown():
    inputs, targets = pair(LONG, [5, 6, 7, 8])
    report = audit(
        inputs[:, :-1], targets[:, :-1], expect=Expectation(end_id=END, pad_id=9), decode=None
    )
    assert report.findings[0].text == "ids 10, 11, 12, 13"


def test_many_tokens_are_shown_in_part():
    inputs, targets = pair(list(range(40, 70)))
    targets[:, :20] = -100
    (finding,) = audit(inputs, targets, expect=Expectation(mask="none", pad_id=OWN_PAD)).findings
    assert finding.text == "'JKLMNOPQRSTU' and 8 more"


def test_nothing_that_is_handed_in_is_changed():
    laid = lay("left padded", draw(random.Random(1)), "prompt", OWN_PAD)
    before = [array.copy() for array in (laid.inputs, laid.targets, laid.attended)]
    report_on(laid, mask="prompt", style="alpaca")
    after = (laid.inputs, laid.targets, laid.attended)
    assert all(map(np.array_equal, before, after))


# ------------------------------------------------------------------- forms, good and bad


def test_a_batch_may_come_as_tensors_arrays_lists_or_a_mapping():
    batch = Collator()([[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]])
    inputs, targets = unpaired(batch)
    forms = [
        (batch,),
        (tuple(batch),),
        (list(batch),),
        (batch.inputs, batch.targets),
        (inputs, targets),
        (
            np.array(inputs, dtype=np.int32),
            np.array(targets, dtype=np.int32),
        ),
        ({"tokens": inputs, "labels": targets},),
    ]
    assert {str(audit(*form)) for form in forms} == {str(audit(batch))}


ONES = [[1, 2], [3, 4]]
BAD = {
    "one dimension": (([1, 2], [1, 2]), ValueError, "inputs: should have the shape (rows, col"),
    "three dimensions": (([ONES], [ONES]), ValueError, "found (1, 2, 2)"),
    "floats": (
        (torch.ones(2, 2), ONES),
        TypeError,
        "inputs: should be integers, one a slot; found",
    ),
    "floats in lists": ((ONES, [[0.5, 1.0]] * 2), TypeError, "targets: should be integers"),
    "ragged": (([[1, 2], [3]], ONES), ValueError, "inputs: should be rows of one width"),
    "unequal": ((ONES, [[1, 2, 3]] * 2), ValueError, "targets: should have the shape of inputs"),
    "empty": ((torch.ones(0, 5, dtype=int), ONES), ValueError, "inputs: hold nothing to audit"),
    "text": (([["a"]], [["b"]]), TypeError, "inputs: should be integers"),
    "too large": (([[2**70]], [[1]]), TypeError, "inputs: should be integers"),
    "no values": ((torch.ones(2, 2, dtype=int, device="meta"), ONES), ValueError, "device 'meta'"),
    "no labels": (({"input_ids": ONES},), ValueError, "'labels'; found 'input_ids'"),
    "nothing": (({},), ValueError, "found nothing"),
    "no batch": ((42,), TypeError, "found int"),
    "inputs alone": ((torch.tensor([[1, 2]] * 3),), TypeError, "found Tensor"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_batch_is_refused_in_one_sentence(name):
    arguments, error, message = BAD[name]
    with pytest.raises(error, match=re.escape(message)) as raised:
        audit(*arguments)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["attention_mask", "position_ids"])
def test_a_mask_or_positions_of_another_shape_are_refused(name):
    with pytest.raises(ValueError, match=f"{name}: should have the shape of inputs"):
        audit(ONES, ONES, **{name: [[1, 1, 1]]})


def test_spans_are_declared_for_every_text():
    batch = Collator()([[0, 1, 2], [5, 6]])
    with pytest.raises(ValueError, match="found 1 for 2"):
        audit(batch, expect=Expectation(mask="prompt", spans=[((0, 4),)]))


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"mask": "prompts"}, "mask is one of none, prompt, prompt_without_header"),
        ({"style": "alpacca"}, "there is no prompt style 'alpacca'"),
        ({"max_length": 0}, "max_length is at least 1; found 0"),
        ({"vocabulary_size": -1}, "vocabulary_size is at least 1; found -1"),
        ({"ignore_index": 0}, "ignore_index is negative"),
        ({"end_id": -1}, "end_id is an id, 0 or more, or several, or None; found -1"),
        ({"end_id": []}, r"end_id is an id, 0 or more, or several, or None; found \[\]"),
        ({"end_id": "<|im_end|>"}, "or several, or None; found '<|im_end|>'"),
        ({"pad_id": "<pad>"}, "pad_id is an id, 0 or more, or None; found '<pad>'"),
    ],
)
def test_an_expectation_that_cannot_be_is_refused(declared, message):
    with pytest.raises(ValueError, match=message):
        Expectation(**declared)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (3, 1), (4, 5)])
def test_any_integers_at_all_give_a_report_and_never_an_exception(shape):
    dice = np.random.default_rng(0)
    for _ in range(50):
        inputs, targets = dice.integers(-2, 6, (2, *shape))
        mask, positions = dice.integers(0, 3, (2, *shape))
        for extra in ({}, {"attention_mask": mask}, {"position_ids": positions}):
            for declared in ({}, {"end_id": 1, "pad_id": 1}, {"end_id": 0, "pad_id": 2} | PROMPT):
                report = audit(inputs, targets, expect=Expectation(**declared), **extra)
                assert 0 <= report.tally["padding_share"] <= 1


@pytest.mark.parametrize("pad_id", [END, OWN_PAD])
def test_with_a_mask_the_last_target_of_a_cut_row_is_text_and_no_pad(pad_id):
    batch = Collator(max_length=4, pad_id=pad_id)([list(range(10, 17)), [20, 21]])
    attended = [[1, 1, 1, 1], [1, 1, 1, 0]]
    expect = Expectation(max_length=4, pad_id=pad_id, mask="none")
    assert audit(batch, attention_mask=attended, expect=expect).codes == ("response-cut",)
