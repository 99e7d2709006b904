"""The companion's index: nothing is missing from it, and its names lead somewhere."""

import re
from importlib import import_module
from operator import attrgetter
from pathlib import Path

import pytest

from companion.publishing.documenting import documented, place_of

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "book" / "companion.md").read_text(encoding="utf-8")
LISTED = [name for names in re.findall(r"\{api-names\} (.*)", PAGE) for name in names.split()]
(BEHIND,) = [names.split() for names in re.findall(r"\{api-modules\} (.*)", PAGE)]
FULL = [
    name
    for part in ("steps", "audit", "rest")
    for name in re.findall(
        r"automodule:: companion\.(\S+)",
        (ROOT / "book" / f"companion_{part}.md").read_text(encoding="utf-8"),
    )
]


def test_every_module_has_one_place_in_the_index():
    there = {path.stem for path in (ROOT / "companion").glob("[a-z]*.py")}
    inner = [name for name in LISTED if "." in name or name == "results"]
    assert sorted([*LISTED, *BEHIND]) == sorted([*there, *inner])
    assert FULL == LISTED


def test_every_name_that_can_be_imported_from_the_companion_is_in_the_index():
    import companion

    held = {name for module in LISTED for name in documented(f"companion.{module}")}
    assert set(companion.__all__) - held == set()


@pytest.mark.parametrize("module", LISTED)
def test_what_a_docstring_names_is_there(module):
    space = import_module(f"companion.{module}")
    texts = [space.__doc__, *(getattr(space, name).__doc__ for name in documented(space.__name__))]
    for name in re.findall(r"(?<!`)`([^`]+)`(?!`)", "\n".join(filter(None, texts))):
        place = place_of(name, space.__name__)
        if place is not None:
            found = max(
                (place[:end] for end in range(len(place) + 1) if place[end:][:1] in ("", ".")),
                key=lambda start: (importable(start), len(start)),
            )
            rest = place.removeprefix(found).strip(".")
            assert not rest or attrgetter(rest)(import_module(found)) is not None, name


def importable(name: str) -> bool:
    try:
        import_module(name)
    except ImportError:
        return False
    return True
