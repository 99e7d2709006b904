"""The exercises of chapter 14: to judge a training run by its figures.

The truths here are plain loops, and share no code with `companion.training`.
"""

import math
import random
from typing import Any

from companion.exercises.making import Case, Exercise, Property


def _near(answer: Any, expected: float) -> bool:
    return not isinstance(answer, bool) and abs(float(answer) - expected) < 1e-6


first_loss = Exercise(
    "first_loss",
    ({"vocabulary": 1}, {"vocabulary": 2}, {"vocabulary": 257}, {"vocabulary": 50257}),
    lambda dice: {"vocabulary": dice.randint(2, 200_000)},
    (
        Property(
            "Where there is one token alone, nothing is surprising: the loss is 0.",
            lambda answer, vocabulary: vocabulary > 1 or _near(answer, 0),
        ),
        Property(
            "A loss is never below 0, and where there is a choice it is above.",
            lambda answer, vocabulary: vocabulary == 1 or float(answer) > 0,
        ),
        Property(
            "PyTorch's cross entropy takes the natural logarithm.",
            lambda answer, vocabulary: _near(answer, math.log(vocabulary)),
        ),
    ),
)


def _word(dice: random.Random) -> str:
    return "".join(dice.choices("ab", k=dice.randint(1, 3)))


def _answers_case(dice: random.Random) -> Case:
    count = dice.randint(1, 6)
    expected = [_word(dice) for _ in range(count)]
    said = [word + dice.choice(["", "", "a", " "]) for word in expected]
    return {
        "answers": [dice.choice([word, word, _word(dice)]) for word in said],
        "stopped": [dice.random() < 0.7 for _ in range(count)],
        "expected": expected,
    }


def _exact(answers: list[str], stopped: list[bool], expected: list[str]) -> int:
    count = 0
    for at, answer in enumerate(answers):
        count += answer == expected[at] and stopped[at]
    return count


exact_share = Exercise(
    "exact_share",
    (
        {"answers": ["a"], "stopped": [True], "expected": ["a"]},
        {"answers": ["a"], "stopped": [False], "expected": ["a"]},
        {"answers": ["b"], "stopped": [True], "expected": ["a"]},
        {"answers": ["ab"], "stopped": [True], "expected": ["a"]},
        {"answers": ["a "], "stopped": [True], "expected": ["a"]},
        {"answers": ["a", "b"], "stopped": [True, True], "expected": ["a", "a"]},
    ),
    _answers_case,
    (
        Property(
            "A share lies between 0 and 1.",
            lambda answer, **case: 0 <= float(answer) <= 1,
        ),
        Property(
            "An answer that is another text does not count, not even one that begins alike.",
            lambda answer, answers, stopped, expected: (
                not all(stopped)
                or float(answer) <= _exact(answers, stopped, expected) / len(answers) + 1e-6
            ),
        ),
        Property(
            "An answer that did not stop does not count: who asked would still be waiting.",
            lambda answer, answers, stopped, expected: (
                float(answer) <= _exact(answers, stopped, expected) / len(answers) + 1e-6
            ),
        ),
        Property(
            "It is a share of all questions, and every exact answer counts.",
            lambda answer, answers, stopped, expected: _near(
                answer, _exact(answers, stopped, expected) / len(answers)
            ),
        ),
    ),
)


def _paired_case(dice: random.Random) -> Case:
    both = dice.sample(range(10), dice.randint(1, 3))
    sides = []
    for _ in range(2):
        seeds = list({*both, *dice.sample(range(10), dice.randint(0, 3))})
        dice.shuffle(seeds)
        sides.append({seed: dice.randint(0, 20) / 20 for seed in seeds})
    return {"fault": sides[0], "right": sides[1]}


def _differences(fault: dict[int, float], right: dict[int, float]) -> list[float]:
    found = []
    for seed in sorted(fault):
        if seed in right:
            found.append(fault[seed] - right[seed])
    return found


paired_differences = Exercise(
    "paired_differences",
    (
        {"fault": {0: 0.5}, "right": {0: 0.5}},
        {"fault": {0: 0.25}, "right": {0: 1.0}},
        {"fault": {0: 0.0}, "right": {1: 1.0, 0: 0.5}},
        {"fault": {1: 0.0, 0: 0.5}, "right": {0: 0.5, 1: 1.0}},
    ),
    _paired_case,
    (
        Property(
            "There is one difference for each seed that both have.",
            lambda answer, fault, right: len(list(answer)) == len(_differences(fault, right)),
        ),
        Property(
            "A difference is the fault's figure minus the right run's: below 0 is harm.",
            lambda answer, fault, right: _near(
                math.fsum(answer), math.fsum(_differences(fault, right))
            ),
        ),
        Property(
            "A run is compared with the right run of its own seed, in the order of the seeds.",
            lambda answer, fault, right: all(
                _near(one, other)
                for one, other in zip(answer, _differences(fault, right), strict=True)
            ),
        ),
    ),
)


def _means_case(dice: random.Random) -> Case:
    return {"means": [dice.randint(0, 99) for _ in range(40 * dice.randint(1, 2))]}


middle_95 = Exercise(
    "middle_95",
    (
        {"means": list(range(40))},
        {"means": list(range(39, -1, -1))},
        {"means": [0, *[5] * 38, 9]},
        {"means": list(range(80))},
    ),
    _means_case,
    (
        Property(
            "The answer is two of the means, the lower one first.",
            lambda answer, means: (
                len(answer) == 2 and {*answer} <= {*means} and answer[0] <= answer[1]
            ),
        ),
        Property(
            "Of every forty means, the lowest is left out.",
            lambda answer, means: answer[0] == sorted(means)[len(means) // 40],
        ),
        Property(
            "As many are left out above as below.",
            lambda answer, means: answer[1] == sorted(means)[-1 - len(means) // 40],
        ),
    ),
)

SIGNS = ("not a number", "wrong at the start", "flat", "too good", "nothing")


def _sign(losses: list[float], vocabulary: int) -> str:
    """Give the first sign that is there, as the exercise states them."""
    for loss in losses:
        if loss != loss:
            return "not a number"
    if abs(losses[0] - math.log(vocabulary)) > 1:
        return "wrong at the start"
    if losses[-1] > losses[0] / 2:
        return "flat"
    if losses[-1] < 0.001:
        return "too good"
    return "nothing"


def _curve_case(dice: random.Random) -> Case:
    vocabulary = dice.choice([2, 257, 50257])
    begin = math.log(vocabulary) + dice.choice([0, 0.5, -0.5, 2, -2])
    end = begin * dice.choice([0.0001, 0.3, 0.45, 0.6, 1.1])
    losses = [round(begin, 4), round((begin + end) / 2, 4), round(end, 6)]
    if dice.random() < 0.15:
        losses[dice.randint(0, 2)] = math.nan
    return {"losses": losses, "vocabulary": vocabulary}


def _says(sign: str, sentence: str) -> Property:
    """Hold that this sign is named where it is the first one, and only there."""

    def holds(answer: Any, losses: list[float], vocabulary: int) -> bool:
        return bool(answer == sign) == (_sign(losses, vocabulary) == sign)

    return Property(sentence, holds)


doctor = Exercise(
    "doctor",
    (
        {"losses": [5.5, 0.05], "vocabulary": 257},
        {"losses": [5.5, math.nan], "vocabulary": 257},
        {"losses": [math.nan, 0.05], "vocabulary": 257},
        {"losses": [0.7, 0.05], "vocabulary": 257},
        {"losses": [10.8, 5.0], "vocabulary": 257},
        {"losses": [5.5, 3.1], "vocabulary": 257},
        {"losses": [5.5, 0.00001], "vocabulary": 257},
    ),
    _curve_case,
    (
        Property(
            "The answer is one of the five words.",
            lambda answer, **case: answer in SIGNS,
        ),
        _says("not a number", "One loss that is not a number decides, wherever it stands."),
        _says(
            "wrong at the start",
            "A first loss more than 1 away from that of a model that knows nothing is wrong, "
            "on either side.",
        ),
        _says("flat", "A loss that ends above half of where it began is flat."),
        _says("too good", "A loss under a thousandth is too good."),
    ),
)

EXERCISES = (first_loss, exact_share, paired_differences, middle_95, doctor)
