"""Measured figures: every packaged file can be loaded and says how it was measured."""

from importlib.resources import files

import pytest

from companion.results import load

NAMES = sorted(
    found.name.removesuffix(".json")
    for found in (files("companion") / "results").iterdir()
    if found.name.endswith(".json")
)


@pytest.mark.parametrize("name", NAMES)
def test_results_say_how_they_were_measured(name):
    results = load(name)
    assert "cores" in results["machine"]
    assert "python" in results["versions"]
    assert results["date"].count("-") == 2
    assert isinstance(results["seed"], int)


def test_results_that_are_not_there_are_named_beside_those_that_are():
    with pytest.raises(ValueError, match=r"no results 'nothing'; there are .*collating"):
        load("nothing")
