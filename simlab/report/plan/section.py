"""A section of the plan page: one file in `sections/`, found by itself; reading and menu follow from it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from simlab.report.kit.shell import BELIEVE

if TYPE_CHECKING:
    from simlab.report.kit.style import Figure
    from simlab.report.plan.tables import RunTables


Row = dict[str, Any]


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], *, folded: bool = False) -> Row:
    """A table of plain texts; the first cell of every row is its name; `folded`: behind its title."""
    return {"title": title, "header": list(header), "rows": list(rows), "folded": folded}


@dataclass(frozen=True)
class Content:
    """What stands in a section.

    Attributes
    ----------
    texts : sequence of str
        Paragraphs before the tables.
    tables : sequence of dict
        See `table`.
    charts : mapping of str to str
        Title of every chart by its id; drawn by the section's `charts`.
    notes : sequence of str
        Small print after the charts.
    body : str
        Markup of the section's own before all of these, everything in it escaped.
    packed : mapping of str to str
        What its script reads, by the id of its element, as `shell.pack` makes it.
    lines : sequence of str
        A list after the paragraphs; their number stands in the menu of the page.
    charts_first : bool
        Whether charts stand above the tables.
    """

    texts: Sequence[str] = ()
    tables: Sequence[Row] = ()
    charts: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    body: str = ""
    packed: Mapping[str, str] = field(default_factory=dict)
    lines: Sequence[str] = ()
    charts_first: bool = False


Build = Callable[["RunTables"], Content | None]
Draw = Callable[["RunTables"], "dict[str, Figure]"]


@dataclass(frozen=True)
class Section:
    """A section and what it reads.

    Attributes
    ----------
    id : str
        Anchor on the page.
    menu, title : str
        In the menu, and above the section.
    place : int
        Sections stand in ascending order of it.
    needs : mapping of str to tuple of str
        Tables of `results/` that the section alone reads, and the columns it needs of them.
    build : callable
        From the tables to `Content`; None where the run has nothing to say.
    charts : callable or None
        Figures by chart id.
    tab : str
        The tab it stands in, a key of `shell.TABS`.
    script : str
        Asset that the page runs where the section stands; empty for none.
    """

    id: str
    menu: str
    title: str
    place: int
    needs: Mapping[str, tuple[str, ...]]
    build: Build
    charts: Draw | None = None
    tab: str = BELIEVE
    script: str = ""


EARLY = 0
"""Sections of a lower place stand before the other tables of their tab."""
_SECTIONS: dict[str, Section] = {}


def section(
    id: str,
    *,
    menu: str,
    title: str,
    place: int,
    needs: Mapping[str, tuple[str, ...]] | None = None,
    charts: Draw | None = None,
    tab: str = BELIEVE,
    script: str = "",
) -> Callable[[Build], Build]:
    """Enter the decorated function as the section of this id."""

    def enter(build: Build) -> Build:
        if id in _SECTIONS and _SECTIONS[id].build.__module__ != build.__module__:
            raise ValueError(f"two sections are called '{id}'")
        _SECTIONS[id] = Section(id, menu, title, place, needs or {}, build, charts, tab, script)
        return build

    return enter


@cache
def _import_all() -> None:
    package = importlib.import_module("simlab.report.plan.sections")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def known_sections() -> list[Section]:
    """Every section in the order of the page."""
    _import_all()
    return sorted(_SECTIONS.values(), key=lambda one: (one.place, one.id))


def sections(tables: RunTables) -> list[Row]:
    """Sections that the run's tables allow: what `Section` and `Content` say of each."""
    out = []
    for one in known_sections():
        content = one.build(tables)
        if content is not None:
            out.append(
                {
                    "id": one.id,
                    "tab": one.tab,
                    "place": one.place,
                    "menu": one.menu,
                    "title": one.title,
                    "texts": content.texts,
                    "tables": content.tables,
                    "charts": [{"id": name, "title": title} for name, title in content.charts.items()],
                    "notes": content.notes,
                    "body": content.body,
                    "packed": content.packed,
                    "script": one.script,
                    "lines": content.lines,
                    "charts_first": content.charts_first,
                }
            )
    return out


def section_charts(tables: RunTables) -> dict[str, Figure]:
    """Figures of all sections, by chart id."""
    out: dict[str, Figure] = {}
    for one in known_sections():
        out |= one.charts(tables) if one.charts is not None else {}
    return out
