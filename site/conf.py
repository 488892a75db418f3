"""Settings of Sphinx for the documentation site; `make docs` builds it without a network."""

import importlib
import sys
from importlib.metadata import version as installed
from pathlib import Path

project = "pretese"
author = "The pretese maintainers"
copyright = author  # noqa: A001  the name that Sphinx reads
release = version = installed("pretese")
html_title = f"pretese {release}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["downloads"]

# Pages are Markdown; headings can be linked to, as in the repository.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
suppress_warnings = [
    "myst.header",  # pages begin at the level that their content needs
    "ref.python",  # two packages have a type of one name: the annotation then links to neither
]

# Docstrings are numpydoc; types stand in the signature once.
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_class_signature = "separated"  # objects are made by functions, not by their class
napoleon_google_docstring = False
napoleon_use_rtype = False
default_role = "code"

html_theme = "furo"
html_static_path: list[str] = []
html_copy_source = False
html_show_sphinx = False
html_last_updated_fmt = None  # the same pages whatever the day
templates_path: list[str] = []

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# Autodoc imports with TYPE_CHECKING on, which FastAPI does not survive: it is loaded before.
importlib.import_module("pretese.web.application")


def setup(app: object) -> None:
    """Show blocks of CSV and of mermaid as plain text."""
    from pygments.lexers.special import TextLexer

    for name in ("csv", "mermaid"):
        app.add_lexer(name, TextLexer)  # type: ignore[attr-defined]  # the application of Sphinx
