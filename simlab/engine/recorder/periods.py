"""Stock, pipeline and purchases over time, for given plans: group × replication × period.

A quantile or a peak of a total is taken of the total: these sums keep replications and periods
apart, and add items up.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial

import numpy as np

from simlab.arrays import LARGEST_SUM, IntArray
from simlab.engine._jit import inner, kernel
from simlab.engine.kernels.draws import make_guide
from simlab.engine.kernels.memory import Record, Work
from simlab.engine.kernels.types import DetailArrays, Groups, ItemArrays, LevelArrays, MovingArrays, Schedule
from simlab.engine.prepare.arrays import check
from simlab.engine.prepare.evaluators import shifting
from simlab.engine.prepare.on_grid import among, by_period
from simlab.engine.prepare.on_grid import groups as by_grid
from simlab.engine.prepare.overflow import recorder_arrays
from simlab.engine.prepare.workspace import schedule
from simlab.engine.recorder.path import PROFILE_ROWS, UNIT_ROWS, begin_block, follow, prepare_path
from simlab.engine.recorder.sums import raise_faults, record_profile, recording
from simlab.engine.world.columns import Row
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import Horizon, Start, World
from simlab.errors import EngineFaultError, OutOfRangeError


@dataclass(frozen=True, eq=False)
class TimeProfile:
    """Sums over the items of a group, (k, g, r, periods) int64: column × group × replication × period.

    Attributes
    ----------
    stock_start_value, stock_value : int64
        Shelf stock after ordering and before demand, and at the count, at unit value. Their mean is
        the inventory value of the period; with a working grid it is summed over the period's parts, and so
        are on_order_value and backorders.
    on_order_value : int64
        Units on order at the count, at unit value.
    purchases_value, received_value : int64
        Units ordered and units received in the period, at unit value.
    demanded, served, backorders, lost : int64
        Units asked for, served at once, owed at the count, and lost.
    """

    stock_start_value: IntArray
    stock_value: IntArray
    on_order_value: IntArray
    purchases_value: IntArray
    received_value: IntArray
    demanded: IntArray
    served: IntArray
    backorders: IntArray
    lost: IntArray

    @classmethod
    def zeros(cls, n_columns: int, n_groups: int, horizon: Horizon) -> TimeProfile:
        """No items yet."""
        shape = (n_columns, n_groups, horizon.replications, horizon.periods)
        return cls(**{field.name: np.zeros(shape, np.int64) for field in fields(cls)})

    @property
    def shape(self) -> tuple[int, ...]:
        """Columns, groups, replications, periods."""
        return self.served.shape

    def add(self, other: TimeProfile) -> None:
        """Add other items' sums in place."""
        for field in fields(self):
            getattr(self, field.name)[...] += getattr(other, field.name)

    def total(self) -> TimeProfile:
        """All groups together, as the only one."""
        return TimeProfile(
            **{field.name: getattr(self, field.name).sum(axis=1, keepdims=True) for field in fields(self)}
        )


def time_profile(
    world: World,
    levels: Levels,
    horizon: Horizon,
    groups: IntArray,
    unit_value: IntArray,
    *,
    n_groups: int | None = None,
    start: Start | None = None,
) -> TimeProfile:
    """Simulate given plans and add them up by group, replication and counted period, in one thread.

    Parameters
    ----------
    world, levels, horizon
        As in `run.simulate_items`; the levels have one or a few columns. `slots` does not matter.
    groups : (n,) int64
        Group that each item is added to.
    unit_value : (n,) int64
        Integer money per unit (multiples of the cost resolution), or volume, or 1.
    n_groups : int, optional
        Default: the largest group + 1.
    start : Start, optional
        Stock and pipeline of today (default: the world's own), usually with a warm-up of 0: how stock
        runs down or builds up from here. Units on order arrive as one order after one lead time,
        see `Start`.

    Returns
    -------
    TimeProfile
        Exact sums; the same paths as every other evaluator's.

    Raises
    ------
    EngineFaultError
        Inputs that make no sense, a breached guard, or sums of money that might leave 64 bits.
    """
    world = world.starting(start)
    if world.grid is not None:
        return _by_groups(world, levels, horizon, (groups, unit_value), n_groups)
    check(world, levels, horizon)
    n_groups = int(groups.max(initial=-1)) + 1 if n_groups is None else n_groups
    if groups.size != world.n_items or unit_value.size != world.n_items:
        raise EngineFaultError("groups and unit values need one entry per item")
    if ((groups < 0) | (groups >= n_groups)).any():
        raise EngineFaultError(f"groups lie in 0 … {n_groups - 1}")
    items, details, forms, moves = recorder_arrays(world, levels, horizon)
    run = schedule(horizon, grouped=False)
    work, record = recording(world, run)
    shape = (levels.n_columns, n_groups, horizon.replications, horizon.periods)
    values = np.zeros((len(PROFILE_ROWS), *shape), np.int64)
    units = np.zeros((len(UNIT_ROWS), *shape), np.int64)
    peaks, faults = np.zeros(world.n_items, np.int64), np.zeros((world.n_items, 3), np.int64)
    weights = Groups(groups.astype(np.int64), unit_value.astype(np.int64))
    with np.errstate(over="ignore"):  # compiled code wraps without a word; the peaks tell below
        record_profile(
            items,
            details,
            forms,
            moves,
            run,
            weights,
            work,
            record,
            values,
            units,
            peaks,
            faults,
        )
    raise_faults(faults, np.arange(world.n_items))
    prove_bounds(peaks, weights.unit_value)
    return TimeProfile(*values, *units)


OVER_TIME = ("stock_start_value", "stock_value", "on_order_value", "backorders")
"""What a period holds; the rest flows through it."""


def _by_groups(
    world: World, levels: Levels, horizon: Horizon, of_items: tuple[IntArray, IntArray], n_groups: int | None
) -> TimeProfile:
    """Items that go by periods and items that go by parts, added up period by period."""
    n_groups = int(of_items[0].max(initial=-1)) + 1 if n_groups is None else n_groups
    total = TimeProfile.zeros(levels.n_columns, n_groups, horizon)
    for one in by_grid(world, levels, horizon):
        own = [of[one.rows] for of in of_items]
        run = partial(time_profile, one.world, one.levels, one.horizon, *own, n_groups=n_groups)
        found = among(one, world, run)
        for name in vars(found):
            times = one.times if name in OVER_TIME else 1
            getattr(total, name)[...] += times * by_period(getattr(found, name), one.parts)
    return total


def prove_bounds(peaks: IntArray, unit_value: IntArray) -> None:
    """Fail if the items' largest quantities at their values might add up beyond 64 bits."""
    most = sum(abs(peak * value) for peak, value in zip(peaks.tolist(), unit_value.tolist(), strict=True))
    if most >= LARGEST_SUM:
        raise OutOfRangeError("sums of money would leave 64 bits: choose a coarser data.cost_resolution")


def stock_by_period(
    world: World, levels: Levels, horizon: Horizon, groups: IntArray, unit_value: IntArray, *, n_groups: int
) -> IntArray:
    """Stock value of given plans by group, replication and counted period, in one thread.

    With a working grid the stock of a period is summed over its parts.

    Parameters
    ----------
    world, levels, horizon
        n items, (n, k) levels of k plans; `slots` does not matter.
    groups, unit_value : (n,) int64
        Group that each item is added to, and integer money per unit.
    n_groups : int

    Returns
    -------
    (k, n_groups, r, periods) int64
        Stock after ordering plus stock at the count, at unit value: `stock_start_value` plus
        `stock_value` of `TimeProfile`, the same paths and the same sums. Half of it is the inventory
        value of the period.

    Raises
    ------
    EngineFaultError
        Inputs that make no sense, a breached guard, or sums of money that might leave 64 bits.
    """
    if world.grid is not None:
        return _stock_by_groups(world, levels, horizon, (groups, unit_value), n_groups)
    check(world, levels, horizon)
    if groups.size != world.n_items or unit_value.size != world.n_items:
        raise EngineFaultError("groups and unit values need one entry per item")
    if ((groups < 0) | (groups >= n_groups)).any():
        raise EngineFaultError(f"groups lie in 0 … {n_groups - 1}")
    items, details, forms, moves = recorder_arrays(world, levels, horizon)
    run = schedule(horizon, grouped=False)
    work, page = recording(world, run)
    out = np.zeros((levels.n_columns, n_groups, horizon.replications, horizon.periods), np.int64)
    peaks, faults = np.zeros(world.n_items, np.int64), np.zeros((world.n_items, 3), np.int64)
    with np.errstate(over="ignore"):  # compiled code wraps without a word; the peaks tell below
        record_stock(
            items,
            details,
            forms,
            moves,
            (shifting(world, levels) & still(levels)).astype(np.int64),
            run,
            Groups(groups.astype(np.int64), unit_value.astype(np.int64)),
            work,
            page,
            out,
            peaks,
            faults,
        )
    raise_faults(faults, np.arange(world.n_items))
    prove_bounds(peaks, unit_value)
    return out


def _stock_by_groups(
    world: World, levels: Levels, horizon: Horizon, of_items: tuple[IntArray, IntArray], n_groups: int
) -> IntArray:
    """Items that go by periods and items that go by parts, their stock added up period by period."""
    total = np.zeros((levels.n_columns, n_groups, horizon.replications, horizon.periods), np.int64)
    for one in by_grid(world, levels, horizon):
        own = [of[one.rows] for of in of_items]
        run = partial(stock_by_period, one.world, one.levels, one.horizon, *own, n_groups=n_groups)
        total += one.times * by_period(among(one, world, run), one.parts)
    return total


def still(levels: Levels) -> bool:
    """Whether what moves the levels, if anything, is the same row for every column."""
    return levels.forecast is None and (levels.offset is None or levels.offset.shape[1] == 1)


@kernel
def record_stock(
    items: ItemArrays,
    details: DetailArrays,
    levels: LevelArrays,
    moves: MovingArrays,
    shared: IntArray,
    run: Schedule,
    groups: Groups,
    work: Work,
    record: Record,
    out: IntArray,
    peaks: IntArray,
    faults: IntArray,
) -> None:
    """Stock value by column, group, replication and counted period.

    Parameters
    ----------
    shared : (n,) int64, 0 or 1
        Items whose net stock at any column is that of the first column plus the difference of levels.
    out : (k, g, r, periods) int64
        Zeros, filled.
    peaks : (n,) int64
        Largest quantity that any path of an item shows.
    """
    first = run.paths[0]
    for item in range(items.keys.size):
        guided = make_guide(items, item, work)
        group, value = groups.group[item], groups.unit_value[item]
        for block in range(run.block_start.size):
            n_real = begin_block(items, item, run, block, guided, work)
            for lane in range(n_real):
                path = prepare_path(items, details, moves, item, run, lane, work, record)
                for k in range(levels.top.shape[1]):
                    if k == 0 or not shared[item]:
                        follow(items, details, levels, moves, item, k, run, path, record, faults)
                    raised = levels.top[item, k] - levels.top[item, 0] if shared[item] else 0
                    most = add_stock(record, run, raised, shared[item], value, out[k, group, path - first])
                    peaks[item] = max(peaks[item], most)


@inner
def add_stock(record: Record, run: Schedule, raised: int, shared: int, value: int, out: IntArray) -> int:
    """Add the stock value of a path's counted periods, net stock raised by a constant; the most units."""
    most = 0
    for t in range(run.periods):
        if shared:
            net = record.rows[Row.NET_INVENTORY, run.warmup + t] + raised
            x = max(net, 0) + max(net + record.rows[Row.DEMANDED, run.warmup + t], 0)
        else:
            x = record.rows[Row.ON_HAND, run.warmup + t] + record.rows[Row.ON_HAND_START, run.warmup + t]
        most = max(most, x)
        out[t] += x * value
    return most
