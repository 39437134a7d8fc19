"""Continuous laws on whole units: what that changes is told, where it changes anything."""

import pytest

from simlab.engine.laws.pmfs import moments_of
from simlab.errors import InvalidInputError
from simlab.models import fit


def fitted(make_catalog, laws, means, variances):
    names = {f"P{i}": {} for i in range(len(laws))}
    items = {"demand_law": laws, "demand_mean": means, "demand_variance": variances}
    return fit(make_catalog(names, None, items, period="week"))


def remarks(models):
    return [row for row in models.notes if "whole units" in row.what]


def test_the_mean_stays_and_the_change_of_variance_is_told(make_catalog) -> None:
    models = fitted(make_catalog, ["gamma", "lognormal", "poisson"], ["20", "6.5", "3"], ["150", "9", "3"])
    mean, variance = moments_of(models.world.demand)
    assert mean.tolist() == pytest.approx([20.0, 6.5, 3.0], rel=1e-6)
    assert [150, 9] < variance[:2].tolist() < [150.25, 9.25]
    (row,) = remarks(models)
    assert row.note.startswith("2 SKU-locations, means kept")
    assert "P0@" in row.note or "P1@" in row.note
    assert "units²" in row.note


def test_nothing_is_told_where_nothing_changes(make_catalog) -> None:
    models = fitted(
        make_catalog, ["poisson", "negative_binomial", "gamma"], ["20", "6", "900"], ["20", "90", "90000"]
    )
    assert remarks(models) == []


WIDE = {"demand_law": ["lognormal", "negative_binomial", "gamma", "poisson"], "demand_mean": 50.0}
SPREAD = [1e6, 1e7, 1e5, None]


def test_laws_that_spread_too_far_are_refused_by_name_with_their_span(make_catalog) -> None:
    """All at once, as an error of the input."""
    items = {**WIDE, "demand_variance": SPREAD}
    with pytest.raises(InvalidInputError) as refused:
        fit(make_catalog({f"P{i}": {} for i in range(4)}, None, items, period="week"))
    first, second = refused.value.problems
    assert first.code == second.code == "E-MOD-024"
    assert first.message.startswith("P0@EAST: demand with mean 50 and variance 1e+06 spreads too far")
    assert "spans 0 to 12,472,793" in first.message
    assert second.message.startswith("P1@EAST: ")
    assert "unit_resolution" in first.fix
    assert refused.value.exit_code == 3


def test_a_unit_that_is_coarse_enough_lets_a_heavy_tail_in(make_catalog) -> None:
    """12.5 million units are 625,000 multiples of 20; 6 million multiples of 2 are too many."""
    items = {
        "demand_law": "lognormal",
        "demand_mean": 50.0,
        "demand_variance": 1e6,
        "pack_size": 20,
        "unit_resolution": [20, 2, None],
    }
    frames = {f"P{i}": {} for i in range(3)}
    how = {"period": "week", "models": {"support": "resolution"}}
    with pytest.raises(InvalidInputError, match=r"P1@EAST: in units of 2, demand") as refused:
        fit(make_catalog(frames, None, items, **how))
    assert len(refused.value.problems) == 1
    items["unit_resolution"] = [20, 20, None]
    with pytest.raises(InvalidInputError, match=r"P2@EAST: demand with mean 50"):
        fit(make_catalog(frames, None, items, **how))
    items["unit_resolution"] = 20
    law = fit(make_catalog(frames, None, items, **how)).world.demand
    assert law.mean.tolist() == [50.0] * 3
    assert 0 < law.variance[0] < 1e6
