"""The road from entries to batches, with any tokenizer and any style: one beginning, one end.

What the tokenizers are is said in `made`. A text is hostile here where it spells special
tokens: those of its own tokenizer and of all others, whole, doubled, or torn apart.
"""

import pickle
import random
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from companion.adapting import Tokenizer
from companion.auditing import Expectation, audit
from companion.collating import Collator, ResponseCutWarning
from companion.entries import Entry, load_entries
from companion.formatting import STYLES, PromptStyle
from companion.ignoring import IGNORE_INDEX
from companion.masking import MASKS, supervised_spans
from companion.packing import Packer, plan_packs
from companion.storing import InstructionDataset
from companion.tokenizing import encode_entry, token_roles, tokenize_entry
from made import GEMMA, LLAMA, MISTRAL, SPELLED, made

MADE = tuple(made())
every_tokenizer = pytest.mark.parametrize("name", MADE)
every_style = pytest.mark.parametrize("style", [*STYLES, "own"])
BLUE = Entry("Name a colour.", "", "Blue.")


def hostile_entries(count, seed=0):
    """Give entries of the embedded set with special tokens spelled in their fields."""
    names = [text for tokenizer, _ in made().values() for text in tokenizer.specials]
    names += [names[0][:3], "|>", "<", "\n", " ", "<1 ", "{instruction}", "\u2581"]
    dice = random.Random(seed)
    entries = load_entries()[:40]

    def spoiled(text):
        at = dice.randint(0, len(text))
        return text[:at] + "".join(dice.choices(names, k=dice.randint(1, 4))) + text[at:]

    chosen = dice.choices(entries, k=count)
    return [Entry(*map(spoiled, (e.instruction, e.input, e.output))) for e in chosen]


def road(name, style):
    tokenizer, own = made()[name]
    return tokenizer, own if style == "own" else STYLES[style]


def texts_of(name, style, entries):
    tokenizer, style = road(name, style)
    return [tokenize_entry(entry, style, tokenizer=tokenizer) for entry in entries]


def judged(name, style, texts, batch, mask, **given):
    """Hold a batch to the audit: no error, and no note of an end or of a beginning.

    What is left is that an entry spells a special token, that there is much padding, and,
    where the template itself ends the user's turn, that an end stands within the text.
    """
    expect = Expectation(mask=mask, spans=supervised_spans(texts, mask))
    tokenizer, _ = road(name, style)
    report = audit(batch, tokenizer=tokenizer, expect=expect, **given)
    allowed = {"special-typed", "mostly-padding"}
    if all(counted(text.ids[: text.prompt_length], tokenizer.ends) for text in texts):
        allowed.add("special-in-text")
    assert set(report.codes) <= allowed, report


def counted(ids, wanted):
    return sum(id in wanted for id in ids)


# ---------------------------------------------------------------------------- written out


def test_smollm2s_chatml_is_closed_by_its_own_end():
    tokenizer, _ = made()["smollm2"]
    text = tokenize_entry(BLUE, "chatml", tokenizer=tokenizer)
    ids = [1, *tokenizer.encode("user\nName a colour."), 2, *tokenizer.encode("\n"), 1]
    ids += [*tokenizer.encode("assistant\n"), *tokenizer.encode("Blue."), 2]
    assert text.ids.tolist() == ids
    assert (text.turns, text.closed) == (((9, 13, 16, 16),), True)
    inputs, targets = Collator(tokenizer=tokenizer, mask="prompt")([text, [5, 6]])
    assert inputs.tolist() == [ids[:-1], [5, 6] + [2] * 13]
    x = IGNORE_INDEX
    assert targets.tolist() == [[x] * 12 + ids[13:], [6, 2] + [x] * 13]


def test_llamas_end_of_turn_closes_a_text_that_its_beginning_opens():
    tokenizer, _ = made()["llama"]
    text = tokenize_entry(BLUE, LLAMA, tokenizer=tokenizer)
    begin, end_of_text, header, header_end, end_of_turn = tokenizer.specials.values()
    encode = tokenizer.encode
    prompt = [
        begin,
        header,
        *encode("user"),
        header_end,
        *encode("\n\nName a colour."),
        end_of_turn,
    ]
    prompt += [header, *encode("assistant"), header_end, *encode("\n\n")]
    assert text.ids.tolist() == [*prompt, *encode("Blue."), end_of_turn]
    assert (text.prompt_length, text.closed) == (len(prompt), True)
    plain = tokenize_entry(BLUE, "plain", tokenizer=tokenizer)
    assert plain.ids.tolist() == [begin, *encode("Name a colour.\n"), *encode("Blue.")]
    assert not plain.closed
    # What the template closes ends a turn, and what the collator appends ends a text.
    inputs, targets = Collator(tokenizer=tokenizer)([text, plain])
    assert targets[0, -1] == end_of_turn
    assert targets[1, len(plain.ids) - 1] == end_of_text
    assert inputs[:, 0].tolist() == [begin, begin]


def test_gemmas_line_break_trails_the_end_and_its_template_begins_the_text():
    tokenizer, _ = made()["gemma"]
    text = tokenize_entry(BLUE, GEMMA, tokenizer=tokenizer)
    begin, end, (line,) = 1758, 1760, tokenizer.encode("\n")
    assert text.ids[[0, -2, -1]].tolist() == [begin, end, line]
    assert counted(text.ids, {begin}) == 1
    turn = text.turns[0]
    assert (turn.end, turn.stop, text.length) == (len(text.ids) - 1, len(text.ids), turn.stop)
    _, targets = Collator(tokenizer=tokenizer, mask="prompt")([text])
    assert targets[0, -2:].tolist() == [end, IGNORE_INDEX]


def test_a_space_that_a_tokenizer_puts_before_a_text_stands_where_its_own_road_puts_it():
    tokenizer, _ = made()["sentencepiece"]
    text = tokenize_entry(BLUE, MISTRAL, tokenizer=tokenizer)
    assert tokenizer.decode(text.ids.tolist()) == "<s>[INST] Name a colour. [/INST] Blue.</s>"
    assert text.ids[:2].tolist() == [1, 3]
    assert text.closed
    bare = tokenize_entry(BLUE, "plain", tokenizer=tokenizer)
    assert bare.ids.tolist() == [1, *tokenizer.encode("Name a colour.\nBlue.")]
    assert (bare.ids[0], bare.closed, bare.prompt_length) == (1, False, 1 + len(
        tokenizer.encode("Name a colour.\n")
    ))  # fmt: skip


def test_an_end_that_other_text_follows_closes_nothing():
    tokenizer, _ = made()["llama"]
    style = replace(SPELLED, suffix="<|eot_id|> and on")
    assert not tokenize_entry(BLUE, style, tokenizer=tokenizer).closed


def test_of_two_ends_in_a_row_the_answer_has_the_first():
    tokenizer, _ = made()["llama"]
    style = replace(SPELLED, suffix="<|eot_id|>\n<|end_of_text|>\n")
    text = tokenize_entry(BLUE, style, tokenizer=tokenizer)
    assert text.closed
    assert text.ids[-4:].tolist() == [1760, *tokenizer.encode("\n"), 1757, *tokenizer.encode("\n")]
    assert text.turns[0][2:] == (len(text.ids) - 3, len(text.ids))


def test_an_answer_that_holds_the_unknown_token_has_its_end_where_the_suffix_wrote_it():
    """SmolLM2's tokenizer gives 0 for a byte that it lacks; here that is an end, too."""
    tokenizer = replace(made()["smollm2"][0], ends=frozenset({0, 2}), end=2)
    text = tokenize_entry(Entry("Hi.", "", "\x04 Yes \x04"), "chatml", tokenizer=tokenizer)
    assert counted(text.ids[text.prompt_length :], {0}) == 2
    assert (text.turns[0].end, text.ids[-1]) == (len(text.ids), 2)


def test_a_tokenizer_by_hand_has_its_special_tokens_read_in_the_style_alone():
    names = {"<end>": 256, "<end>>": 258}
    spelled = {id: text for text, id in names.items()}
    bytewise = Tokenizer(
        encode=lambda text: list(text.encode()),
        decode=lambda ids: "".join(spelled.get(id, chr(id)) for id in ids),
        ends={256},
        beginning=257,
        specials=names,
    )
    style = PromptStyle("mine", instruction="<end>>{instruction}", header=":", suffix="<end>")
    text = tokenize_entry(Entry("<end>", "", "!"), style, tokenizer=bytewise)
    assert text.ids.tolist() == [257, 258, *b"<end>:!", 256]
    assert (text.turns, text.closed) == (((7, 8, 10, 10),), True)


def test_with_no_tokenizer_or_gpt2s_the_four_styles_are_what_they_were():
    for style in STYLES:
        for entry in [*load_entries()[:60], *hostile_entries(40)]:
            plain = tokenize_entry(entry, style)
            ours = tokenize_entry(entry, style, tokenizer="gpt2")
            assert ours.ids.tolist() == plain.ids.tolist()
            assert (ours.turns, ours.closed) == (plain.turns, False)
    assert Collator(tokenizer="gpt2") == replace(Collator(), ends={50256})


# ------------------------------------------------------------------- whatever the text is


@every_tokenizer
@every_style
def test_only_the_style_writes_special_tokens(name, style):
    tokenizer, template = road(name, style)
    ids_of = set(tokenizer.specials.values()) - {0}  # the unknown token, which text can give
    # The template alone, and what stands between its markers encoded by itself, is the oracle.
    wanted = [
        tokenizer.specials[piece]
        for role, text in template.pieces(Entry("x", "x", "x"))
        for piece in split_at(tokenizer.specials, text)
        if role not in ("instruction", "input", "response") and piece in tokenizer.specials
    ]
    begin = tokenizer.beginning if tokenizer.begins else None
    if begin is not None and wanted[:1] != [begin]:
        wanted = [begin, *wanted]
    entries = hostile_entries(30)
    for entry, text in zip(entries, texts_of(name, style, entries), strict=True):
        assert [id for id in text.ids.tolist() if id in ids_of] == wanted
        assert text.closed == bool(wanted and wanted[-1] in tokenizer.ends)
        spelled = template.text(entry)
        if name != "sentencepiece":  # which has no token for some of these characters
            assert tokenizer.decode(text.ids.tolist()).endswith(spelled)


def split_at(names, text):
    """Split a text at the names in it, by looking at each place; the longest name wins."""
    pieces, rest = [], ""
    while text:
        here = max((name for name in names if text.startswith(name)), key=len, default="")
        if here:
            pieces += [rest, here]
            rest = ""
        else:
            rest += text[0]
        text = text[len(here) or 1 :]
    return [*pieces, rest]


@every_tokenizer
@every_style
def test_prompt_and_header_are_those_of_inference(name, style):
    tokenizer, template = road(name, style)
    entries = [*load_entries()[:20], *hostile_entries(20)]
    for entry, text in zip(entries, texts_of(name, style, entries), strict=True):
        asked = tokenize_entry(replace(entry, output="?"), template, tokenizer=tokenizer)
        prompt = text.ids[: text.prompt_length].tolist()
        if name != "sentencepiece":  # where a token may hold a part of prompt and of answer
            assert prompt == asked.ids[: asked.prompt_length].tolist()
            assert tokenizer.decode(prompt).endswith(template.prompt(entry))
            header = tokenizer.decode(prompt[text.prompt_length - text.header_length :])
            assert template.header.endswith(header)  # the rest of it may share a token
        assert text.header_length is not None


@every_tokenizer
@every_style
@pytest.mark.parametrize("mask", MASKS)
def test_the_audit_finds_no_fault_in_any_batch(name, style, mask):
    tokenizer, _ = road(name, style)
    texts = texts_of(name, style, [*load_entries()[:24], *hostile_entries(24)])
    collate = Collator(tokenizer=tokenizer, mask=mask)
    for batch in (texts[at : at + 8] for at in range(0, len(texts), 8)):
        judged(name, style, batch, collate(batch), mask)


@every_tokenizer
@every_style
@pytest.mark.parametrize("mask", MASKS)
def test_each_row_learns_one_end_and_no_beginning(name, style, mask):
    tokenizer, _ = road(name, style)
    texts = texts_of(name, style, [*load_entries()[:24], *hostile_entries(24)])
    inputs, targets = Collator(tokenizer=tokenizer, mask=mask)(texts)
    for text, row, learned in zip(texts, inputs.tolist(), targets.tolist(), strict=True):
        answer = learned[text.prompt_length - 1 :]
        assert counted(answer, tokenizer.ends) == 1
        assert learned[text.turns[0].end - 2] in tokenizer.ends
        if tokenizer.begins and tokenizer.beginning is not None:
            assert (row[0], counted(row, {tokenizer.beginning})) == (tokenizer.beginning, 1)
            assert tokenizer.beginning not in learned


# ---------------------------------------------------------------- cut, packed, kept, sent


@every_tokenizer
@every_style
@pytest.mark.parametrize("truncation", ["cut", "keep_end", "cut_prompt"])
def test_no_truncation_takes_the_beginning_or_doubles_the_end(name, style, truncation):
    tokenizer, _ = road(name, style)
    texts = texts_of(name, style, load_entries()[:30])
    lengths = sorted(text.prompt_length for text in texts)
    for limit in (lengths[5], lengths[15] + 3, lengths[-1] + 9):
        collate = Collator(
            tokenizer=tokenizer, mask="prompt", max_length=limit, truncation=truncation
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResponseCutWarning)
            cut, (inputs, targets) = collate.texts(texts), collate(texts)
        assert inputs.shape[1] <= limit
        for text, whole, row, learned in zip(
            cut, texts, inputs.tolist(), targets.tolist(), strict=True
        ):
            if tokenizer.begins and tokenizer.beginning is not None:
                assert row[0] == tokenizer.beginning
            ends = counted(learned, tokenizer.ends)
            if truncation == "cut":
                assert ends == (text.turns != () and text.turns[0].end - 1 >= whole.turns[0].end - 1
                                and text.length >= whole.turns[0].end)  # fmt: skip
            else:
                own = whole.ids[whole.turns[0].end - 1] if whole.closed else tokenizer.end
                assert [id for id in learned if id in tokenizer.ends] == [own] * bool(text.turns)
            if truncation == "cut_prompt" and text.length - 1 < limit:
                assert text.ids[text.prompt_length :].tolist() == (
                    whole.ids[whole.prompt_length :].tolist()
                )


@every_tokenizer
@every_style
def test_a_pack_holds_what_the_padded_batch_holds(name, style):
    tokenizer, _ = road(name, style)
    texts = texts_of(name, style, load_entries()[:16])
    dataset = InstructionDataset.of(texts)
    collate = Collator(tokenizer=tokenizer, mask="prompt", max_length=int(dataset.lengths.max()))
    inputs, targets = collate(texts)
    for plan in plan_packs(dataset.lengths, collate.max_length):
        batch = [texts[number] for number in plan]
        pack = Packer(collate)(batch)
        for number, start in zip(plan, np.flatnonzero(pack.position_ids[0] == 0), strict=True):
            columns = slice(start, start + texts[number].length - 1)
            width = texts[number].length - 1
            assert torch.equal(pack.inputs[0, columns], inputs[number, :width])
            assert torch.equal(pack.targets[0, columns], targets[number, :width])
        judged(name, style, batch, pack[:2], "prompt", position_ids=pack.position_ids)


@pytest.mark.parametrize("name", ["smollm2", "gemma"])
def test_a_set_on_disk_gives_the_same_texts(name, tmp_path):
    texts = texts_of(name, "own" if name == "gemma" else "chatml", load_entries()[:10])
    InstructionDataset.of(texts).save(tmp_path / "set")
    for ours, theirs in zip(texts, InstructionDataset.open(tmp_path / "set"), strict=True):
        assert ours.ids.tolist() == theirs.ids.tolist()
        assert (ours.turns, ours.closed) == (theirs.turns, theirs.closed)


@every_tokenizer
def test_a_worker_process_tokenizes_as_this_one_does(name):
    tokenizer, style = made()[name]
    sent = pickle.loads(pickle.dumps(tokenizer))
    for entry in hostile_entries(5):
        ours, theirs = (encode(entry, style, one) for one in (tokenizer, sent))
        assert ours == theirs


def encode(entry, style, tokenizer):
    text = tokenize_entry(entry, style, tokenizer=tokenizer)
    return text.ids.tolist(), text.turns, text.closed


def test_every_token_has_the_role_of_its_piece_and_a_beginning_is_the_templates():
    tokenizer, _ = made()["llama"]

    def roles(style):
        ids = tokenize_entry(BLUE, style, tokenizer=tokenizer).ids.tolist()
        return token_roles(BLUE, style, ids, tokenizer.token_bytes)

    question, answer = (["instruction"] * 6, ["response"] * 4)
    assert roles("plain") == ["template", *question, "header", *answer]
    written = [*["template"] * 6, *question, "template", *["header"] * 6, *answer, "suffix"]
    assert roles(LLAMA) == written


def test_functions_alone_read_no_special_token_of_a_style():
    tokenizer, _ = made()["smollm2"]
    ids, *_ = encode_entry(BLUE, STYLES["chatml"], tokenizer.encode, tokenizer.decode)
    assert counted(ids, {1, 2}) == 0
