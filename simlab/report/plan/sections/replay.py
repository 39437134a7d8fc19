"""The last periods, replayed under the plan's levels."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from simlab.measures import ALL, PLAN_NAMES
from simlab.report.kit.formats import DASH, is_number, money, number, percent, span
from simlab.report.kit.reading import records
from simlab.report.plan.section import Content, section, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from simlab.report.kit.style import Figure
    from simlab.report.plan.tables import RunTables


_MOST_ROWS = 60


_CHART = "last_periods"
_one = partial(percent, digits=1)


def _judged(tables: RunTables) -> pd.DataFrame | None:
    """Segments of the plan that were judged: what they served, and what was expected; None of none."""
    frame = tables.table("held_out")
    if frame is None:
        return None
    own = frame[(frame["plan"] == frame["plan"].iloc[0]) & (frame["n_judged"] > 0)].head(_MOST_ROWS)
    own = own[own["fill_rate"].notna() & own["fill_rate_expected"].notna()]
    return None if own.empty else own


def _charts(tables: RunTables) -> dict[str, Figure]:
    from simlab.report.plan.charts import last_periods_chart

    rows = _judged(tables)
    return {} if rows is None else {_CHART: last_periods_chart(rows)}


@section(
    "replay",
    menu="Replay",
    title="The last periods, replayed",
    place=1,
    needs={
        "replay": ("segment", "n_items", "n_judged", "demand", "fill_rate", "inventory_value"),
        "held_out": ("plan", "segment", "n_items", "n_judged", "demand", "fill_rate", "value_rate"),
    },
    charts=_charts,
)
def replay(tables: RunTables) -> Content | None:
    """What the plan, today's levels and the habit would have done, beside what was expected of them."""
    rows = _rows(tables)
    if not rows:
        return None
    said = [one.line for one in tables.told if one.group == "replay"]
    by_plan = "plan" in rows[0]
    header = ["Segment", *(["plan"] if by_plan else []), "judged of", "sales", "sales expected"]
    header += ["units served", "expected", "inside", "value served", "expected", "inside"]
    more = ["inventory value", "expected", "inside"]
    whole = [_replay_row(row, tables) for row in rows]
    if not by_plan:
        under = [table("The held-out periods", [*header, *more], whole)]
    else:
        first = rows[0]["plan"]
        main = [row["segment"] == ALL or row["plan"] == first for row in rows]
        short = [cells[: len(header)] for cells, kept in zip(whole, main, strict=True) if kept]
        under = [table("The proposed plan by segment, every plan in all", header, short)]
        under.append(table("Every segment under every plan", [*header, *more], whole, folded=True))
    charts = {}
    if _judged(tables) is not None:
        charts[_CHART] = "Units served in the last periods against what was expected, by segment"
    notes = ("Expected: mean and prediction interval if the laws were right and items independent.",)
    return Content(said, under, charts, notes, charts_first=True)


def _rows(tables: RunTables) -> list[dict[str, Any]]:
    """Segment by segment the plan, today's levels and the habit, the whole last; of many the first."""
    every, own = tables.table("held_out"), tables.table("replay")
    rows = records(own if every is None else every)
    names = list(dict.fromkeys(str(row["segment"]) for row in rows if row["segment"] != ALL))[:_MOST_ROWS]
    return [row for name in (*names, ALL) for row in rows if row["segment"] == name]


def _replay_row(row: Mapping[str, Any], tables: RunTables) -> list[str]:
    def cash(value: float) -> str:
        return money(value, tables.currency)

    def expected(name: str, show: Any) -> str:
        if not is_number(row[f"{name}_expected"]):
            return DASH
        ends = span(row[f"{name}_low"], row[f"{name}_high"], show)
        return f"{show(row[f'{name}_expected'])} ({ends})"

    def inside(name: str) -> str:
        value = row[f"{name}_inside"]
        return DASH if value is None or value != value else "yes" if value else "no"

    judged = int(row["n_judged"]) > 0
    return [
        "All" if row["segment"] == ALL else str(row["segment"]),
        *([PLAN_NAMES[str(row["plan"])].short] if "plan" in row else []),
        f"{number(row['n_judged'])} of {number(row['n_items'])}",
        number(row["demand"]) if judged else DASH,
        expected("demand", number),
        _one(row["fill_rate"]) if judged else DASH,
        expected("fill_rate", _one),
        inside("fill_rate"),
        _one(row["value_rate"]) if judged else DASH,
        expected("value_rate", _one),
        inside("value_rate"),
        cash(row["inventory_value"]) if judged else DASH,
        expected("inventory_value", cash),
        inside("inventory_value"),
    ]
