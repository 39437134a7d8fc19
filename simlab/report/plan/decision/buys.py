"""The exchange curve of the first screen: what stock buys, with today's point, by every known weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from simlab.measures.decision import WEIGHT_NOUNS, short_money, short_rate
from simlab.report.kit.formats import currency_sign
from simlab.report.kit.reading import records
from simlab.report.kit.style import (
    BLACK,
    BLUE,
    VERMILLION,
    Figure,
    Label,
    Width,
    axis_money,
    named,
    place_labels,
)
from simlab.report.plan.decision.screen import signed
from simlab.report.plan.decision.weighed import served_by_weight

if TYPE_CHECKING:
    from simlab.arrays import FloatArray
    from simlab.report.plan.tables import RunTables

_LINES = {"segmented": "by segment", "uniform": "one target for all"}
_MARKS = {"today": BLACK, "same_service": BLUE, "proposed": BLUE}
_HEIGHT, _USUAL = 280, 520
"""Pixels of the plot; labels are placed for a plot as wide as the page's on a usual screen."""
_BELOW, _ROOM = 0.12, 1.3
_NEAR = 9.0
"""Marks nearer than this, in pixels, carry one label."""


@dataclass(frozen=True, eq=False)
class Reading:
    """The curve as one weight counts service.

    Attributes
    ----------
    title : str
        Of the axis of service.
    low, right : float
        Where the axes of service and stock end.
    lines : DataFrame
        Columns `name`, `stock`, `service`.
    marks : DataFrame
        Columns `name`, `stock`, `service`, `label`, `colour`.
    labels : list of (dict, Label)
        What stands beside the marks, and where.
    """

    title: str
    low: float
    right: float
    lines: pd.DataFrame
    marks: pd.DataFrame
    labels: list[tuple[dict[str, Any], Label]]

    def plain(self) -> dict[str, Any]:
        """What the page's script needs to draw it."""
        texts = [
            {"row": row, "align": label.align, "dx": label.dx, "dy": label.dy} for row, label in self.labels
        ]
        lines = self.lines.round({"stock": 0, "service": 5})
        return {
            "title": self.title,
            "domain": [self.low, 1.0],
            "lines": lines.to_dict("records"),
            "marks": self.marks.to_dict("records"),
            "labels": texts,
        }


def points_of(tables: RunTables, row: str = "") -> pd.DataFrame:
    """Today, the same service and the proposed plan: name, stock, service, label.

    `row`: which row of the decision is the service; left out, the one that decides.
    """
    assert tables.decision is not None
    facts = tables.manifest.get("decision") or {}
    rows = {line["measure"]: line for line in records(tables.decision)}
    stock, service = rows["inventory_value"], rows[row or str(facts.get("row"))]
    found = []
    for key, colour in _MARKS.items():
        name = tables.compared[key]
        x, y = float(stock[key]), float(service[key])
        if np.isfinite(x) and np.isfinite(y):
            label = signed(f"{name} {short_rate(y)}, {short_money(x, tables.currency)}", tables)
            found.append({"name": name, "stock": x, "service": y, "label": label, "colour": colour})
    return pd.DataFrame(found)


def buys_chart(tables: RunTables, width: Width = _USUAL) -> Figure:
    """Service against stock of every plan shown, and where today stands.

    Other weights than the one that chose the plans are kept beside the chart, for the page's switch.
    """
    weight = str((tables.manifest.get("decision") or {}).get("weight"))
    first = _reading(tables, weight, None)
    others = {
        one: _reading(tables, one, rates).plain()
        for one, rates in served_by_weight(tables).items()
        if one != weight and _has_row(tables, one)
    }
    chart, data = _drawn(first, tables)
    made = chart.properties(width=width, height=_HEIGHT)
    if others:
        made = made.properties(usermeta={"weights": others})
    return Figure(made, data)


def _has_row(tables: RunTables, weight: str) -> bool:
    """Whether the decision says what today's levels serve by this weight."""
    assert tables.decision is not None
    own = tables.decision[tables.decision["measure"] == f"served_{weight}"]
    return not own.empty and bool(own[["today", "proposed"]].notna().all(axis=None))


def _reading(tables: RunTables, weight: str, rates: FloatArray | None) -> Reading:
    """The curve by a weight; `rates`: service of every row of the frontier, None where the weight decided."""
    marks = points_of(tables, "" if rates is None else f"served_{weight}")
    low = max(0.0, float(marks["service"].min()) - _BELOW)
    right = _ROOM * float(marks["stock"].max()) or 1.0  # nothing costs anything: an axis all the same
    lines = _curves(tables, low, rates)
    noun = WEIGHT_NOUNS.get(weight, "service")
    title = f"{noun[:1].upper()}{noun[1:]} served at once"
    return Reading(title, low, right, lines, marks, _labels(marks, lines, low, right))


def _curves(tables: RunTables, low: float, rates: FloatArray | None) -> pd.DataFrame:
    frontier = tables.frontier
    assert frontier is not None
    service = frontier["service_verdict"] if rates is None else pd.Series(rates, index=frontier.index)
    parts = []
    for kind, name in _LINES.items():
        own = frontier["kind"] == kind
        part = pd.DataFrame(
            {"name": name, "stock": frontier.loc[own, "inventory_value_verdict"], "service": service[own]}
        ).dropna()
        part = part.sort_values(["stock", "service"])
        part = part[part["service"] >= part["service"].cummax()]  # others tie up more and serve less
        parts.append(part[part["service"] >= low - 0.05])
    return pd.concat(parts, ignore_index=True)


def _labels(
    marks: pd.DataFrame, lines: pd.DataFrame, low: float, right: float
) -> list[tuple[dict[str, Any], Label]]:
    """One label for marks that lie on each other, beside its mark and off the curves."""

    def pixels(table: pd.DataFrame) -> list[tuple[float, float]]:
        x, y = table["stock"] / right * _USUAL, (1 - (table["service"] - low) / (1 - low)) * _HEIGHT
        return list(zip(x.astype(float), y.astype(float), strict=True))

    together: list[list[int]] = []
    spots = pixels(marks)
    for at, spot in enumerate(spots):
        near = next((one for one in together if _apart(spots[one[0]], spot) <= _NEAR), None)
        if near is None:
            together.append([at])
        else:
            near.append(at)
    rows = records(marks)
    texts = [[str(rows[at]["label"]) for at in group] for group in together]
    curve = [spot for _, part in lines.groupby("name") for spot in _dense(pixels(part))]
    placed = place_labels(
        [spots[group[0]] for group in together], ["\n".join(text) for text in texts], curve, width=_USUAL
    )
    made = []
    for group, text, label in zip(together, texts, placed, strict=True):
        name = " = ".join(dict.fromkeys(str(rows[at]["name"]) for at in group))
        made.append(({**rows[group[0]], "name": name, "label": text}, label))
    return made


def _apart(a: tuple[float, float], b: tuple[float, float]) -> float:
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))


def _dense(line: Sequence[tuple[float, float]], step: float = 5.0) -> list[tuple[float, float]]:
    """A line as points no further apart than `step` pixels."""
    if len(line) < 2:
        return list(line)
    x, y = np.array(line).T
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    at = np.linspace(0.0, along[-1], int(along[-1] / step) + 2)
    return list(zip(np.interp(at, along, x).tolist(), np.interp(at, along, y).tolist(), strict=True))


def _drawn(reading: Reading, tables: RunTables) -> tuple[Any, dict[str, pd.DataFrame]]:
    sign = currency_sign(tables.currency)
    x = alt.X(
        "stock:Q",
        title=f"Stock ({tables.currency})",
        axis=alt.Axis(format="~s", labelExpr=axis_money(sign), tickCount=5),
        scale=alt.Scale(domain=[0.0, reading.right], nice=False),
    )
    y = alt.Y(
        "service:Q",
        title=reading.title,
        axis=alt.Axis(format=".0%", tickCount=5),
        scale=alt.Scale(domain=[reading.low, 1.0], nice=False),
    )
    tips = [
        alt.Tooltip("name:N", title="Plan"),
        alt.Tooltip("stock:Q", title=f"Stock ({tables.currency})", format=",.0f"),
        alt.Tooltip("service:Q", title="Served at once", format=".2%"),
    ]
    dots = (
        named("marks")
        .mark_point(filled=True, size=110, opacity=1)
        .encode(x=x, y=y, color=alt.Color("colour:N", scale=None), tooltip=tips)
    )
    layers: list[Any] = [_lines(x, y, tips), dots]
    data = {"lines": reading.lines, "marks": reading.marks}
    for at in range(len(_MARKS)):
        row, label = reading.labels[at] if at < len(reading.labels) else ({}, Label("left", 0.0, 0.0))
        text = named(f"label{at}").mark_text(
            align=label.align, dx=label.dx, dy=label.dy, fontWeight=600, lineHeight=15, lineBreak="\n"
        )
        layers.append(text.encode(x=x, y=y, text=alt.Text("label:N")))
        data[f"label{at}"] = pd.DataFrame([row] if row else [])
    return alt.layer(*layers), data


def _lines(x: alt.X, y: alt.Y, tips: list[alt.Tooltip]) -> alt.Chart:
    names = list(_LINES.values())
    scale = alt.Scale(domain=names, range=[BLUE, VERMILLION])
    dash = alt.Scale(domain=names, range=[[1, 0], [7, 3]])
    legend = alt.Legend(title=None, orient="top", columns=2, symbolType="stroke", symbolStrokeWidth=3)
    made: alt.Chart = (
        named("lines")
        .mark_line(clip=True, strokeWidth=2)
        .encode(
            x=x,
            y=y,
            color=alt.Color("name:N", scale=scale, legend=legend),
            strokeDash=alt.StrokeDash("name:N", scale=dash, legend=legend),
            tooltip=tips,
        )
    )
    return made
