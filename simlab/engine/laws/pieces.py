"""Demand of a part of a period: laws divided into independent pieces."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.engine.laws.pmfs import pmf_of
from simlab.engine.world.demand_law import DemandLaw, Seasons
from simlab.register.laws import PIECES, STATED_KINDS, LawKind

_NARROW = 1 / 3  # standard deviation ÷ mean of a piece up to which the normal law keeps its shape
_SOME_SILENT = 0.2  # share of periods without demand from which lines can be read from a table
_NEGATIVE = 0.02  # weight below zero up to which the root of a table is a law
_POINTS = 4096
_WEIGHT = 2.0**29
_NEAR = 0.02


def pieces(law: DemandLaw, parts: int) -> DemandLaw:
    """The law of each of `parts` independent pieces whose sum is the demand of a period.

    Parameters
    ----------
    law : DemandLaw
        Per period.
    parts : int
        Pieces of a period, at least 1.

    Returns
    -------
    DemandLaw
        Per part; seasons are stretched, every phase lasting `parts` parts.

    Notes
    -----
    Exact for laws that are infinitely divisible: Poisson, negative binomial (r ÷ m, the same p), geometric
    (a negative binomial of r = 1 ÷ m), stuttering Poisson, gamma (before it is rounded to units). Of the
    others every order line stays whole and falls into a part at random: intermittent demand occurs m times
    as rarely with the same sizes; a table with periods without demand is read as the sum of independent
    lines (the m-th root of its generating function, where that is a law); tables that demand in nearly every
    period tell no lines, and are divided as a negative binomial or gamma law with their mean and variance.
    Normal, lognormal and binomial laws keep mean and variance of the period. Laws drawn from a series, and
    chains, are divided as the law of any one of their periods: what neighbours have in common is lost. Demand
    with a rhythm (a series read on without end) keeps its intervals, times `parts`.
    """
    if parts == 1:
        return law
    kind, mean, variance = law.kind.copy(), law.mean / parts, law.variance / parts
    chance = law.probability / parts
    for whole, piece in PIECES.items():
        rows = law.kind == whole
        variance[rows] = law.true_variance[rows] / parts
        kind[rows & (law.mean > 0)] = piece
    wide = (law.kind == LawKind.NORMAL) & (np.sqrt(np.maximum(variance, 0.0)) > _NARROW * mean)
    kind[wide] = LawKind.GAMMA
    rare = law.kind == LawKind.INTERMITTENT
    squares = law.variance + law.mean**2  # of a line that falls into a part with chance 1/m
    variance[rare] = (squares / parts - mean**2)[rare]
    seasons = None if law.seasons is None else _stretched(law.seasons, parts)
    out = replace(
        law,
        kind=kind,
        mean=mean,
        variance=variance,
        probability=chance,
        seasons=seasons,
        past=None,
        chain=None,
    )
    rhythm = law.has_rhythm
    divided = np.isin(law.kind, (*STATED_KINDS, LawKind.INTERMITTENT))
    tables = np.flatnonzero(~divided & ~rhythm)
    out = _with_tables(out, law, tables, parts) if tables.size else out
    return _with_rhythm(out, law, np.flatnonzero(rhythm), parts) if rhythm.any() else out


def _with_rhythm(out: DemandLaw, law: DemandLaw, rows: IntArray, parts: int) -> DemandLaw:
    """Series that are read on without end: all of a period's demand falls into the last of its parts."""
    past = law.past
    assert past is not None
    start, length = past.start.copy(), past.length.copy()
    mean, variance = out.mean, out.variance
    series, end = [past.series], past.series.size
    for row in rows.tolist():
        own = past.series[past.start[row] : past.start[row] + past.length[row]]
        line = np.zeros(own.size * parts, np.int64)
        line[parts - 1 :: parts] = own
        series.append(line)
        start[row], length[row], end = end, line.size, end + line.size
        mean[row], variance[row] = line.mean(), line.var()
    phases = past.phases
    if phases is not None:
        phases = np.concatenate([phases, np.zeros(end - phases.size, phases.dtype)])
    longer = replace(past, start=start, length=length, series=np.concatenate(series), phases=phases)
    return replace(out, past=longer)


def _stretched(seasons: Seasons, parts: int) -> Seasons:
    multipliers = np.repeat(seasons.multipliers, parts, axis=1)
    return replace(seasons, multipliers=multipliers, phase=seasons.phase * parts)


def _with_tables(out: DemandLaw, law: DemandLaw, rows: IntArray, parts: int) -> DemandLaw:
    """Items drawn from tables, series and chains: their pieces as tables, or as laws with two moments."""
    plain = replace(law, seasons=None)
    kind, mean, variance = out.kind, out.mean, out.variance
    start, length = out.start.copy(), out.length.copy()
    values, weights = [law.values], [law.weights]
    end = law.values.size
    for row in rows.tolist():
        first, shares = pmf_of(plain, row)
        whole = np.concatenate([np.zeros(first), shares])
        named, mean[row], variance[row], table = _piece(whole.tobytes(), parts)
        kind[row] = named
        out.probability[row] = 0.0
        start[row], length[row] = 0, 0
        if table.size:
            at = np.flatnonzero(table)
            start[row], length[row] = end, at.size
            values.append(at)
            weights.append(table[at])
            end += at.size
    return replace(
        out, start=start, length=length, values=np.concatenate(values), weights=np.concatenate(weights)
    )


@lru_cache(maxsize=4096)
def _piece(shares: bytes, parts: int) -> tuple[LawKind, float, float, IntArray]:
    """Kind, mean, variance and counts of a piece of a table of 0, 1, … units."""
    law = np.frombuffer(shares)
    units = np.arange(law.size)
    mean = float((units * law).sum())
    variance = float(((units - mean) ** 2 * law).sum())
    found = _root(law, parts) if mean > 0 and law[0] >= _SOME_SILENT and law.size <= _POINTS else None
    if found is not None:
        counts = np.rint(found * _WEIGHT).astype(np.int64)
        share, at = counts / counts.sum(), np.arange(counts.size)
        own = float((share * at).sum())
        return LawKind.EMPIRICAL, own, float((share * (at - own) ** 2).sum()), counts
    none = np.zeros(0, np.int64)
    if mean <= 0 or abs(variance - mean) <= _NEAR * mean:
        return LawKind.POISSON, mean / parts, mean / parts, none
    named = LawKind.NEGATIVE_BINOMIAL if variance > mean else LawKind.GAMMA
    return named, mean / parts, variance / parts, none


def _root(law: FloatArray, parts: int) -> FloatArray | None:
    """(n,) the law whose sum of `parts` independent copies is this one, cut at its range; None without.

    Notes
    -----
    Powers of a power series by recursion (J. C. P. Miller): with f the law and g = f^a, a = 1/m,
    n·f(0)·g(n) = Σ_k (k(a + 1) − n)·f(k)·g(n − k). What comes out below zero is cut; more than 2 % of
    the demand of a part below zero is no law. Mean and variance of a part are then 1/m of the period's.
    """
    step = int(np.gcd.reduce(np.flatnonzero(law)[1:])) if np.count_nonzero(law) > 1 else 1
    f = law[::step]
    a, g = 1.0 / parts, np.zeros(f.size)
    g[0] = f[0] ** a
    k = np.arange(f.size)
    for n in range(1, f.size):
        g[n] = ((k[1 : n + 1] * (a + 1.0) - n) * f[1 : n + 1] * g[n - 1 :: -1][:n]).sum() / (n * f[0])
    positive = np.maximum(g[1:], 0.0)
    below = float((k[1:] * np.maximum(-g[1:], 0.0)).sum())
    whole = float((k * f).sum()) / parts
    found = float((k[1:] * positive).sum())
    if below > _NEGATIVE * whole or found <= 0.0:
        return None
    positive *= whole / found
    if positive.sum() >= 1.0:
        return None
    out = np.zeros((f.size - 1) * step + 1)
    out[::step] = np.concatenate([[1.0 - positive.sum()], positive])
    return out
