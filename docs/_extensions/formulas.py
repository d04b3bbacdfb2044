"""Extension of Sphinx: formulas as MathML, which browsers show without a script and without the network.

They stand in the pages and, where Jupyter itself would typeset them, in the outputs of notebooks.
"""

import html
import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

from actsearch.pages.mathml import from_latex

FORMULA = re.compile(r"\$([^$]+)\$")


def typeset(output: str) -> str:
    """Returns HTML with its formulas, `$...$`, as MathML."""
    return FORMULA.sub(lambda formula: from_latex(html.unescape(formula[1]).removeprefix(r"\displaystyle ")), output)


def _outputs(app: Sphinx, doctree: nodes.document, page: str) -> None:
    for node in doctree.findall(nodes.raw):
        if page.startswith("notebooks/") and node["format"] == "html":
            node.children = [nodes.Text(typeset(node.astext()))]


def _formula(translator: HTML5Translator, node: nodes.math | nodes.math_block) -> None:
    translator.body.append(from_latex(node.astext()))
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the extension."""
    app.add_html_math_renderer("mathml", (_formula, None), (_formula, None))
    app.connect("doctree-resolved", _outputs)
    return {"parallel_read_safe": True}
