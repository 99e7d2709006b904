"""Random states of the explorer: texts that tokenizers and languages disagree about.

Drawn with `random.Random` rather than by Hypothesis, since a browser is asked about hundreds
of them at a time.
"""

from random import Random
from typing import Any

from companion.formatting import STYLES
from companion.masking import MASKS
from companion.showing.frames import FAULTS, MOST_ENTRIES, TALKS, TRUNCATIONS
from companion.showing.talks import MESSAGE_ROLES

PARTS = (
    *("a", "the", " word", "Word", "123", "'s", "!?", ".", "one two three", "un", "able"),
    *(" ", "  ", "     ", "\n", "\n\n", "\r\n", "\r", "\t", "\x0b", "\x0c", "\x85", "\x1c", "\x00"),
    *("\xa0", "\u200b", "\u2028", "\u2029", "\u3000", "\u180e", "\ufeff", "\u202e", "\xad"),
    *("\ud83d", "\ude42", "\ud83d\ude42", "\udbff", "\udc00", "\ufffd", "\ufffd\ufffd", "\uffff"),
    *("\U0001f642", "\U0001f9d1\u200d\U0001f52c", "\U0001f1eb\U0001f1f7", "\u270c\U0001f3fd"),
    *(
        "\xe9",
        "e\u0301",
        "\u65e5\u672c\u8a9e",
        "\u0928\u092e\u0938\u094d",
        "\u05d0\u05d1",
        "\u4e16",
    ),
    *("<|endoftext|>", "<|im_end|>", "<|user|>", "### Response:\n", "\n\n### Response:\n"),
    *("{instruction}", "{input}", "{output}", "</script>", "__proto__", "\\ud83d", "&amp;"),
)


def random_text(dice: Random, longest: int = 6) -> str:
    """Give a text of a few parts, or any characters at all; often an empty one."""
    if dice.random() < 0.1:
        return "".join(chr(dice.randrange(0x110000)) for _ in range(dice.randint(0, longest)))
    return "".join(dice.choice(PARTS) for _ in range(dice.randint(0, longest)))


def random_entry(dice: Random) -> dict[str, str] | list[int]:
    """Give an entry, or now and then bare ids, some of which are the end token's."""
    if dice.random() < 0.15:
        return [dice.choice((0, 1, 13, 198, 50256)) for _ in range(dice.randint(1, 9))]
    return {name: random_text(dice) for name in ("instruction", "input", "output")}


def random_style(dice: Random) -> str | dict[str, str]:
    """Give the name of a style, or now and then a style of the reader's own."""
    if dice.random() < 0.6:
        return dice.choice(list(STYLES))

    def fixed(slot: str = "") -> str:
        before, after = (random_text(dice, 2) for _ in range(2))
        if slot:
            before, after = before.replace(slot, ""), after.replace(slot, "")
        return before + slot + after

    style = {"name": "own", "instruction": fixed("{instruction}")}
    if dice.random() < 0.8:
        style["input"] = fixed("{input}")
    return style | {
        name: fixed() for name in ("closing", "header", "suffix") if dice.random() < 0.7
    }


def random_state(dice: Random) -> dict[str, Any]:
    """Give a state; what it does not say is left to the defaults."""
    state: dict[str, Any] = {
        "entries": [random_entry(dice) for _ in range(dice.randint(1, MOST_ENTRIES))],
        "style": random_style(dice),
        "mask": dice.choice(MASKS),
        "truncation": dice.choice(TRUNCATIONS),
        "max_length": dice.choice((None, None, 1, 2, 4, 8, 16, 24, 40, 64, 0, -1)),
        "pad_to_multiple_of": dice.choice((None, None, None, 1, 2, 8, 5, 0)),
        "fault": dice.choice((None, None, None, *FAULTS)),
    }
    return {
        name: value for name, value in state.items() if name == "entries" or dice.random() < 0.9
    }


TALK_PARTS = (
    *("<|im_start|>", "<|start_header_id|>", "<|eot_id|>", "<start_of_turn>model\n", "<think>"),
    *("</think>", "<think>\n\n</think>\n\n", "<tool_response>", "</tool_response>", "\x04", "\x1d"),
    *("\x1f", "user\n", "assistant", "\u2000", "\u1680", "{role}", "{content}", "<|im_end|>\n"),
)
"""What chat templates write themselves, and what languages disagree about at a text's edges."""


def random_talk(dice: Random) -> dict[str, Any]:
    """Give a conversation: mostly one that is held in turns, now and then of any messages."""

    def text() -> str:
        own = "".join(dice.choice(TALK_PARTS) for _ in range(dice.randint(0, 2)))
        return dice.choice(("", " ", own)) + random_text(dice, 4) + dice.choice(("", "\n", own))

    if dice.random() < 0.15:
        roles = [dice.choice(MESSAGE_ROLES) for _ in range(dice.randint(1, 6))]
    else:
        turn = ("user", "assistant") if dice.random() < 0.9 else ("user", "assistant", "tool")
        roles = ["system"] * (dice.random() < 0.3) + [*turn] * dice.randint(1, 3)
        roles += ["assistant"] if turn[-1] == "tool" else []
    return {"messages": [{"role": role, "content": text()} for role in roles]}


def random_talk_state(dice: Random) -> dict[str, Any]:
    """Give a state of conversations; what it does not say is left to the defaults."""
    state: dict[str, Any] = {
        "entries": [random_talk(dice) for _ in range(dice.choice((1, 1, 2, 3, MOST_ENTRIES)))],
        "style": dice.choice(list(TALKS.styles)),
        "mask": dice.choice(TALKS.masks),
        "truncation": dice.choice(TRUNCATIONS),
        "max_length": dice.choice((None, None, None, 1, 4, 8, 16, 24, 40, 64, 100, 0)),
        "pad_to_multiple_of": dice.choice((None, None, None, 1, 8, 5)),
        "fault": dice.choice((None, None, *TALKS.faults)),
    }
    return {
        name: value for name, value in state.items() if name == "entries" or dice.random() < 0.9
    }


YES = {"instruction": "Say yes.", "input": "", "output": "Yes."}
TALK: dict[str, Any] = {"messages": [{"role": "user", "content": "Say yes."}]}
NO_STATES: tuple[tuple[Any, str], ...] = (
    ({}, "entries"),
    ({"entries": []}, "1 to 8"),
    ({"entries": [YES] * 9}, "1 to 8"),
    ({"entries": "Say yes."}, "1 to 8"),
    ({"entries": {"0": YES}}, "1 to 8"),
    ({"entries": [YES], "prompt_style": "alpaca"}, "prompt_style"),
    ({"entries": [YES], "mask": "header"}, "mask is one of none, .*header; found header"),
    ({"entries": [YES], "mask": None}, "mask is one of .*; found null"),
    ({"entries": [YES], "truncation": "left"}, "truncation is one of cut, .*; found left"),
    ({"entries": [YES], "fault": "none"}, "fault is one of .*no_shift, .*; found none"),
    ({"entries": [YES], "max_length": "8"}, "max_length is a whole number or null; found 8"),
    ({"entries": [YES], "max_length": 8.5}, "max_length is a whole number or null; found 8.5"),
    ({"entries": [YES], "max_length": True}, "max_length is a whole number or null"),
    ({"entries": [YES], "pad_to_multiple_of": []}, "pad_to_multiple_of is a whole number or null"),
    ({"entries": [YES, "Say yes."]}, "entry 1 is neither"),
    ({"entries": [None]}, "entry 0 is neither"),
    ({"entries": [YES, YES, []]}, "entry 2 is neither"),
    ({"entries": [[1, -1]]}, "entry 0 is neither"),
    ({"entries": [[1, 0.5]]}, "entry 0 is neither"),
    ({"entries": [[1, "2"]]}, "entry 0 is neither"),
    ({"entries": [[2**53]]}, "entry 0 is neither"),
    ({"entries": [[False]]}, "entry 0 is neither"),
    ({"entries": [{"instruction": "Say yes.", "output": "Yes."}]}, "entry 0 is neither"),
    ({"entries": [{**YES, "task": "yes"}]}, "entry 0 is neither"),
    ({"entries": [{**YES, "input": None}]}, "entry 0 is neither"),
    ({"entries": [YES], "style": "Alpaca"}, "no prompt style .?Alpaca.?; there are alpaca, phi3"),
    ({"entries": [YES], "style": "toString"}, "no prompt style"),
    ({"entries": [YES], "style": None}, "style is a name or an object of texts"),
    ({"entries": [YES], "style": {"instruction": "{instruction}"}}, "style is a name or an object"),
    (
        {"entries": [YES], "style": {"name": "a", "instruction": "{instruction}", "end": ""}},
        "style is a name or an object of texts",
    ),
    (
        {"entries": [YES], "style": {"name": "a", "instruction": "{instruction}", "header": 1}},
        "style is a name or an object of texts",
    ),
    (
        {"entries": [YES], "style": {"name": "a", "instruction": "no slot"}},
        "prompt style.*instruction.*holds the slot {instruction} exactly once",
    ),
    (
        {
            "entries": [YES],
            "style": {"name": "a", "instruction": "{instruction}", "input": "{input}{input}"},
        },
        "prompt style.*input.*holds the slot {input} exactly once",
    ),
    ({"entries": [TALK, YES]}, "entry 1 is no conversation"),
    ({"entries": [YES, TALK]}, "entry 1 is neither"),
    ({"entries": [{**TALK, "tools": []}]}, "entry 0 is no conversation"),
    ({"entries": [{"messages": []}]}, "entry 0: messages are a list of 1 to 32"),
    ({"entries": [{"messages": TALK["messages"] * 33}]}, "entry 0: messages are a list"),
    ({"entries": [{"messages": {"0": TALK}}]}, "entry 0: messages are a list"),
    ({"entries": [{"messages": [None]}]}, "entry 0, message 0 is no object of role and content"),
    ({"entries": [{"messages": [{"role": "system"}]}]}, "entry 0, message 0 is no object"),
    ({"entries": [{"messages": [{"role": "user", "content": 5}]}]}, "entry 0, message 0 is no"),
    ({"entries": [{"messages": [{"role": "human", "content": ""}]}]}, "one of system, user, assis"),
    ({"entries": [{"messages": [{"role": ["user"], "content": ""}]}]}, "entry 0, message 0 is no"),
    ({"entries": [TALK], "style": "alpaca"}, "no chat template alpaca; there are chatml, smollm2"),
    ({"entries": [TALK], "style": {"name": "x"}}, "no chat template an object; there are chatml"),
    ({"entries": [TALK], "mask": "prompt"}, "mask is one of everything, every answer, .*prompt"),
    ({"entries": [TALK], "fault": "end_ignored"}, "fault is one of .*two_beginnings; found end_ig"),
    ({"entries": [YES], "fault": "two_beginnings"}, "fault is one of .*; found two_beginnings"),
    ({"entries": [YES], "mask": "TRL"}, "mask is one of none, .*header; found TRL"),
)
"""What is no state, and a pattern of the sentence with which both languages say so."""
