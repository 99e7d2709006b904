"""The tests themselves are tested: each known way to be wrong must turn them red.

A mutation is one exact replacement in one module. The package is laid out anew with that
module changed, and each of the tests that the mutation names must fail on it, for what it
asserts, not because nothing works any more; on the code as it is all of them pass. The runs
are forked from one process that has imported PyTorch already.

To add a mutation, `python tests/test_mutations.py MODULE RIGHT WRONG` says which tests see it.
"""

import contextlib
import importlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
COMPANION = TESTS.parent / "companion"


@dataclass(frozen=True)
class Mutation:
    """A way to be wrong: where, what was right, what is wrong, and which tests see it."""

    name: str
    module: str
    right: str
    wrong: str
    seen_by: tuple[str, ...]


def mutation(name, module, right, wrong, *seen_by):
    return Mutation(name, module, right, wrong, seen_by)


MUTATIONS = [
    mutation(
        "the mask begins one token late",
        "ignoring",
        "start - 1 if start else 0",
        "start",
        "ignoring::test_the_first_token_of_a_span_is_kept_and_the_token_before_it_is_not",
        "collating::test_a_turn_that_lost_its_answer_is_not_taught_to_be_empty",
    ),
    mutation(
        "the mask begins one token early",
        "ignoring",
        "start - 1 if start else 0",
        "max(start - 2, 0)",
        "ignoring::test_the_first_token_of_a_span_is_kept_and_the_token_before_it_is_not",
        "collating::test_a_turn_that_lost_its_answer_is_not_taught_to_be_empty",
    ),
    mutation(
        "the end token is ignored",
        "ignoring",
        "stop - 1 if stop else 0",
        "max(stop - 2, 0)",
        "ignoring::test_an_end_token_inside_a_text_is_kept_and_so_is_the_appended_one",
        "collating::test_a_row_of_one_token_predicts_its_end_token",
    ),
    mutation(
        "the first pad is supervised",
        "ignoring",
        "stop - 1 if stop else 0",
        "stop",
        "ignoring::test_only_the_targets_inside_a_span_are_kept",
        "collating::test_a_pad_id_of_its_own_leaves_the_end_token_alone",
    ),
    mutation(
        "a survey counts the end token as cut one token too early",
        "surveying",
        "cut = lengths > limited",
        "cut = lengths + 1 > limited",
        "surveying::test_an_entry_as_long_as_the_maximum_keeps_its_end_token",
    ),
    mutation(
        "a survey takes the mask to begin one token late",
        "surveying",
        "stop - max(start, 1) for start",
        "stop - max(start + 1, 1) for start",
        "surveying::test_targets_are_the_texts_own_and_a_mask_leaves_the_responses",
    ),
    mutation(
        "a survey asks for leaks by the instruction alone",
        "proofreading",
        "_digest(row.instruction, row.input), _digest(row.output)",
        "_digest(row.instruction), _digest(row.output)",
        "surveying::test_repeats_are_what_comparing_each_with_each_gives",
    ),
    mutation(
        "padding is found by value, and the end token with it",
        "ignoring",
        "return kept",
        "return np.where(targets == 50256, ignore_index, kept)",
        "ignoring::test_the_appended_end_token_is_kept_as_a_target",
        "collating::test_a_row_of_one_token_predicts_its_end_token",
    ),
    mutation(
        "padding is found by value, and the first of a row's end tokens is kept",
        "collating",
        "targets = keep_spans(targets, spans, self.ignore_index)",
        "pads = (targets == self.pad_id) & ((targets == self.pad_id).cumsum(axis=1) > 1); "
        "targets = np.where(pads, self.ignore_index, keep_spans(targets, spans, -100))",
        "collating::test_an_end_token_inside_a_text_is_supervised_and_so_is_the_appended_one",
    ),
    mutation(
        "the padding is not ignored at all",
        "ignoring",
        "kept = np.full(targets.shape, ignore_index, dtype=np.int64)",
        "kept = targets.copy()",
        "ignoring::test_only_the_targets_inside_a_span_are_kept",
        "collating::test_a_pad_id_of_its_own_leaves_the_end_token_alone",
    ),
    mutation(
        "nothing is shifted",
        "shifting",
        "return block[:, :-1], block[:, 1:]",
        "return block[:, :-1], block[:, :-1]",
        "shifting::test_every_target_is_the_input_of_the_next_column",
        "collating::test_a_batch_of_one_has_no_pads",
    ),
    mutation(
        "the targets are shifted twice",
        "shifting",
        "return block[:, :-1], block[:, 1:]",
        "return block[:, :-1], np.concatenate([block[:, 2:], block[:, -1:]], axis=1)",
        "shifting::test_every_target_is_the_input_of_the_next_column",
        "collating::test_a_batch_of_one_has_no_pads",
    ),
    mutation(
        "no end token is appended",
        "padding",
        "block[row, length] = end_id",
        "block[row, length] = pad_id",
        "padding::test_one_end_token_is_told_from_the_pads_where_their_ids_differ",
        "collating::test_a_pad_id_of_its_own_leaves_the_end_token_alone",
    ),
    mutation(
        "two end tokens are appended",
        "padding",
        "block[row, length] = end_id",
        "block[row, length : length + 2] = end_id",
        "padding::test_one_end_token_is_told_from_the_pads_where_their_ids_differ",
        "collating::test_a_pad_id_of_its_own_leaves_the_end_token_alone",
    ),
    mutation(
        "the text brings an end token of its own",
        "tokenizing",
        "return ids, len(prompt_ids), header_length",
        "return [*ids, END_ID], len(prompt_ids), header_length",
        "tokenizing::test_an_entry_is_its_prompt_and_its_response",
        "collating::test_every_row_of_the_embedded_set_learns_one_appended_end_token",
    ),
    mutation(
        "there is no room for the longest row's end token",
        "padding",
        "max(len(ids) + (not own) for",
        "max(len(ids) for",
        "padding::test_a_pad_id_inside_a_text_is_left_where_it_is",
    ),
    mutation(
        "pads are written as the ignore index into the inputs",
        "padding",
        "np.full((len(rows), width), pad_id, dtype=np.int64)",
        "np.full((len(rows), width), -100, dtype=np.int64)",
        "padding::test_a_pad_id_inside_a_text_is_left_where_it_is",
        "collating::test_a_pad_id_that_occurs_in_a_text_is_supervised",
    ),
    mutation(
        "the end token is counted as a pad",
        "padding",
        "np.minimum(given.astype(np.int64) + 1, full)",
        "np.minimum(given.astype(np.int64), full)",
        "padding::test_of_15_toy_inputs_3_are_pads",
    ),
    mutation(
        "the prompt is one token longer",
        "tokenizing",
        "return ids, len(prompt_ids), header_length",
        "return ids, min(len(prompt_ids) + 1, len(ids)), header_length",
        "tokenizing::test_a_body_that_ends_in_a_replacement_character_is_not_cut_within_its_bytes",
    ),
    mutation(
        "prompt and response are always encoded at once",
        "tokenizing",
        "    if encodes_apart(encode, decode):\n        ids = [*prompt_ids",
        "    if False:\n        ids = [*prompt_ids",
        "tokenizing::test_a_header_that_is_wholly_in_such_a_token_has_no_token_of_its_own",
    ),
    mutation(
        "prompt and response are always encoded apart",
        "tokenizing",
        "    if encodes_apart(encode, decode):\n        ids = [*prompt_ids",
        "    if True:\n        ids = [*prompt_ids",
        "tokenizing::test_a_token_that_holds_the_end_of_a_prompt_and_the_beginning_of_its_response_is_response",
    ),
    mutation(
        "a straddling token is counted as header",
        "tokenizing",
        "and prompt_ids[-len(header_ids) :] == header_ids",
        "and True",
        "tokenizing::test_a_header_that_is_wholly_in_such_a_token_has_no_token_of_its_own",
    ),
    mutation(
        "an end token that a user types is read as one",
        "tokenizing",
        "return load_tokenizer().encode_ordinary(text)",
        'return load_tokenizer().encode(text, allowed_special="all")',
        "tokenizing::test_an_end_token_typed_by_a_user_is_seven_ordinary_tokens",
    ),
    mutation(
        "the header is not subtracted",
        "masking",
        "(_header(turn.header), turn.end)",
        "(turn.start, turn.end)",
        "masking::test_the_mask_without_header_supervises_the_header_too",
        "collating::test_a_turn_that_lost_its_answer_loses_its_header_too",
    ),
    mutation(
        "only the first answer of a chat is supervised",
        "masking",
        "tuple([turn[1:3] for turn in entry.turns])",
        "tuple([turn[1:3] for turn in entry.turns[:1]])",
        "masking::test_every_answer_of_a_chat_is_supervised",
        "collating::test_every_answer_of_a_chat_is_supervised",
    ),
    mutation(
        "a text that brings its own end gets another",
        "padding",
        "if not own:",
        "if True:",
        "padding::test_a_row_that_brings_its_own_end_gets_none",
    ),
    mutation(
        "what trails an answer is supervised with it",
        "masking",
        "tuple([turn[1:3] for turn in entry.turns])",
        "tuple([(turn.start, turn.stop) for turn in entry.turns])",
        "masking::test_the_end_token_is_supervised_only_if_the_last_span_reaches_it",
    ),
    mutation(
        "a text that lost its answers is trained on",
        "masking",
        "((0, entry.length),) if entry.turns else ()",
        "((0, entry.length),)",
        "collating::test_a_row_that_lost_its_response_is_ignored_and_named",
    ),
    mutation(
        "the end token is not kept",
        "truncating",
        "np.append(ids, _end_of(entry, kept, end_id, ends))",
        "entry.ids[:width]",
        "collating::test_a_row_one_token_too_long_keeps_its_end_token_instead_of_its_last",
        "truncating::test_a_chat_keeps_the_answers_of_which_something_is_left",
    ),
    mutation(
        "a row is cut one token short",
        "truncating",
        "width = max_length + 1",
        "width = max(max_length, 2)",
        "collating::test_a_row_one_token_too_long_loses_its_end_token_only",
        "truncating::test_a_chat_keeps_the_answers_of_which_something_is_left",
    ),
    mutation(
        "a lost response is trained on",
        "truncating",
        "for turn in entry.turns if turn.start < kept",
        "for turn in entry.turns",
        "collating::test_a_row_that_lost_its_response_is_ignored_and_named",
    ),
    mutation(
        "a width that is a multiple already gets one multiple more",
        "collating",
        "-(-width // self.pad_to_multiple_of)",
        "(width // self.pad_to_multiple_of + 1)",
        "collating::test_a_width_that_is_a_multiple_already_stays",
    ),
    mutation(
        "the inputs stay a view",
        "collating",
        "torch.from_numpy(np.ascontiguousarray(inputs))",
        "torch.from_numpy(inputs)",
        "collating::test_both_tensors_are_int64_and_contiguous",
    ),
    mutation(
        "an entry of a dataset begins one token late",
        "storing",
        "self.ids[self.offsets[index] : self.offsets[index + 1]]",
        "self.ids[self.offsets[index] + 1 : self.offsets[index + 1] + 1]",
        "storing::test_a_dataset_holds_what_tokenizing_gives",
    ),
    mutation(
        "the last target of a packed entry is the first token of the next",
        "packing",
        "(inputs, targets, positions)))",
        "(inputs, np.append(inputs[:, 1:], targets[:, -1:], axis=1), positions)))",
        "packing::test_the_toy_batch_becomes_one_row_without_padding",
    ),
    mutation(
        "the positions of a pack do not begin anew",
        "packing",
        "np.concatenate([np.arange(part.shape[1]) for part, _ in parts])",
        "np.arange(inputs.shape[1])",
        "packing::test_the_toy_batch_becomes_one_row_without_padding",
    ),
    mutation(
        "an entry of a pack reads those before it",
        "packing",
        "entry[:, :, None] == entry[:, None, :]",
        "entry[:, :, None] >= entry[:, None, :]",
        "packing::test_in_the_toy_pack_a_token_reads_its_own_entry_up_to_itself",
    ),
    mutation(
        "a pack is never filled to the brim",
        "packing",
        "-waiting[0][0] >= size",
        "-waiting[0][0] > size",
        "packing::test_the_toy_batch_fits_into_one_pack_of_ten",
    ),
    mutation(
        "the batches of an epoch come in the order of their lengths",
        "bucketing",
        "mine = dice.permutation(steps)[:, self.rank]",
        "mine = steps[:, self.rank]",
        "bucketing::test_a_batch_of_a_long_tailed_set_tells_nothing_about_the_next",
    ),
    mutation(
        "every epoch has the same order",
        "bucketing",
        "default_rng((self.seed, self.epoch))",
        "default_rng(self.seed)",
        "bucketing::test_another_epoch_and_another_seed_are_another_order",
    ),
    mutation(
        "two ranks get the same batches",
        "bucketing",
        "[:, self.rank]",
        "[:, 0]",
        "bucketing::test_every_entry_comes_exactly_once_with_equal_steps_for_each_rank",
    ),
    mutation(
        "the batches are not of like length",
        "bucketing",
        "(lengths[order], np.repeat",
        "(np.zeros(len(order)), np.repeat",
        "bucketing::test_entries_of_like_length_share_a_batch",
    ),
    mutation(
        "a resumed epoch begins anew",
        "bucketing",
        "start, self._resume_at = self._resume_at, 0",
        "start, self._resume_at = 0, 0",
        "bucketing::test_a_resumed_sampler_gives_whole_epochs_after_that",
    ),
    mutation(
        "the suffix is not learned",
        "formatting",
        "return entry.output + self.suffix",
        "return entry.output",
        "formatting::test_the_suffix_is_part_of_the_response",
        "tokenizing::test_a_suffix_is_part_of_the_response",
    ),
    mutation(
        "an entry without input has an input part",
        "formatting",
        "if entry.input:\n            body +=",
        "if True:\n            body +=",
        "formatting::test_alpaca_without_an_input_has_no_input_part",
    ),
    mutation(
        "a question can be on two sides of the split",
        "entries",
        "(entry.instruction, entry.input), []",
        "(entry.instruction, entry.output), []",
        "entries::test_no_question_is_on_two_sides",
    ),
    mutation(
        "a separator within a string ends a line",
        "parsing",
        'first, *rest = piece.split("\\n")',
        'first, *rest = [*piece.splitlines(), ""]',
        "entries::test_only_a_newline_ends_a_line",
    ),
    mutation(
        "an audit takes the first pad for the end token",
        "dividing",
        "if pad in ends and pad is not None:",
        "if False:",
        "auditing::test_each_fault_has_its_code_in_every_layout",
    ),
    mutation(
        "an audit counts the first column of labels that the model shifts",
        "receiving",
        "supervised[:, 0] = False",
        "pass",
        "auditing::test_the_first_label_is_not_counted_where_the_model_shifts",
    ),
    mutation(
        "an audit says nothing where the shift cannot be told",
        "judging",
        "not (judged & (alone | ~fits)).any()",
        "False",
        "auditing::test_what_is_unusual_is_noted_and_what_is_undecided_says_so",
    ),
    mutation(
        "an audit points one column to the side",
        "dividing",
        "back = 1 if self.received.shifted else 0",
        "back = 1",
        "auditing::test_a_cell_is_where_the_finding_stands_in_the_targets_as_they_were_given",
    ),
    mutation(
        "an audit takes the best of several response headers for the right one",
        "comparing",
        "chat | (count == 1)",
        "count > 0",
        "auditing::test_what_is_unusual_is_noted_and_what_is_undecided_says_so",
    ),
    mutation(
        "an audit takes the pads after a pack for its last entry",
        "dividing",
        "cut = np.where(padded, beyond.argmax(axis=1), width)",
        "cut = np.full(len(left), width)",
        "packing::test_the_audit_finds_nothing_wrong_in_our_packs",
    ),
    mutation(
        "an answer of weight 0 is learned",
        "chatting",
        " and message.weight != 0",
        "",
        "chatting::test_an_answer_of_weight_0_is_no_turn",
    ),
    mutation(
        "an answer of a chat ends with what follows its end",
        "chatting",
        "return Turn(header, start, end, stop)",
        "return Turn(header, start, stop, stop)",
        "chatting::test_each_answer_is_a_turn_with_its_header_its_end_and_what_follows",
        "chatting::test_conversations_are_collated_as_texts_are",
    ),
    mutation(
        "a chat begins twice",
        "chatting",
        "[] if begins is None else [begins]",
        "[] if begins is None else [begins, begins]",
        "chatting::test_a_beginning_is_the_tokenizers_own_once_or_none",
    ),
    mutation(
        "what somebody says is read as a special token",
        "templates",
        'Piece(text, "text", message, False)',
        'Piece(text, "text", message, True)',
        "templates::test_a_marker_that_a_message_spells_out_is_none",
    ),
    mutation(
        "an audit believes an inverted attention mask",
        "attending",
        "    if hiding.any():",
        "    if False:",
        "judging::test_a_fault_has_its_code_and_its_correct_twin_is_silent",
    ),
    mutation(
        "an audit takes the line break behind an end token for the end of the text",
        "dividing",
        "place = place - trailing",
        "pass",
        "judging::test_a_fault_has_its_code_and_its_correct_twin_is_silent",
    ),
    mutation(
        "an audit takes a chat's answers for one",
        "comparing",
        "return (several & ended) | tagged",
        "return several & False",
        "comparing::test_both_answers_with_their_ends_and_nothing_else_are_right",
    ),
    mutation(
        "a report raises nothing",
        "findings",
        'if self.errors or "end-unknown" in self.codes:',
        "if False:",
        "findings::test_errors_are_raised_and_notes_are_not",
    ),
]


# How a test may find a mutation: by its own assertion, by a `pytest.raises` that nothing was
# raised in, or because the companion refuses what is right. A NameError would prove nothing.
FINDINGS = {"AssertionError", "Failed", "ValueError", "EntryError"}


def source(module):
    return (COMPANION / f"{module}.py").read_text(encoding="utf-8")


def lay_out(folder, module, right, wrong):
    """Make a companion in the folder whose files are links to the real ones, but the changed."""
    (folder / "companion").mkdir(parents=True)
    for file in COMPANION.iterdir():
        if file.name not in ("__pycache__", f"{module}.py"):
            (folder / "companion" / file.name).symlink_to(file)
    changed = source(module).replace(right, wrong)
    (folder / "companion" / f"{module}.py").write_text(changed, encoding="utf-8")
    return folder


def run(jobs):
    """Run each job, (folder, tests), and give what each found: its exit status, what was red."""
    environment = os.environ | {
        "HYPOTHESIS_PROFILE": "mutations",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    lines = "".join(json.dumps([str(folder), list(tests)]) + "\n" for folder, tests in jobs)
    command = [sys.executable, __file__]
    ran = subprocess.run(
        command, input=lines, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads((folder / "outcome.json").read_text()) for folder, _ in jobs]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Run the tests on every mutation and on the code as it is; give what each run found."""
    base = tmp_path_factory.mktemp("mutations")
    every = sorted({test for each in MUTATIONS for test in each.seen_by})
    jobs = [(lay_out(base / "as_it_is", "masking", "", ""), every)]
    for number, each in enumerate(MUTATIONS):
        folder = lay_out(base / str(number), each.module, each.right, each.wrong)
        jobs.append((folder, each.seen_by))
    return dict(zip(["as it is", *(each.name for each in MUTATIONS)], run(jobs), strict=True))


def test_the_code_as_it_is_turns_nothing_red(outcomes):
    assert outcomes["as it is"] == {"code": pytest.ExitCode.OK, "red": {}}


@pytest.mark.parametrize("each", MUTATIONS, ids=lambda each: each.name)
def test_a_mutation_changes_one_place(each):
    assert source(each.module).count(each.right) == 1


@pytest.mark.parametrize("each", MUTATIONS, ids=lambda each: each.name)
def test_every_test_that_should_see_it_turns_red(outcomes, each):
    outcome = outcomes[each.name]
    assert outcome["code"] == pytest.ExitCode.TESTS_FAILED, "is a test of another name now?"
    found = {test: outcome["red"].get(test, "green") for test in each.seen_by}
    assert set(found.values()) <= FINDINGS, found


class FirstFailures:
    """A pytest plugin that notes how each test failed first, and skips its further cases."""

    def __init__(self):
        self.red = {}

    @staticmethod
    def name(item):
        return f"{item.path.stem.removeprefix('test_')}::{item.originalname}"

    def pytest_runtest_setup(self, item):
        if self.name(item) in self.red:
            pytest.skip("it is red already")

    def pytest_exception_interact(self, node, call, report):
        during = "" if report.when == "call" else f" during {report.when}"
        self.red.setdefault(self.name(node), call.excinfo.typename + during)


def run_in(folder, tests):
    """Run the tests on the companion in the folder, and write the outcome there."""
    import companion

    assert Path(companion.__file__).parent == folder / "companion"
    failures = FirstFailures()
    parts = [test.partition("::") for test in tests]  # a module alone is its whole file
    with (folder / "output.txt").open("w") as output, contextlib.redirect_stdout(output):
        code = pytest.main(
            # Plain assertions: to explain how two rows of thousands of ids differ takes minutes.
            [
                *("-q", "--tb=line", "--assert=plain", "-p", "no:cacheprovider"),
                *(f"{TESTS}/test_{module}.py{at}{name}" for module, at, name in parts),
            ],
            plugins=[failures],
        )
    (folder / "outcome.json").write_text(json.dumps({"code": code, "red": failures.red}))


def main():
    """Run each job of stdin, a line [FOLDER, [TEST, ...]], in a fork of its own."""
    # All that takes long to import, and nothing of ours.
    for name in ("hypothesis.strategies", "numpy", "tiktoken", "tokenizers", "torch.utils.data"):
        importlib.import_module(name)
    for line in sys.stdin:
        folder, tests = json.loads(line)
        child = os.fork()
        if child == 0:
            sys.path.insert(0, folder)
            os.chdir(folder)
            run_in(Path(folder), tests)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status != 0:
            sys.exit(f"the run in {folder} came to no end: status {status}")


def find(module, right, wrong):
    """Say which tests of the modules that are mutated, and of this one, see a mutation."""
    modules = {module, *(test.split("::")[0] for each in MUTATIONS for test in each.seen_by)}
    with tempfile.TemporaryDirectory() as folder:
        at = lay_out(Path(folder) / "found", module, right, wrong)
        (outcome,) = run([(at, sorted(modules))])
    for test, how in outcome["red"].items():
        print(test, how)


if __name__ == "__main__":
    find(*sys.argv[1:]) if sys.argv[1:] else main()
