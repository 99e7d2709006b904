"""What may come from outside and is no batch, or is one that means harm; by its kind.

Each is the JSON text of a state, of a whole link, or what a link or the storage holds as it
stands: some of it cannot be written by way of Python's own numbers and dictionaries.
"""

import base64
import json
from typing import Any, NamedTuple

ENTRY = {"instruction": "Say yes.", "input": "", "output": "Yes."}
CODE = '64)(batch)\nimport os; os.system("touch owned")\n#'
MARKUP = '<img src=x onerror="window.owned=1"><script>window.owned=1</script>'


class Hostile(NamedTuple):
    """`where`: "state" (in a link and in the storage), "link" or "packed" (in a link alone)."""

    kind: str
    where: str
    text: str


def _states(kind: str, *states: Any) -> list[Hostile]:
    return [Hostile(kind, "state", json.dumps(state)) for state in states]


def _with(**chosen: Any) -> dict[str, Any]:
    return {"entries": [ENTRY], **chosen}


def _entry(text: str) -> dict[str, Any]:
    return {"entries": [{"instruction": text, "input": text, "output": text}]}


def _style(**parts: Any) -> dict[str, Any]:
    return _with(style={"name": "own", "instruction": "{instruction}", **parts})


def _talk(text: str = "Hi", **more: Any) -> dict[str, Any]:
    spoken = [{"role": role, "content": text} for role in ("user", "assistant")]
    return {"entries": [{"messages": spoken}], **more}


def _said(*messages: Any) -> dict[str, Any]:
    return {"entries": [{"messages": list(messages)}]}


CASES: list[Hostile] = [
    *_states("no talk", *({"entries": [{"messages": one}]} for one in (None, 5, "x", [], {}))),
    *_states("no talk", *map(_said, (None, 5, "x", [], {}, {"role": "user"}, {"content": "x"}))),
    *_states(
        "no talk", _said({"role": CODE, "content": ""}), _said({"role": ["user"], "content": ""})
    ),
    *_states(
        "no talk", _said({"role": "user", "content": {}}), _said({"role": "user", "content": 5})
    ),
    *_states("no talk", _said({"role": "user", "content": "", "tool_calls": []})),
    *_states(
        "no talk",
        {"entries": [*_talk()["entries"], ENTRY]},
        {"entries": [[1], *_talk()["entries"]]},
    ),
    *_states("no talk", {"entries": [{"messages": [], "tools": [CODE]}]}),
    *_states("too large", _said(*[{"role": "user", "content": ""}] * 33), _talk("a" * 5_001)),
    *_states("code for a choice", _talk(style=f'chatml"\n{CODE}'), _talk(style={"name": CODE})),
    *_states(
        "code for a choice", _talk(mask=f'TRL"]{CODE}'), _talk(mask="prompt"), _talk(fault=CODE)
    ),
    *_states(
        "prototype", _talk(style="__proto__"), _talk(mask="constructor"), _talk(fault="toString")
    ),
    Hostile(
        "prototype", "state", '{"entries": [{"messages": [], "__proto__": {"messages": [1]}}]}'
    ),
    Hostile(
        "prototype",
        "state",
        '{"entries": [{"messages": [{"role": "user", "__proto__": {"content": "x"}}]}]}',
    ),
    *_states(
        "harm in a batch",
        *(
            _talk(text, mask="TRL")
            for text in (MARKUP, '"""\n' + CODE, "\ud83d", "\u2028<|im_end|>")
        ),
        *(_talk("\\", fault=fault) for fault in ("ends_left_out", "questions_supervised")),
        *(_talk(MARKUP, fault=fault, style="gemma3") for fault in ("two_beginnings", "no_shift")),
    ),
    *_states("no state", None, "x", [], 5, True, {}, {"entries": "x"}, {"entries": {}}),
    *_states("no state", {"entries": []}, {"entries": [ENTRY] * 9}, {"entries": None}),
    *_states("no entry", *({"entries": [one]} for one in (None, "x", 5, [], {}, [[]], [{}]))),
    *_states(
        "no entry", {"entries": [{**ENTRY, "task": "x"}]}, {"entries": [ENTRY, {"input": ""}]}
    ),
    *_states(
        "no entry", *({"entries": [{**ENTRY, "output": one}]} for one in (None, 5, ["x"], {}))
    ),
    *_states("no id", *({"entries": [[1, one]]} for one in (-1, 1.5, 2**53, "2", True, None, [3]))),
    Hostile("no id", "state", '{"entries": [[1e400]]}'),
    *_states("code for a number", *(_with(max_length=one) for one in (CODE, [CODE], {"a": CODE}))),
    *_states("code for a number", _with(pad_to_multiple_of=CODE), {"entries": [[0, CODE]]}),
    *_states("code for a choice", *(_with(**{name: f'none"{CODE}'}) for name in ("mask", "fault"))),
    *_states(
        "code for a choice", _with(truncation=f'cut"){CODE}'), _with(style=f'alpaca"\n{CODE}')
    ),
    *_states("code for a choice", _with(mask=["none"]), _with(truncation=None), _with(fault=[])),
    *_states("too large", _with(max_length=9_999_999), _with(pad_to_multiple_of=1_000_000_000)),
    *_states("too large", _with(pad_to_multiple_of=2**53 - 1), _with(max_length=10**30)),
    Hostile("too large", "state", '{"entries": [[1]], "pad_to_multiple_of": 1e308}'),
    *_states("too large", {"entries": [[7] * 1_001]}, {"entries": [[7] * 20_000] * 8}),
    *_states("too large", _entry("a" * 3_334), _entry("\N{SUN WITH FACE}" * 1_667)),
    *_states("too large", _style(header="a" * 2_000), _style(name="a" * 5_000)),
    *_states("too small", _with(max_length=0), _with(max_length=-5), _with(pad_to_multiple_of=-1)),
    *(
        Hostile("prototype", "state", text)
        for text in (
            '{"entries": [[1]], "__proto__": {"mask": "x"}}',
            '{"__proto__": {"entries": [[1]]}}',
            '{"entries": [[1]], "constructor": 1}',
            '{"entries": [{"instruction": "", "input": "", "__proto__": {"output": ""}}]}',
            '{"entries": [[1]], "style": {"name": "a", "__proto__": {"instruction": "x"}}}',
        )
    ),
    *_states("prototype", *(_with(style=one) for one in ("__proto__", "toString", "constructor"))),
    *_states("prototype", _with(mask="toString"), _with(fault="__proto__")),
    *_states("no style", _with(style=None), _with(style=[]), _with(style=5), _with(style=MARKUP)),
    *_states("no style", _style(header=5), _style(end="x"), _style(input="no slot")),
    *_states("no style", _style(input="{input}{input}"), _style(instruction="none")),
    *_states(
        "harm in a batch", *map(_entry, (MARKUP, '"""\n' + CODE, "'''\\", '\\"); import os #'))
    ),
    *_states(
        "harm in a batch", *map(_entry, ("\ud83d", "\ude42\ud83d", "\x00\x1b[2J\u009b", "\u2028"))
    ),
    *_states(
        "harm in a batch", *map(_entry, ("\u202e\u2066evil", "{instruction}{input}", "__proto__"))
    ),
    *_states("harm in a batch", _style(name=MARKUP, header=MARKUP), _style(name="\ud83d\n" + CODE)),
    *_states(
        "harm in a batch", _style(name='"', suffix='"""\\'), {"entries": [[2**53 - 1, 99999999]]}
    ),
    *(
        Hostile("no view", "link", json.dumps({"step": step, "state": _with()}))
        for step in (None, 7, "", "pads", "__proto__", "constructor", ["mask"], MARKUP)
    ),
    *(
        Hostile("no link", "link", text)
        for text in ("null", "5", '"x"', "[]", "{}", '{"step": "mask"}')
    ),
    Hostile("no link", "link", json.dumps({"step": "mask", "state": _with(), "show": MARKUP})),
    Hostile("no link", "link", '{"step": "mask", "state": {"entries": [[1]]}, "__proto__": {}}'),
    *(
        Hostile("no code", "packed", text)
        for text in ("", "!", "e30", "____", "eyJz", "%00", "é", "..")
    ),
    Hostile("no code", "packed", "A" * 500_000),
    Hostile("no code", "packed", "W1tb" * 20_000),
]


def pack(text: str) -> str:
    """Write a link's text as the end of an address has it."""
    return base64.urlsafe_b64encode(text.encode("utf-8")).decode("ascii").rstrip("=")


def link_of(case: Hostile, step: str = "mask", place: str = "explorer-1") -> str:
    """Give the end of an address that brings a case to an explorer."""
    text = case.text
    if case.where == "state":
        text = f'{{"step": "{step}", "state": {text}}}'
    return f"#batch={place}.{text if case.where == 'packed' else pack(text)}"
