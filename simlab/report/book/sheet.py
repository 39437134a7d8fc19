"""What stands on a sheet, as plain data: texts, tables one below the other, charts beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simlab.measures.words import Unit, heading, word

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Block:
    """A table of a sheet.

    Attributes
    ----------
    key : str
        Charts name it.
    title : str
    frame : DataFrame
        Values as the run's tables have them, unrounded; columns are keys of the dictionary.
    units : mapping of str to str
        Where a column's unit is not that of the dictionary.
    names : mapping of str to str
        Headings in place of those of the dictionary.
    row_units : sequence of str
        One unit per row for every number of it; empty: by column.
    bars : tuple of str
        Columns with a data bar in every cell.
    note : str
        Small print below the title.
    """

    key: str
    title: str
    frame: pd.DataFrame
    units: Mapping[str, Unit] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    row_units: Sequence[Unit] = ()
    bars: tuple[str, ...] = ()
    note: str = ""

    def unit(self, column: str) -> Unit:
        """The unit of a column."""
        return self.units.get(column, word(column).unit)

    def heading(self, column: str, currency: str, period: str) -> str:
        """The heading of a column; ", proposed" where today's stands beside it."""
        if column in self.names:
            return self.names[column]
        return heading(column, currency, period, beside=f"{column}_now" in self.frame)


@dataclass(frozen=True)
class Series:
    """A line, or the columns, of a chart: two columns of a block.

    Attributes
    ----------
    name : str
    block : str
        Its key; it may stand on another sheet.
    x, y : str
        Columns.
    rows : tuple of int, optional
        First and last row that is drawn; all if left out.
    colour : str
        As ``#rrggbb``; empty: not filled, what lies below a floating column.
    mark : str
        Of the points; empty: a line alone.
    """

    name: str
    block: str
    x: str
    y: str
    rows: tuple[int, int] | None = None
    colour: str = "#0b5cad"
    mark: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart that the spreadsheet draws itself.

    Attributes
    ----------
    title : str
    kind : {"line", "curve", "stacked"}
        Over categories, over numbers, or columns one upon the other.
    series : tuple of Series
    x_title, y_title : str
    """

    title: str
    kind: str
    series: tuple[Series, ...]
    x_title: str
    y_title: str


@dataclass(frozen=True, eq=False)
class Sheet:
    """A sheet.

    Attributes
    ----------
    name : str
    what : str
        Below the title, in one line.
    blocks : tuple of Block
        One alone has a filter, and its header stays in sight.
    texts : tuple of str
        Lines before the tables.
    charts : tuple of Chart
    above : int
        Tables that stand above the charts; the others stand below them.
    frozen : int
        Columns that stay in sight.
    """

    name: str
    what: str
    blocks: tuple[Block, ...] = ()
    texts: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    above: int = 0
    frozen: int = 0
