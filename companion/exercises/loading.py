"""The exercises of chapter 10, but for the one about tensors, which is in `moving`. The truths
here are plain loops, and no process is started.
"""

import random
from typing import Any

from companion.exercises.making import Case, Exercise, Property


def _deal(dice: random.Random) -> Case:
    return {"batches": dice.randint(1, 12), "workers": dice.randint(1, 4)}


def _maker(answer: Any) -> dict[int, int]:
    return {int(batch): worker for worker, made in enumerate(answer) for batch in made}


worker_batches = Exercise(
    "worker_batches",
    (
        {"batches": 1, "workers": 1},
        {"batches": 1, "workers": 3},
        {"batches": 4, "workers": 2},
        {"batches": 5, "workers": 2},
        {"batches": 7, "workers": 3},
    ),
    _deal,
    (
        Property(
            "There is one list for each worker, though it may be empty.",
            lambda answer, batches, workers: len([*map(list, answer)]) == workers,
        ),
        Property(
            "Every batch is made, and by one worker alone.",
            lambda answer, batches, workers: (
                sorted(batch for made in answer for batch in made) == list(range(batches))
            ),
        ),
        Property(
            "The first batch is made by the first worker.",
            lambda answer, batches, workers: _maker(answer)[0] == 0,
        ),
        Property(
            "Workers take turns: the next batch is made by the next worker.",
            lambda answer, batches, workers: all(
                _maker(answer)[batch + 1] == (_maker(answer)[batch] + 1) % workers
                for batch in range(batches - 1)
            ),
        ),
    ),
)


def _time_case(dice: random.Random) -> Case:
    make, step, fee = (dice.randint(0, 40) / 2 for _ in range(3))
    return {"make": make, "step": step, "fee": fee, "workers": dice.randint(0, 4)}


def _expected(make: float, step: float, fee: float, workers: int) -> float:
    if workers == 0:
        return make + step
    busy, arriving = step + fee, make / workers
    return busy if busy > arriving else arriving


def _near(answer: Any, expected: float) -> bool:
    return abs(float(answer) - expected) < 1e-9


step_time = Exercise(
    "step_time",
    (
        {"make": 2, "step": 10, "fee": 1, "workers": 0},
        {"make": 2, "step": 10, "fee": 1, "workers": 1},
        {"make": 30, "step": 10, "fee": 1, "workers": 1},
        {"make": 30, "step": 10, "fee": 1, "workers": 2},
        {"make": 30, "step": 10, "fee": 1, "workers": 4},
    ),
    _time_case,
    (
        Property(
            "Without workers the program makes the batch and then takes the step; no fee is due.",
            lambda answer, make, step, fee, workers: workers > 0 or _near(answer, make + step),
        ),
        Property(
            "Taking a batch over is work of the training loop: it is added to the step.",
            lambda answer, make, step, fee, workers: (
                workers == 0 or float(answer) >= step + fee - 1e-9
            ),
        ),
        Property(
            "The loop can be no quicker than the batches come, and each worker makes its share.",
            lambda answer, make, step, fee, workers: (
                workers == 0 or float(answer) >= make / workers - 1e-9
            ),
        ),
        Property(
            "While the loop takes a step, the workers go on: nothing is counted twice.",
            lambda answer, make, step, fee, workers: _near(
                answer, _expected(make, step, fee, workers)
            ),
        ),
    ),
)

EXERCISES = (worker_batches, step_time)
