"""What fitted laws say of the demand of several periods, beside what then happened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.models import DemandLaw
from simlab.policies.sums.serial import sum_transforms, wide
from simlab.policies.sums.transforms import lattice

LOW, HIGH = 0.05, 0.95
"""Ends of the nominal 90 % interval of cumulative demand."""
_LEAST_CHANCE = 1e-12
_BLOCK = 1 << 22


@dataclass(frozen=True, eq=False)
class Judged:
    """One prediction of cumulative demand per row, and how it fared.

    Attributes
    ----------
    below, upto : (m,) float
        P(D < x) and P(D ≤ x) of what happened: a randomised PIT is uniform between them.
    covered, implied : (m,) float
        Whether x lies in the nominal 90 % interval, and the chance that the law itself gives this
        (above 0.90 for slow movers: integers are coarse).
    exceeded, implied_exceeded : (m,) float
        Whether x exceeds the 95 % quantile, and the chance that the law gives this.
    log_score : (m,) float
        −log P(D = x), at least 1e-12: lower is better.
    crps : (m,) float
        Σ (P(D ≤ k) − 1{k ≥ x})² over every whole number k, units: lower is better.
    mean : (m,) float
        Expected demand.
    observed : (m,) float
        What happened, units.
    """

    below: FloatArray
    upto: FloatArray
    covered: FloatArray
    implied: FloatArray
    exceeded: FloatArray
    implied_exceeded: FloatArray
    log_score: FloatArray
    crps: FloatArray
    mean: FloatArray
    observed: FloatArray

    def pit(self, seed: int = 0) -> FloatArray:
        """(m,) randomised probability integral transform: uniform on [0, 1] where the laws are right."""
        u = np.random.default_rng(seed).random(self.below.size)
        return np.asarray(self.below + u * (self.upto - self.below))


def judge(law: DemandLaw, periods: IntArray, observed: IntArray) -> Judged:
    """Compare the demand of some periods with what a law gives for them.

    Parameters
    ----------
    law : DemandLaw
        n items.
    periods : (n,) int64
        Periods summed, ≥ 1.
    observed : (n,) int64
        Demand of these periods, units.

    Notes
    -----
    The law of the sum is the power of one period's transform on at most 2^15 points; beyond, on coarser
    points, between which probabilities are interpolated: line by line, so that the CRPS still sums every
    whole number, the observation where it lies.
    """
    grid = lattice(wide(law, periods), periods)
    out = np.zeros((9, law.n_items))
    for points, count in sorted(set(zip(grid.points.tolist(), periods.tolist(), strict=True))):
        rows = np.flatnonzero((grid.points == points) & (periods == count))
        size = max(1, _BLOCK // points)
        for begin in range(0, rows.size, size):
            some = rows[begin : begin + size]
            out[:, some] = _facts(law, some, points, count, grid.step[some], observed[some])
    return Judged(*[*out, observed.astype(np.float64)])


def _facts(
    law: DemandLaw, rows: IntArray, points: int, periods: int, step: IntArray, observed: IntArray
) -> FloatArray:
    """(9, rows) the fields of `Judged` from `below` to `mean`."""
    shares = np.fft.irfft(sum_transforms(law, rows, points, step, periods), points)
    shares = np.maximum(shares, 0.0)
    shares /= shares.sum(axis=1, keepdims=True)
    upto = np.cumsum(shares, axis=1)
    x, here = observed / step, np.arange(rows.size)
    place = np.minimum(np.floor(x), points - 1).astype(np.int64)
    high = upto[here, place]
    low = np.where(place > 0, upto[here, np.maximum(place - 1, 0)], 0.0)
    part = np.where(step > 1, x - np.floor(x), 0.0)
    at = high - (high - low) * np.where(step > 1, 1 - part, 0.0)
    before = np.where(step > 1, np.maximum(at - (high - low) / step, 0.0), low)
    beyond = x > points - 1
    at, before = np.where(beyond, 1.0, at), np.where(beyond, 1.0, before)
    first = (upto < LOW - 1e-12).sum(axis=1)
    last = np.minimum((upto < HIGH - 1e-12).sum(axis=1), points - 1)
    left = np.where(first > 0, upto[here, np.maximum(first - 1, 0)], 0.0)
    covered = (np.floor(x) >= first) & (np.floor(x) <= last)
    centred = upto - shares * (0.5 - 0.5 / step[:, None])  # a point's mass lies as much before as behind it
    crps = _ranked(centred, step, observed)
    mean = (shares * np.arange(points)).sum(axis=1) * step
    return np.array(
        [
            before,
            at,
            covered.astype(np.float64),
            upto[here, last] - left,
            (np.floor(x) > last).astype(np.float64),
            1 - upto[here, last],
            -np.log(np.maximum(at - before, _LEAST_CHANCE)),
            crps,
            mean,
        ]
    )


def _ranked(upto: FloatArray, step: IntArray, observed: IntArray) -> FloatArray:
    """(rows,) Σ (F(k) − 1{k ≥ x})² over every whole number k ≥ 0.

    Parameters
    ----------
    upto : (rows, points) float
        F at the points 0, step, 2·step, …; a straight line between them, 1 beyond the last.
    step : (rows,) int64
        Units between points.
    observed : (rows,) int64
        x, units.
    """
    points = upto.shape[1]
    here = np.arange(upto.shape[0])
    h = step[:, None].astype(np.float64)
    after = np.concatenate([upto[:, 1:], np.ones((here.size, 1))], axis=1)
    below = np.concatenate([np.zeros((here.size, 1)), np.cumsum(_line(upto, after, h, h), axis=1)], axis=1)
    above = _line(1 - upto, 1 - after, h, h)
    above = np.cumsum(above[:, ::-1], axis=1)[:, ::-1]
    cell = np.minimum(observed // step, points - 1)
    inside = np.minimum(observed - cell * step, step).astype(np.float64)
    beyond = np.maximum(observed - points * step, 0)
    low, high, width = upto[here, cell], after[here, cell], step.astype(np.float64)
    left = _line(low, high, width, inside)
    part = _line(1 - low, 1 - high, width, inside)
    return np.asarray(below[here, cell] + left + above[here, cell] - part + beyond)


def _line(low: FloatArray, high: FloatArray, step: FloatArray, n: FloatArray) -> FloatArray:
    """Σ (low + (high − low)·j/step)² over j = 0 … n − 1."""
    slope = (high - low) / step
    first, second = n * (n - 1) / 2, n * (n - 1) * (2 * n - 1) / 6
    return np.asarray(n * low**2 + 2 * low * slope * first + slope**2 * second)
