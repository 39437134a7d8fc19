"""From periods to the parts of a working grid, and back: worlds, levels, horizons and sums."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np

from simlab.arrays import BoolArray, IntArray
from simlab.engine.laws.lengths import lengthened, uneven
from simlab.engine.laws.pieces import pieces
from simlab.engine.world.curves import Curves
from simlab.engine.world.demand_law import DemandLaw, Seasons
from simlab.engine.world.levels import Levels
from simlab.engine.world.working_grid import WorkingGrid
from simlab.engine.world.world import Horizon, LeadTimeLaw, Supply, World
from simlab.errors import EngineFaultError

PER_PERIOD = ("on_hand", "on_hand_start", "ready", "short", "backorders", "on_order")
"""Measures that every period adds to: with a working grid they are summed over its parts."""
Result = TypeVar("Result")


@dataclass(frozen=True)
class Group:
    """Items that share a grid.

    Attributes
    ----------
    rows : (n,) int64
        Their rows in the world.
    world, levels, horizon
        As any call takes them: without a working grid, in parts where these are split.
    parts : int
        Parts of a period of theirs: 1, or the grid's.
    times : int
        What sums over periods are multiplied with, so that all groups count in parts.
    """

    rows: IntArray
    world: World
    levels: Levels
    horizon: Horizon
    parts: int
    times: int


def parts_of(world: World) -> int:
    """What sums over periods are counted in: parts of a period, 1 without a working grid."""
    return 1 if world.grid is None else world.grid.parts


def split_rows(world: World, levels: Levels | None = None) -> BoolArray:
    """(n,) items that go by parts; under levels that follow a forecast, period by period, none does."""
    if world.grid is None:
        return np.zeros(world.n_items, np.bool_)
    if levels is None or levels.forecast is None:
        return world.grid.split
    return np.asarray(world.grid.split & ~levels.forecast.moves)


def groups(world: World, levels: Levels, horizon: Horizon) -> list[Group]:
    """The items that keep their periods, and those that are split, each as a call of its own."""
    if world.grid is None:
        return [Group(np.arange(world.n_items), world, levels, horizon, 1, 1)]
    m, split = world.grid.parts, split_rows(world, levels)
    found = []
    rows = np.flatnonzero(~split)
    if rows.size:
        whole = replace(world, grid=None).take(rows)
        found.append(Group(rows, whole, levels.take(rows), horizon, 1, m))
    rows = np.flatnonzero(split)
    if rows.size:
        fine = in_parts(world.take(rows))
        own = levels_in_parts(levels.take(rows), m)
        found.append(Group(rows, fine, own, horizon_in_parts(horizon, m), m, 1))
    return found


def in_parts(world: World) -> World:
    """The world with its split items on the grid, each of their periods being a part; without a grid.

    Notes
    -----
    Where only some are split, laws by period and by part stand side by side, for formulas that treat every
    item by itself. Parts are of unequal length where that makes a lead time exact (`lengths`). Demand is
    divided by `pieces`; suppliers of items that are all split stop and come back m times as rarely a part, so
    that outages keep their mean length and number. Common factors move parts, not periods.
    """
    grid = world.grid
    if grid is None or not grid.split.any():
        return replace(world, grid=None)
    rows = np.flatnonzero(grid.split)
    own = uneven(grid, world.demand)
    terms = replace(
        world.terms,
        review_period=np.where(grid.split, grid.review_period, world.terms.review_period),
        review_phase=np.where(grid.split, grid.review_phase, world.terms.review_phase),
        phase_cycle=_phase_steps(world.terms.phase_cycle, grid, own),
        window=_stretched(world.terms.window, grid.split, grid.parts, least=1),
    )
    whole = rows.size == world.n_items
    demand = pieces(world.demand, grid.parts) if whole else _mixed(world.demand, grid.split, grid.parts)
    demand = lengthened(demand, grid, own)
    lead = _constant(world.lead_time, rows, grid.lead_time[rows])
    supply = world.supply
    if supply is not None:
        supply = _rarer(supply, grid.parts) if whole else _beside(supply, grid.split, grid.parts)
    return replace(world, demand=demand, lead_time=lead, terms=terms, supply=supply, grid=None)


def even(world: World) -> World:
    """The same world with parts of equal length, lead times whole ones: for runs that begin at any part."""
    return world if world.grid is None else replace(world, grid=replace(world.grid, exact=None))


def _phase_steps(cycle: IntArray | None, grid: WorkingGrid, uneven: BoolArray) -> IntArray | None:
    """Steps of drawn phases; whole cells where parts are of unequal length."""
    steps = _stretched(cycle, grid.split, grid.parts, least=2)
    return steps if steps is None or cycle is None else np.where(uneven & (cycle == 1), grid.cell, steps)


def _stretched(column: IntArray | None, split: BoolArray, parts: int, least: int) -> IntArray | None:
    """Numbers of periods as numbers of parts, from `least` on: a cycle of 1 repeats with every part."""
    if column is None:
        return None
    return np.where(split & (column >= least), column * parts, column)


def all_in_parts(world: World) -> World:
    """The world with every item on the grid, whether it needs it or not; without a grid.

    For worlds that are taken apart and put together again: all periods are then parts.
    """
    grid = world.grid
    if grid is None:
        return world
    m, lead, terms = grid.parts, world.lead_time, world.terms
    every = replace(
        grid,
        split=np.ones(world.n_items, np.bool_),
        review_period=np.where(grid.split, grid.review_period, terms.review_period * m),
        review_phase=np.where(grid.split, grid.review_phase, terms.review_phase * m),
    )
    fine = in_parts(replace(world, grid=every))
    stretched = replace(lead, periods=lead.periods * m)
    own = np.flatnonzero(grid.split)
    return replace(fine, lead_time=_constant(stretched, own, grid.lead_time[own]))


def levels_in_parts(levels: Levels, parts: int) -> Levels:
    """Levels of items that are split: calendars are stretched."""
    offset = None if levels.offset is None else np.repeat(levels.offset, parts, axis=2)
    return replace(levels, offset=offset, phase=levels.phase * parts, forecast=None)


def horizon_in_parts(horizon: Horizon, parts: int) -> Horizon:
    """The same time in parts."""
    return replace(horizon, periods=horizon.periods * parts, warmup=horizon.warmup * parts)


def among(group: Group, world: World, run: Callable[[], Result]) -> Result:
    """Run a group; a fault names the item by its row in the whole world."""
    try:
        return run()
    except EngineFaultError as fault:
        raise fault.among(group.rows.tolist(), world.name) from fault


def together(found: list[tuple[Group, Curves]], n_items: int) -> Curves:
    """Sums of all groups in the order of the items, those over periods counted in parts."""
    sums: dict[str, IntArray] = {}
    for field in fields(Curves):
        parts = [getattr(curves, field.name) for _, curves in found]
        alike = parts[0].ndim == 3 and all(part.strides[1] == 0 for part in parts)
        tables = [part[:, :1] if alike else part for part in parts]
        whole = np.empty((n_items, *tables[0].shape[1:]), np.int64)
        for (group, _), table in zip(found, tables, strict=True):
            whole[group.rows] = table * group.times if field.name in PER_PERIOD else table
        sums[field.name] = np.broadcast_to(whole, (n_items, *parts[0].shape[1:])) if alike else whole
    return Curves(**sums)


def by_period(table: IntArray, parts: int) -> IntArray:
    """(…, periods) sums of the parts of every period."""
    if parts == 1:
        return table
    return np.asarray(table.reshape(*table.shape[:-1], -1, parts).sum(axis=-1))


def _mixed(law: DemandLaw, split: BoolArray, parts: int) -> DemandLaw:
    """Laws per part of some items beside the laws per period of the others."""
    fine = pieces(law, parts)
    columns = {
        name: np.where(split, getattr(fine, name), getattr(law, name))
        for name in ("kind", "mean", "variance", "probability", "start", "length")
    }
    columns["kind"] = columns["kind"].astype(np.int8)
    seasons = None if law.seasons is None else _both(law.seasons, split, parts)
    past = law.past
    if past is not None and fine.past is not None:
        start, length = (
            np.where(split, getattr(fine.past, k), getattr(past, k)) for k in ("start", "length")
        )
        past = replace(fine.past, start=start, length=length)
    return DemandLaw(
        **columns, values=fine.values, weights=fine.weights, seasons=seasons, past=past, chain=law.chain
    )


def _both(seasons: Seasons, split: BoolArray, parts: int) -> Seasons:
    """Profiles by period, and after them the same by part, over one cycle that begins at one phase."""
    n = seasons.multipliers.shape[0]
    stretched = np.repeat(seasons.multipliers, parts, axis=1)
    stretched = np.roll(stretched, seasons.phase - seasons.phase * parts, axis=1)
    follows = split & (seasons.profile >= 0)
    return Seasons(
        np.where(follows, seasons.profile + n, seasons.profile),
        np.concatenate([np.tile(seasons.multipliers, (1, parts)), stretched]),
        seasons.phase,
        seasons.frequency,
    )


def _constant(law: LeadTimeLaw, rows: IntArray, periods: IntArray) -> LeadTimeLaw:
    """The same lead times with those of some items replaced by constants."""
    values, number = np.unique(periods, return_inverse=True)
    laws = law.law.copy()
    laws[rows] = law.start.size + number.ravel()
    return LeadTimeLaw(
        laws,
        np.concatenate([law.start, law.periods.size + np.arange(values.size)]),
        np.concatenate([law.length, np.ones(values.size, np.int64)]),
        np.concatenate([law.periods, values]),
        np.concatenate([law.weights, np.ones(values.size, np.int64)]),
        law.crossing,
    )


def _beside(supply: Supply, split: BoolArray, parts: int) -> Supply:
    """Suppliers by period, then the same by part for the items that are split; no stream of theirs is one."""
    fine = _rarer(supply, parts)
    both = {
        name: np.concatenate([getattr(supply, name), getattr(fine, name)])
        for name in ("keys", "shared_delay", "fails", "recovers", "on_time", "rest_delay")
    }
    closed = None
    if supply.closed is not None and fine.closed is not None:
        closed = np.concatenate([np.tile(supply.closed, (1, parts)), fine.closed])
    return Supply(supply.supplier + split * supply.keys.size, **both, closed=closed)


def _rarer(supply: Supply, parts: int) -> Supply:
    """Suppliers whose periods are parts."""

    def chance(per_period: IntArray) -> IntArray:
        return np.where(per_period > 0, np.maximum(per_period // parts, 1), 0)

    later = np.where(supply.rest_delay > 0, supply.rest_delay * parts, supply.rest_delay)
    closed = None if supply.closed is None else np.repeat(supply.closed, parts, axis=1)
    return replace(
        supply,
        fails=chance(supply.fails),
        recovers=chance(supply.recovers),
        rest_delay=later,
        closed=closed,
    )
