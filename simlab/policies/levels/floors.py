"""Levels below which an item whose demand can be lost would never order again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab.arrays import IntArray
from simlab.engine.world.world import Unmet

if TYPE_CHECKING:
    from simlab.models import Models


LIFTED = "reorder points below 0 raised to 0: demand can be lost"
"""What the planning method then says."""


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
