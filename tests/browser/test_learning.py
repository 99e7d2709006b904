"""The reader's own work in a page: what is marked, handed in, saved and forgotten."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import CHAPTER, unfold
from companion.handing import Quizzed, Work, find_lines, read_line
from companion.owning import CHAPTER as OWN
from companion.owning import TASKS, OwnBatch

NAME = "Zo\xeb van den Berg"
KEPT = {
    "solved:block_shape": "1",
    "quiz:00_start_here": '["once","later","once"]',
    "solved:grid_shape": "1",
    "solved:must_say": "1",
    "solved:mean_surprise": "1",
}


def line_of(page: Page) -> Work:
    """Read the line that a page gives."""
    return read_line(page.get_by_label("Your line to hand in").input_value())


def keep(page: Page, kept: dict[str, str]) -> None:
    """Keep something in the browser, and open the page anew."""
    for key, value in kept.items():
        page.evaluate("pair => localStorage.setItem(...pair)", [f"inside-the-batch:{key}", value])
    page.reload()


def test_what_is_done_in_a_chapter_is_in_its_line_at_once(fresh, site):
    fresh.goto((site / CHAPTER).as_uri())  # by double click
    expect(fresh.get_by_role("button", name="Copy the line")).to_be_disabled()
    fresh.get_by_label("Your name").fill(NAME)
    assert line_of(fresh) == Work(NAME, "padding", (), 5, (), Quizzed(0, 0, 4))
    fresh.locator('.quiz [data-verdict="right"] > summary').first.click()
    explorer = fresh.locator("batch-explorer").first
    unfold(explorer)
    explorer.get_by_label("Sample").select_option("Toy batch")
    explorer.get_by_role("tab", name="Ignore").click()
    explorer.get_by_role("button", name="Your turn").click()
    for place in ("1:targets:2", "1:targets:3", "1:targets:4", "2:targets:3", "2:targets:4"):
        explorer.locator(f"[data-answer='{place}']").click()
    explorer.get_by_role("button", name="Check").click()
    fresh.evaluate(
        """() => {
          localStorage["inside-the-batch:solved:pad_left"] = "1";
          document.dispatchEvent(new CustomEvent("answer-checked", {detail: {right: true}}));
        }"""
    )
    done = fresh.locator(".learn-done")
    expect(done).to_contain_text("1 of 5 exercises solved; 1 of 4 questions")
    expect(done).to_contain_text("your turn taken at ignore")
    work = Work(NAME, "padding", (4,), 5, ("ignore",), Quizzed(1, 1, 4))
    assert line_of(fresh) == work
    fresh.reload()
    assert line_of(fresh) == work
    fresh.context.grant_permissions(["clipboard-read", "clipboard-write"])
    fresh.get_by_role("button", name="Copy the line").click()
    assert read_line(fresh.evaluate("navigator.clipboard.readText()")) == work


def test_a_name_that_is_none_is_told_and_gives_no_line(fresh, served):
    fresh.goto(f"{served}/{CHAPTER}")
    fresh.get_by_label("Your name").fill("x" * 61)
    expect(fresh.locator(".learn-said")).to_contain_text("A name has at most 60 signs; found 61")
    assert fresh.get_by_label("Your line to hand in").input_value() == ""


def test_the_paths_show_what_is_done_and_lead_on(fresh, site):
    fresh.goto((site / "book/path.html").as_uri())
    keep(fresh, KEPT)
    first, second = fresh.locator(".path li").nth(0), fresh.locator(".path li").nth(3)
    expect(first).to_contain_text("\u2713 done")
    expect(second).to_contain_text("\u25d0 begun")
    learner = fresh.locator(".path").first
    expect(learner.locator(".path-next")).to_have_text("Next: 1. Format: an entry becomes one text")
    rows = fresh.locator(".progress-table tr")
    assert [cell.strip() for cell in rows.nth(1).locator("td").all_inner_texts()] == [
        "3 of 3", "3 of 3", "",
    ]  # fmt: skip
    fresh.get_by_role("radio", name="This is my path: You want to understand it").check()
    fresh.goto((site / "book/00_start_here.html").as_uri())
    expect(fresh.locator("#your-work")).to_contain_text("Next on your path: 1. Format")


def test_progress_goes_to_a_file_and_back_and_can_be_forgotten(fresh, served, tmp_path):
    fresh.goto(f"{served}/book/path.html")
    keep(fresh, KEPT)
    with fresh.expect_download() as loaded:
        fresh.get_by_role("button", name="Save to a file").click()
    file = tmp_path / "saved.json"
    loaded.value.save_as(file)
    assert json.loads(Path(file).read_text())["kept"] == KEPT
    fresh.get_by_role("button", name="Forget everything").click()
    expect(fresh.locator(".path-done").first).to_have_text(
        "\u2713 done"
    )  # not without a second word
    fresh.get_by_role("button", name="Yes, forget it").click()
    expect(fresh.locator(".path-done").first).to_have_text("")
    assert (
        fresh.evaluate("Object.keys(localStorage).filter(k => k.startsWith('inside-the-batch:'))")
        == []
    )
    choose = fresh.get_by_label("Read a file that was saved here")
    choose.set_input_files(file)
    said = fresh.locator(".progress-of .learn-said")
    expect(said).to_have_text("The file is read: 5 of what it holds was new here.")
    expect(fresh.locator(".path-done").first).to_have_text("\u2713 done")
    file.write_text("{}")
    choose.set_input_files(file)
    expect(said).to_have_text("This is no file that was saved here.")


def test_a_line_that_was_sent_is_read_on_the_page(fresh, served):
    fresh.goto(f"{served}/book/path.html")
    (line,) = OwnBatch(NAME).hand_in()
    box, said = fresh.get_by_label("A line to hand in"), fresh.locator(".line-of .learn-said")
    box.fill(line.replace(" | ", "\n> | "))
    expect(said).to_have_text(f"\u2713 The line is whole: {NAME}, own_batch.")
    box.fill(line[:-2])
    expect(said).to_contain_text("\u2717 The line is cut off after")


@pytest.fixture
def own_page(fresh, site) -> Page:
    fresh.goto((site / "book/own_batch.html").as_uri())
    return fresh


def test_a_name_draws_its_batch_and_every_answer_is_checked_by_keyboard(own_page):
    own = OwnBatch(NAME)
    name = own_page.get_by_label("Your name")
    name.fill(NAME.upper())
    name.press("Tab")
    cells = own_page.locator(".own-batch .batch-table").first.locator("td")
    ids = [str(id) for row in own.rows for id in row.ids]
    assert [text.split(",")[0] for text in cells.all_text_contents()] == ids
    for number, task in enumerate(own.tasks, 1):
        assert own_page.locator(".own-batch li > p").nth(number - 1).inner_text() == task.question
        box = own_page.get_by_label(f"Answer {number}, as")
        said = own_page.locator(f"#own-{number}-said")
        box.fill("7777")
        box.press("Enter")
        expect(said).to_have_text(f"\u2192 Task {number}, {task.step}: not yet. {task.hint}")
        box.fill(", ".join(map(str, task.answer)))
        box.press("Enter")
        expect(said).to_have_text(f"\u2713 Task {number}, {task.step}: right.")
    whole = Work(NAME.upper(), OWN, tuple(range(1, TASKS + 1)), TASKS)
    assert line_of(own_page) == whole
    expect(own_page.locator("batch-explorer")).to_contain_text(f"({len(own.rows)}, ")
    own_page.get_by_label("And why?").fill("Its response, and the end. ")
    own_page.reload()
    assert line_of(own_page) == whole
    own_page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    own_page.get_by_role("button", name="Copy the line").click()
    copied = own_page.evaluate("navigator.clipboard.readText()")
    assert read_line(find_lines(copied)[0]) == whole
    assert copied.endswith("\nIts response, and the end.")
    name.fill("Bo")
    name.press("Tab")
    assert line_of(own_page) == Work("Bo", OWN, (), TASKS)


def test_nonsense_in_the_storage_harms_no_page(fresh, served):
    fresh.goto(f"{served}/book/path.html")
    names = [
        "name",
        "path",
        "quiz:03_padding",
        "turn:padding:shift",
        "own:bo",
        "solved:block_shape",
    ]
    for value in ("{", "\u202e|<img src=x onerror=alert(1)>"):
        keep(fresh, dict.fromkeys(names, value))
        for page in ("book/path.html", CHAPTER, "book/own_batch.html"):
            errors: list[str] = []
            fresh.on("pageerror", lambda error, kept=errors: kept.append(str(error)))
            fresh.goto(f"{served}/{page}")
            fresh.wait_for_timeout(50)
            assert errors == []
        assert fresh.locator("img[src='x']").count() == 0
