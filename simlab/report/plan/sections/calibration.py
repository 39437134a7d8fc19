"""Did the past know the future? Forecasts over R + L at earlier dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlab.measures import ALL
from simlab.report.kit.formats import DASH, number, percent, span
from simlab.report.kit.reading import records
from simlab.report.plan.section import Content, section, table

if TYPE_CHECKING:
    from simlab.report.kit.style import Figure
    from simlab.report.plan.tables import RunTables


_MOST_ROWS = 60


def _charts(tables: RunTables) -> dict[str, Figure]:
    from simlab.report.plan.charts import pit_chart

    pit = tables.table("pit")
    return {} if pit is None else {"pit": pit_chart(pit, "pit", "Share of forecasts")}


@section(
    "calibration",
    menu="Calibration",
    title="Did the past know the future?",
    place=2,
    needs={
        "calibration": ("horizon", "group", "method", "n", "origins", "coverage", "implied", "pit_share"),
        "pit": ("horizon", "group", "method", "low", "high", "share"),
    },
    charts=_charts,
)
def calibration(tables: RunTables) -> Content | None:
    """Forecasts of demand over R + L, judged by what came."""
    frame = tables.table("calibration")
    if frame is None:
        return None
    rows = [
        [
            f"{'All' if row['group'] == ALL else row['group']}, {row['method']}",
            number(row["n"]),
            number(row["origins"]),
            percent(row["pit_share"], 1),
            span(row.get("pit_share_low"), row.get("pit_share_high"), lambda x: percent(x, 1)) or DASH,
            percent(row["coverage"], 1),
            percent(row["implied"], 1),
            percent(row.get("exceedance"), 1),
            number(row.get("log_score"), 3),
            number(row.get("crps"), 3),
            number(row.get("bias"), 2),
        ]
        for row in records(frame)[:_MOST_ROWS]
    ]
    header = ["Segment, laws", "forecasts", "origins", "PIT in 5–95%", "interval over origins"]
    header += [
        "covered by 90% interval",
        "law's own coverage",
        "above 95%",
        "−log score",
        "CRPS ÷ mean",
        "bias",
    ]
    text = (
        "Demand over R + L predicted from earlier dates with what was known then. Right laws put 90% of the "
        "randomised PIT between 5 and 95%; whole units make the plain 90% interval cover more, as much as "
        "the law's own coverage says. Lower scores are better."
    )
    return Content(
        [text],
        [table("Calibration by segment and method", header, rows)],
        {"pit": "PIT histograms of the fitted laws"},
        ("Intervals are over origins: items of one origin share what happened then.",),
    )
