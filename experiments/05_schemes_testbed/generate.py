"""Made-up catalogues of 200 SKUs: weekly review, (R,s,nQ), negative binomial demand.

python generate.py WORK --catalogue 1     # writes WORK/{study.toml, items.csv}
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
N_ITEMS = 200
HOLDING_RATE = 0.25
ORDER_COST = 10.0


def items(catalogue: int) -> pd.DataFrame:
    """One catalogue; the number is the seed of the generator.

    Unit costs and weekly means are lognormal, independent of each other; the variance is 1.5 to 6 times the
    mean, lead times are 1 to 8 weeks. Q is the economic order quantity, rounded, times 0.8 to 1.25.
    """
    rng = np.random.default_rng(catalogue)
    cost = np.round(rng.lognormal(np.log(20.0), 1.0, N_ITEMS), 2)
    mean = np.round(rng.lognormal(np.log(6.0), 1.2, N_ITEMS), 3).clip(0.05)
    economic = np.sqrt(2 * ORDER_COST * mean * 365 / 7 / (HOLDING_RATE * cost))
    return pd.DataFrame(
        {
            "sku": [f"{catalogue:02d}-{number:03d}" for number in range(N_ITEMS)],
            "location": "here",
            "unit_cost": cost,
            "price": np.round(cost * rng.uniform(1.2, 2.0, N_ITEMS), 2),
            "holding_rate": HOLDING_RATE,
            "lead_time": rng.integers(1, 9, N_ITEMS),
            "order_quantity": np.maximum(1, np.rint(economic * rng.uniform(0.8, 1.25, N_ITEMS))).astype(int),
            "demand_law": "negative_binomial",
            "demand_mean": mean,
            "demand_variance": np.round(mean * rng.uniform(1.5, 6.0, N_ITEMS), 4),
        }
    )


def write(work: Path, catalogue: int) -> Path:
    """Items and study in a new folder; the study file's path."""
    work.mkdir(parents=True)
    items(catalogue).to_csv(work / "items.csv", index=False, lineterminator="\n")
    path = work / "study.toml"
    path.write_text((HERE / "study.toml").read_text("utf-8"), "utf-8")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, help="new folder")
    parser.add_argument("--catalogue", type=int, default=1)
    arguments = parser.parse_args()
    print(write(arguments.work, arguments.catalogue))


if __name__ == "__main__":
    main()
