"""What a chapter promises and what asks for it: a table for teachers, made from the chapters.

A chapter's card says what a reader will be able to do. Each of these objectives is asked for by
an exercise, or by a prediction, or in the quiz; which one is said here, and nothing else is: the
objectives are read from the cards, the minutes too. What it leaves out: what a teacher does with
the table, which is the page on teaching.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from companion.exercises import CHAPTERS
from companion.learning.paths import MINUTES

ASKED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "start_here": (
        ("grid_shape", "must_say", "mean_surprise"),
        ("predict: Two models, one difference",),
    ),
    "formatting": (
        ("alpaca_prompt", "fill_template", "bad_field"),
        ("predict: What a style costs",),
        ("inference_prompt", "cut_answer"),
    ),
    "tokenizing": (
        ("byte_ids", "decode_tokens"),
        ("next_join",),
        ("chat_ids",),
        ("response_start",),
    ),
    "padding": (
        ("attention_mask", "pad_left"),
        ("block_shape", "rounded_width"),
        ("share_of_pads",),
    ),
    "shifting": (("shift_block", "unshift"), ("questions", "end_columns"), ("times_shifted",)),
    "ignoring": (
        ("mean_over_supervised",),
        ("ignore_pads", "supervised_count"),
        ("never_stops",),
    ),
    "masking": (("mask_prompt", "mask_turns"), ("response_loss",), ("must_be_given",)),
    "collating": (
        ("collate_lists", "supervised_share"),
        ("predict: What a DataLoader does",),
        ("keep_end", "lost_responses"),
    ),
    "auditing": (
        ("shift_of", "mask_error", "border_columns"),
        ("predict: Batch 1: answers that never end",),
        ("predict: What only you can know",),
    ),
    "bucketing": (
        ("widths_of", "share_of_epoch"),
        ("predict: The padding lab",),
        ("bucket_batches",),
        ("predict: The same loss, or not?",),
    ),
    "loading": (
        ("worker_batches", "move_batch"),
        ("predict: What workers hold in memory",),
        ("predict: A notebook's function in a spawned worker",),
        ("step_time",),
    ),
    "packing": (("packed_targets", "packed_positions", "best_pack"), ("may_read",)),
    "ranks": (
        ("each_once",),
        ("losses_for_backward",),
        ("quiz: memory map",),
        ("share_waited", "predict: A plan on paper"),
    ),
    "chatting": (
        ("chatml", "answer_spans"),
        ("predict: One conversation, seven libraries",),
        ("one_beginning", "first_broken", "drop_oldest"),
    ),
    "training": (
        ("exact_share", "paired_differences", "middle_95"),
        ("first_loss", "doctor"),
    ),
    "styles": (
        ("paired_rounds", "still_found"),
        ("read_interval",),
        ("flaw",),
        ("entries_needed", "predict: After tuning: the styles"),
    ),
}
"""For each chapter, and each objective on its card in their order, what asks for it: exercises by
name, a prediction by the heading of its section, or the quiz by words of the question."""


BESIDE = ("before",)
"""Pages that have exercises and are no chapters, with no card of objectives."""


class Card(NamedTuple):
    """What a chapter's card says: the title, the objectives, minutes to read and to answer."""

    title: str
    objectives: list[str]
    reading: int
    exercises: int


def chapter_files(book: Path) -> dict[str, Path]:
    """Give the notebook of each numbered chapter that has exercises, by the chapter's name.

    Raises `ValueError` for a chapter without a notebook.
    """
    there = {path.stem.split("_", 1)[1]: path for path in sorted(book.glob("[0-9]*_*.ipynb"))}
    chapters = [name for name in CHAPTERS if name not in BESIDE]
    missing = [name for name in chapters if name not in there]
    if missing:
        raise ValueError(f"{book} has no notebook for {', '.join(missing)}")
    return {name: there[name] for name in chapters}


def prose_of(path: Path) -> str:
    """Give all that a notebook says outside of its code."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join(
        cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        for cell in cells
        if cell["cell_type"] == "markdown"
    )


def read_card(prose: str) -> Card:
    r"""Read the card of a chapter, given as its prose.

    Objectives are separated by semicolons, or by commas where the card has no semicolon.

    >>> read_card('''# 3. Pad
    ... - **You'll be able to** make a block, say how wide it is, and say how much is padding.
    ... - **Minutes** 25 to read and run, 20 more for the five exercises.''')
    Card(title='3. Pad',
         objectives=['make a block', 'say how wide it is', 'say how much is padding'],
         reading=25, exercises=20)
    """
    title = re.search(r"^# (.*)$", prose, re.MULTILINE)
    able = re.search(r"\*\*You'll be able to\*\* (.*?)\.?$", prose, re.MULTILINE)
    minutes = MINUTES.search(prose)
    if not (title and able and minutes):
        raise ValueError("a chapter's card needs a title, *You'll be able to* and *Minutes*")
    mark = ";" if ";" in able[1] else ","
    objectives = [re.sub(r"^and ", "", part.strip()) for part in able[1].split(mark)]
    return Card(title[1], objectives, int(minutes[1]), int(minutes[2]))


def said_of(task: str) -> str:
    """Give how the table names a task, in Markdown.

    >>> said_of("grid_shape")
    '`grid_shape`'
    >>> said_of("predict: A plan on paper")
    'the prediction in *A plan on paper*'
    """
    kind, _, words = task.partition(": ")
    return {
        "predict": f"the prediction in *{words}*",
        "quiz": f"the quiz, on *{words}*",
    }.get(kind, f"`{task}`")


def objectives_table(book: Path) -> str:
    """Give the table of objectives, minutes and what asks for them, in Markdown.

    Raises `ValueError` where a card has another number of objectives than are asked for.
    """
    rows = ["| chapter | you'll be able to | asked for by |", "|---|---|---|"]
    for name, path in chapter_files(book).items():
        card = read_card(prose_of(path))
        if name not in ASKED or len(ASKED[name]) != len(card.objectives):
            raise ValueError(
                f"the card of {path.name} has {len(card.objectives)} objectives, and "
                f"companion.publishing.objectives.ASKED says what asks for "
                f"{len(ASKED.get(name, ()))}: {card.objectives}"
            )
        for number, (objective, tasks) in enumerate(zip(card.objectives, ASKED[name], strict=True)):
            first = f"[{card.title}]({path.name})" if number == 0 else ""
            rows.append(f"| {first} | {objective} | {', '.join(map(said_of, tasks))} |")
    return "\n".join(rows)


def minutes_table(book: Path) -> str:
    """Give the table of the chapters' minutes, with their sums, in Markdown."""
    rows = ["| chapter | to read and run | its exercises |", "|---|--:|--:|"]
    total = [0, 0]
    for path in chapter_files(book).values():
        card = read_card(prose_of(path))
        total = [total[0] + card.reading, total[1] + card.exercises]
        rows.append(f"| [{card.title}]({path.name}) | {card.reading} | {card.exercises} |")
    return "\n".join([*rows, f"| all of them | {total[0]} | {total[1]} |"])
