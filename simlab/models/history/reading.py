"""Demand rows to histories: lives, cells, then the treatment that the study declares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simlab import mapped
from simlab.arrays import AnyArray, FloatArray, IntArray, narrow
from simlab.catalog.quality import QualityRow
from simlab.errors import InvalidInputError, Problem
from simlab.models.history.calendar import Calendar, whole_periods
from simlab.models.history.history import Found, History, side_by_side
from simlab.models.history.lives import Lives, lives_of, new_items_note
from simlab.models.shared import Sharing

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.catalog.catalog import DemandTable


def check_history_asked(catalog: Catalog) -> None:
    """Refuse options that only a history can answer, of a catalogue without one.

    Raises
    ------
    InvalidInputError
        Common factors, seasons, or a treatment of histories: all of them at once.
    """
    models, demand = catalog.study.models, catalog.study.demand
    asked = {
        "models.dependence": models.dependence is not None,
        "models.seasonality": models.seasonality is not None,
        "demand.censoring": demand.censoring != "none",
        "demand.outliers": demand.outliers.rule != "none",
        "demand.uplift": demand.uplift is not None,
    }
    why, file = "is estimated from histories, and there is no demand table", catalog.study.file
    fix = "give a demand table under [data.demand], or leave the option out: given laws stand as they are"
    found = [Problem("E-STU-008", why, file, column=name, fix=fix) for name, said in asked.items() if said]
    if found:
        raise InvalidInputError(found)


def with_memory(
    catalog: Catalog, history: History, half_life: FloatArray, sharing: Sharing | None = None
) -> History:
    """The history with older periods counting less; demand unseen in stock-outs is estimated again."""
    if catalog.study.demand.censoring == "none":
        return replace(history, half_life=half_life)
    found = read_history(catalog, half_life, (sharing or Sharing()).under("again"), history.threads)
    assert found is not None
    return found


def read_history(
    catalog: Catalog,
    half_life: FloatArray | None = None,
    sharing: Sharing | None = None,
    threads: int = 1,
) -> History | None:
    """Counts per period from the demand table; None if there is none.

    Parameters
    ----------
    catalog : Catalog
        Tables and study.
    half_life : (n,) float, optional
        `History.half_life`: demand unseen in stock-outs is drawn with these weights.
    sharing : Sharing, optional
        Pools of all items; these are all if left out.
    threads : int
        `History.threads`.

    Notes
    -----
    Outliers and periods stocked out are treated as the study says (`preparation`).

    With `censoring = "on_hand"` a period is stocked out where the shelf was empty at the end of one of
    its dates; the stock of a date stands until the next row of its SKU-location.

    A SKU-location's life is that of `lives_of`: all periods, unless it is new by evidence or the study
    says otherwise. Inside, a period without rows is zero demand, or no observation with
    `absent_dates = "unknown"`. Of a new item the period of its first demand is left out.
    """
    from simlab.models.history.calendar import closed_notes
    from simlab.models.history.preparation import prepared

    table, study, calendar = catalog.demand, catalog.study, calendar_of(catalog)
    if table is None or calendar is None:
        return None
    period = _periods(table, calendar, threads)
    lives = lives_of(catalog, calendar, table.item, period, table.quantity, threads)
    del period
    first, last = lives.first, lives.last
    cells, notes = _read(catalog, table, calendar, lives, threads)
    if study.demand.censoring != "none":
        cells = _with_empty_shelves(catalog, calendar, lives, cells)
    item, period, quantity, n_short = cells
    n_observed = _observed(catalog, calendar, item, first, last)
    sold = (quantity > 0) | (n_short > 0)
    history = History(
        calendar,
        n_observed,
        first,
        last,
        mapped.chosen(item, sold),
        mapped.chosen(period, sold),
        mapped.chosen(quantity, sold),
        study.demand.absent_dates == "zero",
        (*notes, *closed_notes(catalog, calendar, first, last)),
        new=lives.new,
        half_life=half_life,
        threads=threads,
    )
    return prepared(catalog, history, n_short[sold] > 0, sharing or Sharing())


def calendar_of(catalog: Catalog) -> Calendar | None:
    """The whole periods of the demand table; None if there is none."""
    dates = catalog.dates
    if catalog.demand is None or dates is None or (catalog.whole is None and catalog.demand.n_rows == 0):
        return None
    return whole_periods(catalog.study, dates.distinct, dates.first, np.datetime64(catalog.as_of, "D"))


_Cells = tuple[AnyArray, AnyArray, AnyArray, AnyArray]
"""Item, period, units and number of dates stocked out; one row per item and period, ascending."""


def _periods(table: DemandTable, calendar: Calendar, threads: int) -> AnyArray:
    """(m,) period of every row, in four bytes."""

    def of(rows: slice) -> AnyArray:
        return _kept(narrow(calendar.index(table.dates(rows))))

    return mapped.joined(_of_rows(table, of, threads))


def _of_rows(table: DemandTable, find: Callable[[slice], Found], threads: int) -> list[Found]:
    """What is found of some rows after the other, `threads` of them at a time."""

    def one(rows: slice) -> Found:
        found = find(rows)
        mapped.rest()
        return found

    return side_by_side(one, list(table.blocks()), threads)


def _kept(part: AnyArray) -> AnyArray:
    """A part of rows, in a file where there are many of them."""
    return mapped.away(part, piece=part.size >= _PIECE)


_PIECE = 1 << 16


def _read(
    catalog: Catalog, table: DemandTable, calendar: Calendar, lives: Lives, threads: int
) -> tuple[_Cells, tuple[QualityRow, ...]]:
    """Cells of the periods that count, some items after the other, and what was left out."""
    found = _of_rows(table, lambda rows: _counted(table, calendar, lives, rows), threads)
    parts, ends, closed, entries = zip(*found, strict=True)
    columns = [list(column) for column in zip(*parts, strict=True)]
    del found, parts
    period = catalog.study.period
    notes = [
        replace(_left_out(catalog, f"in a part {period} at an end of the history", ends), notice="as asked"),
        _left_out(catalog, f"in a closed {period}", closed),
    ]
    if lives.new.any():
        item, quantity = (np.concatenate(column) for column in zip(*entries, strict=True))
        notes.append(new_items_note(catalog, lives, item, quantity))
    item, cell, units, short = (mapped.joined(column) for column in columns)
    return (item, cell, units, short), tuple(note for note in notes if note.rows)


_Rows = tuple[AnyArray, AnyArray]
"""Item and units of some rows."""


def _counted(
    table: DemandTable, calendar: Calendar, lives: Lives, rows: slice
) -> tuple[_Cells, _Rows, _Rows, _Rows]:
    """Cells of some rows; rows in part periods at the ends, in closed ones, in the first of new items."""
    item, quantity = table.item[rows], table.quantity[rows].astype(np.int64)
    period = calendar.index(table.dates(rows))
    short = np.zeros(item.size, np.int64) if table.stockout is None else table.stockout[rows].astype(np.int64)
    counted = (period >= 0) & (period < calendar.n_periods)
    ends = item[~counted], quantity[~counted]
    item, period, quantity, short = item[counted], period[counted], quantity[counted], short[counted]
    is_open = calendar.open[period]
    closed = item[~is_open], quantity[~is_open]
    entry = is_open & lives.new[item] & (period < lives.first[item])
    kept = is_open & ~entry
    cells = _cells(item[kept], period[kept], quantity[kept], short[kept])
    return cells, ends, closed, (item[entry], quantity[entry])


def _with_empty_shelves(catalog: Catalog, calendar: Calendar, lives: Lives, cells: _Cells) -> _Cells:
    """The cells with those in which the shelf was empty, sold or not; no stock-out outside a life."""
    from simlab.models.history.censoring import alive, empty_shelves

    item, period, quantity, short = (one.astype(np.int64) for one in cells)
    short = np.where(alive(lives.first, lives.last, item, period), short, 0)
    empty = empty_shelves(catalog, calendar, lives.first, lives.last)
    once = np.ones(empty[0].size, np.int64)
    return _cells(
        np.concatenate([item, empty[0]]),
        np.concatenate([period, empty[1]]),
        np.concatenate([quantity, 0 * once]),
        np.concatenate([short, once]),
    )


def _cells(item: AnyArray, period: AnyArray, quantity: AnyArray, short: AnyArray) -> _Cells:
    """One row per item and period, ascending, with the sums of its units and of its stock-outs."""
    width = int(period.max()) + 1 if period.size else 1
    key = item.astype(np.int64) * width + period
    order = np.argsort(key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    units, times = (
        np.add.reduceat(one[order], starts, dtype=np.int64) if starts.size else one[:0]
        for one in (quantity, short)
    )
    key = key[starts]
    return _kept(narrow(key // width)), _kept(narrow(key % width)), _kept(narrow(units)), _few(times)


def _few(times: AnyArray) -> AnyArray:
    """Counts of dates stocked out, in a byte each where none is above 255: mostly none is above 0."""
    return _kept(times.astype(np.uint8) if times.max(initial=0) < 256 else narrow(times))


def _observed(
    catalog: Catalog, calendar: Calendar, item: IntArray, first: IntArray, last: IntArray
) -> IntArray:
    """(n,) observed periods: the open ones of a life, or only those with rows."""
    if catalog.study.demand.absent_dates == "unknown":
        return np.bincount(item, minlength=catalog.n_items)
    opened = np.concatenate([[0], np.cumsum(calendar.open)])
    lived = opened[np.maximum(last + 1, 0)] - opened[np.minimum(first, calendar.n_periods)]
    return np.asarray(np.maximum(lived, 0))


def _left_out(catalog: Catalog, what: str, parts: Sequence[_Rows]) -> QualityRow:
    """A note of rows that are left out, given part by part."""
    item, quantity = (np.concatenate(column) for column in zip(*parts, strict=True))
    cost = catalog.unit_cost[item] * catalog.study.data.cost_resolution
    units, value = float(quantity.sum()), float((quantity * cost).sum())
    return QualityRow("demand", what, "dropped", item.size, units, value, "left out of the demand laws")
