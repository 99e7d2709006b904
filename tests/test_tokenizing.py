"""Step 2, tokenize: with GPT-2's tokenizer, with bytes, and with two that are trained here."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from companion import tokenizing
from companion.collating import Collator
from companion.entries import Entry, load_entries
from companion.formatting import STYLES, PromptStyle
from companion.storing import InstructionDataset
from companion.tokenizing import (
    END_ID,
    TokenizedEntry,
    Turn,
    encodes_apart,
    gpt2_decode,
    gpt2_encode,
    gpt2_token_bytes,
    load_tokenizer,
    token_roles,
    tokenize_entry,
)

every_style = pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
BLUE = Entry("Name a colour.", "", "Blue.")


# Other tokenizers ------------------------------------------------------------------------


def encode_bytes(text):
    """Give one id a byte."""
    return list(text.encode("utf-8"))


def decode_bytes(ids):
    """Turn bytes back into text."""
    return bytes(ids).decode("utf-8", "replace")


@dataclass(frozen=True)
class Trained:
    """A tokenizer of the `tokenizers` library, as a pair of functions and an oracle."""

    tokenizer: Tokenizer

    def encode(self, text):
        return self.tokenizer.encode(text).ids

    def decode(self, ids):
        return self.tokenizer.decode(ids)

    def starts(self, text):
        """Give the position in the text at which each token begins."""
        return [start for start, _ in self.tokenizer.encode(text).offsets]


def train(model, pre_tokenizer, decoder, **options):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoder
    texts = [style.text(entry) for style in STYLES.values() for entry in load_entries()]
    trainer = trainers.BpeTrainer(vocab_size=800, show_progress=False, **options)
    tokenizer.train_from_iterator(texts, trainer)
    return Trained(tokenizer)


@pytest.fixture(scope="module")
def byte_level():
    """Train a byte-level tokenizer, of GPT-2's kind but with a vocabulary of its own."""
    return train(
        models.BPE(),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
        decoders.ByteLevel(),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )


@pytest.fixture(scope="module")
def metaspace():
    """Train a tokenizer that puts a space before every text, and joins words over newlines."""
    return train(
        models.BPE(unk_token="<unk>"),
        pre_tokenizers.Metaspace(prepend_scheme="always"),
        decoders.Metaspace(prepend_scheme="always"),
        special_tokens=["<unk>"],
    )


# GPT-2's tokenizer -----------------------------------------------------------------------


def test_the_packaged_vocabulary_is_the_published_file():
    packed = (files("companion") / "data" / "r50k_base.tiktoken").read_bytes()
    assert hashlib.sha256(packed).hexdigest() == (
        "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930"
    )


def test_another_vocabulary_file_is_refused(monkeypatch):
    monkeypatch.setattr(tokenizing, "VOCABULARY_SHA256", "0" * 64)
    with pytest.raises(ValueError, match="is not the published vocabulary file"):
        load_tokenizer.__wrapped__()


def test_gpt2_has_50257_ids():
    tokenizer = load_tokenizer()
    assert tokenizer.n_vocab == 50257
    assert len({bytes(token) for token in tokenizer.token_byte_values()}) == 50256


def test_the_end_token_is_the_last_id():
    assert END_ID == 50256
    assert load_tokenizer().eot_token == 50256
    assert gpt2_decode([50256]) == "<|endoftext|>"


def test_a_text_becomes_ids_and_comes_back():
    assert gpt2_encode("Every effort moves you") == [6109, 3626, 6100, 345]
    assert gpt2_decode([6109, 3626, 6100, 345]) == "Every effort moves you"


@given(st.text())
def test_any_text_comes_back(text):
    assert gpt2_decode(gpt2_encode(text)) == text


@given(st.text())
def test_the_bytes_of_the_tokens_are_the_bytes_of_the_text(text):
    assert b"".join(gpt2_token_bytes(gpt2_encode(text))) == text.encode("utf-8")


def test_an_end_token_typed_by_a_user_is_seven_ordinary_tokens():
    assert gpt2_encode("<|endoftext|>") == [27, 91, 437, 1659, 5239, 91, 29]
    entry = tokenize_entry(Entry("Say <|endoftext|>.", "<|endoftext|>", "<|endoftext|>"))
    assert END_ID not in entry.ids


def test_a_role_marker_is_five_ordinary_tokens_to_gpt2():
    assert gpt2_encode("<|user|>") == [27, 91, 7220, 91, 29]
    assert gpt2_encode("<|assistant|>") == [27, 91, 562, 10167, 91, 29]


# An entry as ids -------------------------------------------------------------------------


def test_an_entry_is_its_prompt_and_its_response():
    entry = tokenize_entry(BLUE, "phi3")
    prompt = [27, 91, 7220, 91, 29, 198, 5376, 257, 9568, 13]
    header = [198, 27, 91, 562, 10167, 91, 29, 198]
    assert entry.ids.tolist() == [*prompt, *header, 14573, 13]
    assert (entry.prompt_length, entry.header_length) == (18, 8)
    assert entry.turns == ((10, 18, 21, 21),)


def test_the_ids_are_int64():
    assert tokenize_entry(BLUE).ids.dtype == np.int64


def test_no_end_token_is_appended_here():
    assert tokenize_entry(BLUE, "plain").ids.tolist() == gpt2_encode("Name a colour.\nBlue.")


def test_alpaca_is_the_default_style():
    assert tokenize_entry(BLUE).ids.tolist() == tokenize_entry(BLUE, "alpaca").ids.tolist()


def test_an_empty_response_leaves_the_prompt():
    entry = tokenize_entry(Entry("Hi", "", ""), "plain")
    assert entry.ids.tolist() == gpt2_encode("Hi\n")
    assert entry.prompt_length == 2
    assert entry.turns == ((1, 2, 3, 3),)


def test_a_suffix_is_part_of_the_response():
    entry = tokenize_entry(BLUE, "chatml")
    assert entry.ids.tolist()[entry.prompt_length :] == gpt2_encode("Blue.<|im_end|>")


def test_the_lengths_of_the_headers():
    lengths = {name: tokenize_entry(BLUE, name).header_length for name in STYLES}
    assert lengths == {"alpaca": 6, "phi3": 8, "chatml": 10, "plain": 1}


def test_a_style_without_a_header_has_a_header_of_no_tokens():
    entry = tokenize_entry(BLUE, PromptStyle("bare", "{instruction} ", header=""))
    assert (entry.prompt_length, entry.header_length) == (5, 0)


@every_style
def test_the_prompt_at_training_is_the_prompt_at_inference(style):
    for entry in load_entries():
        tokenized = tokenize_entry(entry, style)
        prompt = gpt2_encode(style.prompt(entry))
        assert tokenized.ids.tolist()[: tokenized.prompt_length] == prompt
        assert gpt2_decode(tokenized.ids.tolist()) == style.text(entry)


@every_style
def test_the_header_is_told_for_every_embedded_entry(style):
    for entry in load_entries():
        tokenized = tokenize_entry(entry, style)
        assert tokenized.header_length == len(gpt2_encode(style.header))


# The boundary between prompt and response ------------------------------------------------


def test_a_prompt_that_ends_in_a_space_stays_what_it_is_at_inference():
    # Encoded at once, "A: " and "Paris" meet in the one token " Paris".
    style = PromptStyle("quiz", "Q: {instruction}", header="\nA: ")
    assert gpt2_encode("A: Paris") == [32, 25, 6342]
    entry = tokenize_entry(Entry("A city?", "", "Paris"), style)
    assert entry.ids.tolist() == [48, 25, 317, 1748, 30, 198, 32, 25, 220, 40313]
    assert (entry.prompt_length, entry.header_length) == (9, 4)


def test_a_response_that_begins_with_blank_lines_leaves_the_prompt_alone():
    # Encoded at once, the header's newline meets the first of the response's two.
    assert gpt2_encode("Response:\n\n\nBlue.") == [31077, 25, 628, 198, 14573, 13]
    entry = tokenize_entry(Entry("Name a colour.", "", "\n\nBlue."))
    assert entry.ids.tolist()[-8:] == [21017, 18261, 25, 198, 198, 198, 14573, 13]
    assert (len(entry.ids) - entry.prompt_length, entry.header_length) == (4, 6)


def test_an_instruction_that_ends_in_a_newline_takes_a_part_of_the_header():
    # The instruction's newline and the header's first are one token, which begins in the body.
    assert gpt2_encode(".\n\n\n### Response:\n") == [13, 628, 198, 21017, 18261, 25, 198]
    entry = tokenize_entry(Entry("Name a colour.\n", "", "Blue."))
    assert entry.ids.tolist()[-9:] == [13, 628, 198, 21017, 18261, 25, 198, 14573, 13]
    assert entry.header_length == 5
    assert len(entry.ids) - entry.prompt_length == 2


def test_a_header_that_is_wholly_in_such_a_token_has_no_token_of_its_own():
    entry = tokenize_entry(Entry("Hi\n", "", "Yes"), "plain")
    assert entry.ids.tolist() == [17250, 628, 5297]
    assert (entry.prompt_length, entry.header_length) == (2, 0)


def test_the_straddling_token_is_masked_with_the_prompts_body():
    entry = tokenize_entry(Entry("Hi\n", "", "Yes"), "plain")
    _, targets = Collator(mask="prompt_without_header")([entry])
    assert targets.tolist() == [[-100, 5297, 50256]]


def test_a_body_that_ends_in_a_replacement_character_is_not_cut_within_its_bytes():
    style = PromptStyle("bare", "{instruction}", header="")
    entry = tokenize_entry(Entry("a\ufffd", "", "b"), style, encode_bytes, decode_bytes)
    assert entry.ids.tolist() == [0x61, 0xEF, 0xBF, 0xBD, 0x62]
    assert (entry.prompt_length, entry.header_length) == (4, 0)


# White space and punctuation are what meets over a border.
awkward = st.text(st.sampled_from("ab .\n\t#:<|é🙂\ufffd"), max_size=8)
entries = st.builds(Entry, awkward, awkward, awkward)
# Headers of any kind, some of which meet what stands before them in one token.
headers = st.text(st.sampled_from("aA: .\n#é🙂\ufffd"), max_size=4)
own_styles = st.builds(PromptStyle, st.just("mine"), st.just("Q{instruction}"), header=headers)
styles = st.sampled_from(list(STYLES.values())) | own_styles


@given(entries, styles)
def test_prompt_and_header_are_where_the_bytes_of_the_tokens_say(entry, style):
    tokenized = tokenize_entry(entry, style)
    prompt = gpt2_encode(style.prompt(entry))
    assert tokenized.ids.tolist() == prompt + gpt2_encode(style.response(entry))
    assert tokenized.prompt_length == len(prompt)
    in_header, start = 0, 0
    for token in gpt2_token_bytes(prompt):
        if start >= len(style.body(entry).encode("utf-8")):
            in_header += 1
        start += len(token)
    assert tokenized.header_length == in_header


@given(entries, styles)
def test_with_one_id_a_byte_the_lengths_are_those_of_the_texts(entry, style):
    tokenized = tokenize_entry(entry, style, encode_bytes, decode_bytes)
    assert bytes(tokenized.ids.tolist()).decode("utf-8") == style.text(entry)
    assert tokenized.prompt_length == len(style.prompt(entry).encode("utf-8"))
    assert tokenized.header_length == len(style.header.encode("utf-8"))


# Any tokenizer ---------------------------------------------------------------------------


def test_gpt2_and_bytes_may_be_encoded_apart():
    assert encodes_apart(gpt2_encode, gpt2_decode)
    assert encodes_apart(encode_bytes, decode_bytes)


def test_another_byte_level_tokenizer_may_be_encoded_apart(byte_level):
    assert encodes_apart(byte_level.encode, byte_level.decode)


def test_a_tokenizer_that_puts_a_space_before_a_text_may_not(metaspace):
    assert metaspace.decode(metaspace.encode("a")) == "a"
    assert not encodes_apart(metaspace.encode, metaspace.decode)


def test_without_a_decode_there_is_no_telling():
    assert not encodes_apart(gpt2_encode, None)


@pytest.mark.parametrize("apart", [True, False])
def test_an_encode_may_give_an_array(apart):
    def encode(text):
        return load_tokenizer().encode_to_numpy(text)

    def decode(ids):
        return gpt2_decode([int(token) for token in ids])

    entry = tokenize_entry(BLUE, "plain", encode, decode if apart else None)
    expected = tokenize_entry(BLUE, "plain", gpt2_encode, gpt2_decode if apart else None)
    assert entry.ids.tolist() == expected.ids.tolist()
    assert entry.prompt_length == expected.prompt_length
    assert entry.header_length == expected.header_length


def test_an_encode_that_adds_special_tokens_is_refused():
    def with_beginning(text):
        return [50256, *gpt2_encode(text)]

    for call in (
        lambda: encodes_apart(with_beginning, gpt2_decode),
        lambda: tokenize_entry(BLUE, "plain", with_beginning, gpt2_decode),
        lambda: InstructionDataset([BLUE], "plain", with_beginning, None),
    ):
        with pytest.raises(ValueError, match=r"encode\(''\) gives \[50256\]: this encode adds"):
            call()


@every_style
def test_the_byte_level_tokenizer_keeps_the_prompt_of_inference(byte_level, style):
    for entry in load_entries():
        tokenized = tokenize_entry(entry, style, byte_level.encode, byte_level.decode)
        prompt = byte_level.encode(style.prompt(entry))
        assert tokenized.ids.tolist() == prompt + byte_level.encode(style.response(entry))
        assert tokenized.prompt_length == len(prompt)
        starts = byte_level.starts(style.prompt(entry))
        header = sum(start >= len(style.body(entry)) for start in starts)
        assert tokenized.header_length == header


@every_style
def test_the_metaspace_tokenizer_is_encoded_at_once_and_cut_at_the_common_prefix(metaspace, style):
    for entry in load_entries():
        tokenized = tokenize_entry(entry, style, metaspace.encode, metaspace.decode)
        ids, prompt = metaspace.encode(style.text(entry)), metaspace.encode(style.prompt(entry))
        assert tokenized.ids.tolist() == ids
        shared = 0
        while shared < len(prompt) and prompt[shared] == ids[shared]:
            shared += 1
        assert tokenized.prompt_length == shared
        starts = metaspace.starts(style.text(entry))[:shared]
        header = sum(start >= len(style.body(entry)) for start in starts)
        assert tokenized.header_length == header


def test_a_token_that_holds_the_end_of_a_prompt_and_the_beginning_of_its_response_is_response():
    ids = {"a": 1, "b": 2, "\n": 3, "c": 4, "\nc": 5}

    def encode(text):
        joined = text.replace("\nc", "+")
        return [ids["\nc" if character == "+" else character] for character in joined]

    def decode(tokens):
        return "".join(text for token in tokens for text in ids if ids[text] == token)

    entry = tokenize_entry(Entry("ab", "", "cb"), "plain", encode, None)
    assert encode("ab\n") == [1, 2, 3]
    assert entry.ids.tolist() == [1, 2, 5, 2]
    assert (entry.prompt_length, entry.header_length) == (2, None)


def test_a_text_that_does_not_come_back_leaves_the_header_unknown():
    def encode_upper(text):
        return encode_bytes(text.upper())

    entry = tokenize_entry(BLUE, "plain", encode_upper, decode_bytes)
    assert entry.ids.tolist() == encode_bytes("NAME A COLOUR.\nBLUE.")
    assert (entry.prompt_length, entry.header_length) == (15, None)


def test_a_dataset_says_how_its_tokenizer_was_used(byte_level, metaspace):
    assert not InstructionDataset([BLUE], "plain", byte_level.encode, byte_level.decode).joint
    assert InstructionDataset([BLUE], "plain", metaspace.encode, metaspace.decode).joint


# Roles -----------------------------------------------------------------------------------


def test_every_token_has_the_role_of_its_piece_of_text():
    entry = Entry("Hi", "you", "Yes")
    assert [gpt2_decode([token]) for token in tokenize_entry(entry, "chatml").ids.tolist()] == [
        *["<", "|", "im", "_", "start", "|", ">", "user", "\n"],
        *["Hi", "\n", "you"],
        *["<", "|", "im", "_", "end", "|", ">", "\n"],
        *["<", "|", "im", "_", "start", "|", ">", "ass", "istant", "\n"],
        *["Yes", "<", "|", "im", "_", "end", "|", ">"],
    ]
    assert token_roles(entry, "chatml") == [
        *["template"] * 9,
        *["instruction", "template", "input"],
        *["template"] * 8,
        *["header"] * 10,
        *["response"],
        *["suffix"] * 7,
    ]


def test_a_token_over_a_border_has_the_role_of_its_first_byte():
    # The instruction's newline and the header's: one token.
    assert token_roles(Entry("Hi\n", "", "Yes"), "plain") == [
        "instruction",
        "instruction",
        "response",
    ]


def test_the_tokens_of_one_character_have_its_role():
    assert token_roles(Entry("🙂", "", "é☕"), "plain") == [
        *["instruction"] * 2,
        "header",
        *["response"] * 3,
    ]


@every_style
def test_header_and_response_are_as_long_as_the_lengths_say(style):
    for entry in load_entries():
        tokenized = tokenize_entry(entry, style)
        roles = token_roles(entry, style)
        body = tokenized.prompt_length - tokenized.header_length
        assert len(roles) == len(tokenized.ids)
        assert set(roles[:body]) <= {"template", "instruction", "input"}
        assert set(roles[body : tokenized.prompt_length]) == {"header"}
        assert set(roles[tokenized.prompt_length :]) <= {"response", "suffix"}


@given(entries, styles)
def test_with_one_id_a_byte_the_roles_are_those_of_the_pieces(entry, style):
    ids = tokenize_entry(entry, style, encode_bytes, decode_bytes).ids.tolist()
    roles = token_roles(entry, style, ids, lambda ids: [bytes([i]) for i in ids])
    pieces = style.pieces(entry)
    assert roles == [role for role, text in pieces for _ in text.encode("utf-8")]


# What else an entry may hold -------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("🙂👩‍👩‍👧 cafe\u0301", "🙂👩‍👩‍👧 cafe\u0301"),
        ("مرحبا بالعالم", "مرحبا بالعالم"),
        ("a\x00b", "a\x00b"),
        ("\ufeffmark", "\ufeffmark"),
        ("\ufffd\ufffd", "\ufffd\ufffd"),
        ("one\u2028two\x85", "one\u2028two\x85"),
        ("a \ud800 b", "a \ufffd b"),
        ("\udc00 \ud800", "\ufffd \ufffd"),
    ],
    ids=[
        "emoji",
        "right to left",
        "NUL",
        "byte order mark",
        "replacement character",
        "separators",
        "lone surrogate",
        "two lone surrogates",
    ],
)
@every_style
def test_an_unusual_text_becomes_the_right_tensors(style, text, read_as):
    entry = tokenize_entry(Entry(text, text, text), style)
    expected = Entry(read_as, read_as, read_as)
    inputs, targets = Collator(mask="prompt")([entry])
    assert gpt2_decode(inputs[0].tolist()) == style.text(expected)
    supervised = targets[targets != -100].tolist()
    assert gpt2_decode(supervised) == style.response(expected) + "<|endoftext|>"
    assert entry.header_length == len(gpt2_encode(style.header))
    roles = token_roles(Entry(text, text, text), style)
    assert roles.count("header") == entry.header_length
    assert len(roles) == len(entry.ids)


def test_a_nul_and_an_emoji_written_out():
    entry = tokenize_entry(Entry("🙂", "", "\x00"), "plain")
    assert entry.ids.tolist() == [8582, 25081, 198, 188]
    assert entry.prompt_length == 3


@pytest.mark.parametrize(
    "text", [("a quick brown fox " * 12_000)[:200_000], "a" * 200_000], ids=["prose", "one word"]
)
def test_an_instruction_of_200000_letters_is_tokenized(text):
    entry = tokenize_entry(Entry(text, "", "Yes"), "plain")
    assert gpt2_decode(entry.ids.tolist()) == text + "\nYes"
    assert len(entry.ids) - entry.prompt_length == 1
    inputs, targets = Collator(max_length=8, mask="none", truncation="drop")([entry, [1, 2]])
    assert (inputs.tolist(), targets.tolist()) == ([[1, 2]], [[2, 50256]])


# What a tokenized entry refuses ----------------------------------------------------------


def test_a_bare_row_of_ids_is_an_entry_without_a_prompt():
    entry = TokenizedEntry([5, 6, 7])
    assert entry.ids.tolist() == [5, 6, 7]
    assert (entry.prompt_length, entry.header_length) == (0, 0)
    assert entry.turns == (Turn(header=0, start=0, end=4, stop=4),)
    assert (entry.length, entry.closed) == (4, False)


def test_the_array_that_is_given_is_the_array_that_is_held():
    ids = np.array([5, 6, 7], dtype=np.uint16)
    assert TokenizedEntry(ids).ids is ids


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([], "an entry of no tokens has nothing to predict"),
        ([1.0, 2.0], r"ids are one row of integers; found \[1.0, 2.0\]"),
        ([True], r"ids are one row of integers; found \[True\]"),
        (["a"], r"ids are one row of integers; found \['a'\]"),
        ([[1, 2]], r"ids are one row of integers; found \[\[1, 2\]\]"),
        (7, "ids are one row of integers; found 7"),
        ([1, -1], "ids are 0 or more; found -1 at position 1"),
    ],
)
def test_what_is_no_row_of_ids_is_refused(ids, message):
    with pytest.raises(ValueError, match=message):
        TokenizedEntry(ids)


@pytest.mark.parametrize("prompt_length", [-1, 4, 5])
def test_a_prompt_lies_within_its_text(prompt_length):
    message = f"a prompt lies within its text: prompt_length {prompt_length} does not fit 3 ids"
    with pytest.raises(ValueError, match=message):
        TokenizedEntry([5, 6, 7], prompt_length=prompt_length)


def test_a_prompts_length_is_given_by_its_name():
    with pytest.raises(ValueError, match="given by its name, prompt_length=1"):
        TokenizedEntry([5, 6, 7], 1)


@pytest.mark.parametrize("prompt_length", [0, 1, 3])
def test_an_answer_ends_with_the_end_token_that_is_appended(prompt_length):
    entry = TokenizedEntry([5, 6, 7], prompt_length=prompt_length)
    assert entry.turns == ((prompt_length, prompt_length, 4, 4),)


def test_a_closed_text_brings_its_own_end():
    entry = TokenizedEntry([5, 6, 7], closed=True, prompt_length=1)
    assert (entry.turns, entry.length) == (((1, 1, 3, 3),), 3)


def test_a_closed_text_may_have_no_answer_at_all():
    entry = TokenizedEntry([5, 6, 7], [], closed=True)
    assert (entry.turns, entry.prompt_length, entry.header_length) == ((), 3, None)


def test_what_is_known_of_an_unknown_header_is_that_it_is_unknown():
    entry = TokenizedEntry([5, 6, 7], prompt_length=2, header_length=None)
    assert entry.turns == ((None, 2, 4, 4),)
    assert entry.header_length is None


@pytest.mark.parametrize(
    "turns",
    [
        [(1, 1, 5, 5)],
        [(1, 1, 3, 3), (2, 2, 4, 4)],
        [(1, 1, 2, 2), (4, 4, 3, 3)],
        [(3, 3, 4, 4), (1, 1, 2, 2)],
        [(2, 1, 4, 4)],
        [(1, 1, 4, 3)],
        [(-1, 1, 4, 4)],
        [(1, 1, 2, 3), (2, 3, 4, 4)],
        [(1, 1, 1, 4)],
    ],
    ids=[
        "too long",
        "overlapping",
        "backwards",
        "out of order",
        "header after its answer",
        "stop before end",
        "negative",
        "a header within what trails another",
        "empty",
    ],
)
@pytest.mark.parametrize("closed", [False, True])
def test_turns_lie_within_the_text_in_order(turns, closed):
    ids = [5, 6, 7, 8] if closed else [5, 6, 7]  # four tokens with the end token
    with pytest.raises(ValueError, match="turns lie within the 4 tokens of their text, in order"):
        TokenizedEntry(ids, turns, closed)


def test_the_first_token_alone_is_no_answer():
    with pytest.raises(ValueError, match="which the first of a text cannot"):
        TokenizedEntry([5, 6, 7], [(0, 0, 1, 1)], closed=True)


@pytest.mark.parametrize("turns", [[], [(1, 1, 3, 3)]])
def test_the_end_token_that_is_appended_belongs_to_the_last_answer(turns):
    with pytest.raises(ValueError, match="ends with the end token that is appended, at 4"):
        TokenizedEntry([5, 6, 7], turns)


def test_a_closed_text_of_one_token_has_nothing_to_predict():
    with pytest.raises(ValueError, match="a text of 1 token has nothing to predict"):
        TokenizedEntry([5], [], closed=True)


@pytest.mark.parametrize("header_length", [-1, 2])
def test_a_header_is_part_of_its_prompt(header_length):
    with pytest.raises(
        ValueError, match=f"header_length {header_length} does not fit prompt_length 1"
    ):
        TokenizedEntry([5, 6, 7], prompt_length=1, header_length=header_length)
