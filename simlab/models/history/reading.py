"""Demand rows to histories: lives, cells, then the treatment that the study declares."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.catalog.quality import QualityRow
from simlab.errors import InvalidInputError, Problem
from simlab.models.history.calendar import Calendar, whole_periods
from simlab.models.history.history import History
from simlab.models.history.lives import lives_of, new_items_note

if TYPE_CHECKING:
    from simlab.catalog import Catalog


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


def with_memory(catalog: Catalog, history: History, half_life: FloatArray) -> History:
    """The history with older periods counting less; demand unseen in stock-outs is estimated again."""
    if catalog.study.demand.censoring == "none":
        return replace(history, half_life=half_life)
    found = read_history(catalog, half_life)
    assert found is not None
    return found


def read_history(catalog: Catalog, half_life: FloatArray | None = None) -> History | None:
    """Counts per period from the demand table; None if there is none.

    Parameters
    ----------
    catalog : Catalog
        Tables and study.
    half_life : (n,) float, optional
        `History.half_life`: demand unseen in stock-outs is drawn with these weights.

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
    from simlab.models.history.censoring import alive, empty_shelves
    from simlab.models.history.preparation import prepared

    table, study = catalog.demand, catalog.study
    if table is None or table.item.size == 0:
        return None
    item, date, quantity = table.item, table.date, table.quantity
    as_of = np.datetime64(catalog.as_of, "D")
    calendar = whole_periods(study, date, np.datetime64(catalog.first_date, "D"), as_of)
    period = calendar.index(date)
    lives = lives_of(catalog, calendar, item, period, quantity)
    first, last = lives.first, lives.last
    counted = (period >= 0) & (period < calendar.n_periods)
    what = f"in a part {study.period} at an end of the history"
    notes = [replace(_left_out(catalog, what, item, quantity, ~counted), notice="as asked")]
    short = table.stockout if table.stockout is not None else np.zeros(item.size, np.bool_)
    item, period, quantity, short = item[counted], period[counted], quantity[counted], short[counted]
    is_open = calendar.open[period]
    notes.append(_left_out(catalog, f"in a closed {study.period}", item, quantity, ~is_open))
    entry = is_open & lives.new[item] & (period < first[item])
    if lives.new.any():
        notes.append(new_items_note(catalog, lives, item[entry], quantity[entry]))
    kept = is_open & ~entry
    item, period, short, quantity = item[kept], period[kept], short[kept], quantity[kept]
    if study.demand.censoring != "none":
        empty = empty_shelves(catalog, calendar, first, last)
        nothing = np.zeros(empty[0].size, np.int64)
        item, period = np.concatenate([item, empty[0]]), np.concatenate([period, empty[1]])
        quantity = np.concatenate([quantity, nothing])
        short = np.concatenate(
            [short & alive(first, last, item[: short.size], period[: short.size]), nothing == 0]
        )
    item, period, (quantity, n_short) = _cells(item, period, quantity, short.astype(np.int64))
    n_observed = _observed(catalog, calendar, item, first, last)
    sold = (quantity > 0) | (n_short > 0)
    history = History(
        calendar,
        n_observed,
        first,
        last,
        item[sold],
        period[sold],
        quantity[sold],
        study.demand.absent_dates == "zero",
        (*(note for note in notes if note.rows), *closed_notes(catalog, calendar, first, last)),
        new=lives.new,
        half_life=half_life,
    )
    return prepared(catalog, history, n_short[sold] > 0)


def _cells(
    item: IntArray, period: IntArray, *values: IntArray
) -> tuple[IntArray, IntArray, tuple[IntArray, ...]]:
    """One row per item and period, ascending, with the sums of its values."""
    width = int(period.max()) + 1 if period.size else 1
    key = item * width + period
    order = np.argsort(key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    totals = tuple(np.add.reduceat(one[order], starts) if starts.size else one[:0] for one in values)
    key = key[starts]
    return key // width, key % width, totals


def _observed(
    catalog: Catalog, calendar: Calendar, item: IntArray, first: IntArray, last: IntArray
) -> IntArray:
    """(n,) observed periods: the open ones of a life, or only those with rows."""
    if catalog.study.demand.absent_dates == "unknown":
        return np.bincount(item, minlength=catalog.n_items)
    opened = np.concatenate([[0], np.cumsum(calendar.open)])
    lived = opened[np.maximum(last + 1, 0)] - opened[np.minimum(first, calendar.n_periods)]
    return np.asarray(np.maximum(lived, 0))


def _left_out(catalog: Catalog, what: str, item: IntArray, quantity: IntArray, out: BoolArray) -> QualityRow:
    cost = catalog.unit_cost[item[out]] * catalog.study.data.cost_resolution
    units, value = float(quantity[out].sum()), float((quantity[out] * cost).sum())
    return QualityRow("demand", what, "dropped", int(out.sum()), units, value, "left out of the demand laws")
