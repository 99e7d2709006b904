"""A line to hand in: a chapter's work as one short line, with the learner's name and a sum.

Takes what was done (exercises solved, turns taken, quiz) and gives a line that reads by
itself, and that survives a mail program:

    Inside the Batch 1 | Ada | padding | exercises 1 2 4 of 5 | turns shift | quiz not counted | ...

Its last seven signs are a sum over all that stands before: a sign that was mistyped or lost
is noticed. `learning/handing.js` is its twin, which writes and reads the same in a page. What
it leaves out: who did the work. The line tells what was done in a browser or a notebook; it is
no proof of the person, and whoever reads this file can write one.
"""

import re
from dataclasses import dataclass

from companion.checking import passed
from companion.exercises import CHAPTERS
from companion.naming import clean, clean_name, number_of

VERSION = 1
TURNS = ("shift", "ignore", "mask")
"""The steps at which an explorer lets the reader have a turn."""

PARTS = 7
_SIGNS = "0123456789abcdefghjkmnpqrstvwxyz"  # no i, l, o, u: they are taken for others
_SUM = re.compile(f"[{_SIGNS}]{{7}}")
_MARK = re.compile(r"Inside the Batch ([0-9]+)")
_CHAPTER = re.compile(r"[a-z][a-z_]*")
_SOLVED = re.compile(r"exercises (none|[0-9]{1,2}(?: [0-9]{1,2})*) of ([0-9]{1,2})")
_TURNS = re.compile(r"turns (not counted|none|[a-z]+(?: [a-z]+)*)")
_QUIZ = re.compile(r"quiz (?:not counted|([0-9]{1,2}) of ([0-9]{1,2}), ([0-9]{1,2}) at once)")


@dataclass(frozen=True)
class Quizzed:
    """A quiz: questions answered right, those of them at the first try, and questions in all."""

    right: int
    once: int
    questions: int


@dataclass(frozen=True)
class Work:
    """What a learner did in one chapter.

    `chapter`: such as "padding", without its number. `solved`: the numbers of the exercises
    that are solved, counted from 1 in the chapter's order, of `exercises` there are. `turns`:
    those of `TURNS` that were taken. `turns` and `quiz` are None where nobody counted them, as
    in a notebook.
    """

    name: str
    chapter: str
    solved: tuple[int, ...]
    exercises: int
    turns: tuple[str, ...] | None = None
    quiz: Quizzed | None = None


def write_line(work: Work) -> str:
    """Give the line for a chapter's work; `ValueError` for a name that is none.

    >>> write_line(Work("Ada", "padding", (1, 2, 4), 5, ("shift",), Quizzed(4, 3, 4)))
    'Inside the Batch 1 | Ada | padding | exercises 1 2 4 of 5 | turns shift |
    quiz 4 of 4, 3 at once | ...'
    """
    quiz = work.quiz
    parts = [
        f"Inside the Batch {VERSION}",
        clean_name(work.name),
        work.chapter,
        f"exercises {' '.join(map(str, work.solved)) or 'none'} of {work.exercises}",
        f"turns {'not counted' if work.turns is None else ' '.join(work.turns) or 'none'}",
        "quiz not counted"
        if quiz is None
        else f"quiz {quiz.right} of {quiz.questions}, {quiz.once} at once",
    ]
    return " | ".join([*parts, _sum_of(parts)])


def read_line(line: str) -> Work:
    r"""Read what `write_line` wrote, over line breaks, `>` and spaces that a mail program added.

    Raises `ValueError`, with one sentence, for a line that is cut off, mistyped, or of another
    version.

    >>> read_line(write_line(Work("Ada", "padding", (1, 2), 5)).replace(" | ", "\n> | ")).solved
    (1, 2)
    >>> read_line("Inside the Batch 1 | Ada | padding | exercises 1 2")
    Traceback (most recent call last):
    ValueError: the line is cut off after "exercises 1 2"; it ends with a sum of 7 signs: copy all
    of it
    """
    parts = [clean(part) for part in re.sub(r"[\r\n][\t >]*", " ", line).split("|")]
    mark = _MARK.fullmatch(parts[0])
    if not mark:
        raise ValueError(
            f'a line to hand in begins with "Inside the Batch {VERSION} |"; found '
            f'"{_short(parts[0])}": copy it from its beginning'
        )
    if mark[1] != str(VERSION):
        raise ValueError(
            f"the line is of version {mark[1]}, and this is a book that reads version {VERSION}: "
            f"take the book that wrote it"
        )
    told = parts[-1].lower().translate(str.maketrans("oil", "011"))
    if len(parts) < PARTS or (len(parts) == PARTS and len(told) < 7):
        last = next(part for part in reversed(parts[: PARTS - 1]) if part)
        raise ValueError(
            f'the line is cut off after "{_short(last)}"; it ends with a sum of 7 signs: '
            f"copy all of it"
        )
    if len(parts) > PARTS or not _SUM.fullmatch(told):
        raise ValueError(
            f"the line has {PARTS} parts and ends with a sum of 7 signs; found "
            f'"{_short(parts[-1])}" at its end: give one line at a time, and nothing after it'
        )
    if told != _sum_of(parts[:-1]):
        raise ValueError(
            "the line and its sum do not fit: a sign of it was changed on the way; copy it again, "
            "and type nothing by hand"
        )
    work = _work_of(parts)
    if work is None:
        raise ValueError(
            "the line was written by another edition of the book, which says more than this one "
            "reads: take the edition that wrote it"
        )
    return work


def find_lines(text: str) -> list[str]:
    r"""Find the lines to hand in among other text, as in a mail; each is there to be read.

    A line that is cut off is found, too: `read_line` says what it lacks.

    >>> line = write_line(Work("Ada", "padding", (), 5))
    >>> find_lines(f"Hello,\n{line}\nBest, Ada") == [line]
    True
    """
    begin = r"Inside[\s>]+the[\s>]+Batch[\s>]+[0-9]+[\s>]*\|"
    found = re.split(f"(?={begin})", text)[1:]
    whole = re.compile(rf"(?:[^|]*\|){{{PARTS - 1}}}[\s>]*\w{{7}}\b")
    return [(match[0] if (match := whole.match(one)) else one).strip() for one in found]


class HandIn(tuple[str, ...]):
    """Lines to hand in, which print one below the other."""

    def __repr__(self) -> str:
        return "\n".join(self)


def hand_in(name: str, chapter: str | None = None) -> HandIn:
    """Give the line for each chapter of which `check` has seen exercises solved.

    It knows what `check` saw since Python was started, as `companion.checking.passed` tells,
    and nothing of a page. `chapter`: one of the keys of `companion.exercises.CHAPTERS`, where
    only that is wanted. Raises `ValueError` for another chapter, for a name that is none, and
    where nothing was solved.
    """
    if chapter is not None and chapter not in CHAPTERS:
        raise ValueError(f"there is no chapter {chapter!r}; there are {', '.join(CHAPTERS)}")
    seen = passed()
    works = [
        Work(name, own, solved, len(names))
        for own, names in CHAPTERS.items()
        if chapter in (None, own)
        and (solved := tuple(at for at, each in enumerate(names, 1) if each in seen))
    ]
    if not works:
        raise ValueError(
            "there is nothing to hand in: check has seen no exercise solved since Python was "
            "started; run the cells with your answers again"
        )
    return HandIn(map(write_line, works))


def _sum_of(parts: list[str]) -> str:
    """Give the sum over a line's parts: a number of 32 bits, five bits a sign."""
    number = number_of(" | ".join(parts))
    return "".join(_SIGNS[number >> 5 * place & 31] for place in range(6, -1, -1))


def _work_of(parts: list[str]) -> Work | None:
    """Read the parts of a line whose sum fits; None where they say what is not known here."""
    chapter = _CHAPTER.fullmatch(parts[2])
    solved, turns, quiz = (
        pattern.fullmatch(part)
        for pattern, part in zip((_SOLVED, _TURNS, _QUIZ), parts[3:6], strict=True)
    )
    if not (chapter and solved and turns and quiz):
        return None
    work = Work(
        parts[1],
        chapter[0],
        () if solved[1] == "none" else tuple(map(int, solved[1].split())),
        int(solved[2]),
        {"none": (), "not counted": None}.get(turns[1], tuple(turns[1].split())),
        Quizzed(int(quiz[1]), int(quiz[3]), int(quiz[2])) if quiz[1] else None,
    )
    is_known = (
        list(work.solved) == sorted({*work.solved} & {*range(1, work.exercises + 1)})
        and work.turns in (None, tuple(turn for turn in TURNS if turn in (work.turns or ())))
        and (work.quiz is None or work.quiz.once <= work.quiz.right <= work.quiz.questions)
    )
    return work if is_known else None


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
