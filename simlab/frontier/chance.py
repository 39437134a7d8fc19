"""Chance constraints: a floor that must hold in a share of the replications, not on average."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from simlab.errors import UsageError
from simlab.frontier.curves import INT64_SAFE, FloatArray, IntArray, SegmentCurves, exact_rate
from simlab.frontier.merge import merge
from simlab.frontier.plan import BOUND, SOLVER, NoPlanError, Plan
from simlab.frontier.program import ROW_SCALE, Program, matrix_rows
from simlab.frontier.quiet import quiet
from simlab.measures import Estimate, format_rate, ratio_estimate

MAX_CUTS = 200
ChoiceArray = npt.NDArray[np.int64]


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
    """

    name: str
    surplus: IntArray
    probability: float

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
        return math.ceil(Fraction(repr(float(self.probability))) * self.n_replications)

    def kept(self, choices: npt.NDArray[Any]) -> IntArray:
        """(p,) number of replications in which each plan meets the limit, exactly."""
        total = np.zeros((choices.shape[0], self.n_replications), dtype=np.int64)
        for row in range(choices.shape[1]):
            total += self.surplus[row][choices[:, row]]
        return np.asarray((total >= 0).sum(axis=1))

    def met(self, choice: ChoiceArray) -> bool:
        """Whether one plan holds the limit often enough."""
        return int(self.kept(choice[None, :])[0]) >= self.wanted

    def violation(self, choice: ChoiceArray, level: float = 0.95) -> Estimate:
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
    best = _best_on_frontier(curves, chances, program)
    bound, status, cuts = -math.inf, "bounded", np.zeros((0, curves.cost.size))
    while len(cuts) < MAX_CUTS and (left := time_limit - (time.monotonic() - started)) > 0.1:
        choice, bound, status = _milp(program, chances, cuts, best, left)
        if choice is None:
            break
        if program.shaped(choice) and not program.broken(choice) and all(c.met(choice) for c in chances):
            if best is None or program.total(choice) < program.total(best):
                best = choice
            break
        row = np.zeros(curves.cost.shape)
        row[np.arange(choice.size), choice] = 1.0
        cuts = np.vstack([cuts, row.ravel()])
    if best is None:
        names = " and ".join(f"'{chance.name}'" for chance in chances)
        reason = "no plan on the grid meets" if status == "infeasible" else "no plan was found in time for"
        raise NoPlanError(f"{reason} {names}", None, math.nan)
    proven = status in ("optimal", "infeasible")
    cost = float(program.total(best))
    plan = Plan(curves, best, SOLVER if proven else BOUND, cost if proven else min(bound, cost))
    kept = tuple(int(chance.kept(best[None, :])[0]) for chance in chances)
    return ChancePlan(plan, kept, time.monotonic() - started)


def _best_on_frontier(
    curves: SegmentCurves, chances: tuple[Chance, ...], program: Program
) -> ChoiceArray | None:
    """The cheapest plan of the plain frontier that happens to meet everything."""
    merged = merge(curves.cost, curves.served)
    choices = curves.canonical(merged.choice)
    good = np.ones(choices.shape[0], dtype=np.bool_)
    for chance in chances:
        good &= chance.kept(choices) >= chance.wanted
    for at in np.flatnonzero(good):
        choice: ChoiceArray = choices[at].astype(np.int64)
        if program.shaped(choice) and not program.broken(choice):
            return choice
    return None


def _milp(
    program: Program,
    chances: tuple[Chance, ...],
    cuts: FloatArray,
    best: ChoiceArray | None,
    time_limit: float,
) -> tuple[ChoiceArray | None, float, str]:
    """A plan cheaper than the best one: x of segments and targets, then one switch per replication."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, hstack, identity, kron

    n, k = program.cost.shape
    least = program.cost.min(axis=1)
    shifted = (program.cost - least[:, None]).astype(np.float64)
    scale = ROW_SCALE / max(1.0, float(shifted.max()))
    objective = (shifted * scale).ravel()
    switches = [chance.n_replications for chance in chances]
    rows: list[Any] = []

    def add(matrix: Any, low: Any, high: Any) -> None:
        rows.append(LinearConstraint(matrix, low, high))

    def wide(matrix: Any) -> Any:
        return hstack([csr_array(matrix), csr_array((matrix.shape[0], sum(switches)))], format="csr")

    add(wide(kron(identity(n), np.ones((1, k)))), 1.0, 1.0)
    table = matrix_rows(program, ROW_SCALE)
    for coefficients, low in zip(table.coefficients, table.low, strict=True):
        add(wide(coefficients[None, :]), low, np.inf)
    for cut in cuts:
        add(wide(cut[None, :]), -np.inf, n - 1.0)
    if best is not None:
        rooms = float(shifted[np.arange(n), best].sum()) * scale
        add(wide(objective[None, :]), -np.inf, rooms)
    first = 0
    for chance, count in zip(chances, switches, strict=True):
        matrix, switch = _switched(chance, first, sum(switches))
        add(matrix, 0.0, np.inf)
        add(switch, float(chance.wanted), np.inf)
        first += count
    free = np.concatenate([program.mask.ravel().astype(np.float64), np.ones(sum(switches))])
    with quiet():
        result = milp(
            np.concatenate([objective, np.zeros(sum(switches))]),
            integrality=np.ones(free.size, dtype=np.int64),
            bounds=Bounds(0.0, free),
            constraints=rows,
            options={"mip_rel_gap": 0.0, "time_limit": time_limit, "disp": False},
        )
    dual = getattr(result, "mip_dual_bound", None)
    base = sum(int(x) for x in least)
    bound = base + float(dual) / scale if dual is not None else -math.inf
    status = {0: "optimal", 2: "infeasible"}.get(result.status, "bounded")
    if result.x is None:
        return None, bound, status
    return np.asarray(result.x[: n * k].reshape(n, k).argmax(axis=1), dtype=np.int64), bound, status


def _switched(chance: Chance, first: int, n_switches: int) -> tuple[Any, Any]:
    """Rows Σ surplus(x) − worst · z ≥ … : a replication whose switch is on must meet the floor."""
    from scipy.sparse import csr_array, hstack

    surplus = chance.surplus.astype(np.float64)
    n_replications = surplus.shape[2]
    lowest = surplus.min(axis=1)
    above = (surplus - lowest[:, None, :]).reshape(-1, n_replications).T
    missing = -lowest.sum(axis=0)  # what x must add up to where the switch is on
    size = np.maximum(1.0, np.abs(above).max(axis=1, initial=1.0))
    above, missing = above / size[:, None] * 1e3, missing / size * 1e3
    need = np.maximum(missing, 0.0)
    columns = np.arange(first, first + n_replications)
    rows = np.arange(n_replications)
    off = csr_array((-need, (rows, columns)), shape=(n_replications, n_switches))
    matrix = hstack([csr_array(above), off], format="csr")
    switch = np.zeros((1, above.shape[1] + n_switches))
    switch[0, above.shape[1] + columns] = 1.0
    return matrix, csr_array(switch)
