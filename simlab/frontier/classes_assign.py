"""Items sorted into given classes: each takes one of a few targets, at the least total cost."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simlab.frontier.curves import FloatArray, IntArray, Sums, exact_sum
from simlab.frontier.items import HullSteps, hull_steps
from simlab.frontier.merge import merge

CORE_ITEMS = 24
CORE_CANDIDATES = 400_000
_MARGIN = 1e-11


@dataclass(frozen=True, eq=False)
class Assigned:
    """The best known plan on a set of targets.

    Attributes
    ----------
    choice : (n,) int64
        Column of each item.
    cost, served : int
        Exact totals.
    bound : int
        No plan on these targets that serves as much costs less; equal to `cost` where proven best.
    """

    choice: IntArray
    cost: int
    served: int
    bound: int


def assign_items(cost: Sums, served: Sums, columns: IntArray, need: int) -> Assigned | None:
    """Choose one of the given columns for every item; None if they cannot serve enough.

    Parameters
    ----------
    cost, served : (n, k) int
    columns : (classes,) int
        Columns allowed.
    need : int
        Units to be served in total.

    Notes
    -----
    Linear relaxation along the items' hulls, rounded up; then the items whose choice the price leaves most
    open are combined exactly by dominance merge. Items are fixed by their penalty: one that cannot change
    its column without passing the cost of the plan known keeps it in every better plan, so that the
    plan is proven best where all the others were combined.

    References
    ----------
    Sinha and Zoltners (1979), The multiple-choice knapsack problem, Operations Research 27; Pisinger
    (1995), A minimal algorithm for the multiple-choice knapsack problem, EJOR 83.
    """
    c, s = cost[:, columns], served[:, columns]
    steps = hull_steps(c, s).sorted()
    reached = steps.base_served + np.cumsum(steps.served, dtype=np.int64)
    last = 0 if steps.base_served >= need else int(np.searchsorted(reached, need)) + 1
    if last > reached.size:
        return None
    choice = steps.start.copy()
    choice[steps.item[:last]] = steps.column[:last]
    low, price = _relaxed(steps, last, reached, need)
    rows = np.arange(choice.size)
    known = exact_sum(c[rows, choice])
    if known > low:
        choice, settled = _combined(c, s, choice, price, need, known - low)
        known = exact_sum(c[rows, choice])
        low = known if settled else low
    return Assigned(columns[choice], known, exact_sum(s[rows, choice]), min(low, known))


def _relaxed(steps: HullSteps, last: int, reached: IntArray, need: int) -> tuple[int, float]:
    """Cost that no plan can undercut, rounded up to an integer after a margin, and the price there."""
    if not last:
        return steps.base_cost, 0.0
    price = float(steps.slope[last - 1])
    paid = steps.base_cost + exact_sum(steps.cost[:last])
    bound = paid - price * (int(reached[last - 1]) - need)
    size = abs(steps.base_cost) + abs(paid) + price * abs(need)
    return math.ceil(bound - _MARGIN * size), price


def _combined(
    cost: Sums, served: Sums, choice: IntArray, price: float, need: int, gap: int
) -> tuple[IntArray, bool]:
    """The plan with its most open items chosen anew, and whether that settles the whole."""
    rows = np.arange(choice.size)
    penalty = cost.astype(np.float64) - price * served.astype(np.float64)
    regret = _regret(penalty, choice)
    core = np.argsort(regret, kind="stable")[:CORE_ITEMS]
    rest = np.ones(choice.size, dtype=np.bool_)
    rest[core] = False
    fixed = exact_sum(served[rows[rest], choice[rest]])
    merged = merge(cost[core], served[core], max_candidates=CORE_CANDIDATES)
    at = int(np.searchsorted(merged.served, need - fixed))
    better = choice.copy()
    better[core] = merged.choice[at]
    if exact_sum(cost[rows, better]) > exact_sum(cost[rows, choice]):  # a thinned merge may miss it
        better = choice
    slack = _MARGIN * float(np.abs(penalty).sum())
    settled = merged.slack == 0 and (core.size == choice.size or bool(regret[rest].min() - slack > gap))
    return better, settled


def _regret(penalty: FloatArray, choice: IntArray) -> FloatArray:
    """(n,) least extra penalty of any column but the chosen one, over the item's least penalty.

    An item whose chosen column is not its best has regret 0: it stays open.
    """
    rows = np.arange(choice.size)
    others = penalty.copy()
    others[rows, choice] = np.inf
    return np.maximum(others.min(axis=1) - penalty.min(axis=1), 0.0) if penalty.shape[1] > 1 else others[:, 0]
