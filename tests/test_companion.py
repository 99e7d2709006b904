"""The package as a whole: its table of contents, and what it does not import."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import companion


def test_a_type_checker_reads_the_contents_that_python_imports():
    tree = ast.parse(Path(companion.__file__).read_text("utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    read = {
        node.module.removeprefix("companion."): tuple(sorted(name.name for name in node.names))
        for node in block.body
    }
    assert read == {home: tuple(sorted(names)) for home, names in companion._HOMES.items()}
    assert list(read) == list(companion._HOMES)


@pytest.mark.parametrize("name", companion.__all__)
def test_every_name_of_the_contents_is_there(name):
    assert getattr(companion, name) is not None
    assert name in dir(companion)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'companion' has no attribute 'nothing'"):
        companion.nothing  # noqa: B018


# What a step's module may not bring: torch, before a tensor is made.
WITHOUT_TORCH = (
    "companion",
    *(f"companion.{home}" for home in companion._HOMES if home not in ("loading",)),
)


def test_no_step_imports_torch_before_a_tensor_is_made():
    program = (
        "import importlib, sys\n"
        f"for name in {WITHOUT_TORCH!r}:\n"
        "    importlib.import_module(name)\n"
        "    assert 'torch' not in sys.modules, name\n"
        "from companion import Collator, Packer\n"
        "Collator(mask='prompt', max_length=4).texts([[1, 2]])\n"
        "assert 'torch' not in sys.modules\n"
        "assert Collator()([[1, 2]]).inputs.tolist() == [[1, 2]]\n"
        "assert 'torch' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
