"""Seasonal profiles shared within groups: multipliers of demand by calendar phase."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.catalog.quality import QualityRow
from simlab.engine.world.demand_law import DemandLaw, Seasons
from simlab.errors import InvalidInputError, Problem
from simlab.models.demand.past.bootstraps import CYCLES
from simlab.models.demand.seasons.laws import at_one_by_frequency, season_sums
from simlab.models.grouping import no_such_column
from simlab.models.history.history import History, opened
from simlab.models.shared import Sharing
from simlab.models.statistics import benjamini_hochberg
from simlab.register.laws import (
    BY_ARRIVALS_KINDS,
    BY_DISPERSION_KINDS,
    BY_VARIATION_KINDS,
    OVERDISPERSED_KINDS,
    UNDERDISPERSED_KINDS,
    UNSEASONAL_KINDS,
    LawKind,
    true_variance,
)

if TYPE_CHECKING:
    from simlab.catalog import Catalog


_FALSE_SHARE = 0.05
_LEAST_CYCLES = 2
_NAMES_SHOWN = 5


@dataclass(frozen=True, eq=False)
class Profiles:
    """Multipliers of groups.

    Attributes
    ----------
    member : (n,) int64
        Group of each item.
    names : tuple of str
        Of the groups.
    multipliers : (g, cycle) float
        Shrunk, mean 1; all 1 where no season is believed.
    believed : (g,) bool
        Groups whose season survives the guard against chance.
    p : (g,) float
        Of the F test of each group; NaN without two whole cycles.
    belief : (g,) float
        Weight of the group's own figures against no season.
    """

    member: IntArray
    names: tuple[str, ...]
    multipliers: FloatArray
    believed: BoolArray
    p: FloatArray
    belief: FloatArray


@dataclass(frozen=True, eq=False)
class _Pool:
    """Of all items, as in `Profiles`."""

    multipliers: FloatArray
    believed: BoolArray
    p: FloatArray
    belief: FloatArray


def seasonal(
    catalog: Catalog,
    history: History,
    law: DemandLaw,
    given: BoolArray,
    sharing: Sharing | None = None,
) -> tuple[DemandLaw, tuple[QualityRow, ...], Profiles]:
    """The laws with the seasonal profile of each item's group, and a remark.

    Parameters
    ----------
    catalog : Catalog
        `models.seasonality` of its study.
    history : History
        Complete periods.
    law : DemandLaw
        As fitted to all periods alike.
    given : (n,) bool
        Laws given outright: they get no profile.
    sharing : Sharing, optional
        Pools of all items; these are all if left out.

    Raises
    ------
    InvalidInputError
        An unknown column, weekdays that are closed, gaps in the history.

    Notes
    -----
    The phase of the first period after the history is that of the calendar; planning takes the mixture of
    all phases (`marginal`).
    """
    spec = catalog.study.models.seasonality
    assert spec is not None
    cycle = spec.cycle or CYCLES[catalog.study.period]
    sharing = (sharing or Sharing()).under("season")
    found = profiles(catalog, history, cycle, sharing)
    has = found.believed[found.member] & ~given & ~np.isin(law.kind, UNSEASONAL_KINDS) & (law.mean > 0)
    if not has.any():
        return law, (_remark(found, cycle, 0),), found
    seasons = Seasons.rounded(
        np.where(has, found.member, -1), found.multipliers, history.calendar.n_periods % cycle
    )
    plain = _at_one(law, history, seasons, has)
    plain, seasons = at_one_by_frequency(law, plain, history, seasons, has, sharing)
    fitted = replace(plain, seasons=seasons)
    return fitted, (_remark(found, cycle, int(has.sum())),), found


def profiles(catalog: Catalog, history: History, cycle: int, sharing: Sharing | None = None) -> Profiles:
    """Multipliers of every group, tested and shrunk.

    Notes
    -----
    Of the last whole cycles, those K in which the group was observed throughout, K ≥ 2: r = demand of the
    group in a phase of one cycle ÷ what its items' means expect of their observed periods, ÷ the mean of the
    cycle (no trend between cycles). The season is believed if F = variance between phases ÷ variance of a
    phase between cycles stands out, with at most 5 % false among those believed (Benjamini–Hochberg).
    Multipliers are 1 + w·(mean r − 1), w = between/(between + noise) by the method of moments: common shocks
    of one cycle are noise, not season.
    """
    spec = catalog.study.models.seasonality
    assert spec is not None
    column = catalog.texts.get(spec.profile_by) if spec.profile_by else None
    if spec.profile_by and column is None:
        raise InvalidInputError([no_such_column(catalog, spec.profile_by, "models.seasonality.profile_by")])
    _refuse(catalog, history, cycle)
    history = replace(history, half_life=None)  # the shape of a season is seen in all cycles
    sharing = sharing or Sharing()
    member, names = sharing.groups(spec.profile_by or "all", column, catalog.n_items)
    pool = sharing.of("profiles", _Pool, lambda: _pool(_ratios(history, member, len(names), cycle)))
    return Profiles(member, tuple(names), pool.multipliers, pool.believed, pool.p, pool.belief)


def _pool(ratio: FloatArray) -> _Pool:
    """Multipliers of every group, from (g, K, cycle) ratios."""
    g, n_cycles, cycle = ratio.shape
    p, belief = np.full(g, np.nan), np.zeros(g)
    multipliers = np.ones((g, cycle))
    if n_cycles >= _LEAST_CYCLES:
        seen = ~np.isnan(ratio[:, :, 0]).T
        number = np.maximum(seen.sum(axis=0), 1)
        mean = np.where(np.isnan(ratio), 0.0, ratio).sum(axis=1) / number[:, None]
        between = mean.var(axis=1, ddof=1)
        free = (cycle - 1) * np.maximum(number - 1, 1)
        within = np.nansum((ratio - mean[:, None]) ** 2, axis=(1, 2)) / free
        tested = (number >= _LEAST_CYCLES) & (within > 0)
        p[tested] = _f_p(number[tested] * between[tested] / within[tested], cycle - 1, free[tested])
        signal = np.maximum(between - within / number, 0.0)
        belief = np.where(tested, signal / np.maximum(signal + within / number, 1e-300), 0.0)
        multipliers = np.where(tested[:, None], 1 + belief[:, None] * (mean - 1), 1.0)
    believed = benjamini_hochberg(p, _FALSE_SHARE) & (belief > 0)
    multipliers = np.where(believed[:, None], np.maximum(multipliers, 0.0), 1.0)
    return _Pool(multipliers, believed, p, np.where(believed, belief, 0.0))


def known_profiles(
    catalog: Catalog, history: History, given: BoolArray, sharing: Sharing | None = None
) -> Seasons | None:
    """Profiles for scoring laws out of sample; None where no season is believed.

    Notes
    -----
    A group's season is believed as in `seasonal`, from all periods, so that laws are compared as they would
    be used. Its multipliers come from the first two thirds of the periods, where these have two whole cycles
    and show it, else from all.
    """
    spec = catalog.study.models.seasonality
    assert spec is not None
    cycle = spec.cycle or CYCLES[catalog.study.period]
    sharing = sharing or Sharing()
    found = profiles(catalog, history, cycle, sharing)
    has = found.believed[found.member] & ~given & (history.n_positive > 0)
    if not has.any():
        return None
    part, own = _first_part(history), found.multipliers
    if not never_open(part, cycle):  # a day that is shut once a year may be shut whenever the part has it
        before = profiles(catalog, part, cycle, sharing.under("first part"))
        own = np.where(before.believed[:, None], before.multipliers, found.multipliers)
    return Seasons.rounded(np.where(has, found.member, -1), own, history.calendar.n_periods % cycle)


def _first_part(history: History) -> History:
    """The first two thirds of the calendar, and what was known then."""
    n = history.calendar.n_periods - history.calendar.n_periods // 3
    calendar = replace(history.calendar, open=history.calendar.open[:n])
    rows, gaps = history.period < n, history.gap_period < n
    last = np.minimum(history.last, n - 1)
    before = opened(history)
    lived = before[np.maximum(last + 1, 0)] - before[np.minimum(history.first, n)]
    dropped = np.bincount(history.gap_item[gaps], minlength=history.n_items)
    return replace(
        history,
        calendar=calendar,
        n_observed=np.maximum(lived - dropped, 0),
        last=last,
        item=history.item[rows],
        period=history.period[rows],
        quantity=history.quantity[rows],
        gap_item=history.gap_item[gaps],
        gap_period=history.gap_period[gaps],
    )


def _ratios(history: History, member: IntArray, n_groups: int, cycle: int) -> FloatArray:
    """(g, K, cycle) demand ÷ expectation of the last whole cycles, each with mean 1.

    NaN in cycles in which no item of the group was observed at some time: before it began, or after its end.
    """
    n_periods = history.calendar.n_periods
    n_cycles = n_periods // cycle
    mean = np.nan_to_num(history.mean)
    first, last = history.first, history.last
    alive = history.n_observed > 0
    edge = np.zeros((n_groups, n_periods + 1))
    np.add.at(edge, (member[alive], first[alive]), mean[alive])
    np.add.at(edge, (member[alive], last[alive] + 1), -mean[alive])
    expected = np.cumsum(edge, axis=1)[:, :n_periods] * history.calendar.open
    seen = np.zeros((n_groups, n_periods))
    np.add.at(seen, (member[history.item], history.period), history.quantity.astype(np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(expected > 1e-9, seen / expected, np.nan)
    kept = ratio[:, n_periods - n_cycles * cycle :].reshape(n_groups, n_cycles, cycle)
    opened = history.calendar.open[n_periods - n_cycles * cycle :].reshape(n_cycles, cycle)
    part = (np.isnan(kept) & opened).any(axis=2, keepdims=True)
    # phases count from the first period of the history
    turn = (n_periods - n_cycles * cycle) % cycle
    kept = np.roll(kept, turn, axis=2) if turn else kept
    filled = np.where(np.isnan(kept), 1.0, kept)
    return np.where(part, np.nan, filled / np.maximum(filled.mean(axis=2, keepdims=True), 1e-12))


def never_open(history: History, cycle: int) -> bool:
    """Whether a whole cycle was seen, and some phase of it is closed in every one."""
    numbers = np.flatnonzero(history.calendar.open) % cycle
    return history.calendar.n_periods >= cycle and np.unique(numbers).size < cycle


def _refuse(catalog: Catalog, history: History, cycle: int) -> None:
    problems = []
    where, file = "models.seasonality", catalog.study.file
    if not history.is_complete:
        fix = 'say absent_dates = "zero" under [demand]'
        problems.append(
            Problem("E-MOD-022", "profiles need every period of a life", file, column=where, fix=fix)
        )
    if history.calendar.n_periods >= _LEAST_CYCLES * cycle and never_open(history, cycle):
        why = f"some of the {cycle} phases are always closed: a run has no closed periods"
        fix = "leave the profile out, or give the closed days as days without demand"
        problems.append(Problem("E-MOD-023", why, file, column=where, fix=fix))
    if problems:
        raise InvalidInputError(problems)


def _f_p(statistic: FloatArray, above: int, below: IntArray) -> FloatArray:
    from scipy.special import fdtrc

    return np.asarray(fdtrc(above, below, statistic))


def _at_one(law: DemandLaw, history: History, seasons: Seasons, has: BoolArray) -> DemandLaw:
    """Laws of a period with multiplier 1, so that over the cycle they have the moments of the history.

    Intermittent and empirical laws: see `at_one_by_frequency`.
    """
    first, second = _mean_multipliers(history, seasons)
    mean = np.where(has, law.mean / first, law.mean)
    spread = (second / first**2 - 1) * law.mean**2  # variance that the season itself makes
    left = np.maximum(law.variance - spread, 0.0)
    kind = law.kind.copy()
    ratio = second / first**2
    over = (left - law.mean) / ratio  # mean²/r of the overdispersed part, at the history's mean
    scale = (mean / np.maximum(law.mean, 1e-300)) ** 2
    variance = np.where(np.isin(kind, BY_DISPERSION_KINDS), mean + over * scale, law.variance)
    by_arrivals = np.isin(kind, BY_ARRIVALS_KINDS)
    variance = np.where(by_arrivals, left * mean / np.maximum(law.mean, 1e-300), variance)
    variance = np.where(np.isin(kind, BY_VARIATION_KINDS), left / ratio * scale, variance)
    variance = true_variance(kind, mean, variance)
    tight = np.isin(kind, OVERDISPERSED_KINDS) & (variance <= mean)
    tight |= np.isin(kind, UNDERDISPERSED_KINDS) & ((variance >= mean) | (variance <= 0))
    kind = np.where(has & tight, LawKind.POISSON, kind).astype(np.int8)
    variance = np.where(kind == LawKind.POISSON, mean, variance)
    return replace(law, kind=kind, mean=mean, variance=np.where(has, variance, law.variance))


def _mean_multipliers(history: History, seasons: Seasons) -> tuple[FloatArray, FloatArray]:
    """(n,) mean and mean square of the multipliers over the observed periods of each item."""
    if history.half_life is not None:
        found = season_sums(history, seasons)
        worth = np.maximum(found.n, 1e-12)
        return np.maximum(found.first / worth, 1e-9), np.maximum(found.second / worth, 1e-18)
    cycle = seasons.cycle
    table = np.vstack([seasons.multipliers, np.ones(cycle)])[:, np.arange(history.calendar.n_periods) % cycle]
    table = np.where(history.calendar.open, table, 0.0)
    zero = np.zeros((table.shape[0], 1))
    sums = [np.concatenate([zero, np.cumsum(table**power, axis=1)], axis=1) for power in (1, 2)]
    first = np.clip(history.first, 0, history.calendar.n_periods)
    last = np.maximum(history.last + 1, first)
    n = np.maximum(opened(history)[last] - opened(history)[first], 1)
    both = [(total[seasons.profile, last] - total[seasons.profile, first]) / n for total in sums]
    return np.maximum(both[0], 1e-9), np.maximum(both[1], 1e-18)


def season_left_out(catalog: Catalog, found: Profiles) -> tuple[str, ...]:
    """Groups whose season the study asks for and the laws do not have, in a sentence; empty where none is."""
    spec, period = catalog.study.models.seasonality, catalog.study.period
    assert spec is not None
    out = np.flatnonzero(~found.believed)
    if out.size == 0:
        return ()
    n, named = len(found.names), [f"'{found.names[k]}'" for k in out.tolist() if found.names[k]]
    more = f" and {len(named) - _NAMES_SHOWN} more" if len(named) > _NAMES_SHOWN else ""
    which = f"{out.size} of {n} groups" if out.size < n else "all items" if n == 1 else f"all {n} groups"
    which += f" ({', '.join(named[:_NAMES_SHOWN])}{more})" if named else ""
    cycle = spec.cycle or CYCLES[period]
    short, whole = np.isnan(found.p[out]), f"less than two whole cycles of {cycle} {period}s"
    why = "it does not stand out from chance"
    if np.isnan(found.p).all():
        why = f"the history has {whole}"
    elif short.all():
        why = f"observed for {whole}"
    elif short.any():
        why += f", or was observed for {whole}"
    return (
        f"The season asked for (models.seasonality) is left out for {which}: {why}. Levels and service are "
        "those of demand that is alike all year.",
    )


def _remark(found: Profiles, cycle: int, n: int) -> QualityRow:
    names = [
        f"'{name}' {line.min():.2f} to {line.max():.2f}" if name else f"{line.min():.2f} to {line.max():.2f}"
        for name, line, believed in zip(found.names, found.multipliers, found.believed.tolist(), strict=True)
        if believed
    ]
    if not names:
        why = (
            "no season stands out from chance"
            if not np.isnan(found.p).all()
            else "less than two whole cycles"
        )
        note = f"{len(found.names)} groups, cycle of {cycle} periods: {why}; demand is drawn without"
    else:
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        note = (
            f"{n:,} SKU-locations in {len(names)} of {len(found.names)} groups, cycle of {cycle} periods, "
            f"multipliers {', '.join(names[:_NAMES_SHOWN])}{more}"
        )
    return QualityRow("demand", "seasonal profiles", "used", 0, note=note)
