"""The embedded conversations: that each is one, and that what can be computed is right.

The `check` of a conversation says in data what its last answer must be; the functions here
compute it once more, and share no code with the companion.
"""

import csv
import io
import json
import re
import sqlite3
import unicodedata
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from companion.conversations import Conversation, load_conversations
from companion.entries import EntryError
from companion.reading import load_file

ROOT = Path(__file__).parent.parent
SET_FILE = ROOT / "companion/data/conversations.json"
SET: list[dict[str, Any]] = json.loads(SET_FILE.read_text(encoding="utf-8"))

Check = dict[str, Any]
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def answer(row: dict[str, Any]) -> str:
    return row["messages"][-1]["content"]


def question(row: dict[str, Any]) -> str:
    """Give all that was said before the last answer."""
    return "\n".join(message["content"] for message in row["messages"][:-1])


# What a program can check


def figures(text: str) -> list[Fraction]:
    """Give the numbers of a text, in which 1,440 is one number."""
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    return [Fraction(number) for number in re.findall(r"\d+(?:\.\d+)?", plain)]


def has_figure(text: str, wanted: Fraction, digits: int | None = None, unit: str = "") -> bool:
    if digits is not None:
        half = Fraction(1, 2 * 10**digits)
        return any(abs(figure - wanted) <= half for figure in figures(text)) and unit in text
    return wanted in figures(text) and unit in text


def whole(expression: str) -> Fraction:
    """Compute an expression of numbers; a float is taken to six places."""
    return Fraction(eval(expression)).limit_denominator(10**6)


def block(text: str) -> str:
    """Give what stands in the code block of an answer."""
    found = re.search(r"```\w*\n(.*?)\n```", text, flags=re.DOTALL)
    assert found, text
    return found[1]


def check_arithmetic(check: Check, text: str) -> bool:
    fraction = whole(check["of"])
    if fraction.denominator not in (1, 2, 4, 5, 10, 20, 25, 50, 100) and "digits" not in check:
        return f"{fraction.numerator}/{fraction.denominator}" in text
    return has_figure(text, fraction, check.get("digits"), check.get("unit", ""))


def check_conversion(check: Check, text: str) -> bool:
    amount = Fraction(check["amount"]) * Fraction(check["factor"]) + check.get("offset", 0)
    return has_figure(text, amount, check["digits"], check["unit"])


def check_clock(check: Check, text: str) -> bool:
    hours, minutes = map(int, check["from"].split(":"))
    later = hours * 60 + minutes + check["minutes"]
    return f"{later // 60 % 24:02}:{later % 60:02}" in text


def check_date(check: Check, text: str) -> bool:
    day = date.fromisoformat(check["from"]) + timedelta(check["days"])
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}" in text


def check_leap(check: Check, text: str) -> bool:
    year = check["year"]
    days = (date(year + 1, 1, 1) - date(year, 1, 1)).days
    return text.startswith("Yes" if days == 366 else "No")


def check_letters(check: Check, text: str) -> bool:
    return figures(text)[:1] == [sum(letter == check["letter"] for letter in check["text"])]


def check_sorting(check: Check, text: str) -> bool:
    measure = check["by"]  # of the planets, the distance from the sun in millions of km
    places = [text.find(item) for item in sorted(measure, key=measure.__getitem__)]
    return -1 not in places and places == sorted(places)


def check_base(check: Check, text: str) -> bool:
    digits, rest = "", check["number"]
    while rest:
        digits, rest = f"{rest % check['base']}{digits}", rest // check["base"]
    return text == digits


def check_roman(check: Check, text: str) -> bool:
    value = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
    if not text or set(text) - value.keys():
        return False
    read = [value[letter] for letter in text]
    after = [*read[1:], 0]
    signed = [-own if own < following else own for own, following in zip(read, after, strict=True)]
    return sum(signed) == check["number"]


def check_code(check: Check, text: str) -> bool:
    names: dict[str, Any] = {}
    exec(block(text), names)
    results = [names[check["name"]](*given) == expected for given, expected in check["cases"]]
    return all(results) and len(results) > 2


def check_sql(check: Check, text: str) -> bool:
    with sqlite3.connect(":memory:") as connection:
        connection.executescript(check["setup"])
        rows = [list(row) for row in connection.execute(block(text))]
    connection.close()
    return rows == check["rows"]


def check_json(check: Check, text: str) -> bool:
    return json.loads(block(text) if "```" in text else text) == check["value"]


def check_csv(check: Check, text: str) -> bool:
    return list(csv.reader(io.StringIO(block(text)))) == check["rows"]


def check_table(check: Check, text: str) -> bool:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.split("\n")]
    return [rows[0], *rows[2:]] == check["rows"] and set("".join(rows[1])) == {"-"}


def check_html(check: Check, text: str) -> bool:
    opened: list[str] = []
    closed: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: opened.append(tag)  # type: ignore[method-assign]
    parser.handle_endtag = closed.append  # type: ignore[method-assign]
    parser.feed(block(text))
    return opened == check["tags"] and sorted(closed) == sorted(opened)


def check_pattern(check: Check, text: str) -> bool:
    pattern = text.strip("`")
    takes = [bool(re.search(pattern, one)) for one in check["whole"]]
    return all(takes) and not any(re.search(pattern, one) for one in check["not"])


def check_acrostic(check: Check, text: str) -> bool:
    return [line[0] for line in text.split("\n")] == list(check["word"])


def check_caesar(check: Check, text: str) -> bool:
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    return text == "".join(alphabet[(alphabet.index(c) + check["by"]) % 26] for c in check["text"])


def check_morse(check: Check, text: str) -> bool:
    letters = {"...": "S", "---": "O", ".": "E"}
    return "".join(letters.get(sign, "?") for sign in text.split()) == check["text"]


def check_anagram(check: Check, text: str) -> bool:
    word = text.strip(".").lower()
    return sorted(word) == sorted(check["text"]) and word != check["text"]


def check_sequence(check: Check, text: str) -> bool:
    numbers = list(check["start"])
    while len(numbers) < check["place"]:
        numbers.append(numbers[-1] + numbers[-2])
    return figures(text) == [numbers[-1]]


def check_solve(check: Check, text: str) -> bool:
    left, right = check["equation"].split("==")
    (root,) = [x for x in range(-100, 100) if eval(left, {"x": x}) == eval(right, {"x": x})]
    return re.search(rf"x = {root}\b", text) is not None


def check_gcd(check: Check, text: str) -> bool:
    a, b = check["of"]
    return figures(text) == [max(n for n in range(1, a + 1) if a % n == b % n == 0)]


def check_median(check: Check, text: str) -> bool:
    return figures(text)[:1] == [sorted(check["of"])[len(check["of"]) // 2]]


def check_password(check: Check, text: str) -> bool:
    kinds = (r"[A-Z]", r"[a-z]", r"\d", r"[^\w\s]|_")
    return len(text) == check["length"] and all(re.search(kind, text) for kind in kinds)


CHECKS: dict[str, Callable[[Check, str], bool]] = {
    "acrostic": check_acrostic,
    "anagram": check_anagram,
    "arithmetic": check_arithmetic,
    "base": check_base,
    "caesar": check_caesar,
    "chain": lambda check, text: text[0] == check["after"][-1] and text.isalpha(),
    "clock": check_clock,
    "code": check_code,
    "contains": lambda check, text: all(word in text for word in check["words"]),
    "conversion": check_conversion,
    "csv": check_csv,
    "date": check_date,
    "days": lambda check, text: has_figure(
        text,
        Fraction((date.fromisoformat(check["to"]) - date.fromisoformat(check["from"])).days),
    ),
    "exact": lambda check, text: text == check["text"],
    "fits": lambda check, text: re.fullmatch(check["pattern"], text.split(",")[0]) is not None,
    "gcd": check_gcd,
    "hex": lambda check, text: (
        re.fullmatch(r"[0-9A-F]+", text) is not None and int(text, 16) == check["number"]
    ),
    "html": check_html,
    "json": check_json,
    "leap": check_leap,
    "letters": check_letters,
    "lines": lambda check, text: text.count("\n") + 1 == check["count"],
    "median": check_median,
    "morse": check_morse,
    "palindrome": lambda check, text: text == text[::-1] and len(text) == check["letters"],
    "password": check_password,
    "pattern": check_pattern,
    "roman": check_roman,
    "sequence": check_sequence,
    "solve": check_solve,
    "sorting": check_sorting,
    "sql": check_sql,
    "table": check_table,
    "value": lambda check, text: has_figure(text, Fraction(check["number"])),
    "vowels": lambda check, text: (
        figures(text)[:1] == [sum(letter in "aeiou" for letter in check["text"])]
    ),
    "weekday": lambda check, text: DAYS[date.fromisoformat(check["date"]).weekday()] in text,
    "words": lambda check, text: len(re.findall(r"[\w']+", text)) == check["count"],
}

CHECKED = [row for row in SET if "check" in row]


def holds(check: Check, text: str) -> bool:
    return CHECKS[check["kind"]](check, text)


@pytest.mark.parametrize("kind", sorted(CHECKS))
def test_every_last_answer_that_can_be_checked_is_right(kind):
    own = [row for row in CHECKED if row["check"]["kind"] == kind]
    wrong = [(row["topic"], answer(row)) for row in own if not holds(row["check"], answer(row))]
    assert own
    assert wrong == []


def test_a_check_refuses_the_answers_of_other_conversations():
    tried = taken = 0
    for number, row in enumerate(CHECKED):
        for step in (1, 7, 40):
            other = answer(CHECKED[(number + step) % len(CHECKED)])
            tried += 1
            try:
                taken += holds(row["check"], other)
            except Exception:  # no JSON, no code: refused
                continue
    assert taken <= 0.05 * tried


def test_more_than_half_have_an_answer_that_a_program_checks():
    assert len(CHECKED) > 100
    words_alone = sum(row["check"]["kind"] in ("contains", "exact") for row in CHECKED)
    assert len(CHECKED) - words_alone > 80


# What a conversation is


def test_there_are_two_hundred_of_two_to_eight_turns():
    turns = [sum(m["role"] == "assistant" for m in row["messages"]) for row in SET]
    assert len(SET) == 200
    assert min(turns) == 2
    assert max(turns) == 8
    assert len(set(turns)) == 7
    assert sum(count >= 5 for count in turns) >= 25


def test_some_have_a_system_message_and_some_a_tool():
    assert sum(row["messages"][0]["role"] == "system" for row in SET) >= 40
    assert sum("tools" in row for row in SET) >= 20


@pytest.mark.parametrize("row", SET, ids=[str(number) for number in range(1, len(SET) + 1)])
def test_the_roles_come_in_order(row):
    roles = [message["role"] for message in row["messages"]]
    after = {
        "system": {"user"},
        "user": {"assistant"},
        "assistant": {"user", "tool"},
        "tool": {"tool", "assistant"},
    }
    assert roles[0] in ("system", "user")
    assert roles[-1] == "assistant"
    assert all(second in after[first] for first, second in pairwise(roles))


def test_every_call_is_of_a_tool_on_offer_and_gets_its_result():
    for row in SET:
        offered = {tool["function"]["name"]: tool["function"] for tool in row.get("tools", [])}
        waiting: list[str] = []
        for message in row["messages"]:
            if message["role"] == "tool":
                assert message["name"] == waiting.pop(0), row["topic"]
                continue
            assert not waiting, row["topic"]
            for call in message.get("tool_calls", []):
                known = offered[call["function"]["name"]]["parameters"]
                assert call["function"]["arguments"].keys() <= known["properties"].keys()
                assert call["function"]["arguments"].keys() >= set(known.get("required", []))
                waiting.append(call["function"]["name"])
        assert not waiting, row["topic"]


def test_every_message_is_tidy_text_and_only_a_call_may_say_nothing():
    for row in SET:
        assert set(row) <= {"topic", "check", "tools", "messages"}
        for message in row["messages"]:
            assert set(message) <= {"role", "content", "name", "tool_calls"}
            text = message["content"]
            assert text or message.get("tool_calls"), row["topic"]
            assert text == text.strip() == unicodedata.normalize("NFC", text), row["topic"]
            prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
            assert not re.search(r"[^\S\n]\n|\t|\r|(?<=\S) {2,}", prose), text
            assert not re.search(r"<\|\w*\|>|</?(?:think|tool_call)>", text), text


# Variety


def grams(text: str) -> set[str]:
    """Give the runs of five letters, in lower case."""
    plain = " ".join(re.sub(r"[\W\d_]+", " ", text.lower()).split())
    return {plain[k : k + 5] for k in range(max(1, len(plain) - 4))}


def test_no_two_conversations_are_near_twins():
    own = [grams(question(row) + answer(row)) for row in SET]
    twins = [
        (SET[a]["topic"], SET[b]["topic"])
        for a in range(len(SET))
        for b in range(a)
        if 3 * len(own[a] & own[b]) > len(own[a] | own[b])
    ]
    assert twins == []


def test_no_question_or_answer_is_written_twice():
    said = Counter(
        message["content"].casefold()
        for row in SET
        for message in row["messages"]
        if message["role"] in ("user", "assistant") and len(message["content"]) > 20
    )
    assert [text for text, times in said.items() if times > 1] == []


def test_topics_are_many():
    topics = Counter(row["topic"] for row in SET)
    assert len(topics) > 150
    assert max(topics.values()) <= 4


def test_the_lengths_have_a_long_tail():
    lengths = sorted(sum(len(m["content"]) for m in row["messages"]) for row in SET)
    assert lengths[0] < 80
    assert 250 <= lengths[100] <= 600
    assert lengths[-1] > 3 * lengths[100]


# How it is read


def test_the_set_is_read_as_conversations_with_their_tools():
    loaded = load_file(SET_FILE)
    assert loaded.form.name == "messages"
    assert set(loaded.unread) == {"topic", "check"}
    assert list(loaded.rows) == load_conversations()
    for row, read in zip(SET, load_conversations(), strict=True):
        assert isinstance(read, Conversation)
        assert [message.as_dict() for message in read] == row["messages"]
        assert list(read.tools) == row.get("tools", [])


def test_conversations_of_a_file_are_read_and_entries_refused(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text('[{"messages": [{"role": "user", "content": "Hi"}]}]', encoding="utf-8")
    assert [message.content for message in load_conversations(path)[0]] == ["Hi"]
    path.write_text('[{"instruction": "Hi", "output": "Hello"}]', encoding="utf-8")
    with pytest.raises(EntryError, match=r"mine\.json: the file holds entries, in the form Alpaca"):
        load_conversations(path)
