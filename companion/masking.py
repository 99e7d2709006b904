"""Step 6, mask (optional): only the response's targets stay supervised.

A mask is a function from one `TokenizedEntry` to the spans of positions that the model is
to answer; `companion.ignoring.keep_spans` does the rest, as it does for the padding. The
entry guarantees that its turns lie in its text, in order; a prompt and its response are one
turn, a chat has several. Inputs stay as they are: the model still reads the prompt, it is
only not graded on it. Chapter 06.
"""

from collections.abc import Callable, Sequence

from companion.ignoring import Spans
from companion.tokenizing import TokenizedEntry

Mask = Callable[[TokenizedEntry], Spans]


def whole_text(entry: TokenizedEntry) -> Spans:
    """Supervise everything: the text from its first token to its end token.

    >>> whole_text(TokenizedEntry([5, 6, 7, 8], prompt_length=3))
    ((0, 5),)
    """
    # A text of whose answers none is left has nothing to teach, whatever the mask.
    return ((0, entry.length),) if entry.turns else ()


def every_answer(entry: TokenizedEntry) -> Spans:
    """Supervise each answer with its end token.

    >>> every_answer(TokenizedEntry([5, 6, 7, 8], prompt_length=3))
    ((3, 5),)
    """
    return tuple([turn[1:3] for turn in entry.turns])  # start and end


def every_answer_with_header(entry: TokenizedEntry) -> Spans:
    """Supervise each answer with its end token, and the response header before it.

    Raises `ValueError` where it is not known where a header begins.

    >>> every_answer_with_header(TokenizedEntry([5, 6, 7, 8], prompt_length=3, header_length=1))
    ((2, 5),)
    """
    return tuple([(_header(turn.header), turn.end) for turn in entry.turns])


def _header(header: int | None) -> int:
    if header is None:
        raise ValueError(
            "mask 'prompt_without_header' needs to know where the response header begins, and "
            "this tokenizer could not tell; give its `decode` too, or use mask 'prompt'"
        )
    return header


_BY_NAME: dict[str, Mask] = {
    "none": whole_text,
    "prompt": every_answer,
    "prompt_without_header": every_answer_with_header,
}

MASKS = tuple(_BY_NAME)
"""What to leave out of the targets: nothing, the prompt, or the prompt but for its header."""


def supervised_spans(entries: Sequence[TokenizedEntry], mask: str | Mask = "prompt") -> list[Spans]:
    """Give, for each entry, the spans of its text that `mask` leaves supervised.

    `mask`: a name, one of `MASKS`, or a function of your own from an entry to spans.
    Positions count the end token. Raises `ValueError` for an unknown mask, and for
    "prompt_without_header" where the length of a header could not be told.

    >>> entry = TokenizedEntry([5, 6, 7, 8], prompt_length=3, header_length=1)
    >>> [supervised_spans([entry], mask) for mask in MASKS]
    [[((0, 5),)], [((3, 5),)], [((2, 5),)]]
    """
    choose = get_mask(mask)
    return [choose(entry) for entry in entries]


def get_mask(mask: str | Mask) -> Mask:
    """Give the mask of this name, or the function itself.

    Raises `ValueError` for a name that none has, and for what is neither.

    >>> get_mask("prompt").__name__
    'every_answer'
    """
    if callable(mask):
        return mask
    if not isinstance(mask, str) or mask not in _BY_NAME:
        raise ValueError(f"mask is one of {', '.join(MASKS)}; found {mask!r}")
    return _BY_NAME[mask]
