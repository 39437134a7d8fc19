"""A block's own part of tables that all items share, so that a worker elsewhere is not sent everything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simlab.arrays import IntArray
from simlab.engine.world.demand_law import DemandLaw, Past, Seasons
from simlab.engine.world.world import LeadTimeLaw, World


def compacted(world: World) -> World:
    """The same items with the rows of shared tables that they use, and no others."""
    return replace(world, demand=_demand(world.demand), lead_time=_lead_time(world.lead_time))


def _demand(law: DemandLaw) -> DemandLaw:
    start, rows = _gathered(law.start, law.length)
    past, seasons = law.past, law.seasons
    return replace(
        law,
        start=start,
        values=law.values[rows],
        weights=law.weights[rows],
        past=None if past is None else _past(past),
        seasons=None if seasons is None else _seasons(seasons),
    )


def _past(past: Past) -> Past:
    start, rows = _gathered(past.start, past.length)
    phases = None if past.phases is None else past.phases[rows]
    return replace(past, start=start, series=past.series[rows], phases=phases)


def _seasons(seasons: Seasons) -> Seasons:
    used, profile = _used(seasons.profile)
    divides = None if seasons.divides is None else seasons.divides[used]
    return replace(seasons, profile=profile, multipliers=seasons.multipliers[used], divides=divides)


def _lead_time(law: LeadTimeLaw) -> LeadTimeLaw:
    used, number = _used(law.law)
    start, rows = _gathered(law.start[used], law.length[used])
    return replace(
        law,
        law=number,
        start=start,
        length=law.length[used],
        periods=law.periods[rows],
        weights=law.weights[rows],
    )


def _used(number: IntArray) -> tuple[IntArray, IntArray]:
    """Rows of a shared table that are named, and the new number of each; below 0 stays."""
    used = np.unique(number[number >= 0])
    return used, np.where(number >= 0, np.searchsorted(used, number), number)


def _gathered(start: IntArray, length: IntArray) -> tuple[IntArray, IntArray]:
    """Where each stretch begins when all are laid end to end, and the rows that this takes."""
    ends = np.cumsum(length)
    first = ends - length
    rows = np.arange(int(ends[-1]) if ends.size else 0) + np.repeat(start - first, length)
    return np.where(length > 0, first, start * 0), rows
