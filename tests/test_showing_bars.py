"""Bars: as long as their numbers, said in words, and told apart without colour."""

import re

import pytest

from companion.showing.bars import draw_probabilities, draw_times

TOKENS = ["0", "1", "end"]


def test_each_model_has_a_frame_with_its_own_probabilities_and_one_token_is_marked():
    picture = draw_probabilities({"taught": [0.1, 0, 0.9], "not": [0.5, 0.4, 0.1]}, TOKENS, "end")
    frames = picture.figure.axes
    drawn = [[bar.get_height() for bar in axes.patches] for axes in frames]
    assert drawn == [[0.1, 0, 0.9], [0.5, 0.4, 0.1]]
    assert [[bar.get_hatch() for bar in axes.patches] for axes in frames] == [
        [None, None, "///"],
        [None, None, "///"],
    ]
    assert [axes.get_title(loc="left") for axes in frames] == ["taught", "not"]
    assert [axes.texts[0].get_text() for axes in frames] == ["0.9000", "0.1000"]
    assert repr(picture) == (
        'The probability of each of 3 tokens, "end" marked. '
        "taught: end 0.9000, most probable end. not: end 0.1000, most probable 0."
    )
    assert "not: end 0.3333, all equal." in repr(
        draw_probabilities({"not": [1 / 3] * 3}, TOKENS, "end")
    )


def test_probabilities_that_do_not_fit_the_tokens_are_refused():
    with pytest.raises(ValueError, match="taught has 2 probabilities for 3 tokens"):
        draw_probabilities({"taught": [0.5, 0.5]}, TOKENS, "end")
    with pytest.raises(ValueError, match="found 'pad'"):
        draw_probabilities({"taught": [0.5, 0.4, 0.1]}, TOKENS, "pad")


def test_times_are_bars_as_long_as_they_are_with_their_numbers():
    picture = draw_times({"a copy": 16, "ours": 61.4, "a library": 448}, marked="ours")
    (axes,) = picture.figure.axes
    assert [bar.get_width() for bar in axes.patches] == [16, 61.4, 448]
    assert [bar.get_hatch() for bar in axes.patches] == [None, "///", None]
    assert [text.get_text() for text in axes.texts] == [" 16", " 61", " 448"]
    assert repr(picture).endswith('"ours" marked. a copy: 16. ours: 61. a library: 448.')
    with pytest.raises(ValueError, match=re.escape("found 'theirs'")):
        draw_times({"ours": 61}, marked="theirs")


def test_what_is_written_fits_into_the_picture():
    pictures = (
        draw_times({"transformers": 12345, "ours": 1}, marked="ours"),
        draw_probabilities({"by value, one score for all rows": [0, 1]}, ["0", "end"], "end"),
    )
    for picture in pictures:
        picture.figure.draw_without_rendering()
        for axes in picture.figure.axes:
            box = axes.get_tightbbox()
            assert 0 <= box.x0 < box.x1 <= picture.figure.bbox.x1
            assert 0 <= box.y0 < box.y1 <= picture.figure.bbox.y1
