"""The proof, before a run, that none of its 64-bit sums can wrap: from bounds, or the run is refused.

Bounds are kept in floating point with half the range to spare, so that they cannot wrap themselves.
"""

from __future__ import annotations

import numpy as np

from simlab.arrays import BoolArray, FloatArray
from simlab.engine.kernels.layout import COLUMNS, FLUSH
from simlab.engine.kernels.types import DetailArrays, ItemArrays, LevelArrays, MovingArrays
from simlab.engine.prepare.arrays import detail_arrays, item_arrays, level_arrays, moving_arrays
from simlab.engine.prepare.starts import with_starts
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import MILLION, Horizon, Unmet, World
from simlab.errors import OutOfRangeError

SAFE = 2.0**62

EXACT = 2.0**52
"""Below it kernels divide whole numbers in floating point; see `rules`."""
_COUNTERS = 1 << 32
_PACKED = 1 << 15


def prove(
    world: World,
    items: ItemArrays,
    forms: LevelArrays,
    horizon: Horizon,
    *,
    moves: MovingArrays | None = None,
) -> None:
    """Refuse a run in which a sum over periods and replications, or a counter, might leave its range.

    Parameters
    ----------
    world, horizon
        Of the run.
    items, forms
        What the kernels get.
    moves
        Moving levels, of runs that are written down path by path.

    Raises
    ------
    OutOfRangeError
        Names the item, what could overflow, and the bound.

    Notes
    -----
    With D the largest demand of a period, P periods, L the longest lead time, and r the distance that
    positions and net stock keep from zero (`reach`): every sum over periods is of quantities ≤ 2r, and
    units on order weigh at most L + 1 periods each, so that no sum of N replications exceeds
    N·(4·P·r + (L + 1)·(r + P·D)).
    """
    recorded = moves is not None
    periods = float(horizon.warmup + horizon.periods)
    longest = world.lead_time.longest().astype(np.float64)
    demand = items.laws.most.astype(np.float64)
    r = _reach(items, forms, periods, recorded, longest) + _lift(items, moves, demand) + _opening(items)
    sums = horizon.replications * (4 * periods * r + (longest + 1) * (r + periods * demand))
    _refuse(sums, SAFE, "its sums of units could leave 64 bits")
    lots = (items.pack > 1) | (items.ceiling > 0) | (forms.quantity > 0).any(axis=1)
    _refuse(np.where(lots, r, 0.0), EXACT, "its orders in whole lots could exceed what is divided exactly")
    millionths = np.where(_in_parts(world), MILLION * 2.0 * r, 0.0)
    _refuse(millionths, SAFE, "millionths of its orders could leave 64 bits")
    if not recorded:
        varies = items.lead_length > 1
        arrivals = np.where(varies, (longest + FLUSH) / items.review + 1, 1.0)
        _refuse(arrivals, float(_PACKED), "too many orders could arrive within a few periods")
    per_column = -(-horizon.replications // COLUMNS) * 2.0 + 1.0
    if per_column * (periods + 1) >= _COUNTERS:
        raise OutOfRangeError("periods × replications exceed what a histogram can count: run fewer at once")


def recorder_arrays(
    world: World, levels: Levels, horizon: Horizon
) -> tuple[ItemArrays, DetailArrays, LevelArrays, MovingArrays]:
    """What the recorder's kernels take, once it is proved that nothing can overflow."""
    items, moves = item_arrays(world, horizon), moving_arrays(levels)
    forms = with_starts(level_arrays(world.terms, levels), world, levels, items)
    prove(world, items, forms, horizon, moves=moves)
    return items, detail_arrays(world, horizon, levels.policy), forms, moves


def _reach(
    items: ItemArrays, forms: LevelArrays, periods: float, recorded: bool, longest: FloatArray
) -> FloatArray:
    """(n,) what |position|, |net stock| and units on order cannot exceed; see `guards.bound`.

    Where orders or positions are capped or suppliers stop, all demand may be owed.
    """
    rounding = np.maximum(forms.gap, 0).astype(np.float64) + forms.quantity
    rounding = rounding.max(axis=1) + items.moq + items.pack
    held_back = (items.cap != 0) | (items.ceiling > 0) | recorded
    span = longest + 2.0 * items.review + 2.0 + np.where(held_back, periods, 0.0)
    top = np.abs(forms.top.astype(np.float64)).max(axis=1)
    return np.asarray(top + 4.0 * rounding + 2.0 * span * items.laws.most)


def _lift(items: ItemArrays, moves: MovingArrays | None, demand: FloatArray) -> FloatArray:
    """(n,) units that moving levels may rise above the constant ones, or fall below."""
    if moves is None:
        return np.zeros(demand.size)
    lift = np.abs(moves.offset.astype(np.float64)).max(axis=(1, 2))
    share = np.where(moves.method > 0, moves.share, 1.0)
    mean = np.maximum(moves.level / share, demand) / moves.season.min(axis=1)
    missed = moves.span * demand + mean * moves.span_ahead.max(axis=1)
    error = np.sqrt(np.maximum(moves.square, missed**2) * moves.scale) + mean * np.sqrt(moves.lead_variance)
    factor = np.abs(moves.factor).max(axis=1)
    forecast = mean * moves.ahead.max(axis=1) + factor * error + 1.0
    return np.asarray(lift + np.where(moves.method > 0, forecast, 0.0))


def _opening(items: ItemArrays) -> FloatArray:
    opening = items.opening
    dated = np.zeros(opening.on_hand.size)
    np.add.at(dated, np.repeat(np.arange(dated.size), opening.due_count), opening.due_units)
    return np.asarray(np.abs(opening.on_hand.astype(np.float64)) + opening.on_order + dated)


def _in_parts(world: World) -> BoolArray:
    """(n,) whether millionths of orders or of shortages are counted."""
    parts = world.terms.unmet == Unmet.PARTLY
    if world.supply is not None:
        parts = parts | (world.supply.on_time < MILLION)[world.supply.supplier]
    return np.asarray(parts)


def _refuse(bound: FloatArray, limit: float, text: str) -> None:
    """Name the item whose bound is the largest, if that is too large."""
    if bound.size and not bool((bound < limit).all()):
        item = int(np.argmax(np.where(np.isnan(bound), np.inf, bound)))
        raise OutOfRangeError(f"item {item}: {text} (bound {bound[item]:.2g}, limit {limit:.2g})")
