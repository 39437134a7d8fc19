"""A user's own policy runs like the built-in ones, and is refused by name where it breaks a law."""

import math
from dataclasses import replace

import numba
import numpy as np
import pytest
from worlds.engine import mixed_world

from simlab.engine import run
from simlab.engine.recorder import sums as recorded
from simlab.engine.world.levels import Family
from simlab.engine.world.world import Horizon
from simlab.errors import EngineFaultError, UsageError
from simlab.selfcheck import reference
from simlab.testing import check_policy

CALENDAR = np.arange(4)
WEEK = (0, 0, 3, 0, 0, 1, 0)
CALLS, SEEN, COUNT = [0], {}, 0
HORIZON = Horizon(periods=30, warmup=6, replications=4, slots=2, seed=3)
needs_numba = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")


def order_up_to(period, position, net, last_demand, s, S, Q):
    return S - position if position < S else 0


def reorder_up_to(period, position, net, last_demand, s, S, Q):
    return S - position if position <= s else 0


def repeat(period, position, net, last_demand, s, S, Q):
    """What was demanded is ordered again, more on every tenth day."""
    return last_demand + (3 if period % 10 == 0 else 0)


def reading_constants(period, position, net, last_demand, s, S, Q):
    return CALENDAR[period % 4] + WEEK[period % 7] + COUNT


@pytest.mark.parametrize(
    ("policy", "family"),
    [
        (order_up_to, Family.ORDER_UP_TO),
        (reorder_up_to, Family.REORDER_UP_TO),
    ],
)
def test_written_out_the_built_in_rules_give_the_same_units(policy, family):
    world, levels = mixed_world()
    rows = np.flatnonzero(levels.family == family)[:6]
    a = run.simulate_items(world.take(rows), levels.take(rows), HORIZON)
    b = run.simulate_items(world.take(rows), replace(levels.take(rows), policy=policy), HORIZON)
    for measure in reference.MEASURES:
        assert np.array_equal(getattr(a, measure), getattr(b, measure)), measure


@pytest.mark.parametrize("policy", [repeat, order_up_to, reading_constants, numba.njit(repeat)])
def test_sound_policies_pass(policy):
    check_policy(policy)


def negative(period, position, net, last_demand, s, S, Q):
    return S - position


def not_a_number(period, position, net, last_demand, s, S, Q):
    return np.nan if position > 50 else 1.0


def fraction(period, position, net, last_demand, s, S, Q):
    return (S - position) / 2 if position < S else 0.0


@numba.njit
def stateful(period, position, net, last_demand, s, S, Q):
    return np.random.randint(0, 5)


def raising(period, position, net, last_demand, s, S, Q):
    if last_demand > 0:
        raise ValueError("nothing is known of demand")
    return max(S - position, 0)


def dividing(period, position, net, last_demand, s, S, Q):
    return max(S - position, 0) // Q * Q


def reading_beyond(period, position, net, last_demand, s, S, Q):
    return CALENDAR[period]


def logarithm(period, position, net, last_demand, s, S, Q):
    return 1 if math.log(S - position) > 0 else 0


def writing_an_array(period, position, net, last_demand, s, S, Q):
    CALENDAR[0] += 1
    return CALENDAR[0] % 3


def filling_an_array(period, position, net, last_demand, s, S, Q):
    CALENDAR.fill(period)
    return 0


def counting_in_a_list(period, position, net, last_demand, s, S, Q):
    CALLS[0] += 1
    return CALLS[0] % 3


def remembering(period, position, net, last_demand, s, S, Q):
    SEEN[period] = position
    return len(SEEN)


def counting(period, position, net, last_demand, s, S, Q):
    global COUNT
    COUNT += 1
    return COUNT % 3


def counting_on_itself(period, position, net, last_demand, s, S, Q):
    counting_on_itself.calls = period
    return 0


def a_counter():
    calls = 0

    def counting_in_a_closure(period, position, net, last_demand, s, S, Q):
        nonlocal calls
        calls += 1
        return calls

    return counting_in_a_closure


def late(period, position, net, last_demand, s, S, Q):
    return np.nan if period >= 200 else 1.0


def too_few(position, S):
    return S - position


def not_compiled(period, position, net, last_demand, s, S, Q):
    return {"units": object()}


@pytest.mark.parametrize(
    ("policy", "law"),
    [
        (negative, "numbers"),
        (not_a_number, "numbers"),
        (fraction, "numbers"),
        (stateful, "stateless"),
        (raising, r"raises: policy\(.*\) raised ValueError: nothing is known of demand"),
        (dividing, r"raises: policy\(.*, 0\) raised ZeroDivisionError"),
        (reading_beyond, "raises: policy.* raised IndexError"),
        (logarithm, "raises: policy.* raised ValueError"),
        (too_few, "a function of period"),
        (late, r"numbers: policy\(\d{3,}, .* orders nan"),
        pytest.param(not_compiled, "cannot be compiled", marks=needs_numba),
    ],
)
def test_a_broken_law_is_named(policy, law):
    with pytest.raises(UsageError, match=law):
        check_policy(policy)


@needs_numba
@pytest.mark.parametrize(
    ("policy", "what"),
    [
        (writing_an_array, "readonly array"),
        (filling_an_array, "readonly array"),
        (counting_in_a_list, "'CALLS' in globals"),
        (remembering, "'SEEN'"),
        (counting, "'COUNT'"),
        (counting_on_itself, "'calls'"),
        (a_counter(), "'calls'"),
    ],
)
def test_a_policy_that_keeps_state_is_refused_as_such_and_what_it_changes_is_named(policy, what):
    with pytest.raises(
        UsageError, match=rf"^stateless: the policy '{policy.__name__}' keeps state: .*{what}"
    ):
        check_policy(policy)


@needs_numba
def test_what_numba_refuses_is_told_in_a_line():
    with pytest.raises(UsageError, match="cannot be compiled: Untyped global name 'object'") as told:
        check_policy(not_compiled)
    assert len(str(told.value)) < 250


@pytest.mark.parametrize("policy", [negative, not_a_number])
def test_a_run_fails_where_the_policy_orders_nonsense(policy):
    world, levels = mixed_world(4)
    with pytest.raises(EngineFaultError, match=r"replication 0, in period .* whole number"):
        run.simulate_items(world, replace(levels, policy=policy), HORIZON)


@pytest.mark.parametrize(
    ("policy", "period"), [(raising, r"\d+"), (dividing, "0"), (reading_beyond, r"[4-8]")]
)
def test_a_run_fails_where_the_policy_raises(policy, period):
    """Compiled code cannot pass the error on, and an order of 0 instead would falsify every sum."""
    world, levels = mixed_world(4)
    with pytest.raises(EngineFaultError, match=rf"item \d, replication 0, in period {period}: .* raised"):
        run.simulate_items(world, replace(levels, policy=policy), HORIZON)


@needs_numba
def test_policies_leave_the_cache_of_compiled_code_readable():
    """A cache that named a user's function could not be read where that function is unknown."""
    world, levels = mixed_world(3)
    run.simulate_items(world, replace(levels, policy=repeat), HORIZON)
    signatures = [str(signature) for signature in recorded.record_sums.signatures]
    assert not [one for one in signatures if "Dispatcher" in one or "CPUDispatcher" in one]
