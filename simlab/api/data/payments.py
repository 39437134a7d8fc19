"""When purchases are paid: payment terms of items, and money moved to the day it is due."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.catalog import Catalog

COLUMN = "payment_days"


@dataclass(frozen=True, eq=False)
class PaymentTerms:
    """Items by their terms.

    Attributes
    ----------
    group : (n,) int64
        Which of `days` an item has.
    days : (g,) float
        Days from purchase to payment; 0 where items say nothing.
    """

    group: IntArray
    days: FloatArray


def payment_terms(catalog: Catalog) -> PaymentTerms:
    """Terms of a catalogue, as the column `payment_days` of items says."""
    said = np.nan_to_num(catalog.numbers.get(COLUMN, np.zeros(catalog.n_items)))
    days, group = np.unique(said, return_inverse=True)
    return PaymentTerms(group.astype(np.int64), np.asarray(days, dtype=np.float64))


def paid(purchases: FloatArray, terms: PaymentTerms, period_days: float) -> FloatArray:
    """Purchases at the period they are paid in.

    Parameters
    ----------
    purchases : (g, r, periods) float
        Money by terms, replication and period.
    terms : PaymentTerms
    period_days : float
        Days of a period; terms between two periods are split between them in proportion.

    Returns
    -------
    (r, periods) float
        What is due after the last period is not in it.
    """
    total = np.zeros(purchases.shape[1:])
    n = purchases.shape[2]
    for bought, days in zip(purchases, terms.days / period_days, strict=True):
        whole, rest = int(days), days - int(days)
        for shift, share in ((whole, 1.0 - rest), (whole + 1, rest)):
            if share > 0 and shift < n:
                total[:, shift:] += share * bought[:, : n - shift]
    return total
