"""Demand as a formula takes it: normal on whole units, and laws at parameters that were planned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray, IntArray
from simlab.execution import DemandLaw, LawKind
from simlab.policies.levels.normal import inverse_loss, loss
from simlab.register.laws import OVERDISPERSED_KINDS, UNDERDISPERSED_KINDS

_FINE = 3.0  # standard deviations (units) below which the rounding to whole units is summed up
_OFFSETS = 64
_STEPS = 48
_REACH = 6.5  # standard deviations
_MOST_POINTS = 20_000
_WEIGHT = 1 << 30
_MOST_WEIGHT = (1 << 31) - 1
_PARTS = 1_000_000


def normal_demand(mean: FloatArray, variance: FloatArray) -> DemandLaw:
    """Normal demand cut at zero, on whole units, with this mean and variance.

    Parameters
    ----------
    mean, variance : (n,) float
        Units and units² per period.

    Returns
    -------
    DemandLaw
        Tables of whole units. max(X, 0) with X normal is split over the two neighbouring whole units so
        that the mean stays; location and scale of X are chosen so that the result has the mean and the
        variance asked for (the least variance that whole units allow where less is asked).

    Notes
    -----
    P(D > k) = s·[G((k − m)/s) − G((k + 1 − m)/s)] with G the normal loss function, X ~ N(m, s²).
    """
    pairs = np.stack([mean, np.where(mean > 0, variance, 0.0)], axis=1)
    distinct, which = np.unique(pairs, axis=0, return_inverse=True)
    which = which.ravel()
    scale = _scales(distinct[:, 0], distinct[:, 1])
    tables = [_table(m, s) for m, s in zip(distinct[:, 0].tolist(), scale.tolist(), strict=True)]
    length = np.array([values.size for values, _ in tables], dtype=np.int64)
    start = np.cumsum(length) - length
    wide = length == 0
    kind = np.where(wide, LawKind.NORMAL, LawKind.EMPIRICAL).astype(np.int8)
    spread = np.where(wide, scale**2, distinct[:, 1])
    return DemandLaw(
        kind=kind[which],
        mean=distinct[which, 0],
        variance=spread[which],
        probability=np.zeros(mean.size),
        start=start[which],
        length=length[which],
        values=np.concatenate([values for values, _ in tables]),
        weights=np.concatenate([weights for _, weights in tables]),
    )


def planned_law(law: DemandLaw, mean: FloatArray, variance: FloatArray) -> DemandLaw:
    """The laws, each of its own shape, at other parameters.

    Parameters
    ----------
    law : DemandLaw
        As fitted.
    mean, variance : (n,) float
        As planned.

    Notes
    -----
    Tables (empirical, or intermittent with given sizes) are stretched by planned ÷ fitted mean, so
    their variance follows. Kinds that allow no such variance become Poisson, binomial or negative
    binomial, whichever does. Unchanged parameters leave a law as it is.
    """
    changed = (mean != law.mean) | (variance != law.true_variance)
    counted = law.length > 0
    kind, probability = law.kind.copy(), law.probability.copy()
    spread = np.isin(kind, OVERDISPERSED_KINDS) & (variance <= mean)
    narrow = np.isin(kind, UNDERDISPERSED_KINDS) & (variance >= mean)
    formless = (kind == LawKind.INTERMITTENT) & ~counted
    by_dispersion = changed & (spread | narrow | formless)
    kind[by_dispersion] = _kinds(mean[by_dispersion], variance[by_dispersion])
    probability[by_dispersion] = 0.0
    gain = np.where(law.mean > 0, mean / np.where(law.mean > 0, law.mean, 1.0), 0.0)
    stretched = law.true_variance * gain**2
    out = replace(
        law,
        kind=kind,
        mean=np.where(changed, mean, law.mean),
        variance=np.where(changed, np.where(counted, stretched, variance), law.variance),
        probability=probability,
    )
    return _stretched(out, np.flatnonzero(changed & counted), gain)


def _kinds(mean: FloatArray, variance: FloatArray) -> npt.NDArray[np.int8]:
    above = np.where(variance > mean, LawKind.NEGATIVE_BINOMIAL, LawKind.POISSON)
    below = (variance < mean) & (variance > 0)
    return np.where(below, LawKind.BINOMIAL, above).astype(np.int8)


def _stretched(law: DemandLaw, rows: IntArray, gain: FloatArray) -> DemandLaw:
    """Tables of some items times a factor, each value split over its neighbours so that the mean is kept."""
    start, length = law.start.copy(), law.length.copy()
    values, weights = [law.values], [law.weights]
    end = law.values.size
    for row in rows.tolist():
        at = slice(int(law.start[row]), int(law.start[row] + law.length[row]))
        points, counts = _split(law.values[at] * gain[row], law.weights[at])
        start[row], length[row] = end, points.size
        end += points.size
        values.append(points)
        weights.append(counts)
    return replace(
        law, start=start, length=length, values=np.concatenate(values), weights=np.concatenate(weights)
    )


def _split(points: FloatArray, weights: IntArray) -> tuple[IntArray, IntArray]:
    parts = max(1, min(_PARTS, _MOST_WEIGHT // max(int(weights.sum()), 1)))
    whole = np.floor(points).astype(np.int64)
    upper = np.rint((points - whole) * parts).astype(np.int64)
    values, place = np.unique(np.concatenate([whole, whole + 1]), return_inverse=True)
    counts = np.zeros(values.size, dtype=np.int64)
    np.add.at(counts, place, np.concatenate([weights * (parts - upper), weights * upper]))
    return values[counts > 0], counts[counts > 0]


def _scales(mean: FloatArray, variance: FloatArray) -> FloatArray:
    """Scale of the uncut normal by bisection on its logarithm (the variance rises with it)."""
    alive = (mean > 0) & (variance > 0)
    low = np.full(mean.size, 1e-6)
    high = np.where(alive, np.sqrt(np.maximum(variance, 1e-12)) + 1.0, 1.0)
    centre = np.where(alive, mean, 1.0)
    for _ in range(_STEPS):
        short = alive & (_variance(centre, high) < variance)
        if not short.any():
            break
        high = np.where(short, 2.0 * high, high)
    for _ in range(_STEPS):
        middle = np.sqrt(low * high)
        less = _variance(centre, middle) < variance
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    return np.where(alive, np.sqrt(low * high), 0.0)


def _variance(mean: FloatArray, scale: FloatArray) -> FloatArray:
    """Variance on whole units of the cut normal with this mean and scale."""
    from scipy.special import ndtr

    location = -inverse_loss(mean / scale)
    below = ndtr(location)
    density = np.exp(-0.5 * location**2) / np.sqrt(2 * np.pi)
    second = scale**2 * ((location**2 + 1.0) * below + location * density)
    out = second - mean**2 + below / 6.0
    fine = np.flatnonzero(scale < _FINE)
    if fine.size:
        out[fine] = _fine_variance(mean[fine], scale[fine], location[fine] * scale[fine])
    return np.asarray(out)


def _fine_variance(mean: FloatArray, scale: FloatArray, location: FloatArray) -> FloatArray:
    first = np.maximum(np.floor(location - 7.0 * scale), 0.0)
    edges = first[:, None] + np.arange(_OFFSETS + 1)
    above = -np.diff(scale[:, None] * loss((edges - location[:, None]) / scale[:, None]), axis=1)
    steps = 2.0 * (edges[:, :-1] - mean[:, None]) + 1.0
    return np.asarray((above * steps).sum(axis=1) + (first - mean) ** 2)


def _table(mean: float, scale: float) -> tuple[IntArray, IntArray]:
    """Values and integer weights; empty where they would be too many."""
    if mean <= 0.0:
        return np.zeros(1, np.int64), np.ones(1, np.int64)
    if scale <= 0.0:
        return _split(np.array([mean]), np.ones(1, np.int64))
    if 2 * _REACH * scale > _MOST_POINTS:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    location = -float(inverse_loss(np.array([mean / scale]))[0]) * scale
    first = max(int(np.floor(location - _REACH * scale)), 0)
    last = max(int(np.ceil(max(location, 0.0) + _REACH * scale)), first + 1)
    edges = np.arange(first, last + 2, dtype=np.float64)
    above = np.clip(-np.diff(scale * loss((edges - location) / scale)), 0.0, 1.0)
    shares = -np.diff(np.concatenate(([1.0], np.minimum.accumulate(above), [0.0])))
    weights = np.rint(shares * _WEIGHT).astype(np.int64)
    kept = np.flatnonzero(weights)
    span = slice(int(kept[0]), int(kept[-1]) + 1)
    return first + np.arange(weights.size)[span], weights[span]
