"""What becomes of a text that is too long."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import specs
from companion.tokenizing import TokenizedEntry
from companion.truncating import TRUNCATIONS, fits, truncate

E = 9
# Positions: question 0, answer 1-2 and its line break 3; question 4, answer 5-6, line break 7.
CHAT = TokenizedEntry([1, 2, E, 3, 4, 5, E, 3], [(1, 1, 3, 4), (5, 5, 7, 8)], closed=True)

CUT = {
    1: ([1, 2], [(1, 1, 2, 2)]),
    2: ([1, 2, E], [(1, 1, 3, 3)]),
    3: ([1, 2, E, 3], [(1, 1, 3, 4)]),
    4: ([1, 2, E, 3, 4], [(1, 1, 3, 4)]),
    5: ([1, 2, E, 3, 4, 5], [(1, 1, 3, 4), (5, 5, 6, 6)]),
    6: ([1, 2, E, 3, 4, 5, E], [(1, 1, 3, 4), (5, 5, 7, 7)]),
    7: ([1, 2, E, 3, 4, 5, E, 3], [(1, 1, 3, 4), (5, 5, 7, 8)]),
}
END_KEPT = {
    1: ([1, 0], []),
    2: ([1, 2, 0], [(1, 1, 3, 3)]),
    3: ([1, 2, E, 0], [(1, 1, 3, 3)]),
    4: ([1, 2, E, 3, 0], [(1, 1, 3, 4)]),
    5: ([1, 2, E, 3, 4, 0], [(1, 1, 3, 4)]),
    6: ([1, 2, E, 3, 4, 5, 0], [(1, 1, 3, 4), (5, 5, 7, 7)]),
    7: CUT[7],
}


@pytest.mark.parametrize(("truncation", "expected"), [("cut", CUT), ("keep_end", END_KEPT)])
@pytest.mark.parametrize("limit", range(1, 8))
def test_a_chat_keeps_the_answers_of_which_something_is_left(truncation, expected, limit):
    text = truncate(CHAT, limit, truncation, end_id=0)
    assert (text.ids.tolist(), [tuple(turn) for turn in text.turns]) == expected[limit]
    assert text.closed


def test_the_end_token_is_put_there_whatever_the_ids_are_held_in():
    entry = TokenizedEntry(np.array([1, 2, 3], dtype=np.uint8))
    assert truncate(entry, 2, "keep_end", end_id=50256).ids.tolist() == [1, 2, 50256]


@pytest.mark.parametrize("truncation", TRUNCATIONS)
@pytest.mark.parametrize("limit", [None, 7, 8, 10**20])
def test_what_fits_is_given_back_as_it_is(truncation, limit):
    assert truncate(CHAT, limit, truncation, 0) is CHAT


@pytest.mark.parametrize("truncation", ["drop", "error", "all"])
def test_what_does_not_fit_is_cut_by_no_other_truncation(truncation):
    message = f"a text of 8 tokens is longer than max_length 6, and truncation '{truncation}'"
    with pytest.raises(ValueError, match=message):
        truncate(CHAT, 6, truncation, 0)


@given(specs.entries(), st.integers(1, 10), st.sampled_from(["cut", "keep_end"]))
def test_what_was_cut_fits_and_begins_as_before(entry, limit, truncation):
    text = truncate(entry, limit, truncation, 8)
    assert fits(text, limit)
    if fits(entry, limit):
        return
    assert text.length == limit + 1
    own = text.ids if truncation == "cut" else text.ids[:-1]
    assert own.tolist() == entry.ids[: len(own)].tolist()
    assert [turn.start for turn in text.turns] == [
        turn.start for turn in entry.turns if turn.start < len(own)
    ]
