"""Lay the chapters out away from the repository, as a reader has them who installed a wheel.

    python scripts/alone.py FOLDER CHAPTER...

FOLDER/wheel holds the companion as its wheel has it, FOLDER/book the notebooks and nothing
else. Run there with PYTHONPATH=FOLDER/wheel, a chapter can use no file of the repository.
"""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def unpack_wheel(folder: Path) -> Path:
    """Build the wheel, with no network, and unpack it into a folder; give that folder."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(ROOT)], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "wheel")
    return folder / "wheel"


def main(target: str, *chapters: str) -> None:
    """Lay out the folder anew."""
    folder = Path(target)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "book").mkdir(parents=True)
    unpack_wheel(folder)
    for chapter in chapters:
        shutil.copy(chapter, folder / "book")


if __name__ == "__main__":
    main(*sys.argv[1:])
