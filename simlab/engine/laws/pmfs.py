"""The very laws that the quantile tables draw: probabilities and moments read back from the thresholds."""

from __future__ import annotations

import numpy as np

from simlab.arrays import FloatArray, IntArray, WordArray
from simlab.engine.laws.tables import LawTables, prepare
from simlab.engine.world.demand_law import Chain, DemandLaw, LawKind, long_run
from simlab.errors import OutOfRangeError

_DENSE_LIMIT = 1 << 26


def pmf_of(law: DemandLaw, item: int) -> tuple[int, FloatArray]:
    """The law of one item exactly as the simulator draws it.

    Parameters
    ----------
    law : DemandLaw
    item : int
        Row of the item.

    Returns
    -------
    first : int
        Smallest value (units).
    probabilities : (n,) float
        Probabilities of first, first + 1, …; they sum to 1. Where the law varies by phase, the mean over
        the cycle; of a chain, the long-run law.
    """
    one = law.take(np.array([item]))
    tables = prepare(one)
    numbers, times = np.unique(tables.number[0], return_counts=True)
    parts = [_shares(tables, int(number), one, item) for number in numbers]
    if len(parts) == 1:
        return parts[0]
    first = min(low for low, _ in parts)
    out = np.zeros(max(low + shares.size for low, shares in parts) - first)
    for (low, shares), weight in zip(parts, times / times.sum(), strict=True):
        out[low - first : low - first + shares.size] += weight * shares
    return first, out


def pmf_of_phase(law: DemandLaw, item: int, phase: int) -> tuple[int, FloatArray]:
    """As `pmf_of`, of the periods of one phase.

    Parameters
    ----------
    phase : int
        Of the item's own calendar: 0 … cycle − 1 of its `Seasons`, or of its `Past` where it is CALENDAR.
    """
    one = law.take(np.array([item]))
    tables = prepare(one)
    return _shares(tables, int(tables.number[0, _period_of(one, phase)]), one, item)


def pmfs_of_cycle(law: DemandLaw, item: int) -> tuple[IntArray, list[tuple[int, FloatArray]]]:
    """The distinct laws of one item's periods, and which of them each period follows.

    Returns
    -------
    which : (cycle,) int64
        Place in the list of the laws of periods 0, 1, … of the run, repeated every `cycle` periods.
    laws : list of (int, (n,) float)
        Smallest value (units), and probabilities of it and what follows.
    """
    one = law.take(np.array([item]))
    tables = prepare(one)
    numbers, which = np.unique(tables.number[0], return_inverse=True)
    return which.ravel().astype(np.int64), [_shares(tables, int(number), one, item) for number in numbers]


def _period_of(one: DemandLaw, phase: int) -> int:
    """First period of the run that has this phase."""
    if one.past is not None and one.kind[0] == LawKind.CALENDAR:
        return int((phase - one.past.phase) % one.past.cycle)
    if one.seasons is not None:
        return int((phase - one.seasons.phase) % one.seasons.cycle)
    return 0


def _shares(tables: LawTables, number: int, one: DemandLaw, item: int) -> tuple[int, FloatArray]:
    """First value and probabilities of one table of the only item."""
    values, thresholds = _table(tables, number)
    edges = thresholds.astype(np.float64)
    edges[-1] = 2.0**32
    shares = np.diff(edges, prepend=0.0) / 2.0**32
    if one.chain is not None and one.kind[0] == LawKind.MARKOV:
        some = int(long_run(one.chain)[0]) / 2.0**32
        shares = np.concatenate(([1.0 - some], 2.0 * some * shares[1:]))
    first, span = int(values[0]), int(values[-1] - values[0]) + 1
    if span > _DENSE_LIMIT:
        raise OutOfRangeError(f"item {item}: demand spans {span} units; declare a coarser unit_resolution")
    probabilities = np.zeros(span)
    probabilities[values - first] = shares
    return first, probabilities


def _table(tables: LawTables, number: int) -> tuple[IntArray, WordArray]:
    """Points and thresholds of one table; the last threshold stands for 2**32."""
    begin, n, at = (int(part[number]) for part in (tables.start, tables.length, tables.points_start))
    values = tables.first[number] + np.arange(n) if at < 0 else tables.points[at : at + n]
    return values, tables.thresholds[begin : begin + n]


def table_of(law: DemandLaw, item: int, period: int = 0) -> tuple[IntArray, WordArray]:
    """Points and thresholds of one item in a period of the run; the last threshold stands for 2**32.

    Of a chain: words of the lower half are periods without demand, those of the upper half sizes.
    """
    tables = prepare(law.take(np.array([item])))
    return _table(tables, int(tables.number[0, period % tables.number.shape[1]]))


def moments_of(law: DemandLaw) -> tuple[FloatArray, FloatArray]:
    """(n,) mean and variance of a period's demand exactly as the simulator draws it.

    They differ from the law's own where these are no moments of the drawing: whole units and cut tails
    change the variance, and seasons, series and chains are not in `mean` and `variance` at all.
    """
    tables = prepare(law)
    n_tables = tables.start.size
    ends = np.cumsum(tables.length)
    table = np.repeat(np.arange(n_tables), tables.length)
    place = np.arange(ends[-1]) - np.repeat(ends - tables.length, tables.length)
    at = tables.points_start[table]
    value = tables.first[table] + place
    if tables.points.size:
        value = np.where(at >= 0, tables.points[np.maximum(at, 0) + np.where(at >= 0, place, 0)], value)
    edges = tables.thresholds[tables.start[table] + place].astype(np.float64)
    edges[ends - 1] = 2.0**32
    before = np.concatenate(([0.0], edges[:-1]))
    before[ends - tables.length] = 0.0
    shares = (edges - before) / 2.0**32
    if law.chain is not None:
        shares *= _chain_gain(law, law.chain, table, value)
    first = np.bincount(table, shares * value, n_tables)
    second = np.bincount(table, shares * value.astype(np.float64) ** 2, n_tables)
    mean, square = first[tables.number].mean(axis=1), second[tables.number].mean(axis=1)
    return mean, np.maximum(square - mean**2, 0.0)


def _chain_gain(law: DemandLaw, chain: Chain, table: IntArray, value: IntArray) -> FloatArray:
    """What a chain's table of sizes in the upper half of the words has to be weighed with."""
    gain = np.ones((law.n_items, 2))
    rows = law.kind == LawKind.MARKOV
    some = long_run(chain)[rows] / 2.0**32
    gain[rows] = np.stack([2.0 * (1.0 - some), 2.0 * some], axis=1)
    inside = table < law.n_items
    out = np.ones(table.size)
    out[inside] = gain[table[inside], (value[inside] > 0).astype(np.int64)]
    return out
