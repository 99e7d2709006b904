"""The quiz of a chapter: questions whose every choice teaches something.

Takes `data/quizzes/NN_name.json`, named as the chapter is. A `Quiz` is read in a notebook, on
paper and in a page from the same data; in a page, a script beside it counts what was answered
at once and what at a second try. What it leaves out: a mark for the person; it is for learning.
"""

import html
import json
import re
from dataclasses import dataclass
from importlib.resources import files

VERDICTS = {"right": "Yes.", "wrong": "No.", "almost": "Not quite."}
"""How a choice is answered; `almost` is wrong, too, for a reason that is half right."""


@dataclass(frozen=True)
class Choice:
    """One answer to choose: its text, a verdict of `VERDICTS`, and what is to be said about it."""

    text: str
    verdict: str
    teaches: str


@dataclass(frozen=True)
class Question:
    """A question and its choices, exactly one of them right."""

    text: str
    choices: tuple[Choice, ...]

    def __post_init__(self) -> None:
        verdicts = [choice.verdict for choice in self.choices]
        if verdicts.count("right") != 1 or not VERDICTS.keys() >= {*verdicts}:
            raise ValueError(
                f"one choice of a question is right, and the others are wrong or almost; found "
                f"{', '.join(verdicts)} in {self.text!r}"
            )


@dataclass(frozen=True, repr=False)
class Quiz:
    """The quiz of a chapter, such as "03_padding"; what stands between backticks is code.

    Raises `ValueError` where there is no such quiz.

    >>> print(Quiz("00_start_here").questions[0].text)
    A text has five tokens. How many questions does a model get from it?
    """

    chapter: str

    def __post_init__(self) -> None:
        if self.chapter not in quizzes():
            raise ValueError(f"there is no quiz {self.chapter!r}; there are {', '.join(quizzes())}")

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions, in order."""
        file = files("companion") / "data" / "quizzes" / f"{self.chapter}.json"
        return tuple(
            Question(asked["question"], tuple(Choice(**choice) for choice in asked["choices"]))
            for asked in json.loads(file.read_text("utf-8"))
        )

    def __repr__(self) -> str:
        """Give the questions and choices as lines, without the verdicts."""
        return "\n".join(
            "\n".join([f"{number}. {asked.text}", *(f"   ( ) {c.text}" for c in asked.choices)])
            for number, asked in enumerate(self.questions, 1)
        )

    def _repr_html_(self) -> str:
        asked = "\n".join(
            _question(number, question) for number, question in enumerate(self.questions, 1)
        )
        return f'<div class="quiz-of" data-quiz="{html.escape(self.chapter)}">\n{asked}\n</div>'


def quizzes() -> list[str]:
    """Give the chapters that have a quiz, in the order of the book.

    >>> quizzes()[0]
    '00_start_here'
    """
    found = (files("companion") / "data" / "quizzes").iterdir()
    return sorted(file.name.removesuffix(".json") for file in found if file.name.endswith(".json"))


def _question(number: int, question: Question) -> str:
    choices = "\n".join(
        f'<details data-verdict="{choice.verdict}"><summary>{_marked(choice.text)}</summary>\n'
        f"<p><strong>{VERDICTS[choice.verdict]}</strong> {_marked(choice.teaches)}</p></details>"
        for choice in question.choices
    )
    return (
        f"<p><strong>{number}. {_marked(question.text)}</strong></p>\n"
        f'<div class="quiz">\n{choices}\n</div>'
    )


def _marked(text: str) -> str:
    """Give text as HTML, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
