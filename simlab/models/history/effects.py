"""Multiplicative effects on counts, pooled by group and shrunk: quasi-Poisson with a level per item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray

_ROUNDS = 50
_HELD = 0.25  # precision of a normal prior around no effect: 2 standard deviations are a factor of 50
_LARGEST_STEP = 1.0


@dataclass(frozen=True, eq=False)
class Exposed:
    """Demand of the periods that show an effect, and of the others.

    Attributes
    ----------
    item : (x,) int64
    effect : (x, k) float
        Regressors of an exposed period; those of all other periods are 0.
    quantity : (x,) float
        Units.
    n_base, base, base_squares : (n,) float
        Periods that are not exposed, the sum of their demands and of its squares.
    """

    item: IntArray
    effect: FloatArray
    quantity: FloatArray
    n_base: FloatArray
    base: FloatArray
    base_squares: FloatArray

    def take(self, items: BoolArray) -> Exposed:
        """Some of the items; the others have no period at all."""
        kept = items[self.item]
        there = items.astype(np.float64)
        return Exposed(
            self.item[kept],
            self.effect[kept],
            self.quantity[kept],
            self.n_base * there,
            self.base * there,
            self.base_squares * there,
        )


@dataclass(frozen=True, eq=False)
class Effects:
    """Estimated effects.

    Attributes
    ----------
    value, variance : (groups, k) float
        On the logarithm of demand, shrunk towards all items.
    borrowed : (groups, k) float
        Weight of all items in it.
    """

    value: FloatArray
    variance: FloatArray
    borrowed: FloatArray


def grouped_effects(exposed: Exposed, group: IntArray, n_groups: int) -> Effects:
    """Effects per group, shrunk towards those of all items.

    Notes
    -----
    Per group θ_g with sampling variance v_g, of all items θ. Between groups τ² = max(0, Σ w(θ_g − θ)² −
    (m − 1)) ÷ (Σ w − Σ w² ÷ Σ w) with w = 1/v_g. Shrunk: θ + τ²/(τ² + v_g) · (θ_g − θ). What is not known
    of τ² adds 2/(m − 3) · (v_g/(τ² + v_g))² · (θ_g − θ)² to the variance (Morris).

    References
    ----------
    DerSimonian & Laird (1986), Meta-analysis in clinical trials, for τ². Morris (1983), Parametric empirical
    Bayes inference.
    """
    overall, doubt, dispersion = effects(exposed)
    k = overall.size
    own, noise = np.tile(overall, (n_groups, 1)), np.full((n_groups, k), np.inf)
    for code in np.unique(group[np.unique(exposed.item)]).tolist() if n_groups > 1 else []:
        own[code], noise[code], _ = effects(exposed.take(group == code), dispersion)
    value, variance, borrowed = (np.empty((n_groups, k)) for _ in range(3))
    for at in range(k):
        weight = 1 / noise[:, at]
        between = _between(own[:, at], weight)
        belief = between / (between + noise[:, at])
        value[:, at] = overall[at] + belief * (own[:, at] - overall[at])
        finite = np.where(np.isfinite(noise[:, at]), noise[:, at], 0.0)
        variance[:, at] = belief**2 * finite + (1 - belief) ** 2 * (doubt[at] + between)
        several = int(np.isfinite(noise[:, at]).sum())
        unsure = 2 / max(several - 3, 1) * (1 - belief) ** 2  # τ² itself is estimated
        variance[:, at] += unsure * (own[:, at] - overall[at]) ** 2
        borrowed[:, at] = 1 - belief
    return Effects(value, variance, borrowed)


def _between(own: FloatArray, weight: FloatArray) -> float:
    """Variance of effects between groups beyond their noise."""
    total = weight.sum()
    several = int((weight > 0).sum())
    if several < 2:
        return 0.0
    centre = (weight * own).sum() / total
    excess = float((weight * (own - centre) ** 2).sum() - (several - 1))
    return max(excess, 0.0) / float(total - (weight**2).sum() / total)


def effects(exposed: Exposed, least: float = 1.0) -> tuple[FloatArray, FloatArray, float]:
    """(k,) effects on log demand, their sampling variances (infinite where nothing tells), dispersion.

    Parameters
    ----------
    exposed : Exposed
        Demand of exposed and other periods.
    least : float
        Variance ÷ mean of demand that is assumed at least: a group of few periods fits itself too well.

    Notes
    -----
    E[D] = base_i · exp(x·θ). The levels base_i are concentrated out: base_i = Y_i ÷ Σ exp(x·θ). Newton on
    the Poisson likelihood, held weakly towards no effect so that promotions without any sale stay finite.
    The variance is the larger of the sandwich over periods and dispersion × inverse information, the
    dispersion being Pearson's, at least `least`: demand may vary more than Poisson.

    References
    ----------
    Wooldridge (1999), Distribution-free estimation of some nonlinear panel data models.
    """
    x = exposed.effect
    k, n = x.shape[1], exposed.n_base.size
    theta = np.zeros(k)
    total = exposed.base + np.bincount(exposed.item, weights=exposed.quantity, minlength=n)
    if exposed.item.size == 0 or total.sum() == 0:
        return theta, np.full(k, np.inf), least
    for _ in range(_ROUNDS):
        factor, scale, centre = _levels(exposed, theta)
        expected = (total / scale)[exposed.item] * factor
        score = ((exposed.quantity - expected)[:, None] * x).sum(axis=0) - _HELD * theta
        information = (x * expected[:, None]).T @ x - (centre * total[:, None]).T @ centre
        step = np.linalg.solve(information + _HELD * np.eye(k), score)
        step = np.clip(step, -_LARGEST_STEP, _LARGEST_STEP)
        theta = theta + step
        if np.abs(step).max() < 1e-10:
            break
    variance, dispersion = _variance(exposed, theta, total, information, least)
    return theta, variance, dispersion


def _levels(exposed: Exposed, theta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(x,) factors, (n,) their sums with the base periods, (n, k) mean regressor of each item."""
    factor = np.exp(exposed.effect @ theta)
    n = exposed.n_base.size
    scale = exposed.n_base + np.bincount(exposed.item, weights=factor, minlength=n)
    scale = np.where(scale > 0, scale, 1.0)
    sums = [np.bincount(exposed.item, weights=factor * column, minlength=n) for column in exposed.effect.T]
    return factor, scale, np.array(sums).T / scale[:, None]


def _variance(
    exposed: Exposed, theta: FloatArray, total: FloatArray, information: FloatArray, least: float
) -> tuple[FloatArray, float]:
    factor, scale, centre = _levels(exposed, theta)
    level = total / scale
    away = (exposed.quantity - level[exposed.item] * factor) ** 2
    apart = exposed.effect - centre[exposed.item]
    meat = (apart * away[:, None]).T @ apart
    quiet = exposed.base_squares - 2 * level * exposed.base + exposed.n_base * level**2
    meat += (centre * np.maximum(quiet, 0.0)[:, None]).T @ centre
    known = np.diag(information) > 1e-9
    bread = np.linalg.inv(information + _HELD * np.eye(theta.size))
    lives = level > 0
    away = np.where(level[exposed.item] > 0, away / np.maximum(level[exposed.item] * factor, 1e-9), 0.0)
    misfit = away.sum() + (np.maximum(quiet, 0.0)[lives] / level[lives]).sum()
    counted = exposed.n_base[lives].sum() + lives[exposed.item].sum()
    dispersion = max(float(misfit / max(counted - lives.sum() - theta.size, 1.0)), least)
    spread = np.maximum(np.diag(bread @ meat @ bread), dispersion * np.diag(bread))
    return np.where(known, spread, np.inf), dispersion
