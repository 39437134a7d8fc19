"""Harm of every pair by measure, against the lower of two promises, and the decisions that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from simlab.api.rollout.pairs import HeldPairs, Pairs
from simlab.verdict.gate.decisions import Decided, Evidence, decide, doubt_of, either
from simlab.verdict.gate.pvalues import FEWEST, MeanTest, mean_tests, rare_losses

if TYPE_CHECKING:
    from simlab.arrays import BoolArray, FloatArray, IntArray


_SOME = 1e-300
SERVES_LESS, TIES_UP_MORE, MORE_ORDERS = "serves less", "ties up more", "orders more often"


@dataclass(frozen=True, eq=False)
class Promise:
    """What both sides are measured against.

    Attributes
    ----------
    tolerance : (n,) float
        Of service, a fraction.
    stock_tolerance : float
        Share of stock value.
    order_tolerance : float
        Orders a year.
    planned_stock, planned_orders : (n,) float
        Mean units on the shelf and orders a year that the plan promises; NaN: it says nothing.
    code : (n,) int64
        Segment of every item.
    against_plan : bool
        False: today's service, stock and orders alone.
    years : float
        Length of a replication.
    stock_weight : float
        What a sum of `Side.stock` is divided by for mean units.
    costs : (n,) bool, optional
        Whether a unit costs anything; what costs nothing ties nothing up. Left out: all do.
    as_planned : bool
        The plan was made by these laws: it promises the stock and orders that its levels have on these paths.
    """

    tolerance: FloatArray
    stock_tolerance: float
    order_tolerance: float
    planned_stock: FloatArray
    planned_orders: FloatArray
    code: IntArray
    against_plan: bool
    years: float
    stock_weight: float
    costs: BoolArray | None = None
    as_planned: bool = False

    def take(self, rows: IntArray) -> Promise:
        """Of some items."""
        return replace(
            self,
            tolerance=self.tolerance[rows],
            planned_stock=self.planned_stock[rows],
            planned_orders=self.planned_orders[rows],
            code=self.code[rows],
            costs=None if self.costs is None else self.costs[rows],
        )


@dataclass(frozen=True, eq=False)
class Judged:
    """Decisions on the long run, and what they rest on.

    Attributes
    ----------
    decided : Decided
    unchanged : (n,) bool
    loss, stock, orders : MeanTest
        Of the harm against today: units served less than tolerated a replication, and so on.
    evidence : dict of str to Evidence
    segment_now, segment_then : (s,) float
        Fill rates of the segments on both sides.
    """

    decided: Decided
    unchanged: BoolArray
    loss: MeanTest
    stock: MeanTest
    orders: MeanTest
    evidence: dict[str, Evidence]
    segment_now: FloatArray
    segment_then: FloatArray


def judge(pairs: HeldPairs, promise: Promise, q: float, *, any_dependence: bool = False) -> Judged:
    """Decide on every pair.

    Notes
    -----
    An item is harmed where it serves less than both promises less the tolerance, ties up more stock, or
    orders more often, than both promises and the tolerance. "Harmed" is that both differences lie above 0:
    to rule it out one of them is enough (p doubled), to show it both are needed (the larger p).
    """
    demanded = pairs.of_items(lambda part: part.demanded.sum(axis=1))
    now_fill = _by_segment(pairs.of_items(lambda part: part.now.served.sum(axis=1)), demanded, promise.code)
    then_fill = _by_segment(pairs.of_items(lambda part: part.then.served.sum(axis=1)), demanded, promise.code)
    found = [_measured(part, promise.take(rows), then_fill) for rows, part in pairs]
    evidence = {name: _joined([one[name][0] for one in found]) for name in found[0]}
    loss, stock, orders = (_joined([one[name][1] for one in found]) for name in found[0])
    unchanged = pairs.of_items(lambda part: part.unchanged)
    decided = decide(evidence, unchanged, q, any_dependence=any_dependence)
    return Judged(decided, unchanged, loss, stock, orders, evidence, now_fill, then_fill)


_OfItems = TypeVar("_OfItems", Evidence, MeanTest)


def _measured(pairs: Pairs, promise: Promise, planned: FloatArray) -> dict[str, tuple[Evidence, MeanTest]]:
    """Evidence of harm to some items, and the test against today, by measure."""
    return {
        SERVES_LESS: _service(pairs, promise, planned),
        TIES_UP_MORE: _stock(pairs, promise),
        MORE_ORDERS: _orders(pairs, promise),
    }


def _joined(parts: Sequence[_OfItems]) -> _OfItems:
    """What was found of some items after another, of all."""
    names = [field.name for field in fields(parts[0])]
    return type(parts[0])(*(np.concatenate([getattr(one, name) for one in parts]) for name in names))


def _by_segment(served: IntArray, demanded: IntArray, code: IntArray) -> FloatArray:
    """(s,) fill rate of every segment."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.bincount(code, served) / np.bincount(code, demanded)
    return np.asarray(rate)


def _alone(test: MeanTest, unit: FloatArray) -> Evidence:
    """Harm against today; `unit`: what one of the tolerance's unit is in the test's."""
    return Evidence(test.below, test.above, test.error / unit, doubt_of(test))


def _joint(first: MeanTest, second: MeanTest, known: BoolArray, unit: FloatArray) -> Evidence:
    """Harm is both differences above 0; where the second promise says nothing, the first alone."""
    alone = _alone(first, unit)
    harmless, harm = either(first.below, second.below), np.maximum(first.above, second.above)
    return Evidence(
        np.where(known, harmless, alone.harmless),
        np.where(known, harm, alone.harm),
        np.where(known, np.minimum(first.error, second.error) / unit, alone.error),
        np.where(known, doubt_of(first, second), alone.doubt),
    )


def _service(pairs: Pairs, promise: Promise, planned: FloatArray) -> tuple[Evidence, MeanTest]:
    demanded = pairs.demanded.astype(np.float64)
    lost = pairs.now.served - pairs.then.served
    tolerated = promise.tolerance[:, None] * demanded
    today = mean_tests(lost - tolerated)
    differ = (lost != 0).sum(axis=1)
    sparse = differ < FEWEST
    if sparse.any():
        today = _sparse(today, sparse, differ, demanded, promise.tolerance)
    unit = np.maximum(demanded.mean(axis=1), _SOME)
    if not promise.against_plan:
        return _alone(today, unit), today
    level = np.nan_to_num(planned[promise.code], nan=0.0)[:, None]
    plan = mean_tests(level * demanded - pairs.then.served - tolerated)
    return _joint(today, plan, np.ones(sparse.size, np.bool_), unit), today


def _sparse(
    test: MeanTest, sparse: BoolArray, differ: IntArray, demanded: FloatArray, tolerance: FloatArray
) -> MeanTest:
    """Few replications differ: an exact bound rules harm out, and nothing shows it."""
    largest = demanded.max(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(largest > 0, tolerance * demanded.mean(axis=1) / largest, 1.0)
    bound = rare_losses(differ, demanded.shape[1], share)
    below = np.where(sparse, bound, test.below)
    above = np.where(sparse, 1.0, test.above)
    return MeanTest(above, below, test.mean, test.error)


def _stock(pairs: Pairs, promise: Promise) -> tuple[Evidence, MeanTest]:
    tau = 1.0 + promise.stock_tolerance
    then = pairs.then.stock / promise.stock_weight
    now = pairs.now.stock / promise.stock_weight
    today = mean_tests(then - tau * now)
    known, planned = _planned(promise, promise.planned_stock, then)
    unit = np.maximum(np.maximum(now.mean(axis=1), planned.mean(axis=1)), _SOME)
    found = _joint(today, mean_tests(then - tau * planned), known, unit)
    if promise.costs is None:
        return found, today
    free = ~promise.costs
    harmless, harm = np.where(free, 0.0, found.harmless), np.where(free, 1.0, found.harm)
    return replace(found, harmless=harmless, harm=harm), today


def _planned(promise: Promise, stated: FloatArray, then: FloatArray) -> tuple[BoolArray, FloatArray]:
    """Where the plan promises something, and what: by replication, or one figure (n, 1)."""
    if promise.as_planned and promise.against_plan:
        return np.ones(stated.size, np.bool_), then
    return ~np.isnan(stated) & promise.against_plan, np.nan_to_num(stated)[:, None]


def _orders(pairs: Pairs, promise: Promise) -> tuple[Evidence, MeanTest]:
    more = promise.order_tolerance
    then = pairs.then.orders / promise.years
    today = mean_tests(then - pairs.now.orders / promise.years - more)
    known, planned = _planned(promise, promise.planned_orders, then)
    return _joint(today, mean_tests(then - planned - more), known, np.ones(known.size)), today
