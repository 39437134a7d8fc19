"""What somebody's tables look like: columns under other names, dates, grain, rows that need a rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from simlab.arrays import DateArray, FloatArray
from simlab.catalog.calendar.grain import DAY, FOUR_FOUR_FIVE, OTHER, Grain, grain_of
from simlab.catalog.cells.dates import CANDIDATES, MONTHS, DateFormat, date_format_of, timed_formats_of
from simlab.catalog.cells.numerals import PLAIN, Notation, number_of, pattern
from simlab.catalog.cells.text import TextColumn, TextTable
from simlab.catalog.columns import DEMAND_FURTHER, NUMERIC, RECEIVED, TABLES, required
from simlab.catalog.files.csvfile import Encoding, encoding_of, read_csv
from simlab.catalog.files.layout import at_one_place, dated_columns, in_rows
from simlab.catalog.files.packed import PackedError, unpacked
from simlab.catalog.files.parquet import read_parquet
from simlab.catalog.files.workbook import WORKBOOKS, read_workbook
from simlab.catalog.tables.known_names import meant
from simlab.errors import Problem, listed
from simlab.reading import bytes_of, no_file
from simlab.study import WEEKDAYS, TableSource

_SERIAL_FROM, _SERIAL_TO = 20_000, 80_000
_SHOWN = 12
_SURE_DAYS = 100  # dates from which a weekday without rows is no chance
_DAYS = {"day": 1.0, "week": 7.0, "month": 365 / 12}
_DATED = re.compile(r"(19|20)\d\d[-_/. ]?(0?[1-9]|1[0-2]|[WQ]\d+)([-_/. ]?\d{1,2})?")
_WIDE = 6  # columns named by dates from which a table is one of a column per period
_COMMA, _COMMA_BETWEEN = Notation(","), Notation(".", ",")
_NOTATIONS = (
    *(PLAIN, _COMMA, Notation(",", "."), _COMMA_BETWEEN),
    *(Notation(decimal, sign) for decimal in ",." for sign in (" ", "'")),
)
_WRITTEN = re.compile(r"[+-]?[0-9][0-9.,' \u00a0\u202f]*")
ONE_PLACE = "MAIN"
Delimiter = Literal[",", ";", "\t", "|"]
_DELIMITERS: tuple[Delimiter, ...] = (",", ";", "\t", "|")


@dataclass(frozen=True, eq=False)
class Seen:
    """One table as a file has it.

    Attributes
    ----------
    name : str
        items, demand or receipts.
    path : Path
        The file.
    table : TextTable
        Its cells under the names of the file.
    columns : dict of str to str
        Our name → name in the file, for every column that has one.
    units : dict of str to str
        Our name → unit that the file's name carries (days, weeks, months).
    sheet : str or None
        Of a workbook, where one was named.
    one_place : bool
        No column tells the location.
    wide : str
        How the columns of the periods are named, where each has one (a `date_format`); else empty.
    half_a_rule : str
        Name in the file of a reorder point that nothing says the quantity of; it is left out of `columns`.
    encoding : str
        Of the text of a CSV file.
    """

    name: str
    path: Path
    table: TextTable
    columns: dict[str, str]
    units: dict[str, str] = field(default_factory=dict)
    sheet: str | None = None
    one_place: bool = False
    wide: str = ""
    half_a_rule: str = ""
    encoding: Encoding = "utf-8"

    @property
    def renamed(self) -> dict[str, str]:
        """Our name → name in the file, where they differ."""
        return {ours: theirs for ours, theirs in self.columns.items() if ours != theirs}

    @property
    def notation(self) -> Notation:
        """How the columns of numbers write them: 12.50, 12,50, 1.234,50, 1'234.50, ….

        Where cells such as 1,234 leave it open, as most files do: a point, no sign between thousands.
        """
        cells = {
            cell.strip()
            for ours, theirs in self.columns.items()
            if (rule := TABLES[self.name].get(ours)) is not None and rule.kind in NUMERIC
            for cell in self.table.columns[theirs].values
            if not self.table.columns[theirs].typed and _WRITTEN.fullmatch(cell.strip())
        }
        fitting = [one for one in _NOTATIONS if all(map(pattern(one).fullmatch, cells))]
        unsure = _COMMA in fitting and _COMMA_BETWEEN in fitting
        return PLAIN if unsure or not fitting else fitting[0]

    @property
    def delimiter(self) -> str:
        """Sign between the fields; empty for other kinds of file."""
        return self.table.delimiter

    @property
    def n_rows(self) -> int:
        return self.table.n_rows

    def column(self, ours: str) -> TextColumn | None:
        """Cells of a column by our name; None where the file has none."""
        theirs = self.columns.get(ours)
        return None if theirs is None else self.table.columns[theirs]


def look_at(name: str, path: Path, problems: list[Problem], sheet: str | None = None) -> Seen | None:
    """Read a file, or a sheet of a workbook, and find our columns; what is missing goes to the problems."""
    shown = str(path)
    if what := no_file(path):
        problems.append(Problem("E-INI-001", what, shown, fix=f"name the file of {name}"))
        return None
    kind = path.suffix.lower()
    encoding: Encoding = "utf-8"
    if kind in WORKBOOKS:
        table = sheet_of(name, path, sheet)
    elif kind == ".parquet":
        table = read_parquet(path, name, TableSource(path=shown))
    else:
        delimiter, encoding = _written(path)
        table = read_csv(path, name, TableSource(path=shown, delimiter=delimiter, encoding=encoding), ())
    if table.findings.problems or not table.columns:
        problems += table.findings.problems
        return None
    theirs = list(table.columns)
    columns, units = our_columns(name, theirs)
    wide = ""
    if name == "demand" and not {"date", "quantity"} & set(columns):
        wide = named_by(list(table.columns))
        if wide:
            table = in_rows(table, wide)
            columns |= {"date": "date", "quantity": "quantity"}
    one_place = "location" not in columns and "location" in required(name)
    if one_place:
        table = at_one_place(table, ONE_PLACE)
        columns["location"] = "location"
    half_a_rule = _half_a_rule(columns) if name == "items" else ""
    missing = [one for one in required(name) if one not in columns]
    problems += [_missing(shown, name, one, theirs) for one in missing]
    if name == "items" and "lead_time" not in columns and "supplier" not in columns:
        fix = "add a column lead_time (days), or a column supplier and name --receipts"
        what = "items has no column 'lead_time' and no 'supplier': nothing tells lead times"
        problems.append(Problem("E-INI-005", what, shown, column="lead_time", fix=fix))
    if missing:
        return None
    return Seen(name, path, table, columns, units, sheet, one_place, wide, half_a_rule, encoding)


_MUCH = {"current_order_up_to", "current_order_quantity", "order_quantity"}  # how much today's rule orders


def _half_a_rule(columns: dict[str, str]) -> str:
    """A reorder point under another name, taken out of the columns where none tells how much is ordered."""
    point = columns.get("current_reorder_point", "current_reorder_point")
    if point == "current_reorder_point" or _MUCH & set(columns):
        return ""
    return columns.pop("current_reorder_point")


def named_by(names: list[str]) -> str:
    """The one `date_format` in which enough columns are named by the first day of a period; empty if none."""
    counts = {form: len(dated_columns(names, form)) for form in ("iso", *MONTHS, *CANDIDATES)}
    most = max(counts.values())
    fitting = [form for form, n in counts.items() if n == most]
    return fitting[0] if most >= _WIDE and len(fitting) == 1 else ""


def sheet_of(name: str, path: Path, sheet: str | None) -> TextTable:
    """A sheet as text; its header is the row with most names that mean our columns."""
    source = TableSource(path=str(path), sheet=sheet)
    return read_workbook(path, name, source, required(name), lambda head: _means(name, head))


def _means(name: str, head: str) -> bool:
    return head in TABLES[name] or bool(meant(name, head, list(TABLES[name]))[0])


def _written(path: Path) -> tuple[Delimiter, Encoding]:
    """The sign that parts the header into the most names, a comma where none does, and how text is coded."""
    try:
        data = unpacked(bytes_of(path))
    except (OSError, PackedError):  # which reading the table tells
        return ",", "utf-8"
    encoding = encoding_of(data)
    head = data[:100_000].decode(encoding, errors="replace").lstrip().partition("\n")[0]
    return max(_DELIMITERS, key=lambda sign: (head.count(sign), sign == ",")), encoding


def our_columns(name: str, theirs: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Our columns among those of a file: the same name first, then names that mean it; each taken once."""
    more = {"demand": DEMAND_FURTHER, "receipts": RECEIVED}.get(name, {})
    known = [*TABLES[name], *more]
    columns, units = {one: one for one in theirs if one in known}, dict[str, str]()
    for one in theirs:
        if one in columns.values():
            continue
        column, unit = meant(name, one, [each for each in TABLES[name] if each not in columns])
        if column:
            columns[column] = one
            if unit:
                units[column] = unit
    if name == "items" and "sku" not in columns and columns.get("product") == "product":
        columns["sku"] = columns.pop("product")  # where nothing else names the SKU, the product does
    return columns, units


def _missing(file: str, name: str, column: str, theirs: list[str]) -> Problem:
    fix = f"its columns are {listed(theirs, _SHOWN)}: rename the one that is meant to '{column}'"
    dated = [one for one in theirs if _DATED.fullmatch(one.strip())]
    if column in ("date", "quantity") and len(dated) >= _WIDE:
        fix = (
            f"it has a column per period ({dated[0]} to {dated[-1]}): name each by its first day "
            "(2025-01-06), all in one pattern, and it is read as it is"
        )
    elif column == "location":
        fix += ", or leave it out of items, too, where there is one place only"
    return Problem("E-INI-003", f"{name} has no column '{column}'", file, column=column, fix=fix)


def text_of(column: TextColumn) -> np.ndarray:
    """(m,) object: text of every row, empty where nothing stands."""
    words = np.array([*column.values, ""], dtype=object)
    return np.asarray(words[column.codes])


def numbers_of(column: TextColumn, notation: Notation) -> FloatArray:
    """(m,) numbers; NaN where a cell is none."""
    grammar = pattern(notation)
    read = [number_of(cell, notation, grammar) for cell in column.values]
    each = np.array([*(np.nan if one is None else float(one) for one in read), np.nan])
    return np.asarray(each[column.codes], np.float64)


@dataclass(frozen=True)
class Dates:
    """How a column writes its dates.

    Attributes
    ----------
    pattern : str
        What `date_format` should say.
    unsure : tuple of str
        The patterns that all cells fit, where there are several; empty where one is proved.
    """

    pattern: str = "iso"
    unsure: tuple[str, ...] = ()


def _all_read(form: DateFormat, cells: Sequence[str]) -> bool:
    read = form.reader()
    return all(read(cell) is not None for cell in cells)


def dates_of(column: TextColumn) -> tuple[Dates, DateArray]:
    """The format of a column and its days, those that cannot be read left out as NaT."""
    form = date_format_of(column.values, None)
    serial = [cell for cell in column.values if cell.isdigit() and _SERIAL_FROM < int(cell) < _SERIAL_TO]
    if not form.proved and not form.unsure and column.values and len(serial) == len(column.values):
        form = DateFormat("excel_serial")
    if column.values and not _all_read(form, column.values):
        months = [name for name in MONTHS if _all_read(DateFormat(name), column.values)]
        form = DateFormat(months[0]) if months else form
    if not form.proved and not form.unsure and not _all_read(form, column.values):
        timed = timed_formats_of(column.values)
        form = DateFormat(timed[0], unsure=tuple(timed[1:] and timed)) if timed else form
    unsure = form.unsure
    if unsure:
        form = DateFormat(unsure[0])
    read = form.reader()
    each = [read(cell[:10] if form.name == "iso" else cell) for cell in column.values]
    days = np.array([*("NaT" if day is None else day.isoformat() for day in each), "NaT"], "datetime64[D]")
    return Dates(form.name, unsure), days[column.codes]


@dataclass(frozen=True, eq=False)
class Rows:
    """What the rows of demand are like.

    Attributes
    ----------
    dates : Dates
    grain : Grain
    period : str
        Proposed.
    why : str
        The reason, in words.
    n_periods : int
        Whole periods about, from the first row to the last.
    shut : tuple of str
        Weekdays without any row, in a table by day.
    n_returns, n_repeated, n_unknown, n_copies : int
        Rows with a quantity below zero, with the date and SKU-location of another row, of SKU-locations that
        items lacks, and rows alike in every column.
    """

    dates: Dates
    grain: Grain
    period: str
    why: str
    n_periods: int
    shut: tuple[str, ...]
    n_returns: int
    n_repeated: int
    n_unknown: int
    n_copies: int


def rows_of(demand: Seen, items: Seen) -> Rows | None:
    """What the rows of demand are like; None where no date can be read."""
    date, quantity = demand.column("date"), demand.column("quantity")
    assert date is not None
    assert quantity is not None
    dates, day = dates_of(date)
    known = ~np.isnat(day)
    if not known.any():
        return None
    pair, pairs = _pairs(demand), set(_pairs(items).tolist())
    unknown = np.array([one not in pairs for one in pair.tolist()], np.bool_)
    grain = grain_of(day[known])
    kept = known & ~unknown if (known & ~unknown).any() else known
    period, why = _period(grain, day[kept], pair[kept])
    span = int((day[known].max() - day[known].min()).astype(np.int64)) + 1
    n_periods = round(span / _DAYS[period]) + (period != "day")
    codes = np.unique(pair, return_inverse=True)[1].astype(np.int64)
    keys = codes * 1_000_000 + np.where(known, day, np.datetime64(0, "D")).astype(np.int64)
    return Rows(
        dates,
        grain,
        period,
        why,
        n_periods,
        _shut(grain, day[known]),
        int((numbers_of(quantity, demand.notation) < 0).sum()),
        demand.n_rows - np.unique(keys).size,
        int(unknown.sum()),
        _copies(demand),
    )


def _shut(grain: Grain, day: DateArray) -> tuple[str, ...]:
    """Weekdays without any row; none unless the others have hundreds."""
    if grain.name != DAY or np.unique(day).size < _SURE_DAYS:
        return ()
    rows = np.bincount((day.astype(np.int64) + 3) % 7, minlength=7)
    return tuple(name for name, n in zip(WEEKDAYS, rows.tolist(), strict=True) if n == 0)


def _pairs(table: Seen) -> np.ndarray:
    """(m,) SKU and location of every row, as one text."""
    sku, place = table.column("sku"), table.column("location")
    assert sku is not None
    assert place is not None
    return np.asarray(text_of(sku) + "\x1f" + text_of(place))


def _copies(table: Seen) -> int:
    """Rows that are alike in every column to one before."""
    codes = np.stack([column.codes for column in table.table.columns.values()], axis=1)
    return int(codes.shape[0] - np.unique(codes, axis=0).shape[0])


def _period(grain: Grain, day: DateArray, pair: np.ndarray) -> tuple[str, str]:
    """The period that fits, and why."""
    if grain.name == FOUR_FOUR_FIVE:
        return "month", f"{grain.words}: fiscal periods, spread over calendar months"
    if grain.name == OTHER:
        return "month", f"{grain.words}: no day, week or month, see grain below"
    if grain.name != DAY:
        return grain.name, grain.words
    weeks = max(float((day.max() - day.min()).astype(np.int64) + 1) / 7, 1.0)
    codes = np.unique(pair, return_inverse=True)[1].astype(np.int64)
    dates = np.unique(codes * 1_000_000 + day.astype(np.int64)).size
    rate = dates / max(np.unique(codes).size, 1) / weeks
    if rate >= 1:
        return "day", f"rows are dated by day, {rate:.1f} a week and SKU-location"
    return "week", f"rows are dated by day, but one SKU-location has {rate:.2g} a week: weeks tell as much"
