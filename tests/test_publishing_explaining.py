"""Words of the glossary: which of them a page explains, and that the rest is left alone."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

GLOSSARY = """# Glossary

:::{glossary}
end token
  The token after a text, `<end>`. See [front](front.md).

entry
  One example to *learn* from.

pad
  What fills a row < the longest.

token
  A piece of text.

turn
  One answer.
:::
"""
PAGE = """# A pad is a title

A *pad* is what this page introduces, so pads need no help. In turn, `token` is code, and an
[entry](https://example.org) is a link.

Entries end in an end token. Another entry has another token, and end tokens come again.

See [the turn](glossary.md#term-turn).
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    """Give the HTML of a page beside a glossary, built by plain Sphinx."""
    folder = tmp_path_factory.mktemp("explaining")
    (folder / "conf.py").write_text(
        'extensions = ["myst_parser", "companion.publishing.explaining"]\n'
        'root_doc = "front"\nmyst_enable_extensions = ["colon_fence"]\nhtml_theme = "basic"\n'
        'suppress_warnings = ["myst.xref_missing"]\n'
    )
    (folder / "front.md").write_text(f"{PAGE}\n```{{toctree}}\nglossary\n```\n")
    (folder / "glossary.md").write_text(GLOSSARY)
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", str(folder), str(folder / "site")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return Path(folder / "site" / "front.html").read_text(encoding="utf-8")


def test_the_first_use_of_a_word_is_explained_and_no_other(page):
    words = re.findall(r'<a class="[^"]*\bword\b[^"]*" href="([^"]*)"[^>]*>([^<]*)</a>', page)
    assert words == [
        ("glossary.html#term-entry", "Entries"),
        ("glossary.html#term-end-token", "end token"),
        ("glossary.html#term-token", "token"),
    ]


def test_titles_code_links_and_words_that_the_page_introduces_are_left_alone(page):
    assert "<h1>A pad is a title" in page
    assert "<em>pad</em> is what this page introduces, so pads need" in page
    assert '<span class="pre">token</span>' in page
    assert 'href="https://example.org">entry</a>' in page
    assert "In turn," in page


def test_each_word_is_joined_to_what_the_glossary_says_of_it(page):
    described = re.findall(r'#term-([\w-]+)" aria-describedby="said-([\w-]+)"', page)
    assert described == [(name, name) for name in ("entry", "end-token", "token", "turn")]
    said = dict(
        re.findall(r'<div role="tooltip" class="said" id="said-(\S+)" hidden>(.*)</div>', page)
    )
    assert said == {
        "end-token": "<b>end token</b>: The token after a text, <code>&lt;end&gt;</code>.",
        "entry": "<b>entry</b>: One example to <em>learn</em> from.",
        "token": "<b>token</b>: A piece of text.",
        "turn": "<b>turn</b>: One answer.",
    }
