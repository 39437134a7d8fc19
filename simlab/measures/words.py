"""The dictionary: what columns and tabs are called on the page, in the workbook and in the terminal.

One record per column of a result table. `heading` makes the heading of a column, with its unit; what is
not listed is called by its key, in words. What a number looks like follows from its unit.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from simlab.measures.decision import ROWS
from simlab.measures.display import sign_of

Unit = Literal["text", "money", "rate", "points", "share", "units", "periods", "days", "count", "number"]
"""Changes of rates are points: 100 × the difference. A share is a fraction that is no service."""


class Tab(NamedTuple):
    """A part of a report: a tab of the page, a sheet of the workbook.

    Attributes
    ----------
    id : str
        Anchor of the page.
    title : str
        On the page.
    sheet : str
        In the workbook, at most 31 signs.
    what : str
        What stands there, in one line.
    """

    id: str
    title: str
    sheet: str
    what: str


TABS = (
    Tab("decision", "Decision", "Decision", "what the plan gives and takes against today"),
    Tab("finance", "Finance", "Finance", "what service costs, working capital, the way from today's stock"),
    Tab("segments", "Segments", "Segments", "every segment: today, proposed, change"),
    Tab(
        "items",
        "Items",
        "Items",
        "every SKU-location: today's levels beside the proposed, what changes most first",
    ),
    Tab("suppliers", "Suppliers & orders", "Suppliers", "orders, lead times, stock and service by supplier"),
    Tab("locations", "Locations", "Locations", "stock, orders and service by location"),
    Tab(
        "believe",
        "Can we believe it?",
        "Believe",
        "the last periods replayed, what was read, what is assumed",
    ),
    Tab("method", "Method", "Method", "seeds, versions, inputs: what it takes to compute this again"),
)
"""In the order of the page and of the workbook."""


class Word(NamedTuple):
    """What a column is called.

    Attributes
    ----------
    key : str
        In tables; without the ending of `FORMS`.
    name : str
    unit : str
        See `Unit`.
    what : str
        What it means, where the name does not say it.
    """

    key: str
    name: str
    unit: Unit
    what: str = ""


FORMS = {
    "_now": ", today",
    "_change": ", change",
    "_low": ", at least",
    "_high": ", at most",
    "_expected": ", expected",
    "_inside": " as expected?",
    "_with_order": ", with the order",
    "_a": ", first run",
    "_b": ", other run",
}
"""Endings of keys, and what they add to a name."""

_LISTED = (
    Word("sku", "SKU", "text"),
    Word("location", "Location", "text"),
    Word("product", "Product", "text"),
    Word("supplier", "Supplier", "text"),
    Word("segment", "Segment", "text"),
    Word("plan", "Plan", "text"),
    Word("family", "Policy", "text", "the ordering rule: (R,S), (R,s,nQ) or (R,s,S)"),
    Word("n_items", "SKU-locations", "count"),
    Word("n_judged", "of which judged", "count"),
    Word("target", "Target", "rate", "the setting in the planning system, not what customers get"),
    Word("fill_rate", "Units served at once", "rate", "what customers get from the shelf when they ask"),
    Word("served_value", "Value served at once", "rate", "the same, weighed by unit cost"),
    Word("served_margin", "Margin served at once", "rate", "the same, weighed by margin"),
    Word("served_items", "Items served, each once", "rate", "mean over SKU-locations, each counted once"),
    Word("cycle_service_level", "Cycles without a shortage", "rate"),
    Word("ready_rate", "Periods with stock", "rate"),
    Word("stockout_periods", "Periods short a year", "number", "per SKU-location"),
    Word("inventory_value", "Stock", "money", "mean value on the shelf in the long run, at cost"),
    Word("stock_record", "Stock on record", "money", "what lies on the shelf today, as recorded"),
    Word("change", "Change of stock", "money", "proposed − today"),
    Word("holding_cost", "Holding cost a year", "money"),
    Word("capital_charge", "Cost of capital a year", "money"),
    Word("cost_of_sales", "Cost of sales a year", "money"),
    Word("sales", "Sales a year", "money"),
    Word("gross_margin", "Gross margin a year", "money"),
    Word("gmroi", "Margin a year per unit of stock", "number", "GMROI: gross margin ÷ stock"),
    Word("lost_margin", "Margin late a year", "money", "margin on units that were not served at once"),
    Word("turns", "Stock turns a year", "number", "cost of goods delivered ÷ stock"),
    Word("days_of_supply", "Days of supply", "days"),
    Word("reorder_point", "Reorder point", "units", "s: an order is placed at or below it"),
    Word("level_value", "Levels at unit cost", "money", "what the levels bind at most, not the mean stock"),
    Word("order_up_to", "Order up to", "units", "S: what an order lifts the position to"),
    Word("order_quantity", "Order quantity", "units", "Q: orders are multiples of it"),
    Word("pack_size", "Pack", "units"),
    Word("safety_stock", "Safety stock", "units", "above the demand expected until the next delivery"),
    Word("review_period", "Review period", "periods", "time between two looks at the stock"),
    Word("mean_lead_time", "Lead time", "periods", "mean, order to shelf"),
    Word("mean_demand", "Demand a period", "units"),
    Word("unit_cost", "Unit cost", "money"),
    Word("annual_units", "Units a year", "units"),
    Word("annual_value", "Yearly value at cost", "money"),
    Word("orders_per_year", "Orders a year", "count"),
    Word("volume", "Room on the shelf (m³)", "number", "mean stock × room that a unit takes"),
    Word("planning_method", "How the level was found", "text"),
    Word("reason", "How the level was found", "text"),
    Word("demand_law", "Demand law", "text"),
    Word("lead_time_source", "Lead time from", "text"),
    Word("received", "Receipts", "count", "receipts that the lead time was learned from"),
    Word("open", "Orders open", "count"),
    Word("mean_days", "Lead time, mean", "days"),
    Word("sd_days", "Lead time, spread", "days", "standard deviation"),
    Word("p95_days", "Lead time, 19 of 20 within", "days"),
    Word("late_share", "Late", "share", "share of receipts after the promised day"),
    Word("mean_lateness_days", "Late by", "days"),
    Word("drifted", "Lead time has changed", "text"),
    Word("period", "Period", "count"),
    Word("purchases", "Bought", "money"),
    Word("cash_out", "Paid", "money"),
    Word("on_order_value", "On order", "money"),
    Word("dead_stock", "Stock that nothing asks for", "money"),
    Word("cost_per_point", "Next point of service costs a year", "money"),
    Word("value_per_point", "Stock for the next point", "money"),
    Word("p95_inventory_value", "Stock, 19 periods in 20 below", "money"),
    Word("peak_inventory_value", "Highest stock", "money", "mean over the simulated years"),
    Word("peak_inventory_value_p95", "Highest stock, 19 years in 20 below", "money"),
    Word("share", "Share of stock to release", "share"),
    Word("amount", "Amount", "money"),
    Word("cost", "Holding cost, change", "money"),
    Word("service_after", "Service after", "rate"),
    Word("budget", "Stock allowed", "money"),
    Word("excess", "Above the plan", "money"),
    Word("missing", "Missing to the plan", "money"),
    Word("value", "Value", "money"),
    Word("value_rate", "Value served at once", "rate"),
    Word("demand", "Demand", "units"),
    Word("age", "Age", "text"),
    Word("from_target", "Target from", "rate"),
    Word("to_target", "Target to", "rate"),
    Word("order_date", "Ordered on", "text"),
    Word("quantity", "Quantity", "units"),
    Word("packs", "Packs", "count"),
    Word("lines", "Lines", "count"),
    Word("due_date", "Due on", "text"),
    Word("position", "Position", "units", "on the shelf, less what is owed, and on order"),
    Word("level", "Level", "units", "the position that the rule orders up to"),
    Word("on_hand", "On the shelf", "units"),
    Word("on_order", "On order", "units"),
    Word("cover_days", "Cover (days)", "days", "how long the position lasts at mean demand"),
    Word("chance_out", "Chance of being short", "rate", "before the order of the next review can arrive"),
    Word("units_short", "Units short", "units", "not served at once until then, mean"),
    Word("action", "What to do", "text"),
    Word("why", "Why", "text"),
    Word("what", "What was read", "text"),
    Word("status", "Status", "text"),
    Word("table", "Table", "text"),
    Word("rows", "Rows", "count"),
    Word("units", "Units", "units"),
    Word("note", "Note", "text"),
    Word("name", "Name", "text"),
    Word("policy", "Ordering rule", "text"),
    Word("holding_cost_at_equal_fill", "Holding cost a year at equal units served", "money"),
    Word("holding_cost_at_equal_value", "Holding cost a year at equal value served", "money"),
    Word("holding_cost_at_equal_margin", "Holding cost a year at equal margin served", "money"),
    Word("holding_cost_at_equal_items", "Holding cost a year at equal items served", "money"),
    Word("at_fill", "Service compared", "rate", "what both are brought to before they are compared"),
    Word("cost_at_fill", "Cost a year there", "money"),
    Word("percent", "Difference", "points", "per cent of the other's cost; above zero: it costs more"),
    Word("quantity", "Order", "units"),
    Word("due_date", "Expected", "text"),
    Word("chance_out", "Chance to be short without it", "share"),
    Word("chance_out_with_order", "Chance to be short with it", "share"),
    Word("on_hand", "On the shelf", "units"),
    Word("on_order", "On order", "units"),
    Word("level", "Level", "units"),
    Word("service_now", "Units served at once, today", "rate"),
    Word("service", "Service", "rate"),
)

_ROW_UNITS: dict[str, Unit] = {
    "money": "money",
    "rate": "rate",
    "number": "number",
    "days": "days",
    "count": "count",
}
WORDS: dict[str, Word] = {key: Word(key, row.name, _ROW_UNITS[row.unit]) for key, row in ROWS.items()}
"""By key; the rows of the decision's table first."""
WORDS |= {word.key: word for word in _LISTED}


_VITAL = frozenset({"v", "vital"})
WHAT_IS_VITAL = "criticality vital or v in the items table"
"""What makes a SKU-location vital, for its first mention."""


def is_vital(criticality: object) -> bool:
    """Whether a SKU-location of this criticality is called vital."""
    return str(criticality).strip().casefold() in _VITAL


def word(key: str) -> Word:
    """What a column is called, its ending included.

    A change of a rate is in points; a flag (``_inside``) is a text.
    """
    if key in WORDS:
        return WORDS[key]
    for ending, adds in FORMS.items():
        if key.endswith(ending):
            stem = word(key.removesuffix(ending))
            return Word(key, stem.name + adds, _unit(stem.unit, ending), stem.what)
    if key.startswith("percent_by_"):
        return Word(key, f"Difference by {key.removeprefix('percent_by_')}", "points", word("percent").what)
    return Word(key, key.replace("_", " ").capitalize(), "text" if key.startswith("has_") else "number")


def _unit(unit: Unit, ending: str) -> Unit:
    if ending == "_inside":
        return "text"
    return "points" if ending == "_change" and unit == "rate" else unit


def heading(key: str, currency: str = "", period: str = "", *, beside: bool = False) -> str:
    """The heading of a column with its unit where that is no percent: ``Stock, today (EUR)``.

    Parameters
    ----------
    key : str
    currency, period : str
        As the study names them.
    beside : bool
        Today's stands beside it, so that this is the proposed.
    """
    one = word(key)
    name = f"{one.name}, proposed" if beside else one.name
    units = {"money": sign_of(currency), "periods": f"{period}s" if period else "", "points": "points"}
    unit = "%" if key.startswith("percent") else units.get(one.unit, "")
    return f"{name} ({unit})" if unit else name


SCHEMES = {
    "one class": "one target for all",
    "abc": "ABC by value",
    "abc_volume": "ABC by units",
    "abc_margin": "ABC by margin",
    "abc_lines": "ABC by order lines",
    "xyz": "XYZ, steady to erratic",
    "fsn": "fast, slow, non-moving",
    "hml": "high, medium, low unit cost",
    "ved": "vital, essential, desirable",
    "tbs": "margin ÷ holding (TBS)",
    "zhs": "units ÷ lead time (ZHS)",
    "low_cost_first": "cheap items first",
    "ng": "criteria, Ng",
    "edas": "criteria, EDAS",
    "ramanathan": "criteria, Ramanathan",
    "zhou_fan": "criteria, Zhou–Fan",
    "weighted_sum": "criteria, weighted",
    "kmeans": "k-means clusters",
    "hierarchical": "hierarchical clusters",
    "adi_cv2": "demand pattern (ADI, CV²)",
    "lead_time_class": "lead time, short to long",
    "supplier_reliability": "supplier reliability",
    "learned": "learned classes",
    "tree": "learned tree",
    "cuts": "learned cuts",
    "free": "learned, no rule",
    "rules": "rules of the study",
    "random": "drawn by lot",
}
"""What segment schemes are called, by the name that a study writes."""


def scheme_title(name: str) -> str:
    """A segment scheme in words; products by their parts, columns of the items by their own name."""
    if name in SCHEMES:
        return SCHEMES[name]
    head, colon, inner = name.partition(":")
    if colon and head == "optimised":
        return f"{scheme_title(inner)}, best sizes"
    if "+" in name:
        return " × ".join(part.upper() if len(part) <= 3 else part for part in name.split("+"))
    return name.replace("_", " ")


_POLICIES = {
    "order_up_to": "order up to S at every review (R,S)",
    "reorder_quantity": "lots Q at or below s (R,s,nQ)",
    "reorder_up_to": "up to S at or below s (R,s,S)",
    "given": "levels as given",
    "forecast": "order up to a forecast",
}


def policy_title(name: str) -> str:
    """An ordering rule in words, by the name that `compare policies` gives it."""
    family, colon, planning = str(name).partition(":")
    if family not in _POLICIES:
        return str(name)
    return f"{_POLICIES[family]}, {planning} formula" if colon else _POLICIES[family]


def subject(policy: str, segment: str) -> str:
    """Key of the sentence that is about one segment of a policy."""
    return f"{policy}: {segment}"
