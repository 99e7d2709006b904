"""The companion, name by name: what its docstrings say, as pages of the site.

Gives two directives, which read the companion while the site is built: `api-names` lists the
public names of modules with a line each, `api-modules` the modules themselves. The docstrings
in full are Sphinx's own `automodule`. In a docstring a name stands in single backticks, and
the role `name` makes a link of it where it names something that is documented, else code.
What it leaves out: parameters, which are names that lead nowhere.
"""

import inspect
import re
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective, SphinxRole

import companion


def documented(module: str) -> list[str]:
    """Give a module's public names that have a docstring, in the order of its source.

    >>> documented("companion.shifting")
    ['shift_targets']
    >>> documented("companion.padding")
    ['PAD_ID', 'pad_batch', 'padding_share', 'count_pads']
    """
    held = import_module(module)
    analyzer = ModuleAnalyzer.for_module(module)
    analyzer.analyze()
    constants = {name for (inside, name) in analyzer.attr_docs if not inside}
    own = {
        name
        for name, value in vars(held).items()
        if callable(value) and getattr(value, "__module__", "") == module and value.__doc__
    }
    public = [name for name in {*constants, *own} if not name.startswith("_")]
    return sorted(public, key=lambda name: analyzer.tagorder.get(name, -1))


def first_sentence(text: str) -> str:
    """Give the first sentence of a docstring, on one line, without its full stop.

    >>> first_sentence("Step 4, shift: one block. It stays.")
    'Step 4, shift: one block'
    """
    paragraph = " ".join(inspect.cleandoc(text).split("\n\n")[0].split())
    return paragraph.split(". ")[0].removesuffix(".")


class ApiNames(SphinxDirective):
    """List what modules of the companion hold: ```` ```{api-names} padding shifting ````."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Have autosummary make a table of links and first lines."""
        names = []
        for module in _modules(self):
            names += [f"   {module}.{name}" for name in documented(module)]
        text = "\n".join(["```{eval-rst}", ".. autosummary::", "   :nosignatures:", "", *names])
        found: list[nodes.Node] = self.parse_text_to_nodes(text + "\n```")
        return found


class ApiModules(SphinxDirective):
    """List modules of the companion with what each is: ```` ```{api-modules} parsing ````."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Make a Markdown list."""
        lines = [
            f"- `{module}`: {first_sentence(import_module(module).__doc__ or '')}"
            for module in _modules(self)
        ]
        found: list[nodes.Node] = self.parse_text_to_nodes("\n".join(lines))
        return found


def _modules(directive: SphinxDirective) -> list[str]:
    modules = [f"companion.{name}" for name in directive.arguments[0].split()]
    for module in modules:
        try:
            import_module(module)
        except ImportError:
            raise directive.error(f"{directive.name}: there is no module {module}") from None
    return modules


def place_of(name: str, module: str) -> str | None:
    """Give the full name of what a docstring of `module` names, or None where it is no object.

    >>> place_of("Collator", "companion.padding")
    'companion.collating.Collator'
    >>> place_of("companion.auditing.audit", "companion.padding")
    'companion.auditing.audit'
    >>> place_of("pad_id", "companion.padding")
    """
    if name.startswith("companion.") and name.replace(".", "").isidentifier():
        return name
    first, *rest = name.split(".")
    if first in companion.__all__:
        home = companion._HOME[first]
    elif module and first in documented(module):
        home = module.removeprefix("companion.")
    else:
        return None
    return ".".join(["companion", home, first, *rest])


class NameRole(SphinxRole):
    """Make a link of a name in single backticks, or code where it leads nowhere."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Leave the link to Sphinx, which knows at the end what is documented."""
        code = nodes.literal(self.rawtext, self.text, classes=["code"])
        place = place_of(self.text, self.env.ref_context.get("py:module") or "")
        if place is None:
            return [code], []
        link = addnodes.pending_xref(
            self.rawtext, code, refdomain="py", reftype="obj", reftarget=place, refexplicit=True
        )
        self.set_source_info(link)
        return [link], []


def leave_out(
    app: Sphinx, kind: str, name: str, value: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out the fields of named tuples, of which Python says their number alone."""
    said = getattr(value, "__doc__", None) or ""
    return True if said.startswith("Alias for field number") else None


def write_style(app: Sphinx) -> None:
    """Write the style of these pages beside the theme's."""
    if app.builder.format == "html":
        folder = Path(app.outdir) / "_static"
        folder.mkdir(parents=True, exist_ok=True)
        style = files("companion") / "publishing" / "documenting.css"
        (folder / "documenting.css").write_text(style.read_text("utf-8"), encoding="utf-8")


def plain_names(body: str) -> str:
    """Write signatures, code and examples without an element for each sign of theirs.

    They are two thirds of the elements of a page with all names, and its whole weight.

    >>> plain_names('<dt class="sig"><em><span>a</span></em><a class="headerlink">#</a></dt>')
    '<dt class="sig"><code>a</code><a class="headerlink">#</a></dt>'
    >>> plain_names('<pre><span></span><span class="n">a</span></pre>')
    '<pre>a</pre>'
    """

    def text(html: str) -> str:
        return re.sub(r"<[^>]+>", "", html).strip("\n")

    def signature(found: re.Match[str]) -> str:
        said, *link = re.split(r'(?=<a class="headerlink")', found[2], maxsplit=1)
        return f"{found[1]}<code>{text(said)}</code>{''.join(link)}</dt>"

    body = re.sub(r'(<dt class="sig[^>]*>)(.*?)</dt>', signature, body, flags=re.DOTALL)
    return re.sub(
        r"(<(pre|code)\b[^>]*>)(.*?)(</\2>)",
        lambda found: f"{found[1]}{text(found[3])}{found[4]}",
        body,
        flags=re.DOTALL,
    )


def bring_style(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    """Load the style where there are names, and nowhere else; and make that page light."""
    if '<dl class="py' in context.get("body", ""):
        context["body"] = plain_names(context["body"])
        app.add_css_file("documenting.css")


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx what there is."""
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.autosummary")
    app.add_role("name", NameRole())
    app.add_directive("api-names", ApiNames)
    app.add_directive("api-modules", ApiModules)
    app.connect("autodoc-skip-member", leave_out)
    app.connect("builder-inited", write_style)
    app.connect("html-page-context", bring_style)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
