"""Which evaluator an item needs: sweep, lanes, or one path at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from simlab.arrays import BoolArray
from simlab.engine.prepare.arrays import item_arrays, level_arrays
from simlab.engine.prepare.on_grid import in_parts
from simlab.engine.prepare.starts import begins_in_long_run
from simlab.engine.world.levels import Levels
from simlab.engine.world.world import MILLION, Unmet, World

Evaluator = Literal["sweep", "recorded sweep", "lanes", "ledger"]
"""How sums are found: one path for all columns by lanes, or written down; one path per column by lanes,
or written down."""
_FEW_COLUMNS = 2
_BINS_PER_COLUMN = 250
_OUTAGE_TAIL = 1e-6


def warmup_periods(world: World) -> int:
    """Periods to run before counting so that the count starts in the long-run regime.

    Exact where `begins_stationary`; elsewhere a common cut is the caller's business (see
    `pilot.pilot_series`).

    Returns
    -------
    int
        Longest lead time + review period − 1 over the items; where suppliers stop, plus the outage
        that one in a million exceeds; where they close, plus twice the longest time; where the rest of an
        order follows later, plus that delay.
        0 from today's stock: the way from there is what is asked for.
    """
    if world.n_items == 0 or world.start is not None:
        return 0
    if world.grid is not None:
        return _warmup_on_grid(world)
    longest = world.lead_time.longest() + world.terms.review_period - 1
    supply = world.supply
    if supply is not None:
        stays = np.clip(1.0 - supply.recovers / 2.0**32, 1e-300, 1.0 - 2.0**-33)
        outage = np.ceil(np.log(_OUTAGE_TAIL) / np.log(stays)).astype(np.int64)
        late = np.maximum(supply.rest_delay, 0) * (supply.on_time < MILLION)
        shut = 2 * supply.until_open().max(axis=1)  # before it leaves, and before it arrives
        longest = longest + (np.where(supply.fails > 0, outage, 0) + late + shut)[supply.supplier]
    return int(longest.max())


def _warmup_on_grid(world: World) -> int:
    """The same in whole periods, where the items that are split count it in parts."""
    assert world.grid is not None
    whole = warmup_periods(replace(world, grid=None))
    parts = warmup_periods(in_parts(world.take(np.flatnonzero(world.grid.split))))
    return max(whole, -(-parts // world.grid.parts))


def evaluator_of(world: World, levels: Levels) -> Evaluator:
    """How a call is evaluated.

    "sweep" if one path serves all columns of every item, "recorded sweep" if that holds and an item has
    a feature that only the recorder of single paths knows; else "ledger" if an item needs the recorder,
    "lanes" if none does.
    """
    recorded = needs_recorder(world, levels)
    if recorded.any():
        once = _recorded_once(world, levels) | (_sweeps(world, levels) & ~recorded)
        return "recorded sweep" if bool(once.all()) else "ledger"
    return "sweep" if bool(_sweeps(world, levels).all()) else "lanes"


def followed_alone(world: World, levels: Levels) -> BoolArray:
    """(n,) items of which every path × column is written down by itself: the slowest way by far."""
    return needs_recorder(world, levels) & ~_recorded_once(world, levels)


def shifting(world: World, levels: Levels) -> BoolArray:
    """(n,) whether columns differ by a constant only, which then lifts the net stock and nothing else.

    All unmet demand waits, no position is capped, the start is not given, undershoot is real, and S − s,
    Q and whatever moves the levels are the same at every column.
    """
    forms, terms = level_arrays(world.terms, levels), world.terms
    gaps = (forms.gap == forms.gap[:, :1]).all(axis=1)
    quantities = (forms.quantity == forms.quantity[:, :1]).all(axis=1)
    free = (terms.unmet == Unmet.BACKORDER) & (world.start is None)
    if terms.max_position is not None:
        free = free & (terms.max_position == 0)
    return np.asarray(free & gaps & quantities & levels.moves_alike() & world.undershoot)


def begins_stationary(world: World, levels: Levels) -> BoolArray:
    """(n,) items whose paths are in their long run once the orders of the first L + R − 1 periods are in.

    All demand waits, nothing caps an order or a position, nothing of an order is cancelled, levels stand
    still, and the position begins with its law of the long run; see `starts`.
    """
    world = in_parts(world)
    terms, supply = world.terms, world.supply
    free = (terms.unmet == Unmet.BACKORDER) & (terms.max_order == 0) & ~levels.moves()
    free &= levels.policy is None
    if terms.max_position is not None:
        free &= terms.max_position == 0
    if supply is not None:
        free &= ((supply.on_time == MILLION) | (supply.rest_delay >= 0))[supply.supplier]
    known = begins_in_long_run(level_arrays(terms, levels), world, levels, item_arrays(world))
    return np.asarray(free & known)


def _recorded_once(world: World, levels: Levels) -> BoolArray:
    """(n,) items that need the recorder, but one recorded path for all columns."""
    several = np.full(world.n_items, levels.n_columns > 1)
    return np.asarray(
        needs_recorder(world, levels) & shifting(world, levels) & _narrow(world, levels) & several
    )


def _narrow(world: World, levels: Levels) -> BoolArray:
    """(n,) whether the levels lie close enough for one histogram bin per unit."""
    span = np.ptp(level_arrays(world.terms, levels).top, axis=1)
    return np.asarray(span < _BINS_PER_COLUMN * levels.n_columns)


def _sweeps(world: World, levels: Levels) -> BoolArray:
    """(n,) whether the sweep covers an item and is the cheaper way."""
    return np.asarray(shifting(world, levels) & (levels.n_columns > _FEW_COLUMNS) & _narrow(world, levels))


def needs_recorder(world: World, levels: Levels) -> BoolArray:
    """(n,) items with a feature that neither the sweep nor the lanes know."""
    supply = world.supply
    needs = levels.moves() | (levels.policy is not None)
    if world.start is not None:
        needs = needs | world.start.has_dates()
    if supply is not None:
        special = supply.shared_delay | (supply.fails > 0) | (supply.on_time < MILLION) | supply.closes
        needs = needs | special[supply.supplier]
    return np.asarray(needs)
