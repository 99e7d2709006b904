"""Step 4, shift."""

import numpy as np
import pytest
from hypothesis import given

import specs
from companion.shifting import shift_targets

E = 50256


def test_the_toy_block_becomes_inputs_and_targets():
    block = np.array([[0, 1, 2, 3, 4, E], [5, 6, E, E, E, E], [7, 8, 9, E, E, E]])
    inputs, targets = shift_targets(block)
    assert inputs.tolist() == [
        [0, 1, 2, 3, 4],
        [5, 6, E, E, E],
        [7, 8, 9, E, E],
    ]
    assert targets.tolist() == [
        [1, 2, 3, 4, E],
        [6, E, E, E, E],
        [8, 9, E, E, E],
    ]


def test_every_target_is_the_input_of_the_next_column():
    inputs, targets = shift_targets(np.arange(12).reshape(3, 4))
    assert targets[:, :-1].tolist() == inputs[:, 1:].tolist()


def test_the_end_token_of_the_longest_row_is_in_its_targets_only():
    inputs, targets = shift_targets(np.array([[5, 6, E]]))
    assert E not in inputs
    assert targets[0, -1] == E


def test_no_number_is_made_or_moved():
    block = np.arange(12).reshape(3, 4)
    inputs, targets = shift_targets(block)
    assert np.shares_memory(inputs, block)
    assert np.shares_memory(targets, block)
    assert block.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


def test_two_columns_are_enough():
    inputs, targets = shift_targets(np.array([[7, E]]))
    assert (inputs.tolist(), targets.tolist()) == ([[7]], [[E]])


@pytest.mark.parametrize(
    "block", [np.array([[7]]), np.array([7, 8]), np.zeros((1, 2, 3), dtype=int)]
)
def test_what_has_no_rows_of_two_columns_is_refused(block):
    with pytest.raises(ValueError, match="at least two columns to shift; found shape") as caught:
        shift_targets(block)
    assert str(block.shape) in str(caught.value)


@pytest.mark.parametrize("block", [[[1.5, 2.5]], [["a", "b"]], [[True, False]]])
def test_what_holds_no_ids_is_refused(block):
    with pytest.raises(ValueError, match="a block holds ids, which are integers; found"):
        shift_targets(block)


@given(specs.blocks())
def test_inputs_and_targets_are_what_the_plain_loop_makes(block):
    inputs, targets = shift_targets(np.array(block))
    assert (inputs.tolist(), targets.tolist()) == specs.shift(block)
