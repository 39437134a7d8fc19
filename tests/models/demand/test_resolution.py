"""Demand in multiples of a unit: declared or found, mean kept, variance told, nonsense refused."""

import numpy as np
import pytest

from simlab.engine.laws.pmfs import moments_of
from simlab.engine.world.demand_law import LawKind
from simlab.errors import InvalidInputError
from simlab.models import fit


def fitted(make_catalog, laws, means, variances, more=None, **columns):
    items = {"demand_law": laws, "demand_mean": means, "demand_variance": variances} | columns

    asked = {"support": "resolution"} | (more or {})
    return fit(
        make_catalog({f"P{i}": {} for i in range(len(laws))}, None, items, period="week", models=asked)
    )


def test_a_declared_unit_keeps_the_mean_of_every_law(make_catalog) -> None:
    laws = ["poisson", "negative_binomial", "gamma", "lognormal", "geometric"]
    means, variances = ["40", "40", "40", "40", "40"], [None, "160", "900", "900", None]
    models = fitted(make_catalog, laws, means, variances, unit_resolution=[5] * 5, pack_size=[10] * 5)
    law = models.world.demand
    assert (law.kind == LawKind.EMPIRICAL).all()
    assert (law.values % 5 == 0).all()
    mean, variance = moments_of(law)
    assert mean == pytest.approx([40] * 5, rel=1e-5)
    assert variance == pytest.approx(law.variance, rel=1e-5)
    assert (variance - [40, 160, 900, 900, 40 * 41] < 25 / 4).all()
    assert models.demand_reason[2].endswith("in multiples of 5 units")
    (row,) = [row for row in models.notes if row.what == "demand in multiples of a unit"]
    assert "5 SKU-locations in multiples of 5 to 5 units" in row.note


def test_without_a_unit_the_coarsest_divisor_that_keeps_both_moments(make_catalog) -> None:
    laws, means = ["negative_binomial", "negative_binomial", "poisson"], ["5000", "50", "7"]
    models = fitted(
        make_catalog, laws, means, ["4000000", "500", None], pack_size=[24, 24, 24], moq=[36, 0, 0]
    )
    law = models.world.demand
    assert (law.kind == LawKind.EMPIRICAL).tolist() == [True, False, False]
    own = law.values[law.start[0] : law.start[0] + law.length[0]]
    assert np.gcd.reduce(own) == 12
    mean, variance = moments_of(law)
    assert mean[0] == pytest.approx(5000, rel=1e-4)
    assert variance[0] == pytest.approx(4e6, rel=1e-4)


def test_a_history_in_cases_keeps_to_cases(make_catalog, weekly) -> None:
    """Demand that always came in multiples of the pack is drawn in them, and nothing changes."""
    sales = {"P0": weekly("2022-01-03", [0, 24, 0, 48, 24, 0, 0, 24, 72, 0] * 4)}
    items = {"pack_size": [24]}
    models = {"law": "empirical", "support": "resolution"}
    whole = fit(make_catalog(sales, None, items, period="week", models={"law": "empirical"}))
    cases = fit(make_catalog(sales, None, items, period="week", models=models))
    assert cases.demand_reason[0].endswith("in multiples of 24 units")
    assert moments_of(cases.world.demand)[1] == pytest.approx(moments_of(whole.world.demand)[1], rel=1e-6)


def test_laws_too_wide_for_whole_units_fit_on_a_coarser_unit(make_catalog) -> None:
    models = fitted(
        make_catalog, ["gamma"], ["5000000"], ["900000000000"], unit_resolution=[1000], pack_size=[1000]
    )
    mean, variance = moments_of(models.world.demand)
    assert mean[0] == pytest.approx(5e6, rel=1e-4)
    assert variance[0] == pytest.approx(9e11, rel=1e-3)


def test_units_that_divide_no_pack_are_refused_by_name(make_catalog) -> None:
    with pytest.raises(InvalidInputError, match="P0@"):
        fitted(make_catalog, ["poisson"], ["9"], [None], unit_resolution=[5], pack_size=[12])


def test_a_unit_is_never_ignored(make_catalog) -> None:
    items = {"demand_law": ["poisson"], "demand_mean": ["9"], "unit_resolution": [5], "pack_size": [5]}
    with pytest.raises(InvalidInputError, match=r'models\.support = "resolution"'):
        fit(make_catalog({"P0": {}}, None, items, period="week"))


def test_parameter_uncertainty_beside_it_is_refused(make_catalog) -> None:
    with pytest.raises(InvalidInputError, match="not in this version"):
        fitted(make_catalog, ["poisson"], ["9"], [None], {"parameter_uncertainty": True})
