"""Which laws predict the held-out demand of intermittent spares, and what do they do to stock?

SIMLAB_DATA=… python run.py            # writes the tables of results/
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from simlab.api.data.data import load_frames
from simlab.models import FITTED, Origin, diagnose, fit, read_history, rolling_origins, split
from simlab.policies import plan
from simlab.study import read_study
from simlab.verdict.replay.calibration import Forecasts, calibration, pit_shares
from simlab.verdict.replay.origins import forecasts, horizons
from simlab.verdict.replay.replay import replay
from simlab.verdict.replay.sums import HIGH, LOW, Judged

HERE = Path(__file__).parent
HOLDOUT = 24
EARLIER = (12, 24)  # months before the final hold-out at which earlier windows of 24 months end
LAWS = ("normal", "poisson", "negative_binomial", "stuttering_poisson", "intermittent", "empirical")
SERIES = (
    "moving_blocks",
    "stationary_blocks",
    "calendar",
    "markov",
)  # keep what months share
PLANNED = (*LAWS, "markov")  # with the sums over R + L that a law gives
BLOCK = "sums of consecutive months"
FORMULA = "normal formula"  # the textbook's safety stock z·σ, without the law being cut at zero
TARGETS = (0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999, 0.9999, 0.999999)
AT_FILL = (0.60, 0.80, 0.90)
DRAWS = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE / "results", help="folder of the tables")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    catalog = spares(data_folder())
    start = time.perf_counter()
    final = predictions(catalog, 0)
    every = [*final, *(one for skipped in EARLIER for one in predictions(catalog, skipped))]
    tables = {
        "calibration_final": calibration(final),
        "calibration_origins": calibration(every),
        "pit_final": pit_shares([one for one in final if one.method == FITTED]),
        "stock": stock(catalog),
    }
    for name, table in tables.items():
        table.to_csv(arguments.out / f"{name}.csv", index=False, float_format="%.5g")
    print(f"{time.perf_counter() - start:.0f} s")
    print(tables["calibration_final"].to_string(), tables["stock"].to_string(), sep="\n")


def data_folder() -> Path:
    """The folder of public data, from SIMLAB_DATA."""
    folder = os.environ.get("SIMLAB_DATA", "")
    if not folder:
        raise SystemExit("set SIMLAB_DATA to the folder that holds raf_spares/")
    return Path(folder)


def spares(folder: Path):
    """The catalogue: 5,000 items, 84 months, planned lead times in months."""
    source = folder / "raf_spares"
    listed = pd.read_csv(source / "items.csv.gz", dtype={"item": str})
    monthly = pd.read_csv(source / "demand_monthly.csv.gz", dtype={"item": str})
    items = pd.DataFrame(
        {
            "sku": listed["item"],
            "location": "RAF",
            "unit_cost": listed["unit_price_gbp"].clip(lower=0.01),
            "lead_time": listed["lead_time_months"],
        }
    )
    long = monthly.melt(id_vars="item", var_name="month", value_name="quantity")
    long = long[long["quantity"] > 0]
    demand = pd.DataFrame(
        {
            "sku": long["item"],
            "location": "RAF",
            "date": long["month"] + "-01",
            "quantity": long["quantity"],
        }
    )
    study = read_study(HERE / "study.toml").model_copy(update={"replay": None})
    return load_frames(items, demand, study=study).catalog


def predictions(catalog, skipped: int) -> list[Forecasts]:
    """Demand over R + L of the 24 months that end `skipped` months before the end, by every method."""
    past, _ = split(catalog, HOLDOUT, skipped)
    group = diagnose(read_history(past)).demand_class
    shortened = split(catalog, skipped)[0] if skipped else catalog
    found = list(
        forecasts(rolling_origins(shortened, HOLDOUT, most=1, methods=(FITTED, *LAWS, *SERIES)), group)
    )
    origin = next(iter(rolling_origins(shortened, HOLDOUT, most=1, methods=("poisson",))))
    return [*found, blocks(past, origin, group)]


def blocks(past, origin: Origin, group) -> Forecasts:
    """Sums of R + L consecutive months of the past as the forecast: keeps autocorrelation."""
    history = read_history(past)
    table = np.zeros((past.n_items, history.calendar.n_periods))
    table[history.item, history.period] = history.quantity
    span = horizons(origin.models)
    rows = np.flatnonzero(span <= HOLDOUT)
    facts = []
    for row in rows:
        h = int(span[row])
        total = np.concatenate([[0.0], np.cumsum(table[row])])
        sums = np.sort(total[h:] - total[:-h])
        facts.append(_judged(sums, float(origin.held.quantity[row, :h].sum())))
    judged = Judged(*(np.array(column, dtype=np.float64) for column in zip(*facts, strict=True)))
    return Forecasts(BLOCK, str(origin.held.days[0]), "R + L", group[rows], judged)


def _judged(sums: np.ndarray, x: float) -> tuple[float, ...]:
    """The fields of `Judged` for equally likely sums; an unseen value has the chance 1e-12."""
    n = sums.size
    below, upto = np.searchsorted(sums, [x, x + 0.5]) / n
    low, high = sums[int(np.ceil(LOW * n)) - 1], sums[int(np.ceil(HIGH * n)) - 1]
    implied = (np.searchsorted(sums, high, "right") - np.searchsorted(sums, low)) / n
    above = 1 - np.searchsorted(sums, high, "right") / n
    place = np.arange(n)
    spread = ((2 * place - n + 1) * sums).sum() / n**2
    crps = np.abs(sums - x).mean() - spread
    chance = max(upto - below, 1e-12)
    return (below, upto, low <= x <= high, implied, x > high, above, -np.log(chance), crps, sums.mean(), x)


def stock(catalog) -> pd.DataFrame:
    """Mean stock value at equal fill of the real last 24 months, by law that planned, paired intervals."""
    past, held = split(catalog, HOLDOUT)
    sums = {}
    for law in (FITTED, *PLANNED, FORMULA):
        study = past.study
        if law in PLANNED:
            study = study.model_copy(update={"models": study.models.model_copy(update={"law": law})})
        models = fit(replace(past, study=study))
        planned = plan(models, np.array(TARGETS), planning="normal" if law == FORMULA else "exact")
        sums[law] = _achieved(models, planned.levels, held)
    demanded = sums[FITTED][1]
    n = demanded.size
    rng = np.random.default_rng(2002)
    weights = np.vstack([np.ones(n), rng.multinomial(n, np.full(n, 1 / n), DRAWS)]).astype(np.float64)
    rows = []
    for fill in AT_FILL:
        value = {
            law: _value_at(served, demanded, stock, weights, fill) for law, (served, _, stock) in sums.items()
        }
        for law, (served, _, _) in sums.items():
            more = value[law] / value[FITTED] - 1
            reached = served.sum(axis=0) / demanded.sum()
            row = {"fill_rate": fill, "law": law, "items": n, "stock_value": value[law][0]}
            row |= {"against_fitted": more[0], "low": np.nan, "high": np.nan}
            if np.isfinite(more).all():
                row |= dict(zip(("low", "high"), np.quantile(more[1:], (0.025, 0.975)), strict=True))
            rows.append(
                row | {"reached_at_target_0.95": reached[TARGETS.index(0.95)], "highest": reached.max()}
            )
    return pd.DataFrame(rows)


def _achieved(models, levels, held) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(items, targets) units served, (items,) demanded, (items, targets) stock value; judged items."""
    served, value = [], []
    for column in range(len(TARGETS)):
        one = replace(
            levels,
            **{
                name: getattr(levels, name)[:, [column]]
                for name in ("reorder_point", "order_up_to", "order_quantity")
            },
        )
        found = replay(models.world, one, held, paths=1, seed=2002)
        rows = found.n_counted > 0
        served.append(found.served[rows, 0])
        cost = models.costs.unit_cost[rows] * models.costs.cost_resolution
        value.append(found.on_hand[rows, 0] / 2 / found.n_counted[rows] * cost)
        demanded = found.demanded[rows, 0]
    return np.array(served).T, demanded, np.array(value).T


def _value_at(served, demanded, value, weights, fill: float) -> np.ndarray:
    """(draws,) total stock value where the achieved fill, interpolated between targets, is `fill`."""
    achieved = weights @ served / (weights @ demanded)[:, None]
    total = weights @ value
    return np.array(
        [
            np.interp(fill, a, v, left=np.nan, right=np.nan)
            for a, v in zip(np.maximum.accumulate(achieved, axis=1), total, strict=True)
        ]
    )


if __name__ == "__main__":
    main()
