"""The order list and its opposite, what there is too much of, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simlab.api.ordering.deciding import Review
from simlab.api.ordering.source import Source
from simlab.api.ordering.state import State
from simlab.register.families import has_point

if TYPE_CHECKING:
    from simlab.arrays import DateArray, FloatArray, IntArray
    from simlab.engine.recorder.shortage import Shortage


ORDER_COLUMNS = (
    *("order_date", "supplier", "sku", "location", "product", "quantity", "packs", "unit_cost", "value"),
    *("due_date", "position", "level", "cover_days", "chance_out", "units_short", "why"),
    *("chance_out_with_order", "units_short_with_order"),
)
EXCESS_COLUMNS = (
    *("supplier", "sku", "location", "product", "action", "units", "value", "due_date"),
    *("position", "level", "on_hand", "on_order", "cover_days", "why"),
)
_YEAR = 365.0


def order_table(
    source: Source, state: State, review: Review, quantity: IntArray, found: Shortage, rows: IntArray
) -> pd.DataFrame:
    """One line per order, most urgent first: by the chance of being short without it, then by money short.

    Parameters
    ----------
    found : Shortage
        Of `rows` alone, those with a quantity.
    """
    own = source.ordering
    parts = own.parts[rows]
    chance, units = found.short / found.paths, found.units / found.paths / parts[:, None]
    pack = own.world.terms.pack_size[rows]
    level = source.top[rows]
    frame = pd.DataFrame(
        {
            "order_date": str(review.day),
            **_names(source, rows),
            "quantity": in_units(quantity[rows], parts),
            "packs": quantity[rows] // pack,
            "unit_cost": np.round(own.unit_cost[rows] * parts, 6),
            "value": np.round(quantity[rows] * own.unit_cost[rows], 2),
            "due_date": _days(review.due[rows]),
            "position": in_units(state.position[rows], parts),
            "level": in_units(level, parts),
            "cover_days": cover_days(source, state.position)[rows],
            "chance_out": chance[:, 0],
            "units_short": np.round(units[:, 0], 3),
            "why": _why(source, state, quantity, rows),
            "chance_out_with_order": chance[:, 1],
            "units_short_with_order": np.round(units[:, 1], 3),
        }
    )
    urgent = np.lexsort(
        (frame["location"], frame["sku"], -units[:, 0] * own.unit_cost[rows] * parts, -chance[:, 0])
    )
    return frame.iloc[urgent].reset_index(drop=True)[list(ORDER_COLUMNS)]


def _days(days: DateArray) -> list[str]:
    """Dates as text, each distinct one written once."""
    distinct, place = np.unique(days, return_inverse=True)
    written = [str(day) for day in distinct]
    return [written[at] for at in place.ravel().tolist()]


def _names(source: Source, rows: IntArray) -> dict[str, list[str]]:
    own = source.ordering
    columns = {"supplier": own.supplier, "sku": own.sku, "location": own.location, "product": own.product}
    return {name: [values[row] for row in rows.tolist()] for name, values in columns.items()}


def in_units(values: IntArray, parts: IntArray) -> IntArray | FloatArray:
    """Parts as units of the files; whole numbers where every unit is whole."""
    return values if (parts == 1).all() else np.asarray(values / parts, np.float64)


def cover_days(source: Source, units: IntArray) -> FloatArray:
    """(n,) days that a position lasts at mean demand; infinite where nothing is demanded."""
    mean = source.ordering.world.demand.mean / source.study.period_days
    with np.errstate(divide="ignore", invalid="ignore"):
        days = np.where(mean > 0, np.maximum(units, 0) / mean, np.inf)
    return np.asarray(np.round(days, 1), np.float64)


def _why(source: Source, state: State, quantity: IntArray, rows: IntArray) -> list[str]:
    own, terms = source.ordering, source.ordering.world.terms
    up_to = ~has_point(source.family[rows])
    there, size, top = state.position[rows], quantity[rows], source.top[rows]
    pack, moq, wish = terms.pack_size[rows], terms.moq[rows], top - there
    limit = np.where(up_to, source.order_up_to[rows], source.reorder_point[rows])
    kind = np.select([(size > wish) & (moq > wish), (size > wish) & (pack > 1), size < wish], [1, 2, 3], 0)
    about = np.choose(kind, [np.zeros_like(wish), moq, pack, wish])
    columns = (up_to, there, limit, kind, about, own.parts[rows])
    words = ("is at or below", "is below the level")
    return [
        f"position {_plain(position, scale)} {words[first]} {_plain(level, scale)}"
        + ("" if case == 0 else _MORE[case].format(_plain(units, scale)))
        for first, position, level, case, units, scale in zip(*(x.tolist() for x in columns), strict=True)
    ]


_MORE = ("", "; smallest order {}", "; whole packs of {}", "; cut from {} by a limit")


def _plain(value: int, parts: int) -> str:
    return f"{value:,}" if parts == 1 else f"{value / parts:,.4g}"


def excess_table(source: Source, state: State, review: Review) -> pd.DataFrame:
    """What lies above the levels and a pack: what to cancel, push out or sell off; largest value first."""
    own = source.ordering
    pack = own.world.terms.pack_size
    ceiling = np.maximum(source.top, 0) + pack - 1
    over = np.maximum(state.position - ceiling, 0)
    daily = own.world.demand.mean / source.study.period_days
    coming = np.minimum(over, state.on_order)
    lying = np.minimum(over - coming, state.on_hand)
    soon = daily * np.maximum((review.due - review.day).astype(np.float64), 1.0)
    last = _last_due(state)
    lines = []
    for row in np.flatnonzero(over).tolist():
        if coming[row]:
            push = over[row] <= soon[row] + daily[row] * 30.0
            why = (
                f"on order above the level; needed in about {over[row] / daily[row]:,.0f} days"
                if push
                else "on order above the level, and not needed soon"
            )
            lines.append((row, "push_out" if push else "cancel", int(coming[row]), last.get(row, ""), why))
        if lying[row]:
            lines.append((row, *_shelf(int(lying[row]), float(daily[row]))))
    return _excess_frame(source, state, lines)


def _shelf(units: int, daily: float) -> tuple[str, int, str, str]:
    if daily <= 0:
        return "sell_off", units, "", "on the shelf, and nothing is demanded"
    days = units / daily
    if days > _YEAR:
        return "sell_off", units, "", f"on the shelf above the level: {days / _YEAR:,.1f} years of demand"
    return "use_up", units, "", f"on the shelf above the level; sells by itself in {days:,.0f} days"


def _last_due(state: State) -> dict[int, str]:
    order = np.argsort(state.due_day, kind="stable")
    return {int(state.due_item[at]): str(state.due_day[at]) for at in order.tolist()}


def _excess_frame(source: Source, state: State, lines: list[tuple[int, str, int, str, str]]) -> pd.DataFrame:
    own = source.ordering
    rows = np.array([line[0] for line in lines], np.int64)
    parts, units = own.parts[rows], np.array([line[2] for line in lines], np.int64)
    frame = pd.DataFrame(
        {
            **_names(source, rows),
            "action": [line[1] for line in lines],
            "units": in_units(units, parts),
            "value": np.round(units * own.unit_cost[rows], 2),
            "due_date": [line[3] for line in lines],
            "position": in_units(state.position[rows], parts),
            "level": in_units(source.top[rows], parts),
            "on_hand": in_units(state.on_hand[rows], parts),
            "on_order": in_units(state.on_order[rows], parts),
            "cover_days": cover_days(source, state.position)[rows],
            "why": [line[4] for line in lines],
        }
    )
    order = np.lexsort((frame["location"], frame["sku"], -frame["value"]))
    return frame.iloc[order].reset_index(drop=True)[list(EXCESS_COLUMNS)]
