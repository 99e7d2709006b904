"""The picture of all six steps: each slot to scale, and beneath it what the step found."""

import re
from itertools import pairwise

import pytest

from companion.entries import load_entries
from companion.showing.overview import draw_steps
from companion.showing.table import STEPS, BatchTable

ENTRIES = load_entries()[:3]
SLOT = 6


@pytest.fixture(scope="module")
def pictures():
    return draw_steps(ENTRIES)


def widths(group):
    """Give the pixels of each run of each look, without the gap after its last slot."""
    covered = {}
    for kind, look, where in re.findall(r'class="bm-(\w+)" data-role="(\w+)" d="([^"]*)"', group):
        if kind == "fill" or (kind == "edge" and look in ("end", "pad")):
            covered[look] = [float(across) for across in re.findall(r"h([\d.]+)", where)]
    return covered


def slots(group, look):
    return sum(round((across + 1) / SLOT) for across in widths(group).get(look, []))


def test_each_picture_says_in_words_what_its_table_says(pictures):
    assert [picture.step for picture in pictures] == list(STEPS)
    for picture in pictures:
        table = BatchTable(ENTRIES, picture.step, mask="prompt")
        assert picture.sentence == table.caption
        assert f'role="img" aria-label="{table.caption}"' in picture.svg


def test_each_token_of_the_batch_is_one_slot_and_what_is_graded_is_left(pictures):
    by_step = {picture.step: picture.svg.split("</g></g>")[-1] for picture in pictures}
    assert slots(by_step["tokenize"], "response") == slots(by_step["pad"], "response") == 29
    assert slots(by_step["pad"], "pad") == 42
    assert (slots(by_step["ignore"], "ignored"), slots(by_step["ignore"], "end")) == (42, 3)
    assert slots(by_step["mask"], "ignored") == 178
    assert slots(by_step["mask"], "response") + slots(by_step["mask"], "end") == 32


def test_a_letter_is_as_wide_in_every_text_and_the_longest_text_as_wide_as_the_tensor(pictures):
    drawn = pictures[0].svg
    lengths = [len(entry.output) for entry in ENTRIES]
    every = re.findall(r'data-role="response" d="M([\d.]+) [\d.]+h([\d.]+)"', drawn)
    wide = [float(across) for _, across in every]
    assert [across / wide[0] for across in wide] == pytest.approx(
        [length / lengths[0] for length in lengths], rel=0.01
    )
    assert max(float(left) + float(across) for left, across in every) == pytest.approx(
        40 + 71 * SLOT
    )


def test_beneath_each_step_lies_unseen_what_the_step_before_it_made(pictures):
    for before, picture in pairwise(pictures):
        was = re.search(r'<g class="bo-was" opacity="0">(.*?)</g></g>', picture.svg)[1]
        last = re.findall(r"<path.*?/>", before.svg.split('class="bo-was"')[1].split("</g>", 1)[1])
        assert set(re.findall(r"<path.*?/>", was)) <= set(last)
        assert was.count("<path") > 0


def test_the_picture_is_the_same_each_time_and_has_no_id(pictures):
    assert draw_steps(ENTRIES) == pictures
    assert not any(re.search(r'\bid="|url\(|href|style="', picture.svg) for picture in pictures)


def test_from_step_5_on_the_targets_alone_are_drawn(pictures):
    shift, ignore = pictures[3:5]
    (targets,) = re.findall(r'<g class="bo-targets" transform[^>]*>(.*?)</g>', shift.svg)
    assert f'<g class="bo-was" opacity="0"><g class="bo-targets">{targets}</g></g>' in ignore.svg
    assert "bo-inputs" not in ignore.svg + pictures[5].svg


def test_the_inputs_are_above_the_targets_column_over_column(pictures):
    shift = pictures[3].svg
    inputs, targets = re.findall(r'<g class="bo-(?:inputs|targets)"[^>]*>(.*?)</g>', shift)[-2:]
    assert (slots(inputs, "end"), slots(targets, "end")) == (2, 3)
    assert 'class="bo-targets" transform="translate(0 45)"' in shift
