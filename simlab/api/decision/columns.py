"""The measures of a plan per replication, as the table of three columns reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simlab.arrays import FloatArray
from simlab.measures import Estimate, jackknife, mean_estimate, paired_difference, paired_ratio_difference
from simlab.measures import ratio_estimate as ratio

if TYPE_CHECKING:
    from simlab.api.plans.outcome import Outcome

DAYS = 365
"""Days of a year, in days of supply."""


@dataclass(frozen=True, eq=False)
class Reading:
    """One measure of one plan: an amount, or a ratio of two amounts, per replication.

    Attributes
    ----------
    part : (r,) float
    whole : (r,) float or None
        None: an amount, whose mean counts.
    is_rate : bool
        A proportion, between 0 and 1.
    """

    part: FloatArray
    whole: FloatArray | None = None
    is_rate: bool = False

    @property
    def is_empty(self) -> bool:
        """A rate of nothing: no prices, for instance."""
        return self.is_rate and self.whole is not None and not self.whole.any()

    def estimate(self, level: float) -> Estimate:
        """The measure with its interval."""
        if self.whole is None:
            return mean_estimate(self.part, level)
        return ratio(self.part, self.whole, level, proportion=self.is_rate)

    def less(self, other: Reading, level: float) -> Estimate:
        """This minus the other, paired."""
        if self.whole is None or other.whole is None:
            return paired_difference(self.part, other.part, level)
        return paired_ratio_difference(self.part, self.whole, other.part, other.whole, level)

    def share(self, other: Reading, level: float) -> Estimate:
        """(this − other) ÷ other, a fraction, paired; of amounts."""
        a, b = self.part, other.part
        with np.errstate(divide="ignore", invalid="ignore"):
            left = (a.sum() - a) / (b.sum() - b) - 1.0
            value = float(a.sum() / b.sum() - 1.0)
        return jackknife(value, left, level)


def readings(opt: Outcome, kind: str) -> dict[str, Reading]:
    """Every measure of a plan on the verdict seed, by the keys of `measures.decision.ROWS`."""
    sums = opt.verdict[kind]
    scale, study = opt.settings.scale(opt.data.study), opt.data.study

    def of(name: str) -> FloatArray:
        return np.asarray(getattr(sums, name)[0].sum(axis=0), dtype=np.float64)

    a_year = study.periods_per_year / opt.settings.exposure
    stock, delivered = of("stock_value") * scale.value, of("delivered_value")
    sold = delivered * (study.data.cost_resolution * a_year)
    found = {
        "inventory_value": Reading(stock),
        "holding_cost": Reading(of("holding") * scale.holding),
        "served_units": Reading(of("served"), of("demanded"), True),
        "served_value": Reading(of("served_value"), of("demanded_value"), True),
        "served_margin": Reading(of("served_margin"), of("demanded_margin"), True),
        "served_items": Reading(of("served_items"), of("demanded_items"), True),
        deciding_row(opt): Reading(of("good"), of("asked"), True),
        "turns": Reading(sold, stock),
        "days_of_supply": Reading(DAYS * stock, sold),
        "orders": Reading(of("orders") * a_year),
    }
    if opt.accounting.weights.margin is not None:
        found["lost_margin"] = Reading(of("lost_margin") * (study.data.cost_resolution * a_year))
    return {key: one for key, one in found.items() if not one.is_empty}


def deciding_row(opt: Outcome) -> str:
    """The row of the service that decided."""
    keys = opt.accounting.keys
    return f"served_{keys['weight']}" if keys["service"] == "fill_rate" else "served_counted"
