"""SKU-locations simulated again by the plain simulator, from what the run kept of its world."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np

from simlab.api.verifying.finding import CHANGED, Ledger
from simlab.errors import Problem
from simlab.run import RunFolder
from simlab.selfcheck import reference
from simlab.selfcheck.plain_items import from_text

_plain: Any = reference
NOW = ("sum_served_now", "sum_stock_now")
SUMS = ("sum_demanded", "sum_served", "sum_stock", "sum_receipts", "sum_good_receipts")


def simulate_again(run: RunFolder, n_items: int, ledger: Ledger) -> None:
    """Draw SKU-locations by the run's own seed and compare their integer sums, to the unit.

    Parameters
    ----------
    n_items : int
        How many; all that can be simulated if there are fewer.
    """
    facts = run.manifest.get("world")
    if not facts or not run.has_table("world"):
        ledger.checked.append("nothing was simulated again: the run is of a version that kept no world")
        return
    world = run.read_table("world")
    items = run.read_table("items").set_index(["sku", "location"])
    plan = run.read_table("plan").set_index(["sku", "location"]) if run.has_table("plan") else None
    able = np.flatnonzero(world["left_out"].to_numpy() == "")
    rng = np.random.default_rng([int(facts["seed"]) & 0xFFFFFFFF, n_items])
    rows = np.sort(rng.choice(able, min(n_items, able.size), replace=False)) if able.size else able
    for row in rows:
        one = world.iloc[int(row)]
        name = f"{one['sku']}@{one['location']}"
        try:
            item = from_text(one["item"])
        except (ValueError, TypeError) as error:
            what = f"{name} cannot be read: {error}"
            ledger.problems.append(Problem(CHANGED, what, "results/world.parquet", column="item"))
            continue
        found, stands = _sums(item, facts), items.loc[(one["sku"], one["location"])]
        for column in SUMS:
            if found[column] != int(stands[column]):
                message = f"{name}: {int(stands[column])} stands, the plain simulator counts {found[column]}"
                ledger.wrong("items", column, message)
        if one.get("now") and plan is not None:
            _today(item, one["now"], facts, plan.loc[(one["sku"], one["location"])], ledger, name)
    left = int((world["left_out"] != "").sum())
    ledger.checked.append(
        f"{rows.size:,} SKU-locations simulated again by the plain simulator, to the unit"
        + (f" ({left:,} have a form that it is not asked about)" if left else "")
    )


def _today(
    item: reference.Item, text: str, facts: dict[str, Any], stands: Any, ledger: Ledger, name: str
) -> None:
    """The same SKU-location under today's levels."""
    found = _sums(replace(item, **json.loads(text)), facts)
    for column in NOW:
        counted = found[column.removesuffix("_now")]
        if column in stands and counted != stands[column]:
            message = f"{name}: {stands[column]:.0f} stands, the plain simulator counts {counted}"
            ledger.wrong("plan", column, message)


def _sums(item: reference.Item, facts: dict[str, Any]) -> dict[str, int]:
    """Sums over counted periods and replications."""
    total = dict.fromkeys(SUMS, 0)
    for path in range(int(facts["replications"])):
        seen = _plain.simulate(item, int(facts["seed"]), path, int(facts["warmup"]), int(facts["periods"]))
        total["sum_demanded"] += seen["demanded"]
        total["sum_served"] += seen["served"]
        total["sum_stock"] += seen["on_hand"] + seen["on_hand_start"]
        total["sum_receipts"] += seen["receipts"]
        total["sum_good_receipts"] += seen["good_receipts"]
    scale = int(facts["exposure"]) // int(facts["periods"])
    return {name: scale * value for name, value in total.items()}
