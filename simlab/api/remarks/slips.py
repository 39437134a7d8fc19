"""Numbers of items that look like slips: another unit, a comma lost, receipts that are nobody's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from simlab.api.data.data import Data
from simlab.arrays import DateArray, FloatArray, IntArray
from simlab.errors import listed
from simlab.measures import format_money

STATED = ("stated", "stated_spread")
"""Where a lead time comes from that no receipt shows."""
_YEARS, _TIMES, _SHARE = 5.0, 3, 0.05
"""A quantity is asked about above so many years of demand and times the largest demand ever in R + L, where
it is worth this share of the demand value of a year."""
_APART = 2.0
_LATEST = 3.0  # years on the way, above which a stated lead time is asked about
_DEARER, _LARGE = 1000.0, 0.2
_LEAST_OVERTOOK, _FAR = 5, 1 << 24  # days between keys, more than any dates are apart
_SHOWN = 3
_QUANTITIES = (
    "on_hand",
    "on_order",
    "moq",
    "pack_size",
    "order_quantity",
    "current_reorder_point",
    "current_order_up_to",
    "current_order_quantity",
)


def slips(data: Data) -> Iterator[tuple[str, str, float]]:
    """Key, text and money concerned of every remark; each is a question to look at first."""
    yield from _years(data)
    yield from _dear(data)
    yield from _other_times(data)
    yield from _far_away(data)
    yield from _at_once(data)
    yield from _nobodys(data)
    yield from _below_zero(data)
    yield from _overtaking(data)
    yield from _never_came(data)


def _named(data: Data, rows: IntArray, what: FloatArray | None = None, unit: str = "") -> str:
    catalog = data.catalog
    said = [
        f"{catalog.sku[row]}@{catalog.location[row]}" + ("" if what is None else f" {what[row]:,.6g}{unit}")
        for row in rows[:_SHOWN].tolist()
    ]
    return ", ".join(said) + (f" and {rows.size - _SHOWN:,} more" if rows.size > _SHOWN else "")


def _years(data: Data) -> Iterator[tuple[str, str, float]]:
    """Stock, lots and today's levels that last for years."""
    models, catalog = data.models, data.catalog
    annual, cost = models.annual_units, models.costs.unit_cost * models.costs.cost_resolution
    most = np.zeros(catalog.n_items) if models.largest is None else np.maximum(models.largest, 0)
    total = float(models.annual_value.sum())
    quantities = {name: catalog.numbers[name] for name in _QUANTITIES if name in catalog.numbers}
    if catalog.due is not None:
        due = catalog.due
        ordered = np.bincount(due.item, due.quantity, catalog.n_items)
        quantities["open orders"] = ordered.astype(np.float64)
    for name, column in quantities.items():
        said = np.nan_to_num(column)
        many = (annual > 0) & (said > _YEARS * annual) & (said > _TIMES * most)
        many &= said * cost >= _SHARE * total
        rows = np.flatnonzero(many)
        if rows.size:
            rows = rows[np.argsort(-(said * cost)[rows], kind="stable")]
            years = said[rows[0]] / annual[rows[0]]
            named = _named(data, rows, said / catalog.parts)
            text = (
                f"{name} of {rows.size:,} SKU-locations lasts for more than {_YEARS:g} years: {named} "
                f"({years:,.0f} years of demand): units, packs or a slip? "
                "Stock, levels and savings are told with it as it stands."
            )
            yield f"years of {name}", text, float((said * cost)[rows].sum())


def _below_zero(data: Data) -> Iterator[tuple[str, str, float]]:
    """Stock below zero."""
    models, said = data.models, data.catalog.numbers.get("on_hand")
    if said is None:
        return
    rows = np.flatnonzero(np.nan_to_num(said) < 0)
    if rows.size:
        worth = np.abs(said * models.costs.unit_cost * models.costs.cost_resolution)
        named = _named(data, rows, said / data.catalog.parts)
        text = (
            f"on_hand of {rows.size:,} SKU-location{'s' if rows.size > 1 else ''} lies below zero: {named}: "
            "owed to customers, or booked out before it was booked in? It is counted with its sign."
        )
        yield "on_hand below zero", text, float(worth[rows].sum())


def _dear(data: Data) -> Iterator[tuple[str, str, float]]:
    """Unit costs a thousand times the usual that carry a fifth of all value."""
    models = data.models
    cost, value = models.costs.unit_cost * models.costs.cost_resolution, models.annual_value
    usual = float(np.median(cost[cost > 0])) if (cost > 0).any() else 0.0
    rows = np.flatnonzero((cost >= _DEARER * usual) & (value > _LARGE * value.sum()) & (usual > 0))
    if rows.size:
        of_unit = np.asarray(cost * data.catalog.parts, np.float64)
        usually, share = format_money(usual, data.study.currency), value[rows].sum() / value.sum()
        text = (
            f"unit_cost of {_named(data, rows, of_unit)} is a thousand times the usual ({usually}) and makes "
            f"{share:.0%} of the demand value: is a decimal sign lost?"
        )
        yield "unit_cost far above the others", text, float(value[rows].sum())


def _received(data: Data) -> IntArray:
    """Items whose lead time comes from receipts."""
    source = data.models.lead_time_source
    return np.flatnonzero([bool(one) and one not in STATED for one in source])


def _other_times(data: Data) -> Iterator[tuple[str, str, float]]:
    """Stated lead times that receipts contradict."""
    stated, rows = data.catalog.numbers.get("lead_time"), _received(data)
    if stated is None or not rows.size:
        return
    own = stated * data.study.time_unit_periods
    mean = data.models.lead_time_moments[0]
    far = np.abs(np.log(np.maximum(own[rows], 0.5) / np.maximum(mean[rows], 0.5))) > np.log(_APART)
    rows = rows[far & ~np.isnan(own[rows])]
    if rows.size:
        rows = rows[np.argsort(-data.models.annual_value[rows], kind="stable")]
        unit = data.study.time_unit_periods
        first = _named(data, rows[:1], stated, f" {data.study.data.time_unit}")
        text = (
            f"lead_time of {rows.size:,} SKU-locations is not used, and receipts say something else by a "
            f"factor of {_APART:g} or more: {first} stated, {mean[rows[0]] / unit:.3g} received: other "
            "units, or receipts of something else? "
            '[lead_times] law = "fixed" takes what is stated.'
        )
        yield "stated lead times", text, float(data.models.annual_value[rows].sum())


def _far_away(data: Data) -> Iterator[tuple[str, str, float]]:
    """Stated lead times of years, and such that are 0 for every item."""
    models, stated = data.models, data.catalog.numbers.get("lead_time")
    if stated is None:
        return
    own = np.array([one in STATED for one in models.lead_time_source], np.bool_) & ~np.isnan(stated)
    years = np.where(own, stated * data.study.time_unit_periods / data.study.periods_per_year, 0.0)
    rows = np.flatnonzero(years > _LATEST)
    if rows.size:
        rows = rows[np.argsort(-years[rows], kind="stable")]
        first = _named(data, rows, stated, f" {data.study.data.time_unit}")
        text = (
            f"lead_time of {rows.size:,} SKU-locations is longer than {_LATEST:g} years: {first}: another "
            "unit, or a slip? Levels, open orders and warm-up are told with it as it stands."
        )
        yield "years of lead time", text, float(models.annual_value[rows].sum())
    if own.all() and own.size > 1 and not stated.any():
        text = (
            f"lead_time is 0 for all {own.size:,} SKU-locations: what is ordered is there at once. Was the "
            "column never filled? Levels then protect a review period alone."
        )
        yield "no lead time", text, float(models.annual_value.sum())


def _at_once(data: Data) -> Iterator[tuple[str, str, float]]:
    """Receipts that all came on the day of their order."""
    table, rows = data.catalog.receipts, _received(data)
    if table is None or not rows.size or not table.n_rows:
        return
    if bool((table.receipt_date == table.order_date).all()):
        text = (
            f"All {table.n_rows:,} receipts came on the day of their order, so that lead times are 0: were "
            "orders booked when the goods came? Levels then protect a review period alone."
        )
        yield "receipts at once", text, float(data.models.annual_value[rows].sum())


def _never_came(data: Data) -> Iterator[tuple[str, str, float]]:
    """Orders without a receipt for longer than a lead time may be, which still count as coming."""
    catalog, table = data.catalog, data.catalog.open_orders
    if table is None or catalog.due is not None or catalog.as_of is None:
        return
    last, most = np.datetime64(catalog.as_of, "D"), data.study.lead_times.longest_days
    promised = table.texts.get("promised_date", np.full(table.n_rows, None, object))
    ahead = np.array([word or "NaT" for word in promised], dtype="datetime64[D]") > last
    age = (last - table.order_date).astype("timedelta64[D]").astype(np.int64)
    mine = np.array([sku is not None for sku in table.sku], np.bool_)
    rows = np.flatnonzero((age > most) & mine & ~ahead)
    if rows.size:
        rows = rows[np.argsort(-age[rows], kind="stable")]
        first = f"{table.sku[rows[0]]}@{table.location[rows[0]]} of {table.order_date[rows[0]]}"
        orders = f"{rows.size:,} orders" if rows.size > 1 else "1 order"
        text = (
            f"{orders} had no receipt for longer than [lead_times] longest_days = {most:g}: {first}: "
            "cancelled, or received and never booked? As it stands it counts as on order."
        )
        yield "orders that never came", text, 0.0


def _overtaking(data: Data) -> Iterator[tuple[str, str, float]]:
    """Receipts that overtook orders of the same SKU and supplier, where the study keeps all in sequence."""
    table, rows = data.catalog.receipts, _received(data)
    if table is None or not rows.size or data.study.lead_times.crossing is not False:
        return
    followed, overtook = overtaken(
        [f"{a}\n{b}\n{c}" for a, b, c in zip(table.supplier, table.sku, table.location, strict=True)],
        table.order_date,
        table.receipt_date,
    )
    if any(one is None for one in table.sku) or overtook < max(_LEAST_OVERTOOK, _SHARE * followed):
        return
    text = (
        f"{overtook:,} of {followed:,} receipts ({overtook / followed:.0%}) came before an order of the same "
        "SKU and supplier placed earlier, and [lead_times] crossing = false keeps all in sequence: say "
        "crossing = true if they may overtake."
    )
    yield "orders that overtook", text, float(data.models.annual_value[rows].sum())


def overtaken(keys: Sequence[str], ordered: DateArray, came: DateArray) -> tuple[int, int]:
    """Rows that follow an earlier order of their key, and how many of them came before one of these.

    Parameters
    ----------
    keys : sequence of str
    ordered, came : (m,) datetime64[D]
        Orders of one day do not overtake each other.
    """
    _, key = np.unique(np.asarray(keys, dtype=object).astype(str), return_inverse=True)
    start = ordered.astype("datetime64[D]").astype(np.int64)
    end = came.astype("datetime64[D]").astype(np.int64)
    order = np.lexsort((start, key))
    key, start, end = key[order], start[order], end[order]
    first = np.flatnonzero(np.concatenate([[True], (np.diff(key) != 0) | (np.diff(start) != 0)]))
    latest = np.maximum.accumulate(np.maximum.reduceat(end, first) + key[first] * _FAR) - key[first] * _FAR
    batch = np.repeat(np.arange(first.size), np.diff(np.append(first, key.size)))
    before = np.maximum(batch - 1, 0)
    follows = (batch > 0) & (key[first[before]] == key)
    return int(follows.sum()), int((follows & (end < latest[before])).sum())


def _nobodys(data: Data) -> Iterator[tuple[str, str, float]]:
    """Suppliers of receipts that no item names, while items with suppliers get nothing of receipts."""
    table, names = data.catalog.receipts, data.catalog.texts.get("supplier")
    if table is None or names is None or "supplier" not in data.study.lead_times.by:
        return
    if data.study.lead_times.law == "fixed":
        return
    known = {str(one) for one in names if one is not None}
    came = {str(one) for one in table.supplier}
    without = np.flatnonzero([one is not None and str(one) not in came for one in names])
    strange = sorted(came - known)
    if not without.size or not strange:
        return
    value = data.models.annual_value
    without = without[np.argsort(-value[without], kind="stable")]
    asked = sorted({str(names[row]) for row in without.tolist()})
    text = (
        f"Receipts name suppliers that no item has ({_listed(strange)}), and items name some without any "
        f"receipt ({_listed(asked)}; {without.size:,} SKU-locations): the same ones, written differently? "
        "Their lead times rest on something else."
    )
    yield "suppliers without receipts", text, float(value[without].sum())


def _listed(names: list[str]) -> str:
    return listed([f"'{name}'" for name in names], _SHOWN)
