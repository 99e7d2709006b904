"""Make the classroom's folder and its zip: python -m scripts.classroom.build SITE OUT [--small]

Takes the built site with its slides, and the book's notebooks, and writes OUT, a folder with
two parts: `students`, to be handed out, which holds no solutions, and `teacher`, to be kept. Then
it packs the folder, and says what is in it and how large it is. `--small` leaves out the Python
of the pages, and the editors that need it. Nothing that it makes is committed.
"""

import argparse
import html
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from bs4 import BeautifulSoup

from companion.answering.engine import marking_script
from companion.publishing.searching import search_script
from scripts.classroom.tasks import (
    GRADER_SETTINGS,
    assignment,
    page_without_solutions,
    solutions,
    tasks,
    without_solutions,
)

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
BOOK = ROOT / "book"
FOR_TEACHERS = ("teaching", "teaching_notes")
"""The pages that students' copies of the site have a short notice for."""

NOTICE = "<h1>With your teacher</h1><p>This page is for whoever teaches with the book.</p>"
EDITORS = re.compile(r"<(?:script|link)[^>]*_static/answers\.(?:js|css)[^>]*>(?:</script>)?\s*")
PYTHON = ("python.js", "page_python", "answers.js", "answers.css")


def main(site: Path, out: Path, small: bool) -> Path:
    """Write the folder and the zip beside it; give the zip."""
    shutil.rmtree(out, ignore_errors=True)
    students, teacher = out / "students", out / "teacher"
    shutil.copytree(site, students, ignore=shutil.ignore_patterns(".*", "objects.inv"))
    teacher.mkdir()
    for name in FOR_TEACHERS:
        page = (students / "book" / f"{name}.html").read_text("utf-8")
        (teacher / f"{name}.html").write_text(as_teachers(page), encoding="utf-8")
    hand_out(students, small)
    keep_back(teacher, students)
    shutil.copy(HERE / "marking.html", teacher)
    script = marking_script("../students/_static/python.js")
    (teacher / "marking.js").write_text(script, encoding="utf-8")
    write_tasks(students / "tasks")
    write_assignments(teacher / "nbgrader")
    (out / "START_HERE.html").write_text(start_here(out, small), encoding="utf-8")
    return pack(out)


def hand_out(students: Path, small: bool) -> None:
    """Take out of the students' copy of the site what is not for them."""
    for path in students.rglob("*.html"):
        page = path.read_text("utf-8")
        page = page_without_solutions(page)
        if path.stem in FOR_TEACHERS:
            page = _with_notice(page)
        path.write_text(EDITORS.sub("", page) if small else page, encoding="utf-8")
    # The search shows what stands in the pages, and so does their text in it.
    pages = [f"book/{path.stem}" for path in sorted((students / "book").glob("*.html"))]
    searched = students / "_static" / "search_texts.js"
    searched.write_text(search_script(students, pages), encoding="utf-8")
    for path in (students / "_sources").rglob("*.*"):
        if path.suffix == ".ipynb":
            path.write_text(_as_json(without_solutions(_read(path))), encoding="utf-8")
        elif path.stem in FOR_TEACHERS:
            path.unlink()
    for name in PYTHON if small else ():
        found = students / "_static" / name
        shutil.rmtree(found) if found.is_dir() else found.unlink(missing_ok=True)


def _with_notice(page: str) -> str:
    """Give a page with a short notice in the place of what it says."""
    soup = BeautifulSoup(page, "html.parser")
    for contents in soup.select(".page-toc, .bd-sidebar-secondary"):
        contents.decompose()
    article = soup.select_one("article")
    article.clear()
    article.append(BeautifulSoup(NOTICE, "html.parser"))
    return str(soup)


def as_teachers(page: str) -> str:
    """Give a page of the site as it stands in the folder `teacher`, with its links right.

    >>> as_teachers('<a href="03_padding.html#x"></a> <img src="../_static/logo.svg"/>')
    '<a href="../students/book/03_padding.html#x"></a> <img src="../students/_static/logo.svg"/>'
    """
    page = page.replace('data-content_root="../"', 'data-content_root="../students/"')
    page = re.sub(r'(href|src)="\.\./', r'\1="../students/', page)
    own = "|".join(f"{name}\\.html" for name in FOR_TEACHERS)
    return re.sub(rf'(href|src)="(?!{own})(\w[\w.]*\.html)', r'\1="../students/book/\2', page)


def keep_back(teacher: Path, students: Path) -> None:
    """Write the solutions: as a page to read, and as the whole notebooks."""
    (teacher / "notebooks").mkdir()
    parts = []
    for path in sorted(BOOK.glob("[0-9]*.ipynb")):
        shutil.copy(path, teacher / "notebooks")
        notebook = _read(path)
        title = "".join(notebook["cells"][0]["source"]).splitlines()[0].removeprefix("# ")
        parts.append(f"<h2>{html.escape(title)}</h2>")
        parts += [
            f"<h3>{html.escape(name)}</h3>\n<pre>{html.escape(code)}</pre>"
            for name, code in solutions(notebook).items()
        ]
    page = (HERE / "plain.html").read_text("utf-8")
    page = page.replace("TITLE", "Solutions of all exercises").replace("BODY", "\n".join(parts))
    (teacher / "solutions.html").write_text(page, encoding="utf-8")


def write_assignments(folder: Path) -> None:
    """Write what nbgrader makes its releases of, with solutions and hidden tests."""
    for path in sorted(BOOK.glob("[0-9]*.ipynb")):
        place = folder / "source" / path.stem
        place.mkdir(parents=True)
        (place / path.name).write_text(_as_json(assignment(_read(path))), encoding="utf-8")
    (folder / "nbgrader_config.py").write_text(GRADER_SETTINGS, encoding="utf-8")
    (folder / "README.txt").write_text(
        "A course for nbgrader 0.9.6. In an environment that has nbgrader and the companion (its\n"
        "wheel is in students/tasks), and in this folder:\n\n"
        "    nbgrader generate_assignment 00_start_here\n\n"
        "The release that it makes is the notebook in students/tasks. Put what comes back into\n"
        "submitted/STUDENT/00_start_here/00_start_here.ipynb, and then:\n\n"
        "    nbgrader autograde 00_start_here\n"
        "    nbgrader export\n\n"
        "nbgrader runs the students' code with all your rights. It is no sandbox: do it in a\n"
        "container, or on a machine that has nothing to lose. Each function is judged in another\n"
        "Python, so whoever overwrites check wins nothing; a program that is written against\n"
        "nbgrader itself can still win. The page marking.html runs nothing on your machine.\n",
        encoding="utf-8",
    )


def write_tasks(folder: Path) -> None:
    """Write the notebooks with the exercises alone, and the companion that they need."""
    folder.mkdir()
    for path in sorted(BOOK.glob("[0-9]*.ipynb")):
        (folder / path.name).write_text(_as_json(tasks(_read(path))), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(ROOT)], check=True)
    (wheel,) = folder.glob("*.whl")
    (folder / "README.txt").write_text(
        "The exercises of each chapter, as notebooks for Jupyter. They need Python 3.11 or newer,\n"
        "and the companion, which this line installs from this folder, without a network:\n\n"
        f"    pip install --no-deps {wheel.name}\n\n"
        "The one exercise on moving a batch to a device needs PyTorch as well. In the pages of\n"
        "the book the same exercises need no installation.\n",
        encoding="utf-8",
    )


def start_here(out: Path, small: bool) -> str:
    """Give the page that a teacher sees first."""
    text = (HERE / "start_here.html").read_text("utf-8")
    rows = "\n".join(
        f"<tr><td><code>{name}</code></td><td>{size / 1e6:.1f} MB</td><td>{said}</td></tr>"
        for name, size, said in contents(out)
    )
    python = (
        "was left out of this folder: its pages have no <em>Check</em>"
        if small
        else (f"is {(out / 'students/_static/python.js').stat().st_size / 1e6:.1f} MB of it")
    )
    return text.replace("ROWS", rows).replace("PYTHON", python)


SAID = {
    "students": "the site, for the students; all that follows in this table but the last is in it",
    "students/book": "the chapters as pages",
    "students/slides": "slides of each chapter",
    "students/tasks": "the exercises as notebooks, and the companion for them",
    "students/_static": "scripts and styles, and the Python of the pages",
    "teacher": "lessons, notes, solutions and marking: for you",
}


def contents(out: Path) -> list[tuple[str, int, str]]:
    """Give the parts of the folder: name, bytes, and what it is."""
    return [
        (name, sum(file.stat().st_size for file in (out / name).rglob("*") if file.is_file()), said)
        for name, said in SAID.items()
    ]


def pack(out: Path) -> Path:
    """Pack the folder; the same folder gives the same zip."""
    packed = out.with_name(f"{out.name}.zip")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as whole:
        for path in sorted(out.rglob("*")):
            if path.is_file():
                info = zipfile.ZipInfo(path.relative_to(out.parent).as_posix())
                info.external_attr = 0o644 << 16
                whole.writestr(info, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
    return packed


def _read(path: Path) -> dict:
    return json.loads(path.read_text("utf-8"))


def _as_json(notebook: dict) -> str:
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("site", type=Path)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--small", action="store_true")
    given = arguments.parse_args()
    made = main(given.site, given.out, given.small)
    for name, size, _ in contents(given.out):
        print(f"{size / 1e6:6.1f} MB  {name}")
    print(f"{made.stat().st_size / 1e6:6.1f} MB  {made}, packed")
