"""Files for tests: one to be read, and the one that a script writes when it is run in haste."""

import json
import subprocess
import sys
from pathlib import Path

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
