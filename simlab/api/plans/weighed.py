"""Every compared plan in every weight: service, cost at equal service, late margin, break-even share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.plans.choosing import plan_sums
from simlab.api.plans.outcome import Outcome
from simlab.api.plans.sums import ItemTables, segment_curves
from simlab.api.requirements.accounting import counted_scale
from simlab.api.show import Column, Kind, ResultTable, spread
from simlab.api.simulator.simulator import SEGMENTS
from simlab.arrays import IntArray
from simlab.execution import PlanSums
from simlab.execution.sums import item_weights
from simlab.frontier import Frontier, solve
from simlab.frontier.thin import thin
from simlab.measures import Estimate, mean_estimate, paired_ratio_difference, ratio_estimate
from simlab.measures.curve import PlanCurve
from simlab.measures.weights import (
    WEIGHT_NAMES,
    EqualService,
    WeighedPlans,
    break_even,
    equal_service,
    left_out_means,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

DECISION = "decision"
"""Row of the service that decides where it is none of the four weights."""
_ENDING = {"units": "", "value": "_value", "margin": "_margin", "items": "_items"}
_POINTS = 60
_NOTHING = Estimate(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True, eq=False)
class Weighed:
    """The compared plans of an outcome in every weight, on the verdict seed."""

    opt: Outcome

    @cached_property
    def deciding(self) -> str:
        """The weight that chose the plan; `DECISION` where it is none of the four."""
        keys = self.opt.accounting.keys
        four = keys["service"] == "fill_rate" and keys["weight"] in _ENDING
        return keys["weight"] if four else DECISION

    @cached_property
    def weights(self) -> tuple[str, ...]:
        """Weights that the items allow; the deciding one first."""
        sums = self.opt.verdict["segmented"]
        known = [name for name, end in _ENDING.items() if getattr(sums, f"demanded{end}").any()]
        return (self.deciding, *(name for name in known if name != self.deciding))

    @property
    def has_margin(self) -> bool:
        """Whether prices are known, so that late margin is."""
        return self.opt.accounting.weights.margin is not None

    def frame(self) -> pd.DataFrame:
        """One row per plan × weight."""
        import pandas as pd

        rows = [self._row(kind, weight) for kind in self.opt.kinds for weight in self.weights]
        return pd.DataFrame(rows)

    def _row(self, kind: str, weight: str) -> dict[str, Any]:
        own = self._of(self.opt.verdict[kind], weight)
        level = self.opt.settings.level
        late = mean_estimate(own.late[0], level) if self.has_margin else _NOTHING
        return {
            "plan": kind,
            "weight": weight,
            "decides": weight == self.deciding,
            **spread("service", ratio_estimate(own.good[0], own.asked_of(0), level)),
            **spread("cost", mean_estimate(own.cost[0], level)),
            **spread("late_margin", late),
            **self._plain(kind, weight),
            **self._equal(kind, weight),
        }

    def _plain(self, kind: str, weight: str) -> dict[str, float]:
        """The chosen plan minus this one, both as they stand."""
        ours, theirs = (self._of(self.opt.verdict[one], weight) for one in ("segmented", kind))
        level, names = self.opt.settings.level, ("cost", "service", "late_margin", "break_even")
        found = dict.fromkeys(names, _NOTHING)
        if kind != "segmented":
            cost, late = ours.cost[0] - theirs.cost[0], ours.late[0] - theirs.late[0]
            found["cost"] = mean_estimate(cost, level)
            found["service"] = paired_ratio_difference(
                ours.good[0], ours.asked_of(0), theirs.good[0], theirs.asked_of(0), level
            )
            if self.has_margin:
                found["late_margin"] = mean_estimate(late, level)
                found["break_even"] = break_even(left_out_means(-cost), left_out_means(late), level)
        return {key: value for name in names for key, value in spread(f"plain_{name}", found[name]).items()}

    def _equal(self, kind: str, weight: str) -> dict[str, Any]:
        """The frontier of the chosen kind against this plan at equal service in a weight."""
        found = self.equal(kind, weight)
        names = ("difference", "percent", "late_difference", "break_even")
        row: dict[str, Any] = {"at_service": np.nan, "cost_a": np.nan, "cost_b": np.nan}
        if found is None:
            row |= {key: np.nan for name in names for key in spread(name, _NOTHING)}
            return {**row, "joint_low": np.nan, "joint_high": np.nan, "mark": "", "optimised_cost": np.nan}
        row |= {"at_service": found.at, "cost_a": found.cost_a, "cost_b": found.cost_b}
        row |= spread("difference", found.difference) | spread("percent", found.percent)
        row |= {"joint_low": found.joint.low, "joint_high": found.joint.high, "mark": found.mark}
        for name, one in (("late_difference", found.late), ("break_even", found.break_even)):
            row |= spread(name, one if self.has_margin else _NOTHING)
        return {**row, "optimised_cost": self._optimised(weight, found.at)}

    def equal(self, kind: str, weight: str) -> EqualService | None:
        """The chosen kind of plan against another at equal service in a weight; None against itself."""
        if kind == "segmented":
            return None
        opt = self.opt
        sums = opt.solved.comparable(opt.verdict)
        ours = self._of(sums["frontier:segmented"].total(), weight)
        whole = f"frontier:{kind}" in sums
        theirs = self._of(sums[f"frontier:{kind}" if whole else kind].total(), weight)
        at = None
        if whole:
            chosen = self._of(opt.verdict["segmented"], weight)
            at = float(chosen.good[0].sum()) / float(chosen.asked_of(0).sum())
        return equal_service(ours, theirs, at, opt.settings.level, len(self.weights))

    def _of(self, sums: PlanSums, weight: str) -> WeighedPlans:
        """Plans with all segments together: money a year, and service in a weight."""
        scale = counted_scale(self.opt.settings.scale(self.opt.data.study), self.opt.accounting)
        part, whole = self._names(weight)
        money = scale.cost_resolution * scale.periods_per_year / self.opt.settings.exposure
        good, asked = (getattr(sums, name).sum(axis=1) for name in (part, whole))
        moving = (asked != asked[:1]).any()
        return WeighedPlans(
            sums.cost.sum(axis=1) * scale.holding,
            sums.lost_margin.sum(axis=1) * money,
            good,
            asked if moving else asked[0],
        )

    def _names(self, weight: str) -> tuple[str, str]:
        end = _ENDING.get(weight)
        return ("good", "asked") if end is None else (f"served{end}", f"demanded{end}")

    def _optimised(self, weight: str, at: float) -> float:
        """Cost on the verdict seed, at this service, of the plans that are best for the weight."""
        curve = self._optimised_curve(weight)
        return float("nan") if curve is None or np.isnan(at) else curve.read(at)

    def _optimised_curve(self, weight: str) -> PlanCurve | None:
        cells = self.opt.verdict.get(SEGMENTS)
        choice = self._optimised_choice(weight)
        if cells is None or choice is None:
            return None
        scale = counted_scale(self.opt.settings.scale(self.opt.data.study), self.opt.accounting)
        part, whole = self._names(weight)
        cost, good = (plan_sums(getattr(cells, name), choice) for name in ("cost", part))
        asked = getattr(cells, whole)[0].sum(axis=0).astype(np.float64)
        return PlanCurve.of(good, cost * scale.holding, asked)

    def _optimised_choice(self, weight: str) -> np.ndarray[Any, np.dtype[np.int16]] | None:
        """Plans of the frontier optimised for a weight; None under limits, and for other measures."""
        if weight not in self._frontiers:
            self._frontiers.update(self._optimised_for([weight]))
        found = self._frontiers[weight]
        return None if found is None else thin(found, _POINTS).frontier.choice

    @cached_property
    def _frontiers(self) -> dict[str, Frontier | None]:
        return dict(self._optimised_for(self.weights))

    def _optimised_for(self, weights: Sequence[str]) -> Iterator[tuple[str, Frontier | None]]:
        """The frontier of each weight; sums of items are added up once for all that are asked for."""
        opt = self.opt
        limited = bool(opt.solved.problem.limits or opt.solved.problem.ordered)
        others = [one for one in weights if one in _ENDING and not limited and one != self.deciding]
        for weight in weights:
            if weight not in others:
                yield weight, opt.solved.frontier if weight in _ENDING and not limited else None
        if others:
            usual = ItemTables.of(opt.curves, opt.data.models)
            counted = usual.counted(opt.curves, opt.data, opt.accounting, opt.settings.replications)
            for weight in others:
                yield weight, self._frontier(usual, counted, self._unit(weight))

    def _frontier(self, usual: ItemTables, counted: ItemTables, unit: IntArray) -> Frontier:
        opt = self.opt
        tables = replace(counted, served=usual.served * unit[:, None], demanded=usual.demanded * unit)
        curves = segment_curves(
            tables.pinned(opt.rules),
            opt.data,
            opt.segmentation,
            opt.targets,
            opt.settings,
            accounting=opt.accounting,
            rules=opt.rules,
        )
        return solve(curves)

    def _unit(self, weight: str) -> IntArray:
        weights = self.opt.accounting.weights
        if weight == "items":
            return item_weights(self.opt.curves.demanded)
        if weight == "margin" and weights.margin is not None:
            return np.maximum(weights.margin, 0)
        return weights.unit_cost if weight == "value" else np.ones_like(weights.unit_cost)


def weighed(opt: Outcome) -> ResultTable:
    """The table of weights, as people see it."""
    found = Weighed(opt)
    frame = found.frame()
    a_year = "a year" if opt.accounting.yearly else ""
    columns = (
        Column("plan", "plan", Kind.TEXT),
        Column("weight", "weight", Kind.TEXT),
        Column("service", "service", Kind.RATE),
        Column("cost", opt.accounting.objective, Kind.MONEY, a_year),
        Column("late_margin", "margin not served at once", Kind.MONEY, "a year"),
        Column("difference", "chosen plan − this at equal service", Kind.MONEY, a_year),
        Column("mark", "the chosen plan costs", Kind.TEXT),
        Column("break_even", "pays if less of the further late margin is lost", Kind.RATE),
    )
    note = (
        f"decided by {decided_by(opt)}; at equal service plans of that weight are held fixed, on the verdict "
        "seed; marks hold for all weights of a pair together"
    )
    return ResultTable("The plans in every weight", frame, note, columns, opt.data.study.currency)


def decided_by(opt: Outcome) -> str:
    """The weight that decided, in words: "margin", or the measure where it is none of the four."""
    keys = opt.accounting.keys
    if keys["service"] == "fill_rate" and keys["weight"] in WEIGHT_NAMES:
        return WEIGHT_NAMES[keys["weight"]]
    return opt.accounting.service
