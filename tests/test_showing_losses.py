"""Losses, drawn: every step of every run, on one scale from zero."""

import pytest

from companion.showing.losses import draw_losses


def test_each_run_is_drawn_with_its_own_values_and_said_in_words():
    picture = draw_losses({"right": [2.4, 0.9, 0.4], "no shift": [2.4, 0.0]}, start=2.4)
    axes = picture.figure.axes[0]
    drawn = [[float(value) for value in line.get_ydata()] for line in axes.lines]
    assert drawn == [[2.4, 0.9, 0.4], [2.4, 0.0], [2.4, 2.4]]
    assert axes.get_ylim()[0] == 0
    assert axes.get_yscale() == "linear"
    assert axes.lines[0].get_linestyle() != axes.lines[1].get_linestyle()
    assert repr(picture) == (
        "The loss by steps. right: 2.40 at step 0, 0.90 at step 1, 0.40 at step 2. "
        "no shift: 2.40 at step 0, 0.00 at step 1. A thin line marks 2.40."
    )


def test_where_there_is_no_step_there_is_nothing_to_draw():
    with pytest.raises(ValueError, match="at least one run, of a step or more"):
        draw_losses({"right": []})
