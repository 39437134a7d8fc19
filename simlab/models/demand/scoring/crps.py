"""Scores at origins where laws are fitted anew: the exact CRPS, and log scores with the season in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simlab.arrays import CodeArray, FloatArray, IntArray
from simlab.engine.world.demand_law import LawKind
from simlab.models.demand.scoring.origin_laws import OriginLaws, origin_laws
from simlab.models.demand.scoring.rolling_past import RollingPast
from simlab.models.statistics import log_negative_binomial, log_poisson

_ORIGINS = 4
_BLOCK = 1 << 21
_FINE = 1 << 14  # points that stand for a law of more values than a table may have
_POISSON, _BINOMIAL = int(LawKind.POISSON), int(LawKind.NEGATIVE_BINOMIAL)


class Predicted(NamedTuple):
    """Periods predicted from one origin.

    Attributes
    ----------
    row : (m,) int64
    pair : (m,) int64
        Law, of the row and multiplier, that each follows.
    value : (m,) int64
        What happened.
    """

    row: IntArray
    pair: IntArray
    value: IntArray


def origin_scores(
    past: RollingPast, factor: FloatArray | None, *, score: str = "crps"
) -> tuple[IntArray, FloatArray]:
    """Row of each predicted period, by row and period, and (laws, periods) scores: higher is better.

    Parameters
    ----------
    past : RollingPast
    factor : (rows, periods) float or None
        Multipliers of these periods; None: no season.
    score : {"crps", "log"}
        −CRPS ÷ mean demand so far, or the logarithm of the probability of what happened.

    Notes
    -----
    Laws are fitted at four origins and kept for the periods up to the next. CRPS: Σ (F(k) − 1{k ≥ x})² over
    every whole number k (`simlab.engine.laws.ranked`).
    """
    rows: list[IntArray] = []
    periods: list[IntArray] = []
    scores: list[FloatArray] = []
    classes = 1 if factor is None else 16
    first, n = past.first, past.n
    size = max(1, _BLOCK // max(past.table.shape[1] * classes, 1))
    for step in range(_ORIGINS):
        begin = first + (n - first) * step // _ORIGINS
        end = first + (n - first) * (step + 1) // _ORIGINS
        for low in range(0, past.table.shape[0], size):
            some = slice(low, low + size)
            part = None if factor is None else factor[some]
            found = _from_one_origin(past.rows(some), part, begin[some], end[some], score)
            if found is not None:
                rows.append(found[0] + low)
                periods.append(found[1])
                scores.append(found[2])
    if not rows:
        return np.zeros(0, np.int64), np.zeros((4, 0))
    row = np.concatenate(rows)
    order = np.lexsort((np.concatenate(periods), row))
    return row[order], np.concatenate(scores, axis=1)[:, order]


def _from_one_origin(
    known: RollingPast, factor: FloatArray | None, begin: IntArray, end: IntArray, score: str
) -> tuple[IntArray, IntArray, FloatArray] | None:
    table = known.table
    periods = np.arange(table.shape[1])
    row, at = np.nonzero((periods >= begin[:, None]) & (periods < end[:, None]))
    if row.size == 0:
        return None
    past = np.where(periods < begin[:, None], table, 0.0)
    multiplier = np.ones(row.size) if factor is None else factor[row, at]
    order = np.lexsort((multiplier, row))
    row, at, multiplier = row[order], at[order], multiplier[order]
    new = np.ones(row.size, np.bool_)
    new[1:] = (np.diff(row) != 0) | (np.diff(multiplier) != 0)
    pair = np.cumsum(new) - 1
    weight = known.weights(begin)
    laws = origin_laws(past, factor, weight, known.prior, row[new], multiplier[new])
    predicted = Predicted(row, pair, table[row, at].astype(np.int64))
    if score == "log":
        return row, at, _logs(laws, predicted)
    scale = np.maximum(past.sum(axis=1), 0.5) / begin
    return row, at, -_ranked(laws, predicted) / scale[row]


def _ranked(laws: OriginLaws, predicted: Predicted) -> FloatArray:
    """(laws, m) CRPS, units: Poisson, negative binomial, intermittent, empirical."""
    k = laws.mean.size
    none, nothing = np.zeros(k + 1, np.int64), np.zeros(0, np.int64)
    one = np.ones(k)
    zeros = np.arange(k + 1)
    more = np.maximum(laws.size - 1, 1e-9)
    wide = laws.variance > laws.mean * (1 + 1e-9)
    kind = np.where(wide, _BINOMIAL, _POISSON).astype(np.int8)
    of_sizes = np.where(laws.spread > more * (1 + 1e-9), _BINOMIAL, _POISSON).astype(np.int8)
    poisson = np.full(k, _POISSON, np.int8)
    counts = laws.start, laws.value, laws.count
    at_zero = zeros, np.zeros(k, np.int64), 1 - laws.share
    empty = none, nothing, np.zeros(0)
    return np.array(
        [
            _sums(poisson, laws.mean, laws.mean, 0, one, empty, predicted),
            _sums(kind, laws.mean, laws.variance, 0, one, empty, predicted),
            _sums(of_sizes, more, laws.spread, 1, laws.share, at_zero, predicted),
            _sums(kind, laws.mean, laws.variance, 0, one, counts, predicted),
        ]
    )


def _sums(
    kind: CodeArray,
    mean: FloatArray,
    variance: FloatArray,
    shift: int,
    share: FloatArray,
    counted: tuple[IntArray, IntArray, FloatArray],
    predicted: Predicted,
) -> FloatArray:
    """(m,) exact sums of one kind of law; laws of too many values by their quantiles."""
    from simlab.engine.laws.ranked import ranked_scores

    k = mean.size
    begin = np.searchsorted(predicted.pair, np.arange(k + 1)).astype(np.int64)
    out = np.empty(predicted.value.size)
    shifts = np.full(k, shift, np.int64)
    ranked_scores(kind, mean, variance, shifts, share, *counted, begin, predicted.value, out)
    failed = np.flatnonzero(np.isnan(out[np.minimum(begin[:-1], out.size - 1)]) & (np.diff(begin) > 0))
    for law in failed.tolist():
        start, value, weight = counted
        own = slice(int(start[law]), int(start[law + 1]))
        points, shares = _quantiles(float(mean[law]), float(variance[law]))
        places = np.concatenate([value[own], points + shift])
        weights = np.concatenate([weight[own], shares * share[law]])
        order = np.argsort(places, kind="stable")
        seen = slice(int(begin[law]), int(begin[law + 1]))
        one = np.zeros(1, np.int8), np.zeros(1), np.zeros(1), np.zeros(1, np.int64), np.zeros(1)
        ends = np.array([0, places.size]), np.array([0, seen.stop - seen.start])
        values = predicted.value[seen]
        ranked_scores(*one, ends[0], places[order], weights[order], ends[1], values, out[seen])
    return out


def _quantiles(mean: float, variance: float) -> tuple[IntArray, FloatArray]:
    """A law that spreads over more than a million values, as its quantiles at 16,384 even chances.

    Its CRPS is then exact to about 1e-7 of itself.
    """
    from scipy.special import gammaincinv, nbdtrik, pdtrik

    chance = (np.arange(_FINE) + 0.5) / _FINE
    if variance > mean:
        size = mean**2 / (variance - mean)
        found = np.asarray(nbdtrik(chance, size, mean / variance))
        broken = ~np.isfinite(found)
        found[broken] = gammaincinv(size, chance[broken]) * mean / size
    else:
        found = np.asarray(pdtrik(chance, mean))
    points = np.maximum(np.rint(found), 0.0).astype(np.int64)
    return points, np.full(_FINE, 1.0 / _FINE)


def _logs(laws: OriginLaws, predicted: Predicted) -> FloatArray:
    """(laws, m) log P(X = value): Poisson, negative binomial, intermittent, empirical."""
    pair, value = predicted.pair, predicted.value.astype(np.float64)
    mean = np.maximum(laws.mean, 1e-12)[pair]
    variance = laws.variance[pair]
    poisson = log_poisson(value, mean)
    binomial = poisson.copy()
    wide = variance > mean
    binomial[wide] = log_negative_binomial(value[wide], mean[wide], variance[wide])
    intermittent = np.log1p(-laws.share[pair])
    some = np.flatnonzero(value > 0)
    own = pair[some]
    more = np.maximum(laws.size[own] - 1, 0.5 / (laws.seen[own] + 1))
    log_size = log_poisson(value[some] - 1, more)
    spread = laws.spread[own]
    over = spread > more
    log_size[over] = log_negative_binomial(value[some][over] - 1, more[over], spread[over])
    intermittent[some] = np.log(laws.share[own]) + log_size
    known = laws.known[pair]
    with np.errstate(divide="ignore"):
        seen = np.log(_seen(laws, predicted))
    empirical = np.logaddexp(seen, binomial) - np.log(known + 1)
    return np.array([poisson, binomial, intermittent, empirical])


def _seen(laws: OriginLaws, predicted: Predicted) -> FloatArray:
    """(m,) known periods that had exactly this demand, as the empirical law of the pair counts them."""
    of_value = np.repeat(np.arange(laws.mean.size), np.diff(laws.start))
    width = int(max(laws.value.max(initial=0), predicted.value.max(initial=0))) + 1
    key = of_value * width + laws.value
    wanted = predicted.pair * width + predicted.value
    place = np.minimum(np.searchsorted(key, wanted), max(key.size - 1, 0))
    return np.where(key[place] == wanted, laws.count[place], 0.0)
