"""Step 6, mask."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import specs
from companion.masking import MASKS, supervised_spans
from companion.tokenizing import TokenizedEntry

# Positions: 0 and 1 instruction, 2 header, 3 and 4 response, 5 the end token.
ENTRY = TokenizedEntry([10, 11, 12, 13, 14], prompt_length=3, header_length=1)
# Two turns: responses at 2-3 and at 7, the end token at 8.
CHAT = TokenizedEntry(list(range(10, 18)), [(1, 2, 4, 4), (6, 7, 9, 9)])


def test_there_are_three_masks():
    assert MASKS == ("none", "prompt", "prompt_without_header")


def test_no_mask_supervises_the_text_and_its_end_token():
    assert supervised_spans([ENTRY], "none") == [((0, 6),)]


def test_the_prompt_mask_supervises_the_response_and_its_end_token():
    assert supervised_spans([ENTRY], "prompt") == [((3, 6),)]


def test_the_prompt_is_what_is_masked_by_default():
    assert supervised_spans([ENTRY]) == [((3, 6),)]


def test_the_mask_without_header_supervises_the_header_too():
    assert supervised_spans([ENTRY], "prompt_without_header") == [((2, 6),)]


def test_a_bare_text_is_all_response():
    assert [supervised_spans([TokenizedEntry([5, 6])], mask) for mask in MASKS] == [
        [((0, 3),)],
        [((0, 3),)],
        [((0, 3),)],
    ]


def test_an_empty_response_leaves_its_end_token():
    assert supervised_spans([TokenizedEntry([5, 6], prompt_length=2)], "prompt") == [((2, 3),)]


def test_every_answer_of_a_chat_is_supervised():
    assert supervised_spans([CHAT], "prompt") == [((2, 4), (7, 9))]


def test_every_header_of_a_chat_is_supervised_without_header_mask():
    assert supervised_spans([CHAT], "prompt_without_header") == [((1, 4), (6, 9))]


def test_without_a_mask_the_users_turns_are_supervised_too():
    assert supervised_spans([CHAT], "none") == [((0, 9),)]


def test_the_end_token_is_supervised_only_if_the_last_span_reaches_it():
    chat = TokenizedEntry(list(range(10, 19)), [(1, 2, 4, 4), (5, 6, 7, 8)], closed=True)
    assert supervised_spans([chat], "prompt") == [((2, 4), (6, 7))]


def test_entries_keep_their_order():
    assert supervised_spans([CHAT, ENTRY], "prompt") == [((2, 4), (7, 9)), ((3, 6),)]


def test_a_header_of_unknown_length_can_be_masked_with_its_prompt():
    entry = TokenizedEntry([10, 11, 12], prompt_length=2, header_length=None)
    assert supervised_spans([entry], "prompt") == [((2, 4),)]


def test_a_header_of_unknown_length_cannot_be_left_out_of_the_mask():
    entry = TokenizedEntry([10, 11, 12], prompt_length=2, header_length=None)
    with pytest.raises(ValueError, match="needs to know where the response header begins"):
        supervised_spans([entry], "prompt_without_header")


def test_an_unknown_mask_is_refused():
    with pytest.raises(
        ValueError, match="mask is one of none, prompt, prompt_without_header; found 'all'"
    ):
        supervised_spans([ENTRY], "all")


@given(specs.entries(), st.sampled_from(MASKS))
def test_supervised_spans_cover_what_the_plain_loop_supervises(entry, mask):
    (spans,) = supervised_spans([entry], mask)
    covered = {position for start, stop in spans for position in range(start, stop)}
    assert sorted(covered) == specs.supervised_positions(entry.length, entry.turns, mask)
