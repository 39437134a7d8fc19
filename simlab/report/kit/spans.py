"""Values with their intervals, one row each, beside a line at zero."""

from __future__ import annotations

import altair as alt
import pandas as pd

from simlab.report.kit.style import BLUE, GREY, Figure, named

_ROW, _LABELS = 32, 260
_LINES = "split(datum.label, ', ')"
"""Names on as many lines as they have parts: 'lots Q at or below s (R,s,nQ)', 'normal formula'."""


def spans_chart(rows: pd.DataFrame, title: str, width: int) -> Figure:
    """Dots with intervals.

    Parameters
    ----------
    rows : DataFrame
        Columns `name`, `value`, `low`, `high`, in the order in which they are drawn.
    title : str
        Of the axis.
    """
    y = alt.Y(
        "name:N",
        title=None,
        sort=list(rows["name"]),
        axis=alt.Axis(labelLimit=_LABELS if width > 500 else 150, domain=False, labelExpr=_LINES),
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
    plot = max(160, width - (_LABELS if width > 500 else 150))
    return Figure(alt.layer(zero, spans, dots, width=plot, height=_ROW * len(rows)), {"rows": rows})
