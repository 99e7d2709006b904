"""The explorer on a built page, used as a person does: by what a thing is called."""

import json
import re
import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import FRONT, far, faults_by_step, unfold

STEPS = ("Format", "Tokenize", "Pad", "Shift", "Ignore", "Mask")


@pytest.fixture
def explorer(fresh: Page, site):
    """Open the front page by double click, and give its explorer, with all of it unfolded."""
    found = folded_explorer(fresh, site)
    unfold(found)
    return found


def folded_explorer(page, site):
    page.goto((site / FRONT).as_uri())
    found = page.locator("batch-explorer")
    found.get_by_role("tab", name="Format").click()
    return found


def numbers(text):
    return json.loads(text)


def open_entries(explorer):
    unfold(explorer)
    return explorer.get_by_role("group", name="Entry 1")


def said(explorer):
    return explorer.locator('[data-part="said"]')


def test_the_six_steps_are_tabs_and_the_keyboard_walks_them(explorer, fresh):
    explorer.get_by_role("tab", name="Format").focus()
    for step in STEPS[1:]:
        fresh.keyboard.press("ArrowRight")
        tab = explorer.get_by_role("tab", name=step)
        expect(tab).to_be_focused()
        expect(tab).to_have_attribute("aria-selected", "true")
    fresh.keyboard.press("ArrowRight")
    expect(explorer.get_by_role("tab", name="Format")).to_be_focused()
    fresh.keyboard.press("End")
    expect(explorer.get_by_role("tab", name="Mask")).to_be_focused()


def test_a_page_explains_each_step_where_it_is_looked_at(explorer):
    explained = explorer.locator(".be-explained")
    for step in STEPS:
        explorer.get_by_role("tab", name=step).click()
        expect(explained.locator("strong")).to_have_text(f"{step}.")
    expect(explained).to_be_visible()
    expect(explained.get_by_role("listitem")).to_have_count(0)  # and not as a list besides


def test_what_is_typed_becomes_tokens_without_a_kernel(explorer):
    explorer.get_by_role("tab", name="Tokenize").click()
    entry = open_entries(explorer)
    entry.get_by_role("textbox", name="Output").fill("Occasion \N{SUN WITH FACE}")
    cells = explorer.locator("table").first.locator("td[data-at]")
    expect(cells.last).to_contain_text("⟨9E⟩")


def test_over_http_it_is_the_same(explorer, fresh, served):
    fresh.goto(f"{served}/{FRONT}")
    explorer.get_by_role("tab", name="Tokenize").click()
    open_entries(explorer).get_by_role("textbox", name="Output").fill("\N{SUN WITH FACE}")
    expect(explorer.locator("table").first.locator("td[data-at]").last).to_contain_text("⟨9E⟩")


def test_the_vocabulary_is_asked_for_at_the_first_change_that_needs_it(explorer, fresh):
    asked = []
    fresh.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[-1]))
    for step in STEPS:
        explorer.get_by_role("tab", name=step).click()
    for style in ("phi3", "chatml", "plain"):
        explorer.get_by_label("Prompt style").select_option(style)
    explorer.get_by_label("Mask", exact=True).select_option("none")
    explorer.get_by_label("Maximum length").fill("20")
    assert asked == []
    open_entries(explorer).get_by_role("textbox", name="Input").fill("Tomorow")
    explorer.get_by_role("tab", name="Tokenize").click()
    expect(said(explorer)).to_contain_text("texts became")
    fresh.wait_for_timeout(300)
    assert asked == ["vocabulary.js"]


def test_a_vocabulary_of_another_release_is_told_and_the_page_goes_on(explorer, fresh):
    other = "globalThis.gpt2Vocabulary = {bytes: ''};"
    fresh.route("**/vocabulary.js", lambda asked: asked.fulfill(body=other))
    fresh.reload()  # only then does a page from a folder ask the route
    box = open_entries(explorer).get_by_role("textbox", name="Output")
    own = box.input_value()
    box.fill("Tomorow")
    expect(explorer.get_by_role("alert")).to_contain_text("vocabulary could not be loaded")
    fresh.unroute("**/vocabulary.js")
    box.fill(own)
    expect(explorer.get_by_role("alert")).to_be_hidden()
    box.fill("Tomorow again")  # and it is asked for again
    explorer.get_by_role("tab", name="Format").click()
    expect(explorer.locator("td.bt-text").first).to_contain_text("Tomorow again")


def test_a_cell_says_what_the_model_is_asked_there(explorer, fresh):
    explorer.get_by_role("tab", name="Mask").click()
    first = explorer.locator("td[data-at='1:inputs:38']")
    first.click()
    detail = explorer.locator('[data-part="detail"]')
    expect(detail).to_contain_text("the model must say")
    expect(detail).to_contain_text("ury")
    fresh.keyboard.press("ArrowRight")
    fresh.keyboard.press("ArrowRight")
    fresh.keyboard.press("ArrowRight")
    expect(detail).to_contain_text("not graded, because it is a pad")


def test_a_fold_opens_and_its_first_cell_has_the_focus(explorer):
    explorer.get_by_role("tab", name="Pad").click()
    fold = explorer.get_by_role("button", name="prompt ×").first
    fold.click()
    expect(explorer.locator("td[data-at='0::0']")).to_be_focused()


def test_entries_are_added_and_removed_between_one_and_eight(explorer):
    open_entries(explorer)
    explorer.get_by_role("tab", name="Pad").click()
    add = explorer.get_by_role("button", name="Add an entry")
    for _ in range(5):
        add.click()
    expect(add).to_be_disabled()
    expect(explorer.get_by_role("group", name="Entry 8")).to_be_visible()
    for number in range(8, 1, -1):
        explorer.get_by_role("button", name=f"Remove entry {number}").click()
    expect(explorer.get_by_role("button", name="Remove entry 1")).to_have_count(0)
    expect(said(explorer)).to_contain_text("a block of shape (1, ")


@pytest.mark.parametrize(
    ("fault", "step", "learned", "code"),
    [
        ("no shift", "Shift", "repeat the token", "not-shifted"),
        ("shifted twice", "Shift", "leave out every other token", "shifted-twice"),
        ("padding found by its value", "Ignore", "never learn to stop", "end-ignored"),
        ("end token ignored", "Ignore", "never learn to stop", "end-ignored"),
        ("mask one off", "Mask", "never learn the first token", "response-ignored"),
    ],
)
def test_a_fault_is_named_at_its_step_outlines_what_it_changed_and_can_be_mended(
    explorer, fault, step, learned, code
):
    explorer.get_by_role("tab", name="Tokenize").click()
    explorer.get_by_label("Break it").select_option(label=fault)
    expect(explorer.get_by_role("tab", name=step)).to_have_attribute("aria-selected", "true")
    findings = explorer.locator('[data-part="findings"]')
    expect(findings).to_contain_text(learned)
    expect(findings).to_contain_text(f"error {code}: Every row:")
    assert explorer.locator("td.be-marked").count() > 0
    explorer.get_by_role("tab", name=STEPS[STEPS.index(step) - 1]).click()
    expect(findings).to_have_text(f"This batch is broken at {step}; up to here nothing is changed.")
    expect(explorer.locator("td.be-marked")).to_have_count(0)
    explorer.get_by_role("button", name="Mend").click()
    expect(findings).to_be_empty()
    expect(explorer.get_by_label("Break it")).to_have_value("")


def test_a_fault_that_changes_nothing_offers_a_batch_where_it_does(explorer):
    explorer.get_by_label("Break it").select_option(label="prompt cut differently")
    findings = explorer.locator('[data-part="findings"]')
    expect(findings).to_contain_text("no token holds the end of a prompt and the beginning of a")
    expect(explorer.locator("td.be-marked")).to_have_count(0)
    offer = "Show it in the sample An answer on a new line"
    explorer.get_by_role("button", name=offer).click()
    expect(findings).to_contain_text(
        "note border-moved: Row 0: one token holds the end of the prompt"
    )
    expect(explorer.get_by_label("Break it")).to_be_focused()
    expect(explorer.get_by_role("button", name=offer)).to_have_count(0)
    assert explorer.locator("td.be-marked").count() > 0
    explorer.get_by_role("button", name="Mend").click()
    expect(findings).to_be_empty()


def test_two_faults_of_the_same_tensors_are_told_apart(explorer):
    explorer.get_by_label("Break it").select_option(label="padding found by its value")
    findings = explorer.locator('[data-part="findings"]')
    expect(findings).to_contain_text("comes to the same as with the end token ignored")
    expect(said(explorer)).to_contain_text("3 because their id is that of a pad")
    explorer.get_by_role("button", name="Show it in the sample Two texts in one row").click()
    expect(said(explorer)).to_contain_text("3 because their id is that of a pad")
    expect(findings).not_to_contain_text("comes to the same")
    explorer.get_by_label("Break it").select_option(label="end token ignored")
    expect(said(explorer)).to_contain_text("2 because the length of their row leaves it out")


def test_your_turn_marks_the_first_wrong_cell_alone_and_says_why(explorer):
    open_entries(explorer)
    explorer.get_by_label("Sample").select_option("Toy batch")
    explorer.get_by_role("tab", name="Shift").click()
    explorer.get_by_role("button", name="Your turn").click()
    answers = {0: "1 2 3 4 50256", 1: "6 50256 50256 50256 50256", 2: "8 9 50256 50256 50255"}
    for row, ids in answers.items():
        for column, id in enumerate(ids.split()):
            explorer.get_by_label(f"target of row {row}, column {column}").fill(id)
    explorer.get_by_role("button", name="Check").click()
    outcome = explorer.locator('[data-part="outcome"]')
    expect(outcome).to_contain_text("Not yet. Row 2, column 4")
    expect(explorer.locator("td.be-marked")).to_have_count(1)
    explorer.get_by_label("target of row 2, column 4").fill("50256")
    explorer.get_by_role("button", name="Check").click()
    expect(outcome).to_have_text("Right: Shift, 15 targets, 2 checks.")
    expect(explorer.get_by_role("button", name="Check")).to_be_disabled()
    explorer.get_by_role("button", name="Back to the batch").click()


def test_ignoring_by_hand_keeps_the_end_token(explorer):
    open_entries(explorer)
    explorer.get_by_label("Sample").select_option("Toy batch")
    explorer.get_by_role("tab", name="Ignore").click()
    explorer.get_by_role("button", name="Your turn").click()
    looks = explorer.locator("td:has([data-answer])")
    asked = looks.evaluate_all(
        "cells => cells.map(({dataset, className}) => dataset.role + className)"
    )
    assert set(asked) == {""}  # and not "ignored", which is the question
    expect(explorer.locator('[data-part="tally"]')).to_be_empty()
    for row, columns in {1: (1, 2, 3, 4), 2: (3, 4)}.items():
        for column in columns:
            explorer.locator(f"[data-answer='{row}:targets:{column}']").click()
    explorer.get_by_role("button", name="Check").click()
    expect(explorer.locator('[data-part="outcome"]')).to_contain_text("the model learns to stop")
    explorer.locator("[data-answer='1:targets:1']").click()
    explorer.get_by_role("button", name="Check").click()
    expect(explorer.locator('[data-part="outcome"]')).to_contain_text("Right: Ignore, 15 targets")


@pytest.mark.parametrize("fault", ["nothing", "shifted twice"])
def test_the_copied_python_prints_the_tensors_on_screen(explorer, fresh, fault):
    fresh.context.grant_permissions(["clipboard-read", "clipboard-write"])
    entry = open_entries(explorer)
    entry.get_by_role("textbox", name="Output").fill('Say "so":\n\\n it\'s \N{SUN WITH FACE}')
    explorer.get_by_label("Maximum length").fill("60")
    explorer.get_by_label("Break it").select_option(label=fault)
    explorer.get_by_role("tab", name="Mask").click()
    explorer.get_by_role("button", name="Copy as Python").click()
    expect(explorer.locator('[data-part="copying"]')).to_contain_text("Python is in the clipboard")
    program = fresh.evaluate("navigator.clipboard.readText()")
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    inputs, targets = map(numbers, ran.stdout.splitlines())
    while explorer.locator(".be-fold").count():
        explorer.locator(".be-fold").first.click()
    for name, tensor in (("inputs", inputs), ("targets", targets)):
        shown = explorer.evaluate(
            """(element, name) => [0, 1, 2].map((row) =>
                 [...element.querySelectorAll(`td[data-at^="${row}:${name}:"] small`)]
                   .map((small) => Number(small.textContent)))""",
            name,
        )
        assert shown == tensor


def test_a_link_restores_the_batch_and_a_damaged_one_is_told(explorer, fresh):
    fresh.context.grant_permissions(["clipboard-read", "clipboard-write"])
    entry = open_entries(explorer)
    entry.get_by_role("textbox", name="Instruction").fill("A question of my own \N{SUN WITH FACE}?")
    explorer.get_by_role("tab", name="Ignore").click()
    explorer.get_by_role("button", name="Copy link").click()
    expect(explorer.locator('[data-part="copying"]')).to_contain_text("link is in the clipboard")
    link = fresh.evaluate("navigator.clipboard.readText()")
    fresh.goto("about:blank")
    fresh.goto(link)
    expect(explorer.get_by_role("tab", name="Ignore")).to_have_attribute("aria-selected", "true")
    box = open_entries(explorer).get_by_role("textbox", name="Instruction")
    expect(box).to_have_value("A question of my own \N{SUN WITH FACE}?")
    fresh.goto("about:blank")
    fresh.goto(link[:-9] + "!!")
    expect(explorer.get_by_text("address is damaged")).to_be_visible()
    box = open_entries(explorer).get_by_role("textbox", name="Instruction")
    expect(box).to_have_value("A question of my own \N{SUN WITH FACE}?")  # kept from before
    expect(explorer.get_by_role("tab", name="Mask")).to_have_attribute("aria-selected", "true")


def test_a_text_that_is_too_long_is_told_and_everything_else_goes_on(explorer):
    entry = open_entries(explorer)
    explorer.get_by_role("tab", name="Tokenize").click()
    before = said(explorer).inner_text()
    box = entry.get_by_role("textbox", name="Output")
    box.fill("a" * 100_000)
    expect(explorer.get_by_role("alert")).to_contain_text("at most 10,000 are taken")
    assert said(explorer).inner_text() == before
    box.fill("short")
    expect(explorer.get_by_role("alert")).to_be_hidden()
    expect(said(explorer)).not_to_have_text(before)
    explorer.get_by_label("Maximum length").fill("many")
    expect(explorer.get_by_role("alert")).to_contain_text("found many")


@pytest.mark.parametrize("length", ["9999999", "0", "-3", "1e3"])
def test_a_maximum_length_that_cannot_be_names_its_limits_and_changes_nothing(explorer, length):
    explorer.get_by_role("tab", name="Pad").click()
    before = said(explorer).inner_text()
    explorer.get_by_label("Maximum length").fill(length)
    expect(explorer.get_by_role("alert")).to_contain_text(
        f"The maximum length is a whole number from 1 to 1,000,000; found {length}."
    )
    assert said(explorer).inner_text() == before
    explorer.get_by_label("Maximum length").fill("1000000")
    expect(explorer.get_by_role("alert")).to_be_hidden()


def test_a_box_grows_with_its_text_but_not_over_the_window_and_shrinks_again(explorer, fresh):
    box = open_entries(explorer).get_by_role("textbox", name="Output")

    def height():
        return box.bounding_box()["height"]

    def is_whole():
        return box.evaluate("box => box.scrollHeight <= box.clientHeight + 1")

    box.fill("one")
    low = height()
    box.fill("\n".join("abcdefghij"))
    assert height() > 5 * low
    assert is_whole()
    box.fill("line\n" * 200)
    assert height() < 780  # the window's
    box.fill("one")
    assert height() == low
    box.fill("\n".join("abcdefghij"))
    explorer.get_by_role("button", name="Add an entry").click()  # all boxes are new now
    assert is_whole()
    explorer.get_by_text("The entries of this batch").click()
    fresh.set_viewport_size({"width": 360, "height": 780})
    open_entries(explorer)
    assert is_whole()


def test_boxes_and_texts_are_written_in_their_own_direction(explorer):
    peace = "\u05e9\u05dc\u05d5\u05dd \u05dc\u05db\u05dc \u05d4\u05e2\u05d5\u05dc\u05dd"
    box = open_entries(explorer).get_by_role("textbox", name="Output")
    left = "box => getComputedStyle(box).direction"
    assert box.evaluate(left) == "ltr"
    box.fill(peace)
    assert box.evaluate(left) == "rtl"
    # The words of one text are one run: the first of them stands at the right.
    shown = explorer.locator("td.bt-text").first.locator('[data-role="response"] bdi')
    expect(shown).to_have_text(peace)
    assert shown.evaluate("run => getComputedStyle(run).direction") == "rtl"
    starts = shown.evaluate(
        """run => [0, 1].map((word) => {
             const range = document.createRange();
             range.setStart(run.firstChild, word ? 9 : 0);
             range.setEnd(run.firstChild, word ? 14 : 4);
             return range.getBoundingClientRect().x;
           })"""
    )
    assert starts[0] > starts[1]


def test_reset_gives_the_pages_own_batch_back(explorer):
    entry = open_entries(explorer)
    own = entry.get_by_role("textbox", name="Input").input_value()
    entry.get_by_role("textbox", name="Input").fill("another")
    explorer.get_by_label("Prompt style").select_option("plain")
    explorer.get_by_role("button", name="Reset").click()
    expect(entry.get_by_role("textbox", name="Input")).to_have_value(own)
    expect(explorer.get_by_label("Prompt style")).to_have_value("alpaca")


def test_play_walks_through_the_steps_and_stops_at_the_last(explorer, fresh):
    fresh.clock.install()
    fresh.reload()
    explorer.get_by_role("button", name="Play").click()
    for step in STEPS:
        expect(explorer.get_by_role("tab", name=step)).to_have_attribute("aria-selected", "true")
        fresh.clock.run_for(2500)
    expect(explorer.get_by_role("button", name="Play")).to_be_visible()


def test_a_screen_reader_is_told_step_shape_and_what_is_left(explorer):
    explorer.get_by_role("tab", name="Mask").click()
    live = explorer.locator('[data-part="live"]')
    expect(live).to_contain_text("Mask.")
    expect(live).to_contain_text("inputs and targets of shape (3, 70)")


@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_in_any_step_and_all_text_is_legible(explorer, fresh, width):
    fresh.set_viewport_size({"width": width, "height": 780})
    open_entries(explorer)
    assert faults_by_step(explorer, fresh, STEPS) == {}


def place_of(explorer):
    return explorer.get_by_role("slider", name="Place in the tensor")


def click_slot(explorer, row, column):
    """Click the map where it has drawn a slot of the targets."""
    frames = explorer.locator(".bm-frame")
    box = frames.nth(frames.count() - 1).bounding_box()
    rows, columns = map(
        int, re.findall(r"\d+", explorer.locator(".bm-label").last.text_content())[:2]
    )
    x = box["x"] + 1.5 + (column + 0.5) * (box["width"] - 3) / columns
    y = box["y"] + 1.5 + (row + 0.5) * (box["height"] - 3) / rows
    explorer.page.mouse.click(x, y)


def test_at_360_pixels_the_map_shows_response_end_token_and_first_pad_of_every_row(fresh, site):
    fresh.set_viewport_size({"width": 360, "height": 780})
    explorer = folded_explorer(fresh, site)
    explorer.get_by_role("tab", name="Ignore").click()
    fresh.evaluate("document.querySelector('batch-explorer').scrollIntoView()")
    drawn = explorer.locator(".bm-picture").bounding_box()
    assert drawn["x"] >= 0
    assert drawn["x"] + drawn["width"] <= 360
    assert drawn["y"] + drawn["height"] <= 780
    told = {(0, 49): "response", (0, 56): "end token", (0, 57): "ignored"}
    told |= {(1, 38): "response", (1, 40): "end token", (1, 41): "ignored"}
    told |= {(2, 51): "response", (2, 69): "end token"}
    for (row, column), role in told.items():
        click_slot(explorer, row, column)
        graded = "not graded" if role == "ignored" else "graded"
        expect(place_of(explorer)).to_have_attribute(
            "aria-valuetext", f"row {row} targets, column {column}: {role}, {graded}"
        )


def test_at_360_pixels_the_cells_open_at_the_chosen_rows_response(fresh, site):
    fresh.set_viewport_size({"width": 360, "height": 780})
    explorer = folded_explorer(fresh, site)
    explorer.get_by_role("tab", name="Mask").click()
    grid = explorer.get_by_role("region", name="Batch, grid").bounding_box()

    def is_seen(at):
        box = explorer.locator(f"td[data-at='{at}']").bounding_box()
        return grid["x"] <= box["x"] and box["x"] + box["width"] <= grid["x"] + grid["width"]

    assert is_seen("0:targets:48")
    assert not is_seen("1:targets:38")
    unfold(explorer)
    explorer.get_by_role("group", name="Entry 2").get_by_role("textbox", name="Output").focus()
    assert is_seen("1:targets:38")
    assert not is_seen("0:targets:52")


def test_at_360_pixels_the_edited_box_and_its_row_are_seen_together(fresh, site):
    fresh.set_viewport_size({"width": 360, "height": 780})
    explorer = folded_explorer(fresh, site)
    explorer.get_by_role("tab", name="Tokenize").click()
    unfold(explorer)
    for row in (0, 1, 2):
        box = explorer.get_by_role("group", name=f"Entry {row + 1}").get_by_label("Output")
        box.scroll_into_view_if_needed()
        box.focus()
        box.press_sequentially(" sun")
        typed = box.bounding_box()
        table = explorer.get_by_role("table", name=f"row {row}").bounding_box()
        assert 0 <= table["y"] < table["y"] + table["height"] <= typed["y"], row
        assert typed["y"] + typed["height"] <= 780, row


def test_on_a_wide_screen_the_entries_stand_beside_the_tensor_out_of_the_texts_column(fresh, site):
    explorer = folded_explorer(fresh, site)
    explorer.get_by_role("tab", name="Pad").click()
    tensor = explorer.get_by_role("tabpanel").bounding_box()
    entry = explorer.get_by_role("group", name="Entry 1").bounding_box()
    assert entry["x"] >= tensor["x"] + tensor["width"]
    assert entry["y"] < tensor["y"] + tensor["height"] / 2
    text = fresh.locator(".bd-article p").first.bounding_box()
    own = explorer.bounding_box()
    assert own["width"] > 1.3 * text["width"]
    assert own["x"] + own["width"] <= 1280
    # No part of the page is beneath it while it is looked at.
    assert fresh.evaluate("document.documentElement.scrollWidth") <= 1280


def test_a_setting_stands_open_at_its_step_and_is_folded_at_the_others(fresh, site):
    explorer = folded_explorer(fresh, site)
    fold = explorer.get_by_role("button", name="Settings")
    steps = {
        "Prompt style": ["Format"],
        "Maximum length": ["Pad"],
        "What is too long": ["Pad"],
        "Mask": ["Mask"],
        "Show": ["Tokenize"],
        "Break it": ["Shift", "Ignore", "Mask"],
    }
    for step in STEPS:
        explorer.get_by_role("tab", name=step).click()
        for label, at in steps.items():
            control = explorer.get_by_label(label, exact=True)
            expect(control).to_be_visible(visible=step in at)
    expect(fold).to_have_attribute("aria-expanded", "false")
    fold.click()
    for label in steps:
        expect(explorer.get_by_label(label, exact=True)).to_be_visible()


def test_the_map_is_one_tab_stop_and_arrow_keys_lead_the_cells(explorer, fresh):
    explorer.get_by_role("tab", name="Mask").click()
    place = place_of(explorer)
    place.focus()
    expect(place).to_have_attribute("aria-valuenow", "48")
    expect(place).to_have_attribute("aria-valuemax", "69")
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight"):
        fresh.keyboard.press(key)
    told = "row 0 targets, column 49: response, graded"
    expect(place).to_have_attribute("aria-valuetext", told)
    expect(explorer.locator("td[data-at='0:targets:49']")).to_have_class(re.compile("be-here"))
    expect(explorer.locator('[data-part="detail"]')).to_contain_text("the model must say")
    fresh.keyboard.press("End")
    expect(place).to_have_attribute("aria-valuenow", "69")
    cell = explorer.locator("td[data-at='0:targets:69']").bounding_box()
    grid = explorer.get_by_role("region", name="Batch, grid").bounding_box()
    assert cell["x"] + cell["width"] <= grid["x"] + grid["width"]
    fresh.keyboard.press("Tab")
    expect(explorer.get_by_label("Column", exact=True)).to_be_focused()


def test_the_columns_number_leads_there_and_follows(explorer):
    explorer.get_by_role("tab", name="Pad").click()
    box = explorer.get_by_label("Column", exact=True)
    box.fill("70")
    expect(place_of(explorer)).to_have_attribute("aria-valuetext", "row 0, column 70: pad")
    expect(explorer.locator("td[data-at='0::70']")).to_have_class(re.compile("be-here"))
    box.fill("71")  # of which there is none
    expect(place_of(explorer)).to_have_attribute("aria-valuenow", "70")
    click_slot(explorer, 2, 70)
    expect(box).to_have_value("70")
    expect(place_of(explorer)).to_have_attribute("aria-valuetext", "row 2, column 70: end token")


def test_the_map_follows_every_key_stroke_and_hides_what_the_reader_is_asked(explorer):
    explorer.get_by_role("tab", name="Pad").click()
    label = explorer.locator(".bm-label").first
    expect(label).to_have_text("block (3, 71): 42 of 213 padding")
    open_entries(explorer).get_by_role("textbox", name="Input").fill("")
    expect(label).to_have_text("block (3, 71): 51 of 213 padding")
    explorer.get_by_role("tab", name="Ignore").click()
    expect(explorer.locator(".bm-label")).to_have_count(2)
    explorer.get_by_role("button", name="Your turn").click()
    expect(explorer.locator(".bm-label")).to_have_count(1)
    expect(label).to_contain_text("inputs (3, 70)")


def test_a_fault_is_outlined_on_the_map(explorer):
    explorer.get_by_role("tab", name="Mask").click()
    expect(explorer.locator(".bm-fault")).to_have_count(0)
    explorer.get_by_label("Break it").select_option(label="end token ignored")
    outlined = explorer.locator(".bm-fault").get_attribute("d")
    assert outlined.count("z") == 3  # one end token a row


def test_all_rows_share_the_widths_of_their_columns(explorer):
    open_entries(explorer)
    for sample in ("Toy batch", "Emoji and scripts", "Ocassion"):
        explorer.get_by_label("Sample").select_option(sample)
        for step in STEPS[1:]:
            explorer.get_by_role("tab", name=step).click()
            edges = explorer.evaluate(
                """(element) => {
                  const edges = {};
                  for (const td of element.querySelectorAll("td[data-at]")) {
                    const { left, right } = td.getBoundingClientRect();
                    const column = td.dataset.at.split(":")[2];
                    (edges[column] ??= new Set()).add(`${left.toFixed(1)} ${right.toFixed(1)}`);
                    if (td.scrollWidth > td.clientWidth + 1) edges[`${column} over`] = { size: 2 };
                  }
                  return Object.entries(edges).filter(([, { size }]) => size > 1).map(([at]) => at);
                }"""
            )
            assert edges == [], (sample, step)


def test_of_a_thousand_columns_every_one_is_reached_and_each_action_is_quick(explorer, fresh):
    entry = open_entries(explorer)
    explorer.get_by_role("tab", name="Pad").click()
    entry.get_by_role("textbox", name="Output").fill(" word" * 1024)
    box = explorer.get_by_label("Column", exact=True)
    expect(explorer.locator(".bm-label").first).to_contain_text("(3, 1074)")
    for column in (600, 1073, 0, 96):
        box.fill(str(column))
        expect(place_of(explorer)).to_have_attribute("aria-valuenow", str(column))
        if column > 24:  # the first are the template's, and folded
            assert explorer.locator(f"td[data-at='0::{column}']").count() == 1
    explorer.get_by_role("button", name="more").last.click()
    expect(explorer.locator("td[data-at]:focus")).to_have_count(1)
    assert explorer.locator("td[data-at]").count() < 3 * 100


def test_the_page_carries_no_request_to_another_host(explorer, fresh):
    asked = []
    fresh.on("request", lambda request: asked.append(request.url))
    complaints = []
    fresh.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    fresh.on("pageerror", lambda error: complaints.append(str(error)))
    for step in STEPS:
        explorer.get_by_role("tab", name=step).click()
    open_entries(explorer).get_by_role("textbox", name="Input").fill("\ufeff\x00\u0085\ud83d")
    fresh.wait_for_timeout(500)
    assert far(asked) == []
    assert complaints == []


def test_the_batches_of_chapter_08_open_by_link(fresh, site):
    fresh.goto((site / "book" / "08_auditing.html").as_uri())
    explorer = fresh.locator("batch-explorer")
    findings = explorer.locator('[data-part="findings"]')
    for title, fault, code in (
        ("Batch 3: labels that", "no_shift", "not-shifted"),
        ("Batch 5: a prompt", "mask_off_by_one", "response-ignored"),
    ):
        fresh.get_by_role("link", name=title).click()
        expect(explorer.get_by_label("Break it")).to_have_value(fault)
        expect(findings).to_contain_text(f"error {code}: Every row")
    explorer.get_by_role("button", name="Mend").click()
    expect(findings).to_be_empty()


def test_work_is_kept_over_a_reload_until_it_is_reset(explorer, fresh):
    entry = open_entries(explorer)
    own = entry.get_by_role("textbox", name="Output").input_value()
    entry.get_by_role("textbox", name="Output").fill("My own answer")
    explorer.get_by_label("Break it").select_option(label="no shift")
    fresh.reload()
    expect(explorer.get_by_text("this browser, and no one else, keeps it")).to_be_visible()
    expect(explorer.get_by_label("Break it")).to_have_value("")
    entry = open_entries(explorer)
    expect(entry.get_by_role("textbox", name="Output")).to_have_value("My own answer")
    explorer.get_by_role("button", name="Reset").click()
    expect(explorer.get_by_text("keeps it")).to_be_hidden()
    fresh.reload()
    expect(open_entries(explorer).get_by_role("textbox", name="Output")).to_have_value(own)
    expect(explorer.get_by_text("keeps it")).to_be_hidden()


def test_on_shift_two_brackets_of_one_width_stand_one_column_apart(explorer):
    open_entries(explorer)
    explorer.get_by_label("Sample").select_option("Toy batch")
    explorer.get_by_role("tab", name="Shift").click()
    table = explorer.get_by_role("table", name="row 0")

    def bracket(name):
        box = table.get_by_role("cell", name=f"{name}: columns").bounding_box()
        return round(box["x"]), round(box["x"] + box["width"])

    def cell(column):
        box = table.locator(f"td[data-at='0:block:{column}']").bounding_box()
        return round(box["x"]), round(box["x"] + box["width"])

    assert bracket("inputs") == (cell(0)[0], cell(4)[1])
    assert bracket("targets") == (cell(1)[0], cell(5)[1])
    explorer.get_by_label("Break it").select_option(label="no shift")
    expect(table.get_by_role("cell", name="targets: columns 0 to 4")).to_be_visible()
    assert bracket("targets") == bracket("inputs")
    table.locator("td[data-at='0:inputs:2']").click()
    expect(table.locator("td[data-at='0:block:2']")).to_have_class(re.compile("be-same"))


def test_the_keyboard_passes_over_the_brackets(explorer, fresh):
    explorer.get_by_role("tab", name="Shift").click()
    explorer.locator("td[data-at='1:block:38']").click()
    fresh.keyboard.press("ArrowDown")
    expect(explorer.locator("td[data-at='1:inputs:38']")).to_be_focused()


def test_on_shift_an_empty_cell_does_not_look_like_its_answer(explorer):
    explorer.get_by_role("tab", name="Shift").click()
    expect(explorer.get_by_role("button", name="Your turn")).to_be_hidden()  # of 210 ids
    expect(explorer.get_by_text("choose the sample Toy batch")).to_be_visible()
    open_entries(explorer)
    explorer.get_by_label("Sample").select_option("Toy batch")
    explorer.get_by_role("button", name="Your turn").click()
    looks = explorer.locator("td:has([data-answer])")
    asked = looks.evaluate_all(
        "cells => cells.map(({dataset, className}) => dataset.role + className)"
    )
    assert set(asked) == {""}
    expect(said(explorer)).to_contain_text("Write under each input the id")


def test_masking_by_hand_a_fold_is_one_choice_and_opens_where_it_is_wrong(explorer):
    explorer.get_by_role("tab", name="Mask").click()
    explorer.get_by_label("Mask", exact=True).select_option("prompt_without_header")
    explorer.get_by_role("button", name="Your turn").click()
    fold = explorer.locator("[data-answer='0:targets:0']")
    expect(fold).to_contain_text("prompt ×")
    fold.click()
    expect(fold).to_have_attribute("aria-pressed", "true")
    # Where another row has its response, nothing is folded: of the prompt, and of the pads.
    for column in (*range(37, 42), *range(57, 70)):
        explorer.locator(f"[data-answer='0:targets:{column}']").click()
    explorer.locator("[data-answer='1:targets:0']").click()
    explorer.get_by_role("button", name="Check").click()
    # Row 1's fold held its header, too, which this mask leaves to be learned.
    outcome = explorer.locator('[data-part="outcome"]')
    expect(outcome).to_contain_text("Row 1, column 31")
    expect(outcome).to_contain_text(
        "should be graded: it belongs to the response header, and this mask"
    )
    marked = explorer.locator("td.be-marked")
    expect(marked).to_have_count(1)
    expect(marked.locator("[data-answer]")).to_be_focused()


def test_a_link_works_again_and_gives_way_to_what_the_reader_does(fresh, site):
    fresh.goto((site / "book" / "08_auditing.html").as_uri())
    explorer = fresh.locator("batch-explorer")
    fault = explorer.get_by_label("Break it")
    link = fresh.get_by_role("link", name="Batch 3: labels that")
    for _ in range(2):
        link.click()
        expect(fault).to_have_value("no_shift")
        expect(explorer.get_by_text("This batch came by a link")).to_be_visible()
        explorer.get_by_role("button", name="Mend").click()
        expect(fault).to_have_value("")
        expect(explorer.get_by_text("This batch came by a link")).to_be_hidden()
    fresh.reload()  # and it stays mended
    expect(fault).to_have_value("")
    link.click()
    expect(fault).to_have_value("no_shift")
    fresh.go_back()  # what was here before the link
    expect(fault).to_have_value("")


def test_what_is_no_list_of_ids_gets_a_sentence_and_the_row_stays(explorer):
    open_entries(explorer)
    explorer.get_by_label("Sample").select_option("Toy batch")
    box = explorer.get_by_role("group", name="Entry 2").get_by_role("textbox", name="Ids")
    explorer.get_by_role("tab", name="Tokenize").click()
    box.fill("5 x 6")
    expect(explorer.get_by_role("alert")).to_contain_text("Entry 2 takes ids, whole numbers from 0")
    expect(said(explorer)).to_have_text("The 3 texts became 5, 2 and 3 token ids.")
    box.fill("5, 6, 7")
    expect(explorer.get_by_role("alert")).to_be_hidden()
    expect(said(explorer)).to_have_text("The 3 texts became 5, 3 and 3 token ids.")


def test_what_was_unfolded_can_be_folded_again(explorer):
    explorer.get_by_role("tab", name="Pad").click()
    folds = explorer.locator(".be-fold")
    before = folds.count()
    expect(explorer.get_by_role("button", name="Fold again")).to_be_hidden()
    folds.first.click()
    explorer.get_by_role("button", name="Fold again").click()
    expect(folds).to_have_count(before)


def test_the_legend_explains_the_signs_the_folds_and_the_outline_of_a_fault(explorer):
    legend = explorer.get_by_role("list", name="What the looks mean")
    explorer.get_by_role("tab", name="Mask").click()
    for meaning in ("␣ a space", "⏎ a line break", "folded; choose to open"):
        expect(legend).to_contain_text(meaning)
    expect(legend).not_to_contain_text("changed by the fault")
    explorer.get_by_label("Break it").select_option(label="end token ignored")
    expect(legend).to_contain_text("changed by the fault")


def test_to_the_toy_batch_a_row_of_ids_is_added(explorer):
    open_entries(explorer)
    explorer.get_by_label("Sample").select_option("Toy batch")
    explorer.get_by_role("button", name="Add an entry").click()
    box = explorer.get_by_role("group", name="Entry 4").get_by_role("textbox", name="Ids")
    box.fill("10 11 12 13 14 15 16")
    explorer.get_by_role("tab", name="Pad").click()
    expect(said(explorer)).to_contain_text("a block of shape (4, 8)")
