"""Steps asked block by block say what all steps in one order say, also where many have one slope."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simlab import mapped
from simlab.frontier import Stairs, hull_bound, per_item_bound
from simlab.frontier.bounds import items, steps
from simlab.frontier.bounds.items import choose_multipliers
from simlab.frontier.bounds.steps import hull_steps


def in_one_order(blocks):
    """Item, column, slope, cost and served of all steps, sorted at once: of equal slopes by block."""
    first = np.cumsum([0] + [block.start.size for block in blocks])
    tables = [
        np.concatenate([block.item + at for block, at in zip(blocks, first, strict=False)]),
        *(np.concatenate([getattr(one, name) for one in blocks]) for name in ("column", "slope", "cost")),
        np.concatenate([block.served for block in blocks]),
    ]
    order = np.argsort(tables[2], kind="stable")
    return [table[order] for table in tables]


def multipliers_of(blocks, n_points, largest_cost, largest_served):
    """From running sums of all steps."""
    _, _, slope, cost, served = in_one_order(blocks)
    if not slope.size:
        return (0,), 1
    c = sum(one.base_cost for one in blocks) + np.cumsum(cost.astype(float))
    s = np.cumsum(served.astype(float))
    log_c = np.log(np.maximum(c, 1.0))
    way = (log_c - log_c[0]) / max(log_c[-1] - log_c[0], 1e-300) + s / s[-1]
    at = np.searchsorted(way, np.linspace(way[0], way[-1], max(2, n_points - 1)))
    slopes = slope[np.clip(at, 0, way.size - 1)]
    top = float(slope[-1]) * 1.001 + 1e-6
    room = min(
        61 - largest_cost.bit_length(),
        61 - largest_served.bit_length() - max(1, int(np.ceil(np.log2(top + 1.0)))),
    )
    denominator = 1 << int(np.clip(room, 0, 40))
    found = {0, *(round(float(x) * denominator) for x in slopes), int(top * denominator) + 1}
    return tuple(sorted(found)), denominator


def climbed(blocks, need):
    item, column, _, _, served = in_one_order(blocks)
    choice = np.concatenate([block.start for block in blocks])
    base = sum(block.base_served for block in blocks)
    reached = base + np.cumsum(served)
    last = int(np.searchsorted(reached, need))
    choice[item[:last]] = column[:last]
    return choice.tolist(), need - (int(reached[last - 1]) if last else base)


@pytest.fixture
def few_landings(monkeypatch):
    monkeypatch.setattr(steps, "_PER_BLOCK", 3)
    monkeypatch.setattr(steps, "_LANDINGS", 5)


catalogues = st.tuples(
    st.integers(0, 10**6),  # seed
    st.integers(1, 30),  # items
    st.integers(1, 6),  # targets
    st.integers(1, 12),  # items of a block
    st.sampled_from([2, 3, 6, 10**6]),  # few numbers: many equal slopes
)


def drawn(catalogue):
    seed, n, k, size, top = catalogue
    rng = np.random.default_rng(seed)
    cost = np.cumsum(rng.integers(0, top, (n, k)), axis=1) * rng.integers(1, min(top, 4), (n, 1))
    served = np.cumsum(rng.integers(0, top, (n, k)), axis=1)
    return cost, served, [slice(at, at + size) for at in range(0, n, size)]


@pytest.mark.usefixtures("few_landings")
@settings(max_examples=300, deadline=None)
@given(catalogues)
def test_flights_are_all_steps_in_one_order(catalogue):
    cost, served, blocks = drawn(catalogue)
    found = [hull_steps(cost[rows], served[rows]) for rows in blocks]
    stairs = Stairs.of(found)
    flights = [stairs.flight(number) for number in range(stairs.ends[0].size)]
    for name, table in zip(("item", "column", "slope", "cost", "served"), in_one_order(found), strict=True):
        joined = np.concatenate([getattr(flight, name) for flight in flights])
        assert joined.tolist() == table.tolist(), name
    for at, flight in enumerate(flights):
        if flight.item.size:
            assert (flight.spent[-1], flight.reached[-1]) == (stairs.ends[0][at], stairs.ends[1][at])


@pytest.mark.usefixtures("few_landings")
@settings(max_examples=300, deadline=None)
@given(catalogues, st.integers(2, 12))
def test_plans_prices_and_bounds_are_those_of_all_steps_in_one_order(catalogue, n_points):
    cost, served, blocks = drawn(catalogue)
    found = [hull_steps(cost[rows], served[rows]) for rows in blocks]
    stairs = Stairs.of(found)
    largest = int(cost.max()), int(served.max())
    prices = choose_multipliers(stairs, n_points, *largest)
    assert (prices.numerators, prices.denominator) == multipliers_of(found, n_points, *largest)
    whole = hull_steps(cost, served).sorted()
    for need in range(stairs.base[1] - 1, int(served[:, -1].sum()) + 2, 1 + int(served[:, -1].sum()) // 40):
        choice, missing = stairs.climbed(need)
        assert (choice.tolist(), missing) == climbed(found, need)
        asked = np.array([need], dtype=object)
        assert hull_bound(stairs.serving(need), asked) == hull_bound(whole, asked)


def test_what_a_bound_holds_in_memory_does_not_grow_with_steps_and_plans(tmp_path, monkeypatch):
    """Steps, choices and sums of items lie in files: an item takes at most 64 bytes of memory at the peak."""
    import tracemalloc

    monkeypatch.setattr(items, "BLOCK_ITEMS", 256)
    monkeypatch.setattr(mapped, "LARGE", 1 << 12)

    def peak(n):
        rng = np.random.default_rng(n)
        served = mapped.away(np.cumsum(rng.integers(0, 90, (n, 24)), axis=1))
        cost = mapped.away(np.cumsum(rng.integers(1, 10**6, (n, 24)), axis=1))
        need = int(served[:, 12].sum())
        tracemalloc.start()
        found = per_item_bound(cost, served, demanded=served[:, -1], n_points=40)
        assert found.serving(need).served >= need
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    with mapped.beside(tmp_path):
        few, many = peak(4096), peak(16384)
    assert (many - few) / 12288 <= 64
