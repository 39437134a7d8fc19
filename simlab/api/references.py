"""Reference points: the shop's habit, today's levels, and how columns of levels are laid side by side."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from simlab.api.data import Data
from simlab.engine.types import Levels
from simlab.execution import ChoiceArray, beside
from simlab.policies import PlannedLevels, current_levels, plan
from simlab.policies.forecasting import FORECAST
from simlab.segments import habit_targets
from simlab.verdict.retest import PlanGroup

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class References:
    """Plans that are not chosen but compared with, at their own levels.

    Attributes
    ----------
    levels : dict of str to Levels
        One column each: ``habit``, and ``today`` where every SKU-location has today's levels.
    targets : dict of str to (n,) float
        What each reference asked of each SKU-location; NaN for today's levels.
    notes : tuple of str
        Why a reference is missing.
    """

    levels: dict[str, Levels]
    targets: dict[str, FloatArray]
    notes: tuple[str, ...]


_PLANNED: WeakKeyDictionary[Data, tuple[tuple[float, ...], PlannedLevels]] = WeakKeyDictionary()


def plan_columns(data: Data, targets: FloatArray) -> PlannedLevels:
    """Levels for targets, the way the study plans; planned once where the same grid is asked for again."""
    asked = tuple(targets.ravel().tolist())
    if data not in _PLANNED or _PLANNED[data][0] != (*targets.shape, *asked):
        policy = data.study.policy
        planned = plan(
            data.models,
            targets,
            family=policy.family,
            target_measure=policy.target_measure,
            planning=policy.planning,
            forecast=policy.forecast,
        )
        _PLANNED[data] = (*targets.shape, *asked), planned
    return _PLANNED[data][1]


def references(data: Data) -> References:
    """The habit (cycle service by the normal formula, by ABC) and today's levels where given."""
    asked = habit_targets(data.catalog, data.models, data.study.segments)
    family = data.study.policy.family
    habit = plan(
        data.models,
        asked[:, None],
        family="order_up_to" if family == FORECAST else family,
        target_measure="cycle_service_level",
        planning="normal",
    )
    levels = {"habit": habit.levels}
    targets = {"habit": asked}
    notes: list[str] = []
    today, known = current_levels(data.models)
    if known.all():
        levels["today"] = today
        targets["today"] = np.full(asked.size, np.nan)
    elif known.any():
        missing = int((~known).sum())
        notes.append(
            f"today's levels are not compared: {missing:,} of {known.size:,} SKU-locations have none"
        )
    return References(levels, targets, tuple(notes))


def first_column(n_items: int) -> ChoiceArray:
    """The choice of one plan that gives every item the first column."""
    return np.zeros((n_items, 1), dtype=np.int16)


def side_by_side(plans: dict[str, Levels]) -> tuple[PlanGroup, ...]:
    """Plans of one column each as the columns of one table, so that one simulation serves them all."""
    kinds = list(plans)
    joined = beside([plans[kind] for kind in kinds])
    n = joined.n_items
    return tuple(
        PlanGroup(kind, joined, np.full((n, 1), column, dtype=np.int16)) for column, kind in enumerate(kinds)
    )


def one_column(levels: Levels, column: npt.NDArray[np.int64]) -> Levels:
    """The levels of a single plan: `column` of each item, as a table of one column."""
    return levels.columns(column[:, None])
