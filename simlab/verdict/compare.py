"""Which plan ties up less stock at equal fill: paired, out of sample, with an interval."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from simlab.execution import PlanSums
from simlab.measures import (
    PLAN_NAMES,
    SAME_COST,
    EqualComparison,
    Estimate,
    equal_fill_difference,
    equal_fill_to_point,
    format_money,
    format_rate,
)
from simlab.verdict.scores import Scale

_COMPARED = ("segmented", "uniform", "per_sku", "habit", "today")
_ROUNDING = 5e-7


@dataclass(frozen=True)
class Comparison:
    """Yearly holding cost of two kinds of plan at one achieved fill rate.

    Attributes
    ----------
    a, b : str
        Kinds compared; the difference is a − b.
    at_fill : float
        Fill rate at which both are read on the verdict seed.
    cost_a, cost_b : float
        Study currency per year; NaN where a frontier does not reach that fill.
    difference : Estimate
        Study currency per year.
    percent : Estimate
        (a − b) ÷ b as a fraction.
    spends, service, per : str
        What is spent, what is equal, and the time money is counted for, as sentences say it.
    """

    a: str
    b: str
    at_fill: float
    cost_a: float
    cost_b: float
    difference: Estimate
    percent: Estimate
    spends: tuple[str, str] = ("costs", "to hold ")
    service: str = "fill"
    per: str = " per year"

    @property
    def decided(self) -> bool:
        """Whether the interval leaves no doubt about the sign."""
        return not math.isnan(self.difference.low) and not self.difference.low <= 0 <= self.difference.high

    def statement(self, currency: str) -> str:
        """The comparison as a sentence with its interval."""
        ours, theirs = f"The {PLAN_NAMES[self.a].noun}", PLAN_NAMES[self.b].the
        at = f"at equal {self.service} {format_rate(self.at_fill)}"
        costs, hold = self.spends
        if math.isnan(self.difference.value):
            return f"{ours} against {theirs}: no number {at}, which the compared plans do not span."
        most = max(abs(self.percent.low), abs(self.percent.high))
        if most < SAME_COST:
            within = f", to within {100 * most:.2g}%" if most > _ROUNDING else ""
            return f"{ours} {costs} as much {hold}as {theirs} {at}{within}."
        less = self.difference.value <= 0
        share = _share(self.percent, less)
        word = "less" if less else "more"
        money = format_money(abs(self.difference.value), currency)
        if self.decided:
            return f"{ours} {costs} {share} {word} {hold}than {theirs} {at} ({money}{self.per})."
        return (
            f"{ours} is too close to {theirs} to call {at}: it {costs} {share} {word} {hold}"
            f"({money}{self.per}), and the interval contains zero."
        )


def compare_all(
    sums: Mapping[str, PlanSums], at_fill: float, scale: Scale, *, chosen: str = "segmented"
) -> list[Comparison]:
    """The chosen kind of plan against every other kind, on the verdict seed.

    Parameters
    ----------
    sums : mapping of str to PlanSums
        Per kind of frontier (``frontier:segmented`` …) or reference, its plans; cells are added up.
    at_fill : float
        Fill at which whole frontiers are compared; single reference plans are met at their own.
    scale : Scale
        Money per year and level.
    """
    ours = sums[f"frontier:{chosen}"].total()
    found = []
    for kind in _COMPARED:
        if kind != chosen and f"frontier:{kind}" in sums:
            equal = _frontiers(ours, sums[f"frontier:{kind}"].total(), at_fill, scale.level)
        elif kind != chosen and kind in sums:
            equal = _to_point(ours, sums[kind].total(), scale.level)
        else:
            continue
        found.append(_comparison(chosen, kind, equal, scale))
    return found


def _frontiers(a: PlanSums, b: PlanSums, at_fill: float, level: float) -> EqualComparison:
    return equal_fill_difference(
        a.holding[:, 0], a.served[:, 0], b.holding[:, 0], b.served[:, 0], a.demanded[0, 0], at_fill, level
    )


def _to_point(a: PlanSums, b: PlanSums, level: float) -> EqualComparison:
    return equal_fill_to_point(
        a.holding[:, 0], a.served[:, 0], b.holding[0, 0], b.served[0, 0], a.demanded[0, 0], level
    )


def _comparison(a: str, b: str, equal: EqualComparison, scale: Scale) -> Comparison:
    money = scale.holding
    return Comparison(
        a, b, equal.at, equal.a * money, equal.b * money, equal.difference.scaled(money), equal.percent
    )


def _share(percent: Estimate, less: bool) -> str:
    """ "4.2 % [3.9 %, 4.5 %]", the sign left to the word that follows."""
    sign = -1.0 if less else 1.0
    ends = sorted((sign * percent.low, sign * percent.high))
    return f"{100 * sign * percent.value:.1f}% [{100 * ends[0]:.1f}%, {100 * ends[1]:.1f}%]"
