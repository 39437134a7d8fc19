"""Levels of every rule that move with a forecast table: demand ahead, and a safety stock of its error.

A level is planned for the mean of the forecast's periods, as if none of them differed, and then placed in
every period t: level_t = expected demand over R + E[L] from t on, and the safety stock times σ_t ÷ σ, where
σ_t is the standard error of that sum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.engine.prepare.arrays import ahead
from simlab.policies.levels.floors import can_lose

if TYPE_CHECKING:
    from simlab.models import Models

MOVED = "moved with the forecast from period to period"
"""What the planning method then says."""
_HALF = 0.5  # a unit, by which a level is rounded up on average
_LEAST_SPREAD = 0.1  # of the mean spread, below which no safety stock can be read off a level in whole units


def follows_table(models: Models) -> BoolArray:
    """(n,) SKU-locations whose levels move with the forecast table under a rule of its own levels."""
    paths = models.paths
    if paths is None or not paths.levels_move:
        return np.zeros(models.n_items, np.bool_)
    moves = (paths.demand != paths.demand[:, :1]).any(axis=1) | paths.spread_moves
    return np.asarray(paths.mask & (paths.mean > 0) & moves & ~models.never_ordered)


def at_rest(models: Models, rows: BoolArray) -> Models:
    """The models with the law of a mean period in place of the periods of some items' forecasts."""
    assert models.paths is not None
    law = models.paths.mean_period(models.world.demand, rows)
    return replace(models, world=replace(models.world, demand=law))


def placed(models: Models, level: IntArray, rows: BoolArray) -> IntArray:
    """(n, k) levels planned at rest, as they are in the first period of the run."""
    sums = _sums(models)
    share = np.where(sums.moves, sums.spread[:, 0] / np.where(sums.moves, sums.usual, 1.0), 1.0)
    stock = level - _HALF - sums.mean[:, None]
    first = sums.expected[:, :1] + stock * share[:, None] + _HALF
    return np.where(rows[:, None], np.rint(first).astype(np.int64), level)


def expected_first(models: Models) -> FloatArray:
    """(n,) expected demand over R + E[L] from the first period of the run on."""
    return _sums(models).expected[:, 0]


def moves_of_levels(models: Models, level: IntArray, has_point: BoolArray) -> IntArray | None:
    """Units by which levels move from period to period; None where no level does.

    Parameters
    ----------
    models : Models
        n items.
    level : (n, k) int64
        In the first period of the run: S of (R,S), s of the other rules. The safety stock is read off it
        (less the half unit by which levels are rounded up on average), so that whoever knows a plan's level
        knows how it moves.
    has_point : (n,) bool
        Rules with a reorder point.

    Returns
    -------
    (n, 1 or k, cycle) int64
        One row serves all columns where these move alike. Levels never fall below `minimum_level`, nor, where
        demand can be lost, to where nothing would be ordered any more.
    """
    rows = follows_table(models)
    if not rows.any():
        return None
    sums = _sums(models)
    moved = (sums.expected - sums.expected[:, :1])[:, None, :]
    if sums.moves.any():
        stock = np.where(sums.moves[:, None], level - _HALF - sums.expected[:, :1], 0.0)
        first = np.where(sums.moves, sums.spread[:, 0], 1.0)[:, None]
        share = np.where(sums.moves[:, None], sums.spread / first - 1.0, 0.0)
        moved = moved + stock[:, :, None] * share[:, None, :]
    units = np.where(rows[:, None, None], np.rint(moved).astype(np.int64), 0)
    room = _least(models, has_point)[:, None] - level
    below = units < room[:, :, None]
    return np.where(below, np.minimum(room, 0)[:, :, None], units) if below.any() else units


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums over R + E[L].

    Attributes
    ----------
    expected : (n, cycle) float
        From each period on.
    mean : (n,) float
        Of a mean period.
    spread : (n, cycle) float
        Their standard error.
    usual : (n,) float
        That of mean periods.
    moves : (n,) bool
        Where the standard error moves, and can be read off a level of the first period.
    """

    expected: FloatArray
    mean: FloatArray
    spread: FloatArray
    usual: FloatArray
    moves: BoolArray


def _sums(models: Models) -> _Sums:
    paths = models.paths
    assert paths is not None
    lead, variance = models.lead_time_moments
    interval = models.world.terms.review_period + lead
    usual_mean = np.where(paths.mask, paths.mean, models.world.demand.mean)
    demand = np.where(paths.mask[:, None], paths.demand, usual_mean[:, None])
    delay = usual_mean**2 * variance
    spread = np.sqrt(ahead(paths.period_sd**2, interval) + delay[:, None])
    usual = np.sqrt(interval * paths.sd**2 + delay)
    moves = paths.spread_moves & (spread[:, 0] > _LEAST_SPREAD * usual)
    return _Sums(ahead(demand, interval), usual_mean * interval, spread, usual, np.asarray(moves))


def _least(models: Models, has_point: BoolArray) -> IntArray:
    """(n,) lowest level in any period: of what must not run out, and of what would never order again."""
    far = np.int64(-(2**62))
    open_shelf = np.where(can_lose(models), np.where(has_point, 0, 1), far)
    least = models.least_level - np.where(has_point, 1, 0)
    return np.maximum(open_shelf, np.where(models.least_level > 0, least, far))
