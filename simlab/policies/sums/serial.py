"""Laws of demand over several periods, which depend on each other: blocks, phases, chains, seasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simlab.arrays import ComplexArray, FloatArray, IntArray
from simlab.engine.laws.pmfs import pmf_of_phase
from simlab.engine.world.demand_law import ENDLESS, DemandLaw, LawKind
from simlab.models import is_plain, marginal
from simlab.policies.sums.transforms import put, transforms

_CHANCE = 2.0**32


def sum_transforms(law: DemandLaw, rows: IntArray, points: int, step: IntArray, periods: int) -> ComplexArray:
    """(rows, points/2 + 1) transform of the demand of the first `periods` periods of the run.

    Plain laws: the power of one period's. Blocks: mixed over where in a block the first period lies.
    Seasons and phases: the product of the phases that follow `phase`. Chains: from the long-run state.
    """
    plain = is_plain(law)[rows]
    out = np.empty((rows.size, points // 2 + 1), dtype=np.complex128)
    some = np.flatnonzero(plain)
    if some.size:
        out[some] = transforms(law, rows[some], points, step[some]) ** periods
    for at in np.flatnonzero(~plain).tolist():
        one = law.take(rows[[at]])
        out[at] = _of_one(one, points, int(step[at]), periods)
    return out


def wide(law: DemandLaw, periods: IntArray) -> DemandLaw:
    """Laws whose sums spread at least as far as these, for the size of a lattice.

    Where one period decides all others, the sum of h varies like one period times h: the variance counts
    h times.
    """
    plain = is_plain(law)
    if plain.all():
        return law
    bare = marginal(law)
    return replace(bare, variance=np.where(plain, bare.variance, bare.variance * np.maximum(periods, 1)))


def _of_one(one: DemandLaw, points: int, step: int, periods: int) -> ComplexArray:
    kind = int(one.kind[0])
    if kind == LawKind.MARKOV:
        only = np.zeros(periods + 1)
        only[periods] = 1.0
        return chain_sums(one, points, step, only)
    if kind == LawKind.MOVING_BLOCKS:
        series, block = series_of(one)
        window = windows(series, min(block, periods), points, step)
        lefts = [block] if block >= ENDLESS else range(1, block + 1)
        return moving_sum(window, block, periods, lefts)
    if kind == LawKind.STATIONARY_BLOCKS:
        series, block = series_of(one)
        return stationary_sums(windows(series, periods, points, step), block)[periods]
    return _phases(one, points, step, periods)


def series_of(one: DemandLaw) -> tuple[IntArray, int]:
    """The series that blocks of one item are drawn from, and (mean) periods of a block."""
    assert one.past is not None
    begin = int(one.past.start[0])
    return one.past.series[begin : begin + int(one.past.length[0])], int(one.past.block[0])


def transform_of(values: IntArray, shares: FloatArray, points: int, step: int) -> ComplexArray:
    """Transform of given probabilities on the lattice."""
    line = np.zeros(points)
    put(line, values, shares, step)
    return np.fft.rfft(line)


def windows(series: IntArray, longest: int, points: int, step: int) -> list[ComplexArray]:
    """Transforms of the sums of 0, 1, … consecutive observations, wrapped around the end."""
    n = series.size
    share = np.full(n, 1.0 / n)
    total = np.zeros(n, np.int64)
    found = [np.ones(points // 2 + 1, dtype=np.complex128)]
    for k in range(longest):
        total = total + np.roll(series, -k)
        found.append(transform_of(total, share, points, step))
    return found


def moving_sum(window: list[ComplexArray], block: int, periods: int, lefts: Sequence[int]) -> ComplexArray:
    """Transform of the sum of some periods; the first lies where `lefts` periods of its block are left."""
    out = np.zeros_like(window[0])
    for left in lefts:
        head = min(left, periods)
        full, rest = divmod(periods - head, block)
        out += window[head] * (window[block] ** full if full else 1.0) * window[rest] / len(lefts)
    return out


def stationary_sums(window: list[ComplexArray], block: int) -> list[ComplexArray]:
    """Transforms of the sums of 0, 1, … periods, as many as there are windows."""
    stop = 1.0 / block
    sums = [window[0]]
    for h in range(1, len(window)):
        total = (1 - stop) ** (h - 1) * window[h]
        for k in range(1, h):
            total = total + stop * (1 - stop) ** (k - 1) * window[k] * sums[h - k]
        sums.append(total)
    return sums


def _phases(one: DemandLaw, points: int, step: int, periods: int) -> ComplexArray:
    """Product over the phases of consecutive periods, from the first period of the run on."""
    calendar = one.kind[0] == LawKind.CALENDAR and one.past is not None
    part = one.past if calendar else one.seasons
    assert part is not None
    known: dict[int, ComplexArray] = {}
    out = np.ones(points // 2 + 1, dtype=np.complex128)
    for t in range(periods):
        phase = (part.phase + t) % part.cycle
        if phase not in known:
            first, shares = pmf_of_phase(one, 0, phase)
            known[phase] = transform_of(first + np.arange(shares.size), shares, points, step)
        out = out * known[phase]
    return out


def chain_sums(one: DemandLaw, points: int, step: int, weights: FloatArray, quiet: int = 0) -> ComplexArray:
    """Σ_n weights[n]·transform of the sum of n periods, of which the first `quiet` have no demand.

    Two states; each step multiplies by the chance to be busy and the transform of a size.
    """
    share, size, after_none, after_demand = _states(one, points, step)
    out = np.zeros_like(size)
    if quiet == 0:
        out += weights[0]
    busy, idle = share * size, np.full_like(size, 1.0 - share)
    for n in range(1, weights.size):
        if n > 1:
            busy, idle = (
                (busy * after_demand + idle * after_none) * size,
                busy * (1 - after_demand) + idle * (1 - after_none),
            )
        if n <= quiet:
            busy = np.zeros_like(busy)
        if n >= quiet and weights[n] != 0:
            out += weights[n] * (busy + idle)
    return out


def _states(one: DemandLaw, points: int, step: int) -> tuple[float, ComplexArray, float, float]:
    """Long-run share of busy periods, transform of a size, chance of demand after none and after demand."""
    assert one.chain is not None
    law = marginal(one)
    values, weights = law.values, law.weights.astype(np.float64)
    some = values > 0
    share = float(weights[some].sum() / weights.sum())
    size = transform_of(values[some], weights[some] / weights[some].sum(), points, step)
    chances = one.chain.after_none, one.chain.after_demand
    after_none, after_demand = (float(chance[0]) / _CHANCE for chance in chances)
    return share, size, after_none, after_demand
