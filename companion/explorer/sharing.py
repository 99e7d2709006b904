"""Links to batches that an explorer opens: on a built page, and as what to set in Jupyter.

Takes an explorer and, for each batch, what is to be chosen in it. What it leaves out: the
reading of such a link, which is `sharing.js`.
"""

import base64
import html
import json
from collections.abc import Mapping
from typing import Any

from companion.explorer.widget import STATE, BatchExplorer
from companion.showing.frames import read_state


def link_to(explorer: BatchExplorer, place: str = "explorer-1", **chosen: Any) -> str:
    """Give the end of an address that opens a batch in an explorer of the same page.

    `place`: the explorer's id on the page; they are counted from the top. `chosen`: traits,
    which take the place of the explorer's own. Raises `ValueError` for a batch that is none.

    >>> explorer = BatchExplorer([[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]], step="pad")
    >>> link_to(explorer, fault="no_shift", step="shift")[:22]
    '#batch=explorer-1.eyJz'
    """
    unknown = sorted(set(chosen) - {"step", *STATE})
    if unknown:
        raise ValueError(f"an explorer has {', '.join(('step', *STATE))}; found {unknown[0]}")
    state = {**explorer.state, **{name: value for name, value in chosen.items() if name in STATE}}
    read_state(state)
    data = json.dumps({"step": chosen.get("step", explorer.step), "state": state})
    packed = base64.urlsafe_b64encode(data.encode("ascii")).decode("ascii").rstrip("=")
    return f"#batch={place}.{packed}"


class BatchLinks:
    """A list of batches by title, each a link that opens it in the explorer of the page.

    In Jupyter there is no address to lead to; what to set in the explorer stands beside.

    >>> explorer = BatchExplorer([[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]], step="pad")
    >>> BatchLinks(explorer, {"Not shifted": {"fault": "no_shift"}})
    Not shifted: explorer.fault = 'no_shift'
    """

    def __init__(self, explorer: BatchExplorer, batches: Mapping[str, Mapping[str, Any]]) -> None:
        self.batches = {title: dict(chosen) for title, chosen in batches.items()}
        self.links = {title: link_to(explorer, **own) for title, own in self.batches.items()}

    def _repr_html_(self) -> str:
        items = "".join(
            f'<li><a href="{self.links[title]}">{html.escape(title)}</a> '
            f"<code>{html.escape(_settings(chosen))}</code></li>"
            for title, chosen in self.batches.items()
        )
        return f"<ul>{items}</ul>"

    def __repr__(self) -> str:
        return "\n".join(f"{title}: {_settings(own)}" for title, own in self.batches.items())


def _settings(chosen: Mapping[str, Any]) -> str:
    return "; ".join(f"explorer.{name} = {value!r}" for name, value in chosen.items())
