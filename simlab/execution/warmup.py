"""How many periods to run before counting: exact where a rule proves it, else one common MSER-5 cut."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.engine.prepare.evaluators import begins_stationary, warmup_periods
from simlab.engine.run import pilot_series
from simlab.engine.world.levels import ForecastMethod, Levels
from simlab.engine.world.world import MILLION, Horizon, World
from simlab.execution.backends.spread import block_rows
from simlab.execution.by_period.lanes import covered
from simlab.execution.by_period.sums import is_compiled, profile_of
from simlab.execution.columns import beside, by_family

_AT_ONCE = 8192
_BATCH = 5
_PILOT_REPLICATIONS = 16
_PILOT_ITEMS = 128
_DOUBLINGS = 4
_LEAST_BATCHES = 40
_START, _MOST_FORGETTING = 0.01, 4

TRANSIENT = "none: every period from today's stock and pipeline on is counted"
"""Warm-up rule of a world that begins with today's stock."""


def common_warmup(world: World, plans: list[Levels], horizon: Horizon) -> tuple[int, str]:
    """Warm-up shared by everything that is compared, and the rule it came from.

    Returns
    -------
    periods : int
        Longest L + R − 1 where every plan is in its long-run regime from then on by construction;
        otherwise the larger of that and the MSER-5 cut of a pilot run, made longer until its cut lies in its
        first quarter.
    rule : str
        For the manifest.

    References
    ----------
    White (1997), An effective truncation heuristic for bias reduction in simulation output (MSER).
    """
    if world.start is not None:
        return 0, TRANSIENT
    exact = warmup_periods(world)
    stationary = _stationary(world, plans)
    cut = [levels for levels, settled in zip(plans, stationary, strict=True) if not settled.all()]
    longest = f"longest {_what_is_longest(world)} + review period - 1"
    if not cut:
        return exact, longest
    rows = _pilot_rows(~np.all(stationary, axis=0))
    together = [beside([_ends(cut[i]).take(rows) for i in group]) for group in by_family(cut)]
    found, batch, early = _pilot_cut(world.take(rows), together, horizon, exact)
    rule = f"the larger of {longest} and MSER-{batch} of a pilot run"
    rule = rule if early else f"{rule}, whose cut still came late"
    forgotten = max(forgetting(levels, horizon.periods) for levels in cut)
    if forgotten > max(exact, found):
        return forgotten, "until forecasts have forgotten where they began"
    return max(exact, found), rule


def _stationary(world: World, plans: list[Levels]) -> list[BoolArray]:
    """(n,) of every plan, `begins_stationary`: what is asked of items is asked once for plans of a family."""
    found = [np.ones(world.n_items, np.bool_) for _ in plans]
    for rows in block_rows(world.n_items, _AT_ONCE):
        some = world.take(rows)
        for group in by_family(plans):
            tables = [plans[number].take(rows) for number in group]
            settled = begins_stationary(some, beside(tables))  # at every column of all of them
            rest = np.flatnonzero(~settled)
            for number, table in zip(group, tables, strict=True):
                own = (
                    settled[rest] if len(group) == 1 else begins_stationary(some.take(rest), table.take(rest))
                )
                found[number][rows[rest]] = own
    return found


def forgetting(levels: Levels, periods: int) -> int:
    """Periods until levels that follow a forecast are where a long run has them; 0 where none does.

    Parameters
    ----------
    levels : Levels
    periods : int
        Counted; more than `_MOST_FORGETTING` times as many are never run before.

    Notes
    -----
    The start weighs `_START` after ln(start) ÷ ln(1 − α) updates: every period (SMOOTHING, the share of TSB),
    at demands (sizes, and intervals of CROSTON and SBA), a window for averages. The error begins to settle an
    interval later, and stock that was ordered for a higher level lasts safety stocks ÷ mean demand more. What
    19 of 20 items need; a pilot run does not see such slow drifts of slow movers (stock 0.2 to 2 % low).
    """
    start = levels.forecast
    if start is None or not start.moves.any():
        return 0
    moves = start.moves & (start.level > 0)
    if not moves.any():
        return 0
    of_mean = np.maximum(_updates(start.alpha), _updates(start.beta)) / start.share
    each = start.method == ForecastMethod.SMOOTHING
    of_mean = np.where(each, _updates(start.alpha), of_mean)
    tsb = np.maximum(_updates(start.alpha) / start.share, _updates(start.beta))
    of_mean = np.where(start.method == ForecastMethod.TSB, tsb, of_mean)
    of_mean = np.where(start.method == ForecastMethod.MOVING_AVERAGE, start.window, of_mean)
    safety = np.maximum(levels.order_up_to.max(axis=1) - start.level * start.interval, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        needs = of_mean + start.interval + _updates(start.error_alpha) + 3 * safety / start.level
    found = np.ceil(np.quantile(needs[moves], 0.95, method="higher"))
    return int(min(found, _MOST_FORGETTING * periods))


def _updates(smoothing: FloatArray) -> FloatArray:
    """Updates until the start weighs `_START`; 0 where nothing is updated or all at once."""
    inner = (smoothing > 0) & (smoothing < 1)
    return np.where(inner, np.log(_START) / np.log1p(-np.where(inner, smoothing, 0.5)), 0.0)


def _pilot_rows(wanted: BoolArray) -> IntArray:
    """A spread of the items that do not begin in their long run: the others would hide them."""
    rows = np.flatnonzero(wanted)
    places = np.linspace(0, rows.size - 1, min(rows.size, _PILOT_ITEMS))
    return rows[np.unique(places.astype(np.int64))]


def _pilot_cut(world: World, plans: list[Levels], horizon: Horizon, exact: int) -> tuple[int, int, bool]:
    """Periods to cut, periods of a batch, and whether the cut came early enough to be believed.

    MSER looks for its cut in the first half of a series. Where it finds it beyond the first quarter the
    series may be too short to show the long run: it is doubled, and so are the batches.
    """
    world = replace(world, terms=replace(world.terms, phase_cycle=None))  # its windows are whole reviews
    batch = _batch(world)
    periods = max(horizon.periods + exact, _LEAST_BATCHES * batch)
    for _ in range(_DOUBLINGS + 1):
        pilot = replace(
            horizon, periods=periods, warmup=0, replications=_PILOT_REPLICATIONS, slots=1, scale=1
        )
        found = batch * max(mser(_series(world, levels, pilot, batch)) for levels in plans)
        if 4 * found <= periods:
            return found, batch, True
        batch, periods = 2 * batch, 2 * periods
    return found, batch // 2, False


def _series(world: World, levels: Levels, horizon: Horizon, step: int) -> IntArray:
    """As `pilot_series`: by one run that writes every period down, where the loop that does is compiled."""
    if world.grid is not None or not is_compiled() or not covered(world, levels).all():
        return pilot_series(world, levels, horizon, step)
    none, one = np.zeros(world.n_items, np.int64), np.ones(world.n_items, np.int64)
    stock = profile_of(world, levels, horizon, none, one, n_groups=1).stock_value.sum(axis=(1, 2))
    whole = horizon.periods // step
    return np.asarray(stock[:, : whole * step].reshape(levels.n_columns, whole, step).sum(axis=2))


def _what_is_longest(world: World) -> str:
    """What `warmup_periods` takes the longest of, in words."""
    if world.supply is None:
        return "lead time"
    of = world.supply.supplier
    parts = ["lead time"]
    if (world.supply.fails[of] > 0).any():
        parts.append("outage")
    if ((world.supply.on_time[of] < MILLION) & (world.supply.rest_delay[of] > 0)).any():
        parts.append("delay of the rest")
    return " + ".join(parts)


def _batch(world: World) -> int:
    """Five periods, or the least number of whole review cycles that is no shorter."""
    review = int(world.terms.review_period.max())
    return review * -(-_BATCH // review) if review > 1 else _BATCH


def _ends(levels: Levels) -> Levels:
    """The lowest, the middle and the highest column: what lies between warms up in between."""
    k = levels.n_columns
    return levels.columns(np.unique([0, k // 2, k - 1]))


def mser(series: npt.ArrayLike) -> int:
    """Batches to cut from the front: the least squared standard error of the rest, first half only.

    Parameters
    ----------
    series : (b,) or (columns, b) float
        Batch means (or sums); with several columns the largest cut is returned.
    """
    rows = np.atleast_2d(np.asarray(series, dtype=np.float64))
    return max(_cut(row) for row in rows)


def _cut(means: FloatArray) -> int:
    n = means.size
    if n < 2:
        return 0
    scores = [float(means[d:].var()) / (n - d) for d in range(n // 2 + 1)]
    return int(np.argmin(scores))
