"""Intermittent and empirical laws with a season keep the history's mean and variance of every phase.

Right values are those of the process that made the histories: mean and variance of each weekday are known
without simlab.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from simlab.api.data.data import load_frames
from simlab.engine.laws.pmfs import pmf_of_phase
from simlab.engine.world.demand_law import LawKind
from simlab.models import fit
from simlab.study import Study

WEEKDAYS = np.array([1.8, 1.4, 1.0, 0.9, 0.7, 0.4, 0.8])
PROFILE = WEEKDAYS / WEEKDAYS.mean()
N, T = 24, 728


def negative_binomials(rng):
    """Of one dispersion: variance = mean·m + (mean·m)²/3."""
    level = rng.uniform(1.5, 12, N)[:, None] * PROFILE
    return level, level + level**2 / 3, lambda m: rng.negative_binomial(3, 3 / (3 + m))


def slow_movers(rng):
    """Poisson, a unit every few days."""
    level = rng.uniform(0.15, 0.6, N)[:, None] * PROFILE
    return level, level, rng.poisson


def rare_lumps(rng):
    """The season moves how often there is demand; sizes of 20 to 60 stay as they are."""
    share = rng.uniform(0.05, 0.3, N)[:, None] * PROFILE
    size, square = 40.0, np.arange(20, 61) @ np.arange(20, 61) / 41

    def draw(m):
        return np.where(rng.random(m.shape) < m / size, rng.integers(20, 61, m.shape), 0)

    return share * size, share * square - (share * size) ** 2, draw


def always_some(rng):
    """Demand on every day; the season moves its size: gamma of shape 8, rounded to whole units at random."""
    level = rng.uniform(20, 80, N)[:, None] * PROFILE

    def draw(m):
        exact = rng.gamma(8, m / 8)
        return np.floor(exact + rng.random(m.shape)).astype(np.int64)

    return level, level**2 / 8 + 1 / 6, draw


WORLDS = {
    "negative binomial": negative_binomials,
    "slow": slow_movers,
    "lumps": rare_lumps,
    "always some": always_some,
}


def fitted(make_catalog, world, law, seed=3, first="2023-01-02"):
    rng = np.random.default_rng(seed)
    mean, variance, draw = WORLDS[world](rng)
    x = draw(mean[:, np.arange(T) % 7])
    start = np.datetime64(first)
    sales = {
        f"P{k:02d}": {str(start + t): int(units) for t, units in enumerate(line)} for k, line in enumerate(x)
    }
    catalog = make_catalog(
        sales,
        items={"category": ["c"] * N},
        period="day",
        demand={"life": "window"},
        models={"law": law, "seasonality": {"profile_by": "category"}},
    )
    return fit(catalog), mean, variance


def moments_by_phase(law):
    """(n, 7) mean and variance of what is drawn on each weekday."""
    found = np.zeros((2, law.n_items, 7))
    for item in range(law.n_items):
        for phase in range(7):
            first, shares = pmf_of_phase(law, item, phase)
            value = first + np.arange(shares.size)
            found[0, item, phase] = shares @ value
            found[1, item, phase] = shares @ value**2 - found[0, item, phase] ** 2
    return found


@pytest.mark.parametrize(
    ("world", "law"),
    [
        ("negative binomial", "intermittent"),
        ("negative binomial", "empirical"),
        ("slow", "intermittent"),
        ("slow", "empirical"),
        ("lumps", "intermittent"),
        ("lumps", "empirical"),
        ("always some", "empirical"),
    ],
)
def test_mean_and_variance_of_every_weekday(make_catalog, world, law) -> None:
    """Variances were 1.45 to 1.58 (intermittent) and 1.07 to 1.27 times (empirical) the history's."""
    models, mean, variance = fitted(make_catalog, world, law)
    assert set(models.world.demand.kind.tolist()) == {LawKind[law.upper()]}
    got = moments_by_phase(models.world.demand)
    assert got[0].sum() == pytest.approx(mean.sum(), rel=0.02)
    assert (got[0] / mean).mean(axis=0) == pytest.approx(np.ones(7), abs=0.11)
    assert (got[1] / variance).mean() == pytest.approx(1.0, abs=0.05)
    assert (got[1] / variance).mean(axis=0) == pytest.approx(np.ones(7), abs=0.16)


@pytest.mark.parametrize(
    ("world", "law"), [("negative binomial", LawKind.NEGATIVE_BINOMIAL), ("lumps", LawKind.INTERMITTENT)]
)
def test_laws_are_scored_with_the_season_in(make_catalog, world, law) -> None:
    """Zero-rich weekdays of a negative binomial are no intermittent demand; rare lumps are."""
    models, _, variance = fitted(make_catalog, world, "auto", seed=11)
    kind = models.world.demand.kind
    alike = {LawKind.NEGATIVE_BINOMIAL, LawKind.EMPIRICAL} if world != "lumps" else {law, LawKind.EMPIRICAL}
    assert (kind == law).mean() >= 0.4
    assert set(kind.tolist()) <= alike
    assert (moments_by_phase(models.world.demand)[1] / variance).mean() == pytest.approx(1.0, abs=0.05)


def test_days_that_are_shut_once_a_year_leave_a_season_of_the_year_in():
    """Christmas falls on other phases of 364 days each year, so that every phase is open once.

    The first two thirds of the history, from which laws are scored, may hold a phase closed alone.
    """
    days = np.datetime64("2024-01-01") + np.arange(731)
    shut = ["2024-01-01", "2024-12-25", "2025-01-01", "2025-12-25"]
    rng = np.random.default_rng(5)
    rate = 6 * (1 + 0.8 * np.sin(2 * np.pi * np.arange(731) / 364))
    quantity = rng.poisson(np.tile(rate, (8, 1))) * ~np.isin(days, np.array(shut, "datetime64[D]"))
    item, day = np.nonzero(quantity)
    sold = pd.DataFrame({"sku": [f"S{k}" for k in item], "location": "X", "date": days[day].astype(str)})
    items = pd.DataFrame(
        {"sku": [f"S{k}" for k in range(8)], "location": "X", "unit_cost": 1.0, "lead_time": 5}
    )
    study = Study.default(
        period="day",
        as_of="2025-12-31",
        demand={"closed": shut},
        models={"seasonality": {"profile_by": "", "cycle": 364}},
        lead_times={"crossing": False},
    )
    catalog = load_frames(items, sold.assign(quantity=quantity[item, day]), study=study).catalog
    seasons = fit(catalog).world.demand.seasons
    assert seasons is not None
    assert (seasons.profile >= 0).all()
    assert seasons.multipliers.max() > 1.5
    short = fit(replace(catalog, held_out=98))  # less than two cycles: left out, not refused
    assert short.world.demand.seasons is None
    assert "less than two whole cycles" in " ".join(short.left_out)
