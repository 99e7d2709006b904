"""Any tokenizer: the same ids by every road, its special ids, and no text read as one."""

import json
import pickle
import random
import subprocess
import sys
from dataclasses import replace

import pytest
import tiktoken
from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers import Tokenizer as Backend

from companion.adapting import Tokenizer, adapt_tokenizer
from companion.smollm2 import load_smollm2
from companion.tokenizing import encodes_apart, load_tokenizer

TEXTS = (
    "",
    " ",
    "in  5",
    "Name a colour.\n\tBlue: 1234.50!",
    "caf\u00e9 \u2615 \u65e5\u672c\u8a9e \U0001f642 \u0000\u0004\u007f",
    "a\ud800b \ud83d\ude42",
)


def random_texts(count, seed=1):
    """Give texts of all planes, digits, spaces, control characters and words."""
    dice = random.Random(seed)
    planes = [(0, 0x80), (0x80, 0x800), (0x800, 0xD800), (0xE000, 0x10000), (0x10000, 0x110000)]
    words = ["the", " answer", "is", " 42", "3.14", "  ", "\n\n", "\t", "<|im_end|>", "\r\n"]
    words += ["<|endoftext|>", "'s", "\u00c0", "\u0004", "e\u0301", "\U0001f469\u200d\U0001f4bb"]
    texts = []
    for _ in range(count):
        pieces = []
        for _ in range(dice.randint(0, 12)):
            kind = dice.randrange(4)
            if kind == 0:
                pieces.append(chr(dice.randrange(*dice.choice(planes))))
            elif kind == 1:
                pieces.append(dice.choice(words))
            elif kind == 2:
                pieces.append(str(dice.randrange(10 ** dice.randint(1, 6))))
            else:
                pieces.append(dice.choice(" \n\t\u00a0\u2028\u3000\x00\x04\x1b\x7f\x85"))
        texts.append("".join(pieces))
    return texts


def byte_level(specials, others=()):
    """Make a tokenizer with a token for each byte, then those added, in order of their ids."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Backend(models.BPE({sign: id for id, sign in enumerate(alphabet)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(text, normalized=False) for text in specials])
    made.add_tokens(list(others))
    return made


def save(folder, made, **files):
    """Write a tokenizer's folder; `files` are settings by the name of their file."""
    folder.mkdir(exist_ok=True)
    made.save(str(folder / "tokenizer.json"))
    for name, settings in files.items():
        (folder / f"{name}.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


# ---------------------------------------------------------------- the same ids by each road


def test_gpt2_is_the_packaged_encoding_by_name_and_as_an_object():
    adapted = adapt_tokenizer("gpt2")
    assert adapt_tokenizer("r50k_base") is adapt_tokenizer(load_tokenizer()) is adapted
    assert (adapted.ends, adapted.end, adapted.pad, adapted.beginning, adapted.size) == (
        {50256}, 50256, 50256, None, 50257,
    )  # fmt: skip
    for text in TEXTS:
        assert adapted.encode(text) == load_tokenizer().encode_ordinary(text)
    assert adapted.encode("<|endoftext|>") == [27, 91, 437, 1659, 5239, 91, 29]


def test_another_encoding_of_tiktoken_has_its_end_and_no_pad():
    ranks = {bytes([byte]): byte for byte in range(256)}
    with_end = tiktoken.Encoding("mine", pat_str=".", mergeable_ranks=ranks,
                                 special_tokens={"<|endoftext|>": 300})  # fmt: skip
    adapted = adapt_tokenizer(with_end)
    assert (adapted.ends, adapted.end, adapted.pad, adapted.size) == ({300}, 300, None, 301)
    assert adapted.encode("<|endoftext|>") == list(b"<|endoftext|>")
    assert adapted.decode([72, 105, 300]) == "Hi<|endoftext|>"
    without = tiktoken.Encoding("bare", pat_str=".", mergeable_ranks=ranks, special_tokens={})
    assert (adapt_tokenizer(without).ends, adapt_tokenizer(without).end) == (frozenset(), None)


def test_smollm2_gives_the_same_ids_by_every_road(tmp_path):
    transformers = pytest.importorskip("transformers")
    backend = load_smollm2()
    settings = {"eos_token": "<|im_end|>", "pad_token": "<|im_end|>", "bos_token": "<|im_start|>"}
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=backend, **settings)
    folder = save(tmp_path / "smollm2", backend, tokenizer_config=settings)
    roads = [
        adapt_tokenizer(source)
        for source in ("smollm2", backend, fast, folder, str(folder), folder / "tokenizer.json")
    ]
    for text in [*TEXTS, *random_texts(300)]:
        ids = roads[0].encode(text)
        assert [road.encode(text) for road in roads[1:]] == [ids] * 5
        assert {road.decode(ids) for road in roads} == {roads[0].decode(ids)}
    declared = [(r.ends, r.end, r.pad, r.beginning, r.size) for r in roads]
    assert declared.count(({2}, 2, 2, 1, 49152)) == 5
    assert declared[1] == (frozenset(), None, None, None, 49152)  # a bare one declares nothing


def test_smollm2_is_what_transformers_makes_of_the_same_tokenizer_on_20000_texts():
    transformers = pytest.importorskip("transformers")
    adapted = adapt_tokenizer("smollm2")
    oracle = transformers.PreTrainedTokenizerFast(tokenizer_object=load_smollm2())
    texts = random_texts(20_000)
    lost = 0
    for text in texts:
        ids = oracle.encode(text, add_special_tokens=False, split_special_tokens=True)
        assert adapted.encode(text) == ids
        lost += 0 in ids
        assert adapted.decode(ids) == oracle.decode(ids, clean_up_tokenization_spaces=False)
        if 0 not in ids:
            assert adapted.decode(ids) == text
            assert b"".join(adapted.token_bytes(ids)) == text.encode()
    assert 1000 < lost < 19_000  # of both kinds there are enough


def test_chats_of_smollm2_end_and_begin_as_its_file_says():
    adapted = adapt_tokenizer("smollm2")
    assert adapted.template.startswith("{% for message in messages %}")
    assert adapted.decode([1, 2]) == "<|im_start|><|im_end|>"


def test_the_bytes_that_smollm2_has_no_token_for_are_lost():
    adapted = adapt_tokenizer("smollm2")
    assert adapted.encode("a\x04b") == [81, 0, 82]
    assert adapted.decode([81, 0, 82]) == "a<|endoftext|>b"
    lost = ["\x04", "\x06", "\x13", "\x14", "\x16", "\x1d"]
    assert [text for text in map(chr, range(128)) if adapted.encode(text) == [0]] == lost
    # Of a character of four bytes, the first alone.
    assert [adapted.encode(text)[0] for text in ("\U0003ffff", "\U000c0000")] != [0, 0]
    for text in ("\U00040000", "\U0007ffff", "\U00080000", "\U000bffff"):
        assert adapted.encode(text)[0] == 0
        assert adapted.encode(text).count(0) == 1
        assert b"".join(adapted.token_bytes(adapted.encode(text)[1:])) == text.encode()[1:]


def test_a_half_of_a_character_is_encoded_as_the_replacement_sign():
    adapted = adapt_tokenizer("smollm2")
    for text in ("a\ud83d", "\ude42b", "\ud83d\ude42"):
        whole = load_tokenizer().decode(load_tokenizer().encode_ordinary(text))
        assert adapted.encode(text) == adapted.encode(whole)
    assert adapted.decode(adapted.encode("a\ud83d")) == "a\ufffd"


def test_every_byte_and_every_special_token_has_its_bytes():
    adapted = adapt_tokenizer(byte_level(["<end>", "\u00e9nd"]))
    text = "".join(map(chr, [*range(0x800), 0x1000, 0x40000, 0x80000, 0x10FFFF]))
    assert b"".join(adapted.token_bytes(adapted.encode(text))) == text.encode()
    assert adapted.token_bytes([256, 257]) == [b"<end>", b"\xc3\xa9nd"]
    with pytest.raises(ValueError, match="an id of this tokenizer is below its size; found 258"):
        adapted.token_bytes([258])


def test_the_offsets_of_a_token_hold_its_space():
    made = byte_level([])
    made.post_processor = processors.ByteLevel(trim_offsets=True)
    assert made.encode(" a").offsets == [(0, 0), (1, 2)]
    assert adapt_tokenizer(made).offsets(" a") == [(0, 1), (1, 2)]


def test_adapting_twice_changes_nothing():
    adapted = adapt_tokenizer("smollm2")
    assert adapt_tokenizer(adapted) is adapted


# ------------------------------------------------------- what folders of the field declare


def test_of_llama_3_the_end_of_a_turn_is_appended_and_all_three_end(tmp_path):
    specials = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>",
                "<|end_header_id|>", "<|eom_id|>", "<|eot_id|>"]  # fmt: skip
    made = byte_level(specials)
    made.post_processor = processors.TemplateProcessing(
        single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", 256)]
    )
    assert made.encode("a").ids == [256, 64]
    folder = save(
        tmp_path,
        made,
        tokenizer_config={
            "bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>", "chat_template": "{{ 1 }}",
        },
        generation_config={"eos_token_id": [257, 260, 261]},
    )  # fmt: skip
    adapted = adapt_tokenizer(folder)
    assert (adapted.ends, adapted.end) == ({257, 260, 261}, 261)
    assert (adapted.pad, adapted.beginning, adapted.size) == (None, 256, 262)
    assert adapted.template == "{{ 1 }}"
    assert adapted.encode("a") == [64]
    assert adapted.encode("") == []


def test_of_gemma_the_end_of_text_is_appended_and_the_end_of_turn_ends_too(tmp_path):
    made = byte_level(["<pad>", "<eos>", "<bos>"], ["<start_of_turn>", "<end_of_turn>"])
    folder = save(
        tmp_path,
        made,
        special_tokens_map={name: {"content": f"<{name[:3]}>", "lstrip": False}
                            for name in ("bos_token", "eos_token", "pad_token")},
        tokenizer_config={"chat_template": [{"name": "tool_use", "template": "no"},
                                            {"name": "default", "template": "yes"}]},
        generation_config={"eos_token_id": [257, 260]},
    )  # fmt: skip
    adapted = adapt_tokenizer(folder)
    assert (adapted.ends, adapted.end, adapted.pad, adapted.beginning) == (
        {257, 260},
        257,
        256,
        258,
    )
    assert adapted.template == "yes"
    # It is not marked as special in the file, but the model stops there: no text may give it.
    assert 260 not in adapted.encode("<end_of_turn>")


def test_of_qwen_what_is_no_special_token_stays_a_token_of_text(tmp_path):
    made = byte_level(["<|endoftext|>", "<|im_start|>", "<|im_end|>"], ["<tool_call>", "<think>"])
    folder = save(
        tmp_path,
        made,
        tokenizer_config={
            "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "bos_token": None,
        },
        generation_config={"eos_token_id": [258, 256]},
    )  # fmt: skip
    (folder / "chat_template.jinja").write_text("{{ messages }}", encoding="utf-8")
    adapted = adapt_tokenizer(folder)
    assert (adapted.ends, adapted.end, adapted.pad, adapted.beginning) == (
        {258, 256},
        258,
        256,
        None,
    )
    assert adapted.template == "{{ messages }}"
    assert adapted.encode("<think>") == [260]
    assert len(adapted.encode("<|im_end|>")) == 10


def test_a_model_may_stop_at_one_id_that_only_its_generation_settings_name(tmp_path):
    folder = save(tmp_path, byte_level(["<end>"]), generation_config={"eos_token_id": 256})
    adapted = adapt_tokenizer(folder / "tokenizer.json")
    assert (adapted.ends, adapted.end) == ({256}, 256)


def test_what_only_the_settings_call_special_is_not_read_either(tmp_path):
    settings = {"additional_special_tokens": ["<extra>"], "pad_token": "<pad>"}
    made = byte_level([], ["<extra>", "<pad>", "<text>"])
    adapted = adapt_tokenizer(save(tmp_path, made, tokenizer_config=settings))
    assert not {256, 257} & set(adapted.encode("<extra><pad>"))
    assert adapted.encode("<text>") == [258]


def test_a_tokenizer_with_no_end_has_none(tmp_path):
    adapted = adapt_tokenizer(save(tmp_path, byte_level([])))
    assert (adapted.ends, adapted.end, adapted.pad, adapted.beginning) == (
        frozenset(),
        None,
        None,
        None,
    )
    assert replace(adapted, ends={0}, pad=1).end == 0


# ---------------------------------------------------------------- text is only text


def unigram():
    """Make a tokenizer as SentencePiece does; its vocabulary holds the special tokens."""
    pieces = ["<unk>", "<s>", "</s>", "\u2581", "a", "<", "/", "s", ">", "\u2581a"]
    scores = [0.0, 0.0, 0.0, -2.0, -2.0, -3.0, -3.0, -3.0, -3.0, -1.0]
    made = Backend(models.Unigram(list(zip(pieces, scores, strict=True)), unk_id=0))
    made.pre_tokenizer, made.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    made.add_special_tokens(["<unk>", "<s>", "</s>"])
    return made


def wordpiece():
    words = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "blue", "##s", "[", "]", "sep"]
    made = Backend(models.WordPiece({w: id for id, w in enumerate(words)}, unk_token="[UNK]"))
    made.normalizer, made.decoder = normalizers.Lowercase(), decoders.WordPiece()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.add_special_tokens(["[UNK]", "[CLS]", "[SEP]", "[PAD]"])
    made.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    return made


def words():
    made = Backend(models.WordLevel({"[UNK]": 0, "[SEP]": 1, "a": 2}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.add_special_tokens(["[UNK]", "[SEP]"])
    return made


def test_a_template_writes_a_special_token_where_a_text_cannot():
    smollm2 = adapt_tokenizer("smollm2")
    assert smollm2.encode(smollm2.mark("<|im_start|>a<|im_end|>")) == [1, 81, 2]
    assert smollm2.mark("a <|nothing|>") == "a <|nothing|>"
    assert smollm2.encode(smollm2.mark("a")) == smollm2.encode("a")
    # What another copy of this tokenizer marks is no token of this one.
    other = adapt_tokenizer(load_smollm2())
    assert 2 in other.encode(other.mark("<|im_end|>"))
    assert 2 not in smollm2.encode(other.mark("<|im_end|>"))


def test_of_two_names_that_begin_alike_the_longer_is_marked():
    adapted = adapt_tokenizer(byte_level(["<a>", "<a>>"]))
    assert adapted.encode(adapted.mark("<a>><a>")) == [257, 256]


@pytest.mark.parametrize("make", [load_smollm2, unigram, wordpiece, words])
def test_every_special_token_can_be_marked(make):
    adapted = adapt_tokenizer(make())
    assert len(adapted.specials) >= 2
    for text, id in adapted.specials.items():
        assert adapted.encode(adapted.mark(text)) == [id]
        assert id in adapted.encode(adapted.mark(f"a {text} a"))


def test_gpt2_and_slow_tokenizers_read_a_marked_end(tmp_path):
    transformers = pytest.importorskip("transformers")
    gpt2, slow = adapt_tokenizer("gpt2"), adapt_tokenizer(transformers.ByT5Tokenizer())
    assert gpt2.encode(gpt2.mark("a <|endoftext|>") + "<|endoftext|>")[:3] == [64, 220, 50256]
    assert slow.encode(slow.mark("a</s>") + "a") == [100, 1, 100]
    ranks = {bytes([byte]): byte for byte in range(256)}
    other = adapt_tokenizer(tiktoken.Encoding("mine", pat_str="(?s).", mergeable_ranks=ranks,
                                              special_tokens={"<end>": 300}))  # fmt: skip
    assert other.encode(other.mark("a<end>") + "<end>") == [97, 300, *b"<end>"]


def test_a_token_that_only_the_settings_call_special_can_be_marked(tmp_path):
    made = Backend(models.BPE({"a": 0, "<e>": 1, "<": 2, "e": 3, ">": 4}, []))
    adapted = adapt_tokenizer(save(tmp_path, made, tokenizer_config={"eos_token": "<e>"}))
    assert adapted.encode("a<e>") == [0, 2, 3, 4]
    assert adapted.encode(adapted.mark("a<e>")) == [0, 1]


def begun(made, text="<bos>"):
    """Let a tokenizer put a special token before every text."""
    made.post_processor = processors.TemplateProcessing(
        single=f"{text} $A", special_tokens=[(text, made.token_to_id(text))]
    )
    return made


def test_a_text_is_to_begin_with_what_the_tokenizer_itself_puts_before_it(tmp_path):
    transformers = pytest.importorskip("transformers")
    settings = {"bos_token": "<bos>", "eos_token": "<eos>"}
    for put, made in ((True, begun(byte_level(["<eos>", "<bos>"]))),
                      (False, byte_level(["<eos>", "<bos>"]))):  # fmt: skip
        folder = save(tmp_path / str(put), made, tokenizer_config=settings)
        fast = transformers.PreTrainedTokenizerFast(tokenizer_object=made, **settings)
        for source in (folder, fast):
            adapted = adapt_tokenizer(source)
            assert (adapted.beginning, adapted.begins) == (257, put)
            assert adapted.encode("a") == [64]
        assert (fast("a")["input_ids"][0] == 257) is put
        assert adapt_tokenizer(made).beginning == (257 if put else None)


def test_what_a_tokenizer_ends_a_text_with_is_not_its_beginning():
    transformers = pytest.importorskip("transformers")
    slow = adapt_tokenizer(transformers.ByT5Tokenizer())  # which adds its end
    assert slow.beginning is None
    assert replace(slow, beginning=2).begins


def test_pieces_with_a_space_before_them_stay_together_with_it():
    adapted = adapt_tokenizer(unigram())
    assert adapted.encode("a a") == [9, 9]
    assert adapted.offsets("a a") == [(0, 1), (1, 3)]
    assert adapted.token_bytes is None
    assert not encodes_apart(adapted.encode, adapted.decode)


def test_special_pieces_of_a_unigram_vocabulary_are_spelled_where_the_library_reads_them():
    made = unigram()
    made.encode_special_tokens = True
    assert made.encode("a</s>").ids == [9, 2]  # the library's own switch is not enough
    adapted = adapt_tokenizer(made)
    assert adapted.encode("a</s>") == [9, 5, 6, 7, 8]
    assert adapted.decode([9, 2]) == "a</s>"


def test_wordpiece_adds_nothing_and_reads_no_separator():
    made = wordpiece()
    assert made.encode("Blues [SEP]").ids == [1, 4, 5, 2, 2]
    adapted = adapt_tokenizer(made)
    assert adapted.encode("Blues [SEP]") == [4, 5, 6, 8, 7]
    assert adapted.decode([4, 5, 2]) == "blues [SEP]"


def test_a_word_that_is_a_special_token_is_an_unknown_word():
    assert words().encode("a [SEP]").ids == [2, 1]
    assert adapt_tokenizer(words()).encode("a [SEP] a") == [2, 0, 2]


def test_a_merge_that_makes_a_special_token_is_not_made():
    made = Backend(models.BPE({"<": 0, ">": 1, "<>": 2}, [("<", ">")]))
    made.add_special_tokens(["<>"])
    assert adapt_tokenizer(made).encode("<>") == [0, 1]


@pytest.mark.parametrize("make", [load_smollm2, unigram, wordpiece, words])
def test_no_special_token_is_read_in_any_text(make):
    made = make()
    unknown = 0
    adapted = adapt_tokenizer(made)
    special = {id: t.content for id, t in made.get_added_tokens_decoder().items() if t.special}
    for text in special.values():
        for around in (text, f"a{text}a", f" {text} {text}"):
            assert set(adapted.encode(around)) & set(special) <= {unknown}
    # And the tokenizer that was handed in reads them as before.
    assert 2 in made.encode(special.get(2, "a")).ids


def test_a_cut_and_a_padding_that_a_file_asks_for_are_not_made(tmp_path):
    made = byte_level(["<pad>"])
    made.enable_truncation(3)
    made.enable_padding(pad_id=256, pad_token="<pad>", length=8)
    adapted = adapt_tokenizer(save(tmp_path, made))
    assert adapted.encode("abcde") == [64, 65, 66, 67, 68]


def test_a_slow_tokenizer_of_transformers_reads_no_special_token():
    transformers = pytest.importorskip("transformers")
    slow = transformers.ByT5Tokenizer()
    assert slow.encode("a</s>", add_special_tokens=False) == [100, 1]
    adapted = adapt_tokenizer(slow)
    assert adapted.encode("a</s>") == [byte + 3 for byte in b"a</s>"]
    assert adapted.decode([100, 1]) == "a</s>"
    assert (adapted.ends, adapted.end, adapted.pad, adapted.size) == ({1}, 1, 0, 384)
    assert pickle.loads(pickle.dumps(adapted)).encode("a</s>") == adapted.encode("a</s>")


class Careless:
    """A tokenizer that reads its end token wherever it is told not to."""

    eos_token_id = 1
    all_special_tokens = ("<end>",)

    def get_vocab(self):
        return {"other": 0, "<end>": 1}

    def encode(self, text, **_):
        return [1 if word == "<end>" else 0 for word in text.split()]

    def decode(self, ids, **_):
        return " ".join("<end>" if id else "other" for id in ids)


def test_a_tokenizer_that_cannot_be_kept_from_special_tokens_is_refused():
    with pytest.raises(ValueError, match="Careless: this tokenizer reads '<end>' in a text"):
        adapt_tokenizer(Careless())


# ---------------------------------------------------------------- by hand, sent, refused


def test_a_tokenizer_of_bytes_is_built_by_hand():
    bytewise = Tokenizer(
        encode=lambda text: list(text.encode()), decode=lambda ids: bytes(ids).decode(), ends={256}
    )
    assert bytewise.decode(bytewise.encode("Hi")) == "Hi"
    assert (bytewise.end, bytewise.ends, bytewise.pad, bytewise.token_bytes) == (
        256,
        {256},
        None,
        None,
    )


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ({"ends": {1, 2}, "end": 3}, r"end is one of ends, \[1, 2\]; found 3"),
        ({"ends": {9}, "size": 9}, "an end is an id of this tokenizer's 9; found 9"),
        ({"pad": -1}, "pad is an id .*; found -1"),
        ({"beginning": 5, "size": 5}, "beginning is an id of this tokenizer's 5; found 5"),
    ],
)
def test_ids_that_contradict_each_other_are_refused(declared, sentence):
    with pytest.raises(ValueError, match=sentence):
        Tokenizer(encode=list, decode=str, **declared)


@pytest.mark.parametrize("source", ["gpt2", "smollm2"])
def test_a_worker_process_is_sent_the_same_tokenizer(source):
    adapted = adapt_tokenizer(source)
    sent = pickle.loads(pickle.dumps(adapted))
    assert str(sent) == str(adapted)
    for text in [*TEXTS, "<|im_end|><|endoftext|>"]:
        ids = adapted.encode(text)
        assert sent.encode(text) == ids
        assert sent.decode(ids) == adapted.decode(ids)
        assert sent.token_bytes(ids) == adapted.token_bytes(ids)


@pytest.mark.parametrize("source", [None, 50256, ["gpt2"], len, object()])
def test_what_is_no_tokenizer_is_refused_with_what_is_taken(source):
    taken = "a tokenizer is 'gpt2', 'smollm2', a tiktoken.Encoding, .*; "
    with pytest.raises(TypeError, match=f"{taken}found an? {type(source).__name__}"):
        adapt_tokenizer(source)


def test_a_name_or_path_with_no_tokenizer_behind_it_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match=r"gpt5: neither a folder with a tokenizer.json nor one of "
    ):
        adapt_tokenizer("gpt5")
    with pytest.raises(
        ValueError, match=f"there is no {tmp_path}/tokenizer.json; transformers writ"
    ):
        adapt_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"tokenizer.json is no tokenizer: "):
        adapt_tokenizer(tmp_path)


def test_settings_that_cannot_be_read_are_named(tmp_path):
    folder = save(tmp_path, byte_level([]), generation_config=[1])
    with pytest.raises(
        ValueError, match=r"generation_config.json: should be an object; found list"
    ):
        adapt_tokenizer(folder)
    (folder / "generation_config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"generation_config.json is no JSON: "):
        adapt_tokenizer(folder)


def test_a_vocabulary_that_cannot_be_fetched_is_named(monkeypatch):
    def no_network(name):
        raise ConnectionError(f"{name} and much more")

    monkeypatch.setattr(tiktoken, "get_encoding", no_network)
    with pytest.raises(ValueError, match=r"cl100k_base: tiktoken fetches .* could not .Connection"):
        adapt_tokenizer("cl100k_base")


def test_transformers_is_not_imported():
    program = "import companion.adapting, sys; assert 'transformers' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
