"""Two ways to predict demand over R + L, compared by the stock that each needs for the same service."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.models import DemandLaw
from simlab.policies.sums.serial import sum_transforms, wide
from simlab.policies.sums.transforms import lattice

CHANCES = np.concatenate([np.arange(0.50, 0.95, 0.05), np.arange(0.95, 0.99, 0.01), [0.99, 0.995, 0.999]])
"""Chances that a level is not exceeded, at which levels are tried."""


@dataclass(frozen=True, eq=False)
class Kept:
    """What levels of every chance would have served and left over.

    Attributes
    ----------
    served, left : (m, c) float
        Units served of what was asked, and units left at the end of R + L, by prediction and chance.
    asked : (m,) float
        Units asked.
    """

    served: FloatArray
    left: FloatArray
    asked: FloatArray

    def at(self, service: float, worth: FloatArray) -> tuple[float, FloatArray] | None:
        """The chance at which this share of the value asked is served, and the (m,) worth left over.

        Parameters
        ----------
        service : float
            Share of the value asked.
        worth : (m,) float
            Money per unit.

        Notes
        -----
        Straight lines between neighbouring chances; None where no chance serves as much, or all do.
        """
        total = float((self.asked * worth).sum())
        shares = (self.served * worth[:, None]).sum(axis=0) / max(total, 1e-300)
        above = np.flatnonzero(shares >= service)
        if above.size == 0 or above[0] == 0:
            return None
        k = int(above[0])
        part = float((service - shares[k - 1]) / (shares[k] - shares[k - 1]))
        left = (1 - part) * self.left[:, k - 1] + part * self.left[:, k]
        return float(CHANCES[k - 1] + part * (CHANCES[k] - CHANCES[k - 1])), left * worth


def kept_by(law: DemandLaw, periods: IntArray, observed: FloatArray) -> Kept:
    """Levels at the quantiles of a law's sums, played against what came.

    Parameters
    ----------
    law : DemandLaw
        m predictions.
    periods : (m,) int64
        Periods summed.
    observed : (m,) float
        What came, units.
    """
    grid = lattice(wide(law, periods), periods)
    level = np.zeros((law.n_items, CHANCES.size))
    for row in range(law.n_items):
        one = np.array([row])
        points, step = int(grid.points[row]), grid.step[one]
        shares = np.fft.irfft(sum_transforms(law, one, points, step, int(periods[row])), points)[0]
        upto = np.cumsum(np.maximum(shares, 0.0))
        level[row] = np.searchsorted(upto / upto[-1], CHANCES - 1e-12) * float(step[0])
    asked = observed[:, None]
    return Kept(np.minimum(level, asked), np.maximum(level - asked, 0.0), observed)
