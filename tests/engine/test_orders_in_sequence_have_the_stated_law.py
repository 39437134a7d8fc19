"""Orders that keep their sequence have the lead times that are stated, however often they are placed.

Right values: the law itself. Orders that keep their sequence and are placed every T periods can have a law G
exactly if G(a) / G(a + T) rises with a, for then that is a law to draw from before holding orders back.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from worlds.engine import one_law

from simlab.engine.kernels.streams import item_keys
from simlab.engine.prepare.sequence import effective_law, unfolded
from simlab.engine.recorder.ledger import ledger
from simlab.engine.run import simulate_items
from simlab.engine.world.demand_law import LawKind
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import Horizon, LeadTimeLaw, OrderTerms, Unmet, World

UNIFORM = dict.fromkeys(range(7, 22), 1)
GAPS = {5: 2, 6: 4, 7: 3, 9: 2, 14: 1, 21: 1}
TWO = {2: 1, 20: 1}


def world_of(law, mean, review=1, unmet=Unmet.BACKORDER, pack=1):
    def one(value, kind=np.int64):
        return np.array([value], kind)

    demand = one_law(LawKind.POISSON, mean, mean, [], [])
    periods = np.array(sorted(law))
    weights = np.array([law[period] for period in sorted(law)])
    lead = LeadTimeLaw(one(0), one(0), one(periods.size), periods, weights, crossing=False)
    terms = OrderTerms(one(review), one(0), one(pack), one(0), one(0), one(unmet, np.int8))
    return World(item_keys(["a"], ["b"]), demand, lead, terms)


def levels_of(family, s, S):
    table = (np.array([[value]]) for value in (s, S, S - s))
    return Levels(np.array([family], np.int8), *table)


def moments(law):
    periods, weights = np.array(list(law)), np.array(list(law.values()))
    mean = periods @ weights / weights.sum()
    return mean, np.sqrt((periods - mean) ** 2 @ weights / weights.sum())


def mean_lead_time(law, mean, family, s, S, review=1, **options):
    """Units on order ÷ units ordered (Little), before demand is counted: at the count an order of L is there
    for L periods."""
    world = world_of(law, mean, review, **options)
    curves = simulate_items(world, levels_of(family, s, S), Horizon(4000, 400, 64, 16, 5))
    return float(curves.on_order.sum() / curves.ordered.sum())


UP_TO, LOTS, S_S = Family.ORDER_UP_TO, Family.REORDER_QUANTITY, Family.REORDER_UP_TO

RHYTHMS = {
    "uniform, every day": (UNIFORM, 5.0, UP_TO, 89, 90, 1),
    "uniform, now and then": (UNIFORM, 0.15, UP_TO, 3, 4, 1),
    "uniform, weekly": (UNIFORM, 0.15, UP_TO, 4, 5, 7),
    "uniform, lots": (UNIFORM, 2.0, LOTS, 30, 60, 1),
    "uniform, (s,S)": (UNIFORM, 2.0, S_S, 30, 35, 1),
    "two, 80 days apart": (TWO, 0.5, LOTS, 8, 48, 1),
    "two, 50 days apart": (TWO, 2.0, LOTS, 30, 130, 1),
    "two, now and then": (TWO, 0.05, UP_TO, 3, 4, 1),
    "two, every day": (TWO, 5.0, UP_TO, 89, 90, 1),
    "gaps, every day": (GAPS, 5.0, UP_TO, 59, 60, 1),
    "gaps, now and then": (GAPS, 0.2, UP_TO, 3, 4, 1),
    "gaps, lots a week apart": (GAPS, 2.0, LOTS, 20, 34, 1),
}


@pytest.mark.parametrize("name", RHYTHMS)
def test_an_order_takes_as_long_as_the_law_says_however_rare_orders_are(name: str) -> None:
    """Within 1 % (1.5 % where no sequence so close can have the law) and 4 standard errors of the draws."""
    law, mean, family, s, S, review = RHYTHMS[name]
    stated, sd = moments(law)
    orders = 4000 * 64 * mean / max(S - s, mean * review, 1)
    noise = 4 * sd / np.sqrt(orders / max(1, stated * mean / max(S - s, 1)))
    share = 0.015 if name in ("two, now and then", "gaps, now and then") else 0.01
    found = mean_lead_time(law, mean, family, s, S, review)
    assert found == pytest.approx(stated, abs=share * stated + noise)


def test_lost_sales_and_the_ledger_know_the_sequence_too() -> None:
    """Lanes: the mean again. Ledger: orders of one path arrive in the order they were placed."""
    stated, _ = moments(TWO)
    found = mean_lead_time(TWO, 1.0, LOTS, 8, 58, unmet=Unmet.LOST)
    assert found == pytest.approx(stated, rel=0.02)
    world, levels = world_of(TWO, 3.0), levels_of(UP_TO, 59, 60)
    path = ledger(world, levels, Horizon(2000, 0, 1, 1, 3), 0, 0).orders
    assert (np.diff(path["arrival"]) >= 0).all()
    assert (path["arrival"] - path["placed"]).max() == 20
    assert path["placed"].size > 1800


def test_what_is_drawn_is_the_quotient_of_the_law_with_itself_a_review_later() -> None:
    """In whole numbers: thresholds ⌊2³²·G(a) ÷ G(a + R)⌋, and no table by the order ahead."""
    for review in (1, 3, 7):
        found = unfolded(np.array(list(UNIFORM)), np.array(list(UNIFORM.values())), review)
        until = [Fraction(min(max(a - 6, 0), 15), 15) for a in range(60)]
        wanted = [int(until[a] / until[a + review] * 2**32) for a in range(7, 22)]
        table = np.full(22, -1)
        table[found.periods] = found.thresholds
        table[found.periods[-1]] = 2**32
        assert found.reviews == 0
        kept = [table[a] for a in range(7, 22) if table[a] >= 0]
        assert kept == [x for x, before in zip(wanted, [0, *wanted], strict=False) if x > before]


def test_orders_further_apart_than_the_law_spreads_draw_from_the_law_itself() -> None:
    found = unfolded(np.array([2, 20]), np.array([1, 1]), 18)
    assert found.reviews == 0
    assert found.periods.tolist() == [2, 20]
    assert found.thresholds.tolist() == [2**31, 2**32 - 1]
    near = unfolded(np.array([2, 20]), np.array([1, 1]), 6)
    assert (near.reviews, near.tables.shape) == (2, (5, 19))
    assert near.tables[-1].tolist() == [2**31] * 18 + [2**32 - 1]


@pytest.mark.parametrize("law", [TWO, GAPS, {1: 1, 4: 2, 8: 1}, {4: 5, 5: 8, 6: 4, 8: 1, 40: 1}])
@pytest.mark.parametrize("review", [1, 2, 7])
def test_the_mean_is_kept_where_no_sequence_can_have_the_law(law: dict[int, int], review: int) -> None:
    """Orders at every review, by the product of the chances that the older ones have arrived."""
    periods, weights = np.array(sorted(law)), np.array([law[period] for period in sorted(law)])
    for apart in (1, 2, 5, 100):
        shares = effective_law(periods, weights, review, apart)
        assert shares.sum() == pytest.approx(1)
        assert (shares >= -1e-12).all()
        assert shares @ np.arange(shares.size) == pytest.approx(moments(law)[0], rel=1e-5)
    np.testing.assert_allclose(shares[periods], weights / weights.sum())
