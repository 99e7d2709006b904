"""The frames in Python: the companion's own numbers, the stored fixtures, and their schema."""

import json
import re
import warnings
from pathlib import Path
from random import Random

import jsonschema
import pytest

from companion.auditing import Expectation, audit
from companion.chatting import tokenize_conversations
from companion.collating import Collator, ResponseCutWarning
from companion.conversations import Conversation, Message, load_conversations
from companion.entries import Entry, load_entries
from companion.findings import RULES
from companion.formatting import STYLES
from companion.libraries import choose_supervision
from companion.masking import MASKS, supervised_spans
from companion.showing import talks
from companion.showing.frames import FAULTS, TALKS, frames, read_state
from companion.tokenizing import tokenize_entry
from states import NO_STATES, random_state, random_talk_state

FIXTURES = sorted((Path(__file__).parent / "fixtures" / "frames").glob("*.json"))
SCHEMA = json.loads(
    (Path(__file__).parents[1] / "companion" / "showing" / "frames.schema.json").read_text("utf-8")
)
VALID = jsonschema.Draft202012Validator(SCHEMA)
ENTRIES = load_entries()


def plain(entry):
    return {name: getattr(entry, name) for name in ("instruction", "input", "output")}


def draw(dice, fewest=1):
    return [ENTRIES[dice.randrange(len(ENTRIES))] for _ in range(dice.randint(fewest, 8))]


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_a_stored_state_gives_its_stored_frames(path):
    fixture = json.loads(path.read_text("ascii"))
    made = json.loads(json.dumps(frames(fixture["state"])))
    assert made == fixture["frames"]
    VALID.validate({"state": fixture["state"], "frames": made})


def test_there_is_a_fixture_for_every_fault_style_and_truncation():
    states = [json.loads(path.read_text("ascii"))["state"] for path in FIXTURES]
    assert {state.get("fault") for state in states} >= {None, *FAULTS, *TALKS.faults}
    named = {
        state.get("style", "alpaca") for state in states if type(state.get("style")) is not dict
    }
    assert named >= {*STYLES, *TALKS.styles}
    assert {state.get("mask", "none") for state in states} >= {*MASKS, *TALKS.masks}
    assert {state.get("truncation") for state in states} >= {"keep_end", "drop", "error"}


@pytest.mark.parametrize("number", range(300))
def test_frames_of_any_state_fit_the_schema(number):
    make = random_state if number < 200 else random_talk_state
    state = make(Random(f"schema {number}"))
    made = json.loads(json.dumps(frames(state)))
    VALID.validate({"state": state, "frames": made})


@pytest.mark.parametrize(
    ("state", "pattern"), NO_STATES, ids=[str(number) for number in range(len(NO_STATES))]
)
def test_what_is_no_state_is_refused(state, pattern):
    with pytest.raises(ValueError, match=pattern):
        read_state(state)


def assert_is_the_collators(made, collate, tokenized):
    """Hold frames to what the collator makes of the same texts, or refuses in the same words."""
    if made["refusal"]:
        with pytest.raises(ValueError, match=re.escape(made["refusal"])):
            collate(tokenized)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResponseCutWarning)
        batch = collate(tokenized)
    assert made["batch"]["inputs"] == batch.inputs.tolist()
    assert made["batch"]["targets"] == batch.targets.tolist()


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("truncation", ["cut", "keep_end"])
def test_without_a_fault_the_batch_is_the_collators(mask, style, truncation):
    dice = Random(f"{mask} {style} {truncation}")
    for _ in range(15):
        entries, limit = draw(dice), dice.choice([None, 40, 80])
        state = {
            "entries": [plain(entry) for entry in entries],
            "style": style,
            "mask": mask,
            "max_length": limit,
            "truncation": truncation,
        }
        made = frames(state)
        tokenized = [tokenize_entry(entry, style) for entry in entries]
        collate = Collator(mask=mask, max_length=limit, truncation=truncation)
        assert_is_the_collators(made, collate, tokenized)


def errors(report):
    return {finding.code for finding in report.errors}


def codes(made, severities=("error",)):
    return {f["code"] for f in made["findings"] if RULES[f["code"]].severity in severities}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("fault", [None, *(f for f in FAULTS if f != "prompt_cut_differently")])
def test_the_findings_are_those_of_the_audit(mask, fault):
    """What frames know of their slots, `audit` infers from the batch; on texts they agree."""
    dice = Random(f"{mask} {fault}")
    for _ in range(25):
        # A broken batch of one short text, or one that is cut as well, leaves little to tell by.
        entries = draw(dice, fewest=4 if fault else 1)
        limit = None if fault else dice.choice([None, 60, 120])
        state = {"entries": [plain(entry) for entry in entries], "mask": mask}
        made = frames({**state, "max_length": limit, "fault": fault})
        if made["batch"] is None:
            continue
        spans = supervised_spans([tokenize_entry(entry) for entry in entries], mask)
        expect = Expectation(
            mask=mask, max_length=limit, vocabulary_size=50257, spans=spans, shifted=True
        )
        report = audit(made["batch"]["inputs"], made["batch"]["targets"], expect=expect)
        assert errors(report) == codes(made), (state, limit)


@pytest.mark.parametrize("style", ["alpaca", "phi3", "chatml"])
@pytest.mark.parametrize("mask", MASKS)
def test_where_the_border_moved_is_what_the_audit_finds(mask, style):
    dice = Random(f"{mask} {style}")
    moved = 0
    for _ in range(25):
        entries = [
            Entry(
                entry.instruction,
                entry.input,
                dice.choice(["", "", "\n", " ", "\n\n"]) + entry.output,
            )
            for entry in draw(dice, fewest=4)
        ]
        state = {"entries": [plain(entry) for entry in entries], "style": style, "mask": mask}
        made = frames({**state, "fault": "prompt_cut_differently"})
        found = [f["rows"] for f in made["findings"] if f["code"] == "border-moved"]
        report = audit(
            *map(made["batch"].get, ("inputs", "targets")), expect=Expectation(style=style)
        )
        assert found == [list(f.rows) for f in report.findings if f.code == "border-moved"], state
        moved += sum(map(len, found))
    assert moved > 20


HI = Entry("Hi", "", "Ho ho ho.")
LONG = Entry("Why, " * 20, "", "So.")
ON = Entry("Hi", "", "\n\nHo.")  # its line breaks are one token with the prompt's


@pytest.mark.parametrize(
    ("entries", "chosen", "found"),
    [
        ([HI], {}, []),
        ([HI], {"fault": "no_shift"}, ["not-shifted"]),
        ([HI], {"fault": "shifted_twice"}, ["shifted-twice"]),
        ([HI], {"fault": "end_ignored"}, ["end-ignored"]),
        ([HI], {"fault": "padding_by_value"}, ["end-ignored"]),
        ([HI], {"fault": "mask_off_by_one"}, ["response-ignored"]),
        ([HI], {"fault": "mask_off_by_one", "mask": "none"}, []),
        ([HI], {"fault": "prompt_cut_differently"}, []),
        ([HI, ON], {"fault": "prompt_cut_differently"}, ["border-moved"]),
        ([ON], {}, []),
        ([HI], {"max_length": 3}, ["response-cut"]),
        ([HI, LONG], {"max_length": 8}, ["response-lost"]),
        ([HI, HI, LONG], {}, ["mostly-padding"]),
        ([HI], {"max_length": 1}, ["nothing-supervised"]),
        ([Entry("What is <|endoftext|>?", "", "An end.")], {}, ["special-typed"]),
        ([[1, 50256, 2]], {}, ["special-in-text"]),
    ],
)
def test_each_finding_by_hand(entries, chosen, found):
    plain_ones = [entry if isinstance(entry, list) else plain(entry) for entry in entries]
    state = {"entries": plain_ones, "style": "plain", "mask": "prompt", **chosen}
    assert [finding["code"] for finding in frames(state)["findings"]] == found


@pytest.mark.parametrize("fault", [f for f, step in FAULTS.items() if step != "tokenize"])
def test_a_fault_changes_no_token_and_no_slot_of_the_block(fault):
    for number in range(60):
        state = {**random_state(Random(f"{fault} {number}")), "fault": None}
        right, wrong = frames(state), frames({**state, "fault": fault})
        assert wrong["rows"] == right["rows"]
        for part in ("block", "roles"):
            assert right["batch"] is None or wrong["batch"][part] == right["batch"][part]


def at_ignore(made):
    """Give what is ignored before the mask is put on, and why."""
    return [
        [why if why not in ("prompt", "late") else None for why in row]
        for row in made["batch"]["why"]
    ]


@pytest.mark.parametrize("mask", ["prompt", "prompt_without_header"])
def test_a_mask_one_off_is_not_seen_at_ignore_and_is_one_target_more_a_row_at_mask(mask):
    state = {"entries": [plain(entry) for entry in ENTRIES[:3]], "mask": mask}
    right, wrong = frames(state), frames({**state, "fault": "mask_off_by_one"})
    assert at_ignore(wrong) == at_ignore(right)
    late = [row.count("late") for row in wrong["batch"]["why"]]
    assert late == [1, 1, 1]
    assert wrong["tally"]["supervised"] == right["tally"]["supervised"] - 3
    assert wrong["spared"] is None


def test_a_prompt_that_holds_the_pads_id_is_hit_by_value_before_it_is_masked():
    """One id a character here, and one character of the prompt has the pad's."""
    entry = {"instruction": f"a{chr(50256)}b", "input": "", "output": "c"}
    state = {"entries": [entry], "style": "plain", "mask": "prompt", "fault": "padding_by_value"}
    made = frames(
        state,
        lambda text: [ord(character) for character in text],
        None,
        lambda ids: [chr(id).encode() for id in ids],
    )
    assert made["batch"]["targets"] == [[-100, -100, -100, 99, -100]]
    assert made["batch"]["why"] == [["value", "prompt", "prompt", None, "value"]]


@pytest.mark.parametrize(
    ("entries", "chosen", "spared"),
    [
        ([HI], {"fault": None}, None),
        ([HI], {"fault": "no_shift"}, None),
        ([[5, 5, 5]], {"fault": "no_shift", "max_length": 2}, "alike"),
        ([HI, HI], {"fault": "padding_by_value", "max_length": 4}, "no-end"),
        ([HI, HI], {"fault": "end_ignored", "max_length": 4}, "no-end"),
        ([HI], {"fault": "end_ignored", "max_length": 4, "truncation": "keep_end"}, None),
        ([HI], {"fault": "mask_off_by_one", "mask": "none"}, "unmasked"),
        ([[1, 2]], {"fault": "mask_off_by_one"}, "no-prompt"),
        ([[1, 2]], {"fault": "prompt_cut_differently"}, "no-text"),
        ([HI], {"fault": "prompt_cut_differently"}, "apart"),
        ([ON], {"fault": "prompt_cut_differently"}, None),
        ([HI], {"fault": "shifted_twice", "max_length": 1}, None),
        ([HI], {"fault": "end_ignored", "max_length": 1}, "nothing-left"),
    ],
)
def test_what_spares_a_batch_by_hand(entries, chosen, spared):
    plain_ones = [entry if isinstance(entry, list) else plain(entry) for entry in entries]
    state = {"entries": plain_ones, "style": "plain", "mask": "prompt", **chosen}
    assert frames(state)["spared"] == spared


def test_a_text_that_is_no_unicode_is_mended_and_never_an_error():
    made = frames({"entries": [{"instruction": "\ud83d", "input": "\ude42", "output": "\udc00"}]})
    text = "".join(text for _, text in made["rows"][0]["pieces"])
    assert re.fullmatch("[^\ud800-\udfff]*", text)
    assert made["batch"]


# Conversations ---------------------------------------------------------------------------

SAID = [
    # What the boxes hold: who speaks, and the text.
    Conversation(tuple([Message(one.role, one.content) for one in talk if one.content]))
    for talk in load_conversations()
    if not talk.tools and len(talk) < 8
]


def held(talk):
    return {"messages": [{"role": one.role, "content": one.content} for one in talk]}


@pytest.mark.parametrize("style", TALKS.styles)
def test_a_batch_of_conversations_is_the_collators(style):
    dice = Random(f"talks {style}")
    for mask in (*dice.sample(list(TALKS.masks), 4), "TRL", "Unsloth"):
        truncation = dice.choice(["cut", "keep_end"])
        own, limit = dice.sample(SAID, 3), dice.choice([None, 60, 120])
        state = {"entries": list(map(held, own)), "style": style, "mask": mask}
        made = frames({**state, "max_length": limit, "truncation": truncation})
        collate = Collator(
            mask=choose_supervision(mask, style),
            max_length=limit,
            truncation=truncation,
            tokenizer="smollm2",
        )
        tokenized = tokenize_conversations(own, style)
        assert [row["turns"] for row in made["rows"]] == [list(one.turns) for one in tokenized]
        assert_is_the_collators(made, collate, tokenized)


@pytest.mark.parametrize("fault", [None, *TALKS.faults])
def test_the_findings_of_conversations_are_those_of_the_audit(fault):
    dice = Random(f"talks {fault}")
    for mask in ("everything", "every answer", "last answer", "TRL", "torchtune"):
        for style in ("chatml", "smollm2"):
            own = dice.sample(SAID, 4)
            state = {"entries": list(map(held, own)), "style": style, "mask": mask, "fault": fault}
            made = frames(state)
            choose = choose_supervision(mask, style)
            back = int(fault == "two_beginnings")  # it moves all that is behind it
            spans = [
                [(start + back * (start > 0), stop + back) for start, stop in choose(entry)]
                for entry in tokenize_conversations(own, style)
            ]
            declared = "none" if mask == "everything" else "prompt"
            expect = Expectation(
                end_id=2, pad_id=2, begin_id=1, mask=declared, spans=spans, shifted=True
            )
            report = audit(made["batch"]["inputs"], made["batch"]["targets"], expect=expect)
            assert errors(report) == codes(made), (mask, style, report)


def talked(*said):
    return {"messages": [{"role": role, "content": text} for role, text in said]}


def test_of_a_conversation_every_part_has_its_role():
    talk = talked(("system", "A"), ("user", "B"), ("assistant", "C"), ("user", "D"))
    made = frames({"entries": [talk], "style": "chatml"})
    roles = [[token["role"] for token in made["rows"][0]["tokens"]]]
    said = ["template"] * 3 + ["input"] + ["template"] * 5 + ["instruction"] + ["template"] * 2
    answer = ["header"] * 4 + ["response", "end", "suffix"]
    assert roles == [said + answer + ["template"] * 3 + ["instruction"] + ["template"] * 2]
    assert roles == made["batch"]["roles"]


@pytest.mark.parametrize(
    ("fault", "asked"),
    [
        (None, "Yo.<|im_end|>\n"),
        ("ends_left_out", "Yo.\n"),
        ("questions_supervised", "HiYo.<|im_end|>\n"),
        ("headers_supervised", "<|im_start|>assistant\nYo.<|im_end|>\n"),
        ("mask_off_by_one", "o.<|im_end|>\n"),
        ("padding_by_value", "Yo.\n"),
        ("two_beginnings", "Yo.<|im_end|>\n"),
    ],
)
def test_what_each_fault_of_a_chat_asks_by_hand(fault, asked):
    talk = talked(("user", "Hi"), ("assistant", "Yo."))
    made = frames({"entries": [talk], "mask": "every answer and what follows", "fault": fault})
    targets = [id for id in made["batch"]["targets"][0] if id >= 0]
    assert talks.adapt_tokenizer("smollm2").decode(targets) == asked
    begins = made["batch"]["inputs"][0][:2] == [1, 1]
    assert begins == (fault == "two_beginnings")


def test_what_a_template_has_no_place_for_is_refused_and_the_other_rows_are_shown():
    tool = talked(("user", "Hi"), ("tool", "7"))
    made = frames({"entries": [talked(("user", "Hi")), tool], "style": "llama3"})
    assert made["refusal"] == (
        "row 1 of the batch: message 2 of the conversation is from 'tool', and template "
        "'llama3' knows the roles system, user, assistant"
    )
    assert [len(row["pieces"]) > 0 for row in made["rows"]] == [True, False]
    assert made["batch"] is None
