"""Demand over many periods by Fourier transform: one period's law on a lattice, and its powers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simlab.arrays import ComplexArray, FloatArray, IntArray
from simlab.engine.laws.pmfs import pmf_of
from simlab.engine.world.demand_law import DemandLaw, LawKind
from simlab.models import in_chunks

MOST_POINTS = 1 << 15
_LEAST_POINTS = 64
_LOG_TAIL = 25.0  # −log of the mass that may lie beyond the lattice
_MOST_VALUES = 1 << 20
_TOGETHER = 256  # items whose tables are made at a time
_FAR = 6.4  # standard deviations
_NEGATIVE_BINOMIAL = (int(LawKind.NEGATIVE_BINOMIAL), int(LawKind.GEOMETRIC))


@dataclass(frozen=True, eq=False)
class Lattice:
    """Where each item's sums of demand are computed.

    Attributes
    ----------
    points : (n,) int64
        Number of lattice points, a power of two, at most 2^15.
    step : (n,) int64
        Units between points; 1 unless the sums spread too far.
    """

    points: IntArray
    step: IntArray

    @property
    def n_items(self) -> int:
        return int(self.points.size)


def lattice(law: DemandLaw, longest: IntArray) -> Lattice:
    """Lattices wide enough for the demand of `longest` periods.

    Parameters
    ----------
    law : DemandLaw
        n items.
    longest : (n,) int64
        Periods.

    Notes
    -----
    The tail beyond is below e^−25 by Bernstein's inequality: t = b·c/3 + √((b·c/3)² + 2·c·σ²), c = 25,
    with b the largest demand of a period; Poisson and negative binomial use their exponential decay
    at variance/mean instead of b; lognormal sums by their one largest period.
    """
    mean, variance = longest * law.mean, longest * law.variance
    ratio = np.where(law.mean > 0, law.variance / np.maximum(law.mean, 1e-300), 1.0)
    spread = np.sqrt(2 * _LOG_TAIL * variance)
    width = mean + np.maximum(ratio, 1.0) * _LOG_TAIL + spread
    heavy = law.kind == LawKind.LOGNORMAL
    if heavy.any():
        width = np.where(heavy, np.maximum(width, mean + _largest_lognormal(law) + spread), width)
    counted = law.length > 0
    if counted.any():
        last = np.where(counted, law.values[np.minimum(law.start + law.length, law.values.size) - 1], 0)
        bernstein = last * _LOG_TAIL / 3
        width_counted = mean + bernstein + np.sqrt(bernstein**2 + spread**2)
        width = np.where(counted, np.minimum(width_counted, longest * last), width)
    needed = np.ceil(width) + 2
    step = np.maximum(np.ceil(needed / MOST_POINTS), 1).astype(np.int64)
    points = 2.0 ** np.ceil(np.log2(np.maximum(needed / step, _LEAST_POINTS)))
    return Lattice(np.minimum(points, MOST_POINTS).astype(np.int64), step)


def _largest_lognormal(law: DemandLaw) -> FloatArray:
    """(n,) demand that a lognormal period exceeds with less than 1e-10."""
    log_variance = np.log1p(law.variance / np.maximum(law.mean, 1e-150) ** 2)
    return np.asarray(law.mean * np.exp(_FAR * np.sqrt(log_variance) - log_variance / 2))


def transforms(law: DemandLaw, rows: IntArray, points: int, step: IntArray) -> ComplexArray:
    """(rows, points/2 + 1) transform of one period's demand of some items on `points` points.

    Poisson and negative binomial by their generating function, all others from their probabilities;
    on a coarser lattice each value is split over its two neighbours so that the mean is kept.
    """
    out = np.empty((rows.size, points // 2 + 1), dtype=np.complex128)
    kind = law.kind[rows]
    closed = (step == 1) & ((kind == LawKind.POISSON) | np.isin(kind, _NEGATIVE_BINOMIAL))
    out[closed] = _closed(law.take(rows[closed]), points)
    others = np.flatnonzero(~closed)
    if others.size:
        table = np.zeros((others.size, points))
        points_of = zip(others.tolist(), _points_of(law, rows[others]), strict=True)
        for place, (row, (values, shares)) in enumerate(points_of):
            put(table[place], values, shares, int(step[row]))
        out[others] = np.fft.rfft(table)
    return out


def weighted_powers(transform: ComplexArray, weights: FloatArray) -> ComplexArray:
    """Σ_n weights[:, n]·transform^n, row by row (Horner, jumping over n that nobody weighs)."""
    used = np.flatnonzero((weights != 0).any(axis=0))[::-1]
    out = np.zeros_like(transform)
    power: dict[int, ComplexArray] = {1: transform}
    before = int(used[0])
    for n in used.tolist():
        if before > n:
            out *= _power(power, before - n)
        out += weights[:, n : n + 1]
        before = n
    return out * _power(power, before) if before else out


def no_demand(law: DemandLaw) -> FloatArray:
    """(n,) probability that a period has no demand."""
    ratio = np.maximum(law.variance / np.maximum(law.mean, 1e-300), 1.0 + 1e-15)
    size = np.where(ratio > 1, law.mean / (ratio - 1), 0.0)
    out = np.exp(-law.mean)
    spread = np.isin(law.kind, _NEGATIVE_BINOMIAL) & (law.variance > law.mean)
    out = np.where(spread, np.exp(-size * np.log(ratio)), out)
    others = np.flatnonzero((law.kind != LawKind.POISSON) & ~spread)
    for item, (values, shares) in zip(others.tolist(), _points_of(law, others), strict=True):
        out[item] = shares[values == 0].sum()
    return np.asarray(out)


def _closed(law: DemandLaw, points: int) -> ComplexArray:
    angle = -2.0 * np.pi / points * np.arange(points // 2 + 1)
    z = np.exp(1j * angle)
    mean, variance = law.mean[:, None], law.variance[:, None]
    spread = (variance > mean) & (law.kind != LawKind.POISSON)[:, None]
    log = np.where(spread, 0.0, mean) * (z - 1.0)
    rows = np.flatnonzero(spread[:, 0])
    if rows.size:
        ratio = variance[rows] / mean[rows]
        size = mean[rows] / (ratio - 1.0)
        log[rows] = -size * np.log(ratio - (ratio - 1.0) * z)
    return np.asarray(np.exp(log))


def _points_of(law: DemandLaw, rows: IntArray) -> Iterator[tuple[IntArray, FloatArray]]:
    """Values and probabilities of one period's demand of every row, some hundred at a time."""
    for first in range(0, rows.size, _TOGETHER):
        yield from _points_of_some(law, rows[first : first + _TOGETHER])


def _points_of_some(law: DemandLaw, rows: IntArray) -> list[tuple[IntArray, FloatArray]]:
    """`_points_of` of rows whose tables are made together: as `pmf_of` of each, to the bit."""
    found: dict[int, tuple[IntArray, FloatArray]] = {}
    kind = law.kind[rows]
    for place in np.flatnonzero(kind == LawKind.EMPIRICAL).tolist():
        item = int(rows[place])
        own = slice(int(law.start[item]), int(law.start[item] + law.length[item]))
        weights = law.weights[own].astype(np.float64)
        found[place] = law.values[own], weights / weights.sum()
    together = np.flatnonzero((kind != LawKind.EMPIRICAL) & (kind != LawKind.MARKOV))
    for places, tables in in_chunks(law, rows[together]):
        for at, place in enumerate(together[places].tolist()):
            mean = _mean_law(tables.which[at], tables.of(at))
            if mean is not None:
                found[place] = mean
    for place in range(rows.size):
        if place not in found:  # a chain, or wider than can be held: refused by its name
            low, shares = pmf_of(law, int(rows[place]))
            found[place] = low + np.arange(shares.size), shares
    return [found[place] for place in range(rows.size)]


def _mean_law(
    which: IntArray, laws: tuple[IntArray, IntArray, FloatArray]
) -> tuple[IntArray, FloatArray] | None:
    """Every value from the least to the largest, and its probability in a period of the cycle.

    None where there are too many.
    """
    numbers, times = np.unique(which, return_counts=True)
    used = np.isin(laws[0], numbers)
    law, value, share = (part[used] for part in laws)
    low, span = int(value.min()), int(np.ptp(value)) + 1
    if span > _MOST_VALUES:
        return None
    out = np.zeros(span)
    weights = [1.0] if numbers.size == 1 else (times / times.sum()).tolist()
    for number, weight in zip(numbers.tolist(), weights, strict=True):
        own = law == number
        out[value[own] - low] += weight * share[own]
    return low + np.arange(out.size), out


def put(line: FloatArray, values: IntArray, shares: FloatArray, step: int) -> None:
    """Probabilities on the lattice, the mean kept."""
    below, rest = np.divmod(values, step)
    upper = shares * (rest / step)
    last = line.size - 1
    np.add.at(line, np.minimum(below, last), shares - upper)
    np.add.at(line, np.minimum(below + 1, last), upper)


def power_of(transform: ComplexArray, n: int) -> ComplexArray:
    """transform^n for a whole n ≥ 0, by squaring."""
    return np.ones_like(transform) if n == 0 else _power({1: transform}, n)


def _power(known: dict[int, ComplexArray], n: int) -> ComplexArray:
    if n not in known:
        half = _power(known, n // 2)
        known[n] = half * half if n % 2 == 0 else half * half * known[1]
    return known[n]
