"""Stock and open orders on the morning of the day of ordering: from files, from the study, or as kept."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.ordering.source import Source
from simlab.catalog import findings as found
from simlab.catalog.tables.open_orders import orders_to_look_at
from simlab.catalog.tables.today import TodayTable, read_today
from simlab.engine.world.world import Unmet
from simlab.errors import InvalidInputError, Problem, listed
from simlab.reading import bytes_of

if TYPE_CHECKING:
    from simlab.arrays import BoolArray, DateArray, IntArray


VERSION = 1
_NAMED = 5
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, eq=False)
class State:
    """What is there and what is coming, in parts of units.

    Attributes
    ----------
    on_hand, backorders : (n,) int64
    undated : (n,) int64
        On order without a date.
    due_item, due_units : (k,) int64; due_day : (k,) datetime64[D]
        Open orders.
    carried : (n,) int64
        Millionths of a unit carried between shortages, where a share of unmet demand waits.
    remarks : tuple of str
        What had to be taken as it is, in sentences.
    """

    on_hand: IntArray
    backorders: IntArray
    undated: IntArray
    due_item: IntArray
    due_day: DateArray
    due_units: IntArray
    carried: IntArray
    remarks: tuple[str, ...] = field(default=())

    @property
    def net(self) -> IntArray:
        """(n,) on hand less what is owed."""
        return self.on_hand - self.backorders

    @property
    def on_order(self) -> IntArray:
        """(n,) all that is on order."""
        total = self.undated.copy()
        np.add.at(total, self.due_item, self.due_units)
        return total

    @property
    def position(self) -> IntArray:
        """(n,) on hand − owed + on order."""
        return self.net + self.on_order


def opening_state(source: Source, day: np.datetime64, stock: Path | None, open_orders: Path | None) -> State:
    """The state from files where they are given, else from the study, which must not be too old.

    Raises
    ------
    InvalidInputError
        Everything wrong with the files, at once: unknown or missing SKU-locations, negative stock, a date
        after the day of ordering, orders due before it; or a stock that is older than a review period.
    """
    problems: list[Problem] = []
    shelf = _from_study(source, day, problems) if stock is None else _from_file(source, day, stock, problems)
    coming = _due_of_study(source, day, problems) if open_orders is None else None
    if open_orders is not None:
        coming = _due_of_file(source, day, open_orders, problems)
    if problems or shelf is None or coming is None:
        raise InvalidInputError(problems)
    item, days, units, undated, remarks = coming
    if open_orders is None and not source.ordering.on_order_known:
        remarks.append("Nothing says what is on order: taken as nothing. Name the file with --open-orders.")
    if undated.any():
        remarks.append(
            f"{int((undated > 0).sum()):,} SKU-locations have units on order without a date: they are taken "
            "to come after one lead time."
        )
    none = np.zeros(source.ordering.n_items, np.int64)
    return State(shelf[0], shelf[1], undated, item, days, units, none, tuple(remarks))


def _table(
    source: Source, path: Path, kind: str, problems: list[Problem], *, unique: bool
) -> TodayTable | None:
    read = read_today(path, kind, source.number(), source.ordering.parts, unique=unique)
    if isinstance(read, TodayTable):
        return read
    problems += read
    return None


def _from_file(
    source: Source, day: np.datetime64, path: Path, problems: list[Problem]
) -> tuple[IntArray, IntArray] | None:
    table = _table(source, path, "stock", problems, unique=True)
    if table is None:
        return None
    n = source.ordering.n_items
    missing = np.ones(n, np.bool_)
    missing[table.item] = False
    if missing.any():
        names = listed([source.ordering.keys[row] for row in np.flatnonzero(missing)[:_NAMED]], _NAMED)
        more = f" ({int(missing.sum()):,} in all)" if missing.sum() > _NAMED else ""
        what = f"no stock is stated for {names}{more}"
        table.table.findings.add(found.MISSING_CELL, what, fix="an empty shelf is 0")
    if "as_of" in table.dates:
        _refuse_old(source, day, table, table.dates["as_of"])
    lost = source.ordering.world.terms.unmet[table.item] == Unmet.LOST
    owed = table.units.get("backorders", np.zeros(table.item.size, np.int64))
    if (lost & (owed > 0)).any():
        fix = "say 0, or unmet = backorder in items"
        table.refuse(found.OUT_OF_RANGE, "unmet demand is lost here, nothing can be owed", lost & (owed > 0),
                     column="backorders", fix=fix)  # fmt: skip
    problems += table.table.findings.problems
    on_hand, backorders = np.zeros(n, np.int64), np.zeros(n, np.int64)
    on_hand[table.item], backorders[table.item] = table.units["on_hand"], owed
    return on_hand, backorders


def _refuse_old(source: Source, day: np.datetime64, table: TodayTable, dates: DateArray) -> None:
    """Stock of a row from after the morning of ordering, or older than a review period before it."""
    known = ~np.isnat(dates)
    late = known & (dates > day)
    if late.any():
        fix = f"name the day of ordering with --date, after {dates[late].max()}"
        table.refuse(found.FUTURE, f"is of after the day of ordering, {day}", late, column="as_of", fix=fix)
    old = known & ~late & ((day - dates).astype(np.int64) > review_days(source)[table.item])
    if old.any():
        message = f"is older than a review period before {day}"
        table.refuse(found.STALE, message, old, column="as_of", fix="state the stock of today")


def review_days(source: Source) -> IntArray:
    """(n,) days of a review period, rounded up, at least a period."""
    study, world = source.study, source.ordering.world
    periods = world.terms.review_period.astype(np.float64)
    if world.grid is not None:
        own = world.grid.review_period * world.grid.in_periods
        periods = np.where(world.grid.split, np.maximum(own, 1.0), periods)
    return np.asarray(np.ceil(periods * study.period_days - 1e-9), np.int64)


def _from_study(
    source: Source, day: np.datetime64, problems: list[Problem]
) -> tuple[IntArray, IntArray] | None:
    known = ~np.isnan(source.ordering.on_hand)
    fix = "name the stock of today with --stock FILE (sku, location, on_hand)"
    if not known.all():
        names = listed([source.ordering.keys[row] for row in np.flatnonzero(~known)[:_NAMED]], _NAMED)
        what = f"items has no on_hand for {int((~known).sum()):,} SKU-locations ({names})"
        problems.append(Problem("E-ORD-003", what, column="on_hand", fix=fix))
        return None
    age = None if source.as_of is None else int((day - source.as_of).astype(np.int64))
    if age is not None and age > int(review_days(source).max()):
        what = f"the study's stock is of {source.as_of}, more than a review period before {day}"
        problems.append(Problem("E-ORD-004", what, column="on_hand", fix=fix))
    stock = np.rint(source.ordering.on_hand).astype(np.int64)
    return np.maximum(stock, 0), np.maximum(-stock, 0)


_Due = tuple["IntArray", "DateArray", "IntArray", "IntArray", list[str]]


def _due_of_study(source: Source, day: np.datetime64, problems: list[Problem]) -> _Due:
    own = source.ordering
    days = own.due_day.astype("datetime64[D]")
    first = day if source.as_of is None else source.as_of + _DAY
    late = (days < day) & (own.due_units > 0)
    if late.any() and day > first:
        named = [f"{own.keys[row]} due {when}" for row, when in zip(own.due_item[late], days[late])]  # noqa: B905
        what = f"open orders of the study were due before {day}: {listed(named[:_NAMED], _NAMED)}"
        more = f" ({int(late.sum()):,} in all)" if late.sum() > _NAMED else ""
        fix = "name what is still on order with --open-orders FILE (sku, location, quantity, due_date)"
        problems.append(Problem("E-ORD-005", what + more, column="due_date", fix=fix))
    return own.due_item, np.maximum(days, day), own.due_units, own.undated, []


def _due_of_file(source: Source, day: np.datetime64, path: Path, problems: list[Problem]) -> _Due | None:
    table = _table(source, path, "open_orders", problems, unique=False)
    if table is None:
        return None
    late = table.dates["due_date"] < day
    if late.any():
        fix = "what has arrived is stock, what is late gets the date on which it is expected"
        table.refuse(found.ORDER_OF_DATES, f"is due before the day of ordering, {day}", late,
                     column="due_date", fix=fix)  # fmt: skip
    problems += table.table.findings.problems
    none, due = np.zeros(source.ordering.n_items, np.int64), table.dates["due_date"]
    look = orders_to_look_at(table.table, due, day, "the day of ordering")
    return (
        table.item,
        due,
        table.units["quantity"],
        none,
        [f"{path.name}, {one.what}: {one.note}." for one in look],
    )


def received(source: Source, state: State, day: np.datetime64, path: Path | None) -> State:
    """The state after the day's receipts: shelves and open orders, earliest due first.

    Without a file, what is due by the day arrives.
    """
    if path is None:
        here = state.due_day <= day
        came = np.zeros(state.on_hand.size, np.int64)
        np.add.at(came, state.due_item[here], state.due_units[here])
        left = np.where(here, 0, state.due_units)
        return _shelved(replace(state, due_units=left), came)
    problems: list[Problem] = []
    table = _table(source, path, "day_receipts", problems, unique=False)
    if table is None:
        raise InvalidInputError(problems)
    came = np.zeros(state.on_hand.size, np.int64)
    np.add.at(came, table.item, table.units["quantity"])
    over = (came > state.on_order)[table.item]
    if over.any():
        row = int(np.flatnonzero(over)[0])
        what = f"more than is on order ({int(state.on_order[table.item[row]]):,}) was received"
        table.refuse(
            found.OUT_OF_RANGE, what, over, column="quantity", fix="correct the receipt, or the state"
        )
        raise InvalidInputError(table.table.findings.problems)
    left, undated = state.due_units.copy(), state.undated.copy()
    need = came.copy()
    for at in np.lexsort((state.due_day, state.due_item)).tolist():
        item = int(state.due_item[at])
        taken = min(int(left[at]), int(need[item]))
        left[at] -= taken
        need[item] -= taken
    return _shelved(replace(state, due_units=left, undated=undated - need), came)


def _shelved(state: State, came: IntArray) -> State:
    """Units that came pay what is owed first; orders that are empty are dropped."""
    paid = np.minimum(state.backorders, came)
    kept = state.due_units > 0
    return replace(
        state,
        on_hand=state.on_hand + came - paid,
        backorders=state.backorders - paid,
        due_item=state.due_item[kept],
        due_day=state.due_day[kept],
        due_units=state.due_units[kept],
    )


def ordered(state: State, quantity: IntArray, due: DateArray) -> State:
    """The state with the orders of the day placed."""
    rows = np.flatnonzero(quantity)
    return replace(
        state,
        due_item=np.concatenate([state.due_item, rows]),
        due_day=np.concatenate([state.due_day, due[rows]]),
        due_units=np.concatenate([state.due_units, quantity[rows]]),
    )


def demanded(source: Source, state: State, path: Path) -> tuple[State, dict[str, IntArray]]:
    """The state after the day's demand, and what was demanded, served and lost."""
    problems: list[Problem] = []
    table = _table(source, path, "day_demand", problems, unique=False)
    if table is None:
        raise InvalidInputError(problems)
    asked = np.zeros(state.on_hand.size, np.int64)
    np.add.at(asked, table.item, table.units["quantity"])
    served = np.minimum(asked, state.on_hand)
    owed = asked - served
    waiting, carried = _waiting(source, owed, state.carried)
    after = replace(
        state,
        on_hand=state.on_hand - served,
        backorders=state.backorders + waiting,
        carried=carried,
    )
    return after, {"demanded": asked, "served": served, "lost": owed - waiting}


def _waiting(source: Source, owed: IntArray, carried: IntArray) -> tuple[IntArray, IntArray]:
    terms = source.ordering.world.terms
    million = 1_000_000
    partly = terms.unmet == Unmet.PARTLY
    share = np.zeros_like(owed) if terms.waits is None else terms.waits
    whole = carried + owed * share
    some = whole // million
    waiting = np.where(partly, some, np.where(terms.unmet == Unmet.BACKORDER, owed, 0))
    return waiting, np.where(partly, whole - some * million, carried)


def write_state(source: Source, state: State, day: np.datetime64) -> str:
    """The state as JSON, for the morning of `day`."""
    own, parts = source.ordering, source.ordering.parts

    def units(value: Any, row: int) -> Any:
        return int(value) if parts[row] == 1 else float(value) / int(parts[row])

    document = {
        "schema": VERSION,
        "date": str(day),
        "items": [
            {
                "sku": own.sku[row],
                "location": own.location[row],
                "on_hand": units(state.on_hand[row], row),
                "backorders": units(state.backorders[row], row),
                "undated": units(state.undated[row], row),
                "carried": int(state.carried[row]),
            }
            for row in range(own.n_items)
        ],
        "open_orders": [
            {
                "sku": own.sku[row],
                "location": own.location[row],
                "quantity": units(size, row),
                "due_date": str(when),
            }
            for row, size, when in zip(
                state.due_item.tolist(), state.due_units.tolist(), state.due_day, strict=True
            )
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def read_state(source: Source, path: Path) -> tuple[State, np.datetime64]:
    """A state as `write_state` left it, and the day whose morning it is.

    Raises
    ------
    InvalidInputError
        It is no such file, or of other SKU-locations.
    """
    try:
        document = json.loads(bytes_of(path).decode("utf-8"))
        day = np.datetime64(dt.date.fromisoformat(document["date"]), "D")
        rows, orders = document["items"], document["open_orders"]
        return _state(source, path, rows, orders), day
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise InvalidInputError([Problem("E-ORD-006", what, str(path))]) from None
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        what = f"is not a state that simlab orders wrote ({type(error).__name__}: {error})"
        raise InvalidInputError([Problem("E-ORD-006", what, str(path))]) from None


def _state(
    source: Source, path: Path, rows: Sequence[dict[str, Any]], orders: Sequence[dict[str, Any]]
) -> State:
    number, n, parts = source.number(), source.ordering.n_items, source.ordering.parts
    columns = {name: np.zeros(n, np.int64) for name in ("on_hand", "backorders", "undated", "carried")}
    seen: BoolArray = np.zeros(n, np.bool_)
    unknown = []
    for one in (*rows, *orders):
        if (one["sku"], one["location"]) not in number:
            unknown.append(f"{one['sku']}@{one['location']}")
    for one in rows:
        row = number.get((one["sku"], one["location"]), 0)
        seen[row] = True
        for name, values in columns.items():
            scale = 1 if name == "carried" else int(parts[row])
            values[row] = round(one.get(name, 0) * scale)
    problems = []
    if unknown:
        what = f"the run has no such SKU-location: {listed(unknown[:_NAMED], _NAMED)}"
        problems.append(Problem("E-ORD-006", what, str(path)))
    if not seen.all():
        names = listed([source.ordering.keys[row] for row in np.flatnonzero(~seen)[:_NAMED]], _NAMED)
        problems.append(Problem("E-ORD-006", f"says nothing of {names}", str(path)))
    for name in ("on_hand", "backorders", "undated"):
        if (columns[name] < 0).any():
            problems.append(Problem("E-ORD-006", f"{name} is negative", str(path)))
    if problems:
        raise InvalidInputError(problems)
    item = np.array([number[(one["sku"], one["location"])] for one in orders], np.int64)
    units = np.array([one["quantity"] for one in orders], np.float64)
    return State(
        columns["on_hand"],
        columns["backorders"],
        columns["undated"],
        item,
        np.array([one["due_date"] for one in orders], "datetime64[D]"),
        np.rint(units * parts[item]).astype(np.int64),
        columns["carried"],
    )
