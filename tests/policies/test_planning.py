"""From targets to levels: textbook formula, packs, order quantities, today's levels, policies."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.engine.world.demand_law import LawKind
from simlab.engine.world.levels import Family
from simlab.errors import InvalidInputError, UsageError
from simlab.policies import Policy, current_levels, order_quantities, plan
from simlab.policies.levels.normal import inverse_loss, loss

POISSON, NB = LawKind.POISSON, LawKind.NEGATIVE_BINOMIAL
NONE = float("nan")


def test_the_textbook_formula_for_cycle_service(item, make_models) -> None:
    """mean 100, sd 30, R = 1, L = 3: 400 + 1.6449 · 60 = 498.7 → 499."""
    models = make_models(item((NB, 100, 900), {3: 1}, 1))
    found = plan(models, [0.95], target_measure="cycle_service_level", planning="normal")
    assert found.levels.order_up_to[0, 0] == 499
    assert found.safety_stock[0, 0] == pytest.approx(99)
    assert found.method == ("normal",)


def test_the_textbook_formula_counts_the_variance_of_the_lead_time(item, make_models) -> None:
    """L is 2 or 4: σ² = 4 · 900 + 100² · 1, 400 + 1.6449 · 116.6 = 591.8 → 592."""
    models = make_models(item((NB, 100, 900), {2: 1, 4: 1}, 1))
    found = plan(models, [0.95], target_measure="cycle_service_level", planning="normal")
    assert found.levels.order_up_to[0, 0] == 592


def test_the_textbook_formula_for_fill_rates(item, make_models) -> None:
    """G(z) = 0.05 · 100 / 60 = 0.0833 → z = 0.998 (loss table), 400 + 59.9 → 460."""
    models = make_models(item((NB, 100, 900), {3: 1}, 1, order_quantity=300))
    assert plan(models, [0.95], planning="normal").levels.order_up_to[0, 0] == 460
    lot = plan(models, [0.95], planning="normal", family="reorder_quantity").levels.reorder_point
    assert lot[0, 0] == int(np.ceil(400 + 60 * inverse_loss(np.array([0.05 * 300 / 60]))[0]))


def test_the_loss_function_is_inverted_over_its_range() -> None:
    z = np.array([-30.0, -3.0, 0.0, 0.5, 3.0, 6.0])
    np.testing.assert_allclose(inverse_loss(loss(z)), z, atol=1e-8)
    assert loss(np.array([0.0]))[0] == pytest.approx(0.3989422804)


def test_order_up_to_levels_are_written_as_the_engine_wants_them(item, make_models) -> None:
    levels = plan(make_models(item(), item()), [0.9, 0.95]).levels
    assert (levels.family == Family.ORDER_UP_TO).all()
    assert (levels.reorder_point == levels.order_up_to - 1).all()
    assert not levels.order_quantity.any()


def test_packs_lower_the_level_because_orders_overshoot(item, make_models) -> None:
    single, packed = item((POISSON, 5, 5), {2: 1}, 1), item((POISSON, 5, 5), {2: 1}, 1, pack=12)
    bulky = item((POISSON, 5, 5), {2: 1}, 1, moq=24)
    slight = item((POISSON, 5, 5), {2: 1}, 4, moq=10)
    found = plan(make_models(single, packed, bulky, slight), [0.95])
    top = found.levels.order_up_to[:, 0]
    assert top[2] < top[1] < top[0]
    assert found.method == (
        "exact",
        "exact, packs as a uniform position",
        "exact, smallest order as a uniform position",
        "exact, smallest order left out (below the mean of a review period)",
    )


def test_crossing_with_fixed_quantities_is_named(item, make_models) -> None:
    random = {"lead": {1: 1, 4: 1}}
    items = item(**random, order_quantity=40), item(**random, order_quantity=12), item(order_quantity=40)
    models = make_models(*items, crossing=True)
    methods = plan(models, [0.95], family="reorder_quantity").method
    assert methods == (
        "exact, crossing orders as independent lead times",
        "exact, crossing orders as if every review ordered",
        "exact",
    )


def test_targets_per_item_and_for_all_give_the_same(item, make_models) -> None:
    models = make_models(item(), item((NB, 3, 9)))
    every = plan(models, [0.8, 0.9]).levels.order_up_to
    each = plan(models, np.array([[0.8, 0.9], [0.8, 0.9]])).levels.order_up_to
    np.testing.assert_array_equal(every, each)


@pytest.mark.parametrize("targets", [[0.0], [1.0], [95.0], [float("nan")], [[0.9]] * 3])
def test_targets_that_are_no_fractions_are_refused(targets, item, make_models) -> None:
    with pytest.raises(UsageError):
        plan(make_models(item()), targets)


@pytest.mark.parametrize("word", ["family", "target_measure", "planning"])
def test_unknown_words_are_refused(word: str, item, make_models) -> None:
    with pytest.raises(UsageError, match="not in this version"):
        plan(make_models(item()), [0.9], **{word: "magic"})


def test_order_quantities_are_given_or_economic_in_whole_packs(item, make_models) -> None:
    """√(2 · 25 · 260.7 / 2) = 80.7: 7 packs of 12; a smallest order of 100 needs 9."""
    models = make_models(
        item(order_quantity=50),
        item(order_quantity=50, pack=12),
        item(order_cost=25.0, pack=12),
        item(order_cost=25.0, pack=12, moq=100),
    )
    models.costs.holding[:] = 2_000_000
    assert order_quantities(models).tolist() == [50, 48, 84, 108]


def test_without_an_order_quantity_the_items_are_named(item, make_models) -> None:
    with pytest.raises(InvalidInputError, match=r"P1@EAST"):
        plan(make_models(item(order_quantity=5), item()), [0.9], family="reorder_quantity")


def test_todays_levels(item, make_models) -> None:
    models = make_models(item(current=(NONE, 30, NONE)), item(current=(10, NONE, 25)), item())
    levels, known = current_levels(models)
    assert known.tolist() == [True, True, False]
    assert levels.family.tolist()[:2] == [Family.ORDER_UP_TO, Family.REORDER_QUANTITY]
    assert levels.order_up_to[:2, 0].tolist() == [30, 35]
    assert levels.reorder_point[:2, 0].tolist() == [29, 10]
    assert levels.order_quantity[:2, 0].tolist() == [0, 25]


@pytest.mark.parametrize("current", [(30, 30, NONE), (10, NONE, NONE), (10, 30, 5), (NONE, 30.5, NONE)])
def test_other_combinations_of_todays_levels_are_refused(current, item, make_models) -> None:
    with pytest.raises(InvalidInputError, match=r"P0@EAST"):
        current_levels(make_models(item(current=current)))


class Segments:
    """Stands for a segmentation: the mapping in the order of its names."""

    def resolve(self, mapping, what):
        return tuple(mapping[name] for name in "AB")


def test_a_policy_carries_targets_per_segment() -> None:
    policy = Policy.from_targets(Segments(), fill_rate={"A": 0.98, "B": 0.9})
    assert policy.targets == (0.98, 0.9)
    assert policy.target_measure == "fill_rate"
    with pytest.raises(InvalidInputError, match=r"0\.95"):
        Policy.from_targets(Segments(), fill_rate={"A": 95, "B": 0.9})
    with pytest.raises(UsageError):
        Policy.from_targets(Segments())
    with pytest.raises(UsageError, match="fill_rate names targets by segment"):
        Policy.from_targets(Segments(), fill_rate=0.9)  # ended in an AttributeError
    with pytest.raises(UsageError):
        Policy(family="magic")
