"""From targets to a tested frontier: the one page that wires search, solution and verdict."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab.api import finance
from simlab.api.abilities import refuse
from simlab.api.accounts import Accounting, accounting, compare_counted
from simlab.api.cells import Simulator
from simlab.api.constraints import Constraints, constraints
from simlab.api.data import Data
from simlab.api.items import refuse_overflow
from simlab.api.problem import Solved, solve_plans
from simlab.api.references import References, plan_columns, references, side_by_side
from simlab.api.settings import Clock, Settings
from simlab.api.simulation import save_path, warmup_of
from simlab.api.stress import check_scenarios
from simlab.errors import EngineFaultError
from simlab.execution import Curves, PlanSums, Progress, run_curves
from simlab.frontier import Explanation, Frontier, Plan
from simlab.measures import Estimate, ratio_estimate
from simlab.policies import PlannedLevels
from simlab.segments import Segmentation
from simlab.verdict.compare import Comparison
from simlab.verdict.retest import PlanGroup
from simlab.verdict.scores import Scores, score

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from simlab.api.bounds import Bounds
    from simlab.api.capital import Capital
    from simlab.api.prices import FinanceTable
    from simlab.api.reuse import StoredCurves
    from simlab.api.stress import Stress

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Optimization:
    """The frontier of a segmentation, the plan chosen on it, and what fresh randomness says of both.

    Attributes
    ----------
    data : Data
    segmentation : Segmentation
    settings : Settings
    targets : tuple of float
        The grid.
    planned : PlannedLevels
        Levels of every SKU-location at every target.
    curves : Curves
        Sums per SKU-location × target of the search seed.
    solved : Solved
        Frontier, chosen plan, uniform and per-SKU plans; all on the search seed.
    references : References
        Habit and today's levels.
    search, verdict : dict of str to PlanSums
        Sums per plan × segment × replication of the plans kept, on either seed.
    comparisons : tuple of Comparison
        The segmented plan against the others at equal fill, on the verdict seed.
    warmup : int
    warmup_rule : str
    times : dict
        Seconds per stage.
    accounting : Accounting
        How cost and service are counted.
    rules : Constraints
        Limits besides floor and budget.
    simulator : Simulator
        Runs further plans on the streams of a phase.
    """

    data: Data
    segmentation: Segmentation
    settings: Settings
    targets: tuple[float, ...]
    planned: PlannedLevels
    curves: Curves
    solved: Solved
    references: References
    search: dict[str, PlanSums]
    verdict: dict[str, PlanSums]
    comparisons: tuple[Comparison, ...]
    warmup: int
    warmup_rule: str
    times: dict[str, float]
    accounting: Accounting
    rules: Constraints
    simulator: Simulator

    @property
    def frontier(self) -> FrontierResult:
        """Every plan that no other plan of segment targets beats, in ascending holding cost."""
        points = self.solved.frontier
        return FrontierResult(**{field.name: getattr(points, field.name) for field in fields(points)})

    def at(self, *, budget: float | None = None, fill_rate: float | None = None) -> Plan:
        """The plan for a budget (highest fill), a fill rate (cheapest), or both (cheapest).

        Parameters
        ----------
        budget : float, optional
            Ceiling on mean inventory value, in study currency.
        fill_rate : float, optional
            Floor on the total fill rate, a fraction.

        Returns
        -------
        Plan
            On the search seed: ``.by_segment()``, ``.fill_rate``, ``.cost_money`` (per year),
            ``.value_money``.

        Raises
        ------
        InfeasibleError
            Nothing on the grid meets it; the message names what would.
        """
        solved = self.solved
        source = solved.problem if self.rules.any_on_means else solved.frontier
        return source.at(budget=budget, fill_rate=fill_rate)

    @property
    def chosen(self) -> Plan:
        """The plan that the constraints ask for."""
        return self.solved.chosen

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of plan that are compared: ``segmented`` (the chosen one) first."""
        return tuple(kind for kind in self.verdict if ":" not in kind)

    @property
    def service(self) -> Estimate:
        """Service of the chosen plan on the verdict seed, as the study counts it."""
        sums = self.verdict["segmented"]
        return ratio_estimate(sums.good[0].sum(axis=0), sums.asked[0].sum(axis=0), self.settings.level)

    def target_of(self, kind: str, segment: int | None) -> float:
        """Target asked of a segment (or of all) by a kind of plan; NaN where items differ."""
        asked = self.solved.targets[kind] if kind in self.solved.targets else self.references.targets[kind]
        rows = asked if segment is None else asked[self.segmentation.codes == segment]
        return float(rows[0]) if (rows == rows[0]).all() else float("nan")

    def scores(self, kind: str, sample: str = "verdict", segment: str | None = None) -> Scores:
        """Measures of a kept plan; ``segmented`` is the chosen one, see `kinds`.

        Parameters
        ----------
        kind : str
            Kind of plan.
        sample : str
            ``"verdict"`` (fresh seed) or ``"search"`` (the seed that chose).
        segment : str, optional
            Name of a segment; all together if left out.
        """
        sums = (self.verdict if sample == "verdict" else self.search)[kind]
        scale = self.settings.scale(self.data.study)
        if segment is None:
            return score(sums.total(), 0, 0, self.segmentation.codes.size, scale)
        code = self.segmentation.names.index(segment)
        return score(sums, 0, code, int(self.segmentation.sizes[code]), scale)

    def exchange_rates(self) -> FinanceTable:
        """What one more percentage point of service costs, between neighbouring plans."""
        return finance.exchange_rates(self)

    def next_euro(self) -> FinanceTable:
        """Where the next unit of money goes, and where it comes from at the least loss, by segment."""
        return finance.next_euro(self)

    def release(self, amount: float) -> FinanceTable:
        """Set an amount of stock free at the least loss of service: from which segments."""
        return finance.release(self, amount)

    def why_infeasible(
        self, *, fill_rate: float | None = None, budget: float | None = None
    ) -> Explanation | None:
        """Which limits conflict and the smallest change of each that works; None if a plan exists."""
        return self.solved.problem.why_infeasible(fill_rate=fill_rate, budget=budget)

    def bounds(self, *, every_level: bool = False) -> Bounds:
        """How far the chosen plan is from what any per-SKU plan could do, and where the gap lies.

        Parameters
        ----------
        every_level : bool
            Also bound over every integer level, by one further run of the search streams.
        """
        return finance.bounds(self, every_level=every_level)

    @property
    def knee(self) -> Plan:
        """The plan farthest below the straight line between the ends of the frontier."""
        return finance.knee(self)

    @cached_property
    def capital(self) -> Capital:
        """Stock and purchases from today's stock to the chosen plan, period by period."""
        from simlab.api.capital import capital

        return capital(self, self.simulator.progress)

    @cached_property
    def stress(self) -> Stress | None:
        """The study's scenarios on the same random numbers; None where it names none."""
        from simlab.api.stress import stress

        return stress(self) if self.data.study.scenarios else None

    def to_frame(self) -> pd.DataFrame:
        """The frontier: one row per point, with its targets."""
        from simlab.api.tables import frontier_frame

        return frontier_frame(self)

    def plot(self) -> Figure:
        """Holding cost against fill rate, reference points marked."""
        from simlab.api.plots import plot_frontier

        return plot_frontier(self)

    def report(self, path: str | Path) -> Path:
        """Write the report as one self-contained HTML file.

        Raises
        ------
        UsageError
            The file exists already.
        """
        from simlab.api.runs import report_to

        return report_to(self, save_path(path))

    def __repr__(self) -> str:
        return (
            f"Optimization({self.segmentation.n_segments} segments, {len(self.targets)} targets, "
            f"chosen: {self.chosen})"
        )

    def _repr_html_(self) -> str:
        from simlab.api.html import describe
        from simlab.api.tables import segment_frame

        frame = segment_frame(self)
        return describe(repr(self), frame[frame["sample"] == "verdict"])


@dataclass(frozen=True, eq=False, repr=False)
class FrontierResult(Frontier):
    """A frontier that shows itself."""

    def to_frame(self) -> pd.DataFrame:
        """One row per plan: fill rate, money (search seed), certificate, and the target of every segment."""
        import pandas as pd

        frame = pd.DataFrame(
            {
                "fill_rate": self.fill_rate,
                "holding_cost": self.cost_money,
                "inventory_value": self.value_money,
                "certificate": self.certificate.astype(str),
            }
        )
        targets = self.targets
        return frame.assign(
            **{f"target {name}": targets[:, place] for place, name in enumerate(self.curves.names)}
        )

    def plot(self) -> Figure:
        """Holding cost against fill rate on the search seed."""
        from simlab.api.plots import plot_points

        return plot_points(self)

    def _repr_html_(self) -> str:
        from simlab.api.html import describe

        return describe(repr(self), self.to_frame())


def optimize(
    data: Data,
    segmentation: Segmentation,
    *,
    fill_rate: float | None = None,
    budget: float | None = None,
    replications: int | None = None,
    verdict_replications: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    curves: StoredCurves | None = None,
) -> Optimization:
    """Find the segment targets with the least holding cost, and test them on fresh randomness.

    Parameters
    ----------
    data : Data
    segmentation : Segmentation
        From `segment`.
    fill_rate : float, optional
        Floor on the total achieved fill rate, a fraction; the study's floor and budget if neither
        is given.
    budget : float, optional
        Ceiling on mean inventory value, study currency.
    replications, verdict_replications, seed, workers : int, optional
        The study's if left out. Workers change no result.
    progress : callable, optional
        Called with (stage, done, total).
    curves : StoredCurves, optional
        Of an earlier run with the same laws, levels and seed: the search is not simulated again.

    Returns
    -------
    Optimization

    Raises
    ------
    InfeasibleError
        No plan on the grid meets floor and budget; the message names what would work.
    """
    refuse(data, "optimize")
    settings = Settings.of(
        data.study,
        replications=replications,
        verdict_replications=verdict_replications,
        seed=seed,
        workers=workers,
    )
    clock = Clock(progress)
    models, counted = data.models, accounting(data)
    if fill_rate is None and budget is None:
        fill_rate, budget = data.study.optimize.fill_rate, data.study.optimize.budget
    with clock.stage("plan"):
        targets = data.study.targets()
        rules = constraints(data, segmentation, targets)
        check_scenarios(data)
        planned = plan_columns(data, np.array(targets))
        compared = references(data)
        refuse_overflow(data, [planned.levels, *compared.levels.values()], settings)
        warmup, rule = warmup_of(data, [planned.levels, *compared.levels.values()], settings)
    horizon = settings.horizon("search", warmup)
    with clock.stage("simulate"):
        if curves is None:
            sums = run_curves(
                models.world, planned.levels, horizon, workers=settings.workers, progress=progress
            )
        else:
            sums = curves.curves_for(data, planned.levels, horizon, targets)
    simulator = Simulator(data, segmentation, planned, settings, rules, counted, warmup, progress)
    with clock.stage("solve"):
        solved = solve_plans(simulator, targets, sums, fill_rate=fill_rate, budget=budget)
    kept = compared_plans(solved, compared)
    with clock.stage("in-sample"):
        search = simulator.run(kept, "search", "in-sample")
        check_same(search["segmented"], solved)
    with clock.stage("verdict"):
        more = simulator.segment_cells(settings.verdict_replications) + simulator.chance_cells()
        verdict = simulator.run([*kept, *solved.frontiers, *more], "verdict", "verdict")
    scale = settings.scale(data.study)
    comparisons = compare_counted(verdict, solved.at_fill(verdict), scale, counted)
    return Optimization(
        data,
        segmentation,
        settings,
        targets,
        planned,
        sums,
        solved,
        compared,
        search,
        verdict,
        comparisons,
        warmup,
        rule,
        clock.times,
        counted,
        rules,
        simulator,
    )


def compared_plans(solved: Solved, compared: References) -> list[PlanGroup]:
    """The plans that are reported by segment; those of one family share a simulation."""
    plans = {**solved.kept, **compared.levels}
    family = solved.kept["segmented"].family
    alike = {kind: one for kind, one in plans.items() if np.array_equal(one.family, family)}
    others = [side_by_side({kind: one}) for kind, one in plans.items() if kind not in alike]
    return [group for groups in (side_by_side(alike), *others) for group in groups]


def check_same(sums: PlanSums, solved: Solved) -> None:
    """Guard: the chosen plan, simulated again, gives the very sums that the frontier was built on."""
    again = (int(sums.cost.sum()), int(sums.stock_value.sum()), int(sums.good.sum()))
    plan = solved.chosen
    value = solved.plain.totals(plan.choice)[1]
    if again != (plan.cost, value, plan.served):
        raise EngineFaultError(
            f"the chosen plan gave {again} when simulated again, not {(plan.cost, value, plan.served)}"
        )
