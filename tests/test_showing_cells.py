"""Tensors drawn cell by cell: what is written where, and which look it has."""

import pytest
from matplotlib.patches import Rectangle

from companion.showing.cells import draw_collating, draw_masks
from companion.tokenizing import TokenizedEntry

ENTRY = TokenizedEntry([0, 1, 2, 3, 4], prompt_length=3, header_length=1)


def cells_of(picture):
    """Give what is written in cells, by row from top to bottom, with each cell's left edge."""
    (axes,) = picture.figure.axes
    places = {}
    for patch in axes.patches:
        if isinstance(patch, Rectangle):
            middle = round(patch.get_x() + 0.46, 2), round(patch.get_y() + 0.48, 2)
            places[middle] = patch
    rows = {}
    for text in axes.texts:
        at = round(text.get_position()[0], 2), round(text.get_position()[1], 2)
        if at in places:
            rows.setdefault(at[1], []).append((round(at[0] - 0.5, 2), text.get_text()))
    return [sorted(row) for _, row in sorted(rows.items())]


def test_a_target_stands_one_column_before_its_place_in_the_text_and_masks_go_by_parts():
    picture = draw_masks(ENTRY, ["prompt_without_header", "prompt"])
    written = [[text for _, text in row] for row in cells_of(picture)]
    assert written == [
        ["0", "1", "2", "3", "4", "end"],
        ["1", "2", "3", "4", "end"],
        ["-100", "2", "3", "4", "end"],
        ["-100", "-100", "3", "4", "end"],
    ]
    assert all([at for at, _ in row] == [*range(len(row))] for row in cells_of(picture))
    (axes,) = picture.figure.axes
    joined = [tuple(line.get_xdata()) for line in axes.lines if line.get_linewidth() < 1]
    assert joined == [(column + 1.5, column + 0.5) for column in range(5)]


def test_a_batch_is_drawn_from_its_rows_to_its_targets():
    picture = draw_collating([[0, 1], [5]])
    upper, lower = cells_of(picture)[:2], cells_of(picture)[2:]
    assert upper == [
        [(0, "0"), (1, "1"), (3.4, "0"), (4.4, "1"), (5.4, "end")],
        [(0, "5"), (3.4, "5"), (4.4, "end"), (5.4, "pad")],
    ]
    assert lower == [
        [(0, "0"), (1, "1"), (3.4, "1"), (4.4, "end")],
        [(0, "5"), (1, "end"), (3.4, "end"), (4.4, "-100")],
    ]


def test_cells_are_told_apart_without_colour():
    (axes,) = draw_collating([[0, 1], [5]]).figure.axes
    looks = {
        text.get_text(): (patch.get_linewidth(), patch.get_linestyle() != "solid")
        for text in axes.texts
        for patch in axes.patches
        if isinstance(patch, Rectangle)
        and patch.contains_point(axes.transData.transform(text.get_position()))
    }
    assert looks["0"] == (0.7, False)
    assert looks["end"] == (2.2, False)
    assert looks["pad"] == looks["-100"] == (0.7, True)


@pytest.mark.parametrize(
    "picture",
    [
        draw_masks(TokenizedEntry(range(8), prompt_length=3), ["prompt"]),
        draw_collating([[0] * 5, [5]]),
    ],
)
def test_what_is_drawn_fits_into_the_picture(picture):
    picture.figure.draw_without_rendering()
    (axes,) = picture.figure.axes
    for patch in axes.patches:
        if isinstance(patch, Rectangle):
            assert patch.get_x() + patch.get_width() <= axes.get_xlim()[1]
            assert patch.get_y() + patch.get_height() <= axes.get_ylim()[0]
    box = axes.get_tightbbox()
    assert 0 <= box.x0 < box.x1 <= picture.figure.bbox.x1
    assert 0 <= box.y0 < box.y1 <= picture.figure.bbox.y1


def test_what_cannot_be_read_on_a_phone_is_refused():
    with pytest.raises(ValueError, match="8 tokens can be drawn; found a text of 9"):
        draw_masks(TokenizedEntry(range(9), prompt_length=1), ["prompt"])
    with pytest.raises(ValueError, match="rows of 1 to 5 tokens can be drawn; found 6"):
        draw_collating([[1], [0] * 6])
    with pytest.raises(ValueError, match="no mask to draw"):
        draw_masks(ENTRY, [])
