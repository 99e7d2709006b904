"""The exercise of chapter 10 that is about tensors, the only one that needs PyTorch.

Tensors are moved to PyTorch's device "meta", which every machine has: it keeps shapes and no
values, so it is seen whether a tensor was moved, and nothing is.
"""

import random
from typing import Any

import torch

from companion.collating import Batch
from companion.exercises.making import Case, Exercise, Property


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

EXERCISES = (move_batch,)
