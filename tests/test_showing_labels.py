"""Labels as lines: what is learned is text that is marked, and what is ignored is counted."""

import re

import pytest
import torch

from companion.collating import Collator
from companion.entries import Entry
from companion.showing.labels import LabelView
from companion.tokenizing import tokenize_entry

BATCH = Collator(mask="prompt")(
    [
        tokenize_entry(Entry("Name a color.", "", answer), "plain")
        for answer in ("Blue.", "Red, or\nso.")
    ]
)


def test_a_row_is_a_line_with_runs_compressed_and_what_is_learned_as_text():
    assert repr(LabelView(BATCH)) == (
        "Labels of shape (2, 11), 10 of 22 supervised.\n"
        "row 0: [-100 ×4] ‹Blue.<|endoftext|>› [-100 ×4]\n"
        "row 1: [-100 ×4] ‹Red, or⏎so.<|endoftext|>›"
    )


def test_labels_of_a_model_that_shifts_and_masks_beside_them_are_read_as_the_loss_reads_them():
    batch = {"input_ids": [[5376, 257, 3124, 50256]], "labels": [[5376, 257, 3124, 50256]]}
    assert repr(LabelView(batch)).endswith("row 0: [-100 ×1] ‹ a color<|endoftext|>›")
    masked = batch | {"loss_mask": torch.tensor([[0, 0, 1, 1]])}
    assert repr(LabelView(masked)).endswith("row 0: [-100 ×2] ‹ color<|endoftext|>›")


def test_ids_that_nothing_decodes_are_shown_as_numbers():
    batch = {"input_ids": [[5, 6, 7]], "labels": [[-100, 6, 7]]}
    assert repr(LabelView(batch)).endswith("row 0: [-100 ×1] ‹6 7›")
    assert repr(LabelView(batch, tokenizer="smollm2")).endswith(
        "row 0: [-100 ×1] ‹<filename><gh_stars>›"
    )
    beyond = {"input_ids": [[5, 60_000, 7]], "labels": [[-100, 60_000, 7]]}
    assert "‹60000 7›" in repr(LabelView(beyond, tokenizer="gpt2"))


def test_in_a_terminal_what_is_learned_is_bold_and_underlined_too():
    view = LabelView(BATCH)
    colored = view.in_color()
    assert "\x1b[1;4m‹Blue.<|endoftext|>›\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == repr(view)


def test_in_a_page_it_is_marked_by_elements_and_needs_no_style_sheet():
    page = LabelView(BATCH)._repr_html_()
    assert page.startswith("<p>Labels of shape (2, 11), 10 of 22 supervised.</p><ul><li>row 0: ")
    assert "<b><u>‹<bdi>Blue.&lt;|endoftext|&gt;</bdi>›</u></b>" in page
    assert "style" not in page
    assert "class" not in page


def test_no_character_of_a_text_reaches_a_terminal_or_a_page():
    hostile = tokenize_entry(Entry("Hi", "", "\x1b[2J<script>"), "plain")
    view = LabelView(Collator(mask="prompt")([hostile]))
    assert "\x1b" not in repr(view)
    assert "⟨U+001B⟩" in repr(view)
    assert "<script>" not in view._repr_html_()


def test_many_rows_are_shown_in_part():
    view = LabelView([[5, 50256]] * 40, [[50256, -100]] * 40, rows=2)
    assert repr(view).count("\n") == 2


def test_what_is_no_batch_is_refused_as_the_audit_refuses_it():
    with pytest.raises(ValueError, match="labels: is None"):
        LabelView({"input_ids": [[1, 2]], "labels": None})
