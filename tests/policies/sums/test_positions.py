"""Positions of (R,s,S) after a review: equal to the stationary law of the chain written out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from simlab.engine.run import simulate_items
from simlab.engine.world.demand_law import LawKind
from simlab.engine.world.levels import Family
from simlab.engine.world.world import Horizon
from simlab.errors import InvalidInputError
from simlab.policies import plan
from simlab.policies.levels.normal import undershooting
from simlab.policies.sums.positions import averaged_over, renewal_density, renewal_weights

NB, POISSON = (LawKind.NEGATIVE_BINOMIAL, 4.0, 12.0), (LawKind.POISSON, 5.0, 5.0)


def chain(demand: np.ndarray, gap: int, pack: int) -> np.ndarray:
    """Stationary law of the position after a review, s + 1 first, by powers of the transition matrix."""
    states = gap + pack - 1  # s + 1 ... S + pack - 1
    matrix = np.zeros((states, states))
    for at in range(states):
        for units, share in enumerate(demand):
            left = at - units
            if left < 0:  # at or below s: order up to S in whole packs
                left += -(-(gap - 1 - left) // pack) * pack
            matrix[at, left] += share
    return np.linalg.matrix_power(matrix, 1 << 16)[0]


@pytest.mark.parametrize("demand", [[0.5, 0.3, 0.15, 0.05], [0.05, 0.05, 0.9], [0.9, 0.0, 0.0, 0.1]])
@pytest.mark.parametrize("gap", [1, 2, 7, 40])
def test_positions_are_the_stationary_law_of_the_chain(demand, gap) -> None:
    found = renewal_weights(np.array([demand]), np.array([gap]), np.array([1]))[0]
    assert found == pytest.approx(chain(np.array(demand), gap, 1), abs=1e-9)


def test_packs_as_a_uniform_position_are_close_to_the_chain() -> None:
    """After an order the position is a little more often exactly S; lower down that does not matter."""
    demand = stats.nbinom.pmf(np.arange(80), 2, 0.25)
    demand /= demand.sum()
    found = renewal_weights(demand[None, :], np.array([24]), np.array([6]))[0]
    exact = chain(demand, 24, 6)
    assert found[:12] == pytest.approx(exact[:12], rel=0.003)  # near s, where stock runs out
    assert np.abs(found - exact).sum() < 0.06


def test_rows_of_different_lengths_do_not_touch_each_other() -> None:
    rng = np.random.default_rng(1)
    demand = rng.dirichlet(np.ones(6), 5)
    gap, pack = np.array([3, 50, 1, 9, 20]), np.array([1, 1, 4, 2, 1])
    together = renewal_weights(demand, gap, pack)
    for row in range(5):
        n = gap[row] + pack[row] - 1
        alone = renewal_weights(demand[row : row + 1], gap[row : row + 1], pack[row : row + 1])[0]
        assert together[row, :n] == pytest.approx(alone, abs=1e-12)
        assert not together[row, n:].any()


def test_series_and_averages_by_hand() -> None:
    p = np.array([[0.25, 0.5, 0.25]])
    found = renewal_density(p, 5)[0]
    by_hand = [1 / 0.75]
    for j in range(1, 5):
        by_hand.append(sum(p[0, i] * by_hand[j - i] for i in (1, 2) if i <= j) / 0.75)
    assert found == pytest.approx(by_hand, rel=1e-12)
    curve = np.array([[4.0, 2.0, 1.0]])
    assert averaged_over(curve, np.array([[0.5, 0.25, 0.25]]))[0] == pytest.approx([2.75, 1.25, 0.5])


def test_the_gap_is_the_order_quantity_at_every_target(item, make_models) -> None:
    """So that one path serves every target, and reorder points alone carry the service."""
    models = make_models(item(POISSON, order_quantity=17), item(NB, order_cost=40.0, pack=5))
    planned = plan(models, [0.5, 0.9, 0.99], family="reorder_up_to")
    levels = planned.levels
    assert (levels.family == Family.REORDER_UP_TO).all()
    assert levels.shifts().all()
    assert (levels.order_up_to - levels.reorder_point)[0].tolist() == [17] * 3
    assert levels.order_quantity[1, 0] % 5 == 0
    assert (np.diff(levels.reorder_point) > 0).all()
    assert planned.method == ("exact", "exact, packs as a uniform position")
    with pytest.raises(InvalidInputError, match="reorder_up_to has no order quantity"):
        plan(make_models(item(POISSON)), [0.9], family="reorder_up_to")


@pytest.mark.parametrize("target_measure", ["fill_rate", "cycle_service_level"])
def test_without_the_undershoot_targets_would_be_missed(target_measure, item, make_models) -> None:
    """Both formulas know that a review finds the position below s; exact planning hits its target."""
    models = make_models(
        item((LawKind.NEGATIVE_BINOMIAL, 6.0, 18.0), lead={2: 1}, review=4, order_quantity=60)
    )
    horizon = Horizon(periods=4000, warmup=200, replications=40, slots=4, seed=3)
    achieved = {}
    for planning in ("exact", "normal"):
        planned = plan(
            models, [0.9, 0.97], family="reorder_up_to", planning=planning, target_measure=target_measure
        )
        sums = simulate_items(models.world, planned.levels, horizon)
        fill = sums.served.sum(axis=-1)[0] / sums.demanded.sum()
        cycle = (sums.good_receipts.sum(axis=-1) / sums.receipts.sum(axis=-1))[0]
        achieved[planning] = fill if target_measure == "fill_rate" else cycle
    assert (achieved["exact"] >= [0.896, 0.966]).all()
    assert (achieved["exact"] <= [0.92, 0.98]).all()
    assert np.abs(achieved["normal"] - [0.9, 0.97]).max() < 0.035


def test_undershoot_of_a_memoryless_demand_is_one_more_demand(item, make_models) -> None:
    """For exponential demand the excess has the law of the demand; for a constant one it is uniform."""
    models = make_models(
        item((LawKind.GAMMA, 8.0, 64.0), lead={0: 1}, order_quantity=20),
        item((LawKind.NORMAL, 8.0, 0.0), lead={0: 1}, order_quantity=20),
    )
    mean, sd, lot = undershooting(models, np.array([20, 20]))
    assert mean.tolist() == [8.0, 4.0]
    assert sd == pytest.approx([8.0, 8.0 / np.sqrt(12)])
    assert lot.tolist() == [28.0, 24.0]
