"""Write requirements.txt: the exact versions that the ranges in pyproject.toml give today.

    python3.11 scripts/pins.py [arguments for pip install]

Nothing is installed: pip is asked what it would install with every extra, on the oldest
Python that the book is made with, whatever Python it runs on itself. `torch` is pinned
beforehand, by hand, here.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

FLOOR = "3.11.2"
"""The oldest Python that `make book` works with; Debian 12 has it."""

TORCH = "torch==2.13.0"
ROOT = Path(__file__).parent.parent
HEADER = f"""\
# The exact versions that the book is checked with, on Python 3.11. Written by `make pins`
# from the ranges in pyproject.toml; do not edit. On Linux, the public {TORCH} brings
# gigabytes of GPU libraries; README.md says how to have the CPU build instead.
"""
LEFT_OUT = ("inside-the-batch", "setuptools", "wheel")  # ours, and what an environment brings


def main(pip_arguments: list[str]) -> None:
    """Ask for everything anew, and write what was named."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        # To ask for another Python, pip wants wheels alone, and a target that it leaves empty.
        pip += ["--python-version", FLOOR, "--only-binary", ":all:", "--target", folder]
        everything = f"{ROOT}[book,test,chat,parquet,peers,experiments]"
        pip += ["--report", str(report), *pip_arguments, TORCH, everything]
        subprocess.run(pip, check=True)
        chosen = [part["metadata"] for part in json.loads(report.read_text())["install"]]
    chosen.sort(key=lambda part: part["name"].lower())
    # A local version ("+cpu") names one build of many; the pin is to hold for all of them.
    pins = [
        f"{part['name']}=={part['version'].split('+')[0]}\n"
        for part in chosen
        if part["name"] not in LEFT_OUT
    ]
    (ROOT / "requirements.txt").write_text(HEADER + "".join(pins))


if __name__ == "__main__":
    main(sys.argv[1:])
