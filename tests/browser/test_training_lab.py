"""The training lab on a built page: it is used as a person does, by double click and over http."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from browser.conftest import HEIGHT, THEMES, WIDTHS, dress, far, resize
from companion.explorer.training_lab import TrainingLab

PAGE = "book/14_training.html"
FIRST = "end token ignored"  # as the chapter has it
LAB = TrainingLab(FIRST)


@pytest.fixture(scope="module")
def chapter(browser: Browser, site: Path) -> Iterator[Page]:
    """Open the chapter by double click, once."""
    page = browser.new_page(viewport={"width": WIDTHS[0], "height": HEIGHT})
    page.goto((site / PAGE).as_uri())
    yield page
    page.close()


@pytest.fixture
def lab(chapter: Page) -> Locator:
    """Give the chapter's lab, with the choice that it began with."""
    lab = chapter.get_by_role("group", name="Training lab")
    lab.get_by_label("Leave out").select_option(FIRST)
    return lab


def share(figure: list[float]) -> str:
    return f"{100 * figure[0]:.1f}%"


def test_every_choice_is_shown_beside_the_right_run_of_its_layout(lab):
    box = lab.get_by_label("Leave out")
    assert box.locator("option").all_text_contents() == list(LAB.ways)
    for name, way in LAB.ways.items():
        box.select_option(name)
        expect(lab.locator('[data-part="said"]')).to_have_text(way["said"])
        exact = way["figures"]["exact answers"]
        expect(lab.get_by_role("status").first).to_contain_text(f"{share(exact)} of the answers")
        row = lab.get_by_role("row").filter(
            has=lab.page.get_by_role("rowheader", name="exact answers", exact=True)
        )
        twins = [LAB.ways[way["twin"]]] if way["twin"] else []
        shown = row.get_by_role("cell").all_text_contents()
        expected = [share(one["figures"]["exact answers"]) for one in (way, *twins)]
        assert [cell.split()[0] for cell in shown] == expected, name
        assert lab.locator('[data-part="curve"] .tl-line').count() == len(expected), name
        expect(lab.locator(".pl-legend li:visible")).to_have_count(len(expected))
        codes = lab.locator(".tl-said code").all_text_contents()
        answers = zip(*(one["answers"] for one in (way, *twins)), strict=True)
        assert codes == [one[2] for line in answers for one in line], name


def test_the_keyboard_alone_changes_the_choice(lab, chapter):
    box = lab.get_by_label("Leave out")
    box.focus()
    chapter.keyboard.press("ArrowDown")
    names = list(LAB.ways)
    after = names[names.index(FIRST) + 1]
    expect(box).to_have_value(after)
    expect(lab.locator('[data-part="own"]')).to_have_text(after)
    chapter.keyboard.press("Tab")
    expect(lab.get_by_role("button", name="Copy link")).to_be_focused()


def test_a_link_opens_the_choice_and_a_damaged_one_is_told(lab, fresh):
    lab.get_by_label("Leave out").select_option("no shift")
    lab.get_by_role("button", name="Copy link").click()
    expect(lab.get_by_text("The link is")).to_be_visible()
    fresh.goto(lab.get_by_label("To copy").input_value())
    other = fresh.get_by_role("group", name="Training lab")
    box = other.get_by_label("Leave out")
    expect(box).to_have_value("no shift")
    expect(other).to_be_in_viewport()
    other.get_by_role("button", name="Reset").click()
    expect(box).to_have_value(FIRST)
    for damaged in ("nothing", "__proto__", "<img src=x onerror=window.owned=1>"):
        fresh.evaluate("hash => { location.hash = hash; }", f"training=training-lab-1.{damaged}")
        expect(other.get_by_role("alert")).to_contain_text("is damaged")
        expect(box).to_have_value(FIRST)
        box.select_option("right")
        expect(other.get_by_role("alert")).to_be_hidden()
        box.select_option(FIRST)
    assert fresh.evaluate("window.owned") is None


def test_over_http_it_is_the_same_and_asks_no_other_host(fresh, served):
    asked, complaints = [], []
    fresh.on("request", lambda request: asked.append(request.url))
    fresh.on("pageerror", lambda error: complaints.append(str(error)))
    fresh.goto(f"{served}/{PAGE}")
    lab = fresh.get_by_role("group", name="Training lab")
    lab.get_by_label("Leave out").select_option("shifted twice")
    expect(lab.locator('[data-part="said"]')).to_contain_text("the token after the next")
    assert far(asked) == []
    assert complaints == []


def test_axe_finds_nothing_and_nothing_is_wider_than_the_page(lab, chapter):
    lab.get_by_label("Leave out").select_option("left padding, no mask, no positions")
    chapter.evaluate("location.hash = '#training=training-lab-1.nothing'")
    expect(lab.get_by_role("alert")).to_be_visible()
    for width in WIDTHS:
        resize(chapter, width)
        for theme in THEMES:
            dress(chapter, theme)
            assert chapter.evaluate("document.documentElement.scrollWidth") <= width
            assert lab.evaluate("box => box.scrollWidth <= box.clientWidth")
            answer = Axe().run(chapter, context="training-lab", options={"preload": False}).response
            assert [violation["id"] for violation in answer["violations"]] == [], (theme, width)
    dress(chapter, THEMES[0])
    resize(chapter, WIDTHS[0])


def test_on_paper_the_curve_and_the_tables_stay(lab, chapter):
    chapter.emulate_media(media="print")
    expect(lab.get_by_label("Leave out")).to_be_hidden()
    expect(lab.get_by_role("img", name="The printed loss by updates")).to_be_visible()
    expect(lab.get_by_role("table")).to_have_count(2)
    chapter.emulate_media(media="screen")


def test_without_scripts_the_table_is_there_to_read(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / PAGE).as_uri())
    table = page.locator("training-lab").get_by_role("table", name="What was left out")
    expect(table).to_be_visible()
    expect(table.get_by_role("row")).to_have_count(1 + len(LAB.ways))
    context.close()


def test_it_is_light_and_only_where_it_is_needed(site):
    own = ("explorer.js", "page.js", "explorer.css", "batch-table.css")
    own += ("lab.css", "training_lab.js", "training_lab.css")
    weights = [len(gzip.compress((site / "_static" / name).read_bytes(), mtime=0)) for name in own]
    # The explorer grew by what conversations need; a page with a lab has a thousand bytes more.
    assert sum(weights) < 41_000, dict(zip(own, weights, strict=True))
    pages = site.glob("book/*.html")
    having = [path.name for path in pages if "/training_lab.js" in path.read_text("utf-8")]
    assert having == [Path(PAGE).name]


def test_no_plain_widget_is_left_on_the_page(site):
    assert "VBox(children" not in (site / PAGE).read_text("utf-8")
