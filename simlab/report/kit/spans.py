"""Values with their intervals, one row each, beside a line at zero."""

from __future__ import annotations

import json
import textwrap

import altair as alt
import pandas as pd

from simlab.report.kit.style import BLUE, GREY, Figure, named

_ROW, _LABELS = 32, 260
_NARROW_ROW, _NARROW_LABELS, _LETTERS = 50, 150, 22


def spans_chart(rows: pd.DataFrame, title: str, width: int) -> Figure:
    """Dots with intervals.

    Parameters
    ----------
    rows : DataFrame
        Columns `name`, `value`, `low`, `high`, in the order in which they are drawn.
    title : str
        Of the axis.
    """
    wide = width > 500
    labels, height = (_LABELS, _ROW) if wide else (_NARROW_LABELS, _NARROW_ROW)
    y = alt.Y(
        "name:N",
        title=None,
        sort=list(rows["name"]),
        axis=alt.Axis(labelLimit=labels, domain=False, labelExpr=_lines(rows, wide)),
    )
    x = alt.X(
        "value:Q", title=title, axis=alt.Axis(tickCount=max(3, width // 110)), scale=alt.Scale(zero=True)
    )
    base = named("rows")
    zero = alt.Chart(alt.InlineData(values=[{"at": 0}])).mark_rule(color=GREY).encode(x=alt.X("at:Q"))
    spans = base.mark_rule(color=BLUE, strokeWidth=4, opacity=0.5).encode(
        y=y, x=alt.X("low:Q"), x2=alt.X2("high:Q")
    )
    dots = base.mark_point(color=BLUE, filled=True, size=80, opacity=1).encode(y=y, x=x)
    plot = max(160, width - labels)
    return Figure(alt.layer(zero, spans, dots, width=plot, height=height * len(rows)), {"rows": rows})


def _lines(rows: pd.DataFrame, wide: bool) -> str:
    """Vega expression of names in their parts: 'lots Q at or below s (R,s,nQ)', 'normal formula'."""
    if wide:
        return "split(datum.label, ', ')"
    told = {
        name: [line for part in str(name).split(", ") for line in textwrap.wrap(part, _LETTERS)] or [name]
        for name in rows["name"]
    }
    return f"({json.dumps(told)})[datum.label] || datum.label"
