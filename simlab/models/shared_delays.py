"""Are delays shared by the orders that a supplier gets on one day?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simlab.engine.types import FloatArray, IntArray
from simlab.models.orders import Observed
from simlab.models.testing import f_p

_FEWEST_PAIRS = 3
_FEWEST_WITHIN = 5


@dataclass(frozen=True)
class Shared:
    """How alike the lead times of one day's orders are.

    Attributes
    ----------
    n_days : int
        Order days compared, those with several orders among them: `n_several`.
    n_several : int
    correlation : float
        Intraclass correlation: share of the variance (of what the groups of `lead_times.by` leave) that
        orders of one day have in common, beyond what neighbouring order days have; 1: they arrive
        together, 0: each for itself. NaN where too few days can be compared.
    p : float
        F test of 0; approximate, as lead times are not normal. NaN likewise.
    """

    n_days: int
    n_several: int
    correlation: float
    p: float


def shared_delay(seen: Observed, rows: IntArray, by: Sequence[str]) -> Shared:
    """Compare orders of one day with those of the next order day.

    Parameters
    ----------
    seen : Observed
        Lead times.
    rows : (k,) int64
        Received orders of one supplier.
    by : sequence of str
        Columns whose groups have laws of their own: their means are taken off first.

    Notes
    -----
    Neighbouring order days are taken in pairs, so that a slow change does not look like sharing. With
    sizes a and b of a pair and means x and y, E[ab/(a + b)·(x − y)²] = w + d·2ab/(a + b), w the variance
    within days and d the variance of what a day's orders share.

    References
    ----------
    Searle, Casella & McCulloch (1992), Variance Components, chapter 3 (unbalanced one-way data).
    """
    rows = rows[np.argsort(seen.table.order_date[rows], kind="stable")]
    value = _without_groups(seen, rows, by)
    _, day = np.unique(seen.table.order_date[rows], return_inverse=True)
    size = np.bincount(day)
    several = int((size > 1).sum())
    mean = np.bincount(day, weights=value) / size
    within, free = float(((value - mean[day]) ** 2).sum()), int(value.size - size.size)
    n_pairs = size.size // 2
    if n_pairs < _FEWEST_PAIRS or free < _FEWEST_WITHIN:
        return Shared(size.size, several, float("nan"), float("nan"))
    a, b = size[0 : 2 * n_pairs : 2], size[1 : 2 * n_pairs : 2]
    apart = mean[0 : 2 * n_pairs : 2] - mean[1 : 2 * n_pairs : 2]
    between, inside = float((a * b / (a + b) * apart**2).mean()), within / free
    if between == 0 and inside == 0:
        return Shared(size.size, several, float("nan"), float("nan"))
    common = max(between - inside, 0.0) / float((2 * a * b / (a + b)).mean())
    p = 0.0 if inside == 0 else f_p(between / inside, n_pairs, free)
    return Shared(size.size, several, common / (common + inside), p)


def _without_groups(seen: Observed, rows: IntArray, by: Sequence[str]) -> FloatArray:
    """(k,) days less the mean of the group that the law is made of."""
    table = seen.table.take(rows)
    known = {"supplier": table.supplier, "sku": table.sku, "location": table.location, **table.texts}
    keys = list(zip(*(known[name] for name in by if name in known), strict=True))
    number: dict[object, int] = {}
    code = np.array([number.setdefault(key, len(number)) for key in keys], dtype=np.int64)
    days = seen.days[rows].astype(np.float64)
    if not code.size:
        return days
    return np.asarray(days - (np.bincount(code, weights=days) / np.bincount(code))[code])
