"""A quiz reads the same in a notebook and in a page, and is what its file says."""

import pytest

from companion.quizzing import Choice, Question, Quiz, quizzes


def test_a_quiz_shows_its_questions_and_choices_without_the_verdicts():
    shown = repr(Quiz("00_start_here"))
    first = Quiz("00_start_here").questions[0]
    assert shown.splitlines()[:2] == [f"1. {first.text}", f"   ( ) {first.choices[0].text}"]
    assert all(choice.text in shown for choice in first.choices)
    assert not any(choice.teaches in shown for choice in first.choices)


def test_in_a_page_each_choice_opens_what_is_to_be_said_about_it():
    html = Quiz("02_tokenizing")._repr_html_()
    questions = Quiz("02_tokenizing").questions
    choices = [choice for question in questions for choice in question.choices]
    assert html.count("<details data-verdict=") == len(choices)
    assert html.count('<div class="quiz">') == len(questions)
    assert [html.count(f'data-verdict="{v}"') for v in ("right", "wrong", "almost")] == [
        sum(choice.verdict == v for choice in choices) for v in ("right", "wrong", "almost")
    ]
    assert "`" not in html
    assert "<style" not in html


def test_what_stands_in_a_text_is_text(monkeypatch):
    choice = Choice("a < `b<c>` & <|end|>", "right", "Yes & no.")
    monkeypatch.setattr(Quiz, "questions", (Question("Is `<x>` it?", (choice,)),))
    html = Quiz("00_start_here")._repr_html_()
    assert "<summary>a &lt; <code>b&lt;c&gt;</code> &amp; &lt;|end|&gt;</summary>" in html
    assert "<p><strong>1. Is <code>&lt;x&gt;</code> it?</strong></p>" in html


@pytest.mark.parametrize("verdicts", [["wrong", "wrong"], ["right", "right"], ["right", "maybe"]])
def test_a_question_without_exactly_one_right_choice_is_refused(verdicts):
    with pytest.raises(ValueError, match="one choice of a question is right"):
        Question("Which?", tuple(Choice("this", verdict, "so") for verdict in verdicts))


def test_a_quiz_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(ValueError, match=r"no quiz '99_x'; there are 00_start_here, 01_formatting"):
        Quiz("99_x")


def test_right_answers_do_not_always_stand_in_the_same_place():
    places = [
        [choice.verdict for choice in question.choices].index("right")
        for name in quizzes()
        for question in Quiz(name).questions
    ]
    assert all(places.count(place) > len(places) / 6 for place in (0, 1, 2))
