"""A real browser and the built site. Nothing is built here: `make book` does that."""

import functools
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from companion.publishing.extension import MOVED

SITE = Path(__file__).parents[2] / "_build" / "html"
FRONT = "book/index.html"
CHAPTER = "book/03_padding.html"
THEMES = ("light", "dark")
WIDTHS = (1280, 360)
HEIGHT = 780

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def unfold(explorer: Locator) -> None:
    """Open an explorer's entries, if they are not open, and the settings of all its steps."""
    if explorer.locator("details.be-batch:not([open])").count():
        explorer.locator('[data-part="all"]').click()
    if explorer.get_by_role("button", name="Settings", expanded=False).count():
        explorer.get_by_role("button", name="Settings").click()


def faults_by_step(explorer: Locator, page: Page, steps: Iterable[str]) -> dict[object, list[Any]]:
    """Give what axe and contrast.js find wrong with an explorer, at each of these steps."""
    axe, found = Axe(), dict[object, list[Any]]()
    measure = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
    options = {"preload": False, "resultTypes": ["violations"]}
    for step in steps:
        explorer.get_by_role("tab", name=step).click()
        explorer.locator('[data-part="said"]').click()  # nothing is dimmed by a focus
        answer = axe.run(page, context="batch-explorer", options=options).response
        for violation in answer["violations"]:
            found[step, violation["id"]] = [node["target"] for node in violation["nodes"][:3]]
        for theme in THEMES:
            dress(page, theme)
            measured = page.evaluate(measure)
            if measured["found"]:
                found[step, theme] = measured["found"][:3]
        dress(page, "light")
    return found


def built_pages() -> list[str]:
    """Give the pages of the built site, without those that only lead to another."""
    found = (path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
    inner = ("_static/", "_sources/", "slides/")  # slides have a file of tests of their own
    leading = {"index.html", *(f"{old}.html" for old in MOVED)}
    return sorted(name for name in found if name not in leading and not name.startswith(inner))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a `name` on every page of the site."""
    if "name" in metafunc.fixturenames:
        # The scope has pytest take page after page, so that each is loaded once in a file.
        metafunc.parametrize("name", built_pages() or [FRONT], scope="module")


@dataclass
class Opened:
    """A page that is open in the browser, and all that it did meanwhile."""

    page: Page
    address: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def modes(self, settle: bool = False) -> Iterator[tuple[str, int]]:
        """Go through light and dark, wide and narrow, without loading the page again."""
        for width in WIDTHS:
            resize(self.page, width, settle)
            for theme in THEMES:
                dress(self.page, theme)
                yield theme, width
        dress(self.page, "light")
        resize(self.page, WIDTHS[0])


def dress(page: Page, theme: str) -> None:
    """Switch between light and dark as the theme's own button does."""
    page.evaluate(
        "theme => Object.assign(document.documentElement.dataset, theme)", {"theme": theme}
    )


def resize(page: Page, width: int, settle: bool = False) -> None:
    """Change the width; to `settle` is to wait until what now scrolls can be focused."""
    if page.viewport_size == {"width": width, "height": HEIGHT}:
        return
    page.set_viewport_size({"width": width, "height": HEIGHT})
    if settle:  # the theme looks for what scrolls a moment after the last change of size
        page.wait_for_timeout(400)


def must_have(present: bool, sentence: str) -> None:
    """Skip with a sentence where something is missing; with `CI` set, fail with it."""
    if not present:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(sentence)


@pytest.fixture(scope="session")
def site() -> Path:
    """Give the folder of the built site."""
    if not (SITE / FRONT).is_file():
        pytest.fail(f"{SITE} holds no site; `make book` builds it")
    return SITE


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Give a Chromium with a profile of its own."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    must_have(
        Path(path).is_file(),
        f"{path} is missing; `apt-get install chromium`, or name another one in CHROMIUM",
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


class Quiet(SimpleHTTPRequestHandler):
    """Serves the site and says nothing."""

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def served(site: Path) -> Iterator[str]:
    """Give the address of the site over http."""
    handler = functools.partial(Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


Visit = Callable[[str], Opened]


@pytest.fixture(scope="session")
def opened(browser: Browser) -> Iterator[Visit]:
    """Give a function that opens an address, once, and gives the same page each time."""
    pages: dict[str, Opened] = {}
    # Reduced motion: what changes with the theme is there at once.
    context = browser.new_context(
        viewport={"width": WIDTHS[0], "height": HEIGHT}, reduced_motion="reduce"
    )

    def visit(address: str) -> Opened:
        if address not in pages:
            for other in pages.values():  # one page at a time: two cores are soon busy
                if not other.page.is_closed():
                    other.page.close()
            pages.clear()
            pages[address] = _open(context.new_page(), address)
        return pages[address]

    yield visit
    context.close()


def _open(page: Page, address: str) -> Opened:
    opened = Opened(page, address)
    complain = opened.complaints.append
    page.on("request", lambda request: opened.requests.append(request.url))
    page.on("requestfailed", lambda request: complain(f"failed: {request.url}"))
    page.on("pageerror", lambda error: complain(f"error: {error}"))
    page.on(
        "console",
        lambda said: (
            complain(f"{said.type}: {said.text}") if said.type in ("error", "warning") else None
        ),
    )
    page.on(
        "response",
        lambda response: (
            complain(f"{response.status}: {response.url}") if response.status >= 400 else None
        ),
    )
    page.goto(address, wait_until="load")
    page.wait_for_timeout(200)  # what is asked for late is asked for by now
    return opened


@pytest.fixture
def visit(opened: Visit, served: str) -> Visit:
    """Give a function that opens a page of the site over http, by its name."""
    return lambda name: opened(f"{served}/{name}")


@pytest.fixture
def fresh(browser: Browser) -> Iterator[Page]:
    """Give a page that no other test has touched."""
    context = browser.new_context(
        viewport={"width": WIDTHS[0], "height": HEIGHT}, reduced_motion="reduce"
    )
    yield context.new_page()
    context.close()


def far(addresses: list[str]) -> list[str]:
    """Give the addresses that are neither on this machine nor in the page itself."""
    near = ("file", "data", "blob", "about")
    return [
        address
        for address in addresses
        if urlsplit(address).scheme not in near and urlsplit(address).hostname != "127.0.0.1"
    ]
