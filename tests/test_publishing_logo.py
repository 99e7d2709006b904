"""The mark: the stored picture is the one that the code draws."""

from pathlib import Path

from companion.publishing.logo import BLOCK, draw_logo

STORED = Path(__file__).parents[1] / "book" / "_assets" / "logo.svg"


def test_the_stored_mark_is_the_drawn_one():
    assert STORED.read_text(encoding="utf-8") == draw_logo() + "\n"


def test_the_mark_is_a_block_that_is_padded_right():
    for row in BLOCK:
        end = row.index("end")
        assert len(row) == len(BLOCK[0])
        assert set(row[end + 1 :]) <= {"pad"}
