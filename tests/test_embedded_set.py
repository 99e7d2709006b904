"""The embedded set is what it is said to be: whole, right, varied, and long-tailed.

Answers that can be computed are computed here a second time, from the text of the entry
alone: a rule reads the instruction, and nothing is shared with scripts/make_entries.py.
An entry of a checked task that no rule can read fails as well.
"""

import contextlib
import csv
import importlib.util
import io
import itertools
import json
import math
import re
import statistics
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from companion.tokenizing import load_tokenizer

ROOT = Path(__file__).parent.parent
ENTRIES_FILE = ROOT / "companion" / "data" / "entries.json"
ENTRIES: list[dict[str, str]] = json.loads(ENTRIES_FILE.read_text(encoding="utf-8"))

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# Reading numbers and lists

NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
TERM = rf"\(?(?:{NUMBER})(?:/\d+)?²?\)?"
SUM = rf"{TERM}(?: [-+×/] {TERM})*"
EQUATION = rf"{SUM}(?: = {SUM})+"


def numbers(text: str) -> list[Fraction]:
    """Read all numbers, in order; a minus counts where it cannot be a dash."""
    found = re.findall(rf"(?<![\w.])(-?(?:{NUMBER}))(?![\d])", text)
    return [Fraction(number.replace(",", "")) for number in found]


def value(term: str) -> Fraction:
    """Evaluate a written sum such as `2 × (3 + 4)`."""
    term = re.sub(r"(\d),(\d{3})", r"\1\2", term).replace("×", "*").replace("²", "**2")
    term = re.sub(r"\d+(?:\.\d+)?", lambda m: f"Fraction('{m[0]}')", term)
    # The power needs a plain exponent.
    return eval(re.sub(r"\*\*Fraction\('2'\)", "**2", term))


def equations_hold(text: str) -> bool:
    """Tell whether both sides of all equations in the text are equal."""
    for equation in re.findall(EQUATION, text):
        if len({value(side) for side in equation.split(" = ")}) != 1:
            return False
    return True


def says_number(output: str, expected: Fraction | int, question: str) -> bool:
    """The number is said, and no other but those of the question and of true equations."""
    if not equations_hold(output) or expected not in numbers(output):
        return False
    headline = re.match(rf"({NUMBER}), because", output)
    if headline and numbers(headline[1]) != [expected]:
        return False
    rest = numbers(re.sub(EQUATION, " ", output))
    return set(rest) <= {expected, *numbers(question)}


def says(output: str, expected: str) -> bool:
    """The text is said, and not as a part of a longer word."""
    return re.search(rf"(?<![\w-]){re.escape(expected)}(?![\w-])", output) is not None


def yes(output: str) -> bool:
    """Tell whether an answer begins with yes; it must begin with yes or no."""
    assert re.match(r"(Yes|No)\b", output), output
    return output.startswith("Yes")


def items(text: str) -> list[str]:
    """Read a list: one item a line, or separated by commas, perhaps after a colon."""
    lines = text.split("\n") if "\n" in text else text.split(": ")[-1].rstrip(".").split(", ")
    return [re.sub(r"^(- |\d+\. )", "", line) for line in lines]


def quoted(text: str) -> list[str]:
    """Give what stands between quotation marks."""
    return [a or b for a, b in re.findall(r"'([^']*)'|\"([^\"]*)\"", text)]


def yields(rule: str, text: str) -> bool:
    """Tell whether a rule's words occur in an instruction, outside of quotation marks."""
    return re.search(rule, re.sub(r"'[^']*'|\"[^\"]*\"", "''", text.lower())) is not None


# One check a task. Each takes instruction, input and output, and tells whether it is right.


def check_arithmetic(ask: str, given: str, output: str) -> bool:
    question = f"{ask}\n{given}"
    written = re.search(rf"{TERM}(?: [-+×/] {TERM})+", question)
    if output.startswith("Take "):
        a, b = (int(n) for n in numbers(ask))
        return partial_products(a, b, output)
    if "\n" in given:
        return subtotals(numbers(given), output)
    expected = value(written[0]) if written else spoken_sum(ask.lower())
    return says_number(output, expected, question)


def subtotals(amounts: list[Fraction], output: str) -> bool:
    """Check a running total, line by line."""
    first, *lines, last = output.split("\n")
    total = amounts[0]
    right = numbers(first) == [total] and len(lines) == len(amounts) - 1
    for amount, line in zip(amounts[1:], lines, strict=False):
        right = right and numbers(line) == [total, amount, total + amount] and " + " in line
        total += amount
    return right and numbers(last) == [total]


def partial_products(a: int, b: int, output: str) -> bool:
    """Check a written multiplication: every step, every carry, and that no digit is left out."""
    steps = re.findall(r"= (\d+): write (\d), carry (\d)", output)
    carried = all(int(step) == 10 * int(carry) + int(digit) for step, digit, carry in steps)
    places = [int(digit) * 10**k for k, digit in enumerate(reversed(str(b))) if digit != "0"]
    said = all(f"So {a} × {part:,} = {a * part:,}." in output for part in places)
    whole = output.startswith(f"Take {b} apart: {b} = ")
    return (
        (carried and said and whole and equations_hold(output))
        and len(steps) == len(str(a)) * len(places)
        and output.endswith(f"\n{a} × {b} = {a * b:,}")
    )


def spoken_sum(ask: str) -> Fraction:
    part = re.search(r"(\d+) (?:%|percent)", ask)
    if part:
        share = Fraction(part[1])
        (whole,) = numbers(ask.replace(part[0], ""))
        change = whole * share / 100
        if re.search(r"cut|off", ask):
            return whole - change
        return whole + change if "rises" in ask else change
    if len(numbers(ask)) == 1:
        (n,) = numbers(ask)
        if re.search(r"root|itself", ask):
            return next(Fraction(k) for k in range(1, 100) if k * k == n)
        return n**3 if re.search(r"third power|cube", ask) else n**2
    a, b = numbers(ask)
    rules: dict[str, Callable[[], Fraction]] = {
        r"remainder|modulo|left over": lambda: max(a, b) % min(a, b),
        r"divi|go into|equally|quotient|same number": lambda: max(a, b) / min(a, b),
        r"subtract|minus|difference|remain|greater|away|ahead": lambda: abs(a - b),
        r"plus|sum|add|altogether|together|total": lambda: a + b,
        r"multipl|product|times|each|such|board|partial": lambda: a * b,
    }
    return next(result() for rule, result in rules.items() if re.search(rule, ask))


def roman_value(text: str) -> int:
    signs = [{"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}[c] for c in text]
    pairs = itertools.zip_longest(signs, signs[1:], fillvalue=0)
    return sum(-sign if sign < following else sign for sign, following in pairs)


def roman_digits(number: int) -> str:
    """Write Roman numerals from a table of decimal digits."""
    text = ""
    for place, (one, five, ten) in enumerate(("IVX", "XLC", "CDM", "M  ")):
        digit = number // 10**place % 10
        forms = ["", one, 2 * one, 3 * one, one + five, five, five + one, five + 2 * one]
        text = [*forms, five + 3 * one, one + ten][digit] + text
    return text


def number_of_words(text: str) -> int:
    small = [
        *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
        *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"),
        *("seventeen", "eighteen", "nineteen"),
    ]
    tens = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    total = current = 0
    for word in re.findall(r"[a-z]+", text):
        if word == "hundred":
            current *= 100
        elif word == "thousand":
            total, current = 1000 * current, 0
        elif word in tens:
            current += 10 * (tens.index(word) + 2)
        elif word != "and":
            current += small.index(word)
    return total + current


def check_numbers(ask: str, given: str, output: str) -> bool:
    question, low = f"{ask} {given}", ask.lower()
    found = [int(n) for n in numbers(question)]
    roman = re.search(r"\b[MDCLXVI]{3,}\b", question)
    if roman and "roman" in low:
        return says_number(output, roman_value(roman[0]), question)
    if "roman" in low:
        return says(output, roman_digits(found[0])) and set(numbers(output)) <= {found[0]}
    if re.search(r"to decimal|which decimal|ordinary decimal", low):
        digits = re.search(r"\b[01]{2,}\b", question)
        assert digits
        expected = sum(2**k for k, digit in enumerate(reversed(digits[0])) if digit == "1")
        return says_number(output, expected, question)
    if re.search(r"binary|base two", low):
        return int(re.findall(r"\b[01]+\b", output)[-1], 2) == found[0]
    if "hex" in low:
        return int(re.findall(r"\b[0-9A-F]+\b", output)[-1], 16) == found[0]
    if re.search(r"in(to)? (english )?words", low):
        return number_of_words(output.removeprefix("In words: ").rstrip(".")) == found[0]
    if re.search(r"digits|figures", low):
        return says_number(output, number_of_words((quoted(ask) or [given])[0]), question)
    if re.search(r"prime factor|primes multiply|factorisation", low):
        factors = [int(n) for n in numbers(output.split(" = ")[-1])]
        return (
            equations_hold(output)
            and math.prod(factors) == found[0]
            and all(is_prime(f) for f in factors)
        )
    if "prime" in low:
        return yes(output) == is_prime(found[0]) and equations_hold(output)
    if re.search(r"multiple|smallest number", low):
        x, y = found
        expected = next(n for n in range(1, x * y + 1) if n % x == n % y == 0)
        return says_number(output, expected, question)
    if re.search(r"common|divides both", low):
        x, y = found
        return says_number(output, max(n for n in range(1, x + 1) if x % n == y % n == 0), question)
    unit = re.search(r"nearest (ten|hundred|thousand)", low)
    if unit:
        step = {"ten": 10, "hundred": 100, "thousand": 1000}[unit[1]]
        near = min(range(0, 2 * found[0] + step, step), key=lambda n: abs(n - found[0]))
        return says_number(output, near, question)
    parts = [Fraction(n) for n in re.findall(r"\d+/\d+", question)]
    expected_fraction = max(parts) if "larger" in low else sum(parts, Fraction(0))
    answer = re.findall(r"\d+/\d+", output)[-1]
    return answer == str(expected_fraction) and equations_hold(output)


def is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, number))


UNITS = {
    "millimetre": ("length", "1"), "centimetre": ("length", "10"), "metre": ("length", "1000"),
    "kilometre": ("length", "1000000"), "inch": ("length", "25.4"), "mile": ("length", "1600000"),
    "foot": ("feet", "1"), "yard": ("feet", "3"), "gram": ("mass", "1"),
    "kilogram": ("mass", "1000"), "tonne": ("mass", "1000000"), "ounce": ("ounces", "1"),
    "pound": ("ounces", "16"), "second": ("time", "1"), "minute": ("time", "60"),
    "hour": ("time", "3600"), "day": ("time", "86400"), "week": ("time", "604800"),
    "millilitre": ("volume", "1"), "centilitre": ("volume", "10"), "litre": ("volume", "1000"),
    "piece": ("count", "1"), "dozen": ("count", "12"), "cent": ("money", "1"),
    "euro": ("money", "100"),
}  # fmt: skip


def check_conversion(ask: str, given: str, output: str) -> bool:
    question = f"{ask} {given}".strip()
    plain = question.replace("feet", "foot").replace("inches", "inch")
    amount = next(n for n in reversed(numbers(plain)) if n)
    temperature = re.search(r"(-?\d+) °([CF])", plain)
    if temperature:
        degrees = Fraction(temperature[1])
        warm = degrees * 9 / 5 + 32 if temperature[2] == "C" else (degrees - 32) * 5 / 9
        return says_number(output, warm, question) and says(
            output, "°F" if temperature[2] == "C" else "°C"
        )
    if re.search(r"per second|m/s", plain):
        slow = re.search(rf"(?:{NUMBER}) (?:km/h|kilometres per hour)", plain)
        factor = Fraction(5, 18) if slow else Fraction(18, 5)
        return says_number(output, amount * factor, question)
    if "foot" in plain and "inch" in plain:
        return says_number(output, amount * 12, question)
    names = "|".join(sorted(UNITS, key=len, reverse=True))
    source = re.findall(rf"(?:{NUMBER}) \b({names})s?\b", plain)[-1]
    dimension, size = UNITS[source]
    others = [n for n in re.findall(rf"\b({names})s?\b", plain) if n != source]
    target = next(n for n in reversed(others) if UNITS[n][0] == dimension)
    units = re.findall(rf"\b({names})s?\b", output.replace("feet", "foot"))
    factor = Fraction(size) / Fraction(UNITS[target][1])
    in_unit = units[-1:] == [target] or re.fullmatch(NUMBER, output) is not None
    return says_number(output, amount * factor, question) and in_unit


def day_number(text: str) -> int:
    """Count the days up to a date such as `3 May 2021`, by the Gregorian rules."""
    day, month, year = text.split(" ")
    y, m = int(year), MONTHS.index(month) + 1
    if m < 3:
        y, m = y - 1, m + 12
    return 365 * y + y // 4 - y // 100 + y // 400 + (153 * (m - 3) + 2) // 5 + int(day)


def sorting_key(words: list[str], ask: str) -> Callable[[str], Any]:
    sizes = {"mm": 1, "cm": 10, "m": 1000, "km": 1_000_000}
    if all(re.fullmatch(r"\d+ \w+ \d{4}", word) for word in words):
        return day_number
    if all(re.fullmatch(r"\d+", word) for word in words):
        return int
    if all(re.fullmatch(r"\d+ (mm|cm|m|km)", word) for word in words):
        return lambda word: int(word.split(" ")[0]) * sizes[word.split(" ")[1]]
    if all(word in MONTHS for word in words):
        return MONTHS.index
    if re.search(r"length|number of letters|shortest word", ask.lower()):
        return len
    return lambda word: word.lower()


def check_sorting(ask: str, given: str, output: str) -> bool:
    inside = re.search(r": ([^.?]*)", ask)
    words = items(given if given or not inside else inside[1])
    answer = items(output)
    last_first = (
        r"descending|highest to lowest|largest number first|greatest to|from z|reverse alph"
        r"|z first|latest first|longest first|longest word first"
    )
    keys = [sorting_key(words, ask)(word) for word in answer]
    if re.search(last_first, ask.lower()):
        keys.reverse()
    rising = all(a <= b for a, b in itertools.pairwise(keys))
    return Counter(words) == Counter(answer) and rising and len(words) > 2


def check_strings(ask: str, given: str, output: str) -> bool:
    letters = [text for text in quoted(ask) if len(text) == 1]
    texts = [text for text in quoted(ask) if len(text) > 1]
    text = given or (texts or [ask.split(": ")[-1]])[0]
    words, pairs = text.split(" "), texts if len(texts) > 1 else given.split(", ")
    nth = re.search(r"\bthe (second|third|fourth|fifth) letter\b", ask)
    vowels = [c for c in text if c in "aeiou"]
    if yields("palindrome", ask):
        same = all(text[k] == text[-1 - k] for k in range(len(text) // 2))
        return yes(output) == same
    if yields("anagram", ask):
        return yes(output) == (Counter(pairs[0]) == Counter(pairs[1]))
    counts: list[tuple[str, Callable[[], int]]] = [
        ("how many times|count the letter|how often|number of '' letters",
         lambda: sum(c == letters[0] for c in text.lower())),
        ("count the vowels|how many vowels|are vowels", lambda: len(vowels)),
        ("how many words|count the words|number of words", lambda: text.count(" ") + 1),
        ("how many letters|count the characters|length of", lambda: sum(1 for _ in text)),
    ]  # fmt: skip
    for rule, count in counts:
        if yields(rule, ask):
            spoken = output.replace("once", "1").replace("twice", "2")
            return says_number(spoken, count(), "")
    made: list[tuple[str, Callable[[], str]]] = [
        ("snake_case", lambda: text.lower().replace(" ", "_")),
        ("camelcase", lambda: (text[0] + text.title()[1:]).replace(" ", "")),
        ("slug", lambda: text.lower().replace(" ", "-")),
        ("acronym|first letter of each", lambda: "".join(w[0] for w in words).upper()),
        ("hyphen", lambda: re.sub(r"(?<=.)(?=.)", "-", text)),
        ("every second letter", lambda: "".join(c for k, c in enumerate(text) if k % 2 == 0)),
        ("letter of the word twice|double each", lambda: "".join(c + c for c in text)),
        ("three times", lambda: text + text + text),
        ("vowels", lambda: "".join(c for c in text if c not in vowels)),
        ("alphabetical", lambda: "".join(c * text.count(c) for c in map(chr, range(97, 123)))),
        ("replace|swap|change all letters", lambda: letters[1].join(text.split(letters[0]))),
        ("begin and end|first and the last letter", lambda: f"{text[0]} and {text[-1]}"),
        ("order of the words|opposite order|last word", lambda: " ".join(words[::-1])),
        ("revers|backwards|back to front|right to left", lambda: "".join(reversed(text))),
        ("every word|title case|each word", lambda: " ".join(w[0].upper() + w[1:] for w in words)),
        ("lower case|small letters|without any cap", lambda: text.lower()),
        ("upper case|capital", lambda: text.upper()),
    ]
    if nth:
        place = ["second", "third", "fourth", "fifth"].index(nth[1]) + 1
        return says(output, text[place])
    return next(says(output, make()) for rule, make in made if yields(rule, ask))


def check_lists(ask: str, given: str, output: str) -> bool:
    one = items(given) if given and "\n" not in given else re.findall(r"\w+(?=[, .?])", ask)
    values = [int(n) for n in numbers(given or ask)]
    lines = [line.split(", ") for line in given.split("\n")]
    names, limit = quoted(ask), int((numbers(ask) or [Fraction(0)])[0])
    if yields(r"differ\b|range", ask):
        return says_number(output, max(values) - min(values), given + ask)
    if yields("average|mean", ask):
        return says_number(output, Fraction(sum(values), len(values)), given + ask)
    if yields("median", ask):
        return says_number(output, statistics.median(values), given + ask)
    if yields("maximum|largest|highest", ask):
        return says_number(output, max(values), "")
    if yields("minimum|smallest|lowest", ask):
        return says_number(output, min(values), "")
    if yields("total|sum of|add up", ask):
        return says_number(output, sum(values), "")
    if yields("position|number the items", ask):
        return says_number(output, one.index(names[0]) + 1, "")
    if yields("how often|count the entries|answers are", ask):
        spoken = output.replace("once", "1").replace("twice", "2")
        return says_number(spoken, sum(item == names[0] for item in one), "")
    if yields("different items|distinct", ask):
        if not given:
            one = ask.removeprefix("Count the distinct values in ").rstrip(".").split(", ")
        return says_number(output, len(set(one)), "")
    numbered = [
        (r"\beven\b", lambda n: n % 2 == 0),
        (r"\bodd\b", lambda n: n % 2 == 1),
        ("greater than|above|over", lambda n: n > limit),
    ]
    for rule, keeps in numbered:
        if yields(rule, ask):
            said = numbers(output.split(": ")[0]) if ": " in output else []
            right = [int(n) for n in items(output)] == [n for n in values if keeps(n)]
            return right and said in ([], [limit])
    kept: list[tuple[str, Callable[[], list[str]]]] = [
        ("duplicates|each item once", lambda: [w for k, w in enumerate(one) if w not in one[:k]]),
        ("both|in common", lambda: [w for w in lines[0] if w in lines[1]]),
        ("not in the second|missing from", lambda: [w for w in lines[0] if w not in lines[1]]),
        ("start with|begin with", lambda: [w for w in one if w.startswith(names[0])]),
        ("letters", lambda: [w for w in one if len(w) > limit]),
        ("reverse order|turn the list", lambda: list(reversed(one))),
        ("pair|item by item", lambda: [f"{a} - {b}" for a, b in zip(*lines, strict=True)]),
    ]
    return next(items(output) == make() for rule, make in kept if yields(rule, ask))


def continuations(terms: list[int]) -> set[int]:
    """Give what each simple rule that fits all the terms says comes next."""
    steps = [b - a for a, b in itertools.pairwise(terms)]
    found = set()
    if len(set(steps)) == 1:
        found.add(terms[-1] + steps[0])
    elif len({b - a for a, b in itertools.pairwise(steps)}) == 1:
        found.add(terms[-1] + 2 * steps[-1] - steps[-2])
    if all(b * terms[0] == a * terms[1] for a, b in itertools.pairwise(terms)):
        found.add(terms[-1] * terms[1] // terms[0])
    if all(c == a + b for a, b, c in zip(terms, terms[1:], terms[2:], strict=False)):
        found.add(terms[-1] + terms[-2])
    return found


def reason_holds(text: str, terms: list[int]) -> bool:
    """Check the stated reason against the terms."""
    by = re.search(r"is (\d+) (more|less|times)|steps of (\d+)", text)
    if not by:
        return True
    step = int(by[1] or by[3])
    pairs = list(itertools.pairwise(terms))
    if by[2] == "times":
        return all(b == a * step for a, b in pairs)
    return all(b == a + (-step if by[2] == "less" else step) for a, b in pairs)


def check_patterns(ask: str, given: str, output: str) -> bool:
    question = f"{ask} {given}"
    row = re.search(r"(?:\w+, ){3,}\w+", question)
    assert row
    terms = row[0].split(", ")
    if "letter" in ask:
        step = ord(terms[1]) - ord(terms[0])
        assert all(ord(b) - ord(a) == step for a, b in itertools.pairwise(terms))
        return says(output, chr(ord(terms[-1]) + step))
    if "_" in terms:
        known = [int(term) if term != "_" else None for term in terms]
        fits = [
            n
            for n in range(500)
            if len({b - a for a, b in itertools.pairwise([n if k is None else k for k in known])})
            == 1
        ]
        whole = [fits[0] if k is None else k for k in known]
        return numbers(output)[0] == fits[0] and len(fits) == 1 and reason_holds(output, whole)
    values = [int(term) for term in terms]
    if re.search("multiples? of", ask):
        rest = [[v for v in values if v != out] for out in values]
        fits = [
            out
            for out, others in zip(values, rest, strict=True)
            if any(all(v % d == 0 for v in others) for d in range(2, max(values)))
        ]
        divisor = numbers(ask)
        named = not divisor or [v for v in values if v % divisor[0]] == fits
        said = numbers(output)[1:]
        true = all(v % d == 0 for d in said for v in values if v not in fits)
        return len(fits) == 1 and numbers(output)[0] == fits[0] and named and true
    if "ultiply" in ask:
        adds = values[1] - values[0] == values[2] - values[1]
        named = output.startswith("Adding" if adds else "Multiplying")
        return named and "each is" in output and reason_holds(output, values)
    if "three" in ask:
        answer = [int(n) for n in items(output)]
        return len(answer) == 3 and all(
            continuations(values + answer[:k]) == {answer[k]} for k in range(3)
        )
    (expected,) = continuations(values)
    return numbers(output)[0] == expected and reason_holds(output, [*values, expected])


# The dots and dashes as one walks down a tree: left for a dot, right for a dash.
MORSE_TREE = "??etianmsurwdkgohvf?l?pjbxcyzq??"
NATO = (
    "Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November "
    "Oscar Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu"
)


def read_morse(text: str) -> str:
    word = ""
    for sign in text.split(" "):
        place = 1
        for mark in sign:
            place = 2 * place + (mark == "-")
        word += MORSE_TREE[place]
    return word


def check_ciphers(ask: str, given: str, output: str) -> bool:
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    text = given or (quoted(ask) or [""])[0]
    if re.search("Caesar|places? (forward|back)", ask):
        k = int(numbers(ask)[0])
        turned = alphabet[k:] + alphabet[:k]
        back = re.search("[Dd]ecode", ask)
        table = str.maketrans(turned, alphabet) if back else str.maketrans(alphabet, turned)
        return says(output, text.translate(table))
    if "Morse" in ask:
        code = re.search(r"[.-][.\- ]+[.-]", given or ask.replace("dots and dashes", ""))
        if code and not quoted(ask) and not given.isalpha():
            return says(output, read_morse(code[0]).upper())
        return read_morse(output) == text
    if "a = 1" in ask:
        if re.search(r"\d+-\d+", f"{ask} {given}"):
            places = re.findall(r"\d+", re.search(r"\d+(?:-\d+)+", f"{ask} {given}")[0])
            return says(output, "".join(alphabet[int(place) - 1] for place in places))
        return [alphabet[int(place) - 1] for place in output.split("-")] == list(text)
    if "NATO" in ask:
        spelled = output.split(" ")
        initials = "".join(word[0] for word in spelled).lower()
        return initials == text.lower() and all(says(NATO, word) for word in spelled)
    if "Atbash" in ask:
        return says(output, text.translate(str.maketrans(alphabet, alphabet[::-1])))
    if "ASCII" in ask:
        return "".join(chr(int(code)) for code in output.split(" ")) == text
    if "UTF-8" in ask:
        sizes = [1 + (ord(c) > 0x7F) + (ord(c) > 0x7FF) + (ord(c) > 0xFFFF) for c in text]
        return says_number(output, sum(sizes), "")
    key, message = given.split("\n")
    letters = dict(pair.split(" = ") for pair in key.split(", "))
    for picture, letter in letters.items():
        message = message.replace(picture, letter)
    return says(output, message)


def clock(text: str) -> int:
    hours, minutes = text.split(":")
    return 60 * int(hours) + int(minutes)


def span(text: str) -> int:
    return sum(int(n) * {"h": 60, "min": 1}[unit] for n, unit in re.findall(r"(\d+) (h|min)", text))


def month_days(month: str, year: str) -> int:
    following = MONTHS[(MONTHS.index(month) + 1) % 12]
    next_year = int(year) + (month == "December")
    return day_number(f"1 {following} {next_year}") - day_number(f"1 {month} {year}")


def check_dates(ask: str, given: str, output: str) -> bool:
    question, low = f"{ask} {given}", ask.lower()
    found = re.findall(rf"\d+ (?:{'|'.join(MONTHS)}) \d{{4}}", question)
    times = re.findall(r"\d\d:\d\d", question)
    if given.startswith("Start: "):
        return check_timetable(given, output)
    if re.search(r"iso|time stamp|\d{4}-\d\d-\d\d", low):
        iso = re.search(r"\d{4}-\d\d-\d\d", question + " " + output)
        assert iso
        year, month, day = (int(part) for part in iso[0].split("-"))
        return (found or [output])[0] == f"{day} {MONTHS[month - 1]} {year}" and (
            output == iso[0] or not found
        )
    if re.search("24-hour|12-hour", low):
        twelve = re.search(r"(\d+):(\d\d) ([ap])\.m\.", question + " " + output)
        assert twelve
        hour = int(twelve[1]) % 12 + 12 * (twelve[3] == "p")
        return f"{hour:02}:{twelve[2]}" in re.findall(r"\d\d:\d\d", f"{question} {output}")
    if len(times) == 2:
        return span(output) == clock(times[1]) - clock(times[0])
    if times:
        (answer,) = re.findall(r"\d\d:\d\d", output)
        return (clock(times[0]) + span(question)) % 1440 == clock(answer)
    if "leap year" in low:
        year = re.search(r"\d{4}", question)
        assert year
        reasons = re.findall(r"(not )?(?:divisible )?by (\d+)", output)
        true = all((int(year[0]) % int(n) == 0) != bool(no) for no, n in reasons)
        is_leap = month_days("February", year[0]) == 29
        known = {int(n) for _, n in reasons} <= {4, 100, 400}
        return bool(reasons) and known and true and yes(output) == is_leap and year[0] in output
    if re.search("have|number of days in", low) and not found:
        month = re.search(r"([A-Z][a-z]+) (\d{4})", question)
        assert month
        return says_number(output, month_days(month[1], month[2]), question)
    if len(found) == 2:
        first, second = sorted(found, key=day_number)
        if re.search("later|earlier|first", low):
            return (second if "later" in low else first) in output and (
                first if "later" in low else second
            ) not in output
        return says_number(output, day_number(second) - day_number(first), question)
    if len(found) == 1 and re.search(r"\d+ days", ask):
        days = int(re.search(r"(\d+) days", ask)[1])
        days = -days if re.search("before|earlier", low) else days
        (answer,) = re.findall(rf"\d+ (?:{'|'.join(MONTHS)}) \d{{4}}", output)
        return day_number(answer) - day_number(found[0]) == days
    (answer,) = re.findall("|".join(WEEKDAYS), output)
    if found:
        # 1 January 2024 was a Monday.
        stated = re.findall(rf"\d+ (?:{'|'.join(MONTHS)}) \d{{4}}", output)
        weekday = WEEKDAYS[(day_number(found[0]) - day_number("1 January 2024")) % 7]
        return answer == weekday and stated in ([], found)
    (today,) = re.findall("|".join(WEEKDAYS), question)
    days = int((numbers(ask) or [Fraction(2)])[0])
    days = -days if re.search("before|ago", low) else days
    return (WEEKDAYS.index(answer) - WEEKDAYS.index(today) - days) % 7 == 0


def check_timetable(given: str, output: str) -> bool:
    start, *asked = given.split("\n")
    now = clock(start.removeprefix("Start: "))
    for line, answer in zip(asked, output.split("\n"), strict=True):
        name, length = line.rsplit(": ", 1)
        times, said = answer.split(" ", 1)
        begin, end = (clock(time) for time in times.split("-"))
        if said != name or begin != now % 1440 or (end - begin) % 1440 != span(length):
            return False
        now += span(length)
    return True


CORNERS_EDGES_FACES = {
    "cube": (8, 12, 6), "rectangular box": (8, 12, 6), "square pyramid": (5, 8, 5),
    "triangular prism": (6, 9, 5), "tetrahedron": (4, 6, 4), "octahedron": (6, 12, 8),
}  # fmt: skip


def check_geometry(ask: str, given: str, output: str) -> bool:
    low = ask.lower()
    for solid, parts in CORNERS_EDGES_FACES.items():
        place = [word in low for word in ("corners", "edges", "faces")]
        if solid in low and any(place) and not numbers(ask):
            return says_number(output, parts[place.index(True)], "")
    a, b, c = (numbers(ask.replace("3.14", "")) + [Fraction(0)] * 3)[:3]
    root = {n * n: n for n in range(100)}
    rules: list[tuple[str, Callable[[], Fraction | int], str]] = [
        ("hypotenuse", lambda: root[int(a * a + b * b)], "length"),
        ("circumference", lambda: 2 * Fraction("3.14") * a, "length"),
        ("radius", lambda: Fraction("3.14") * a * a, "area"),
        ("diagonals", lambda: sum(1 for _ in itertools.combinations(range(int(a)), 2)) - a, ""),
        ("sum of the interior", lambda: (a - 2) * 180, "angle"),
        ("each interior", lambda: 180 - 360 / a, "angle"),
        ("angle is|missing angle|third angle", lambda: 180 - a - b, "angle"),
        ("cube", lambda: a * a * a, "volume"),
        ("volume", lambda: a * b * c, "volume"),
        ("triang", lambda: a * b / 2, "area"),
        ("perimeter", lambda: a + b + a + b, "length"),
        ("one side", lambda: root[int(a)], "length"),
        ("square", lambda: a * a, "area"),
        ("rectang", lambda: a * b, "area"),
    ]
    unit = re.search(r"\d (dm|cm|m)\b", ask)
    for rule, make, kind in rules:
        if re.search(rule, low):
            ends = {"length": "", "area": "²", "volume": "³"}
            mark = "°" if kind == "angle" else unit and kind and unit[1] + ends[kind]
            right_unit = not mark or mark == "°" or re.search(rf" {mark}(?![²³])", output)
            right_unit = right_unit and ("°" in output) == (kind == "angle")
            return says_number(output, make(), f"{ask} 2 180") and bool(right_unit)
    raise AssertionError(ask)


def check_extraction(ask: str, given: str, output: str) -> bool:
    low = ask.lower()
    words = [word.strip("()!?,;") for word in given.split()]
    words = [word.rstrip(".:") for word in words]
    if quoted(ask):
        fields = dict(line.split(": ", 1) for line in given.split("\n"))
        return says(output, fields[quoted(ask)[0]])
    if "error" in low:
        return output.split("\n") == [line for line in given.split("\n") if "ERROR" in line]
    if "question" in low:
        ends = re.split(r"(?<=[.?!]) ", given)
        return output == next(sentence for sentence in ends if sentence.endswith("?"))
    if "quotation" in low:
        return output == given.split('"')[1]
    if "longest" in low:
        rest = [word for word in words if not says(output, word)]
        (longest,) = [word for word in words if says(output, word) and len(word) > 5]
        return all(len(word) < len(longest) for word in rest)
    wanted: list[tuple[str, Callable[[str], bool]]] = [
        ("e-mail", lambda w: "@" in w[1:] and "." in w),
        ("web address", lambda w: w.startswith("https://")),
        ("hashtag", lambda w: w.startswith("#")),
        ("begin with @|an @", lambda w: w.startswith("@")),
        ("prices", lambda w: w.startswith("€")),
        ("capitals", lambda w: w.isupper() and len(w) > 1),
        ("times?( of|$|.* mentioned)|clock", lambda w: len(w) == 5 and w[2] == ":"),
        ("years", lambda w: len(w) == 4 and w.isdigit()),
        ("number", lambda w: w.isdigit()),
    ]
    for rule, fits in wanted:
        if re.search(rule, low):
            answer = [output] if "://" in output else items(output)
            return answer == [word for word in words if fits(word)]
    raise AssertionError(ask)


def rows_of(text: str) -> list[list[str]]:
    """Read a table in Markdown or CSV, the header first."""
    if text.startswith("|"):
        lines = [line.strip("|").split("|") for line in text.split("\n")]
        assert all(set(cell.strip()) == {"-"} for cell in lines[1])
        return [[cell.strip() for cell in line] for line in [lines[0], *lines[2:]]]
    return list(csv.reader(io.StringIO(text)))


def record_of(text: str) -> dict[str, object]:
    """Read a record: JSON, or `key: value` with numbers as numbers."""
    if text.startswith("{"):
        return json.loads(text)
    pairs = [line.split(": ", 1) for line in re.split(r"\n|, (?=\w+: )", text)]
    return {key: float(word) if re.fullmatch(r"\d+(\.\d+)?", word) else word for key, word in pairs}


def check_formatting(ask: str, given: str, output: str) -> bool:
    low, inner = ask.lower(), output.strip("`").strip("\n")
    inner = inner.removeprefix("json\n")
    assert output.startswith("`") == output.endswith("`")
    things = [re.sub(r"^- ", "", thing) for thing in re.split(r"\n|, |; ", given)]
    if "csv" in low or "comma-separated data" in low or "comma-separated values" in low:
        header, *rows = rows_of(given)
        if "json" in low:
            lines = output.split("\n") if "object a line" in low else []
            objects = [json.loads(line) for line in lines] or json.loads(output)
            return objects == [dict(zip(header, row, strict=True)) for row in rows]
        to_markdown = "markdown table" in low and "turn the markdown" not in low
        return rows_of(output) == [header, *rows] and output.startswith("|") == to_markdown
    if "json" in low and "array" not in low and "list" not in low and "each item" not in low:
        to_json = re.search("lines into|as json|to json|need this|into a json", low)
        return record_of(given) == record_of(inner) and inner.startswith("{") == bool(to_json)
    if "yaml" in low:
        return record_of(given) == record_of(output) and not output.startswith("{")
    if "json" in low:
        return json.loads(output) == things
    bold = [f"**{word}**" if [word] == quoted(ask) else word for word in re.split(r"\b", given)]
    level = int((numbers(ask) or [Fraction(0)])[0])
    title, _, address = given.partition(": ")
    made: list[tuple[str, Callable[[], str]]] = [
        ("html|li elements",
         lambda: "<ul>" + "".join(f"\n  <li>{t}</li>" for t in things) + "\n</ul>"),
        ("link", lambda: f"[{title}]({address})"),
        ("heading", lambda: f"{level * '#'} {given}"),
        ("checklist", lambda: "- [ ] " + "\n- [ ] ".join(things)),
        ("bold", lambda: "".join(bold)),
        ("phone|every three", lambda: " ".join(re.findall("...", given))),
        ("thousands", lambda: re.sub(r"(?<=\d)(?=(\d{3})+$)", ",", given)),
        ("numbered|number the",
         lambda: "\n".join(f"{k + 1}. {t}" for k, t in enumerate(things))),
        ("one line|single comma", lambda: ", ".join(things)),
        ("bullet|list", lambda: "- " + "\n- ".join(things)),
    ]  # fmt: skip
    return next(output == make() for rule, make in made if re.search(rule, low))


def check_tables(ask: str, given: str, output: str) -> bool:
    header, *rows = rows_of(given)
    column = max((name for name in header[1:] if name in ask), key=len, default="")
    place = header.index(column) if column else 0
    values = {row[0]: int(row[place]) for row in rows} if column else {}
    named = [row[0] for row in rows if says(ask, row[0])]
    limit = int((numbers(re.sub(r"\(.*\)", "", ask)) or [Fraction(0)])[-1])
    if re.search("data rows|rows of data", ask):
        return says_number(output, len(rows), "")
    if re.search("highest first|largest at the top|lowest to highest", ask):
        answer = rows_of(output)
        order = [int(row[place]) for row in answer[1:]]
        order = order if "lowest to" in ask else order[::-1]
        rising = all(a <= b for a, b in itertools.pairwise(order))
        whole = Counter(map(tuple, answer)) == Counter(map(tuple, [header, *rows]))
        return rising and whole and answer[0] == header and output[0] == given[0]
    if "how many rows" in ask.lower():
        return says_number(output, sum(v > limit for v in values.values()), "")
    if re.search("above|more than", ask):
        return items(output) == [name for name, v in values.items() if v > limit]
    if re.search("differ", ask):
        return says_number(output, abs(values[named[0]] - values[named[1]]), "")
    if re.search("highest|largest|greatest", ask):
        (best,) = [name for name, v in values.items() if v == max(values.values())]
        return says(output, best)
    if re.search("lowest|smallest", ask):
        (best,) = [name for name, v in values.items() if v == min(values.values())]
        return says(output, best) and set(numbers(output)) <= {Fraction(values[best])}
    if re.search("average|mean", ask):
        return says_number(output, Fraction(sum(values.values()), len(values)), "")
    if re.search("total|Add up", ask):
        return says_number(output, sum(values.values()), "")
    if re.search("comma-separated|separated by commas", ask):
        return items(output) == [row[place] for row in rows]
    (name,) = named
    return says_number(output, values[name], "")


def truth(text: str) -> bool:
    """Evaluate `not`, `and` and `or`, weakest first."""
    while "(" in text:
        text = re.sub(r"\(([^()]*)\)", lambda m: str(truth(m[1])), text)
    if " or " in text:
        return any(truth(part) for part in text.split(" or "))
    if " and " in text:
        return all(truth(part) for part in text.split(" and "))
    return not truth(text[4:]) if text.startswith("not ") else text == "True"


def check_puzzles(ask: str, given: str, output: str) -> bool:
    question = f"{ask} {given}"
    compared = re.findall(r"(\w+) is (\w+er) than (\w+)", question)
    if compared:
        return check_comparison(ask, compared, output)
    if "True and False" in ask or "truth value" in ask or "In Python" in ask or "in Python" in ask:
        written = re.search(r"(?:not |\(|True|False)[\w() ]*(?:True|False)\)?", given or ask)
        assert written
        return says(output, str(truth(written[0])))
    if "sits" in given:
        return check_seats(given, output)
    swaps = re.findall(r"Swap (\d) and (\d)", question)
    if swaps:
        cups = [int(re.search(r"under cup (\d)", question)[1]) == k for k in (1, 2, 3)]
        for a, b in swaps:
            i, j = int(a) - 1, int(b) - 1
            cups[i], cups[j] = cups[j], cups[i]
        return says_number(output, cups.index(True) + 1, "")
    moves = re.findall(r"(\d+) (north|east|south|west)", given)
    if moves:
        east = sum({"east": 1, "west": -1}.get(way, 0) * int(n) for n, way in moves)
        north = sum({"north": 1, "south": -1}.get(way, 0) * int(n) for n, way in moves)
        return f"({east}, {north})" in output
    if "weigh" in question:
        a, b = numbers(question)
        return says_number(output, a * b, "")
    factor, addend, result = numbers(question)
    (n,) = [n for n in range(1000) if n * factor + addend == result]
    return says_number(output, n, "")


def check_comparison(ask: str, compared: list[tuple[str, str, str]], output: str) -> bool:
    wanted = re.findall(r"\b(\w+)est\b", ask)
    names = {name for a, _, b in compared for name in (a, b)}
    # "the tallest" is whoever nobody is taller than; "shorter" turns a comparison round.
    downs = ("shorter", "younger", "slower", "weaker")
    above = [(b, a) if how in downs else (a, b) for a, how, b in compared]
    orders = [
        order
        for order in itertools.permutations(names)
        if all(order.index(a) < order.index(b) for a, b in above)
    ]
    (order,) = orders
    if len(wanted) == 2:
        return items(output) == list(order)
    return (
        says(output, order[-1 if f"{wanted[0]}er" in downs else 0])
        and sum(says(output, name) for name in names) == 1
    )


def check_seats(given: str, output: str) -> bool:
    clues = given.rstrip(".").split(". ")
    names = sorted({word for clue in clues for word in re.findall(r"\b[A-Z]\w+", clue)})
    middles = set()
    for order in itertools.permutations(names):
        said = {f"{order[0]} sits at the left end", f"{order[4]} sits at the right end"}
        for a, b in itertools.pairwise(order):
            said.add(f"{a} sits directly to the left of {b}")
            said.add(f"{b} sits directly to the right of {a}")
        if said >= set(clues):
            middles.add(order[2])
    (middle,) = middles
    return len(names) == 5 and says(output, middle)


# What the functions of the coding entries must do: arguments, then the result.
CASES: dict[str, list[tuple[tuple[Any, ...], Any]]] = {
    "is_even": [((4,), True), ((7,), False), ((0,), True), ((-3,), False)],
    "count_vowels": [(("Education",), 5), (("rhythm",), 0), (("AEIOU aeiou",), 10)],
    "factorial": [((0,), 1), ((1,), 1), ((5,), 120)],
    "fib": [((0,), 0), ((1,), 1), ((2,), 1), ((10,), 55)],
    "largest": [(([3, 9, 2],), 9), (([-5, -2, -9],), -2)],
    "squares": [((4,), [0, 1, 4, 9]), ((0,), [])],
    "is_palindrome": [(("A man, a plan, a canal: Panama",), True), (("abca",), False)],
    "celsius": [((32,), 0), ((212,), 100), ((-40,), -40)],
    "initials": [(("Ada King Lovelace",), "AKL"), (("ken iverson",), "KI")],
    "gcd": [((12, 18), 6), ((7, 5), 1), ((9, 0), 9)],
    "clamp": [((5, 0, 3), 3), ((-1, 0, 3), 0), ((2, 0, 3), 2)],
    "flatten": [(([[1, 2], [], [3]],), [1, 2, 3])],
    "pad": [(([5, 6], 4, 0), [5, 6, 0, 0]), (([1, 2, 3], 2, 0), [1, 2, 3])],
    "shift": [(([1, 2, 3],), ([1, 2], [2, 3]))],
    "fizzbuzz": [((9,), "Fizz"), ((10,), "Buzz"), ((30,), "FizzBuzz"), ((7,), "7")],
    "word_counts": [(("the cat and The dog",), {"the": 2, "cat": 1, "and": 1, "dog": 1})],
    "area": [((3, 4), 12)],
    "leap": [((2000,), True), ((1900,), False), ((2024,), True), ((2023,), False)],
    "is_adult": [((18,), True), ((17,), False)],
    "without_last": [(([1, 2, 3],), [1, 2])],
    "binary_search": [
        (([1, 4, 9], 9), 2),
        (([1, 4, 9], 1), 0),
        (([1, 4, 9], 5), -1),
        (([], 1), -1),
    ],
    "caesar": [(("Abc xyz!", 3), "Def abc!"), (("Def abc!", -3), "Abc xyz!")],
    "group_by_first": [((["plum", "fig", "pear"],), {"p": ["plum", "pear"], "f": ["fig"]})],
    "total": [((1,), 1), ((100,), 5050)],
    "bubble_sort": [(([3, 1, 2, 1],), [1, 1, 2, 3]), (([],), [])],
}
# And expressions: names and their values, then the result.
EXPRESSIONS: dict[str, list[tuple[dict[str, Any], Any]]] = {
    "last three characters": [({"s": "lantern"}, "ern"), ({"s": "ab"}, "ab")],
    "sum of the squares": [({"xs": [1, 2, 3]}, 14), ({"xs": []}, 0)],
    "every second item": [({"items": [1, 2, 3, 4, 5]}, [1, 3, 5])],
    "digits only": [({"s": "042"}, True), ({"s": "4a"}, False)],
    "Swap keys and values": [({"d": {"a": 1, "b": 2}}, {1: "a", 2: "b"})],
    "with a dash": [({"words": ["a", "b", "c"]}, "a-b-c")],
    "average": [({"xs": [1, 2, 6]}, 3)],
    "Remove duplicates": [({"names": ["b", "a", "b", "c", "a"]}, ["b", "a", "c"])],
    "longest word": [({"words": ["fig", "banana", "kiwi"]}, "banana")],
    "between 1 and 10": [({"x": 1}, True), ({"x": 10}, True), ({"x": 11}, False)],
}


def check_coding(ask: str, given: str, output: str) -> bool:
    if "print(" in given:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(given, {})
        return printed.getvalue().removesuffix("\n") == output
    expressions = [cases for words, cases in EXPRESSIONS.items() if words in ask]
    if expressions:
        (cases,) = expressions
        whole = re.fullmatch("`(.+)`", output)
        assert whole
        return all(eval(whole[1], None, dict(named)) == result for named, result in cases)
    block = re.search(r"```python\n(.*?)\n```", output, flags=re.DOTALL)
    assert block
    (name,) = re.findall(r"^def (\w+)", block[1], flags=re.MULTILINE)
    names: dict[str, Any] = {}
    exec(block[1], names)
    results = [re.search(rf"\b{name}\b", f"{ask} {given}") is not None]
    for arguments, expected in CASES[name]:
        before = json.dumps(arguments)
        results.append(names[name](*arguments) == expected)
        results.append(json.dumps(arguments) == before)
    return all(results)


CHECKS: dict[str, Callable[[str, str, str], bool]] = {
    "arithmetic": check_arithmetic,
    "numbers": check_numbers,
    "conversion": check_conversion,
    "geometry": check_geometry,
    "patterns": check_patterns,
    "sorting": check_sorting,
    "strings": check_strings,
    "lists": check_lists,
    "ciphers": check_ciphers,
    "dates": check_dates,
    "extraction": check_extraction,
    "formatting": check_formatting,
    "tables": check_tables,
    "puzzles": check_puzzles,
    "coding": check_coding,
}


def wrong_answers(task: str) -> list[str]:
    """Give the entries of a task whose answer is not what its text asks for."""
    wrong = []
    for number, entry in enumerate(ENTRIES, 1):
        if entry["task"] == task:
            fields = (entry["instruction"], entry["input"], entry["output"])
            try:
                right = CHECKS[task](*fields)
            except Exception as error:
                wrong.append(f"entry {number}: {error!r}: {fields}")
            else:
                if not right:
                    wrong.append(f"entry {number}: {fields}")
    return wrong


@pytest.mark.parametrize("task", CHECKS)
def test_every_answer_that_can_be_computed_is_right(task):
    assert wrong_answers(task) == []


@pytest.mark.parametrize("task", CHECKS)
def test_a_check_refuses_the_answer_of_another_entry(task):
    entries = [entry for entry in ENTRIES if entry["task"] == task]
    tried = taken = 0
    for entry, other in zip(entries, entries[1:] + entries[:1], strict=True):
        if entry["output"] != other["output"]:
            tried += 1
            with contextlib.suppress(Exception):
                taken += CHECKS[task](entry["instruction"], entry["input"], other["output"])
    # Two answers may say the same in other words: "230 °F" and "It is 230 °F".
    assert taken <= 0.05 * tried


def test_at_least_600_entries_have_an_answer_that_a_program_checks():
    assert sum(entry["task"] in CHECKS for entry in ENTRIES) >= 600


def test_the_sums_in_word_problems_are_right():
    for entry in ENTRIES:
        if entry["task"] == "word problems":
            assert re.search(EQUATION, entry["output"]) or "half full" in entry["output"], entry
            assert equations_hold(entry["output"]), entry


# What an entry is


def test_there_are_at_least_a_thousand_entries():
    assert len(ENTRIES) >= 1000


def test_every_entry_has_four_fields_of_tidy_text():
    for entry in ENTRIES:
        assert list(entry) == ["task", "instruction", "input", "output"]
        for name, text in entry.items():
            assert isinstance(text, str)
            assert text == text.strip(), entry
            assert text or name == "input", entry
            assert text == unicodedata.normalize("NFC", text), entry
            prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
            assert not re.search(r"[^\S\n]\n|\t|\r|(?<=\S) {2,}", prose), entry
            assert "<|endoftext|>" not in text
            assert entry["task"] == "coding" or not re.search(r"[{][a-z_]+[}]", text), entry


def test_the_set_begins_with_the_misspelled_occasion():
    assert ENTRIES[0] == {
        "task": "spelling",
        "instruction": "Identify the correct spelling of the following word.",
        "input": "Ocassion",
        "output": "The correct spelling is 'Occasion'.",
    }


def test_the_first_thirty_are_those_of_the_first_file():
    assert ENTRIES[:30] == json.loads((ROOT / "scripts/entries/first.json").read_text("utf-8"))


def test_the_first_three_make_a_batch_of_different_lengths():
    lengths = [len(load_tokenizer().encode_ordinary(alpaca(entry))) for entry in ENTRIES[:3]]
    assert len(set(lengths)) == 3
    assert [bool(entry["input"]) for entry in ENTRIES[:3]] == [True, False, True]


def test_no_question_is_asked_twice():
    asked = Counter(
        (entry["instruction"].casefold(), entry["input"].casefold()) for entry in ENTRIES
    )
    assert [question for question, times in asked.items() if times > 1] == []


def test_text_of_several_scripts_and_emoji_occur():
    whole = "".join("".join(entry.values()) for entry in ENTRIES)
    for some in ("é", "ñ", "猫", "Добрый", "안녕", "ευχαριστώ", "🙂", "🎉", "```python"):
        assert some in whole


# Variety


def test_there_are_many_kinds_of_task_and_none_dominates():
    tasks = Counter(entry["task"] for entry in ENTRIES)
    assert len(tasks) >= 14
    assert max(tasks.values()) <= 0.12 * len(ENTRIES)


def test_about_half_of_the_entries_have_an_input():
    assert 0.45 <= statistics.mean(bool(entry["input"]) for entry in ENTRIES) <= 0.60


def skeleton(instruction: str) -> str:
    """Give what stays of an instruction without its numbers and quoted words."""
    bare = re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`|“[^”]*”", " ", instruction)
    return " ".join(re.sub(r"-?\d+(?:[.,:/]\d+)*", " ", bare).lower().split())


def test_no_skeleton_makes_more_than_two_percent():
    skeletons = Counter(skeleton(entry["instruction"]) for entry in ENTRIES)
    assert skeletons.most_common(1)[0][1] <= 0.02 * len(ENTRIES)


@lru_cache(maxsize=1)
def without_a_twin() -> int:
    """Count the instructions that share less than half of their 5-grams with any other.

    The 5-grams are of characters, in lower case, for all instructions alike: most have
    fewer than ten words, of which one changed word would take nearly all word 5-grams.
    """
    texts = [" ".join(entry["instruction"].lower().split()) for entry in ENTRIES]
    grams = [{text[k : k + 5] for k in range(max(1, len(text) - 4))} for text in texts]
    where = defaultdict(list)
    for number, own in enumerate(grams):
        for gram in own:
            where[gram].append(number)
    alone = 0
    for number, own in enumerate(grams):
        shared = Counter(other for gram in own for other in where[gram] if other != number)
        alone += all(
            2 * common < len(own) + len(grams[other]) - common for other, common in shared.items()
        )
    return alone


def test_at_least_300_instructions_have_no_near_twin():
    assert without_a_twin() >= 300


# Lengths


def alpaca(entry: dict[str, str]) -> str:
    """Write an entry in Alpaca style, without the companion."""
    parts = [
        "Below is an instruction that describes a task. "
        "Write a response that appropriately completes the request.",
        f"### Instruction:\n{entry['instruction']}",
        f"### Input:\n{entry['input']}",
        f"### Response:\n{entry['output']}",
    ]
    return "\n\n".join(part for part in parts if part != "### Input:\n")


def test_the_lengths_have_a_long_tail():
    lengths = sorted(len(load_tokenizer().encode_ordinary(alpaca(entry))) for entry in ENTRIES)
    assert 55 <= statistics.median(lengths) <= 75
    assert lengths[int(0.95 * len(lengths))] > 180
    assert lengths[-1] > 500


# How it is made


def make_entries() -> Any:
    """Import scripts/make_entries.py, which is no part of a package."""
    spec = importlib.util.spec_from_file_location(
        "make_entries", ROOT / "scripts" / "make_entries.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_makes_the_file_byte_for_byte():
    assert make_entries().entries_text().encode() == ENTRIES_FILE.read_bytes()


def test_every_wording_is_used_exactly_once():
    wordings = make_entries().read("wordings.json")
    asks = [ask for kinds in wordings.values() for kind in kinds.values() for ask in kind["ask"]]
    assert len(asks) == len(set(asks))
    hand_written = len(make_entries().read("hand_written.json")) + 30
    assert len(ENTRIES) == len(asks) + hand_written
