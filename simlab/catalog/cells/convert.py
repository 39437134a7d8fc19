"""From text columns to typed arrays, cell kind by cell kind, with every refusal placed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from simlab import mapped
from simlab.arrays import AnyArray, BoolArray, DateArray, FloatArray, IntArray
from simlab.catalog import findings as found
from simlab.catalog.cells.dates import FIRST_YEAR, LAST_YEAR, DateFormat, date_format_of, not_a_date
from simlab.catalog.cells.numerals import (
    BLANKS,
    GROUPS,
    PLAIN,
    Fault,
    Notation,
    declare,
    grouped,
    not_a_number,
    notation_of,
    number_of,
    one_or_a_thousand,
    pattern,
    which_of_both,
)
from simlab.catalog.cells.text import TextColumn, TextTable
from simlab.catalog.columns import NUMERIC, Column
from simlab.study import TableSource

LARGEST_MONEY = 2**53
_TOTALS = {
    "total",
    "totals",
    "grand total",
    "sum",
    "summe",
    "gesamt",
    "gesamtsumme",
    "ergebnis",
    "gesamtergebnis",
}
_SHOWN = 5
"""Largest unit cost in multiples of the cost resolution: exact as an integer and as a float."""

MOST_WHEN_FINER = 10**10
"""Largest amount, in multiples, up to which an undeclared resolution is made ten times finer."""
NO_DAY = np.datetime64("NaT", "D")
_SHORTENED = re.compile(r"\d([.,]\d+)?E\+\d{2,3}")  # 1.23E+12
Value = TypeVar("Value")
Judge = Callable[[str], Value | Fault]


def judged(
    table: TextTable, name: str, judge: Judge[Value], *, skip: BoolArray | None = None
) -> tuple[list[Value | None], BoolArray]:
    """Judge every distinct cell of a column once and report the rows of those refused.

    Parameters
    ----------
    table : TextTable
        Findings go to its list.
    name : str
        The column, by our name.
    judge : callable
        From a cell to its value, or to the fault that it is.
    skip : (m,) bool, optional
        Rows whose cell does not matter.

    Returns
    -------
    values : list
        One per distinct cell; None where refused.
    good : (m,) bool
        Rows whose cell is neither empty nor refused.
    """
    column = table.columns[name]
    verdicts = [judge(cell) for cell in column.values]
    values = [None if isinstance(verdict, Fault) else verdict for verdict in verdicts]
    faults: dict[tuple[int, str], list[int]] = {}
    for code, verdict in enumerate(verdicts):
        if isinstance(verdict, Fault):
            faults.setdefault((verdict.number, verdict.fix), []).append(code)
    good = ~column.missing()
    for (number, fix), codes in faults.items():
        bad = np.isin(column.codes, np.array(codes, dtype=np.int32))
        good &= ~bad
        rows = np.flatnonzero(bad if skip is None else bad & ~skip)
        if rows.size:
            first = verdicts[int(column.codes[rows[0]])]
            assert isinstance(first, Fault)
            table.findings.add_rows(number, first.message, rows, column=table.label(name), fix=fix)
    return values, good


def spread(column: TextColumn, values: list[Any], empty: Any, dtype: Any) -> npt.NDArray[Any]:
    """(m,) the value of each row's cell; `empty` where the cell is empty or refused."""
    filled = [empty if value is None else value for value in values]
    array = np.empty(len(filled) + 1, dtype=dtype)
    array[:-1] = filled
    array[-1] = empty
    if array.dtype == object:
        return np.asarray(array[column.codes])
    out = mapped.room(column.codes.shape, array.dtype)
    for first in range(0, out.size, _BLOCK):
        out[first : first + _BLOCK] = array[column.codes[first : first + _BLOCK]]
    return out


_BLOCK = 1 << 20  # rows that are filled at a time


def notation(table: TextTable, source: TableSource, columns: Mapping[str, Column]) -> Notation:
    """How the numbers of this table are written; a proved decimal comma is noted."""
    cells = (
        cell
        for name, column in columns.items()
        if column.kind in NUMERIC and name in table.columns and not table.columns[name].typed
        for cell in table.columns[name].values
    )
    declared = source.declares("decimal") or source.declares("thousands")
    return notation_of(cells, decimal=source.decimal, thousands=source.thousands, declared=declared)


def numbers(
    table: TextTable, name: str, rule: Column, written: Notation, *, skip: BoolArray | None = None
) -> tuple[list[Decimal | None], BoolArray]:
    """Judge a numeric column by its rule; see `judged`."""
    typed = table.columns[name].typed
    use = PLAIN if typed else written
    grammar = pattern(use)
    whole = rule.kind == "whole" and not typed
    unsure = one_or_a_thousand(table.columns[name].values, use) if whole else frozenset()

    def judge(cell: str) -> Decimal | Fault:
        value = number_of(cell, use, grammar)
        if value is None:
            return not_a_number(cell, table.name, use)
        if cell.strip(BLANKS) in unsure:
            return which_of_both(cell.strip(BLANKS), table.name, use)
        fault = _within(value, cell, name, rule)
        if fault is not None and fault.number == found.NOT_WHOLE and grouped(cell):
            hint = f"groups of thousands? Then {declare(GROUPS, table.name)}; "
            fault = replace(fault, fix=hint + fault.fix)
        return fault or value

    return judged(table, name, judge, skip=skip)


def _within(value: Decimal, cell: str, name: str, rule: Column) -> Fault | None:
    """The fault of a number outside its column's rule."""
    if rule.kind == "whole" and value != value.to_integral_value():
        fix = (
            "whole numbers are allowed; for what is counted in parts of a unit (kilograms) say so in items: "
        )
        fix += "column unit_resolution, such as 0.01"
        return Fault(found.NOT_WHOLE, f"{cell!r} is not a whole number", fix)
    low, high = Decimal(str(rule.low)), Decimal(str(rule.high))
    if value < low or (rule.above and value == low):
        allowed = f"above {low:f}" if rule.above else f"{_plain(low)} or more"
        code = found.NEGATIVE if value < 0 else found.OUT_OF_RANGE
        return Fault(code, f"{cell!r} is too small", f"{name} must be {allowed}")
    if value > high and rule.kind == "fraction" and value <= 100:
        fix = f"rates are fractions per year, did you mean {_plain(value / 100)}?"
        return Fault(found.OUT_OF_RANGE, f"{cell!r} is not a fraction", fix)
    if value > high:
        return Fault(found.OUT_OF_RANGE, f"{cell!r} is too large", f"at most {_plain(high)} is allowed")
    return None


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, eq=False)
class Money:
    """A column of amounts of 0 or more, counted in a coin.

    Attributes
    ----------
    amounts : (m,) int64
        In multiples of `resolution`.
    resolution : float
    n_rounded : int
        Rows whose amount has more digits than the resolution holds.
    worst : (str, float)
        The cell that rounding moves most for its size, and by which share of it.
    """

    amounts: IntArray
    resolution: float
    n_rounded: int
    worst: tuple[str, float]


def money(
    table: TextTable, name: str, resolution: float, written: Notation, parts: IntArray, *, declared: bool
) -> Money:
    """A column of amounts as integers of the cost resolution.

    Parameters
    ----------
    table : TextTable
        Findings go to its list.
    name : str
        The column, by our name.
    resolution : float
        Of the study.
    written : Notation
        How numbers are written.
    parts : (m,) int
        What each amount is divided by: the parts that a unit is counted in.
    declared : bool
        Whether the study says the resolution itself; else it is made finer by tens until no amount moves by
        more than 1 in 10,000, as long as the largest amount stays below 10¹¹ multiples.
    """
    use = PLAIN if table.columns[name].typed else written
    grammar = pattern(use)
    column = table.columns[name]
    read = [number_of(cell, use, grammar) for cell in column.values]
    sizes = np.unique(parts).tolist()
    pairs = {
        (code, size) for code, size in zip(column.codes.tolist(), parts.tolist(), strict=True) if code >= 0
    }
    plain = [value / size for code, size in pairs if (value := read[code]) is not None and value > 0]
    unit = Decimal(str(resolution)) if declared else _fine_enough(plain, Decimal(str(resolution)))
    moved: dict[tuple[str, int], float] = {}

    def judge(cell: str, size: int) -> int | Fault:
        value = number_of(cell, use, grammar)
        if value is None:
            return not_a_number(cell, table.name, use)
        if value < 0:
            return Fault(found.OUT_OF_RANGE, f"{cell!r} is below 0", f"{name} must be 0 or more")
        value /= size
        multiple = (value / unit).to_integral_value(ROUND_HALF_EVEN)
        if multiple < 1 and value > 0:
            fix = f"lower data.cost_resolution (now {unit:f})"
            return Fault(found.OUT_OF_RANGE, f"{cell!r} is less than half the cost resolution", fix)
        if multiple > LARGEST_MONEY:
            fix = f"raise data.cost_resolution (now {unit:f})"
            return Fault(found.OUT_OF_RANGE, f"{cell!r} is too large to be counted exactly", fix)
        if multiple * unit != value:
            moved[cell, size] = float(multiple * unit / value - 1)
        return int(multiple)

    amounts, inexact = np.zeros(table.n_rows, dtype=np.int64), np.zeros(table.n_rows, dtype=np.bool_)
    for size in sizes:
        here = parts == size
        values, _ = judged(table, name, partial(judge, size=size), skip=~here)
        amounts = np.where(here, spread(column, values, 0, np.int64), amounts)
        there = spread(column, [(cell, size) in moved for cell in column.values], False, np.bool_)
        inexact |= here & there
    shown = {cell: share for (cell, size), share in moved.items() if (parts == size).any()}
    worst = max(shown.items(), key=lambda one: abs(one[1]), default=("", 0.0))
    return Money(amounts, float(unit), int(inexact.sum()), worst)


def _fine_enough(amounts: list[Decimal], unit: Decimal) -> Decimal:
    """The coarsest resolution, by tens from `unit` down, that moves no amount by more than 1 in 10,000."""
    largest = max(amounts, default=Decimal(0))

    def too_coarse() -> bool:
        return any(
            abs((value / unit).to_integral_value(ROUND_HALF_EVEN) * unit - value) > value / 10_000
            for value in amounts
        )

    while too_coarse() and largest < unit * MOST_WHEN_FINER:
        unit /= 10
    return unit


def days(table: TextTable, name: str, source: TableSource) -> tuple[DateArray, BoolArray]:
    """A column of dates; NaT where empty or refused. A proved format is noted."""
    column = table.columns[name]
    declared = source.date_format if source.declares("date_format") else None
    if column.typed and all(DateFormat().reader()(cell) is not None for cell in column.values):
        declared = "iso"  # dates by type, whatever the text columns of the file look like
    form = date_format_of(column.values, declared)
    if form.proved:
        table.notes.append(
            (f"dates of column '{table.label(name)}'", f"all fit {form.name} and no other format")
        )
    read = form.reader()

    def judge(cell: str) -> dt.date | Fault:
        day = read(cell)
        if day is None:
            return not_a_date(cell, table.name, form)
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            return Fault(found.NOT_A_DATE, f"{cell!r} lies in the year {day.year}", "check the century")
        return day

    values, good = judged(table, name, judge)
    return spread(column, values, NO_DAY, "datetime64[D]"), good


def choices(table: TextTable, name: str, rule: Column) -> AnyArray:
    """A column of words out of a list (or shares as text, where allowed); None where empty."""
    allowed = " or ".join((*rule.choices, "a share such as 0.3") if rule.or_share else rule.choices)

    def judge(cell: str) -> str | Fault:
        word = cell.strip().lower()
        if word in rule.choices:
            return word
        share = _share(word) if rule.or_share else None
        if share is not None:
            return share
        if word in rule.refused:
            why, fix = rule.refused[word]
            return Fault(found.LAW, f"{cell!r} {why}", fix)
        return Fault(found.NOT_A_CHOICE, f"{cell!r} is not allowed", f"{allowed} are")

    values, _ = judged(table, name, judge)
    return spread(table.columns[name], values, None, object)


def _share(word: str) -> str | None:
    """A cell that is a plain number between 0 and 1, with a decimal point; else None."""
    text = word.replace(",", ".")
    number = number_of(text, PLAIN, pattern(PLAIN))
    return text if number is not None and 0 <= number <= 1 else None


def texts(column: TextColumn) -> AnyArray:
    """A column as it stands; None where empty."""
    return spread(column, list(column.values), None, object)


def refuse_missing(table: TextTable, name: str, *, fix: str = "", skip: BoolArray | None = None) -> None:
    """Report the rows where a required cell is empty."""
    bad = table.columns[name].missing()
    rows = np.flatnonzero(bad if skip is None else bad & ~skip)
    if rows.size:
        fix = fix or _fix_of_totals(table, rows)
        table.findings.add_rows(
            found.MISSING_CELL, "the cell is empty", rows, column=table.label(name), fix=fix
        )


def _fix_of_totals(table: TextTable, rows: IntArray) -> str:
    """What to do about lines that add up the others, as lists for people end with; empty for other rows."""
    ids = table.columns.get("sku", next(iter(table.columns.values())))
    words = {ids.cell(int(row)).strip().rstrip(":").lower() for row in rows[:_SHOWN]}
    return "a line of totals? Take it out of the table" if words and words <= _TOTALS else ""


def refuse_fractional_ids(table: TextTable, names: tuple[str, ...]) -> None:
    """Report id columns that a file stores as floating-point numbers, or that a spreadsheet shortened."""
    for name in names:
        if name in table.columns:
            _refuse_shortened(table, name)
        if name in table.columns and table.columns[name].fractional:
            fix = "store ids as text, so that leading zeros and long numbers stay"
            message = "ids are stored as floating-point numbers"
            table.findings.add(found.NOT_AN_ID, message, column=table.label(name), fix=fix)


def _refuse_shortened(table: TextTable, name: str) -> None:
    """Ids such as 1.23E+12: the last digits are gone."""
    column = table.columns[name]
    short = np.array([*(_SHORTENED.fullmatch(cell) is not None for cell in column.values), False])
    rows = np.flatnonzero(short[column.codes])
    if rows.size:
        message = f"'{column.cell(int(rows[0]))}' is an id that a spreadsheet has shortened: digits are lost"
        fix = "format the column as text in the source, and export again"
        table.findings.add_rows(found.NOT_AN_ID, message, rows, column=table.label(name), fix=fix)


def all_numbers(column: TextColumn, written: Notation) -> FloatArray | None:
    """A further column as numbers if every non-empty cell is one, else None."""
    use = PLAIN if column.typed else written
    grammar = pattern(use)
    values = [number_of(cell, use, grammar) for cell in column.values]
    if not values or None in values:
        return None
    return np.asarray(spread(column, values, np.nan, np.float64))
