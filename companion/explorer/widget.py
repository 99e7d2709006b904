"""The batch explorer: in Jupyter a widget whose kernel computes, on a page an element alone.

Takes a batch and what a reader can choose, as traits that can be observed and linked. What
it shows comes from `companion.showing.frames`; how, from `explorer.js`. Displayed, it is
also HTML: the element with its state, and a table that can be read without any script.
"""

import html
import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from typing import Any

import anywidget
import traitlets

from companion.conversations import Conversation
from companion.entries import Entry
from companion.explorer.bundle import widget_module
from companion.formatting import PromptStyle
from companion.showing.frames import (
    ENTRIES,
    TALKS,
    TRUNCATIONS,
    Source,
    TokenBytes,
    Writing,
    carry_tokens,
    frames,
    kind_of,
    plain_item,
    read_state,
)
from companion.showing.table import STEPS, BatchTable, stylesheet
from companion.tokenizing import Decode, Encode, gpt2_decode, gpt2_encode, gpt2_token_bytes

STATE = ("entries", "style", "mask", "max_length", "truncation", "fault")
"""The traits that say what the batch is; `step` and `show` say how it is looked at."""


class BatchExplorer(anywidget.AnyWidget):
    """A batch of entries, the six steps as tabs, and the tensors of the chosen step.

    `entries`: 1 to 8 entries, or rows of bare ids. `step`: one of the six. `style`: the name
    of a prompt style, or a `PromptStyle` of your own. `mask`, `max_length`, `truncation`: as
    for the `Collator`. `fault`: a mistake to plant, one of `companion.showing.frames.FAULTS`, or
    None. `show`: "text" or "ids". All of these are traits. `encode`, `decode`, `token_bytes`: a
    tokenizer, which the kernel uses for what is typed.

    `entries` may be conversations instead. Then `style` is the name of a chat template, `mask`
    one of `companion.libraries.CHOICES`, `fault` one of `companion.showing.talks.FAULTS`, and
    the tokenizer SmolLM2's.

    Raises `ValueError` or `TraitError` for a value that is none of these.

    >>> BatchExplorer([[0, 1, 2, 3, 4], [5, 6], [7, 8, 9]], step="pad")
    Step 3, pad: a block of shape (3, 6); of its 18 slots, 5 are pads.
    row 0: 0 1 2 3 4 end
    row 1: 5 6 end pad pad pad
    row 2: 7 8 9 end pad pad
    """

    _esm = widget_module()
    _css = stylesheet() + (files("companion") / "explorer" / "explorer.css").read_text("utf-8")

    entries: traitlets.List[Any] = traitlets.List().tag(sync=True)
    step = traitlets.Enum(STEPS, "format").tag(sync=True)
    show = traitlets.Enum(("text", "ids"), "text").tag(sync=True)
    style = traitlets.Union([traitlets.Unicode(), traitlets.Dict()], default_value="alpaca").tag(
        sync=True
    )
    mask = traitlets.Enum((*ENTRIES.masks, *TALKS.masks), "none").tag(sync=True)
    max_length = traitlets.Int(None, allow_none=True).tag(sync=True)
    truncation = traitlets.Enum(TRUNCATIONS, "cut").tag(sync=True)
    fault = traitlets.Enum((None, *{**ENTRIES.faults, **TALKS.faults}), None, allow_none=True).tag(
        sync=True
    )

    def __init__(
        self,
        entries: Sequence[Source],
        step: str = "format",
        *,
        style: str | PromptStyle | None = None,
        encode: Encode = gpt2_encode,
        decode: Decode | None = gpt2_decode,
        token_bytes: TokenBytes = gpt2_token_bytes,
        **chosen: Any,
    ) -> None:
        self._tokenizer = (encode, decode, token_bytes)
        self._is_made = False  # until all traits are set they are no state yet
        plain = list(map(plain_item, entries))
        kind = kind_of(entries) if plain else ENTRIES
        written = asdict(style) if isinstance(style, PromptStyle) else style or kind.style
        given = {"mask": kind.mask, **chosen}
        super().__init__(entries=plain, step=step, style=written, **given)
        read_state(self.state)
        self._is_made = True
        self.on_msg(self._answer)

    @traitlets.validate("entries", "style", "max_length")
    def _check(self, proposed: Any) -> Any:
        """Refuse what is no state, whether a program sets it or the browser."""
        if self._is_made:
            try:
                read_state({**self.state, proposed["trait"].name: proposed["value"]})
            except ValueError as error:
                raise traitlets.TraitError(str(error)) from None
        return proposed["value"]

    @property
    def state(self) -> dict[str, Any]:
        """What the batch is, as `companion.showing.frames.frames` takes it."""
        return {name: getattr(self, name) for name in STATE}

    @property
    def table(self) -> BatchTable:
        """The same at the chosen step, as a table that stands still."""
        state = read_state(self.state)
        return BatchTable(
            state.items,
            self.step,
            style=state.style,
            mask=state.mask if self.step == "mask" else kind_of(state.items).masks[0],
            max_length=state.max_length,
            show=self.show,
        )

    def _answer(self, _: Any, asked: Any, buffers: Any = None) -> None:
        """Compute the frames that the browser asks for, and send them with its question."""
        if not isinstance(asked, dict) or not isinstance(asked.get("number"), str | int):
            return  # it is no question, and no one waits for an answer
        try:
            answer: dict[str, Any] = {"frames": frames(asked.get("state"), *self._tokenizer)}
        except ValueError as error:
            answer = {"error": f"{error}."}
        self.send({"asked": asked["number"], **answer})

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        own = {"text/plain": repr(self), "text/html": self._repr_html_()}
        return {**data, **own}, metadata

    def _repr_html_(self) -> str:
        return self.html()

    def html(self) -> str:
        """Give the element with its state, and the table to read where no script runs."""
        items = read_state(self.state).items
        texts = [item for item in items if isinstance(item, Entry | Conversation)]
        styles: list[Writing] = list(kind_of(items).styles.values())
        if isinstance(self.style, dict):
            styles.append(PromptStyle(**self.style))
        data = {
            "state": self.state,
            "step": self.step,
            "show": self.show,
            "tokens": carry_tokens(texts, styles),
        }
        packed = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
        return (
            f'<batch-explorer class="full-width" data-step="{html.escape(self.step)}">'
            f'<script type="application/json">{packed}</script>{self.table.html()}'
            "</batch-explorer>"
        )
