"""Measure what the explorer weighs, and how long it takes from a key stroke to what is drawn.

    python -m benchmarks.explorer [--quick] [--out FILE]

Weights are of the built site's own files, compressed as a server would (gzip, level 9).
Times are of headless Chromium, for 8 rows of 128 tokens: the script, and the layout that it
makes necessary, for one entry's edit while the batch's width stays, and for one that changes
the width of every row. `make book` has to have built the site.
"""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks.measuring import circumstances, options, summarize, watch, write

SITE = Path(__file__).parents[1] / "_build" / "html"
FRONT = SITE / "book" / "index.html"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu"]
ROUNDS = 60
AT_MOST = {"width stays": 16, "width changes": 50}
"""Milliseconds that an edit may take, in the median."""
MOST_BYTES = {"script and style": 40_000, "vocabulary": 200_000, "front page": 500_000}
"""What each may weigh, compressed."""

# Types into the page as an input event does, and has the browser lay out what was drawn.
EDIT = """
([index, text]) => {
  const explorer = document.querySelector("batch-explorer");
  const boxes = explorer.querySelectorAll('textarea[data-field="output"]');
  const start = performance.now();
  boxes[index].value = text;
  boxes[index].dispatchEvent(new Event("input", { bubbles: true }));
  explorer.getBoundingClientRect();
  explorer.querySelector("table").getBoundingClientRect();
  explorer.querySelector(".bm-picture").getBoundingClientRect();
  return performance.now() - start;
}
"""


def compressed(name: str) -> int:
    """Give how many bytes of the built site a file takes on the wire."""
    return len(gzip.compress((SITE / name).read_bytes(), 9, mtime=0))


def weights() -> dict[str, int]:
    """Give what is loaded, in bytes: ours on every page, on demand, and a whole first visit."""
    own = ("explorer.js", "page.js", "explorer.css", "batch-table.css")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(FRONT.as_uri(), wait_until="networkidle")
        browser.close()
    root = f"{SITE.as_uri()}/"
    names = {url.removeprefix(root).split("?")[0].split("#")[0] for url in asked}
    return {
        "script and style": sum(compressed(f"_static/{name}") for name in own),
        "vocabulary": compressed("_static/vocabulary.js"),
        "front page": sum(compressed(name) for name in sorted(names)),
    }


def times(rounds: int) -> tuple[str, dict[str, list[float]]]:
    """Give the batch in words, and the seconds that each edit of either kind took."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(FRONT.as_uri())
        explorer = page.locator("batch-explorer")
        if explorer.locator("details.be-batch:not([open])").count():
            explorer.get_by_text("The entries of this batch").click()
        explorer.get_by_role("button", name="Settings").click()
        for _ in range(5):
            explorer.get_by_role("button", name="Add an entry").click()
        explorer.get_by_label("Prompt style").select_option("plain")
        explorer.get_by_role("tab", name="Mask").click()
        for number in range(8):
            page.evaluate(EDIT, [number, " word" * 115])
        page.wait_for_timeout(1000)  # the vocabulary is there by now
        taken: dict[str, list[float]] = {"width stays": [], "width changes": []}
        for turn in range(rounds):
            same = " word" * 100 + (" other" if turn % 2 else " third")
            longest = " word" * (117 - turn % 2)
            taken["width stays"].append(page.evaluate(EDIT, [5, same]) / 1000)
            taken["width changes"].append(page.evaluate(EDIT, [0, longest]) / 1000)
        said = explorer.locator('[data-part="tally"]').inner_text()
        browser.close()
    return said, taken


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    """Measure, print and write."""
    given = options(arguments, "explorer", (__doc__ or "").split("\n")[0])
    share = watch()
    said, taken = times(3 if given.quick else ROUNDS)
    edits = {name: summarize(seconds) for name, seconds in taken.items()}
    weighed = weights()
    results = {
        **circumstances(("playwright",), {"none": 0}, share()),
        "batch": said,
        "edits": len(taken["width stays"]),
        "microseconds an edit": edits,
        "bytes": weighed,
        "targets": {
            **{
                name: {"takes at most": most * 1000, "met": edits[name]["median"] <= most * 1000}
                for name, most in AT_MOST.items()
            },
            **{
                name: {"weighs at most": most, "met": weighed[name] <= most}
                for name, most in MOST_BYTES.items()
            },
        },
    }
    for name, at in edits.items():
        print(f"{name}: {at['median'] / 1000:.1f} ms an edit (quartiles {at['quartiles']} us)")
    for name, size in weighed.items():
        print(f"{name}: {size / 1000:.1f} KB compressed")
    write(results, given.out)
    return results


if __name__ == "__main__":
    main()
