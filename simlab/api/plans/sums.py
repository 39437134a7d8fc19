"""Exact sums per SKU-location × target as the study counts them, and added up by segment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction

import numpy as np

from simlab import mapped
from simlab.api.data.data import Data
from simlab.api.requirements.accounting import Accounting
from simlab.api.requirements.constraints import Constraints
from simlab.api.settings import Settings
from simlab.arrays import IntArray
from simlab.errors import EngineFaultError, InvalidInputError, Problem
from simlab.execution import Curves, in_parts
from simlab.frontier import SegmentCurves, aggregate, pin_items, restrict
from simlab.models import Models
from simlab.segments import Segmentation


@dataclass(frozen=True, eq=False)
class ItemTables:
    """Exact sums per SKU-location × target over all replications: objective, value, service."""

    cost: IntArray
    value: IntArray
    served: IntArray
    demanded: IntArray

    @classmethod
    def of(cls, curves: Curves, models: Models, some: IntArray | None = None) -> ItemTables:
        """Stock at the holding weight, stock at unit cost, units served, units demanded; of `some` items."""
        holding, unit_cost = models.costs.holding, models.costs.unit_cost
        if some is not None:
            holding, unit_cost = holding[some], unit_cost[some]
        shape = (holding.size, curves.n_columns)
        cost, value, served = (mapped.room(shape) for _ in range(3))
        demanded = np.empty(shape[0], np.int64)
        for rows, part in in_parts(curves, some=some):
            stock = (part.on_hand + part.on_hand_start).sum(axis=-1)
            weight = np.maximum(unit_cost, holding)[rows]
            if (stock.max(axis=1).astype(np.float64) * weight >= 2.0**62).any():
                raise EngineFaultError(
                    "an item's sum of money would leave 64 bits: choose a coarser data.cost_resolution"
                )
            cost[rows], value[rows] = stock * holding[rows, None], stock * unit_cost[rows, None]
            served[rows], demanded[rows] = part.served.sum(axis=-1), part.demanded.sum(axis=-1)
        return cls(cost, value, served, demanded)

    def counted(self, curves: Curves, data: Data, accounting: Accounting, replications: int) -> ItemTables:
        """Objective, value and service as the study counts them."""
        account = accounting.weights.account
        value = self.value
        if accounting.pipeline:
            value = _with_on_order(value, curves, data.models)
        if account is None:
            return ItemTables(self.cost, value, self.served, self.demanded)
        tables = (self.cost, self.served, self.demanded)
        cost, served, demanded = (mapped.room(table.shape) for table in tables)
        for rows, part in in_parts(curves):
            whole, own = _totals(part), account.take(rows)
            good, asked = (table[:, :, 0] for table in own.service(whole, replications))
            if (asked != asked[:, :1]).any():
                raise InvalidInputError([_moving(data)])
            cost[rows], served[rows], demanded[rows] = own.cost(whole)[:, :, 0], good, asked[:, 0]
        return ItemTables(cost, value, served, demanded)

    def pinned(self, rules: Constraints) -> ItemTables:
        """The same with pinned SKU-locations at their target whatever their segment does."""
        if not rules.items.size:
            return self
        value = np.broadcast_to(self.value, self.cost.shape)
        cost, value, served = (
            pin_items(table, rules.items, rules.columns) for table in (self.cost, value, self.served)
        )
        return ItemTables(cost, value, served, self.demanded)


def pipeline(curves: Curves, models: Models) -> Iterator[tuple[IntArray, IntArray]]:
    """Rows, and (m, k or 1) stock on order at unit cost, in the halves that shelf stock is counted in."""
    for rows, part in in_parts(curves):
        yield rows, np.asarray(2 * part.on_order.sum(axis=-1) * models.costs.unit_cost[rows, None])


def _with_on_order(value: IntArray, curves: Curves, models: Models) -> IntArray:
    found = mapped.room(value.shape)
    for rows, amounts in pipeline(curves, models):
        found[rows] = value[rows] + amounts
    return found


def segment_curves(
    tables: ItemTables,
    data: Data,
    segmentation: Segmentation,
    targets: tuple[float, ...],
    settings: Settings,
    *,
    accounting: Accounting | None = None,
    rules: Constraints | None = None,
) -> SegmentCurves:
    """Item sums added up by segment, with what turns them into money; pinned targets alone stay."""
    resolution = Fraction(repr(data.study.data.cost_resolution))
    exposure = 2 * settings.counted * settings.replications
    part = resolution / 100 if accounting is None else accounting.cost_part
    curves = aggregate(
        segmentation.codes,
        segmentation.n_segments,
        cost=tables.cost,
        value=np.broadcast_to(tables.value, tables.cost.shape),
        served=tables.served,
        demanded=tables.demanded,
        targets=targets,
        names=segmentation.names,
        cost_unit=part / exposure,
        value_unit=resolution / exposure,
        currency=data.study.currency,
    )
    if accounting is not None and not accounting.plain:
        curves = replace(
            curves,
            cost_name=accounting.objective,
            service_name=accounting.service,
            yearly=accounting.yearly,
        )
    if rules is None or rules.allowed is None:
        return curves
    return restrict(curves, rules.allowed)


def _totals(curves: Curves) -> Curves:
    """Sums over all slots, as the only one."""
    return Curves(**{f.name: getattr(curves, f.name).sum(axis=-1, keepdims=True) for f in fields(Curves)})


def _moving(data: Data) -> Problem:
    return Problem(
        "E-OPT-005",
        "the number of cycles moves with the target here: not in this version",
        data.study.file,
        column="optimize.service.measure",
        fix="keep the fill rate as service and set a floor on the cycle service level",
    )
