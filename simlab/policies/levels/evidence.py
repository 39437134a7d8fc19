"""What simulation has shown of a few levels of many SKU-locations: service, and how well it is known.

What is missed moves with what is demanded, and with what would be missed on the same draws if all demand
waited. The expectations of both are known, so that their deviations correct the estimate (control variates):
about ten times fewer replications do.

References
----------
Lavenberg, Welch (1981), A perspective on the use of control variables to increase the efficiency of Monte
Carlo simulations, Management Science 27(3), 322–335, equations 8 to 14.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray

ROOM = 48
"""Levels that are kept of an item."""
_MISSED, _ASKED, _DEMANDED, _WAITING = range(4)
_SINGULAR = 1e-9


@dataclass(frozen=True, eq=False)
class Expected:
    """What is known of the control variates.

    Attributes
    ----------
    demanded : (n,) float
        Mean demand of a period.
    is_known : (n,) bool
        Whether that is the law's to the last digit; else nothing is corrected.
    waiting : (n, ROOM) float
        Units a period that would not be served at once if all waited, by level; NaN where no formula is
        exact.
    """

    demanded: FloatArray
    is_known: BoolArray
    waiting: FloatArray

    def take(self, at: tuple[IntArray, IntArray]) -> Expected:
        """Of some items and levels: rows (m, 1), places (k,)."""
        rows = at[0][:, 0]
        return Expected(self.demanded[rows], self.is_known[rows], self.waiting[at])


class Evidence:
    """Moments of what n items missed and were asked, by level.

    Attributes
    ----------
    levels : (n, ROOM) int64
        Levels looked at, in the order they came; `used` says how many.
    used : (n,) int64
    seen : (n, ROOM) int64
        Replications of each.
    """

    def __init__(self, n_items: int) -> None:
        self.levels = np.zeros((n_items, ROOM), np.int64)
        self.used = np.zeros(n_items, np.int64)
        self.seen = np.zeros((n_items, ROOM), np.int64)
        self._places: list[dict[int, int]] = [{} for _ in range(n_items)]
        self._batches = np.zeros((n_items, ROOM))
        self._periods = np.zeros((n_items, ROOM))
        self._sums = np.zeros((n_items, ROOM, 4))
        self._products = np.zeros((n_items, ROOM, 4, 4))

    def place(self, item: int, level: int) -> int:
        """Where a level of an item is kept; −1 where there is no more room."""
        places = self._places[item]
        if level not in places:
            if len(places) == ROOM:
                return -1
            self.levels[item, len(places)] = level
            places[level] = len(places)
            self.used[item] = len(places)
        return places[level]

    def add(
        self, rows: IntArray, places: IntArray, sums: FloatArray, periods: float, replications: int
    ) -> None:
        """Enter a round.

        Parameters
        ----------
        rows, places : (m,) int64
            Items, and where their levels are kept; no pair twice.
        sums : (m, 4, batches) float
            Missed, asked, demanded and waiting units of each batch.
        periods : float
            Periods of a batch.
        replications : int
            Of all batches.
        """
        at = rows, places
        self._batches[at] += sums.shape[2]
        self._periods[at] += periods * sums.shape[2]
        self._sums[at] += sums.sum(axis=2)
        self._products[at] += (sums @ sums.transpose(0, 2, 1)) / periods
        self.seen[at] += replications

    def estimate(self, expected: Expected, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """(m, k) share served of what was asked of some items, and its standard error.

        Levels in the order of `levels`, as many as any of these items has; NaN where an item has none.

        Notes
        -----
        With u = missed − m·asked of a batch, m their ratio, z the deviations of demand and of what would
        wait: m is lowered by β·z̄ ÷ (asked a period), β by least squares over batches; the error is that of
        the regression. It is at least as if one unit more or less had been missed.
        """
        at = rows[:, None], np.arange(self.used[rows].max(initial=1))
        total, sums, batches = np.maximum(self._periods[at], 1e-300), self._sums[at], self._batches[at]
        asked = np.maximum(sums[..., _ASKED], 1e-300)
        spread = self._products[at] - sums[..., :, None] * sums[..., None, :] / total[..., None, None]
        ratio = sums[..., _MISSED] / asked
        with_all = spread[..., _MISSED, :] - ratio[..., None] * spread[..., _ASKED, :]
        square = with_all[..., _MISSED] - ratio * with_all[..., _ASKED]
        off, inverse, used = _controls(spread, sums, expected.take(at), total)
        both = with_all[..., _DEMANDED:] * used
        slope = np.einsum("nkij,nkj->nki", inverse, both)
        rest = np.maximum(square - (slope * both).sum(axis=-1), 0.0)
        free = np.maximum(batches - 1 - used.sum(axis=-1), 1.0)
        far = np.einsum("nki,nkij,nkj->nk", off, inverse, off)
        rate = asked / total
        missed = ratio - (slope * off).sum(axis=-1) / rate
        error = np.sqrt(rest / free * (1.0 / total + far)) / rate
        nothing = batches == 0
        service = 1.0 - np.clip(missed, 0.0, 1.0)
        error = np.maximum(error, 1.0 / asked)
        return np.where(nothing, np.nan, service), np.where(nothing, np.nan, error)


def _controls(
    spread: FloatArray, sums: FloatArray, expected: Expected, total: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Deviations of the control variates, the inverse of their spread, and which are used."""
    known = expected.is_known[:, None] & (spread[..., _DEMANDED, _DEMANDED] > 0)
    a, b = spread[..., _DEMANDED, _DEMANDED], spread[..., _WAITING, _WAITING]
    c = spread[..., _DEMANDED, _WAITING]
    joint = a * b - c * c
    waits = known & np.isfinite(expected.waiting) & (joint > _SINGULAR * a * b)
    c = np.where(waits, c, 0.0)
    a, b = np.where(known, a, 1.0), np.where(waits, b, 1.0)
    joint = a * b - c * c
    inverse = np.stack([np.stack([b, -c], -1), np.stack([-c, a], -1)], -2) / joint[..., None, None]
    used = np.stack([known, waits], axis=-1).astype(np.float64)
    means = np.stack(np.broadcast_arrays(expected.demanded[:, None], np.nan_to_num(expected.waiting)), -1)
    return (sums[..., _DEMANDED:] / total[..., None] - means) * used, inverse, used
