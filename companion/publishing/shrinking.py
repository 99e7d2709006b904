"""Scripts as light as a page needs them: terser, where npm has fetched it.

What it leaves out: scripts that stay as they are written, in Jupyter and where terser is not
there; they do the same, and weigh a fifth more.
"""

import subprocess
import sys
from pathlib import Path


def shrunk(script: str, modules: Path) -> str:
    """Give a script without what only its readers need, or as it is without terser.

    `modules`: npm's folder. Raises `RuntimeError` with terser's own words for a script that it
    cannot read.

    >>> shrunk("const one = 1;", Path("nowhere"))
    'const one = 1;'
    """
    terser = modules / "terser" / "bin" / "terser"
    node = Path(sys.executable).with_name("node")
    if not terser.is_file() or not node.exists():
        return script
    done = subprocess.run(
        [node, terser, "--compress", "--mangle", "--ecma", "2020"],
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"terser: {done.stderr.strip()}")
    return done.stdout
