"""From bytes to values: whatever a file is called, what is in it is told from its bytes.

Takes the path of a file, or `-` for standard input, and gives its values one at a time,
each with its place: the elements of a JSON list, JSON lines, JSON values one after
another, the rows of a CSV or parquet file, and any of these in gzip. It holds one piece
of the file and one value in memory, never the whole. What it leaves out: what the values
mean (`companion.forms`). Chapter 01.
"""

import codecs
import csv
import gzip
import importlib
import json
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn, cast

from companion.guessing import NAMES, guess_encoding

PIECE = 1 << 16
"""How many bytes are read at a time; so much is looked at to tell what a file is."""

LONGEST = 1 << 28
"""The most characters of one line, or of one value; a file of gzip can be a bomb."""

SPACE = " \t\r\n"
"""White space in JSON, and no other."""

LINES = (".jsonl", ".ndjson")
"""What files of JSON lines are called."""

LISTS = frozenset(
    {"messages", "conversations", "tools", "input_ids", "labels", "loss_mask", "completion_mask"}
    | {"assistant_masks", "weights", "attention_mask", "position_ids", "seq_idx", "seq_lengths"}
)
"""Columns whose cells are lists, which a CSV file can only hold as JSON."""

ROWS = frozenset(("messages", "conversations", "input_ids", "prompt"))
"""Keys of an object that is itself a row, though there are lists in it."""

REFUSED = {
    b"\x1f\x8b": "gzip within gzip; gunzip it once",
    b"PK\x03\x04": "a zip archive (an Excel sheet is one, too); unzip it, or save the sheet as CSV",
    b"\x28\xb5\x2f\xfd": "compressed by zstd; unpack it with zstd -d",
    b"\xfd7zXZ\x00": "compressed by xz; unpack it with unxz",
    b"BZh": "compressed by bzip2; unpack it with bunzip2",
    b"ARROW1": "an Arrow file; datasets.Dataset.from_file(path).to_json('rows.jsonl') makes lines",
    b"\xff\xff\xff\xff": "an Arrow stream; datasets.Dataset.from_file(path).to_json('rows.jsonl') "
    "makes lines",
}
"""How files begin that are not text, and what is to be done with them."""

MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte order marks of the other Unicode encodings; the longer ones come first."""


class ParsingError(ValueError):
    """What cannot be read, in one sentence without the file's name; `where` is the place."""

    def __init__(self, what: str, where: str = "") -> None:
        super().__init__(what)
        self.where = where


class Raw(NamedTuple):
    """A value as it stands in the file, and its place; or the fault that is there instead."""

    value: Any
    where: str
    fault: str = ""


@dataclass
class Source:
    """An open file: its name, what it is, and its values; `stack` lets go of it.

    `file`: its bytes as they are stored, by which the reading can be followed.
    """

    name: str
    layout: str
    rows: Iterator[Raw]
    stack: ExitStack
    file: BinaryIO


def open_source(path: str | Path) -> Source:
    """Open a file and tell what it is; `-` is standard input.

    Raises `FileNotFoundError` where there is no such file, and `ParsingError`.
    """
    name = "standard input" if str(path) == "-" else str(path)
    stack = ExitStack()
    try:
        stream = file = _open(path, stack)
        suffixes = [suffix.lower() for suffix in Path(path).suffixes]
        packed = _begins(stream, b"\x1f\x8b")
        if packed:
            stream = cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=stream)))
            suffixes = [suffix for suffix in suffixes if suffix != ".gz"]
        suffix = suffixes[-1] if suffixes else ""
        # One object that comes alone through a pipe is a line of a file of lines.
        alone = suffix in LINES or str(path) == "-"
        layout, rows = _parse(stream, suffix, alone, stack)
    except BaseException:
        stack.close()
        raise
    layout = f"{layout}, in gzip" if packed else layout
    return Source(name, layout, _until_broken(rows), stack, file)


def _open(path: str | Path, stack: ExitStack) -> BinaryIO:
    if str(path) == "-":
        return _spool(sys.stdin.buffer, stack)
    path = Path(path)
    if path.is_dir():
        raise ParsingError("this is a folder; give a .json or .jsonl file in it")
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file")
    stream = stack.enter_context(path.open("rb"))
    return stream if stream.seekable() else _spool(stream, stack)


def _spool(stream: BinaryIO, stack: ExitStack) -> BinaryIO:
    """Copy what can be read only once to where its beginning can be looked at."""
    copy = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 (the stack closes it)
    shutil.copyfileobj(stream, copy, PIECE)
    copy.seek(0)
    return cast(BinaryIO, copy)


def _begins(stream: BinaryIO, mark: bytes) -> bool:
    found = stream.read(len(mark)) == mark
    stream.seek(0)
    return found


def _parse(
    stream: BinaryIO, suffix: str, alone: bool, stack: ExitStack
) -> tuple[str, Iterator[Raw]]:
    """Tell the layout of a file from its beginning, and give the reader of its values."""
    try:
        parquet = _begins(stream, b"PAR1")
    except (EOFError, OSError, zlib.error):  # gzip's; reading from the start will say it
        stream.seek(0)
        parquet = False
    if parquet:
        if isinstance(stream, gzip.GzipFile):  # parquet is read from its end
            stream = _spool(stream, stack)
        return "parquet", _parquet(stream)
    pieces = _pieces(stream)
    head = next(pieces, "")
    pieces = chain([head], pieces)
    delimiter = _delimiter(head, suffix)
    if delimiter:
        return "CSV", _csv(pieces, delimiter)
    if _is_lines(head.lstrip(SPACE), suffix in LINES):
        return "JSON lines", _json_lines(pieces)
    layout = "a JSON list" if head.lstrip(SPACE)[:1] == "[" else "JSON values"
    return layout, _json_values(pieces, alone)


def _delimiter(head: str, suffix: str) -> str:
    """Give what parts the columns, if this is CSV: by its name, or by a header that we know."""
    line, _, rest = head.lstrip("\r\n").partition("\n")
    if line[:1] in ("{", "["):
        return ""
    delimiter = max(",;\t", key=line.count)
    known = {"instruction", "output", "prompt", "completion", "response"} | LISTS
    names = {name.strip(' "\r') for name in line.split(delimiter)}
    if suffix in (".csv", ".tsv") and line:
        return delimiter
    named = names & known if len(names) > 1 else names & LISTS
    return delimiter if named and rest.strip() else ""


def _is_lines(head: str, named: bool) -> bool:
    """Tell JSON lines, by the first of them; `named` so, a faulty one is one, too."""
    if head[:1] == "[":
        return False
    first, _, rest = head.partition("\n")
    if _decodes(first):
        # One object alone is read as a value: it may hold the list under one key.
        return bool(rest.strip(SPACE))
    return named and not _begins_with_value(head)


def _decodes(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _begins_with_value(text: str) -> bool:
    """Tell whether an object begins the text and ends in it: printed over several lines, say."""
    try:
        json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return text[:1] == "{"


def _until_broken(rows: Iterator[Raw]) -> Iterator[Raw]:
    """Let what ends the reading be the last of the values, so that faults are told together."""
    try:
        yield from rows
    except ParsingError as error:
        yield Raw(None, error.where, str(error))


# Text -----------------------------------------------------------------------------------


def _pieces(stream: BinaryIO) -> Iterator[str]:
    """Decode a file piece by piece; the mark that UTF-8 files may begin with is passed over."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    done, piece = 0, _read(stream)
    _refuse_other_encodings(piece)
    if piece.startswith(codecs.BOM_UTF8):
        done, piece = 3, piece[3:]
    while True:
        waiting = len(decoder.getstate()[0])
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            _refuse_bytes(error, done - waiting)
        if text:
            yield text
        if not piece:
            return
        done += len(piece)
        piece = _read(stream)


def _read(stream: BinaryIO) -> bytes:
    try:
        return stream.read(PIECE)
    except EOFError:
        raise ParsingError("the gzip file ends before its end; it was cut off") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ParsingError(f"the gzip file is damaged: {error}") from None


def _refuse_other_encodings(head: bytes) -> None:
    for mark, encoding in MARKS.items():
        if head.startswith(mark):
            begins = f"byte 0 is {head[0]:#04x}, and so begins {encoding.upper()}"
            raise ParsingError(f"the file is not UTF-8 text: {begins}; {_recode(encoding)}")
    for mark, kind in REFUSED.items():
        if head.startswith(mark):
            raise ParsingError(f"the file is {kind}")
    # English text has a zero in every other byte of UTF-16, and so has all JSON its signs.
    zeros = [head[start::2].count(0) / max(len(head[start::2]), 1) for start in (0, 1)]
    if max(zeros) > 0.3 and min(zeros) < 0.05:
        encoding = "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
        what = f"every other byte is zero, as in {encoding.upper()}"
        raise ParsingError(f"the file is not UTF-8 text: {what}; {_recode(encoding)}")


def _refuse_bytes(error: UnicodeDecodeError, before: int) -> NoReturn:
    whole, at = error.object, error.start
    found = f"the file is not UTF-8 text: byte {before + at} is {whole[at]:#04x}"
    if error.reason == "unexpected end of data":
        raise ParsingError(f"{found}, where it ends within a character; it was cut off")
    if not whole[:at].isascii():
        what = "it was damaged there, or joined of two"
        raise ParsingError(f"{found}, though other characters before it are UTF-8; {what}")
    line = whole[whole.rfind(b"\n", 0, at) + 1 :]
    encoding = guess_encoding(line)
    if encoding is None:
        raise ParsingError(f"{found}, which no common encoding has in this place, either")
    name = NAMES[encoding]
    if encoding == "cp1252" and whole[at] < 0xA0:
        name = "Windows-1252"  # Latin-1 has no letters there
    there = codecs.getincrementaldecoder(encoding)().decode(whole[at : at + 24])[:8]
    raise ParsingError(f"{found}; as {name} the text reads {there!r} there; {_recode(encoding)}")


def _recode(encoding: str) -> str:
    return (
        "if it is that, path.write_bytes(path.read_bytes()"
        f".decode({encoding!r}).encode()) makes it UTF-8"
    )


def _lines(pieces: Iterator[str]) -> Iterator[str]:
    # Only "\n" ends a line: JSON allows U+2028 inside a string, where splitlines() would cut.
    kept: list[str] = []
    length = 0
    for piece in pieces:
        first, *rest = piece.split("\n")
        kept.append(first)
        length += len(first)
        if length > LONGEST:
            raise ParsingError(f"a line is longer than {LONGEST:,} characters")
        if rest:
            yield "".join(kept) + "\n"
            for line in rest[:-1]:
                yield line + "\n"
            kept, length = [rest[-1]], len(rest[-1])
    if kept and length:
        yield "".join(kept)


# JSON -----------------------------------------------------------------------------------


class _Decoder:
    """Decodes JSON, and notices a name that stands twice in an object, which `json` does not."""

    def __init__(self) -> None:
        self.twice = ""
        self._json = json.JSONDecoder(object_pairs_hook=self._pairs)

    def decode(self, text: str, at: int) -> tuple[Any, int]:
        """Decode the value at a place, and give the place after it; raise as `json` does."""
        self.twice = ""
        return self._json.raw_decode(text, at)

    def raw(self, value: Any, where: str) -> Raw:
        if self.twice:
            return Raw(None, where, f"{_shown(self.twice)} stands twice in one object")
        return Raw(value, where)

    def _pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            self.twice = next(name for name in names if names.count(name) > 1)
        return found


def _json_lines(pieces: Iterator[str]) -> Iterator[Raw]:
    decoder = _Decoder()
    for number, line in enumerate(_lines(pieces), 1):
        text = line.strip(SPACE)
        if not text.strip():
            continue
        where = f"line {number}"
        try:
            value, end = decoder.decode(text, 0)
            if end < len(text):
                at = len(text) - len(text[end:].lstrip(SPACE))
                raise json.JSONDecodeError("Extra data", text, at)
        except RecursionError:
            yield Raw(None, where, "the line is nested too deeply")
        except ValueError as error:
            at = error.pos if isinstance(error, json.JSONDecodeError) else 0
            yield Raw(None, where, f"the line is not JSON: {_said(error)}{_python(text, at)}")
        else:
            yield decoder.raw(value, where)


def _json_values(pieces: Iterator[str], alone: bool) -> Iterator[Raw]:
    """Read the elements of a list, or of several, or objects that follow one another.

    An object that is alone in its file may hold the list under one of its keys; if it
    does not, it is an entry only where `alone` says so.
    """
    text = _Text(pieces)
    number = 0
    sign = text.peek()
    if not sign:
        raise ParsingError("the file holds no entry")
    while sign:
        if sign == "[":
            yield from text.elements(number)
            number, sign = number + text.count, text.peek()
            if not sign:
                return
            continue
        where = f"line {text.line}"
        raw = text.value(where)
        sign, number = text.peek(), number + 1
        if raw.fault or sign or number > 1:
            yield raw
        else:
            yield from _unwrapped(raw, alone)


def _unwrapped(raw: Raw, alone: bool) -> Iterator[Raw]:
    """Give the elements of the list that an object holds under one of its keys."""
    value = raw.value
    row = isinstance(value, dict) and value.keys() & ROWS
    lists = _lists_in(value) if isinstance(value, dict) and not row else []
    if len(lists) == 1:
        for number, element in enumerate(value[lists[0]], 1):
            yield Raw(element, f"entry {number}")
    elif lists:
        names = " and ".join(map(_shown, lists))
        cure = f"json.load(open(path))[{_shown(lists[0])}] is one of them"
        raise ParsingError(f"lists of objects stand under {names}; {cure}")
    elif row or alone:
        yield raw
    else:
        raise ParsingError(
            f"expected a list of entries, [{{...}}, {{...}}], and found {kind(value)}"
        )


def _lists_in(value: dict[str, Any]) -> list[str]:
    """Name the keys under which there is a list of objects."""
    return [
        key
        for key, found in value.items()
        if isinstance(found, list) and found and all(isinstance(one, dict) for one in found)
    ]


class _Text:
    """JSON text of which a piece is in memory, and what has been read of it is not."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._text = ""
        self._at = 0
        self._before, self._lines, self._line_start = 0, 0, 0
        self._decoder = _Decoder()
        self.count = 0  # of the elements of the list that was read last

    @property
    def line(self) -> int:
        """The line that the place is in, from 1."""
        return 1 + self._lines + self._text.count("\n", 0, self._at)

    def peek(self) -> str:
        """Pass over white space, and give the next sign, or "" at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in SPACE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def elements(self, before: int) -> Iterator[Raw]:
        """Read the elements of a list; so many were read `before`."""
        self._at, self.count = self._at + 1, 0
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            self.count += 1
            yield self.value(f"entry {before + self.count}")
            sign = self.peek()
            if sign not in (",", "]"):
                self._refuse("Expecting ',' delimiter", self._at)
            self._at += 1
            if sign == "]":
                return
            self.peek()

    def value(self, where: str) -> Raw:
        """Read one value, with as much more of the text as it takes."""
        while True:
            try:
                value, end = self._decoder.decode(self._text, self._at)
            except json.JSONDecodeError as error:
                # Far from the end of what is there, more of it would not help. A string
                # that does not end is told by its beginning.
                far = error.pos < len(self._text) - 16 and "Unterminated" not in error.msg
                place = self._before + error.pos  # to ask for more lets go of what was read
                if far or not self._more():
                    self._refuse(error.msg, place - self._before)
            except RecursionError:
                what = "the file is nested too deeply to be a list of entries"
                raise ParsingError(what) from None
            except ValueError as error:  # a number of thousands of digits
                raise ParsingError(f"the file is not JSON: {_said(error)}", where) from None
            else:
                # A number may go on in the next piece.
                if end < len(self._text) or self._text[end - 1] in '}]"' or not self._more():
                    self._at = end
                    return self._decoder.raw(value, where)

    def _more(self) -> bool:
        """Drop what was read, and read about as much again as is left, a piece at least."""
        passed = self._text[: self._at]
        self._lines += passed.count("\n")
        if "\n" in passed:
            self._line_start = self._before + passed.rindex("\n") + 1
        self._before += self._at
        parts = [self._text[self._at :]]
        self._at, wanted = 0, max(len(parts[0]), 1)
        if wanted > LONGEST:
            raise ParsingError(f"a value is longer than {LONGEST:,} characters")
        while wanted > 0 and (piece := next(self._pieces, "")):
            parts.append(piece)
            wanted -= len(piece)
        self._text = "".join(parts)
        return len(parts) > 1

    def _refuse(self, what: str, at: int) -> NoReturn:
        """Name the place in the whole file, as `json` would if it had read it all."""
        line = 1 + self._lines + self._text.count("\n", 0, at)
        newline = self._text.rfind("\n", 0, at)
        start = self._line_start if newline < 0 else self._before + newline + 1
        where = f"line {line} column {self._before + at - start + 1} (char {self._before + at})"
        raise ParsingError(
            f"the file is not JSON: {what}: {where}{_python(self._text, at)}"
        ) from None


def _python(text: str, at: int) -> str:
    """Say how to make JSON of what Python prints, where it stands there instead."""
    if text[at : at + 1] != "'" and not text.startswith(("None", "True", "False"), at):
        return ""
    return "; Python writes so, and json.dumps(ast.literal_eval(text)) makes it JSON"


def _said(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return str(error)
    return f"a number has more than {sys.get_int_max_str_digits():,} digits"


# Tables ---------------------------------------------------------------------------------


def _csv(pieces: Iterator[str], delimiter: str) -> Iterator[Raw]:
    rows = csv.reader(_lines(pieces), delimiter=delimiter, strict=True)
    line = 1
    try:
        header: list[str] = []
        for fields in rows:
            where, line = f"line {line}", rows.line_num + 1
            if not fields:  # a blank line
                continue
            if header:
                yield _csv_row(header, fields, where)
                continue
            header = [name.strip() for name in fields]
            if twice := [name for name in header if header.count(name) > 1]:
                raise ParsingError(f"the column {_shown(twice[0])} stands twice", where)
    except csv.Error as error:
        what = f"the CSV is broken: {error}"
        if "field limit" in str(error):
            what = (
                f"a field is longer than {csv.field_size_limit():,} characters; look for a "
                "quotation mark that is not closed, or raise csv.field_size_limit"
            )
        raise ParsingError(what, f"line {line}") from None


def _csv_row(header: list[str], fields: list[str], where: str) -> Raw:
    if len(fields) != len(header):
        number = f"{len(fields)} field" + "s" * (len(fields) != 1)
        return Raw(None, where, f"{number}, and the header names {len(header)} columns")
    row: dict[str, Any] = dict(zip(header, fields, strict=True))
    for name in LISTS & row.keys():
        if not row[name]:
            del row[name]  # an empty cell is how CSV says that there is none
            continue
        try:
            row[name] = json.loads(row[name])
        except (ValueError, RecursionError):
            what = f"{name!r} should be a list, written as JSON, and is {kind(row[name])}"
            return Raw(None, where, what)
    return Raw(row, where)


def _parquet(stream: BinaryIO) -> Iterator[Raw]:
    try:
        pyarrow = importlib.import_module("pyarrow")
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise ParsingError(
            "a parquet file is read by the package pyarrow: pip install pyarrow"
        ) from None
    number = 0
    try:
        for batch in parquet.ParquetFile(stream).iter_batches(batch_size=256):
            for row in batch.to_pylist():
                number += 1
                # A table has every column in every row; what is not there is null.
                found = {name: value for name, value in row.items() if value is not None}
                yield Raw(found, f"entry {number}")
    except (pyarrow.ArrowException, OSError) as error:
        what = " ".join(str(error).split())
        raise ParsingError(f"the parquet file is damaged: {what}") from None


# Words ----------------------------------------------------------------------------------


def kind(value: object) -> str:
    """Say in JSON's words what was found, cut short where it is long.

    >>> kind(["a"]), kind(None), kind("x" * 100)[:25]
    ('a list (["a"])', 'null', 'a string ("xxxxxxxxxxxxxx')
    """
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    name = "null" if value is None else names.get(type(value), "a number")
    try:
        shown = json.dumps(value, ensure_ascii=False, default=str)
    except (RecursionError, ValueError):  # too deep to be written, or a number too long
        return name
    # A lone surrogate cannot be printed, and a message is there to be printed.
    shown = shown.encode("utf-8", "backslashreplace").decode("utf-8")
    shown = shown if len(shown) <= 40 else shown[:37] + "..."
    return name if value is None else f"{name} ({shown})"


def _shown(name: str) -> str:
    """Quote a name, cut short where it is long."""
    return repr(name if len(name) <= 40 else name[:37] + "...")
