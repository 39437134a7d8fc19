"""Sheets as a workbook, row by row, so that memory does not grow with the rows."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from simlab.measures.words import Unit
from simlab.report.book.layout import CHART_ROWS, HEAD, Placed, charts_row, placed
from simlab.report.book.looks import (
    digits_of,
    height_of,
    is_finite,
    number_format,
    safe_text,
    shown_like,
    width_of,
)
from simlab.report.book.rows import Column, can_write, write_rows
from simlab.report.book.sheet import Chart, Series, Sheet
from simlab.run.tables import SCHEMA

if TYPE_CHECKING:
    import pandas as pd

_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_FONT = {"font_name": "Calibri", "font_size": 10, "valign": "top"}
_CHART_WIDTH, _CHART_HEIGHT = 620, 360
_ACROSS, _SIGNS = 7, 105
"""Columns that a long text goes across, and how many of its signs a line of them holds."""


@dataclass(frozen=True)
class Titles:
    """What stands on every sheet.

    Attributes
    ----------
    study, run : str
        Name of the study; the run's own name and id.
    currency, period : str
    made : datetime
        When the run ended: the workbook's date, so that equal runs give equal workbooks.
    """

    study: str
    run: str
    currency: str
    period: str
    made: datetime


def workbook_bytes(sheets: Sequence[Sheet], titles: Titles) -> bytes:
    """The bytes of a workbook."""
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _OPTIONS) as book:
        book.set_properties(
            {"title": safe_text(titles.study), "comments": titles.run, "created": titles.made}
        )
        book.set_custom_property("simlab.schema", str(SCHEMA))
        writer = _Writer(book, titles, {place.block.key: place for one in sheets for place in placed(one)})
        for sheet in sheets:
            writer.write(sheet)
    return out.getvalue()


class _Writer:
    """Formats of one workbook, each made once, and the places of its tables."""

    def __init__(self, book: Any, titles: Titles, places: Mapping[str, Placed]) -> None:
        self._book, self._titles, self._places = book, titles, places
        self._numbers: dict[str, Any] = {}
        self._text = book.add_format({**_FONT, "num_format": "@"})
        self._line = book.add_format({**_FONT, "text_wrap": True})
        self._small = book.add_format({**_FONT, "font_color": "#595959", "italic": True})
        self._title = book.add_format({**_FONT, "bold": True, "font_size": 14})
        self._above = book.add_format({**_FONT, "bold": True, "font_size": 11})
        self._header = book.add_format(
            {**_FONT, "bold": True, "text_wrap": True, "bottom": 1, "bg_color": "#e8eef5"}
        )

    def write(self, sheet: Sheet) -> None:
        page = self._book.add_worksheet(sheet.name)
        tables = placed(sheet)
        page.write_string(0, 0, safe_text(f"{sheet.name} · {self._titles.study}"), self._title)
        page.write_string(1, 0, safe_text(f"Run {self._titles.run}"), self._small)
        page.write_string(2, 0, safe_text(sheet.what), self._small)
        for row, text in enumerate(sheet.texts, start=HEAD):
            self._long(page, row, safe_text(text))
        for number, chart in enumerate(sheet.charts):
            place = {"object_position": 3, "x_offset": 5 + number * (_CHART_WIDTH + 15)}
            page.insert_chart(charts_row(sheet, tables), 0, self._chart(chart), place)
        widths = self._widths(page, tables)
        for one in tables:
            self._table(page, one, widths)
        self._view(page, sheet, tables)

    def _long(self, page: Any, row: int, text: str) -> None:
        """A text over several columns and as many lines as it takes."""
        lines = sum(max(1, -(-len(line) // _SIGNS)) for line in text.split("\n"))
        page.set_row(row, 13.5 * lines)
        page.merge_range(row, 0, row, _ACROSS, "", self._line)
        page.write_string(row, 0, text, self._line)

    def _table(self, page: Any, place: Placed, widths: Mapping[int, float]) -> None:
        block, frame = place.block, place.block.frame
        page.write_string(place.title, 0, safe_text(block.title), self._above)
        if block.note:
            page.write_string(place.title + 1, 0, safe_text(block.note), self._small)
        titles = self._titles
        heads = [block.heading(str(name), titles.currency, titles.period) for name in frame.columns]
        page.set_row(place.header, height_of([(text, widths[at]) for at, text in enumerate(heads)]))
        for column, text in enumerate(heads):
            page.write_string(place.header, column, safe_text(text), self._header)
        columns = [self._column(place, str(name), frame[name].tolist()) for name in frame.columns]
        if len(frame) and can_write(page, self._text):
            write_rows(page, place.first, columns, self._text)
        else:
            for row in range(len(frame)):
                for column, one in enumerate(columns):
                    self._cell(page, place.first + row, column, one.cells[row], one.looks[row])
        for name in block.bars:
            if len(frame):
                self._bar(page, place, place.column(name))

    def _cell(self, page: Any, row: int, column: int, value: object, form: Any) -> None:
        if isinstance(value, bool):
            page.write_string(row, column, "yes" if value else "no", self._text)
        elif is_finite(value):
            page.write_number(row, column, value, form)
        elif isinstance(value, str) and value:
            page.write_string(row, column, safe_text(value), self._text)

    def _column(self, place: Placed, name: str, cells: list[Any]) -> Column:
        """Cells of a column as they are written, changes of rates as points, and the format of each."""
        block, signed = place.block, name.startswith("change") or name.endswith("_change")
        if not block.row_units:
            unit = block.unit(name)
            one = self._number(unit, [cell for cell in cells if is_finite(cell)], signed)
            return Column([_written(cell, unit) for cell in cells], [one] * len(cells))
        share = name == "change_share"
        units: list[Unit] = ["points" if unit == "rate" and signed else unit for unit in block.row_units]
        units = ["share"] * len(units) if share else units
        formats = [
            self._number(unit, [cell] if is_finite(cell) else [], signed)
            for unit, cell in zip(units, cells, strict=True)
        ]
        return Column([_written(cell, unit) for unit, cell in zip(units, cells, strict=True)], formats)

    def _number(self, unit: Unit, values: list[float], signed: bool) -> Any:
        text = number_format(unit, self._titles.currency, digits_of(unit, values), signed=signed)
        if text not in self._numbers:
            self._numbers[text] = self._book.add_format({**_FONT, "num_format": text})
        return self._numbers[text]

    def _bar(self, page: Any, place: Placed, column: int) -> None:
        look = {
            "type": "data_bar",
            "bar_solid": True,
            "bar_color": "#4a7fb5",
            "bar_negative_color": "#d9822b",
            "bar_axis_position": "middle",
        }
        page.conditional_format(place.first, column, place.last, column, look)

    def _widths(self, page: Any, tables: Sequence[Placed]) -> dict[int, float]:
        """Widths of the columns that tables of a sheet share, set."""
        widths: dict[int, float] = {}
        for place in tables:
            for column, name in enumerate(place.block.frame.columns):
                cells: pd.Series[Any] = place.block.frame[name]
                unit: Unit = place.block.unit(str(name)) if not place.block.row_units else "money"
                unit = "text" if not any(is_finite(one) for one in cells.head(50)) else unit
                known = [float(one) for one in cells.head(500) if is_finite(one)]
                texts = shown_like(cells, unit, self._titles.currency, digits_of(unit, known))
                head = place.block.heading(str(name), self._titles.currency, self._titles.period)
                widths[column] = max(widths.get(column, 0.0), width_of(head, texts))
        for column, width in widths.items():
            page.set_column(column, column, width)
        return widths

    def _view(self, page: Any, sheet: Sheet, tables: Sequence[Placed]) -> None:
        page.hide_gridlines(2)
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.set_footer(f"&L{safe_text(self._titles.run).replace('&', '&&')[:100]}&R&P / &N")
        one = tables[0] if len(tables) == 1 and not sheet.charts else None
        page.freeze_panes(2 if one is None else one.first, sheet.frozen if one else 0)
        if one is not None and len(one.block.frame):
            page.autofilter(one.header, 0, one.last, len(one.block.frame.columns) - 1)
            page.repeat_rows(one.header)

    def _chart(self, chart: Chart) -> Any:
        kinds = {
            "line": {"type": "line"},
            "curve": {"type": "scatter", "subtype": "straight"},
            "stacked": {"type": "column", "subtype": "stacked"},
        }
        drawn = self._book.add_chart(kinds[chart.kind])
        for series in chart.series:
            drawn.add_series(self._series(series, chart.kind))
        axis = {"name_font": {"bold": False}, "major_gridlines": {"visible": False}}
        drawn.set_title({"name": chart.title, "name_font": {"size": 12}, "overlay": False})
        x_format = self._axis(chart.series[0].block, chart.series[0].x) if chart.kind == "curve" else {}
        drawn.set_x_axis({"name": chart.x_title, **axis, **x_format})
        y_axis = self._axis(chart.series[0].block, chart.series[0].y)
        drawn.set_y_axis({"name": chart.y_title, **axis, "major_gridlines": {"visible": True}, **y_axis})
        drawn.set_size({"width": _CHART_WIDTH, "height": min(_CHART_HEIGHT, 20 * CHART_ROWS - 20)})
        hidden = [n for n, one in enumerate(chart.series) if not one.colour]
        drawn.set_legend({"position": "bottom", "delete_series": hidden})
        return drawn

    def _axis(self, block: str, column: str) -> dict[str, Any]:
        unit = self._places[block].block.unit(column)
        cells = [float(one) for one in self._places[block].block.frame[column] if is_finite(one)]
        found: dict[str, Any] = {"num_format": number_format(unit, self._titles.currency, 0)}
        if unit == "rate":
            found |= {"num_format": "0%", "min": int(20 * min(cells, default=0.0)) / 20, "max": 1}
        return found

    def _series(self, series: Series, kind: str) -> dict[str, Any]:
        place = self._places[series.block]
        first, last = (0, len(place.block.frame) - 1) if series.rows is None else series.rows
        rows = (place.first + first, place.first + last)
        x, y = place.column(series.x), place.column(series.y)
        found: dict[str, Any] = {
            "name": series.name,
            "categories": [place.sheet, rows[0], x, rows[1], x],
            "values": [place.sheet, rows[0], y, rows[1], y],
        }
        if kind == "stacked":
            fill = {"color": series.colour} if series.colour else {"none": True}
            return {**found, "fill": fill, "border": {"none": True}, "gap": 40}
        if series.mark:
            look = {"type": series.mark, "size": 9, "fill": {"color": series.colour}}
            return {**found, "marker": {**look, "border": {"color": series.colour}}, "line": {"none": True}}
        return {**found, "line": {"color": series.colour, "width": 2}, "marker": {"type": "none"}}


def _written(cell: Any, unit: Unit) -> Any:
    """A cell in its unit: changes of rates in points."""
    return 100 * cell if unit == "points" and is_finite(cell) else cell
