"""Inside the Batch: how instruction data becomes the tensors a language model learns from.

Read the modules in the order of the six steps; each has a chapter of the same name. A name is
imported when it is first asked for, so that nothing brings torch before a tensor is made.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from companion.entries import Entry, load_entries, split_entries
    from companion.conversations import Conversation, Message, load_conversations
    from companion.formatting import STYLES, PromptStyle
    from companion.templates import TEMPLATES, Template, text_of
    from companion.tokenizing import END_ID, TokenizedEntry, Turn, load_tokenizer, tokenize_entry
    from companion.adapting import Tokenizer, adapt_tokenizer
    from companion.chatting import SUPERVISION, tokenize_conversation, tokenize_conversations
    from companion.padding import PAD_ID, pad_batch, padding_share
    from companion.shifting import shift_targets
    from companion.ignoring import IGNORE_INDEX, ignore_padding, keep_spans
    from companion.masking import MASKS, supervised_spans
    from companion.libraries import LIBRARIES
    from companion.truncating import TRUNCATIONS, truncate
    from companion.collating import Batch, Collator, ResponseCutWarning
    from companion.storing import InstructionDataset
    from companion.packing import Pack, Packer, block_diagonal_mask, cumulative_lengths, plan_packs
    from companion.bucketing import LengthBucketSampler
    from companion.loading import make_loader
    from companion.findings import AuditError, Finding, Report
    from companion.auditing import Expectation, audit
    from companion.inspecting import LoaderReport, audit_loader
    from companion.surveying import ChatSurvey, Survey, survey
    from companion.assembling import RowsReport, audit_rows

_HOMES = {
    "entries": ("Entry", "load_entries", "split_entries"),
    "conversations": ("Conversation", "Message", "load_conversations"),
    "formatting": ("STYLES", "PromptStyle"),
    "templates": ("TEMPLATES", "Template", "text_of"),
    "tokenizing": ("END_ID", "TokenizedEntry", "Turn", "load_tokenizer", "tokenize_entry"),
    "adapting": ("Tokenizer", "adapt_tokenizer"),
    "chatting": ("SUPERVISION", "tokenize_conversation", "tokenize_conversations"),
    "padding": ("PAD_ID", "pad_batch", "padding_share"),
    "shifting": ("shift_targets",),
    "ignoring": ("IGNORE_INDEX", "ignore_padding", "keep_spans"),
    "masking": ("MASKS", "supervised_spans"),
    "libraries": ("LIBRARIES",),
    "truncating": ("TRUNCATIONS", "truncate"),
    "collating": ("Batch", "Collator", "ResponseCutWarning"),
    "storing": ("InstructionDataset",),
    "packing": ("Pack", "Packer", "block_diagonal_mask", "cumulative_lengths", "plan_packs"),
    "bucketing": ("LengthBucketSampler",),
    "loading": ("make_loader",),
    "findings": ("AuditError", "Finding", "Report"),
    "auditing": ("Expectation", "audit"),
    "inspecting": ("LoaderReport", "audit_loader"),
    "surveying": ("ChatSurvey", "Survey", "survey"),
    "assembling": ("RowsReport", "audit_rows"),
}
"""The same once more, for Python: which module to import for a name; a test holds them equal."""

_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"companion.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
