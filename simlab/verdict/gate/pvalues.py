"""Is a mean above or below zero? p-values by replication that hold in the tails that many items need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from simlab.arrays import FloatArray, IntArray


FEWEST = 10
"""Replications that differ, below which no mean is judged by its spread."""


@dataclass(frozen=True, eq=False)
class MeanTest:
    """Tests of n means, each against zero.

    Attributes
    ----------
    above : (n,) float
        p of "the mean is at most 0": small where it lies above.
    below : (n,) float
        p of "the mean is at least 0": small where it lies below.
    mean, error : (n,) float
        The mean, and its standard error.
    """

    above: FloatArray
    below: FloatArray
    mean: FloatArray
    error: FloatArray


def mean_tests(values: FloatArray) -> MeanTest:
    """One-sided tests of every row's mean.

    Parameters
    ----------
    values : (n, r) float
        One number per replication, independent between replications.

    Notes
    -----
    p is the larger of Student's and of Hall's (1992, Journal of the Royal Statistical Society B 54, eq. 2.6):
    with Q = mean ÷ s, sample skewness g and W = √r (Q + g Q²/3 + g² Q³/27 + g/(6r)), W is normal to second
    order, as a studentised bootstrap is. Rows without spread: 1, unless their mean is not 0.
    """
    from scipy.special import ndtr, stdtr

    r = values.shape[1]
    mean = values.mean(axis=1)
    centred = values - mean[:, None]
    variance = (centred**2).sum(axis=1) / (r - 1)
    s = np.sqrt(variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        skew = np.where(s > 0, (centred**3).mean(axis=1) / s**3, 0.0)
        q = np.where(s > 0, mean / s, np.sign(mean) * np.inf)
    flat = s == 0
    qs = np.where(flat, 0.0, q)
    w = np.sqrt(r) * (qs + skew * qs**2 / 3 + skew**2 * qs**3 / 27 + skew / (6 * r))
    t = np.sqrt(r) * qs
    above = np.maximum(stdtr(r - 1, -t), ndtr(-w))
    below = np.maximum(stdtr(r - 1, t), ndtr(w))
    above = np.where(flat, np.where(mean > 0, 0.0, 1.0), above)
    below = np.where(flat, np.where(mean < 0, 0.0, 1.0), below)
    return MeanTest(above, below, mean, s / np.sqrt(r))


def rare_losses(differ: IntArray, replications: int, share: FloatArray) -> FloatArray:
    """(n,) p of "the mean loss is at least a share of the largest that a replication can lose".

    Parameters
    ----------
    differ : (n,) int64
        Replications in which anything is lost; those in which something is gained count as well.
    replications : int
    share : (n,) float
        Tolerated mean loss ÷ largest loss of a replication, 0 … 1.

    Notes
    -----
    If a loss were that large in the mean, at least this share of replications would lose something:
    exact binomial, whatever the sizes.
    """
    from scipy.special import betainc

    p = np.clip(share, 0.0, 1.0)
    left = np.maximum(replications - differ, 1)
    at_most = betainc(left, differ + 1.0, 1.0 - p)  # P(Bin(r, p) ≤ differ)
    return np.asarray(np.where((p > 0) & (differ < replications), at_most, 1.0))
