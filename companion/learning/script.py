"""The script that knows what the learner did: on chapters, and on the page with the paths."""

import html
import json
from dataclasses import asdict
from pathlib import Path

from companion.explorer.bundle import as_function
from companion.learning.paths import PATHS, Chapter, read_chapters

MODULES = ("naming", "handing", "keeping", "copying", "ending", "paths")
"""In the order in which they are needed."""


def learning_script(folder: Path) -> str:
    """Give the classic script for the chapters in a folder.

    >>> "ending_js.defineEnding(BOOK)" in learning_script(Path("nowhere"))
    True
    """
    chapters = [
        {**asdict(chapter), "name": chapter.name, "here": chapter.here}
        for chapter in read_chapters(folder)
    ]
    data = json.dumps({"chapters": chapters, "paths": PATHS}).replace("<", "\\u003c")
    modules = "\n".join(as_function(name, "learning") for name in MODULES)
    return (
        f'(() => {{\n"use strict";\nconst BOOK = {data};\n{modules}\n'
        "ending_js.defineEnding(BOOK);\npaths_js.definePaths(BOOK);\n})();\n"
    )


def ending(chapter: Chapter) -> str:
    """Give what stands at the end of a chapter, for those who have no script, too."""
    return (
        f'<section class="ending" id="your-work" data-page="{html.escape(chapter.page)}">\n'
        "<h2>Your work</h2>\n<p>What you do in this chapter can be handed in as one line, to "
        "whoever asked for it. The line shows work that was done, and does not prove who did "
        "it.</p>\n<p>In a notebook, this gives a line for each chapter in which "
        "<code>check</code> found an answer right:</p>\n<pre>from companion.handing import "
        "hand_in\nhand_in(&quot;your name&quot;)</pre>\n</section>\n"
    )
