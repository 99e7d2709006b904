"""Step 3, pad."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import specs
from companion.padding import PAD_ID, count_pads, pad_batch, padding_share
from companion.tokenizing import END_ID

E = 50256


def test_the_toy_batch_becomes_one_block(toy):
    assert pad_batch(toy).tolist() == [
        [0, 1, 2, 3, 4, E],
        [5, 6, E, E, E, E],
        [7, 8, 9, E, E, E],
    ]


def test_gpt2s_end_token_is_the_pad_as_well():
    assert PAD_ID == END_ID == 50256


def test_one_end_token_is_told_from_the_pads_where_their_ids_differ(toy):
    assert pad_batch(toy, end_id=10, pad_id=0).tolist() == [
        [0, 1, 2, 3, 4, 10],
        [5, 6, 10, 0, 0, 0],
        [7, 8, 9, 10, 0, 0],
    ]


def test_an_end_token_inside_a_text_is_left_where_it_is():
    assert pad_batch([[1, E, 2, 3], [4]]).tolist() == [[1, E, 2, 3, E], [4, E, E, E, E]]


def test_a_pad_id_inside_a_text_is_left_where_it_is():
    assert pad_batch([[5, 0, 6], [7]], end_id=9, pad_id=0).tolist() == [[5, 0, 6, 9], [7, 9, 0, 0]]


def test_a_text_without_tokens_is_its_end_token():
    assert pad_batch([[], [1, 2]], end_id=9, pad_id=0).tolist() == [[9, 0, 0], [1, 2, 9]]


def test_a_batch_of_one_has_no_pads():
    assert pad_batch([[1, 2, 3]]).tolist() == [[1, 2, 3, E]]


def test_a_wider_block_has_more_pads():
    assert pad_batch([[1], [2, 3]], end_id=9, pad_id=0, width=5).tolist() == [
        [1, 9, 0, 0, 0],
        [2, 3, 9, 0, 0],
    ]


def test_a_narrower_block_cuts_the_end_token_first_and_then_the_text():
    assert pad_batch([[1], [2, 3], [4, 5, 6]], end_id=9, pad_id=0, width=2).tolist() == [
        [1, 9],
        [2, 3],
        [4, 5],
    ]


def test_the_block_is_int64_whatever_the_rows_are():
    rows = [np.array([1, 65535], dtype=np.uint16), [3], np.array([4], dtype=np.int32)]
    block = pad_batch(rows)
    assert block.dtype == np.int64
    assert block.tolist() == [[1, 65535, E], [3, E, E], [4, E, E]]


def test_the_rows_are_not_changed(toy):
    rows = [np.array(row) for row in toy]
    block = pad_batch(rows)
    block[:] = -1
    assert [row.tolist() for row in rows] == toy


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match="a batch of no rows has no longest row to pad to"):
        pad_batch([])


def test_no_columns_are_refused():
    with pytest.raises(ValueError, match="at least 1 column wide; found width 0"):
        pad_batch([[1]], width=0)


@given(specs.rows, specs.ids, specs.ids)
def test_a_block_is_what_the_plain_loop_makes(rows, end_id, pad_id):
    assert pad_batch(rows, end_id, pad_id).tolist() == specs.block(rows, end_id, pad_id)


@given(specs.rows, specs.ids, specs.ids, st.integers(1, 12))
def test_a_block_of_any_width_is_what_the_plain_loop_makes(rows, end_id, pad_id, width):
    made = pad_batch(rows, end_id, pad_id, width)
    assert made.tolist() == specs.block(rows, end_id, pad_id, width)


def test_of_15_toy_inputs_3_are_pads():
    assert count_pads([5, 2, 3], width=5) == 3
    assert padding_share([5, 2, 3], width=5) == 0.2


def test_a_block_without_pads_has_a_padding_share_of_0():
    assert padding_share([4, 4], width=5) == 0


def test_a_text_that_is_wider_than_the_block_fills_its_row_and_no_more():
    assert padding_share([9, 1], width=4) == pytest.approx(2 / 8)


@pytest.mark.parametrize("kind", [np.int64, np.uint16, np.uint8])
def test_lengths_may_be_an_array_of_any_integers(kind):
    assert padding_share(np.array([5, 2, 3], dtype=kind), width=5) == 0.2
    assert padding_share(np.array([255], dtype=kind), width=512) == pytest.approx(0.5)


@pytest.mark.parametrize(("lengths", "width"), [([], 4), ([3], 0)])
def test_a_block_without_slots_has_no_padding_share(lengths, width):
    with pytest.raises(ValueError, match=f"found {len(lengths)} by {width}"):
        padding_share(lengths, width)


@pytest.mark.parametrize("lengths", [[-5, 2], [1.5], ["a"], [True]])
def test_what_counts_no_tokens_has_no_padding_share(lengths):
    with pytest.raises(ValueError, match="a length counts tokens, 0 or more; found"):
        padding_share(lengths, 4)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1, 2], [1.5, 2.7]], r"row 1: ids are one row of integers; found \[1.5, 2.7\]"),
        ([[[1], [2]]], r"row 0: ids are one row of integers; found \[\[1\], \[2\]\]"),
        ([[True]], r"row 0: ids are one row of integers; found \[True\]"),
        ([[1], [2, -3]], "row 1: ids are 0 or more; found -3"),
    ],
)
def test_what_is_no_row_of_ids_is_refused(rows, message):
    with pytest.raises(ValueError, match=message):
        pad_batch(rows)


def test_a_negative_pad_id_is_no_id():
    with pytest.raises(ValueError, match="ids are 0 or more; found end_id 50256 and pad_id -100"):
        pad_batch([[1], [2, 3]], pad_id=-100)


def test_a_row_that_brings_its_own_end_gets_none():
    block = pad_batch([[5, 6, 9], [5], [7, 9]], end_id=9, pad_id=0, closed=[True, False, True])
    assert block.tolist() == [[5, 6, 9], [5, 9, 0], [7, 9, 0]]


def test_who_brings_an_end_is_said_of_each_row():
    with pytest.raises(ValueError, match="`closed` says it of each of 2 rows; found 1"):
        pad_batch([[1], [2]], closed=[True])


@given(st.lists(st.integers(0, 12), min_size=1, max_size=6), st.integers(1, 14))
def test_the_padding_share_is_what_counting_the_pads_gives(lengths, width):
    assert padding_share(lengths, width) == pytest.approx(specs.padding_share(lengths, width))
