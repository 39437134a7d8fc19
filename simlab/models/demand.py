"""A demand law for every SKU-location, and the reason in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.catalog.quality import QualityRow
from simlab.engine.types import CodeArray, DemandLaw, FloatArray, IntArray, LawKind
from simlab.errors import InvalidInputError, Problem
from simlab.models.calendar import BoolArray
from simlab.models.choice import COUNTED, LONG_HISTORY, AskedLaws, Moments, asked_laws, law_kinds
from simlab.models.dispersion import largest_gap
from simlab.models.given import GivenLaws, read_given
from simlab.models.history import History
from simlab.models.pooling import pooled_dispersion
from simlab.models.reasons import Grounds, reasons

if TYPE_CHECKING:
    from simlab.catalog import Catalog

_NAMES_SHOWN = 5


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
    notes : tuple of QualityRow
        Remarks for the quality account.
    """

    law: DemandLaw
    reason: tuple[str, ...]
    n_observed: IntArray
    cv: FloatArray
    notes: tuple[QualityRow, ...] = ()


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
    A law given in `items` wins over one that the study names for the SKU-location (`models.override`),
    that one over `models.law`; see `law_kinds` for the choice. With fewer than `min_periods` periods
    the mean is kept and variance/mean is pooled.
    """
    given, problems = read_given(catalog)
    n_observed = np.zeros(catalog.n_items, np.int64) if history is None else history.n_observed
    problems += _unknown(catalog, history, given, n_observed)
    asked, unknown = asked_laws(catalog)
    problems += unknown
    if problems:
        raise InvalidInputError(problems)
    if history is None:
        return _only_given(given)
    fitted, reason = _fitted(catalog, history, given, asked)
    law = _law_arrays(fitted, history)
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = np.sqrt(history.variance) / history.mean
        of_law = np.sqrt(law.variance) / law.mean
    seen = ~given.mask & (n_observed >= 2)
    cv = np.where(law.mean > 0, np.where(seen, observed, of_law), np.nan)
    enough = max(catalog.study.models.min_periods, 2)
    return Choice(law, reason, n_observed, cv, tuple(_remarks(catalog, history, given.mask, enough)))


@dataclass(frozen=True, eq=False)
class _Fit:
    kind: CodeArray
    mean: FloatArray
    variance: FloatArray


def _fitted(
    catalog: Catalog, history: History, given: GivenLaws, asked: AskedLaws
) -> tuple[_Fit, tuple[str, ...]]:
    """Kind, mean and variance of all laws, with reasons."""
    study = catalog.study
    enough = max(study.models.min_periods, 2)
    n, mean = history.n_observed, np.nan_to_num(history.mean)
    pool = pooled_dispersion(catalog, history, enough, ~given.mask)
    short = n < enough
    variance = np.where(short, mean * pool.ratio, np.nan_to_num(history.variance))
    gap = _gaps(history, mean, variance)
    kind = law_kinds(asked, Moments(n, history.n_positive, mean, variance, gap, short))
    variance = np.where(kind == LawKind.POISSON, mean, variance)
    variance = np.where(kind == LawKind.GEOMETRIC, mean * (1 + mean), variance)
    variance = np.where(np.isin(kind, COUNTED), _population_variance(history), variance)
    grounds = Grounds(n, mean, np.nan_to_num(history.variance), kind, short, gap, asked.said)
    reason = reasons(grounds, pool, enough)
    kind = np.where(given.mask, given.kind, kind).astype(np.int8)
    mean = np.where(given.mask, given.mean, mean)
    variance = np.where(given.mask, given.variance, variance)
    told = tuple(
        g if is_given else r for is_given, g, r in zip(given.mask, given.reason, reason, strict=True)
    )
    return _Fit(kind, mean, variance), told


def _gaps(history: History, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """(n,) largest gap between each long history's histogram and its negative binomial; 0 elsewhere."""
    wanted = (history.n_observed >= LONG_HISTORY) & (variance > mean) & (mean > 0)
    item, value, weight = _counted_values(history, wanted)
    return largest_gap(item, value, weight, mean, variance)


def _population_variance(history: History) -> FloatArray:
    n = np.maximum(history.n_observed, 1)
    return np.asarray(np.nan_to_num(history.variance) * (n - 1) / n)


def _law_arrays(fitted: _Fit, history: History) -> DemandLaw:
    """The laws as flat arrays, with the counted values of the empirical ones."""
    sizes_only = fitted.kind == LawKind.INTERMITTENT
    counted = (fitted.kind == LawKind.EMPIRICAL) | sizes_only
    item, value, weight = _counted_values(history, counted, sizes_only)
    length = np.bincount(item, minlength=fitted.kind.size)
    start = np.where(counted, np.cumsum(length) - length, 0)
    return DemandLaw(
        fitted.kind,
        fitted.mean,
        fitted.variance,
        np.where(sizes_only, history.n_positive / np.maximum(history.n_observed, 1), 0.0),
        start.astype(np.int64),
        length.astype(np.int64),
        value,
        weight,
    )


def _counted_values(
    history: History, wanted: BoolArray, sizes_only: BoolArray | None = None
) -> tuple[IntArray, IntArray, IntArray]:
    """Distinct values of each wanted item, ascending, and in how many periods each was seen."""
    rows = wanted[history.item]
    with_zero = wanted if sizes_only is None else wanted & ~sizes_only
    zeros = np.where(with_zero, history.n_observed - history.n_positive, 0)
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
    names = [f"{catalog.sku[row]}@{catalog.location[row]}" for row in rows[:_NAMES_SHOWN]]
    more = f" and {rows.size - _NAMES_SHOWN} more" if rows.size > _NAMES_SHOWN else ""
    if history is None:
        what = "no demand table, and no law given"
    else:
        what = f"not one whole {period} of demand history, and no law given"
    fix = "give demand_law and demand_mean in items, or take them out of items"
    if history is not None and history.calendar.n_periods == 0:
        fix += f", or choose a study.period shorter than a {period}"
    elif history is not None and catalog.study.demand.life != "window":
        fix += f'; [demand] life = "window" would count every {period} without rows as zero demand'
    file = catalog.study.data.items.path or "items"
    return [Problem("E-MOD-001", f"{what} for {', '.join(names)}{more}", file, fix=fix)]


def _remarks(catalog: Catalog, history: History, mask: BoolArray, enough: int) -> Iterator[QualityRow]:
    """Which SKU-locations had too little history, or demand in a single period or none."""
    period = catalog.study.period
    short = ~mask & (history.n_observed < enough)
    single = ~mask & ~short & (history.n_positive == 1)
    silent = ~mask & (history.n_positive == 0)
    for rows, what in (
        (short, f"fewer than {enough} {period}s of history: dispersion pooled, mean kept"),
        (single, f"demand in a single {period} of the history: the law rests on it"),
        (silent, f"no demand in any {period} of the history: zero demand"),
    ):
        if rows.any():
            names = [f"{catalog.sku[row]}@{catalog.location[row]}" for row in np.flatnonzero(rows)]
            dots = ", …" if len(names) > _NAMES_SHOWN else ""
            note = f"{len(names)} SKU-locations: {', '.join(names[:_NAMES_SHOWN])}{dots}"
            yield QualityRow("demand", what, "repaired", 0, note=note)
