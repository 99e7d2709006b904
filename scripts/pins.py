"""Write requirements.txt: the exact versions that the ranges in pyproject.toml give today.

    python3.11 scripts/pins.py [arguments for pip install]

A new environment is made in a temporary folder, every extra is installed into it, and
what is there is written down. `torch` is pinned beforehand, by hand, here.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

TORCH = "torch==2.13.0"
ROOT = Path(__file__).parent.parent
HEADER = f"""\
# The exact versions that the book is checked with, on Python 3.11. Written by `make pins`
# from the ranges in pyproject.toml; do not edit. On Linux, the public {TORCH} brings
# gigabytes of GPU libraries; README.md says how to have the CPU build instead.
"""


def main(pip_arguments: list[str]) -> None:
    """Install everything anew, list it, and write the list."""
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip = [str(python), "-m", "pip"]
        everything = f"{ROOT}[book,test,parquet,peers]"
        for wanted in (TORCH, everything):
            subprocess.run([*pip, "install", "--quiet", *pip_arguments, wanted], check=True)
        listed = subprocess.run(
            [*pip, "freeze", "--exclude", "inside-the-batch"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    # A local version ("+cpu") names one build of many; the pin is to hold for all of them.
    pins = re.sub(r"\+[\w.]+$", "", listed, flags=re.MULTILINE)
    if " @ " in pins:
        raise SystemExit(f"a package came from an address, not by version:\n{pins}")
    (ROOT / "requirements.txt").write_text(HEADER + pins)


if __name__ == "__main__":
    main(sys.argv[1:])
