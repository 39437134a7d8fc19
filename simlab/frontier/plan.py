"""One plan: a target for every segment, with its exact sums and the proof that comes with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from html import escape

import numpy as np
import numpy.typing as npt

from simlab.arrays import FloatArray
from simlab.errors import InfeasibleError
from simlab.frontier.curves import SegmentCurves
from simlab.measures import format_money, format_rate, sign_of
from simlab.measures.shown import Public

EXACT, EPSILON, SOLVER, BOUND, LISTED = "exact", "epsilon", "solver", "bound", "listed"
"""Certificates: integer merge; merge within ε; dual bound of a solver; a bound only; best of a list."""


@dataclass(frozen=True, eq=False, repr=False)
class Plan(Public):
    """A target per segment; every sum is computed from the choice, exactly.

    Attributes
    ----------
    choice : (n_segments,) int
        Target number of each segment.
    certificate : str
        How it is known that nothing is cheaper: ``exact``, ``epsilon``, ``solver``, ``bound``,
        or ``listed`` (the best of the plans compared).
    bound : float
        No plan on the grid under the same limits costs less than this, in units of cost.
    """

    curves: SegmentCurves
    choice: npt.NDArray[np.int64]
    certificate: str
    bound: float

    @cached_property
    def totals(self) -> tuple[int, int, int]:
        """Exact cost, value and served."""
        return self.curves.totals(self.choice)

    @property
    def cost(self) -> int:
        """Sum of the objective."""
        return self.totals[0]

    @property
    def value(self) -> int:
        """Sum that budgets are set on."""
        return self.totals[1]

    @property
    def served(self) -> int:
        """Units served."""
        return self.totals[2]

    @property
    def fill_rate(self) -> float:
        """Units served ÷ units demanded; NaN if nothing was demanded."""
        demanded = self.curves.total_demanded
        return self.served / demanded if demanded else math.nan

    @property
    def targets(self) -> FloatArray:
        """(n_segments,) target of each segment."""
        return np.asarray(self.curves.targets[self.choice])

    @property
    def cost_money(self) -> float:
        """Objective in money (per year)."""
        return float(self.cost * self.curves.cost_unit)

    @property
    def value_money(self) -> float:
        """What the budget is set on, in money."""
        return float(self.value * self.curves.value_unit)

    @property
    def gap(self) -> float:
        """Largest possible saving as a fraction of cost; 0 where the plan is proven best."""
        return max(0.0, (self.cost - self.bound) / self.cost) if self.cost > 0 else 0.0

    def __repr__(self) -> str:
        currency = self.curves.currency
        return (
            f"Plan({self.curves.service_name} {format_rate(self.fill_rate)}, {self.curves.cost_name} "
            f"{format_money(self.cost_money, currency)}{self.curves.per}, "
            f"value {format_money(self.value_money, currency)}, {self.certificate})"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(name)}</td><td>{target:g}</td></tr>"
            for name, target in self.by_segment().items()
        )
        head = "<tr><th>segment</th><th>target</th></tr>"
        return f"<p>{escape(repr(self))}</p><table>{head}{rows}</table>"

    def by_segment(self) -> dict[str, float]:
        """Target of each segment by name."""
        return dict(zip(self.curves.names, (float(t) for t in self.targets), strict=True))


class NoPlanError(InfeasibleError):
    """No plan on the grid meets the limits; says what would work.

    Attributes
    ----------
    smallest_budget : Fraction or None
        Least money with which the floor can be met; None if no budget would do.
    highest_fill : float
        Highest fill rate that can be reached within the budget (without one: at all).
    proven : bool
        False where the search for a plan ended before it was known that there is none.
    """

    def __init__(
        self,
        message: str,
        smallest_budget: Fraction | None,
        highest_fill: float,
        *,
        proven: bool = True,
    ) -> None:
        super().__init__(message)
        self.smallest_budget = smallest_budget
        self.highest_fill = highest_fill
        self.proven = proven


def money_up(amount: Fraction, currency: str) -> str:
    """An amount rounded up to cents, so that the figure shown really suffices."""
    cents = int(-((-amount * 100) // 1))
    text = f"{cents // 100:,}.{cents % 100:02d}" if cents < 10**12 else f"{-(-cents // 100):,}"
    return f"{sign_of(currency)} {text}".strip()


def rate_down(served: int, demanded: int) -> str:
    """A fill rate rounded down, so that the figure shown can really be reached."""
    if not demanded or served == demanded:
        return format_rate(served / demanded if demanded else math.nan)
    for digits in range(4, 9):
        if demanded - served >= demanded / 10 ** (digits - 1) or digits == 8:
            break
    return f"{(served * 10**digits // demanded) / 10 ** (digits - 2):.{digits - 2}f}%"
