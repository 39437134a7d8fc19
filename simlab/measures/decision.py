"""Rows of the table Today / Same service / Proposed: key, name, unit; and amounts as people say them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

COLUMNS = ("today", "same_service", "proposed")
"""The three plans that are always shown, in this order; then the change, proposed − today."""

WEIGHT_NOUNS = {
    "units": "units",
    "value": "value",
    "margin": "margin",
    "items": "items",
    "lines_per_unit": "lines",
    "decision": "the service asked for",
}
"""What is served, by the weight of a unit."""
SERVICE_NOUNS = {
    "fill_rate": "units",
    "value_fill_rate": "value",
    "margin_fill_rate": "margin",
    "item_fill_rate": "items",
    "line_fill_rate": "lines",
    "cycle_service_level": "cycle service level",
    "ready_rate": "ready rate",
}
"""What a definition of service counts, in a word: "by margin"."""


def service_served(service: str) -> str:
    """A service as a study counts it, as people say it: "fill rate weighted by margin" is margin served."""
    if not service.startswith("fill rate"):
        return service
    return f"{service.removeprefix('fill rate').removeprefix(' weighted by ') or 'units'} served at once"


class Row(NamedTuple):
    """One row of the table.

    Attributes
    ----------
    key : str
        As the table's column `measure` has it.
    name : str
    unit : {"money", "rate", "number", "days"}
        Changes of rates are points.
    """

    key: str
    name: str
    unit: str


ROWS = {
    row.key: row
    for row in (
        Row("inventory_value", "Stock", "money"),
        Row("holding_cost", "Holding cost a year", "money"),
        Row("served_units", "Units served at once", "rate"),
        Row("served_value", "Value served at once", "rate"),
        Row("served_margin", "Margin served at once", "rate"),
        Row("served_items", "Items served, each once", "rate"),
        Row("served_lines_per_unit", "Lines served at once", "rate"),
        Row("served_counted", "Service as the study counts it", "rate"),
        Row("lost_margin", "Margin late a year", "money"),
        Row("turns", "Stock turns a year", "number"),
        Row("days_of_supply", "Days of supply", "days"),
        Row("orders", "Orders a year", "count"),
        Row("last_point", "Last point of service costs a year", "money"),
        Row("next_point", "Next point of service costs a year", "money"),
    )
}
"""By key, in the order in which they are shown."""

_SHORT = ((1e9, "bn"), (1e6, "m"), (1e3, "k"))


def short_money(value: float, currency: str = "") -> str:
    """Three digits that count: ``EUR 1.04m``, ``EUR 268k``; the sign is left to words."""
    if not math.isfinite(value):
        return "–"
    amount = abs(value)
    text = f"{amount:,.0f}" if amount >= 100 else f"{amount:.3g}" if amount >= 0.005 else "0"
    for size, unit in _SHORT:
        if amount >= 0.9995 * size and amount >= 9_995:
            digits = max(0, 2 - math.floor(math.log10(max(amount / size, 1.0) * 1.0005)))
            text = f"{amount / size:.{digits}f}{unit}"
            break
    return f"{currency} {text}".strip()


def short_rate(value: float) -> str:
    """A rate as ``95.0%``: one decimal, two above 99 %; what is below 1 never shows as 100 %."""
    if not math.isfinite(value):
        return "–"
    digits = 2 if 0.99 < value < 1 else 1
    text = f"{100 * value:.{digits}f}"
    return f"{text}%" if value >= 1 or float(text) < 100 else ">99.99%"


def points(value: float) -> str:
    """A change of a rate, in points, without its sign: ``13.4 points``."""
    if not math.isfinite(value):
        return "–"
    size = abs(100 * value)
    text = f"{size:.1f}" if size >= 0.095 or size == 0 else f"{size:.2f}"
    return f"{text} point{'' if text == '1.0' else 's'}"


def cell(row: Mapping[str, Any], column: str, currency: str) -> str:
    """One value as text."""
    value, unit = row[column], row["unit"]
    if value != value:
        return "–"
    return _written(float(value), unit, currency)


def _written(value: float, unit: str, currency: str) -> str:
    sign = "-" if value < 0 else ""
    if unit == "money":
        return sign + short_money(value, currency)
    if unit == "rate":
        return short_rate(value)
    fine = unit == "number" or (unit == "days" and abs(value) < 10)
    return f"{sign}{abs(value):,.1f}" if fine else f"{sign}{abs(value):,.0f}"


def change(row: Mapping[str, Any], currency: str) -> str:
    """The change as text: rates in points, amounts with their share unless they change their sign."""
    value, unit = row["change"], row["unit"]
    if value != value:
        return ""
    sign = "-" if value < 0 else "+"
    if unit == "rate":
        return f"{sign}{points(value)}"
    share = row["change_share"]
    known = unit == "money" and math.isfinite(share) and share >= -1
    tail = f" ({'-' if share < 0 else '+'}{abs(100 * share):.0f}%)" if known else ""
    return sign + _written(abs(float(value)), unit, currency) + tail
