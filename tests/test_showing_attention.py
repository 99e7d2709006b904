"""Who reads whom: each slot that may be read, in the look of its own entry or of another."""

import re

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from companion.packing import block_diagonal_mask
from companion.showing.attention import draw_reading

CAUSAL = np.tri(3, dtype=bool)


def test_what_may_be_read_is_drawn_and_what_crosses_a_border_is_hatched():
    picture = draw_reading({"causal": CAUSAL}, [0, 1, 0])
    (axes,) = picture.figure.axes
    drawn = [
        (patch.get_y(), patch.get_x(), patch.get_width(), patch.get_hatch())
        for patch in axes.patches
        if isinstance(patch, Rectangle)
    ]
    assert drawn == [(0, 0, 1, None), (1, 0, 2, None), (2, 0, 2, "///"), (2, 2, 1, None)]
    assert axes.get_xticks().tolist() == [2], "the border"


def test_a_block_diagonal_mask_crosses_no_border():
    import torch

    places = torch.tensor([[0, 1, 0]])
    picture = draw_reading({"own": block_diagonal_mask(places)[0, 0]}, places[0])
    assert repr(picture) == (
        "Who reads whom in a row of 3 slots, with entries of 2, 1. "
        "own: 4 pairs, none of them across a border."
    )


def test_what_is_no_square_of_the_row_is_refused():
    with pytest.raises(ValueError, match=re.escape("(2, 2); found (3, 3)")):
        draw_reading({"causal": CAUSAL}, [0, 1])
    with pytest.raises(ValueError, match="no mask to draw"):
        draw_reading({}, [0, 1])
