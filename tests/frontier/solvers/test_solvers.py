"""highspy and scipy: the same certified plans, a sweep that forgets nothing, silence on standard output."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest
from worlds import frontier as cases
from worlds.seeds import some_of

from simlab.frontier import Problem, restrict
from simlab.frontier.limits.core import solve_exactly
from simlab.frontier.limits.program import Limit, Program, solve_program
from simlab.frontier.solvers.highs import HighsSolver
from simlab.frontier.solvers.model import Mixed
from simlab.frontier.solvers.session import ScipySolver, Session


def limited(seed, n=6, k=8):
    """A frontier under a floor, a ceiling, an order of targets and a bar."""
    rng = np.random.default_rng(seed)
    curves = cases.instance(rng, n, k, top=2000)
    table = np.sort(rng.integers(0, 500, (n, k)), axis=1)
    allowed = np.ones((n, k), dtype=bool)
    allowed[n - 1, 0] = False
    limits = (
        Limit("floor", table, at_least=int(table[:, 1].sum())),
        Limit("ceiling", table[::-1].copy(), at_most=int(table[:, -2].sum())),
    )
    return Problem(restrict(curves, allowed), limits, ((0, 1),))


@pytest.mark.parametrize("seed", some_of(6, by_default=3))
@pytest.mark.parametrize("labels", [0, 300_000])
def test_both_solvers_give_the_same_frontier_under_limits(seed, labels, monkeypatch):
    """By exact search the very same plans; by the solver alone plans of the same cost."""
    monkeypatch.setattr("simlab.frontier.limits.core.MAX_LABELS", labels)
    found = []
    for here in (True, False):
        monkeypatch.setattr("simlab.frontier.solvers.session.has_highspy", lambda here=here: here)
        found.append(limited(seed).points(40))
    one, two = found
    assert one.n_points > 5
    assert (one.certificate == two.certificate).all()
    assert set(one.certificate.tolist()) == {"exact" if labels else "solver"}
    assert (one.cost == two.cost).all()
    if labels:
        assert (one.choice == two.choice).all()


@pytest.mark.parametrize("seed", some_of(5, by_default=3))
def test_one_session_through_changing_programs_equals_a_fresh_one_each_time(seed):
    """Costs, rows, bounds of rows and bars change between solves; the loaded model follows all of them."""
    session = Session(HighsSolver(), HighsSolver())
    rng = np.random.default_rng(seed)
    n, k = 3, 5
    curves = cases.instance(rng, n, k)
    limits = [Limit(f"limit {i}", rng.integers(0, 30, (n, k)), at_least=int(30 + i)) for i in range(4)]
    for _ in range(25):
        if rng.random() < 0.5:
            at = int(rng.integers(0, 4))
            limits[at] = Limit("changed", limits[at].table, at_least=int(rng.integers(20, 60)))
        used = tuple(limits[: int(rng.integers(1, 5))])
        allowed = rng.random((n, k)) < 0.9
        allowed[:, -1] = True
        cost = curves.cost if rng.random() < 0.7 else rng.integers(1, 99, (n, k))
        program = Program(cost, used, allowed if rng.random() < 0.3 else None)
        fresh = solve_program(program)
        for found in (solve_program(program, session=session), solve_exactly(program, session=session)):
            assert (found.choice is None) == (fresh.choice is None)
            assert found.cost == fresh.cost


@pytest.mark.parametrize("seed", some_of(20, by_default=10))
def test_prices_of_relaxations_agree(seed):
    """Equations, floors and ceilings: the same optimum, and prices with which it is a Lagrangian bound."""
    from scipy.sparse import csr_array

    rng = np.random.default_rng(seed)
    v = 8
    table = rng.uniform(0, 1, (4, v))
    low, high = np.array([1.0, 1.2, -np.inf, -np.inf]), np.array([1.0, np.inf, 1.5, 1.8])
    cost, whole = rng.uniform(-1, 1, v), np.zeros(v, dtype=bool)
    model = Mixed(cost, csr_array(table), low, high, np.zeros(v), np.ones(v), whole)
    one, two = HighsSolver().solve(model, 10.0), ScipySolver().solve(model, 10.0)
    assert one.status == two.status
    if one.status != "optimal":
        return
    for found in (one, two):
        side = np.where(np.isfinite(low), low, high)
        reduced = cost - found.prices @ table
        assert found.bound == pytest.approx(found.prices @ side + np.minimum(reduced, 0.0).sum(), abs=1e-7)
    assert one.bound == pytest.approx(two.bound, abs=1e-7)


def test_highspy_says_nothing_on_standard_output():
    """Not even the banner of its first use in a process."""
    code = """
        import numpy as np
        from simlab.frontier.solvers.session import has_highspy
        from simlab.frontier.limits.program import Limit, Program, solve_program
        assert has_highspy()
        table = np.arange(12).reshape(3, 4)
        assert solve_program(Program(table, (Limit("floor", table, at_least=20),))).cost == 20
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, check=True, timeout=60
    )
    assert run.stdout == b""
    assert run.stderr == b""
