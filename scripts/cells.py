"""Print a notebook as a person reads it: its cells and what they print, without the drawings.

    python scripts/cells.py NOTEBOOK

Git shows the difference of two notebooks so, where it was told to (CONTRIBUTING.md says how).
It needs nothing but Python.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def joined(text: str | list[str]) -> str:
    """Give a text that a notebook may hold as its lines."""
    return text if isinstance(text, str) else "".join(text)


def drawn(output: Mapping[str, Any]) -> str:
    """Give an output as text; of what is drawn, how long it is and the words in it."""
    data = output.get("data", {})
    shown = joined(output.get("text", "")) or joined(data.get("text/plain", ""))
    for kind, value in data.items():
        if kind != "text/plain":
            words = (
                re.sub(r"<[^>]*>|\s+", " ", joined(value)) if isinstance(value, (str, list)) else ""
            )
            shown += f"\n[{kind}, {len(str(value)):,} characters] {' '.join(words.split())[:200]}"
    return shown


def show(notebook: Mapping[str, Any]) -> str:
    """Give all cells of a notebook, each with its kind, its source and its outputs."""
    parts = []
    for number, cell in enumerate(notebook["cells"], 1):
        tags = " ".join(cell.get("metadata", {}).get("tags", []))
        parts.append(f"## {number} {cell['cell_type']} {tags}".rstrip())
        parts.append(joined(cell["source"]))
        for output in cell.get("outputs", []):
            parts.append("\n".join(f"> {line}" for line in drawn(output).splitlines()))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    print(show(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))), end="")
