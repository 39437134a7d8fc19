"""Items of a block added up by cell: compiled, in the worker that simulated them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from simlab.arrays import LARGEST_SUM, ChoiceArray, IntArray
from simlab.engine._jit import kernel
from simlab.engine.world.curves import Curves
from simlab.errors import OutOfRangeError
from simlab.execution.sums import PLAIN, TOO_LARGE, PlanRequest, PlanSums, Weights, item_weights

Term = tuple[str, str, IntArray]
"""What is added to (`PlanSums`), what of (measure), and what a unit of it weighs for each item."""

_COUNTED = ("ready", "short", "receipts", "good_receipts", "orders")
_OF_WHOLE = (*_COUNTED, "delivered_value", "asked_margin", "delivered_margin", "ordering")
"""Sums of whole requests alone."""


def reduce_items(curves: Curves, requests: Sequence[PlanRequest], weights: Weights) -> list[PlanSums]:
    """Add up the items of a block for every plan of every request.

    Parameters
    ----------
    curves : Curves
        Item × column × replication (as many slots as replications).
    requests : sequence of PlanRequest
        The plans and the cells, for the same items.
    weights : Weights
        Money per unit.

    Raises
    ------
    OutOfRangeError
        If a sum of money might leave the range of int64.
    """
    measures = _measures(curves, weights)
    _prove_bounds(curves, measures, weights)
    terms = list(_terms(curves, weights))
    return [_added(measures, request, terms, weights) for request in requests]


def _measures(curves: Curves, weights: Weights) -> dict[str, IntArray]:
    """(n, k or 1, slots) what is added up; one column where columns cannot differ."""
    measures = {
        "demanded": curves.demanded[:, None],
        "served": curves.served,
        "stock": curves.on_hand + curves.on_hand_start,
        **{name: getattr(curves, name) for name in ("lost", *_COUNTED)},
    }
    if weights.account is not None:
        measures["periods"] = np.full_like(measures["demanded"], weights.account.periods)
    return {name: np.ascontiguousarray(table) for name, table in measures.items()}


def _terms(curves: Curves, weights: Weights) -> Iterator[Term]:
    """What every sum is made of; a new weighted sum is a field of `PlanSums` and a line here."""
    cost, ones = weights.unit_cost, np.ones_like(weights.unit_cost)
    by_weight = {"": ones, "_value": cost, "_items": item_weights(curves.demanded)}
    if weights.margin is not None:
        by_weight["_margin"] = np.maximum(weights.margin, 0)
        yield from _difference("lost_margin", weights.margin)
        yield from ((f"{name}_margin", "demanded", weights.margin) for name in ("asked", "delivered"))
        yield "delivered_margin", "lost", -weights.margin
    if weights.order is not None:
        yield "ordering", "orders", weights.order
    for ending, unit in by_weight.items():
        yield from ((f"{name}{ending}", name, unit) for name in ("demanded", "served"))
    yield from (("stock_value", "stock", cost), ("holding", "stock", weights.holding))
    yield from ((name, name, ones) for name in _COUNTED)
    yield from (("delivered_value", "demanded", cost), ("delivered_value", "lost", -cost))
    yield from _as_counted(curves, weights)


def _as_counted(curves: Curves, weights: Weights) -> Iterator[Term]:
    """Cost and service as the study counts them."""
    account = weights.account
    if account is None:
        return
    yield "cost", "stock", account.stock
    if account.order.any():
        yield "cost", "orders", account.order
    if account.short.any():
        yield from _difference("cost", account.short)
    unit = account.unit_of(curves)
    yield from ((name, part, unit) for name, part in zip(("good", "asked"), account.parts, strict=True))


def _difference(name: str, weight: IntArray) -> Iterator[Term]:
    """Units not served at once."""
    yield from ((name, "demanded", weight), (name, "served", -weight))


def _added(
    measures: dict[str, IntArray], request: PlanRequest, terms: list[Term], weights: Weights
) -> PlanSums:
    """The sums of one request; what no column changes is added up once, and is a view for further plans."""
    cells, slots = request.n_cells, measures["served"].shape[2]
    first = np.zeros((request.choice.shape[0], 1), np.int16)
    asked = [term for term in terms if request.n_plans and (request.whole or term[0] not in _OF_WHOLE)]
    varies = {name for name, source, _ in asked if measures[source].shape[1] > 1}
    found: dict[str, IntArray] = {}
    for name, source, weight in asked:
        plans = request.n_plans if name in varies else 1
        if name not in found:
            found[name] = np.zeros((plans, cells, slots), np.int64)
        table = measures[source]
        choice = request.choice if table.shape[1] > 1 else first
        add_steps(table, weight, choice, request.cell, found[name])
    for out in found.values():
        np.cumsum(out, axis=0, out=out)
    if weights.account is None:
        found |= {name: found[plain] for name, plain in PLAIN.items() if plain in found}
    return PlanSums.of(found, (request.n_plans, cells, slots))


@kernel
def add_steps(table: IntArray, weight: IntArray, choice: ChoiceArray, cell: IntArray, out: IntArray) -> None:
    """Add weight × the chosen column of every item to its cell, slot by slot, less that of the plan before.

    Sums over plans up to one are that plan's (in whole numbers, which may wrap meanwhile): most neighbours
    give most items the same column, which then costs nothing.

    Parameters
    ----------
    table : (n, k, slots) int64
    weight : (n,) int64
    choice : (n, p) int16
        Column that each plan gives each item.
    cell : (n,) int64
    out : (p, c, slots) int64
        Added to.
    """
    for item in range(table.shape[0]):
        at, w = cell[item], weight[item]
        last = choice[item, 0]
        for slot in range(table.shape[2]):
            out[0, at, slot] += w * table[item, last, slot]
        for plan in range(1, choice.shape[1]):
            column = choice[item, plan]
            if column != last:
                for slot in range(table.shape[2]):
                    out[plan, at, slot] += w * (table[item, column, slot] - table[item, last, slot])
                last = column


def rows_added(sums: PlanSums, request: PlanRequest) -> PlanSums:
    """Plans whose items are cells of other sums: `request` says which plan of `sums` each cell takes.

    Every plan of segment targets is such a sum of rows.
    """
    total = PlanSums.zeros(request.n_plans, request.n_cells, sums.n_replications)
    ones = np.ones(request.choice.shape[0], np.int64)
    for name in PlanSums.names():
        if not request.n_plans or (name in _OF_WHOLE and not request.whole):
            continue
        table = np.ascontiguousarray(getattr(sums, name).transpose(1, 0, 2))
        sums_of_name = getattr(total, name)
        add_steps(table, ones, request.choice, request.cell, sums_of_name)
        np.cumsum(sums_of_name, axis=0, out=sums_of_name)
    return total


def _prove_bounds(curves: Curves, measures: dict[str, IntArray], weights: Weights) -> None:
    """Fail where the items of a block might add up to a sum that leaves 64 bits."""
    heavier = np.maximum(np.maximum(weights.unit_cost, weights.holding), 1)  # units are added up too
    if weights.margin is not None:
        heavier = np.maximum(heavier, np.abs(weights.margin))
    for name in ("stock", "demanded"):
        peaks = measures[name].max(axis=(1, 2)).astype(np.float64)
        refuse_large(float((peaks * heavier).sum()))
    if weights.order is not None:
        peaks = measures["orders"].max(axis=(1, 2)).astype(np.float64)
        refuse_large(float((peaks * weights.order).sum()))
    if weights.account is not None:
        refuse_large(float(weights.account.largest(curves, measures["stock"]).sum()))


def refuse_large(bound: float) -> None:
    """Fail where a sum might be as large as this and so leave 64 bits; it is half of what fits."""
    if bound >= LARGEST_SUM:
        raise OutOfRangeError(TOO_LARGE)
