"""Judge what a batch says of itself: its attention mask, its positions, its borders.

They may contradict the ids, the labels or each other; then the contradiction is named, and
the rest is judged without them. Gives, for `companion.dividing`, what is text by the mask
and how many pads stand before each row's. Chapters 03 and 11.
"""

from dataclasses import replace

import numpy as np

from companion.dividing import UNKNOWN, Declared, Places, tails
from companion.expecting import is_undeclared
from companion.findings import CELLS, Findings
from companion.receiving import Flags, Ids, Received


def cells_of(flags: Flags) -> Places:
    """Give the (row, column) of each True, in order; of very many, the first."""
    slots = np.flatnonzero(flags)[:CELLS]
    return np.stack(np.divmod(slots, flags.shape[1]), axis=1)


def add_cells(
    found: Findings, code: str, flags: Flags, ids: Ids | Places | None = None, **words: str
) -> None:
    """Note a finding in each True of a grid."""
    found.add(code, np.flatnonzero(flags.any(axis=1)), cells_of(flags), () if ids is None else ids,
              count=int(flags.sum()), **words)  # fmt: skip


def judge_attention(received: Received, declared: Declared, found: Findings) -> Flags | None:
    """Give what is text by the attention mask, as far as it can be believed, or None."""
    attended = received.attended
    if received.visible is not None:
        _check_future(received, found)
    if attended is None:
        return None
    hiding = _hidden_text(received, declared, attended)
    if hiding.any():
        rows = np.flatnonzero(hiding.any(axis=1))
        text = ~attended[rows]
        # Inverted: what it is 1 on is one id throughout, and somewhere it is 1.
        on_pads = [_alike(received.inputs[row][attended[row]]) for row in rows]
        if all(on_pads) and attended[rows].any() and _are_runs(text):
            add_cells(found, "attention-inverted", hiding)
            believed = attended.copy()
            believed[rows] = text
        else:
            add_cells(found, "attention-hides-text", hiding, received.inputs[hiding])
            believed = attended.copy()
            leading = np.logical_and.accumulate(received.inputs[rows] == declared.pad, axis=1)
            believed[rows] = ~leading if declared.pad is not None else True
        attended = believed
    return attended & ~_trailing_pads(received, declared, attended)


def _alike(ids: Ids) -> bool:
    return len(ids) == 0 or bool((ids == ids[0]).all())


def _are_runs(text: Flags) -> bool:
    """Tell whether each row is one run of text, with padding around it."""
    return bool((np.diff(text.astype(np.int8), axis=1, prepend=0) == 1).sum(axis=1).max() <= 1)


def _supervised_tokens(received: Received) -> Flags:
    """Tell which inputs are themselves supervised targets."""
    if not received.shifted:
        return received.supervised
    return np.pad(received.supervised[:, :-1], ((0, 0), (1, 0)))


def _hidden_text(received: Received, declared: Declared, attended: Flags) -> Flags:
    """Find the text that a mask is 0 on.

    Padding is one id. So what is hidden before the text, or in the midst of it, is text
    where it holds several, or is supervised. After the text, an end token may be hidden:
    nothing that is graded would read it.
    """
    inputs, learned = received.inputs, _supervised_tokens(received)
    column = np.arange(inputs.shape[1])
    some: Flags = np.any(attended, axis=1)
    first = np.where(some, attended.argmax(axis=1), inputs.shape[1])[:, None]
    last = tails(received, declared, attended)[:, None]
    hidden = ~attended
    is_pad = inputs == declared.pad if declared.pad is not None else np.zeros_like(hidden)
    found = hidden & learned & ~is_pad & (column < last)
    before, inner = hidden & (column < first), hidden & (column >= first) & (column < last)
    declared_pad = not is_undeclared(declared.expect.pad_id) and declared.pad is not None
    for part in (before, inner):
        reference = np.take_along_axis(inputs, part.argmax(axis=1)[:, None], axis=1)
        several = (part & (inputs != reference)).any(axis=1, keepdims=True)
        is_text = several | (declared_pad & (part.sum(axis=1, keepdims=True) == 1))
        found |= part & ~is_pad & is_text
    # Behind it all: what follows the end token, if there is one, must be padding.
    behind = hidden & (column >= last) & some[:, None]
    ends = np.isin(inputs, declared.end_list)
    leading = np.logical_and.accumulate(ends | ~behind, axis=1) & behind
    rest = behind & ~leading
    reference = np.take_along_axis(inputs, rest.argmax(axis=1)[:, None], axis=1)
    several = (rest & (inputs != reference)).any(axis=1, keepdims=True)
    alone = declared.pad is not None and not declared.expect.special_in_text
    return np.asarray(found | (rest & learned & ~is_pad & (several | alone)))


def _trailing_pads(received: Received, declared: Declared, attended: Flags) -> Flags:
    """Find the pads at the right that a mask is 1 on; a causal model never reads them."""
    inputs, pad = received.inputs, declared.pad
    none = np.zeros_like(attended)
    if pad is None or declared.expect.special_in_text:
        return none
    run = np.logical_and.accumulate((inputs == pad)[:, ::-1], axis=1)[:, ::-1]
    run &= attended[:, -1:]
    if not run.any():
        return none
    if pad not in declared.end_list:
        return run & attended
    # The first of several equal ids is the end token. Two that are learned, in every row
    # that has any, are an end token that stands twice.
    length = run.sum(axis=1)
    learned = (run & _supervised_tokens(received)).sum(axis=1)
    twice = set(length[length > 0].tolist()) <= {1, 2} and (learned == length).all()
    first = np.arange(inputs.shape[1]) == (inputs.shape[1] - length)[:, None]
    return none if twice else run & ~first & attended


def _check_future(received: Received, found: Findings) -> None:
    """Look for a token that sees the one which it is graded on."""
    visible = received.visible
    assert visible is not None
    ahead = visible.diagonal(1, axis1=1, axis2=2)
    shown = received.supervised[:, :-1] if received.shifted else received.supervised[:, 1:]
    # A row of the mask that is all True spares a pad the division by nothing.
    read = received.attended[:, :-1] if received.attended is not None else True
    seen = ahead & shown & read
    if seen.any():
        found.add("future-seen", np.flatnonzero(seen.any(axis=1)))


# Padding on the left --------------------------------------------------------------------


def judge_left_padding(
    received: Received, declared: Declared, attended: Flags | None, found: Findings
) -> Places:
    """Count the pads before each row's text, and say if nothing keeps the model off them."""
    width = received.inputs.shape[1]
    is_pad = received.inputs == declared.pad if declared.pad is not None else None
    if attended is not None:
        left = np.where(attended.any(axis=1), attended.argmax(axis=1), 0)
        covered = _covered(received, declared, is_pad, left)
        if covered.any():
            rows = np.flatnonzero(covered)
            found.add("attention-covers-pads", rows, [(int(row), 0) for row in rows])
        if left.any() and received.positions is None:
            found.add("positions-missing", np.flatnonzero(left))
        elif received.positions is not None and left.any():
            begun = received.positions[np.arange(len(left)), left]
            counted = np.flatnonzero((left > 0) & (begun == left))
            if len(counted):
                found.add("positions-count-pads", counted)
        return np.maximum(left, covered)
    if is_pad is None:
        return np.zeros(len(received.inputs), dtype=np.int64)
    runs = np.where(is_pad.all(axis=1), width, (~is_pad).argmax(axis=1))
    # What every text begins with is no padding: the beginning of sequence, say.
    left = np.where(runs < width, runs - runs.min(), 0)
    rows = np.flatnonzero(left)
    if len(rows) and declared.expect.special_in_text:
        found.add("left-padding-undetermined", rows)
        return np.zeros_like(left)
    if len(rows) and received.positions is None:
        found.add("left-padding", rows, [(int(row), 0) for row in rows])
    return left


def _covered(received: Received, declared: Declared, is_pad: Flags | None, left: Places) -> Places:
    """Count the pads before each text that a mask is 1 on; two or more, and unsupervised."""
    width = received.inputs.shape[1]
    none = np.zeros_like(left)
    if is_pad is None or declared.expect.special_in_text or left.any():
        return none
    runs = np.where(is_pad.all(axis=1), 0, (~is_pad).argmax(axis=1))
    covered = np.where(runs > 0, runs - runs.min(), 0)
    learned = _supervised_tokens(received) & (np.arange(width) < covered[:, None])
    return np.where((covered > 1) & ~learned.any(axis=1), covered, 0)


# Positions and borders ------------------------------------------------------------------


def judge_borders(
    received: Received,
    declared: Declared,
    left: Places,
    attended: Flags | None,
    found: Findings,
) -> Received:
    """Give the batch with the borders that its positions tell, too, where they can be believed."""
    column = np.arange(received.inputs.shape[1])
    text = (column >= left[:, None]) & (column < tails(received, declared, attended)[:, None])
    borders = {name: starts & (column > left[:, None]) for name, starts in received.borders.items()}
    if received.positions is not None:
        borders = {"position_ids": _by_positions(received, left, text, found)} | borders
    told = {name: starts & text for name, starts in borders.items() if (starts & text).any()}
    if len(told) > 1:
        believed, *others = told
        says = told[believed].any(axis=1)  # positions that only count on say nothing
        differing = {
            name: says & told[name].any(axis=1) & (told[name] != told[believed]).any(axis=1)
            for name in others
        }
        at_odds = [name for name in others if differing[name].any()]
        if at_odds:
            rows = np.flatnonzero(np.any([differing[name] for name in at_odds], axis=0))
            found.add("borders-contradict", rows, names=_listed([believed, *at_odds]))
            borders = {name: borders[name] for name in borders if name not in at_odds}
    return replace(received, borders=borders)


def _by_positions(received: Received, left: Places, text: Flags, found: Findings) -> Flags:
    """Tell where positions begin anew; those that stand still are named, and not believed."""
    positions = received.positions
    assert positions is not None
    column = np.arange(positions.shape[1])
    step = np.diff(positions, axis=1, prepend=positions[:, :1] - 1)
    base = np.take_along_axis(positions, left[:, None].clip(max=positions.shape[1] - 1), axis=1)
    again = ((positions == 0) | ((step < 0) & (positions == base))) & (column > left[:, None])
    still = (step == 0) & text & (column > left[:, None]) & received.supervised
    wrong = still | ((step < 0) & ~again & text & (column > left[:, None]))
    rows = np.flatnonzero(wrong.any(axis=1))
    if len(rows) and not received.several_kinds:
        add_cells(found, "positions-wrong", wrong)
        again[rows] = False
    jumps = (step > 1) & text & (column > left[:, None])
    if jumps.any() and not received.several_kinds:
        add_cells(found, "positions-jump", jumps)
    return np.asarray(again)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# Targets that were rolled ---------------------------------------------------------------


def judge_wrap(received: Received, declared: Declared, found: Findings) -> tuple[Received, Flags]:
    """Take out last targets that a roll put there: the first ids of their rows, or the next's.

    It is proven where the row had ended before, or where all rows have it and differ.
    """
    inputs, last = received.inputs, received.targets[:, -1]
    none = np.zeros(len(inputs), dtype=np.bool_)
    if not received.shifted or inputs.shape[1] < 2:
        return received, none
    kept = received.supervised[:, -1]
    kept = kept & ~np.isin(
        last, [*declared.end_list, UNKNOWN if declared.pad is None else declared.pad]
    )
    over = np.zeros_like(none)
    if declared.pad is not None and not declared.expect.special_in_text:
        over = (inputs[:, -1] == declared.pad) & (inputs[:, -2] == declared.pad)
        over |= (inputs[:, -1] == declared.pad) & (declared.pad not in declared.end_list)
    if not declared.expect.special_in_text:
        is_end = np.isin(inputs, declared.end_list)
        over |= is_end[:, -1] & (is_end.sum(axis=1) == 1)
    for first in (inputs[:, 0], np.roll(inputs[:, 0], -1)):
        same = kept & (last == first)
        everywhere = bool(same.all()) and len(np.unique(first)) > 1
        wrapped = same if everywhere else same & over
        if wrapped.any():
            rows = np.flatnonzero(wrapped)
            cells = np.stack([rows, np.full_like(rows, inputs.shape[1] - 1)], axis=1)
            found.add("target-wrapped", rows, cells, last[rows[:1]])
            supervised = received.supervised.copy()
            supervised[rows, -1] = False
            return replace(received, supervised=supervised), wrapped
    return received, none
