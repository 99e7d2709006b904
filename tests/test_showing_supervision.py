"""What several masks supervise, side by side: each mark where a target is, and nowhere else."""

import re

import pytest

from companion.adapting import Tokenizer
from companion.chatting import tokenize_conversation
from companion.conversations import Conversation, Message
from companion.libraries import LIBRARIES
from companion.masking import every_answer, whole_text
from companion.showing.supervision import SupervisionTable
from companion.tokenizing import TokenizedEntry

TALK = Conversation((Message("user", "Hi"), Message("assistant", "A circle.")))


def rows_of(page):
    """Give the cells of each token's row, without what is only spoken."""
    body = page.split("<tbody>")[1].split("</tbody>")[0]
    quiet = re.sub(r'<span class="bt-spoken">.*?</span>', "", body)
    return [
        [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", quiet)
    ]


def test_a_mark_stands_at_each_token_that_is_a_target():
    entry = tokenize_conversation(TALK, "chatml")
    table = SupervisionTable(entry, {"all": whole_text, "answer": every_answer})
    assert rows_of(table._repr_html_()) == [
        ["0", "&lt;|im_start|&gt;", "", ""],  # the first token is never a target
        ["1", "user", "●", ""],
        ["2", "⏎", "●", ""],
        ["3", "Hi", "●", ""],
        ["4", "&lt;|im_end|&gt;", "●", ""],
        ["5", "⏎", "●", ""],
        ["6", "&lt;|im_start|&gt;", "●", ""],
        ["7", "ass", "●", ""],
        ["8", "istant", "●", ""],
        ["9", "⏎", "●", ""],
        ["10", "A", "●", "●"],
        ["11", "␣circle", "●", "●"],
        ["12", ".", "●", "●"],
        ["13", "&lt;|im_end|&gt;", "●", "●"],
        ["14", "⏎", "●", ""],
    ]


def test_a_token_is_shown_as_what_it_is_there_for():
    entry = tokenize_conversation(TALK, "chatml")
    page = SupervisionTable(entry, {"answer": "prompt"})._repr_html_()
    body = page.split("<tbody>")[1].split("</tbody>")[0]
    roles = re.findall(r'</th><td data-role="(\w+)">', body)
    header, answer = ["header"] * 4, ["response"] * 3
    assert roles == ["template"] * 6 + header + answer + ["end", "suffix"]
    legend = re.findall(r'<i data-role="(\w+)"></i>', page)
    assert legend == ["template", "header", "response", "suffix", "end"]


def test_in_words_a_gap_stands_where_nothing_is_supervised():
    entry = TokenizedEntry([65, 66, 10, 67, 68], [(None, 1, 2, 3), (None, 4, 5, 5)], closed=True)
    letters = Tokenizer(lambda text: [*text.encode()], lambda ids: bytes(ids).decode())
    table = SupervisionTable(entry, {"answers": "prompt", "nothing": lambda entry: ()}, letters)
    assert repr(table) == (
        "A text of 5 tokens, of which these are supervised: answers 2, nothing 0.\n"
        "answers: B … D\n"
        "nothing:"
    )


def test_every_library_has_a_column_of_its_name():
    entry = tokenize_conversation(TALK, "chatml")
    rules = {name: library.rule("chatml") for name, library in LIBRARIES.items()}
    page = SupervisionTable(entry, rules)._repr_html_()
    heads = re.findall(r'<th scope="col">(.*?)</th>', page)
    assert heads == ["place", "token", *LIBRARIES]
    assert {len(row) for row in rows_of(page)} == {2 + len(LIBRARIES)}


def test_no_text_of_a_message_is_read_as_html():
    entry = tokenize_conversation(Conversation((Message("assistant", "<b>&</b>"),)), "chatml")
    page = SupervisionTable(entry, {"<i>": "prompt"})._repr_html_()
    assert "<b>" not in page
    assert '<th scope="col">&lt;i&gt;</th>' in page


def test_a_table_of_no_mask_is_refused():
    with pytest.raises(ValueError, match="give at least one mask"):
        SupervisionTable(TokenizedEntry([1, 2]), {})
