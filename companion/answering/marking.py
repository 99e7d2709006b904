"""Mark an answer whose program ran in another Python: only values cross, and they are judged here.

There are two sides, each in a Python of its own. The student's side (`answers_of`) runs the
cells of a notebook and calls the functions that answer exercises, on cases that it is given. The
judge's side gives the cases (`cases_of`) and judges the answers (`judge`) by `companion.checking`,
as a notebook would; no line of a student's runs there. Whoever overwrites `check` in a notebook
overwrites a copy that nobody asks. What it leaves out: ending a program that never ends, which
the page does by ending the student's Python as a whole.
"""

import ast
import io
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

from companion.answering.trying import FILE, NeverEnds, run_import, trace_until
from companion.checking import check
from companion.exercises import EXERCISES, WITH_TENSORS

MOST_VALUES = 200_000
"""Values of one answer that may cross, so that no answer fills the judge's memory."""

MOST_LETTERS = 2_000_000
"""Letters of all answers to one exercise, written as JSON, that the judge reads."""

NOT_MARKED = "not marked"


# Values that cross. Only these kinds do, by their exact type: what a student's own class says
# of itself when it is compared must not be asked.


def pack(value: Any) -> Any:
    """Write a plain value as what JSON can hold; `ValueError` for any other value.

    >>> pack([1, (2.5, None)])
    {'list': [1, {'tuple': [{'float': '2.5'}, None]}]}
    """
    return _pack(value, [MOST_VALUES])


def _pack(value: Any, left: list[int]) -> Any:
    left[0] -= 1
    if left[0] < 0:
        raise ValueError(f"it gives more than {MOST_VALUES:,} values")
    kind = type(value)
    if value is None or value is ... or kind in (bool, int, str):
        return {"ellipsis": 0} if value is ... else value
    if kind is float:
        return {"float": repr(value)}
    if kind is bytes:
        return {"bytes": value.hex()}
    if kind in (list, tuple, set, frozenset):
        return {kind.__name__: [_pack(each, left) for each in value]}
    if kind is dict:
        return {"dict": [[_pack(k, left), _pack(v, left)] for k, v in value.items()]}
    raise ValueError(f"it gives a value of the type {kind.__name__}, which is no plain value")


def unpack(packed: Any) -> Any:
    """Give the value that `pack` wrote; `ValueError` for what it never writes.

    >>> unpack(pack({"rows": [b"a", (1,)]}))
    {'rows': [b'a', (1,)]}
    """
    if packed is None or type(packed) in (bool, int, str):
        return packed
    if type(packed) is not dict or len(packed) != 1:
        raise ValueError("what came across is no packed value")
    ((kind, held),) = packed.items()
    try:
        return _UNPACKED[kind](held)
    except (KeyError, TypeError, AttributeError):
        raise ValueError("what came across is no packed value") from None


_UNPACKED: dict[str, Callable[[Any], Any]] = {
    "ellipsis": lambda held: ...,
    "float": lambda held: float(held),
    "bytes": lambda held: bytes.fromhex(held),
    "list": lambda held: [unpack(each) for each in held],
    "tuple": lambda held: tuple(unpack(each) for each in held),
    "set": lambda held: {unpack(each) for each in held},
    "frozenset": lambda held: frozenset(unpack(each) for each in held),
    "dict": lambda held: {unpack(key): unpack(value) for key, value in held},
}


# The student's side.


def answers_of(
    cells: Sequence[str], cases: Mapping[str, Sequence[Any]], seconds: float = 5
) -> dict[str, dict[str, Any]]:
    """Run the code cells of a notebook, and call each function on its packed cases.

    `cells`: their sources, in order; one that raises or goes on for more than `seconds` is left
    where it stops, as in a notebook. `cases`: for the name of each exercise, its cases.

    For each name the result has `answers`, for each case what the function gave and what became
    of its arguments, or what it raised; or, where there are none, `reason`.

    >>> answers_of(["def double(x): return [2 * x]"], {"double": [pack({"x": 2})]})
    {'double': {'answers': [{'gave': {'list': [4]}, 'given': {'dict': [['x', 2]]}}]}}
    """
    space: dict[str, Any] = {"__name__": "__main__"}
    reasons: dict[str, str] = {}
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        for source in cells:
            said = _run_cell(source, space, seconds)
            if said:
                reasons |= {name: said for name in cases if _defines(source, name)}
        return {
            name: _called(space.get(name), reasons.get(name, ""), packed, seconds)
            for name, packed in cases.items()
        }


@contextmanager
def _watched(until: float) -> Iterator[None]:
    """Stop the lines of a notebook that go on after a while."""
    sys.settrace(trace_until(until))
    try:
        yield
    finally:
        sys.settrace(None)


def _defines(source: str, name: str) -> bool:
    return f"def {name}(" in source or f"check({name})" in source


def _run_cell(source: str, space: dict[str, Any], seconds: float) -> str:
    """Run a cell; give why it stopped, or nothing."""
    lines = ["" if line.lstrip()[:1] in ("%", "!") else line for line in source.splitlines()]
    try:
        tree = ast.parse("\n".join(lines), FILE)
        with _watched(time.monotonic() + seconds):
            for node in tree.body:
                if isinstance(node, ast.Import | ast.ImportFrom):
                    run_import(node, space)
                else:
                    exec(compile(ast.Module([node], []), FILE, "exec"), space)
    except NeverEnds as stop:
        return f"its cell was stopped after {seconds:g} seconds, at line {stop}"
    except BaseException as error:  # SystemExit, too, is the cell's own
        return f"its cell raises {type(error).__name__}: {str(error)[:200]}"
    return ""


def _called(function: Any, reason: str, packed: Sequence[Any], seconds: float) -> dict[str, Any]:
    """Call a function on each packed case, and pack what it gives."""
    if not callable(function):
        return {"reason": reason or "there is no such function in the notebook"}
    answers: list[dict[str, Any]] = []
    until = time.monotonic() + seconds
    for case in packed:
        given = unpack(case)
        try:
            with _watched(until):
                gave = function(**given)
            answers.append({"gave": pack(gave), "given": pack(given)})
        except NeverEnds as stop:
            return {"reason": f"stopped after {seconds:g} seconds, at line {stop}"}
        except ValueError as error:
            answers.append(_raised(error))
            if "no plain value" in str(error) or "more than" in str(error):
                return {"reason": str(error)}
        except BaseException as error:
            answers.append(_raised(error))
    return {"answers": answers}


def told_of(name: str, function: Any, seconds: float = 5) -> dict[str, Any]:
    """Give what `judge` is to be told of a function that is there already, as in a notebook."""
    (packed,) = cases_of([name]).values()
    return _called(function, "", packed, seconds)


def _raised(error: BaseException) -> dict[str, str]:
    return {"raised": type(error).__name__, "said": str(error)[:500]}


# The judge's side.


def cases_of(names: Sequence[str]) -> dict[str, list[Any]]:
    """Give the packed cases of exercises, by name, but for those that need PyTorch.

    >>> unpack(cases_of(["mean_surprise"])["mean_surprise"][0])
    {'probabilities': [1.0]}
    """
    return {
        name: [pack(case) for case in EXERCISES[name].cases()]
        for name in names
        if name in EXERCISES and name not in WITH_TENSORS
    }


def judge(name: str, told: Any) -> dict[str, str]:
    """Judge what the student's side told of an exercise: a `mark` and a `sentence`.

    The mark is *right*, *wrong*, *not attempted*, or *not marked*, with the reason. `told` may be
    anything at all: a program that was run there may have written it.

    >>> judge("grid_shape", {"answers": [{"gave": 3, "given": 3}]})["mark"]
    'not marked'
    """
    if name in WITH_TENSORS:
        return _not_marked("it needs PyTorch; run it yourself, where nothing can be lost")
    try:
        if len(json.dumps(told)) > MOST_LETTERS:
            return _not_marked("its answers are too large")
        if "answers" not in told:
            return _not_marked(str(told["reason"])[:500])
        cases = EXERCISES[name].cases()
        recorded = [_recorded(answer) for answer in told["answers"]]
        if len(recorded) != len(cases):
            return _not_marked("not every case was answered")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return _not_marked("what its program gave cannot be read")
    verdict = check(_replayed(name, recorded))
    if verdict.right:
        mark = "right"
    else:
        mark = "not attempted" if verdict.sentence.endswith("not attempted yet") else "wrong"
    return {"mark": mark, "sentence": verdict.sentence}


def _not_marked(reason: str) -> dict[str, str]:
    return {"mark": NOT_MARKED, "sentence": f"{reason[:1].upper()}{reason[1:]}."}


def _recorded(answer: Any) -> tuple[Any, Any, Exception | None]:
    """Give what a function gave, what it left of its arguments, and what it raised."""
    if "raised" in answer:
        kind = str(answer["raised"])[:60]
        if kind == "NotImplementedError":
            return None, None, NotImplementedError()
        return None, None, type(kind, (Exception,), {})(str(answer["said"])[:500])
    return unpack(answer["gave"]), unpack(answer["given"]), None


def _replayed(name: str, recorded: list[tuple[Any, Any, Exception | None]]) -> Callable[..., Any]:
    """Give a function that answers as the student's did, call by call, without running it."""
    calls = iter(recorded)

    def replay(**case: Any) -> Any:
        gave, given, raised = next(calls)
        if raised is not None:
            raise raised
        if repr(given) != repr(case):  # then show the change to whoever looks for it
            for value in case.values():
                if isinstance(value, list):
                    value.append(None)
                elif isinstance(value, dict):
                    value[None] = None
        return gave

    replay.__name__ = name
    return replay


def call(part: str, arguments: str) -> str:
    """Call one of the three functions, with its arguments and its result as JSON."""
    parts: dict[str, Callable[..., Any]] = {
        "cases": cases_of,
        "answers": answers_of,
        "judge": judge,
    }
    return json.dumps(parts[part](*json.loads(arguments)))


if __name__ == "__main__":
    # For a grading program: what a function gave comes in, and the mark goes out.
    found = judge(sys.argv[1], json.loads(sys.stdin.read()))
    print(f"{found['mark']}. {found['sentence']}")
