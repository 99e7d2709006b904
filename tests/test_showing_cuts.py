"""One text cut in several ways, drawn: letter under letter, and what lies across the border."""

import pytest

from companion.showing.cuts import draw_cuts

WAYS = {
    "apart": [("No", 2949), (":", 25), ("␣", 220), ("Paris", 40313)],
    "jointly": [("No", 2949), (":", 25), ("␣Paris", 6342)],
}


def test_tokens_stand_letter_under_letter_and_the_one_across_the_border_has_a_thick_edge():
    picture = draw_cuts(WAYS, border=4)
    assert repr(picture) == (
        'A text of 9 letters, of which 4 are the prompt\'s. apart: "No" 2949, ":" 25, "␣" 220, '
        '"Paris" 40313. jointly: "No" 2949, ":" 25, "␣Paris" 6342 across the border.'
    )
    edges = [bar for bar in picture.figure.axes[0].patches if bar.get_facecolor()[3] == 0]
    drawn = [(bar.get_x(), bar.get_width(), bar.get_linewidth() > 1) for bar in edges]
    assert drawn == [
        *((0, 2, False), (2, 1, False), (3, 1, False), (4, 5, False)),
        *((0, 2, False), (2, 1, False), (3, 6, True)),
    ]
    assert picture.svg() == draw_cuts(WAYS, border=4).svg()


def test_ways_to_cut_different_texts_are_refused():
    with pytest.raises(ValueError, match=r"one and the same text; found \['A', 'B'\]"):
        draw_cuts({"apart": [("A", 1)], "jointly": [("B", 2)]}, border=1)
