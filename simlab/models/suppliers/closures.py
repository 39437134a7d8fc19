"""Suppliers' holidays: days on which nothing leaves them and nothing of theirs arrives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab.arrays import BoolArray
from simlab.engine.world.world import Supply
from simlab.errors import InvalidInputError, Problem
from simlab.study import closed_days

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.study import Study

_CYCLE = {"week": 52, "month": 12}
_WEEKS = 52
_WORKING = 5 / 7
"""Share of its days from which on a week or month is closed: Monday to Friday of a week."""
_NAMED = 5
_YEARS = {
    0: "the year that is simulated",
    -1: "the year before the one that is simulated",
    1: "the year after the one that is simulated",
}
Dates = npt.NDArray[np.datetime64]
Spans = Sequence[tuple[dt.date, dt.date]]


@dataclass(frozen=True, eq=False)
class Closure:
    """What the dates of one supplier close.

    Attributes
    ----------
    closed : (cycle,) bool
        By period of the year that follows the last date of the study.
    days : int
        Days of that year that the dates name; if they name none those of the year before in their place, or
        else of the year after.
    lost : int
        Days named that close no period of the simulation: parts of weeks or months.
    years_off : int
        −1 or 1: it is the year before, or after, that the dates are of.
    """

    closed: BoolArray
    days: int
    lost: int
    years_off: int


def check_closures(catalog: Catalog) -> None:
    """Refuse holidays of suppliers that no item has, dates far from the study's year, a year without a day.

    Raises
    ------
    InvalidInputError
        All of them at once.
    """
    study = catalog.study
    known = {str(name) for name in catalog.texts.get("supplier", ()) if name}
    problems = []
    for name, spans in study.calendar.closed.items():
        where = f"calendar.closed.{name!r}"
        if name not in known:
            shown = ", ".join(sorted(known)[:_NAMED]) or "none: fill column 'supplier'"
            what, fix = "no item has this supplier", f"items have {shown}"
            problems.append(Problem("E-MOD-021", what, study.file, column=where, fix=fix))
            continue
        found = closure(study, catalog.as_of, spans)
        if found.days == 0:
            first, last = year_after(study, catalog.as_of, spans)[[0, -1]]
            what = (
                f"none of its dates lies in {first} to {last}, the year that is simulated, or the year "
                "before or after"
            )
            fix = "name the holidays of that year: they come again every year"
            problems.append(Problem("E-MOD-021", what, study.file, column=where, fix=fix))
        elif found.closed.all():
            what = "is closed all year"
            fix = "leave out the days on which it sends or delivers"
            problems.append(Problem("E-MOD-021", what, study.file, column=where, fix=fix))
    if problems:
        raise InvalidInputError(problems)


def with_closures(catalog: Catalog, supply: Supply | None, plain: Supply) -> tuple[Supply | None, list[str]]:
    """Suppliers with their holidays, and what that assumes, in sentences.

    Parameters
    ----------
    catalog : Catalog
    supply : Supply or None
        What is known of suppliers otherwise.
    plain : Supply
        Every supplier of the items without anything of its own.
    """
    study = catalog.study
    if not study.calendar.closed:
        return supply, []
    supply = plain if supply is None else supply
    names = np.array([str(name or "") for name in catalog.texts["supplier"]], dtype=object)
    closed = np.zeros((supply.keys.size, cycle_of(study)), np.bool_)
    said = []
    for name, spans in study.calendar.closed.items():
        found = closure(study, catalog.as_of, spans)
        closed[np.unique(supply.supplier[names == name])] = found.closed
        said.append(_sentence(name, found, study))
    return replace(supply, closed=closed if closed.any() else None), said


def cycle_of(study: Study) -> int:
    """Periods of the year that comes again and again: 52 weeks of open weekdays, 52 weeks or 12 months."""
    return _CYCLE.get(study.period, _WEEKS * study.demand.open_weekdays)


def year_after(study: Study, as_of: dt.date | None, spans: Spans) -> Dates:
    """The days of a year from the first period after the last date of the study on.

    Where there is no such date, of the year of the first holiday.
    """
    last = np.datetime64(as_of or dt.date(min(first for first, _ in spans).year - 1, 12, 31), "D")
    if study.period == "month":
        month = last.astype("datetime64[M]") + 1
        return np.arange(month.astype("datetime64[D]"), (month + 12).astype("datetime64[D]"))
    first = last + 1
    if study.period == "week":
        week = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        starts = week.index(study.week_starts)
        first = first + int((starts - (first.astype(np.int64) + 3)) % 7)
    return np.arange(first, first + 7 * _WEEKS)


def closure(study: Study, as_of: dt.date | None, spans: Spans) -> Closure:
    """What the dates of a supplier close in the year that is simulated.

    The dates of that year count; where they name none, those of the year before, in the same weeks (or
    months) of it; else those of the year after (plans made again as on an earlier day).
    """
    days = year_after(study, as_of, spans)
    for years_off in (0, -1, 1):
        closed = closed_days(_moved(study, days, years_off), spans, ())
        if closed.any():
            break
    number = _periods(study, days)
    inside = number >= 0
    n = cycle_of(study)
    size = np.bincount(number[inside], minlength=n)
    shut = np.bincount(number[inside], weights=closed[inside], minlength=n)
    whole = shut >= _WORKING * size - 1e-9
    lost = int(shut[~whole].sum())
    return Closure(np.asarray(whole), int(closed.sum()), lost, years_off)


def _moved(study: Study, days: Dates, years: int) -> Dates:
    """The same days so many years later."""
    if study.period != "month":
        return np.asarray(days + years * 7 * _WEEKS)
    month = days.astype("datetime64[M]")
    return np.asarray((month + years * 12).astype("datetime64[D]") + (days - month.astype("datetime64[D]")))


def _periods(study: Study, days: Dates) -> npt.NDArray[np.int64]:
    """Period of each day; −1: on a weekday that the study does not simulate."""
    if study.period == "month":
        month = days.astype("datetime64[M]").astype(np.int64)
        return np.asarray(month - month[0])
    if study.period == "week":
        return np.arange(days.size) // 7
    is_open = ~closed_days(days, (), study.demand.weekdays)
    return np.where(is_open, np.cumsum(is_open) - 1, -1)


def _sentence(name: str, found: Closure, study: Study) -> str:
    n = int(found.closed.sum())
    year = _YEARS[found.years_off]
    text = (
        f"supplier {name} is closed in {n} of {found.closed.size} {study.period}s of a year, as in {year}: "
        "nothing leaves it and nothing of its arrives then"
    )
    if found.lost:
        text += f"; {found.lost} days of parts of {study.period}s that are open otherwise are left out"
    return text
