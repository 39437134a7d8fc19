"""Which sheets of a workbook are tables of items, demand and receipts: found by the names of columns."""

from __future__ import annotations

from pathlib import Path

from simlab.api.starting.tables import named_by, our_columns, sheet_of
from simlab.catalog.columns import required
from simlab.catalog.files.layout import columns_needed
from simlab.catalog.files.workbook import sheets_of
from simlab.errors import Problem, listed
from simlab.reading import no_file


def sheets_for(book: Path, problems: list[Problem]) -> dict[str, str]:
    """Which sheet of a workbook holds items, demand and (if any) receipts, by the names of their columns."""
    what = no_file(book)
    names = [] if what else sheets_of(book)
    if not names:
        what = what or "cannot be read as a workbook"
        problems.append(Problem("E-INI-001", what, str(book), fix="name an .xlsx, .xls, .xlsb or .ods file"))
        return {}
    found: dict[str, str] = {}
    for table in ("receipts", "demand", "items"):  # a sheet of receipts has the columns of demand, too
        left = [one for one in names if one not in found.values()]
        fits = {one: _fit(table, book, one) for one in left}
        best = max(left, key=lambda one: (fits[one], table in one.lower()), default="")
        if best and fits[best]:
            found[table] = best
    for table in ("items", "demand"):
        if table not in found:
            left = [one for one in names if one not in found.values()]
            what = f"no sheet is a table of {table}"
            problems.append(Problem("E-INI-003", what, str(book), fix=_nearest(table, book, left)))
    return found


def _nearest(table: str, book: Path, sheets: list[str]) -> str:
    """What the sheet with most of a table's columns has of them, and which it lacks."""
    needs = required(table)
    heads = {one: list(sheet_of(table, book, one).columns) for one in sheets}
    has = {one: our_columns(table, heads[one])[0] for one in sheets}
    best = max(sheets, key=lambda one: len(has[one]), default="")
    if not best or not has[best]:
        shown = "; ".join(f"{one}: {listed(heads[one], 6)}" for one in sheets[:4])
        return f"a sheet with the columns {', '.join(needs)}, or names that mean them; seen: {shown}"
    lacks = ", ".join(one for one in needs if one not in has[best])
    known = ", ".join(f"{ours} ({theirs})" for ours, theirs in has[best].items())
    more = listed([one for one in heads[best] if one not in has[best].values()], 8)
    return f"'{best}' comes nearest: it has {known} and lacks {lacks}; rename the column that is it: {more}"


def _fit(table: str, book: Path, sheet: str) -> int:
    """How many of the columns that a table needs a sheet has, under whatever name; 0 where one is missing."""
    theirs = list(sheet_of(table, book, sheet).columns)
    columns, _ = our_columns(table, theirs)
    wide = table == "demand" and bool(named_by(theirs))
    needed = columns_needed(table, one_place=True, wide=wide)
    return sum(one in columns for one in required(table)) if set(needed) <= set(columns) else 0
