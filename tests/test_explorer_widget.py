"""The widget in Python: its traits, what it shows without a script, and its kernel's answers."""

import base64
import json
import re
import warnings

import pytest
import traitlets

from companion.conversations import Conversation, Message
from companion.entries import Entry, load_entries
from companion.explorer.sharing import BatchLinks, link_to
from companion.explorer.widget import BatchExplorer
from companion.formatting import PromptStyle
from companion.showing.frames import frames
from companion.showing.table import BatchTable

TOY = ([0, 1, 2, 3, 4], [5, 6], [7, 8, 9])


@pytest.fixture
def explorer():
    return BatchExplorer(load_entries()[:3], step="mask", mask="prompt")


def sent(explorer, monkeypatch):
    messages = []
    monkeypatch.setattr(explorer, "send", messages.append)
    return messages


def test_without_a_script_it_is_the_table_of_its_step(explorer):
    table = BatchTable(load_entries()[:3], "mask", mask="prompt")
    assert repr(explorer) == repr(table)
    page = explorer._repr_html_()
    assert table.html() in page
    assert "<style" not in page


def test_it_is_shown_the_same_each_time(explorer):
    again = BatchExplorer(load_entries()[:3], step="mask", mask="prompt")
    assert explorer._repr_html_() == again._repr_html_()
    data, _ = explorer._repr_mimebundle_()
    assert data["text/plain"] == repr(again)
    assert data["text/html"] == again._repr_html_()
    assert any("widget-view" in kind for kind in data)


def test_the_page_carries_its_state_and_its_tokens_in_every_style(explorer):
    packed = re.search(r'<script type="application/json">(.*?)</script>', explorer.html())[1]
    data = json.loads(packed)
    assert data["state"] == explorer.state
    assert data["step"] == "mask"
    for style in ("alpaca", "phi3", "chatml", "plain"):
        for token in (
            token
            for row in frames({**explorer.state, "style": style})["rows"]
            for token in row["tokens"]
        ):
            assert data["tokens"]["bytes"][str(token["id"])] == token["bytes"]


def test_a_text_that_looks_like_a_script_ends_nothing():
    page = BatchExplorer([Entry("</script><b>", "", "<!--")]).html()
    assert page.count("</script>") == 1
    assert "<b>" not in page


def test_traits_can_be_observed_and_linked(explorer):
    other = BatchExplorer(TOY, step="pad")
    seen = []
    explorer.observe(lambda change: seen.append(change["new"]), "mask")
    traitlets.link((explorer, "step"), (other, "step"))
    explorer.mask = "none"
    explorer.step = "shift"
    assert seen == ["none"]
    assert other.step == "shift"
    assert repr(other).startswith("Step 4, shift")


def test_the_kernel_answers_with_the_companions_frames(explorer, monkeypatch):
    messages = sent(explorer, monkeypatch)
    state = {**explorer.state, "entries": [{"instruction": "Hi", "input": "", "output": "Ho"}]}
    explorer._answer(explorer, {"number": 7, "state": state})
    assert messages == [{"asked": 7, "frames": frames(state)}]


def test_the_kernel_answers_a_state_that_is_none_with_a_sentence(explorer, monkeypatch):
    messages = sent(explorer, monkeypatch)
    style = {"name": "mine", "instruction": "no slot"}
    explorer._answer(explorer, {"number": 1, "state": {**explorer.state, "style": style}})
    assert messages[0]["error"].startswith("prompt style: instruction holds the slot")


def test_a_style_and_a_tokenizer_of_the_readers_own_work(monkeypatch):
    style = PromptStyle("q", "Q: {instruction}", header=" A: ")
    letters = {
        "encode": lambda text: list(text.encode()),
        "decode": lambda ids: bytes(ids).decode(errors="replace"),
        "token_bytes": lambda ids: [bytes([id]) for id in ids],
    }
    explorer = BatchExplorer([Entry("Hi", "", "Ho")], step="tokenize", style=style, **letters)
    messages = sent(explorer, monkeypatch)
    explorer._answer(explorer, {"number": 1, "state": explorer.state})
    row = messages[0]["frames"]["rows"][0]
    assert (
        "".join(bytes.fromhex(token["bytes"]).decode() for token in row["tokens"]) == "Q: Hi A: Ho"
    )


def test_a_link_holds_the_whole_batch_and_what_was_chosen_in_it(explorer):
    link = link_to(explorer, "explorer-3", fault="no_shift", mask="none")
    packed = re.fullmatch(r"#batch=explorer-3\.([\w-]+)", link)[1]
    data = json.loads(base64.urlsafe_b64decode(packed + "=="))
    assert data["step"] == "mask"
    assert data["state"] == {**explorer.state, "fault": "no_shift", "mask": "none"}


def test_the_links_are_a_list_to_choose_from_and_say_what_to_set(explorer):
    links = BatchLinks(explorer, {"<No> shift": {"fault": "no_shift", "step": "shift"}})
    assert repr(links) == "<No> shift: explorer.fault = 'no_shift'; explorer.step = 'shift'"
    page = links._repr_html_()
    assert f'<a href="{link_to(explorer, fault="no_shift", step="shift")}">&lt;No&gt;' in page


@pytest.mark.parametrize(
    ("chosen", "message"),
    [({"faults": "no_shift"}, "found faults"), ({"fault": "odd"}, "fault is one of")],
)
def test_a_link_to_no_batch_is_refused(explorer, chosen, message):
    with pytest.raises(ValueError, match=message):
        link_to(explorer, **chosen)


@pytest.mark.parametrize(
    ("chosen", "error", "message"),
    [
        ({"step": "pads"}, traitlets.TraitError, "step"),
        ({"mask": "all"}, traitlets.TraitError, "mask"),
        ({"fault": "none"}, traitlets.TraitError, "fault"),
        ({"style": "alpacca"}, ValueError, "there is no prompt style"),
        ({"max_length": "long"}, traitlets.TraitError, "max_length"),
    ],
)
def test_what_is_none_of_the_choices_is_refused(chosen, error, message):
    with pytest.raises(error, match=message):
        BatchExplorer(TOY, **chosen)


def test_no_entries_are_refused():
    with pytest.raises(ValueError, match="1 to 8"):
        BatchExplorer([])


def test_a_batch_that_loses_a_response_can_still_be_shown():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        explorer = BatchExplorer(load_entries()[:3], step="pad", max_length=50)
    assert "shape (3, 51)" in repr(explorer)


TALK = Conversation((Message("user", "Name a color."), Message("assistant", "Blue.")))


def test_a_conversation_has_choices_of_its_own_and_is_the_table_of_its_step():
    explorer = BatchExplorer([TALK], step="mask")
    assert (explorer.style, explorer.mask) == ("chatml", "every answer")
    assert repr(explorer) == (
        "Step 6, mask: inputs and targets, each of shape (1, 16); supervised is every answer: "
        "of 16 targets, 3 are supervised and 13 ignored, 0 of them pads.\n"
        "row 0 inputs: [template ×3, instruction ×4, template ×2, header ×3] "
        "\N{RETURN SYMBOL} Blue . <|im_end|>\n"
        "row 0 targets: [template ×2 = -100, instruction ×4 = -100, template ×2 = -100, "
        "header ×4 = -100] Blue . <|im_end|> -100"
    )
    explorer.mask = "TRL"
    assert "supervised is TRL: of 16 targets, 4 are" in repr(explorer)
    with pytest.raises(traitlets.TraitError, match="no chat template alpaca"):
        explorer.style = "alpaca"


def test_the_page_carries_the_tokens_of_a_conversation_in_every_template(monkeypatch):
    explorer = BatchExplorer([TALK], fault="two_beginnings")
    packed = re.search(r'<script type="application/json">(.*?)</script>', explorer.html())[1]
    carried = json.loads(packed)["tokens"]
    for style in ("chatml", "smollm2", "qwen2.5", "qwen3", "llama3", "gemma3"):
        made = frames({**explorer.state, "style": style})
        for token in made["rows"][0]["tokens"]:
            assert carried["bytes"][str(token["id"])] == token["bytes"]
    messages = sent(explorer, monkeypatch)
    explorer._answer(explorer, {"number": 1, "state": explorer.state})
    assert messages == [{"asked": 1, "frames": frames(explorer.state)}]


def test_what_no_box_holds_is_refused():
    called = Message("assistant", "", {"tool_calls": []})
    with pytest.raises(ValueError, match="by its roles and texts; this one brings tool_calls, too"):
        BatchExplorer([Conversation((called,))])
    with pytest.raises(ValueError, match="brings tools, too"):
        BatchExplorer([Conversation((Message("user", "Hi"),), tools=({"name": "look"},))])
