"""Today's levels, as the items table states them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import Unmet
from simlab.errors import InvalidInputError, Problem
from simlab.policies.planning import PlannedLevels, safety_stock
from simlab.register.families import has_point

if TYPE_CHECKING:
    from simlab.models import Models


_POINT, _UP_TO, _QUANTITY = "current_reorder_point", "current_order_up_to", "current_order_quantity"
_WHEN = 'where orders are placed below the reorder point say [policy] current_reorder_when = "below"'
_RULES = f"give {_UP_TO} alone, or {_POINT} with {_QUANTITY} or with {_UP_TO}"


def current_levels(models: Models) -> tuple[Levels, BoolArray]:
    """The levels that run today, in one column.

    Parameters
    ----------
    models : Models
        Its `current` columns.

    Returns
    -------
    levels : Levels
        (n, 1): `current_order_up_to` alone is (R,S), `current_reorder_point` with
        `current_order_quantity` is (R,s,nQ), with `current_order_up_to` it is (R,s,S), which is (R,S) where
        S = s + 1.
    known : (n,) bool
        False for SKU-locations without any; their row is a placeholder. What is never demanded, or never
        ordered (`max_order` 0), needs none: it carries its `minimum_level` and nothing else, whatever the
        columns say.

    Raises
    ------
    InvalidInputError
        Any other combination, parts of units, an order quantity below 1, S not above s; levels at which
        nothing would ever be ordered: s < 0 where unmet demand is lost, Q above the highest position.
    """
    point, up_to, quantity = (models.current[name] for name in (_POINT, _UP_TO, _QUANTITY))
    has = [~np.isnan(column) for column in (point, up_to, quantity)]
    is_up_to = has[1] & ~has[0] & ~has[2]
    is_quantity = has[0] & has[2] & ~has[1]
    is_both = has[0] & has[1] & ~has[2]
    same = is_both & (up_to == point + 1)  # every sale is ordered: (R,S)
    is_both, is_up_to, point = is_both & ~same, is_up_to | same, np.where(same, np.nan, point)
    some = has[0] | has[1] | has[2]
    known = some | models.never_ordered
    problems = [
        *_refused(models, some & ~is_up_to & ~is_quantity & ~is_both, "these columns make no rule together"),
        *_refused(models, known & _broken(point, up_to, quantity), "levels are whole units"),
        *_refused(models, is_quantity & (quantity < 1), "current_order_quantity must be at least 1"),
        *_refused(
            models,
            is_both & (up_to <= point),
            f"{_UP_TO} must lie above the reorder point",
            fix=_WHEN if (is_both & (up_to == point)).any() else _RULES,
        ),
        *_never_orders(models, known & (point < 0), is_quantity, quantity),
    ]
    if problems:
        raise InvalidInputError(problems)
    lot = np.where(is_quantity, quantity, np.where(is_both, up_to - point, 0)).astype(np.int64)
    top = np.where(has[1], up_to, np.where(is_quantity, point + lot, 0)).astype(np.int64)
    low = np.where(lot > 0, top - lot, top - 1)
    low = np.where(models.never_ordered, models.least_level - 1, low)
    top = np.where(models.never_ordered, low + np.maximum(lot, 1), top)
    family = np.where(is_quantity, Family.REORDER_QUANTITY, Family.ORDER_UP_TO)
    family = np.where(is_both, Family.REORDER_UP_TO, family).astype(np.int8)
    return Levels(family, low[:, None], top[:, None], lot[:, None]), known


def given_levels(models: Models) -> PlannedLevels:
    """Today's levels as the plan (`policy.family = "given"`): nothing is calculated from targets.

    Raises
    ------
    InvalidInputError
        SKU-locations without levels, or with a combination that `current_levels` refuses.
    """
    levels, known = current_levels(models)
    problems = _refused(models, ~known, 'policy.family = "given" finds no levels')
    if problems:
        raise InvalidInputError(problems)
    up_to = ~has_point(levels.family)[:, None]
    level = np.where(up_to, levels.order_up_to, levels.reorder_point)
    return PlannedLevels(levels, ("given",) * models.n_items, safety_stock(models, level))


def _broken(*columns: FloatArray) -> BoolArray:
    """(n,) whether any of the columns holds a part of a unit."""
    parts = [~np.isnan(column) & (column != np.rint(column)) for column in columns]
    return np.asarray(np.any(parts, axis=0))


def _never_orders(
    models: Models, below: BoolArray, is_quantity: BoolArray, quantity: FloatArray
) -> list[Problem]:
    """Items that would never order: a reorder point that no position reaches, lots that never fit."""
    terms, sells = models.world.terms, models.world.demand.mean > 0
    lost = below & sells & (terms.unmet == Unmet.LOST)
    fix = f"give a {_POINT} of 0 or more; for what is not stocked say {_UP_TO} = 0 alone"
    why = "a reorder point below 0 is never reached where unmet demand is lost"
    problems = _refused(models, lost, why, _POINT, fix)
    if terms.max_position is None:
        return problems
    above = is_quantity & (terms.max_position > 0) & (quantity > terms.max_position)
    why = f"{_QUANTITY} lies above max_position, so that no order would fit"
    fix = f"raise max_position, or lower {_QUANTITY}"
    return problems + _refused(models, above, why, _QUANTITY, fix)


def _refused(
    models: Models, where: BoolArray, why: str, column: str = _UP_TO, fix: str = _RULES
) -> list[Problem]:
    rows = np.flatnonzero(where)
    if rows.size == 0:
        return []
    names = ", ".join(f"{models.sku[row]}@{models.location[row]}" for row in rows[:5])
    more = f" and {rows.size - 5} more" if rows.size > 5 else ""
    return [Problem("E-POL-002", f"{why}: {names}{more}", "items", column=column, fix=fix)]
