"""Templates that are data give the text of the published ones, and TRL's masks are our spans.

TRL puts a template of its own in the place of a model's, by what `get_training_chat_template`
gives, and what that marks is its mask. Here it does so with SmolLM2's vocabulary, to which
each model's special tokens are added; the text is cut before it is merged as Llama 3 and Qwen
cut it, so that a header that ends in two line breaks is the same ids beside any word.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest
import torch
import trl
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex, pre_tokenizers
from tokenizers import Tokenizer as Backend
from transformers import PreTrainedTokenizerFast
from transformers.utils.chat_template_utils import render_jinja_template
from trl import SFTConfig, SFTTrainer
from trl.chat_template_utils import get_training_chat_template
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling as TRLCollator

from companion.adapting import adapt_tokenizer
from companion.chatting import PUBLISHED, choose_template, tokenize_conversation
from companion.collating import Collator
from companion.conversations import Conversation, Message
from companion.ignoring import IGNORE_INDEX
from companion.libraries import LIBRARIES
from companion.smollm2 import load_smollm2
from companion.templates import TEMPLATES, text_of
from parity.sources import tiny_gpt2

FOLDER = Path(trl.__file__).parent / "chat_templates"
SMOLLM2 = adapt_tokenizer("smollm2").template
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@dataclass(frozen=True)
class Published:
    """A template as a model has it, where TRL keeps it, and its model's special tokens."""

    file: str
    special: tuple[str, ...]
    begin: str | None
    end: str

    @property
    def source(self) -> str:
        """The text of the template."""
        if self.file == "smollm2":
            return SMOLLM2
        return (FOLDER / f"{self.file}.jinja").read_text(encoding="utf-8")


ARGUMENTS = {
    "max_length": None,
    "use_cpu": True,
    "bf16": False,
    "report_to": "none",
    "disable_tqdm": True,
}

IM = ("<|im_start|>", "<|im_end|>")
LLAMA = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
GEMMA = ("<bos>", "<start_of_turn>", "<end_of_turn>")
MODELS = {
    "smollm2": Published("smollm2", IM, None, IM[1]),
    "qwen2.5": Published("qwen2_5", IM, None, IM[1]),
    "qwen3": Published("qwen3", IM, None, IM[1]),
    "qwen3_training": Published("qwen3_training", IM, None, IM[1]),
    "llama3": Published("llama3", LLAMA, LLAMA[0], LLAMA[3]),
    "gemma3": Published("gemma3", GEMMA, GEMMA[0], GEMMA[2]),
}
TRAINED = {"qwen2.5": "qwen2.5", "qwen3": "qwen3_training", "llama3": "llama3", "gemma3": "gemma3"}
"""The templates that TRL has one of its own for, and which of ours is its text."""


@lru_cache
def tokenizer(name):
    """Make the tokenizer of a model, as transformers has it."""
    backend = Backend.from_str(load_smollm2().to_str())
    cut = pre_tokenizers.Split(Regex(PATTERN), "isolated")
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [cut, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    model = MODELS[name]
    begin = {} if model.begin is None else {"bos_token": model.begin}
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        additional_special_tokens=list(model.special),
        eos_token=model.end,
        pad_token="<|endoftext|>",
        chat_template=model.source,
        **begin,
    )


@lru_cache
def adapted(name):
    """Give the same tokenizer as the companion has it."""
    return adapt_tokenizer(tokenizer(name))


# Conversations: what is said begins and ends as words do, unless it is meant not to.
edges = st.text(max_size=10) | st.sampled_from(["\n", " a ", "<think>\nb\n</think>\n\nc", ""])
words = st.sampled_from(["Name", "colours:", "é", "12", "(not", "7)?", "日本", "😀", "a\n\nb"])
plain = st.lists(words, min_size=1, max_size=5).map(" ".join)
arguments = st.dictionaries(st.sampled_from("ab"), st.integers() | plain, max_size=2)
calls = st.fixed_dictionaries(
    {"function": st.fixed_dictionaries({"name": st.just("add"), "arguments": arguments | plain})}
)


@st.composite
def conversations(draw, said=plain, tools=False, thinking=False):
    """Give a conversation, with a system message or none, and what else the template takes."""
    messages = [Message("system", draw(said))] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 3))):
        messages.append(Message("user", draw(said)))
        if tools and draw(st.booleans()):
            made = draw(st.lists(calls, min_size=1, max_size=2))
            text = draw(st.just("") | said)
            messages.append(Message("assistant", text, {"tool_calls": made}))
            messages += [Message("tool", draw(said)) for _ in made]
        thought = {"reasoning_content": draw(said)} if thinking and draw(st.booleans()) else {}
        messages.append(Message("assistant", draw(said), thought))
    offered = ({"type": "function", "function": {"name": "add"}},)
    return Conversation(tuple(messages), offered if tools and draw(st.booleans()) else ())


def published(name, conversation):
    """Give the text that the published template gives, by transformers."""
    model = MODELS[name]
    variables = {} if model.begin is None else {"bos_token": model.begin}
    (text,), _ = render_jinja_template(
        [[message.as_dict() for message in conversation]],
        tools=list(conversation.tools) or None,
        chat_template=model.source,
        **variables,
    )
    return text


@pytest.mark.parametrize("name", MODELS)
def test_a_template_that_is_data_gives_the_text_of_the_published_one(name):
    template = TEMPLATES[name]
    takes = {"tools": template.tools is not None, "thinking": template.thinking != "refused"}

    @given(conversation=conversations(edges, **takes))
    @settings(max_examples=100)
    def compare(conversation):
        assert text_of(conversation, name) == published(name, conversation)

    compare()


def test_every_template_of_a_model_is_compared():
    assert set(MODELS) == set(TEMPLATES) - {"chatml"}


@pytest.mark.parametrize("name", sorted(set(MODELS) - {"qwen3_training"}))
def test_a_published_template_is_known_by_its_text(name):
    assert choose_template(None, adapted(name)) is TEMPLATES[name]
    assert name in PUBLISHED.values()


@pytest.mark.parametrize("name", MODELS)
def test_the_ids_are_those_of_transformers(name):
    made = tokenizer(name)
    template = TEMPLATES[name]
    takes = {"tools": template.tools is not None, "thinking": template.thinking != "refused"}

    @given(conversation=conversations(plain, **takes))
    @settings(max_examples=15)
    def compare(conversation):
        messages = [message.as_dict() for message in conversation]
        tools = list(conversation.tools) or None
        theirs = made.apply_chat_template(messages, tools=tools, return_dict=True)["input_ids"]
        assert tokenize_conversation(conversation, name, adapted(name)).ids.tolist() == theirs

    compare()


TALK = Conversation(
    (
        Message("system", "Be brief."),
        Message("user", "Name a colour."),
        Message("assistant", "Blue."),
        Message("user", "Another?"),
        Message("assistant", "Red."),
    )
)

# TRL's masks ----------------------------------------------------------------------------


def by_trl(name, talks):
    """Give the batch that TRL trains on with `assistant_only_loss`, as its trainer makes it."""
    made = tokenizer(name)
    template = get_training_chat_template(made)
    assert template == (FOLDER / f"{MODELS[name].file}_training.jinja").read_text("utf-8")
    rows = [
        made.apply_chat_template(
            [message.as_dict() for message in talk],
            tools=list(talk.tools) or None,
            chat_template=template,
            return_dict=True,
            return_assistant_tokens_mask=True,
        )
        for talk in talks
    ]
    return TRLCollator(made.pad_token_id)(
        [{"input_ids": row["input_ids"], "labels": labels(row)} for row in rows]
    )


def labels(row):
    """Give the labels that TRL's trainer makes of its mask; one test below has it do so."""
    pairs = zip(row["input_ids"], row["assistant_masks"], strict=True)
    return [id if marked else IGNORE_INDEX for id, marked in pairs]


@pytest.mark.parametrize("name", TRAINED)
def test_trls_masks_are_the_spans_of_our_rule(name):
    made = tokenizer(name)
    template = TEMPLATES[TRAINED[name]]
    rule = LIBRARIES["TRL"].rule(template, adapted(name))
    collate = Collator(made.pad_token_id, made.eos_token_id, mask=rule)
    takes = {"tools": template.tools is not None, "thinking": template.thinking != "refused"}

    @given(talks=st.lists(conversations(plain, **takes), min_size=1, max_size=3))
    @settings(max_examples=30)
    def compare(talks):
        theirs = by_trl(name, talks)
        ours = collate([tokenize_conversation(talk, template, adapted(name)) for talk in talks])
        assert torch.equal(ours.inputs, theirs["input_ids"][:, :-1])
        assert torch.equal(ours.targets, theirs["labels"][:, 1:])
        assert (ours.targets != IGNORE_INDEX).any()

    compare()


@pytest.mark.filterwarnings("ignore:`gradient_checkpointing` is deprecated:FutureWarning")
@pytest.mark.parametrize("name", TRAINED)
def test_trls_trainer_learns_what_our_rule_says(name, tmp_path):
    talks = [Conversation(TALK.messages[first:last]) for first, last in ((0, 5), (1, 3), (3, 5))]
    made, template = tokenizer(name), TEMPLATES[TRAINED[name]]
    rows = [{"messages": [message.as_dict() for message in talk]} for talk in talks]
    trainer = SFTTrainer(
        model=tiny_gpt2(),
        args=SFTConfig(output_dir=str(tmp_path), **ARGUMENTS, assistant_only_loss=True),
        train_dataset=Dataset.from_list(rows),
        processing_class=made,
    )
    rule = LIBRARIES["TRL"].rule(template, adapted(name))
    collate = Collator(made.pad_token_id, made.eos_token_id, mask=rule)
    ours = [tokenize_conversation(talk, template, adapted(name)) for talk in talks]
    theirs = TRLCollator(made.pad_token_id)(list(trainer.train_dataset))
    assert torch.equal(collate(ours).inputs, theirs["input_ids"][:, :-1])
    assert torch.equal(collate(ours).targets, theirs["labels"][:, 1:])


@pytest.mark.parametrize("name", TRAINED)
def test_trls_own_template_gives_the_same_in_a_process_of_its_own(name):
    source = (FOLDER / f"{MODELS[name].file}_training.jinja").read_text("utf-8")
    data = tokenize_conversation(TALK, TRAINED[name], adapted(name))
    jinja = tokenize_conversation(TALK, source, adapted(name))
    assert jinja.ids.tolist() == data.ids.tolist()
    assert LIBRARIES["TRL"].rule("qwen3")(jinja) == LIBRARIES["TRL"].rule(TRAINED[name])(data)
    assert [turn.header for turn in jinja.turns] == [turn.header for turn in data.turns]


@pytest.mark.parametrize(("name", "joins"), [("qwen3", False), ("qwen2.5", True)])
def test_a_line_break_that_begins_an_answer_joins_that_of_its_header_in_trl_alone(name, joins):
    # Qwen 3's answers begin with their thinking, so nothing can join.
    talk = Conversation((Message("user", "Hi"), Message("assistant", "\nYes")))
    theirs = by_trl(name, [talk])["input_ids"][0].tolist()
    ours = tokenize_conversation(talk, TRAINED[name], adapted(name)).ids.tolist()
    decode = adapted(name).decode
    assert decode(ours) == decode(theirs)
    line, two = adapted(name).encode("\n"), adapted(name).encode("\n\n")
    assert (len(line), len(two)) == (1, 1)
    assert (theirs != ours) == joins
    assert (len(ours) - len(theirs)) == joins
