"""Truth known, 200 histories of a kind: sums of means, model intervals, and the fill of planned levels.

`pytest -m slow tests/models/test_200_histories_of_a_known_truth.py`, a kind at a time with `-k sizes`; the
figures are printed with `-s`.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy import stats
from worlds.known_truths import ITEMS, KINDS, LENGTHS

from simlab.engine.laws.pmfs import moments_of
from simlab.engine.recorder.ledger import demand_paths
from simlab.engine.world.world import Horizon
from simlab.models import fit
from simlab.policies import plan

pytestmark = pytest.mark.slow

SEED = 2026
DRAWS = 200
LEAD = 7  # periods; ordered every period
TARGET = 0.95
MANY = 30  # periods with demand


def catalogue(make_catalog, truth, **models):
    """Items never sold stay in: with a row of zero on the first day."""
    n = truth.counts.shape[1]
    dates = calendar(truth, n)
    sales = {}
    for k, row in enumerate(truth.counts):
        at = np.flatnonzero(row)
        sales[f"s{k:02d}"] = {dates[t]: int(row[t]) for t in at}
    sales["anchor"] = {dates[0]: 1, dates[-1]: 1}
    options = dict(truth.options or {})
    chosen = {**options.pop("models", {}), **models}
    demand = options.pop("demand", {})
    days = 365 / 12 if truth.period == "month" else 7 / 5 if demand else 1.0
    items = {"lead_time": [LEAD * days] * (ITEMS + 1), "review_period": [days] * (ITEMS + 1)}
    return make_catalog(
        sales, items=items, period=truth.period, models=chosen, demand={"no_history": "zero", **demand},
        lead_times={"law": "fixed"},
    )  # fmt: skip


def calendar(truth, n):
    if truth.period == "month":
        return [f"{np.datetime64('2012-01') + t}-01" for t in range(n)]
    days = np.datetime64("2020-01-06") + np.arange(2 * n + 7)
    if truth.options:  # weekends closed
        days = days[(np.arange(days.size) % 7) < 5]
    return [str(day) for day in days[:n]]


def fill(paths, level):
    """(n,) units served at once ÷ demanded of (n, paths, periods): order, arrive after L, demand."""
    total = np.cumsum(paths, axis=2)
    before = np.concatenate([np.zeros_like(total[:, :, :1]), total[:, :, : -LEAD - 1]], axis=2)
    window = total[:, :, LEAD:] - before
    now = paths[:, :, LEAD:]
    short = np.minimum(now, np.maximum(window - level[:, None, None], 0))
    return 1 - short.sum(axis=(1, 2)) / np.maximum(now.sum(axis=(1, 2)), 1)


def _mean_of_draw(models, number):
    """(n,) mean of one draw of the parameters; of series that of what is drawn from."""
    return moments_of(models.redraws.draw(models.world, number).demand)[0]


@cache
def _found(make_catalog, kind):
    """Facts of the 200 histories of a kind, as arrays."""
    rng = np.random.default_rng([SEED, list(KINDS).index(kind)])
    parts = []
    for n in LENGTHS:
        truth = KINDS[kind](rng, n)
        models = fit(catalogue(make_catalog, truth))
        row = np.array([models.sku.index(f"s{k:02d}") for k in range(ITEMS)])
        mean = models.world.demand.mean[row]
        unsure = fit(catalogue(make_catalog, truth, parameter_uncertainty=True))
        draws = np.array([_mean_of_draw(unsure, k)[row] for k in range(DRAWS)])
        low, high = np.quantile(draws, [0.025, 0.975], axis=0)
        level = plan(models, np.array([TARGET])).levels.order_up_to[row, 0]
        horizon = Horizon(600, 0, 40, 40, SEED)
        promised = fill(demand_paths(models.world, horizon)[row].astype(np.int64), level)
        real = truth.draw(np.random.default_rng([SEED, 1, n]), 24_000)[:, None, :]
        parts.append(
            (
                mean,
                truth.mean,
                truth.error,
                low,
                high,
                (truth.counts > 0).sum(axis=1),
                promised,
                fill(real, level),
            )
        )
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_sums_intervals_and_fills(make_catalog, kind, capsys) -> None:
    mean, true, error, low, high, demands, promised, reached = _found(make_catalog, kind)
    assert mean.size == 200
    z = (mean - true).sum() / np.sqrt((error**2).sum())
    sold = demands > 0
    covered = ((low <= true) & (true <= high))[sold]
    most = (
        stats.beta.ppf(0.999, covered.sum() + 1, covered.size - covered.sum()) if not covered.all() else 1.0
    )
    many = demands >= MANY
    away = (reached - promised)[many]
    spread = away.std() / max(away.size, 1) ** 0.5
    with capsys.disabled():
        print(
            f"\n{kind}: z of the sum {z:+.2f}; {int((~sold).sum())} never sold; covered {covered.mean():.3f} "
            f"of {covered.size} (upper limit {most:.3f}); true fill - promise {away.mean():+.4f} "
            f"(SE {spread:.4f}, {away.size} items, promised {promised[many].mean():.4f})"
        )
    assert abs(z) <= 3
    assert most >= 0.93
    assert abs(away.mean()) <= 0.01
