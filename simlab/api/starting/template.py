"""An empty workbook to fill in: a sheet a table, cells that refuse what simlab would refuse."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simlab.catalog.columns import NUMERIC, TABLES, Column
from simlab.catalog.meanings import MEANINGS
from simlab.errors import UsageError

if TYPE_CHECKING:
    import xlsxwriter
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

_SHEETS = ("items", "demand", "receipts", "open_orders")
_ROWS = 100_000  # validated
_TEXT_WIDTH, _WIDE = 18, 70
_STUDY = """\
# Written by simlab init --template. Fill in the sheets of template.xlsx, then: simlab check study.toml
schema = 2

[study]
period = "week"                     # day | week | month
# currency = "EUR"                  # only a label, nothing is converted

[data]
time_unit = "days"                  # of lead_time and review_period

[data.items]
path = "template.xlsx"
sheet = "items"

[data.demand]
path = "template.xlsx"
sheet = "demand"

# [data.receipts]                   # with rows in that sheet: lead times as received
# path = "template.xlsx"
# sheet = "receipts"

# [data.open_orders]                # with rows in that sheet: what is on order today
# path = "template.xlsx"
# sheet = "open_orders"

[lead_times]
law = "fixed"                       # lead_time of items as it stands; "empirical" with receipts
# crossing = false                  # with receipts: orders arrive in the sequence placed

[segments]
by = ["abc"]

[policy]
# review_period = 7

[optimize]
fill_rate = 0.95
"""


def init_template(folder: Path) -> list[Path]:
    """Write `template.xlsx` and a study that reads it.

    Raises
    ------
    UsageError
        One of them exists already.
    """
    files = [folder / "template.xlsx", folder / "study.toml"]
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, name a folder")
    for file in files:
        if file.exists() or file.is_symlink():
            raise UsageError(f"{file} exists already: nothing is replaced, name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    _write(files[0])
    files[1].write_text(_STUDY, "utf-8")
    return files


def _write(path: Path) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as book:
        needed = book.add_format({"bold": True, "bg_color": "#dbe9f6", "border": 1})
        free = book.add_format({"bold": True, "bg_color": "#f2f2f2", "border": 1})
        sheets = {name: book.add_worksheet(name) for name in _SHEETS}
        for name, sheet in sheets.items():
            _table(book, sheet, name, needed, free)
        _explained(book, book.add_worksheet("columns"), needed)
        sheets["items"].activate()


def _table(book: xlsxwriter.Workbook, sheet: Worksheet, name: str, needed: Format, free: Format) -> None:
    """The header, the kind of each column's cells, and what they refuse."""
    text, day = book.add_format({"num_format": "@"}), book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.freeze_panes(1, 0)
    for place, (column, rule) in enumerate(TABLES[name].items()):
        sheet.write_string(0, place, column, needed if rule.required else free)
        sheet.write_comment(0, place, MEANINGS[name][column])
        form = text if rule.kind in ("id", "text") else day if rule.kind == "date" else None
        sheet.set_column(place, place, _TEXT_WIDTH, form)
        allowed = _allowed(rule)
        if allowed:
            sheet.data_validation(1, place, _ROWS, place, {**allowed, "ignore_blank": True})


def _allowed(rule: Column) -> dict[str, object]:
    """A column's rule as a spreadsheet says it; empty where any text goes."""
    if rule.kind == "choice" and not rule.or_share:
        return {"validate": "list", "source": list(rule.choices)}
    if rule.kind in NUMERIC:
        kind = "integer" if rule.kind == "whole" else "decimal"
        low = rule.low if kind == "decimal" else int(rule.low)
        return {
            "validate": kind,
            "criteria": "between",
            "minimum": low,
            "maximum": rule.high if kind == "decimal" else int(rule.high),
            "error_title": "Not allowed",
            "error_message": f"{kind.replace('integer', 'whole number').replace('decimal', 'number')}"
            f" from {rule.low:g}",
        }
    return {}


def _explained(book: xlsxwriter.Workbook, sheet: Worksheet, head: Format) -> None:
    """A sheet that says of every column what it means and whether it is needed."""
    sheet.write_row(0, 0, ["table", "column", "needed", "cells", "meaning"], head)
    sheet.freeze_panes(1, 0)
    row = 1
    for name in _SHEETS:
        for column, rule in TABLES[name].items():
            kind = " | ".join(rule.choices) if rule.kind == "choice" else rule.kind
            needs = "yes" if rule.required else ""
            sheet.write_row(row, 0, [name, column, needs, kind, MEANINGS[name][column]])
            row += 1
    sheet.set_column(0, 3, _TEXT_WIDTH)
    sheet.set_column(4, 4, _WIDE)
    sheet.autofilter(0, 0, row - 1, 4)
