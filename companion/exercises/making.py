"""What an exercise is made of: the cases to try, and the properties of a right answer.

Every chapter's module is written with these, and needs the standard library alone, unless its
exercises are about tensors. What it leaves out: how an answer is tried (`companion.checking`).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

END_ID = 50256
"""GPT-2's end token, as in `companion.tokenizing`, which needs more than the standard library."""

Case = dict[str, Any]
"""The arguments of one call, by name."""


@dataclass(frozen=True)
class Property:
    """Something that must hold of an answer: a sentence, and how to tell.

    `holds(answer, **case)` gives True or False; an exception in it counts as False, since
    an answer of the wrong kind has no property at all.
    """

    sentence: str
    holds: Callable[..., bool]


@dataclass(frozen=True)
class Exercise:
    """An exercise: the cases to try, the smallest first, and the properties to hold.

    `chosen`: cases that a wrong idea gets wrong. `make(random)`: one more case. Properties
    are asked in order, so that the first to fail is the one to think about.
    """

    name: str
    chosen: tuple[Case, ...]
    make: Callable[[random.Random], Case]
    properties: tuple[Property, ...]

    def cases(self) -> list[Case]:
        """Give the chosen cases and fifty random ones, the same on every machine."""
        dice = random.Random(self.name)
        made = [self.make(dice) for _ in range(50)]
        return sorted([*self.chosen, *made], key=lambda case: len(repr(case)))
