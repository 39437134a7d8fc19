"""Replaying one policy: targets per segment → levels → sums → measures with intervals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab.api.data.data import Data, settings_of
from simlab.api.settings import Clock, Settings, announce
from simlab.api.show import COLOURS
from simlab.api.simulator.before import before
from simlab.api.simulator.redrawn import SUFFIX, Redrawn, batch_of
from simlab.api.simulator.simulator import first_column, refuse_large_runs, refuse_overflow, warmup_of
from simlab.api.simulator.size import RunSize, refuse_what_does_not_fit
from simlab.arrays import FloatArray, IntArray
from simlab.errors import UsageError
from simlab.execution import (
    Curves,
    Horizon,
    Keep,
    PlanRequest,
    PlanSums,
    Progress,
    Weights,
    in_batches,
    may_keep,
    run_plans_and_items,
    run_redrawn,
)
from simlab.execution.ahead import compile_for
from simlab.measures import ALL, Estimate
from simlab.measures.shown import Public
from simlab.policies import PlannedLevels, Policy, given_levels, plan
from simlab.policies.policy import GIVEN
from simlab.segments import Segmentation
from simlab.verdict.scores import Scores, score

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from simlab.api.data.replay import Replayed


@dataclass(frozen=True, eq=False, repr=False)
class Simulation(Public):
    """What a policy did in simulation.

    Attributes
    ----------
    data : Data
    segmentation : Segmentation
    policy : Policy
    planned : PlannedLevels
        Levels of every SKU-location, one column.
    curves : Curves
        Sums per SKU-location, by batch.
    sums : PlanSums
        One plan × segment × replication.
    settings : Settings
    warmup : int
        Periods run before counting.
    warmup_rule : str
        Where the warm-up comes from.
    times : dict
        Seconds per stage.
    redrawn : Redrawn or None
        The same with one parameter draw per batch (`models.parameter_uncertainty`).
    items : Curves or None
        Every SKU-location and replication; None: not kept, for memory.

    Examples
    --------
    >>> sim = sl.simulate(data, policy)
    >>> sim.fill_rate, sim.inventory_value
    >>> sim.plot()
    """

    data: Data
    segmentation: Segmentation
    policy: Policy
    planned: PlannedLevels
    curves: Curves
    sums: PlanSums
    settings: Settings
    warmup: int
    warmup_rule: str
    times: dict[str, float] = field(default_factory=dict)
    redrawn: Redrawn | None = None
    items: Curves | None = None

    @property
    def targets(self) -> tuple[float, ...]:
        """Target asked of each segment; NaN where levels are given."""
        return self.policy.targets or (float("nan"),) * self.segmentation.n_segments

    @property
    def total(self) -> Scores:
        """All SKU-locations together."""
        scale = self.settings.scale(self.data.study)
        return score(self.sums.total(), 0, 0, self.segmentation.codes.size, scale)

    def segment(self, name: str) -> Scores:
        """One segment.

        Examples
        --------
        >>> sim.segment("A").fill_rate
        """
        code = self.segmentation.names.index(name)
        scale = self.settings.scale(self.data.study)
        return score(self.sums, 0, code, int(self.segmentation.sizes[code]), scale)

    @property
    def fill_rate(self) -> Estimate:
        """Units served at once ÷ units demanded, with its simulation interval."""
        return self.total.fill_rate

    @property
    def cycle_service_level(self) -> Estimate:
        """Good receipts ÷ receipts."""
        return self.total.cycle_service_level

    @property
    def inventory_value(self) -> Estimate:
        """Mean shelf stock at unit cost, in study currency."""
        return self.total.inventory_value

    @property
    def holding_cost(self) -> Estimate:
        """Study currency per year."""
        return self.total.holding_cost

    def by(self, what: str = "segment") -> Breakdown:
        """Measures per segment, or per value of one of the attributes segmented by.

        Parameters
        ----------
        what : str
            ``"segment"`` or one of `segmentation.by`.

        Examples
        --------
        >>> sim.by("segment").to_frame()
        """

        return breakdown(self, what)

    def to_frame(self) -> pd.DataFrame:
        """One row per segment and one for all, every measure with its interval.

        Examples
        --------
        >>> sim.to_frame()
        """
        return self.by("segment").to_frame()

    def levels(self) -> pd.DataFrame:
        """Levels that were simulated: one row per SKU-location, in units.

        Examples
        --------
        >>> sim.levels().to_csv("levels.csv")
        """
        from simlab.api.simulator.levels import level_frame

        column = np.zeros(self.segmentation.codes.size, dtype=np.int64)
        asked = np.asarray(self.targets)[self.segmentation.codes]
        data = self.data
        return level_frame(data.catalog, data.models, self.segmentation, asked, self.planned, column)

    def replay(self) -> Replayed | None:
        """The policy on the real last periods of the study's [replay]; None where the study has none.

        Laws, segments and levels are made again from what was known before them, with the same targets.

        Examples
        --------
        >>> sim.replay()
        """
        from simlab.api.data.replay import replay_plan

        spec = self.data.study.replay
        if spec is None:
            return None
        by_segment = np.asarray(self.targets, np.float64)
        then = before(
            self.data, spec.holdout, self.segmentation, by_segment, by_segment[self.segmentation.codes]
        )
        levels = _planned(then.data, self.policy, then.targets).levels
        return replay_plan(then.data, then.segmentation, levels, self.settings.level)

    def item_stock(self) -> pd.DataFrame:
        """Peak and end stock of every SKU-location, units, by a further run of the same paths.

        Examples
        --------
        >>> sim.item_stock().nlargest(10, "peak_on_hand")
        """
        from simlab.api.simulator.items import item_stock

        horizon = self.settings.horizon("search", self.warmup)
        return item_stock(self.data, self.planned.levels, horizon, self.settings)

    def plot(self) -> Figure:
        """Fill rate asked and achieved per segment.

        Examples
        --------
        >>> sim.plot().savefig("service.svg")
        """
        return plot_service(self.by("segment"))

    def __repr__(self) -> str:
        n = self.segmentation.codes.size
        runs = self.settings.replications
        return f"Simulation({n} SKU-locations, {runs} replications, fill rate {self.fill_rate})"

    def _repr_html_(self) -> str:
        from simlab.api.show import describe

        return describe(repr(self), self.to_frame())


@dataclass(frozen=True, eq=False, repr=False)
class Breakdown(Public):
    """Measures per group, with the total as the last row.

    Examples
    --------
    >>> sim.by("abc").to_frame()
    """

    what: str
    names: tuple[str, ...]
    targets: tuple[float, ...]
    n_items: tuple[int, ...]
    scores: tuple[Scores, ...]
    redrawn: tuple[Scores, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row per group.

        Examples
        --------
        >>> sim.by("abc").to_frame()
        """
        import pandas as pd

        rows = [
            {self.what: name, "n_items": n, "target": target, **scores.columns()}
            for name, n, target, scores in zip(
                self.names, self.n_items, self.targets, self.scores, strict=True
            )
        ]
        for row, scores in zip(rows, self.redrawn, strict=False):
            row |= scores.columns(SUFFIX)
        return pd.DataFrame(rows)

    def plot(self) -> Figure:
        """Fill rate asked and achieved per group.

        Examples
        --------
        >>> sim.by("abc").plot()
        """
        return plot_service(self)

    def __repr__(self) -> str:
        lines = [
            f"{name}: fill rate {scores.fill_rate}, {n:,} SKU-locations"
            for name, n, scores in zip(self.names, self.n_items, self.scores, strict=True)
        ]
        return f"Breakdown by {self.what}\n" + "\n".join(lines)

    def _repr_html_(self) -> str:
        from simlab.api.show import describe

        return describe(f"by {self.what}", self.to_frame())


def simulate(
    data: Data,
    policy: Policy,
    *,
    segmentation: Segmentation | None = None,
    replications: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Simulation:
    """Replay stochastic demand and lead times under a policy.

    Parameters
    ----------
    data : Data
        From `load`, `load_frames` or `demo`.
    policy : Policy
        From `Policy.from_targets` or `Policy.given`: it carries its segmentation.
    segmentation : Segmentation, optional
        Only where the policy carries none.
    replications, seed, workers : int, optional
        The study's if left out. Workers change no result.
    progress : callable, optional
        Called with (stage, done, total).

    Returns
    -------
    Simulation
        ``.fill_rate`` is a value with its interval; ``.by("segment")`` breaks it down.

    Examples
    --------
    >>> import simlab as sl
    >>> data = sl.demo(n_skus=6)
    >>> seg = sl.segment(data, "abc")
    >>> policy = sl.Policy.from_targets(seg, fill_rate={"A": 0.98, "B": 0.95, "C": 0.90})
    >>> sim = sl.simulate(data, policy, replications=20, seed=7)
    >>> 0.9 < sim.fill_rate.value < 1
    True
    >>> sim.by("segment").to_frame()["segment"].tolist()
    ['A', 'B', 'C', '(all)']
    """
    if not isinstance(policy, Policy):
        message = "a policy is expected: sl.Policy.from_targets(seg, fill_rate={'A': 0.98, …}) makes one"
        raise UsageError(f"{message}, not a {type(policy).__name__}")
    segments = segmentation or policy.segmentation
    if segments is None or (policy.targets is None and policy.family != GIVEN):
        raise UsageError("this policy names no targets by segment: make it with Policy.from_targets")
    settings = settings_of(
        data,
        replications=replications,
        seed=seed,
        workers=workers,
    )
    clock = Clock(progress)
    models = data.models
    with clock.stage("plan"):
        refuse_large_runs(data, segments.n_segments, settings)
        refuse_what_does_not_fit(data, RunSize.of(data, settings, 1, verdict=False), progress)
        asked = np.asarray(policy.targets or (np.nan,) * segments.n_segments)[segments.codes]
        planned = _planned(data, policy, asked)
        refuse_overflow(data, [planned.levels], settings)
    with clock.stage("compile"):
        compile_for(models.world, planned.levels, settings.horizon("search", 0), progress)
    with clock.stage("warm-up"):
        warmup, rule = warmup_of(data, [planned.levels], settings)
    batch = batch_of(data, settings.replications, settings)
    horizon = settings.horizon("search", warmup)
    announce(models.world, planned.levels, settings, warmup, settings.replications, progress)
    first = first_column(segments.codes.size)
    request = PlanRequest(first, segments.codes, segments.n_segments)
    with clock.stage("simulate"):
        (sums,), (items,) = run_plans_and_items(
            models.world,
            planned.levels,
            [request],
            Weights(models.costs.unit_cost, models.costs.holding),
            horizon,
            [Keep(first[:, 0])],
            workers=settings.workers,
            progress=progress,
            stage="simulate",
        )
        curves = in_batches(items, horizon.slots)
    redrawn = _redrawn(data, segments, planned, request, horizon, batch, settings, clock)
    kept = items if may_keep(models.n_items, settings.replications) else None
    return Simulation(
        data, segments, policy, planned, curves, sums, settings, warmup, rule, clock.times, redrawn, kept
    )


def _redrawn(
    data: Data,
    segments: Segmentation,
    planned: PlannedLevels,
    request: PlanRequest,
    horizon: Horizon,
    batch: IntArray | None,
    settings: Settings,
    clock: Clock,
) -> Redrawn | None:
    """The same levels in worlds with redrawn parameters, where the study asks for them."""
    models = data.models
    if models.redraws is None or batch is None:
        return None
    with clock.stage("redrawn"):
        (sums,) = run_redrawn(
            models.world,
            models.redraws,
            planned.levels,
            [request],
            Weights(models.costs.unit_cost, models.costs.holding),
            horizon,
            batch,
            workers=settings.workers,
            progress=clock.progress,
        )
    return Redrawn({"given": sums}, batch, settings.scale(data.study), segments.sizes)


def _planned(data: Data, policy: Policy, targets: FloatArray) -> PlannedLevels:
    """One column of levels for (n,) targets, ordered by the policy's own rule where it has one."""
    if policy.family == GIVEN:
        planned = given_levels(data.models)
    else:
        planned = plan(
            data.models,
            targets[:, None],
            family=policy.family,
            target_measure=policy.target_measure,
            planning=policy.planning,
            forecast=policy.forecast,
            seed=data.study.simulation.seed,
        )
    return planned if policy.order is None else planned.ordered_by(policy.order)


def breakdown(simulation: Simulation, what: str) -> Breakdown:
    """Scores of every group of segments that share a value, then of all together."""
    segmentation = simulation.segmentation
    names, groups = grouped(segmentation, what)
    scale = simulation.settings.scale(simulation.data.study)
    sizes = segmentation.sizes
    asked = np.asarray(simulation.targets, dtype=np.float64)
    scores, counts, targets, redrawn = [], [], [], []
    for group in groups:
        together = _merged(simulation.sums, group)
        n = int(sizes[group].sum())
        scores.append(score(together, 0, 0, n, scale))
        counts.append(n)
        if simulation.redrawn is not None:
            redrawn.append(simulation.redrawn.scores("given", group))
        targets.append(float(asked[group][0]) if np.ptp(asked[group]) == 0 else float("nan"))
    if simulation.redrawn is not None:
        redrawn.append(simulation.redrawn.scores("given"))
    return Breakdown(
        what,
        (*names, ALL),
        (*targets, float(asked[0]) if np.ptp(asked) == 0 else float("nan")),
        (*counts, int(sizes.sum())),
        (*scores, simulation.total),
        tuple(redrawn),
    )


def grouped(segmentation: Segmentation, what: str) -> tuple[list[str], list[npt.NDArray[np.int64]]]:
    """Names of the groups, and the segments in each."""
    if what == "segment":
        return list(segmentation.names), [np.array([code]) for code in range(segmentation.n_segments)]
    if what not in segmentation.by:
        known = ", ".join(("segment", *segmentation.by))
        raise UsageError(f"by what? '{what}' is not one of: {known}")
    place = segmentation.by.index(what)
    values = np.array([attribute[place] for attribute in segmentation.attributes])
    names = sorted(set(values.tolist()))
    return names, [np.flatnonzero(values == name) for name in names]


def _merged(sums: PlanSums, cells: npt.NDArray[np.int64]) -> PlanSums:
    return sums.cells(cells).total()


def plot_service(breakdown: Breakdown) -> Figure:
    """Target asked and fill rate achieved per segment, with intervals."""
    from simlab.api.show import picture

    figure = picture(8.0, 0.6 + 0.35 * len(breakdown.names))
    axes = figure.subplots()
    places = np.arange(len(breakdown.names))[::-1]
    fills = [scores.fill_rate for scores in breakdown.scores]
    axes.hlines(places, [f.low for f in fills], [f.high for f in fills], color=COLOURS["segmented"])
    axes.plot([f.value for f in fills], places, "o", color=COLOURS["segmented"], label="fill rate achieved")
    axes.plot(breakdown.targets, places, "|", color=COLOURS["habit"], markersize=12, label="target asked")
    axes.set_yticks(places, breakdown.names)
    axes.set_xlabel("Fraction")
    axes.legend(frameon=False, fontsize="small", loc="best")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
