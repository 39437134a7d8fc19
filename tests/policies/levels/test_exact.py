"""Exact planning: published and renewal values, a slow convolution, and laws of monotonicity."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlab.engine.world.demand_law import LawKind
from simlab.policies import plan
from simlab.policies.levels.exact import service_curve
from simlab.policies.problems import service_problems

POISSON, NB, GEOMETRIC = LawKind.POISSON, LawKind.NEGATIVE_BINOMIAL, LawKind.GEOMETRIC
PMF = {0: 50, 1: 30, 2: 15, 6: 5}

# demand, lead time, R, S, fill rate, cycle service level: exact values from renewal and convolution
# results; "Snyder & Shen" is problem 4.19 of Fundamentals of Supply Chain Theory, 2nd ed.
BASE_STOCK = {
    "poisson": ((POISSON, 5, 5), {2: 1}, 1, 18, 0.8991619049686053, 0.8182958207908472),
    "slow": ((POISSON, 0.4, 0.4), {4: 1}, 1, 4, 0.8905786443558873, 0.8884423781633954),
    "nb": ((NB, 4, 12), {3: 1}, 1, 26, 0.9253059319521639, 0.9151477959752544),
    "no lead time": ((POISSON, 3, 3), {0: 1}, 1, 5, 0.9551264812426306, 0.9116851189478564),
    "R > L": ((POISSON, 2, 2), {1: 1}, 4, 13, 0.9596909129523176, 0.8644189402505827),
    "empirical": (PMF, {10: 1}, 7, 20, 0.8845009778530923, 0.8229924586314113),
    "geometric": ((GEOMETRIC, 5, 30), {2: 1}, 1, 24, 0.8322784638345144, 0.8322784638337141),
    "Snyder & Shen": ((POISSON, 18, 18), {4: 1}, 1, 105, 0.9856048514326361, 0.9459881399839549),
    "random": ((POISSON, 1.2, 1.2), {5: 3, 8: 5, 11: 2}, 7, 22, 0.9337171159270217, 0.8389104465134115),
}
CROSSING = {
    "uniform": ((POISSON, 4, 4), {1: 1, 2: 1, 3: 1, 4: 1, 5: 1}, 1, 20, 0.848341000372079),
    "at once": ((POISSON, 6, 6), {0: 1, 3: 1}, 1, 20, 0.8682845193637064),
}


def curve(models, measure: str, quantity: int = 0) -> np.ndarray:
    problems, _ = service_problems(models, np.full(models.n_items, quantity), measure)
    return service_curve(problems, measure, 0)


@pytest.mark.parametrize("case", BASE_STOCK)
def test_order_up_to_equals_the_exact_case(case: str, item, make_models) -> None:
    demand, lead, review, level, fill, service = BASE_STOCK[case]
    models = make_models(item(demand, lead, review))
    assert curve(models, "fill_rate")[level] == pytest.approx(fill, abs=2e-11)
    assert curve(models, "cycle_service_level")[level] == pytest.approx(service, abs=1e-9)


@pytest.mark.parametrize("case", CROSSING)
def test_crossing_orders_equal_the_exact_case(case: str, item, make_models) -> None:
    demand, lead, review, level, fill = CROSSING[case]
    models = make_models(item(demand, lead, review), crossing=True)
    assert curve(models, "fill_rate")[level] == pytest.approx(fill, abs=1e-11)


def test_reorder_quantity_equals_the_exact_case(item, make_models) -> None:
    models = make_models(item((POISSON, 5, 5), {3: 1}, 1))
    assert curve(models, "fill_rate", 10)[18 + 1] == pytest.approx(0.8496452939560042, abs=1e-11)
    assert curve(models, "cycle_service_level", 10)[18 + 1] == pytest.approx(0.6053766628642071, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(
    demand=st.one_of(
        st.dictionaries(st.integers(1, 12), st.integers(1, 9), min_size=1, max_size=5),
        st.floats(0.1, 6).map(lambda mean: (POISSON, mean, mean)),
        st.floats(0.2, 6).map(lambda mean: (NB, mean, 2.5 * mean)),
    ),
    lead=st.dictionaries(st.integers(0, 6), st.integers(1, 5), min_size=1, max_size=3),
    review=st.integers(1, 3),
    level=st.integers(0, 40),
    cross=st.booleans(),
)
def test_transforms_equal_a_slow_convolution(
    demand, lead, review, level, cross, item, make_models, slow_service
) -> None:
    one = item(dict(sorted(demand.items())) if isinstance(demand, dict) else demand, lead, review)
    one.lead = dict(sorted(lead.items()))
    models = make_models(one, crossing=cross)
    problems, _ = service_problems(models, np.zeros(1, np.int64), "fill_rate")
    fill, service = slow_service(one, problems.protection[0], level)
    assert curve(models, "fill_rate")[level] == pytest.approx(fill, abs=1e-8)
    assert curve(models, "cycle_service_level")[level] == pytest.approx(service, abs=1e-8)


@settings(max_examples=40, deadline=None)
@given(
    mean=st.floats(0.05, 50),
    ratio=st.floats(1.0, 8.0),
    targets=st.lists(st.floats(0.05, 0.999), min_size=2, max_size=6),
    measure=st.sampled_from(["fill_rate", "cycle_service_level"]),
    planning=st.sampled_from(["exact", "normal"]),
    family=st.sampled_from(["order_up_to", "reorder_quantity"]),
)
def test_a_higher_target_never_gets_a_lower_level(
    mean, ratio, targets, measure, planning, family, item, make_models
) -> None:
    models = make_models(item((NB if ratio > 1 else POISSON, mean, ratio * mean), {1: 1, 4: 2}, 2, 3, 10))
    models.costs.order_quantity[:] = 12
    found = plan(models, sorted(targets), family=family, target_measure=measure, planning=planning)
    assert (np.diff(found.levels.reorder_point) >= 0).all()
    assert found.levels.shifts().all()


def test_the_level_is_the_smallest_that_reaches_the_target(item, make_models) -> None:
    models = make_models(item((NB, 4, 12), {2: 1, 5: 1}, 1))
    targets = np.array([0.5, 0.9, 0.99, 0.999])
    for measure in ("fill_rate", "cycle_service_level"):
        levels = plan(models, targets, target_measure=measure).levels.order_up_to[0]
        service = curve(models, measure)
        assert (service[levels] >= targets - 1e-10).all()
        assert (service[levels - 1] < targets).all()


def test_levels_do_not_depend_on_who_is_planned_together(item, make_models) -> None:
    items = [item((NB, 1.5 * k, 6.0 * k), {k % 4: 1, k % 4 + 2: 1}, 1 + k % 2) for k in range(1, 12)]
    items += [item(PMF, {3: 1}, 2), item((POISSON, 900, 900), {30: 1}, 7)]
    together = plan(make_models(*items), [0.6, 0.95, 0.999]).levels.order_up_to
    alone = [plan(make_models(one), [0.6, 0.95, 0.999]).levels.order_up_to[0] for one in items]
    np.testing.assert_array_equal(together, np.array(alone))


def test_wide_demand_is_planned_on_a_coarser_lattice_close_to_the_fine_one(item, make_models) -> None:
    """Demand in lots of 100 has 100 times the level of demand in units, give or take a step."""
    unit = {0: 40, 20: 30, 90: 20, 400: 5}
    fine = plan(make_models(item(unit, {4: 1}, 1)), [0.5, 0.9, 0.99]).levels.order_up_to[0]
    lots = {100 * value: weight for value, weight in unit.items()}
    coarse = plan(make_models(item(lots, {4: 1}, 1)), [0.5, 0.9, 0.99])
    assert "coarser" in coarse.method[0]
    np.testing.assert_allclose(coarse.levels.order_up_to[0] / 100, fine, rtol=0.01, atol=1)


def test_nothing_demanded_needs_nothing(item, make_models) -> None:
    models = make_models(item({0: 10}, {4: 1}, 1, order_quantity=5))
    found = plan(models, [0.9])
    assert found.levels.order_up_to[0, 0] == 0
    assert found.method == ("no demand",)
    assert found.safety_stock[0, 0] == 0
    assert plan(models, [0.9], family="reorder_quantity").levels.reorder_point[0, 0] == -1


def test_threads_change_no_level(item, make_models) -> None:
    """Laws of other widths fall into other blocks, which two threads take in turn."""
    made = [item((NB, mean, 3 * mean), {lead: 1}) for mean in (0.2, 4, 90) for lead in (1, 9)]
    models = make_models(*made)
    alone = plan(models, [0.8, 0.95, 0.99])
    together = plan(models, [0.8, 0.95, 0.99], threads=2)
    assert np.array_equal(alone.levels.order_up_to, together.levels.order_up_to)
    assert np.array_equal(alone.safety_stock, together.safety_stock)
