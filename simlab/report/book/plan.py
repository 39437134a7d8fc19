"""Further sheets of a plan's workbook: finance, segments, SKU-locations, suppliers, locations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from simlab.measures import ALL, sign_of
from simlab.measures.words import TABS
from simlab.register.laws import LAWS
from simlab.report.book.decision import curve_blocks
from simlab.report.book.sheet import Block, Chart, Series, Sheet
from simlab.report.kit.reading import plan_name

if TYPE_CHECKING:
    from simlab.report.plan.tables import RunTables

_TAB = {tab.id: tab for tab in TABS}
MOST_ITEMS = 100_000
_LAW_TITLES = {law.name: law.title for law in LAWS}
_LEVELS = ("reorder_point", "order_up_to", "order_quantity")


def chosen(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Those of the columns that the table has with anything in them."""
    return frame[[one for one in names if one in frame and frame[one].notna().any()]]


def finance_sheet(tables: RunTables) -> Sheet | None:
    """What service costs, working capital by plan, the bridge, release, the way from today's stock."""
    blocks, charts = curve_blocks(tables), list[Chart]()
    for block in (_accounts(tables), _bridge(tables), *_next_point(tables), _peaks(tables), _way(tables)):
        if block is not None:
            blocks.append(block)
            if block.key == "way":
                line = Series("stock", "way", "period", "inventory_value")
                charts.append(
                    Chart("Stock on the way to the plan", "curve", (line,), f"{tables.period}s", "Stock")
                )
    tab = _TAB["finance"]
    return Sheet(tab.sheet, tab.what, tuple(blocks), (), tuple(charts)) if blocks else None


def _accounts(tables: RunTables) -> Block | None:
    frame = tables.more.get("accounts")
    if frame is None:
        return None
    rows = frame[frame["segment"] == ALL]
    names = (
        *("plan", "inventory_value", "days_of_supply", "turns", "cost_of_sales", "sales", "gross_margin"),
        *("gmroi", "holding_cost", "capital_charge", "lost_margin"),
    )
    found = chosen(rows, names).assign(plan=[plan_name(str(one)) for one in rows["plan"]])
    return Block("accounts", "Working capital by plan", found)


def _bridge(tables: RunTables) -> Block | None:
    frame = tables.more.get("bridge")
    if frame is None:
        return None
    return Block("bridge", "From today's result a year to the plan's", frame[["name", "amount"]])


def _next_point(tables: RunTables) -> list[Block]:
    found = []
    if tables.exchange_rates is not None:
        names = ("fill_rate_from", "fill_rate", "cost_per_point", "value_per_point")
        rates = {"fill_rate_from": "Service from", "fill_rate": "Service to"}
        frame = chosen(tables.exchange_rates, names)
        found.append(
            Block("prices", "What a point of service costs", frame, {"fill_rate_from": "rate"}, rates)
        )
    if tables.release is not None:
        freed = ("share", "amount", "segment", "from_target", "to_target", "value", "cost", "service_after")
        title = "If stock must be released: where to take it"
        frame = chosen(tables.release, freed)
        found.append(Block("release", title, frame, names={"value": f"Stock, change{_in(tables)}"}))
    return found


def _peaks(tables: RunTables) -> Block | None:
    frame = tables.stock_value
    if frame is None:
        return None
    rows = frame[frame["segment"] == ALL]
    names = (
        "plan",
        "inventory_value",
        "p95_inventory_value",
        "peak_inventory_value",
        "peak_inventory_value_p95",
    )
    found = chosen(rows, names).assign(plan=[plan_name(str(one)) for one in rows["plan"]])
    return Block("peaks", "How high the stock goes", found)


def _way(tables: RunTables) -> Block | None:
    if tables.capital is None:
        return None
    names = ("period", "inventory_value", "fill_rate", "purchases", "cash_out", "on_order_value")
    title = "On the way from today's stock to the plan"
    return Block("way", title, chosen(tables.capital, names), names={"period": tables.period.capitalize()})


def _in(tables: RunTables) -> str:
    return f" ({tables.currency})" if sign_of(tables.currency) else ""


def segments_sheet(tables: RunTables) -> Sheet:
    """One row per segment: today beside the plan."""
    tab, frame = _TAB["segments"], tables.capital_by_segment
    if frame is None:
        rows = chosen(tables.rows(tables.main_plan, tables.sample), _SIMULATED)
        return Sheet(tab.sheet, tab.what, (Block("segments", "Segments", rows),), frozen=1)
    block = Block("segments", "Segments", chosen(frame, _COMPARED), bars=("change",))
    return Sheet(tab.sheet, tab.what, (block,), frozen=1)


_COMPARED = (
    *("segment", "n_items", "target", "change", "inventory_value_now", "inventory_value"),
    *("fill_rate_now", "fill_rate", "served_value_now", "served_value"),
    *("served_margin_now", "served_margin", "stock_record"),
)
_SIMULATED = (
    *("segment", "n_items", "target", "fill_rate", "cycle_service_level"),
    *("inventory_value", "holding_cost"),
)


def items_sheet(tables: RunTables) -> Sheet:
    """SKU-locations: what changes, then today's levels beside the proposed; the largest change first."""
    tab, frame = _TAB["items"], items_frame(tables)
    texts = list[str]()
    n = len(tables.items)
    if n > MOST_ITEMS:
        texts.append(
            f"The {MOST_ITEMS:,} of {n:,} SKU-locations with the largest change of stock; "
            "all are in results/plan.csv."
        )
    block = Block(
        "items",
        "SKU-locations, the largest change of stock first",
        frame.head(MOST_ITEMS),
        bars=tuple(one for one in ("inventory_value_change",) if one in frame),
    )
    return Sheet(tab.sheet, tab.what, (block,), tuple(texts), frozen=2)


def items_frame(tables: RunTables) -> pd.DataFrame:
    """Columns of `plan` and `items` side by side, in the order of the sheet; empty ones left out."""
    plan, items = tables.plan, tables.items
    both = items if plan is None else plan.assign(**_beside(items, plan))
    if "fill_rate_now" in both:
        both = both.assign(fill_rate_change=both["fill_rate"] - both["fill_rate_now"])
    levels = [name for one in _LEVELS for name in (f"{one}_now", one)]
    names = (
        *("sku", "location", "product", "supplier", "segment"),
        *("inventory_value_change", "inventory_value_now", "inventory_value"),
        *("fill_rate_change", "fill_rate_now", "fill_rate"),
        *levels,
        *("pack_size", "safety_stock", "review_period", "mean_lead_time", "mean_demand", "annual_value"),
        *("unit_cost", "orders_per_year", "target", "planning_method", "demand_law", "lead_time_source"),
    )
    if "order_quantity" in both and not both["order_quantity"].any():
        both = both.drop(columns=["order_quantity"])
    law = both["demand_law"].map(lambda one: _LAW_TITLES.get(str(one), str(one)))
    return by_change(chosen(both.assign(demand_law=law), names))


def _beside(items: pd.DataFrame, plan: pd.DataFrame) -> dict[str, Any]:
    """Columns of items that the plan lacks; both have the same rows in the same order."""
    return {str(name): items[name] for name in items if name not in plan}


def by_change(frame: pd.DataFrame) -> pd.DataFrame:
    """The largest change of stock first; then by SKU and location."""
    if "inventory_value_change" not in frame:
        return frame.sort_values(["sku", "location"], kind="stable", ignore_index=True)
    keys = frame[["sku", "location"]].assign(size=-frame["inventory_value_change"].abs().fillna(-1.0))
    order = keys.sort_values(["size", "sku", "location"], kind="stable").index
    return frame.loc[order].reset_index(drop=True)


def group_sheet(tables: RunTables, tab_id: str, table: str, by: str) -> Sheet | None:
    """Suppliers, with what is known of their lead times, or locations."""
    tab, frame = _TAB[tab_id], tables.more.get(table)
    if frame is None:
        return None
    lead = tables.more.get("lead_times")
    if by == "supplier" and lead is not None and lead["supplier"].is_unique:
        further = [one for one in _LEAD if one in lead]
        frame = frame.merge(lead[["supplier", *further]], on="supplier", how="left")
    names = (
        *(by, "n_items", "inventory_value_change", "inventory_value_now", "inventory_value"),
        *("fill_rate_change", "fill_rate_now", "fill_rate", "served_value_now", "served_value"),
        *("orders_per_year", "annual_units", "annual_value", "volume", *_LEAD),
    )
    block = Block(
        table, tab.title, chosen(frame, names), bars=("inventory_value_change",) if _moves(frame) else ()
    )
    return Sheet(tab.sheet, tab.what, (block,), frozen=1)


_LEAD = (
    *("received", "open", "mean_days", "sd_days", "p95_days", "late_share", "mean_lateness_days"),
    *("law_mean", "effective_mean"),
)


def _moves(frame: pd.DataFrame) -> bool:
    return bool(frame["inventory_value_change"].notna().any())
