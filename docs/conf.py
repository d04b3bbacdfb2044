"""Configuration of the site, which `make docs` builds from the pages, the notebooks and the docstrings."""

import sys
from pathlib import Path

import actsearch

sys.path.append(str(Path(__file__).parent / "_extensions"))

project = "actsearch"
author = copyright = "The actsearch authors"
version = release = actsearch.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "formulas",
    "outside_pages",
    "public_names",
]
exclude_patterns = ["_build", "how_to/*/*"]  # the files of the pages on clusters
templates_path = ["_templates"]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 4  # links to headings, as GitHub has them

# `make docs EXECUTE=off` shows notebooks without their outputs.
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 300

# One page a room, with all of its public names: `_templates/room.rst`, `_extensions/public_names.py`.
autosummary_ignore_module_all = False
autodoc_default_options = {"members": True, "imported-members": True}
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
python_maximum_signature_line_length = 100
python_use_unqualified_type_names = True
default_role = "py:obj"  # `code` in docstrings: a link where it is a public name

html_math_renderer = "mathml"  # `_extensions/formulas.py`
html_theme = "sphinx_book_theme"
html_title = "actsearch"
html_theme_options = {"navbar_persistent": []}  # the search lies in the side bar
html_context = {"default_mode": "auto"}  # light or dark, as the reader's browser is
html_static_path = ["_static"]
html_css_files = ["site.css"]
