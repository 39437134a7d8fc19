"""Sums depend on the item, its levels and the horizon: never on who computes them, or beside whom."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace

import numpy as np
import pytest
from worlds.engine import demanding_world, mixed_world

from simlab.engine import run
from simlab.engine.prepare import workspace
from simlab.engine.prepare.arrays import item_arrays
from simlab.engine.prepare.evaluators import evaluator_of
from simlab.engine.run import pilot_series
from simlab.engine.world.curves import Curves
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import Horizon, LeadTimeLaw, Unmet

HORIZON = Horizon(periods=52, warmup=9, replications=100, slots=20, seed=11)


@pytest.fixture(scope="module", params=[mixed_world, demanding_world])
def whole(request):
    world, levels = request.param()
    return world, levels, run.simulate_items(world, levels, HORIZON)


def assert_same(a: Curves, b: Curves, rows=slice(None)):
    for field in fields(Curves):
        x, y = getattr(a, field.name)[rows], getattr(b, field.name)
        assert x.shape == y.shape, field.name
        assert (x == y).all(), field.name


def test_rows_may_come_in_any_order(whole):
    world, levels, curves = whole
    rows = np.random.default_rng(1).permutation(world.n_items)
    assert_same(curves, run.simulate_items(world.take(rows), levels.take(rows), HORIZON), rows)


def test_an_item_alone_is_the_same_as_among_others(whole):
    world, levels, curves = whole
    for item in (0, 7, 23):
        rows = np.array([item])
        assert_same(curves, run.simulate_items(world.take(rows), levels.take(rows), HORIZON), rows)


def test_block_size_does_not_matter(whole):
    world, levels, curves = whole
    for first in range(0, world.n_items, 13):
        rows = np.arange(first, min(first + 13, world.n_items))
        assert_same(curves, run.simulate_items(world.take(rows), levels.take(rows), HORIZON), rows)


def test_replications_may_be_run_in_two_halves(whole):
    world, levels, curves = whole
    halves = [
        run.simulate_items(world, levels, replace(HORIZON, replications=50, first_replication=first))
        for first in (0, 50)
    ]
    assert_same(curves, run.merge(*halves))


def test_slots_only_split_the_same_totals(whole):
    world, levels, curves = whole
    for slots in (1, 7, 100):
        other = run.simulate_items(world, levels, replace(HORIZON, slots=slots))
        for field in fields(Curves):
            total, split = getattr(curves, field.name), getattr(other, field.name)
            assert (total.sum(axis=-1) == split.sum(axis=-1)).all(), (field.name, slots)


def test_every_replication_alone_adds_up_to_its_batch(whole):
    world, levels, curves = whole
    alone = run.simulate_items(world, levels, replace(HORIZON, slots=100))
    for field in fields(Curves):
        parts = getattr(alone, field.name)
        batches = parts.reshape(*parts.shape[:-1], 5, 20).sum(axis=-2)
        assert (batches == getattr(curves, field.name)).all(), field.name


def test_two_threads_compute_what_one_does(whole):
    world, levels, curves = whole
    halves = [np.arange(0, 20), np.arange(20, 40)]
    with ThreadPoolExecutor(2) as pool:
        parts = list(
            pool.map(lambda rows: run.simulate_items(world.take(rows), levels.take(rows), HORIZON), halves)
        )
    for rows, part in zip(halves, parts, strict=True):
        assert_same(curves, part, rows)


def test_columns_do_not_influence_each_other(whole):
    world, levels, curves = whole
    one = Levels(
        levels.family, levels.reorder_point[:, 2:3], levels.order_up_to[:, 2:3], levels.order_quantity[:, 2:3]
    )
    alone = run.simulate_items(world, one, HORIZON)
    for field in fields(Curves):
        if field.name != "demanded":
            assert (getattr(alone, field.name)[:, 0] == getattr(curves, field.name)[:, 2]).all(), field.name


def test_every_level_is_the_same_as_each_level(whole):
    world, levels, _ = whole
    item = int(np.flatnonzero((levels.family == Family.ORDER_UP_TO) & (world.terms.unmet == 0))[0])
    top = int(levels.order_up_to[item, 2])
    every = run.every_level(world, HORIZON, item, top - 3, top + 8)
    rows = np.array([item])
    steps = np.array([[top - 3, top, top + 8]])
    three = run.simulate_items(
        world.take(rows), Levels(levels.family[rows], steps - 1, steps, steps * 0), HORIZON
    )
    for field in fields(Curves):
        got = getattr(every, field.name)
        expected = getattr(three, field.name)
        picked = got if field.name == "demanded" else got[:, [0, 3, 11]]
        assert (picked == expected).all(), field.name


def test_more_stock_never_serves_less(whole):
    _, levels, curves = whole
    assert (np.diff(curves.served.sum(axis=-1)[levels.family != Family.REORDER_QUANTITY], axis=1) >= 0).all()


def test_units_are_conserved(whole):
    world, _, curves = whole
    lost = world.terms.unmet == Unmet.LOST
    assert (curves.demanded[:, None] - curves.served == curves.lost)[lost].all()
    assert (curves.lost[~lost] == 0).all()
    assert (curves.on_hand_start - curves.on_hand == curves.served).all()


def test_a_pilot_run_shows_the_stock_by_period(whole):
    world, levels, _ = whole
    short = Horizon(periods=6, warmup=0, replications=4, slots=1, seed=2)
    series = pilot_series(world, levels, short)
    assert series.shape == (5, 6)
    total = run.simulate_items(world, levels, short).on_hand.sum(axis=(0, 2))
    assert (series.sum(axis=1) == total).all()
    by_three = pilot_series(world, levels, short, step=3)
    assert (by_three == series.reshape(5, 2, 3).sum(axis=2)).all()


def test_wide_levels_and_long_runs_change_the_way_but_not_the_sums(whole):
    world, levels, _ = whole
    rows = np.flatnonzero((levels.family == Family.ORDER_UP_TO) & (world.terms.unmet == 0))[:2]
    narrow, tops = world.take(rows), levels.order_up_to[rows][:, :3]
    wide = np.concatenate([tops, tops[:, :1] + 10_000_000], axis=1)
    some = Levels(levels.family[rows], tops - 1, tops, tops * 0)
    more = Levels(levels.family[rows], wide - 1, wide, wide * 0)
    assert evaluator_of(narrow, some) == "sweep"
    assert evaluator_of(narrow, more) == "lanes"
    a = run.simulate_items(narrow, some, HORIZON)
    b = run.simulate_items(narrow, more, HORIZON)
    assert (a.served == b.served[:, :3]).all()
    assert (a.good_receipts == b.good_receipts[:, :3]).all()


def test_lanes_of_32_bits_serve_long_runs_to_the_unit(whole):
    """Only the sweep's histograms count in half words: long runs in lanes need no 64 bits for that."""
    world, levels, _ = whole
    rows = np.arange(3)
    long = Horizon(periods=9000, warmup=0, replications=40, slots=1, seed=4)
    short, wide = (
        run._run("lanes", world.take(rows), levels.take(rows), long, np.dtype(kind))
        for kind in (np.int32, np.int64)
    )
    assert (short[1] == wide[1]).all()
    for narrow_sum, wide_sum in zip(short[0], wide[0], strict=True):
        assert (narrow_sum == wide_sum).all()


def test_histograms_may_lie_side_by_side(monkeypatch):
    """More replications then run together; that changes no sum, whatever the slots."""
    world, levels = mixed_world()
    for slots in (33, 50, 100):
        horizon = replace(HORIZON, slots=slots)
        whole = run.simulate_items(world, levels, horizon)
        for beside in (1, 2):
            monkeypatch.setattr(run, "histograms_beside", lambda *_, beside=beside: beside)
            assert_same(whole, run.simulate_items(world, levels, horizon))
            monkeypatch.undo()


def test_lead_times_behind_others_are_the_same_by_guide_and_by_search(monkeypatch):
    world, levels = mixed_world()
    none, four = np.zeros(1, np.int64), np.array([4])
    periods, weights = np.array([2, 3, 9, 14]), np.array([1, 4, 5, 2])
    law = LeadTimeLaw(np.zeros(world.n_items, np.int64), none, four, periods, weights, crossing=False)
    world = replace(world, lead_time=law)
    assert (item_arrays(world, HORIZON).sequence.begin >= 0).any()
    guided = run.simulate_items(world, levels, HORIZON)
    monkeypatch.setattr(workspace, "MOST_LEAD_GUIDES", 0)
    assert_same(guided, run.simulate_items(world, levels, HORIZON))
