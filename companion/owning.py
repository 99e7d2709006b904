"""A batch of one's own: rows and tasks that follow from a learner's name, with their answers.

Takes a name and gives small rows of token ids and eight tasks over the steps, the same on every
machine and for ever; another name has other rows and other answers, so that an answer cannot be
taken over. `learning/owning.js` is its twin, which makes the same in a page. What it leaves out:
how much an answer is worth, and the steps themselves, which the chapters explain.
"""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from companion.checking import Verdict
from companion.exercises.making import END_ID
from companion.handing import HandIn, Work, write_line
from companion.naming import clean_name, fold_name, number_of

IGNORED = -100
CHAPTER = "own_batch"
TASKS = 8


@dataclass(frozen=True)
class Row:
    """A text as ids; the first `prompt` of them are its prompt, the others its response."""

    ids: tuple[int, ...]
    prompt: int

    @property
    def length(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Task:
    """A question about the batch of a name, and its answer as whole numbers.

    `any_order`: whether the numbers are a set of positions. `hint`: what is said of a wrong
    answer. `table`: targets to look at, where the question is about some.
    """

    step: str
    question: str
    answer: tuple[int, ...]
    hint: str
    any_order: bool = False
    table: tuple[tuple[int, ...], ...] = ()


@dataclass(eq=False)
class OwnBatch:
    """The batch and the tasks of a name; `ValueError` for a name that is none.

    `solved`: the tasks that this object has seen answered right.

    >>> own = OwnBatch("Ada Lovelace")
    >>> own.rows[0]
    Row(ids=(...), prompt=...)
    >>> own.check(1, 2, 2)
    Task 1, pad: not yet. Every text gets an end token, and the longest decides for all.
    >>> bool(own.check(1, *own.tasks[0].answer))
    True
    """

    name: str
    solved: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.name = clean_name(self.name)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The texts of the batch, three to five."""
        return _rows_of(fold_name(self.name))

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """The eight tasks, in the order of the steps."""
        return _tasks_of(fold_name(self.name), self.rows)

    def check(self, number: int, *answer: int | str | Sequence[int]) -> Verdict:
        """Say whether an answer is right, and if not, what to think about.

        `answer`: whole numbers, a list of them, or a text with them. Raises `ValueError` where
        there is no such task.
        """
        if number not in range(1, TASKS + 1):
            raise ValueError(f"the tasks are numbered 1 to {TASKS}; found {number!r}")
        task = self.tasks[number - 1]
        given: list[int] = []
        for part in answer:
            if isinstance(part, str):
                given += numbers_in(part, task.any_order)
            elif isinstance(part, int):
                given.append(part)
            else:
                given += part
        told = f"Task {number}, {task.step}:"
        if not given:
            return Verdict(False, f"{told} not attempted yet")
        right = (sorted({*given}) if task.any_order else given) == [*task.answer]
        if right:
            self.solved.add(number)
        return Verdict(right, f"{told} right." if right else f"{told} not yet. {task.hint}")

    def hand_in(self) -> HandIn:
        """Give the line to hand in, with the tasks that are solved."""
        line = write_line(Work(self.name, CHAPTER, tuple(sorted(self.solved)), TASKS))
        return HandIn([line])

    def __repr__(self) -> str:
        """Give the rows and the questions as lines."""
        lines = [f"The batch of {self.name}"]
        lines += [f"row {at}: {_told(row)}" for at, row in enumerate(self.rows)]
        for number, task in enumerate(self.tasks, 1):
            lines += [f"{number}. {task.question}"]
            lines += [
                f"   row {at}: {' '.join(map(str, row))}" for at, row in enumerate(task.table)
            ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        asked = "".join(f"<li><p>{one.question}</p>{_targets(one)}</li>" for one in self.tasks)
        return (
            f'<div class="own-batch"><p>The batch of {html.escape(self.name)}</p>'
            f"{table_html(self.rows)}<ol>{asked}</ol></div>"
        )


def answers_for(name: str) -> str:
    """Give the answers to the tasks of a name, for whoever teaches.

    >>> print(answers_for("Ada Lovelace"))
    Ada Lovelace: 1: ...; 8: ...
    """
    tasks = OwnBatch(name).tasks
    told = (f"{at}: {' '.join(map(str, task.answer))}" for at, task in enumerate(tasks, 1))
    return f"{clean_name(name)}: {'; '.join(told)}"


def table_html(rows: Sequence[Row]) -> str:
    """Give the rows as the book shows a batch, prompt and response apart."""
    cells = [
        [
            _cell(id, "instruction" if at < row.prompt else "response", at < row.prompt)
            for at, id in enumerate(row.ids)
        ]
        for row in rows
    ]
    legend = "".join(
        f'<li><i data-role="{role}"></i>{word}</li>'
        for role, word in (("instruction", "prompt"), ("response", "response"))
    )
    looks = f'<ul class="bt-legend" aria-label="What the looks mean" hidden>{legend}</ul>'
    return _table("Your rows, before any step", "", cells, looks)


def _cell(id: int, role: str, is_prompt: bool) -> str:
    spoken = "prompt" if is_prompt else "response"
    return f'<td data-role="{role}">{id}<span class="bt-spoken">, {spoken}</span></td>'


def _targets(task: Task) -> str:
    if not task.table:
        return ""
    cells = [[f"<td>{id}</td>" for id in row] for row in task.table]
    return _table("Targets, as somebody made them", " targets", cells)


def _table(name: str, kind: str, rows: list[list[str]], legend: str = "") -> str:
    positions = "".join(f'<th scope="col">{at}</th>' for at in range(max(map(len, rows))))
    body = "".join(
        f'<tr><th scope="row">row {at}{kind}</th>{"".join(row)}</tr>' for at, row in enumerate(rows)
    )
    return (
        f'<div class="batch-table"><div class="bt-scroll" role="region" tabindex="0" '
        f'aria-label="{name}"><table class="bt" border="1" cellpadding="4">'
        f'<caption><span>{name}</span></caption><thead><tr><th scope="col">position</th>'
        f"{positions}</tr></thead><tbody>{body}</tbody></table></div>{legend}</div>"
    )


def _told(row: Row) -> str:
    prompt, response = row.ids[: row.prompt], row.ids[row.prompt :]
    return f"{' '.join(map(str, prompt))} | {' '.join(map(str, response))}"


# What follows from a name ----------------------------------------------------------------


def _draw(folded: str, what: str, below: int) -> int:
    """Draw a number from 0 on; each stands by itself, so that a new one changes no other."""
    return number_of(f"{folded}\n{what}") % below


def _rows_of(folded: str) -> tuple[Row, ...]:
    """Give rows of which one is the longest, and one other holds an end token in its response.

    Every other row is shorter by two tokens or more, so that it has pads among the inputs.
    """
    count = 3 + _draw(folded, "rows", 3)
    width = 7 + _draw(folded, "longest", 6)
    longest = _draw(folded, "longest row", count)
    speaks = (longest + 1 + _draw(folded, "end row", count - 1)) % count
    rows = []
    for at in range(count):
        length = width if at == longest else 4 + _draw(folded, f"length {at}", width - 5)
        prompt = 2 + _draw(folded, f"prompt {at}", length - 3)
        ids = [10 + _draw(folded, f"id {at} {place}", 90) for place in range(length)]
        for place in range(1, length):
            if ids[place] == ids[place - 1]:  # else a target could look right by chance
                ids[place] = 10 + (ids[place] - 9) % 90
        if at == speaks:
            ids[prompt + _draw(folded, "end place", length - 1 - prompt)] = END_ID
        rows.append(Row(tuple(ids), prompt))
    return tuple(rows)


def _tasks_of(folded: str, rows: tuple[Row, ...]) -> tuple[Task, ...]:
    width = max(row.length for row in rows)
    slots = len(rows) * width
    pads = sum(width - 1 - row.length for row in rows if row.length < width)
    speaks = next(at for at, row in enumerate(rows) if END_ID in row.ids)
    asked = (speaks + 1 + _draw(folded, "shift row", len(rows) - 1)) % len(rows)
    place = _draw(folded, "shift place", rows[asked].length - 1)
    graded = (speaks + 1 + _draw(folded, "mask row", len(rows) - 1)) % len(rows)
    fault_row, fault_place, made = _fault(folded, rows, width)
    lengths = _lengths(folded)
    packs = _best_fit(lengths, max(lengths))
    return (
        Task(
            "pad",
            "How many rows, and how many columns, has the block after Pad?",
            (len(rows), width + 1),
            "Every text gets an end token, and the longest decides for all.",
        ),
        Task(
            "pad",
            "How many slots of the inputs are pads, and how many slots do the inputs have?",
            (pads, slots),
            "The inputs are the block without its last column, and an end token is no pad.",
        ),
        Task(
            "shift",
            f"Nothing is masked. Which ids are the targets of row {asked} at position {place} and "
            f"at position {rows[asked].length - 1}?",
            (rows[asked].ids[place + 1], END_ID),
            "A target is the token that comes next; after a text comes its end token, which is "
            f"{END_ID}.",
        ),
        Task(
            "ignore",
            f"Nothing is masked. At which positions are the targets of row {speaks} ignored?",
            tuple(range(rows[speaks].length, width)),
            "An end token inside a text is a token like any other; what comes after the one that "
            "Pad appended is ignored.",
            any_order=True,
        ),
        Task(
            "mask",
            f"The prompts are masked. At which positions are the targets of row {graded} graded?",
            tuple(range(rows[graded].prompt - 1, rows[graded].length)),
            "The last token of the prompt is asked for the first of the response, and the last of "
            "the response for the end token.",
            any_order=True,
        ),
        Task(
            "mask",
            "The prompts are masked. How many targets of the whole batch are graded?",
            (sum(row.length - row.prompt + 1 for row in rows),),
            "In each row the tokens of the response are graded, and one end token.",
        ),
        Task(
            "audit",
            "The prompts are masked, and one of these targets is wrong. In which row, at which "
            "position?",
            (fault_row, fault_place),
            "Compare each with the token that comes next; those of prompts and pads are "
            f"{IGNORED}, and no others.",
            table=made,
        ),
        Task(
            "pack",
            f"{len(lengths)} texts of {', '.join(map(str, lengths))} tokens are packed, the "
            "longest first, each where the least room is left over. A pack has as many slots as "
            "the longest text has tokens. How many packs are there, and how many slots fewer than "
            "the inputs of a block of them have?",
            (packs, (len(lengths) - packs) * max(lengths)),
            "A text takes as many slots as it has tokens; a new pack begins where no other has "
            "room. The inputs of a batch have a row for each text.",
        ),
    )


def _fault(
    folded: str, rows: tuple[Row, ...], width: int
) -> tuple[int, int, tuple[tuple[int, ...], ...]]:
    """Give the row and position of one wrong target, and all targets with it."""
    targets = [
        [
            (*row.ids, END_ID)[at + 1] if row.prompt - 1 <= at < row.length else IGNORED
            for at in range(width)
        ]
        for row in rows
    ]
    at = _draw(folded, "fault row", len(rows))
    row = rows[at]
    kinds = [
        (row.length - 1, IGNORED),  # the end token is ignored
        (row.prompt - 1, IGNORED),  # the mask ends one token late
        (row.prompt - 2, row.ids[row.prompt - 1]),  # or one early
    ]
    if row.length < width:
        kinds.append((row.length, END_ID))  # a pad is graded
    if END_ID in row.ids:
        kinds.append((row.ids.index(END_ID) - 1, IGNORED))  # ignored by its value
    moved = row.prompt - 1 + _draw(folded, "fault place", row.length - row.prompt)
    kinds.append((moved, row.ids[moved]))  # not shifted
    place, wrong = kinds[_draw(folded, "fault", len(kinds))]
    targets[at][place] = wrong
    return at, place, tuple(map(tuple, targets))


def _lengths(folded: str) -> tuple[int, ...]:
    """Draw the lengths of six or seven texts that need four packs or fewer."""
    count = 6 + _draw(folded, "packed", 2)
    longest = 9 + _draw(folded, "longest packed", 8)
    turn = 0
    while True:
        lengths = [2 + _draw(folded, f"packed {at} {turn}", longest - 4) for at in range(count)]
        lengths[_draw(folded, "longest packed at", count)] = longest
        if _best_fit(tuple(lengths), longest) <= 4:
            return tuple(lengths)
        turn += 1


def _best_fit(lengths: tuple[int, ...], room: int) -> int:
    """Count the packs of best fit, the longest first; a plain loop, for a page has it, too."""
    rooms: list[int] = []
    for length in sorted(lengths, reverse=True):
        fitting = [left for left in rooms if left >= length]
        if fitting:
            rooms.remove(min(fitting))
        rooms.append((min(fitting) if fitting else room) - length)
    return len(rooms)


def numbers_in(text: str, any_order: bool = False) -> list[int]:
    """Read the numbers of an answer that was typed; `3-5` is 3, 4 and 5 where order is free.

    >>> numbers_in("4 rows, 9 columns"), numbers_in("2, 4-6", any_order=True)
    ([4, 9], [2, 4, 5, 6])
    """
    if any_order:
        text = re.sub(
            r"([0-9]{1,3}) ?[-\u2013] ?([0-9]{1,3})",
            lambda span: " ".join(map(str, range(int(span[1]), int(span[2]) + 1))),
            text,
        )
    return [int(found) for found in re.findall(r"[0-9]{1,9}", text)]
