"""Truth known: the sum of fitted means is the sum of true means within three standard errors."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.models import fit

pytestmark = pytest.mark.slow

N_ITEMS, N_HISTORIES = 60, 12


def simulated(kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """Counts, true means per day, and the standard error of the sum of sample means.

    ``new``: one item in seven enters on a random day; its rate holds from then on.
    """
    n_days = int(rng.choice([26, 52, 104, 156, 365, 730]))
    rate = np.exp(rng.uniform(np.log(0.003), np.log(50), N_ITEMS))
    if kind == "slow":
        rate = rng.gamma(0.5, 0.02, N_ITEMS)
    size = rng.integers(1, 20, N_ITEMS) if kind == "sizes" else np.ones(N_ITEMS, np.int64)
    counts = rng.poisson(np.repeat(rate[:, None], n_days, axis=1)) * size[:, None]
    enters = np.zeros(N_ITEMS, np.int64)
    if kind == "new":
        late = rng.random(N_ITEMS) < 1 / 7
        enters[late] = rng.integers(1, n_days - 3, int(late.sum()))
        counts[np.arange(n_days)[None, :] < enters[:, None]] = 0
    error = float(np.sqrt((rate * size**2 / (n_days - enters)).sum()))
    return counts, rate * size, error


@pytest.mark.parametrize("kind", ["every rate", "slow", "sizes", "new"])
def test_the_sum_is_within_three_standard_errors(make_catalog, kind) -> None:
    """Items that never sold are in the sum, at zero."""
    rng = np.random.default_rng(5)
    away = []
    for _ in range(N_HISTORIES):
        counts, mean, error = simulated(kind, rng)
        days = [str(np.datetime64("2020-01-06") + day) for day in range(counts.shape[1])]
        sales = {
            f"s{k:02d}": {days[t]: int(row[t]) for t in np.flatnonzero(row)} for k, row in enumerate(counts)
        }
        sales["anchor"] = {days[0]: 1, days[-1]: 1}
        law = fit(make_catalog(sales, period="day")).world.demand
        away.append((law.mean[:N_ITEMS].sum() - mean.sum()) / error)
    assert np.abs(away).max() < 3
    assert abs(np.mean(away)) < 3 / np.sqrt(N_HISTORIES)
