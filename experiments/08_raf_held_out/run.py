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


def judged(name: str, more: str, replications: int | None) -> tuple[dict[str, object], pd.DataFrame]:
    """The chosen plan in the twelve months, its levels against the largest demand in R + L, rare items."""
    with tempfile.TemporaryDirectory() as work:
        if replications is not None:
            more += f"[simulation]\nreplications = {replications}\n"
        path = write(Path(work), more)
        data = sl.load(path)
        run_optimize(path, out=Path(work) / "run", draw=False)
        results = Path(work) / "run" / "results"
        replay = pd.read_parquet(results / "replay.parquet").set_index("segment").loc["(all)"]
        items = pd.read_parquet(results / "items.parquet")
        plan = pd.read_parquet(results / "plan.parquet")
    models, history = data.models, read_history(data.catalog)
    rows = {sku: k for k, sku in enumerate(data.catalog.sku)}
    order = np.array([rows[sku] for sku in plan["sku"]])
    largest, level = models.largest[order], plan["order_up_to"].to_numpy()
    span = items.set_index("sku").loc[plan["sku"]]
    stretch = np.maximum(
        (span["mean_lead_time"] + span["review_period"]).to_numpy() / history.n_observed[order], 1.0
    )
    allowed = np.maximum(2, np.ceil(3 * largest * stretch))
    beyond = (largest != NOT_KNOWN) & (level > allowed)
    stock = items.set_index("sku").loc[plan["sku"], "inventory_value"].to_numpy()
    few = history.n_positive[order] < FEW
    facts = {
        "study": name,
        "items": len(plan),
        "fill_expected": replay["fill_rate_expected"],
        "fill": replay["fill_rate"],
        "stock_expected": replay["inventory_value_expected"],
        "stock": replay["inventory_value"],
        "judged": int(replay["n_judged"]),
        "demand_expected": replay["demand_expected"],
        "demand": replay["demand"],
        "plan_stock": stock.sum(),
        "levels_beyond": int(beyond.sum()),
        "share_beyond": beyond.mean(),
        "items_of_few_sales": few.mean(),
        "stock_of_few_sales": stock[few].sum() / stock.sum(),
    }
    listed = plan.loc[beyond, ["sku", "order_up_to"]].assign(largest=largest[beyond], study=name)
    return facts, listed.head(50)


if __name__ == "__main__":
    main()
