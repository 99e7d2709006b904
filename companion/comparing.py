"""Compare what is supervised with what a mask should leave: by spans, or by response headers.

Finds a style's response header in each text, the one of a prompt or those of a chat; a chat's
answers reach to the end of their turns. Where several readings are likely, the one that fits
best is taken, and nothing is proven by it. What it leaves out: everything but the mask.
Chapters 06 and 13.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from companion.dividing import UNKNOWN, Places, Texts, is_pad_unknown
from companion.findings import Findings
from companion.formatting import PromptStyle
from companion.judging import add_slots
from companion.receiving import Flags, Ids
from companion.spelling import Spelling


@dataclass(frozen=True)
class Headers:
    """Where response headers stand, in the order of their slots.

    `begin`, `end`: the slots of the first token, and of the first one after it. `shared`:
    whether its last token is partly header, partly answer. `stop`: where its answer's turn
    ends, with its end token; the text's last slot where it does not. `closed`: whether it does.
    `framed`: whether it follows right behind what ends a question.
    """

    begin: Places
    end: Places
    shared: Flags
    stop: Places
    closed: Flags
    framed: Flags

    def __len__(self) -> int:
        return len(self.begin)


def find_headers(
    texts: Texts, judged: Flags, style: PromptStyle | None, spelling: Spelling | None,
    names: Sequence[str], found: Findings,
) -> Headers:  # fmt: skip
    """Find the response headers of a style in each text, and ends that are spelled out.

    `names`: the end tokens, as text. Each row's text is put together once.
    """
    header = style.header if style is not None else ""
    typed = [name for name in names if _is_marked(name)]
    begins, ends, shared, stops, framed = [], [], [], [], []
    closing = style.closing if style is not None else ""
    if spelling is not None and (header or typed):
        special = [*texts.declared.end_list]
        special += [] if texts.declared.pad is None else [texts.declared.pad]
        keep = texts.inside & judged[texts.of]
        spelled: dict[str, list[int]] = {}
        first_of_row = np.searchsorted(texts.row, np.arange(len(texts.received.inputs) + 1))
        edges = texts.first[first_of_row]
        for row, (first, last) in enumerate(pairwise(edges)):
            slots = first + np.flatnonzero(keep[first:last])
            ids = texts.block[slots]
            pieces = spelling.pieces(ids.tolist())
            whole = "".join(pieces)
            if typed:
                _find_typed(typed, whole, pieces, ids, special, row, spelled)
            if header and header in whole:
                at = np.array(_places(whole, header))
                sums = np.cumsum([0, *map(len, pieces)])
                begin = np.searchsorted(sums, at)
                end = np.searchsorted(sums, at + len(header))
                padded = np.append(slots, last)
                begins.append(padded[begin])
                ends.append(padded[end])
                shared.append(sums[end] > at + len(header))
                framed.append(
                    np.array([bool(closing) and whole.endswith(closing, 0, n) for n in at])
                )
                stops.append(_suffixes(style, whole, at + len(header), sums, padded))
        if spelled:
            rows = sorted({row for own in spelled.values() for row in own})
            found.add("special-typed", rows, name=", ".join(map(repr, spelled)))
    return _headers(texts, begins, ends, shared, stops, framed)


def _is_marked(name: str) -> bool:
    return len(name) > 2 and not name[0].isalnum() and not name[-1].isalnum()


def _find_typed(
    typed: Sequence[str], whole: str, pieces: list[str], ids: Ids, special: list[int], row: int,
    spelled: dict[str, list[int]],
) -> None:  # fmt: skip
    """Look for end tokens that ordinary tokens spell out."""
    if not any(name in whole for name in typed):
        return
    plain = np.flatnonzero(~np.isin(ids, special))
    own = "".join([pieces[place] for place in plain])
    for name in typed:
        if name in own:
            spelled.setdefault(name, []).append(row)


def _places(whole: str, header: str) -> list[int]:
    places, at = [], whole.find(header)
    while at >= 0:
        places.append(at)
        at = whole.find(header, at + 1)
    return places


def _suffixes(
    style: PromptStyle | None, whole: str, after: Places, sums: Places, slots: Places
) -> Places:
    """Give the slot behind the suffix that ends each answer, or -1 where the next comes first."""
    suffix = style.suffix if style is not None else ""
    if not suffix:
        return np.full(len(after), -1, dtype=np.int64)
    at = np.array(_places(whole, suffix) or [len(whole)], dtype=np.int64)
    place = np.searchsorted(at, after)
    following = np.append(at, len(whole))[place]
    inside = following < np.append(after[1:], len(whole))
    behind = np.searchsorted(sums, np.minimum(following + len(suffix), sums[-1]))
    return np.where(inside, slots[behind], -1)


def _headers(
    texts: Texts,
    begins: list[Places],
    ends: list[Places],
    shared: list[Flags],
    stops: list[Places],
    framed: list[Flags],
) -> Headers:
    """Put the headers of all rows together, and find where each one's turn ends."""
    if not begins:
        none = np.zeros(0, dtype=np.int64)
        return Headers(none, none, none > 0, none, none > 0, none > 0)
    begin, end = np.concatenate(begins), np.concatenate(ends)
    last = len(texts.of) - 1
    whole = texts.of[np.minimum(begin, last)] == texts.of[np.clip(end - 1, 0, last)]
    begin, end = begin[whole], end[whole]
    text_stop = texts.first[:-1] + texts.stop
    limit = text_stop[texts.of[np.minimum(begin, last)]]
    following = np.append(begin[1:], last + 1)
    ended = np.append(np.flatnonzero(texts.is_end), last + 1)
    by_id = ended[np.searchsorted(ended, end)] + 1
    by_suffix = np.concatenate(stops)[whole]
    by_suffix = np.where(by_suffix < 0, last + 2, by_suffix)
    stop = np.minimum(by_id, by_suffix)
    closed = (stop <= limit) & (stop <= following)
    stop = np.where(closed, stop, limit)
    kinds = [np.concatenate(flags)[whole] for flags in (shared, framed)]
    return Headers(begin, end, kinds[0], stop, closed, kinds[1])


# The mask -------------------------------------------------------------------------------


def judge_mask(
    texts: Texts, judged: Flags, headers: Headers, spelling: Spelling | None, found: Findings
) -> None:
    """Look for targets that a mask should leave out, and for those that it should keep."""
    expect = texts.declared.expect
    if expect.mask is None or not judged.any():
        return
    known = np.ones(len(texts), dtype=np.bool_)
    spared = np.zeros(len(texts.block), dtype=np.bool_)
    certain = known
    if expect.mask == "none":
        expected = np.ones(len(texts.block), dtype=np.bool_)
    elif expect.spans is not None:
        expected = _by_spans(texts)
    else:
        expected, spared, known, certain = _by_headers(texts, headers, spelling)
    extra, missing = _differing(texts, expected)
    extra &= ~spared & judged[texts.of]
    missing &= ~spared & judged[texts.of]
    undecided = judged & (~known | (~certain & (texts.any(extra) | texts.any(missing))))
    if undecided.any():
        cure = None
        if expect.style is not None:
            cure = (
                "Declare the spans; the response header of the style that is declared stands "
                "nowhere in these texts, or several times."
            )
        found.add("mask-undetermined", texts.row[undecided], cure=cure, mask=expect.mask)
        decided = ~undecided[texts.of]
        extra &= decided
        missing &= decided
    if expect.mask == "prompt" and expect.spans is None:
        extra = _without_header_ends(texts, headers, spelling, extra, found)
    kept = "text-ignored" if expect.mask == "none" else "response-ignored"
    for code, flags in (("prompt-supervised", extra), (kept, missing)):
        slots = np.flatnonzero(flags)
        if len(slots):
            add_slots(texts, code, slots, found, mask=expect.mask)


def _differing(texts: Texts, expected: Flags) -> tuple[Flags, Flags]:
    """Tell what is supervised and should not be, and the reverse, before the text's end."""
    last = np.where(texts.end < 0, texts.stop, texts.end)
    last = np.minimum(last, texts.known)
    compared = (texts.at > 0) & (texts.at < last[texts.of])
    extra = texts.graded & ~expected & compared
    missing = expected & ~texts.graded & compared
    if is_pad_unknown(
        texts.received, texts.declared
    ):  # what is ignored at the edges may be padding
        place = np.where(texts.graded, texts.at, np.int32(-1))
        final = np.maximum.reduceat(place, texts.first[:-1])
        place = np.where(texts.graded, texts.at, np.int32(len(texts.block)))
        begun = np.minimum.reduceat(place, texts.first[:-1])
        missing &= (texts.at > begun[texts.of]) & (texts.at < final[texts.of])
    return extra, missing


def _by_spans(texts: Texts) -> Flags:
    spans = texts.declared.expect.spans
    assert spans is not None
    expected = np.zeros(len(texts.block), dtype=np.bool_)
    for number, own in enumerate(spans):
        first, last = texts.first[number], texts.first[number + 1]
        for start, stop in own:
            expected[min(first + start, last) : min(first + stop, last)] = True
    return expected


def _by_headers(
    texts: Texts, headers: Headers, spelling: Spelling | None
) -> tuple[Flags, Flags, Flags, Flags]:
    """Give what should be supervised, what may be or not, where that is known, and if for certain.

    Of a chat, it is every answer to the end of its turn. Else a header may stand in a prompt or
    in an answer by chance, and of the readings the one that fits best is taken.
    """
    expected = np.zeros(len(texts.block), dtype=np.bool_)
    spared = np.zeros_like(expected)
    none = np.zeros(len(texts), dtype=np.bool_)
    if not len(headers):
        return expected, spared, none, none
    by_header = texts.declared.expect.mask == "prompt_without_header"
    begin = headers.begin if by_header else headers.end
    of = texts.of[headers.begin]
    count = np.bincount(of, minlength=len(texts))
    chat = _chats(texts, headers, of, spelling)
    delta = np.zeros(len(texts.block) + 1, dtype=np.int32)
    mine = chat[of]
    np.add.at(delta, begin[mine], 1)
    np.add.at(delta, np.maximum(headers.stop[mine], begin[mine]), -1)
    expected |= np.cumsum(delta[:-1]) > 0
    spared |= _behind_turns(texts, headers.stop[mine & headers.closed], spelling)
    if not by_header:  # a token that is header and answer may be either
        spared[(headers.end - 1)[mine & headers.shared]] = True
    starts = _best_starts(texts, begin, headers, of, by_header)
    plain = ~chat & (count > 0)
    expected |= plain[texts.of] & (texts.at >= starts[texts.of])
    return expected, spared, count > 0, chat | (count == 1)


def _best_starts(
    texts: Texts, begin: Places, headers: Headers, of: NDArray[np.int32], by_header: bool
) -> Places:
    """Give, for each text, at which of its headers the mask ends, if it ends at one."""
    sums = np.concatenate([[0], np.cumsum(texts.graded)])
    likely = [(begin, of)]
    if not by_header and headers.shared.any():
        likely.append(((begin - 1)[headers.shared], of[headers.shared]))
    places = np.concatenate([place for place, _ in likely])
    owner = np.concatenate([own for _, own in likely])
    first = texts.first[:-1][owner]
    last = first + np.minimum(np.where(texts.end < 0, texts.stop, texts.end), texts.known)[owner]
    place = np.clip(places, first + 1, np.maximum(last, first + 1))
    extra = sums[place] - sums[first + 1]
    missing = (last - place) - (sums[np.maximum(last, place)] - sums[place])
    order = np.lexsort((np.arange(len(owner)), extra + missing, owner))
    best = order[np.unique(owner[order], return_index=True)[1]]
    starts = np.zeros(len(texts), dtype=np.int64)
    starts[owner[best]] = (places - first)[best]
    return starts


def _chats(
    texts: Texts, headers: Headers, of: NDArray[np.int32], spelling: Spelling | None
) -> Flags:
    """Tell which texts are chats: several answers, each asked for, and ended before the next.

    A header that begins with a token of its own is no text that somebody typed.
    """
    several = np.bincount(of, minlength=len(texts)) > 1
    last = np.append(of[1:] != of[:-1], True)
    ended = np.ones(len(texts), dtype=np.bool_)
    ended[of[(~last & ~headers.closed) | ~headers.framed]] = False
    tagged = np.zeros(len(texts), dtype=np.bool_)
    if spelling is not None:
        own = np.isin(texts.block[headers.begin], spelling.tags)
        untagged = np.bincount(of[~own], minlength=len(texts)) > 0
        tagged = (np.bincount(of, minlength=len(texts)) > 0) & ~untagged
    return (several & ended) | tagged


def _behind_turns(texts: Texts, stops: Places, spelling: Spelling | None) -> Flags:
    """Find the white space behind the end of a turn, which is learned by some and not by others."""
    spared = np.zeros(len(texts.block), dtype=np.bool_)
    if spelling is None:
        return spared
    here = stops
    for _ in range(2):
        here = here[here < len(spared)]
        here = here[np.isin(texts.block[here], spelling.white)]
        spared[here] = True
        here = here + 1
    return spared


def _without_header_ends(
    texts: Texts, headers: Headers, spelling: Spelling | None, extra: Flags, found: Findings
) -> Flags:
    """Take the last token of each header of a chat out of what is wrong, and name it.

    Some training templates supervise the line break there; a mask that ends one token early
    makes the same batch.
    """
    if spelling is None or not len(headers):
        return extra
    slots = headers.end - 1
    of = texts.of[headers.begin]
    tagged = np.isin(texts.block[headers.begin], spelling.tags)
    fits = tagged & extra[slots] & np.isin(texts.block[slots], spelling.white)
    wanted = np.bincount(of, minlength=len(texts))
    alone = np.bincount(of[fits], minlength=len(texts)) == texts.count(extra)
    every = alone & (np.bincount(of[fits], minlength=len(texts)) == wanted) & (wanted > 0)
    own = slots[every[of]]
    if not len(own):
        return extra
    found.add("header-supervised", texts.row[every], texts.cells(own), texts.block[own[:1]])
    extra = extra.copy()
    extra[own] = False
    return extra


def judge_border(texts: Texts, headers: Headers, found: Findings) -> None:
    """Look for a token that is partly response header, partly response."""
    if not headers.shared.any():
        return
    of = texts.of[headers.begin]
    alone = np.bincount(of, minlength=len(texts))[of] == 1
    slots = (headers.end - 1)[alone & headers.shared]
    slots = slots[texts.block[slots] != UNKNOWN]
    if len(slots):
        found.add(
            "border-moved", texts.row[texts.of[slots]], texts.cells(slots), texts.block[slots[:1]]
        )
