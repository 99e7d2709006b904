"""The padding lab: its plans equal Python's, and on a built page it is used as a person does."""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from browser.conftest import HEIGHT, THEMES, WIDTHS, dress, far, resize
from companion.explorer.bundle import _lab
from companion.explorer.lab import MOST, STRATEGIES, PaddingLab, epoch

PAGE = "book/09_bucketing.html"
SOURCE = f"{_lab('lab')}\nexport const {{ epoch, tableOf }} = lab_js;\n"

RANDOM_PLANS = int(os.environ.get("RANDOM_PLANS", "300"))
"""How many random settings are tried; for a look farther afield, RANDOM_PLANS=5000."""

LOAD = """async source => {
  const file = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
  globalThis.made = await import(file);
}"""
PLAN = """asked => JSON.stringify(
  JSON.parse(asked).map(([lengths, state]) => made.epoch(lengths, state)))"""
TABLE = """([lengths, state]) => {
  const table = document.createElement("table");
  table.innerHTML = made.tableOf(made.epoch(lengths, state), state);
  return [...table.querySelectorAll("caption, tr:not(.pl-bar) > *")].map(cell => cell.textContent);
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """Give a page that holds nothing but the module."""
    page = browser.new_page()
    page.evaluate(LOAD, SOURCE)
    yield page
    page.close()


def random_case(dice: Random) -> tuple[list[int], dict[str, Any]]:
    """Give random lengths and settings, small ones and odd ones often."""
    texts = dice.choice([1, 2, 9, 40, 120, 500])
    longest = dice.choice([0, 1, 7, 60, 900])
    lengths = [1 + int(longest * dice.random() ** dice.choice([1, 4])) for _ in range(texts)]
    state = {
        "strategy": dice.choice(STRATEGIES),
        "batch_size": dice.choice([1, 2, 3, 5, 8, 64, texts, texts + 1, dice.randint(1, 99), MOST]),
        "max_length": dice.choice([None, 1, 2, 50, 128, 2048, dice.randint(1, 999), MOST]),
    }
    if dice.random() < 0.05:  # several pools
        return lengths * 4, {**state, "batch_size": dice.randint(1, 3)}
    return lengths, state


def test_the_browser_plans_what_python_plans(page):
    cases = [random_case(Random(f"lab {number}")) for number in range(RANDOM_PLANS)]
    planned = json.loads(page.evaluate(PLAN, json.dumps(cases)))
    for (lengths, state), found in zip(cases, planned, strict=True):
        expected = json.loads(json.dumps(epoch(lengths, **state)))
        assert found == expected, (len(lengths), state)


def test_the_browser_writes_the_table_that_the_notebook_stores(page):
    lab = PaddingLab(batch_size=64, max_length=1024)
    state = {"strategy": "packed", "batch_size": 64, "max_length": 1024}
    found = page.evaluate(TABLE, [lab.shuffled, state])
    page.set_content(lab.html())
    assert found == page.locator("caption, tr > *").all_text_contents()
    assert len(found) == 1 + 6 * 5


# On a page -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chapter(browser: Browser, site: Path) -> Iterator[Page]:
    """Open the chapter by double click, once."""
    page = browser.new_page(viewport={"width": WIDTHS[0], "height": HEIGHT})
    page.goto((site / PAGE).as_uri())
    yield page
    page.close()


@pytest.fixture
def lab(chapter: Page) -> Locator:
    """Give the chapter's lab, with the settings that it began with."""
    lab = chapter.get_by_role("group", name="Padding lab")
    lab.get_by_label("Strategy").select_option("dynamic")
    lab.get_by_label("Batch size").fill("8")
    lab.get_by_label("Maximum length").fill("")
    lab.get_by_label("Step", exact=True).fill("1")
    return lab


def tally(lab):
    return lab.get_by_role("status")


def figures(lab, strategy):
    """Give a strategy's padding, steps, slots and attention, as the table has them."""
    row = lab.get_by_role("row").filter(has=lab.page.get_by_role("rowheader", name=strategy))
    return row.get_by_role("cell").all_text_contents()


def test_a_choice_changes_the_tally_the_table_and_the_picture(lab):
    picture = lab.get_by_role("img", name="batches one under another")
    before = picture.get_attribute("aria-label")
    tall = picture.bounding_box()["height"]
    lab.get_by_label("Strategy").select_option("packed")
    lab.get_by_label("Batch size").fill("64")
    lab.get_by_label("Maximum length").fill("1024")
    known = PaddingLab(strategy="packed", batch_size=64, max_length=1024)
    expect(tally(lab)).to_contain_text(f"{known.steps} steps, {known.padding_share:.1%} padding.")
    expect(tally(lab)).to_contain_text(f"{known.relative_cost:.2f} times those of dynamic padding.")
    for row in known.drawn["rows"]:
        shown = [f"{row['padding_share']:.1%}", f"{row['steps']}", f"{row['cost']:.2f}"]
        assert figures(lab, row["strategy"])[:3] == shown
    assert picture.get_attribute("aria-label") != before
    # Fewer rows, drawn to the same scale, are less of a picture.
    assert picture.bounding_box()["height"] < tall / 3


@pytest.mark.parametrize(
    ("strategy", "max_length"), [*((name, None) for name in STRATEGIES), ("packed", 2048)]
)
def test_every_strategy_draws_its_slots_to_one_scale(lab, strategy, max_length):
    lab.get_by_label("Strategy").select_option(strategy)
    lab.get_by_label("Maximum length").fill(str(max_length or ""))
    assert lab.locator("[aria-current] th").text_content() == strategy
    # The area of the path is the number of slots, at one scale for all strategies.
    area = lab.locator(".pl-epoch .pl-slots").evaluate(
        """path => {
          const numbers = path.getAttribute("d").match(/M0 [^z]*/g).map(d => d.match(/[\\d.]+/g));
          return numbers.reduce((all, [, top, right, end]) => all + right * (end - top), 0);
        }"""
    )
    scale = lab.locator(".pl-epoch").evaluate("box => box.clientWidth / 597 * 440 / 1116")
    known = PaddingLab(strategy=strategy, max_length=max_length)
    assert area / scale == pytest.approx(known.drawn["plan"]["slots"], rel=0.01)
    assert figures(lab, strategy)[0] == f"{known.padding_share:.1%}"


def test_the_keyboard_alone_walks_through_the_epoch(lab, chapter):
    lab.get_by_label("Strategy").focus()
    chapter.keyboard.press("ArrowDown")
    expect(tally(lab)).to_contain_text("2.4% padding")
    for name in ("Batch size", "Maximum length", "Step"):
        chapter.keyboard.press("Tab")
        expect(lab.get_by_label(name, exact=True)).to_be_focused()
    slider = lab.get_by_role("slider", name="Step")
    chapter.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext").startswith("Step 2 of 140: 8 rows, ")
    expect(lab.get_by_text("Step 2 of 140")).to_be_visible()
    chapter.keyboard.press("End")
    width, rows = PaddingLab(strategy="bucketed").drawn["plan"]["batches"][-1]
    said = f"Step 140 of 140: {len(rows)} rows, {width} slots wide"
    expect(lab.get_by_text(said)).to_be_visible()


def test_pointing_at_a_batch_says_what_it_holds(lab):
    picture = lab.get_by_role("img", name="batches one under another")
    tall = picture.bounding_box()["height"]
    picture.hover(position={"x": 50, "y": tall - 1})
    expect(lab.get_by_text("Step 140 of 140: 4 rows")).to_be_visible()
    picture.hover(position={"x": 50, "y": 220})
    expect(lab.get_by_text("Step 70 of 140")).to_be_visible()


@pytest.mark.parametrize(
    ("label", "right", "wrong"),
    [
        ("Batch size", "8", ("0", "-3", "1e9", "2.5", "-", "")),
        ("Maximum length", "", ("0", "-3", "1e9", "2.5", "-")),
    ],
)
def test_what_is_no_number_gets_a_sentence_and_all_else_goes_on(lab, label, right, wrong):
    box, alert, before = (
        lab.get_by_label(label),
        lab.get_by_role("alert"),
        tally(lab).text_content(),
    )
    for typed in wrong:
        box.fill(right)
        expect(alert).to_be_hidden()
        box.fill("") if typed == "" else (box.clear(), box.press_sequentially(typed))
        expect(alert).to_contain_text(f"The {label.lower()} is a whole number from 1 to 1,000,000")
        expect(box).to_have_attribute("aria-invalid", "true")
    box.fill(right)
    assert tally(lab).text_content() == before
    lab.get_by_label("Strategy").select_option("static")
    expect(alert).to_be_hidden()
    expect(tally(lab)).to_contain_text("86.4% padding")


def test_a_batch_as_large_as_the_set_and_one_row_a_batch_are_drawn(lab):
    size = lab.get_by_label("Batch size")
    size.fill("1000000")
    expect(tally(lab)).to_contain_text("1 step, 86.4% padding")
    size.fill("1")
    expect(tally(lab)).to_contain_text("1,116 steps, 0.0% padding")
    lab.get_by_label("Maximum length").fill("1")
    expect(tally(lab)).to_contain_text("1,116 texts are cut and lose their end token")


def test_an_epoch_is_planned_and_drawn_in_less_than_50_milliseconds(lab):
    taken = lab.evaluate(
        """lab => {
          const [strategy, box] = lab.querySelectorAll("select, input[type=number]");
          const taken = (value, size) => {
            strategy.value = value;
            box.value = size;
            const start = performance.now();
            box.dispatchEvent(new Event("input", {bubbles: true}));
            lab.getBoundingClientRect();
            return performance.now() - start;
          };
          const names = [...strategy.options].map(option => option.value);
          const all = ["1", "8", "64"].flatMap(size => names.map(name => taken(name, size)));
          return all.sort((a, b) => a - b);
        }"""
    )
    assert len(taken) == 15
    assert taken[7] < 50, taken


def test_over_http_it_is_the_same_and_asks_no_other_host(fresh, served):
    asked, complaints = [], []
    fresh.on("request", lambda request: asked.append(request.url))
    fresh.on("pageerror", lambda error: complaints.append(str(error)))
    fresh.goto(f"{served}/{PAGE}")
    lab = fresh.get_by_role("group", name="Padding lab")
    lab.get_by_label("Batch size").fill("8")
    lab.get_by_label("Strategy").select_option("sorted")
    expect(tally(lab)).to_contain_text("6.0% padding")
    assert far(asked) == []
    assert complaints == []


def test_a_link_opens_the_lab_as_it_was_and_reset_gives_it_back(lab, fresh):
    lab.get_by_label("Strategy").select_option("packed")
    lab.get_by_label("Batch size").fill("64")
    lab.get_by_role("button", name="Copy link").click()
    box = lab.get_by_label("To copy")
    expect(lab.get_by_text("The link is")).to_be_visible()
    fresh.goto(box.input_value())
    other = fresh.get_by_role("group", name="Padding lab")
    expect(other.get_by_label("Strategy")).to_have_value("packed")
    expect(tally(other)).to_contain_text("3 steps, 1.9% padding")
    expect(other).to_be_in_viewport()
    other.get_by_label("Batch size").fill("0")
    other.get_by_role("button", name="Reset").click()
    first = PaddingLab(batch_size=2)  # as the chapter has it
    expect(tally(other)).to_contain_text(f"{first.steps} steps, {first.padding_share:.1%} padding")
    expect(other.get_by_role("alert")).to_be_hidden()
    expect(other.get_by_label("Batch size")).not_to_have_attribute("aria-invalid", "true")
    fresh.evaluate("location.hash = '#lab=padding-lab-1.packed.none'")
    expect(other.get_by_role("alert")).to_contain_text("is damaged")
    expect(tally(other)).to_contain_text(f"{first.steps} steps, {first.padding_share:.1%} padding")


def test_axe_finds_nothing_while_there_is_a_complaint(lab, chapter):
    lab.get_by_label("Batch size").fill("0")  # every page as it opens is in test_pages.py
    for width, theme in zip(WIDTHS, THEMES, strict=True):
        resize(chapter, width)
        dress(chapter, theme)
        assert chapter.evaluate("document.documentElement.scrollWidth") <= width
        assert lab.evaluate("box => box.scrollWidth <= box.clientWidth")
        answer = Axe().run(chapter, context="padding-lab", options={"preload": False}).response
        assert [violation["id"] for violation in answer["violations"]] == [], (theme, width)
    dress(chapter, THEMES[0])
    resize(chapter, WIDTHS[0])


def test_on_paper_the_picture_and_the_table_stay(lab, chapter):
    chapter.emulate_media(media="print")
    expect(lab.get_by_label("Strategy")).to_be_hidden()
    expect(lab.get_by_role("img", name="batches one under another")).to_be_visible()
    expect(lab.get_by_role("table")).to_be_visible()
    chapter.emulate_media(media="screen")


def test_without_scripts_the_table_is_there_to_read(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / PAGE).as_uri())
    table = page.locator("padding-lab").get_by_role("table", name="An epoch of 1,116 texts")
    expect(table).to_be_visible()
    expect(table.get_by_role("row")).to_have_count(6)
    context.close()


def test_it_is_light_and_only_where_it_is_needed(site):
    own = ("explorer.js", "page.js", "explorer.css", "batch-table.css", "lab.js", "lab.css")
    weights = [len(gzip.compress((site / "_static" / name).read_bytes(), mtime=0)) for name in own]
    # The explorer grew by what conversations need; a page with a lab has some thousand bytes more.
    assert sum(weights) < 43_000, dict(zip(own, weights, strict=True))
    having = [
        path.name for path in site.glob("book/*.html") if "/lab.js" in path.read_text("utf-8")
    ]
    assert having == [Path(PAGE).name]
