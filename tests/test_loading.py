"""The loader: the same batches however they are made, and refusals that say what to do."""

import re
import subprocess
import sys
import time
from functools import partial
from threading import Lock

import pytest
import torch
from torch.utils.data import IterableDataset, SequentialSampler

from companion.collating import Collator
from companion.entries import load_entries
from companion.loading import make_loader
from companion.storing import InstructionDataset

ROWS = [[number] * (1 + number % 3) for number in range(20)]


def listed(batch):
    return [row[0] for row in batch]


def moved(batch, device="cpu"):
    return torch.tensor([row[0] for row in batch]).to(device)


class Guarded(list):
    """A data set that cannot be sent to another process."""

    def __init__(self, rows):
        super().__init__(rows)
        self.lock = Lock()


class Endless(IterableDataset):
    def __iter__(self):
        return iter(ROWS)


def order(loader):
    return [number for batch in loader for number in batch]


@pytest.fixture
def cuda(monkeypatch):
    """Let PyTorch say that there is a CUDA device; no tensor is moved to it."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.fixture
def mps(monkeypatch):
    """Let PyTorch say that there is a device of Apple's; no tensor is moved to it."""
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)


def run(program, *arguments):
    """Run a program from the standard input, as a notebook's cells are: there is no file."""
    return subprocess.run(
        [sys.executable, "-", *arguments],
        input=program,
        capture_output=True,
        text=True,
        timeout=100,
    )


# What it gives ---------------------------------------------------------------------------


def test_the_loader_gives_what_the_collator_gives(toy):
    loader = make_loader(toy, Collator(), batch_size=2)
    assert [[part.tolist() for part in batch] for batch in loader] == [
        [
            [[0, 1, 2, 3, 4], [5, 6, 50256, 50256, 50256]],
            [[1, 2, 3, 4, 50256], [6, 50256, *[-100] * 3]],
        ],
        [[[7, 8, 9]], [[8, 9, 50256]]],
    ]


def test_by_default_there_are_no_workers_nothing_is_pinned_and_the_order_is_kept():
    loader = make_loader(ROWS, listed, batch_size=8)
    assert loader.num_workers == 0
    assert loader.pin_memory is False
    assert isinstance(loader.sampler, SequentialSampler)
    assert order(loader) == list(range(20))


def test_batches_are_pinned_for_a_cuda_device_only(cuda, mps):
    assert make_loader(ROWS, listed, batch_size=8, device="cuda").pin_memory is True
    assert make_loader(ROWS, listed, batch_size=8, device="cuda:1").pin_memory is True
    assert make_loader(ROWS, listed, batch_size=8, device="mps").pin_memory is False
    assert make_loader(ROWS, listed, batch_size=8, device="cpu").pin_memory is False


def test_pinning_can_be_declined(cuda):
    loader = make_loader(ROWS, listed, batch_size=8, device="cuda", pin_memory=False)
    assert loader.pin_memory is False


def test_batches_that_the_collate_moved_are_not_pinned(cuda):
    loader = make_loader(ROWS, Collator(device="cuda"), batch_size=8, device="cuda")
    assert loader.pin_memory is False


def test_settings_of_workers_reach_the_loader():
    loader = make_loader(
        ROWS,
        listed,
        batch_size=8,
        num_workers=2,
        multiprocessing_context="spawn",
        prefetch_factor=3,
        persistent_workers=True,
    )
    assert loader.num_workers == 2
    assert loader.multiprocessing_context.get_start_method() == "spawn"
    assert loader.prefetch_factor == 3
    assert loader.persistent_workers is True


def test_a_sampler_gives_the_order_and_a_batch_sampler_the_batches():
    loader = make_loader(ROWS, listed, batch_size=2, sampler=[3, 1, 2])
    assert list(loader) == [[3, 1], [2]]
    assert list(make_loader(ROWS, listed, batch_sampler=[[5], [7, 6]])) == [[5], [7, 6]]


# The order -------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_every_entry_comes_exactly_once_an_epoch(workers):
    loader = make_loader(ROWS, listed, batch_size=3, shuffle=True, num_workers=workers)
    for _ in range(2):
        assert sorted(order(loader)) == list(range(20))


def test_the_order_is_that_of_the_seed_whatever_the_number_of_workers():
    def epochs(workers, keep=False):
        loader = make_loader(
            ROWS,
            listed,
            batch_size=3,
            shuffle=True,
            num_workers=workers,
            persistent_workers=keep,
            seed=7,
        )
        return [list(loader) for _ in range(3)]

    expected = epochs(0)
    assert epochs(1) == epochs(2) == epochs(2, keep=True) == expected


def test_the_order_is_a_permutation_of_the_seed_that_anyone_can_draw():
    drawn = torch.randperm(20, generator=torch.Generator().manual_seed(5)).tolist()
    loader = make_loader(ROWS, listed, batch_size=3, shuffle=True, seed=5)
    assert order(loader) == drawn


def test_each_epoch_and_each_seed_has_its_own_order():
    loader = make_loader(ROWS, listed, batch_size=3, shuffle=True)
    other = make_loader(ROWS, listed, batch_size=3, shuffle=True, seed=1)
    orders = [order(loader), order(loader), order(other)]
    assert len({tuple(numbers) for numbers in orders}) == 3


def test_the_order_does_not_touch_the_random_numbers_of_the_program():
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    order(make_loader(ROWS, listed, batch_size=3, shuffle=True, num_workers=1))
    assert torch.equal(torch.rand(1), expected)


# Workers that start afresh ---------------------------------------------------------------


def test_spawned_workers_give_the_same_batches_from_a_memory_map(tmp_path):
    InstructionDataset(load_entries()[:12]).save(tmp_path / "set")
    dataset = InstructionDataset.open(tmp_path / "set")
    settings = {"batch_size": 4, "shuffle": True}
    near = list(make_loader(dataset, Collator(mask="prompt"), **settings))
    far = list(
        make_loader(
            dataset,
            Collator(mask="prompt"),
            num_workers=1,
            multiprocessing_context="spawn",
            **settings,
        )
    )
    assert len(near) == len(far) == 3
    for one, other in zip(near, far, strict=True):
        assert torch.equal(one.inputs, other.inputs)
        assert torch.equal(one.targets, other.targets)


# PyTorch may report a dead worker twice, the second time in the middle of whatever comes next: so
# the error ends these programs, and what was seen until then is printed at the very end.
KILLED = """
import atexit, os, signal
from torch.utils.data import get_worker_info
from companion.loading import make_loader


def collate(batch):
    if batch[0] == 12 and get_worker_info():
        os.kill(os.getpid(), signal.SIGKILL)
    return batch


seen = []
atexit.register(lambda: print(len(seen) < 20))
for batch in make_loader(list(range(20)), collate, batch_size=2, num_workers=2,
                         multiprocessing_context="fork"):
    seen += batch
"""


def test_a_worker_that_is_killed_ends_the_epoch_with_an_error_within_seconds():
    start = time.monotonic()
    done = run(KILLED)
    assert time.monotonic() - start < 60  # most of it is starting Python; torch waits 5 at most
    assert (done.returncode, done.stdout) == (1, "True\n")
    # Which of the two it says depends on who notices first, the signal or the empty queue.
    assert re.search(
        r"^RuntimeError: DataLoader worker .*(is killed by signal: Killed|exited unexpectedly)",
        done.stderr,
        re.MULTILINE,
    ), done.stderr


# A worker that dies while a tensor of its is fetched is not noticed as a worker, but as the end
# of a connection: the epoch ends with an error all the same.
GONE = (
    r"(RuntimeError: DataLoader worker \(pid.*(is killed by signal: {}|exited unexpectedly)"
    r"|(Connection\w*|FileNotFound|EOF)Error)"
)

KILLED_FROM_OUTSIDE = """
import atexit, os, signal
from multiprocessing import active_children
from companion.collating import Collator
from companion.loading import make_loader

loader = make_loader([[n] for n in range(4000)], Collator(), batch_size=1, num_workers=2,
                     multiprocessing_context="fork", persistent_workers=True)
seen = []
atexit.register(lambda: print(5 <= len(seen) < 4000, seen == list(range(len(seen)))))
for batch in loader:
    seen += batch.inputs.flatten().tolist()
    if len(seen) == 5:
        os.kill(active_children()[0].pid, signal.SIGKILL)
"""


def test_a_worker_that_the_system_kills_in_mid_epoch_ends_it_and_repeats_nothing():
    """As for want of memory: what came until then are the first entries, each once."""
    done = run(KILLED_FROM_OUTSIDE)
    assert (done.returncode, done.stdout) == (1, "True True\n")
    assert re.search(GONE.format("Killed"), done.stderr, re.MULTILINE), done.stderr


CUT_WHILE_IN_USE = """
import os, sys
from companion.collating import Collator
from companion.storing import InstructionDataset
from companion.entries import load_entries
from companion.loading import make_loader

InstructionDataset(load_entries()).save(sys.argv[1])
dataset = InstructionDataset.open(sys.argv[1])
os.truncate(dataset.folder / "ids.npy", 128)
list(make_loader(dataset, Collator(), batch_size=8, num_workers=1,
                 multiprocessing_context="fork"))
"""


def test_a_memory_map_that_is_cut_short_while_in_use_ends_the_epoch_with_an_error(tmp_path):
    """The pages that are gone kill the worker that reads them, and the loop is told so."""
    done = run(CUT_WHILE_IN_USE, str(tmp_path / "set"))
    assert done.returncode == 1
    assert re.search(GONE.format("Bus error"), done.stderr, re.MULTILINE), done.stderr


IN_A_NOTEBOOK = """
from companion.loading import make_loader


class Rows(list):
    pass


def collate(batch):
    return batch


for dataset, function in (([1, 2], collate), (Rows([1, 2]), list)):
    try:
        make_loader(dataset, function, batch_size=1, num_workers=1,
                    multiprocessing_context="spawn")
    except ValueError as error:
        print(error)
print(list(make_loader([1, 2], collate, batch_size=1, num_workers=1,
                       multiprocessing_context="fork")))
"""


def test_what_a_notebook_defines_is_refused_for_spawned_workers_and_fine_for_forked_ones():
    done = run(IN_A_NOTEBOOK)
    assert done.stderr == ""
    function, dataset, batches = done.stdout.splitlines()
    assert function.startswith(
        "workers started by spawn are sent the collate function as bytes, and this one cannot be: "
        "'collate' was defined in a notebook or a terminal, which a worker does not have; "
    )
    assert dataset.startswith("workers started by spawn are sent the data set as bytes")
    assert "'Rows' was defined in a notebook" in dataset
    assert batches == "[[1], [2]]"


# Refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "how many entries make a batch"),
        ({"batch_size": 0}, "batch_size is a whole number, 1 or more; found 0"),
        ({"batch_size": -4}, "batch_size is a whole number, 1 or more; found -4"),
        ({"batch_size": 2.5}, "batch_size is a whole number, 1 or more; found 2.5"),
        ({"batch_size": True}, "batch_size is a whole number, 1 or more; found True"),
        ({"batch_size": "8"}, "batch_size is a whole number, 1 or more; found '8'"),
        (
            {"batch_size": 2, "num_workers": 1.5},
            "num_workers is a whole number, 0 or more; found 1.5",
        ),
        ({"batch_size": 2, "seed": -1}, "seed is a whole number, 0 or more; found -1"),
        ({"batch_size": 2, "seed": 0.5}, "seed is a whole number, 0 or more; found 0.5"),
        ({"batch_size": 2, "device": "gpu"}, "device is such as 'cpu'.*; found 'gpu'"),
        ({"batch_size": 2, "device": "cuda:x"}, "device is such as 'cpu'.*; found 'cuda:x'"),
        ({"batch_size": 2, "device": None}, "device is such as 'cpu'.*; found None"),
        ({"batch_size": 2, "shuffle": True, "sampler": [0]}, "leave out shuffle"),
        ({"batch_size": 2, "batch_sampler": [[0]]}, "leave out batch_size, shuffle and sampler"),
        ({"shuffle": True, "batch_sampler": [[0]]}, "leave out batch_size, shuffle and sampler"),
        ({"sampler": [0], "batch_sampler": [[0]]}, "leave out batch_size, shuffle and sampler"),
        (
            {"batch_size": 2, "num_workers": -1},
            "num_workers is a whole number, 0 or more; found -1",
        ),
        (
            {"batch_size": 2, "num_workers": 1, "prefetch_factor": 0},
            "prefetch_factor is a whole number, 1 or more; found 0",
        ),
        (
            {"batch_size": 2, "num_workers": 2, "prefetch_factor": -1},
            "prefetch_factor is a whole number, 1 or more; found -1",
        ),
        (
            {"batch_size": 2, "prefetch_factor": 2},
            "prefetch_factor speaks of worker processes, and num_workers is 0: leave out",
        ),
        ({"batch_size": 2, "persistent_workers": True}, "persistent_workers speaks of worker"),
        (
            {"batch_size": 2, "multiprocessing_context": "spawn"},
            "multiprocessing_context speaks of worker",
        ),
        (
            {"batch_size": 2, "num_workers": 1, "multiprocessing_context": "thread"},
            "multiprocessing_context is one of .*spawn.* here; found 'thread'",
        ),
        (
            {"batch_size": 2, "pin_memory": True},
            "pinned memory speeds the way to a CUDA device, and device is cpu: leave out",
        ),
        ({"batch_size": 2, "pin_memory": True, "device": "mps"}, "and device is mps"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        make_loader(ROWS, listed, **settings)


def test_a_cuda_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="device is cuda:1, and PyTorch finds no CUDA device here"):
        make_loader(ROWS, listed, batch_size=2, device="cuda:1")


def test_a_cuda_device_of_another_number_is_refused(cuda):
    with pytest.raises(ValueError, match="device is cuda:2, and PyTorch finds 2 here; the last is"):
        make_loader(ROWS, listed, batch_size=2, device="cuda:2")
    make_loader(ROWS, listed, batch_size=2, device="cuda:1")


def test_an_apple_device_that_is_not_there_is_refused(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ValueError, match="device is mps, and PyTorch finds no MPS device here"):
        make_loader(ROWS, listed, batch_size=2, device="mps")


@pytest.mark.parametrize("collate_fn", [Collator(device="cuda"), partial(moved, device="cuda")])
def test_a_collate_onto_a_device_that_is_not_there_is_refused(collate_fn, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    sentence = "the device of the collate function is cuda, and PyTorch finds no CUDA device here"
    with pytest.raises(ValueError, match=sentence):
        make_loader(ROWS, collate_fn, batch_size=2)


def test_a_collate_onto_a_device_of_no_such_name_is_refused():
    with pytest.raises(ValueError, match=r"the device of the collate function is such as.*'gpu'"):
        make_loader(ROWS, partial(moved, device="gpu"), batch_size=2)


class Plain:
    """A data set that is neither PyTorch's nor a sequence."""

    def __len__(self):
        return len(ROWS)

    def __getitem__(self, number):
        return ROWS[number]


def test_a_plain_class_with_a_length_and_items_is_a_data_set():
    assert order(make_loader(Plain(), listed, batch_size=8)) == list(range(20))
    assert sorted(order(make_loader(Plain(), listed, batch_size=8, shuffle=True))) == list(
        range(20)
    )


ON_CUDA = [
    Collator(device="cuda"),
    Collator(device=torch.device("cuda:1")),
    partial(moved, device="cuda"),
    partial(partial(moved, device="cuda")),
]


@pytest.mark.parametrize("collate_fn", ON_CUDA)
def test_a_collate_onto_cuda_is_refused_for_forked_workers(cuda, collate_fn):
    with pytest.raises(
        ValueError,
        match=r"puts tensors on cuda.*, and CUDA cannot be used in forked workers: leave out its "
        "device and move the batches in the training loop, or use 0 workers",
    ):
        make_loader(
            ROWS,
            collate_fn,
            batch_size=2,
            device="cuda",
            num_workers=1,
            multiprocessing_context="fork",
        )


def test_forked_is_what_workers_are_where_that_is_the_systems_way(cuda, monkeypatch):
    for method, default in (("fork", "spawn"), (None, "fork")):
        monkeypatch.setattr("companion.loading.get_start_method", lambda allow_none, m=method: m)
        monkeypatch.setattr(
            "companion.loading.get_all_start_methods",
            lambda first=default: [first, "fork", "spawn"],
        )
        with pytest.raises(ValueError, match="cannot be used in forked workers"):
            make_loader(ROWS, Collator(device="cuda"), batch_size=2, device="cuda", num_workers=1)


@pytest.mark.parametrize("collate_fn", ON_CUDA)
def test_a_collate_onto_cuda_may_have_spawned_workers_or_none(cuda, collate_fn):
    settings = {"batch_size": 2, "device": "cuda"}
    make_loader(ROWS, collate_fn, **settings)
    make_loader(ROWS, collate_fn, num_workers=1, multiprocessing_context="spawn", **settings)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_collate_onto_another_device_is_refused_for_all_workers(method):
    with pytest.raises(ValueError, match="puts tensors on mps, from where a worker process cannot"):
        make_loader(
            ROWS,
            Collator(device="mps"),
            batch_size=2,
            device="mps",
            num_workers=1,
            multiprocessing_context=method,
        )


@pytest.mark.parametrize("collate_fn", ON_CUDA)
def test_pinning_what_is_on_a_device_already_is_refused(cuda, collate_fn):
    with pytest.raises(ValueError, match=r"pinning is for tensors in ordinary memory.*on cuda"):
        make_loader(ROWS, collate_fn, batch_size=2, device="cuda", pin_memory=True)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_lambda_is_refused_for_workers_that_start_afresh(method):
    for collate_fn in (lambda batch: batch, partial(lambda size, batch: batch, 3)):
        with pytest.raises(
            ValueError,
            match=f"workers started by {method} are sent the collate function as bytes, and this "
            "one cannot be: a lambda has no name to find it by; define it with `def`",
        ):
            make_loader(
                ROWS, collate_fn, batch_size=2, num_workers=1, multiprocessing_context=method
            )


def test_a_function_inside_a_function_is_refused_for_workers_that_start_afresh():
    def inner(batch):
        return batch

    with pytest.raises(ValueError, match=r"sent the collate function.*inner"):
        make_loader(ROWS, inner, batch_size=2, num_workers=1, multiprocessing_context="spawn")


def test_a_data_set_that_cannot_be_sent_is_refused_for_workers_that_start_afresh():
    with pytest.raises(ValueError, match=r"are sent the data set as bytes.*lock"):
        make_loader(
            Guarded(ROWS), listed, batch_size=2, num_workers=1, multiprocessing_context="spawn"
        )


def test_what_cannot_be_pickled_is_fine_without_workers_and_with_forked_ones():
    for settings in ({}, {"num_workers": 1, "multiprocessing_context": "fork"}):
        loader = make_loader(Guarded(ROWS), lambda batch: batch, batch_size=20, **settings)
        assert list(loader) == [ROWS]


def test_a_lock_that_processes_can_share_is_left_to_the_start_of_the_worker():
    dataset = Guarded(ROWS)
    dataset.lock = torch.multiprocessing.get_context("spawn").Lock()
    make_loader(dataset, listed, batch_size=2, num_workers=1, multiprocessing_context="spawn")


def test_an_iterable_data_set_is_refused():
    with pytest.raises(ValueError, match="gives every entry once in each worker"):
        make_loader(Endless(), listed, batch_size=2)
