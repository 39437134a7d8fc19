"""Limits of every kind: what is found is the best of all plans that meet them, exactly, or said why not."""

from fractions import Fraction

import numpy as np
import pytest
from worlds import frontier as cases
from worlds.seeds import some_of

from simlab.errors import UsageError
from simlab.frontier import (
    Limit,
    NoPlanError,
    Problem,
    allowed_targets,
    ceilings,
    chain,
    pin_items,
    ratio_floor,
    restrict,
    service_floors,
    solve,
    uniform,
)
from simlab.frontier.curves import exact_rate
from simlab.frontier.limits.conflict import explain
from simlab.frontier.limits.core import solve_exactly
from simlab.frontier.limits.program import Program, no_good, solve_program


def random_program(seed):
    """Up to 4 segments × 6 targets, 1 to 3 limits near what plans reach, sometimes an order and bars."""
    rng = np.random.default_rng(seed)
    curves = cases.instance(rng)
    n, k = curves.cost.shape
    limits = []
    for number in range(int(rng.integers(1, 4))):
        table = rng.integers(0, 30, (n, k))
        some = int(table[np.arange(n), rng.integers(0, k, n)].sum()) + int(rng.integers(-1, 2))
        side = {"at_least": some} if rng.random() < 0.5 else {"at_most": some}
        limits.append(Limit(f"limit {number}", table, **side))
    limits.append(Limit("floor", curves.served, at_least=int(np.median(curves.served.sum(axis=0)))))
    allowed = rng.random((n, k)) < 0.8
    allowed[np.arange(n), rng.integers(0, k, n)] = True
    order = ((0, n - 1),) if n > 1 and rng.random() < 0.4 else ()
    return curves, Program(curves.cost, tuple(limits), allowed if rng.random() < 0.5 else None, order)


def best_by_trying(curves, program):
    costs = [
        totals[0]
        for choice, totals in cases.every_plan(curves)
        if program.shaped(np.array(choice)) and not program.broken(np.array(choice))
    ]
    return min(costs) if costs else None


def check_program(seed):
    curves, program = random_program(seed)
    best = best_by_trying(curves, program)
    for found in (solve_exactly(program), solve_program(program), solve_program(program, row_scale=1.0)):
        if best is None:
            assert (found.choice, found.status) == (None, "infeasible")
        else:
            assert (found.status, found.cost) == ("optimal", best)
            assert found.bound <= best + 1e-6 * max(1, best)
            assert not program.broken(found.choice)


@pytest.mark.usefixtures("solver")
@pytest.mark.parametrize("seed", some_of(50, by_default=25))
def test_programs_equal_brute_force(seed):
    check_program(seed)


@pytest.mark.usefixtures("solver")
@pytest.mark.parametrize("seed", some_of(40, by_default=20))
def test_the_solver_among_few_targets_equals_brute_force(seed, monkeypatch):
    """Where the exact search is too large, targets beyond the rounded plan's reach are left out safely."""
    monkeypatch.setattr("simlab.frontier.limits.core.MAX_LABELS", 0)
    curves, program = random_program(seed)
    best, found = best_by_trying(curves, program), solve_exactly(program)
    assert not found.exact
    if best is None:
        assert found.choice is None
    else:
        assert found.cost == best
        assert found.bound <= best + 1e-6 * max(1, best)


@pytest.mark.usefixtures("solver")
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(50, 550))
def test_programs_equal_brute_force_at_length(seed):
    check_program(seed)


def hair_program(seed, top=10**10):
    """A floor one unit above a cheap plan's billions of units: far inside a solver's tolerance."""
    rng = np.random.default_rng(seed)
    n, k = 3, 5
    served = np.sort(rng.integers(top // 10, top, (n, k)), axis=1)
    cost = np.sort(rng.integers(1, 1000, (n, k)), axis=1)
    wanted = served[np.arange(n), rng.integers(1, k - 1, n)].sum()
    floor = Limit("fill rate", served, at_least=int(wanted) + 1)
    return Program(cost, (floor,))


def best_of_program(program):
    n, k = program.cost.shape
    plans = (np.array(plan) for plan in np.ndindex(*([k] * n)))
    return min(program.total(plan) for plan in plans if not program.broken(plan))


@pytest.mark.usefixtures("solver")
@pytest.mark.parametrize("seed", range(10))
def test_floor_a_hair_above_a_plan_is_kept_exactly(seed):
    program = hair_program(seed)
    found, exact = solve_program(program, row_scale=1e-3), solve_exactly(program)
    assert found.cost == exact.cost == best_of_program(program)
    assert exact.exact


@pytest.mark.usefixtures("solver")
@pytest.mark.parametrize("seed", range(10))
def test_floor_a_hair_above_a_plan_is_kept_beyond_floating_point(seed):
    """One unit of 1e17 is lost in a float; the integers still see it."""
    program = hair_program(seed, top=10**17)
    assert solve_exactly(program).cost == solve_program(program).cost == best_of_program(program)


@pytest.mark.usefixtures("solver")
def test_the_solver_alone_breaks_some_of_these_floors():
    """Without the re-check and its cuts the plans returned would fail by less than the tolerance."""
    assert sum(solve_program(hair_program(seed), row_scale=1e-3).cuts for seed in range(10)) > 0


def test_a_no_good_cut_removes_failures_only():
    rng = np.random.default_rng(2)
    table = rng.integers(0, 9, (3, 4))
    limit = Limit("floor", table, at_least=17)
    for _ in range(30):
        failed = rng.integers(0, 4, 3)
        if limit.met(failed):
            continue
        cut = no_good(limit, failed)
        for plan in np.ndindex(4, 4, 4):
            kept = cut[np.arange(3), list(plan)].sum() >= 1
            assert kept or not limit.met(np.array(plan))
        assert cut[np.arange(3), failed].sum() == 0


def brute_conflict(curves, program, limits):
    """Whether no plan meets these limits."""
    return best_by_trying(curves, Program(program.cost, limits, program.allowed, program.ordered)) is None


@pytest.mark.usefixtures("solver")
@pytest.mark.parametrize("seed", some_of(60, by_default=30))
def test_conflicts_are_minimal_and_relaxations_work(seed):
    curves, program = random_program(seed)
    reason = explain(program)
    assert (reason is None) == (best_by_trying(curves, program) is not None)
    if reason is None:
        return
    assert brute_conflict(curves, program, reason.conflict)
    for limit in reason.conflict:
        assert not brute_conflict(curves, program, tuple(o for o in reason.conflict if o is not limit))
    for way in reason.relaxations:
        others = tuple(other for other in program.limits if other is not way.limit)
        if way.choice is None:
            assert brute_conflict(curves, program, others)
            continue
        reached = way.limit.total(way.choice)
        step = 1 if way.limit.at_least is not None else -1
        for bound, works in ((reached, True), (reached + step, False)):
            side = {"at_least": bound} if step == 1 else {"at_most": bound}
            changed = (*others, Limit("changed", way.limit.table, **side))
            assert brute_conflict(curves, program, changed) is not works


def shop(seed=0, n=40, k=8, n_segments=4):
    """Items with segments, two locations and three suppliers."""
    rng = np.random.default_rng(seed)
    targets = np.linspace(0.6, 0.99, k)
    demanded = rng.integers(100, 5000, n)
    served = np.floor(demanded[:, None] * targets ** rng.uniform(0.5, 2, (n, 1))).astype(np.int64)
    stock = np.cumsum(rng.integers(10, 500, (n, k)), axis=1)
    return {
        "codes": rng.integers(0, n_segments, n),
        "location": rng.integers(0, 2, n),
        "supplier": rng.integers(0, 3, n),
        "demanded": demanded,
        "served": served,
        "stock": stock,
        "targets": targets,
        "names": tuple("ABCD"[:n_segments]),
    }


def curves_of(data):
    from simlab.frontier import aggregate

    return aggregate(
        data["codes"],
        len(data["names"]),
        cost=data["stock"] * 3,
        value=data["stock"] * 10,
        served=data["served"],
        demanded=data["demanded"],
        targets=data["targets"],
        names=data["names"],
    )


def floors_of(data, **at_least):
    return service_floors(
        data["codes"],
        len(data["names"]),
        groups=data["location"],
        group_names=["EAST", "WEST"],
        part=data["served"],
        whole=data["demanded"],
        at_least=at_least,
    )


def test_a_segment_may_take_its_least_and_its_largest_target_themselves():
    targets = np.array([0.9, 0.95, 0.98])
    allowed = allowed_targets(targets, ["A", "B", "C"], minimum={"A": 0.95}, maximum={"B": 0.95})
    assert allowed.tolist() == [[False, True, True], [True, True, False], [True, True, True]]
    allowed = allowed_targets(targets, ["A"], minimum={"A": 0.95}, maximum={"A": 0.95})
    assert allowed.tolist() == [[False, True, False]]


def test_a_ceiling_between_two_steps_of_money_is_the_lower_one():
    """Of 3 items at 0.30 a step, 1.00 holds three steps and not four; 0.90 holds just three."""
    codes, groups = np.zeros(3, np.int64), np.array([0, 0, 1])
    amount = np.array([[1, 2], [1, 2], [5, 9]])
    for most, steps in (("1.00", 3), ("0.90", 3), ("0.89", 2)):
        found = ceilings(
            codes,
            1,
            groups=groups,
            group_names=["ACME", "BOLT"],
            amount=amount,
            at_most={"ACME": Fraction(most)},
            unit=Fraction(3, 10),
        )
        (limit,) = found
        assert limit.at_most == steps
        assert limit.table.tolist() == [[2, 4]]


def test_floors_by_location_ceilings_by_supplier_and_order_together():
    data = shop()
    curves = curves_of(data)
    free = solve(curves, fill_rate=0.9).chosen
    codes, item = data["codes"], np.arange(40)
    of_acme = data["supplier"] == 1
    acme = int(data["stock"][item, free.choice[codes]][of_acme].sum()) * 10
    limits = floors_of(data, EAST=0.905) + ceilings(
        codes,
        4,
        groups=data["supplier"],
        group_names=["BOLT", "ACME", "CO"],
        amount=data["stock"] * 10,
        at_most={"ACME": acme - 1},
    )
    plan = Problem(curves, limits, chain(curves.names, ["A", "B"])).at(fill_rate=0.9)
    column = plan.choice[codes]
    east = data["location"] == 0
    assert data["served"][item, column][east].sum() >= 0.905 * data["demanded"][east].sum()
    assert data["stock"][item, column][of_acme].sum() * 10 < acme
    assert plan.choice[0] >= plan.choice[1]
    assert plan.cost >= free.cost
    assert plan.certificate == "exact"


def test_a_limited_frontier_is_solved_point_by_point():
    data = shop(3)
    curves = curves_of(data)
    problem = Problem(curves, floors_of(data, WEST=0.8))
    frontier, free = problem.points(25), solve(curves)
    assert frontier.n_points > 10
    assert (np.diff(frontier.cost) > 0).all()
    at = np.searchsorted(free.served, frontier.served)
    assert (free.cost[at] <= frontier.cost).all()
    assert set(frontier.certificate.tolist()) == {"exact"}
    middle = 0.5 * (frontier.fill_rate[3] + frontier.fill_rate[4])
    listed, best = frontier.at(fill_rate=float(middle)), problem.at(fill_rate=float(middle))
    assert listed.bound <= best.cost <= listed.cost
    assert frontier.at(fill_rate=float(middle), budget=listed.value).certificate in ("listed", "exact")
    plan = problem.at(budget=int(np.median(frontier.value)))
    assert plan.value <= np.median(frontier.value)
    assert all(limit.met(plan.choice) for limit in problem.limits)


def test_conflicts_are_told_in_the_users_words():
    data = shop(1)
    problem = Problem(curves_of(data), floors_of(data, EAST=0.95))
    with pytest.raises(NoPlanError) as error:
        problem.at(fill_rate=0.95, budget=700000)
    assert "'fill rate of EAST ≥ 95.0%'" in str(error.value) or "'fill rate ≥ 95.0%'" in str(error.value)
    assert "'budget 700,000.00' up to " in str(error.value)
    smallest = error.value.smallest_budget
    assert problem.at(fill_rate=0.95, budget=smallest).value <= smallest
    with pytest.raises(NoPlanError):
        problem.at(fill_rate=0.95, budget=smallest - 1)


def test_pins_bars_and_uniform_targets():
    data = shop(2)
    curves = curves_of(data)
    pin = float(data["targets"][3])
    allowed = allowed_targets(
        data["targets"], curves.names, pinned={"C": pin}, minimum={"A": 0.9}, maximum={"B": 0.8}
    )
    barred = restrict(curves, allowed)
    frontier, same = solve(barred), uniform(barred)
    for choices in (frontier.choice, same.choice):
        assert all(allowed[row, choices[:, row]].all() for row in range(4))
    free = solve(curves)
    best = {}
    for choice, (cost, _, served) in cases.every_plan(curves):
        if allowed[np.arange(4), list(choice)].all():
            best[served] = min(cost, best.get(served, cost))
    assert list(zip(frontier.cost, frontier.served, strict=True)) == cases.efficient_pairs(
        [(cost, served) for served, cost in best.items()]
    )
    assert frontier.served[-1] <= free.served[-1]
    plan = Problem(barred, floors_of(data, EAST=0.8)).at(fill_rate=0.8)
    assert allowed[np.arange(4), plan.choice].all()


def test_a_pinned_item_does_not_follow_its_segment():
    table = np.arange(12).reshape(3, 4)
    pinned = pin_items(table, np.array([1]), np.array([2]))
    assert pinned.tolist() == [[0, 1, 2, 3], [6, 6, 6, 6], [8, 9, 10, 11]]
    assert table[1, 0] == 4


def test_a_ratio_whose_whole_moves_is_relaxed_to_its_true_best():
    part, whole = np.array([[9, 50]]), np.array([[10, 60]])
    limit = ratio_floor("cycle service level ≥ 95.0%", part, whole, exact_rate(0.95))
    reason = explain(Program(np.array([[1, 2]]), (limit,)))
    assert str(reason).endswith("'cycle service level ≥ 95.0%' down to 90.00%")


def test_a_limit_that_nothing_moves_is_a_constant():
    data = shop()
    orders = Limit("orders of ACME ≤ 50", np.full((4, 8), 20), at_most=50)
    problem = Problem(curves_of(data), (orders, *floors_of(data, EAST=0.7)))
    assert problem.constants() == ((orders, False),)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: floors_of(d, NORTH=0.9), "no item belongs to 'NORTH'; known: EAST, WEST"),
        (lambda d: floors_of(d, EAST=95), "did you mean 0.95"),
        (lambda d: allowed_targets(d["targets"], d["names"], minimum={"A": 1.0}), "no target of the grid"),
        (lambda d: allowed_targets(d["targets"], d["names"], pinned={"Z": 0.9}), "is no segment"),
        (lambda d: chain(d["names"], ["A", "Q"]), "is no segment"),
        (lambda d: Limit("two sides", d["served"], at_least=1, at_most=2), "either a floor or a ceiling"),
        (lambda d: restrict(curves_of(d), np.zeros((4, 8), bool)), "no target is left"),
    ],
)
def test_senseless_limits_are_refused(call, message):
    with pytest.raises(UsageError, match=message):
        call(shop())


def test_a_floor_where_nothing_is_demanded_is_refused():
    data = shop()
    data["demanded"] = np.where(data["location"] == 0, 0, data["demanded"])
    with pytest.raises(UsageError, match="nothing was demanded there"):
        floors_of(data, EAST=0.9)
