"""Demand and service of a plan in units, value, margin and items: added up as a person would."""

from dataclasses import replace

import numpy as np
from worlds.small import HORIZON, small_levels, small_world

from simlab.execution import Account, PlanRequest, Weights, Workers, run_curves, run_plans
from simlab.execution.sums import ONE_ITEM, item_weights

_NO = np.zeros(7, dtype=np.int64)
COST, MARGIN = np.arange(3, 10), np.array([4, -2, 0, 7, 1, 3, 5])
CHOICE = np.array([[0, 3], [1, 3], [2, 3], [3, 0], [0, 1], [1, 2], [2, 2]], dtype=np.int16)
CELL = np.arange(7) % 2


def _by_hand(weights):
    world = small_world()
    levels = small_levels(world)
    curves = run_curves(
        world,
        levels,
        replace(HORIZON, slots=HORIZON.replications),
        by_slot=("demanded", "served", "on_hand", "on_hand_start"),
    )
    sums = run_plans(world, levels, [PlanRequest(CHOICE, CELL, 2, False)], weights, HORIZON)[0]
    return curves, sums


def _added(curves, unit, plan, cell, name):
    total = np.zeros(HORIZON.replications, dtype=np.int64)
    for item in range(7):
        if CELL[item] == cell:
            one = curves.demanded[item] if name == "demanded" else curves.served[item, CHOICE[item, plan]]
            total += int(unit[item]) * one
    return total


def test_each_sum_is_that_of_its_items_times_their_weight_and_negative_margins_count_in_money_alone():
    curves, sums = _by_hand(Weights(COST, COST * 2, None, MARGIN))
    demand = curves.demanded.sum(axis=1)
    each = np.array([round(ONE_ITEM / int(units)) for units in demand])
    assert np.array_equal(item_weights(curves.demanded), each)
    kept = np.maximum(MARGIN, 0)
    for plan in range(2):
        for cell in range(2):
            for end, unit in (("", _NO + 1), ("_value", COST), ("_margin", kept), ("_items", each)):
                for name in ("demanded", "served"):
                    ours = getattr(sums, f"{name}{end}")[plan, cell]
                    assert np.array_equal(ours, _added(curves, unit, plan, cell, name)), (name, end)
            late = _added(curves, MARGIN, plan, cell, "demanded") - _added(
                curves, MARGIN, plan, cell, "served"
            )
            assert np.array_equal(sums.lost_margin[plan, cell], late)


def test_items_count_the_same_whatever_they_sell():
    curves, sums = _by_hand(Weights(COST, COST * 2))
    fill = sums.served_items[1].sum() / sums.demanded_items[1].sum()
    own = [curves.served[item, CHOICE[item, 1]].sum() / curves.demanded[item].sum() for item in range(7)]
    assert abs(fill - np.mean(own)) < 1e-9
    assert not sums.demanded_margin.any()  # no prices


def test_a_study_that_counts_a_weight_reads_the_sums_that_are_there_already():
    ones, workers = _NO + 1, Workers(1, 3)
    world = small_world()
    levels, request = small_levels(world), PlanRequest(CHOICE, CELL, 2, False)
    for weight, unit in (("value", COST), ("margin", np.maximum(MARGIN, 0)), ("units", ones)):
        for stock in (COST, COST * 2):
            known = Account(stock, _NO, _NO, "fill_rate", unit, 30, weight)
            weights = Weights(COST, COST * 2, known, MARGIN)
            unnamed = replace(weights, account=replace(known, weight="", order=_NO, short=_NO))
            a, b = (
                run_plans(world, levels, [request], one, HORIZON, workers=workers)[0]
                for one in (weights, unnamed)
            )
            for name in ("cost", "good", "asked"):
                assert np.array_equal(getattr(a, name), getattr(b, name)), (weight, name)
