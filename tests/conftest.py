"""What the tests have in common: the toy batch, and random cases that are stable."""

import os

import pytest
from hypothesis import Phase, settings

# The tokenizers library complains, on stderr, of worker processes that are forked after it.
os.environ["TOKENIZERS_PARALLELISM"] = "false"

# The same cases on every machine and in every run, and no limit on a slow machine's time.
settings.register_profile("book", derandomize=True, deadline=None, database=None, max_examples=200)
# For a look farther afield: HYPOTHESIS_PROFILE=search pytest tests
settings.register_profile("search", deadline=None, database=None, max_examples=5000)
# For code that is known to be wrong, which is quickly found out and needs no smallest case.
settings.register_profile(
    "mutations",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=40,
    phases=[Phase.explicit, Phase.generate],
    report_multiple_bugs=False,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "book"))


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Share tests between processes by file, and those of every page of the site by page.

    A file's tests have fixtures in common that take long. What is asked of each page takes
    minutes in all, and every page is loaded for itself anyway.
    """
    for item in items if config.pluginmanager.hasplugin("xdist") else ():
        group = item.nodeid.split("::")[0]
        if item.path.name == "test_pages.py":
            group += " " + item.callspec.params["name"]
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture
def toy() -> list[list[int]]:
    """Give the three texts that run through every step of the book."""
    return [[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]]
