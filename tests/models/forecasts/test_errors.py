"""What past forecasts say: the variance of sums over R + L with its correlation, and the bias."""

import numpy as np
import pytest

from simlab.catalog.coming import ForecastErrors
from simlab.models.forecasts.errors import FEWEST, error_estimates

SPAN = 4


def table(errors, apart=1):
    """(items, origins, horizons) errors as the table; forecasts of 100."""
    n, origins, horizons = errors.shape
    item = np.repeat(np.arange(n), origins * horizons)
    origin = np.tile(np.repeat(-apart * np.arange(origins)[::-1] - 1, horizons), n)
    horizon = np.tile(np.arange(1, horizons + 1), n * origins)
    actual = 100.0 + errors.ravel()
    return ForecastErrors(item, origin, horizon, np.full(item.size, 100.0), actual, item, "errors.csv")


def autoregressive(rng, phi, sd, shape):
    """Stationary AR(1) errors along the last axis."""
    out = np.empty(shape)
    out[..., 0] = rng.normal(0, sd, shape[:-1])
    for k in range(1, shape[-1]):
        out[..., k] = phi * out[..., k - 1] + rng.normal(0, sd * np.sqrt(1 - phi**2), shape[:-1])
    return out


def closed_form(phi, sd, span):
    """Var of a sum of AR(1) errors: σ² (n + 2 Σ (n − k) φ^k)."""
    return sd**2 * (span + 2 * sum((span - k) * phi**k for k in range(1, span)))


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.8])
def test_autoregressive_errors_give_the_closed_form_variance_of_sums(phi):
    """300 items of 40 origins each, apart: within three standard errors, and far from √h where φ > 0."""
    errors = autoregressive(np.random.default_rng(3), phi, 10.0, (300, 40, SPAN))
    found = error_estimates(table(errors, apart=SPAN), np.full(300, float(SPAN)))
    right = closed_form(phi, 10.0, SPAN)
    error = found.sum_variance.std(ddof=1) / np.sqrt(300)
    assert abs(found.sum_variance.mean() - right) < 3 * error
    assert found.sd.mean() == pytest.approx(10.0, rel=0.03)
    assert found.ratio == pytest.approx(right / (SPAN * 100.0), rel=0.05)
    assert found.correlation == pytest.approx(phi, abs=0.05)


@pytest.mark.parametrize("phi", [0.0, 0.6])
def test_overlapping_origins_neither_shrink_the_variance_nor_the_error_of_the_bias(phi):
    """Errors in calendar time, forecast anew every period: the variance is right, biases scatter as said."""
    rng = np.random.default_rng(8)
    series = autoregressive(rng, phi, 10.0, (400, 43)) + 3.0
    errors = np.stack([series[:, k : k + SPAN] for k in range(40)], axis=1)
    found = error_estimates(table(errors), np.full(400, float(SPAN)))
    assert found.sum_variance.mean() == pytest.approx(closed_form(phi, 10.0, SPAN), rel=0.05)
    scatter = (found.bias - 3.0) / found.bias_se
    assert scatter.std() == pytest.approx(1.0, abs=0.2)  # of few independent sums
    assert (np.abs(scatter) < 1.96).mean() == pytest.approx(0.94, abs=0.04)


def test_a_planted_bias_is_found_within_its_standard_error():
    errors = np.random.default_rng(1).normal(-5.0, 10.0, (1, 60, SPAN))
    found = error_estimates(table(errors, apart=SPAN), np.array([float(SPAN)]))
    assert abs(found.bias[0] + 5.0) < 2 * found.bias_se[0]
    assert found.bias_se[0] == pytest.approx(10.0 / np.sqrt(60 * SPAN), rel=0.2)
    assert found.biased[0]
    assert not error_estimates(table(errors + 5.0, apart=SPAN), np.array([4.0])).biased[0]


def test_few_origins_borrow_the_correlation_of_all_items():
    """Their own spread stays; the ratio of sums to single periods is that of the others."""
    rng = np.random.default_rng(5)
    many = autoregressive(rng, 0.7, 10.0, (20, 30, SPAN))
    few = autoregressive(rng, 0.7, 2.0, (1, 3, SPAN))
    rows = table(many, apart=SPAN)
    short = table(few, apart=SPAN)
    both = ForecastErrors(
        *(np.concatenate([a, b]) for a, b in (
            (rows.item, short.item + 20), (rows.origin, short.origin), (rows.horizon, short.horizon),
            (rows.forecast, short.forecast), (rows.actual, short.actual), (rows.line, short.line),
        )), "errors.csv")  # fmt: skip
    found = error_estimates(both, np.full(21, float(SPAN)))
    assert found.n_independent[20] < FEWEST
    assert found.pooled[20]
    assert not found.pooled[:20].any()
    assert found.sum_variance[20] == pytest.approx(SPAN * found.sd[20] ** 2 * found.ratio)


def test_horizons_that_do_not_reach_the_interval_tell_nothing():
    found = error_estimates(table(np.ones((2, 9, 3))), np.array([3.0, 4.0]))
    assert np.isfinite(found.sum_variance[0])
    assert not found.known[1]
