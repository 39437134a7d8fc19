"""A plan of segment targets that knows the levels of every SKU-location."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from simlab.api.pictures import dots
from simlab.errors import UsageError
from simlab.frontier import Plan

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def _no_levels(plan: Plan) -> pd.DataFrame:
    raise UsageError("this plan knows no levels: it was not made from a study")


@dataclass(frozen=True, eq=False, repr=False)
class PlannedPlan(Plan):
    """A target per segment, and what it means for every SKU-location.

    Attributes
    ----------
    source : callable
        From the plan to its levels.

    Examples
    --------
    >>> opt.plan.by_segment(), opt.plan.cost_money
    >>> opt.plan.levels()
    """

    source: Callable[[Plan], pd.DataFrame] = field(default=_no_levels)

    @classmethod
    def of(cls, plan: Plan, source: Callable[[Plan], pd.DataFrame]) -> PlannedPlan:
        """The same plan, with its levels."""
        return cls(**{one.name: getattr(plan, one.name) for one in fields(Plan)}, source=source)

    def levels(self) -> pd.DataFrame:
        """One row per SKU-location: segment, target, safety stock, s, S, Q and review period, in units.

        The columns of the run's `results/plan`, without achieved service.
        """
        return self.source(self)

    def plot(self) -> Figure:
        """The target of every segment."""
        nan, asked = float("nan"), self.by_segment()
        series = {"target": [(target, nan, nan) for target in asked.values()]}
        return dots(list(asked), series, "Target asked", zero=False)

    def to_frame(self) -> pd.DataFrame:
        """The levels; see `levels`."""
        return self.levels()
