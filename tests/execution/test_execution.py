"""Blocks and threads change nothing: every sum is the same integer."""

from dataclasses import fields, replace

import numpy as np
import pytest
from worlds.engine import mixed_world
from worlds.small import HORIZON, small_levels, small_world

from simlab.engine.prepare.evaluators import begins_stationary
from simlab.engine.run import pilot_series, simulate_items
from simlab.engine.world.world import Unmet, World
from simlab.errors import EngineFaultError
from simlab.execution import (
    PlanRequest,
    PlanSums,
    Weights,
    Workers,
    common_warmup,
    mser,
    run_curves,
    run_plans,
    warmup,
)
from simlab.execution.backends import spread


@pytest.mark.parametrize("workers", [Workers(1, 512), Workers(2, 3), Workers(2, 1), Workers(4, 2)])
@pytest.mark.parametrize("unmet", [Unmet.BACKORDER, Unmet.LOST])
def test_curves_are_the_same_bits_for_every_number_of_workers_and_block_size(workers, unmet):
    world = small_world(unmet=unmet)
    levels = small_levels(world)
    alone = simulate_items(world, levels, HORIZON)
    spread = run_curves(world, levels, HORIZON, workers=workers)
    for field in fields(alone):
        ours, theirs = getattr(spread, field.name), getattr(alone, field.name)
        if ours.shape[-1] != theirs.shape[-1]:
            theirs = theirs.sum(axis=-1, keepdims=True)
        assert np.array_equal(np.broadcast_to(ours, theirs.shape), theirs), field.name


def test_what_no_column_can_change_is_kept_once():
    """Receipts of a sweep are alike at every target: 24 targets must not cost 24 times the memory."""
    world = small_world()
    swept = run_curves(world, small_levels(world), HORIZON, workers=Workers(1, 3))
    assert swept.receipts.shape[1] == swept.orders.shape[1] == 1
    half = np.arange(world.n_items) < 4
    mixed = World(
        world.keys,
        world.demand,
        world.lead_time,
        replace(world.terms, unmet=np.where(half, Unmet.BACKORDER, Unmet.LOST).astype(np.int8)),
    )
    assert run_curves(mixed, small_levels(world), HORIZON, workers=Workers(1, 2)).receipts.shape[1] == 4


@pytest.mark.slow
def test_processes_give_the_same_bits_as_threads():
    world = small_world()
    levels = small_levels(world)
    threads = run_curves(world, levels, HORIZON, workers=Workers(2, 2))
    processes = run_curves(world, levels, HORIZON, workers=Workers(2, 2, "loky"))
    for field in fields(threads):
        assert np.array_equal(getattr(threads, field.name), getattr(processes, field.name)), field.name


def test_plan_sums_are_the_items_added_up_by_hand():
    world = small_world()
    levels = small_levels(world)
    choice = np.array([[0, 3], [1, 3], [2, 3], [3, 3], [0, 3], [1, 3], [2, 3]], dtype=np.int16)
    cell = np.array([0, 1, 0, 1, 0, 1, 0])
    weights = Weights(np.arange(1, 8) * 100, np.arange(1, 8) * 7)
    (sums,) = run_plans(
        world, levels, [PlanRequest(choice, cell, 2)], weights, HORIZON, workers=Workers(2, 2)
    )
    curves = simulate_items(world, levels, replace(HORIZON, slots=HORIZON.replications))
    for plan in range(2):
        for at in range(2):
            items = np.flatnonzero(cell == at)
            served = sum(curves.served[i, choice[i, plan]] for i in items)
            stock = sum(
                (curves.on_hand[i, choice[i, plan]] + curves.on_hand_start[i, choice[i, plan]])
                * weights.unit_cost[i]
                for i in items
            )
            assert np.array_equal(sums.served[plan, at], served)
            assert np.array_equal(sums.stock_value[plan, at], stock)
            assert np.array_equal(sums.demanded[plan, at], curves.demanded[items].sum(axis=0))
    assert np.array_equal(sums.total().served[:, 0], sums.served.sum(axis=1))


def test_sums_of_money_that_could_overflow_fail_the_run_instead_of_wrapping():
    world = small_world(2)
    weights = Weights(np.full(2, 2**61), np.full(2, 1))
    request = PlanRequest(np.zeros((2, 1), dtype=np.int16), np.zeros(2, dtype=np.int64), 1)
    with pytest.raises(EngineFaultError, match="64 bits"):
        run_plans(world, small_levels(world), [request], weights, HORIZON)


def test_totals_of_many_blocks_that_could_overflow_fail_the_run_too():
    """Every block alone would fit: what is added up over blocks is proved as well."""
    world = small_world(6)
    levels = small_levels(world)
    request = PlanRequest(np.zeros((6, 1), dtype=np.int16), np.arange(6) % 3, 3)
    one = Weights(np.ones(6, np.int64), np.ones(6, np.int64))
    (sums,) = run_plans(world, levels, [request], one, HORIZON)
    heavy = np.full(6, 2**62 // int(2 * sums.stock_value.max()))
    for workers, n in ((Workers(1, 1), 1), (Workers(2, 1), 6)):
        rows = np.arange(n)
        part = (
            world.take(rows),
            levels.take(rows),
            [request.take(rows)],
            Weights(heavy[:n], one.holding[:n]),
        )
        if n == 1:
            run_plans(*part, HORIZON, workers=workers)
        else:
            with pytest.raises(EngineFaultError, match="64 bits"):
                run_plans(*part, HORIZON, workers=workers)


@pytest.mark.parametrize("workers", [Workers(1, 2), Workers(2, 2), Workers(2, 2, "loky")])
def test_a_fault_names_the_item_by_its_row_among_all(workers):
    """Not by its row in the block that found it."""
    world = small_world()
    review = world.terms.review_period.copy()
    review[5] = 0
    wrong = replace(world, terms=replace(world.terms, review_period=review))
    with pytest.raises(EngineFaultError, match=r"^item 5: the review period is at least 1"):
        run_curves(wrong, small_levels(world), HORIZON, workers=workers)
    each = np.array([f"S{i}" for i in range(world.n_items)], object)
    called = replace(wrong, names=(each, np.full(world.n_items, "HUB", object)))
    with pytest.raises(EngineFaultError, match=r"^item 5 \(S5@HUB\): the review period is at least 1"):
        run_curves(called, small_levels(world), HORIZON, workers=workers)


@pytest.mark.parametrize("returned", [3, 5])
def test_blocks_that_are_missing_or_come_twice_fail_the_run(monkeypatch, returned):
    world, honest = small_world(), spread._results

    def some(*arguments):
        results = list(honest(*arguments))
        return (results * 2)[:returned]

    monkeypatch.setattr(spread, "_results", some)
    request = PlanRequest(np.zeros((7, 1), dtype=np.int16), np.zeros(7, dtype=np.int64), 1)
    weights = Weights(np.ones(7, np.int64), np.ones(7, np.int64))
    with pytest.raises(EngineFaultError, match=f"{returned} blocks of 4 came back"):
        run_curves(world, small_levels(world), HORIZON, workers=Workers(2, 2))
    with pytest.raises(EngineFaultError, match=f"{returned} blocks of 4 came back"):
        run_plans(world, small_levels(world), [request], weights, HORIZON, workers=Workers(2, 2))


def test_progress_counts_every_item_once():
    world = small_world()
    seen = []
    run_curves(
        world,
        small_levels(world),
        HORIZON,
        workers=Workers(2, 2),
        progress=lambda stage, done, total: seen.append((stage, done, total)),
    )
    assert [done for _, done, _ in seen] == [2, 4, 6, 7]
    assert {total for _, _, total in seen} == {7}


def test_mser_cuts_a_start_from_a_full_shelf_and_leaves_a_flat_series_alone():
    rng = np.random.default_rng(3)
    flat = 10 + rng.normal(0, 1, 200)
    start = flat + 40 * np.exp(-np.arange(200) / 8.0)
    assert mser(flat) <= 15
    assert 20 <= mser(start) <= 60
    assert mser(np.stack([flat, start])) == mser(start)


@pytest.mark.parametrize("unmet", [Unmet.BACKORDER, Unmet.LOST])
def test_a_pilot_written_down_period_by_period_is_the_pilot_run_step_by_step(unmet, monkeypatch):
    world = small_world(unmet=unmet)
    levels, pilot = small_levels(world), replace(HORIZON, warmup=0, slots=1, scale=1)
    monkeypatch.setattr(warmup, "is_compiled", lambda: True)
    for step in (1, 3):
        found = warmup._series(world, levels, pilot, step)
        assert np.array_equal(found, pilot_series(world, levels, pilot, step))


def test_the_warm_up_does_not_depend_on_what_is_compiled(monkeypatch):
    """Review phases were drawn in the run that writes every period down and not in that step by step.

    Five reviews of 7 and a day: the warm-up of one study was 224 days where the loop was kept from an earlier
    run, 72 where it was not.
    """
    world, asked = small_world(unmet=Unmet.LOST), []
    n = world.n_items
    phases = {"phase_cycle": np.ones(n, np.int64), "phase_keys": np.arange(n, dtype=np.uint64)}
    world = replace(world, terms=replace(world.terms, review_period=np.full(n, 7, np.int64), **phases))
    plain = warmup._series

    def seen(world, levels, pilot, step):
        asked.append(plain(world, levels, pilot, step))
        assert np.array_equal(asked[-1], pilot_series(world, levels, pilot, step))
        return asked[-1]

    monkeypatch.setattr(warmup, "is_compiled", lambda: True)
    monkeypatch.setattr(warmup, "_series", seen)
    kept = common_warmup(world, [small_levels(world)], replace(HORIZON, periods=295))
    monkeypatch.setattr(warmup, "is_compiled", lambda: False)
    assert common_warmup(world, [small_levels(world)], replace(HORIZON, periods=295)) == kept
    assert asked


def test_warm_up_is_exact_for_backorders_and_never_shorter_for_lost_sales():
    levels = small_levels(small_world())
    periods, rule = common_warmup(small_world(), [levels], HORIZON)
    assert periods == 4 + 1 - 1
    assert "review" in rule
    longer, rule = common_warmup(small_world(unmet=Unmet.LOST), [levels], HORIZON)
    assert longer >= periods
    assert "MSER-5" in rule


def test_plans_of_a_family_are_asked_together_whether_they_begin_in_their_long_run(monkeypatch):
    world, levels = mixed_world()
    other = replace(levels, family=levels.family[::-1].copy())
    plans = [levels.columns(np.array([0])), levels.columns(np.array([1, 3])), other]
    monkeypatch.setattr(warmup, "_AT_ONCE", 9)
    found = warmup._stationary(world, plans)
    for plan, ours in zip(plans, found, strict=True):
        assert np.array_equal(ours, begins_stationary(world, plan))
        assert ours.any()
        assert not ours.all()


def test_stacked_plans_keep_their_order():
    first, second = PlanSums.zeros(1, 2, 3), PlanSums.zeros(2, 2, 3)
    second.served[...] = 5
    both = PlanSums.stack([first, second])
    assert both.n_plans == 3
    assert both.served[:, 0, 0].tolist() == [0, 5, 5]


def test_blocks_share_the_work_out_and_never_exceed_what_was_asked():
    assert Workers(2, 512).block_size(1800) == 113
    assert Workers(2, 512).block_size(30_000) == 512
    assert Workers(2, 2).block_size(7) == 2
    assert Workers(1, 512).block_size(100) == 64
