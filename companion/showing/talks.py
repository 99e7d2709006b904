"""Conversations in frames: their first step, and which faults are a chat's alone.

Takes a `Conversation` and a template that is data, and gives each piece of text, and each
token, the role that it is drawn in. A conversation is an entry of several turns, so that all
later steps are those of `companion.showing.frames`. `talks.js` does the same in a browser.
What it leaves out: tools on offer and calls beside a text, for which there is no box.
"""

from collections.abc import Iterator

from companion.adapting import Tokenizer, adapt_tokenizer
from companion.chatting import encode_each, encode_pieces, is_answer
from companion.conversations import Conversation
from companion.templates import Piece, Template, pieces_of
from companion.tokenizing import TokenizedEntry, Turn

TOKENIZER = "smollm2"
"""The vocabulary of every conversation on a page; it has ids for ChatML's markers."""

MESSAGE_ROLES = ("system", "user", "assistant", "tool")
"""Who can speak. A template may know fewer, and then refuses."""

MOST_MESSAGES = 32
"""Of one conversation."""

FAULTS = {
    "no_shift": "shift",
    "shifted_twice": "shift",
    "padding_by_value": "ignore",
    "mask_off_by_one": "mask",
    "ends_left_out": "mask",
    "questions_supervised": "mask",
    "headers_supervised": "mask",
    "two_beginnings": "tokenize",
}
"""The ways in which a batch of chats can be broken on purpose, and the step of each."""

LEFT_OUT = {"ends_left_out": "end"}
"""The role whose targets a fault ignores."""

ADDED = {"questions_supervised": "instruction", "headers_supervised": "header"}
"""The role whose targets a fault supervises."""

LABELS = {
    "template": "template",
    "instruction": "question",
    "input": "system or tool",
    "header": "answer's header",
    "response": "answer",
    "suffix": "what follows the end",
    "end": "end of turn",
    "pad": "pad",
    "ignored": "ignored",
}
"""What the roles are called where a conversation is looked at."""

_OF_ANSWERS = {"header": "header", "text": "response", "end": "end", "after": "suffix"}


def roled_pieces(talk: Conversation, template: Template) -> list[tuple[str, Piece]]:
    r"""Give each piece of a conversation's text with the role that it is drawn in.

    Raises `ValueError` for a conversation that the template has no place for.

    >>> from companion.conversations import Message
    >>> from companion.templates import TEMPLATES
    >>> talk = Conversation((Message("assistant", "Yes?"),))
    >>> [(role, piece.text) for role, piece in roled_pieces(talk, TEMPLATES["chatml"])]
    [('header', '<|im_start|>'), ('header', 'assistant\n'), ('response', 'Yes?'), ...
    """
    return [(_role(piece, talk), piece) for piece in pieces_of(talk, template)]


def _role(piece: Piece, talk: Conversation) -> str:
    """Give the role of a piece; what is around the text of all but answers is template."""
    if piece.message is None:
        return "template"
    speaker = talk[piece.message].role
    if speaker == "assistant":
        return _OF_ANSWERS[piece.kind]
    if piece.kind != "text":
        return "template"
    return "instruction" if speaker == "user" else "input"


def tokenized(
    pieces: list[tuple[str, Piece]], talk: Conversation, begins_twice: bool
) -> tuple[TokenizedEntry, list[str]]:
    """Give the entry that the pieces make, and the role of each of its tokens.

    With `begins_twice`, the tokenizer's beginning is put before all, whatever the template
    wrote there.
    """
    tokenizer = adapt_tokenizer(TOKENIZER)
    answers = {number for number, message in enumerate(talk) if is_answer(message)}
    entry = encode_pieces([piece for _, piece in pieces], answers, tokenizer)
    roles = list(_roles(pieces, tokenizer))
    if not begins_twice or tokenizer.beginning is None:
        return entry, roles
    turns = [
        Turn(None if header is None else header + 1, start + 1, end + 1, stop + 1)
        for header, start, end, stop in entry.turns
    ]
    ids = [tokenizer.beginning, *entry.ids.tolist()]
    return TokenizedEntry(ids, turns, closed=True), ["template", *roles]


def _roles(pieces: list[tuple[str, Piece]], tokenizer: Tokenizer) -> Iterator[str]:
    each = encode_each([piece for _, piece in pieces], tokenizer)
    for (role, _), ids in zip(pieces, each, strict=True):
        yield from [role] * len(ids)
