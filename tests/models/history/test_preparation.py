"""Outliers listed or clipped, and demand unseen in stock-outs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from simlab.catalog import from_frames
from simlab.errors import InvalidInputError
from simlab.models import fit, read_history
from simlab.models.history.censoring import censored_moments
from simlab.study import Study

RNG = np.random.default_rng(31)
START = np.datetime64("2012-01-02")


def catalogue(quantity, stockout=None, **demand):
    weeks = np.arange(len(quantity))
    items = pd.DataFrame({"sku": ["P0"], "location": "X", "unit_cost": 2.0, "lead_time": 14.0})
    table = pd.DataFrame(
        {"sku": "P0", "location": "X", "date": (START + 7 * weeks).astype(str), "quantity": quantity}
    )
    if stockout is not None:
        table["stockout"] = stockout
    study = Study.default(period="week", lead_times={"crossing": False}, demand={"life": "window", **demand})
    return from_frames(study, items, table)


@pytest.mark.parametrize("action", ["list", "clip"])
def test_outliers_are_told_and_clipped_if_asked(action) -> None:
    line = RNG.poisson(20, 80)
    line[[10, 50]] = 900, 300
    plain = np.sort(line)[:-2]
    spec = {"outliers": {"rule": "mad", "k": 6, "action": action}}
    history = read_history(catalogue(line, **spec))
    notes = [note for note in history.notes if "outliers" in note.what]
    assert len(notes) == 1
    assert "2 SKU-location × weeks" in notes[0].note
    assert "P0@X: 900, P0@X: 300" in notes[0].note
    if action == "list":
        assert history.quantity.max() == 900
        assert notes[0].units == 0
    else:
        assert plain.max() < history.quantity.max() < 80
        assert notes[0].units == 1200 - 2 * history.quantity.max()
    assert any("outliers" in note.what for note in fit(catalogue(line, **spec)).notes)


def test_alike_and_short_histories_have_no_outliers() -> None:
    for line in ([5] * 60 + [500], [1, 2, 900]):
        spec = {"outliers": {"rule": "mad", "k": 6, "action": "clip"}}
        assert read_history(catalogue(line, **spec)).quantity.tolist() == line


def stocked_out(n=400):
    """True demand, sales cut at a shelf of 0 to 12 units in a third of the weeks, and the flag."""
    true = RNG.negative_binomial(3, 0.25, n)
    shelf = np.where(RNG.random(n) < 0.35, RNG.integers(0, 12, n), 10**6)
    return true, np.minimum(true, shelf), (true > shelf).astype(int)


def test_unseen_demand_is_recovered_with_its_spread() -> None:
    true, sold, flag = stocked_out()
    naive = fit(catalogue(sold))
    models = fit(catalogue(sold, flag, censoring="stockout_column"))
    assert naive.world.demand.mean[0] < 0.87 * true.mean()
    assert models.world.demand.mean[0] == pytest.approx(true.mean(), rel=0.06)
    history = read_history(catalogue(sold, flag, censoring="stockout_column"))
    assert history.variance[0] == pytest.approx(true.var(), rel=0.2)
    note = next(note for note in models.notes if "unseen" in note.what)
    assert f"{flag.sum()} SKU-location × weeks were stocked out" in note.note
    assert note.units == pytest.approx((true - sold).sum(), rel=0.3)
    assert "standard error" in note.note


def test_the_same_history_is_made_whole_the_same_way() -> None:
    _, sold, flag = stocked_out(120)
    one, other = (read_history(catalogue(sold, flag, censoring="stockout_column")) for _ in range(2))
    np.testing.assert_array_equal(one.quantity, other.quantity)
    rows = np.searchsorted(one.period, np.flatnonzero(flag))
    assert (one.quantity[rows] >= sold[flag == 1]).all()


def test_without_the_option_the_column_is_not_used() -> None:
    _, sold, flag = stocked_out(60)
    plain = catalogue(sold, flag)
    assert plain.demand.stockout is None
    assert any("stockout" in entry.what and "not used" in entry.note for entry in plain.quality.entries)


def test_a_missing_or_unreadable_column_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="required column is missing"):
        catalogue([1, 2, 3], censoring="stockout_column")
    with pytest.raises(InvalidInputError, match="'maybe' does not say"):
        catalogue([1, 2, 3], ["0", "1", "maybe"], censoring="stockout_column")


def test_every_period_stocked_out_still_has_a_law() -> None:
    mean, variance = censored_moments(np.zeros(0, np.int64), 0, np.array([3, 5, 2]))
    assert mean > 10 / 3
    assert np.isfinite(variance)
    models = fit(catalogue([3, 5, 2, 4] * 4, [1] * 16, censoring="stockout_column"))
    assert models.world.demand.mean[0] >= 3.5
    with pytest.raises(InvalidInputError, match="E-MOD-062"):  # many of them: is the flag turned round?
        fit(catalogue([3, 5, 2, 4] * 5, [1] * 20, censoring="stockout_column"))


@pytest.mark.parametrize(("mean", "most", "share"), [(0.8, 2, 0.5), (60.0, 70, 0.3), (4.0, 5, 0.6)])
def test_a_flag_says_at_least_what_was_sold_for_slow_and_fast_movers(mean, most, share) -> None:
    """Poisson demand cut at a random shelf, or not cut though the shelf became empty: the true mean returns.

    Own draws: 600 weeks; a flag wherever the shelf was sold out, be it to the unit.
    """
    rng = np.random.default_rng(9)
    true = rng.poisson(mean, 600)
    shelf = np.where(rng.random(600) < share, rng.integers(0, most + 1, 600), 10**6)
    sold, flag = np.minimum(true, shelf), (shelf <= true).astype(int)
    history = read_history(catalogue(sold, flag, censoring="stockout_column"))
    blind = read_history(catalogue(sold))
    error = np.sqrt(mean / 600 / (1 - share))
    assert abs(history.mean[0] - mean) < 4 * error
    assert blind.mean[0] == pytest.approx(sold.mean())
    assert blind.mean[0] < 0.9 * mean
    assert abs(history.mean[0] - mean) < 0.5 * (mean - blind.mean[0])


@pytest.mark.parametrize("skew", ["geometric", "lognormal"])
def test_clean_skewed_demand_loses_variance_by_clipping_and_none_by_listing(skew) -> None:
    """Median + 3 x 1.4826 x the median absolute deviation, by numpy: what lies beyond is no error here."""
    rng = np.random.default_rng(10)
    line = (
        rng.geometric(0.05, 300) if skew == "geometric" else np.rint(rng.lognormal(3, 0.9, 300)).astype(int)
    )
    line = np.maximum(line, 1)
    middle = np.median(line)
    bound = middle + 3 * 1.4826 * np.median(np.abs(line - middle))
    clipped = np.minimum(line, np.floor(bound))
    assert clipped.var() < 0.85 * line.var()
    rule = {"rule": "mad", "k": 3.0}
    found = read_history(catalogue(line, outliers=rule | {"action": "clip"}))
    assert found.variance[0] == pytest.approx(clipped.var(ddof=1), rel=0.02)
    listed = read_history(catalogue(line, outliers=rule | {"action": "list"}))
    assert listed.variance[0] == pytest.approx(line.var(ddof=1), rel=1e-9)
    (note,) = [one.note for one in listed.notes if "outliers" in one.what]
    assert f"{int((line > bound).sum())} SKU-location" in note
