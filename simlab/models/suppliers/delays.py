"""Days from order to receipt, orders still open included, and the laws of groups within groups."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.errors import InvalidInputError, Problem
from simlab.models.suppliers.orders import Observed, weekday_names

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.catalog.catalog import ReceiptTable


Key = tuple[str, ...]

_PARTS = 1_000_000
"""Probabilities of laws that are no plain counts are integers of this sum."""


@dataclass(frozen=True, eq=False)
class DayLaw:
    """A law of whole days.

    Attributes
    ----------
    days : (k,) int64
        Distinct, ascending.
    weights : (k,) int64
        Counts, or millionths.
    """

    days: IntArray
    weights: IntArray

    @property
    def mean(self) -> float:
        """Days."""
        return float((self.days * self.weights).sum() / self.weights.sum())

    @property
    def variance(self) -> float:
        """Days²."""
        return float(((self.days - self.mean) ** 2 * self.weights).sum() / self.weights.sum())


@dataclass(frozen=True, eq=False)
class Delays:
    """What the receipts tell.

    Attributes
    ----------
    days : (m,) int64
        Days on order; of open orders, so far.
    is_open : (m,) bool
        Not received yet: the lead time is longer than `days`.
    key : tuple of tuple of str
        Values of `lead_times.by` of each row; empty texts where not known.
    """

    days: IntArray
    is_open: BoolArray
    key: tuple[Key, ...]

    @cached_property
    def groups(self) -> dict[Key, IntArray]:
        """Rows by the beginnings of their keys, the empty one first."""
        number: dict[Key, int] = {}
        code = np.array([number.setdefault(key, len(number)) for key in self.key], dtype=np.int64)
        order = np.argsort(code, kind="stable")
        own = np.split(order, np.cumsum(np.bincount(code, minlength=len(number)))[:-1])
        of: dict[Key, list[IntArray]] = {(): []}
        for key, rows in zip(number, own, strict=False):  # without a row there is no key, and one empty part
            for n in range(len(key) + 1):
                of.setdefault(key[:n], []).append(rows)
        return {
            key: parts[0] if len(parts) == 1 else np.sort(np.concatenate([order[:0], *parts]))
            for key, parts in of.items()
        }

    def rows(self, prefix: Key) -> IntArray:
        """Rows whose key begins with these values."""
        return self.groups.get(prefix, np.zeros(0, np.int64))


def read_delays(catalog: Catalog, seen: Observed) -> Delays:
    """Orders received within `longest_days`, and orders open for less; see `orders.observe`.

    Raises
    ------
    InvalidInputError
        `lead_times.by` names a column that the receipts or the items do not have.
    """
    by = tuple(catalog.study.lead_times.by)
    _check_columns(catalog, by)
    keys = _keys(seen.table, by)
    if catalog.study.lead_times.order_weekday is not None:
        keys = [(*key, day) for key, day in zip(keys, weekday_names(seen.table.order_date), strict=True)]
    return Delays(seen.days, seen.is_open, tuple(keys))


def item_keys(catalog: Catalog) -> list[Key]:
    """Values of `lead_times.by` of every item, cut where one is not known; last the weekday of orders."""
    columns = [_item_column(catalog, name) for name in catalog.study.lead_times.by]
    day = catalog.study.lead_times.order_weekday
    if day is not None:
        columns.append([day] * catalog.n_items)
    out = []
    for values in zip(*columns, strict=True):
        known: list[str] = []
        for value in values:
            if not value:
                break
            known.append(value)
        out.append(tuple(known))
    return out


def product_limit(days: IntArray, is_open: BoolArray) -> DayLaw:
    """The law of lead times, open orders counted for what they tell: longer than so far.

    Parameters
    ----------
    days : (m,) int64
    is_open : (m,) bool
        At least one row is not.

    Notes
    -----
    Without open orders plain counts. What is left beyond the longest receipt goes to the longest receipt
    (Efron 1967), so that the law stays finite: it then understates the longest lead times.

    References
    ----------
    Kaplan & Meier (1958), Nonparametric estimation from incomplete observations.
    """
    values, counts = np.unique(days[~is_open], return_counts=True)
    if not is_open.any():
        return DayLaw(values, counts.astype(np.int64))
    at_risk = (days[None, :] >= values[:, None]).sum(axis=1)
    survival = np.cumprod(1 - counts / at_risk)
    survival[-1] = 0.0
    return DayLaw(values, millionths(-np.diff(survival, prepend=1.0)))


def pooled(own: DayLaw, parent: DayLaw, n: int, strength: float) -> DayLaw:
    """Mixture of a group's own law and the law of the group around it, weights n and `strength`."""
    days = np.union1d(own.days, parent.days)
    shares = np.zeros(days.size)
    for law, weight in ((own, n), (parent, strength)):
        shares[np.searchsorted(days, law.days)] += weight / (n + strength) * law.weights / law.weights.sum()
    return DayLaw(days, millionths(shares))


def smoothed(law: DayLaw, kind: str, longest: int) -> DayLaw:
    """A gamma or lognormal law with the mean and variance of a law of days, on whole days.

    Cut at `longest` days; the shares are those of [day − ½, day + ½).
    """
    from scipy import stats

    mean, variance = max(law.mean, 0.5), law.variance
    if variance <= 0:
        return law
    edges = np.arange(0, longest + 2) - 0.5
    edges[0] = 0.0
    if kind == "gamma":
        below = stats.gamma.cdf(edges, mean**2 / variance, scale=variance / mean)
    else:
        sigma2 = np.log1p(variance / mean**2)
        below = stats.lognorm.cdf(edges, np.sqrt(sigma2), scale=mean * np.exp(-sigma2 / 2))
    weights = millionths(np.diff(below) / below[-1])
    kept = weights > 0
    return DayLaw(np.flatnonzero(kept), weights[kept])


def millionths(shares: FloatArray) -> IntArray:
    """Shares as whole numbers that sum to a million, their sums from the left rounded."""
    edges = np.rint(np.cumsum(shares) / shares.sum() * _PARTS).astype(np.int64)
    return np.asarray(np.diff(edges, prepend=0))


def _keys(table: ReceiptTable, by: tuple[str, ...]) -> list[Key]:
    known = {"supplier": table.supplier, "sku": table.sku, "location": table.location, **table.texts}
    columns = [["" if cell is None else str(cell) for cell in known[name]] for name in by]
    return list(zip(*columns, strict=True))


def _item_column(catalog: Catalog, name: str) -> list[str]:
    if name in ("sku", "location"):
        return list(catalog.sku if name == "sku" else catalog.location)
    values = catalog.texts.get(name)
    if values is None:
        return [""] * catalog.n_items
    return ["" if cell is None else str(cell) for cell in values]


def _check_columns(catalog: Catalog, by: tuple[str, ...]) -> None:
    receipts = catalog.receipts
    problems = []
    for name in by:
        if (
            name not in ("supplier", "sku", "location")
            and receipts is not None
            and name not in receipts.texts
        ):
            problems.append(_lacking(catalog, name, "receipts"))
        if name not in ("supplier", "sku", "location") and name not in catalog.texts:
            problems.append(_lacking(catalog, name, "items"))
    if problems:
        raise InvalidInputError(problems)


def _lacking(catalog: Catalog, name: str, table: str) -> Problem:
    fix = "lead times by a group need its column in receipts (what was observed) and in items (what applies)"
    why = f"the {table} table has no column '{name}'"
    return Problem("E-MOD-007", why, catalog.study.file, column="lead_times.by", fix=fix)
