"""Simulated histories: autocorrelation, seasons and common factors come back within stated tolerances."""

from __future__ import annotations

import numpy as np
import pytest
from worlds.small import small_levels

from simlab.engine.recorder.ledger import demand_paths
from simlab.engine.run import simulate_items
from simlab.engine.world.demand_law import LawKind
from simlab.engine.world.world import Horizon
from simlab.models import fit, marginal
from simlab.models.demand.past.bootstraps import block_length

START = np.datetime64("2018-01-01")
FACTORS = {"group_by": "category"}


def drawn(models, periods: int = 60, replications: int = 200) -> np.ndarray:
    """(n, replications, periods) demand as a run meets it."""
    horizon = Horizon(periods, 0, replications, replications, seed=11)
    return demand_paths(models.world, horizon).astype(np.float64)


def lag_one(paths: np.ndarray) -> np.ndarray:
    """(n,) correlation of neighbouring periods."""
    away = paths - paths.mean(axis=(1, 2), keepdims=True)
    return (away[:, :, 1:] * away[:, :, :-1]).mean(axis=(1, 2)) / (away**2).mean(axis=(1, 2))


def autocorrelated(n: int, weeks: int, rng: np.random.Generator) -> np.ndarray:
    """Negative binomial demand whose latent normal is an AR(1) of 0.7."""
    from scipy.stats import nbinom, norm

    y = np.zeros((n, weeks))
    y[:, 0] = rng.normal(size=n)
    for t in range(1, weeks):
        y[:, t] = 0.7 * y[:, t - 1] + np.sqrt(1 - 0.49) * rng.normal(size=n)
    return nbinom.ppf(norm.cdf(y), 2.0, 0.2).astype(np.int64)


@pytest.mark.parametrize("law", ["moving_blocks", "stationary_blocks"])
def test_blocks_keep_mean_variance_and_autocorrelation(make_catalog, weekly, law) -> None:
    """Mean and variance of each history within 5 %; of a lag-1 correlation near 0.65 blocks keep 70 %."""
    x = autocorrelated(12, 200, np.random.default_rng(3))
    sales = {f"P{k:03d}": weekly(str(START), row.tolist()) for k, row in enumerate(x)}
    catalog = make_catalog(sales, period="week", demand={"life": "window"}, models={"law": law})
    models = fit(catalog)
    assert set(models.world.demand.kind.tolist()) == {LawKind[law.upper()]}
    assert all("Politis-White" in text for text in models.demand_reason)
    paths = drawn(models)
    assert paths.mean(axis=(1, 2)) == pytest.approx(x.mean(axis=1), rel=0.05)
    assert paths.var(axis=(1, 2)) == pytest.approx(x.var(axis=1), rel=0.12)
    away = x - x.mean(axis=1, keepdims=True)
    own = (away[:, 1:] * away[:, :-1]).mean(axis=1) / x.var(axis=1)
    assert np.mean(lag_one(paths)) > 0.7 * own.mean() > 0.35
    independent = fit(
        make_catalog(sales, period="week", demand={"life": "window"}, models={"law": "empirical"})
    )
    assert np.abs(lag_one(drawn(independent))).max() < 0.03


def test_block_length_follows_the_memory_of_the_series() -> None:
    """Noise needs blocks of a period or two; an AR(1) of 0.7 some ten, as the formula's limit says."""
    rng = np.random.default_rng(1)
    noise = [block_length(rng.poisson(5.0, 400).astype(float)) for _ in range(40)]
    lasting = [block_length(row.astype(float)) for row in autocorrelated(40, 400, rng)]
    assert np.median(noise) <= 3
    assert 6 <= np.median(lasting) <= 18


def test_chains_keep_how_long_demand_lasts(make_catalog, weekly) -> None:
    """Occurrence with chances 0.1 after none and 0.6 after demand: share, persistence and mean return."""
    rng = np.random.default_rng(8)
    n, weeks = 40, 300
    busy = np.zeros((n, weeks), bool)
    for t in range(1, weeks):
        busy[:, t] = rng.random(n) < np.where(busy[:, t - 1], 0.6, 0.1)
    x = np.where(busy, 1 + rng.poisson(9.0, (n, weeks)), 0)
    sales = {f"P{k:03d}": weekly(str(START), row.tolist()) for k, row in enumerate(x)}
    models = fit(make_catalog(sales, period="week", demand={"life": "window"}, models={"law": "markov"}))
    chain = models.world.demand.chain
    assert chain is not None
    assert (chain.after_demand / 2.0**32).mean() == pytest.approx(0.6, abs=0.03)
    assert (chain.after_none / 2.0**32).mean() == pytest.approx(0.1, abs=0.01)
    paths = drawn(models)
    assert paths.mean() == pytest.approx(x.mean(), rel=0.02)
    assert paths.var(axis=(1, 2)) == pytest.approx(models.world.demand.variance, rel=0.1)
    assert np.mean(lag_one((paths > 0).astype(float))) == pytest.approx(0.5, abs=0.05)


def seasonal_history(rng: np.random.Generator, n: int = 80, years: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Monthly demand of two groups, one with a season of ±60 %, and the true multipliers."""
    season = 1 + 0.6 * np.sin(2 * np.pi * np.arange(12) / 12)
    mean = rng.uniform(2.0, 15.0, n)
    level = mean[:, None] * np.where((np.arange(n) % 2 == 0)[:, None], np.tile(season, years), 1.0)
    return rng.negative_binomial(3.0, 3.0 / (3.0 + level)), season


def monthly(rows: np.ndarray) -> dict[str, dict[str, int]]:
    first = np.datetime64("2016-04")
    return {f"P{k:03d}": {f"{first + t}-01": int(q) for t, q in enumerate(row)} for k, row in enumerate(rows)}


OPTIONS = {
    "period": "month",
    "demand": {"life": "window"},
    "models": {"law": "negative_binomial", "seasonality": {"profile_by": "category"}},
}


def test_seasons_come_back_in_their_group_only(make_catalog) -> None:
    """Multipliers within 0.12 of the truth where there is a season, none where there is none; the run's
    first month has the phase after the history, and mean and variance over the cycle stay."""
    x, season = seasonal_history(np.random.default_rng(4))
    catalog = make_catalog(
        monthly(x),
        items={"category": ["season" if k % 2 == 0 else "none" for k in range(len(x))]},
        **OPTIONS,
    )
    models = fit(catalog)
    seasons = models.world.demand.seasons
    assert seasons is not None
    assert (seasons.profile[1::2] == -1).all()
    assert (seasons.profile[::2] >= 0).all()
    found = seasons.multipliers[seasons.profile[0]]
    assert np.abs(found - season).max() < 0.12
    assert seasons.phase == 0  # six whole years, from April to March
    assert models.world.demand.mean == pytest.approx(x.mean(axis=1), rel=1e-9)
    paths = drawn(models, periods=60)
    by_phase = paths[::2].mean(axis=(0, 1)).reshape(5, 12).mean(axis=0)
    assert by_phase / by_phase.mean() == pytest.approx(season, abs=0.12)
    assert paths.mean(axis=(1, 2)) == pytest.approx(x.mean(axis=1), rel=0.04)
    spread = paths.var(axis=(1, 2)) / x.var(axis=1, ddof=1)
    assert np.mean(spread) == pytest.approx(1.0, abs=0.1)
    flat = marginal(models.world.demand)
    assert flat.mean == pytest.approx(x.mean(axis=1), rel=0.01)
    cut = make_catalog(monthly(x[:, :67]), items={"category": ["c"] * len(x)}, **OPTIONS)
    assert fit(cut).world.demand.seasons.phase == 67 % 12


def test_seasons_of_chance_are_not_believed(make_catalog) -> None:
    """Twenty groups without any season: at most one gets a profile."""
    rng = np.random.default_rng(21)
    x = rng.poisson(4.0, (60, 48))
    catalog = make_catalog(
        monthly(x),
        items={"category": [f"c{k % 20}" for k in range(60)]},
        period="month",
        demand={"life": "window"},
        models={"seasonality": {"profile_by": "category"}},
    )
    seasons = fit(catalog).world.demand.seasons
    assert seasons is None or np.unique(seasons.profile).size <= 2


def together(rng: np.random.Generator, n: int, weeks: int, market, group, n_groups: int) -> np.ndarray:
    """Negative binomial demand under a Gaussian copula with market and group factors."""
    from scipy.stats import nbinom, norm

    member = np.arange(n) % n_groups
    y = market[:, None] * rng.normal(size=weeks) + group[:, None] * rng.normal(size=(n_groups, weeks))[member]
    y += np.sqrt(1 - market**2 - group**2)[:, None] * rng.normal(size=(n, weeks))
    mean = rng.uniform(0.3, 8.0, n)
    variance = mean * rng.uniform(1.3, 3.0, n)
    size = mean**2 / (variance - mean)
    return nbinom.ppf(norm.cdf(y), size[:, None], (mean / variance)[:, None]).astype(np.int64)


def factors_of(make_catalog, weekly, x: np.ndarray, n_groups: int):
    sales = {f"P{k:03d}": weekly(str(START), row.tolist()) for k, row in enumerate(x)}
    names = [f"c{k % n_groups}" for k in range(len(x))]
    catalog = make_catalog(
        sales,
        items={"category": names},
        period="week",
        demand={"life": "window"},
        models={"dependence": FACTORS},
    )
    return fit(catalog)


def test_loadings_of_market_and_groups_are_recovered(make_catalog, weekly) -> None:
    """Slow movers from 0.3 a week: mean loadings within 0.05, single ones nearer than their mean is."""
    rng = np.random.default_rng(2)
    n = 150
    market, group = rng.uniform(0.2, 0.6, n), rng.uniform(0.1, 0.5, n)
    models = factors_of(make_catalog, weekly, together(rng, n, 104, market, group, 5), 5)
    dependence = models.world.dependence
    assert dependence is not None
    found, within = dependence.market / 2.0**30, dependence.group / 2.0**30
    assert found.mean() == pytest.approx(market.mean(), abs=0.05)
    assert within.mean() == pytest.approx(group.mean(), abs=0.05)
    assert np.sqrt(np.mean((found - market) ** 2)) < market.std()
    assert dependence.member.tolist() == [k % 5 for k in range(n)]
    paths = drawn(models, periods=40, replications=100)
    total = paths.sum(axis=0)
    assert total.var() > 3 * paths.var(axis=(1, 2)).sum()
    flat = paths.reshape(n, -1)
    pairs = np.corrcoef(flat)
    same = np.equal.outer(dependence.member, dependence.member)
    within = pairs[same & ~np.eye(n, dtype=bool)].mean()
    assert within > pairs[~same].mean() + 0.04
    horizon = Horizon(20, 4, 4, 4, seed=2)
    simulate_items(models.world, small_levels(models.world, 1), horizon)  # groups that items lack are refused


def test_no_common_factor_is_found_where_there_is_none(make_catalog, weekly) -> None:
    """Independent items: loadings of exactly 0, and the account says so."""
    x = together(np.random.default_rng(9), 100, 104, np.zeros(100), np.zeros(100), 5)
    models = factors_of(make_catalog, weekly, x, 5)
    assert not models.world.dependence.market.any()
    assert not models.world.dependence.group.any()
    assert any("no common factor" in note.note for note in models.notes)
