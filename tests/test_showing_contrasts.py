"""Contrasts: a difference is found if chance is ruled out and no seed speaks against it."""

import pytest

from companion.showing.contrasts import Beside, Contrast, contrasts, figures
from companion.showing.outcomes import Figure


@pytest.mark.parametrize(
    ("by_seed", "chance", "found"),
    [
        ([0.1, 0.2, 0.3], 0.01, True),
        ([-0.1, -0.2, -0.3], 0.01, True),
        ([0.1, 0.2, 0.3], 0.05, False),
        ([0.1, -0.01, 0.5], 0.01, False),
        ([0.1], 0.01, True),
    ],
)
def test_a_difference_is_found_where_chance_is_rare_and_all_seeds_agree(by_seed, chance, found):
    contrast = Contrast("a less b", Figure(0.2, 0.1, 0.3), by_seed, chance, 0.05)
    assert contrast.found is found
    said = "found" if found else "open"
    assert contrast.said() == f"a less b: {said}\n    +0.200 [+0.100, +0.300]"


def condition(style, mask, updates, mean, **rest):
    kind = "after" if updates else "before"
    made = {"kind": kind, "style": style, "asked": style, "mask": mask, "updates": updates}
    return {**made, "rate": 5e-5, "loss": {"mean": mean, "interval": [0, 9]}, **rest}


def comparison(differs, one, other, difference, updates=60):
    made = {"measure": "loss", "differs in": differs, "difference": difference, "chance": 0.001}
    made |= {"interval": [-1, 1], "by seed": [difference], "chance, corrected": 0.02}
    sides = {"one": {**one, "updates": updates}, "other": {**other, "updates": updates}}
    return {**made, "smallest effect": 0.1, **sides}


RESULTS = {
    "same": {"protocol": {"rates": [5e-5, 2e-4], "styles": ["alpaca", "plain"]}},
    "conditions": [
        condition("plain", "none", 0, 2.8, rate=0.0),
        condition("plain", "none", 60, 1.3),
        condition("plain", "none", 30, 1.4),
        condition("plain", "none", 60, 9.0, rate=2e-4),
        condition("plain", "none", 60, 9.1, fault="not shifted"),
        condition("plain", "none", 60, 9.2, asked="alpaca", kind="crossed"),
        condition("alpaca", "none", 60, 1.2),
        condition("alpaca", "prompt", 60, 1.1),
    ],
    "comparisons": {
        "A": [
            comparison("style", {"style": "alpaca", "mask": "none"}, {"style": "plain"}, -0.1),
            comparison("style", {"style": "alpaca", "mask": "prompt"}, {"style": "plain"}, -0.2),
            comparison("style", {"style": "alpaca", "mask": "none"}, {"style": "plain"}, -0.3, 0),
            comparison("mask", {"style": "alpaca", "mask": "prompt"}, {"style": "alpaca"}, 0.4),
            comparison("mask", {"style": "all", "mask": "prompt"}, {"style": "all"}, 0.5),
        ]
    },
}


def test_figures_are_those_of_one_length_and_rate_without_faults_in_the_order_of_the_protocol():
    assert figures(RESULTS, "loss", 60) == {
        "none": {"alpaca": Figure(1.2, 0, 9), "plain": Figure(1.3, 0, 9)},
        "prompt": {"alpaca": Figure(1.1, 0, 9)},
    }
    assert list(figures(RESULTS, "loss", 60)["none"]) == ["alpaca", "plain"]
    assert figures(RESULTS, "loss", 0) == {"none": {"plain": Figure(2.8, 0, 9)}}
    assert figures(RESULTS, "loss", 60, rate=2e-4)["none"]["plain"].mean == 9.0
    assert figures(RESULTS, "exact", 60) == {}


def test_contrasts_of_styles_stand_by_mask_and_those_of_masks_in_one_list():
    styles = contrasts(RESULTS, "loss", "style", 60)
    means = {group: [c.figure.mean for c in of_it] for group, of_it in styles.items()}
    assert means == {"mask none": [-0.1], "mask prompt": [-0.2]}
    assert styles["mask none"][0].name == "alpaca less plain"
    (before,) = contrasts(RESULTS, "loss", "style", 0).values()
    assert before[0].figure.mean == -0.3
    (masks,) = contrasts(RESULTS, "loss", "mask", 60).values()
    assert [(one.name, one.figure.mean) for one in masks] == [("alpaca", 0.4), ("all styles", 0.5)]
    assert [one.chance for one in masks] == [0.02, 0.02]  # the corrected one


def test_each_cell_of_a_prediction_says_which_column_it_is_from_and_what_is_missing():
    line = {"about": "a < b", "predicted": "0.1", "came": "", "verdict": "not measured"}
    html = Beside([line])._repr_html_()
    assert '<td data-column="about">a &lt; b: not measured</td>' in html
    assert '<td data-column="predicted">0.1</td><td data-column="came">nothing yet</td>' in html
    assert repr(Beside([line])) == "a < b: 0.1 predicted, nothing came (not measured)"
