"""Proposed service against today's, one mark per SKU-location."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from simlab.report.kit.style import BLUE, GREEN, GREY, VERMILLION, Figure, named, percent_format

if TYPE_CHECKING:
    import pandas as pd

_COLOURS = {"go": GREEN, "hold back": VERMILLION, "undecided": BLUE, "unchanged": GREY}
_SHAPES = {"go": "circle", "hold back": "triangle-down", "undecided": "square", "unchanged": "cross"}
_MOST = 4000
_LEAST_SPAN = 0.05


def services(table: pd.DataFrame, *, width: int) -> Figure:
    """Fill rates of both sides by decision; of very many SKU-locations every k-th of each list."""
    kept = table[table["service_now"].notna() & table["service"].notna()]
    rows = kept.iloc[:: max(1, len(kept) // _MOST)][["sku", "location", "decision", "service_now", "service"]]
    low = float(min(rows["service_now"].min(), rows["service"].min(), 1.0 - _LEAST_SPAN))
    scale = alt.Scale(domain=[low, 1.0], nice=False)
    axis = alt.Axis(format=percent_format(0, 1.0 - low), tickCount=5)
    domain, colours = list(_COLOURS), list(_COLOURS.values())
    legend = alt.Legend(title=None, orient="top", columns=4 if width > 500 else 2)
    points = (
        named("rows")
        .mark_point(filled=True, size=36, opacity=0.7)
        .encode(
            x=alt.X("service_now:Q", title="Fill rate now", scale=scale, axis=axis),
            y=alt.Y("service:Q", title="Fill rate proposed", scale=scale, axis=axis),
            color=alt.Color("decision:N", scale=alt.Scale(domain=domain, range=colours), legend=legend),
            shape=alt.Shape(
                "decision:N", scale=alt.Scale(domain=domain, range=list(_SHAPES.values())), legend=legend
            ),
        )
    )
    ends = alt.InlineData(values=[{"x": low, "y": low}, {"x": 1.0, "y": 1.0}])
    line = (
        alt.Chart(ends)
        .mark_line(color=GREY, strokeWidth=1)
        .encode(x=alt.X("x:Q", scale=scale), y=alt.Y("y:Q", scale=scale))
    )
    return Figure(alt.layer(line, points, width=width - 80, height=min(width, 420)), {"rows": rows})
