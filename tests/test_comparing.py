"""Masks over chats of two turns: every answer with its end, in every layout, and each fault.

The chats are SmolLM2's, whose end of turn is its end and its pad, and GPT-2's ids in ChatML,
where tags are ordinary tokens.
"""

import random

import numpy as np
import pytest

from companion.adapting import adapt_tokenizer
from companion.auditing import Expectation, audit
from companion.tokenizing import END_ID, gpt2_encode

I = -100  # noqa: E741
SMOLLM2 = adapt_tokenizer("smollm2")
OPEN, CLOSE, LINE = 1, 2, 198
ROLES = {role: [OPEN, *SMOLLM2.encode(f"{role}\n")] for role in ("system", "user", "assistant")}
SAID = ("Name a color.", "Blue.", "And another one?", "Red, or\n\nperhaps green.", "Why 12?", "So.")


def talk(dice, turns=2, system=False):
    """Give a chat as (ids, learned, ends): what mask "prompt" keeps, and where answers end."""
    pieces = [("system", "Be brief.")] * system
    pieces += [(("user", "assistant")[n % 2], dice.choice(SAID)) for n in range(2 * turns)]
    ids, learned, starts, ends = [], [], [], []
    for role, text in pieces:
        header, body = ROLES[role], [*SMOLLM2.encode(text), CLOSE]
        answers = role == "assistant"
        if answers:
            starts.append(len(ids) + len(header))
            ends.append(len(ids) + len(header) + len(body) - 1)
        ids += [*header, *body, LINE]
        learned += [False] * len(header) + [answers] * len(body) + [False]
    return ids, learned, starts, ends


def lay(talks, layout, trailing=False):
    """Lay chats out by plain loops, labels and all; give the batch and a place for each text."""
    rows, places = [], []
    for number, (ids, learned, *_) in enumerate(talks):
        kept = [keep or (trailing and id == LINE and learned[p - 1]) for p, (id, keep) in
                enumerate(zip(ids, learned, strict=True))]  # fmt: skip
        rows.append((ids, [id if keep else I for id, keep in zip(ids, kept, strict=True)]))
        places.append((number, 0))
    if layout == "packed":
        starts = np.cumsum([0, *(len(ids) for ids, _ in rows)])[:-1].tolist()
        batch = {"input_ids": [[id for ids, _ in rows for id in ids]],
                 "labels": [[label for _, labels in rows for label in labels]],
                 "position_ids": [[p for ids, _ in rows for p in range(len(ids))]]}  # fmt: skip
        return batch, [(0, start) for start in starts]
    width = max(len(ids) for ids, _ in rows)
    left = layout == "left"
    batch = {"input_ids": [], "labels": [], "attention_mask": []}
    for number, (ids, labels) in enumerate(rows):
        pads = width - len(ids)
        before, behind = (pads, 0) if left else (0, pads)
        batch["input_ids"].append([CLOSE] * before + ids + [CLOSE] * behind)
        batch["labels"].append([I] * before + labels + [I] * behind)
        batch["attention_mask"].append([0] * before + [1] * len(ids) + [0] * behind)
        places[number] = (number, before)
    if layout == "no mask":
        del batch["attention_mask"]
    if left:
        attended = np.array(batch["attention_mask"])
        batch["position_ids"] = np.maximum(attended.cumsum(1) - 1, 0).tolist()
    return batch, places


LAYOUTS = ("right", "left", "packed", "no mask")
MEANT = Expectation(mask="prompt", style="chatml")


def drawn(seed, count=3):
    dice = random.Random(seed)
    return [talk(dice, 2, dice.random() < 0.5) for _ in range(count)]


@pytest.mark.parametrize("trailing", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_both_answers_with_their_ends_and_nothing_else_are_right(layout, trailing):
    for seed in range(8):
        batch, _ = lay(drawn(seed), layout, trailing)
        assert audit(batch, expect=MEANT, tokenizer=SMOLLM2).codes == ()
        spans = [tuple(zip(starts, [end + 1 for end in ends], strict=True))
                 for _, _, starts, ends in drawn(seed)]  # fmt: skip
        by_spans = Expectation(mask="prompt", spans=spans)
        # By spans it is told to the token; the line break is in none of them.
        codes = [f.code for f in audit(batch, expect=by_spans, tokenizer=SMOLLM2).errors]
        assert codes == (["prompt-supervised"] if trailing else [])
        assert audit(batch, expect=Expectation(end_id=CLOSE, pad_id=CLOSE)).errors == ()


def second_question(labels, at, ids, starts, ends):
    for place in range(ends[0] + 2, starts[1]):
        labels[at + place] = ids[place]


def all_of_it(labels, at, ids, starts, ends):
    labels[at + 1 : at + len(ids)] = ids[1:]


def first_answer_ignored(labels, at, ids, starts, ends):
    labels[at + starts[0] : at + ends[0] + 1] = [I] * (ends[0] + 1 - starts[0])


def last_answer_ignored(labels, at, ids, starts, ends):
    labels[at + starts[1] : at + ends[1] + 1] = [I] * (ends[1] + 1 - starts[1])


def mask_one_late(labels, at, ids, starts, ends):
    for start in starts:
        labels[at + start] = I


def every_end_ignored(labels, at, ids, starts, ends):
    for end in ends:
        labels[at + end] = I


def last_end_ignored(labels, at, ids, starts, ends):
    labels[at + ends[-1]] = I


def first_end_ignored(labels, at, ids, starts, ends):
    labels[at + ends[0]] = I


def nothing(labels, at, ids, starts, ends):
    labels[at : at + len(ids)] = [I] * len(ids)


def another_token(labels, at, ids, starts, ends):
    labels[at + starts[1]] = ids[starts[1]] + 1


FAULTS = {
    second_question: {"prompt-supervised"},
    all_of_it: {"prompt-supervised"},
    first_answer_ignored: {"response-ignored"},
    last_answer_ignored: {"response-ignored"},
    mask_one_late: {"response-ignored"},
    every_end_ignored: {"end-ignored", "response-ignored"},
    last_end_ignored: {"end-ignored"},
    first_end_ignored: {"response-ignored"},
    nothing: {"nothing-supervised"},
    another_token: {"targets-differ"},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_a_chat_has_its_code_in_every_layout(fault, layout):
    for seed in range(3):
        talks = drawn(seed)
        batch, places = lay(talks, layout)
        for (ids, _, starts, ends), (row, at) in zip(talks, places, strict=True):
            fault(batch["labels"][row], at, ids, starts[-2:], ends[-2:])
        report = audit(batch, expect=MEANT, tokenizer=SMOLLM2)
        assert {finding.code for finding in report.errors} == FAULTS[fault]


def test_one_header_end_supervised_is_named_and_not_called_wrong():
    talks = drawn(1)
    batch, places = lay(talks, "right")
    for (ids, _, starts, _), (row, at) in zip(talks, places, strict=True):
        for start in starts:
            batch["labels"][row][at + start - 1] = ids[start - 1]
    report = audit(batch, expect=MEANT, tokenizer=SMOLLM2)
    assert (report.codes, report.findings[0].text) == (("header-supervised",), r"'\n'")
    # By spans it is decided.
    spans = [tuple(zip(s, [end + 1 for end in e], strict=True)) for _, _, s, e in talks]
    decided = audit(batch, expect=Expectation(mask="prompt", spans=spans), tokenizer=SMOLLM2)
    assert [finding.code for finding in decided.errors] == ["prompt-supervised"]


def test_a_question_that_comes_last_has_no_end_to_learn():
    ids, learned, *_ = talk(random.Random(2))
    question = [*ROLES["user"], *SMOLLM2.encode("And?"), CLOSE, LINE]
    labels = [id if keep else I for id, keep in zip(ids, learned, strict=True)]
    batch = {"input_ids": [ids + question], "labels": [labels + [I] * len(question)]}
    assert audit(batch, expect=MEANT, tokenizer=SMOLLM2).codes == ()
    open_ = {"input_ids": [ids + question[:-2]], "labels": [labels + [I] * (len(question) - 2)]}
    assert audit(open_, expect=MEANT, tokenizer=SMOLLM2).errors == ()


def plain_talk(extra=""):
    """Give a ChatML chat of GPT-2's ids, in which tags are ordinary tokens, and its labels."""
    ids, labels = [], []
    for role, text in (("user", "Hi." + extra), ("assistant", "Ho."), ("user", "And?"),
                       ("assistant", "So.")):  # fmt: skip
        header, body = gpt2_encode(f"<|im_start|>{role}\n"), gpt2_encode(f"{text}<|im_end|>")
        line = gpt2_encode("\n")
        kept = role == "assistant"
        ids += header + body + line
        labels += [I] * len(header) + (body if kept else [I] * len(body)) + [I]
    ids[-1], labels[-1] = END_ID, END_ID
    return ids, labels


def test_tags_of_ordinary_tokens_make_a_chat_where_each_turn_is_closed():
    ids, labels = plain_talk()
    assert audit({"input_ids": [ids], "labels": [labels]}, expect=MEANT).codes == ()
    first = labels.index(gpt2_encode("Ho.")[0])
    ignored = [*labels[:first], *[I] * 12, *labels[first + 12 :]]
    report = audit({"input_ids": [ids], "labels": [ignored]}, expect=MEANT)
    assert [finding.code for finding in report.errors] == ["response-ignored"]


def test_several_headers_of_which_none_is_closed_prove_nothing():
    quoted = [*gpt2_encode("<|im_start|>user\nWhat is <|im_start|>assistant\n for?<|im_end|>\n"),
              *gpt2_encode("<|im_start|>assistant\n")]  # fmt: skip
    answer = [*gpt2_encode("A tag.<|im_end|>"), END_ID]
    right = {"input_ids": [quoted + answer], "labels": [[I] * len(quoted) + answer]}
    assert audit(right, expect=MEANT).codes == ()
    early = [I] * (len(quoted) - 3) + quoted[-3:] + answer
    report = audit({"input_ids": [quoted + answer], "labels": [early]}, expect=MEANT)
    assert report.codes == ("mask-undetermined",)
    assert report.findings[0].cure.startswith("Declare the spans; the response header of the style")
