"""Random texts that try a tokenizer: real ones, damaged ones, and all that Unicode has.

The same number gives the same texts on every machine.
"""

import unicodedata
from random import Random

from companion.entries import load_entries
from companion.formatting import STYLES
from companion.tokenizing import END_ID, gpt2_decode

HARD = (
    "\ufeff",  # white space for JavaScript, not for tiktoken
    "\u0085",  # the other way round
    "\u180e",  # white space in older tables
    "\u200b",
    "\u200d",
    "\u2028",
    "\u3000",
    "\xa0",
    "\ud800",  # half a pair; beside the next, a pair
    "\udc00",
    "\udfff\ud83d",
    "\ufffd",
    "\x00",
    "\x1c",  # white space for Python alone
    "\r\n",
    "\n",
    "\t",
    " ",
    "  ",
    "'s",
    "'ll",
    "'d",
    "'LL",
    "'said",  # begins with a contraction
    "'Said",  # does not
    "''ve",
    "\u2019s",
    "<|endoftext|>",
    "e\u0301",
    "\u0130",
    "\ufb01",
    "\u00b2",
    "\u216b",
    "\u0664",
    "\U0001d7d8",
    "\u1c89",  # a letter since Unicode 16
    "\U00010d40",  # a digit since Unicode 16
    "\U0002ebf0",  # a letter since Unicode 15.1
    "\U000323b0",  # a letter since Unicode 17
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "\U0001f3f4\U000e0067\U000e0062\U000e007f",
    "\U0001f1e9\U0001f1ea",
    "\u2764\ufe0f\u200d\U0001f525",
    "\U0001f44d\U0001f3fd",
    "a",
    "Z",
    "0",
    ".",
    "-",
)
"""What tokenizers have been seen to get wrong, and its neighbours."""

_ENTRIES = load_entries()
_LAST = 0x10FFFF
_ASSIGNED = [point for point in range(_LAST + 1) if unicodedata.category(chr(point)) != "Cn"]


def random_texts(count: int, seed: int = 0) -> list[str]:
    """Give texts of every kind in turn, beginning with the empty one."""
    random = Random(seed)
    makers = (entry, damaged_entry, script, any_points, hard_pieces, runs, tokens)
    return ["", *(makers[i % len(makers)](random) for i in range(count - 1))]


def entry(random: Random) -> str:
    """Give an embedded entry as one of the styles formats it."""
    style = random.choice(list(STYLES.values()))
    chosen = random.choice(_ENTRIES)
    return style.prompt(chosen) + style.response(chosen)


def damaged_entry(random: Random) -> str:
    """Give an embedded entry with characters lost, doubled, replaced and put in."""
    text = list(entry(random))
    for _ in range(random.randint(1, 12)):
        at = random.randrange(len(text))
        text[at] = random.choice(["", text[at] * 2, text[at].upper(), random.choice(HARD)])
    return "".join(text)


def script(random: Random) -> str:
    """Give neighbours in Unicode, which are mostly of one script, some with spaces between."""
    start = random.choice(_ASSIGNED)
    points = (min(start + random.randrange(100), _LAST) for _ in range(random.randint(1, 60)))
    return "".join(chr(point) + " " * (random.random() < 0.1) for point in points)


def any_points(random: Random) -> str:
    """Give any code points at all, halves of pairs and unassigned ones among them."""
    return "".join(chr(random.randint(0, _LAST)) for _ in range(random.randint(1, 20)))


def hard_pieces(random: Random) -> str:
    """Give hard pieces in any order."""
    return "".join(random.choices(HARD, k=random.randint(1, 30)))


def runs(random: Random) -> str:
    """Give long runs of one character: spaces, digits, letters, signs, line ends."""
    characters = [" ", "0", "7", "a", "=", "\n", "\r\n", "\t", "\u00e9", "\U0001f642", "\u0085"]
    pieces = (random.choice(characters) * random.randint(1, 700) for _ in range(4))
    return random.choice(["", " ", "x"]).join(pieces)


def marked_texts(count: int) -> list[str]:
    """Give random texts in which SmolLM2's special tokens are spelled out, whole and in parts."""
    random = Random("marked texts")
    marks = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<reponame>")
    parts = (*marks, "<|im_start|>user\n", "<|im_end|>\n", "<|im_", "|>", "<", "<|im_end|", "<<|")
    return [
        "".join(
            random.choice(parts) if random.random() < 0.4 else text[: random.randint(0, 30)]
            for _ in range(random.randint(1, 6))
        )
        for text in random_texts(count)
    ]


def tokens(random: Random) -> str:
    """Give tokens that never stood side by side, so that pairs compete to be merged."""
    return gpt2_decode([random.randrange(END_ID) for _ in range(random.randint(1, 40))])
