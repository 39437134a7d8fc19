"""What one more unit of stock is worth: margin now and later, units short, and carrying what is left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.arrays import FloatArray


@dataclass(frozen=True)
class Reward:
    """Money per unit, and what the next round of demand counts of this one.

    Attributes
    ----------
    margin : float
        Earned by a unit that is sold.
    stock_out : float
        Lost by a unit that is asked for and not there; ≥ 0.
    carrying : float
        Of a unit that is left over after a round of demand; ≥ 0.
    margin_discount, carrying_discount : float
        Of later rounds; 0 … 1, that of carrying below 1 where nothing may ever be demanded.
    """

    margin: float
    stock_out: float
    carrying: float
    margin_discount: float = 0.3
    carrying_discount: float = 0.98


def stock_reward(probability: FloatArray, most: int, money: Reward) -> FloatArray:
    """(most + 1,) value of having k = 0 … most units available.

    Parameters
    ----------
    probability : (m,) float
        Of a demand of 0, 1, … m − 1 units in a round.
    most : int
    money : Reward

    Notes
    -----
    The sum of M(k) = m E min(D, k) + a E M((k − D)⁺), C(k) = −c E (k − D)⁺ + b E C((k − D)⁺) and
    S(k) = −s E (D − k)⁺. D = 0 leaves k as it is, so that it stands on both sides; what is sold out earns
    and costs nothing more (M(0) = 0, C(0) = 0). The value of unit k is the difference to k − 1. The
    recursion of a stock reward, as used for the ranking of purchases (Vermorel, Lokad, 2015).
    """
    from scipy.signal import lfilter

    p = np.zeros(max(most + 1, probability.size))
    p[: probability.size] = probability
    k = np.arange(most + 1)
    tail = 1.0 - np.cumsum(p)  # P(D > k)
    sold = np.concatenate([[0.0], np.cumsum(np.maximum(tail, 0.0)[:most])])  # E min(D, k)
    mean = float(np.dot(np.arange(p.size), p))
    left = k - sold  # E (k − D)⁺
    short = np.maximum(mean - sold, 0.0)

    def repeated(now: FloatArray, discount: float) -> FloatArray:
        again = -discount * p[: most + 1]
        again[0] += 1.0
        if again[0] <= 0:
            raise ValueError("a discount of 1 needs demand: nothing would ever come down")
        now = now.copy()
        now[0] = 0.0
        return np.asarray(lfilter([1.0], again, now))

    earned = repeated(money.margin * sold, money.margin_discount)
    held = repeated(-money.carrying * left, money.carrying_discount)
    return np.asarray(earned + held - money.stock_out * short)
