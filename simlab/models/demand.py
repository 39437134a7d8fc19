"""A demand law for every SKU-location, and the reason in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.engine.types import CodeArray, DemandLaw, FloatArray, IntArray, LawKind
from simlab.errors import InvalidInputError, Problem
from simlab.models.calendar import BoolArray
from simlab.models.given import LAW_NAMES, GivenLaws, read_given
from simlab.models.history import History
from simlab.models.pooling import Pool, pooled_dispersion

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.study import ModelSpec

LONG_HISTORY = 48
"""Periods from which a history may stand for itself (an empirical law) where Poisson and negative
binomial miss it: most of a year of weeks, or four years of months."""

_TEST_LEVEL = 0.05  # two-sided, of the dispersion test
_ZERO_ERRORS = 3.0  # standard errors by which the share of periods without demand may be missed


@dataclass(frozen=True, eq=False)
class Choice:
    """Law of every SKU-location.

    Attributes
    ----------
    law : DemandLaw
        Units per period.
    reason : tuple of str
        Why this law, per SKU-location.
    n_observed : (n,) int64
        Periods of history.
    cv : (n,) float
        Coefficient of variation per period, of the history where it has two periods or more, else
        of the law; NaN where nothing is demanded.
    """

    law: DemandLaw
    reason: tuple[str, ...]
    n_observed: IntArray
    cv: FloatArray


def choose_laws(catalog: Catalog, history: History | None) -> Choice:
    """Laws given in `items` where there are any, the others from history.

    Parameters
    ----------
    catalog : Catalog
        Items and study.
    history : History or None
        Demand per period.

    Raises
    ------
    InvalidInputError
        Laws that make no sense, and SKU-locations with neither a law nor a period of history, all at
        once.

    Notes
    -----
    ``law = "auto"``, from the index of dispersion I = variance/mean over n periods:

    - (n − 1)·I within the central 95 % of its χ² law under Poisson → Poisson;
    - above → negative binomial with this mean and variance; from `LONG_HISTORY` periods on the
      empirical law instead if the negative binomial misses the share of periods without demand by
      more than 3 standard errors;
    - below → empirical from `LONG_HISTORY` periods on, else Poisson (errs towards more stock).

    With fewer than `min_periods` periods the mean is kept and I is pooled.
    """
    given, problems = read_given(catalog)
    n_observed = np.zeros(catalog.n_items, np.int64) if history is None else history.n_observed
    problems += _unknown(catalog, history, given, n_observed)
    if problems:
        raise InvalidInputError(problems)
    if history is None:
        return _only_given(given)
    fitted, reason = _fitted(catalog, history, given)
    law = _law_arrays(fitted, history)
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = np.sqrt(history.variance) / history.mean
        of_law = np.sqrt(law.variance) / law.mean
    seen = ~given.mask & (n_observed >= 2)
    cv = np.where(law.mean > 0, np.where(seen, observed, of_law), np.nan)
    return Choice(law, reason, n_observed, cv)


@dataclass(frozen=True, eq=False)
class _Fit:
    kind: CodeArray
    mean: FloatArray
    variance: FloatArray


def _fitted(catalog: Catalog, history: History, given: GivenLaws) -> tuple[_Fit, tuple[str, ...]]:
    """Kind, mean and variance of all laws, with reasons."""
    study = catalog.study
    enough = max(study.models.min_periods, 2)
    n, mean = history.n_observed, np.nan_to_num(history.mean)
    pool = pooled_dispersion(catalog, history, enough, ~given.mask)
    short = n < enough
    variance = np.where(short, mean * pool.ratio, np.nan_to_num(history.variance))
    kind = _kinds(history, mean, variance, short, study.models.law)
    variance = np.where(kind == LawKind.POISSON, mean, variance)
    variance = np.where(kind == LawKind.EMPIRICAL, _population_variance(history), variance)
    reason = _reasons(history, kind, short, pool, study.models)
    kind = np.where(given.mask, given.kind, kind).astype(np.int8)
    mean = np.where(given.mask, given.mean, mean)
    variance = np.where(given.mask, given.variance, variance)
    told = tuple(
        g if is_given else r for is_given, g, r in zip(given.mask, given.reason, reason, strict=True)
    )
    return _Fit(kind, mean, variance), told


def _kinds(history: History, mean: FloatArray, variance: FloatArray, short: BoolArray, law: str) -> CodeArray:
    """(n,) `LawKind` of the laws fitted to history."""
    over = variance > mean
    by_moments = np.where(over, LawKind.NEGATIVE_BINOMIAL, LawKind.POISSON)
    if law == "auto":
        kind = np.where(short, by_moments, _auto(history, mean, variance))
    elif law == "empirical":
        kind = np.where(short, by_moments, LawKind.EMPIRICAL)
    elif law == "negative_binomial":
        kind = by_moments
    else:
        kind = np.full(mean.size, LawKind.POISSON)
    return np.where(mean == 0, LawKind.EMPIRICAL, kind).astype(np.int8)


def _auto(history: History, mean: FloatArray, variance: FloatArray) -> IntArray:
    """(n,) the choice by dispersion and length; see `choose_laws`."""
    low, high = _dispersion_bounds(history.n_observed)
    ratio = np.divide(variance, mean, out=np.ones_like(mean), where=mean > 0)
    is_long = history.n_observed >= LONG_HISTORY
    stands_alone = is_long & _misses_zeros(history, mean, variance)
    above = np.where(stands_alone, LawKind.EMPIRICAL, LawKind.NEGATIVE_BINOMIAL)
    below = np.where(is_long, LawKind.EMPIRICAL, LawKind.POISSON)
    return np.where((ratio > high) & (variance > mean), above, np.where(ratio < low, below, LawKind.POISSON))


def _dispersion_bounds(n: IntArray) -> tuple[FloatArray, FloatArray]:
    """(n,) central 95 % range of variance/mean over n Poisson periods."""
    from scipy.special import chdtri

    freedom = np.maximum(n - 1, 1).astype(np.float64)
    low = chdtri(freedom, 1 - _TEST_LEVEL / 2) / freedom
    high = chdtri(freedom, _TEST_LEVEL / 2) / freedom
    return low, high


def _misses_zeros(history: History, mean: FloatArray, variance: FloatArray) -> BoolArray:
    """(n,) whether a negative binomial gets the share of periods without demand clearly wrong."""
    n = np.maximum(history.n_observed, 1)
    excess = np.maximum(variance - mean, 1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.exp(-(mean**2 / excess) * np.log(np.maximum(variance, 1e-300) / mean))
        zeros = 1 - history.n_positive / n
        error = np.sqrt(np.maximum(expected * (1 - expected), 1 / n) / n)
        return np.asarray(np.nan_to_num(np.abs(zeros - expected) / error) > _ZERO_ERRORS)


def _population_variance(history: History) -> FloatArray:
    n = np.maximum(history.n_observed, 1)
    return np.asarray(np.nan_to_num(history.variance) * (n - 1) / n)


def _law_arrays(fitted: _Fit, history: History) -> DemandLaw:
    """The laws as flat arrays, with the counted values of the empirical ones."""
    empirical = fitted.kind == LawKind.EMPIRICAL
    item, value, weight = _counted_values(history, empirical)
    length = np.bincount(item, minlength=fitted.kind.size)
    start = np.where(empirical, np.cumsum(length) - length, 0)
    return DemandLaw(
        fitted.kind,
        fitted.mean,
        fitted.variance,
        np.zeros(fitted.mean.size),
        start.astype(np.int64),
        length.astype(np.int64),
        value,
        weight,
    )


def _counted_values(history: History, wanted: BoolArray) -> tuple[IntArray, IntArray, IntArray]:
    """Distinct values of each wanted item, ascending, and in how many periods each was seen."""
    rows = wanted[history.item]
    zeros = np.where(wanted, history.n_observed - history.n_positive, 0)
    quiet = np.flatnonzero(zeros > 0)
    item = np.concatenate([quiet, history.item[rows]])
    value = np.concatenate([np.zeros(quiet.size, np.int64), history.quantity[rows]])
    weight = np.concatenate([zeros[quiet], np.ones(int(rows.sum()), np.int64)])
    order = np.lexsort((value, item))
    item, value, weight = item[order], value[order], weight[order]
    new = np.ones(item.size, dtype=np.bool_)
    new[1:] = (np.diff(item) != 0) | (np.diff(value) != 0)
    starts = np.flatnonzero(new)
    weight = np.add.reduceat(weight, starts) if starts.size else weight
    return item[starts], value[starts], weight


def _only_given(given: GivenLaws) -> Choice:
    n = given.mean.size
    nothing = np.zeros(n, np.int64)
    law = DemandLaw(
        given.kind, given.mean, given.variance, np.zeros(n), nothing, nothing, nothing[:0], nothing[:0]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        cv = np.where(given.mean > 0, np.sqrt(given.variance) / given.mean, np.nan)
    return Choice(law, given.reason, nothing, cv)


def _unknown(
    catalog: Catalog, history: History | None, given: GivenLaws, n_observed: IntArray
) -> list[Problem]:
    """SKU-locations with neither a law nor a period of history."""
    rows = np.flatnonzero(~given.mask & ~given.refused & (n_observed == 0))
    if rows.size == 0:
        return []
    period = catalog.study.period
    names = [f"{catalog.sku[row]}@{catalog.location[row]}" for row in rows[:5]]
    more = f" and {rows.size - 5} more" if rows.size > 5 else ""
    if history is None:
        what = "no demand table, and no law given"
    else:
        what = f"not one whole {period} of demand history, and no law given"
    fix = "give demand_law and demand_mean in items, or take them out of items"
    if history is not None and catalog.study.demand.life != "window":
        fix += f'; [demand] life = "window" would count every {period} without rows as zero demand'
    file = catalog.study.data.items.path or "items"
    return [Problem("E-MOD-001", f"{what} for {', '.join(names)}{more}", file, fix=fix)]


def _reasons(history: History, kind: CodeArray, short: BoolArray, pool: Pool, spec: ModelSpec) -> list[str]:
    """Why each fitted law, in words."""
    enough = max(spec.min_periods, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = history.variance / history.mean
    said = "" if spec.law == "auto" else f' (law = "{spec.law}")'
    rows = zip(
        history.n_observed.tolist(), history.mean.tolist(), ratio.tolist(), kind.tolist(), short.tolist(),
        pool.ratio.tolist(), pool.name, strict=True,
    )  # fmt: skip
    return [
        _zero(n) if not mean > 0
        else _pooled(n, enough, pooled, name, k, said) if is_short
        else f"n={n} periods, variance/mean {index:.3g} → {LAW_NAMES[k]}{said}"
        for n, mean, index, k, is_short, pooled, name in rows
    ]  # fmt: skip


def _zero(n: int) -> str:
    return f"n={n} periods, all without demand → zero demand"


def _pooled(n: int, enough: int, ratio: float, name: str, kind: int, said: str) -> str:
    head = f"n={n} periods, fewer than {enough}: mean kept, variance/mean {ratio:.3g}"
    return f"{head} {name} → {LAW_NAMES[kind]}{said}"
