"""Out-of-sample scores: equal to a plain loop, and highest for the law that made the data."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simlab.models import read_history, rolling_scores
from simlab.models.demand.scoring.scores import known_before

RNG = np.random.default_rng(23)


def scores_of(make_catalog, weekly, rows):
    sales = {f"P{k:03d}": weekly("2021-01-04", row) for k, row in enumerate(rows)}
    return rolling_scores(read_history(make_catalog(sales, period="week", demand={"life": "window"})))


def intermittent(x, past, variance):
    """Plain version: nothing, or 1 + a negative binomial (Poisson) with the moments left over."""
    n, positive = past.size, (past > 0).sum()
    share = (positive + 0.5) / (n + 1)
    if x == 0:
        return 1 - share
    size, part = past[past > 0].mean(), positive / n
    more, spread = max(size - 1, 0.5 / (positive + 1)), variance / part - (1 - part) * size**2
    if spread <= more:
        return share * stats.poisson.pmf(x - 1, more)
    return share * stats.nbinom.pmf(x - 1, more**2 / (spread - more), more / spread)


def test_scores_equal_a_plain_loop(make_catalog, weekly) -> None:
    rows = [RNG.negative_binomial(1, 0.2, 60), RNG.poisson(0.3, 60), np.full(60, 4)]
    found = scores_of(make_catalog, weekly, rows)
    assert found.n_predicted.tolist() == [20, 20, 20]
    for row, line in enumerate(rows):
        expected, away = np.zeros(4), []
        for t in range(40, 60):
            past, x = line[:t], line[t]
            mean, variance = (past.sum() + 0.5) / t, past.var(ddof=1)
            poisson = stats.poisson.pmf(x, mean)
            wide = variance > mean
            nb = stats.nbinom.pmf(x, mean**2 / (variance - mean), mean / variance) if wide else poisson
            empirical = ((past == x).sum() + nb) / (t + 1)
            scores = np.log([poisson, nb, intermittent(x, past, variance), empirical])
            expected += scores
            away.append(scores - scores[1])
        np.testing.assert_allclose(found.mean[row], expected / 20, rtol=1e-8)
        np.testing.assert_allclose(found.noise[row], np.var(away, axis=0, ddof=1) / 20, rtol=1e-6, atol=1e-18)


def test_the_law_that_made_the_data_scores_best_on_average(make_catalog, weekly) -> None:
    poisson = RNG.poisson(4, (60, 156))
    binomial = RNG.negative_binomial(1, 0.15, (60, 156))
    two_sizes = RNG.choice([0, 12, 30], p=[0.6, 0.3, 0.1], size=(60, 156))
    rare = np.where(RNG.random((60, 156)) < 0.1, 1 + RNG.poisson(20, (60, 156)), 0)
    for score in ("log", "crps"):
        rows = [*poisson, *binomial, *two_sizes, *rare]
        sales = {f"P{k:03d}": weekly("2021-01-04", row) for k, row in enumerate(rows)}
        history = read_history(make_catalog(sales, period="week", demand={"life": "window"}))
        found = rolling_scores(history, score=score)
        means = found.mean.reshape(4, 60, 4).mean(axis=1)
        assert found.laws == ("poisson", "negative_binomial", "intermittent", "empirical")
        assert means[0].argmax() in (0, 1)
        assert means[1, 1] > means[1, [0, 2]].max() - 1e-3
        assert means[2].argmax() == 3
        assert means[3].argmax() in (2, 3)


def test_crps_equals_the_integral_of_the_squared_gap(make_catalog, weekly) -> None:
    """One item, checked against a sum over every integer."""
    line = RNG.negative_binomial(2, 0.3, 90)
    sales = {"P0": weekly("2021-01-04", line)}
    history = read_history(make_catalog(sales, period="week", demand={"life": "window"}))
    found = rolling_scores(history, score="crps")
    total = []
    for begin, end in ((60, 67), (67, 75), (75, 82), (82, 90)):
        past = line[:begin]
        mean, variance = (past.sum() + 0.5) / begin, past.var(ddof=1)
        x = np.arange(400)
        below = stats.nbinom.cdf(x, mean**2 / (variance - mean), mean / variance)
        for value in line[begin:end]:
            total.append(((below - (x >= value)) ** 2).sum() / past.mean())
    assert found.mean[0, 1] == pytest.approx(-np.mean(total), rel=1e-6)


def test_nothing_later_than_the_first_origin_is_known(make_catalog, weekly) -> None:
    line = RNG.poisson(2, 60)
    later = line.copy()
    later[40:] += 50
    histories = [
        read_history(
            make_catalog({"P0": weekly("2021-01-04", row)}, period="week", demand={"life": "window"})
        )
        for row in (line, later)
    ]
    one, other = (known_before(history) for history in histories)
    assert one.n_observed.tolist() == [40]
    assert one.quantity.tolist() == other.quantity.tolist()


def test_short_histories_are_not_scored(make_catalog, weekly) -> None:
    found = scores_of(make_catalog, weekly, [[1, 2, 0, 1, 3, 0, 2, 1]])
    assert found.n_predicted.tolist() == [0]
    assert np.isnan(found.mean).all()
    assert found.mean.shape == (1, 4)


def test_a_value_never_seen_has_a_finite_score(make_catalog, weekly) -> None:
    found = scores_of(make_catalog, weekly, [[1] + [0] * 30 + [5000] * 5])
    assert np.isfinite(found.mean).all()
    assert found.mean[0, 0] == pytest.approx(found.mean[0].min())
