"""Who is to blame: Shapley's value over the orders in which switches may be thrown."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import factorial, sqrt

import numpy as np

from simlab.arrays import ObjectArray
from simlab.verdict.audit.switches import Switch, code_of

MOST_EXACT = 7
"""Active switches up to which every order is counted."""

N_ORDERS = 200
"""Orders drawn where there are more."""
Order = tuple[Switch, ...]


@dataclass(frozen=True, eq=False)
class Attribution:
    """What each switch adds, averaged over orders.

    Attributes
    ----------
    numerator : dict of Switch to (batches,) of int
        Sum of a switch's steps over all orders, by batch.
    n_orders : int
        Orders averaged over: numerator ÷ n_orders is the switch's share.
    error : dict of Switch to float
        Standard error of the share (all batches together) where orders were drawn; else 0.
    """

    numerator: dict[Switch, ObjectArray]
    n_orders: int
    error: dict[Switch, float]


def worlds_needed(active: Sequence[Switch], seed: int) -> set[int]:
    """Bit masks of every set of switches that the attribution looks up."""
    if len(active) <= MOST_EXACT:
        return {code_of(chosen) for chosen in _subsets(active)}
    return {code_of(order[:n]) for order in drawn_orders(active, seed) for n in range(len(active) + 1)}


def attribute(active: Sequence[Switch], value: Callable[[int], ObjectArray], seed: int) -> Attribution:
    """Shapley's value of every active switch over the orders that throw 3 before 4.

    Parameters
    ----------
    active : sequence of Switch
        Switches that change anything.
    value : callable
        Bit mask of a set of switches → its value by batch, Python integers.
    seed : int
        Of the orders that are drawn where more than `MOST_EXACT` switches are active.

    Notes
    -----
    Exactly: Σ over sets S before j of e(S)·e(rest)·[v(S + j) − v(S)], e the number of allowed orders of
    a set; the shares add up to v(all) − v(none) without any rounding. Drawn: the same for the mean
    of `N_ORDERS` orders.

    References
    ----------
    Shapley (1953); Faigle & Kern (1992), The Shapley value for cooperative games under precedence
    constraints; Castro, Gómez & Tejada (2009), Polynomial calculation of the Shapley value by sampling.
    """
    return _exact(active, value) if len(active) <= MOST_EXACT else _drawn(active, value, seed)


def drawn_orders(active: Sequence[Switch], seed: int) -> list[Order]:
    """`N_ORDERS` orders, each allowed one equally likely; the same on every machine."""
    return [_allowed(sorted(active, key=lambda switch: _rank(seed, n, switch))) for n in range(N_ORDERS)]


def _exact(active: Sequence[Switch], value: Callable[[int], ObjectArray]) -> Attribution:
    everything = frozenset(active)
    numerator = {switch: np.zeros_like(value(0)) for switch in active}
    for before in _subsets(active):
        for switch in everything - before:
            after = before | {switch}
            if _admissible(after, everything):
                weight = _orders(before) * _orders(everything - after)
                step = value(code_of(after)) - value(code_of(before))
                numerator[switch] = numerator[switch] + weight * step
    return Attribution(numerator, _orders(everything), dict.fromkeys(active, 0.0))


def _drawn(active: Sequence[Switch], value: Callable[[int], ObjectArray], seed: int) -> Attribution:
    steps: dict[Switch, list[ObjectArray]] = {switch: [] for switch in active}
    for order in drawn_orders(active, seed):
        for place, switch in enumerate(order):
            steps[switch].append(value(code_of(order[: place + 1])) - value(code_of(order[:place])))
    numerator = {switch: sum(found[1:], found[0]) for switch, found in steps.items()}
    error = {
        switch: float(np.std([float(step.sum()) for step in found], ddof=1)) / sqrt(N_ORDERS)
        for switch, found in steps.items()
    }
    return Attribution(numerator, N_ORDERS, error)


def _subsets(active: Sequence[Switch]) -> Iterable[frozenset[Switch]]:
    everything = frozenset(active)
    for code in range(1 << len(active)):
        chosen = frozenset(switch for place, switch in enumerate(active) if code >> place & 1)
        if _admissible(chosen, everything):
            yield chosen


def _admissible(chosen: frozenset[Switch], everything: frozenset[Switch]) -> bool:
    """Orders may overtake each other only where lead times are random already."""
    waits = Switch.CROSSING in chosen and Switch.LEAD_TIME in everything
    return not waits or Switch.LEAD_TIME in chosen


def _orders(chosen: frozenset[Switch]) -> int:
    """Allowed orders of a set: half of all where 3 must come before 4."""
    both = {Switch.LEAD_TIME, Switch.CROSSING} <= chosen
    return factorial(len(chosen)) // (2 if both else 1)


def _allowed(order: list[Switch]) -> Order:
    """3 and 4 change places where 4 came first: every allowed order stays equally likely."""
    swap = {Switch.LEAD_TIME: Switch.CROSSING, Switch.CROSSING: Switch.LEAD_TIME}
    if not set(swap) <= set(order) or order.index(Switch.LEAD_TIME) < order.index(Switch.CROSSING):
        return tuple(order)
    return tuple(swap.get(switch, switch) for switch in order)


def _rank(seed: int, number: int, switch: Switch) -> bytes:
    return hashlib.blake2b(f"audit:{seed}:{number}:{switch}".encode(), digest_size=8).digest()
