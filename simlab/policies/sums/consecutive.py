"""Demand of the consecutive periods that follow a review, where periods depend on each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.arrays import ComplexArray, FloatArray, IntArray
from simlab.engine.laws.pmfs import pmfs_of_cycle
from simlab.engine.world.demand_law import ENDLESS, DemandLaw, LawKind
from simlab.policies.sums.serial import (
    chain_sums,
    moving_sum,
    series_of,
    stationary_sums,
    transform_of,
    windows,
)


@dataclass(frozen=True, eq=False)
class Consecutive:
    """Laws whose periods depend on each other, and when their items are reviewed.

    Attributes
    ----------
    law : DemandLaw
        n items, as simulated.
    hanging : (n,) bool
        Items whose periods depend on each other; the others are planned as independent.
    review_period, review_phase : (n,) int64
        Reviews come in periods t of the run with (t − phase) mod R = 0: with a calendar, or with blocks
        that begin at period 0, they need not meet every phase.
    """

    law: DemandLaw
    hanging: np.typing.NDArray[np.bool_]
    review_period: IntArray
    review_phase: IntArray

    def starts(self, item: int, cycle: int) -> IntArray:
        """Periods of the run, modulo the cycle, in which this item is reviewed."""
        if cycle >= ENDLESS:  # a block that never ends has no phase
            return np.zeros(1, np.int64)
        every = self.review_phase[item] + self.review_period[item] * np.arange(cycle)
        return np.unique(every % cycle)

    def weighted(
        self, item: int, points: int, step: int, weights: FloatArray, quiet: int = 0
    ) -> ComplexArray:
        """(points/2 + 1,) Σ_n weights[n]·transform of the demand of n periods from a review on.

        Averaged over the reviews of a cycle. With `quiet`: only where the first `quiet` periods have no
        demand; n below it must have no weight.
        """
        one = self.law.take(np.array([item]))
        kind = int(one.kind[0])
        if kind == LawKind.MARKOV:
            return chain_sums(one, points, step, weights, quiet)
        if kind == LawKind.MOVING_BLOCKS:
            series, block = series_of(one)
            lefts = (block - self.starts(item, block)).tolist()
            return _moving(series, block, points, step, weights, quiet, lefts)
        if kind == LawKind.STATIONARY_BLOCKS:
            return _stationary(*series_of(one), points, step, weights, quiet)
        which, laws = pmfs_of_cycle(one, 0)
        return _phases(laws, which, self.starts(item, which.size), points, step, weights, quiet)


def _some(weights: FloatArray, quiet: int) -> list[int]:
    return [n for n in np.flatnonzero(weights).tolist() if n >= quiet]


def _after_quiet(series: IntArray, length: int, quiet: int, points: int, step: int) -> ComplexArray:
    """Transform of `length` consecutive observations, wrapped around, the first `quiet` of them 0."""
    seen = series[(np.arange(series.size)[:, None] + np.arange(length)) % series.size]
    seen = seen[(seen[:, :quiet] == 0).all(axis=1)]
    return transform_of(seen.sum(axis=1), np.full(seen.shape[0], 1.0 / series.size), points, step)


def _moving(
    series: IntArray,
    block: int,
    points: int,
    step: int,
    weights: FloatArray,
    quiet: int,
    lefts: list[int],
) -> ComplexArray:
    window = windows(series, min(block, weights.size - 1), points, step)
    out = np.zeros_like(window[0])
    known: dict[tuple[int, int], ComplexArray] = {}
    for n in _some(weights, quiet):
        if quiet == 0:
            out += weights[n] * moving_sum(window, block, n, lefts)
            continue
        for left in lefts:
            part, still, length, rest = np.ones_like(window[0]), quiet, min(left, n), n
            while still > 0:
                key = (length, min(still, length))
                if key not in known:
                    known[key] = _after_quiet(series, *key, points, step)
                part = part * known[key]
                still, rest = still - key[1], rest - length
                length = min(block, rest)
            out += weights[n] * part * moving_sum(window, block, rest, [block]) / len(lefts)
    return out


def _stationary(
    series: IntArray, block: int, points: int, step: int, weights: FloatArray, quiet: int
) -> ComplexArray:
    sums = stationary_sums(windows(series, weights.size - 1 - quiet, points, step), block)
    if quiet == 0:
        return np.asarray(sum(weights[n] * sums[n] for n in _some(weights, 0)))
    stop = 1.0 / block
    straddling = _straddling(series, stop, quiet, len(sums), points, step)
    out = np.zeros_like(sums[0])
    for n in _some(weights, quiet):
        out += weights[n] * straddling[n - quiet]
        for m in range(n - quiet):
            out += weights[n] * stop * straddling[m] * sums[n - quiet - m]
    return out


def _straddling(
    series: IntArray, stop: float, quiet: int, most: int, points: int, step: int
) -> list[ComplexArray]:
    """Of the block that the last quiet period lies in: its first m periods after that, m = 0, 1, ….

    Weighed with the chance that all is quiet until then and that the block lasts so long.
    """
    zeros = [1.0]
    for k in range(1, quiet + 1):
        zeros.append(float(np.all([np.roll(series, -i) == 0 for i in range(k)], axis=0).mean()))
    ends = [1.0]  # all quiet for j periods, and a block ends with the j-th
    for j in range(1, quiet):
        ends.append(sum(ends[j - k] * stop * (1 - stop) ** (k - 1) * zeros[k] for k in range(1, j + 1)))
    out = []
    for m in range(most):
        total = np.zeros(points // 2 + 1, dtype=np.complex128)
        for j, chance in enumerate(ends):
            if chance > 0 and zeros[quiet - j] > 0:
                lasts = (1 - stop) ** (quiet - j + m - 1)
                total += chance * lasts * _after_quiet(series, quiet - j + m, quiet - j, points, step)
        out.append(total)
    return out


def _phases(
    laws: list[tuple[int, FloatArray]],
    which: IntArray,
    starts: IntArray,
    points: int,
    step: int,
    weights: FloatArray,
    quiet: int,
) -> ComplexArray:
    tables = np.array(
        [transform_of(first + np.arange(part.size), part, points, step) for first, part in laws]
    )
    silent = np.array([float(part[0]) if first == 0 else 0.0 for first, part in laws])
    product = np.ones((starts.size, points // 2 + 1), dtype=np.complex128)
    out = np.zeros(points // 2 + 1, dtype=np.complex128)
    for n in range(weights.size):
        if n > 0:
            at = which[(starts + n - 1) % which.size]
            product *= silent[at][:, None] if n <= quiet else tables[at]
        if n >= quiet and weights[n] != 0:
            out += weights[n] * product.mean(axis=0)
    return out
