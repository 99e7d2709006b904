"""Inside the Batch: how instruction data becomes the tensors a language model learns from.

Read the modules in the order of the six steps; each has a chapter of the same name.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from companion.entries import Entry, load_entries, split_entries
    from companion.formatting import STYLES, PromptStyle
    from companion.tokenizing import END_ID, TokenizedEntry, load_tokenizer, tokenize_entry
    from companion.padding import PAD_ID, pad_batch, padding_share
    from companion.shifting import shift_targets
    from companion.ignoring import IGNORE_INDEX, ignore_padding, keep_spans
    from companion.masking import supervised_spans
    from companion.collating import Batch, Collator, InstructionDataset, ResponseCutWarning
    from companion.packing import Pack, Packer, block_diagonal_mask, cumulative_lengths, plan_packs
    from companion.bucketing import LengthBucketSampler
    from companion.loading import make_loader
    from companion.findings import AuditError, Finding, Report
    from companion.auditing import Expectation, audit
    from companion.surveying import Survey, survey

__all__ = [
    "Entry",
    "load_entries",
    "split_entries",
    "STYLES",
    "PromptStyle",
    "END_ID",
    "TokenizedEntry",
    "load_tokenizer",
    "tokenize_entry",
    "PAD_ID",
    "pad_batch",
    "padding_share",
    "shift_targets",
    "IGNORE_INDEX",
    "ignore_padding",
    "keep_spans",
    "supervised_spans",
    "Batch",
    "Collator",
    "InstructionDataset",
    "ResponseCutWarning",
    "Pack",
    "Packer",
    "block_diagonal_mask",
    "cumulative_lengths",
    "plan_packs",
    "LengthBucketSampler",
    "make_loader",
    "AuditError",
    "Finding",
    "Report",
    "Expectation",
    "audit",
    "Survey",
    "survey",
]

_HOMES = {
    "entries": ("Entry", "load_entries", "split_entries"),
    "formatting": ("STYLES", "PromptStyle"),
    "tokenizing": ("END_ID", "TokenizedEntry", "load_tokenizer", "tokenize_entry"),
    "padding": ("PAD_ID", "pad_batch", "padding_share"),
    "shifting": ("shift_targets",),
    "ignoring": ("IGNORE_INDEX", "ignore_padding", "keep_spans"),
    "masking": ("supervised_spans",),
    "collating": ("Batch", "Collator", "InstructionDataset", "ResponseCutWarning"),
    "packing": ("Pack", "Packer", "block_diagonal_mask", "cumulative_lengths", "plan_packs"),
    "bucketing": ("LengthBucketSampler",),
    "loading": ("make_loader",),
    "findings": ("AuditError", "Finding", "Report"),
    "auditing": ("Expectation", "audit"),
    "surveying": ("Survey", "survey"),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"companion.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
