"""Measured figures, packaged as JSON, that chapters read: each file says how it was measured."""

import json
from importlib.resources import files
from typing import Any


def load(name: str) -> dict[str, Any]:
    """Give the results of that name, as the script that measured them wrote them.

    Raises `ValueError` for a name that there is no file of.

    >>> sorted(load("collating"))
    ['absent', 'cells', 'date', 'machine', 'seeds', 'sets', 'versions']
    """
    there = names()
    if name not in there:
        raise ValueError(f"there are no results {name!r}; there are {', '.join(there)}")
    file = files("companion") / "results" / f"{name}.json"
    results: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return results


def names() -> list[str]:
    """Give the names of all results there are, sorted.

    >>> "collating" in names()
    True
    """
    found = (file.name for file in (files("companion") / "results").iterdir())
    return sorted(name.removesuffix(".json") for name in found if name.endswith(".json"))
