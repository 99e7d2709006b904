"""The data set: entries, formatted and tokenized once."""

import multiprocessing
import os
import pickle
import signal
import tracemalloc

import numpy as np
import pytest

from companion import piecing, storing
from companion.adapting import Tokenizer, adapt_tokenizer
from companion.collating import Collator
from companion.entries import Entry, GivenEntry, load_entries
from companion.formatting import STYLES, PromptStyle
from companion.storing import InstructionDataset
from companion.tokenizing import TokenizedEntry, gpt2_encode, tokenize_entry


def as_lists(batch):
    inputs, targets = batch
    return inputs.tolist(), targets.tolist()


ENTRIES = [
    Entry("Name a colour.", "", "Blue."),
    Entry("Spell it.", "Ocassion", "Occasion"),
    Entry("Say hello in Japanese.", "", "こんにちは 🙂"),
]


def same(left, right):
    """Tell whether two tokenized entries are equal in all they hold."""
    return (
        left.ids.tolist() == right.ids.tolist()
        and left.turns == right.turns
        and left.closed == right.closed
    )


@pytest.mark.parametrize("style", STYLES)
def test_a_dataset_holds_what_tokenizing_gives(style):
    entries = load_entries()
    dataset = InstructionDataset(entries, style)
    assert len(dataset) == len(entries)
    for index, entry in enumerate(entries):
        assert same(dataset[index], tokenize_entry(entry, style))


def test_alpaca_is_the_datasets_default_style():
    assert same(InstructionDataset(ENTRIES)[0], tokenize_entry(ENTRIES[0], "alpaca"))


def test_a_dataset_is_one_flat_array_of_two_bytes_a_token():
    dataset = InstructionDataset(ENTRIES, "plain")
    rows = [tokenize_entry(entry, "plain").ids.tolist() for entry in ENTRIES]
    assert dataset.ids.dtype == np.uint16
    assert dataset.ids.tolist() == rows[0] + rows[1] + rows[2]
    assert dataset.lengths.tolist() == [len(row) for row in rows]


def encode_high(text):
    """Give one id a character, beyond what two bytes hold."""
    return [70_000 + ord(character) for character in text]


def test_a_larger_vocabulary_takes_four_bytes_a_token():
    dataset = InstructionDataset(ENTRIES, "plain", encode_high, None)
    assert dataset.ids.dtype == np.uint32
    assert dataset[1].ids.tolist() == encode_high("Spell it.\nOcassion\nOccasion")


def test_a_header_that_could_not_be_told_stays_unknown():
    dataset = InstructionDataset(ENTRIES, "plain", gpt2_encode, None)
    assert dataset.joint
    assert dataset[0].header_length is None
    assert not InstructionDataset(ENTRIES, "plain").joint


def test_entries_may_come_one_by_one():
    assert len(InstructionDataset(iter(ENTRIES))) == 3


def test_an_index_may_count_from_the_end():
    dataset = InstructionDataset(ENTRIES)
    assert same(dataset[-1], dataset[2])
    assert same(dataset[-3], dataset[0])


@pytest.mark.parametrize("index", [3, -4, 100])
def test_an_index_outside_is_an_index_error(index):
    with pytest.raises(IndexError, match=f"entry {index} of 3"):
        InstructionDataset(ENTRIES)[index]


def test_a_dataset_can_be_walked_to_its_end():
    assert [len(entry.ids) for entry in InstructionDataset(ENTRIES)] == [
        len(tokenize_entry(entry).ids) for entry in ENTRIES
    ]


def test_a_dataset_of_no_entries_is_refused():
    with pytest.raises(ValueError, match="a dataset of no entries has nothing to learn from"):
        InstructionDataset([])


def test_an_entry_that_cannot_be_tokenized_is_named():
    bare = PromptStyle("bare", "{instruction}", header="")
    with pytest.raises(ValueError, match=r"^entry 2: an entry of no tokens has nothing to predict"):
        InstructionDataset([Entry("a", "", ""), Entry("", "", "")], bare)


def test_a_tokenizer_that_gives_negative_ids_is_refused():
    with pytest.raises(ValueError, match="ids are 0 or more; this tokenizer gave -7"):
        InstructionDataset(ENTRIES, "plain", lambda text: [-7] * len(text), None)


def test_an_unknown_style_is_refused():
    with pytest.raises(ValueError, match="there is no prompt style 'llama'"):
        InstructionDataset(ENTRIES, "llama")


def test_there_is_no_progress_bar_unless_asked_for(capfd):
    InstructionDataset(ENTRIES)
    assert capfd.readouterr() == ("", "")
    InstructionDataset(ENTRIES, progress=True)
    out, err = capfd.readouterr()
    assert out == ""
    assert "tokenizing" in err


def test_a_dataset_can_be_pickled(tmp_path):
    dataset = InstructionDataset(ENTRIES)
    dataset.save(tmp_path / "set")
    for whole in (dataset, InstructionDataset.open(tmp_path / "set")):
        again = pickle.loads(pickle.dumps(whole))
        assert all(same(*pair) for pair in zip(again, dataset, strict=True))
        assert again.joint is False


def test_a_saved_dataset_is_opened_as_a_memory_map(tmp_path):
    dataset = InstructionDataset(ENTRIES)
    dataset.save(tmp_path / "set")
    opened = InstructionDataset.open(str(tmp_path / "set"))
    assert isinstance(opened.ids, np.memmap)
    assert opened.ids.dtype == np.uint16
    assert opened.joint is dataset.joint
    assert opened.lengths.tolist() == dataset.lengths.tolist()
    assert all(same(*pair) for pair in zip(opened, dataset, strict=True))
    collate = Collator(mask="prompt_without_header")
    assert as_lists(collate(list(opened))) == as_lists(collate(list(dataset)))


def test_an_opened_dataset_is_pickled_as_its_place_and_opened_again_there(tmp_path, monkeypatch):
    InstructionDataset(load_entries()).save(tmp_path / "set")
    monkeypatch.chdir(tmp_path)
    opened = InstructionDataset.open("set")
    pickled = pickle.dumps(opened)
    assert len(pickled) < 500 < opened.ids.nbytes
    monkeypatch.chdir("/")
    again = pickle.loads(pickled)
    assert all(isinstance(getattr(again, name), np.memmap) for name in ("ids", "offsets"))
    assert all(same(*pair) for pair in zip(again, opened, strict=True))


def test_a_dataset_in_memory_is_pickled_whole(tmp_path):
    dataset = InstructionDataset(load_entries())
    assert len(pickle.dumps(dataset)) > dataset.ids.nbytes


def test_a_memory_map_that_was_cut_short_meanwhile_is_refused_by_the_worker(tmp_path):
    InstructionDataset(ENTRIES).save(tmp_path / "set")
    pickled = pickle.dumps(InstructionDataset.open(tmp_path / "set"))
    file = tmp_path / "set" / "ids.npy"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"damaged: ids\.npy is cut short, .*; save the set again"):
        pickle.loads(pickled)


def test_an_unknown_header_and_the_joint_encoding_survive_saving(tmp_path):
    InstructionDataset(ENTRIES, "plain", gpt2_encode, None).save(tmp_path / "set")
    opened = InstructionDataset.open(tmp_path / "set")
    assert opened.joint is True
    assert opened[0].header_length is None


def test_a_dataset_is_saved_below_folders_that_are_not_there_yet(tmp_path):
    InstructionDataset(ENTRIES).save(tmp_path / "a" / "b" / "set")
    assert len(InstructionDataset.open(tmp_path / "a" / "b" / "set")) == 3


def test_an_existing_folder_is_refused_and_left_alone(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine.txt").write_text("keep")
    with pytest.raises(FileExistsError, match="set: a dataset is saved to a new folder"):
        InstructionDataset(ENTRIES).save(tmp_path / "set")
    assert [file.name for file in tmp_path.rglob("*")] == ["set", "mine.txt"]


def test_nothing_half_written_is_left_behind(tmp_path, monkeypatch):
    def fail(file, array):
        if file.name == "offsets.npy":
            raise OSError("the disk is full")
        file.write_bytes(b"half")

    monkeypatch.setattr(storing.np, "save", fail)
    with pytest.raises(OSError, match="the disk is full"):
        InstructionDataset(ENTRIES).save(tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


FILES = ["ids.npy", "offsets.npy", "turns.npy", "joint.json"]


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no saved dataset"):
        InstructionDataset.open(tmp_path / "no")


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(tmp_path, name):
    InstructionDataset(ENTRIES).save(tmp_path / "set")
    (tmp_path / "set" / name).unlink()
    with pytest.raises(
        FileNotFoundError, match=f"{name}: missing, so .*set holds no saved dataset"
    ):
        InstructionDataset.open(tmp_path / "set")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: b"", lambda data: b"text"])
def test_a_damaged_file_is_refused(tmp_path, name, damage):
    InstructionDataset(ENTRIES).save(tmp_path / "set")
    file = tmp_path / "set" / name
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(ValueError, match=f"set: the saved dataset is damaged: {name} is cut short"):
        InstructionDataset.open(tmp_path / "set")


@pytest.mark.parametrize("name", FILES[:3])
def test_files_of_two_sets_are_refused(tmp_path, name):
    InstructionDataset(ENTRIES).save(tmp_path / "set")
    InstructionDataset(ENTRIES[:2]).save(tmp_path / "other")
    (tmp_path / "other" / name).replace(tmp_path / "set" / name)
    with pytest.raises(ValueError, match="damaged: its arrays are not of one set"):
        InstructionDataset.open(tmp_path / "set")


CHAT = TokenizedEntry([5, 6, 9, 10, 7, 8, 9, 10], [(1, 1, 3, 4), (None, 4, 7, 8)], closed=True)


def test_a_set_of_tokenized_texts_gives_them_back(tmp_path):
    silent = TokenizedEntry([5, 6], [], closed=True)
    items = [CHAT, TokenizedEntry([1, 2, 3], prompt_length=1, header_length=1), silent]
    dataset = InstructionDataset.of(iter(items))
    dataset.save(tmp_path / "set")
    for found in (dataset, InstructionDataset.open(tmp_path / "set")):
        assert all(map(same, found, items))
        assert found.lengths.tolist() == [7, 3, 1]
        assert found.prompt_lengths.tolist() == [1, 1, 2]


def saved(tmp_path):
    folder = tmp_path / "set"
    InstructionDataset.of([CHAT, CHAT, TokenizedEntry([1, 2, 3])]).save(folder)
    return folder


def tamper(name, change):
    """Give what changes one array of a saved set."""

    def tampered(folder):
        array = np.load(folder / f"{name}.npy")
        np.save(folder / f"{name}.npy", change(array))

    return tampered


def put(*place_and_value):
    *place, value = place_and_value

    def change(array):
        array[tuple(place)] = value
        return array

    return change


TAMPERED = {
    "ids of floats": tamper("ids", lambda a: a.astype(float)),
    "signed ids": tamper("ids", lambda a: a.astype(np.int16)),
    "ids in rows": tamper("ids", lambda a: a[None]),
    "fewer ids": tamper("ids", lambda a: a[:-1]),
    "a first offset": tamper("offsets", put(0, 1)),
    "an offset back": tamper("offsets", put(1, 12)),
    "an empty text": tamper("offsets", put(1, 0)),
    "offsets of floats": tamper("offsets", lambda a: a.astype(float)),
    "short offsets": tamper("offsets", lambda a: a[1:]),
    "turns of three": tamper("turns", lambda a: a[:, :3]),
    "flat turns": tamper("turns", lambda a: a.ravel()),
    "a turn beyond its text": tamper("turns", put(1, 3, 9)),
    "a turn backwards": tamper("turns", put(1, 2, 3)),
    "a turn within another": tamper("turns", put(1, 1, 3)),
    "a header of -2": tamper("turns", put(0, 0, -2)),
    "an open text's last turn": tamper("turns", put(4, 2, 3)),
    "a first turn offset": tamper("turn_offsets", put(0, 1)),
    "a turn offset back": tamper("turn_offsets", put(1, 5)),
    "an open text of no turn": tamper("turn_offsets", put(2, 5)),
    "closed of numbers": tamper("closed", lambda a: a.astype(int)),
    "closed in rows": tamper("closed", lambda a: a[None]),
    "closed of fewer": tamper("closed", lambda a: a[1:]),
    "a closed text opened": tamper("closed", put(0, False)),
    "a joint of text": lambda folder: (folder / "joint.json").write_text('"no"'),
    "a joint of 1": lambda folder: (folder / "joint.json").write_text("1"),
    "a joint of noise": lambda folder: (folder / "joint.json").write_bytes(b"\xff\xfe"),
}


@pytest.mark.parametrize("change", TAMPERED.values(), ids=TAMPERED)
def test_what_was_tampered_with_is_refused_on_opening(change, tmp_path):
    folder = saved(tmp_path)
    assert len(InstructionDataset.open(folder)) == 3
    change(folder)
    with pytest.raises(ValueError, match=r"the saved dataset is damaged: .*; save the set again$"):
        InstructionDataset.open(folder)


def test_a_set_saved_before_there_were_turns_is_refused_by_name(tmp_path):
    folder = saved(tmp_path)
    (folder / "turns.npy").rename(folder / "prompts.npy")
    with pytest.raises(ValueError, match="saved before a text could have several answers"):
        InstructionDataset.open(folder)


# Built in its file -----------------------------------------------------------------------


@pytest.mark.parametrize("style", ["alpaca", "chatml"])
def test_a_set_that_is_built_is_the_one_that_is_saved_byte_for_byte(style, tmp_path, monkeypatch):
    entries = load_entries()[:300]
    InstructionDataset(entries, style).save(tmp_path / "saved")
    measure, _, _ = piecing.cut_pieces.__defaults__
    monkeypatch.setattr(piecing.cut_pieces, "__defaults__", (measure, 7, 1000))
    built = InstructionDataset.build(tmp_path / "built", iter(entries), style)
    assert isinstance(built.ids, np.memmap)
    for file in sorted((tmp_path / "saved").iterdir()):
        assert file.read_bytes() == (tmp_path / "built" / file.name).read_bytes()


def test_texts_of_several_answers_are_built_too(tmp_path):
    items = [CHAT, TokenizedEntry([1, 2, 3], prompt_length=1, header_length=1), CHAT]
    built = InstructionDataset.build(tmp_path / "set", iter(items))
    assert all(map(same, built, items))


def test_entries_that_bring_their_prompt_are_built_without_a_template(tmp_path):
    whole = GivenEntry("Q: hi\nA:", "", " yes")
    for dataset in (InstructionDataset([whole]), InstructionDataset.build(tmp_path / "a", [whole])):
        assert dataset.ids.tolist() == gpt2_encode("Q: hi\nA: yes")
        assert dataset.prompt_lengths.tolist() == [len(gpt2_encode("Q: hi\nA:"))]
    styled = InstructionDataset.build(tmp_path / "b", [whole], "alpaca")
    assert same(styled[0], tokenize_entry(whole, "alpaca"))


def test_a_set_is_built_in_bounded_memory(tmp_path, monkeypatch):
    measure, _, _ = piecing.cut_pieces.__defaults__
    monkeypatch.setattr(piecing.cut_pieces, "__defaults__", (measure, 1000, 10_000))

    def peak(many):
        tokenizer = Tokenizer(lambda text: [1] * len(text), lambda ids: "a" * len(ids), size=9)
        entries = (Entry("a", "", "a" * 2000) for _ in range(many))
        tracemalloc.start()
        InstructionDataset.build(tmp_path / str(many), entries, tokenizer=tokenizer)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(1000) - peak(100) < 300_000  # 3,600,000 bytes of ids lie between them


def test_the_width_of_an_id_in_a_file_is_the_tokenizers(tmp_path):
    assert InstructionDataset.build(tmp_path / "a", ENTRIES, tokenizer="smollm2").ids.dtype == "u2"
    high = Tokenizer(encode_high, lambda ids: "".join(chr(id - 70_000) for id in ids), size=1 << 21)
    built = InstructionDataset.build(tmp_path / "b", ENTRIES, "plain", tokenizer=high)
    assert built.ids.dtype == "u4"
    assert built[1].ids.tolist() == encode_high("Spell it.\nOcassion\nOccasion")


def test_an_id_beyond_the_tokenizer_is_refused_with_its_entry(tmp_path):
    items = [TokenizedEntry([1, 2]), TokenizedEntry([3, 4, 5]), TokenizedEntry([6, 49152, 7])]
    sentence = (
        "entry 3: id 49152 is beyond the 49152 of tokenizer smollm2; give the one that made it"
    )
    with pytest.raises(ValueError, match=sentence):
        InstructionDataset.build(tmp_path / "set", items, tokenizer="smollm2")
    assert list(tmp_path.iterdir()) == []


def test_a_build_that_cannot_be_leaves_nothing_behind(tmp_path):
    bare = PromptStyle("bare", "{instruction}", header="")
    bad = [*[Entry("a", "", "b")] * 1500, Entry("", "", "")]
    with pytest.raises(ValueError, match=r"^entry 1501: an entry of no tokens has nothing"):
        InstructionDataset.build(tmp_path / "set", bad, bare)
    with pytest.raises(ValueError, match="a dataset of no entries has nothing to learn from"):
        InstructionDataset.build(tmp_path / "set", [])
    with pytest.raises(ValueError, match="there is no prompt style 'llama'"):
        InstructionDataset.build(tmp_path / "set", ENTRIES, "llama")
    assert list(tmp_path.iterdir()) == []


def die_while_building(folder):
    def entries():
        yield from ENTRIES * 1000
        os.kill(os.getpid(), signal.SIGKILL)

    InstructionDataset.build(folder, entries(), "plain")


def test_a_killed_build_leaves_nothing_that_the_next_one_does_not_remove(tmp_path):
    process = multiprocessing.get_context("fork").Process(
        target=die_while_building, args=(tmp_path / "set",)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".set.unfinished-")
    assert (left / "ids.npy").stat().st_size > 1000  # it was at work
    assert len(InstructionDataset.build(tmp_path / "set", ENTRIES)) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


# A tokenizer of one's own ----------------------------------------------------------------


@pytest.mark.parametrize("source", ["smollm2", adapt_tokenizer("smollm2")])
def test_a_tokenizer_of_any_kind_makes_the_ids(source):
    adapted = adapt_tokenizer("smollm2")
    dataset = InstructionDataset(ENTRIES, "plain", tokenizer=source)
    assert dataset[1].ids.tolist() == adapted.encode("Spell it.\nOcassion\n") + adapted.encode(
        "Occasion"
    )
    assert dataset[1].prompt_length == len(adapted.encode("Spell it.\nOcassion\n"))


def test_a_tokenizer_given_twice_is_refused():
    with pytest.raises(ValueError, match="a tokenizer is given once: `tokenizer`, or `encode`"):
        InstructionDataset(ENTRIES, "plain", encode_high, None, tokenizer="gpt2")


def die_while_saving(folder):
    np.save = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    InstructionDataset(ENTRIES).save(folder)


def test_a_killed_save_leaves_nothing_that_the_next_one_does_not_remove(tmp_path):
    process = multiprocessing.get_context("fork").Process(
        target=die_while_saving, args=(tmp_path / "set",)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".set.unfinished-")
    with pytest.raises(FileNotFoundError):
        InstructionDataset.open(tmp_path / "set")
    InstructionDataset(ENTRIES).save(tmp_path / "set")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def save_late(folder):
    """Save to a folder under whose name another set is saved meanwhile."""
    with storing._new_folder(folder) as late:
        with storing._new_folder(folder) as early:
            assert late.exists()  # one that goes on is no leftover
            (early / "early").touch()
        (late / "late").touch()


def test_of_two_that_save_at_once_the_first_to_end_has_the_name(tmp_path):
    with pytest.raises(FileExistsError, match="set: a dataset is saved to a new folder"):
        save_late(tmp_path / "set")
    assert [path.name for path in tmp_path.rglob("*")] == ["set", "early"]
