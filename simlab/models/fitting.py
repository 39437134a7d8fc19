"""History → laws: the one wiring function of this room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.catalog.quality import QualityRow
from simlab.engine.world.world import NOTHING, OrderTerms, Start, World
from simlab.errors import InvalidInputError, Problem
from simlab.measures.shown import Public
from simlab.models.demand.factors import Factors, common_factors
from simlab.models.demand.given import read_given
from simlab.models.demand.laws import Choice, choose_laws
from simlab.models.demand.past.largest import known_largest, level_limits, protected_periods
from simlab.models.demand.redrawn import Redraws, nothing_open
from simlab.models.demand.renewal import with_rhythm
from simlab.models.demand.resolution import Resolved, check_spans, resolved_laws, support_notes
from simlab.models.demand.scoring.half_lives import Remembered
from simlab.models.demand.scoring.scores import Scores
from simlab.models.forecasts.before import refuse_replay
from simlab.models.forecasts.laws import ForecastPaths
from simlab.models.history.calendar import open_days
from simlab.models.history.history import History
from simlab.models.history.holdout import (
    dates_of,
    keep_dates,
    known_past,
    part_of,
    refuse_long_holdout,
)
from simlab.models.history.reading import check_history_asked, read_history
from simlab.models.keys import keys_of
from simlab.models.opening import moving_part, opening_stock
from simlab.models.review_cycles import Windows, own_windows, with_review_cycles
from simlab.models.shared import Shared, Sharing
from simlab.models.suppliers.effective import EffectiveLeadTimes, effective_lead_times, sequence_remarks
from simlab.models.suppliers.lead_times import LeadTimes, fit_lead_times, moments
from simlab.models.suppliers.orders import check_receipts_asked
from simlab.models.suppliers.supply import Stated, Supplying, check_suppliers, fit_supply, stated_suppliers
from simlab.models.terms import Costs, read_costs, read_minimum, read_terms, review_notes
from simlab.models.working_parts import WHOLE, WorkingParts, fitted_parts, grid_notes, working_parts
from simlab.register.grounds import IN_PARTS, STEPS, Reason

if TYPE_CHECKING:
    from simlab.catalog import Catalog


Result = TypeVar("Result")
_POINT = "current_reorder_point"
_CURRENT = (_POINT, "current_order_up_to", "current_order_quantity")
_FORECASTS = ("forecast_mean", "forecast_error_sd")


@dataclass(frozen=True, eq=False, repr=False)
class Models(Public):
    """What is believed of every SKU-location, in the order of the items table.

    Attributes
    ----------
    world : World
        Laws and order terms: the simulator's input.
    demand_reason, lead_time_reason : sequence of str
        Why each law was taken.
    n_observed : (n,) int64
        Periods of history.
    costs : Costs
        Money per unit and order.
    annual_units : (n,) float
        Expected units per year.
    annual_value : (n,) float
        Expected cost of a year's units, study currency.
    cv : (n,) float
        Coefficient of variation of demand per period (history, else law); NaN where nothing is
        demanded.
    current : dict of (n,) float
        `current_reorder_point` (ordering at or below it), `current_order_up_to`,
        `current_order_quantity`; NaN = none.
    periods_per_year : float
        Of 365 days.
    assumptions : tuple of str
        What was assumed because the data do not say, in sentences.
    notes : tuple of QualityRow
        What fitting did with rows that the catalogue counts as used, and remarks (0 rows); see
        `catalog.quality.full_account`.
    sku, location : tuple of str
        Names, for messages.
    scores : Scores or None
        Out-of-sample scores behind the choice of laws; None where nothing was compared.
    forecasts : dict of (n,) float
        `forecast_mean` and `forecast_error_sd` of the user's own system, units per period; NaN = none.
    redraws : Redraws or None
        Worlds with redrawn parameters; None unless the study asks (`models.parameter_uncertainty`).
    minimum_level : (n,) int64 or None
        Units that the inventory position must not lie below after a review; 0 = none. None: no item has one.
    window_scale : int
        `Horizon.scale` of runs in which items may have windows of their own.
    left_out : tuple of str
        What the study asks for and the laws do not have, in sentences: said with every result.
    largest : (n,) int64 or None
        Units: most ever demanded in R + L; `NOT_KNOWN` of given laws, None without histories.
    level_limit : (n,) int64 or None
        Highest level that is planned (`policy.level_limit`); None: no limit.
    parts : WorkingParts or None
        Constant times that are no whole number of periods, and how they are taken.
    lead_time_rounding : (n,) float or None
        Variance that rounding lead times to whole periods adds, periods²; None: not known.
    lead_time_source : tuple of str
        "receipts", "stated" or "stated_spread" (stated with how much it varies); empty: not known.
    memory : Remembered or None
        How long histories are remembered; None: all periods alike.
    paths : ForecastPaths or None
        The user's own forecasts of the periods to come, which demand and levels follow.
    demand_grounds, lead_time_grounds : tuple of str
        Keys of what spoke for each law (`register/grounds.py`), joined by a space; empty: not known.
    shared : Shared or None
        What the laws of these items needed of all items of the catalogue; see `fit_rows`.
    """

    world: World
    demand_reason: Sequence[str]
    lead_time_reason: tuple[str, ...]
    n_observed: IntArray
    costs: Costs
    annual_units: FloatArray
    annual_value: FloatArray
    cv: FloatArray
    current: dict[str, FloatArray]
    periods_per_year: float
    assumptions: tuple[str, ...]
    notes: tuple[QualityRow, ...]
    sku: tuple[str, ...]
    location: tuple[str, ...]
    scores: Scores | None = None
    forecasts: dict[str, FloatArray] = field(default_factory=dict)
    redraws: Redraws | None = None
    minimum_level: IntArray | None = None
    window_scale: int = 1
    left_out: tuple[str, ...] = ()
    largest: IntArray | None = None
    level_limit: IntArray | None = None
    parts: WorkingParts | None = None
    lead_time_rounding: FloatArray | None = None
    lead_time_source: tuple[str, ...] = ()
    memory: Remembered | None = None
    paths: ForecastPaths | None = None
    demand_grounds: tuple[str, ...] = ()
    lead_time_grounds: tuple[str, ...] = ()
    shared: Shared | None = None

    @property
    def n_items(self) -> int:
        return self.world.n_items

    @property
    def silent(self) -> BoolArray:
        """(n,) items whose law never demands anything."""
        return np.asarray(self.world.demand.mean == 0)

    @property
    def follows_forecast(self) -> BoolArray:
        """(n,) items whose demand follows the forecast table."""
        return np.zeros(self.n_items, np.bool_) if self.paths is None else self.paths.mask

    @property
    def never_ordered(self) -> BoolArray:
        """(n,) items of which nothing is ever ordered: `silent`, or `max_order` is 0."""
        return np.asarray(self.silent | (self.world.terms.max_order == NOTHING))

    @property
    def least_level(self) -> IntArray:
        """(n,) `minimum_level`, 0 where there is none."""
        none = np.zeros(self.n_items, np.int64)
        return none if self.minimum_level is None else self.minimum_level

    @cached_property
    def lead_time_moments(self) -> tuple[FloatArray, FloatArray]:
        """(n,) mean and (n,) variance of the lead time, periods and periods².

        Of items on a working grid the nearest whole period: formulas take `planning.by_parts`.
        """
        return moments(self.world.lead_time)

    @cached_property
    def effective_lead_times(self) -> EffectiveLeadTimes:
        """What orders at every review get, kept in sequence."""
        return effective_lead_times(self.world.lead_time, self.world.terms.review_period)


@dataclass(eq=False)
class _Checks:
    """Steps that may each refuse the data, so that all problems are told at once."""

    problems: list[Problem] = field(default_factory=list)

    def do(self, step: Callable[[], Result]) -> Result | None:
        """What the step returns; None if it refused, its problems kept."""
        try:
            return step()
        except InvalidInputError as error:
            self.problems += error.problems
            return None


def fit_rows(catalog: Catalog, shared: Shared, rows: IntArray) -> Models:
    """The laws of some rows of a catalogue, to the bit those that a fit of all of it gives them.

    Parameters
    ----------
    catalog : Catalog
        All items, or at least these: of no others is anything read.
    shared : Shared
        `Models.shared` of the fit of all items.
    rows : (k,) int64
        Rows of `catalog`, in any order.

    Notes
    -----
    What is judged of a catalogue as a whole (whether effects can be seen in it, whether an option names
    anybody) was judged in the fit of all items. Notes and sentences are those of these rows.
    """
    return fit(part_of(catalog, rows, dates_of(shared)), shared)


def fit(catalog: Catalog, shared: Shared | None = None, threads: int = 1) -> Models:
    """Fit demand and lead-time laws to a catalogue's histories.

    Parameters
    ----------
    catalog : Catalog
        Checked tables and their study.
    shared : Shared, optional
        Where these are some rows of a catalogue (`fit_rows`): what was found of all of them.
    threads : int
        That look at some items each at the same time; no law depends on it.

    Returns
    -------
    Models
        One row per SKU-location; every choice carries its reason.

    Raises
    ------
    InvalidInputError
        SKU-locations whose demand or lead time nothing tells, laws and order terms that make no
        sense, random lead times without a word on crossing.

    Notes
    -----
    The last `catalog.held_out` periods are left out, and receipts that arrived in them.
    """
    sharing = Sharing(shared)
    keep_dates(catalog, sharing)
    if sharing.whole:
        refuse_long_holdout(catalog)
    catalog, held_out = known_past(catalog)
    history = read_history(catalog, sharing=sharing.under("history"), threads=threads)
    sound = _checked(catalog, history, sharing)
    laws = _laws(catalog, history, sound, sharing)
    sound = sound._replace(parts=fitted_parts(sound.parts, laws.choice.law))
    choice, lead_times, parts = laws.choice, sound.lead_times, sound.parts
    if not held_out and sharing.whole:
        refuse_replay(catalog, protection(lead_times, laws.terms))
    costs, assumed = read_costs(catalog)
    came = _arrivals(lead_times.reason, laws.supply.reason)
    largest, limit = _largest(catalog, history, choice, lead_times, laws.terms)
    annual_units = choice.law.mean * catalog.study.periods_per_year
    current, when = _current(catalog)
    days = open_days(catalog, None if history is None else history.calendar)
    return Models(
        world=_world(catalog, sound, laws),
        demand_reason=choice.reason.texts,
        lead_time_reason=_each(came, str),
        lead_time_source=lead_times.source,
        n_observed=choice.n_observed,
        costs=costs,
        annual_units=annual_units,
        annual_value=annual_units * catalog.unit_cost * costs.cost_resolution,
        cv=choice.cv,
        current=current,
        forecasts=_forecasts(catalog, choice.paths),
        periods_per_year=catalog.study.periods_per_year,
        assumptions=(
            *choice.left_out,
            *sound.begins,
            *laws.suppliers.assumptions,
            *assumed,
            *days,
            *when,
        ),
        notes=(*held_out, *_notes(catalog, history, sound, laws)),
        sku=catalog.sku,
        location=catalog.location,
        scores=choice.scores,
        redraws=_redraws(catalog, choice, lead_times),
        minimum_level=laws.least if laws.least.any() else None,
        window_scale=laws.windows.scale,
        left_out=choice.left_out,
        largest=largest,
        level_limit=limit,
        parts=parts,
        lead_time_rounding=lead_times.rounding,
        memory=choice.memory,
        paths=choice.paths,
        demand_grounds=choice.reason.keys,
        lead_time_grounds=_each(came, lambda one: one.keys),
        shared=sharing.kept() if shared is None else shared,
    )


def _stay(catalog: Catalog, choice: Choice) -> BoolArray:
    """(n,) laws given outright, and those that follow a season."""
    seasons = choice.law.seasons
    seasonal = np.zeros(catalog.n_items, np.bool_) if seasons is None else seasons.profile >= 0
    given = choice.given if choice.given.size else read_given(catalog)[0].mask
    return np.asarray(given | seasonal)


class _Sound(NamedTuple):
    """What the data say, once nothing in them is refused."""

    choice: Choice
    lead_times: LeadTimes
    terms: OrderTerms
    parts: WorkingParts
    start: Start | None
    begins: tuple[str, ...]


def _checked(catalog: Catalog, history: History | None, sharing: Sharing) -> _Sound:
    """Laws, lead times, order terms and start, or every problem of theirs at once."""
    checked = _Checks()
    lead_times = checked.do(lambda: fit_lead_times(catalog, sharing))
    terms = checked.do(lambda: read_terms(catalog))
    span = None if lead_times is None or terms is None else protection(lead_times, terms)
    choice = checked.do(lambda: choose_laws(catalog, history, span, sharing))
    constant = None if lead_times is None else lead_times.constant
    parts = None if constant is None else checked.do(lambda: working_parts(catalog, constant, sharing))
    transient = catalog.study.policy.start == "today"
    opening: tuple[Start | None, tuple[str, ...]] | None = (None, ())
    if transient and lead_times is not None:
        law = lead_times.law
        opening = checked.do(lambda: opening_stock(catalog, law, sharing))
    if sharing.whole:
        checked.do(lambda: check_suppliers(catalog))
    checked.do(lambda: check_receipts_asked(catalog))
    if history is None:
        checked.do(lambda: check_history_asked(catalog))
    if choice is None or lead_times is None or terms is None or parts is None or opening is None:
        raise InvalidInputError(checked.problems)
    if checked.problems:
        raise InvalidInputError(checked.problems)
    return _Sound(choice, lead_times, terms, parts, *opening)


class _Laws(NamedTuple):
    """Laws and order terms as they are simulated."""

    choice: Choice
    terms: OrderTerms
    factors: Factors | None
    windows: Windows
    least: IntArray
    supply: Supplying
    suppliers: Stated
    coarser: tuple[QualityRow, ...]


def _laws(catalog: Catalog, history: History | None, sound: _Sound, sharing: Sharing) -> _Laws:
    """What was chosen, with rhythms and common factors, in steps that tables hold, in windows of its own."""
    choice, terms = sound.choice, sound.terms
    if history is not None:
        span = _spanned(sound.parts, protection(sound.lead_times, terms))
        choice = with_rhythm(catalog, history, choice, _stay(catalog, choice), span)
    factors = None
    if catalog.study.models.dependence is not None and history is not None:
        factors = common_factors(catalog, history, choice.law, sharing)
    resolved = resolved_laws(catalog, choice.law, terms)
    terms = with_review_cycles(catalog, terms, resolved.law)
    windows = own_windows(catalog, terms, resolved.law, sound.parts.grid, sharing)
    check_spans(catalog, resolved.law)
    if choice.paths is not None:  # levels are planned by the law of a mean period
        check_spans(catalog, choice.paths.mean_period(resolved.law, choice.paths.mask))
    coarser = (*resolved.notes, *support_notes(catalog, resolved.law))
    reason = choice.reason.adding(_steps(resolved), STEPS)
    supply = fit_supply(catalog, sharing)
    return _Laws(
        replace(choice, law=resolved.law, reason=reason),
        replace(terms, window=windows.own),
        factors,
        windows,
        read_minimum(catalog),
        supply,
        stated_suppliers(catalog, supply.supply),
        coarser,
    )


def _world(catalog: Catalog, sound: _Sound, laws: _Laws) -> World:
    """The simulator's input."""
    law, start = laws.choice.law, sound.start
    return World(
        keys_of(catalog),
        law,
        sound.lead_times.law,
        laws.terms,
        supply=laws.suppliers.supply,
        start=None if start is None else moving_part(start, law, laws.least),
        dependence=None if laws.factors is None else laws.factors.dependence(),
        names=(np.array(catalog.sku, object), np.array(catalog.location, object)),
        grid=sound.parts.grid,
    )


def _notes(catalog: Catalog, history: History | None, sound: _Sound, laws: _Laws) -> tuple[QualityRow, ...]:
    """What fitting did with rows that count as used, and remarks, in the order of its steps."""
    lead_times, parts = sound.lead_times, sound.parts
    return (
        *(history.notes if history else ()),
        *laws.choice.notes,
        *(() if laws.factors is None else (laws.factors.note(),)),
        *laws.coarser,
        *lead_times.notes,
        *sequence_remarks(catalog, lead_times.law, laws.terms.review_period, lead_times.rounding),
        *laws.supply.notes,
        *review_notes(catalog, ~parts.on_grid),
        *grid_notes(catalog, parts, laws.choice.law),
        *laws.windows.notes,
    )


def _largest(
    catalog: Catalog, history: History | None, choice: Choice, lead_times: LeadTimes, terms: OrderTerms
) -> tuple[IntArray | None, IntArray | None]:
    """Largest demand in R + L of every history, and the highest level that it lets plan."""
    if history is None:
        return None, None
    span = protected_periods(lead_times.law, terms)
    largest = known_largest(history, ~choice.given, span)
    times = catalog.study.policy.level_limit
    return largest, level_limits(largest, history.n_observed, span, times, terms.pack_size)


def protection(lead_times: LeadTimes, terms: OrderTerms) -> FloatArray:
    """(n,) mean R + L, periods."""
    return np.asarray(terms.review_period + moments(lead_times.law)[0])


def _spanned(parts: WorkingParts, protected: FloatArray) -> FloatArray:
    """(n,) periods that R + L reaches into: one in which a lead time ends counts as a whole one."""
    within = np.ceil(parts.review_period_taken + parts.lead_time_taken - WHOLE)
    return np.asarray(np.where(parts.on_grid, within, protected))


def _columns(catalog: Catalog, names: tuple[str, ...]) -> dict[str, FloatArray]:
    """Columns of numbers by name, NaN where items have none."""
    none = np.full(catalog.n_items, np.nan)
    return {name: catalog.numbers.get(name, none) for name in names}


def _forecasts(catalog: Catalog, paths: ForecastPaths | None) -> dict[str, FloatArray]:
    """Mean and standard error of a period's forecast: of the table where there is one, else of items."""
    stated = _columns(catalog, _FORECASTS)
    if paths is None:
        return stated
    even = (paths.path == paths.path[:, :1]).all(axis=1)
    mean = np.where(even, paths.path[:, 0], paths.path.mean(axis=1))
    own = dict(zip(_FORECASTS, (mean, paths.sd), strict=True))
    return {name: np.where(paths.mask, own[name], stated[name]) for name in _FORECASTS}


def _current(catalog: Catalog) -> tuple[dict[str, FloatArray], tuple[str, ...]]:
    """Today's levels, reorder points as those at or below which an order is placed, and what was done."""
    current, said = _lots_of_today(catalog, _columns(catalog, _CURRENT))
    words = catalog.texts.get("current_reorder_when", np.full(catalog.n_items, None, dtype=object))
    usual = catalog.study.policy.current_reorder_when
    below = np.array([(word or usual) == "below" for word in words], dtype=np.bool_)
    below &= ~np.isnan(current[_POINT])
    if not below.any():
        return current, said
    lowered = (
        f"{int(below.sum()):,} of {catalog.n_items:,} SKU-locations order when the position is below "
        f"{_POINT}: here an order is placed at or below s, so that s is one unit less"
    )
    return {**current, _POINT: current[_POINT] - below}, (*said, lowered)


def _lots_of_today(
    catalog: Catalog, current: dict[str, FloatArray]
) -> tuple[dict[str, FloatArray], tuple[str, ...]]:
    """A reorder point of today without a word on how much is ordered: the item's lots, `order_quantity`."""
    up_to, quantity = (current[name] for name in _CURRENT[1:])
    lots = catalog.numbers.get("order_quantity")
    if lots is None or not (np.isnan(up_to).all() and np.isnan(quantity).all()):
        return current, ()
    taken = ~np.isnan(current[_POINT]) & ~np.isnan(lots)
    if not taken.any():
        return current, ()
    said = (
        f"{int(taken.sum()):,} of {catalog.n_items:,} SKU-locations order order_quantity today where the "
        f"position reaches {_POINT}: items has no {_CURRENT[1]} and no {_CURRENT[2]}"
    )
    return {**current, _CURRENT[2]: np.where(taken, lots, np.nan)}, (said,)


def _arrivals(lead_times: tuple[Reason, ...], parts: tuple[str, ...]) -> tuple[Reason, ...]:
    """Reasons of lead times with how orders are split."""
    if not any(parts):
        return lead_times
    return tuple(one.adding(text, IN_PARTS) for one, text in zip(lead_times, parts, strict=True))


def _each(reasons: tuple[Reason, ...], told: Callable[[Reason], str]) -> tuple[str, ...]:
    """(n,) what is told of each reason, found once of those that many items have."""
    known = {id(one): told(one) for one in dict(zip(map(id, reasons), reasons, strict=True)).values()}
    return tuple(map(known.__getitem__, map(id, reasons)))


def _steps(resolved: Resolved) -> dict[int, str]:
    """What is added to the reasons of laws in multiples of a unit, by item."""
    rows = np.flatnonzero(resolved.step > 1)
    steps = resolved.step[rows].tolist()
    return {row: f", in multiples of {n} units" for row, n in zip(rows.tolist(), steps, strict=True)}


def _redraws(catalog: Catalog, choice: Choice, lead_times: LeadTimes) -> Redraws | None:
    """What parameters are drawn again with, where the study asks and there are histories or receipts."""
    if not catalog.study.models.parameter_uncertainty or (choice.known is None and lead_times.known is None):
        return None
    known = nothing_open(catalog.n_items) if choice.known is None else choice.known
    return Redraws(known, catalog.study.simulation.seed, lead_times.known)
