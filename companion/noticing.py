"""What a reader of real sets looks at twice: notes on one entry, or on one conversation.

Pure functions from an entry or a conversation to codes of `RULES`; none of them says that
something is wrong, only that it is worth a look. What they leave out: counting and wording,
which is the work of `companion.surveying`. Chapter 08.
"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from companion.conversations import Conversation, Message
from companion.entries import Entry
from companion.findings import Rule
from companion.formatting import PromptStyle

RULES: dict[str, Rule] = {
    "input-stands-for-nothing": Rule(
        "note",
        "{where}: the input is a stand-in for nothing, and the model reads it as text.",
        "Make the input empty, unless it is meant.",
        "01_formatting",
    ),
    "output-stands-for-nothing": Rule(
        "note",
        "{where}: the output is a stand-in for nothing, and the model learns to say it.",
        "Write the answer, or take the entry out.",
        "08_auditing",
    ),
    "placeholder": Rule(
        "note",
        "{where}: the text holds a placeholder that nothing was put into, such as {{{{name}}}}.",
        "Fill it in, or take the entry out; code is passed over where it stands in backticks.",
        "01_formatting",
    ),
    "instruction-repeated": Rule(
        "note",
        "{where}: the answer begins with its whole instruction, so the model learns to repeat it.",
        "Take the instruction out of the answer, unless repeating was asked for.",
        "06_masking",
    ),
    "edge-moves-tokens": Rule(
        "note",
        "{where}: white space at the edge of a field joins the template's text into other tokens "
        "than the template has elsewhere.",
        "Strip the field, or mask by positions that were found in the whole text.",
        "02_tokenizing",
    ),
    "turn-empty": Rule(
        "note",
        "{where}: a turn holds no text, and calls no tool.",
        "Write the turn, or take the conversation out.",
        "08_auditing",
    ),
    "turn-out-of-order": Rule(
        "note",
        "{where}: the turns are out of order: a system message comes first, a user and the "
        "assistant take turns, and results of tools follow the assistant.",
        "Join what one role said twice, or look for a turn that was lost.",
        "08_auditing",
    ),
    "tool-result-supervised": Rule(
        "note",
        "{where}: the result of a tool is to be learned, which a model is given and never writes.",
        "Give tool messages the weight 0, or supervise the assistant alone.",
        "06_masking",
    ),
    "last-turn-not-assistant": Rule(
        "note",
        "{where}: the last turn is not the assistant's, so nothing is learned from it.",
        "Cut the conversation after its last answer, or look for the answer that was lost.",
        "08_auditing",
    ),
}
"""Every note by its code, in the order in which a survey may name them."""

NOTHING = re.compile(
    r"<?\s*(?:no\s*input|n\s*/\s*a|none|null|nan|nil|empty|not applicable)\s*>?\s*\.?",
    re.IGNORECASE,
)
"""What stands in an input field where there is none. "None of them." is none of these."""

NO_OUTPUT = re.compile(r"<\s*(?:no\s*(?:out|in)put|n/a|none|null)\s*>", re.IGNORECASE)
"""The same for an output, in angle brackets alone: "None." may be the right answer."""

PLACEHOLDER = re.compile(r"\{\{\s*[A-Za-z_][\w. -]*\}\}")
CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)

REPEATED_WORDS = 4
"""An instruction of fewer words is no finding when it is repeated: "Hello!" is answered so."""

Encode = Callable[[str], list[int]]


def notice_entry(
    entry: Entry, style: PromptStyle | None = None, encode: Encode | None = None
) -> tuple[str, ...]:
    """Give the codes of what is worth a look in an entry, in the order of `RULES`.

    White space at the edges of fields is judged where `style` and `encode` are given, since
    it depends on them whether it moves a token.

    >>> notice_entry(Entry("Name a colour.", "<noinput>", "Blue."))
    ('input-stands-for-nothing',)
    """
    fields = (entry.instruction, entry.input, entry.output)
    found = {
        "input-stands-for-nothing": bool(entry.input and NOTHING.fullmatch(entry.input.strip())),
        "output-stands-for-nothing": bool(NO_OUTPUT.fullmatch(entry.output.strip())),
        "placeholder": any(map(_has_placeholder, fields)),
        "instruction-repeated": _repeats(entry.instruction, entry.output),
        "edge-moves-tokens": bool(style and encode and _edge_moves_tokens(entry, style, encode)),
    }
    return tuple(code for code in found if found[code])


def notice_conversation(
    conversation: Conversation, supervised: tuple[str, ...] = ("assistant",)
) -> tuple[str, ...]:
    """Give the codes of what is worth a look in a conversation, in the order of `RULES`.

    `supervised`: the roles that a run learns from; a message's own weight overrules it.

    >>> notice_conversation(Conversation((Message("user", "Name a colour."),)))
    ('last-turn-not-assistant',)
    """
    messages = conversation.messages
    found = {
        "placeholder": any(_has_placeholder(message.content) for message in messages),
        "instruction-repeated": any(
            before.role == "user"
            and message.role == "assistant"
            and _repeats(before.content, message.content)
            for before, message in pairwise(messages)
        ),
        "turn-empty": any(map(_is_empty, messages)),
        "turn-out-of-order": any(_out_of_order(messages)),
        "tool-result-supervised": any(
            message.role in TOOLS and _is_supervised(message, supervised) for message in messages
        ),
        "last-turn-not-assistant": bool(messages) and messages[-1].role != "assistant",
    }
    return tuple(code for code in RULES if found.get(code))


TOOLS = ("tool", "function", "ipython")
SYSTEM = ("system", "developer")


def _has_placeholder(text: str) -> bool:
    return "{{" in text and bool(PLACEHOLDER.search(CODE.sub("", text)))


def _repeats(instruction: str, output: str) -> bool:
    asked = instruction.strip()
    # Lower letters may be more than the capital was; twice as many are enough.
    begins = output.lstrip()[: 2 * len(asked)].lower().startswith(asked.lower())
    return begins and len(asked.split()) >= REPEATED_WORDS


def _is_empty(message: Message) -> bool:
    # A tool may have nothing to say, and a call of one needs no words.
    silent = message.role in TOOLS or message.more.get("tool_calls")
    return not silent and not message.content.strip()


def _is_supervised(message: Message, supervised: tuple[str, ...]) -> bool:
    return message.role in supervised if message.weight is None else bool(message.weight)


def _out_of_order(messages: tuple[Message, ...]) -> Iterator[bool]:
    """Tell of each message whether it may not follow the one before it."""
    may_follow = {
        "user": ("", "system", "assistant"),
        "assistant": ("user", "tool"),
        "tool": ("assistant", "tool"),
        "system": ("", "system"),
    }
    before = ""
    for message in messages:
        role = "tool" if message.role in TOOLS else message.role
        role = "system" if role in SYSTEM else role
        # Of a role that only a template knows, nobody can say where it belongs.
        yield (
            role in may_follow
            and (before in may_follow or not before)
            and (before not in may_follow[role])
        )
        before = role


def _edge_moves_tokens(entry: Entry, style: PromptStyle, encode: Encode) -> bool:
    """Tell whether white space at an edge joins with the template, and the bare text does not."""
    fields = (entry.instruction, entry.input, entry.output)
    stripped = tuple(field.strip() for field in fields)
    if fields == stripped:
        return False
    bare = Entry(*stripped)
    return _joined(entry, style, encode) > _joined(bare, style, encode)


def _joined(entry: Entry, style: PromptStyle, encode: Encode) -> int:
    """Count the borders between a field and the template that lie within a token."""
    pieces = [text for _, text in style.pieces(entry)]
    joint = encode("".join(pieces))
    return sum(
        encode("".join(pieces[:at])) + encode("".join(pieces[at:])) != joint
        for at in range(1, len(pieces))
    )
