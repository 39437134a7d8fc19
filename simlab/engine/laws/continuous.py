"""Continuous demand laws on the integers, the mean kept exactly.

A demand between k and k + 1 is split over both so that its mean stays: P(D > k) = ∫ P(X > x) dx
over [k, k + 1]. The variance grows by at most 1/4.

The gamma law is integrated cell by cell with + − × ÷ only: the same bits on every CPU. Lognormal
and normal laws need log and erfc, whose last bit may differ between machines.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from simlab.arrays import CodeArray, FloatArray, IntArray, WordArray
from simlab.engine._jit import inner, jit, kernel
from simlab.engine.laws.weights import MOST_POINTS, TAIL, to_thresholds
from simlab.engine.world.demand_law import LawKind
from simlab.errors import OutOfRangeError

_CONSTANT = 1e-3
"""Variance (units²) below which a law is taken as constant, its mean split over two integers."""

_STEEP = 4e-3
"""The same for gamma laws of mean 1 or more: next to the mode their density leaves the range of floats."""
_SIGMAS = 6.3
_SQUARE = 2.0
_MOST_ROOM = 1 << 24
_LOGARITHMS = 1 << 12
GAMMA, NORMAL = int(LawKind.GAMMA), int(LawKind.NORMAL)
_MOST_TERMS = 64
_PRECISION = 1e-17
_SQRT_2 = math.sqrt(2.0)
_INVERSE = 1.0 / np.arange(1, _MOST_TERMS + 4)


def continuous_table(kind: LawKind, mean: float, variance: float) -> tuple[int, FloatArray]:
    """First value and unnormalised probabilities of a gamma, lognormal or normal law on the integers.

    Parameters
    ----------
    kind : LawKind
        GAMMA, LOGNORMAL or NORMAL (cut at zero; its mean is then moved back to `mean`).
    mean, variance : float
        Units and units² per period.
    """
    if mean <= 0.0:
        return 0, np.ones(1)
    if _is_constant(int(kind), mean, variance):
        whole = math.floor(mean)
        share = mean - whole
        return whole, np.array([1.0 - share, share]) if share > 0 else np.ones(1)
    if kind == LawKind.GAMMA:
        first, weights = gamma_weights(mean, variance)
        if first < 0:
            _refuse(mean, variance, f"0 to {MOST_POINTS:,} and more")
        return first, weights
    location, scale, low, high = span_of(int(kind), mean, variance, _SQUARE)
    first, last = int(low), int(high)
    if last - first > MOST_POINTS:
        _refuse(mean, variance, f"{first:,} to {last:,}")
    weights = np.empty(last - first + 2)
    if kind == LawKind.NORMAL:
        normal_weights(location, scale, first, weights)
    else:
        lognormal_weights(mean, location, scale, first, logarithms(), weights)
    return first, weights


def continuous_tables(
    kind: CodeArray, mean: FloatArray, variance: FloatArray, first: IntArray, length: IntArray
) -> WordArray:
    """Thresholds of many gamma, lognormal and normal laws, one after the other.

    Parameters
    ----------
    kind, mean, variance : (n,)
    first, length : (n,) int64
        Filled; laws that `continuous_table` makes by hand (constant, or too wide) get length 0.

    Returns
    -------
    (m,) uint32
    """
    kinds, span = kind.astype(np.int64), np.zeros((kind.size, 4))
    fill_spans(kinds, mean, variance, _SQUARE, span)
    return fill_continuous(kinds, mean, variance, span, logarithms(), first, length)


@cache
def logarithms() -> FloatArray:
    """Logarithms of the first whole numbers (0 for 0), as the compiled code computes them."""
    out = np.zeros(_LOGARITHMS)
    fill_logarithms(out)
    return out


def _refuse(mean: float, variance: float, span: str) -> None:
    """A table that leaves out no more than its tails would be too large."""
    why = f"spreads too far: it spans {span} but for tails below 1e-9, a table holds {MOST_POINTS:,} values"
    raise OutOfRangeError(f"demand with mean {mean:g} and variance {variance:g} {why}")


@jit
def _is_constant(kind: int, mean: float, variance: float) -> bool:
    """Whether the spread is too small to be seen on the integers."""
    return variance < _CONSTANT or (kind == GAMMA and mean >= 1.0 and variance < _STEEP)


@inner
def _gamma_cell(
    x: float, f: float, cell: float, width: float, shape: float, rate: float
) -> tuple[float, float, float]:
    """Density at x + width, and ∫ f and ∫ (y − cell) f over what lies between, by Taylor series.

    With f(x + u) = Σ c(n) uⁿ, the equation x·f' = (shape − 1 − rate·x)·f gives
    c(n + 1) = ((shape − 1 − n − rate·x)·c(n) − rate·c(n − 1)) / (x·(n + 1)). The way is cut into
    steps on which the series converges quickly.
    """
    slope = abs((shape - 1.0) / x - rate) + np.sqrt(rate / x)
    steps = np.ceil(max(4.0 * abs(width) / (x - max(-width, 0.0) * 0.5), 0.5 * slope * abs(width)))
    steps = max(steps, 1.0)
    step = width / steps
    mass, moment = 0.0, 0.0
    for _ in range(int(steps)):
        inverse = 1.0 / x
        before, c = 0.0, f
        power, value, area, lever = step, 0.0, 0.0, 0.0
        quiet = 0
        for n in range(_MOST_TERMS):
            term = c * power
            value += term
            area += term * _INVERSE[n]
            lever += term * _INVERSE[n + 1]
            quiet = quiet + 1 if abs(term) <= _PRECISION * abs(value) else 0
            if quiet == 2:
                break
            after = ((shape - 1.0 - n - rate * x) * c - rate * before) * inverse * _INVERSE[n]
            before, c = c, after
            power *= step
        sign = 1.0 if step > 0 else -1.0
        mass += sign * area
        moment += sign * (area * (x - cell) + lever * step)
        f = value / step
        x += step
    return f, mass, moment


@inner
def _gamma_first_cell(shape: float, rate: float) -> tuple[float, float]:
    """∫ f and ∫ y f over [0, 1], in multiples of the density at 1: Σ rateⁿ / (shape)…(shape + n)."""
    mass, moment, a, b, n = 0.0, 0.0, 1.0 / shape, 1.0 / (shape + 1.0), 1.0
    while b > _PRECISION * moment or n < rate:
        mass += a
        moment += b
        a *= rate / (shape + n)
        b *= rate / (shape + 1.0 + n)
        n += 1.0
    return mass + a, moment + b


@jit
def gamma_weights(mean: float, variance: float) -> tuple[int, FloatArray]:
    """First value and weights of the gamma law on the integers, outward from the mode.

    Returns
    -------
    first : int
        −1 if there are too many points.
    weights : (n,) float
    """
    shape, rate = mean * mean / variance, mean / variance
    mode = max(int((shape - 1.0) / rate), 0) if shape > 1.0 else 0
    start = max(mode, 1)
    upper = np.zeros(64)  # masses and moments of the cells from `start` up
    f, k, total, last, n = 1.0, start, 0.0, 0.0, 0
    limit = 1.0 / (1.0 + rate) if shape < 1.0 else 0.0
    while True:
        f, mass, moment = _gamma_cell(float(k), f, float(k), 1.0, shape, rate)
        if 2 * n + 2 > upper.size:
            if n >= MOST_POINTS:
                return -1, upper
            larger = np.zeros(2 * upper.size)
            for i in range(2 * n):
                larger[i] = upper[i]
            upper = larger
        upper[2 * n] = mass
        upper[2 * n + 1] = moment
        n += 1
        k += 1
        total += mass
        ratio = max(mass / last, limit) if last > 0.0 else 1.0
        last = mass
        if ratio < 1.0 and mass * ratio <= TAIL * total * (1.0 - ratio):
            break
        if mass == 0.0:
            break
    lower = np.zeros(2 * start)
    f, k, below, last = 1.0, start, 0, 0.0
    while k > 0:
        k -= 1
        if k == 0:
            mass, moment = _gamma_first_cell(shape, rate)
            mass, moment, f = mass * f, moment * f, 0.0
        else:
            f, mass, moment = _gamma_cell(float(k + 1), f, float(k), -1.0, shape, rate)
        lower[2 * below] = mass
        lower[2 * below + 1] = moment
        below += 1
        total += mass
        ratio = mass / last if last > 0.0 else 1.0
        last = mass
        if ratio < 1.0 and mass * ratio <= TAIL * total * (1.0 - ratio):
            break
    weights = np.zeros(below + n + 1)
    for i in range(below):
        at = below - 1 - i
        weights[at] += lower[2 * i] - lower[2 * i + 1]
        weights[at + 1] += lower[2 * i + 1]
    for i in range(n):
        weights[below + i] += upper[2 * i] - upper[2 * i + 1]
        weights[below + i + 1] += upper[2 * i + 1]
    return start - below, weights


@inner
def _above(z: float) -> float:
    """P(Z > z) of the standard normal law."""
    return 0.5 * math.erfc(z / _SQRT_2)


@jit
def fill_continuous(
    kind: IntArray,
    mean: FloatArray,
    variance: FloatArray,
    span: FloatArray,
    logs: FloatArray,
    first: IntArray,
    length: IntArray,
) -> WordArray:
    """The compiled part of `continuous_tables`; `span` is location, scale, first and last number."""
    out, used = np.empty(room_for(span), np.uint32), 0
    space, part = np.empty(1024), np.empty(1024, np.uint32)
    for item in range(kind.size):
        length[item] = 0
        low, last = int(span[item, 2]), int(span[item, 3])
        if last < 0 or last - low > MOST_POINTS:
            continue
        if kind[item] == GAMMA:
            low, weights = gamma_weights(mean[item], variance[item])
            if low < 0:
                continue
        else:
            if last - low + 2 > space.size:
                space = np.empty(2 * (last - low + 2))
            weights = space[: last - low + 2]
            if kind[item] == NORMAL:
                normal_weights(span[item, 0], span[item, 1], low, weights)
            else:
                lognormal_weights(mean[item], span[item, 0], span[item, 1], low, logs, weights)
        if weights.size > part.size:
            part = np.empty(2 * weights.size, np.uint32)
        first[item], n = to_thresholds(low, weights, part)
        length[item] = n
        if used + n > out.size:
            larger = np.empty(2 * (used + n), np.uint32)
            larger[:used] = out[:used]
            out = larger
        out[used : used + n] = part[:n]
        used += n
    return out[:used]


@inner
def room_for(span: FloatArray) -> int:
    """Thresholds to make room for: those of all lognormal and normal laws, within reason."""
    room = 1024
    for item in range(span.shape[0]):
        points = int(span[item, 3] - span[item, 2]) + 2
        room += points if 0 < points <= MOST_POINTS else 0
    return min(room, _MOST_ROOM)


@kernel
def fill_logarithms(out: FloatArray) -> None:
    """Logarithms of 1, 2, …"""
    for i in range(1, out.size):
        out[i] = math.log(float(i))


@jit
def lognormal_weights(
    mean: float, location: float, scale: float, first: int, logs: FloatArray, out: FloatArray
) -> None:
    """Weights of first, first + 1, … from differences of E[min(X, x)]."""
    before, survival = 0.0, 1.0
    for i in range(out.size):
        x = float(first + i)
        limited = 0.0
        if x > 0.0:
            log = logs[first + i] if first + i < logs.size else math.log(x)
            z = (log - location) / scale
            limited = mean * _above(scale - z) + x * _above(z)
        if i > 0:
            now = min(max(limited - before, 0.0), survival)
            out[i - 1] = survival - now
            survival = now
        before = limited
    out[out.size - 1] = survival


@jit
def normal_weights(location: float, scale: float, first: int, out: FloatArray) -> None:
    """Weights of first, first + 1, … from differences of E[(X − x)⁺]."""
    before, survival = 0.0, 1.0
    for i in range(out.size):
        excess = _excess(float(first + i), location, scale)
        if i > 0:
            now = min(max(before - excess, 0.0), survival)
            out[i - 1] = survival - now
            survival = now
        before = excess
    out[out.size - 1] = survival


@jit
def _excess(x: float, location: float, scale: float) -> float:
    """E[(X − x)⁺] of the normal law."""
    z = (x - location) / scale
    return scale * (math.exp(-z * z / 2.0) / math.sqrt(2.0 * math.pi) - z * 0.5 * math.erfc(z / _SQRT_2))


@jit
def _cut_normal(mean: float, sd: float) -> float:
    """Location of a normal X with E[X⁺] = mean, its scale being `sd`."""
    location = mean
    for _ in range(60):
        gap = _excess(0.0, location, sd) - mean
        if abs(gap) < 1e-13 * mean:
            break
        location -= gap / max(0.5 * math.erfc(-location / sd / _SQRT_2), 1e-6)
    return location


@jit
def span_of(kind: int, mean: float, variance: float, square: float) -> tuple[float, float, float, float]:
    """Location and scale of a lognormal or normal law, and its first and last whole number.

    `square` is 2: squares are the library's power of 2, whose last bit the compiler's x·x need not have.
    """
    if kind == NORMAL:
        scale = math.sqrt(variance)
        location = _cut_normal(mean, scale)
        low, high = location - _SIGMAS * scale, location + _SIGMAS * scale
    else:
        scale = math.sqrt(math.log1p(variance / math.pow(mean, square)))
        location = math.log(mean) - math.pow(scale, square) / 2.0
        low, high = math.exp(location - _SIGMAS * scale), math.exp(location + _SIGMAS * scale)
    return location, scale, max(np.floor(low), 0.0), np.ceil(high)


@kernel
def fill_spans(
    kind: IntArray, mean: FloatArray, variance: FloatArray, square: float, span: FloatArray
) -> None:
    """`span_of` of many laws; a last number of −1 where the law is constant, 0 where it is gamma."""
    for i in range(kind.size):
        if mean[i] <= 0.0 or _is_constant(kind[i], mean[i], variance[i]):
            span[i, 3] = -1.0
        elif kind[i] != GAMMA:
            span[i, 0], span[i, 1], span[i, 2], span[i, 3] = span_of(kind[i], mean[i], variance[i], square)
