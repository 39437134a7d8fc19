"""How charts look, and how a chart becomes JSON, SVG, PNG or part of a page."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt
import numpy as np
import pandas as pd
from altair.utils.schemapi import debug_mode

from simlab.measures import PLAN_COLOURS
from simlab.report.kit.beside import bundle
from simlab.run.files import plain

# Okabe and Ito (2008); distinct with any colour vision; dashes and shapes say the same again.
BLUE, VERMILLION, GREEN, GREY, BLACK = "#0072B2", "#D55E00", "#009E73", "#6B7280", "#1F2933"
PAPER = "#FFFFFF"
"""Around words that lie over lines; the page sets its own colour in the dark."""
PLAN_COLOUR = PLAN_COLOURS
PLAN_SHAPE = {"segmented": "circle", "uniform": "square", "habit": "diamond", "today": "triangle-up"}
PLAN_SHAPE |= {"same_service": "circle", "per_sku": "cross"}
FONT = "Inter, Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"
Width = int | Literal["container"]
_TITLE_WIDTH = 640
"""Pixels for the title of a picture of several panels."""


_ROOM = 24
"""Pixels left of the names of rows."""


@dataclass(frozen=True, eq=False)
class Figure:
    """A chart and the named tables that it draws; apart, because altair copies data at every step."""

    chart: alt.LayerChart | alt.FacetChart | alt.ConcatChart
    data: dict[str, pd.DataFrame]


def named(name: str) -> alt.Chart:
    """A chart of the table that `Figure.data` holds under this name."""
    return alt.Chart(alt.NamedData(name=name))


def unchecked() -> AbstractContextManager[None]:
    """Meanwhile no part of a chart is checked when it is made: that is the tests' job, as in `to_spec`."""
    return debug_mode(False)


def to_spec(figure: Figure, *, validate: bool = False) -> dict[str, Any]:
    """Vega-Lite JSON of a figure in the house style, its tables included; NaN becomes null.

    Altair's own check of the specification takes longer than the drawing, so that it is the tests' job.
    """
    figure.chart.config = alt.Config(**_style())  # of the chart itself: altair's method copies it
    spec: dict[str, Any] = figure.chart.to_dict(validate=validate, context={"pre_transform": False})
    tables = {name: table.to_dict("records") for name, table in figure.data.items()}
    return {**spec, "datasets": plain(tables)}


def to_svg(spec: dict[str, Any], *, background: str = "white") -> str:
    """A chart as SVG text, on white unless said otherwise."""
    import vl_convert

    version = vega_lite_version()
    svg: str = vl_convert.vegalite_to_svg({**spec, "background": background}, vl_version=version)
    return svg


def with_room(spec: dict[str, Any]) -> dict[str, Any]:
    """A specification with room on the left: letters may be wider than those it is measured with."""
    return {**spec, "padding": {"left": _ROOM, "right": 5, "top": 5, "bottom": 5}}


def to_png(svg: str) -> bytes:
    """An SVG as PNG at twice its size."""
    import vl_convert

    png: bytes = vl_convert.svg_to_png(svg, scale=2)
    return png


def titled(spec: dict[str, Any], title: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A specification of a picture that says what it shows, of which run, and from when.

    On the page both stand beside the chart; a picture is pasted elsewhere.
    """
    day = str(manifest.get("finished") or "")[:10]
    run = " · ".join(str(part) for part in (manifest.get("study"), manifest.get("command"), day) if part)
    width = spec.get("width")
    lines = textwrap.wrap(title, (width if isinstance(width, int) else _TITLE_WIDTH) // 8)
    words = {"text": lines, "subtitle": f"{run} · simlab" if run else "simlab", "anchor": "start"}
    looks = {"fontSize": 15, "subtitleFontSize": 11.5, "color": BLACK, "subtitleColor": GREY, "offset": 12}
    return {**spec, "title": {**words, **looks}}


def library() -> str:
    """The script of the charts, see `beside.bundle`."""
    return bundle(vega_lite_version())


def axis_money(sign: str) -> str:
    """Vega expression of an axis label: £120k; the sign is a known one or a currency code."""
    safe = "".join(c for c in sign if c.isalpha() or c in "£€$¥")
    return f"'{safe}' + (datum.value ? replace(replace(datum.label, 'G', 'bn'), 'M', 'm') : '0')"


def percent_format(low: float, high: float) -> str:
    """d3 format of a fraction axis with as many decimals as its range needs."""
    spread = high - low
    return ".0%" if spread > 0.2 else ".1%" if spread > 0.02 else ".2%"


def vega_lite_version() -> str:
    """The version of Vega-Lite that altair writes."""
    return ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


def _style() -> dict[str, Any]:
    ink, line = "#374151", "#9CA3AF"
    axis = {"gridColor": "#E5E7EB", "domainColor": line, "tickColor": line, "labelColor": ink}
    text = {"labelFontSize": 12, "titleFontSize": 12.5, "titleFontWeight": 600, "titleColor": ink}
    return {
        "font": FONT,
        "background": "transparent",
        "view": {"stroke": None},
        "axis": {**axis, **text, "titlePadding": 10, "labelPadding": 6, "labelSeparation": 4},
        "legend": {"labelFontSize": 12, "labelColor": ink, "rowPadding": 4},
    }


EDGE_POINT = -2
_COLUMNS = ["cost", "fill", "low", "high"]


@dataclass(frozen=True)
class View:
    """The part of the plane that is shown: limits of cost and of fill."""

    cost: tuple[float, float]
    fill: tuple[float, float]


def cut_lines(lines: pd.DataFrame, view: View) -> pd.DataFrame:
    """The parts of the lines inside the view; points added on its edge are numbered `EDGE_POINT`.

    A line is a series of rows in drawing order; one that leaves the view and comes back is joined up.
    """
    parts = [_cut(part, view) for _, part in lines.groupby("series", sort=False)]
    cut = pd.concat(parts, ignore_index=True)
    cut["low"] = cut["low"].clip(*view.fill)
    cut["high"] = cut["high"].clip(*view.fill)
    return cut


def _cut(line: pd.DataFrame, view: View) -> pd.DataFrame:
    values = line[_COLUMNS].to_numpy(dtype=np.float64)
    points = line["point"].to_numpy()
    rows: list[tuple[float, ...]] = []
    for k in range(len(line)):
        if k > 0:
            rows += _crossings(values[k - 1], values[k], view)
        if _inside(values[k], view):
            rows.append((float(points[k]), *values[k]))
    cut = pd.DataFrame(rows, columns=["point", *_COLUMNS]).astype({"point": "int64"})
    return cut.assign(series=line["series"].iloc[0])


def _crossings(a: np.ndarray, b: np.ndarray, view: View) -> list[tuple[float, ...]]:
    """Where the segment from a to b enters or leaves the view (Liang and Barsky, 1984)."""
    enter, leave = 0.0, 1.0
    for axis, (low, high) in enumerate((view.cost, view.fill)):
        step = b[axis] - a[axis]
        if step == 0:
            if not low <= a[axis] <= high:
                return []
            continue
        first, last = sorted(((low - a[axis]) / step, (high - a[axis]) / step))
        enter, leave = max(enter, first), min(leave, last)
    if enter > leave:
        return []
    return [(EDGE_POINT, *(a + t * (b - a))) for t in (enter, leave) if 0 < t < 1]


def _inside(point: np.ndarray, view: View) -> bool:
    return bool(view.cost[0] <= point[0] <= view.cost[1] and view.fill[0] <= point[1] <= view.fill[1])


Point = tuple[float, float]
Box = tuple[float, float, float, float]
_CHARACTER, _LINE = 7.2, 16.0


@dataclass(frozen=True)
class Label:
    """Where a name stands relative to its point: text alignment and shift in pixels (y downwards)."""

    align: Literal["left", "right"]
    dx: float
    dy: float


_SHIFTS = (0.0, -15.0, 15.0, -24.0, 24.0, -36.0, 36.0, -52.0, 52.0)
_SIDES = (*(Label("left", 11.0, dy) for dy in _SHIFTS), *(Label("right", -11.0, dy) for dy in _SHIFTS))


def place_labels(
    points: Sequence[Point], names: Sequence[str], curve: Sequence[Point], *, width: float
) -> list[Label]:
    """The side of each point at which its name collides least, taken greedily in order.

    Parameters
    ----------
    points, curve : sequence of (x, y)
        Pixels, y downwards: the points to name and the points of the lines to keep free.
    names : sequence of str
        Each of one line or more; the place is that of its first line.
    width : float
        Width of the chart, in pixels; no name should end beyond it.
    """
    placed: list[Box] = []
    labels = []
    for point, name in zip(points, names, strict=True):
        others = [p for p in points if p != point]
        boxes = [_box(point, name, side) for side in _SIDES]
        far = [0.05 * k + 0.1 * abs(side.dy) for k, side in enumerate(_SIDES)]
        scores = [
            _score(box, placed, others, curve, width) + away for box, away in zip(boxes, far, strict=True)
        ]
        best = scores.index(min(scores))
        placed.append(boxes[best])
        side, lines = _SIDES[best], name.count("\n")
        labels.append(Label(side.align, side.dx, side.dy - lines * _LINE / 2))
    return labels


def _box(point: Point, name: str, side: Label) -> Box:
    lines = name.split("\n")
    length, height = _CHARACTER * max(map(len, lines)), _LINE * len(lines)
    x0 = point[0] + side.dx - (length if side.align == "right" else 0.0)
    y0 = point[1] + side.dy - height / 2
    return (x0, y0, x0 + length, y0 + height)


def _score(
    box: Box, placed: Sequence[Box], others: Sequence[Point], curve: Sequence[Point], width: float
) -> float:
    outside = 200.0 * (box[0] < 0 or box[2] > width) + 50.0 * (box[1] < -_LINE / 2)
    covered = 400.0 * sum(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in placed)
    hidden = 60.0 * sum(_in_box(p, box) for p in others)
    return outside + covered + hidden + 4.0 * sum(_in_box(p, box) for p in curve)


def _in_box(point: Point, box: Box) -> bool:
    return box[0] - 6 <= point[0] <= box[2] + 6 and box[1] - 4 <= point[1] <= box[3] + 4
