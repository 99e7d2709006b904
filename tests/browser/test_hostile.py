"""Hostile links and storages on a built page, over http and by double click.

Two of each kind; all of them with `make fuzz`. Under Node and in Python all are tried always.
"""

import json
import os

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import FRONT, far, unfold
from hostile import CASES, Hostile, link_of
from test_explorer_hostile import judge

EVERY = "RANDOM_STATES" in os.environ
KINDS = sorted({case.kind for case in CASES})
STORED = sorted({case.kind for case in CASES if case.where == "state"})

# No clipboard: what is copied stands in a box, where it can be read.
NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', {value: undefined})"
OWN = "document.querySelector('batch-explorer [data-field=output]').value"


class Watched:
    """A page, and what it did that it must not do."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.is_http = address.startswith("http")
        self.asked: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: self.errors.append(dialog.message))
        page.add_init_script(NO_CLIPBOARD)
        self.go("")
        self.own = page.evaluate(OWN)

    def mine(self, kind: str, *where: str) -> list[Hostile]:
        """Give every other case of a kind: what goes over http here goes by double click there."""
        cases = [case for case in CASES if case.kind == kind and (not where or case.where in where)]
        return cases[self.is_http :: 2][: None if EVERY else 1]

    def go(self, end: str) -> None:
        """Load the page, with an end to its address or none."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}{end}", wait_until="domcontentloaded")
        expect(self.page.locator("batch-explorer .be")).to_be_attached()

    def poison(self, text: str) -> None:
        """Put a state into the storage, as if the reader had left it on this page."""
        unfold(self.page.locator("batch-explorer"))
        self.page.get_by_label("Maximum length").fill("60")  # so that something is kept
        self.page.evaluate(
            """text => {
              const [key] = Object.keys(localStorage).filter((name) => name.includes("explorer-1"));
              const { ours } = JSON.parse(localStorage[key]);
              localStorage[key] = JSON.stringify({ ours, theirs: text });
            }""",
            text,
        )

    def check(self, case: Hostile, is_batch: bool) -> None:
        """Hold that the explorer lives, has said why, copies literals and asked no one."""
        explorer = self.page.locator("batch-explorer")
        told = explorer.locator('[data-part="told"]').inner_text()
        assert ("nothing of it could be used" in told or "is discarded" in told) != is_batch, (
            case,
            told,
        )
        for step in ("Tokenize", "Pad", "Mask"):
            explorer.get_by_role("tab", name=step).click()
        if not is_batch:
            expect(explorer.locator("td[data-at]").first).to_be_visible()
            assert self.page.evaluate(OWN) == self.own
        explorer.get_by_role("button", name="Copy as Python").click()
        judge(explorer.locator('[data-part="copied"]').input_value())
        assert self.page.evaluate("window.owned") is None, case
        assert self.page.locator("batch-explorer img, batch-explorer script").count() == 0, case
        assert far(self.asked) == []
        assert self.errors == [], case


@pytest.fixture(params=["http", "file"])
def watched(request, fresh, site, served):
    """Open the front page in both of the ways in which it is read."""
    served_at = f"{served}/{FRONT}"
    return Watched(fresh, served_at if request.param == "http" else (site / FRONT).as_uri())


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_link_leaves_the_page_as_it_was(watched, kind):
    for case in watched.mine(kind):
        watched.go(link_of(case))
        watched.check(case, is_batch=kind in ("harm in a batch", "too small"))
        watched.go("")
        assert watched.page.evaluate(OWN) == watched.own, case
        assert watched.page.evaluate("JSON.stringify(localStorage)").count("explorer-1") == 0, case


@pytest.mark.parametrize("kind", STORED)
def test_a_poisoned_storage_is_discarded_and_stays_so(watched, kind):
    for case in watched.mine(kind, "state"):
        is_batch = kind in ("harm in a batch", "too small")
        watched.poison(case.text)
        watched.go("")
        watched.check(case, is_batch)
        if is_batch:
            watched.page.get_by_role("button", name="Reset").click()
        watched.go("")
        told = watched.page.locator('batch-explorer [data-part="told"]').inner_text()
        assert told == "", (case, told)
        assert watched.page.evaluate(OWN) == watched.own, case


def test_a_storage_that_is_no_json_is_discarded_too(watched):
    for junk in ("", "{", "null", "5", '"x"', json.dumps({"ours": 5})):
        unfold(watched.page.locator("batch-explorer"))
        watched.page.get_by_label("Maximum length").fill("60")
        watched.page.evaluate(
            "junk => Object.keys(localStorage).forEach((key) => (localStorage[key] = junk))", junk
        )
        watched.go("")
        expect(
            watched.page.locator("batch-explorer td, batch-explorer .bt-text").first
        ).to_be_visible()
        assert watched.page.evaluate(OWN) == watched.own, junk
        assert watched.errors == []
