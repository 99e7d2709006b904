"""Run the chapters away from the repository, as a reader has them who installed a wheel.

    python scripts/alone.py FOLDER CHAPTER...

FOLDER/wheel holds the companion as its wheel has it. Each chapter is run in a folder of its
own that holds nothing else, with the wheel's companion, and stored in its normal form. It
must be, byte for byte, the chapter as it was: what the site shows is what was computed, and
running the chapters again changes nothing. Nor may a chapter leave a file.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ProcessPoolExecutor
from difflib import unified_diff
from functools import partial
from pathlib import Path

import nbformat

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # this file is run by its path

from scripts.cells import show  # noqa: E402
from scripts.notebooks import run  # noqa: E402

WHERE = "import companion; print(companion.__file__)"


def unpack_wheel(folder: Path) -> Path:
    """Build the wheel, with no network, and unpack it into a folder; give that folder."""
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(ROOT)], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "wheel")
    return folder / "wheel"


def run_alone(chapter: Path, folder: Path, wheel: Path) -> list[str]:
    """Run a chapter in the folder with the wheel's companion; give what is wrong, in sentences."""
    folder.mkdir(parents=True)
    os.environ["PYTHONPATH"] = str(wheel)
    notebook = nbformat.read(chapter, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(WHERE))
    try:
        notebook = run(notebook, folder)
    except Exception as error:
        return [f"{chapter.name} does not run: {error}"]
    (said,) = notebook.cells.pop().outputs
    left = [path.name for path in folder.iterdir()]
    nbformat.write(notebook, folder / chapter.name)
    wrong = [f"{chapter.name} left a file: {name}" for name in left]
    if Path(said.text.strip()).parent != wheel / "companion":
        wrong.append(f"{chapter.name} was run with {said.text.strip()}, and not with the wheel's")
    before, after = chapter.read_bytes(), (folder / chapter.name).read_bytes()
    if before != after:
        wrong.append(f"{chapter.name} is not what it was; `make notebooks` stores it anew:")
        wrong += difference(before.decode(), after.decode())
    return wrong


def difference(before: str, after: str) -> list[str]:
    """Give the lines that differ in what a person reads of two notebooks, else in the files."""
    for read in (lambda text: show(nbformat.reads(text, as_version=4)), str):
        lines = unified_diff(read(before).splitlines(), read(after).splitlines(), n=1, lineterm="")
        if found := [line[:200] for line in lines]:
            return found[:40]
    return []


def main(target: str, *chapters: str) -> int:
    """Lay out the folder anew, and run the chapters, two at a time."""
    folder = Path(target).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    wheel = unpack_wheel(folder)
    paths = [Path(chapter) for chapter in chapters]
    places = [folder / "book" / path.stem for path in paths]
    with ProcessPoolExecutor(2) as pool:
        found = list(pool.map(partial(run_alone, wheel=wheel), paths, places))
    for wrong in filter(None, found):
        print("\n".join(wrong))
    if not any(found):
        print(f"{len(paths)} chapters, run alone, are what they were.")
    return int(any(found))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
