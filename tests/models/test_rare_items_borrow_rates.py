"""Rare items: rates from comparable items, sizes without a unit, and a law of what is not known."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.engine.world.demand_law import LawKind
from simlab.models import fit
from simlab.models.demand.rates import rates

MONTHS = [f"{2021 + m // 12}-{m % 12 + 1:02d}-01" for m in range(48)]


def one_group(count: list[int], exposure: int):
    n = np.array(count)
    return rates(n, np.full(n.size, exposure), np.zeros(n.size, np.int64), np.ones(n.size, bool))


def poisson_items(rng, rate: np.ndarray, n_periods: int) -> np.ndarray:
    return rng.poisson(np.repeat(rate[:, None], n_periods, axis=1))


def as_sales(counts: np.ndarray, dates: list[str]) -> dict[str, dict[str, int]]:
    return {f"P{k:04d}": {dates[t]: int(row[t]) for t in np.flatnonzero(row)} for k, row in enumerate(counts)}


def test_alike_items_share_one_rate() -> None:
    """300 items of rate 2 in the window: what 0 and 6 demands say is mostly chance."""
    n = np.random.default_rng(1).poisson(2.0, 300)
    found = one_group(n.tolist(), 100)
    assert found.mean.sum() * 100 == pytest.approx(n.sum(), rel=0.03)
    assert found.mean[n == 0].mean() * 100 > 1.2
    assert found.mean[n == 6].mean() * 100 < 3.5


def test_fast_movers_do_not_raise_rare_ones() -> None:
    """Sixty items with demand in each of 48 months, twenty with none to two: the twenty stay near one."""
    found = one_group([48] * 60 + [0] * 7 + [1] * 7 + [2] * 6, 48)
    assert 0.6 < found.mean[60] * 48 < found.mean[-1] * 48 < 1.5
    assert found.mean[0] * 48 == pytest.approx(48, rel=0.01)


def test_the_posterior_is_the_right_one_under_a_known_prior() -> None:
    """Gamma rates of shape 0.5: the posterior mean of n demands in T periods is (0.5 + n)/(0.5/m + T)."""
    rng = np.random.default_rng(2)
    rate = rng.gamma(0.5, 0.04, 20_000)
    n = np.minimum(rng.poisson(rate * 100), 100)
    found = one_group(n.tolist(), 100)
    for k in (0, 1, 2, 4, 8):
        assert found.mean[n == k][0] == pytest.approx((0.5 + k) / (1 / 0.04 + 100), rel=0.12)


def test_without_items_that_never_sold_the_likelihood_is_of_counts_above_zero() -> None:
    """The same items, the silent ones missing: the rates of the others stay nearly what they were."""
    rng = np.random.default_rng(3)
    n = rng.poisson(rng.gamma(1.0, 1.5, 5000))
    whole, sold = one_group(n.tolist(), 60), one_group(n[n > 0].tolist(), 60)
    assert not whole.truncated.any()
    assert sold.truncated.all()
    for k in (1, 2, 5):
        assert sold.mean[n[n > 0] == k][0] == pytest.approx(whole.mean[n == k][0], rel=0.25)


def test_the_sum_of_a_group_stays_its_units_over_its_exposure(make_catalog) -> None:
    rng = np.random.default_rng(5)
    counts = poisson_items(rng, rng.gamma(0.4, 0.2, 600), 48) * rng.integers(1, 30, (600, 1))
    models = fit(make_catalog(as_sales(counts, MONTHS), period="month", items={"category": ["a", "b"] * 300}))
    for half in (slice(0, None, 2), slice(1, None, 2)):
        assert models.world.demand.mean[half].sum() == pytest.approx(counts[half].sum() / 48, rel=0.02)


def test_thirty_demands_stand_alone(make_catalog) -> None:
    """No change for items with many observations: means and variances as of the item by itself."""
    rng = np.random.default_rng(6)
    fast = rng.poisson(3.0, (40, 48))
    rare = poisson_items(rng, np.full(200, 0.03), 48)
    options = {"period": "month", "models": {"law": "negative_binomial"}}
    alone = fit(make_catalog(as_sales(fast, MONTHS), **options)).world.demand
    among = fit(make_catalog(as_sales(np.vstack([fast, rare]), MONTHS), **options)).world.demand
    np.testing.assert_allclose(among.mean[:40], fast.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(among.variance[:40], alone.variance, rtol=0.1)


@pytest.mark.parametrize("sold_in", [47, 20, 0])
def test_the_same_unit_by_the_thousand_plans_alike(make_catalog, sold_in) -> None:
    """Fast movers in pieces or in thousands: what a rare item borrows has no unit."""
    rng = np.random.default_rng(7)
    fast = rng.negative_binomial(4, 0.01, (30, 48))
    found = []
    for factor in (1, 1000):
        sales = as_sales(fast * factor, MONTHS) | {"rare": {MONTHS[sold_in]: 1}}
        law = fit(make_catalog(sales, period="month")).world.demand
        found.append((law.mean[30], law.variance[30]))
    assert found[0][0] == pytest.approx(1 / 48, rel=0.6)
    assert found[0] == pytest.approx(found[1], rel=0.02)
    assert found[0][1] < 3 * found[0][0]


def test_the_law_knows_that_the_rate_is_not_known(make_catalog) -> None:
    """Over R + L = 12 months sums vary as their predictive law: more than those of a known rate."""
    rng = np.random.default_rng(8)
    rate = rng.gamma(1.0, 0.06, 3000)
    past, future = poisson_items(rng, rate, 48), poisson_items(rng, rate, 12)
    items = {"lead_time": [335.0] * 3000}
    options = {"period": "month", "policy": {"review_period": 30.4}}
    law = fit(make_catalog(as_sales(past, MONTHS), items=items, **options)).world.demand
    sold = past.sum(axis=1) > 0
    away = (future.sum(axis=1) - 12 * law.mean)[sold]
    assert (away**2).sum() / (12 * law.variance[sold]).sum() == pytest.approx(1.0, abs=0.1)


def test_redrawn_parameters_keep_the_mean_and_possible_sizes(make_catalog) -> None:
    """Parameters drawn again around a borrowed rate: means on average as fitted, no size below one unit."""
    rng = np.random.default_rng(9)
    counts = poisson_items(rng, rng.gamma(1.0, 0.1, 300), 48)
    counts[counts.sum(axis=1) == 0, 5] = 1
    options = {"law": "intermittent", "parameter_uncertainty": True}
    models = fit(make_catalog(as_sales(counts, MONTHS), period="month", models=options))
    law = models.world.demand
    rare = law.kind == LawKind.INTERMITTENT
    assert rare.sum() > 50
    draws = [models.redraws.draw(models.world, number).demand for number in range(200)]
    assert all((draw.mean[rare] >= draw.probability[rare] - 1e-9).all() for draw in draws)
    mean = np.mean([draw.mean for draw in draws], axis=0)
    assert mean[rare].sum() == pytest.approx(law.mean[rare].sum(), rel=0.02)


def test_items_left_out_as_never_sold_are_in_the_prior(make_catalog) -> None:
    """Whether rows of zero or left out by the study: the same rates of the items that sold."""
    rng = np.random.default_rng(10)
    counts = poisson_items(rng, rng.gamma(0.7, 0.05, 400), 48)
    sales = as_sales(counts, MONTHS)
    sold = {sku: rows for sku, rows in sales.items() if rows}
    never = {sku: {MONTHS[0]: 0} for sku, rows in sales.items() if not rows}
    whole = fit(make_catalog({**sold, **never}, period="month")).world.demand
    left_out, without = make_catalog(sold, period="month"), make_catalog(sold, period="month")
    object.__setattr__(left_out, "without_history", make_catalog(never, period="month"))
    found, alone = fit(left_out).world.demand, fit(without).world.demand
    np.testing.assert_allclose(found.mean, whole.mean[: len(sold)], rtol=1e-6)
    assert not np.allclose(alone.mean, found.mean, rtol=1e-3)
