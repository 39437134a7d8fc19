"""Waterfalls: from the fill rate that a formula plans to the one achieved, cause by cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from simlab.report.audit.statements import points
from simlab.report.kit.formats import is_number, percent
from simlab.report.kit.style import BLUE, GREEN, GREY, PAPER, VERMILLION, Figure, named, percent_format

if TYPE_CHECKING:
    from simlab.report.audit.tables import Account


_ROW = 36
_LEAST_SPAN = 0.01  # noise of a hundredth of a point should not fill the panel
_COLUMNS = 2
_AMOUNTS = 52
"""Pixels beside the plot for the amounts."""
_BEYOND = 0.003  # room for a mark at 100 %: no service lies beyond
_COLOUR = {"level": BLUE, "lost": VERMILLION, "gained": GREEN}
Layer = alt.LayerChart | alt.FacetChart


def window(some: Sequence[Account]) -> float:
    """Width of the fill axis that shows every account of a policy: the same scale in every panel."""
    spans = [ends[1] - ends[0] for ends in map(_ends, some) if is_number(ends[0])]
    return max([1.1 * max(spans, default=0.0), _LEAST_SPAN])


def waterfall(account: Account, span: float, *, width: int) -> Figure:
    """Planned fill, each cause with the largest first, achieved fill with its interval.

    Parameters
    ----------
    span : float
        Width of the fill axis, from `window`.
    """
    rows = steps(account)
    return Figure(_panel(account, rows, "rows", span, width), {"rows": rows})


def waterfalls(some: Sequence[Account], span: float, *, width: int) -> Figure:
    """One waterfall per account, as one figure."""
    data = {f"panel_{place}": steps(account) for place, account in enumerate(some)}
    panels = [
        _panel(account, data[name], name, span, width).properties(title=account.name)
        for name, account in zip(data, some, strict=True)
    ]
    return Figure(alt.concat(*panels, columns=_COLUMNS), data)


def steps(account: Account) -> pd.DataFrame:
    """Rows of a waterfall: place, what, from_level, to_level, kind, shown, and low and high of the end."""
    level = account.planned
    rows: list[dict[str, Any]] = [_level(0, "planned by the formula", level, percent(level))]
    for line in account.ranked:
        after = level + line.change
        rows.append(
            {
                "place": len(rows),
                "what": line.what,
                "from_level": level,
                "to_level": after,
                "kind": "lost" if line.change < 0 else "gained",
                "shown": points(line.change, signed=True),
                "low": None,
                "high": None,
            }
        )
        level = after
    fill, low, high = account.fill
    end = _level(len(rows), "achieved in simulation", fill, percent(fill)) | {"low": low, "high": high}
    frame = pd.DataFrame([*rows, end])
    frame.insert(0, "segment", account.name)
    return frame.astype({"low": "float64", "high": "float64"})


def _level(place: int, what: str, value: float, shown: str) -> dict[str, Any]:
    ends = {"from_level": value, "to_level": value, "low": None, "high": None}
    return {"place": place, "what": what, "kind": "level", "shown": shown, **ends}


def _ends(account: Account) -> tuple[float, float]:
    rows = steps(account)[["from_level", "to_level"]]
    return float(rows.min().min()), float(rows.max().max())


def _panel(account: Account, rows: pd.DataFrame, name: str, span: float, width: int) -> Layer:
    low, high = _ends(account)
    start = min((low + high) / 2, max(1.0 + _BEYOND, high) - span / 2) - span / 2
    domain = [start, start + span]
    width -= _AMOUNTS
    height = _ROW * len(rows)
    scale = alt.Scale(domain=domain, nice=False)
    count = max(3, width // 110)
    axis = alt.Axis(format=percent_format(0, span), tickCount=count, domain=False, labelFlush=True)
    x = alt.X("from_level:Q", title=None, scale=scale, axis=axis)
    y = alt.Y("place:Q", scale=alt.Scale(domain=[len(rows) - 0.45, -0.7], nice=False), axis=None)
    colour = alt.Color(
        "kind:N", scale=alt.Scale(domain=list(_COLOUR), range=list(_COLOUR.values())), legend=None
    )
    base = named(name)
    bars = (
        base.transform_filter("datum.kind != 'level'")
        .mark_bar(size=12)
        .encode(x=x, x2=alt.X2("to_level:Q"), y=y, color=colour)
    )
    ends = (
        base.transform_filter("datum.kind == 'level'")
        .mark_point(filled=True, shape="diamond", size=110, opacity=1)
        .encode(x=x, y=y, color=colour)
    )
    spans = (
        base.transform_filter("isValid(datum.low) && isValid(datum.high)")
        .mark_rule(color=BLUE, strokeWidth=3, clip=True)
        .encode(x=alt.X("low:Q", scale=scale), x2=alt.X2("high:Q"), y=y)
    )
    joints = (
        base.transform_calculate(next="datum.place + 1")
        .transform_filter(f"datum.place < {len(rows) - 1}")
        .mark_rule(color=GREY, strokeWidth=1)
        .encode(x=alt.X("to_level:Q", scale=scale), y=y, y2=alt.Y2("next:Q"))
    )
    what = base.mark_text(align="left", baseline="bottom", dy=-9, fontSize=12).encode(
        x=alt.value(0), y=y, text=alt.Text("what:N")
    )
    around = what.mark_text(
        align="left", baseline="bottom", dy=-9, fontSize=12, stroke=PAPER, strokeWidth=4, strokeJoin="round"
    )
    shown = base.mark_text(align="right", baseline="bottom", dy=-9, fontSize=12, fontWeight=600).encode(
        x=alt.value(width + _AMOUNTS - 4), y=y, text=alt.Text("shown:N")
    )
    layers = [joints, around, bars, spans, ends, what, shown]  # no line through a name
    if is_number(account.asked) and account.measure == "fill_rate" and domain[0] < account.asked < domain[1]:
        layers.insert(0, _asked(account.asked, scale))
    return alt.layer(*layers, width=width, height=height)


def _asked(value: float, scale: alt.Scale) -> alt.Chart:
    """The target asked for, dotted."""
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=[{"asked": value}]))
        .mark_rule(color=VERMILLION, strokeDash=[3, 3])
        .encode(x=alt.X("asked:Q", scale=scale))
    )
    return chart
