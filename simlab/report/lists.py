"""A page of sentences and tables, for commands that have no run of their own: orders, policies, runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simlab.measures import words
from simlab.measures.decision import short_rate
from simlab.report.kit.formats import DASH, is_number, money, number
from simlab.report.kit.reading import records
from simlab.report.kit.sheet import Cell, Listing, Says, Section, Statement, Table, Text, sheet_html
from simlab.report.kit.shell import DECISION

if TYPE_CHECKING:
    import pandas as pd

_MOST_ROWS = 500
_POINTS = frozenset({"percent", "percent_low", "percent_high"})
"""Columns that are fractions and no service."""


@dataclass(frozen=True)
class Shown:
    """A table and where it stands.

    Attributes
    ----------
    title : str
    frame : DataFrame
        Columns by their keys in `measures.words`.
    tab : str
        A key of `kit.shell.TABS`.
    """

    title: str
    frame: pd.DataFrame
    tab: str = DECISION


def lists_html(
    question: str, facts: Mapping[str, Any], said: Sequence[str], tables: Sequence[Shown], n_items: int = 0
) -> str:
    """The page as text.

    Parameters
    ----------
    question : str
        Under the name of the study.
    facts : mapping of str to object
        `command`, `study`, `currency` and `period`, as a manifest has them.
    said : sequence of str
        The outcome in sentences, the first of them on top.
    """
    head = Says(Statement("none", said[0] if said else question, ""))
    sections = [Section("said", "In short", "", [head, Listing(said[1:])], DECISION)]
    sections += [
        Section(f"table-{place}", one.title, one.title, _blocks(one, facts), one.tab)
        for place, one in enumerate(tables)
        if not one.frame.empty
    ]
    return sheet_html(question, dict(facts), n_items, sections)


def _blocks(shown: Shown, facts: Mapping[str, Any]) -> list[Table | Text]:
    currency, period = str(facts.get("currency") or ""), str(facts.get("period") or "")
    names = [str(name) for name in shown.frame]
    header = [words.heading(name, currency, period) for name in names]
    rows = [
        [_cell(row[name], name, currency) for name in names] for row in records(shown.frame.head(_MOST_ROWS))
    ]
    blocks: list[Table | Text] = [Table(shown.title, header, rows)]
    left = len(shown.frame) - _MOST_ROWS
    if left > 0:
        blocks.append(Text(f"{left:,} more rows are in the files beside this page.", "note"))
    return blocks


def _cell(value: Any, name: str, currency: str) -> Cell:
    if isinstance(value, bool):
        return Cell("yes" if value else "no")
    if not is_number(value):
        missing = value is None or value != value
        return Cell(DASH if missing else str(value), prose=not missing)
    unit = words.word(name).unit
    if name in _POINTS or unit == "points":
        return Cell(number(100 * value, 2))
    if unit in ("rate", "share"):
        return Cell(short_rate(float(value)))
    if unit == "money":
        return Cell(money(value, currency))
    whole = float(value).is_integer()
    return Cell(number(value, 0 if whole else 2))
