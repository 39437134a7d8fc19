"""A breach is named by item, replication and the very period, however late it is noticed."""

from dataclasses import replace

import pytest
from engine_worlds import mixed_world

from simlab.engine import run
from simlab.engine.guards import POSITION_IDENTITY
from simlab.engine.types import Horizon
from simlab.errors import EngineFaultError

HORIZON = Horizon(periods=40, warmup=9, replications=6, slots=2, seed=3)


@pytest.mark.parametrize("period", [0, 1, 17, 47, 48])
@pytest.mark.parametrize("item", [0, 3])
def test_lanes_that_notice_a_breach_at_the_end_name_its_period(monkeypatch, period, item):
    world, levels = mixed_world(4)
    key, honest = world.keys[item], run._run

    def breached(evaluator, world, levels, horizon, dtype):
        sums, faults = honest(evaluator, world, levels, horizon, dtype)
        total = horizon.warmup + horizon.periods
        last = horizon.first_replication + horizon.replications
        if total > period and horizon.first_replication <= 5 < last:
            faults[world.keys == key] = POSITION_IDENTITY, 5, total
        return sums, faults

    monkeypatch.setattr(run, "_run", breached)
    with pytest.raises(EngineFaultError, match=f"item {item}, replication 5, in period {period}: position"):
        run.simulate_items(world, levels, HORIZON)


@pytest.mark.parametrize("needs", ["neighbours", "narrow lanes"])
def test_a_breach_that_needs_its_neighbours_or_its_lanes_is_named_by_period_too(monkeypatch, needs):
    world, levels = mixed_world(4)
    honest = run._run

    def breached(evaluator, world, levels, horizon, dtype):
        sums, faults = honest(evaluator, world, levels, horizon, dtype)
        here = horizon.replications > 1 if needs == "neighbours" else dtype.itemsize == 4
        if here and horizon.warmup + horizon.periods > 31:
            faults[0] = POSITION_IDENTITY, 2, horizon.warmup + horizon.periods
        return sums, faults

    monkeypatch.setattr(run, "_run", breached)
    with pytest.raises(EngineFaultError, match="item 0, replication 2, in period 31: position"):
        run.simulate_items(world, levels, HORIZON)


def test_a_breach_that_does_not_come_again_keeps_the_period_by_which_it_was_noticed(monkeypatch):
    """As a fault of the machine would: the same bits, run again, show nothing."""
    world, levels = mixed_world(4)
    honest, calls = run._run, []

    def once(evaluator, world, levels, horizon, dtype):
        sums, faults = honest(evaluator, world, levels, horizon, dtype)
        if not calls:
            faults[0] = POSITION_IDENTITY, 2, 49
        calls.append(1)
        return sums, faults

    monkeypatch.setattr(run, "_run", once)
    with pytest.raises(EngineFaultError, match="replication 2, by period 49"):
        run.simulate_items(world, levels, replace(HORIZON, seed=4))
