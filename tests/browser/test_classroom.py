"""A teacher with a memory stick and no network: from the zip to the first task, and the evening."""

import json
import time
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from book.chapters import WITH_EXERCISES, solutions
from browser.conftest import SITE, far, must_have

ZIP = SITE.parent / "inside-the-batch-classroom.zip"
FOLDER = "inside-the-batch-classroom"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the classroom's folder, as it comes out of its zip."""
    must_have(ZIP.is_file(), "there is no classroom; `make classroom` packs one")
    place = tmp_path_factory.mktemp("stick")
    with zipfile.ZipFile(ZIP) as packed:
        packed.extractall(place)
    return place / FOLDER


@pytest.fixture
def offline(browser: Browser) -> Page:
    """Give a page without a network."""
    context = browser.new_context(viewport={"width": 1280, "height": 780}, offline=True)
    page = context.new_page()
    yield page
    context.close()


def test_a_class_is_at_its_first_task_within_two_minutes(unpacked, offline):
    requests: list[str] = []
    offline.on("request", lambda request: requests.append(request.url))
    begun = time.monotonic()
    offline.goto((unpacked / "START_HERE.html").as_uri())
    offline.get_by_role("link", name="the students' site").click()
    offline.get_by_role("link", name="Start here", exact=True).first.click()
    box = offline.get_by_label("Your answer: grid_shape")
    box.fill("def grid_shape(grid):\n    return len(grid), len(grid[0])\n")
    offline.locator(".ans", has=box).get_by_role("button", name="Check").click()
    status = offline.locator(".ans", has=box).get_by_role("status")
    expect(status).to_contain_text("right, on all", timeout=100_000)
    assert time.monotonic() - begun < 120
    assert far(requests) == []


def test_all_that_the_first_page_leads_to_is_there(unpacked, offline):
    offline.goto((unpacked / "START_HERE.html").as_uri())
    for link in offline.get_by_role("link").all():
        path = (link.get_attribute("href") or "").split("#")[0]
        assert (unpacked / path).is_file(), path
    failed: list[str] = []
    offline.on("requestfailed", lambda request: failed.append(request.url))
    for name in ("teaching", "teaching_notes"):
        offline.goto((unpacked / "teacher" / f"{name}.html").as_uri())
        for link in offline.locator("article a[href]").all():
            target = link.evaluate("link => link.href").split("#")[0].removeprefix("file://")
            assert target.startswith("http") or Path(target).is_file(), target
        assert failed == []


def test_the_students_part_has_no_solution_and_nothing_for_teachers(unpacked, offline):
    students = unpacked / "students"
    for path in [*students.rglob("*.html"), *students.rglob("*.ipynb")]:
        text = path.read_text("utf-8")
        assert "<summary>Solution</summary>" not in text, path
        assert "marking notes" not in text, path
    assert not list(students.rglob("teaching*.md"))
    searched = (students / "_static" / "search_texts.js").read_text("utf-8")
    texts = json.loads(searched[searched.index("[") : searched.rindex("]") + 1])
    told = "".join("".join(text for _, parts in texts for _, _, text in parts).split())
    assert "Thesolutioniswithyourteacher." in told
    shown = [
        f"{path.stem}: {name}"
        for path in WITH_EXERCISES
        for name, answer in solutions(path).items()
        if "".join(answer.split()) in told
    ]
    assert shown == []
    offline.goto((students / "book" / "teaching_notes.html").as_uri())
    expect(offline.get_by_role("heading", level=1)).to_have_text("With your teacher")
    assert ZIP.stat().st_size < 15e6
