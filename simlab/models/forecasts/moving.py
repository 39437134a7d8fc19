"""Demand whose error moves otherwise than its mean: a law of its own for each period of the forecast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.catalog.quality import QualityRow
from simlab.engine.world.demand_law import MOST_MULTIPLIERS, DemandLaw, Past
from simlab.models.drawn import in_chunks
from simlab.models.forecasts.laws import ForecastPaths, kinds_of
from simlab.register.laws import BY_DISPERSION_KINDS, BY_VARIATION_KINDS, LawKind

if TYPE_CHECKING:
    from simlab.catalog import Catalog

POINTS = 400
"""Equally likely demands that stand for the law of a period."""
_MOVED = 0.02
"""Share by which an error may differ from what the law itself gives a period before it is taken as it is."""
_MOST_POINTS = 20_000_000
"""Demands kept for all forecasts (160 MB); of more, those whose error differs most have their own laws."""
_LEAST = 1e-12
_FAR, _LONGEST = (
    12.0,
    20_000.0,
)  # standard deviations above the mean, and units, from which tables are too long
_SHARES = np.arange(1, POINTS + 1) / POINTS
_FEWEST = 40  # units over all points and periods below which they would not keep the mean


def moves_apart(paths: ForecastPaths) -> BoolArray:
    """(n,) forecasts whose stated error differs by over 2 % from that of their law at a period's mean.

    A law whose mean moves keeps its dispersion, or its coefficient of variation (`Seasons`), which gives
    every period an error of its own already.
    """
    apart = _differs(paths)
    most = max(_MOST_POINTS // (paths.cycle * POINTS), 1)
    if int(apart.any(axis=1).sum()) <= most:
        return np.asarray(apart.any(axis=1))
    far = np.where(apart, np.abs(paths.period_sd**2 / _by_law(paths) - 1.0), 0.0).max(axis=1)
    out = np.zeros(far.size, np.bool_)
    out[np.argsort(-far, kind="stable")[:most]] = True
    return out & apart.any(axis=1)


def _differs(paths: ForecastPaths) -> BoolArray:
    """(n, h) periods whose stated error is not that of the law at their mean."""
    of_law = _by_law(paths)
    apart = np.abs(paths.period_sd**2 - of_law) > 2 * _MOVED * of_law
    enough = paths.demand.sum(axis=1) * POINTS >= _FEWEST
    some = paths.stated & (paths.mean > 0) & enough
    return np.asarray(apart & (paths.demand > 0) & some[:, None])


def _by_law(paths: ForecastPaths) -> FloatArray:
    """(n, h) variance that the law of a mean period has at every period's mean."""
    mean = np.where(paths.mean > 0, paths.mean, 1.0)[:, None]
    factor = paths.demand / mean
    variance = paths.variance[:, None] * factor
    of_law = np.where(np.isin(paths.kind, BY_VARIATION_KINDS)[:, None], variance * factor, variance)
    spread = paths.demand + (paths.variance[:, None] - mean) * factor**2
    of_law = np.where(np.isin(paths.kind, BY_DISPERSION_KINDS)[:, None], spread, of_law)
    return np.asarray(np.maximum(of_law, 1e-300))


def with_moving_errors(law: DemandLaw, paths: ForecastPaths, named: str) -> DemandLaw:
    """The laws, those of `moves_apart` drawn from `POINTS` equally likely demands of every period.

    Parameters
    ----------
    law : DemandLaw
        n items; none of those without a forecast is drawn by calendar phase.
    paths : ForecastPaths
    named : str
        As in `kinds_of`: shape of the law of a period with its mean and error.

    Notes
    -----
    A period is an independent draw of its own law, as with any other demand. Its points are the means of the
    law's quantile function over equal shares, brought to whole units so that the mean of the cycle is kept,
    the highest raised so that the variance is.
    """
    rows = np.flatnonzero(moves_apart(paths))
    if rows.size == 0:
        return law
    points = [list(_points(paths.demand[row], paths.period_sd[row] ** 2, named)) for row in rows.tolist()]
    past = law.past or _no_past(law.n_items)
    kind = law.kind.copy()
    kind[rows] = LawKind.CALENDAR
    past = replace(past, cycle=paths.cycle, phase=0)
    return replace(law, kind=kind, past=_with_points(past, rows, points))


def in_other_circumstances(law: DemandLaw, demand: float, variance: float) -> DemandLaw:
    """Laws that draw from observations of a phase, under factors on means and on variances.

    Parameters
    ----------
    law : DemandLaw
    demand : float
        On the mean of every phase; its standard deviation follows.
    variance : float
        On the variance of every phase, at the same mean.

    Notes
    -----
    Observations are stretched by `demand`, in whole units with the mean of the phase kept to a unit in all
    of them. Where the variance is changed they become `POINTS` equally likely demands of a negative
    binomial law, or of a gamma one where that allows no such variance.
    """
    rows = np.flatnonzero(law.kind == LawKind.CALENDAR)
    past = law.past
    if rows.size == 0 or past is None or past.phases is None:
        return law
    mean, spread, points = law.mean.copy(), law.variance.copy(), []
    for row in rows.tolist():
        here = slice(int(past.start[row]), int(past.start[row] + past.length[row]))
        own, phase = past.series[here], past.phases[here]
        by_phase = [np.sort(own[phase == k]) for k in range(past.cycle)]
        if variance != 1.0:
            moments = np.array([(one.mean(), one.var() * variance) for one in by_phase]).T
            by_phase = list(_points(moments[0], moments[1], "auto"))
        by_phase = [_stretched(one, demand) for one in by_phase]
        every = np.concatenate(by_phase)
        mean[row], spread[row] = every.mean(), every.var()
        points.append(by_phase)
    return replace(law, mean=mean, variance=spread, past=_with_points(past, rows, points))


def _stretched(points: IntArray, factor: float) -> IntArray:
    """Whole units times a factor, the sum to the nearest unit."""
    if factor == 1.0:
        return points
    return np.asarray(np.diff(np.rint(np.cumsum(points) * factor).astype(np.int64), prepend=0))


def _no_past(n: int) -> Past:
    none = np.zeros(n, np.int64)
    return Past(none, none, np.zeros(0, np.int64), none + 1)


def _with_points(past: Past, rows: IntArray, points: Sequence[Sequence[IntArray]]) -> Past:
    """The past in which some items draw from other points: those of every phase, item by item."""
    start, length = past.start.copy(), past.length.copy()
    sizes = np.array([sum(one.size for one in item) for item in points], np.int64)
    start[rows] = past.series.size + np.cumsum(sizes) - sizes
    length[rows] = sizes
    before = np.zeros(past.series.size, np.int64)
    if past.phases is not None:
        before[: past.phases.size] = past.phases
    phases = [np.full(one.size, k) for item in points for k, one in enumerate(item)]
    return replace(
        past,
        start=start,
        length=length,
        series=np.concatenate([past.series, *(one for item in points for one in item)]),
        phases=np.concatenate([before, *phases]),
    )


def told_of_periods(catalog: Catalog, paths: ForecastPaths, follows: bool) -> Iterator[QualityRow]:
    """Errors that move, means that are grouped, and what of levels and demand goes with them."""
    own = moves_apart(paths) if follows else np.zeros(paths.mask.size, np.bool_)
    yield from _of_errors(catalog, paths, own, follows)
    many = sum(np.unique(line).size > MOST_MULTIPLIERS for line in paths.demand[paths.mask & ~own])
    if many:
        note = (
            f"{many:,} SKU-locations have more than {MOST_MULTIPLIERS} different means: simulated demand "
            f"groups them to {MOST_MULTIPLIERS}, levels use each"
        )
        yield QualityRow("forecast", "means that are grouped", "used", 0, note=note)


def _of_errors(catalog: Catalog, paths: ForecastPaths, own: BoolArray, follows: bool) -> Iterator[QualityRow]:
    rows = np.flatnonzero(paths.mask & paths.spread_moves)
    if rows.size == 0:
        return
    errors = paths.period_sd[rows]
    factor = errors.max(axis=1) / np.maximum(errors.min(axis=1), _LEAST)
    where, policy = catalog.keys[int(rows[factor.argmax()])], catalog.study.policy
    moves = f"moves in {rows.size:,} SKU-locations, by a factor of {factor.max():.2g} in {where}"
    goes = policy.family == "forecast" or (policy.family != "given" and paths.levels_move)
    levels = "safety stocks move" if goes else "levels stand still; demand moves"
    then = f"{levels} with it" if not goes else f"{levels} with it, and simulated demand"
    kept = int((paths.spread_moves & paths.mask & ~own & _differs(paths).any(axis=1)).sum())
    if kept:
        why = "others are drawn by phases of their history" if not follows else "too many periods for all"
        then += f"; demand of {kept:,} keeps the shape of its law ({why})"
    yield QualityRow("forecast", "errors that move", "used", 0, note=f"the stated error {moves}: {then}")


def _points(mean: FloatArray, variance: FloatArray, named: str) -> IntArray:
    """(h, POINTS) demands of periods with these moments, ascending within each."""
    out, behind = np.zeros((mean.size, POINTS), np.int64), 0.0
    sums = _sums_of_shares(mean, variance, named)
    for period, edges in enumerate(sums):
        total = behind + POINTS * edges
        whole = np.floor(np.append(behind, total) + 0.5).astype(np.int64)
        behind = float(total[-1] - whole[-1])
        out[period] = _as_wide(np.sort(np.diff(whole)), float(variance[period]))
    return out


def _sums_of_shares(mean: FloatArray, variance: FloatArray, named: str) -> FloatArray:
    """(h, POINTS) mean demand up to each of `POINTS` equal shares of probability, units.

    From the law's own table where it is short; else by the gamma law with these moments (lognormal where it
    is named), from which no law of counts differs by a unit that matters there.
    """
    out = np.zeros((mean.size, POINTS))
    far = mean + _FAR * np.sqrt(variance) > _LONGEST
    if far.any():
        of_law = _lognormal_sums if named == "lognormal" else _gamma_sums
        out[far] = of_law(mean[far], np.maximum(variance[far], _LEAST))
    near = np.flatnonzero(~far)
    if near.size == 0:
        return out
    for at, laws in in_chunks(_plain(mean[near], variance[near], named), np.arange(near.size)):
        for own, period in enumerate(near[at].tolist()):
            _, value, share = laws.of(own)
            out[period] = np.interp(
                _SHARES,
                np.append(0.0, np.cumsum(share)),
                np.append(0.0, np.cumsum(share * value)),
            )
    return out


def _gamma_sums(mean: FloatArray, variance: FloatArray) -> FloatArray:
    """∫ of the quantile function: mean × F(q; k + 1), k the shape."""
    from scipy.special import gammainc, gammaincinv

    shape = (mean**2 / variance)[:, None]
    return np.asarray(mean[:, None] * gammainc(shape + 1.0, gammaincinv(shape, _SHARES)))


def _lognormal_sums(mean: FloatArray, variance: FloatArray) -> FloatArray:
    """The same of the lognormal law: mean × Φ(z − σ)."""
    from scipy.special import ndtr, ndtri

    sigma = np.sqrt(np.log1p(variance / mean**2))[:, None]
    return np.asarray(mean[:, None] * ndtr(ndtri(_SHARES) - sigma))


def _plain(mean: FloatArray, variance: FloatArray, named: str) -> DemandLaw:
    """One law per period with its mean and variance."""
    n, nothing = mean.size, np.zeros(mean.size, np.int64)
    some = (mean > 0) & (variance > 0)
    kind = np.where(some, kinds_of(named, mean, variance), LawKind.POISSON).astype(np.int8)
    none = nothing[:0]
    return DemandLaw(kind, mean, np.where(some, variance, 0.0), np.zeros(n), nothing, nothing, none, none)


def _as_wide(points: IntArray, variance: float) -> IntArray:
    """The two highest points moved apart by whole units, so that the variance is not below the law's."""
    missing = POINTS * (variance - float(points.var()))
    if missing <= 0 or points[-1] == 0:
        return points
    apart = float(points[-1] - points[-2])
    step = (np.sqrt(apart**2 + 2 * missing) - apart) / 2
    moved = int(min(np.rint(step), points[-2]))
    out = points.copy()
    out[-1] += moved
    out[-2] -= moved
    return np.sort(out)
