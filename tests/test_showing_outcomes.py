"""What runs came to, in words: a verdict follows from the answers and from what was printed."""

import copy

import pytest

from companion.showing.outcomes import (
    ASKED,
    LEFT_OUT,
    VERDICTS,
    Figure,
    read_outcomes,
    said_of,
    trained,
)
from experiments.training import ASKED as ASKED_IN_RUNS
from experiments.training import VARIANTS


def line(name, twin=None, harm=None, seeds=3):
    """Give a line of the results' table, with a paired difference or none."""
    figures = ("exact", "stops", "mean length", "held-out loss")
    made = {key: {"mean": {"is": 0.5, "interval": [0.4, 0.6]}} for key in figures}
    if harm:
        made["exact"]["minus the right twin"] = {"is": sum(harm) / 2, "interval": list(harm)}
    return {"variant": name, "twin": twin, "seeds": list(range(seeds)), **made}


def results(name, harm, printed, twin="right", seeds=3, least=0.55):
    """Give results of right runs, which print 0.04 and 0.06, and of one fault."""
    runs = [("right", 0.04, 0.9), ("right", 0.06, least), *((name, loss, 0.5) for loss in printed)]
    keys = ("variant", "printed loss", "exact")
    return {
        "table": [line("right"), line(name, twin, harm, seeds)],
        "runs": [dict(zip(keys, run, strict=True)) for run in runs],
    }


HARM, NONE = (-0.2, -0.1), (-0.2, 0.1)


@pytest.mark.parametrize(
    ("harm", "printed", "verdict"),
    [
        (HARM, [0.01, 0.03], "rewarded"),
        (HARM, [0.01, 0.05], "hidden"),
        (HARM, [0.06, 0.9], "hidden"),
        (HARM, [0.07, 0.9], "shown"),
        (HARM, [0.01, 0.9], "shown"),
        (NONE, [0.05, 0.9], "harmless"),
        (NONE, [0.01, 0.02], "alarm"),
        (NONE, [0.7, 0.9], "alarm"),
        ((0.0, 0.1), [0.05], "harmless"),
        ((0.1, 0.2), [0.05], "harmless"),
    ],
)
def test_a_fault_is_judged_by_its_answers_and_by_whether_its_loss_could_be_a_right_runs(
    harm, printed, verdict
):
    found = read_outcomes(results("no shift", harm, printed))["no shift"]
    assert found.verdict == verdict
    assert verdict in VERDICTS
    assert found.harm == Figure(sum(harm) / 2, *harm)
    assert found.printed == printed


@pytest.mark.parametrize(
    ("seeds", "least", "verdict"),
    [(3, 0.55, "hidden"), (2, 0.55, "harmless"), (1, 0.6, "harmless"), (1, 0.61, "hidden")],
)
def test_of_one_run_or_two_a_harm_must_be_beyond_what_seeds_do(seeds, least, verdict):
    # The exact answers of the fault lie between 0.4 and 0.6.
    made = results("no shift", HARM, [0.05], seeds=seeds, least=least)
    assert read_outcomes(made)["no shift"].verdict == verdict


def test_right_runs_of_any_layout_say_what_a_right_run_may_print():
    made = results("no shift", HARM, [0.08])
    assert read_outcomes(made)["no shift"].verdict == "shown"
    packed = "packed, right"
    made["table"].append(line(packed, "right", NONE))
    made["runs"].append({"variant": packed, "printed loss": 0.09, "exact": 0.9})
    found = read_outcomes(made)
    assert (found["no shift"].verdict, found[packed].verdict) == ("hidden", "harmless")


def test_a_way_to_ask_has_the_losses_of_the_run_that_is_asked():
    name = "right, asked without the header"
    made = results(name, HARM, [])
    del made["table"][1]["held-out loss"]  # it has no training of its own
    found = read_outcomes(made)[name]
    assert (found.printed, found.held_out, found.verdict) == ([0.04, 0.06], None, "asked")


def test_what_has_nothing_to_be_compared_with_is_not_judged():
    made = results("embedded set", None, [0.01], twin=None)
    assert read_outcomes(made)["embedded set"].verdict == "alone"
    assert read_outcomes(made)["right"].verdict == "right"
    unpaired = results("no shift", None, [0.01])
    assert read_outcomes(unpaired)["no shift"].verdict == "alone"


def test_reading_changes_nothing():
    made = results("no shift", HARM, [0.01])
    before = copy.deepcopy(made)
    read_outcomes(made)
    assert made == before


def test_there_is_a_sentence_for_every_way_to_train_and_to_ask():
    assert list(LEFT_OUT) == list(VARIANTS)
    assert list(ASKED) == list(ASKED_IN_RUNS)
    for name in VARIANTS:
        assert said_of(name).endswith(".")
        assert trained(name) == name, "a comma in a name does not make a way to ask of it"
        for way in ASKED:
            assert trained(f"{name}, {way}") == name
            assert said_of(f"{name}, {way}").endswith(ASKED[way])
