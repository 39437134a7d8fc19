"""How the documentation site is built: `sphinx-build -W docs site`, without a network."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
sys.path.insert(0, str(HERE.parent))

from reference import write_reference  # noqa: E402

from simlab.version import __version__  # noqa: E402

project = "simlab"
author = "The simlab developers"
copyright = "2026, The simlab developers"
release = version = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_design",
    "myst_nb",
]
root_doc = "index"
exclude_patterns = ["_ext", "_build", "**/.ipynb_checkpoints"]
suppress_warnings = ["myst.header"]

myst_enable_extensions = ["colon_fence", "deflist", "html_admonition"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # outputs are stored: python docs/_ext/run_notebooks.py

# Neither sphinxcontrib-typer nor sphinx-gallery. The first renders what rich prints, and help is plain text
# here, so that it wraps on any terminal (`_ext/reference.py` shows what --help prints). The second draws
# pictures by running every script at build time; a build from stored pictures runs nothing
# (`_ext/draw_figures.py`).

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "pydata_sphinx_theme"
html_title = f"simlab {release}"
html_show_sourcelink = False
html_static_path: list[str] = []
html_context = {"default_mode": "auto"}
html_theme_options = {
    "navigation_depth": 2,
    "show_toc_level": 2,
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "search_bar_text": "Search options, errors, words …",
}


def setup(app: object) -> None:
    """Pages that are read off the program are written before anything is built."""
    write_reference(HERE / "_generated")
