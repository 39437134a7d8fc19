"""Replays that begin with the stock and the orders that were really there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from simlab.api.data.data import load_frames
from simlab.api.data.replay import replay_plan
from simlab.api.simulator.before import past_of
from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import LeadTimeLaw, OrderTerms, World
from simlab.models import HeldOut, split, stock_at_cut
from simlab.models.backtest.at_cut import AtCut
from simlab.segments.assign import assign
from simlab.study import Study
from simlab.verdict.replay.replay import replay

START = np.datetime64("2022-01-03")
NONE = np.zeros(0, np.int64)


def world(n=3, lead=((2, 1),), crossing=False, unmet=0, pack=1, mean=4.0) -> World:
    whole = np.zeros(n, np.int64)
    periods = np.array([p for p, _ in lead])
    weights = np.array([w for _, w in lead])
    law = DemandLaw(
        np.full(n, LawKind.POISSON, np.int8), np.full(n, mean), np.full(n, mean), np.zeros(n), whole, whole,
        whole[:0], whole[:0],
    )  # fmt: skip
    times = LeadTimeLaw(whole, np.array([0]), np.array([periods.size]), periods, weights, crossing)
    terms = OrderTerms(whole + 1, whole, whole + pack, whole, whole, np.full(n, unmet, np.int8))
    return World(np.arange(1, n + 1).astype(np.uint64), law, times, terms)


def base_stock(level, n=3) -> Levels:
    up_to = np.full((n, 1), level)
    return Levels(np.full(n, Family.ORDER_UP_TO, np.int8), up_to - 1, up_to, up_to * 0)


def held(quantity) -> HeldOut:
    table = np.atleast_2d(quantity)
    days = np.datetime64("2024-01-01") + 7 * np.arange(table.shape[1])
    return HeldOut(table, np.ones(table.shape[1], bool), days)


def test_an_item_begins_with_its_recorded_stock_and_orders() -> None:
    """Level 5, 100 on the shelf: nothing is ordered until it is used up; 7 units on order come in week 4."""
    real = np.full((3, 30), 3)
    stock = np.array([100.0, np.nan, 5.0])
    opening = AtCut(stock, stock * 0 + 3, np.array([0]), np.array([4]), np.array([7]))
    found = replay(world(lead=((1, 1),)), base_stock(5), held(real), paths=4, seed=1, opening=opening)
    plain = replay(world(lead=((1, 1),)), base_stock(5), held(real), paths=4, seed=1)
    assert (found.demanded == plain.demanded).all()
    np.testing.assert_array_equal(found.served[1:], plain.served[1:])
    assert (found.served[0] == found.demanded[0]).all()
    shelf, twice = 100, []
    for week in range(30):
        before = shelf + (7 if week == 4 else 0)
        shelf = before - 3
        twice.append(before + shelf)
    assert found.on_hand[0].tolist() == [sum(twice[2:])] * 4


def test_orders_that_never_came_stay_in_the_position() -> None:
    real = np.full((3, 12), 2)
    stock = np.zeros(3)
    late = AtCut(stock, stock, np.array([0, 1, 2]), np.array([12, 12, 12]), np.array([50, 0, 0]))
    found = replay(world(lead=((0, 1),)), base_stock(6), held(real), paths=2, seed=1, opening=late)
    assert found.served[0].tolist() == [0, 0]
    assert (found.served[1] == found.demanded[1]).all()


def test_lost_sales_do_not_begin_with_a_debt() -> None:
    stock = np.full(3, -20.0)
    opening = AtCut(stock, stock, NONE, NONE, NONE)
    real = held(np.full((3, 12), 2))
    lost = replay(world(lead=((1, 1),), unmet=1), base_stock(6), real, paths=2, seed=1, opening=opening)
    assert (lost.served == lost.demanded).all()


def data(on_hand=True, receipts=None, **options):
    rng = np.random.default_rng(2)
    weeks = 60
    items = pd.DataFrame(
        {"sku": ["A", "B"], "location": "X", "unit_cost": 2.0, "supplier": "S", "lead_time": 14.0}
    )
    demand = pd.DataFrame(
        {
            "sku": np.repeat(["A", "B"], weeks),
            "location": "X",
            "date": np.tile((START + 7 * np.arange(weeks)).astype(str), 2),
            "quantity": rng.poisson(6, 2 * weeks),
        }
    )
    if on_hand:
        demand["on_hand"] = np.r_[np.arange(weeks), [9] * 30, [None] * 30]
    study = Study.default(
        lead_times={"crossing": False}, replay={"holdout": 12}, segments={"by": ["all"]}, **options
    )
    return load_frames(items, demand, receipts, study=study)


def test_the_record_before_the_cut_and_orders_under_way_are_found() -> None:
    arrived = pd.DataFrame(
        {
            "supplier": "S",
            "sku": ["A", "A", "A", "B"],
            "location": "X",
            "order_date": [str(START + 7 * week) for week in (30, 46, 50, 47)],
            "receipt_date": [str(START + 7 * week) for week in (33, 51, 53, 59)],
            "quantity": [1, 20, 30, 40],
        }
    )
    found = data(receipts=arrived)
    _, out = split(found.catalog, 12)
    opening = stock_at_cut(found.catalog, out)
    assert opening.on_hand.tolist() == [47.0, 9.0]
    assert opening.age_days.tolist() == [7.0, 7.0 * (48 - 29)]
    assert (opening.item.tolist(), opening.arrival.tolist(), opening.quantity.tolist()) == (
        [0, 1],
        [3, 11],
        [20, 40],
    )
    assert stock_at_cut(data(on_hand=False).catalog, out) is None


def test_the_replay_says_where_it_begins() -> None:
    levels = Levels(np.zeros(2, np.int8) + Family.ORDER_UP_TO, *(np.full((2, 1), x) for x in (29, 30, 0)))
    for on_hand, said in ((True, "stock recorded at the cut for 2 of 2"), (False, "No stock record")):
        found = past_of(data(on_hand), 12)
        segments = assign(found.catalog, found.models, ("all",), found.study.segments)
        words = " ".join(replay_plan(found, segments, levels, 0.95).statements)
        assert said in words
        assert "sales, not demand" in words
    said = replay_plan(past_of(data(), 12), segments, levels, 0.95).statements
    assert "older than a period" in " ".join(said)


def test_a_stock_far_above_the_level_shows_in_the_replayed_value() -> None:
    levels = Levels(np.zeros(2, np.int8) + Family.ORDER_UP_TO, *(np.full((2, 1), x) for x in (29, 30, 0)))
    found, plain = past_of(data(), 12), past_of(data(False), 12)
    segments = assign(found.catalog, found.models, ("all",), found.study.segments)
    values = [
        replay_plan(one, segments, levels, 0.95).replay["inventory_value"].iloc[-1] for one in (found, plain)
    ]
    assert values[0] == pytest.approx(values[1], rel=1.0)
    assert values[0] != values[1]
