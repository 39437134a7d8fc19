"""A run folder with a plan and what orders need, without simulating anything."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import simlab as sl
from simlab.api import Data
from simlab.api.data import ordering
from simlab.run import RunFolder

POISSON = {"demand_law": "poisson", "location": "EAST", "unit_cost": 10.0}


def make_run(
    folder: Path,
    items: list[dict[str, Any]],
    study: dict[str, Any] | None = None,
    open_orders: list[dict[str, Any]] | None = None,
) -> Path:
    """A finished run of given items.

    `items`: columns of the items table, and the plan's `S` (with `s` or `Q` where the rule has them); laws
    are Poisson with `demand_mean` unless said otherwise. The study is daily and of 2026-01-04, a Sunday.
    """
    rows = [{**POISSON, **one} for one in items]
    frame = pd.DataFrame([{k: v for k, v in one.items() if k not in ("s", "S", "Q")} for one in rows])
    options = {
        "study": {"period": "day", "as_of": "2026-01-04", "currency": "EUR", "name": "small"},
        "policy": {"review_period": 1},
        "data": {"time_unit": "days"},
    }
    for name, section in (study or {}).items():
        options[name] = {**options.get(name, {}), **section} if isinstance(section, dict) else section
    orders = None if open_orders is None else pd.DataFrame(open_orders)
    data = sl.load_frames(frame, open_orders=orders, study=options)
    run = RunFolder.create(folder / "runs" / "small", "small", folder)
    run.write_table("plan", _plan(data, rows))
    run.write_bytes(
        ordering.PLACE, ordering.packed(ordering.ordering_of(data, (np.zeros((0, 1), np.int64), 0)))
    )
    run.write_json("resolved.json", data.study.resolved_with_times())
    facts = {
        "command": "optimize",
        "study": "small",
        "currency": "EUR",
        "as_of": "2026-01-04",
        "seeds": {"study": 7},
        "policy": {"family": "order_up_to"},
    }
    run.write_manifest(facts)
    return run.path


def _plan(data: Data, rows: list[dict[str, Any]]) -> pd.DataFrame:
    def family(one: dict[str, Any]) -> str:
        return "reorder_quantity" if "Q" in one else "reorder_up_to" if "s" in one else "order_up_to"

    return pd.DataFrame(
        {
            "sku": list(data.catalog.sku),
            "location": list(data.catalog.location),
            "reorder_point": [one.get("s", np.nan) for one in rows],
            "order_up_to": [one.get("S", one.get("s", 0) + one.get("Q", 0)) for one in rows],
            "order_quantity": [one.get("Q", 0) for one in rows],
            "family": [family(one) for one in rows],
        }
    )
