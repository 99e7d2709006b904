"""What a batch says of itself is read in every form and judged; each fault has a silent twin."""

import numpy as np
import pytest
import torch

from companion.adapting import Tokenizer
from companion.auditing import Expectation, audit
from twins import LAYOUTS, PLAIN, SAME_IDS, TWINS

ENDS = Expectation(end_id={8, 9}, pad_id=0)


@pytest.mark.parametrize("name", TWINS)
def test_a_fault_has_its_code_and_its_correct_twin_is_silent(name):
    batch, declared, codes, twin = TWINS[name]
    expect = Expectation(**declared)
    assert list(audit(batch, expect=expect).codes) == codes
    assert audit(batch | twin, expect=expect).codes == ()


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_correct_batch_is_read_in_every_form_that_trainers_use(name):
    batch = LAYOUTS[name]
    expect = Expectation(end_id={8, 9}, pad_id=9 if batch["input_ids"] == SAME_IDS["input_ids"]
                         else 0) if "input_ids" in batch else ENDS  # fmt: skip
    report = audit(batch, expect=expect)
    assert report.codes == ()
    tensors = {
        name: value if value is None or name == "seq_lens" else torch.as_tensor(np.array(value))
        for name, value in batch.items()
    }
    assert str(audit(tensors, expect=expect)) == str(report)


@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.bfloat16])
def test_a_mask_that_is_added_to_scores_is_read_in_each_type_of_number(kind):
    added = torch.tensor([[0, 0, 0, 0], [0, 0, 1, 1]]).to(kind) * torch.finfo(kind).min
    batch = {name: torch.tensor(value) for name, value in PLAIN.items()}
    assert audit(batch | {"attention_mask": added}, expect=ENDS).codes == ()
    inverted = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]]).to(kind) * torch.finfo(kind).min
    report = audit(batch | {"attention_mask": inverted}, expect=ENDS)
    assert report.codes == ("attention-inverted",)


def test_both_causes_are_named_where_an_end_may_be_hidden_or_missing():
    batch, declared, _, _ = TWINS["pad and end are one id, found by value in labels and attention"]
    (finding,) = audit(batch, expect=Expectation(**declared)).errors
    assert finding.rows == (0, 1)
    assert "either the end token is hidden with the pads, or none was appended" in finding.sentence
    assert finding.cure.startswith("If an end token is appended, find padding by position")
    assert "if none is, append it to each text" in finding.cure


def test_where_the_longest_row_has_no_end_none_was_appended():
    batch = {
        "input_ids": [[11, 12, 13], [21, 9, 9]],
        "labels": [[11, 12, 13], [21, -100, -100]],
        "attention_mask": [[1, 1, 1], [1, 0, 0]],
    }
    (finding,) = audit(batch, expect=Expectation(end_id=9)).errors
    assert (finding.code, finding.rows) == ("no-end-token", (0, 1))


def test_a_row_that_may_be_cut_leaves_both_causes_open_for_the_others():
    batch = {
        "input_ids": [[11, 12, 13], [21, 22, 9]],
        "labels": [[11, 12, 13], [21, 22, -100]],
        "attention_mask": [[1, 1, 1], [1, 1, 0]],
    }
    report = audit(batch, expect=Expectation(end_id=9, max_length=3))
    assert [(found.code, found.rows) for found in report.findings] == [
        ("end-hidden", (1,)),
        ("response-cut", (0,)),
    ]


@pytest.mark.parametrize(
    ("kind", "refused"),
    [(torch.int64, False), (torch.uint8, False), (torch.int32, True), (torch.int16, True),
     (torch.int8, True)],
)  # fmt: skip
def test_targets_of_a_type_that_the_loss_refuses_are_named(kind, refused):
    targets = torch.tensor([[12, 13, 9]]).to(kind)
    scores = torch.zeros(3, 20)
    if refused:
        with pytest.raises(RuntimeError):
            torch.nn.functional.cross_entropy(scores, targets[0])
    else:
        assert torch.nn.functional.cross_entropy(scores, targets[0]) > 0
    report = audit(torch.tensor([[11, 12, 13]]), targets, expect=ENDS)
    assert report.codes == (("ids-of-wrong-type",) if refused else ())
    if refused:
        name = str(kind).removeprefix("torch.")
        assert report.findings[0].sentence == (
            f"The targets are {name}; the loss takes int64, and refuses them."
        )


def test_what_the_targets_of_a_roll_hide_is_judged_as_well():
    inputs = torch.tensor([[11, 12, 13, 14], [21, 22, 9, 0]])
    report = audit(inputs, torch.roll(inputs, -1, 1), expect=Expectation(end_id=9, pad_id=0))
    assert report.codes == ("target-wrapped", "padding-supervised")
    assert report.findings[0].cells == ((0, 3), (1, 3))
    assert report.findings[1].cells == ((1, 2),)


def test_a_tokenizer_tells_that_a_text_begins_twice():
    llamas = Tokenizer(encode=list, decode=str, ends={9}, pad=0, beginning=1, size=50)
    rows = [[1, 1, 12, 9]], [[1, 1, 12, 9]]
    batch = {"input_ids": rows[0], "labels": rows[1]}
    assert audit(batch, tokenizer=llamas).codes == ("begins-twice",)
    assert audit({"input_ids": [[1, 12, 9]], "labels": [[1, 12, 9]]}, tokenizer=llamas).codes == ()


def test_a_text_that_lost_its_beginning_to_a_cut_is_not_called_wrong():
    batch = {"input_ids": [[12, 13, 9], [1, 22, 9]], "labels": [[12, 13, 9], [1, 22, 9]]}
    expect = Expectation(end_id=9, pad_id=0, begin_id=1)
    assert audit(batch, expect=expect).codes == ("begin-missing",)
    cut = Expectation(end_id=9, pad_id=0, begin_id=1, max_length=2)
    assert audit(batch, expect=cut).codes == ()


@pytest.mark.parametrize("several", [[9, 8], {9, 8}, (8, 9), np.array([8, 9]), torch.tensor([8, 9]),
                                     range(8, 10), iter([8, 9]), [np.int64(8), 9]])  # fmt: skip
def test_several_ends_are_declared_in_whatever_holds_numbers(several):
    assert Expectation(end_id=several).end_id == {8, 9}
    assert Expectation(end_id=np.int32(9)).end_id == Expectation(end_id=torch.tensor(9)).end_id == 9


@pytest.mark.parametrize("wrong", [[9, None], [9, -1], [True], "9", 9.0, [9.5], True, {}])
def test_what_is_no_end_is_refused(wrong):
    with pytest.raises(ValueError, match="end_id is an id, 0 or more, or several, or None; found"):
        Expectation(end_id=wrong)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"max_length": "512"}, "max_length is a whole number; found '512'"),
        ({"vocabulary_size": 50257.0}, "vocabulary_size is a whole number; found 50257.0"),
        ({"begin_id": "<s>"}, "begin_id is a whole number; found '<s>'"),
        ({"begin_id": -1}, "begin_id is at least 0; found -1"),
        ({"ignore_index": None}, "ignore_index is a whole number; found None"),
        ({"shifted": "yes"}, "shifted is True or False; found 'yes'"),
    ],
)
def test_what_cannot_be_declared_is_refused_in_one_sentence(declared, message):
    with pytest.raises(ValueError, match=message):
        Expectation(**declared)


@pytest.mark.parametrize("wrong", [{"mask": "none"}, "none", 9, Expectation])
def test_an_expectation_of_another_type_is_refused(wrong):
    with pytest.raises(TypeError, match=r"expect is an Expectation\(...\), or None; found"):
        audit(PLAIN, expect=wrong)


NESTED = "ignore:The PyTorch API of nested tensors"


@pytest.mark.filterwarnings(NESTED)
@pytest.mark.parametrize("layout", [torch.strided, torch.jagged])
def test_a_nested_tensor_is_refused_with_what_to_do(layout):
    nested = torch.nested.nested_tensor([torch.tensor([1, 2]), torch.tensor([1])], layout=layout)
    with pytest.raises(ValueError, match="input_ids: a nested tensor; pad it first"):
        audit({"input_ids": nested, "labels": [[1, 2], [1, 0]]})


@pytest.mark.parametrize(
    ("batch", "name"),
    [({"input_ids": [[1, 2]], "labels": None}, "labels"), (([[1, 2]], None), "targets"),
     ({"input_ids": None, "labels": [[1, 2]]}, "input_ids")],
)  # fmt: skip
def test_labels_that_are_none_are_named(batch, name):
    with pytest.raises(ValueError, match=f"^{name}: is None, and there is nothing to audit"):
        audit(batch)


def test_what_cannot_be_read_is_named_and_the_rest_is_judged():
    batch = PLAIN | {"attention_mask": np.zeros((1, 1, 1, 4, 4)), "labels": [[-100] * 4] * 2}
    report = audit(batch, expect=ENDS)
    assert report.codes == ("nothing-supervised", "attention-unread")
    assert report.findings[1].sentence == (
        "The attention_mask cannot be read, float64 of shape (1, 1, 1, 4, 4); all else is judged "
        "without it."
    )


def test_a_cure_does_not_tell_to_do_what_was_done():
    # As wide as its longest row, and more padding than text.
    rows = [[11, 12, 13, 14, 15, 16, 17, 9], [9], [9], [9]]
    longest = {"input_ids": [row + [0] * (8 - len(row)) for row in rows]}
    longest["labels"] = [row + [-100] * (8 - len(row)) for row in rows]
    (finding,) = [f for f in audit(longest, expect=ENDS).findings if f.code == "mostly-padding"]
    assert finding.cure == "Batch texts of like length together, or pack them."
    wide = {name: np.pad(np.array(value), ((0, 0), (0, 2)), constant_values=fill)
            for (name, value), fill in zip(longest.items(), (0, -100), strict=True)}  # fmt: skip
    (finding,) = [f for f in audit(wide, expect=ENDS).findings if f.code == "mostly-padding"]
    assert finding.cure.startswith("Pad to the longest row of the batch, 8 columns and not 10")


def test_ids_of_a_model_that_nobody_named_are_not_decoded_as_gpt2s():
    report = audit([[11, 12, 13]], [[12, 13, 14]], expect=Expectation(end_id=9))
    assert (report.codes, report.findings[0].text) == (("no-end-token",), "ids 11, 12, 13, 14")


def test_a_second_cause_is_named_only_where_no_row_shows_the_end():
    labels = [[11, 12, 13, -100], [21, -100, -100, -100]]
    batch = {"input_ids": SAME_IDS["input_ids"], "labels": labels}
    cure = audit(batch, expect=Expectation(end_id=9)).errors[0].cure
    assert "if no end token was appended, append it to each text" in cure
    batch["labels"] = [[11, 12, 13, 9], [21, -100, -100, -100]]
    cure = audit(batch, expect=Expectation(end_id=9)).errors[0].cure
    assert cure == "Find the padding by position, not by comparing with the pad id."


@pytest.mark.parametrize("begins", [0, 1, 2])
def test_a_chat_that_begins_twice_is_told_that_and_of_no_end_within_its_text(begins):
    question, answer = [90, 93, 91, 5, 6, 92, 91], [90, 94, 91, 7, 8, 92, 91]
    ids = [95] * begins + (question + answer) * 2
    batch = {"input_ids": [ids], "labels": [ids]}
    report = audit(batch, expect=Expectation(end_id=92, pad_id=92, begin_id=95))
    assert report.codes == (("begin-missing",), (), ("begins-twice",))[begins]
