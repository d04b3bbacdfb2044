"""Extension of Sphinx: links to pages beside `docs/` lead to the pages of the site that include them.

`[...](../CONTRIBUTING.md)` works on GitHub as it stands; on the site it leads to `contributing.md`. MyST itself makes
other files, such as scripts, downloads.
"""

from pathlib import Path

from docutils.nodes import document
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
FRONT = {"readme": "index"}


def page_of(target: str) -> str:
    """Returns the page of the site that a link leads to: for a page of the root the one named like it in lower case."""
    path = Path(target)
    return FRONT.get(path.name.lower(), path.name.lower()) if path.parent == ROOT else target


def _to_pages(app: Sphinx, doctree: document) -> None:
    for node in doctree.findall(pending_xref):
        if (node["reftype"], node.get("refdomain")) == ("myst", "doc"):
            node["reftarget"] = page_of(node["reftarget"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the extension."""
    app.connect("doctree-read", _to_pages)
    return {"parallel_read_safe": True}
