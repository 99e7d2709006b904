"""The exercises of chapter 10. The truths here are plain loops, and no process is started.

Tensors are moved to PyTorch's device "meta", which every machine has: it keeps shapes and no
values, so it is seen whether a tensor was moved, and nothing is.
"""

import random
from typing import Any

import torch

from companion.collating import Batch
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


def _tensor(dice: random.Random) -> torch.Tensor:
    return torch.tensor([dice.randint(0, 9) for _ in range(dice.randint(1, 3))])


def _batch_case(dice: random.Random) -> Case:
    one, other = _tensor(dice), _tensor(dice)
    batch = dice.choice(
        [
            one,
            (one, other),
            [one, other],
            Batch(one, other),
            {"inputs": one, "labels": other},
            {"inputs": one, "entries": [dice.randint(0, 9)], "style": "alpaca"},
            (Batch(one, other), {"weights": other}),
        ]
    )
    return {"batch": batch, "device": "meta"}


def _pairs(answer: Any, batch: Any) -> list[tuple[Any, Any]]:
    """Give what stands in the same place of both: first the two themselves, then their parts.

    Raises `KeyError` or `ValueError` where they have not the same parts.
    """
    found = [(answer, batch)]
    if isinstance(batch, dict):
        for name, part in batch.items():
            found += _pairs(answer[name], part)
    elif isinstance(batch, (list, tuple)):
        for its, part in zip(answer, batch, strict=True):
            found += _pairs(its, part)
    return found


_ONE = torch.tensor([1])

move_batch = Exercise(
    "move_batch",
    (
        {"batch": _ONE, "device": "meta"},
        {"batch": (_ONE, _ONE), "device": "meta"},
        {"batch": [_ONE, _ONE], "device": "meta"},
        {"batch": {"inputs": _ONE, "labels": _ONE}, "device": "meta"},
        {"batch": Batch(_ONE, _ONE), "device": "meta"},
        {"batch": {"inputs": _ONE, "entries": [3]}, "device": "meta"},
        {"batch": (Batch(_ONE, _ONE), {"weights": _ONE}), "device": "meta"},
    ),
    _batch_case,
    (
        Property(
            "What comes back has the parts of what went in.",
            lambda answer, batch, device: len(_pairs(answer, batch)) > 0,
        ),
        Property(
            "What is not a tensor is left as it is.",
            lambda answer, batch, device: all(
                moved == part
                for moved, part in _pairs(answer, batch)
                if not isinstance(part, (torch.Tensor, list, tuple, dict))
            ),
        ),
        Property(
            "Every tensor is on the device, however deep it lies.",
            lambda answer, batch, device: all(
                moved.device.type == device and moved.shape == part.shape
                for moved, part in _pairs(answer, batch)
                if isinstance(part, torch.Tensor)
            ),
        ),
        Property(
            "The type of the batch does not change: who asks for batch.inputs still finds it.",
            lambda answer, batch, device: all(
                type(moved) is type(part) for moved, part in _pairs(answer, batch)
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

EXERCISES = (worker_batches, move_batch, step_time)
