"""Render: a chat template written in Jinja becomes text, in a process of its own.

Such a template is a program, and most come with somebody's model. So it runs in the sandbox
of transformers, in a process that has two seconds, 512 MB and 1 MB of output for each text.
Gives `Piece`s, as templates made of data do. Where the answers are is told by the template's
`{% generation %}` markers, or else by rendering the conversation again up to each answer,
which is refused where that is no beginning of the whole. What it leaves out: tokens
(`companion.chatting`). Memory is limited on Linux alone. Chapter 13.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import queue
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # run as a program, this file imports nothing of the package
    from collections.abc import Collection, Iterator, Mapping

    from companion.adapting import Tokenizer
    from companion.conversations import Conversation
    from companion.templates import Piece

SECONDS = 2
"""How long the rendering of one text may take; the start of the process is not counted."""

MEGABYTES = 512
"""How much memory the template may take, beyond what its process has before it runs."""

OUTPUT = 1_000_000
"""How many bytes a text may have."""

STARTING_SECONDS = 60
MARKER = re.compile(r"\{%-?\s*generation\s*-?%\}")

Span = tuple[int, int]


class Renderer:
    """A process that renders one Jinja template, for as long as a `with` block lasts.

    `special`: the tokenizer's special tokens. What a message holds of their text is broken in
    two by a character that `rendered_pieces` takes out again, so that those of the rendered
    text that are whole are the template's own.

    Raises `ValueError` where transformers is missing, where the template is no Jinja or
    refuses the messages, and where it takes too much time, memory or room.
    """

    def __init__(self, source: str, special: Mapping[str, int], tokenizer: Tokenizer) -> None:
        self.source = source
        self.special = special
        self.has_markers = MARKER.search(source) is not None
        ids = {
            "bos_token": tokenizer.beginning,
            "eos_token": tokenizer.end,
            "pad_token": tokenizer.pad,
        }
        self.variables = {
            name: tokenizer.decode([id]) for name, id in ids.items() if id is not None
        }

    def __enter__(self) -> Renderer:
        for package in ("transformers", "jinja2"):
            if importlib.util.find_spec(package) is None:
                raise ValueError(
                    "a chat template written in Jinja is rendered by the package transformers: "
                    "pip install transformers jinja2"
                )
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__],  # -P: this folder is no place to import from
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TRANSFORMERS_VERBOSITY": "error", "HF_HUB_OFFLINE": "1"},
        )
        self._lines: queue.Queue[bytes] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self._wait(STARTING_SECONDS, "transformers was not imported within {} seconds")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def __call__(
        self, conversation: Conversation, count: int | None = None, prompt: bool = False
    ) -> tuple[str, list[Span]]:
        """Give the text of the first `count` messages, and the spans that are marked in it.

        `prompt`: whether the header of an answer follows, as where a model is asked.
        """
        messages = [message.as_dict() for message in conversation][:count]
        request = {
            "conversations": [messages],
            "tools": list(conversation.tools) or None,
        }
        request = _broken(request, self.special, breaker(conversation))
        request |= {
            "chat_template": self.source,
            "return_assistant_tokens_mask": self.has_markers,
            "add_generation_prompt": prompt,
            **self.variables,
        }
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # then there is no answer, either, and that is told
        answer = self._wait(SECONDS, "the chat template was not done within {} seconds")
        if "error" in answer:
            raise ValueError(f"the chat template cannot be rendered: {answer['error']}")
        return answer["text"], [(start, stop) for start, stop in answer["spans"]]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def _wait(self, seconds: int, late: str) -> dict[str, Any]:
        """Give the next answer of the process; one that does not come ends it."""
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            self._process.kill()
            raise ValueError(late.format(seconds)) from None
        if not line:
            raise ValueError(
                "the process of the chat template ended before its work did; that is what "
                f"happens where it asks for more than {MEGABYTES} MB"
            )
        answer: dict[str, Any] = json.loads(line)
        return answer


# From text to pieces --------------------------------------------------------------------


def rendered_pieces(
    conversation: Conversation, answers: Collection[int], render: Renderer
) -> list[Piece]:
    """Give a conversation's text as pieces; only those of `answers` name their message.

    Raises `ValueError` where the template does not tell where the answers are.
    """
    text, marked = render(conversation)
    if render.has_markers:
        header = _prompt_header(text, conversation, render)
        spans = _of_messages(marked, conversation, answers)
        found = {number: (_header(text, header, span[0]), *span) for number, span in spans.items()}
    else:
        found = {number: _by_prefixes(number, conversation, render, text) for number in answers}
    return list(_cut(text, found, render.special, breaker(conversation)))


def rendered_prompt(conversation: Conversation, render: Renderer) -> list[Piece]:
    """Give the pieces that a model is given to be asked: the conversation, and a header."""
    text, _ = render(conversation, prompt=True)
    return list(_cut(text, {}, render.special, breaker(conversation)))


def _of_messages(
    marked: list[Span], conversation: Conversation, answers: Collection[int]
) -> dict[int, Span]:
    """Say which message each marked span is; spans of no text are none."""
    spans = [span for span in marked if span[1] > span[0]]
    own = [i for i, message in enumerate(conversation) if message.role == "assistant"]
    if len(spans) == len(own):
        return {number: span for number, span in zip(own, spans, strict=True) if number in answers}
    if set(own) == set(answers):
        return dict(enumerate(spans))
    raise ValueError(
        f"the chat template marks {len(spans)} spans in a conversation of {len(own)} answers, so "
        "it is not known which of them are to be left out"
    )


def _by_prefixes(
    number: int, conversation: Conversation, render: Renderer, text: str
) -> tuple[int | None, int, int]:
    """Give where an answer's header begins, where the answer does, and where its turn ends."""
    before, _ = render(conversation, number) if number else ("", [])
    asked, _ = render(conversation, number, prompt=True)
    said, _ = render(conversation, number + 1)
    for part, whole, name in ((asked, said, "that answer"), (said, text, "all messages")):
        if not whole.startswith(part):
            same = _same(part, whole)
            raise ValueError(
                "the chat template has no {% generation %} markers, and the text up to message "
                f"{number + 1} is no beginning of the text with {name}: {part[same:][:30]!r} "
                f"becomes {whole[same:][:30]!r}; so nobody can tell where the answers are. Take a "
                "template with markers, or one that is data"
            )
    if len(said) == len(asked):
        raise ValueError(f"the chat template writes nothing for message {number + 1}, an answer")
    header = len(before) if asked.startswith(before) else None
    return header, len(asked), len(said)


def _same(left: str, right: str) -> int:
    """Count the characters that both begin with."""
    pairs = zip(left, right, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))


def _prompt_header(text: str, conversation: Conversation, render: Renderer) -> str:
    """Give the header of an answer, as it is written to ask the model."""
    asked, _ = render(conversation, prompt=True)
    return asked[len(text) :] if asked.startswith(text) else ""


def _header(text: str, header: str, start: int) -> int | None:
    """Find where the header before an answer begins; its last part may be in the marked span."""
    for length in range(len(header), 0, -1):
        if text.endswith(header[:length], 0, start):
            return start - length
    return None


Found = tuple[int | None, int, int]
"""Where an answer's header begins, if that is known, where the answer does, and its end."""


def _cut(
    text: str, answers: Mapping[int, Found], special: Mapping[str, int], broken_by: str
) -> Iterator[Piece]:
    """Cut a rendered text at the borders of its answers, and at its special tokens."""
    from companion.templates import Piece

    def pieces(start: int, stop: int, kind: str, owner: int | None) -> list[Piece]:
        return [
            Piece(part.replace(broken_by, ""), kind, owner, part in special)
            for part in _parts(text[start:stop], special)
        ]

    place = 0
    for number, (header, start, stop) in sorted(answers.items(), key=lambda item: item[1][1]):
        begin = start if header is None else max(header, place)
        yield from pieces(place, begin, "text", None)
        yield from pieces(begin, start, "header", number)
        said = pieces(start, stop, "text", number)
        # What ends an answer is the last special token in it; what stands behind that follows.
        last = max((i for i, piece in enumerate(said) if piece.special), default=len(said))
        for i, piece in enumerate(said):
            yield piece._replace(kind="text" if i < last else "end" if i == last else "after")
        place = stop
    yield from pieces(place, len(text), "text", None)


def _parts(text: str, special: Mapping[str, int]) -> list[str]:
    """Cut a text at the special tokens in it; where one begins with another, the longer counts."""
    longest_first = sorted(special, key=len, reverse=True)
    if not longest_first:
        return [text] if text else []
    pattern = "|".join(map(re.escape, longest_first))
    return [part for part in re.split(f"({pattern})", text) if part]


# What a message says is text ------------------------------------------------------------


def breaker(conversation: Conversation) -> str:
    """Give a character that stands nowhere in the conversation, to break special tokens with."""
    told = [[message.as_dict() for message in conversation], conversation.tools]
    held = json.dumps(told, ensure_ascii=False)
    return next(chr(code) for code in range(0xF0000, 0xFFFFE) if chr(code) not in held)


def _broken(value: Any, special: Mapping[str, int], by: str) -> Any:
    """Break all that reads as a special token, in every string of a value."""
    if isinstance(value, str):
        # The token's own text has two characters or more, <> at least.
        parts = _parts(value, special)
        return "".join(part[0] + by + part[1:] if part in special else part for part in parts)
    if isinstance(value, dict):
        return {_broken(k, special, by): _broken(held, special, by) for k, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [_broken(held, special, by) for held in value]
    return value


# The process ----------------------------------------------------------------------------


def serve() -> None:
    """Answer requests, a line of JSON each, until there are no more."""
    utilities = importlib.import_module("transformers.utils.chat_template_utils")
    _limit_memory()
    _say({"ready": True})
    for line in sys.stdin.buffer:
        request = json.loads(line)
        try:
            (text,), spans = utilities.render_jinja_template(**request)
            size = len(text.encode("utf-8", "surrogatepass"))
            if size > OUTPUT:
                raise ValueError(f"it writes {size:,} bytes, and may write {OUTPUT:,}")
            _say({"text": text, "spans": spans[0] if spans else []})
        except MemoryError:
            _say({"error": f"it asks for more than {MEGABYTES} MB of memory"})
        except Exception as error:  # a template can raise whatever it likes
            said = " ".join(f"{type(error).__name__}: {error}".split())
            _say({"error": said if len(said) < 300 else said[:300] + "..."})


def _limit_memory() -> None:
    if sys.platform != "linux":
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEGABYTES * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    serve()
