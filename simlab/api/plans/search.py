"""The steps of an optimisation: make ready, simulate the search seed, solve, test on fresh seeds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from simlab.api.data.data import Data
from simlab.api.data.dead_stock import movable
from simlab.api.plans.in_sample import in_sample
from simlab.api.plans.solved import Solved, solve_plans
from simlab.api.requirements.accounting import Accounting, accounting
from simlab.api.requirements.constraints import Constraints, constraints
from simlab.api.requirements.refusals import check_scenarios
from simlab.api.settings import Clock, Settings, announce, threads_of
from simlab.api.simulator.redrawn import Redrawn, batch_of
from simlab.api.simulator.simulator import (
    References,
    Simulator,
    plan_columns,
    references,
    refuse_large_runs,
    refuse_overflow,
    side_by_side,
    warmup_of,
)
from simlab.api.simulator.size import RunSize, refuse_what_does_not_fit
from simlab.api.simulator.stored import BY_BATCH, keeps_curves
from simlab.execution import (
    CellSums,
    Curves,
    PlanSums,
    Progress,
    Replications,
    Workers,
    alike,
    may_keep,
    room_for,
    run_curves_and_replications,
    run_held_curves,
)
from simlab.execution.ahead import compile_for
from simlab.measures import format_money
from simlab.policies import PlannedLevels
from simlab.segments import Segmentation
from simlab.verdict.retest import PlanGroup

if TYPE_CHECKING:
    from simlab.api.simulator.stored import StoredCurves


@dataclass(frozen=True, eq=False)
class Ready:
    """What is settled before anything is simulated.

    Attributes
    ----------
    targets : tuple of float
        The grid.
    references : References
        Habit and today's levels.
    warmup_rule : str
        Where the warm-up comes from.
    simulator : Simulator
        Data, levels at every target, limits, accounts, warm-up: runs plans on the streams of a phase.
    """

    targets: tuple[float, ...]
    references: References
    warmup_rule: str
    simulator: Simulator

    @property
    def planned(self) -> PlannedLevels:
        """Levels of every SKU-location at every target."""
        return self.simulator.planned


def prepare(data: Data, segmentation: Segmentation, settings: Settings, clock: Clock) -> Ready:
    """Plan every target and check the study's limits, scenarios and sizes.

    Raises
    ------
    InvalidInputError
        A limit, a weight or a scenario cannot be meant; all problems of a kind at once.
    """
    counted: Accounting = accounting(data)
    with clock.stage("plan"):
        targets = data.study.targets()
        refuse_large_runs(data, segmentation.n_segments, settings)
        refuse_what_does_not_fit(data, RunSize.of(data, settings, len(targets)), clock.progress)
        rules: Constraints = constraints(data, segmentation, targets)
        batch_of(data, settings.verdict_replications, settings)
        check_scenarios(data)
        planned = plan_columns(data, np.array(targets), threads_of(settings.workers))
        compared = references(data)
        every = [planned.levels, *compared.levels.values()]
        refuse_overflow(data, every, settings)
    with clock.stage("compile"):
        horizon = settings.horizon("search", 0)
        compile_for(data.models.world, planned.levels, horizon, clock.progress)
    with clock.stage("warm-up"):
        warmup, rule = warmup_of(data, every, settings)
    now = side_by_side({compared.now: compared.levels[compared.now]})
    simulator = Simulator(data, segmentation, planned, settings, rules, counted, warmup, clock.progress, now)
    return Ready(targets, compared, rule, simulator)


@dataclass(frozen=True, eq=False)
class Searched:
    """What was found on the search seed.

    Attributes
    ----------
    curves : Curves
        Sums per SKU-location × target.
    kept : Replications or None
        What plans are added up from; None where it is too much, or nothing was simulated.
    """

    curves: Curves
    kept: Replications | None = None


def search_curves(ready: Ready, clock: Clock, stored: StoredCurves | None) -> Curves:
    """Sums per SKU-location × target on the search seed: simulated, or those of an earlier run."""
    return search(ready, clock, stored, keep=False).curves


def search(ready: Ready, clock: Clock, stored: StoredCurves | None, *, keep: bool = True) -> Searched:
    """The same; `keep`: and of the same paths what plans are added up from."""
    run = ready.simulator
    levels, horizon = ready.planned.levels, run.settings.horizon("search", run.warmup)
    replications = run.settings.verdict_replications + (run.settings.replications if stored is None else 0)
    announce(run.data.models.world, levels, run.settings, run.warmup, replications, run.progress)
    with clock.stage("simulate"):
        if stored is not None:
            return Searched(stored.curves_for(run.data, levels, horizon, ready.targets))
        world, cells = run.data.models.world, CellSums(run.segmentation.codes, run.segmentation.n_segments)
        how = _How(
            slots=keeps_curves(run.data),
            workers=run.settings.workers,
            progress=run.progress,
            by_slot=BY_BATCH,
        )
        kept = _room(ready) if keep else None
        if kept is None:
            return Searched(run_held_curves(world, levels, horizon, cells, **how))
        return Searched(run_curves_and_replications(world, levels, horizon, cells, kept, **how), kept)


def _room(ready: Ready) -> Replications | None:
    """Room for what plans are added up from, where all who compute share the memory of this process."""
    run = ready.simulator
    if not run.settings.workers.shares_memory:
        return None
    others = list(ready.references.levels.values())
    return room_for(run.data.models.world, ready.planned.levels, others, run.settings.replications)


class _How(TypedDict):
    slots: bool
    workers: Workers
    progress: Progress | None
    by_slot: tuple[str, ...]


def solve_ready(
    ready: Ready, sums: Curves, clock: Clock, fill_rate: float | None, budget: float | None
) -> Solved:
    """The frontier and the plans worth keeping, under the caller's floor and budget or the study's."""
    if fill_rate is None and budget is None:
        asked = ready.simulator.data.study.optimize
        fill_rate, budget = asked.fill_rate, asked.budget
    data = ready.simulator.data
    left = movable(data, budget)
    with clock.stage("solve"):
        solved = solve_plans(ready.simulator, ready.targets, sums, fill_rate=fill_rate, budget=left)
        return _with_budget_note(data, solved, budget)


@dataclass(frozen=True, eq=False)
class Tested:
    """Sums of the plans kept on the seed that chose them, and of all frontiers on the verdict seed.

    Attributes
    ----------
    search, verdict : dict of str to PlanSums
    items : Curves or None
        Every item and replication of the verdict under the chosen plan, where memory allows.
    today : Curves or None
        Every item of it at today's levels, replications added up; where all have such levels, and likewise.
    """

    search: dict[str, PlanSums]
    verdict: dict[str, PlanSums]
    items: Curves | None
    today: Curves | None


def tested(ready: Ready, solved: Solved, clock: Clock, found: Replications | None) -> Tested:
    """The plans kept on the search seed, and all frontiers on the verdict seed.

    `found` is what the search kept by replication; it is let go of.
    """
    simulator = ready.simulator
    kept = compared_plans(solved, ready.references)
    with clock.stage("in-sample"):
        search = in_sample(simulator, kept, solved, found)
    with clock.stage("verdict"):
        more = simulator.segment_cells(simulator.settings.verdict_replications) + simulator.chance_cells()
        fits = may_keep(ready.planned.levels.n_items, simulator.settings.verdict_replications)
        items: dict[str, Curves] | None = {} if fits else None
        verdict = simulator.run([*kept, *solved.frontiers, *more], "verdict", "verdict", items=items)
    own = items or {}
    return Tested(search, verdict, own.get("segmented"), own.get("today"))


def redrawn(ready: Ready, solved: Solved, clock: Clock) -> Redrawn | None:
    """The verdict once more with one parameter draw per batch; None where the study draws none."""
    if ready.simulator.data.models.redraws is None:
        return None
    with clock.stage("redrawn"):
        plans = [*compared_plans(solved, ready.references), *solved.frontiers]
        return ready.simulator.redrawn(plans, "verdict")


def compared_plans(solved: Solved, compared: References) -> list[PlanGroup]:
    """The plans that are reported by segment; those of one family share a simulation."""
    plans = {**solved.kept, **compared.levels}
    chosen = solved.kept["segmented"]
    together = {kind: one for kind, one in plans.items() if alike(one, chosen)}
    others = [side_by_side({kind: one}) for kind, one in plans.items() if kind not in together]
    return [group for groups in (side_by_side(together), *others) for group in groups]


def _with_budget_note(data: Data, solved: Solved, budget: float | None) -> Solved:
    """The solution, which says what of the budget was left for plans."""
    if budget is None or solved.budget is None or solved.budget == budget:
        return solved
    currency = data.study.currency
    note = (
        f"the budget of {format_money(budget, currency)} counts dead stock: "
        f"{format_money(solved.budget, currency)} are left for stock that plans move"
    )
    return replace(solved, notes=(*solved.notes, note))
