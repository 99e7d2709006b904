r"""A learner's name as one and the same text on every machine, and numbers that follow from it.

Takes what somebody typed and gives it without what cannot be seen: two names that look alike
are alike. `learning/naming.js` is its twin, which gives the same in a page. What it leaves
out: any judgement of a name; every script is one.
"""

import re
import unicodedata

MOST_SIGNS = 60
"""Of a name, so that a line with it stays a line."""

# Spelled out, since each language has its own idea of white space. A "|" parts a line's fields.
_SPACES = re.compile("[\x00-\x20\x7c\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
# What nobody sees: soft hyphens, marks of direction, joiners of words. The joiners of letters
# (U+200C, U+200D) stay, for Persian and Hindi names are spelled with them.
_UNSEEN = re.compile("[\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]")


def clean(text: str) -> str:
    r"""Give a text in Unicode's form NFC, on one line, with one space where there were many.

    >>> clean("  Zoe\u0308\t O'Neil \u200b")
    "Zoë O'Neil"
    """
    # As JavaScript holds it, where half a character may stand alone; it is a sign like another.
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    spaced = _SPACES.sub(" ", unicodedata.normalize("NFC", _UNSEEN.sub("", whole)))
    return spaced.strip(" ")


def clean_name(name: str) -> str:
    """Give a name as `clean` does; `ValueError` where none is left, or one that is too long.

    >>> clean_name(" Ada  Lovelace ")
    'Ada Lovelace'
    """
    cleaned = clean(name)
    if not cleaned:
        raise ValueError("a name has a letter at least; found none: write yours")
    if len(cleaned) > MOST_SIGNS:
        raise ValueError(
            f"a name has at most {MOST_SIGNS} signs; found {len(cleaned)}: write a shorter one"
        )
    return cleaned


def fold_name(name: str) -> str:
    """Give a name without the difference of capital and small letters; errors of `clean_name`.

    Letter by letter to small, to capital, and to small again: what Python and JavaScript alike
    make of every letter there is. It is not `str.casefold`, which JavaScript has not.

    >>> fold_name("Ada STRASSE") == fold_name("ada Straße")
    True
    """
    folded = "".join(letter.lower().upper().lower() for letter in clean_name(name))
    return unicodedata.normalize("NFC", folded)


def number_of(text: str) -> int:
    """Give a number of 32 bits that follows from a text: FNV-1a over its UTF-8, then mixed.

    One byte that differs always gives another number. Written out, since what follows from a
    name must stay what it is. The mixing is the last step of MurmurHash3.

    >>> number_of(""), number_of("Ada")
    (2872998923, 4247964646)
    """
    value = 0x811C9DC5
    for byte in text.encode("utf-8"):
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        value = ((value ^ (value >> shift)) * factor) & 0xFFFFFFFF
    return value
