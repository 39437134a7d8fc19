"""Do intervals of fixed plans cover the truth? Fill rate, cost, exchange rate and the band, over seeds.

python coverage.py                 # seeds 1 … 1,000; about a minute
python coverage.py --seeds 100
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from simlab import api
from simlab.api.requirements.accounting import accounting
from simlab.api.simulator.simulator import plan_columns
from simlab.engine.kernels.streams import phase_seed
from simlab.execution import Horizon, PlanRequest, run_plans
from simlab.frontier import simultaneous_band, slope_estimate
from simlab.measures import mean_estimate, ratio_estimate
from simlab.study import Study

HERE = Path(__file__).parent
REPLICATIONS = 200
LONGER = 100
LEVEL = 0.95
TARGETS = (0.80, 0.90, 0.95, 0.98)


def small_study() -> api.Data:
    """Eight SKU-locations with laws given outright."""
    n = 8
    items = pd.DataFrame(
        {
            "sku": [f"S{i}" for i in range(n)],
            "location": "A",
            "unit_cost": np.linspace(2.0, 20.0, n).round(2),
            "holding_rate": 0.25,
            "lead_time": [1, 2, 3, 4, 1, 2, 3, 4],
            "demand_law": ["poisson", "negative_binomial"] * (n // 2),
            "demand_mean": np.linspace(2.0, 12.0, n).round(1),
            "demand_variance": np.linspace(2.0, 12.0, n).round(1) * np.tile([1.0, 2.5], n // 2),
        }
    )
    study = Study.default("coverage", data={"time_unit": "weeks"}, policy={"review_period": 1.0})
    return api.load_frames(items, study=study)


def sums_of(data: api.Data, seed: int, replications: int):
    """(plan, replication) sums of the four uniform plans."""
    world, levels = data.models.world, plan_columns(data, np.array(TARGETS)).levels
    choice = np.tile(np.arange(len(TARGETS), dtype=np.int16), (world.n_items, 1))
    request = PlanRequest(choice, np.zeros(world.n_items, dtype=np.int64), 1, whole=False)
    horizon = Horizon(26, 8, replications, replications, phase_seed(seed, "verdict"))
    (sums,) = run_plans(world, levels, [request], accounting(data).weights, horizon)
    return sums


def read(sums) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Value, low and high of everything that is claimed, each as an array."""
    good, cost, asked = sums.good[:, 0], sums.cost[:, 0], sums.asked[0, 0]
    fill = ratio_estimate(good[2], asked, LEVEL)
    money = mean_estimate(cost[2], LEVEL)
    slope = slope_estimate((cost[1], cost[2]), (good[1], good[2]), asked, LEVEL)
    band = simultaneous_band(good, asked, LEVEL, draws=500)
    ones = [(np.array([e.value]), np.array([e.low]), np.array([e.high])) for e in (fill, money, slope)]
    names = ("fill rate", "holding cost", "exchange rate")
    return dict(zip(names, ones, strict=True)) | {"band of four plans": (band.value, band.low, band.high)}


def coverage(n_seeds: int) -> pd.DataFrame:
    """Share of seeds whose interval holds the value of a run 100 × as long on another seed."""
    data = small_study()
    truth = {name: value for name, (value, _, _) in read(sums_of(data, 0, LONGER * REPLICATIONS)).items()}
    hits = dict.fromkeys(truth, 0)
    for seed in range(1, n_seeds + 1):
        for name, (_, low, high) in read(sums_of(data, seed, REPLICATIONS)).items():
            hits[name] += bool(((low <= truth[name]) & (truth[name] <= high)).all())
    rows = [
        {
            "claim": name,
            "seeds": n_seeds,
            "replications": REPLICATIONS,
            "coverage": count / n_seeds,
            "standard_error": (LEVEL * (1 - LEVEL) / n_seeds) ** 0.5,
        }
        for name, count in hits.items()
    ]
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "coverage.csv")
    arguments = parser.parse_args()
    found = coverage(arguments.seeds)
    found.to_csv(arguments.out, index=False, float_format="%.4g")
    print(found.to_string(index=False))


if __name__ == "__main__":
    main()
