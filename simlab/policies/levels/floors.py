"""Levels below which none may lie: what would never order again, what is critical, what nobody demands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab.arrays import IntArray
from simlab.engine.world.world import Unmet
from simlab.errors import InvalidInputError, Problem

if TYPE_CHECKING:
    from simlab.models import Models


LIFTED = "reorder points below 0 raised to 0: demand can be lost"
"""What the planning method then says."""
RAISED = "raised to minimum_level"


def kept_above(models: Models, low: IntArray) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Reorder points that respect `minimum_level`, and which items were raised by it.

    Parameters
    ----------
    models : Models
        n items.
    low : (n, k) int64
        s; S − 1 of (R,S).

    Notes
    -----
    An order is placed at or below s, so that the position after a review is at least s + 1: the floor is
    minimum_level − 1. What is never demanded, or has a largest order of 0, carries that minimum and
    nothing else: s = −1 orders nothing.
    """
    least = (models.least_level - 1)[:, None]
    below = (least >= 0) & (low < least)
    raised = below.any(axis=1)
    return np.where(below | models.never_ordered[:, None], least, low), np.asarray(raised)


def refuse_floors(models: Models) -> None:
    """Refuse `minimum_level` where levels follow a forecast, which no floor holds.

    Raises
    ------
    InvalidInputError
        Naming the items.
    """
    rows = np.flatnonzero(models.least_level > 0)
    if rows.size:
        names = ", ".join(f"{models.sku[row]}@{models.location[row]}" for row in rows[:5])
        more = f" and {rows.size - 5} more" if rows.size > 5 else ""
        what = f"levels that follow a forecast do not keep a minimum_level, which {names}{more} ask for"
        fix = 'say another policy.family than "forecast", or leave minimum_level empty'
        raise InvalidInputError([Problem("E-POL-004", what, "items", column="minimum_level", fix=fix)])


def can_lose(models: Models) -> npt.NDArray[np.bool_]:
    """(n,) whether some of the demand may be lost: none or a part of it waits."""
    return np.asarray((models.world.terms.unmet != Unmet.BACKORDER) & (models.world.demand.mean > 0))


def lifted(models: Models, level: IntArray, least: int) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Levels no lower than an empty shelf may ask for, and which items were concerned.

    Parameters
    ----------
    models : Models
        n items.
    level : (n, k) int64
        S of (R,S), s of the other rules.
    least : int
        1 for S, 0 for s.

    Notes
    -----
    A formula for waiting demand may plan s < 0: order once customers wait. Where demand is lost the
    position never falls below 0, so that nothing would be ordered any more.
    """
    low = can_lose(models)[:, None] & (level < least)
    return np.where(low, least, level), np.asarray(low.any(axis=1))
