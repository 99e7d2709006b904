"""Text that can be seen: every space, line break and invisible character gets a sign.

Takes the bytes of a token, or a piece of text, and gives it in a form that can be read by
eye and by a screen reader, and that is safe in a page whatever the text holds. What it
leaves out: which tokens there are, and what they are there for.
"""

import html
import unicodedata
from collections.abc import Iterator
from itertools import groupby

SIGNS = {" ": ("␣", "space"), "\n": ("⏎", "line break"), "\t": ("⇥", "tab"), "\r": ("␍", "return")}
"""What stands for white space, and how it is read aloud."""


JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
"""They cannot be seen, but what they do to their neighbours can."""


def token_text(token: bytes) -> str:
    """Give a token's text, or its bytes where they are not whole UTF-8.

    >>> token_text(b" caf"), token_text("\N{HOT BEVERAGE}".encode()[:2])
    (' caf', '⟨E2 98⟩')
    """
    try:
        return token.decode("utf-8")
    except UnicodeDecodeError:
        return f"⟨{token.hex(' ').upper()}⟩"


def show_plain(text: str, spaces: bool = True) -> str:
    r"""Give the text with a sign for what cannot be seen.

    >>> show_plain(" two words\n"), show_plain("two words\n", spaces=False)
    ('␣two␣words⏎', 'two words⏎')
    """
    return "".join(shown for shown, _ in _parts(text, spaces))


def show_lines(text: str) -> str:
    r"""Give text of several lines as a terminal may have it: no character of it can turn, color,
    move or hide what stands around it, wherever it came from.

    >>> show_lines("a\x1b[2Jb\N{RIGHT-TO-LEFT OVERRIDE}\nc d")
    'a⟨U+001B⟩[2Jb⟨U+202E⟩\nc d'
    """
    return "\n".join(show_plain(line, spaces=False) for line in text.split("\n"))


def show_html(text: str, spaces: bool = True) -> str:
    r"""Give the same as HTML: signs carry their names, and no text turns its surroundings.

    Where spaces are no signs it is text to be read, in its own direction; and in it the two
    invisible characters that join and part letters (Persian) and emoji do what they are for.

    >>> show_html(" </script>")
    '<span role="img" aria-label="space">␣</span><bdi>&lt;/script&gt;</bdi>'
    >>> show_html("a\u200d b", spaces=False) == "<bdi>a\u200d b</bdi>"
    True
    """
    return "".join(
        f'<span role="img" aria-label="{name}">{shown}</span>'
        if name
        else f"<bdi>{html.escape(shown)}</bdi>"
        for shown, name in _parts(text, spaces, joined=not spaces)
    )


def _parts(text: str, spaces: bool, joined: bool = False) -> Iterator[tuple[str, str]]:
    """Give runs of plain text with no name, and signs one by one with theirs.

    With `joined`, a joiner after a character that can be seen is part of the text.
    """
    signs: list[tuple[str, tuple[str, str] | None]] = []
    is_seen = False
    for character in text:
        sign = None if joined and is_seen and character in JOINERS else _sign(character, spaces)
        is_seen = sign is None and character != " "
        signs.append((character, sign))
    for plain, group in groupby(signs, key=lambda pair: pair[1] is None):
        if plain:
            yield "".join(character for character, _ in group), ""
        else:
            yield from (sign for _, sign in group if sign)


def _sign(character: str, spaces: bool) -> tuple[str, str] | None:
    """Give what stands for a character that cannot be seen, or None for one that can."""
    if character == " " and not spaces:
        return None
    if character in SIGNS:
        return SIGNS[character]
    # Controls, formats, surrogates, private and unassigned ones; other kinds of space.
    if unicodedata.category(character)[0] in "CZ" and character != " ":
        code = f"U+{ord(character):04X}"
        return f"⟨{code}⟩", f"character {code}"
    return None
