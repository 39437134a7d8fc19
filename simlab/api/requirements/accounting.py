"""How the study counts cost and service: objective, service measure and its weight, what a budget is on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from simlab.api.data.data import Data
from simlab.api.requirements.margins import margins, weight_of
from simlab.arrays import FloatArray, IntArray
from simlab.engine.prepare.on_grid import parts_of
from simlab.engine.world.world import Unmet
from simlab.errors import InvalidInputError, Problem, UsageError
from simlab.execution import Account, PlanSums, Weights
from simlab.execution.sums import ONE_ITEM
from simlab.frontier import integer_weights
from simlab.measures.shown import Public
from simlab.models import Models
from simlab.register.limits import TAIL_NAMES
from simlab.verdict.compare import Comparison, compare_all
from simlab.verdict.scores import Scale

_LINES_RESOLUTION = 1e-6
SERVICE = {
    "fill_rate": "fill rate",
    "cycle_service_level": "cycle service level",
    "ready_rate": "ready rate",
}
WEIGHTS = {
    "units": "",
    "value": "weighted by value",
    "margin": "weighted by margin",
    "items": "of each SKU-location, counted once",
    "lines_per_unit": "weighted by lines",
}
OBJECTIVES = {
    "holding_cost": "holding cost",
    "inventory_value": "mean inventory value",
    "total_cost": "total relevant cost",
    "profit": "cost against profit (holding, orders, lost margin)",
}
LOST_MARGIN = "lost_margin"
PROFIT = "profit"

"""Objectives that do not add up over segments: the frontier beside them counts mean inventory value."""


@dataclass(frozen=True, eq=False, repr=False)
class Accounting(Public):
    """What is made small and what is served, in words and in integers.

    Attributes
    ----------
    weights : Weights
        Money per unit, with an account where it is not holding cost against units.
    objective, service : str
        In words: "holding cost", "fill rate weighted by value".
    cost_part : Fraction
        Money (a year) of one unit of cost, to be divided by 2 × periods × replications.
    yearly : bool
        Whether the objective is money per year (else money tied up).
    pipeline : bool
        Whether a budget counts stock on order too.
    keys : dict of str to str
        Objective, measure and weight of service as the study file names them.
    """

    weights: Weights
    objective: str
    service: str
    cost_part: Fraction
    yearly: bool
    pipeline: bool
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def weighs_service(self) -> bool:
        """Whether the objective has a price for what is not served at once, so that it needs no floor."""
        short = self.weights.account is not None and bool(self.weights.account.short.any())
        return self.keys.get("objective") == PROFIT or (self.keys.get("objective") == "total_cost" and short)

    @property
    def plain(self) -> bool:
        """Whether cost is holding cost and service the fill rate in units."""
        return self.weights.account is None


def accounting(data: Data) -> Accounting:
    """The study's objective and service as integer weights per SKU-location.

    Raises
    ------
    InvalidInputError
        A weight or a cost rate is missing in the items table, or makes no sense; all at once.
    """
    asked, costs = data.study.optimize, data.models.costs
    resolution = Fraction(repr(data.study.data.cost_resolution))
    problems: list[Problem] = []
    if asked.objective == LOST_MARGIN:
        _check_lost_margin(data, problems)
    unit = _service_unit(data, problems)
    stock, order, short = _cost_weights(data, problems)
    _possible(data, problems)
    if problems:
        raise InvalidInputError(problems)
    measure, weight = asked.service.measure, weight_of(data)
    objective = additive(asked.objective)
    plain = objective == "holding_cost" and measure == "fill_rate" and weight == "units"
    account = None
    if not plain:
        windows = data.study.simulation.periods * data.models.window_scale
        periods = windows * parts_of(data.models.world)
        account = Account(stock, order, short, measure, unit, periods, weight=weight)
    margin = margins(data)
    return Accounting(
        Weights(
            costs.unit_cost,
            costs.holding,
            account,
            None if margin is None else margin.unit,
            _order_cost(data),
        ),
        OBJECTIVES[objective],
        f"{SERVICE[measure]} {WEIGHTS[weight]}".strip(),
        resolution if objective == "inventory_value" else resolution / 100,
        objective != "inventory_value",
        "pipeline" in asked.budget_on,
        {"objective": objective, "service": measure, "weight": weight},
    )


def additive(objective: str) -> str:
    """The objective that a frontier can be built of: mean inventory value beside its quantile or peak."""
    return "inventory_value" if objective in (*TAIL_NAMES, LOST_MARGIN) else objective


def _check_lost_margin(data: Data, problems: list[Problem]) -> None:
    """Prices, and no other weight of service."""
    asked = data.study.optimize
    where = f'optimize.objective = "{LOST_MARGIN}"'
    if margins(data) is None:
        fix = "fill column 'price' of items"
        problems.append(_problem(data, "E-OPT-006", "no SKU-location has a price", where, fix))
    if asked.service.measure != "fill_rate" or asked.service.weight not in ("auto", "units", "margin"):
        fix = 'leave service out, or say service = { measure = "fill_rate", weight = "margin" }'
        message = "counts service as the fill rate weighted by margin, not as said"
        problems.append(_problem(data, "E-OPT-006", message, where, fix))


def _service_unit(data: Data, problems: list[Problem]) -> IntArray:
    """(n,) whole number that a unit of each item weighs in service."""
    service, models, catalog = data.study.optimize.service, data.models, data.catalog
    ones = np.ones(models.n_items, dtype=np.int64)
    weight = weight_of(data)
    if weight == "units":
        return ones
    if service.measure != "fill_rate":
        where = f"optimize.service.weight = {weight!r}"
        fix = 'weigh the fill rate, or say weight = "units"'
        message = f"cycles and periods have no {weight} of their own"
        problems.append(_problem(data, "E-OPT-001", message, where, fix))
        return ones
    if weight == "value":
        if not models.costs.unit_cost.any():
            where = "optimize.service.weight = 'value'"
            message, fix = "every unit_cost of items is 0", 'say weight = "units"'
            problems.append(_problem(data, "E-OPT-002", message, where, fix))
        return models.costs.unit_cost
    if weight == "items":
        return expected_item_weights(models)
    where = f"optimize.service.weight = {weight!r}"
    if weight == "margin":
        return _margin_unit(data, where, problems)
    given = catalog.numbers.get("lines_per_unit", np.full(catalog.n_items, np.nan))
    try:
        return integer_weights(given, _LINES_RESOLUTION, f"{weight} (column '{weight}' of items)")
    except UsageError as error:
        problems.append(_problem(data, "E-OPT-002", str(error), where, f"fill column '{weight}' of items"))
        return ones


def expected_item_weights(models: Models) -> IntArray:
    """(n,) one ÷ expected units a year: what stands for `item_weights` where no run says what was asked."""
    units = np.nan_to_num(models.annual_units)
    return np.rint(np.where(units > 0, ONE_ITEM / 1e6 / np.maximum(units, 1e-3), 0.0)).astype(np.int64)


def _margin_unit(data: Data, where: str, problems: list[Problem]) -> IntArray:
    """(n,) margin of a unit, 0 where it is negative."""
    found = margins(data)
    nothing = np.ones(data.models.n_items, dtype=np.int64)
    fix = "fill column 'price' of items"
    if found is None:
        if data.study.optimize.objective != LOST_MARGIN:  # said of the objective already
            problems.append(_problem(data, "E-OPT-002", "no SKU-location has a price", where, fix))
        return nothing
    if not found.weight.any():
        message = "no price lies above its unit cost"
        problems.append(_problem(data, "E-OPT-002", message, where, fix))
        return nothing
    return found.weight


def _cost_weights(data: Data, problems: list[Problem]) -> tuple[IntArray, IntArray, IntArray]:
    """(n,) weights of stock, of an order and of a unit short, in the objective's unit of money."""
    asked, costs = data.study.optimize, data.models.costs
    nothing = np.zeros(data.models.n_items, dtype=np.int64)
    if additive(asked.objective) == "inventory_value":
        return costs.unit_cost, nothing, nothing
    if asked.objective == "holding_cost":
        return costs.holding, nothing, nothing
    if asked.objective == PROFIT:
        return _profit_weights(data, problems)
    rates = asked.costs
    order = _rate(data, "order_cost", None if rates is None else rates.order)
    short = _rate(data, "shortage_cost", None if rates is None else rates.shortage_per_unit)
    if np.isnan(order).all() and np.isnan(short).all():
        fix = "under [optimize] say costs = { order = 25.0, shortage_per_unit = 2.0 }, or give the columns"
        message = "needs a cost of an order or of a unit short"
        problems.append(_problem(data, "E-OPT-003", message, 'optimize.objective = "total_cost"', fix))
    for name, rate in (("order_cost", order), ("shortage_cost", short)):
        missing = int(np.isnan(rate).sum())
        if 0 < missing < rate.size:
            fix = "fill the column, or name the rate for all under optimize.costs"
            message = f"column '{name}' is empty for {missing} of {rate.size} SKU-locations"
            problems.append(_problem(data, "E-OPT-004", message, 'optimize.objective = "total_cost"', fix))
        if (rate < 0).any():
            problems.append(
                _problem(data, "E-OPT-004", f"'{name}' is below zero", "items", "correct the column")
            )
    # a sum over the window becomes money a year by × periods a year; stock counts twice (two snapshots)
    per_year = per_year_of(data)  # stock is counted in parts of a period, orders are not
    return costs.holding, _whole(order, per_year), _whole(short, per_year)


def _profit_weights(data: Data, problems: list[Problem]) -> tuple[IntArray, IntArray, IntArray]:
    """Holding, orders, and the share of the margin that is lost with a unit not served at once."""
    rates, costs, where = data.study.optimize.costs, data.models.costs, f'optimize.objective = "{PROFIT}"'
    nothing = np.zeros(data.models.n_items, dtype=np.int64)
    found, share = margins(data), None if rates is None else rates.lost_share
    if share is None and (data.models.world.terms.unmet == Unmet.LOST).all():
        share = 1.0
    if found is None:
        fix = "fill column 'price' of items"
        problems.append(_problem(data, "E-OPT-006", "no SKU-location has a price", where, fix))
    if share is None:
        fix = "under [optimize] say costs = { lost_share = 0.3 }: three in ten late units are lost"
        message = "needs the share of late units that are lost, for simulated customers wait"
        problems.append(_problem(data, "E-OPT-008", message, where, fix))
    order = np.nan_to_num(_rate(data, "order_cost", None if rates is None else rates.order))
    if (order < 0).any():
        problems.append(
            _problem(data, "E-OPT-004", "'order_cost' is below zero", "items", "correct the column")
        )
    if found is None or share is None:
        return costs.holding, nothing, nothing
    per_year = 2.0 * data.study.periods_per_year * 100 * parts_of(data.models.world)
    lost = np.rint(found.unit * (share * per_year)).astype(np.int64)
    return costs.holding, _whole(order, per_year / costs.cost_resolution), lost


def per_year_of(data: Data) -> float:
    """What a sum over the window of an amount of money is multiplied by, to stand beside held stock."""
    costs = data.models.costs
    return 2.0 * data.study.periods_per_year * 100 / costs.cost_resolution * parts_of(data.models.world)


def order_weight(data: Data) -> IntArray | None:
    """(n,) weight of an order in the total cost, 0 where nobody names its cost; None where only some do."""
    said = data.study.optimize.costs
    rate = _rate(data, "order_cost", None if said is None else said.order)
    if np.isnan(rate).any() and not np.isnan(rate).all():
        return None
    return _whole(rate, per_year_of(data))


def short_stated(data: Data) -> bool:
    """Whether items state what a unit short costs, so that no one price stands for all."""
    own = data.catalog.numbers.get("shortage_cost")
    return own is not None and not bool(np.isnan(own).all())


def _order_cost(data: Data) -> IntArray | None:
    """(n,) cost of an order in hundredths of the cost resolution; None where nobody says any."""
    said = data.study.optimize.costs
    rate = _rate(data, "order_cost", None if said is None else said.order)
    if np.isnan(rate).all():
        return None
    return _whole(rate.clip(0), 100 / data.models.costs.cost_resolution)


def _rate(data: Data, column: str, said: float | None) -> FloatArray:
    """(n,) the item's own rate, else the study's; NaN where neither says."""
    own = data.catalog.numbers.get(column, np.full(data.catalog.n_items, np.nan))
    return np.where(np.isnan(own), np.nan if said is None else said, own)


def _whole(rate: FloatArray, factor: float) -> IntArray:
    return np.rint(np.nan_to_num(rate) * factor).astype(np.int64)


def _possible(data: Data, problems: list[Problem]) -> None:
    """Cycle service as the axis needs as many cycles at every target."""
    asked = data.study.optimize
    world = data.models.world
    reasons = {
        "with lost sales": (world.terms.unmet != Unmet.BACKORDER).any(),
        "with a highest position": world.terms.max_position is not None,
        "from today's stock": world.start is not None,
    }
    moved = [reason for reason, holds in reasons.items() if holds]
    if asked.service.measure == "cycle_service_level" and moved:
        fix = "keep the fill rate as service and set floors = [{ by = …, measure = 'cycle_service_level' }]"
        message = f"{' and '.join(moved)} the number of cycles moves with the target: not in this version"
        where = 'optimize.service.measure = "cycle_service_level"'
        problems.append(_problem(data, "E-OPT-005", message, where, fix))


def _problem(data: Data, code: str, message: str, where: str, fix: str) -> Problem:
    return Problem(code, message, data.study.file, column=where, fix=fix)


@dataclass(frozen=True)
class CountedScale(Scale):
    """A scale whose `holding` turns the study's own cost into money."""

    factor: float = 1.0

    @property
    def holding(self) -> float:
        """Money (a year) per unit of `PlanSums.cost` of a replication."""
        return self.factor / (2 * self.counted)


def counted_scale(scale: Scale, accounting: Accounting) -> CountedScale:
    """The scale of the objective as counted."""
    return CountedScale(
        scale.periods,
        scale.periods_per_year,
        scale.cost_resolution,
        scale.level,
        scale.parts,
        float(accounting.cost_part),
    )


def as_counted(sums: Mapping[str, PlanSums]) -> dict[str, PlanSums]:
    """The same sums with cost and service as counted in the places of holding and units."""
    return {
        kind: replace(one, holding=one.cost, served=one.good, demanded=one.asked)
        for kind, one in sums.items()
    }


def compare_counted(
    sums: Mapping[str, PlanSums], at: float, scale: Scale, accounting: Accounting
) -> tuple[Comparison, ...]:
    """The chosen plan against every other at equal service, in the objective's money."""
    if accounting.plain:
        return tuple(compare_all(sums, at, scale))
    found = compare_all(as_counted(sums), at, counted_scale(scale, accounting))
    spends = ("costs", "in all ") if accounting.yearly else ("ties up", "")
    if accounting.keys["objective"] == "holding_cost":
        spends = ("costs", "to hold ")
    usual = accounting.keys["service"] == "fill_rate" and accounting.keys["weight"] == "units"
    service = "fill" if usual else accounting.service
    per = " per year" if accounting.yearly else ""
    return tuple(replace(one, spends=spends, service=service, per=per) for one in found)


DEFAULT_FILL_RATE = 0.95
"""Floor where neither the study nor the caller names a floor or a budget."""
