"""Demand that follows a forecast with its error, and the paths that levels follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, CodeArray, FloatArray, IntArray
from simlab.catalog.quality import QualityRow
from simlab.engine.world.demand_law import DemandLaw, Seasons
from simlab.errors import Problem
from simlab.models.forecasts.errors import ErrorEstimates, error_estimates
from simlab.models.shared import Sharing
from simlab.register.grounds import FORECAST, NOTHING, Reason
from simlab.register.laws import BY_DISPERSION_KINDS, BY_VARIATION_KINDS, LawKind, law_named, spoken

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.catalog.coming import ForecastTable

_NAMED = 5
_SAME = 1e-12
_TOGETHER = 0.1  # correlation of neighbouring errors from which it is told


@dataclass(frozen=True, eq=False)
class ForecastPaths:
    """What is expected of every period to come, of the SKU-locations that have a forecast.

    Attributes
    ----------
    mask : (n,) bool
        SKU-locations with a forecast.
    path : (n, h) float
        Expected demand of each period, which levels follow, units; 0 without a forecast.
    sd : (n,) float
        Standard error of a period such that sums over R + L have the variance of the forecast's error: the
        root of the mean square of the periods.
    period_sd : (n, h) float
        The same of each period: that mean, moved as the stated errors move.
    demand : (n, h) float
        Mean of the demand that is simulated: `path`, and the bias where levels do not know it.
    kind : (n,) int8
        Law of a period.
    mean, variance : (n,) float
        Of the law: mean over the periods, and the variance of a period with that mean.
    reason : tuple of Reason
        Empty without a forecast.
    stated : (n,) bool
        Forecasts whose table states an error of every period: demand varies as it says.
    levels_move : bool
        Whether levels of rules that do not follow a forecast by themselves move with the table.
    first : datetime64[D]
        First day of the first period.
    errors : ErrorEstimates or None
        From past forecasts.
    notes : tuple of QualityRow
    """

    mask: BoolArray
    path: FloatArray
    sd: FloatArray
    period_sd: FloatArray
    demand: FloatArray
    kind: CodeArray
    mean: FloatArray
    variance: FloatArray
    reason: tuple[Reason, ...]
    stated: BoolArray
    levels_move: bool
    first: np.datetime64
    errors: ErrorEstimates | None
    notes: tuple[QualityRow, ...]

    @property
    def cycle(self) -> int:
        """Periods after which the forecast comes again."""
        return int(self.path.shape[1])

    @property
    def moves(self) -> bool:
        """Whether any forecast, or its error, differs between periods."""
        return bool((self.path != self.path[:, :1]).any() or self.spread_moves.any())

    def mean_period(self, law: DemandLaw, rows: BoolArray) -> DemandLaw:
        """The laws with that of a mean period in place of the periods of some items' forecasts."""
        seasons, past = law.seasons, law.past
        if seasons is not None:
            profile = np.where(rows, -1, seasons.profile)
            seasons = replace(seasons, profile=profile) if (profile >= 0).any() else None
        if past is not None:
            length = np.where(rows, 0, past.length)
            past = replace(past, length=length) if (length > 0).any() else None
        return replace(
            law,
            kind=np.where(rows, self.kind, law.kind).astype(np.int8),
            mean=np.where(rows, self.mean, law.mean),
            variance=np.where(rows, self.sd**2, law.variance),
            seasons=seasons,
            past=past,
        )

    @property
    def spread_moves(self) -> BoolArray:
        """(n,) SKU-locations whose error differs between periods."""
        return np.asarray((self.period_sd != self.period_sd[:, :1]).any(axis=1))


class ItemProfiles(Seasons):
    """Profiles of items of their own: parts of a catalogue take theirs along, not those of all."""

    def take(self, rows: IntArray) -> ItemProfiles:
        """The profiles of some items, numbered anew."""
        profile = self.profile[rows]
        used = np.unique(profile[profile >= 0])
        number = np.full(self.multipliers.shape[0] + 1, -1)
        number[used] = np.arange(used.size)
        kept = self.multipliers[used] if used.size else self.multipliers[:1]
        frequency = None if self.frequency is None else self.frequency[rows]
        return replace(self, profile=number[profile], multipliers=kept, frequency=frequency)


@dataclass(frozen=True)
class _Periods:
    """Periods that every forecast has."""

    n_periods: int


def forecast_paths(
    catalog: Catalog, span: FloatArray | None, sharing: Sharing | None = None
) -> tuple[ForecastPaths | None, list[Problem]]:
    """Paths and laws of the catalogue's forecast, and what is wrong with it; None without one.

    Parameters
    ----------
    catalog : Catalog
    span : (n,) float or None
        R + E[L] in periods; None: not known for other problems, and nothing is judged by it.
    sharing : Sharing, optional
        Pools of all items; these are all if left out.

    Notes
    -----
    Periods of a run are independent draws about the forecast. Where past errors are known, the variance of a
    period is that of their sums over R + L ÷ (R + L): sums over the protection interval then vary as the
    user's errors do, with their correlation; single periods vary by as much more or less.
    """
    table, source = catalog.forecast, catalog.study.data.forecast
    if table is None or source is None:
        return None, []
    span = np.ones(catalog.n_items) if span is None else span
    counts = np.bincount(table.item, minlength=catalog.n_items)
    mask = counts > 0
    problems = list(_too_short(catalog, table, counts, span))
    sharing = sharing or Sharing()
    n_periods = sharing.of("forecast", _Periods, lambda: _Periods(int(counts[mask].min()))).n_periods
    path, sd = _spread(table, mask, n_periods), np.full(catalog.n_items, np.nan)
    stated = np.sqrt(_spread_values(table, table.sd**2, mask, n_periods).mean(axis=1))
    constant = _spread_values(table, table.sd, mask, n_periods)
    stated = np.where((constant == constant[:, :1]).all(axis=1), constant[:, 0], stated)
    errors = None
    if catalog.forecast_errors is not None:
        errors = error_estimates(catalog.forecast_errors, span, sharing)
        own = np.sqrt(errors.sum_variance / span)
        sd = np.where(mask & np.isfinite(own), own, sd)
    sd = np.where(mask & np.isnan(sd), stated, sd)
    period_sd = _by_period(np.where(mask, sd, 0.0), stated, constant)
    problems += list(_no_error(catalog, table, mask & ~(sd >= 0), mask & (sd == 0) & (path.sum(axis=1) > 0)))
    if problems:
        return None, problems
    demand = path
    if errors is not None:
        demand = np.maximum(path + np.where(errors.biased & mask, errors.bias, 0.0)[:, None], 0.0)
        demand[~mask] = 0.0
        settings = catalog.study.data.forecast_errors
        path = demand if settings is not None and settings.bias == "correct" else path
    kind, mean, variance = _laws(source.law, demand, np.where(mask, sd, 0.0))
    reason = _reasons(mask, kind, errors)
    notes = (*_notes(catalog, counts, mask, n_periods), *_simplified(catalog, errors))
    out = ForecastPaths(
        mask,
        path,
        np.where(mask, sd, 0.0),
        period_sd,
        demand,
        kind,
        mean,
        variance,
        reason,
        mask & np.isfinite(constant).all(axis=1) & (stated > 0),
        source.levels == "move",
        table.first,
        errors,
        notes,
    )
    return out, []


def following(law: DemandLaw, paths: ForecastPaths | None) -> DemandLaw:
    """The laws with the profile of every forecast that differs between periods."""
    if paths is None:
        return law
    own = np.zeros(law.n_items, np.bool_) if law.past is None else law.kind == LawKind.CALENDAR
    moving = paths.mask & (paths.mean > 0) & (paths.demand != paths.demand[:, :1]).any(axis=1) & ~own
    if not moving.any():
        return law
    rows = np.flatnonzero(moving)
    profile = np.full(law.n_items, -1)
    profile[rows] = np.arange(rows.size)
    rounded = Seasons.rounded(profile, paths.demand[rows])
    return replace(law, seasons=ItemProfiles(rounded.profile, rounded.multipliers, 0))


def _by_period(sd: FloatArray, stated: FloatArray, period: FloatArray) -> FloatArray:
    """(n, h) errors whose mean square is sd², moved as the stated ones; constant where none are stated."""
    known = np.isfinite(period).all(axis=1) & (stated > 0)
    moves = known & (period != period[:, :1]).any(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = period * (sd / stated)[:, None]
    return np.where(moves[:, None], moved, sd[:, None])


def _spread(table: ForecastTable, mask: BoolArray, n_periods: int) -> FloatArray:
    """(n, h) forecasts of the periods that every SKU-location has; 0 without a forecast."""
    return np.nan_to_num(_spread_values(table, table.mean, mask, n_periods))


def _spread_values(table: ForecastTable, values: FloatArray, mask: BoolArray, n_periods: int) -> FloatArray:
    out = np.full((mask.size, n_periods), np.nan)
    inside = table.period < n_periods
    out[table.item[inside], table.period[inside]] = values[inside]
    return out


def _laws(named: str, demand: FloatArray, sd: FloatArray) -> tuple[CodeArray, FloatArray, FloatArray]:
    """(n,) kind, mean and variance at the mean, so that the mean variance of the periods is sd²."""
    mean = np.where((demand == demand[:, :1]).all(axis=1), demand[:, 0], demand.mean(axis=1))
    goal, square = sd**2, np.maximum((demand**2).mean(axis=1), 1e-300)
    kind = kinds_of(named, mean, goal)
    share = np.where(np.abs(mean**2 - square) <= _SAME * square, 1.0, mean**2 / square)
    variance = np.where(np.isin(kind, BY_VARIATION_KINDS), goal * share, goal)
    spread = np.isin(kind, BY_DISPERSION_KINDS)
    variance = np.where(spread & (share != 1.0), mean + (goal - mean) * share, variance)
    kind = np.where(mean > 0, kind, LawKind.POISSON)
    return kind.astype(np.int8), mean, np.where(mean > 0, variance, 0.0)


def kinds_of(named: str, mean: FloatArray, variance: FloatArray) -> CodeArray:
    """Law of periods with these moments: the one that is named where it can have them."""
    wide = variance > mean
    if named == "auto":
        return np.where(wide, LawKind.NEGATIVE_BINOMIAL, LawKind.GAMMA).astype(np.int8)
    asked = law_named(named).kind
    narrow = asked in (LawKind.NEGATIVE_BINOMIAL, LawKind.STUTTERING_POISSON)
    return np.where(~wide & narrow, LawKind.GAMMA, asked).astype(np.int8)


def _reasons(mask: BoolArray, kind: CodeArray, errors: ErrorEstimates | None) -> tuple[Reason, ...]:
    out = []
    for row, there in enumerate(mask.tolist()):
        if not there:
            out.append(NOTHING)
            continue
        source = "its stated error"
        if errors is not None and errors.known[row]:
            source = f"the errors of {errors.n_origins[row]} past forecasts"
        out.append(Reason(f"your forecast: {spoken(int(kind[row]))} with {source}", (FORECAST,)))
    return tuple(out)


def _too_short(
    catalog: Catalog, table: ForecastTable, counts: IntArray, span: FloatArray
) -> Iterator[Problem]:
    """Forecasts that end before R + L."""
    need = np.ceil(span - 1e-9).astype(np.int64)
    short = np.flatnonzero((counts > 0) & (counts < need))
    if short.size == 0:
        return
    ends = np.concatenate([np.flatnonzero(np.diff(table.item)), [table.item.size - 1]])
    line = dict(zip(table.item[ends].tolist(), table.line[ends].tolist(), strict=True))
    row, period = int(short[0]), catalog.study.period
    what = (
        f"the forecast of {catalog.keys[row]} ends here, after {counts[row]} {period}s; its review period "
        f"and lead time take {need[row]}"
    )
    more = tuple(sorted(line[k] for k in short[1:].tolist()))
    fix = f"forecast at least R + L, {int(need[short].max())} {period}s, for every SKU-location in it"
    yield Problem("E-MOD-033", what, table.file, line[row], "sku", fix, more)


def _no_error(catalog: Catalog, table: ForecastTable, none: BoolArray, zero: BoolArray) -> Iterator[Problem]:
    """Forecasts without any word on how wrong they may be."""
    for wrong, what, fix in (
        (
            none,
            "no error is known of the forecast of {names}",
            "give sd or quantiles (q05, q95), or [data.forecast_errors] with origins that reach R + L",
        ),
        (zero, "the forecast of {names} has an error of 0", "a standard error lies above 0"),
    ):
        rows = np.flatnonzero(wrong)
        if rows.size:
            names = ", ".join(catalog.keys[row] for row in rows[:_NAMED])
            more = f" and {rows.size - _NAMED} more" if rows.size > _NAMED else ""
            line = int(table.line[np.flatnonzero(table.item == rows[0])[0]])
            yield Problem("E-MOD-032", what.format(names=names + more), table.file, line, "sd", fix)


def _simplified(catalog: Catalog, errors: ErrorEstimates | None) -> Iterator[QualityRow]:
    """What the simulation takes simpler than past errors say it, and what that does to service."""
    period = catalog.study.period
    if errors is not None and errors.correlation >= _TOGETHER:
        note = (
            f"errors of neighbouring {period}s correlate by {errors.correlation:.2f}; {period}s are drawn "
            "one by one, so that sums over R + L vary as they did. Where demand waits, service is right "
            "within 0.1 points up to 0.6, 0.3 too high at 0.9; where sales are lost, 0.1 to 0.3 points too "
            "low up to 0.6, 0.8 at 0.9"
        )
        yield QualityRow("forecast_errors", "errors that go together", "used", 0, note=note)


def _notes(catalog: Catalog, counts: IntArray, mask: BoolArray, n_periods: int) -> Iterator[QualityRow]:
    period, longest = catalog.study.period, int(counts[mask].max(initial=n_periods))
    if longest > n_periods:
        row = int(np.argmin(np.where(mask, counts, longest + 1)))
        note = (
            f"{n_periods} {period}s of every forecast are used, as many as that of {catalog.keys[row]} "
            f"has; the longest has {longest}"
        )
        yield QualityRow("forecast", "later periods not used", "used", 0, note=note)
    note = f"the {n_periods} {period}s of the forecast come again and again where a run is longer"
    yield QualityRow("forecast", "periods of the run", "used", 0, note=note)
