"""`check`: the first property that fails, on the smallest case, and never the answer."""

import random

import pytest

from companion.checking import Verdict, check
from companion.exercises.making import Exercise, Property

DOUBLE = Exercise(
    "double",
    chosen=({"number": 0}, {"number": 1}),
    make=lambda dice: {"number": dice.randint(2, 99)},
    properties=(
        Property("It is even.", lambda answer, number: answer % 2 == 0),
        Property("It is twice the number.", lambda answer, number: answer == 2 * number),
    ),
)


@pytest.fixture(autouse=True)
def _one_exercise(monkeypatch):
    monkeypatch.setattr("companion.exercises.EXERCISES", {"double": DOUBLE})


def verdict(body):
    """Check a function `double` that computes `body`."""
    space = {}
    exec(f"def double(number):\n    return {body}", space)
    return check(space["double"])


def test_a_right_answer_is_told_so_and_counts_as_true():
    assert verdict("number + number")
    assert repr(verdict("number + number")) == "double: right, on all 52 cases."


def test_the_first_property_that_fails_is_named_on_the_smallest_case():
    assert repr(verdict("number")) == (
        "double: not yet. It is even.\nIt fails for number=1, where your function gives 1."
    )


def test_a_later_property_is_named_when_the_earlier_ones_hold():
    assert "It is twice the number.\nIt fails for number=1" in repr(verdict("4 * number"))


def test_the_right_answer_is_not_given_away():
    assert "198" not in repr(verdict("0 if number == 99 else 2 * number"))


@pytest.mark.parametrize("body", ["None", "...", "(_ for _ in ()).throw(NotImplementedError())"])
def test_a_stub_is_not_attempted_yet(body):
    assert repr(verdict(body)) == "double: not attempted yet"


def test_an_answer_that_is_missing_for_some_cases_is_told_for_which():
    assert repr(verdict("2 * number if number < 5 else None")).startswith(
        "double: not yet. For number="
    )
    assert repr(verdict("2 * number if number < 5 else None")).endswith("gives nothing.")


def test_an_exception_of_the_readers_code_is_a_finding():
    assert repr(verdict("1 / 0")) == (
        "double: not yet. For number=0 your function raises ZeroDivisionError: division by zero"
    )


def test_a_long_value_is_cut():
    assert len(repr(verdict("[0] * 10_000"))) < 300


def test_the_cases_are_the_same_each_time_and_the_smallest_come_first():
    before = DOUBLE.cases()
    random.seed(1)
    assert DOUBLE.cases() == before
    lengths = [len(repr(case)) for case in before]
    assert lengths == sorted(lengths)


@pytest.mark.parametrize(
    "signature", ["(count)", "(number, more)", "()", "(number, /)", "(count, number=0)"]
)
def test_a_function_with_other_parameters_is_told_which_are_asked_for(signature):
    space = {}
    exec(f"def double{signature}:\n    return 0", space)
    assert repr(check(space["double"])) == (
        "double: not yet. It is called by the names of its parameters, double(number), "
        f"and your function is double{signature}."
    )


@pytest.mark.parametrize("signature", ["(number, more=1)", "(*, number)"])
def test_a_function_that_takes_the_parameters_by_name_may_take_more(signature):
    space = {}
    exec(f"def double{signature}:\n    return 2 * number", space)
    assert check(space["double"])


def test_a_verdict_is_its_sentence():
    assert repr(Verdict(False, "so it is")) == "so it is"


def test_an_unknown_function_is_named():
    with pytest.raises(ValueError, match=r"no exercise 'treble'; there are double"):
        check(treble)


def treble(number):
    return 3 * number


def test_nothing_is_printed(capsys):
    verdict("number")
    assert capsys.readouterr() == ("", "")
