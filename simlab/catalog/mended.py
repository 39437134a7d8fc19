"""A table without what is wrong with it, so that a check can also tell what is wrong further on."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np

from simlab.arrays import BoolArray, IntArray
from simlab.catalog.cells.text import TextColumn, TextTable, encoded
from simlab.catalog.columns import ITEMS, NUMERIC
from simlab.catalog.findings import CODES, MISSING_COLUMN, Findings
from simlab.catalog.tables.filtering import taken
from simlab.errors import Problem
from simlab.study import Study, TableSource

_IDS = ("sku", "location")
_OF_A_SUPPLIER = ("minimum_order_value", "container_volume")
_STAND_IN = {"unit_cost": "1", "lead_time": "30", "demand_law": "poisson", "demand_mean": "1"}


def mended(table: TextTable, problems: Iterable[Problem]) -> TextTable:
    """Rows without faults: those named are left out, of items they take their numbers from a sound row.

    Columns of items that a problem names without a row hold one value for all.
    """
    named = [one for one in problems if _of(table, one)]
    if not named or not table.columns:
        return table
    lines = table.findings.lines(np.arange(table.n_rows))
    if table.name != "items":
        return _sound(taken(table, np.flatnonzero(~_at(lines, named))))
    whole = [one.column for one in named if one.row is None]
    of_ids = [one for one in named if one.column in map(table.label, _IDS) or not one.column]
    of_cells = [one for one in named if one not in of_ids]
    keep = ~_at(lines, of_ids)
    wrong = _at(lines, of_cells) & keep
    table = _numbers_of(table, wrong, np.flatnonzero(keep & ~wrong))
    columns = {
        name: _constant(name, table.n_rows) if table.label(name) in whole else column
        for name, column in table.columns.items()
    }
    return _sound(taken(replace(table, columns=columns), np.flatnonzero(keep)))


def unfiltered(study: Study, problems: Collection[Problem]) -> Study:
    """The study without filters of rows by columns that its tables lack."""
    named = {(one.code, one.column) for one in problems}
    data = study.data
    for name, letters in CODES.items():
        source: TableSource | None = getattr(data, name, None)
        code = f"E-{letters}-{MISSING_COLUMN:03d}"
        if source is not None and any((code, column) in named for column in source.where):
            data = data.model_copy(update={name: source.model_copy(update={"where": {}})})
    return study if data is study.data else study.model_copy(update={"data": data})


def names_alone(table: TextTable) -> TextTable:
    """Items by their names and texts; each costs one unit of money and is asked for once a period."""
    kept = {
        name: column
        for name, column in table.columns.items()
        if name not in ITEMS or ITEMS[name].kind in ("id", "text")
    }
    usual = {name: _constant(name, table.n_rows) for name in _STAND_IN}
    table = replace(table, columns=kept | usual)
    full = ~np.any([table.columns[name].missing() for name in _IDS if name in table.columns], axis=0)
    return _sound(taken(table, np.flatnonzero(full)))


def _of(table: TextTable, problem: Problem) -> bool:
    """Whether a problem is one of this table: found while it was read, or told of one of its columns."""
    if problem.code.startswith(f"E-{CODES[table.name]}-"):
        return True
    return problem.file == table.findings.file and problem.column in map(table.label, table.columns)


def _at(lines: IntArray, problems: Iterable[Problem]) -> BoolArray:
    """(m,) rows that problems name."""
    named = [line for one in problems if one.row is not None for line in (one.row, *one.more_rows)]
    return np.asarray(np.isin(lines, np.array(named, np.int64)))


def _numbers_of(table: TextTable, wrong: BoolArray, sound: IntArray) -> TextTable:
    """The table whose wrong rows have the numbers of the first sound one, together, so that they agree."""
    if not wrong.any():
        return table
    columns = dict(table.columns)
    for name, column in table.columns.items():
        rule = ITEMS.get(name)
        if rule is None or (rule.kind not in (*NUMERIC, "choice", "date", "flag") and name not in _STAND_IN):
            continue
        codes = np.array(column.codes)
        if name not in _OF_A_SUPPLIER:
            codes[wrong] = codes[sound[0]] if sound.size else -1
        columns[name] = replace(column, codes=codes)
        if name in _STAND_IN and not sound.size:
            columns[name] = _constant(name, table.n_rows)
    return replace(table, columns=columns)


def _constant(name: str, n_rows: int) -> TextColumn:
    """One value for all rows; empty cells where none is needed."""
    return encoded([_STAND_IN.get(name)] * n_rows)


def _sound(table: TextTable) -> TextTable:
    """The same with nothing found yet."""
    before = table.findings
    after = Findings(table.name, before.file, before.lines, before.column_at)
    after.parts, after.of_empty_cells = before.parts, before.of_empty_cells
    return replace(table, findings=after)
