"""What the search page searches: the text of the pages, by section."""

import json

from companion.publishing.searching import read_page, search_script

PAGE = """<header>not in a section</header><section id="top">
<h1>Ignore<a class="headerlink" href="#top">#</a></h1>
<p>Targets of <b>-100</b>,<br>ignored.</p><button>Copy</button>
<svg><text>drawn</text><path d="M0 0"><rect></svg>
<details><summary><span class="collapsed">Open <i>the</i> output</span>Hint</summary><pre>one
  two</pre></details>
<script>let nothing = "<p>";</script>
<section id="below"><h2>By <em>hand</em></h2><ul><li>first</li><li>second &lt;</li></ul></section>
after
</section>"""


def test_a_section_is_its_anchor_its_heading_and_its_own_text():
    assert read_page(PAGE) == [
        ("top", "Ignore", "Targets of -100, ignored. Hint one two after"),
        ("below", "By hand", "first second <"),
    ]


def test_the_script_has_every_page_that_has_text(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "a.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "empty.html").write_text("<p>nowhere</p>", encoding="utf-8")
    script = search_script(tmp_path, ["book/a", "empty"])
    assert script.startswith("globalThis.searchTexts = [[")
    ((name, sections),) = json.loads(script.split(" = ", 1)[1].rstrip(";\n"))
    assert name == "book/a.html"
    assert list(map(tuple, sections)) == read_page(PAGE)
