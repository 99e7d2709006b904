"""Encodings are told by what text says in them, and nothing is guessed where nothing fits."""

import json

import pytest

from companion.guessing import NAMES, guess_encoding

TEXTS = {
    "cp1252": ["Grün und größer", "Ça va “bien” – l’été", "naïve", "5 €", "Ünlü", "É", "caf\xe9"],
    "mac_roman": ["Café à l’été", "Grün, größer “x”"],
    "cp1251": ["Назови цвет", "Съешь ещё этих мягких булок"],
    "koi8_r": ["Назови цвет", "Привет, мир! Как дела?"],
    "cp932": ["色を一つ", "こんにちは、世界", "日本の首都は東京です。", "株式会社"],
    "euc_jp": ["色を一つ挙げてください", "こんにちは、世界"],
    "cp949": ["안녕하세요 세계", "색깔을 하나 말하세요."],
    "gb18030": ["你好世界,请说一个颜色", "中国的首都是北京。", "蓝色"],
    "big5": ["你好世界，請說一個顏色", "臺灣的首都是臺北。"],
}


def test_every_encoding_has_its_texts():
    assert TEXTS.keys() == NAMES.keys()


@pytest.mark.parametrize(
    ("encoding", "text"), [(name, text) for name, texts in TEXTS.items() for text in texts]
)
def test_a_line_of_json_is_told_by_its_text(encoding, text):
    line = json.dumps({"instruction": text, "output": "OK"}, ensure_ascii=False)
    assert guess_encoding(line.encode(encoding)) == encoding
    assert guess_encoding(text.encode(encoding)) == encoding


@pytest.mark.parametrize("noise", [bytes(range(128, 256)), b"\xd5\xaa\x89P"])
def test_noise_is_in_no_encoding(noise):
    assert guess_encoding(noise) is None


def test_a_character_that_is_cut_at_the_end_is_no_reason_to_doubt():
    assert guess_encoding("色を一つ".encode("cp932")[:-1]) == "cp932"
