"""The most that was ever demanded in R + L: what a level can be compared with."""

from __future__ import annotations

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.engine.world.world import LeadTimeLaw, OrderTerms
from simlab.models.history.history import History, opened

NOT_KNOWN = -1
"""In place of a largest demand, of items whose law does not come from a history."""

LEAST = 2
"""No limit is below this: one unit on the shelf and one on order."""
_NONE = np.iinfo(np.int64).max
_SPREADS = 2.0  # standard deviations of a random lead time that R + L is taken to last


def protected_periods(lead_time: LeadTimeLaw, terms: OrderTerms) -> IntArray:
    """(n,) whole periods of R + L; of random lead times the mean and two standard deviations.

    To the nearest period: a lead time of 19.99 months is one of 20.
    """
    from simlab.models.suppliers.lead_times import moments

    mean, variance = moments(lead_time)
    longest = np.rint(mean + _SPREADS * np.sqrt(variance))
    return np.asarray(terms.review_period + longest.astype(np.int64))


def largest_demands(history: History, span: IntArray) -> IntArray:
    """(n,) largest sum of demands in any `span` consecutive open periods of the history.

    Parameters
    ----------
    history : History
    span : (n,) int64
        Periods, at least 1.
    """
    return np.concatenate(history.of_blocks(lambda items, block: _largest_demands(block, span[items])))


def _largest_demands(history: History, span: IntArray) -> IntArray:
    out = np.zeros(history.n_items, np.int64)
    if history.item.size == 0:
        return out
    width = int(history.calendar.n_periods + span.max() + 1)
    key = history.item.astype(np.int64) * width + opened(history)[history.period]
    total = np.concatenate([[0], np.cumsum(history.quantity, dtype=np.int64)])
    ends = np.searchsorted(key, key + span[history.item])
    some = history.n_positive > 0
    out[some] = np.maximum.reduceat(total[ends] - total[:-1], history.bounds[:-1][some])
    return out


def level_limits(
    largest: IntArray, n_observed: IntArray, span: IntArray, times: float, pack: IntArray
) -> IntArray:
    """(n,) highest level to plan: `times` the largest demand in R + L, 2 at least, in whole packs.

    Parameters
    ----------
    largest : (n,) int64
        `NOT_KNOWN`: no limit.
    n_observed, span : (n,) int64
        Periods of history, and of R + L; a history shorter than R + L is stretched to it.
    times : float
        0: no limit.
    pack : (n,) int64
        Units of a pack.
    """
    if times == 0:
        return np.full(largest.size, _NONE)
    stretch: FloatArray = np.maximum(span / np.maximum(n_observed, 1), 1.0)
    most = np.maximum(np.ceil(times * largest * stretch - 1e-9), LEAST).astype(np.int64)
    packs = -(-most // np.maximum(pack, 1)) * np.maximum(pack, 1)
    return np.where(largest == NOT_KNOWN, _NONE, packs)


def known_largest(history: History, fitted: BoolArray, span: IntArray) -> IntArray:
    """(n,) largest demand in R + L of items whose law was fitted to a history; else `NOT_KNOWN`."""
    return np.where(fitted & (history.n_observed > 0), largest_demands(history, span), NOT_KNOWN)
