"""Audit a batch: say what it would teach, and name what is wrong with it.

Takes anybody's batch, as (inputs, targets) or as the dictionary of a published collator,
and a declaration of what was meant: which id ends a text, which one pads, what is masked.
Gives a `Report` of findings, each with a code that stays the same, a sentence, the rows,
and the cure. An *error* is what batch and declaration prove; a *note* is unusual and may be
meant; where the evidence cannot decide, the finding is *undetermined* and says what is
missing. What it leaves out: the entries before they are a batch (`companion.surveying`).
Chapter 08.

The work is done in this order: `receiving` reads the batch, `attending` judges what it says of
itself, `dividing` takes its texts apart, `judging` and `comparing` have the rules.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from companion.adapting import Tokenizer, adapt_tokenizer
from companion.attending import judge_attention, judge_borders, judge_left_padding, judge_wrap
from companion.comparing import find_headers, judge_border, judge_mask
from companion.dividing import Declared, Texts, divide, with_ends
from companion.expecting import UNDECLARED, Expectation, is_undeclared
from companion.findings import Findings, Report
from companion.formatting import get_style
from companion.judging import (
    judge_beginnings,
    judge_crossing,
    judge_ends,
    judge_ids,
    judge_shift,
    judge_special,
    may_be_cut,
)
from companion.receiving import Flags, Ids, Received, receive
from companion.spelling import Spelling, spell
from companion.tokenizing import END_ID, Decode, gpt2_decode

__all__ = ["UNDECLARED", "Expectation", "audit", "audit_found"]


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
    of integers, of shape (rows, columns). From a mapping are taken, too, and judged: the
    attention mask (of 1 and 0, True and False, 0 and -inf; of two dimensions or four; or
    numbered by text), position ids (of two dimensions or three), `cu_seq_lens` and
    `seq_idx`, and masks of supervision (`loss_mask`, `completion_mask`, `assistant_masks`),
    beside labels or instead of them. What of these cannot be read is named, and the rest is
    judged without it. Or a trainer, of transformers or TRL: then the first 64 batches that it
    would train on (`companion.inspecting.audit_trainer`).

    `tokenizer`: whatever `adapt_tokenizer` takes; it declares the ends, the pad (its end, if
    it has none) and the number of ids, where `expect` does not, and decodes. `decode`: gives
    the text of ids, to show it and to find a response header; None where there is none.

    Raises `ValueError` or `TypeError`, in one sentence, for what is no batch at all.

    >>> from companion import Collator
    >>> inputs, targets = Collator()([[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]])
    >>> audit(inputs, targets)
    audit: nothing found; inputs of shape (3, 5), 20.0% padding; 10 of 15 targets supervised
    >>> audit(inputs, targets.masked_fill(targets == 50256, -100)).codes
    ('end-ignored',)
    """
    from companion.inspecting import audit_trainer, is_trainer

    if is_trainer(batch):
        return audit_trainer(batch, expect=expect, tokenizer=tokenizer, decode=decode)
    found, tally = audit_found(
        batch, targets, attention_mask=attention_mask, position_ids=position_ids, expect=expect,
        tokenizer=tokenizer, decode=decode,
    )  # fmt: skip
    return Report(found.worded(), tally)


def audit_found(
    batch: Any,
    targets: Any = None,
    *,
    attention_mask: Any = None,
    position_ids: Any = None,
    expect: Expectation | None = None,
    tokenizer: Any = None,
    decode: Decode | None = gpt2_decode,
) -> tuple[Findings, dict[str, Any]]:
    """Give what `audit` finds before it is worded, and the tally of the batch."""
    if not (expect is None or isinstance(expect, Expectation)):
        raise TypeError(f"expect is an Expectation(...), or None; found {type(expect).__name__}")
    if not (decode is None or callable(decode)):
        raise TypeError(f"decode gives the text of ids, or is None; found {decode!r}")
    expect = expect or Expectation()
    adapted = None if tokenizer is None else adapt_tokenizer(tokenizer)
    received, found = receive(batch, targets, attention_mask, position_ids, expect)
    declared = _declared(received, expect, adapted)
    found.decode = _decoder(decode, adapted, declared, received)
    if declared.ends is None:
        cure = "Declare it: expect=Expectation(end_id=...); the tokenizer does not."
        found.add("end-unknown", received.rows, cure=None if adapted is None else cure)
    wrong_rows = judge_ids(received, declared, found)
    received, wrapped = judge_wrap(received, declared, found)
    attended = judge_attention(received, declared, found)
    left = judge_left_padding(received, declared, attended, found)
    received = judge_borders(received, declared, left, attended, found)
    texts = divide(received, declared, left, attended)
    if expect.spans is not None and len(expect.spans) != len(texts):
        raise ValueError(
            f"spans are declared for each text; found {len(expect.spans)} for {len(texts)}"
        )
    texts = judge_crossing(texts, found)
    judged = ~wrong_rows[texts.row]
    spelling = spell(found.decode, texts.block[judged[texts.of]])
    texts = with_ends(texts, None if spelling is None else spelling.white)
    _judge(texts, judged, wrapped, spelling, adapted, found)
    return found, _tally(texts, found)


def _judge(
    texts: Texts,
    judged: Flags,
    wrapped: Flags,
    spelling: Spelling | None,
    tokenizer: Tokenizer | None,
    found: Findings,
) -> None:
    """Apply the rules that speak of texts."""
    declared, expect = texts.declared, texts.declared.expect
    style = None if expect.style is None else get_style(expect.style)
    names = [] if spelling is None else spelling.pieces(declared.end_list)
    names = [name.strip() for name in names]
    headers = find_headers(texts, judged, style, spelling, names, found)
    white = None if spelling is None else spelling.white
    if not texts.received.supervised.any():
        found.add("nothing-supervised", texts.received.rows)
    else:
        fits = judge_shift(texts, judged, found)
        learned = texts.any(texts.graded)
        # Of a text of one token, the end is all that can be learned.
        bare = fits & ~learned & (np.where(texts.end < 0, texts.stop, texts.end) == 1)
        learned |= bare & bool(declared.ends)
        silent = fits & ~learned
        lost = silent & may_be_cut(texts)
        for code, which in (("response-lost", lost), ("row-not-supervised", silent & ~lost)):
            if which.any():
                found.add(code, texts.row[which])
        fits &= learned
        if not _is_mask_open(texts, fits, found):
            judge_ends(texts, fits, wrapped, white, found)
            judge_mask(texts, fits, headers, spelling, found)
    judge_border(texts, headers, found)
    begun = judge_beginnings(texts, judged, _beginning(declared, tokenizer), found)
    markers = None if spelling is None else spelling.tags
    judge_special(texts, judged, begun, white, markers, found)


def _is_mask_open(texts: Texts, judged: Flags, found: Findings) -> bool:
    """Tell whether a mask of supervision, which stands for labels, may speak of the next token."""
    name = texts.received.mask_name
    if name is None or not texts.declared.ends:
        return False
    here = texts.any(texts.is_end & texts.graded)
    received = texts.received
    is_end = np.isin(received.inputs[:, 1:], texts.declared.end_list)
    before_end: Flags = np.any(received.supervised[:, :-1] & is_end, axis=1)
    if (judged & here).any() or not judged.any() or not before_end[texts.row[judged]].all():
        return False
    found.add("loss-mask-undetermined", texts.row[judged], name=name)
    return True


def _beginning(declared: Declared, tokenizer: Tokenizer | None) -> int | None:
    """Give the id that begins a text, if one is declared that does nothing else."""
    if declared.expect.begin_id is not None or tokenizer is None:
        return declared.expect.begin_id
    begin = tokenizer.beginning
    return None if begin == declared.pad or begin in (declared.ends or ()) else begin


def _tally(texts: Texts, found: Findings) -> dict[str, Any]:
    """Count, and say where more is padding than text."""
    received = texts.received
    filled = int(np.minimum(texts.stop, texts.width).sum())
    slots = received.inputs.size
    if 2 * filled < slots:
        height, width = received.inputs.shape
        longest = int(
            np.bincount(texts.row, texts.left + np.minimum(texts.stop, texts.width)).max()
        )
        cure = None
        if longest < width:
            cure = (
                f"Pad to the longest row of the batch, {longest:,} columns and not {width:,}, and "
                "batch texts of like length together."
            )
        elif height == 1:
            cure = "Cut the row where its text ends."
        found.add("mostly-padding", received.rows, cure=cure, share=f"{1 - filled / slots:.0%}")
    return {
        "shape": list(received.inputs.shape),
        "tokens": filled,
        "padding_share": 1 - filled / slots,
        "targets": received.targets.size,
        "supervised": int(received.supervised.sum()),
    }


# What is declared -----------------------------------------------------------------------


def _declared(received: Received, expect: Expectation, tokenizer: Tokenizer | None) -> Declared:
    ends = _ends(expect, tokenizer, received.inputs, received.targets)
    pad = _pad(expect, tokenizer, ends, received)
    return Declared(expect, ends, pad, _size(expect, tokenizer, [pad, *(ends or ())]))


def _decoder(
    decode: Decode | None, tokenizer: Tokenizer | None, declared: Declared, received: Received
) -> Decode | None:
    """Give what decodes: GPT-2's only where something says that these are its ids."""
    if decode is not gpt2_decode:
        return decode
    if tokenizer is not None:
        return tokenizer.decode
    if declared.ends is None:
        return None
    is_gpt2s = {END_ID} & {*declared.ends, declared.pad} or not declared.ends
    is_gpt2s = is_gpt2s or declared.expect.style is not None or (received.inputs == END_ID).any()
    return decode if is_gpt2s else None


def _ends(expect: Expectation, tokenizer: Tokenizer | None, *arrays: Ids) -> frozenset[int] | None:
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
    received: Received,
) -> int | None:
    """Give the id that pads, by who declares it; undeclared, by where it stands, or the end."""
    if not is_undeclared(expect.pad_id):
        return None if expect.pad_id is None else int(expect.pad_id)
    if tokenizer is not None and tokenizer.pad is not None:
        return tokenizer.pad
    inputs = received.inputs
    if received.attended is not None and not received.attended.all():
        hidden = inputs[~received.attended]
        if (hidden == hidden[0]).all():
            return int(hidden[0])
    may_be_gpt2s = tokenizer is None and (ends is None or END_ID in ends or not ends)
    if may_be_gpt2s and (inputs[:, [0, -1]] == END_ID).any():
        return END_ID
    if ends is None:
        return None
    # What stands last in a row, twice, and is no target, is a pad.
    last = inputs[~received.supervised[:, -1]][:, -2:]
    twice = set(last[last[:, 0] == last[:, -1], -1].tolist()) if inputs.shape[1] > 1 else set()
    for ids in (twice, ends):
        if len(ids) == 1:
            return int(next(iter(ids)))
    return None if tokenizer is None else tokenizer.end


def _size(
    expect: Expectation, tokenizer: Tokenizer | None, declared: Iterable[int | None]
) -> int | None:
    """Give how many ids there are; those that are declared beside a tokenizer are some of them."""
    if expect.vocabulary_size is not None or tokenizer is None or tokenizer.size is None:
        return expect.vocabulary_size
    ids = [id for id in (*declared, expect.begin_id) if id is not None]
    return max([tokenizer.size, *(id + 1 for id in ids)])
