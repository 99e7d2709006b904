"""What a batch is meant to be: the declaration that an audit judges it by.

Takes what is known of the run and checks that it can be. What it leaves out: the batch
(`companion.receiving`) and the judgement (`companion.auditing`). Chapter 08.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any, Literal

from companion.formatting import PromptStyle, get_style
from companion.ignoring import IGNORE_INDEX, Spans
from companion.masking import MASKS

UNDECLARED: Literal["undeclared"] = "undeclared"
"""Stands for an end or a pad that nobody has declared, which is not the same as None."""


@dataclass(frozen=True)
class Expectation:
    """What a batch is meant to be; the more is declared, the more can be proven.

    `end_id`: the id that ends a text, or several of which each does, or None where there is
    none. Undeclared, it is the tokenizer's, or GPT-2's where that stands in the batch.
    `pad_id`: the id that pads a text, or None where there is none. Undeclared, it is the
    tokenizer's, or GPT-2's where that stands at the edge of a row, or the one that stands,
    ignored, at the right of rows, or the end.
    `mask`: as the `Collator` has it, or None where it is not known; for the two that mask a
    prompt, the audit must know where it ends, by `style` (whose response header is looked
    for in the text) or by `spans` (for each text, what should be supervised, as
    `supervised_spans` gives it). `shifted`: True where `targets[i]` follows `inputs[i]`,
    False where the model shifts; None takes that from the form of the batch.
    `max_length`: the columns of inputs at which texts were cut, None if none was.
    `special_in_text`: whether the end and pad ids may stand for themselves within a text.
    `vocabulary_size`: how many ids there are. `begin_id`: the id that begins each text.

    >>> Expectation(mask="prompts")
    Traceback (most recent call last):
    ValueError: mask is one of none, prompt, prompt_without_header; found 'prompts'
    """

    end_id: int | Iterable[int] | Literal["undeclared"] | None = UNDECLARED
    pad_id: int | Literal["undeclared"] | None = UNDECLARED
    mask: str | None = None
    style: str | PromptStyle | None = None
    spans: Sequence[Spans] | None = None
    shifted: bool | None = None
    max_length: int | None = None
    special_in_text: bool = False
    vocabulary_size: int | None = None
    begin_id: int | None = None
    ignore_index: int = IGNORE_INDEX

    def __post_init__(self) -> None:
        if self.mask is not None and self.mask not in MASKS:
            raise ValueError(f"mask is one of {', '.join(MASKS)}; found {self.mask!r}")
        if self.style is not None:
            get_style(self.style)
        if not (self.end_id is None or is_undeclared(self.end_id)):
            self._set("end_id", _ids(self.end_id))
        for name, least in (("pad_id", 0), ("begin_id", 0), ("max_length", 1),
                            ("vocabulary_size", 1), ("ignore_index", None)):  # fmt: skip
            self._check_whole(name, least)
        if self.ignore_index >= 0:
            raise ValueError(
                f"ignore_index is negative, so that it is no token's id; found {self.ignore_index}"
            )
        for name in ("shifted", "special_in_text"):
            if getattr(self, name) not in (True, False, None):
                raise ValueError(f"{name} is True or False; found {getattr(self, name)!r}")

    def _check_whole(self, name: str, least: int | None) -> None:
        """Refuse what is no whole number; None stands for none, but for an ignore index."""
        value = getattr(self, name)
        if (value is None and least is not None) or (name == "pad_id" and is_undeclared(value)):
            return
        number = _whole(value)
        if number is None and name == "pad_id":
            raise ValueError(f"pad_id is an id, 0 or more, or None; found {value!r}")
        if number is None:
            raise ValueError(f"{name} is a whole number; found {value!r}")
        if least is not None and number < least:
            raise ValueError(
                f"pad_id is an id, 0 or more, or None; found {value!r}"
                if name == "pad_id"
                else f"{name} is at least {least}; found {value}"
            )
        self._set(name, number)

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)


def is_undeclared(value: Any) -> bool:
    """Tell whether nobody has declared an end or a pad; any tensor may be handed in here.

    >>> is_undeclared("undeclared"), is_undeclared(None), is_undeclared(2)
    (True, False, False)
    """
    return isinstance(value, str) and value == UNDECLARED


def _ids(declared: Any) -> int | frozenset[int]:
    """Give the one id that was declared, or the set of several."""
    one = _whole(declared)
    if one is None and isinstance(declared, Iterable) and not isinstance(declared, (str, bytes)):
        try:
            several = [_whole(id) for id in declared]
        except TypeError:  # a tensor of no dimension
            several = []
        ids = frozenset(id for id in several if id is not None and id >= 0)
        if several and len(ids) == len(set(several)):
            return ids
    if one is None or one < 0:
        raise ValueError(f"end_id is an id, 0 or more, or several, or None; found {declared!r}")
    return one


def _whole(value: Any) -> int | None:
    """Give the whole number that a value of any library is, or None."""
    if isinstance(value, bool):
        return None
    try:
        return index(value)
    except TypeError:
        return None
