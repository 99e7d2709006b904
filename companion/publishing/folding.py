"""Which cells of a chapter only set the stage, and are folded in its page: their code, not
what it shows. A notebook has no word of it, and a reader can unfold.

Takes a notebook as JSON and gives it with MyST-NB's tags for such cells. What it leaves out:
cells that are hidden by a tag of their own.
"""

import ast
import json
from typing import Any

SHOWN = ("StepLine", "BatchExplorer", "PaddingLab", "TrainingLab")
"""What is looked at and used; the code that shows it teaches nothing."""


def folded_as(source: str) -> str | None:
    r"""Name a cell that is folded: "Imports", or "Code" where it shows one of `SHOWN`.

    >>> folded_as("import torch")
    'Imports'
    >>> folded_as("toy = [[0, 1], [2]]\nBatchExplorer(toy, step='pad')")
    'Code'
    >>> folded_as("import torch\ntorch.tensor([0, 1])") is None
    True
    """
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a command of Jupyter's is no Python
        return None
    if not body:
        return None
    if all(isinstance(line, ast.Import | ast.ImportFrom) for line in body):
        return "Imports"
    last = body[-1].value if isinstance(body[-1], ast.Expr) else None
    if isinstance(last, ast.Name):  # what is shown may have got its name in the same cell
        last = next(
            (line.value for line in body if isinstance(line, ast.Assign) and _names(line, last.id)),
            None,
        )
    if isinstance(last, ast.Call) and isinstance(last.func, ast.Name) and last.func.id in SHOWN:
        return "Code"
    return None


def _names(line: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in line.targets)


def fold_cells(notebook: str) -> str:
    """Give a notebook, as JSON, whose cells that only set the stage are tagged `hide-input`."""
    content = json.loads(notebook)
    for cell in content["cells"]:
        tags = cell["metadata"].get("tags", [])
        name = folded_as("".join(cell["source"])) if cell["cell_type"] == "code" else None
        if name and not any(tag.startswith(("hide-", "remove-")) for tag in tags):
            _fold(cell["metadata"], name)
    return json.dumps(content)


def _fold(metadata: dict[str, Any], name: str) -> None:
    metadata["tags"] = [*metadata.get("tags", []), "hide-input"]
    prompts = {"code_prompt_show": name, "code_prompt_hide": name}
    metadata["mystnb"] = {**metadata.get("mystnb", {}), **prompts}
