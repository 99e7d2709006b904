"""Pictures: the same bytes each time, words for those who cannot see, the page's own ink."""

import re
from pathlib import Path

import numpy as np
import pytest

from companion.entries import load_entries
from companion.showing.plotting import (
    STEPS,
    StepLine,
    _together,
    draw_curves,
    draw_intervals,
    draw_lengths,
    draw_packs,
    draw_protocol,
    draw_runs,
    draw_waits,
    draw_waves,
)
from companion.storing import InstructionDataset
from companion.tokenizing import TokenizedEntry

BATCH = [TokenizedEntry(np.arange(9), prompt_length=4), TokenizedEntry(np.arange(3))]


def test_a_picture_is_the_same_bytes_each_time():
    assert draw_lengths(BATCH).svg() == draw_lengths(BATCH).svg()


def test_a_picture_says_in_words_what_it_shows():
    picture = draw_lengths(BATCH)
    assert repr(picture) == (
        "A block of 2 rows and 10 columns. Row 0: 4 prompt, 5 response, 1 end, 0 pads. "
        "Row 1: 0 prompt, 3 response, 1 end, 6 pads."
    )
    assert f'role="img" aria-label="{picture!r}"' in picture._repr_html_()


def test_packs_are_drawn_to_scale_and_said_in_words():
    picture = draw_packs([5, 2, 3, 9], [[3], [0], [2, 1, 1]], pack_length=8)
    assert repr(picture) == (
        "3 packs of 8 slots. Pack 0: an entry of 8, 0 empty. Pack 1: an entry of 5, 3 empty. "
        "Pack 2: entries of 3, 2 and 2, 1 empty."
    )
    bars = picture.figure.axes[0].patches
    drawn = [(bar.get_y() + 0.4, bar.get_x(), bar.get_width()) for bar in bars]
    assert drawn == [
        *((0, 0, 8), (0, 8, 0)),
        *((1, 0, 5), (1, 5, 3)),
        *((2, 0, 3), (2, 3, 2), (2, 5, 2), (2, 7, 1)),
    ]
    hatches = [bar.get_hatch() or "" for bar in bars]
    assert hatches[-4:] == ["", "///", "", ""], "neighbours are told apart without colour"
    assert picture.svg() == draw_packs(np.array([5, 2, 3, 9]), [[3], [0], [2, 1, 1]], 8).svg()


def test_a_picture_has_no_date_no_address_and_no_fixed_ink():
    svg = draw_lengths(BATCH).svg()
    assert "currentColor" in svg
    assert "<style" not in svg  # which would hold for the whole page
    assert 'stroke-linejoin="round" stroke-linecap="butt"' in svg
    assert "#010203" not in svg
    assert not re.search(r"#0102\d\d", svg), "a role's stand-in was not replaced"
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b", svg)


def test_parts_of_a_picture_are_told_apart_without_colour():
    svg = draw_lengths(BATCH).svg()
    assert "<pattern" in svg, "the response is hatched"
    assert 'fill="none"' in svg, "pads are empty"


def test_two_pictures_have_no_id_in_common_and_each_refers_to_its_own():
    drawn = [
        draw_lengths(BATCH).svg(),
        draw_lengths(BATCH[:1]).svg(),
        draw_waves({"sorted": [9, 5, 1]}).svg(),
    ]
    found = [re.findall(r'\sid="([^"]+)"', svg) for svg in drawn]
    assert all(len(own) > 10 for own in found)
    everyone = [id for own in found for id in own]
    assert len(everyone) == len(set(everyone))
    for svg, own in zip(drawn, found, strict=True):
        referred = re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', svg)
        assert referred
        assert {one or other for one, other in referred} <= set(own)


def test_a_picture_that_is_shown_again_has_other_ids_and_refers_to_them():
    picture = draw_lengths([*BATCH, BATCH[0]])
    shown = [picture._repr_html_() for _ in range(3)]
    found = [re.findall(r'\sid="([^"]+)"', one) for one in shown]
    everyone = [id for own in found for id in own]
    assert len(everyone) == len(set(everyone)) == 3 * len(found[0])
    for one, own in zip(shown, found, strict=True):
        assert set(re.findall(r'(?:url\(#|href="#)([^")]+)', one)) <= set(own)
    assert picture.svg() in shown[0]


def test_a_picture_styles_nothing_by_sheet_or_style_attribute():
    svg = draw_lengths(BATCH).svg()
    assert "<style" not in svg
    assert "style=" not in svg
    assert re.search(r'fill="url\(#i[0-9a-f]{8}-h\w+\)"', svg), "the hatch is still its own"
    assert 'stroke-linejoin="round"' in svg


def test_a_saved_picture_stands_alone(tmp_path):
    draw_lengths(BATCH).save(tmp_path / "picture.svg")
    written = (tmp_path / "picture.svg").read_text(encoding="utf-8")
    assert written.startswith("<?xml")
    assert "currentColor" not in written
    assert "var(" not in written


def test_the_readmes_picture_is_what_the_code_draws(tmp_path):
    dataset = InstructionDataset(load_entries()[:8])
    draw_lengths([dataset[row] for row in range(8)]).save(tmp_path / "block.svg")
    kept = Path(__file__).parents[1] / "book" / "_assets" / "block.svg"
    assert kept.read_bytes() == (tmp_path / "block.svg").read_bytes()


@pytest.mark.parametrize("step", STEPS)
def test_the_line_of_steps_marks_one_step(step):
    markup = StepLine(step)._repr_html_()
    assert markup.count("aria-current=step") == 1
    assert re.search(rf"aria-current=step>\d\N{{NO-BREAK SPACE}}{step}<", markup)
    assert f"{step} (here)" in repr(StepLine(step))


def test_the_line_of_steps_can_mark_several():
    assert repr(StepLine("shift", "ignore")).count("(here)") == 2


def test_a_step_that_is_none_is_named():
    with pytest.raises(ValueError, match=r"one of format, .*; found 'cook'"):
        StepLine("cook")


def test_each_order_of_batches_is_drawn_in_its_own_frame_with_its_own_values():
    picture = draw_waves({"sorted": [9, 5, 1], "shuffled": [5, 1, 9]})
    drawn = [axes.lines[0].get_ydata().tolist() for axes in picture.figure.axes]
    assert drawn == [[9, 5, 1], [5, 1, 9]]
    assert [axes.get_title(loc="left") for axes in picture.figure.axes] == ["sorted", "shuffled"]
    assert len({axes.get_ylim() for axes in picture.figure.axes}) == 1


def test_what_is_drawn_of_each_batch_is_said():
    said = repr(draw_waves({"rank 0": [9, 5]}, what="Width"))
    assert said == "Width by batch. rank 0: 2 batches, from 5 to 9 tokens."


@pytest.mark.parametrize("means", [{}, {"sorted": []}])
def test_no_batches_are_no_picture(means):
    with pytest.raises(ValueError, match="there is nothing to draw"):
        draw_waves(means)


def test_each_setting_is_drawn_as_a_line_of_its_own_with_its_own_points():
    waits = {"0 workers": [(0, 0.1), (8, 8.1)], "1 worker": [(0, 1), (8, 1.25)]}
    picture = draw_waits(waits)
    (axes,) = picture.figure.axes
    assert [line.get_xydata().tolist() for line in axes.lines] == [
        [[0, 0.1], [8, 8.1]],
        [[0, 1], [8, 1.25]],
    ]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == list(waits)
    assert axes.get_ylim()[0] == 0, "a height is a number of milliseconds"
    assert repr(picture) == (
        "Milliseconds waited for a batch, by milliseconds added to the collate. "
        "0 workers: 0.1 at 0, 8.1 at 8. 1 worker: 1.0 at 0, 1.2 at 8."
    )


def test_six_settings_are_told_apart_without_colour():
    picture = draw_waits({str(number): [(0, number), (1, number)] for number in range(6)})
    (axes,) = picture.figure.axes
    assert len({line.get_marker() for line in axes.lines}) == 6
    dashes = re.findall(r'stroke-dasharray="([\d., ]+)"', picture.svg())
    assert len(set(dashes)) == 5, "and one line is whole"
    assert {line.get_color() for line in axes.lines} == {"#010203"}


def test_the_longest_name_of_a_setting_fits_into_the_picture():
    names = ("0 workers", "1 worker, fork", "2 workers, fork", "1 worker, forkserver")
    picture = draw_waits({name: [(0, 0), (1, 1)] for name in names})
    (axes,) = picture.figure.axes
    picture.figure.draw_without_rendering()
    legend = axes.get_legend().get_window_extent()
    assert picture.figure.bbox.x0 <= legend.x0 < legend.x1 <= picture.figure.bbox.x1
    assert legend.y1 <= picture.figure.bbox.y1


@pytest.mark.parametrize("waits", [{}, {"0 workers": []}])
def test_no_points_are_no_picture(waits):
    with pytest.raises(ValueError, match="there is nothing to draw"):
        draw_waits(waits)


def test_runs_are_dots_at_their_loss_and_share_and_letters_stand_for_their_names():
    runs = {"right": [(0.04, 0.9), (0.06, 1.0)], "no shift": [(0.001, 0.0)]}
    picture = draw_runs(runs)
    axes = picture.figure.axes[0]
    assert axes.get_xscale() == "log"
    dots = [line.get_xydata().tolist() for line in axes.lines]
    assert dots == [[[0.04, 0.9], [0.06, 1.0]], [[0.001, 0.0]]]
    assert sorted(text.get_text() for text in axes.texts) == ["a", "b"]
    listed = "\n".join(text.get_text() for text in picture.figure.texts)
    assert listed == "a  right\nb  no shift"
    assert "a, right: 2 runs, loss 0.05, 95% exact." in repr(picture)
    # A second picture of a page has ids of its own, and nothing else.
    again = draw_runs(runs)._repr_html_().replace("-2-", "-")
    assert picture._repr_html_().replace("-2-", "-") == again


def test_letters_that_would_lie_on_each_other_stand_together_and_others_apart():
    near = {letter: (0.5 + 0.02 * at, 0.9) for at, letter in enumerate("abcd")}
    found = dict(_together({**near, "e": (0.5, 0.4), "f": (0.95, 0.9)}))
    assert found == {"abcd": (0.53, 0.9), "e": (0.5, 0.4), "f": (0.95, 0.9)}


@pytest.mark.parametrize("runs", [{}, {"a": []}, {str(n): [(1, 1)] for n in range(27)}])
def test_runs_that_cannot_be_drawn_are_refused(runs):
    with pytest.raises(ValueError, match="not over 26 names"):
        draw_runs(runs)


def test_curves_are_drawn_on_a_logarithmic_scale_and_told_apart_without_colour():
    curves = {"right": [(20, 5), (40, 1), (60, 0.04)], "no shift": [(20, 4), (60, 0.001)]}
    picture = draw_curves(curves)
    axes = picture.figure.axes[0]
    assert axes.get_yscale() == "log"
    assert [line.get_xydata().tolist() for line in axes.lines] == [
        [[20, 5], [40, 1], [60, 0.04]],
        [[20, 4], [60, 0.001]],
    ]
    assert len({line.get_linestyle() for line in axes.lines}) == 2
    assert "right: 5 at 20, 1 at 40, 0.04 at 60." in repr(picture)
    for nothing in ({}, {"right": []}):
        with pytest.raises(ValueError, match="nothing to draw"):
            draw_curves(nothing)


def test_an_interval_is_drawn_from_bound_to_bound_and_its_dot_is_hollow_where_nothing_was_found():
    groups = {"mask none": {"a less b": (0.3, 0.1, 0.5)}, "mask prompt": {"a less b": (0, -1, 1)}}
    picture = draw_intervals(groups, "loss", [("mask none", "a less b")], zero=True)
    zero, *drawn = picture.figure.axes[0].lines
    assert list(zero.get_xdata()) == [0, 0]
    spans = [list(line.get_xdata()) for line in drawn]
    assert spans == [[0.1, 0.5], [0.3], [-1, 1], [0]]
    assert [next(iter(line.get_ydata())) for line in drawn] == [1, 1, 3, 3]
    assert [dot.get_markerfacecolor() for dot in drawn[1::2]] == [drawn[1].get_color(), "none"]
    assert repr(picture) == (
        "loss, with intervals. mask none: a less b 0.3 [0.1, 0.5]. mask prompt: a less b 0 [-1, 1]."
    )
    for nothing in ({}, {"mask none": {}}):
        with pytest.raises(ValueError, match="there is nothing to draw"):
            draw_intervals(nothing, "loss")


def test_the_protocol_is_drawn_with_all_responses_in_one_place_and_of_one_length():
    counts = {"trained": 240, "held": 100, "updates": 60, "seeds": 3}
    picture = draw_protocol({"alpaca": 30, "plain": 9}, 5, counts, ["none", "prompt"])
    boxes = [patch for patch in picture.figure.axes[0].patches if patch.get_fill()]
    prompts, responses = boxes[::2], boxes[1::2]
    assert [box.get_x() for box in responses] == [responses[0].get_x()] * 2
    assert [box.get_width() for box in responses] == [responses[0].get_width()] * 2
    assert prompts[1].get_width() / prompts[0].get_width() == pytest.approx(9 / 30)
    assert responses[0].get_width() / prompts[0].get_width() == pytest.approx(5 / 30)
    ends = [box.get_x() + box.get_width() for box in prompts]
    assert ends == pytest.approx([responses[0].get_x()] * 2)
    assert len(picture.figure.axes[0].lines) == 2 * 2 * 3, "a dot for each run"
    with pytest.raises(ValueError, match="give at least one style"):
        draw_protocol({}, 5, counts, ["none"])
