"""A demand law for every SKU-location, and the reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import BoolArray, CodeArray, FloatArray, IntArray
from simlab.catalog.quality import QualityRow
from simlab.engine.laws.pmfs import moments_of
from simlab.engine.world.demand_law import DemandLaw
from simlab.errors import InvalidInputError, Problem
from simlab.models.demand.choice import (
    AskedLaws,
    Moments,
    allowed_laws,
    asked_laws,
    best_laws,
    law_kinds,
    predictive_kinds,
    rank,
)
from simlab.models.demand.given import GivenLaws, expected, read_given
from simlab.models.demand.past.bootstraps import BLOCKS, CYCLES, block_lengths, chain_of, past_of
from simlab.models.demand.rare import composed
from simlab.models.demand.reasons import Grounds, Reasons, reasons
from simlab.models.demand.redrawn import Uncertainty, uncertainty_of
from simlab.models.demand.scoring.half_lives import Remembered, named, remembered
from simlab.models.demand.scoring.scores import Scores, known_before, rolling_scores
from simlab.models.demand.seasons.seasonality import known_profiles, never_open, season_left_out, seasonal
from simlab.models.demand.shrinkage import SizePrior, check_pools, shrunk_variance, size_prior
from simlab.models.forecasts.laws import ForecastPaths, following, forecast_paths
from simlab.models.forecasts.moving import told_of_periods, with_moving_errors
from simlab.models.history.history import History
from simlab.models.history.no_history import has_minimum
from simlab.models.history.reading import with_memory
from simlab.models.shared import Sharing
from simlab.register import grounds
from simlab.register.laws import (
    FURTHER_NAMES,
    OVER_SPAN_NAMES,
    OWN_PERIODS_NAMES,
    SERIAL_NAMES,
    SERIES_KINDS,
    LawKind,
    true_variance,
)

if TYPE_CHECKING:
    from simlab.catalog import Catalog


_NAMES_SHOWN = 5
_SHARES = float(1 << 24)  # that the counts of a table of weighted periods add up to


@dataclass(frozen=True, eq=False)
class Choice:
    """Law of every SKU-location.

    Attributes
    ----------
    law : DemandLaw
        Units per period.
    reason : Reasons
        Why this law, per SKU-location.
    n_observed : (n,) int64
        Periods of history.
    cv : (n,) float
        Coefficient of variation per period, of the history where it has two periods or more, else
        of the law; NaN where nothing is demanded.
    notes : tuple of QualityRow
        Remarks for the quality account.
    scores : Scores or None
        Out of sample, of the laws that ``auto`` compares; None where it compared nothing.
    known : Uncertainty or None
        How sure the parameters are; None without history.
    left_out : tuple of str
        What the study asks for and the laws do not have, in sentences.
    given : (n,) bool
        Laws stated in items.
    memory : Remembered or None
        How long histories are remembered; None: all periods alike.
    paths : ForecastPaths or None
        The user's own forecasts.
    """

    law: DemandLaw
    reason: Reasons
    n_observed: IntArray
    cv: FloatArray
    notes: tuple[QualityRow, ...] = ()
    scores: Scores | None = None
    known: Uncertainty | None = None
    left_out: tuple[str, ...] = ()
    given: BoolArray = field(default_factory=lambda: np.zeros(0, np.bool_))
    memory: Remembered | None = None
    paths: ForecastPaths | None = None


def choose_laws(
    catalog: Catalog,
    history: History | None,
    span: FloatArray | None = None,
    sharing: Sharing | None = None,
) -> Choice:
    """Laws given in `items` where there are any, the others from history.

    Parameters
    ----------
    catalog : Catalog
        Items and study.
    history : History or None
        Demand per period.
    span : (n,) float, optional
        R + L in periods; the laws of rare items predict sums over it. One period if left out.
    sharing : Sharing, optional
        Pools of all items; these are all if left out.

    Raises
    ------
    InvalidInputError
        Laws that make no sense, and SKU-locations with neither a law nor a period of history, all at
        once.

    Notes
    -----
    A law given in `items` wins over one that the study names for the SKU-location (`models.override`),
    that one over `models.law`; see `law_kinds` for the choice. From 30 demands on the mean is the
    history's; the rates of rarer items are shrunk towards comparable ones, the sum of a group's units kept
    (`composed`). The variation of demand sizes is shrunk towards the group (`size_prior`).
    """
    given, problems = read_given(catalog)
    sharing = sharing or Sharing()
    paths, wrong = forecast_paths(catalog, span, sharing)
    given, problems = expected(given, paths), [*problems, *wrong]
    n_observed = np.zeros(catalog.n_items, np.int64) if history is None else history.n_observed
    problems += [] if wrong else _unknown(catalog, history, given, n_observed)
    asked, unknown = asked_laws(catalog)
    problems += unknown
    if problems:
        raise InvalidInputError(problems)
    if history is None:
        return _forecast(catalog, _only_given(given), paths, sharing)
    span = np.ones(catalog.n_items) if span is None else span
    memory = how_long(catalog, history, span, given.mask, np.isin(asked.name, SERIAL_NAMES), sharing)
    if memory is not None:
        half_life = memory.half_life
        if sharing.flag("some forget", lambda: bool(np.isfinite(half_life).any())):
            history = with_memory(catalog, history, half_life, sharing)
    fitted, reason, scores, known = _fitted(catalog, history, given, asked, span, sharing)
    law = with_past(catalog, _law_arrays(fitted, history), history)
    reason = _with_blocks(reason, law, catalog)
    more: tuple[QualityRow, ...] = ()
    left_out: tuple[str, ...] = ()
    if catalog.study.models.seasonality is not None:
        law, more, found = seasonal(catalog, history, law, given.mask, sharing)
        left_out = season_left_out(catalog, found)
    with np.errstate(divide="ignore", invalid="ignore"):
        observed = np.sqrt(history.variance) / history.mean
        of_law = np.sqrt(law.variance) / law.mean
    seen = ~given.mask & (n_observed >= 2)
    cv = np.where(law.mean > 0, np.where(seen, observed, of_law), np.nan)
    enough = max(catalog.study.models.min_periods, 2)
    remarks = tuple(_remarks(catalog, history, given.mask, enough))
    notes = (*remarks, *more)
    choice = Choice(law, reason, n_observed, cv, notes, scores, known, left_out, given.mask, memory)
    return _forecast(catalog, choice, paths, sharing)


def _forecast(catalog: Catalog, choice: Choice, paths: ForecastPaths | None, sharing: Sharing) -> Choice:
    """The choice with the profiles of forecasts, which take the place of what the history says."""
    source = catalog.study.data.forecast
    if paths is None or source is None:
        return choice
    law = choice.law
    phased = (law.kind == LawKind.CALENDAR) & ~paths.mask
    follows = not sharing.flag("laws of the calendar beside forecasts", lambda: bool(phased.any()))
    if follows:
        law = with_moving_errors(law, paths, source.law)
    notes = (*choice.notes, *paths.notes, *told_of_periods(catalog, paths, follows))
    return replace(choice, law=following(law, paths), notes=notes, paths=paths)


def how_long(
    catalog: Catalog,
    history: History,
    span: FloatArray,
    given: BoolArray,
    serial: BoolArray,
    sharing: Sharing | None = None,
) -> Remembered | None:
    """How long the histories are remembered, as the study says or as predicts best; None: all alike.

    Items whose named law keeps what neighbouring periods have in common (`serial`) remember all unless the
    study says a number: that the last periods tell of the next is what such a law itself is for.
    """
    sharing = sharing or Sharing()
    asked = catalog.study.models.memory
    if not history.is_complete and asked not in ("all", "auto"):
        raise InvalidInputError([_no_ages(catalog)])
    if asked == "all" or not history.is_complete:
        return None
    if asked == "auto" and sharing.flag("all are serial", lambda: bool(serial.all())):
        return None
    if asked != "auto":
        return named(float(asked), catalog.n_items)
    sharing = sharing.under("memory")
    before = size_prior(catalog, known_before(history), ~given, sharing)
    seasons = None
    if catalog.study.models.seasonality is not None:
        seasons = known_profiles(catalog, history, given, sharing)
    found = remembered(catalog, history, before, span, ~given & ~serial, seasons, sharing)
    return replace(found, half_life=np.where(serial, np.inf, found.half_life))


@dataclass(frozen=True, eq=False)
class _Fit:
    kind: CodeArray
    mean: FloatArray
    variance: FloatArray
    share: FloatArray


def _fitted(
    catalog: Catalog,
    history: History,
    given: GivenLaws,
    asked: AskedLaws,
    span: FloatArray,
    sharing: Sharing,
) -> tuple[_Fit, Reasons, Scores | None, Uncertainty]:
    """Kind, mean and variance of all laws, with reasons and how sure they are."""
    enough = max(catalog.study.models.min_periods, 2)
    check_pools(catalog)
    n = history.n_observed
    worth, sold = (np.rint(one).astype(np.int64) for one in (history.n_effective, history.weight_positive))
    prior = size_prior(catalog, history, ~given.mask, sharing)
    again = catalog.study.models.parameter_uncertainty
    parts = composed(catalog, history, prior, ~given.mask, span, predictive=not again, sharing=sharing)
    parts = parts.kept(np.isin(asked.name, OWN_PERIODS_NAMES))
    short = n < enough
    own = np.where(short, parts.variance, _own_variance(history, prior))
    variance = parts.weight * parts.variance + (1 - parts.weight) * own
    best = np.full(n.size, -1, np.int8)
    moments = Moments(worth, sold, parts.mean, variance, best, short)
    scores = None
    if np.isin(asked.name.astype(str), ("auto", *OVER_SPAN_NAMES)).any():
        scores, best = _best(catalog, history, moments, ~given.mask, sharing.under("choice"))
        moments = replace(moments, best=best)
    kind = law_kinds(asked, moments)
    kind = np.where((asked.name == "auto") & (parts.weight > 0), predictive_kinds(kind, moments), kind)
    own_periods = np.isin(kind, (LawKind.EMPIRICAL, *SERIES_KINDS))
    mean = np.where(own_periods, parts.own, parts.mean)
    variance = true_variance(kind, mean, variance)
    variance = np.where(own_periods, _population_variance(history), variance)
    half_life = np.full(n.size, np.inf) if history.half_life is None else history.half_life
    seen = Grounds(
        n,
        parts.own,
        np.nan_to_num(history.variance),
        mean,
        variance,
        kind,
        short,
        asked,
        parts.weight,
        half_life,
        history.n_effective,
    )
    reason = reasons(seen, prior.weight(history.weight_positive), scores, history.n_positive)
    kind = np.where(given.mask, given.kind, kind).astype(np.int8)
    mean = np.where(given.mask, given.mean, mean)
    variance = np.where(given.mask, given.variance, variance)
    told = reason.but({row: given.reason[row] for row in np.flatnonzero(given.mask).tolist()})
    known = uncertainty_of(history, prior, short & (history.n_positive < 2), given.mask, sharing)
    return _Fit(kind, mean, variance, parts.share), told, scores, known


def _own_variance(history: History, prior: SizePrior) -> FloatArray:
    """(n,) variance per period, the variation of sizes shrunk towards the group."""
    total, squares = history.size_sums
    n, positive = history.n_effective, history.weight_positive
    return shrunk_variance(n, positive, total, squares, prior.variation, prior.strength)


def _best(
    catalog: Catalog, history: History, moments: Moments, lends: BoolArray, sharing: Sharing
) -> tuple[Scores, CodeArray]:
    """Scores on rolling origins and the law that they choose for every item."""
    before = size_prior(catalog, known_before(history), lends, sharing)
    spec = catalog.study.models
    further = tuple(name for name in spec.candidates if name in FURTHER_NAMES)
    seasons = None if spec.seasonality is None else known_profiles(catalog, history, ~lends, sharing)
    scores = rolling_scores(history, before, score=spec.score, further=further, seasons=seasons)
    group, _ = sharing.groups(spec.pool_by, catalog.texts.get(spec.pool_by), catalog.n_items)
    allowed = allowed_laws(moments.n_observed, moments.n_positive, scores.laws, spec.candidates)
    return scores, best_laws(rank(scores, group, allowed, sharing), moments, scores.laws)


def _population_variance(history: History) -> FloatArray:
    n = np.maximum(history.n_effective, 1)
    return np.asarray(np.nan_to_num(history.variance) * (n - 1) / n)


def _law_arrays(fitted: _Fit, history: History) -> DemandLaw:
    """The laws as flat arrays, with the counted values of the empirical ones."""
    counted = np.isin(fitted.kind, (LawKind.EMPIRICAL, LawKind.MARKOV))
    item, value, weight = _counted_values(history, counted, fitted.kind == LawKind.EMPIRICAL)
    length = np.bincount(item, minlength=fitted.kind.size)
    start = np.where(counted, np.cumsum(length) - length, 0)
    return DemandLaw(
        fitted.kind,
        fitted.mean,
        fitted.variance,
        np.where(fitted.kind == LawKind.INTERMITTENT, fitted.share, 0.0),
        start.astype(np.int64),
        length.astype(np.int64),
        value,
        weight,
    )


def with_past(catalog: Catalog, law: DemandLaw, history: History) -> DemandLaw:
    """The laws with the series and chains that some of them draw from."""
    spec = catalog.study.models
    series, chains = np.isin(law.kind, SERIES_KINDS), law.kind == LawKind.MARKOV
    if not (series.any() or chains.any()):
        return law
    if not history.is_complete:
        raise InvalidInputError([_gaps(catalog)])
    if (law.kind == LawKind.CALENDAR).any() and never_open(history, CYCLES[catalog.study.period]):
        raise InvalidInputError([_no_weekday(catalog)])
    block = np.full(law.n_items, spec.block_length if isinstance(spec.block_length, int) else 1)
    if spec.block_length == "auto":
        block = block_lengths(history, np.isin(law.kind, BLOCKS), law.kind)
    past = past_of(history, law.kind, block, CYCLES[catalog.study.period])
    found = replace(law, past=past, chain=chain_of(history, law.kind))
    mean, variance = moments_of(found)
    changed = chains | (law.kind == LawKind.CALENDAR)
    if history.half_life is not None:
        changed |= series & np.isfinite(history.half_life)
    return replace(
        found, mean=np.where(changed, mean, law.mean), variance=np.where(changed, variance, law.variance)
    )


def _no_ages(catalog: Catalog) -> Problem:
    why = "a half-life needs every period of a life: absent dates are unknown"
    fix = 'say absent_dates = "zero" under [demand], or memory = "all"'
    return Problem("E-MOD-021", why, catalog.study.file, column="models.memory", fix=fix)


def _gaps(catalog: Catalog) -> Problem:
    why = "blocks, phases and chains need every period of a life: absent dates are unknown"
    fix = 'say absent_dates = "zero" under [demand], or name another law'
    return Problem("E-MOD-021", why, catalog.study.file, column="models.law", fix=fix)


def _no_weekday(catalog: Catalog) -> Problem:
    why = f"some of the {CYCLES[catalog.study.period]} phases are always closed: a run has no closed periods"
    fix = "name another law, or give the closed days as days without demand"
    return Problem("E-MOD-023", why, catalog.study.file, column='models.law = "calendar"', fix=fix)


def _with_blocks(reason: Reasons, law: DemandLaw, catalog: Catalog) -> Reasons:
    """Reasons with the length of blocks."""
    if law.past is None:
        return reason
    how = "Politis-White" if catalog.study.models.block_length == "auto" else "as named"
    rows = np.flatnonzero(np.isin(law.kind, BLOCKS))
    texts = {
        row: f", blocks of {block} {catalog.study.period}{'s' if block > 1 else ''} ({how})"
        for row, block in zip(rows.tolist(), law.past.block[rows].tolist(), strict=True)
    }
    return reason.adding(texts, grounds.BLOCKS)


def _counted_values(
    history: History, wanted: BoolArray, zeros_count: BoolArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Distinct values of each wanted item, ascending, and in how many periods each was seen."""
    rows = wanted[history.item]
    seen = np.maximum(history.n_effective, 1)  # never sold, not observed: kept as never demanded
    times = _table_scale(history)
    zeros = np.rint(np.where(wanted & zeros_count, seen - history.weight_positive, 0) * times).astype(
        np.int64
    )
    quiet = np.flatnonzero(zeros > 0)
    item = np.concatenate([quiet, history.item[rows]])
    value = np.concatenate([np.zeros(quiet.size, np.int64), history.quantity[rows]])
    each = np.concatenate(history.of_blocks(lambda items, one: _weights(one, wanted[items])))
    own: IntArray = np.rint(each * times[history.item[rows]]).astype(np.int64)
    weight = np.concatenate([zeros[quiet], np.maximum(own, 1)])
    order = np.lexsort((value, item))
    item, value, weight = item[order], value[order], weight[order]
    new = np.ones(item.size, dtype=np.bool_)
    new[1:] = (np.diff(item) != 0) | (np.diff(value) != 0)
    starts = np.flatnonzero(new)
    weight = np.add.reduceat(weight, starts) if starts.size else weight
    return item[starts], value[starts], weight


def _weights(history: History, wanted: BoolArray) -> FloatArray:
    """Weight of each period with demand of some items."""
    return history.weight[wanted[history.item]] if wanted.any() else np.zeros(0)


def _table_scale(history: History) -> FloatArray:
    """(n,) counts in a table that one period is worth: 1 where all count alike, else many."""
    if history.half_life is None:
        return np.ones(history.n_items)
    fine = _SHARES / np.maximum(history.n_effective, 1)
    return np.asarray(np.where(np.isfinite(history.half_life), fine, 1.0))


def _only_given(given: GivenLaws) -> Choice:
    n = given.mean.size
    nothing = np.zeros(n, np.int64)
    law = DemandLaw(
        given.kind, given.mean, given.variance, np.zeros(n), nothing, nothing, nothing[:0], nothing[:0]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        cv = np.where(given.mean > 0, np.sqrt(given.variance) / given.mean, np.nan)
    return Choice(law, Reasons.of(given.reason), nothing, cv)


def _unknown(
    catalog: Catalog, history: History | None, given: GivenLaws, n_observed: IntArray
) -> list[Problem]:
    """SKU-locations with neither a law nor a period of history."""
    unseen = ~given.mask & ~given.refused & (n_observed == 0)
    if history is not None and history.calendar.n_periods > 0:
        kept = has_minimum(catalog) | (catalog.study.demand.no_history == "zero")
        unseen &= ~(kept & (history.n_positive == 0))
    rows = np.flatnonzero(unseen)
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
    if catalog.held_out:
        fix += ", or hold out fewer periods: what first sold in the hold-out has no past"
    file = catalog.study.data.items.path or "items"
    return [Problem("E-MOD-001", f"{what} for {', '.join(names)}{more}", file, fix=fix)]


def _remarks(catalog: Catalog, history: History, mask: BoolArray, enough: int) -> Iterator[QualityRow]:
    """Which SKU-locations had too little history, or demand in a single period or none."""
    period = catalog.study.period
    short = ~mask & (history.n_observed < enough)
    single = ~mask & ~short & (history.n_positive == 1)
    silent = ~mask & (history.n_positive == 0)
    short &= ~silent
    for rows, what in (
        (short, f"fewer than {enough} {period}s of history: variation of sizes pooled"),
        (single, f"demand in a single {period} of the history: rate from comparable items"),
        (silent, f"no demand in any {period} of the history: zero demand"),
    ):
        if rows.any():
            names = [f"{catalog.sku[row]}@{catalog.location[row]}" for row in np.flatnonzero(rows)]
            dots = ", …" if len(names) > _NAMES_SHOWN else ""
            note = f"{len(names)} SKU-locations: {', '.join(names[:_NAMES_SHOWN])}{dots}"
            yield QualityRow("demand", what, "repaired", 0, note=note)
