"""Sums per cell × target × replication: what chance limits, lower bounds and fresh prices are made of."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from simlab import mapped
from simlab.api.data.data import Data
from simlab.api.data.rows import planned
from simlab.api.requirements.accounting import Accounting
from simlab.api.requirements.constraints import Constraints
from simlab.api.settings import Settings
from simlab.api.simulator.redrawn import Redrawn, batch_of
from simlab.arrays import LARGEST_SUM, FloatArray
from simlab.errors import InvalidInputError, Problem
from simlab.execution import ChoiceArray, Curves, Levels, PlanSums, Progress, beside, common_warmup
from simlab.measures.shown import Public
from simlab.policies import PlannedLevels, current_levels, plan
from simlab.policies.levels.forecasting import FORECAST
from simlab.segments import Segmentation, habit_targets
from simlab.verdict.retest import PlanGroup, retest

SEGMENTS = "cells:segments"

MAX_SUMS = 12_000_000
_FEWEST_REPLICATIONS = 10
"""Cells × targets × replications kept at most, of each of fourteen measures."""


@dataclass(frozen=True, eq=False, repr=False)
class Simulator(Public):
    """The streams of a phase run again for given groups of plans.

    Attributes
    ----------
    data, segmentation, planned, settings, rules, accounting
        Of the call.
    warmup : int
        Periods.
    progress : callable or None
        Told of every run.
    beside : tuple of PlanGroup
        What plans are compared with: a column more of the run on the selection seed.
    """

    data: Data
    segmentation: Segmentation
    planned: PlannedLevels
    settings: Settings
    rules: Constraints
    accounting: Accounting
    warmup: int
    progress: Progress | None
    beside: tuple[PlanGroup, ...] = ()

    def run(
        self,
        groups: list[PlanGroup],
        phase: str,
        stage: str,
        replications: int | None = None,
        items: dict[str, Curves] | None = None,
    ) -> dict[str, PlanSums]:
        """Sums of the plans on the streams of a phase; all its replications, or the first of them.

        `items` gets the sums of every item and replication under the chosen plan, and those of every item
        at today's levels.
        """
        horizon = self.settings.horizon(phase, self.warmup)
        if replications is not None:
            horizon = replace(horizon, replications=replications, slots=min(horizon.slots, replications))
        return retest(
            self.data.models.world,
            groups,
            self.segmentation.codes,
            self.accounting.weights,
            horizon,
            workers=self.settings.workers,
            progress=self.progress,
            stage=stage,
            keep="segmented",
            totals="today",
            items=items,
        )

    def redrawn(self, groups: list[PlanGroup], phase: str) -> Redrawn | None:
        """The same with one parameter draw per batch; None where the study draws none."""
        models, horizon = self.data.models, self.settings.horizon(phase, self.warmup)
        batch = batch_of(self.data, horizon.replications, self.settings)
        if batch is None:
            return None
        sums = retest(
            models.world,
            groups,
            self.segmentation.codes,
            self.accounting.weights,
            horizon,
            workers=self.settings.workers,
            progress=self.progress,
            stage="redrawn",
            redraws=models.redraws,
            batch=batch,
        )
        scale = self.settings.scale(self.data.study)
        return Redrawn(sums, batch, scale, self.segmentation.sizes)

    def every_target(self) -> ChoiceArray:
        """(n, k) the choice in which plan j gives every item target j; pinned items keep theirs."""
        n, k = self.segmentation.codes.size, self.planned.levels.n_columns
        choice = np.tile(np.arange(k, dtype=np.int16), (n, 1))
        choice[self.rules.items] = self.rules.columns[:, None]
        return choice

    def fitting_replications(self, wanted: int) -> int:
        """At most `wanted`: as many as `segment_cells` may keep; `wanted` where not even a few fit."""
        most = MAX_SUMS // max(1, self.segmentation.n_segments * self.planned.levels.n_columns)
        return min(wanted, most) if most >= _FEWEST_REPLICATIONS else wanted

    def segment_cells(self, replications: int) -> list[PlanGroup]:
        """The group whose sums give every plan of segment targets; empty where they are too many."""
        if self.segmentation.n_segments * self.planned.levels.n_columns * replications > MAX_SUMS:
            return []
        segmentation = self.segmentation
        return [
            PlanGroup(
                SEGMENTS,
                self.planned.levels,
                self.every_target(),
                False,
                segmentation.codes,
                segmentation.n_segments,
            )
        ]

    def chance_cells(self) -> list[PlanGroup]:
        """One group per chance limit."""
        groups = []
        for number, one in enumerate(self.rules.chances):
            cell = one.groups.cells(self.segmentation)
            n_cells = self.segmentation.n_segments * (len(one.groups.names) + 1)
            if n_cells * self.planned.levels.n_columns * self.settings.replications > MAX_SUMS:
                message = "too many cells × targets × replications to be kept"
                fix = "fewer segments, targets or replications"
                where, file = f"optimize.{one.kind.name}", self.data.study.file
                raise InvalidInputError([Problem("E-OPT-021", message, file, column=where, fix=fix)])
            choice = self.every_target()
            groups.append(
                PlanGroup(f"cells:chance{number}", self.planned.levels, choice, True, cell, n_cells)
            )
        return groups


def chance_sums(sums: dict[str, PlanSums], rules: Constraints) -> list[PlanSums]:
    """The sums of `Simulator.chance_cells`, in the order of the limits."""
    return [sums[f"cells:chance{number}"] for number in range(len(rules.chances))]


@dataclass(frozen=True, eq=False, repr=False)
class References(Public):
    """Plans that are not chosen but compared with, at their own levels.

    Attributes
    ----------
    levels : dict of str to Levels
        One column each: ``habit``, ``today`` where every SKU-location has today's levels, and
        ``same_service`` once it is found: the cheapest plan by segment that serves what today serves.
    targets : dict of str to (n,) float
        What each reference asked of each SKU-location; NaN for today's levels.
    notes : tuple of str
        Why a reference is missing.
    """

    levels: dict[str, Levels]
    targets: dict[str, FloatArray]
    notes: tuple[str, ...]

    @property
    def now(self) -> str:
        """What stands for today: today's levels where every SKU-location has them, else the habit."""
        return "today" if "today" in self.levels else "habit"


_PLANNED: WeakKeyDictionary[Data, tuple[tuple[float, ...], PlannedLevels]] = WeakKeyDictionary()


def plan_columns(data: Data, targets: FloatArray, threads: int = 1) -> PlannedLevels:
    """Levels for targets, the way the study plans; planned once where the same grid is asked for again."""
    asked = tuple(targets.ravel().tolist())
    if data not in _PLANNED or _PLANNED[data][0] != (*targets.shape, *asked):
        found = planned(data, data.models, targets, threads)
        _PLANNED[data] = (*targets.shape, *asked), found
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
        moving=False,
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
    own = levels.columns(column[:, None])
    return replace(
        own,
        reorder_point=mapped.away(own.reorder_point, piece=True),
        order_up_to=mapped.away(own.order_up_to, piece=True),
        order_quantity=mapped.away(own.order_quantity, piece=True),
    )


def warmup_of(data: Data, plans: list[Levels], settings: Settings) -> tuple[int, str]:
    """Warm-up said in the study, or the one common to all that is compared."""
    said = data.study.simulation.warmup
    if said != "auto":
        return int(said), "said in the study"
    horizon = settings.horizon("search", 0)
    return common_warmup(data.models.world, plans, horizon)


def refuse_overflow(data: Data, plans: list[Levels], settings: Settings) -> None:
    """Refuse a study whose sums of money could leave 64 bits, before anything is simulated.

    Raises
    ------
    InvalidInputError
        Naming the worst SKU-location, and the coarser cost resolution that would do.
    """
    terms, costs = data.models.world.terms, data.models.costs
    highest = np.max([levels.order_up_to.max(axis=1) for levels in plans], axis=0).astype(np.float64)
    most = np.maximum(highest, 0) + np.maximum(terms.moq, terms.pack_size)
    if data.models.world.start is not None:
        start = data.models.world.start
        most = np.maximum(most, start.on_hand) + start.all_on_order()
    runs = max(settings.replications, settings.verdict_replications)
    weight = np.maximum(costs.unit_cost, costs.holding).astype(np.float64)
    largest = 2.0 * most * weight * settings.counted * runs
    worst = int(largest.argmax())
    if largest[worst] < LARGEST_SUM:
        return
    item = f"{data.catalog.sku[worst]}@{data.catalog.location[worst]}"
    times = 10.0 ** np.ceil(np.log10(largest[worst] / LARGEST_SUM))
    raise InvalidInputError(
        [
            Problem(
                "E-STU-041",
                f"sums of money would leave 64 bits for {item}",
                file=data.study.file,
                column=f"data.cost_resolution = {data.study.data.cost_resolution:g}",
                fix=f"count money in {data.study.data.cost_resolution * times:g}, or simulate fewer periods",
            )
        ]
    )


_PERIOD, _REPLICATION = 2200, 3600
"""Bytes measured, beside the machine's own: of a counted period, and of a segment's replication."""
_SHARE = 0.25


def refuse_large_runs(data: Data, segments: int, settings: Settings) -> None:
    """Refuse periods and replications whose paths and sums fill memory, with an estimate.

    Raises
    ------
    InvalidInputError
        Naming the option, what it needs, and what would fit.
    """
    here = _SHARE * machine_memory()
    needs = {
        "simulation.periods": (settings.periods, _PERIOD * settings.workers.n_workers),
        "simulation.replications": (settings.replications, _REPLICATION * (segments + 1)),
        "verdict.replications": (settings.verdict_replications, _REPLICATION * (segments + 1)),
    }
    problems = [
        Problem(
            "E-STU-042",
            f"needs about {value * each / 1e9:.1f} GB; a quarter of the memory here is {here / 1e9:.1f}",
            data.study.file,
            column=f"{option} = {value:,}",
            fix=f"at most {int(here / each):,} fit here",
        )
        for option, (value, each) in needs.items()
        if value * each > here
    ]
    if problems:
        raise InvalidInputError(problems)


def machine_memory() -> float:
    """Bytes of the machine; unlimited where the system does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * float(os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        return float("inf")
