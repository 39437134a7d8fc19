"""Names, units and number formats of the measures, for terminal, tables and charts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simlab.measures.estimates import Estimate


DASH = "–"
ALL = "(all)"
"""Name of the row of totals in tables by segment."""
NO_CURRENCY = "money"
"""What a study's money is called that names no currency; its amounts carry no sign."""
_NONE = (NO_CURRENCY, "\N{CURRENCY SIGN}")  # the sign was the default up to 0.1.0


def sign_of(currency: str) -> str:
    """What stands beside an amount: the currency as the study names it, nothing where it names none."""
    return "" if currency in _NONE else currency


class Unit(Enum):
    """How a measure is written."""

    RATE = "rate"
    NUMBER = "number"
    MONEY = "money"


@dataclass(frozen=True)
class Measure:
    """A measure as a reader meets it.

    Attributes
    ----------
    key : str
        Column name in the result tables.
    name : str
        Display name.
    unit : Unit
        Decides the number format.
    per : str
        What the number is per, for headings; empty if nothing.
    """

    key: str
    name: str
    unit: Unit
    per: str

    def heading(self, currency: str = "") -> str:
        """Column heading with its unit: ``Holding cost (GBP per year)``."""
        parts = [currency if self.unit is Unit.MONEY else "", self.per]
        unit = " ".join(part for part in parts if part)
        return f"{self.name} ({unit})" if unit else self.name


MEASURES: dict[str, Measure] = {
    measure.key: measure
    for measure in (
        Measure("fill_rate", "Fill rate", Unit.RATE, ""),
        Measure("cycle_service_level", "Cycle service level", Unit.RATE, ""),
        Measure("ready_rate", "Ready rate", Unit.RATE, ""),
        Measure("stockout_periods", "Stockouts", Unit.NUMBER, "periods per item-year"),
        Measure("turns", "Stock turns", Unit.NUMBER, "per year"),
        Measure("inventory_value", "Inventory value", Unit.MONEY, ""),
        Measure("holding_cost", "Holding cost", Unit.MONEY, "per year"),
    )
}


def format_rate(value: float, digits: int = 3) -> str:
    """A fraction in per cent such as ``95.3%``; what is below 1 is never shown as 100%; NaN is ``–``.

    Parameters
    ----------
    value : float
    digits : int
        Of the fraction: 3 leave one behind the point of the percentage.
    """
    if math.isnan(value):
        return DASH
    for places in range(digits - 2, digits + 2):
        text = f"{100.0 * value:.{places}f}"
        if value >= 1.0 or float(text) < 100.0:
            return f"{text}%"
    return f">{100.0 - 10.0 ** -(digits + 1):.{digits + 1}f}%"


def format_number(value: float, digits: int = 2) -> str:
    """A plain number with thousands separators; NaN is ``–``."""
    return DASH if math.isnan(value) else _clean(f"{value:,.{digits}f}")


def format_percent(value: float, digits: int = 1) -> str:
    """A relative change such as ``-3.1%`` from -0.031; NaN is ``–``."""
    return DASH if math.isnan(value) else _clean(f"{100.0 * value:.{digits}f}") + "%"


def format_money(value: float, currency: str = "") -> str:
    """An amount such as ``GBP 1,234,568``; cents below 1,000; NaN is ``–``."""
    if math.isnan(value):
        return DASH
    digits = 0 if abs(value) >= 999.995 else 2
    text = _clean(f"{value:,.{digits}f}")
    minus = "-" if text.startswith("-") else ""
    return f"{minus}{f'{sign_of(currency)} {text.removeprefix(minus)}'.strip()}"


def format_measure(value: float, key: str, currency: str = "") -> str:
    """A value of the measure `key` in the measure's own format."""
    unit = MEASURES[key].unit
    if unit is Unit.RATE:
        return format_rate(value)
    return format_money(value, currency) if unit is Unit.MONEY else format_number(value)


def format_estimate(estimate: Estimate, key: str, currency: str = "") -> str:
    """Value and interval of the measure `key`: ``GBP 1,200 [1,150, 1,250]``.

    Rates get as many digits as it takes to tell the ends of the interval apart, six at the most.
    """
    ends = (estimate.low, estimate.high)
    if MEASURES[key].unit is Unit.RATE:
        digits = _telling_digits(*ends)
        value, low, high = (format_rate(number, digits) for number in (estimate.value, *ends))
    else:
        value = format_measure(estimate.value, key, currency)
        low, high = (format_measure(number, key) for number in ends)
    return value if math.isnan(estimate.low) and math.isnan(estimate.high) else f"{value} [{low}, {high}]"


def _telling_digits(low: float, high: float) -> int:
    return next((n for n in range(3, 6) if round(low, n) != round(high, n)), 6 if low != high else 3)


def _clean(text: str) -> str:
    """No negative zero."""
    return text.lstrip("-") if text.startswith("-") and not any(c in "123456789" for c in text) else text


def sentence(text: str) -> str:
    """A note as a sentence: a capital letter unless it begins with an option, and a mark at the end."""
    begins = text[:1] if "_" in text.partition(" ")[0] else text[:1].upper()
    return begins + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")
