"""Guess the encoding of text that is not UTF-8, by what it would say in each.

Takes bytes, and gives the likeliest of the encodings that files of instructions have been
seen in, or none. What is judged is whether the characters are at home beside each other: no
Cyrillic letter stands within a Latin word, and common signs are more likely than rare ones.
What it leaves out: the Unicode encodings, which `companion.parsing` tells by their zeros.
The standard library is all it needs.
"""

import codecs
import re
import unicodedata
from collections.abc import Callable
from itertools import pairwise

NAMES = {
    "cp1252": "Latin-1 or Windows-1252",
    "mac_roman": "Mac Roman",
    "cp1251": "Windows-1251",
    "koi8_r": "KOI8-R",
    "cp932": "Shift-JIS",
    "euc_jp": "EUC-JP",
    "cp949": "EUC-KR",
    "gb18030": "GB 18030",
    "big5": "Big5",
}
"""The encodings that are tried, as Python calls them, and as people do; of two that are as
likely it is the first. What is all Korean syllables in one is seldom Chinese in the other.
"""

ENOUGH = 0.7
"""The share of characters that must be at home."""

MARKS = set("“”‘’–—…«»°§©®€£•")


def guess_encoding(text: bytes) -> str | None:
    """Give the likeliest encoding of text that is not ASCII, or None where none is likely.

    >>> guess_encoding("Grün".encode("cp1252")), guess_encoding("こんにちは".encode("cp932"))
    ('cp1252', 'cp932')
    """
    shares = {name: _share_at_home(text, name) for name in NAMES}
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= ENOUGH else None


def _share_at_home(text: bytes, encoding: str) -> float:
    try:
        # The last character may be cut.
        decoded = codecs.getincrementaldecoder(encoding)().decode(text)
    except UnicodeDecodeError:
        return 0
    foreign = sum(character > "\x7f" for character in decoded)
    judge = _JUDGES.get(encoding, _judge_wide(encoding))
    return judge(decoded) / foreign if foreign else 0


def _latin(text: str) -> float:
    """Count letters that fit into a Latin word; three in a row that are not ASCII fit in none."""
    home = sum(character in MARKS for character in text)
    for word in re.findall(r"[^\W\d_]+", text):
        foreign = [character for character in word if character > "\x7f"]
        cased = all(b.islower() or a.isupper() for a, b in pairwise(word))
        latin = all("LATIN" in unicodedata.name(character, "") for character in foreign)
        if cased and latin and not re.search(r"[^\x00-\x7f]{3}", word):
            home += len(foreign)
    return home


def _cyrillic(text: str) -> float:
    home = sum(character in MARKS for character in text)
    for word in re.findall(r"[^\W\d_]+", text):
        cased = all(b.islower() or a.isupper() for a, b in pairwise(word))
        if cased and re.fullmatch("[А-яЁёІіЇїЄєҐґЎў]+", word):
            home += len(word)
    return home


def _judge_wide(encoding: str) -> Callable[[str], float]:
    """Give what counts common characters of East Asia: by the row of the national standard."""
    standard, first, last = _COMMON.get(encoding, ("", 0, 0))

    def judge(text: str) -> float:
        home = 0.0
        for character in text:
            if character <= "\x7f":
                continue
            try:
                row = character.encode(standard)[0]
            except UnicodeEncodeError:
                continue
            # Punctuation, kana and other signs stand in the first rows, rare ones in the last.
            home += 1 if first <= row <= last else 0.2
        # The bytes of EUC-JP are those of Chinese, too; but what is Japanese has hiragana.
        is_other = encoding == "euc_jp" and not re.search("[\u3041-\u3096]", text)
        return home / 2 if is_other else home

    return judge


_JUDGES: dict[str, Callable[[str], float]] = {
    "cp1252": _latin,
    "mac_roman": _latin,
    "cp1251": _cyrillic,
    "koi8_r": _cyrillic,
}
_COMMON = {
    "cp932": ("euc_jp", 0xA1, 0xCF),
    "euc_jp": ("euc_jp", 0xA1, 0xCF),
    "gb18030": ("gb2312", 0xA1, 0xD7),
    "big5": ("big5", 0xA1, 0xC6),
    "cp949": ("euc_kr", 0xA1, 0xC8),
}
