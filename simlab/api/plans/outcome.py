"""State of an optimised study: frozen fields and what follows from them alone."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from simlab.api.data.data import Data
from simlab.api.plans.levels import PlannedPlan
from simlab.api.plans.solved import Solved
from simlab.api.requirements.accounting import Accounting
from simlab.api.requirements.constraints import Constraints
from simlab.api.settings import Settings
from simlab.api.show import COLOURS
from simlab.api.simulator.redrawn import Redrawn
from simlab.api.simulator.simulator import References, Simulator
from simlab.arrays import FloatArray
from simlab.execution import Curves, PlanSums
from simlab.frontier import Explanation, Frontier, Plan
from simlab.measures import MEASURES, Estimate, ratio_estimate
from simlab.measures.shown import Public, show_briefly
from simlab.policies import PlannedLevels
from simlab.segments import Segmentation
from simlab.verdict.compare import Comparison
from simlab.verdict.scores import Scores, score, score_cells

show_briefly(Curves)  # the engine knows no notebook

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def plot_points(frontier: Frontier) -> Figure:
    """The objective against service of every plan, in sample."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 5.0), layout="constrained")
    axes = figure.subplots()
    axes.plot(frontier.fill_rate, frontier.cost_money, color=COLOURS["segmented"], linewidth=1.6)
    curves = frontier.curves
    service, money = curves.service_name, curves.cost_name
    plain = money in ("cost", "holding cost")
    axes.set_xlabel(f"{service[0].upper()}{service[1:]} (search seed)")
    heading = f"{money[0].upper()}{money[1:]}{curves.per} ({curves.currency})"
    axes.set_ylabel(MEASURES["holding_cost"].heading(curves.currency) if plain else heading)
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


@dataclass(frozen=True, eq=False, repr=False)
class Outcome(Public):
    """What an optimisation found: the frontier of a segmentation, the plan chosen on it, both seeds' sums.

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
    redrawn : Redrawn or None
        The verdict with one parameter draw per batch (`models.parameter_uncertainty`).
    items : Curves or None
        Every item and replication of the verdict under the chosen plan; None: not kept, for memory.
    today : Curves or None
        Every item of it at today's levels, replications added up; None: not kept, or not all have such.
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
    redrawn: Redrawn | None = None
    items: Curves | None = None
    today: Curves | None = None

    @property
    def frontier(self) -> FrontierResult:
        """Every plan that no other plan of segment targets beats, in ascending holding cost."""
        points = self.solved.frontier
        return FrontierResult(**{field.name: getattr(points, field.name) for field in fields(points)})

    def at(self, *, budget: float | None = None, fill_rate: float | None = None) -> PlannedPlan:
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
            ``.value_money``; ``.levels()`` of every SKU-location. Every limit of the study holds, those on
            single replications and on P95 or peak of stock value among them.

        Raises
        ------
        InfeasibleError
            Nothing on the grid meets it; the message names what would.

        Examples
        --------
        >>> opt.at(budget=1_200_000).by_segment()
        """
        plan = self.solved.choosing.asked.at(budget=budget, fill_rate=fill_rate)
        return PlannedPlan.of(plan, self._levels)

    @cached_property
    def plan(self) -> PlannedPlan:
        """The chosen plan: ``.by_segment()``, ``.levels()``, ``.to_frame()`` (its levels)."""
        return PlannedPlan.of(self.solved.chosen, self._levels)

    @property
    def chosen(self) -> PlannedPlan:
        """The plan that the constraints ask for; the same as `plan`."""
        return self.plan

    def levels(self) -> pd.DataFrame:
        """Levels of the chosen plan: one row per SKU-location."""
        return self.plan.levels()

    def _levels(self, plan: Plan) -> pd.DataFrame:
        from simlab.api.simulator.levels import level_frame

        column = self.rules.choice_of_items(self.segmentation, plan.choice)
        asked = np.array(self.targets)[column]
        return level_frame(
            self.data.catalog, self.data.models, self.segmentation, asked, self.planned, column
        )

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of plan that are compared: ``segmented`` (the chosen one) first."""
        return tuple(kind for kind in self.verdict if ":" not in kind)

    @property
    def service(self) -> Estimate:
        """Service of the chosen plan on the verdict seed, as the study counts it."""
        return self.service_of("segmented", "verdict")

    def service_of(self, kind: str, sample: str) -> Estimate:
        """Service of a kept plan as the study counts it, on the ``search`` or the ``verdict`` seed."""
        sums = (self.verdict if sample == "verdict" else self.search)[kind]
        return ratio_estimate(sums.good[0].sum(axis=0), sums.asked[0].sum(axis=0), self.settings.level)

    def target_of(self, kind: str, segment: int | None) -> float:
        """Target asked of a segment (or of all) by a kind of plan; NaN where items differ."""
        asked = self.solved.targets[kind] if kind in self.solved.targets else self.references.targets[kind]
        rows = asked if segment is None else asked[self.segmentation.codes == segment]
        return float(rows[0]) if (rows == rows[0]).all() else float("nan")

    def targets_of(self, kind: str) -> FloatArray:
        """(n_segments,) `target_of` every segment."""
        asked = self.solved.targets[kind] if kind in self.solved.targets else self.references.targets[kind]
        codes, n = self.segmentation.codes, self.segmentation.n_segments
        low, high = np.full(n, np.inf), np.full(n, -np.inf)
        with np.errstate(invalid="ignore"):  # plans without targets: NaN stays NaN
            np.minimum.at(low, codes, asked)
            np.maximum.at(high, codes, asked)
        return np.where(low == high, low, np.nan)

    def segment_scores(self, kind: str, sample: str = "verdict") -> dict[str, FloatArray]:
        """Measures of a kept plan in every segment at once: a column of values and limits each."""
        sums = (self.verdict if sample == "verdict" else self.search)[kind]
        return score_cells(sums, 0, self.segmentation.sizes, self.settings.scale(self.data.study))

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

    @cached_property
    def redrawn_comparisons(self) -> tuple[tuple[Estimate, Estimate], ...]:
        """Model intervals of `comparisons`: difference in money, and relative; empty without redraws."""
        from simlab.api.simulator.redrawn import compared

        if self.redrawn is None:
            return ()
        at = self.solved.at_fill(self.verdict)
        return compared(self.redrawn, at, self.accounting, self.comparisons, self.solved.comparable)

    def why_infeasible(
        self, *, fill_rate: float | None = None, budget: float | None = None
    ) -> Explanation | None:
        """Which limits conflict and the smallest change of each that works; None if a plan exists.

        Examples
        --------
        >>> print(opt.why_infeasible(fill_rate=0.9999))
        """
        return self.solved.choosing.asked.why_infeasible(fill_rate=fill_rate, budget=budget)


@dataclass(frozen=True, eq=False, repr=False)
class FrontierResult(Frontier):
    """A frontier that shows itself.

    Examples
    --------
    >>> opt.frontier.to_frame()
    """

    def to_frame(self) -> pd.DataFrame:
        """One row per plan: service, money (search seed), certificate, and the target of every segment.

        The columns are ``fill_rate`` and ``holding_cost`` where the study counts these, else ``service``
        and ``objective``; ``frame.attrs["units"]`` says what each number is. ``gap_between``: the most that
        any plan serving more than the row before could be cheaper, as a fraction.
        """
        import pandas as pd

        curves = self.curves
        service = "fill_rate" if curves.service_name == "fill rate" else "service"
        money = "holding_cost" if curves.cost_name in ("cost", "holding cost") else "objective"
        frame = pd.DataFrame(
            {
                service: self.fill_rate,
                money: self.cost_money,
                "inventory_value": self.value_money,
                "certificate": self.certificate.astype(str),
                "gap_between": self.gap_between,
            }
        )
        what = "holding cost" if money == "holding_cost" else curves.cost_name
        frame.attrs["units"] = {
            service: f"{curves.service_name}, a fraction",
            money: f"{what}, {curves.currency}{curves.per}",
            "inventory_value": f"what a budget is set on, {curves.currency}",
        }
        targets = self.targets
        return frame.assign(
            **{f"target {name}": targets[:, place] for place, name in enumerate(self.curves.names)}
        )

    def plot(self) -> Figure:
        """The objective against service on the search seed."""

        return plot_points(self)

    def _repr_html_(self) -> str:
        from simlab.api.show import describe

        return describe(repr(self), self.to_frame())
