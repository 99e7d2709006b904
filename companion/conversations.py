"""A conversation: what was said, turn by turn, before any template makes one text of it.

Two types, and the set that comes with the book. What they leave out: the text and its tokens,
which a chat template gives, and the reading of files (`companion.reading`). Chapter 13.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Message:
    """What one role said.

    `role`: "system", "user", "assistant", "tool", or another that a template knows.
    `more`: whatever else the message brought, as it was given and under the names that
    it had: `tool_calls`, `tool_call_id`, `name`, `reasoning_content`, `weight`.

    >>> Message("user", "Name a colour.").as_dict()
    {'role': 'user', 'content': 'Name a colour.'}
    """

    role: str
    content: str
    more: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def weight(self) -> int | None:
        """Whether the message itself says to be learned from: 1, 0, or None if it does not say.

        >>> Message("assistant", "Blue.", {"weight": 0}).weight
        0
        """
        weight: int | None = self.more.get("weight")
        return weight

    def as_dict(self) -> dict[str, Any]:
        """Give the message as chat templates take it."""
        return {"role": self.role, "content": self.content, **self.more}


@dataclass(frozen=True)
class Conversation:
    """A tuple of messages, and the tools that the assistant was offered, as they were given.

    >>> talk = Conversation((Message("user", "Name a colour."), Message("assistant", "Blue.")))
    >>> len(talk), talk[-1].content, [message.role for message in talk]
    (2, 'Blue.', ['user', 'assistant'])
    """

    messages: tuple[Message, ...]
    tools: tuple[Any, ...] = field(default=(), hash=False)

    def __len__(self) -> int:
        return len(self.messages)

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)

    def __getitem__(self, place: int) -> Message:
        return self.messages[place]


def load_conversations(path: str | Path | None = None) -> list[Conversation]:
    """Read conversations from `path`, or the embedded set when there is no path.

    Raises `FileNotFoundError` where there is no such file, and `EntryError` where the file
    holds anything but conversations.

    >>> talks = load_conversations()
    >>> len(talks), talks[0][0].content
    (200, 'is it accomodation or accommodation?')
    """
    from companion.entries import EntryError  # what reads files knows the types above
    from companion.reading import load_file

    if path is None:
        with as_file(files("companion") / "data" / "conversations.json") as embedded:
            return load_conversations(embedded)
    loaded = load_file(path)
    talks = [row for row in loaded.rows if isinstance(row, Conversation)]
    if not talks:
        raise EntryError(
            f"{loaded.name}: the file holds {loaded.form.gives}, in the form {loaded.form.name}; "
            "companion.reading.load_file reads them"
        )
    return talks
