"""The ways through the book, by who is reading, with the minutes that the chapters' cards say.

Takes the folder of the notebooks and gives each page's card as data, and a path or the table of
progress as HTML, which `paths.js` brings to life. What it leaves out: what the reader did, which
is known in their browser alone.
"""

import html
import json
import re
from dataclasses import dataclass
from pathlib import Path

from companion.exercises import CHAPTERS, WITH_TENSORS
from companion.owning import CHAPTER as OWN
from companion.owning import TASKS
from companion.quizzing import Quiz, quizzes

MINUTES = re.compile(r"\*\*Minutes\*\* ([0-9]+) .*?([0-9]+) more")
"""What a card says: minutes to read and run, and more for its exercises."""

PATHS: dict[str, tuple[str, ...]] = {
    "learner": (
        "00_start_here",
        "01_formatting",
        "02_tokenizing",
        "03_padding",
        "04_shifting",
        "05_ignoring",
        "06_masking",
        "07_collating",
        "08_auditing",
        "own_batch",
        "14_training",
        "15_styles",
    ),
    "chats": (
        "00_start_here",
        "02_tokenizing",
        "04_shifting",
        "06_masking",
        "13_chatting",
        "08_auditing",
        "11_packing",
    ),
    "trainer": (
        "04_shifting",
        "05_ignoring",
        "07_collating",
        "08_auditing",
        "own_trainer",
        "09_bucketing",
        "10_loading",
        "11_packing",
        "12_ranks",
        "14_training",
        "15_styles",
    ),
    "teacher": (
        "00_start_here",
        "03_padding",
        "04_shifting",
        "05_ignoring",
        "07_collating",
        "08_auditing",
        "own_batch",
    ),
}
"""The pages of each path, in order."""


@dataclass(frozen=True)
class Chapter:
    """A page of the book as its card tells it: minutes to read, and more for the exercises.

    `exercises`: their names, in order; `here`: how many of them can be solved in a page.
    """

    page: str
    title: str
    minutes: int = 0
    more: int = 0
    exercises: tuple[str, ...] = ()
    questions: int = 0

    @property
    def name(self) -> str:
        """The chapter's name without its number, as in a line to hand in."""
        return re.sub(r"^[0-9]+_", "", self.page)

    @property
    def here(self) -> int:
        return sum(name not in WITH_TENSORS for name in self.exercises)


def read_chapter(path: Path) -> Chapter:
    """Read a notebook's title and card; it may have no card, and then takes no minutes."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    text = "".join(cells[0]["source"])
    title = re.search(r"^# (.*)", text)
    card = MINUTES.search(text)
    minutes, more = map(int, card.groups()) if card else (0, 0)
    page = path.stem
    tasks = tuple(f"task {number}" for number in range(1, TASKS + 1)) if page == OWN else ()
    return Chapter(
        page,
        title[1] if title else page,
        minutes,
        more,
        tasks or CHAPTERS.get(re.sub(r"^[0-9]+_", "", page), ()),
        len(Quiz(page).questions) if page in quizzes() else 0,
    )


def read_chapters(folder: Path) -> list[Chapter]:
    """Read the chapters that have exercises or a quiz, in the book's order."""
    read = map(read_chapter, sorted([*folder.glob("[0-9]*.ipynb"), *folder.glob(f"{OWN}.ipynb")]))
    return [chapter for chapter in read if chapter.exercises or chapter.questions]


def path_html(who: str, folder: Path) -> str:
    """Give a path as a list of links with minutes.

    Raises `ValueError` where there is no such path, or a page of it is not there.
    """
    if who not in PATHS:
        raise ValueError(f"a path is one of {', '.join(PATHS)}; found {who!r}")
    files = [folder / f"{page}.ipynb" for page in PATHS[who]]
    missing = [file.name for file in files if not file.is_file()]
    if missing:
        raise ValueError(f"the path {who!r} leads over pages that are not there: {missing[0]}")
    chapters = [read_chapter(file) for file in files]
    items = "\n".join(
        f'<li data-page="{chapter.page}"><a href="{chapter.page}.html">'
        f'{html.escape(chapter.title)}</a> <span class="path-minutes">{_minutes(chapter)}</span>'
        f'<span class="path-done"></span></li>'
        for chapter in chapters
    )
    read, more = (sum(getattr(one, part) for one in chapters) for part in ("minutes", "more"))
    return (
        f'<div class="path" data-path="{who}">\n<ol>\n{items}\n</ol>\n'
        f"<p>In all {hours(read)} to read and run, and {hours(more)} more for the exercises.</p>\n"
        '<p class="path-next" role="status"></p>\n</div>'
    )


def progress_html(folder: Path) -> str:
    """Give the table of all chapters, with what there is to do in each."""
    rows = "\n".join(
        f'<tr data-page="{one.page}"><th scope="row"><a href="{one.page}.html">'
        f"{html.escape(one.title.split(':')[0])}</a></th>"
        f"<td>{len(one.exercises)}</td><td>{one.questions}</td><td></td></tr>"
        for one in read_chapters(folder)
    )
    return (
        '<div class="progress-of">\n<table class="progress-table">\n<thead><tr>'
        '<th scope="col">Chapter</th><th scope="col">Exercises</th><th scope="col">Quiz</th>'
        '<th scope="col">Your turn</th></tr>'
        f"</thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
    )


def hours(minutes: int) -> str:
    """Say minutes as hours, to five minutes.

    >>> hours(45), hours(62), hours(187)
    ('45 minutes', '1 hour', '3 hours and 5 minutes')
    """
    whole, rest = divmod(5 * round(minutes / 5), 60)
    said = [f"{whole} hour{'s' * (whole > 1)}"] * (whole > 0) + [f"{rest} minutes"] * (rest > 0)
    return " and ".join(said)


def _minutes(chapter: Chapter) -> str:
    if not chapter.minutes:
        return ""
    return f"{chapter.minutes} minutes, exercises {chapter.more}"
