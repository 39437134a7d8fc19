"""Quantiles and peaks of a total as objective or limit, against trying everything."""

import itertools
import math
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from simlab.errors import UsageError
from simlab.frontier import Limit, NoPlanError, Program
from simlab.frontier.limits.tail import MeanPeak, QuantileOfTotal
from simlab.frontier.limits.tail_solve import TailLimit, solve_tails
from simlab.frontier.solvers.highs import quiet


def instance(seed, n=3, k=4, r=6, t=5, *, wild=False):
    rng = np.random.default_rng(seed)
    amount = rng.integers(0, 200, (n, k, r, t))
    if not wild:
        amount = np.sort(amount, axis=1)
    cost = np.sort(rng.integers(1, 200, (n, k)), axis=1)
    served = np.sort(rng.integers(0, 100, (n, k)), axis=1)
    need = int(np.median(served.sum(axis=0)))
    return amount, Program(cost, (Limit("units served", served, at_least=need),))


def plans(program):
    n, k = program.cost.shape
    for choice in itertools.product(range(k), repeat=n):
        choice = np.array(choice)
        if not program.broken(choice):
            yield choice


def tails(amount, probability=0.8):
    n, k = amount.shape[:2]
    return QuantileOfTotal(amount.reshape(n, k, -1), probability), MeanPeak(amount)


def plain(tail, amount, choice):
    """The measure as its definition reads, without arrays over scenarios."""
    total = sum(amount[row, column] for row, column in enumerate(choice))
    if isinstance(tail, MeanPeak):
        return sum(max(row) for row in total.tolist())
    ordered = sorted(total.ravel().tolist())
    return ordered[math.ceil(round(tail.probability * len(ordered), 9)) - 1]


@pytest.mark.parametrize("seed", range(6))
def test_measures_follow_their_definition_and_supports_stay_below_every_plan(seed):
    amount, program = instance(seed, wild=seed % 2)
    for tail in tails(amount, [0.5, 0.8, 0.95, 1.0][seed % 4]):
        every = list(plans(program))
        values = [tail.value(choice) for choice in every]
        assert values == [plain(tail, amount, choice) for choice in every]
        for at in every[::7]:
            for place, one in enumerate(tail.supports(at)):
                sums = [one.constant + one.table[np.arange(3), c].sum() for c in every]
                assert all(s <= one.times * v for s, v in zip(sums, values, strict=True))
                if not place:
                    assert one.constant + one.table[np.arange(3), at].sum() == tail.value(at)


MANY = [*range(5), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(5, 100))]


@pytest.mark.usefixtures("solver")
@pytest.mark.parametrize("wild", [False, True])
@pytest.mark.parametrize("seed", MANY)
def test_least_quantile_and_peak_equal_brute_force(seed, wild):
    amount, program = instance(seed, wild=wild)
    for tail in tails(amount):
        found = solve_tails(program, objective=tail)
        assert found.value == min(tail.value(choice) for choice in plans(program))
        assert found.value == tail.value(found.choice)
        assert found.certificate in ("exact", "solver")
        assert found.gap == 0
        assert not program.broken(found.choice)


@pytest.mark.parametrize("seed", MANY)
def test_least_cost_under_both_ceilings_equals_brute_force(seed):
    amount, program = instance(seed, wild=seed % 3 == 0)
    measures = tails(amount)
    rng = np.random.default_rng(seed)
    limits = []
    for tail in measures:
        values = sorted(tail.value(choice) for choice in plans(program))
        limits.append(TailLimit(tail, int(rng.choice(values)), tail.name))
    able = [program.total(c) for c in plans(program) if all(one.met(c) for one in limits)]
    if not able:
        with pytest.raises(NoPlanError, match="no plan on the grid meets 'P95"):
            solve_tails(program, tuple(limits))
        return
    found = solve_tails(program, tuple(limits))
    assert found.value == min(able)
    assert all(one.met(found.choice) for one in limits)


def test_without_time_the_best_start_is_kept_with_a_bound_below_it():
    amount, program = instance(3, n=4, k=5)
    quantile, _ = tails(amount)
    starts = np.array(sorted(plans(program), key=program.total))
    hurried = solve_tails(program, objective=quantile, starts=starts, time_limit=1e-9)
    best = min(quantile.value(choice) for choice in plans(program))
    assert hurried.certificate == "bound"
    assert hurried.bound <= best <= hurried.value
    with pytest.raises(NoPlanError, match="in time"):
        solve_tails(program, objective=quantile, time_limit=1e-9)


def test_pins_and_orders_hold():
    amount, program = instance(5)
    allowed = np.ones((3, 4), dtype=bool)
    allowed[0, 0] = False
    shaped = Program(program.cost, program.limits, allowed, ((0, 1),))
    peak = tails(amount)[1]
    found = solve_tails(shaped, objective=peak)
    able = [peak.value(c) for c in plans(shaped) if shaped.shaped(c)]
    assert found.value == min(able)
    assert shaped.shaped(found.choice)


def test_amounts_beyond_64_bits_and_empty_tables_are_refused():
    with pytest.raises(UsageError, match="too large"):
        QuantileOfTotal(np.full((3, 2, 4), 2**61), 0.9)
    with pytest.raises(UsageError, match="too large"):
        MeanPeak(np.full((3, 2, 2**10, 1), 2**52))
    with pytest.raises(UsageError, match="no scenario"):
        MeanPeak(np.zeros((3, 2, 0, 4), dtype=np.int64))
    with pytest.raises(UsageError, match="not between"):
        QuantileOfTotal(np.ones((1, 1, 1), dtype=np.int64), 1.5)


def test_sums_near_the_limit_of_64_bits_stay_exact():
    """Widths shrink where the m smallest totals could not be added."""
    rng = np.random.default_rng(0)
    amount = np.sort(rng.integers(2**56, 2**57, (3, 3, 60)), axis=1)
    tail = QuantileOfTotal(amount, 0.5)
    cost = np.sort(rng.integers(1, 9, (3, 3)), axis=1)
    found = solve_tails(Program(cost), objective=tail)
    every = [np.array(c) for c in itertools.product(range(3), repeat=3)]
    assert found.value == min(tail.value(choice) for choice in every)


def test_only_the_solvers_own_lines_are_held_back():
    """What others write to file descriptor 1 in the meantime, by Python or by C, still arrives."""
    code = """
        import ctypes, os
        from simlab.frontier.solvers.highs import quiet
        print("before")
        with quiet():
            print("meanwhile")
            os.write(1, b"HighsMipSolverData::transformNewIntegerFeasibleSolution tmpSolver.run();\\n")
            ctypes.CDLL(None).printf(b"HighsMipSolverData::clockOff\\n")
            ctypes.CDLL(None).printf(b"by C\\n")
        print("after")
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, check=True, timeout=60
    )
    lines = run.stdout.decode().split()
    assert sorted(lines) == ["C", "after", "before", "by", "meanwhile"]
    assert lines[0] == "before"
    assert lines[-1] == "after"


def test_no_solver_line_reaches_standard_output(capfd):
    """The mixed-integer solver is silent on file descriptor 1 in every solve of this module."""
    for seed in range(4):
        amount, program = instance(seed, wild=True)
        for tail in tails(amount):
            solve_tails(program, objective=tail)
    with quiet():
        os.write(1, b"HighsMipSolverData::runSetup() is called.\n")
    assert capfd.readouterr().out == ""
