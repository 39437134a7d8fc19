"""What an optimized study knows and answers: frontier, chosen plan, and what fresh randomness says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simlab.api.accounts.bridge import bridge_frame
from simlab.api.accounts.measures import accounts
from simlab.api.data.data import Data, settings_of
from simlab.api.data.replay import Replayed
from simlab.api.decision.decision import Decision, decision
from simlab.api.decision.past import replayed
from simlab.api.finance.bounds import Bounds, bounds
from simlab.api.finance.capital import Capital
from simlab.api.finance.finance import Finance, by_segment, exchange_rates, next_euro, release
from simlab.api.finance.prices import knee_of
from simlab.api.finance.stock_value import StockValue, lost_margin
from simlab.api.finance.stress import Stress
from simlab.api.output.tables import frontier_frame, segment_frame
from simlab.api.output.what_if.explore import Explorer, explore
from simlab.api.output.writing import report_to, told, write_optimization
from simlab.api.plans.levels import PlannedPlan
from simlab.api.plans.outcome import Outcome
from simlab.api.plans.profit import profit
from simlab.api.plans.same_service import with_same_service
from simlab.api.plans.search import prepare, redrawn, search, solve_ready, tested
from simlab.api.plans.weighed import weighed
from simlab.api.requirements.accounting import compare_counted
from simlab.api.requirements.refusals import refuse
from simlab.api.settings import Clock
from simlab.api.show import COLOURS, ResultTable, describe, picture, save_path
from simlab.api.simulator.items import item_stock
from simlab.errors import UsageError
from simlab.execution import Progress
from simlab.measures import MEASURES, PLAN_NAMES, Estimate, ratio_estimate
from simlab.run import RunFolder
from simlab.run.statements import lines
from simlab.segments import Segmentation

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from simlab.api.plans.solved import Solved
    from simlab.api.simulator.stored import StoredCurves


@dataclass(frozen=True, eq=False, repr=False)
class Optimization(Outcome):
    """The frontier of a segmentation, the plan chosen on it, and what fresh randomness says of both.

    The fields are those of `Outcome`; every method hands on to the analysis that it is named after.

    Examples
    --------
    >>> opt = sl.optimize(data, "abc", fill_rate=0.95)
    >>> opt.statements[0], opt.decision
    >>> opt.plan.levels().to_csv("levels.csv")
    >>> opt.save("runs/summer")
    """

    def lost_margin(
        self, kind: str = "segmented", sample: str = "verdict", segment: str | None = None
    ) -> Estimate | None:
        """Margin a year of the units not served at once; None where prices are missing. As `scores`.

        Price less unit cost. Where unmet demand waits it is margin at risk, where it is lost it is gone.

        Examples
        --------
        >>> opt.lost_margin()
        """
        return lost_margin(self, kind, sample, segment)

    def weights(self) -> ResultTable:
        """Every compared plan in units, value, margin and items: service, cost at equal service, late margin.

        One row per plan × weight on the verdict seed, with the share of the further late margin up to which
        the chosen plan pays; which weight decided is in the column ``decides``.

        Examples
        --------
        >>> opt.weights().to_frame()
        """
        return weighed(self)

    def price_of_floor(self) -> pd.DataFrame:
        """What each floor of the study costs a year, and a point more of it; on the search seed.

        Examples
        --------
        >>> opt.price_of_floor()
        """
        return self.finance.price_of_floor

    def profit(self, kind: str = "segmented", sample: str = "verdict") -> Estimate:
        """Profit of a plan a year, where the study's objective is profit. As `scores`.

        Examples
        --------
        >>> for_profit = sl.optimize(sl.load("for_profit.toml"))  # [optimize] objective = "profit"
        >>> for_profit.profit()
        """
        return profit(self, kind, sample)

    def exchange_rates(self) -> ResultTable:
        """What one more percentage point of service costs, between neighbouring plans.

        Examples
        --------
        >>> opt.exchange_rates().plot()
        """
        return exchange_rates(self)

    def next_euro(self) -> ResultTable:
        """Where the next unit of money goes, and where it comes from at the least loss, by segment.

        Examples
        --------
        >>> opt.next_euro().to_frame()
        """
        return next_euro(self)

    def release(self, amount: float) -> ResultTable:
        """Set an amount of stock free at the least loss of service: from which segments.

        Examples
        --------
        >>> opt.release(1_000)
        """
        return release(self, amount)

    def capital_by_segment(self) -> ResultTable:
        """Mean inventory value of every segment now and under the plan, with the change.

        Examples
        --------
        >>> opt.capital_by_segment().plot()
        """
        return by_segment(self)

    def bounds(self, *, every_level: bool = False, headroom: float = 0.0) -> Bounds:
        """How far the chosen plan is from what any per-SKU plan could do, and where the gap lies.

        Parameters
        ----------
        every_level : bool
            Also bound over every integer level, by one further run of the search streams; the gap then
            splits into segment, grid and planning formula.
        headroom : float
            How far these levels go beyond the highest of the grid, as a share of it.

        Examples
        --------
        >>> opt.bounds(every_level=True)
        """
        return bounds(self, every_level=every_level, headroom=headroom)

    @property
    def knee(self) -> PlannedPlan:
        """The plan farthest below the straight line between the ends of the frontier."""
        return PlannedPlan.of(knee_of(self), self._levels)

    @cached_property
    def finance(self) -> Finance:
        """What money asks of the plan, each analysis found once: capital, stock value, stress."""
        return Finance(self, self.simulator.progress)

    @cached_property
    def decision(self) -> Decision:
        """Today, the same service, and the proposed plan side by side, with the change."""
        return decision(self)

    @property
    def accounts(self) -> ResultTable:
        """Days of supply, turns, GMROI, capital charge of every compared plan."""
        return accounts(self)

    @property
    def bridge(self) -> pd.DataFrame:
        """From today's yearly result to the plan's, in steps that add up to the cent."""
        return bridge_frame(self)

    @property
    def capital(self) -> Capital:
        """Stock and purchases from today's stock to the chosen plan, period by period."""
        return self.finance.capital

    @property
    def stock_value(self) -> StockValue:
        """P95 and peak of stock value of every compared plan, in the long run, on the verdict seed."""
        return self.finance.stock_value

    @property
    def stress(self) -> Stress | None:
        """The study's scenarios on the same random numbers; None where it names none."""
        return self.finance.stress

    def item_stock(self) -> pd.DataFrame:
        """Peak and end stock of every SKU-location under the chosen plan, units, on the verdict seed.

        Examples
        --------
        >>> opt.item_stock()
        """
        horizon = self.settings.horizon("verdict", self.warmup)
        return item_stock(self.data, self.solved.kept["segmented"], horizon, self.settings)

    def to_frame(self) -> pd.DataFrame:
        """The frontier: one row per point, with its targets.

        Examples
        --------
        >>> opt.to_frame()
        """
        return frontier_frame(self)

    @cached_property
    def statements(self) -> tuple[str, ...]:
        """The outcome in sentences: what is gained and given up against today, and what to look at first.

        The lines that the command prints and the page shows.
        """
        return lines(told(self.finance))

    def replay(self) -> Replayed | None:
        """The chosen plan on the real last periods, with laws that had not seen them.

        Those of the study's [replay], with its forecasts; else those that the page tests the plan on. None
        where the history is too short, or the study says `verdict.replay = false`.

        Examples
        --------
        >>> opt.replay()
        """
        return replayed(self)

    def save(self, folder: str | Path | None = None) -> Path:
        """Write the run folder: tables, manifest, report, the levels as CSV; the same as the command's.

        Parameters
        ----------
        folder : path, optional
            A new or an empty folder; ``runs/<name of the study>`` beside the study file if left out,
            then ``-2``, ``-3``: nothing that exists is ever replaced.

        Returns
        -------
        Path
            The folder, as `orders`, `gate` and `compare_runs` take it.

        Examples
        --------
        >>> run = opt.save("runs/june")
        >>> sl.orders(run, stock="stock.csv")
        """
        study = self.data.study
        out = None if folder is None else Path(folder)
        made = RunFolder.create(out, study.name, study.folder)
        return write_optimization(self.finance, made, {}).folder

    def explore(self) -> Explorer:
        """The panel "What if" of the report: other targets, floors, budgets and prices, solved in the page.

        Examples
        --------
        >>> opt.explore()
        """
        return explore(self)

    def plot(self) -> Figure:
        """Holding cost against fill rate, reference points marked.

        Examples
        --------
        >>> opt.plot().savefig("frontier.svg")
        """
        return plot_frontier(self)

    def report(self, path: str | Path) -> Path:
        """Write the report as one self-contained HTML file.

        Raises
        ------
        UsageError
            The file exists already.

        Examples
        --------
        >>> opt.report("report.html")
        """
        return report_to(self.finance, save_path(path))

    def __repr__(self) -> str:
        return (
            f"Optimization({self.segmentation.n_segments} segments, {len(self.targets)} targets)\n"
            f"  chosen: {self.chosen}"
        )

    def _repr_html_(self) -> str:
        frame = segment_frame(self)
        return describe(repr(self), frame[frame["sample"] == "verdict"])


def optimize(
    data: Data,
    segmentation: Segmentation | str | Sequence[str] | None = None,
    *,
    fill_rate: float | None = None,
    budget: float | None = None,
    replications: int | None = None,
    verdict_replications: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    curves: StoredCurves | None = None,
    solved: Callable[[Solved, float], None] | None = None,
) -> Optimization:
    """Find the segment targets with the least holding cost, and test them on fresh randomness.

    Parameters
    ----------
    data : Data
    segmentation : Segmentation, str or sequence of str, optional
        From `segment`, or what `segment` takes as `by` (``"abc"``, ``["abc", "xyz"]``); the study's
        `segments.by` if left out.
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
    solved : callable, optional
        Called with the plans and the level of intervals before they are tested, for what needs no more.

    Returns
    -------
    Optimization

    Raises
    ------
    InfeasibleError
        No plan on the grid meets floor and budget; the message names what would work.

    Examples
    --------
    >>> import simlab as sl
    >>> data = sl.demo(n_skus=6)
    >>> opt = sl.optimize(data, "abc", fill_rate=0.9, replications=20, verdict_replications=20)
    >>> opt.plan.to_frame().columns[:4].tolist()
    ['sku', 'location', 'segment', 'target']
    >>> opt.at(fill_rate=0.95).cost_money > opt.at(fill_rate=0.9).cost_money
    True
    """
    refuse(data, "optimize")
    settings = settings_of(
        data,
        replications=replications,
        verdict_replications=verdict_replications,
        seed=seed,
        workers=workers,
    )
    clock = Clock(progress)
    segmentation = segmented(data, segmentation, workers, progress)
    ready = prepare(data, segmentation, settings, clock)
    searched = search(ready, clock, curves)
    sums = searched.curves
    found = solve_ready(ready, sums, clock, fill_rate, budget)
    if curves is not None:
        found = replace(found, notes=(*found.notes, curves.note))
    if solved is not None:
        solved(found, settings.level)
    with clock.stage("same service"):
        compared = with_same_service(ready.simulator, found, ready.references, ready.targets)
        ready = replace(ready, references=compared)
    fresh = tested(ready, found, clock, searched.kept)
    verdict = fresh.verdict
    scale = settings.scale(data.study)
    return Optimization(
        data=data,
        segmentation=segmentation,
        settings=settings,
        targets=ready.targets,
        planned=ready.planned,
        curves=sums,
        solved=found,
        references=ready.references,
        search=fresh.search,
        verdict=verdict,
        items=fresh.items,
        today=fresh.today,
        comparisons=compare_counted(
            found.comparable(verdict), found.at_fill(verdict), scale, ready.simulator.accounting
        ),
        warmup=ready.simulator.warmup,
        warmup_rule=ready.warmup_rule,
        times=clock.times,
        accounting=ready.simulator.accounting,
        rules=ready.simulator.rules,
        simulator=ready.simulator,
        redrawn=redrawn(ready, found, clock),
    )


def segmented(
    data: Data,
    by: Segmentation | str | Sequence[str] | None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Segmentation:
    """A segmentation as it is, or made of the names of schemes or columns.

    Raises
    ------
    UsageError
        Something else, such as a table of results.
    """
    from simlab.api.learning.learning import segment

    if isinstance(by, Segmentation):
        return by
    names = isinstance(by, Sequence) and all(isinstance(name, str) for name in by)
    if by is not None and not names:
        kind = type(by).__name__
        raise UsageError(
            f'segments are a Segmentation, "abc" or ["abc", "xyz"], not {kind}: '
            "sl.optimize(data, sl.segment(data, by=...))"
        )
    return segment(data, by, workers=workers, progress=progress)


def plot_frontier(opt: Outcome) -> Figure:
    """Holding cost a year against service as the study counts it, on the verdict seed."""
    figure = picture(8.0, 5.0)
    axes = figure.subplots()
    scale = opt.settings.scale(opt.data.study)
    for kind in ("segmented", "uniform", "per_sku"):
        sums = opt.verdict[f"frontier:{kind}"]
        fill = sums.good[:, 0].sum(axis=1) / sums.asked[:, 0].sum(axis=1)
        cost = sums.holding[:, 0].mean(axis=1) * scale.holding
        order = np.argsort(cost)
        axes.plot(fill[order], cost[order], color=COLOURS[kind], label=PLAN_NAMES[kind].noun, linewidth=1.6)
    for kind in opt.kinds:
        sums, cost = opt.verdict[kind], opt.scores(kind).holding_cost.value
        service = ratio_estimate(sums.good[0].sum(axis=0), sums.asked[0].sum(axis=0), opt.settings.level)
        axes.errorbar(
            service.value,
            cost,
            xerr=[[service.value - service.low], [service.high - service.value]],
            marker="o",
            color=COLOURS[kind],
            capsize=3,
            label=f"{PLAN_NAMES[kind].noun}: {service.value:.3f}",
        )
    if opt.solved.fill_rate is not None:
        axes.axvline(opt.solved.fill_rate, color="0.5", linestyle=":", linewidth=1)
    name = opt.accounting.service
    axes.set_xlabel(f"{name[0].upper()}{name[1:]}, achieved on the verdict seed")
    axes.set_ylabel(MEASURES["holding_cost"].heading(opt.data.study.currency))
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize="small")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
