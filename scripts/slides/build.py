"""Write the slides of every chapter into the built site: python -m scripts.slides.build SITE

Takes the pages that `make book` has built, cuts each into slides (`cutting.py`), and writes
`slides/NN_name.html` into the site, beside reveal.js as npm installed it. A deck uses the
site's own styles and scripts, so that the explorer is alive in it; it opens by double click.
"""

import html
import re
import shutil
import sys
from pathlib import Path

from bs4 import BeautifulSoup

from scripts.slides.cutting import Slide, cut

HERE = Path(__file__).parent
REVEAL = HERE / "node_modules" / "reveal.js"
ALIVE = ("page.js", "explorer.js", "lab.js", "training_lab.js")
"""The site's scripts that bring a picture to life; the others are for reading a page."""

KEPT = ("reveal.js", "reveal.css", "plugin/notes.js")

PAGE = """\
<!DOCTYPE html>
<html lang="en" data-content_root="../" data-theme="light" data-mode="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}: slides</title>
{styles}
<link rel="stylesheet" href="reveal/reveal.css">
<link rel="stylesheet" href="slides.css">
{scripts}
<script defer src="reveal/reveal.js"></script>
<script defer src="reveal/plugin/notes.js"></script>
<script defer src="slides.js"></script>
</head>
<body>
<main><div class="reveal"><div class="slides">
{slides}
</div></div></main>
</body>
</html>
"""


def main(site: Path) -> list[Path]:
    """Write the decks, and what they need; give the files written."""
    folder = site / "slides"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "reveal" / "plugin").mkdir(parents=True)
    for name in KEPT:
        shutil.copy(REVEAL / "dist" / name, folder / "reveal" / name)
    shutil.copy(REVEAL / "LICENSE", folder / "reveal" / "LICENSE")
    for name in ("slides.css", "slides.js"):
        shutil.copy(HERE / name, folder / name)
    decks = []
    for page in sorted((site / "book").glob("[0-9]*.html")):
        text = page.read_text("utf-8")
        if "<article" in text:  # a page that only leads elsewhere has none
            decks.append(folder / page.name)
            decks[-1].write_text(deck(text, page.name), encoding="utf-8")
    if not decks:
        raise SystemExit(f"{site} holds no chapters; `make book` builds them")
    return decks


def deck(page: str, name: str) -> str:
    """Give the deck of a chapter's page, which has that name in the folder `book`."""
    head = BeautifulSoup(page, "html.parser").head
    styles = [str(link) for link in head.select('link[rel="stylesheet"]')]
    scripts = [
        f'<script defer src="{script["src"]}"></script>'
        for script in head.select("script[src]")
        if re.sub(r"\?.*", "", script["src"]).rsplit("/", 1)[-1] in ALIVE
    ]
    groups = cut(page)
    groups[0][0].shown.append(
        f'<p class="ways"><a href="../book/{name}">The chapter\'s page</a> '
        f'<a href="{name}?view=print&amp;showNotes=separate-page">to print</a> '
        "S: notes in a second window, T: notes below, F: full screen, O: all slides, "
        "?: more keys</p>"
    )
    return PAGE.format(
        title=html.escape(head.title.get_text(strip=True).split(" — ")[0]),
        styles="\n".join(styles),
        scripts="\n".join(scripts),
        slides="\n".join(_group(group, name) for group in groups),
    )


def _group(group: list[Slide], name: str) -> str:
    inner = "\n".join(_slide(slide, name) for slide in group)
    return f"<section>\n{inner}\n</section>"


def _slide(slide: Slide, name: str) -> str:
    notes = f'<aside class="notes">{"".join(slide.notes)}</aside>' if slide.notes else ""
    shown = "\n".join(slide.shown)
    return f'<section class="slide-{slide.kind}">\n{_at_home(shown + notes, name)}\n</section>'


def _at_home(text: str, name: str) -> str:
    """Have links lead to the chapters' pages, as they do from the chapter's own."""
    # Not what a drawing's parts refer to: these have come along.
    text = re.sub(r'(<a\b[^>]*\bhref=")#', rf"\g<1>../book/{name}#", text)
    return re.sub(
        r'(href|src)="(?!\.\./|https?:|data:|[^"]*\?view)([\w.]+\.\w+)', r'\1="../book/\2', text
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
