"""A rule of the user's own decides orders in simulations of whole studies, and is refused where it cannot."""

from dataclasses import fields

import numpy as np
import pytest
from worlds.study import write_study

import simlab as sl
from simlab.engine.recorder.ledger import ledger
from simlab.errors import EngineFaultError, UsageError

WARM = {"periods = 60": "periods = 60\nwarmup = 30"}
TARGETS = {"A": 0.95, "B": 0.9, "C": 0.85}


def order_up_to(period, position, net, last_demand, s, S, Q):
    return max(S - position, 0)


def half_of_it(period, position, net, last_demand, s, S, Q):
    return (S - position + 1) // 2 if position < S else 0


def negative(period, position, net, last_demand, s, S, Q):
    return -1


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    data = sl.load(write_study(tmp_path_factory.mktemp("own"), **WARM))
    return data, sl.segment(data, by="abc")


def simulated(shop, order, **options):
    data, seg = shop
    policy = sl.Policy.from_targets(seg, fill_rate=TARGETS, order=order)
    return sl.simulate(data, policy, replications=20, **options)


def test_the_built_in_rule_written_out_gives_the_same_units(shop):
    """Same warm-up, levels and streams: every sum of every SKU-location is equal."""
    built_in, own = simulated(shop, None), simulated(shop, order_up_to)
    assert built_in.warmup == own.warmup
    for field in fields(own.curves):
        assert np.array_equal(getattr(own.curves, field.name), getattr(built_in.curves, field.name))
    assert own.planned.method[0] == f"{built_in.planned.method[0]}; ordered by the rule 'order_up_to'"


def test_another_rule_serves_otherwise_and_ties_up_less(shop):
    built_in, own = simulated(shop, None), simulated(shop, half_of_it)
    assert own.fill_rate.value < built_in.fill_rate.value
    assert own.inventory_value.value < built_in.inventory_value.value


def test_workers_and_the_ledger_see_the_same_rule(shop):
    """One thread, several, and a path written down agree to the unit."""
    one, two = simulated(shop, half_of_it, workers=1), simulated(shop, half_of_it, workers=2)
    assert np.array_equal(one.curves.served, two.curves.served)
    world, levels = one.data.models.world, one.planned.levels
    horizon = one.settings.horizon("search", one.warmup)
    paths = [ledger(world, levels, horizon, 0, number).total("served") for number in range(20)]
    assert sum(paths) == one.curves.served[0].sum()
    assert one.item_stock()["end_on_hand"].notna().all()


def test_rules_that_cannot_be_are_refused(shop):
    with pytest.raises(UsageError, match="a function of period"):
        simulated(shop, lambda position: 0)
    with pytest.raises(EngineFaultError, match="no whole number of units"):
        simulated(shop, negative)
    with pytest.raises(UsageError, match="simulate knows them"):
        sl.audit(shop[0], sl.Policy.from_targets(shop[1], fill_rate=TARGETS, order=order_up_to))
