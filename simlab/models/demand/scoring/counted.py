"""Counted laws at other multipliers, law by law: `phase_sizes.counted_at`, compiled, and values merged.

The tests hold every number to the plain version's bits: sums run in its order, those over equal values
pairwise as NumPy adds.
"""

from __future__ import annotations

import math

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.engine._jit import inner, jit

_ROUNDS = 12
_TINY = 1e-300
_SIDE = 8  # sums that NumPy runs side by side
_RUN = 128  # numbers that it adds without halving


@jit
def counted_laws(
    begin: IntArray,
    length: IntArray,
    size: FloatArray,
    weight: FloatArray,
    by_size: IntArray,
    row: IntArray,
    mean: FloatArray,
    variance: FloatArray,
    known: FloatArray,
    start: IntArray,
    value: IntArray,
    count: FloatArray,
) -> None:
    """Values of every law, ascending, and the known periods that each stands for.

    Parameters
    ----------
    begin, length : (rows,) int64
        Where each row's sizes > 0 lie.
    size, weight : (m,) float
        Sizes, and how often each was seen.
    by_size : (m,) int64
        Places of each row's sizes, 0, 1, …, from the least size up.
    row : (k,) int64
        Row of each law.
    mean, variance : (k,) float
        Moments wanted; a mean of 0, or a row without sizes: no demand at all.
    known : (rows,) float
        Periods that the counts of a law add up to.
    start : (k + 1,) int64
        Filled: where each law's values begin.
    value, count : (c,)
        Filled; c is at least Σ (2·length[row] + 1).
    """
    longest = 0
    for i in range(length.size):
        longest = max(longest, length[i])
    part, point, line = np.empty(longest), np.empty(longest), np.empty(2 * longest + 1)
    below, run, slot = np.empty(longest, np.int64), np.empty(longest, np.int64), np.empty(longest, np.int64)
    ends, halves = np.empty(longest + 1, np.int64), (np.empty((32, 3), np.int64), np.empty(32))
    n = 0
    for law in range(row.size):
        start[law] = n
        own = row[law]
        low, m = begin[own], length[own]
        if m == 0 or not mean[law] > 0.0:
            value[n], count[n] = 0, known[own]
            n += 1
            continue
        end = low + m
        share = _placed(size[low:end], weight[low:end], mean[law], variance[law], part, point)
        runs = _in_runs(by_size[low:end], point, below, run, slot, ends)
        n = _added(share, known[own], part, point, (below, slot, ends), runs, halves, line, value, count, n)
    start[row.size] = n


@inner
def _placed(
    size: FloatArray,
    weight: FloatArray,
    mean: float,
    variance: float,
    part: FloatArray,
    point: FloatArray,
) -> float:
    """Fills each size's part of the demands and where it goes; returns the share of periods with demand."""
    m = size.size
    total = 0.0
    for i in range(m):
        total += weight[i]
    first, second = 0.0, 0.0
    for i in range(m):
        part[i] = weight[i] / total
        first += part[i] * size[i]
        second += part[i] * (size[i] * size[i])
    spread = max(second - first * first, 0.0)
    wanted = variance + mean * mean
    target, error = wanted, np.inf
    best_share, best_scale, best_shift = 1.0, 0.0, 0.0
    for _ in range(_ROUNDS):
        scale = max(target, _TINY) * first / (mean * second)
        share, shift = mean / (scale * first), 0.0
        if share > 1.0:
            scale = 0.0
            if spread > 0.0:
                tight = math.sqrt(max(target - mean * mean, 0.0) / max(spread, _TINY))
                scale = min(tight, mean / first)
            share, shift = 1.0, mean - scale * first
        reached = 0.0
        for i in range(m):
            at = scale * size[i] + shift
            rest = at - math.floor(at)
            reached += part[i] * (at * at + rest * (1.0 - rest))
        reached *= share
        away = abs(reached - wanted)
        if away < error:
            error, best_share, best_scale, best_shift = away, share, scale, shift
        later = target + 0.7 * (wanted - reached)
        if later == target:  # every further round would be this one
            break
        target = later
    for i in range(m):
        point[i] = best_scale * size[i] + best_shift
    return best_share


@inner
def _in_runs(
    by_size: IntArray, point: FloatArray, below: IntArray, run: IntArray, slot: IntArray, ends: IntArray
) -> int:
    """Sizes by the whole number below them, those of one number in the order given; returns how many numbers.

    Fills `below` (runs,) with the numbers, ascending, `slot` with places of sizes, run by run, and `ends`
    with where each run ends, from 0 on.
    """
    m = by_size.size
    runs = 0
    ends[0] = 0
    for j in range(m):
        i = by_size[j]
        whole = math.floor(point[i])
        if j == 0 or whole != below[runs - 1]:
            below[runs] = whole
            runs += 1
            ends[runs] = 0
        run[i] = runs - 1
        ends[runs] += 1
    for r in range(runs):
        ends[r + 1] += ends[r]
    for i in range(m - 1, -1, -1):
        ends[run[i] + 1] -= 1
        slot[ends[run[i] + 1]] = i
    for r in range(runs):
        ends[r] = ends[r + 1]
    ends[runs] = m
    return runs


@inner
def _added(
    share: float,
    known: float,
    part: FloatArray,
    point: FloatArray,
    places: tuple[IntArray, IntArray, IntArray],
    runs: int,
    halves: tuple[IntArray, FloatArray],
    line: FloatArray,
    value: IntArray,
    count: FloatArray,
    n: int,
) -> int:
    """Each size split over the two whole numbers around it, equal numbers added; returns how many are filled.

    A number's parts in the order of the plain version: no demand, sizes above it, sizes below it.
    """
    below, slot, ends = places
    lower, upper = 0, 0
    rare = True  # no demand is still to come
    while rare or lower < runs or upper < runs:
        here = 0 if rare else below[upper] + 1
        if lower < runs:
            here = min(here, below[lower])
        if upper < runs:
            here = min(here, below[upper] + 1)
        m = 0
        if rare and here == 0:
            line[m] = (1.0 - share) * known
            m += 1
            rare = False
        if lower < runs and below[lower] == here:
            for j in range(ends[lower], ends[lower + 1]):
                i = slot[j]
                rest = point[i] - math.floor(point[i])
                line[m] = part[i] * share * (1.0 - rest) * known
                m += 1
            lower += 1
        if upper < runs and below[upper] + 1 == here:
            for j in range(ends[upper], ends[upper + 1]):
                i = slot[j]
                line[m] = part[i] * share * (point[i] - math.floor(point[i])) * known
                m += 1
            upper += 1
        value[n] = here
        count[n] = line[0] + _pairwise(line, 1, m - 1, halves[0], halves[1])
        n += 1
    return n


@inner
def _pairwise(line: FloatArray, begin: int, n: int, frames: IntArray, left: FloatArray) -> float:
    """The sum of n numbers as NumPy forms it: halves down to runs of 128.

    `frames` (32, 3) and `left` (32,) hold the halves under way: begin, numbers, and how far they are.
    """
    total, k = 0.0, 0
    frames[0, 0], frames[0, 1], frames[0, 2] = begin, n, 0
    while k >= 0:
        half = frames[k, 1] // 2
        half -= half % _SIDE
        if frames[k, 1] <= _RUN:
            total = _run(line, frames[k, 0], frames[k, 1])
            k -= 1
        elif frames[k, 2] == 0:
            frames[k, 2] = 1
            frames[k + 1, 0], frames[k + 1, 1], frames[k + 1, 2] = frames[k, 0], half, 0
            k += 1
        elif frames[k, 2] == 1:
            frames[k, 2], left[k] = 2, total
            frames[k + 1, 0], frames[k + 1, 1], frames[k + 1, 2] = frames[k, 0] + half, frames[k, 1] - half, 0
            k += 1
        else:
            total = left[k] + total
            k -= 1
    return total


@inner
def _run(line: FloatArray, begin: int, n: int) -> float:
    """The sum of up to 128 numbers: eight side by side, then what is left."""
    if n < _SIDE:
        few = 0.0
        for i in range(begin, begin + n):
            few += line[i]
        return few
    a, b, c, d = line[begin], line[begin + 1], line[begin + 2], line[begin + 3]
    e, f, g, h = line[begin + 4], line[begin + 5], line[begin + 6], line[begin + 7]
    i = begin + _SIDE
    while i < begin + n - n % _SIDE:
        a += line[i]
        b += line[i + 1]
        c += line[i + 2]
        d += line[i + 3]
        e += line[i + 4]
        f += line[i + 5]
        g += line[i + 6]
        h += line[i + 7]
        i += _SIDE
    total: float = ((a + b) + (c + d)) + ((e + f) + (g + h))
    while i < begin + n:
        total += line[i]
        i += 1
    return total
