"""No sum wraps: a run that could leave 64 bits, or a counter's range, fails by name before it begins."""

from dataclasses import replace

import numpy as np
import pytest
from worlds.engine import FORECAST, mixed_world, plain, start_of, world_of

from simlab.engine import run
from simlab.engine.kernels.streams import item_keys
from simlab.engine.recorder.cycles import review_cycles
from simlab.engine.recorder.extremes import item_extremes
from simlab.engine.recorder.ledger import ledger
from simlab.engine.recorder.periods import stock_by_period, time_profile
from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import Horizon, LeadTimeLaw, OrderTerms, Start, Unmet, World
from simlab.errors import EngineFaultError, OutOfRangeError

HORIZON = Horizon(periods=1000, warmup=10, replications=64, slots=8, seed=1)


def huge(demand, unmet=Unmet.BACKORDER, lead_periods=(4,), review=1, columns=1):
    """Two items, the second of which demands nothing or `demand` units in a period."""
    zero, one = np.zeros(2, np.int64), np.ones(2, np.int64)
    law = DemandLaw(
        np.full(2, LawKind.EMPIRICAL, np.int8),
        zero + 1.0,
        zero + 1.0,
        np.zeros(2),
        np.array([0, 2]),
        one * 2,
        np.array([0, 2, 0, demand]),
        np.ones(4, np.int64),
    )
    lead = np.array(lead_periods)
    delays = LeadTimeLaw(zero, zero[:1], one[:1] * lead.size, lead, np.ones(lead.size, np.int64), True)
    terms = OrderTerms(one * review, zero, one, zero, zero, np.full(2, unmet, np.int8))
    top = np.array([5, 5 * demand])[:, None] + np.arange(columns)
    levels = Levels(np.full(2, Family.ORDER_UP_TO, np.int8), top - 1, top, top * 0)
    return World(item_keys(["a", "b"], ["W", "W"]), law, delays, terms), levels


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("unmet", [Unmet.BACKORDER, Unmet.LOST])
def test_sums_that_could_wrap_fail_by_name(unmet, columns):
    """Without the proof 2**50 units a period came out as a demand below zero."""
    world, levels = huge(1 << 50, unmet, columns=columns)
    with pytest.raises(OutOfRangeError, match="item 1: its sums of units could leave 64 bits"):
        run.simulate_items(world, levels, HORIZON)


@pytest.mark.parametrize("unmet", [Unmet.BACKORDER, Unmet.LOST])
def test_what_the_proof_lets_through_is_counted_to_the_unit(unmet):
    """The largest demand that passes is that of one unit times itself."""
    large, small = (huge(d, unmet) for d in (1 << 38, 1))
    with pytest.raises(EngineFaultError):
        run.simulate_items(*huge(1 << 40, unmet), HORIZON)
    found, unit = (run.simulate_items(*one, HORIZON) for one in (large, small))
    for measure in ("demanded", "served", "on_hand", "on_hand_start", "on_order", "received", "backorders"):
        got, expected = getattr(found, measure)[1], getattr(unit, measure)[1]
        assert (got == expected << 38).all(), measure


def recorded(world, levels, horizon):
    groups = np.zeros(2, np.int64)
    return {
        "ledger": lambda: run.evaluate("ledger", world, levels, horizon),
        "start": lambda: run.simulate_items(world, levels, horizon, Start(groups, groups)),
        "profile": lambda: time_profile(world, levels, horizon, groups, groups + 1),
        "stock": lambda: stock_by_period(world, levels, horizon, groups, groups + 1, n_groups=1),
        "extremes": lambda: item_extremes(world, levels, horizon),
        "cycles": lambda: review_cycles(world, levels, horizon),
        "trace": lambda: ledger(world, levels, horizon, item=1, replication=0),
        "policy": lambda: run.simulate_items(world, replace(levels, policy=order_to_the_top), horizon),
    }


def order_to_the_top(period, position, net, last_demand, s, S, Q):
    return S - position if position < S else 0


@pytest.mark.parametrize(
    "door", ["ledger", "start", "profile", "stock", "extremes", "cycles", "trace", "policy"]
)
def test_every_way_of_running_is_proved(door):
    with pytest.raises(EngineFaultError, match="could leave 64 bits"):
        recorded(*huge(1 << 55), HORIZON)[door]()


def test_levels_that_move_count_too():
    x = plain()
    world, levels = world_of(x | {"offset": [[0, 1 << 58, 0]]})
    with pytest.raises(EngineFaultError, match="could leave 64 bits"):
        run.simulate_items(world, levels, x["horizon"])
    world, levels = world_of(x | {"forecast": FORECAST})
    steep = replace(levels.forecast, error=levels.forecast.error + 1e12, factor=levels.forecast.factor + 1e5)
    with pytest.raises(EngineFaultError, match="could leave 64 bits"):
        run.simulate_items(world, replace(levels, forecast=steep), x["horizon"])


def test_millionths_count_too():
    """A share of an order is counted in millionths of a unit."""
    world, levels = huge(1 << 42, Unmet.PARTLY)
    world = replace(world, terms=replace(world.terms, waits=np.full(2, 500_000)))
    short = Horizon(periods=5, warmup=0, replications=2, slots=1, seed=1)
    with pytest.raises(EngineFaultError, match="item 1: millionths"):
        run.simulate_items(world, levels, short)


def test_arrivals_that_lanes_cannot_pack_are_refused():
    world, levels = huge(3, lead_periods=(1, 40_000))
    with pytest.raises(EngineFaultError, match="too many orders could arrive"):
        run.evaluate("lanes", world, levels, HORIZON)
    world, levels = huge(3, lead_periods=(1, 40_000), review=7)
    assert run.evaluate("lanes", world, levels, replace(HORIZON, replications=2)).demanded.any()


def a_billion(period, position, net, last_demand, s, S, Q):
    return 2**50 if period == 3 else 0


def test_a_policy_that_orders_beyond_all_bounds_is_stopped():
    world, levels = mixed_world(4)
    with pytest.raises(EngineFaultError, match="in period 3: the policy ordered more units than the sums"):
        run.simulate_items(world, replace(levels, policy=a_billion), HORIZON)


@pytest.mark.parametrize("power", [24, 31, 32, 56, 57])
def test_a_start_that_32_bits_cannot_hold_is_counted_in_64(power):
    """However far beyond: at 2**57 units the bound itself times what it is compared with left 64 bits."""
    short = Horizon(periods=1, warmup=0, replications=1, slots=1, seed=1)
    x = plain() | {"start": (1 << power, 0), "horizon": short}
    world, levels = world_of(x)
    found = run.simulate_items(world, levels, short, start_of(x))
    assert (found.on_hand[0] == (1 << power) - found.demanded[0]).all()


@pytest.mark.parametrize(
    "lots", [{"pack": 3}, {"max_position": 1 << 40}, {"family": Family.REORDER_QUANTITY}]
)
def test_orders_that_floating_point_cannot_divide_are_refused(lots):
    short = Horizon(periods=1, warmup=0, replications=1, slots=1, seed=1)
    far = {"s": [1 << 54] * 3, "S": [(1 << 54) + 1] * 3, "Q": [7] * 3, "horizon": short}
    world, levels = world_of(plain() | far)
    run.simulate_items(world, levels, short)
    world, levels = world_of(plain() | far | lots)
    for evaluator in ("lanes", "ledger"):
        with pytest.raises(OutOfRangeError, match="divided exactly"):
            run.evaluate(evaluator, world, levels, short)


def test_a_policy_may_order_no_more_than_can_be_counted_in_millionths():
    """Half of 37 million million units came on time as 53 thousand million, without a word."""
    x = plain() | {
        "start": (1000, 0),
        "lead_times": [1],
        "lead_weights": [1],
        "R": 1,
        "supplier": {"shared_delay": False, "fails": 0, "recovers": 0, "on_time": 500_000, "rest_delay": 3},
    }
    short = Horizon(periods=3, warmup=0, replications=1, slots=1, seed=7)
    world, levels = world_of(x)

    def at_first(period, position, net, last_demand, s, S, Q):
        return 37_000_000_000_000 if period == 0 else 0

    def less(period, position, net, last_demand, s, S, Q):
        return 2_000_000_000_000 if period == 0 else 0

    with pytest.raises(EngineFaultError, match="in period 0: the policy ordered more units than the sums"):
        run.simulate_items(world, replace(levels, policy=at_first), short, start_of(x))
    found = run.simulate_items(world, replace(levels, policy=less), short, start_of(x))
    assert found.received[0].tolist() == [[1_000_000_000_000]] * 3
