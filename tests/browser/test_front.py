"""The first screen: what it is, where to begin, and the six steps in one picture."""

import re

import pytest
from playwright.sync_api import expect

from browser.conftest import FRONT

SCREENS = ((1280, 800), (360, 800))


@pytest.mark.parametrize("screen", SCREENS, ids=str)
def test_the_first_screen_says_what_it_is_for_whom_and_where_to_begin(fresh, site, screen):
    width, height = screen
    fresh.set_viewport_size({"width": width, "height": height})
    fresh.goto((site / FRONT).as_uri())
    main = fresh.get_by_role("main")
    seen = {
        "title": main.get_by_role("heading", level=1),
        "what": main.get_by_text("How instructions and answers become"),
        "whom": main.get_by_text("For all who learn this"),
        "start": main.get_by_role("link", name="Start here (15 minutes)"),
        "play": main.get_by_role("link", name="Play with it"),
        "a grid": main.get_by_role("img", name="Step 3, pad: a block of shape (3, 71)"),
    }
    for name, place in seen.items():
        box = place.bounding_box()
        assert 0 <= box["y"] < box["y"] + box["height"] <= height, name
        assert 0 <= box["x"] < box["x"] + box["width"] <= width, name
    seen["play"].click()
    expect(fresh.locator("batch-explorer")).to_be_in_viewport()
    seen["start"].click()
    fresh.wait_for_url("**/00_start_here.html")


def test_the_six_pictures_have_one_scale_and_move_only_where_that_is_wanted(browser, site):
    running = "document.querySelector('.batch-steps').getAnimations({subtree: true}).length"
    ends = (
        "Math.max(...document.querySelector('.batch-steps').getAnimations({subtree: true})"
        ".map((own) => own.effect.getComputedTiming().endTime))"
    )
    opacities = (
        "[...document.querySelectorAll('.batch-steps svg > g')]"
        ".map((group) => [group.classList.contains('bo-was'), getComputedStyle(group).opacity])"
    )
    # What a step found is seen no more; what it made is: three texts, and at Shift two tensors.
    still = [[False, "1"]] * (3 + 1 + 1 + 2 + 1 + 1) + [[True, "0"]] * 6
    with browser.new_context(reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto((site / FRONT).as_uri())
        assert page.evaluate(running) == 0
        assert sorted(page.evaluate(opacities)) == still
        widths = page.locator(".batch-steps svg").evaluate_all(
            "all => all.map((svg) => Math.round(svg.getBoundingClientRect().width))"
        )
        assert len(widths) == 6
        assert len(set(widths)) == 1
    with browser.new_context(reduced_motion="no-preference") as context:
        page = context.new_page()
        page.goto((site / FRONT).as_uri())
        # What moves by itself for longer would need a button that stops it.
        assert 1000 < page.evaluate(ends) < 5000
        page.evaluate("document.getAnimations().forEach((own) => own.finish())")
        assert sorted(page.evaluate(opacities)) == still


def test_each_step_of_the_picture_leads_to_its_chapter(visit):
    links = visit(FRONT).page.locator(".batch-steps li a")
    names = [re.sub(r".*/", "", link.get_attribute("href")) for link in links.all()]
    assert [name[:2] for name in names] == ["01", "02", "03", "04", "05", "06"]


def test_every_look_of_the_picture_is_told_in_its_legend(visit):
    page = visit(FRONT).page
    looks = "all => [...new Set(all.map((own) => own.dataset.role))].sort()"
    drawn = page.locator(".batch-steps svg [data-role]").evaluate_all(looks)
    assert "ignored" in drawn
    assert page.locator(".batch-steps .bt-legend [data-role]").evaluate_all(looks) == drawn
    expect(page.locator(".batch-steps .bt-legend")).to_be_visible()
