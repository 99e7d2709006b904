"""The scripts of exercises in a page: the small one with the editors, and where Python is.

What it leaves out: the large script with Python itself, which is built from npm's package by
`scripts/page_python/build.py`; nothing here needs it, and a site without it has no editors.
"""

import json

from companion.exercises import CHAPTERS, EXERCISES, WITH_TENSORS
from companion.explorer.bundle import as_function

RUNNABLE = tuple(name for name in EXERCISES if name not in WITH_TENSORS)
"""The exercises that can be answered in a page, which are all that need no tensor."""


def answers_script() -> str:
    """Give the classic script that puts an editor at each exercise of its page.

    It looks for `python.js` beside itself, and loads it at the first answer.

    >>> "defineEditors" in answers_script().splitlines()[-2]
    True
    """
    modules = "\n".join(as_function(name, "answering") for name in ("engine", "editor"))
    place = 'new URL("python.js", document.currentScript.src).href'
    return (
        f'(() => {{\n"use strict";\n{modules}\n'
        f"editor_js.defineEditors({json.dumps(RUNNABLE)}, {place});\n}})();\n"
    )


def marking_script(python: str) -> str:
    """Give the classic script of the page that marks notebooks.

    `python`: where the page's Python is, seen from that page.

    >>> "defineMarking" in marking_script("python.js").splitlines()[-2]
    True
    """
    modules = "\n".join(as_function(name, "answering") for name in ("engine", "marking"))
    return (
        f'(() => {{\n"use strict";\n{modules}\n'
        f"marking_js.defineMarking({json.dumps(CHAPTERS)}, {json.dumps(python)});\n}})();\n"
    )
