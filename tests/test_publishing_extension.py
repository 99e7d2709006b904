"""The Sphinx extension: a small site of its own, built with plain Sphinx."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from companion.auditing import audit
from companion.entries import load_entries
from companion.publishing.extension import MOVED
from companion.publishing.folding import fold_cells, folded_as
from companion.publishing.mending import REPAIRS, mend_page
from companion.showing.table import BatchTable

CONFIGURATION = """
extensions = ["myst_nb", "companion.publishing.extension"]
html_theme = "sphinx_book_theme"
nb_execution_mode = "off"
root_doc = "front"
"""
STEPS = "\n".join(f"- **{step}.** What it does." for step in "ABCDEF")
PAGE = f"""# Front

```{{batch-table}}
:step: mask
:mask: prompt
:entries: 0 1
```

```{{batch-table}}
:step: pad
:entries: toy
```

```{{batch-table}}
:step: pad
:entries: toy
:show: ids
```

```{{batch-explorer}}
:step: shift
:entries: toy

{STEPS}
```

```{{batch-steps}}
:entries: 0 1

{STEPS}
```
"""


def build(folder: Path, page: str = PAGE) -> subprocess.CompletedProcess[str]:
    """Build one page with Sphinx, every warning an error."""
    (folder / "conf.py").write_text(CONFIGURATION)
    (folder / "front.md").write_text(page)
    for new in MOVED.values():
        (folder / new).parent.mkdir(exist_ok=True)
        (folder / f"{new}.md").write_text("---\norphan: true\n---\n\n# A chapter that has moved\n")
    options = ["-q", "-n", "-W", "--keep-going", "-j", "2", str(folder), str(folder / "site")]
    return subprocess.run(
        [sys.executable, "-m", "sphinx", *options], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """Give the folder of a small site."""
    folder = tmp_path_factory.mktemp("sphinx")
    finished = build(folder)
    assert finished.returncode == 0, finished.stderr
    return folder / "site"


def test_a_page_holds_the_computed_table(site):
    page = (site / "front.html").read_text(encoding="utf-8")
    assert BatchTable(load_entries()[:2], "mask", mask="prompt").html() in page


def test_regions_of_one_page_have_names_of_their_own(site):
    page = (site / "front.html").read_text(encoding="utf-8")
    names = re.findall(r'role="region"[^>]*aria-label="([^"]*)"', page)
    assert names == [
        "Step 6, mask, table",
        "Step 3, pad, table",
        "Step 3, pad, table 2",
        "Step 4, shift, table",
    ]


def test_the_six_steps_are_explained_in_the_explorer_and_in_their_picture(site):
    page = (site / "front.html").read_text(encoding="utf-8")
    (inside,) = re.findall(r"<batch-explorer.*?</batch-explorer>", page, re.DOTALL)
    assert re.findall(r"<strong>(.)\.</strong>", inside) == list("ABCDEF")
    (steps,) = re.findall(r'<div class="batch-table batch-steps.*?</ul>\s*</div>', page, re.DOTALL)
    assert re.findall(r"<strong>(.)\.</strong>.*?aria-label=\"Step (.)", steps, re.DOTALL) == [
        (letter, str(number)) for number, letter in enumerate("ABCDEF", 1)
    ]


def test_a_page_loads_the_style_sheet_and_the_script_and_no_icon_script(site):
    page = (site / "front.html").read_text(encoding="utf-8")
    assert "_static/batch-table.css" in page
    assert "_static/page.js" in page
    assert "fontawesome.js" not in page
    assert (site / "_static" / "page.js").is_file()


def test_the_folder_begins_with_a_page_that_leads_to_the_book(site):
    index = (site / "index.html").read_text(encoding="utf-8")
    assert 'href="front.html"' in index
    assert '<html lang="en"' in index


def test_an_old_address_leads_to_where_the_chapter_stands_now(site):
    assert MOVED["book/14_ranks"] == "book/12_ranks"
    for old, new in MOVED.items():
        page = (site / f"{old}.html").read_text(encoding="utf-8")
        (target,) = set(re.findall(r'(?:url=|href=")([^"]*\.html)"', page))
        assert ((site / old).parent / target).resolve() == (site / f"{new}.html").resolve()
        assert (site / f"{new}.html").is_file()


def test_directives_that_cannot_be_computed_stop_the_build(tmp_path):
    refused = {
        ":step: paint": '"paint" unknown',
        ":step: pad\n:entries: 0 99999": "batch-table: .*range",
        ":step: pad\n:entries: zero": "batch-table: .*zero",
        ":entries: 0": "batch-table: .*step",
        ":step: format\n:entries: toy": "bare ids have no text",
    }
    page = "\n\n".join(f"```{{batch-table}}\n{options}\n```" for options in refused)
    refused["king"] = "learning-path: a path is one of learner, chats, trainer, teacher; found"
    page += "\n\n```{learning-path} king\n```"
    five = STEPS.rsplit("\n", 1)[0]
    for name, step in (("batch-explorer", ":step: pad\n"), ("batch-steps", "")):
        page += f"\n\n```{{{name}}}\n{step}:entries: 0\n\n{five}\n```"
        refused[name] = f"{name}: its content is a list of 6"
    finished = build(tmp_path, f"# Front\n\n{page}\n")
    assert finished.returncode != 0
    for message in refused.values():
        assert re.search(message, finished.stderr), message


def test_every_repair_says_where_its_defect_is_known():
    source = (Path(__file__).parents[1] / "companion/publishing/mending.py").read_text("utf-8")
    told = re.findall(
        r"# .*(https://github\.com/\S+/(?:issues|pull)/\d+|No thread is known)", source
    )
    # The two scripts of sphinx-thebe are one defect.
    assert len(told) == len(REPAIRS) - 1


def test_a_page_without_defects_stays_as_it_is():
    page = "<html><body><p>nothing here</p></body></html>"
    assert mend_page(page) == page


def test_a_finding_leads_to_the_chapter_beside_it():
    shown = audit([[5, 6, 50256]], [[6, -100, -100]])._repr_html_()
    assert "<a href='05_ignoring.html'>end-ignored</a>" in mend_page(shown)


def test_each_cell_of_a_table_of_text_knows_its_column():
    page = (
        '<table class="table"><tr><th class="head"><p>who</p></th><th>what</th></tr>'
        "<tr><td><p>we</p></td><td>pad</td></tr><tr><td>you</td><td>cut</td></tr></table>"
    )
    mended = mend_page(page)
    assert re.findall(r'<td data-column="(\w+)">(?:<p>)?(\w+)', mended) == [
        ("who", "we"),
        ("what", "pad"),
        ("who", "you"),
        ("what", "cut"),
    ]
    for other in ('<table class="table"><tr><td>1</td></tr></table>', "<td>1</td>"):
        assert mend_page(other) == other


def printed(text: str, kind: str = "stream") -> str:
    """Give what MyST-NB makes of what a cell printed."""
    highlight = f'<div class="highlight"><pre><span></span>{text}\n</pre></div>'
    return f'<div class="output {kind} highlight-myst-ansi notranslate">{highlight}</div>'


def test_each_line_that_a_cell_printed_is_a_line_of_its_own_and_the_text_is_the_same():
    page = printed("one &lt;two&gt;\n\n  three")
    mended = mend_page(page)
    assert re.findall(r'<span class="line">(.*?)</span>(?!</)', mended, re.DOTALL)
    assert mended.count('<span class="line">') == 3
    assert (
        re.sub(r"<[^>]*>", "", mended)
        == re.sub(r"<[^>]*>", "", page)
        == ("one &lt;two&gt;\n\n  three\n")
    )
    for other in (printed("<span>a\nb</span>"), "<pre>a\nb</pre>"):
        assert mend_page(other) == other


@pytest.mark.parametrize(
    ("lines", "marked"),
    [
        (["a sentence that is as long as it wants to be, and has no columns at all"] * 2, ""),
        (["name   of 40 columns, which fit on a phone"[:40]] * 2, ""),
        (["name   of 41 columns, which do not fit on a phone"[:41]] * 2, "fit-46"),
        (["name   of 54 columns" + "." * 34] * 2, "fit-54"),
        (["name   of 55 columns" + "." * 35] * 2, ""),  # is wrapped
        (["name   alone" + "." * 40, "and a sentence"], ""),
        (
            [
                "tensor([[    1,     2,     3,     4, 50256],",
                "        [    1,     2,     3,     4, 50256]], dtype=torch.int32)",
            ],
            "fit-46",
        ),
    ],
)
def test_what_stands_in_columns_is_made_to_fit_a_phone(lines, marked):
    assert (
        "".join(re.findall(r'<pre class="([^"]*)"', mend_page(printed("\n".join(lines))))) == marked
    )


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import numpy as np\nfrom companion import Batch", "Imports"),
        ("import torch\n\ntorch.manual_seed(0)", None),
        ('StepLine("pad")', "Code"),
        ("lab = PaddingLab([1, 2])\nlab", "Code"),
        ("lab = PaddingLab([1, 2])\nprint(lab.share)", None),
        ("toy = [[0], [1]]\nBatchExplorer(toy)", "Code"),
        ("explorer.step", None),
        ("check(pad_by_hand)", None),
        ("%timeit sum([1])", None),
        ("", None),
    ],
)
def test_a_cell_is_folded_by_what_it_is(source, name):
    assert folded_as(source) == name


def test_folding_tags_what_no_tag_hides_already_and_changes_nothing_else():
    def cell(source, **metadata):
        return {"cell_type": "code", "source": [source], "outputs": [1], "metadata": metadata}

    other = {"cell_type": "markdown", "source": ["import this"], "metadata": {}}
    hidden = cell("import a", tags=["hide-cell"])
    notebook = {
        "cells": [cell("import a", tags=["x"]), other, hidden, cell("a = 1")],
        "nbformat": 4,
    }
    folded = json.loads(fold_cells(json.dumps(notebook)))
    (first, *others) = folded.pop("cells")
    assert folded == {"nbformat": 4}
    assert others == notebook["cells"][1:]
    assert first.pop("metadata") == {
        "tags": ["x", "hide-input"],
        "mystnb": {"code_prompt_show": "Imports", "code_prompt_hide": "Imports"},
    }
    assert first == {"cell_type": "code", "source": ["import a"], "outputs": [1]}
