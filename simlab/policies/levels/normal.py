"""The textbook's levels: demand over the protection interval taken as normal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.policies.sums.moments import interval_moments, sum_moments

if TYPE_CHECKING:
    from simlab.models import Models
    from simlab.policies.levels.exact import Measure
    from simlab.policies.sums.consecutive import Consecutive


_STEPS = 60
_TIE = 1e-9


def normal_levels(
    models: Models,
    targets: FloatArray,
    measure: Measure,
    lot: FloatArray,
    consecutive: Consecutive | None = None,
) -> IntArray:
    """Levels by mean + safety factor × standard deviation of demand over R + L, rounded up.

    Parameters
    ----------
    models : Models
        n items.
    targets : (n, k) float
        In (0, 1).
    measure : {"fill_rate", "cycle_service_level"}
        What the targets are of.
    lot : (n,) float
        Units that a cycle brings: mean demand of a review period for (R,S), Q for (R,s,nQ).
    consecutive : Consecutive, optional
        Items whose periods depend on each other: their σ² is the variance of the demand of R + L consecutive
        periods.

    Returns
    -------
    (n, k) int64
        Order-up-to level of (R,S), reorder point of (R,s,nQ).

    Notes
    -----
    σ² = (R + E[L])·σ_d² + mean²·Var[L]; cycle service: z = Φ⁻¹(target); fill rate: G(z) =
    (1 − target)·lot/σ with G the normal loss function.

    References
    ----------
    Silver, Pyke & Thomas (2017), Inventory and Production Management in Supply Chains, 4th ed., ch. 6.
    """
    demand = models.world.demand
    mean_lead, var_lead = models.lead_time_moments
    interval = models.world.terms.review_period + mean_lead
    mean = demand.mean * interval
    sd = np.sqrt(interval * demand.variance + demand.mean**2 * var_lead)
    if consecutive is not None:
        rows = np.flatnonzero(consecutive.hanging)
        review = models.world.terms.review_period[rows]
        mean[rows], variance = interval_moments(models, consecutive, rows, review)
        sd[rows] = np.sqrt(variance)
    return _raised(mean, sd, targets, measure, lot)


def normal_reorder_points(
    models: Models,
    targets: FloatArray,
    measure: Measure,
    gap: IntArray,
    consecutive: Consecutive | None = None,
) -> IntArray:
    """Reorder points of (R,s,S) by the same formula, with a correction for undershoot.

    Parameters
    ----------
    models, targets, measure, consecutive
        As in `normal_levels`.
    gap : (n,) int64
        S − s, units.
    """
    mean, sd, lot = undershooting(models, gap, consecutive)
    return _raised(mean, sd, targets, measure, lot)


def undershooting(
    models: Models, gap: IntArray, consecutive: Consecutive | None = None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """What (R,s,S) must cover from the review that orders to the receipt, and what a cycle brings.

    Returns
    -------
    mean, sd, lot : (n,) float
        Of lead-time demand plus the undershoot U of that review; S − s + E[U].

    Notes
    -----
    U is the excess of a renewal process of review periods' demand X: E[U] = E[X²]/(2·E[X]),
    E[U²] = E[X³]/(3·E[X]), the third moment that of a gamma law with X's mean and variance.

    References
    ----------
    Tijms & Groenevelt (1984), Simple approximations for the reorder point in periodic and continuous
    review (s, S) inventory systems with service level constraints. EJOR 17, 175–190.
    """
    demand = models.world.demand
    mean_lead, var_lead = models.lead_time_moments
    review = models.world.terms.review_period
    one = review * demand.mean
    reviewed = review * demand.variance
    lead = demand.mean * mean_lead
    lead_variance = mean_lead * demand.variance + demand.mean**2 * var_lead
    if consecutive is not None:
        rows = np.flatnonzero(consecutive.hanging)
        reviewed[rows] = [variance[-1] for _, variance in sum_moments(consecutive, rows, review[rows])]
        lead[rows], lead_variance[rows] = interval_moments(models, consecutive, rows, np.zeros_like(rows))
    spread = np.where(one > 0, reviewed / np.where(one > 0, one, 1.0) ** 2, 0.0)
    undershoot = one * (1 + spread) / 2
    variance = one**2 * (1 + spread) * (1 + 5 * spread) / 12
    return lead + undershoot, np.sqrt(lead_variance + variance), gap + undershoot


def _raised(
    mean: FloatArray, sd: FloatArray, targets: FloatArray, measure: Measure, lot: FloatArray
) -> IntArray:
    """(n, k) mean + z·sd, rounded up."""
    factor = safety_factors(sd, targets, measure, lot)
    return np.ceil(mean[:, None] + factor * sd[:, None] - _TIE).astype(np.int64)


def safety_factors(sd: FloatArray, targets: FloatArray, measure: Measure, lot: FloatArray) -> FloatArray:
    """(n, k) z of the textbook formula.

    Parameters
    ----------
    sd : (n,) float
        Standard deviation of demand, or of its forecast, over the interval to protect.
    targets, measure, lot
        As in `normal_levels`.
    """
    from scipy.special import ndtri

    sd = sd[:, None]
    if measure == "cycle_service_level":
        return np.asarray(ndtri(targets))
    factor = inverse_loss((1.0 - targets) * lot[:, None] / np.where(sd > 0, sd, np.inf))
    return np.where(sd > 0, factor, 0.0)


def loss(z: FloatArray) -> FloatArray:
    """Standard normal loss function G(z) = φ(z) − z·(1 − Φ(z))."""
    from scipy.special import ndtr

    return np.asarray(np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi) - z * ndtr(-z))


def inverse_loss(value: FloatArray) -> FloatArray:
    """z with G(z) = value ≥ 0, by Newton from the left of the convex function (∞ at 0)."""
    from scipy.special import ndtr

    wanted = np.maximum(value, 1e-300)
    z = -wanted
    for _ in range(_STEPS):
        step = (loss(z) - wanted) / ndtr(-z)
        z = z + step
        if (np.abs(step) <= 1e-12 * (1.0 + np.abs(z))).all():
            break
    return np.asarray(z)
