"""The command line: what is printed where, with which exit status, and no traceback ever."""

import contextlib
import io
import json
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import termios
import textwrap
import unicodedata
from dataclasses import asdict
from pathlib import Path

import pytest
import tiktoken
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

import files
from companion import commands
from companion.commands import main
from companion.entries import Entry, load_entries
from companion.masking import MASKS
from companion.owning import answers_for
from companion.showing.terminal import COLORS, walk
from companion.storing import InstructionDataset
from companion.surveying import survey
from companion.tokenizing import tokenize_entry

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "companion"]
COLOR = "\x1b["

FEW = load_entries()[:12]
EMPTY = Entry("Say nothing.", "", "")


@pytest.fixture
def few(tmp_path):
    return write(tmp_path, "few.json", [asdict(entry) for entry in FEW])


@pytest.fixture
def wrong(tmp_path):
    return write(tmp_path, "wrong.jsonl", json.dumps(asdict(EMPTY)) + "\n")


def write(folder, name, content):
    """Write a file, and give its path as a command line has it."""
    return str(files.write(folder, name, content))


def run(*arguments, **options):
    """Run the command in a process of its own; give (exit status, stdout, stderr)."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    env |= options.pop("env", {})
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, encoding="utf-8", env=env,
        timeout=120, check=False, **options,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def refused(capsys, *arguments):
    """Run the command here; it must fail, in one sentence on stderr, which is given."""
    try:
        status = main(arguments)
    except SystemExit as ended:
        status = ended.code
    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert err.startswith("python -m companion")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


# Exit statuses and streams, in a process of its own --------------------------------------


def test_a_file_with_nothing_wrong_gives_0_and_its_survey_on_stdout(few):
    read = f"{few}: rows: 12, in the form Alpaca, as a JSON list"
    assert run("audit", few) == (0, f"{read}\n{survey(FEW)}\n", "")


def test_a_file_with_errors_gives_1_and_names_them_on_stdout(wrong):
    status, out, err = run("audit", wrong)
    assert (status, err) == (1, "")
    assert "error response-empty: Entry 1: " in out


def test_a_file_that_cannot_be_read_gives_2_and_one_sentence_on_stderr(tmp_path):
    missing = str(tmp_path / "none.json")
    expected = f"python -m companion audit: {missing}: there is no such file\n"
    assert run("audit", missing) == (2, "", expected)


def test_a_note_is_no_error(tmp_path, capsys):
    path = write(tmp_path, "twice.json", [asdict(FEW[0])] * 2)
    assert main(["audit", path]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "note duplicate: Entry 2: " in out


def test_the_answers_to_a_names_own_batch_are_printed_a_line_for_each(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("Bo\n\nZoe\u0308 \n"))
    assert main(["answers", "Ada", "-"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("\n".join(map(answers_for, ("Ada", "Bo", "Zo\xeb"))) + "\n", "")
    assert main(["answers", "x" * 61]) == 2
    assert "answers: a name has at most 60 signs; found 61" in capsys.readouterr().err


def test_an_entry_is_shown_with_0(few, capsys):
    assert main(["show", few, "--entry", "9", "--mask", "prompt"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    longest = max(len(tokenize_entry(entry).ids) for entry in FEW[8:])
    assert out.startswith("Entry 9 of 12, in the batch of entries 9 to 12\n\nStep 1, format")
    assert out.endswith(walk(FEW[8], mask="prompt", longest=longest) + "\n")


@pytest.mark.parametrize("command", [[], ["audit"], ["show"], ["marks"]])
def test_help_is_for_a_stranger_and_80_columns_wide(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    out, err = capsys.readouterr()
    assert (ended.value.code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert ("FOLDER" if command == ["marks"] else "FILE") in out
    if not command:
        assert "python -m companion audit my.json" in out
        assert "exit status: 0 nothing wrong, 1 errors found" in out


def test_every_example_in_the_help_is_a_command_that_works(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "my.json", [asdict(entry) for entry in load_entries()[:20]])
    write(tmp_path, "test.json", [asdict(entry) for entry in load_entries()[20:30]])
    examples = re.findall(r"^  python -m companion (.*)$", commands.EPILOG, re.MULTILINE)
    (tmp_path / "handed_in").mkdir()
    assert len(examples) == 4
    for example in examples:
        assert main(example.split()) == 0
        assert capsys.readouterr().err == ""


def test_a_reader_that_has_gone_is_no_matter(few):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, "audit", few], stdout=writer, stderr=subprocess.PIPE, timeout=120, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_an_output_that_takes_nothing_more_is_named(few):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, "audit", few], stdout=full, stderr=subprocess.PIPE, timeout=120,
            check=False, env=os.environ | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
    sentence = b"python -m companion audit: the output: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, sentence)


def test_closed_streams_are_no_matter(few):
    command = f"{shlex.join(COMMAND)} audit {shlex.quote(few)} >&- 2>&-"
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    assert subprocess.run(["sh", "-c", command], timeout=120, check=False, env=env).returncode == 0


def read_all(terminal):
    """Read what was written to a terminal until the last writer has gone."""
    heard = b""
    with contextlib.suppress(OSError):
        while chunk := os.read(terminal, 4096):
            heard += chunk
    os.close(terminal)
    return heard.decode()


def open_terminal():
    """Give both ends of a terminal of 80 columns."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    return ours, theirs


def in_terminal(*arguments, stream, env=()):
    """Run the command with one of its streams in a terminal; give what that one shows."""
    ours, theirs = open_terminal()
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | {stream: theirs}
    plain = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    process = subprocess.Popen([*COMMAND, *arguments], **streams, env=plain | dict(env))
    os.close(theirs)
    heard = read_all(ours)
    return process.wait(timeout=120), heard


def test_the_progress_bar_is_on_stderr_and_only_in_a_terminal(few):
    status, heard = in_terminal("audit", few, stream="stderr")
    assert status == 0
    size = f"{Path(few).stat().st_size / 1000:.2f}k"
    assert re.search(rf"auditing: 100%.* {size}/{size} ", heard)


def test_in_a_terminal_there_is_color(few):
    status, heard = in_terminal("show", few, "--entry", "1", stream="stdout")
    assert status == 0
    assert heard.count(COLOR) > 100


@pytest.mark.parametrize(
    ("env", "flags", "colored"),
    [
        ({"NO_COLOR": "1"}, [], False),
        ({"NO_COLOR": ""}, [], True),  # set to nothing counts as not set
        ({"TERM": "dumb"}, [], False),
        ({}, ["--color", "never"], False),
        ({"NO_COLOR": "1"}, ["--color", "always"], True),
    ],
)
def test_color_can_be_turned_off_and_on(env, flags, colored, few, monkeypatch, capsys):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["show", few, "--entry", "1", *flags]) == 0
    assert (COLOR in capsys.readouterr().out) == colored


def test_outside_a_terminal_there_is_no_color_unless_asked_for(few, capsys, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    main(["show", few, "--entry", "1"])
    assert COLOR not in capsys.readouterr().out
    main(["show", few, "--entry", "1", "--color", "always"])
    assert COLOR in capsys.readouterr().out


def test_data_that_bring_their_prompt_are_put_into_no_template(tmp_path, capsys):
    path = write(tmp_path, "own.jsonl", '{"prompt": "Q: hi\\nA:", "completion": " yes"}\n')
    assert main(["audit", path]) == 0
    assert "prompt style given" in capsys.readouterr().out
    assert main(["show", path, "--entry", "1"]) == 0
    assert "Below is an instruction" not in capsys.readouterr().out


def hear_ctrl_c():
    """Let a child hear Ctrl-C, though the tests run in the background, where it is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_ends_it_without_a_word(tmp_path):
    path = write(tmp_path, "large.json", [asdict(entry) for entry in load_entries()] * 60)
    ours, theirs = open_terminal()
    process = subprocess.Popen(
        [*COMMAND, "audit", path], stdout=subprocess.DEVNULL, stderr=theirs,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, preexec_fn=hear_ctrl_c,
    )  # fmt: skip
    os.close(theirs)
    heard = ""
    while "auditing" not in heard:  # it is at work
        heard += os.read(ours, 4096).decode()
    process.send_signal(signal.SIGINT)
    heard += read_all(ours)
    assert process.wait(timeout=60) == 130
    assert not re.search("Traceback|Interrupt|Error", heard)


def test_a_terminal_without_the_signs_gets_their_numbers(few):
    plain = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    status, out, err = run("show", few, "--entry", "1", env=plain)
    assert (status, err) == (0, "")
    assert r"\u23ce" in out  # the sign for a line break


# Bad use, here ---------------------------------------------------------------------------

UNREADABLE = {
    "no JSON": ("a.json", "{'instruction'", "the file is not JSON"),
    "no JSON line": ("a.jsonl", "{}\n", "line 1: 'instruction' is missing"),
    "an empty file": ("a.json", "", "the file holds no entry"),
    "an empty list": ("a.json", "[]", "the list holds no entry"),
    "no lines": ("a.jsonl", "\n\n", "the file holds no entry"),
    "no list": ("a.json", "{}", "expected a list of entries"),
    "a number": ("a.json", '[{"instruction": "a", "output": 3}]', "entry 1: 'output' should be"),
    "NUL bytes": ("a.json", b"\x00" * 100, "the file is not JSON"),
    "a NUL in a string": ("a.json", b'[{"instruction": "\x00", "output": ""}]', "is not JSON"),
    "Latin-1": ("a.json", '[{"instruction": "é"}]'.encode("latin-1"), "not UTF-8 text: byte 18"),
    "UTF-16": ("a.json", "[]".encode("utf-16"), "the file is not UTF-8 text"),
    "a table without rows": ("a.csv", "a,b\n", "a.csv: the file holds no entry"),
    "nested too deeply": ("a.json", "[" * 100_000, "nested too deeply"),
}


@pytest.mark.parametrize("command", [["audit"], ["show", "--entry", "1"]])
@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_file_that_is_no_list_of_entries_is_refused(kind, command, tmp_path, capsys):
    name, content, words = UNREADABLE[kind]
    path = write(tmp_path, name, content)
    said = refused(capsys, *command, path)
    assert words in said
    assert path in said


def test_a_folder_is_refused(tmp_path, capsys):
    assert "this is a folder; give a .json or .jsonl file" in refused(
        capsys, "audit", str(tmp_path)
    )


def test_a_test_file_that_cannot_be_read_is_refused(few, capsys):
    assert "none.json: there is no such file" in refused(
        capsys, "audit", few, "--test", "none.json"
    )


@pytest.mark.parametrize("number", [13, 10**30])
def test_an_entry_out_of_range_is_refused(number, few, capsys):
    said = refused(capsys, "show", few, "--entry", str(number))
    assert f"--entry {number}: the entries of {few} are numbered 1 to 12" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["audit"], "the following arguments are required: FILE"),
        (["audit", "a.json", "--max-length", "0"], "--max-length: should be a whole number, 1 or"),
        (["audit", "a.json", "--max-length", "many"], "found 'many'"),
        (["audit", "a.json", "--batch-size", "-1"], "--batch-size: should be a whole number"),
        (["audit", "a.json", "--style", "vicuna"], "'alpaca', 'phi3', 'chatml', 'plain'"),
        (["audit", "a.json", "--mask", "all"], "'none', 'prompt', 'prompt_without_header'"),
        (["show", "a.json"], "the following arguments are required: --entry"),
        (["show", "a.json", "--entry", "0"], "--entry: should be a whole number, 1 or more"),
        (["show", "a.json", "--entry", "1", "--color", "red"], "'auto', 'always', 'never'"),
        (["audit", "a.json", "--colour"], "unrecognized arguments: --colour"),
        (["train", "a.json"], "'audit', 'show', 'answers'"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, words, capsys):
    assert words in refused(capsys, *arguments)


@pytest.mark.parametrize("command", [["audit"], ["show", "--entry", "1"]])
def test_an_unknown_tokenizer_is_refused_with_those_there_are(command, few, capsys):
    said = refused(capsys, *command, few, "--tokenizer", "gpt5")
    assert "--tokenizer: gpt5: neither a folder with a tokenizer.json nor one of smollm2" in said


def test_a_vocabulary_that_cannot_be_fetched_is_named(few, capsys, monkeypatch):
    def no_network(name):
        raise ConnectionError(f"HTTPSConnectionPool: {name} and much more")

    monkeypatch.setattr(tiktoken, "get_encoding", no_network)
    said = refused(capsys, "audit", few, "--tokenizer", "cl100k_base")
    assert "fetches this vocabulary from the network, and could not (ConnectionError)" in said


def test_a_folder_without_a_tokenizer_is_refused(few, tmp_path, capsys):
    said = refused(capsys, "audit", few, "--tokenizer", str(tmp_path))
    assert f"--tokenizer: there is no {tmp_path}/tokenizer.json; transformers writes it" in said


def test_a_file_that_is_no_tokenizer_is_refused(few, capsys):
    assert f"{few} is no tokenizer: " in refused(capsys, "audit", few, "--tokenizer", few)


# What the arguments do, here -------------------------------------------------------------


def test_the_arguments_of_audit_reach_the_survey(few, capsys):
    arguments = ["--style", "phi3", "--max-length", "40", "--mask", "prompt", "--batch-size", "3"]
    assert main(["audit", few, *arguments]) == 0
    expected = survey(FEW, style="phi3", max_length=40, mask="prompt", batch_size=3)
    assert f"JSON list\n{expected}\n" in capsys.readouterr().out


def test_json_is_all_that_is_printed_and_keeps_the_exit_status(wrong, capsys):
    assert main(["audit", wrong, "--json"]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    read = json.loads(out)
    assert read["entries"] == 1
    assert read["findings"][0]["code"] == "response-empty"


def test_where_something_was_found_the_command_to_look_at_it_is_given_and_works(tmp_path, capsys):
    path = write(tmp_path, "two of them.json", [asdict(FEW[0]), asdict(EMPTY)])
    main(["audit", path])
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.endswith(" --entry 2")
    assert main(shlex.split(last)[3:]) == 0
    assert capsys.readouterr().out.startswith("Entry 2 of 2")
    main(["audit", path, "--json"])
    assert "to look at" not in capsys.readouterr().out


def test_the_command_to_look_at_it_repeats_the_options_that_were_given(tmp_path, capsys):
    path = write(tmp_path, "two.json", [asdict(FEW[0]), asdict(EMPTY)])
    given = ["--style", "chatml", "--max-length", "60", "--mask", "prompt", "--batch-size", "3"]
    given += ["--tokenizer", "smollm2"]
    assert main(["audit", path, *given]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == shlex.join(["  python"]).strip("'") + f" -m companion show {path} --entry 2 " + (
        " ".join(given)
    )
    assert main(shlex.split(last)[3:]) == 0
    options = {"style": "chatml", "max_length": 60, "mask": "prompt", "tokenizer": "smollm2"}
    longest = int(InstructionDataset([FEW[0]], "chatml", tokenizer="smollm2").lengths[0])
    assert capsys.readouterr().out.endswith(f"\n\n{walk(EMPTY, longest=longest, **options)}\n")


def test_standard_input_is_audited_and_cannot_be_looked_at_again(tmp_path, capsys):
    with open(write(tmp_path, "wrong.jsonl", json.dumps(asdict(EMPTY)) + "\n")) as file:
        status, out, err = run("audit", "-", "--mask", "prompt", stdin=file)
    assert (status, err) == (1, "")
    assert out.startswith("standard input: rows: 1, in the form Alpaca, as JSON values\nsurvey: 1 ")
    assert out.endswith(
        "to look at one of them, with the data in a file:\n"
        "  python -m companion show FILE --entry 1 --mask prompt\n"
    )


TALKS = [
    {"id": 7, "messages": [{"role": "user", "content": u}, {"role": "assistant", "content": a}]}
    for u, a in (("Hi", "Hello!"), ("Hey", ""))
]


def test_conversations_are_surveyed_and_shown(tmp_path, capsys):
    path = write(tmp_path, "talks.jsonl", "".join(json.dumps(talk) + "\n" for talk in TALKS))
    assert main(["audit", path]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{path}: rows: 2, in the form messages, as JSON lines; not read: id\n")
    assert "survey: 2 conversations; 1 note" in out
    assert "note turn-empty: Conversation 2: a turn holds no text" in out
    assert main(shlex.split(out.splitlines()[-1])[3:]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Conversation 2 of 2\n\n2 turns, 1 token of text by tokenizer gpt2,")
    assert main(["audit", path, "--test", path]) == 1
    assert "error test-leak: Every conversation: " in capsys.readouterr().out


def test_conversations_are_measured_by_their_template(tmp_path, capsys):
    path = write(tmp_path, "talks.jsonl", "".join(json.dumps(talk) + "\n" for talk in TALKS))
    jinja = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
    (own := tmp_path / "own.jinja").write_text(jinja)
    for options, measured in (
        (["--template", "chatml", "--tokenizer", "smollm2"], "4 of 24 targets are"),
        (["--tokenizer", "smollm2"], "4 of 66 targets are"),  # by its own, with a system message
        (["--template", str(own)], "23 of 43 targets are"),
    ):
        assert main(["audit", path, "--mask", "prompt", *options]) == 0
        assert measured in capsys.readouterr().out
    with_template = ["--template", "chatml", "--tokenizer", "smollm2", "--mask", "prompt"]
    assert main(["show", path, "--entry", "1", *with_template]) == 0
    labels = [line.split()[-1] for line in capsys.readouterr().out.splitlines()[-6:]]
    assert labels == ["-100", "-100", "19556", "17", "2", "-100"]


def test_a_template_that_is_not_there_is_told_with_those_that_are(tmp_path, capsys):
    path = write(tmp_path, "talks.json", TALKS)
    said = refused(capsys, "audit", path, "--template", "chatm")
    assert "--template: there is no file chatm, and no template of that name; there are ch" in said


def test_a_conversation_that_its_template_has_no_place_for_is_found_and_the_rest_measured(
    tmp_path, capsys
):
    talks = [TALKS[0] | {"tools": [{"name": "add"}]}, TALKS[0]]
    path = write(tmp_path, "talks.json", talks)
    assert main(["audit", path, "--tokenizer", "smollm2"]) == 1
    out = capsys.readouterr().out
    assert "error template-refuses: Conversation 1: the chat template has no place for it" in out
    assert "found: conversation 1, the conversation offers tools, and template 'smollm2'" in out
    assert "longest 34 (conversation 2)" in out
    assert main(shlex.split(out.splitlines()[-1])[3:]) == 0
    assert "By its template\nthe conversation offers tools" in capsys.readouterr().out


def test_a_template_is_for_conversations(few, capsys):
    said = refused(capsys, "audit", few, "--template", "chatml")
    assert f"--template is for conversations, and {few} holds entries" in said


@pytest.mark.parametrize(("text", "said"), [("", "holds no entry"), ('[{"a": ', "is not JSON")])
def test_a_file_that_cannot_be_read_is_named_before_what_does_not_fit_it(
    text, said, tmp_path, capsys
):
    path = write(tmp_path, "broken.json", text)
    assert said in refused(capsys, "audit", path, "--template", "chatml")


def test_rows_of_ids_are_audited_and_shown(tmp_path, capsys):
    rows = [
        {"input_ids": [5, 6, 7, 8, 50256], "labels": [-100, -100, 7, 8, label]}
        for label in (50256, -100)
    ]
    path = write(tmp_path, "rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert main(["audit", path]) == 1
    out = capsys.readouterr().out
    assert out.startswith(f"{path}: rows: 2, in the form token rows, as JSON lines\naudit: 2 rows")
    assert "error end-ignored: Row 2: the end token's target is ignored" in out
    assert main(shlex.split(out.splitlines()[-1])[3:]) == 0
    assert capsys.readouterr().out.startswith("Row 2 of 2\n\n5 ids, 2 of them supervised\n")
    assert main(["audit", path, "--json", "--mask", "prompt"]) == 1
    read = json.loads(capsys.readouterr().out)
    assert read["file"]["form"] == "token rows"
    assert read["counts"] == {"end-ignored": 1, "mask-undetermined": 2}
    assert main(["audit", path, "--tokenizer", "smollm2"]) == 1
    assert "by tokenizer smollm2" in capsys.readouterr().out


def test_a_test_file_of_another_kind_is_refused(few, tmp_path, capsys):
    talks = write(tmp_path, "talks.json", TALKS)
    said = refused(capsys, "audit", few, "--test", talks)
    assert f"--test {talks}: holds conversations, and {few} entries" in said
    rows = write(tmp_path, "rows.json", [{"input_ids": [5, 6]}] * 2)
    assert f"--test compares texts, and {rows} holds rows of ids" in refused(
        capsys, "audit", rows, "--test", few
    )


def test_what_the_file_is_stands_in_the_json_too(tmp_path, capsys):
    path = write(tmp_path, "few.jsonl", json.dumps(asdict(FEW[0]) | {"id": 3}))
    assert main(["audit", path, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["file"] == {
        "name": path, "form": "Alpaca", "layout": "JSON values", "unread": ["id"],
    }  # fmt: skip


@pytest.mark.parametrize("field", ["content", "role", "a key", "an input"])
def test_no_message_reaches_the_terminal_as_a_command(field, tmp_path, capsys):
    asked = {"role": "user", "content": "Hi"} | ({EVERY: "x"} if field == "a key" else {})
    asked |= {field: EVERY} if field in ("content", "role") else {"name": EVERY}
    talk = {"messages": [asked, {"role": "assistant", "content": "Hi"}], EVERY: 1}
    path = write(tmp_path, "talk.json", json.dumps([talk, talk]))
    for arguments in (
        ("audit", path),
        ("audit", path, "--json"),
        ("show", path, "--entry", "1", "--full"),
        ("show", path, "--entry", "1", "--color", "always"),
    ):
        status, out, err = heard(capsys, *arguments)
        assert (status, err) == (0, "")
        assert out


def readme_commands():
    """Give the commands of the README's console blocks, and what it says they print."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```console\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    lines = [textwrap.dedent(block).splitlines() for block in blocks]
    return [(first, rest) for first, *rest in lines]


@pytest.mark.parametrize(("command", "lines"), readme_commands())
def test_the_readme_shows_what_is_printed(command, lines, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert main(shlex.split(command.removeprefix("$ "))[3:]) == 0
    out = capsys.readouterr().out
    # A line of three dots stands for lines that are left out.
    parts = "\n".join([*lines, ""]).split("\n...\n")
    assert len(parts) > 1
    at = 0
    for part in parts:
        found = out.find(part.strip("\n"), at)
        assert found >= 0, part
        at = found + len(part.strip("\n"))


def test_the_readme_shows_both_commands():
    assert [command.split()[4] for command, _ in readme_commands()] == ["audit", "show"]


def test_a_question_of_the_test_file_is_an_error(few, tmp_path, capsys):
    test = write(tmp_path, "test.json", [asdict(FEW[4])])
    assert main(["audit", few, "--test", test]) == 1
    assert "error test-leak: Entry 5: " in capsys.readouterr().out


@pytest.fixture
def byte_folder(tmp_path):
    """Make the folder of a tokenizer with a token for each byte, and two special ones."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({sign: id for id, sign in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<|user|>"), AddedToken("<|assistant|>")])
    folder = tmp_path / "model"
    folder.mkdir()
    tokenizer.save(str(folder / "tokenizer.json"))
    return str(folder)


def test_a_tokenizer_of_a_folder_counts_its_own_tokens(few, byte_folder, capsys):
    assert main(["audit", few, "--tokenizer", byte_folder, "--style", "phi3", "--json"]) == 0
    read = json.loads(capsys.readouterr().out)
    assert read["tokenizer"] == byte_folder
    # A byte is a token, but for the two special ones, which are one each.
    template = len("\n\n\n") + 2
    longest = max(len(e.instruction + e.input + e.output) + bool(e.input) for e in FEW)
    assert read["template"]["tokens"] == template
    assert read["lengths"]["longest"] == template + longest


def test_a_style_of_special_tokens_has_a_header_that_can_be_kept(few, byte_folder, capsys):
    masked = ["--style", "phi3", "--mask", "prompt_without_header", "--json"]
    assert main(["audit", few, "--tokenizer", byte_folder, *masked]) == 0
    with_header = json.loads(capsys.readouterr().out)["supervised"]
    responses = sum(len(entry.output) + 1 for entry in FEW)  # and their end tokens
    assert with_header == responses + len(FEW) * len(["\n", "<|assistant|>", "\n"])


def test_a_special_token_in_a_text_is_noted_and_read_by_no_tokenizer(byte_folder, tmp_path, capsys):
    entry = Entry("Hi", "", "I am the <|assistant|>\ud83d")
    path = write(tmp_path, "special.json", [asdict(entry)])
    assert main(["audit", path, "--tokenizer", f"{byte_folder}/tokenizer.json"]) == 0
    assert "note special-typed: Entry 1: " in capsys.readouterr().out
    assert main(["audit", path]) == 0
    assert "note special-typed: Entry 1: " in capsys.readouterr().out


def test_gpt2_is_the_packaged_tokenizer_by_either_name(few, capsys):
    for name in ("gpt2", "r50k_base"):
        assert main(["audit", few, "--encoding", name]) == 0  # what it was called at first
        assert capsys.readouterr().out.endswith(f"JSON list\n{survey(FEW)}\n")


def test_show_pads_to_the_longest_of_the_entrys_batch(few, capsys):
    assert main(["show", few, "--entry", "1", "--batch-size", "1"]) == 0
    assert "in the batch of entries 1 to 1\n" in (alone := capsys.readouterr().out)
    assert " pads, id" not in alone
    assert main(["show", few, "--entry", "1", "--batch-size", "5"]) == 0
    assert "in the batch of entries 1 to 5\n" in (among := capsys.readouterr().out)
    assert " pads, id" in among


def test_the_arguments_of_show_reach_the_walk(few, capsys):
    arguments = ["--style", "chatml", "--max-length", "90", "--mask", "prompt"]
    longest = max(len(tokenize_entry(entry, "chatml").ids) for entry in FEW[:8])
    options = {"style": "chatml", "max_length": 90, "mask": "prompt", "longest": longest}
    assert main(["show", few, "--entry", "2", *arguments]) == 0
    assert capsys.readouterr().out.endswith(f"\n\n{walk(FEW[1], **options)}\n")
    assert main(["show", few, "--entry", "2", *arguments, "--full"]) == 0
    shown = walk(FEW[1], **options, full=True)
    assert capsys.readouterr().out.endswith(f"\n\n{shown}\n")
    assert shown != walk(FEW[1], **options)


def test_a_huge_entry_is_surveyed_and_shown(tmp_path, capsys):
    entry = Entry("Repeat.", "", "word " * 20_000)
    path = write(tmp_path, "huge.json", [asdict(entry)])
    assert main(["audit", path, "--max-length", "512"]) == 0
    assert "note response-cut" in capsys.readouterr().out
    assert main(["show", path, "--entry", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) < 120


# What can turn, move, color or hide what a terminal shows around it: controls, formats (those
# for both directions of writing are among them), line separators and lone surrogates.
HOSTILE = [
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")
] + ["\ud800", "\udc80", "\udfff"]
EVERY = "".join(HOSTILE)
# A name holds no NUL and no slash, 255 bytes at most, and of lone surrogates what Linux gives.
IN_NAMES = [character for character in HOSTILE if character not in "\0\ud800\udfff"]
NAMES = ["".join(IN_NAMES[at : at + 55]) for at in range(0, len(IN_NAMES), 55)]


def test_the_hostile_are_those_that_are_known_to_be():
    bidi = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert {unicodedata.bidirectional(character) for character in HOSTILE} >= bidi
    assert {"\x1b", "\x07", "\x7f", "\x9b", "\u200f", "\u061c", "\u202e", "\u2028"} < set(HOSTILE)
    assert len(HOSTILE) > 230


def heard(capsys, *arguments):
    """Run the command here, and give its status; nothing hostile may reach either stream."""
    try:
        status = main(arguments)
    except SystemExit as ended:
        status = ended.code
    out, err = capsys.readouterr()
    colors = "|".join(["0", *COLORS.values()]) if "always" in arguments else "none"
    for stream in (re.sub(rf"\x1b\[({colors})m", "", out), err):
        assert set(stream) & set(HOSTILE) <= {"\n"}
    return status, out, err


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_no_name_reaches_the_terminal_as_a_command(name, tmp_path, few, capsys):
    sign = f"⟨U+{ord(name[-1]):04X}⟩"
    entries = [asdict(EMPTY)]
    good = write(tmp_path, f"{name}.json", entries)
    number = ("--entry", "1")
    status, out, _ = heard(capsys, "audit", good)  # it ends with the command to look at one
    assert (status, sign in out.splitlines()[-1]) == (1, True)
    assert heard(capsys, "audit", few, "--test", good)[0] == 0
    assert heard(capsys, "show", good, *number)[0] == 0
    (tmp_path / name).mkdir()
    for path in (
        str(tmp_path / f"none{name}.json"),
        str(tmp_path / name),
        write(tmp_path, f"a.{name}", "{"),
        write(tmp_path, f"broken{name}.json", "{"),
        write(tmp_path, f"broken{name}.jsonl", "{}\n"),
    ):
        for arguments in (("audit", path), ("show", path, *number), ("audit", few, "--test", path)):
            status, out, err = heard(capsys, *arguments)
            assert (status, out, sign in err, err.count("\n")) == (2, "", True, 1)
    for arguments in (
        ("audit", few, "--tokenizer", name),
        ("audit", few, "--tokenizer", str(tmp_path / name)),
        ("audit", few, "--tokenizer", good),
        ("audit", few, "--style", name),
        ("audit", few, "--mask", name),
        ("show", few, *number, "--color", name),
        ("audit", few, "--max-length", name[-30:]),
        ("audit", few, f"--{name}"),
        ("show", few, "--entry", name[-30:]),
        ("show", few, *number, name),
        (name, few),
    ):
        status, out, err = heard(capsys, *arguments)
        assert (status, out, err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("field", ["instruction", "input", "output"])
def test_no_text_reaches_the_terminal_as_a_command(field, tmp_path, byte_folder, capsys):
    entry = asdict(EMPTY) | {field: EVERY}
    path = write(tmp_path, "every.json", json.dumps([entry, entry | {"output": "Another."}]))
    for arguments in (
        ("audit", path),
        ("audit", path, "--json"),
        ("audit", path, "--tokenizer", byte_folder),
        ("audit", path, "--test", path),
        ("show", path, "--entry", "1", "--full"),
        ("show", path, "--entry", "1", "--full", "--color", "always"),
    ):
        status, out, err = heard(capsys, *arguments)
        assert status in (0, 1)
        assert out
        assert err == ""


@pytest.mark.parametrize("kind", ["a list", "an object", "a key", "a broken file"])
def test_no_error_in_a_text_reaches_the_terminal_as_a_command(kind, tmp_path, capsys):
    for name in NAMES:
        value = {"a list": [name], "an object": {name: 1}}.get(kind, 3)
        entry = {"instruction": "a", "output": value} | ({name: 1} if kind == "a key" else {})
        text = json.dumps([entry], ensure_ascii=False).encode("utf-8", "replace")
        if kind == "a broken file":
            text = f"[{name}]".encode("utf-8", "replace")
        path = write(tmp_path, "a.json", text)
        for arguments in (("audit", path), ("show", path, "--entry", "1")):
            status, out, err = heard(capsys, *arguments)
            assert (status, out, err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_tokenizers_name_is_safe_in_print_and_in_json_that_reads_the_same(
    name, few, byte_folder, tmp_path, capsys
):
    folder = str(shutil.copytree(byte_folder, tmp_path / name))
    assert heard(capsys, "audit", few, "--tokenizer", folder)[0] == 0
    status, out, err = heard(capsys, "audit", few, "--tokenizer", folder, "--json")
    assert (status, err, out.isascii()) == (0, "", True)
    assert json.loads(out)["tokenizer"] == folder


# Numbers that no array holds -------------------------------------------------------------


@pytest.mark.parametrize("number", [2**63, 10**20 - 1, int(1e30), 10**400])
def test_a_huge_number_is_answered_as_no_limit_is(number, few, capsys):
    assert main(["audit", few, "--max-length", str(number), "--json"]) == 0
    read = json.loads(capsys.readouterr().out)
    assert main(["audit", few, "--json"]) == 0
    free = json.loads(capsys.readouterr().out)
    assert read.pop("max_length") == number
    assert read["padding"].pop("static_width") == number
    assert read["padding"].pop("static") == pytest.approx(1)
    for name in ("static_width", "static"):
        del free["padding"][name]
    del free["max_length"]
    assert read == free
    for name in ("--max-length", "--batch-size"):
        assert main(["audit", few, name, str(number)]) == 0
        assert main(["show", few, "--entry", "2", name, str(number)]) == 0
    assert f"{number:,}" in capsys.readouterr().out


def test_what_is_too_long_for_a_number_is_refused_in_a_line(few, capsys):
    said = refused(capsys, "audit", few, "--max-length", "9" * 100_000)
    assert f"--max-length: should be a whole number, 1 or more; found '{'9' * 37}...'" in said


# What is imported ------------------------------------------------------------------------


def imported_after(*arguments):
    """Run the command in a process of its own; give which of the large packages it has."""
    program = (
        "import sys\n"
        "from companion.commands import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "large = {'numpy', 'torch', 'tiktoken', 'tokenizers', 'matplotlib', 'tqdm'}\n"
        "print(sorted(large & set(sys.modules)), file=sys.stderr)\n"
    )
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, env=env,
        timeout=60, check=True,
    )  # fmt: skip
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["audit", "--help"], ["show", "--help"], ["audit"], ["audit", "none.json"]],
)
def test_help_and_bad_use_are_answered_on_the_standard_library_alone(arguments):
    assert imported_after(*arguments) == "[]"


def test_the_masks_of_the_help_are_those_there_are():
    assert commands.MASKS == MASKS


# A module that is imported for as long as it takes for Ctrl-C to come, before and after `main`.
SLOW = "import os, time\nos.write(1, b'here')\ntime.sleep(60)\n"


@pytest.mark.parametrize("module", ["argparse", "numpy", "tiktoken"])
def test_ctrl_c_while_importing_ends_it_without_a_word(module, few, tmp_path):
    write(tmp_path, f"{module}.py", SLOW)
    process = subprocess.Popen(
        [*COMMAND, "audit", few], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}, preexec_fn=hear_ctrl_c,
    )  # fmt: skip
    try:
        assert process.stdout.read(4) == b"here"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30) == (b"", b"")
    finally:
        process.kill()
    assert process.returncode == 130


def test_what_an_entry_holds_never_reaches_the_terminal_as_a_command(tmp_path, capsys):
    entry = Entry("\x1b[2J\x07", "</s>\x1b]0;t\x07\x00", "\x9b2J\ud800 <|im_end|>")
    path = write(tmp_path, "escape.json", [asdict(entry)])
    for command in (["audit"], ["show", "--entry", "1"]):
        main([*command, path])
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800]", capsys.readouterr().out)
