"""Working capital: every plan's days of supply and margin, the bridge from today, the shelf and its age."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simlab.measures import ALL
from simlab.report.kit.formats import DASH, is_number, money, number, percent
from simlab.report.kit.reading import plan_name, records
from simlab.report.kit.shell import FINANCE
from simlab.report.plan.section import Content, Row, section, table

if TYPE_CHECKING:
    from simlab.report.plan.tables import RunTables

_MEASURES = ("inventory_value", "days_of_supply", "turns", "capital_charge")
_MOST_GROUPS = 20


@section(
    "working-capital",
    menu="Working capital",
    title="What is tied up, what it earns, and how old is it?",
    place=5,
    tab=FINANCE,
    needs={
        "accounts": ("plan", "segment", *_MEASURES),
        "bridge": ("step", "name", "cents", "lost_share"),
        "excess": ("segment", "now", "model", "excess", "missing", "to_come"),
        "ageing": ("age", "n_items", "value", "rate", "reserve"),
        "told": ("group", "n_items", "by", "inventory_value_now", "inventory_value_change", "value_change"),
    },
)
def working_capital(tables: RunTables) -> Content | None:
    """Finance's own tables, in the order in which they are asked for."""
    shown = [*_plans(tables), *_bridge(tables), *_excess(tables), *_ageing(tables), *_told(tables)]
    if not shown:
        return None
    notes = (
        "Days of supply: 365 × stock ÷ cost of sales. Turns: cost of sales ÷ stock. GMROI: gross margin ÷ "
        "stock. All in the long run, on fresh random demand; intervals are in results/accounts.",
    )
    return Content(tables=shown, notes=(*notes, *_counted_as_lost(tables)))


def _counted_as_lost(tables: RunTables) -> Iterator[str]:
    """What the bridge takes late margin for."""
    rows = _rows(tables, "bridge")
    if rows:
        share = float(rows[0]["lost_share"])
        how = "all of it" if share == 1 else percent(share, 0)
        said = "" if share != 1 else ", unless optimize.costs.lost_share says less"
        yield (
            "The steps from today's yearly result to the plan's: margin asked for, less holding, ordering "
            f"and late margin, of which {how} counts as lost{said}; they add up to the cent."
        )


def _rows(tables: RunTables, name: str) -> list[Row]:
    frame = tables.table(name)
    return [] if frame is None else records(frame)


def _plans(tables: RunTables) -> Iterator[Row]:
    rows = [row for row in _rows(tables, "accounts") if row["segment"] == ALL]
    if rows:
        header = ["Plan", "stock", "days of supply", "turns a year", "gross margin a year", "GMROI"]
        header += ["capital charge a year", "ordering a year"]
        yield table("Plans", header, [_plan(row, tables.currency) for row in rows])


def _plan(row: Row, currency: str) -> list[str]:
    return [
        plan_name(str(row["plan"])),
        money(row["inventory_value"], currency, digits=0),
        number(row["days_of_supply"], 1),
        number(row["turns"], 1),
        money(row.get("gross_margin"), currency, digits=0),
        number(row.get("gmroi"), 2),
        money(row["capital_charge"], currency, digits=0),
        money(row.get("ordering_cost"), currency, digits=0),
    ]


def _bridge(tables: RunTables) -> Iterator[Row]:
    rows = _rows(tables, "bridge")
    if rows and any(row["cents"] for row in rows):
        share = float(rows[0]["lost_share"])
        lost = "all late margin counted as lost" if share == 1 else f"{percent(share, 0)} of late margin lost"
        cells = [[str(row["name"]), money(row["cents"] / 100, tables.currency, digits=2)] for row in rows]
        yield table(f"From today to the plan, a year ({lost})", ["Step", "amount"], cells)


def _excess(tables: RunTables) -> Iterator[Row]:
    rows = _rows(tables, "excess")
    if rows:
        header = ["Segment", "on the shelf now", "the plan's mean stock", "above it", "below it", "on order"]
        names = ("now", "model", "excess", "missing", "to_come")
        cells = [
            [_name(row["segment"]), *(money(row[name], tables.currency, digits=0) for name in names)]
            for row in rows
        ]
        yield table("Today's shelf against the plan, item by item", header, cells)


def _ageing(tables: RunTables) -> Iterator[Row]:
    rows = _rows(tables, "ageing")
    if rows:
        header = ["Last sold", "SKU-locations", "stock", "rate", "reserve"]
        cells = [
            [
                _name(row["age"]),
                number(row["n_items"]),
                money(row["value"], tables.currency, digits=0),
                percent(row["rate"], 0) if is_number(row["rate"]) else DASH,
                money(row["reserve"], tables.currency, digits=0),
            ]
            for row in rows
        ]
        yield table("How old the stock is", header, cells)


def _told(tables: RunTables) -> Iterator[Row]:
    rows = _rows(tables, "told")
    if rows:
        header = [
            str(rows[0]["by"]),
            "SKU-locations",
            "stock today",
            "change",
            "value served at once, points",
        ]
        few = [*rows[:_MOST_GROUPS], *([rows[-1]] if len(rows) > _MOST_GROUPS else [])]
        cells = [
            [
                _name(row["group"]),
                number(row["n_items"]),
                money(row["inventory_value_now"], tables.currency, digits=0),
                money(row["inventory_value_change"], tables.currency, digits=0),
                number(100 * row["value_change"], 1) if is_number(row["value_change"]) else DASH,
            ]
            for row in few
        ]
        yield table("Who gives, who gets", header, cells)


def _name(cell: object) -> str:
    return "All" if cell == ALL else str(cell)
