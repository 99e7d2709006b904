"""A row's questions, drawn: what is given in each line, and what must be said."""

import re

import pytest

from companion.showing.questions import draw_questions

TOKENS = ["␣Response", ":", "⏎", "Paris", "end"]
ROLES = ["header", "header", "header", "response", "end"]


def drawn(picture):
    """Give the cells of a picture, below its key: line, left edge, thickness of the edge."""
    bars = picture.figure.axes[0].patches
    cells = [(round(bar.get_y() + 0.38), bar.get_x(), bar.get_linewidth()) for bar in bars]
    return [cell for cell in cells if cell[0] >= 0]


def test_each_line_gives_one_token_more_and_asks_for_the_next():
    picture = draw_questions(["7", "8", "9", "end"])
    assert repr(picture) == (
        "The questions of a row of 4 tokens. Position 0: given 7, the model must say 8. "
        "Position 1: given 7 8, the model must say 9. "
        "Position 2: given 7 8 9, the model must say end."
    )
    thick = [column % 4 for column, cell in enumerate(drawn(picture)) if cell[2] > 1]
    assert thick == [1, 2, 3], "what must be said has a thick edge, one column on in each line"
    written = [text.get_text() for text in picture.figure.axes[0].texts]
    assert " ".join(written[5:]) == "0 7 8 1 7 8 9 2 7 8 9 end", "what is to come is not written"


def test_long_tokens_are_drawn_up_to_one_border_and_only_the_last_that_are_given():
    picture = draw_questions(TOKENS, ROLES, first=2, given=2)
    assert repr(picture) == (
        "The questions of a row of 5 tokens. Position 2: given … : ⏎, the model must say Paris. "
        "Position 3: given … ⏎ Paris, the model must say end."
    )
    asked = [left for _, left, width in drawn(picture) if width > 1]
    assert len(asked) == 2
    assert asked[0] == asked[1], "the answers stand one below the other"


def test_a_row_of_questions_is_the_same_bytes_each_time_in_the_colors_of_its_roles():
    svg = draw_questions(TOKENS, ROLES, given=2).svg()
    assert svg == draw_questions(TOKENS, ROLES, given=2).svg()
    assert {"header", "response", "end"} <= set(re.findall(r"var\(--role-(\w+)", svg))


@pytest.mark.parametrize(
    ("tokens", "options", "sentence"),
    [
        (["end"], {}, "found 1 tokens, and first=0"),
        (["7", "end"], {"first": 1}, "found 2 tokens, and first=1"),
        (["a" * 30, "b" * 30], {}, r"room for 50 .*take 68; show fewer .*\(given=2\)"),
    ],
)
def test_what_cannot_be_drawn_is_named(tokens, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        draw_questions(tokens, **options)
