"""Lead times that the items table states: `lead_time`, and `lead_time_sd` where they vary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.engine.laws.continuous import continuous_table
from simlab.engine.world.demand_law import LawKind
from simlab.errors import InvalidInputError, OutOfRangeError, Problem
from simlab.models.suppliers.delays import millionths
from simlab.models.suppliers.orders import open_days_in, open_week

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.study import Study


Points = tuple[IntArray, IntArray]
_Table = tuple[int, FloatArray]
SHAPES = {"gamma": LawKind.GAMMA, "lognormal": LawKind.LOGNORMAL}
_SHARES = 10_000  # resolution of a stated lead time between two whole periods
_TINY = 1e-9
_NARROW = 0.01  # periods²: below, laws are mixtures with a constant


def stated_lead_times(catalog: Catalog) -> tuple[list[float], list[float]]:
    """`lead_time` (NaN where not stated) and `lead_time_sd` (0 where not stated) of every item.

    In `data.time_unit`.

    Raises
    ------
    InvalidInputError
        A spread without a mean above 0, by name.
    """
    nothing = np.full(catalog.n_items, np.nan)
    mean = np.asarray(catalog.numbers.get("lead_time", nothing))
    sd = np.nan_to_num(catalog.numbers.get("lead_time_sd", nothing))
    problems = list(_problems(catalog, mean, sd))
    if problems:
        raise InvalidInputError(problems)
    return mean.tolist(), sd.tolist()


def in_periods(time: float, study: Study) -> float:
    """A stated lead time in periods: where weekdays are closed, the mean over the weekdays of the order."""
    periods = time * study.time_unit_periods
    week = open_week(study)
    if week is None or study.data.time_unit == "periods":
        return periods
    days = periods * study.period_days
    whole = int(np.floor(days + _TINY))
    lower, upper = open_days_in(np.array([whole, whole + 1]), week).mean(axis=1)
    return float(lower + max(days - whole, 0.0) * (upper - lower))


def _problems(catalog: Catalog, mean: FloatArray, sd: FloatArray) -> Iterator[Problem]:
    file = catalog.study.data.items.path or "items"
    fix, keys = "fill lead_time (its mean, above 0), or leave lead_time_sd empty", catalog.keys
    for row in np.flatnonzero((sd > 0) & ~(mean > 0)).tolist():
        said = "no lead_time" if np.isnan(mean[row]) else f"lead_time = {mean[row]:g}"
        why = f"{keys[row]}: lead_time_sd = {sd[row]:g} with {said}"
        yield Problem("E-MOD-003", why, file, column="lead_time_sd", fix=fix)


def split_periods(value: float) -> Points:
    """A stated lead time in periods as at most two whole ones: 2.3 → 2 with 0.7, 3 with 0.3."""
    whole = int(np.floor(value))
    upper = round((value - whole) * _SHARES)
    points = [(whole, _SHARES - upper), (whole + 1, upper)]
    kept = [(period, weight) for period, weight in points if weight > 0]
    return np.array([p for p, _ in kept], np.int64), np.array([w for _, w in kept], np.int64)


def spread_periods(mean: float, sd: float, shape: str) -> Points:
    """A random lead time in whole periods with a stated mean and standard deviation, in millionths.

    Parameters
    ----------
    mean, sd : float
        Periods, mean above 0.
    shape : {"gamma", "lognormal"}

    Raises
    ------
    OutOfRangeError
        It spreads over more than a million periods.

    Notes
    -----
    The gamma law (Burgin 1975) or the lognormal one, every value split between the whole periods around it
    so that the mean stays (`simlab.engine.laws.continuous`). Splitting adds variance, at most 1/4: the law
    that is split is narrowed until the variance is the stated one; a very narrow one is mixed with the
    constant, split alike. A spread below what splitting a constant adds cannot be had: that is then
    `split_periods(mean)`. What is rarer than a millionth is cut.

    References
    ----------
    Burgin (1975), The gamma distribution and inventory control.
    """
    from scipy.optimize import brentq

    least = _variance(_table(mean, 0.0, shape), mean)
    if sd**2 <= least + _TINY:
        return split_periods(mean)

    def excess(variance: float) -> float:
        return _variance(_table(mean, variance, shape), mean) - sd**2

    narrow = excess(_NARROW)
    if narrow >= 0:
        share = (sd**2 - least) / (sd**2 - least + narrow)
        return _points(_table(mean, _NARROW, shape), _table(mean, 0.0, shape), share)
    law = _table(mean, brentq(excess, _NARROW, sd**2, rtol=1e-6) if excess(sd**2) > 0 else sd**2, shape)
    return _points(law, law, 1.0)


def _table(mean: float, variance: float, shape: str) -> _Table:
    """First period and shares of a law split between whole periods."""
    first, weights = continuous_table(SHAPES[shape], mean, variance)
    return first, weights / weights.sum()


def _variance(table: _Table, mean: float) -> float:
    first, shares = table
    return float(shares @ (first + np.arange(shares.size) - mean) ** 2)


def _points(law: _Table, other: _Table, share: float) -> Points:
    """Periods and millionths of a mixture of two laws, the second no wider than the first."""
    shares = share * law[1]
    begin = other[0] - law[0]
    shares[begin : begin + other[1].size] += (1 - share) * other[1]
    weights = millionths(shares)
    kept = np.flatnonzero(weights)
    return law[0] + kept, weights[kept]


def stated_points(mean: float, sd: float, shape: str, who: str) -> Points:
    """Points of a stated lead time, periods; a law that is too wide is refused by name."""
    if sd == 0:
        return split_periods(mean)
    try:
        return spread_periods(mean, sd, shape)
    except OutOfRangeError as error:
        why = f"{who}: a {shape} lead time of {mean:.3g} ± {sd:.3g} periods spreads too far"
        fix = "check the unit of lead_time_sd (data.time_unit)"
        raise InvalidInputError([Problem("E-MOD-003", why, column="lead_time_sd", fix=fix)]) from error
