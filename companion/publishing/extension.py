"""The Sphinx extension of the built site: batches on pages, and pages that stay at home.

Gives the directives `batch-table`, `batch-explorer` and `batch-steps`, which compute a
`BatchTable`, a `BatchExplorer` or the picture of all six steps while the site is built, so that
a page states no number that was not computed; and the scripts and styles that bring the
explorers to life. Mends what the theme writes: a finished page asks no other host for
anything, and reads well with a screen reader. It is an ordinary extension, for
`jupyter-book build` and `sphinx-build` alike.
"""

import hashlib
import re
import shutil
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from docutils.parsers.rst import directives  # type: ignore[import-untyped]
from docutils.statemachine import StringList  # type: ignore[import-untyped]
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from companion.answering.engine import answers_script
from companion.entries import load_entries
from companion.explorer.bundle import (
    TOY_BATCH,
    lab_script,
    page_script,
    talks_script,
    tokenizer_script,
)
from companion.explorer.widget import BatchExplorer
from companion.formatting import STYLES
from companion.learning.paths import path_html, progress_html, read_chapter
from companion.learning.script import ending, learning_script, own_script
from companion.masking import MASKS
from companion.publishing.folding import fold_cells
from companion.publishing.mending import mend_page, without_far_scripts
from companion.publishing.objectives import minutes_table, objectives_table
from companion.publishing.searching import search_script
from companion.publishing.shrinking import shrunk, shrunk_style
from companion.publishing.vocabulary import smollm2_script, vocabulary_script
from companion.showing.overview import draw_steps
from companion.showing.table import STEPS, BatchTable, legend, stylesheet

_HERE = files("companion") / "publishing"
_ALIVE = files("companion") / "explorer"
_ANSWERING = files("companion") / "answering"
_LEARNING = files("companion") / "learning"
_BOOK = "book"  # the folder of the chapters
_CHECKED = '<span class="n">check</span><span class="p">('  # a call of it, as it is coloured
_SOURCES = (".py", ".json", ".css", ".js", ".html")
# Pages that were published under another name: what is linked or printed stays reachable.
MOVED = {"book/14_ranks": "book/12_ranks"}


def _one_of(*allowed: str) -> Any:
    return lambda argument: directives.choice(argument, allowed)


class BatchTableDirective(SphinxDirective):
    """Show a batch at one step: ```` ```{batch-table} ```` with its options below.

    `step`: one of the six, needed. `entries`: numbers of embedded entries, counted from 0,
    such as `0 1 2`, or `toy`. `style`, `mask`, `show`: as for `BatchTable`.
    """

    has_content = False
    option_spec = {  # noqa: RUF012 (docutils has it so)
        "step": _one_of(*STEPS),
        "entries": directives.unchanged_required,
        "style": _one_of(*STYLES),
        "mask": _one_of(*MASKS),
        "show": _one_of("text", "ids"),
    }

    shown: type[BatchTable] | type[BatchExplorer] = BatchTable

    def run(self) -> list[nodes.Node]:
        """Compute what is shown, and put it where the directive stands."""
        options = dict(self.options)
        chosen = options.pop("entries", "0 1 2")
        try:
            html = self.shown(_items(chosen), **options).html()
        except (TypeError, ValueError, IndexError) as error:
            raise self.error(f"{self.name}: {error}") from None
        return [nodes.raw("", html, format="html")]


class BatchExplorerDirective(BatchTableDirective):
    """Show a batch that the reader can change: ```` ```{batch-explorer} ````, same options.

    Its content, if it has any, is a list of six, one explanation for each step, which stands
    in the explorer where its step is looked at; without a script, below the table.
    """

    has_content = True
    shown = BatchExplorer

    def run(self) -> list[nodes.Node]:
        """Compute the explorer, and lay its explanations into its element."""
        (explorer,) = super().run()
        if not self.content:
            return [explorer]
        explained = _listed_steps(self)
        explained["classes"] += ["be-explained"]
        opened, closed = str(explorer.astext()).rsplit("</batch-explorer>", 1)
        end = f"</batch-explorer>{closed}"
        return [
            nodes.raw("", opened, format="html"),
            explained,
            nodes.raw("", end, format="html"),
        ]


class BatchStepsDirective(SphinxDirective):
    """Show the six steps of a batch in one picture: ```` ```{batch-steps} ````.

    Its content is a list of six, one sentence for each step, below which its picture stands.
    `entries`, `style`, `mask`: as for `batch-table`.
    """

    has_content = True
    option_spec = {  # noqa: RUF012 (docutils has it so)
        name: BatchTableDirective.option_spec[name] for name in ("entries", "style", "mask")
    }

    def run(self) -> list[nodes.Node]:
        """Compute the pictures, and put each below its sentence."""
        options = {"mask": "prompt", **self.options}
        try:
            pictures = draw_steps(_items(options.pop("entries", "0 1 2")), **options)
        except (TypeError, ValueError, IndexError) as error:
            raise self.error(f"{self.name}: {error}") from None
        steps = _listed_steps(self)
        steps["classes"] += ["batch-table", "batch-steps"]
        for item, picture in zip(steps[0], pictures, strict=True):
            item["classes"] += [f"bo-{picture.step}"]
            item += nodes.raw("", picture.svg, format="html")
        roles = re.findall(r'data-role="(\w+)"', "".join(picture.svg for picture in pictures))
        steps += nodes.raw("", legend(roles), format="html")
        return [steps]


def _listed_steps(directive: SphinxDirective) -> nodes.container:
    """Give a directive's content, which is a list of six, in a container."""
    held = nodes.container()
    directive.state.nested_parse(directive.content, directive.content_offset, held)
    if len(held) != 1 or len(held[0]) != len(STEPS):
        raise directive.error(
            f"{directive.name}: its content is a list of {len(STEPS)}, one item for each step"
        )
    return held


class TeachersTable(SphinxDirective):
    """Show a table made from the chapters' cards: ```` ```{teachers-table} objectives ````."""

    required_arguments = 1
    has_content = False

    def run(self) -> list[nodes.Node]:
        """Read the cards, and have the table made of them parsed as the page's own Markdown."""
        made = {"objectives": objectives_table, "minutes": minutes_table}[self.arguments[0]]
        book = Path(self.env.srcdir) / "book"
        for path in book.glob("[0-9]*.ipynb"):
            self.env.note_dependency(str(path))
        try:
            lines = StringList(made(book).splitlines(), "the chapters' cards")
        except ValueError as error:
            raise self.error(f"{self.name}: {error}") from None
        parent = nodes.container(classes=["teachers-table"])
        self.state.nested_parse(lines, self.content_offset, parent)
        return [parent]


class PathDirective(SphinxDirective):
    """Show a way through the book with its minutes: ```` ```{learning-path} learner ````."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Read the cards of the path's chapters."""
        return self.made(lambda folder: path_html(self.arguments[0], folder))

    def made(self, make: Callable[[Path], str]) -> list[nodes.Node]:
        """Give what is made of the page's folder, and make it anew when a chapter changes."""
        folder = Path(self.env.srcdir, self.env.docname).parent
        for notebook in folder.glob("*.ipynb"):
            self.env.note_dependency(str(notebook))
        try:
            return [nodes.raw("", make(folder), format="html")]
        except ValueError as error:
            raise self.error(f"{self.name}: {error}") from None


class ProgressDirective(PathDirective):
    """Show what there is to do in each chapter, and what was done: ```` ```{progress} ````."""

    required_arguments = 0

    def run(self) -> list[nodes.Node]:
        """Read the cards of all chapters."""
        return self.made(progress_html)


def _items(chosen: str) -> list[Any]:
    if chosen.strip() == "toy":
        return list(TOY_BATCH)
    entries = load_entries()
    return [entries[int(number)] for number in chosen.split()]


def configure(app: Sphinx, config: Config) -> None:
    """Let tables win over widget views, and leave out the scripts that widgets would fetch."""
    config["nb_mime_priority_overrides"] = [
        *config["nb_mime_priority_overrides"],
        ("html", "text/html", 5),
    ]
    config["nb_ipywidgets_js"] = {}
    config["templates_path"] = [*config["templates_path"], str(_HERE / "templates")]


def fold(app: Sphinx, page: str, source: list[str]) -> None:
    """Fold the code of cells that only set the stage, in the page and not in its notebook."""
    if app.env.doc2path(page).endswith(".ipynb"):
        source[0] = fold_cells(source[0])


def write_assets(app: Sphinx) -> None:
    """Write our style sheets and scripts beside the theme's.

    The vocabularies are there for the explorer to ask for, and are on no page by themselves.
    """
    if app.builder.format != "html":
        return
    folder = Path(app.outdir) / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "batch-table.css").write_text(shrunk_style(stylesheet()), encoding="utf-8")
    light = partial(shrunk, modules=Path(app.srcdir) / "scripts/page_python/node_modules")
    written = {
        "page.js": light((_HERE / "page.js").read_text("utf-8")),
        "search.js": light((_HERE / "search.js").read_text("utf-8")),
        "explorer.css": shrunk_style((_ALIVE / "explorer.css").read_text("utf-8")),
        "explorer.js": light(page_script()),
        "explorer_talks.js": light(talks_script()),
        "lab.css": shrunk_style((_ALIVE / "lab.css").read_text("utf-8")),
        "lab.js": light(lab_script()),
        "training_lab.css": shrunk_style((_ALIVE / "training_lab.css").read_text("utf-8")),
        "training_lab.js": light(lab_script("training_lab")),
        "vocabulary.js": tokenizer_script() + vocabulary_script(),
        "answers.css": shrunk_style((_ANSWERING / "answers.css").read_text("utf-8")),
        "answers.js": answers_script(),
        "learning.css": shrunk_style((_LEARNING / "learning.css").read_text("utf-8")),
        "own_batch.js": light(own_script()),
        "learning.js": light(learning_script(Path(app.srcdir) / _BOOK)),
        "vocabulary_smollm2.js": tokenizer_script() + smollm2_script(),
    }
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    if _page_python(app).is_dir():
        shutil.copytree(_page_python(app), folder, dirs_exist_ok=True)


def _page_python(app: Sphinx) -> Path:
    """Give the folder of the Python for pages, if it was made; the site does without."""
    return Path(app.srcdir) / str(app.config.page_python)


def mend(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> str:
    """Have every page pass through `mend_page` on its way out."""
    if "content_root" not in context:
        raise ExtensionError("the site needs Sphinx 7.2 or newer, which tells pages their root")
    context["script_files"] = without_far_scripts(context["script_files"])
    context["mend_page"] = mend_page
    context["mended_template"] = template
    return "mended.html"


def bring_lab(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    """Load a lab's script and style where there is that lab, and nowhere else."""
    labs = {"<padding-lab>": ("lab",), "<training-lab>": ("lab", "training_lab")}
    for tag, styles in labs.items():
        if tag in context.get("body", ""):
            for name in styles:
                app.add_css_file(f"{name}.css")
            app.add_js_file(f"{styles[-1]}.js", loading_method="defer")


def bring_answers(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    """Load the editors where there are exercises, if there is a Python to run them."""
    if _CHECKED in context.get("body", "") and _page_python(app).is_dir():
        app.add_css_file("answers.css")
        app.add_js_file("answers.js", loading_method="defer")


def bring_learning(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    """End a chapter with the reader's work, and load what knows of it there and at the paths."""
    body = context.get("body", "")
    notebook = Path(app.srcdir, f"{page}.ipynb")
    is_chapter = re.fullmatch(rf"{_BOOK}/[0-9]+_\w+", page) and notebook.is_file()
    chapter = read_chapter(notebook) if is_chapter else None
    if chapter and (chapter.exercises or chapter.questions):
        begin, end = body.rpartition("</section>")[::2]
        context["body"] = f"{begin}{ending(chapter)}</section>{end}"
    is_own = 'class="own-batch"' in body
    if chapter or is_own or 'class="progress-of"' in body:
        app.add_css_file("learning.css")
        app.add_js_file("own_batch.js" if is_own else "learning.js", loading_method="defer")


def bring_search(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    """Load our search, and what it searches, on the page that searches."""
    if page == "search":
        app.add_js_file("search_texts.js", loading_method="defer", priority=600)
        app.add_js_file("search.js", loading_method="defer", priority=610)


def write_search(app: Sphinx, failed: Exception | None) -> None:
    """Write what the search page searches, from the pages as they were built."""
    if failed is None and app.builder.format == "html":
        site = Path(app.outdir)
        script = search_script(site, sorted(app.env.found_docs))
        (site / "_static" / "search_texts.js").write_text(script, encoding="utf-8")


def shrink_book_style(app: Sphinx, failed: Exception | None) -> None:
    """Shrink the book's own style sheet, which Sphinx has copied as it is."""
    style = Path(app.outdir) / "_static" / "book.css"
    if failed is None and style.is_file():
        style.write_text(shrunk_style(style.read_text("utf-8")), encoding="utf-8")


def index_page(app: Sphinx) -> list[tuple[str, dict[str, Any], str]]:
    """Give the folder a first page, which leads to the book's own."""
    root = app.config.root_doc
    if root == "index":
        return []
    return [("index", {"target": app.builder.get_target_uri(root)}, "redirect.html")]


def moved_pages(app: Sphinx) -> list[tuple[str, dict[str, Any], str]]:
    """Give each old address a page that leads to where its chapter stands now."""
    return [
        (old, {"target": app.builder.get_relative_uri(old, new)}, "redirect.html")
        for old, new in MOVED.items()
        if new in app.env.found_docs
    ]


def fingerprint() -> str:
    """Give what changes with the companion, on whose code every page with a table depends."""
    sources = sorted(Path(str(files("companion"))).rglob("*"))
    read = (path.read_bytes() for path in sources if path.suffix in _SOURCES)
    return hashlib.sha256(b"".join(read)).hexdigest()


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx what there is."""
    # A new companion makes every page anew; Sphinx alone would look at the pages' own files.
    app.add_config_value("companion_fingerprint", fingerprint(), "env", [str])
    app.add_config_value("page_python", "_build/page_python", "html", [str])
    for part in ("documenting", "explaining", "printing"):
        app.setup_extension(f"companion.publishing.{part}")
    app.add_directive("batch-table", BatchTableDirective)
    app.add_directive("batch-explorer", BatchExplorerDirective)
    app.add_directive("teachers-table", TeachersTable)
    app.add_directive("learning-path", PathDirective)
    app.add_directive("progress", ProgressDirective)
    app.add_directive("batch-steps", BatchStepsDirective)
    app.add_css_file("batch-table.css")
    app.add_css_file("explorer.css")
    app.add_js_file("page.js", loading_method="defer")
    app.add_js_file("explorer.js", loading_method="defer")
    app.connect("config-inited", configure)
    app.connect("builder-inited", write_assets)
    app.connect("source-read", fold)
    app.connect("html-collect-pages", index_page)
    app.connect("html-collect-pages", moved_pages)
    app.connect("html-page-context", bring_lab)
    app.connect("html-page-context", bring_answers)
    app.connect("html-page-context", bring_learning)
    app.connect("html-page-context", bring_search)
    app.connect("build-finished", write_search)
    app.connect("build-finished", shrink_book_style)
    # After every other extension has had its say.
    app.connect("html-page-context", mend, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
