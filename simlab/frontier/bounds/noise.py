"""What noise allows one to say: simultaneous bands, tie groups, and the statistical gap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray, IntArray
from simlab.errors import UsageError
from simlab.measures import Estimate, ratio_interval, t_quantile

MIN_REPLICATIONS = 200
_DRAWS = 2000
_FEW = 1_000_000
"""Numbers of redraws that are kept."""


@dataclass(frozen=True, eq=False)
class Band:
    """Limits that hold for all points at once.

    Attributes
    ----------
    value, low, high : (p,) float
        Ratio of each plan and its simultaneous limits.
    factor : float
        Standard errors on either side; a single point would need about 1.96 at 95 %.
    level : float
        Confidence that all points lie inside together.
    note : str
        Said when replications are fewer than `MIN_REPLICATIONS`.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    factor: float
    level: float
    note: str


def simultaneous_band(
    numerator: npt.ArrayLike,
    denominator: npt.ArrayLike,
    level: float = 0.95,
    *,
    seed: int = 0,
    draws: int = _DRAWS,
) -> Band:
    """Max-|t| bootstrap band of ratios of several fixed plans on the same replications.

    Parameters
    ----------
    numerator : (p, n) int or float
        Sums of each plan per replication: units served, or cost.
    denominator : (n,) int or float
        Units demanded per replication; ones for the mean of a cost.
    seed, draws : int
        Of the bootstrap over replications.

    Notes
    -----
    Replications are redrawn whole, so the dependence between plans is kept; the band is the value
    ± the `level` quantile of the largest |t| over the plans.
    """
    part, whole, deviation, error = _bootstrap(numerator, denominator, seed, draws)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(deviation) / error
    factor = _quantile(np.where(error > 0, t, 0.0).max(axis=1), level)
    value = part.sum(axis=1) / whole.sum()
    n = whole.size
    note = "" if n >= MIN_REPLICATIONS else f"only {n} replications; at least {MIN_REPLICATIONS} are advised"
    return Band(value, value - factor * error, value + factor * error, factor, level, note)


def joint_level(
    parts: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]],
    level: float = 0.95,
    *,
    seed: int = 0,
    draws: int = _DRAWS,
) -> float:
    """Level of single intervals that hold for several ratios of several plans together.

    Parameters
    ----------
    parts : sequence of ((p, n), (n,))
        Numerator of each plan and denominator of each ratio, in the same replications.
    level : float
        Joint confidence.

    Notes
    -----
    The quantile c of the largest |t| over plans and ratios (max-|t| bootstrap over replications, which keeps
    their dependence) is that of a single normal at level 2Φ(c) − 1; never below `level`.
    """
    largest = np.zeros(draws)
    for numerator, denominator in parts:
        _, _, deviation, error = _bootstrap(numerator, denominator, seed, draws)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(error > 0, np.abs(deviation) / error, 0.0)
        largest = np.maximum(largest, t.max(axis=1, initial=0.0))
    factor = _quantile(largest, level)
    return max(level, min(math.erf(factor / math.sqrt(2.0)), 1.0 - 1e-9))


def tie_groups(
    numerator: npt.ArrayLike,
    denominator: npt.ArrayLike,
    level: float = 0.95,
    *,
    seed: int = 0,
    draws: int = _DRAWS,
) -> IntArray:
    """(p,) group of each plan; plans of one group these replications do not distinguish from its first.

    Plans are taken in the given order (ascending cost). Differences are paired and judged at one
    critical value for all pairs together (max-|t| bootstrap).
    """
    part, whole, deviation, _ = _bootstrap(numerator, denominator, seed, draws)
    p, n = part.shape
    value = part.sum(axis=1) / whole.sum()
    residual = part - value[:, None] * whole
    scale = math.sqrt(n / (n - 1.0)) / whole.sum()
    largest, least = np.zeros(draws), 1e-12 * max(1e-300, float(np.abs(value).max()))
    errors, redrawn = np.zeros((p, p)), np.ascontiguousarray(deviation.T)
    for first in range(p - 1):
        later = slice(first + 1, p)
        errors[first, later] = scale * np.sqrt(np.square(residual[later] - residual[first]).sum(axis=1))
        apart = np.flatnonzero(errors[first] > least)
        if apart.size:
            t = np.abs(redrawn[apart] - redrawn[first]) / errors[first, apart, None]
            largest = np.maximum(largest, t.max(axis=0))
    factor = _quantile(largest, level)
    group, first = np.zeros(p, dtype=np.int64), 0
    for plan in range(1, p):
        if abs(value[plan] - value[first]) > factor * errors[first, plan]:
            first = plan
            group[plan] = group[plan - 1] + 1
        else:
            group[plan] = group[plan - 1]
    return group


def cheapest_meeting(
    served: npt.ArrayLike, demanded: npt.ArrayLike, fill_rate: float, level: float = 0.95
) -> int | None:
    """Number of the first plan whose lower limit meets the fill rate; None if no plan's does.

    Parameters
    ----------
    served : (p, n) int
        Units served of each plan per replication of the **selection** seed, plans in ascending cost.
    demanded : (n,) int
        Units demanded per replication.
    level : float
        Confidence of the two-sided simulation interval whose lower limit is meant.
    """
    low = ratio_interval(served, demanded, level).low
    meets = np.flatnonzero(np.atleast_1d(low) >= fill_rate)
    return int(meets[0]) if meets.size else None


def _bootstrap(
    numerator: npt.ArrayLike, denominator: npt.ArrayLike, seed: int, draws: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Sums as floats, (draws, p) deviations of redrawn ratios, (p,) standard errors."""
    part = np.atleast_2d(np.asarray(numerator, dtype=np.float64))
    whole = np.asarray(denominator, dtype=np.float64)
    n = whole.size
    if part.shape[1] != n or n < 2:
        raise UsageError(f"{part.shape[1]} replications in the numerator, {n} in the denominator")
    redraws = _redraws if n * draws <= _FEW else _redraws.__wrapped__
    weights = redraws(n, seed, draws)
    value = part.sum(axis=1) / whole.sum()
    deviation = (weights @ part.T) / (weights @ whole)[:, None] - value
    residual = part - value[:, None] * whole
    error = np.sqrt(n / (n - 1.0) * np.square(residual).sum(axis=1)) / whole.sum()
    return part, whole, deviation, error


@lru_cache(maxsize=2)
def _redraws(n: int, seed: int, draws: int) -> FloatArray:
    """(draws, n) how often each replication is drawn; the bands of one run all begin with the same."""
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=draws).astype(np.float64)


def _quantile(largest: FloatArray, level: float) -> float:
    return float(np.quantile(largest, level, method="higher"))


def statistical_gap(
    cost: npt.ArrayLike,
    served: npt.ArrayLike,
    choice: npt.NDArray[np.int64],
    price: float,
    level: float = 0.95,
) -> Estimate:
    """How far a plan can be from the true optimum at this price of service, from independent batches.

    Parameters
    ----------
    cost, served : (n_segments, n_targets, n_batches) int or float
        Sums per batch of replications that the plan was not chosen on.
    choice : (n_segments,) int
        The plan.
    price : float
        Cost that one more unit served is worth: the slope of the frontier at the plan.
    level : float
        Confidence of the upper limit (one-sided).

    Returns
    -------
    Estimate
        Mean over batches of cost − price · served of the plan minus that of the batch's own
        optimum, in units of cost per batch; `low` is 0. The batch optimum is biased downwards, so
        the limit errs on the safe side.

    References
    ----------
    Mak, Morton, Wood (1999), Monte Carlo bounding techniques, Operations Research Letters 24.
    """
    net = np.asarray(cost, dtype=np.float64) - price * np.asarray(served, dtype=np.float64)
    n_segments, _, n_batches = net.shape
    if n_batches < 2:
        raise UsageError("the statistical gap needs at least two batches")
    own = net[np.arange(n_segments), choice].sum(axis=0)
    gap = own - net.min(axis=1).sum(axis=0)
    mean = float(gap.mean())
    half = t_quantile(level, n_batches - 1.0) * float(gap.std(ddof=1)) / math.sqrt(n_batches)
    return Estimate(mean, 0.0, mean + half, level, "simulation", n_batches, "one-sided upper limit")
