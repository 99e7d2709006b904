"""Lines that were handed in become one table; what cannot be read is named, and nothing runs."""

import csv
import io
import json

import pytest

from companion.commands import main
from companion.handing import Quizzed, Work, write_line
from companion.tabulating import MOST_BYTES, as_csv, tabulate

ADA = write_line(Work("Ada", "padding", (1, 3), 5, ("shift",), Quizzed(4, 3, 4)))
BEN = write_line(Work("Ben", "start_here", (), 3))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ada.txt").write_text(f"Dear teacher,\n> {ADA}\nAda", "utf-8")
    (tmp_path / "group").mkdir()
    cell = {"cell_type": "code", "source": ["1"], "outputs": [{"text": [f"{BEN}\n"]}]}
    (tmp_path / "group" / "ben.ipynb").write_text(json.dumps({"cells": [cell]}), "utf-8")
    return tmp_path


def told(folder):
    return {row.file: (row.work and row.work.name, row.note) for row in tabulate(folder)}


def test_lines_are_found_in_mails_and_in_what_notebooks_print(folder):
    rows = [row.cells() for row in tabulate(folder)]
    assert rows == [
        ["Ada", "padding", "2", "5", "1 3", "shift", "4 of 4, 3 at once", "ada.txt", ""],
        ["Ben", "start_here", "0", "3", "", "not counted", "not counted", "group/ben.ipynb", ""],
    ]


def test_what_is_not_read_is_named_with_its_reason(folder):
    outside = folder.parent / "outside.txt"
    outside.write_text(ADA, "utf-8")
    (folder / "link.txt").symlink_to(outside)
    (folder / "linked").symlink_to(folder.parent)
    (folder / "large.txt").write_bytes(ADA.encode().ljust(MOST_BYTES + 1))
    (folder / "just.txt").write_bytes(ADA.encode().ljust(MOST_BYTES))
    (folder / "picture.png").write_bytes(b"\x89PNG\xff")
    (folder / "essay.txt").write_text("I did it all.", "utf-8")
    (folder / "typed.txt").write_text(ADA.replace("Ada", "Adb"), "utf-8")
    found = told(folder)
    for name in ("link.txt", "linked"):
        assert found[name] == (None, "a link, which is not followed: put the file itself there")
    assert found["large.txt"] == (None, "larger than 5 MB, and not opened")
    assert found["just.txt"] == ("Ada", "the same line as in ada.txt")
    assert found["picture.png"] == (None, "no text in UTF-8: ask for the line as text")
    assert found["essay.txt"] == (None, "no line to hand in")
    assert found["typed.txt"][0] is None
    assert "do not fit" in found["typed.txt"][1]


def test_a_line_that_came_twice_and_one_of_another_edition_have_a_note(folder):
    (folder / "again.txt").write_text(ADA.replace(" | ", " |\n> "), "utf-8")
    (folder / "other.txt").write_text(write_line(Work("Cem", "padding", (), 9)), "utf-8")
    found = told(folder)
    assert found["again.txt"] == ("Ada", "the same line as in ada.txt")
    assert found["other.txt"] == ("Cem", "this edition has no chapter 'padding' with 9 exercises")


def test_a_batch_of_ones_own_is_handed_in_like_a_chapter(folder):
    (folder / "own.txt").write_text(write_line(Work("Cem", "own_batch", (1, 8), 8)), "utf-8")
    assert told(folder)["own.txt"] == ("Cem", "")


def test_no_cell_of_the_csv_is_a_formula(tmp_path):
    names = ('=HYPERLINK("x")', "+1", "-1", "@sum", " =1")
    lines = [write_line(Work(name, "padding", (), 5)) for name in names]
    (tmp_path / "all.txt").write_text("\n".join(lines), "utf-8")
    (tmp_path / "=1.txt").write_text("", "utf-8")
    text = as_csv(tabulate(tmp_path))
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert [cell for cell in cells if cell.lstrip()[:1] in ("=", "+", "-", "@") and cell] == []
    assert '\'=HYPERLINK("x")' in cells
    assert "'=1.txt" in cells


def test_the_command_prints_the_table_writes_the_csv_and_tells_by_its_status(folder, capsys):
    table = folder.parent / "marks.csv"
    assert main(["marks", str(folder), "--csv", str(table)]) == 0
    said = capsys.readouterr().out
    assert "Ada   padding     2" in said
    assert said.endswith("2 lines; 0 could not be read\n")
    assert table.read_text("utf-8-sig").splitlines()[1].startswith("Ada,padding,2,5,1 3,shift,")
    (folder / "bell.txt").write_text("\x1b[2J\x07", "utf-8")
    assert main(["marks", str(folder)]) == 1
    assert main(["marks", str(folder / "nowhere")]) == 2
    assert "there is no such folder" in capsys.readouterr().err
