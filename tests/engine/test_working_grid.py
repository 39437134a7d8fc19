"""A constant lead time that is no whole number of periods stays constant: the engine on a working grid."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from simlab.engine.kernels.streams import item_keys
from simlab.engine.laws.lengths import uneven
from simlab.engine.laws.pieces import pieces
from simlab.engine.laws.pmfs import moments_of, pmf_of
from simlab.engine.prepare.evaluators import warmup_periods
from simlab.engine.prepare.on_grid import PER_PERIOD, all_in_parts, groups, in_parts, parts_of
from simlab.engine.recorder.extremes import item_extremes
from simlab.engine.recorder.ledger import ledger
from simlab.engine.recorder.periods import stock_by_period, time_profile
from simlab.engine.run import simulate_items
from simlab.engine.world.curves import Curves
from simlab.engine.world.demand_law import DemandLaw, LawKind, Seasons
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.working_grid import WorkingGrid
from simlab.engine.world.world import Horizon, LeadTimeLaw, OrderTerms, Unmet, World
from simlab.execution.backends.compact import compacted

M = 3
N = 4
HORIZON = Horizon(periods=8, warmup=4, replications=10, slots=5, seed=11)


def law_of(kind: LawKind, mean: float, variance: float, n: int = 1) -> DemandLaw:
    none = np.zeros(n, np.int64)
    return DemandLaw(
        np.full(n, kind, np.int8), np.full(n, mean), np.full(n, variance), np.zeros(n), none, none, none[:0],
        none[:0],
    )  # fmt: skip


def world_of(split: list[bool], unmet: Unmet = Unmet.BACKORDER, law: DemandLaw | None = None) -> World:
    """Items that are reviewed every period and wait 4 parts; by periods one period."""
    n = len(split)
    one, mask = np.ones(n, np.int64), np.array(split)
    demand = law_of(LawKind.NEGATIVE_BINOMIAL, 6.0, 9.0, n) if law is None else law
    lead = LeadTimeLaw(0 * one, one[:1] * 0, one[:1], one[:1], one[:1], False)
    terms = OrderTerms(one, 0 * one, one, 0 * one, 0 * one, np.full(n, unmet, np.int8))
    grid = WorkingGrid(
        M, mask, np.where(mask, 4, 0), np.where(mask, 3, 1), np.where(mask, np.arange(n) % 3, 0)
    )
    keys = item_keys([f"s{number}" for number in range(n)], ["x"] * n)
    return World(keys, demand, lead, terms, grid=grid)


def levels_of(n: int, k: int = 4, family: Family = Family.ORDER_UP_TO) -> Levels:
    top = np.tile(10 + 3 * np.arange(k), (n, 1))
    gap = 1 if family == Family.ORDER_UP_TO else 5
    quantity = np.full_like(top, 5 if family == Family.REORDER_QUANTITY else 0)
    return Levels(np.full(n, family, np.int8), top - gap, top, quantity)


def by_hand(world: World, levels: Levels) -> Curves:
    """What the grid promises: plain calls in parts and in periods, put together here."""
    found = {}
    for one in groups(world, levels, HORIZON):
        assert one.world.grid is None
        found[one.parts] = (one.rows, simulate_items(one.world, one.levels, one.horizon))
    out = {}
    for field in fields(Curves):
        shape = getattr(found[1][1], field.name).shape[1:]
        table = np.zeros((world.n_items, *shape), np.int64)
        for parts, (rows, curves) in found.items():
            times = M if parts == 1 and field.name in PER_PERIOD else 1
            table[rows] = times * getattr(curves, field.name)
        out[field.name] = table
    return Curves(**out)


@pytest.mark.parametrize("unmet", [Unmet.BACKORDER, Unmet.LOST])
def test_sums_over_periods_are_counted_in_parts_and_flows_are_not(unmet: Unmet) -> None:
    """Whole numbers whatever the grid: a period of an item that is not split counts as all its parts."""
    world, levels = world_of([True, False, True, False], unmet), levels_of(4)
    found, wanted = simulate_items(world, levels, HORIZON), by_hand(world, levels)
    for field in fields(Curves):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(wanted, field.name), field.name)
    served = found.on_hand_start - found.on_hand
    split = world.grid.split if world.grid is not None else np.zeros(4, np.bool_)
    np.testing.assert_array_equal(served[split], found.served[split])
    np.testing.assert_array_equal(served[~split], M * found.served[~split])


def test_items_that_are_not_split_keep_their_bits() -> None:
    """A neighbour on the grid changes nothing but what sums over periods count in."""
    world, levels = world_of([True, False, True, False]), levels_of(4)
    plain = simulate_items(replace(world, grid=None), levels, HORIZON)
    found = simulate_items(world, levels, HORIZON)
    rows = np.array([1, 3])
    np.testing.assert_array_equal(found.served[rows], plain.served[rows])
    np.testing.assert_array_equal(found.on_hand[rows], M * plain.on_hand[rows])
    np.testing.assert_array_equal(found.orders[rows], plain.orders[rows])


@pytest.mark.parametrize("family", list(Family))
def test_profiles_stock_peaks_and_ledgers_tell_the_same_paths(family: Family) -> None:
    """Every door adds up to the same sums, period by period."""
    world, levels = world_of([True, False, True, False]), levels_of(4, family=family)
    sums = simulate_items(world, levels, replace(HORIZON, slots=HORIZON.replications))
    value, group = np.array([3, 5, 7, 11]), np.array([0, 1, 1, 0])
    stock = stock_by_period(world, levels, HORIZON, group, value, n_groups=2)
    assert stock.shape == (4, 2, 10, 8)
    held = (sums.on_hand + sums.on_hand_start) * value[:, None, None]
    for number in range(2):
        np.testing.assert_array_equal(stock[:, number].sum(axis=-1), held[group == number].sum(axis=0))
    profile = time_profile(world, levels, HORIZON, group, value)
    np.testing.assert_array_equal(profile.stock_start_value + profile.stock_value, stock)
    np.testing.assert_array_equal(profile.demanded[0].sum(axis=(0, 2)), sums.demanded.sum(axis=0))
    np.testing.assert_array_equal(
        profile.on_order_value.sum(axis=(1, 3)),
        (np.broadcast_to(sums.on_order, sums.served.shape) * value[:, None, None]).sum(axis=0),
    )
    for item, parts in ((0, M), (1, 1)):
        book = ledger(world, levels, HORIZON, item, 4, 2)
        assert book.periods["period"].size == 12 * parts
        assert book.total("on_hand") * (M // parts) == sums.on_hand[item, 2, 4]
        assert book.total("served") == sums.served[item, 2, 4]
    peaks = item_extremes(world, levels, HORIZON)
    for item in (0, 1):
        books = [ledger(world, levels, HORIZON, item, number, 1) for number in range(10)]
        highest = [one.periods["on_hand_start"][one.periods["counted"] == 1].max() for one in books]
        assert peaks.peak[item, 1] == sum(highest)


def test_stock_does_not_depend_on_the_grid_where_it_is_not_needed() -> None:
    """L of two periods in 3 parts a period: the same long run at any grid, by simulation and on average."""
    world = world_of([True] * 8, law=law_of(LawKind.POISSON, 6.0, 6.0, 8))
    assert world.grid is not None
    six = replace(world.grid, lead_time=np.full(8, 6), review_phase=np.zeros(8, np.int64))
    long = Horizon(periods=400, warmup=5, replications=32, slots=32, seed=5)
    lead = replace(world.lead_time, periods=np.array([2]))
    by_part = simulate_items(replace(world, grid=six, lead_time=lead), levels_of(8, 1), long)
    by_period = simulate_items(replace(world, grid=None, lead_time=lead), levels_of(8, 1), long)
    short = [1 - one.served[:, 0].sum() / one.demanded.sum() for one in (by_part, by_period)]
    assert short[0] == pytest.approx(short[1], abs=0.004)  # units late are those that the same levels leave


def test_warmup_is_the_longest_in_whole_periods() -> None:
    """4 parts of lead time and 3 of review: 6 parts, 2 periods; 1 + 1 − 1 periods for the others."""
    assert warmup_periods(world_of([True, False])) == 2
    assert warmup_periods(world_of([False, False])) == 1


@pytest.mark.parametrize(
    ("kind", "mean", "variance"),
    [
        (LawKind.POISSON, 4.0, 4.0),
        (LawKind.NEGATIVE_BINOMIAL, 4.0, 9.0),
        (LawKind.GEOMETRIC, 4.0, 20.0),
        (LawKind.STUTTERING_POISSON, 4.0, 9.0),
    ],
)
def test_pieces_of_divisible_laws_add_up_to_the_law(kind: LawKind, mean: float, variance: float) -> None:
    """The m-fold convolution of the pieces is the law of the period, value by value."""
    law = law_of(kind, mean, variance)
    _, piece = pmf_of(pieces(law, 5), 0)
    first, whole = pmf_of(law, 0)
    assert first == 0
    total = np.ones(1)
    for _ in range(5):
        total = np.convolve(total, piece)
    size = min(total.size, whole.size)
    assert np.abs(total[:size] - whole[:size]).max() < 2e-8


@pytest.mark.parametrize(
    "counts", [{0: 60, 1: 20, 3: 12, 4: 8}, {0: 5, 40: 30, 50: 40, 70: 25}, {300: 9, 310: 1}]
)
def test_pieces_of_tables_keep_mean_and_variance(counts: dict[int, int]) -> None:
    """Tables are divided too: m means and m variances make the period's."""
    values = np.array(list(counts))
    weights = np.array(list(counts.values()))
    n = np.array([values.size])
    law = replace(law_of(LawKind.EMPIRICAL, 1.0, 1.0), start=n * 0, length=n, values=values, weights=weights)
    mean, variance = moments_of(law)
    fine = moments_of(pieces(law, 4))
    assert 4 * fine[0][0] == pytest.approx(mean[0], rel=0.005)
    assert 4 * fine[1][0] == pytest.approx(variance[0], rel=0.06, abs=4 * 0.26)  # units are whole


@pytest.mark.filterwarnings("error")
def test_pieces_of_a_table_without_demand_never_demand() -> None:
    """Of histories that the replay cuts short before the first sale: found/rare-item-pooled divided by 0."""
    n = np.array([1])
    law = law_of(LawKind.EMPIRICAL, 0.0, 0.0)
    law = replace(law, start=n * 0, length=n, values=n * 0, weights=n)
    fine = pieces(law, 31)
    assert [moment.tolist() for moment in moments_of(fine)] == [[0.0], [0.0]]


def test_lines_of_intermittent_demand_stay_whole() -> None:
    """A line falls into a part at random: m times as rare, the same sizes, and the variance that is said."""
    n = np.array([2])
    sizes, seen = np.array([5, 20]), np.array([3, 1])
    law = replace(
        law_of(LawKind.INTERMITTENT, 1.75, 20.6875), start=n * 0, length=n, values=sizes, weights=seen,
        probability=np.array([0.2]),
    )  # fmt: skip
    piece = pieces(law, 4)
    first, shares = pmf_of(piece, 0)
    assert first == 0
    np.testing.assert_allclose(shares[[0, 5, 20]], [0.95, 0.0375, 0.0125], atol=1e-8)
    square = 0.0375 * 25 + 0.0125 * 400
    assert piece.variance[0] == pytest.approx(square - (1.75 / 4) ** 2)


def test_seasons_last_as_many_parts() -> None:
    """Every phase is stretched, for items that are split alone, beside those that are not."""
    seasons = Seasons(np.array([0, 0]), np.array([[0.5, 1.5]]), phase=1)
    law = replace(law_of(LawKind.POISSON, 6.0, 6.0, 2), seasons=seasons)
    mixed = in_parts(world_of([True, False], law=law)).demand
    alone = in_parts(world_of([True, True], law=law)).demand
    for one, wanted in ((mixed, [3.0] * 3 + [1.0] * 3), (alone, [3.0] * 3 + [1.0] * 3)):
        assert [_mean(one, 0, t) for t in range(6)] == pytest.approx(wanted, abs=1e-6)
    assert [_mean(mixed, 1, t) for t in range(4)] == pytest.approx([9.0, 3.0, 9.0, 3.0], abs=1e-6)


def _mean(law: DemandLaw, item: int, period: int) -> float:
    from simlab.engine.laws.pmfs import pmfs_of_cycle

    which, laws = pmfs_of_cycle(law, item)
    first, shares = laws[which[period % which.size]]
    return float(((first + np.arange(shares.size)) * shares).sum())


def test_a_world_all_in_parts_has_no_periods_left() -> None:
    """For what is taken apart and put together again: R, L and laws of every item in parts."""
    world = all_in_parts(world_of([True, False]))
    assert world.grid is None
    assert world.terms.review_period.tolist() == [3, 3]
    assert [world.lead_time.support(item)[0].tolist() for item in (0, 1)] == [[4], [3]]
    np.testing.assert_allclose(world.demand.mean, 2.0)
    assert parts_of(world) == 1


def test_parts_of_unequal_length_have_the_same_bits_alone_among_others_and_sent_away() -> None:
    """Lead times of 4.3 and 3.8 parts; an item that needs none keeps its bits, and its equal parts."""
    world, levels = world_of([True, True, True, False]), levels_of(4)
    assert world.grid is not None
    lead = np.array([4, 4, 4, 0])
    grid = replace(world.grid, lead_time=lead, exact=np.array([4.3, np.nan, 3.8, np.nan]))
    uneven = replace(world, grid=grid)
    found = simulate_items(uneven, levels, HORIZON)
    equal = simulate_items(world, levels, HORIZON)
    for item in range(4):
        rows = np.array([item])
        alone = simulate_items(uneven.take(rows), levels.take(rows), HORIZON)
        away = simulate_items(compacted(uneven.take(rows)), levels.take(rows), HORIZON)
        for field in fields(Curves):
            own = getattr(found, field.name)[rows]
            np.testing.assert_array_equal(own, getattr(alone, field.name), field.name)
            np.testing.assert_array_equal(own, getattr(away, field.name), field.name)
            if item in (1, 3):
                np.testing.assert_array_equal(own, getattr(equal, field.name)[rows], field.name)
    means = moments_of(in_parts(uneven).demand)[0]
    np.testing.assert_allclose(means[:3], 2.0, rtol=1e-6)  # of a part, over a period


def test_reviews_inside_periods_have_parts_of_unequal_length_too() -> None:
    """Halves of a period in four parts, the first 1.3 of 2: whichever review an order is placed at, it
    arrives 3.3 parts later. Reviews begin with a half, phases are drawn by halves; R of 3 parts fits none."""
    world = world_of([True] * 3, law=law_of(LawKind.POISSON, 6.0, 6.0, 3))
    assert world.grid is not None
    grid = replace(
        world.grid,
        parts=4,
        lead_time=np.full(3, 3),
        review_period=np.array([2, 6, 3]),
        review_phase=np.array([1, 4, 0]),
        exact=np.full(3, 3.3),
    )
    one = np.ones(3, np.int64)
    drawn = replace(world.terms, phase_cycle=one, phase_keys=one.astype(np.uint64))
    halves = replace(world, grid=grid, terms=drawn)
    assert uneven(grid, world.demand).tolist() == [True, True, False]
    longer = grid.scaled(4 / 3)  # 4.4 parts, which end inside the third half, not with the second
    assert longer.lead_time.tolist() == [5, 5, 4]
    assert uneven(longer, world.demand).tolist() == [True, True, False]
    fine = in_parts(halves)
    assert fine.terms.phase_cycle is not None
    assert fine.terms.phase_cycle.tolist() == [2, 2, 1]
    for item, lengths in ((0, [0.7, 1.3, 0.7, 1.3]), (1, [1.3, 0.7, 1.3, 0.7]), (2, [1.0] * 4)):
        means = [_mean(fine.demand, item, t) for t in range(4)]
        np.testing.assert_allclose(means, 1.5 * np.array(lengths), rtol=1e-6)


def test_lengths_are_given_up_where_they_make_no_lead_time_exact() -> None:
    """Reviews inside periods, lead times that end with one, and seasons."""
    world = world_of([True] * 4)
    assert world.grid is not None
    exact = np.array([4.3, 4.3, 2.9, 4.3])
    review, lead = np.array([3, 4, 3, 6]), np.array([4, 4, 3, 4])
    grid = replace(world.grid, exact=exact, review_period=review, lead_time=lead)
    assert uneven(grid, world.demand).tolist() == [True, False, False, True]
    none, m = np.full(4, -1), np.ones((1, 12))
    seasons = Seasons(np.where(np.arange(4) == 3, 0, none), m)
    assert uneven(grid, replace(world.demand, seasons=seasons)).tolist() == [True, False, False, False]
