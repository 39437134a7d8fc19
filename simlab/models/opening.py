"""Today's stock and what is on order: where a run from today starts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab.arrays import BoolArray, DateArray, FloatArray, IntArray
from simlab.catalog.calendar.periods import running_number
from simlab.catalog.catalog import ON_ORDER_DUE, OPEN_ORDERS_TABLE
from simlab.engine.world.demand_law import DemandLaw
from simlab.engine.world.world import LeadTimeLaw, Start
from simlab.errors import InvalidInputError, Problem
from simlab.measures import format_number
from simlab.models.shared import Sharing
from simlab.models.terms import stated_column

if TYPE_CHECKING:
    from simlab.catalog import Catalog

_NAMED = 5
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, eq=False)
class Pipeline:
    """What is on order today.

    Attributes
    ----------
    item, period, units : (k,) int64
        Orders with a date: when they arrive, in periods from the first one after `as_of` on.
    undated : (n,) int64
        Units of `on_order` that no order with a date explains.
    unknown : (n,) bool
        Nothing says what is on order.
    assumed : (n,) bool
        `on_order` is filled for others and empty here: taken as nothing, and said by name.
    overdue : int
        Orders due by `as_of`: they arrive in the first period.
    source : str
        Where the orders with a date come from; empty without any.
    parts : (n,) int64
        Parts that a unit of each item is counted in: sums over items are shown in the files' units.
    """

    item: IntArray
    period: IntArray
    units: IntArray
    undated: IntArray
    unknown: BoolArray
    assumed: BoolArray
    overdue: int
    source: str
    parts: IntArray

    @property
    def lump(self) -> float:
        """Units without a date, as files have them."""
        return float((self.undated / self.parts).sum())

    def start(self, on_hand: IntArray, lead: LeadTimeLaw) -> Start:
        """The stock and this pipeline; what has no date arrives one mean lead time from now."""
        constant = lead.length[lead.law] == 1
        rows = np.flatnonzero((self.undated > 0) & ~constant)
        mean = np.array([float(np.dot(*lead.support(row))) for row in rows.tolist()])
        return Start(
            on_hand,
            np.where(constant, self.undated, 0),
            np.concatenate([self.item, rows]),
            np.concatenate([self.period, np.floor(mean + 0.5).astype(np.int64)]),
            np.concatenate([self.units, self.undated[rows]]),
        )


def pipeline_today(catalog: Catalog, lead: LeadTimeLaw, sharing: Sharing | None = None) -> Pipeline:
    """What is on order, and when it comes.

    Parameters
    ----------
    catalog : Catalog
        `due` (the table of open orders, else `on_order_due` of items); without it rows of receipts with
        `sku` and `location` that were not received; `on_order` of items.
    lead : LeadTimeLaw
        n items, periods.
    sharing : Sharing, optional
        Pools of all items; these are all if left out.

    Notes
    -----
    The table of open orders and the open rows of receipts are never both used. `on_order` counts all units:
    what the orders with a date do not explain is a remainder without one. An open row of receipts is
    expected on its `promised_date` if that lies ahead, else after the mean lead time given that it takes
    longer than until `as_of`.

    Raises
    ------
    InvalidInputError
        Dates, and no last date to count them from.
    """
    none = np.zeros(0, np.int64)
    item, period, units, overdue, source = none, none, none, 0, ""
    if catalog.due is not None:
        item, units, source = catalog.due.item, catalog.due.quantity, catalog.due.source
        period = _periods_until(catalog, catalog.due.due)
        overdue = int((catalog.due.due <= _last_day(catalog)).sum()) if item.size else 0
    elif catalog.open_orders is not None:
        item, period, units = _open_receipts(catalog, lead)
        source = "rows of receipts without receipt_date" if item.size else ""
    dated = np.zeros(catalog.n_items, np.int64)
    np.add.at(dated, item, units)
    on_order = stated_column(catalog, "on_order")
    whole = source not in ("", ON_ORDER_DUE)  # a table of orders tells of all items
    silent = np.zeros(catalog.n_items, np.bool_) if whole else np.isnan(on_order)
    filled = (sharing or Sharing()).flag("on_order is filled", lambda: bool(np.isfinite(on_order).any()))
    undated = np.maximum(whole_units(np.nan_to_num(on_order)) - dated, 0)
    return Pipeline(
        item, period, units, undated, silent & (not filled), silent & filled, overdue, source, catalog.parts
    )


def shelf_record(catalog: Catalog) -> IntArray | None:
    """(n,) units on the shelves (below 0: owed); None unless known of all items."""
    on_hand = stated_column(catalog, "on_hand")
    return whole_units(on_hand) if np.isfinite(on_hand).all() else None


def stock_record(catalog: Catalog, lead: LeadTimeLaw) -> tuple[Start, Pipeline] | None:
    """What is on the shelves and on order; None unless the shelves of all items are known.

    Where nothing says what is on order (`Pipeline.unknown`) the start has nothing: say so.
    """
    on_hand = shelf_record(catalog)
    if on_hand is None:
        return None
    pipeline = pipeline_today(catalog, lead)
    return pipeline.start(on_hand, lead), pipeline


def opening_stock(
    catalog: Catalog, lead: LeadTimeLaw, sharing: Sharing | None = None
) -> tuple[Start, tuple[str, ...]]:
    """The start of a transient study (`policy.start = "today"`), and what it assumes, in sentences.

    Raises
    ------
    InvalidInputError
        SKU-locations without `on_hand`, or of which nothing says what is on order, by name.
    """
    on_hand = stated_column(catalog, "on_hand")
    pipeline = pipeline_today(catalog, lead, sharing)
    problems = [
        *_missing(catalog, np.isnan(on_hand), "on_hand", "no stock", "the shelf is empty"),
        *_missing(catalog, pipeline.unknown, "on_order", "nothing on order said", "nothing is on order"),
    ]
    if problems:
        raise InvalidInputError(problems)
    periods, period = catalog.study.simulation.periods, catalog.study.period
    lines = (
        "every replication starts from today's stock (items.on_hand) and what is on order, and counts all "
        f"{periods} {period}s from there: a transient result, which says nothing of the long run",
        *_dates_in_words(pipeline, period),
        *_assumed_in_words(catalog, pipeline.assumed),
    )
    return pipeline.start(whole_units(on_hand), lead), lines


def never_moves(law: DemandLaw, least_level: IntArray, on_hand: npt.NDArray[np.number]) -> BoolArray:
    """(n,) items whose stock never moves: never demanded, and their minimum lies on the shelf."""
    return np.asarray((law.mean == 0) & ((least_level == 0) | (on_hand >= least_level)))


def moving_part(start: Start, law: DemandLaw, least_level: IntArray) -> Start:
    """A start without the stock that never moves, which is dead stock: a constant of its own.

    What is owed stays, and is delivered. Of what is never demanded and has a `minimum_level` that lies on the
    shelf, that minimum is left, which plans carry.
    """
    still = never_moves(law, least_level, start.on_hand)
    dated = {}
    if start.due_item is not None and start.due_period is not None and start.due_units is not None:
        moves = ~still[start.due_item]
        dated = {
            "due_item": start.due_item[moves],
            "due_period": start.due_period[moves],
            "due_units": start.due_units[moves],
        }
    return replace(
        start,
        on_hand=np.where(still, np.minimum(start.on_hand, least_level), start.on_hand),
        on_order=np.where(still, 0, start.on_order),
        **dated,
    )


def whole_units(numbers: FloatArray) -> IntArray:
    """To the nearest unit."""
    return np.rint(numbers).astype(np.int64)


def units_in_words(units: float) -> str:
    """As files have them: whole where they are."""
    return format_number(units, 0 if units == round(units) else 2)


def _dates_in_words(pipeline: Pipeline, period: str) -> list[str]:
    lines = []
    if pipeline.source:
        units = float((pipeline.units / pipeline.parts[pipeline.item]).sum())
        n = pipeline.item.size
        orders = f"{n:,} open orders" if n > 1 else "1 open order"
        text = f"{orders} of {units_in_words(units)} units arrive{'' if n > 1 else 's'} one by one"
        stated = pipeline.source in (OPEN_ORDERS_TABLE, ON_ORDER_DUE)
        when = "on their due dates" if stated else "when they are expected"
        lines.append(f"{text} {when} ({pipeline.source})")
    if pipeline.overdue:
        lines.append(f"{pipeline.overdue:,} of them were due by now: they arrive in the first {period}")
    if pipeline.lump:
        lines.append(
            f"{units_in_words(pipeline.lump)} units on order (items.on_order) have no date: they arrive "
            "together, one mean lead time from now; due dates belong into [data.open_orders]"
        )
    return lines


def _assumed_in_words(catalog: Catalog, assumed: BoolArray) -> list[str]:
    if not assumed.any():
        return []
    return [f"on_order is empty for {_names(catalog, assumed)}: taken as nothing on order"]


def _names(catalog: Catalog, where: BoolArray) -> str:
    rows = np.flatnonzero(where).tolist()
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return ", ".join(f"{catalog.sku[row]}@{catalog.location[row]}" for row in rows[:_NAMED]) + more


def _periods_until(catalog: Catalog, dates: DateArray) -> IntArray:
    """(m,) number of the simulated period in which a date lies, 0 the first one after the last date used."""
    if dates.size == 0:
        return np.zeros(0, np.int64)
    study, last = catalog.study, _last_day(catalog)
    if study.period != "day":
        first = running_number(np.array([last + _DAY]), study.period, study.week_starts)[0]
        return np.asarray(np.maximum(running_number(dates, study.period, study.week_starts) - first, 0))
    ahead = np.maximum((dates - last).astype("timedelta64[D]").astype(np.int64) - 1, 0)
    days = last + _DAY + np.arange(int(ahead.max()) + 1) * _DAY
    passed = np.concatenate([[0], np.cumsum(~study.demand.closed_mask(days))])
    return np.asarray(passed[ahead], dtype=np.int64)


def _last_day(catalog: Catalog) -> np.datetime64:
    if catalog.as_of is None:
        fix = "say [study] as_of, the date that stock and open orders are of"
        what = "is needed to count due dates from, where there is no demand table"
        raise InvalidInputError([Problem("E-MOD-025", what, column="study.as_of", fix=fix)])
    return np.datetime64(catalog.as_of, "D")


def _open_receipts(catalog: Catalog, lead: LeadTimeLaw) -> tuple[IntArray, IntArray, IntArray]:
    """Item, period and units still to come of the rows of receipts that were not received."""
    table = catalog.open_orders
    assert table is not None
    pairs = [(str(a), str(b)) for a, b in zip(table.sku, table.location, strict=True)]
    asked = set(pairs)
    keys = enumerate(zip(catalog.sku, catalog.location, strict=True))
    number = {key: row for row, key in keys if key in asked}
    item = np.array([number.get(pair, -1) for pair in pairs], dtype=np.int64)
    came = 0 if table.received_quantity is None else np.maximum(table.received_quantity, 0)
    units = np.maximum(table.quantity - came, 0)
    rows = np.flatnonzero((item >= 0) & (units > 0))
    if rows.size == 0:
        none = np.zeros(0, np.int64)
        return none, none, none
    item, units, table = item[rows], units[rows], table.take(rows)
    age = (_last_day(catalog) - table.order_date).astype("timedelta64[D]").astype(np.float64)
    age /= float(catalog.study.days_per_period)
    period = np.array([_left(lead, row, old) for row, old in zip(item.tolist(), age.tolist(), strict=True)])
    promised = table.texts.get("promised_date")
    if promised is not None:
        day = np.array([word or "NaT" for word in promised], dtype="datetime64[D]")
        ahead = ~np.isnat(day) & (day > _last_day(catalog))
        period[ahead] = _periods_until(catalog, day[ahead])
    return item, period.astype(np.int64), units


def _left(lead: LeadTimeLaw, item: int, age: float) -> int:
    """Period of arrival of an order of some age, at the mean of the lead times that are longer."""
    periods, shares = lead.support(item)
    longer = periods > age
    if not longer.any():
        return 0
    mean = float(periods[longer] @ shares[longer] / shares[longer].sum())
    return max(round(mean - age - 1.0), 0)


def _missing(catalog: Catalog, where: BoolArray, column: str, what: str, zero: str) -> list[Problem]:
    """A problem that asks for what is missing, by name."""
    if not where.any():
        return []
    file = catalog.study.data.items.path or "items"
    table = "" if column == "on_hand" else "give open orders with due dates ([data.open_orders]), or "
    fix = f'{table}fill {column} (0 where {zero}), or say [policy] start = "stationary"'
    text = f'policy.start = "today" finds {what} for {_names(catalog, where)}'
    return [Problem("E-MOD-020", text, file, column=column, fix=fix)]
