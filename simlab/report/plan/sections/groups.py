"""The plan by supplier and by location: orders, stock and service, today's beside the proposed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlab.measures.decision import points, short_rate
from simlab.report.kit.formats import DASH, is_number, money, number
from simlab.report.kit.reading import records
from simlab.report.kit.shell import LOCATIONS, SUPPLIERS
from simlab.report.plan.section import Content, Row, section, table

if TYPE_CHECKING:
    import pandas as pd

    from simlab.report.plan.tables import RunTables

_MOST_ROWS = 60
_NEEDS = (
    "n_items",
    "inventory_value_now",
    "inventory_value",
    "fill_rate_now",
    "fill_rate",
    "orders_per_year",
)
_WEEKS = 365 / 7


@section(
    "by-supplier",
    menu="By supplier",
    title="What changes for suppliers",
    place=40,
    tab=SUPPLIERS,
    needs={"suppliers": ("supplier", *_NEEDS, "annual_value")},
)
def by_supplier(tables: RunTables) -> Content | None:
    """Orders, value, lead time, lateness, stock and service per supplier."""
    frame = tables.table("suppliers")
    if frame is None:
        return None
    frame = frame.sort_values("annual_value", ascending=False, kind="stable")
    times = {str(row["supplier"]): row for row in records(tables.table("lead_times"))}
    known = _today_known(frame)
    header = ["Supplier", "SKU-locations", "orders a year", "bought a year"]
    promised = any(is_number(row.get("late_share")) for row in times.values())
    if times:
        header += ["lead time, mean", "19 of 20 within", *(["late"] if promised else [])]
    header += _header(known)
    rows = [
        [
            str(row["supplier"]) or "not named",
            number(row["n_items"]),
            number(row["orders_per_year"]),
            money(row["annual_value"], tables.currency, digits=0),
            *(_lead_time(times.get(str(row["supplier"])))[: 2 + promised] if times else ()),
            *_stock_and_service(row, known, tables),
        ]
        for row in records(frame)[:_MOST_ROWS]
    ]
    notes = ["Bought a year: expected units at unit cost. Orders a year: one per SKU-location and review."]
    if times:
        late = "late: against the promised day." if promised else "no receipt had a promised day."
        notes.append(f"Lead time in days, from the receipts; {late}")
    return Content((), [table("Suppliers, the largest first", header, rows)], notes=(*notes, *_left(frame)))


@section(
    "by-location",
    menu="By location",
    title="What changes at the locations",
    place=40,
    tab=LOCATIONS,
    needs={
        "locations": ("location", *_NEEDS, "annual_units", "volume"),
        "location_stock": ("location", "peak_inventory_value_p95"),
    },
)
def by_location(tables: RunTables) -> Content | None:
    """Stock, receipts, room and service per location."""
    frame = tables.table("locations")
    if frame is None:
        return None
    known, room = _today_known(frame), bool(frame["volume"].notna().any())
    peaks = {str(row["location"]): row for row in records(tables.table("location_stock"))}
    header = ["Location", "SKU-locations", "receipts a week", "units a week"]
    header += ["highest stock, 19 of 20 years below"] if peaks else []
    header += ["room on the shelf, m³"] if room else []
    header += _header(known)
    rows = []
    for row in records(frame)[:_MOST_ROWS]:
        cells = [str(row["location"]) or "not named", number(row["n_items"])]
        cells += [number(row["orders_per_year"] / _WEEKS), number(row["annual_units"] / _WEEKS)]
        if peaks:
            peak = peaks.get(str(row["location"]), {}).get("peak_inventory_value_p95")
            cells.append(money(peak, tables.currency, digits=0))
        if room:
            cells.append(number(row["volume"], 1))
        rows.append([*cells, *_stock_and_service(row, known, tables)])
    notes = ("Receipts a week: deliveries of single SKU-locations; stock: mean over the year.",)
    return Content(
        (), [table("Locations, the largest stock first", header, rows)], notes=(*notes, *_left(frame))
    )


def _today_known(frame: pd.DataFrame) -> bool:
    return bool(frame["inventory_value_now"].notna().any())


def _header(known: bool) -> list[str]:
    if known:
        return ["stock today", "proposed", "change", "units served today", "proposed", "change"]
    return ["stock", "units served at once"]


def _stock_and_service(row: Row, known: bool, tables: RunTables) -> list[str]:
    def cash(value: float) -> str:
        return money(value, tables.currency, digits=0)

    then, served = row["inventory_value"], row["fill_rate"]
    if not known:
        return [cash(then), short_rate(served)]
    now, before = row["inventory_value_now"], row["fill_rate_now"]
    moved = then - now
    change = ("+" if moved > 0 else "") + cash(moved) if is_number(moved) else DASH
    turn = served - before
    sign = "\u2212" if turn < 0 else "+"
    return [
        cash(now),
        cash(then),
        change,
        short_rate(before),
        short_rate(served),
        f"{sign}{points(turn)}" if is_number(turn) else DASH,
    ]


def _lead_time(row: Row | None) -> tuple[str, str, str]:
    if row is None:
        return DASH, DASH, DASH
    late = row.get("late_share")
    return (
        number(row["mean_days"], 1),
        number(row.get("p95_days"), 1),
        short_rate(float(late)) if is_number(late) else DASH,
    )


def _left(frame: pd.DataFrame) -> tuple[str, ...]:
    left = len(frame) - _MOST_ROWS
    return (f"{left:,} more are in the run's tables.",) if left > 0 else ()
