"""The command line: `python -m companion audit FILE`, `show FILE`, `answers NAME`, `marks FOLDER`.

`audit` prints the survey of a file of entries or conversations, or the audit of rows of ids,
`show` one of them, an entry through all six steps, `answers` what a learner of that name
should find in their own batch, and `marks` tabulates what a class handed in. The exit status
is 0 where nothing is wrong, 1 where errors were found, and 2 where the command could not do
its work; then one sentence on stderr says why. What it leaves out: everything but reading
arguments and printing.

Nothing but the standard library is imported here; a command imports what it needs when it
runs, so that `--help` answers at once.
"""

import argparse
import io
import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from companion.formatting import STYLES
from companion.showing.glyphs import show_lines, show_plain

FOUND, FAILED, INTERRUPTED, PIPE_CLOSED = 1, 2, 130, 141
"""Exit statuses: errors in the entries; no work done; Ctrl-C; and whoever read us has gone.
The last two are what a shell reports of a program that the signal has ended."""

if TYPE_CHECKING:
    from companion.adapting import Tokenizer
    from companion.conversations import Conversation
    from companion.entries import Entry
    from companion.findings import Found
    from companion.reading import FileRows
    from companion.tokenizing import TokenizedEntry

MASKS = ("none", "prompt", "prompt_without_header")
"""Those of `companion.masking`, which needs more than the standard library; a test compares."""

OPTIONS = {
    "style": None,
    "template": None,
    "max_length": None,
    "mask": None,
    "batch_size": 8,
    "tokenizer": None,
}
"""The options that both commands have, and what they are where they are not given."""

DESCRIPTION = """See how instruction data becomes the tensors that a model is fine-tuned on.

FILE is .json, .jsonl, .csv or .parquet, in gzip or not, or - for standard
input. What a row holds is told from its keys: an entry ("instruction",
"input", "output"; or "prompt", "completion"), a conversation ("messages"),
or ids ("input_ids", "labels").
"""

EPILOG = """examples:
  python -m companion audit my.json
      what is in my.json, and what is wrong with it
  python -m companion audit my.json --max-length 512 --test test.json
      what a maximum length cuts, and whether the test asks what was trained on
  python -m companion show my.json --entry 17
      entry 17 as text, tokens, inputs and targets
  python -m companion marks handed_in --csv marks.csv
      for teachers: the lines that a class handed in, as one table

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


def _audit(given: argparse.Namespace) -> int:
    from companion.reading import iterate_file

    rows = iterate_file(given.file)
    look = _audit_rows if rows.form.gives == "token rows" else _survey
    found = look(given, rows)
    if given.json:
        read = {"name": rows.name, "form": rows.form.name, "layout": rows.layout}
        told = {"file": {**read, "unread": rows.unread}, **json.loads(found.to_json())}
        # Escaped, so that no character of a text reaches a terminal; a program reads the same.
        print(json.dumps(told, indent=2))
    else:
        print(show_lines(f"{rows}\n{found}"))
        if found.findings:
            print(show_lines(_look_at(given, found.findings[0].rows[0])))
    return FOUND if found.errors else 0


def _marks(given: argparse.Namespace) -> int:
    from companion.tabulating import as_csv, as_text, tabulate

    rows = tabulate(given.folder)
    if given.csv is not None:
        with open(given.csv, "w", encoding="utf-8-sig", newline="") as file:
            file.write(as_csv(rows))
    print("\n".join(map(show_lines, as_text(rows).split("\n"))))
    lines = sum(row.work is not None for row in rows)
    print(f"{lines} {'line' if lines == 1 else 'lines'}; {len(rows) - lines} could not be read")
    return FOUND if lines < len(rows) else 0


def _survey(given: argparse.Namespace, rows: "FileRows") -> "Found":
    test: Any = None if given.test is None else _same_kind(given.test, rows)
    tokenize = _by_template(given, rows)
    made: dict[str, Any] = {"style": given.style} if tokenize is None else {"tokenize": tokenize}
    from companion.surveying import survey

    found: Found = survey(
        _with_bar(rows),
        **made,
        tokenizer=_tokenizer(given) or "gpt2",
        max_length=given.max_length,
        mask=given.mask or "none",
        batch_size=given.batch_size,
        test=test,
        processes=_cores(),
    )
    return found


def _cores() -> int:
    """Count the processors that this program may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _by_template(
    given: argparse.Namespace, rows: "FileRows"
) -> "Callable[[list[Conversation]], list[TokenizedEntry]] | None":
    """Give what tokenizes conversations by their template; None where there is none."""
    if rows.form.gives != "conversations":
        if given.template is not None:
            next(iter(rows), None)  # what is wrong with the file itself is said first
            raise ValueError(
                f"--template is for conversations, and {rows.name} holds {rows.form.gives}"
            )
        return None
    from companion.adapting import adapt_tokenizer

    tokenizer = _tokenizer(given) or adapt_tokenizer("gpt2")
    if given.template is None and tokenizer.template is None:
        return None
    from companion.chatting import choose_template, tokenize_conversations
    from companion.templates import TEMPLATES

    template: Any = given.template
    if template is not None and template not in TEMPLATES:
        template = Path(template)
        if not template.is_file():
            names = ", ".join(TEMPLATES)
            raise ValueError(
                f"--template: there is no file {template}, and no template of that "
                f"name; there are {names}"
            )
    chosen = choose_template(template, tokenizer)
    return partial(tokenize_conversations, template=chosen, tokenizer=tokenizer)


def _same_kind(path: str, rows: "FileRows") -> "FileRows":
    """Open the test file; what it holds must be what is compared with it."""
    from companion.reading import iterate_file

    test = iterate_file(path)
    if test.form.gives != rows.form.gives:
        raise ValueError(
            f"--test {path}: holds {test.form.gives}, and {rows.name} {rows.form.gives}"
        )
    return test


def _audit_rows(given: argparse.Namespace, rows: "FileRows") -> "Found":
    if given.test is not None:
        raise ValueError(f"--test compares texts, and {rows.name} holds rows of ids")
    from companion.assembling import audit_rows
    from companion.auditing import Expectation

    declared = Expectation(mask=given.mask, style=given.style, max_length=given.max_length)
    return audit_rows(_with_bar(rows), tokenizer=_tokenizer(given), expect=declared)


def _with_bar(rows: "FileRows") -> "Iterator[Any]":
    """Give the rows, and in a terminal show on stderr how much of the file has been read."""
    from tqdm import tqdm

    off = not _is_terminal(sys.stderr)
    with tqdm(desc="auditing", total=rows.size, unit="B", unit_scale=True, disable=off) as bar:
        for row in rows:
            yield row
            if not off:
                bar.update(rows.position - bar.n)


def _look_at(given: argparse.Namespace, number: int) -> str:
    """Give the command that shows what was found, with the options that were given."""
    is_lost = given.file == "-"  # what came from standard input is not there any more
    again = ["python", "-m", "companion", "show", "FILE" if is_lost else given.file]
    again += ["--entry", str(number)]
    for name, ordinary in OPTIONS.items():
        value = getattr(given, name)
        if value != ordinary:
            again += [f"--{name.replace('_', '-')}", str(value)]
    how = ", with the data in a file" if is_lost else ""
    return f"\nto look at one of them{how}:\n  {shlex.join(again)}"


def _show(given: argparse.Namespace) -> int:
    from companion.reading import iterate_file

    rows = iterate_file(given.file)
    number, size = given.entry, given.batch_size
    first = (number - 1) // size * size
    # Of a large file no more is kept than the entry's batch, which gives its width.
    batch: list[Any] = []
    for at, row in enumerate(rows):
        if first <= at < first + size:
            batch.append(row)
    if number > rows.count:
        raise ValueError(
            f"--entry {number}: the entries of {given.file} are numbered 1 to {rows.count:,}"
        )
    color = _in_color(given.color)
    row, tokenizer = batch[number - 1 - first], _tokenizer(given)
    looks: dict[str, Any] = {"color": color, "full": given.full}
    among = f"{number:,} of {rows.count:,}"
    if rows.form.gives == "entries":
        steps = _walk(given, row, batch, tokenizer or "gpt2", looks)
        of = f"in the batch of entries {first + 1:,} to {first + len(batch):,}"
        head = f"Entry {among}, {of}"
    elif rows.form.gives == "conversations":
        from companion.showing.terminal import walk_conversation

        steps = walk_conversation(row, tokenizer=tokenizer or "gpt2", **looks)
        if tokenize := _by_template(given, rows):
            steps += "\n\nBy its template\n" + _walk_labels(given, row, tokenize, looks)
        head = f"Conversation {among}"
    else:
        from companion.showing.terminal import walk_row

        steps, head = walk_row(row, tokenizer=tokenizer, **looks), f"Row {among}"
    print(head, end="\n\n")
    print(_with_colors(steps) if color else show_lines(steps))
    return 0


def _walk_labels(
    given: argparse.Namespace,
    row: "Conversation",
    tokenize: "Callable[[list[Conversation]], list[TokenizedEntry]]",
    looks: dict[str, Any],
) -> str:
    """Give the ids of a conversation, with the label of each; or why its template has none."""
    from companion.chatting import supervised_positions
    from companion.forms import IGNORED, TokenRow
    from companion.showing.terminal import walk_row

    try:
        (text,) = tokenize([row])
    except ValueError as error:
        return _sentence(error).removeprefix("conversation 1: ")
    ids, learned = text.ids.tolist(), set(supervised_positions(text, given.mask or "none"))
    labels = [id if place in learned else IGNORED for place, id in enumerate(ids)]
    tokenizer = _tokenizer(given) or "gpt2"
    return walk_row(TokenRow(tuple(ids), tuple(labels)), tokenizer=tokenizer, **looks)


def _walk(
    given: argparse.Namespace,
    entry: "Entry",
    batch: "list[Entry]",
    tokenizer: "Tokenizer | str",
    looks: dict[str, Any],
) -> str:
    """Give the six steps of an entry, in a block as wide as its batch."""
    from companion.showing.terminal import walk
    from companion.storing import InstructionDataset

    lengths = InstructionDataset(batch, given.style, tokenizer=tokenizer).lengths
    return walk(
        entry,
        style=given.style,
        tokenizer=tokenizer,
        mask=given.mask or "none",
        max_length=given.max_length,
        longest=int(lengths.max()),
        **looks,
    )


def _answers(given: argparse.Namespace) -> int:
    from companion.owning import answers_for

    names = [line for name in given.names for line in (sys.stdin if name == "-" else [name])]
    for name in names:
        if name.strip():
            print(show_lines(answers_for(name)))
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


def _tokenizer(given: argparse.Namespace) -> "Tokenizer | None":
    """Give the tokenizer that was asked for, whatever it is; None where none was."""
    if given.tokenizer is None:
        return None
    from companion.adapting import adapt_tokenizer

    try:
        return adapt_tokenizer(given.tokenizer)
    except (ValueError, OSError) as error:
        raise ValueError(f"--tokenizer: {_sentence(error)}") from None


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
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    audit = _command(
        commands, "audit", _audit, "report what a file holds, and what is wrong with it"
    )
    audit.add_argument(
        "--test", metavar="FILE", help="the test entries; a question in both files is an error"
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
    _add_answers(commands)
    told = "put the lines that a class handed in into one table"
    marks = commands.add_parser("marks", help=told, description=f"{told.capitalize()}.")
    marks.set_defaults(run=_marks, prog=f"{prog} marks")
    marks.add_argument(
        "folder", metavar="FOLDER", help="the mails, texts and notebooks as they came"
    )
    marks.add_argument("--csv", metavar="FILE", help="write the table as CSV, too")
    return parser


def _add_answers(commands: "argparse._SubParsersAction[_Parser]") -> None:
    told = "print the answers to the tasks of a learner's own batch, for who teaches"
    prog = "python -m companion answers"
    command = commands.add_parser(
        "answers", prog=prog, help=told, description=f"{told.capitalize()}."
    )
    command.set_defaults(run=_answers, prog=prog)
    command.add_argument(
        "names",
        metavar="NAME",
        nargs="+",
        help="a learner's name, in quotes; - is standard input, with a name on each line",
    )


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
    command.add_argument("file", metavar="FILE", help="the data; - is standard input")
    command.add_argument(
        "--style",
        choices=tuple(STYLES),
        help="the prompt style of entries: %(choices)s (default: alpaca; none for entries that "
        "bring their whole prompt)",
        metavar="STYLE",
    )
    command.add_argument(
        "--template",
        metavar="NAME",
        help="the chat template of conversations: chatml, smollm2, llama3, gemma3, qwen2.5, qwen3, "
        "or a file with one in Jinja (default: the tokenizer's own; none for gpt2)",
    )
    command.add_argument(
        "--tokenizer",
        "--encoding",
        metavar="NAME",
        help="gpt2 or smollm2, which are packaged; a folder with a tokenizer.json; or a name that "
        "tiktoken knows, which it may fetch (default: gpt2; for rows of ids, none)",
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
