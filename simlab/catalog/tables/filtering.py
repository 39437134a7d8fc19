"""Rows that the study leaves out of a table (`data.<table>.where`), and their place in the account."""

from __future__ import annotations

import datetime as dt
import operator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from simlab.arrays import BoolArray, IntArray
from simlab.catalog import findings as found
from simlab.catalog.cells.convert import spread
from simlab.catalog.cells.dates import date_format_of, not_a_date
from simlab.catalog.cells.numerals import BLANKS, PLAIN, Notation, not_a_number, number_of, pattern
from simlab.catalog.cells.text import TextColumn, TextTable
from simlab.catalog.columns import near
from simlab.catalog.quality import QualityRow
from simlab.study import Condition, TableSource

_BOUNDS = {"at_least": operator.ge, "above": operator.gt, "at_most": operator.le, "below": operator.lt}
_SHOWN = 6


@dataclass(frozen=True, eq=False)
class Filtered:
    """A table whose rows all take part, and those that the study leaves out.

    Attributes
    ----------
    table, left_out : TextTable
    why : str
        The option that left them out; empty where there is none.
    written : Notation
        How the study says that numbers are written.
    """

    table: TextTable
    left_out: TextTable
    why: str = ""
    written: Notation = PLAIN


def filtered(table: TextTable, source: TableSource) -> Filtered:
    """Split a table by the study's `where`; what is wrong with it goes to the table's findings.

    Rows left out are looked at by nothing: neither their cells, nor how they write numbers and dates.
    """
    kept: BoolArray = np.ones(table.n_rows, dtype=np.bool_)
    if not source.where or not table.columns:
        return Filtered(table, taken(table, np.flatnonzero(~kept)))
    option = f"data.{table.name}.where"
    for name, condition in source.where.items():
        column = _column(table, name, option)
        if column is not None:
            kept &= _holds(table, column, condition, source)
    if table.n_rows and not kept.any() and not table.findings:
        fix = "; ".join(_census(table, name) for name in source.where)
        table.findings.add(found.NO_ROWS, f"{option} leaves no row", fix=fix)
    out = taken(table, np.flatnonzero(~kept))
    written = Notation(source.decimal, source.thousands)
    return Filtered(taken(table, np.flatnonzero(kept)), out, option, written)


def account(split: Filtered, costs: dict[tuple[str, str], float]) -> list[QualityRow]:
    """The rows left out, their units and value.

    Parameters
    ----------
    split : Filtered
    costs : dict
        Unit cost by (sku, location); ("sku", "") is the mean over locations.
    """
    rows = split.left_out
    if rows.n_rows == 0:
        return []
    amount = "on_hand" if rows.name == "items" else "quantity"
    units = _amounts(rows, amount, split.written)
    skus, places = _cells_of(rows, "sku"), _cells_of(rows, "location")
    if rows.name == "items":
        each = _amounts(rows, "unit_cost", split.written)
        units = units.clip(0)
    else:
        pairs = zip(skus, places, strict=True)
        each = np.array([costs.get((sku, place), costs.get((sku, ""), 0.0)) for sku, place in pairs])
    value = float((units * each).sum())
    return [
        QualityRow(rows.name, f"left out by {split.why}", "filtered", rows.n_rows, float(units.sum()), value)
    ]


def pairs_of(table: TextTable) -> set[tuple[str, str]]:
    """(sku, location) of every row."""
    return set(zip(_cells_of(table, "sku"), _cells_of(table, "location"), strict=True))


def _cells_of(table: TextTable, name: str) -> list[str]:
    if name not in table.columns:
        return [""] * table.n_rows
    return [str(cell) for cell in spread(table.columns[name], list(table.columns[name].values), "", object)]


def _amounts(table: TextTable, name: str, written: Notation) -> npt.NDArray[np.float64]:
    """(m,) numbers of a column; 0 where a cell is none."""
    if name not in table.columns:
        return np.zeros(table.n_rows)
    column = table.columns[name]
    use = PLAIN if column.typed else written
    grammar = pattern(use)
    read = [number_of(cell, use, grammar) for cell in column.values]
    values = [0.0 if number is None else float(number) for number in read]
    return np.asarray(spread(column, values, 0.0, np.float64))


def taken(table: TextTable, rows: IntArray) -> TextTable:
    """Some rows of a table, which keep their lines in messages."""
    if rows.size == table.n_rows:
        return table
    lines = table.findings.lines
    columns = {name: _some(column, rows) for name, column in table.columns.items()}
    part = replace(
        table,
        columns=columns,
        n_rows=int(rows.size),
        notes=list(table.notes),
        questions=list(table.questions),
    )
    at_row = table.findings.column_at
    column_at = None if at_row is None else lambda at, column: at_row(int(rows[at]), column)
    findings = found.Findings(table.name, table.findings.file, lambda at: lines(rows[at]), column_at)
    findings.problems = table.findings.problems
    return replace(part, findings=findings)


def _some(column: TextColumn, rows: IntArray) -> TextColumn:
    """A column's cells in some rows, its distinct values those that are left."""
    codes = column.codes[rows]
    used = np.unique(codes[codes >= 0])
    number = np.full(len(column.values) + 1, -1, dtype=np.int32)
    number[used] = np.arange(used.size, dtype=np.int32)
    return replace(column, codes=number[codes], values=tuple(column.values[code] for code in used.tolist()))


def _column(table: TextTable, name: str, option: str) -> str | None:
    """Our name of a column that the study calls by ours or by the file's name; None if there is none."""
    labels = {table.label(ours): ours for ours in table.columns}
    if name in table.columns or name in labels:
        return name if name in table.columns else labels[name]
    guess = near(name, tuple(labels)) or f"the header has: {', '.join(labels)}"
    table.findings.add(found.MISSING_COLUMN, f"named in {option}, and not there", column=name, fix=guess)
    return None


def _holds(table: TextTable, name: str, condition: Condition, source: TableSource) -> BoolArray:
    """(m,) rows whose cell of one column fulfils the condition."""
    column = table.columns[name]
    cells = [cell.strip(BLANKS) for cell in (*column.values, "")]
    holds = np.ones(len(cells), dtype=np.bool_)
    for words, wanted in ((condition.any_of, True), (condition.none_of, False)):
        if words is not None:
            holds &= np.array([any(_same(cell, word) for word in words) == wanted for cell in cells])
            _unseen(table, name, words, cells)
    bounds = {key: bound for key, bound in condition.bounds.items() if bound is not None}
    if bounds:
        values = _dates(table, name, source, bounds) or _numbers(table, name, source)
        for key, bound in bounds.items():
            limit = bound if isinstance(bound, dt.date) else Decimal(str(bound))
            holds &= np.array([value is not None and _BOUNDS[key](value, limit) for value in values])
    return np.asarray(holds[column.codes])


def _same(cell: str, word: Any) -> bool:
    """Whether a cell writes this word, number, truth or date."""
    if isinstance(word, bool):
        return cell.lower() in (("1", "true", "yes") if word else ("0", "false", "no"))
    if isinstance(word, (int, float)):
        value = number_of(cell, PLAIN, pattern(PLAIN))
        return cell == str(word) or (value is not None and value == Decimal(str(word)))
    return cell == str(word)


def _unseen(table: TextTable, name: str, words: tuple[Any, ...], cells: list[str]) -> None:
    """A remark on values of the study that no row has, as after a change of case."""
    unseen = [str(word) for word in words if word != "" and not any(_same(cell, word) for cell in cells)]
    if unseen:
        said = ", ".join(f"'{word}'" for word in unseen)
        what = f"data.{table.name}.where: no row says {said}"
        table.questions.append((what, _census(table, name)))


def _census(table: TextTable, name: str) -> str:
    """What a column says, the most frequent first."""
    column = table.columns.get(name)
    if column is None:
        return f"there is no column '{name}'"
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.values))
    order = np.argsort(-counts, kind="stable")[:_SHOWN]
    said = [f"{column.values[k]} ({counts[k]:,} rows)" for k in order.tolist() if counts[k]]
    more = f" and {len(column.values) - len(said)} more" if len(column.values) > len(said) else ""
    empty = int(column.missing().sum())
    return f"column '{table.label(name)}' has {', '.join(said) or 'nothing'}{more}" + (
        f", {empty:,} empty cells" if empty else ""
    )


def _dates(
    table: TextTable, name: str, source: TableSource, bounds: dict[str, Any]
) -> list[dt.date | None] | None:
    """Dates of the distinct cells and of an empty one, where the bounds are dates."""
    if not isinstance(next(iter(bounds.values())), dt.date):
        return None
    column = table.columns[name]
    form = date_format_of(column.values, source.date_format if source.declares("date_format") else None)
    read = form.reader()
    values = [read(cell) for cell in column.values]
    _refuse(table, name, values, lambda cell: not_a_date(cell, table.name, form))
    return [*values, None]


def _numbers(table: TextTable, name: str, source: TableSource) -> list[Decimal | None]:
    """Numbers of the distinct cells and of an empty one."""
    column = table.columns[name]
    use = PLAIN if column.typed else Notation(source.decimal, source.thousands)
    grammar = pattern(use)
    values = [number_of(cell, use, grammar) for cell in column.values]
    _refuse(table, name, values, lambda cell: not_a_number(cell, table.name, use))
    return [*values, None]


def _refuse(table: TextTable, name: str, values: list[Any], fault: Any) -> None:
    column = table.columns[name]
    bad = np.array([value is None for value in values] + [False], dtype=np.bool_)[column.codes]
    rows = np.flatnonzero(bad)
    if rows.size:
        wrong = fault(column.cell(int(rows[0])))
        fix = f"{wrong.fix}; data.{table.name}.where compares this column"
        table.findings.add_rows(wrong.number, wrong.message, rows, column=table.label(name), fix=fix)
