"""Levels from the laws themselves: service as a function of every integer level, then the least that does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from simlab.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from simlab.engine.world.demand_law import DemandLaw
from simlab.policies.sums.consecutive import Consecutive
from simlab.policies.sums.positions import averaged_over, renewal_weights
from simlab.policies.sums.protection import Protection
from simlab.policies.sums.transforms import Lattice, lattice, no_demand, transforms, weighted_powers

Measure = Literal["fill_rate", "cycle_service_level"]
_BLOCK = 1 << 17  # complex numbers in work at a time
_TIE = 1e-11  # rounding of a service level


@dataclass(frozen=True, eq=False)
class Problems:
    """What levels are wanted for.

    Attributes
    ----------
    law : DemandLaw
        n items.
    protection : tuple of Protection
        Distinct tables of weights.
    which : (n,) int64
        Each item's table.
    width : (n,) int64
        The position after a review is uniform on level … level + width − 1 (units): 1 for (R,S), the
        order quantity for (R,s,nQ), where the level is s + 1.
    depletes : (n,) bool, optional
        (R,s,S): the position after a review lies on level … level + width − 1 (S), where the level is
        s + 1, as often as demand takes it there from S. Default: none.
    pack : (n,) int64, optional
        Packs of the orders of those items, units.
    consecutive : Consecutive, optional
        Items whose periods depend on each other: D_n is then the demand of n consecutive periods, `law` that
        of any one of them. Default: none.
    """

    law: DemandLaw
    protection: tuple[Protection, ...]
    which: IntArray
    width: IntArray
    depletes: BoolArray | None = None
    pack: IntArray | None = None
    consecutive: Consecutive | None = None


def least_levels(
    problems: Problems, targets: FloatArray, measure: Measure, *, below: bool = False, threads: int = 1
) -> tuple[IntArray, IntArray]:
    """Smallest integer level that reaches each target.

    Parameters
    ----------
    problems : Problems
        n items.
    targets : (n, k) float
        In (0, 1).
    measure : {"fill_rate", "cycle_service_level"}
        What the targets are of.
    below : bool
        Whether fill rates may be reached with lowest positions below 0 (lots); else 0 is the least.
    threads : int
        Blocks of items that are in work at a time; no level depends on it.

    Returns
    -------
    levels : (n, k) int64
        Lowest position after a review, ≥ 0 unless `below`; 0 where nothing is demanded.
    step : (n,) int64
        Units between the levels that were looked at; 1 unless demand spreads over more than 2^15.

    Notes
    -----
    fill = 1 − Σ_n short[n]·E(D_n − S)⁺ / (R·mean), which is Σ_{x<S} B(x) / (R·mean) with
    B(x) = −Σ_n short[n]·P(D_n ≤ x); cycle service = P(net stock just before the receipt of an order of
    positive size is ≥ 0). Both averaged over the position.
    """
    levels = np.zeros(targets.shape, dtype=np.int64)
    step = np.ones(targets.shape[0], dtype=np.int64)
    curve_of = _fill if measure == "fill_rate" else _cycle_service

    def find(block: tuple[IntArray, int, IntArray]) -> None:
        rows, points, steps = block
        step[rows] = steps
        curve = curve_of(problems, rows, points, steps)
        levels[rows] = _search(curve, targets[rows], steps)
        if below and measure == "fill_rate":
            lots = problems.width[rows] > steps
            _lower(problems, rows[lots], points, steps[lots], targets, levels)

    if threads == 1:
        for block in _blocks(problems):
            find(block)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(find, _blocks(problems)))
    return levels, step


def _lower(
    problems: Problems, rows: IntArray, points: int, step: IntArray, targets: FloatArray, levels: IntArray
) -> None:
    """Put lowest positions below 0 in, where those are enough: a lot lifts the others above it.

    With g(y) the fill rate of position y (0 for y ≤ 0) and w(i) the share of reviews that leave the position
    i above the lowest: fill(−j) = Σ_y g(y)·w(y + j).
    """
    wanted = (levels[rows] == 0).any(axis=1)
    for row, unit in zip(rows[wanted].tolist(), step[wanted].tolist(), strict=True):
        at = np.array([row])
        alone = replace(problems, width=np.ones_like(problems.width), depletes=None)
        single = _fill(alone, at, points, np.array([unit]))[0]
        width = _lattice_width(problems, at, np.array([unit]))
        shares = np.full(int(width[0]), 1.0 / int(width[0]))
        if _falling(problems, at, width)[0]:
            one = transforms(problems.law, at, points, np.array([unit]))
            shares = _positions(problems, at, one, points, np.array([unit]))[0]
        curve = np.ones(shares.size)
        curve[: single.size] = single[: shares.size]
        reached = np.convolve(curve, shares[::-1])[: shares.size][::-1]  # at 0, −1, −2, …
        enough = reached[None, :] >= targets[row][:, None] - _TIE
        lowest = enough.sum(axis=1) - 1
        low = (levels[row] == 0) & (lowest > 0)
        levels[row] = np.where(low, -lowest * unit, levels[row])


def service_curve(problems: Problems, measure: Measure, item: int) -> FloatArray:
    """(m,) service of one item at the levels 0, 1, … (in lattice steps)."""
    rows = np.array([item])
    grid = _lattice(problems, rows)
    curve_of = _fill if measure == "fill_rate" else _cycle_service
    curve: FloatArray = curve_of(problems, rows, int(grid.points[0]), grid.step)[0]
    return curve


def service_curves(problems: Problems, rows: IntArray, measure: Measure) -> list[tuple[FloatArray, int]]:
    """Of every row: (m,) service at the levels 0, 1, … in lattice steps, and units of a step."""
    grid = _lattice(problems, rows)
    curve_of = _fill if measure == "fill_rate" else _cycle_service
    found: dict[int, tuple[FloatArray, int]] = {}
    for points in np.unique(grid.points).tolist():
        same = np.flatnonzero(grid.points == points)
        size = max(1, 2 * _BLOCK // points)
        for begin in range(0, same.size, size):
            some = same[begin : begin + size]
            curves = curve_of(problems, rows[some], points, grid.step[some])
            for place, curve, step in zip(some.tolist(), curves, grid.step[some].tolist(), strict=True):
                found[place] = curve, step
    return [found[place] for place in range(rows.size)]


def service_at(problems: Problems, levels: IntArray, measure: Measure) -> FloatArray:
    """(n,) service that the formula expects at given levels (lowest position after a review, units).

    Between lattice steps by interpolation; 1 where nothing is demanded.
    """
    out = np.ones(levels.size)
    curve_of = _fill if measure == "fill_rate" else _cycle_service
    for rows, points, steps in _blocks(problems):
        curve = curve_of(problems, rows, points, steps)
        place = np.clip(levels[rows] / steps, 0, points - 1)
        below = np.minimum(place.astype(np.int64), points - 2)
        here = np.arange(rows.size)
        share = place - below
        out[rows] = (1.0 - share) * curve[here, below] + share * curve[here, below + 1]
    return np.asarray(np.clip(out, 0.0, 1.0))


def _lattice(problems: Problems, rows: IntArray) -> Lattice:
    longest, law = _longest(problems)[rows], problems.law.take(rows)
    if problems.consecutive is not None:
        spread = problems.consecutive.hanging[rows] & ~problems.consecutive.in_parts[rows]
        times = np.where(spread, np.maximum(longest, 1), 1)
        law = replace(law, variance=law.variance * times)  # as of `serial.wide`
    return lattice(law, longest)


def _sums(
    problems: Problems,
    rows: IntArray,
    one: ComplexArray,
    weights: FloatArray,
    step: IntArray,
    quiet: IntArray | None = None,
) -> ComplexArray:
    """Σ_n weights[:, n]·transform of D_n, row by row; with `quiet` of hanging rows (see `weighted`)."""
    hanging = _hanging(problems, rows)
    if hanging.size == 0:
        return weighted_powers(one, weights)
    assert problems.consecutive is not None
    out = np.empty_like(one)
    alone = np.setdiff1d(np.arange(rows.size), hanging)
    if alone.size:
        out[alone] = weighted_powers(one[alone], weights[alone])
    points, silent = 2 * (one.shape[1] - 1), None if quiet is None else quiet[hanging]
    out[hanging] = problems.consecutive.weighted(
        rows[hanging], points, step[hanging], weights[hanging], silent
    )
    return out


def _hanging(problems: Problems, rows: IntArray) -> IntArray:
    """Places of the rows whose periods depend on each other."""
    if problems.consecutive is None:
        return np.zeros(0, np.int64)
    return np.flatnonzero(problems.consecutive.hanging[rows])


def _longest(problems: Problems) -> IntArray:
    longest = np.array([protection.longest for protection in problems.protection])
    return np.asarray(longest[problems.which])


def _blocks(problems: Problems) -> Iterator[tuple[IntArray, int, IntArray]]:
    """Items whose lattices are equally large, those with like weights together."""
    longest = _longest(problems)
    grid = _lattice(problems, np.arange(longest.size))
    alive = np.flatnonzero(problems.law.mean > 0)
    order = alive[np.lexsort((problems.which[alive], longest[alive], grid.points[alive]))]
    for points in np.unique(grid.points[alive]).tolist():
        same = order[grid.points[order] == points]
        size = max(1, 2 * _BLOCK // points)
        for begin in range(0, same.size, size):
            rows = same[begin : begin + size]
            yield rows, points, grid.step[rows]


def _table(problems: Problems, rows: IntArray, name: Literal["short", "cycle"]) -> FloatArray:
    """(rows, m) weights on n of some items."""
    tables = [getattr(problems.protection[which], name) for which in problems.which[rows].tolist()]
    out = np.zeros((rows.size, max(table.size for table in tables)))
    for row, table in enumerate(tables):
        out[row, : table.size] = table
    return out


def _review(problems: Problems, rows: IntArray) -> IntArray:
    review = np.array([protection.review_period for protection in problems.protection])
    return np.asarray(review[problems.which[rows]])


def _fill(problems: Problems, rows: IntArray, points: int, step: IntArray) -> FloatArray:
    """(rows, points) fill rate if the lowest position after a review is 0, 1, … lattice steps."""
    one = transforms(problems.law, rows, points, step)
    both = _sums(problems, rows, one, _table(problems, rows, "short"), step)
    below = -np.cumsum(np.fft.irfft(both, points), axis=1)
    total = _review(problems, rows) * problems.law.mean[rows] / step
    fill = np.zeros((rows.size, points))
    np.cumsum(below[:, :-1], axis=1, out=fill[:, 1:])
    fill /= total[:, None]
    hanging = _hanging(problems, rows)
    if hanging.size:  # its mean is that of the series or the chain, rounded apart from the law of a period
        fill[hanging] /= np.maximum(fill[hanging, -1:], 1e-300)
    width = _lattice_width(problems, rows, step)
    falling = _falling(problems, rows, width)
    even = ~falling & (width > 1)
    if even.any():
        fill[even] = _averaged(fill[even], width[even])
    if falling.any():
        weights = _positions(problems, rows[falling], one[falling], points, step[falling])
        fill[falling] = 1.0 - averaged_over(1.0 - fill[falling], weights)
    return fill


def _falling(problems: Problems, rows: IntArray, width: IntArray) -> BoolArray:
    """Rows whose position after a review is that of (R,s,S), more than one step wide."""
    if problems.depletes is None:
        return np.zeros(rows.size, dtype=np.bool_)
    return problems.depletes[rows] & (width > 1)


def _positions(
    problems: Problems, rows: IntArray, one: ComplexArray, points: int, step: IntArray
) -> FloatArray:
    """Shares of the positions after a review of (R,s,S), from s + 1 up, in lattice steps."""
    review = _review(problems, rows)
    powers = np.zeros((rows.size, int(review.max()) + 1))
    powers[np.arange(rows.size), review] = 1.0
    demand = np.maximum(np.fft.irfft(_sums(problems, rows, one, powers, step), points), 0.0)
    pack = np.ones(rows.size, np.int64) if problems.pack is None else problems.pack[rows]
    steps = np.maximum(np.rint(pack / step), 1).astype(np.int64)
    return renewal_weights(demand, _lattice_width(problems, rows, step), steps)


def _lattice_width(problems: Problems, rows: IntArray, step: IntArray) -> IntArray:
    return np.maximum(np.rint(problems.width[rows] / step), 1).astype(np.int64)


def _averaged(fill: FloatArray, width: IntArray) -> FloatArray:
    """Mean over the next `width` levels; the fill rate is 1 beyond the last point."""
    points = fill.shape[1]
    running = np.zeros((fill.shape[0], points + 1))
    np.cumsum(fill, axis=1, out=running[:, 1:])
    end = np.arange(points)[None, :] + width[:, None]
    beyond = np.maximum(end - points, 0)
    upper = np.take_along_axis(running, np.minimum(end, points), axis=1) + beyond
    return np.asarray((upper - running[:, :-1]) / width[:, None])


def _cycle_service(problems: Problems, rows: IntArray, points: int, step: IntArray) -> FloatArray:
    """(rows, points) cycle service level if the lowest position after a review is 0, 1, … steps."""
    one = transforms(problems.law, rows, points, step)
    out = np.empty((rows.size, points))
    width = _lattice_width(problems, rows, step)
    plain = width == 1
    if plain.any():
        out[plain] = _after_full_orders(problems, rows[plain], one[plain], points, step[plain])
    if not plain.all():
        out[~plain] = _after_packed_orders(
            problems, rows[~plain], one[~plain], points, width[~plain], step[~plain]
        )
    return out


def _after_full_orders(
    problems: Problems, rows: IntArray, one: ComplexArray, points: int, step: IntArray
) -> FloatArray:
    """(R,S): [Σ cycle[n]·(P(D_n ≤ S) − q·P(D_(n−R) ≤ S))] / (1 − q), q = P(no demand in a review period).

    Where periods depend on each other: P(no demand in the first R of n periods, D_n ≤ S) instead of q·P(…).
    """
    review = _review(problems, rows)
    nothing = no_demand(problems.law.take(rows)) ** review
    cycle = _table(problems, rows, "cycle")
    earlier = _a_review_less(cycle, review)
    weights = (cycle - nothing[:, None] * earlier) / (1.0 - nothing)[:, None]
    line = weighted_powers(one, weights)
    hanging = _hanging(problems, rows)
    if hanging.size:
        some, some_one, steps = rows[hanging], one[hanging], step[hanging]
        only = np.zeros_like(cycle[hanging])
        only[np.arange(hanging.size), review[hanging]] = 1.0
        silent = _sums(problems, some, some_one, only, steps, review[hanging])[:, :1].real
        every = _sums(problems, some, some_one, cycle[hanging], steps)
        without = _sums(problems, some, some_one, cycle[hanging], steps, review[hanging])
        line[hanging] = (every - without) / (1.0 - silent)
    return np.asarray(np.cumsum(np.fft.irfft(line, points), axis=1))


def _after_packed_orders(
    problems: Problems, rows: IntArray, one: ComplexArray, points: int, width: IntArray, step: IntArray
) -> FloatArray:
    """Orders at some reviews: Σ cycle[n]·P(V + D_(n−R) ≤ s), V ≥ 0 the units an order finds missing to s.

    (R,s,nQ): P(V = v) ∝ P(v + 1 ≤ D_R ≤ v + Q), D_R the demand of a review period; (R,s,S): P(V = v) ∝
    Σ_i P(position s + i)·P(D_R = v + i). Orders of several reviews that arrive together because a supplier
    was closed find the same net stock, without the lots of the others (`_behind_lots`; not for (R,s,S)).
    Exact where else no two orders arrive together; those that random lead times bring together count as the
    demand they replace.
    """
    review = _review(problems, rows)
    one_review = np.zeros((rows.size, int(review.max()) + 1))
    one_review[np.arange(rows.size), review] = 1.0
    demand = np.maximum(np.fft.irfft(_sums(problems, rows, one, one_review, step), points), 0.0)
    falling = _falling(problems, rows, width)
    kept, received = np.zeros((rows.size, points)), np.zeros((rows.size, 1))
    for before, some, later in _receipts_apart(problems, rows, review, falling):
        missing = _after_reviews(demand[some], width[some])
        if before:
            powers = np.zeros((some.size, before + 1))
            powers[:, before] = 1.0
            sums = _sums(problems, rows[some], one[some], powers, step[some])
            earlier = np.cumsum(np.fft.irfft(sums, points), axis=1)
            missing = _behind_lots(demand[some], earlier, width[some])
        under = np.flatnonzero(falling[some])
        if under.size:
            those = some[under]
            weights = _positions(problems, rows[those], one[those], points, step[those])
            missing[under] = np.maximum(averaged_over(_a_unit_less(demand[those]), weights), 0.0)
        both = np.fft.rfft(missing) * _sums(problems, rows[some], one[some], later, step[some])
        kept[some] += np.cumsum(np.fft.irfft(both, points), axis=1)
        received[some] += missing.sum(axis=1, keepdims=True) * later.sum(axis=1, keepdims=True)
    service = np.zeros((rows.size, points))
    service[:, 1:] = kept[:, :-1] / received
    return service


def _receipts_apart(
    problems: Problems, rows: IntArray, review: IntArray, falling: BoolArray
) -> Iterator[tuple[int, IntArray, FloatArray]]:
    """Periods of earlier reviews whose orders arrive with an order, places of `rows`, weights on n after it.

    No earlier ones but around holidays of suppliers (`Protection.joined`), which are left out for (R,s,S).
    """
    which = problems.which[rows]
    tables = {at: problems.protection[at].joined for at in np.unique(which).tolist()}
    joined = {at: table for at, table in tables.items() if table is not None}
    alone = falling | ~np.isin(which, list(joined))
    if alone.any():
        some = np.flatnonzero(alone)
        yield 0, some, _a_review_less(_table(problems, rows, "cycle"), review)[some]
    for at, table in joined.items():
        some = np.flatnonzero((which == at) & ~alone)
        for before in np.unique(table[:, 0]).tolist() if some.size else ():
            of = table[table[:, 0] == before]
            weights = np.zeros(int(of[:, 1].max()) + 1)
            np.add.at(weights, of[:, 1].astype(np.int64), of[:, 2])
            yield int(before), some, np.tile(weights, (some.size, 1))


def _after_reviews(demand: FloatArray, width: IntArray) -> FloatArray:
    """(rows, points) chance of an order that finds v units missing to s, from uniform positions."""
    rows, points = demand.shape
    reached = np.ones((rows, points + 1))
    np.cumsum(demand, axis=1, out=reached[:, :-1])
    last = np.minimum(np.arange(points)[None, :] + width[:, None], points)
    passed = np.take_along_axis(reached, last, axis=1) - reached[:, :-1]
    return np.asarray(np.maximum(passed, 0.0) / width[:, None])


def _behind_lots(demand: FloatArray, earlier: FloatArray, width: IntArray) -> FloatArray:
    """(rows, points) as `_after_reviews`, units missing with the lots of earlier reviews taken away again.

    With u + 1 units above s after the review before an order, u uniform on 0 … Q − 1, and X demanded before
    that since the first of the reviews, these have ordered m = ⌊(u + X) / Q⌋ lots; the order is placed if the
    demand Z of a review period exceeds u, and finds Z − u − 1 + mQ missing.

    Parameters
    ----------
    demand : (rows, points) float
        P(Z = z).
    earlier : (rows, points) float
        P(X ≤ x).
    """
    rows, points = demand.shape
    above = np.arange(int(width.max()))[None, :]
    inside = above < width[:, None]
    out, line = np.zeros((rows, points)), np.fft.rfft(_a_unit_less(demand), 2 * points)
    most = int(((earlier < 1 - _TIE).sum(axis=1) // width).max()) + 1
    for lots in range(most + 1):
        low = lots * width[:, None] - above - 1
        chance = _up_to(earlier, low + width[:, None]) - _up_to(earlier, low)
        weights = np.zeros((rows, points))
        weights[:, : above.size] = np.where(inside, chance, 0.0)[:, :points]
        found = np.fft.irfft(line * np.conj(np.fft.rfft(weights, 2 * points)), 2 * points)[:, :points]
        place = np.arange(points)[None, :] - lots * width[:, None]
        out += np.where(place >= 0, np.take_along_axis(found, np.maximum(place, 0), axis=1), 0.0)
    return np.asarray(np.maximum(out, 0.0) / width[:, None])


def _a_unit_less(demand: FloatArray) -> FloatArray:
    """P(Z = z + 1)."""
    return np.concatenate([demand[:, 1:], np.zeros((demand.shape[0], 1))], axis=1)


def _up_to(reached: FloatArray, at: IntArray) -> FloatArray:
    """P(X ≤ x); 0 below 0, 1 beyond the lattice."""
    points = reached.shape[1]
    inside = np.take_along_axis(reached, np.clip(at, 0, points - 1), axis=1)
    return np.asarray(np.where(at < 0, 0.0, np.where(at >= points, 1.0, inside)))


def _a_review_less(weights: FloatArray, review: IntArray) -> FloatArray:
    """Weights on n + R moved to n, row by row."""
    out = np.zeros_like(weights)
    for R in np.unique(review).tolist():
        same = review == R
        out[same, : weights.shape[1] - R] = weights[same, R:]
    return out


def _search(curve: FloatArray, targets: FloatArray, step: IntArray) -> IntArray:
    """(rows, k) the first level whose service reaches the target, in units."""
    np.maximum.accumulate(curve, axis=1, out=curve)
    out = np.empty(targets.shape, dtype=np.int64)
    for row in range(curve.shape[0]):
        line, wanted = curve[row], targets[row] - _TIE
        at = np.minimum(np.searchsorted(line, wanted), line.size - 1)
        if step[row] == 1:
            out[row] = at
            continue
        before = line[np.maximum(at - 1, 0)]
        rise = np.maximum(line[at] - before, 1e-300)
        share = np.clip((wanted - before) / rise, 0.0, 1.0)
        out[row] = np.ceil(step[row] * (np.maximum(at - 1, 0) + share))
    return out
