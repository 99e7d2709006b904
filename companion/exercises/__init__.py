"""The exercises of every chapter, by the name of the function that answers them."""

from importlib import import_module
from pkgutil import iter_modules

from companion.checking import Exercise

_CHAPTERS = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]

EXERCISES: dict[str, Exercise] = {
    exercise.name: exercise for chapter in _CHAPTERS for exercise in chapter.EXERCISES
}
