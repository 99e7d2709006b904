"""Chat templates as data: a conversation becomes pieces of text, whose places are known.

Takes a `Conversation` and a `Template`, which is a handful of strings: what stands before a
turn, what ends it, what follows the end. Gives `Piece`s: each knows whether it is header,
text or end, of which message, and whether it is a marker, such as `<|im_end|>`, that a
tokenizer may have an id for. What it leaves out: tokens (`companion.chatting`), and templates
written in Jinja, which are programs (`companion.rendering`). Chapter 13.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from companion.conversations import Conversation, Message

KINDS = ("beginning", "header", "text", "end", "after")
"""What a piece is there for, in the order in which a turn has them."""

THINKING = ("refused", "kept", "last", "left out")
"""Whether a template has a place for thinking: none; in every answer; only in those after the
last question; in none, though answers that bring some are taken."""


class Piece(NamedTuple):
    """A piece of the text of a conversation.

    `kind`: one of `KINDS`. `message`: the number of the message it belongs to, from 0, or
    None for what the template adds by itself. `special`: whether it is a marker.
    """

    text: str
    kind: str
    message: int | None
    special: bool


@dataclass(frozen=True)
class Tools:
    """How a template writes tools: those on offer, a call, and what came of it.

    `offer` holds the slot `{tools}`, one line a tool, and joins the system message. `call`
    holds `{name}` and `{arguments}`, `result` holds `{content}`. `result_role`: whose turn a
    result is; "tool", or another, in whose turn results that follow one another share one.
    `quotes`: whether arguments that are text already are quoted once more, as one published
    template does.

    Raises `ValueError` where a slot is missing or stands twice.
    """

    offer: str
    call: str
    result: str
    result_role: str
    quotes: bool = False

    def __post_init__(self) -> None:
        slots = (("offer", "tools"), ("call", "name"), ("call", "arguments"), ("result", "content"))
        for part, slot in slots:
            if getattr(self, part).count("{" + slot + "}") != 1:
                raise ValueError(
                    f"tools: {part!r} holds the slot {{{slot}}} exactly once; "
                    f"found {getattr(self, part)!r}"
                )


@dataclass(frozen=True)
class Template:
    """A chat template, made of data alone.

    `header` holds the slot `{role}`; `end` ends each turn, `after` follows it. `markers`:
    which parts of these are special tokens; where a tokenizer has no id for one, it is text.
    `roles`: the roles that are known, and what they are called here. `beginning`: a marker
    before all; it becomes the tokenizer's own beginning, and nothing where it has none.
    `system`: the system message that is added where a conversation brings none.
    `folds_system`: a system message is no turn of its own, and joins the first question.
    `trims`: white space at the edges of a text is cut. `alternates`: questions and answers
    take turns, and anything else is refused. `thinking`: one of `THINKING`. `tools`: None
    where the template has no place for them.

    Raises `ValueError` for a header without its slot, an empty end, and unknown thinking.

    >>> mine = Template("mine", header="{role}: ", end="</s>", after="", markers=("</s>",))
    >>> talk = Conversation((Message("user", "Hi"), Message("assistant", "Yes?")))
    >>> text_of(talk, mine)
    'user: Hi</s>assistant: Yes?</s>'
    """

    name: str
    header: str = "<|im_start|>{role}\n"
    end: str = "<|im_end|>"
    after: str = "\n"
    markers: tuple[str, ...] = ("<|im_start|>", "<|im_end|>")
    roles: Mapping[str, str] = field(
        default_factory=lambda: {role: role for role in ("system", "user", "assistant")},
        hash=False,
    )
    beginning: str = ""
    system: str = ""
    folds_system: bool = False
    trims: bool = False
    alternates: bool = False
    thinking: str = "refused"
    tools: Tools | None = None

    def __post_init__(self) -> None:
        if self.header.count("{role}") != 1:
            raise ValueError(
                f"template {self.name!r}: 'header' holds the slot {{role}} exactly once; "
                f"found {self.header!r}"
            )
        if not self.end:
            raise ValueError(
                f"template {self.name!r}: 'end' is empty, and a turn that never ends teaches "
                "no model to stop; give the text or the special token that ends it"
            )
        if self.thinking not in THINKING:
            raise ValueError(f"thinking is one of {', '.join(THINKING)}; found {self.thinking!r}")

    def header_of(self, role: str) -> str:
        r"""Give what stands before a turn of this role; for an answer it is the generation prompt.

        >>> TEMPLATES["gemma3"].header_of("assistant")
        '<start_of_turn>model\n'
        """
        return self.header.replace("{role}", self.roles[role])


_QWEN_OFFER = (
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n{tools}\n"
    "</tools>\n\nFor each function call, return a json object with function name and arguments "
    'within <tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, '
    '"arguments": <args-json-object>}\n</tool_call>'
)
_QWEN_TOOLS = Tools(
    offer=_QWEN_OFFER,
    call='<tool_call>\n{"name": "{name}", "arguments": {arguments}}\n</tool_call>',
    result="<tool_response>\n{content}\n</tool_response>",
    result_role="user",
)

_ROLES = {"system": "system", "user": "user", "assistant": "assistant"}

TEMPLATES: dict[str, Template] = {
    template.name: template
    for template in (
        # No model's own: ChatML as it is written by hand, with results in turns of a tool.
        Template(
            "chatml",
            roles={**_ROLES, "tool": "tool"},
            tools=replace(_QWEN_TOOLS, result_role="tool"),
        ),
        Template(
            "smollm2",
            system="You are a helpful AI assistant named SmolLM, trained by Hugging Face",
        ),
        Template(
            "qwen2.5",
            system="You are Qwen, created by Alibaba Cloud. You are a helpful assistant.",
            tools=replace(_QWEN_TOOLS, quotes=True),
        ),
        Template("qwen3", thinking="last", tools=_QWEN_TOOLS),
        # As the template that TRL puts in Qwen3's place for training: thinking in every turn.
        Template("qwen3_training", thinking="kept", tools=_QWEN_TOOLS),
        Template(
            "llama3",
            header="<|start_header_id|>{role}<|end_header_id|>\n\n",
            end="<|eot_id|>",
            after="",
            markers=("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
            beginning="<|begin_of_text|>",
            trims=True,
        ),
        Template(
            "gemma3",
            header="<start_of_turn>{role}\n",
            end="<end_of_turn>",
            markers=("<start_of_turn>", "<end_of_turn>"),
            roles={**_ROLES, "assistant": "model"},
            beginning="<bos>",
            folds_system=True,
            trims=True,
            alternates=True,
        ),
    )
}
"""The templates of the book by name; a reader's own needs no place here."""


def get_template(template: str | Template) -> Template:
    """Give the template itself where a name is given; raise `ValueError` for an unknown name."""
    if isinstance(template, Template):
        return template
    if template not in TEMPLATES:
        raise ValueError(
            f"there is no chat template {template!r}; there are {', '.join(TEMPLATES)}"
        )
    return TEMPLATES[template]


def pieces_of(conversation: Conversation, template: str | Template = "chatml") -> list[Piece]:
    r"""Give the text of a conversation as pieces, in order.

    Raises `ValueError` for a conversation that this template has no place for: an unknown
    role, tools, thinking, or turns that do not alternate.

    >>> talk = Conversation((Message("user", "Hi"),))
    >>> [(piece.text, piece.kind) for piece in pieces_of(talk)]
    [('<|im_start|>', 'header'), ('user\n', 'header'), ('Hi', 'text'), ('<|im_end|>', 'end'), ...
    """
    template = get_template(template)
    made: list[Piece] = []
    if template.beginning:
        made.append(Piece(template.beginning, "beginning", None, True))
    for message, role, text in _said(conversation, template):
        made += header_pieces(role, template, message)
        made += [Piece(text, "text", message, False)] if text else []
        made += _marked(template.end, "end", message, template)
        made += _marked(template.after, "after", message, template)
    return made


def prompt_pieces(conversation: Conversation, template: str | Template = "chatml") -> list[Piece]:
    r"""Give the pieces that a model is given to be asked: the conversation, and a header.

    The header is that of the answer to come, whose number it has.

    >>> prompt_pieces(Conversation((Message("user", "Hi"),)))[-2:]
    [Piece(text='<|im_start|>', kind='header', message=1, special=True),
     Piece(text='assistant\n', kind='header', message=1, special=False)]
    """
    template = get_template(template)
    header = header_pieces("assistant", template, len(conversation))
    return [*pieces_of(conversation, template), *header]


def header_pieces(role: str, template: Template, message: int | None = None) -> list[Piece]:
    r"""Give the pieces that stand before a turn of this role.

    >>> [piece.text for piece in header_pieces("user", TEMPLATES["llama3"])]
    ['<|start_header_id|>', 'user', '<|end_header_id|>', '\n\n']
    """
    return list(_marked(template.header_of(role), "header", message, template))


def text_of(conversation: Conversation, template: str | Template = "chatml") -> str:
    """Give the whole text of a conversation.

    >>> print(text_of(Conversation((Message("user", "Hi"), Message("assistant", "Yes?")))))
    <|im_start|>user
    Hi<|im_end|>
    <|im_start|>assistant
    Yes?<|im_end|>
    <BLANKLINE>
    """
    return "".join(piece.text for piece in pieces_of(conversation, template))


def _marked(text: str, kind: str, message: int | None, template: Template) -> Iterator[Piece]:
    """Cut fixed text of the template at its markers."""
    pattern = "|".join(map(re.escape, template.markers))
    for part in re.split(f"({pattern})", text) if pattern else [text]:
        if part:
            yield Piece(part, kind, message, part in template.markers)


# What is said in each turn --------------------------------------------------------------

Said = tuple[int | None, str, str]
"""The number of a message, its role, and its whole text."""


def _said(conversation: Conversation, template: Template) -> list[Said]:
    """Give each turn of the text: what was said, and what the template has it say."""
    messages = list(conversation)
    if not messages:
        raise ValueError("a conversation of no messages has no text")
    said = _system(conversation, template)
    has_own = messages[0].role == "system"
    asked = _last_question(messages)
    for number, message in enumerate(messages):
        _check(number, message, template)
        if number == 0 and has_own:
            continue
        owner: int | None = number
        role, text = message.role, message.content
        if role == "assistant":
            is_last = number == len(messages) - 1
            text = _answer(number, message, template, number > asked, is_last)
        if role == "tool" and template.tools:
            role, text = _result(message, template.tools)
            if role != "tool" and number and messages[number - 1].role == "tool":
                owner, _, before = said.pop()  # results that are no turns of their own share one
                text = f"{before}\n{text}"
        said.append((owner, role, text.strip() if template.trims else text))
    return _folded(said, template)


def _check(number: int, message: Message, template: Template) -> None:
    """Refuse a message that this template has no place for."""
    where = f"message {number + 1} of the conversation"
    known = [*template.roles, *(["tool"] if template.tools else [])]
    if message.role not in known:
        raise ValueError(
            f"{where} is from {message.role!r}, and template {template.name!r} knows the roles "
            f"{', '.join(dict.fromkeys(known))}"
        )
    if message.more.get("tool_calls") and template.tools is None:
        raise ValueError(
            f"{where} calls a tool, and template {template.name!r} has no place for that; "
            "'chatml', 'qwen2.5' and 'qwen3' have"
        )
    if _thinking(message) and template.thinking == "refused":
        raise ValueError(
            f"{where} brings thinking, and template {template.name!r} has no place for that; "
            "'qwen3' and 'qwen3_training' have"
        )


def _system(conversation: Conversation, template: Template) -> list[Said]:
    """Give the turn that a conversation begins with: its system message, and the tools."""
    first = conversation[0]
    has_own = first.role == "system"
    text, number = (first.content, 0) if has_own else (template.system, None)
    if conversation.tools:
        if template.tools is None:
            raise ValueError(
                f"the conversation offers tools, and template {template.name!r} has no place for "
                "them; 'chatml', 'qwen2.5' and 'qwen3' have"
            )
        lines = "\n".join(_json(tool) for tool in _listed(conversation.tools))
        offer = template.tools.offer.replace("{tools}", lines)
        text = f"{text}\n\n{offer}" if text or has_own else offer
    if not text and not has_own:
        return []
    if template.trims and not template.folds_system:
        text = text.strip()
    return [(number, "system", text)]


def _folded(said: list[Said], template: Template) -> list[Said]:
    """Let a system message join the first question, and hold turns to alternate, if so."""
    if template.folds_system and said[0][1] == "system":
        (_, _, system), *said = said
        if said:
            number, role, text = said[0]
            said[0] = (number, role, f"{system}\n\n{text}")
    if template.alternates:
        for place, (number, role, _) in enumerate(said):
            if role != ("user", "assistant")[place % 2]:
                raise ValueError(
                    f"template {template.name!r} wants questions and answers to take turns, the "
                    f"first a question; message {(number or 0) + 1} is from {role!r}"
                )
    if not said:
        raise ValueError(f"template {template.name!r} has no turn for a system message alone")
    return said


def _answer(
    number: int, message: Message, template: Template, is_current: bool, is_last: bool
) -> str:
    """Give the text of an answer: its thinking, its words, and its calls of tools."""
    text = message.content
    if template.thinking != "refused":
        text = _with_thinking(message, template.thinking, is_current, is_last)
    if not template.tools:
        return text
    calls = [_call(call, template.tools, number) for call in message.more.get("tool_calls") or ()]
    # Between thinking and a call stands no further line break.
    words = _words(message)[1] if template.thinking != "refused" else text
    joint = "\n" if calls and words else ""
    return text + joint + "\n".join(calls)


def _with_thinking(message: Message, thinking: str, is_current: bool, is_last: bool) -> str:
    thought, words = _words(message)
    shown = thinking == "kept" or (thinking == "last" and is_current and (is_last or bool(thought)))
    if not shown:
        return words
    return f"<think>\n{(thought or '').strip(chr(10))}\n</think>\n\n{words.lstrip(chr(10))}"


def _words(message: Message) -> tuple[str, str]:
    """Give an answer's thinking and its words apart, be they given so or in one text."""
    thought, text = _thinking(message), message.content
    if thought is not None:
        return thought, text
    if "</think>" not in text:
        return "", text
    thought = text.split("</think>")[0].rstrip("\n").split("<think>")[-1].lstrip("\n")
    return thought, text.split("</think>")[-1].lstrip("\n")


def _thinking(message: Message) -> str | None:
    """Give the thinking that an answer brings in a field of its own, under any of its names."""
    names = ("reasoning_content", "thinking", "reasoning")
    found = next((message.more[name] for name in names if name in message.more), None)
    return found if isinstance(found, str) else None


def _last_question(messages: Sequence[Message]) -> int:
    """Give the number of the last question that is no result of a tool in disguise."""
    for number in reversed(range(len(messages))):
        text = messages[number].content
        is_result = text.startswith("<tool_response>") and text.endswith("</tool_response>")
        if messages[number].role == "user" and not is_result:
            return number
    return len(messages) - 1


# Tools ----------------------------------------------------------------------------------


def _call(call: Any, tools: Tools, number: int) -> str:
    called = call.get("function", call) if isinstance(call, Mapping) else {}
    if not isinstance(called.get("name"), str) or "arguments" not in called:
        raise ValueError(
            f"message {number + 1} of the conversation: a call of a tool has 'name' and "
            f"'arguments', itself or in 'function'; found {call!r}"
        )
    given = called["arguments"]
    arguments = given if isinstance(given, str) and not tools.quotes else _json(given)
    before, _, rest = tools.call.partition("{name}")
    between, _, after = rest.partition("{arguments}")
    return f"{before}{called['name']}{between}{arguments}{after}"


def _result(message: Message, tools: Tools) -> tuple[str, str]:
    return tools.result_role, tools.result.replace("{content}", message.content)


def _listed(tools: Sequence[Any]) -> Iterator[Any]:
    """Give tools one by one, reading those that a file holds as text."""
    for tool in tools:
        if not isinstance(tool, str):
            yield tool
            continue
        try:
            read = json.loads(tool)
        except ValueError:
            raise ValueError(f"tools are objects, or JSON; found the text {tool!r}") from None
        yield from read if isinstance(read, list) else [read]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
