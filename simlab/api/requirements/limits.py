"""The study's limits as integer rows over segments × targets, on means and on single replications."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from simlab.api.data.data import Data
from simlab.api.requirements.accounting import SERVICE
from simlab.api.requirements.constraints import Constraints, Grouping
from simlab.api.settings import Settings
from simlab.arrays import IntArray
from simlab.errors import InvalidInputError, Problem, UsageError
from simlab.execution import Curves, PlanSums
from simlab.frontier import Chance, Limit, ceilings, integer_weights, pin_items, service_floors
from simlab.measures import format_rate
from simlab.models import Costs
from simlab.register.limits import CEILINGS
from simlab.segments import Segmentation

_VOLUME_RESOLUTION = 1e-6


def limits_on_means(
    data: Data,
    segmentation: Segmentation,
    rules: Constraints,
    curves: Curves,
    settings: Settings,
    *,
    costs: Costs | None = None,
) -> tuple[tuple[Limit, ...], tuple[Limit, ...]]:
    """Floors and ceilings over any grouping of items, as totals over all replications.

    `costs`: money per unit where it is not that of the data (a scenario of prices).

    Returns
    -------
    binding, constant : tuple of Limit
        What the plan must keep; and flows that are the same at every target, which bind nothing.
    """
    costs = data.models.costs if costs is None else costs
    found: list[Limit] = []
    constant: list[Limit] = []
    problems: list[Problem] = []
    for floor, groups in rules.floors:
        part, whole = _service(floor.measure, curves, settings)
        try:
            found += service_floors(
                segmentation.codes,
                segmentation.n_segments,
                groups=groups.codes,
                group_names=groups.names,
                part=_pinned(part, rules),
                whole=_pinned(np.array(np.broadcast_to(whole, part.shape)), rules),
                at_least=floor.at_least,
                what=SERVICE[floor.measure],
            )
        except UsageError as error:
            problems.append(
                Problem("E-OPT-019", str(error), data.study.file, column="optimize.floors", fix="drop it")
            )
    if problems:
        raise InvalidInputError(problems)
    for ceiling, groups in rules.ceilings:
        measure = CEILINGS[ceiling.measure]
        amount, unit = AMOUNTS[measure.name](Counts(data, curves, settings, costs))
        made = ceilings(
            segmentation.codes,
            segmentation.n_segments,
            groups=groups.codes,
            group_names=groups.names,
            amount=_pinned(amount, rules),
            at_most=ceiling.at_most,
            unit=unit,
            what=measure.noun,
            currency=data.study.currency if measure.is_money else "",
        )
        for limit in made:
            (constant if measure.is_flow and limit.constant else found).append(limit)
    return tuple(found), tuple(constant)


def _pinned(table: IntArray, rules: Constraints) -> IntArray:
    return pin_items(table, rules.items, rules.columns) if rules.items.size else table


def _service(measure: str, curves: Curves, settings: Settings) -> tuple[IntArray, IntArray]:
    """(n, k) good part, and what it is a part of."""
    if measure == "cycle_service_level":
        return curves.good_receipts.sum(axis=-1), curves.receipts.sum(axis=-1)
    if measure == "ready_rate":
        ready: IntArray = curves.ready.sum(axis=-1)
        return ready, np.full((ready.shape[0], 1), settings.counted * settings.replications, dtype=np.int64)
    return curves.served.sum(axis=-1), curves.demanded.sum(axis=-1)[:, None]


@dataclass(frozen=True, eq=False)
class Counts:
    """What amounts are counted from; `costs`: money per unit."""

    data: Data
    curves: Curves
    settings: Settings
    costs: Costs

    @property
    def stock(self) -> IntArray:
        """(n, k) unit-periods on the shelf, after ordering and at the count, over all replications."""
        return np.asarray((self.curves.on_hand + self.curves.on_hand_start).sum(axis=-1))

    @property
    def exposure(self) -> int:
        """Unit-periods that one unit on the shelf makes."""
        return 2 * self.settings.counted * self.settings.replications

    @property
    def resolution(self) -> Fraction:
        """Money of one count of cost."""
        return Fraction(repr(self.data.study.data.cost_resolution))

    @property
    def per_year(self) -> Fraction:
        """What one event of the run is a year."""
        exposure = self.settings.exposure * self.settings.replications
        return Fraction(365) / self.data.study.days_per_period / exposure


def _inventory_value(of: Counts) -> tuple[IntArray, Fraction]:
    return of.stock * of.costs.unit_cost[:, None], of.resolution / of.exposure


def _holding_cost(of: Counts) -> tuple[IntArray, Fraction]:
    return of.stock * of.costs.holding[:, None], of.resolution / 100 / of.exposure


def _stock_volume(of: Counts) -> tuple[IntArray, Fraction]:
    volume = integer_weights(of.data.catalog.numbers["unit_volume"], _VOLUME_RESOLUTION, "unit_volume")
    return of.stock * volume[:, None], Fraction(repr(_VOLUME_RESOLUTION)) / of.exposure


def _orders(of: Counts) -> tuple[IntArray, Fraction]:
    shape = of.curves.served.shape[:2]
    return np.array(np.broadcast_to(of.curves.orders.sum(axis=-1), shape)), of.per_year


def _purchases(of: Counts) -> tuple[IntArray, Fraction]:
    bought = of.curves.ordered.sum(axis=-1) * of.costs.unit_cost[:, None]
    shape = of.curves.served.shape[:2]
    return np.array(np.broadcast_to(bought, shape)), of.per_year * of.resolution


AMOUNTS: dict[str, Callable[[Counts], tuple[IntArray, Fraction]]] = {
    "inventory_value": _inventory_value,
    "holding_cost": _holding_cost,
    "stock_volume": _stock_volume,
    "orders": _orders,
    "purchases": _purchases,
}
"""(n, k) stock in money or volume, or a flow a year, and what one unit of it stands for."""


def chance_limits(
    rules: Constraints, segmentation: Segmentation, sums: list[PlanSums], periods: int
) -> tuple[Chance, ...]:
    """Floors that must hold in a share of the replications, from sums per (segment, group) × target.

    Parameters
    ----------
    sums : list of PlanSums
        Per chance limit: target × cell × replication.
    periods : int
        Counted periods (parts of them on a working grid), for the ready rate.
    """
    found: list[Chance] = []
    for (spec, groups), cells in zip(rules.chances, sums, strict=True):
        sizes = np.bincount(groups.cells(segmentation), minlength=cells.served.shape[1])
        for at, name in enumerate(groups.names):
            part, whole = _of_group(spec.measure, cells, groups, at, segmentation, sizes * periods)
            rate = Fraction(repr(float(spec.at_least)))
            surplus = part * rate.denominator - whole * rate.numerator
            of = "" if spec.by is None else f" of {name}"
            text = (
                f"{SERVICE[spec.measure]}{of} ≥ {format_rate(float(rate))} in {100 * spec.probability:g} % "
                "of replications"
            )
            found.append(Chance(text, np.ascontiguousarray(surplus), spec.probability))
    return tuple(found)


def _of_group(
    measure: str,
    cells: PlanSums,
    groups: Grouping,
    at: int,
    segmentation: Segmentation,
    exposure: npt.NDArray[np.int64],
) -> tuple[IntArray, IntArray]:
    """(n_segments, n_targets, n_replications) good part and whole of one group."""
    width = len(groups.names) + 1
    rows = np.arange(segmentation.n_segments) * width + at

    def of(table: IntArray) -> IntArray:
        return np.ascontiguousarray(table[:, rows].transpose(1, 0, 2))

    if measure == "cycle_service_level":
        return of(cells.good_receipts), of(cells.receipts)
    if measure == "ready_rate":
        ready = of(cells.ready)
        return ready, np.broadcast_to(exposure[rows][:, None, None], ready.shape)
    return of(cells.served), of(cells.demanded)
