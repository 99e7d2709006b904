"""The command line: `python -m companion audit FILE`, and `python -m companion show FILE`.

`audit` prints the survey of a file of entries, and `show` one of its entries through all
six steps. The exit status is 0 where nothing is wrong, 1 where errors were found in the
entries, and 2 where the command could not do its work; then one sentence on stderr says
why. What it leaves out: everything but reading arguments and printing.

Nothing but the standard library is imported here; a command imports what it needs when it
runs, so that `--help` answers at once.
"""

import argparse
import importlib
import io
import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

from companion.entries import Entry, entries_of, load_entries
from companion.formatting import STYLES, PromptStyle
from companion.showing.glyphs import show_lines, show_plain

FOUND, FAILED, INTERRUPTED, PIPE_CLOSED = 1, 2, 130, 141
"""Exit statuses: errors in the entries; no work done; Ctrl-C; and whoever read us has gone.
The last two are what a shell reports of a program that the signal has ended."""

if TYPE_CHECKING:
    from companion.tokenizing import Decode, Encode

MASKS = ("none", "prompt", "prompt_without_header")
"""Those of `companion.masking`, which needs more than the standard library; a test compares."""

DESCRIPTION = """See how instruction data becomes the tensors that a model is fine-tuned on.

FILE is a .json list of objects with "instruction", "input" and "output", all
text, or a .jsonl file with one such object a line; "input" may be left out.
"""

EPILOG = """examples:
  python -m companion audit my.json
      what is in my.json, and what is wrong with it
  python -m companion audit my.json --max-length 512 --test test.json
      what a maximum length cuts, and whether the test asks what was trained on
  python -m companion show my.json --entry 17
      entry 17 as text, tokens, inputs and targets

exit status: 0 nothing wrong, 1 errors found in the entries, 2 nothing done
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one sentence."""

    def error(self, message: str) -> NoReturn:
        said = show_plain(message, spaces=False)  # a line break in an argument is no new line
        self.exit(FAILED, f"{self.prog}: {said} (--help says more)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and give its exit status."""
    given = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal may have no sign for what an entry holds; it is still to be printed.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = int(given.run(given))
        print(end="", flush=True)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno and not error.filename:  # stdout failed
            # Python flushes once more when it ends; there must be something to flush to.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return PIPE_CLOSED
        print(show_lines(f"{given.prog}: {_sentence(error)}"), file=sys.stderr)
        return FAILED
    return status


def _read(given: argparse.Namespace) -> tuple[list[Entry], str | PromptStyle]:
    """Give the file's entries and their prompt style: their own, where they bring the template."""
    from companion.reading import load_file

    loaded = load_file(given.file)
    return entries_of(loaded), loaded.style or given.style


def _audit(given: argparse.Namespace) -> int:
    entries, style = _read(given)
    test = None if given.test is None else load_entries(given.test)
    tokenizer, encode, decode = _tokenizer(given.encoding)
    from companion.surveying import survey

    found = survey(
        entries,
        style=style,
        encode=encode,
        decode=decode,
        tokenizer=tokenizer,
        max_length=given.max_length,
        mask=given.mask,
        batch_size=given.batch_size,
        test=test,
        progress=_is_terminal(sys.stderr),
    )
    if given.json:
        # Escaped, so that no character of a text reaches a terminal; a program reads the same.
        print(json.dumps(json.loads(found.to_json()), indent=2))
    else:
        print(show_lines(str(found)))
    if found.findings and not given.json:
        number = found.findings[0].rows[0]
        again = f"python -m companion show {shlex.quote(given.file)} --entry {number}"
        print(show_lines(f"\nto look at one of them:\n  {again}"))
    return FOUND if found.errors else 0


def _show(given: argparse.Namespace) -> int:
    entries, style = _read(given)
    number, size = given.entry, given.batch_size
    if number > len(entries):
        raise ValueError(
            f"--entry {number}: the entries of {given.file} are numbered 1 to {len(entries):,}"
        )
    from companion.showing.terminal import walk
    from companion.tokenizing import tokenize_entry

    first = (number - 1) // size * size
    batch = entries[first : first + size]
    entry = entries[number - 1]
    color = _in_color(given.color)
    steps = walk(
        entry,
        style=style,
        mask=given.mask,
        max_length=given.max_length,
        longest=max(len(tokenize_entry(other, style).ids) for other in batch),
        color=color,
        full=given.full,
    )
    print(f"Entry {number:,} of {len(entries):,}, in the batch of entries", end=" ")
    print(f"{first + 1:,} to {first + len(batch):,}\n\n", end="")
    print(_with_colors(steps) if color else show_lines(steps))
    return 0


def _with_colors(text: str) -> str:
    """Give lines that are safe to print, and leave them the colors that they were given."""
    from companion.showing.terminal import COLORS

    codes = "|".join(map(re.escape, ["0", *COLORS.values()]))
    parts = re.split(rf"(\x1b\[(?:{codes})m)", text)
    return "".join(part if at % 2 else show_lines(part) for at, part in enumerate(parts))


def _in_color(choice: str) -> bool:
    """Tell whether to print in color; see https://no-color.org for the variable."""
    if choice != "auto":
        return choice == "always"
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return _is_terminal(sys.stdout) and not plain


def _is_terminal(stream: TextIO | None) -> bool:
    """Tell whether a stream is a terminal; one that was closed for us is None."""
    return stream is not None and stream.isatty()


def _tokenizer(name: str) -> "tuple[str, Encode, Decode]":
    """Load a tokenizer: GPT-2's as it is packaged, a folder's, or one that tiktoken knows."""
    import tiktoken

    from companion.tokenizing import gpt2_decode, gpt2_encode

    if name in ("gpt2", "r50k_base"):
        return "gpt2", gpt2_encode, gpt2_decode
    path = Path(name)
    if path.is_dir():
        path = path / "tokenizer.json"
    if path.suffix == ".json":
        return name, *_from_file(path)
    if name not in tiktoken.list_encoding_names():
        known = ", ".join(tiktoken.list_encoding_names())
        raise ValueError(
            f"--encoding {name}: neither a folder with a tokenizer.json nor one of {known}"
        )
    try:
        encoding = tiktoken.get_encoding(name)
    except Exception as error:  # many things can go wrong on the way to a vocabulary
        raise ValueError(
            f"--encoding {name}: tiktoken fetches this vocabulary from the network, "
            f"and could not ({type(error).__name__})"
        ) from None
    return name, encoding.encode_ordinary, encoding.decode


def _from_file(path: Path) -> "tuple[Encode, Decode]":
    """Load a tokenizer.json, as published models have it, with the package `tokenizers`."""
    if not path.is_file():
        raise ValueError(f"--encoding: there is no {path}")
    try:
        tokenizers = importlib.import_module("tokenizers")
    except ImportError:
        raise ValueError(
            "--encoding with a folder needs the package tokenizers: pip install tokenizers"
        ) from None
    try:
        tokenizer = tokenizers.Tokenizer.from_buffer(path.read_bytes())
    except Exception as error:  # the package has no exception of its own
        raise ValueError(f"--encoding: {path} is no tokenizer: {_sentence(error)}") from None

    def encode(text: str) -> list[int]:
        # It refuses a lone surrogate, where GPT-2's reads U+FFFD.
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return list(tokenizer.encode(whole, add_special_tokens=False).ids)

    def decode(ids: list[int]) -> str:
        return str(tokenizer.decode(ids, skip_special_tokens=False))

    return encode, decode


def _sentence(error: Exception) -> str:
    """Give what an exception says, on one line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'the output'}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


# The arguments --------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    prog = "python -m companion"
    parser = _Parser(
        prog=prog,
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="audit|show", required=True)
    audit = _command(
        commands, "audit", _audit, "report what a file holds, and what is wrong with it"
    )
    audit.add_argument(
        "--test", metavar="FILE", help="the test entries; a question in both files is an error"
    )
    audit.add_argument(
        "--encoding",
        metavar="NAME",
        default="gpt2",
        help="the tokenizer: a folder with a tokenizer.json, or a name that tiktoken knows, "
        "which it may fetch (default: gpt2, which is packaged)",
    )
    audit.add_argument("--json", action="store_true", help="print JSON, for programs to read")
    show = _command(commands, "show", _show, "print one entry through all six steps")
    show.add_argument(
        "--entry", metavar="N", type=_count, required=True, help="which one; the first is 1"
    )
    show.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="color by what a token is there for (default: auto, in a terminal, unless the "
        "variable NO_COLOR is set)",
    )
    show.add_argument("--full", action="store_true", help="print every line of what is long")
    return parser


def _command(
    commands: "argparse._SubParsersAction[_Parser]",
    name: str,
    run: Callable[[argparse.Namespace], int],
    description: str,
) -> argparse.ArgumentParser:
    """Add a command, with the arguments that both have."""
    prog = f"python -m companion {name}"
    command = commands.add_parser(
        name, prog=prog, help=description, description=f"{description.capitalize()}."
    )
    command.set_defaults(run=run, prog=prog)
    command.add_argument("file", metavar="FILE", help="the entries, .json or .jsonl")
    command.add_argument(
        "--style",
        choices=tuple(STYLES),
        default="alpaca",
        help="the prompt style: %(choices)s (default: alpaca)",
        metavar="STYLE",
    )
    command.add_argument(
        "--max-length",
        metavar="N",
        type=_count,
        help="the most tokens in a row; what is longer is cut (default: no limit)",
    )
    command.add_argument(
        "--mask",
        choices=MASKS,
        default="none",
        metavar="MASK",
        help="what is not learned from: %(choices)s (default: none)",
    )
    command.add_argument(
        "--batch-size",
        metavar="N",
        type=_count,
        default=8,
        help="how many entries share a batch (default: 8)",
    )
    return command


def _count(text: str) -> int:
    """Read a number of something; argparse names the argument where it is none."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        told = text if len(text) <= 40 else f"{text[:37]}..."
        raise argparse.ArgumentTypeError(f"should be a whole number, 1 or more; found {told!r}")
    return number
