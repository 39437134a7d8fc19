"""Lead times stated with a spread: mean and standard deviation kept on whole periods."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simlab.errors import InvalidInputError
from simlab.models import fit
from simlab.models.suppliers.stated import split_periods, spread_periods

GIVEN = {"demand_law": "poisson", "demand_mean": 2.0}


def moments_of(points) -> tuple[float, float]:
    periods, weights = points
    mean = np.average(periods, weights=weights)
    return float(mean), float(np.sqrt(np.average((periods - mean) ** 2, weights=weights)))


@settings(max_examples=60, deadline=None)
@given(st.floats(0.3, 60), st.floats(0.05, 2.0), st.sampled_from(["gamma", "lognormal"]))
def test_mean_and_standard_deviation_are_the_stated_ones(mean: float, cv: float, shape: str) -> None:
    """But for a spread below what splitting the mean between whole periods brings."""
    sd = cv * mean
    periods, weights = spread_periods(mean, sd, shape)
    assert weights.sum() in (10_000, 1_000_000)
    assert (np.diff(periods) > 0).all()
    found = moments_of((periods, weights))
    least = moments_of(split_periods(mean))[1]
    assert found[0] == pytest.approx(mean, rel=2e-3)
    assert found[1] == pytest.approx(max(sd, least), rel=0.05 if shape == "lognormal" else 0.01, abs=0.02)


def test_the_law_is_the_gamma_law() -> None:
    """mean 40, sd 12: P(L ≤ x) between those of the gamma law at x − ½ and x + ½ … of whole periods."""
    periods, weights = spread_periods(40.0, 12.0, "gamma")
    below = np.cumsum(weights) / weights.sum()
    law = stats.gamma(40**2 / 12**2, scale=12**2 / 40)
    assert np.abs(below - law.cdf(periods + 0.5)).max() < 1e-3


def test_items_state_mean_and_spread_in_their_unit_of_time(make_catalog) -> None:
    """21 ± 7 days are 3 ± 1 weeks; 0 and an empty cell do not vary."""
    items = {**GIVEN, "lead_time": [21.0, 21.0, 21.0], "lead_time_sd": [7.0, 0.0, None]}
    catalog = make_catalog({f"P{i}": {} for i in range(3)}, None, items, period="week")
    models = fit(catalog)
    mean, variance = models.lead_time_moments
    assert mean == pytest.approx([3, 3, 3], abs=1e-3)
    assert np.sqrt(variance) == pytest.approx([1, 0, 0], abs=0.01)
    assert models.lead_time_reason == (
        "items.lead_time = 21 days, lead_time_sd = 7, gamma",
        "items.lead_time = 21 days",
        "items.lead_time = 21 days",
    )
    weeks = {**items, "lead_time": 3.0, "lead_time_sd": [1.0, 0.0, None]}
    catalog = make_catalog(
        {f"P{i}": {} for i in range(3)}, None, weeks, period="week", data={"time_unit": "weeks"}
    )
    np.testing.assert_allclose(fit(catalog).lead_time_moments, (mean, variance), atol=1e-9)
    open_days = {"period": "day", "demand": {"weekdays": ["saturday", "sunday"]}}
    models = fit(make_catalog({f"P{i}": {} for i in range(3)}, None, items, **open_days))
    assert models.lead_time_moments[0][0] == pytest.approx(15, abs=1e-3)
    assert np.sqrt(models.lead_time_moments[1][0]) == pytest.approx(5, abs=0.02)


def test_receipts_win_unless_the_law_is_fixed(make_catalog) -> None:
    items = {**GIVEN, "supplier": ["ACME", "NEW"], "lead_time": 21.0, "lead_time_sd": 7.0}
    receipts = [("ACME", 14)] * 9
    of_receipts = fit(make_catalog({"P0": {}, "P1": {}}, receipts, items, period="week"))
    assert of_receipts.lead_time_moments[1].round(2).tolist() == [0, 1]
    assert of_receipts.lead_time_reason[0].startswith("supplier 'ACME': 9 receipts")
    how = {"law": "fixed", "crossing": True}
    stated = fit(make_catalog({"P0": {}, "P1": {}}, receipts, items, period="week", lead_times=how))
    assert stated.lead_time_moments[1].round(2).tolist() == [1, 1]
    assert stated.world.lead_time.crossing
    how = {"law": "lognormal", "crossing": True}
    wide = fit(make_catalog({"P0": {}, "P1": {}}, receipts, items, period="week", lead_times=how))
    assert wide.lead_time_reason[1].endswith("lead_time_sd = 7, lognormal")
    assert wide.lead_time_moments[1][1] == pytest.approx(1, abs=0.02)


def test_crossing_must_be_said_where_a_lead_time_varies(make_catalog) -> None:
    items = {**GIVEN, "lead_time": 21.0, "lead_time_sd": 7.0}
    with pytest.raises(InvalidInputError, match="with lead_time_sd") as refused:
        fit(make_catalog({"P0": {}}, None, items, period="week", lead_times={}))
    assert refused.value.problems[0].code == "E-STU-011"
    still = {**items, "lead_time_sd": 0.0}
    models = fit(make_catalog({"P0": {}}, None, still, period="week", lead_times={}))
    assert not models.world.lead_time.crossing


def test_a_spread_without_a_mean_is_refused_by_name(make_catalog) -> None:
    items = {**GIVEN, "lead_time": [None, 0.0, 0.0], "lead_time_sd": [3.0, 3.0, 0.0]}
    with pytest.raises(InvalidInputError) as refused:
        fit(make_catalog({f"P{i}": {} for i in range(3)}, None, items, period="week"))
    assert [one.message for one in refused.value.problems] == [
        "P0@EAST: lead_time_sd = 3 with no lead_time",
        "P1@EAST: lead_time_sd = 3 with lead_time = 0",
    ]


def test_a_spread_beyond_all_bounds_is_refused_by_name(make_catalog) -> None:
    items = {**GIVEN, "lead_time": 1.0, "lead_time_sd": 30_000.0}
    how = {"law": "lognormal", "crossing": True}
    with pytest.raises(InvalidInputError, match=r"P0@EAST: a lognormal lead time"):
        fit(make_catalog({"P0": {}}, None, items, period="day", lead_times=how))


def test_redrawn_parameters_leave_stated_lead_times_alone(make_catalog, weekly) -> None:
    """Beside a supplier whose receipts are drawn again."""
    demand = {"P0": weekly("2022-01-03", [1, 2, 3] * 8), "P1": weekly("2022-01-03", [2, 0, 3] * 8)}
    items = {"supplier": ["ACME", "NEW"], "lead_time": 21.0, "lead_time_sd": 7.0}
    receipts = [("ACME", 14), ("ACME", 21), ("ACME", 35)] * 4
    models = fit(make_catalog(demand, receipts, items, period="week", models={"parameter_uncertainty": True}))
    assert models.redraws is not None
    assert models.redraws.delays is not None
    assert (models.redraws.delays.unit >= 0).tolist() == [True, False]


def test_whole_periods_are_named_where_they_alone_make_lead_times_random(make_catalog) -> None:
    """Ten days are no whole month: forecasts updated in the run draw 0 or 1, and nothing else varies."""
    items = {**GIVEN, "lead_time": 10.0}
    policy = {"family": "forecast", "planning": "normal"}
    catalog = make_catalog({"P0": {}}, None, items, period="month", policy=policy, lead_times={})
    with pytest.raises(InvalidInputError) as caught:
        fit(catalog)
    told = str(caught.value)
    assert "whole months" in told
    assert "lead_time_sd" not in told
