"""Which law predicts an item best, as far as its few scores can tell it from its group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.engine.types import FloatArray, IntArray
from simlab.models.calendar import BoolArray
from simlab.models.scores import BASE, Scores

_LEAST_PREDICTED = 4


@dataclass(frozen=True, eq=False)
class Ranking:
    """Scores of each item, shrunk towards its group.

    Attributes
    ----------
    best : (n,) int64
        Column of `Scores.laws` with the highest shrunk score.
    gain : (n, l) float
        Shrunk mean difference to the base law per period.
    is_own : (n,) bool
        The item has scores of its own; else its group's law is taken.
    """

    best: IntArray
    gain: FloatArray
    is_own: BoolArray


def rank(scores: Scores, group: IntArray, allowed: BoolArray) -> Ranking:
    """Shrink every item's score differences towards its group and take the best allowed law.

    Parameters
    ----------
    scores : Scores
        n items.
    group : (n,) int64
        Group of each item.
    allowed : (n, l) bool
        Laws that the item may have; the base law always.

    Notes
    -----
    Per group and law the difference to the negative binomial has mean D and variance B between items
    beyond the noise (method of moments). An item's shrunk difference is D + B/(B + noise)·(d − D): with
    few or erratic periods the group decides, so that luck in a few periods does not choose laws. Noise
    is the mean of the item's own and its group's: a quiet stretch looks surer than it is.
    """
    own = scores.n_predicted >= _LEAST_PREDICTED
    away = np.where(own[:, None], scores.mean - scores.mean[:, [BASE]], 0.0)
    noise = np.where(own[:, None], scores.noise, 0.0)
    n_groups = int(group.max()) + 1 if group.size else 1
    count = np.bincount(group[own], minlength=n_groups)[:, None].astype(np.float64)
    mean = _by_group(group[own], away[own], n_groups) / np.maximum(count, 1)
    spread = _by_group(group[own], (away - mean[group])[own] ** 2, n_groups) / np.maximum(count - 1, 1)
    usual = _by_group(group[own], noise[own], n_groups) / np.maximum(count, 1)
    between = np.maximum(spread - usual, 0.0)
    noise = (noise + usual[group]) / 2
    alone = (count <= 1)[group]
    belief = between[group] / np.maximum(between[group] + noise, 1e-300)
    gain = mean[group] + np.where(alone, 1.0, belief) * np.where(own[:, None], away - mean[group], 0.0)
    return Ranking(np.where(allowed, gain, -np.inf).argmax(axis=1), gain, own)


def _by_group(group: IntArray, values: FloatArray, n_groups: int) -> FloatArray:
    return np.array([np.bincount(group, weights=line, minlength=n_groups) for line in values.T]).T
