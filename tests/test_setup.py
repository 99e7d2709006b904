"""What installs the project agrees with itself, and declares all that the code imports."""

import ast
import re
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from scripts.pins import FLOOR

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def ranges() -> list[Requirement]:
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return [Requirement(line) for group in groups for line in group]


def pins() -> dict[str, str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.lower().split("==") for line in lines if line and not line.startswith("#"))


def test_every_dependency_is_pinned_within_its_range():
    for wanted in ranges():
        assert wanted.specifier.contains(pins()[wanted.name.lower()]), wanted


@pytest.mark.parametrize(("name", "version"), pins().items())
def test_every_pin_can_be_installed_on_the_oldest_python(name, version):
    installed = distribution(name)
    assert installed.version.split("+")[0] == version, "the environment is not the pins'"
    assert SpecifierSet(installed.metadata.get("Requires-Python") or "").contains(FLOOR)


def test_the_makefile_asks_for_the_oldest_python():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"v < ({FLOOR.replace('.', ', ')})" in makefile
    assert f"Python {FLOOR} is needed" in makefile


def test_torch_is_the_pin_that_the_readme_speaks_of():
    assert pins()["torch"] == "2.13.0"


def test_environment_yml_installs_the_pins_and_the_project_and_nothing_else():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["name"] == PROJECT["name"]
    python, pip, from_pip = environment["dependencies"]
    assert python.removeprefix("python=") == PROJECT["requires-python"].removeprefix(">=")
    assert pip == "pip"
    assert from_pip == {"pip": ["-r requirements.txt", "-e ."]}


def imported(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"companion"}


def test_the_companion_imports_only_what_it_declares():
    declared = {Requirement(line).name for line in PROJECT["dependencies"]} | {"tiktoken_ext"}
    # The Sphinx extension is read by Sphinx alone, which is there when it runs.
    extension = {"sphinx", "docutils"}
    for file in (ROOT / "companion").rglob("*.py"):
        allowed = declared | (extension if file.parent.name == "publishing" else set())
        assert imported(file) <= allowed, file


def test_every_dependency_has_its_reason_in_contributing():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for wanted in ranges():
        assert f"`{wanted.name}`" in text, wanted.name


@pytest.mark.parametrize("name", ["_config.yml", "README.md", "CITATION.cff"])
def test_the_repositorys_address_is_the_one_in_pyproject(name):
    address = PROJECT["urls"]["Repository"]
    text = (ROOT / name).read_text(encoding="utf-8")
    owner = address.split("/")[3]
    named = set(re.findall(rf"https://github\.com/{owner}/[\w.-]+", text))
    assert {found.removesuffix(".git") for found in named} == {address}


def test_the_citation_names_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == PROJECT["version"]


def test_no_file_names_a_package_registrys_host():
    hosts = re.compile("|".join(["pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npmjs"]))
    lock = ROOT / "tests" / "javascript" / "package-lock.json"
    for file in [ROOT / "requirements.txt", ROOT / "pyproject.toml", lock, *ROOT.glob("*.md")]:
        assert not hosts.search(file.read_text(encoding="utf-8")), file
