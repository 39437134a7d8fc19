"""How results show themselves in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_ROWS_SHOWN = 30


def describe(title: str, frame: pd.DataFrame) -> str:
    """A heading over the first rows of a table; everything escaped, NaN shown as a dash."""
    body = frame.head(_ROWS_SHOWN).to_html(
        index=False, border=0, na_rep="–", float_format=_number, escape=True
    )
    more = len(frame) - _ROWS_SHOWN
    tail = f"<p>… and {more:,} more rows: see <code>.to_frame()</code></p>" if more > 0 else ""
    return f"<p><strong>{escape(title)}</strong></p>{body}{tail}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
