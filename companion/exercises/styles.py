"""The exercises of chapter 15: to read a comparison, and to make one.

The truths here are plain loops, and share no code with `companion.resampling`.
"""

import random
from typing import Any

from companion.exercises.making import Case, Exercise, Property


def _near(answer: Any, expected: float) -> bool:
    return not isinstance(answer, bool) and abs(float(answer) - expected) < 1e-6


# Read an interval --------------------------------------------------------------------------

WORDS = ("lower", "higher", "too close", "cannot tell")


def _read(low: float, high: float, matters: float) -> str:
    if high < 0:
        return "lower"
    if low > 0:
        return "higher"
    if low > -matters and high < matters:
        return "too close"
    return "cannot tell"


def _interval_case(dice: random.Random) -> Case:
    low, high = sorted(dice.sample(range(-30, 31), 2))
    return {"low": low / 100, "high": high / 100, "matters": dice.choice([0.05, 0.1, 0.2])}


def _says(word: str, sentence: str) -> Property:
    """Hold that this word is the answer where it is right, and only there."""

    def holds(answer: Any, low: float, high: float, matters: float) -> bool:
        return bool(answer == word) == (_read(low, high, matters) == word)

    return Property(sentence, holds)


read_interval = Exercise(
    "read_interval",
    (
        {"low": -0.2, "high": -0.1, "matters": 0.05},
        {"low": 0.1, "high": 0.2, "matters": 0.05},
        {"low": -0.01, "high": 0.02, "matters": 0.05},
        {"low": -0.2, "high": 0.02, "matters": 0.05},
        {"low": -0.02, "high": 0.2, "matters": 0.05},
    ),
    _interval_case,
    (
        Property("The answer is one of the four.", lambda answer, **case: answer in WORDS),
        _says("lower", "Where the whole interval lies below zero, the first is lower."),
        _says("higher", "Where the whole interval lies above zero, the first is higher."),
        _says(
            "too close",
            "An interval with zero in it shows that two are close only if no difference that "
            "matters, on either side, is in it.",
        ),
    ),
)


# A paired bootstrap by hand ----------------------------------------------------------------


def _pairs_case(dice: random.Random) -> Case:
    count, rounds = dice.randint(1, 5), dice.randint(1, 4)
    return {
        "one": [dice.randint(0, 20) / 4 for _ in range(count)],
        "other": [dice.randint(0, 20) / 4 for _ in range(count)],
        "drawn": [[dice.randrange(count) for _ in range(count)] for _ in range(rounds)],
    }


def _rounds(one: list[float], other: list[float], drawn: list[list[int]]) -> list[float]:
    means = []
    for places in drawn:
        total = 0.0
        for place in places:
            total += one[place] - other[place]
        means.append(total / len(places))
    return means


paired_rounds = Exercise(
    "paired_rounds",
    (
        {"one": [2.0], "other": [1.5], "drawn": [[0]]},
        {"one": [1.0, 3.0], "other": [1.0, 1.0], "drawn": [[0, 1]]},
        {"one": [1.0, 3.0], "other": [1.0, 1.0], "drawn": [[1, 1], [0, 0]]},
        {"one": [1.0, 3.0, 5.0], "other": [0.0, 4.0, 1.0], "drawn": [[2, 2, 0], [1, 0, 1]]},
    ),
    _pairs_case,
    (
        Property(
            "There is one mean for each round.",
            lambda answer, one, other, drawn: len(answer) == len(drawn),
        ),
        Property(
            "Where each entry is drawn once, the mean is that of all differences, first less "
            "second.",
            lambda answer, one, other, drawn: all(
                _near(mean, expected)
                for mean, expected, places in zip(
                    answer, _rounds(one, other, drawn), drawn, strict=True
                )
                if sorted(places) == list(range(len(one)))
            ),
        ),
        Property(
            "An entry that is drawn twice counts twice, on both sides, and one that is not drawn "
            "does not count.",
            lambda answer, one, other, drawn: all(map(_near, answer, _rounds(one, other, drawn))),
        ),
    ),
)


# Many comparisons --------------------------------------------------------------------------


def _holm(chances: list[float]) -> list[bool]:
    left, told = len(chances), [False] * len(chances)
    for chance, place in sorted((chance, place) for place, chance in enumerate(chances)):
        if chance * left >= 0.05:
            break
        told[place] = True
        left -= 1
    return told


def _chances_case(dice: random.Random) -> Case:
    values = [0.001, 0.004, 0.009, 0.012, 0.02, 0.03, 0.045, 0.2, 0.7]
    return {"chances": [dice.choice(values) for _ in range(dice.randint(1, 6))]}


still_found = Exercise(
    "still_found",
    (
        {"chances": [0.03]},
        {"chances": [0.07]},
        {"chances": [0.03, 0.5]},
        {"chances": [0.01, 0.03]},
        {"chances": [0.03, 0.01]},
        {"chances": [0.03, 0.03, 0.001]},
    ),
    _chances_case,
    (
        Property(
            "There is a True or a False for each chance, in their order.",
            lambda answer, chances: (
                len(answer) == len(chances) and all(isinstance(told, bool) for told in answer)
            ),
        ),
        Property(
            "One comparison alone is not corrected.",
            lambda answer, chances: len(chances) > 1 or list(answer) == _holm(chances),
        ),
        Property(
            "The smallest chance is multiplied by the number of all.",
            lambda answer, chances: any(answer) == any(_holm(chances)),
        ),
        Property(
            "The next one is multiplied by one less, and so on.",
            lambda answer, chances: sum(answer) >= sum(_holm(chances)),
        ),
        Property(
            "At the first that is not found it ends: none above it is found.",
            lambda answer, chances: list(answer) == _holm(chances),
        ),
    ),
)


# How many entries --------------------------------------------------------------------------


def _entries_case(dice: random.Random) -> Case:
    return {"spread": dice.randint(1, 40) / 20, "difference": dice.randint(1, 20) / 100}


def _need(spread: float, difference: float) -> float:
    """Give the number at which the difference is 2.8 standard errors, not rounded."""
    errors = 2.8
    return errors * errors * spread * spread / (difference * difference)


entries_needed = Exercise(
    "entries_needed",
    (
        {"spread": 1.0, "difference": 2.8},
        {"spread": 1.0, "difference": 1.4},
        {"spread": 0.5, "difference": 0.7},
        {"spread": 1.0, "difference": 1.0},
        {"spread": 1.0, "difference": 0.5},
    ),
    _entries_case,
    (
        Property(
            "A number of entries is whole, and at least one.",
            lambda answer, **case: isinstance(answer, int) and answer >= 1,
        ),
        Property(
            "For half the difference it takes four times as many.",
            lambda answer, **case: 0.6 * _need(**case) <= answer <= 1.4 * _need(**case) + 1,
        ),
        Property(
            "With as many, the difference is 2.8 standard errors or more; with one entry less, "
            "it is not.",
            # A need of exactly 4 may come out as a hair more.
            lambda answer, **case: _need(**case) - 1e-6 <= answer < _need(**case) + 1 + 1e-6,
        ),
    ),
)


# Find the flaw -----------------------------------------------------------------------------

FLAWS = ("other tokens", "other entries", "one seed", "picked", "nothing")


def _flaw(report: dict[str, Any]) -> str:
    """Give the first flaw that is there, as the exercise states them."""
    if report["tokens"][0] != report["tokens"][1]:
        return "other tokens"
    if report["entries"][0] != report["entries"][1]:
        return "other entries"
    if report["seeds"] < 2:
        return "one seed"
    if report["chance"] * report["compared"] >= 0.05:
        return "picked"
    return "nothing"


def _report(
    tokens: tuple[int, int] = (1300, 1300), entries: tuple[str, str] = ("held", "held"),
    seeds: int = 3, compared: int = 1, chance: float = 0.01,
) -> Case:  # fmt: skip
    report = {"tokens": list(tokens), "entries": list(entries), "seeds": seeds}
    return {"report": {**report, "compared": compared, "chance": chance}}


def _report_case(dice: random.Random) -> Case:
    tokens = 1300, dice.choice([1300, 1300, 1300, 5200])
    entries = "held", dice.choice(["held", "held", "held", "trained"])
    chance = dice.choice([0.001, 0.01, 0.04, 0.2])
    return _report(tokens, entries, dice.choice([1, 2, 5, 5]), dice.choice([1, 3, 12]), chance)


def _names(flaw: str, sentence: str) -> Property:
    """Hold that this flaw is named where it is the first one, and only there."""

    def holds(answer: Any, report: dict[str, Any]) -> bool:
        return bool(answer == flaw) == (_flaw(report) == flaw)

    return Property(sentence, holds)


flaw = Exercise(
    "flaw",
    (
        _report(),
        _report(tokens=(1300, 5200)),
        _report(entries=("held", "trained")),
        _report(seeds=1),
        _report(compared=12, chance=0.01),
        _report(compared=4, chance=0.01),
        _report(tokens=(1300, 5200), seeds=1),
    ),
    _report_case,
    (
        Property("The answer is one of the five.", lambda answer, **case: answer in FLAWS),
        _names("other tokens", "Means over other tokens come first: nothing else matters then."),
        _names("other entries", "Both sides must have been asked the same entries."),
        _names("one seed", "With one seed nobody knows what another one would have given."),
        _names(
            "picked",
            "The best of many comparisons is picked if its chance, times their number, is a "
            "twentieth or more.",
        ),
    ),
)

EXERCISES = (read_interval, paired_rounds, still_found, entries_needed, flaw)
