"""Write the script that brings Python to a page: python scripts/page_python/build.py OUT.js

Takes Pyodide as npm installed it beside this file, trims and compiles its standard library
(`compile.mjs`), changes the text of its worker so that it runs from a double click, adds the
companion's files that judge an answer, and packs it all into one classic script, which sets
`globalThis.pagePython`. `make book` calls it; nothing that it makes is committed.
"""

import base64
import gzip
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
COMPANION = HERE.parents[1] / "companion"
PYODIDE = HERE / "node_modules" / "pyodide"

SHIPPED = ("__init__.py", "checking.py", "entries.py", "formatting.py", "answering/__init__.py",
           "answering/trying.py", "answering/marking.py", "exercises/*.py")  # fmt: skip
"""The companion's files that an answer and its checking need; the standard library is enough
for each of them."""

SOURCES = (
    "build.py",
    "compile.mjs",
    "package.json",
    "package-lock.json",
    "MPL-2.0.txt",
    "PSF-2.txt",
)
"""What is laid beside the script: how it was made, and the licences of what it holds."""

HEAD = """\
// Python for this book's pages. It holds Pyodide {version} (Mozilla Public License 2.0), whose
// source is at https://github.com/pyodide/pyodide/tree/{version}, and CPython with its library
// (Python Software Foundation License 2). What was changed of Pyodide: its worker takes what it
// would fetch from the page, and runs as a classic worker; its library was trimmed and
// compiled. The scripts that did it, and the licences' texts, are in the folder page_python
// beside this file.
"""


def main(out: Path) -> None:
    """Write the script."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library.zip"
        node = Path(sys.executable).with_name("node")
        subprocess.run([node, HERE / "compile.mjs", PYODIDE, library], check=True)
        kept = library.read_bytes()
    lock = json.loads((PYODIDE / "pyodide-lock.json").read_text("utf-8"))
    parts = {
        "worker": _packed(_worker().encode()),
        "engine": _packed((PYODIDE / "pyodide.asm.wasm").read_bytes()),
        "library": _packed(kept),
        # Without packages: there is nothing that a page could fetch.
        "lock": {"info": lock["info"], "packages": {}},
        "files": companion_files(),
    }
    version = json.loads((PYODIDE / "package.json").read_text("utf-8"))["version"]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(
        f"{HEAD.format(version=version)}globalThis.pagePython = {json.dumps(parts)};\n",
        encoding="utf-8",
    )
    beside = out.parent / "page_python"
    beside.mkdir(exist_ok=True)
    for source in (*SOURCES, COMPANION / "answering" / "worker.js"):
        shutil.copy(HERE / source, beside)


def companion_files() -> dict[str, str]:
    """Give the companion's files for the page, by their path."""
    found = sorted(path for pattern in SHIPPED for path in COMPANION.glob(pattern))
    return {
        f"companion/{path.relative_to(COMPANION).as_posix()}": path.read_text("utf-8")
        for path in found
    }


def _worker() -> str:
    """Give the text of a classic worker: Pyodide's loader and engine, and ours.

    A classic worker is the only one that a page opened by double click may start. Pyodide
    would refuse it where it finds `importScripts`, and `import.meta` is an error in it.
    """
    loader = (PYODIDE / "pyodide.js").read_text("utf-8")
    loader = loader.replace("//# sourceMappingURL=pyodide.js.map", "")
    engine = (PYODIDE / "pyodide.asm.mjs").read_text("utf-8")
    for old, new in (
        (
            "export default _createPyodideModule;",
            "self.createPyodideModule = _createPyodideModule;",
        ),
        ("import.meta.url", '"file:///python/pyodide.asm.mjs"'),
    ):
        if old not in engine:
            raise ValueError(f"this Pyodide has no {old!r}: look how its worker is made now")
        engine = engine.replace(old, new)
    ours = (COMPANION / "answering" / "worker.js").read_text("utf-8")
    return f"self.importScripts = undefined;\n{loader}\n{engine}\n{ours}"


def _packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode("ascii")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
