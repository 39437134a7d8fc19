"""Tables that show themselves with units, currency and intervals, and draw themselves."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.errors import UsageError
from simlab.measures import DASH, PLAN_COLOURS, Estimate, format_money, format_number, format_rate
from simlab.measures.shown import Public

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Kind(Enum):
    """How the numbers of a column are written."""

    TEXT = "text"
    COUNT = "count"
    RATE = "rate"
    POINTS = "points"
    MONEY = "money"
    NUMBER = "number"


_UNITS = {Kind.RATE: "fraction", Kind.POINTS: "fraction", Kind.COUNT: "count"}


@dataclass(frozen=True)
class Column:
    """A column that is shown: its name in the frame, its heading, and what its numbers are.

    Attributes
    ----------
    key : str
        Columns ``{key}_low`` and ``{key}_high``, if there, are shown behind the value.
    heading : str
    kind : Kind
    per : str
        What money is per, such as "a year"; empty if nothing.
    """

    key: str
    heading: str
    kind: Kind
    per: str = ""

    def unit(self, currency: str) -> str:
        """Unit of the numbers, empty for text."""
        if self.kind is Kind.MONEY:
            return f"{currency} {self.per}".strip()
        return self.per or _UNITS.get(self.kind, "")

    def title(self, currency: str) -> str:
        """Heading with the unit where money is counted or something is counted per something."""
        unit = f"{currency} {self.per}".strip() if self.kind is Kind.MONEY else self.per
        unit = "points" if self.kind is Kind.POINTS else unit
        return f"{self.heading} ({unit})" if unit else self.heading

    def write(self, row: Any) -> str:
        """The value of one row, with its interval if there is one."""
        value, low, high = (row.get(self.key + end) for end in ("", "_low", "_high"))
        text = self._one(value)
        if low is None or high is None or low != low or high != high:
            return text
        return f"{text} [{self._one(low)}, {self._one(high)}]"

    def _one(self, value: Any) -> str:
        if value is None or value != value:
            return DASH
        if self.kind is Kind.TEXT:
            return str(value)
        if self.kind is Kind.COUNT:
            return f"{int(value):,}"
        return _WRITE[self.kind](float(value))


_WRITE: dict[Kind, Callable[[float], str]] = {
    Kind.RATE: lambda value: format_rate(value, 4),
    Kind.POINTS: lambda value: format_number(100 * value, 3),
    Kind.MONEY: format_money,
    Kind.NUMBER: lambda value: format_number(value, 4),
}


@dataclass(frozen=True, eq=False, repr=False)
class ResultTable(Public):
    """A table that shows itself.

    Attributes
    ----------
    title : str
    frame : DataFrame
        All columns, numbers as they are; ``frame.attrs["units"]`` names the units of those shown.
    note : str
        How it is to be read.
    columns : tuple of Column
        What is shown, in this order; columns that the frame lacks are left out.
    currency : str
    draw : function of the table, optional
        Draws it.

    Examples
    --------
    >>> table = opt.accounts
    >>> table.to_frame(), table.plot()
    """

    title: str
    frame: pd.DataFrame
    note: str
    columns: tuple[Column, ...]
    currency: str
    draw: Callable[[ResultTable], Figure] | None = None

    def __post_init__(self) -> None:
        self.frame.attrs["units"] = {
            column.key: column.unit(self.currency)
            for column in self.columns
            if column.key in self.frame and column.kind is not Kind.TEXT
        }

    def to_frame(self) -> pd.DataFrame:
        """The rows, numbers as they are."""
        return self.frame

    def shown(self) -> pd.DataFrame:
        """What is shown: headings with units, values with intervals, all of it text."""
        import pandas as pd

        columns = [column for column in self.columns if column.key in self.frame]
        rows = self.frame.to_dict("records")
        return pd.DataFrame(
            {column.title(self.currency): [column.write(row) for row in rows] for column in columns}
        )

    def plot(self) -> Figure:
        """The table as a picture.

        Raises
        ------
        UsageError
            There is no picture of this table.
        """
        if self.draw is None or self.frame.empty:
            raise UsageError(f"there is no picture of '{self.title}'; to_frame() has its numbers")
        return self.draw(self)

    def __repr__(self) -> str:
        rows = self.shown()
        wide = len(rows.head(_LINES).to_string(index=False).split("\n", 1)[0])
        fits = _LINES if wide <= _WIDTH else max(3, 2 * _LINES // (wide // _WIDTH + 2) - 2)
        more = len(rows) - fits
        text = rows.head(fits).to_string(index=False, line_width=_WIDTH)
        left = f"\n… and {more:,} more rows: to_frame()" if more > 0 else ""
        return f"{self.title}\n{text}{left}\n{textwrap.fill(self.note, _WIDTH)}"

    def _repr_html_(self) -> str:

        return describe(f"{self.title}: {self.note}", self.shown())


_ROWS_SHOWN = 30
_LINES, _WIDTH = 18, 118


def describe(title: str, frame: pd.DataFrame) -> str:
    """A heading over the first rows of a table; everything escaped, NaN shown as a dash."""
    body = frame.head(_ROWS_SHOWN).to_html(
        index=False, border=0, na_rep="–", float_format=_number, escape=True
    )
    more = len(frame) - _ROWS_SHOWN
    tail = f"<p>… and {more:,} more rows: see <code>.to_frame()</code></p>" if more > 0 else ""
    return f"<p><strong>{escape(title)}</strong></p>{body}{tail}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def picture(width: float, height: float) -> Figure:
    """A figure of this size in inches, drawn without pyplot: no state, no backend to choose."""
    return _kind_of_picture()(figsize=(width, height), layout="constrained")


@cache
def _kind_of_picture() -> type[Figure]:
    """Made when it is wanted: matplotlib takes a fifth of the time in which simlab is imported."""
    from matplotlib.figure import Figure

    class Picture(Figure):
        """A figure that shows itself."""

        def _repr_png_(self) -> bytes:
            png = io.BytesIO()
            self.savefig(png, format="png", dpi=96)
            return png.getvalue()

    return Picture


COLOURS = PLAN_COLOURS


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure of this size in inches with one set of axes."""
    figure = picture(width, height)
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def spread(name: str, estimate: Estimate) -> dict[str, float]:
    """An estimate as three columns."""
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def save_path(path: str | Path) -> Path:
    """A path that does not exist yet."""
    target = Path(path)
    if target.exists():
        raise UsageError(f"{target}: exists already; nothing is ever replaced")
    return target
