"""Scenarios of the study: the same plans under other circumstances, and the plan that holds up in all."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simlab import mapped
from simlab.api.finance.scenarios import (
    _all,
    _outage_notes,
    _Scene,
    _scenes,
    _whole,
    keeps,
    priced_weights,
    regret_notes,
    scenario_problem,
)
from simlab.api.pictures import dots, row
from simlab.api.requirements.accounting import counted_scale
from simlab.api.requirements.refusals import BASE
from simlab.api.show import spread
from simlab.api.simulator.simulator import one_column, side_by_side
from simlab.api.simulator.stored import BY_BATCH
from simlab.arrays import IntArray
from simlab.engine.prepare.evaluators import warmup_periods
from simlab.engine.world.levels import Levels
from simlab.errors import InfeasibleError, InvalidInputError
from simlab.execution import CellSums, Curves, PlanSums, alike, in_parts, run_held_curves, take_items
from simlab.frontier import Plan, Robust, best_plan, least_regret
from simlab.frontier import Problem as SegmentProblem
from simlab.measures import format_money, mean_estimate, ratio_estimate
from simlab.measures.shown import Public
from simlab.verdict.retest import retest

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from simlab.api.data.data import Data
    from simlab.api.plans.outcome import Outcome


@dataclass(frozen=True, eq=False, repr=False)
class Stress(Public):
    """What scenarios do to plans.

    Attributes
    ----------
    frame : DataFrame
        Scenario × plan: fresh fill rate and holding cost (service and objective too where the study counts
        others); on the search seed the least objective with which these levels meet the floor and the
        study's floors, ceilings and order there, and the plan's regret (money), where it meets them.
        ``keeps_limits``: whether it keeps them besides the floor; there only if the study has any.
    robust : Robust or None
        The plan with the least maximum regret; None where no plan reaches the floor in all scenarios.
    notes : tuple of str
    """

    frame: pd.DataFrame
    robust: Robust | None
    notes: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Scenario × plan."""
        return self.frame

    def plot(self) -> Figure:
        """Fill rate of every plan in every scenario, on the same random numbers."""
        scenarios = list(dict.fromkeys(self.frame["scenario"]))
        series = {
            str(plan): [row(one, "fill_rate") for one in rows.to_dict("records")]
            for plan, rows in self.frame.groupby("plan", sort=False)
        }
        return dots(scenarios, series, "Fill rate", zero=False)

    def __repr__(self) -> str:
        return "\n".join(("Scenarios", self.frame.to_string(index=False), *self.notes))

    def _repr_html_(self) -> str:
        from simlab.api.show import describe

        return describe("Scenarios: " + " ".join(self.notes), self.frame)


def stress(opt: Outcome) -> Stress:
    """Every scenario of the study on the same random numbers; levels stay as planned."""
    import pandas as pd

    scenes = _scenes(opt)
    warmup = max([opt.warmup, *(warmup_periods(scene.world) for scene in scenes)])
    notes = [
        "levels stay as planned from the fitted laws; the same random numbers in every scenario",
        *_outage_notes(opt.data),
        *_kept_notes(opt.data),
    ]
    problems = {}
    base = _curves(opt, _whole(opt), warmup) if warmup != opt.warmup else opt.curves
    for scene in (_Scene(BASE, opt.data.models.world, _all(opt), 1.0), *scenes):
        curves = base if scene.name == BASE else _merged(base, _curves(opt, scene, warmup), scene.rows)
        try:
            problems[scene.name] = scenario_problem(opt, curves, scene.price)
        except InvalidInputError as error:
            notes.append(f"scenario '{scene.name}': {error}; it is left out of the regret")
    floor = opt.solved.fill_rate or opt.chosen.fill_rate
    within, robust, more = _robust(problems, floor)
    plans = {"segmented": opt.chosen.choice, "uniform": opt.solved.best_uniform.choice}
    if robust is not None:
        plans["least regret"] = robust.plan.choice
        money = format_money(max(0.0, robust.price), opt.data.study.currency)
        yearly = " a year" if opt.accounting.yearly else ""
        notes.append(
            f"the plan of least regret costs {money}{yearly} more than the best plan if nothing changes"
        )
        if robust.gap > 0:
            open_ = format_money(robust.gap, opt.data.study.currency)
            notes.append(
                f"within its time no plan of less regret was found; one could have up to {open_} less"
            )
    notes += regret_notes(opt)
    rows = [
        row
        for scene in (_Scene(BASE, opt.data.models.world, _all(opt), 1.0), *scenes)
        for row in _rows(opt, scene, problems.get(scene.name), plans, floor, within.get(scene.name), warmup)
    ]
    return Stress(pd.DataFrame(rows), robust, (*notes, *more))


def _kept_notes(data: Data) -> list[str]:
    """What demand keeps where it is scaled: rhythms their spread, seasons their profile."""
    law, specs = data.models.world.demand, data.study.scenarios
    spread = [name for name, spec in specs.items() if spec.variance is not None]
    moved = [name for name, spec in specs.items() if spec.variance is not None or spec.demand is not None]
    notes = []
    if spread and (rows := int(law.has_rhythm.sum())):
        notes.append(f"{rows} SKU-locations with a rhythm keep their spread in scenario {', '.join(spread)}")
    if moved and law.seasons is not None and (rows := int((law.seasons.profile >= 0).sum())):
        notes.append(
            f"{rows} SKU-locations with a season keep its profile in scenario {', '.join(moved)}: demand and "
            "variance are scaled around it"
        )
    return notes


def _robust(
    problems: dict[str, SegmentProblem], floor: float
) -> tuple[dict[str, Plan], Robust | None, list[str]]:
    """Best plan per scenario that can reach the floor, and the plan of least regret over these."""
    best: dict[str, Plan] = {}
    notes = []
    for name, problem in problems.items():
        try:
            best[name] = best_plan(problem, floor)
        except InfeasibleError as error:
            notes.append(f"scenario '{name}': {error}; it is left out of the regret")
    if BASE not in best or len(best) < 2:
        return best, None, notes
    try:
        return best, least_regret({name: problems[name] for name in best}, floor), notes
    except InfeasibleError as error:
        return best, None, [*notes, str(error)]


def _rows(
    opt: Outcome,
    scene: _Scene,
    problem: SegmentProblem | None,
    plans: dict[str, npt.NDArray[Any]],
    floor: float,
    best: Plan | None,
    warmup: int,
) -> list[dict[str, Any]]:
    """One row per plan: fresh service and cost in the scenario, regret on the search seed."""
    segmentation = opt.segmentation
    levels = {
        name: one_column(opt.planned.levels, opt.rules.choice_of_items(segmentation, choice))
        for name, choice in plans.items()
    }
    known = opt.references.levels
    levels |= {name: one for name, one in known.items() if alike(one, opt.planned.levels)}
    fresh = _retested(opt, scene, levels, warmup)
    found = []
    for name in levels:
        row = {"scenario": scene.name, "plan": name, **_fresh(opt, fresh[name], floor)}
        row["least_cost"] = float("nan") if best is None else best.cost_money
        row["regret"] = float("nan")
        if name in plans and problem is not None:
            own = Plan(problem.curves, np.asarray(plans[name], dtype=np.int64), "listed", 0.0)
            kept = keeps(problem, own)
            if best is not None and kept and own.served >= problem.curves.needed(floor):
                row["regret"] = float((own.cost - best.cost) * problem.curves.cost_unit)
            if problem.limits or problem.ordered:
                row["keeps_limits"] = kept
        found.append(row)
    return found


def _fresh(opt: Outcome, sums: PlanSums, floor: float) -> dict[str, Any]:
    """Fill and holding cost on the verdict seed; service and objective too where the study counts others."""
    level, scale = opt.settings.level, opt.settings.scale(opt.data.study)
    fill = ratio_estimate(sums.served[0, 0], sums.demanded[0, 0], level)
    money = mean_estimate(sums.holding[0, 0] * scale.holding, level)
    row: dict[str, Any] = {**spread("fill_rate", fill), **spread("holding_cost", money)}
    if not opt.accounting.plain:
        fill = ratio_estimate(sums.good[0, 0], sums.asked[0, 0], level)
        factor = counted_scale(scale, opt.accounting).holding
        row |= {**spread("service", fill), "objective": float((sums.cost[0, 0] * factor).mean())}
    return {**row, "least_cost": float("nan"), "regret": float("nan"), "meets_floor": fill.low >= floor}


def _retested(opt: Outcome, scene: _Scene, levels: dict[str, Levels], warmup: int) -> dict[str, PlanSums]:
    """Sums of each plan on the verdict seed, all items together."""
    rest = np.setdiff1d(_all(opt), scene.rows)
    worlds = [(scene.world, scene.rows), (opt.data.models.world.take(rest), rest)]
    horizon = opt.settings.horizon("verdict", warmup)
    total: dict[str, PlanSums] = {}
    for world, rows in worlds:
        if not rows.size:
            continue
        weights = priced_weights(opt.accounting.weights, scene.price).take(rows)
        groups = side_by_side({name: one.take(rows) for name, one in levels.items()})
        sums = retest(
            world,
            [replace(group, whole=False) for group in groups],
            np.zeros(rows.size, dtype=np.int64),
            weights,
            horizon,
            workers=opt.settings.workers,
            stage=f"scenario {scene.name}",
        )
        for name, part in sums.items():
            before = total.get(name)
            total[name] = part if before is None else _added(before, part)
    return total


def _added(a: PlanSums, b: PlanSums) -> PlanSums:
    return PlanSums(**{f.name: getattr(a, f.name) + getattr(b, f.name) for f in fields(PlanSums)})


def _curves(opt: Outcome, scene: _Scene, warmup: int) -> Curves:
    """Totals of the items of a scene; nobody asks for batches of scenarios."""
    groups = opt.segmentation
    return run_held_curves(
        scene.world,
        opt.planned.levels.take(scene.rows),
        opt.settings.horizon("search", warmup),
        CellSums(groups.codes[scene.rows], groups.n_segments),
        slots=False,
        workers=opt.settings.workers,
        stage=f"scenario {scene.name}",
        by_slot=BY_BATCH,
    )


def _merged(base: Curves, part: Curves, rows: IntArray) -> Curves:
    """The base's totals with those of some items replaced."""
    if rows.size == base.n_items:
        return part
    place = np.full(base.n_items, -1)
    place[rows] = np.arange(rows.size)
    tables: dict[str, IntArray] = {}
    for at, old in in_parts(base):
        inside = place[at] >= 0
        new = take_items(part, place[at][inside])
        for name in (field.name for field in fields(Curves)):
            kept, changed = (getattr(one, name).sum(axis=-1, keepdims=True) for one in (old, new))
            shape = np.broadcast_shapes(kept.shape[1:], changed.shape[1:])
            block = np.array(np.broadcast_to(kept, (at.size, *shape)))
            block[inside] = changed
            if name not in tables:
                tables[name] = mapped.room((base.n_items, *shape))
            tables[name][at] = block
    return Curves(**tables)
