// Trim the page's standard library, and compile it: node compile.mjs ENGINE_FOLDER OUT.zip
// It keeps the modules that Python loads to start, and those that an answer may import with
// all that these need; compiled by the same Python, they start three times as fast.
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";

const [folder, out] = process.argv.slice(2).map((name) => path.resolve(name));
const { loadPyodide } = await import(pathToFileURL(path.join(folder, "pyodide.mjs")));
const pyodide = await loadPyodide({ indexURL: folder });
pyodide.FS.writeFile("/whole.zip", fs.readFileSync(path.join(folder, "python_stdlib.zip")));
pyodide.runPython(`
import importlib, importlib.util, marshal, sys, zipfile

ANSWERS_MAY_IMPORT = """
__future__ abc ast base64 bisect calendar collections colorsys contextlib copy dataclasses
datetime decimal difflib enum fractions functools graphlib hashlib heapq importlib.resources
inspect io itertools
json keyword linecache math numbers operator os pprint random re reprlib statistics string
struct textwrap time timeit traceback types typing warnings weakref
"""
for name in ANSWERS_MAY_IMPORT.split():
    importlib.import_module(name)
whole = zipfile.ZipFile("/whole.zip")
files = (getattr(module, "__file__", None) or "" for module in list(sys.modules.values()))
keep = {file.split(".zip/", 1)[1] for file in files if ".zip/" in file}
# Encodings are looked up by name, and Pyodide's own modules load one another late.
keep |= {name for name in whole.namelist()
         if name.endswith(".py") and name.split("/")[0] in ("_pyodide", "pyodide")}
with zipfile.ZipFile("/kept.zip", "w", zipfile.ZIP_STORED) as kept:  # packed as a whole later
    for name in sorted(keep):
        own = "pyodide" in name  # whose docstrings and asserts it reads itself
        code = compile(whole.read(name), name, "exec", dont_inherit=True, optimize=0 if own else 2)
        head = importlib.util.MAGIC_NUMBER + bytes(12)  # no flags, no time, no size
        kept.writestr(zipfile.ZipInfo(name + "c"), head + marshal.dumps(code))
`);
fs.writeFileSync(out, pyodide.FS.readFile("/kept.zip"));
