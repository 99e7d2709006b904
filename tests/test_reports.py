"""Batches rebuilt from public reports, in a few tokens each, and what the audit says of them.

1 begins a text, 9 ends it, 0 pads it; 5 and 6 open a question and an answer.
"""

import pytest

from companion.auditing import Expectation, audit

I = -100  # noqa: E741
TEXT = [1, 5, 21, 22, 6, 31, 32, 9]  # prompt of five, answer of two, end
SHORT = [1, 5, 21, 6, 31, 9]
ANSWER = {"mask": "prompt", "spans": [((5, 8),)]}
ONE = {"input_ids": [TEXT], "labels": [[I] * 5 + TEXT[5:]]}
TWO = {
    "input_ids": [TEXT, [*SHORT, 0, 0]],
    "labels": [[I] * 5 + TEXT[5:], [I] * 4 + SHORT[4:] + [I, I]],
    "attention_mask": [[1] * 8, [1] * 6 + [0, 0]],
}
BY_VALUE = {
    "input_ids": [TEXT, [*SHORT, 9, 9]],
    "labels": [[I] * 5 + TEXT[5:7] + [I], [I] * 4 + SHORT[4:5] + [I] * 3],
    "attention_mask": [[1] * 8, [1] * 6 + [0, 0]],
}
PACK = {"input_ids": [TEXT + SHORT], "labels": [[I] * 5 + TEXT[5:] + [I] * 4 + SHORT[4:]]}
POSITIONS = {"position_ids": [[*range(8), *range(6)]]}

REPORTS = {
    # by address: the batch, what is declared beside end and pad, and the codes
    "pytorch/torchtitan/pull/2755": (  # the mask ends one late, in shifted targets
        {"tokens": [TEXT[:-1]], "labels": [[I] * 5 + [32, 9]]},
        ANSWER,
        ["response-ignored", "shift-undetermined"],
    ),
    "huggingface/open-r1/issues/517": (  # labels are the inputs, prompt and all
        {"input_ids": [TEXT], "labels": [TEXT]},
        ANSWER,
        ["prompt-supervised"],
    ),
    "huggingface/trl/pull/3091": (BY_VALUE, {"pad_id": 9}, ["end-ignored"]),
    "unslothai/unsloth/issues/416": (  # the mask of attention goes by value as well
        BY_VALUE | {"attention_mask": [[1] * 7 + [0], [1] * 5 + [0] * 3]},
        {"pad_id": 9},
        ["end-hidden"],
    ),
    "axolotl-ai-cloud/axolotl/pull/2227": (  # padding is learned in pretraining
        {"input_ids": TWO["input_ids"], "labels": TWO["input_ids"]},
        {"mask": "none"},
        ["padding-supervised"],
    ),
    "axolotl-ai-cloud/axolotl/pull/3071": (  # numbers of texts that begin at 0
        PACK | POSITIONS | {"attention_mask": [[0] * 8 + [1] * 6]},
        {},
        ["attention-hides-text"],
    ),
    "axolotl-ai-cloud/axolotl/pull/3071, numbered from 1": (
        PACK | {"attention_mask": [[1] * 8 + [2] * 6]},
        {},
        [],
    ),
    "hiyouga/LlamaFactory/issues/2289": (PACK, {}, []),  # as two turns are, with these tags
    "hiyouga/LlamaFactory/issues/2289, without tags": (
        {"input_ids": [[21, 31, 9, 22, 32, 9]], "labels": [[I, 31, 9, I, 32, 9]]},
        {},
        ["special-in-text"],
    ),
    "hiyouga/LlamaFactory/issues/5180": (TWO | {"attention_mask": [[1] * 8] * 2}, {}, []),
    "hiyouga/LlamaFactory/issues/1080": (  # attention for what is to be learned
        ONE | {"attention_mask": [[1, 1, 1, 1, 1, 0, 1, 0]]},
        {},
        ["attention-hides-text"],
    ),
    "verl-project/verl/issues/3562": (  # a mask of tokens, read as one of predictions
        {"input_ids": [TEXT], "loss_mask": [[0, 0, 0, 0, 0, 1, 1, 1]]},
        ANSWER | {"shifted": True},
        ["response-ignored"],
    ),
    "verl-project/verl/pull/5362": (  # a mask of predictions, read as one of tokens
        {"input_ids": [TEXT], "loss_mask": [[0, 0, 0, 0, 1, 1, 1, 0]]},
        ANSWER | {"shifted": False},
        ["end-ignored", "prompt-supervised"],
    ),
    "verl-project/verl/pull/5362, and nobody says which": (
        {"input_ids": [TEXT], "loss_mask": [[0, 0, 0, 0, 1, 1, 1, 0]]},
        ANSWER,
        ["loss-mask-undetermined"],
    ),
    "OpenRLHF/OpenRLHF/issues/973": (  # from the prompt's length on, of predictions
        {"input_ids": [TEXT], "loss_mask": [[0, 0, 0, 0, 0, 1, 1, 0]]},
        ANSWER | {"shifted": True},
        ["response-ignored"],
    ),
    "wdndev/tiny-llm-zh/issues/9": (  # the pad id for the ignore index
        {"input_ids": TWO["input_ids"], "labels": [[0] * 5 + TEXT[5:], [0] * 4 + [31, 9, 0, 0]]},
        {},
        ["targets-differ"],
    ),
    "unslothai/unsloth/issues/2095": (
        ONE | {"labels": [[I] * 8]},
        {},
        ["nothing-supervised"],
    ),
    "axolotl-ai-cloud/axolotl/issues/1608": (  # nobody adds the beginning
        {"input_ids": [TEXT[1:]], "labels": [[I] * 4 + TEXT[5:]]},
        {"begin_id": 1},
        ["begin-missing"],
    ),
}


@pytest.mark.parametrize("address", REPORTS)
def test_a_batch_of_a_public_report_is_named(address):
    batch, declared, codes = REPORTS[address]
    expect = Expectation(**{"end_id": 9, "pad_id": 0} | declared)
    assert list(audit(batch, expect=expect).codes) == codes


@pytest.mark.parametrize("batch", [ONE, TWO, PACK | POSITIONS])
def test_their_correct_twins_are_silent(batch):
    assert audit(batch, expect=Expectation(end_id=9, pad_id=0, begin_id=1)).codes == ()
