"""Quantile tables: the right law, cut below 1e-9, and known exactly to whoever plans with it."""

import numpy as np
import pytest
from scipy import stats

from simlab.engine.laws.pmfs import pmf_of, table_of
from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.errors import EngineFaultError


def law(kind, mean=0.0, variance=0.0, probability=0.0, values=(), weights=()):
    one = lambda x, t: np.array([x], t)  # noqa: E731
    return DemandLaw(
        one(kind, np.int8),
        one(mean, float),
        one(variance, float),
        one(probability, float),
        one(0, np.int64),
        one(len(values), np.int64),
        np.array(values, np.int64),
        np.array(weights, np.int64),
    )


def moments(a_law):
    first, p = pmf_of(a_law, 0)
    x = first + np.arange(p.size)
    mean = (p * x).sum()
    return mean, (p * (x - mean) ** 2).sum()


def negative_binomial(mean, variance):
    return stats.nbinom(mean**2 / (variance - mean), mean / variance)


@pytest.mark.parametrize(
    ("a_law", "exact"),
    [
        (law(LawKind.POISSON, 5.0), stats.poisson(5)),
        (law(LawKind.POISSON, 0.01), stats.poisson(0.01)),
        (law(LawKind.POISSON, 2000.3), stats.poisson(2000.3)),
        (law(LawKind.NEGATIVE_BINOMIAL, 4.0, 12.0), negative_binomial(4, 12)),
        (law(LawKind.NEGATIVE_BINOMIAL, 0.01, 1.0), negative_binomial(0.01, 1.0)),
        (law(LawKind.NEGATIVE_BINOMIAL, 500.0, 12500.0), negative_binomial(500, 12500)),
        (law(LawKind.GEOMETRIC, 5.0), stats.geom(1 / 6, loc=-1)),
        (law(LawKind.BINOMIAL, 3.0, 2.0), stats.binom(9, 1 / 3)),
    ],
)
def test_recursions_agree_with_the_closed_form(a_law, exact):
    first, p = pmf_of(a_law, 0)
    x = first + np.arange(p.size)
    assert np.abs(p - exact.pmf(x)).max() < 4e-10
    assert 1 - exact.cdf(x[-1]) + exact.cdf(first - 1) < 1e-9
    assert p.sum() == 1.0


def test_stuttering_poisson_is_a_poisson_number_of_geometric_sizes():
    rng = np.random.default_rng(3)
    first, p = pmf_of(law(LawKind.STUTTERING_POISSON, 4.0, 12.0), 0)
    rho = 0.5
    counts = rng.poisson(4.0 * (1 - rho), 200_000)
    sample = np.where(counts > 0, rng.negative_binomial(np.maximum(counts, 1), 1 - rho) + counts, 0)
    seen = np.bincount(sample, minlength=p.size)[: p.size] / sample.size
    assert first == 0
    assert np.abs(seen - p).max() < 5 * np.sqrt(0.25 / sample.size)


@pytest.mark.parametrize(
    ("a_law", "mean", "variance", "added"),
    [
        (law(LawKind.STUTTERING_POISSON, 900.0, 9000.0), 900.0, 9000.0, 0.0),
        (law(LawKind.STUTTERING_POISSON, 0.05, 0.5), 0.05, 0.5, 0.0),
        (law(LawKind.INTERMITTENT, 2.0, 10.0, 0.5), 2.0, 10.0, 0.0),
        (law(LawKind.GAMMA, 10.0, 64.0), 10.0, 64.0, 0.25),
        (law(LawKind.GAMMA, 0.3, 2.0), 0.3, 2.0, 0.25),
        (law(LawKind.LOGNORMAL, 10.0, 64.0), 10.0, 64.0, 0.25),
        (law(LawKind.NORMAL, 100.0, 400.0), 100.0, 400.0, 0.25),
    ],
)
def test_the_mean_is_kept_and_the_variance_grows_by_a_quarter_at_most(a_law, mean, variance, added):
    got_mean, got_variance = moments(a_law)
    assert got_mean == pytest.approx(mean, rel=1e-6)
    assert -1e-4 * variance < got_variance - variance <= added + 1e-4 * variance


CONTINUOUS = {
    LawKind.GAMMA: lambda mean, cv: stats.gamma(1 / cv**2, scale=mean * cv**2),
    LawKind.LOGNORMAL: lambda mean, cv: stats.lognorm(
        np.sqrt(np.log1p(cv**2)), scale=mean / np.sqrt(1 + cv**2)
    ),
}


@pytest.mark.parametrize("kind", CONTINUOUS)
@pytest.mark.parametrize("mean", [0.05, 0.9, 1.0, 1.7, 10.0, 400.0])
@pytest.mark.parametrize("cv", [0.1, 0.5, 1.0, 1.6])
def test_a_continuous_law_is_split_between_the_integers(kind, mean, cv):
    """P(D > k) is the mean of P(X > x) over [k, k + 1]: compared by quadrature of SciPy's law."""
    first, p = pmf_of(law(kind, mean, (mean * cv) ** 2), 0)
    survival = 1 - np.cumsum(p)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    at = np.arange(0, p.size, max(1, p.size // 50))
    x = first + at[:, None] + (nodes + 1) / 2
    exact = (CONTINUOUS[kind](mean, cv).sf(x) * weights / 2).sum(axis=1)
    near = 1e-9 if mean >= 0.9 and cv < 0.9 else 1e-3  # the quadrature is poor in the cell of 0
    assert np.abs(survival[at] - exact)[1:].max(initial=0) < 1e-9
    assert abs(survival[at][0] - exact[0]) < near


@pytest.mark.parametrize("mean", [0.3, 1.0, 2.0195, 5.0, 40.5, 94.0])
@pytest.mark.parametrize("variance", [0.0011, 0.0015, 0.0021, 0.0039, 0.0041])
def test_a_gamma_law_that_hardly_varies_keeps_its_mean(mean, variance):
    """Its density leaves the range of floats beside the mode: means went off by a unit, and runs hung."""
    found = moments(law(LawKind.GAMMA, mean, variance))
    rest = mean % 1
    assert found[0] == pytest.approx(mean, abs=1e-6)
    assert abs(found[1] - rest * (1 - rest)) < 0.06


def test_a_normal_cut_at_zero_keeps_its_mean():
    assert moments(law(LawKind.NORMAL, 10.0, 100.0))[0] == pytest.approx(10.0, rel=1e-7)


def test_an_empirical_law_is_drawn_in_its_exact_shares():
    first, p = pmf_of(law(LawKind.EMPIRICAL, values=[0, 2, 9], weights=[4, 3, 1]), 0)
    assert first == 0
    assert p.tolist() == [0.5, 0, 0.375, 0, 0, 0, 0, 0, 0, 0.125]


def test_intermittent_sizes_may_be_given_as_points():
    first, p = pmf_of(law(LawKind.INTERMITTENT, 0, 0, 0.25, values=[3, 5], weights=[1, 1]), 0)
    assert (first, p.tolist()) == (0, [0.75, 0, 0, 0.125, 0, 0.125])


def test_no_demand_at_all_is_a_law_too():
    assert list(pmf_of(law(LawKind.POISSON, 0.0), 0)) == [0, np.ones(1)]


def test_thresholds_ascend_so_that_the_draw_is_monotone_in_the_word():
    for a_law in (law(LawKind.POISSON, 40.0), law(LawKind.NEGATIVE_BINOMIAL, 40.0, 400.0)):
        _, thresholds = table_of(a_law, 0)
        assert (np.diff(thresholds.astype(np.int64)) >= 0).all()


@pytest.mark.parametrize(
    "bad",
    [
        law(LawKind.POISSON, -1.0),
        law(LawKind.POISSON, np.nan),
        law(LawKind.NEGATIVE_BINOMIAL, 4.0, 3.0),
        law(LawKind.BINOMIAL, 4.0, 5.0),
        law(LawKind.GAMMA, 4.0, np.nan),
        law(LawKind.EMPIRICAL),
        law(LawKind.EMPIRICAL, values=[2, 2], weights=[1, 1]),
        law(LawKind.EMPIRICAL, values=[2, 3], weights=[1, 2**31]),
        law(LawKind.INTERMITTENT, 2.0, 3.0, 0.4),
        law(LawKind.NEGATIVE_BINOMIAL, 1.0, 1e9),
    ],
)
def test_a_law_that_makes_no_sense_fails_by_item(bad):
    with pytest.raises(EngineFaultError, match="item 0"):
        table_of(bad, 0)
