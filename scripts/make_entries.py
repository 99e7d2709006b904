"""Write companion/data/entries.json, the embedded set of the book.

    python scripts/make_entries.py

Four files in scripts/entries/ hold what people wrote: `first.json`, the thirty entries
that the set begins with; `hand_written.json`, all entries that need a writer; for tasks
whose answer can be computed, `wordings.json` (ways to ask and to answer) and
`materials.json` (what is asked about: words, texts, tables). Here, one function a task
chooses the material and computes the answer. Every wording is used exactly once, so that
no two instructions are alike. The same seed gives the same bytes everywhere; the answers
are computed a second time, in other ways, by tests/test_embedded_set.py.
"""

import json
import math
import random
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

SEED = 1912
ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "scripts" / "entries"
TARGET = ROOT / "companion" / "data" / "entries.json"


def read(name: str) -> Any:
    """Read one of the files that people wrote."""
    return json.loads((SOURCES / name).read_text(encoding="utf-8"))


MATERIALS: dict[str, Any] = read("materials.json")
MONTHS, DAYS, ORDINALS = (MATERIALS[name] for name in ("months", "weekdays", "ordinals"))
MORSE, NATO = MATERIALS["morse"], MATERIALS["nato"]
ONES, TENS = MATERIALS["ones"], MATERIALS["tens"]

# What a wording is filled with. "x" is the material: a wording that does not name it has it
# as the entry's input. "items" is an answer that is a list; wordings call it {list} or {lines}.
Fields = dict[str, Any]


class Draw:
    """Chance, always the same: numbers, and materials that come round only when all were used."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.decks: dict[str, list[Any]] = {}

    def __call__(self, name: str) -> Any:
        """Give the next item of a material."""
        head, _, kind = name.partition(".")
        deck = self.decks.setdefault(name, [])
        if not deck:
            deck.extend(MATERIALS[head][kind] if kind else MATERIALS[head])
            self.rng.shuffle(deck)
        return deck.pop()

    def number(self, low: int, high: int) -> int:
        """Give a whole number, both ends included."""
        return self.rng.randint(low, high)

    def numbers(self, count: int, low: int, high: int) -> list[int]:
        """Give different whole numbers."""
        return self.rng.sample(range(low, high + 1), count)

    def some(self, items: Sequence[Any], count: int) -> list[Any]:
        """Give different items, in a new order."""
        return self.rng.sample(list(items), count)

    def day(self, first: int = 1975, last: int = 2030) -> date:
        """Give a date within these years."""
        start = date(first, 1, 1)
        return start + timedelta(self.number(0, (date(last, 12, 31) - start).days))


def comma(items: Iterable[object]) -> str:
    """Join items as one writes them in a line."""
    return ", ".join(map(str, items))


def tidy(value: int | Fraction) -> str:
    """Write a number as people do: 12, 1,200, 2.5."""
    if Fraction(value).denominator == 1:
        return f"{int(value):,}"
    return f"{float(value):,.4f}".rstrip("0")


# Numbers


def arithmetic(kind: str, draw: Draw) -> Fields:
    """Give sums as they are met in school and in shops; all results are whole numbers."""
    match kind:
        case "add":
            a, b = draw.numbers(2, 120, 999)
            return {"a": a, "b": b, "n": tidy(a + b)}
        case "subtract":
            b, a = draw.number(60, 390), draw.number(420, 990)
            return {"a": a, "b": b, "n": a - b}
        case "multiply":
            a, b = draw.number(12, 48), draw.number(6, 25)
            return {"a": a, "b": b, "n": tidy(a * b)}
        case "divide":
            b, n = draw.number(3, 12), draw.number(13, 60)
            return {"a": b * n, "b": b, "n": n}
        case "remainder":
            b, m = draw.number(4, 12), draw.number(5, 15)
            n = draw.number(1, b - 1)
            return {"a": b * m + n, "b": b, "m": m, "q": b * m, "n": n}
        case "percent" | "percent_off" | "percent_up":
            low, high = {"percent": (4, 60), "percent_off": (3, 12), "percent_up": (25, 60)}[kind]
            a, p = 20 * draw.number(low, high), draw.rng.choice([5, 10, 15, 20, 25, 30, 40, 60])
            part = a * p // 100
            n = {"percent": part, "percent_off": a - part, "percent_up": a + part}[kind]
            return {"a": tidy(a), "p": p, "m": part, "n": tidy(n)}
        case "square" | "cube" | "root":
            a = draw.number(4, 15)
            n = {"square": a * a, "cube": a**3, "root": a}[kind]
            return {"a": a, "s": a * a, "n": tidy(n)}
        case "expression":
            a, b, c, d = draw.numbers(4, 2, 15)
            forms = ("{a} + {b} × {c}", "({a} + {b}) × {c} - {d}", "{a} × {b} + {c} × {d}")
            form = draw.rng.choice(forms)
            value = {forms[0]: a + b * c, forms[1]: (a + b) * c - d, forms[2]: a * b + c * d}[form]
            return {"x": form.format(a=a, b=b, c=c, d=d), "n": tidy(value)}
        case "longadd":
            return long_addition(draw)
    assert kind == "long"
    a, b = draw.number(123, 989), draw.number(23, 98)
    return {"a": a, "b": b, "steps": long_multiplication(a, b)}


def long_addition(draw: Draw) -> Fields:
    """Add a column of amounts, with the total after each line."""
    amounts = [Fraction(draw.number(120, 4900), 100) for _ in range(draw.number(8, 12))]
    total = amounts[0]
    lines = [f"{float(total):.2f}"]
    for amount in amounts[1:]:
        lines.append(f"{float(total):.2f} + {float(amount):.2f} = {float(total + amount):.2f}")
        total += amount
    lines.append(f"The total is {float(total):.2f}.")
    return {"x": "\n".join(f"{float(a):.2f}" for a in amounts), "steps": "\n".join(lines)}


def long_multiplication(a: int, b: int) -> str:
    """Write a multiplication out as on paper: the digits, the carries, the partial products."""
    parts = [int(digit) * 10**place for place, digit in enumerate(reversed(str(b)))]
    parts = [part for part in parts if part]
    lines = [f"Take {b} apart: {b} = " + " + ".join(str(part) for part in reversed(parts)) + "."]
    for part in parts:
        digit, carry = int(str(part)[0]), 0
        lines.append("")
        lines.append(f"{a} × {part:,}, digit by digit from the right:")
        for d in reversed(str(a)):
            value = int(d) * digit + carry
            plus = f" + {carry}" if carry else ""
            lines.append(
                f"- {digit} × {d}{plus} = {value}: write {value % 10}, carry {value // 10}"
            )
            carry = value // 10
        if carry:
            lines.append(f"- write the last carry, {carry}, in front")
        zeros = len(str(part)) - 1
        if zeros:
            lines.append(
                f"- append {ONES[zeros]} zero{'s' * (zeros > 1)} for the place of the {digit}"
            )
        lines.append(f"So {a} × {part:,} = {a * part:,}.")
    added = " + ".join(f"{a * part:,}" for part in parts)
    return "\n".join([*lines, "", f"Add the partial products: {added} = {a * b:,}.", ""]) + (
        f"\n{a} × {b} = {a * b:,}"
    )


def roman(number: int) -> str:
    """Write a number in Roman numerals."""
    signs = zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        ("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"),
        strict=True,
    )
    text = ""
    for value, sign in signs:
        text += sign * (number // value)
        number %= value
    return text


def in_words(number: int) -> str:
    """Write a number below ten thousand in English words."""
    if number >= 1000:
        rest = number % 1000
        joint = " and " if 0 < rest < 100 else " "
        return ONES[number // 1000] + " thousand" + (joint + in_words(rest) if rest else "")
    if number >= 100:
        rest = number % 100
        return ONES[number // 100] + " hundred" + (" and " + in_words(rest) if rest else "")
    if number >= 20:
        return TENS[number // 10] + ("-" + ONES[number % 10] if number % 10 else "")
    return ONES[number]


def prime_factors(number: int) -> list[int]:
    """Give the prime factors, smallest first."""
    factors, divisor = [], 2
    while number > 1:
        while number % divisor == 0:
            factors.append(divisor)
            number //= divisor
        divisor += 1
    return factors


def numbers(kind: str, draw: Draw) -> Fields:
    """Other ways to write a number, and what whole numbers are made of."""
    match kind:
        case "to_roman":
            x = draw.number(14, 2029)
            return {"x": x, "n": roman(x)}
        case "from_roman":
            n = draw.number(1650, 1999)
            return {"x": roman(n), "n": n}
        case "to_binary" | "to_hex":
            x = draw.number(9, 250)
            return {"x": x, "n": f"{x:b}" if kind == "to_binary" else f"{x:X}"}
        case "from_binary":
            n = draw.number(5, 120)
            return {"x": f"{n:b}", "n": n}
        case "to_words":
            x = draw.number(21, 9999)
            return {"x": x, "n": in_words(x)}
        case "from_words":
            n = draw.number(21, 9999)
            return {"x": in_words(n), "n": tidy(n)}
        case "prime":
            x = draw("maybe_prime")
            f = prime_factors(x)
            no = f"No: {x} = " + " × ".join(map(str, f)) + "."
            return {"x": x, "n": "Yes, it is prime." if len(f) == 1 else no}
        case "factors":
            x = draw("composite")
            return {"x": x, "n": " × ".join(map(str, prime_factors(x)))}
        case "gcd":
            x, y = (draw.rng.choice([6, 8, 12]) * k for k in draw.numbers(2, 2, 9))
            return {"x": x, "y": y, "n": math.gcd(x, y)}
        case "lcm":
            x, y = draw.numbers(2, 4, 18)
            return {"x": x, "y": y, "n": math.lcm(x, y)}
        case "round_10" | "round_100" | "round_1000":
            unit = int(kind.removeprefix("round_"))
            x = unit * draw.number(2, 60) + draw.number(1, unit // 2 - 1) * draw.rng.choice([1, -1])
            return {"x": tidy(x), "n": tidy((x + unit // 2) // unit * unit)}
        case "fraction":
            f = Fraction(*sorted(draw.numbers(2, 2, 9)))
            k = draw.number(3, 9)
            return {"x": f"{f.numerator * k}/{f.denominator * k}", "n": f}
    parts = [Fraction(1, 3), Fraction(1, 4), Fraction(2, 5), Fraction(1, 6), Fraction(2, 7)]
    x, y = draw.some([*parts, Fraction(3, 8)], 2)
    return {"x": x, "y": y, "n": x + y if kind == "add_fractions" else max(x, y)}


UNITS = {
    "length": {"millimetres": 1, "centimetres": 10, "metres": 1000, "kilometres": 1_000_000},
    "mass": {"grams": 1, "kilograms": 1000, "tonnes": 1_000_000},
    "time": {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800},
    "volume": {"millilitres": 1, "centilitres": 10, "litres": 1000},
}
FIXED = {
    "inch": ("2.54", "centimetres"),
    "yard": ("3", "feet"),
    "foot": ("12", "inches"),
    "pound": ("16", "ounces"),
    "mile": ("1.6", "kilometres"),
    "dozen": ("12", "pieces"),
}


def conversion(kind: str, draw: Draw) -> Fields:
    """From one unit to another; the factor is exact or is stated."""
    if kind in FIXED:
        factor, unit = FIXED[kind]
        q = draw.number(3, 25)
        return {"q": q, "f": factor, "v": unit, "n": tidy(q * Fraction(factor))}
    match kind:
        case "forecast" | "celsius" | "oven":
            low, high = {"forecast": (-3, 7), "celsius": (-4, 20), "oven": (30, 46)}[kind]
            q = 5 * draw.number(low, high)
            return {"x": f"{q} °C", "v": "°F", "n": q * 9 // 5 + 32}
        case "fahrenheit":
            n = 5 * draw.number(-3, 9)
            return {"x": f"{n * 9 // 5 + 32} °F", "v": "°C", "n": n}
        case "kmh":
            n = draw.number(3, 9)
            return {"x": f"{tidy(Fraction(18, 5) * n)} km/h", "v": "metres per second", "n": n}
        case "ms":
            q = 5 * draw.number(2, 8)
            return {"q": q, "v": "kilometres per hour", "n": q * 18 // 5}
        case "euros":
            q = draw.number(7, 95)
            return {"q": q, "n": f"{100 * q:,}"}
        case "cents":
            q = draw.number(65, 295)
            return {"q": q, "n": f"{q / 100:.2f}"}
    if kind != "any":
        amounts, target = MATERIALS["quantities"][kind]
        amount = draw.rng.choice(amounts)
        number, unit = amount.replace(",", "").split(" ")
        (group,) = [group for group in UNITS.values() if unit in group]
        n = Fraction(number) * group[unit] / group[target]
        return {"x": amount, "v": target, "n": tidy(n)}
    group = UNITS[draw.rng.choice(list(UNITS))]
    start = draw.number(0, len(group) - 2)
    small, large = list(group)[start : start + 2]
    factor = group[large] // group[small]
    if draw.rng.random() < 0.5:
        q = draw.rng.choice([2, 3, 4, 5, 7, 8, 9, 12, 15])
        return {"x": f"{q} {large}", "v": small, "n": tidy(q * factor)}
    n = draw.rng.choice([Fraction(3, 2), 2, Fraction(5, 2), 3, 4, 6])
    return {"x": f"{tidy(n * factor)} {small}", "v": large, "n": tidy(n)}


def geometry(kind: str, draw: Draw) -> Fields:
    """Give areas, lengths, angles and volumes; a kind may end in the unit of its wording."""
    kind, _, un = kind.rpartition("_") if kind.endswith(("_cm", "_dm", "_m")) else (kind, "", "")
    b, a = sorted(draw.numbers(2, 3, 20))
    c = draw.number(2, 9)
    fields: Fields = {"a": a, "b": b, "c": c, "un": un, "sq": f"{un}²", "cu": f"{un}³", "s": a * a}
    match kind:
        case "rect_area":
            fields["n"] = a * b
        case "rect_perimeter":
            fields["n"] = 2 * (a + b)
        case "square_area":
            fields["n"] = a * a
        case "square_side":
            fields["n"] = a
        case "triangle_area":
            fields |= {"a": 2 * c, "n": b * c}
        case "angle":
            fields |= {"a": 5 * a, "b": 5 * b - 1, "n": 181 - 5 * a - 5 * b}
        case "box":
            fields["n"] = f"{a * b * c:,}"
        case "cube":
            fields |= {"a": c, "n": c**3}
        case "pythagoras":
            a, b, n = draw.rng.choice([(3, 4, 5), (5, 12, 13), (8, 15, 17), (7, 24, 25)])
            k = draw.number(1, 3)
            fields |= {"a": a * k, "b": b * k, "q": f"{(n * k) ** 2:,}", "n": n * k}
        case "circle_round":
            fields["n"] = tidy(2 * a * Fraction(314, 100))
        case "circle_area":
            fields |= {"a": c, "n": tidy(c * c * Fraction(314, 100))}
        case "polygon_sum":
            fields |= {"a": c + 3, "n": f"{180 * (c + 1):,}"}
        case "polygon_angle":
            corners = draw.rng.choice([5, 6, 8, 9, 10, 12])
            fields |= {"a": corners, "n": 180 * (corners - 2) // corners}
        case "polygon_diagonals":
            fields |= {"a": c + 3, "n": (c + 3) * c // 2}
        case "corners" | "edges" | "faces":
            solid = draw.rng.choice(list(MATERIALS["solids"]))
            place = ["corners", "edges", "faces"].index(kind)
            fields |= {"solid": solid, "n": MATERIALS["solids"][solid][place]}
    return fields


def pattern(draw: Draw, count: int) -> tuple[list[int], str]:
    """Give a sequence of numbers and its rule in words."""
    start, step = draw.number(2, 12), draw.number(3, 9)
    match draw.rng.choice(["add", "add", "take", "times", "squares", "growing", "sum"]):
        case "add":
            why = f"each number is {step} more than the one before"
            return [start + step * i for i in range(count)], why
        case "take":
            why = f"each number is {step} less than the one before"
            return [start + step * (count + 3 - i) for i in range(count)], why
        case "times":
            step = draw.number(2, 3)
            why = f"each number is {step} times the one before"
            return [start * step**i for i in range(count)], why
        case "squares":
            first = draw.number(1, 4)
            why = "the numbers are squares, one after the other"
            return [(first + i) ** 2 for i in range(count)], why
        case "growing":
            why = "the steps from one number to the next grow by 1 each time"
            return [start + i * (i + 1) // 2 for i in range(count)], why
    terms = sorted(draw.numbers(2, 1, 7))
    while len(terms) < count:
        terms.append(terms[-1] + terms[-2])
    return terms, "each number is the sum of the two before it"


def patterns(kind: str, draw: Draw) -> Fields:
    """Sequences with one simple rule."""
    match kind:
        case "next":
            terms, why = pattern(draw, 7)
            return {"x": comma(terms[:6]), "n": terms[6], "why": why}
        case "three":
            terms, _ = pattern(draw, 8)
            return {"x": comma(terms[:5]), "items": terms[5:]}
        case "missing":
            start, step, gap = draw.number(2, 15), draw.number(3, 11), draw.number(2, 4)
            terms = [str(start + step * i) for i in range(6)]
            n, terms[gap] = terms[gap], "_"
            return {"x": comma(terms), "n": n, "why": f"the numbers go up in steps of {step}"}
        case "rule":
            start, step = draw.number(2, 6), draw.number(3, 5)
            if draw("growth") == "multiply":
                x = [start * step**i for i in range(5)]
                why = f"Multiplying: each is {step} times the last"
            else:
                x = [start + step * i for i in range(5)]
                why = f"Adding: each is {step} more than the last"
            return {"x": comma(x), "why": why}
        case "letters":
            start, step = draw.number(0, 4), draw.number(2, 4)
            letters = [chr(ord("A") + start + step * i) for i in range(6)]
            return {"x": comma(letters[:5]), "s": letters[5]}
    k = draw.rng.choice([3, 4, 6, 7, 8, 9])
    while True:
        values = [k * f for f in draw.numbers(5, 2, 12)]
        n = values[0] + draw.number(1, k - 1)
        values.append(n)
        fits = [v for v in values if math.gcd(*(w for w in values if w != v)) > 1]
        if fits == [n] and len(set(values)) == 6:
            draw.rng.shuffle(values)
            return {"x": comma(values), "k": k, "n": n}


# Lists and texts


def moment(minutes: int) -> str:
    """Write minutes after midnight as a clock time."""
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def say_date(day: date) -> str:
    """Write a date as people do: 3 May 2021."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def sorting(kind: str, draw: Draw) -> Fields:
    """Words, numbers, dates, times and lengths into an order."""
    words = draw.some(draw("groups"), draw.number(5, 7))
    match kind:
        case "alpha" | "alpha_desc":
            return {"x": comma(words), "items": sorted(words, reverse=kind == "alpha_desc")}
        case "asc" | "desc":
            values = draw.numbers(draw.number(5, 8), 3, 400)
            return {"x": comma(values), "items": sorted(values, reverse=kind == "desc")}
        case "length" | "length_desc":
            by_length = {len(word): word for word in draw.some(MATERIALS["words"], 40)}
            words = draw.some(list(by_length.values()), 5)
            items = sorted(words, key=len, reverse=kind == "length_desc")
            return {"x": comma(words), "items": items}
        case "dates" | "dates_desc":
            days = [draw.day(2019, 2025) for _ in range(5)]
            items = [say_date(day) for day in sorted(days, reverse=kind == "dates_desc")]
            return {"x": comma([say_date(day) for day in days]), "items": items}
        case "times":
            times = draw.numbers(5, 300, 1400)
            return {"x": comma(map(moment, times)), "items": [moment(t) for t in sorted(times)]}
        case "months":
            months = draw.some(MONTHS, 5)
            return {"x": comma(months), "items": sorted(months, key=MONTHS.index)}
        case "sizes":
            sizes = {"mm": draw.number(120, 880), "cm": draw.number(95, 300)}
            sizes |= {"m": draw.number(4, 90), "km": draw.number(1, 9)}
            items = [f"{number} {unit}" for unit, number in sizes.items()]
            return {"x": comma(draw.some(items, 4)), "items": items}
    people = [
        f"{surname}, {draw('names')}"
        for surname in draw.some([s for s in MATERIALS["surnames"] if s.isascii()], 24)
    ][: draw.number(12, 24)]
    return {"x": "\n".join(people), "items": sorted(people)}


def strings(kind: str, draw: Draw) -> Fields:
    """Change or count the characters of a word or a phrase."""
    word, phrase, sentence = draw("words"), draw("phrases"), draw("sentences")
    letter = draw.rng.choice(word)
    vowels = sum(c in "aeiou" for c in word)
    names = phrase.split()
    forms: dict[str, tuple[str, str]] = {
        "reverse": (word, word[::-1]),
        "reverse_words": (phrase, " ".join(reversed(names))),
        "upper": (phrase, phrase.upper()),
        "lower": (sentence.upper(), sentence.lower()),
        "title": (phrase, phrase.title()),
        "no_vowels": (word, re.sub("[aeiou]", "", word)),
        "acronym": (phrase, "".join(name[0] for name in names).upper()),
        "snake": (phrase, "_".join(names)),
        "kebab": (phrase.title(), "-".join(names)),
        "camel": (phrase, names[0] + "".join(name.title() for name in names[1:])),
        "letters_sorted": (word, "".join(sorted(word))),
        "double": (word, "".join(2 * c for c in word)),
        "repeat": (word, 3 * word),
        "every_second": (word, word[::2]),
        "hyphens": (word, "-".join(word)),
        "start_end": (word, f"{word[0]} and {word[-1]}"),
    }
    if kind in forms:
        return dict(zip("xs", forms[kind], strict=True))
    match kind:
        case "count_letter":
            text = draw.rng.choice([word, sentence])
            c = draw.rng.choice([c for c in text.lower() if c.isalpha()])
            n = text.lower().count(c)
            times = {1: "once", 2: "twice"}.get(n, f"{n} times")
            return {"x": text, "c": c, "n": n, "times": times}
        case "vowels":
            return {"x": word, "n": vowels}
        case "length":
            return {"x": word, "n": len(word)}
        case "words":
            return {"x": sentence, "n": len(sentence.split())}
        case "replace":
            d = draw.rng.choice([c for c in "aeioust" if c != letter])
            return {"x": word, "c": letter, "d": d, "s": word.replace(letter, d)}
        case "nth":
            k = draw.number(1, 4)
            return {"x": word, "k": ORDINALS[k], "s": word[k]}
        case "palindrome":
            yes = draw.rng.random() < 0.6
            x = draw("palindromes") if yes else word
            return {"x": x, "s": "Yes." if yes else f"No, backwards it is '{x[::-1]}'."}
    yes = draw.rng.random() < 0.6
    x, y = draw("anagrams" if yes else "not_anagrams")
    s = "Yes, they use exactly the same letters." if yes else "No, their letters differ."
    return {"x": x, "y": y, "input": f"{x}, {y}", "s": s}


def lists(kind: str, draw: Draw) -> Fields:
    """Questions about a list of numbers or words."""
    values = draw.numbers(draw.number(5, 9), 4, 99)
    group = draw("groups")
    words = draw.some(group, 6)
    k, c, w = draw.number(30, 60), words[2][0], words[3]
    match kind:
        case "max" | "min" | "sum":
            n = {"max": max, "min": min, "sum": sum}[kind](values)
            return {"x": comma(values), "n": n}
        case "mean":
            while sum(values) % len(values):
                values = draw.numbers(5, 4, 60)
            return {"x": comma(values), "n": sum(values) // len(values)}
        case "median":
            values = draw.numbers(draw.rng.choice([5, 7]), 4, 99)
            return {"x": comma(values), "n": sorted(values)[len(values) // 2]}
        case "range":
            return {"x": comma(values), "n": max(values) - min(values)}
        case "count":
            votes = [draw.rng.choice(words[:3]) for _ in range(draw.number(8, 14))]
            n = votes.count(votes[0])
            times = {1: "once", 2: "twice"}.get(n, f"{n} times")
            return {"x": comma(votes), "w": votes[0], "n": n, "times": times}
        case "unique" | "distinct":
            repeated = [draw.rng.choice(words[:5]) for _ in range(draw.number(8, 11))]
            items = list(dict.fromkeys(repeated))
            return {"x": comma(repeated), "items": items, "n": len(items)}
        case "both" | "only_first":
            first, second = draw.some(group, 6), draw.some(group, 5)
            while not 0 < len(set(first) & set(second)) < 5:
                second = draw.some(group, 5)
            items = [item for item in first if (item in second) == (kind == "both")]
            return {"x": f"{comma(first)}\n{comma(second)}", "items": items}
        case "evens" | "odds":
            items = [v for v in values if v % 2 == (kind == "odds")]
            mixed = 0 < len(items) < len(values)
            return {"x": comma(values), "items": items} if mixed else lists(kind, draw)
        case "above":
            items = [v for v in values if v > k]
            return {"x": comma(values), "k": k, "items": items} if items else lists(kind, draw)
        case "starting":
            return {"x": comma(words), "c": c, "items": [v for v in words if v[0] == c]}
        case "longer":
            items = [v for v in words if len(v) > 5]
            return {"x": comma(words), "k": 5, "items": items} if items else lists(kind, draw)
        case "reverse":
            return {"x": comma(words), "items": words[::-1]}
        case "position":
            return {"x": comma(words), "w": w, "n": words.index(w) + 1}
    people = [draw("names") for _ in range(4)]
    pairs = [f"{a} - {b}" for a, b in zip(people, words[:4], strict=True)]
    return {"x": f"{comma(people)}\n{comma(words[:4])}", "items": pairs}


def shifted(text: str, places: int) -> str:
    """Move each letter forward in the alphabet, from z to a."""
    return "".join(
        chr((ord(c) - ord("a") + places) % 26 + ord("a")) if c.isalpha() else c for c in text
    )


def ciphers(kind: str, draw: Draw) -> Fields:
    """Codes that can be done with pencil and paper, and two that computers use."""
    word, k = draw("words"), draw.number(2, 9)
    match kind:
        case "encode":
            text = draw("phrases")
            return {"x": text, "k": k, "s": shifted(text, k)}
        case "decode":
            return {"x": shifted(word, k), "k": k, "s": word}
        case "morse":
            return {"x": word, "s": " ".join(MORSE[ord(c) - 97] for c in word)}
        case "unmorse":
            return {"x": " ".join(MORSE[ord(c) - 97] for c in word), "s": word.upper()}
        case "numbers":
            return {"x": word, "s": "-".join(str(ord(c) - 96) for c in word)}
        case "unnumbers":
            return {"x": "-".join(str(ord(c) - 96) for c in word), "s": word}
        case "nato":
            name = draw("names")
            return {"x": name, "s": " ".join(NATO[ord(c) - 97] for c in name.lower())}
        case "atbash":
            return {"x": word, "s": "".join(chr(219 - ord(c)) for c in word)}
        case "emoji":
            word, key = draw("emoji_words"), MATERIALS["emoji"]
            extra = draw.some([c for c in key if c not in word], 2)
            letters = sorted(set(word) | set(extra))
            shown = comma([f"{key[c]} = {c}" for c in letters])
            return {"x": f"{shown}\n{''.join(key[c] for c in word)}", "s": word}
        case "ascii":
            name = draw("names")
            return {"x": name, "s": " ".join(str(ord(c)) for c in name)}
    text = draw("accents")
    return {"x": text, "n": len(text.encode())}


def dates(kind: str, draw: Draw) -> Fields:
    """Ask about the calendar and the clock."""
    day, k = draw.day(), draw.number(8, 40)
    other = day + timedelta(draw.number(6, 120))
    start, length = 5 * draw.number(84, 220), 5 * draw.number(5, 40)
    hours, minutes = divmod(length, 60)
    span = f"{hours} h {minutes} min" if hours and minutes else f"{hours} h"
    span = span if hours else f"{minutes} min"
    today = draw.number(0, 6)
    both = draw.some([say_date(day), say_date(other)], 2)
    match kind:
        case "weekday_after" | "weekday_before":
            s = DAYS[(today + (k if kind == "weekday_after" else -k)) % 7]
            return {"day": DAYS[today], "k": k, "s": s}
        case "weekday_of" | "weekday_old":
            day = draw.day(1928, 1955) if kind == "weekday_old" else day
            return {"date": say_date(day), "s": DAYS[day.weekday()]}
        case "add" | "subtract":
            end = day + timedelta(k if kind == "add" else -k)
            return {"date": say_date(day), "k": k, "s": say_date(end)}
        case "between":
            return {"date": say_date(day), "other": say_date(other), "n": (other - day).days}
        case "leap":
            year = draw.rng.choice([1900, 1984, 1990, 2000, 2012, 2023, 2024, 2026, 2100])
            if year % 4:
                return {"year": year, "s": f"No, {year} is not divisible by 4."}
            if year % 100 == 0 and year % 400:
                return {"year": year, "s": f"No: {year} is divisible by 100 but not by 400."}
            why = "4 but not by 100" if year % 100 else "400"
            return {"year": year, "s": f"Yes: {year} is divisible by {why}."}
        case "month_length":
            last = (day.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)
            return {"month": MONTHS[day.month - 1], "year": day.year, "n": last.day}
        case "iso":
            return {"x": say_date(day), "s": day.isoformat()}
        case "from_iso":
            return {"x": day.isoformat(), "s": say_date(day)}
        case "add_time":
            return {"t": moment(start), "d": span, "s": moment(start + length)}
        case "duration":
            return {"x": f"from {moment(start)} to {moment(start + length)}", "s": span}
        case "to_24" | "to_12":
            start += 300
            half = "a.m." if start % 1440 < 720 else "p.m."
            twelve = f"{(start // 60 + 11) % 12 + 1}:{start % 60:02} {half}"
            pair = (twelve, moment(start))
            return dict(zip("xs", pair if kind == "to_24" else pair[::-1], strict=True))
        case "later" | "earlier":
            s = say_date(other if kind == "later" else day)
            return {"x": " or ".join(both), "s": s}
    return timetable(draw)


def timetable(draw: Draw) -> Fields:
    """Give a day's activities, one after another."""
    now = 30 * draw.number(14, 19)
    asked, lines = [f"Start: {moment(now)}"], []
    for name, usual in draw("activities"):
        minutes = usual + draw.rng.choice([-5, 0, 5])
        asked.append(f"{name}: {minutes} min")
        lines.append(f"{moment(now)}-{moment(now + minutes)} {name}")
        now += minutes
    return {"x": "\n".join(asked), "lines": "\n".join(lines)}


# Texts with a form


FINDERS = {
    "numbers": r"\d+",
    "emails": r"[\w.-]+@[\w-]+\.\w+",
    "hashtags": r"#\w+",
    "times": r"\d\d:\d\d",
    "years": r"\b\d{4}\b",
    "prices": r"€\d+(?:\.\d\d)?",
    "mentions": r"@\w+(?:\.\w+)*",
    "capitals": r"\b[A-Z]{2,}\b",
    "quoted": r"\"(.+)\"",
    "urls": r"https://[\w./?=&-]*\w",
    "questions": r"[A-Z][^.?!]*\?",
}


def extraction(kind: str, draw: Draw) -> Fields:
    """Something that stands in a text, word for word."""
    match kind:
        case "field":
            card = draw("cards")
            key = draw.rng.choice(list(card))
            lines = [f"{name}: {value}" for name, value in card.items()]
            return {"x": "\n".join(lines), "key": key, "s": card[key]}
        case "longest":
            text = draw("passages.longest")
            return {"x": text, "s": max(re.findall(r"\w+", text), key=len)}
        case "log":
            return log(draw)
    text = draw(f"passages.{kind}")
    found = re.findall(FINDERS[kind], text)
    return {"x": text, "items": found, "s": found[0]}


def log(draw: Draw) -> Fields:
    """Give the log of a small server, in the order of time."""
    now, lines = 60 * draw.number(300, 900), []
    for number in range(draw.number(16, 30)):
        now += draw.number(2, 900)
        # Every fourth line is an error, so that there is always something to find.
        level = "ERROR" if number % 4 == 2 else draw.rng.choice(["INFO", "INFO", "WARNING"])
        what = draw.rng.choice(MATERIALS["events"][level])
        clock = f"{moment(now // 60)}:{now % 60:02}"
        lines.append(f"{clock} {level} {draw.rng.choice(MATERIALS['services'])}: {what}")
    return {"x": "\n".join(lines), "items": [line for line in lines if " ERROR " in line]}


def formatting(kind: str, draw: Draw) -> Fields:
    """Put the same content into another notation."""
    record = draw("records")
    items = draw.some(draw("groups"), draw.number(3, 6))
    as_lines = "\n".join(f"{key}: {value}" for key, value in record.items())
    as_json = json.dumps(record, ensure_ascii=False)
    header, rows = table_of(draw, draw.number(3, 5), 2)
    csv = "\n".join(",".join(row) for row in [header, *rows])
    objects = [json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=False) for row in rows]
    match kind:
        case "json":
            return {"x": as_lines, "s": as_json}
        case "json_lines":
            return {"x": as_json, "s": as_lines}
        case "yaml":
            return {"x": as_json, "s": as_lines}
        case "json_list":
            return {"x": comma(items), "s": json.dumps(items, ensure_ascii=False)}
        case "csv_json_list":
            return {"x": csv, "s": "[\n  " + ",\n  ".join(objects) + "\n]"}
        case "csv_json_lines":
            return {"x": csv, "s": "\n".join(objects)}
        case "csv_markdown":
            return {"x": csv, "s": markdown(header, rows)}
        case "markdown_csv":
            return {"x": markdown(header, rows), "s": csv}
        case "bullets":
            return {"x": comma(items), "s": "\n".join(f"- {item}" for item in items)}
        case "commas":
            return {"x": "\n".join(f"- {item}" for item in items), "s": comma(items)}
        case "numbered":
            steps = draw("steps")
            numbered = [f"{number}. {step}" for number, step in enumerate(steps, 1)]
            return {"x": "; ".join(steps), "s": "\n".join(numbered)}
        case "html":
            points = [f"  <li>{item}</li>" for item in items]
            return {"x": comma(items), "s": "\n".join(["<ul>", *points, "</ul>"])}
        case "link":
            title, address = draw("links")
            return {"x": f"{title}: {address}", "s": f"[{title}]({address})"}
        case "heading":
            k, text = draw.number(2, 3), draw("headings")
            return {"x": text, "k": k, "s": f"{'#' * k} {text}"}
        case "checklist":
            chores = draw("chores")
            return {"x": comma(chores), "s": "\n".join(f"- [ ] {chore}" for chore in chores)}
        case "bold":
            text, word = draw("bold")
            return {"x": text, "w": word, "s": text.replace(word, f"**{word}**")}
        case "phone":
            digits = f"{draw.number(100_000_000, 999_999_999)}"
            return {"x": digits, "s": f"{digits[:3]} {digits[3:6]} {digits[6:]}"}
    number = draw.number(1_000_000, 99_999_999)
    return {"x": number, "s": f"{number:,}"}


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """Draw a table in Markdown."""
    ruled = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in ruled)


def table_of(draw: Draw, rows: int, columns: int) -> tuple[list[str], list[list[str]]]:
    """Make a table: a key column, then columns of numbers, of which the first has no ties."""
    theme = draw("themes")
    rows = min(rows, len(theme["rows"]))
    wide = [name for name, (low, high) in theme["columns"].items() if high - low >= rows]
    first = draw.rng.choice(wide)
    others = [name for name in theme["columns"] if name != first][: columns - 1]
    values = [draw.numbers(rows, *theme["columns"][first])]
    values += [[draw.number(*theme["columns"][name]) for _ in range(rows)] for name in others]
    lines = [
        list(map(str, line)) for line in zip(draw.some(theme["rows"], rows), *values, strict=True)
    ]
    return [theme["key"], first, *others], lines


def tables(kind: str, draw: Draw) -> Fields:
    """Questions that one answers by looking into a table."""
    long = kind in ("sorted_desc", "sorted_asc", "rows", "count_above")
    header, rows = table_of(draw, draw.number(10, 14) if long else draw.number(5, 10), 3)
    values = [int(row[1]) for row in rows]
    while kind == "mean" and sum(values) % len(values):
        header, rows = table_of(draw, 5, 3)
        values = [int(row[1]) for row in rows]
    as_markdown = draw.rng.random() < 0.6

    def show(body: list[list[str]]) -> str:
        if as_markdown:
            return markdown(header, body)
        return "\n".join(",".join(row) for row in [header, *body])

    (who, mine, *_), (other, others, *_) = draw.some(rows, 2)
    k = sorted(values)[len(values) // 2] - 1
    fields = {
        "x": show(rows),
        "key": header[0],
        "col": header[1],
        "who": who,
        "other": other,
        "k": k,
    }
    match kind:
        case "lookup":
            return fields | {"s": mine}
        case "highest" | "lowest":
            n = max(values) if kind == "highest" else min(values)
            return fields | {"n": n, "s": rows[values.index(n)][0]}
        case "total":
            return fields | {"n": tidy(sum(values))}
        case "mean":
            return fields | {"n": sum(values) // len(values)}
        case "above":
            return fields | {"items": [row[0] for row in rows if int(row[1]) > k]}
        case "count_above":
            return fields | {"n": sum(value > k for value in values)}
        case "rows":
            return fields | {"n": len(rows)}
        case "difference":
            return fields | {"n": abs(int(mine) - int(others))}
        case "column":
            return fields | {"items": values}
    ordered = sorted(rows, key=lambda row: int(row[1]), reverse=kind == "sorted_desc")
    return fields | {"lines": show(ordered)}


# Puzzles


def puzzles(kind: str, draw: Draw) -> Fields:
    """Small riddles with exactly one answer."""
    match kind:
        case "most" | "least" | "order":
            return comparison(kind, draw)
        case "boolean":
            values = [draw.rng.choice(["True", "False"]) for _ in range(3)]
            form = draw.rng.choice(
                ["{} and ({} or not {})", "not ({} and {}) or {}", "{} or {} and {}"]
            )
            x = form.format(*values)
            return {"x": x, "s": str(bool(eval(x)))}
        case "walk":
            return walk(draw)
        case "seats":
            return seats(draw)
        case "swap":
            place = draw.number(1, 3)
            x = f"The ball starts under cup {place}."
            a = b = 0
            for _ in range(draw.number(3, 6)):
                a, b = draw.rng.choice([p for p in permutations((1, 2, 3), 2) if {*p} != {a, b}])
                x += f" Swap {a} and {b}."
                place = {a: b, b: a}.get(place, place)
            return {"x": x, "n": place}
        case "balance":
            large, middles, middle, small = draw("balance")
            a, b = draw.number(2, 6), draw.number(2, 6)
            x = f"One {large} weighs as much as {a} {middles}. "
            x += f"One {middle} weighs as much as {b} {small}."
            return {"x": x, "large": large, "small": small, "n": a * b}
    n, a, b = draw.number(3, 15), draw.number(2, 5), draw.number(2, 12)
    return {"x": f"I multiply it by {a}, then add {b}, and get {n * a + b}.", "n": n}


def comparison(kind: str, draw: Draw) -> Fields:
    """Who is taller than whom; each neighbouring pair is named once, in any order."""
    _, more, less, most, least = draw("kinds_of_people")
    people = [draw("names") for _ in range(draw.number(3, 5))]
    facts = [
        f"{a} is {more} than {b}." if draw.rng.random() < 0.5 else f"{b} is {less} than {a}."
        for a, b in pairwise(people)
    ]
    s = people[-1] if kind == "least" else people[0]
    x = " ".join(draw.some(facts, len(facts)))
    return {"x": x, "most": most, "least": least, "s": s, "items": people}


def walk(draw: Draw) -> Fields:
    """Take a walk on a grid, step by step."""
    moves, east, north = [], 0, 0
    for direction in draw.some(["north", "east", "south", "west"] * 2, draw.number(4, 6)):
        steps = draw.number(1, 7)
        moves.append(f"{steps} {direction}")
        east += {"east": steps, "west": -steps}.get(direction, 0)
        north += {"north": steps, "south": -steps}.get(direction, 0)
    return {"x": comma(moves), "s": f"({east}, {north})"}


def seats(draw: Draw) -> Fields:
    """Five people in a row and just enough clues: one by one, those that can go are dropped."""
    row = [draw("names") for _ in range(5)]
    clues = [(f"{row[0]} sits at the left end.", row[0], None)]
    clues += [(f"{row[4]} sits at the right end.", None, row[4])]
    for a, b in pairwise(row):
        text = draw.rng.choice(
            [f"{a} sits directly to the left of {b}.", f"{b} sits directly to the right of {a}."]
        )
        clues.append((text, a, b))

    def holds(order: Sequence[str], a: str | None, b: str | None) -> bool:
        if b is None:
            return order[0] == a
        if a is None:
            return order[4] == b
        return order.index(a) + 1 == order.index(b)

    for clue in draw.some(clues, len(clues)):
        rest = [c for c in clues if c != clue]
        middles = {p[2] for p in permutations(row) if all(holds(p, a, b) for _, a, b in rest)}
        if middles == {row[2]} and all(any(n in c[0] for c in rest) for n in row):
            clues = rest
    return {"x": " ".join(text for text, _, _ in draw.some(clues, len(clues))), "s": row[2]}


TASKS: dict[str, Callable[[str, Draw], Fields]] = {
    "arithmetic": arithmetic,
    "numbers": numbers,
    "conversion": conversion,
    "geometry": geometry,
    "patterns": patterns,
    "sorting": sorting,
    "strings": strings,
    "lists": lists,
    "ciphers": ciphers,
    "dates": dates,
    "extraction": extraction,
    "formatting": formatting,
    "tables": tables,
    "puzzles": puzzles,
}


def entry_of(task: str, ask: str, answer: str, fields: Fields) -> dict[str, str]:
    """Fill one wording: what the instruction does not name comes as the input."""
    if "items" in fields:
        lines = "\n".join(map(str, fields["items"]))
        fields = {"list": comma(fields["items"]), "lines": lines} | fields
    text = "" if "{x}" in ask else str(fields.get("input", fields.get("x", "")))
    return {
        "task": task,
        "instruction": ask.format(**fields),
        "input": text,
        "output": answer.format(**fields),
    }


def entries_text() -> str:
    """Give the whole of entries.json, byte for byte."""
    draw = Draw(SEED)
    wordings = read("wordings.json")
    entries = read("hand_written.json")
    for task, make in TASKS.items():
        for kind, wording in wordings[task].items():
            for ask in wording["ask"]:
                answer = draw.rng.choice(wording["answer"])
                entries.append(entry_of(task, ask, answer, make(kind, draw)))
    draw.rng.shuffle(entries)
    return json.dumps(read("first.json") + entries, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(entries_text(), encoding="utf-8")
