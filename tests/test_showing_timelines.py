"""A plan of who does what is what a loader and ranks really do, and is drawn to scale."""

import pytest

from companion.showing.timelines import PREFETCH, draw_timelines, plan_batches, plan_steps


def test_a_worker_makes_no_more_ahead_than_it_may():
    plan = plan_batches(make=1, step=10, fee=0, workers=1, batches=5)
    assert plan["loop"][::2] == [("take over", at, at) for at in (1, 11, 21, 31, 41)]
    # Two are ready while the first is trained on; the third begins when the first is taken.
    assert [start for _, start, _ in plan["worker 0"]] == [0, 1, 1 + 1, 11, 21]
    assert PREFETCH == 2


def test_workers_take_turns_and_the_loop_waits_for_whose_turn_it_is():
    plan = plan_batches(make=6, step=1, fee=1, workers=2, batches=4)
    assert plan["worker 0"] == [("make", 0, 6), ("make", 6, 12)]
    assert plan["worker 1"] == [("make", 0, 6), ("make", 6, 12)]
    assert plan["loop"][::2] == [("take over", at, at + 1) for at in (6, 8, 12, 14)]


@pytest.mark.parametrize("make", [0.5, 3, 25])
@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_when_all_has_settled_a_step_takes_the_solution_of_chapter_10_says(make, workers):
    batches = 40 * max(workers, 1)
    plan = plan_batches(make, 10, 2, workers, batches)
    ends = [end for what, _, end in plan["loop"] if what == "train"]
    each = (ends[-1] - ends[batches // 2 - 1]) / (batches - batches // 2)
    says = max(10 + 2, make / workers) if workers else make + 10
    assert each == pytest.approx(says)


def test_ranks_begin_each_step_together():
    plan = plan_steps([[5, 1, 2], [2, 4, 2]])
    assert plan["rank 0"] == [("compute", 0, 5), ("compute", 5, 6), ("compute", 9, 11)]
    assert plan["rank 1"] == [("compute", 0, 2), ("compute", 5, 9), ("compute", 9, 11)]


def test_ranks_with_unequal_steps_are_refused():
    with pytest.raises(ValueError, match=r"equally many steps; found \[2, 1\]"):
        plan_steps([[1, 2], [1]])


def test_spans_are_drawn_to_one_scale_and_told_apart_without_colour():
    picture = draw_timelines(
        {"a": plan_batches(3, 2, 1, 1, batches=2), "b": {"loop": [("make", 0, 20)]}}
    )
    first, second = picture.figure.axes
    assert first.get_xlim() == second.get_xlim() == (0, 20)
    bars = [(bar.get_x(), bar.get_width(), bar.get_hatch()) for bar in first.patches]
    assert bars[:2] == [(3, 1, ""), (4, 2, "///")]
    assert {hatch for _, _, hatch in bars} == {"", "///", "\\\\\\"}
    assert "a: loop: take over 2 of 9, train 4 of 9, waits 3 of 9." in picture.description


@pytest.mark.parametrize("plans", [{}, {"a": {}}, {"a": {"loop": []}}])
def test_no_spans_are_no_picture(plans):
    with pytest.raises(ValueError, match="nothing to draw"):
        draw_timelines(plans)


def test_negative_times_are_refused():
    with pytest.raises(ValueError, match="not negative; found make 1, step -2"):
        plan_batches(1, -2, 0, 0)
