"""Files as they come: each form in each kind of file, and each refusal in one sentence."""

import csv
import gzip
import io
import json
import re
import sys
import tracemalloc
from dataclasses import asdict

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion import parsing
from companion.conversations import Conversation, Message
from companion.entries import Entry, EntryError, GivenEntry, load_entries
from companion.forms import GIVEN, TokenRow
from companion.reading import iterate_file, load_file
from files import write

ALPACA = [
    {"instruction": "Name a colour.", "input": "", "output": "Blue."},
    {"instruction": "Add.", "input": "1, 2", "output": 'The sum is "3".\n\nDone; "well", é🙂.'},
]
ENTRIES = tuple(Entry(row["instruction"], row["input"], row["output"]) for row in ALPACA)
CALL = {"function": {"name": "clock", "arguments": '{"zone": "UTC"}'}, "type": "function"}
MESSAGES = [
    {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What time is it?"},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "content": "12:00", "name": "clock"},
            {"role": "assistant", "content": "Noon.", "weight": 1},
        ]
    }
]
TALK = Conversation(
    (
        Message("system", "Be brief."),
        Message("user", "What time is it?"),
        Message("assistant", "", {"tool_calls": [CALL]}),
        Message("tool", "12:00", {"name": "clock"}),
        Message("assistant", "Noon.", {"weight": 1}),
    )
)
SHAREGPT = [
    {
        "id": "a1",
        "conversations": [
            {"from": "human", "value": "Hi"},
            {"from": "gpt", "value": "Hello."},
            {"from": "observation", "value": "12:00"},
        ],
    }
]
SHORT = Conversation(
    (Message("user", "Hi"), Message("assistant", "Hello."), Message("tool", "12:00"))
)
IDS = [{"input_ids": [5, 6, 7], "labels": [-100, 6, 7], "attention_mask": [1, 1, 1]}]
ROW = TokenRow((5, 6, 7), labels=(-100, 6, 7), attention_mask=(1, 1, 1))
FORMS = {
    "Alpaca": (ALPACA, ENTRIES),
    "Dolly": (
        [
            {"instruction": r["instruction"], "context": r["input"], "response": r["output"]}
            for r in ALPACA
        ],
        ENTRIES,
    ),
    "prompt/completion": (
        [{"prompt": "Q: Hi\nA:", "completion": " Yes."}],
        (GivenEntry("Q: Hi\nA:", "", " Yes."),),
    ),
    "messages": (MESSAGES, (TALK,)),
    "ShareGPT": (SHAREGPT, (SHORT,)),
    "token rows": (IDS, (ROW,)),
}


def lines(values):
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def table(values, delimiter=","):
    text = io.StringIO(newline="")
    rows = csv.DictWriter(text, list(values[0]), delimiter=delimiter)
    rows.writeheader()
    for value in values:
        cells = {k: v if isinstance(v, str) else json.dumps(v) for k, v in value.items()}
        rows.writerow(cells)
    return text.getvalue()


def parquet(values):
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(values), sink)
    return sink.getvalue()


LAYOUTS = {
    "a JSON list": json.dumps,
    "JSON lines": lambda values: lines(values) + "\n",
    "JSON values": lambda values: "".join(json.dumps(value, indent=1) for value in values),
    "CSV": table,
    "parquet": parquet,
}
SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv", ".parquet", ".txt", "")


def as_bytes(content):
    return content if isinstance(content, bytes) else content.encode()


def sentence_about(path, name=None):
    with pytest.raises(EntryError) as caught:
        load_file(path)
    message = str(caught.value)
    assert "\n" not in message
    name = str(path) if name is None else name
    assert message.startswith(name)
    return message.removeprefix(name)


# What is read


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_read_from_each_layout_whatever_the_file_is_called(
    tmp_path, form, layout, suffix, packed
):
    values, rows = FORMS[form]
    # One object alone in a file that is not one of lines is no list; see below.
    values, rows = values * 2, rows * 2
    content = as_bytes(LAYOUTS[layout](values))
    path = write(tmp_path, f"mine{suffix}", gzip.compress(content) if packed else content)
    loaded = load_file(path)
    assert loaded.rows == rows
    assert loaded.form.name == form
    assert loaded.layout == (f"{layout}, in gzip" if packed else layout)


def test_what_was_told_is_said_and_what_was_not_read_is_named(tmp_path):
    path = write(tmp_path, "mine.json", lines(SHAREGPT * 2))
    assert str(load_file(path)) == (
        f"{path}: rows: 2, in the form ShareGPT, as JSON lines; not read: id"
    )


def test_a_prompt_and_completion_are_given_whole_so_the_style_adds_nothing(tmp_path):
    path = write(tmp_path, "mine.jsonl", lines(FORMS["prompt/completion"][0]))
    loaded = load_file(path)
    assert loaded.style is GIVEN
    assert GIVEN.text(loaded.rows[0]) == "Q: Hi\nA: Yes."
    assert load_file(write(tmp_path, "alpaca.json", ALPACA)).style is None


def test_prompts_and_completions_of_messages_are_a_conversation_with_weights(tmp_path):
    asked, answered = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes."}
    path = write(tmp_path, "mine.json", [{"prompt": [asked], "completion": [answered]}])
    messages = (Message("user", "Hi", {"weight": 0}), Message("assistant", "Yes.", {"weight": 1}))
    assert load_file(path).rows == (Conversation(messages),)
    assert load_file(path).form.gives == "conversations"


@pytest.mark.parametrize("key", ["data", "train"])
def test_a_list_under_one_key_is_read(tmp_path, key):
    for name in ("mine.json", "mine.jsonl"):
        path = write(tmp_path, name, {"version": "1.0", key: ALPACA})
        assert load_file(path).rows == ENTRIES


@pytest.mark.parametrize("text", ["[%s] [%s]", "%s%s", "%s\n\n %s", "[%s]\n%s"])
def test_values_that_follow_one_another_are_read(tmp_path, text):
    path = write(
        tmp_path, "mine.json", text % tuple(json.dumps(value, indent=2) for value in ALPACA)
    )
    assert load_file(path).rows == ENTRIES


@pytest.mark.parametrize("layout", ["a JSON list", "JSON lines", "CSV"])
def test_a_byte_order_mark_and_windows_line_ends_are_passed_over(tmp_path, layout):
    values = ALPACA[:1] * 2
    content = LAYOUTS[layout](values).replace("\r\n", "\n").replace("\n", "\r\n")
    path = write(tmp_path, "mine.txt", b"\xef\xbb\xbf" + content.encode())
    assert load_file(path).rows == ENTRIES[:1] * 2


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_the_columns_of_a_table_may_be_parted_otherwise(tmp_path, delimiter):
    assert load_file(write(tmp_path, "mine.csv", table(ALPACA, delimiter))).rows == ENTRIES


@pytest.mark.parametrize("layout", LAYOUTS)
def test_standard_input_is_read(monkeypatch, layout):
    content = io.BytesIO(as_bytes(LAYOUTS[layout](ALPACA)))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))
    loaded = load_file("-")
    assert (loaded.name, loaded.rows) == ("standard input", ENTRIES)


def test_one_line_that_comes_through_a_pipe_is_a_row(monkeypatch):
    line = io.BytesIO(json.dumps(ALPACA[0]).encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(line))
    assert load_file("-").rows == ENTRIES[:1]


def test_what_was_read_so_far_can_be_followed(tmp_path):
    path = write(tmp_path, "mine.jsonl", lines([{**ALPACA[0], "id": 1}] * 3000))
    rows = iterate_file(path)
    assert rows.size == path.stat().st_size
    next(rows)
    assert (rows.count, rows.position) == (1, parsing.PIECE)
    assert sum(1 for _ in rows) == 2999
    assert rows.position == rows.size
    assert str(rows) == str(load_file(path))
    assert str(rows).endswith(": rows: 3,000, in the form Alpaca, as JSON lines; not read: id")


def test_of_many_keys_that_were_not_read_some_are_named_and_the_others_counted(tmp_path):
    row = ALPACA[0] | {f"k{n}": 0 for n in range(13)} | {"x" * 50: 0}
    said = str(load_file(write(tmp_path, "mine.json", [row])))
    assert said.endswith("; not read: k0, k1, k2, k3, k4, k5, k6, k7, k8, k9 and 4 more")


def test_load_entries_takes_every_form_that_gives_entries_and_says_what_reads_the_others(tmp_path):
    path = write(tmp_path, "dolly.csv", table(FORMS["Dolly"][0]))
    assert load_entries(path) == list(ENTRIES)
    path = write(tmp_path, "chat.json", MESSAGES)
    said = "the file holds conversations, in the form messages; companion.reading.load_file"
    with pytest.raises(EntryError, match=re.escape(said)):
        load_entries(path)


def test_labels_are_those_that_every_mask_allows():
    ids = (5, 6, 7)
    assert TokenRow(ids).labelled == ids
    assert TokenRow(ids, labels=(-100, 6, 7)).labelled == (-100, 6, 7)
    assert TokenRow(ids, loss_mask=(0, 1, 0)).labelled == (-100, 6, -100)
    both = TokenRow(ids, completion_mask=(0, 1, 1), assistant_masks=(1, 1, 0))
    assert both.labelled == (-100, 6, -100)
    assert TokenRow(ids, labels=(5, 6, -100), weights=(0.0, 1.0, 1.0)).labelled == (-100, 6, -100)


def test_every_column_of_a_token_row_is_kept(tmp_path):
    row = TokenRow(
        (5, 6), (5, 6), (0, 1), (0, 1), (0, 1), (0.0, 0.5), (1, 2), (0, 0), (0, 1), (1, 1)
    )
    path = write(tmp_path, "rows.jsonl", lines([asdict(row)]))
    assert load_file(path).rows == (row,)
    masked = {"input_ids": [5, 6], "loss_mask": [False, True]}
    assert load_file(write(tmp_path, "b.jsonl", lines([masked]))).rows[0].loss_mask == (0, 1)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


@settings(max_examples=50)
@given(st.lists(st.tuples(texts, texts, texts), min_size=2, max_size=4))
def test_the_same_content_gives_equal_entries_in_every_form_and_layout(tmp_path_factory, fields):
    folder = tmp_path_factory.mktemp("same")
    expected = tuple(Entry(*row) for row in fields)
    for names in (("instruction", "input", "output"), ("instruction", "context", "response")):
        values = [dict(zip(names, row, strict=True)) for row in fields]
        for layout, writer in LAYOUTS.items():
            loaded = load_file(write(folder, "mine.txt", as_bytes(writer(values))))
            assert (loaded.layout, loaded.rows) == (layout, expected)


@given(st.integers(1, 40), st.data())
def test_how_the_file_is_cut_into_pieces_changes_nothing(tmp_path_factory, piece, data):
    layout = data.draw(st.sampled_from(["a JSON list", "JSON lines", "JSON values"]))
    # The first piece is what tells the layout; where it is too short, the name must.
    name = "mine.jsonl" if layout == "JSON lines" else "mine.json"
    path = write(tmp_path_factory.mktemp("cut"), name, LAYOUTS[layout](ALPACA * 2))
    before, parsing.PIECE = parsing.PIECE, piece
    try:
        assert load_file(path).rows == ENTRIES * 2
    finally:
        parsing.PIECE = before


# In pieces


@pytest.mark.parametrize("piece", [7, 1000])
def test_wherever_a_list_is_cut_off_the_place_is_that_of_json(tmp_path, monkeypatch, piece):
    monkeypatch.setattr(parsing, "PIECE", piece)
    whole = '[{"instruction": "a\\n",\n "output": "b"},\n {"instruction": "c", "output": "d"}]'
    path = tmp_path / "mine.json"
    for end in range(1, len(whole)):
        path.write_text(whole[:end], encoding="utf-8")
        with pytest.raises(json.JSONDecodeError) as theirs:
            json.loads(whole[:end])
        place = str(theirs.value).removeprefix(theirs.value.msg)
        assert place in sentence_about(path), whole[:end]


@pytest.mark.parametrize("layout", ["a JSON list", "JSON lines", "CSV", "parquet", "gzip"])
def test_a_large_file_is_read_in_bounded_memory(tmp_path, layout):
    values = [
        {"instruction": f"Count to {n}.", "input": "", "output": "1 " * 500} for n in range(9000)
    ]
    writer = LAYOUTS["JSON lines" if layout == "gzip" else layout]
    content = as_bytes(writer(values))
    path = write(tmp_path, "large", gzip.compress(content, 1) if layout == "gzip" else content)
    tracemalloc.start()
    rows = iterate_file(path)
    many = sum(1 for _ in rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert many == 9000
    assert peak < 2_000_000  # of 9,000,000 characters


def test_an_iterator_that_is_left_closes_its_file(tmp_path):
    rows = iterate_file(write(tmp_path, "mine.json", ALPACA))
    assert next(rows) == ENTRIES[0]
    rows.close()
    assert not rows.close.alive


def test_after_a_fault_an_iterator_gives_no_row_and_tells_all_faults_at_the_end(tmp_path):
    rows = iterate_file(write(tmp_path, "mine.jsonl", lines([ALPACA[0], {"output": ""}, *ALPACA])))
    assert next(rows) == ENTRIES[0]
    with pytest.raises(EntryError, match="line 2: 'instruction' is missing"):
        next(rows)


# What is refused


def test_all_faults_are_listed(tmp_path):
    bad = [{"instruction": 1, "output": None}, ALPACA[0], {"instruction": "a"}]
    assert sentence_about(write(tmp_path, "mine.json", bad)) == (
        ": 3 faults: entry 1: 'instruction' should be a string and is a number (1); "
        "entry 1: 'output' should be a string and is null; entry 3: 'output' is missing"
    )


def test_ten_faults_are_listed_and_the_others_counted(tmp_path):
    said = sentence_about(write(tmp_path, "mine.jsonl", lines([{"instruction": "a"}] * 1500)))
    told = "; ".join(f"line {number}: 'output' is missing" for number in range(1, 11))
    assert said == f": 1,500 faults: {told}; and 1,490 more"


def test_mixed_forms_are_named_by_the_entries(tmp_path):
    said = sentence_about(write(tmp_path, "mine.json", [*ALPACA, *MESSAGES]))
    assert said == (
        ", entry 3: this is in the form messages, and others in the form Alpaca; "
        "a file holds one form"
    )


@pytest.mark.parametrize(
    ("row", "keys", "line"),
    [
        (
            {"question": "Hi?", "answer": "Yes."},
            "'question', 'answer'",
            "[{\"instruction\": row['question'], \"output\": row['answer']} for row in rows]",
        ),
        (
            {"prompt": "Hi?", "chosen": "Yes.", "rejected": "No."},
            "'prompt', 'chosen', 'rejected'",
            "[{\"instruction\": row['prompt'], \"output\": row['chosen']} for row in rows]",
        ),
        (
            {"text": "Hi? Yes."},
            "'text'",
            '[{"prompt": "", "completion": row[\'text\']} for row in rows]',
        ),
        (
            {"a": "Hi?", "b": "Yes."},
            "'a', 'b'",
            "[{\"instruction\": row['a'], \"output\": row['b']} for row in rows]",
        ),
        ({"role": "user", "content": "Hi?"}, "'role', 'content'", '[{"messages": rows}]'),
    ],
)
def test_what_is_no_form_is_named_with_its_keys_and_the_line_that_makes_it_one(
    tmp_path, row, keys, line
):
    assert sentence_about(write(tmp_path, "mine.json", [row, row])) == (
        f": the keys {keys} are none of the forms token rows, messages, ShareGPT, Alpaca, Dolly, "
        "prompt/completion of messages, prompt/completion; with the objects in `rows`, this makes "
        f"them one: {line}"
    )
    made = eval(line, {"rows": [row, row]})
    assert load_file(write(tmp_path, "made.json", made)).rows


def test_lists_of_messages_are_refused_with_the_line_that_makes_them_a_form(tmp_path):
    rows = [MESSAGES[0]["messages"]] * 2
    said = sentence_about(write(tmp_path, "mine.json", rows))
    line = '[{"messages": row} for row in rows]'
    assert said == (
        ": expected objects and found lists; if each is a list of messages, this makes it a form: "
        + line
    )
    assert load_file(write(tmp_path, "made.json", eval(line, {"rows": rows}))).rows == (TALK,) * 2


def message(**fields):
    return {"messages": [{"role": "user", "content": "Hi"}, fields]}


ONE = {"instruction": "a", "output": "b"}
REFUSED = {
    "a JSON file of one object": (
        "a.json",
        json.dumps(ONE),
        ": expected a list of entries, [{...}, {...}], and found an object "
        '({"instruction": "a", "output": "b"})',
    ),
    "two lists": (
        "a.json",
        json.dumps({"train": [ONE], "test": [ONE]}),
        ": lists of objects stand under 'train' and 'test'; json.load(open(path))['train'] is one "
        "of them",
    ),
    "a key twice": (
        "a.jsonl",
        '{"instruction": "a", "output": "b", "output": "c"}\n',
        ", line 1: 'output' stands twice in one object",
    ),
    "NaN": (
        "a.jsonl",
        '{"instruction": "a", "output": NaN}\n',
        ", line 1: 'output' should be a string and is a number (NaN)",
    ),
    "a huge number": (
        "a.jsonl",
        '{"instruction": "a", "output": ' + "9" * 5000 + "}\n",
        ", line 1: the line is not JSON: a number has more than 4,300 digits",
    ),
    "a huge number in a list": (
        "a.json",
        '[{"instruction": "a", "output": ' + "9" * 5000 + "}]",
        ", entry 1: the file is not JSON: a number has more than 4,300 digits",
    ),
    "deep nesting": (
        "a.jsonl",
        "[" * 100_000,
        ": the file is nested too deeply to be a list of entries",
    ),
    "a deep line": (
        "a.jsonl",
        lines([ONE]) + '{"output": ' + "[" * 100_000 + "\n",
        ", line 2: the line is nested too deeply",
    ),
    "more after a line": (
        "a.jsonl",
        lines([ONE]) + "{} {}\n",
        ", line 2: the line is not JSON: Extra data: line 1 column 4 (char 3)",
    ),
    "a list that is cut off": (
        "a.json",
        '[{"instruction": "a",\n "output": "b"},\n',
        ": the file is not JSON: Expecting value: line 3 column 1 (char 39)",
    ),
    "a file that is cut off within a character": (
        "a.jsonl",
        '{"instruction": "é'.encode()[:-1],
        ": the file is not UTF-8 text: byte 17 is 0xc3, where it ends within a character; it was "
        "cut off",
    ),
    "Windows-1252": (
        "a.jsonl",
        b'{"instruction": "\x93a\x94"}',
        ": the file is not UTF-8 text: byte 17 is 0x93; as Windows-1252 the text reads '“a”\"}' "
        "there; if it is that, path.write_bytes(path.read_bytes().decode('cp1252').encode()) makes "
        "it UTF-8",
    ),
    "an unknown encoding": (
        "a.jsonl",
        b'{"instruction": "\x81\x81\x81"}',
        ": the file is not UTF-8 text: byte 17 is 0x81, which no common encoding has in this "
        "place, either",
    ),
    "two encodings": (
        "a.jsonl",
        '{"instruction": "é"}\n'.encode() + b'{"instruction": "caf\xe9"}',
        ": the file is not UTF-8 text: byte 42 is 0xe9, though other characters before it are "
        "UTF-8; it was damaged there, or joined of two",
    ),
    "UTF-16 without a mark": (
        "a.json",
        json.dumps([ONE]).encode("utf-16-le"),
        ": the file is not UTF-8 text: every other byte is zero, as in UTF-16-LE; if it is that, "
        "path.write_bytes(path.read_bytes().decode('utf-16-le').encode()) makes it UTF-8",
    ),
    "UTF-32": (
        "a.json",
        json.dumps([ONE]).encode("utf-32"),
        ": the file is not UTF-8 text: byte 0 is 0xff, and so begins UTF-32; if it is that, "
        "path.write_bytes(path.read_bytes().decode('utf-32').encode()) makes it UTF-8",
    ),
    "an Excel sheet": (
        "a.csv",
        b"PK\x03\x04abc",
        ": the file is a zip archive (an Excel sheet is one, too); unzip it, or save the sheet as "
        "CSV",
    ),
    "gzip twice": (
        "a.json.gz",
        gzip.compress(gzip.compress(b"[]")),
        ": the file is gzip within gzip; gunzip it once",
    ),
    "gzip that is cut off": (
        "a.json.gz",
        gzip.compress(json.dumps([ONE]).encode())[:-12],
        ": the gzip file ends before its end; it was cut off",
    ),
    "a field of a table that never ends": (
        "a.csv",
        'instruction,output\na,b\na,"' + "b" * 140_000,
        ", line 3: a field is longer than 131,072 characters; look for a quotation mark that is "
        "not closed, or raise csv.field_size_limit",
    ),
    "a quotation mark that is not closed": (
        "a.csv",
        'instruction,output\na,"b\n',
        ", line 2: the CSV is broken: unexpected end of data",
    ),
    "a short row": (
        "a.csv",
        "instruction,input,output\na,b\n",
        ", line 2: 2 fields, and the header names 3 columns",
    ),
    "a column twice": (
        "a.csv",
        "instruction,output,output\na,b,c\n",
        ", line 1: the column 'output' stands twice",
    ),
    "a list that is no JSON in a table": (
        "a.csv",
        "messages\n\"[{'role': 'user'}]\"\n",
        ", line 2: 'messages' should be a list, written as JSON, and is a string "
        "(\"[{'role': 'user'}]\")",
    ),
    "damaged parquet": (
        "a.parquet",
        b"PAR1 and no more than that PAR1",
        ": the parquet file is damaged: ",
    ),
    "no messages": ("a.jsonl", '{"messages": []}', ", line 1: 'messages' holds no message"),
    "messages that are text": (
        "a.jsonl",
        '{"messages": "Hi"}',
        ", line 1: 'messages' should be a list and is a string (\"Hi\")",
    ),
    "a message that is text": (
        "a.jsonl",
        '{"messages": ["Hi"]}',
        ", line 1: message 1 of 'messages': expected an object with 'role' and 'content', and "
        'found a string ("Hi")',
    ),
    "a message without content": (
        "a.jsonl",
        json.dumps(message(role="assistant")),
        ", line 1: message 2 of 'messages': 'content' is missing",
    ),
    "a picture": (
        "a.jsonl",
        json.dumps(message(role="user", content=[{"type": "image"}])),
        ", line 1: message 2 of 'messages': 'content' may be a list of parts with 'text', and one "
        'is an object ({"type": "image"})',
    ),
    "half a weight": (
        "a.jsonl",
        json.dumps(message(role="user", content="Hi", weight=0.5)),
        ", line 1: message 2 of 'messages': 'weight' is 0 or 1, and is a number (0.5)",
    ),
    "an unknown speaker": (
        "a.jsonl",
        '{"conversations": [{"from": "cat", "value": "Hi"}]}',
        ", line 1: message 1 of 'conversations': 'from' is one of human, user, gpt, chatgpt, bard, "
        "bing, model, assistant, function_call, system, tool, function, function_response, "
        'observation, and is a string ("cat")',
    ),
    "ids that are text": (
        "a.jsonl",
        '{"input_ids": ["5"]}',
        ", line 1: 'input_ids' should hold whole numbers, and holds a string (\"5\")",
    ),
    "no ids": ("a.jsonl", '{"input_ids": []}', ", line 1: 'input_ids' holds no id"),
    "ids of a batch": (
        "a.jsonl",
        '{"input_ids": [[5, 6], [7]]}',
        ", line 1: 'input_ids' should hold the numbers of one row, and holds lists, the first a "
        "list ([5, 6])",
    ),
    "an id of 65 bits": (
        "a.jsonl",
        '{"input_ids": [18446744073709551616]}',
        ", line 1: 'input_ids' should hold finite numbers of 64 bits, and holds a number "
        "(18446744073709551616)",
    ),
    "a weight that is no number": (
        "a.jsonl",
        '{"input_ids": [5, 6], "weights": [1, NaN]}',
        ", line 1: 'weights' should hold finite numbers of 64 bits, and holds a number (NaN)",
    ),
    "labels of another length": (
        "a.jsonl",
        '{"input_ids": [5, 6], "labels": [5]}',
        ", line 1: 'labels' holds 1 numbers, and 'input_ids' 2",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_said_in_one_sentence(tmp_path, case):
    name, content, said = REFUSED[case]
    found = sentence_about(write(tmp_path, name, content))
    assert found.startswith(said) if case == "damaged parquet" else found == said


def test_a_cure_for_a_wrong_encoding_works(tmp_path):
    for encoding in ("utf-16", "utf-16-be", "utf-32", "cp1252"):
        text = json.dumps([{"instruction": "é“", "output": "a" * 40}], ensure_ascii=False)
        path = write(tmp_path, "mine.json", text.encode(encoding))
        cure = re.search(r"(path\.write_bytes.*) makes it", sentence_about(path))[1]
        exec(cure, {"path": path})
        assert load_file(path).rows == (Entry("é“", "", "a" * 40),)


def test_what_would_fill_the_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(parsing, "LONGEST", 100_000)
    bomb = gzip.compress(b'{"instruction": "' + b"a" * 1_000_000)
    said = sentence_about(write(tmp_path, "mine.jsonl.gz", bomb))
    assert said == ": a line is longer than 100,000 characters"
    said = sentence_about(write(tmp_path, "mine.json.gz", bomb))
    assert said == ": a value is longer than 100,000 characters"


def test_lone_surrogates_are_read_and_can_be_printed_in_a_message(tmp_path):
    path = write(tmp_path, "mine.json", [{"instruction": "\ud800", "output": "\udfff"}])
    assert load_file(path).rows == (Entry("\ud800", "", "\udfff"),)
    sentence_about(write(tmp_path, "mine.json", [{"\ud800": 1, "b": "\ud800"}])).encode()
    sentence_about(write(tmp_path, "b.json", '[{"\\ud800": 1, "\\ud800": 2}]')).encode()


def test_without_pyarrow_a_parquet_file_is_refused_with_the_line_that_installs_it(
    tmp_path, monkeypatch
):
    path = write(tmp_path, "mine.parquet", parquet(ALPACA))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    said = sentence_about(path)
    assert said == ": a parquet file is read by the package pyarrow: pip install pyarrow"


def test_what_is_null_in_a_table_is_missing(tmp_path):
    values = [{"instruction": "Add.", "output": "3", "input": "1 2"}, ALPACA[0] | {"input": None}]
    rows = (Entry("Add.", "1 2", "3"), ENTRIES[0])
    assert load_file(write(tmp_path, "mine.parquet", parquet(values))).rows == rows


def test_a_number_that_is_cut_by_a_piece_is_one_number(tmp_path, monkeypatch):
    monkeypatch.setattr(parsing, "PIECE", 3)
    said = sentence_about(write(tmp_path, "mine.json", "[1234]"))
    assert said.endswith("and found a number (1234)")
