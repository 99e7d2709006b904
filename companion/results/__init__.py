"""Measured figures, packaged as JSON, that chapters read: each file says how it was measured."""

import json
from importlib.resources import files
from typing import Any


def load(name: str) -> dict[str, Any]:
    """Give the results of that name.

    Raises `ValueError` for a name that there is no file of.

    >>> sorted(load("collating"))
    ['date', 'machine', 'microseconds', 'ratios', 'seed', 'versions']
    """
    file = files("companion") / "results" / f"{name}.json"
    if not file.is_file():
        there = (found.name for found in (files("companion") / "results").iterdir())
        names = sorted(found.removesuffix(".json") for found in there if found.endswith(".json"))
        raise ValueError(f"there are no results {name!r}; there are {', '.join(names)}")
    results: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return results
