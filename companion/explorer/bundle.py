"""The explorer's browser half as one file: a classic script for pages, a module for Jupyter.

Takes the modules beside it, each of which imports only those before it, and what the
companion knows that they must not write down twice: styles, defaults, rules, samples. What is
known of conversations is a script of its own, which a page loads where it has one. What it
leaves out: the vocabularies, which are `companion.publishing.vocabulary`.
"""

import json
import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

from companion.conversations import Conversation, Message
from companion.entries import Entry, load_entries
from companion.findings import RULES
from companion.showing.frames import constants, plain_item, talk_constants

MODULES = (
    "frames",
    "lines",
    "columns",
    "map",
    "sentences",
    "turn",
    "table",
    "parts",
    "sharing",
    "drawing",
    "changing",
    "acting",
    "moving",
    "explorer",
    "hosts",
)
"""In the order in which they are needed."""

TALK_MODULES = ("talks", "chats")
"""What is known of conversations."""

TOY_BATCH = ([0, 1, 2, 3, 4], [5, 6], [7, 8, 9])
"""The batch of bare ids that runs through every step of the book."""

SAMPLES: dict[str, tuple[Entry | list[int], ...]] = {
    "Ocassion": tuple(load_entries()[:3]),
    "Toy batch": TOY_BATCH,
    "Short and long": (
        Entry("Name a color.", "", "Blue."),
        Entry(
            "List the days of the week.",
            "",
            "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday and Sunday.",
        ),
    ),
    "An answer on a new line": (
        Entry("Name two colors.", "", "\n\nRed\nBlue"),
        Entry("Name a color.", "", "Blue."),
    ),
    "Two texts in one row": ([10, 11, 12, 50256, 20, 21], [30, 31]),
    "A special token, typed": (
        Entry("What does <|endoftext|> stand for?", "", "It ends a text."),
        Entry("Say hello.", "", "Hello!"),
    ),
    "Emoji and scripts": (
        Entry(
            "Translate to French.", "Good morning \N{SUN WITH FACE}", "Bonjour \N{SUN WITH FACE}"
        ),
        Entry("How do you say peace?", "Hebrew", "\u05e9\u05dc\u05d5\u05dd"),
    ),
}
"""What a reader can pick instead of typing."""


def _talk(*said: str, roles: tuple[str, ...] = ("user", "assistant")) -> Conversation:
    """Give a conversation whose speakers take turns in this order."""
    return Conversation(
        tuple([Message(roles[at % len(roles)], text) for at, text in enumerate(said)])
    )


TALKS: dict[str, tuple[Conversation, ...]] = {
    "A color and a shape": (_talk("Name a color.", "Blue.", "And a shape?", "A circle."),),
    "With a system message": (
        _talk("Be brief.", "What is a noun?", "A name.", roles=("system", "user", "assistant")),
        _talk("Name a color.", "Blue."),
    ),
    "A question and its result": (
        _talk(
            "Is it cold outside?",
            '<tool_call>\n{"name": "weather", "arguments": {}}\n</tool_call>',
            "2 degrees",
            "It is 2 degrees.",
            roles=("user", "assistant", "tool", "assistant"),
        ),
    ),
    "An end of turn, typed": (_talk("What is <|im_end|>?", "It ends a turn."),),
}
"""What a reader can pick instead of typing a conversation."""


def explorer_constants() -> dict[str, Any]:
    """Give what the browser half has to know from Python."""
    source = (files("companion") / "explorer" / "frames.js").read_text(encoding="utf-8")
    rules = {
        code: {"severity": rule.severity, "sentence": rule.sentence, "cure": rule.cure}
        for code, rule in RULES.items()
        if f'"{code}"' in source  # many a rule is about what no reader can make here
    }
    samples = {name: list(map(plain_item, items)) for name, items in SAMPLES.items()}
    return {**constants(), "rules": rules, "samples": samples}


def talks_constants() -> dict[str, Any]:
    """Give what it has to know of conversations."""
    samples = {name: list(map(plain_item, talks)) for name, talks in TALKS.items()}
    return {**talk_constants(), "samples": samples}


@lru_cache(maxsize=1)
def page_script() -> str:
    """Give the classic script that makes `<batch-explorer>` elements live.

    >>> "definePageElement(CONSTANTS" in page_script().splitlines()[-2]
    True
    """
    started = f"hosts_js.definePageElement(CONSTANTS, (make) => make({_GIVEN}));"
    return f'(() => {{\n"use strict";\n{_joined()}\n{started}\n}})();\n'


@lru_cache(maxsize=1)
def talks_script() -> str:
    """Give the classic script with what is known of conversations; an explorer asks for it.

    >>> talks_script().splitlines()[0]
    'globalThis.batchExplorerTalks = (frames_js, lines_js) => {'
    """
    return f"globalThis.batchExplorerTalks = {_talks()};\n"


_GIVEN = "frames_js, lines_js"
"""The modules that what is known of conversations is made with."""


def _talks() -> str:
    modules = "\n".join(map(as_function, TALK_MODULES))
    data = json.dumps(talks_constants()).replace("<", "\\u003c")
    known = "".join(f"...{name}_js, " for name in TALK_MODULES)
    return f"({_GIVEN}) => {{\n{modules}\nreturn {{ {known}constants: {data} }};\n}}"


def tokenizer_script() -> str:
    """Give the tokenizer as a classic script; a page loads it with the vocabulary it reads."""
    return f"globalThis.{as_function('tokenizing').removeprefix('const ')}\n"


@lru_cache(maxsize=1)
def widget_module() -> str:
    """Give the module whose default export renders the explorer in Jupyter.

    >>> widget_module().splitlines()[-1]
    'export default hosts_js.jupyterWidget(CONSTANTS);'
    """
    known = f"frames_js.known.talks = ({_talks()})({_GIVEN});"
    return f"{_joined()}\n{known}\nexport default hosts_js.jupyterWidget(CONSTANTS);\n"


def lab_script(name: str = "lab") -> str:
    """Give the classic script that makes a lab's elements live: "lab" or "training_lab"."""
    return f'(() => {{\n"use strict";\n{_lab(name)}\n{name}_js.definePageElement();\n}})();\n'


def lab_module(name: str = "lab") -> str:
    """Give the module whose default export renders that lab in Jupyter."""
    return f"{_lab(name)}\nexport default {name}_js.jupyterWidget();\n"


def _lab(name: str) -> str:
    return "\n".join(map(as_function, ("labs", name)))


def _joined() -> str:
    data = json.dumps(explorer_constants()).replace("<", "\\u003c")
    return "\n".join([f"const CONSTANTS = {data};", *map(as_function, MODULES)])


def as_function(name: str, folder: str = "explorer") -> str:
    """Give a module as a function of its own, so that no two share a name by chance.

    Raises `ValueError` where an import or export is left that this does not understand.
    """
    source = (files("companion") / folder / f"{name}.js").read_text(encoding="utf-8")
    exported = re.findall(r"^export (?:async )?(?:function|const|class) (\w+)", source, re.M)
    source = re.sub(r"^export (?=async |function|const|class)", "", source, flags=re.M)
    source = re.sub(
        r'^import (\{[^}]*\}) from "\./(\w+)\.js";$', r"const \1 = \2_js;", source, flags=re.M
    )
    # What is said about types is for those who read the module, and is a fifth of its weight;
    # so are the lines that say why, and what indents them: no text of several lines is indented.
    source = re.sub(r"[ \t]*/\*\*.*?\*/\n?", "", source, flags=re.DOTALL)
    source = re.sub(r"^[ \t]*// .*\n|(?<=[;{,]) // .*$", "", source, flags=re.MULTILINE)
    source = re.sub(r"^[ \t]+", "", source, flags=re.MULTILINE)
    left = re.findall(r"^(?:import|export)\b.*", source, re.M)
    if left:
        raise ValueError(f"{name}.js: cannot be joined with the others because of {left[0]!r}")
    return f"const {name}_js = (() => {{\n{source}\nreturn {{ {', '.join(exported)} }};\n}})();"
