"""What does a plan of the default study do in the twelve months that it has not seen?

SIMLAB_DATA=… python run.py            # writes results/plans.csv and results/exceptions.csv
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

import simlab as sl
from simlab.api.commands import run_optimize
from simlab.models import read_history
from simlab.models.demand.past.largest import NOT_KNOWN

HERE = Path(__file__).parent
HOLDOUT = 12
FEW = 8  # sales
STUDIES = {
    "default": "",
    "defaults of 0.2.0": """
[demand]
life = "first_sale"
no_history = "zero"
[models]
memory = "all"
candidates = ["poisson", "negative_binomial", "intermittent", "empirical"]
[policy]
level_limit = 0
""",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder of the tables")
    parser.add_argument("--replications", type=int, help="fewer, for a quick look; the study's if left out")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    plans, exceptions = [], []
    for name, more in STUDIES.items():
        start = time.perf_counter()
        row, beyond = judged(name, more, arguments.replications)
        plans.append(row)
        exceptions.append(beyond)
        print(pd.Series(row).to_string(), f"\n{time.perf_counter() - start:.0f} s", flush=True)
    pd.DataFrame(plans).to_csv(arguments.out / "plans.csv", index=False, float_format="%.5g")
    pd.concat(exceptions).to_csv(arguments.out / "exceptions.csv", index=False, float_format="%.5g")


def data_folder() -> Path:
    """The folder of public data, from SIMLAB_DATA."""
    folder = os.environ.get("SIMLAB_DATA", "")
    if not folder:
        raise SystemExit("set SIMLAB_DATA to the folder that holds raf_spares/")
    return Path(folder)


def write(folder: Path, more: str) -> Path:
    """Items, demand and study file of the 5,000 spares; planned lead times in months."""
    source = data_folder() / "raf_spares"
    listed = pd.read_csv(source / "items.csv.gz", dtype={"item": str})
    monthly = pd.read_csv(source / "demand_monthly.csv.gz", dtype={"item": str})
    pd.DataFrame(
        {
            "sku": listed["item"],
            "location": "RAF",
            "unit_cost": listed["unit_price_gbp"].clip(lower=0.01),
            "lead_time": listed["lead_time_months"],
        }
    ).to_csv(folder / "items.csv", index=False)
    long = monthly.melt(id_vars="item", var_name="month", value_name="quantity")
    long = long[long["quantity"] > 0].assign(location="RAF", date=long["month"] + "-01")
    long.rename(columns={"item": "sku"})[["sku", "location", "date", "quantity"]].to_csv(
        folder / "demand.csv", index=False
    )
    text = (HERE / "study.toml").read_text("utf-8") + more
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder / "study.toml"


def in_the_year(plan: pd.DataFrame, items: pd.DataFrame) -> dict[str, float]:
    """The plan in the twelve months that it has not seen, as if it had been in force before.

    Parameters
    ----------
    plan : DataFrame
        Levels, one row per item planned.
    items : DataFrame
        The run's items in the same order: what its verdict expects.

    Notes
    -----
    Reviewed monthly, with constant whole lead times L and waiting demand, the net stock before the demand of
    month t is S less the real demand of the months t − L to t − 1. Items left out of the plan serve nothing.
    """
    source = data_folder() / "raf_spares"
    monthly = pd.read_csv(source / "demand_monthly.csv.gz", dtype={"item": str}).set_index("item")
    price = pd.read_csv(source / "items.csv.gz", dtype={"item": str}).set_index("item")["unit_price_gbp"]
    real = monthly.loc[plan["sku"]].to_numpy(dtype=np.int64)
    lead, level = np.rint(items["mean_lead_time"]).astype(int).to_numpy(), plan["order_up_to"].to_numpy()
    cost = items["unit_cost"].to_numpy()
    total = np.concatenate([np.zeros((real.shape[0], 1), np.int64), real.cumsum(axis=1)], axis=1)
    rows = np.arange(real.shape[0])
    served, held = np.zeros(rows.size), np.zeros(rows.size)
    for month in range(real.shape[1] - HOLDOUT, real.shape[1]):
        gone = total[:, month] - total[rows, np.maximum(month - lead, 0)]
        shelf = np.maximum(level - gone, 0)
        served += np.minimum(shelf, real[:, month])
        held += (shelf + np.maximum(shelf - real[:, month], 0)) / 2 / HOLDOUT
    asked, every = real[:, -HOLDOUT:].sum(axis=1), monthly.iloc[:, -HOLDOUT:].sum(axis=1)
    all_value = (every * price.clip(lower=0.01).loc[every.index]).sum()
    mean, fill = items["mean_demand"].to_numpy() * HOLDOUT, np.nan_to_num(items["fill_rate"].to_numpy())
    return {
        "units": asked.sum(),
        "units_expected": mean.sum(),
        "fill": served.sum() / asked.sum(),
        "fill_expected": (mean * fill).sum() / mean.sum(),
        "value_served": (cost * served).sum() / (cost * asked).sum(),
        "value_served_expected": (cost * mean * fill).sum() / (cost * mean).sum(),
        "value_served_with_items_left_out": (cost * served).sum() / all_value,
        "stock": (cost * held).sum(),
        "stock_expected": items["inventory_value"].sum(),
    }


def judged(name: str, more: str, replications: int | None) -> tuple[dict[str, object], pd.DataFrame]:
    """The chosen plan in the twelve months, its levels against the largest demand in R + L, rare items."""
    with tempfile.TemporaryDirectory() as work:
        if replications is not None:
            more += f"[simulation]\nreplications = {replications}\n"
        path = write(Path(work), more)
        data = sl.load(path)
        run_optimize(path, out=Path(work) / "run", draw=False)
        results = Path(work) / "run" / "results"
        items = pd.read_parquet(results / "items.parquet").set_index("sku")
        plan = pd.read_parquet(results / "plan.parquet")
    models, history = data.models, read_history(data.catalog)
    rows = {sku: k for k, sku in enumerate(data.catalog.sku)}
    order = np.array([rows[sku] for sku in plan["sku"]])
    largest, level = models.largest[order], plan["order_up_to"].to_numpy()
    by = items.loc[plan["sku"]]
    span = (by["mean_lead_time"] + by["review_period"]).to_numpy()
    stretch = np.maximum(span / history.n_observed[order], 1.0)
    beyond = (largest != NOT_KNOWN) & (level > np.maximum(2, np.ceil(3 * largest * stretch)))
    stock = by["inventory_value"].to_numpy()
    few = history.n_positive[order] < FEW
    facts = {
        "study": name,
        "months_known": int(history.n_observed.max()),
        "items": len(plan),
        **in_the_year(plan, by),
        "levels_beyond": int(beyond.sum()),
        "share_beyond": beyond.mean(),
        "items_of_few_sales": few.mean(),
        "stock_of_few_sales": stock[few].sum() / stock.sum(),
    }
    listed = plan.loc[beyond, ["sku", "order_up_to"]].assign(largest=largest[beyond], study=name)
    return facts, listed.head(50)


if __name__ == "__main__":
    main()
