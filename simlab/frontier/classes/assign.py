"""Items sorted into given classes: each takes one of a few targets, at the least total cost."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.frontier.bounds.steps import HullSteps, hull_steps
from simlab.frontier.curves import Sums, exact_sum
from simlab.frontier.merge import merge

CORE_ITEMS = 24
CORE_CANDIDATES = 400_000
NODES = 60
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
    cost, served : (n, k) int64
    columns : (classes,) int
        Columns allowed.
    need : int
        Units to be served in total.

    Notes
    -----
    Linear relaxation along the items' hulls. One item at most is left between two columns: each of its
    columns is tried in turn, branch and bound, for it may be a large one. Then the items whose choice the
    price leaves most open are combined exactly by dominance merge. An item that cannot leave its column
    without passing the cost of the plan known keeps it in every better plan, so that the plan is
    proven best where all the others were combined.

    References
    ----------
    Sinha and Zoltners (1979), The multiple-choice knapsack problem, Operations Research 27; Pisinger
    (1995), A minimal algorithm for the multiple-choice knapsack problem, EJOR 83.
    """
    c, s = cost[:, columns], served[:, columns]
    relaxation = _Relaxation(c, s, hull_steps(c, s).sorted(), need)
    root = relaxation.node({})
    if root is None:
        return None
    choice, low = _branched(relaxation, root)
    rows = np.arange(choice.size)
    known = exact_sum(c[rows, choice])
    if known > low:
        choice, settled = _combined(c, s, choice, root.price, need, known - root.low)
        known = exact_sum(c[rows, choice])
        low = known if settled else low
    return Assigned(columns[choice], known, exact_sum(s[rows, choice]), min(low, known))


@dataclass(frozen=True, eq=False)
class _Node:
    """Some items fixed, the others relaxed.

    Attributes
    ----------
    low : int
        No plan with these items fixed costs less.
    price : float
        Cost per unit served at which the relaxation stops.
    item : int
        The item left between two columns; -1: none, the relaxation is a plan.
    last : int
        Steps taken (of those of items not fixed), the last one in part.
    cost : int
        Of the relaxation rounded up.
    """

    low: int
    price: float
    item: int
    last: int
    cost: int
    fixed: dict[int, int]


@dataclass(frozen=True, eq=False)
class _Relaxation:
    """Linear relaxation of the choice of columns, some items fixed."""

    cost: Sums
    served: Sums
    steps: HullSteps
    need: int

    def node(self, fixed: dict[int, int]) -> _Node | None:
        """Relax the other items; None if no plan serves enough."""
        steps = self.steps
        paid, reached = steps.base_cost, steps.base_served
        for item, column in fixed.items():
            start = int(steps.start[item])
            paid += int(self.cost[item, column]) - int(self.cost[item, start])
            reached += int(self.served[item, column]) - int(self.served[item, start])
        if reached >= self.need:
            return _Node(paid, 0.0, -1, 0, paid, fixed)
        free = self._free(fixed)
        gained = np.cumsum(steps.served[free], dtype=np.int64)
        last = int(np.searchsorted(gained, self.need - reached))
        if last == gained.size:
            return None
        at = int(free[last])
        up = paid + exact_sum(steps.cost[free[: last + 1]])
        over = reached + int(gained[last]) - self.need
        price = float(steps.slope[at])
        size = abs(steps.base_cost) + abs(up) + price * abs(self.need)
        low = math.ceil(up - price * over - _MARGIN * size) if over else up
        return _Node(low, price, int(steps.item[at]) if over else -1, last + 1, up, fixed)

    def choice(self, node: _Node) -> IntArray:
        """The relaxation rounded up to a plan."""
        choice = self.steps.start.copy()
        taken = self._free(node.fixed)[: node.last]
        choice[self.steps.item[taken]] = self.steps.column[taken]
        for item, column in node.fixed.items():
            choice[item] = column
        return choice

    def _free(self, fixed: dict[int, int]) -> IntArray:
        free = np.ones(self.steps.item.size, dtype=np.bool_)
        for item in fixed:
            free &= self.steps.item != item
        return np.flatnonzero(free)


def _branched(relaxation: _Relaxation, root: _Node) -> tuple[IntArray, int]:
    """Branch on the item left between two columns, the least bound first."""
    best, open_nodes, count = root, [(root.low, 0, root)], 0
    while open_nodes and count < NODES:
        low, _, node = open_nodes[0]
        if low >= best.cost:
            break
        heapq.heappop(open_nodes)
        if node.item < 0:
            continue
        for column in range(relaxation.cost.shape[1]):
            child = relaxation.node({**node.fixed, node.item: column})
            if child is None:
                continue
            count += 1
            best = child if child.cost < best.cost else best
            heapq.heappush(open_nodes, (max(child.low, low), count, child))
    low = min([best.cost, *(low for low, _, _ in open_nodes)])
    return relaxation.choice(best), low


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
