"""The daily command: orders of a finished run, and no import of what plans a study unless one is named."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simlab.api.ordering.orders import Orders, orders
from simlab.api.ordering.state import demanded, write_state
from simlab.errors import UsageError
from simlab.run.files import write_atomic

if TYPE_CHECKING:
    from simlab.execution import Progress


@dataclass(frozen=True)
class OrdersResult:
    """What `simlab orders` leaves behind.

    Attributes
    ----------
    orders : Orders
    folder : Path
        Of `orders.csv` and `excess.csv`.
    said : tuple of str
        What was done before, in sentences.
    """

    orders: Orders
    folder: Path
    said: tuple[str, ...] = ()


def run_orders(
    run: str | Path,
    *,
    stock: Path | None = None,
    open_orders: Path | None = None,
    date: dt.date | str | None = None,
    budget: float | None = None,
    state: Path | None = None,
    receipts: Path | None = None,
    demand: Path | None = None,
    state_out: Path | None = None,
    every_item: bool = False,
    by_supplier: bool = False,
    excel: bool | None = None,
    out: Path | None = None,
    study: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> OrdersResult:
    """The orders of a day, written beside the run; a study file is optimized first.

    Parameters
    ----------
    demand, state_out : path, optional
        The day's demand (sku, location, quantity), and where the state of the next morning goes.
    excel : bool, optional
        Whether a workbook is written; left out: of up to 5,000 lines.

    Raises
    ------
    UsageError
        One of `demand` and `state_out` without the other, or a state file that is there already.
    """
    if (demand is None) != (state_out is None):
        raise UsageError(
            "the state of the next morning needs the day's demand: --demand DAY --state-out FILE"
        )
    if state_out is not None and state_out.exists():
        raise UsageError(f"{state_out}: exists already; nothing is ever replaced")
    said: tuple[str, ...] = ()
    if Path(run).is_file():
        from simlab.api.commands import run_optimize
        from simlab.api.output.drawing import draw_report

        planned = draw_report(run_optimize(run, workers=workers, progress=progress, draw=False))
        said, run = (f"{run} was optimized first: {planned.folder}.",), planned.folder
    found = orders(
        run,
        stock=stock,
        open_orders=open_orders,
        date=date,
        budget=budget,
        state=state,
        receipts=receipts,
        every_item=every_item,
        study=study,
        workers=workers,
    )
    next_morning = None
    if demand is not None and state_out is not None:
        after, _ = demanded(found.source, found.after_ordering(), demand)
        calendar = found.source.calendar(found.review.day)
        next_morning = write_state(found.source, after, calendar.later(found.review.day, 1))
    folder = found.write(out, by_supplier=by_supplier, excel=excel)
    if next_morning is not None and state_out is not None:
        write_atomic(state_out, next_morning.encode("utf-8"))
    return OrdersResult(found, folder, said)
