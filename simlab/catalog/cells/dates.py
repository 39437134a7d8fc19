"""Dates in a declared format, or in one that the column itself proves; mixtures are refused."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simlab.catalog import findings as found
from simlab.catalog.cells.numerals import BLANKS, Fault

FIRST_YEAR, LAST_YEAR = 1900, 2199
_ISO = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_ISO_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*")
_ISO_WEEK = re.compile(r"((?:19|20)[0-9]{2})-?[Ww](0[1-9]|[1-5][0-9])")
_WEEKS = 52  # that every year has
_SERIAL = re.compile(r"[0-9]{5}(?:\.0+)?")
_EPOCH_OF_EXCEL = dt.date(1899, 12, 30)
CANDIDATES = (
    *("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y%m%d"),
    *("%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y"),
)
MONTHS = (
    *("%Y-%m", "%Y/%m", "%Y.%m", "%Y%m", "%YM%m", "%m/%Y", "%m.%Y", "%m-%Y"),
    *("%b %Y", "%b-%Y", "%b-%y", "%b %y", "%b. %Y", "%B %Y"),
)
"""Patterns of months without a day, which are taken as their first day."""
_CLOCKS = ("%H:%M:%S", "%H:%M:%S.%f", "%H:%M", "%H:%M:%S%z", "%H:%M:%S.%f%z", "%I:%M:%S %p", "%I:%M %p")
Reader = Callable[[str], dt.date | None]


@dataclass(frozen=True)
class DateFormat:
    """How a column writes dates.

    Attributes
    ----------
    name : str
        iso, excel_serial or a strptime pattern.
    proved : bool
        Found out from the cells, not declared.
    unsure : tuple of str
        Patterns that all cells fit, where there are several; empty if one is proved or declared.
    mixed : bool
        Some cells are ISO dates and others are not.
    """

    name: str = "iso"
    proved: bool = False
    unsure: tuple[str, ...] = ()
    mixed: bool = False

    def reader(self) -> Reader:
        """From a cell to its date, None if it is not one."""
        if self.name == "iso":
            return _iso
        if self.name == "excel_serial":
            return _serial
        return lambda cell: _by_pattern(cell, self.name)


def _iso(cell: str) -> dt.date | None:
    match = _ISO.fullmatch(cell.strip(BLANKS))
    if match is None:
        return None
    try:
        return dt.date.fromisoformat(match.group(1))
    except ValueError:
        return None


def _serial(cell: str) -> dt.date | None:
    text = cell.strip(BLANKS)
    if _SERIAL.fullmatch(text) is None:
        return None
    return _EPOCH_OF_EXCEL + dt.timedelta(days=int(text.partition(".")[0]))


def _by_pattern(cell: str, pattern: str) -> dt.date | None:
    text = cell.strip(BLANKS)
    if not text.isascii() and any(ch.isdigit() and not ch.isascii() for ch in text):
        return None
    try:
        return dt.datetime.strptime(text, pattern).date()
    except ValueError:
        return None


def date_format_of(cells: Sequence[str], declared: str | None) -> DateFormat:
    """The declared format; else iso where any cell is; else the only common format that fits all cells.

    Parameters
    ----------
    cells : sequence of str
        Distinct cells of one column.
    declared : str or None
        `date_format` of the study if it says one.
    """
    if declared is not None:
        return DateFormat(declared)
    iso = sum(_iso(cell) is not None or _ISO_TIME.fullmatch(cell.strip(BLANKS)) is not None for cell in cells)
    if iso or not cells:
        return DateFormat(mixed=iso < len(cells))
    fitting = [name for name in CANDIDATES if _fits(cells, name)]
    if len(fitting) == 1:
        return DateFormat(fitting[0], proved=True)
    if fitting:
        return DateFormat(unsure=tuple(fitting))
    return DateFormat()


def timed_formats_of(cells: Sequence[str]) -> list[str]:
    """The patterns of a date with a time of day that fit all cells, as point of sale and shop systems write.

    Parameters
    ----------
    cells : sequence of str
        Distinct cells of one column.
    """
    fitting = [f"{day}{gap}{clock}" for day in ("%Y-%m-%d", *CANDIDATES) for gap in " T" for clock in _CLOCKS]
    for part in (cells[:50], cells):  # most patterns go by the first few cells
        fitting = [name for name in fitting if part and _fits(part, name)]
    return fitting


def _fits(cells: Sequence[str], name: str) -> bool:
    read = DateFormat(name).reader()
    return all((day := read(cell)) is not None and FIRST_YEAR <= day.year <= LAST_YEAR for cell in cells)


def not_a_date(cell: str, table: str, form: DateFormat) -> Fault:
    """The fault of a cell that is not a date in the column's format."""
    option = f"[data.{table}] date_format"
    if form.unsure:
        message = f"{cell!r} may be read as {' or '.join(form.unsure)}"
        return Fault(found.NOT_A_DATE, message, f'declare {option} = "{form.unsure[0]}" or the other')
    text = cell.strip(BLANKS)
    if form.name == "iso" and _SERIAL.fullmatch(text):
        message = f"{cell!r} is not a date like 2025-12-31 (a serial number of a spreadsheet?)"
        return Fault(found.NOT_A_DATE, message, f'declare {option} = "excel_serial" (counted from 1900)')
    timed = timed_formats_of([text]) if form.name == "iso" else []
    if timed or (form.name == "iso" and _ISO_TIME.fullmatch(text)):
        pattern = " or ".join(f'"{name}"' for name in timed or ["%Y-%m-%d %H:%M:%S"])
        fix = f"sum by date, or declare {option} = {pattern} to leave the time out"
        return Fault(found.NOT_A_DATE, f"{cell!r} is a time, a date is meant", fix)
    months = [name for name in MONTHS if form.name == "iso" and _fits([text], name)]
    if months:
        fix = f'declare {option} = "{months[0]}", which takes a month as its first day'
        return Fault(found.NOT_A_DATE, f"{cell!r} is a month, a date is meant", fix)
    if form.name == "iso" and (week := _ISO_WEEK.fullmatch(text)) is not None and int(week[2]) <= _WEEKS:
        monday = dt.date.fromisocalendar(int(week[1]), int(week[2]), 1)
        fix = f"write the Monday of each week, here {monday}"
        return Fault(found.NOT_A_DATE, f"{cell!r} is a week, a date is meant", fix)
    like = {"iso": "like 2025-12-31", "excel_serial": "as a serial number"}.get(
        form.name, f"like {form.name}"
    )
    fix = f'write all dates the same way; if they are, declare {option} = "%d/%m/%Y" or similar'
    like += ", as other rows are" if form.mixed else ""
    return Fault(found.NOT_A_DATE, f"{cell!r} is not a date {like}", fix)
