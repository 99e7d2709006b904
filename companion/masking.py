"""Step 6, mask (optional): only the response's targets stay supervised.

Takes tokenized entries and gives, for each, the spans of positions that the model is to
answer; `companion.ignoring.keep_spans` does the rest, as it does for the padding. A
prompt and its response are one span; a chat of several turns has several. Inputs stay
as they are: the model still reads the prompt, it is only not graded on it. Chapter 06.
"""

from collections.abc import Sequence

from companion.ignoring import Spans
from companion.tokenizing import TokenizedEntry

MASKS = ("none", "prompt", "prompt_without_header")
"""What to leave out of the targets: nothing, the prompt, or the prompt but for its header."""


def supervised_spans(entries: Sequence[TokenizedEntry], mask: str = "prompt") -> list[Spans]:
    """Give, for each entry, the spans of its text that `mask` leaves supervised.

    Positions count the end token, which stands at `len(entry.ids)`. Raises `ValueError`
    for an unknown mask, and for "prompt_without_header" where the length of a header
    could not be told.

    >>> entry = TokenizedEntry([5, 6, 7, 8], prompt_length=3, header_length=1)
    >>> [supervised_spans([entry], mask) for mask in MASKS]
    [[((0, 5),)], [((3, 5),)], [((2, 5),)]]
    """
    if mask == "none":
        return [((0, len(entry.ids) + 1),) for entry in entries]
    if mask == "prompt":
        return [entry.spans for entry in entries]
    if mask == "prompt_without_header":
        return [_with_header(entry) for entry in entries]
    raise ValueError(f"mask is one of {', '.join(MASKS)}; found {mask!r}")


def _with_header(entry: TokenizedEntry) -> Spans:
    header = entry.header_length
    if header is None:
        raise ValueError(
            "mask 'prompt_without_header' needs to know where the response header begins, and "
            "this tokenizer could not tell; give its `decode` too, or use mask 'prompt'"
        )
    return tuple((start - header, stop) for start, stop in entry.spans)
