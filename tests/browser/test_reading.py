"""What a reader does on the pages, by hand, by keyboard, without scripts, and on paper."""

import json
import re

import pytest
from playwright.sync_api import expect

from browser.conftest import CHAPTER, FRONT, HEIGHT, WIDTHS, resize

STEPS = ("Format", "Tokenize", "Pad", "Shift", "Ignore", "Mask")
PRINTED_WIDTH = 673  # CSS pixels between the margins of an A4 sheet


def grid(page):
    """Give the region that holds the tables of the explorer's step."""
    return page.get_by_role("region", name="Batch, grid")


def choose(page, step):
    """Click the tab of a step."""
    tab = page.get_by_role("tab", name=step)
    tab.click()
    expect(tab).to_have_attribute("aria-selected", "true")


@pytest.fixture
def front(visit):
    """Give the first page of the book, wide, at its first step."""
    page = visit(FRONT).page
    page.emulate_media(media="screen")
    resize(page, WIDTHS[0])
    choose(page, "Format")
    return page


@pytest.fixture
def chapter(visit):
    """Give a chapter, wide."""
    page = visit(CHAPTER).page
    page.emulate_media(media="screen")
    resize(page, WIDTHS[0])
    return page


@pytest.mark.parametrize("step", STEPS[2:])
def test_a_phone_shows_the_whole_map_and_the_cells_where_the_response_begins(front, step):
    resize(front, 360)
    choose(front, step)
    # On the map all of every row is seen; its words say what a picture cannot to everybody.
    chart = front.get_by_role("slider", name="Place in the tensor").bounding_box()
    assert chart["x"] >= 0
    assert chart["x"] + chart["width"] <= 360
    # The cells below open where the chosen row is answered.
    region = grid(front)
    edge = region.bounding_box()
    row = region.get_by_role("row").filter(has_text="row 0").last  # from step 4, its targets
    box = row.get_by_role("cell", name=re.compile("^The")).first.bounding_box()
    assert box["x"] >= edge["x"]
    assert box["x"] + box["width"] <= edge["x"] + edge["width"] + 0.5


def test_a_table_scrolls_with_arrow_keys_and_its_row_names_stay(front):
    resize(front, 360)
    choose(front, "Shift")
    region = grid(front)
    name = region.get_by_role("rowheader", name="row 0 inputs")
    before = name.bounding_box()["x"]
    assert region.get_attribute("tabindex") == "0"  # not every browser focuses what scrolls
    region.focus()
    for _ in range(5):
        front.keyboard.press("ArrowRight")
    front.wait_for_function("region => region.scrollLeft > 50", arg=region.element_handle())
    assert name.bounding_box()["x"] == pytest.approx(before, abs=3)
    outline = region.evaluate("region => getComputedStyle(region).outlineStyle")
    assert outline == "solid"


def test_a_cell_is_read_aloud_with_its_role(front):
    choose(front, "Mask")
    region = grid(front)
    targets = region.get_by_role("row", name=re.compile("^row 1 targets"))
    assert "end 50256, end token" in targets.text_content().replace("end50256", "end 50256")
    assert "pad-100, ignored" in targets.text_content()
    signs = region.get_by_role("img", name="space")
    assert signs.first.text_content() == "␣"


def test_roles_are_told_apart_without_colour(front):
    choose(front, "Mask")
    edges = front.evaluate(
        "[...document.querySelectorAll('.be .bt-legend i')].map(key => {"
        "const style = getComputedStyle(key);"
        "return `${style.borderWidth} ${style.borderStyle}`})"
    )
    assert len(edges) == 8
    assert len(set(edges)) == len(edges)


def test_without_scripts_the_batch_is_read_and_answers_open_all_the_same(browser, served):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{served}/{FRONT}")
        table = page.get_by_role("region", name="Step 6, mask, table")
        expect(table).to_be_visible()
        expect(table).to_contain_text("Occ")
        expect(page.get_by_role("listitem").filter(has_text="Ignore. ")).to_be_visible()
        page.goto(f"{served}/{CHAPTER}")
        output = page.get_by_text("expected sequence of length")
        expect(output).to_be_hidden()
        page.locator("summary", has_text="Open the output").first.click()
        expect(output).to_be_visible()


def test_an_output_is_revealed_by_keyboard(chapter):
    output = chapter.get_by_text("expected sequence of length")
    expect(output).to_be_hidden()
    summary = chapter.locator("summary", has_text="Open the output").first
    summary.focus()
    chapter.keyboard.press("Enter")
    expect(output).to_be_visible()
    summary = chapter.locator("summary", has_text="Close the output").first
    summary.focus()
    chapter.keyboard.press("Enter")
    expect(output).to_be_hidden()


def test_a_quiz_answers_each_choice_by_a_word_and_a_sign(chapter):
    question = chapter.locator(".quiz").first
    choices = question.get_by_role("group").all()
    assert len(choices) >= 3
    signs = {"right": "✓ right", "wrong": "✗ not this", "almost": "≈ not quite"}
    for choice in choices:
        choice.locator("summary").click()
        expect(choice.get_by_text(re.compile(r"^(Yes|No|Not quite)")).first).to_be_visible()
        expect(choice.locator(".quiz-sign")).to_contain_text(
            signs[choice.get_attribute("data-verdict")]
        )
        choice.locator("summary").click()


def test_a_quiz_counts_what_was_right_at_once_and_what_later(fresh, served):
    fresh.goto(f"{served}/{CHAPTER}")
    score = fresh.locator(".quiz-score")
    expect(score).to_have_text("")
    questions = fresh.locator(".quiz").all()

    def choose(at, verdict):
        questions[at].locator(f'[data-verdict="{verdict}"] > summary').first.click()

    choose(0, "right")
    expect(score).to_have_text(f"1 of {len(questions)} right, 1 of them at once.")
    choose(1, "wrong")
    expect(score).to_have_text(f"1 of {len(questions)} right, 1 of them at once.")
    choose(1, "right")
    expect(score).to_have_text(f"2 of {len(questions)} right, 1 of them at once.")
    fresh.reload()
    expect(score).to_have_text(f"2 of {len(questions)} right, 1 of them at once.")
    fresh.evaluate("localStorage['inside-the-batch:quiz:03_padding'] = '{\"x\": 1}'")
    fresh.reload()
    expect(score).to_have_text("")


def test_code_can_be_copied(chapter):
    chapter.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chapter.get_by_role("button", name="Copy").first.click()
    copied = chapter.evaluate("navigator.clipboard.readText()")
    first = chapter.locator("div.highlight pre:visible").first.inner_text()
    assert copied.split() == first.split() != []


def test_the_notebook_can_be_downloaded(chapter):
    chapter.get_by_role("button", name="Download this page").click()
    with chapter.expect_download() as download:
        chapter.get_by_role("link", name=".ipynb").click()
    notebook = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    assert any(cell["cell_type"] == "code" for cell in notebook["cells"])


def test_the_launch_buttons_name_this_repository(chapter):
    addresses = chapter.evaluate(
        "[...document.querySelectorAll('.dropdown-launch-buttons a')].map(link => link.href)"
    )
    repository = "inside-the-batch/inside-the-batch"
    assert any(f"colab.research.google.com/github/{repository}" in link for link in addresses)
    assert any("mybinder.org" in link and repository in link for link in addresses)


def test_search_finds_the_chapter_with_a_snippet(opened, served):
    page = opened(f"{served}/search.html?q=padding+share").page
    results = page.locator("#search-results").get_by_role("link", name=re.compile("Pad: rows"))
    expect(results).not_to_have_count(0)
    expect(page.locator("#search-results .context").first).to_be_visible()


def test_on_paper_everything_is_open_and_nothing_is_cut_off(visit, name):
    page = visit(name).page
    folded = page.locator("article details:not([open])").count()
    page.evaluate(
        "addEventListener('beforeprint', () => {"
        "window.openWhilePrinting = document.querySelectorAll('article details[open]').length})"
    )
    if name in (FRONT, CHAPTER):  # a real print, once with an explorer and once with answers
        assert len(page.pdf(prefer_css_page_size=True)) > 10_000
    else:
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("window.openWhilePrinting") >= folded
    assert page.locator("article details:not([open])").count() == folded

    page.emulate_media(media="print")
    page.set_viewport_size({"width": PRINTED_WIDTH, "height": HEIGHT})
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    cut = page.evaluate(
        """width => [...document.querySelectorAll("article *")].filter((element) => {
          const box = element.getBoundingClientRect();
          if (box.width < 2 || element.closest(".bt-spoken")) return false;
          const hides = getComputedStyle(element).overflowX !== "visible";
          return box.right > width + 1 || (hides && element.scrollWidth > element.clientWidth + 1);
        }).map((element) => element.outerHTML.slice(0, 120))""",
        PRINTED_WIDTH,
    )
    shown = page.locator("#pst-primary-sidebar, .bd-sidebar-secondary, .bd-header-article")
    visible = [part.is_visible() for part in shown.all()]
    tables = [table.is_visible() for table in page.locator(".batch-table").all()]
    title = page.get_by_role("heading", level=1).is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    resize(page, WIDTHS[0])
    assert cut == []
    assert not any(visible)
    assert all(tables)
    assert title
