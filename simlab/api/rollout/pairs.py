"""Current and proposed levels on the same paths, replication by replication."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab import mapped
from simlab.api.data.data import Data
from simlab.api.settings import Settings
from simlab.engine.world.curves import Curves
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, Start
from simlab.execution import Progress, run_curves
from simlab.execution.held import narrow

if TYPE_CHECKING:
    from simlab.arrays import AnyArray, BoolArray, IntArray


_ITEMS_AT_ONCE = 2048
_SUMS = ("served", "orders", "ordered", "stock")
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
        for name in _SUMS:
            same &= (getattr(self.now, name) == getattr(self.then, name)).all(axis=1)
        return same

    @property
    def replications(self) -> int:
        return int(self.demanded.shape[1])


class HeldPairs:
    """Both sides of all items, some after another, each sum in as few bytes as it needs, in files."""

    def __init__(self) -> None:
        self._blocks: list[Pairs] = []

    def put(self, pairs: Pairs) -> None:
        """Hold the items that follow those held."""
        self._blocks.append(_each(pairs, lambda table: mapped.away(narrow(table), piece=True)))

    def __iter__(self) -> Iterator[tuple[IntArray, Pairs]]:
        """Rows and both sides of some items after another, as int64."""
        first = 0
        for held in self._blocks:
            rows = np.arange(first, first + held.demanded.shape[0])
            yield rows, _each(held, lambda table: table.astype(np.int64))
            first += rows.size

    def of_items(self, find: Callable[[Pairs], AnyArray]) -> AnyArray:
        """(n,) what is found of each item."""
        return np.concatenate([find(part) for _, part in self])

    @property
    def replications(self) -> int:
        return self._blocks[0].replications


def _each(pairs: Pairs, change: Callable[[IntArray], AnyArray]) -> Pairs:
    """The pairs with every table of sums changed."""
    sides = (Side(*(change(getattr(side, name)) for name in _SUMS)) for side in (pairs.now, pairs.then))
    return Pairs(change(pairs.demanded), *sides)


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
) -> HeldPairs:
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
    found = HeldPairs()
    for first in range(0, world.n_items, _ITEMS_AT_ONCE):
        rows = np.arange(first, min(first + _ITEMS_AT_ONCE, world.n_items))
        part = world.take(rows)
        sides = []
        for levels in (now, then):
            curves = run_curves(
                part,
                levels.take(rows),
                alone,
                workers=settings.workers,
                progress=progress,
                stage=stage,
                by_slot=BY_SLOT,
            )
            sides.append(side_of(curves))
        found.put(Pairs(wide(curves.demanded, rows.size, alone.slots), *sides))
    return found


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
