"""The casebook: each batch has its own fault and no other, and is right but for that."""

import numpy as np
import pytest

from companion.auditing import audit
from companion.casebook import CASES, ENTRIES, tokenized
from companion.showing.frames import frames
from companion.tokenizing import END_ID, gpt2_decode

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.code)


@every_case
def test_a_case_has_its_own_code_and_no_other(case):
    assert case.report().codes == (case.code,)


def test_there_are_ten_each_with_a_code_and_a_thread_of_its_own():
    assert len(CASES) == 10
    for name in ("title", "code", "thread"):
        assert len({getattr(case, name) for case in CASES}) == 10
    assert all(case.thread.startswith("https://github.com/") for case in CASES)


@every_case
def test_every_case_holds_the_same_three_answers(case):
    inputs, targets = np.asarray(case.inputs), np.asarray(case.targets)
    assert inputs.shape == targets.shape
    rows = [gpt2_decode([id for id in row if 0 < id <= END_ID]) for row in inputs.tolist()]
    text = "\n".join(rows)
    assert all(entry.instruction in text and entry.output[:-1] in text for entry in ENTRIES)


@every_case
def test_a_case_is_made_anew_each_time(case):
    first = np.array(case.inputs)
    np.asarray(case.inputs)[:] = 0
    assert np.array_equal(case.inputs, first)


@pytest.mark.parametrize("case", [case for case in CASES if case.fault], ids=lambda case: case.code)
def test_the_explorer_makes_the_same_batch_by_its_fault(case):
    fields = ("instruction", "input", "output")
    entries = [{name: getattr(entry, name) for name in fields} for entry in ENTRIES]
    state = {"entries": entries, "style": "plain", "mask": case.expect.mask, "fault": case.fault}
    made = frames(state)["batch"]
    inputs, targets = np.asarray(case.inputs), np.asarray(case.targets)
    if "input_ids" in case.make():  # what the model compares, once it has shifted
        inputs, targets = inputs[:, :-1], targets[:, 1:]
    assert inputs.tolist() == made["inputs"]
    assert targets.tolist() == made["targets"]


# The others have inputs of their own, or a last target that lies beyond their last input.
MENDED_BY_LABELS = [
    case
    for case in CASES
    if case.code
    in {
        "end-ignored", "not-shifted", "response-ignored", "prompt-supervised",
        "padding-supervised", "border-crossed",
    }
]  # fmt: skip


@pytest.mark.parametrize("case", MENDED_BY_LABELS, ids=lambda case: case.code)
def test_the_labels_that_were_meant_have_nothing_to_find(case):
    batch = case.make()
    inputs, shifted = np.asarray(case.inputs), "tokens" in batch
    texts = [[*entry.ids.tolist(), END_ID] for entry in tokenized()]
    starts = [entry.prompt_length if case.expect.mask == "prompt" else 0 for entry in tokenized()]
    places = [(row, 0) for row in range(len(texts))]
    if "position_ids" in batch:
        places = [(0, first) for first in np.cumsum([0, *map(len, texts)])[:-1]]
    meant = np.full_like(inputs, -100)
    for (row, first), text, start in zip(places, texts, starts, strict=True):
        for position in range(max(start, 1), len(text)):
            meant[row, first + position - (1 if shifted else 0)] = text[position]
    assert audit({**batch, "labels": meant}, expect=case.expect).codes == ()
