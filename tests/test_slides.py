"""Slides are cut from a chapter's page by what its parts are; what is too long is noted."""

from scripts.slides.build import deck
from scripts.slides.cutting import cut

HEAD = """<html><head><title>3. Pad — Inside the Batch</title>
<link rel="stylesheet" href="../_static/book.css">
<script defer src="../_static/explorer.js?v=1"></script>
<script defer src="../_static/answers.js"></script></head><body><article>"""


def page(*parts: str) -> str:
    return HEAD + "<section><h1>3. Pad</h1>" + "".join(parts) + "</section></article></body></html>"


def cell(code: str, printed: str = "", classes: str = "") -> str:
    out = f'<div class="output stream"><pre>{printed}</pre></div>' if printed else ""
    return (
        f'<div class="cell {classes}"><div class="cell_input"><div class="highlight"><pre>{code}'
        f'</pre></div></div><div class="cell_output">{out}</div></div>'
    )


def shown(*parts: str) -> list[str]:
    return ["".join(slide.shown) for group in cut(page(*parts)) for slide in group]


def noted(*parts: str) -> str:
    return "".join("".join(slide.notes) for group in cut(page(*parts)) for slide in group)


def test_a_slide_has_the_first_sentence_and_the_notes_have_the_rest():
    text = "<p>Rows <em>differ.</em> A grid does not, e.g. <code>x. Y</code>. So we pad.</p>"
    assert shown(text) == ["<h1>3. Pad</h1><p>Rows <em>differ.</em></p>"]
    assert noted(text) == "<p>A grid does not, e.g. <code>x. Y</code>. So we pad.</p>"


def test_a_prediction_stands_before_the_slide_that_answers_it():
    asked = '<div class="predict admonition"><p>How wide?</p></div>'
    slides = shown("<h2>Width</h2><p>Look.</p>", asked, cell("block.shape", "(3, 6)"))
    assert "How wide?" in slides[2]
    assert "(3, 6)" not in slides[2]
    assert "block.shape" in slides[3]
    assert "(3, 6)" in slides[3]


def test_code_that_is_long_is_in_the_notes_and_what_it_prints_is_on_the_slide():
    long = cell("\n".join(["x = 1"] * 17), "done")
    assert "x = 1" not in "".join(shown(long))
    assert "done" in "".join(shown(long))
    assert noted(long).count("x = 1") == 17


def test_code_with_what_it_prints_fits_on_a_slide_by_their_lines_together():
    assert "x = 1" in "".join(shown(cell("\n".join(["x = 1"] * 8), "\n".join("abcdefgh"))))
    assert "x = 1" not in "".join(shown(cell("\n".join(["x = 1"] * 9), "\n".join("abcdefgh"))))


def test_no_slide_and_no_note_has_a_solution_and_hints_are_noted():
    parts = (
        "<h2>Exercises</h2><h3>Exercise 1</h3><p>It counts. Write it.</p>",
        cell("def f(x):\n    ...\n\n\ncheck(f)", "f: not attempted yet"),
        "<details><summary>Hint</summary><p>Count.</p></details>",
        "<details><summary>Solution</summary><pre>return 1</pre></details>",
    )
    assert "return 1" not in "".join(shown(*parts)) + noted(*parts)
    assert "Count." in noted(*parts)
    assert "<p>It counts. Write it.</p>" in "".join(shown(*parts))
    assert "check(f)" not in "".join(shown(*parts))


def test_a_question_of_the_quiz_is_one_slide_with_its_choices_folded():
    question = "<p><strong>1. How many?</strong></p>"
    choices = '<div class="quiz"><details><summary>Five</summary>Yes.</details></div>'
    in_a_cell = f'<div class="cell"><div class="quiz-of">{question}{choices}</div></div>'
    for quiz in (question + choices, in_a_cell):
        assert shown("<h2>Quiz</h2>", quiz, quiz)[2:] == [question + choices] * 2


def test_a_deck_links_to_the_chapters_and_takes_the_scripts_of_what_is_alive_alone():
    text = '<p>See <a href="04_shifting.html">shift</a> and <a href="#width">width</a>.</p>'
    made = deck(page(text), "03_padding.html")
    assert 'href="../book/04_shifting.html"' in made
    assert 'href="../book/03_padding.html#width"' in made
    assert '<script defer src="../_static/explorer.js?v=1">' in made
    assert "answers.js" not in made
    assert "<title>3. Pad: slides</title>" in made


def test_what_the_page_folds_is_noted_and_leaves_no_empty_slide():
    folded = cell("import math", classes="tag_hide-input")
    card = '<div class="card admonition"><p>You can.</p></div>'
    assert shown(card, folded, "<h2>Next</h2><p>Look.</p>") == [
        f"<h1>3. Pad</h1>{card}",
        "<h2>Next</h2><p>Look.</p>",
    ]
    assert "import math" in noted(card, folded, "<h2>Next</h2>")
