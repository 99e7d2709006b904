"""Steps 3 to 6 as one: the collator."""

import dataclasses
import pickle
import warnings

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st
from torch.utils.data import DataLoader
from torch.utils.data._utils.pin_memory import pin_memory

import specs
from companion.adapting import adapt_tokenizer
from companion.collating import Batch, Collator, ResponseCutWarning
from companion.entries import load_entries
from companion.storing import InstructionDataset
from companion.tokenizing import TokenizedEntry
from companion.truncating import TRUNCATIONS

E = 50256
X = -100

# Positions: 0 to 2 prompt, of which 2 is the header; 3 to 5 response; 6 the end token.
LONG = TokenizedEntry([10, 11, 12, 13, 14, 15], prompt_length=3, header_length=1)
# Positions: 0 prompt and header; 1 response; 2 the end token.
SHORT = TokenizedEntry([20, 21], prompt_length=1, header_length=1)


def as_lists(batch):
    inputs, targets = batch
    return inputs.tolist(), targets.tolist()


def inputs_of(batch):
    return batch.inputs.tolist()


def targets_of(batch):
    return batch.targets.tolist()


# The toy batch ---------------------------------------------------------------------------


def test_the_toy_batch_becomes_inputs_and_targets(toy):
    inputs, targets = Collator()(toy)
    assert inputs.tolist() == [
        [0, 1, 2, 3, 4],
        [5, 6, E, E, E],
        [7, 8, 9, E, E],
    ]
    assert targets.tolist() == [
        [1, 2, 3, 4, E],
        [6, E, X, X, X],
        [8, 9, E, X, X],
    ]


def test_the_toy_batch_with_its_own_ids(toy):
    collate = Collator(pad_id=11, end_id=10, ignore_index=-1)
    assert as_lists(collate(toy)) == (
        [[0, 1, 2, 3, 4], [5, 6, 10, 11, 11], [7, 8, 9, 10, 11]],
        [[1, 2, 3, 4, 10], [6, 10, -1, -1, -1], [8, 9, 10, -1, -1]],
    )


def test_the_batch_is_a_pair_with_names(toy):
    batch = Collator()(toy)
    assert isinstance(batch, Batch)
    inputs, targets = batch
    assert inputs is batch.inputs
    assert targets is batch.targets
    assert batch._fields == ("inputs", "targets")


def test_both_tensors_are_int64_and_contiguous(toy):
    for items in (toy, [np.array(row, dtype=np.uint16) for row in toy]):
        for tensor in Collator()(items):
            assert tensor.dtype == torch.int64
            assert tensor.is_contiguous()
            assert tensor.shape == (3, 5)


def test_the_two_tensors_share_no_memory(toy):
    inputs, targets = Collator()(toy)
    inputs.zero_()
    assert targets.tolist()[0] == [1, 2, 3, 4, E]


def test_lists_arrays_tensors_and_entries_are_all_items(toy):
    expected = as_lists(Collator()(toy))
    for kind in (tuple, np.array, torch.tensor, TokenizedEntry):
        assert as_lists(Collator()([kind(row) for row in toy])) == expected


def test_kinds_of_items_may_be_mixed(toy):
    mixed = [toy[0], np.array(toy[1], dtype=np.uint16), TokenizedEntry(toy[2])]
    assert as_lists(Collator()(mixed)) == as_lists(Collator()(toy))


@pytest.mark.parametrize("mask", ["none", "prompt", "prompt_without_header"])
def test_the_items_are_not_changed(mask):
    ids = [np.array([10, 11, 12, 13]), np.array([20, 21])]
    batch = [TokenizedEntry(row, prompt_length=1, header_length=1) for row in ids]
    made = Collator(mask=mask, max_length=3)(batch)
    made.inputs.zero_()
    made.targets.zero_()
    assert [row.tolist() for row in ids] == [[10, 11, 12, 13], [20, 21]]
    assert [entry.turns for entry in batch] == [((0, 1, 5, 5),), ((0, 1, 3, 3),)]


# The end token, by position --------------------------------------------------------------


def test_an_end_token_inside_a_text_is_supervised_and_so_is_the_appended_one():
    assert as_lists(Collator()([[1, E, 2, 3], [4]])) == (
        [[1, E, 2, 3], [4, E, E, E]],
        [[E, 2, 3, E], [E, X, X, X]],
    )


def test_a_text_may_end_in_an_end_token_of_its_own():
    assert as_lists(Collator()([[1, E], [4, 5, 6]])) == (
        [[1, E, E], [4, 5, 6]],
        [[E, E, X], [5, 6, E]],
    )


def test_a_pad_id_that_occurs_in_a_text_is_supervised():
    assert as_lists(Collator(pad_id=0, end_id=9)([[5, 0, 6], [7]])) == (
        [[5, 0, 6], [7, 9, 0]],
        [[0, 6, 9], [9, X, X]],
    )


def test_a_pad_id_of_its_own_leaves_the_end_token_alone():
    assert as_lists(Collator(pad_id=7, end_id=9)([[1, 2, 3], [4]])) == (
        [[1, 2, 3], [4, 9, 7]],
        [[2, 3, 9], [9, X, X]],
    )


def test_every_row_of_the_embedded_set_learns_one_appended_end_token():
    dataset = InstructionDataset(load_entries())
    for mask in ("none", "prompt", "prompt_without_header"):
        _, targets = Collator(mask=mask)(list(dataset))
        assert (targets == E).sum(dim=1).tolist() == [1] * len(dataset)


def test_an_empty_response_still_learns_its_end_token():
    entry = TokenizedEntry([10, 11, 12], prompt_length=3, header_length=1)
    assert as_lists(Collator(mask="prompt")([entry])) == ([[10, 11, 12]], [[X, X, E]])


def test_a_row_of_one_token_predicts_its_end_token():
    assert as_lists(Collator()([[5]])) == ([[5]], [[E]])


def test_a_row_of_one_token_beside_a_longer_one():
    assert as_lists(Collator()([[5], [6, 7]])) == ([[5, E], [6, 7]], [[E, X], [7, E]])


def test_a_batch_of_one_has_no_pads():
    assert as_lists(Collator()([[1, 2, 3]])) == ([[1, 2, 3]], [[2, 3, E]])


# Masks -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mask", "targets"),
    [
        ("none", [[11, 12, 13, 14, 15, E], [21, E, X, X, X, X]]),
        ("prompt", [[X, X, 13, 14, 15, E], [21, E, X, X, X, X]]),
        ("prompt_without_header", [[X, 12, 13, 14, 15, E], [21, E, X, X, X, X]]),
    ],
)
def test_a_mask_changes_the_targets_and_no_input(mask, targets):
    batch = Collator(mask=mask)([LONG, SHORT])
    assert inputs_of(batch) == [[10, 11, 12, 13, 14, 15], [20, 21, E, E, E, E]]
    assert targets_of(batch) == targets


def test_a_bare_text_is_all_response_under_any_mask(toy):
    for mask in ("prompt", "prompt_without_header"):
        assert as_lists(Collator(mask=mask)(toy)) == as_lists(Collator()(toy))


def test_an_unknown_header_is_masked_with_its_prompt_or_refused():
    entry = TokenizedEntry([10, 11, 12], prompt_length=2, header_length=None)
    assert targets_of(Collator(mask="prompt")([entry])) == [[X, 12, E]]
    with pytest.raises(ValueError, match="needs to know where the response header begins"):
        Collator(mask="prompt_without_header")([entry])


# Positions: user 0, header 1, answer 2-3; user 4-5, header 6, answer 7; end token 8.
CHAT = TokenizedEntry([10, 11, 12, 13, 14, 15, 16, 17], [(1, 2, 4, 4), (6, 7, 9, 9)])


@pytest.mark.parametrize(
    ("mask", "targets"),
    [
        ("none", [[11, 12, 13, 14, 15, 16, 17, E]]),
        ("prompt", [[X, 12, 13, X, X, X, 17, E]]),
        ("prompt_without_header", [[11, 12, 13, X, X, 16, 17, E]]),
    ],
)
def test_every_answer_of_a_chat_is_supervised(mask, targets):
    assert targets_of(Collator(mask=mask)([CHAT])) == targets


def test_the_end_token_after_a_users_turn_is_not_supervised():
    chat = TokenizedEntry([10, 11, 12, 13, E], [(1, 1, 3, 3)], closed=True)
    assert targets_of(Collator(mask="prompt")([chat])) == [[11, 12, X, X]]


# Truncation ------------------------------------------------------------------------------

# What max_length 4 makes of LONG, of six tokens, and of SHORT, of two, in one batch.
CUT = {
    ("cut", "none"): [[11, 12, 13, 14], [21, E, X, X]],
    ("cut", "prompt"): [[X, X, 13, 14], [21, E, X, X]],
    ("cut", "prompt_without_header"): [[X, 12, 13, 14], [21, E, X, X]],
    ("keep_end", "none"): [[11, 12, 13, E], [21, E, X, X]],
    ("keep_end", "prompt"): [[X, X, 13, E], [21, E, X, X]],
    ("keep_end", "prompt_without_header"): [[X, 12, 13, E], [21, E, X, X]],
}


@pytest.mark.parametrize(("policy", "mask"), CUT)
def test_a_long_row_is_cut(policy, mask):
    batch = Collator(mask=mask, max_length=4, truncation=policy)([LONG, SHORT])
    assert inputs_of(batch) == [[10, 11, 12, 13], [20, 21, E, E]]
    assert targets_of(batch) == CUT[policy, mask]


@pytest.mark.parametrize("mask", ["none", "prompt", "prompt_without_header"])
def test_a_long_row_is_dropped_and_the_batch_shrinks(mask):
    batch = Collator(mask=mask, max_length=4, truncation="drop")([LONG, SHORT])
    assert as_lists(batch) == ([[20, 21]], [[21, E]])


@pytest.mark.parametrize("mask", ["none", "prompt", "prompt_without_header"])
def test_a_long_row_is_refused_by_name(mask):
    with pytest.raises(ValueError, match=r"^longer than max_length 4: row 1 \(6 tokens\)$"):
        Collator(mask=mask, max_length=4, truncation="error")([SHORT, LONG])


def test_all_long_rows_are_named():
    with pytest.raises(ValueError, match=r"max_length 3: row 0 \(6 tokens\), row 2 \(4 tokens\)$"):
        Collator(max_length=3, truncation="error")([LONG, SHORT, [1, 2, 3, 4]])


def test_a_batch_of_which_every_row_is_dropped_is_refused():
    with pytest.raises(
        ValueError, match=r"row 0 \(6 tokens\), row 1 \(2 tokens\); that is every row of this batch"
    ):
        Collator(max_length=1, truncation="drop")([LONG, SHORT])


@pytest.mark.parametrize("policy", ["cut", "keep_end", "drop", "error"])
@pytest.mark.parametrize("max_length", [6, 7, 100])
def test_what_fits_is_left_whole_by_every_policy(policy, max_length):
    batch = Collator(max_length=max_length, truncation=policy)([LONG])
    assert as_lists(batch) == ([[10, 11, 12, 13, 14, 15]], [[11, 12, 13, 14, 15, E]])


def test_a_row_one_token_too_long_loses_its_end_token_only():
    batch = Collator(max_length=5)([LONG])
    assert as_lists(batch) == ([[10, 11, 12, 13, 14]], [[11, 12, 13, 14, 15]])


def test_a_row_one_token_too_long_keeps_its_end_token_instead_of_its_last():
    batch = Collator(max_length=5, truncation="keep_end")([LONG])
    assert as_lists(batch) == ([[10, 11, 12, 13, 14]], [[11, 12, 13, 14, E]])


def test_a_width_of_one_holds_the_first_token_and_the_next(toy):
    assert as_lists(Collator(max_length=1)(toy)) == ([[0], [5], [7]], [[1], [6], [8]])


def test_a_width_of_one_with_its_end_kept_predicts_the_end_at_once(toy):
    batch = Collator(max_length=1, truncation="keep_end")(toy)
    assert as_lists(batch) == ([[0], [5], [7]], [[E], [E], [E]])


def test_a_width_of_one_leaves_a_row_of_one_token_whole():
    for policy in ("cut", "keep_end", "drop", "error"):
        batch = Collator(max_length=1, truncation=policy)([[5]])
        assert as_lists(batch) == ([[5]], [[E]])


def test_cutting_is_what_cutting_the_full_rows_would_give(toy):
    full = Collator()(toy)
    for width in (1, 2, 3, 4):
        cut = Collator(max_length=width)(toy)
        assert cut.inputs.tolist() == full.inputs[:, :width].tolist()
        assert cut.targets.tolist() == full.targets[:, :width].tolist()


def test_a_short_batch_is_not_widened_to_max_length():
    assert Collator(max_length=100)([[1, 2]]).inputs.shape == (1, 2)


# Rows that lose their response -----------------------------------------------------------


@pytest.mark.parametrize("mask", ["none", "prompt", "prompt_without_header"])
@pytest.mark.parametrize(("policy", "max_length"), [("cut", 2), ("keep_end", 3)])
def test_a_row_that_lost_its_response_is_ignored_and_named(policy, max_length, mask):
    collate = Collator(mask=mask, max_length=max_length, truncation=policy)
    with pytest.warns(
        ResponseCutWarning,
        match=rf"max_length {max_length} leaves nothing of the response in rows \[1\] "
        "of this batch of 2; all their targets are ignored",
    ):
        batch = collate([SHORT, LONG])
    assert targets_of(batch)[0][:2] == [21, E]
    assert targets_of(batch)[1] == [X] * max_length
    assert inputs_of(batch)[1] == [10, 11, 12][:max_length]


@pytest.mark.parametrize(("policy", "max_length"), [("cut", 3), ("keep_end", 4)])
def test_one_token_of_a_response_is_enough_to_learn_from(policy, max_length):
    batch = Collator(mask="prompt", max_length=max_length, truncation=policy)([SHORT, LONG])
    assert targets_of(batch)[1] == {"cut": [X, X, 13], "keep_end": [X, X, 13, E]}[policy]


def test_an_empty_response_that_fits_is_not_lost():
    entry = TokenizedEntry([10, 11, 12], prompt_length=3, header_length=1)
    for policy in ("cut", "keep_end"):
        batch = Collator(mask="prompt", max_length=3, truncation=policy)([entry])
        assert targets_of(batch) == [[X, X, E]]


def test_an_empty_response_whose_end_token_is_cut_is_lost():
    entry = TokenizedEntry([10, 11, 12], prompt_length=3, header_length=1)
    with pytest.warns(ResponseCutWarning, match=r"rows \[0\] of this batch of 2"):
        batch = Collator(mask="prompt", max_length=2)([entry, SHORT])
    assert targets_of(batch) == [[X, X], [21, E]]


def test_the_warning_names_every_row_and_points_at_the_caller():
    with pytest.warns(ResponseCutWarning, match=r"rows \[0, 2\] of this batch of 3") as caught:
        Collator(mask="prompt", max_length=2)([LONG, SHORT, LONG])
    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.parametrize("mask", ["none", "prompt", "prompt_without_header"])
def test_a_batch_with_nothing_supervised_is_refused_by_name(mask):
    with pytest.raises(
        ValueError,
        match="nothing is supervised in this batch: none of its 2 rows has a "
        rf"target left \(mask '{mask}', max_length 2\)",
    ):
        Collator(mask=mask, max_length=2)([LONG, LONG])


def test_nothing_supervised_would_have_been_a_loss_of_nan():
    nothing = torch.full((2, 3), X)
    loss = torch.nn.functional.cross_entropy(torch.zeros(6, 5), nothing.flatten())
    assert loss.isnan()


@pytest.mark.parametrize(
    ("policy", "max_length", "targets"),
    [
        ("cut", 8, [[X, 12, 13, X, X, X, 17, E]]),
        ("cut", 7, [[X, 12, 13, X, X, X, 17]]),
        ("cut", 6, [[X, 12, 13, X, X, X]]),
        ("cut", 2, [[X, 12]]),
        ("keep_end", 7, [[X, 12, 13, X, X, X, X]]),
        ("keep_end", 5, [[X, 12, 13, X, X]]),
        ("keep_end", 3, [[X, 12, E]]),
    ],
)
def test_a_chat_is_cut_in_any_of_its_turns(policy, max_length, targets):
    collate = Collator(mask="prompt", max_length=max_length, truncation=policy)
    assert targets_of(collate([CHAT])) == targets


def test_a_turn_that_lost_its_answer_is_not_taught_to_be_empty():
    # Column 6 would predict position 7, where the second answer was and the end token is.
    batch = Collator(mask="prompt", max_length=7, truncation="keep_end")([CHAT])
    assert inputs_of(batch) == [[10, 11, 12, 13, 14, 15, 16]]
    assert targets_of(batch) == [[X, 12, 13, X, X, X, X]]


def test_a_turn_that_lost_its_answer_loses_its_header_too():
    collate = Collator(mask="prompt_without_header", max_length=6)
    assert targets_of(collate([CHAT])) == [[11, 12, 13, X, X, X]]


# Widths ----------------------------------------------------------------------------------


def test_the_width_is_rounded_up_to_a_multiple():
    assert as_lists(Collator(pad_to_multiple_of=4)([[1, 2, 3, 4, 5], [6]])) == (
        [[1, 2, 3, 4, 5, E, E, E], [6, E, E, E, E, E, E, E]],
        [[2, 3, 4, 5, E, X, X, X], [E, X, X, X, X, X, X, X]],
    )


@pytest.mark.parametrize("multiple", [1, 2, 4])
def test_a_width_that_is_a_multiple_already_stays(multiple):
    batch = Collator(pad_to_multiple_of=multiple)([[1, 2, 3, 4], [5]])
    assert as_lists(batch) == ([[1, 2, 3, 4], [5, E, E, E]], [[2, 3, 4, E], [E, X, X, X]])


@pytest.mark.parametrize("policy", ["cut", "keep_end"])
def test_the_multiple_never_exceeds_max_length(policy):
    collate = Collator(max_length=4, pad_to_multiple_of=4, truncation=policy)
    assert collate([[1, 2, 3, 4, 5, 6]]).inputs.shape == (1, 4)
    assert collate([[1, 2, 3]]).inputs.shape == (1, 4)
    assert Collator(max_length=8, pad_to_multiple_of=4)([[1, 2, 3]]).inputs.shape == (1, 4)


# What the constructor refuses ------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mask": "all"}, "mask is one of none, prompt, prompt_without_header; found 'all'"),
        ({"mask": True}, "mask is one of .*; found True"),
        ({"truncation": "left"}, "truncation is one of cut, keep_end, cut_prompt, drop, error; "),
        ({"ends": 2}, r"ends are ids, as in \{2, 3\}; found 2"),
        ({"ends": {-2}}, "each of ends is a token id, 0 or more; found -2"),
        ({"begin_id": -1}, "begin_id is a token id, 0 or more; found -1"),
        ({"pad_id": -1}, "pad_id is a token id, 0 or more; found -1"),
        ({"end_id": -100}, "end_id is a token id, 0 or more; found -100"),
        ({"ignore_index": 0}, "ignore_index is negative, so that it is no token's id; found 0"),
        ({"ignore_index": 50256}, "ignore_index is negative, .*; found 50256"),
        ({"max_length": 0}, "max_length is at least 1; found 0"),
        ({"max_length": -5}, "max_length is at least 1; found -5"),
        ({"pad_to_multiple_of": 0}, "pad_to_multiple_of is at least 1; found 0"),
        (
            {"max_length": 10, "pad_to_multiple_of": 8},
            "cannot be a multiple of 8 and stay within max_length 10",
        ),
        (
            {"max_length": 4, "pad_to_multiple_of": 8},
            "cannot be a multiple of 8 and stay within max_length 4",
        ),
    ],
)
def test_a_collator_that_cannot_work_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Collator(**arguments)


def test_the_ids_are_those_of_a_tokenizer():
    smollm2 = adapt_tokenizer("smollm2")
    for source in ("smollm2", smollm2):
        collate = Collator(tokenizer=source, mask="prompt")
        assert collate == Collator(pad_id=2, end_id=2, mask="prompt", ends={2})
    # A beginning that the tokenizer puts before no text is none for a truncation to keep.
    assert (smollm2.beginning, Collator(tokenizer=smollm2).begin_id) == (1, None)
    begins = dataclasses.replace(smollm2, begins=True, pad=None)
    assert Collator(tokenizer=begins).begin_id == 1
    assert (Collator(tokenizer=begins).pad_id, Collator(tokenizer=begins, pad_id=0).pad_id) == (
        2,
        0,
    )
    assert Collator(tokenizer=begins, end_id=3, begin_id=4, ends={5}) == Collator(
        pad_id=3, end_id=3, begin_id=4, ends={5}
    )


def test_a_collator_of_a_tokenizer_can_be_pickled_and_changed():
    collate = Collator(tokenizer="smollm2")
    assert pickle.loads(pickle.dumps(collate)) == collate
    assert dataclasses.replace(collate, mask="prompt").end_id == 2


def test_a_tokenizer_without_an_end_asks_for_one():
    bare = dataclasses.replace(adapt_tokenizer("smollm2"), ends=frozenset(), end=None, pad=None)
    with pytest.raises(ValueError, match="smollm2: this tokenizer declares no end of its own"):
        Collator(tokenizer=bare)
    assert Collator(tokenizer=bare, end_id=7).pad_id == 7


def test_an_empty_batch_is_refused():
    with pytest.raises(ValueError, match="a batch of no items cannot be collated"):
        Collator()([])


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ([], "an entry of no tokens has nothing to predict"),
        ([1, -100], "ids are 0 or more; found -100 at position 1"),
        ([1.5], "ids are one row of integers; found"),
        ([[1, 2]], "ids are one row of integers; found"),
        ("text", "ids are one row of integers; found"),
        (5, "ids are one row of integers; found"),
    ],
)
def test_an_item_that_is_no_row_of_ids_is_refused(item, message):
    with pytest.raises(ValueError, match=message):
        Collator()([[1, 2], item])


# As a part of PyTorch --------------------------------------------------------------------


def test_the_tensors_are_left_on_the_cpu_by_default(toy):
    assert {tensor.device.type for tensor in Collator()(toy)} == {"cpu"}


def test_the_tensors_are_moved_to_a_device(toy):
    batch = Collator(device="meta")(toy)
    assert isinstance(batch, Batch)
    assert {tensor.device.type for tensor in batch} == {"meta"}
    assert batch.inputs.shape == batch.targets.shape == (3, 5)


def test_a_collator_can_be_pickled(toy):
    collate = Collator(mask="prompt", max_length=4, device=torch.device("cpu"))
    again = pickle.loads(pickle.dumps(collate))
    assert again == collate
    assert as_lists(again(toy)) == as_lists(collate(toy))


def test_a_collator_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Collator().mask = "prompt"


def test_pytorchs_pinning_walks_a_batch(toy, monkeypatch):
    pinned = []

    def pin(tensor, device=None):
        pinned.append(tensor)
        return tensor.clone()

    monkeypatch.setattr(torch.Tensor, "pin_memory", pin)
    batch = Collator()(toy)
    walked = pin_memory(batch)
    assert isinstance(walked, Batch)
    assert [id(tensor) for tensor in pinned] == [id(tensor) for tensor in batch]
    assert as_lists(walked) == as_lists(batch)


def test_worker_processes_give_the_same_batches():
    dataset = InstructionDataset(load_entries()[:20])
    collate = Collator(mask="prompt")
    expected = [as_lists(collate([dataset[i] for i in range(at, at + 5)])) for at in (0, 5, 10, 15)]
    for workers in (0, 2):
        loader = DataLoader(dataset, batch_size=5, collate_fn=collate, num_workers=workers)
        batches = list(loader)
        assert all(isinstance(batch, Batch) for batch in batches)
        assert [as_lists(batch) for batch in batches] == expected


# Equal to the plain loop -----------------------------------------------------------------


@st.composite
def settings_of_a_collator(draw):
    multiple = draw(st.none() | st.integers(1, 4))
    factor = draw(st.integers(1, 8))
    return {
        "pad_id": draw(specs.ids),
        "end_id": draw(specs.ids),
        "ignore_index": draw(specs.ignore_indices),
        "mask": draw(st.sampled_from(["none", "prompt", "prompt_without_header"])),
        "max_length": draw(st.sampled_from([None, factor * (multiple or 1)])),
        "truncation": draw(st.sampled_from(TRUNCATIONS)),
        "begin_id": draw(st.none() | specs.ids),
        "ends": draw(st.sampled_from([(), (0, 1, 2)])),
        "pad_to_multiple_of": multiple,
    }


@given(st.lists(specs.entries(), min_size=1, max_size=5), settings_of_a_collator())
@example([CHAT], dataclasses.asdict(Collator(mask="prompt", max_length=7, truncation="keep_end")))
def test_the_collator_makes_what_the_plain_loop_makes(entries, settings):
    settings.pop("device", None)
    try:
        inputs, targets, lost = specs.collate(entries, **settings)
    except specs.RefusedError:
        refusal = pytest.raises(ValueError, match=r"longer than max_length|nothing is supervised")
        with warnings.catch_warnings(action="ignore", category=ResponseCutWarning), refusal:
            Collator(**settings)(entries)
        return
    with warnings.catch_warnings(record=True, action="always") as caught:
        batch = Collator(**settings)(entries)
    assert as_lists(batch) == (inputs, targets)
    assert [str(warning.message).split(" of this")[0].split("rows ")[1] for warning in caught] == (
        [str(lost)] if lost else []
    )


@given(st.lists(specs.entries(), min_size=1, max_size=5))
def test_a_masked_batch_differs_from_the_plain_one_in_ignored_targets_only(entries):
    assume(any(entry.turns for entry in entries))
    plain = Collator(pad_id=0, end_id=1)(entries)
    for mask in ("prompt", "prompt_without_header"):
        try:
            masked = Collator(pad_id=0, end_id=1, mask=mask)(entries)
        except ValueError:
            continue
        assert masked.inputs.equal(plain.inputs)
        assert ((masked.targets == plain.targets) | (masked.targets == X)).all()
