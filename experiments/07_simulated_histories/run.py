"""Do the fits recover what simulated histories were made of, and is what they predict calibrated?

python run.py    # a minute of one core; writes results/recovery.csv and results/calibration.csv
"""

from __future__ import annotations

import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

import simlab as sl
from simlab.engine.recorder.ledger import demand_paths
from simlab.engine.world.world import Horizon
from simlab.models import FITTED, Models, diagnose, read_history, rolling_origins
from simlab.verdict.replay.calibration import calibration
from simlab.verdict.replay.origins import forecasts

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import truths  # noqa: E402

HORIZONS = (1, 2, 4, 8)
HOLDOUT = 8
FloatArray = npt.NDArray[np.float64]


def main() -> None:
    start = time.perf_counter()
    recovered = pd.DataFrame(recovery())
    judged = calibrated()
    (HERE / "results").mkdir(exist_ok=True)
    recovered.to_csv(HERE / "results" / "recovery.csv", index=False, float_format="%.5g")
    judged.to_csv(HERE / "results" / "calibration.csv", index=False, float_format="%.5g")
    print(recovered.to_string(index=False, float_format=lambda x: f"{x:.3f}"))
    print(judged[judged["method"] == FITTED].to_string(index=False, float_format=lambda x: f"{x:.3f}"))
    print(f"{time.perf_counter() - start:.0f} s")


def data(rows: np.ndarray, period: str = "week", category: list[str] | None = None, **models: Any) -> sl.Data:
    """Histories through the study file beside this one, with further options of [models]."""
    options = tomllib.loads((HERE / "study.toml").read_text("utf-8"))
    options["study"]["period"] = period
    options["models"] |= models
    options["policy"]["review_period"] = 7 if period == "week" else 31
    del options["data"]
    names = [f"P{k:04d}" for k in range(len(rows))]
    items = pd.DataFrame({"sku": names, "location": "X", "unit_cost": 1.0, "lead_time": 14.0})
    items["category"] = "all" if category is None else category
    first = truths.START if period == "week" else np.datetime64("2016-01")
    step = 7 if period == "week" else 1
    dates = [str(first + step * t) + ("" if period == "week" else "-01") for t in range(rows.shape[1])]
    sales = pd.DataFrame(
        {
            "sku": np.repeat(names, rows.shape[1]),
            "location": "X",
            "date": np.tile(dates, len(rows)),
            "quantity": rows.ravel(),
        }
    )
    return sl.load_frames(items, sales, study=options)


def drawn(models: Models, periods: int = 60, replications: int = 200) -> FloatArray:
    """(n, replications, periods) demand as a run draws it."""
    horizon = Horizon(periods, 0, replications, replications, seed=11)
    return demand_paths(models.world, horizon).astype(np.float64)


def row(what: str, truth: float, found: float, tolerance: float) -> dict[str, object]:
    """One line of the table: `tolerance` is the largest absolute difference allowed."""
    inside = abs(found - truth) <= tolerance
    return {"what": what, "truth": truth, "found": found, "tolerance": tolerance, "inside": inside}


def recovery() -> Iterator[dict[str, object]]:
    """Truth beside what the fits say or draw, with tolerances stated here."""
    yield from moments()
    yield from season()
    yield from autocorrelation()
    yield from correlation()
    yield from lead_times()


def moments() -> Iterator[dict[str, object]]:
    """Mean and variance by class: mean ratio to the truth, over 250 items of 160 weeks each."""
    rows, mean, variance, names = truths.classes(np.random.default_rng(1))
    law = data(rows).models.world.demand
    for name in dict.fromkeys(names):
        mine = np.array(names) == name
        yield row(f"mean ÷ truth, {name}", 1.0, float((law.mean / mean)[mine].mean()), 0.02)
        yield row(f"variance ÷ truth, {name}", 1.0, float((law.variance / variance)[mine].mean()), 0.08)


def season() -> Iterator[dict[str, object]]:
    """Multipliers of a yearly season in six years of months, as estimated and as drawn."""
    rows, true = truths.seasonal(np.random.default_rng(2))
    models = data(rows, "month", law="negative_binomial", seasonality={"profile_by": "category"}).models
    seasons = models.world.demand.seasons
    assert seasons is not None
    found = seasons.multipliers[seasons.profile[0]]
    by_phase = drawn(models).mean(axis=(0, 1)).reshape(5, 12).mean(axis=0)
    by_phase /= by_phase.mean()
    for month in (3, 9):
        yield row(f"season, estimated, month {month + 1}", true[month], float(found[month]), 0.08)
        yield row(f"season, drawn, month {month + 1}", true[month], float(by_phase[month]), 0.08)
    yield row("season, largest error of 12 months, drawn", 0.0, float(np.abs(by_phase - true).max()), 0.12)


def autocorrelation() -> Iterator[dict[str, object]]:
    """Chains by their chances; blocks by lag-1 correlation and the variance of sums."""
    models = data(truths.chains(np.random.default_rng(3)), law="markov").models
    chain = models.world.demand.chain
    assert chain is not None
    yield row("chance of demand after demand", 0.6, float(chain.after_demand.mean()) / 2**32, 0.03)
    yield row("chance of demand after none", 0.1, float(chain.after_none.mean()) / 2**32, 0.01)
    busy = (drawn(models) > 0).astype(np.float64)
    yield row("correlation of neighbouring weeks' occurrence, drawn", 0.5, lag_one(busy), 0.05)
    rows = truths.lasting(np.random.default_rng(4))
    true = lag_one(rows[:, None, :].astype(np.float64))
    for law in ("moving_blocks", "stationary_blocks"):
        paths = drawn(data(rows, law=law).models)
        yield row(f"lag-1 correlation, history against {law} (blocks break some)", true, lag_one(paths), 0.2)
        sums = ratio_of_sums(rows[:, None, :].astype(np.float64), 4)
        yield row(f"variance of 4 weeks ÷ 4 × one, {law}", sums, ratio_of_sums(paths, 4), 0.25 * sums)


def lag_one(paths: FloatArray) -> float:
    """Mean correlation of neighbouring periods."""
    away = paths - paths.mean(axis=(1, 2), keepdims=True)
    return float(((away[:, :, 1:] * away[:, :, :-1]).mean(axis=(1, 2)) / (away**2).mean(axis=(1, 2))).mean())


def ratio_of_sums(paths: FloatArray, n: int) -> float:
    """Mean of Var(sum of n periods) ÷ (n × Var of one)."""
    whole = paths[:, :, : paths.shape[2] // n * n]
    sums = whole.reshape(*whole.shape[:2], -1, n).sum(axis=3)
    return float((sums.var(axis=(1, 2)) / (n * whole.var(axis=(1, 2)))).mean())


def correlation() -> Iterator[dict[str, object]]:
    """Loadings on market and groups, and how much the total varies against independent items."""
    rows, market, group, names = truths.together(np.random.default_rng(6), 156)
    models = data(rows, category=names, dependence={"group_by": "category"}).models
    dependence = models.world.dependence
    assert dependence is not None
    yield row("mean loading on the market", market.mean(), float(dependence.market.mean()) / 2**30, 0.04)
    yield row("mean loading on the group", group.mean(), float(dependence.group.mean()) / 2**30, 0.04)
    long, *_ = truths.together(np.random.default_rng(7), 20_000)
    true = float(long.sum(axis=0).var() / long.var(axis=1).sum())
    paths = drawn(models, 40, 100)
    found = float(paths.sum(axis=0).var() / paths.var(axis=(1, 2)).sum())
    yield row("variance of the total ÷ that of independent items", true, found, 0.15 * true)


def lead_times() -> Iterator[dict[str, object]]:
    """Gamma lead times of 30 suppliers, orders still open at the end counted as such."""
    rng = np.random.default_rng(8)
    today, rows, items = truths.START + 400, [], []
    for k in range(30):
        items.append((f"P{k}", f"V{k}", "X", 1.0, "poisson", 3.0))
        ordered = truths.START + rng.integers(0, 400, 150)
        received = ordered + np.rint(rng.gamma(9, 4, 150)).astype(np.int64)
        late = received > today
        rows += [
            (f"V{k}", str(a), "" if open_ else str(b), 1)
            for a, b, open_ in zip(ordered, received, late.tolist(), strict=True)
        ]
    table = pd.DataFrame(rows, columns=["supplier", "order_date", "receipt_date", "quantity"])
    columns = ["sku", "supplier", "location", "unit_cost", "demand_law", "demand_mean"]
    options = {"study": {"period": "day", "as_of": str(today)}, "lead_times": {"crossing": True}}
    found = sl.load_frames(pd.DataFrame(items, columns=columns), None, table, study=options)
    mean, variance = found.models.lead_time_moments
    yield row("lead time, mean days of 30 suppliers", 36.0, float(mean.mean()), 1.0)
    yield row("lead time, standard deviation, days", 12.0, float(np.sqrt(variance).mean()), 1.0)


def calibrated() -> pd.DataFrame:
    """Demand over 1 to 8 weeks, four origins, by class."""
    rows, *_ = truths.classes(np.random.default_rng(21))
    catalog = data(rows).catalog
    group = diagnose(read_history(catalog)).demand_class
    origins = list(rolling_origins(catalog, HOLDOUT))
    return calibration([one for weeks in HORIZONS for one in forecasts(origins, group, weeks)])


if __name__ == "__main__":
    main()
