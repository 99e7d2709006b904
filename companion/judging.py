"""Judge texts: are they shifted, do they end, what is supervised that should not be.

Takes `Texts` and notes what is found, each rule in a few operations on all texts at once.
An *error* is what batch and declaration prove; where two causes give the same batch, both are
named. What it leaves out: masks of the prompt (`companion.comparing`), and what the batch
says of itself (`companion.attending`). Chapter 08.
"""

import numpy as np

from companion.attending import add_cells
from companion.dividing import UNKNOWN, Declared, Places, Texts
from companion.findings import CELLS, Findings
from companion.receiving import Flags, Ids, Received


def judge_ids(received: Received, declared: Declared, found: Findings) -> Flags:
    """Look for ids that are none, and give their rows, which are judged no further."""
    ignore, size = declared.expect.ignore_index, declared.size
    wrong = received.inputs == ignore
    if wrong.any():
        add_cells(found, "ignore-index-in-inputs", wrong)
    wrong_rows: Flags = wrong.any(axis=1)
    for array in (received.inputs, received.targets):
        wrong = (array < 0) & (array != ignore)
        if size is not None:
            wrong |= array >= size
        if wrong.any():
            wrong_rows |= wrong.any(axis=1)
            add_cells(
                found, "id-out-of-range", wrong, array[wrong], size=str(size or "unknown size")
            )
    return wrong_rows


# Shifted --------------------------------------------------------------------------------


def judge_shift(texts: Texts, judged: Flags, found: Findings) -> Flags:
    """Give the texts whose targets stand where they should; the others are judged no further."""
    declared = 1 if texts.received.shifted else 0
    wrong = {1: {0: "not-shifted", 2: "shifted-twice"}, 0: {1: "shifted-twice"}}[declared]
    agrees = [_agrees(texts, offset) for offset in (0, 1, 2)]
    fits = agrees[declared]
    alone = ~np.any([agrees[other] for other in {0, 1, 2} - {declared}], axis=0)
    open_ = judged & ~fits
    for offset in (0, 1, 2):
        if offset in wrong:
            _add_texts(texts, wrong[offset], open_ & agrees[offset], found)
            open_ &= ~agrees[offset]
    if open_.any():
        _add_texts(texts, "targets-differ", open_, found)
    if judged.any() and not (judged & (alone | ~fits)).any():
        found.add("shift-undetermined", texts.received.rows)
    return judged & fits


def _agrees(texts: Texts, offset: int) -> Flags:
    """Tell whether each supervised target is the input `offset` columns on, where there is one."""
    received = texts.received
    width = received.inputs.shape[1]
    differs = np.zeros(received.inputs.shape, dtype=np.bool_)
    if offset < width:
        here, ahead = received.targets[:, : width - offset], received.inputs[:, offset:]
        learned = received.supervised[:, : width - offset]
        if not received.shifted:  # the first label counts here, though no model looks at it
            learned = here != texts.declared.expect.ignore_index
        differs[:, : width - offset] = (here != ahead) & learned
    sums = np.zeros(differs.size + 1, dtype=np.int32)
    np.cumsum(differs, out=sums[1:])
    begin = texts.row * width + texts.start
    stop = begin + np.maximum(texts.width - offset, 0)
    agreed: Flags = sums[stop] == sums[begin]
    return agreed


def _add_texts(texts: Texts, code: str, which: Flags, found: Findings) -> None:
    if which.any():
        cells = np.stack([texts.row[which], texts.start[which]], axis=1)
        found.add(code, texts.row[which], cells)


def judge_crossing(texts: Texts, found: Findings) -> Texts:
    """Look for targets that are the first token of another text, and take them for ignored."""
    received, ends = texts.received, texts.declared.ends
    width = received.inputs.shape[1]
    graded, block = texts.graded, texts.block
    if received.shifted:
        if ends is None:  # a text may begin with its end token, and this id may be it
            return texts
        stop, slots = texts.start + texts.width, texts.first[1:] - 1
        follows = received.inputs[texts.row, np.minimum(stop, width - 1)]
        last = block[slots]
        crossed = (stop < width) & (last == follows) & (last != UNKNOWN)
        crossed &= ~np.isin(last, texts.declared.end_list)
        cells = np.stack([texts.row, stop - 1], axis=1)
    else:
        first = received.targets[texts.row, texts.start]
        kept = received.supervised[texts.row, texts.start]
        crossed = kept & (texts.start > 0) & (texts.left == 0)
        crossed &= first == received.inputs[texts.row, texts.start]
        last, cells = first, np.stack([texts.row, texts.start], axis=1)
    if crossed.any():
        found.add("border-crossed", texts.row[crossed], cells[crossed], last[crossed][:1])
    if not received.shifted or not crossed.any():
        return texts
    graded, block = graded.copy(), block.copy()
    graded[slots[crossed]], block[slots[crossed]] = False, UNKNOWN
    return texts.changed(block, graded)


# Ends and beginnings --------------------------------------------------------------------


def judge_ends(
    texts: Texts, judged: Flags, wrapped: Flags, white: Ids | None, found: Findings
) -> None:
    """Look whether each text teaches the model to stop, and whether it goes on after that.

    `wrapped`: the rows whose last target was rolled there. `white`: the ids of white space,
    None where that is not known.
    """
    declared = texts.declared
    if declared.ends:
        _judge_learned_ends(texts, judged, wrapped, found)
    beyond = texts.graded & ~texts.inside & judged[texts.of]
    if beyond.any():
        slots = np.flatnonzero(beyond)
        unsure = declared.expect.special_in_text and texts.attended is None
        code = "padding-undetermined" if unsure else "padding-supervised"
        add_slots(texts, code, slots, found)
    _judge_left(texts, judged, found)
    if declared.ends and not declared.expect.special_in_text:
        _judge_twice(texts, judged, white, found)


def _judge_learned_ends(texts: Texts, judged: Flags, wrapped: Flags, found: Findings) -> None:
    stop, end, known = texts.stop, texts.end, texts.known
    has_end = end >= 0
    learned = texts.is_end & texts.graded
    taught = texts.any(learned)
    at_end = has_end & texts.any(learned & (texts.at >= end[texts.of]))
    cut = may_be_cut(texts)
    answered = texts.graded_at(np.where(has_end, end - 1, stop - 1))
    # The end token would be the last target of all, and that one is ignored.
    last_ignored = (known < np.diff(texts.first)) & (stop == known)
    hidden = _is_hidden(texts, stop)
    open_ = judged & ~at_end
    lost = open_ & cut
    _add_rows(texts, "response-cut", lost, found)
    open_ &= ~lost
    ignored = open_ & has_end & (answered | ~taught)
    places = np.where(has_end, end, stop)
    over = open_ & ~has_end & taught & ~answered  # it goes on after the last answer
    last = open_ & ~has_end & ~over & last_ignored & ~wrapped[texts.row]
    _add_ignored(texts, ignored | last, places, found)
    open_ &= ~has_end & ~over & ~last_ignored
    missing = open_ & ~hidden
    proven = missing & (stop >= texts.width)
    if (proven & ~cut).any():  # nothing was appended to the longest, nor then to others
        missing, hidden = missing | (open_ & hidden), hidden & False
    if missing.any():
        text = int(np.flatnonzero(missing)[0])
        ids = texts.block[texts.first[text] : texts.first[text] + stop[text]][-6:]
        found.add("no-end-token", texts.row[missing], ids=ids)
    _add_rows(texts, "end-hidden", open_ & hidden, found)


def _is_hidden(texts: Texts, stop: Places) -> Flags:
    """Tell where a pad that is an end token follows the text, by the attention mask."""
    pad = texts.declared.pad
    if texts.attended is None or pad not in texts.declared.end_list:
        return np.zeros(len(texts), dtype=np.bool_)
    following = texts.id_at(np.minimum(stop, texts.known - 1))
    return np.asarray((stop < texts.known) & (following == pad))


def _add_ignored(texts: Texts, which: Flags, places: Places, found: Findings) -> None:
    if not which.any():
        return
    slots = texts.first[:-1][which] + places[which]
    # With pads of the same id, no mask, and no end learned, none may have been appended at all.
    open_ = not (texts.is_end & texts.graded).any() and texts.attended is None
    open_ = open_ and texts.declared.pad in texts.declared.end_list
    cure = (
        "Find the padding by position, not by comparing with the pad id; if no end token was "
        "appended, append it to each text, once, before padding."
        if open_
        else None
    )
    found.add("end-ignored", texts.row[which], texts.cells(slots), cure=cure)


def may_be_cut(texts: Texts) -> Flags:
    """Tell which texts, without an end token, fill what they were declared to be cut at."""
    limit = texts.declared.expect.max_length
    if limit is None:
        return np.zeros(len(texts), dtype=np.bool_)
    length = np.where(texts.end < 0, texts.stop, texts.end)
    return np.minimum(length, texts.width) >= limit


def _judge_left(texts: Texts, judged: Flags, found: Findings) -> None:
    """Look for pads before the text that are supervised.

    Their targets end where the text's first token is the target. A model that shifts never
    looks at the first column.
    """
    received = texts.received
    which = judged & (texts.left > 0)
    if not which.any():
        return
    stops = np.zeros(len(received.inputs), dtype=np.int64)
    stops[texts.row[which]] = texts.left[which] - received.shifted
    learned = received.supervised & (np.arange(received.inputs.shape[1]) < stops[:, None])
    if learned.any():
        row = int(np.flatnonzero(learned.any(axis=1))[0])
        ids = received.targets[row][learned[row]]
        add_cells(found, "padding-supervised", learned, ids)


def _judge_twice(texts: Texts, judged: Flags, white: Ids | None, found: Findings) -> None:
    """Name the texts that end, and end again."""
    earlier = _doubled(texts, white)
    of = texts.of[earlier]
    of = of[judged[of]]
    if len(of):
        slots = texts.first[:-1][of] + texts.end[of]
        found.add("ends-twice", texts.row[of], texts.cells(slots), texts.block[slots[:1]])


def _doubled(texts: Texts, white: Ids | None) -> Places:
    """Give the slots of end tokens that the text's last repeats; a line break may stand between."""
    last, first = texts.end, texts.first[:-1]
    found = []
    for back in (1, 2):
        before = first + np.maximum(last - back, 0)
        same = (last > back) & (texts.block[before] == texts.id_at(np.maximum(last, 0)))
        if back == 2:
            between = first + np.maximum(last - 1, 0)
            same &= ~texts.is_end[between]
            same &= True if white is None else np.isin(texts.block[between], white)
        found.append(before[same])
    return np.sort(np.concatenate(found))


def judge_beginnings(texts: Texts, judged: Flags, begin: int | None, found: Findings) -> Flags:
    """Look for beginnings of sequence that are missing or stand twice; tell which do."""
    expect, first = texts.declared.expect, texts.first[:-1]
    long = texts.known > 1
    one, two = texts.block[first], texts.block[first + long]
    alike = judged & long & (one == two)
    if begin is not None:
        twice = alike & (one == begin)
        _add_texts(texts, "begins-twice", twice, found)
    else:
        twice = np.zeros_like(judged)
    if expect.begin_id is not None:
        _add_texts(texts, "begin-missing", judged & (one != begin) & ~may_be_cut(texts), found)
    longer = texts.known > 2
    three = texts.block[first + np.where(longer, 2, 0)]
    distinct = alike & longer & (three != one)
    everywhere = judged.sum() > 1 and bool(distinct[judged].all())
    if begin is None and everywhere:
        found.add("begins-alike", texts.row[judged], [], [one[judged][0]] * 2)
        twice = alike
    return np.asarray(twice)


def _add_rows(texts: Texts, code: str, which: Flags, found: Findings) -> None:
    if which.any():
        found.add(code, texts.row[which])


def add_slots(texts: Texts, code: str, slots: Places, found: Findings, **words: str) -> None:
    """Note slots, and show the ids of those in the first text that has any."""
    of = texts.of[slots]
    shown = texts.block[slots[of == of[0]]]
    found.add(
        code, np.unique(texts.row[of]), texts.cells(slots[:CELLS]), shown, count=len(slots), **words
    )


# Within the text ------------------------------------------------------------------------


def judge_special(
    texts: Texts,
    judged: Flags,
    begun: Flags,
    white: Ids | None,
    markers: Ids | None,
    found: Findings,
) -> None:
    """Look for end and pad ids within the text that no turn ends with.

    `begun`: the texts whose second token is a beginning, too. `markers`: the ids that are a
    tag by themselves, such as `<|im_start|>`, or None where that is not known.
    """
    declared = texts.declared
    if declared.expect.special_in_text:
        return
    special = [*declared.end_list] + ([] if declared.pad is None else [declared.pad])
    last = np.where(texts.end < 0, texts.stop, texts.end)
    inner = np.isin(texts.block, special) & (texts.at < last[texts.of]) & judged[texts.of]
    inner &= texts.at > begun[texts.of]
    slots = np.flatnonzero(inner)
    slots = slots[~_ends_a_turn(texts, slots, markers, begun)]
    slots = np.setdiff1d(slots, _doubled(texts, white))  # it is told of already
    if len(slots):
        of = texts.of[slots]
        found.add("special-in-text", np.unique(texts.row[of]), texts.cells(slots))


def _ends_a_turn(texts: Texts, slots: Places, markers: Ids | None, begun: Flags) -> Flags:
    """Tell after which of these slots another turn opens: with a tag, or as the text began.

    Where a text begins twice (`begun`), its first turn opens one token later.
    """
    opens = np.zeros(len(slots), dtype=np.bool_)
    first = texts.first[:-1][texts.of[slots]] + begun[texts.of[slots]]
    is_end = np.isin(texts.block[slots], texts.declared.end_list)
    for ahead in (1, 2):
        there = np.minimum(slots + ahead, len(texts.block) - 1)
        same = texts.of[there] == texts.of[slots]
        ids = texts.block[there]
        if markers is not None:
            tag = np.isin(ids, markers) & ~np.isin(ids, texts.declared.end_list)
        else:
            second = np.minimum(first + 1, len(texts.block) - 1)
            tag = (ids == texts.block[first]) | (ids == texts.block[second])
            tag &= ~np.isin(ids, texts.declared.end_list) & (ids != UNKNOWN)
        opens |= same & tag
    return opens & is_end
