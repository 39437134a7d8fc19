"""Targets → integer control levels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import numpy.typing as npt

from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.engine.prepare.on_grid import in_parts, parts_of, split_rows
from simlab.engine.prepare.sequence import unfolded
from simlab.engine.world.demand_law import LawKind
from simlab.engine.world.levels import Family, Levels
from simlab.engine.world.world import LeadTimeLaw, Unmet
from simlab.errors import UsageError
from simlab.measures.shown import Public
from simlab.models import is_plain, marginal
from simlab.policies.levels.best import best_levels
from simlab.policies.levels.ceilings import HELD, held
from simlab.policies.levels.exact import Measure, Problems, least_levels
from simlab.policies.levels.floors import LIFTED, RAISED, kept_above, lifted, refuse_floors
from simlab.policies.levels.forecasting import FORECAST, expected_at_start, forecast_levels
from simlab.policies.levels.lost import LOSES, LOSES_PART, Sought, losing, with_losses
from simlab.policies.levels.normal import normal_levels, normal_reorder_points
from simlab.policies.quantities import order_quantities
from simlab.policies.sums.consecutive import Consecutive
from simlab.policies.sums.holidays import Holidays, around_holidays, closing, closures
from simlab.policies.sums.protection import (
    Protection,
    crossing,
    in_sequence,
    in_sequence_apart,
    independent,
    of_one_order,
)
from simlab.policies.sums.transforms import no_demand
from simlab.register.families import OPTIMAL_NAMES, TARGET_FAMILIES, Rule, family_named, rule_of
from simlab.study.sections import ForecastSpec

if TYPE_CHECKING:
    from simlab.engine.world.policy import OrderPolicy
    from simlab.models import Models


Planning = Literal["exact", "normal", "optimal"]

_FAR_APART = 4.0
"""Mean demands of a review period in one order, from which orders count as far apart: simulated service
is nearer to that formula above, to the one where every review orders below."""
_RULES = {False: in_sequence, True: in_sequence_apart}
_OVERTAKING = {False: crossing, True: independent}

_FAR = 1 << 30
"""Reviews between orders that never meet."""
OUT_OF_SEQUENCE = "lead times that orders so close cannot have in sequence: the nearest with their mean"
_ALIKE = (LawKind.MOVING_BLOCKS, LawKind.STATIONARY_BLOCKS, LawKind.MARKOV)
UNORDERED = "nothing is ordered (max_order = 0)"
_WHOLE = 1_000_000  # millionths of an order that come at first
_OVER_PHASES = "each period by its law over all phases, independent"
MEASURES = ("fill_rate", "cycle_service_level")
PLANNINGS = ("exact", "normal", "optimal")


@dataclass(frozen=True, eq=False, repr=False)
class PlannedLevels(Public):
    """Levels for targets.

    Attributes
    ----------
    levels : Levels
        n items × k targets.
    method : tuple of str
        Which formula planned each item, approximations named.
    safety_stock : (n, k) float
        Units above the mean demand of R + E[L]: of the order-up-to level for (R,S), of the reorder
        point for (R,s,nQ) and (R,s,S). Negative where the target asks for less than the mean.
    """

    levels: Levels
    method: tuple[str, ...]
    safety_stock: FloatArray

    def ordered_by(self, rule: OrderPolicy) -> PlannedLevels:
        """The same levels as parameters of a user's own rule, which the method then names."""
        name = getattr(rule, "__name__", "a function")
        method = tuple(f"{word}; ordered by the rule '{name}'" for word in self.method)
        return replace(self, levels=replace(self.levels, policy=rule), method=method)


def plan(
    models: Models,
    targets: npt.ArrayLike,
    *,
    family: str = "order_up_to",
    target_measure: str = "fill_rate",
    planning: str = "exact",
    forecast: ForecastSpec | None = None,
    seed: int = 1,
) -> PlannedLevels:
    """Smallest integer levels that reach the targets, by the law of each SKU-location.

    Parameters
    ----------
    models : Models
        n items.
    targets : (k,) or (n, k) float
        Each above 0 and below 1; one row serves all items.
    family : {"order_up_to", "reorder_quantity", "reorder_up_to", "forecast"}
        (R,S), in the last with a level that follows a forecast; or (R,s,nQ) with Q, (R,s,S) with S − s
        from `order_quantities`, at every target the same.
    target_measure : {"fill_rate", "cycle_service_level"}
        What a target is of.
    planning : {"exact", "normal", "optimal"}
        The laws themselves, or the textbook formula (with its correction for undershoot for (R,s,S)); of
        a forecast policy "normal" only. ``"optimal"``: the (R,s,S) of least cost where a target t prices a
        unit owed at h·t / (1 − t) per period (see `best.best_levels`); then S − s varies with the target.
    forecast : ForecastSpec, optional
        Method and smoothing of a forecast policy; default exponential smoothing.
    seed : int
        Of the study: its stream `planning` finds exact levels where demand is lost (`levels.lost`).

    Returns
    -------
    PlannedLevels
        Where demand can be lost no reorder point lies below 0 (no fixed S below 1), and none below
        `minimum_level` − 1 (no S below it); what is never demanded carries that minimum and nothing else.
        See `floors`. No level is above what the history makes believable; see `ceilings`.

    Raises
    ------
    UsageError
        A target outside (0, 1), a wrong shape or an unknown word.
    InvalidInputError
        (R,s,nQ) or (R,s,S) without an order quantity.
    """
    _known(family, target_measure, planning)
    asked = _asked(targets, models.n_items)
    measure = cast(Measure, target_measure)
    if family == FORECAST:
        refuse_floors(models)
        spec = forecast or ForecastSpec()
        levels, word = forecast_levels(models, asked, measure, planning, spec)
        stock = levels.order_up_to - expected_at_start(models, spec)[:, None]
        words = _holidays_left_out(models, [word] * models.n_items)
        return PlannedLevels(levels, _named_unordered(models, words), stock)
    parts, world = parts_of_items(models), by_parts(models).world
    models, consecutive = plannable(by_parts(models))
    rule = rule_of(TARGET_FAMILIES[family])
    if planning == "optimal":
        return _optimal(models, asked, family, consecutive, parts)
    quantity = lots_of(models, family)
    if planning == "exact":
        problems, words = _stated(models, measure, quantity, rule, consecutive)
        level, method = _exact(problems, asked, measure, rule, words)
        if losing(world).any():
            sought = Sought(world, rule.family, quantity, level, asked, measure, problems, seed)
            level, method = with_losses(sought, method)
    else:
        level, method = _normal(models, asked, measure, quantity, rule, consecutive)
        method = tuple(_losses_left_out(models, _holidays_left_out(models, list(method))))
    above = 0 if rule.has_point else 1
    level, low = lifted(models, level, above)
    level, high = held(models, level)
    level, raised = kept_above(models, level - above)
    level = level + above
    words = _also(_also(_also(list(method), low, LIFTED), high, HELD), raised, RAISED)
    method = _named_unordered(models, words)
    return PlannedLevels(_levels(level, quantity, rule), method, safety_stock(models, level))


def lots_of(models: Models, family: str) -> IntArray:
    """(n,) Q of (R,s,nQ), S − s of (R,s,S), 0 for (R,S) and levels that follow a forecast."""
    if not rule_of(family_named(family).rule or Family.ORDER_UP_TO).has_point:
        return np.zeros(models.n_items, np.int64)
    return order_quantities(models, family)


def safety_stock(models: Models, level: IntArray) -> FloatArray:
    """(n, k) units of S of (R,S), or s of the other rules, above the mean demand of R + E[L]."""
    models = by_parts(models)
    interval = models.world.terms.review_period + models.lead_time_moments[0]
    return np.asarray(level - (models.world.demand.mean * interval)[:, None])


def by_parts(models: Models) -> Models:
    """The models with every item on its own grid: laws, R and L by part where it is split."""
    if models.world.grid is None:
        return models
    return replace(models, world=in_parts(models.world))


def parts_of_items(models: Models) -> IntArray:
    """(n,) parts of a period of every item: 1 where it goes by periods."""
    return np.where(split_rows(models.world), parts_of(models.world), 1).astype(np.int64)


def plannable(models: Models) -> tuple[Models, Consecutive | None]:
    """The models with the law of any one period, sums of consecutive ones where these depend on each other.

    Of seasons the mixture over phases (`simlab.models.demand.marginal`).
    """
    law, terms = models.world.demand, models.world.terms
    hanging = ~is_plain(law)
    if not hanging.any():
        return models, None
    world = replace(models.world, demand=marginal(law))
    consecutive = Consecutive(law, hanging, terms.review_period, terms.review_phase)
    return replace(models, world=world), consecutive


def _levels(level: IntArray, quantity: IntArray, rule: Rule) -> Levels:
    family = np.full(level.shape[0], rule.family, np.int8)
    every = np.repeat(quantity[:, None], level.shape[1], axis=1)
    if not rule.has_point:
        return Levels(family, level - 1, level, every)
    return Levels(family, level, level + every, every)


def _optimal(
    models: Models, targets: FloatArray, family: str, consecutive: Consecutive | None, parts: IntArray
) -> PlannedLevels:
    """(R,s,S) of least cost, and what it leaves out."""
    if family not in OPTIMAL_NAMES:
        raise UsageError("optimal levels are those of (R,s,S): family = 'reorder_up_to'")
    low, top = best_levels(models, targets, parts)
    low, raised = lifted(models, low, 0)
    width = top - low
    low, capped = held(models, low)
    top = np.where(capped[:, None], low + width, top)
    low, critical = kept_above(models, low)
    top = np.where(models.never_ordered[:, None], low + 1, np.maximum(top, low + 1))
    rule = np.full(models.n_items, Family.REORDER_UP_TO, np.int8)
    terms = models.world.terms
    words = ["optimal"] * models.n_items
    words = _also(words, (terms.pack_size > 1) | (terms.moq > 1), "packs and smallest orders left out")
    words = _left_out(models, words)
    if models.world.lead_time.crossing:
        words = _also(words, models.lead_time_moments[1] > 0, "crossing orders as in sequence")
    words = _holidays_left_out(models, _supply_left_out(models, words))
    if consecutive is not None:
        words = _also(words, consecutive.hanging, _OVER_PHASES)
    words = _also(_also(_also(words, raised, LIFTED), capped, HELD), critical, RAISED)
    method = _named_unordered(models, words)
    return PlannedLevels(Levels(rule, low, top, top - low), method, safety_stock(models, low))


def _normal(
    models: Models,
    targets: FloatArray,
    measure: Measure,
    quantity: IntArray,
    rule: Rule,
    consecutive: Consecutive | None,
) -> tuple[IntArray, tuple[str, ...]]:
    """(n, k) S of (R,S), s of the others, and the name of the formula."""
    if rule.has_point and not rule.by_lot:
        level = normal_reorder_points(models, targets, measure, quantity, consecutive)
        return level, tuple(_serial(["normal with undershoot"] * models.n_items, consecutive))
    mean = models.world.demand.mean * models.world.terms.review_period
    lot = np.asarray(quantity if rule.by_lot else mean, np.float64)
    level = normal_levels(models, targets, measure, lot, consecutive)
    return level, tuple(_serial(["normal"] * models.n_items, consecutive))


def _known(family: str, measure: str, planning: str) -> None:
    for word, allowed in ((family, (*TARGET_FAMILIES, FORECAST)), (measure, MEASURES), (planning, PLANNINGS)):
        if word not in allowed:
            raise UsageError(f"'{word}' is not in this version: one of {', '.join(allowed)}")


def _asked(targets: npt.ArrayLike, n_items: int) -> FloatArray:
    asked = np.asarray(targets, dtype=np.float64)
    if asked.ndim == 1:
        asked = np.repeat(asked[None, :], n_items, axis=0)
    if asked.ndim != 2 or asked.shape[0] != n_items:
        raise UsageError(f"targets have shape {asked.shape}, not (k,) or ({n_items}, k)")
    if not ((asked > 0) & (asked < 1)).all():
        raise UsageError("targets are fractions above 0 and below 1, such as 0.95")
    return asked


def _stated(
    models: Models, measure: Measure, quantity: IntArray, rule: Rule, consecutive: Consecutive | None
) -> tuple[Problems, list[str]]:
    """What the formula solves, and its names."""
    falls = rule.has_point and not rule.by_lot
    return service_problems(models, quantity, measure, depletes=falls, consecutive=consecutive)


def _exact(
    problems: Problems, targets: FloatArray, measure: Measure, rule: Rule, words: list[str]
) -> tuple[IntArray, tuple[str, ...]]:
    """(n, k) S of (R,S), s of the others, and how each item was planned."""
    levels, step = least_levels(problems, targets, measure, below=rule.has_point)
    words = _also(words, step > 1, "coarser steps where demand spreads beyond 2^15 units")
    return levels - 1 if rule.has_point else levels, tuple(words)


def service_problems(
    models: Models,
    quantity: IntArray,
    measure: Measure,
    *,
    depletes: bool = False,
    consecutive: Consecutive | None = None,
) -> tuple[Problems, list[str]]:
    """What exact planning solves for every item, and the name of the formula.

    Parameters
    ----------
    models : Models
        n items.
    quantity : (n,) int64
        Order quantity of (R,s,nQ), S − s of (R,s,S); 0 for (R,S).
    measure : {"fill_rate", "cycle_service_level"}
        For the name alone.
    depletes : bool
        (R,s,S): positions as demand takes them down from S, instead of uniform ones.
    consecutive : Consecutive, optional
        Items whose periods depend on each other, the models as `plannable` returns them.
    """
    width, words = _width(models, quantity)
    apart = width > _FAR_APART * models.world.demand.mean * models.world.terms.review_period
    spacing = _reviews_apart(models, width)
    tables, which = _protections(models, apart, spacing)
    words = _approximations(models, words, width > 1, apart, measure)
    words = _near(words, spacing > 0, OUT_OF_SEQUENCE)
    words = _serial(words, consecutive)
    if consecutive is not None:
        words = _hanging_approximations(models, words, consecutive, width > 1, measure, depletes)
    if not depletes:
        return Problems(models.world.demand, tables, which, width, consecutive=consecutive), words
    pack = models.world.terms.pack_size
    words = _also(words, pack > 1, "packs as a uniform position")
    every = np.ones(width.size, np.bool_)
    return Problems(models.world.demand, tables, which, width, every, pack, consecutive), words


def _serial(words: list[str], consecutive: Consecutive | None) -> list[str]:
    """Where sums of consecutive periods were planned with, added to the names."""
    if consecutive is None:
        return words
    alike = np.isin(consecutive.law.kind, _ALIKE)
    words = _also(words, consecutive.hanging & alike, "sums of consecutive periods")
    text = "sums of consecutive periods, averaged over phases"
    return _also(words, consecutive.hanging & ~alike, text)


def _hanging_approximations(
    models: Models,
    words: list[str],
    consecutive: Consecutive,
    lots: BoolArray,
    measure: Measure,
    depletes: bool,
) -> list[str]:
    """What periods that depend on each other make approximate, added to the names."""
    hanging = consecutive.hanging & (models.world.demand.mean > 0)
    random = models.lead_time_moments[1] > 0
    if models.world.lead_time.crossing:
        words = _also(words, hanging & random, "open orders as if consecutive")
    elif measure == "cycle_service_level":
        words = _also(words, hanging & random & ~lots, "orders that arrive together approximated")
    if depletes:
        words = _also(words, hanging & lots, "positions as of independent reviews")
    if measure == "cycle_service_level":
        words = _also(words, hanging & lots, "undershoot as independent of later demand")
    return words


def _approximations(
    models: Models, words: list[str], lots: BoolArray, apart: BoolArray, measure: Measure
) -> list[str]:
    """What random lead times make approximate where orders come in lots, added to the names."""
    spread = lots & (models.lead_time_moments[1] > 0)
    if models.world.lead_time.crossing:
        words = _also(words, spread & apart, "crossing orders as independent lead times")
        words = _also(words, spread & ~apart, "crossing orders as if every review ordered")
    elif measure == "cycle_service_level":
        words = _near(words, spread, "orders that arrive together counted as the demand they replace")
    words = _with_holidays(models, _supply_left_out(models, words), lots, measure)
    return [
        "no demand" if nothing else word for word, nothing in zip(words, models.silent.tolist(), strict=True)
    ]


def _named_unordered(models: Models, words: list[str]) -> tuple[str, ...]:
    """The names, and of what may never be ordered that nothing was planned."""
    never = models.never_ordered & ~models.silent
    return tuple(UNORDERED if here else word for word, here in zip(words, never.tolist(), strict=True))


def _supply_left_out(models: Models, words: list[str]) -> list[str]:
    """What suppliers do that no formula knows, added to the names."""
    supply = models.world.supply
    if supply is not None:
        words = _also(words, (supply.on_time < _WHOLE)[supply.supplier], "orders in parts as if whole")
        words = _also(words, (supply.fails > 0)[supply.supplier], "outages left out")
    return words


def _holidays_left_out(models: Models, words: list[str]) -> list[str]:
    """What is planned as if suppliers were always open, added to the names."""
    return _also(words, closing(models.world), "suppliers' holidays left out")


def _with_holidays(models: Models, words: list[str], lots: BoolArray, measure: Measure) -> list[str]:
    """What holidays make approximate where lead times are random or receipts are counted."""
    closes = closing(models.world)
    words = _also(words, closes, "with suppliers' holidays")
    spread = closes & (models.lead_time_moments[1] > 0)
    words = _near(words, spread, "random lead times beside holidays as if of one order alone")
    if measure == "cycle_service_level":
        words = _near(words, closes & lots, "receipts of lots after holidays as if apart")
    return words


def _left_out(models: Models, words: list[str]) -> list[str]:
    """Limits and lost demand that no formula knows, added to the names."""
    terms = models.world.terms
    words = _also(words, terms.max_order > 0, "largest order left out")
    if terms.max_position is not None:
        words = _also(words, terms.max_position > 0, "highest position left out")
    return _losses_left_out(models, words)


def _losses_left_out(models: Models, words: list[str]) -> list[str]:
    """Lost demand that is planned as if it waited, added to the names."""
    terms = models.world.terms
    words = _also(words, terms.unmet == Unmet.LOST, LOSES.removeprefix(", "))
    return _also(words, terms.unmet == Unmet.PARTLY, LOSES_PART.removeprefix(", "))


def _width(models: Models, quantity: IntArray) -> tuple[IntArray, list[str]]:
    """(n,) how many positions a review may leave, equally likely, and the name of the formula."""
    terms, demand = models.world.terms, models.world.demand
    is_quantity = quantity > 0
    smallest = -(-terms.moq // terms.pack_size) * terms.pack_size
    binds = ~is_quantity & (smallest > terms.pack_size) & (smallest > demand.mean * terms.review_period)
    free = ~is_quantity & (smallest > terms.pack_size) & ~binds
    width = np.where(is_quantity, quantity, np.where(binds, smallest, terms.pack_size))
    words = ["exact"] * models.n_items
    words = _also(words, ~is_quantity & ~binds & (terms.pack_size > 1), "packs as a uniform position")
    words = _also(words, binds, "smallest order as a uniform position")
    words = _also(words, free, "smallest order left out (below the mean of a review period)")
    words = _left_out(models, words)
    return width.astype(np.int64), words


def _also(words: list[str], where: BoolArray, text: str) -> list[str]:
    return [f"{word}, {text}" if here else word for word, here in zip(words, where.tolist(), strict=True)]


def _near(words: list[str], where: BoolArray, text: str) -> list[str]:
    """As `_also`, and what was called exact is called approximate."""
    named = [
        word.replace("exact", "approximate", 1) if here else word
        for word, here in zip(words, where.tolist(), strict=True)
    ]
    return _also(named, where, text)


def _protections(
    models: Models, apart: BoolArray, spacing: IntArray
) -> tuple[tuple[Protection, ...], IntArray]:
    """Distinct tables of weights, by lead-time law, review, spacing of orders and supplier that closes."""
    world = models.world
    lead, review = world.lead_time, world.terms.review_period
    keys = np.stack([lead.law, review, apart.astype(np.int64), spacing, *closures(world)], axis=1)
    distinct, which = np.unique(keys, axis=0, return_inverse=True)
    waits = None if world.supply is None else world.supply.until_open()
    tables = []
    for law, R, is_apart, reviews, supplier, phase, drawn in distinct.tolist():
        points = _law_points(lead, law)
        if supplier >= 0 and waits is not None:
            one = of_one_order(*points, R, 1 if lead.crossing else reviews or _FAR, lead.crossing)
            holidays = Holidays.of(waits[supplier], R, phase, drawn=bool(drawn))
            tables.append(around_holidays(one, holidays, bool(is_apart)))
        elif lead.crossing:
            tables.append(_OVERTAKING[bool(is_apart)](*points, R))
        else:
            tables.append(_RULES[bool(is_apart)](*points, R, reviews or _FAR))
    return tuple(tables), which.ravel().astype(np.int64)


def _law_points(lead: LeadTimeLaw, law: int) -> tuple[IntArray, FloatArray]:
    rows = slice(int(lead.start[law]), int(lead.start[law] + lead.length[law]))
    return lead.periods[rows], lead.weights[rows].astype(np.float64)


def reviews_between_orders(models: Models, width: IntArray) -> FloatArray:
    """(n,) mean number of reviews from one order to the next; infinite where nothing is demanded.

    Parameters
    ----------
    models : Models
        As `plannable` returns them.
    width : (n,) int64
        Positions that a review may leave; see `service_problems`.
    """
    law, review = models.world.demand, models.world.terms.review_period
    some = 1.0 - no_demand(law) ** review
    with np.errstate(divide="ignore"):
        return np.asarray(np.maximum(width / (law.mean * review), 1.0 / some))


def _reviews_apart(models: Models, width: IntArray) -> IntArray:
    """(n,) `reviews_between_orders`, rounded, where orders so close cannot have the law; else 0."""
    lead, review = models.world.lead_time, models.world.terms.review_period
    out = np.zeros(width.size, np.int64)
    if lead.crossing or not (lead.length > 1).any():
        return out
    between = np.minimum(np.rint(reviews_between_orders(models, width)), _FAR).astype(np.int64)
    for law, R in np.unique(np.stack([lead.law, review], axis=1), axis=0).tolist():
        rows = (lead.law == law) & (review == R)
        periods, weights = _law_points(lead, law)
        meets = unfolded(periods, weights.astype(np.int64), R).reviews >= between[rows]
        out[rows] = np.where(meets, np.maximum(between[rows], 1), 0)
    return out
