"""Simulated histories: mean and variance come back within stated tolerances, better than raw moments."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.models import fit, read_history

N, WEEKS = 150, 60
START = np.datetime64("2021-01-04")


def histories(kind: str, rng: np.random.Generator) -> tuple[np.ndarray, float, float]:
    """(N, WEEKS) demand, and the true mean and variance per week."""
    if kind == "poisson":
        return rng.poisson(3.0, (N, WEEKS)), 3.0, 3.0
    if kind == "negative binomial":
        return rng.negative_binomial(1.5, 0.2, (N, WEEKS)), 6.0, 30.0
    size = rng.geometric(0.1, (N, WEEKS))
    drawn = np.where(rng.random((N, WEEKS)) < 0.15, size, 0)
    return drawn, 1.5, 0.15 * (90 + 100) - 1.5**2


@pytest.mark.parametrize("kind", ["poisson", "negative binomial", "intermittent"])
def test_mean_and_variance_are_recovered(make_catalog, weekly, kind) -> None:
    """Means within 4 standard errors over all items, variances within 10 %, no worse than raw."""
    drawn, mean, variance = histories(kind, np.random.default_rng(77))
    sales = {f"P{k:03d}": weekly(str(START), row.tolist()) for k, row in enumerate(drawn)}
    catalog = make_catalog(sales, period="week", demand={"life": "window"})
    law = fit(catalog).world.demand
    raw = read_history(catalog).variance
    assert abs(law.mean.mean() - mean) < 4 * np.sqrt(variance / drawn.size)
    assert law.variance.mean() == pytest.approx(variance, rel=0.10)
    error = np.sqrt(np.mean((law.variance / variance - 1) ** 2))
    assert error <= np.sqrt(np.mean((raw / variance - 1) ** 2)) * 1.02
    if kind == "intermittent":
        assert error < 0.95 * np.sqrt(np.mean((raw / variance - 1) ** 2))
