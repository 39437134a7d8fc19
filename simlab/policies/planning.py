"""Targets → integer control levels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import numpy.typing as npt

from simlab import mapped
from simlab.arrays import BoolArray, FloatArray, IntArray
from simlab.engine.prepare.on_grid import split_rows
from simlab.engine.world.levels import Family, Levels
from simlab.errors import UsageError
from simlab.measures.shown import Public
from simlab.policies.levels.best import best_levels
from simlab.policies.levels.by_period import (
    MOVED,
    at_rest,
    expected_first,
    follows_table,
    moves_of_levels,
    placed,
)
from simlab.policies.levels.ceilings import HELD, held
from simlab.policies.levels.exact import Measure, least_levels
from simlab.policies.levels.floors import LIFTED, RAISED, can_lose, kept_above, lifted, refuse_floors
from simlab.policies.levels.forecasting import FORECAST, expected_at_start, forecast_levels
from simlab.policies.levels.lost import Sought, losing, with_losses
from simlab.policies.levels.normal import normal_levels, normal_reorder_points
from simlab.policies.methods import (
    OVER_PHASES,
    also,
    holidays_left_out,
    limits_left_out,
    losses_left_out,
    of_serial_demand,
    supply_left_out,
    unordered,
)
from simlab.policies.problems import by_parts, parts_of_items, plannable, service_problems
from simlab.policies.quantities import order_quantities
from simlab.policies.sums.consecutive import Consecutive
from simlab.register.families import (
    OPTIMAL_NAMES,
    TARGET_FAMILIES,
    Rule,
    family_named,
    has_point,
    rule_of,
)
from simlab.study.sections import ForecastSpec

if TYPE_CHECKING:
    from simlab.engine.world.policy import OrderPolicy
    from simlab.models import Models


Planning = Literal["exact", "normal", "optimal"]

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
    moving: bool = True,
    threads: int = 1,
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
    moving : bool
        Whether levels move with the study's forecast table, if it has one (`levels.by_period`).
    threads : int
        That find exact levels; none depends on it.

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
        words = holidays_left_out(models, [word] * models.n_items)
        return PlannedLevels(levels, unordered(models, words), stock)
    rows = follows_table(models) if moving else np.zeros(models.n_items, np.bool_)
    how = _How(family=family, measure=measure, planning=planning, seed=seed, threads=threads)
    if rows.any():
        return _moving(models, asked, rows, how)
    return _planned(models, asked, how)


@dataclass(frozen=True)
class _How:
    """Of `plan`: family, measure of the targets, way to plan, seed, and threads for exact levels."""

    family: str
    measure: Measure
    planning: str
    seed: int
    threads: int


def _moving(models: Models, asked: FloatArray, rows: BoolArray, how: _How) -> PlannedLevels:
    """Levels of a mean period of the forecast, placed in its periods."""
    still = at_rest(models, rows)
    found = _planned(still, asked, how)
    levels = found.levels
    points = has_point(levels.family)
    above = np.where(points, 0, 1)[:, None]
    level = placed(models, np.where(points[:, None], levels.reorder_point, levels.order_up_to), rows)
    lost = can_lose(models)[:, None] & (level < above)
    level, _ = kept_above(models, np.where(lost, above, level) - above)
    level = np.where(rows[:, None], level + above, levels.reorder_point + above)
    top = np.where(points[:, None], level + levels.order_up_to - levels.reorder_point, level)
    stock = found.safety_stock
    stock = np.where(rows[:, None], level - expected_first(models)[:, None], stock)
    words = also(list(found.method), rows, MOVED)
    moved = replace(
        levels,
        reorder_point=mapped.away(level - above),
        order_up_to=mapped.away(top),
        offset=moves_of_levels(models, level, points),
    )
    return PlannedLevels(moved, tuple(words), stock)


def _planned(models: Models, asked: FloatArray, how: _How) -> PlannedLevels:
    """Levels that stand still, by the law of each SKU-location."""
    family, measure, planning = how.family, how.measure, how.planning
    own = by_parts(models)
    parts, lead, world = parts_of_items(models), _mean_lead_times(models, own), own.world
    models, consecutive = plannable(own)
    rule = rule_of(TARGET_FAMILIES[family])
    if planning == "optimal":
        return _optimal(models, asked, family, consecutive, parts, lead)
    quantity = lots_of(models, family)
    if planning == "exact":
        falls = rule.has_point and not rule.by_lot
        problems, words = service_problems(models, quantity, measure, depletes=falls, consecutive=consecutive)
        level, step = least_levels(problems, asked, measure, below=rule.has_point, threads=how.threads)
        level, method = _exact(level, step, rule, words)
        if losing(world).any():
            sought = Sought(world, rule.family, quantity, level, asked, measure, problems, how.seed)
            level, method = with_losses(sought, method)
    else:
        level, method = _normal(models, asked, measure, quantity, rule, consecutive)
        method = tuple(losses_left_out(models, holidays_left_out(models, list(method))))
    above = 0 if rule.has_point else 1
    level, low = lifted(models, level, above)
    level, high = held(models, level)
    level, raised = kept_above(models, level - above)
    level = level + above
    words = also(also(also(list(method), low, LIFTED), high, HELD), raised, RAISED)
    method = unordered(models, words)
    return PlannedLevels(_levels(level, quantity, rule), method, safety_stock(models, level, lead))


def lots_of(models: Models, family: str) -> IntArray:
    """(n,) Q of (R,s,nQ), S − s of (R,s,S), 0 for (R,S) and levels that follow a forecast."""
    if not rule_of(family_named(family).rule or Family.ORDER_UP_TO).has_point:
        return np.zeros(models.n_items, np.int64)
    return order_quantities(models, family)


def safety_stock(models: Models, level: IntArray, lead: FloatArray | None = None) -> FloatArray:
    """(n, k) units of S of (R,S), or s of the other rules, above the mean demand of R + E[L].

    Parameters
    ----------
    lead : (n,) float, optional
        Of items in their own parts, where the models are by parts already.
    """
    own = by_parts(models)
    lead = _mean_lead_times(models, own) if lead is None else lead
    return mapped.away(level - (own.world.demand.mean * (own.world.terms.review_period + lead))[:, None])


def _mean_lead_times(models: Models, own: Models) -> FloatArray:
    """(n,) E[L] in each item's own parts; constant ones as they are, whatever the parts of a period."""
    grid, lead = models.world.grid, own.lead_time_moments[0]
    return lead if grid is None else np.where(split_rows(models.world), grid.lead_time_exact, lead)


def _levels(level: IntArray, quantity: IntArray, rule: Rule) -> Levels:
    family = np.full(level.shape[0], rule.family, np.int8)
    every = _everywhere(quantity, level.shape[1])
    if not rule.has_point:
        return Levels(family, mapped.away(level - 1), mapped.away(level), every)
    return Levels(family, mapped.away(level), mapped.away(level + every), every)


def _everywhere(quantity: IntArray, columns: int) -> IntArray:
    """(n, columns) the same quantity of each item in every column."""
    every = mapped.room((quantity.size, columns))
    every[...] = quantity[:, None]
    return every


def _optimal(
    models: Models,
    targets: FloatArray,
    family: str,
    consecutive: Consecutive | None,
    parts: IntArray,
    lead: FloatArray,
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
    words = also(words, (terms.pack_size > 1) | (terms.moq > 1), "packs and smallest orders left out")
    words = limits_left_out(models, words)
    if models.world.lead_time.crossing:
        words = also(words, models.lead_time_moments[1] > 0, "crossing orders as in sequence")
    words = holidays_left_out(models, supply_left_out(models, words))
    if consecutive is not None:
        words = also(words, consecutive.hanging, OVER_PHASES)
    words = also(also(also(words, raised, LIFTED), capped, HELD), critical, RAISED)
    method = unordered(models, words)
    return PlannedLevels(Levels(rule, low, top, top - low), method, safety_stock(models, low, lead))


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
        return level, tuple(of_serial_demand(["normal with undershoot"] * models.n_items, consecutive))
    mean = models.world.demand.mean * models.world.terms.review_period
    lot = np.asarray(quantity if rule.by_lot else mean, np.float64)
    level = normal_levels(models, targets, measure, lot, consecutive)
    return level, tuple(of_serial_demand(["normal"] * models.n_items, consecutive))


def _known(family: str, measure: str, planning: str) -> None:
    for word, allowed in ((family, (*TARGET_FAMILIES, FORECAST)), (measure, MEASURES), (planning, PLANNINGS)):
        if word not in allowed:
            raise UsageError(f"'{word}' is not in this version: one of {', '.join(allowed)}")


def _asked(targets: npt.ArrayLike, n_items: int) -> FloatArray:
    asked = np.asarray(targets, dtype=np.float64)
    if asked.ndim == 1:
        asked = np.broadcast_to(asked, (n_items, asked.size))
    if asked.ndim != 2 or asked.shape[0] != n_items:
        raise UsageError(f"targets have shape {asked.shape}, not (k,) or ({n_items}, k)")
    if not ((asked > 0) & (asked < 1)).all():
        raise UsageError("targets are fractions above 0 and below 1, such as 0.95")
    return asked


def _exact(
    levels: IntArray, step: IntArray, rule: Rule, words: list[str]
) -> tuple[IntArray, tuple[str, ...]]:
    """(n, k) S of (R,S), s of the others, from lowest positions, and how each item was planned."""
    words = also(words, step > 1, "coarser steps where demand spreads beyond 2^15 units")
    return levels - 1 if rule.has_point else levels, tuple(words)
