"""The marking page, by double click: whose notebook is right, and what scores without an answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

import submissions
from browser.conftest import SITE, must_have

PAGE = SITE.parent / "inside-the-batch-classroom" / "teacher" / "marking.html"


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a class's notebooks, and two files that are none."""
    folder = tmp_path_factory.mktemp("handed in")
    for name, answers in {
        "right": submissions.right(),
        "wrong": submissions.WRONG,
        "overwrites": submissions.OVERWRITES_CHECK,
        "loops": submissions.LOOPS,
        "reads": submissions.READS_A_FILE,
        "forges": submissions.FORGES,
    }.items():
        submissions.write(folder, name, submissions.notebook(answers, name=f"=1+{name}"))
    (folder / "none.ipynb").write_text("<script>alert(1)</script>", encoding="utf-8")
    (folder / "large.ipynb").write_bytes(b"[" * 5_000_001)
    return folder


@pytest.fixture(scope="module")
def marking(browser: Browser, handed_in: Path) -> Iterator[tuple[Page, list[str]]]:
    """Give the page after it has marked all files, and what it asked for outside of its folder."""
    must_have(PAGE.is_file(), "there is no marking page; `make classroom` packs one")
    page = browser.new_context(viewport={"width": 1280, "height": 780}).new_page()
    asked: list[str] = []
    # What the page's own rule stops is asked for, and goes nowhere: it fails as "csp".
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: asked.append(f"{request.failure} {request.url}"))
    page.goto(PAGE.as_uri())
    files = sorted(handed_in.iterdir())
    page.get_by_label("Notebooks").set_input_files(files)
    expect(page.get_by_role("status")).to_have_text(f"Marked {len(files)} files.", timeout=240_000)
    yield page, asked
    page.context.close()


def marks(page: Page, name: str) -> dict[str, str]:
    """Give the mark of each exercise of a notebook."""
    row = page.get_by_role("row", name=f"({name}.ipynb)")
    return {
        item.locator("strong").inner_text().split()[-1]: item.get_attribute("data-mark") or ""
        for item in row.locator("li").all()
    }


def test_a_right_notebook_scores_and_a_wrong_one_is_told_the_property(marking):
    page, _ = marking
    assert marks(page, "right") == dict.fromkeys(submissions.NAMES, "right")
    assert list(marks(page, "wrong").values()) == ["wrong", "not attempted", "not attempted"]
    wrong = page.get_by_role("row", name="(wrong.ipynb)")
    expect(wrong).to_contain_text("It fails for grid=")


def test_nothing_that_is_written_to_score_without_an_answer_scores(marking):
    page, _ = marking
    assert marks(page, "overwrites") == dict.fromkeys(submissions.NAMES, "not marked")
    assert marks(page, "forges") == dict.fromkeys(submissions.NAMES, "not marked")
    assert marks(page, "reads") == dict.fromkeys(submissions.NAMES, "wrong")
    # An exercise that never ends, whatever it catches, costs nobody the others.
    assert marks(page, "loops") == {
        "grid_shape": "not marked", "must_say": "right", "mean_surprise": "not marked",
    }  # fmt: skip


def test_what_is_no_notebook_is_named_and_nothing_leaves_the_page(marking):
    page, asked = marking
    expect(page.get_by_role("row", name="none.ipynb")).to_contain_text("It is no notebook.")
    expect(page.get_by_role("row", name="large.ipynb")).to_contain_text("larger than 5 MB")
    folder = PAGE.parents[1].as_uri()
    assert [url for url in asked if not url.startswith((folder, "blob:", "data:", "csp "))] == []
    assert any(url.startswith("csp https://example.org/") for url in asked)


def test_the_table_that_is_saved_holds_no_formula(marking):
    page, _ = marking
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save the table").click()
    text = Path(saving.value.path()).read_text("utf-8-sig")
    head, *lines = text.splitlines()
    assert head == "file,student,exercise,mark,sentence"
    assert '"right.ipynb","\'=1+right","grid_shape","right",' in text
    assert len(lines) >= 6 * 3 + 2


def test_nothing_keeps_people_out_of_the_marking_page(marking):
    page, _ = marking
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 780})
        found = Axe().run(page, options={"preload": False})
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
