"""Workbooks of audits and of contests of schemes: their own tables under the same tabs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from simlab.measures.words import TABS
from simlab.report.book.sheet import Block, Sheet

if TYPE_CHECKING:
    import pandas as pd

_TAB = {tab.id: tab for tab in TABS}
MAIN = {"audit": ("audit",), "compare schemes": ("tournament", "classes", "stability", "pairs")}
"""Tables that are the answer of a command."""
_TITLES = {
    "audit": "From the service asked for to the service achieved",
    "tournament": "Schemes at equal service",
    "pairs": "Pairs of schemes",
}
_MOST_ROWS, _MOST_COLUMNS = 20_000, 60


def told_sheet(command: str, texts: tuple[str, ...], tables: Mapping[str, pd.DataFrame]) -> Sheet:
    """The sentences of a run and its main table."""
    blocks = tuple(
        Block(name, _TITLES.get(name, name.replace("_", " ").capitalize()), flat(tables[name]))
        for name in MAIN[command]
        if name in tables
    )
    return Sheet(_TAB["decision"].sheet, "what was asked, and what came out", blocks, texts)


def flat(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns that cells can hold, without those that are empty."""
    plain = [one for one in frame if not frame[one].map(_is_nested).any() and frame[one].notna().any()]
    return frame[plain[:_MOST_COLUMNS]].head(_MOST_ROWS)


def _is_nested(value: object) -> bool:
    return not isinstance(value, str | bytes) and hasattr(value, "__len__")
