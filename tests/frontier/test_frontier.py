"""The frontier is what trying every plan gives, to the unit, and says what would work where none does."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import frontier as cases

from simlab.errors import InfeasibleError, UsageError
from simlab.frontier import NoPlanError, SegmentCurves, aggregate, non_monotone, solve, sum_by_group, uniform
from simlab.frontier.bounded import least_cost
from simlab.frontier.curves import fewest
from simlab.frontier.limits.core import solver_plan
from simlab.frontier.merge import Stage, _thin, merge, proportional
from simlab.frontier.plan import money_up, rate_down
from simlab.frontier.service import integer_weights
from simlab.frontier.thin import thin


def check_against_brute_force(seed):
    rng = np.random.default_rng(seed)
    curves = cases.instance(rng, monotone=bool(seed % 3))
    plans = [totals for _, totals in cases.every_plan(curves)]
    frontier = solve(curves)
    expected = cases.efficient_pairs([(cost, served) for cost, _, served in plans])
    assert list(zip(frontier.cost.tolist(), frontier.served.tolist(), strict=True)) == expected
    for point in range(frontier.n_points):
        plan = frontier.plan(point)
        assert plan.totals == (frontier.cost[point], frontier.value[point], frontier.served[point])
        assert (plan.certificate, plan.gap) == ("exact", 0.0)
    check_limits(rng, curves, frontier, plans)


def check_limits(rng, curves, frontier, plans):
    demanded = int(curves.demanded.sum())
    if not demanded:
        return
    served = sorted({served for *_, served in plans})
    values = sorted({value for _, value, _ in plans})
    for _ in range(6):
        need = min(int(rng.choice(served)) + int(rng.integers(0, 2)), demanded)
        limit = max(1, int(rng.choice(values)) + int(rng.integers(-1, 2)))
        floor = Fraction(need, demanded)
        both = [cost for cost, value, got in plans if got >= need and value <= limit]
        reachable = [value for _, value, got in plans if got >= need]
        if both:
            plan = frontier.at(fill_rate=floor, budget=limit)
            assert (plan.cost, plan.certificate) == (min(both), "exact")
            assert plan.value <= limit
            assert plan.served >= need
        else:
            with pytest.raises(NoPlanError) as error:
                frontier.at(fill_rate=floor, budget=limit)
            smallest = min(reachable) if reachable else None
            assert error.value.smallest_budget == smallest
            within = [got for _, value, got in plans if value <= limit or not reachable]
            assert within == [] or error.value.highest_fill == max(within) / demanded
        if any(value <= limit for _, value, _ in plans):
            plan = frontier.at(budget=limit)
            best = max(got for _, value, got in plans if value <= limit)
            cheapest = min(cost for cost, value, got in plans if value <= limit and got == best)
            assert (plan.served, plan.cost) == (best, cheapest)


@pytest.mark.parametrize("seed", range(50))
def test_equals_brute_force(seed):
    check_against_brute_force(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(50, 550))
def test_equals_brute_force_at_length(seed):
    check_against_brute_force(seed)


@pytest.mark.parametrize("seed", range(40))
def test_common_targets_answer_a_budget_or_a_floor_with_the_best_of_their_list(seed):
    """A budget: the most served within it, then the least cost; a floor: the least cost that reaches it."""
    curves = cases.instance(np.random.default_rng(seed), monotone=bool(seed % 2))
    if not curves.total_demanded:
        return
    same = uniform(curves)
    listed = list(zip(same.cost.tolist(), same.value.tolist(), same.served.tolist(), strict=True))
    for _, limit, need in listed:
        if limit:
            plan = same.at(budget=limit * curves.value_unit)
            assert (-plan.served, plan.cost) == min(
                (-got, cost) for cost, value, got in listed if value <= limit
            )
        plan = same.at(fill_rate=Fraction(need, curves.total_demanded))
        assert plan.cost == min(cost for cost, _, got in listed if got >= need)


@pytest.mark.parametrize("seed", range(12))
def test_label_search_and_solver_agree(seed):
    """Two independent ways to the plan under a floor and a budget with unequal holding rates."""
    rng = np.random.default_rng(seed)
    curves = cases.instance(rng, 6, 8, top=10**9)
    frontier = solve(curves)
    need = int(np.quantile(frontier.served, rng.uniform(0.3, 0.9)))
    thrifty = merge(curves.value, curves.served)
    low = int(thrifty.cost[np.searchsorted(thrifty.served, need)])
    high = frontier.plan(int(np.searchsorted(frontier.served, need))).value
    limit = low + int(rng.uniform(0, 1) * max(0, high - low))
    exact = curves.totals(least_cost(curves, need, limit))
    plan = solver_plan(curves, need, limit)
    assert plan.cost == exact[0]
    assert plan.bound <= exact[0] * (1 + 1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_uniform_targets_never_beat_the_frontier(seed):
    curves = cases.instance(np.random.default_rng(seed), 3, 5)
    frontier, same = solve(curves), uniform(curves)
    for point in range(same.n_points):
        at = int(np.searchsorted(frontier.served, same.served[point]))
        assert frontier.cost[at] <= same.cost[point]
    floor = same.fill_rate[-1] if curves.total_demanded else 0.0
    if curves.total_demanded:
        need = curves.needed(float(floor))
        enough = same.served >= need
        if enough.any():
            assert same.at(fill_rate=float(floor)).cost == same.cost[enough].min()


def test_weights_in_cents_are_counted_to_the_cent():
    """0.29 / 0.01 is 28.999999999999996 in binary."""
    cents = np.arange(20_000)
    assert integer_weights(cents / 100, 0.01, "price").tolist() == cents.tolist()
    assert integer_weights(np.array([0.004, 0.006]), 0.01, "price").tolist() == [0, 1]


@pytest.mark.parametrize("seed", range(6))
def test_totals_beyond_64_bits_are_planned_in_larger_units_and_none_falls_short(seed):
    """A floor between two multiples of the unit asks for the upper one, a budget for the lower one."""
    unit = 10**20
    small = cases.instance(np.random.default_rng(seed), 3, 4)
    tables = [table.astype(object) * unit for table in (small.cost, small.value, small.served)]
    curves = SegmentCurves(*tables, small.demanded.astype(object) * unit, small.targets, small.names)
    plans = [totals for _, totals in cases.every_plan(curves)]
    for _, limit, served in plans[:: len(plans) // 8]:
        need, limit = served - unit + 1, limit + unit - 1
        best = min(cost for cost, value, got in plans if got >= need and value <= limit)
        cost, value, got = curves.totals(least_cost(curves, need, limit))
        assert (cost, got >= need, value <= limit) == (best, True, True)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10**12), st.integers(0, 10**12))
def test_figures_of_a_message_can_be_reached(demanded, served):
    """A fill rate is cut off, never rounded up, and by less than its last digit; money the other way."""
    served = served % (demanded + 1)
    text = rate_down(served, demanded).removesuffix("%")
    shown, true = Fraction(text), Fraction(100 * served, demanded)
    step = Fraction(1, 10 ** len(text.partition(".")[2]))
    assert shown <= true < shown + step
    amount = Fraction(served, 1000)
    whole = Fraction(money_up(amount, "").replace(",", ""))
    assert amount <= whole < amount + Fraction(1, 100)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6))
def test_refining_segments_never_costs_more(seed):
    """Splitting a segment in two only adds plans."""
    rng = np.random.default_rng(seed)
    n, k = 12, 5
    stock, served = np.sort(rng.integers(0, 50, (n, k)), 1), np.sort(rng.integers(0, 50, (n, k)), 1)
    coarse = rng.integers(0, 2, n)
    fine = 2 * coarse + rng.integers(0, 2, n)
    frontiers = [
        solve(
            aggregate(
                codes,
                n_segments,
                cost=stock,
                value=stock,
                served=served,
                demanded=served[:, -1],
                targets=np.linspace(0.5, 0.9, k),
                names=[str(i) for i in range(n_segments)],
            )
        )
        for codes, n_segments in ((coarse, 2), (fine, 4))
    ]
    at = np.searchsorted(frontiers[1].served, frontiers[0].served)
    assert (frontiers[1].cost[at] <= frontiers[0].cost).all()
    for frontier in frontiers:
        assert (np.diff(frontier.cost) > 0).all()
        assert (np.diff(frontier.served) > 0).all()


def test_aggregate_is_exact_beyond_int64():
    """Sums that a float or a wrapped int64 would get wrong come out as Python integers."""
    items = np.full((9, 2), 2**61 - 1, dtype=np.int64)
    codes = np.array([0, 0, 0, 0, 0, 0, 0, 2, 2])
    sums = sum_by_group(codes, 3, items)
    assert sums.dtype == object
    assert sums.tolist() == [[7 * (2**61 - 1)] * 2, [0, 0], [2 * (2**61 - 1)] * 2]
    assert sum_by_group(codes, 3, items // 2**10).dtype == np.int64


def test_items_of_no_group_are_in_no_sum():
    items = np.array([[1, 10], [2, 20], [4, 40]])
    assert sum_by_group(np.array([-1, 0, 1]), 2, items).tolist() == [[2, 20], [4, 40]]
    assert sum_by_group(np.array([-1, 1, -1]), 2, items).tolist() == [[0, 0], [2, 20]]


def test_huge_sums_give_the_same_frontier_as_small_ones():
    curves = cases.instance(np.random.default_rng(5), 3, 5)
    factor = 2**70
    huge = SegmentCurves(
        curves.cost.astype(object) * factor + 0,
        curves.value.astype(object) * factor,
        curves.served,
        curves.demanded,
        curves.targets,
        curves.names,
    )
    odd = SegmentCurves(
        curves.cost.astype(object) * factor + 1,
        curves.value.astype(object),
        curves.served,
        curves.demanded,
        curves.targets,
        curves.names,
    )
    small, large, uneven = solve(curves), solve(huge), solve(odd)
    assert [int(c) for c in large.cost] == [int(c) * factor for c in small.cost]
    assert [int(c) for c in uneven.cost] == [int(c) * factor + 3 for c in small.cost]


@pytest.mark.parametrize("seed", range(10))
def test_thinned_merge_keeps_its_promise(seed, monkeypatch):
    """Within ε: every exact point is matched by one that serves as much and costs at most the gap more."""
    curves = cases.instance(np.random.default_rng(seed), 7, 12, top=10**7)
    monkeypatch.setattr("simlab.frontier.merge.FEWEST_POINTS", 25)
    exact, rough = solve(curves), solve(curves, max_candidates=1)
    assert rough.n_points < exact.n_points
    assert set(rough.certificate.tolist()) <= {"exact", "epsilon"}
    at = np.searchsorted(exact.served, rough.served)
    assert (exact.cost[at] <= rough.cost).all()
    assert (rough.bound <= exact.cost[at]).all()
    floor = float(exact.fill_rate[exact.n_points // 2])
    plan, best = rough.at(fill_rate=floor), exact.at(fill_rate=floor)
    assert plan.bound <= best.cost <= plan.cost


@pytest.mark.parametrize(("n", "k"), [(1, 1), (1, 24), (5, 1)])
def test_one_segment_and_a_grid_of_one_target(n, k):
    curves = cases.instance(np.random.default_rng(1), n, k)
    frontier = solve(curves)
    assert frontier.n_points >= 1
    assert thin(frontier, 100).frontier.n_points == frontier.n_points
    assert uniform(curves).n_points == k


def test_tables_are_proportional_if_every_entry_is():
    """A budget on value is no budget on cost where a single entry differs."""
    a = np.array([[2, 4], [6, 0]])
    assert proportional(a, 3 * a)
    assert proportional(a.astype(object) * 10**20, a)
    for row, column in ((0, 1), (1, 0), (1, 1)):
        other = 3 * a
        other[row, column] += 1
        assert not proportional(a, other)
    assert not proportional(a, 0 * a)


@pytest.mark.parametrize("limit", [2, 3, 7, 20])
def test_a_thinned_stage_keeps_the_end_and_what_serves_most_of_each_bucket(limit):
    """Each point that goes is matched by one that serves as much and costs less than a bucket more."""
    rng = np.random.default_rng(limit)
    cost, served = (np.cumsum(rng.integers(1, 9, 60)) for _ in range(2))
    whole = Stage(cost, served, np.zeros(60, np.int32), np.arange(60, dtype=np.int16))
    part, width = _thin(whole, limit)
    assert part.cost.size <= limit
    assert part.served[-1] == served[-1]
    for c, s in zip(cost, served, strict=True):
        assert ((part.served >= s) & (part.cost <= c + width - 1)).any()


def test_many_segments_are_solved_within_a_stated_gap():
    rng = np.random.default_rng(3)
    served = np.sort(rng.integers(10**4, 10**6, (200, 4)), axis=1)
    stock = np.sort(rng.integers(10**6, 10**9, (200, 4)), axis=1)
    names = tuple(str(i) for i in range(200))
    curves = SegmentCurves(stock, stock, served, served[:, -1] + 1, np.linspace(0.5, 0.9, 4), names)
    frontier = solve(curves, max_candidates=10**5)
    assert frontier.gap.max() < 0.02
    assert frontier.at(fill_rate=0.9).gap < 0.005


def retail(currency="GBP"):
    stock = np.array([[100, 200, 400], [50, 150, 300]])
    served = np.array([[500, 560, 590], [300, 350, 395]])
    return SegmentCurves(
        stock * np.array([[25], [10]]),
        stock * 100,
        served,
        np.array([600, 400]),
        np.array([0.8, 0.9, 0.99]),
        ("A", "B"),
        Fraction(1, 100),
        Fraction(1, 3),
        currency,
    )


def test_infeasible_names_the_smallest_budget_that_works():
    frontier = solve(retail())
    with pytest.raises(InfeasibleError) as error:
        frontier.at(fill_rate=0.95, budget=10000)
    assert str(error.value) == (
        "no plan on the grid reaches fill rate 95.0% within a budget of GBP 10,000.00: the smallest budget "
        "that works is GBP 16,666.67; within the given budget the highest reachable is 86.00%"
    )
    assert frontier.at(fill_rate=0.95, budget=Fraction(50000, 3)).value_money == pytest.approx(50000 / 3)
    assert frontier.at(fill_rate=0.95, budget=16666.67).fill_rate >= 0.95


def test_unreachable_floor_names_the_highest_fill():
    with pytest.raises(NoPlanError, match=r"reaches fill rate 99.0%: the highest reachable is 98.5"):
        solve(retail(), fill_rate=0.99)
    with pytest.raises(NoPlanError, match="no uniform target reaches fill rate"):
        uniform(retail()).at(fill_rate=0.999)
    with pytest.raises(NoPlanError, match="nothing fits"):
        solve(retail(), budget=1)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"fill_rate": 95}, "did you mean 0.95"),
        ({"fill_rate": -0.1}, "between 0 and 1"),
        ({"fill_rate": math.nan}, "not a number"),
        ({"budget": 0}, "above zero"),
        ({"budget": math.inf}, "not an amount"),
        ({}, "name a fill rate"),
    ],
)
def test_senseless_limits_are_refused(limits, message):
    with pytest.raises(UsageError, match=message):
        solve(retail()).at(**limits)


def test_nothing_demanded_is_said():
    zero = np.zeros((1, 2), dtype=np.int64)
    curves = SegmentCurves(zero + 1, zero, zero, zero[:, 0], np.array([0.5, 0.9]), ("A",))
    assert math.isnan(solve(curves).fill_rate[0])
    with pytest.raises(NoPlanError, match="nothing was demanded"):
        solve(curves, fill_rate=0.5)


def test_a_fill_rate_is_the_decimal_that_was_written():
    """0.07 · 100 is 7.000000000000001 in floating point; the floor is 7 units."""
    curves = SegmentCurves(
        np.array([[1, 9]]),
        np.array([[1, 9]]),
        np.array([[7, 90]]),
        np.array([100]),
        np.array([0.5, 0.9]),
        ("A",),
    )
    assert curves.needed(0.07) == 7
    assert curves.needed(0.0701) == 8
    assert solve(curves, fill_rate=0.07).chosen.cost == 1


def test_money_and_targets_of_a_plan():
    assert (retail().allowed(1), retail().allowed(0.99), retail().allowed(Fraction(4, 3))) == (3, 2, 4)
    plan = solve(retail(), fill_rate=0.9).chosen
    assert plan.by_segment() == dict(zip(("A", "B"), plan.targets, strict=True))
    assert plan.cost_money == plan.cost / 100
    assert plan.fill_rate >= 0.9


def test_thinning_keeps_ends_wanted_points_and_states_the_gap():
    rng = np.random.default_rng(8)
    frontier = solve(cases.instance(rng, 6, 12, top=10**6))
    left_out = np.setdiff1d(np.arange(frontier.n_points), thin(frontier, 100).index)[[3, -3]]
    thinned = thin(frontier, 100, keep=left_out)
    index = thinned.index
    assert index.size == 102
    assert {0, *left_out.tolist(), frontier.n_points - 1} <= set(index.tolist())
    cost = frontier.cost[index].astype(float)
    assert thinned.cost_gap == pytest.approx((np.diff(cost) / cost[:-1]).max())
    assert thinned.fill_gap == pytest.approx(np.diff(frontier.fill_rate[index]).max())
    with pytest.raises(UsageError):
        thin(frontier, 1)


def test_where_a_higher_target_gives_less_is_named():
    curves = retail()
    assert non_monotone(curves) == ()
    served = curves.served.copy()
    served[1, 2] = 340
    odd = SegmentCurves(curves.cost, curves.value, served, curves.demanded, curves.targets, curves.names)
    assert non_monotone(odd) == (("B", 0.99, "served"),)


def test_a_thinned_frontier_is_read_like_the_whole():
    """Between the points shown the whole frontier answers, so that a plan called exact is exact."""
    frontier = solve(cases.instance(np.random.default_rng(8), 6, 12, top=10**6))
    few = thin(frontier, 10).frontier
    for fill in np.linspace(few.fill_rate[0], few.fill_rate[-1], 23):
        assert few.at(fill_rate=float(fill)).cost == frontier.at(fill_rate=float(fill)).cost


def test_int64_tables_whose_totals_would_wrap_are_added_exactly():
    big = np.full((3, 2), 2**62 - 1, dtype=np.int64)
    big[:, 1] += 1
    curves = SegmentCurves(
        big, big, np.tile([1, 2], (3, 1)), np.full(3, 2), np.array([0.5, 0.9]), ("A", "B", "C")
    )
    assert int(solve(curves).cost[-1]) == 3 * 2**62
    assert int(uniform(curves).cost[0]) == 3 * (2**62 - 1)
    assert int(solve(curves).value[0]) == 3 * (2**62 - 1)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10**12), st.data())
def test_a_plans_own_fill_rate_is_reached_by_it(demanded, data):
    served = data.draw(st.integers(0, demanded))
    assert fewest(served / demanded, demanded) <= served
    assert fewest(served / demanded, demanded) >= served - 1
    assert fewest(Fraction(served, demanded), demanded) == served


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10**14), st.integers(1, 10**7), st.integers(1, 10**7))
def test_a_plans_own_value_as_a_budget_admits_it(value, numerator, denominator):
    table = np.array([[value]])
    unit = Fraction(numerator, denominator)
    curves = SegmentCurves(table, table, table, table[:, 0], np.array([0.5]), ("A",), unit, unit)
    plan = solve(curves).plan(0)
    assert value <= curves.allowed(plan.value_money) <= value + max(1, value // 10**15)
    assert solve(curves).value_money[0] == plan.value_money


@pytest.mark.parametrize("seed", range(8))
def test_of_equally_cheap_plans_under_floor_and_budget_the_one_that_serves_most(seed):
    """Asked several times of the same curves: what is kept, and where is looked first, change nothing."""
    rng = np.random.default_rng(seed)
    curves = cases.instance(rng, monotone=True)
    plans = [totals for _, totals in cases.every_plan(curves)]
    for at in rng.integers(0, len(plans), 8):
        _, limit, need = plans[at]
        best = min((cost, -got, value) for cost, value, got in plans if got >= need and value <= limit)
        choice = least_cost(curves, need, limit)
        cost, value, got = (
            int(t[range(len(choice)), choice].sum()) for t in (curves.cost, curves.value, curves.served)
        )
        assert (cost, -got, value) == best
