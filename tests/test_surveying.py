"""The survey: its numbers are those of plain loops, and each rule fires on what it names alone."""

import json
import random
import re
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

import specs
from companion import piecing
from companion.adapting import Tokenizer as Tokenizer_
from companion.adapting import adapt_tokenizer
from companion.auditing import Expectation, audit
from companion.collating import Collator
from companion.conversations import Conversation, Message
from companion.entries import Entry, GivenEntry, load_entries, split_entries
from companion.findings import AuditError, name_places
from companion.formatting import STYLES, PromptStyle
from companion.masking import MASKS
from companion.storing import InstructionDataset
from companion.surveying import RULES, survey
from companion.tokenizing import TokenizedEntry, gpt2_encode, token_roles, tokenize_entry

BLUE = Entry("Name a color.", "", "Blue.")
FOUR = Entry("Add the numbers.", "1 and 3", "4")
SOFT = Entry("Name a pet.", "", "A cat.")
EMPTY = Entry("Say nothing.", "", "")
SHORT = PromptStyle("short", "Q{instruction}", input="I{input}", header="A:", suffix=".")


def encode_bytes(text):
    """Give one id a byte."""
    return list(text.encode("utf-8", "replace"))


def decode_bytes(ids):
    """Turn bytes back into text."""
    return bytes(ids).decode("utf-8", "replace")


def in_bytes(entries, style=SHORT, **options):
    return survey(entries, style=style, encode=encode_bytes, decode=decode_bytes, **options)


def finding(found, code):
    """Give the one finding of this code."""
    (one,) = [finding for finding in found.findings if finding.code == code]
    return one


# The numbers, on entries small enough to count by hand -----------------------------------

# Q, instruction, A:, response, "." : 4 bytes are the style's, and one more with an input.
FEW = [
    Entry("a", "", "bcd"),  # QaA:bcd.    8, of which 4 are the prompt's
    Entry("abcdef", "", ""),  # QabcdefA:.  10 and 9
    Entry("a", "b", "c"),  # QaIbA:c.    8 and 6
    Entry("", "", "x"),  # QA:x.       5 and 3
    Entry("a", "", "bcdefghijkl"),  # 16 and 4
]


def test_lengths_are_counted_without_the_end_token():
    lengths = in_bytes(FEW).lengths
    assert (lengths.shortest, lengths.median, lengths.p95, lengths.longest) == (5, 8, 16, 16)
    assert lengths.longest_entry == 5
    assert lengths.histogram == ((5, 8, 3), (9, 16, 2))


def test_empty_classes_between_others_are_shown_and_none_before_the_shortest():
    found = in_bytes([Entry("", "", ""), Entry("", "", "x" * 28)])
    assert found.lengths.histogram == ((3, 4, 1), (5, 8, 0), (9, 16, 0), (17, 32, 1))


def test_a_length_of_one_token_has_a_class_of_its_own():
    bare = PromptStyle("bare", "{instruction}", header="")
    assert in_bytes([Entry("a", "", "")], bare).lengths.histogram == ((1, 1, 1),)


def test_the_template_is_what_the_style_adds_to_every_entry():
    found = in_bytes(FEW)
    assert (found.template.tokens, found.template.with_input) == (4, 1)
    assert found.tokens == 8 + 10 + 8 + 5 + 16
    assert found.template.share == pytest.approx((5 * 4 + 1) / found.tokens)


def test_at_a_maximum_length_some_lose_the_end_and_some_the_whole_response():
    found = in_bytes(FEW, max_length=8)
    assert (found.cut, found.lost) == (2, 1)
    assert finding(found, "response-cut").rows == (5,)
    assert finding(found, "response-lost").rows == (2,)
    assert (found.supervised, found.targets) == (8 + 8 + 5 + 8, 8 + 8 + 8 + 5 + 8)


def test_an_entry_as_long_as_the_maximum_keeps_its_end_token():
    assert in_bytes(FEW, max_length=16).cut == 0
    assert in_bytes(FEW, max_length=15).cut == 1


def test_with_no_maximum_length_nothing_is_cut():
    found = in_bytes(FEW)
    assert (found.cut, found.lost) == (0, 0)


def test_targets_are_the_texts_own_and_a_mask_leaves_the_responses():
    # Uncut, an entry of n tokens has n targets: all but its first, and the end token.
    assert (in_bytes(FEW).supervised, in_bytes(FEW).targets) == (47, 47)
    masked = in_bytes(FEW, mask="prompt")
    assert (masked.supervised, masked.targets) == (5 + 2 + 3 + 3 + 13, 47)
    with_header = in_bytes(FEW, mask="prompt_without_header")
    assert with_header.supervised == masked.supervised + 5 * 2


def test_padding_is_counted_by_strategy():
    padding = in_bytes(FEW, batch_size=2, seed=3).padding
    assert padding.static_width == 16
    # Filled: the text and its end token, as far as there is room among the inputs.
    assert padding.static == pytest.approx(1 - (9 + 11 + 9 + 6 + 16) / (5 * 16))
    # In the file's order, widths 10, 8 and 16; sorted, the rows are 5 8, 8 10 and 16.
    assert padding.file_order == pytest.approx(1 - (9 + 10 + 8 + 6 + 16) / (20 + 16 + 16))
    assert padding.sorted == pytest.approx(1 - (6 + 8 + 9 + 10 + 16) / (16 + 20 + 16))


def test_static_padding_goes_to_the_maximum_length_where_there_is_one():
    padding = in_bytes(FEW, max_length=20).padding
    assert padding.static_width == 20
    assert padding.static == pytest.approx(1 - (9 + 11 + 9 + 6 + 17) / 100)


def test_the_shuffle_is_the_seeds():
    entries = load_entries()[:200]
    shares = [survey(entries, seed=seed).padding.shuffled for seed in (0, 0, 1)]
    assert shares[0] == shares[1] != shares[2]


def test_a_survey_of_one_entry_has_no_padding():
    padding = in_bytes([BLUE]).padding
    assert padding.static == padding.file_order == padding.shuffled == padding.sorted == 0


# The numbers, beside plain loops ---------------------------------------------------------

texts = st.text("ab: .", max_size=6)
lists = st.lists(st.builds(Entry, texts, texts, texts), min_size=1, max_size=9)
limits = st.none() | st.integers(1, 22)


def tokenized(entries):
    """Give the entries as ids, each piece encoded by itself, which bytes allow."""
    made = []
    for entry in entries:
        prompt = "Q" + entry.instruction + ("I" + entry.input if entry.input else "") + "A:"
        ids = list((prompt + entry.output + ".").encode())
        made.append(TokenizedEntry(ids, prompt_length=len(prompt), header_length=2))
    return made


@given(lists, limits, st.sampled_from(MASKS))
def test_cut_lost_and_supervised_are_what_the_plain_collate_gives(entries, limit, mask):
    found = in_bytes(entries, max_length=limit, mask=mask)
    cut, lost, supervised = [], [], 0
    for number, entry in enumerate(tokenized(entries), 1):
        try:
            # A second row, all response, so that the batch is never refused.
            rows = [entry, TokenizedEntry([1])]
            _, targets, gone = specs.collate(rows, 0, 256, -100, mask, limit, "cut", None)
        except specs.RefusedError:
            pytest.fail("no batch with an unmasked row is refused")
        graded = [target for target in targets[0] if target != -100]
        supervised += len(graded)
        if limit is not None and len(entry.ids) > limit:
            cut.append(number)
        if 0 in gone:
            lost.append(number)
    assert (found.cut, found.lost, found.supervised) == (len(cut), len(lost), supervised)
    assert {n for f in found.findings if f.code in LENGTH_CODES for n in f.rows} == set(cut)
    assert [*rows_of(found, "response-lost"), *rows_of(found, "nothing-supervised")] == lost


LENGTH_CODES = ("response-cut", "response-lost", "nothing-supervised")


def rows_of(found, code):
    return [number for finding in found.findings if finding.code == code for number in finding.rows]


def pads(batches, limit, fixed=None):
    """Count pads and slots of the inputs, slot by slot."""
    empty = slots = 0
    for batch in batches:
        widths = [len(ids) if limit is None else min(len(ids), limit) for ids in batch]
        width = max(widths) if fixed is None else fixed
        for ids in batch:
            for column in range(width):
                slots += 1
                empty += column > len(ids)  # in column len(ids) stands the end token
    return empty / slots


@given(lists, limits, st.integers(1, 4))
def test_padding_shares_are_what_counting_the_pads_gives(entries, limit, size):
    found = in_bytes(entries, max_length=limit, batch_size=size).padding
    rows = [entry.ids.tolist() for entry in tokenized(entries)]
    longest = max(len(ids) for ids in rows)

    def batches(ordered):
        return [ordered[start : start + size] for start in range(0, len(ordered), size)]

    fixed = longest if limit is None else limit
    assert found.static == pytest.approx(pads(batches(rows), limit, fixed))
    assert found.file_order == pytest.approx(pads(batches(rows), limit))
    assert found.sorted == pytest.approx(pads(batches(sorted(rows, key=len)), limit))


@given(lists)
def test_lengths_are_those_of_a_sorted_list(entries):
    found = in_bytes(entries).lengths
    lengths = [len(entry.ids) for entry in tokenized(entries)]
    assert (found.shortest, found.longest) == (min(lengths), max(lengths))
    assert lengths[found.longest_entry - 1] == max(lengths)
    for least, percent in ((found.median, 50), (found.p95, 95)):
        below = [length for length in lengths if length < least]
        within = [length for length in lengths if length <= least]
        assert 100 * len(below) < percent * len(lengths) <= 100 * len(within)
    for first, last, many in found.histogram:
        assert many == sum(first <= length <= last for length in lengths)
    assert sum(many for _, _, many in found.histogram) == len(lengths)


@given(lists, lists)
def test_repeats_are_what_comparing_each_with_each_gives(entries, test):
    found = in_bytes(entries, test=test)
    repeated, differing, leaked = [], [], []
    for i, one in enumerate(entries):
        for j, other in enumerate(entries):
            asks_the_same = (one.instruction, one.input) == (other.instruction, other.input)
            if asks_the_same and one.output == other.output and j < i:
                repeated.append(i + 1)
            if asks_the_same and one.output != other.output:
                differing.append(i + 1)
        for other in test:
            if (one.instruction, one.input) == (other.instruction, other.input):
                leaked.append(i + 1)
    assert rows_of(found, "duplicate") == sorted(set(repeated))
    assert rows_of(found, "responses-differ") == sorted(set(differing))
    assert rows_of(found, "test-leak") == sorted(set(leaked))


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("style", STYLES)
def test_the_survey_of_the_embedded_set_agrees_with_its_batches(style, mask):
    entries, limit = load_entries(), 64
    found = survey(entries, style=style, mask=mask, max_length=limit, batch_size=16)
    items = list(InstructionDataset(entries, style))
    kept = [item for item in items if item.prompt_length <= limit or len(item.ids) <= limit]
    collate = Collator(mask=mask, max_length=limit)
    graded = sum(int((collate([item]).targets != -100).sum()) for item in kept)
    assert (found.supervised, found.lost) == (graded, len(items) - len(kept))
    batches = [items[start : start + 16] for start in range(0, len(items), 16)]
    sizes = [max(min(len(item.ids), limit) for item in batch) * len(batch) for batch in batches]
    filled = sum(min(len(item.ids) + 1, limit) for item in items)
    assert found.padding.file_order == pytest.approx(1 - filled / sum(sizes), abs=0.01)


@pytest.mark.parametrize("style", STYLES)
def test_the_templates_cost_is_within_a_token_an_entry_of_counting_each_tokens_role(style):
    entries = load_entries()[::10]
    roles = [role for entry in entries for role in token_roles(entry, style)]
    counted = sum(role in ("template", "header", "suffix") for role in roles)
    found = survey(entries, style=style)
    assert found.tokens == len(roles)
    assert found.template.share * len(roles) == pytest.approx(counted, abs=len(entries))


def test_the_padding_share_of_a_batch_is_the_audits():
    entries = load_entries()[:8]
    batch = Collator()(list(InstructionDataset(entries)))
    told = audit(*batch, expect=Expectation()).tally["padding_share"]
    assert survey(entries, batch_size=8).padding.file_order == pytest.approx(told)


# The rules -------------------------------------------------------------------------------

CASES = {
    "nothing-supervised": (SOFT, {"max_length": 3}),
    "test-leak": (SOFT, {"test": [replace(SOFT, output="Another.")]}),
    "response-empty": (replace(SOFT, output=""), {}),
    "response-blank": (replace(SOFT, output=" \n\t"), {}),
    "special-read": (replace(SOFT, input="a\x01<|stop|>"), {}),
    "response-lost": (replace(SOFT, input="so much" * 99), {"max_length": 80}),
    "response-cut": (replace(SOFT, output="so much" * 99), {"max_length": 80}),
    "instruction-empty": (replace(SOFT, instruction=" ", input="\n"), {}),
    "duplicate": (FOUR, {}),
    "responses-differ": (replace(FOUR, output="four"), {}),
    "special-typed": (replace(SOFT, output="Say <|im_end|> now."), {}),
    "header-in-text": (replace(SOFT, input="Say A: and wait."), {}),
    "damaged-text": (replace(SOFT, instruction="Na\ufffdme"), {}),
    "input-stands-for-nothing": (replace(SOFT, input="<noinput>"), {}),
    "output-stands-for-nothing": (replace(SOFT, output="<nooutput>"), {}),
    "placeholder": (replace(SOFT, instruction="Dear {{name}}, hello."), {}),
    "instruction-repeated": (Entry("Name the largest planet.", "", "Name the largest planet."), {}),
    "edge-moves-tokens": (replace(SOFT, instruction="Name a pet. "), {}),
}

ASK, TELL = Message("user", "Name a pet."), Message("assistant", "A cat.")
CHAT_CASES = {
    "turn-empty": [ASK, Message("assistant", " ")],
    "turn-out-of-order": [ASK, ASK, TELL],
    "tool-result-supervised": [ASK, TELL, Message("tool", "12:00", {"weight": 1}), TELL],
    "last-turn-not-assistant": [ASK, TELL, ASK],
}


def encode_stop(text):
    """Encode bytes, but for one special token, and one that takes a space to the header."""
    parts = re.split(r"(<\|stop\|>| A:)", text)
    tokens = {"<|stop|>": [300], " A:": [301]}
    return [id for part in parts for id in tokens.get(part) or encode_bytes(part)]


def survey_case(code, before=(FOUR, BLUE)):
    entry, options = CASES[code]
    entries = [entry] if code == "nothing-supervised" else [*before, entry]
    return survey(entries, style=SHORT, encode=encode_stop, decode=None, **options)


def test_every_rule_has_its_case():
    # "template-refuses" needs a template, and has a test beside those of what tokenizes.
    assert CASES.keys() | CHAT_CASES.keys() | {"template-refuses"} == RULES.keys()


@pytest.mark.parametrize("code", CASES)
def test_each_rule_names_its_entry_and_no_other_rule_fires(code):
    found = survey_case(code)
    assert found.codes == (code,)
    numbers = {"nothing-supervised": (1,), "responses-differ": (1, 3)}.get(code, (3,))
    assert finding(found, code).rows == numbers


@pytest.mark.parametrize("code", CASES)
def test_each_finding_says_what_the_rule_says_with_no_slot_left_open(code):
    one = finding(survey_case(code), code)
    assert one.severity == RULES[code].severity
    assert one.cure == RULES[code].cure
    assert one.link.endswith(f"/book/{RULES[code].chapter}.html")
    assert not re.search(r"[{}]|None|\bnan\b", one.sentence.replace("{{name}}", ""))
    assert one.sentence.startswith(("Entry 3: ", "Every entry: ", "Entry 1: ", "Entries 1 and 3: "))


@pytest.mark.parametrize("code", CASES)
def test_without_its_fault_no_rule_fires(code):
    _, options = CASES[code]
    unharmed = {name: value for name, value in options.items() if name != "test"}
    entry = SOFT if options else BLUE
    found = survey(
        [FOUR, replace(entry, instruction="Hm")], style=SHORT, encode=encode_stop, decode=None,
        test=[SOFT], **(unharmed | {"max_length": 99}),
    )  # fmt: skip
    assert found.codes == ()


@pytest.mark.parametrize("style", STYLES)
def test_the_embedded_set_has_nothing_wrong(style):
    assert survey(load_entries(), style=style).codes == ()


def test_the_books_own_split_leaks_nothing():
    train, test, validation = split_entries(load_entries(), seed=0)
    assert survey(train, test=[*test, *validation]).codes == ()
    assert finding(survey(train, test=[*test, train[3]]), "test-leak").rows == (4,)


def test_a_test_with_the_same_instruction_and_another_input_leaks_nothing():
    assert in_bytes([FOUR], test=[replace(FOUR, input="2 and 3")]).codes == ()


def test_all_lost_is_an_error_and_some_lost_a_note():
    assert survey_case("nothing-supervised").errors
    assert not survey_case("response-lost").errors


def test_an_input_alone_is_an_instruction_and_no_empty_one():
    assert in_bytes([replace(FOUR, instruction="")]).codes == ()


def test_an_empty_response_is_not_called_white_space_as_well():
    assert in_bytes([replace(BLUE, output="")]).codes == ("response-empty",)


LOOKALIKES = (
    "<|endoftext|> <|im_start|> <|im_end|> <|user|> <|eot_id|> <｜end▁of▁sentence｜> <s> </s> "
    "<bos> <pad> <start_of_turn> <end_of_turn> [INST] [/INST] <<SYS>> <</SYS>> [CLS] [MASK]"
)


@pytest.mark.parametrize("name", LOOKALIKES.split())
def test_a_special_tokens_look_alike_is_named_wherever_it_stands(name):
    for field in ("instruction", "input", "output"):
        found = in_bytes([BLUE, replace(SOFT, **{field: f"So{name}it is"})])
        assert found.codes == ("special-typed",)
        one = found.findings[0]
        assert one.rows == (2,)
        assert repr(name) in one.sentence
        assert repr(name)[1:-1] in one.text


@pytest.mark.parametrize("text", ["a <b> c", "x | y |> z", "<| a b |>", "[inst]", "a[0]", "<p>"])
def test_what_only_resembles_one_is_let_be(text):
    assert in_bytes([replace(SOFT, output=text)]).codes == ()


def test_many_look_alikes_are_named_in_part_and_each_entry_once():
    names = [f"<|t{number}|>" for number in range(7)]
    found = in_bytes([replace(SOFT, input="".join(names + names)), BLUE])
    assert "'<|t0|>', '<|t1|>', '<|t2|>', '<|t3|>' and 3 more" in found.findings[0].sentence
    assert found.findings[0].rows == (1,)


def test_the_header_is_looked_for_without_its_line_breaks():
    quoted = replace(SOFT, output="It begins with ### Response: and goes on.")
    assert survey([BLUE, quoted]).codes == ("header-in-text",)
    assert "'### Response:'" in survey([BLUE, quoted]).findings[0].sentence
    assert survey([BLUE, quoted], style="phi3").codes == ()


def test_a_style_whose_header_is_a_line_break_finds_none_in_a_text_of_lines():
    assert survey([replace(SOFT, input="a\nb")], style="plain").codes == ()


@pytest.mark.parametrize("code", [0, 0xFFFD, 0xD800, 0xDFFF])
def test_damaged_text_is_shown_on_one_line_that_can_be_printed(code):
    found = survey([replace(SOFT, output=f"a\n{chr(code)}b")])
    assert found.codes == ("damaged-text",)
    str(found).encode("utf-8")
    assert "\\n" in found.findings[0].text
    assert len(found.findings[0].text.splitlines()) == 1


def test_a_whole_emoji_is_no_damage():
    assert survey([replace(SOFT, output="A \U0001f642 cat")]).codes == ()


def test_an_excerpt_of_a_long_text_is_short():
    long = replace(SOFT, input="x" * 10_000 + "</s>" + "y" * 10_000)
    text = in_bytes([long]).findings[0].text
    assert "</s>" in text
    assert len(text) < 100


def test_entries_may_come_from_any_tokenizer():
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({sign: id for id, sign in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<|im_end|>")])

    def encode(text):
        return tokenizer.encode(text).ids

    def decode(ids):
        return tokenizer.decode(ids, skip_special_tokens=False)

    entries = [replace(SOFT, output="Stop <|im_end|> now."), replace(BLUE, output="<|im_start|>")]
    found = survey(entries, style="chatml", encode=encode, decode=decode, tokenizer="mine")
    assert found.tokenizer == "mine"
    assert rows_of(found, "special-read") == [1]
    assert rows_of(found, "special-typed") == [2]
    # Every style's <|im_end|> is one token here.
    assert found.template.tokens == len("<|im_start|>user\n\n<|im_start|>assistant\n") + 2


# A tokenizer of one's own ----------------------------------------------------------------


def test_every_number_is_that_of_the_tokenizer_that_was_given():
    adapted = adapt_tokenizer("smollm2")
    entries = load_entries()[:50]
    found = survey(entries, tokenizer="smollm2", mask="prompt", max_length=60)
    by_hand = survey(
        entries, encode=adapted.encode, decode=adapted.decode, tokenizer="smollm2",
        mask="prompt", max_length=60,
    )  # fmt: skip
    assert found == by_hand == survey(entries, tokenizer=adapted, mask="prompt", max_length=60)
    assert found.tokens == sum(
        len(tokenize_entry(e, "alpaca", adapted.encode).ids) for e in entries
    )
    assert found != survey(entries, mask="prompt", max_length=60)


def test_a_tokenizers_own_end_is_named_though_nobody_else_has_it():
    own = Tokenizer_(encode_bytes, decode_own, ends={300, 301}, pad=302, size=303, name="own")
    entries = [replace(SOFT, output="Stop %eos% now."), replace(BLUE, output="No %pad%, %bos%.")]
    found = survey(entries, style=SHORT, tokenizer=own)
    assert found.codes == ("special-typed",)
    assert "'%eos%', '%pad%'" in found.findings[0].sentence
    assert "bos" not in found.findings[0].sentence
    assert survey(entries, style=SHORT).codes == ()


def decode_own(ids):
    names = {300: "%eos%", 301: "x", 302: "%pad%"}
    return "".join(names.get(id) or chr(id) for id in ids)


def test_an_end_that_an_encoder_reads_in_a_text_is_an_error():
    def encode(text):
        return [300 if part == "%eos%" else ord(part) for part in re.findall("%eos%|.", text, re.S)]

    own = Tokenizer_(encode, decode_own, ends={300}, size=303, name="own")
    entries = [replace(SOFT, output="Stop %eos% now."), replace(BLUE, output="<s>")]
    found = survey(entries, style=SHORT, tokenizer=own)
    assert (rows_of(found, "special-read"), rows_of(found, "special-typed")) == ([1], [2])


def test_one_token_that_is_no_special_one_is_no_error():
    def encode(text):
        return [300 if part == "<s>" else ord(part) for part in re.findall("<s>|.", text, re.S)]

    own = Tokenizer_(encode, decode_own, ends={301}, size=303, name="own")
    assert survey([replace(SOFT, output="<s>")], tokenizer=own).codes == ("special-typed",)


def test_a_tokenizer_given_twice_is_refused():
    with pytest.raises(ValueError, match="a tokenizer is given once: `tokenizer`, or `encode`"):
        survey([BLUE], encode=encode_bytes, tokenizer=adapt_tokenizer("gpt2"))


def test_entries_that_bring_their_prompt_are_put_into_no_template_unless_it_is_asked_for():
    whole = [GivenEntry("Q: hi\nA:", "", " yes")]
    assert survey(whole).style == "given"
    assert survey(whole).tokens == len(gpt2_encode("Q: hi\nA: yes"))
    assert survey(whole).template.tokens == 0
    assert survey(whole, style="alpaca").style == "alpaca"
    assert survey([BLUE]).style == "alpaca"


# Conversations ---------------------------------------------------------------------------

HELLO = Conversation((Message("user", "Hi"), Message("assistant", "Hello!")))
TALK = Conversation((Message("system", "Be brief."), ASK, TELL, ASK, Message("assistant", "Dog")))


def of_bytes(conversations, **options):
    return survey(conversations, encode=encode_bytes, decode=decode_bytes, **options)


def test_turns_roles_and_tokens_of_conversations_are_counted():
    found = of_bytes([HELLO, TALK])
    assert found.conversations == 2
    assert found.turns.roles == {
        "user": (3, 2 + 11 + 11),
        "assistant": (3, 6 + 6 + 3),
        "system": (1, 9),
    }
    lengths = found.turns.lengths
    assert (lengths.shortest, lengths.longest, lengths.longest_entry) == (2, 5, 2)
    assert (found.texts.shortest, found.texts.longest) == (8, 9 + 11 + 6 + 11 + 3)
    assert found.measured is None
    assert found.codes == ()


@pytest.mark.parametrize("code", CHAT_CASES)
def test_each_note_on_a_conversation_names_it_and_no_other_fires(code):
    found = of_bytes([HELLO, TALK, Conversation(tuple(CHAT_CASES[code]))])
    assert found.codes == (code,)
    assert found.findings[0].rows == (3,)
    assert found.findings[0].sentence.startswith("Conversation 3: ")
    assert found.findings[0].text.startswith("conversation 3, user")
    assert "entry" not in found.findings[0].cure


def test_conversations_that_repeat_differ_and_leak_are_found():
    other = Conversation((Message("user", "Hi"), Message("assistant", "What?")))
    found = of_bytes([HELLO, TALK, HELLO, other], test=[TALK])
    assert rows_of(found, "duplicate") == [3]
    assert rows_of(found, "responses-differ") == [1, 3, 4]
    assert rows_of(found, "test-leak") == [2]
    said = finding(found, "duplicate")
    assert said.sentence == "Conversation 3: an earlier conversation has the same messages."
    assert said.text == "conversation 3 repeats conversation 1"
    leak = finding(found, "test-leak")
    assert leak.cure == "Take these conversations out of one of the two files."


def test_what_is_in_the_text_of_any_turn_is_found():
    damaged = Conversation((Message("user", "Say <|im_end|>"), Message("assistant", "a\ufffd")))
    assert of_bytes([HELLO, damaged]).codes == ("special-typed", "damaged-text")


def test_what_needs_a_template_is_said_to_be_unknown():
    said = " ".join(str(of_bytes([HELLO])).split())
    assert "survey: 1 conversation; nothing found tokenizer gpt2, no chat template" in said
    assert "Not said, since no chat template has made one text of the turns: how long" in said
    assert "Padding" not in said


def test_with_what_tokenizes_them_conversations_have_all_numbers_of_entries():
    found = of_bytes([HELLO, TALK], tokenize=tokenize_all, max_length=20, mask="prompt")
    # Ids: 3 + 7, and 10 + 12 + 7 + 12 + 4; the last of each stands in no input.
    assert (found.measured.tokens, found.measured.cut, found.measured.lost) == (9 + 44, 1, 1)
    assert found.measured.supervised == 7
    assert rows_of(found, "response-lost") == [2]
    said = str(found)
    assert "Not said" not in said
    assert "1 of 2 conversations (50.0%) lose the end token" in said
    assert max(len(line) for line in said.splitlines() if "see: " not in line) <= 80


def tokenize_all(conversations):
    return list(map(tokenize_one, conversations))


def tokenize_one(conversation):
    ids, turns = [], []
    for message in conversation:
        start = len(ids)
        ids += [*encode_bytes(message.content), 256]
        if message.role == "assistant":
            turns.append((start, start, len(ids), len(ids)))
    return TokenizedEntry(ids, turns, closed=True)


def test_conversations_that_a_template_refuses_are_found_and_the_others_measured():
    found = of_bytes([TALK, HELLO, TALK], tokenize=refuse_long)
    refused = finding(found, "template-refuses")
    assert (refused.severity, refused.rows) == ("error", (1, 3))
    assert refused.text == "conversation 1, roles must alternate"
    assert (found.measured.tokens, found.measured.lengths.longest_entry) == (9, 2)
    assert of_bytes([TALK], tokenize=refuse_long).measured is None
    (lost,) = [
        one
        for one in of_bytes([TALK, HELLO], tokenize=refuse_long, max_length=2).findings
        if one.code == "nothing-supervised"
    ]
    assert lost.rows == (2,)


def refuse_long(conversations):
    if max(map(len, conversations)) > 2:
        raise ValueError("roles must alternate")
    return tokenize_all(conversations)


# Piece by piece --------------------------------------------------------------------------


def test_how_the_rows_are_cut_into_pieces_changes_nothing(monkeypatch):
    entries = [*load_entries()[:60], EMPTY, SOFT, *load_entries()[:7], replace(SOFT, output="</s>")]
    whole = survey(entries, max_length=50, mask="prompt", test=[SOFT])
    assert len(whole.codes) == 7
    monkeypatch.setattr(
        piecing.cut_pieces, "__defaults__", (*piecing.cut_pieces.__defaults__[:1], 9, 900)
    )
    for processes in (1, 2):  # the second time, ten pieces are shared by two
        again = survey(
            iter(entries), max_length=50, mask="prompt", test=[SOFT], processes=processes
        )
        assert again == whole


def test_a_file_is_surveyed_in_bounded_memory(monkeypatch):
    measure, _, _ = piecing.cut_pieces.__defaults__
    monkeypatch.setattr(piecing.cut_pieces, "__defaults__", (measure, 1000, 50_000))

    def entries(many):
        return (Entry(f"Count to {n}.", "", "1 " * 1000) for n in range(many))

    def peak(many):
        tracemalloc.start()
        survey(entries(many), encode=encode_words, decode=None, style=SHORT)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    few, many = peak(200), peak(1200)  # 0.4 and 2.4 million characters
    assert many - few < 400_000


def encode_words(text):
    return [1] * text.count(" ")


def test_of_a_finding_in_every_entry_a_thousand_numbers_are_kept_and_all_are_counted():
    found = in_bytes([*[replace(BLUE, input=f"{n}", output="</s>") for n in range(1500)], SOFT])
    (one,) = found.findings
    assert one.rows == tuple(range(1, 1001))
    assert one.sentence.startswith("Entries 1, 2, 3, 4, 5 and 1,495 more: ")
    assert found.counts == {"special-typed": 1500}
    every = in_bytes([replace(BLUE, input=f"{n}", output="</s>") for n in range(1500)])
    assert every.findings[0].sentence.startswith("Every entry: ")


def test_an_endless_variety_of_names_is_counted_only_so_far():
    text = " ".join(f"<|t{n}|>" for n in range(5000))
    (one,) = in_bytes([replace(SOFT, output=text)]).findings
    assert "'<|t3|>' and at least 996 more" in one.sentence


# What is given back ----------------------------------------------------------------------


def test_the_print_stays_within_80_columns_but_for_addresses():
    rng = random.Random(0)
    entries = [
        replace(rng.choice(load_entries()), output=rng.choice(["", " ", "</s>", "ok" * 90]))
        for _ in range(300)
    ]
    lines = str(survey(entries, max_length=64, mask="prompt", test=entries)).splitlines()
    assert len(lines) > 40
    assert [line for line in lines if len(line) > 80 and not line.startswith("  see: ")] == []


def test_the_print_is_the_same_from_both_and_holds_the_numbers():
    found = in_bytes(FEW, max_length=8, mask="prompt")
    assert repr(found) == str(found)
    assert "survey: 5 entries; 1 error, 4 notes" in str(found)
    assert "2 of 5 entries (40.0%) lose the end token" in str(found)
    assert "1 of these lose the whole response" in str(found)
    assert "longest 16 (entry 5)" in str(found)


def test_the_bars_of_the_histogram_are_to_scale():
    found = str(in_bytes(FEW))
    bars = [line.split()[-1] for line in found.splitlines() if "#" in line]
    assert [len(bar) for bar in bars] == [44, 30]  # 3 and 2 entries


def test_one_entry_is_not_called_entries():
    assert str(in_bytes([BLUE])).startswith("survey: 1 entry; nothing found\n")


def test_the_json_holds_every_number_and_every_finding():
    found = in_bytes(FEW, max_length=8)
    read = json.loads(found.to_json())
    assert read["lengths"]["histogram"] == [[5, 8, 3], [9, 16, 2]]
    assert read["padding"]["static_width"] == 8
    assert [one["code"] for one in read["findings"]] == list(found.codes)
    assert read["findings"][0]["rows"] == [2]
    assert (read["entries"], read["cut"], read["lost"]) == (5, 2, 1)


def test_errors_can_be_raised():
    with pytest.raises(AuditError, match="error response-empty: Entry 2"):
        in_bytes(FEW).raise_errors()
    in_bytes([BLUE]).raise_errors()


def test_in_a_notebook_the_numbers_are_shown_and_no_text_can_break_the_table():
    shown = in_bytes([replace(SOFT, output="</s><b>")], tokenizer="<mine>")._repr_html_()
    assert shown.startswith("<pre>survey: 1 entry; 1 note\n")
    assert "tokenizer &lt;mine&gt;" in shown
    assert "special-typed" in shown
    assert "</s>" not in shown
    assert "&lt;/s&gt;" in shown


def test_nothing_is_printed_unless_progress_is_asked_for(capsys):
    survey([BLUE])
    assert capsys.readouterr() == ("", "")
    survey([BLUE], progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search("surveying: 100%.* 1/1 ", err)


def test_places_are_named_in_part_where_they_are_many():
    assert name_places([3, 5, 7], 9, "Entry", "Entries") == "Entries 3, 5 and 7"
    many = name_places(range(1, 2001), 3000, "Entry", "Entries")
    assert many == "Entries 1, 2, 3, 4, 5 and 1,995 more"


# What is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"entries": []}, "a dataset of no entries has nothing to learn from"),
        ({"style": "vicuna"}, "there is no prompt style 'vicuna'; there are alpaca"),
        ({"mask": "all"}, "mask is one of none, prompt, prompt_without_header; found 'all'"),
        ({"max_length": 0}, "max_length is at least 1; found 0"),
        ({"batch_size": 0}, "batch_size is at least 1; found 0"),
    ],
)
def test_bad_arguments_are_refused_before_any_work(options, sentence):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        survey(options.pop("entries", [BLUE]), **options)


def test_a_mask_that_needs_the_header_is_refused_where_none_can_be_told():
    with pytest.raises(ValueError, match="give its `decode` too, or use mask 'prompt'"):
        survey([BLUE], encode=encode_bytes, decode=None, mask="prompt_without_header")


def test_an_entry_that_becomes_no_tokens_is_named():
    bare = PromptStyle("bare", "{instruction}", header="")
    with pytest.raises(ValueError, match="entry 2: an entry of no tokens"):
        in_bytes([BLUE, Entry("", "", "")], bare)
