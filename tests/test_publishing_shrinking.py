"""A page's scripts are shrunk, and still do what they did."""

import subprocess
import sys
from pathlib import Path

import pytest

from companion.publishing.shrinking import shrunk

MODULES = Path(__file__).parents[1] / "scripts" / "page_python" / "node_modules"
SCRIPT = """\
(() => {
  // Said to whoever reads.
  const aLongName = 20;
  globalThis.answer = aLongName + 22;
})();
console.log(globalThis.answer);
"""
needs_terser = pytest.mark.skipif(
    not (MODULES / "terser").is_dir(), reason="terser is fetched by `make book`"
)


@needs_terser
def test_a_shrunk_script_is_shorter_and_does_the_same():
    short = shrunk(SCRIPT, MODULES)
    assert len(short) < len(SCRIPT) / 2
    assert "aLongName" not in short
    node = Path(sys.executable).with_name("node")
    said = subprocess.run([node, "-e", short], capture_output=True, text=True, check=True)
    assert said.stdout == "42\n"


@needs_terser
def test_a_script_that_is_none_is_refused_with_its_place():
    with pytest.raises(RuntimeError, match="Name expected"):
        shrunk("const = 1;", MODULES)


def test_without_terser_a_script_stays_as_it_is(tmp_path):
    assert shrunk(SCRIPT, tmp_path) == SCRIPT
