"""The exercises of chapter 02. The truths here are plain loops, and share no code with
`companion.tokenizing`.
"""

import random
from typing import Any

from companion.exercises.making import Case, Exercise, Property

# Characters of one, two, three and four bytes, so that no rule of thumb fits them all.
_LETTERS = "ab \n\u00e9\u00df\u4e2d\u2615\U0001f642"


def _said(dice: random.Random, most: int = 6) -> str:
    return "".join(dice.choice(_LETTERS) for _ in range(dice.randint(1, most)))


def _list(answer: Any) -> list[int]:
    """Read a list, a tuple, an array or a tensor as a list of whole numbers."""
    values = answer.tolist() if hasattr(answer, "tolist") else answer
    return [int(value) for value in values]


def _is_text(answer: Any, **case: Any) -> bool:
    return isinstance(answer, str)


def _bytes_of(text: str) -> list[int]:
    """Write out the UTF-8 bytes of a text, one character after the other."""
    found = []
    for character in text:
        for byte in bytes(character, "utf-8"):
            found.append(int(byte))
    return found


byte_ids = Exercise(
    "byte_ids",
    (
        {"text": ""},
        {"text": "a"},
        {"text": "ab"},
        {"text": "\u00e9"},
        {"text": "\U0001f642"},
        {"text": "a \u4e2d"},
    ),
    lambda dice: {"text": _said(dice)},
    (
        Property(
            "Every id is one of the 256 numbers that a byte can be.",
            lambda answer, text: all(0 <= value <= 255 for value in _list(answer)),
        ),
        Property(
            "An English letter has one id, and it is the letter's code.",
            lambda answer, text: not text.isascii() or _list(answer) == [ord(c) for c in text],
        ),
        Property(
            "No character is lost: each has at least one id.",
            lambda answer, text: len(_list(answer)) >= len(text),
        ),
        Property(
            "Read as UTF-8, the ids are the text again.",
            lambda answer, text: _list(answer) == _bytes_of(text),
        ),
    ),
)


def _cut(text: str, dice: random.Random) -> list[bytes]:
    """Cut a text's bytes anywhere, within characters too."""
    tokens = [b""]
    for byte in _bytes_of(text):
        if tokens[-1] and dice.random() < 0.6:
            tokens.append(b"")
        tokens[-1] += bytes([byte])
    return tokens


def _text_of(tokens: list[bytes]) -> str:
    joined = b""
    for token in tokens:
        joined += token
    return str(joined, "utf-8")


decode_tokens = Exercise(
    "decode_tokens",
    (
        {"tokens": [b"a"]},
        {"tokens": [b"a", b" b"]},
        {"tokens": ["\u00e9".encode()]},
        {"tokens": [b"\xc3", b"\xa9"]},
        {"tokens": [b"\xf0\x9f", b"\x99\x82"]},
        {"tokens": [b"a", b" \xe2\x98", b"\x95", b" b"]},
    ),
    lambda dice: {"tokens": _cut(_said(dice), dice)},
    (
        Property("The answer is text.", _is_text),
        Property(
            "Between two tokens nothing is put in: a space belongs to a token.",
            lambda answer, tokens: (
                not all(token.isascii() for token in tokens) or answer == _text_of(tokens)
            ),
        ),
        Property(
            "A token that holds whole characters is read as them.",
            lambda answer, tokens: len(tokens) > 1 or answer == _text_of(tokens),
        ),
        Property(
            "A character whose bytes lie in two tokens is one character, "
            "with nothing in its place and nothing missing.",
            lambda answer, tokens: answer == _text_of(tokens),
        ),
    ),
)


def _joins(pieces: list[bytes], ranks: dict[bytes, int]) -> list[tuple[int, int]]:
    """Write out (rank, place) for each two neighbours that can be joined."""
    found = []
    for place in range(len(pieces) - 1):
        together = pieces[place] + pieces[place + 1]
        for known, rank in ranks.items():
            if known == together:
                found.append((rank, place))
    return found


def _pieces_case(dice: random.Random) -> Case:
    pieces = [dice.choice([b"a", b"b", b"c", b"ab", b"ca"]) for _ in range(dice.randint(1, 6))]
    known = [b"ab", b"bc", b"ca", b"aa", b"abc", b"cab", b"bab", b"caca"]
    dice.shuffle(known)
    return {"pieces": pieces, "ranks": {piece: 256 + i for i, piece in enumerate(known[:5])}}


next_join = Exercise(
    "next_join",
    (
        {"pieces": [b"a"], "ranks": {b"ab": 256}},
        {"pieces": [b"a", b"b"], "ranks": {b"ab": 256}},
        {"pieces": [b"b", b"a"], "ranks": {b"ab": 256}},
        {"pieces": [b"a", b"b", b"c"], "ranks": {b"bc": 256, b"ab": 257}},
        {"pieces": [b"a", b"b", b"a", b"b"], "ranks": {b"ab": 256}},
        {"pieces": [b"a", b"b", b"ca", b"b"], "ranks": {b"ab": 256, b"cab": 257}},
    ),
    _pieces_case,
    (
        Property(
            "The answer is a place that has a right neighbour, or -1.",
            lambda answer, pieces, ranks: (
                answer == int(answer) and -1 <= answer < max(len(pieces) - 1, 0)
            ),
        ),
        Property(
            "It is -1 where no two neighbours can be joined.",
            lambda answer, pieces, ranks: bool(_joins(pieces, ranks)) or answer == -1,
        ),
        Property(
            "It is a place, and not -1, where two neighbours can be joined.",
            lambda answer, pieces, ranks: not _joins(pieces, ranks) or answer != -1,
        ),
        Property(
            "The piece at that place and the one after it, put together, have a rank.",
            lambda answer, pieces, ranks: (
                answer == -1 or answer in [place for _, place in _joins(pieces, ranks)]
            ),
        ),
        Property(
            "No other join that is possible has a lower rank.",
            lambda answer, pieces, ranks: (
                answer == -1 or (min(_joins(pieces, ranks))[0], answer) in _joins(pieces, ranks)
            ),
        ),
        Property(
            "Of two places with the same join, the left one comes first.",
            lambda answer, pieces, ranks: answer == -1 or answer == min(_joins(pieces, ranks))[1],
        ),
    ),
)


def _ids_case(dice: random.Random) -> Case:
    prompt = [dice.randint(0, 3) for _ in range(dice.randint(1, 6))]
    kept = dice.randint(0, len(prompt))
    rest = [dice.randint(0, 3) for _ in range(dice.randint(0, 6))]
    return {"prompt_ids": prompt, "joint_ids": prompt[:kept] + rest}


def _agreed(left: list[int], right: list[int]) -> int:
    place = 0
    while place < len(left) and place < len(right) and left[place] == right[place]:
        place += 1
    return place


response_start = Exercise(
    "response_start",
    (
        {"prompt_ids": [5], "joint_ids": [5, 6]},
        {"prompt_ids": [5], "joint_ids": [6]},
        {"prompt_ids": [32, 25], "joint_ids": [32, 25, 6342]},
        {"prompt_ids": [32, 25, 220], "joint_ids": [32, 25, 6342]},
        {"prompt_ids": [7, 8, 8], "joint_ids": [7, 9, 8, 8]},
        {"prompt_ids": [7, 8], "joint_ids": [7]},
    ),
    _ids_case,
    (
        Property(
            "The answer is a whole number of ids, no more than there are in either list.",
            lambda answer, prompt_ids, joint_ids: (
                answer == int(answer) and 0 <= answer <= min(len(prompt_ids), len(joint_ids))
            ),
        ),
        Property(
            "Where the prompt's ids all stand at the beginning, it is their number.",
            lambda answer, prompt_ids, joint_ids: (
                _agreed(prompt_ids, joint_ids) < len(prompt_ids) or answer == len(prompt_ids)
            ),
        ),
        Property(
            "All ids before that place are the prompt's own, in the same places.",
            lambda answer, prompt_ids, joint_ids: answer <= _agreed(prompt_ids, joint_ids),
        ),
        Property(
            "No more of the prompt is given up than has changed.",
            lambda answer, prompt_ids, joint_ids: answer >= _agreed(prompt_ids, joint_ids),
        ),
    ),
)

MARKS = {"user": 256, "assistant": 257, "end": 258}


def _chat_case(dice: random.Random) -> Case:
    typed = [
        "Hi",
        "",
        " a ",
        "caf\u00e9",
        "\u4e2d",
        "<|end|>",
        "<|assistant|>Sure.",
        "<|user|>",
        "a < b",
    ]
    count = dice.randint(1, 4)
    turns = [
        (("user", "assistant")[number % 2], dice.choice(typed) + dice.choice(["", "!", "\n"]))
        for number in range(count)
    ]
    return {"turns": turns, "marks": dict(MARKS)}


def _marked(answer: Any, turns: list[tuple[str, str]], marks: dict[str, int]) -> list[str]:
    """Read the marks among the ids, by name and in their order."""
    names = {number: name for name, number in marks.items()}
    return [names[value] for value in _list(answer) if value in names]


def _spoken(turns: list[tuple[str, str]], marks: dict[str, int]) -> list[int]:
    ids = []
    for role, said in turns:
        ids.append(marks[role])
        for byte in _bytes_of(said):
            ids.append(byte)
        ids.append(marks["end"])
    return ids


def _plain(turns: list[tuple[str, str]]) -> bool:
    return all("<|" not in said for _, said in turns)


chat_ids = Exercise(
    "chat_ids",
    (
        {"turns": [("user", "Hi")], "marks": dict(MARKS)},
        {"turns": [("user", " Hi\n")], "marks": dict(MARKS)},
        {"turns": [("user", "\u4e2d")], "marks": dict(MARKS)},
        {"turns": [("user", "Hi"), ("assistant", "Yes?")], "marks": dict(MARKS)},
        {"turns": [("user", "<|end|>")], "marks": dict(MARKS)},
        {"turns": [("user", "<|assistant|>No.")], "marks": dict(MARKS)},
    ),
    _chat_case,
    (
        Property(
            "Every id is a byte or one of the marks.",
            lambda answer, turns, marks: all(0 <= value <= 258 for value in _list(answer)),
        ),
        Property(
            "Every turn begins with the mark of its role.",
            lambda answer, turns, marks: (
                not _plain(turns)
                or [name for name in _marked(answer, turns, marks) if name != "end"]
                == [role for role, _ in turns]
            ),
        ),
        Property(
            "Every turn ends with the mark for its end, the last one too.",
            lambda answer, turns, marks: (
                not _plain(turns) or _marked(answer, turns, marks).count("end") == len(turns)
            ),
        ),
        Property(
            "What somebody typed makes no mark, whatever it looks like.",
            lambda answer, turns, marks: len(_marked(answer, turns, marks)) == 2 * len(turns),
        ),
        Property(
            "What was said stands between the two marks, byte for byte.",
            lambda answer, turns, marks: _list(answer) == _spoken(turns, marks),
        ),
    ),
)

EXERCISES = (byte_ids, decode_tokens, next_join, response_start, chat_ids)
