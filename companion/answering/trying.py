"""Try one answer to an exercise: run what a reader wrote, and say what `check` says.

It runs in the page's Python, where there is the standard library alone, and in CPython, where
the tests hold both to the same sentences. What it leaves out: anything that must outlive an
answer that never ends; the page ends the whole worker then.
"""

import ast
import io
import json
import random
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from types import FrameType, ModuleType
from typing import Any

from companion.checking import check

FILE = "<your answer>"
MOST_OUTPUT = 20_000
"""Characters of what an answer prints, and of an error, that are kept."""

random.Random("")  # finds its hash at the first text, which would look like a change below

# What `check` and this module rely on; where an answer has changed one, nothing that is said
# after it can be trusted, and Python has to start anew.
_RELIED_ON = ("builtins", "copy", "inspect", "io", "json", "random", "re", "sys", "traceback")


class NeverEnds(BaseException):
    """No Exception, so that neither the answer nor `check` takes it for one of theirs."""


class _Cut(io.StringIO):
    """Keeps the beginning of what is printed, and forgets the rest."""

    def write(self, text: str) -> int:
        super().write(text[: max(MOST_OUTPUT - self.tell(), 0)])
        return len(text)


def try_answer(source: str, name: str, imports: str = "", seconds: float = 5) -> dict[str, Any]:
    r"""Run an answer and check the function that it defines; give what there is to tell.

    `source`: what the reader wrote. `name`: the exercise. `imports`: the source of the
    chapter's first cell, of whose imports those are made that can be had here. `seconds`:
    when an answer that goes on is stopped.

    The result has `right`; `sentence`, that of `check` or of what prevented it; `printed`;
    and `spoiled`, whether the answer changed what later answers rely on.

    >>> try_answer("def grid_shape(grid): return 0, 0", "grid_shape")["sentence"]
    'grid_shape: not yet. Together they count all the numbers in the grid.\nIt fails for grid=...'
    >>> try_answer("while True: pass", "grid_shape", seconds=0.1)["sentence"]
    'grid_shape: stopped after 0.1 seconds, at line 1. Does a loop never end?'
    """
    found = {"right": False, "sentence": "", "printed": "", "spoiled": False}
    printed = _Cut()
    before = _state()
    until = time.monotonic() + seconds
    try:
        space = _imported(imports)
        with redirect_stdout(printed), redirect_stderr(printed):
            sys.settrace(trace_until(until))
            try:
                exec(compile(source, FILE, "exec"), space)
                if callable(space.get(name)):
                    verdict = check(space[name])
                    found["right"], found["sentence"] = verdict.right, verdict.sentence
                else:
                    found["sentence"] = f"There is no function {name} in your answer."
            finally:
                sys.settrace(None)
    except NeverEnds as stop:
        found["sentence"] = (
            f"{name}: stopped after {seconds:g} seconds, at line {stop}. Does a loop never end?"
        )
    except BaseException as error:  # SystemExit and KeyboardInterrupt, too, are the answer's own
        found["sentence"] = _told(error, source)
    found["printed"] = printed.getvalue()
    after = _state()
    found["spoiled"] = any(after.get(place) != held for place, held in before.items())
    return found


def try_answer_as_json(source: str, name: str, imports: str, seconds: float) -> str:
    """Give `try_answer`'s result as JSON, in which it leaves the page's Python."""
    return json.dumps(try_answer(source, name, imports, seconds))


def _imported(source: str) -> dict[str, Any]:
    """Make the imports that can be had here."""
    space: dict[str, Any] = {"__name__": "__main__"}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            run_import(node, space)
    return space


def run_import(node: ast.Import | ast.ImportFrom, space: dict[str, Any]) -> None:
    """Import into a space, name by name: one that is missing here costs itself alone."""
    for alias in node.names:
        one: ast.stmt = (
            ast.Import([alias])
            if isinstance(node, ast.Import)
            else ast.ImportFrom(node.module, [alias], node.level)
        )
        code = compile(ast.fix_missing_locations(ast.Module([one], [])), "<imports>", "exec")
        with suppress(ImportError):
            exec(code, space)


def trace_until(until: float) -> Callable[..., Any]:
    """Give a trace function that stops the reader's own lines after a while."""

    def step(frame: FrameType, event: str, argument: Any) -> Any:
        if time.monotonic() > until:
            raise NeverEnds(frame.f_lineno)
        return step

    def call(frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != FILE:
            return None
        # A loop on one line has no new line to be asked at, in some Pythons.
        frame.f_trace_opcodes = True
        return step

    return call


def _told(error: BaseException, source: str) -> str:
    """Tell an error as a traceback does, from the reader's own lines alone."""
    lines = source.splitlines()
    steps = [
        f"line {step.lineno}, in {step.name}: {lines[(step.lineno or 1) - 1].strip()}"
        for step in traceback.extract_tb(error.__traceback__)
        if step.filename == FILE
    ]
    last = "".join(traceback.format_exception_only(error)).strip()
    return "\n".join([*steps[:3], *(["..."] if len(steps) > 3 else []), last])[:MOST_OUTPUT]


def _state() -> dict[tuple[str, ...], int]:
    """Give which object stands under each name of what is relied on, by its identity."""
    state: dict[tuple[str, ...], int] = {}
    for module in [*_RELIED_ON, *(m for m in sys.modules if m.startswith("companion"))]:
        held = sys.modules.get(module)
        if not isinstance(held, ModuleType):
            state[module,] = id(held)
            continue
        for name, value in vars(held).items():
            if name.startswith("last_") or (module == "sys" and name in _SYS_CHANGES):
                continue
            state[module, name] = id(value)
            if isinstance(value, type) and module != "builtins":
                state.update(((module, name, k), id(v)) for k, v in vars(value).items())
    return state


_SYS_CHANGES = ("stdout", "stderr", "modules")
"""What this module itself changes in `sys`, and what grows by every import."""
