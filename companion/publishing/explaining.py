"""Words of the glossary that explain themselves: a dotted line, and the definition on demand.

Where a page first uses a word of the glossary, the word becomes a link to it, and what the
glossary says is laid at the page's end, from where `explaining.js` shows it beside the word: on
hover, on focus, at the first tap. Links that a page has to the glossary explain themselves
alike. What it leaves alone: headings, code, other links, what a cell prints, words that the
page itself introduces, in italics or bold, and words that are also ordinary ones.
"""

import re
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx import addnodes
from sphinx.application import Sphinx

ORDINARY = {
    *("finding", "interval", "message", "position", "process", "role", "tool", "turn", "update"),
}
"""Said in many sentences without the glossary's meaning; a page may still link them."""

_HERE = files("companion") / "publishing"
_LEFT_ALONE = (
    nodes.title,
    nodes.reference,
    nodes.literal,
    nodes.literal_block,
    nodes.raw,
    nodes.caption,
    nodes.math,
    nodes.target,
    nodes.citation,
    addnodes.desc,
    addnodes.pending_xref,
    addnodes.toctree,
)
# What cells hold and print, a chapter's card, lists of sources and of names.
_CLASSES_LEFT_ALONE = {
    *("cell", "card", "bibliography", "autosummary"),
    *("batch-steps", "be-explained"),  # a picture's words, and an explorer's
}


def inflected(term: str) -> str:
    """Give the pattern of a term and its plural.

    >>> [bool(re.fullmatch(inflected("entry"), word)) for word in ("entry", "entries", "entr")]
    [True, True, False]
    >>> bool(re.fullmatch(inflected("pad id"), "Pad ids", re.IGNORECASE))
    True
    """
    words = r"\s+".join(re.escape(word) for word in term.split())
    return f"{words[:-1]}(?:y|ies)" if term.endswith("y") else f"{words}(?:s|es)?"


def pattern_of(terms: list[str]) -> re.Pattern[str]:
    """Give what finds any of the terms in a text, the longest first.

    >>> pattern_of(["token", "end token"]).search("The end tokens stay.")[0]
    'end tokens'
    """
    longest = sorted(terms, key=len, reverse=True)
    each = "|".join(inflected(term) for term in longest)
    return re.compile(rf"(?<![\w-])(?:{each})(?![\w-])", re.IGNORECASE)


def term_of(found: str, terms: list[str]) -> str:
    """Give the term that a piece of text is a form of.

    >>> term_of("Entries", ["end token", "entry"])
    'entry'
    """
    (term, *_) = [t for t in terms if re.fullmatch(inflected(t), found, re.IGNORECASE)]
    return term


def definitions(app: Sphinx) -> tuple[str, dict[str, tuple[str, str]]]:
    """Give the glossary's page, and for each term its anchor and what it says, in HTML."""
    for page in sorted(app.env.found_docs):
        if page.rsplit("/", 1)[-1] != "glossary":
            continue
        found = {}
        for item in app.env.get_doctree(page).findall(nodes.definition_list_item):
            term = next(item.findall(nodes.term))
            said = next(item.findall(nodes.definition))
            first = next(said.findall(nodes.paragraph))
            found[term.astext()] = (term["ids"][0], _in_html(first))
        return page, found
    return "", {}


def _in_html(paragraph: nodes.paragraph) -> str:
    """Write a definition with its code and its emphasis, and without the last "See ..."."""
    parts = []
    for child in paragraph.children:
        text = escape(child.astext(), quote=False)
        match child:
            case nodes.literal():
                text = f"<code>{text}</code>"
            case nodes.emphasis():
                text = f"<em>{text}</em>"
        parts.append(text)
    return re.sub(r"\s+See [^.]*\.$", "", "".join(parts).strip())


def explain(app: Sphinx, tree: nodes.document, page: str) -> None:
    """Mark the first use of each term on a page, and note on its tree which ones it has."""
    if app.builder.format != "html":
        return
    home, terms = definitions(app)
    if terms and page != home:
        where = app.builder.get_relative_uri(page, home)
        found = _mark_links(tree, where, terms) | _mark_words(tree, where, terms)
        tree["explained"] = sorted(found)


def _mark_links(tree: nodes.document, where: str, terms: dict[str, tuple[str, str]]) -> set[str]:
    anchors = {f"{where}#{anchor}": term for term, (anchor, _) in terms.items()}
    found = set()
    for link in tree.findall(nodes.reference):
        term = anchors.get(link.get("refuri", ""))
        if term:
            link["classes"].append("explained")
            found.add(term)
    return found


def _mark_words(tree: nodes.document, where: str, terms: dict[str, tuple[str, str]]) -> set[str]:
    waiting = [term for term in terms if term not in ORDINARY]
    found = set()
    for text in list(_prose(tree)):
        if not waiting:
            break
        pieces: list[nodes.Node] = []
        rest = str(text)
        while waiting and (hit := pattern_of(waiting).search(rest)):
            term = term_of(hit[0], waiting)
            waiting.remove(term)
            if isinstance(text.parent, (nodes.emphasis, nodes.strong)):
                continue  # the page introduces the word itself
            anchor = terms[term][0]
            link = nodes.reference("", hit[0], refuri=f"{where}#{anchor}", internal=True)
            link["classes"] += ["explained", "word"]
            pieces += [nodes.Text(rest[: hit.start()]), link]
            rest = rest[hit.end() :]
            found.add(term)
        if pieces:
            text.parent.replace(text, [*pieces, nodes.Text(rest)])
    return found


def _prose(tree: nodes.document) -> Iterator[nodes.Text]:
    """Give the texts of paragraphs and lists, in reading order."""
    for text in tree.findall(nodes.Text):
        around = text.parent
        while around is not None and not _is_left_alone(around):
            around = around.parent
        if around is None:
            yield text


def _is_left_alone(node: nodes.Node) -> bool:
    classes = set(getattr(node, "attributes", {}).get("classes", ()))
    return isinstance(node, _LEFT_ALONE) or bool(classes & _CLASSES_LEFT_ALONE)


def lay_down(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    """Lay the definitions at the page's end, join its words to them, and load the script."""
    explained = tree.get("explained") if tree is not None else None
    if not explained:
        return
    _, terms = definitions(app)
    ids = {term: "said-" + terms[term][0].removeprefix("term-") for term in explained}
    body = context["body"]
    for term, identity in ids.items():
        body = re.sub(
            rf'(<a class="[^"]*\bexplained\b[^"]*" href="[^"]*#{re.escape(terms[term][0])}")',
            rf'\1 aria-describedby="{identity}"',
            body,
        )
    said = "\n".join(
        f'<div role="tooltip" class="said" id="{identity}" hidden>'
        f"<b>{escape(term)}</b>: {terms[term][1]}</div>"
        for term, identity in ids.items()
    )
    context["body"] = f"{body}\n{said}\n"
    app.add_css_file("explaining.css")
    app.add_js_file("explaining.js", loading_method="defer")


def write_assets(app: Sphinx) -> None:
    """Write the script and the style beside the theme's."""
    if app.builder.format == "html":
        folder = Path(app.outdir) / "_static"
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("explaining.js", "explaining.css"):
            (folder / name).write_text((_HERE / name).read_text("utf-8"), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx what there is."""
    app.connect("builder-inited", write_assets)
    app.connect("doctree-resolved", explain, priority=900)
    app.connect("html-page-context", lay_down)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
