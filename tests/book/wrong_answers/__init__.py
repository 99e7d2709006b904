"""Wrong answers to every chapter's exercises, by the name of the exercise."""

from importlib import import_module
from pkgutil import iter_modules

_CHAPTERS = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]

WRONG_ANSWERS: dict[str, list[tuple[str, str]]] = {
    name: answers for chapter in _CHAPTERS for name, answers in chapter.WRONG_ANSWERS.items()
}
