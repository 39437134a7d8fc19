"""Levels to look at: beyond what was ever demanded, or far above today's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlab.report.kit.formats import DASH, is_number, money, number, percent
from simlab.report.kit.reading import records
from simlab.report.kit.shell import ITEMS
from simlab.report.plan.section import Content, Row, section, table

if TYPE_CHECKING:
    from simlab.report.plan.tables import RunTables


_MOST_ROWS = 40


@section(
    "levels_to_look_at",
    menu="Levels to look at",
    title="Levels to look at",
    place=20,
    tab=ITEMS,
    needs={"levels_to_look_at": ("sku", "location", "level", "largest_demand", "value", "share", "reason")},
)
def levels_to_look_at(tables: RunTables) -> Content | None:
    """The costliest levels first; None where a run has no such table or nothing in it."""
    frame = tables.table("levels_to_look_at")
    if frame is None or frame.empty:
        return None
    rows = records(frame)[:_MOST_ROWS]
    total = percent(float(frame["share"].sum()), 1)
    texts = [
        f"{number(len(frame))} SKU-locations, {total} of the plan's stock, have a level beyond twice the "
        "largest demand in any R + L of their history (where it costs little: three times), or three times "
        "what is there today. Some are right; each is worth a look."
    ]
    if len(frame) > len(rows):
        texts.append(
            f"The {len(rows)} that hold the most stock; all are in results/levels_to_look_at.parquet."
        )
    note = "The level is S of (R,S) and s of the other rules: what protects R + L."
    return Content(texts, [_table(rows, tables)], notes=(note,))


def _table(rows: list[Row], tables: RunTables) -> Row:
    header = ["SKU-location", "level", "largest demand in R + L", "on hand", "current level", "value"]
    header += ["share of stock", "why"]
    body = [
        [
            f"{row['sku']}@{row['location']}",
            *(_units(row.get(name)) for name in ("level", "largest_demand", "on_hand", "current_level")),
            money(row["value"], tables.currency),
            percent(row["share"], 2),
            str(row["reason"]),
        ]
        for row in rows
    ]
    return table("The costliest first", header, body)


def _units(value: object) -> str:
    return number(value) if is_number(value) else DASH
