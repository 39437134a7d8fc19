"""Out-of-sample scores: equal to a plain loop, and highest for the law that made the data."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simlab.models import read_history, rolling_scores

RNG = np.random.default_rng(23)


def scores_of(make_catalog, weekly, rows):
    sales = {f"P{k:03d}": weekly("2021-01-04", row) for k, row in enumerate(rows)}
    return rolling_scores(read_history(make_catalog(sales, period="week", demand={"life": "window"})))


def test_scores_equal_a_plain_loop(make_catalog, weekly) -> None:
    rows = [RNG.negative_binomial(1, 0.2, 60), RNG.poisson(0.3, 60), np.full(60, 4)]
    found = scores_of(make_catalog, weekly, rows)
    assert found.n_predicted.tolist() == [20, 20, 20]
    for row, line in enumerate(rows):
        expected = np.zeros(3)
        for t in range(40, 60):
            past, x = line[:t], line[t]
            mean, variance = (past.sum() + 0.5) / t, past.var(ddof=1)
            poisson = stats.poisson.pmf(x, mean)
            wide = variance > mean
            nb = stats.nbinom.pmf(x, mean**2 / (variance - mean), mean / variance) if wide else poisson
            expected += np.log([poisson, nb, ((past == x).sum() + nb) / (t + 1)])
        np.testing.assert_allclose(found.log_score[row], expected / 20, rtol=1e-8)


def test_the_law_that_made_the_data_scores_best_on_average(make_catalog, weekly) -> None:
    poisson = RNG.poisson(4, (60, 156))
    binomial = RNG.negative_binomial(1, 0.15, (60, 156))
    two_sizes = RNG.choice([0, 12, 30], p=[0.6, 0.3, 0.1], size=(60, 156))
    found = scores_of(make_catalog, weekly, [*poisson, *binomial, *two_sizes])
    means = found.log_score.reshape(3, 60, 3).mean(axis=1)
    assert found.laws == ("poisson", "negative_binomial", "empirical")
    assert means[0].argmax() in (0, 1)
    assert means[1].argmax() == 1
    assert means[2].argmax() == 2


def test_short_histories_are_not_scored(make_catalog, weekly) -> None:
    found = scores_of(make_catalog, weekly, [[1, 2, 0, 1, 3, 0, 2, 1]])
    assert found.n_predicted.tolist() == [0]
    assert np.isnan(found.log_score).all()
    assert found.log_score.shape == (1, 3)


def test_a_value_never_seen_has_a_finite_score(make_catalog, weekly) -> None:
    found = scores_of(make_catalog, weekly, [[1] + [0] * 30 + [5000] * 5])
    assert np.isfinite(found.log_score).all()
    assert found.log_score[0, 0] == pytest.approx(found.log_score[0].min())
