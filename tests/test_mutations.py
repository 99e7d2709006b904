"""The tests themselves are tested: each known way to be wrong must turn them red.

A mutation is one exact replacement in one module. The package is laid out anew with that
module changed, and the test files run on it; each of the files that a mutation names
must fail, and for what it asserts, not because nothing works any more. The runs are forked
from one process that has imported PyTorch already: `python test_mutations.py FOLDER...`.
"""

import contextlib
import importlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
COMPANION = TESTS.parent / "companion"


@dataclass(frozen=True)
class Mutation:
    """A way to be wrong: where, what was right, what is wrong, and which files see it."""

    name: str
    module: str
    right: str
    wrong: str
    seen_by: str

    def files(self):
        return [f"test_{module}.py" for module in self.seen_by.split()]


MUTATIONS = [
    Mutation(
        "the mask begins one token late",
        "ignoring",
        "start - 1 if start else 0",
        "start",
        "ignoring collating",
    ),
    Mutation(
        "the mask begins one token early",
        "ignoring",
        "start - 1 if start else 0",
        "max(start - 2, 0)",
        "ignoring collating",
    ),
    Mutation(
        "the end token is ignored",
        "ignoring",
        "stop - 1 if stop else 0",
        "max(stop - 2, 0)",
        "ignoring collating",
    ),
    Mutation(
        "the first pad is supervised",
        "ignoring",
        "stop - 1 if stop else 0",
        "stop",
        "ignoring collating",
    ),
    Mutation(
        "a survey counts the end token as cut one token too early",
        "surveying",
        "cut = lengths > max_length",
        "cut = lengths >= max_length",
        "surveying",
    ),
    Mutation(
        "a survey takes the mask to begin one token late",
        "surveying",
        "first = prompts\n",
        "first = prompts + 1\n",
        "surveying",
    ),
    Mutation(
        "a survey asks for leaks by the instruction alone",
        "surveying",
        "tested.setdefault((entry.instruction, entry.input), number)",
        'tested.setdefault((entry.instruction, ""), number)',
        "surveying",
    ),
    Mutation(
        "padding is found by value, and the end token with it",
        "ignoring",
        "return kept",
        "return np.where(targets == 50256, ignore_index, kept)",
        "ignoring collating",
    ),
    Mutation(
        "padding is found by value, and the first of a row's end tokens is kept",
        "collating",
        "targets = keep_spans(targets, spans, self.ignore_index)",
        "pads = (targets == self.pad_id) & ((targets == self.pad_id).cumsum(axis=1) > 1); "
        "targets = np.where(pads, self.ignore_index, keep_spans(targets, spans, -100))",
        "collating",
    ),
    Mutation(
        "the padding is not ignored at all",
        "ignoring",
        "kept = np.full(targets.shape, ignore_index, dtype=np.int64)",
        "kept = targets.copy()",
        "ignoring collating",
    ),
    Mutation(
        "nothing is shifted",
        "shifting",
        "return block[:, :-1], block[:, 1:]",
        "return block[:, :-1], block[:, :-1]",
        "shifting collating",
    ),
    Mutation(
        "the targets are shifted twice",
        "shifting",
        "return block[:, :-1], block[:, 1:]",
        "return block[:, :-1], np.concatenate([block[:, 2:], block[:, -1:]], axis=1)",
        "shifting collating",
    ),
    Mutation(
        "no end token is appended",
        "padding",
        "block[row, length] = end_id",
        "block[row, length] = pad_id",
        "padding collating",
    ),
    Mutation(
        "two end tokens are appended",
        "padding",
        "block[row, length] = end_id",
        "block[row, length : length + 2] = end_id",
        "padding collating",
    ),
    Mutation(
        "the text brings an end token of its own",
        "tokenizing",
        "return ids, len(prompt_ids), header_length",
        "return [*ids, END_ID], len(prompt_ids), header_length",
        "tokenizing collating",
    ),
    Mutation(
        "there is no room for the longest row's end token",
        "padding",
        "max(map(len, rows)) + 1",
        "max(map(len, rows))",
        "padding",
    ),
    Mutation(
        "pads are written as the ignore index into the inputs",
        "padding",
        "np.full((len(rows), width), pad_id, dtype=np.int64)",
        "np.full((len(rows), width), -100, dtype=np.int64)",
        "padding collating",
    ),
    Mutation(
        "the end token is counted as a pad",
        "padding",
        "np.asarray(lengths, dtype=np.int64) + 1",
        "np.asarray(lengths, dtype=np.int64)",
        "padding",
    ),
    Mutation(
        "the prompt is one token longer",
        "tokenizing",
        "return ids, len(prompt_ids), header_length",
        "return ids, min(len(prompt_ids) + 1, len(ids)), header_length",
        "tokenizing",
    ),
    Mutation(
        "prompt and response are always encoded at once",
        "tokenizing",
        "    if encodes_apart(encode, decode):\n        ids = [*prompt_ids",
        "    if False:\n        ids = [*prompt_ids",
        "tokenizing",
    ),
    Mutation(
        "prompt and response are always encoded apart",
        "tokenizing",
        "    if encodes_apart(encode, decode):\n        ids = [*prompt_ids",
        "    if True:\n        ids = [*prompt_ids",
        "tokenizing",
    ),
    Mutation(
        "a straddling token is counted as header",
        "tokenizing",
        "and prompt_ids[-len(header_ids) :] == header_ids",
        "and True",
        "tokenizing",
    ),
    Mutation(
        "an end token that a user types is read as one",
        "tokenizing",
        "return load_tokenizer().encode_ordinary(text)",
        'return load_tokenizer().encode(text, allowed_special="all")',
        "tokenizing",
    ),
    Mutation(
        "the header is not subtracted",
        "masking",
        "(start - header, stop)",
        "(start, stop)",
        "masking collating",
    ),
    Mutation(
        "only the first answer of a chat is supervised",
        "masking",
        "return [entry.spans for entry in entries]",
        "return [entry.spans[:1] for entry in entries]",
        "masking collating",
    ),
    Mutation(
        "the end token is not kept",
        "collating",
        'fits = limit + 1 if self.truncation == "cut" else limit',
        "fits = limit + 1",
        "collating",
    ),
    Mutation(
        "a row is cut one token short",
        "collating",
        'fits = limit + 1 if self.truncation == "cut" else limit',
        "fits = limit",
        "collating",
    ),
    Mutation(
        "a lost response is trained on",
        "collating",
        "if turn[0] < fits",
        "if True",
        "collating",
    ),
    Mutation(
        "a width that is a multiple already gets one multiple more",
        "collating",
        "-(-width // self.pad_to_multiple_of)",
        "(width // self.pad_to_multiple_of + 1)",
        "collating",
    ),
    Mutation(
        "the inputs stay a view",
        "collating",
        "torch.from_numpy(np.ascontiguousarray(inputs))",
        "torch.from_numpy(inputs)",
        "collating",
    ),
    Mutation(
        "an entry of a dataset begins one token late",
        "collating",
        "self.ids[self.offsets[index] : self.offsets[index + 1]]",
        "self.ids[self.offsets[index] + 1 : self.offsets[index + 1] + 1]",
        "collating",
    ),
    Mutation(
        "the last target of a packed entry is the first token of the next",
        "packing",
        "(inputs, targets, positions)))",
        "(inputs, np.append(inputs[:, 1:], targets[:, -1:], axis=1), positions)))",
        "packing",
    ),
    Mutation(
        "the positions of a pack do not begin anew",
        "packing",
        "np.concatenate([np.arange(part.shape[1]) for part, _ in parts])",
        "np.arange(inputs.shape[1])",
        "packing",
    ),
    Mutation(
        "an entry of a pack reads those before it",
        "packing",
        "entry[:, :, None] == entry[:, None, :]",
        "entry[:, :, None] >= entry[:, None, :]",
        "packing",
    ),
    Mutation(
        "a pack is never filled to the brim",
        "packing",
        "-waiting[0][0] >= size",
        "-waiting[0][0] > size",
        "packing",
    ),
    Mutation(
        "the batches of an epoch come in the order of their lengths",
        "bucketing",
        "mine = dice.permutation(steps)[:, self.rank]",
        "mine = steps[:, self.rank]",
        "bucketing",
    ),
    Mutation(
        "every epoch has the same order",
        "bucketing",
        "default_rng((self.seed, self.epoch))",
        "default_rng(self.seed)",
        "bucketing",
    ),
    Mutation(
        "two ranks get the same batches",
        "bucketing",
        "[:, self.rank]",
        "[:, 0]",
        "bucketing",
    ),
    Mutation(
        "the batches are not of like length",
        "bucketing",
        "(lengths[order], np.repeat",
        "(np.zeros(len(order)), np.repeat",
        "bucketing",
    ),
    Mutation(
        "a resumed epoch begins anew",
        "bucketing",
        "start, self._resume_at = self._resume_at, 0",
        "start, self._resume_at = 0, 0",
        "bucketing",
    ),
    Mutation(
        "the suffix is not learned",
        "formatting",
        "return entry.output + self.suffix",
        "return entry.output",
        "formatting tokenizing",
    ),
    Mutation(
        "an entry without input has an input part",
        "formatting",
        "if entry.input:\n            body +=",
        "if True:\n            body +=",
        "formatting",
    ),
    Mutation(
        "a question can be on two sides of the split",
        "entries",
        "(entry.instruction, entry.input), []",
        "(entry.instruction, entry.output), []",
        "entries",
    ),
    Mutation(
        "a separator within a string ends a line",
        "entries",
        'text.split("\\n")',
        "text.splitlines()",
        "entries",
    ),
    Mutation(
        "an audit takes the first pad for the end token",
        "auditing",
        "        if expect.pad_id == expect.end_id and stop < known:\n            stop += 1",
        "        if False:\n            stop += 1",
        "auditing",
    ),
    Mutation(
        "an audit counts the first column of labels that the model shifts",
        "auditing",
        "supervised[:, 0] = False",
        "pass",
        "auditing",
    ),
    Mutation(
        "an audit says nothing where the shift cannot be told",
        "auditing",
        "agreeing == [declared] or declared not in agreeing",
        "True",
        "auditing",
    ),
    Mutation(
        "an audit points one column to the side",
        "auditing",
        "back = 1 if self.given.shifted else 0",
        "back = 1",
        "auditing",
    ),
    Mutation(
        "an audit takes the first response header for the right one",
        "auditing",
        "return likely, len(headers) == 1",
        "return likely[:1], True",
        "auditing",
    ),
    Mutation(
        "an audit takes the pads after a pack for its last entry",
        "auditing",
        "ignored = padding and",
        "ignored = False and",
        "packing",
    ),
    Mutation(
        "a report raises nothing",
        "findings",
        "if self.errors:",
        "if False:",
        "findings",
    ),
]


# How a test may find a mutation: by its own assertion, by a `pytest.raises` that nothing was
# raised in, or because the companion refuses what is right. A NameError would prove nothing.
FINDINGS = {"AssertionError", "Failed", "ValueError", "EntryError"}
ALL_FILES = sorted({file for mutation in MUTATIONS for file in mutation.files()})


def source(module):
    return (COMPANION / f"{module}.py").read_text(encoding="utf-8")


def lay_out(folder, changed):
    """Make a companion in the folder whose files are links to the real ones, but the changed."""
    (folder / "companion").mkdir(parents=True)
    for file in COMPANION.iterdir():
        if file.name != "__pycache__" and file.stem not in changed:
            (folder / "companion" / file.name).symlink_to(file)
    for module, code in changed.items():
        (folder / "companion" / f"{module}.py").write_text(code, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Run the tests on every mutation and on the code as it is; give what each run found."""
    base = tmp_path_factory.mktemp("mutations")
    folders = {"as it is": lay_out(base / "as_it_is", {})}
    jobs = [f"{base / 'as_it_is'}:{' '.join(ALL_FILES)}"]
    for number, mutation in enumerate(MUTATIONS):
        wrong = source(mutation.module).replace(mutation.right, mutation.wrong)
        folders[mutation.name] = lay_out(base / str(number), {mutation.module: wrong})
        jobs.append(f"{base / str(number)}:{' '.join(mutation.files())}")
    environment = os.environ | {
        "HYPOTHESIS_PROFILE": "mutations",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    command = [sys.executable, __file__, *jobs]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return {name: json.loads((at / "outcome.json").read_text()) for name, at in folders.items()}


def test_the_code_as_it_is_turns_nothing_red(outcomes):
    assert outcomes["as it is"] == {"code": pytest.ExitCode.OK, "red": {}}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_changes_one_place(mutation):
    assert source(mutation.module).count(mutation.right) == 1


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_every_file_that_should_see_it_turns_red(outcomes, mutation):
    outcome = outcomes[mutation.name]
    assert outcome["code"] == pytest.ExitCode.TESTS_FAILED
    found = {file: outcome["red"].get(file, "green") for file in mutation.files()}
    assert set(found.values()) <= FINDINGS, found


class FirstFailures:
    """A pytest plugin that notes what failed first in each file, and skips the rest of it.

    The last tests of a file go first, since the long ones on everything at once stand at its
    head. Of code that is right none fails, and every tenth is enough to see that this holds
    here as it does in the whole run.
    """

    def __init__(self, every):
        self.red = {}
        self.every = every

    def pytest_collection_modifyitems(self, items):
        items[:] = items[:: -self.every]

    def pytest_runtest_setup(self, item):
        if item.path.name in self.red:
            pytest.skip("its file is red already")

    def pytest_exception_interact(self, node, call, report):
        during = "" if report.when == "call" else f" during {report.when}"
        self.red.setdefault(node.path.name, call.excinfo.typename + during)


def run_in(folder, files):
    """Run the test files on the companion in the folder, and write the outcome there."""
    every = 10 if set(files) == set(ALL_FILES) else 1
    import companion

    assert Path(companion.__file__).parent == folder / "companion"
    failures = FirstFailures(every)
    with (folder / "output.txt").open("w") as output, contextlib.redirect_stdout(output):
        code = pytest.main(
            # Plain assertions: to explain how two rows of thousands of ids differ takes minutes.
            [
                *("-q", "--tb=line", "--assert=plain", "-p", "no:cacheprovider"),
                *(str(TESTS / file) for file in files),
            ],
            plugins=[failures],
        )
    (folder / "outcome.json").write_text(json.dumps({"code": code, "red": failures.red}))


def main(jobs):
    """Run each job, "FOLDER:FILE FILE...", in a fork of its own."""
    # All that takes long to import, and nothing of ours.
    for name in ("hypothesis.strategies", "numpy", "tiktoken", "tokenizers", "torch.utils.data"):
        importlib.import_module(name)
    for job in jobs:
        folder, files = job.split(":")
        child = os.fork()
        if child == 0:
            sys.path.insert(0, folder)
            os.chdir(folder)
            run_in(Path(folder), files.split())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status != 0:
            sys.exit(f"the run in {folder} came to no end: status {status}")


if __name__ == "__main__":
    main(sys.argv[1:])
