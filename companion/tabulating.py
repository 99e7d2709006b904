"""What a class handed in, as one table: the lines to hand in that a folder holds.

Takes a folder with mails, texts or notebooks as they came, finds the lines that `companion.handing`
writes, and gives a row for each: who, which chapter, what was done. Nothing that it finds is
run. What it leaves out: whether the answers are right, which the lines claim and the marking page
of a classroom sees; and points, which a teacher gives.
"""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from companion.exercises import CHAPTERS
from companion.handing import Work, find_lines, read_line
from companion.naming import fold_name
from companion.owning import CHAPTER as OWN
from companion.owning import TASKS

MOST_BYTES = 5_000_000
"""Of a file that is read; a line has about a hundred."""

HEAD = ("name", "chapter", "solved", "of", "exercises", "turns", "quiz", "file", "note")
"""What a row says, in the order of its cells."""


ASKED = {name: len(tasks) for name, tasks in CHAPTERS.items()} | {OWN: TASKS}
"""How many tasks each chapter has, and the learner's own batch."""


class Row(NamedTuple):
    """One line that was handed in, or why a file or a line could not be read (`note`)."""

    file: str
    work: Work | None = None
    note: str = ""

    def cells(self) -> list[str]:
        """Give the row as texts, in the order of `HEAD`.

        >>> Row("ada.txt", Work("Ada", "padding", (1, 3), 5)).cells()
        ['Ada', 'padding', '2', '5', '1 3', 'not counted', 'not counted', 'ada.txt', '']
        """
        if self.work is None:
            return ["", "", "", "", "", "", "", self.file, self.note]
        work = self.work
        quiz = work.quiz and f"{work.quiz.right} of {work.quiz.questions}, {work.quiz.once} at once"
        return [
            work.name,
            work.chapter,
            str(len(work.solved)),
            str(work.exercises),
            " ".join(map(str, work.solved)),
            "not counted" if work.turns is None else " ".join(work.turns),
            quiz or "not counted",
            self.file,
            self.note,
        ]


def tabulate(folder: str | Path) -> list[Row]:
    """Give the rows of a folder and the folders in it, by name and chapter; what failed is last.

    Links and files of more than `MOST_BYTES` are not opened; they have a row that says so. Raises
    `ValueError` where there is no such folder.
    """
    root = Path(folder)
    if not root.is_dir():
        raise ValueError(f"{folder}: there is no such folder; give the one with what was handed in")
    rows: list[Row] = []
    seen: dict[str, str] = {}
    for path in sorted(_files(root)):
        rows += _rows_of(path, path.relative_to(root).as_posix(), seen)
    return sorted(rows, key=_order)


def _files(folder: Path) -> Iterator[Path]:
    """Give the files of a folder and of those in it; a link is given, and not followed."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            yield from _files(path)
        else:
            yield path


def _rows_of(path: Path, name: str, seen: dict[str, str]) -> list[Row]:
    if path.is_symlink():
        return [Row(name, note="a link, which is not followed: put the file itself there")]
    if not path.is_file():
        return [Row(name, note="not a file")]
    if path.stat().st_size > MOST_BYTES:
        return [Row(name, note=f"larger than {MOST_BYTES / 1e6:g} MB, and not opened")]
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return [Row(name, note="no text in UTF-8: ask for the line as text")]
    lines = find_lines(_said(text) if path.suffix == ".ipynb" else text)
    if not lines:
        return [Row(name, note="no line to hand in")]
    return [_row(line, name, seen) for line in lines]


def _said(text: str) -> str:
    """Give what a notebook says and prints; the text itself, where it is no notebook."""
    try:
        cells = json.loads(text)["cells"]
        found = [cell["source"] for cell in cells]
        for cell in cells:
            for output in cell.get("outputs", []):
                found += [output.get("text", ""), output.get("data", {}).get("text/plain", "")]
        return "\n".join(part if isinstance(part, str) else "".join(part) for part in found)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return text


def _row(line: str, name: str, seen: dict[str, str]) -> Row:
    try:
        work = read_line(line)
    except ValueError as error:
        return Row(name, note=str(error))
    # Without the breaks that a mail put in, a line that was sent on is the same line.
    first = seen.setdefault(" ".join(line.replace(">", " ").split()), name)
    note = "" if first == name else f"the same line as in {first}"
    if ASKED.get(work.chapter) != work.exercises:
        note = f"this edition has no chapter {work.chapter!r} with {work.exercises} exercises"
    return Row(name, work, note)


def _order(row: Row) -> tuple[bool, str, int, str]:
    if row.work is None:
        return True, "", 0, row.file
    place = list(ASKED).index(row.work.chapter) if row.work.chapter in ASKED else len(ASKED)
    return False, fold_name(row.work.name), place, row.file


def as_csv(rows: list[Row]) -> str:
    r"""Give rows as CSV, of which no cell is taken for a formula.

    >>> print(as_csv([Row("=1.txt", note="no line to hand in")]).splitlines()[1])
    ,,,,,,,'=1.txt,no line to hand in
    """
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(HEAD)
    writer.writerows([[_harmless(cell) for cell in row.cells()] for row in rows])
    return written.getvalue()


def _harmless(cell: str) -> str:
    """Mark as text what a table program would compute."""
    return f"'{cell}" if cell.lstrip()[:1] in ("=", "+", "-", "@") and cell.strip() else cell


def as_text(rows: list[Row]) -> str:
    """Give rows for the screen: a line each, in columns.

    >>> print(as_text([Row("ada.txt", Work("Ada", "padding", (1, 3), 5))]))
    name  chapter  solved  of  exercises  turns        quiz         file     note
    Ada   padding  2       5   1 3        not counted  not counted  ada.txt
    """
    table = [list(HEAD), *(row.cells() for row in rows)]
    widths = [min(max(len(line[at]) for line in table), 40) for at in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    )
