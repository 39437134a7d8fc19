"""Policy families, one record each: choices of a study, what a run says, and which levels a rule has.

How a family's levels follow from targets stands in `policies/planning.py`, what a review orders in
`engine/kernels/rules.py` and its twin `selfcheck/reference.py`; CONTRIBUTING has the recipe.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from simlab.arrays import BoolArray, CodeArray, IntArray


class Family(IntEnum):
    """Ordering rule of one SKU-location, as arrays and compiled code keep it."""

    ORDER_UP_TO = 0
    REORDER_QUANTITY = 1
    REORDER_UP_TO = 2


@dataclass(frozen=True)
class Rule:
    """What a rule orders.

    Attributes
    ----------
    family : Family
    has_point : bool
        A reorder point s of its own decides when to order, and targets decide s; else s = S − 1, and they
        decide S.
    by_lot : bool
        An order is a multiple of Q, and S = s + Q; else it lifts the position to S.
    says : str
        An order in words, with `S`, `s` and `Q` to be filled in.
    """

    family: Family
    has_point: bool
    by_lot: bool
    says: str


RULES = (
    Rule(Family.ORDER_UP_TO, False, False, "orders up to {S} units"),
    Rule(Family.REORDER_QUANTITY, True, True, "orders {Q} units at or below {s}"),
    Rule(Family.REORDER_UP_TO, True, False, "orders up to {S} units at or below {s}"),
)
"""In the order of their numbers."""


@dataclass(frozen=True)
class PolicyFamily:
    """What a study may name.

    Attributes
    ----------
    name : str
        `policy.family`.
    text : str
        On the page.
    rule : Family or None
        The rule of every item; None: each item's own.
    from_targets : bool
        Levels are calculated from targets; else they are as stated.
    follows_forecast : bool
        Levels move with a forecast inside the run.
    optimal : bool
        ``planning = "optimal"`` knows it.
    """

    name: str
    text: str
    rule: Family | None
    from_targets: bool = True
    follows_forecast: bool = False
    optimal: bool = False


POLICY_FAMILIES = (
    PolicyFamily("order_up_to", "(R,S): every R periods, order up to S", Family.ORDER_UP_TO),
    PolicyFamily(
        "reorder_quantity",
        "(R,s,nQ): when the position is at or below s, order multiples of Q",
        Family.REORDER_QUANTITY,
    ),
    PolicyFamily(
        "reorder_up_to",
        "(R,s,S): when the position is at or below s, order up to S",
        Family.REORDER_UP_TO,
        optimal=True,
    ),
    PolicyFamily(
        "given", "levels as the items table gives them, a rule per SKU-location", None, from_targets=False
    ),
    PolicyFamily(
        "forecast",
        "(R,S): every R periods, order up to a level that follows a forecast",
        Family.ORDER_UP_TO,
        follows_forecast=True,
    ),
)

FAMILY_NAMES = tuple(one.name for one in POLICY_FAMILIES)
TARGET_FAMILIES = {
    one.name: one.rule
    for one in POLICY_FAMILIES
    if one.from_targets and not one.follows_forecast and one.rule is not None
}
"""Families whose levels stand still and follow from targets, and their rules."""
OPTIMAL_NAMES = tuple(one.name for one in POLICY_FAMILIES if one.optimal)


def family_named(name: str) -> PolicyFamily:
    """The record of a name that `FAMILY_NAMES` has."""
    return next(one for one in POLICY_FAMILIES if one.name == name)


def rule_of(family: int) -> Rule:
    """What a family's rule is."""
    return RULES[int(family)]


def has_point(family: CodeArray | IntArray) -> BoolArray:
    """(n,) whether items order by a reorder point of their own."""
    return np.array([rule.has_point for rule in RULES])[family]


def by_lot(family: CodeArray | IntArray) -> BoolArray:
    """(n,) whether orders of items are multiples of Q."""
    return np.array([rule.by_lot for rule in RULES])[family]


def fills_up(family: CodeArray | IntArray) -> BoolArray:
    """(n,) whether items wait for their reorder point and then order up to S."""
    return has_point(family) & ~by_lot(family)
