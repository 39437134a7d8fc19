"""How charts look, and how a chart becomes JSON, SVG, PNG or part of a page."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import altair as alt

from simlab.run.files import plain

if TYPE_CHECKING:
    import pandas as pd

# Okabe and Ito (2008): told apart with any colour vision; dashes and shapes say the same again.
BLUE, VERMILLION, GREEN, GREY, BLACK = "#0072B2", "#D55E00", "#009E73", "#6B7280", "#1F2933"
PLAN_COLOUR = {"segmented": BLUE, "given": BLUE, "uniform": VERMILLION, "today": GREY, "habit": BLACK}
PLAN_SHAPE = {"segmented": "circle", "uniform": "square", "habit": "diamond", "today": "triangle-up"}
FONT = "Inter, Roboto, 'Helvetica Neue', 'Liberation Sans', Arial, sans-serif"
Width = int | Literal["container"]


@dataclass(frozen=True, eq=False)
class Figure:
    """A chart and the named tables that it draws; apart, because altair copies data at every step."""

    chart: alt.LayerChart | alt.FacetChart | alt.ConcatChart
    data: dict[str, pd.DataFrame]


def named(name: str) -> alt.Chart:
    """A chart of the table that `Figure.data` holds under this name."""
    return alt.Chart(alt.NamedData(name=name))


def to_spec(figure: Figure, *, validate: bool = False) -> dict[str, Any]:
    """Vega-Lite JSON of a figure in the house style, its tables included; NaN becomes null.

    Altair's own check of the specification takes longer than the drawing, so that it is the tests' job.
    """
    spec: dict[str, Any] = figure.chart.configure(**_style()).to_dict(
        validate=validate, context={"pre_transform": False}
    )
    tables = {name: table.to_dict("records") for name, table in figure.data.items()}
    return {**spec, "datasets": plain(tables)}


def to_svg(spec: dict[str, Any], *, background: str = "white") -> str:
    """A chart as SVG text, on white unless said otherwise."""
    import vl_convert

    version = _vega_lite_version()
    svg: str = vl_convert.vegalite_to_svg({**spec, "background": background}, vl_version=version)
    return svg


def to_png(svg: str) -> bytes:
    """An SVG as PNG at twice its size."""
    import vl_convert

    png: bytes = vl_convert.svg_to_png(svg, scale=2)
    return png


def library() -> str:
    """Vega, Vega-Lite and vega-embed as one script, from the installed vl-convert; nothing is fetched."""
    import vl_convert

    snippet = None  # the stock bundle: vega, vega-lite, vega-embed
    script: str = vl_convert.javascript_bundle(snippet, _vega_lite_version())  # type: ignore[arg-type]
    return script


@contextmanager
def library_ahead() -> Iterator[Callable[[], str]]:
    """Make `library` in a process of its own while figures are drawn; what is yielded waits for it.

    Bundling takes a second and holds the interpreter, so that a thread would not help.
    """
    code = "import sys; from simlab.report.style import library; sys.stdout.buffer.write(library().encode())"
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError:
        yield library
        return

    def wait() -> str:
        script, _ = process.communicate()
        return script.decode() if process.returncode == 0 and script else library()

    try:
        yield wait
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def axis_money(sign: str) -> str:
    """Vega expression of an axis label: £120k; the sign is a known one or a currency code."""
    safe = "".join(c for c in sign if c.isalpha() or c in "£€$¥")
    return f"'{safe}' + (datum.value ? replace(replace(datum.label, 'G', 'bn'), 'M', 'm') : '0')"


def percent_format(low: float, high: float) -> str:
    """d3 format of a fraction axis with as many decimals as its range needs."""
    spread = high - low
    return ".0%" if spread > 0.2 else ".1%" if spread > 0.02 else ".2%"


def _vega_lite_version() -> str:
    return ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


def _style() -> dict[str, Any]:
    ink, line = "#374151", "#9CA3AF"
    axis = {"gridColor": "#E5E7EB", "domainColor": line, "tickColor": line, "labelColor": ink}
    text = {"labelFontSize": 12, "titleFontSize": 12.5, "titleFontWeight": 600, "titleColor": ink}
    return {
        "font": FONT,
        "background": "transparent",
        "view": {"stroke": None},
        "axis": {**axis, **text, "titlePadding": 10, "labelPadding": 6},
        "legend": {"labelFontSize": 12, "labelColor": ink, "rowPadding": 4},
    }
