"""A loader is audited batch by batch, its rows by their number in the data set."""

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset

from companion.auditing import Expectation, audit
from companion.collating import Collator
from companion.findings import AuditError
from companion.inspecting import audit_loader, audit_trainer

END = 50256
ROWS = [[10 + row, 11, 12, 13][: 2 + row % 3] for row in range(20)]


def without_its_end(rows):
    """Collate, and ignore the end token of every text that begins with 17."""
    inputs, targets = Collator()(rows)
    targets[inputs[:, 0] == 17] = torch.where(
        targets[inputs[:, 0] == 17] == END, -100, targets[inputs[:, 0] == 17]
    )
    return inputs, targets


def test_rows_have_their_number_in_the_data_set_whatever_the_order():
    loader = DataLoader(ROWS, batch_size=4, shuffle=True, collate_fn=without_its_end)
    report = audit_loader(loader)
    assert [(f.code, f.rows) for f in report.errors] == [("end-ignored", (7,))]
    assert report.numbered == "entry"
    assert report.errors[0].sentence.startswith("Entry 7: the end token's target is ignored")
    assert (report.tally["batches"], report.tally["rows"]) == (5, 20)
    with pytest.raises(AuditError, match="audit of a loader: 1 error; 5 batches, 20 rows"):
        report.raise_errors()


def test_findings_of_all_batches_are_one_with_all_rows():
    loader = DataLoader(ROWS, batch_size=4, collate_fn=Collator())
    report = audit_loader(loader, expect=Expectation(begin_id=10))
    (finding,) = report.errors
    assert (finding.code, finding.rows) == ("begin-missing", tuple(range(1, 20)))
    assert finding.sentence.startswith("Entries 1, 2, 3, 4, 5 and 14 more: the text does not begin")


def test_so_many_batches_are_audited_as_were_asked_for():
    loader = DataLoader(ROWS, batch_size=4, collate_fn=Collator())
    assert audit_loader(loader, batches=2).tally["rows"] == 8
    assert audit_loader(loader, batches=None).tally["rows"] == 20


def test_no_generator_is_disturbed():
    generator = torch.Generator().manual_seed(3)
    loader = DataLoader(
        ROWS, batch_size=4, shuffle=True, generator=generator, collate_fn=Collator()
    )
    before, everywhere = generator.get_state(), torch.get_rng_state()
    audit_loader(loader)
    assert torch.equal(generator.get_state(), before)
    assert torch.equal(torch.get_rng_state(), everywhere)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(ROWS)


def test_of_what_has_no_numbers_rows_are_counted_as_they_come():
    loader = DataLoader(Stream(), batch_size=4, collate_fn=without_its_end)
    report = audit_loader(loader)
    assert (report.numbered, report.errors[0].rows) == ("row", (7,))
    assert report.errors[0].sentence.startswith("Row 7:")
    packed = [{"input_ids": [[5, END, 6, END]], "labels": [[-100, END, -100, -100]],
               "position_ids": [[0, 1, 0, 1]]}] * 3  # fmt: skip
    assert audit_loader(packed).errors[0].rows == (0, 1, 2)


def test_the_batch_that_is_none_is_named_by_its_number():
    with pytest.raises(ValueError, match=r"^batch 1: labels: is None"):
        audit_loader([([[5]], [[END]]), {"input_ids": [[1]], "labels": None}])
    with pytest.raises(ValueError, match="the loader gives no batch"):
        audit_loader([])
    with pytest.raises(ValueError, match="batches is at least 1"):
        audit_loader([([[5]], [[END]])], batches=0)
    with pytest.raises(ValueError, match="declare the style for a loader"):
        audit_loader([([[5]], [[END]])], expect=Expectation(spans=[((0, 1),)]))


class Model(torch.nn.Module):
    def __init__(self, rows):
        super().__init__()
        self.wte = torch.nn.Embedding(rows, 2)

    def get_input_embeddings(self):
        return self.wte


class Trainer:
    processing_class = "gpt2"

    def __init__(self, rows, entries=ROWS):
        self.model, self.entries = Model(rows), entries

    def get_train_dataloader(self):
        return DataLoader(self.entries, batch_size=4, collate_fn=Collator())


def test_a_trainer_is_audited_in_one_line_by_the_rows_of_its_models_embedding():
    assert audit(Trainer(50257)).codes == ()
    report = audit(Trainer(50256))  # which has no row for the end token, though the tokenizer has
    assert [(f.code, len(f.rows)) for f in report.errors] == [("id-out-of-range", 20)]
    wide = [[10, 50260, 12]]  # an id that was added, beyond the tokenizer, but not the model
    assert audit_trainer(Trainer(50304, wide)).codes == ()
    assert audit(Trainer(50257, wide)).codes == ("id-out-of-range",)


def test_declared_beats_what_a_trainer_tells():
    expect = Expectation(vocabulary_size=20)
    assert audit(Trainer(50257), expect=expect).codes[0] == "id-out-of-range"
    assert np.all(np.array(audit(Trainer(50257), expect=expect).errors[0].rows) >= 0)


def test_what_is_said_of_a_batch_as_a_whole_names_the_batch():
    inputs, targets = Collator()([[5, 6, 7], [8, 9]])
    nothing = inputs, torch.full_like(targets, -100)
    report = audit_loader([(inputs, targets), nothing])
    assert [(f.code, f.sentence) for f in report.errors] == [
        (
            "nothing-supervised",
            "Batch 1: No target of this batch is supervised, so its mean loss is 0 divided by 0.",
        )
    ]
    assert audit_loader([nothing] * 2).errors[0].sentence.startswith("Every batch: No target")
    many = audit_loader([(inputs, targets), *[nothing] * 7])
    assert many.errors[0].sentence.startswith("Batches 1, 2, 3, 4, 5 and 2 more: No target")


def test_the_shift_is_known_where_one_batch_tells_it():
    dark = {"input_ids": [[5, 5, 5, 5]], "labels": [[5, 5, 5, 5]]}
    told = {"input_ids": [[5, 6, 7, END]], "labels": [[5, 6, 7, END]]}
    expect = Expectation(end_id=None, pad_id=None)
    assert "shift-undetermined" in audit(dark, expect=expect).codes
    assert "shift-undetermined" in audit_loader([dark, dark], expect=expect).codes
    assert "shift-undetermined" not in audit_loader([dark, told], expect=expect).codes


def test_padding_is_that_of_all_batches():
    wide = Collator(pad_to_multiple_of=64)([[5, 6, 7]])
    full = Collator()([[5] * 200])
    assert "mostly-padding" in audit_loader([wide]).codes
    assert "mostly-padding" not in audit_loader([wide, full]).codes
    share = audit_loader([wide, wide, Collator()([[5] * 8])])
    (note,) = [f for f in share.findings if f.code == "mostly-padding"]
    assert (
        note.sentence
        == f"Of the slots of all batches, {share.tally['padding_share']:.0%} are padding."
    )
