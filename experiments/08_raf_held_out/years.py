"""Is a promise that was not kept a matter of that year? Every year left out once, laws widened or not.

SIMLAB_DATA=… python years.py          # writes results/years.csv
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from run import HERE, data_folder

import simlab as sl
from simlab.policies import plan
from simlab.register.laws import LawKind

FIRST, MONTHS = 1996, 12
TARGETS = (0.9, 0.95, 0.98)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder of the table")
    parser.add_argument("--years", type=int, nargs="+", default=[1999, 2000, 2001, 2002])
    parser.add_argument("--factors", type=float, nargs="+", default=[1.0, 1.7], help="of the laws' variance")
    arguments = parser.parse_args()
    rows = []
    for year in arguments.years:
        start = time.perf_counter()
        rows += left_out(year, arguments.factors)
        print(pd.DataFrame(rows).tail(3 * len(arguments.factors)).to_string())
        print(f"{time.perf_counter() - start:.0f} s", flush=True)
    pd.DataFrame(rows).to_csv(arguments.out / "years.csv", index=False, float_format="%.4g")


def left_out(year: int, factors: list[float]) -> list[dict[str, float]]:
    """One row per factor and target: levels planned from the other six years, in the year left out.

    Notes
    -----
    Months are joined where the year was. Served and held as in `run.in_the_year`: reviewed monthly, whole
    constant lead times L, the net stock before a month is S less the demand of the L months before it.
    """
    source = data_folder() / "raf_spares"
    listed = pd.read_csv(source / "items.csv.gz", dtype={"item": str}).set_index("item")
    monthly = pd.read_csv(source / "demand_monthly.csv.gz", dtype={"item": str}).set_index("item")
    listed, real = listed.loc[monthly.index], monthly.to_numpy(dtype=np.int64)
    months = np.arange(MONTHS * (year - FIRST), MONTHS * (year - FIRST + 1))
    cost = listed["unit_price_gbp"].clip(lower=0.01).to_numpy()
    lead = listed["lead_time_months"].to_numpy(dtype=np.int64)
    models, order = fitted(np.delete(real, months, axis=1), monthly.index, cost, lead)
    law, rows = models.world.demand, []
    asked = real[:, months].sum(axis=1)
    train = np.delete(real, months, axis=1).sum() / (real.shape[1] - MONTHS) * MONTHS
    for factor in factors:
        wide = np.where(law.kind == LawKind.INTERMITTENT, factor * law.variance, law.variance)
        wider = replace(models, world=replace(models.world, demand=replace(law, variance=wide)))
        levels = plan(wider, TARGETS).levels.order_up_to[order]
        for column, target in enumerate(TARGETS):
            served, held = in_months(real, lead, levels[:, column], months)
            rows.append(
                {
                    "year": year,
                    "variance_times": factor,
                    "target": target,
                    "units_of_mean_year": asked.sum() / train,
                    "fill": served.sum() / asked.sum(),
                    "value_served": (cost * served).sum() / (cost * asked).sum(),
                    "mean_fill_of_items": (served[asked > 0] / asked[asked > 0]).mean(),
                    "stock": (cost * held).sum(),
                    "lost_units_in_50_items": np.sort(asked - served)[-50:].sum() / (asked - served).sum(),
                }
            )
    return rows


def fitted(train: np.ndarray, names: pd.Index, cost: np.ndarray, lead: np.ndarray):
    """Models of the default study, and the place of every item in them."""
    item, month = np.nonzero(train)
    days = (np.datetime64(f"{FIRST}-01") + np.arange(train.shape[1])).astype("datetime64[D]").astype(str)
    demand = pd.DataFrame({"sku": names[item], "location": "RAF", "date": days[month]})
    demand["quantity"] = train[item, month]
    items = pd.DataFrame({"sku": names, "location": "RAF", "unit_cost": cost, "lead_time": lead})
    end = (np.datetime64(f"{FIRST}-01") + train.shape[1]).astype("datetime64[D]") - 1
    study = {
        "study": {"period": "month", "as_of": str(end)},
        "data": {"time_unit": "months"},
        "lead_times": {"law": "fixed"},
        "demand": {"no_history": "zero"},
    }
    data = sl.load_frames(items, demand=demand, study=study)
    place = {sku: k for k, sku in enumerate(data.catalog.sku)}
    return data.models, np.array([place[name] for name in names])


def in_months(real: np.ndarray, lead: np.ndarray, level: np.ndarray, months: np.ndarray):
    """(n,) units served at once, and mean stock."""
    total = np.concatenate([np.zeros((real.shape[0], 1), np.int64), real.cumsum(axis=1)], axis=1)
    rows, served, held = np.arange(real.shape[0]), 0, 0.0
    for month in months:
        shelf = np.maximum(level - (total[:, month] - total[rows, np.maximum(month - lead, 0)]), 0)
        served = served + np.minimum(shelf, real[:, month])
        held = held + (shelf + np.maximum(shelf - real[:, month], 0)) / 2 / months.size
    return served, held


if __name__ == "__main__":
    main()
