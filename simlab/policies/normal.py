"""The textbook's levels: demand over the protection interval taken as normal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simlab.engine.types import FloatArray, IntArray

if TYPE_CHECKING:
    from simlab.models import Models
    from simlab.policies.exact import Measure

_STEPS = 60
_TIE = 1e-9


def normal_levels(models: Models, targets: FloatArray, measure: Measure, lot: FloatArray) -> IntArray:
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
    from scipy.special import ndtri

    demand = models.world.demand
    mean_lead, var_lead = models.lead_time_moments
    interval = models.world.terms.review_period + mean_lead
    mean = demand.mean * interval
    sd = np.sqrt(interval * demand.variance + demand.mean**2 * var_lead)[:, None]
    if measure == "cycle_service_level":
        factor = ndtri(targets)
    else:
        factor = inverse_loss((1.0 - targets) * lot[:, None] / np.where(sd > 0, sd, np.inf))
        factor = np.where(sd > 0, factor, 0.0)
    return np.ceil(mean[:, None] + factor * sd - _TIE).astype(np.int64)


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
