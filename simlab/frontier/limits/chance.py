"""Chance constraints: a floor that must hold in a share of the replications, not on average."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray, IntArray
from simlab.errors import UsageError
from simlab.frontier.curves import INT64_SAFE, SegmentCurves, exact_rate
from simlab.frontier.limits.program import ROW_SCALE, Program, Solution, indicator, matrix_rows
from simlab.frontier.merge import merge
from simlab.frontier.plan import BOUND, SOLVER, NoPlanError, Plan
from simlab.frontier.solvers.model import Mixed, one_target_each
from simlab.frontier.solvers.session import Session
from simlab.measures import Estimate, format_rate, ratio_estimate

MAX_CUTS = 200

MAX_PAIRS = 400_000_000
"""Replications² × segments × targets up to which rows are strengthened."""
_MULTIPLIERS = np.geomspace(0.4, 2.5, 13)
_SECONDS_FOR_BOUND, _MARGIN = 10.0, 1e-6
_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class Chance:
    """A floor or ceiling that must hold in a share of the replications.

    Attributes
    ----------
    name : str
        In the user's words.
    surplus : (n_segments, n_targets, n_replications) int64
        What each segment adds to the distance from the limit; the limit holds in a replication
        where the total over segments is ≥ 0. Built by `service_chance` and `ceiling_chance`.
    probability : float
        Share of replications in which it must hold.
    at_least : int, optional
        The number of replications, where it is not that share of them.
    """

    name: str
    surplus: IntArray
    probability: float
    at_least: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.probability <= 1:
            raise UsageError(f"'{self.name}': probability {self.probability:g} is not between 0 and 1")

    @property
    def n_replications(self) -> int:
        """Number of replications."""
        return int(self.surplus.shape[2])

    @property
    def wanted(self) -> int:
        """Replications in which the limit must hold."""
        if self.at_least is not None:
            return self.at_least
        return math.ceil(Fraction(repr(float(self.probability))) * self.n_replications)

    def totals(self, choices: npt.NDArray[Any]) -> IntArray:
        """(p, n_replications) distance of each plan from the limit, exactly; met where it is ≥ 0."""
        total = np.zeros((choices.shape[0], self.n_replications), dtype=np.int64)
        for row in range(choices.shape[1]):
            total += self.surplus[row][choices[:, row]]
        return total

    def kept(self, choices: npt.NDArray[Any]) -> IntArray:
        """(p,) number of replications in which each plan meets the limit, exactly."""
        return np.asarray((self.totals(choices) >= 0).sum(axis=1))

    def met(self, choice: IntArray) -> bool:
        """Whether one plan holds the limit often enough."""
        return int(self.kept(choice[None, :])[0]) >= self.wanted

    def reading(self, choice: IntArray) -> str:
        """Share of replications in which one plan holds the limit, rounded down."""
        share = int(self.kept(choice[None, :])[0]) * 1000 // self.n_replications
        return f"{share / 10:g}% of replications"

    def violation(self, choice: IntArray, level: float = 0.95) -> Estimate:
        """Share of these (fresh) replications in which the plan misses the limit, with its interval."""
        total = self.surplus[np.arange(choice.size), choice].sum(axis=0)
        return ratio_estimate(total < 0, np.ones(self.n_replications, dtype=np.int64), level)


def service_chance(
    served: IntArray, demanded: IntArray, at_least: float, probability: float, *, what: str = "fill rate"
) -> Chance:
    """Service of a group of items over the counted window, in a share of the replications.

    Parameters
    ----------
    served : (n_segments, n_targets, n_replications) int64
        Units served (or weighted units, good cycles) of the group.
    demanded : (n_segments, n_replications) int64
        Units demanded.
    at_least, probability : float
        The floor, and the share of replications in which it must hold.
    what : str
        Name of the measure, with its group.
    """
    if demanded.shape != (served.shape[0], served.shape[2]):
        raise UsageError(f"'{what}': demanded has shape {demanded.shape}, served {served.shape}")
    rate = exact_rate(at_least)
    largest = max(int(served.max(initial=1)), int(demanded.max(initial=1)), 1)
    if largest * rate.denominator * served.shape[0] >= INT64_SAFE:
        raise UsageError(f"'{what}': the units are too many for the digits of the floor to be exact")
    surplus = served * rate.denominator - demanded[:, None, :] * rate.numerator
    name = f"{what} ≥ {format_rate(float(rate))} in {probability:.2f} of replications"
    return Chance(name, np.asarray(surplus, dtype=np.int64), probability)


def ceiling_chance(
    amount: IntArray, at_most: int, probability: float, *, what: str = "inventory value"
) -> Chance:
    """A ceiling on an additive amount in a share of the replications: the quantile of a total.

    Parameters
    ----------
    amount : (n_segments, n_targets, n_replications) int64
        Stock value (or volume) of the group in each replication, or in each replication and week
        laid side by side: "P95 of stock value ≤ x" is probability 0.95 over all of these.
    at_most : int
        The ceiling in the same units.
    probability : float
        Share in which it must hold.
    what : str
        Name of the measure, with its group.
    """
    if int(np.abs(amount).max(initial=1)) * amount.shape[0] + abs(at_most) >= INT64_SAFE:
        raise UsageError(f"'{what}': the amounts are too large to be added exactly")
    surplus = -amount
    surplus[0] += at_most
    return Chance(f"{what} ≤ {at_most:,} in {probability:.2f} of replications", surplus, probability)


@dataclass(frozen=True, eq=False)
class ChancePlan:
    """Best plan found under chance constraints.

    Attributes
    ----------
    plan : Plan
        Certificate ``solver`` where proven best, ``bound`` where time ran out.
    kept : tuple of int
        Replications in which each floor holds.
    seconds : float
        Time taken.
    """

    plan: Plan
    kept: tuple[int, ...]
    seconds: float


def solve_chance(
    curves: SegmentCurves,
    chances: tuple[Chance, ...],
    program: Program | None = None,
    *,
    time_limit: float = 60.0,
) -> ChancePlan:
    """Cheapest plan that meets every chance constraint (and the limits of `program`).

    Parameters
    ----------
    curves : SegmentCurves
        Objective and totals.
    chances : tuple of Chance
        Floors that must hold in a share of the replications.
    program : Program, optional
        Further limits, bars and orders; its cost must be that of the curves.
    time_limit : float
        Seconds in all. When they are over, the best plan is returned with bound and gap.

    Notes
    -----
    First every plan of the frontier is counted exactly, which gives a good plan; then a
    mixed-integer program with one switch per replication looks for a cheaper one and proves the
    bound. Its answers are re-counted in integers and cut off if they fail.
    """
    started = time.monotonic()
    program = program or Program(curves.cost)
    starts = curves.canonical(merge(curves.cost, curves.served).choice)
    found = search_chance(program, chances, starts, time_limit=time_limit)
    if found.choice is None:
        names = " and ".join(f"'{chance.name}'" for chance in chances)
        reason = (
            "no plan on the grid meets" if found.status == "infeasible" else "no plan was found in time for"
        )
        raise NoPlanError(f"{reason} {names}", None, math.nan)
    label = SOLVER if found.status == "optimal" else BOUND
    kept = tuple(int(chance.kept(found.choice[None, :])[0]) for chance in chances)
    return ChancePlan(Plan(curves, found.choice, label, found.bound), kept, time.monotonic() - started)


def search_chance(
    program: Program,
    chances: tuple[Chance, ...],
    starts: npt.NDArray[Any] | None = None,
    *,
    time_limit: float = 60.0,
) -> Solution:
    """Least cost under limits on means and on single replications; as `solve_chance`.

    Parameters
    ----------
    starts : (p, n_segments) int, optional
        Plans to be tried first.

    Returns
    -------
    Solution
        Its bound is the cost itself where proven best.
    """
    started, session = time.monotonic(), Session()
    best = _best_of(starts, chances, program) if starts is not None else None
    bound, status, cuts = -math.inf, "bounded", np.zeros((0, program.cost.size))
    while len(cuts) < MAX_CUTS and (left := time_limit - (time.monotonic() - started)) > 0.1:
        choice, bound, status = _milp(program, chances, cuts, best, left, session)
        if choice is None:
            break
        if program.shaped(choice) and not program.broken(choice) and all(c.met(choice) for c in chances):
            if best is None or program.total(choice) < program.total(best):
                best = choice
            break
        status = "bounded"  # a plan that fails proves nothing beyond its bound
        cuts = np.vstack([cuts, indicator(choice, program.cost.shape[1]).ravel()])
    if best is None:
        return Solution(None, "infeasible" if status == "infeasible" else "bounded", 0, bound, len(cuts))
    cost = program.total(best)
    if status in ("optimal", "infeasible"):
        return Solution(best, "optimal", cost, float(cost), len(cuts))
    if not math.isfinite(bound):
        bound = _relaxed_bound(program, chances, session)
    return Solution(best, "bounded", cost, min(bound, float(cost)), len(cuts))


def _best_of(starts: npt.NDArray[Any], chances: tuple[Chance, ...], program: Program) -> IntArray | None:
    """The cheapest of the plans that happens to meet everything."""
    good = np.ones(starts.shape[0], dtype=np.bool_)
    for chance in chances:
        for first in range(0, starts.shape[0], _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            good[part] &= chance.kept(starts[part]) >= chance.wanted
    best: IntArray | None = None
    for at in np.flatnonzero(good):
        choice: IntArray = starts[at].astype(np.int64)
        if best is not None and program.total(choice) >= program.total(best):
            continue
        if program.shaped(choice) and not program.broken(choice):
            best = choice
    return best


def _milp(
    program: Program,
    chances: tuple[Chance, ...],
    cuts: FloatArray,
    best: IntArray | None,
    time_limit: float,
    session: Session,
) -> tuple[IntArray | None, float, str]:
    """A plan cheaper than the best one, or the best one again; dual bound and status."""
    n, k = program.cost.shape
    cost, base, scale = _scaled_cost(program)
    answer = session.whole.solve(_model(program, chances, cuts, best, cost), time_limit)
    bound = base + answer.bound / scale
    if answer.x is None:
        return None, bound, answer.status
    choice = np.asarray(answer.x[: n * k].reshape(n, k).argmax(axis=1), dtype=np.int64)
    return choice, bound, answer.status


def _relaxed_bound(program: Program, chances: tuple[Chance, ...], session: Session) -> float:
    """Cost that no plan can undercut, from shares of targets and switches: where the search found none."""
    cost, base, scale = _scaled_cost(program)
    none = np.zeros((0, cost.size))
    model = _model(program, chances, none, None, cost)
    answer = session.linear.solve(replace(model, whole=np.zeros_like(model.whole)), _SECONDS_FOR_BOUND)
    return base + max(0.0, answer.bound - _MARGIN) / scale


def _scaled_cost(program: Program) -> tuple[FloatArray, int, float]:
    """Cost above each segment's least as the solver sees it, the sum of the least, and the scale."""
    least = program.cost.min(axis=1)
    shifted = (program.cost - least[:, None]).astype(np.float64)
    scale = ROW_SCALE / max(1.0, float(shifted.max()))
    return shifted * scale, sum(int(x) for x in least), scale


def _model(
    program: Program,
    chances: tuple[Chance, ...],
    cuts: FloatArray,
    best: IntArray | None,
    cost: FloatArray,
) -> Mixed:
    """x of segments and targets, then one switch per replication; cost as the solver sees it."""
    from scipy.sparse import csr_array, hstack, vstack

    n, k = cost.shape
    switches = [chance.n_replications for chance in chances]
    rows: list[tuple[Any, FloatArray, FloatArray]] = []

    def add(matrix: Any, low: Any, high: Any) -> None:
        m = matrix.shape[0]
        rows.append((matrix, np.broadcast_to(low, m), np.broadcast_to(high, m)))

    def wide(matrix: Any) -> Any:
        return hstack([csr_array(matrix), csr_array((matrix.shape[0], sum(switches)))], format="csr")

    add(wide(one_target_each(n, k)), 1.0, 1.0)
    table = matrix_rows(program, ROW_SCALE)
    if table.low:
        add(wide(np.vstack(table.coefficients)), np.array(table.low), np.inf)
    if best is not None:
        add(wide(cost.reshape(1, -1)), -np.inf, float(cost[np.arange(n), best].sum()))
    first = 0
    for chance, count in zip(chances, switches, strict=True):
        matrix, switch, always = _switched(chance, first, sum(switches))
        add(matrix, always, np.inf)
        add(switch, float(chance.wanted), np.inf)
        first += count
    if cuts.size:
        add(wide(cuts), -np.inf, n - 1.0)
    most = np.concatenate([program.mask.ravel().astype(np.float64), np.ones(sum(switches))])
    matrices, low, high = zip(*rows, strict=True)
    return Mixed(
        cost=np.concatenate([cost.ravel(), np.zeros(sum(switches))]),
        matrix=vstack(matrices, format="csr"),
        low=np.concatenate(low),
        high=np.concatenate(high),
        least=np.zeros(most.size),
        most=most,
        whole=np.ones(most.size, dtype=np.bool_),
    )


def _switched(chance: Chance, first: int, n_switches: int) -> tuple[Any, Any, FloatArray]:
    """Rows Σ above(x) ≥ always + (need − always) · z: a replication whose switch is on meets the floor."""
    from scipy.sparse import csr_array, hstack

    surplus = chance.surplus.astype(np.float64)
    n_replications = surplus.shape[2]
    lowest = surplus.min(axis=1)
    above = (surplus - lowest[:, None, :]).reshape(-1, n_replications).T
    missing = -lowest.sum(axis=0)  # what x must add up to where the switch is on
    size = np.maximum(1.0, np.abs(above).max(axis=1, initial=1.0))
    above, missing = above / size[:, None] * 1e3, missing / size * 1e3
    need = np.maximum(missing, 0.0)
    always = _always(above.reshape(n_replications, *surplus.shape[:2]), need, chance.wanted)
    columns = np.arange(first, first + n_replications)
    rows = np.arange(n_replications)
    off = csr_array((always - need, (rows, columns)), shape=(n_replications, n_switches))
    matrix = hstack([csr_array(above), off], format="csr")
    switch = np.zeros((1, above.shape[1] + n_switches))
    switch[0, above.shape[1] + columns] = 1.0
    return matrix, csr_array(switch), always


def _always(above: FloatArray, need: FloatArray, wanted: int) -> FloatArray:
    """(r,) what the row of each replication adds up to in every plan that meets the chance limit.

    Notes
    -----
    A plan misses at most r − wanted replications, so of any r − wanted + 1 it meets one. In row i a plan
    that meets replication j adds up to no less than max over λ ≥ 0 of λ · need_j + Σ over segments of the
    least (above_i − λ · above_j); the (r − wanted + 1)-th largest of these over j holds whatever is met.

    References
    ----------
    Luedtke (2014), A branch-and-cut decomposition algorithm for solving chance-constrained mathematical
    programs with finite support, Mathematical Programming 146, section 3.
    """
    r, n, k = above.shape
    least = np.zeros((r, r))
    if r * r * n * k > MAX_PAIRS:
        return np.zeros(r)
    for multiplier in _MULTIPLIERS:
        scaled = multiplier * above
        for i in range(r):
            total = multiplier * need + (above[i] - scaled).min(axis=2).sum(axis=1)
            np.maximum(least[i], total, out=least[i])
    certain = np.partition(least, wanted - 1, axis=1)[:, wanted - 1]
    return np.asarray(np.clip(certain * (1.0 - 1e-9) - 1e-9 * n * 1e3, 0.0, need))
