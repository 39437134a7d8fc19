"""The table widget of the Items tab, read from the installed package itables; nothing is fetched."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

NAME = "simlabTables"
"""Global name under which the page finds what the widget exports."""
_EXPORTS = re.compile(r"export\s*\{([^{}]*)\};?")


class Widget(NamedTuple):
    """Script and style of DataTables, as one page needs them."""

    script: str
    style: str


def widget() -> Widget:
    """DataTables (MIT) as itables ships it, its module made a plain script.

    Raises
    ------
    ValueError
        The installed itables has no module of the form that is known.
    """
    folder = _installed() / "html"
    script = folder.joinpath("dt_bundle.js").read_text(encoding="utf-8")
    style = folder.joinpath("dt_bundle.css").read_text(encoding="utf-8")
    return Widget(plain_script(script), style)


def _installed() -> Path:
    """Where itables lies; importing it would import polars, too.

    Raises
    ------
    ModuleNotFoundError
        It is not installed.
    """
    found = find_spec("itables")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("itables is not installed", name="itables")
    return Path(found.submodule_search_locations[0])


def plain_script(module: str) -> str:
    """A module's text as a script that leaves its exports in one global object.

    A page that may run nothing but its own text cannot import a module.
    """
    found = list(_EXPORTS.finditer(module))
    if not found:
        raise ValueError("the script of itables exports nothing that is known")
    last = found[-1]
    names = [part.split(" as ") for part in last.group(1).split(",")]
    pairs = ",".join(f'"{pair[-1].strip()}":{pair[0].strip()}' for pair in names)
    body = f"{module[: last.start()]};window.{NAME}={{{pairs}}};{module[last.end() :]}"
    return f'(function(){{"use strict";{body}\n}})();'
