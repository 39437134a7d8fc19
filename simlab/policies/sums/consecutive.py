"""Demand of the consecutive periods that follow a review, where periods depend on each other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simlab.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from simlab.engine.world.demand_law import ENDLESS, DemandLaw, LawKind
from simlab.models import in_chunks
from simlab.policies.sums.lengths import Lengths
from simlab.policies.sums.phases import phase_sums, transforms_of
from simlab.policies.sums.serial import (
    chain_sums,
    moving_sum,
    series_of,
    stationary_sums,
    transform_of,
    windows,
)

_IN_SERIES = (LawKind.MOVING_BLOCKS, LawKind.STATIONARY_BLOCKS, LawKind.MARKOV)


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
        gap = math.gcd(int(self.review_period[item]), cycle)
        return np.arange(int(self.review_phase[item]) % gap, cycle, gap)

    def by_review(self, item: int, cycle: IntArray) -> IntArray:
        """(reviews, gap) a row of what is known by period of the cycle, from each review to the next."""
        starts = self.starts(item, cycle.size)
        return np.roll(cycle, -starts[0]).reshape(starts.size, -1)

    @property
    def in_series(self) -> BoolArray:
        """(n,) items whose periods depend on those before them, not on phases."""
        return np.isin(self.law.kind, _IN_SERIES)

    @property
    def in_parts(self) -> BoolArray:
        """(n,) items whose periods are independent parts of unequal length."""
        if self.law.seasons is None:
            return np.zeros(self.law.n_items, np.bool_)
        return self.law.seasons.by_length

    def weighted(
        self,
        rows: IntArray,
        points: int,
        step: IntArray,
        weights: FloatArray,
        quiet: IntArray | None = None,
    ) -> ComplexArray:
        """(rows, points/2 + 1) Σ_n weights[row, n]·transform of the demand of n periods from a review on.

        Averaged over the reviews of a cycle. With `quiet`, 0 or the review period: only where the first
        `quiet` periods have no demand; n below it must have no weight.
        """
        out = np.empty((rows.size, points // 2 + 1), dtype=np.complex128)
        silent = np.zeros(rows.size, np.int64) if quiet is None else quiet
        serial = self.in_series[rows]
        for at in np.flatnonzero(serial).tolist():
            out[at] = self._in_series(int(rows[at]), points, int(step[at]), weights[at], int(silent[at]))
        parts = self.in_parts[rows]
        if parts.any():
            lengths = Lengths.of(self.law, rows[parts], self.review_phase[rows[parts]])
            out[parts] = lengths.weighted(points, step[parts], weights[parts], silent[parts])
        by_phase = np.flatnonzero(~serial & ~parts)
        for places, laws in in_chunks(self.law, rows[by_phase]):
            for place, at in enumerate(by_phase[places].tolist()):
                which = self.by_review(int(rows[at]), laws.which[place])
                tables, nothing = transforms_of(laws.of(place), points, int(step[at]))
                out[at] = phase_sums(tables, nothing, which, weights[at], int(silent[at]))
        return out

    def _in_series(self, item: int, points: int, step: int, weights: FloatArray, quiet: int) -> ComplexArray:
        """The same of one item whose periods are no phases: a chain or blocks of a series."""
        one = self.law.take(np.array([item]))
        if one.kind[0] == LawKind.MARKOV:
            return chain_sums(one, points, step, weights, quiet)
        series, block = series_of(one)
        if one.kind[0] == LawKind.STATIONARY_BLOCKS:
            return _stationary(series, block, points, step, weights, quiet)
        lefts = (block - self.starts(item, block)).tolist()
        return _moving(series, block, points, step, weights, quiet, lefts)


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
