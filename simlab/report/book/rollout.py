"""Workbook of a gate: what may go live, what stays and why; waves; every SKU-location."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from simlab.measures.words import TABS
from simlab.report.book.sheet import Block, Sheet

if TYPE_CHECKING:
    from simlab.measures.words import Unit
    from simlab.run import RunFolder

COMMAND = "gate"
TABLES = ("gate", "lists", "held_back", "waves", "waves_cash")
_TAB = {tab.id: tab for tab in TABS}
_MOST_ITEMS = 100_000
_AS_ELSEWHERE = {
    "service": "fill_rate",
    "stock_value": "inventory_value",
    "orders": "orders_per_year",
}
"""Stems of the gate's columns, and what the other workbooks call them."""
_NAMES = {
    "decision": "Decision",
    "reason": "Why",
    "served_change": "Units served at once a year, change",
    "purchases_change": "Bought a year, change",
    "worse": "Chance that it serves less",
    "tolerance": "Loss of service that passes",
    "could_show": "Harm that could be shown (of what cannot be told)",
    "replications_needed": "Replications that would settle it",
    "wave": "Wave",
    "starts_week": "Begins in week",
    "n_go": "of which go",
    "inventory_value_change_so_far": "Stock, change so far",
    "week": "Week",
    "purchases": "Bought",
    "purchases_now": "Bought without the plan",
}
_UNITS: dict[str, Unit] = {
    "decision": "text",
    "reason": "text",
    "served_change": "units",
    "purchases_change": "money",
    "worse": "rate",
    "tolerance": "rate",
    "could_show": "number",
    "replications_needed": "count",
    "wave": "text",
    "starts_week": "count",
    "n_go": "count",
    "inventory_value_change_so_far": "money",
    "week": "count",
}
_OF_ITEMS = (
    *("sku", "location", "product", "supplier", "segment", "decision", "reason"),
    *("inventory_value_change", "inventory_value_now", "inventory_value"),
    *("fill_rate_now", "fill_rate", "served_change", "worse"),
    *("reorder_point_now", "reorder_point", "order_up_to_now", "order_up_to"),
    *("order_quantity_now", "order_quantity", "orders_per_year_now", "orders_per_year_change"),
    *("purchases_change", "tolerance", "could_show", "replications_needed", "target"),
)


def gate_sheets(run: RunFolder, told: Sequence[str]) -> list[Sheet]:
    """The lists, the waves and the SKU-locations."""
    frames = {name: _named(run.read_table(name)) for name in TABLES if run.has_table(name)}
    tab = _TAB["decision"]
    lists = frames["lists"].assign(decision=frames["lists"]["decision"].replace("(all)", "all"))
    blocks = (_block("lists", "What each list changes", lists), *_reasons(frames.get("held_back")))
    found = [Sheet(tab.sheet, "what may go live, and what stays as it is", blocks, tuple(told))]
    if "waves" in frames:
        found.append(_waves(frames))
    return [*found, _items(frames["gate"])]


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns under the names of the other workbooks."""
    names = {}
    for column in frame:
        name = str(column).removesuffix("_proposed")
        for stem, other in _AS_ELSEWHERE.items():
            if name == stem or name.startswith(f"{stem}_"):
                name = other + name.removeprefix(stem)
        names[column] = name
    return frame.rename(columns=names)


def _block(key: str, title: str, frame: pd.DataFrame, bars: tuple[str, ...] = ()) -> Block:
    return Block(key, title, frame, _UNITS, _headings(frame), bars=bars)


def _headings(frame: pd.DataFrame) -> Mapping[str, str]:
    return {name: heading for name, heading in _NAMES.items() if name in frame}


def _reasons(held: pd.DataFrame | None) -> list[Block]:
    """How many SKU-locations each reason holds back."""
    if held is None or held.empty:
        return []
    return [_block("reasons", "Why SKU-locations are held back", held)]


def _waves(frames: Mapping[str, pd.DataFrame]) -> Sheet:
    blocks = [_block("waves", "Capital and service of each wave", frames["waves"])]
    cash = frames.get("waves_cash")
    if cash is not None:
        blocks.append(_block("cash", "What is bought, week by week", cash))
    return Sheet(_TAB["finance"].sheet, "capital and service by wave, cash week by week", tuple(blocks))


def _items(table: pd.DataFrame) -> Sheet:
    """Every SKU-location, the largest change of stock first."""
    tab, texts = _TAB["items"], tuple[str, ...]()
    order = table["inventory_value_change"].abs().sort_values(ascending=False, kind="stable").index
    frame = table.loc[order]
    frame = frame[[name for name in _OF_ITEMS if name in frame and frame[name].notna().any()]]
    if "order_quantity" in frame and not frame["order_quantity"].any():
        frame = frame.drop(columns=["order_quantity", "order_quantity_now"], errors="ignore")
    if len(frame) > _MOST_ITEMS:
        texts = (f"The first {_MOST_ITEMS:,} of {len(frame):,}; all are in results/gate.csv.",)
    title = "SKU-locations, the largest change of stock first"
    bars = ("inventory_value_change",)
    block = _block("gate", title, frame.head(_MOST_ITEMS), bars)
    return Sheet(
        tab.sheet, "decision, reason and both sides of every SKU-location", (block,), texts, frozen=2
    )
