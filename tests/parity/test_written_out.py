"""What a chapter writes out for a library that it does not import is what the library does."""

import numpy as np
from tokenizers import Tokenizer, models
from transformers import DataCollatorForLanguageModeling, PreTrainedTokenizerFast

from book.chapters import BOOK, cells
from companion.entries import load_entries
from companion.ignoring import IGNORE_INDEX
from companion.storing import InstructionDataset
from companion.tokenizing import END_ID


def test_the_labels_of_chapter_05_are_those_of_the_collator_for_language_modeling():
    chapter = cells(BOOK / "05_ignoring.ipynb", "code")
    (source,) = (cell.source for cell in chapter if "def labels_by_value(" in cell.source)
    space = {"IGNORE_INDEX": IGNORE_INDEX}
    exec(source, space)

    end = "<|endoftext|>"
    words = Tokenizer(models.WordLevel({end: END_ID}, unk_token=end))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token=end, pad_token=end)
    collate = DataCollatorForLanguageModeling(tokenizer, mlm=False)
    dataset = InstructionDataset(load_entries())
    theirs = collate([{"input_ids": [*item.ids.tolist(), END_ID]} for item in dataset])

    labels = space["labels_by_value"](theirs["input_ids"].numpy(), END_ID)
    assert np.array_equal(labels, theirs["labels"].numpy())
    assert (labels == IGNORE_INDEX).any()
