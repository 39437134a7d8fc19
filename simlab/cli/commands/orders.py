"""``simlab orders``: what to order now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simlab.cli.ending import ends_with_exit_code
from simlab.cli.options import Debug, Format, Quiet, Show, Workers
from simlab.cli.progress import watched
from simlab.cli.say import say
from simlab.cli.tables import print_json, print_sentences, print_table, records

if TYPE_CHECKING:
    from simlab.api import Orders


_ROWS = 15
_WITH = "chance_out_with_order"
"""Short for the chance of being short with the order: the table fits 80 columns."""
_FILE = "FILE"


@ends_with_exit_code
def orders(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run, or a study file.")],
    stock: Annotated[
        Path | None, typer.Option(metavar=_FILE, help="Stock: sku, location, on_hand. Default: the study's.")
    ] = None,
    open_orders: Annotated[
        Path | None, typer.Option(metavar=_FILE, help="On order: sku, location, quantity, due_date.")
    ] = None,
    date: Annotated[
        str | None, typer.Option(metavar="DAY", help="Day of ordering. Default: after the study's last date.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option(min=0, metavar="MONEY", help="Most money for all orders together.")
    ] = None,
    by_supplier: Annotated[bool, typer.Option("--by-supplier", help="One list per supplier, too.")] = False,
    excel: Annotated[
        bool | None,
        typer.Option("--excel/--no-excel", help="A workbook, too. Default: of up to 5,000 lines."),
    ] = None,
    every_item: Annotated[
        bool, typer.Option("--every-item", help="Review all, whatever the review days.")
    ] = False,
    state: Annotated[
        Path | None, typer.Option(metavar=_FILE, help="State that an earlier day left (--state-out).")
    ] = None,
    receipts: Annotated[
        Path | None, typer.Option(metavar=_FILE, help="What arrived this morning: sku, location, quantity.")
    ] = None,
    demand: Annotated[
        Path | None, typer.Option(metavar=_FILE, help="The day's demand, for --state-out.")
    ] = None,
    state_out: Annotated[
        Path | None, typer.Option(metavar=_FILE, help="Write the state of the next morning (JSON).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to create. Default: orders/<date> by the run.")
    ] = None,
    study: Annotated[
        Path | None, typer.Option(metavar=_FILE, help="The study file, for runs of older versions.")
    ] = None,
    workers: Workers = None,
    format: Show = Format.TEXT,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """What to order now, and from whom.

    The levels of a run, today's stock and open orders: quantities, due dates, the chance
    of being short without and with each order, and what there is too much of. Written
    to orders/<date>/ beside the run. A study file is optimized first.

    \b
    Examples:
      simlab orders runs/retailer
      simlab orders runs/retailer --stock stock.csv
      simlab orders runs/retailer --budget 20000 --by-supplier
      simlab orders runs/shop --state a.json --demand d.csv
    """
    from simlab import api

    with watched(quiet) as progress:
        found = api.run_orders(
            run,
            stock=stock,
            open_orders=open_orders,
            date=date,
            budget=budget,
            state=state,
            receipts=receipts,
            demand=demand,
            state_out=state_out,
            every_item=every_item,
            by_supplier=by_supplier,
            excel=excel,
            out=out,
            study=study,
            workers=workers,
            progress=progress,
        )
    _print(found.orders, found.folder, found.said, format)


def _print(found: Orders, folder: Path, said: tuple[str, ...], format: Format) -> None:
    if format is Format.JSON:
        print_json(
            {
                "date": found.day,
                "folder": str(folder),
                "statements": [*said, *found.statements],
                "counts": dict(found.counts),
                "orders": records(found.orders),
                "excess": records(found.excess),
            }
        )
        return
    print_sentences([*said, *found.statements])
    if not found.orders.empty:
        names = ["sku", "location", "quantity", "value", "due_date", "chance_out", _WITH]
        title = "Order now, the most urgent first"
        print_table(found.orders[names], title, _ROWS, spare=(_WITH, "value"), in_words=True)
    if not found.excess.empty:
        names = ["sku", "location", "action", "units", "value", "cover_days"]
        shown = found.excess[names].assign(action=found.excess["action"].str.replace("_", " "))
        print_table(shown, "Too much", _ROWS, spare=("cover_days",), in_words=True)
    say()
    say(f"Orders  {folder / 'orders.csv'}")
    say(f"Excess  {folder / 'excess.csv'}")
    for label, name in (("Report", "report.html"), ("Excel", "report.xlsx")):
        if (folder / name).is_file():
            say(f"{label:<8}{folder / name}")
