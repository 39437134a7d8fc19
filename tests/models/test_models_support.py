"""Continuous laws on whole units: what that changes is told, where it changes anything."""

import pytest

from simlab.engine.pmfs import moments_of
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
