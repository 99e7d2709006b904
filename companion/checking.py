"""Exercises that check themselves: which property of an answer fails, and on what.

`check` takes the reader's function, calls it on chosen and on random cases, the smallest
first, with its arguments by name as the exercise states them, and says which property does
not hold yet, without giving the answer away. The exercises themselves stand in
`companion.exercises`, one module a chapter. What it leaves out: how an answer is written;
any function with the properties is right. The standard library is all it needs.
"""

import copy
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from companion import exercises
from companion.exercises.making import Case, Property

_passed: dict[str, None] = {}  # by name, in the order in which they were solved


@dataclass(frozen=True)
class Verdict:
    """What `check` found: whether the answer is right, and a sentence about it."""

    right: bool
    sentence: str

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return self.sentence


def check(function: Callable[..., Any]) -> Verdict:
    """Try the reader's function on the cases of the exercise that has its name.

    Raises `ValueError` where no exercise has that name; never for a wrong answer.

    >>> def block_shape(rows):
    ...     return len(rows), max(len(row) for row in rows)
    >>> check(block_shape)
    block_shape: not yet. There is room for one end token after the longest row.
    It fails for rows=[[0]], where your function gives (1, 1).
    """
    name = getattr(function, "__name__", repr(function))
    if name not in exercises.EXERCISES:
        there = ", ".join(exercises.EXERCISES)
        raise ValueError(f"there is no exercise {name!r}; there are {there}")
    exercise = exercises.EXERCISES[name]
    cases = exercise.cases()
    if not _takes(function, cases[0]):
        wanted = f"{name}({', '.join(cases[0])})"
        return Verdict(
            False,
            f"{name}: not yet. It is called by the names of its parameters, {wanted}, "
            f"and your function is {name}{inspect.signature(function)}.",
        )
    answers: list[Any] = []
    for case in cases:
        given = copy.deepcopy(case)
        try:
            answer = function(**given)
        except NotImplementedError:
            answer = None
        except Exception as error:  # whatever the reader's own code may raise is a finding
            raised = f"raises {type(error).__name__}: {error}"
            return Verdict(False, f"{name}: not yet. For {_shown(case)} your function {raised}")
        if answer is None or answer is ...:
            # A stub gives nothing for any case; a function that forgets one, only for some.
            if not answers:
                return Verdict(False, f"{name}: not attempted yet")
            return Verdict(
                False, f"{name}: not yet. For {_shown(case)} your function gives nothing."
            )
        if repr(given) != repr(case):
            return Verdict(
                False, f"{name}: not yet. Your function changes what it is given, {_shown(case)}."
            )
        answers.append(answer)
    for rule in exercise.properties:
        for case, answer in zip(cases, answers, strict=True):
            if not _holds(rule, answer, case):
                return Verdict(
                    False,
                    f"{name}: not yet. {rule.sentence}\n"
                    f"It fails for {_shown(case)}, where your function gives {_short(answer)}.",
                )
    _passed[name] = None
    return Verdict(True, f"{name}: right, on all {len(cases)} cases.")


def passed() -> tuple[str, ...]:
    """Give the exercises that `check` has found right since Python was started.

    It is for `companion.handing`, and no verdict depends on it. An exercise that was right
    once stays, whatever is tried afterwards.
    """
    return tuple(_passed)


def _takes(function: Callable[..., Any], case: Case) -> bool:
    """Tell whether a function can be called with the arguments of a case, by their names."""
    try:
        inspect.signature(function).bind(**case)
    except TypeError:
        return False
    return True


def _holds(rule: Property, answer: Any, case: Case) -> bool:
    try:
        return bool(rule.holds(answer, **case))
    except Exception:  # an answer of the wrong kind: no list, no shape, no length
        return False


def _shown(case: Case) -> str:
    return ", ".join(f"{name}={_short(value)}" for name, value in case.items())


def _short(value: Any) -> str:
    """Write a value on one line, cut where it would run over several."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 120 else text[:117] + "..."
