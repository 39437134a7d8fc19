"""Laws of the contest of schemes: who may cost less than whom, and what may be called a difference."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds.tournament import arena, by_cost, by_lot, entrants, ids, parts

from simlab.errors import EngineFaultError, UsageError
from simlab.measures import equal_fill_difference
from simlab.verdict.tournament import ONE, PER_SKU, Entrant, Sample, batches_of, hold
from simlab.verdict.tournament.sample import group_sums


@pytest.fixture(scope="module")
def ring():
    return arena()


@pytest.fixture(scope="module")
def held(ring):
    return hold(ring, entrants(ring), ids(ring.n_items), level=0.95)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(2, 5))
def test_refining_a_segmentation_never_costs_more_in_the_sample(seed, k):
    """A finer scheme can copy every plan of the coarser one."""
    ring = arena(seed, 24, batches=4)
    rng = np.random.default_rng(seed)
    coarse = parts(np.append(rng.integers(0, k, 23), k - 1) if k else [0])
    fine = parts(coarse.codes * 2 + rng.integers(0, 2, 24)) if k else coarse
    for fill in ring.fills:
        low = ring.enter("fine", fine.codes, fine.names).search_cost[fill]
        high = ring.enter("coarse", coarse.codes, coarse.names).search_cost[fill]
        assert low <= high
        assert high <= ring.enter(ONE, np.zeros(24, dtype=np.int64), ("all",)).search_cost[fill]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_no_scheme_costs_less_in_the_sample_than_the_bound(seed):
    """One target per SKU-location bounds every segmentation from below."""
    ring = arena(seed, 24, batches=4)
    items = ring.per_item()
    curves = ring.curves(np.zeros(24, dtype=np.int64), ("all",))
    for segmentation in (by_cost(ring, 4), by_lot(ring, 3)):
        entry = ring.enter("x", segmentation.codes, segmentation.names)
        for fill in ring.fills:
            bound = items.lower_bound(curves.needed(fill)) * curves.cost_unit
            assert float(bound) <= entry.search_cost[fill] * (1 + 1e-12)
    assert isinstance(bound, Fraction)


def test_bound_free_classes_schemes_and_one_class_are_in_order_in_the_sample(held):
    """per-SKU bound ≤ best k targets ≤ any scheme of k classes ≤ one class, at every floor."""
    for fill in held.arena.fills:
        one = held.entries[ONE].search_cost[fill]
        for name, entry in held.entries.items():
            free = held.free[entry.n_segments].search_cost[fill]
            assert free <= entry.search_cost[fill] * (1 + 1e-12), name
            assert entry.search_cost[fill] <= one
        by_k = [held.free[k].search_cost[fill] for k in sorted(held.free)]
        assert by_k == sorted(by_k, reverse=True)
        assert held.per_sku.search_cost[fill] <= by_k[-1] * 1.02  # near, not always the best


def test_pairs_are_antisymmetric(held):
    """What a gains on b, b loses on a: point and interval, all pairs together."""
    for a in held.names:
        for b in held.names:
            ours, theirs = held.pair(a, b), held.pair(b, a)
            assert (1 + ours.value) * (1 + theirs.value) == pytest.approx(1)
            assert (1 + ours.low) * (1 + theirs.high) == pytest.approx(1)
        assert held.pair(a, a).value == held.pair(a, a).low == held.pair(a, a).high == 0


def test_a_reading_is_that_of_the_comparison_at_equal_fill(held):
    """The contest and the verdict of one plan use the same interpolation and the same jackknife."""
    a, b = held.entries["cost 4"], held.entries["lot 3"]
    equal = equal_fill_difference(a.cost, a.part, b.cost, b.part, a.whole[0], held.fill)
    assert a.cost_at(held.fill).value == pytest.approx(equal.a)
    assert held.cost("lot 3").value == pytest.approx(equal.b)
    assert held.percent("cost 4", b).value == pytest.approx(equal.percent.value)
    assert held.percent("cost 4", b).low == pytest.approx(equal.percent.low, rel=0.02)


def test_simultaneous_intervals_are_wider_than_single_ones(held):
    """Saying many things at once costs width."""
    one = held.percent("cost 2", held.entries["lot 3"])
    many = held.pair("cost 2", "lot 3")
    assert many.value == pytest.approx(one.value)
    assert many.low < one.low < one.high < many.high


def test_the_finest_cost_classes_win_and_the_lot_does_not(held):
    """Costs differ and lots do not know them."""
    assert held.ranking()[0] == "cost 4"
    assert held.may_be_best("cost 4")
    assert not held.may_be_best("lot 3")
    low, high = held.multiple().with_best
    best = held.names.index("cost 4")
    assert low[best] <= 0 == high[best]
    assert (np.delete(low, best) == 0).all()
    assert (np.delete(high, best) > 0).all()


def test_a_random_partition_is_not_better_than_random_partitions(ring):
    """Of twenty lots about one in twenty-one is ahead of all controls, not more."""
    lots = [Entrant(f"lot {seed}", by_lot(ring, 3, seed)) for seed in range(20)]
    found = hold(ring, lots, ids(ring.n_items), level=0.95)
    shares = np.array([found.control_share(one.name) for one in lots])
    assert (shares <= 0.05).sum() <= 3
    assert shares.mean() == pytest.approx(0.5, abs=0.2)
    assert np.isnan(found.control_share(ONE))


def test_schemes_that_are_the_same_partition_are_not_told_apart(ring):
    """Equal plans differ by exactly nothing, and both may be the best."""
    same = by_cost(ring, 3)
    twin = parts(2 - same.codes, "renamed")
    found = hold(ring, [Entrant("a", same), Entrant("b", twin)], ids(ring.n_items), level=0.95, n_controls=0)
    assert found.pair("a", "b").low == found.pair("a", "b").high == 0
    assert found.may_be_best("a")
    assert found.may_be_best("b")
    assert not found.controls


def test_rows_in_another_order_change_nothing(ring, held):
    """Items are added up, so their order is no matter."""
    order = np.random.default_rng(3).permutation(ring.n_items)
    moved = replace(
        ring,
        search=taken(ring.search, order),
        verdict=taken(ring.verdict, order),
        holding=ring.holding[order],
        unit_cost=ring.unit_cost[order],
    )
    sku, location = ids(ring.n_items)
    names = tuple(sku[i] for i in order), location
    again = hold(
        moved,
        [Entrant(one.name, parts(one.segmentation.codes[order])) for one in entrants(ring)],
        names,
        level=0.95,
    )
    assert again.ranking() == held.ranking()
    for name in held.names:
        assert again.cost(name) == held.cost(name)
    for name, drawn in held.controls.items():
        assert np.array_equal(again.controls[name], drawn)


def taken(one: Sample, order):
    tables = (one.stock, one.served, one.ready, one.good_receipts, one.receipts, one.demanded)
    return Sample(*(table[order] for table in tables), one.exposure)


def test_the_per_sku_plan_is_cheaper_than_any_scheme_and_needs_most_explaining(held):
    """Free targets everywhere: the yardstick for the price of segmentation."""
    assert held.per_sku.name == PER_SKU
    for name in held.names:
        assert held.percent(name, held.per_sku).value > 0
    assert held.explained(ONE) == 0
    assert held.n_targets(ONE) == 1
    assert 0 < held.explained("cost 4") < 1


def test_a_fill_out_of_reach_has_no_number(ring):
    """Nothing is extrapolated beyond the plans."""
    high = replace(ring, fills=(0.9, 0.999))
    found = hold(high, entrants(ring), ids(ring.n_items), level=0.95, n_controls=0)
    assert np.isnan(found.cost("cost 2", 0.999).value)
    assert np.isnan(found.pair("cost 2", "lot 3", 0.999).value)
    assert np.isfinite(found.cost("cost 2", 0.9).value)


def test_sums_are_exact_or_refused():
    """Weighted sums by group are those of Python integers; what could overflow is refused."""
    rng = np.random.default_rng(4)
    codes, weights = rng.integers(0, 4, 30), rng.integers(0, 10**6, 30)
    table = rng.integers(0, 10**9, (30, 3, 2))
    found = group_sums(codes, 5, weights, table)
    for group in range(5):
        rows = [i for i in range(30) if codes[i] == group]
        for place in np.ndindex(3, 2):
            assert found[group][place] == sum(int(weights[i]) * int(table[i][place]) for i in rows)
    with pytest.raises(EngineFaultError, match="cost_resolution"):
        group_sums(codes, 5, weights * 10**9, table)


def test_batches_are_equally_long_or_refused():
    """Unequal batches would bias the jackknife."""
    assert batches_of(400) == 25
    assert batches_of(64) == 32
    with pytest.raises(UsageError, match="take 420"):
        batches_of(401)


def test_every_batch_counts_for_the_interval(ring):
    """A pooled arena reads the same value and claims no interval."""
    full = ring.enter("x", *codes_of(by_cost(ring, 3))).cost_at(0.9)
    pooled = ring.pooled().enter("x", *codes_of(by_cost(ring, 3))).cost_at(0.9)
    assert pooled.value == pytest.approx(full.value)
    assert np.isnan(pooled.estimate(0.95).low)


def codes_of(segmentation):
    return segmentation.codes, segmentation.names
