"""The Sphinx extension: a small site of its own, built with plain Sphinx."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from companion.auditing import audit
from companion.entries import load_entries
from companion.publishing.extension import MOVED
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
