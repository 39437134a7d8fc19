"""What the data of a run cannot say, as far as its tables show it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simlab.report.formats import number

if TYPE_CHECKING:
    import pandas as pd

    from simlab.report.tables import RunTables

_FEW_PERIODS = 24
_STATED, _SPREAD = ("items.lead_time", "given"), "lead_time_sd"


def sentences(tables: RunTables) -> Iterator[str]:
    """One per gap: sales for demand, short histories, seasons, lead times, lives."""
    yield _sales(tables)
    items, period = tables.items, tables.period
    if "n_observed" in items:
        few = int(((items["n_observed"] > 0) & (items["n_observed"] < _FEW_PERIODS)).sum())
        if few:
            yield (
                f"{number(few)} of {number(len(items))} SKU-locations have fewer than {_FEW_PERIODS} "
                f"{period}s of history: nobody has seen their rare large {period}s yet."
            )
    if "season" in items and "n_observed" in items:
        untested = int((items["season"].isna() & (items["n_observed"] > 0)).sum())
        if untested:
            cycle = "two weeks" if period == "day" else "two years"
            yield (
                f"Seasons are tested where demand varies and {cycle} or more were observed: not for "
                f"{number(untested)} of {number(len(items))} SKU-locations, whose peaks may come back or not."
            )
    yield from _lead_times(items["lead_time_reason"].astype(str))
    if "stage" in items:
        dying = int((items["stage"] == "dying").sum())
        if dying:
            yield (
                f"Whether the {number(dying)} dying SKU-locations are discontinued or merely quiet: "
                f"their silent {period}s count as zero demand and make them look rarer than they sold, "
                'unless life = "first_to_last".'
            )


def _lead_times(reason: pd.Series[str]) -> Iterator[str]:
    """Lead times that no receipt shows, with and without a stated spread."""
    stated, spread = reason.str.startswith(_STATED), reason.str.contains(_SPREAD)
    for rows, unknown in (
        (stated & ~spread, "how much they vary is not known"),
        (stated & spread, "so is how much they vary, and no receipt shows whether it is true"),
    ):
        if rows.any():
            n = f"{number(int(rows.sum()))} of {number(len(reason))}"
            yield f"The lead times of {n} SKU-locations are stated, not received: {unknown}."


def _sales(tables: RunTables) -> str:
    quality = tables.quality
    looked = quality is not None and (quality["what"] == "demand unseen in stock-outs").any()
    if looked:
        return (
            "What customers wanted while the shelf was empty: it is estimated from the sales that were "
            "seen, as the account of the data says, and the estimate rests on demand behaving alike in both."
        )
    return (
        "What customers wanted while the shelf was empty: the history counts what was sold. Say "
        'which periods were stocked out by [demand] censoring = "stockout_column" or "on_hand".'
    )
