"""Cut a chapter's page into slides, by what each part of it is.

A heading begins a slide. Of a paragraph its first sentence is shown, and the rest is for the
speaker's notes. The card, a prediction, a picture, the explorer, a short piece of code with what
it printed, a mistake and its cure, a question of the quiz: each is something to look at, and a
slide has one such thing. A task is shown whole. Code and print that are too long go to the
notes, hints too; solutions go nowhere. What it leaves out: the file around the slides (`build.py`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bs4 import BeautifulSoup, NavigableString, Tag

MOST_LINES = 16
"""Lines of code with what it printed that can be read from the last row of a room."""

MOST_LETTERS = 420
"""Letters of a table that can."""

SENTENCE_ENDS = re.compile(r"(?<=[.?!…])[\"”’)]*\s+(?=[A-Z“\"‘(0-9])")


@dataclass
class Slide:
    """One slide: what it is, what it shows and what is in the notes, as HTML."""

    kind: str
    shown: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    full: bool = False
    """Whether it has its one thing to look at."""


def cut(page: str) -> list[list[Slide]]:
    """Give the slides of a chapter's page, in groups: one group for each of its sections.

    >>> page = "<article><section><h1>3. Pad</h1><p>Rows differ. A grid does not.</p></section>"
    >>> [[slide]] = cut(page)
    >>> slide.shown, slide.notes
    (['<h1>3. Pad</h1>', '<p>Rows differ.</p>'], ['<p>A grid does not.</p>'])
    """
    article = BeautifulSoup(page, "html.parser").select_one("article")
    if article is None:
        raise ValueError("a chapter's page has an <article>, and this one has none")
    for link in article.select("a.headerlink, button"):
        link.decompose()
    groups: list[list[Slide]] = []
    heading = ""
    for part in _parts(article):
        if part.name in ("h1", "h2"):
            heading = ""
            if part.name == "h2":
                heading = f'<p class="again">{part.decode_contents()}</p>'
            groups.append([Slide("heading", [str(_bare(part))])])
        elif groups:
            _add(groups[-1], part, heading)
    return list(map(_without_empty, groups))


def _without_empty(group: list[Slide]) -> list[Slide]:
    """Leave out slides that show nothing; what they noted goes to the slide before."""
    kept: list[Slide] = []
    for slide in group:
        if kept and all(shown.startswith('<p class="again"') for shown in slide.shown):
            kept[-1].notes += slide.notes
        else:
            kept.append(slide)
    return kept


def _parts(element: Tag) -> Iterator[Tag]:
    """Give what an article consists of, in order; a section is no part, and its parts are."""
    for child in element.find_all(recursive=False):
        quiz = child.select_one(".quiz-of") if child.name == "div" else None
        if child.name == "section":
            yield from _parts(child)
        elif quiz is not None:
            yield from _parts(quiz)
        else:
            yield child


def _bare(part: Tag) -> Tag:
    """Take the ids off a part: what links to them leads to the chapter's page."""
    for each in [part, *part.find_all(("h1", "h2", "h3", "section"))]:
        each.attrs.pop("id", None)
    return part


def _add(group: list[Slide], part: Tag, heading: str) -> None:
    """Put a part on the last slide of a group, or on a new one."""
    classes = part.get("class") or []
    kind = _kind(part, classes)
    if kind == "note":
        group[-1].notes.append(part.decode_contents())
    elif kind == "heading":
        if _only_headings(group[-1]):
            group[-1].shown.append(str(_bare(part)))
        else:
            group.append(Slide("heading", [heading, str(_bare(part))]))
    elif kind == "prose":
        slide = _with_room(group, heading, full=False)
        if ">Exercises<" in heading:  # half a task is none
            slide.shown.append(str(part))
        else:
            _tell(slide, part)
    elif kind == "list":
        _list(_with_room(group, heading, full=False), part)
    elif kind == "choices":
        group[-1].shown.append(str(part))
        group[-1].full = True
    elif kind == "question":
        group.append(Slide("question", [str(part)]))
    elif kind == "cell":
        _show_cell(group, part, heading)
    elif kind in ("card", "predict", "wrong", "right"):
        if not _only_headings(group[-1]):
            group.append(Slide(kind, [heading] if heading else []))
        group[-1].kind = kind
        group[-1].shown.append(str(part))
        group[-1].full = True
    elif kind == "thing":
        slide = _with_room(group, heading)
        if part.name != "batch-explorer" and len(part.get_text(" ", strip=True)) > MOST_LETTERS:
            slide.notes.append(str(part))
        else:
            slide.shown.append(str(part))
            slide.full = True


def _only_headings(slide: Slide) -> bool:
    """Tell whether a slide waits for what its headings announce."""
    return all(re.match(r'<h\d|<p class="again"', shown) for shown in slide.shown)


def _kind(part: Tag, classes: list[str]) -> str:
    """Tell what a part is, from its element and its classes."""
    if part.name == "details":
        summary = part.find("summary")
        said = summary.get_text(strip=True) if summary else ""
        return "nothing" if said in ("Solution", "Running this page yourself") else "note"
    if part.name == "p":
        return "question" if re.match(r"<p>\s*<strong>\d+\. ", str(part)) else "prose"
    named = [name for name in ("card", "predict", "wrong", "right", "cell") if name in classes]
    if named:
        return named[0]
    if "quiz" in classes:
        return "choices"
    return {"h3": "heading", "ul": "list", "ol": "list", "script": "nothing"}.get(
        part.name, "thing"
    )


def _with_room(group: list[Slide], heading: str, full: bool = True) -> Slide:
    """Give the last slide, or a new one where that has its thing, or many sentences, already."""
    sentences = sum(shown.startswith("<p>") for shown in group[-1].shown)
    if group[-1].full or (not full and sentences >= 3):
        group.append(Slide("more", [heading] if heading else []))
    return group[-1]


def _tell(slide: Slide, paragraph: Tag) -> None:
    """Show a paragraph's first sentence, and note the rest."""
    first, rest = first_sentence(paragraph)
    slide.shown.append(f"<p>{first}</p>")
    if rest:
        slide.notes.append(f"<p>{rest}</p>")


def _list(slide: Slide, items: Tag) -> None:
    """Show the first sentence of each item of a list."""
    shown, notes = [], []
    for item in items.find_all("li", recursive=False):
        inner = item.find("p", recursive=False) or item
        first, rest = first_sentence(inner)
        shown.append(f"<li>{first}</li>")
        if rest:
            notes.append(f"<p>{rest}</p>")
    slide.shown.append(f"<{items.name}>{''.join(shown)}</{items.name}>")
    slide.notes += notes
    slide.full = True


def first_sentence(paragraph: Tag) -> tuple[str, str]:
    """Give a paragraph's first sentence and what follows it, both as HTML.

    Only text of the paragraph itself is cut, nothing in a link or in code.

    >>> soup = BeautifulSoup("<p>Is it <em>so?</em> Yes. It is.</p>", "html.parser")
    >>> first_sentence(soup.p)
    ('Is it <em>so?</em>', 'Yes. It is.')
    """
    children = list(paragraph.children)
    before = ""
    for number, child in enumerate(children):
        if isinstance(child, NavigableString):
            # What stands before it may end the sentence, as in "Is it *so?* Yes."
            last = before[-1:]
            found = SENTENCE_ENDS.search(last + str(child))
            if found:
                at = max(found.start() - len(last), 0)
                head = "".join(map(str, children[:number])) + _text(str(child)[:at])
                tail = _text(str(child)[max(found.end() - len(last), 0) :])
                rest = tail + "".join(map(str, children[number + 1 :]))
                return head.strip() + found[0].strip(), rest
        before += child.get_text()
    return paragraph.decode_contents().strip(), ""


def _text(text: str) -> str:
    return str(NavigableString(text).output_ready(formatter="minimal"))


def _show_cell(group: list[Slide], cell: Tag, heading: str) -> None:
    """Show a cell: its code, if it is short, and what it printed or drew."""
    answers = group[-1].kind == "predict"
    if answers:
        group.append(Slide("answer", [heading] if heading else []))
    slide = _with_room(group, heading)
    code = cell.select_one(".cell_input .highlight")
    pieces = cell.select(".cell_output > *")
    if code is not None and "check(" in code.get_text() and not answers:
        slide.notes.append("<p>It is answered in the chapter's page, or in the notebook.</p>")
        return
    printed = sum(_lines(piece) for piece in pieces)
    drawn = any("text_html" in _classes(piece) or piece.find(("img", "svg")) for piece in pieces)
    hidden = bool({"tag_hide-input", "tag_remove-input"} & set(_classes(cell)))
    before = len(slide.shown)
    if code is not None:
        # A picture needs the room that the code which drew it would take; imports show nothing;
        # and what the page folds is no more to look at here.
        short = _lines(code) + printed <= MOST_LINES and not drawn
        imports = re.match(r"(import|from) ", code.get_text()) and not pieces
        (slide.shown if short and not imports and not hidden else slide.notes).append(str(code))
    for piece in pieces:
        fits = drawn or _lines(piece) <= MOST_LINES
        (slide.shown if fits else slide.notes).append(str(piece))
    slide.full = len(slide.shown) > before


def _lines(element: Tag) -> int:
    return element.get_text().strip().count("\n") + 1


def _classes(element: Tag) -> list[str]:
    return list(element.get("class") or [])
