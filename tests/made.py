"""Tokenizers that are made here, small ones, each as a family of the field builds its own.

Their bytes and their first merges are SmolLM2's, or (SentencePiece's kind) trained on the
embedded set, so that texts of it have tokens as real ones have. `made` gives them by name,
adapted, each with a prompt style of its own, whose markers are special tokens of it.
"""

import json
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files

from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers, processors, trainers
from tokenizers import Tokenizer as Backend

from companion.adapting import Tokenizer, adapt_tokenizer
from companion.entries import load_entries
from companion.formatting import PromptStyle
from companion.smollm2 import load_smollm2

LLAMA_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Llama 3's tokenizer cuts a text; line breaks stay together, unlike with GPT-2's."""


def byte_level(specials: tuple[str, ...], begin: str) -> Backend:
    """Make a tokenizer of the kind that Llama 3, Qwen and GPT-2 have: the special ones last."""
    given = json.loads((files("companion") / "data" / "smollm2.json").read_text("utf-8"))
    pairs = [tuple(merge.split(" ")) for merge in given["merges"][:1500]]
    signs = sorted(pre_tokenizers.ByteLevel.alphabet())
    known = set(signs)
    kept = []
    for pair in pairs:
        if known.issuperset(pair):
            kept.append(pair)
            known.add("".join(pair))
    tokens = [*signs, *dict.fromkeys("".join(pair) for pair in kept)]
    made = Backend(models.BPE({token: id for id, token in enumerate(tokens)}, kept))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(LLAMA_PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(text, normalized=False) for text in specials])
    made.post_processor = begins_with(made, begin)
    return made


def begins_with(made: Backend, begin: str) -> processors.TemplateProcessing:
    """Give what puts a beginning before every text, as Llama's and Gemma's tokenizers have it."""
    return processors.TemplateProcessing(
        single=f"{begin} $A", special_tokens=[(begin, made.token_to_id(begin))]
    )


def sentencepiece() -> Backend:
    """Make a tokenizer of SentencePiece's kind, which puts a space before a text."""
    made = Backend(models.BPE(unk_token="<unk>", byte_fallback=True))
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    made.decoder = decoders.Sequence(
        [
            decoders.Replace("\u2581", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    specials = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]", *(f"<0x{b:02X}>" for b in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=900, show_progress=False, special_tokens=specials)
    made.train_from_iterator([f"{e.instruction} {e.output}" for e in load_entries()], trainer)
    # The trainer calls all of these special, but the bytes are ordinary tokens of a text.
    settings = json.loads(made.to_str())
    settings["added_tokens"] = settings["added_tokens"][:5]
    made = Backend.from_str(json.dumps(settings))
    made.post_processor = begins_with(made, "<s>")
    return made


def declared(backend: Backend, name: str, ends: tuple[str, ...], **more: object) -> Tokenizer:
    """Adapt it, and declare what its folder would: the ends, the first of them to append."""
    ids = [backend.token_to_id(text) for text in ends]
    return replace(adapt_tokenizer(backend), name=name, ends=frozenset(ids), end=ids[0], **more)


LLAMA_TOKENS = (
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
)

LLAMA = PromptStyle(
    "llama",
    instruction="<|start_header_id|>user<|end_header_id|>\n\n{instruction}",
    closing="<|eot_id|>",
    header="<|start_header_id|>assistant<|end_header_id|>\n\n",
    suffix="<|eot_id|>",
)
GEMMA = PromptStyle(
    "gemma",
    instruction="<bos><start_of_turn>user\n{instruction}",
    closing="<end_of_turn>\n",
    header="<start_of_turn>model\n",
    suffix="<end_of_turn>\n",
)
MISTRAL = PromptStyle(
    "mistral", instruction="<s>[INST] {instruction}", closing=" [/INST]", header=" ", suffix="</s>"
)
SPELLED = PromptStyle("spelled", instruction="Q: {instruction}", header="\nA: ", suffix="\n")


@lru_cache
def backends() -> dict[str, Backend]:
    """Give those that are made here, by name, as the library has them."""
    gemma = ("<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>")
    return {
        "llama": byte_level(LLAMA_TOKENS, begin="<|begin_of_text|>"),
        "gemma": byte_level(gemma, begin="<bos>"),
        "sentencepiece": sentencepiece(),
    }


@lru_cache
def made() -> dict[str, tuple[Tokenizer, PromptStyle]]:
    """Give the tokenizers by name, each with a style of its own."""
    llama, gemma, sentences = backends().values()
    return {
        "gpt2": (adapt_tokenizer("gpt2"), replace(SPELLED, suffix="\n<|endoftext|>")),
        "smollm2": (adapt_tokenizer("smollm2"), SPELLED),
        # Its end of turn, which the template writes, is not the end of a text.
        "llama": (declared(llama, "llama", ("<|end_of_text|>", "<|eot_id|>")), LLAMA),
        "gemma": (
            declared(gemma, "gemma", ("<eos>", "<end_of_turn>"), pad=gemma.token_to_id("<pad>")),
            GEMMA,
        ),
        "sentencepiece": (declared(sentences, "sentencepiece", ("</s>",)), MISTRAL),
    }


def smollm2_backend() -> Backend:
    """Give SmolLM2's tokenizer, a copy that may be changed."""
    return Backend.from_str(load_smollm2().to_str())
