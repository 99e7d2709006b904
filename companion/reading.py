"""Reading anybody's file: what it is and in which form is told from the file, and said.

Takes a path, or `-` for standard input, and gives entries, conversations or token rows.
JSON lists, JSON lines, CSV and parquet, in gzip or not (`companion.parsing`); Alpaca,
prompt/completion, Dolly, messages, ShareGPT and rows of ids (`companion.forms`). What it
leaves out: any judgement of the text, which is the work of `companion.surveying`. Chapter 01.
"""

import os
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from companion.entries import EntryError
from companion.formatting import PromptStyle
from companion.forms import ALPACA, Form, Row, common_form, form_of, unknown
from companion.parsing import ParsingError, Raw, kind, open_source

SAMPLE = 100
"""From so many values the form of a file is told."""

MOST_KEYS = 1000
"""When so many were seen, no others are kept: a file may have new ones in every row."""

LISTED = 10
"""So many faults are written out, and the rest are counted."""


@dataclass(frozen=True)
class Loaded:
    """What was read: the rows, all of one kind, and what the file is.

    `form`: whose `gives` is "entries", "conversations" or "token rows". `layout`: such as
    "JSON lines, in gzip". `unread`: the keys that nothing was read from.
    """

    name: str
    layout: str
    form: Form
    rows: tuple[Row, ...]
    unread: tuple[str, ...]

    @property
    def style(self) -> PromptStyle | None:
        """The only prompt style that is right for such data, or None where it is open."""
        return self.form.style

    def __str__(self) -> str:
        return _told(self.name, len(self.rows), self.form, self.layout, self.unread)


def load_file(path: str | Path) -> Loaded:
    """Read a whole file; `-` is standard input.

    Raises `FileNotFoundError` where there is no such file, and `EntryError` where it cannot
    be read: one line that names the first ten faults and counts the others.

    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "mine.jsonl"
    ...     _ = path.write_text('{"prompt": "Name a colour.", "completion": " Blue."}')
    ...     loaded = load_file(path)
    >>> loaded.rows
    (GivenEntry(instruction='Name a colour.', input='', output=' Blue.', task=''),)
    >>> loaded.form.name, loaded.form.gives, loaded.style.name
    ('prompt/completion', 'entries', 'given')
    """
    rows = iterate_file(path)
    found = tuple(rows)
    return Loaded(rows.name, rows.layout, rows.form, found, rows.unread)


def iterate_file(path: str | Path) -> "FileRows":
    """Read a file row by row, and hold little of it in memory; raises as `load_file` does.

    After a fault no row is given, but the file is read to its end, so that all faults
    are told together, in an `EntryError` that is raised there.
    """
    return FileRows(path)


class FileRows(Iterator[Row]):
    """The rows of a file, one after another; `name`, `layout` and `form` are known at once.

    `count`, how many were given, and `unread`, the keys that nothing was read from, are
    whole when all has been read, and so is what `str` says, which is what `Loaded` says.
    `size`: of the file, in bytes. The file is closed at its end, by `close`, or when nobody
    holds this any more.
    """

    def __init__(self, path: str | Path) -> None:
        try:
            source = open_source(path)
        except ParsingError as error:
            name = "standard input" if str(path) == "-" else str(path)
            raise EntryError(f"{name}: {error}") from None
        self.name, self.layout, self.count = source.name, source.layout, 0
        self._file, self.size = source.file, os.fstat(source.file.fileno()).st_size
        self.close = weakref.finalize(self, source.stack.close)
        sample = list(islice(source.rows, SAMPLE))
        self._raws = chain(sample, source.rows)
        self._faults = _Faults()
        self._seen: dict[str, None] = {}
        try:
            self.form = self._form(sample)
        except EntryError:
            self.close()
            raise

    def __str__(self) -> str:
        return _told(self.name, self.count, self.form, self.layout, self.unread)

    @property
    def position(self) -> int:
        """How many bytes of the file have been taken in."""
        return self.size if self._file.closed else self._file.tell()

    @property
    def unread(self) -> tuple[str, ...]:
        """The keys that nothing has been read from, in the order in which they came."""
        return tuple(key for key in self._seen if key not in self.form.needs + self.form.may)

    def __next__(self) -> Row:
        for raw in self._raws:
            row = self._row(raw)
            if row is not None and not self._faults.count:
                self.count += 1
                return row
        self.close()
        if self._faults.count:
            raise EntryError(self._faults.sentence(self.name))
        raise StopIteration

    def _form(self, sample: list[Raw]) -> Form:
        if not sample:
            whole = "list" if self.layout.startswith("a JSON list") else "file"
            raise EntryError(f"{self.name}: the {whole} holds no entry")
        values = [raw.value for raw in sample if not raw.fault]
        form = common_form(values)
        if form is None:
            raise EntryError(f"{self.name}: {unknown(values)}")
        return form

    def _row(self, raw: Raw) -> Row | None:
        """Read one value; None where it is faulty, and its faults are kept."""
        faults = [raw.fault] if raw.fault else []
        row = None
        if not faults:
            if isinstance(raw.value, dict) and len(self._seen) < MOST_KEYS:
                self._seen.update(dict.fromkeys(raw.value))
            row = self._read(raw.value, faults)
        self._faults.add(raw.where, faults)
        return None if faults else row

    def _read(self, value: object, faults: list[str]) -> Row | None:
        if not isinstance(value, dict):
            first, *middle, last = map(repr, _named(self.form))
            keys = f"{', '.join([first, *middle])} and {last}"
            faults.append(f"expected an object with {keys}, and found {kind(value)}")
            return None
        if not self.form.fits(value) and (own := form_of(value)):
            faults.append(
                f"this is in the form {own.name}, and others in the form {self.form.name}; "
                "a file holds one form"
            )
            return None
        return self.form.read(value, faults)


def _told(name: str, count: int, form: Form, layout: str, unread: tuple[str, ...]) -> str:
    keys = ", ".join(key if len(key) <= 40 else f"{key[:37]}..." for key in unread[:LISTED])
    more = f" and {len(unread) - LISTED:,} more" if len(unread) > LISTED else ""
    rest = f"; not read: {keys}{more}" if unread else ""
    return f"{name}: rows: {count:,}, in the form {form.name}, as {layout}{rest}"


def _named(form: Form) -> tuple[str, ...]:
    """Give the keys by which a form is made known to whoever gave none."""
    if form is ALPACA:
        return ("instruction", "input", "output")
    return form.needs if len(form.needs) > 1 else (*form.needs, *form.may[:1])


class _Faults:
    """Keeps the first faults with their places, and counts them all.

    A fault without a place is the whole file's, and then that is all there is to say.
    """

    def __init__(self) -> None:
        self.count = 0
        self._whole = ""
        self._kept: list[tuple[str, str]] = []

    def add(self, where: str, faults: list[str]) -> None:
        self.count += len(faults)
        self._whole = self._whole if where else "".join(faults)
        self._kept += [(where, fault) for fault in faults[: LISTED - len(self._kept)]]

    def sentence(self, name: str) -> str:
        if self._whole:
            return f"{name}: {self._whole}"
        if self.count == 1:
            where, fault = self._kept[0]
            return f"{name}, {where}: {fault}"
        told = "; ".join(f"{where}: {fault}" for where, fault in self._kept)
        more = f"; and {self.count - LISTED:,} more" if self.count > LISTED else ""
        return f"{name}: {self.count:,} faults: {told}{more}"
