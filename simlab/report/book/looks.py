"""How cells look: number formats with currency and units, widths of columns. Values stay unrounded."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.errors import visible
from simlab.measures.words import Unit
from simlab.report.kit.formats import currency_sign

if TYPE_CHECKING:
    import pandas as pd

_RATE = "[=1]0%;[>0.99]0.00%;0.0%"
_NUMBERS = (int, float, np.number)
_LEAST, _MOST, _LOOKED_AT = 7, 44, 2_000
LONGEST = 32_767
"""Signs that a cell takes."""


def number_format(unit: Unit, currency: str, digits: int, *, signed: bool = False) -> str:
    """The number format of a cell.

    Parameters
    ----------
    unit : str
    currency : str
        As the study names it.
    digits : int
        After the point, for money and numbers.
    signed : bool
        With a plus for what grew.
    """
    places = "." + "0" * digits if digits else ""
    if unit == "rate":
        return _RATE
    if unit in ("points", "share"):
        body = "0.0" if unit == "points" else "0%"
        return _signed("", body) if signed or unit == "points" else body
    sign = visible(currency_sign(currency))[:12].replace('"', "")
    before = f'"{sign}{" " if len(sign) > 1 else ""}"' if unit == "money" and sign else ""
    body = f"#,##0{places}"
    return _signed(before, body) if signed else f"{before}{body};-{before}{body}"


def _signed(before: str, body: str) -> str:
    return f"+{before}{body};-{before}{body};{before}{body}"


def digits_of(unit: Unit, values: Sequence[float]) -> int:
    """Digits after the point that a column of these values is shown with."""
    known = np.array([one for one in values if one is not None and math.isfinite(one)], dtype=np.float64)
    if unit == "money":
        return 2 if known.size and np.abs(known).max() < 1_000 else 0
    if unit in ("units", "count", "periods"):
        whole = not known.size or bool((known == np.rint(known)).all())
        return 0 if whole or unit == "count" else 2 if unit == "units" else 1
    return 1 if unit == "days" else 2


def width_of(heading: str, texts: Sequence[str]) -> float:
    """Width of a column that shows its cells, and the longest word of its heading, whole."""
    words = max((len(word) for word in heading.split()), default=0)
    cells = max((len(text) for text in texts), default=0)
    return float(min(_MOST, max(_LEAST, words + 2, cells + 2)))


def height_of(headings: Sequence[tuple[str, float]]) -> float:
    """Height of a row that shows headings whole in columns of these widths, in a wider font, too."""
    lines = (len(textwrap.wrap(text, max(1, int(0.9 * width)))) for text, width in headings)
    return max(42.0, 14.0 * max(lines, default=1))


def shown_like(column: pd.Series[Any], unit: Unit, currency: str, digits: int) -> list[str]:
    """Roughly what the cells of a column look like, for its width."""
    some = column.head(_LOOKED_AT).tolist()
    if unit == "text":
        return [str(one) for one in some if isinstance(one, str)]
    known = [float(one) for one in some if is_finite(one)]
    if unit in ("rate", "points", "share"):
        return ["+100.0%"] if known else []
    sign = currency_sign(currency) if unit == "money" else ""
    return [f"-{sign} {one:,.{digits}f}" for one in known]


def is_finite(value: object) -> bool:
    """Whether a cell holds a number to show."""
    return isinstance(value, _NUMBERS) and math.isfinite(value)


def safe_text(value: object) -> str:
    """A text as a cell takes it: no unseen signs, no longer than a cell."""
    text = visible(str(value), lines=True)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
