"""Prices of service: slopes of the frontier, its knee, and where the next unit of money goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray
from simlab.errors import UsageError
from simlab.frontier.bounds.steps import hull_steps
from simlab.frontier.curves import SegmentCurves, exact_amount, exact_sum
from simlab.frontier.frontier import Amount, Frontier
from simlab.frontier.merge import efficient
from simlab.frontier.plan import Plan
from simlab.measures import Estimate, jackknife


@dataclass(frozen=True, eq=False)
class ExchangeRates:
    """Cost of service between neighbouring plans and along the Lagrangian hull.

    Attributes
    ----------
    fill_rate : (p − 1, 2) float
        Fill rates of the two neighbours.
    cost_per_point : (p − 1,) float
        Money per year for one percentage point of fill, from the cheaper to the neighbour that costs more.
    value_per_point : (p − 1,) float
        Money tied up for one percentage point.
    hull_per_point : (p − 1,) float
        The same as `cost_per_point` on the Lagrangian hull at the middle: a price, not a plan.
    """

    fill_rate: FloatArray
    cost_per_point: FloatArray
    value_per_point: FloatArray
    hull_per_point: FloatArray


def exchange_rates(frontier: Frontier) -> ExchangeRates:
    """Slopes between neighbouring plans of a (thinned) frontier and of the hull beside them."""
    fill = frontier.fill_rate
    step = 100.0 * np.diff(fill)
    with np.errstate(divide="ignore", invalid="ignore"):
        cost = np.diff(frontier.cost_money) / step
        value = np.diff(frontier.value_money) / step
    middle = 0.5 * (frontier.served[1:].astype(np.float64) + frontier.served[:-1].astype(np.float64))
    pairs = np.column_stack([fill[:-1], fill[1:]])
    return ExchangeRates(pairs, cost, value, hull_price(frontier.curves, middle))


def hull_price(curves: SegmentCurves, served: FloatArray) -> FloatArray:
    """Money per year for one percentage point of fill on the Lagrangian hull at these units served."""
    steps = hull_steps(curves.cost, curves.served).sorted()
    if not steps.slope.size:
        return np.full(served.shape, np.nan)
    reached = steps.base_served + np.cumsum(steps.served.astype(np.float64))
    at = np.clip(np.searchsorted(reached, served), 0, steps.slope.size - 1)
    point = 0.01 * curves.total_demanded * float(curves.cost_unit)
    return np.asarray(steps.slope[at] * point)


def slope_estimate(
    cost: tuple[npt.ArrayLike, npt.ArrayLike],
    served: tuple[npt.ArrayLike, npt.ArrayLike],
    demanded: npt.ArrayLike,
    level: float = 0.95,
) -> Estimate:
    """Exchange rate between two fixed plans on fresh replications: cost per percentage point of fill.

    Parameters
    ----------
    cost, served : pair of (n,) arrays
        Cost and units served per replication of the plan that costs less and the one that costs more.
    demanded : (n,) int
        Units demanded per replication.

    Returns
    -------
    Estimate
        Ratio of the paired differences with a jackknife interval, in units of cost per replication.
    """
    extra = np.asarray(cost[1], dtype=np.float64) - np.asarray(cost[0], dtype=np.float64)
    gain = np.asarray(served[1], dtype=np.float64) - np.asarray(served[0], dtype=np.float64)
    demand = np.asarray(demanded, dtype=np.float64)
    n = demand.size
    with np.errstate(divide="ignore", invalid="ignore"):
        value = extra.mean() / (100.0 * gain.sum() / demand.sum())
        left = (extra.sum() - extra) / (n - 1.0)
        left = left / (100.0 * (gain.sum() - gain) / (demand.sum() - demand))
    return jackknife(float(value), left, level)


def knee(frontier: Frontier) -> int:
    """Number of the point farthest below the straight line between the ends of the frontier.

    Both axes are scaled to their range, so the answer does not depend on currency or units, but it
    does on where the frontier is cut off: state the ends with it.

    References
    ----------
    Satopää et al. (2011), Finding a "Kneedle" in a haystack.
    """
    cost, served = frontier.cost.astype(np.float64), frontier.served.astype(np.float64)
    if cost.size < 3:
        return 0
    x, y = (served - served[0]) / np.ptp(served), (cost - cost[0]) / np.ptp(cost)
    return int(np.argmax(x - y))


@dataclass(frozen=True)
class Move:
    """One segment's step to another target, all others kept.

    Attributes
    ----------
    segment : str
    from_target, to_target : float
    cost, value : float
        Change in money per year, and in money tied up.
    fill : float
        Change of the total fill rate.
    """

    segment: str
    from_target: float
    to_target: float
    cost: float
    value: float
    fill: float

    @property
    def per_value(self) -> float:
        """Fill rate gained (or lost) per unit of money tied up (or released)."""
        return self.fill / self.value if self.value else float("inf")


def next_moves(plan: Plan) -> tuple[Move, ...]:
    """Where the next unit of money goes: each segment's best step up, best ratio first."""
    return _moves(plan, upward=True)


def release_moves(plan: Plan) -> tuple[Move, ...]:
    """Where money comes from at the least loss: each segment's best step down, least loss first."""
    return _moves(plan, upward=False)


def _moves(plan: Plan, *, upward: bool) -> tuple[Move, ...]:
    curves = plan.curves
    moves = []
    for row, name in enumerate(curves.names):
        at = int(plan.choice[row])
        value = (curves.value[row] - curves.value[row, at]).astype(np.float64)
        served = (curves.served[row] - curves.served[row, at]).astype(np.float64)
        able = (value > 0) & (served > 0) if upward else (value < 0)
        if not able.any():
            continue
        ratio = np.where(able, served / np.where(able, value, 1.0), -np.inf if upward else np.inf)
        to = int(ratio.argmax() if upward else ratio.argmin())
        moves.append(
            Move(
                name,
                float(curves.targets[at]),
                float(curves.targets[to]),
                float((int(curves.cost[row, to]) - int(curves.cost[row, at])) * curves.cost_unit),
                float(value[to]) * float(curves.value_unit),
                float(served[to]) / max(1, curves.total_demanded),
            )
        )
    return tuple(sorted(moves, key=lambda move: move.per_value, reverse=upward))


@dataclass(frozen=True, eq=False)
class Release:
    """Money released at the least loss of service.

    Attributes
    ----------
    before, after : Plan
        The plan now, and the best plan with the smaller budget.
    by_segment : tuple of Move
        What each segment gives up (or gains), largest release first.
    """

    before: Plan
    after: Plan
    by_segment: tuple[Move, ...]


def release(frontier: Frontier, plan: Plan, amount: Amount) -> Release:
    """Set `amount` of money free: the highest fill rate that the remaining budget allows, and from where."""
    left = plan.value * plan.curves.value_unit - exact_amount(amount)
    if left <= 0:
        raise UsageError(
            f"only {plan.value_money:,.2f} is tied up: {float(exact_amount(amount)):,.2f} cannot be released"
        )
    after = frontier.at(budget=left)
    curves, demanded = plan.curves, max(1, plan.curves.total_demanded)
    moves = []
    for row, name in enumerate(curves.names):
        old, new = int(plan.choice[row]), int(after.choice[row])
        if old == new:
            continue
        cost, value, served = (
            int(table[row, new]) - int(table[row, old])
            for table in (curves.cost, curves.value, curves.served)
        )
        moves.append(
            Move(
                name,
                float(curves.targets[old]),
                float(curves.targets[new]),
                float(cost * curves.cost_unit),
                float(value * curves.value_unit),
                served / demanded,
            )
        )
    return Release(plan, after, tuple(sorted(moves, key=lambda move: move.value)))


def share_by_segment(plan: Plan) -> FloatArray:
    """(n_segments,) money that each segment ties up under the plan."""
    rows = np.arange(plan.curves.n_segments)
    return np.asarray(plan.curves.value[rows, plan.choice].astype(np.float64) * float(plan.curves.value_unit))


def budget_sweep(frontier: Frontier, n_points: int = 20) -> tuple[Plan, ...]:
    """The best plan at each of `n_points` budgets spread evenly between the smallest and the largest."""
    value, served = frontier.curves.value, frontier.curves.served
    lowest = exact_sum(value.min(axis=1))
    at = [efficient(value[row], served[row])[-1] for row in range(frontier.curves.n_segments)]
    highest = exact_sum(value[np.arange(len(at)), at])
    unit = frontier.curves.value_unit
    budgets = [lowest + -(-(highest - lowest) * step // max(1, n_points - 1)) for step in range(n_points)]
    return tuple(frontier.at(budget=budget * unit) for budget in budgets if budget > 0)
