"""Pictures that results of several kinds share: values with intervals, one row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simlab.api.show import COLOURS, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = tuple[float, float, float]
"""Value, low, high; NaN limits: no interval."""


def dots(names: Sequence[str], series: Mapping[str, Sequence[Row]], label: str, *, zero: bool) -> Figure:
    """One line per name with a mark and an interval per series.

    Parameters
    ----------
    names : sequence of str
        From top to bottom.
    series : mapping of str to sequence of (value, low, high)
        In the order of `names`; colours are those of the plans where a series is named like one.
    label : str
        Of the axis, with the unit.
    zero : bool
        Whether the axis begins at zero.
    """
    figure, axes = canvas(8.0, 0.9 + 0.34 * len(names))
    further = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
    for number, (name, rows) in enumerate(series.items()):
        colour = COLOURS.get(name, further[number % len(further)])
        shift = 0.16 * (number - (len(series) - 1) / 2)
        places = [len(names) - 1 - place - shift for place in range(len(names))]
        axes.hlines(places, [row[1] for row in rows], [row[2] for row in rows], color=colour)
        axes.plot([row[0] for row in rows], places, "o", color=colour, markersize=5, label=name)
    axes.set_yticks(range(len(names)), list(names)[::-1])
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlabel(label)
    if zero:
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter("{x:,.0f}")
    if len(series) > 1:
        axes.legend(frameon=False, fontsize="small", loc="best")
    return figure


def bars(names: Sequence[str], values: Sequence[float], label: str) -> Figure:
    """One bar per name, from top to bottom; `label` is that of the axis, with the unit."""
    figure, axes = canvas(8.0, 0.9 + 0.34 * len(names))
    places = range(len(names) - 1, -1, -1)
    axes.barh(list(places), list(values), height=0.6, color=COLOURS["segmented"])
    axes.set_yticks(list(places), list(names))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel(label)
    return figure


def row(record: Mapping[Any, Any], key: str, low: str = "_low", high: str = "_high") -> Row:
    """Value and limits of a table's row."""
    nan = float("nan")
    return float(record[key]), float(record.get(f"{key}{low}", nan)), float(record.get(f"{key}{high}", nan))
