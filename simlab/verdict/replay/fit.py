"""Test of fit per segment: do single periods fall where the laws of what came before put them?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray, mean_of, sum_of, sums_by
from simlab.measures import ALL
from simlab.models import OneStep, benjamini_hochberg
from simlab.verdict.replay.sums import HIGH, LOW

if TYPE_CHECKING:
    import pandas as pd


MISFIT, NONE, CANNOT_TELL = "misfit", "none", "cannot tell"
FALSE_SHARE = 0.05
OFF = (0.014, 0.027)
"""What does not count as a misfit, of each polynomial's mean: what a normal law's mean off by 5 % of its
standard deviation does to the first, Φ(0.05 ÷ √2) − ½, and a standard deviation off by 5 % to the second,
3 asin(r² ÷ (1 + r²)) ÷ π − ½ with r = 1.05."""
_FEWEST = 5
_POINT = 1e-12
_SMALL = 0.1  # a mean PIT off by this much must be in reach, for "no misfit" to say anything
_REACH = 1.96 + 0.84  # standard errors at which 5 % tests find four in five faults


def fit_test(
    found: OneStep, codes: IntArray, names: Sequence[str], *, off: tuple[float, float] = OFF
) -> pd.DataFrame:
    """One row per segment and one for all.

    Parameters
    ----------
    found : OneStep
        From `simlab.models.backtest.origins`.
    codes : (n,) int64
        Segment of every item of the catalogue.
    names : sequence of str
    off : (float, float)
        How far the means of the two polynomials may lie from 0 before it is a misfit.

    Returns
    -------
    DataFrame
        segment, n_items, n_periods, n (periods of items), pit_mean (0.5 if right; above: more was sold
        than the laws say), pit_share (in [0.05, 0.95], 0.9 if right; below: demand is wider than the laws),
        p (NaN with fewer than 5 items or periods), flagged (at most 5 % of the flagged segments are
        expected to be false), finding: ``misfit`` where flagged; ``cannot tell`` with too few items or
        periods, or where a mean PIT off by 0.1 would be found in less than four of five cases; else ``none``.

    Notes
    -----
    Neyman's smooth test with the first two Legendre polynomials of the randomised PIT, each in its
    expectation over the randomisation: t statistics whose variance is that of sums over items (each is off
    by the error of its own parameters) and over periods (items share what happens in one); p is the smaller
    of the two, doubled. The null hypothesis is an interval, "off by no more than `off`" (the p of its ends):
    laws with estimated parameters are a little narrow in periods that they have not seen, however right their
    kind is, and enough periods would flag every one of them.

    References
    ----------
    Hodges & Lehmann (1954), Testing the approximate validity of statistical hypotheses.
    Neyman (1937), Smooth test for goodness of fit. Czado, Gneiting & Held (2009), Predictive model
    assessment for count data, for the PIT of counts. Cameron, Gelbach & Miller (2011), Robust inference
    with multiway clustering.
    """
    import pandas as pd

    rows = []
    for name, mine in _groups(found, codes, names):
        below, upto = found.below[mine], found.upto[mine]
        middle = (below + upto) / 2
        squares = (below**2 + below * upto + upto**2) / 3
        p, errors = zip(
            *(
                _t_by_both(values, found.item[mine], found.period[mine], within)
                for values, within in zip((middle - 0.5, 6 * squares - 6 * middle + 1), off, strict=True)
            ),
            strict=True,
        )
        rows.append(
            {
                "segment": name,
                "n_items": np.unique(found.item[mine]).size,
                "n_periods": np.unique(found.period[mine]).size,
                "n": int(mine.sum()),
                "pit_mean": mean_of(middle),
                "pit_share": mean_of(_between(below, upto, LOW, HIGH)),
                "p": min(1.0, 2 * min(p)),
                "reach": _REACH * errors[0],
            }
        )
    table = pd.DataFrame(rows)
    table["flagged"] = benjamini_hochberg(table["p"].to_numpy(dtype=np.float64), FALSE_SHARE)
    enough = table["p"].notna() & (table.pop("reach") <= _SMALL)
    table["finding"] = np.where(table["flagged"], MISFIT, np.where(enough, NONE, CANNOT_TELL))
    return table


def pit_of_segments(
    found: OneStep, codes: IntArray, names: Sequence[str], method: str, bins: int = 10
) -> pd.DataFrame:
    """Histograms of the randomised PIT, in expectation: horizon, group, method, low, high, share, n."""
    import pandas as pd

    edges = np.linspace(0, 1, bins + 1)
    rows = []
    for name, mine in _groups(found, codes, names):
        for low, high in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            share = mean_of(_between(found.below[mine], found.upto[mine], low, high))
            rows.append({"horizon": "1", "group": name, "method": method, "low": low, "high": high})
            rows[-1] |= {"share": share, "n": int(mine.sum())}
    return pd.DataFrame(rows)


def _groups(found: OneStep, codes: IntArray, names: Sequence[str]) -> list[tuple[str, BoolArray]]:
    """All, then every segment that has something judged."""
    segment = codes[found.item]
    every = [(ALL, np.ones(segment.size, np.bool_))]
    own = [(names[code], segment == code) for code in np.unique(segment).tolist()]
    return every + (own if len(own) > 1 else [])


def _between(below: FloatArray, upto: FloatArray, low: float, high: float) -> FloatArray:
    """Chance that a number uniform between below and upto lies between low and high."""
    width = upto - below
    part = np.clip((np.minimum(upto, high) - np.maximum(below, low)) / np.maximum(width, _POINT), 0.0, 1.0)
    at = (upto > low) & (upto <= high)
    return np.where(width > _POINT, part, at.astype(np.float64))


def _t_by_both(values: FloatArray, item: IntArray, period: IntArray, within: float) -> tuple[float, float]:
    """p-value of a mean within so much of 0, and its standard error: errors are shared in items and periods.

    NaN with too few of either.
    """
    from scipy.special import stdtr

    away = values - mean_of(values)
    noise, least = -sum_of(away**2), math.inf
    for cluster in (item, period):
        _, code = np.unique(cluster, return_inverse=True)
        total = sums_by(code, away, int(code.max()) + 1)
        least = min(least, total.size)
        if total.size < _FEWEST:
            return math.nan, math.nan
        noise += sum_of(total**2) * total.size / (total.size - 1)
    noise = max(noise, sum_of(away**2))
    if noise == 0:
        return math.nan, math.nan
    error = math.sqrt(noise) / values.size
    away_by = abs(sum_of(values)) / values.size
    p = sum(float(stdtr(least - 1, -(away_by + side) / error)) for side in (-within, within))
    return p, error
