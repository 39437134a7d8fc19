"""Demand of a month of 31 days lies above that of one of 28 without varying: no law may take it for chance.

Right, without simlab: of days that sell 100 units each, always, months of 28 to 31 days have a variance of
100² × Var(days), and no month of mean length varies at all.
"""

from __future__ import annotations

import numpy as np
import pytest

from simlab.models import fit, read_history

FOUR_YEARS = np.arange("2021-01", "2025-01", dtype="datetime64[M]")
DAYS = ((FOUR_YEARS + 1).astype("datetime64[D]") - FOUR_YEARS.astype("datetime64[D]")).astype(int)


def catalogue(make_catalog, units, **options):
    rows = {str(month) + "-01": int(n) for month, n in zip(FOUR_YEARS, units, strict=True)}
    return make_catalog({"A": rows}, period="month", **options)


def test_the_same_every_day_does_not_vary(make_catalog) -> None:
    """It was negative binomial of variance 7,000; Poisson is the least that a law of counts can vary."""
    catalog = catalogue(make_catalog, 100 * DAYS, models={"law": "negative_binomial"})
    history = read_history(catalog)
    assert history.evened == pytest.approx(np.full(48, 100 * DAYS.mean()))
    assert history.evened.sum() == pytest.approx(history.quantity.sum())
    law = fit(catalog).world.demand
    assert law.mean[0] == pytest.approx(100 * DAYS.mean())
    assert law.variance[0] <= law.mean[0] < 0.7 * (100 * DAYS).var(ddof=1)


def test_variance_of_a_month_of_mean_length_is_found(make_catalog) -> None:
    """Negative binomial days, 60 units, variance 5 × the mean; 400 histories of four years."""
    rng = np.random.default_rng(11)
    found = []
    for _ in range(400):
        units = rng.negative_binomial(60 * DAYS / 4, 1 / 5)
        found.append(read_history(catalogue(make_catalog, units)).evened.var(ddof=1))
    right = 5 * 60 * DAYS.mean()
    assert np.mean(found) == pytest.approx(right, abs=4 * np.std(found) / 20)


def test_a_season_knows_how_long_its_months_are(make_catalog) -> None:
    """Its multipliers hold the length already: nothing is taken away twice."""
    catalog = catalogue(make_catalog, 100 * DAYS, models={"seasonality": {"profile_by": ""}})
    history = read_history(catalog)
    assert (history.evened == history.quantity).all()
