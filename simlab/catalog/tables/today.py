"""Tables that come with a day's work, beside a finished run: stock, open orders, a day's rows, a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simlab.arrays import AnyArray, BoolArray, DateArray, FloatArray, IntArray
from simlab.catalog import findings as found
from simlab.catalog.cells.convert import (
    choices,
    days,
    notation,
    numbers,
    refuse_fractional_ids,
    refuse_missing,
    spread,
)
from simlab.catalog.cells.matching import Numbers, matched
from simlab.catalog.cells.text import TextTable
from simlab.catalog.columns import NUMERIC, OPEN_ORDERS, Column, near
from simlab.catalog.files.csvfile import read_csv
from simlab.catalog.files.layout import at_one_place
from simlab.catalog.files.parquet import read_parquet
from simlab.catalog.tables.known_names import meant
from simlab.catalog.tables.receipts import units_of
from simlab.errors import Problem, listed
from simlab.register.families import TARGET_FAMILIES
from simlab.study import TableSource

_NAMED = 5
_ID = Column("id", required=True)
_LEVEL = Column("whole", low=-1e12)
STOCK: dict[str, Column] = {
    "sku": _ID,
    "location": _ID,
    "on_hand": Column("whole", required=True),
    "backorders": Column("whole"),
    "as_of": Column("date"),
}
DAY: dict[str, Column] = {"sku": _ID, "location": _ID, "quantity": Column("whole", required=True)}
PLAN: dict[str, Column] = {
    "sku": _ID,
    "location": _ID,
    "order_up_to": Column("whole", required=True, low=-1e12),
    "reorder_point": _LEVEL,
    "order_quantity": Column("whole"),
    "family": Column("choice", choices=tuple(TARGET_FAMILIES)),
}
CURRENT: dict[str, Column] = {
    "sku": _ID,
    "location": _ID,
    "current_reorder_point": _LEVEL,
    "current_order_up_to": Column("whole"),
    "current_order_quantity": Column("whole", low=1),
}
KINDS = {"current": CURRENT} | {
    "stock": STOCK,
    "open_orders": OPEN_ORDERS,
    "day_demand": DAY,
    "day_receipts": DAY,
    "plan": PLAN,
}


@dataclass(frozen=True, eq=False)
class TodayTable:
    """A table matched to the SKU-locations of a run.

    Attributes
    ----------
    item : (m,) int64
        Row of the run's plan.
    units : dict of str to (m,) int64
        Numeric columns that are there, in parts of units; `given` says which cells are filled.
    given : dict of str to (m,) bool
    dates : dict of str to (m,) datetime64[D]
    words : dict of str to (m,) object
    table : TextTable
        For findings of one's own: `table.findings`, `table.label`.
    """

    item: IntArray
    units: dict[str, IntArray]
    given: dict[str, BoolArray]
    dates: dict[str, DateArray]
    words: dict[str, AnyArray]
    table: TextTable

    def refuse(self, number: int, message: str, rows: BoolArray, *, column: str, fix: str) -> None:
        """Note a problem of some rows."""
        self.table.findings.add_rows(
            number, message, np.flatnonzero(rows), column=self.table.label(column), fix=fix
        )


def read_today(
    path: Path,
    kind: str,
    number: Mapping[tuple[str, str], int],
    parts: IntArray,
    *,
    unique: bool,
    whole: str = "",
) -> TodayTable | list[Problem]:
    """Read a CSV or Parquet file of one of `KINDS`; its problems, all at once, where there are any.

    Parameters
    ----------
    path : Path
    kind : str
        One of `KINDS`.
    number : mapping of (sku, location) to int
        Row of every SKU-location of the run; where all are at one place, the table may leave out `location`.
    parts : (n,) int64
        Parts of a unit that each is counted in.
    unique : bool
        Whether a SKU-location may stand there once only.
    whole : str
        What to do where a SKU-location of the run has no row; empty: not all need one.
    """
    rules = KINDS[kind]
    needed = [name for name, rule in rules.items() if rule.required]
    source = TableSource(path=str(path))
    places = {place for _, place in number}
    place = places.pop() if len(places) == 1 else None
    if path.suffix.lower() == ".parquet":
        table = read_parquet(path, kind, source)
    else:
        table = read_csv(path, kind, source, [name for name in needed if name != "location" or not place])
    table = at_one_place(table, place)
    if table.findings.problems or not _complete(table, needed):
        return table.findings.problems
    refuse_fractional_ids(table, ("sku", "location"))
    for name in needed:
        refuse_missing(table, name)
    item = _matched(table, number)
    if whole:
        _refuse_left_out(table, item, number, whole)
    if table.findings.problems:
        return table.findings.problems
    units, given, dates, words = _typed(table, rules, parts[item], source)
    if unique:
        _refuse_twice(table, item)
    if table.findings.problems:
        return table.findings.problems
    return TodayTable(item, units, given, dates, words, table)


def _complete(table: TextTable, needed: Sequence[str]) -> bool:
    """Whether the required columns are there; a header without rows says that there is nothing."""
    missing = [name for name in needed if name not in table.columns]
    for name in missing:
        others = [other for other in table.columns if other not in KINDS[table.name]]
        guess = _guess(name, others)
        fix = f"did you mean '{guess}'? Call it {name} in this file" if guess else near(name, others)
        fix = fix or f"the header has: {', '.join(table.columns) or 'nothing'}"
        table.findings.add(found.MISSING_COLUMN, "required column is missing", column=name, fix=fix)
    return not missing


def _guess(name: str, others: Sequence[str]) -> str:
    """Which column of a file most likely is ours, by the names that `init` knows; empty if none."""
    pairs = ((other, table) for other in others for table in ("items", "demand", "receipts"))
    return next((other for other, table in pairs if meant(table, other, (name,))[0] == name), "")


def _matched(table: TextTable, number: Numbers) -> IntArray:
    """(m,) row of each SKU-location."""
    fix = "leave these rows out, or plan with items that have them"
    item = matched(table, number, "the run has no such SKU-location", fix)
    return np.maximum(item, 0) if number else item


def _refuse_left_out(table: TextTable, item: IntArray, number: Numbers, fix: str) -> None:
    """SKU-locations of the run without a row."""
    missing = np.setdiff1d(np.fromiter(number.values(), np.int64, len(number)), item)
    if missing.size:
        key = {row: "@".join(pair) for pair, row in number.items()}
        names = listed([key[row] for row in missing[:_NAMED].tolist()], _NAMED)
        more = f" ({missing.size:,} in all)" if missing.size > _NAMED else ""
        table.findings.add(found.MISSING_CELL, f"has no row for {names}{more}", fix=fix)


def _typed(
    table: TextTable, rules: Mapping[str, Column], parts: IntArray, source: TableSource
) -> tuple[dict[str, IntArray], dict[str, BoolArray], dict[str, DateArray], dict[str, AnyArray]]:
    written = notation(table, source, rules)
    units: dict[str, IntArray] = {}
    given: dict[str, BoolArray] = {}
    dates: dict[str, DateArray] = {}
    words: dict[str, AnyArray] = {}
    for name, rule in rules.items():
        if name not in table.columns:
            continue
        if rule.kind in NUMERIC:
            given[name] = ~table.columns[name].missing()
            units[name] = units_of(table, name, rule, written, parts, 0)
        elif rule.kind == "date":
            dates[name] = days(table, name, source)[0]
        elif rule.kind == "choice":
            words[name] = choices(table, name, rule)
    return units, given, dates, words


def _refuse_twice(table: TextTable, item: IntArray) -> None:
    _, first = np.unique(item, return_index=True)
    again = np.ones(item.size, np.bool_)
    again[first] = False
    if again.any():
        fix = "one row for each SKU-location"
        message = "the SKU-location stands there twice"
        table.findings.add_rows(
            found.DUPLICATE, message, np.flatnonzero(again), column=table.label("sku"), fix=fix
        )


def money_of(table: TodayTable, name: str) -> FloatArray:
    """A further column of numbers, NaN where empty or not there."""
    text = table.table
    if name not in text.columns:
        return np.full(table.item.size, np.nan)
    rule = Column("number", low=-1e15, high=1e15)
    values, _ = numbers(text, name, rule, notation(text, TableSource(), {name: rule}))
    return np.asarray(spread(text.columns[name], values, np.nan, np.float64))
