"""The training lab in Python: what it shows is what the results say, beside the right twin."""

import json
import re

import pytest
import traitlets

from companion.explorer.training_lab import TrainingLab, read_choice, ways_of
from files import run_under_node

TAGS = "</script><b>"


def run(name, seed, losses, answer, **asked):
    return {
        "variant": name,
        "seed": seed,
        "printed loss": losses[-1],
        "exact": 0.9,
        "curve": [[20 * at, loss] for at, loss in enumerate(losses, 1)],
        "answers": [{"prompt": "Sort: 31", "expected": "13", "answer": answer, "stopped": False}],
        "asked": asked,
    }


def line(name, twin, exact):
    shares = {"exact": exact, "stops": 1.0, "mean length": 5.25}
    figures = {
        key: {"mean": {"is": share, "interval": [share, share]}} for key, share in shares.items()
    }
    if twin:
        figures["exact"]["minus the right twin"] = {"is": -0.9, "interval": [-0.95, -0.85]}
    return {"variant": name, "twin": twin, "seeds": [0, 1], **figures}


OTHERWISE = {"answers": [{"prompt": "?", "expected": "13", "answer": "what", "stopped": True}]}
RESULTS = {
    "table": [
        line("right", None, 0.9375),
        line("right, asked without the header", "right", 0.0),
        line("no shift", "right", 0.03125),
    ],
    "runs": [
        run("right", 1, [5.0, 0.25], "second"),
        run("right", 0, [3.0, 0.75], "13", **{"asked without the header": OTHERWISE}),
        run("no shift", 0, [4.0, 0.125], TAGS),
    ],
}


def test_a_way_has_its_curve_over_its_runs_its_figures_and_its_first_runs_answers():
    ways = ways_of(RESULTS)
    assert list(ways) == ["right", "right, asked without the header", "no shift"]
    assert ways["right"]["curve"] == [[20, 4.0], [40, 0.5]]
    assert ways["right"]["figures"]["exact answers"] == [0.938, 0.938, 0.938]
    assert ways["right"]["figures"]["printed loss"] == [0.5, 0.25, 0.75]
    assert ways["right"]["answers"] == [["Sort: 31", "13", "13", False]]
    assert (ways["right"]["twin"], ways["right"]["harm"], ways["right"]["told"]) == (None, None, "")
    assert ways["no shift"]["harm"] == [-0.9, -0.95, -0.85]
    assert ways["no shift"]["told"].endswith("is lower than that of any right run.")


def test_a_way_to_ask_has_the_curve_of_the_run_that_is_asked_and_answers_of_its_own():
    way = ways_of(RESULTS)["right, asked without the header"]
    assert way["curve"] == [[20, 4.0], [40, 0.5]]
    assert way["answers"] == [["?", "13", "what", True]]


def test_the_page_carries_all_of_it_and_the_table_to_read():
    lab = TrainingLab("no shift", RESULTS)
    page = lab.html()
    assert page.count("</script>") == 1, "an answer cannot end the data"
    packed = re.search(r'<script type="application/json">(.*?)</script>', page)[1]
    assert json.loads(packed) == {"choice": "no shift", "ways": ways_of(RESULTS)}
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', page)
    assert [name for name, _ in rows] == list(ways_of(RESULTS))
    cells = [re.findall("<td>(.*?)</td>", row) for _, row in rows]
    assert cells == [
        ["93.8% [93.8, 93.8]", "100.0%", "0.5", ""],
        ["0.0% [0.0, 0.0]", "100.0%", "0.5", "knows nothing of it"],
        ["3.1% [3.1, 3.1]", "100.0%", "0.12", "rewards it"],
    ]
    data, _ = lab._repr_mimebundle_()
    assert data["text/html"] == page == TrainingLab("no shift", RESULTS).html()
    assert data["text/plain"] == repr(lab)
    assert "3.1% [3.1, 3.1], stops 100.0%, loss 0.12: no shift" in repr(lab)
    assert any("widget-view" in kind for kind in data)


@pytest.mark.parametrize("given", ["", "No shift", None, 3, ["right"], "__proto__"])
def test_a_choice_that_is_none_is_refused_with_the_choices_and_changes_nothing(given):
    with pytest.raises(ValueError, match="a choice is one of right, right, asked"):
        read_choice(given, ways_of(RESULTS))
    with pytest.raises((ValueError, traitlets.TraitError)):
        TrainingLab(given, RESULTS)
    lab = TrainingLab("no shift", RESULTS)
    with pytest.raises(traitlets.TraitError):
        lab.choice = given
    assert lab.choice == "no shift"


def test_a_choice_is_a_trait_that_can_be_linked_and_what_is_shown_cannot_be_set():
    lab, other = TrainingLab("right", RESULTS), TrainingLab("right", RESULTS)
    traitlets.link((lab, "choice"), (other, "choice"))
    lab.choice = "no shift"
    assert other.choice == "no shift"
    with pytest.raises(traitlets.TraitError, match="read-only"):
        lab.ways = {}


def test_the_lab_begins_with_the_books_results():
    lab = TrainingLab()
    assert lab.choice == "right"
    assert "no end token" in lab.ways
    assert len(lab.ways["right"]["answers"]) == 3


def test_its_browser_half_under_node(tmp_path):
    said = run_under_node("training_lab", tmp_path)
    assert re.search(r"^# pass 8$", said, re.MULTILINE), said
