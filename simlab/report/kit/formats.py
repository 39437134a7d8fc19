"""Numbers as a reader sees them: with unit, with interval, and a dash where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import TypeGuard

from simlab.measures import sign_of

DASH = "–"
_THIN = "\u202f"
_MINUS = "\u2212"
_SIGNS = {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥"}
_SHORT = ((1e9, 1e9, "bn"), (1e6, 1e6, "m"), (1e4, 1e3, "k"))


def is_number(value: object) -> TypeGuard[float]:
    """Whether there is a finite number to show."""
    return isinstance(value, Real) and math.isfinite(value)


def number(value: float | None, digits: int = 0) -> str:
    """12,345.6 with a true minus sign; a dash for NaN and None."""
    if not is_number(value):
        return DASH
    text = f"{value:,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", _MINUS)


def percent(value: float | None, digits: int = 2) -> str:
    """A fraction as 95.43%."""
    return DASH if not is_number(value) else f"{number(100 * value, digits)}%"


def target(value: float | None) -> str:
    """A target asked for: up to two decimals, none that say nothing (95%, 99.9%)."""
    if not is_number(value):
        return DASH
    return f"{number(100 * value, 2).rstrip('0').rstrip('.')}%"


def money(value: float | None, currency: str, *, digits: int | None = None) -> str:
    """£12,345; pence only below 100."""
    if not is_number(value):
        return DASH
    digits = (2 if 0 < abs(value) < 100 else 0) if digits is None else digits
    return _with_currency(number(value, digits), currency)


def money_short(value: float | None, currency: str) -> str:
    """£1.24m, £95.1k: three digits that count, for headlines."""
    if not is_number(value):
        return DASH
    for least, size, unit in _SHORT:
        if abs(value) >= least:
            scaled = value / size
            digits = max(0, 2 - int(math.log10(abs(scaled))))
            return _with_currency(f"{number(scaled, digits)}{unit}", currency)
    return money(value, currency)


def interval(low: float | None, high: float | None, show: Callable[[float], str]) -> str:
    """`low to high`; a dash if either end is missing."""
    if not (is_number(low) and is_number(high)):
        return DASH
    return f"{show(low)} to {show(high)}"


def span(low: float | None, high: float | None, show: Callable[[float], str]) -> str:
    """`low – high` for small print under a number; with `to` where a minus sign could be misread."""
    text = interval(low, high, show)
    return text if _MINUS in text else text.replace(" to ", f"{_THIN}–{_THIN}")


def money_in(currency: str) -> str:
    """In what amounts are, for the line above a page."""
    return f"money in {currency}" if sign_of(currency) else "the study names no currency"


def in_signs(text: str, currency: str) -> str:
    """A sentence of the terminal with the sign of its currency and true minus signs before amounts."""
    sign = currency_sign(currency)
    if not currency or sign == currency:
        return text
    for before in (f"-{currency} ", f"{currency} -"):
        text = text.replace(before, f"{_MINUS}{sign}")
    return text.replace(f"{currency} ", sign)


def currency_sign(currency: str) -> str:
    """£ for GBP; the code itself where the sign is not unmistakable; nothing where none is named."""
    return _SIGNS.get(currency, sign_of(currency))


def _with_currency(text: str, currency: str) -> str:
    sign, body = (_MINUS, text[1:]) if text.startswith(_MINUS) else ("", text)
    unit = _SIGNS.get(currency)
    return f"{sign}{unit}{body}" if unit else f"{sign}{body}{_THIN}{currency_sign(currency)}".strip()
