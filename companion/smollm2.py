"""SmolLM2's tokenizer, a second real one beside GPT-2's, built from a packaged vocabulary.

Takes `data/smollm2.json` (special tokens, alphabet, merges) and gives a `tokenizers.Tokenizer`
with no network. It splits each digit off, then cuts as GPT-2's byte-level pattern does; the
order of these two is what a tokenizer made from the model's GGUF file gets wrong. What it
leaves out: the chat template, which adds a system message of its own. Chapter 13.
"""

import json
from functools import lru_cache
from importlib.resources import files

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

SMOLLM2_END_ID = 2
"""SmolLM2's end token, `<|im_end|>`, which it pads with, too."""


@lru_cache(maxsize=1)
def load_smollm2() -> Tokenizer:
    """Give SmolLM2's tokenizer: 49,152 ids, of which the first 17 are special tokens.

    `encode` reads a special token's text as that token; with `encode_special_tokens` set,
    it reads it as ordinary text. Every caller is given the same object: set that on a deep copy.
    21 of the 256 bytes, as 0x04 or 0xC0, have no token of their own; where no merge takes
    them, they become id 0.

    >>> load_smollm2().encode("Add 1234 in  5<|im_end|>").ids
    [7684, 216, 33, 34, 35, 36, 281, 256, 37, 2]
    """
    packed = (files("companion") / "data" / "smollm2.json").read_text(encoding="utf-8")
    given = json.loads(packed)
    special = list(given["special_tokens"])
    merges = [tuple(merge.split(" ")) for merge in given["merges"]]
    # Ids are places: the special tokens come first, then single bytes, then what they merge to.
    tokens = special + given["alphabet"] + ["".join(pair) for pair in merges]
    ids = {token: place for place, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=merges, unk_token=special[given["unk"]]))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [AddedToken(text, special=True, normalized=False) for text in special]
    )
    return tokenizer
