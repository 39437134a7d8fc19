"""Order terms and costs of every SKU-location, from the items table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, CodeArray, DateArray, FloatArray, IntArray
from simlab.catalog.calendar.periods import running_number
from simlab.catalog.catalog import ON_ORDER_DUE, OPEN_ORDERS_TABLE
from simlab.catalog.quality import QualityRow
from simlab.engine.world.demand_law import DemandLaw
from simlab.engine.world.world import MILLION, NOTHING, LeadTimeLaw, OrderTerms, Start, Unmet
from simlab.errors import InvalidInputError, Problem
from simlab.models.working_parts import is_whole, stated_reviews

if TYPE_CHECKING:
    from simlab.catalog import Catalog


HOLDING_RATE = 0.20
"""Per year, where the items table does not say."""
_PARTS = 100  # holding costs are counted in hundredths of the cost resolution
_UNMET = {"backorder": MILLION, "backorders": MILLION, "lost": 0}


HIGH_RATE = "holding rates are above 1 a year"
"""Begins the question where it costs more to hold a unit for a year than to buy it."""


@dataclass(frozen=True, eq=False)
class Costs:
    """Money per SKU-location.

    Attributes
    ----------
    unit_cost : (n,) int64
        In multiples of `cost_resolution`.
    holding : (n,) int64
        Cost of holding a unit for a year, in multiples of `cost_resolution` / 100, rounded once.
    holding_rate : (n,) float
        Per year.
    order_cost : (n,) float
        Study currency per order; NaN where not given.
    order_quantity : (n,) float
        Units; NaN where not given.
    cost_resolution : float
        Study currency.
    """

    unit_cost: IntArray
    holding: IntArray
    holding_rate: FloatArray
    order_cost: FloatArray
    order_quantity: FloatArray
    cost_resolution: float


def read_costs(catalog: Catalog) -> tuple[Costs, tuple[str, ...]]:
    """Costs of all items, and what had to be assumed."""
    said = catalog.study.optimize.costs
    rate = _column(catalog, "holding_rate")
    if said is not None and said.holding_rate is not None:
        rate = np.full_like(rate, said.holding_rate)
    missing = np.isnan(rate)
    rate = np.where(missing, HOLDING_RATE, rate)
    holding = np.rint(catalog.unit_cost * rate * _PARTS).astype(np.int64)
    assumed = (
        f"holding_rate is missing for {int(missing.sum())} of {catalog.n_items} SKU-locations: "
        f"{HOLDING_RATE:.2f} per year is used",
    )
    high = np.flatnonzero(rate > 1)
    if high.size:
        worst = int(high[rate[high].argmax()])
        assumed = (
            *(assumed if missing.any() else ()),
            f"{HIGH_RATE} for {high.size:,} of {catalog.n_items:,} SKU-locations "
            f"({catalog.sku[worst]}@{catalog.location[worst]}: {rate[worst]:g} a year: "
            f"{100 * rate[worst]:g} %?): rates are fractions, and this one is taken as it stands",
        )
    costs = Costs(
        catalog.unit_cost,
        holding,
        rate,
        _column(catalog, "order_cost"),
        _column(catalog, "order_quantity"),
        catalog.study.data.cost_resolution,
    )
    return costs, assumed if missing.any() or high.size else ()


def read_terms(catalog: Catalog) -> OrderTerms:
    """Order terms of all items, in periods and units.

    Raises
    ------
    InvalidInputError
        Limits below 0, packs below 1, parts of units, a smallest order above the largest one
        or above the highest position, units owed (`on_hand` below 0) where demand can be lost.

    Notes
    -----
    Review periods and phases become the nearest whole number of periods, at least 1 and 0; what was
    not exact is told by `review_notes`, or goes by parts (`working_parts`).
    """
    given = _column(catalog, "review_period")
    wanted, first = stated_reviews(catalog)
    review = np.maximum(np.rint(wanted), 1).astype(np.int64)
    phase = np.rint(first).astype(np.int64) % review
    pack, moq, largest = (_column(catalog, name) for name in ("pack_size", "moq", "max_order"))
    ceiling = np.nan_to_num(_column(catalog, "max_position")).astype(np.int64)
    problems = [*_unit_problems(catalog, pack, moq, largest, ceiling), *_review_problems(catalog, given)]
    waits, unknown = _waits(catalog)
    unmet = _unmet(waits)
    problems += [*unknown, *_owed_problems(catalog, unmet), *_nothing_allowed(catalog)]
    if problems:
        raise InvalidInputError(problems)
    return OrderTerms(
        review,
        phase,
        np.where(np.isnan(pack), 1, pack).astype(np.int64),
        np.nan_to_num(moq).astype(np.int64),
        np.where(largest == 0, NOTHING, np.nan_to_num(largest)).astype(np.int64),
        unmet,
        np.where(unmet == Unmet.PARTLY, waits, 0) if (unmet == Unmet.PARTLY).any() else None,
        ceiling if ceiling.any() else None,
    )


def read_minimum(catalog: Catalog) -> IntArray:
    """(n,) `minimum_level` of items, 0 where a cell is empty."""
    return np.nan_to_num(_column(catalog, "minimum_level")).astype(np.int64)


def _column(catalog: Catalog, name: str) -> FloatArray:
    return np.asarray(catalog.numbers.get(name, np.full(catalog.n_items, np.nan)))


def _unmet(waits: IntArray) -> CodeArray:
    """(n,) `Unmet` of the share that waits: all, nothing, or a part."""
    partly = np.where(waits == 0, Unmet.LOST, Unmet.PARTLY)
    return np.where(waits == MILLION, Unmet.BACKORDER, partly).astype(np.int8)


def _waits(catalog: Catalog) -> tuple[IntArray, list[Problem]]:
    """(n,) millionths of unmet demand that wait: the item's own word or share, else the study's."""
    said = catalog.study.policy.unmet
    usual = _UNMET[said] if isinstance(said, str) else round(said.waits * MILLION)
    column = catalog.texts.get("unmet")
    out = np.full(catalog.n_items, usual, dtype=np.int64)
    problems: list[Problem] = []
    for row, value in enumerate(column if column is not None else ()):
        word = str(value or "").strip().lower()
        share = _share(word)
        if word in _UNMET:
            out[row] = _UNMET[word]
        elif share is not None:
            out[row] = share
        elif word:
            fix = "backorder, lost, or the share that waits, such as 0.3"
            problems.append(item_problem(catalog, "E-MOD-004", row, "unmet", f"'{word}'", fix))
    return out, problems


def _share(word: str) -> int | None:
    """Millionths of a share written as a plain number between 0 and 1; None where it is none."""
    if not re.fullmatch(r"[+]?([01]|[01]?\.[0-9]+)", word):
        return None
    return round(float(word) * MILLION) if float(word) <= 1 else None


def _review_problems(catalog: Catalog, given: FloatArray) -> Iterator[Problem]:
    for row in np.flatnonzero(given <= 0):
        yield item_problem(
            catalog, "E-MOD-004", int(row), "review_period", f"{given[row]:g}", "must be above 0"
        )


def _unit_problems(
    catalog: Catalog, pack: FloatArray, moq: FloatArray, largest: FloatArray, ceiling: IntArray
) -> Iterator[Problem]:
    for name, column, least in (("pack_size", pack, 1), ("moq", moq, 0), ("max_order", largest, 0)):
        with np.errstate(invalid="ignore"):
            bad = (column < least) | (column != np.rint(column))
        for row in np.flatnonzero(bad & ~np.isnan(column)):
            yield item_problem(
                catalog, "E-MOD-004", int(row), name, f"{column[row]:g}", f"whole units, at least {least}"
            )
    floor = np.nan_to_num(_column(catalog, "minimum_level"))
    for row in np.flatnonzero((ceiling > 0) & (floor > ceiling)):
        why = f"minimum_level {floor[row]:g} lies above max_position {ceiling[row]:g}"
        yield item_problem(
            catalog, "E-MOD-004", int(row), "minimum_level", why, "lower it, or raise max_position"
        )
    with np.errstate(invalid="ignore"):
        smallest = np.ceil(np.fmax(moq, 1) / np.fmax(pack, 1)) * np.fmax(pack, 1)
    fix = "orders are whole packs of at least moq"
    for name, most in (("max_order", np.nan_to_num(largest)), ("max_position", ceiling)):
        for row in np.flatnonzero((most > 0) & (smallest > most)):
            why = f"{most[row]:g} is below the smallest order {smallest[row]:g}"
            yield item_problem(catalog, "E-MOD-004", int(row), name, why, fix)


def _nothing_allowed(catalog: Catalog) -> Iterator[Problem]:
    """A highest position of 0 is no empty cell; what is never ordered cannot be kept at a minimum."""
    file = catalog.study.data.items.path or "items"
    rows = np.flatnonzero(_column(catalog, "max_position") == 0)
    if rows.size:
        why = f"0 lets nothing ever be kept or on order: {_first_names(catalog, rows)}"
        fix = "leave the cell empty where there is no limit; what is not ordered any more has max_order = 0, "
        fix += "or leave it out: [data.items] where = { max_position = { none_of = [0] } }"
        yield Problem("E-MOD-004", why, file, column="max_position", fix=fix)
    floor = np.nan_to_num(_column(catalog, "minimum_level"))
    rows = np.flatnonzero((_column(catalog, "max_order") == 0) & (floor > 0))
    if rows.size:
        why = "max_order = 0 lets nothing be ordered, and minimum_level asks for stock: "
        why += _first_names(catalog, rows)
        fix = "leave one of the two cells empty"
        yield Problem("E-MOD-004", why, file, column="max_order", fix=fix)


def _first_names(catalog: Catalog, rows: IntArray) -> str:
    names = ", ".join(f"{catalog.sku[row]}@{catalog.location[row]}" for row in rows[:5])
    return names + (f" and {rows.size - 5:,} more" if rows.size > 5 else "")


def _owed_problems(catalog: Catalog, unmet: CodeArray) -> Iterator[Problem]:
    """Negative stock is a backlog, which only items have whose unmet demand waits."""
    stock = _column(catalog, "on_hand")
    fix = 'give 0, or say unmet = "backorder" for the item'
    for row in np.flatnonzero((stock < 0) & (unmet != Unmet.BACKORDER)).tolist():
        kind = "is lost" if unmet[row] == Unmet.LOST else "is lost in part"
        why = f"{stock[row]:g} units cannot be owed: unmet demand {kind}"
        yield item_problem(catalog, "E-MOD-004", row, "on_hand", why, fix)


def review_notes(catalog: Catalog, by_periods: BoolArray) -> tuple[QualityRow, ...]:
    """Review periods of items that go by whole periods and are none, or not nearly one."""
    wanted, _ = stated_reviews(catalog)
    review = np.maximum(np.rint(wanted), 1).astype(np.int64)
    inexact = by_periods & ~is_whole(wanted)
    if not inexact.any():
        return ()
    values = sorted({(float(w), int(r)) for w, r in zip(wanted[inexact], review[inexact], strict=True)})
    shown = ", ".join(f"{w:.3g} → {r}" for w, r in values[:3]) + (", …" if len(values) > 3 else "")
    what = f"review periods that are no whole number of {catalog.study.period}s"
    note = f"{int(inexact.sum())} SKU-locations, the nearest whole number is taken: {shown}"
    return (QualityRow("items", what, "repaired", 0, note=note),)


def item_problem(catalog: Catalog, code: str, row: int, column: str, why: str, fix: str) -> Problem:
    """What is wrong with one SKU-location of the items table."""
    file = catalog.study.data.items.path or "items"
    item = f"{catalog.sku[row]}@{catalog.location[row]}"
    return Problem(code, f"{item}: {why}", file, column=column, fix=fix)


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
    """

    item: IntArray
    period: IntArray
    units: IntArray
    undated: IntArray
    unknown: BoolArray
    assumed: BoolArray
    overdue: int
    source: str

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


def pipeline_today(catalog: Catalog, lead: LeadTimeLaw) -> Pipeline:
    """What is on order, and when it comes.

    Parameters
    ----------
    catalog : Catalog
        `due` (the table of open orders, else `on_order_due` of items); without it rows of receipts with
        `sku` and `location` that were not received; `on_order` of items.
    lead : LeadTimeLaw
        n items, periods.

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
    on_order = _column(catalog, "on_order")
    whole = source not in ("", ON_ORDER_DUE)  # a table of orders tells of all items
    silent = np.zeros(catalog.n_items, np.bool_) if whole else np.isnan(on_order)
    filled = bool(np.isfinite(on_order).any())
    undated = np.maximum(whole_units(np.nan_to_num(on_order)) - dated, 0)
    return Pipeline(item, period, units, undated, silent & (not filled), silent & filled, overdue, source)


def shelf_record(catalog: Catalog) -> IntArray | None:
    """(n,) units on the shelves (below 0: owed); None unless known of all items."""
    on_hand = _column(catalog, "on_hand")
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


def opening_stock(catalog: Catalog, lead: LeadTimeLaw) -> tuple[Start, tuple[str, ...]]:
    """The start of a transient study (`policy.start = "today"`), and what it assumes, in sentences.

    Raises
    ------
    InvalidInputError
        SKU-locations without `on_hand`, or of which nothing says what is on order, by name.
    """
    on_hand = _column(catalog, "on_hand")
    pipeline = pipeline_today(catalog, lead)
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


def still_of(law: DemandLaw, least_level: IntArray) -> BoolArray:
    """(n,) items whose stock never moves: nothing is demanded of them, and no minimum says to keep some."""
    return np.asarray((law.mean == 0) & (least_level == 0))


def moving_part(start: Start, still: BoolArray) -> Start:
    """A start without the stock that never moves, which is dead stock: a constant of its own.

    What is owed stays, and is delivered.
    """
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
        on_hand=np.where(still, np.minimum(start.on_hand, 0), start.on_hand),
        on_order=np.where(still, 0, start.on_order),
        **dated,
    )


def whole_units(numbers: FloatArray) -> IntArray:
    """To the nearest unit."""
    return np.rint(numbers).astype(np.int64)


def _dates_in_words(pipeline: Pipeline, period: str) -> list[str]:
    lines = []
    if pipeline.source:
        text = f"{pipeline.item.size:,} open orders of {int(pipeline.units.sum()):,} units arrive one by one"
        stated = pipeline.source in (OPEN_ORDERS_TABLE, ON_ORDER_DUE)
        when = "on their due dates" if stated else "when they are expected"
        lines.append(f"{text} {when} ({pipeline.source})")
    if pipeline.overdue:
        lines.append(f"{pipeline.overdue:,} of them were due by now: they arrive in the first {period}")
    lump = int(pipeline.undated.sum())
    if lump:
        lines.append(
            f"{lump:,} units on order (items.on_order) have no date: they arrive together, one mean lead "
            "time from now; due dates belong into [data.open_orders]"
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
    number = {pair: row for row, pair in enumerate(zip(catalog.sku, catalog.location, strict=True))}
    pairs = zip(table.sku, table.location, strict=True)
    item = np.array([number.get((str(a), str(b)), -1) for a, b in pairs], dtype=np.int64)
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
