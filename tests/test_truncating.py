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
    1: ([1, E], []),
    2: ([1, 2, E], [(1, 1, 3, 3)]),
    3: ([1, 2, E], [(1, 1, 3, 3)]),
    4: ([1, 2, E, 3], [(1, 1, 3, 4)]),
    5: ([1, 2, E, 3, 4, E], [(1, 1, 3, 4)]),
    6: ([1, 2, E, 3, 4, 5, E], [(1, 1, 3, 4), (5, 5, 7, 7)]),
    7: CUT[7],
}
PROMPT_CUT = END_KEPT  # of the one token before its first answer, none can go


@pytest.mark.parametrize(
    ("truncation", "expected"), [("cut", CUT), ("keep_end", END_KEPT), ("cut_prompt", PROMPT_CUT)]
)
@pytest.mark.parametrize("limit", range(1, 8))
def test_a_chat_keeps_the_answers_of_which_something_is_left(truncation, expected, limit):
    text = truncate(CHAT, limit, truncation, end_id=0, ends={E})
    assert (text.ids.tolist(), [tuple(turn) for turn in text.turns]) == expected[limit]
    assert text.closed


def test_the_end_token_is_put_there_whatever_the_ids_are_held_in():
    entry = TokenizedEntry(np.array([1, 2, 3], dtype=np.uint8))
    assert truncate(entry, 2, "keep_end", end_id=50256).ids.tolist() == [1, 2, 50256]


def test_a_text_that_rests_after_its_answer_gets_no_second_end():
    """Cut within what trails the answer, its own end stands there already."""
    entry = TokenizedEntry([1, 2, E, 3, 3, 3], [(1, 1, 3, 6)], closed=True)
    for limit in (3, 4):
        text = truncate(entry, limit, "keep_end", end_id=E)
        assert text.ids.tolist() == [1, 2, E, 3, 3][:limit]
        assert text.turns == ((1, 1, 3, limit),)


def test_the_end_that_is_kept_is_the_texts_own():
    """An end of turn that is not the id that the collator appends."""
    entry = TokenizedEntry([1, 2, 3, E, 4], [(1, 1, 4, 5)], closed=True)
    assert truncate(entry, 2, "keep_end", 0, ends={0, E}).ids.tolist() == [1, 2, E]
    # Cut before, it ends with an answer's last word, which ends no other answer.
    cut = truncate(entry, 2, "cut", 0, ends={0, E})
    assert truncate(cut, 1, "keep_end", 0, ends={0, E}).ids.tolist() == [1, 0]


# ------------------------------------------------------------------------- of the prompt

# Prompt 1 to 5, of which 4 and 5 are its header, and the answer 6, 7 with its end to come.
LONG = TokenizedEntry([1, 2, 3, 4, 5, 6, 7], prompt_length=5, header_length=2)


@pytest.mark.parametrize(
    ("limit", "begin_id", "ids", "turn"),
    [
        (6, None, [2, 3, 4, 5, 6, 7], (2, 4, 7, 7)),
        (4, None, [4, 5, 6, 7], (0, 2, 5, 5)),  # the header is all that is left of the prompt
        (3, None, [4, 5, 6, 0], (0, 2, 4, 4)),  # and now of the answer, with its end kept
        (6, 1, [1, 3, 4, 5, 6, 7], (2, 4, 7, 7)),  # a beginning stays
        (5, 1, [1, 4, 5, 6, 7], (1, 3, 6, 6)),
        (4, 1, [1, 4, 5, 6, 0], (1, 3, 5, 5)),
        (6, 2, [2, 3, 4, 5, 6, 7], (2, 4, 7, 7)),  # this one does not begin with a 2
    ],
)
def test_the_beginning_of_the_prompt_is_cut_first(limit, begin_id, ids, turn):
    text = truncate(LONG, limit, "cut_prompt", 0, begin_id)
    assert (text.ids.tolist(), *text.turns) == (ids, turn)
    assert text.closed == (ids[-1] == 0)


def test_one_token_is_left_to_predict_the_answer_from():
    entry = TokenizedEntry([1, 2, 3, 4], prompt_length=3)
    assert truncate(entry, 2, "cut_prompt", 0).ids.tolist() == [3, 4]
    assert truncate(entry, 1, "cut_prompt", 0).ids.tolist() == [3, 0]
    assert truncate(entry, 1, "cut_prompt", 0).turns == ()


def test_a_header_that_is_not_known_is_cut_with_its_prompt():
    entry = TokenizedEntry([1, 2, 3, 4], prompt_length=3, header_length=None)
    assert truncate(entry, 2, "cut_prompt", 0).turns == ((None, 1, 3, 3),)


def test_every_answer_of_a_chat_stays_while_its_first_prompt_has_tokens():
    chat = TokenizedEntry([7, 8, *CHAT.ids], [tuple(p + 2 for p in t) for t in CHAT.turns], True)
    text = truncate(chat, 8, "cut_prompt", 0)
    assert (text.ids.tolist(), text.turns) == ([8, *CHAT.ids], ((2, 2, 4, 5), (6, 6, 8, 9)))
    bare = TokenizedEntry(CHAT.ids, [], closed=True)  # of no answer
    assert truncate(bare, 6, "cut_prompt", 0).ids.tolist() == [1, 2, E, 3, 4, 5, 0]


@pytest.mark.parametrize("truncation", TRUNCATIONS)
@pytest.mark.parametrize("limit", [None, 7, 8, 10**20])
def test_what_fits_is_given_back_as_it_is(truncation, limit):
    assert truncate(CHAT, limit, truncation, 0) is CHAT


@pytest.mark.parametrize("truncation", ["drop", "error", "all"])
def test_what_does_not_fit_is_cut_by_no_other_truncation(truncation):
    message = f"a text of 8 tokens is longer than max_length 6, and truncation '{truncation}'"
    with pytest.raises(ValueError, match=message):
        truncate(CHAT, 6, truncation, 0)


@given(specs.entries(), st.integers(1, 10), st.sampled_from(["cut", "keep_end", "cut_prompt"]))
def test_what_was_cut_is_what_the_plain_loop_leaves(entry, limit, truncation):
    for begin_id, ends in ((None, ()), (int(entry.ids[0]), (1, 2, 3))):
        text = truncate(entry, limit, truncation, 8, begin_id, ends)
        assert fits(text, limit)
        ids, turns = specs.shortened(entry, 8, limit, truncation, begin_id, ends)
        assert [*text.ids.tolist(), *[8] * (not text.closed)] == ids
        assert list(text.turns) == turns
        assert begin_id is None or text.ids[0] == begin_id
