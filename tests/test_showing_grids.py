"""A grid is drawn where it is true, and what crosses a border otherwise."""

import pytest
import torch

from companion import block_diagonal_mask
from companion.showing.grids import draw_grids

CAUSAL = torch.ones(5, 5).tril().bool()


def cells(axes, hatch):
    return {
        (round(patch.get_y()), round(patch.get_x()))
        for patch in axes.patches
        if patch.get_hatch() == hatch
    }


def test_what_crosses_a_border_is_drawn_otherwise():
    own = block_diagonal_mask(torch.tensor([[0, 1, 2, 0, 1]]))[0, 0]
    picture = draw_grids({"causal": CAUSAL, "own": own}, [3, 2])
    causal, apart = picture.figure.axes
    within = {(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (3, 3), (4, 3), (4, 4)}
    assert cells(causal, "") == cells(apart, "") == within
    assert cells(causal, "xxxx") == {(3, 0), (3, 1), (3, 2), (4, 0), (4, 1), (4, 2)}
    assert cells(apart, "xxxx") == set()
    assert picture.description == (
        "Grids of 5 by 5 slots, entries of 3 and 2. causal: 15 true, 6 of them across a border. "
        "own: 9 true, none of them across a border."
    )


def test_a_grid_that_does_not_fit_the_entries_is_named():
    with pytest.raises(ValueError, match=r"entries of 3 and 3 fill 6 slots.*'causal' has \(5, 5\)"):
        draw_grids({"causal": CAUSAL}, [3, 3])
