"""Step 5, ignore."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import specs
from companion.ignoring import IGNORE_INDEX, ignore_padding, keep_spans

E = 50256
X = -100


def test_the_ignore_index_is_the_one_that_cross_entropy_passes_over_by_default():
    assert torch.nn.CrossEntropyLoss().ignore_index == IGNORE_INDEX == -100


def test_the_toy_targets_keep_one_end_token_a_row():
    targets = np.array([[1, 2, 3, 4, E], [6, E, E, E, E], [8, 9, E, E, E]])
    assert ignore_padding(targets, [5, 2, 3]).tolist() == [
        [1, 2, 3, 4, E],
        [6, E, X, X, X],
        [8, 9, E, X, X],
    ]


def test_the_appended_end_token_is_kept_as_a_target():
    assert ignore_padding(np.array([[6, E, E, E]]), [2]).tolist() == [[6, E, X, X]]


def test_an_end_token_inside_a_text_is_kept_and_so_is_the_appended_one():
    targets = np.array([[E, 2, 3, E, E]])  # of the text [1, E, 2, 3], padded
    assert ignore_padding(targets, [4]).tolist() == [[E, 2, 3, E, X]]


def test_a_pad_id_inside_a_text_is_kept_as_a_target():
    targets = np.array([[0, 6, 9, 0, 0]])  # of [5, 0, 6] with end token 9 and pad id 0
    assert ignore_padding(targets, [3]).tolist() == [[0, 6, 9, X, X]]


def test_another_ignore_index_is_used():
    assert ignore_padding(np.array([[6, E, E]]), [2], ignore_index=-1).tolist() == [[6, E, -1]]


def test_an_empty_text_in_a_batch_keeps_nothing_because_its_end_token_is_an_input():
    assert ignore_padding(np.array([[E, E], [2, E]]), [0, 2]).tolist() == [[X, X], [2, E]]


def test_only_the_targets_inside_a_span_are_kept():
    targets = np.array([[11, 12, 13, 14, 15, 16]])  # the tokens at positions 1 to 6
    assert keep_spans(targets, [[(3, 5)]]).tolist() == [[X, X, 13, 14, X, X]]


def test_the_first_token_of_a_span_is_kept_and_the_token_before_it_is_not():
    assert keep_spans(np.array([[11, 12, 13]]), [[(2, 4)]]).tolist() == [[X, 12, 13]]


def test_the_last_token_of_a_span_is_kept_and_the_token_after_it_is_not():
    assert keep_spans(np.array([[11, 12, 13]]), [[(1, 3)]]).tolist() == [[11, 12, X]]


def test_several_spans_are_kept():
    targets = np.array([[11, 12, 13, 14, 15, 16]])
    assert keep_spans(targets, [[(1, 3), (5, 6)]]).tolist() == [[11, 12, X, X, 15, X]]


def test_the_token_at_position_0_is_never_a_target():
    targets = np.array([[11, 12, 13]])
    assert keep_spans(targets, [[(0, 1)]]).tolist() == [[X, X, X]]
    assert keep_spans(targets, [[(0, 3)]]).tolist() == [[11, 12, X]]


@pytest.mark.parametrize("start", [0, 1, 2, 4])
def test_an_empty_span_keeps_nothing(start):
    assert keep_spans(np.array([[11, 12, 13]]), [[(start, start)]]).tolist() == [[X, X, X]]


def test_a_row_without_spans_keeps_nothing():
    targets = np.array([[11, 12], [21, 22]])
    assert keep_spans(targets, [[], [(0, 3)]]).tolist() == [[X, X], [21, 22]]


def test_a_span_may_reach_beyond_a_row_that_was_cut():
    assert keep_spans(np.array([[11, 12, 13]]), [[(2, 99)]]).tolist() == [[X, 12, 13]]


def test_the_targets_are_not_changed():
    targets = np.array([[11, 12, 13]])
    keep_spans(targets, [[(2, 3)]])
    assert targets.tolist() == [[11, 12, 13]]


def test_the_result_is_int64_and_has_its_own_memory():
    block = np.array([[10, 11, 12, 13]])
    kept = keep_spans(block[:, 1:], [[(0, 5)]])
    assert kept.dtype == np.int64
    assert kept.flags["C_CONTIGUOUS"]
    assert not np.shares_memory(kept, block)


def test_every_row_needs_its_spans():
    with pytest.raises(ValueError, match="2 rows of targets need as many of spans; found 1"):
        keep_spans(np.array([[1], [2]]), [[(0, 1)]])


@given(st.data(), specs.blocks(), specs.ignore_indices)
def test_kept_targets_are_what_the_plain_loop_keeps(data, targets, ignore_index):
    spans = [data.draw(specs.ordered_spans(len(row) + 2)) for row in targets]
    made = keep_spans(np.array(targets), spans, ignore_index)
    assert made.tolist() == specs.keep(targets, spans, ignore_index)


@given(st.data(), specs.blocks(), specs.ignore_indices)
def test_ignored_padding_is_what_the_plain_loop_ignores(data, targets, ignore_index):
    lengths = [data.draw(st.integers(0, len(row) + 2)) for row in targets]
    made = ignore_padding(np.array(targets), lengths, ignore_index)
    assert made.tolist() == specs.ignore_padding(targets, lengths, ignore_index)


@pytest.mark.parametrize("span", [(-1, 2), (2, 1), (-3, -1)])
def test_a_span_is_in_order_and_not_before_the_text(span):
    message = rf"0 <= start <= stop; found \({span[0]}, {span[1]}\) in row 1"
    with pytest.raises(ValueError, match=message):
        keep_spans(np.array([[1, 2], [3, 4]]), [[(0, 3)], [span]])


@pytest.mark.parametrize("targets", [np.array([1, 2]), np.array([[1.5]]), np.array([[True]])])
def test_what_is_no_rows_of_ids_has_no_targets_to_keep(targets):
    with pytest.raises(ValueError, match="targets are rows of integers; found"):
        keep_spans(targets, [[(0, 2)]])
