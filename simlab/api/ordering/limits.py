"""Orders within a budget, a container or a supplier's smallest order: packs worth most per money first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.api.ordering.deciding import Review, ahead
from simlab.api.ordering.source import Source
from simlab.api.ordering.state import State
from simlab.errors import InvalidInputError, Problem, listed
from simlab.frontier.solvers.knapsack import Options, Packed, pack
from simlab.policies.stock_reward import Reward, stock_reward
from simlab.register.families import rule_of

if TYPE_CHECKING:
    from simlab.arrays import BoolArray, FloatArray, IntArray, TextArray


_AT_ONCE = 2000
_MOST_OPTIONS = 60
_NAMED = 5


@dataclass(frozen=True, eq=False)
class Held:
    """What limits left of the orders.

    Attributes
    ----------
    quantity : (n,) int64
    waiting : dict of str to (float, float)
        Suppliers whose orders stay below their smallest order: value asked for, and the smallest.
    statements : tuple of str
    """

    quantity: IntArray
    waiting: dict[str, tuple[float, float]]
    statements: tuple[str, ...]


def within_limits(
    source: Source,
    state: State,
    review: Review,
    quantity: IntArray,
    budget: float | None,
    money: str,
    workers: int | None = None,
) -> Held:
    """Orders cut to containers, then to the budget; suppliers below their smallest order wait.

    Raises
    ------
    InvalidInputError
        A budget or container without the price, margin or volume that it needs.
    """
    own = source.ordering
    quantity, said = _contained(source, state, review, quantity, workers)
    if budget is not None:
        rows, cost = np.flatnonzero(quantity > 0), own.unit_cost
        asked = float((quantity * cost).sum())
        if asked > budget + 1e-9:
            chosen, quantity = _cut(source, state, review, quantity, rows, cost, budget, workers)
            said.append(
                f"The budget of {money} {budget:,.2f} pays {chosen.weight:,.2f} of the {asked:,.2f} asked "
                f"for: {_how(chosen)}."
            )
        else:
            said.append(f"The budget of {money} {budget:,.2f} pays everything asked for ({asked:,.2f}).")
    quantity, waiting = _smallest(source, quantity)
    return Held(quantity, waiting, tuple(said))


def _contained(
    source: Source, state: State, review: Review, quantity: IntArray, workers: int | None
) -> tuple[IntArray, list[str]]:
    """Orders cut to the containers of their suppliers, and how full each is."""
    own, said = source.ordering, []
    names, volume = np.array(own.supplier, dtype=object), own.unit_volume
    for name, room in _rooms(source, names).items():
        rows = np.flatnonzero((names == name) & (quantity > 0))
        if rows.size == 0:
            continue
        _refuse_missing(source, rows, volume, "unit_volume", "a container holds a volume")
        load = float((quantity[rows] * volume[rows]).sum())
        if load <= room + 1e-9:
            said.append(f"{name}: the container of {room:,.4g} is {load / room:.0%} full.")
            continue
        chosen, quantity = _cut(source, state, review, quantity, rows, volume, room, workers)
        said.append(
            f"{name}: the container holds {room:,.4g} of {load:,.4g} asked for; {_how(chosen)} "
            f"({chosen.weight / room:.0%} full)."
        )
    return quantity, said


def _rooms(source: Source, names: TextArray) -> dict[str, float]:
    """Room in the container of every supplier that has one: as items say it, else [[suppliers]]."""
    return _of_suppliers(source, names, source.ordering.container_volume, "container_volume")


def _how(chosen: Packed) -> str:
    if chosen.exact:
        return "the packs worth most together, exactly"
    return f"packs by value per money; the best choice is at most {100 * chosen.gap:.2g}% better"


def _refuse_missing(source: Source, rows: IntArray, values: FloatArray, column: str, why: str) -> None:
    bad = rows[np.isnan(values[rows])]
    if bad.size:
        names = listed([source.ordering.keys[row] for row in bad[:_NAMED]], _NAMED)
        what = f"{why}, and {bad.size:,} of its SKU-locations have none: {names}"
        raise InvalidInputError(
            [
                Problem(
                    "E-ORD-007", what, "items", column=column, fix=f"fill {column} of items, and plan again"
                )
            ]
        )


def _cut(
    source: Source,
    state: State,
    review: Review,
    quantity: IntArray,
    rows: IntArray,
    weight: FloatArray,
    ceiling: float,
    workers: int | None,
) -> tuple[Packed, IntArray]:
    """The choice, and quantities with those of some rows lowered to it."""
    amounts, options = [], []
    for found, one in _options(source, state, review, quantity, rows, weight, workers):
        amounts.append(found)
        options.append(one)
    chosen = pack(options, ceiling)
    out = quantity.copy()
    for row, amount, option in zip(rows.tolist(), amounts, chosen.choice.tolist(), strict=True):
        out[row] = amount[option] if option >= 0 else 0
    return chosen, out


def _options(
    source: Source,
    state: State,
    review: Review,
    quantity: IntArray,
    rows: IntArray,
    weight: FloatArray,
    workers: int | None,
) -> Iterator[tuple[IntArray, Options]]:
    """Quantities of every row up to the rule's, and what each is worth: ΔR over doing nothing."""
    money, position = _money(source, review, rows), state.position
    for begin in range(0, rows.size, _AT_ONCE):
        some = rows[begin : begin + _AT_ONCE]
        found = ahead(source, state, review, quantity, some, windows=True, workers=workers)
        for at, row in enumerate(some.tolist()):
            amount = steps_of(source, row, int(quantity[row]))
            there = int(position[row])
            value = _value(found.windows[at], there, amount, money[begin + at])
            yield amount, Options(np.asarray(amount * float(weight[row]), np.float64), value)


def steps_of(source: Source, row: int, most: int) -> IntArray:
    """Quantities that may be ordered of a row: whole packs (lots) from the smallest order to the rule's."""
    terms = source.ordering.world.terms
    size = int(terms.pack_size[row])
    least = max(int(terms.moq[row]), 1)
    if rule_of(source.family[row]).by_lot:
        size = -(-max(int(source.order_quantity[row]), least) // size) * size
    least = -(-least // size) * size
    every = np.arange(least, most + 1, size)
    if every.size > _MOST_OPTIONS:
        every = every[np.unique(np.linspace(0, every.size - 1, _MOST_OPTIONS).round().astype(np.int64))]
    return every if every.size and every[-1] == most else np.append(every, most)


def _value(windows: IntArray, there: int, amount: IntArray, money: Reward) -> FloatArray:
    """ΔR of every quantity; where something is owed, the first units are sold at once."""
    share = np.bincount(windows + max(-there, 0)).astype(np.float64) / windows.size
    base = max(there, 0)
    reward = stock_reward(share, base + int(amount[-1]), money)
    return np.asarray(reward[base + amount] - reward[base])


def _money(source: Source, review: Review, rows: IntArray) -> list[Reward]:
    """What a unit of each row earns, misses and costs until the next order arrives."""
    own, spec = source.ordering, source.study.orders
    margin = own.price - own.unit_cost if spec.margin is None else np.full(own.n_items, spec.margin)
    _refuse_missing(source, rows, margin, "price", "packs are ranked by margin (price, or orders.margin)")
    out = own.shortage_cost if spec.stock_out is None else np.full(own.n_items, spec.stock_out)
    out = np.where(np.isnan(out), np.maximum(margin, 0.0), out)
    days = np.maximum((review.next_day - review.day).astype(np.int64), 1)
    carried = own.carrying * days / 365.0
    discount = min(spec.carrying_discount, 0.999_999)
    return [
        Reward(float(margin[row]), float(out[row]), float(carried[row]), spec.margin_discount, discount)
        for row in rows.tolist()
    ]


def _smallest(source: Source, quantity: IntArray) -> tuple[IntArray, dict[str, tuple[float, float]]]:
    """Nothing is ordered where a supplier's orders stay below its smallest order."""
    names = np.array(source.ordering.supplier, dtype=object)
    waiting: dict[str, tuple[float, float]] = {}
    out = quantity.copy()
    for name, least in _smallest_orders(source, names).items():
        rows: BoolArray = (names == name) & (quantity > 0)
        value = float((quantity[rows] * source.ordering.unit_cost[rows]).sum())
        if rows.any() and value < least - 1e-9:
            waiting[name] = (value, least)
            out[rows] = 0
    return out, waiting


def _smallest_orders(source: Source, names: TextArray) -> dict[str, float]:
    """Smallest order of every supplier that has one: as items say it, else [[suppliers]]."""
    return _of_suppliers(source, names, source.ordering.minimum_order_value, "minimum_order_value")


def _of_suppliers(source: Source, names: TextArray, stated: FloatArray, option: str) -> dict[str, float]:
    listed_ones = {
        spec.name: float(value)
        for spec in source.study.suppliers
        if (value := getattr(spec, option)) is not None
    }
    said = np.flatnonzero(~np.isnan(stated))
    return listed_ones | {str(names[row]): float(stated[row]) for row in said.tolist()}
