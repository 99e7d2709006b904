"""Audit a batch: say what it would teach, and name what is wrong with it.

Takes anybody's batch, as (inputs, targets) or as the dictionary of a published collator,
and a declaration of what was meant: which id ends a text, which one pads, what is masked.
Gives a `Report` of findings, each with a code that stays the same, a sentence, the rows,
and the cure. An *error* is what batch and declaration prove; a *note* is unusual and may be
meant; where the evidence cannot decide, the finding is *undetermined* and says what is
missing. What it leaves out: the entries before they are a batch (`companion.surveying`).
Chapter 08.
"""

import sys
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from companion.adapting import Tokenizer, adapt_tokenizer
from companion.findings import Findings, Report
from companion.formatting import PromptStyle, get_style
from companion.ignoring import IGNORE_INDEX, Spans
from companion.masking import MASKS
from companion.tokenizing import END_ID, Decode, gpt2_decode

UNKNOWN = -1
"""Stands for a token that the batch does not show: the one after the last of its inputs."""

Headers = Sequence[tuple[int, int, bool]]
"""Where a text has a response header: the positions of its first token and of the first one
after it, and whether its last token is partly header and partly response.
"""

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
        if self.end_id is not None and self.end_id != UNDECLARED:
            object.__setattr__(self, "end_id", _ids(self.end_id))
        if not (self.pad_id is None or self.pad_id == UNDECLARED or _is_id(self.pad_id)):
            raise ValueError(f"pad_id is an id, 0 or more, or None; found {self.pad_id!r}")
        for name in ("max_length", "vocabulary_size"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is at least 1; found {value}")
        if self.ignore_index >= 0:
            raise ValueError(
                f"ignore_index is negative, so that it is no token's id; found {self.ignore_index}"
            )


def _ids(declared: Any) -> int | frozenset[int]:
    """Give the one id that was declared, or the set of several."""
    if _is_id(declared):
        return int(declared)
    if isinstance(declared, Iterable) and not isinstance(declared, str):
        several = list(declared)
        if several and all(map(_is_id, several)):
            return frozenset(map(int, several))
    raise ValueError(f"end_id is an id, 0 or more, or several, or None; found {declared!r}")


def _is_id(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and int(value) >= 0


def audit(
    batch: Any,
    targets: Any = None,
    *,
    attention_mask: Any = None,
    position_ids: Any = None,
    expect: Expectation | None = None,
    tokenizer: Any = None,
    decode: Decode | None = gpt2_decode,
) -> Report:
    """Give the report on a batch.

    `batch`: a pair (inputs, targets); or inputs alone, beside `targets`; or a mapping with
    `input_ids` and `labels`, as transformers and TRL make it (the model shifts), or with
    `tokens` and `labels`, as torchtune does (shifted already; its releases up to 0.6 shift
    in the training recipe, so declare `shifted=False` for them). Tensors, arrays or lists
    of integers, of shape (rows, columns). `attention_mask` (1 for what is attended to) and
    `position_ids`, of the same shape, are taken from a mapping. `tokenizer`: whatever
    `adapt_tokenizer` takes; it declares the ends, the pad (its end, if it has none) and the
    number of ids, where `expect` does not, and decodes. `decode`: gives the text of ids, to
    show it and to find a response header; None where there is none.

    Raises `ValueError` or `TypeError`, in one sentence, for what is no batch at all.

    >>> from companion import Collator
    >>> inputs, targets = Collator()([[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]])
    >>> audit(inputs, targets)
    audit: nothing found; inputs of shape (3, 5), 20.0% padding; 10 of 15 targets supervised
    >>> audit(inputs, targets.masked_fill(targets == 50256, -100)).codes
    ('end-ignored',)
    """
    adapted = None if tokenizer is None else adapt_tokenizer(tokenizer)
    given = _read(batch, targets, attention_mask, position_ids, expect or Expectation(), adapted)
    if decode is gpt2_decode and adapted is not None:
        decode = adapted.decode
    elif decode is gpt2_decode and given.ends is None:
        decode = None  # whose ids these are is not known
    found = Findings(len(given.inputs), decode)
    if given.ends is None:
        found.add("end-unknown", given.rows)
    wrong_ids = _check_ids(given, found)
    texts = list(_texts(given, _left_padding(given, found), found))
    if given.expect.spans is not None and len(given.expect.spans) != len(texts):
        raise ValueError(
            f"spans are declared for each text; found {len(given.expect.spans)} for {len(texts)}"
        )
    judged = [text for text in texts if text.row not in wrong_ids]
    headers = {text.number: _headers(text, found) for text in judged}  # what takes longest, once
    if not given.supervised.any():
        found.add("nothing-supervised", given.rows)
    else:
        for text in _shifted_right(given, judged, found):
            if text.graded.any():
                _check_end(text, found)
                _check_mask(text, headers[text.number], found)
            else:
                found.add("response-lost" if text.may_be_cut else "row-not-supervised", [text.row])
    for text in judged:
        _check_border(text, headers[text.number], found)
        _check_special(text, found)
    filled = sum(min(text.stop, len(text.inputs)) for text in texts)
    slots = given.inputs.size
    if 2 * filled < slots:
        found.add("mostly-padding", given.rows, share=f"{1 - filled / slots:.0%}")
    tally = {
        "shape": list(given.inputs.shape),
        "tokens": filled,
        "padding_share": 1 - filled / slots,
        "targets": given.targets.size,
        "supervised": int(given.supervised.sum()),
    }
    return Report(found.worded(), tally)


# What was handed in ---------------------------------------------------------------------


@dataclass(frozen=True)
class _Given:
    """A batch that is known to be one: integer arrays of one shape, and the declaration.

    `ends`: the ids of which each ends a text; None where they are not known. `pad`: the id
    that pads, None where there is none, or where it is not known either.
    """

    inputs: NDArray[np.int64]
    targets: NDArray[np.int64]
    attended: NDArray[np.int64] | None
    positions: NDArray[np.int64] | None
    shifted: bool
    expect: Expectation
    ends: frozenset[int] | None
    pad: int | None
    size: int | None

    @property
    def is_pad_unknown(self) -> bool:
        """Whether nothing tells padding from text, neither an id nor a mask."""
        undeclared = self.expect.pad_id == UNDECLARED
        return undeclared and self.pad is None and self.ends is None and self.attended is None

    @property
    def rows(self) -> range:
        return range(len(self.inputs))

    @property
    def supervised(self) -> NDArray[np.bool_]:
        """Tell which targets count; a model that shifts never looks at the first column."""
        supervised: NDArray[np.bool_] = self.targets != self.expect.ignore_index
        if not self.shifted:
            supervised[:, 0] = False
        return supervised


def _read(
    batch: Any,
    targets: Any,
    attention_mask: Any,
    position_ids: Any,
    expect: Expectation,
    tokenizer: Tokenizer | None,
) -> _Given:
    shifted = True
    if isinstance(batch, Mapping):
        inputs = next((batch[name] for name in ("input_ids", "tokens") if name in batch), None)
        if inputs is None or "labels" not in batch:
            raise ValueError(
                "a mapping is audited by its 'input_ids' (or 'tokens') and its 'labels'; "
                f"found {', '.join(map(repr, batch)) or 'nothing'}"
            )
        shifted = "tokens" in batch
        targets = batch["labels"]
        attention_mask = batch.get("attention_mask", attention_mask)
        position_ids = batch.get("position_ids", position_ids)
    elif targets is not None:
        inputs = batch
    elif isinstance(batch, Sequence) and len(batch) == 2:
        inputs, targets = batch
    else:
        raise TypeError(
            "a batch is (inputs, targets), or a mapping with 'input_ids' and 'labels'; "
            f"found {type(batch).__name__}"
        )
    named = {"inputs": inputs, "targets": targets}
    named |= {"attention_mask": attention_mask, "position_ids": position_ids}
    arrays = {name: _array(value, name) for name, value in named.items() if value is not None}
    shape = arrays["inputs"].shape
    for name, array in arrays.items():
        if array.shape != shape:
            raise ValueError(f"{name}: should have the shape of inputs, {shape}; is {array.shape}")
    ends = _ends(expect, tokenizer, arrays["inputs"], arrays["targets"])
    pad = _pad(expect, tokenizer, ends, arrays["inputs"], arrays["targets"])
    return _Given(
        arrays["inputs"],
        arrays["targets"],
        arrays.get("attention_mask"),
        arrays.get("position_ids"),
        shifted if expect.shifted is None else expect.shifted,
        expect,
        ends,
        pad,
        _size(expect, tokenizer, [pad, *(ends or ())]),
    )


def _ends(
    expect: Expectation, tokenizer: Tokenizer | None, *arrays: NDArray[np.int64]
) -> frozenset[int] | None:
    """Give the ids that end a text, by who declares them; None where nobody does."""
    if expect.end_id is None:
        return frozenset()
    if isinstance(expect.end_id, int):
        return frozenset({expect.end_id})
    if isinstance(expect.end_id, frozenset):
        return expect.end_id
    if tokenizer is not None and tokenizer.ends:
        return tokenizer.ends
    is_gpt2s = tokenizer is None and any((array == END_ID).any() for array in arrays)
    return frozenset({END_ID}) if is_gpt2s else None


def _pad(
    expect: Expectation,
    tokenizer: Tokenizer | None,
    ends: frozenset[int] | None,
    inputs: NDArray[np.int64],
    targets: NDArray[np.int64],
) -> int | None:
    """Give the id that pads, by who declares it; undeclared, by where it stands, or the end."""
    if expect.pad_id is None or isinstance(expect.pad_id, (int, np.integer)):
        return None if expect.pad_id is None else int(expect.pad_id)
    if tokenizer is not None and tokenizer.pad is not None:
        return tokenizer.pad
    if tokenizer is None and (inputs[:, [0, -1]] == END_ID).any():
        return END_ID
    if ends is None:
        return None
    # What stands last in a row, twice, and is no target, is a pad.
    ignored = inputs[targets[:, -1] == expect.ignore_index]
    twice = {int(row[-1]) for row in ignored if len(row) > 1 and row[-1] == row[-2]}
    for ids in (twice, ends):
        if len(ids) == 1:
            return next(iter(ids))
    return None if tokenizer is None else tokenizer.end


def _size(
    expect: Expectation, tokenizer: Tokenizer | None, declared: Iterable[int | None]
) -> int | None:
    """Give how many ids there are; those that are declared beside a tokenizer are some of them."""
    if expect.vocabulary_size is not None or tokenizer is None or tokenizer.size is None:
        return expect.vocabulary_size
    ids = [id for id in (*declared, expect.begin_id) if id is not None]
    return max([tokenizer.size, *(id + 1 for id in ids)])


def _array(value: Any, name: str) -> NDArray[np.int64]:
    torch = sys.modules.get("torch")  # who hands in a tensor has imported it
    if torch is not None and isinstance(value, torch.Tensor):
        if value.device.type == "meta":
            raise ValueError(f"{name}: on the device 'meta', where a tensor holds no values")
        if value.dtype.is_floating_point or value.dtype.is_complex:
            raise TypeError(f"{name}: should be integers, one a slot; found {value.dtype}")
        value = value.detach().cpu().numpy()
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name}: should be rows of one width, of int64; {error}") from None
    if array.ndim != 2:
        raise ValueError(f"{name}: should have the shape (rows, columns); found {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name}: hold nothing to audit; found shape {array.shape}")
    if array.dtype.kind not in "iub":
        raise TypeError(f"{name}: should be integers, one a slot; found {array.dtype}")
    return array.astype(np.int64)


# One text at a time ---------------------------------------------------------------------


@dataclass(frozen=True)
class _Text:
    """An entry's place in the batch: a row without its left padding, or a part of a pack.

    `inputs`, `targets`: its columns as they were given, from column `start` of the row on.
    `block`: its ids, with what follows them; `UNKNOWN` where the batch does not show it.
    `graded`: which of those are supervised targets. `stop`: where the padding begins.
    `end`: where the end token stands, or None. `left`: how many pads stand before it.
    `number`: counts the texts of the batch.
    """

    given: _Given
    number: int
    row: int
    start: int
    left: int
    inputs: NDArray[np.int64]
    targets: NDArray[np.int64]
    block: NDArray[np.int64]
    graded: NDArray[np.bool_]
    stop: int
    end: int | None

    @property
    def may_be_cut(self) -> bool:
        """Whether the text, without an end token, fills what it was declared to be cut at."""
        limit = self.given.expect.max_length
        length = self.stop if self.end is None else self.end
        return limit is not None and min(length, len(self.inputs)) >= limit

    def cells(self, positions: Iterable[int]) -> list[tuple[int, int]]:
        """Give the (row, column) of the targets that are the tokens at these positions."""
        back = 1 if self.given.shifted else 0
        return [(self.row, self.start + int(position) - back) for position in positions]


def _texts(given: _Given, left: NDArray[np.int64], found: Findings) -> Iterator[_Text]:
    """Cut the rows into texts: a row is one, unless its positions begin anew within it."""
    number = 0
    for row in given.rows:
        first, width = int(left[row]), given.inputs.shape[1]
        starts = [first]
        if given.positions is not None:
            again = np.flatnonzero(given.positions[row] == 0)
            starts += [int(column) for column in again if column > first]
        # Positions may begin anew, or say 0 all along, in the padding that follows a pack.
        padding = [s for s in starts if s > first and _is_padding(given, row, s)]
        starts = [s for s in starts if s not in padding]
        ignored = padding and not given.supervised[row, padding[0] :].any()
        last = padding[0] if ignored else width
        for start, stop in zip(starts, [*starts[1:], last], strict=True):
            if start < width:
                yield _text(given, number, row, start, stop, start > first, found)
                number += 1


def _is_padding(given: _Given, row: int, start: int) -> bool:
    """Tell whether nothing but padding follows in this row."""
    if given.attended is not None:
        return not given.attended[row, start:].any()
    pad = given.inputs[row, start] if given.is_pad_unknown else given.pad
    return bool((given.inputs[row, start:] == pad).all())


def _text(
    given: _Given, number: int, row: int, start: int, stop: int, later: bool, found: Findings
) -> _Text:
    """Take one text out of the batch; `later`: whether another stands before it in its row."""
    inputs, targets = given.inputs[row, start:stop], given.targets[row, start:stop]
    supervised = targets != given.expect.ignore_index
    if given.shifted:
        last = int(targets[-1]) if supervised[-1] else UNKNOWN
        follows = int(given.inputs[row, stop]) if stop < given.inputs.shape[1] else UNKNOWN
        # Texts that begin with the end token have it there, too; undeclared, it may be this id.
        if given.ends is not None and last == follows != UNKNOWN and last not in given.ends:
            found.add("border-crossed", [row], [(row, stop - 1)], [last])
            last, supervised = UNKNOWN, np.append(supervised[:-1], False)
        block, graded = np.append(inputs, last), np.append(False, supervised)
    else:
        if later and targets[0] == inputs[0]:
            found.add("border-crossed", [row], [(row, start)], [int(inputs[0])])
        block, graded = inputs, np.append(False, supervised[1:])
    attended = None if given.attended is None else given.attended[row, start:stop]
    borders = _borders(block, graded, attended, given.ends or frozenset(), given.pad)
    left = 0 if later else start
    return _Text(given, number, row, start, left, inputs, targets, block, graded, *borders)


def _borders(
    block: NDArray[np.int64],
    graded: NDArray[np.bool_],
    attended: NDArray[np.int64] | None,
    ends: frozenset[int],
    pad: int | None,
) -> tuple[int, int | None]:
    """Give where the padding begins, and where the end token stands (None if nowhere).

    Where several different ones stand in a row, as an end of turn and one of text, it is the
    first of them.
    """
    known = len(block) - int(block[-1] == UNKNOWN)
    if attended is not None:
        stop = int(np.flatnonzero(attended)[-1]) + 1 if attended.any() else 0
        # The end token may lie one beyond: past the inputs, or hidden by a mask that was
        # made by comparing with the pad id.
        hidden = stop < known and graded[stop] and block[stop] in ends
        # In a row that is cut, the last target is text, though it is none of the inputs.
        cut = stop == len(attended) < known and block[stop] != pad
        if (hidden or cut) and (stop == 0 or block[stop - 1] not in ends):
            stop += 1
    else:
        # Its first id is text, whatever it is: no text is empty.
        text = np.flatnonzero(block[1:known] != pad)
        stop = int(text[-1]) + 2 if len(text) else 1
        has_ended = block[stop - 1] in ends and block[stop - 1] != pad and not graded[stop:].any()
        if pad in ends and stop < known and not has_ended:
            stop += 1  # the first of several equal ids is the end token
    if not 0 < stop <= known or block[stop - 1] not in ends:
        return stop, None
    end = stop - 1
    while end > 1 and block[end - 1] in ends and block[end - 1] != block[end]:
        end -= 1
    return stop, end


# The rules ------------------------------------------------------------------------------


def _check_ids(given: _Given, found: Findings) -> set[int]:
    """Look for ids that are none, and give their rows, which are judged no further."""
    expect, wrong_rows = given.expect, set[int]()
    rows, columns = np.nonzero(given.inputs == expect.ignore_index)
    if len(rows):
        wrong_rows.update(rows.tolist())
        found.add("ignore-index-in-inputs", rows, _cells(rows, columns))
    size = given.size
    for array in (given.inputs, given.targets):
        wrong = (array < 0) | (array >= size if size is not None else False)
        rows, columns = np.nonzero(wrong & (array != expect.ignore_index))
        if len(rows):
            wrong_rows.update(rows.tolist())
            cells, ids = _cells(rows, columns), array[rows, columns]
            found.add("id-out-of-range", rows, cells, ids, size=size or "unknown size")
    return wrong_rows


def _cells(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> list[tuple[int, int]]:
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def _left_padding(given: _Given, found: Findings) -> NDArray[np.int64]:
    """Count the pads before each row's text, and say if nothing keeps the model off them."""
    width = given.inputs.shape[1]
    if given.attended is not None:
        left = np.where(given.attended.any(axis=1), given.attended.argmax(axis=1), 0)
        if left.any() and given.positions is None:
            found.add("positions-missing", np.flatnonzero(left))
        return left
    is_pad = given.inputs == given.pad
    runs = np.where(is_pad.all(axis=1), width, (~is_pad).argmax(axis=1))
    # What every text begins with is no padding: the beginning of sequence, say.
    left = np.where(runs < width, runs - runs.min(), 0)
    rows = np.flatnonzero(left)
    if len(rows) and given.expect.special_in_text:
        found.add("left-padding-undetermined", rows)
        return np.zeros_like(left)
    if len(rows) and given.positions is None:
        found.add("left-padding", rows, [(int(row), 0) for row in rows])
    return left


def _shifted_right(given: _Given, texts: Sequence[_Text], found: Findings) -> Iterator[_Text]:
    """Give the texts whose targets stand where they should; the others are judged no further."""
    declared = 1 if given.shifted else 0
    wrong = {1: {0: "not-shifted", 2: "shifted-twice"}, 0: {1: "shifted-twice"}}[declared]
    told = False
    for text in texts:
        agreeing = [offset for offset in (0, 1, 2) if _agrees(text, offset)]
        told = told or agreeing == [declared] or declared not in agreeing
        if declared in agreeing:
            yield text
            continue
        code = next((wrong[offset] for offset in agreeing if offset in wrong), "targets-differ")
        found.add(code, [text.row], [(text.row, text.start)])
    if texts and not told:
        found.add("shift-undetermined", given.rows)


def _agrees(text: _Text, offset: int) -> bool:
    """Tell whether each supervised target is the input `offset` columns on, where there is one."""
    ahead = text.inputs[offset:]
    here = text.targets[: len(ahead)]
    return bool(((here == ahead) | (here == text.given.expect.ignore_index)).all())


def _check_end(text: _Text, found: Findings) -> None:
    expect = text.given.expect
    is_taught = text.end is not None and text.graded[text.end : text.stop].any()
    if text.given.ends and not is_taught:
        if text.may_be_cut:
            found.add("response-cut", [text.row])
        elif text.end is not None:
            found.add("end-ignored", [text.row], text.cells([text.end]))
        elif text.block[-1] == UNKNOWN and text.stop == len(text.block) - 1:
            # The end token would be the last target of all, and that one is ignored.
            found.add("end-ignored", [text.row], text.cells([text.stop]))
        else:
            found.add("no-end-token", [text.row], ids=text.block[: text.stop][-6:])
    pads = text.stop + np.flatnonzero(text.graded[text.stop :])
    if len(pads):
        unsure = expect.special_in_text and text.given.attended is None
        code = "padding-undetermined" if unsure else "padding-supervised"
        found.add(code, [text.row], text.cells(pads), text.block[pads])
    # Pads before the text: their targets end where the text's first token is the target. A
    # model that shifts never looks at the first column.
    first, stop = (0, text.left - 1) if text.given.shifted else (1, text.left)
    targets = text.given.targets[text.row, first : max(first, stop)]
    pads = np.flatnonzero(targets != expect.ignore_index)
    if len(pads):
        cells = [(text.row, first + int(column)) for column in pads]
        found.add("padding-supervised", [text.row], cells, targets[pads])


def _check_mask(text: _Text, headers: Headers, found: Findings) -> None:
    mask = text.given.expect.mask
    if mask is None:
        return
    likely, certain = _expected_spans(text, headers)
    last = text.stop if text.end is None else text.end
    differing = [_difference(text, spans, last) for spans in likely]
    if text.given.is_pad_unknown:  # what is ignored at the edges may be padding
        first, last = np.flatnonzero(text.graded)[[0, -1]]
        differing = [(e, missing[(first < missing) & (missing < last)]) for e, missing in differing]
    extra, missing = min(differing, key=lambda pair: sum(map(len, pair)), default=((), ()))
    if not likely or ((len(extra) or len(missing)) and not certain):
        found.add("mask-undetermined", [text.row], mask=mask)
        return
    kept = "text-ignored" if mask == "none" else "response-ignored"
    for code, positions in (("prompt-supervised", extra), (kept, missing)):
        if len(positions):
            ids = text.block[np.asarray(positions)]
            found.add(code, [text.row], text.cells(positions), ids, mask=mask)


def _difference(text: _Text, spans: Spans, last: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give the positions before `last` that are supervised and should not be, and the reverse."""
    expected = np.zeros(len(text.block), dtype=np.bool_)
    for start, stop in spans:
        expected[start:stop] = True
    positions = slice(1, min(last, len(text.block) - int(text.block[-1] == UNKNOWN)))
    graded, expected = text.graded[positions], expected[positions]
    return 1 + np.flatnonzero(graded & ~expected), 1 + np.flatnonzero(expected & ~graded)


def _expected_spans(text: _Text, headers: Headers) -> tuple[list[Spans], bool]:
    """Give the spans that the mask may leave supervised, and whether that is known for certain."""
    expect, length = text.given.expect, len(text.block)
    if expect.mask == "none":
        return [((0, length),)], True
    if expect.spans is not None:
        return [expect.spans[text.number]], True
    likely: list[Spans] = []
    for begin, end, is_shared in headers:
        if expect.mask == "prompt_without_header":
            likely.append(((begin, length),))
            continue
        likely.append(((end, length),))
        if is_shared:
            likely.append(((end - 1, length),))
    return likely, len(headers) == 1


def _headers(text: _Text, found: Findings) -> Headers:
    """Give where the declared style's response header stands in a text, each place of it."""
    style, decode = text.given.expect.style, found.decode
    header = get_style(style).header if style is not None else ""
    if not header or decode is None:
        return []
    ids = [int(id) for id in text.block[: text.stop] if id != UNKNOWN]
    try:
        whole = decode(ids)
    except Exception:  # an id that is no token has no text to find a header in
        return []

    def tokens_for(length: int) -> int:
        """Count the first ids whose text holds so many first characters, whole."""
        begun = whole[:length]
        return bisect_left(range(len(ids)), True, key=lambda n: decode(ids[:n]).startswith(begun))

    headers: list[tuple[int, int, bool]] = []
    at = whole.find(header)
    while at >= 0:
        end = tokens_for(at + len(header))
        headers.append((tokens_for(at), end, len(decode(ids[:end])) > at + len(header)))
        at = whole.find(header, at + 1)
    return headers


def _check_border(text: _Text, headers: Headers, found: Findings) -> None:
    """Look for a token that is partly response header, partly response."""
    if len(headers) == 1 and headers[0][2]:
        position = headers[0][1] - 1
        found.add("border-moved", [text.row], text.cells([position]), [text.block[position]])


def _check_special(text: _Text, found: Findings) -> None:
    """Look for end, pad and begin ids, and for their spelling, within the text."""
    expect = text.given.expect
    last = text.stop if text.end is None else text.end
    inner = text.block[1:last]
    if expect.begin_id is not None and (text.block[:2] == expect.begin_id).all():
        found.add("begins-twice", [text.row], [(text.row, text.start)])
        inner = inner[1:]
    ends, pad = text.given.ends or frozenset(), text.given.pad
    special = [*ends] if pad is None else [*ends | {pad}]
    if not expect.special_in_text and np.isin(inner, special).any():
        positions = last - len(inner) + np.flatnonzero(np.isin(inner, special))
        found.add("special-in-text", [text.row], text.cells(positions))
    if not ends or found.decode is None:
        return
    plain = [int(id) for id in text.block[:last] if id not in (*special, UNKNOWN)]
    try:
        names, spelled = [found.decode([id]) for id in sorted(ends)], found.decode(plain)
    except Exception:  # an id that is no token has no spelling
        return
    for name in names:
        marked = len(name) > 2 and not name[0].isalnum() and not name[-1].isalnum()
        if marked and name in spelled:
            found.add("special-typed", [text.row], name=repr(name))
