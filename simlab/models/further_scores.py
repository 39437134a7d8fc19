"""Log scores of laws that are candidates only where the study says so: stuttering Poisson, Markov chains."""

from __future__ import annotations

import numpy as np

from simlab.engine.types import FloatArray, IntArray
from simlab.models.calendar import BoolArray
from simlab.models.logs import log_intermittent, log_negative_binomial, log_poisson
from simlab.models.shrinkage import SizePrior, shrunk_variance

_LARGEST = 1000
_TRANSITIONS = 10.0


def further_scores(
    table: FloatArray, row: IntArray, first: IntArray, n: IntArray, prior: SizePrior, laws: tuple[str, ...]
) -> FloatArray:
    """(laws, m) log scores of the predicted periods, in the order of `row`.

    Parameters
    ----------
    table : (rows, periods) float
        Demand of the observed periods of each row.
    row : (m,) int
        Row of each predicted period; first, n: (rows,) first predicted period, and periods of each row.
    prior : SizePrior
        Of these rows.
    laws : tuple of str
        ``stuttering_poisson``: moments as for the negative binomial, log P by Pólya and Aeppli's recursion
        (above 1,000 units by the negative binomial). ``markov``: chance of demand after the period before,
        from the transitions so far and ten independent ones; sizes as in the intermittent law.

    References
    ----------
    Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, section 9.7.
    """
    periods = np.arange(table.shape[1])
    _, at = np.nonzero((periods >= first[:, None]) & (periods < n[:, None]))
    value, known = table[row, at], at.astype(np.float64)
    total = (np.cumsum(table, axis=1) - table)[row, at]
    squares = (np.cumsum(table**2, axis=1) - table**2)[row, at]
    busy = table > 0
    positive: FloatArray = (np.cumsum(busy, axis=1) - busy)[row, at].astype(np.float64)
    variance = shrunk_variance(known, positive, total, squares, prior.variation[row], prior.strength)
    found = []
    for law in laws:
        if law == "stuttering_poisson":
            found.append(log_stuttering(value, (total + 0.5) / known, variance))
        else:
            plain = log_intermittent(value, known, positive, total, variance)
            found.append(plain + _lasting(busy, row, at, known, positive))
    return np.array(found)


def _lasting(
    busy: BoolArray, row: IntArray, at: IntArray, known: FloatArray, positive: FloatArray
) -> FloatArray:
    """What knowing the period before adds to the logarithm of the chance of demand, or of none."""
    pairs = np.zeros(busy.shape)
    pairs[:, 1:] = busy[:, 1:] & busy[:, :-1]
    both = (np.cumsum(pairs, axis=1) - pairs)[row, at]
    starts = np.zeros(busy.shape)
    starts[:, 1:] = busy[:, 1:] & ~busy[:, :-1]
    after_none = (np.cumsum(starts, axis=1) - starts)[row, at]
    before = busy[row, at - 1]
    from_busy = positive - before
    from_quiet = known - 1 - from_busy
    share = (positive + 0.5) / (known + 1)
    chance = np.where(
        before,
        (both + _TRANSITIONS * share) / (from_busy + _TRANSITIONS),
        (after_none + _TRANSITIONS * share) / (from_quiet + _TRANSITIONS),
    )
    here = busy[row, at]
    return np.asarray(np.where(here, np.log(chance) - np.log(share), np.log1p(-chance) - np.log1p(-share)))


def log_stuttering(value: FloatArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """(m,) log P(X = value) of Poisson arrivals with geometric sizes; Poisson where variance ≤ mean."""
    wide = variance > mean * (1 + 1e-9)
    out = log_poisson(value, mean)
    large = wide & (value > _LARGEST)
    out[large] = log_negative_binomial(value[large], mean[large], variance[large])
    some = np.flatnonzero(wide & ~large)
    ratio = variance[some] / mean[some]
    theta = (ratio - 1) / (ratio + 1)  # chance that a customer takes one more
    arrivals = mean[some] * (1 - theta)
    order = np.argsort(value[some], kind="stable")
    some, theta, arrivals = some[order], theta[order], arrivals[order]
    wanted = value[some].astype(np.int64)
    scale = -arrivals  # logarithm of what the recursion is divided by
    before, now = np.zeros(some.size), np.ones(some.size)
    done = int(np.searchsorted(wanted, 0, side="right"))
    out[some[:done]] = scale[:done]
    for k in range(1, int(wanted.max(initial=0)) + 1):
        rest = slice(done, None)
        t, a = theta[rest], arrivals[rest]
        new = ((a * (1 - t) + 2 * t * (k - 1)) * now[rest] - t**2 * (k - 2) * before[rest]) / k
        before[rest], now[rest] = now[rest], np.maximum(new, 1e-300)
        tall = now[rest] > 1e100
        if tall.any():
            at = done + np.flatnonzero(tall)
            scale[at] += np.log(now[at])
            before[at], now[at] = before[at] / now[at], 1.0
        end = int(np.searchsorted(wanted, k, side="right"))
        out[some[done:end]] = scale[done:end] + np.log(now[done:end])
        done = end
    return out
