"""A page's scripts are shrunk, and still do what they did."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from browser.conftest import must_have
from companion.publishing.shrinking import shrunk, shrunk_style

MODULES = Path(__file__).parents[1] / "scripts" / "page_python" / "node_modules"
SCRIPT = """\
(() => {
  // Said to whoever reads.
  const aLongName = 20;
  globalThis.answer = aLongName + 22;
})();
console.log(globalThis.answer);
"""


@pytest.fixture
def modules() -> Path:
    """Give the folder in which npm has laid terser."""
    must_have((MODULES / "terser").is_dir(), "terser is missing; `make book` fetches it")
    return MODULES


def test_a_shrunk_script_is_shorter_and_does_the_same(modules):
    short = shrunk(SCRIPT, modules)
    assert len(short) < len(SCRIPT) / 2
    assert "aLongName" not in short
    node = Path(sys.executable).with_name("node")
    said = subprocess.run([node, "-e", short], capture_output=True, text=True, check=True)
    assert said.stdout == "42\n"


def test_a_script_that_is_none_is_refused_with_its_place(modules):
    with pytest.raises(RuntimeError, match="Name expected"):
        shrunk("const = 1;", modules)


def test_without_terser_a_script_stays_as_it_is(tmp_path):
    assert shrunk(SCRIPT, tmp_path) == SCRIPT


def test_a_style_sheet_loses_comments_and_breaks_and_no_rule():
    rules = ".a .b > td:not(.c) {\n  margin: 0 1px;\n  color: red;\n}\n\n"
    style = "/* why { */\n" + rules + '.d::after {\n  content: "x y";\n}\n'
    assert (
        shrunk_style(style)
        == '.a .b > td:not(.c){margin: 0 1px;color: red;}.d::after{content: "x y";}'
    )


def test_no_text_of_our_styles_would_change_by_it():
    for file in (Path(__file__).parents[1] / "companion").rglob("*.css"):
        style = re.sub(r"/\*.*?\*/", "", file.read_text("utf-8"), flags=re.DOTALL)
        strings = re.findall(r'"[^"]*"', style)
        assert not [text for text in strings if re.search(r"\s\s|[{};]|/\*", text)], file
