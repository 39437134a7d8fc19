"""Levels above which no history speaks for more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab.arrays import IntArray

if TYPE_CHECKING:
    from simlab.models import Models


HELD = "high targets held at the limit on levels (policy.level_limit)"
"""What the planning method then says."""


def held(models: Models, level: IntArray) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Levels no higher than `Models.level_limit`, and which items were concerned.

    Parameters
    ----------
    models : Models
        n items.
    level : (n, k) int64
        S of (R,S), s of the other rules.

    Notes
    -----
    A law says of demands that never came how likely they are; that is its tail, not an observation. At
    targets near 1 the tail alone would decide what is bought.
    """
    if models.level_limit is None:
        return level, np.zeros(models.n_items, np.bool_)
    limit = models.level_limit[:, None]
    return np.minimum(level, limit), np.asarray((level > limit).any(axis=1))
