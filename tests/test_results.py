"""Measured figures: every packaged file can be loaded and says how it was measured."""

import datetime
import re

import pytest

from companion.results import load, names


def test_there_are_results():
    assert {"collating", "tokenizing"} <= set(names())


@pytest.mark.parametrize("name", names())
def test_results_say_how_they_were_measured(name):
    results = load(name)
    assert results["machine"]["cores"] >= 1
    assert results["machine"]["processor"]
    assert results["machine"]["system"]
    assert "python" in results["versions"]
    assert all(re.match(r"\d+\.\d+", version) for version in results["versions"].values())
    assert datetime.date.fromisoformat(results["date"])
    assert results["seeds"]
    assert all(type(seed) is int for seed in results["seeds"].values())


@pytest.mark.parametrize("name", names())
def test_results_name_no_path(name):
    """A stored figure says on what kind of machine it was measured, not on whose."""
    texts = [text for text in _texts(load(name)) if text.startswith(("/", "~")) or ":\\" in text]
    assert texts == []


@pytest.mark.parametrize("name", ["nothing", "", "collating.json", "../data/entries"])
def test_results_that_are_not_there_are_named_beside_those_that_are(name):
    expected = f"there are no results {name!r}; there are {', '.join(names())}"
    with pytest.raises(ValueError, match=re.escape(expected)):
        load(name)


def _texts(value):
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in _texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return [value] if isinstance(value, str) else []
