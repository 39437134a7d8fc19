"""Tables as CSV for spreadsheets, in which no name is a formula."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?\d[\d.,]*(e[+-]?\d+)?%?", re.IGNORECASE)


def to_csv(frame: pd.DataFrame) -> str:
    """A table as CSV text, numbers in their shortest exact form.

    Text that a spreadsheet would take for a formula gets an apostrophe in front, which spreadsheets hide
    (OWASP, CSV Injection); numbers with a sign stay.
    """
    safe = frame.rename(columns=lambda name: inert(str(name)))
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if column.dtype.kind in "biufcmM":
            continue
        safe.isetitem(place, [inert(cell) if isinstance(cell, str) else cell for cell in column])
    text: str = safe.to_csv(index=False, lineterminator="\n")
    return text


def inert(text: str) -> str:
    """The text, no formula."""
    return f"'{text}" if text.startswith(_STARTS) and not _NUMBER.fullmatch(text) else text
