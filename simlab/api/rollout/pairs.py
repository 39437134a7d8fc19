"""Current and proposed levels on the same paths, replication by replication."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.api.data.data import Data
from simlab.api.settings import Settings
from simlab.engine.world.curves import Curves
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, Start
from simlab.execution import Progress, run_curves

if TYPE_CHECKING:
    from simlab.arrays import BoolArray, IntArray


_ITEMS_AT_ONCE = 4096
BY_SLOT = ("demanded", "served", "on_hand", "on_hand_start", "orders", "ordered")


@dataclass(frozen=True, eq=False)
class Side:
    """Sums of one side.

    Attributes
    ----------
    served, orders, ordered : (n, r) int64
        Units served at once, orders placed and units ordered.
    stock : (n, r) int64
        On-hand units after ordering plus those at the count, summed over periods: twice the unit-periods.
    """

    served: IntArray
    orders: IntArray
    ordered: IntArray
    stock: IntArray


@dataclass(frozen=True, eq=False)
class Pairs:
    """Both sides on the same paths.

    Attributes
    ----------
    demanded : (n, r) int64
    now, then : Side
        Current and proposed.
    """

    demanded: IntArray
    now: Side
    then: Side

    @property
    def unchanged(self) -> BoolArray:
        """(n,) items of which nothing differs on any path."""
        same = np.ones(self.demanded.shape[0], np.bool_)
        for name in ("served", "orders", "ordered", "stock"):
            same &= (getattr(self.now, name) == getattr(self.then, name)).all(axis=1)
        return same

    @property
    def replications(self) -> int:
        return int(self.demanded.shape[1])


def run_pairs(
    data: Data,
    now: Levels,
    then: Levels,
    horizon: Horizon,
    settings: Settings,
    *,
    start: Start | None = None,
    progress: Progress | None = None,
    stage: str = "pairs",
) -> Pairs:
    """Simulate both sides on the same demand and lead times.

    Parameters
    ----------
    now, then : Levels
        (n, 1) each, of any families.
    horizon : Horizon
        Every replication is kept apart.
    start : Start, optional
        Today's stock, for the way from here; the long run if left out.
    """
    world = data.models.world if start is None else data.models.world.starting(start)
    alone = replace(horizon, slots=horizon.replications)
    sides: dict[str, list[Side]] = {"now": [], "then": []}
    demanded = []
    for first in range(0, world.n_items, _ITEMS_AT_ONCE):
        rows = np.arange(first, min(first + _ITEMS_AT_ONCE, world.n_items))
        part = world.take(rows)
        for name, levels in (("now", now), ("then", then)):
            curves = run_curves(
                part,
                levels.take(rows),
                alone,
                workers=settings.workers,
                progress=progress,
                stage=stage,
                by_slot=BY_SLOT,
            )
            sides[name].append(side_of(curves))
        demanded.append(wide(curves.demanded, rows.size, alone.slots))
    return Pairs(np.concatenate(demanded), _joined(sides["now"]), _joined(sides["then"]))


def wide(table: IntArray, n: int, slots: int) -> IntArray:
    """(n, slots) sums, where a table may hold one line for all columns."""
    return np.ascontiguousarray(np.broadcast_to(table.reshape(n, -1), (n, slots)))


def side_of(curves: Curves) -> Side:
    """Sums of one column."""
    return Side(
        curves.served[:, 0].copy(),
        curves.orders[:, 0].copy(),
        curves.ordered[:, 0].copy(),
        curves.on_hand[:, 0] + curves.on_hand_start[:, 0],
    )


def _joined(parts: list[Side]) -> Side:
    names = ("served", "orders", "ordered", "stock")
    return Side(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
