"""Exact search among the few targets that can still belong to a cheapest plan.

Multipliers from a linear relaxation give every (segment, target) a reduced cost. A plan's reduced
costs add up to no more than its distance from the Lagrangian bound, so that all plans within a gap
are listed quickly; the gap doubles until the best plan found lies inside it. Floating point decides
only what is looked at, with a margin; limits and costs of what is found are compared as integers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray, IntArray
from simlab.errors import EngineFaultError
from simlab.frontier.curves import SegmentCurves, Sums
from simlab.frontier.limits.program import ROW_SCALE, Limit, Program, Solution, matrix_rows, solve_program
from simlab.frontier.merge import fits_int64
from simlab.frontier.plan import BOUND, EXACT, SOLVER, Plan
from simlab.frontier.solvers.model import Mixed, choice_model
from simlab.frontier.solvers.session import Session

MAX_LABELS = 300_000

MAX_CELLS = 48 * MAX_LABELS
"""Labels × segments: with many segments the exact search gives way to the solver sooner."""
MAX_ROUNDINGS = 50_000

NEARLY = 1e-3
"""Largest saving that a rounded plan may leave open, as a fraction of its cost."""

NEARLY_SHARE = 1 / 6
"""Of the time limit, for a point of a long frontier that no rounded plan comes near to."""
MAX_CHECKS = 1000
MAX_DOUBLINGS = 40
_STEPS = (0.25, 0.5, 1.0, 2.0, 4.0)

LINEAR_LIMIT = 60.0
"""Seconds for one linear relaxation."""
_MARGIN = 1e-6  # of rows and costs scaled to ROW_SCALE; rounding stays below 1e-9


@dataclass(frozen=True, eq=False)
class _Relaxed:
    """The program as floats: objective and rows Σ row ≥ low per segment and target, and the bound."""

    rows: FloatArray
    low: FloatArray
    excess: FloatArray
    cost: FloatArray
    bound: float
    share: FloatArray
    scale: float
    model: Mixed | None


def solve_exactly(program: Program, *, time_limit: float = 60.0, session: Session | None = None) -> Solution:
    """Cheapest plan under all limits, proven in integers; by the solver where that would be too large.

    Parameters
    ----------
    program : Program
        Objective and limits.
    time_limit : float
        Seconds for the solver, should it be needed.
    session : Session, optional
        Solvers of a sweep, so that they need not start anew.
    """
    session = session or Session()
    relaxed = _relax(program, session)
    if relaxed is None:
        return solve_program(program, time_limit=time_limit, session=session)
    positive = relaxed.excess[(relaxed.excess > _MARGIN) & np.isfinite(relaxed.excess)]
    gap = float(np.quantile(positive, 0.1)) if positive.size else 1.0
    for _ in range(MAX_DOUBLINGS):
        labels = _within(program, relaxed, gap)
        if labels is None:
            break
        choice = _best(program, labels)
        if choice is not None:
            distance = float(relaxed.cost[np.arange(choice.size), choice].sum()) - relaxed.bound
            if distance <= gap:
                cost = program.total(choice)
                return Solution(choice, "optimal", cost, float(cost), 0, exact=True)
            gap = distance + _MARGIN
        else:
            gap *= 2.0
    return _by_solver(program, relaxed, time_limit, session)


def solve_nearly(program: Program, *, time_limit: float = 60.0, session: Session | None = None) -> Solution:
    """A plan within `NEARLY` of the Lagrangian bound, found by rounding; where there is none, solved exactly.

    For whole frontiers of many segments: a linear program per point instead of an integer one. The
    plan is checked in exact sums like any other; its bound says how much cheaper any could be.
    """
    session = session or Session()
    relaxed = _relax(program, session)
    rounded = None if relaxed is None else _rounded(program, relaxed, session)
    if relaxed is not None and rounded is not None:
        cost, low = program.total(rounded), sum(int(x) for x in program.cost.min(axis=1))
        bound = low + (relaxed.bound - _MARGIN) * relaxed.scale
        if cost - bound <= NEARLY * abs(cost):
            return Solution(rounded, "nearly", cost, min(bound, float(cost)), 0)
    return solve_exactly(program, time_limit=time_limit * NEARLY_SHARE, session=session)


def _by_solver(program: Program, relaxed: _Relaxed, time_limit: float, session: Session) -> Solution:
    """The solver among the targets that a plan better than the rounded relaxation can still have."""
    rounded = _rounded(program, relaxed, session)
    if rounded is None:
        return solve_program(program, time_limit=time_limit, session=session)
    room = float(relaxed.cost[np.arange(rounded.size), rounded].sum()) - relaxed.bound + _MARGIN
    few = replace(program, allowed=program.mask & (relaxed.excess <= room))
    found = solve_program(few, time_limit=time_limit, session=session)
    cost = program.total(rounded)
    if found.choice is not None and found.status == "optimal":
        return found
    low = sum(int(x) for x in program.cost.min(axis=1))
    bound = max(found.bound, low + (relaxed.bound - _MARGIN) * relaxed.scale)
    if found.choice is not None and found.cost <= cost:
        return replace(found, bound=bound)
    return Solution(rounded, "bounded", cost, bound, found.cuts)


def _rounded(program: Program, relaxed: _Relaxed, session: Session) -> IntArray | None:
    """A feasible plan near the relaxation, or near one whose limits are a few steps of a segment tighter.

    Tighter limits only lead to where plans are looked for; what is found meets the limits as they are.
    """
    found = _near(program, relaxed)
    for steps in _STEPS if found is None and relaxed.model is not None else ():
        model = relaxed.model
        assert model is not None
        split = np.flatnonzero(relaxed.share.max(axis=1) < 1.0 - 1e-6)
        reach = np.where(relaxed.share[split] > 1e-6, relaxed.rows[:, split], np.nan)
        step = np.nan_to_num(np.nanmax(reach, axis=2) - np.nanmin(reach, axis=2)).max(axis=1, initial=0.0)
        n = relaxed.share.shape[0]
        low = model.low.copy()
        low[n : n + step.size] += steps * step
        answer = session.linear.solve(replace(model, low=low), LINEAR_LIMIT)
        if answer.x is not None:
            found = _near(program, replace(relaxed, share=answer.x.reshape(relaxed.share.shape)))
        if found is not None:
            break
    return found


def _near(program: Program, relaxed: _Relaxed) -> IntArray | None:
    """The cheapest feasible plan near the shares: split segments and the next easiest ones vary."""
    choice: IntArray = np.asarray(relaxed.share.argmax(axis=1), dtype=np.int64)
    near = _neighbours(program, relaxed)
    segments = np.array(list(near), dtype=np.int64)
    grid = np.array(np.meshgrid(*near.values(), indexing="ij"), dtype=np.int64).reshape(segments.size, -1).T
    fixed = np.setdiff1d(np.arange(choice.size), segments)
    sums = relaxed.rows[:, fixed, choice[fixed]].sum(axis=1) + relaxed.rows[:, segments, grid].sum(axis=2).T
    costs = relaxed.cost[segments, grid].sum(axis=1)
    able = np.flatnonzero((sums >= relaxed.low - _MARGIN).all(axis=1))
    for at in able[np.argsort(costs[able], kind="stable")][:MAX_CHECKS]:
        choice[segments] = grid[at]
        if program.shaped(choice) and not program.broken(choice):
            return choice
    return None


def _neighbours(program: Program, relaxed: _Relaxed) -> dict[int, npt.NDArray[np.int64]]:
    """Targets to try per segment: where the relaxation is split first, then by least reduced cost."""
    k = relaxed.share.shape[1]
    others = np.where(relaxed.share > 0.5, np.inf, relaxed.excess).min(axis=1)
    ease = np.where(relaxed.share.max(axis=1) < 1.0 - 1e-6, -1.0, others)
    near: dict[int, npt.NDArray[np.int64]] = {}
    size = 1
    for segment in np.argsort(ease, kind="stable"):
        used = np.flatnonzero(relaxed.share[segment] > 1e-6)
        reach = np.arange(max(0, int(used[0]) - 1), min(k, int(used[-1]) + 2))
        reach = reach[program.mask[segment, reach]]
        size *= reach.size
        if near and size > MAX_ROUNDINGS:
            break
        near[int(segment)] = reach
    return near


def _relax(program: Program, session: Session) -> _Relaxed | None:
    """Lagrangian of the program at the multipliers of its linear relaxation."""
    n, k = program.cost.shape
    mask = program.mask
    if not mask.any(axis=1).all():
        return None
    least = program.cost.min(axis=1)
    shifted = (program.cost - least[:, None]).astype(np.float64)
    scale = max(1.0, float(shifted.max())) / ROW_SCALE
    cost = shifted / scale
    table = matrix_rows(program, ROW_SCALE)
    m = len(table.low)
    rows = np.array(table.coefficients).reshape(m, n, k)
    low = np.array(table.low)
    price = np.zeros(m)
    model: Mixed | None = None
    share = (cost == np.where(mask, cost, np.inf).min(axis=1, keepdims=True)).astype(np.float64)
    if m:
        model = choice_model(cost, mask, table.coefficients, table.low, whole=False)
        answer = session.linear.solve(model, LINEAR_LIMIT)
        if answer.x is None or answer.prices is None:
            return None
        price = np.maximum(0.0, answer.prices[n:])
        share = answer.x.reshape(n, k)
    own = np.where(mask, cost - np.tensordot(price, rows, axes=1), np.inf)
    smallest = own.min(axis=1)
    bound = float(smallest.sum() + price @ low)
    kept = len(program.limits)
    return _Relaxed(rows[:kept], low[:kept], own - smallest[:, None], cost, bound, share, scale, model)


def _within(program: Program, relaxed: _Relaxed, gap: float) -> IntArray | None:
    """(labels, n) plans whose reduced costs stay within the gap; None if they are too many."""
    n = relaxed.excess.shape[0]
    columns = [np.flatnonzero(row <= gap + _MARGIN) for row in relaxed.excess]
    order = np.argsort([column.size for column in columns], kind="stable")
    most = np.array([[row[s, columns[s]].max() for s in order] for row in relaxed.rows]).reshape(-1, n)
    rest = np.concatenate((np.cumsum(most[:, ::-1], axis=1)[:, ::-1], np.zeros((most.shape[0], 1))), axis=1)
    excess, sums = np.zeros(1), np.zeros((1, relaxed.low.size))
    choice = np.zeros((1, n), dtype=np.int16)
    done: list[int] = []
    for step, segment in enumerate(order):
        column = columns[segment]
        total = (excess[:, None] + relaxed.excess[segment, column]).ravel()
        keep = np.flatnonzero(total <= gap + _MARGIN)
        parent, added = keep // column.size, column[keep % column.size]
        sums = sums[parent] + relaxed.rows[:, segment, added].T
        able = (sums + rest[:, step + 1] >= relaxed.low - _MARGIN).all(axis=1)
        choice = choice[parent]
        choice[:, segment] = added
        done.append(int(segment))
        for a, b in program.ordered:
            if a in done and b in done:
                able &= choice[:, a] >= choice[:, b]
        excess, sums, choice = total[keep][able], sums[able], choice[able]
        if excess.size > min(MAX_LABELS, MAX_CELLS // n):
            return None
    return choice.astype(np.int64)


def _best(program: Program, labels: IntArray) -> IntArray | None:
    """The cheapest of the listed plans that meets every limit, in integers; of equals the lowest targets.

    Every plan as cheap as the cheapest is among the labels, so that the answer does not depend on the
    multipliers, and so on which solver they come from.
    """
    if not labels.shape[0]:
        return None
    cost: Sums = program.cost if fits_int64(program.cost) else program.cost.astype(object)
    totals = cost[np.arange(labels.shape[1]), labels].sum(axis=1)
    best: npt.NDArray[np.int64] | None = None
    for at in np.argsort(totals, kind="stable"):
        choice: npt.NDArray[np.int64] = labels[at]
        if best is not None and (totals[at] > program.total(best)):
            break
        if best is not None and tuple(choice) > tuple(best):
            continue
        if program.shaped(choice) and not program.broken(choice):
            best = choice
    return best


def solver_plan(curves: SegmentCurves, need: int, limit: int) -> Plan:
    """Least cost with at least `need` served and at most `limit` of value; both can be met."""
    limits = (
        Limit("units served", curves.served, at_least=need),
        Limit("inventory value", curves.value, at_most=limit),
    )
    solution = solve_exactly(Program(curves.cost, limits))
    if solution.choice is None:
        raise EngineFaultError("the solver found no plan under a budget that is known to work")
    label = EXACT if solution.exact else SOLVER if solution.status == "optimal" else BOUND
    return Plan(curves, curves.canonical(solution.choice), label, min(solution.bound, float(solution.cost)))
