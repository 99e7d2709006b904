"""What several masks supervise of one text, side by side: a token a row, a mask a column.

Takes a `TokenizedEntry` and masks by name (`companion.masking`, `companion.libraries`), and
marks where each of them leaves a target. What it leaves out: the targets' shift; a mark stands
at the token that is to be said, not at the place where it is asked for. Chapter 13.
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from companion.adapting import Tokenizer, adapt_tokenizer
from companion.chatting import supervised_positions
from companion.masking import Mask
from companion.showing.glyphs import show_html, show_plain, token_text
from companion.showing.palette import ROLES
from companion.showing.table import UNSTYLED
from companion.tokenizing import TokenizedEntry


@dataclass(frozen=True, repr=False)
class SupervisionTable:
    """The tokens of a text, and which of them each mask supervises.

    `rules`: masks by name, or the names of `companion.MASKS`. `tokenizer`: whatever
    `adapt_tokenizer` takes; its ids are those of the entry.

    >>> entry = TokenizedEntry([5962, 13, 14573, 13, 50256], [(0, 2, 5, 5)], closed=True)
    >>> SupervisionTable(entry, {"all": "none", "answer": "prompt"}, "gpt2")
    A text of 5 tokens, of which these are supervised: all 4, answer 3.
    all: .Blue.<|endoftext|>
    answer: Blue.<|endoftext|>
    """

    entry: TokenizedEntry
    rules: Mapping[str, str | Mask]
    tokenizer: Any = "smollm2"

    def __post_init__(self) -> None:
        if not self.rules:
            raise ValueError("there is nothing to compare: give at least one mask by its name")

    @cached_property
    def _adapted(self) -> Tokenizer:
        return adapt_tokenizer(self.tokenizer)

    @cached_property
    def _marked(self) -> dict[str, list[int]]:
        return {name: supervised_positions(self.entry, rule) for name, rule in self.rules.items()}

    @cached_property
    def _texts(self) -> list[str]:
        ids = [int(id) for id in self.entry.ids]
        if self._adapted.token_bytes is None:
            return [self._adapted.decode([id]) for id in ids]
        return [token_text(token) for token in self._adapted.token_bytes(ids)]

    @property
    def caption(self) -> str:
        """One sentence: how long the text is, and how many tokens each mask supervises."""
        counted = ", ".join(f"{name} {len(marks)}" for name, marks in self._marked.items())
        many = len(self.entry.ids)
        return f"A text of {many} tokens, of which these are supervised: {counted}."

    def _role(self, place: int) -> str:
        for turn in self.entry.turns:
            if turn.header is not None and turn.header <= place < turn.start:
                return "header"
            if turn.start <= place < turn.end - 1:
                return "response"
            if place == turn.end - 1:
                return "end"
            if turn.end <= place < turn.stop:
                return "suffix"
        return "template"

    def _said(self, marks: list[int]) -> str:
        """Give the supervised text, with a gap where it is interrupted."""
        said, before = "", None
        for place in marks:
            said += " … " if before is not None and place != before + 1 else ""
            said += show_plain(self._texts[place], spaces=False)
            before = place
        return said

    def __repr__(self) -> str:
        said = (f"{name}: {self._said(marks)}".rstrip() for name, marks in self._marked.items())
        return "\n".join([self.caption, *said])

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in self.rules)
        rows = "".join(self._row(place, text) for place, text in enumerate(self._texts))
        caption = html.escape(self.caption)
        return (
            '<div class="batch-table">'
            '<div class="bt-scroll" role="region" tabindex="0" aria-label="Supervised, table">'
            f'<table class="bt bt-rules" {UNSTYLED}><caption><span>{caption}</span></caption>'
            f'<thead><tr><th scope="col">place</th><th scope="col">token</th>{heads}</tr></thead>'
            f"<tbody>{rows}</tbody></table></div>{self._legend()}</div>"
        )

    def _row(self, place: int, text: str) -> str:
        cells = "".join(
            '<td data-role="response"><span aria-hidden="true">●</span>'
            '<span class="bt-spoken">supervised</span></td>'
            if place in marks
            else "<td></td>"
            for marks in self._marked.values()
        )
        token = f'<td data-role="{self._role(place)}">{show_html(text)}</td>'
        return f'<tr><th scope="row">{place}</th>{token}{cells}</tr>'

    def _legend(self) -> str:
        present = {self._role(place) for place in range(len(self.entry.ids))}
        words = {"template": "read only", "response": "answer", "end": "end of turn"}
        words["suffix"] = "what follows the end"
        items = "".join(
            f'<li><i data-role="{role}"></i>{words.get(role, look.label)}</li>'
            for role, look in ROLES.items()
            if role in present
        )
        # Hidden where no style sheet shows it, and with it the looks.
        return f'<ul class="bt-legend" aria-label="What the looks mean" hidden>{items}</ul>'
