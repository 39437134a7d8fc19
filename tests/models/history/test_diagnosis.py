"""Classes and tests: textbook cuts, false alarms under control, true effects found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simlab.models import read_history
from simlab.models.history.diagnosis import diagnose, variance_ratio
from simlab.models.statistics import benjamini_hochberg, rank_sum_p
from simlab.models.suppliers.records import lead_time_drift

RNG = np.random.default_rng(11)


def history_of(make_catalog, weekly, rows, **options):
    sales = {f"P{k:03d}": weekly("2021-01-04", row) for k, row in enumerate(rows)}
    return read_history(make_catalog(sales, period="week", demand={"life": "window"}, **options))


def test_classes_follow_interval_and_size(make_catalog, weekly) -> None:
    rows = [[5, 6, 5, 6] * 10, [1, 20, 2, 1] * 10, [0, 5, 0, 6] * 10, [0, 1, 0, 30] * 10, [0] * 40]
    found = diagnose(history_of(make_catalog, weekly, rows))
    assert found.demand_class.tolist() == ["smooth", "erratic", "intermittent", "lumpy", "unknown"]
    assert found.interval[2] == 2.0
    assert found.size_cv2[2] == pytest.approx((0.5 / 5.5) ** 2)


def test_plain_noise_is_hardly_ever_flagged(make_catalog, weekly) -> None:
    """On 300 histories without structure, p-values are uniform and next to nothing is flagged."""
    found = diagnose(history_of(make_catalog, weekly, RNG.negative_binomial(2, 0.3, (300, 130))))
    for p, flag in (
        (found.trend_p, found.has_trend),
        (found.season_p, found.has_season),
        (found.autocorrelation_p, found.has_autocorrelation),
    ):
        assert 0.01 < (p < 0.05).mean() < 0.1
        assert flag.sum() <= 3


def test_trend_season_and_autocorrelation_are_found_in_those_that_have_them(make_catalog, weekly) -> None:
    weeks = np.arange(156)
    quiet = RNG.poisson(8, (40, 156))
    rising = RNG.poisson(4 + weeks / 16, (10, 156))
    seasonal = RNG.poisson(8 + 5 * np.sin(2 * np.pi * weeks / 52.14), (10, 156))
    states = np.repeat(RNG.gamma(2, 4, (10, 39)), 4, axis=1)
    lasting = RNG.poisson(states)
    found = diagnose(history_of(make_catalog, weekly, [*quiet, *rising, *seasonal, *lasting]))
    assert found.has_trend[40:50].all()
    assert found.has_season[50:60].all()
    assert found.has_autocorrelation[60:].sum() >= 8
    assert found.has_trend[:40].sum() + found.has_season[:40].sum() <= 3
    assert (found.trend[40:50] > 0).all()


def test_the_sparse_sums_equal_plain_ones(make_catalog, weekly) -> None:
    rows = RNG.negative_binomial(1, 0.3, (20, 120))
    found = diagnose(history_of(make_catalog, weekly, rows))
    for row, line in enumerate(rows):
        x = line - line.mean()
        t = np.arange(120) - 59.5
        assert found.autocorrelation[row] == pytest.approx((x[1:] * x[:-1]).sum() / (x**2).sum())
        assert found.trend[row] == pytest.approx((t * x).sum() / (t**2).sum() / line.mean())


def test_incomplete_periods_are_not_tested(make_catalog, weekly) -> None:
    sales = {"P0": weekly("2021-01-04", [3, 1, 0, 2] * 30)}
    history = read_history(make_catalog(sales, period="week", demand={"absent_dates": "unknown"}))
    found = diagnose(history)
    assert np.isnan([found.trend_p[0], found.season_p[0], found.autocorrelation_p[0]]).all()
    assert np.isnan(variance_ratio(history, np.array([4]))).all()


def test_new_and_dying_items(make_catalog, weekly) -> None:
    sales = {
        "new": weekly("2022-10-03", [3] * 13),
        "dying": weekly("2021-01-04", [3] * 60),
        "steady": weekly("2021-01-04", [3, 0, 2] * 34 + [2, 0]),
    }
    history = read_history(make_catalog(sales, period="week", as_of="2023-01-01"))
    assert diagnose(history).stage.tolist() == ["new", "dying", "steady"]


def test_sums_of_independent_periods_vary_as_they_should(make_catalog, weekly) -> None:
    noise = RNG.poisson(5, (100, 156))
    states = RNG.poisson(np.repeat(RNG.gamma(2, 3, (100, 26)), 6, axis=1))
    history = history_of(make_catalog, weekly, [*noise, *states])
    ratio = variance_ratio(history, np.full(200, 6))
    assert np.mean(ratio[:100]) == pytest.approx(1, abs=0.1)
    assert np.mean(ratio[100:]) > 2
    assert np.isnan(variance_ratio(history, np.full(200, 60))).all()


def test_benjamini_hochberg_equals_scipy() -> None:
    p = np.concatenate([RNG.uniform(0, 1, 50), RNG.uniform(0, 0.004, 10)])
    expected = stats.false_discovery_control(p) <= 0.05
    np.testing.assert_array_equal(benjamini_hochberg(p, 0.05), expected)
    assert not benjamini_hochberg(np.array([np.nan]), 0.05).any()


def test_rank_sums_equal_scipy() -> None:
    older, newer = RNG.integers(0, 9, 30).astype(float), RNG.integers(2, 11, 25).astype(float)
    expected = stats.mannwhitneyu(older, newer, use_continuity=False, method="asymptotic").pvalue
    assert rank_sum_p(older, newer) == pytest.approx(expected)
    assert np.isnan(rank_sum_p(np.ones(3), np.ones(4)))


def test_a_supplier_that_slowed_down_is_flagged() -> None:
    import pandas as pd

    from simlab.catalog import from_frames
    from simlab.study import Study

    items = pd.DataFrame(
        {"sku": ["P0"], "location": "X", "unit_cost": 1.0, "demand_law": "poisson", "demand_mean": 1.0}
    )
    start = np.datetime64("2023-01-02")
    rows = []
    for k in range(40):
        slow = RNG.integers(9, 14) + (8 if k >= 20 else 0)
        rows += [("SLOWER", start + 7 * k, slow), ("SAME", start + 7 * k, RNG.integers(9, 14))]
    receipts = pd.DataFrame(
        [(name, str(day), str(day + int(lead)), 1) for name, day, lead in rows],
        columns=["supplier", "order_date", "receipt_date", "quantity"],
    )
    study = Study.default(period="week", lead_times={"crossing": False})
    found = {drift.supplier: drift for drift in lead_time_drift(from_frames(study, items, None, receipts))}
    assert found["SLOWER"].flagged
    assert found["SLOWER"].newer - found["SLOWER"].older > 5
    assert not found["SAME"].flagged


def test_a_rare_seller_is_not_new_because_its_first_sale_came_late(make_catalog) -> None:
    """Two sales ten weeks apart after a quiet year and a half may be an old slow mover."""
    weeks = [str(np.datetime64("2022-01-03") + 7 * week) for week in range(104)]
    sales = {
        "steady": dict.fromkeys(weeks, 3),
        "rare": {weeks[85]: 1},
        "new": dict.fromkeys(weeks[85:], 2),
    }
    history = read_history(make_catalog(sales, period="week"))
    stage = dict(zip(sales, diagnose(history).stage.tolist(), strict=True))
    assert stage["new"] == "new"
    assert stage["rare"] == "steady"
