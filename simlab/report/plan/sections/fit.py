"""Do the laws fit, segment by segment? Single periods judged by the laws of what came before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlab.measures import ALL
from simlab.measures.misfit import what_is_off
from simlab.report.kit.formats import DASH, is_number, number, percent
from simlab.report.kit.reading import records
from simlab.report.plan.section import Content, Row, section, table

if TYPE_CHECKING:
    import pandas as pd

    from simlab.report.kit.style import Figure
    from simlab.report.plan.tables import RunTables


_MOST_ROWS = 60
_SMALLEST_P = 0.0001


def _charts(tables: RunTables) -> dict[str, Figure]:
    from simlab.report.plan.charts import pit_chart

    pit = _shown(tables)
    return {} if pit is None else {"fit_pit": pit_chart(pit, "fit_pit", "Share of periods")}


def _shown(tables: RunTables) -> pd.DataFrame | None:
    """Histograms of all together and of the segments that are questioned; flat ones say nothing."""
    pit, tests = tables.table("fit_pit"), tables.table("fit_test")
    if pit is None or tests is None:
        return pit
    flagged = {ALL, *tests.loc[tests["flagged"].astype(bool), "segment"]}
    return pit[pit["group"].isin(flagged)]


@section(
    "fit",
    menu="Fit of the model",
    title="Does the demand model fit, segment by segment?",
    place=3,
    needs={
        "fit_test": ("segment", "n_items", "n_periods", "n", "pit_mean", "pit_share", "p", "flagged", "cut"),
        "fit_pit": ("horizon", "group", "method", "low", "high", "share"),
    },
    charts=_charts,
)
def fit(tables: RunTables) -> Content | None:
    """Do single periods fall where the laws of what came before put them?"""
    frame = tables.table("fit_test")
    if frame is None:
        return None
    rows, period = records(frame), tables.period
    header = ["Segment", "SKU-locations judged", f"{period}s", "mean PIT", "PIT in 5–95%"]
    header += ["p of the test", "what it says"]
    tests = table("Test of fit by segment", header, [_row(row) for row in rows[: _MOST_ROWS + 1]])
    charts = {}
    if tables.table("fit_pit") is not None:
        charts["fit_pit"] = "Where demand fell in its modelled range: all items, and segments questioned"
    return Content(
        [
            f"Fitted to the first two thirds of the history, judged by every {period} from {rows[0]['cut']} "
            "on. If the model is right, all bars touch the line. Rising bars: demand grew. U: demand varies "
            "more than modelled."
        ],
        [tests],
        charts,
        (
            "Smooth test of mean and spread of the PIT, with errors shared within SKU-locations and within "
            f"{period}s. Flagged: off by more than 5% of a {period}'s standard deviation, beyond chance; at "
            "most 5% of the segments flagged are expected to be flagged falsely.",
            "Cannot tell: a mean PIT off by 0.1 would be overlooked in more than one of five cases.",
            "Checked on a sample of up to 60 per segment; mean 0.5 and 90% inside if the model is right.",
        ),
    )


def _row(row: Row) -> list[str]:
    p = row["p"]
    shown = DASH
    if is_number(p):
        shown = f"< {_SMALLEST_P:g}" if p < _SMALLEST_P else number(p, 4)
    return [
        "All" if row["segment"] == ALL else str(row["segment"]),
        number(row["n_items"]),
        number(row["n_periods"]),
        number(row["pit_mean"], 3),
        percent(row["pit_share"], 1),
        shown,
        _verdict(row),
    ]


def _verdict(row: Row) -> str:
    """What a flag means, by the measure that is further off."""
    if not is_number(row["p"]) or row.get("finding") == "cannot tell":
        return "cannot tell: too few"
    if not row["flagged"]:
        return "no misfit found"
    return what_is_off(row["pit_mean"], row["pit_share"])
