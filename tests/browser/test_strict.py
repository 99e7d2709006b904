"""The site under a strict Content-Security-Policy: all that is ours works."""

import functools
import re
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import FRONT, Quiet, unfold
from companion.showing.plotting import draw_lengths
from companion.tokenizing import TokenizedEntry

POLICY = "default-src 'self'"

OURS = (
    *("page.js", "explorer.js", "lab.js", "training_lab.js", "vocabulary.js"),
    *("learning.js", "own_batch.js", "learning.css"),
    *("batch-table.css", "explorer.css", "lab.css", "training_lab.css"),
)
LISTEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(
  {directive: event.effectiveDirective, blocked: event.blockedURI, source: event.sourceFile}));
"""


class Strict(Quiet):
    """Serves the site with the policy on every page."""

    def end_headers(self) -> None:
        """Add the policy to the headers."""
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()


@pytest.fixture(scope="module")
def strict(site) -> Iterator[str]:
    """Give the address of the site under the policy."""
    handler = functools.partial(Strict, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def go(page: Page, address: str) -> None:
    page.add_init_script(LISTEN)
    page.goto(address, wait_until="load")


def of_ours(page: Page) -> list[dict[str, str]]:
    """Give what the policy refused to a file of ours."""
    every = page.evaluate("window.violations")
    return [one for one in every if any(name in str(one) for name in OURS)]


def test_the_explorer_lives_and_loads_its_vocabulary(fresh, strict):
    go(fresh, f"{strict}/{FRONT}")
    explorer = fresh.locator("batch-explorer")
    unfold(explorer)
    box = explorer.get_by_role("group", name="Entry 1").get_by_role("textbox", name="Output")
    box.fill("Tomorrow \N{SUN WITH FACE}")
    explorer.get_by_role("tab", name="Tokenize").click()
    expect(explorer.locator("table").first.locator("td[data-at]").last).to_contain_text("⟨9E⟩")
    explorer.get_by_label("Break it").select_option("no_shift")
    expect(explorer.locator("td.be-marked").first).to_be_visible()
    # Set by script, which the policy allows: columns of one width in all rows, and the map's mark.
    edges = "cells => cells.map((cell) => Math.round(cell.getBoundingClientRect().left))"
    assert len(set(explorer.locator("td[data-at$=':targets:50']").evaluate_all(edges))) == 1
    assert explorer.locator('[data-part="here"]').bounding_box()["width"] > 3
    assert fresh.evaluate("window.violations.length") > 0, "the policy is there"
    assert of_ours(fresh) == []


def test_the_lab_draws_its_bars_and_its_epoch_to_scale(fresh, strict):
    go(fresh, f"{strict}/book/09_bucketing.html")
    lab = fresh.locator("padding-lab")
    lab.get_by_label("Strategy").select_option("packed")
    bars = lab.locator(".pl-bar td > div")
    widths = bars.evaluate_all("bars => bars.map((bar) => bar.getBoundingClientRect().width)")
    assert len(widths) == 5
    assert max(widths) > 1.5 * min(widths) > 0
    picture = lab.locator('[data-part="epoch"] svg')
    tall = float(picture.get_attribute("data-tall").removesuffix("px"))
    assert picture.bounding_box()["height"] == pytest.approx(tall, abs=0.1)
    assert tall != pytest.approx(150, abs=1), "which a browser takes where it is told nothing"
    assert of_ours(fresh) == []


def test_the_training_lab_draws_its_curve_and_its_intervals(fresh, strict):
    go(fresh, f"{strict}/book/14_training.html")
    lab = fresh.locator("training-lab")
    lab.get_by_label("Leave out").select_option("no shift")
    assert lab.get_by_role("img", name="The printed loss").bounding_box()["height"] == 220
    lines = lab.locator(".tl-line").evaluate_all(
        "all => all.map((one) => getComputedStyle(one).fill)"
    )
    assert set(lines) == {"none"}
    assert lab.locator(".tl-range").first.bounding_box()["width"] > 0
    assert of_ours(fresh) == []


def test_the_line_of_steps_keeps_its_looks(fresh, strict):
    go(fresh, f"{strict}/book/03_padding.html")
    looks = "(element, name) => getComputedStyle(element)[name]"
    steps = fresh.locator("ol.steps")
    assert steps.evaluate(looks, "display") == "flex"
    assert steps.locator("[aria-current]").evaluate(looks, "borderTopWidth") == "3px"


def test_a_picture_keeps_its_inks_and_hatches(fresh, strict):
    """The picture of today's companion, whatever the stored notebooks hold."""
    body = draw_lengths([TokenizedEntry([0, 1, 2], prompt_length=1)])._repr_html_()
    headers = {"Content-Security-Policy": POLICY, "Content-Type": "text/html"}
    fresh.route("**/picture.html", lambda route: route.fulfill(headers=headers, body=body))
    go(fresh, f"{strict}/picture.html")
    fills = fresh.locator("svg path").evaluate_all(
        "paths => paths.map((path) => getComputedStyle(path).fill)"
    )
    assert "none" in fills
    assert any("url(" in fill for fill in fills)
    assert fresh.evaluate("window.violations") == []


def test_work_is_marked_and_handed_in_and_a_batch_is_drawn_from_a_name(fresh, strict):
    go(fresh, f"{strict}/book/own_batch.html")
    fresh.get_by_label("Your name").fill("Ada")
    fresh.keyboard.press("Tab")
    expect(fresh.get_by_label("Answer 8, as")).to_be_visible()
    assert of_ours(fresh) == []
    fresh.goto(f"{strict}/book/03_padding.html")
    expect(fresh.get_by_label("Your line to hand in")).to_have_value(re.compile("Ada . padding"))
    assert of_ours(fresh) == []
    fresh.goto(f"{strict}/book/path.html")
    expect(fresh.locator(".path-next").first).to_contain_text("Next: 0. Start here")
    with fresh.expect_download():
        fresh.get_by_role("button", name="Save to a file").click()
    assert of_ours(fresh) == []
