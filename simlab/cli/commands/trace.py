"""``simlab trace``: one SKU-location of a run, period by period."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simlab.cli.ending import ends_with_exit_code
from simlab.cli.options import Debug, Format, Show
from simlab.cli.tables import print_json, print_sentences, print_table, records

if TYPE_CHECKING:
    import pandas as pd


_SHOWN = (
    "period",
    "position_at_review",
    "ordered",
    "received",
    "demanded",
    "served",
    "on_hand",
    "backorders",
    "lost",
    "on_order",
)


@ends_with_exit_code
def trace(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    item: Annotated[str, typer.Argument(metavar="SKU@LOCATION", help="What to follow.")],
    replication: Annotated[int, typer.Option(min=0, metavar="N", help="Which replication, from 0.")] = 0,
    sample: Annotated[
        str | None, typer.Option(metavar="verdict|search", help="Default: the verdict, if there is one.")
    ] = None,
    study: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The study file, if it is not where it was.")
    ] = None,
    levels: Annotated[
        str | None,
        typer.Option(metavar="proposed|current", help="Of a gate's folder. Default: side by side."),
    ] = None,
    format: Show = Format.TEXT,
    debug: Debug = False,
) -> None:
    """Follow one SKU-location of a run.

    Every period and every order of one replication under the run's plan: the very
    numbers that the run added up.

    \b
    Examples:
      simlab trace runs/retailer EL-10001@ECOM
      simlab trace runs/retailer EL-10001@ECOM --format json
    """
    from simlab import api

    result = api.trace(run, item, replication=replication, sample=sample, study=study, levels=levels)
    sides = {}
    if levels is None and (run / "results" / "gate.parquet").is_file():
        for one in ("current", "proposed"):
            sides[one] = api.trace(run, item, replication=replication, sample=sample, study=study, levels=one)
    if format is Format.JSON:
        print_json(
            {
                "sku": result.sku,
                "location": result.location,
                "replication": result.replication,
                "sample": result.sample,
                "statements": list(result.statements),
                "periods": records(result.periods),
                "orders": records(result.orders),
                "sides": {name: records(one.periods) for name, one in sides.items()},
            }
        )
        return
    print_sentences(result.statements)
    if sides:
        beside = _beside(sides["current"].periods, sides["proposed"].periods)
        spare = ("ordered_current", "ordered_proposed", "demanded")
        print_table(beside, "Current and proposed (units)", len(beside), spare=spare)
        return
    counted = result.periods[result.periods["counted"]]
    never = [name for name in ("backorders", "lost") if not counted[name].any()]
    shown = counted[[name for name in _SHOWN if name not in never]]
    print_table(shown, "Periods (units)", len(counted), spare=("position_at_review", "on_order", "received"))
    print_table(result.orders.tail(len(result.orders)), "Orders (period 0 is the first one counted)")


def _beside(now: pd.DataFrame, then: pd.DataFrame) -> pd.DataFrame:
    """The counted periods of both sides of a gate: one demand, and what each side made of it."""
    now, then = (one[one["counted"]].reset_index(drop=True) for one in (now, then))
    out = now[["period", "demanded"]].copy()
    for name in ("ordered", "served", "on_hand"):
        out[f"{name}_current"], out[f"{name}_proposed"] = now[name], then[name]
    return out
