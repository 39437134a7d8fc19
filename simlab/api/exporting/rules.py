"""From (R,s,nQ), (R,s,S) and (R,S) to the numbers by which a planning system places the same orders.

simlab orders at or below s. Odoo (stock.warehouse.orderpoint) orders what is missing to the maximum when the
forecast lies below the minimum, in multiples: up to 17 and from 19 on rounded up beyond the maximum, in 18
rounded down below it. 19 has no number for the multiple, but a unit (packaging) of as many.
ERPNext (Item Reorder) orders a fixed quantity, or what is missing to the level if that is more, in whole
units: older versions when the projected quantity lies below the level, those of today when at or below it. A
level halfway between s and the next quantity means the same to both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

LOTS, TO_LEVEL, EVERY_REVIEW = "reorder_quantity", "reorder_up_to", "order_up_to"


@dataclass(frozen=True)
class Levels:
    """Levels of one SKU-location, in units.

    Attributes
    ----------
    family : str
        As plan.csv names it.
    s : float or None
        Reorder point; None for (R,S).
    S : float or None
        Order-up-to level; None for (R,s,nQ).
    Q : float or None
        Order quantity of (R,s,nQ).
    pack : float
        Orders are multiples of it.
    step : float
        Smallest part of a unit that is counted.
    """

    family: str
    s: float | None
    S: float | None
    Q: float | None
    pack: float
    step: float = 1.0


@dataclass(frozen=True)
class Rule:
    """Numbers of one reordering rule; what a system has no field for is None."""

    minimum: float
    maximum: float | None
    multiple: float | None
    quantity: float | None = None


class NoRuleError(Exception):
    """The system cannot place these orders; the text says why."""


def odoo_up(levels: Levels) -> Rule:
    """Odoo 17 and 19: quantities are rounded up, past the maximum."""
    if levels.family == LOTS:
        assert levels.s is not None
        least = levels.s + levels.step
        return Rule(least, least, levels.Q)
    return _to_maximum(levels)


def odoo_down(levels: Levels) -> Rule:
    """Odoo 18: quantities are rounded down, below the maximum."""
    if levels.family == LOTS:
        assert levels.s is not None
        assert levels.Q is not None
        return Rule(levels.s + levels.step, levels.s + levels.Q, levels.Q)
    return _to_maximum(levels)


def _to_maximum(levels: Levels) -> Rule:
    """(R,s,S): min = s + 1, max = S. (R,S): min = max = S, on review days."""
    assert levels.S is not None
    least = levels.S if levels.family == EVERY_REVIEW else (levels.s or 0.0) + levels.step
    return Rule(least, levels.S, levels.pack if levels.pack > levels.step else None)


def erpnext(levels: Levels) -> Rule:
    """A level, half a step above s, and a quantity: (R,s,nQ) as long as one lot reaches above s."""
    if levels.family != LOTS:
        raise NoRuleError(
            "ERPNext orders a fixed quantity below a level and knows no order-up-to level: plan with "
            '[policy] family = "reorder_quantity", take the nearest level and quantity with --approximate, '
            "or name another system"
        )
    assert levels.s is not None
    return Rule(levels.s + levels.step / 2, None, None, levels.Q)


def plain(levels: Levels) -> Rule:
    """Level below which is ordered, level to which, multiple: for a table with columns of one's own."""
    if levels.family == LOTS:
        assert levels.s is not None
        return Rule(levels.s + levels.step, None, levels.Q, levels.Q)
    return _to_maximum(levels)


SYSTEMS: dict[str, Callable[[Levels], Rule]] = {
    "odoo17": odoo_up,
    "odoo18": odoo_down,
    "odoo19": odoo_up,
    "erpnext": erpnext,
    "csv": plain,
}
"""Name of a system → its rule."""
