"""Templates in Jinja: rendered elsewhere, within limits, and never read into what is said."""

import importlib.util
import time

import pytest

from companion import Conversation, Message, tokenize_conversation, tokenize_conversations
from companion.adapting import adapt_tokenizer
from companion.chatting import encode_prompt, every_answer_and_after, special_ids
from companion.rendering import Renderer, breaker, rendered_pieces
from test_chatting import CALLED, ENTRY, IDS, TWO

SMOLLM2 = adapt_tokenizer("smollm2")
SPECIAL = special_ids(SMOLLM2)

CHATML = """\
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

MARKED = """\
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' }}
    {%- if message.role == 'assistant' %}
        {%- generation %}{{ message.content + '<|im_end|>\\n' }}{% endgeneration %}
    {%- else %}{{ message.content + '<|im_end|>\\n' }}{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

HOSTILE = """\
{%- set said = messages[0].content %}
{%- if said == 'memory' %}{{ 'a' * (10 ** 10) }}
{%- elif said == 'output' %}{{ 'é' * 500001 }}
{%- elif said == 'refuse' %}{{ raise_exception('we do not talk\\nabout that') }}
{%- elif said == 'escape' %}{{ ''.__class__.__mro__[1].__subclasses__() }}
{%- elif said == 'endless' %}
    {%- for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}
{%- else %}{{ said }}{% endif %}"""


def one(content):
    return Conversation((Message("user", content),))


def turns(entry):
    return tuple(map(tuple, entry.turns))


@pytest.fixture(scope="module")
def hostile():
    with Renderer(HOSTILE, SPECIAL, SMOLLM2) as render:
        yield render


# Limits ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("memory", "it asks for more than 512 MB of memory"),
        ("output", "ValueError: it writes 1,000,002 bytes, and may write 1,000,000"),
        ("refuse", "TemplateError: we do not talk about that"),
        ("escape", "SecurityError: access to attribute '__class__' of 'str' object is unsafe."),
    ],
)
def test_what_goes_too_far_is_refused_and_the_next_text_is_rendered(hostile, content, said):
    with pytest.raises(ValueError, match=r".") as refused:
        hostile(one(content))
    assert str(refused.value) == f"the chat template cannot be rendered: {said}"
    assert hostile(one("Hi")) == ("Hi", [])


def test_an_endless_loop_ends_after_two_seconds():
    with Renderer(HOSTILE, SPECIAL, SMOLLM2) as render:
        begin = time.monotonic()
        with pytest.raises(ValueError, match=r"was not done within 2 seconds$"):
            render(one("endless"))
        assert 1.9 < time.monotonic() - begin < 10
        # The process is no more, and that is told, too.
        with pytest.raises(ValueError, match="the process of the chat template ended before its"):
            render(one("Hi"))
    assert render._process.poll() is not None


def test_what_is_no_jinja_is_refused():
    with pytest.raises(ValueError, match="cannot be rendered: TemplateSyntaxError: unexpected"):
        tokenize_conversation(TWO, "{% for")


@pytest.mark.parametrize("missing", ["transformers", "jinja2"])
def test_without_transformers_there_is_a_line_that_installs_it(monkeypatch, missing):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == missing else found(name)
    )
    with pytest.raises(ValueError, match=r"transformers: pip install transformers jinja2$"):
        tokenize_conversation(TWO, CHATML)


# Where the answers are ------------------------------------------------------------------


@pytest.mark.parametrize("source", [CHATML, MARKED], ids=["by prefixes", "by markers"])
def test_jinja_gives_the_ids_and_turns_that_data_do(source):
    quiet = Conversation((TWO[0], Message("assistant", "Blue.", {"weight": 0}), *TWO.messages[2:]))
    first, second = tokenize_conversations([TWO, quiet], source)
    assert first.ids.tolist() == second.ids.tolist() == IDS
    assert first.turns == ENTRY.turns
    assert second.turns == ENTRY.turns[1:]


def test_the_prompt_of_a_jinja_template_is_what_stands_before_the_answer():
    asked = Conversation(TWO.messages[:3])
    assert encode_prompt(asked, CHATML) == IDS[: ENTRY.turns[1].start]


def test_a_marked_span_is_an_answer_with_its_end_and_what_follows():
    shifted = MARKED.replace("role + '\\n' }}\n    {%- if", "role }}\n    {%- if")
    shifted = shifted.replace("generation %}{{ ", "generation %}{{ '\\n' + ")
    shifted = shifted.replace("{%- else %}{{", "{%- else %}{{ '\\n' +")
    entry = tokenize_conversation(TWO, shifted)
    assert entry.ids.tolist() == IDS
    # The line break of the header is in the span, and the header ends before it.
    assert turns(entry) == ((9, 12, 16, 17), (24, 27, 31, 32))
    assert every_answer_and_after(entry) == ((12, 17), (27, 32))


def test_a_history_that_changes_has_no_prefixes_and_is_refused():
    strips = CHATML.replace(
        "message.content",
        "(message.content if loop.last else message.content.split('</think>')[-1])",
    )
    thought = Message("assistant", "<think>Sky.</think>Blue.")
    talk = Conversation((TWO[0], thought, *TWO.messages[2:]))
    with pytest.raises(ValueError, match=r".") as refused:
        tokenize_conversation(talk, strips)
    assert str(refused.value) == (
        "the chat template has no {% generation %} markers, and the text up to message 2 is no "
        "beginning of the text with all messages: '<think>Sky.</think>Blue.<|im_e' becomes "
        "'Blue.<|im_end|>\\n<|im_start|>us'; so nobody can tell where the answers are. Take a "
        "template with markers, or one that is data"
    )


def test_an_answer_that_is_not_written_is_refused():
    silent = CHATML.replace("in messages", "in messages if message.role == 'user'")
    silent = silent.replace("'<|im_start|>assistant\\n'", "''")
    with pytest.raises(ValueError, match="writes nothing for message 2, an answer"):
        tokenize_conversation(TWO, silent)


def test_spans_that_are_not_one_an_answer_cannot_be_weighed():
    twice = MARKED.replace("{%- generation %}", "{%- generation %}<{% endgeneration %}"
                           "{%- generation %}")  # fmt: skip
    assert len(tokenize_conversation(TWO, twice).turns) == 4
    quiet = Conversation((TWO[0], Message("assistant", "Blue.", {"weight": 0}), *TWO.messages[2:]))
    with pytest.raises(ValueError, match="marks 4 spans in a conversation of 2 answers, so"):
        tokenize_conversation(quiet, twice)


# What is said is text -------------------------------------------------------------------


def test_a_special_token_in_a_message_is_text_and_the_templates_own_are_special():
    said = "<|im_end|><|im_start|>"
    talk = Conversation((Message("user", said), Message("assistant", said)))
    entry = tokenize_conversation(talk, MARKED)
    data = tokenize_conversation(talk, "chatml")
    assert entry.ids.tolist() == data.ids.tolist()
    assert entry.turns == data.turns
    assert [id for id in entry.ids.tolist() if id in (1, 2)] == [1, 2, 1, 2]


def test_what_breaks_special_tokens_stands_nowhere_in_the_conversation():
    talk = one("\U000f0000 <|im_end|> \U000f0001")
    assert breaker(talk) == "\U000f0002"
    with Renderer(CHATML, SPECIAL, SMOLLM2) as render:
        pieces = rendered_pieces(talk, (), render)
    text = "<|im_start|>user\n\U000f0000 <|im_end|> \U000f0001<|im_end|>\n"
    assert "".join(piece.text for piece in pieces) == text
    assert [piece.text for piece in pieces if piece.special] == ["<|im_start|>", "<|im_end|>"]


def test_a_template_sees_calls_tools_and_the_tokenizers_own_tokens():
    source = (
        "{{ bos_token }}{% for tool in tools %}{{ tool.name }}{% endfor %}"
        "{% for message in messages %}{% generation %}"
        "{{ message.tool_calls[0].function.name if message.tool_calls else message.content }}"
        "{{ eos_token }}{% endgeneration %}{% endfor %}"
    )
    talk = Conversation(CALLED.messages[1:2], ({"name": "<|im_end|>"},))
    entry = tokenize_conversation(talk, source)
    tool = SMOLLM2.encode("<|im_end|>")
    assert entry.ids.tolist() == [1, *tool, *SMOLLM2.encode("add"), 2]
    assert turns(entry) == ((None, 1 + len(tool), len(entry.ids), len(entry.ids)),)
