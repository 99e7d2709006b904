"""The exercises of every chapter, by the name of the function that answers them.

A chapter's module is imported when one of its exercises is asked for, so that what an exercise
needs is asked of those alone who try it: PyTorch for the one about tensors, and the standard
library for every other.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module

from companion.exercises.making import Exercise

CHAPTERS: dict[str, tuple[str, ...]] = {
    "before": ("longest_row", "two_slices", "filled", "longest_field"),
    "start_here": ("grid_shape", "must_say", "mean_surprise"),
    "formatting": ("alpaca_prompt", "inference_prompt", "fill_template", "cut_answer", "bad_field"),
    "tokenizing": ("byte_ids", "decode_tokens", "next_join", "response_start", "chat_ids"),
    "padding": ("block_shape", "share_of_pads", "attention_mask", "pad_left", "rounded_width"),
    "shifting": ("questions", "shift_block", "times_shifted", "end_columns", "unshift"),
    "ignoring": ("mean_over_supervised", "ignore_pads", "supervised_count", "never_stops"),
    "masking": ("mask_prompt", "mask_turns", "response_loss", "must_be_given"),
    "collating": ("collate_lists", "keep_end", "lost_responses", "supervised_share"),
    "auditing": ("shift_of", "mask_error", "border_columns"),
    "bucketing": ("widths_of", "share_of_epoch", "bucket_batches"),
    "loading": ("worker_batches", "move_batch", "step_time"),
    "packing": ("packed_targets", "packed_positions", "best_pack", "may_read"),
    "ranks": ("each_once", "losses_for_backward", "share_waited"),
    "chatting": ("chatml", "answer_spans", "one_beginning", "first_broken", "drop_oldest"),
    "training": ("first_loss", "exact_share", "paired_differences", "middle_95", "doctor"),
    "styles": ("read_interval", "paired_rounds", "still_found", "entries_needed", "flaw"),
}
"""What each chapter asks for, in the order of the book."""

WITH_TENSORS = {"move_batch": "moving"}
"""The exercises that need PyTorch, each with the module that it has to itself."""


class _Exercises(Mapping[str, Exercise]):
    """All exercises by name, each made when it is looked up."""

    def __init__(self) -> None:
        self._module = {name: chapter for chapter, names in CHAPTERS.items() for name in names}
        self._module |= WITH_TENSORS

    def __getitem__(self, name: str) -> Exercise:
        module = import_module(f"{__name__}.{self._module[name]}")
        found: Exercise = getattr(module, name)
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._module  # without making it

    def __iter__(self) -> Iterator[str]:
        return iter(self._module)

    def __len__(self) -> int:
        return len(self._module)


EXERCISES: Mapping[str, Exercise] = _Exercises()
